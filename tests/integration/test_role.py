# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The role sync_objects: makes sure that a sync task runs, submits object keys, waits; once for all hosts of a play."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible, Run
from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID, SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

ROLE = "huaweicloud.oms.sync_objects"
SUBMIT, ENSURE = "Submit the object keys", "Make sure that the sync task exists and runs"
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
ENSURED = {"ensure_task": True, **BUCKETS, **KEYS}


def use(action: str = "import_role", **variables: t.Any) -> dict[str, t.Any]:
    """A use of the role."""
    return {
        f"ansible.builtin.{action}": {"name": ROLE},
        "vars": {f"sync_objects_{name}": value for name, value in variables.items()},
    }


class Role:
    """Plays with the role on some hosts, which get all that the modules share by module_defaults."""

    def __init__(self, ansible: Ansible, connection: dict[str, t.Any]) -> None:
        self._ansible = ansible
        self._connection = connection

    def run(
        self,
        *uses: dict[str, t.Any],
        options: t.Sequence[str] = (),
        hosts: int = 1,
        environ: t.Mapping[str, str] | None = None,
        **of_events: t.Any,
    ) -> Run:
        """Run uses of the role, each of them whether or not the ones before have failed.

        :arg of_events: module_defaults for oms_sync_event.
        """
        inventory = self._ansible.folder / "inventory"
        # Nothing runs on the hosts themselves: no connection to them works.
        inventory.write_text(f"host[01:{hosts:02}] ansible_host=127.0.0.1 ansible_port=9\n", encoding="utf-8")
        rescue = [{"name": "Rescue", "ansible.builtin.debug": {"msg": "failed"}, "run_once": True}]
        return self._ansible.playbook(
            [{"block": [each], "rescue": rescue} for each in uses],
            f"-i{inventory}",
            *options,
            hosts="all",
            module_defaults={"group/huaweicloud.oms.oms": self._connection, MODULE: of_events},
            environ=environ,
        )


@pytest.fixture
def role(ansible: Ansible, connection: dict[str, t.Any]) -> Role:
    return Role(ansible, connection)


def results(run: Run, task: str = SUBMIT) -> list[dict[str, t.Any]]:
    return [result for result in run.results if result["task"].rpartition(" : ")[2] == task]


def writes(simulator: Simulator) -> list[str]:
    """The requests that change something, each by the end of its path."""
    return [
        request.target.rpartition("/")[2]
        for request in simulator.requests()
        if request.method != "GET" and request.status < 400
    ]


def submitted(simulator: Simulator) -> list[list[str] | None]:
    return [request.object_keys for request in simulator.requests("POST") if request.accepted]


# ---- submitting


def test_it_submits_once_for_all_hosts(simulator: Simulator, role: Role) -> None:
    """And module_defaults reach it: the simulator is at an endpoint that is given there alone, batch_size too."""
    keys = ["a%2Fb", "c", "d"]
    run = role.run(
        use(sync_task_id=SYNC_TASK_ID, object_keys=keys, object_keys_encoded=True),
        {"ansible.builtin.assert": {"that": "sync_objects_result.accepted_count == 3"}},
        hosts=20,
        batch_size=2,
        concurrency=1,
    )

    assert run.returncode == 0, run.output
    # Neither the project nor the region is looked up.
    assert [request.object_keys for request in simulator.requests()] == [["a%2Fb", "c"], ["d"]]
    # Each of the hosts has the result.
    assert sum(result["task"] == "ansible.builtin.assert" for result in run.results) == 20


@pytest.mark.parametrize("given", ["project_id", "region"])
def test_module_defaults_reach_each_task(
    simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any], given: str
) -> None:
    """With the region or the project of the environment, requests would go elsewhere."""
    environ = {"HW_REGION_NAME": "cn-east-3", "HUAWEICLOUD_SDK_PROJECT_ID": "another"}
    if given == "region":
        environ = {"HW_REGION_NAME": "cn-east-3", "HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4": simulator.url}
        connection = {name: connection[name] for name in connection if name not in ("project_id", "endpoint")}
    run = Role(ansible, connection).run(use(**ENSURED, object_keys=["a"], wait=True), environ=environ)

    assert run.returncode == 0, run.output
    of_oms = simulator.requests(path="/v2/")
    assert {request.target.split("/")[2] for request in of_oms} == {PROJECT_ID}
    assert len(of_oms) >= 5
    # Without the project, each of the two modules looks it up.
    assert [request.target for request in simulator.requests(path="/v3/")] == [
        "/v3/projects?name=cn-north-4" for _module in range(2) if given == "region"
    ]


