# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The module's main(), in this process and over a fake network."""

from __future__ import annotations

import json
import os
import re
import runpy
import signal
import threading
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from ansible.module_utils import basic
from ansible_collections.huaweicloud.oms.plugins.module_utils import _session
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import CONNECTION, ConnectionFailure
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.connections import Connections
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response
from ansible_collections.huaweicloud.oms.plugins.module_utils._version import COLLECTION_VERSION
from ansible_collections.huaweicloud.oms.plugins.modules import oms_sync_event
from ansible_collections.huaweicloud.oms.tests.unit.fakes import Expected, FakeTransport, answer
from ansible_collections.huaweicloud.oms.tests.unit.module_runs import (
    ANSIBLE_S_OWN,
    assert_documented,
    module_args,
)

PROJECT = "f697f813554a4f05bac882a183b20878"
TASK = "31e9b7e6-6ffb-452f-9842-6ce354d99d75"
OMS = "https://oms.cn-north-4.myhuaweicloud.com"
PATH = f"/v2/{PROJECT}/sync-tasks/{TASK}"
EVENTS = f"{OMS}{PATH}/events"
LOOK_UP = "https://iam.cn-north-4.myhuaweicloud.com/v3/projects?name=cn-north-4"

# All that a task needs, but the names.
OPTIONS = {"region": "cn-north-4", "project_id": PROJECT, "auth_token": "Marker-token", "sync_task_id": TASK}
# And no look for an ECS agency, either.
NO_CREDENTIALS = {"auth_token": None, "auth_method": "token"}


@dataclass
class Run:
    """What came of a run: ``result`` has no more keys than the module gave it, and ``msg`` is None where none came."""

    failed: bool
    msg: str | None
    result: dict[str, t.Any]
    warnings: list[str]
    headers: list[dict[str, str]]
    user_agents: set[str]


class RunModule(t.Protocol):
    def __call__(
        self,
        options: dict[str, t.Any],
        *expected: Expected,
        check_mode: bool = ...,
        start: t.Callable[[], object] = ...,
    ) -> Run:
        """Run the module's main()."""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunModule:
    """Run the module over a network that expects these requests in this order, and nothing in the environment.

    An option of None is not given.
    """
    for name in list(os.environ):
        if re.match("(?i)HW_|HUAWEICLOUD_|CLOUD_SDK_|REQUESTS_|CURL_|.*_PROXY$", name):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/nonexistent")

    def run(
        options: dict[str, t.Any],
        *expected: Expected,
        check_mode: bool = False,
        start: t.Callable[[], object] = oms_sync_event.main,
    ) -> Run:
        warnings: list[str] = []
        user_agents = set()

        def exchange(connections: Connections, request: Request, headers: t.Mapping[str, str]) -> Response:
            user_agents.add(connections._user_agent)
            return transport.exchange(request, headers)

        # Retries wait for nothing, and events go in order.
        given = {"retry_max_delay": 0, "retries": 2, "concurrency": 1, **OPTIONS, **options}
        args = {name: value for name, value in given.items() if value is not None}
        # no_log keeps the runs out of this machine's syslog, and changes nothing else.
        args.update(_ansible_check_mode=check_mode, _ansible_version="2.99", _ansible_no_log=True)
        monkeypatch.setattr(Connections, "exchange", exchange)
        # Ansible gathers warnings per process, and each core in its own form.
        monkeypatch.setattr(basic.AnsibleModule, "warn", lambda _module, warning: warnings.append(warning))
        capsys.readouterr()
        with FakeTransport(*expected) as transport, module_args(args), pytest.raises(SystemExit) as ended:
            start()
        printed = json.loads(capsys.readouterr().out)
        result = {name: value for name, value in printed.items() if name not in ANSIBLE_S_OWN}
        failed = printed.get("failed", False)
        assert ended.value.code == (1 if failed else 0)
        return Run(failed, printed.get("msg"), result, warnings, transport.headers, user_agents)

    return run


