# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The option wait: what a task reports of the copies, and how a wait ends."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible, InBackground, wait_until
from ansible_collections.huaweicloud.oms.tests.integration.conftest import (
    ACCESS_KEY,
    PROJECT_ID,
    SECRET_KEY,
    SYNC_TASK_ID,
)
from ansible_collections.huaweicloud.oms.tests.simulator.client import Received, Simulator

NONE = {"success": 0, "failure": 0, "skip": 0}
COPY_SECONDS = 1.2
# A sync task for each row, and its options; "FILE" stands for a file of three object keys with a repeated one.
ROWS: dict[str, dict[str, t.Any]] = {
    "copied": {"object_keys": [f"a {number}" for number in range(25)]},
    "failed": {"object_keys": ["a", "b.bad", "c.old", "d.bad"]},
    "ignored": {"object_keys": ["a", "b.bad", "c.old", "d.bad"], "ignore_copy_failures": True},
    "skipped": {"object_keys": ["a", "b.old"]},
    "timed-out": {"object_keys_file": "FILE", "wait_timeout": 3},
    "others": {"object_keys": ["a"]},
    "unreadable": {"object_keys": ["a"]},
    "stopped": {"object_keys": ["a"]},
    "outage": {"object_keys": ["a", "b"], "retries": 0},
    "deleted": {"object_keys": ["a", "b"]},
    "not-waited": {"object_keys": ["a.bad"], "wait": False},
}


class Rows(t.NamedTuple):
    """The results of the rows, and the requests for each of them."""

    results: dict[str, dict[str, t.Any]]
    requests: dict[str, list[Received]]

    def methods(self, name: str) -> str:
        return " ".join(request.method for request in self.requests[name])