def test_a_loop_over_it_and_uses_in_one_play_do_not_meet(simulator: Simulator, role: Role) -> None:
    for name in ("first", "second"):
        simulator.add_task(name, PROJECT_ID)
    loop = [{"task": name, "keys": [f"{name}{number}" for number in range(4)]} for name in ("first", "second")]
    run = role.run(
        use(**ENSURED, object_keys=["a", "b"], wait=True),
        {
            **use("include_role", sync_task_id="{{ item.task }}", object_keys="{{ item['keys'] }}", wait=True),
            "loop": loop,
        },
        use(sync_task_id=SYNC_TASK_ID, object_keys=["c"]),
    )

    assert run.returncode == 0, run.output
    ensured, first, second, plain = results(run)
    assert [first["sync_task_id"], second["sync_task_id"], plain["sync_task_id"]] == ["first", "second", SYNC_TASK_ID]
    assert ensured["sync_task_id"] not in (first["sync_task_id"], second["sync_task_id"], SYNC_TASK_ID)
    assert [each["counters"] and each["counters"]["success"] for each in results(run)] == [2, 4, 4, None]
    assert submitted(simulator) == [["a", "b"], loop[0]["keys"], loop[1]["keys"], ["c"]]


def test_a_host_that_does_not_include_it_is_left_out(simulator: Simulator, role: Role) -> None:
    """The README says so of run_once."""
    submission = {"sync_task_id": SYNC_TASK_ID, "object_keys": ["a"]}
    when = {"when": "inventory_hostname != 'host01'"}
    imported = role.run({**use(**submission), **when}, hosts=3)
    of_import = submitted(simulator)
    included = role.run({**use("include_role", **submission), **when}, hosts=3)

    assert (imported.returncode, included.returncode) == (0, 0), included.output
    assert of_import == []
    assert submitted(simulator) == [["a"]]


def test_what_is_missing_or_misplaced_is_said_without_a_request(simulator: Simulator, role: Role) -> None:
    misplaced = {"source": {**BUCKETS["source"], "secret_key": "Marker-secret"}}  # type: ignore[dict-item]
    run = role.run(
        use(object_keys=["a"]),
        use(**{**ENSURED, **misplaced}, object_keys=["a"]),
        use(**{**ENSURED, "destination": {"access_key": "Marker-access"}}, object_keys=["a"]),
        options=["-vvv"],
    )

    missing, source, destination = [result["msg"] for result in run.results if result["failed"]]
    assert missing.startswith("sync_objects_sync_task_id is required unless sync_objects_ensure_task is true.")
    for text in (source, destination):
        assert "must not contain access_key or secret_key. Put them into sync_objects_source_access_key, sync" in text
    assert simulator.requests() == []
    assert "Marker-" not in run.output + json.dumps(run.results)


# ---- from a sync task that does not exist to objects that are copied


@pytest.mark.each_core
def test_it_creates_the_task_submits_a_file_and_waits(simulator: Simulator, ansible: Ansible, role: Role) -> None:
    """In another time zone, too: only the module looks at the clock."""
    file, progress = ansible.folder / "keys.jsonl", ansible.folder / "progress"
    file.write_text("".join(f'"object {number}"\n' for number in range(300)), encoding="utf-8")
    simulator.set(copy_delay=2)
    of_file = {
        "object_keys_file": str(file),
        "object_keys_file_format": "jsonl",
        "progress_file": str(progress),
        "wait": True,
        "wait_timeout": 60,
    }
    run = role.run(use(**ENSURED, **of_file), use(**ENSURED, **of_file), environ={"TZ": "Asia/Shanghai"})

    assert run.returncode == 0, run.output
    assert writes(simulator) == ["sync-tasks", *["events"] * 30]
    created = json.loads(simulator.requests("POST")[0].body)
    assert {"photos", "photos-copy", "Photos", *KEYS.values()} <= set(created.values())
    first, again = results(run)
    assert (first["accepted_count"], first["counters"]) == (300, {"success": 300, "failure": 0, "skip": 0})
    # Nothing was left to submit.
    assert (again["changed"], again["accepted_count"], again["resumed_count"]) == (False, 0, 300)
    assert again["counters"] == {"success": 0, "failure": 0, "skip": 0}