def names(first: int, last: int) -> list[str]:
    return [f"a {number}" for number in range(first, last + 1)]


def event(object_keys: list[str], response: Response | ConnectionFailure | None = None) -> Expected:
    """An event with these names, which are encoded already; accepted, if nothing else is said."""
    body = json.dumps({"object_keys": object_keys}, separators=(",", ":")).encode()
    return Expected("POST", EVENTS, response or answer(200, X_Request_Id="0a1b"), body)


def encoded(first: int, last: int) -> list[str]:
    return [name.replace(" ", "+") for name in names(first, last)]


class Reading:
    """A URL with any query_time: the module reads the real clock."""

    def __eq__(self, url: object) -> bool:
        return isinstance(url, str) and bool(re.fullmatch(re.escape(f"{OMS}{PATH}?query_time=") + r"\d{13}", url))

    __hash__ = None  # type: ignore[assignment]


def reading(status: int = 200, body: t.Any = None, **headers: str) -> Expected:
    """The sync task is read; it takes events, if nothing else is said."""
    return Expected("GET", t.cast(str, Reading()), answer(status, body or {"status": "SYNCHRONIZING"}, **headers))


STOPPED = answer(400, {"error_code": "OMS.0066", "error_msg": "The task is not running."}, X_Request_Id="0a1c")


# ---- what succeeds


def test_25_names_go_in_three_events(run: RunModule) -> None:
    done = run({"object_keys": names(1, 25)}, *map(event, [encoded(1, 10), encoded(11, 20), encoded(21, 25)]))

    assert done.result == {
        "changed": True,
        "sync_task_id": TASK,
        "project_id": PROJECT,
        "endpoint": OMS,
        "object_count": 25,
        "accepted_count": 25,
        "duplicate_count": 0,
        "resumed_count": 0,
        "event_count": 3,
        "retry_count": 0,
        "events": [
            {"object_keys": encoded(1, 10), "request_id": "0a1b", "attempts": 1},
            {"object_keys": encoded(11, 20), "request_id": "0a1b", "attempts": 1},
            {"object_keys": encoded(21, 25), "request_id": "0a1b", "attempts": 1},
        ],
        "remaining_count": 0,
        "remaining_object_keys": [],
        "remaining_truncated": False,
        "counters": None,
        "error": None,
    }
    assert (done.failed, done.msg, done.warnings) == (False, None, [])
    assert all(headers["X-Auth-Token"] == "Marker-token" for headers in done.headers)


@pytest.mark.parametrize(
    ("options", "object_keys"),
    [
        # The documented examples
        ({"object_keys": ["test/001.txt", "test/002.txt"]}, ["test%2F001.txt", "test%2F002.txt"]),
        ({"object_keys": ["test+001.txt"]}, ["test%2B001.txt"]),
        ({"object_keys": ["test 001.txt"]}, ["test+001.txt"]),
        ({"object_keys": "test/001.txt"}, ["test%2F001.txt"]),
        (
            {"object_keys": ["AWSLogs/1/a+b.gz", "a*b~c!'()"], "object_keys_encoded": True},
            ["AWSLogs/1/a+b.gz", "a*b~c!'()"],
        ),
    ],
)
def test_names_arrive_byte_for_byte(run: RunModule, options: dict[str, t.Any], object_keys: list[str]) -> None:
    done = run(options, event(object_keys))

    assert (done.result["changed"], done.result["accepted_count"]) == (True, len(object_keys))


@pytest.mark.parametrize(("batch_size", "sizes"), [(1, [1, 1, 1]), (2, [2, 1]), (3, [3]), (100, [3])])
def test_batch_size_is_kept(run: RunModule, batch_size: int, sizes: list[int]) -> None:
    starts = [1 + sum(sizes[:number]) for number in range(len(sizes))]
    expected = [event(encoded(start, start + size - 1)) for start, size in zip(starts, sizes, strict=True)]

    done = run({"object_keys": names(1, 3), "batch_size": batch_size}, *expected)

    assert done.result["event_count"] == len(sizes)


