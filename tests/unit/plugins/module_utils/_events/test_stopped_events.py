# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What a run that a signal stopped reports of the events that it did not wait for."""

from __future__ import annotations

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import Stopped
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.object_keys import Batch, ObjectKey
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.sources import ListSource
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.submission import submit
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock


def test_a_stopped_event_is_not_the_failure_of_the_run() -> None:
    clock = Clock()

    def send(_batch: Batch) -> None:
        clock.stop("The run was stopped by SIGTERM")
        raise Stopped("this event was not sent", 2)

    keys = [ObjectKey("a", "a"), ObjectKey("b", "b")]
    outcome = submit(ListSource(keys, 0).batches(1), 2, send, clock)

    assert "The run was stopped by SIGTERM" in str(outcome.failure)
    # No event failed, so none is named in the error.
    assert outcome.failed_object_keys == []
    assert (outcome.accepted_count, outcome.remaining, outcome.retry_count) == (0, ["a", "b"], 1)
