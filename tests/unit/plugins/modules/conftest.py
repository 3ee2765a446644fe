# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Modules over the simulator, in the process of the test."""

from __future__ import annotations

import json
import os
import re
import typing as t
from dataclasses import dataclass

import pytest
from ansible.module_utils import basic
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.connections import Connections
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response
from ansible_collections.huaweicloud.oms.tests.unit.module_runs import ANSIBLE_S_OWN, module_args
from ansible_collections.huaweicloud.oms.tests.unit.simulated_oms import PROJECT, SimulatedOms


@dataclass
class Done:
    """What came of a run: ``result`` has no more keys than the module gave it, and ``msg`` is None where none came."""

    failed: bool
    msg: str | None
    result: dict[str, t.Any]
    warnings: list[str]


class RunOnSimulator(t.Protocol):
    def __call__(self, main: t.Callable[[], None], options: dict[str, t.Any], check_mode: bool = ...) -> Done:
        """Run a module's main()."""


@pytest.fixture
def oms() -> SimulatedOms:
    return SimulatedOms(Clock())


@pytest.fixture
def run_on_simulator(
    oms: SimulatedOms, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> RunOnSimulator:
    """Run a module that asks the simulator, with nothing in the environment. An option of None is not given."""
    for name in list(os.environ):
        if re.match("(?i)HW_|HUAWEICLOUD_|CLOUD_SDK_|REQUESTS_|CURL_|.*_PROXY$", name):
            monkeypatch.delenv(name)
    warnings: list[str] = []

    def exchange(_connections: Connections, request: Request, headers: t.Mapping[str, str]) -> Response:
        return oms.exchange(request, headers)

    def run(main: t.Callable[[], None], options: dict[str, t.Any], check_mode: bool = False) -> Done:
        given = {"region": "cn-north-4", "project_id": PROJECT, "auth_token": "Marker-token", "retries": 0, **options}
        args = {name: value for name, value in given.items() if value is not None}
        # no_log keeps the runs out of this machine's syslog, and changes nothing else.
        args.update(_ansible_check_mode=check_mode, _ansible_version="2.99", _ansible_no_log=True)
        monkeypatch.setattr(Connections, "exchange", exchange)
        # Ansible gathers warnings per process, and each core in its own form.
        warnings.clear()
        monkeypatch.setattr(basic.AnsibleModule, "warn", lambda _module, warning: warnings.append(warning))
        capsys.readouterr()
        with module_args(args), pytest.raises(SystemExit) as ended:
            main()
        printed = json.loads(capsys.readouterr().out)
        result = {name: value for name, value in printed.items() if name not in ANSIBLE_S_OWN}
        failed = printed.get("failed", False)
        assert ended.value.code == (1 if failed else 0)
        return Done(failed, printed.get("msg"), result, list(warnings))

    return run