def test_repeats_are_sent_once_and_counted(run: RunModule) -> None:
    done = run({"object_keys": ["b", "a", "b", "b"]}, event(["b", "a"]))

    assert (done.result["object_count"], done.result["accepted_count"], done.result["duplicate_count"]) == (2, 2, 2)


def test_retries_are_counted(run: RunModule) -> None:
    lost = ConnectionFailure(CONNECTION, "reset", "Check it", transient=True)
    done = run({"object_keys": "a"}, event(["a"], answer(503)), event(["a"], lost), event(["a"]))

    assert (done.result["changed"], done.result["retry_count"], done.result["event_count"]) == (True, 2, 1)
    assert done.result["events"] == [{"object_keys": ["a"], "request_id": "0a1b", "attempts": 3}]


def test_a_missing_project_is_looked_up_and_all_comes_from_the_environment(
    run: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"HW_REGION_NAME": "cn-north-4", "HW_ACCESS_KEY": "ak", "HW_SECRET_KEY": "sk"}.items():
        monkeypatch.setenv(name, value)
    look_up = Expected("GET", LOOK_UP, answer(200, {"projects": [{"id": PROJECT, "name": "cn-north-4"}]}))

    done = run({"object_keys": "a", "region": None, "project_id": None, "auth_token": None}, look_up, event(["a"]))

    assert done.result["project_id"] == PROJECT
    assert "SignedHeaders=host;x-sdk-date," in done.headers[0]["Authorization"]
    assert "SignedHeaders=content-type;host;x-project-id;x-sdk-date," in done.headers[1]["Authorization"]


def test_the_file_runs_as_ansible_runs_it(run: RunModule) -> None:
    done = run(
        {"object_keys": "a"}, event(["a"]), start=lambda: runpy.run_path(oms_sync_event.__file__, None, "__main__")
    )

    assert done.result["changed"] is True


def test_the_user_agent_names_the_collection_and_the_core(run: RunModule) -> None:
    done = run({"object_keys": "a"}, event(["a"]))

    assert [agent.rpartition(" requests/")[0] for agent in done.user_agents] == [
        f"huaweicloud.oms/{COLLECTION_VERSION} ansible-core/2.99"
    ]


# ---- check mode


def test_check_mode_reads_and_sends_nothing(run: RunModule) -> None:
    done = run({"object_keys": [*names(1, 25), "a 1"]}, reading(), check_mode=True)

    assert done.result == {
        "changed": True,
        "sync_task_id": TASK,
        "project_id": PROJECT,
        "endpoint": OMS,
        "object_count": 25,
        "accepted_count": 0,
        "duplicate_count": 1,
        "resumed_count": 0,
        "event_count": 3,
        "retry_count": 0,
        "events": [
            {"object_keys": encoded(*numbers), "request_id": "", "attempts": 0}
            for numbers in ((1, 10), (11, 20), (21, 25))
        ],
        "remaining_count": 0,
        "remaining_object_keys": [],
        "remaining_truncated": False,
        "counters": None,
        "error": None,
    }
    assert (done.failed, done.warnings) == (False, [])


def test_check_mode_shows_the_first_20_events_that_it_would_send(run: RunModule) -> None:
    done = run({"object_keys": names(1, 205), "batch_size": 10, "wait": True}, reading(), check_mode=True)

    assert (done.result["event_count"], len(done.result["events"])) == (21, 20)
    assert done.result["events"][-1]["object_keys"] == encoded(191, 200)
    assert done.result["counters"] is None


def test_check_mode_warns_where_reading_is_forbidden(run: RunModule) -> None:
    done = run({"object_keys": "a"}, reading(403, {"error_code": "APIGW.0302"}), check_mode=True)

    assert (done.failed, done.result["changed"], done.result["error"]) == (False, True, None)
    assert len(done.warnings) == 1
    assert done.warnings[0].startswith("Check mode could not read the sync task, so it checked only the arguments. ")


