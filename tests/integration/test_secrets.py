# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""That no secret is shown: on no path, at no verbosity, by the oldest and the newest ansible-core.

A table has each path for each credential source: what the module itself prints. A playbook at the highest verbosity has
what Ansible adds: one path or two for each credential source.
"""

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
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible
from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID
from ansible_collections.huaweicloud.oms.tests.integration.module_calls import Call, Printed, call_modules
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
# Tokens and temporary access keys of the simulator begin like this.
ISSUED = ("token-", "metadata-token-", "AGENCY0", "agency-sk-", "agency-sts-")
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
def bin_folder(request: pytest.FixtureRequest) -> str:
    return core(request.param)


@pytest.fixture
def simulator(simulator_process: Simulator) -> Simulator:
    """A simulator that knows the markers, and is the metadata service of an ECS host with an agency."""
    prepare(simulator_process)
    return simulator_process


def prepare(simulator: Simulator) -> None:
    simulator.reset()
    simulator.add_access_key(*(MARKERS[name] for name in KEY))
    simulator.add_token(MARKERS["auth_token"])
    simulator.add_user(USER["domain_name"], USER["username"], USER["password"])
    simulator.add_agency()
    simulator.add_project("cn-north-4", PROJECT_ID)
    for name, fault in FAULTS.items():
        simulator.add_task(name, PROJECT_ID)
        simulator.fault(path=f"{name}/events", **fault)
    simulator.add_task("stopped", PROJECT_ID, "STOPPED")
    simulator.add_task("running", PROJECT_ID)
    simulator.fault(path="name=echo-region", **ECHO)


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


def assert_no_form(shown: str, secret: str, name: str) -> None:
    found = [form for form in forms(secret) if form in shown]
    assert found == [], f"{name}: ...{shown[max(0, shown.index(found[0]) - 300) :][:600]}..." if found else ""


def assert_not_shown(shown: str) -> None:
    """No form of a secret is there, and nothing that a server issued."""
    for name, secret in MARKERS.items():
        assert_no_form(shown, secret, name)
    # Ansible's own words have the beginnings, too.
    assert [text for text in ISSUED if re.search(rf"{text}[0-9]", shown)] == [], shown


def assert_sent(simulator: Simulator) -> None:
    """The secrets were in use: they arrived, and in a form that a search finds. A secret key is never sent."""
    accepted = [request for request in simulator.requests("POST") if request.accepted]
    headers = [json.dumps(request.headers) for request in accepted]
    for name in ("access_key", "security_token", "auth_token"):
        assert any(form in text for form in forms(MARKERS[name]) for text in headers), name
    sent = [(request.headers.get("x-auth-token"), request.headers.get("x-security-token")) for request in accepted]
    assert any(token and token.startswith("token-") for token, _key in sent)
    assert any(key and key.startswith("agency-sts-") for _token, key in sent)


# ---- where credentials are from


class Source(t.NamedTuple):
    """A credential source: options, and variables of the environment."""

    options: dict[str, str]
    environ: dict[str, str]


def sources(credentials_file: Path) -> dict[str, Source]:
    return {
        "access key in the environment": Source({}, {VARIABLES[name]: MARKERS[name] for name in KEY}),
        "token in the environment": Source({}, {VARIABLES["auth_token"]: MARKERS["auth_token"]}),
        "password in the environment": Source({}, USER_VARIABLES),
        "access key": Source({name: MARKERS[name] for name in KEY}, {}),
        "token": Source({"auth_token": MARKERS["auth_token"]}, {}),
        "password": Source(USER, {}),
        "file": Source({"credentials_file": str(credentials_file)}, {}),
        "agency": Source({}, {}),
    }


def write_files(folder: Path) -> dict[str, Path]:
    """A valid credentials file, and files that are wrong."""
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
        "space": f"[basic]\nak = a\nsk = {MARKERS['secret_key']} {MARKERS['secret_key']}\n",
    }
    files = {name: folder / name for name in texts}
    for name, text in texts.items():
        files[name].write_text(text, encoding="utf-8")
    return files


# ---- paths


def common_options(simulator: Simulator) -> dict[str, t.Any]:
    return {
        "region": "cn-north-4",
        "project_id": PROJECT_ID,
        "endpoint": simulator.url,
        "iam_endpoint": simulator.url,
        "sync_task_id": "running",
        "object_keys": ["a"],
        "retries": 1,
        "retry_max_delay": 0,
        "timeout": 0.4,
    }


def paths(simulator: Simulator) -> list[dict[str, t.Any]]:
    """Arguments that take every path on which a secret could be shown."""
    common = common_options(simulator)
    of_region = {name: value for name, value in common.items() if name != "project_id"}
    no_host, stopped = {**common, "endpoint": "https://oms.invalid"}, {**common, "sync_task_id": "stopped"}
    return [
        *({**common, "sync_task_id": name} for name in FAULTS),
        *({**each, "_ansible_check_mode": mode} for each in (common, no_host, stopped) for mode in (True, False)),
        {**common, "endpoint": simulator.url.replace("http:", "https:")},
        {**common, "object_keys": [1.1]},
        {**common, "sync_task_id": "missing"},
        {**of_region, "region": "echo-region"},
        {**of_region, "region": "unknown-region"},
    ]


def invalid_options(simulator: Simulator, option: t.Callable[[str], str]) -> list[dict[str, t.Any]]:
    """Arguments that are invalid because of the credentials.

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
    return [{**common, **case} for case in cases]


# ---- tests


