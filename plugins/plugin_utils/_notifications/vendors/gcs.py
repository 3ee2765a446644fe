# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Google Cloud Storage: Pub/Sub, Eventarc, and Cloud Functions of the first generation.

Sources, read in November 2026:
- https://cloud.google.com/storage/docs/pubsub-notifications (format, events)
- https://github.com/googleapis/google-cloudevents, proto/google/events/cloud/storage/v1 (Eventarc)
- https://cloud.google.com/functions/1stgendocs/calling/storage (first generation)
None documents the encoding; emulators and consumers use the name as it is.
"""

from __future__ import annotations

from dataclasses import replace

from ..envelopes import data_of, described_object
from ..event import CHANGES, CREATED, DELETED, METADATA, RAW, Event, Vendor, change_of
from ..part import Part

_EVENTS = {
    # Pub/Sub
    "OBJECT_FINALIZE": CREATED,
    "OBJECT_METADATA_UPDATE": METADATA,
    "OBJECT_DELETE": DELETED,
    # The live version became noncurrent. If a new one replaced it, that has an event of its own.
    "OBJECT_ARCHIVE": DELETED,
    # Eventarc
    "google.cloud.storage.object.v1.finalized": CREATED,
    "google.cloud.storage.object.v1.metadataUpdated": METADATA,
    "google.cloud.storage.object.v1.deleted": DELETED,
    "google.cloud.storage.object.v1.archived": DELETED,
    # Cloud Functions of the first generation
    "google.storage.object.finalize": CREATED,
    "google.storage.object.metadataUpdate": METADATA,
    "google.storage.object.delete": DELETED,
    "google.storage.object.archive": DELETED,
}


def recognises(record: Part) -> bool:
    return _event_type(record) is not None or record.text_at("kind") == "storage#object"


def _event_type(record: Part) -> Part | None:
    if record.has("specversion") and (record.text_at("type") or "").startswith("google.cloud.storage.object.v1."):
        return record.at("type")
    if record.has("attributes") and record.at("attributes").has("eventType", "objectId"):
        return record.at("attributes", "eventType")
    if record.has("data"):
        holder = record.at("context") if record.has("context") else record
        # Node and Go write eventType, Python event_type.
        for name in ("eventType", "event_type"):
            if (holder.text_at(name) or "").startswith("google.storage.object."):
                return holder.at(name)
    return None


def read(record: Part) -> Event | None:
    event_type = _event_type(record)
    if event_type is None:
        raise record.error(
            "describes an object of Google Cloud Storage, but not what happened to it. With Eventarc in binary mode the"
            " event type is in the HTTP header ce-type only: have the receiver pass on a structured CloudEvent, "
            '{"specversion": "1.0", "type": "(the value of ce-type)", "data": (this object)}. With Pub/Sub: switch'
            " payload unwrapping off in the subscription. In a function of the first generation: pass on the context,"
            ' too, {"context": (the context), "data": (this object)}.'
        )
    change = change_of(event_type, _EVENTS)
    if change not in CHANGES:
        return None
    if record.has("attributes"):
        return _read_pubsub(record, change)
    data = data_of(record)
    key = data.at("name")
    key.text()
    return Event(change, data.text_at("bucket"), key, RAW)


def _read_pubsub(message: Part, change: str) -> Event:
    """A message of Pub/Sub, whose data may describe the object once more."""
    key = message.at("attributes", "objectId")
    key.text()
    event = Event(change, message.text_at("attributes", "bucketId"), key, RAW)
    name = described_object(message.text_at("data")).get("name")
    return replace(event, decoded_key=name, decoded_where=f"{message.where}.data") if isinstance(name, str) else event


GCS = Vendor(recognises, read)
