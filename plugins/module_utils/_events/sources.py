# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The objects of a run, from a list or from a file.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._events.checkpoint import Identity, is_same_run
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.checkpoint_log import CheckpointLog, Progress
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.key_file import BEGINNING, FileBatch, KeyFile
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.object_keys import Batch, ObjectKey, batches

_NOT_WAITED = (
    "an earlier run ended before OMS had copied all that it accepted. This run submits nothing and waits for nothing."
    " Read the counters of the sync task with huaweicloud.oms.oms_sync_task_info"
)


class ListSource:
    """Objects that are in memory."""

    resumed_count = 0

    def __init__(self, object_keys: t.Sequence[ObjectKey], duplicate_count: int) -> None:
        self.object_count = self.pending_count = len(object_keys)
        self.duplicate_count = duplicate_count
        self._object_keys = object_keys

    def batches(self, batch_size: int) -> t.Iterator[Batch]:
        return batches(self._object_keys, batch_size)


class FileSource:
    """Objects that are in a file, and the log of what is accepted of them, if there is one.

    :raises ArgumentError: an object key is invalid.
    """

    duplicate_count = 0

    def __init__(self, key_file: KeyFile, log: CheckpointLog | None) -> None:
        self._key_file = key_file
        self._log = log
        self._checked = key_file.check(log.last.offset if log and log.last else 0)
        self._start = BEGINNING
        self.object_count = self._checked.object_count

    @property
    def resumed_count(self) -> int:
        return self._start.object_count

    @property
    def pending_count(self) -> int:
        """How many objects are to be submitted."""
        return self.object_count - self.resumed_count

    def batches(self, batch_size: int) -> t.Iterator[FileBatch]:
        return self._key_file.batches(batch_size, self._start)

    def resume(self, identity: Identity, waiting: bool = False) -> Progress | None:
        """Find out where the run starts.

        :arg waiting: whether the run is to wait for the copies.
        :returns: what writes its checkpoints, if there is a log.
        :raises Failure: the log is that of another run.
        """
        if self._log is None:
            return None
        is_same, warning = is_same_run(self._log.path, self._log.last, identity, self._checked.sha256)
        if is_same:
            self._start = self._checked.start
            if self._log.last and not self.pending_count:
                # A run that waits for nothing leaves the log as it is.
                waiting = self._log.last.waiting
                if waiting:
                    self._log.warn(_NOT_WAITED)
        if warning:
            self._log.warnings.append(warning)
        return Progress(self._log, identity, self._start, self.object_count, warning is not None, waiting)


Source = t.Union[ListSource, FileSource]
