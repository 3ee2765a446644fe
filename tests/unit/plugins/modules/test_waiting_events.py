# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The option wait of oms_sync_event, with simulated sync tasks and a simulated clock: months, zones, time-outs."""

from __future__ import annotations

import errno
import itertools
import json
import os
import re
import signal
import sys
import time
import typing as t
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from ansible.module_utils import basic
from ansible_collections.huaweicloud.oms.plugins.module_utils import _session
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.client import Client
from ansible_collections.huaweicloud.oms.plugins.modules import oms_sync_event
from ansible_collections.huaweicloud.oms.tests.unit.fakes import FakeClock
from ansible_collections.huaweicloud.oms.tests.unit.module_runs import module_args
from ansible_collections.huaweicloud.oms.tests.unit.simulated_oms import PATH, PROJECT, TASK, SimulatedOms

NOON = datetime(2026, 11, 15, 12, tzinfo=timezone.utc)
EVENTS = f"POST {PATH}/events"
TOKEN = "Marker-token"
OPTIONS = {"region": "cn-north-4", "project_id": PROJECT, "auth_token": TOKEN, "sync_task_id": TASK, "concurrency": 1}
NONE = {"success": 0, "failure": 0, "skip": 0}


class WallClock(FakeClock):
    """A clock that starts at some time, and is set to another time when it has run for so many seconds.

    ``acts`` are called when it has run for so many seconds.
    """

    def __init__(self, start: datetime) -> None:
        super().__init__()
        self.start = start
        self.set_at: float | None = None
        self.set_by = timedelta()
        self.acts: list[tuple[float, t.Callable[[], object]]] = []

    @property
    def elapsed(self) -> float:
        return sum(self.slept)

    def now(self) -> datetime:
        is_set = self.set_at is not None and self.elapsed >= self.set_at
        return self.start + timedelta(seconds=self.elapsed) + (self.set_by if is_set else timedelta())

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        for entry in [entry for entry in self.acts if entry[0] <= self.elapsed]:
            self.acts.remove(entry)
            entry[1]()


class Simulation:
    """A simulated OMS with a sync task that has counted before."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.warnings: list[str] = []
        self.on_warning: t.Callable[[], object] = lambda: None
        self.begin(NOON)

    def begin(self, start: datetime) -> None:
        """Begin at some time."""
        self.clock = WallClock(start)
        self.oms = SimulatedOms(self.clock)
        self.oms.add_task()
        self.oms.service.control_count(TASK, [5, 5, 5, 5, 5])

    def set(self, **settings: t.Any) -> None:
        self.oms.service.control_set(**settings)

    def run(self, objects: int, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        """What the module prints."""
        given = {**OPTIONS, "object_keys": [f"a{number}" for number in range(objects)], "wait": True, **options}
        given = {name: value for name, value in given.items() if value is not None}
        args = {**given, "_ansible_check_mode": check_mode, "_ansible_version": "2.99", "_ansible_no_log": True}
        opened = self.oms.transport(retries=2), None
        self._monkeypatch.setattr(_session, "open_transport", lambda *_args: opened)
        self._monkeypatch.setattr(basic.AnsibleModule, "warn", lambda _module, warning: self._warn(warning))
        self._capsys.readouterr()
        with module_args(args), pytest.raises(SystemExit):
            oms_sync_event.main()
        printed: dict[str, t.Any] = json.loads(self._capsys.readouterr().out)
        return printed

    def _warn(self, warning: str) -> None:
        self.warnings.append(warning)
        self.on_warning()


@pytest.fixture
def simulation(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Simulation:
    for name in list(os.environ):
        if re.match("(?i)HW_|HUAWEICLOUD_|CLOUD_SDK_", name):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/nonexistent")
    return Simulation(monkeypatch, capsys)


@pytest.fixture(params=["UTC", "Asia/Shanghai", "America/New_York", "Europe/Berlin"])
def host_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[str]:
    """The time zone of the host."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


# The hours by which the months of OMS begin before those of UTC, and those of the midnight at which the run is.
MIDNIGHTS = [(0, 0), (8, 8), (-12, -12), (14, 14), (8, 0), (0, 8), (-12, 0), (14, 0)]


