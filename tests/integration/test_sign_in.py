# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Signing in with a credentials file, a password and an ECS agency, and what expires in the middle of a run."""

from __future__ import annotations

import json
import typing as t
from collections import Counter
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import Ansible
from ansible_collections.huaweicloud.oms.tests.integration.conftest import (
    ACCESS_KEY,
    PROJECT_ID,
    SECRET_KEY,
    SYNC_TASK_ID,
)
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

USER = {"username": "migrator", "password": "the password of the tests", "domain_name": "the-account"}
USER_VARIABLES = dict(zip(("HW_USER_NAME", "HW_USER_PASSWORD", "HW_DOMAIN_NAME"), USER.values(), strict=True))
TOKENS = "/v3/auth/tokens"


@pytest.fixture
def task(simulator: Simulator) -> dict[str, t.Any]:
    """Options without credentials and without the project's id."""
    return {
        "region": "cn-north-4",
        "endpoint": simulator.url,
        "iam_endpoint": simulator.url,
        "sync_task_id": SYNC_TASK_ID,
        "object_keys": ["a"],
    }


def credentials_file(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"[basic]\nak = {ACCESS_KEY}\nsk = {SECRET_KEY}\n{text}", encoding="utf-8")
    path.chmod(0o600)
    return path


def names_in(path: Path, count: int) -> list[str]:
    names = [f"backup/2026/object {number:05}" for number in range(count)]
    path.write_text("\n".join(names), encoding="utf-8")
    return names


# ---- each way


def test_a_credentials_file(simulator: Simulator, ansible: Ansible, task: dict[str, t.Any], tmp_path: Path) -> None:
    credentials_file(tmp_path / "home" / ".huaweicloud" / "credentials", f"project_id = {PROJECT_ID}\n")
    open_to_all = credentials_file(tmp_path / "home" / "open to all", f"iam_endpoint = {simulator.url}\n")
    open_to_all.chmod(0o644)
    of_iam = task.pop("iam_endpoint")
    run = ansible.modules(
        [
            task,
            {**task, "credentials_file": "~/open to all"},
            {**task, "credentials_file": "$OMS_TEST_FOLDER/missing"},
            {**task, "auth_method": "file", "auth_token": "is not looked at", "iam_endpoint": of_iam},
        ],
        environ={"OMS_TEST_FOLDER": str(tmp_path)},
    )

    default, given, missing, chosen = run.results
    assert [result.get("changed") for result in (default, given, missing, chosen)] == [True, True, False, True]
    # The first one needs no look-up of the project, the second makes one at the file's own IAM.
    assert [request.target for request in simulator.requests("GET")] == ["/v3/projects?name=cn-north-4"]
    assert "warnings" not in default
    assert f"can be read by other users of this host: chmod 600 {open_to_all}" in str(given["warnings"])
    assert missing["msg"] == (
        f"credentials_file: the credentials file {tmp_path}/missing can't be read: no such file or directory"
    )
    assert all(f"Access={ACCESS_KEY}," in request.headers["authorization"] for request in simulator.requests("POST"))


@pytest.mark.parametrize("way", ["options", "environment"])
def test_a_password(simulator: Simulator, ansible: Ansible, task: dict[str, t.Any], way: str) -> None:
    simulator.add_user(USER["domain_name"], USER["username"], USER["password"])
    options, environ = (USER, {}) if way == "options" else ({}, USER_VARIABLES)
    run = ansible.modules([{**task, **options}, {**task, **options, "project_id": PROJECT_ID}], environ=environ)

    assert [result["project_id"] for result in run.results] == [PROJECT_ID, PROJECT_ID], run.output
    # A token and an event each: the token's answer has the project's id.
    requests = simulator.requests()
    assert [request.target.rpartition("/")[2] for request in requests] == ["tokens", "events"] * 2
    scopes = [json.loads(request.body)["auth"]["scope"] for request in requests[::2]]
    assert scopes == [{"project": {"name": "cn-north-4"}}, {"project": {"id": PROJECT_ID}}]
    assert all("authorization" not in request.headers for request in requests)


