# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The rate limiter through the module, in short form and at rates that a busy machine reaches, too.

`make soak` is the long form. The scenarios wait most of the time, so they run at once.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.tests.soak.rate_runs import run_scenarios
from ansible_collections.huaweicloud.oms.tests.soak.rates import Scenario, filled, limited, shared, stray

GATEWAYS = (filled(0, 3, 500, 8, seconds_after=10, rate=50), shared(1, 8, seconds=12, rate=50))
STRAY = (stray(tuple(range(1, 9)), 64, events=500), stray((2, 5, 9), 8, events=500))
LIMITS = tuple(limited(rate_limit, seconds=8) for rate_limit in (0.5, 1.5, 2.9, 50))


@pytest.mark.slow
@pytest.mark.parametrize("scenarios", [GATEWAYS, STRAY, LIMITS], ids=["gateways", "stray", "rate_limit"])
def test_the_module_reaches_the_rate(tmp_path: Path, scenarios: tuple[Scenario, ...]) -> None:
    missed = [str(outcome) for outcome in run_scenarios(scenarios, tmp_path, len(scenarios)) if not outcome.holds]

    assert missed == []
