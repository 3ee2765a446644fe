# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Object keys: checked, URL-encoded, gathered into events. Pure functions, no I/O.

The rules are those of CreateSyncEvents, table 3, and of docs/oms-api.md, section 1.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote_plus

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import quoted

# CreateSyncEvents, table 3: an item has 1 to 16384 characters, after URL-encoding.
MAX_ENCODED_CHARACTERS = 16384
# CreateSyncEvents, table 3: the text says that one event contains 10 objects at most, the schema says 100. So the text
# gives the default, and the schema the most that may be asked for.
DEFAULT_BATCH_SIZE = 10
MAX_BATCH_SIZE = 100

# What Ansible puts in place of a secret: inside a text and for a whole text up to 2.21, and in both since 2.22.
MASKS = ("********", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "$REDACTED$")

_PERCENT_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
_NOT_A_PERCENT_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_NOT_VISIBLE_ASCII = re.compile("[^!-~]")
_LINE_BREAK = re.compile("[\r\n]")
# RFC 3986, section 3.1
_URL_SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True)
class ObjectKey:
    """The key of one object.

    ``given`` is what the user wrote, ``encoded`` is what is sent.
    """

    given: str
    encoded: str


@dataclass(frozen=True)
class Batch:
    """The objects of one event."""

    object_keys: tuple[ObjectKey, ...]

    @property
    def given(self) -> list[str]:
        return [key.given for key in self.object_keys]

    @property
    def encoded(self) -> list[str]:
        return [key.encoded for key in self.object_keys]


@dataclass(frozen=True)
class GivenObjectKeys:
    """What the option O(object_keys) has: distinct object keys in order, how many repeats were dropped, warnings."""

    object_keys: list[ObjectKey]
    duplicate_count: int
    warnings: list[str]


def encode(object_key: str) -> str:
    """URL-encode an object key as OMS wants it: UTF-8 and form style, so ``/`` is ``%2F`` and a space is ``+``.

    :raises ArgumentError: the object key is empty, is not Unicode or is too long.
    """
    try:
        return _checked_length(quote_plus(object_key, safe=""))
    except UnicodeEncodeError:
        # Ansible passes bytes that are not UTF-8 as lone surrogates.
        raise ArgumentError("contains bytes that are not UTF-8. Object keys must be UTF-8.") from None


def check_encoded(object_key: str) -> str:
    """Check an object key that is URL-encoded already. It is sent as it is: senders differ in what they encode.

    :raises ArgumentError: no URL-encoding gives such a string.
    """
    bad = _NOT_VISIBLE_ASCII.search(object_key)
    if bad:
        what = "a space" if bad[0] == " " else "a non-ASCII character" if bad[0] > "\x7f" else "a control character"
        raise ArgumentError(
            f"has {what} at character {bad.start() + 1}. URL-encode the object key, or remove object_keys_encoded."
        )
    bad = _NOT_A_PERCENT_ESCAPE.search(object_key)
    if bad:
        raise ArgumentError(
            f"has a % without two hexadecimal digits at character {bad.start() + 1}."
            " Write %25 for a percent sign, or remove object_keys_encoded."
        )
    return _checked_length(object_key)


def _checked_length(encoded: str) -> str:
    if not encoded:
        raise ArgumentError("is empty. An object key has at least 1 character.")
    if len(encoded) > MAX_ENCODED_CHARACTERS:
        raise ArgumentError(
            f"has {len(encoded)} characters when URL-encoded. At most {MAX_ENCODED_CHARACTERS} are allowed."
        )
    return encoded


def read_object_keys(value: t.Any, encoded: bool) -> GivenObjectKeys:
    """Read the option O(object_keys), which has the type ``raw`` so that Ansible converts nothing.

    :arg value: a list of strings, or one string for one object key.
    :arg encoded: whether the object keys are URL-encoded already.
    :raises ArgumentError: names the position, counted from 0 as Ansible does, and the rule.
    """
    items = _items(value)
    found: dict[str, ObjectKey] = {}
    for position, item in items.items():
        key = _read_item(position, item, encoded)
        found.setdefault(key.encoded, key)
    return GivenObjectKeys(list(found.values()), len(items) - len(found), _warnings(items, encoded))


