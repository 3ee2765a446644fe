# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What the module sends, by what the simulator recorded."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible, Unsafe
from ansible_collections.huaweicloud.oms.tests.integration.conftest import (
    ACCESS_KEY,
    PROJECT_ID,
    SECRET_KEY,
    SYNC_TASK_ID,
)
from ansible_collections.huaweicloud.oms.tests.integration.module_tasks import ModuleTasks
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

GALAXY = Path(__file__).parents[2] / "galaxy.yml"


# What a task gives, whether that is URL-encoded already, and what is sent.
DOCUMENTED: list[tuple[list[str], bool, list[str]]] = [
    (["test/001.txt", "test/002.txt"], False, ["test%2F001.txt", "test%2F002.txt"]),
    (["test+001.txt"], False, ["test%2B001.txt"]),
    (["test 001.txt"], False, ["test+001.txt"]),
    (["AWSLogs/1/a+b.gz", "a*b~c!'()"], True, ["AWSLogs/1/a+b.gz", "a*b~c!'()"]),
]


def test_documented_examples(simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any]) -> None:
    run = module_tasks.modules(
        {**task, "object_keys": object_keys, "object_keys_encoded": encoded}
        for object_keys, encoded, _sent in DOCUMENTED
    )

    assert [result["changed"] for result in run.results] == [True] * len(DOCUMENTED), run.output
    requests = simulator.requests()
    events = ("POST", f"/v2/{PROJECT_ID}/sync-tasks/{SYNC_TASK_ID}/events")
    assert {(request.method, request.target) for request in requests} == {events}
    assert all(request.accepted for request in requests)
    assert [json.loads(request.body) for request in requests] == [{"object_keys": sent} for *_given, sent in DOCUMENTED]


def sent_keys(simulator: Simulator) -> list[list[str]]:
    """The object keys in each event that was accepted, as they arrived."""
    return [json.loads(request.body)["object_keys"] for request in simulator.requests("POST") if request.accepted]


def test_object_keys_are_split_into_events_in_order_and_sent_once(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any]
) -> None:
    object_keys = [f"object {number}" for number in range(25)]
    run = module_tasks.modules(
        [
            {**task, "object_keys": object_keys},
            {**task, "object_keys": [*object_keys, "object 3", "other", "object 0"], "batch_size": 100},
        ]
    )

    encoded = [key.replace(" ", "+") for key in object_keys]
    assert sent_keys(simulator) == [encoded[:10], encoded[10:20], encoded[20:], [*encoded, "other"]]
    first, second = run.results
    assert (first["accepted_count"], first["event_count"], first["object_count"]) == (25, 3, 25)
    assert [event["object_keys"] for event in first["events"]] == sent_keys(simulator)[:3]
    assert (second["object_count"], second["duplicate_count"], second["event_count"]) == (26, 2, 1)
    # One connection for all events of a task.
    assert len({request.connection for request in simulator.requests()[:3]}) == 1


def test_a_result_says_all_that_is_documented(
    simulator: Simulator, ansible: Ansible, task: dict[str, t.Any], connection: dict[str, t.Any]
) -> None:
    run = ansible.modules([{**task, "object_keys": ["b", "a", "b"]}])

    (request,) = simulator.requests()
    (result,) = run.results
    (event,) = result.pop("events")
    assert event.pop("request_id")
    assert event == {"object_keys": ["b", "a"], "attempts": 1}
    for key in ("invocation", "task", "_ansible_no_log"):
        result.pop(key, None)
    assert result == {
        "failed": False,
        "changed": True,
        "sync_task_id": SYNC_TASK_ID,
        "project_id": PROJECT_ID,
        "endpoint": connection["endpoint"],
        "object_count": 2,
        "accepted_count": 2,
        "duplicate_count": 1,
        "resumed_count": 0,
        "event_count": 1,
        "retry_count": 0,
        "remaining_count": 0,
        "remaining_object_keys": [],
        "remaining_truncated": False,
        "counters": None,
        "error": None,
    }
    galaxy = yaml.safe_load(GALAXY.read_text(encoding="utf-8"))
    assert request.headers["user-agent"].startswith(f"huaweicloud.oms/{galaxy['version']} ansible-core/")
    assert request.headers["content-type"] == "application/json"


@pytest.mark.each_core
def test_unusual_object_keys_arrive_byte_for_byte_and_run_nothing(
    simulator: Simulator, ansible: Ansible, task: dict[str, t.Any], tmp_path: Path
) -> None:
    trap = tmp_path / "trap"
    object_keys = [
        "TEST/中 文.jpg",
        "a%20b.txt",
        "/leading//slashes/",
        " spaces at both ends ",
        "100% + more & 'quotes' \"too\"",
        "line\nbreak\r\n\ttab",
        "emoji 🚀",
        "~*().-_!",
        f"$(touch {trap})",
        f"`touch {trap}`; touch {trap}",
        "{{ lookup('pipe', 'touch " + str(trap) + "') }}",
        "{% raw %}{{ 7 * 7 }}{% endraw %}",
        "{{ undefined_variable }}",
        "%(asctime)s %s {0}",
        "1.10",
        "12:30:45",
        "null",
        "a,b",
        "[x]",
        "\x00\x1b[31m\x7f",
        "中" * 1820,
    ]
    marked = [Unsafe(key) if "{" in key else key for key in object_keys]
    run = ansible.playbook([{MODULE: {**task, "object_keys": "{{ given }}"}}], vars={"given": marked})

    assert run.results[0]["changed"], run.output
    assert simulator.accepted_keys(SYNC_TASK_ID) == object_keys
    assert sent_keys(simulator)[0][:2] == ["TEST%2F%E4%B8%AD+%E6%96%87.jpg", "a%2520b.txt"]
    assert not trap.exists()


