# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Sync tasks through Ansible: a whole life, twice; what check mode and diff mode say; and that no key is shown."""

from __future__ import annotations

import json
import os
import typing as t
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml
from ansible_collections.huaweicloud.oms.plugins.modules import (
    oms_sync_task,
    oms_sync_task_info,
    oms_sync_task_statistics_info,
)
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible
from ansible_collections.huaweicloud.oms.tests.integration.conftest import (
    ACCESS_KEY,
    PROJECT_ID,
    SECRET_KEY,
    SYNC_TASK_ID,
)
from ansible_collections.huaweicloud.oms.tests.integration.module_calls import Call, Printed, call_modules
from ansible_collections.huaweicloud.oms.tests.integration.test_secrets import (
    ECHO,
    FAULTS,
    assert_no_form,
    core,
)
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

TASK = "huaweicloud.oms.oms_sync_task"
INFO = "huaweicloud.oms.oms_sync_task_info"
STATISTICS = "huaweicloud.oms.oms_sync_task_statistics_info"

PLACES: dict[str, t.Any] = {
    "source": {"cloud_type": "AWS", "region": "us-east-1", "bucket": "photos"},
    "destination": {"region": "cn-north-4", "bucket": "photos-copy"},
}
# With characters that URLs, JSON, HTML, Python and shells write in another way.
KEYS = {
    ("source", "access_key"): "SRC-AK-MARKER0123456789",
    ("source", "secret_key"): "src-sk/marker+\"with\\all&kinds'of=characters",
    ("destination", "access_key"): "DST-AK-MARKER0123456789",
    ("destination", "secret_key"): "dst-sk/marker+\"with\\all&kinds'of=characters",
}
CDN_KEY = "cdn-key/marker+\"with\\all&kinds'of=characters"
CDN = {"domain": "cdn.example", "protocol": "https", "authentication_type": "ALIYUN_OSS_A"}


def only_keys() -> dict[str, dict[str, t.Any]]:
    """The options that it takes to start a task whose id is known."""
    options: dict[str, dict[str, t.Any]] = {"source": {"cdn": {"authentication_key": CDN_KEY}}, "destination": {}}
    for (where, name), key in KEYS.items():
        options[where][name] = key
    return options


def with_keys() -> dict[str, dict[str, t.Any]]:
    """The options that it takes to create a task."""
    options = {where: {**PLACES[where], **keys} for where, keys in only_keys().items()}
    options["source"]["cdn"] = {**CDN, "authentication_key": CDN_KEY}
    return options


@pytest.fixture
def empty(simulator: Simulator) -> Simulator:
    """A simulator with a key and a project, and without sync tasks."""
    simulator.reset()
    simulator.add_access_key(ACCESS_KEY, SECRET_KEY)
    simulator.add_project("cn-north-4", PROJECT_ID)
    return simulator


def writing(simulator: Simulator) -> list[str]:
    """What may have changed something."""
    return [
        f"{request.method} {request.target.rpartition('sync-tasks')[2].rpartition('/')[2]}"
        for request in simulator.requests()
        if request.method != "GET"
    ]


# ---- a whole life

# What a playbook does, and what is sent for it. Each step is predicted, done, and done again.
LIFE = [
    ("present", True),
    ("started", False),
    ("stopped", True),
    ("present", False),
    ("started", True),
    ("absent", True),
]


