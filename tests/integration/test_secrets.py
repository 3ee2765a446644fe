# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""That no secret is shown: on no path, at no verbosity, by the oldest and the newest ansible-core."""

from __future__ import annotations

import base64
import html
import json
import os
import re
import typing as t
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import yaml
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible, Run
from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

# With characters that URLs, JSON, HTML, Python and shells write in another way.
MARKERS = {
    "access_key": "AKMARKER0123456789",
    "secret_key": "sk/marker+\"with\\all&kinds'of=characters",
    "security_token": "sts/marker+\"with\\all&kinds'of=characters",
    "auth_token": "token/marker+\"with\\all&kinds'of=characters",
    "password": "pass/marker+\"with \\all&kinds'of=characters",
}
KEY = ("access_key", "secret_key", "security_token")
VARIABLES = {name: f"HW_{name.upper()}" for name in MARKERS if name != "password"}
USER = {"username": "migrator", "password": MARKERS["password"], "domain_name": "the-account"}
USER_VARIABLES = dict(zip(("HW_USER_NAME", "HW_USER_PASSWORD", "HW_DOMAIN_NAME"), USER.values(), strict=True))
# What the simulator hands out begins like this.
HANDED_OUT = ("token-", "metadata-token-", "AGENCY0", "agency-sk-", "agency-sts-")
ECHO = {"kind": "echo", "status": 400, "times": None}

# Each has a sync task of its own, with what goes wrong there.
FAULTS: dict[str, dict[str, t.Any]] = {
    "wrong": {"kind": "answer", "status": 401, "body": '{"error_code": "APIGW.0301"}', "times": None},
    "echo": ECHO,
    "echo-unavailable": {**ECHO, "status": 503},
    "echo-html": {**ECHO, "headers": {"Content-Type": "text/html"}},
    "echo-accepted": {**ECHO, "status": 200, "headers": {"Content-Type": "text/html"}},
    "reset": {"kind": "reset", "times": None},
    "hang": {"kind": "hang", "times": None},
}


def core(variable: str) -> str:
    """The folder of an ansible-core's commands, which noxfile.py makes."""
    if variable not in os.environ:
        pytest.skip(f"{variable} does not say where this ansible-core is")
    return os.environ[variable]


@pytest.fixture(params=["OMS_TEST_CORE_OLDEST", "OMS_TEST_CORE_NEWEST"], ids=["oldest", "newest"])
def ansible(request: pytest.FixtureRequest, tmp_path: Path) -> Ansible:
    return Ansible(tmp_path, core(request.param))


@pytest.fixture
def simulator(simulator_process: Simulator) -> Simulator:
    """A simulator that knows the markers."""
    simulator_process.reset()
    simulator_process.add_access_key(*(MARKERS[name] for name in KEY))
    simulator_process.add_token(MARKERS["auth_token"])
    simulator_process.add_user(USER["domain_name"], USER["username"], USER["password"])
    simulator_process.add_project("cn-north-4", PROJECT_ID)
    for name, fault in FAULTS.items():
        simulator_process.add_task(name, PROJECT_ID)
        simulator_process.fault(path=f"{name}/events", **fault)
    simulator_process.add_task("stopped", PROJECT_ID, "STOPPED")
    simulator_process.add_task("running", PROJECT_ID)
    simulator_process.fault(path="name=echo-region", **ECHO)
    return simulator_process


def forms(secret: str) -> set[str]:
    """The ways in which a secret may be written."""
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(json.dumps(secret)[1:-1])[1:-1],
        repr(secret)[1:-1],
        html.escape(secret),
        base64.b64encode(secret.encode()).decode(),
    }


def assert_not_shown(run: Run, names: t.Iterable[str]) -> None:
    """No form of a secret is in what was printed or returned."""
    shown = run.output + json.dumps(run.results)
    for name in names:
        found = [form for form in forms(MARKERS[name]) if form in shown]
        assert found == [], f"{name}: ...{shown[shown.index(found[0]) - 300 :][:600]}..." if found else ""


def assert_sent(simulator: Simulator, names: t.Iterable[str]) -> None:
    """The secrets were in use: they arrived, and in a form that a search finds. A secret key never does."""
    headers = [json.dumps(request.headers) for request in simulator.requests("POST") if request.accepted]
    for name in names:
        assert name == "secret_key" or any(form in text for form in forms(MARKERS[name]) for text in headers), name


