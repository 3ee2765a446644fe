# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""When attempts may start: the option rate_limit, and what 429s teach."""

from __future__ import annotations

import random
import threading
import time
import typing as t
from itertools import pairwise

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError, Stopped
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.rate_limiter import (
    LEAST_PACE,
    RECOVERY_SECONDS,
    Pace,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.retry import RetryPolicy, Transport
from ansible_collections.huaweicloud.oms.tests.unit.fakes import FakeClock

REQUEST = Request("POST", Endpoint("https://oms.example.com", "a test"), "/")


class Gateway:
    """Lets through so many attempts in any second, as the simulator's does."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self._clock = clock
        self._limit = limit
        self._times: list[float] = []
        self.refusals = 0

    def accepts(self) -> bool:
        now = self._clock.monotonic()
        self._times = [time for time in self._times if time > now - 1]
        if len(self._times) >= self._limit:
            self.refusals += 1
            return False
        self._times.append(now)
        return True


def starts(pace: Pace, count: int) -> list[float]:
    return [pace.wait() for _number in range(count)]


# ---- the option rate_limit


@pytest.mark.parametrize("rate_limit", [1, 2.5, 7, 50])
def test_no_more_start_within_any_second(rate_limit: float) -> None:
    times = starts(Pace(FakeClock(), rate_limit), 200)

    for number, begin in enumerate(times):
        assert sum(begin <= other < begin + 1.09 for other in times[number:]) <= rate_limit


@pytest.mark.parametrize(("rate_limit", "apart"), [(0.5, 2), (0.1, 10)])
def test_less_than_one_in_a_second_is_one_in_several(rate_limit: float, apart: float) -> None:
    times = starts(Pace(FakeClock(), rate_limit), 5)

    assert [after - before >= apart for before, after in pairwise(times)] == [True] * 4


def test_most_of_what_is_allowed_is_used() -> None:
    clock = FakeClock()
    starts(Pace(clock, 100), 2000)

    assert sum(clock.slept) < 2000 / 100 * 1.12


def test_without_a_limit_nobody_waits() -> None:
    clock = FakeClock()
    starts(Pace(clock), 100)

    assert clock.slept == []


@pytest.mark.parametrize("rate_limit", [-1, 0.0001, 10001, float("nan"), float("inf")])
def test_a_limit_that_makes_no_sense_is_refused(rate_limit: float) -> None:
    with pytest.raises(ArgumentError, match=r"rate_limit: .* is out of range: 0 for none, or"):
        Pace(FakeClock(), rate_limit)


# ---- what 429s teach


@pytest.mark.parametrize("limit", [20, 200])
def test_most_of_what_a_gateway_allows_is_used_and_little_refused(limit: int) -> None:
    clock = FakeClock()
    gateway = Gateway(clock, limit)

    def exchange(_request: Request, _headers: t.Mapping[str, str]) -> Response:
        # Each attempt takes a moment.
        clock.slept.append(0.0005)
        return Response(200 if gateway.accepts() else 429, {})

    transport = Transport(exchange, RetryPolicy(8, 30.0), clock, lambda _low, high: high)
    count = limit * 60
    for _number in range(count):
        assert transport.send(REQUEST, lambda _request, _now: {}).status == 200

    assert count / sum(clock.slept) >= 0.9 * limit
    assert gateway.refusals < 0.05 * count


def refuse(pace: Pace, clock: FakeClock, accepted: int) -> None:
    """So many are accepted within a second, and then two are refused in a row."""
    for _number in range(accepted):
        pace.wait()
        pace.accepted()
    clock.slept.append(0.001)
    started = pace.wait()
    assert pace.refused(started)
    assert pace.refused(started) > 1


def test_a_single_refusal_does_not_slow_down() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    for _number in range(20):
        started = pace.wait()
        clock.slept.append(0.01)
        pace.accepted()
        assert pace.refused(started) == 1

    assert seconds_for(pace, clock, 1000) == 0


@pytest.mark.parametrize(("share", "seconds"), [(0.002, 15), (0.01, 25), (0.03, 120)])
def test_a_service_that_refuses_now_and_then_is_not_crept_up_to(share: float, seconds: float) -> None:
    """Without any refusal it would be 10 seconds."""
    clock = FakeClock()
    randomly = random.Random(20261125)  # noqa: S311 - refusals are no secrets

    def exchange(_request: Request, _headers: t.Mapping[str, str]) -> Response:
        clock.slept.append(0.0025)
        return Response(429 if randomly.random() < share else 200, {})

    transport = Transport(exchange, RetryPolicy(8, 30.0), clock, lambda _low, high: high)
    for _number in range(4000):
        transport.send(REQUEST, lambda _request, _now: {})

    assert sum(clock.slept) < seconds


def seconds_for(pace: Pace, clock: FakeClock, count: int) -> float:
    before = clock.monotonic()
    starts(pace, count)
    return clock.monotonic() - before


def test_after_a_refusal_it_goes_slower_than_what_was_accepted() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    refuse(pace, clock, 100)

    assert seconds_for(pace, clock, 96) == pytest.approx(96 / 95, rel=0.05)


def test_the_pace_comes_back_and_grows_beyond() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    refuse(pace, clock, 100)

    clock.slept.append(RECOVERY_SECONDS)
    assert seconds_for(pace, clock, 101) == pytest.approx(1, rel=0.05)
    clock.slept.append(RECOVERY_SECONDS * 4)
    assert seconds_for(pace, clock, 101) < 0.4


def test_refusals_of_what_had_started_before_change_nothing() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    before = [pace.wait() for _number in range(8)]
    refuse(pace, clock, 100)

    assert [pace.refused(started) for started in before] == [0] * 8
    assert seconds_for(pace, clock, 96) == pytest.approx(96 / 95, rel=0.05)


def test_a_refusal_soon_after_a_pause_does_not_end_all_speed() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    refuse(pace, clock, 100)
    pace.pause(5)
    refuse(pace, clock, 3)

    assert seconds_for(pace, clock, 80) == pytest.approx(1, rel=0.1)


def test_without_any_acceptance_the_pace_stays_unknown() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    refuse(pace, clock, 0)

    assert seconds_for(pace, clock, 1000) == 0


def test_the_pace_has_a_lower_end() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    refuse(pace, clock, 1)
    for _number in range(50):
        refuse(pace, clock, 0)

    # 0.95 of it, and the first starts at once.
    assert seconds_for(pace, clock, 11) <= 11 / (LEAST_PACE * 0.95) * 1.01


def test_a_pause_is_for_all_and_the_longest_counts() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    pace.pause(3)
    pace.pause(1)
    pace.wait()

    assert sum(clock.slept) == pytest.approx(3)


# ---- being told to stop


@pytest.mark.parametrize("seconds_until_stop", [0, 0.1])
def test_stopping_ends_all_waiting(seconds_until_stop: float) -> None:
    clock = Clock()
    transport = Transport(lambda _request, _headers: Response(503, {"Retry-After": "300"}), RetryPolicy(8, 30.0), clock)
    timer = threading.Timer(seconds_until_stop, clock.stop, ("enough",))
    timer.start()
    if not seconds_until_stop:
        timer.join()
    begun = time.monotonic()

    with pytest.raises(Stopped, match="enough") as caught:
        transport.send(REQUEST, lambda _request, _now: {})

    assert time.monotonic() - begun < 10
    assert caught.value.attempts == (1 if seconds_until_stop else 0)


def test_stopping_ends_a_pause_for_all_threads() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.pause(300)
    threads = [threading.Thread(target=pace.wait, daemon=True) for _number in range(8)]
    for thread in threads:
        thread.start()
    clock.stop("enough")
    for thread in threads:
        thread.join(10)

    assert not any(thread.is_alive() for thread in threads)


def test_the_first_reason_to_stop_counts() -> None:
    clock = Clock()
    clock.stop("first")
    clock.stop("second")

    assert clock.stopped == "first"