def test_no_path_of_the_module_shows_a_secret(
    simulator: Simulator, bin_folder: str, on_ecs: dict[str, str], tmp_path: Path
) -> None:
    files = write_files(tmp_path)
    wrong = {**common_options(simulator), "auth_method": "file"}
    of_sources = [
        ({**path, **source.options}, source.environ)
        for source in sources(files["good"]).values()
        for path in paths(simulator)
    ]
    rows = [
        *of_sources,
        *((options, {}) for options in invalid_options(simulator, MARKERS.__getitem__)),
        *(({**wrong, "credentials_file": str(path)}, {}) for path in files.values()),
    ]
    # A server of tokens or temporary access keys that echoes the request.
    password = [
        ({**common_options(simulator), **source.options}, source.environ)
        for name, source in sources(files["good"]).items()
        if name.startswith("password")
    ]
    agency = [(common_options(simulator), {})]
    printed = call(bin_folder, on_ecs, rows)
    assert_sent(simulator)
    echoed = []
    for path, callers in (("/v3/auth/tokens", password), ("/meta-data", agency), ("/openstack", agency)):
        simulator.clear_faults()
        simulator.fault(path=path, **ECHO)
        echoed.append(call(bin_folder, on_ecs, callers))

    for each in (*printed, *(one for some in echoed for one in some)):
        assert_not_shown(each.output)
    # Each source was used on each path: it was accepted in the real run, and echoed and masked.
    by_source = [
        printed[first : first + len(paths(simulator))] for first in range(0, len(of_sources), len(paths(simulator)))
    ]
    assert [each[len(FAULTS) + 1].result["changed"] for each in by_source] == [True] * len(sources(files["good"]))
    echo = list(FAULTS).index("echo")
    assert all("********" in each[echo].result["error"]["error_msg"] for each in by_source)
    assert all("IAM issued no token" in each.result["msg"] for each in echoed[0])
    assert all("its metadata service answered HTTP 400" in each.result["msg"] for some in echoed[1:] for each in some)


def call(
    bin_folder: str, environ: dict[str, str], rows: t.Sequence[tuple[dict[str, t.Any], dict[str, str]]]
) -> list[Printed]:
    home = environ["ANSIBLE_COLLECTIONS_PATH"]
    calls = [
        Call(module=MODULE, args={**args, "_ansible_verbosity": 5}, environ={"HOME": home, "LANG": "C.UTF-8", **own})
        for args, own in rows
    ]
    return call_modules(bin_folder, environ["ANSIBLE_COLLECTIONS_PATH"], calls)


def test_no_playbook_shows_a_secret(
    simulator: Simulator, bin_folder: str, on_ecs: dict[str, str], tmp_path: Path
) -> None:
    """At the highest verbosity, with secrets as options, in a file of variables, in the environment and in a URL.

    The URL is that of a proxy. The simulator is not a proxy, and refuses.
    """
    files = write_files(tmp_path)
    variables = tmp_path / "secrets.yml"
    variables.write_text(yaml.safe_dump({f"vault_{name}": value for name, value in MARKERS.items()}), encoding="utf-8")
    proxy = f"http://user:{quote(MARKERS['auth_token'], safe='')}@{simulator.url.removeprefix('http://')}"
    environ = {VARIABLES[name]: MARKERS[name] for name in (*KEY, "auth_token")} | USER_VARIABLES
    common = common_options(simulator)
    echo = {**common, "sync_task_id": "echo"}
    of_proxy = {name: common[name] for name in ("region", "project_id", "sync_task_id", "object_keys", "retries")}
    key = {name: MARKERS[name] for name in KEY}

    def variable(name: str) -> str:
        return "{{ vault_" + name + " }}"

    echoed = [
        {**echo, "auth_method": "aksk"},
        {**echo, "auth_method": "token"},
        {**echo, "auth_method": "password"},
        {**echo, "auth_method": "file", "credentials_file": str(files["good"])},
        {**echo, "auth_method": "ecs_agency"},
        {**echo, **key},
        {**echo, **{name: variable(name) for name in KEY}},
        {**echo, "auth_token": MARKERS["auth_token"]},
        {**echo, "auth_token": variable("auth_token")},
        {**echo, **USER},
        {**echo, **USER, "password": variable("password")},
    ]
    refused = [
        {**common, **key, "object_keys": [1.1]},
        {**of_proxy, "auth_method": "aksk"},
        *(invalid_options(simulator, option)[2] for option in (MARKERS.__getitem__, variable)),
        invalid_options(simulator, variable)[4],
        invalid_options(simulator, MARKERS.__getitem__)[8],
    ]
    accepted = [{**common, "auth_method": method} for method in ("aksk", "token", "password", "ecs_agency")]
    run = Ansible(tmp_path, bin_folder).playbook(
        [
            *({MODULE: case, "ignore_errors": True} for case in (*echoed, *refused)),
            {MODULE: {**common, **key}, "check_mode": True},
            *({MODULE: case} for case in accepted),
        ],
        "-vvvvv",
        f"-e@{variables}",
        environ={**on_ecs, **environ, "HTTPS_PROXY": proxy},
    )

    assert run.returncode == 0, run.output
    assert_not_shown(run.output + json.dumps(run.results))
    assert_sent(simulator)
    assert [result["failed"] for result in run.results] == [True] * 17 + [False] * 5
    assert all("********" in result["error"]["error_msg"] for result in run.results[: len(echoed)])
    (request,) = simulator.requests("CONNECT")
    assert request.headers["proxy-authorization"]
    of_proxy_result = run.results[len(echoed) + 1]
    assert of_proxy_result["error"]["kind"] == "connection"
    assert "(HTTP 4" in of_proxy_result["msg"]
