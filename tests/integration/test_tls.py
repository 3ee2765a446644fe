# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Which certificates are trusted, and that the connections to them are kept."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import sys
import tempfile
import threading
import typing as t
from pathlib import Path

import pytest
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
    make_chain,
)
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator
from ansible_collections.huaweicloud.oms.tests.simulator.proxy import Proxy


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Another authority, which did not sign the simulator's certificate."""
    return make_certificates(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(scope="module")
def secure(certificates: Certificates) -> t.Iterator[Simulator]:
    with Simulator(certificates.server) as simulator:
        yield simulator


@pytest.fixture
def task(secure: Simulator) -> dict[str, t.Any]:
    prepare(secure)
    return options(secure)


def prepare(simulator: Simulator) -> None:
    simulator.reset()
    simulator.add_access_key(ACCESS_KEY, SECRET_KEY)
    simulator.add_task(SYNC_TASK_ID, PROJECT_ID)


def options(simulator: Simulator) -> dict[str, t.Any]:
    return {
        "region": "cn-north-4",
        "project_id": PROJECT_ID,
        "endpoint": simulator.url,
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
        "sync_task_id": SYNC_TASK_ID,
        "concurrency": 1,
        "object_keys": ["a"],
    }


def assert_refused(result: dict[str, t.Any], words: str) -> None:
    assert result["failed"]
    assert result["error"]["kind"] == "tls"
    assert words in result["msg"]
    # Permanent, though the default is to try 8 times more.
    assert result["retry_count"] == 0


def test_events_go_over_one_connection(
    secure: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any], certificates: Certificates
) -> None:
    names = [f"name {number}" for number in range(200)]
    module_tasks.modules([{**task, "ca_path": str(certificates.authority), "object_keys": names}])

    assert secure.accepted_keys(SYNC_TASK_ID) == names
    assert {request.connection for request in secure.requests()} == {secure.requests()[0].connection}


def test_which_authorities_are_trusted(
    secure: Simulator,
    module_tasks: ModuleTasks,
    task: dict[str, t.Any],
    certificates: Certificates,
    stranger: Certificates,
) -> None:
    """Of ca_path, which comes first, and of the environment."""
    right, wrong = str(certificates.authority), str(stranger.authority)
    variables = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"]
    refused: list[tuple[dict[str, t.Any], dict[str, str], str]] = [
        ({}, {}, "If its certificate authority is a private one, set ca_path"),
        ({"ca_path": wrong}, {"REQUESTS_CA_BUNDLE": right}, " is not trusted"),
    ]
    accepted: list[tuple[dict[str, t.Any], dict[str, str]]] = [
        *(({"object_keys": [variable]}, {variable: right}) for variable in variables),
        ({"object_keys": ["ca_path"], "ca_path": right}, {"REQUESTS_CA_BUNDLE": wrong}),
        ({"object_keys": ["no validation"], "validate_certs": False, "ca_path": wrong}, {}),
    ]
    cases = [*(each[:2] for each in refused), *accepted]
    run = module_tasks.playbook([{MODULE: {**task, **options}, "environment": environ} for options, environ in cases])

    assert [result["changed"] for result in run.results] == [False] * 2 + [True] * 5, run.output
    for result, (*_case, words) in zip(run.results, refused, strict=False):
        assert_refused(result, words)
    # Nothing else has been sent.
    assert len(secure.requests()) == 5
    assert secure.accepted_keys(SYNC_TASK_ID) == [*variables, "ca_path", "no validation"]
    assert "validate_certs is false" in str(run.results[-1]["warnings"])
    assert "validate_certs is false" in run.output


def test_a_certificate_for_another_host_is_refused(module_tasks: ModuleTasks, tmp_path: Path) -> None:
    made = make_certificates(tmp_path, "oms.example.com")
    with Simulator(made.server) as simulator:
        prepare(simulator)
        (result,) = module_tasks.modules([{**options(simulator), "ca_path": str(made.authority)}]).results

        assert_refused(result, " is not trusted")
        assert simulator.requests() == []


# ---- versions of Python, requests and urllib3

# The variables that tell of environments, and what is in the directory of each.
LIBRARIES = {"newest": "", "2.32.3": "REQUESTS_2_32_3", "2.31": "REQUESTS_2_31", "2.25.1": "TARGET_PYTHON39"}


