# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Creates a sync task, and never a second one when the answer of OMS is lost.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.api_errors import (
    ApiFailure,
    is_transient,
    is_uncertain,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.client import Client
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.matching import find_match
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.sync_task import MAX_TASKS, DesiredState, creation


class Creation:
    """The creation of a sync task.

    :arg retries: how often to try again if the answer was lost.
    :arg longest_delay: seconds before such a retry.
    """

    def __init__(self, client: Client, clock: Clock, desired: DesiredState, retries: int, longest_delay: float) -> None:
        self._client = client
        self._clock = clock
        self._desired = desired
        self._retries = retries
        self._longest_delay = longest_delay

    def run(self, task_count: int) -> str:
        """Create the task. If the answer is lost, look for the task before another attempt.

        :arg task_count: how many sync tasks the project has already.
        :returns: its id.
        :raises Failure: OMS did not create it, or may have created it and it was not found.
        :raises SeveralMatch: several sync tasks match now, and one of them is the new one.
        """
        retries = 0
        while True:
            try:
                return self._client.create_sync_task(creation(self._desired))
            except Failure as failure:
                if not is_uncertain(failure):
                    is_limit = failure.answer.http_status == 400 and task_count >= MAX_TASKS
                    if isinstance(failure, ApiFailure) and is_limit:
                        raise failure.explained_as(too_many(task_count)) from None
                    raise
                lost = failure
            self._clock.sleep(min(self._longest_delay, 2.0**retries))
            try:
                tasks = self._client.list_sync_tasks()
            except Failure:
                raise lost from None
            task, _unchanged = find_match(self._desired, tasks)
            if task is not None:
                return str(task["sync_task_id"])
            if retries >= self._retries or not is_transient(lost):
                raise lost
            retries += 1


def too_many(task_count: int) -> str:
    """The message where the project has as many sync tasks as OMS documents."""
    return (
        f"The project has {task_count} sync tasks. OMS documents a maximum of {MAX_TASKS} for an account."
        " Delete one before you create another."
    )
