# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The network between the module and OMS: certificates, proxies, and servers that mean harm."""

from __future__ import annotations

import base64
import contextlib
import json
import time
import typing as t
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import quote

import pytest
from ansible_collections.huaweicloud.oms.tests.benchmark.bench import measured_python
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible
from ansible_collections.huaweicloud.oms.tests.integration.conftest import (
    ACCESS_KEY,
    PROJECT_ID,
    SECRET_KEY,
    SYNC_TASK_ID,
)
from ansible_collections.huaweicloud.oms.tests.integration.module_tasks import ModuleTasks
from ansible_collections.huaweicloud.oms.tests.simulator.certificates import (
    Certificates,
    make_certificates,
    make_self_signed,
)
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator
from ansible_collections.huaweicloud.oms.tests.simulator.proxy import Proxy

OMS, IAM = "oms.cn-north-4.myhuaweicloud.com", "iam.cn-north-4.myhuaweicloud.com"
LONG_AGO = {
    "not_before": datetime(2001, 1, 1, tzinfo=timezone.utc),
    "not_after": datetime(2002, 1, 1, tzinfo=timezone.utc),
}
# With characters that mean something in a URL.
PROXY_PASSWORD = "proxy/pass@word:42"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """For OMS and IAM by their real names, and for loopback."""
    return make_certificates(tmp_path_factory.mktemp("certificates"), OMS, IAM, "127.0.0.1")


@pytest.fixture(scope="module")
def secure_process(certificates: Certificates) -> t.Iterator[Simulator]:
    with Simulator(certificates.server) as simulator:
        yield simulator


@pytest.fixture
def secure(secure_process: Simulator) -> Simulator:
    secure_process.reset()
    secure_process.add_access_key(ACCESS_KEY, SECRET_KEY)
    secure_process.add_project("cn-north-4", PROJECT_ID)
    secure_process.add_task(SYNC_TASK_ID, PROJECT_ID)
    return secure_process


@pytest.fixture
def by_region(certificates: Certificates) -> dict[str, t.Any]:
    """Options of a user who gives a region and no more: all else has to be found through the proxy."""
    return {
        "region": "cn-north-4",
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
        "sync_task_id": SYNC_TASK_ID,
        "object_keys": ["a"],
        "ca_path": str(certificates.authority),
    }


def address(simulator: Simulator) -> str:
    return simulator.url.partition("://")[2]


def routes(simulator: Simulator) -> dict[str, str]:
    return {f"{host}:443": address(simulator) for host in (OMS, IAM)}


def with_variables(
    module_tasks: ModuleTasks, options: dict[str, t.Any], environs: list[dict[str, str]]
) -> list[dict[str, t.Any]]:
    """The results of the module in each of these environments."""
    run = module_tasks.playbook([{MODULE: options, "environment": each, "ignore_errors": True} for each in environs])
    assert len(run.results) == len(environs), run.output
    return run.results


# ---- certificates


def test_a_certificate_that_has_expired_is_refused(module_tasks: ModuleTasks, tmp_path: Path) -> None:
    made = make_certificates(tmp_path, **LONG_AGO)
    with Simulator(made.server) as simulator:
        task = {
            "endpoint": simulator.url,
            "project_id": PROJECT_ID,
            "auth_token": "the-token",
            "sync_task_id": SYNC_TASK_ID,
        }
        (result,) = module_tasks.modules([{**task, "object_keys": ["a"], "ca_path": str(made.authority)}]).results

        assert (result["error"]["kind"], result["retry_count"]) == ("tls", 0)
        assert " is not trusted: certificate has expired. Check " in result["msg"]
        assert simulator.requests() == []


