# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Files of object keys: what a line is, what is refused, where a run resumes, and where batches end in the file."""

from __future__ import annotations

import hashlib
import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.key_file import (
    BEGINNING,
    JSONL,
    LINES,
    MAX_LINE_BYTES,
    KeyFile,
    Position,
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
    return [name for batch in key_file.batches(batch_size) for name in batch.given]


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
        # Some lines of JSON, or what only looks like it.
        (b'"a"\nb\n"c"\n', ['"a"', "b", '"c"']),
        (b'"a\n', ['"a']),
        (b"[\na\n", ["[", "a"]),
        (b"a\n]\n", ["a", "]"]),
        (b"[a]\n", ["[a]"]),
        (b'["a"]\n["b"]\n', ['["a"]', '["b"]']),
        (b"{}\n", ["{}"]),
        (b"12\n", ["12"]),
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


SECRET = "root:$6$Marker"


@pytest.mark.parametrize(
    ("content", "file_format", "encoded", "message"),
    [
        (b"", LINES, False, "{path} has no object keys. At least 1 is required"),
        (b"\xef\xbb\xbf\n\n", LINES, False, "{path} has no object keys. At least 1 is required"),
        (b"a\n\nb\xff\n", LINES, False, "line 3 of {path} contains a byte that is not UTF-8, byte 2 of the line"),
        (b"a\n" + b"b" * 16385, LINES, False, "line 2 of {path} has 16385 characters when URL-encoded. At most 16384"),
        ("中".encode() * 1821, LINES, False, "has 16389 characters when URL-encoded. At most 16384"),
        (b"a" * (MAX_LINE_BYTES + 1), LINES, False, "line 1 of {path} has more than 131072 bytes, more than any"),
        (f"a\n{SECRET} c\n".encode(), LINES, True, "line 2 of {path} has "),
        (f"{SECRET}50%\n".encode(), LINES, True, "line 1 of {path} has a % without two hexadecimal digits"),
        (
            f'"a"\n{SECRET}\n'.encode(),
            JSONL,
            False,
            "line 2 of {path} is not a JSON string. With the format jsonl each",
        ),
        (f'["{SECRET}"]\n'.encode(), JSONL, False, "line 1 of {path} is not a JSON string"),
        (b"1\n", JSONL, False, "is not a JSON string"),
        (b'""\n', JSONL, False, "line 1 of {path} is empty"),
        (b'"\\ud800"\n', JSONL, False, "bytes that are not UTF-8"),
        (b"[" * 100_000, JSONL, False, "is not a JSON string"),
        # find -print0
        (b"a\0b\0", LINES, False, "line 1 of {path} contains a NUL byte or UTF-16. Write one object key per line"),
        (b"a\n\0b\n", JSONL, False, "line 1 of {path} is not a JSON string"),
        (b'"a"\n"\0b"\n', JSONL, False, "line 2 of {path} contains a NUL byte or UTF-16"),
        ("a\nb\n".encode("utf-16"), LINES, False, "line 1 of {path} contains a NUL byte or UTF-16"),
        ("中\n".encode("utf-16"), LINES, False, "line 1 of {path} contains a NUL byte or UTF-16"),
        (b"\xfe\xff" + "中\n".encode("utf-16-be"), LINES, False, "line 1 of {path} contains a NUL byte or UTF-16"),
        (b"a\rb\rc\r", LINES, False, "{path} has CR as its only line end. End each line with LF or CRLF"),
        (b"a\rb", LINES, False, "{path} has CR as its only line end"),
        (b"a\r" * MAX_LINE_BYTES, LINES, False, "{path} has CR as its only line end"),
        (b'"a"\r"b"', JSONL, False, "{path} has CR as its only line end"),
        (b'"a"\n"b"\n', LINES, False, "{path} is a file of JSON strings. For JSON, write one string per line and set"),
        (b'\xef\xbb\xbf\n"a"', LINES, True, "{path} is a file of JSON strings"),
        (b'[\n  "a",\n  "b"\n]\n', LINES, False, "{path} is a JSON list. For JSON, write one string per line and set"),
        (b'\n[ \r\n"a"\r\n ]\n\n', LINES, False, "{path} is a JSON list"),
        (b'["a", "b"]\n', LINES, False, "{path} is a JSON list"),
    ],
)
def test_a_bad_file_is_refused_and_its_content_not_shown(
    opened: t.Callable[..., Opened], content: bytes, file_format: str, encoded: bool, message: str
) -> None:
    key_file, path = opened(content, file_format, encoded)
    said = refusal(key_file.check)

    assert said.startswith("object_keys_file: ")
    assert message.format(path=path) in said
    assert len(said) < 400
    assert "Marker" not in said


def test_the_longest_name_is_read_in_each_format(opened: t.Callable[..., Opened]) -> None:
    assert read(opened(b"a" * 16384 + b"\r\n").key_file) == ["a" * 16384]
    escaped = b'"' + b"\\u0061" * 16384 + b'"\n'
    assert read(opened(escaped, JSONL).key_file) == ["a" * 16384]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _path: None, "can't be read: no such file or directory. Check the path and the permissions."),
        (os.mkdir, "is not a regular file. Write the object keys to one first."),
        # Opening it would wait for a writer, otherwise.
        (os.mkfifo, "is not a regular file. Write the object keys to one first."),
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


