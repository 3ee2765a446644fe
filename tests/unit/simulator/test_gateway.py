# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The simulator's gateway, by which the rate limiter is judged."""

from __future__ import annotations

import pytest
from ansible_collections.huaweicloud.oms.tests.simulator.gateway import Gateway


def accepted(gateway: Gateway, begin: float, end: float, rate: float = 100.0) -> int:
    """How many requests of an even stream are accepted."""
    count = round((end - begin) * rate)
    return sum(not gateway.refuses(5000 + begin + number / rate) for number in range(count))


def test_windows_are_fixed_and_begin_with_the_first_request() -> None:
    gateway = Gateway(10)

    assert [accepted(gateway, second / 2, (second + 1) / 2) for second in range(4)] == [10, 0, 10, 0]


def test_a_phase_moves_the_windows() -> None:
    gateway = Gateway(10, phase=0.5)

    assert [accepted(gateway, second / 2, (second + 1) / 2) for second in range(4)] == [10, 10, 0, 10]


def test_the_limit_changes() -> None:
    gateway = Gateway(10, changes=[(2, 3), (4, 7)])

    assert [accepted(gateway, second, second + 1) for second in range(6)] == [10, 10, 3, 3, 7, 7]


@pytest.mark.parametrize(("others", "left"), [(4, 7), (10, 5), (1000, 1)])
def test_others_use_it_for_a_time(others: float, left: int) -> None:
    """Ours and those of the others come evenly until the limit is reached."""
    gateway = Gateway(10, others=[(1, 3, others)])

    assert [accepted(gateway, second, second + 1, 10) for second in range(4)] == [10, left, left, 10]


def test_stray_refusals_are_counted_by_requests() -> None:
    gateway = Gateway(1000, stray=[1, 3])

    assert [gateway.refuses(0.01 * number) for number in range(5)] == [True, False, True, False, False]
