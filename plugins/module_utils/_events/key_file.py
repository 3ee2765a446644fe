# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""A file of object keys as a stream: read once to check it and once to submit it, a batch at a time.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import contextlib
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
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import reason

LINES = "lines"
JSONL = "jsonl"
FORMATS = (LINES, JSONL)

# Longer than any line with an object key: JSON writes a character of a URL-encoded key with 6 bytes at most, \uXXXX.
MAX_LINE_BYTES = 8 * MAX_ENCODED_CHARACTERS
# URL-encoding makes 3 characters of a byte at most: an object key as short as this fits without a look at its encoding.
_SHORT_BYTES = MAX_ENCODED_CHARACTERS // 3
_BOM = b"\xef\xbb\xbf"
_UTF_16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_BLOCK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Position:
    """An offset in the file; ``object_count`` and ``sha256`` are of what is before it."""

    offset: int
    object_count: int
    sha256: str


BEGINNING = Position(0, 0, hashlib.sha256().hexdigest())


@dataclass(frozen=True)
class FileBatch(Batch):
    """The objects of one event, and where they end in the file."""

    end: Position


@dataclass(frozen=True)
class Checked:
    """What a check found.

    ``start`` is where the first object key begins that is not before the given offset; ``sha256`` is that of the bytes
    before that offset, None if the file has fewer.
    """

    object_count: int
    start: Position
    sha256: str | None


class _Line(t.NamedTuple):
    """``content`` is without the line end, which has ``end`` bytes: 0 where the file ends before the line does."""

    number: int
    raw: bytes
    content: bytes
    end: int


