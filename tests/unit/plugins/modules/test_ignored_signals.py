# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""A signal that was ignored when the module started stops no run: nohup ignores SIGHUP, a background job SIGINT."""

from __future__ import annotations

import os
import signal

import pytest
from ansible_collections.huaweicloud.oms.plugins.modules import oms_sync_event
from ansible_collections.huaweicloud.oms.tests.unit.plugins.modules.conftest import RunOnSimulator
from ansible_collections.huaweicloud.oms.tests.unit.simulated_oms import PATH, TASK, SimulatedOms

KEYS = ["a", "b", "c"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_an_ignored_signal_stops_no_run(
    oms: SimulatedOms, run_on_simulator: RunOnSimulator, number: signal.Signals
) -> None:
    oms.add_task()
    oms.meanwhile(f"POST {PATH}/events", lambda: os.kill(os.getpid(), number))
    before = signal.signal(number, signal.SIG_IGN)
    try:
        done = run_on_simulator(oms_sync_event.main, {"sync_task_id": TASK, "object_keys": KEYS, "batch_size": 1})
        after = signal.getsignal(number)
    finally:
        signal.signal(number, before)

    assert not done.failed, done.msg
    assert (done.result["accepted_count"], len(oms.writing)) == (3, 3)
    assert after == signal.SIG_IGN
