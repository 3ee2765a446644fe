# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The role sync_objects: from a list or a file to a finished hand-over, once for all hosts of a play."""

from __future__ import annotations

import json
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import pytest
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import Ansible, Run
from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID, SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

ROLE = {"ansible.builtin.import_role": {"name": "huaweicloud.oms.sync_objects"}}


def run_role(ansible: Ansible, connection: dict[str, t.Any], *options: str, **variables: t.Any) -> Run:
    inventory = ansible.folder / "inventory"
    inventory.write_text("one ansible_connection=local\ntwo ansible_connection=local\n", encoding="utf-8")
    of_module = {name: value for name, value in connection.items() if name not in ("region", "project_id")}
    return ansible.playbook(
        [{**ROLE, "vars": {f"sync_objects_{name}": value for name, value in variables.items()}}],
        f"-i{inventory}",
        *options,
        hosts="one,two",
        module_defaults={"group/huaweicloud.oms.oms": of_module},
    )


def test_it_calls_oms_once_for_all_hosts(simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]) -> None:
    run = run_role(
        ansible,
        connection,
        sync_task_id=SYNC_TASK_ID,
        object_keys=["a%2Fb", "c", "d"],
        object_keys_encoded=True,
        batch_size=2,
        region="cn-north-4",
        project_id=PROJECT_ID,
    )

    assert run.returncode == 0, run.output
    assert [request.object_keys for request in simulator.requests()] == [["a%2Fb", "c"], ["d"]]


def test_it_does_without_what_is_optional(simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]) -> None:
    run = run_role(ansible, connection, sync_task_id=SYNC_TASK_ID, object_keys=["a b"], region="cn-north-4")

    assert run.returncode == 0, run.output
    look_up, event = simulator.requests()
    assert look_up.target == "/v3/projects?name=cn-north-4"
    assert event.object_keys == ["a+b"]


def test_it_only_looks_in_check_mode(simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]) -> None:
    variables = {"sync_task_id": SYNC_TASK_ID, "object_keys": ["a"], "region": "cn-north-4", "project_id": PROJECT_ID}
    run = run_role(ansible, connection, "--check", **variables)

    assert run.returncode == 0, run.output
    assert [request.method for request in simulator.requests()] == ["GET"]


def test_it_wants_a_sync_task(simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]) -> None:
    run = run_role(ansible, connection, object_keys=["a"], region="cn-north-4")

    assert run.returncode != 0
    assert "Give sync_objects_sync_task_id, or sync_objects_ensure_task" in run.output
    assert simulator.requests() == []


# ---- from a sync task that does not exist to objects that are copied

KEYS = {
    f"{side}_{name}": f"Marker-{side}-{name}"
    for side in ("source", "destination")
    for name in ("access_key", "secret_key")
}
BUCKETS = {
    "source": {"cloud_type": "AWS", "region": "us-east-1", "bucket": "photos"},
    "destination": {"region": "cn-north-4", "bucket": "photos-copy"},
    "description": "Photos",
}
ENSURED = {"region": "cn-north-4", "project_id": PROJECT_ID, "ensure_task": True, **BUCKETS, **KEYS}


def names_file(ansible: Ansible, count: int) -> str:
    path = ansible.folder / "names"
    path.write_text("".join(f"object {number}\n" for number in range(count)), encoding="utf-8")
    return str(path)


def writes(simulator: Simulator) -> list[str]:
    """What was asked for that changes something, by the end of the path."""
    return [
        request.target.rpartition("/")[2]
        for request in simulator.requests()
        if request.method != "GET" and request.status < 400
    ]


def test_it_makes_the_task_hands_over_and_waits(
    simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]
) -> None:
    # Long enough for a look at the counters before anything is copied, on a slow machine, too.
    simulator.set(copy_delay=4)
    variables = {**ENSURED, "object_keys_file": names_file(ansible, 300), "wait": True, "wait_timeout": 60}
    run = run_role(ansible, connection, "-v", **variables)

    assert run.returncode == 0, run.output
    assert writes(simulator) == ["sync-tasks", *["events"] * 30]
    assert "has copied 300 objects, failed to copy 0 and skipped 0; 300 were handed over." in run.stdout
    assert "whoever else sends events to it adds to them" in run.stdout
    assert "OMS is done with 0 of 300 objects." in run.stdout
    again = run_role(ansible, connection, **variables)
    assert again.returncode == 0, again.output
    assert writes(simulator) == ["sync-tasks", *["events"] * 60]


def test_in_check_mode_on_a_fresh_account_it_says_what_it_would_do(
    simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]
) -> None:
    variables = {**ENSURED, "object_keys": ["a"], "wait": True}
    run = run_role(ansible, connection, "--check", **variables)

    assert run.returncode == 0, run.output
    assert "A sync task would be created, and the objects would be handed over to it." in run.stdout
    assert writes(simulator) == []


def test_in_check_mode_with_a_task_it_looks_at_that(
    simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]
) -> None:
    run = run_role(ansible, connection, **ENSURED, object_keys=["a"])
    before = writes(simulator)
    checked = run_role(ansible, connection, "--check", **ENSURED, object_keys=["b"], wait=True)

    assert (run.returncode, checked.returncode) == (0, 0), checked.output
    assert "would be created" not in checked.stdout
    assert checked.results[-1]["changed"] is True
    assert writes(simulator) == before


