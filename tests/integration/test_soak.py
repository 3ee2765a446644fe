# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The soak in its short form: everything goes wrong at once, and nothing is lost. `make soak` is the long one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator
from ansible_collections.huaweicloud.oms.tests.soak.soak import TROUBLES, Trial, run_trial

FULL = "OMS_TEST_FULL" in os.environ


@pytest.mark.slow
def test_nothing_is_lost_when_everything_goes_wrong(simulator_process: Simulator, tmp_path: Path) -> None:
    kills = (signal.SIGTERM, signal.SIGKILL) * (4 if FULL else 1)
    trial = Trial("all of these", 20_000 if FULL else 600, TROUBLES, kills=kills, latency=0.005, spacing=25)
    row = run_trial(trial, simulator_process, tmp_path)

    row.check()
    assert row.lost == 0
    requests = simulator_process.requests("POST")
    assert [each.name for each in TROUBLES if not each.seen(requests)] == []
    assert row.met >= len(TROUBLES) + len(kills)


def test_a_connection_that_the_server_closed_costs_no_object(simulator_process: Simulator, tmp_path: Path) -> None:
    """Whether it is noticed before the next request or by it."""
    (idle,) = (each for each in TROUBLES if each.kind == "idle")
    row = run_trial(Trial(idle.name, 300, (idle,), every=3), simulator_process, tmp_path)

    row.check()
    # What never reached the service is no repeat.
    assert (row.repeated, row.lost) == (0, 0)
