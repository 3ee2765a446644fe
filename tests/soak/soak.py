# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Let everything go wrong for a long time, and count what is lost: `make soak`.

Each trial is a run of the real module, through Ansible and with a progress file, against a simulator of its own that
misbehaves in one way; the last ones misbehave in all ways at once, while the module's process is killed again and
again. A trial fails if an object is lost, or if more of them arrive twice than its troubles can explain.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import tempfile
import time
import typing as t
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.huaweicloud.oms.tests.benchmark.bench import machine
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import Ansible, InBackground, wait_until
from ansible_collections.huaweicloud.oms.tests.simulator.client import Received, Simulator
from ansible_collections.huaweicloud.oms.tests.soak import rate_runs
from ansible_collections.huaweicloud.oms.tests.soak.rate_runs import all_scenarios, run_scenarios

PROJECT_ID = "f697f813554a4f05bac882a183b20878"
SYNC_TASK_ID = "31e9b7e6-6ffb-452f-9842-6ce354d99d75"
ACCESS_KEY, SECRET_KEY = "SOAKACCESSKEY", "soak-secret-key"
BATCH_SIZE = 10
CONCURRENCY = 8
# Long enough that a busy machine is not taken for a server that hangs.
TIMEOUT = 2.0
# A fault that costs seconds, in which the run soon waits for the one event, is so many times rarer than the others.
SLOW_FACTOR = 6
HTML = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
# A body that takes longer than the time-out at 0.01 s for each byte.
LONG_BODY = '{"filler": "' + "x" * 600 + '"}'
# The faults that keep the answer of an accepted event from the module.
LOSING = ("reset", "close", "hang", "truncate", "drip")


@dataclass(frozen=True)
class Trouble:
    """What goes wrong with some of the requests: ``fault`` as faults.Fault has it."""

    name: str
    kind: str
    fault: t.Mapping[str, t.Any]

    @property
    def is_slow(self) -> bool:
        return self.kind in ("hang", "slow", "drip") or "Retry-After" in self.fault.get("headers", {})

    def seen(self, requests: t.Iterable[Received]) -> int:
        """How often it was met."""
        after_accepting = bool(self.fault.get("after_accepting"))
        return sum(
            request.fault == self.kind
            and (self.kind != "answer" or request.status == self.fault["status"])
            and (self.kind in ("slow", "idle") or request.accepted == after_accepting)
            for request in requests
        )


def trouble(name: str, kind: str, **fault: t.Any) -> Trouble:
    return Trouble(name, kind, fault)


TROUBLES = (
    trouble("connection reset before the event was accepted", "reset"),
    trouble("connection reset after it was accepted", "reset", after_accepting=True),
    trouble("connection closed instead of an answer", "close"),
    trouble("connection closed after it was accepted", "close", after_accepting=True),
    trouble("idle connection closed by the server", "idle", delay=0.002),
    trouble("no answer at all", "hang"),
    trouble("the answer comes after the time-out", "slow", delay=2 * TIMEOUT),
    trouble("the answer drips in, byte by byte", "drip", status=200, body=LONG_BODY, after_accepting=True),
    trouble("the answer is cut short", "truncate", status=200, body=LONG_BODY, after_accepting=True),
    trouble("a gateway's page in HTML, with HTTP 502", "answer", status=502, body=HTML),
    trouble("HTTP 503", "answer", status=503),
    trouble("HTTP 503 with Retry-After: 1", "answer", status=503, headers={"Retry-After": "1"}),
    trouble("HTTP 504", "answer", status=504),
    # At the start of a run, when it is not yet known how much is allowed.
    trouble("HTTP 429, three times among the first ten attempts", "answer", status=429, skip=2, times=3, every=2),
)
KILLS = {signal.SIGTERM: "SIGTERM", signal.SIGKILL: "kill -9"}


@dataclass(frozen=True)
class Trial:
    """What is tried: so many events, each trouble at one of ``every`` requests, and so many kills.

    Troubles that cost seconds are rarer, by SLOW_FACTOR. ``gateway`` is how many requests a second are accepted. With
    ``spacing`` each trouble is met once, one after so many requests of the other, and each kill comes after so many
    requests of its run.
    """

    name: str
    events: int
    troubles: tuple[Trouble, ...] = ()
    every: int = 1
    gateway: float | None = None
    kills: tuple[signal.Signals, ...] = ()
    latency: float = 0.0
    spacing: int = 0


@dataclass(frozen=True)
class Row:
    """What came of a trial.

    ``allowed`` is how many objects may have arrived twice: those of the events whose answers were kept from the
    module, those that the progress file did not have after a signal, and for each `kill -9` those in flight.
    """

    name: str
    met: int
    events: int
    extra: int
    repeated: int
    allowed: int
    lost: int
    seconds: float

    def check(self) -> None:
        """Fail where it is worse than it may be."""
        if self.lost:
            raise AssertionError(f"{self.name}: {self.lost} objects were lost")
        if not self.met:
            raise AssertionError(f"{self.name}: it never happened, so nothing was tried")
        if self.repeated > self.allowed:
            raise AssertionError(f"{self.name}: {self.repeated} objects arrived twice, and not {self.allowed} at most")

    def __str__(self) -> str:
        return (
            f"| {self.name} | {self.met:,} | {self.events:,} | {self.extra:,} | {self.repeated:,} | {self.allowed:,}"
            f" | {self.lost:,} | {self.seconds:.1f} |"
        )