def tasks(simulator: Simulator, credentials: dict[str, str]) -> list[dict[str, t.Any]]:
    """Tasks that take every path on which a secret could slip out."""
    common = {
        "region": "cn-north-4",
        "project_id": PROJECT_ID,
        "endpoint": simulator.url,
        "iam_endpoint": simulator.url,
        "sync_task_id": "running",
        "object_keys": ["a"],
        "retries": 1,
        "retry_max_delay": 0,
        "timeout": 0.4,
        **credentials,
    }
    of_region = {name: value for name, value in common.items() if name != "project_id"}
    other_cases = [
        common,
        {**common, "endpoint": "https://oms.invalid"},
        {**common, "endpoint": simulator.url.replace("http:", "https:")},
        {**common, "object_keys": [1.1]},
        {**common, "sync_task_id": "stopped"},
        {**common, "sync_task_id": "missing"},
        {**of_region, "region": "echo-region"},
        {**of_region, "region": "unknown-region"},
    ]
    cases = [*({**common, "sync_task_id": name} for name in FAULTS), *other_cases]
    return [
        {MODULE: case, "ignore_errors": True, "check_mode": check_mode}
        for case in cases
        for check_mode in ([True, False] if case in (common, other_cases[1], other_cases[4]) else [False])
    ]


def wrong_ways(simulator: Simulator, option: t.Callable[[str], str]) -> list[dict[str, t.Any]]:
    """Tasks whose very options are wrong.

    :arg option: what a task has for the option of this name.
    """
    common = {"region": "cn-north-4", "project_id": PROJECT_ID, "sync_task_id": "running", "object_keys": ["a"]}
    cases = [
        {"endpoint": simulator.url, "access_key": option("access_key")},
        {"endpoint": simulator.url, "security_token": option("security_token")},
        {"endpoint": simulator.url, **{name: option(name) for name in MARKERS}},
        {"endpoint": simulator.url, "password": option("password")},
        {"endpoint": simulator.url, **USER, "password": option("password") + "\n"},
        {"endpoint": simulator.url, "auth_token": option("auth_token") + "\n"},
        {"endpoint": simulator.url, "access_key": option("access_key"), "secret_key": option("secret_key") + " "},
        {"endpoint": simulator.url, "access_key": option("access_key"), "secret_key": option("secret_key") + "\u00fc"},
        {"endpoint": "https://user:" + option("auth_token") + "@127.0.0.1", "auth_token": option("auth_token")},
    ]
    return [{MODULE: {**common, **case}, "ignore_errors": True} for case in cases]


@pytest.mark.parametrize("names", [KEY, ("auth_token",)], ids=["key", "token"])
def test_secrets_of_the_environment(simulator: Simulator, ansible: Ansible, names: tuple[str, ...]) -> None:
    environ = {VARIABLES[name]: MARKERS[name] for name in names}
    run = ansible.playbook(tasks(simulator, {}), "-vvvvv", environ=environ)

    assert_not_shown(run, names)
    assert_sent(simulator, names)


def test_secrets_of_a_proxy(simulator: Simulator, ansible: Ansible) -> None:
    """A proxy's password is in its URL; the simulator is no proxy, and refuses."""
    proxy = f"http://user:{quote(MARKERS['auth_token'], safe='')}@{simulator.url.removeprefix('http://')}"
    environ = {**{VARIABLES[name]: MARKERS[name] for name in KEY}, "HTTPS_PROXY": proxy}
    options = {"region": "cn-north-4", "project_id": PROJECT_ID, "sync_task_id": "running", "object_keys": ["a"]}
    run = ansible.playbook([{MODULE: options}], "-vvvvv", environ=environ)

    assert_not_shown(run, ["auth_token", *KEY])
    (request,) = simulator.requests("CONNECT")
    assert request.headers["proxy-authorization"]
    assert run.results[0]["error"]["kind"] == "connection"
    assert "(HTTP 4" in run.results[0]["msg"]


