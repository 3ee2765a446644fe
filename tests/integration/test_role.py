# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The role sync_objects: one call for all hosts of a play."""

from __future__ import annotations

import typing as t

from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import Ansible, Run
from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID, SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

ROLE = {"ansible.builtin.import_role": {"name": "huaweicloud.oms.sync_objects"}}


def run_role(ansible: Ansible, connection: dict[str, t.Any], *options: str, **variables: t.Any) -> Run:
    inventory = ansible.folder / "inventory"
    inventory.write_text("one ansible_connection=local\ntwo ansible_connection=local\n", encoding="utf-8")
    of_module = {name: value for name, value in connection.items() if name not in ("region", "project_id")}
    return ansible.playbook(
        [{**ROLE, "vars": {f"sync_objects_{name}": value for name, value in variables.items()}}],
        f"-i{inventory}",
        *options,
        hosts="one,two",
        module_defaults={"group/huaweicloud.oms.oms": of_module},
    )


def test_it_calls_oms_once_for_all_hosts(simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]) -> None:
    run = run_role(
        ansible,
        connection,
        sync_task_id=SYNC_TASK_ID,
        object_keys=["a%2Fb", "c", "d"],
        object_keys_encoded=True,
        batch_size=2,
        region="cn-north-4",
        project_id=PROJECT_ID,
    )

    assert run.returncode == 0, run.output
    assert [request.object_keys for request in simulator.requests()] == [["a%2Fb", "c"], ["d"]]


def test_it_does_without_what_is_optional(simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]) -> None:
    run = run_role(ansible, connection, sync_task_id=SYNC_TASK_ID, object_keys=["a b"], region="cn-north-4")

    assert run.returncode == 0, run.output
    look_up, event = simulator.requests()
    assert look_up.target == "/v3/projects?name=cn-north-4"
    assert event.object_keys == ["a+b"]


def test_it_only_looks_in_check_mode(simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]) -> None:
    variables = {"sync_task_id": SYNC_TASK_ID, "object_keys": ["a"], "region": "cn-north-4", "project_id": PROJECT_ID}
    run = run_role(ansible, connection, "--check", **variables)

    assert run.returncode == 0, run.output
    assert [request.method for request in simulator.requests()] == ["GET"]


def test_it_wants_a_sync_task(simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]) -> None:
    run = run_role(ansible, connection, object_keys=["a"], region="cn-north-4")

    assert run.returncode != 0
    assert "sync_objects_sync_task_id" in run.output
    assert simulator.requests() == []
