# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What OMS has accepted of a file of names, on disk, so that a run that was killed can go on (design.md, behaviour 6).

The progress file is lines of JSON. The first says which run this is and how far it is: everything before the mark is
accepted. Each line behind it is an event that was accepted since. From time to time the file is written anew, with the
mark further on, and renamed into place.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import stat
import time
import typing as t
from dataclasses import asdict, dataclass, field, replace

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import FILE, ArgumentError, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import printable, quoted, reason

VERSION = 1
# After so many events the file is written anew. More would cost memory, fewer time: it takes a few milliseconds.
EVENTS_BETWEEN_REWRITES = 1000
# The longest that what was accepted may be lost to a power cut. A mere kill loses nothing.
SECONDS_BETWEEN_SYNCS = 1.0
# More than a first line and the events between two rewrites have.
_MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Identity:
    """What has to be the same for a run to be the same, beside the bytes of the file before the mark."""

    endpoint: str
    project_id: str
    sync_task_id: str
    object_keys_file_format: str
    object_keys_encoded: bool


@dataclass(frozen=True)
class Span:
    """A part of the file of names whose objects were accepted: offsets in bytes, the end is not in it.

    ``digest`` is that of all bytes of the file before ``end``. ``open_end`` says that the last line had no end yet.
    """

    start: int
    end: int
    object_count: int
    digest: str
    open_end: bool = False


@dataclass(frozen=True)
class Record:
    """What a progress file says. ``mark`` begins with the file; ``spans`` are behind it, in order."""

    identity: Identity
    mark: Span
    spans: tuple[Span, ...] = ()
    finished: bool = False

    def grown(self, spans: t.Iterable[Span]) -> Record:
        """The same with more accepted; the mark moves as far as there is no gap.

        A line without an end stays behind the mark: bytes that are appended to it make it another name.
        """
        mark = self.mark
        waiting = []
        for span in sorted({*self.spans, *spans}, key=lambda span: span.start):
            if span.start == mark.end and not span.open_end:
                mark = Span(0, span.end, mark.object_count + span.object_count, span.digest)
            elif span.start >= mark.end:
                waiting.append(span)
        return replace(self, mark=mark, spans=tuple(waiting))


def new_record(identity: Identity, digest_of_nothing: str) -> Record:
    """The record of a run that has not begun."""
    return Record(identity, Span(0, 0, 0, digest_of_nothing))


@dataclass(frozen=True)
class Place:
    """Where a run goes on in the file of names.

    ``skipped`` are the parts behind the start that are accepted, the offset of the end by that of the start.
    """

    record: Record
    resumed_count: int = 0
    skipped: dict[int, int] = field(default_factory=dict)
    warning: str | None = None

    @property
    def start(self) -> int:
        return self.record.mark.end


def find_place(path: str, identity: Identity, record: Record | None, digests: t.Mapping[int, str]) -> Place:
    """Find out where a run goes on.

    :arg path: of the progress file, for messages.
    :arg record: what it says; None where there is none.
    :arg digests: those of the bytes before the offsets in the file of names where a line ends, the ones in the record
        among them.
    :raises Failure: the progress is that of another run which is not finished.
    """
    fresh = Place(new_record(identity, digests[0]))
    if record is None:
        return fresh
    other = [
        f"{name} is {quoted(str(value))} there and {quoted(str(asdict(identity)[name]))} here"
        for name, value in asdict(record.identity).items()
        if value != asdict(identity)[name]
    ]
    if digests.get(record.mark.end) != record.mark.digest:
        other.append(f"object_keys_file differs in its first {record.mark.end} bytes, which were sent already")
    if not other:
        known = tuple(span for span in record.spans if digests.get(span.end) == span.digest)
        return Place(
            replace(record, spans=known, finished=False),
            record.mark.object_count + sum(span.object_count for span in known),
            {span.start: span.end for span in known},
        )
    if record.finished:
        warning = f"progress_file: {path} is of another run, which is finished: {'; '.join(other)}. A new run starts"
        return replace(fresh, warning=printable(warning))
    raise Failure(
        FILE,
        f"progress_file: {path} is of another run, which is not finished: {'; '.join(other)}",
        "Run that one again with what it had to finish it, give this one another progress_file,"
        f" or delete {path} to drop that progress",
    )


