# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The simulator, held to the facts by the official SDK's client and by plain requests."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ansible_collections.huaweicloud.oms.tests.simulator import client
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, SdkException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkoms.v2 import (
    CreateSyncEventsRequest,
    ListSyncTasksRequest,
    OmsClient,
    ShowSyncTaskRequest,
    SyncObjectReq,
)

PROJECT_ID = "f697f813554a4f05bac882a183b20878"
SYNC_TASK_ID = "31e9b7e6-6ffb-452f-9842-6ce354d99d75"
EVENTS = f"/v2/{PROJECT_ID}/sync-tasks/{SYNC_TASK_ID}/events"
TOKEN = "a-token"


@pytest.fixture(scope="module")
def process() -> t.Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(process: Simulator) -> Simulator:
    process.reset()
    process.add_access_key("AK", "SK")
    process.add_token(TOKEN)
    process.add_project("cn-north-4", PROJECT_ID)
    process.add_task(SYNC_TASK_ID, PROJECT_ID)
    return process


def sdk(simulator: Simulator, sk: str = "SK") -> OmsClient:
    """The official client, as its documentation makes it, with another endpoint."""
    # One attempt: what is tested is the answer.
    config = HttpConfig.get_default_config()
    config.timeout = (5, 5)
    credentials = BasicCredentials("AK", sk, PROJECT_ID)
    return (
        OmsClient.new_builder()
        .with_credentials(credentials)
        .with_endpoint(simulator.url)
        .with_http_config(config)
        .build()
    )


def create(oms: OmsClient, *keys: str) -> t.Any:
    body = SyncObjectReq(object_keys=list(keys))
    return oms.create_sync_events(CreateSyncEventsRequest(sync_task_id=SYNC_TASK_ID, body=body))


class Answer(t.NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error_code(self) -> str:
        return str(json.loads(self.body)["error_code"])


def send(
    simulator: Simulator,
    body: t.Any,
    path: str = EVENTS,
    method: str = "POST",
    content_type: str = "application/json",
    token: str = TOKEN,
) -> Answer:
    connection = http.client.HTTPConnection(urlsplit(simulator.url).netloc, timeout=5)
    try:
        text = body if isinstance(body, str) else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": content_type, "X-Auth-Token": token})
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())
    finally:
        connection.close()


# ---- the official client


def test_the_sdk_creates_events(simulator: Simulator) -> None:
    response = create(sdk(simulator), "test%2F001.txt", "a+b")

    assert response.status_code == 200
    assert simulator.accepted_keys(SYNC_TASK_ID) == ["test/001.txt", "a b"]
    (request,) = simulator.requests()
    assert (request.method, request.target, request.status) == ("POST", EVENTS, 200)


def test_the_sdk_shows_a_task_with_its_counters(simulator: Simulator) -> None:
    oms = sdk(simulator)
    create(oms, "a", "b")
    now = str(int(time.time() * 1000))

    shown = oms.show_sync_task(ShowSyncTaskRequest(sync_task_id=SYNC_TASK_ID, query_time=now))

    assert (shown.sync_task_id, shown.status) == (SYNC_TASK_ID, "SYNCHRONIZING")
    assert shown.monthly_acceptance_request == 2


def test_the_sdk_lists_tasks(simulator: Simulator) -> None:
    simulator.add_task("another", PROJECT_ID, "STOPPED")
    oms = sdk(simulator)

    everything = oms.list_sync_tasks(ListSyncTasksRequest(limit=10, offset=0))
    stopped = oms.list_sync_tasks(ListSyncTasksRequest(limit=10, offset=0, status="STOPPED"))

    assert [task.sync_task_id for task in everything.tasks] == [SYNC_TASK_ID, "another"]
    assert everything.count == 2
    assert [task.sync_task_id for task in stopped.tasks] == ["another"]


def test_a_wrong_signature_is_refused(simulator: Simulator) -> None:
    with pytest.raises(ClientRequestException) as caught:
        create(sdk(simulator, "another"), "a")

    assert (caught.value.status_code, caught.value.error_code) == (401, "APIGW.0301")
    assert simulator.accepted_keys(SYNC_TASK_ID) == []


def test_the_sixth_wrong_signature_in_a_row_locks_the_key(simulator: Simulator) -> None:
    right, wrong = sdk(simulator), sdk(simulator, "another")

    def refusals(count: int) -> None:
        for _number in range(count):
            with pytest.raises(SdkException):
                create(wrong, "a")

    refusals(5)
    # A right one in between starts the count anew.
    create(right, "a")
    refusals(6)
    with pytest.raises(ClientRequestException) as caught:
        create(right, "b")
    assert "AK access failed to reach the limit,forbidden." in caught.value.error_msg
    assert (caught.value.status_code, caught.value.error_code) == (401, "APIGW.0301")
    assert simulator.accepted_keys(SYNC_TASK_ID) == ["a"]