@pytest.mark.usefixtures("host_zone")
@pytest.mark.parametrize(("zone", "midnight"), MIDNIGHTS)
def test_over_the_end_of_a_month_each_object_counts_once(simulation: Simulation, zone: int, midnight: int) -> None:
    end = datetime(2026, 11, 1, tzinfo=timezone(timedelta(hours=midnight)))
    simulation.begin(end - timedelta(seconds=60))
    # 20 objects in 200 seconds.
    simulation.set(month_zone=zone, copy_rate=0.1, fail_keys=["a3", "a17"])
    result = simulation.run(20, ignore_copy_failures=True)

    assert result["counters"] == {"success": 18, "failure": 2, "skip": 0}
    assert result["error"] is None
    assert 200 <= simulation.clock.elapsed <= 230


# Moments at which clocks in these zones are set by an hour, and others by which somebody sets a host's clock.
CHANGES = [
    (datetime(2026, 11, 1, 6, tzinfo=timezone.utc), 0),
    (datetime(2026, 10, 25, 1, tzinfo=timezone.utc), 0),
    (datetime(2027, 3, 28, 1, tzinfo=timezone.utc), 0),
    (NOON, 3600),
    (NOON, -3600),
]


@pytest.mark.usefixtures("host_zone")
@pytest.mark.parametrize(("change", "seconds"), CHANGES)
def test_only_the_monotonic_clock_ends_the_wait(simulation: Simulation, change: datetime, seconds: int) -> None:
    simulation.begin(change - timedelta(seconds=60))
    simulation.clock.set_at, simulation.clock.set_by = 60, timedelta(seconds=seconds)
    simulation.set(copy_delay=86400)
    result = simulation.run(2, wait_timeout=120)

    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, "timeout")
    assert result["counters"] == NONE
    assert simulation.clock.elapsed == 120


def test_the_time_out_counts_from_the_end_of_the_submission(simulation: Simulation) -> None:
    simulation.set(copy_delay=100)
    simulation.oms.fault("answer", method="POST", status=503, headers={"Retry-After": "200"})
    result = simulation.run(2, wait_timeout=120)

    assert (result["retry_count"], result["counters"]["success"]) == (1, 2)
    assert 300 <= simulation.clock.elapsed <= 320


def test_a_sync_task_that_is_deleted_ends_the_wait(simulation: Simulation) -> None:
    def delete() -> None:
        assert [simulation.oms.handle("POST", f"{PATH}/stop"), simulation.oms.handle("DELETE", PATH)] == [200, 200]

    simulation.set(copy_rate=0.1)
    simulation.clock.acts.append((50, delete))
    result = simulation.run(20)

    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, "state")
    assert "was not found" in result["msg"]
    # What the last poll showed.
    assert 1 <= result["counters"]["success"] <= 5
    assert simulation.clock.elapsed <= 80


def test_a_sync_task_that_is_stopped_ends_the_wait(simulation: Simulation) -> None:
    simulation.set(copy_rate=0.1)
    simulation.clock.acts.append((50, lambda: simulation.oms.handle("POST", f"{PATH}/stop")))
    result = simulation.run(20)

    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, "state")
    assert "was stopped" in result["msg"]
    assert result["counters"]["success"] >= 5
    assert simulation.clock.elapsed <= 80


def test_a_stop_signal_ends_the_wait(simulation: Simulation) -> None:
    simulation.set(copy_rate=0.1)
    simulation.clock.acts.append((50, lambda: simulation.clock.stop("The run was stopped by SIGTERM")))
    result = simulation.run(20)

    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, None)
    assert (result["accepted_count"], result["remaining_count"]) == (20, 0)
    assert 1 <= result["counters"]["success"] <= 5


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


STOPPED = "The run was stopped by SIGTERM during the wait for the copies of 1 object that OMS accepted. OMS"


def test_a_second_signal_while_the_result_is_written_does_no_harm(simulation: Simulation) -> None:
    simulation.set(copy_delay=86400)
    simulation.clock.acts.append((10, terminate))
    simulation.on_warning = terminate
    # With a warning.
    result = simulation.run(0, object_keys=["a%2Fb"])

    assert len(simulation.warnings) == 1
    assert (result["changed"], result["accepted_count"], result["error"]["kind"]) == (True, 1, None)
    assert result["msg"].startswith(STOPPED)


