# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The progress file: a log of checkpoints, appended in place.

Nothing is renamed, and no other file is written or removed.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
import typing as t
from dataclasses import replace
from datetime import datetime, timezone

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import FILE, ArgumentError, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.checkpoint import (
    Checkpoint,
    Identity,
    last_checkpoint,
    line_of,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.key_file import Position
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import printable, quoted, reason

# How much of the end of the log is read for its last valid line.
_TAIL_BYTES = 1024 * 1024
# Seconds between two lines: often enough to follow a short run, seldom enough for a log that is read as text.
_FIRST_SECONDS = 60.0
_FIRST_INTERVAL = 0.5
_LATER_INTERVAL = 5.0
# What Linux follows, too.
_MAX_LINKS = 40
_OPEN = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class CheckpointLog:
    """A progress file that is open and locked until it is closed.

    ``last`` is its last valid checkpoint; ``failure`` says why no run can use it now.

    :arg write: false in check mode, which does not create the file.
    :arg key_file: the state of the file of object keys, which must be another one.
    :arg disk: the module os, and flock: the kernel's lock; to be replaced in tests.
    :raises ArgumentError: it can't be read or written, or is something else.
    """

    def __init__(
        self,
        path: str,
        write: bool,
        key_file: os.stat_result,
        disk: t.Any = os,
        flock: t.Callable[[int, int], object] = fcntl.flock,
    ) -> None:
        self.path = path
        self.last: Checkpoint | None = None
        self.failure: Failure | None = None
        self.warnings: list[str] = []
        self._disk = disk
        self._descriptor = -1
        self._is_incomplete = False
        try:
            self._open(write)
            if self._descriptor >= 0:
                self._check(key_file)
                self._lock(flock, fcntl.LOCK_EX if write else fcntl.LOCK_SH)
                self._read()
        except (OSError, ValueError) as error:
            self.close()
            what = f"progress_file: {path} can't be used: {reason(error)}"
            raise ArgumentError(f"{what}. {_advice(error)}") from None
        except BaseException:
            self.close()
            raise

    def _open(self, write: bool) -> None:
        path, self._is_shared = _follow_links(self.path)
        while True:
            try:
                self._descriptor = self._disk.open(path, _OPEN)
                return
            except FileNotFoundError:
                if not write:
                    if not os.access(os.path.dirname(path) or ".", os.W_OK | os.X_OK):
                        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None
                    return
            except OSError as error:
                if error.errno == errno.ELOOP and self._is_shared:
                    raise self._unsafe("is a symbolic link") from None
                raise
            # Another process may create it just now.
            with contextlib.suppress(FileExistsError):
                self._descriptor = self._disk.open(path, _OPEN | os.O_CREAT | os.O_EXCL, 0o600)
                self._is_shared = False
                # Whatever the umask says. Some file systems have no modes.
                with contextlib.suppress(OSError):
                    self._disk.fchmod(self._descriptor, 0o600)
                return

    def _check(self, key_file: os.stat_result) -> None:
        state = os.fstat(self._descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise ArgumentError(f"progress_file: {self.path} is not a regular file. Give another path")
        if os.path.samestat(state, key_file):
            raise ArgumentError("progress_file and object_keys_file are the same file. Give progress_file another path")
        # As the kernel's protected_regular: anyone can have put it there.
        if self._is_shared and state.st_uid != os.geteuid():
            raise self._unsafe("belongs to another user")

    def _unsafe(self, what: str) -> ArgumentError:
        return ArgumentError(
            f"progress_file: {self.path} {what}, and other users can write to its directory."
            " Use a directory that only you can write to"
        )

    def _lock(self, flock: t.Callable[[int, int], object], operation: int) -> None:
        try:
            # The kernel's lock: it ends with the process.
            flock(self._descriptor, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            holder, _unreadable = last_checkpoint(self._tail())
            by = f" by the process {holder.pid} on {quoted(holder.host)}" if holder else ""
            self.failure = Failure(
                FILE,
                f"progress_file: {self.path} is in use{by}",
                "Wait until that run has ended. If it submits other object keys, give this run another progress_file",
            )
        except OSError as error:
            self.warn(f"it can't be locked: {reason(error)}. Make sure that only one run uses it at a time")

    def warn(self, text: str) -> None:
        """Add a warning for the user, without a full stop."""
        self.warnings.append(printable(f"progress_file {self.path}: {text}."))

    def _tail(self) -> bytes:
        with open(self._descriptor, "rb", closefd=False) as reader:
            reader.seek(max(0, reader.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return reader.read(_TAIL_BYTES)

    def _read(self) -> None:
        if self.failure or not os.fstat(self._descriptor).st_size:
            return
        self.last, unreadable = last_checkpoint(self._tail())
        if self.last is None:
            raise ArgumentError(
                f"progress_file: {self.path} is not a progress file of this module, and was not changed."
                " Give another path, or delete the file if it is not needed"
            )
        if unreadable:
            lines = "line is" if unreadable == 1 else f"{unreadable} lines are"
            self.warn(f"the last {lines} unreadable and ignored")

    def close(self) -> None:
        """Close the file, which unlocks it."""
        if self._descriptor >= 0:
            # Each line has been synchronised: nothing can be lost here.
            with contextlib.suppress(OSError):
                self._disk.close(self._descriptor)
            self._descriptor = -1

    def append(self, checkpoint: Checkpoint, start_over: bool = False) -> None:
        """Append a line, and have the disk keep it.

        :arg start_over: whether to remove all lines first.
        :raises Failure: it can't be written.
        """
        try:
            self._append(checkpoint, start_over)
        except OSError as error:
            what = f"The progress file {self.path} can't be written: {reason(error)}"
            raise Failure(FILE, what, _advice(error)) from None

    def append_for_people(self, checkpoint: Checkpoint) -> None:
        """Append a line that no run needs. The first one that can't be written gives a warning."""
        try:
            self._append(checkpoint)
        except OSError as error:
            if not self._is_incomplete:
                self.warn(f"counters of the wait for the copies can't be written to it: {reason(error)}")
            self._is_incomplete = True

    def _append(self, checkpoint: Checkpoint, start_over: bool = False) -> None:
        line = line_of(checkpoint, datetime.now(timezone.utc))
        if start_over:
            self._disk.ftruncate(self._descriptor, 0)
        size = os.fstat(self._descriptor).st_size
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line
        self._write(line, size)
        self.last = checkpoint

    def _write(self, line: bytes, size: int) -> None:
        try:
            while line:
                line = line[self._disk.write(self._descriptor, line) :]
        except OSError:
            # A file without a valid line would be refused by the next run.
            if not size:
                with contextlib.suppress(OSError):
                    self._disk.ftruncate(self._descriptor, 0)
            raise
        try:
            self._disk.fsync(self._descriptor)
        except OSError as error:
            # Some file systems have no fsync.
            if error.errno != errno.EINVAL:
                raise


class Progress:
    """Writes the checkpoints of a run, as often as is useful.

    :arg start: where the run starts.
    :arg start_over: whether the log is of another run.
    :arg waiting: whether the run is to wait for the copies.
    """

    def __init__(
        self,
        log: CheckpointLog,
        identity: Identity,
        start: Position,
        object_count: int,
        start_over: bool,
        waiting: bool = False,
        monotonic: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._identity = identity
        self._start = start
        self._object_count = object_count
        self._start_over = start_over
        self._waiting = waiting
        self._monotonic = monotonic
        self._began_at = self._written_at = monotonic()

    @property
    def is_due(self) -> bool:
        """Whether it is time for another line."""
        now = self._monotonic()
        interval = _FIRST_INTERVAL if now < self._began_at + _FIRST_SECONDS else _LATER_INTERVAL
        return now >= self._written_at + interval

    def begin(self) -> None:
        """Write the first line of the run.

        :raises Failure: it can't be written.
        """
        self.write(self._start)

    def write(self, accepted: Position) -> None:
        """Write a line, if it says something new.

        :arg accepted: before which all is accepted.
        :raises Failure: it can't be written.
        """
        checkpoint = Checkpoint(
            self._identity,
            accepted.object_count,
            self._object_count,
            accepted.offset,
            accepted.sha256,
            finished=accepted.object_count == self._object_count,
            waiting=self._waiting,
        )
        self._written_at = self._monotonic()
        last = self._log.last
        if last == checkpoint and (checkpoint.finished or last.pid == checkpoint.pid):
            return
        self._log.append(checkpoint, self._start_over)
        self._start_over = False

    def write_counters(self, counters: t.Mapping[str, int], waiting: bool) -> None:
        """Write a line about the copies, once all is accepted.

        :arg counters: what the sync task copied.
        :arg waiting: whether the run is to go on waiting. Then a line is written only if it is due.
        """
        if self._log.last and (self.is_due or not waiting):
            self._written_at = self._monotonic()
            self._log.append_for_people(replace(self._log.last, counters=counters, waiting=waiting))


def _follow_links(path: str) -> tuple[str, bool]:
    """Follow links up to a directory that others can write to, where anyone can have made one.

    :returns: the path of the file, and whether others can write to its directory.
    """
    for _number in range(_MAX_LINKS):
        directory = os.path.dirname(path) or "."
        if os.stat(directory).st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return path, True
        if not os.path.islink(path):
            return path, False
        path = os.path.join(directory, os.readlink(path))
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


_ADVICE = {
    **dict.fromkeys([errno.ENOSPC, errno.EDQUOT], "Make room on its file system"),
    **dict.fromkeys([errno.EACCES, errno.EPERM, errno.EROFS], "Allow the user of the task to write it"),
    **dict.fromkeys([errno.ENOENT, errno.ENOTDIR, errno.EISDIR], "Give a file in an existing directory"),
}


def _advice(error: Exception) -> str:
    first = _ADVICE.get(getattr(error, "errno", None) or 0, "Check the path and its file system")
    return f"{first}, then run the task again"
