# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Baidu BOS.

Sources, read in November 2026: https://intl.cloud.baidu.com/en/doc/BOS/s/mkkp8dyb8-intl-en (format; a variant without
the list "events" is in BOS/s/lkc4lyou5) and BOS/s/7kc4lupmu-intl-en (events). Neither documents the encoding.
"""

from __future__ import annotations

from ..event import CHANGES, CREATED, DELETED, OPEN, Event, Vendor, change_of
from ..part import Part

_EVENTS = {
    "PutObject": CREATED,
    "PostObject": CREATED,
    "AppendObject": CREATED,
    "CopyObject": CREATED,
    "CompleteMultipartUpload": CREATED,
    "FetchObject": CREATED,
    # A copy that a lifecycle rule made, at the same or at another object key
    "BosLifecycle:Copy": CREATED,
    "BosLifecycle:Delete": DELETED,
    "DeleteObject": DELETED,
    "DeleteMultipleObjects": DELETED,
}


def recognises(record: Part) -> bool:
    return (record.text_at("eventOrigin") or "").startswith("bos:")


def read(record: Part) -> Event | None:
    change = change_of(record.at("eventType"), _EVENTS)
    if change not in CHANGES:
        return None
    key = record.at("content", "object")
    key.text()
    return Event(change, record.text_at("content", "bucket"), key, OPEN)


BOS = Vendor(recognises, read)
