# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Read a notification record by record: the object keys, and the records that cannot be read."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .encoding import AUTO, check_encoding, object_key
from .envelopes import holds_no_record, opened
from .event import CHANGES, CREATED, RESTORED, Event
from .order import deleted_later
from .part import NotificationError, Part, kind, seen
from .vendors import VENDORS

# A JSON text in Base64 in an envelope in a queue in a list has a depth of about ten.
_MAX_DEPTH = 16
# A message with more unread records than this is kept whole: many small records would take far more room than it does.
_MAX_UNREAD = 1000


@dataclass(frozen=True)
class Unread:
    """A record that cannot be read, and why.

    :ivar record: the record alone, in a form that can be read again by itself.
    """

    record: object
    reason: str


@dataclass(frozen=True)
class Reading:
    """What a notification contains: decoded object keys in order with repeats, and the records that cannot be read."""

    object_keys: list[str]
    unread: list[Unread]


def read(
    message: object,
    *,
    encoding: str = AUTO,
    changes: t.Collection[str] = (CREATED, RESTORED),
    bucket: str | None = None,
    check: t.Callable[[str], None] = lambda _object_key: None,
    stop_early: bool = False,
) -> Reading:
    """Read a notification.

    One record that cannot be read does not keep the others from being read.

    :arg message: a dictionary, a list of notifications, or either as a JSON text, in any known envelopes.
    :arg encoding: how the message encodes object keys: one of ENCODINGS.
    :arg changes: what must have happened to an object: some of CHANGES.
    :arg bucket: the bucket that an object must be in; None for any.
    :arg check: raises NotificationError for an object key that is refused.
    :arg stop_early: read no further once so many records cannot be read that the message is kept whole: this bounds the
        time that a hostile message takes.
    :raises NotificationError: an argument other than the message is invalid.
    """
    check_encoding(encoding)
    _check_changes(changes)
    if bucket is not None and not isinstance(bucket, str):
        raise NotificationError(f"bucket must be a string, but is {kind(bucket)}.")
    unread = _UnreadRecords(message)
    events: list[tuple[Part, Event]] = []
    for record, found in _records(Part(message), None, 0):
        if isinstance(found, Event):
            events.append((record, found))
        else:
            unread.add(record, found)
        if stop_early and unread.are_too_many:
            break
    is_deleted_later = deleted_later(event for _record, event in events)
    object_keys: list[str] = []
    for record, event in events:
        if event.change not in changes or is_deleted_later(event):
            continue
        try:
            if _is_in(event, bucket):
                key = object_key(event, encoding)
                check(key)
                object_keys.append(key)
        except NotificationError as error:
            unread.add(record, error)
    return Reading(object_keys, unread.all())


class _UnreadRecords:
    """Collects the records that cannot be read, in bounded memory."""

    def __init__(self, message: object) -> None:
        self._message = message
        self._count = 0
        self._first: list[Unread] = []

    def add(self, record: Part, error: NotificationError) -> None:
        self._count += 1
        if self._count <= _MAX_UNREAD:
            # A list is the smallest envelope: a webhook accepts it where it may refuse a bare string or number.
            value = record.value if isinstance(record.value, (dict, list, tuple)) else [record.value]
            self._first.append(Unread(value, str(error)))

    @property
    def are_too_many(self) -> bool:
        return self._count > _MAX_UNREAD

    def all(self) -> list[Unread]:
        if not self.are_too_many:
            return self._first
        return [Unread(self._message, f"{self._first[0].reason} {self._count - 1} more records cannot be read.")]


def _records(part: Part, envelope: Part | None, depth: int) -> t.Iterator[tuple[Part, Event | NotificationError]]:
    """Each record with what it says, or with why it cannot be read. Records that say nothing are left out.

    :arg envelope: the dictionary that contains the part, if the part is a text or the only content of it.
    """
    if depth <= _MAX_DEPTH and isinstance(part.value, (list, tuple)):
        for item in part.items():
            yield from _records(item, None, depth + 1)
        return
    try:
        if depth > _MAX_DEPTH:
            raise part.error(f"is nested more than {_MAX_DEPTH} levels deep.")
        if not isinstance(part.value, (dict, str)):
            raise part.error(f"the format is unknown. It is {seen(part.value)}.")
        if holds_no_record(part):
            return
        vendor = next((vendor for vendor in VENDORS if vendor.recognises(part)), None)
        if vendor is not None:
            event = vendor.read(part)
            if event is not None:
                yield part, event
            return
        inner = opened(part)
        if inner is None:
            raise part.error(f"the format is unknown. It is {seen(part.value)}.")
    except NotificationError as error:
        yield (part if envelope is None or isinstance(part.value, dict) else envelope), error
        return
    yield from _records(inner, part if isinstance(part.value, dict) else envelope, depth + 1)


def _check_changes(changes: object) -> None:
    if not isinstance(changes, (list, tuple, set, frozenset)) or any(
        not isinstance(change, str) or change not in CHANGES for change in changes
    ):
        raise NotificationError(f"changes must be a list with any of {', '.join(CHANGES)}.")


def _is_in(event: Event, bucket: str | None) -> bool:
    if bucket is not None and event.bucket is None:
        raise event.key.error("the record does not name its bucket. Remove the option bucket.")
    return bucket is None or event.bucket == bucket