def test_batches_say_where_they_end(opened: t.Callable[..., Opened]) -> None:
    content = b"\n1\n2\n\n3\r\n4\n\n5\n\n"
    key_file = opened(content).key_file
    checked = key_file.check()

    batches = list(key_file.batches(2))

    assert [batch.given for batch in batches] == [["1", "2"], ["3", "4"], ["5"]]
    assert [batch.end for batch in batches] == [
        Position(end, count, sha256(content[:end])) for end, count in ((5, 2), (11, 4), (len(content), 5))
    ]
    assert (checked.object_count, checked.start, checked.sha256) == (5, BEGINNING, sha256(b""))


@pytest.mark.parametrize(
    ("offset", "start", "count"),
    [
        (2, 2, 1),
        # The line got its end since: LF, or CRLF.
        (3, 4, 2),
        (6, 8, 3),
        # CR was a part of the object key, and an LF came behind it.
        (7, 4, 2),
        (8, 8, 3),
        # The line got longer.
        (9, 8, 3),
        # It still has no end.
        (11, 11, 4),
    ],
)
def test_a_check_finds_where_a_run_resumes(
    opened: t.Callable[..., Opened], offset: int, start: int, count: int
) -> None:
    content = b"1\n2\n33\r\n444"
    key_file = opened(content).key_file

    checked = key_file.check(offset)

    assert checked.sha256 == sha256(content[:offset])
    assert checked.start == Position(start, count, sha256(content[:start]))
    rest = [name for batch in key_file.batches(10, checked.start) for name in batch.given]
    assert rest == ["1", "2", "33", "444"][count:]
    # From the beginning, too, for a log that starts over.
    batches = list(key_file.batches(3))
    assert [batch.given for batch in batches] == [["1", "2", "33"], ["444"]]
    assert batches[-1].end.sha256 == sha256(content)


def test_a_file_that_got_shorter_has_no_such_offset(opened: t.Callable[..., Opened]) -> None:
    checked = opened(b"1\n2\n").key_file.check(5)

    assert (checked.sha256, checked.start) == (None, BEGINNING)


def test_a_byte_order_mark_belongs_to_the_first_line(opened: t.Callable[..., Opened]) -> None:
    checked = opened(b"\xef\xbb\xbfa\nb\n").key_file.check(4)

    assert checked.start == Position(5, 1, sha256(b"\xef\xbb\xbfa\n"))


# ---- what changes under the run


def test_a_file_that_grows_is_noticed_before_more_is_sent(opened: t.Callable[..., Opened]) -> None:
    key_file, path = opened(b"1\n2\n3\n4\n")
    key_file.check()
    batches = key_file.batches(1)
    assert next(batches).given == ["1"]

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

    with pytest.raises(Failure, match="Run the task again when the file is complete"):
        list(key_file.batches(1))


def test_a_change_during_the_check_is_noticed(opened: t.Callable[..., Opened]) -> None:
    key_file, path = opened(b"1\n")
    path.write_bytes(b"1\n2\n")

    assert "changed while it was being read" in refusal(key_file.check)


def test_a_file_that_is_replaced_is_read_to_its_end(opened: t.Callable[..., Opened], tmp_path: Path) -> None:
    key_file, path = opened(b"1\n2\n")
    key_file.check()
    (tmp_path / "other").write_bytes(b"other\n")
    (tmp_path / "other").rename(path)

    assert [batch.given for batch in key_file.batches(1)] == [["1"], ["2"]]
