# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""A file of names as a stream: read once to check it and once to send it, a batch at a time.

The rules are those of design.md, "Files of names".

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import typing as t
from dataclasses import dataclass

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import FILE, ArgumentError, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.object_keys import (
    MAX_ENCODED_CHARACTERS,
    Batch,
    ObjectKey,
    check_encoded,
    encode,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import quoted, reason

LINES = "lines"
JSONL = "jsonl"
FORMATS = (LINES, JSONL)

# Longer than any line that holds a name: JSON writes a character of a URL-encoded name with 6 bytes at most, \uXXXX.
MAX_LINE_BYTES = 8 * MAX_ENCODED_CHARACTERS
# URL-encoding makes 3 characters of a byte at most: a name as short as this needs no encoding to know that it fits.
_SHORT_BYTES = MAX_ENCODED_CHARACTERS // 3
_BOM = b"\xef\xbb\xbf"
_BLOCK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Position:
    """A place in the file where a line ends; ``object_count`` and ``digest`` are of what is before it."""

    offset: int
    object_count: int
    digest: str


@dataclass(frozen=True)
class FileBatch(Batch):
    """The objects of one event, and where they stand in the file.

    ``digest`` is that of all bytes before ``end``. ``open_end`` says that the last line has no end yet, so that bytes
    behind it might change its name.
    """

    start: int
    end: int
    digest: str
    open_end: bool


class _Line(t.NamedTuple):
    """``content`` is without what ends the line; that has ``end`` bytes, 0 where the file ends before the line does."""

    number: int
    raw: bytes
    content: bytes
    end: int


class KeyFile:
    """A file of names, open until it is closed: who replaces it meanwhile changes nothing.

    :arg path: of a regular file; others, a FIFO for one, are refused without waiting for anything.
    :arg file_format: one of ``FORMATS``.
    :arg encoded: whether the names are URL-encoded already.
    :raises ArgumentError: the file can't be read.
    """

    def __init__(self, path: str, file_format: str, encoded: bool) -> None:
        self.path = path
        self._format = file_format
        self._encoded = encoded
        self._checked: Position | None = None
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            raise ArgumentError(f"object_keys_file: {_cannot_be_read(path, error)}") from None
        state = os.fstat(self._descriptor)
        if not stat.S_ISREG(state.st_mode):
            self.close()
            raise ArgumentError(f"object_keys_file: {path} is no regular file: write the names to one first")
        self._state = _fingerprint(state)

    def close(self) -> None:
        os.close(self._descriptor)

    def check(self, ends: t.Collection[int] = ()) -> tuple[Position, dict[int, Position]]:
        """Read all of the file and check each name.

        :arg ends: offsets at which a line may end.
        :returns: the end of the file, and the given places where a line does end.
        :raises ArgumentError: names the line, counted from 1, and the rule.
        """
        digest = hashlib.sha256()
        offset = object_count = 0
        found: dict[int, Position] = {0: Position(0, 0, digest.hexdigest())}
        try:
            for line in self._lines(0):
                if line.content:
                    self._check(line)
                    object_count += 1
                # A line may have got its end since the place was noted.
                bare_end = offset + len(line.raw) - line.end
                if bare_end in ends:
                    until = digest.copy()
                    until.update(line.raw[: bare_end - offset])
                    found[bare_end] = Position(bare_end, object_count, until.hexdigest())
                digest.update(line.raw)
                offset += len(line.raw)
                if offset in ends:
                    found[offset] = Position(offset, object_count, digest.hexdigest())
        except OSError as error:
            raise ArgumentError(f"object_keys_file: {_cannot_be_read(self.path, error)}") from None
        self._fail_if_changed()
        if not object_count:
            raise ArgumentError(f"object_keys_file: {self.path} holds no names: at least 1 is needed")
        self._checked = Position(offset, object_count, digest.hexdigest())
        return self._checked, found

    def batches(
        self, batch_size: int, start: int = 0, skipped: t.Mapping[int, int] | None = None
    ) -> t.Iterator[FileBatch]:
        """Gather the objects into events, in order. The file must have been checked.

        :arg batch_size: objects in one event, 1 to 100.
        :arg start: the offset of the first line.
        :arg skipped: parts that are left out, the offset of the end by that of the start.
        :raises Failure: the file has changed since it was checked.
        """
        skipped = skipped or {}
        keys: list[ObjectKey] = []
        first = offset = skipped_until = start
        try:
            digest = self._digest_before(start)
            for line in self._lines(start):
                if offset in skipped:
                    if keys:
                        yield FileBatch(tuple(keys), first, offset, digest.hexdigest(), False)
                        keys.clear()
                    skipped_until = skipped[offset]
                here, offset = offset, offset + len(line.raw)
                digest.update(line.raw)
                if here < skipped_until:
                    first = offset
                    continue
                if line.content:
                    keys.append(self._object_key(line))
                if len(keys) == batch_size:
                    self._fail_if_changed()
                    yield FileBatch(tuple(keys), first, offset, digest.hexdigest(), line.end == 0)
                    keys.clear()
                    first = offset
            if self._checked and digest.hexdigest() != self._checked.digest:
                raise self._changed()
            if keys:
                yield FileBatch(tuple(keys), first, offset, digest.hexdigest(), line.end == 0)
        except (OSError, ValueError, ArgumentError):
            # It was read and checked before.
            raise self._changed() from None

    def _digest_before(self, offset: int) -> t.Any:
        digest = hashlib.sha256()
        done = 0
        while block := os.pread(self._descriptor, min(offset - done, _BLOCK_BYTES), done):
            digest.update(block)
            done += len(block)
        return digest

    def _lines(self, start: int) -> t.Iterator[_Line]:
        # Closing it leaves the descriptor open, which is for all readings.
        with open(self._descriptor, "rb", _BLOCK_BYTES, closefd=False) as reader:
            reader.seek(start)
            number = 0
            while raw := reader.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(raw) > MAX_LINE_BYTES:
                    raise ArgumentError(
                        f"object_keys_file: line {number} of {self.path} has more than {MAX_LINE_BYTES} bytes, which no"
                        " name has: end each name with a line break"
                    )
                end = 2 if raw.endswith(b"\r\n") else 1 if raw.endswith(b"\n") else 0
                content = raw[: len(raw) - end]
                if start == 0 and number == 1 and content.startswith(_BOM):
                    content = content[len(_BOM) :]
                yield _Line(number, raw, content, end)

    def _check(self, line: _Line) -> None:
        try:
            if self._format == LINES and not self._encoded and len(line.content) <= _SHORT_BYTES:
                line.content.decode()
            else:
                self._object_key(line)
        except UnicodeDecodeError as error:
            raise ArgumentError(
                f"object_keys_file: line {line.number} of {self.path} holds a byte that is not UTF-8, byte"
                f" {error.start + 1} of the line: objects' names are UTF-8"
            ) from None
        except ArgumentError as error:
            shown = quoted(line.content.decode("utf-8", "replace"))
            raise ArgumentError(f"object_keys_file: line {line.number} of {self.path}, {shown}, {error}") from None

    def _object_key(self, line: _Line) -> ObjectKey:
        text = line.content.decode()
        name = _json_string(text) if self._format == JSONL else text
        return ObjectKey(name, check_encoded(name) if self._encoded else encode(name))

    def _fail_if_changed(self) -> None:
        if _fingerprint(os.fstat(self._descriptor)) != self._state:
            raise self._changed()

    def _changed(self) -> Failure:
        return Failure(
            FILE,
            f"the file {self.path} changed while it was being read",
            "Let it be complete before the task starts, and run the task again",
        )


def _fingerprint(state: os.stat_result) -> tuple[int, int]:
    return state.st_size, state.st_mtime_ns


def _cannot_be_read(path: str, error: Exception) -> str:
    return f"the file {path} can't be read: {reason(error)}"


def _json_string(text: str) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, str):
        raise ArgumentError('is no JSON string: with the format jsonl each line is one, "like this"')
    return value
