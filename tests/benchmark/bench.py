# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Measure the module against the loops that people write today, all in one run: `make bench`.

Each case has a simulator of its own and some rounds, in which the sides take turns; the table has their medians. Sides
that send one event after the other take the same time for each, so they are measured on fewer objects where that would
take minutes, and scaled: the table says so. The module itself is never scaled.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from ansible_collections.huaweicloud.oms.tests.benchmark import where_time_goes
from ansible_collections.huaweicloud.oms.tests.simulator.certificates import make_certificates
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

HERE = Path(__file__).parent
PROJECT_ID = "f697f813554a4f05bac882a183b20878"
SYNC_TASK_ID = "31e9b7e6-6ffb-452f-9842-6ce354d99d75"
ACCESS_KEY, SECRET_KEY, TOKEN = "BENCHACCESSKEY", "bench-secret-key", "bench-token"
OURS = "oms_sync_event"
MILLION = 1_000_000
CHARTED = "10,000 objects, 20 ms"
ALONE = "100,000 objects, no latency"
LARGE = "1,000,000 objects, no latency"


@dataclass(frozen=True)
class Side:
    """Something that sends events.

    ``objects`` is how many it is measured with; all of the case's, if not given.
    """

    name: str
    run: t.Callable[[Place, int], Measure]
    objects: int | None = None


@dataclass(frozen=True)
class Case:
    """What all sides have to do."""

    name: str
    objects: int
    sides: tuple[Side, ...]
    latency: float = 0.0
    tls: bool = False
    gateway: float | None = None
    fault_every: int = 0
    rounds: int = 3


@dataclass
class Measure:
    """What one run took.

    ``seconds`` is for all of the command, ``before`` from the start of the process that sends to its first event, and
    ``sending`` from that to the last event.
    """

    seconds: float
    before: float
    sending: float
    cpu_seconds: float
    peak_bytes: float
    refused: float = 0.0

    def scaled(self, events: int, measured: int) -> Measure:
        """The same with more events than were measured: what is not sending is done once."""
        if events == measured:
            return self
        # From the first to the last of n events there are n - 1 times what one takes.
        sending = self.sending * (events - 1) / (measured - 1)
        seconds = self.seconds + sending - self.sending
        return Measure(seconds, self.before, sending, self.cpu_seconds * events / measured, self.peak_bytes)


@dataclass
class Place:
    """Where a side runs."""

    folder: Path
    names: Path
    simulator: Simulator
    ca_path: str | None
    case: Case

    @property
    def arguments(self) -> dict[str, t.Any]:
        return {
            "endpoint": self.simulator.url,
            "project_id": PROJECT_ID,
            "sync_task_id": SYNC_TASK_ID,
            "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY,
            "ca_path": self.ca_path,
            "object_keys_file": str(self.names),
        }

    def measure(self, command: t.Callable[[Path], list[str]], objects: int) -> Measure:
        """Run a command that hands a file to measured_python.py, with so many objects in the file of names."""
        write_names(self.names, objects)
        self.simulator.forget_records()
        # A million of them would take the simulator's time and memory.
        self.simulator.set(keep_records=objects < MILLION)
        out = self.folder / "measured.jsonl"
        out.unlink(missing_ok=True)
        begun = time.monotonic()
        ended = subprocess.run(command(out), env=environment(), capture_output=True, text=True, check=False)
        seconds = time.monotonic() - begun
        if ended.returncode:
            raise AssertionError(ended.stdout[-2000:] + ended.stderr[-2000:])
        measured = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()][-1]
        arrived = self.simulator.requests("POST")
        accepted = self.simulator.accepted_count(SYNC_TASK_ID)
        if accepted != objects:
            raise AssertionError(f"{accepted} objects arrived and not {objects}")
        first, last = self.simulator.event_times()
        refused = sum(request.status == 429 for request in arrived) / len(arrived) if arrived else 0.0
        before, sending = first - measured["begun"], last - first
        return Measure(seconds, before, sending, measured["cpu_seconds"], measured["peak_bytes"], refused)