def test_a_second_signal_between_two_polls_says_the_same(simulation: Simulation) -> None:
    simulation.set(copy_delay=86400)
    simulation.clock.acts += [(10, terminate), (10, terminate)]
    result = simulation.run(1)

    assert (result["changed"], result["accepted_count"], result["error"]["kind"]) == (True, 1, None)
    assert result["msg"].startswith(STOPPED)


def test_a_second_signal_ends_a_poll_that_has_no_answer(simulation: Simulation) -> None:
    answered: list[bool] = []

    def hang() -> None:
        terminate()
        terminate()
        answered.append(True)

    simulation.set(copy_delay=86400)
    simulation.clock.acts.append((10, lambda: simulation.oms.meanwhile(f"GET {PATH}", hang)))
    result = simulation.run(1)

    assert answered == []
    assert result["msg"].startswith(STOPPED)


def test_a_submission_that_failed_is_not_waited_for(simulation: Simulation) -> None:
    simulation.oms.fault("answer", method="POST", status=400, skip=1, times=None)
    result = simulation.run(20)

    # The counters are read before the first event.
    assert simulation.oms.requests == [f"GET {PATH}", EVENTS, EVENTS]
    assert (result["failed"], result["changed"], result["accepted_count"]) == (True, True, 10)
    assert (result["counters"], result["error"]["http_status"]) == (NONE, 400)


def test_the_progress_file_says_whether_the_wait_has_ended(simulation: Simulation, tmp_path: Path) -> None:
    key_file, log = tmp_path / "object_keys", tmp_path / "log"
    key_file.write_text("a\nb\nc\n", encoding="ascii")
    options = {"object_keys": None, "object_keys_file": str(key_file), "progress_file": str(log)}
    during: list[dict[str, t.Any]] = []

    def last() -> dict[str, t.Any]:
        line: dict[str, t.Any] = json.loads(log.read_bytes().splitlines()[-1])
        return line

    simulation.set(copy_delay=20, fail_keys=["b"])
    simulation.clock.acts.append((10, lambda: during.append(last())))
    first = simulation.run(0, **options)
    requests, ended, elapsed = len(simulation.oms.requests), last(), simulation.clock.elapsed
    again = simulation.run(0, **options)

    assert [(line["accepted_count"], line["finished"], line["waiting"]) for line in during] == [(3, True, True)]
    assert first["error"]["kind"] == "copy"
    # A copy that failed ends the wait as well.
    assert (ended["waiting"], ended["counters"]) == (False, {"success": 2, "failure": 1, "skip": 0})
    assert (again["changed"], again["counters"], again["resumed_count"]) == (False, NONE, 3)
    assert (len(simulation.oms.requests), simulation.clock.elapsed, simulation.warnings) == (requests, elapsed, [])