def test_a_certificate_that_nobody_vouches_for_is_refused_until_it_is_trusted(
    module_tasks: ModuleTasks, tmp_path: Path
) -> None:
    with Simulator(make_self_signed(tmp_path)) as simulator:
        simulator.add_token("the-token")
        simulator.add_task(SYNC_TASK_ID, PROJECT_ID)
        task = {"endpoint": simulator.url, "project_id": PROJECT_ID, "auth_token": "the-token", "object_keys": ["a"]}
        task["sync_task_id"] = SYNC_TASK_ID
        refused, believed = module_tasks.modules([task, {**task, "validate_certs": False}]).results

        assert (refused["error"]["kind"], refused["retry_count"]) == ("tls", 0)
        # OpenSSL 1.1 writes it without the hyphen.
        assert "self-signed certificate" in refused["msg"].replace("self signed", "self-signed")
        assert believed["changed"]
        assert "validate_certs is false" in str(believed["warnings"])
        assert len(simulator.requests()) == 1


def test_the_environment_names_certificates(
    secure: Simulator, module_tasks: ModuleTasks, by_region: dict[str, t.Any], certificates: Certificates
) -> None:
    """REQUESTS_CA_BUNDLE, as curl's and requests' users have it: a file, or a folder of them, hashed by OpenSSL."""
    folder = module_tasks.folder / "certificates"
    folder.mkdir()
    # Nothing in it is found by a hash: it is a folder, and trusts nobody.
    (folder / "authority.pem").write_bytes(certificates.authority.read_bytes())
    del by_region["ca_path"]
    task = {**by_region, "endpoint": secure.url, "iam_endpoint": secure.url}
    accepted, refused = with_variables(
        module_tasks, task, [{"REQUESTS_CA_BUNDLE": str(bundle)} for bundle in (certificates.authority, folder)]
    )

    assert (accepted["changed"], refused["changed"]) == (True, False)
    assert "unable to get local issuer certificate" in refused["msg"]


# ---- proxies


def test_all_goes_through_the_proxy(secure: Simulator, ansible: Ansible, by_region: dict[str, t.Any]) -> None:
    netrc = ansible.folder / "home" / ".netrc"
    netrc.write_text("default login someone password else\n", encoding="utf-8")
    netrc.chmod(0o600)
    by_region["object_keys"] = [f"name {number}" for number in range(100)]
    with Proxy(routes(secure)) as proxy:
        (result,) = ansible.modules([by_region], environ={"HTTPS_PROXY": proxy.url()}).results

    assert not result["failed"], result["msg"]
    assert sorted(secure.accepted_keys(SYNC_TASK_ID)) == sorted(by_region["object_keys"])
    assert result["endpoint"] == f"https://{OMS}"
    assert proxy.asked[0].target == f"{IAM}:443"
    # One tunnel for each connection, and they are kept.
    assert {asked.target for asked in proxy.asked[1:]} == {f"{OMS}:443"}
    assert len(proxy.asked) <= 1 + 8
    # The proxy learns who is asked for and nothing else, and the .netrc's password goes nowhere.
    assert set(proxy.asked[0].headers) <= {"host", "user-agent"}
    assert all(request.headers["authorization"].startswith("SDK-HMAC-SHA256 ") for request in secure.requests())


def test_a_proxy_wants_credentials(secure: Simulator, ansible: Ansible, by_region: dict[str, t.Any]) -> None:
    user = f"user:{quote(PROXY_PASSWORD, safe='')}"
    with Proxy(routes(secure), f"user:{PROXY_PASSWORD}") as proxy:
        right, wrong, none = (
            ansible.playbook([{MODULE: by_region}], "-vvvvv", environ={"https_proxy": proxy.url(credentials)})
            for credentials in (user, f"user:not-{quote(PROXY_PASSWORD, safe='')}", "")
        )

    assert right.results[0]["changed"], right.output
    assert [asked.status for asked in proxy.asked] == [200, 200, 407, 407]
    for run, words in ((wrong, "refused the user name or the password"), (none, "requires a user name and a password")):
        (result,) = run.results
        assert (result["error"]["kind"], result["error"]["http_status"]) == ("connection", None)
        assert result["retry_count"] == 0
        assert result["msg"].startswith(f"The proxy {words} (HTTP 407). "), result["msg"]
        assert "https_proxy" in result["msg"]
    secret = base64.b64encode(f"user:{PROXY_PASSWORD}".encode()).decode()
    for run in (right, wrong, none):
        assert [form for form in (PROXY_PASSWORD, quote(PROXY_PASSWORD, safe=""), secret) if form in run.output] == []
    assert all("proxy-authorization" not in request.headers for request in secure.requests())


