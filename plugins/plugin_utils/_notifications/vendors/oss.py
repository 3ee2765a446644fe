# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Aliyun OSS: Function Compute, MNS (SMQ) and EventBridge.

Sources, read in November 2026:
- https://www.alibabacloud.com/help/en/functioncompute/fc/formats-of-event-for-different-triggers-1 (format)
- https://www.alibabacloud.com/help/en/mns/user-guide/create-a-rule-to-generate-oss-event-notifications (events)
- https://www.alibabacloud.com/help/en/eventbridge/user-guide/oss-events (events of EventBridge)
None documents the encoding; Aliyun's own functions (github.com/devsapp/start-unzip-oss) use the key as it is.
"""

from __future__ import annotations

from ..envelopes import data_of
from ..event import CHANGES, CREATED, DELETED, METADATA, NOTHING, RAW, RESTORED, Event, Vendor, change_of
from ..part import Part

_EVENTS = {
    "ObjectCreated:PutObject": CREATED,
    "ObjectCreated:PostObject": CREATED,
    "ObjectCreated:CopyObject": CREATED,
    "ObjectCreated:AppendObject": CREATED,
    "ObjectCreated:CompleteMultipartUpload": CREATED,
    "ObjectCreated:PutSymlink": CREATED,
    # Parts of an upload are not an object yet.
    "ObjectCreated:InitiateMultipartUpload": NOTHING,
    "ObjectCreated:UploadPart": NOTHING,
    "ObjectCreated:UploadPartCopy": NOTHING,
    "ObjectReplication:ObjectCreated": CREATED,
    "ObjectReplication:ObjectModified": CREATED,
    "ObjectReplication:ObjectRemoved": DELETED,
    "ObjectModified": METADATA,
    "ObjectRestore:FinishRestore": RESTORED,
    "ObjectRemoved": DELETED,
    "ObjectDownloaded": NOTHING,
    "BucketCreated": NOTHING,
    "BucketRemoved": NOTHING,
    # EventBridge passes on the account's audit and monitoring, too.
    "ActionTrail": NOTHING,
    "CloudMonitor": NOTHING,
}


def recognises(record: Part) -> bool:
    return record.text_at("eventSource") == "acs:oss" or _is_eventbridge(record)


def _is_eventbridge(record: Part) -> bool:
    return record.has("specversion") and record.text_at("source") == "acs.oss"


def read(record: Part) -> Event | None:
    if _is_eventbridge(record):
        if change_of(record.at("type"), _EVENTS, "oss:") not in CHANGES:
            return None
        record = data_of(record)
    change = change_of(record.at("eventName"), _EVENTS, "oss:")
    if change not in CHANGES:
        return None
    key = record.at("oss", "object", "key")
    key.text()
    return Event(change, record.text_at("oss", "bucket", "name"), key, RAW)


OSS = Vendor(recognises, read)
