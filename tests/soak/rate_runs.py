# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Runs the real module in the scenarios of the rate limiter."""

from __future__ import annotations

import time
import typing as t
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import Run
from ansible_collections.huaweicloud.oms.tests.integration.module_tasks import ModuleTasks
from ansible_collections.huaweicloud.oms.tests.simulator.client import Received, Simulator
from ansible_collections.huaweicloud.oms.tests.soak.rates import (
    LATENCY,
    Arrival,
    Figure,
    Scenario,
    falls,
    filled,
    limited,
    shared,
    steady,
    stray,
)

PROJECT_ID = "f697f813554a4f05bac882a183b20878"
SYNC_TASK_ID = "31e9b7e6-6ffb-452f-9842-6ce354d99d75"
ACCESS_KEY, SECRET_KEY = "SOAKACCESSKEY", "soak-secret-key"
HEAD = """| scenario | concurrency | reached (required) |
| --- | ---: | --- |
"""


@dataclass(frozen=True)
class Outcome:
    """What the module reached in a scenario; ``lost`` is how many objects never arrived although the run says so."""

    scenario: Scenario
    figures: list[Figure]
    lost: int

    @property
    def holds(self) -> bool:
        return not self.lost and all(figure.holds for figure in self.figures)

    def __str__(self) -> str:
        figures = "; ".join(str(figure) for figure in self.figures)
        verdict = "" if self.holds else f", **missed**, {self.lost} lost"
        return f"| {self.scenario.name} | {self.scenario.concurrency} | {figures}{verdict} |"


def run_scenario(scenario: Scenario, folder: Path) -> Outcome:
    """Let the module run in a scenario, in front of a simulator of its own."""
    # More than can be accepted while it is measured.
    events = scenario.events or int((scenario.gateway or {})["rate"] * scenario.seconds) * len(scenario.starts)
    with Simulator() as simulator, ThreadPoolExecutor() as threads:
        simulator.add_access_key(ACCESS_KEY, SECRET_KEY)
        simulator.add_task(SYNC_TASK_ID, PROJECT_ID)
        simulator.set(latency=LATENCY, check_signatures=False)
        if scenario.gateway:
            simulator.gateway(**scenario.gateway)
        runs: list[Future[Run]] = []
        for number, start in enumerate(scenario.starts):
            if scenario.events and runs:
                runs[-1].result()
            elif runs:
                _wait_for_arrivals(simulator, runs)
                time.sleep(start)
            options = {
                "endpoint": simulator.url,
                "project_id": PROJECT_ID,
                "sync_task_id": SYNC_TASK_ID,
                "access_key": ACCESS_KEY,
                "secret_key": SECRET_KEY,
                "object_keys_file": str(_write_keys(folder / f"keys{number}", number, events)),
                "batch_size": 1,
                "concurrency": scenario.concurrency,
                "rate_limit": scenario.rate_limit,
            }
            (folder / f"run{number}").mkdir()
            runs.append(threads.submit(ModuleTasks(folder / f"run{number}").modules, [options]))
        if scenario.seconds:
            _wait_for_arrivals(simulator, runs)
            time.sleep(scenario.seconds)
            # What remains is not measured.
            simulator.gateway(None)
            simulator.set(latency=0.0)
        results = [run.result().results[0] for run in runs]
        requests = simulator.requests("POST")
        accepted = set(simulator.accepted_keys(SYNC_TASK_ID))
    for result in results:
        if result["failed"] or result["accepted_count"] != events:
            raise AssertionError(f"{scenario}: {result['msg']}")
    first = requests[0].monotonic
    arrivals = [
        [Arrival(each.monotonic - first, each.status == 429) for each in requests if _run_of(each) == number]
        for number in range(len(scenario.starts))
    ]
    return Outcome(scenario, scenario.figures(arrivals), len(scenario.starts) * events - len(accepted))


def _wait_for_arrivals(simulator: Simulator, runs: t.Sequence[Future[Run]]) -> None:
    """Wait until an attempt of each run has arrived: a module takes a while to start."""
    while not any(run.done() for run in runs):
        arrived = {_run_of(request) for request in simulator.requests("POST")}
        if len(arrived) == len(runs):
            return
        time.sleep(0.2)


def _write_keys(file: Path, run: int, count: int) -> Path:
    file.write_text("".join(f"{run}-{number:06}\n" for number in range(count)), encoding="utf-8")
    return file


def _run_of(request: Received) -> int:
    """Which run sent a request: its object keys begin with the number."""
    return int(request.body.partition('["')[2].partition("-")[0])


def run_scenarios(scenarios: t.Iterable[Scenario], folder: Path, at_once: int) -> t.Iterator[Outcome]:
    """Run scenarios, so many at once, and yield their outcomes in order. They wait most of the time."""

    def run(number: int, scenario: Scenario) -> Outcome:
        place = folder / str(number)
        place.mkdir()
        return run_scenario(scenario, place)

    with ThreadPoolExecutor(at_once) as threads:
        outcomes = [threads.submit(run, *numbered) for numbered in enumerate(scenarios)]
        for outcome in outcomes:
            yield outcome.result()


def all_scenarios() -> list[Scenario]:
    """The whole table."""
    found: list[Scenario] = []
    for concurrency in (8, 64):
        found += [stray(numbers, concurrency) for numbers in ((1,), (2, 3), (2, 5, 9), tuple(range(1, 9)))]
        # Others that send just as much as is accepted leave a little; others that send ten times as much leave nothing.
        others = 200 if concurrency == 64 else 2000
        found += [filled(*span, others, concurrency) for span in ((0, 3), (0, 10), (20, 30))]
        found += [falls(concurrency), steady(concurrency), shared(0, concurrency), shared(5, concurrency)]
    return found + [limited(rate_limit) for rate_limit in (0.5, 1.5, 1.9, 2.9, 50)]