class Progress:
    """A progress file, and the lock on it until it is closed.

    :arg write: whether it is to be written; without, it is looked at, and need not exist.
    :raises ArgumentError: it can't be read or written, or is something else.
    :raises Failure: another process has it.
    """

    def __init__(self, path: str, write: bool = True, monotonic: t.Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self.record: Record | None = None
        self._monotonic = monotonic
        self._synced_at = monotonic()
        self._spans: list[Span] = []
        self._descriptor = -1
        try:
            # A link stays a link: the file is renamed into place.
            self.path = os.path.realpath(path)
            _check_folder(self.path)
            self._open(write)
            if self._descriptor >= 0:
                self.record = _read(path, os.pread(self._descriptor, _MAX_BYTES, 0))
        except (OSError, ValueError) as error:
            self.close()
            raise ArgumentError(f"progress_file: {path} can't be used: {reason(error)}") from None
        except Exception:
            self.close()
            raise

    def _open(self, write: bool) -> None:
        flags = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | (os.O_RDWR | os.O_CREAT if write else os.O_RDONLY)
        while True:
            try:
                self._descriptor = os.open(self.path, flags, 0o600)
            except FileNotFoundError:
                if write:
                    raise
                return
            state = os.fstat(self._descriptor)
            if not stat.S_ISREG(state.st_mode):
                raise ArgumentError(f"progress_file: {self.path} is no regular file")
            self._lock(self._descriptor, write)
            # Its holder may have put another file in its place before letting go of the lock.
            if _is_same(self.path, state):
                return
            self.close()

    def _lock(self, descriptor: int, write: bool) -> None:
        try:
            # The kernel's lock: it ends with the process, however that ends.
            fcntl.flock(descriptor, (fcntl.LOCK_EX if write else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(
                FILE,
                f"progress_file: {self.path} is in use{_holder(descriptor)}",
                "Wait until that run has ended, or give this one another progress_file",
            ) from None

    def close(self) -> None:
        """Let go of the file and its lock."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def begin(self, record: Record) -> None:
        """Write what is known at the start of a run.

        :raises Failure: the disk does not take it.
        """
        self._rewrite(record)

    def add(self, span: Span) -> None:
        """Note an accepted event.

        :raises Failure: the disk does not take it.
        """
        self._spans.append(span)
        try:
            _write(self._descriptor, _line(asdict(span)))
        except OSError as error:
            raise self._failed(error) from None
        if self.record and len(self._spans) >= EVENTS_BETWEEN_REWRITES:
            self._rewrite(self.record)
        self.sync()

    def sync(self) -> None:
        """Have the disk keep what was noted, once a second.

        :raises Failure: the disk does not take it.
        """
        if self._monotonic() < self._synced_at + SECONDS_BETWEEN_SYNCS:
            return
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise self._failed(error) from None
        self._synced_at = self._monotonic()

    def end(self, finished: bool) -> None:
        """Write what is known at the end of a run.

        :arg finished: whether all was accepted.
        :raises Failure: the disk does not take it.
        """
        if self.record:
            self._rewrite(replace(self.record, finished=finished))

    def _rewrite(self, record: Record) -> None:
        self.record = record = record.grown(self._spans)
        self._spans.clear()
        new = f"{self.path}.new"
        head = {
            "oms_progress": VERSION,
            **asdict(record.identity),
            "mark": asdict(record.mark),
            "finished": record.finished,
            "host": socket.gethostname(),
            "pid": os.getpid(),
        }
        try:
            # Appending, so that each event is one write and none can tear another.
            flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(new, flags, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _write(descriptor, b"".join(map(_line, [head, *map(asdict, record.spans)])))
                os.fsync(descriptor)
                os.rename(new, self.path)
                _sync_folder(self.path)
            except OSError:
                os.close(descriptor)
                raise
        except OSError as error:
            raise self._failed(error) from None
        self.close()
        self._descriptor = descriptor
        self._synced_at = self._monotonic()

    def _failed(self, error: OSError) -> Failure:
        return Failure(
            FILE,
            f"the progress file {self.path} can't be written: {reason(error)}",
            "Make room for it and run the task again: it goes on from what was written",
        )


def _write(descriptor: int, text: bytes) -> None:
    if os.write(descriptor, text) < len(text):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _line(entry: t.Mapping[str, t.Any]) -> bytes:
    return json.dumps(entry, separators=(",", ":")).encode() + b"\n"


def _read(path: str, text: bytes) -> Record | None:
    """Understand a progress file; its last line may be torn, and counts for nothing then."""
    lines = text.split(b"\n")[:-1]
    if not text:
        return None
    try:
        head = json.loads(lines[0])
        if head["oms_progress"] != VERSION:
            raise ValueError
        identity = Identity(**_typed(Identity, {name: head[name] for name in Identity.__dataclass_fields__}))
        record = Record(identity, _span(head["mark"]), finished=head["finished"] is True)
        return record.grown(_span(json.loads(line)) for line in lines[1:])
    except (IndexError, KeyError, TypeError, ValueError, RecursionError):
        raise ArgumentError(
            f"progress_file: {path} is no progress file of this version of the module, and is left as it is:"
            " give another path"
        ) from None


_FIELD_TYPES: dict[type, dict[str, t.Any]] = {kind: t.get_type_hints(kind) for kind in (Identity, Span)}


def _span(fields: t.Any) -> Span:
    return Span(**_typed(Span, fields))


def _typed(kind: type, fields: t.Any) -> dict[str, t.Any]:
    """The fields of a dataclass as they were read.

    :raises TypeError: one is of another type than it was written with.
    """
    types = _FIELD_TYPES[kind]
    if not isinstance(fields, dict) or not all(isinstance(value, types[name]) for name, value in fields.items()):
        raise TypeError
    return fields


def _holder(descriptor: int) -> str:
    """Who holds the lock, as far as the file says it."""
    try:
        head = json.loads(os.pread(descriptor, _MAX_BYTES, 0).split(b"\n")[0])
        return f" by the process {int(head['pid'])} on {quoted(str(head['host']))}"
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return ""


def _is_same(path: str, state: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), state)
    except FileNotFoundError:
        return False


def _check_folder(path: str) -> None:
    """Fail where a run could not write its progress."""
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _sync_folder(path: str) -> None:
    descriptor = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
