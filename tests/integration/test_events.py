# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What the module sends, by what the simulator recorded."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import Ansible
from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID, SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator


@pytest.mark.parametrize(
    ("object_keys", "encoded", "sent"),
    [
        pytest.param(["test/001.txt", "test/002.txt"], False, ["test%2F001.txt", "test%2F002.txt"], id="slash"),
        pytest.param(["test+001.txt"], False, ["test%2B001.txt"], id="plus"),
        pytest.param(["test 001.txt"], False, ["test+001.txt"], id="space"),
        pytest.param(
            ["AWSLogs/1/a+b.gz", "a*b~c!'()"], True, ["AWSLogs/1/a+b.gz", "a*b~c!'()"], id="URL-encoded already"
        ),
    ],
)
def test_documented_examples(
    simulator: Simulator,
    ansible: Ansible,
    task: dict[str, t.Any],
    object_keys: list[str],
    encoded: bool,
    sent: list[str],
) -> None:
    run = ansible.modules([{**task, "object_keys": object_keys, "object_keys_encoded": encoded}])

    assert [result["changed"] for result in run.results] == [True], run.output
    (request,) = simulator.requests()
    assert (request.method, request.target) == ("POST", f"/v2/{PROJECT_ID}/sync-tasks/{SYNC_TASK_ID}/events")
    assert json.loads(request.body) == {"object_keys": sent}
    assert request.accepted
