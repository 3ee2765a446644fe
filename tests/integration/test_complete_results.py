# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Whatever fails in the module's process, the result says what OMS accepted and what it did not."""

from __future__ import annotations

import os
import signal
import time
import typing as t
from pathlib import Path

from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, InBackground, wait_until
from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID, SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.integration.module_tasks import ModuleTasks
from ansible_collections.huaweicloud.oms.tests.integration.process_faults import (
    BROKEN_REQUEST,
    FEWER_FILES,
    FEWER_THREADS,
    FULL_DISK,
    with_fault,
)
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

__all__ = ["with_fault"]

COUNT = 1000
OBJECT_KEYS = [f"object {number}" for number in range(COUNT)]
# The fault, more options, what the message says; None where the run is to succeed.
ROWS: dict[str, tuple[str, dict[str, t.Any], str | None]] = {
    "four-threads": (FEWER_THREADS.format(limit=4), {"concurrency": 16}, None),
    "no-thread": (FEWER_THREADS.format(limit=0), {"concurrency": 16}, None),
    # Without retries, so that none hides that connections are refused.
    "20-files": (FEWER_FILES.format(limit=20), {"concurrency": 64, "retries": 0}, None),
    "64-files": (FEWER_FILES.format(limit=64), {"concurrency": 64, "retries": 0}, None),
    "memory": (BROKEN_REQUEST.format(number=31, error="MemoryError"), {}, "an unexpected error: MemoryError"),
    "memory-first": (BROKEN_REQUEST.format(number=1, error="MemoryError"), {}, "an unexpected error: MemoryError"),
    "interrupt": (BROKEN_REQUEST.format(number=31, error="KeyboardInterrupt"), {}, "unexpected error: KeyboardInterr"),
    "first-line": (FULL_DISK.format(room=0), {}, "can't be written: no space left on device. Make room"),
    "later-line": (FULL_DISK.format(room=700), {"concurrency": 1}, "no space left on device. Make room"),
    "last-line": (FULL_DISK.format(room=700), {"concurrency": 64, "batch_size": 50}, "no space left on device. Make"),
}


def test_whatever_fails_the_result_is_complete(
    simulator: Simulator,
    module_tasks: ModuleTasks,
    task: dict[str, t.Any],
    tmp_path: Path,
    with_fault: t.Callable[[str], dict[str, str]],
) -> None:
    tmp_path.chmod(0o755)
    key_file = tmp_path / "object_keys"
    key_file.write_text("".join(f"{key}\n" for key in OBJECT_KEYS), encoding="ascii")
    simulator.set(latency=0.1)
    tasks = []
    for name, (fault, options, _said) in ROWS.items():
        simulator.add_task(name, PROJECT_ID)
        arguments = {
            **task,
            "sync_task_id": name,
            "object_keys_file": str(key_file),
            "progress_file": str(tmp_path / f"{name}.progress"),
            "concurrency": 8,
            **options,
        }
        tasks.append({MODULE: arguments, "environment": with_fault(fault), "ignore_errors": True})
    run = module_tasks.playbook(tasks, parallel=4)

    for (name, (_fault, _options, said)), result in zip(ROWS.items(), run.results, strict=False):
        accepted = simulator.accepted_keys(name)
        assert "accepted_count" in result, f"{name}: {result}"
        assert result["failed"] == (said is not None), f"{name}: {result.get('msg')}"
        assert result["accepted_count"] == len(set(accepted)), name
        assert result["changed"] == bool(accepted), name
        assert result["object_count"] == COUNT == result["accepted_count"] + result["remaining_count"], name
        assert sorted({*accepted, *result["remaining_object_keys"]}) == sorted(OBJECT_KEYS), name
        assert len(result["remaining_object_keys"]) == result["remaining_count"], name
        if said is None:
            assert result["error"] is None
        else:
            assert said in result["msg"], name
            assert result["error"]["kind"] in ("file", "connection", None), name
    assert len(run.results) == len(ROWS), run.output
    assert simulator.accepted_keys("first-line") == []
    assert len(simulator.accepted_keys("last-line")) == COUNT


def test_a_long_list_is_not_printed(simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any]) -> None:
    simulator.fault("answer", status=400, body='{"error_code": "OMS.0064"}', skip=2)
    (result,) = module_tasks.modules([{**task, "object_keys": [f"object {number}" for number in range(5000)]}]).results

    assert result["remaining_object_keys"] == [f"object {number}" for number in range(20, 1020)]
    assert (result["accepted_count"], result["remaining_count"], result["remaining_truncated"]) == (20, 4980, True)


def test_a_second_signal_ends_the_wait_at_once(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any], tmp_path: Path
) -> None:
    key_file = tmp_path / "object_keys"
    key_file.write_text("".join(f"{key}\n" for key in OBJECT_KEYS), encoding="ascii")
    options = {**task, "object_keys_file": str(key_file), "progress_file": str(tmp_path / "progress"), "timeout": 200}
    simulator.fault("hang", skip=5)
    run = InBackground(module_tasks, {**options, "concurrency": 4})
    wait_until(lambda: run.process() is not None and len(simulator.accepted_keys(SYNC_TASK_ID)) > 100)
    started = time.monotonic()
    for _number in range(2):
        os.kill(t.cast(int, run.process()), signal.SIGTERM)
        time.sleep(0.5)
    result = run.result()

    assert time.monotonic() - started < 30
    assert "The run was stopped by SIGTERM" in result["msg"]
    accepted = simulator.accepted_keys(SYNC_TASK_ID)
    assert result["accepted_count"] == len(accepted)
    assert result["remaining_count"] == COUNT - len(accepted) == len(result["remaining_object_keys"])
    assert sorted([*accepted, *result["remaining_object_keys"]]) == sorted(OBJECT_KEYS)