@pytest.mark.each_core
def test_ad_hoc_commands(simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]) -> None:
    environ = {
        "HW_ACCESS_KEY": ACCESS_KEY,
        "HW_SECRET_KEY": SECRET_KEY,
        "HW_REGION_NAME": "cn-north-4",
        "HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4": connection["endpoint"],
        "HUAWEICLOUD_SDK_IAM_ENDPOINT": connection["endpoint"],
    }
    arguments = {"sync_task_id": SYNC_TASK_ID, "object_keys": ["test/001.txt", "a,b", "1.10"]}

    as_json = ansible.ad_hoc(json.dumps(arguments), environ=environ)
    as_words = ansible.ad_hoc(f"sync_task_id={SYNC_TASK_ID} object_keys=test/002.txt", environ=environ)

    assert "CHANGED" in as_json.stdout, as_json.output
    assert "CHANGED" in as_words.stdout, as_words.output
    assert sent_keys(simulator) == [["test%2F001.txt", "a%2Cb", "1.10"], ["test%2F002.txt"]]
    # No project was named: IAM was asked for it.
    assert [request.target for request in simulator.requests("GET")] == ["/v3/projects?name=cn-north-4"] * 2


KEY = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
TEMPORARY_KEY = {"access_key": "TEMPORARY1", "secret_key": "temporary-secret", "security_token": "the-sts-token"}


# For each credential source its options, its variables, and the access key that signs; None where a token is sent.
SOURCES: dict[str, tuple[dict[str, str], dict[str, str], str | None]] = {
    "key": (KEY, {}, ACCESS_KEY),
    "temporary key": (TEMPORARY_KEY, {}, "TEMPORARY1"),
    "token": ({"auth_token": "a-token"}, {}, None),
    "HW token": ({}, {"HW_AUTH_TOKEN": "a-token", "HW_ACCESS_KEY": "x", "HW_SECRET_KEY": "y"}, None),
    "SDK": (
        {},
        {
            "HUAWEICLOUD_SDK_AK": "TEMPORARY1",
            "HUAWEICLOUD_SDK_SK": "temporary-secret",
            "HUAWEICLOUD_SDK_SECURITY_TOKEN": "the-sts-token",
        },
        "TEMPORARY1",
    ),
    "HW": (
        {},
        {
            "HW_ACCESS_KEY": "TEMPORARY1",
            "HW_SECRET_KEY": "temporary-secret",
            "HW_SECURITY_TOKEN": "the-sts-token",
            "CLOUD_SDK_AK": "x",
            "CLOUD_SDK_SK": "y",
        },
        "TEMPORARY1",
    ),
    "CLOUD_SDK": ({}, {"CLOUD_SDK_AK": ACCESS_KEY, "CLOUD_SDK_SK": SECRET_KEY}, ACCESS_KEY),
    "options before environment": (KEY, {"HW_AUTH_TOKEN": "of the environment"}, ACCESS_KEY),
}


def test_credential_sources(simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any]) -> None:
    simulator.add_access_key("TEMPORARY1", "temporary-secret", "the-sts-token")
    simulator.add_token("a-token")
    of_task = {name: value for name, value in task.items() if name not in KEY}
    run = module_tasks.playbook(
        [
            {MODULE: {**of_task, **options, "object_keys": [source]}, "environment": environ, "ignore_errors": True}
            for source, (options, environ, _signed_by) in SOURCES.items()
        ]
    )

    assert [result["changed"] for result in run.results] == [True] * len(SOURCES), run.output
    for (source, (_options, _environ, signed_by)), request in zip(SOURCES.items(), simulator.requests(), strict=True):
        if signed_by:
            assert f"Access={signed_by}," in request.headers["authorization"], source
            assert "x-auth-token" not in request.headers, source
        else:
            assert request.headers["x-auth-token"] == "a-token", source
            assert "authorization" not in request.headers, source


@pytest.mark.each_core
def test_defaults_of_the_action_group_and_object_keys_from_a_file_that_are_not_templated(
    simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any], tmp_path: Path
) -> None:
    file = tmp_path / "object_keys.json"
    file.write_text(json.dumps(["{{ 7 * 7 }}"]), encoding="utf-8")
    del connection["project_id"]
    from_file = "{{ file.content | b64decode | from_json }}"
    ansible.playbook(
        [
            {MODULE: {"sync_task_id": SYNC_TASK_ID, "object_keys": ["a"]}},
            {"ansible.builtin.slurp": {"src": str(file)}, "register": "file"},
            {MODULE: {"sync_task_id": SYNC_TASK_ID, "object_keys": from_file}},
        ],
        module_defaults={"group/huaweicloud.oms.oms": connection},
    )

    assert simulator.accepted_keys(SYNC_TASK_ID) == ["a", "{{ 7 * 7 }}"]