def interpreter(variable: str) -> str:
    """The Python of an environment; of this one, where none is named."""
    if not variable:
        return sys.executable
    if f"OMS_TEST_{variable}" not in os.environ:
        pytest.skip(f"there is no environment {variable}")
    path = Path(os.environ[f"OMS_TEST_{variable}"])
    return str(path / "python" if path.is_dir() else path)


def with_certifi(folder: Path, authority: Path) -> dict[str, str]:
    """The environment of a task in which certifi trusts this authority and nobody else."""
    package = Path(tempfile.mkdtemp(dir=folder), "certifi")
    package.mkdir()
    (package / "__init__.py").write_text(f"def where():\n    return {str(authority)!r}\n", encoding="utf-8")
    return {"PYTHONPATH": str(package.parent)}


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_certifi_s_certificates_are_not_trusted_beside_ca_path(
    secure: Simulator,
    ansible: Ansible,
    task: dict[str, t.Any],
    certificates: Certificates,
    stranger: Certificates,
    libraries: str,
) -> None:
    python = interpreter(LIBRARIES[libraries])
    address = secure.url.partition("://")[2]
    with Proxy({address: address}) as proxy:
        believes = with_certifi(ansible.folder, certificates.authority)
        doubts = with_certifi(ansible.folder, stranger.authority)
        through = {"HTTPS_PROXY": proxy.url()}
        right, wrong = {"ca_path": str(certificates.authority)}, {"ca_path": str(stranger.authority)}
        cases: list[tuple[dict[str, t.Any], dict[str, str], bool]] = [
            (wrong, believes, False),
            (wrong, {**believes, **through}, False),
            ({}, doubts, False),
            (right, doubts, True),
            (right, {**doubts, **through}, True),
            ({}, believes, True),
            ({"validate_certs": False}, doubts, True),
        ]
        run = ansible.playbook(
            [
                {
                    MODULE: {**task, **options, "object_keys": [str(number)]},
                    "environment": environ,
                    "ignore_errors": True,
                }
                for number, (options, environ, _trusted) in enumerate(cases)
            ],
            f"-eansible_python_interpreter={python}",
        )

    assert [result["changed"] for result in run.results] == [trusted for *_case, trusted in cases], run.output
    assert {result["error"]["kind"] for result in run.results if not result["changed"]} == {"tls"}
    assert secure.accepted_keys(SYNC_TASK_ID) == [str(number) for number, case in enumerate(cases) if case[2]]
    assert [asked.status for asked in proxy.asked] == [200, 200]
    agents = {str(request.headers["user-agent"]).rpartition("requests/")[2] for request in secure.requests()}
    assert len(agents) == 1
    assert libraries == "newest" or agents.pop().startswith(libraries)


def test_a_version_of_requests_that_ignores_ca_path_is_refused(
    secure: Simulator, ansible: Ansible, task: dict[str, t.Any], certificates: Certificates
) -> None:
    python = interpreter("REQUESTS_2_32_2")
    run = ansible.modules([{**task, "ca_path": str(certificates.authority)}], f"-eansible_python_interpreter={python}")

    (result,) = run.results
    assert result["failed"]
    assert result["msg"] == (
        "requests 2.32.2 is not supported, because it does not use the certificates of ca_path."
        f" Install requests 2.32.3 or later for {python}."
    )
    assert secure.requests() == []


@pytest.mark.parametrize("libraries", ["newest", "2.25.1"])
def test_ca_path_may_be_a_root_an_intermediate_or_the_server_s_own_certificate(
    ansible: Ansible, tmp_path: Path, stranger: Certificates, libraries: str
) -> None:
    python = interpreter(LIBRARIES[libraries])
    made = make_chain(tmp_path)
    with Simulator(made.server) as simulator:
        prepare(simulator)
        paths = [made.root, made.intermediate, made.own, stranger.authority]
        run = ansible.modules(
            [{**options(simulator), "ca_path": str(path)} for path in paths], f"-eansible_python_interpreter={python}"
        )

    assert [result["changed"] for result in run.results] == [True, True, True, False], run.output