@pytest.mark.parametrize(
    ("expected", "kind", "said"),
    [
        (
            reading(404, {"error_code": "OMS.1009"}),
            "state",
            f"The sync task {TASK} was not found in the project {PROJECT}",
        ),
        (reading(400, {"error_code": "OMS.2002"}), "state", f"at {OMS}, or it is not running"),
        (
            reading(200, {"status": "STOPPED"}),
            "state",
            'has the status "STOPPED". Start it with huaweicloud.oms.oms_sync_task',
        ),
        (reading(401, {"error_code": "APIGW.0301"}), "credentials", "HTTP 401 APIGW.0301"),
        (reading(200, b"<html>"), "service", "A proxy or a login page answered in place of OMS"),
        (
            Expected(
                "GET", t.cast(str, Reading()), ConnectionFailure(CONNECTION, "refused", "Check it", transient=False)
            ),
            "connection",
            "refused. Check it",
        ),
    ],
)
def test_check_mode_fails_where_the_run_would(run: RunModule, expected: Expected, kind: str, said: str) -> None:
    done = run({"object_keys": ["a", "b"]}, expected, check_mode=True)

    assert (done.failed, done.result["changed"], done.result["error"]["kind"]) == (True, False, kind)
    assert said in str(done.msg)
    assert "OMS accepted" not in str(done.msg)
    assert done.result["remaining_object_keys"] == ["a", "b"]
    assert (done.result["accepted_count"], done.result["remaining_count"]) == (0, 2)
    # The check is for the task and not for one event's objects.
    assert done.result["error"]["object_keys"] == []


# ---- what fails


def test_a_failure_in_the_third_event_of_five(run: RunModule) -> None:
    done = run(
        {"object_keys": names(1, 50)},
        event(encoded(1, 10)),
        event(encoded(11, 20), answer(503)),
        event(encoded(11, 20)),
        event(encoded(21, 30), STOPPED),
    )

    assert done.failed
    assert done.msg == (
        f"The sync task {TASK} is not running. Start it with huaweicloud.oms.oms_sync_task and state=started, then run"
        f' the task again. (POST {OMS}{PATH}/events: HTTP 400 OMS.0066 "The task is not running.", request id 0a1c)'
        " OMS accepted 20 of 50 objects. remaining_object_keys lists the others."
    )
    assert done.result == {
        "changed": True,
        "sync_task_id": TASK,
        "project_id": PROJECT,
        "endpoint": OMS,
        "object_count": 50,
        "accepted_count": 20,
        "duplicate_count": 0,
        "resumed_count": 0,
        "event_count": 2,
        "retry_count": 1,
        "events": [
            {"object_keys": encoded(1, 10), "request_id": "0a1b", "attempts": 1},
            {"object_keys": encoded(11, 20), "request_id": "0a1b", "attempts": 2},
        ],
        "remaining_count": 30,
        "remaining_object_keys": names(21, 50),
        "remaining_truncated": False,
        "counters": None,
        "error": {
            "kind": "state",
            "http_status": 400,
            "error_code": "OMS.0066",
            "error_msg": "The task is not running.",
            "error_detail": None,
            "request_id": "0a1c",
            "object_keys": names(21, 30),
        },
    }


@pytest.mark.parametrize(
    ("expected", "changed"),
    [
        ([event(["a+1"], STOPPED)], False),
        ([event(["a+1"], answer(401))], False),
        ([event(["a+1"], answer(503))] * 3, False),
        ([event(["a+1"]), event(["a+2"], STOPPED)], True),
        ([event(["a+1"]), *[event(["a+2"], answer(503))] * 3], True),
    ],
)
def test_a_failed_task_is_changed_if_an_event_was_accepted(
    run: RunModule, expected: list[Expected], changed: bool
) -> None:
    done = run({"object_keys": names(1, 3), "batch_size": 1}, *expected)

    assert (done.failed, done.result["changed"]) == (True, changed)


