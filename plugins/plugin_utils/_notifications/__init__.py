# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Object keys from the notifications of object stores.

``reading`` goes through a message, ``envelopes`` opens what is around the records, and each module in ``vendors`` knows
one vendor's records. The rules are those of docs/notifications.md.

Only the standard library and relative imports are used: Event-Driven Ansible loads this package by its path, in a
process that knows nothing of collections.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

from .encoding import AUTO, ENCODINGS
from .event import CHANGES, CREATED, METADATA, RESTORED
from .part import NotificationError
from .reading import Reading, Unread, read

__all__ = [
    "AUTO",
    "CHANGES",
    "CREATED",
    "ENCODINGS",
    "METADATA",
    "RESTORED",
    "NotificationError",
    "Reading",
    "Unread",
    "read",
]
