# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The simulator's sync tasks, held to the facts by the official SDK's client and by plain requests."""

from __future__ import annotations

import http.client
import json
import time
import typing as t
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

import pytest
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkoms import v2

PROJECT_ID = "f697f813554a4f05bac882a183b20878"
TASKS = f"/v2/{PROJECT_ID}/sync-tasks"
TOKEN = "a-token"
KEYS = {"src_ak": "SRC-AK", "src_sk": "SRC-SK", "dst_ak": "DST-AK", "dst_sk": "DST-SK"}
PLACES = {"src_region": "us-east-1", "src_bucket": "source", "dst_region": "cn-north-4", "dst_bucket": "destination"}
CREATE = {**KEYS, **PLACES}
CDN = {"domain": "cdn.example", "protocol": "https", "authentication_type": "NONE"}


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
    return process


@pytest.fixture
def oms(simulator: Simulator) -> v2.OmsClient:
    """The official client, as its documentation makes it, with another endpoint."""
    config = HttpConfig.get_default_config()
    config.timeout = (5, 5)
    return (
        v2.OmsClient.new_builder()
        .with_credentials(BasicCredentials("AK", "SK", PROJECT_ID))
        .with_endpoint(simulator.url)
        .with_http_config(config)
        .build()
    )


def milliseconds(when: datetime | None = None) -> str:
    return str(int((when.timestamp() if when else time.time()) * 1000))


def send(simulator: Simulator, method: str, path: str, body: t.Any = None) -> tuple[int, t.Any]:
    """The status and what was answered; of an error only its code."""
    connection = http.client.HTTPConnection(urlsplit(simulator.url).netloc, timeout=5)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json", "X-Auth-Token": TOKEN})
        response = connection.getresponse()
        read = response.read()
    finally:
        connection.close()
    answered = json.loads(read) if read else None
    return response.status, answered if response.status == 200 else answered["error_code"]


def shown(simulator: Simulator, task: str, when: datetime | None = None) -> dict[str, t.Any]:
    status, answered = send(simulator, "GET", f"{TASKS}/{task}?query_time={milliseconds(when)}")
    assert status == 200
    return t.cast(dict[str, t.Any], answered)


def counters(simulator: Simulator, task: str, when: datetime | None = None) -> tuple[int, ...]:
    """Accepted, success, failure, skip, size of the month."""
    task_shown = shown(simulator, task, when)
    names = ("acceptance_request", "success_object", "failure_object", "skip_object", "size")
    return tuple(task_shown[f"monthly_{name}"] for name in names)


# ---- the official client


def test_the_sdk_goes_through_the_life_of_a_task(oms: v2.OmsClient) -> None:
    cdn = v2.SourceCdnReq(authentication_key="CDN-KEY", **CDN)
    body = v2.CreateSyncTaskReq(
        **CREATE, src_cloud_type="AWS", description="photos", dst_storage_policy="IA", source_cdn=cdn
    )
    task = oms.create_sync_task(v2.CreateSyncTaskRequest(body=body)).sync_task_id

    def show() -> t.Any:
        return oms.show_sync_task(v2.ShowSyncTaskRequest(sync_task_id=task, query_time=milliseconds()))

    def start() -> None:
        oms.start_sync_task(v2.StartSyncTaskRequest(sync_task_id=task, body=v2.StartSyncTaskReq(**KEYS)))

    def refused(operation: t.Callable[[], t.Any]) -> tuple[int, str]:
        with pytest.raises(ClientRequestException) as caught:
            operation()
        return caught.value.status_code, caught.value.error_code

    assert (show().status, show().src_cloud_type, show().dst_storage_policy) == ("SYNCHRONIZING", "AWS", "IA")
    (listed,) = oms.list_sync_tasks(v2.ListSyncTasksRequest(limit=10, offset=0)).tasks
    assert (listed.sync_task_id, listed.description, listed.source_cdn.domain) == (task, "photos", "cdn.example")
    oms.create_sync_events(v2.CreateSyncEventsRequest(sync_task_id=task, body=v2.SyncObjectReq(object_keys=["a", "b"])))
    assert (show().monthly_acceptance_request, show().monthly_success_object) == (2, 2)
    statistics = oms.list_sync_task_statistic(
        v2.ListSyncTaskStatisticRequest(
            sync_task_id=task,
            data_type="REQUEST,SUCCESS,FAILURE,SKIP,SIZE",
            start_time=milliseconds(datetime.now(timezone.utc) - timedelta(hours=1)),
            end_time=milliseconds(),
        )
    )
    assert statistics.statistic_time_type == "FIVE_MINUTES"
    sums = {each.data_type: sum(point.statistic_num for point in each.data) for each in statistics.statistic_datas}
    assert sums == {"REQUEST": 2, "SUCCESS": 2, "FAILURE": 0, "SKIP": 0, "SIZE": 2048}
    assert refused(lambda: oms.delete_sync_task(v2.DeleteSyncTaskRequest(sync_task_id=task))) == (400, "OMS.0063")
    oms.stop_sync_task(v2.StopSyncTaskRequest(sync_task_id=task))
    assert show().status == "STOPPED"
    assert refused(lambda: oms.stop_sync_task(v2.StopSyncTaskRequest(sync_task_id=task))) == (400, "OMS.0066")
    start()
    assert show().status == "SYNCHRONIZING"
    assert refused(start) == (400, "OMS.0065")
    oms.stop_sync_task(v2.StopSyncTaskRequest(sync_task_id=task))
    oms.delete_sync_task(v2.DeleteSyncTaskRequest(sync_task_id=task))
    assert refused(show) == (400, "OMS.2002")


