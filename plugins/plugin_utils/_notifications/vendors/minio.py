# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""MinIO.

Source, read in November 2026: github.com/minio/minio, internal/event/name.go (events), cmd/event-notification.go and
internal/event/target/ (formats). Object keys are form-encoded for all targets, and unencoded for ListenNotification
("mc watch"); a record does not tell which. Most targets send the unencoded key in the field Key of the message, too.
"""

from __future__ import annotations

from dataclasses import replace

from ..event import CHANGES, CREATED, DELETED, METADATA, NOTHING, OPEN, RESTORED, Event, Vendor, change_of
from ..part import Part, quoted
from .s3_record import event_of

_EVENTS = {
    "ObjectCreated:Put": CREATED,
    "ObjectCreated:Post": CREATED,
    "ObjectCreated:Copy": CREATED,
    "ObjectCreated:CompleteMultipartUpload": CREATED,
    # Not new objects, whatever the name says
    "ObjectCreated:PutTagging": METADATA,
    "ObjectCreated:DeleteTagging": METADATA,
    "ObjectCreated:PutRetention": METADATA,
    "ObjectCreated:PutLegalHold": METADATA,
    "ObjectTagging": METADATA,
    "ObjectAcl": METADATA,
    "ObjectRetention": METADATA,
    "ObjectRestore:Completed": RESTORED,
    "ObjectRestore:Post": NOTHING,
    "ObjectTransition": NOTHING,
    "ObjectAccessed": NOTHING,
    "ObjectRemoved": DELETED,
    "LifecycleExpiration": DELETED,
    "LifecycleDelMarkerExpiration": DELETED,
    "ILM:DelMarkerExpiration": DELETED,
    "LifecycleTransition": METADATA,
    "Replication": NOTHING,  # progress at the source of a replication
    "BucketCreated": NOTHING,
    "BucketRemoved": NOTHING,
    "Scanner": NOTHING,
}


def recognises(record: Part) -> bool:
    return _source(record) == "minio:s3"


def read(record: Part) -> Event | None:
    inner = _only_record(record)
    stored = record if inner is None else inner
    change = change_of(stored.at("eventName"), _EVENTS, "s3:")
    if change not in CHANGES:
        return None
    event = event_of(stored, change, OPEN)
    return event if inner is None else _decoded_by_path(event, record.at("Key"))


def _source(record: Part) -> str | None:
    inner = _only_record(record)
    return (record if inner is None else inner).text_at("eventSource")


def _only_record(message: Part) -> Part | None:
    """The record of a message that contains one and its object key a second time."""
    if not message.has("EventName", "Key", "Records"):
        return None
    return message.at("Records").only_item()


def _decoded_by_path(event: Event, path: Part) -> Event:
    prefix = f"{event.bucket or ''}/"
    if not path.text().startswith(prefix):
        raise path.error(f"{quoted(path.text())} does not start with the bucket, {quoted(prefix)}.")
    return replace(event, decoded_key=path.text()[len(prefix) :], decoded_where=path.where)


MINIO = Vendor(recognises, read)
