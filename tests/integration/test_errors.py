# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Errors: the message, the result for a playbook, and which errors are retried."""

from __future__ import annotations

import json
import re
import socket
import time
import typing as t

import pytest
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible
from ansible_collections.huaweicloud.oms.tests.integration.conftest import ACCESS_KEY, PROJECT_ID, SECRET_KEY
from ansible_collections.huaweicloud.oms.tests.integration.module_tasks import ModuleTasks
from ansible_collections.huaweicloud.oms.tests.simulator.client import Received, Simulator

OBJECT_KEYS = [f"object {number}" for number in range(50)]
HTML = "<html><head><title>502</title><style>p {}</style></head><body><h1>Bad &amp; gateway</h1></body></html>"


def fault(status: int, code: str = "", **more: t.Any) -> dict[str, t.Any]:
    """An error that the service answers to each request."""
    body = json.dumps({"error_code": code, "error_msg": f"the text of {code}"})
    return {"kind": "answer", "status": status, "body": body, "times": None, **more}


# For each case: what goes wrong at the simulator, the sentence, and how many requests it takes with one retry.
WRONG_KEY = "The access key (options) was refused. Correct it and its secret key before the next run"
NO_TASK = "The sync task {task} was not found in the project"
# The codes that are about the sync task.
STATES = ("OMS.2002", "OMS.0054", "OMS.1009", "OMS.9999", "OMS.0066", "OMS.0063", "OMS.0065")
FINAL: dict[str, tuple[dict[str, t.Any], str, int]] = {
    "OMS.0064": (fault(400, "OMS.0064"), "OMS refuses a parameter of the request", 1),
    "OMS.2002": (fault(400, "OMS.2002"), ", or it is not running. Check sync_task_id", 1),
    "OMS.0077": (fault(400, "OMS.0077"), "There are too many tasks", 1),
    "OMS.0078": (fault(400, "OMS.0078"), "OMS refuses the description", 1),
    "OMS.1010": (fault(400, "OMS.1010"), "OMS refuses the type of a parameter", 1),
    "OMS.0206": (fault(403, "OMS.0206"), "Grant them the IAM action oms:synctask:createEvent", 1),
    "OMS.2004": (fault(503, "OMS.2004"), "OMS is not available. Run the task again later", 2),
    "404 of a gateway": (fault(404, "X.1"), "HTTP 404 X.1", 1),
    "404 of a server": (
        {
            "kind": "answer",
            "status": 404,
            "body": "not found",
            "headers": {"Content-Type": "text/plain"},
            "times": None,
        },
        "The server does not know this URL. Check region, endpoint and proxy. This error does not mean that the sync",
        1,
    ),
    "OMS.0054": (fault(400, "OMS.0054"), NO_TASK, 1),
    "OMS.1009": (fault(400, "OMS.1009"), NO_TASK, 1),
    "404": (fault(404, "OMS.9999"), NO_TASK, 1),
    "OMS.0066": (fault(400, "OMS.0066"), "is not running. Start it with huaweicloud.oms.oms_sync_task", 1),
    "OMS.0063": (fault(400, "OMS.0063"), "is running. Stop it before you delete it", 1),
    "OMS.0065": (fault(400, "OMS.0065"), "is running already", 1),
    "APIGW.0101": (
        fault(404, "APIGW.0101"),
        "This API does not exist at {endpoint} (option endpoint). Check region",
        1,
    ),
    "APIGW.0201-502": (fault(502, "APIGW.0201"), "The gateway could not reach the service", 2),
    "APIGW.0201-504": (fault(504, "APIGW.0201"), "The gateway could not reach the service", 2),
    "APIGW.0201-400": (
        fault(400, "APIGW.0201"),
        "The gateway could not forward the request. Run the task again later",
        1,
    ),
    "APIGW.0201-413": (fault(413, "APIGW.0201"), "The request is too large. Lower batch_size", 1),
    "APIGW.0201-414": (
        fault(414, "APIGW.0201"),
        "The URL of the request is too long. Check project_id and sync_task_id",
        1,
    ),
    "APIGW.0201-494": (
        fault(494, "APIGW.0201"),
        "The headers of the request are too large. Check the length of the token",
        1,
    ),
    "APIGW.0301": (fault(401, "APIGW.0301"), WRONG_KEY, 1),
    "APIG.0301": (fault(401, "APIG.0301"), WRONG_KEY, 1),
    "APIGW.0302": (fault(403, "APIGW.0302"), "Grant them the IAM action oms:synctask:createEvent", 1),
    "APIGW.0304": (fault(403, "APIGW.0304"), "Grant them the IAM action oms:synctask:createEvent", 1),
    "APIGW.0306": (fault(403, "APIGW.0306"), "Grant them the IAM action oms:synctask:createEvent", 1),
    "APIGW.0307": (fault(401, "APIGW.0307"), "The access key (options) was refused", 1),
    "APIGW.0601": (fault(500, "APIGW.0601"), "An internal error of the service. Run the task again", 1),
    "APIGW.0605": (fault(500, "APIGW.0605"), "An internal error of the service. Run the task again", 1),
    "APIGW.0606": (fault(500, "APIGW.0606"), "An internal error of the service. Run the task again", 1),
    "APIGW.0608": (fault(500, "APIGW.0608"), "An internal error of the service. Run the task again", 1),
    "APIGW.0610": (fault(502, "APIGW.0610"), "The gateway could not reach the service", 2),
    "APIGW.0613": (fault(503, "APIGW.0613"), "IAM is not available. Run the task again later", 2),
    "503": (fault(503, "X"), "The service is not available. Run the task again later", 2),
    "a redirect": (
        fault(302, "X", headers={"Location": "/elsewhere"}),
        "The server redirects to another URL, and redirects are not followed",
        1,
    ),
    "a long wait": (
        fault(503, "X", headers={"Retry-After": "301"}),
        "asks to wait 301 s and the module waits 300 s at most",
        1,
    ),
    "HTML": ({"kind": "answer", "status": 502, "body": HTML, "times": None}, '"502 Bad &amp; gateway"', 2),
    "a login page": (
        {"kind": "answer", "status": 200, "body": HTML, "times": None},
        "A proxy or a login page answered in place of OMS",
        1,
    ),
    "broken JSON": ({"kind": "answer", "status": 400, "body": '{"error_code": "O', "times": None}, "HTTP 400", 1),
    "plain text": ({"kind": "answer", "status": 400, "body": "no such luck", "times": None}, '"no such luck"', 1),
    "nothing": (
        {"kind": "answer", "status": 400, "body": "", "times": None},
        "The request was refused. Check region and endpoint, and the text of the service",
        1,
    ),
    "a reset": ({"kind": "reset", "times": None}, "connection reset by peer. Check the network to {endpoint}", 2),
    "a closed connection": ({"kind": "close", "times": None}, "closed before the answer was complete", 2),
    "half an answer": (
        {"kind": "truncate", "status": 200, "body": "{}", "times": None},
        "closed before the answer was complete",
        2,
    ),
    "no answer": ({"kind": "hang", "times": None}, "did not answer within 0.4 s", 2),
}


