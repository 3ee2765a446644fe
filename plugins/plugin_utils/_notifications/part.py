# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""A value inside a notification, where it is, and how an error message describes it."""

from __future__ import annotations

import itertools
import json
import typing as t
from dataclasses import dataclass

# How much of a foreign text and of a foreign dictionary a message shows.
_QUOTED_CHARACTERS = 80
_SHOWN_FIELDS = 8

# Fields that name the sender. The values of other fields are not shown: they may be confidential.
_SENDER_FIELDS = ("eventSource", "EventSource", "source", "type", "eventType", "eventOrigin", "specversion", "kind")

_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (int, "a number"),
    (float, "a number"),
    (str, "a string"),
    (dict, "a dictionary"),
    (list, "a list"),
    (tuple, "a list"),
)


class NotificationError(ValueError):
    """A notification, or one record of it, cannot be read. The text is a message for the user."""


@dataclass(frozen=True)
class Part:
    """A value in a notification, and where it is."""

    value: object
    where: str = "notification"

    def has(self, *names: str) -> bool:
        # Called many times for each record; this form is three times as fast as a generator.
        return isinstance(self.value, dict) and all(map(self.value.__contains__, names))

    def text_at(self, *names: str) -> str | None:
        """The text that nested fields lead to, or None if there is no such text."""
        value = self.value
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return plain(value) if isinstance(value, str) else None

    def at(self, *names: str) -> Part:
        """The part that nested fields lead to.

        :raises NotificationError: a field is missing.
        """
        part = self
        for name in names:
            if not part.has(name):
                raise part.error(f"the field {name} is missing in {seen(part.value)}.")
            part = Part(t.cast("dict[str, object]", part.value)[name], f"{part.where}.{name}")
        return part

    def items(self) -> t.Iterator[Part]:
        """The parts of a list. Any other value counts as a list of itself."""
        if isinstance(self.value, (list, tuple)):
            for index, item in enumerate(self.value):
                yield Part(item, f"{self.where}[{index}]")
        else:
            yield self

    def only_item(self) -> Part | None:
        """The part of a list of one; any other value counts as a list of itself. None for a longer or empty list."""
        items = list(itertools.islice(self.items(), 2))
        return items[0] if len(items) == 1 else None

    def text(self) -> str:
        """
        :raises NotificationError: it is not a string.
        """
        if not isinstance(self.value, str):
            raise self.error(f"must be a string, but is {kind(self.value)}.")
        return plain(self.value)

    def error(self, message: str) -> NotificationError:
        return NotificationError(f"{self.where}: {message}")


def plain(text: str) -> str:
    """The text without what Ansible attaches to it."""
    return str.__str__(text)


def seen(value: object) -> str:
    """The kind of a value, and the fields of a dictionary."""
    if not isinstance(value, dict):
        return kind(value)
    if not value:
        return "an empty dictionary"
    fields = [_seen_field(name, field) for name, field in list(value.items())[:_SHOWN_FIELDS]]
    more = f" and {len(value) - _SHOWN_FIELDS} more" if len(value) > _SHOWN_FIELDS else ""
    return f"a dictionary of {', '.join(fields)}{more}"


def _seen_field(name: object, value: object) -> str:
    if not isinstance(name, str):
        return f"{kind(name)} ({kind(value)})"
    shown = quoted(value) if name in _SENDER_FIELDS and isinstance(value, str) else kind(value)
    return f"{quoted(name)} ({shown})"


def kind(value: object) -> str:
    """The kind of a value, in the words of JSON."""
    if value is None:
        return "null"
    # In this order: a boolean is an int to Python.
    for type_, name in _KINDS:
        if isinstance(value, type_):
            return name
    return f"a value of type {quoted(type(value).__name__)}"


def quoted(text: str) -> str:
    """The text in quotes on one line: shortened, letters of all scripts readable, everything else escaped."""
    shown = text if len(text) <= _QUOTED_CHARACTERS else text[:_QUOTED_CHARACTERS] + "…"
    escaped = json.dumps(plain(shown), ensure_ascii=False)
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in escaped)