def test_it_starts_a_task_that_is_stopped(simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]) -> None:
    simulator.add_task("stopped", PROJECT_ID, "STOPPED")
    common = {"region": "cn-north-4", "project_id": PROJECT_ID, "sync_task_id": "stopped", "object_keys": ["a"]}
    without = run_role(ansible, connection, **common, ensure_task=True)
    with_keys = run_role(ansible, connection, **common, ensure_task=True, **KEYS)

    assert without.returncode != 0
    assert "source.access_key" in without.output
    assert with_keys.returncode == 0, with_keys.output
    assert writes(simulator) == ["start", "events"]


# ---- waiting

WAITED = {"sync_task_id": SYNC_TASK_ID, "region": "cn-north-4", "project_id": PROJECT_ID, "wait": True}


@pytest.mark.parametrize("fail", [True, False])
def test_failures_are_told_and_fail_unless_told_not_to(
    simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any], fail: bool
) -> None:
    simulator.set(fail_keys=["b"], skip_keys=["c"])
    run = run_role(ansible, connection, **WAITED, object_keys=["a", "b", "c", "d"], fail_on_failures=fail)

    assert "has copied 2 objects, failed to copy 1 and skipped 1; 4 were handed over." in run.stdout
    assert (run.returncode != 0) is fail, run.output
    assert ("failed to copy 1 objects since they were handed over" in run.stdout) is fail


def test_others_events_blur_the_counters(simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]) -> None:
    """Another sender's objects end the wait too early: it says what it counted, and that it may be others'."""
    simulator.set(copy_delay=600)
    simulator.count(SYNC_TASK_ID, success=1000, skip=5)
    run = run_role(ansible, connection, **WAITED, object_keys=["a", "b"], wait_timeout=1)
    simulator.set(copy_delay=600)
    blurred = run_in_background(
        lambda: run_role(ansible, connection, **WAITED, object_keys=["c", "d"], wait_timeout=120),
        lambda: simulator.count(SYNC_TASK_ID, success=7),
        simulator,
    )

    # What was counted before is no progress.
    assert run.returncode != 0
    assert "OMS was done with 0 of 2 objects" in run.stdout
    assert blurred.returncode == 0, blurred.output
    assert "has copied 7 objects, failed to copy 0 and skipped 0; 2 were handed over." in blurred.stdout


def run_in_background(run: t.Callable[[], Run], meanwhile: t.Callable[[], object], simulator: Simulator) -> Run:
    """Do something once the events of a run have arrived."""
    before = len(simulator.requests("POST"))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run)
        until = time.monotonic() + 60
        while len(simulator.requests("POST")) == before and time.monotonic() < until:
            time.sleep(0.05)
        meanwhile()
        return running.result()


def test_the_end_of_a_month_makes_no_difference(
    simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]
) -> None:
    """What is handed over in the last second of November is copied in December."""
    clock = ansible.folder / "clock"
    end_of_month = datetime(2026, 11, 30, 23, 59, 59, tzinfo=timezone.utc).timestamp()

    def set_clock(seconds: float) -> None:
        clock.write_text(str(seconds), encoding="utf-8")
        simulator.set(now_offset=seconds - time.time())

    simulator.set(copy_delay=3600)
    set_clock(end_of_month - 5)
    simulator.count(SYNC_TASK_ID, success=40, failure=4)
    run = run_in_background(
        lambda: run_role(
            ansible,
            connection,
            "-e",
            json.dumps({"sync_objects_now": "{{ lookup('ansible.builtin.file', '" + str(clock) + "') }}"}),
            **WAITED,
            object_keys=["a", "b", "c"],
            wait_timeout=10**6,
        ),
        lambda: set_clock(end_of_month + 2 * 3600),
        simulator,
    )

    assert run.returncode == 0, run.output
    assert "has copied 3 objects, failed to copy 0 and skipped 0; 3 were handed over." in run.stdout
    months = {
        datetime.fromtimestamp(int(request.target[-13:]) / 1000, timezone.utc).month for request in shows(simulator)
    }
    assert months == {11, 12}


def shows(simulator: Simulator) -> list[t.Any]:
    return [request for request in simulator.requests("GET") if "query_time=" in request.target]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "Tell OMS which objects changed"),
        # Ansible makes a text of it, which is longer than a key can be.
        ({"source_secret_key": {"not": "Marker-a-text" * 9}}, "source.secret_key"),
        ({"source_secret_key": None, "source_access_key": ["Marker-1", "Marker-2"]}, "source.secret_key"),
        ({"source": {"bucket": "b", "what": "is this"}}, "Supported parameters include"),
    ],
    ids=["right", "dict", "list", "source"],
)
def test_no_key_of_the_role_is_shown(
    ansible: Ansible, connection: dict[str, t.Any], wrong: dict[str, t.Any], said: str
) -> None:
    run = run_role(ansible, connection, "-vvvvv", **{**ENSURED, **wrong}, object_keys=["a"])
    shown = run.output + json.dumps(run.results)

    assert (run.returncode == 0) is (not wrong), run.output
    assert said in shown
    assert "Marker-" not in shown, shown[shown.index("Marker-") - 500 :][:1000]