class Answered(t.NamedTuple):
    """What came of a case."""

    result: dict[str, t.Any]
    requests: list[Received]
    task: str
    endpoint: str


def run_cases(
    folder: t.Any, simulator: Simulator, faults: dict[str, dict[str, t.Any]], **options: t.Any
) -> dict[str, Answered]:
    """Let each case have a sync task with the fault, and run all of them."""
    simulator.reset()
    simulator.add_access_key(ACCESS_KEY, SECRET_KEY)
    tasks = {case: f"task-{number:02}" for number, case in enumerate(faults)}
    for case, details in faults.items():
        simulator.add_task(tasks[case], PROJECT_ID)
        simulator.fault(path=f"{tasks[case]}/", **details)
    common = {
        "project_id": PROJECT_ID,
        "region": "cn-north-4",
        "endpoint": simulator.url,
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
        "object_keys": ["object 1"],
        "timeout": 0.4,
        "retry_max_delay": 0,
        **options,
    }
    run = ModuleTasks(folder).modules([{**common, "sync_task_id": task} for task in tasks.values()], parallel=4)
    assert len(run.results) == len(faults), run.output
    return {
        case: Answered(result, simulator.requests(path=f"{task}/"), task, simulator.url)
        for (case, task), result in zip(tasks.items(), run.results, strict=True)
    }


