# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The scenarios that the rate limiter must master, and the figures that each of them must reach.

The unit tests simulate them in no time; `make soak` and the integration tests run the module in them.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

LATENCY = 0.02


@dataclass(frozen=True)
class Arrival:
    """An attempt as it reached the gateway: seconds since the first one, and whether it was refused."""

    time: float
    refused: bool


# What arrived of each run.
Arrivals = t.Sequence[t.Sequence[Arrival]]


@dataclass(frozen=True)
class Figure:
    """What was reached, and the bound: at least ``minimum`` or at most ``maximum``."""

    name: str
    value: float
    minimum: float | None = None
    maximum: float | None = None
    unit: str = "%"

    @property
    def holds(self) -> bool:
        if self.minimum is not None and self.value < self.minimum:
            return False
        return self.maximum is None or self.value <= self.maximum

    def _show(self, value: float) -> str:
        return f"{value:.1%}" if self.unit == "%" else f"{value:.1f} {self.unit}"

    def __str__(self) -> str:
        required = (
            f"at least {self._show(self.minimum)}"
            if self.minimum is not None
            else f"at most {self._show(self.maximum or 0)}"
        )
        return f"{self.name} {self._show(self.value)} ({required})"


@dataclass(frozen=True)
class Scenario:
    """A gateway, and the runs behind it.

    :arg gateway: as `simulator.gateway.Gateway` has it; None for none.
    :arg seconds: how long it takes; the runs have more to send. 0: each has ``events`` to send, one after the other.
    :arg starts: when each run begins.
    """

    name: str
    gateway: t.Mapping[str, t.Any] | None
    figures: t.Callable[[Arrivals], list[Figure]]
    concurrency: int = 8
    seconds: float = 0.0
    events: int = 0
    starts: tuple[float, ...] = (0.0,)
    rate_limit: float = 0.0

    def __str__(self) -> str:
        return f"{self.name}, concurrency {self.concurrency}"


def accepted(arrivals: t.Iterable[Arrival], begin: float, end: float) -> int:
    return sum(begin <= each.time < end and not each.refused for each in arrivals)


def refused_share(arrivals: Arrivals) -> float:
    every = [each.refused for run in arrivals for each in run]
    return sum(every) / len(every)


def reached(arrivals: Arrivals, begin: float, end: float, rate: float, minimum: float) -> Figure:
    share = sum(accepted(run, begin, end) for run in arrivals) / (end - begin) / rate
    return Figure(f"second {begin:g} to {end:g}, of {rate:g}/s:", share, minimum)


def refused(arrivals: Arrivals, maximum: float) -> Figure:
    return Figure("refused", refused_share(arrivals), maximum=maximum)


def stray(numbers: tuple[int, ...], concurrency: int, events: int = 2000) -> Scenario:
    """A run without 429s, and then one with stray 429s among its first ten attempts."""

    def figures(arrivals: Arrivals) -> list[Figure]:
        without, with_429s = (run[-1].time - run[0].time for run in arrivals)
        return [Figure("longer by", with_429s - without, maximum=5.0, unit="s")]

    plural = "" if len(numbers) == 1 else "s"
    name = f"{len(numbers)} stray 429{plural} among the first ten attempts"
    gateway = {"rate": 100_000, "stray": [events + number for number in numbers]}
    return Scenario(name, gateway, figures, concurrency, events=events, starts=(0.0, 100.0))


def filled(
    begin: float,
    end: float,
    others: float,
    concurrency: int,
    phase: float = 0.0,
    seconds_after: float = 30.0,
    rate: int = 200,
) -> Scenario:
    """Other senders fill the gateway for a while."""
    seconds = end + seconds_after

    def figures(arrivals: Arrivals) -> list[Figure]:
        return [
            *([reached(arrivals, 0, begin, rate, 0.75)] if begin else []),
            reached(arrivals, end, end + 10, rate, 0.75),
            *([reached(arrivals, end + 10, seconds, rate, 0.9)] if seconds_after > 10 else []),
        ]

    gateway = {"rate": rate, "others": [(begin, end, others)], "phase": phase}
    name = f"a gateway of {rate}/s, to which others send {others:g}/s from second {begin:g} to {end:g}"
    return Scenario(name, gateway, figures, concurrency, seconds)


def falls(concurrency: int, phase: float = 0.0, rate: int = 200) -> Scenario:
    """A gateway that falls whose limit falls to a quarter for 20 s and returns."""

    def figures(arrivals: Arrivals) -> list[Figure]:
        return [
            reached(arrivals, 0, 10, rate, 0.8),
            reached(arrivals, 10, 20, rate, 0.8),
            reached(arrivals, 20, 30, rate / 4, 0.8),
            reached(arrivals, 30, 40, rate / 4, 0.8),
            reached(arrivals, 40, 50, rate, 0.65),
            reached(arrivals, 50, 60, rate, 0.8),
            refused(arrivals, 0.05),
        ]

    gateway = {"rate": rate, "changes": [(20.0, rate / 4), (40.0, rate)], "phase": phase}
    return Scenario(f"falls from {rate}/s to {rate / 4:g}/s for 20 s", gateway, figures, concurrency, 60.0)


def steady(concurrency: int, phase: float = 0.0, seconds: float = 60.0, rate: int = 200) -> Scenario:
    def figures(arrivals: Arrivals) -> list[Figure]:
        return [reached(arrivals, 0, seconds, rate, 0.9), refused(arrivals, 0.05)]

    return Scenario(f"steady {rate}/s for {seconds:g} s", {"rate": rate, "phase": phase}, figures, concurrency, seconds)


def shared(apart: float, concurrency: int, phase: float = 0.0, seconds: float = 60.0, rate: int = 200) -> Scenario:
    """Two runs behind one gateway."""

    def figures(arrivals: Arrivals) -> list[Figure]:
        begin = max(run[0].time for run in arrivals)
        parts = [accepted(run, begin, begin + seconds) / seconds / rate for run in arrivals]
        return [
            Figure(f"together, of {rate}/s:", sum(parts), 0.85),
            Figure("the smaller part:", min(parts), 0.2),
            refused(arrivals, 0.1),
        ]

    name = f"two runs share {rate}/s, started {f'{apart:g} s apart' if apart else 'at once'}"
    return Scenario(name, {"rate": rate, "phase": phase}, figures, concurrency, apart + seconds, starts=(0.0, apart))


def limited(rate_limit: float, concurrency: int = 8, seconds: float = 20.0) -> Scenario:
    """The option rate_limit, without a gateway."""
    events = int(rate_limit * seconds) + 1

    def figures(arrivals: Arrivals) -> list[Figure]:
        (run,) = arrivals
        seconds = run[-1].time - run[0].time
        share = (len(run) - 1) / seconds / rate_limit
        return [Figure(f"of {rate_limit:g}/s:", share, 0.95, 1.005)]

    return Scenario(f"rate_limit {rate_limit:g}", None, figures, concurrency, events=events, rate_limit=rate_limit)
