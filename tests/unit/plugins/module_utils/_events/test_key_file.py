# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Files of names: what a line is, what is refused, and where batches stand in the file."""

from __future__ import annotations

import hashlib
import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.key_file import (
    JSONL,
    LINES,
    MAX_LINE_BYTES,
    KeyFile,
)
from hypothesis import given
from hypothesis import strategies as st


class Opened(t.NamedTuple):
    key_file: KeyFile
    path: Path


@pytest.fixture
def opened(tmp_path: Path) -> t.Iterator[t.Callable[..., Opened]]:
    """Write a file and open it as one of names."""
    key_files = []

    def make(content: bytes, file_format: str = LINES, encoded: bool = False) -> Opened:
        path = tmp_path / "names"
        path.write_bytes(content)
        key_files.append(KeyFile(str(path), file_format, encoded))
        return Opened(key_files[-1], path)

    yield make
    for key_file in key_files:
        key_file.close()


def read(key_file: KeyFile, batch_size: int = 100) -> list[str]:
    key_file.check()
    return [name for batch in key_file.batches(batch_size) for name in batch.names]


def refusal(call: t.Callable[[], object]) -> str:
    with pytest.raises(ArgumentError) as caught:
        call()
    return str(caught.value)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# ---- what a line is


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"a\nb\n", ["a", "b"]),
        (b"a\nb", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"\n\na\n\r\n\nb\n\n", ["a", "b"]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", ["a", "\ufeffb"]),
        (b"\xef\xbb\xbf\na\n", ["a"]),
        # A byte order mark is one at the beginning only.
        (b"\n\r\n\xef\xbb\xbf", ["\ufeff"]),
        (b" a \n\tb\n", [" a ", "\tb"]),
        # Neither a lone CR, nor what str.splitlines takes for the end of a line.
        (b"a\rb\nc\r", ["a\rb", "c\r"]),
        ("a\u0085b\u2028c\u2029d\x0be\x0cf\x1cg\n".encode(), ["a\u0085b\u2028c\u2029d\x0be\x0cf\x1cg"]),
        ("中 文+%\n".encode(), ["中 文+%"]),
        (b'"a"\n#b\n', ['"a"', "#b"]),
    ],
)
def test_lines(opened: t.Callable[..., Opened], content: bytes, names: list[str]) -> None:
    assert read(opened(content).key_file) == names


def test_names_with_line_breaks_come_as_json(opened: t.Callable[..., Opened]) -> None:
    content = b'"a\\nb"\n"\\u4e2d"\r\n\n "c" \n"\xe4\xb8\xad"'

    assert read(opened(content, JSONL).key_file) == ["a\nb", "中", "c", "中"]


def test_names_that_are_encoded_stay_as_they_are(opened: t.Callable[..., Opened]) -> None:
    key_file = opened(b"a%2Fb/c+d\n", encoded=True).key_file
    key_file.check()

    assert [batch.encoded for batch in key_file.batches(10)] == [["a%2Fb/c+d"]]


@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=20)))
def test_any_names_come_back(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    path = tmp_path_factory.mktemp("any") / "names"
    path.write_bytes(b"".join(json.dumps(name).encode() + b"\n" for name in [*names, "last"] if name))
    key_file = KeyFile(str(path), JSONL, False)
    try:
        assert read(key_file, 3) == [*filter(None, names), "last"]
    finally:
        key_file.close()


# ---- what is refused


@pytest.mark.parametrize(
    ("content", "file_format", "encoded", "message"),
    [
        (b"", LINES, False, "holds no names: at least 1 is needed"),
        (b"\xef\xbb\xbf\n\n", LINES, False, "holds no names: at least 1 is needed"),
        (
            b"a\n\nb\xff\n",
            LINES,
            False,
            "line 3 of {path} holds a byte that is not UTF-8, byte 2 of the line: objects' names are",
        ),
        (b"a\n" + b"b" * 16385, LINES, False, "has 16385 characters when URL-encoded. At most 16384 are allowed"),
        ("中".encode() * 1821, LINES, False, "has 16389 characters when URL-encoded. At most 16384 are allowed"),
        (b"a" * (MAX_LINE_BYTES + 1), LINES, False, "line 1 of {path} has more than 131072 bytes, which no name has"),
        (b"a\nb c\n", LINES, True, 'line 2 of {path}, "b c", has a space at character 2'),
        (b"50%\n", LINES, True, 'line 1 of {path}, "50%", has a % without two hexadecimal digits'),
        (b'"a"\nb\n', JSONL, False, 'line 2 of {path}, "b", is no JSON string: with the format jsonl each line is one'),
        (b'["a"]\n', JSONL, False, "is no JSON string"),
        (b"1\n", JSONL, False, "is no JSON string"),
        (b'""\n', JSONL, False, "is empty. An object key has at least 1 character."),
        (b'"\\ud800"\n', JSONL, False, "contains bytes that are not UTF-8"),
        (b"[" * 100_000, JSONL, False, "is no JSON string"),
    ],
)
def test_a_bad_line_is_named(
    opened: t.Callable[..., Opened], content: bytes, file_format: str, encoded: bool, message: str
) -> None:
    key_file, path = opened(content, file_format, encoded)
    said = refusal(key_file.check)

    assert said.startswith("object_keys_file: ")
    assert message.format(path=path) in said
    assert len(said) < 600


def test_the_longest_name_is_read_in_each_format(opened: t.Callable[..., Opened]) -> None:
    assert read(opened(b"a" * 16384 + b"\r\n").key_file) == ["a" * 16384]
    escaped = b'"' + b"\\u0061" * 16384 + b'"\n'
    assert read(opened(escaped, JSONL).key_file) == ["a" * 16384]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _path: None, "can't be read: no such file or directory"),
        (os.mkdir, "is no regular file: write the names to one first"),
        # Opening it would wait for a writer, otherwise.
        (os.mkfifo, "is no regular file: write the names to one first"),
    ],
    ids=["missing", "directory", "fifo"],
)
def test_only_a_regular_file_is_read(tmp_path: Path, make: t.Callable[[str], None], message: str) -> None:
    path = str(tmp_path / "names")
    make(path)

    assert refusal(lambda: KeyFile(path, LINES, False)).endswith(message)


