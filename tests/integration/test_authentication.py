# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Authentication with a credentials file, a password and an ECS agency, and credentials that expire during a run."""

from __future__ import annotations

import json
import typing as t
from collections import Counter
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE
from ansible_collections.huaweicloud.oms.tests.integration.conftest import (
    ACCESS_KEY,
    PROJECT_ID,
    SECRET_KEY,
    SYNC_TASK_ID,
)
from ansible_collections.huaweicloud.oms.tests.integration.module_tasks import ModuleTasks
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


def object_keys_in(path: Path, count: int) -> list[str]:
    object_keys = [f"backup/2026/object {number:05}" for number in range(count)]
    path.write_text("\n".join(object_keys), encoding="utf-8")
    return object_keys


# ---- credential sources


def test_a_credentials_file(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any], tmp_path: Path
) -> None:
    credentials_file(tmp_path / "home" / ".huaweicloud" / "credentials", f"project_id = {PROJECT_ID}\n")
    open_to_all = credentials_file(tmp_path / "home" / "open to all", f"iam_endpoint = {simulator.url}\n")
    open_to_all.chmod(0o644)
    of_iam = task.pop("iam_endpoint")
    run = module_tasks.modules(
        [
            task,
            {**task, "credentials_file": "~/open to all"},
            {**task, "credentials_file": "$OMS_TEST_FOLDER/missing"},
            {**task, "auth_method": "file", "auth_token": "is ignored", "iam_endpoint": of_iam},
        ],
        environ={"OMS_TEST_FOLDER": str(tmp_path)},
    )

    default, given, missing, chosen = run.results
    assert [result.get("changed") for result in (default, given, missing, chosen)] == [True, True, False, True]
    # The first one needs no look-up of the project, the second makes one at the file's own IAM.
    assert [request.target for request in simulator.requests("GET")] == ["/v3/projects?name=cn-north-4"]
    assert "warnings" not in default
    assert f"Other users of this host can read the credentials file {open_to_all}. Run: chmod 600" in str(
        given["warnings"]
    )
    assert missing["msg"] == (
        f"credentials_file: the credentials file {tmp_path}/missing can't be read: no such file or directory."
        " Check the path."
    )
    assert all(f"Access={ACCESS_KEY}," in request.headers["authorization"] for request in simulator.requests("POST"))


@pytest.mark.parametrize("source", ["options", "environment"])
def test_a_password(simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any], source: str) -> None:
    simulator.add_user(USER["domain_name"], USER["username"], USER["password"])
    options, environ = (USER, {}) if source == "options" else ({}, USER_VARIABLES)
    simulator.add_project("cn-north-4_team", "the-project-of-the-team")
    simulator.add_task("of-the-team", "the-project-of-the-team")
    of_team = {"sync_task_id": "of-the-team", "project_name": "cn-north-4_team"}
    run = module_tasks.modules(
        [{**task, **options, **more} for more in ({}, {"project_id": PROJECT_ID}, of_team)], environ=environ
    )

    projects = [PROJECT_ID, PROJECT_ID, "the-project-of-the-team"]
    assert [result["project_id"] for result in run.results] == projects, run.output
    assert [result["changed"] for result in run.results] == [True, True, True]
    # A token and an event each: the token's answer has the project's id.
    requests = simulator.requests()
    assert [request.target.rpartition("/")[2] for request in requests] == ["tokens", "events"] * 3
    scopes = [json.loads(request.body)["auth"]["scope"] for request in requests[::2]]
    assert scopes == [
        {"project": {"name": "cn-north-4"}},
        {"project": {"id": PROJECT_ID}},
        {"project": {"name": "cn-north-4_team"}},
    ]
    assert all("authorization" not in request.headers for request in requests)


@pytest.mark.parametrize("with_token", [True, False], ids=["with token", "older"])
def test_an_agency(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any], on_ecs: dict[str, str], with_token: bool
) -> None:
    simulator.add_agency(with_token=with_token)
    # With a proxy that nothing may go to.
    with Simulator() as proxy:
        variables = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"), proxy.url)
        run = module_tasks.modules([task, {**task, "auth_method": "ecs_agency"}], environ={**on_ecs, **variables})
        assert proxy.requests() == []

    assert [result["changed"] for result in run.results] == [True, True], run.output
    asked = ["PUT /meta-data/latest/api/token", "GET /openstack/latest/securitykey", "GET /v3/projects?name=cn-north-4"]
    requests = simulator.requests()
    assert [f"{request.method} {request.target}" for request in requests[:3]] == asked
    assert requests[3].headers["x-security-token"].startswith("agency-sts-")
    assert len(requests) == 8


# ---- errors


