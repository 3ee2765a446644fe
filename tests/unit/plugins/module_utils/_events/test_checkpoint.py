# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The progress file: what is read back, which run goes on, and who may write."""

from __future__ import annotations

import fcntl
import json
import os
import typing as t
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._events import checkpoint as _progress
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.checkpoint import (
    EVENTS_BETWEEN_REWRITES,
    Identity,
    Progress,
    Record,
    Span,
    find_place,
    new_record,
)

IDENTITY = Identity("https://oms.example.com", "project", "task", "lines", False)
NEW = new_record(IDENTITY, "d0")


def span(number: int, open_end: bool = False) -> Span:
    """The event with this number, of 10 objects and 100 bytes."""
    return Span(number * 100, number * 100 + 100, 10, f"d{number * 100 + 100}", open_end)


def mark(events: int) -> Span:
    return Span(0, events * 100, events * 10, f"d{events * 100}")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "progress"


def written(path: Path) -> Record | None:
    """What a later run reads."""
    progress = Progress(str(path), write=False)
    progress.close()
    return progress.record


def run(path: Path, record: Record, *spans: Span, finished: bool | None = None) -> None:
    """A run that accepts these events; it ends in order only where ``finished`` says how."""
    progress = Progress(str(path))
    progress.begin(record)
    for each in spans:
        progress.add(each)
    if finished is not None:
        progress.end(finished)
    progress.close()


# ---- what is read back


@pytest.mark.parametrize("finished", [None, False, True])
def test_the_mark_moves_as_far_as_there_is_no_gap(path: Path, finished: bool | None) -> None:
    run(path, NEW, span(0), span(2), span(1), span(5), span(4), finished=finished)

    assert written(path) == Record(IDENTITY, mark(3), (span(4), span(5)), finished is True)


def test_a_later_run_fills_the_gap(path: Path) -> None:
    run(path, NEW, span(0), span(2))
    run(path, t.cast(Record, written(path)), span(1), finished=True)

    assert written(path) == Record(IDENTITY, mark(3), (), True)


def test_a_line_without_an_end_stays_behind_the_mark(path: Path) -> None:
    run(path, NEW, span(0), span(1, open_end=True), finished=True)

    assert written(path) == Record(IDENTITY, mark(1), (span(1, open_end=True),), True)


def test_a_torn_last_line_counts_for_nothing(path: Path) -> None:
    run(path, NEW, span(0), span(1))
    whole = path.read_bytes()
    for missing in range(1, 40):
        path.write_bytes(whole[:-missing])

        assert written(path) == Record(IDENTITY, mark(1))


def test_from_time_to_time_the_file_is_written_anew(path: Path) -> None:
    progress = Progress(str(path))
    progress.begin(NEW)
    sizes = []
    for number in range(EVENTS_BETWEEN_REWRITES * 2):
        progress.add(span(number))
        sizes.append(path.stat().st_size)
    progress.close()

    assert max(sizes) < EVENTS_BETWEEN_REWRITES * 200
    assert sizes[-1] < 1000
    assert t.cast(Record, written(path)).mark == mark(EVENTS_BETWEEN_REWRITES * 2)


def test_a_missing_and_an_empty_file_are_none(path: Path) -> None:
    assert written(path) is None
    assert not path.exists()
    path.touch()
    assert written(path) is None


HEAD = {
    "oms_progress": 1,
    **asdict(IDENTITY),
    "mark": asdict(mark(1)),
    "finished": False,
    "host": "here",
    "pid": 1,
}


def line(**fields: t.Any) -> bytes:
    """A first line with some other fields, as JSON writes them."""
    return json.dumps({**HEAD, **fields}).encode() + b"\n"


