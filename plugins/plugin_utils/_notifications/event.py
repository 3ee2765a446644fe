# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The events that records of notifications report, in the same terms for all vendors."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .part import Part, quoted

# What happened to an object. Only these can give an object key.
CREATED = "created"
RESTORED = "restored"
METADATA = "metadata"
CHANGES = (CREATED, RESTORED, METADATA)

# Entries of the vendors' tables that never give an object key. A deletion: OMS copies, it does not delete.
DELETED = "deleted"
# No object was created or changed as a whole.
NOTHING = "nothing"

# How a record encodes an object key.
RAW = "raw"  # unencoded
FORM = "form"  # URL-encoded, "+" is a space
PERCENT = "percent"  # URL-encoded, "+" is a plus
OPEN = "open"  # The vendor does not document it, and senders differ.


@dataclass(frozen=True)
class Event:
    """One change of one object.

    :ivar key: the object key as the record encodes it.
    :ivar bucket: None if the record names no bucket.
    :ivar decoded_key: the decoded object key, if the notification contains it a second time, at ``decoded_where``.
    :ivar sequencer: None if the record does not prove the order of changes.
    """

    change: str
    bucket: str | None
    key: Part
    encoding: str
    decoded_key: str | None = None
    decoded_where: str = ""
    sequencer: str | None = None


@dataclass(frozen=True)
class Vendor:
    """One vendor's records.

    :ivar recognises: whether a record is this vendor's, by fields that no other vendor has; never by how a key looks.
    :ivar read: what a record says; None if nothing happened that can give an object key. It raises NotificationError if
        the record is not understood.
    """

    recognises: t.Callable[[Part], bool]
    read: t.Callable[[Part], Event | None]


def change_of(event_name: Part, table: t.Mapping[str, str], prefix: str = "") -> str:
    """What an event means, by its full name or by the words in front of one of its colons.

    Only listed names are known. Some names start like those of created objects and mean something else.

    :arg prefix: what the name may start with.
    :raises NotificationError: the event is not in the table.
    """
    # No vendor's event has more than four words. A limit keeps this linear in the length of the name.
    words = event_name.text().removeprefix(prefix).split(":", 3)
    for length in range(len(words), 0, -1):
        change = table.get(":".join(words[:length]))
        if change:
            return change
    raise event_name.error(f"the event {quoted(event_name.text())} is unknown.")
