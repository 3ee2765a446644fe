# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Tencent COS: SCF and CKafka triggers.

Sources, read in November 2026: https://www.tencentcloud.com/document/product/583/9707 (format, events), and the API
PutBucketNotification for Append. Nothing documents the encoding, and Tencent's own examples differ.
"""

from __future__ import annotations

from dataclasses import replace

from ..encoding import decoded
from ..event import CHANGES, CREATED, DELETED, NOTHING, OPEN, PERCENT, RESTORED, Event, Vendor, change_of
from ..part import Part, quoted

_EVENTS = {
    "ObjectCreated:Put": CREATED,
    "ObjectCreated:Post": CREATED,
    "ObjectCreated:Copy": CREATED,
    "ObjectCreated:Append": CREATED,
    "ObjectCreated:CompleteMultipartUpload": CREATED,
    "ObjectCreated:Origin": CREATED,
    "ObjectCreated:Replication": CREATED,
    # Not a pattern: messages contain it literally.
    "ObjectCreated:*": CREATED,
    "ObjectRestore:Completed": RESTORED,
    "ObjectRestore:Post": NOTHING,
    "ObjectRemove": DELETED,
    "InventoryReportCreated": NOTHING,
}


def recognises(record: Part) -> bool:
    return record.has("cos", "event")


def read(record: Part) -> Event | None:
    change = change_of(record.at("event", "eventName"), _EVENTS, "cos:")
    if change not in CHANGES:
        return None
    bucket = record.at("cos", "cosBucket")
    account = _account(bucket.at("appid"))
    short_name = bucket.at("name").text()
    path = record.at("cos", "cosObject", "key")
    prefix = f"/{account}/{short_name}/"
    if not path.text().startswith(prefix):
        raise path.error(f"{quoted(path.text())} does not start with the account and the bucket, {quoted(prefix)}.")
    key = Part(path.text()[len(prefix) :], path.where)
    return _decoded_by_url(Event(change, f"{short_name}-{account}", key, OPEN), record.at("cos", "cosObject"))


def _account(part: Part) -> str:
    """The number of an account, which is a number or a text."""
    if isinstance(part.value, int) and not isinstance(part.value, bool) and 0 <= part.value < 10**18:
        return str(part.value)
    return part.text()


def _decoded_by_url(event: Event, stored: Part) -> Event:
    """If the path in the object's URL is the key and URL-encoded, then the key itself is not."""
    path = (stored.text_at("url") or "").partition("://")[2].partition("/")[2]
    key = event.key.text()
    if path != key and decoded(path, PERCENT) == key:
        return replace(event, decoded_key=key, decoded_where=f"{stored.where}.url")
    return event


COS = Vendor(recognises, read)