def test_the_life_of_a_task_in_one_playbook(empty: Simulator, ansible: Ansible, connection: dict[str, t.Any]) -> None:
    steps = [{TASK: {**with_keys(), "state": state}, "diff": True} for state, _changes in LIFE]
    run = ansible.playbook(
        [each for step in steps for each in ({**step, "check_mode": True}, step, step, {**step, "check_mode": True})],
        module_defaults={"group/huaweicloud.oms.oms": connection},
    )

    assert run.returncode == 0, run.output
    for number, (state, changes) in enumerate(LIFE):
        predicted, real, again, later = run.results[4 * number : 4 * number + 4]
        assert (predicted["changed"], real["changed"]) == (changes, changes), (number, state)
        assert (again["changed"], later["changed"]) == (False, False), (number, state)
        assert predicted["diff"] == real["diff"], (number, state)
        assert (real["diff"]["before"] != real["diff"]["after"]) == changes, (number, state)
        assert again["sync_task"] == later["sync_task"] == real["sync_task"], (number, state)
    # All that 24 tasks sent: check mode wrote nothing, and neither did the second runs.
    sync_task_id = run.results[1]["sync_task_id"]
    assert writing(empty) == ["POST ", "POST stop", "POST start", "POST stop", f"DELETE {sync_task_id}"]
    assert empty.statuses() == {}
    # What the diff shows on the screen
    assert '-    "status": "STOPPED"' in run.stdout
    assert '+    "status": "SYNCHRONIZING"' in run.stdout
    assert "photos-copy" in run.stdout


def test_check_mode_alone_writes_nothing(empty: Simulator, ansible: Ansible, connection: dict[str, t.Any]) -> None:
    empty.add_task("running", PROJECT_ID, src_bucket="films")
    empty.add_task("stopped", PROJECT_ID, "STOPPED", src_bucket="music", source_cdn=CDN)
    cases = [
        {**with_keys(), "state": "present"},
        {**with_keys(), "state": "started"},
        {"sync_task_id": "running", "state": "stopped"},
        {"sync_task_id": "running", "state": "absent"},
        {**only_keys(), "sync_task_id": "stopped", "state": "started"},
        {"sync_task_id": "stopped", "state": "absent"},
    ]
    run = ansible.playbook([{TASK: {**connection, **case}} for case in cases], "--check", "--diff")

    assert run.returncode == 0, run.output
    assert [result["changed"] for result in run.results] == [True] * 6
    assert writing(empty) == []
    assert empty.statuses() == {"running": "SYNCHRONIZING", "stopped": "STOPPED"}


def test_events_go_to_the_task_and_are_counted(
    empty: Simulator, ansible: Ansible, connection: dict[str, t.Any]
) -> None:
    """With the oldest Python of a target, where there is one: the examples run with the Python of the tests."""
    python = os.environ.get("OMS_TEST_TARGET_PYTHON39")
    target = [f"-eansible_python_interpreter={python}"] if python else []
    empty.set(fail_keys=["*.bad"], skip_keys=["old/*"], object_size=10)
    now = datetime.now(timezone.utc)
    month, yesterday = now.strftime("%Y-%m"), (now - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    run = ansible.playbook(
        [
            {TASK: {**with_keys(), "state": "started"}, "register": "photos"},
            {
                MODULE: {
                    "sync_task_id": "{{ photos.sync_task_id }}",
                    "object_keys": ["a", "b c", "old/d", "e.bad"],
                }
            },
            {INFO: {"month": month}, "check_mode": True},
            {INFO: {"sync_task_id": "{{ photos.sync_task_id }}"}},
            {STATISTICS: {"sync_task_id": "{{ photos.sync_task_id }}", "start_time": yesterday}, "check_mode": True},
            {INFO: {"sync_task_id": "missing"}},
            {INFO: {"status": "STOPPED"}},
        ],
        *target,
        module_defaults={"group/huaweicloud.oms.oms": connection},
    )

    assert run.returncode == 0, run.output
    created, _sent, listed, shown, statistics, missing, stopped = run.results
    for looked in (listed, shown):
        (task,) = looked["sync_tasks"]
        assert task["sync_task_id"] == created["sync_task_id"]
        names = ("acceptance_request", "success_object", "failure_object", "skip_object", "size")
        assert [task[f"monthly_{name}"] for name in names] == [4, 2, 1, 1, 20]
    assert statistics["sums"] == {"REQUEST": 4, "SUCCESS": 2, "FAILURE": 1, "SKIP": 1, "SIZE": 20}
    assert missing["sync_tasks"] == stopped["sync_tasks"] == []
    assert not any(result["changed"] for result in (listed, shown, statistics, missing, stopped))


def test_a_stopped_task_s_message_leads_to_a_started_one(
    simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]
) -> None:
    """What the message of an event says is what helps."""
    simulator.add_task(SYNC_TASK_ID, PROJECT_ID, "STOPPED", source_cdn=CDN)
    event = {MODULE: {"sync_task_id": SYNC_TASK_ID, "object_keys": ["a"]}}
    run = ansible.playbook(
        [
            {**event, "ignore_errors": True},
            {TASK: {"sync_task_id": SYNC_TASK_ID, "state": "started", **only_keys()}},
            event,
        ],
        module_defaults={"group/huaweicloud.oms.oms": connection},
    )

    assert run.returncode == 0, run.output
    refused, _started, accepted = run.results
    assert "Start it with huaweicloud.oms.oms_sync_task and state=started" in refused["msg"]
    assert accepted["accepted_count"] == 1