def test_off_an_ecs_host_missing_credentials_fail_quickly(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any], off_ecs: dict[str, str]
) -> None:
    environ = {**off_ecs, "HW_ACCESS_KEY": "half", "HW_DOMAIN_NAME": "account"}
    run = module_tasks.modules([task], environ=environ)

    (result,) = run.results
    assert result["error"]["kind"] == "credentials"
    assert result["msg"].startswith("No credentials were found. Searched in this order:\n- the options (auth_token;")
    assert (
        f"\n- the credentials file {module_tasks.folder}/home/.huaweicloud/credentials, which does not exist\n"
        "- the ECS agency: this host is not an ECS host, because no metadata service answers\n"
        "Incomplete or invalid, and therefore ignored:\n- HW_ACCESS_KEY without HW_SECRET_KEY\n"
        "- HW_DOMAIN_NAME without HW_USER_NAME and HW_USER_PASSWORD\nGive the credentials in one of these."
    ) in result["msg"]
    assert simulator.requests() == []
    # The module itself, without Ansible's own start. The faster of two runs: the machine may be busy.
    seconds = min(run.seconds, module_tasks.modules([task], environ=environ).seconds)
    assert seconds < 3 + module_tasks.modules([{**task, "auth_method": "token"}], environ=off_ecs).seconds


Case = tuple[dict[str, t.Any], dict[str, str], str]


def run_cases(
    module_tasks: ModuleTasks, task: dict[str, t.Any], cases: t.Mapping[str, Case], environ: dict[str, str]
) -> dict[str, dict[str, t.Any]]:
    """Run the module for each case, options and environment, and check that it fails with the words of the case.

    An option of None is not given.
    """
    tasks = [
        {
            MODULE: {name: value for name, value in {**task, **options}.items() if value is not None},
            "environment": variables,
            "ignore_errors": True,
        }
        for options, variables, _said in cases.values()
    ]
    run = module_tasks.playbook(tasks, environ=environ)
    results = dict(zip(cases, run.results, strict=True))
    for case, (_options, _variables, said) in cases.items():
        assert results[case]["failed"], case
        assert said in results[case]["msg"], case
        assert SECRET_KEY not in str(results[case]), case
    return results


def test_the_cause_of_unusable_credentials_is_named_and_nothing_is_sent(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any], on_ecs: dict[str, str], tmp_path: Path
) -> None:
    files = {
        "section": f"[other]\nak = {ACCESS_KEY}\n",
        "comment": f"[basic]\nak = {ACCESS_KEY} # of the migration\nsk = {SECRET_KEY}\n",
        "indented": f"[basic]\nak = {ACCESS_KEY}\n  sk = {SECRET_KEY}\n",
        "twice": f"[basic]\nak = {ACCESS_KEY}\nsk = {SECRET_KEY}\nak = {ACCESS_KEY}\n",
        "quotes": f"[basic]\nak = {ACCESS_KEY}\nsk = '{SECRET_KEY}'\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    said = {
        "section": 'has no section [basic], which is required. Its sections: "other"',
        "comment": "has a comment after the value, which would be sent as a part of it. Put the"
        " comment on its own line.",
        "indented": "has an indented line after ak, which makes that line a part of the value. Correct the file",
        "twice": "has ak twice in a section, the second time in line 4",
        "quotes": "is enclosed in quotes, which would be sent as a part of it. Remove them.",
    }
    run_cases(
        module_tasks,
        task,
        {
            **{name: ({"credentials_file": str(tmp_path / name)}, {}, said[name]) for name in files},
            "quotes of the environment": (
                {},
                {"HW_ACCESS_KEY": ACCESS_KEY, "HW_SECRET_KEY": f'"{SECRET_KEY}"'},
                "HW_SECRET_KEY is enclosed in quotes, which would be sent as a part of it. Remove them.",
            ),
            "two methods": (
                {**USER, "auth_token": "x"},
                {},
                "auth_token and username, password and domain_name are given, which are two methods",
            ),
            "incomplete": ({"username": "x"}, {}, "username is given without password and domain_name"),
        },
        on_ecs,
    )

    assert simulator.requests() == []