@pytest.mark.parametrize("with_token", [True, False], ids=["with token", "older"])
def test_an_agency(
    simulator: Simulator, ansible: Ansible, task: dict[str, t.Any], on_ecs: dict[str, str], with_token: bool
) -> None:
    simulator.add_agency(with_token=with_token)
    # With a proxy that nothing may go to.
    with Simulator() as proxy:
        variables = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"), proxy.url)
        run = ansible.modules([task, {**task, "auth_method": "ecs_agency"}], environ={**on_ecs, **variables})
        assert proxy.requests() == []

    assert [result["changed"] for result in run.results] == [True, True], run.output
    asked = ["PUT /meta-data/latest/api/token", "GET /openstack/latest/securitykey", "GET /v3/projects?name=cn-north-4"]
    requests = simulator.requests()
    assert [f"{request.method} {request.target}" for request in requests[:3]] == asked
    assert requests[3].headers["x-security-token"].startswith("agency-sts-")
    assert len(requests) == 8


# ---- nothing found


def test_off_an_ecs_host_it_is_soon_known_that_there_is_nothing(
    simulator: Simulator, ansible: Ansible, task: dict[str, t.Any], off_ecs: dict[str, str]
) -> None:
    environ = {**off_ecs, "HW_ACCESS_KEY": "half", "HW_DOMAIN_NAME": "account"}
    run = ansible.modules([task], environ=environ)

    (result,) = run.results
    assert result["error"]["kind"] == "credentials"
    assert result["msg"].startswith("no credentials found. Looked at in this order: the options (auth_token;")
    assert (
        f"; the credentials file {ansible.folder}/home/.huaweicloud/credentials, which does not exist; the ECS agency:"
        " no metadata service answers, so this is no ECS host. Found, but passed over: HW_ACCESS_KEY without"
        " HW_SECRET_KEY; HW_DOMAIN_NAME without HW_USER_NAME and HW_USER_PASSWORD. Give one of them"
    ) in result["msg"]
    assert simulator.requests() == []
    # The module itself, without Ansible's own start.
    assert run.seconds < 3 + ansible.modules([{**task, "auth_method": "token"}], environ=off_ecs).seconds


def test_what_is_wrong_with_a_way_to_sign_in_is_told(
    simulator: Simulator, ansible: Ansible, task: dict[str, t.Any], on_ecs: dict[str, str], tmp_path: Path
) -> None:
    simulator.add_user(USER["domain_name"], USER["username"], USER["password"])
    simulator.add_token("of-another-region", uses=0)
    simulator.add_access_key("TEMPORARY", "secret", "sts", uses=0)
    other = tmp_path / "other"
    other.write_text("[other]\nak = a\n", encoding="utf-8")
    key = {"access_key": ACCESS_KEY, "secret_key": "not-the-one", "project_id": PROJECT_ID}
    cases: dict[str, tuple[dict[str, t.Any], str]] = {
        "no agency": ({}, "the ECS agency: no agency is bound to this ECS host"),
        "section": (
            {"credentials_file": str(other)},
            f"credentials_file: the credentials file {other} has no section [basic], which is the one that is read; its"
            ' sections: "other"',
        ),
        "wrong password": (
            {**USER, "password": "another one"},
            'HTTP 401 401 "The username or password is wrong." (request id ',
        ),
        "unknown region": ({**USER, "region": "cn-south-1"}, "There is no such project or region"),
        "two ways": ({**USER, "auth_token": "x"}, "auth_token and username, password and domain_name are given"),
        "half": ({"username": "x"}, "username is given without password and domain_name"),
        "expired token": (
            {"auth_token": "of-another-region", "project_id": PROJECT_ID},
            "The token has expired or belongs to another region: get a new one for this region",
        ),
        "expired key": (
            {"access_key": "TEMPORARY", "secret_key": "secret", "security_token": "sts", "project_id": PROJECT_ID},
            "The temporary access key (options) has expired and can't be renewed from here: get a new one",
        ),
        "wrong key": (key, "The access key, secret key, signature or token is wrong: correct it"),
    }
    run = ansible.modules([{**task, **each} for each, _said in cases.values()], environ=on_ecs)
    results = dict(zip(cases, run.results, strict=True))
    for _attempt in range(2):
        # More than five wrong signatures lock a key.
        ansible.modules([{**task, **key}] * 3)
    (locked,) = ansible.modules([{**task, **key}]).results
    simulator.fault("answer", status=403, body='{"error_code": "APIGW.0302"}', path="/v3/projects")
    (forbidden,) = ansible.modules([{**task, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}]).results

    for case, (_options, said) in cases.items():
        assert results[case]["failed"], case
        assert said in results[case]["msg"], case
    assert "The access key or user is locked for a while" in locked["msg"]
    assert "grant it the IAM action iam:projects:listProjects. Give project_id" in forbidden["msg"]
    # Each of them is tried once.
    assert [request.status for request in simulator.requests("POST", TOKENS)] == [401, 404]