def _items(value: t.Any) -> dict[str, t.Any]:
    """The items by their positions, as messages have these."""
    if isinstance(value, str):
        wrong = _looks_like_a_list(value)
        if wrong:
            raise ArgumentError(f"object_keys is the string {quoted(value)}, which {wrong}. Give a list of strings.")
        return {"object_keys": value}
    if not isinstance(value, list):
        raise ArgumentError(f"object_keys is {_kind(value)}. It must be a list of strings.")
    if not value:
        raise ArgumentError("object_keys is an empty list. Give at least 1 object key.")
    return {f"object_keys[{index}]": item for index, item in enumerate(value)}


def _looks_like_a_list(text: str) -> str | None:
    """Why a string is refused: a list that became a string must not become one strange object key."""
    if "," in text:
        return "contains a comma"
    if _LINE_BREAK.search(text):
        return "contains a line break"
    first = text.lstrip()[:1]
    return f"starts with {first}" if first in ("[", "{") else None


def _read_item(position: str, item: t.Any, encoded: bool) -> ObjectKey:
    if not isinstance(item, str):
        raise ArgumentError(f"{position} is {_kind(item)}. {_remedy(item)}")
    mask = next((mask for mask in MASKS if mask in item), None)
    if mask:
        raise ArgumentError(
            f"{position} {quoted(item)} contains {mask}, which Ansible puts in place of a secret. Take the object key"
            " from its source and not from a result. If it really contains this text, use object_keys_file."
        )
    try:
        return ObjectKey(item, check_encoded(item) if encoded else encode(item))
    except ArgumentError as error:
        shown = f" {quoted(item)}" if item else ""
        raise ArgumentError(f"{position}{shown} {error}") from None


def _kind(value: t.Any) -> str:
    """What YAML made of it, in a user's words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, dict):
        return "a dictionary"
    return "a list"


def _remedy(value: t.Any) -> str:
    if value is None:
        return "Give an object key, or remove the item."
    if isinstance(value, (bool, int, float)):
        return "YAML changed it; put it in quotes."
    if isinstance(value, dict):
        return "Give a string; an object key that contains a colon and a space needs quotes."
    return "Give a string."


def _warnings(items: t.Mapping[str, str], encoded: bool) -> list[str]:
    """Object keys that are allowed, and that the user may not have meant: one warning for each kind of mistake."""
    line_breaks = _note(
        items,
        _LINE_BREAK.search,
        "contain",
        "a line break",
        "If it is more than one object key, give an item for each.",
    )
    escapes = _note(
        {} if encoded else items,
        _PERCENT_ESCAPE.search,
        "contain",
        "a percent escape",
        "If the object keys are URL-encoded already, set object_keys_encoded to true.",
    )
    schemes = _note(
        items, _URL_SCHEME.match, "begin", "with a URL scheme", "Give the object key alone, without scheme and bucket."
    )
    return list(filter(None, [line_breaks, " ".join(filter(None, [escapes, schemes]))]))


def _note(
    items: t.Mapping[str, str], matches: t.Callable[[str], t.Any], verb: str, what: str, advice: str
) -> str | None:
    """Name the first item that matches, and count the others; None if none does."""
    found = [position for position, item in items.items() if matches(item)]
    if not found:
        return None
    first = f"{found[0]} {quoted(items[found[0]])}"
    if len(found) == 1:
        return f"{first} {verb}s {what} and is submitted as it is. {advice}"
    return f"{first} and {len(found) - 1} more {verb} {what} and are submitted as they are. {advice}"


def batches(object_keys: t.Iterable[ObjectKey], batch_size: int) -> t.Iterator[Batch]:
    """Gather objects into events, in order.

    :arg batch_size: objects in one event, 1 to 100.
    """
    remaining = iter(object_keys)
    while chunk := tuple(islice(remaining, batch_size)):
        yield Batch(chunk)