def test_a_path_that_is_none_is_refused() -> None:
    assert "can't be read" in refusal(lambda: KeyFile("a\0b", LINES, False))


# ---- places in the file


def test_batches_say_where_they_stand(opened: t.Callable[..., Opened]) -> None:
    content = b"\n1\n2\n\n3\r\n4\n\n5"
    key_file = opened(content).key_file
    end, _found = key_file.check()

    first, second, third = key_file.batches(2)

    assert [batch.names for batch in (first, second, third)] == [["1", "2"], ["3", "4"], ["5"]]
    # Without gaps: what one leaves to the next begins where it ends.
    assert (first.start, first.end, second.start, second.end) == (0, 5, 5, 11)
    assert (third.start, third.end) == (11, len(content))
    assert [batch.digest for batch in (first, second, third)] == [sha256(content[:n]) for n in (5, 11, len(content))]
    assert [batch.open_end for batch in (first, second, third)] == [False, False, True]
    assert (end.offset, end.object_count, end.digest) == (len(content), 5, sha256(content))


def test_a_check_finds_the_places_where_lines_end(opened: t.Callable[..., Opened]) -> None:
    content = b"1\n22\r\n333\n"
    key_file = opened(content).key_file

    _end, found = key_file.check({2, 3, 4, 6, 99})

    # 4 is where line 2 would end if CRLF were not there yet; 3 is in the middle of it.
    assert {offset: (place.object_count, place.digest) for offset, place in found.items()} == {
        0: (0, sha256(b"")),
        2: (1, sha256(b"1\n")),
        4: (2, sha256(b"1\n22")),
        6: (2, sha256(b"1\n22\r\n")),
    }


def test_reading_begins_where_it_is_told_and_skips_what_it_is_told(opened: t.Callable[..., Opened]) -> None:
    content = b"".join(b"%d\n" % number for number in range(10))
    key_file = opened(content).key_file
    key_file.check()

    batches = list(key_file.batches(2, start=4, skipped={10: 14}))

    # A batch ends before a part that is skipped.
    assert [(batch.start, batch.end, batch.names) for batch in batches] == [
        (4, 8, ["2", "3"]),
        (8, 10, ["4"]),
        (14, 18, ["7", "8"]),
        (18, 20, ["9"]),
    ]
    assert batches[-1].digest == sha256(content)


# ---- what changes under the run


def test_a_file_that_grows_is_noticed_before_more_is_sent(opened: t.Callable[..., Opened]) -> None:
    key_file, path = opened(b"1\n2\n3\n4\n")
    key_file.check()
    batches = key_file.batches(1)
    assert next(batches).names == ["1"]

    with path.open("ab") as file:
        file.write(b"5\n")

    with pytest.raises(Failure, match="changed while it was being read") as caught:
        next(batches)
    assert caught.value.kind == "file"


def test_other_bytes_are_noticed_though_size_and_time_stay(opened: t.Callable[..., Opened]) -> None:
    key_file, path = opened(b"1\n2\n3\n")
    key_file.check()
    state = path.stat()
    path.write_bytes(b"1\n2\n4\n")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))

    with pytest.raises(Failure, match="changed while it was being read"):
        list(key_file.batches(2))


@pytest.mark.parametrize("content", [b"1\n\xff\n3\n", b"1\n" + b"2" * 20000, b"1\n"])
def test_what_can_not_be_a_name_any_more_is_a_change(opened: t.Callable[..., Opened], content: bytes) -> None:
    key_file, path = opened(b"1\n2\n3\n")
    key_file.check()
    path.write_bytes(content)

    with pytest.raises(Failure, match="Let it be complete before the task starts"):
        list(key_file.batches(1))


def test_a_change_during_the_check_is_noticed(opened: t.Callable[..., Opened]) -> None:
    key_file, path = opened(b"1\n")
    path.write_bytes(b"1\n2\n")

    with pytest.raises(Failure, match="changed while it was being read"):
        key_file.check()


def test_a_file_that_is_replaced_is_read_to_its_end(opened: t.Callable[..., Opened], tmp_path: Path) -> None:
    key_file, path = opened(b"1\n2\n")
    key_file.check()
    (tmp_path / "other").write_bytes(b"other\n")
    (tmp_path / "other").rename(path)

    assert [batch.names for batch in key_file.batches(1)] == [["1"], ["2"]]
