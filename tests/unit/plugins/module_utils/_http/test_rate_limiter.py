# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""When attempts may start: the option rate_limit, and the rate that HTTP 429s teach."""

from __future__ import annotations

import threading
import time
from itertools import pairwise

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError, Stopped
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.rate_limiter import RateLimiter
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.retry import RetryPolicy, Transport
from ansible_collections.huaweicloud.oms.tests.soak.rates import (
    Scenario,
    falls,
    filled,
    limited,
    shared,
    steady,
    stray,
)
from ansible_collections.huaweicloud.oms.tests.unit.fakes import FakeClock
from ansible_collections.huaweicloud.oms.tests.unit.plugins.module_utils._http.rate_simulation import Simulation

REQUEST = Request("POST", Endpoint("https://oms.example.com", "a test"), "/")


def starts(limiter: RateLimiter, count: int) -> list[float]:
    return [limiter.wait() for _number in range(count)]


# ---- the option rate_limit


@pytest.mark.parametrize("rate_limit", [0.1, 0.5, 1, 1.5, 2.9, 50])
def test_attempts_are_evenly_spaced(rate_limit: float) -> None:
    times = starts(RateLimiter(FakeClock(), rate_limit), 20)

    assert {round((after - before) * rate_limit, 6) for before, after in pairwise(times)} == {1.0}


def test_attempts_that_start_a_little_late_do_not_delay_the_others() -> None:
    clock = FakeClock()
    limiter = RateLimiter(clock, 50)
    first = limiter.wait()
    for _number in range(10):
        # Longer than the attempts are apart.
        clock.slept.append(0.024)
        limiter.wait()

    assert limiter.wait() - first == pytest.approx(0.24)
    assert limiter.wait() - first == pytest.approx(0.24)
    assert limiter.wait() - first == pytest.approx(0.26)


def test_an_attempt_that_starts_very_late_is_not_followed_by_a_burst() -> None:
    clock = FakeClock()
    limiter = RateLimiter(clock, 50)
    limiter.wait()
    clock.slept.append(10)
    times = starts(limiter, 10)

    assert [after - before for before, after in pairwise(times)] == pytest.approx([0.02] * 9)


def test_without_a_limit_no_attempt_waits() -> None:
    clock = FakeClock()
    starts(RateLimiter(clock), 100)

    assert clock.slept == []


@pytest.mark.parametrize("rate_limit", [1 / 3600, 10000.0])
def test_the_extremes_of_the_option_are_allowed(rate_limit: float) -> None:
    RateLimiter(FakeClock(), rate_limit)


@pytest.mark.parametrize("rate_limit", [-1, 0.0001, 10001, float("nan"), float("inf")])
def test_a_limit_out_of_range_is_refused(rate_limit: float) -> None:
    with pytest.raises(ArgumentError, match=r"rate_limit is .*\. It must be 0 for no limit, or 0\.000277778 to 10000 "):
        RateLimiter(FakeClock(), rate_limit)


# ---- the rate that 429s teach


def accept(limiter: RateLimiter, clock: FakeClock, count: int, seconds: float) -> None:
    """So many attempts are accepted, evenly within so many seconds."""
    for _number in range(count):
        limiter.accepted()
        clock.slept.append(seconds / count)


def started_within(limiter: RateLimiter, clock: FakeClock, seconds: float) -> int:
    until = clock.monotonic() + seconds
    count = 0
    while limiter.wait() <= until:
        count += 1
    return count


def test_after_a_429_all_pause_and_continue_below_the_accepted_rate() -> None:
    clock = FakeClock()
    limiter = RateLimiter(clock)
    accept(limiter, clock, 200, 1.0)
    refused_at = limiter.wait()
    limiter.refused(refused_at)
    first = limiter.wait()

    assert first - refused_at == pytest.approx(0.12)
    assert started_within(limiter, clock, 0.5) == pytest.approx(90, abs=2)


def test_the_rate_grows_slowly_first_and_quickly_later() -> None:
    clock = FakeClock()
    limiter = RateLimiter(clock)
    accept(limiter, clock, 200, 1.0)
    limiter.refused(limiter.wait())

    limiter.wait()
    assert started_within(limiter, clock, 1.0) == pytest.approx(182, abs=3)
    assert started_within(limiter, clock, 1.0) > 250
    assert started_within(limiter, clock, 1.0) > 800


