# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Brings a sync task to the desired state: reads it, makes the change that is necessary, and waits.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import SERVICE, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.api_errors import (
    STATE,
    is_in_progress,
    is_missing,
    is_uncertain,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.client import STOPPED as HAS_STOPPED
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.client import SYNCHRONIZING, Client
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.creation import Creation, too_many
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.matching import (
    SeveralMatch,
    Task,
    contradiction,
    differences,
    find_match,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.polling import Polling
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.sync_task import (
    MAX_TASKS,
    DesiredState,
    are,
    missing_keys,
    missing_to_create,
    planned,
    start,
    without_counters,
    without_start_time,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.sync_task_options import ABSENT, STARTED, STOPPED


class Change:
    """The change of one sync task.

    The attributes are correct at any time, so that a run that fails after a change can report it.

    :arg wait: whether to wait until the state is reached.
    :arg timeout: the longest time to wait in all, in seconds. Before a deletion the module always waits.
    :arg retries: how often to try again to create a task where the answer was lost.
    :arg longest_delay: seconds before such a retry.
    """

    def __init__(
        self,
        client: Client,
        clock: Clock,
        desired: DesiredState,
        wait: bool,
        timeout: float,
        retries: int,
        longest_delay: float,
    ) -> None:
        self._client = client
        self._clock = clock
        self._desired = desired
        self._wait = wait
        self._polling = Polling(clock, timeout)
        self._creation = Creation(client, clock, desired, retries, longest_delay)
        self._task_count = 0
        self.changed = False
        self.sync_task_id = desired.sync_task_id
        self.task: Task | None = None
        self.before: Task = {}
        self.after: Task = {}
        self.warnings: list[str] = []

    def run(self, check_mode: bool) -> None:
        """Read the task, and change it.

        :arg check_mode: only say what would be changed.
        :raises Failure: the state can't be reached.
        """
        self._record(self._find())
        self.before = self.after = without_start_time(self.task or {})
        change = self._plan()
        if change is None:
            return
        if not check_mode:
            try:
                change()
            except Failure:
                self._read_after_failure()
                raise
            return
        self.changed = True
        self.task = {**(self.task or {}), **self.after} if self.after else None
        if self.before == {} and self._task_count >= MAX_TASKS:
            self.warnings.append(too_many(self._task_count))

    def _plan(self) -> t.Callable[[], None] | None:
        """The change that is necessary, or None; sets ``after``.

        :raises Failure: it can't be done.
        """
        desired, task = self._desired, self.task
        if task is None:
            if desired.state == ABSENT:
                return None
            if desired.state == STOPPED:
                raise Failure(
                    STATE,
                    f"There is no sync task {desired.places} that matches the options, so none can be stopped",
                    "Check the options, or remove this task from the playbook.",
                )
            self._check_keys(missing_to_create(desired), f"There is no sync task {desired.places}")
            self.after = planned(desired, SYNCHRONIZING)
            return self._create
        if differences(desired, task):
            raise contradiction(desired, [task])
        if desired.state == ABSENT:
            self.after = {}
            return self._delete
        if desired.state == STARTED and task["status"] != SYNCHRONIZING:
            self._check_keys(missing_keys(desired), f"The sync task {task['sync_task_id']} is stopped")
            self.after = {**self.before, "status": SYNCHRONIZING}
            return self._start
        if desired.state == STOPPED and task["status"] != HAS_STOPPED:
            self.after = {**self.before, "status": HAS_STOPPED}
            return self._stop
        return None

    @staticmethod
    def _check_keys(missing: list[str], why: str) -> None:
        if missing:
            raise Failure(
                STATE,
                f"{why}, and {are(missing)} not given",
                "OMS needs the keys of both buckets to create and to start a sync task. Give these options.",
            )

    # ---- reading

    def _record(self, task: Task | None) -> None:
        self.task = None if task is None else without_counters(task)
        if task is not None:
            self.sync_task_id = task["sync_task_id"]

    def _find(self) -> Task | None:
        """The task that is meant, if there is one."""
        if self._desired.sync_task_id is None:
            tasks = self._client.list_sync_tasks()
            self._task_count = len(tasks)
            task, unchanged = find_match(self._desired, tasks)
            self.warnings = [
                f"{text}. It has the same source and destination, and was not changed." for text in unchanged
            ]
            return task
        try:
            task = self._client.show_sync_task(self._desired.sync_task_id)
        except Failure as failure:
            if self._desired.state == ABSENT and is_missing(failure):
                return None
            raise
        if self._desired.has_cdn:
            task["source_cdn"] = self._listed_cdn(self._desired.sync_task_id)
        return task

    def _listed_cdn(self, sync_task_id: str) -> t.Any:
        """The CDN of a task, which only the list shows.

        :raises Failure: the task is not in the list, so that its CDN can't be compared.
        """
        for task in self._client.list_sync_tasks():
            if task.get("sync_task_id") == sync_task_id:
                return task["source_cdn"]
        raise Failure(
            SERVICE,
            f"OMS does not list the sync task {sync_task_id}, so its CDN can't be compared with source.cdn",
            "Run the task again later, or omit source.cdn.",
        )

    def _is_missing(self) -> bool:
        """Whether the task does not exist any more; if it does, it is read."""
        try:
            self._read_status()
        except Failure as failure:
            if is_missing(failure):
                return True
            raise
        return False

    def _read_status(self) -> str:
        """See the task, and return its status.

        :raises Failure: it can't be read, or there is none.
        """
        task = self._client.show_sync_task(t.cast(str, self.sync_task_id))
        # The list shows the CDN, and this does not.
        known = self.task or self.after
        self._record({**task, **{name: value for name, value in known.items() if name == "source_cdn"}})
        return str(task["status"])

    def _read_after_failure(self) -> None:
        """After a failure: read the task, because it may not be as planned."""
        if self.changed and self.sync_task_id is None:
            # The new one is among several, and is as it was planned.
            return
        if self.changed:
            try:
                if self._is_missing():
                    self.task = None
            except Failure:
                # What was read last is the best that is known.
                pass
        self.after = self._as_read()

    def _as_read(self) -> Task:
        """The task for the diff: its present values of the fields that are in ``before`` or ``after``."""
        seen = without_start_time(self.task or {})
        return {name: value for name, value in seen.items() if name in self.before or name in self.after}

    def _reach(self, status: str, is_new: bool = False) -> None:
        """Look at the task, until it has a status if that is to be waited for.

        :arg is_new: it has just been created, and may not be shown yet.
        """

        def is_reached() -> bool:
            try:
                return self._read_status() == status
            except Failure as failure:
                if is_new and is_missing(failure):
                    return False
                raise

        self._polling.until(
            is_reached, f"The sync task {self.sync_task_id} has not reached the status {status}", self._wait
        )
        # The task as it is. Without waiting, the status is the future one.
        self.after = {**self._as_read(), "status": status}

    # ---- changing

    def _create(self) -> None:
        try:
            self.sync_task_id = self._creation.run(self._task_count)
        except SeveralMatch:
            # No sync task matched before: one of these is the new one.
            self.changed = True
            raise
        self.changed = True
        # Until OMS shows it.
        self.task = {**self.after, "sync_task_id": self.sync_task_id}
        self._reach(SYNCHRONIZING, is_new=True)

    def _start(self) -> None:
        keys = start(self._desired)
        self._apply(
            lambda: self._client.start_sync_task(t.cast(str, self.sync_task_id), keys),
            lambda: self._read_status() == SYNCHRONIZING,
        )
        self._reach(SYNCHRONIZING)

    def _stop(self) -> None:
        self._apply(
            lambda: self._client.stop_sync_task(t.cast(str, self.sync_task_id)),
            lambda: self._read_status() == HAS_STOPPED,
        )
        self._reach(HAS_STOPPED)

    def _apply(self, change: t.Callable[[], bool], is_done: t.Callable[[], bool]) -> None:
        """Make a change. If its answer is lost, read whether it was made."""
        try:
            made = change()
        except Failure as failure:
            if not is_uncertain(failure):
                raise
            try:
                made = is_done()
            except Failure:
                made = False
            if not made:
                raise failure from None
        self.changed = made or self.changed

    def _delete(self) -> None:
        sync_task_id = t.cast(str, self.sync_task_id)
        is_stopped = t.cast(Task, self.task)["status"] == HAS_STOPPED

        def stop_and_delete() -> bool:
            nonlocal is_stopped
            try:
                if not is_stopped:
                    self._apply(
                        lambda: self._client.stop_sync_task(sync_task_id), lambda: self._read_status() == HAS_STOPPED
                    )
                self._apply(lambda: self._client.delete_sync_task(sync_task_id), self._is_missing)
            except Failure as failure:
                if is_in_progress(failure):
                    # It has not stopped yet, or someone has started it again.
                    is_stopped = False
                    return False
                if not is_missing(failure):
                    raise
            self.task = None
            return True

        self._polling.until(
            stop_and_delete, f"The sync task {sync_task_id} has not stopped, so it was not deleted", wait=True
        )
        if self._wait:
            self._polling.until(
                self._is_missing, f"The sync task {sync_task_id} was deleted, but OMS still shows it", wait=True
            )
            self.task = None