def test_the_cause_of_a_refusal_of_iam_is_named(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any], on_ecs: dict[str, str]
) -> None:
    simulator.add_user(USER["domain_name"], USER["username"], USER["password"])
    simulator.fault("answer", status=403, body='{"error_code": "APIGW.0302"}', path="name=forbidden")
    key = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
    cases: dict[str, Case] = {
        "no agency": ({}, {}, "the ECS agency: no agency is bound to this ECS host"),
        "wrong password": (
            {},
            {**USER_VARIABLES, "HW_USER_PASSWORD": "another one"},
            "and domain_name (environment variables HW_USER_NAME, HW_USER_PASSWORD and HW_DOMAIN_NAME). The username,"
            " the password or the domain_name (the name of the account) is wrong.",
        ),
        "unknown region": ({**USER, "region": "cn-south-1"}, {}, "There may be no project named cn-south-1"),
        "unknown project": ({**key, "project_name": "x"}, {}, 'No project is named "x". Check region and'),
        "forbidden": (
            {**key, "project_name": "forbidden"},
            {},
            "Grant them the IAM action iam:projects:listProjects. Give project_id",
        ),
    }
    results = run_cases(module_tasks, task, cases, on_ecs)

    assert {result["error"]["kind"] for result in results.values()} == {"credentials"}
    # Each of them is tried once.
    assert [request.status for request in simulator.requests("POST")] == [401, 404]


def test_the_source_of_refused_credentials_is_named(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any], on_ecs: dict[str, str]
) -> None:
    simulator.add_token("expired-token", uses=0)
    simulator.add_access_key("TEMPORARY", "secret", "sts", uses=0)
    simulator.add_agency(seconds=-60)
    # The documented text of a locked key; the simulator's own lock takes six requests more.
    locked = '{"error_code": "APIGW.0301", "error_msg": "AK access failed to reach the limit,forbidden."}'
    simulator.add_task("locked", PROJECT_ID)
    simulator.fault("answer", status=401, body=locked, path="locked/events")
    key = {"access_key": ACCESS_KEY, "secret_key": "not-the-one"}
    cases: dict[str, Case] = {
        "expired token": ({"auth_token": "expired-token"}, {}, "The IAM token (options) has expired"),
        "unknown token": ({}, {"HW_AUTH_TOKEN": "x"}, "The IAM token (environment variable HW_AUTH_TOKEN) was refused"),
        "expired key": (
            {"access_key": "TEMPORARY", "secret_key": "secret", "security_token": "sts"},
            {},
            "The temporary access key (options) has expired. Get a new one, then run the task again",
        ),
        "unknown key": ({**key, "access_key": "NOBODYS"}, {}, "The access key (options) does not exist. Correct it"),
        "wrong key": (
            {},
            {"HW_ACCESS_KEY": ACCESS_KEY, "HW_SECRET_KEY": "not-the-one"},
            "The access key (environment variables HW_ACCESS_KEY and HW_SECRET_KEY) was refused, because the secret"
            " key",
        ),
        "locked key": (
            {**key, "sync_task_id": "locked"},
            {},
            "The access key (options) is locked, because more than 5 requests in a row were refused. Wait 5 minutes",
        ),
        "expired key of the agency": (
            {},
            {},
            "The temporary access key (ECS agency) has expired, but the metadata service of this ECS host",
        ),
    }
    results = run_cases(module_tasks, {**task, "project_id": PROJECT_ID}, cases, on_ecs)

    assert {result["error"]["kind"] for result in results.values()} == {"credentials"}
    # Each of them is tried once.
    assert [request.status for request in simulator.requests("POST")] == [401] * len(cases)


def test_a_project_is_looked_up_by_its_name(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any]
) -> None:
    simulator.add_project("cn-north-4_team", "the-project-of-the-team")
    simulator.add_task("of-the-team", "the-project-of-the-team")
    key = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "sync_task_id": "of-the-team"}
    # As the SDK reads it: the first of several endpoints.
    variable = {"HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4": f"{simulator.url},https://other.invalid"}
    del task["endpoint"]
    run = module_tasks.playbook(
        [
            {MODULE: {**task, **key}, "environment": {**variable, "HW_PROJECT_NAME": "cn-north-4_team"}},
            {
                MODULE: {**task, **key, "project_name": "cn-north-4_team"},
                "environment": {**variable, "HW_PROJECT_ID": PROJECT_ID, "HW_PROJECT_NAME": "other"},
            },
        ]
    )

    assert [result["project_id"] for result in run.results] == ["the-project-of-the-team"] * 2, run.output
    assert simulator.accepted_keys("of-the-team") == ["a", "a"]
    assert {request.target for request in simulator.requests("GET")} == {"/v3/projects?name=cn-north-4_team"}


