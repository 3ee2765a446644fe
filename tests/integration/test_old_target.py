# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Managed hosts with an old Python: 3.9 with the requests and urllib3 of RHEL 9, and those that are too old."""

from __future__ import annotations

import os
import pwd
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
from ansible_collections.huaweicloud.oms.tests.simulator.certificates import make_certificates
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator


@pytest.mark.skipif("OMS_TEST_TARGET_PYTHON39" not in os.environ, reason="no Python 3.9 was named")
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_it_runs_on_python_3_9_with_requests_2_25_1(ansible: Ansible, tmp_path: Path, secure: bool) -> None:
    python = os.environ["OMS_TEST_TARGET_PYTHON39"]
    made = make_certificates(tmp_path)
    names = [f"name {number}" for number in range(25)]
    task: dict[str, t.Any] = {
        "region": "cn-north-4",
        "project_id": PROJECT_ID,
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
        "sync_task_id": SYNC_TASK_ID,
        "concurrency": 4,
        "object_keys": names,
        "retry_max_delay": 0,
    }
    with Simulator(made.server if secure else None) as simulator:
        simulator.add_access_key(ACCESS_KEY, SECRET_KEY)
        simulator.add_task(SYNC_TASK_ID, PROJECT_ID)
        simulator.fault("answer", status=503, skip=1)
        simulator.fault("reset")
        run = ansible.playbook(
            [
                {"ansible.builtin.setup": {"gather_subset": ["!all", "!min", "python"]}},
                {MODULE: {**task, "endpoint": simulator.url, "ca_path": str(made.authority)}},
                {MODULE: {**task, "endpoint": simulator.url, "sync_task_id": "other"}, "ignore_errors": True},
            ],
            "-e",
            f"ansible_python_interpreter={python}",
        )

        assert len(run.results) == 3, run.output
        facts, accepted, other = run.results
        assert facts["ansible_facts"]["ansible_python"]["version"]["minor"] == 9, run.output
        assert accepted["changed"], run.output
        assert sorted(simulator.accepted_keys(SYNC_TASK_ID)) == sorted(names)
        assert accepted["retry_count"] == 2
        assert simulator.requests()[-1].headers["user-agent"].endswith("requests/2.25.1")
        assert other["error"]["kind"] == ("tls" if secure else "state")


@pytest.mark.skipif("OMS_TEST_TARGET_PYTHON39" not in os.environ, reason="no Python 3.9 was named")
def test_it_bears_bad_answers_there(simulator: Simulator, ansible: Ansible, task: dict[str, t.Any]) -> None:
    python = os.environ["OMS_TEST_TARGET_PYTHON39"]
    faults: list[dict[str, t.Any]] = [
        {"kind": "answer", "status": 400, "headers": {"Content-Type": "text/html; charset"}},
        {"kind": "drip", "status": 200, "body": "x" * 3000},
        {"kind": "endless", "status": 400},
    ]
    for fault in faults:
        simulator.fault(**fault)
    options = {**task, "object_keys": ["a"], "retries": 0, "timeout": 1}
    run = ansible.modules([options] * len(faults), f"-eansible_python_interpreter={python}")

    assert [result["error"]["kind"] for result in run.results] == ["connection", "timeout", "service"], run.output
    assert "The server did not answer with HTTP" in run.results[0]["msg"]
    assert simulator.requests()[-1].headers["user-agent"].endswith("requests/2.25.1")


INTERPRETER = "ansible_python_interpreter"
# A task for each module, in which everything may be wrong but the version of Python.
MODULES = ("oms_sync_event", "oms_sync_task", "oms_sync_task_info", "oms_sync_task_statistics_info")


def old_pythons() -> dict[str, str]:
    """The interpreters of this machine that are older than Python 3.9, by version: those of pyenv."""
    root = Path(os.environ.get("PYENV_ROOT") or Path(pwd.getpwuid(os.getuid()).pw_dir, ".pyenv"))
    found = {version: sorted(root.glob(f"versions/{version}.*/bin/python3")) for version in ("3.6", "3.7", "3.8")}
    return {version: str(paths[-1]) for version, paths in found.items() if paths}


@pytest.mark.skipif("OMS_TEST_CORE_OLDEST" not in os.environ, reason="no ansible-core that supports them was named")
def test_an_older_python_gets_a_sentence(tmp_path: Path) -> None:
    pythons = old_pythons()
    if not pythons:
        pytest.skip("this machine has no Python before 3.9")
    tasks = [
        {f"huaweicloud.oms.{module}": {"secret_key": "Marker"}, "ignore_errors": True, "vars": {INTERPRETER: python}}
        for python in pythons.values()
        for module in MODULES
    ]
    run = Ansible(tmp_path, os.environ["OMS_TEST_CORE_OLDEST"]).playbook(tasks)

    expected = [
        "The collection huaweicloud.oms requires Python 3.9 or later on the host that the module runs on, and"
        f" {python} is Python {version}. Install a later Python there, or set ansible_python_interpreter to one."
        for version, python in pythons.items()
        for _module in MODULES
    ]
    assert [result["msg"] for result in run.results] == expected, run.output
    assert all(result["failed"] for result in run.results)
    assert "Traceback" not in run.output
    assert "Marker" not in run.output
