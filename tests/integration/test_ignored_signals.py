# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""A run that nohup started does not stop when the terminal closes."""

from __future__ import annotations

import os
import signal
import typing as t
from pathlib import Path

from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import Ansible, InBackground, Run, wait_until
from ansible_collections.huaweicloud.oms.tests.integration.conftest import SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator


class UnderNohup(Ansible):
    """Ansible as a user starts it for a run that takes hours."""

    def run(self, *command: str, environ: t.Mapping[str, str] | None = None) -> Run:
        return super().run("nohup", *command, environ=environ)


def test_sighup_that_nohup_ignores_stops_no_run(simulator: Simulator, tmp_path: Path, task: dict[str, t.Any]) -> None:
    (tmp_path / "object_keys.txt").write_text("".join(f"object {number}\n" for number in range(300)), encoding="utf-8")
    simulator.set(latency=0.05)
    options = {
        **task,
        "object_keys_file": str(tmp_path / "object_keys.txt"),
        "progress_file": str(tmp_path / "progress"),
    }
    run = InBackground(UnderNohup(tmp_path), options)
    wait_until(lambda: run.process() is not None and len(simulator.requests("POST")) > 2)
    os.kill(t.cast(int, run.process()), signal.SIGHUP)
    at_the_signal = len(simulator.requests("POST"))
    result = run.result()

    assert at_the_signal < 30
    assert not result["failed"], result["msg"]
    assert result["accepted_count"] == len(simulator.accepted_keys(SYNC_TASK_ID)) == 300
