# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What check mode says, next to what the real run then does."""

from __future__ import annotations

import typing as t

from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible
from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID, SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.integration.module_tasks import ModuleTasks
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

NAMES = [f"name {number}" for number in range(25)]
# What only a run that sends can know.
OF_SENDING = ("accepted_count", "events", "counters")


def both(ansible: Ansible | ModuleTasks, *cases: dict[str, t.Any]) -> list[tuple[dict[str, t.Any], dict[str, t.Any]]]:
    """For each case the results in check mode and of the real run after it, without what Ansible adds to them."""
    tasks = [{MODULE: case, "check_mode": mode, "ignore_errors": True} for case in cases for mode in (True, False)]
    run = ansible.playbook(tasks)
    assert len(run.results) == len(tasks), run.output
    results = [
        {key: value for key, value in result.items() if not key.startswith(("_ansible", "invocation", "task"))}
        for result in run.results
    ]
    return list(zip(results[::2], results[1::2], strict=True))


def test_the_prediction_is_the_result_but_for_what_was_sent(
    simulator: Simulator, ansible: Ansible, task: dict[str, t.Any]
) -> None:
    ((predicted, real),) = both(ansible, {**task, "object_keys": [*NAMES, "name 3"], "wait": True})

    check, baseline, *sent, poll = simulator.requests()
    for request in (check, baseline, poll):
        path = request.target.partition("?")[0]
        assert (request.method, path) == ("GET", f"/v2/{PROJECT_ID}/sync-tasks/{SYNC_TASK_ID}")
    assert [request.method for request in sent] == ["POST"] * 3
    assert set(predicted) == set(real)
    assert {key: predicted[key] for key in OF_SENDING} == {
        "accepted_count": 0,
        "events": [
            {"object_keys": request.object_keys, "request_id": "", "attempts": 0}
            for request in sorted(sent, key=lambda request: request.monotonic)
        ],
        "counters": None,
    }
    assert real["counters"] == {"success": 25, "failure": 0, "skip": 0}
    assert {key: value for key, value in predicted.items() if key not in OF_SENDING} == {
        key: value for key, value in real.items() if key not in OF_SENDING
    }
    assert predicted["changed"]
    assert (predicted["object_count"], predicted["duplicate_count"]) == (25, 1)


NOT_THERE = "The sync task {task} was not found"
# For each sync task its options, and the sentence.
FAILING: dict[str, tuple[dict[str, t.Any], str]] = {
    "not-there": ({}, NOT_THERE),
    "not-there-400": ({}, NOT_THERE),
    "stopped": ({}, "Start it with huaweicloud.oms.oms_sync_task"),
    "wrong-key": ({"secret_key": "another-one"}, "HTTP 401 APIGW.0301"),
    "wrong-region": ({}, "Check region and endpoint. This error does not mean that the sync task is missing"),
}


def test_it_fails_where_the_real_run_does_and_for_the_same_reason(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any]
) -> None:
    simulator.set(missing_task=[404, "OMS.1009"])
    simulator.fault("answer", status=400, body='{"error_code": "OMS.2002"}', path="/not-there-400", times=None)
    simulator.add_task("stopped", PROJECT_ID, "STOPPED")
    simulator.add_task("wrong-key", PROJECT_ID)
    body = '{"error_code": "APIGW.0101", "error_msg": "The API does not exist"}'
    simulator.fault("answer", status=404, body=body, path="/wrong-region", times=None)
    cases = [{**task, "object_keys": NAMES, "sync_task_id": name, **more} for name, (more, _words) in FAILING.items()]
    pairs = both(module_tasks, *cases)

    for (name, (_options, words)), results in zip(FAILING.items(), pairs, strict=True):
        for result in results:
            assert result["failed"], name
            assert words.format(task=name) in result["msg"], name
            assert result["changed"] is False, name
            assert result["remaining_object_keys"] == NAMES, name
        assert results[0]["error"]["kind"] == results[1]["error"]["kind"], name
        assert set(results[0]) == set(results[1]), name
    assert [request.method for request in simulator.requests()] == ["GET", "POST"] * len(FAILING)


def test_where_reading_is_forbidden_it_warns_and_goes_by_the_arguments(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any]
) -> None:
    body = '{"error_code": "APIGW.0302", "error_msg": "not authorised"}'
    simulator.fault("answer", status=403, body=body, method="GET", times=None)
    ((predicted, real),) = both(module_tasks, {**task, "object_keys": NAMES})

    (warning,) = predicted.pop("warnings")
    assert "Check mode could not read the sync task, so it checked only the arguments" in str(warning)
    assert "oms:synctask:get" in str(warning)
    assert predicted["changed"]
    assert not predicted["failed"]
    assert real["changed"]


def test_it_signs_no_more_often_than_needed_with_a_wrong_key(
    simulator: Simulator, ansible: Ansible, task: dict[str, t.Any]
) -> None:
    """Six wrong signatures in a row would lock the key."""
    run = ansible.playbook([{MODULE: {**task, "secret_key": "another-one", "object_keys": NAMES}}], "--check")

    assert run.returncode != 0
    assert [(request.method, request.status) for request in simulator.requests()] == [("GET", 401)]