@pytest.mark.parametrize("skew", [-1000, 1000])
def test_a_wrong_clock_is_refused(simulator: Simulator, skew: float) -> None:
    simulator.set(clock_skew=skew)
    with pytest.raises(ClientRequestException) as caught:
        create(sdk(simulator), "a")

    assert caught.value.status_code == 401


# ---- limits and errors


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ({"object_keys": []}, "application/json"),
        ({"object_keys": ["a"] * 101}, "application/json"),
        ({"object_keys": [""]}, "application/json"),
        ({"object_keys": ["a" * 16385]}, "application/json"),
        ({"object_keys": ["a b"]}, "application/json"),
        ({"object_keys": ["50%"]}, "application/json"),
        ({"object_keys": ["中"]}, "application/json"),
        ({"object_keys": [1]}, "application/json"),
        ({"object_keys": "a"}, "application/json"),
        ({"object_keys": ["a"], "more": 1}, "application/json"),
        ([], "application/json"),
        ("no JSON", "application/json"),
        ({"object_keys": ["a"]}, "text/plain"),
    ],
)
def test_what_breaks_a_limit_is_refused(simulator: Simulator, body: t.Any, content_type: str) -> None:
    answer = send(simulator, body, content_type=content_type)

    assert (answer.status, answer.error_code) == (400, "OMS.0064")
    assert simulator.accepted_keys(SYNC_TASK_ID) == []


@pytest.mark.parametrize("keys", [["a"] * 100, ["a" * 16384], ["a*b~c!'()", "a/b", "%E4%B8%AD+x"]])
def test_what_keeps_the_limits_is_accepted(simulator: Simulator, keys: list[str]) -> None:
    answer = send(simulator, {"object_keys": keys})

    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["x-request-id"]


def test_what_arrived_can_be_forgotten(simulator: Simulator) -> None:
    send(simulator, {"object_keys": ["a", "b"]})
    assert simulator.accepted_count(SYNC_TASK_ID) == 2
    simulator.forget_records()

    assert simulator.requests() == simulator.accepted_keys(SYNC_TASK_ID) == []
    assert send(simulator, {"object_keys": ["c"]}).status == 200


def test_a_task_must_exist_and_run(simulator: Simulator) -> None:
    simulator.add_task("stopped", PROJECT_ID, "STOPPED")
    body = {"object_keys": ["a"]}

    missing = send(simulator, body, EVENTS.replace(SYNC_TASK_ID, "missing"))
    stopped = send(simulator, body, EVENTS.replace(SYNC_TASK_ID, "stopped"))
    nowhere = send(simulator, body, "/v3/elsewhere")

    assert (missing.status, missing.error_code) == (400, "OMS.2002")
    assert (stopped.status, stopped.error_code) == (400, "OMS.0066")
    assert (nowhere.status, nowhere.error_code) == (404, "APIGW.0101")


@pytest.mark.parametrize("query", ["", "?query_time=-1", "?query_time=now"])
def test_showing_a_task_needs_the_time_in_milliseconds(simulator: Simulator, query: str) -> None:
    answer = send(simulator, "", f"/v2/{PROJECT_ID}/sync-tasks/{SYNC_TASK_ID}{query}", "GET")

    assert (answer.status, answer.error_code) == (400, "OMS.0064")


def test_projects_are_found_by_name(simulator: Simulator) -> None:
    found = json.loads(send(simulator, "", "/v3/projects?name=cn-north-4", "GET").body)
    nothing = json.loads(send(simulator, "", "/v3/projects?name=cn-east-3", "GET").body)

    assert found == {"projects": [{"id": PROJECT_ID, "name": "cn-north-4"}]}
    assert nothing == {"projects": []}


def test_a_wrong_token_is_refused(simulator: Simulator) -> None:
    answer = send(simulator, {"object_keys": ["a"]}, token="another")

    assert (answer.status, answer.error_code) == (401, "APIGW.0301")
    # The gateway documents the request's id in the body, too.
    assert json.loads(answer.body)["request_id"] == answer.headers["x-request-id"]


def test_an_expired_token_is_refused_with_the_documented_text(simulator: Simulator) -> None:
    simulator.add_token("brief", uses=0)
    answer = send(simulator, {"object_keys": ["a"]}, token="brief")

    assert (answer.status, answer.error_code) == (401, "APIGW.0301")
    assert "token expires, expires_at:2" in json.loads(answer.body)["error_msg"]


def test_what_a_stopped_task_answers_can_be_chosen(simulator: Simulator) -> None:
    simulator.add_task("stopped", PROJECT_ID, "STOPPED")
    simulator.set(stopped_task=[400, "OMS.2002"])
    answer = send(simulator, {"object_keys": ["a"]}, EVENTS.replace(SYNC_TASK_ID, "stopped"))

    assert (answer.status, answer.error_code) == (400, "OMS.2002")


# ---- what goes wrong on command


