# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Names of objects: checked, URL-encoded, gathered into events. Pure functions, no I/O.

The rules are those of CreateSyncEvents, table 3 (create-sync-events.zh.txt), and of oms-api.md, section 1.

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
# CreateSyncEvents, table 3: the text says that one event holds 10 objects at most, the schema says 100. So the text
# gives the default, and the schema the most that may be asked for.
DEFAULT_BATCH_SIZE = 10
MAX_BATCH_SIZE = 100

_NOT_A_PERCENT_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_NOT_VISIBLE_ASCII = re.compile("[^!-~]")


@dataclass(frozen=True)
class ObjectKey:
    """One object.

    ``name`` is what the caller wrote, ``encoded`` is what is sent.
    """

    name: str
    encoded: str


@dataclass(frozen=True)
class Batch:
    """The objects of one event."""

    object_keys: tuple[ObjectKey, ...]

    @property
    def names(self) -> list[str]:
        return [key.name for key in self.object_keys]

    @property
    def encoded(self) -> list[str]:
        return [key.encoded for key in self.object_keys]


def encode(name: str) -> str:
    """URL-encode an object's name as OMS wants it: UTF-8 and form style, so ``/`` is ``%2F`` and a space is ``+``.

    :raises ArgumentError: the name is empty, is not Unicode or is too long.
    """
    try:
        return _checked_length(quote_plus(name, safe=""))
    except UnicodeEncodeError:
        # Ansible hands bytes that are not UTF-8 over as lone surrogates.
        raise ArgumentError("holds bytes that are not UTF-8: objects' names are UTF-8") from None


def check_encoded(key: str) -> str:
    """Check a name that is URL-encoded already, and give it back as it is: senders differ in what they leave unencoded.

    :raises ArgumentError: no URL-encoding gives such a string.
    """
    bad = _NOT_VISIBLE_ASCII.search(key)
    if bad:
        what = (
            "a blank" if bad[0] == " " else "a control character" if bad[0] < " " or bad[0] == "\x7f" else "non-ASCII"
        )
        raise ArgumentError(
            f"has {what} at character {bad.start() + 1}, which can't be in a URL-encoded name:"
            " encode it, or leave object_keys_encoded out"
        )
    bad = _NOT_A_PERCENT_ESCAPE.search(key)
    if bad:
        raise ArgumentError(
            f"has a % without two hexadecimal digits behind it at character {bad.start() + 1}:"
            " write %25 for a percent sign, or leave object_keys_encoded out"
        )
    return _checked_length(key)


def _checked_length(encoded: str) -> str:
    if not encoded:
        raise ArgumentError("is empty: a name has at least 1 character")
    if len(encoded) > MAX_ENCODED_CHARACTERS:
        raise ArgumentError(
            f"has {len(encoded)} characters when URL-encoded: at most {MAX_ENCODED_CHARACTERS} are allowed"
        )
    return encoded


def read_object_keys(value: t.Any, encoded: bool) -> tuple[list[ObjectKey], int]:
    """Read the option O(object_keys), which has the type ``raw`` so that Ansible converts nothing.

    :arg value: a list of strings, or one string for one name.
    :arg encoded: whether the names are URL-encoded already.
    :returns: the objects in order, each once, and how many repeats were dropped.
    :raises ArgumentError: names the position, counted from 1, and the rule.
    """
    names = _names(value)
    read = check_encoded if encoded else encode
    found: dict[str, ObjectKey] = {}
    for position, name in enumerate(names, 1):
        if not isinstance(name, str):
            raise ArgumentError(f"object_keys: item {position} is {_kind(name)}: {_remedy(name)}")
        try:
            key = ObjectKey(name, read(name))
        except ArgumentError as error:
            shown = f" {quoted(name)}" if name else ""
            raise ArgumentError(f"object_keys: item {position}{shown} {error}") from None
        found.setdefault(key.encoded, key)
    return list(found.values()), len(names) - len(found)


def _names(value: t.Any) -> list[t.Any]:
    if isinstance(value, str):
        # What was meant for a list must not become one strange name.
        if "," in value:
            raise ArgumentError(
                f"object_keys: the string {quoted(value)} holds a comma: give a list, even for one name"
            )
        first = value.lstrip()[:1]
        if first in ("[", "{"):
            raise ArgumentError(
                f"object_keys: the string {quoted(value)} starts with {first}: give a list, even for one name"
            )
        return [value]
    if not isinstance(value, list):
        raise ArgumentError(f"object_keys: is {_kind(value)}, but must be a list of strings")
    if not value:
        raise ArgumentError("object_keys: the list is empty: give at least 1 name")
    return value


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
        return "give a name, or leave the item out"
    if isinstance(value, (bool, int, float)):
        return "quote it"
    return "give names only"


def batches(object_keys: t.Iterable[ObjectKey], batch_size: int) -> t.Iterator[Batch]:
    """Gather objects into events, in order.

    :arg batch_size: objects in one event, 1 to 100.
    """
    remaining = iter(object_keys)
    while chunk := tuple(islice(remaining, batch_size)):
        yield Batch(chunk)
