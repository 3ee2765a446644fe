# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What check mode says, next to what the real run then does."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible
from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID, SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

NAMES = [f"name {number}" for number in range(25)]
# What only a run that sends can know.
OF_SENDING = ("accepted_count", "event_count", "events")


def both(ansible: Ansible, options: dict[str, t.Any]) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """The results in check mode and of the real run after it, without what Ansible adds to them."""
    tasks = [{MODULE: options, "check_mode": mode, "ignore_errors": True} for mode in (True, False)]
    run = ansible.playbook(tasks)
    assert len(run.results) == 2, run.output
    predicted, real = (
        {key: value for key, value in result.items() if not key.startswith(("_ansible", "invocation", "task"))}
        for result in run.results
    )
    return predicted, real


def test_the_prediction_is_the_result_but_for_what_was_sent(
    simulator: Simulator, ansible: Ansible, task: dict[str, t.Any]
) -> None:
    predicted, real = both(ansible, {**task, "object_keys": [*NAMES, "name 3"]})

    check, *sent = simulator.requests()
    assert (check.method, check.target.partition("?")[0]) == ("GET", f"/v2/{PROJECT_ID}/sync-tasks/{SYNC_TASK_ID}")
    assert [request.method for request in sent] == ["POST"] * 3
    assert set(predicted) == set(real)
    assert {key: predicted[key] for key in OF_SENDING} == {"accepted_count": 0, "event_count": 0, "events": []}
    assert {key: value for key, value in predicted.items() if key not in OF_SENDING} == {
        key: value for key, value in real.items() if key not in OF_SENDING
    }
    assert predicted["changed"]
    assert (predicted["object_count"], predicted["duplicate_count"]) == (25, 1)


def missing(simulator: Simulator, status: int, code: str) -> dict[str, t.Any]:
    simulator.set(missing_task=[status, code])
    return {"sync_task_id": "another-task"}


def stopped(simulator: Simulator) -> dict[str, t.Any]:
    simulator.add_task("stopped-task", PROJECT_ID, "STOPPED")
    return {"sync_task_id": "stopped-task"}


def wrong_region(simulator: Simulator) -> dict[str, t.Any]:
    body = '{"error_code": "APIGW.0101", "error_msg": "The API does not exist"}'
    simulator.fault("answer", status=404, body=body, times=None)
    return {}


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        pytest.param(
            lambda s: missing(s, 404, "OMS.1009"), "The sync task another-task was not found", id="404"
        ),
        pytest.param(
            lambda s: missing(s, 400, "OMS.2002"), "The sync task another-task was not found", id="400"
        ),
        pytest.param(stopped, "Start it with huaweicloud.oms.oms_sync_task", id="stopped"),
        pytest.param(lambda _s: {"secret_key": "another-one"}, "HTTP 401 APIGW.0301", id="401"),
        pytest.param(wrong_region, "Check region and endpoint. The sync task may well exist", id="wrong region"),
    ],
)
def test_it_fails_where_the_real_run_does_and_for_the_same_reason(
    simulator: Simulator,
    ansible: Ansible,
    task: dict[str, t.Any],
    prepare: t.Callable[[Simulator], dict[str, t.Any]],
    words: str,
) -> None:
    predicted, real = both(ansible, {**task, "object_keys": NAMES, **prepare(simulator)})

    for result in (predicted, real):
        assert result["failed"]
        assert words in result["msg"]
        assert result["changed"] is False
        assert result["remaining_object_keys"] == NAMES
    assert predicted["error"]["kind"] == real["error"]["kind"]
    assert set(predicted) == set(real)
    assert [request.method for request in simulator.requests()] == ["GET", "POST"]


def test_where_reading_is_forbidden_it_warns_and_goes_by_the_arguments(
    simulator: Simulator, ansible: Ansible, task: dict[str, t.Any]
) -> None:
    body = '{"error_code": "APIGW.0302", "error_msg": "not authorised"}'
    simulator.fault("answer", status=403, body=body, method="GET", times=None)
    predicted, real = both(ansible, {**task, "object_keys": NAMES})

    (warning,) = predicted.pop("warnings")
    assert "Check mode could not read the sync task, and predicts from the arguments alone" in str(warning)
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
