# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Object keys on their way from a webhook to OMS, on disk: what is in here once is handed over at least once.

    incoming.jsonl          what has arrived, a key a line, as JSON; each line that ends is on disk
    gathered-TIME.jsonl     the same, taken away to be split
    batches/TIME-PIECE/     keys that are handed over in one run of the playbook
      keys.jsonl            them; the playbook deletes it when OMS has accepted them all, and the batch is done
      progress              what OMS has accepted of them so far: the module's progress_file
      attempts              how often they were handed to a playbook; its time is that of the last attempt
      failed                made by the playbook when it failed
    dead/TIME-PIECE/        batches that were given up
    unread/TIME.json        notifications that nobody understood
    new/                    what is not complete yet, and counts for nothing
    lock                    held by the process that hands batches over
    incoming.lock           held while incoming.jsonl is written or taken away
    gather.lock             held while batches are made

Each step can be repeated. A process may be killed between any two of them, or in one, and the next process goes on.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import secrets
import shutil
import stat
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

KEYS = "keys.jsonl"
ATTEMPTS = "attempts"
FAILED = "failed"

# Of notifications that nobody understood, the newest stay, for someone to look at. A webhook takes up to 1 MiB each.
MAX_UNREAD_FILES = 1000
MAX_UNREAD_BYTES = 64 * 1024 * 1024

_BLOCK_BYTES = 64 * 1024


class SpoolError(Exception):
    """The spool can't be used; the text is a sentence for the user."""


@dataclass(frozen=True)
class Batch:
    """Keys that one run of the playbook hands over.

    ``path`` is its folder, ``attempts`` how often that was tried, ``tried_at`` when last, in seconds since the epoch.
    """

    path: Path
    attempts: int = 0
    tried_at: float = 0.0

    @property
    def is_done(self) -> bool:
        return not _exists(self.path / KEYS)

    @property
    def has_failed(self) -> bool:
        return _exists(self.path / FAILED)


