# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Which certificates are trusted, and that the connections to them are kept."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible, Run
from ansible_collections.huaweicloud.oms.tests.integration.conftest import (
    ACCESS_KEY,
    PROJECT_ID,
    SECRET_KEY,
    SYNC_TASK_ID,
)
from ansible_collections.huaweicloud.oms.tests.simulator.certificates import Certificates, make_certificates
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator


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


def assert_refused(run: Run, simulator: Simulator, words: str) -> None:
    (result,) = run.results
    assert result["failed"]
    assert result["error"]["kind"] == "tls"
    assert words in result["msg"]
    # Final at once, though the default is to try 8 times more.
    assert result["retry_count"] == 0
    assert simulator.requests() == []


def test_events_go_over_one_connection(
    secure: Simulator, ansible: Ansible, task: dict[str, t.Any], certificates: Certificates
) -> None:
    names = [f"name {number}" for number in range(200)]
    ansible.modules([{**task, "ca_path": str(certificates.authority), "object_keys": names}])

    assert secure.accepted_keys(SYNC_TASK_ID) == names
    assert {request.connection for request in secure.requests()} == {secure.requests()[0].connection}


def test_an_unknown_authority_is_refused(secure: Simulator, ansible: Ansible, task: dict[str, t.Any]) -> None:
    assert_refused(ansible.modules([task]), secure, "for a private certificate authority give ca_path")


def test_the_environment_names_an_authority(
    secure: Simulator, ansible: Ansible, task: dict[str, t.Any], certificates: Certificates
) -> None:
    variables = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"]
    run = ansible.playbook(
        [
            {
                MODULE: {**task, "object_keys": [variable]},
                "environment": {variable: str(certificates.authority)},
                "ignore_errors": True,
            }
            for variable in variables
        ]
    )

    assert [result["changed"] for result in run.results] == [True] * len(variables), run.output
    assert secure.accepted_keys(SYNC_TASK_ID) == variables


def test_ca_path_wins_over_the_environment(
    secure: Simulator,
    ansible: Ansible,
    task: dict[str, t.Any],
    certificates: Certificates,
    stranger: Certificates,
) -> None:
    right, wrong = str(certificates.authority), str(stranger.authority)

    refused = ansible.modules([{**task, "ca_path": wrong}], environ={"REQUESTS_CA_BUNDLE": right})
    assert_refused(refused, secure, "the certificate was not accepted")

    accepted = ansible.modules([{**task, "ca_path": right}], environ={"REQUESTS_CA_BUNDLE": wrong})
    assert accepted.results[0]["changed"]


def test_without_validation_anyone_is_believed_with_a_warning(
    secure: Simulator, ansible: Ansible, task: dict[str, t.Any], stranger: Certificates
) -> None:
    run = ansible.modules([{**task, "validate_certs": False, "ca_path": str(stranger.authority)}])

    (result,) = run.results
    assert result["changed"]
    assert "validate_certs is false" in str(result["warnings"])
    assert "validate_certs is false" in run.output
    assert secure.accepted_keys(SYNC_TASK_ID) == ["a"]


def test_a_certificate_for_another_host_is_refused(ansible: Ansible, tmp_path: Path) -> None:
    made = make_certificates(tmp_path, "oms.example.com")
    with Simulator(made.server) as simulator:
        prepare(simulator)
        run = ansible.modules([{**options(simulator), "ca_path": str(made.authority)}])

        assert_refused(run, simulator, "the certificate was not accepted")
