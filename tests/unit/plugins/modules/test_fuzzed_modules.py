# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Modules with options of any kind, and with answers of any kind: each run ends with a result and a sentence."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import traceback
import typing as t
from dataclasses import dataclass
from unittest import mock

import pytest
from ansible.module_utils import basic
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.connections import Connections
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response
from ansible_collections.huaweicloud.oms.plugins.modules import (
    oms_sync_event,
    oms_sync_task,
    oms_sync_task_info,
    oms_sync_task_statistics_info,
)
from ansible_collections.huaweicloud.oms.tests.unit.fuzzing import JSON, TEXT, answers, assert_readable, bounded
from ansible_collections.huaweicloud.oms.tests.unit.module_runs import module_args
from hypothesis import given
from hypothesis import strategies as st

# Coverage would double their time; other tests cover the same code.
pytestmark = pytest.mark.no_cover

PROJECT = "f697f813554a4f05bac882a183b20878"
TASK = "31e9b7e6-6ffb-452f-9842-6ce354d99d75"
# Plain, so that no example has to read hundreds of certificates.
WHERE = {"region": "cn-north-4", "endpoint": "http://127.0.0.1:1", "iam_endpoint": "http://127.0.0.1:2"}
OPTIONS = {**WHERE, "project_id": PROJECT, "auth_token": "Marker-token"}
WAY = {
    "source": {"cloud_type": "AWS", "region": "us-east-1", "bucket": "from", "access_key": "a", "secret_key": "b"},
    "destination": {"region": "cn-north-4", "bucket": "to", "access_key": "c", "secret_key": "d"},
}
MODULES: dict[str, tuple[t.Any, dict[str, t.Any]]] = {
    "event": (oms_sync_event, {**OPTIONS, "sync_task_id": TASK, "object_keys": ["a", "b"], "batch_size": 1}),
    "task": (oms_sync_task, {**OPTIONS, **WAY, "wait_timeout": 1}),
    "absent": (oms_sync_task, {**OPTIONS, "sync_task_id": TASK, "state": "absent", "wait_timeout": 1}),
    "info": (oms_sync_task_info, {**OPTIONS, "sync_task_id": TASK}),
    "infos": (oms_sync_task_info, {**OPTIONS, "month": "2026-11"}),
    "statistics": (oms_sync_task_statistics_info, {**OPTIONS, "sync_task_id": TASK, "last_minutes": 60}),
}
SYNC_TASK = {
    "sync_task_id": TASK,
    "src_cloud_type": "AWS",
    "src_region": "us-east-1",
    "src_bucket": "from",
    "dst_region": "cn-north-4",
    "dst_bucket": "to",
    "description": "",
    "source_cdn": {"domain": "a"},
    "status": "SYNCHRONIZING",
    "monthly_size": 1,
}
DOCUMENTS: list[t.Any] = [
    SYNC_TASK,
    {"tasks": [SYNC_TASK], "count": 1},
    {
        "statistic_time_type": "ONE_HOUR",
        "statistic_datas": [{"data_type": "SIZE", "data": [{"time_stamp": 1, "statistic_num": 2}]}],
    },
    {"error_code": "OMS.1009", "error_msg": "No resources found."},
]
TOKEN = {"token": {"expires_at": "2026-11-25T10:00:00.000000Z", "project": {"id": PROJECT, "name": "cn-north-4"}}}
KEY = {"credential": {"access": "A", "secret": "S", "securitytoken": "T", "expires_at": "2026-11-25T10:00:00Z"}}
PROJECTS = {"projects": [{"id": PROJECT, "name": "cn-north-4"}]}


@dataclass
class Ended:
    """What a module printed, what it asked, and what it was answered."""

    result: dict[str, t.Any]
    requests: list[Request]
    responses: list[Response]


def run(module: t.Any, options: dict[str, t.Any], answering: t.Callable[[Request], Response]) -> Ended:
    """Run a module in this process, with nothing in the environment and over a network that answers like this.

    All waiting is over at once.
    """
    asked: list[Request] = []
    answered: list[Response] = []

    def exchange(_connections: Connections, request: Request, _headers: t.Mapping[str, str]) -> Response:
        asked.append(request)
        assert len(asked) < 500, "it asks for ever"
        answered.append(answering(request))
        return answered[-1]

    clock = {"slept": 0.0}

    def sleep(_clock: Clock, seconds: float) -> None:
        clock["slept"] += seconds

    def monotonic(_clock: Clock) -> float:
        return clock["slept"]

    printed = io.StringIO()
    # no_log keeps the runs out of this machine's syslog, and changes nothing else.
    args = {**options, "_ansible_check_mode": False, "_ansible_version": "2.99", "_ansible_no_log": True}
    environ = {"HOME": "/nonexistent", "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    with (
        mock.patch.dict(os.environ, environ, clear=True),
        mock.patch.object(Connections, "exchange", exchange),
        mock.patch.object(Clock, "sleep", sleep),
        mock.patch.object(Clock, "monotonic", monotonic),
        mock.patch.object(basic.AnsibleModule, "warn", lambda _module, warning: assert_readable(warning)),
        contextlib.redirect_stdout(printed),
        module_args(args),
        pytest.raises(SystemExit) as ended,
    ):
        module.main()
    result = json.loads(printed.getvalue())
    # What ansible-core 2.22 and later tell the controller to mask, which takes it away.
    result.pop("_ansible_new_secrets", None)
    assert ended.value.code == (1 if result.get("failed") else 0)
    if result.get("failed"):
        # What Ansible says of options, it says as it likes.
        if asked:
            assert_readable(result["msg"])
        assert "Traceback" not in printed.getvalue()
    return Ended(result, asked, answered)