def test_it_starts_a_task_that_is_stopped(simulator: Simulator, role: Role) -> None:
    simulator.add_task("stopped", PROJECT_ID, "STOPPED")
    common = {"sync_task_id": "stopped", "object_keys": ["a"], "ensure_task": True}
    run = role.run(use(**common), use(**common, **KEYS))

    without, with_keys = results(run, ENSURE)
    assert without["failed"]
    assert "source.access_key" in without["msg"]
    assert not with_keys["failed"]
    assert writes(simulator) == ["start", "events"]


def test_failures_to_copy_fail_unless_they_are_ignored(simulator: Simulator, role: Role) -> None:
    simulator.set(fail_keys=["b"], skip_keys=["c"])
    waited = {"sync_task_id": SYNC_TASK_ID, "object_keys": ["a", "b", "c", "d"], "wait": True}
    run = role.run(use(**waited), use(**waited, ignore_copy_failures=True), use(**waited, wait_timeout=0))

    failed, ignored, refused = results(run)
    assert [failed["failed"], ignored["failed"], refused["failed"]] == [True, False, True]
    assert failed["error"]["kind"] == "copy"
    assert failed["counters"] == ignored["counters"] == {"success": 2, "failure": 1, "skip": 1}
    assert "wait_timeout" in refused["msg"]


# ---- check mode


def test_in_check_mode_it_only_reads(simulator: Simulator, role: Role) -> None:
    simulator.add_task("stopped", PROJECT_ID, "STOPPED")
    run = role.run(
        use(sync_task_id=SYNC_TASK_ID, object_keys=["a"], wait=True),
        # There is no such sync task yet, or it is stopped: the real run would create or start it.
        use(**ENSURED, object_keys=["b"], wait=True),
        use(sync_task_id="stopped", ensure_task=True, **KEYS, object_keys=["c"]),
        # The real run would fail here.
        use(sync_task_id="stopped", object_keys=["d"]),
        options=["--check"],
    )

    assert {request.method for request in simulator.requests()} == {"GET"}
    running, stopped = results(run)
    assert (running["failed"], running["changed"]) == (False, True)
    assert (stopped["failed"], stopped["error"]["kind"]) == (True, "state")
    assert run.stdout.count("The sync task would be created or started. Then the object keys would be submitted.") == 2
    assert len(results(run, "Rescue")) == 1


def test_in_check_mode_with_a_task_that_runs_it_predicts_the_submission(simulator: Simulator, role: Role) -> None:
    created = role.run(use(**ENSURED, object_keys=["a"]))
    before = writes(simulator)
    run = role.run(use(**ENSURED, object_keys=["b"], wait=True), options=["--check"])

    assert (created.returncode, run.returncode) == (0, 0), run.output
    (result,) = results(run)
    assert result["changed"] is True
    assert "would be created or started" not in run.stdout
    assert writes(simulator) == before


# ---- secrets


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, SUBMIT),
        # Ansible makes a text of it, which is longer than a key can be.
        ({"source_secret_key": {"not": "Marker-a-text" * 9}}, "source.secret_key"),
        ({"source_secret_key": None, "source_access_key": ["Marker-1", "Marker-2"]}, "source.secret_key"),
        ({"source": {"bucket": "b", "what": "is this"}}, "Supported parameters include"),
        ({"source": {"bucket": "b", "access_key": ["Marker-1"], "secret_key": {"a": "Marker-2"}}}, "must not contain"),
    ],
    ids=["right", "dict", "list", "source", "misplaced"],
)
def test_no_key_of_the_role_is_shown(role: Role, wrong: dict[str, t.Any], said: str) -> None:
    run = role.run(use(**{**ENSURED, **wrong}, object_keys=["a"]), options=["-vvvvv"])
    shown = run.output + json.dumps(run.results)

    assert any(result["failed"] for result in run.results) is bool(wrong), run.output
    assert said in shown
    assert "Marker-" not in shown, shown[shown.index("Marker-") - 500 :][:1000]