# ---- creating


def test_a_task_has_what_it_was_created_with_and_defaults_but_no_key(simulator: Simulator) -> None:
    body = {**CREATE, "description": "d", "source_cdn": {**CDN, "authentication_key": "CDN-KEY"}}
    _status, created = send(simulator, "POST", TASKS, body)
    _status, listed = send(simulator, "GET", TASKS)

    (task,) = listed["tasks"]
    times = (task.pop("create_time"), task.pop("last_start_time"))
    assert all(abs(when - time.time() * 1000) < 60_000 for when in times)
    assert task == {
        **PLACES,
        "sync_task_id": created["sync_task_id"],
        "src_cloud_type": "Aliyun",
        "description": "d",
        "status": "SYNCHRONIZING",
        "enable_metadata_migration": False,
        "enable_restore": False,
        "app_id": "",
        "dst_storage_policy": "STANDARD",
        "object_overwrite_mode": "SIZE_LAST_MODIFIED_COMPARISON_OVERWRITE",
        "consistency_check": "size_last_modified",
        "source_cdn": CDN,
    }
    one = shown(simulator, created["sync_task_id"])
    assert set(one) - set(task) - {"create_time", "last_start_time"} == {
        "monthly_acceptance_request",
        "monthly_success_object",
        "monthly_failure_object",
        "monthly_skip_object",
        "monthly_size",
    }
    assert "source_cdn" not in one


def test_a_field_that_is_not_required_may_be_null(simulator: Simulator) -> None:
    body = {**CREATE, "description": None, "consistency_check": None, "source_cdn": None}
    _status, created = send(simulator, "POST", TASKS, body)

    task = shown(simulator, created["sync_task_id"])
    assert (task["description"], task["consistency_check"]) == ("", "size_last_modified")


def test_transmission_is_shown_as_no_check(simulator: Simulator) -> None:
    _status, created = send(simulator, "POST", TASKS, {**CREATE, "consistency_check": "transmission"})

    assert shown(simulator, created["sync_task_id"])["consistency_check"] == "no_check"


def test_the_time_of_the_counters_may_have_any_length(simulator: Simulator) -> None:
    simulator.add_task("task", PROJECT_ID)

    for query_time in ("0", "1", "999999999999", "9999999999999", "10000000000000"):
        assert send(simulator, "GET", f"{TASKS}/task?query_time={query_time}")[0] == 200
    for query_time in ("", "now", "-1", "1e12"):
        assert send(simulator, "GET", f"{TASKS}/task?query_time={query_time}") == (400, "OMS.0064")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("POST", ""), ("GET", "/task?query_time=1"), ("POST", "/task/stop")]
)
def test_a_project_of_another_tenant_is_refused(simulator: Simulator, method: str, path: str) -> None:
    assert send(simulator, method, f"/v2/another/sync-tasks{path}", CREATE) == (403, "OMS.0206")
    assert simulator.statuses() == {}


def test_a_token_of_another_project_is_refused(simulator: Simulator) -> None:
    simulator.add_project("cn-east-3", "another")
    simulator.add_token(TOKEN, project_id="another")

    assert send(simulator, "GET", TASKS) == (401, "APIGW.0301")
    assert send(simulator, "GET", "/v2/another/sync-tasks")[0] == 200


