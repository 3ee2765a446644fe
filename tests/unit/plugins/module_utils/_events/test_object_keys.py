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
    GivenObjectKeys,
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
        # docs/oms-api.md, section 1
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
        # One letter in two normalization forms of Unicode: two objects, and nothing may make them one
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
    given = read_object_keys(names, encoded=False)

    assert [key.encoded for key in given.object_keys] == sent
    assert [key.given for key in given.object_keys] == names
    assert (given.duplicate_count, given.warnings) == (0, [])


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
    assert read_object_keys([key], encoded=True) == GivenObjectKeys([ObjectKey(key, key)], 0, [])


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "object_keys[1] is empty. An object key has at least 1 character."),
        ("%ZZ", 'object_keys[1] "%ZZ" has a % without two hexadecimal digits at character 1. Write %25'),
        ("ab%", 'object_keys[1] "ab%" has a % without two hexadecimal digits at character 3'),
        ("a%2", 'object_keys[1] "a%2" has a % without two hexadecimal digits at character 2'),
        ("%20%2G", 'object_keys[1] "%20%2G" has a % without two hexadecimal digits at character 4'),
        # Digits of other scripts are digits to Python, but not here.
        ("%٢٢", "has a non-ASCII character at character 2"),
        ("a b", 'object_keys[1] "a b" has a space at character 2'),
        ("ab\n", 'object_keys[1] "ab\\n" has a control character at character 3'),
        ("a\x1fb", "has a control character at character 2"),
        ("a\x7fb", "has a control character at character 2"),
        ("a\x80b", "has a non-ASCII character at character 2"),
        ("中.txt", 'object_keys[1] "中.txt" has a non-ASCII character at character 1'),
        ("a\udc80", "has a non-ASCII character at character 2"),
    ],
)
def test_what_no_encoding_gives_is_refused(key: str, message: str) -> None:
    assert message in refusal(["ok", key], encoded=True)


def test_a_refused_encoded_object_key_says_what_to_do() -> None:
    assert refusal(["a b"], encoded=True).endswith("URL-encode the object key, or remove object_keys_encoded.")
    assert refusal(["%"], encoded=True).endswith("Write %25 for a percent sign, or remove object_keys_encoded.")


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (1.1, "is the number 1.1. YAML changed it; put it in quotes."),
        (45045, "is the number 45045. YAML changed it; put it in quotes."),
        (0, "is the number 0. YAML changed it; put it in quotes."),
        (True, "is the boolean true. YAML changed it; put it in quotes."),
        (False, "is the boolean false. YAML changed it; put it in quotes."),
        (None, "is null. Give an object key, or remove the item."),
        (
            {"key": "value"},
            "is a dictionary. Give a string; an object key that contains a colon and a space needs quotes.",
        ),
        (["a"], "is a list. Give a string."),
    ],
)
@pytest.mark.parametrize("encoded", [False, True])
def test_an_item_that_is_not_a_string_is_refused(item: t.Any, message: str, encoded: bool) -> None:
    assert refusal(["a", "b", item, "d"], encoded) == f"object_keys[2] {message}"


def test_bytes_that_are_not_utf8_are_refused() -> None:
    message = 'object_keys[0] "a\\udc80b" contains bytes that are not UTF-8. Object keys must be UTF-8.'

    assert refusal(["a\udc80b"]) == message


@pytest.mark.parametrize(
    "mask",
    # As they stand in ansible-core, up to 2.21 and since 2.22.
    ["********", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "$REDACTED$"],
)
@pytest.mark.parametrize("encoded", [False, True])
def test_what_ansible_puts_in_place_of_a_secret_is_refused(mask: str, encoded: bool) -> None:
    in_a_list = refusal(["a", f"b/{mask}/intro.mp4"], encoded)
    alone = refusal(mask, encoded)

    assert in_a_list.startswith(
        f'object_keys[1] "b/{mask}/intro.mp4" contains {mask}, which Ansible puts in place of a secret. Take the object'
    )
    assert alone.startswith(f'object_keys "{mask}" contains {mask}, ')