@pytest.mark.parametrize("hand_over", ["option", "file"])
def test_secrets_of_options(simulator: Simulator, ansible: Ansible, hand_over: str) -> None:
    file = ansible.folder / "secrets.yml"
    file.write_text(yaml.safe_dump({f"vault_{name}": value for name, value in MARKERS.items()}), encoding="utf-8")

    def option(name: str) -> str:
        return MARKERS[name] if hand_over == "option" else "{{ vault_" + name + " }}"

    credentials = [
        {name: option(name) for name in KEY},
        {"auth_token": option("auth_token")},
        {**USER, "password": option("password")},
    ]
    # The module gets the same from a file of variables: a few paths show that Ansible hides those, too.
    paths = slice(None) if hand_over == "option" else slice(4)
    run = ansible.playbook(
        [*(task for each in credentials for task in tasks(simulator, each)[paths]), *wrong_ways(simulator, option)],
        "-vvvvv",
        *([f"-e@{file}"] if hand_over == "file" else []),
    )

    assert_not_shown(run, MARKERS)
    if hand_over == "option":
        assert_sent(simulator, (*KEY, "auth_token"))


def assert_nothing_handed_out_is_shown(run: Run) -> None:
    shown = run.output + json.dumps(run.results)
    # Ansible's own words have it, too.
    found = [text for text in HANDED_OUT if re.search(rf"{text}[0-9]", shown)]
    assert found == [], shown


def test_secrets_of_a_file(simulator: Simulator, ansible: Ansible, tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    names = {"ak": "access_key", "sk": "secret_key", "security_token": "security_token"}
    entries = "".join(f"{name} = {MARKERS[marker]}\n" for name, marker in names.items())
    texts = {
        "good": f"[basic]\n{entries}",
        "broken": f"[basic]\n{entries}{MARKERS['secret_key']}\n",
        "twice": f"[basic]\n{entries}{entries}",
        "half": f"[basic]\nsk = {MARKERS['secret_key']}\n",
        "other": f"[other]\n{entries}",
        "comment": f"[basic]\nak = a\nsk = {MARKERS['secret_key']} # {MARKERS['secret_key']}\n",
        "indented": f"[basic]\nak = a\n  sk = {MARKERS['secret_key']}\n",
        "quoted": f"[basic]\nak = a\nsk = '{MARKERS['secret_key']}'\n",
        "blank": f"[basic]\nak = a\nsk = {MARKERS['secret_key']} {MARKERS['secret_key']}\n",
    }
    files = {name: file.with_name(name) for name in texts}
    for name, text in texts.items():
        files[name].write_text(text, encoding="utf-8")
    wrong = {"region": "cn-north-4", "project_id": PROJECT_ID, "endpoint": simulator.url, "auth_method": "file"}
    wrong |= {"sync_task_id": "running", "object_keys": ["a"]}
    run = ansible.playbook(
        [
            *tasks(simulator, {"credentials_file": str(files["good"])}),
            *({MODULE: {**wrong, "credentials_file": str(path)}, "ignore_errors": True} for path in files.values()),
        ],
        "-vvvvv",
    )

    assert_not_shown(run, KEY)
    assert_sent(simulator, KEY)


def test_a_password_and_its_token(simulator: Simulator, ansible: Ansible) -> None:
    run = ansible.playbook(tasks(simulator, {}), "-vvvvv", environ=USER_VARIABLES)
    simulator.fault(path="/v3/auth/tokens", **ECHO)
    echoed = ansible.playbook(tasks(simulator, {})[:1], "-vvvvv", environ=USER_VARIABLES)

    for each in (run, echoed):
        assert_not_shown(each, ["password"])
        assert_nothing_handed_out_is_shown(each)
    assert "IAM issued no token" in echoed.results[0]["msg"]
    assert any(request.accepted and "x-auth-token" in request.headers for request in simulator.requests("POST"))


def test_an_agency_s_keys(simulator: Simulator, ansible: Ansible, on_ecs: dict[str, str]) -> None:
    simulator.add_agency()
    run = ansible.playbook(tasks(simulator, {}), "-vvvvv", environ=on_ecs)
    echoed = []
    for path in ("/meta-data", "/openstack"):
        simulator.clear_faults()
        simulator.fault(path=path, **ECHO)
        echoed.append(ansible.playbook(tasks(simulator, {})[:1], "-vvvvv", environ=on_ecs))

    for each in (run, *echoed):
        assert_nothing_handed_out_is_shown(each)
    assert all("its metadata service answered HTTP 400" in each.results[0]["msg"] for each in echoed)
    assert any(request.accepted and "x-security-token" in request.headers for request in simulator.requests("POST"))