@pytest.fixture(scope="module")
def final(tmp_path_factory: pytest.TempPathFactory, simulator_process: Simulator) -> dict[str, Answered]:
    faults = {case: details for case, (details, _words, _requests) in FINAL.items()}
    return run_cases(tmp_path_factory.mktemp("final"), simulator_process, faults, retries=1)


@pytest.mark.parametrize("case", FINAL)
def test_an_error_becomes_a_sentence_with_the_next_step(final: dict[str, Answered], case: str) -> None:
    details, words, requests = FINAL[case]
    result, arrived, task, endpoint = final[case]

    assert result["failed"]
    assert words.format(task=task, endpoint=endpoint) in result["msg"]
    assert len(arrived) == requests
    assert result["retry_count"] == requests - 1
    assert (result["changed"], result["accepted_count"], result["remaining_count"]) == (False, 0, 1)
    error = result["error"]
    assert error["object_keys"] == result["remaining_object_keys"] == ["object 1"]
    if details["kind"] != "answer":
        assert error["kind"] == ("timeout" if details["kind"] == "hang" else "connection")
        assert error["http_status"] is None
        return
    assert f" (POST {endpoint}/v2/{PROJECT_ID}/sync-tasks/{task}/events: HTTP {details['status']}" in result["msg"]
    kind = "credentials" if details["status"] == 401 else "state" if error["error_code"] in STATES else "service"
    assert (error["kind"], error["http_status"]) == (kind, details["status"])
    assert error["request_id"]
    assert error["request_id"] in result["msg"]
    if details["body"].endswith("}"):
        assert error["error_code"] == json.loads(details["body"])["error_code"]
        assert error["error_msg"] == json.loads(details["body"])["error_msg"]
        assert error["error_code"] in result["msg"]
        assert error["error_msg"] in result["msg"]


def test_a_redirect_is_not_followed(final: dict[str, Answered], simulator_process: Simulator) -> None:
    assert final["a redirect"].result["failed"]
    assert simulator_process.requests(path="elsewhere") == []


SHAPES = {
    "error_code": {"error_code": "OMS.0066", "error_msg": "m"},
    "errorCode": {"errorCode": "OMS.0066", "errorMsg": "m"},
    "code": {"code": "OMS.0066", "message": "m"},
    "error": {"error": {"code": "OMS.0066", "message": "m"}},
    "detail": {"error_code": "OMS.0066", "error_msg": "m", "error_detail": "d"},
}
TRANSIENT = {
    "429": fault(429, "APIGW.0308", times=2),
    "429 with Retry-After": fault(429, "APIGW.0308", times=1, headers={"Retry-After": "1"}),
    "502": fault(502, "APIGW.0610", times=2),
    "503": fault(503, "APIGW.0613", times=2),
    "503 with Retry-After": fault(503, "APIGW.0613", times=1, headers={"Retry-After": "1"}),
    "504": fault(504, "APIGW.0201", times=2),
    "reset": {"kind": "reset", "times": 2},
    "close": {"kind": "close", "times": 2},
    "hang": {"kind": "hang", "times": 1},
    "truncate": {"kind": "truncate", "status": 200, "body": "{}", "times": 2},
    "reset after accepting": {"kind": "reset", "times": 1, "after_accepting": True},
}


def test_all_shapes_of_an_error_are_understood(tmp_path: t.Any, simulator: Simulator) -> None:
    faults = {
        name: {"kind": "answer", "status": 400, "body": json.dumps(shape), "times": None}
        for name, shape in SHAPES.items()
    }
    answered = run_cases(tmp_path, simulator, faults)

    for name, case in answered.items():
        error = case.result["error"]
        assert (error["error_code"], error["error_msg"]) == ("OMS.0066", "m"), name
        assert error["error_detail"] == ("d" if name == "detail" else None), name
        assert "is not running" in case.result["msg"], name


def test_transient_errors_are_retried(tmp_path: t.Any, simulator: Simulator) -> None:
    answered = run_cases(tmp_path, simulator, TRANSIENT, retries=8)

    for case, (result, arrived, _task, _endpoint) in answered.items():
        assert not result["failed"], case
        tries = TRANSIENT[case]["times"] + 1
        assert [request.accepted for request in arrived][-1], case
        assert (len(arrived), result["retry_count"]) == (tries, tries - 1), case
        assert result["events"][0]["attempts"] == tries, case
        # Each attempt is signed anew; those within a second are the same again.
        assert all(request.headers["authorization"] for request in arrived), case
        if "Retry-After" in case:
            assert arrived[1].monotonic - arrived[0].monotonic >= 1, case


