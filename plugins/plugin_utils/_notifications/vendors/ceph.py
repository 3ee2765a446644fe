# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Ceph Object Gateway.

Sources, read in November 2026: https://docs.ceph.com/en/latest/radosgw/s3-notification-compatibility/ (events) and
github.com/ceph/ceph, src/rgw/rgw_notify.cc and rgw_pubsub.cc: object keys are not encoded.
"""

from __future__ import annotations

from ..event import CHANGES, CREATED, DELETED, METADATA, NOTHING, RAW, RESTORED, Event, Vendor, change_of
from ..part import Part
from .s3_record import event_of

_EVENTS = {
    "ObjectCreated:Put": CREATED,
    "ObjectCreated:Post": CREATED,
    "ObjectCreated:Copy": CREATED,
    "ObjectCreated:CompleteMultipartUpload": CREATED,
    # Another zone's change has arrived in this one.
    "ObjectSynced:Create": CREATED,
    "ObjectSynced": DELETED,
    "Replication:Create": CREATED,
    "Replication:Delete": DELETED,
    "Replication:DeletionMarkerCreated": DELETED,
    "ObjectRestore:Completed": RESTORED,
    "ObjectRestore:Complete": RESTORED,
    "ObjectRestore:Post": NOTHING,
    "ObjectRestore:Delete": NOTHING,
    "ObjectTagging": METADATA,
    "ObjectAcl": METADATA,
    "ObjectLifecycle:Transition": METADATA,
    "LifecycleTransition": METADATA,
    "ObjectRemoved": DELETED,
    "ObjectLifecycle:Expiration": DELETED,
    "LifecycleExpiration": DELETED,
    "ReducedRedundancyLostObject": NOTHING,
}


def recognises(record: Part) -> bool:
    return record.text_at("eventSource") == "ceph:s3"


def read(record: Part) -> Event | None:
    change = change_of(record.at("eventName"), _EVENTS, "s3:")
    if change not in CHANGES or _is_begin_of_upload(record):
        return None
    return event_of(record, change, RAW)


def _is_begin_of_upload(record: Part) -> bool:
    """Whether a multipart upload began: the event of an HTML form's upload, but without an ETag."""
    name = record.at("eventName").text()
    return name.endswith("ObjectCreated:Post") and not record.text_at("s3", "object", "eTag")


CEPH = Vendor(recognises, read)