HEAD = """| fault | how often | events | extra requests | objects sent twice | allowed | lost | s |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""


def run_trial(trial: Trial, simulator: Simulator, folder: Path, seed: int = 0) -> Row:
    """Send until all is accepted, whatever comes between."""
    simulator.reset()
    simulator.add_access_key(ACCESS_KEY, SECRET_KEY)
    simulator.add_task(SYNC_TASK_ID, PROJECT_ID)
    # The official SDK's signer takes the simulator longer than all else, and other tests have it.
    simulator.set(latency=trial.latency, check_signatures=False)
    simulator.gateway(trial.gateway)
    for number, each in enumerate(trial.troubles):
        every = trial.every * (SLOW_FACTOR if each.is_slow else 1)
        # Two troubles at the same request would be one.
        details = {"times": None, "every": every, "skip": 10 + 7 * number, **each.fault}
        if trial.spacing:
            details |= {"times": 1, "every": 1, "skip": trial.spacing * (number + 1)}
        simulator.fault(each.kind, **details)
    names = [f"backup/2026/11/25/photo {number:07}+{number % 97}.jpg" for number in range(trial.events * BATCH_SIZE)]
    file = folder / "object_keys.txt"
    file.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    progress = folder / "progress"
    progress.unlink(missing_ok=True)
    options = {
        "endpoint": simulator.url,
        "project_id": PROJECT_ID,
        "sync_task_id": SYNC_TASK_ID,
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
        "object_keys_file": str(file),
        "progress_file": str(progress),
        "batch_size": BATCH_SIZE,
        "concurrency": CONCURRENCY,
        "timeout": TIMEOUT,
        "retry_max_delay": 0.5,
    }
    ansible = Ansible(folder)
    begun = time.monotonic()
    killed, behind = kill_again_and_again(ansible, options, trial, simulator, seed)
    (last,) = ansible.modules([options]).results
    seconds = time.monotonic() - begun
    if last["failed"] or last["remaining_count"] or last["resumed_count"] + last["accepted_count"] != len(names):
        raise AssertionError(f"{trial.name}: the last run did not send all that was left: {last['msg']}")

    requests = simulator.requests("POST")
    accepted = Counter(simulator.accepted_keys(SYNC_TASK_ID))
    extra = len(requests) - trial.events
    # Those that found their connection closed never arrived, but are retries all the same.
    if not trial.kills and last["retry_count"] < extra:
        raise AssertionError(f"{trial.name}: {last['retry_count']} retries are told of, and {extra} arrived")
    withheld = sum(is_withheld(request) for request in requests)
    met = sum(each.seen(requests) for each in trial.troubles) + sum(killed.values())
    met += sum(request.fault == "throttled" for request in requests)
    return Row(
        trial.name,
        met,
        trial.events,
        max(extra, last["retry_count"]),
        sum(accepted.values()) - len(accepted),
        (withheld + killed[signal.SIGKILL] * CONCURRENCY) * BATCH_SIZE + behind,
        len(set(names) - set(accepted)),
        seconds,
    )


def is_withheld(request: Received) -> bool:
    """Whether an event was accepted and the module can't know."""
    return request.accepted and (request.fault in LOSING or request.fault == "slow")


def kill_again_and_again(
    ansible: Ansible, options: dict[str, t.Any], trial: Trial, simulator: Simulator, seed: int
) -> tuple[Counter[signal.Signals], int]:
    """Start the module and end it at some moment, as often as the trial wants.

    :returns: how often it was still there, and how many accepted objects the progress file did not have afterwards.
    """
    killed: Counter[signal.Signals] = Counter()
    behind = last_behind = 0
    randomly = random.Random(seed)  # noqa: S311 - moments are no secrets
    process = None
    for number in trial.kills:
        run = InBackground(ansible, options)
        wait_until(lambda run=run, process=process: run.ended or run.process(process) is not None)
        process = run.process(process)
        if trial.spacing:
            until = len(simulator.requests("POST")) + trial.spacing
            wait_until(lambda run=run, until=until: run.ended or len(simulator.requests("POST")) >= until)
        else:
            time.sleep(randomly.uniform(0, 0.6))
        if process is not None and not run.ended:
            try:
                os.kill(process, number)
            except ProcessLookupError:
                continue
            killed[number] += 1
        ended_at = time.monotonic()
        result = run.result()
        if killed[number]:
            # After SIGTERM, too: what was accepted ahead of an event whose retry was given up.
            last_behind = check_progress(trial, Path(options["progress_file"]), simulator, ended_at, last_behind)
            behind += last_behind
        if number == signal.SIGTERM and not run_was_stopped(result):
            raise AssertionError(f"{trial.name}: after SIGTERM it said {result['msg']}")
    return killed, behind