@pytest.mark.parametrize(
    "change",
    [
        *({name: None} for name in CREATE),
        *({name: ""} for name in CREATE),
        *({name: "x" * 101} for name in (*KEYS, "src_region", "dst_region")),
        {"src_bucket": "x" * 1025},
        {"description": "x" * 256},
        *({"description": sign} for sign in "<>()\"'&"),
        {"src_cloud_type": "Elsewhere"},
        {"src_cloud_type": "Tencent"},
        {"dst_storage_policy": "COLD"},
        {"consistency_check": "no_check"},
        {"enable_restore": "yes"},
        {"app_id": "x" * 256},
        {"src_kms_key_id": "x" * 35},
        {"src_crypto_type": "AES"},
        {"source_cdn": {}},
        {"source_cdn": {**CDN, "protocol": "ftp"}},
        {"source_cdn": {**CDN, "authentication_key": "x" * 256}},
        {"object_overwrite_mode": "NO_OVERWRITE"},
    ],
    ids=str,
)
def test_what_breaks_a_limit_creates_nothing(simulator: Simulator, change: dict[str, t.Any]) -> None:
    body = {name: value for name, value in {**CREATE, **change}.items() if value is not None}

    assert send(simulator, "POST", TASKS, body) == (400, "OMS.0064")
    assert simulator.statuses() == {}


def test_the_sixth_task_is_refused(simulator: Simulator) -> None:
    answered = [send(simulator, "POST", TASKS, CREATE) for _number in range(6)]

    assert [status for status, _body in answered] == [200] * 5 + [400]
    assert answered[-1][1] == "OMS.0077"
    assert len(simulator.statuses()) == 5


# ---- listing


def test_a_list_comes_in_pages(simulator: Simulator) -> None:
    for number in range(12):
        simulator.add_task(f"task-{number:02}", PROJECT_ID, "STOPPED" if number % 2 else "SYNCHRONIZING")
    simulator.add_task("of another project", "another")

    def page(query: str) -> tuple[list[str], int]:
        _status, answered = send(simulator, "GET", f"{TASKS}{query}")
        return [task["sync_task_id"][-2:] for task in answered["tasks"]], answered["count"]

    assert page("") == ([f"{number:02}" for number in range(10)], 12)
    assert page("?limit=5&offset=10") == (["10", "11"], 12)
    assert page("?status=STOPPED&limit=4") == (["01", "03", "05", "07"], 6)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "offset=-1", "offset=10001", "limit=x", "status=PAUSED"])
def test_a_list_s_limits_are_kept(simulator: Simulator, query: str) -> None:
    assert send(simulator, "GET", f"{TASKS}?{query}") == (400, "OMS.0064")


# ---- states


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {**KEYS, "src_ak": ""},
        {**KEYS, "dst_sk": "x" * 101},
        {**KEYS, "source_cdn_authentication_key": "x" * 256},
        {**KEYS, "description": "d"},
    ],
    ids=str,
)
def test_starting_needs_the_keys(simulator: Simulator, body: t.Any) -> None:
    simulator.add_task("task", PROJECT_ID, "STOPPED")

    assert send(simulator, "POST", f"{TASKS}/task/start", body) == (400, "OMS.0064")
    assert simulator.statuses() == {"task": "STOPPED"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"?query_time={milliseconds()}", None),
        ("POST", "/start", KEYS),
        ("POST", "/stop", None),
        ("DELETE", "", None),
        ("GET", "/statistics", None),
    ],
    ids=["show", "start", "stop", "delete", "statistics"],
)
def test_a_task_must_exist(simulator: Simulator, method: str, path: str, body: t.Any) -> None:
    simulator.set(missing_task=[400, "OMS.0054"])

    assert send(simulator, method, f"{TASKS}/missing{path}", body) == (400, "OMS.0054")


def test_a_state_may_take_its_time(simulator: Simulator) -> None:
    simulator.set(state_delay=3600)
    _status, created = send(simulator, "POST", TASKS, CREATE)
    simulator.add_task("running", PROJECT_ID)
    before = simulator.statuses()
    stopped = [send(simulator, "POST", f"{TASKS}/running/stop")[0] for _number in range(2)]
    between = simulator.statuses()
    refused = send(simulator, "DELETE", f"{TASKS}/running")
    simulator.set(now_offset=3601)

    assert before == {created["sync_task_id"]: "STOPPED", "running": "SYNCHRONIZING"}
    assert stopped == [200, 400]
    assert between == before
    assert refused == (400, "OMS.0063")
    assert simulator.statuses() == {created["sync_task_id"]: "SYNCHRONIZING", "running": "STOPPED"}