def test_a_proxy_forbids(secure: Simulator, module_tasks: ModuleTasks, by_region: dict[str, t.Any]) -> None:
    with Proxy({}) as proxy:
        (result,) = module_tasks.modules([by_region], environ={"ALL_PROXY": proxy.url()}).results

    assert result["error"]["kind"] == "connection"
    assert f"The proxy refused the connection to {IAM} (HTTP 403). Check ALL_PROXY and NO_PROXY" in result["msg"]
    # Final at once, though the default is to try 8 times more.
    assert [asked.target for asked in proxy.asked] == [f"{IAM}:443"]
    assert secure.requests() == []


def test_no_proxy_names_whom_to_ask_directly(
    secure: Simulator, module_tasks: ModuleTasks, by_region: dict[str, t.Any]
) -> None:
    through = {None: True, "example.com": True, "127.0.0.1": False, "example.com, 127.0.0.0/8": False, "*": False}
    task = {**by_region, "endpoint": secure.url, "project_id": PROJECT_ID}
    with contextlib.ExitStack() as proxies:
        # One for each, so that it is known who was asked.
        by_case = [proxies.enter_context(Proxy({address(secure): address(secure)})) for _case in through]
        environs = [
            {"HTTPS_PROXY": proxy.url(), **({"NO_PROXY": no_proxy} if no_proxy else {})}
            for no_proxy, proxy in zip(through, by_case, strict=True)
        ]
        results = with_variables(module_tasks, task, environs)

    assert [result["changed"] for result in results] == [True] * len(through), results
    asked = [[asked.target for asked in proxy.asked] for proxy in by_case]
    assert asked == [[address(secure)] if by_proxy else [] for by_proxy in through.values()]


def test_a_proxy_that_cannot_be_used_is_named(secure: Simulator, ansible: Ansible, by_region: dict[str, t.Any]) -> None:
    password = "the-password-of-the-proxy"
    cases = {
        f'"http://user:{password}@127.0.0.1:9"': "HTTPS_PROXY has quotes around its value. Remove the quotes.",
        f"socks5://user:{password}@127.0.0.1:9": "HTTPS_PROXY names a SOCKS proxy, which is not supported.",
        f"http://user:{password}/@127.0.0.1:9": "HTTPS_PROXY is not a valid URL of a proxy. It must be ",
    }
    run = ansible.playbook(
        [{MODULE: by_region, "environment": {"HTTPS_PROXY": url}, "ignore_errors": True} for url in cases], "-vvv"
    )

    assert len(run.results) == len(cases), run.output
    for result, words in zip(run.results, cases.values(), strict=True):
        assert result["msg"].startswith(words)
        # Ansible shows a task's environment to whoever asks for it; the module shows nothing of it.
        assert password not in json.dumps({**result, "invocation": None})
    assert secure.requests() == []


# ---- servers that mean harm


def test_a_page_without_an_end_fills_no_memory(simulator: Simulator, ansible: Ansible, task: dict[str, t.Any]) -> None:
    """More than a hundred megabytes come if one lets them: the simulator sends until the connection is closed."""
    measured = ansible.folder / "measured"
    for status in (200, 400):
        simulator.fault("endless", status=status, body='{"error_code": "OMS.0064"')
    python = measured_python(ansible.folder, measured)
    options = {**task, "object_keys": ["a"], "retries": 0, "timeout": 20}
    results = ansible.modules([options] * 2, f"-eansible_python_interpreter={python}").results

    peaks = [json.loads(line)["peak_bytes"] for line in measured.read_text(encoding="utf-8").splitlines()]
    assert len(peaks) >= 2
    assert max(peaks) < 100 * 1024**2
    assert [len(json.dumps(result)) < 10_000 for result in results] == [True, True]
    assert (results[1]["error"]["kind"], results[1]["error"]["http_status"]) == ("service", 400)


