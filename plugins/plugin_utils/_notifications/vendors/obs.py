# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Huawei Cloud OBS: SMN, EventGrid, FunctionGraph, and regions that send the format of S3.

Sources, read in November 2026:
- https://support.huaweicloud.com/ugobs-obs/obs_41_0045.html (SMN: format, events, URL-encoded keys)
- https://support.huaweicloud.com/intl/en-us/usermanual-eg/eg-ug-015.html and bestpractice-eg/eg-bp-037.html
  (EventGrid; "Object Name Encoding" of the subscription is on by default)
- https://opentelekomcloud-community.github.io/otc-functiongraph-go-runtime/ (FunctionGraph; the format of S3). Nothing
  documents how that one encodes object keys.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ..encoding import decoded
from ..envelopes import data_of, is_cloud_event
from ..event import CHANGES, CREATED, DELETED, FORM, OPEN, Event, Vendor, change_of
from ..part import Part
from .s3_record import event_of

_EVENTS = {
    "ObjectCreated:Put": CREATED,
    "ObjectCreated:Post": CREATED,
    "ObjectCreated:Copy": CREATED,
    "ObjectCreated:CompleteMultipartUpload": CREATED,
    "ObjectRemoved": DELETED,
}

_EVENTGRID = "HC.OBS.DWR"
# Regions of AWS end in one digit. AWS has two regions in China, Huawei Cloud many more.
_AWS_REGION = re.compile(r"(?!cn-)[a-z-]+-[1-9]|cn-north(west)?-1")


def recognises(record: Part) -> bool:
    return record.text_at("eventSource") == "OBS" or _is_in_s3_format(record) or _is_eventgrid(record)


def read(record: Part) -> Event | None:
    if is_cloud_event(record):
        return _read_eventgrid(record)
    change = change_of(record.at("eventName"), _EVENTS, "s3:")
    if change not in CHANGES:
        return None
    if record.text_at("eventSource") == "OBS":
        return event_of(record, change, FORM, "obs")
    return event_of(record, change, OPEN)


def _is_in_s3_format(record: Part) -> bool:
    """Whether OBS sent a record in the format of S3, by what AWS never writes."""
    if record.text_at("eventSource") not in (None, "aws:s3") or not record.has("s3"):
        return False
    if (record.text_at("s3", "bucket", "arn") or "").startswith("arn:fss:"):
        return True
    # AWS writes principalId.
    if any(record.text_at("s3", "bucket", "ownerIdentity", name) is not None for name in ("PrincipalId", "ID")):
        return True
    if record.text_at("responseElements", "x-obs-request-id") is not None:
        return True
    if record.text_at("eventSource") is None:
        return False
    region = record.text_at("awsRegion")
    if region:
        return not _AWS_REGION.fullmatch(region)
    # AWS has sent 2.1 and later for years, always with its region.
    return record.text_at("eventVersion") == "2.0"


def _is_eventgrid(record: Part) -> bool:
    """Whether it is a CloudEvent of EventGrid that a single object changed."""
    if not is_cloud_event(record):
        return False
    if record.text_at("source") == "HC.OBS":
        return True
    if record.text_at("source") != _EVENTGRID and not (record.text_at("type") or "").startswith("OBS:DWR:"):
        return False
    return data_of(record).only_item() is not None


def _read_eventgrid(record: Part) -> Event | None:
    if record.text_at("source") == "HC.OBS":
        raise record.error(
            "events of the EventGrid source HC.OBS do not define a field for the object key. Subscribe to the source"
            f' "OBS application service", {_EVENTGRID}.'
        )
    entry = data_of(record).only_item()
    event = read(entry) if entry is not None else None
    subject = record.text_at("subject")
    if event is None or subject is None or subject == event.key.text():
        return event
    # The subject is the object key, too. If one of them is the other one decoded, the encoding is known.
    key = event.key.text()
    where = f"{record.where}.subject"
    if decoded(key, FORM) == subject:
        return replace(event, decoded_key=subject, decoded_where=where)
    if decoded(subject, FORM) == key:
        return replace(event, decoded_key=key, decoded_where=where)
    return event


OBS = Vendor(recognises, read)
