# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""A record in the format that AWS S3 defined and that OBS, MinIO and Ceph send, too."""

from __future__ import annotations

from ..event import Event
from ..part import Part


def event_of(record: Part, change: str, encoding: str, field: str = "s3") -> Event:
    """The event of a record.

    :arg field: the field that contains bucket and object.
    """
    stored = record.at(field)
    key = stored.at("object", "key")
    key.text()
    bucket = stored.text_at("bucket", "name") or stored.text_at("bucket", "bucket")
    return Event(change, bucket, key, encoding)
