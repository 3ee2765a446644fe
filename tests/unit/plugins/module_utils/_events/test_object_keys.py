# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

import re
import typing as t
from urllib.parse import unquote_plus

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.object_keys import (
    DEFAULT_BATCH_SIZE,
    MAX_BATCH_SIZE,
    MAX_ENCODED_CHARACTERS,
    Batch,
    ObjectKey,
    batches,
    check_encoded,
    encode,
    read_object_keys,
)
from hypothesis import given, settings
from hypothesis import strategies as st


def refusal(value: t.Any, encoded: bool = False) -> str:
    with pytest.raises(ArgumentError) as caught:
        read_object_keys(value, encoded)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        # oms-api.md, section 1
        ("test/001.txt", "test%2F001.txt"),
        ("test+001.txt", "test%2B001.txt"),
        ("test 001.txt", "test+001.txt"),
        ("TEST/中 文.jpg", "TEST%2F%E4%B8%AD+%E6%96%87.jpg"),
        ("a%20b.txt", "a%2520b.txt"),
        # What the form style is about
        ("/leading and trailing /", "%2Fleading+and+trailing+%2F"),
        ("-_.~", "-_.~"),
        ("*!'();:@&=$,?#[]", "%2A%21%27%28%29%3B%3A%40%26%3D%24%2C%3F%23%5B%5D"),
        ("\t\r\n\0", "%09%0D%0A%00"),
        ("{{ lookup('env', 'HOME') }}", "%7B%7B+lookup%28%27env%27%2C+%27HOME%27%29+%7D%7D"),
        ("😀", "%F0%9F%98%80"),
        # One letter in two spellings of Unicode: two objects, and nothing may make them one
        ("\u00e9", "%C3%A9"),
        ("e\u0301", "e%CC%81"),
    ],
)
def test_a_name_is_form_encoded(name: str, encoded: str) -> None:
    assert encode(name) == encoded


@pytest.mark.parametrize(
    ("names", "sent"),
    [
        (["test/001.txt", "test/002.txt"], ["test%2F001.txt", "test%2F002.txt"]),
        (["test+001.txt"], ["test%2B001.txt"]),
        (["test 001.txt"], ["test+001.txt"]),
    ],
)
def test_the_documented_examples_come_out_byte_for_byte(names: list[str], sent: list[str]) -> None:
    object_keys, duplicates = read_object_keys(names, encoded=False)

    assert [key.encoded for key in object_keys] == sent
    assert [key.name for key in object_keys] == names
    assert duplicates == 0


@settings(derandomize=True, database=None, deadline=None, max_examples=500)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100))
def test_any_name_is_the_one_that_the_service_decodes(name: str) -> None:
    encoded = encode(name)

    assert unquote_plus(encoded, errors="strict") == name
    assert re.fullmatch("[A-Za-z0-9_.~+%-]+", encoded)
    assert check_encoded(encoded) == encoded


@pytest.mark.parametrize(
    "key",
    ["AWSLogs/1/a+b.gz", "a*b~c!'()", "a%2Fb%2fc", '"<>\\^`{|}', "%7B%7B", "!", "~", "a,b", "[a]"],
)
def test_an_encoded_name_passes_as_it_is(key: str) -> None:
    assert read_object_keys([key], encoded=True) == ([ObjectKey(key, key)], 0)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "object_keys: item 2 is empty: a name has at least 1 character"),
        ("%ZZ", 'item 2 "%ZZ" has a % without two hexadecimal digits behind it at character 1: write %25'),
        ("ab%", 'item 2 "ab%" has a % without two hexadecimal digits behind it at character 3'),
        ("a%2", 'item 2 "a%2" has a % without two hexadecimal digits behind it at character 2'),
        ("%20%2G", 'item 2 "%20%2G" has a % without two hexadecimal digits behind it at character 4'),
        # Digits of other scripts are digits to Python, but not here.
        ("%٢٢", "has non-ASCII at character 2"),
        ("a b", 'item 2 "a b" has a blank at character 2'),
        ("ab\n", 'item 2 "ab\\n" has a control character at character 3'),
        ("a\x1fb", "has a control character at character 2"),
        ("a\x7fb", "has a control character at character 2"),
        ("中.txt", 'item 2 "中.txt" has non-ASCII at character 1'),
        ("a\udc80", "has non-ASCII at character 2"),
    ],
)
def test_what_no_encoding_gives_is_refused(key: str, message: str) -> None:
    assert message in refusal(["ok", key], encoded=True)