def gets_an_answer(simulator: Simulator) -> bool:
    """Whether an event gets a whole answer within a second; one that drips or never ends is none."""
    until = time.monotonic() + 1
    connection = http.client.HTTPConnection(urlsplit(simulator.url).netloc, timeout=0.3)
    headers = {"Content-Type": "application/json", "X-Auth-Token": TOKEN}
    try:
        connection.request("POST", EVENTS, json.dumps({"object_keys": ["a"]}), headers)
        response = connection.getresponse()
        missing = int(response.headers["Content-Length"])
        while time.monotonic() < until and (piece := response.read1(65536)):
            missing -= len(piece)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return missing == 0


@pytest.mark.parametrize("kind", ["reset", "close", "truncate", "hang", "drip", "endless"])
@pytest.mark.parametrize("after_accepting", [False, True])
def test_a_fault_keeps_the_answer_from_coming_once(simulator: Simulator, kind: str, after_accepting: bool) -> None:
    simulator.fault(kind, status=200, body="{}" * 20, after_accepting=after_accepting)

    assert not gets_an_answer(simulator)
    assert simulator.accepted_keys(SYNC_TASK_ID) == (["a"] if after_accepting else [])
    assert [request.fault for request in simulator.requests()] == [kind]
    assert gets_an_answer(simulator)


def test_a_fault_hits_what_it_is_meant_for(simulator: Simulator) -> None:
    simulator.fault("answer", status=503, method="POST", path="/events", skip=1, times=2)

    statuses = [send(simulator, {"object_keys": ["a"]}).status for _number in range(5)]
    simulator.fault("answer", status=500, times=None)
    shown = [send(simulator, "", "/v3/projects", "GET").status for _number in range(2)]
    simulator.clear_faults()

    assert statuses == [200, 503, 503, 200, 200]
    assert shown == [500, 500]
    assert send(simulator, {"object_keys": ["a"]}).status == 200


def test_a_fault_may_hit_each_nth_request_and_for_a_time(simulator: Simulator) -> None:
    simulator.fault("answer", status=503, times=None, skip=1, every=3)
    statuses = [send(simulator, {"object_keys": ["a"]}).status for _number in range(8)]
    simulator.clear_faults()
    simulator.fault("answer", status=503, times=None, seconds=0.2)
    first = send(simulator, {"object_keys": ["a"]}).status
    time.sleep(0.3)

    assert statuses == [200, 503, 200, 200, 503, 200, 200, 503]
    assert (first, send(simulator, {"object_keys": ["a"]}).status) == (503, 200)


def test_an_echo_repeats_the_request(simulator: Simulator) -> None:
    simulator.fault("echo", status=400)
    answer = send(simulator, {"object_keys": ["a"]})

    assert f"X-Auth-Token: {TOKEN}" in json.loads(answer.body)["error_msg"]


def test_latency_and_slowness_delay_answers(simulator: Simulator) -> None:
    def seconds() -> float:
        begun = time.monotonic()
        assert send(simulator, {"object_keys": ["a"]}).status == 200
        return time.monotonic() - begun

    simulator.set(latency=0.1)
    delayed = seconds()
    simulator.set(latency=0)
    simulator.fault("slow", delay=0.2)

    assert delayed >= 0.1
    assert seconds() >= 0.2


def test_an_idle_connection_is_closed_without_a_word(simulator: Simulator) -> None:
    simulator.fault("idle", delay=0.2, times=None)
    connection = http.client.HTTPConnection(urlsplit(simulator.url).netloc, timeout=5)
    connection.connect()
    socket = connection.sock
    for _number in range(2):
        connection.request("GET", "/v3/projects", headers={"X-Auth-Token": TOKEN})
        response = connection.getresponse()
        assert (response.status, response.headers["Connection"]) == (200, None)
        response.read()
        assert connection.sock is socket
    begun = time.monotonic()

    assert socket.recv(1) == b""
    assert time.monotonic() - begun > 0.1
    assert [request.status for request in simulator.requests()] == [200, 200]
    connection.close()


def test_a_gateway_accepts_so_many_in_a_second(simulator: Simulator) -> None:
    simulator.gateway(5, retry_after="1")
    answers = [send(simulator, {"object_keys": ["a"]}) for _number in range(7)]

    assert [answer.status for answer in answers] == [200] * 5 + [429] * 2
    assert (answers[-1].error_code, answers[-1].headers["retry-after"]) == ("APIGW.0308", "1")


# ---- its end


def command(*options: str) -> list[str]:
    return [sys.executable, str(Path(client.__file__).parent), *options]


def test_it_ends_with_whoever_started_it() -> None:
    started = command("--max-seconds=50")
    with subprocess.Popen(started, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert json.loads(process.stdout.readline())["url"].startswith("http://127.0.0.1:")
        process.stdin.close()
        assert process.wait(10) == 0


def test_it_ends_by_itself() -> None:
    with subprocess.Popen(command("--max-seconds=0.1"), stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr
        assert process.wait(10) == 0
        assert b"ran for as long as it may" in process.stderr.read()
