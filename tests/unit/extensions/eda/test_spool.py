# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The spool: object keys that are acknowledged are never lost, whatever ends the process, and whenever."""

from __future__ import annotations

import errno
import json
import os
import random
import stat
import subprocess
import sys
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.extensions.eda.plugins.plugin_utils._spool import (
    Batch,
    Kept,
    Spool,
    SpoolError,
    UnreadRecord,
    opened,
    unread,
)

HOSTILE = [
    "{{ lookup('pipe', 'id') }}",
    "line\nbreak\r\n",
    "\u2028\x85\x00\x1b",
    '"quoted" \\',
    "null",
    "123",
    "照片/北京",
    "\ud800",
]


class Killed(BaseException):
    """The process has ended: nothing may catch this."""


class Disk:
    """The module `os` until the process is killed.

    :arg changes: so many changes are made before that.
    :arg torn: a file that is being written just then has half of it.
    """

    def __init__(self, changes: int = 10**9, torn: bool = False) -> None:
        self.made: list[tuple[str, str]] = []
        self._changes = changes
        self._torn = torn

    def __getattr__(self, name: str) -> t.Callable[..., t.Any]:
        def change(first: t.Any, *arguments: t.Any) -> t.Any:
            if len(self.made) == self._changes:
                if name == "write" and self._torn:
                    os.write(first, arguments[0][: len(arguments[0]) // 2])
                raise Killed
            path = os.readlink(f"/proc/self/fd/{first}") if isinstance(first, int) else str(first)
            self.made.append((name, Path(path).name))
            if name == "fsync":
                # It takes long, and a kill can't tell whether it was called.
                return None
            return getattr(os, name)(first, *arguments)

        return change


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def keys_of(batch: Batch) -> list[str]:
    return [json.loads(line) for line in (batch.path / "keys.jsonl").read_text(encoding="ascii").splitlines()]


def all_keys(spool: Spool) -> list[str]:
    return [key for batch in spool.batches() for key in keys_of(batch)]


# ---- from the webhook to batches


def test_keys_come_out_as_they_went_in(directory: Path) -> None:
    spool = Spool(directory)
    spool.add(HOSTILE[:3])
    spool.add([])
    spool.add(HOSTILE[3:])

    assert spool.has_arrivals
    assert spool.gather(100) == 0
    assert not spool.has_arrivals
    (batch,) = spool.batches()
    assert keys_of(batch) == HOSTILE


def test_no_keys_are_no_arrival(directory: Path) -> None:
    spool = Spool(directory)
    spool.add([])

    assert not spool.has_arrivals
    assert spool.gather(1) == 0
    assert spool.batches() == []


def test_a_batch_has_each_key_once_and_no_more_than_asked_for(directory: Path) -> None:
    spool = Spool(directory)
    spool.add(["a", "b", "a", "c", "b"])
    spool.add(["d", "e", "a"])
    spool.gather(2)

    # Repeats in different batches stay: only one batch is in memory at a time.
    assert [keys_of(batch) for batch in spool.batches()] == [["a", "b"], ["a", "c"], ["b", "d"], ["e", "a"]]


def test_batches_are_in_the_order_of_their_arrival(directory: Path) -> None:
    spool = Spool(directory)
    for number in range(5):
        spool.add([str(number)])
        spool.gather(1)

    assert all_keys(spool) == ["0", "1", "2", "3", "4"]


def test_many_callers_lose_nothing(directory: Path) -> None:
    names = [[f"{caller} {number}" for number in range(20)] for caller in range(4)]

    def add(keys: list[str]) -> None:
        spool = Spool(directory)
        for key in keys:
            spool.add([key])

    callers = [threading.Thread(target=add, args=[keys]) for keys in names]
    source = Spool(directory)
    for caller in callers:
        caller.start()
    while any(caller.is_alive() for caller in callers):
        source.gather(7)
    source.gather(7)

    assert sorted(all_keys(source)) == sorted(key for keys in names for key in keys)


def test_two_that_make_batches_at_once_lose_nothing(directory: Path) -> None:
    """As the thread of a source that was cancelled, and the source of the next process."""
    names = [str(number) for number in range(600)]
    errors: list[OSError] = []

    def gather() -> None:
        try:
            while Spool(directory).has_arrivals:
                Spool(directory).gather(3)
        except OSError as error:
            errors.append(error)

    for start in range(0, 600, 60):
        Spool(directory).add(names[start : start + 60])
        gatherers = [threading.Thread(target=gather) for _number in range(3)]
        for gatherer in gatherers:
            gatherer.start()
        for gatherer in gatherers:
            gatherer.join()

    assert errors == []
    assert sorted(all_keys(Spool(directory))) == sorted(names)


def test_only_the_owner_may_look_into_it(directory: Path) -> None:
    before = os.umask(0)
    try:
        spool = Spool(directory)
        spool.add(["a"])
        spool.gather(1)
        spool.add(["b"])
        spool.begin(spool.batches()[0])
        spool.keep_unread([UnreadRecord({}, "")])
        with spool.held():
            pass
    finally:
        os.umask(before)

    for path in [directory, *directory.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_an_unsafe_directory_is_refused_before_anything_is_made_in_it(tmp_path: Path) -> None:
    def refused(path: Path, text: str) -> None:
        with pytest.raises(SpoolError, match=text):
            Spool(path)

    for mode in (0o750, 0o701, 0o720):
        open_to_others = tmp_path / oct(mode)
        open_to_others.mkdir()
        open_to_others.chmod(mode)
        refused(open_to_others, r"must belong to the user .* its mode to 0700 with chmod")
        assert list(open_to_others.iterdir()) == []

    target = tmp_path / "target"
    target.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(target)
    refused(tmp_path / "link", "is a symbolic link. Give the path of the directory itself")
    assert list(target.iterdir()) == []

    for mode in (0o770, 0o702, 0o1777):
        parent = tmp_path / f"parent-{mode:o}"
        parent.mkdir()
        parent.chmod(mode)
        refused(parent / "spool", "Other users can write to .*, the parent of the spool")
        assert list(parent.iterdir()) == []

    refused(tmp_path / "missing" / "spool", "cannot be used: no such file or directory")
    (tmp_path / "file").touch()
    refused(tmp_path / "file", "is not a directory")


def test_an_open_spool_is_checked_again(directory: Path) -> None:
    assert opened(str(directory)) is opened(str(directory))
    directory.chmod(0o750)
    with pytest.raises(SpoolError, match="must belong to the user"):
        opened(str(directory))
    directory.chmod(0o700)
    # Someone has deleted it.
    directory.rename(directory.with_name("elsewhere"))
    opened(str(directory)).add(["a"])
    assert (directory / "incoming.jsonl").exists()


# ---- torn, full, wrong


def test_a_torn_line_is_cut_off_and_spoils_no_other(directory: Path) -> None:
    spool = Spool(directory)
    spool.add(["a"])
    with (directory / "incoming.jsonl").open("ab") as file:
        # Longer than what is read at once.
        file.write(b'"' + b"x" * 200_000)
    spool.add(["b"])

    assert spool.gather(10) == 0
    assert all_keys(spool) == ["a", "b"]


def test_a_file_of_one_incomplete_line_is_not_a_progress_file(directory: Path) -> None:
    spool = Spool(directory)
    (directory / "incoming.jsonl").write_bytes(b'"x')
    assert spool.gather(10) == 1
    (directory / "incoming.jsonl").write_bytes(b'"x')
    spool.add(["a"])
    assert spool.gather(10) == 0

    assert all_keys(spool) == ["a"]


@pytest.mark.parametrize("line", [b"\0\0\0", b"12", b"null", b'["a"]', b"[" * 100_000, b'"\xff"'])
def test_what_is_no_key_is_left_out_and_counted(directory: Path, line: bytes) -> None:
    spool = Spool(directory)
    (directory / "incoming.jsonl").write_bytes(b'"a"\n' + line + b'\n"b"\n')

    assert spool.gather(10) == 1
    assert all_keys(spool) == ["a", "b"]


class FullDisk(Disk):
    """Takes so many bytes of each write."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def write(self, descriptor: int, content: bytes) -> int:
        return os.write(descriptor, content[: self._room])


def test_what_the_disk_does_not_take_is_not_acknowledged_and_not_there(directory: Path) -> None:
    Spool(directory).add(["a"])
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        Spool(directory, FullDisk(7)).add(["b", "c"])
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        Spool(directory, FullDisk(7)).keep_unread([UnreadRecord({}, "why")])
    spool = Spool(directory)
    spool.gather(10)

    assert all_keys(spool) == ["a"]
    assert list((directory / "unread").iterdir()) == []


def test_a_disk_that_is_full_while_batches_are_made_keeps_what_arrived(directory: Path) -> None:
    Spool(directory).add(["a", "bcdefghijk"])
    for _number in range(2):
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            Spool(directory, FullDisk(7)).gather(1)
    spool = Spool(directory)

    assert all_keys(spool) == ["a"]
    assert spool.has_arrivals
    # With another size of batches: what was made of it before goes, or a batch would be taken for a bigger one.
    spool.gather(10)
    assert [keys_of(batch) for batch in spool.batches()] == [["a", "bcdefghijk"]]


# ---- batches and what becomes of them


@pytest.fixture
def spool(directory: Path) -> Spool:
    """One with two batches."""
    spool = Spool(directory)
    spool.add(["a", "b"])
    spool.gather(1)
    return spool


def test_a_batch_is_accepted_when_its_keys_file_is_deleted(spool: Spool) -> None:
    first, second = spool.batches()
    (first.path / "keys.jsonl").unlink()

    assert first.is_accepted
    assert not second.is_accepted
    assert spool.batches() == [second]
    spool.finish(first)
    spool.finish(first)
    assert not first.path.exists()


def test_a_batch_that_was_accepted_after_its_lease_is_removed(spool: Spool) -> None:
    late, copied = spool.batches()
    spool.begin(late)
    for batch in (late, copied):
        (batch.path / "keys.jsonl").unlink()

    assert spool.batches() == []
    assert not late.path.exists()
    # Its object keys are copied back just now.
    assert copied.path.exists()


def test_a_batch_that_can_not_be_looked_at_is_not_taken_for_done(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: t.Any, **_more: t.Any) -> t.NoReturn:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    first, _other = spool.batches()
    monkeypatch.setattr(Path, "stat", fail)

    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        assert first.is_accepted


def test_attempts_are_counted_before_they_begin(spool: Spool, directory: Path) -> None:
    before = time.time()
    first, second = spool.batches()
    begun = spool.begin(spool.begin(first))
    (again, other) = Spool(directory).batches()

    assert (first.attempts, first.tried_at) == (0, 0.0)
    assert (begun.attempts, again.attempts, other.attempts) == (2, 2, 0)
    # The clock of files is a little behind.
    assert again.tried_at > before - 1
    assert other == second


def test_a_failure_counts_from_its_end_and_is_forgotten_with_the_next_attempt(spool: Spool) -> None:
    begun = spool.begin(spool.batches()[0])
    os.utime(begun.path / "attempts", (1, 1))
    (begun.path / "failed").touch()

    assert begun.has_failed
    spool.note_failure(begun)
    assert spool.batches()[0].tried_at > time.time() - 60
    assert not spool.begin(begun).has_failed


def test_an_incomplete_count_is_ignored(spool: Spool) -> None:
    first, _other = spool.batches()
    (first.path / "attempts").write_bytes(b"")

    assert spool.batches()[0].attempts == 0
    # What a kill left of the next one is in no one's way.
    (first.path / "attempts.new").touch()
    assert spool.begin(first).attempts == 1


def test_a_batch_is_given_up_with_all_that_it_has_and_can_be_moved_back(spool: Spool, directory: Path) -> None:
    begun = spool.begin(spool.batches()[0])
    (begun.path / "failed").touch()
    (begun.path / "progress").touch()
    dead_letter = spool.move_to_dead_letter(begun)

    assert dead_letter.parent == directory / "dead"
    assert sorted(path.name for path in dead_letter.iterdir()) == ["keys.jsonl", "progress"]
    assert all_keys(spool) == ["b"]
    dead_letter.rename(begun.path)
    assert spool.batches()[0] == Batch(begun.path)


def test_one_that_was_copied_back_is_given_up_again(spool: Spool) -> None:
    dead_letters = []
    for _number in range(3):
        batch = spool.batches()[0]
        dead_letters.append(spool.move_to_dead_letter(batch))
        batch.path.mkdir()
        (batch.path / "keys.jsonl").write_text('"a"\n', encoding="ascii")

    assert len(set(dead_letters)) == 3
    assert all((dead_letter / "keys.jsonl").exists() for dead_letter in dead_letters)


# ---- division


def test_a_batch_is_divided_into_halves(directory: Path) -> None:
    spool = Spool(directory)
    spool.add(["a", "b", "c"])
    spool.gather(10)
    batch = spool.begin(spool.batches()[0])
    (batch.path / "progress").touch()

    assert spool.halve(batch, 4)
    first, second = spool.batches()
    assert [keys_of(first), keys_of(second)] == [["a"], ["b", "c"]]
    assert (first.attempts, second.attempts) == (4, 4)
    # The log of the whole batch is of other object keys.
    assert sorted(path.name for path in second.path.iterdir()) == ["attempts", "keys.jsonl"]
    assert not spool.halve(first, 4)
    assert spool.halve(second, 4)
    assert all_keys(spool) == ["a", "b", "c"]


# ---- records that cannot be read


def kept_content(kept: Kept) -> t.Any:
    (path,) = kept.paths
    return json.loads(path.read_text(encoding="ascii"))


def test_an_unread_record_is_kept_with_the_reason(directory: Path) -> None:
    kept = Spool(directory).keep_unread([UnreadRecord({"a": HOSTILE}, "why"), UnreadRecord([b"5"], "\ud800")])

    assert [json.loads(path.read_text(encoding="ascii")) for path in kept.paths] == [
        {"reason": "why", "notification": {"a": HOSTILE}},
        # What JSON does not know.
        {"reason": "\ud800", "notification": ["b'5'"]},
    ]
    assert sorted((directory / "unread").iterdir()) == sorted(kept.paths)
    assert kept.deleted == 0


def test_nested_lists_take_the_room_that_they_take_in_a_request(directory: Path) -> None:
    deep: list[t.Any] = []
    for _number in range(500):
        deep = [deep]
    body = [deep] * 1000
    (path,) = Spool(directory).keep_unread([UnreadRecord(body, "why")]).paths

    # Indented, it would have 250 MB.
    assert path.stat().st_size < 1.1 * len(json.dumps(body))


def test_one_too_deep_to_write_leaves_its_reason(directory: Path) -> None:
    deep: list[t.Any] = []
    for _number in range(100_000):
        deep = [deep]
    kept = Spool(directory).keep_unread([UnreadRecord(deep, "why.")])

    assert kept_content(kept) == {"reason": "why. It is nested too deeply to be kept.", "notification": None}


def test_a_huge_record_is_cut_off(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "MAX_RECORD_BYTES", 10)
    kept = Spool(directory).keep_unread([UnreadRecord("0123456789abc", "why.")])

    assert kept_content(kept) == {"reason": "why. Only its first 10 bytes are kept.", "beginning": '"012345678'}


def test_the_oldest_unread_records_make_room(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "MAX_FILES", 3)
    spool = Spool(directory)
    kept = [spool.keep_unread([UnreadRecord(number, "")]) for number in range(5)]

    assert [each.deleted for each in kept] == [0, 0, 0, 1, 1]
    assert sorted((directory / "unread").iterdir()) == [path for each in kept[2:] for path in each.paths]


def test_incomplete_records_of_a_killed_process_make_room_first(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unread, "MAX_FILES", 1)
    spool = Spool(directory)
    (directory / "unread" / f"{0:020}-0.part").touch()
    kept = spool.keep_unread([UnreadRecord(1, "")])

    assert list((directory / "unread").iterdir()) == kept.paths


def test_a_large_notification_costs_no_small_one(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "MAX_BYTES", 1000)
    spool = Spool(directory)
    small = [path for number in range(10) for path in spool.keep_unread([UnreadRecord(number, "")]).paths]
    large = [spool.keep_unread([UnreadRecord("x" * size, "")]) for size in (400, 500, 5000)]

    assert [each.deleted for each in large] == [0, 1, 1]
    assert sorted((directory / "unread").iterdir()) == [*small, *large[0].paths]


def test_another_process_measures_what_is_there(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        Spool(directory).keep_unread([UnreadRecord(number, "")])
    monkeypatch.setattr(unread, "MAX_FILES", 2)

    assert Spool(directory).keep_unread([UnreadRecord(3, "")]).deleted == 2


# ---- one at a time


def test_a_second_process_gets_the_process_id_of_the_first(directory: Path) -> None:
    first, second = Spool(directory), Spool(directory)
    with first.held():
        second.add(["a"])
        with (
            pytest.raises(SpoolError, match=f"is in use by the process {os.getpid()}. Stop that process"),
            second.held(),
        ):
            pass
        (directory / "lock").write_bytes(b"")
        with pytest.raises(SpoolError, match="the process that has just started"), second.held():
            pass
    with second.held():
        second.gather(1)
        assert all_keys(second) == ["a"]


def test_what_a_killed_process_left_is_taken_away(spool: Spool, directory: Path) -> None:
    first, second = spool.batches()
    (first.path / "keys.jsonl").unlink()
    (first.path / "progress").touch()
    (directory / "new" / "half").mkdir()
    (directory / "new" / "half" / "keys.jsonl").touch()
    (directory / "batches" / "note-to-myself").touch()
    with spool.held():
        pass

    assert list((directory / "new").iterdir()) == []
    assert not first.path.exists()
    assert spool.batches() == [second]


# ---- killed


def live(directory: Path, disk: t.Any, acknowledged: list[str], submitted: list[str]) -> None:
    """A life of a spool with all that may happen in one."""

    def add(*keys: str) -> None:
        Spool(directory, disk).add(keys)
        acknowledged.extend(keys)

    add("a", "b", "c")
    add("d")
    spool = Spool(directory, disk)
    with spool.held():
        spool.gather(2)
        add("e")
        poisoned, good = spool.batches()
        spool.note_failure(spool.begin(poisoned))
        begun = spool.begin(good)
        submitted.extend(keys_of(begun))
        disk.unlink(begun.path / "keys.jsonl")
        spool.finish(begun)
        spool.halve(poisoned, 1)
        spool.move_to_dead_letter(spool.batches()[0])
        add("f")
        spool.keep_unread([UnreadRecord({}, "why")])
        spool.gather(2)


def recover(directory: Path) -> list[str]:
    """What another process finds, the dead letters among it."""
    spool = Spool(directory)
    with spool.held():
        spool.gather(10)
        dead = [key for path in (directory / "dead").iterdir() for key in keys_of(Batch(path))]
        return all_keys(spool) + dead


@pytest.mark.parametrize("torn", [False, True])
def test_killed_between_any_two_steps_it_loses_nothing(tmp_path: Path, torn: bool) -> None:
    moments = 0
    while True:
        directory = tmp_path / str(moments)
        acknowledged: list[str] = []
        submitted: list[str] = []
        try:
            live(directory, Disk(moments, torn), acknowledged, submitted)
        except Killed:
            moments += 1
        else:
            break
        finally:
            for path in directory.glob("unread/*.json"):
                json.loads(path.read_bytes())
            found = recover(directory)
            assert set(acknowledged) <= {*submitted, *found} <= set("abcdef"), moments

    # It was killed at each change that a whole life makes.
    assert moments > 60
    assert acknowledged == list("abcdef")


def test_what_is_said_to_be_on_the_disk_is_there_before(directory: Path) -> None:
    """A kill can't tell whether fsync was called; a power cut would."""
    disk = Disk()
    spool = Spool(directory, disk)
    disk.made.clear()
    spool.add(["a"])
    assert disk.made == [
        ("open", "incoming.jsonl"),
        ("write", "incoming.jsonl"),
        ("fsync", "incoming.jsonl"),
        ("fsync", "spool"),
    ]
    disk.made.clear()
    spool.add(["a"])
    # The file's entry in the directory is on disk already.
    assert [name for name, _path in disk.made] == ["open", "write", "fsync"]
    # A new file may have the number of one that was deleted.
    os.truncate(directory / "incoming.jsonl", 0)
    disk.made.clear()
    spool.add(["a"])
    assert disk.made[-1] == ("fsync", "spool")
    # Another process does not know what is on disk.
    disk.made.clear()
    Spool(directory, disk).add(["a"])
    assert disk.made[-2:] == [("fsync", "incoming.jsonl"), ("fsync", "spool")]
    disk.made.clear()
    spool.gather(5)
    (batch,) = [path.name for path in (directory / "batches").iterdir()]
    gathered = f"gathered-{batch.rpartition('-')[0]}.jsonl"
    assert disk.made == [
        ("rename", "incoming.jsonl"),
        ("fsync", "spool"),
        ("mkdir", batch),
        ("open", "keys.jsonl"),
        ("write", "keys.jsonl"),
        ("fsync", "keys.jsonl"),
        ("fsync", batch),
        ("rename", batch),
        ("fsync", "batches"),
        ("unlink", gathered),
        ("fsync", "spool"),
    ]
    disk.made.clear()
    spool.finish(spool.batches()[0])
    # Before all else: a batch without object keys counts as accepted, whatever is left of it.
    assert disk.made[0] == ("unlink", "keys.jsonl")


def test_killed_at_random_moments_it_loses_nothing(directory: Path) -> None:
    randomly = random.Random(20261125)  # noqa: S311 - moments are no secrets
    said: dict[str, set[str]] = {"acknowledged": set(), "submitted": set()}
    for number in range(8):
        command = [sys.executable, str(Path(__file__).with_name("spool_until_killed.py")), str(directory), str(number)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            try:
                # Once it is at work.
                lines = [process.stdout.readline()]
                time.sleep(randomly.uniform(0, 0.15))
            finally:
                process.kill()
            lines += process.stdout.readlines()
        for line in lines:
            word, key = line.split()
            said[word].add(key)

    assert said["acknowledged"]
    assert said["submitted"]
    assert said["acknowledged"] <= said["submitted"] | set(recover(directory))