def test_a_refused_encoded_name_says_what_to_do() -> None:
    assert refusal(["a b"], encoded=True).endswith("encode it, or leave object_keys_encoded out")
    assert refusal(["%"], encoded=True).endswith("write %25 for a percent sign, or leave object_keys_encoded out")


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (1.1, "item 3 is the number 1.1: quote it"),
        (45045, "item 3 is the number 45045: quote it"),
        (0, "item 3 is the number 0: quote it"),
        (True, "item 3 is the boolean true: quote it"),
        (False, "item 3 is the boolean false: quote it"),
        (None, "item 3 is null: give a name, or leave the item out"),
        ({"key": "value"}, "item 3 is a dictionary: give names only"),
        (["a"], "item 3 is a list: give names only"),
        ("", "item 3 is empty: a name has at least 1 character"),
        ("a\udc80b", 'item 3 "a\\udc80b" holds bytes that are not UTF-8: objects\' names are UTF-8'),
    ],
)
@pytest.mark.parametrize("encoded", [False, True])
def test_an_item_that_is_no_name_is_refused(item: t.Any, message: str, encoded: bool) -> None:
    if encoded and item == "a\udc80b":
        message = 'item 3 "a\\udc80b" has non-ASCII at character 2'
    assert refusal(["a", "b", item, "d"], encoded).startswith(f"object_keys: {message}")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "object_keys: the list is empty: give at least 1 name"),
        (None, "object_keys: is null, but must be a list of strings"),
        (1.1, "object_keys: is the number 1.1, but must be a list of strings"),
        (True, "object_keys: is the boolean true, but must be a list of strings"),
        ({}, "object_keys: is a dictionary, but must be a list of strings"),
        ("", "object_keys: item 1 is empty: a name has at least 1 character"),
        ("a,b", 'object_keys: the string "a,b" holds a comma: give a list, even for one name'),
        ('["a"]', 'object_keys: the string "[\\"a\\"]" starts with [: give a list, even for one name'),
        (" [a]", 'object_keys: the string " [a]" starts with [: give a list, even for one name'),
        ("\n{a}", 'object_keys: the string "\\n{a}" starts with {: give a list, even for one name'),
    ],
)
@pytest.mark.parametrize("encoded", [False, True])
def test_a_value_that_is_no_list_of_names_is_refused(value: t.Any, message: str, encoded: bool) -> None:
    assert refusal(value, encoded) == message


@pytest.mark.parametrize("value", ["test/001.txt", "a[0]{1}", " a", "12:30:45"])
def test_a_lone_string_is_one_name(value: str) -> None:
    object_keys, _duplicates = read_object_keys(value, encoded=False)

    assert [key.name for key in object_keys] == [value]


@pytest.mark.parametrize(
    ("longest", "encoded"),
    [
        ("a" * 16384, False),
        ("中" * 1820 + "abcd", False),  # 9 characters each when encoded
        ("a" * 16384, True),
        ("%41" * 5461 + "a", True),
    ],
)
def test_the_limit_counts_encoded_characters(longest: str, encoded: bool) -> None:
    object_keys, _duplicates = read_object_keys([longest], encoded)

    assert len(object_keys[0].encoded) == MAX_ENCODED_CHARACTERS == 16384
    message = refusal(["a", longest + "b"], encoded)
    assert message.startswith("object_keys: item 2 ")
    assert message.endswith(" has 16385 characters when URL-encoded: at most 16384 are allowed")


@pytest.mark.parametrize("name", ["a" * 100_000, "中" * 100_000, "a\nb\x1b[31m\x7f\u2028\u202e" * 3000])
@pytest.mark.parametrize("encoded", [False, True])
def test_a_message_stays_short_and_on_one_line(name: str, encoded: bool) -> None:
    message = refusal([name], encoded)

    assert message.isprintable()
    assert len(message) < 600


def test_a_comma_message_stays_short_and_on_one_line() -> None:
    message = refusal("a\n," * 100_000)

    assert message.isprintable()
    assert len(message) < 300


def test_repeats_are_dropped_and_the_order_is_kept() -> None:
    object_keys, duplicates = read_object_keys(["b", "a", "b", "c", "a", "B", "b"], encoded=False)

    assert [key.name for key in object_keys] == ["b", "a", "c", "B"]
    assert duplicates == 3


def test_encoded_names_are_compared_as_they_are_sent() -> None:
    object_keys, duplicates = read_object_keys(["a%2Fb", "a/b", "a%2fb", "a/b"], encoded=True)

    assert [key.encoded for key in object_keys] == ["a%2Fb", "a/b", "a%2fb"]
    assert duplicates == 1


@pytest.mark.parametrize(
    ("count", "batch_size", "sizes"),
    [
        (25, DEFAULT_BATCH_SIZE, [10, 10, 5]),
        (20, 10, [10, 10]),
        (1, 10, [1]),
        (3, 1, [1, 1, 1]),
        (101, MAX_BATCH_SIZE, [100, 1]),
        (0, 10, []),
    ],
)
def test_events_are_filled_in_order(count: int, batch_size: int, sizes: list[int]) -> None:
    object_keys = [ObjectKey(f"name {number}", f"name+{number}") for number in range(count)]

    events = list(batches(object_keys, batch_size))

    assert [len(event.object_keys) for event in events] == sizes
    assert [key for event in events for key in event.object_keys] == object_keys


def test_events_are_made_as_they_are_asked_for() -> None:
    endless = iter(lambda: ObjectKey("a", "a"), None)

    assert next(batches(endless, 2)).encoded == ["a", "a"]


def test_an_event_knows_its_objects_by_both_names() -> None:
    event = Batch((ObjectKey("a b", "a+b"), ObjectKey("c", "c")))

    assert event.names == ["a b", "c"]
    assert event.encoded == ["a+b", "c"]