@pytest.mark.parametrize(
    "content",
    [
        line(mark={**asdict(mark(1)), "end": []}),
        line(mark={**asdict(mark(1)), "end": 100.0}),
        line(mark={**asdict(mark(1)), "object_count": "10"}),
        line(mark=[]),
        line(project_id=json.loads("[" * 400 + "]" * 400)),
        line() + b'{"start": 100, "end": [], "object_count": 1, "digest": "d"}\n',
        line() + b"[]\n",
        b"my names\n",
        b"my names",
        b"\n",
        b"[]\n",
        b"{}\n",
        b'{"oms_progress": 2}\n',
        b'{"oms_progress": 1}\n',
        b"\xff\n",
        b"[" * 100_000 + b"\n",
    ],
)
@pytest.mark.parametrize("write", [False, True])
def test_another_kind_of_file_is_left_as_it_is(path: Path, content: bytes, write: bool) -> None:
    path.write_bytes(content)

    with pytest.raises(ArgumentError, match="is no progress file of this version"):
        Progress(str(path), write)
    assert path.read_bytes() == content


def test_others_can_not_read_it(path: Path) -> None:
    run(path, NEW, span(0))

    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "elsewhere")
    run(path, NEW, span(0))

    assert path.is_symlink()
    assert t.cast(Record, written(tmp_path / "elsewhere")).mark == mark(1)


# ---- where it can't be used


@pytest.mark.parametrize("write", [False, True])
def test_a_folder_has_to_be_there(tmp_path: Path, write: bool) -> None:
    with pytest.raises(ArgumentError, match="can't be used: no such file or directory"):
        Progress(str(tmp_path / "missing" / "progress"), write)


@pytest.mark.parametrize("write", [False, True])
def test_a_path_that_no_file_can_have(tmp_path: Path, write: bool) -> None:
    with pytest.raises(ArgumentError, match="can't be used: invalid argument"):
        Progress(f"{tmp_path}/a\0b", write)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
@pytest.mark.parametrize("write", [False, True])
def test_it_is_a_regular_file(path: Path, make: t.Callable[[Path], None], write: bool) -> None:
    make(path)
    with pytest.raises(ArgumentError, match=r"is no regular file|can't be used: is a directory"):
        Progress(str(path), write)


def test_a_folder_that_can_not_be_written_to_is_noticed_without_writing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    with pytest.raises(ArgumentError, match="can't be used: permission denied"):
        Progress(str(path), write=False)


@pytest.mark.parametrize("write", [False, True])
def test_only_one_process_has_it_and_is_named(path: Path, write: bool) -> None:
    holder = Progress(str(path))
    with pytest.raises(Failure, match=f"progress_file: {path} is in use. Wait until") as caught:
        Progress(str(path), write)
    assert caught.value.kind == "file"

    holder.begin(NEW)
    with pytest.raises(Failure, match=f"is in use by the process {os.getpid()} on "):
        Progress(str(path), write)

    path.write_bytes(line(pid=float("inf")))
    with pytest.raises(Failure, match=r"is in use\. Wait until"):
        Progress(str(path), write)

    holder.close()
    path.unlink()
    Progress(str(path), write).close()


def test_many_may_look_at_once(path: Path) -> None:
    run(path, NEW)
    first, second = Progress(str(path), write=False), Progress(str(path), write=False)

    assert first.record == second.record == NEW
    first.close()
    second.close()