@pytest.mark.parametrize("status", [401, 400, 403, 404, 500])
def test_a_final_status_causes_one_request(run: RunModule, status: int) -> None:
    done = run({"object_keys": names(1, 20)}, event(encoded(1, 10), answer(status)))

    assert (done.failed, done.result["retry_count"], done.result["error"]["http_status"]) == (True, 0, status)


def test_retries_0_is_one_attempt(run: RunModule) -> None:
    done = run({"object_keys": "a", "retries": 0}, event(["a"], answer(503)))

    assert (done.failed, done.result["retry_count"]) == (True, 0)


@pytest.mark.parametrize("check_mode", [False, True])
def test_without_credentials_the_failure_is_complete(run: RunModule, check_mode: bool) -> None:
    done = run({"object_keys": ["a", "b", "a"], **NO_CREDENTIALS}, check_mode=check_mode)

    assert (done.failed, done.result["changed"], done.result["project_id"]) == (True, False, PROJECT)
    assert done.result["error"] == {
        "kind": "credentials",
        "http_status": None,
        "error_code": None,
        "error_msg": None,
        "error_detail": None,
        "request_id": None,
        "object_keys": [],
    }
    assert (done.result["object_count"], done.result["remaining_object_keys"]) == (2, ["a", "b"])


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_look_up_that_is_refused_leaves_the_project_open(run: RunModule, check_mode: bool) -> None:
    look_up = Expected("GET", LOOK_UP, answer(403, {"error_code": "x"}, X_Request_Id="0a1d"))

    done = run({"object_keys": ["a"], "project_id": None}, look_up, check_mode=check_mode)

    assert (done.failed, done.result["project_id"], done.result["remaining_object_keys"]) == (True, None, ["a"])
    error = done.result["error"]
    assert (error["kind"], error["http_status"], error["request_id"]) == ("credentials", 403, "0a1d")


# ---- arguments


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"object_keys": []}, "object_keys is an empty list."),
        ({"object_keys": ""}, "object_keys is empty."),
        ({"object_keys": ["a", ""]}, "object_keys[1] is empty."),
        ({"object_keys": ["a", 1.10]}, "object_keys[1] is the number 1.1. YAML changed it"),
        ({"object_keys": ["a", None]}, "object_keys[1] is null."),
        ({"object_keys": [{"a": 1}]}, "object_keys[0] is a dictionary."),
        ({"object_keys": {"a": 1}}, "object_keys is a dictionary."),
        ({"object_keys": "a,b"}, 'object_keys is the string "a,b", which contains a comma.'),
        ({"object_keys": ["a", "b" * 16385]}, "object_keys[1] "),
        ({"object_keys": ["%ZZ"], "object_keys_encoded": True}, 'object_keys[0] "%ZZ" has a % without two'),
        ({"object_keys": ["a b"], "object_keys_encoded": True}, 'object_keys[0] "a b" has a space'),
        ({"sync_task_id": ""}, "sync_task_id is empty"),
        ({"sync_task_id": "i" * 1025}, "sync_task_id has 1025 characters. At most 1024"),
        ({"sync_task_id": ".."}, "sync_task_id is .., which would change"),
        ({"sync_task_id": "a/b"}, 'sync_task_id has "/" at character 2'),
        ({"sync_task_id": "a\n"}, 'sync_task_id has "\\n" at character 2'),
        ({"project_id": "a/b"}, 'project_id has "/" at character 2'),
        ({"batch_size": 0}, "batch_size is 0. It must be from 1 to 100."),
        ({"batch_size": 101}, "batch_size is 101. It must be from 1 to 100."),
        ({"auth_token": "t" * 16385}, "auth_token has 16385 characters. At most 16384"),
        ({"auth_token": "Marker-token\n"}, "auth_token ends with a line break"),
        ({"access_key": "ak"}, "auth_token and access_key are given"),
        ({"auth_token": None, "access_key": "ak"}, "access_key is given without secret_key"),
        ({"endpoint": "http://oms.example"}, "endpoint is not encrypted"),
        ({"iam_endpoint": "ftp://iam.example"}, "iam_endpoint is not a valid endpoint. It must be https://host"),
        ({"region": None}, "region is required to find the endpoint"),
        ({"retries": 101}, "retries is 101. It must be from 0 to 100."),
        ({"retry_max_delay": -1}, "retry_max_delay is -1. It must be from 0 to 3600 seconds."),
        ({"timeout": 0}, "timeout is 0. It must be from 0.001 to 3600 seconds."),
        ({"ca_path": "/no/such/file"}, "ca_path: the file /no/such/file can't be read: no such file or directory"),
    ],
)
def test_an_argument_error_sends_nothing_and_gives_msg_alone(
    run: RunModule, options: dict[str, t.Any], said: str, check_mode: bool
) -> None:
    done = run({"object_keys": "a", **options}, check_mode=check_mode)

    assert done.failed
    assert str(done.msg).startswith(said)
    assert done.result == {}
    assert done.warnings == []