@pytest.fixture(scope="module")
def rows(simulator_process: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """One playbook for all rows, on a controller in Shanghai."""
    simulator, folder = simulator_process, tmp_path_factory.mktemp("wait")
    simulator.reset()
    simulator.add_access_key(ACCESS_KEY, SECRET_KEY)
    connection = {
        "endpoint": simulator.url,
        "project_id": PROJECT_ID,
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
    }
    simulator.set(
        copy_delay=COPY_SECONDS,
        fail_keys=["*.bad"],
        skip_keys=["*.old"],
        count_repeats=False,
        missing_task=[404, "OMS.1009"],
    )
    for name in ROWS:
        simulator.add_task(name, PROJECT_ID, "STOPPED" if name == "stopped" else "SYNCHRONIZING")
        # Of earlier runs: it must not count.
        simulator.count(name, request=9, success=9, failure=9, skip=9)
    forbidden = '{"error_code": "APIGW.0302", "error_msg": "not authorised"}'
    simulator.fault("answer", method="GET", path="/unreadable", status=403, body=forbidden, times=None)
    # The baseline is read, and the first polls fail.
    simulator.fault("answer", method="GET", path="/outage", status=503, skip=1, times=3)
    gone = '{"error_code": "OMS.1009", "error_msg": "The synchronization task is not found."}'
    simulator.fault("answer", method="GET", path="/deleted", status=404, body=gone, skip=2, times=None)
    key_file = folder / "object_keys"
    key_file.write_text("a\nb\na\n", encoding="ascii")
    tasks: list[dict[str, t.Any]] = []
    for name, options in ROWS.items():
        given = {**connection, "concurrency": 1, "sync_task_id": name, "wait": True, **options}
        if "object_keys_file" in given:
            given["object_keys_file"] = str(key_file)
        tasks.append({MODULE: given, "ignore_errors": True})
    ended = threading.Event()
    other = threading.Thread(target=send_as_another, args=(simulator, "others", ended), daemon=True)
    other.start()
    try:
        run = Ansible(folder).playbook(tasks, environ={"TZ": "Asia/Shanghai"})
    finally:
        ended.set()
        other.join()
    assert len(run.results) == len(ROWS), run.output
    requests = {name: simulator.requests(path=f"/{name}") for name in ROWS}
    return Rows(dict(zip(ROWS, run.results, strict=True)), requests)


def send_as_another(simulator: Simulator, name: str, ended: threading.Event) -> None:
    """Once the task has an object, let three objects of another sender be copied, and one fail."""
    while not ended.wait(0.2):
        if simulator.accepted_count(name):
            simulator.count(name, success=3, failure=1)
            return


def test_all_objects_are_copied(rows: Rows) -> None:
    result = rows.results["copied"]

    assert (result["failed"], result["changed"], result["accepted_count"]) == (False, True, 25)
    assert result["counters"] == {"success": 25, "failure": 0, "skip": 0}
    assert result["error"] is None
    first, *events = rows.requests["copied"]
    assert first.method == "GET"
    assert [request.method for request in events[:3]] == ["POST"] * 3
    polls = events[3:]
    assert {request.method for request in polls} == {"GET"}
    # At once, after a second, and after more than a second again: it takes longer than COPY_SECONDS.
    assert len(polls) == 3
    pauses = [after.monotonic - before.monotonic for before, after in itertools.pairwise(polls)]
    assert pauses[0] >= 1
    assert pauses[1] >= 1.5


def test_the_time_of_the_month_is_that_of_utc(rows: Rows) -> None:
    for request in [request for requests in rows.requests.values() for request in requests if request.method == "GET"]:
        milliseconds = int(request.target.partition("query_time=")[2])
        # The polls repeat the time of the baseline.
        assert 0 <= request.wall_time - milliseconds / 1000 < 60


def test_an_object_that_failed_fails_the_task(rows: Rows) -> None:
    result, ignored = rows.results["failed"], rows.results["ignored"]

    assert (result["failed"], result["changed"], result["accepted_count"]) == (True, True, 4)
    assert result["counters"] == ignored["counters"] == {"success": 1, "failure": 2, "skip": 1}
    assert result["error"]["kind"] == "copy"
    assert result["remaining_count"] == 0
    assert "failed to copy 2 objects" in result["msg"]
    assert "oms/sync_task/failed/failed_object_lists/<subtask>/<time>.failed_list.txt" in result["msg"]
    assert (ignored["failed"], ignored["changed"], ignored["error"]) == (False, True, None)


def test_an_object_that_is_skipped_is_no_failure(rows: Rows) -> None:
    result = rows.results["skipped"]

    assert (result["failed"], result["counters"]) == (False, {"success": 1, "failure": 0, "skip": 1})


def test_a_repeated_object_key_that_counts_once_ends_in_a_time_out(rows: Rows) -> None:
    result = rows.results["timed-out"]

    assert (result["failed"], result["changed"], result["accepted_count"]) == (True, True, 3)
    assert result["counters"] == {"success": 2, "failure": 0, "skip": 0}
    assert (result["error"]["kind"], result["error"]["object_keys"]) == ("timeout", [])
    assert "timed out after 3 s" in result["msg"]
    assert "2 of 3 objects" in result["msg"]
    assert "OMS continues" in result["msg"]


def test_objects_of_another_sender_count_too(rows: Rows) -> None:
    result = rows.results["others"]

    assert result["error"]["kind"] == "copy"
    assert "Objects of other senders may be among them" in result["msg"]
    assert result["accepted_count"] == 1
    assert result["counters"]["success"] in (3, 4)
    assert result["counters"]["failure"] == 1


def test_nothing_is_sent_if_the_counters_cannot_be_read(rows: Rows) -> None:
    result = rows.results["unreadable"]

    assert rows.methods("unreadable") == "GET"
    assert (result["failed"], result["changed"], result["accepted_count"]) == (True, False, 0)
    assert (result["remaining_object_keys"], result["counters"]) == (["a"], NONE)
    assert result["error"]["http_status"] == 403
    assert "oms:synctask:get" in result["msg"]


def test_a_submission_that_failed_is_not_waited_for(rows: Rows) -> None:
    result = rows.results["stopped"]

    assert rows.methods("stopped") == "GET POST"
    assert (result["error"]["kind"], result["changed"], result["counters"]) == ("state", False, NONE)


def test_polls_that_fail_for_a_while_do_not_end_the_wait(rows: Rows) -> None:
    result = rows.results["outage"]

    assert [request.status for request in rows.requests["outage"]][:5] == [200, 200, 503, 503, 503]
    assert (result["failed"], result["counters"]) == (False, {"success": 2, "failure": 0, "skip": 0})


def test_a_sync_task_that_is_deleted_fails_the_wait_at_once(rows: Rows) -> None:
    result = rows.results["deleted"]

    assert rows.methods("deleted") == "GET POST GET GET"
    assert (result["failed"], result["changed"], result["counters"]) == (True, True, NONE)
    assert (result["error"]["kind"], result["accepted_count"]) == ("state", 2)
    assert "was not found" in result["msg"]


def test_without_wait_no_counter_is_read(rows: Rows) -> None:
    result = rows.results["not-waited"]

    assert rows.methods("not-waited") == "POST"
    assert (result["failed"], result["counters"]) == (False, None)


@pytest.fixture
def bulk(task: dict[str, t.Any], tmp_path: Path) -> dict[str, t.Any]:
    """A task that waits for 25 objects, with a progress file."""
    key_file = tmp_path / "object_keys"
    key_file.write_text("".join(f"a {number}\n" for number in range(25)), encoding="ascii")
    return {**task, "object_keys_file": str(key_file), "progress_file": f"{key_file}.progress", "wait": True}


def lines(options: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """The lines of the progress file, without one that is being written."""
    with contextlib.suppress(FileNotFoundError):
        text = Path(options["progress_file"]).read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_a_run_that_ends_while_it_waits_is_told_by_the_next_one(
    simulator: Simulator, ansible: Ansible, bulk: dict[str, t.Any], number: signal.Signals
) -> None:
    simulator.set(copy_delay=3600)
    run = InBackground(ansible, bulk)
    wait_until(lambda: any("counters" in line for line in lines(bulk)))
    os.kill(t.cast(int, run.process()), number)
    begun = time.monotonic()
    result = run.result()
    waited = time.monotonic() - begun
    log = lines(bulk)
    last = log[-1]
    before = len(simulator.requests())
    again, third = ansible.modules([bulk, {**bulk, "wait": False}]).results

    assert result["failed"]
    assert waited < 20
    if number == signal.SIGTERM:
        assert (result["changed"], result["accepted_count"], result["counters"]) == (True, 25, NONE)
        assert result["error"]["kind"] is None
        assert (
            "The run was stopped by SIGTERM during the wait for the copies of 25 objects that OMS accepted."
            in result["msg"]
        )
    assert (last["finished"], last["waiting"], last["accepted_count"]) == (True, True, 25)
    assert (last["counters"], last["object_count"]) == (NONE, 25)
    for each in (again, third):
        assert (each["failed"], each["changed"], each["resumed_count"]) == (False, False, 25)
        assert "ended before OMS had copied all that it accepted" in str(each["warnings"])
    assert lines(bulk) == log
    assert (again["counters"], third["counters"]) == (NONE, None)
    assert simulator.accepted_count(SYNC_TASK_ID) == 25
    # It submits nothing and waits for nothing.
    assert len(simulator.requests()) == before


def test_a_run_that_submits_nothing_waits_for_nothing(
    simulator: Simulator, ansible: Ansible, bulk: dict[str, t.Any]
) -> None:
    simulator.set(copy_delay=COPY_SECONDS)
    first, *later = ansible.modules([bulk, bulk, bulk]).results

    assert first["counters"] == {"success": 25, "failure": 0, "skip": 0}
    for each in later:
        assert (each["changed"], each["failed"], each["counters"]) == (False, False, NONE)
        assert not each.get("warnings")
    polls = [request.method for request in simulator.requests()]
    assert polls == ["GET"] + ["POST"] * 3 + ["GET"] * 3
    last = lines(bulk)[-1]
    assert (last["waiting"], last["counters"]) == (False, {"success": 25, "failure": 0, "skip": 0})