def test_a_secret_of_the_environment_is_not_sent_elsewhere_without_a_warning(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any]
) -> None:
    simulator.add_token("Marker-token", project_id=PROJECT_ID)
    simulator.add_user(USER["domain_name"], USER["username"], USER["password"])
    foreign = "https://oms.invalid"
    here = {**task, "project_id": PROJECT_ID, "retries": 0}
    token = {"HW_AUTH_TOKEN": "Marker-token"}
    run = module_tasks.playbook(
        [
            {MODULE: {**here, **options}, "environment": environ, "ignore_errors": True}
            for options, environ in (
                ({"endpoint": foreign}, token),
                ({"endpoint": foreign}, USER_VARIABLES),
                ({"iam_endpoint": foreign}, USER_VARIABLES),
                # On loopback, or all of it given by the task
                ({}, token),
                ({}, USER_VARIABLES),
                ({"endpoint": foreign, "auth_token": "Marker-token"}, token),
            )
        ]
    )

    warned = [" ".join(map(str, result.get("warnings", []))) for result in run.results]
    assert (
        "The IAM token (environment variable HW_AUTH_TOKEN) is sent to https://oms.invalid (option endpoint)"
        in (warned[0])
    )
    assert (
        "The IAM token for the password (environment variables HW_USER_NAME, HW_USER_PASSWORD and HW_DOMAIN_NAME)"
        in (warned[1])
    )
    assert "is sent to https://oms.invalid (option iam_endpoint), which is not an endpoint of Huawei" in warned[2]
    assert warned[3:] == ["", "", ""]
    assert [result.get("changed") for result in run.results] == [False, False, False, True, True, False]
    assert "Marker" not in run.output


# ---- expiry


@pytest.mark.parametrize("source", ["password", "agency"])
def test_credentials_that_expire_three_times_are_renewed_three_times(
    simulator: Simulator,
    module_tasks: ModuleTasks,
    task: dict[str, t.Any],
    on_ecs: dict[str, str],
    tmp_path: Path,
    source: str,
) -> None:
    """500 events with 8 workers, and a token or key that is good for 150."""
    object_keys = object_keys_in(tmp_path / "object_keys", 5000)
    del task["object_keys"]
    task.update(object_keys_file=str(tmp_path / "object_keys"), project_id=PROJECT_ID)
    simulator.set(latency=0.005)
    if source == "password":
        simulator.add_user(USER["domain_name"], USER["username"], USER["password"], token_uses=150)
        task.update(USER)
    else:
        simulator.add_agency(uses=150)
    (result,) = module_tasks.modules([task], environ=on_ecs).results

    assert not result["failed"], result["msg"]
    assert Counter(simulator.accepted_keys(SYNC_TASK_ID)) == Counter(object_keys)
    requests = simulator.requests()
    fetched = [request for request in requests if request.target in (TOKENS, "/openstack/latest/securitykey")]
    refused = [request for request in requests if request.status == 401]
    assert len(fetched) == 1 + 3
    # No more than one for each expiry and worker, and each is counted as a retry.
    assert 3 <= len(refused) <= 3 * 8
    assert result["retry_count"] == len(refused)


def test_credentials_are_renewed_before_they_expire(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any], on_ecs: dict[str, str], tmp_path: Path
) -> None:
    """A run of 7 seconds with keys that are good for 6."""
    object_keys_in(tmp_path / "object_keys", 2800)
    del task["object_keys"]
    task.update(object_keys_file=str(tmp_path / "object_keys"), project_id=PROJECT_ID, rate_limit=40, concurrency=1)
    simulator.add_agency(seconds=6)
    (result,) = module_tasks.modules([task], environ=on_ecs).results

    assert (result["failed"], result["accepted_count"], result["retry_count"]) == (False, 2800, 0), result
    requests = simulator.requests()
    assert {request.status for request in requests} == {200}
    assert len([request for request in requests if request.target == "/openstack/latest/securitykey"]) == 2


def test_a_temporary_key_that_expires_ends_the_run_and_a_new_one_resumes(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any], tmp_path: Path
) -> None:
    object_keys = object_keys_in(tmp_path / "object_keys", 500)
    del task["object_keys"]
    task.update(
        object_keys_file=str(tmp_path / "object_keys"),
        progress_file=str(tmp_path / "progress"),
        project_id=PROJECT_ID,
        # So that all that was accepted is before the checkpoint.
        concurrency=1,
    )
    simulator.add_access_key("FIRST", "secret", "sts", uses=20)
    simulator.add_access_key("SECOND", "secret", "other-sts")
    first, second = module_tasks.modules(
        [
            {**task, "access_key": "FIRST", "secret_key": "secret", "security_token": "sts"},
            {**task, "access_key": "SECOND", "secret_key": "secret", "security_token": "other-sts"},
        ]
    ).results

    assert first["failed"]
    assert first["accepted_count"] == 200
    assert "The temporary access key (options) has expired. Get a new one, then run the task again" in first["msg"]
    assert first["msg"].endswith(" OMS accepted 200 of 500 objects. Another run resumes with the others.")
    assert (second["failed"], second["resumed_count"], second["accepted_count"]) == (False, 200, 300)
    assert Counter(simulator.accepted_keys(SYNC_TASK_ID)) == Counter(object_keys)