def one_after_the_other(responses: list[Response]) -> t.Callable[[Request], Response]:
    """Answer with each, and with the last one from then on."""
    left = list(responses)
    return lambda _request: left.pop(0) if len(left) > 1 else left[0]


def is_ansible_s_own(error: Exception) -> bool:
    """Whether Ansible broke off while it read the options, before anything of ours could run.

    It does so (2.19) where a whole number is to be made of infinity, or a dictionary is false.
    """
    of_ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "/oms/plugins/" in frame.filename]
    return [frame.name for frame in of_ours] == ["main"] and "AnsibleModule(" in (of_ours[0].line or "")


@pytest.mark.parametrize("name", MODULES)
@bounded(100)
@given(st.data())
def test_options_of_any_kind(name: str, data: st.DataObject) -> None:
    module, options = MODULES[name]
    spec = module.argument_spec()
    chosen = data.draw(st.lists(st.sampled_from(sorted(spec)), min_size=1, max_size=3, unique=True))
    values = {option: data.draw(TEXT | JSON) for option in chosen}
    for option, value in values.items():
        if spec[option]["type"] == "path":
            # Nothing is to be read or written, whatever it is.
            values[option] = f"/nonexistent/below/{value}"
    try:
        ended = run(module, {**options, **values}, lambda _request: Response(400, {}, b"{}"))
    except Exception as error:
        if is_ansible_s_own(error):
            return
        raise

    # Nobody takes the answer for a success.
    assert ended.result.get("failed")


@pytest.mark.parametrize("name", MODULES)
def test_a_null_counts_as_not_given(name: str) -> None:
    """A playbook's empty variable arrives as one, and Ansible takes it for something that is given."""
    module, options = MODULES[name]
    for option in module.argument_spec():
        ended = run(module, {**options, option: None}, lambda _request: Response(400, {}, b"{}"))

        assert ended.result.get("failed"), option
        if option in ("last_minutes", "object_keys"):
            assert ended.result["msg"].startswith((f"{option}: is null", f"{option} is null"))


@pytest.mark.parametrize("name", MODULES)
@bounded(100)
@given(st.lists(answers(*DOCUMENTS), min_size=1, max_size=3))
def test_answers_of_any_kind(name: str, responses: list[Response]) -> None:
    module, options = MODULES[name]
    ended = run(module, {**options, "retries": 1}, one_after_the_other(responses))

    if name == "event":
        # Nothing but a plain 200 is an acceptance, and each one is.
        accepted = [response for response in ended.responses if response.status == 200 and not response.is_html]
        assert ended.result["accepted_count"] == len(accepted)
    if ended.result.get("failed"):
        assert ended.result["error"]["kind"]
    else:
        # Or what is to be absent, or to be shown, is not there.
        assert any(response.status == 200 or b"OMS." in response.body for response in ended.responses)


@bounded(150)
@given(answers(TOKEN))
def test_any_answer_to_a_password(response: Response) -> None:
    user = {"username": "u", "password": "Marker-password", "domain_name": "d"}
    options = {**WHERE, **user, "sync_task_id": TASK, "object_keys": ["a"], "retries": 1}
    ended = run(oms_sync_event, options, one_after_the_other([response, Response(200, {}, b"")]))

    assert "Marker-password" not in json.dumps(ended.result)
    # Without a token, OMS is asked for nothing.
    if response.status != 201:
        assert {request.endpoint.url for request in ended.requests} == {WHERE["iam_endpoint"]}


@bounded(150)
@given(st.lists(answers(KEY, PROJECTS), min_size=3, max_size=3))
def test_any_answer_of_the_metadata_service_and_of_iam(responses: list[Response]) -> None:
    options = {**WHERE, "auth_method": "ecs_agency", "sync_task_id": TASK, "object_keys": ["a"], "retries": 1}
    token, key, projects = responses

    def answering(request: Request) -> Response:
        if request.path.endswith("/token"):
            return token
        return key if request.path.endswith("/securitykey") else projects

    ended = run(oms_sync_event, options, answering)

    # What IAM says is a project becomes a part of URLs.
    assert all(re.fullmatch("[!-~]+", request.url) for request in ended.requests)
    if ended.result.get("failed"):
        assert ended.result["error"]["kind"] in ("credentials", "service")


@bounded(150)
@given(answers(PROJECTS))
def test_any_answer_to_the_look_up_of_the_project(response: Response) -> None:
    options = {**WHERE, "access_key": "A", "secret_key": "S", "sync_task_id": TASK, "object_keys": ["a"], "retries": 1}
    ended = run(oms_sync_event, options, one_after_the_other([response, Response(200, {}, b"")]))

    if ended.result.get("failed") and len(ended.requests) == 1:
        assert ended.result["error"]["kind"] == "credentials"