def test_a_disk_that_is_full_during_the_wait_does_not_end_it(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The counters in the progress file are for people alone."""
    key_file, log = tmp_path / "object_keys", tmp_path / "log"
    key_file.write_text("a\nb\nc\n", encoding="ascii")

    def fail(_descriptor: int) -> t.NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    simulation.set(copy_delay=20)
    # The wait has begun.
    simulation.clock.acts.append((0.5, lambda: monkeypatch.setattr(os, "fsync", fail)))
    result = simulation.run(0, object_keys=None, object_keys_file=str(key_file), progress_file=str(log))

    assert (result.get("failed", False), result["error"]) == (False, None)
    assert result["counters"] == {"success": 3, "failure": 0, "skip": 0}
    (warning,) = simulation.warnings
    assert str(log) in warning
    assert "no space left on device" in warning


def test_objects_of_another_sender_count_too(simulation: Simulation) -> None:
    simulation.set(copy_delay=86400)
    simulation.clock.acts.append((10, lambda: simulation.oms.service.control_count(TASK, [9, 7, 1, 1, 0])))
    result = simulation.run(5)

    assert result["error"]["kind"] == "copy"
    assert result["counters"] == {"success": 7, "failure": 1, "skip": 1}


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({"kind": "answer", "status": 500}, "An internal error of the service."),
        ({"kind": "answer", "status": 200, "body": "{}"}, "The answer does not contain"),
        ({"kind": "reset"}, "GET /v2/"),
    ],
)
def test_polls_that_fail_for_good_do_not_hide_that_all_is_accepted(
    simulation: Simulation, fault: dict[str, t.Any], text: str
) -> None:
    simulation.oms.fault(**fault, method="GET", skip=1, times=None)
    result = simulation.run(5, wait_timeout=60)

    assert (result["failed"], result["changed"], result["accepted_count"]) == (True, True, 5)
    assert result["msg"].startswith(text)
    assert str(fault.get("status", "reset")) in result["msg"]
    assert result["msg"].endswith(" OMS accepted all 5 objects.")


def test_an_outage_that_is_longer_than_the_retries_does_not_end_the_wait(simulation: Simulation) -> None:
    simulation.set(copy_delay=5)
    simulation.oms.fault("reset", method="GET", skip=1, times=20)
    result = simulation.run(5)

    assert (result.get("failed", False), result["counters"]["success"]) == (False, 5)


@pytest.mark.parametrize("seconds", [0, -1, 604801])
def test_wait_timeout_has_limits(simulation: Simulation, seconds: int) -> None:
    result = simulation.run(5, wait_timeout=seconds)

    assert result["failed"]
    assert "wait_timeout" in result["msg"]
    assert simulation.oms.requests == []


@pytest.mark.parametrize("wait", [True, False])
def test_check_mode_waits_for_nothing(simulation: Simulation, wait: bool) -> None:
    result = simulation.run(12, check_mode=True, wait=wait)

    assert simulation.oms.requests == [f"GET {PATH}"]
    assert simulation.clock.elapsed == 0
    assert (result["changed"], result["counters"], result["accepted_count"], result["event_count"]) == (
        True,
        None,
        0,
        2,
    )
    assert [(event["request_id"], event["attempts"]) for event in result["events"]] == [("", 0)] * 2
    assert [key for event in result["events"] for key in event["object_keys"]] == [f"a{number}" for number in range(12)]


def test_check_mode_does_not_return_an_object_key_with_a_secret(simulation: Simulation) -> None:
    result = simulation.run(0, check_mode=True, object_keys=["a", f"b/{TOKEN}"])

    assert [event["object_keys"] for event in result["events"]] == [[]]
    assert TOKEN not in json.dumps({**result, "invocation": None})
    assert [text for text in simulation.warnings if "secret" in text]


def test_two_signals_at_any_line_lose_nothing_that_was_accepted(simulation: Simulation) -> None:
    """They arrive at each line of the run in turn, from the end of the submission on."""
    lines_left = 0

    def trace(frame: t.Any, event: str, _argument: object) -> t.Any:
        nonlocal lines_left
        if not frame.f_code.co_filename.endswith("_event_run.py"):
            return None
        if event == "line" and EVENTS in simulation.oms.requests:
            lines_left -= 1
            if lines_left == 0:
                terminate()
                terminate()
        return trace

    simulation.set(copy_delay=1)
    reached = 0
    before = sys.gettrace()
    while lines_left <= 0:
        reached += 1
        lines_left = reached
        simulation.begin(NOON)
        simulation.set(copy_delay=1)
        sys.settrace(trace)
        try:
            result = simulation.run(3)
        finally:
            sys.settrace(before)

        assert (result["changed"], result["accepted_count"], result["remaining_count"]) == (True, 3, 0), reached
    # The last one ran to its end before that line.
    assert reached > 10


def test_an_error_of_any_kind_during_the_wait_hides_nothing_that_was_accepted(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the submission an ArgumentError means that nothing was sent; after it, it does not."""
    show, calls = Client.show_counters, itertools.count()

    def fail_at_polls(client: Client, *arguments: t.Any) -> t.Any:
        if next(calls):
            raise ArgumentError("HTTPS_PROXY is invalid")
        return show(client, *arguments)

    monkeypatch.setattr(Client, "show_counters", fail_at_polls)
    result = simulation.run(5)

    assert (result["failed"], result["changed"], result["accepted_count"]) == (True, True, 5)
    assert result["msg"].startswith("HTTPS_PROXY is invalid.")