def check_progress(trial: Trial, progress: Path, simulator: Simulator, ended_at: float, last_behind: int) -> int:
    """Return how many accepted objects the progress file does not have, and fail if these are too many.

    In the first minute of a run a line is written twice a second; no event starts further ahead of one that is retried
    than 16 times the concurrency. What the run before left unwritten may be so still.
    """
    lines = progress.read_bytes().splitlines() if progress.exists() else []
    written = json.loads(lines[-1])["accepted_count"] if lines else 0
    behind = len(set(simulator.accepted_keys(SYNC_TASK_ID))) - written
    recent = sum(request.accepted and request.monotonic > ended_at - 1 for request in simulator.requests("POST"))
    if behind > max(last_behind, (recent + 17 * CONCURRENCY) * BATCH_SIZE):
        raise AssertionError(f"{trial.name}: the progress file did not have {behind} accepted objects")
    return max(0, behind)


def run_was_stopped(result: dict[str, t.Any]) -> bool:
    """Whether the module ended in order: it said so, or all had been sent when the signal came."""
    return "The run was stopped by SIGTERM" in result["msg"] if result["failed"] else not result["remaining_count"]


def trials() -> tuple[Trial, ...]:
    alone = [Trial(each.name, 1500, (each,), 17 if each.is_slow else 33) for each in TROUBLES]
    alone.append(Trial("HTTP 429 of a gateway that accepts 300 events per second", 1500, gateway=300))
    alone += [Trial(name, 10_000, kills=(number,) * 8, latency=0.005) for number, name in KILLS.items()]
    name = "all of these faults, SIGTERM and kill -9 at once"
    return (*alone, Trial(name, 30_000, TROUBLES, 1000, None, tuple(KILLS) * 4, 0.005))


INTRODUCTION = """# Reliability

Made by `make soak`, which takes some minutes. {machine}. The simulator ran on the same machine.

For each row, `oms_sync_event` submitted a file of object keys, {batch_size} in each event, with
`concurrency: {concurrency}`, `timeout: {timeout:g}`, `retry_max_delay: 0.5` and a `progress_file`. Some
requests failed, or the process of the module got a signal at a random moment and the task was run again. The
default `retries` was enough for all rows.

- "Extra requests" are retries, and events that were sent again after a kill.
- "Objects sent twice" were accepted more than once. This does no harm, because OMS compares source and destination and
  skips what is copied already. It happens where OMS accepted an event and the module did not get the answer.
- "Allowed" is the most that may be sent twice: the objects of accepted events whose answers did not reach the module,
  those that were not in the progress file after a signal, and for each `kill -9` those in flight.
- "Lost" is how many objects OMS never got. `make soak` fails if that is not 0, if more objects were sent twice than
  allowed, or if the fault of a row never happened.

"""
RATES = """
## Rate

The module behind a gateway that answers HTTP 429, at 20 ms latency and with fixed windows of one second. Each row is
one run of the real module, or two runs that share the gateway. `make soak` fails if a requirement is missed or an
object is lost.

"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="only trials with this word in their name")
    parser.add_argument("--seed", type=int, default=20261125, help="another one kills at other moments")
    parser.add_argument("--rates-at-once", type=int, default=2, help="how many scenarios of the rate run at once")
    parser.add_argument("--write", type=Path, help="the folder for reliability.md")
    arguments = parser.parse_args()
    print(HEAD, end="", flush=True)
    rows = []
    begun = time.monotonic()
    for trial in trials():
        if arguments.only and arguments.only not in trial.name:
            continue
        with tempfile.TemporaryDirectory() as folder, Simulator() as simulator:
            rows.append(run_trial(trial, simulator, Path(folder), arguments.seed))
        print(rows[-1], flush=True)
        rows[-1].check()
    print(f"\n{len(rows)} trials in {time.monotonic() - begun:.0f} s\n")
    scenarios = [each for each in all_scenarios() if not arguments.only or arguments.only in str(each)]
    print(rate_runs.HEAD, end="", flush=True)
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        for outcome in run_scenarios(scenarios, Path(folder), arguments.rates_at_once):
            outcomes.append(outcome)
            print(outcome, flush=True)
    print(f"\nall in {time.monotonic() - begun:.0f} s")
    if arguments.write:
        introduction = INTRODUCTION.format(
            machine=machine(), batch_size=BATCH_SIZE, concurrency=CONCURRENCY, timeout=TIMEOUT
        )
        text = introduction + HEAD + "".join(f"{row}\n" for row in rows)
        text += RATES + rate_runs.HEAD + "".join(f"{outcome}\n" for outcome in outcomes)
        (arguments.write / "reliability.md").write_text(text, encoding="utf-8")
    missed = [str(outcome) for outcome in outcomes if not outcome.holds]
    if missed:
        raise AssertionError("missed: " + "\n".join(missed))


if __name__ == "__main__":
    main()