# ---- what expires


@pytest.mark.parametrize("way", ["password", "agency"])
def test_what_expires_three_times_is_renewed_three_times(
    simulator: Simulator, ansible: Ansible, task: dict[str, t.Any], on_ecs: dict[str, str], tmp_path: Path, way: str
) -> None:
    """500 events with 8 workers, and a token or key that is good for 150."""
    names = names_in(tmp_path / "names", 5000)
    del task["object_keys"]
    task.update(object_keys_file=str(tmp_path / "names"), project_id=PROJECT_ID)
    simulator.set(latency=0.005)
    if way == "password":
        simulator.add_user(USER["domain_name"], USER["username"], USER["password"], token_uses=150)
        task.update(USER)
    else:
        simulator.add_agency(uses=150)
    (result,) = ansible.modules([task], environ=on_ecs).results

    assert not result["failed"], result["msg"]
    assert Counter(simulator.accepted_keys(SYNC_TASK_ID)) == Counter(names)
    requests = simulator.requests()
    fetched = [request for request in requests if request.target in (TOKENS, "/openstack/latest/securitykey")]
    refused = [request for request in requests if request.status == 401]
    assert len(fetched) == 1 + 3
    # No more than one for each expiry and worker, and each is counted as a retry.
    assert 3 <= len(refused) <= 3 * 8
    assert result["retry_count"] == len(refused)


def test_what_nears_its_end_is_renewed_before_it_is_refused(
    simulator: Simulator, ansible: Ansible, task: dict[str, t.Any], on_ecs: dict[str, str], tmp_path: Path
) -> None:
    """A run of 7 seconds with keys that are good for 6."""
    names_in(tmp_path / "names", 2800)
    del task["object_keys"]
    task.update(object_keys_file=str(tmp_path / "names"), project_id=PROJECT_ID, rate_limit=40, concurrency=1)
    simulator.add_agency(seconds=6)
    (result,) = ansible.modules([task], environ=on_ecs).results

    assert (result["failed"], result["accepted_count"], result["retry_count"]) == (False, 2800, 0), result
    requests = simulator.requests()
    assert {request.status for request in requests} == {200}
    assert len([request for request in requests if request.target == "/openstack/latest/securitykey"]) == 2


def test_a_temporary_key_that_expires_ends_the_run_and_a_new_one_goes_on(
    simulator: Simulator, ansible: Ansible, task: dict[str, t.Any], tmp_path: Path
) -> None:
    names = names_in(tmp_path / "names", 500)
    del task["object_keys"]
    task.update(
        object_keys_file=str(tmp_path / "names"),
        progress_file=str(tmp_path / "progress"),
        project_id=PROJECT_ID,
        concurrency=2,
    )
    simulator.add_access_key("FIRST", "secret", "sts", uses=20)
    simulator.add_access_key("SECOND", "secret", "other-sts")
    first, second = ansible.modules(
        [
            {**task, "access_key": "FIRST", "secret_key": "secret", "security_token": "sts"},
            {**task, "access_key": "SECOND", "secret_key": "secret", "security_token": "other-sts"},
        ]
    ).results

    assert first["failed"]
    assert first["accepted_count"] == 200
    assert (
        "The temporary access key (options) has expired and can't be renewed from here: get a new one" in first["msg"]
    )
    assert first["msg"].endswith("; with progress_file, the next run goes on from there")
    assert (second["failed"], second["resumed_count"], second["accepted_count"]) == (False, 200, 300)
    assert Counter(simulator.accepted_keys(SYNC_TASK_ID)) == Counter(names)