def test_a_bad_variable_is_an_argument_error(run: RunModule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HW_AUTH_TOKEN", "Marker-token ")

    done = run({"object_keys": "a", "auth_token": None})

    assert (done.msg, done.result) == ("HW_AUTH_TOKEN ends with whitespace. Remove it.", {})


@pytest.mark.parametrize(
    ("options", "needed"),
    [
        ({}, True),
        ({"endpoint": "http://localhost:1"}, False),
        # IAM has to be asked then.
        ({"endpoint": "http://localhost:1", "project_id": None}, True),
        ({"endpoint": "http://localhost:1", "username": "u", "password": "p", "domain_name": "d"}, True),
        ({"iam_endpoint": "http://localhost:1"}, True),
        ({"endpoint": "http://localhost:1", "iam_endpoint": "http://localhost:2", "project_id": None}, False),
    ],
)
def test_certificates_are_read_where_they_are_needed(
    run: RunModule, monkeypatch: pytest.MonkeyPatch, options: dict[str, t.Any], needed: bool
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file")
    # Without credentials, so that nothing is sent; or with a password, which is never sent without certificates.
    done = run({"object_keys": "a", "auth_token": None, "auth_method": "password", **options})

    assert str(done.msg).startswith("REQUESTS_CA_BUNDLE: the file" if needed else "No credentials were found")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sync_task_id": None}, "missing required arguments: sync_task_id"),
        ({"object_keys": None}, "one of the following is required: object_keys, object_keys_file"),
        ({"object_keys_file": "names"}, "parameters are mutually exclusive: object_keys|object_keys_file"),
        ({"progress_file": "names"}, "missing parameter(s) required by 'progress_file': object_keys_file"),
        ({"object_keys_file_format": "csv"}, "value of object_keys_file_format must be one of: lines, jsonl, got: csv"),
        ({"concurrency": 0}, "concurrency is 0. It must be from 1 to 64."),
        ({"concurrency": 65}, "concurrency is 65. It must be from 1 to 64."),
        (
            {"rate_limit": -1},
            "rate_limit is -1. It must be 0 for no limit, or 0.000277778 to 10000 attempts per second.",
        ),
    ],
)
def test_options_have_to_fit(run: RunModule, options: dict[str, t.Any], message: str) -> None:
    done = run({"object_keys": "a", **options})

    assert (done.failed, done.msg, done.result) == (True, message, {})


# ---- warnings and secrets


@pytest.mark.parametrize("check_mode", [False, True])
def test_unchecked_certificates_cause_a_warning(run: RunModule, check_mode: bool) -> None:
    expected = reading() if check_mode else event(["a"])

    done = run({"object_keys": "a", "validate_certs": False}, expected, check_mode=check_mode)

    assert done.warnings == [
        "validate_certs is false, so the certificates of the servers are not checked. Anyone who intercepts the"
        " connection can read the credentials. For a private certificate authority, set ca_path instead."
    ]


