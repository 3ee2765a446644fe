# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The progress file: what is read back, which run resumes, what a broken disk leaves, and who may use the file."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import itertools
import json
import os
import stat
import typing as t
from dataclasses import asdict, replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.checkpoint import (
    Checkpoint,
    Identity,
    is_same_run,
    last_checkpoint,
    line_of,
    parse_line,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.checkpoint_log import CheckpointLog, Progress
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.key_file import BEGINNING, KeyFile, Position
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.sources import FileSource

IDENTITY = Identity("https://oms.example.com", "project", "task", "lines", False)
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
NOW = datetime(2026, 11, 25, 10, tzinfo=timezone.utc)


def at(events: int, total: int = 10) -> Checkpoint:
    """So many events of 10 objects and 100 bytes each are accepted."""
    return Checkpoint(IDENTITY, events * 10, total * 10, events * 100, f"sha {events}", events == total)


def line(checkpoint: Checkpoint, **fields: t.Any) -> bytes:
    """A line with some other fields."""
    return json.dumps({**json.loads(line_of(checkpoint, NOW)), **fields}).encode() + b"\n"


class Killed(BaseException):
    """The process has ended: nothing may catch this."""


class Disk:
    """The module `os`, but what a test says.

    :arg changes: so many calls are made before the process is killed.
    :arg torn: a write is cut in half just then.
    :arg failing: what fails, by name.
    :arg room: how many bytes a write takes.
    """

    def __init__(
        self,
        changes: int = 10**9,
        torn: bool = False,
        failing: t.Mapping[str, int] | None = None,
        room: int | None = None,
    ) -> None:
        self.calls: list[str] = []
        self.failing = dict(failing or {})
        self.room = room
        self._changes = changes
        self._torn = torn

    def __getattr__(self, name: str) -> t.Callable[..., t.Any]:
        def call(*arguments: t.Any) -> t.Any:
            if len(self.calls) == self._changes and name != "close":
                if name == "write" and self._torn:
                    os.write(arguments[0], arguments[1][: len(arguments[1]) // 2])
                raise Killed
            self.calls.append(name)
            if name in self.failing:
                raise OSError(self.failing[name], os.strerror(self.failing[name]))
            if name == "write" and self.room is not None:
                return os.write(arguments[0], arguments[1][: self.room])
            return getattr(os, name)(*arguments)

        return call


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    return tmp_path / "progress"


@pytest.fixture
def key_file(tmp_path: Path) -> os.stat_result:
    (tmp_path / "object_keys").write_text("a\n", encoding="ascii")
    return (tmp_path / "object_keys").stat()


class OpenLog(t.Protocol):
    def __call__(self, write: bool = ..., **fakes: t.Any) -> CheckpointLog:
        """Open the log as another process does."""


@pytest.fixture
def open_log(path: Path, key_file: os.stat_result) -> t.Iterator[OpenLog]:
    logs: list[CheckpointLog] = []

    def open_log(write: bool = True, **fakes: t.Any) -> CheckpointLog:
        logs.append(CheckpointLog(str(path), write, key_file, **fakes))
        return logs[-1]

    yield open_log
    for log in logs:
        log.close()


def read_back(open_log: OpenLog) -> Checkpoint | None:
    log = open_log(write=False)
    log.close()
    return log.last


def refusal(call: t.Callable[[], object]) -> str:
    with pytest.raises(ArgumentError) as caught:
        call()
    return str(caught.value)


# ---- lines


def test_a_line_says_all_there_is_to_know() -> None:
    text = line_of(at(3), NOW)

    assert text.endswith(b"}\n")
    assert json.loads(text) == {
        "oms_checkpoint": 1,
        "time": "2026-11-25T10:00:00+00:00",
        **asdict(IDENTITY),
        "accepted_count": 30,
        "object_count": 100,
        "offset": 300,
        "sha256": "sha 3",
        "finished": False,
        "waiting": False,
        "host": os.uname().nodename,
        "pid": os.getpid(),
    }
    assert parse_line(text) == at(3)


def test_unknown_fields_are_ignored() -> None:
    assert parse_line(line(at(3), counters={"success": 1}, new=[1])) == at(3)


@pytest.mark.parametrize(
    "text",
    [
        b"my keys",
        b"[]",
        b"{}",
        b"null",
        b"\xff",
        b"\0\0\0",
        b"[" * 100_000,
        b'{"oms_progress": 1}',
        line(at(3), oms_checkpoint=2),
        line(at(3), offset=300.0),
        line(at(3), offset="300"),
        line(at(3), accepted_count=True),
        line(at(3), finished=1),
        line(at(3), sha256=None),
        line(at(3), endpoint=[]),
        line(at(3))[:-3],
    ],
)
def test_what_is_no_checkpoint_is_none(text: bytes) -> None:
    assert parse_line(text) is None


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (b"", (None, 0)),
        (b"foreign\n", (None, 1)),
        (line(at(1)), (at(1), 0)),
        (line(at(1)) + line(at(2)), (at(2), 0)),
        # Without a line end it is complete nevertheless.
        (line(at(1)) + line(at(2))[:-1], (at(2), 0)),
        (line(at(1)) + line(at(2))[:-2], (at(1), 1)),
        (line(at(1)) + b"\0\0\0\n\n" + b"half", (at(1), 2)),
        (b"\0\0\0\n" + line(at(1))[:50] + b"\n" + line(at(2)), (at(2), 0)),
        (b"foreign\n" + line(at(1)), (at(1), 0)),
    ],
)
def test_the_last_valid_line_counts(tail: bytes, expected: tuple[Checkpoint | None, int]) -> None:
    assert last_checkpoint(tail) == expected


# ---- which run resumes


def test_the_same_run_resumes() -> None:
    assert is_same_run("p", None, IDENTITY, None) == (False, None)
    assert is_same_run("p", at(2), IDENTITY, "sha 2") == (True, None)
    assert is_same_run("p", at(10), IDENTITY, "sha 10") == (True, None)


OTHERS: list[tuple[Identity, str | None, str]] = [
    *(
        (replace(IDENTITY, **{name: value}), "sha 10", f"{name} is ")
        for name, value in {
            "endpoint": "https://other.example.com",
            "project_id": "other",
            "sync_task_id": "other",
            "object_keys_file_format": "jsonl",
            "object_keys_encoded": True,
        }.items()
    ),
    (IDENTITY, "other", "the first 1000 bytes of object_keys_file, which OMS accepted, are different"),
    (IDENTITY, None, "the first 1000 bytes of object_keys_file"),
]


@pytest.mark.parametrize(("identity", "sha256", "words"), OTHERS)
def test_the_log_of_another_run_starts_over_only_if_that_is_finished(
    identity: Identity, sha256: str | None, words: str
) -> None:
    is_same, warning = is_same_run("the\udcffpath", at(10), identity, sha256)
    with pytest.raises(Failure) as caught:
        is_same_run("the-path", replace(at(10), finished=False), identity, sha256)

    assert not is_same
    assert str(warning).startswith("progress_file: the\\udcffpath is of another run, which is finished: ")
    assert words in str(warning)
    assert str(warning).endswith("This run overwrites the file.")
    assert caught.value.kind == "file"
    assert "progress_file: the-path is of another run, which is not finished: " in str(caught.value)
    for part in (words, "To resume that run, use its options", "To discard its progress, delete the-path"):
        assert part in str(caught.value)


# ---- what is read back


def test_lines_are_appended_in_place(open_log: OpenLog, path: Path) -> None:
    log = open_log()
    assert log.last is None
    log.append(at(1))
    inode = path.stat().st_ino
    log.append(at(2))
    log.close()
    other = open_log()
    other.append(at(3))
    other.close()

    assert path.stat().st_ino == inode
    assert [parse_line(text) for text in path.read_bytes().splitlines()] == [at(1), at(2), at(3)]
    assert sorted(each.name for each in path.parent.iterdir()) == ["object_keys", "progress"]
    assert read_back(open_log) == at(3)


def test_a_missing_and_an_empty_file_have_no_checkpoint(open_log: OpenLog, path: Path) -> None:
    assert read_back(open_log) is None
    assert not path.exists()
    path.touch()
    assert read_back(open_log) is None


@pytest.mark.parametrize("end", [b"half", b"\0\0\0", line(at(5))[:-1]])
def test_a_new_line_begins_behind_a_torn_one(open_log: OpenLog, path: Path, end: bytes) -> None:
    path.write_bytes(line(at(1)) + end)
    log = open_log()
    log.append(at(6))
    log.close()

    assert path.read_bytes().startswith(line(at(1)) + end + b"\n{")
    assert read_back(open_log) == at(6)


@pytest.mark.parametrize(
    ("end", "warnings"),
    [
        (b"", []),
        (b"half", ["the last line is unreadable and ignored."]),
        (b"\0\0\n[]\n", ["the last 2 lines are unreadable and ignored."]),
    ],
)
def test_unreadable_lines_cause_one_warning(open_log: OpenLog, path: Path, end: bytes, warnings: list[str]) -> None:
    path.write_bytes(line(at(1)) + end)
    log = open_log()

    assert log.last == at(1)
    assert log.warnings == [f"progress_file {path}: {warning}" for warning in warnings]


def test_of_a_long_log_the_end_is_read(open_log: OpenLog, path: Path) -> None:
    mebibyte = 1024 * 1024
    path.write_bytes(b"x" * mebibyte + b"\n" + line(at(1)))
    assert read_back(open_log) == at(1)
    # A valid line further from the end than that is not looked for.
    path.write_bytes(line(at(1)) + b"x" * mebibyte)
    assert "is not a progress file of this module" in refusal(open_log)


@pytest.mark.parametrize("content", [b"my keys\n", b"\n", b'{"oms_progress": 1}\n', line(at(1))[:-2]])
@pytest.mark.parametrize("write", [False, True])
def test_a_foreign_file_is_refused_and_left_as_it_is(
    open_log: OpenLog, path: Path, content: bytes, write: bool
) -> None:
    path.write_bytes(content)

    assert f"{path} is not a progress file of this module, and was not changed" in refusal(lambda: open_log(write))
    assert path.read_bytes() == content


def test_starting_over_removes_the_lines_of_the_other_run(open_log: OpenLog, path: Path) -> None:
    path.write_bytes(line(at(9)) + line(at(10)))
    log = open_log()
    log.append(at(0), start_over=True)
    log.close()

    assert [parse_line(text) for text in path.read_bytes().splitlines()] == [at(0)]


# ---- broken disks


def test_short_writes_are_continued(open_log: OpenLog) -> None:
    log = open_log(disk=Disk(room=7))
    log.append(at(1))
    log.append(at(2))
    log.close()

    assert read_back(open_log) == at(2)


ADVICE = {
    errno.ENOSPC: "no space left on device. Make room on its file system, then run the task again.",
    errno.EDQUOT: "quota exceeded. Make room on its file system, then run the task again.",
    errno.EACCES: "permission denied. Allow the user of the task to write it, then run the task again.",
    errno.EIO: "input/output error. Check the path and its file system, then run the task again.",
}


@pytest.mark.parametrize("number", ADVICE)
@pytest.mark.parametrize("name", ["write", "fsync"])
def test_a_line_that_can_not_be_written_fails(open_log: OpenLog, path: Path, name: str, number: int) -> None:
    disk = Disk()
    log = open_log(disk=disk)
    log.append(at(1))
    disk.failing = {name: number}
    with pytest.raises(Failure) as caught:
        log.append(at(2))

    assert caught.value.kind == "file"
    assert str(caught.value).startswith(f"The progress file {path} can't be written: ")
    assert str(caught.value).endswith(ADVICE[number])
    # It was not written as far as the log knows, and is written when there is room again.
    assert log.last == at(1)
    disk.failing = {}
    log.append(at(2))
    log.close()
    assert read_back(open_log) == at(2)


def test_each_line_is_synchronised_and_a_file_system_without_fsync_will_do(open_log: OpenLog) -> None:
    disk = Disk(failing={"fsync": errno.EINVAL})
    log = open_log(disk=disk)
    log.append(at(1))
    log.append(at(2))
    log.close()

    assert disk.calls == ["open", "open", "fchmod", "write", "fsync", "write", "fsync", "close"]
    assert read_back(open_log) == at(2)


class FullAfter(Disk):
    """Takes so many bytes and no more."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.left = room

    def write(self, descriptor: int, content: bytes) -> int:
        if not self.left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        content = content[: self.left]
        self.left -= len(content)
        return os.write(descriptor, content)


@pytest.mark.parametrize("room", [0, 20, len(line_of(at(1), NOW)) + 20])
def test_a_disk_that_fills_up_in_a_line_leaves_a_file_that_can_be_used(open_log: OpenLog, room: int) -> None:
    disk = FullAfter(room)
    log = open_log(disk=disk)
    is_first = room < 100
    if not is_first:
        log.append(at(1))
    with pytest.raises(Failure, match="no space left"):
        log.append(at(2))
    log.close()
    assert read_back(open_log) == (None if is_first else at(1))

    again = open_log()
    again.append(at(3))
    again.close()
    assert read_back(open_log) == at(3)


@pytest.mark.parametrize("torn", [False, True])
def test_killed_between_any_two_steps_a_run_can_go_on(open_log: OpenLog, path: Path, torn: bool) -> None:
    # The first step opens the file.
    for steps in itertools.count(1):
        path.write_bytes(line(at(1)))
        log = open_log(disk=Disk(steps, torn))
        written = [at(1)]
        try:
            for events in (2, 3):
                written.append(at(events))
                log.append(at(events))
        except Killed:
            pass
        else:
            break
        finally:
            log.close()
        # The last line that was begun, or the one before it.
        assert read_back(open_log) in written[-2:], steps
        after = open_log()
        after.append(at(4))
        after.close()
        assert read_back(open_log) == at(4)
    assert steps == 5


def test_a_failing_close_hides_nothing(open_log: OpenLog) -> None:
    log = open_log(disk=Disk(failing={"close": errno.EIO}))
    log.append(at(1))
    log.close()


# ---- who may use it


@pytest.mark.parametrize("umask", [0o000, 0o277])
def test_a_new_file_is_for_its_owner_alone(open_log: OpenLog, path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        open_log().append(at(1))
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_system_without_modes_will_do(open_log: OpenLog) -> None:
    open_log(disk=Disk(failing={"fchmod": errno.EPERM})).append(at(1))


@AS_ROOT
def test_owner_and_mode_of_an_existing_file_stay(open_log: OpenLog, path: Path) -> None:
    path.write_bytes(line(at(1)))
    path.chmod(0o664)
    os.chown(path, 12345, 54321)
    open_log().append(at(2))

    state = path.stat()
    assert (state.st_uid, state.st_gid, stat.S_IMODE(state.st_mode)) == (12345, 54321, 0o664)


def test_two_processes_may_create_it_at_once(open_log: OpenLog, path: Path) -> None:
    class Late(Disk):
        def open(self, name: str, flags: int, *mode: int) -> int:
            if flags & os.O_CREAT:
                path.write_bytes(line(at(1)))
            return os.open(name, flags, *mode)

    assert open_log(disk=Late()).last == at(1)


@pytest.mark.parametrize("write", [False, True])
def test_it_is_a_regular_file(open_log: OpenLog, path: Path, write: bool) -> None:
    os.mkfifo(path)
    assert refusal(lambda: open_log(write)) == f"progress_file: {path} is not a regular file. Give another path."
    path.unlink()
    path.mkdir()
    assert f"{path} can't be used: is a directory. Give a file in" in refusal(lambda: open_log(write))


@pytest.mark.parametrize("write", [False, True])
def test_a_path_that_can_not_be_opened(tmp_path: Path, key_file: os.stat_result, write: bool) -> None:
    for name, said in {
        "missing/progress": "can't be used: no such file or directory. Give a file in an existing directory",
        "object_keys/progress": "can't be used: not a directory. Give a file in an existing directory",
        "a\0b": "can't be used: invalid argument. Check the path and its file system",
    }.items():
        assert said in refusal(lambda name=name: CheckpointLog(f"{tmp_path}/{name}", write, key_file))


def test_check_mode_fails_where_the_file_could_not_be_created(
    path: Path, open_log: OpenLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write everywhere.
    monkeypatch.setattr(os, "access", lambda name, _mode: name != str(path.parent))

    assert "can't be used: permission denied. Allow the user" in refusal(lambda: open_log(write=False))


def test_it_is_not_the_file_of_object_keys(tmp_path: Path, key_file: os.stat_result) -> None:
    os.link(tmp_path / "object_keys", tmp_path / "hard")
    (tmp_path / "soft").symlink_to("object_keys")
    tmp_path.chmod(0o755)
    for name in ("object_keys", "hard", "soft"):
        said = refusal(lambda name=name: CheckpointLog(str(tmp_path / name), True, key_file))
        assert said.startswith("progress_file and object_keys_file are the same file")
    assert (tmp_path / "object_keys").read_bytes() == b"a\n"


def test_links_are_followed_in_directories_of_one_s_own(
    open_log: OpenLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path.parent / "second").symlink_to("target")
    path.symlink_to(path.parent / "second")
    open_log().append(at(1))
    assert (path.parent / "target").exists()
    # Also where the path has no directory.
    monkeypatch.chdir(path.parent)
    other = CheckpointLog("progress", False, (path.parent / "object_keys").stat())
    assert other.failure is not None
    other.close()


def test_a_link_to_itself_ends(open_log: OpenLog, path: Path) -> None:
    path.symlink_to(path)
    assert "too many levels of symbolic links" in refusal(open_log)


@AS_ROOT
@pytest.mark.parametrize("mode", [0o1777, 0o777, 0o775, 0o757])
def test_where_others_can_write_nothing_of_theirs_is_used(open_log: OpenLog, path: Path, mode: int) -> None:
    path.parent.chmod(mode)
    # A link, although to nothing.
    path.symlink_to(path.parent / "target")
    assert f"{path} is a symbolic link, and other users can write to its directory" in refusal(open_log)
    assert not (path.parent / "target").exists()
    path.unlink()
    # A log of another user.
    path.write_bytes(line(at(10)))
    os.chown(path, 12345, -1)
    assert f"{path} belongs to another user, and other users can write to its directory" in refusal(open_log)
    path.unlink()
    # One's own.
    open_log().append(at(1))
    assert path.stat().st_uid == os.geteuid()


def test_a_link_into_a_directory_of_others_is_not_followed_further(open_log: OpenLog, path: Path) -> None:
    shared = path.parent / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    path.symlink_to(shared / "link")
    (shared / "link").symlink_to(path.parent / "target")

    assert "is a symbolic link" in refusal(open_log)
    assert not (path.parent / "target").exists()


# ---- the lock


@pytest.mark.parametrize("write", [False, True])
def test_only_one_process_has_it_and_is_named(open_log: OpenLog, path: Path, write: bool) -> None:
    holder = open_log()
    waiting = str(open_log(write).failure)
    assert waiting.startswith(f"progress_file: {path} is in use. Wait until that run has ended")

    holder.append(at(1))
    second = open_log(write)
    assert f'{path} is in use by the process {os.getpid()} on "{os.uname().nodename}"' in str(second.failure)
    assert (second.failure or Failure(None, "")).kind == "file"
    assert second.last is None

    holder.close()
    assert open_log(write).failure is None


def test_many_may_look_at_once(open_log: OpenLog, path: Path) -> None:
    path.write_bytes(line(at(1)))

    assert [open_log(write=False).failure for _number in range(2)] == [None, None]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_causes_a_warning(open_log: OpenLog, path: Path, number: int) -> None:
    def flock(_descriptor: int, operation: int) -> None:
        assert operation == fcntl.LOCK_EX | fcntl.LOCK_NB
        raise OSError(number, os.strerror(number))

    path.write_bytes(line(at(1)))
    log = open_log(flock=flock)

    assert (log.failure, log.last) == (None, at(1))
    (warning,) = log.warnings
    assert warning.startswith(
        f"progress_file {path}: it can't be locked: {os.strerror(number).lower()}. Make sure that"
    )


# ---- when lines are written


class Run(t.NamedTuple):
    progress: Progress
    now: list[float]


@pytest.fixture
def start_run(open_log: OpenLog) -> t.Callable[..., Run]:
    def start_run(start: Position = BEGINNING, start_over: bool = False) -> Run:
        now = [1000.0]
        return Run(Progress(open_log(), IDENTITY, start, 100, start_over, monotonic=lambda: now[0]), now)

    return start_run


def lines(path: Path) -> list[tuple[int, bool]]:
    entries = [json.loads(text) for text in path.read_bytes().splitlines()]
    return [(entry["accepted_count"], entry["finished"]) for entry in entries]


def test_lines_are_written_often_at_first_and_then_seldom(start_run: t.Callable[..., Run]) -> None:
    progress, now = start_run()
    due = []
    for tick in range(4 * 130):
        now[0] = 1000 + tick / 4
        if progress.is_due:
            progress.write(Position(tick, 1, f"sha {tick}"))
            due.append(now[0] - 1000)

    assert due[:3] == [0.5, 1.0, 1.5]
    assert len([moment for moment in due if moment <= 60]) == 119
    assert [moment for moment in due if moment > 60] == [64.5 + 5 * number for number in range(14)]


def test_a_line_that_says_nothing_new_is_not_written(start_run: t.Callable[..., Run], path: Path) -> None:
    progress, _now = start_run()
    progress.begin()
    progress.write(BEGINNING)
    progress.write(Position(500, 50, "sha 5"))
    progress.write(Position(500, 50, "sha 5"))
    progress.write(Position(1000, 100, "sha 10"))

    assert lines(path) == [(0, False), (50, False), (100, True)]


def test_another_process_writes_where_it_starts_unless_all_is_accepted(
    start_run: t.Callable[..., Run], path: Path
) -> None:
    path.write_bytes(line(replace(at(5), sha256="s"), pid=1))
    start_run(Position(500, 50, "s")).progress.begin()
    assert lines(path) == [(50, False), (50, False)]
    assert json.loads(path.read_bytes().splitlines()[1])["pid"] == os.getpid()


def test_where_all_is_accepted_nothing_is_written(start_run: t.Callable[..., Run], path: Path) -> None:
    content = line(at(10), pid=1)
    path.write_bytes(content)
    start_run(Position(1000, 100, "sha 10")).progress.begin()

    assert path.read_bytes() == content


def test_the_log_of_another_run_is_started_over_once(start_run: t.Callable[..., Run], path: Path) -> None:
    path.write_bytes(line(at(10), sync_task_id="other"))
    progress, _now = start_run(start_over=True)
    progress.begin()
    progress.write(Position(500, 50, "sha 5"))

    assert lines(path) == [(0, False), (50, False)]


# ---- waiting for the copies


def entries(path: Path) -> list[dict[str, t.Any]]:
    return [json.loads(text) for text in path.read_bytes().splitlines()]


@pytest.fixture
def waiting(open_log: OpenLog) -> Run:
    """A run that is to wait for the copies, and whose objects are all accepted."""
    now = [1000.0]
    progress = Progress(open_log(), IDENTITY, BEGINNING, 100, False, True, lambda: now[0])
    progress.begin()
    progress.write(Position(1000, 100, "sha 10"))
    return Run(progress, now)


def test_lines_of_a_run_that_is_to_wait_say_so_until_it_has(waiting: Run, path: Path) -> None:
    waiting.now[0] += 1
    waiting.progress.write_counters({"success": 20, "failure": 0, "skip": 0}, waiting=True)
    waiting.progress.write_counters({"success": 99, "failure": 1, "skip": 0}, waiting=False)

    assert [(entry["finished"], entry["waiting"], entry.get("counters")) for entry in entries(path)] == [
        (False, True, None),
        (True, True, None),
        (True, True, {"success": 20, "failure": 0, "skip": 0}),
        (True, False, {"success": 99, "failure": 1, "skip": 0}),
    ]
    last = parse_line(path.read_bytes().splitlines()[-1])
    assert last is not None
    assert (last.offset, last.sha256, last.accepted_count, last.waiting) == (1000, "sha 10", 100, False)


def test_counters_are_written_as_seldom_as_other_lines(waiting: Run, path: Path) -> None:
    before = len(entries(path))
    for tick in range(4 * 30):
        waiting.now[0] = 2000 + tick / 4
        waiting.progress.write_counters({"success": tick, "failure": 0, "skip": 0}, waiting=True)

    assert len(entries(path)) - before == 6


def test_a_line_without_the_field_is_of_a_run_that_does_not_wait() -> None:
    entry = json.loads(line_of(at(3), NOW))
    del entry["waiting"]
    parsed = parse_line(json.dumps(entry).encode())

    assert parsed == at(3)
    assert parse_line(json.dumps({**entry, "waiting": 1}).encode()) is None


@pytest.mark.parametrize("now_waits", [True, False])
@pytest.mark.parametrize(("position", "waited", "is_told"), [(10, True, True), (10, False, False), (5, True, False)])
def test_a_run_that_submits_nothing_warns_if_the_one_before_did_not_wait_to_the_end(
    open_log: OpenLog, path: Path, tmp_path: Path, position: int, waited: bool, is_told: bool, now_waits: bool
) -> None:
    file = tmp_path / "keys"
    file.write_bytes(b"".join(b"key%05d.\n" % number for number in range(100)))
    sha256 = hashlib.sha256(file.read_bytes()[: 100 * position]).hexdigest()
    path.write_bytes(line(replace(at(position), sha256=sha256, waiting=waited)))
    log = open_log()
    key_file = KeyFile(str(file), "lines", False)
    source = FileSource(key_file, log)
    before = path.read_bytes()
    progress = source.resume(IDENTITY, now_waits)
    key_file.close()
    assert progress is not None
    progress.begin()

    assert source.resumed_count == 10 * position
    # The run after this one is to find the same.
    assert path.read_bytes() == before or position != 10
    assert [text for text in log.warnings if "ended before OMS had copied" in text] == log.warnings
    assert bool(log.warnings) is is_told