def test_the_system_s_store_or_certifi_s_file_may_be_missing(
    ansible: Ansible, task: dict[str, t.Any], certificates: Certificates, tmp_path: Path
) -> None:
    nowhere = str(tmp_path / "nowhere")
    believes = with_certifi(ansible.folder, certificates.authority)
    missing = with_certifi(ansible.folder, tmp_path / "missing.pem")
    no_store = {"SSL_CERT_FILE": nowhere, "SSL_CERT_DIR": nowhere}
    directory = tmp_path / "store"
    directory.mkdir()
    (directory / "unrelated.pem").write_text("", encoding="utf-8")
    environments = [
        {**missing, **no_store, "SSL_CERT_FILE": str(certificates.authority)},
        {**believes, **no_store},
        {**missing, **no_store},
        {**missing, **no_store, "SSL_CERT_DIR": str(directory)},
    ]
    run = ansible.playbook(
        [{MODULE: task, "environment": environ, "ignore_errors": True} for environ in environments],
        f"-eansible_python_interpreter={sys.executable}",
    )

    of_system, of_certifi, none, of_directory = run.results
    assert of_system["changed"], of_system["msg"]
    assert of_certifi["changed"], of_certifi["msg"]
    assert none["msg"].startswith("This host has no trusted certificates: ")
    assert f" {tmp_path / 'missing.pem'} of certifi can't be read. Install " in none["msg"]
    # OpenSSL finds nothing in that directory: the connection shows it.
    assert of_directory["error"]["kind"] == "tls"


# ---- servers that do not speak TLS as they should


class TlsServer:
    """A server on loopback that answers one request on each connection; the n-th has the n-th context."""

    def __init__(self, *contexts: ssl.SSLContext) -> None:
        self.requests = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, args=contexts, daemon=True)

    def __enter__(self) -> TlsServer:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _serve(self, *contexts: ssl.SSLContext) -> None:
        for context in contexts:
            with contextlib.suppress(OSError):
                connection, _address = self._listener.accept()
                connection.settimeout(10)
                with connection, context.wrap_socket(connection, server_side=True) as secured:
                    # All of it: what is left unread when a connection is closed resets it.
                    received = b""
                    while not received.endswith(b"}"):
                        received += secured.recv(65536)
                    self.requests += 1
                    secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")


def server_context(made: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server)
    return context


def old_context(made: Certificates) -> ssl.SSLContext:
    """A server that speaks TLS 1.1 and nothing newer: another client gets an alert."""
    context = server_context(made)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_1_1_is_refused_though_openssl_allows_it(
    ansible: Ansible, certificates: Certificates, task: dict[str, t.Any], tmp_path: Path
) -> None:
    """On Python 3.9, which takes the lowest version from OpenSSL's configuration."""
    configuration = tmp_path / "openssl.cnf"
    sections = ["openssl_conf = a", "[a]", "ssl_conf = b", "[b]", "system_default = c", "[c]"]
    sections += ["MinProtocol = TLSv1", "CipherString = DEFAULT@SECLEVEL=0", ""]
    configuration.write_text("\n".join(sections), encoding="utf-8")
    python = interpreter("TARGET_PYTHON39")
    with TlsServer(old_context(certificates)) as server:
        run = ansible.modules(
            [{**task, "endpoint": server.url, "ca_path": str(certificates.authority)}],
            f"-eansible_python_interpreter={python}",
            environ={"OPENSSL_CONF": str(configuration)},
        )

    (result,) = run.results
    assert (result["error"]["kind"], result["retry_count"]) == ("tls", 0), run.output
    assert result["msg"].startswith("The TLS connection failed: ")
    assert f"Check that {server.url} (option endpoint) supports TLS 1.2 or later. " in result["msg"]
    assert server.requests == 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_alert_is_transient_once_the_host_has_answered(
    module_tasks: ModuleTasks, certificates: Certificates, task: dict[str, t.Any]
) -> None:
    good, alert = server_context(certificates), old_context(certificates)
    given = {**task, "ca_path": str(certificates.authority), "object_keys": ["a", "b"], "batch_size": 1}
    with TlsServer(alert) as first, TlsServer(good, alert, good) as later:
        run = module_tasks.modules(
            [{**given, "endpoint": server.url, "retry_max_delay": 0} for server in (first, later)]
        )

    at_once, retried = run.results
    assert (at_once["error"]["kind"], at_once["retry_count"], at_once["accepted_count"]) == ("tls", 0, 0)
    assert (retried["accepted_count"], retried["retry_count"]) == (2, 1), run.output
    assert (first.requests, later.requests) == (0, 2)