def environment() -> dict[str, str]:
    return {**os.environ, "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}


def write_names(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"backup/2026/11/24/photo {number:07}+{number % 97}.jpg\n" for number in range(count))


def measured_python(folder: Path, out: Path) -> str:
    """A script that stands for Python and writes what its process took."""
    script = folder / "measured-python"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE}/measured_python.py" "{out}" "$@"\n', "utf-8")
    script.chmod(0o755)
    return str(script)


def ours(**options: t.Any) -> t.Callable[[Place, int], Measure]:
    def run(place: Place, objects: int) -> Measure:
        chosen = {name: value for name, value in {**place.arguments, **options}.items() if value is not None}
        if chosen.get("progress_file"):
            Path(chosen["progress_file"]).unlink(missing_ok=True)

        def command(out: Path) -> list[str]:
            python = f"ansible_python_interpreter={measured_python(place.folder, out)}"
            module = "huaweicloud.oms.oms_sync_event"
            return ["ansible", "localhost", "-m", module, "-a", json.dumps(chosen), "-e", python]

        return place.measure(command, objects)

    return run


def loop(side: str) -> t.Callable[[Place, int], Measure]:
    def run(place: Place, objects: int) -> Measure:
        arguments = json.dumps({**place.arguments, "token": TOKEN, "count": objects})

        def command(out: Path) -> list[str]:
            return [sys.executable, f"{HERE}/measured_python.py", str(out), f"{HERE}/loops.py", side, arguments]

        return place.measure(command, objects)

    return run


def uri(place: Place, objects: int) -> Measure:
    """A playbook that loops ansible.builtin.uri over bodies of ten names; each starts a process of its own."""
    playbook = place.folder / "uri.yml"
    events = [[f"backup%2F2026%2Fphoto+{event}{number}.jpg" for number in range(10)] for event in range(objects // 10)]
    task = {
        "ansible.builtin.uri": {
            "url": f"{place.simulator.url}/v2/{PROJECT_ID}/sync-tasks/{SYNC_TASK_ID}/events",
            "method": "POST",
            "body_format": "json",
            "body": {"object_keys": "{{ item }}"},
            "headers": {"X-Auth-Token": TOKEN},
            "ca_path": place.ca_path,
        },
        "loop": events,
    }
    # JSON is YAML.
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]), "utf-8")

    def command(out: Path) -> list[str]:
        # Here Ansible itself is the loop, so all of it is measured.
        ansible = [f"{Path(sys.executable).parent}/ansible-playbook", str(playbook)]
        return [sys.executable, f"{HERE}/measured_python.py", str(out), *ansible]

    return place.measure(command, objects)


SDK = "loop of the official SDK"
BARE, SIGNED = "loop of bare urllib3", "loop of urllib3 that encodes and signs"
URI = "playbook with a loop of uri"


def sides(objects: int, *own: Side) -> tuple[Side, ...]:
    """All sides; the loops are measured with so many objects."""
    return (
        *own,
        Side(SDK, loop("sdk"), objects),
        Side(URI, uri, 200),
        Side(SIGNED, loop("urllib3_signed"), objects),
        Side(BARE, loop("urllib3_bare"), objects),
    )


def own(concurrency: int, name: str = "", **options: t.Any) -> Side:
    label = f"{OURS}, concurrency {concurrency}{name}"
    return Side(label, ours(concurrency=concurrency, **options))


def cases(folder: Path) -> tuple[Case, ...]:
    progress = str(folder / "progress")
    usual = (own(8), own(32))
    return (
        Case("10,000 objects, no latency", 10_000, sides(10_000, own(1), *usual)),
        Case(
            ALONE,
            100_000,
            (own(1), *usual, Side(SDK, loop("sdk")), *sides(MILLION)[-2:]),
        ),
        Case(CHARTED, 10_000, sides(2000, *usual), 0.02),
        Case("10,000 objects, 20 ms, TLS", 10_000, sides(2000, *usual), 0.02, tls=True),
        Case("10,000 objects, 50 ms", 10_000, sides(2000, *usual), 0.05),
        Case(
            "10,000 objects, 20 ms, 5 % of the requests answered with 503",
            10_000,
            (own(8), own(8, ", progress_file", progress_file=progress)),
            0.02,
            fault_every=20,
        ),
        Case(
            LARGE,
            MILLION,
            sides(50_000, own(8), own(32, ", progress_file", progress_file=progress)),
            rounds=1,
        ),
        Case("1,000,000 objects, no latency, TLS", MILLION, (own(64),), tls=True, rounds=1),
        Case(
            "120,000 objects behind a gateway of 200 events per second",
            120_000,
            (own(8), own(64)),
            gateway=200,
            rounds=1,
        ),
    )


