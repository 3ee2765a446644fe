# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The spool: a directory on disk for object keys that OMS has not accepted yet. Each is submitted at least once.

    incoming.jsonl          object keys that have arrived, one per line, as JSON; each complete line is on disk
    gathered-TIME.jsonl     the same, taken away to be divided into batches
    batches/TIME-PIECE/     object keys that one run of the playbook submits
      keys.jsonl            the object keys; the playbook deletes the file when OMS has accepted all of them
      progress              what OMS has accepted of them so far: the module's progress_file
      attempts              how often a playbook was started; its time is that of the last attempt
      failed                made by the playbook when it failed
    dead/TIME-PIECE/        the dead-letter directory: batches that failed too often
    unread/TIME.json        records of notifications that cannot be read
    new/                    batches that are not complete yet; they are ignored
    lock                    held by the process that runs the batches
    incoming.lock           held while incoming.jsonl is written or taken away
    gather.lock             held while batches are made

Each step can be repeated. A process may be killed between any two steps, or during one, and the next process goes on.

Only the standard library and relative imports are used: ansible-rulebook loads plugins by their paths, in a process
that knows nothing of collections.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

from .batch import FAILED, KEYS, Batch
from .directory import SpoolError
from .schedule import DIVIDE_BELOW, GATHER, Backoff, Settings, next_turn
from .spool import Spool, opened
from .unread import Kept, UnreadRecord

__all__ = [
    "DIVIDE_BELOW",
    "FAILED",
    "GATHER",
    "KEYS",
    "Backoff",
    "Batch",
    "Kept",
    "Settings",
    "Spool",
    "SpoolError",
    "UnreadRecord",
    "next_turn",
    "opened",
]