def test_a_state_is_waited_for(empty: Simulator, ansible: Ansible, connection: dict[str, t.Any]) -> None:
    empty.set(state_delay=1.0)
    run = ansible.playbook(
        [{TASK: {**with_keys(), "state": state}} for state in ("started", "stopped", "started", "absent")],
        module_defaults={"group/huaweicloud.oms.oms": connection},
    )

    assert run.returncode == 0, run.output
    statuses = [(result["sync_task"] or {}).get("status") for result in run.results]
    assert statuses == ["SYNCHRONIZING", "STOPPED", "SYNCHRONIZING", None]
    assert empty.statuses() == {}


# ---- secrets


def refused_cases(common: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """Arguments that the module, or OMS, refuses."""
    source = common["source"]
    return [
        {**common, "enable_restore": True},
        {**common, "secret_key": "another-one"},
        {**common, "destination": {**PLACES["destination"], "access_key": KEYS["destination", "access_key"]}},
        {**common, "source": {**source, "secret_key": KEYS["source", "secret_key"] + "\n"}},
        {**common, "source": {**source, "access_key": KEYS["source", "access_key"] * 5}},
        {**common, "source": {**source, "cdn": {**CDN, "authentication_key": CDN_KEY * 7}}},
        {**common, "source": {**source, "unknown": "x"}},
        {**common, "description": "<"},
    ]


def add_faulty_task(simulator: Simulator, name: str) -> None:
    simulator.add_task(name, PROJECT_ID, "STOPPED", source_cdn=CDN)
    simulator.fault(path=f"{name}/start", **FAULTS[name])


def assert_no_key(shown: str) -> None:
    for key in (*KEYS.values(), CDN_KEY):
        assert_no_form(shown, key, key)


def assert_keys_sent(simulator: Simulator) -> None:
    """They were in use, and arrived in a form that a search finds."""
    bodies = [request.body for request in simulator.requests("POST") if request.body]
    for key in (*KEYS.values(), CDN_KEY):
        assert any(json.dumps(key) in body for body in bodies), key


@pytest.mark.parametrize("version", ["OMS_TEST_CORE_OLDEST", "OMS_TEST_CORE_NEWEST"], ids=["oldest", "newest"])
def test_no_path_of_the_module_shows_a_key(empty: Simulator, connection: dict[str, t.Any], version: str) -> None:
    common = {**connection, **with_keys(), "retries": 1, "retry_max_delay": 0, "timeout": 0.4}
    life = [
        *({**common, "state": state} for state in ("started", "stopped", "started", "present")),
        *refused_cases(common),
        *({**common, "state": "absent", "_ansible_check_mode": mode} for mode in (True, False)),
    ]
    lived = call(version, life, parallel=1)
    for name in FAULTS:
        add_faulty_task(empty, name)
    # What none of the others hits is the creation.
    empty.fault(method="POST", **ECHO)
    faulty = [
        *({**common, **only_keys(), "sync_task_id": name, "state": "started"} for name in FAULTS),
        {**common, "retries": 0},
    ]
    failed = call(version, faulty)

    assert [bool(each.result.get("failed")) for each in lived] == [False] * 4 + [True] * 8 + [False] * 2, lived
    changed = [each.result["changed"] for each in lived if not each.result.get("failed")]
    assert changed == [True, True, True, False, True, True]
    assert [each.result["failed"] for each in failed] == [True] * len(faulty), failed
    masked = [str((each.result["error"] or {}).get("error_msg")).count("********") for each in failed]
    echoing = [name.startswith("echo") for name in FAULTS]
    assert [count >= 5 for count in masked] == [*echoing, True], masked
    assert_keys_sent(empty)
    for each in (*lived, *failed):
        assert_no_key(each.output)


def call(version: str, rows: list[dict[str, t.Any]], parallel: int = 4) -> list[Printed]:
    common = {"_ansible_verbosity": 5, "_ansible_diff": True}
    calls = [Call(module=TASK, args={**common, **row}, environ={"LANG": "C.UTF-8"}) for row in rows]
    return call_modules(core(version), os.environ["ANSIBLE_COLLECTIONS_PATH"], calls, parallel)


@pytest.mark.parametrize("version", ["OMS_TEST_CORE_OLDEST", "OMS_TEST_CORE_NEWEST"], ids=["oldest", "newest"])
def test_no_playbook_shows_a_key(empty: Simulator, tmp_path: Path, connection: dict[str, t.Any], version: str) -> None:
    """At the highest verbosity, with differences."""
    add_faulty_task(empty, "echo")
    common = {**connection, **with_keys(), "retries": 1, "retry_max_delay": 0, "timeout": 0.4}
    refused = refused_cases(common)
    failing = [
        *(refused[number] for number in (2, 3, 6)),
        {**common, **only_keys(), "sync_task_id": "echo", "state": "started"},
    ]
    run = Ansible(tmp_path, core(version)).playbook(
        [
            *({TASK: {**common, "state": "started"}, "check_mode": mode} for mode in (True, False)),
            *({TASK: case, "ignore_errors": True} for case in failing),
        ],
        "-vvvvv",
        "--diff",
    )

    assert [result["failed"] for result in run.results] == [False] * 2 + [True] * 4, run.output
    assert [result["changed"] for result in run.results[:2]] == [True, True]
    assert run.results[-1]["error"]["error_msg"].count("********") >= 5
    assert '+    "status": "SYNCHRONIZING"' in run.stdout
    assert_keys_sent(empty)
    assert_no_key(run.output + json.dumps(run.results))


# ---- examples

EXAMPLES = [
    task
    for module in (oms_sync_task, oms_sync_task_info, oms_sync_task_statistics_info)
    for task in yaml.safe_load(module.EXAMPLES)
]
VARIABLES = {
    f"vault_{cloud}_{name}": f"{cloud}-{name}" for cloud in ("aws", "obs") for name in ("access_key", "secret_key")
}


def test_examples_do_what_they_say(simulator: Simulator, ansible: Ansible) -> None:
    environ = {
        "HW_ACCESS_KEY": ACCESS_KEY,
        "HW_SECRET_KEY": SECRET_KEY,
        "HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4": simulator.url,
        "HUAWEICLOUD_SDK_IAM_ENDPOINT": simulator.url,
    }
    run = ansible.playbook(EXAMPLES, environ=environ, vars=VARIABLES)

    assert run.returncode == 0, run.output
    assert [result["task"] for result in run.results] == [task["name"] for task in EXAMPLES]
    # The one of the examples has been deleted, the one with the example's id runs.
    assert simulator.statuses() == {SYNC_TASK_ID: "SYNCHRONIZING"}