def test_a_file_that_was_replaced_meanwhile_is_not_taken(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its holder renames another file into its place and ends, between opening and locking."""
    run(path, NEW)
    flock = fcntl.flock
    calls = []

    def replace_first(descriptor: int, operation: int) -> None:
        if not calls:
            calls.append(descriptor)
            run(path, NEW, span(0))
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", replace_first)
    progress = Progress(str(path))

    assert t.cast(Record, progress.record).mark == mark(1)
    progress.close()


class Full:
    """A disk that takes no more, from a moment on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        def fail(*_arguments: t.Any) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(_progress.os, name, fail)


@pytest.mark.parametrize("name", ["write", "fsync", "rename", "open"])
def test_a_full_disk_fails_and_keeps_what_was_written(path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    progress = Progress(str(path))
    progress.begin(NEW)
    progress.add(span(0))
    with monkeypatch.context() as patch:
        Full(patch, name)
        with pytest.raises(Failure, match="can't be written: no space left on device") as caught:
            progress.end(True)
    assert caught.value.kind == "file"
    progress.close()

    assert t.cast(Record, written(path)).mark == mark(1)


@pytest.mark.parametrize("short", [True, False])
def test_an_event_that_can_not_be_noted_fails(path: Path, monkeypatch: pytest.MonkeyPatch, short: bool) -> None:
    progress = Progress(str(path))
    progress.begin(NEW)
    progress.add(span(0))
    if short:
        write = os.write
        monkeypatch.setattr(os, "write", lambda descriptor, text: write(descriptor, text[:10]))
    else:
        Full(monkeypatch, "write")
    with pytest.raises(Failure, match="no space left"):
        progress.add(span(1))
    progress.close()

    assert t.cast(Record, written(path)).mark == mark(1)


def test_the_disk_keeps_it_once_a_second(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    progress = Progress(str(path), monotonic=lambda: now[0])
    progress.begin(NEW)
    synced = []
    monkeypatch.setattr(os, "fsync", lambda _descriptor: synced.append(now[0]))
    for number, now[0] in enumerate([100.1, 100.9, 101.0, 101.1, 102.5]):
        progress.add(span(number))
    now[0] = 103.6
    progress.sync()
    progress.close()

    assert synced == [101.0, 102.5, 103.6]


# ---- which run goes on


DIGESTS = {number * 100: f"d{number * 100}" for number in range(10)}


def test_without_a_record_a_run_begins() -> None:
    place = find_place("progress", IDENTITY, None, DIGESTS)

    assert (place.record, place.start, place.resumed_count, place.skipped) == (NEW, 0, 0, {})


@pytest.mark.parametrize("finished", [False, True])
def test_the_same_run_goes_on(finished: bool) -> None:
    record = Record(IDENTITY, mark(2), (span(4), span(6)), finished)

    place = find_place("progress", IDENTITY, record, DIGESTS)

    assert (place.start, place.resumed_count, place.skipped) == (200, 40, {400: 500, 600: 700})
    assert place.record == replace(record, finished=False)
    assert place.warning is None


def test_what_was_mended_behind_the_mark_is_sent_again() -> None:
    record = Record(IDENTITY, mark(2), (span(4), span(6)))
    mended = {**DIGESTS, 700: "other"}

    place = find_place("progress", IDENTITY, record, mended)

    assert (place.start, place.resumed_count, place.skipped) == (200, 30, {400: 500})
    assert place.record.spans == (span(4),)


OTHERS = [
    *(
        (replace(IDENTITY, **{name: value}), DIGESTS, f"{name} is ")
        for name, value in {
            "endpoint": "https://other.example.com",
            "project_id": "other",
            "sync_task_id": "other",
            "object_keys_file_format": "jsonl",
            "object_keys_encoded": True,
        }.items()
    ),
    (IDENTITY, {**DIGESTS, 200: "other"}, "object_keys_file differs in its first 200 bytes"),
    (IDENTITY, {0: "d0", 100: "d100"}, "object_keys_file differs in its first 200 bytes"),
]


@pytest.mark.parametrize(("identity", "digests", "words"), OTHERS)
def test_unfinished_progress_of_another_run_fails(identity: Identity, digests: dict[int, str], words: str) -> None:
    with pytest.raises(Failure) as caught:
        find_place("the-path", identity, Record(IDENTITY, mark(2)), digests)

    assert caught.value.kind == "file"
    for part in (words, "the-path is of another run, which is not finished", "delete the-path to drop that progress"):
        assert part in str(caught.value)


@pytest.mark.parametrize(("identity", "digests", "words"), OTHERS)
def test_over_finished_progress_of_another_run_a_new_one_begins(
    identity: Identity, digests: dict[int, str], words: str
) -> None:
    place = find_place("the-path\udcff", identity, Record(IDENTITY, mark(2), finished=True), digests)

    assert (place.record, place.resumed_count) == (new_record(identity, "d0"), 0)
    assert words in str(place.warning)
    assert "A new run starts" in str(place.warning)
    assert str(place.warning).startswith("progress_file: the-path\\udcff is of another run")


def test_the_first_line_says_which_run_it_is_and_how_far(path: Path) -> None:
    run(path, NEW, span(0), finished=False)
    head = json.loads(path.read_text(encoding="utf-8").splitlines()[0])

    assert head.items() >= asdict(IDENTITY).items()
    assert head["mark"]["object_count"] == 10
    assert head["pid"] == os.getpid()