def test_a_body_that_drips_in_is_not_waited_for(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any]
) -> None:
    # A byte each hundredth of a second: half a minute of bytes that all come in time.
    simulator.fault("drip", status=200, times=None, body="x" * 3000, path="/events")
    begun = time.monotonic()
    (result,) = module_tasks.modules(
        [{**task, "object_keys": ["a"], "timeout": 0.5, "retries": 1, "retry_max_delay": 0}]
    ).results

    assert (result["error"]["kind"], result["retry_count"]) == ("timeout", 1)
    assert result["msg"].startswith("The server did not answer within 0.5 s. ")
    assert "/events, 2 attempts)" in result["msg"]
    assert time.monotonic() - begun < 25


def test_a_token_whose_answer_is_cut_off_is_asked_for_again(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any]
) -> None:
    user = {"username": "migrator", "password": "the password of the tests", "domain_name": "the-account"}
    simulator.add_user(user["domain_name"], user["username"], user["password"])
    simulator.fault("truncate", status=201, path="/v3/auth/tokens")
    options = {name: value for name, value in task.items() if name not in ("access_key", "secret_key")}
    given = {**options, **user, "object_keys": ["a"], "iam_endpoint": simulator.url, "retry_max_delay": 0}
    (result,) = module_tasks.modules([given]).results

    assert result["changed"], result["msg"]
    assert len(simulator.requests("POST", "/v3/auth/tokens")) == 2
    assert simulator.accepted_keys(SYNC_TASK_ID) == ["a"]


def test_a_compressed_answer_is_not_the_service_s(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any]
) -> None:
    for status in (200, 401):
        simulator.fault("answer", status=status, body="x", headers={"Content-Encoding": "br"})
    success, refused = module_tasks.modules([{**task, "object_keys": ["a"]}] * 2).results

    assert (success["changed"], success["error"]["kind"], success["retry_count"]) == (False, "connection", 0)
    assert success["msg"].startswith('The answer is compressed ("br"), although the request forbids that. ')
    assert (refused["error"]["kind"], refused["error"]["http_status"]) == ("credentials", 401)
    assert len(simulator.requests()) == 2


def test_a_redirect_takes_no_credentials_elsewhere(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any]
) -> None:
    with Simulator() as elsewhere:
        for status in (301, 302, 307, 308):
            simulator.fault("answer", status=status, headers={"Location": f"{elsewhere.url}/v2/there"})
        results = module_tasks.modules([{**task, "object_keys": ["a"]}] * 4).results

        assert [result["error"]["http_status"] for result in results] == [301, 302, 307, 308]
        assert elsewhere.requests() == []


def test_an_answer_that_is_made_to_be_shown_does_no_harm(
    simulator: Simulator, ansible: Ansible, task: dict[str, t.Any]
) -> None:
    """Words for a terminal, a template engine and a header, in all places whose words are shown."""
    words = "\x1b[31m{{ 7 * 7 }}\x1b]0;title\x07\r\nok: [localhost]"
    body = json.dumps({"error_code": words, "error_msg": words, "error_detail": words})
    headers = {"X-Request-Id": "{{ 7 * 7 }}\x1b[31m", "X-Other": "a\r\nX-Request-Id: another\r\n folded"}
    simulator.fault("answer", status=400, body=body, headers=headers, times=None)
    run = ansible.playbook(
        [
            {MODULE: {**task, "object_keys": ["a"]}, "register": "sent", "ignore_errors": True},
            {"ansible.builtin.debug": {"msg": "{{ sent.msg }}"}},
            {"ansible.builtin.debug": {"msg": "{{ sent.error.request_id }}"}},
        ],
        "-vvv",
    )

    result, shown, request_id = run.results
    assert result["error"]["error_code"] == words
    assert "{{ 7 * 7 }}" in shown["msg"]
    assert shown["msg"] == result["msg"]
    assert result["msg"].isprintable()
    assert "{{ 7 * 7 }}" in request_id["msg"]
    assert "\x1b" not in run.output