@dataclass(frozen=True)
class Row:
    """A side's medians in a case."""

    side: Side
    median: Measure


def run_case(case: Case, folder: Path) -> list[Row]:
    certificates = make_certificates(folder) if case.tls else None
    with Simulator(certificates.server if certificates else None, max_seconds=7200) as simulator:
        simulator.add_access_key(ACCESS_KEY, SECRET_KEY)
        simulator.add_token(TOKEN)
        simulator.add_task(SYNC_TASK_ID, PROJECT_ID)
        # Checking a signature takes the simulator longer than making one takes a client.
        simulator.set(latency=case.latency, check_signatures=False)
        place = Place(
            folder, folder / "names.txt", simulator, str(certificates.authority) if certificates else None, case
        )
        found: dict[str, list[Measure]] = {side.name: [] for side in case.sides}
        for number in range(case.rounds):
            # Each round begins with another side.
            turn = number % len(case.sides)
            for side in case.sides[turn:] + case.sides[:turn]:
                if case.gateway:
                    simulator.gateway(case.gateway)
                if case.fault_every:
                    simulator.clear_faults()
                    simulator.fault("answer", status=503, times=None, every=case.fault_every)
                objects = min(side.objects or case.objects, case.objects)
                measured = side.run(place, objects)
                found[side.name].append(measured.scaled(case.objects // 10, objects // 10))
    return [Row(side, median(found[side.name])) for side in case.sides]


def median(measures: list[Measure]) -> Measure:
    names = ("seconds", "before", "sending", "cpu_seconds", "peak_bytes", "refused")
    return Measure(*(statistics.median(getattr(measure, name) for measure in measures) for name in names))


def table(case: Case, rows: list[Row]) -> str:
    """A case as a table of Markdown."""
    first = rows[0].median
    events = case.objects / 10
    lines = [
        f"## {case.name}",
        "",
        "| side | wall time, s | before, s | sending, s | objects/s | CPU ms/event | peak RSS, MB | wall time ratio |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        m = row.median
        scaled = "" if (row.side.objects or case.objects) >= case.objects else f" (from {row.side.objects:,})"
        refused = f", {m.refused:.2%} refused" if case.gateway else ""
        lines.append(
            f"| {row.side.name}{scaled}{refused} | {m.seconds:.2f} | {m.before:.2f} | {m.sending:.2f}"
            f" | {case.objects / m.sending:,.0f} | {m.cpu_seconds * 1000 / events:.2f}"
            f" | {m.peak_bytes / 1024**2:.1f} | {m.seconds / first.seconds:.2f} |"
        )
    return "\n".join(lines) + "\n"


def requirements(found: t.Mapping[str, list[Row]]) -> list[tuple[str, float, bool]]:
    """What the module must reach, as a sentence, the figure, and whether it holds; of the cases that were measured."""

    def measured(case: str, side: str) -> Measure | None:
        return next((row.median for row in found.get(case, []) if row.side.name == side), None)

    reached: list[tuple[str, float, bool]] = []
    sdk, ours = measured(CHARTED, SDK), measured(CHARTED, f"{OURS}, concurrency 32")
    if sdk and ours:
        times = sdk.seconds / ours.seconds
        reached.append(
            (f"{CHARTED}: wall time of the SDK's loop to that of concurrency 32, at least 7", times, times >= 7)
        )
    sdk, ours = measured(ALONE, SDK), measured(ALONE, f"{OURS}, concurrency 1")
    if sdk and ours:
        share = ours.cpu_seconds / sdk.cpu_seconds
        reached.append((f"{ALONE}: CPU of concurrency 1 to that of the SDK's loop, at most 0.6", share, share <= 0.6))
    largest = max((row.median.peak_bytes for row in found.get(LARGE, []) if row.side.name.startswith(OURS)), default=0)
    if largest:
        megabytes = largest / 1024**2
        reached.append((f"{LARGE}: peak RSS in MB, at most 48", megabytes, megabytes <= 48))
    return reached


def chart(rows: list[Row], title: str) -> str:
    """Bars of the wall time; on a logarithmic scale, since they are orders of magnitude apart."""
    width, step, left = 760, 26, 300
    height = 60 + step * len(rows)
    longest = max(row.median.seconds for row in rows)
    shortest = min(row.median.seconds for row in rows) / 2
    # The chart's own header, which is none of this file's: REUSE-IgnoreStart
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif"'
        ' font-size="13">',
        "<!-- SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection -->",
        "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="10" y="24" font-size="15">{title}: seconds, logarithmic</text>',
    ]
    # REUSE-IgnoreEnd
    for number, row in enumerate(rows):
        seconds = row.median.seconds
        length = (width - left - 70) * math.log(seconds / shortest) / math.log(longest / shortest)
        y = 44 + step * number
        colour = "#c7000b" if row.side.name.startswith(OURS) else "#8a8f99"
        parts += [
            f'<text x="{left - 8}" y="{y + 15}" text-anchor="end">{row.side.name}</text>',
            f'<rect x="{left}" y="{y + 2}" width="{length:.0f}" height="{step - 8}" fill="{colour}"/>',
            f'<text x="{left + length + 6:.0f}" y="{y + 15}">{seconds:,.1f}</text>',
        ]
    return "\n".join([*parts, "</svg>\n"])


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    now = datetime.now(timezone.utc)
    return (
        f"{now:%Y-%m-%d}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()},"
        f" Python {platform.python_version()}"
    )


INTRODUCTION = """# Benchmarks

Made by `make bench`, which runs all sides in one run and takes about a quarter of an hour. {machine}.

Each row is the median of {rounds} rounds (1 for the long cases at the end), in which the sides took turns. The
simulator ran on the same machine, so its CPU time is a part of the wall time.

| column | meaning |
| --- | --- |
| wall time | of the whole command, with the start of `ansible` for the module |
| before | from the start of the process that sends to its first event; the module checks all object keys in it |
| sending | from the first event to the last |
| CPU, RSS | of the process that sends: for the module without Ansible, for the loop of `uri` with it |
| wall time ratio | to the wall time of the first row |
| (from n) | a loop that was measured with n objects; its figures are scaled |

![The case of 20 ms as a chart](benchmarks.svg)

"""


PROFILED = """What one event costs the module, measured with a profiler and `concurrency: 1`. A profiler overstates
the cost of code with many small calls.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="only cases with this word in their name")
    parser.add_argument("--write", type=Path, help="the folder for benchmarks.md and benchmarks.svg")
    arguments = parser.parse_args()
    if arguments.write:
        arguments.write.mkdir(exist_ok=True)
    tables = []
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(Path(folder)):
            if arguments.only and arguments.only not in case.name:
                continue
            rows = run_case(case, Path(folder))
            found[case.name] = rows
            tables.append(table(case, rows))
            print(tables[-1], flush=True)
            if arguments.write and case.name == CHARTED:
                svg = chart(rows, case.name)
                (arguments.write / "benchmarks.svg").write_text(svg, encoding="utf-8")
    required = requirements(found)
    lines = [f"- {sentence}: {figure:.2f}{'' if holds else ' (missed)'}" for sentence, figure, holds in required]
    tables.append("\n".join(["## Requirements", "", *lines, ""]))
    print(tables[-1], flush=True)
    if arguments.write:
        profile = f"## Where the time goes\n\n{PROFILED}\n{where_time_goes.table()}"
        text = INTRODUCTION.format(machine=machine(), rounds=3) + "\n".join([*tables, profile])
        (arguments.write / "benchmarks.md").write_text(text, encoding="utf-8")
    if not all(holds for _sentence, _figure, holds in required):
        raise AssertionError("a requirement is missed")


if __name__ == "__main__":
    main()
