# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What the simulator copies and counts: by month, in points of five minutes, with failures and delays."""

from __future__ import annotations

import time
import typing as t
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator
from ansible_collections.huaweicloud.oms.tests.unit.simulator.test_simulated_sync_tasks import (
    PROJECT_ID,
    TASKS,
    counters,
    milliseconds,
    process,
    send,
    simulator,
)

__all__ = ["process", "simulator"]


def event(simulator: Simulator, *names: str) -> None:
    assert send(simulator, "POST", f"{TASKS}/task/events", {"object_keys": list(names)})[0] == 200


def test_copying_takes_its_time_and_may_fail_or_skip(simulator: Simulator) -> None:
    noon = datetime(2027, 3, 1, 12, tzinfo=timezone.utc)
    simulator.add_task("task", PROJECT_ID)
    simulator.set(now_offset=noon.timestamp() - time.time(), copy_delay=3600, object_size=10)
    simulator.set(fail_keys=["*.bad"], skip_keys=["old/*"])
    event(simulator, "a", "b.bad", "old%2Fc", "d")
    before = counters(simulator, "task", noon)
    simulator.set(now_offset=noon.timestamp() + 3601 - time.time())

    assert before == (4, 0, 0, 0, 0)
    assert counters(simulator, "task", noon) == (4, 2, 1, 1, 20)


def test_months_are_counted_apart(simulator: Simulator) -> None:
    """An event before the end of a month, which is copied after it."""
    simulator.add_task("task", PROJECT_ID)
    end = datetime(2027, 3, 1, tzinfo=timezone.utc)
    simulator.set(copy_delay=3600, now_offset=end.timestamp() - 1800 - time.time())
    event(simulator, "a", "b")
    simulator.set(now_offset=end.timestamp() + 7200 - time.time())
    event(simulator, "c")

    assert counters(simulator, "task", end - timedelta(days=2)) == (2, 0, 0, 0, 0)
    assert counters(simulator, "task", end + timedelta(days=2)) == (1, 2, 0, 0, 2048)
    assert counters(simulator, "task", end + timedelta(days=40)) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("hours", [-12, 8, 14])
def test_months_begin_at_midnight_of_a_time_zone(simulator: Simulator, hours: int) -> None:
    simulator.add_task("task", PROJECT_ID)
    end = datetime(2027, 3, 1, tzinfo=timezone(timedelta(hours=hours)))
    simulator.set(month_zone=hours, now_offset=end.timestamp() - 600 - time.time())
    event(simulator, "a", "b")
    simulator.set(now_offset=end.timestamp() + 600 - time.time())
    event(simulator, "c")

    assert counters(simulator, "task", end - timedelta(minutes=1))[0] == 2
    assert counters(simulator, "task", end)[0] == 1


def test_objects_may_be_copied_one_after_the_other(simulator: Simulator) -> None:
    noon = datetime(2027, 3, 1, 12, tzinfo=timezone.utc)
    simulator.add_task("task", PROJECT_ID)
    simulator.set(copy_rate=0.01, copy_delay=1000, fail_keys=["c"], object_size=10)
    simulator.set(now_offset=noon.timestamp() - time.time())
    event(simulator, "a", "b")
    event(simulator, "c")
    found = []
    for seconds in (1050, 1150, 1250, 1350):
        simulator.set(now_offset=noon.timestamp() + seconds - time.time())
        found.append(counters(simulator, "task", noon))

    assert found == [(3, 0, 0, 0, 0), (3, 1, 0, 0, 10), (3, 2, 0, 0, 20), (3, 2, 1, 0, 20)]


def test_a_repeated_object_key_may_count_once(simulator: Simulator) -> None:
    simulator.add_task("task", PROJECT_ID)
    simulator.set(count_repeats=False, object_size=1)
    event(simulator, "a", "b", "a")
    event(simulator, "b", "c")

    assert counters(simulator, "task") == (5, 3, 0, 0, 3)


def test_others_may_count_too(simulator: Simulator) -> None:
    simulator.add_task("task", PROJECT_ID)
    event(simulator, "a")
    simulator.count("task", request=10, success=7, failure=2, skip=1, size=70)

    assert counters(simulator, "task") == (11, 8, 2, 1, 1094)


def series(simulator: Simulator, start: datetime, end: datetime, types: str = "REQUEST,SIZE") -> t.Any:
    query = f"data_type={types}&start_time={milliseconds(start)}&end_time={milliseconds(end)}"
    return send(simulator, "GET", f"{TASKS}/task/statistics?{query}")[1]


def test_statistics_have_points_of_five_minutes_or_an_hour(simulator: Simulator) -> None:
    simulator.add_task("task", PROJECT_ID)
    noon = datetime(2027, 3, 1, 12, tzinfo=timezone.utc)
    for minute in (1, 2, 7, 61):
        simulator.set(now_offset=noon.timestamp() + minute * 60 - time.time(), object_size=10)
        event(simulator, "a", "b")

    def points(counts: dict[int, int]) -> list[dict[str, int]]:
        return [
            {"time_stamp": int(milliseconds(noon + timedelta(minutes=minute))), "statistic_num": count}
            for minute, count in counts.items()
        ]

    assert series(simulator, noon, noon + timedelta(hours=2)) == {
        "sync_task_id": "task",
        "statistic_time_type": "FIVE_MINUTES",
        "statistic_datas": [
            {"data_type": "REQUEST", "data": points({0: 4, 5: 2, 60: 2})},
            {"data_type": "SIZE", "data": points({0: 40, 5: 20, 60: 20})},
        ],
    }
    days = series(simulator, noon - timedelta(days=1), noon + timedelta(days=1), "SUCCESS")
    assert days["statistic_time_type"] == "ONE_HOUR"
    assert days["statistic_datas"] == [{"data_type": "SUCCESS", "data": points({0: 6, 60: 2})}]
    before = series(simulator, noon - timedelta(hours=3), noon - timedelta(hours=2), "FAILURE")
    assert before["statistic_datas"] == [{"data_type": "FAILURE", "data": []}]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "data_type=REQUEST&start_time=1767225600000",
        "data_type=REQUEST&end_time=1767225600000",
        "start_time=1767225600000&end_time=1767225600001",
        "data_type=OTHER&start_time=1767225600000&end_time=1767225600001",
        "data_type=REQUEST&start_time=1767225600001&end_time=1767225600000",
        "data_type=REQUEST&start_time=2&end_time=1",
    ],
)
def test_statistics_need_all_their_parameters(simulator: Simulator, query: str) -> None:
    simulator.add_task("task", PROJECT_ID)

    assert send(simulator, "GET", f"{TASKS}/task/statistics?{query}") == (400, "OMS.0064")
