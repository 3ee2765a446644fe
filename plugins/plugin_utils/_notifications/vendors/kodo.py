# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Qiniu Kodo.

Source, read in November 2026: https://developer.qiniu.com/kodo/8610/dev-event-notification (format, events).
It does not document the encoding.
"""

from __future__ import annotations

from ..envelopes import opened
from ..event import CHANGES, CREATED, DELETED, METADATA, OPEN, RESTORED, Event, Vendor, change_of
from ..part import Part

_EVENTS = {
    "put": CREATED,
    "mkfile": CREATED,
    "append": CREATED,
    "copy": CREATED,
    "move": CREATED,
    "restore:completed": RESTORED,
    "disable": METADATA,
    "enable": METADATA,
    "delete": DELETED,
}
# These name the new object in fields of their own.
_TO_ANOTHER_KEY = ("copy", "move")


def recognises(record: Part) -> bool:
    return record.text_at("Subject") == "Qiniu KODO Notification" and record.has("Message")


def read(record: Part) -> Event | None:
    message = record.at("Message")
    if isinstance(message.value, str):
        message = opened(message) or message
    change = change_of(message.at("event"), _EVENTS)
    if change not in CHANGES:
        return None
    prefix = "dest_" if message.text_at("event") in _TO_ANOTHER_KEY else ""
    key = message.at(f"{prefix}key")
    key.text()
    return Event(change, message.text_at(f"{prefix}bucket"), key, OPEN)


KODO = Vendor(recognises, read)