def test_unchecked_certificates_cause_a_warning_where_the_look_up_fails(run: RunModule) -> None:
    look_up = Expected("GET", LOOK_UP, answer(401))

    done = run({"object_keys": "a", "project_id": None, "validate_certs": False}, look_up)

    assert len(done.warnings) == 1


def test_secrets_of_the_environment_are_registered_with_ansible(
    run: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered: set[str] = set()
    monkeypatch.setattr(_session, "registrar", lambda _module: registered.add)
    for name in ("HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_SECURITY_TOKEN"):
        monkeypatch.setenv(name, f"Marker-{name}")

    run({"object_keys": "a", "auth_token": None}, event(["a"]))

    assert registered == {"Marker-HW_ACCESS_KEY", "Marker-HW_SECRET_KEY", "Marker-HW_SECURITY_TOKEN"}


def test_what_a_service_echoes_is_masked(run: RunModule) -> None:
    echo = answer(400, {"error_code": "x", "error_msg": "X-Auth-Token: Marker-token"}, X_Request_Id="Marker-token")

    done = run({"object_keys": "a"}, event(["a"], echo))

    assert "Marker-token" not in f"{done.msg} {done.result}"
    assert done.result["error"]["error_msg"] == "X-Auth-Token: ********"


# ---- documentation

DOCUMENTED = yaml.safe_load(oms_sync_event.RETURN)


@pytest.mark.parametrize(
    ("options", "expected", "check_mode"),
    [
        ({}, [event(["a"])], False),
        ({}, [reading()], True),
        ({}, [reading(403)], True),
        ({}, [event(["a"], STOPPED)], False),
        ({}, [event(["a"], answer(400, {"error_msg": "m", "error_detail": {"d": 1}}))], False),
        ({"batch_size": 1, "object_keys": ["a", "b"]}, [event(["a"]), event(["b"], STOPPED)], False),
        ({}, [reading(404)], True),
        (NO_CREDENTIALS, [], False),
        (NO_CREDENTIALS, [], True),
        ({"project_id": None}, [Expected("GET", LOOK_UP, answer(200, {"projects": []}))], False),
    ],
)
def test_each_result_has_all_the_keys_that_are_documented(
    run: RunModule, options: dict[str, t.Any], expected: list[Expected], check_mode: bool
) -> None:
    done = run({"object_keys": "a", **options}, *expected, check_mode=check_mode)

    assert_documented(done.result, DOCUMENTED)
    counted = ("resumed_count", "accepted_count", "remaining_count")
    if not check_mode:
        assert done.result["object_count"] == sum(done.result[name] for name in counted)


# ---- files and progress


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "names.txt"
    file.write_text("".join(f"{name}\n" for name in names(1, 25)), encoding="utf-8")
    return file


def test_names_come_from_a_file(run: RunModule, key_file: Path) -> None:
    done = run({"object_keys_file": str(key_file)}, *map(event, [encoded(1, 10), encoded(11, 20), encoded(21, 25)]))

    assert (done.failed, done.result["object_count"], done.result["accepted_count"]) == (False, 25, 25)
    assert_documented(done.result, DOCUMENTED)


def test_a_failed_run_is_resumed(run: RunModule, key_file: Path, tmp_path: Path) -> None:
    options = {"object_keys_file": str(key_file), "progress_file": str(tmp_path / "progress")}

    failed = run(options, event(encoded(1, 10)), event(encoded(11, 20), STOPPED))
    predicted = run(options, reading(), check_mode=True)
    resumed = run(options, event(encoded(11, 20)), event(encoded(21, 25)))
    again = run(options)
    looked = run(options, check_mode=True)

    assert (failed.failed, failed.result["accepted_count"], failed.result["remaining_count"]) == (True, 10, 15)
    assert str(failed.msg).endswith(" OMS accepted 10 of 25 objects. Another run resumes with the others.")
    assert (predicted.result["changed"], predicted.result["resumed_count"]) == (True, 10)
    assert (resumed.failed, resumed.result["resumed_count"], resumed.result["accepted_count"]) == (False, 10, 15)
    for done in (again, looked):
        assert (done.failed, done.result["changed"], done.result["resumed_count"]) == (False, False, 25)
    for done in (failed, resumed, again):
        assert_documented(done.result, DOCUMENTED)
        counted = ("resumed_count", "accepted_count", "remaining_count")
        assert done.result["object_count"] == sum(done.result[name] for name in counted)


def test_check_mode_writes_no_progress(run: RunModule, key_file: Path, tmp_path: Path) -> None:
    progress = tmp_path / "progress"
    done = run({"object_keys_file": str(key_file), "progress_file": str(progress)}, reading(), check_mode=True)

    assert done.result["changed"]
    assert not progress.exists()


def test_progress_of_another_task_is_left_as_it_is(run: RunModule, key_file: Path, tmp_path: Path) -> None:
    progress = tmp_path / "progress"
    options = {"object_keys_file": str(key_file), "progress_file": str(progress)}
    run(options, event(encoded(1, 10), STOPPED))
    before = progress.read_bytes()

    other = run({**options, "sync_task_id": "another"})

    assert other.failed
    assert f'progress_file: {progress} is of another run, which is not finished: sync_task_id is "' in str(other.msg)
    assert (other.result["error"]["kind"], other.result["remaining_count"]) == ("file", 25)
    assert progress.read_bytes() == before


def test_over_finished_progress_a_new_run_starts_with_a_warning(run: RunModule, key_file: Path, tmp_path: Path) -> None:
    options = {"object_keys_file": str(key_file), "progress_file": str(tmp_path / "progress"), "batch_size": 100}
    run(options, event(encoded(1, 25)))
    key_file.write_text("another\n", encoding="utf-8")

    done = run(options, event(["another"]))

    assert (done.failed, done.result["resumed_count"], done.result["accepted_count"]) == (False, 0, 1)
    assert [warning for warning in done.warnings if "of another run, which is finished" in warning] == done.warnings


def test_of_a_file_a_thousand_names_are_returned(run: RunModule, key_file: Path) -> None:
    key_file.write_text("".join(f"{name}\n" for name in names(1, 2500)), encoding="utf-8")

    done = run({"object_keys_file": str(key_file)}, event(encoded(1, 10)), event(encoded(11, 20), STOPPED))

    assert done.result["remaining_object_keys"] == names(11, 1010)
    assert (done.result["remaining_count"], done.result["remaining_truncated"]) == (2490, True)
    said = "OMS accepted 10 of 2500 objects. remaining_object_keys lists the first 1000 of the others."
    assert str(done.msg).endswith(said)
    assert_documented(done.result, DOCUMENTED)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_in_order(run: RunModule, key_file: Path, number: signal.Signals) -> None:
    before = signal.getsignal(number)

    def send_signal() -> None:
        # Not before the module has its own handler: the process of the tests would end.
        while signal.getsignal(number) == before:
            time.sleep(0.01)
        time.sleep(0.2)
        os.kill(os.getpid(), number)

    def start() -> None:
        threading.Thread(target=send_signal, daemon=True).start()
        oms_sync_event.main()

    # The answer asks to wait for longer than any test may take: the signal cuts that short.
    waiting = answer(503, Retry_After="300")
    done = run({"object_keys_file": str(key_file)}, event(encoded(1, 10), waiting), start=start)

    assert done.failed
    assert str(done.msg).startswith(
        f"The run was stopped by {number.name}. Run the task again with the remaining object keys."
    )
    assert (done.result["error"]["kind"], done.result["accepted_count"], done.result["remaining_count"]) == (
        None,
        0,
        25,
    )
    assert signal.getsignal(number) == before
