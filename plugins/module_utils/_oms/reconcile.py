# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Brings a sync task to the state that a playbook asks for: looks, changes what is to be changed, and waits.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import TIMEOUT, ConnectionFailure, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.client import STOPPED as HAS_STOPPED
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.client import (
    SYNCHRONIZING,
    Client,
    is_in_progress,
    is_missing,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.sync_task import (
    ABSENT,
    MAX_TASKS,
    STARTED,
    STATE,
    STOPPED,
    Wanted,
    creation,
    differences,
    matching,
    missing_keys,
    missing_to_create,
    planned,
    start,
    without_counters,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import listed

# Between two looks at a task: the first pause, and the longest one. They double.
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0
# Answers after which one can't know whether a task was created.
_UNCERTAIN = (502, 503, 504)

Task = dict[str, t.Any]


class Change:
    """What becomes of one sync task.

    The attributes are true at any time, so that a run that fails half way can say what it has done.

    :arg wait: whether to wait until the state is reached.
    :arg timeout: seconds to wait at most; a task that is to be deleted has to be waited for in any case.
    :arg retries: how often to try again to create a task where the answer got lost.
    :arg longest_delay: seconds before such a try.
    """

    def __init__(
        self,
        client: Client,
        clock: Clock,
        wanted: Wanted,
        wait: bool,
        timeout: float,
        retries: int,
        longest_delay: float,
    ) -> None:
        self._client = client
        self._clock = clock
        self._wanted = wanted
        self._wait = wait
        self._timeout = timeout
        self._retries = retries
        self._longest_delay = longest_delay
        self._task_count = 0
        self.changed = False
        self.sync_task_id = wanted.sync_task_id
        self.task: Task | None = None
        self.before: Task = {}
        self.after: Task = {}
        self.warnings: list[str] = []

    def run(self, check_mode: bool) -> None:
        """Look at the task, and change it.

        :arg check_mode: only say what would be changed.
        :raises Failure: the state can't be reached.
        """
        self._see(self._find())
        self.before = self.after = self.task or {}
        change = self._plan()
        if change is None:
            return
        if not check_mode:
            change()
            return
        self.changed = True
        self.task = self.after or None

    def _plan(self) -> t.Callable[[], None] | None:
        """What is to be done, if anything; sets ``after``.

        :raises Failure: it can't be done.
        """
        wanted, task = self._wanted, self.task
        if task is None:
            if wanted.state == ABSENT:
                return None
            if wanted.state == STOPPED:
                raise Failure(
                    STATE,
                    f"there is no sync task {wanted.way} that could be stopped",
                    "Check source and destination, or leave the task out",
                )
            return self._plan_creation()
        if wanted.state == ABSENT:
            self.after = {}
            return self._delete
        differing = differences(wanted, task)
        if differing:
            raise Failure(
                STATE,
                f"the sync task {task['sync_task_id']} is not as it is described: {'; '.join(differing)}",
                "Nothing of a sync task can be changed but its state. Leave these options out, or have it replaced,"
                " which means to stop it, to delete it (state: absent) and to create another one (state: present)",
            )
        if wanted.state == STARTED and task["status"] != SYNCHRONIZING:
            self._check_keys(missing_keys(wanted), f"the sync task {task['sync_task_id']} is stopped")
            self.after = {**task, "status": SYNCHRONIZING}
            return self._start
        if wanted.state == STOPPED and task["status"] != HAS_STOPPED:
            self.after = {**task, "status": HAS_STOPPED}
            return self._stop
        return None

    def _plan_creation(self) -> t.Callable[[], None]:
        self._check_keys(missing_to_create(self._wanted), f"there is no sync task {self._wanted.way} yet")
        if self._task_count >= MAX_TASKS:
            self.warnings.append(self._limit())
        self.after = planned(self._wanted, SYNCHRONIZING)
        return self._create

    def _limit(self) -> str:
        return (
            f"The project has {self._task_count} sync tasks, and OMS documents {MAX_TASKS} as the most for a tenant:"
            " delete one before you create another"
        )

    @staticmethod
    def _check_keys(missing: list[str], why: str) -> None:
        if missing:
            raise Failure(
                STATE,
                f"{why}, and {listed(missing)} {'is' if len(missing) == 1 else 'are'} not given",
                "OMS needs them to create a sync task, and the keys again at each start: give them",
            )

    # ---- looking

    def _see(self, task: Task | None) -> None:
        self.task = None if task is None else without_counters(task)
        if task is not None:
            self.sync_task_id = task["sync_task_id"]

    def _find(self) -> Task | None:
        """The task that is meant, if there is one."""
        if self._wanted.sync_task_id is None:
            tasks = list(self._client.list_sync_tasks())
            self._task_count = len(tasks)
            return matching(self._wanted, tasks)
        try:
            task = self._client.show_sync_task(self._wanted.sync_task_id)
        except Failure as failure:
            if self._wanted.state == ABSENT and is_missing(failure):
                return None
            raise
        if self._wanted.has_cdn:
            # Only the list says where a CDN is.
            for each in self._client.list_sync_tasks():
                if each["sync_task_id"] == self.sync_task_id:
                    task["source_cdn"] = each.get("source_cdn")
        return task

    def _reach(self, status: str) -> None:
        """Look at the task, until it has a status if that is to be waited for."""
        sync_task_id = t.cast(str, self.sync_task_id)
        # What the list said, and this does not.
        cdn = {name: value for name, value in self.after.items() if name == "source_cdn"}

        def reached() -> bool:
            task = self._client.show_sync_task(sync_task_id)
            self._see({**task, **cdn})
            return bool(task["status"] == status)

        self._until(reached, f"the sync task {sync_task_id} has not reached the status {status}", self._wait)

    def _until(self, reached: t.Callable[[], bool], otherwise: str, wait: bool) -> None:
        """Ask again and again.

        :arg otherwise: what is said when the time is up.
        :arg wait: ask once, if not.
        """
        until = self._clock.monotonic() + self._timeout
        pause = FIRST_PAUSE_SECONDS
        while not reached() and wait:
            left = until - self._clock.monotonic()
            if left <= 0:
                raise Failure(
                    TIMEOUT,
                    f"{otherwise} within {self._timeout:g} s",
                    "It may do so later: run the task again, with a longer wait_timeout where this is usual",
                )
            self._clock.sleep(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    # ---- changing

    def _create(self) -> None:
        self.sync_task_id = self._created()
        self.changed = True
        self._reach(SYNCHRONIZING)

    def _created(self) -> str:
        """Create the task, and look for it before another try: else there could be two of them in the end."""
        tries = 0
        while True:
            try:
                return self._client.create_sync_task(creation(self._wanted))
            except Failure as failure:
                if not _is_uncertain(failure):
                    if failure.answer.http_status == 400 and self._task_count >= MAX_TASKS:
                        raise Failure(
                            failure.kind, f"{failure}", self._limit(), failure.answer, failure.attempts
                        ) from None
                    raise
                lost = failure
            self._clock.sleep(min(self._longest_delay, 2.0**tries))
            try:
                task = self._find()
            except Failure:
                raise lost from None
            if task is not None:
                return str(task["sync_task_id"])
            if tries >= self._retries:
                raise lost
            tries += 1

    def _start(self) -> None:
        self.changed = self._client.start_sync_task(t.cast(str, self.sync_task_id), start(self._wanted))
        self._reach(SYNCHRONIZING)

    def _stop(self) -> None:
        self.changed = self._client.stop_sync_task(t.cast(str, self.sync_task_id))
        self._reach(HAS_STOPPED)

    def _delete(self) -> None:
        sync_task_id = t.cast(str, self.sync_task_id)
        is_stopped = t.cast(Task, self.task)["status"] == HAS_STOPPED

        def deleted() -> bool:
            nonlocal is_stopped
            try:
                if not is_stopped:
                    self.changed = self._client.stop_sync_task(sync_task_id) or self.changed
                self.changed = self._client.delete_sync_task(sync_task_id) or self.changed
            except Failure as failure:
                if is_in_progress(failure):
                    # It is still on its way to stop, or someone has started it again.
                    is_stopped = False
                    return False
                if not is_missing(failure):
                    raise
            return True

        def gone() -> bool:
            try:
                self._see(self._client.show_sync_task(sync_task_id))
            except Failure as failure:
                if is_missing(failure):
                    return True
                raise
            return False

        self._until(deleted, f"the sync task {sync_task_id} could not be deleted, since it has not stopped", wait=True)
        if self._wait:
            self._until(gone, f"the sync task {sync_task_id} has been deleted, but has not gone", wait=True)
        self.task = None


def _is_uncertain(failure: Failure) -> bool:
    """Whether a request may have been carried out although it failed."""
    if isinstance(failure, ConnectionFailure):
        return failure.transient
    return failure.answer.http_status in _UNCERTAIN
