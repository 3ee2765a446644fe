# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Azure Blob Storage: Event Grid, in its own schema and in CloudEvents.

Sources, read in November 2026:
- https://learn.microsoft.com/en-us/azure/event-grid/event-schema-blob-storage (format, events)
- SystemEventNames of the Azure SDKs (azure-sdk-for-python, sdk/eventgrid): StorageTask*, StorageTaskAssignment*
Neither documents the encoding; observed subjects are not encoded (github.com/Azure-Samples/azure-event-grid-viewer, 9).
"""

from __future__ import annotations

import re

from ..envelopes import data_of, is_cloud_event
from ..event import CHANGES, CREATED, DELETED, METADATA, NOTHING, RAW, RESTORED, Event, Vendor, change_of
from ..part import Part, quoted

_EVENTS = {
    "Microsoft.Storage.BlobCreated": CREATED,
    "Microsoft.Storage.BlobRenamed": CREATED,  # the subject is the new name
    "Microsoft.Storage.BlobTierChanged": METADATA,  # or restored, see below
    "Microsoft.Storage.BlobDeleted": DELETED,
    "Microsoft.Storage.AsyncOperationInitiated": NOTHING,
    "Microsoft.Storage.BlobInventoryPolicyCompleted": NOTHING,
    "Microsoft.Storage.LifecyclePolicyCompleted": NOTHING,
    "Microsoft.Storage.DirectoryCreated": NOTHING,
    "Microsoft.Storage.DirectoryRenamed": NOTHING,
    "Microsoft.Storage.DirectoryDeleted": NOTHING,
    "Microsoft.Storage.StorageTaskQueued": NOTHING,
    "Microsoft.Storage.StorageTaskCompleted": NOTHING,
    "Microsoft.Storage.StorageTaskAssignmentQueued": NOTHING,
    "Microsoft.Storage.StorageTaskAssignmentCompleted": NOTHING,
    # Event Grid asks whether it may send. The operator of the endpoint has to answer.
    "Microsoft.EventGrid.SubscriptionValidationEvent": NOTHING,
    "Microsoft.EventGrid.SubscriptionDeletedEvent": NOTHING,
}
# These create an empty file. Another event follows when its content is written.
_EMPTY_FILE = ("CreateFile", "SftpCreate")
# Names of containers contain no slash; names of blobs may contain "/blobs/".
_SUBJECT = re.compile("/?blobServices/default/containers/([^/]+)/blobs/(.*)", re.DOTALL)


def recognises(record: Part) -> bool:
    return (record.text_at(_type_field(record)) or "").startswith("Microsoft.")


def _type_field(record: Part) -> str:
    return "type" if record.has("specversion") else "eventType"


def read(record: Part) -> Event | None:
    change = change_of(record.at(_type_field(record)), _EVENTS)
    if change not in CHANGES:
        return None
    data = data_of(record) if is_cloud_event(record) else record.at("data") if record.has("data") else Part({})
    if data.text_at("api") in _EMPTY_FILE:
        return None
    if change == METADATA and _is_rehydrated(data):
        change = RESTORED
    subject = record.at("subject")
    found = _SUBJECT.fullmatch(subject.text())
    if not found:
        raise subject.error(f"{quoted(subject.text())} is not the path of a blob in a container.")
    if "\ufffd" in found[2]:
        raise subject.error(f"Event Grid lost a character of {quoted(found[2])}. The object key is not known.")
    return Event(change, found[1], Part(found[2], subject.where), RAW)


def _is_rehydrated(data: Part) -> bool:
    """Whether a blob left the archive: it can be read again."""
    previous = (data.text_at("previousTier") or "").casefold()
    tier = (data.text_at("accessTier") or "").casefold()
    return previous == "archive" and tier not in ("", "archive")


AZURE = Vendor(recognises, read)
