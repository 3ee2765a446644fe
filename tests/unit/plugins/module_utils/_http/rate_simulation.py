# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""A discrete-event simulation of runs behind a gateway: the rate limiter is real, the time is not."""

from __future__ import annotations

import heapq
import itertools
import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.rate_limiter import RateLimiter
from ansible_collections.huaweicloud.oms.tests.simulator.gateway import Gateway
from ansible_collections.huaweicloud.oms.tests.soak.rates import LATENCY, Arrival, Arrivals, Scenario

# By so much a thread wakes up late.
OVERSLEEP = 0.0002


class FastClock(Clock):
    """A clock for many thousands of steps: only sleeping takes time, or what the simulation sets."""

    time = 0.0

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class SimulatedRun:
    """A run of the module: threads that send one event after the other, and again what was refused."""

    def __init__(self, simulation: Simulation, scenario: Scenario) -> None:
        self._simulation = simulation
        self._limiter = RateLimiter(simulation.clock, scenario.rate_limit)
        # The first event is sent alone.
        self._free_threads = 1
        self._other_threads = scenario.concurrency - 1
        self._events = scenario.events or 10**9
        self._waiting = False
        self.arrivals: list[Arrival] = []

    def go_on(self) -> None:
        """Start as many attempts as may start now."""
        while self._events and self._free_threads and not self._waiting:
            delay = self._limiter.try_start()
            if delay:
                self._waiting = True
                self._simulation.after(delay + OVERSLEEP, self._wake_up)
                return
            self._events -= 1
            self._free_threads -= 1
            started = self._simulation.clock.time
            self._simulation.after(LATENCY / 2, lambda started=started: self._arrive(started))

    def _wake_up(self) -> None:
        self._waiting = False
        self.go_on()

    def _arrive(self, started: float) -> None:
        refused = self._simulation.refuses()
        self.arrivals.append(Arrival(self._simulation.clock.time, refused))
        self._simulation.after(LATENCY / 2, lambda: self._answer(started, refused))

    def _answer(self, started: float, refused: bool) -> None:
        self._free_threads += 1
        if refused:
            self._events += 1
            self._limiter.refused(started)
        else:
            self._limiter.accepted()
            self._free_threads += self._other_threads
            self._other_threads = 0
        self.go_on()


class Simulation:
    """Everything that happens, in the order of time."""

    def __init__(self, scenario: Scenario) -> None:
        self.clock = FastClock()
        self._begin = self.clock.time
        self._scenario = scenario
        self._gateway = Gateway(**scenario.gateway) if scenario.gateway else None
        self._coming: list[tuple[float, int, t.Callable[[], None]]] = []
        self._number = itertools.count()
        self._runs = [SimulatedRun(self, scenario) for _start in scenario.starts]
        for run, start in zip(self._runs, scenario.starts, strict=True):
            self.after(start, run.go_on)

    def after(self, seconds: float, happen: t.Callable[[], None]) -> None:
        heapq.heappush(self._coming, (self.clock.time + seconds, next(self._number), happen))

    def refuses(self) -> bool:
        return self._gateway is not None and self._gateway.refuses(self.clock.time)

    def run(self) -> Arrivals:
        """Let it all happen.

        :returns: what arrived of each run, in seconds since the first arrival of all.
        """
        until = self._begin + (self._scenario.seconds + 1 if self._scenario.seconds else 3600.0)
        while self._coming and self._coming[0][0] < until:
            self.clock.time, _number, happen = heapq.heappop(self._coming)
            happen()
        first = min(run.arrivals[0].time for run in self._runs)
        return [[Arrival(each.time - first, each.refused) for each in run.arrivals] for run in self._runs]