class Spool:
    """A folder of its own for one stream of keys.

    :arg folder: it is made if it is missing, the folder around it is not.
    :arg disk: what changes the disk, the module `os` for all but tests.
    :raises SpoolError: it can't be used, or others may look into it.
    """

    def __init__(self, folder: str | os.PathLike[str], disk: t.Any = os) -> None:
        self.folder = Path(folder)
        self._disk = disk
        try:
            if self._make(self.folder):
                self._sync(self.folder.parent)
            made = [self._make(self._at(name)) for name in ("batches", "dead", "unread", "new")]
            if any(made):
                self._sync(self.folder)
            state = self.folder.stat()
        except OSError as error:
            raise SpoolError(f"the spool {self.folder} can't be used: {_reason(error)}") from None
        if state.st_uid != os.geteuid() or stat.S_IMODE(state.st_mode) & 0o077:
            raise SpoolError(
                f"the spool {self.folder} must belong to the user that runs ansible-rulebook and to no one else:"
                " chown it, and chmod it to 0700"
            )

    def _at(self, name: str) -> Path:
        return self.folder / name

    def _make(self, path: Path) -> bool:
        try:
            self._disk.mkdir(path, 0o700)
        except FileExistsError:
            return False
        return True

    # ---- for the filter

    def add(self, keys: t.Sequence[str]) -> None:
        """Put keys on the disk; when this returns, they are there to stay.

        :raises OSError: the disk does not take them. Then none of them counts.
        """
        if not keys:
            return
        with self._locked("incoming.lock"):
            descriptor = self._disk.open(self._at("incoming.jsonl"), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                end = _end_of_lines(descriptor)
                # Whoever wrote a torn line was killed before anyone was told that it is here.
                self._disk.ftruncate(descriptor, end)
                try:
                    self._write(descriptor, _lines(keys))
                except OSError:
                    with contextlib.suppress(OSError):
                        self._disk.ftruncate(descriptor, end)
                    raise
            finally:
                os.close(descriptor)
            # Always, since whoever made the file may have been killed before this.
            self._sync(self.folder)

    def keep_unread(self, notification: object, reason: str) -> tuple[Path, int]:
        """Keep a notification that yields no keys, for someone to look at.

        :returns: its file, and how many older ones went to make room.
        :raises OSError: the disk does not take it.
        """
        path = self._at("unread") / f"{_stamp()}.json"
        try:
            text = json.dumps({"reason": reason, "notification": notification}, indent=1)
        except (RecursionError, ValueError):
            text = json.dumps({"reason": reason, "notification": None}, indent=1)
        self._store(path, text.encode() + b"\n")
        self._sync(path.parent)
        return path, self._make_room(path)

    def _make_room(self, newest: Path) -> int:
        others = sorted(set(newest.parent.glob("*.json")) - {newest}, reverse=True)
        room = MAX_UNREAD_BYTES - _size(newest)
        gone = 0
        for number, path in enumerate(others, 1):
            room -= _size(path)
            if room < 0 or number >= MAX_UNREAD_FILES:
                self._remove(path)
                gone += 1
        return gone

    # ---- for the source

    @contextlib.contextmanager
    def held(self) -> t.Iterator[None]:
        """Be the one that hands batches over.

        :raises SpoolError: another process is.
        """
        descriptor = os.open(self._at("lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                # The kernel's lock: it ends with the process, however that ends.
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
                raise SpoolError(
                    f"the spool {self.folder} is in use by the process {holder or 'that has just started'}:"
                    " stop that one, or take another folder"
                ) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            self._tidy()
            yield
        finally:
            os.close(descriptor)

    def _tidy(self) -> None:
        """Take away what a process that was killed has left."""
        for folder in self._at("new").iterdir():
            shutil.rmtree(folder)
        for folder in self._at("batches").iterdir():
            if folder.is_dir() and Batch(folder).is_done:
                shutil.rmtree(folder)

    @property
    def has_arrivals(self) -> bool:
        """Whether there are keys that are in no batch yet."""
        return _exists(self._at("incoming.jsonl")) or bool(self._gathered())

    def gather(self, max_keys: int) -> int:
        """Make batches of all that has arrived.

        :arg max_keys: as many are in one batch at most, each once.
        :returns: how many lines held no key and were left out.
        :raises OSError: the disk does not take them. They arrive again with the next try.
        """
        # A source that was cancelled has let go of its own lock, and its thread may still be in here.
        with self._locked("gather.lock"):
            with self._locked("incoming.lock"):
                if _exists(self._at("incoming.jsonl")):
                    self._disk.rename(self._at("incoming.jsonl"), self._at(f"gathered-{_stamp()}.jsonl"))
                    self._sync(self.folder)
            return sum(self._split(path, max_keys) for path in self._gathered())

    def _gathered(self) -> list[Path]:
        return sorted(self.folder.glob("gathered-*.jsonl"))

    def _split(self, gathered: Path, max_keys: int) -> int:
        name = gathered.stem.partition("-")[2]
        for folder in self._at("batches").glob(f"{name}-*"):
            # Of a try that did not come to its end. What it held is in the file all the same.
            shutil.rmtree(folder)
        skipped = 0
        piece = 0
        keys: dict[str, None] = {}
        with gathered.open("rb") as lines:
            for line in lines:
                key = _key(line)
                if key is None:
                    skipped += 1
                    continue
                keys[key] = None
                if len(keys) == max_keys:
                    self._make_batch(f"{name}-{piece:06}", keys)
                    piece += 1
                    keys.clear()
        if keys:
            self._make_batch(f"{name}-{piece:06}", keys)
        self._sync(self._at("batches"))
        self._disk.unlink(gathered)
        self._sync(self.folder)
        return skipped

    def _make_batch(self, name: str, keys: t.Iterable[str]) -> None:
        new = self._at("new") / name
        if _exists(new):
            shutil.rmtree(new)
        self._disk.mkdir(new, 0o700)
        self._store(new / KEYS, _lines(keys))
        self._sync(new)
        self._disk.rename(new, self._at("batches") / name)

    def batches(self) -> list[Batch]:
        """The batches that are not done, the oldest first."""
        found = [_read_batch(folder) for folder in sorted(self._at("batches").iterdir()) if folder.is_dir()]
        return [batch for batch in found if not batch.is_done]

    def begin(self, batch: Batch) -> Batch:
        """Count an attempt before it begins, so that one which takes this process with it counts, too."""
        new = batch.path / f"{ATTEMPTS}.new"
        self._remove(batch.path / FAILED)
        self._remove(new)
        self._store(new, f"{batch.attempts + 1}\n".encode())
        self._disk.rename(new, batch.path / ATTEMPTS)
        return _read_batch(batch.path)

    def note_failure(self, batch: Batch) -> None:
        """Let the time until the next attempt count from now on."""
        self._disk.utime(batch.path / ATTEMPTS)

    def finish(self, batch: Batch) -> None:
        """Take a batch away that is done."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(batch.path)

    def bury(self, batch: Batch) -> Path:
        """Give a batch up. Moved back, it begins anew.

        :returns: where it is now.
        """
        self._remove(batch.path / ATTEMPTS)
        self._remove(batch.path / FAILED)
        grave = self._at("dead") / batch.path.name
        while _exists(grave):
            # Someone has copied it back instead of moving it.
            grave = grave.with_name(f"{grave.name}-again")
        self._disk.rename(batch.path, grave)
        self._sync(grave.parent)
        self._sync(batch.path.parent)
        return grave

    # ---- for both

    @contextlib.contextmanager
    def _locked(self, name: str) -> t.Iterator[None]:
        descriptor = os.open(self._at(name), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _store(self, path: Path, content: bytes) -> None:
        """Write a new file, on disk when this returns; its folder is not."""
        descriptor = self._disk.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            self._write(descriptor, content)
        except OSError:
            self._remove(path)
            raise
        finally:
            os.close(descriptor)

    def _remove(self, path: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._disk.unlink(path)

    def _write(self, descriptor: int, content: bytes) -> None:
        if self._disk.write(descriptor, content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._disk.fsync(descriptor)

    def _sync(self, folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._disk.fsync(descriptor)
        finally:
            os.close(descriptor)


def _stamp() -> str:
    """A name that sorts by time, and that no other has."""
    return f"{time.time_ns():020}-{secrets.token_hex(4)}"


def _lines(keys: t.Iterable[str]) -> bytes:
    # In ASCII: no character of a key can end a line, and no beginning of a line is a key.
    return b"".join(json.dumps(key).encode() + b"\n" for key in keys)


def _key(line: bytes) -> str | None:
    """The key in a line; None in what a power cut may have left."""
    try:
        key = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return key if isinstance(key, str) else None


def _end_of_lines(descriptor: int) -> int:
    """The offset behind the last line that has an end."""
    end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(0, end - _BLOCK_BYTES)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _read_batch(folder: Path) -> Batch:
    try:
        with (folder / ATTEMPTS).open(encoding="ascii") as file:
            return Batch(folder, int(file.read(16)), os.fstat(file.fileno()).st_mtime)
    except (FileNotFoundError, ValueError):
        return Batch(folder)


def _exists(path: Path) -> bool:
    # `Path.exists` takes any error for a no, and a batch that can't be looked at for one that is done.
    try:
        path.stat()
    except FileNotFoundError:
        return False
    return True


def _size(path: Path) -> int:
    return path.stat().st_size if _exists(path) else 0


def _reason(error: OSError) -> str:
    return os.strerror(error.errno or errno.EINVAL).lower()
