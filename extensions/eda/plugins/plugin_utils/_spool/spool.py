# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Add object keys, make batches of them, and keep a batch until OMS has accepted it."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import shutil
import typing as t
from pathlib import Path

from .batch import ATTEMPTS, FAILED, KEYS, Batch, from_line, read_batch, to_lines
from .directory import SpoolError, check, prepare
from .files import Files, exists, size
from .unread import Kept, Unread, UnreadRecord, stamp

_BLOCK_BYTES = 64 * 1024


class Spool:
    """A directory for the object keys of one sync task.

    :arg directory: it is made if it is missing; its parent is not.
    :arg disk: what changes files, the module `os`; tests pass one that fails.
    :raises SpoolError: it cannot be used, or another user has access.
    """

    def __init__(self, directory: str | os.PathLike[str], disk: t.Any = os) -> None:
        self.directory = Path(directory)
        self._files = Files(disk)
        self._disk = disk
        # The incoming.jsonl whose entry in the directory is on disk.
        self._synced_file: tuple[int, int] | None = None
        prepare(self.directory, self._files)
        self._unread = Unread(self._at("unread"), self._files)

    def _at(self, name: str) -> Path:
        return self.directory / name

    # ---- for the filter

    def check(self) -> None:
        """Check again that only this user has access.

        :raises SpoolError: it is not so.
        """
        try:
            check(self.directory)
        except FileNotFoundError:
            prepare(self.directory, self._files)

    def add(self, object_keys: t.Sequence[str]) -> None:
        """Store object keys; when this returns, they are on disk.

        :raises OSError: they cannot be written. Then none of them is stored.
        """
        if not object_keys:
            return
        with self._locked("incoming.lock"):
            descriptor = self._disk.open(self._at("incoming.jsonl"), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                end = _end_of_lines(descriptor)
                state = os.fstat(descriptor)
                if state.st_size > end:
                    # An incomplete line: its writer was killed before anyone was told that it is stored.
                    self._disk.ftruncate(descriptor, end)
                try:
                    self._files.write(descriptor, to_lines(object_keys))
                except OSError:
                    with contextlib.suppress(OSError):
                        self._disk.ftruncate(descriptor, end)
                    raise
            finally:
                os.close(descriptor)
            # Its creator may have been killed before this. A new file may have the inode of an old one.
            if end == 0 or self._synced_file != (state.st_dev, state.st_ino):
                self._synced_file = None
                self._files.sync(self.directory)
                self._synced_file = (state.st_dev, state.st_ino)

    def keep_unread(self, records: t.Sequence[UnreadRecord]) -> Kept:
        """Keep records that cannot be read for an operator to look at.

        :raises OSError: the disk does not take them.
        """
        return self._unread.keep(records)

    # ---- for the source

    @contextlib.contextmanager
    def held(self) -> t.Iterator[None]:
        """Be the one process that runs the batches.

        :raises SpoolError: another process does.
        """
        descriptor = os.open(self._at("lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                # The kernel's lock: it ends with the process, however that ends.
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
                raise SpoolError(
                    f"The spool {self.directory} is in use by the process {holder or 'that has just started'}."
                    " Stop that process, or choose another directory."
                ) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            self._remove_leftovers()
            yield
        finally:
            os.close(descriptor)

    def _remove_leftovers(self) -> None:
        """Remove incomplete and finished batches that a killed process left."""
        for directory in self._at("new").iterdir():
            shutil.rmtree(directory)
        for directory in self._at("batches").iterdir():
            if directory.is_dir() and Batch(directory).is_accepted:
                shutil.rmtree(directory)

    @property
    def has_arrivals(self) -> bool:
        """Whether there are object keys that are in no batch yet."""
        return exists(self._at("incoming.jsonl")) or bool(self._gathered())

    def gather(self, max_keys: int) -> int:
        """Make batches of all object keys that have arrived.

        :arg max_keys: object keys in one batch at most, each once.
        :returns: how many lines contained no object key and were left out.
        :raises OSError: the disk does not take them. They are gathered again by the next call.
        """
        # A source that was cancelled has released its own lock, and its thread may still be in here.
        with self._locked("gather.lock"):
            with self._locked("incoming.lock"):
                if exists(self._at("incoming.jsonl")):
                    self._files.rename(self._at("incoming.jsonl"), self._at(f"gathered-{stamp()}.jsonl"))
                    self._files.sync(self.directory)
            return sum(self._divide(path, max_keys) for path in self._gathered())

    def _gathered(self) -> list[Path]:
        return sorted(self.directory.glob("gathered-*.jsonl"))

    def _divide(self, gathered: Path, max_keys: int) -> int:
        name = gathered.stem.partition("-")[2]
        for directory in self._at("batches").glob(f"{name}-*"):
            # Left by a call that did not come to its end. The file still contains these object keys.
            shutil.rmtree(directory)
        skipped = 0
        piece = 0
        object_keys: dict[str, None] = {}
        with gathered.open("rb") as lines:
            for line in lines:
                object_key = from_line(line)
                if object_key is None:
                    skipped += 1
                    continue
                object_keys[object_key] = None
                if len(object_keys) == max_keys:
                    self._make_batch(f"{name}-{piece:06}", to_lines(object_keys))
                    piece += 1
                    object_keys.clear()
        if object_keys:
            self._make_batch(f"{name}-{piece:06}", to_lines(object_keys))
        self._files.sync(self._at("batches"))
        self._disk.unlink(gathered)
        self._files.sync(self.directory)
        return skipped

    def _make_batch(self, name: str, lines: bytes, attempts: int = 0) -> None:
        new = self._at("new") / name
        if exists(new):
            shutil.rmtree(new)
        self._files.make_directory(new)
        self._files.store(new / KEYS, lines)
        if attempts:
            self._files.store(new / ATTEMPTS, f"{attempts}\n".encode())
        self._files.sync(new)
        self._files.rename(new, self._at("batches") / name)

    def batches(self) -> list[Batch]:
        """The batches that are not accepted, the oldest first. Those that were accepted meanwhile are removed."""
        waiting = []
        for path in sorted(self._at("batches").iterdir()):
            if not path.is_dir():
                continue
            batch = read_batch(path)
            if not batch.is_accepted:
                waiting.append(batch)
            elif batch.attempts:
                # Its playbook ended after the lease. Without attempts, someone is copying it back just now.
                self.finish(batch)
        return waiting

    def begin(self, batch: Batch) -> Batch:
        """Count an attempt before it begins: one that ends this process counts, too."""
        new = batch.path / f"{ATTEMPTS}.new"
        self._files.remove(batch.path / FAILED)
        self._files.remove(new)
        self._files.store(new, f"{batch.attempts + 1}\n".encode())
        self._files.rename(new, batch.path / ATTEMPTS)
        return read_batch(batch.path)

    def note_failure(self, batch: Batch) -> None:
        """Have the delay until the next attempt begin now."""
        self._disk.utime(batch.path / ATTEMPTS)

    def finish(self, batch: Batch) -> None:
        """Remove a batch."""
        # First its object keys: a batch without them counts as accepted.
        self._files.remove(batch.path / KEYS)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(batch.path)

    def halve(self, batch: Batch, attempts: int) -> bool:
        """Make two batches of one. What OMS has accepted of it is submitted again, which is harmless.

        :arg attempts: the number of attempts that the halves start with.
        :returns: False if the batch contains one line only. Then it stays as it is.
        """
        lines = (batch.path / KEYS).read_bytes().splitlines(keepends=True)
        if len(lines) < 2:
            return False
        middle = len(lines) // 2
        for name, half in (("1", lines[:middle]), ("2", lines[middle:])):
            path = batch.path.with_name(f"{batch.path.name}-{name}")
            if exists(path):
                # Left by a call that did not come to its end.
                shutil.rmtree(path)
            self._make_batch(path.name, b"".join(half), attempts)
        self._files.sync(batch.path.parent)
        self.finish(batch)
        return True

    def move_to_dead_letter(self, batch: Batch) -> Path:
        """Move a batch to the dead-letter directory. Moved back, it begins anew.

        :returns: where it is now.
        """
        self._files.remove(batch.path / ATTEMPTS)
        self._files.remove(batch.path / FAILED)
        path = self._at("dead") / batch.path.name
        while exists(path):
            # Someone has copied it back instead of moving it.
            path = path.with_name(f"{path.name}-again")
        self._files.rename(batch.path, path)
        self._files.sync(path.parent)
        self._files.sync(batch.path.parent)
        return path

    def backlog(self) -> tuple[int, int]:
        """How many bytes of object keys wait to be submitted, and how many batches are in the dead-letter directory."""
        waiting = [self._at("incoming.jsonl"), *self._gathered(), *self._at("batches").glob(f"*/{KEYS}")]
        return sum(map(size, waiting)), sum(1 for _path in self._at("dead").iterdir())

    # ---- for both

    @contextlib.contextmanager
    def _locked(self, name: str) -> t.Iterator[None]:
        descriptor = os.open(self._at(name), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


@functools.lru_cache(maxsize=16)
def _kept_open(directory: str) -> Spool:
    return Spool(directory)


def opened(directory: str) -> Spool:
    """The spool of a directory, prepared once in a process and checked each time.

    :raises SpoolError: it cannot be used, or another user has access.
    """
    spool = _kept_open(directory)
    spool.check()
    return spool


def _end_of_lines(descriptor: int) -> int:
    """The offset behind the last complete line."""
    end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(0, end - _BLOCK_BYTES)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