class KeyFile:
    """A file of object keys, open until it is closed: if its path gets another file, that changes nothing.

    :arg path: of a regular file; others, a FIFO for one, are refused without waiting for anything.
    :arg file_format: one of ``FORMATS``.
    :arg encoded: whether the object keys are URL-encoded already.
    :raises ArgumentError: the file can't be read.
    """

    def __init__(self, path: str, file_format: str, encoded: bool) -> None:
        self.path = path
        self._format = file_format
        self._encoded = encoded
        # The digests of the bytes before the offsets at which reading may begin, and of all bytes.
        self._digests: dict[int, t.Any] = {0: hashlib.sha256()}
        self._sha256: str | None = None
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            raise ArgumentError(f"object_keys_file: {_cannot_be_read(path, error)}") from None
        self.state = os.fstat(self._descriptor)
        if not stat.S_ISREG(self.state.st_mode):
            self.close()
            raise ArgumentError(f"object_keys_file: {path} is not a regular file. Write the object keys to one first")

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):
            os.close(self._descriptor)

    def check(self, offset: int = 0) -> Checked:
        """Read all of the file and check each object key.

        :arg offset: where an earlier run ended. If the line before it had no line end then, a line end completes it;
            anything else makes it another object key.
        :raises ArgumentError: names the line, counted from 1, and the rule; or the file has changed meanwhile.
        """
        digest = hashlib.sha256()
        end = object_count = 0
        start = BEGINNING
        sha256 = None if offset else BEGINNING.sha256
        list_check = _ListCheck() if self._format == LINES else None
        try:
            for line in self._lines(0):
                begin, end = end, end + len(line.raw)
                if begin < offset <= end:
                    before = digest.copy()
                    before.update(line.raw[: offset - begin])
                    sha256 = before.hexdigest()
                    # Overwritten below if the line is complete.
                    start = self._remember(Position(begin, object_count, digest.hexdigest()), digest)
                digest.update(line.raw)
                if line.content:
                    self._check(line)
                    object_count += 1
                    if list_check:
                        list_check.add(line.content)
                if begin < offset <= end and offset in (end, end - line.end):
                    start = self._remember(Position(end, object_count, digest.hexdigest()), digest)
        except OSError as error:
            raise ArgumentError(f"object_keys_file: {_cannot_be_read(self.path, error)}") from None
        if _fingerprint(os.fstat(self._descriptor)) != _fingerprint(self.state):
            raise ArgumentError(f"object_keys_file: {self._changed()}")
        if not object_count:
            raise ArgumentError(f"object_keys_file: {self.path} has no object keys. At least 1 is required")
        if list_check and list_check.found:
            raise ArgumentError(
                f"object_keys_file: {self.path} is {list_check.found}. For JSON, write one string per line and set"
                " object_keys_file_format to jsonl"
            )
        self._sha256 = digest.hexdigest()
        return Checked(object_count, start, sha256)

    def _remember(self, position: Position, digest: t.Any) -> Position:
        self._digests[position.offset] = digest.copy()
        return position

    def batches(self, batch_size: int, start: Position = BEGINNING) -> t.Iterator[FileBatch]:
        """Gather the objects into events, in order. The file must have been checked.

        :arg batch_size: objects in one event, 1 to 100.
        :arg start: the beginning, or what the check found.
        :raises Failure: the file has changed since it was checked.
        """
        keys: list[ObjectKey] = []
        offset, object_count = start.offset, start.object_count
        try:
            digest = self._digests[offset].copy()
            for line in self._lines(offset):
                offset += len(line.raw)
                digest.update(line.raw)
                if line.content:
                    keys.append(self._object_key(line))
                    object_count += 1
                if len(keys) == batch_size:
                    if _fingerprint(os.fstat(self._descriptor)) != _fingerprint(self.state):
                        raise self._changed()
                    yield FileBatch(tuple(keys), Position(offset, object_count, digest.hexdigest()))
                    keys.clear()
            if digest.hexdigest() != self._sha256:
                raise self._changed()
            if keys:
                yield FileBatch(tuple(keys), Position(offset, object_count, digest.hexdigest()))
        except (OSError, ValueError, ArgumentError):
            # It was read and checked before.
            raise self._changed() from None

    def _lines(self, start: int) -> t.Iterator[_Line]:
        # Closing it leaves the descriptor open, which is for all readings.
        with open(self._descriptor, "rb", _BLOCK_BYTES, closefd=False) as reader:
            reader.seek(start)
            number = 0
            while raw := reader.readline(MAX_LINE_BYTES + 1):
                number += 1
                end = 2 if raw.endswith(b"\r\n") else 1 if raw.endswith(b"\n") else 0
                if start == 0 and number == 1 and not end and b"\r" in raw:
                    raise ArgumentError(
                        f"object_keys_file: {self.path} has CR as its only line end. End each line with LF or CRLF"
                    )
                if len(raw) > MAX_LINE_BYTES:
                    raise ArgumentError(
                        f"object_keys_file: line {number} of {self.path} has more than {MAX_LINE_BYTES} bytes, more"
                        " than any object key. End each object key with a line break"
                    )
                content = raw[: len(raw) - end]
                if start == 0 and number == 1 and content.startswith(_BOM):
                    content = content[len(_BOM) :]
                yield _Line(number, raw, content, end)

    def _check(self, line: _Line) -> None:
        """Check an object key. No message shows it: with become, the file may be one that others must not read."""
        where = f"object_keys_file: line {line.number} of {self.path}"
        if b"\0" in line.content or (line.number == 1 and line.content.startswith(_UTF_16_BOMS)):
            raise ArgumentError(
                f"{where} contains a NUL byte or UTF-16. Write one object key per line, in UTF-8 (find -print instead"
                " of -print0, iconv -f UTF-16 -t UTF-8)"
            )
        try:
            if self._format == LINES and not self._encoded and len(line.content) <= _SHORT_BYTES:
                line.content.decode()
            else:
                self._object_key(line)
        except UnicodeDecodeError as error:
            raise ArgumentError(
                f"{where} contains a byte that is not UTF-8, byte {error.start + 1} of the line. Write it in UTF-8"
            ) from None
        except ArgumentError as error:
            raise ArgumentError(f"{where} {error}") from None

    def _object_key(self, line: _Line) -> ObjectKey:
        text = line.content.decode()
        key = _json_string(text) if self._format == JSONL else text
        return ObjectKey(key, check_encoded(key) if self._encoded else encode(key))

    def _changed(self) -> Failure:
        return Failure(
            FILE,
            f"The file {self.path} changed while it was being read",
            "Run the task again when the file is complete",
        )


class _ListCheck:
    """Finds out whether a file that is read as lines is JSON."""

    def __init__(self) -> None:
        self._first = self._last = b""
        self._count = 0
        self._all_strings = True

    def add(self, content: bytes) -> None:
        self._first = self._first or content.strip()
        self._last = content
        self._count += 1
        # Ends at the first line that is something else.
        self._all_strings = self._all_strings and content.startswith(b'"') and isinstance(_json(content), str)

    @property
    def found(self) -> str:
        if self._all_strings:
            return "a file of JSON strings"
        is_list = self._count == 1 and isinstance(_json(self._first), list)
        return "a JSON list" if is_list or (self._first == b"[" and self._last.strip() == b"]") else ""


def _fingerprint(state: os.stat_result) -> tuple[int, int]:
    return state.st_size, state.st_mtime_ns


def _cannot_be_read(path: str, error: Exception) -> str:
    return f"the file {path} can't be read: {reason(error)}. Check the path and the permissions"


def _json(text: str | bytes) -> t.Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _json_string(text: str) -> str:
    value = _json(text)
    if not isinstance(value, str):
        raise ArgumentError('is not a JSON string. With the format jsonl each line must be one, for example "a/b.txt".')
    return value