def test_without_retries_there_is_one_attempt(tmp_path: t.Any, simulator: Simulator) -> None:
    answered = run_cases(tmp_path, simulator, TRANSIENT, retries=0)

    for case, (result, arrived, _task, _endpoint) in answered.items():
        assert result["failed"], case
        assert (len(arrived), result["retry_count"]) == (1, 0), case


def test_a_failure_in_the_middle_returns_what_remains(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any]
) -> None:
    simulator.fault("answer", status=400, body='{"error_code": "OMS.0066", "error_msg": "stopped"}', skip=2)
    (result,) = module_tasks.modules([{**task, "object_keys": OBJECT_KEYS}]).results

    assert result["failed"]
    assert result["changed"]
    assert (result["object_count"], result["accepted_count"], result["event_count"]) == (50, 20, 2)
    assert (result["remaining_count"], result["remaining_object_keys"]) == (30, OBJECT_KEYS[20:])
    assert not result["remaining_truncated"]
    assert result["error"]["object_keys"] == OBJECT_KEYS[20:30]
    assert "OMS accepted 20 of 50 objects. remaining_object_keys lists the others." in result["msg"]
    assert simulator.accepted_keys(task["sync_task_id"]) == OBJECT_KEYS[:20]
    assert len(simulator.requests()) == 3


def test_a_wrong_key_is_tried_once_with_a_thousand_objects(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any]
) -> None:
    object_keys = [f"object {number}" for number in range(1000)]
    (result,) = module_tasks.modules([{**task, "secret_key": "another-one", "object_keys": object_keys}]).results

    assert result["error"]["http_status"] == 401
    assert [request.status for request in simulator.requests()] == [401]
    assert result["remaining_count"] == 1000


def test_a_wrong_clock_is_named(simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any]) -> None:
    simulator.set(clock_skew=3600)
    (result,) = module_tasks.modules([{**task, "object_keys": ["a"]}]).results

    assert result["error"]["http_status"] == 401
    assert re.search("The clock of this host is (3599|3600) s behind the service's. Correct it", result["msg"])


def test_connections_that_can_not_be_made(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    environ = {"HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4": "https://oms.invalid"}
    of_environment = {name: value for name, value in task.items() if name != "endpoint"}
    begun = time.monotonic()
    closed, unknown = module_tasks.modules(
        [
            {**task, "endpoint": f"http://127.0.0.1:{port}", "object_keys": ["a"], "retries": 2, "retry_max_delay": 0},
            # With the default retries: this must not be tried again.
            {**of_environment, "object_keys": ["a"]},
        ],
        environ=environ,
    ).results

    assert closed["error"]["kind"] == "connection"
    assert "connection refused. Check" in closed["msg"]
    assert closed["retry_count"] == 2
    assert unknown["error"]["kind"] == "connection"
    assert "oms.invalid" in unknown["msg"]
    assert "HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4" in unknown["msg"]
    assert time.monotonic() - begun < 60
    assert simulator.requests() == []


def test_a_netrc_is_not_read(simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any]) -> None:
    (module_tasks.folder / "home" / ".netrc").write_text(
        "machine 127.0.0.1 login someone password else\n", encoding="utf-8"
    )
    module_tasks.modules([{**task, "object_keys": ["a"]}])

    (request,) = simulator.requests()
    assert request.headers["authorization"].startswith("SDK-HMAC-SHA256 ")


def test_a_playbook_can_rescue_and_submit_the_remaining_object_keys(
    simulator: Simulator, ansible: Ansible, task: dict[str, t.Any]
) -> None:
    simulator.fault("answer", status=500, skip=1, times=1)
    failed = "ansible_failed_result"
    run = ansible.playbook(
        [
            {
                "block": [{MODULE: {**task, "object_keys": OBJECT_KEYS}}],
                "rescue": [
                    {
                        MODULE: {**task, "object_keys": "{{ " + failed + ".remaining_object_keys }}"},
                        "when": f"{failed}.error.http_status == 500",
                    }
                ],
            }
        ]
    )

    assert run.returncode == 0, run.output
    assert simulator.accepted_keys(task["sync_task_id"]) == OBJECT_KEYS
