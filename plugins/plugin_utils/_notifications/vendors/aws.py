# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""AWS S3: event notifications (SNS, SQS, Lambda) and EventBridge.

Sources, read in November 2026:
- https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html (format; URL-encoded keys)
- the enumeration Event of the S3 API, https://docs.aws.amazon.com/AmazonS3/latest/API/API_TopicConfiguration.html
- https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html and ev-mapping-troubleshooting.html there.
  EventBridge does not document the encoding: moto and most consumers treat the key as unencoded.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ..event import CHANGES, CREATED, DELETED, FORM, METADATA, NOTHING, RAW, RESTORED, Event, Vendor, change_of
from ..part import Part
from .s3_record import event_of

_EVENTS = {
    "ObjectCreated:Put": CREATED,
    "ObjectCreated:Post": CREATED,
    "ObjectCreated:Copy": CREATED,
    "ObjectCreated:CompleteMultipartUpload": CREATED,
    "ObjectRestore:Completed": RESTORED,
    "ObjectRestore:Post": NOTHING,  # requested
    "ObjectRestore:Delete": NOTHING,  # the restored copy has expired
    "ObjectTagging": METADATA,
    "ObjectAcl": METADATA,
    "ObjectRetention": METADATA,
    "ObjectAnnotation": METADATA,
    "LifecycleTransition": METADATA,
    "IntelligentTiering": METADATA,
    "ObjectRemoved": DELETED,
    "LifecycleExpiration": DELETED,
    "ReducedRedundancyLostObject": NOTHING,
    "Replication": NOTHING,  # progress at the source of a replication
}

_EVENTBRIDGE_EVENTS = {
    "Object Created": CREATED,
    "Object Restore Completed": RESTORED,
    "Object Restore Initiated": NOTHING,
    "Object Restore Expired": NOTHING,
    "Object Storage Class Changed": METADATA,
    "Object Access Tier Changed": METADATA,
    "Object ACL Updated": METADATA,
    "Object Tags Added": METADATA,
    "Object Tags Deleted": METADATA,
    "Object Annotation Created": METADATA,
    "Object Annotation Removed": METADATA,
    # Not in the documentation yet; the EventBridge form of ObjectRetention:Put.
    "Object Retention Updated": METADATA,
    "Object Deleted": DELETED,
}


def recognises(record: Part) -> bool:
    return record.text_at("eventSource") == "aws:s3" or _detail_type(record) is not None


def read(record: Part) -> Event | None:
    detail_type = _detail_type(record)
    return _read_record(record) if detail_type is None else _read_eventbridge(record, detail_type)


def _detail_type(record: Part) -> Part | None:
    """The type of an event of EventBridge; in lower camel case where a Java function serialized its typed event."""
    if record.text_at("source") != "aws.s3":
        return None
    for name in ("detail-type", "detailType"):
        if record.has(name):
            return record.at(name)
    return None


def _read_eventbridge(record: Part, detail_type: Part) -> Event | None:
    change = change_of(detail_type, _EVENTBRIDGE_EVENTS)
    if change not in CHANGES:
        return None
    key = record.at("detail", "object", "key")
    key.text()
    return Event(change, record.text_at("detail", "bucket", "name"), key, RAW)


def _read_record(record: Part) -> Event | None:
    change = change_of(record.at("eventName"), _EVENTS, "s3:")
    if change == NOTHING:
        return None
    event = event_of(record, change, FORM)
    # Java and Go functions add the key as they decoded it. Elsewhere than at AWS this proves nothing: they decode
    # whatever they get.
    decoded_key = record.text_at("s3", "object", "urlDecodedKey")
    if decoded_key:
        event = replace(event, decoded_key=decoded_key, decoded_where=f"{record.where}.s3.object.urlDecodedKey")
    return replace(event, sequencer=_sequencer(record))


def _sequencer(record: Part) -> str | None:
    """The place of an event in its object's history, if that tells whether the object still exists.

    With versions it does not: an older one may be deleted, and a delete marker removed again without an event. The
    sequencers of other vendors do not either: OBS calls its own a reference only, MinIO's are clocks of several
    machines, Ceph's are clocks in the byte order of the machine.
    """
    sequencer = record.text_at("s3", "object", "sequencer") or ""
    if record.text_at("s3", "object", "versionId") or (record.text_at("eventName") or "").endswith(
        "DeleteMarkerCreated"
    ):
        return None
    return sequencer if re.fullmatch("[0-9A-Fa-f]+", sequencer) else None


AWS = Vendor(recognises, read)