def test_the_option_is_the_limit_after_a_429_too() -> None:
    clock = FakeClock()
    limiter = RateLimiter(clock, 50)
    limiter.refused(limiter.wait())
    first = limiter.wait()
    times = starts(limiter, 200)

    assert max(sum(begin <= time_ < begin + 1 for time_ in times) for begin in times[:150]) <= 51
    assert times[-1] - first < 6


@pytest.mark.parametrize("accepted", [0, 5])
def test_while_the_allowed_rate_is_unknown_the_rate_grows_quickly(accepted: int) -> None:
    """A few acceptances within less than half a second say nothing about the allowed rate."""
    clock = FakeClock()
    limiter = RateLimiter(clock)
    accept(limiter, clock, accepted, 0.4)
    limiter.refused(limiter.wait())
    limiter.wait()

    assert 20 < started_within(limiter, clock, 1.0) < 60


def test_what_was_accepted_more_than_a_second_ago_does_not_count() -> None:
    clock = FakeClock()
    limiter = RateLimiter(clock)
    accept(limiter, clock, 500, 1.0)
    accept(limiter, clock, 100, 1.0)
    limiter.refused(limiter.wait())
    limiter.wait()

    assert started_within(limiter, clock, 0.5) == pytest.approx(45, abs=3)


def test_a_429_to_an_attempt_that_started_before_the_pause_changes_nothing() -> None:
    clock = FakeClock()
    limiter = RateLimiter(clock)
    accept(limiter, clock, 200, 1.0)
    before = starts(limiter, 8)
    limiter.refused(before[0])
    clock.slept.append(0.06)
    for started in before[1:]:
        limiter.refused(started)

    assert limiter.wait() - before[0] == pytest.approx(0.12)


def test_retry_after_is_the_shortest_pause_for_all_attempts_even_of_one_that_started_before() -> None:
    clock = FakeClock()
    limiter = RateLimiter(clock)
    started = limiter.wait()
    limiter.refused(started, 5)
    limiter.refused(started, 2)
    limiter.refused(started, 7)

    assert limiter.wait() - started == pytest.approx(7)


def test_the_rate_does_not_grow_during_a_pause() -> None:
    clock = FakeClock()
    limiter = RateLimiter(clock)
    accept(limiter, clock, 200, 1.0)
    limiter.refused(limiter.wait(), 200)
    limiter.wait()

    assert started_within(limiter, clock, 0.5) == pytest.approx(90, abs=2)


def test_a_waiting_thread_heeds_that_the_rate_has_grown() -> None:
    """With the rate from when it begins to wait, the second attempt would start 0.9 s after the first."""
    clock = FakeClock()
    limiter = RateLimiter(clock)
    for _number in range(2):
        limiter.accepted()
        clock.slept.append(0.6)
    limiter.accepted()
    limiter.refused(limiter.wait())
    first = limiter.wait()

    assert 0.2 < limiter.wait() - first < 0.5


# Reduced to what is fast: /tests/soak runs all of them through the module.
SCENARIOS = [
    *(stray(numbers, concurrency) for concurrency in (8, 64) for numbers in ((1,), (2, 3), (1, 4, 9))),
    *(stray(tuple(range(begin, begin + 8)), concurrency) for concurrency in (8, 64) for begin in (1, 3)),
    *(filled(0, 3, others, concurrency) for concurrency in (8, 64) for others in (200, 2000)),
    filled(0, 10, 200, 8, 0.3),
    filled(0, 10, 2000, 64, 0.3),
    filled(0, 3, 2000, 8, 0.65),
    filled(20, 30, 200, 64),
    falls(8),
    falls(64, 0.5),
    steady(8),
    steady(64, 0.5),
    shared(0, 8),
    shared(0, 64, 0.3),
    shared(5, 8, 0.8),
    shared(5, 64),
    *(limited(rate_limit) for rate_limit in (0.5, 1.5, 1.9, 2.9, 50)),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[str(each) for each in SCENARIOS])
def test_a_scenario(scenario: Scenario) -> None:
    figures = scenario.figures(Simulation(scenario).run())

    assert [str(figure) for figure in figures if not figure.holds] == []


# ---- the stop signal


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
    limiter = RateLimiter(clock)
    limiter.refused(limiter.wait(), 300)
    threads = [threading.Thread(target=limiter.wait, daemon=True) for _number in range(8)]
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