def test_seven_stars_are_an_object_key() -> None:
    assert [key.given for key in read_object_keys(["*******", "$REDACTED"], encoded=False).object_keys] == [
        "*******",
        "$REDACTED",
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "object_keys is an empty list. Give at least 1 object key."),
        (None, "object_keys is null. It must be a list of strings."),
        (1.1, "object_keys is the number 1.1. It must be a list of strings."),
        (True, "object_keys is the boolean true. It must be a list of strings."),
        ({}, "object_keys is a dictionary. It must be a list of strings."),
        ("", "object_keys is empty. An object key has at least 1 character."),
        ("a,b", 'object_keys is the string "a,b", which contains a comma. Give a list of strings.'),
        ("a\nb", 'object_keys is the string "a\\nb", which contains a line break. Give a list of strings.'),
        ("a\rb", 'object_keys is the string "a\\rb", which contains a line break. Give a list of strings.'),
        ("a\n", 'object_keys is the string "a\\n", which contains a line break. Give a list of strings.'),
        ('["a"]', 'object_keys is the string "[\\"a\\"]", which starts with [. Give a list of strings.'),
        (" [a]", 'object_keys is the string " [a]", which starts with [. Give a list of strings.'),
        ("\t{a}", 'object_keys is the string "\\t{a}", which starts with {. Give a list of strings.'),
    ],
)
@pytest.mark.parametrize("encoded", [False, True])
def test_a_value_that_is_not_a_list_of_object_keys_is_refused(value: t.Any, message: str, encoded: bool) -> None:
    assert refusal(value, encoded) == message


def test_a_string_in_a_list_may_have_what_is_refused_in_a_lone_one() -> None:
    value = ["a,b", "[a]", "{a}", "a\nb"]

    assert [key.given for key in read_object_keys(value, encoded=False).object_keys] == value


def warnings(value: t.Any, encoded: bool = False) -> list[str]:
    return read_object_keys(value, encoded).warnings


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n"])
def test_an_item_with_a_line_break_gives_a_warning(line_break: str) -> None:
    (warning,) = warnings(["a", f"b{line_break}c"])

    assert warning.startswith('object_keys[1] "b\\')
    assert warning.endswith(
        " contains a line break and is submitted as it is. If it is more than one object key, give an item for each."
    )


def test_all_items_with_line_breaks_share_a_warning() -> None:
    (warning,) = warnings(["a\n", "b", "c\nd", "e\n"])

    assert warning.startswith('object_keys[0] "a\\n" and 2 more contain a line break and are submitted as they are.')


@pytest.mark.parametrize(
    ("value", "encoded", "expected"),
    [
        (
            ["a", "b%2Fc"],
            False,
            [
                'object_keys[1] "b%2Fc" contains a percent escape and is submitted as it is. If the object keys are'
                " URL-encoded already, set object_keys_encoded to true."
            ],
        ),
        (
            "s3://bucket/a",
            False,
            [
                'object_keys "s3://bucket/a" begins with a URL scheme and is submitted as it is. Give the object key'
                " alone, without scheme and bucket."
            ],
        ),
        (
            ["https://b/%e4", "a%2fb", "obs://b/c"],
            False,
            [
                'object_keys[0] "https://b/%e4" and 1 more contain a percent escape and are submitted as they are. If'
                " the object keys are URL-encoded already, set object_keys_encoded to true."
                ' object_keys[0] "https://b/%e4" and 1 more begin with a URL scheme and are submitted as they are.'
                " Give the object key alone, without scheme and bucket."
            ],
        ),
        (
            ["s3://b/a%2Fb"],
            True,
            [
                'object_keys[0] "s3://b/a%2Fb" begins with a URL scheme and is submitted as it is. Give the object key'
                " alone, without scheme and bucket."
            ],
        ),
        (["100%", "50% off", "a%2", "%zz", "a://"[:3], "1s://a", "a/s3://b", "://a", "s3:/a"], False, []),
        (["a%2Fb"], True, []),
    ],
)
def test_what_looks_encoded_or_like_a_url_gives_one_warning(value: t.Any, encoded: bool, expected: list[str]) -> None:
    assert warnings(value, encoded) == expected


@pytest.mark.parametrize("value", ["test/001.txt", "a[0]{1}", " a", "12:30:45"])
def test_a_lone_string_is_one_name(value: str) -> None:
    assert [key.given for key in read_object_keys(value, encoded=False).object_keys] == [value]


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
    given = read_object_keys([longest], encoded)

    assert len(given.object_keys[0].encoded) == MAX_ENCODED_CHARACTERS == 16384
    message = refusal(["a", longest + "b"], encoded)
    assert message.startswith("object_keys[1] ")
    assert message.endswith(" has 16385 characters when URL-encoded. At most 16384 are allowed.")


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
    given = read_object_keys(["b", "a", "b", "c", "a", "B", "b"], encoded=False)

    assert [key.given for key in given.object_keys] == ["b", "a", "c", "B"]
    assert given.duplicate_count == 3


def test_encoded_names_are_compared_as_they_are_sent() -> None:
    given = read_object_keys(["a%2Fb", "a/b", "a%2fb", "a/b"], encoded=True)

    assert [key.encoded for key in given.object_keys] == ["a%2Fb", "a/b", "a%2fb"]
    assert given.duplicate_count == 1


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

    assert event.given == ["a b", "c"]
    assert event.encoded == ["a+b", "c"]
