# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Many object keys: from files, in parallel, with a rate limit, with transient errors, and with stop signals."""

from __future__ import annotations

import json
import os
import signal
import typing as t
from collections import Counter
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible, InBackground, wait_until
from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID, SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.integration.module_tasks import ModuleTasks
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

# The long runs take minutes; make test has them short.
FULL = "OMS_TEST_FULL" in os.environ


def numbered(count: int) -> list[str]:
    return [f"backup/2026/object {number:07}" for number in range(count)]


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "object_keys.txt"


def write(path: Path, keys: t.Iterable[str]) -> None:
    path.write_text("".join(f"{key}\n" for key in keys), encoding="utf-8")


@pytest.fixture
def bulk(connection: dict[str, t.Any], key_file: Path, tmp_path: Path) -> dict[str, t.Any]:
    """Options for a file of object keys and a progress file."""
    return {
        **connection,
        "sync_task_id": SYNC_TASK_ID,
        "object_keys_file": str(key_file),
        "progress_file": str(tmp_path / "progress"),
    }


# ---- files


def test_files_of_object_keys(
    simulator: Simulator, module_tasks: ModuleTasks, connection: dict[str, t.Any], tmp_path: Path
) -> None:
    (tmp_path / "home" / "lines").write_bytes(b"\xef\xbb\xbfa b\r\n\n{{ 7 * 7 }}\nc\xc2\x85d\xe2\x80\xa8e")
    (tmp_path / "jsonl").write_bytes(b'"f\\ng"\n"\xe4\xb8\xad"\n')
    (tmp_path / "encoded").write_bytes(b"h%2Fi/j+k\n")
    task = {**connection, "sync_task_id": SYNC_TASK_ID}
    run = module_tasks.modules(
        [
            {**task, "object_keys_file": "~/lines"},
            {**task, "object_keys_file": "$OMS_KEYS/jsonl", "object_keys_file_format": "jsonl"},
            {**task, "object_keys_file": str(tmp_path / "encoded"), "object_keys_encoded": True},
        ],
        environ={"OMS_KEYS": str(tmp_path)},
    )

    assert [result["accepted_count"] for result in run.results] == [3, 2, 1], run.output
    expected = ["a b", "{{ 7 * 7 }}", "c\x85d\u2028e", "f\ng", "中", "h/i/j k"]
    assert simulator.accepted_keys(SYNC_TASK_ID) == expected


@pytest.mark.parametrize("content", [b"a\n\nb\xff\n", b"a\nb\n" + b"c" * 20000], ids=["UTF-8", "length"])
def test_a_bad_line_is_found_before_anything_is_sent(
    simulator: Simulator, module_tasks: ModuleTasks, bulk: dict[str, t.Any], key_file: Path, content: bytes
) -> None:
    key_file.write_bytes(content)
    (result,) = module_tasks.modules([bulk]).results

    assert f"object_keys_file: line 3 of {key_file}" in result["msg"]
    assert "error" not in result
    assert simulator.requests() == []


def test_a_fifo_does_not_block(
    simulator: Simulator, module_tasks: ModuleTasks, bulk: dict[str, t.Any], key_file: Path
) -> None:
    os.mkfifo(key_file)
    (result,) = module_tasks.modules([bulk]).results

    assert "is not a regular file" in result["msg"]
    assert simulator.requests() == []


def test_a_million_objects_with_a_wrong_key_are_one_request(
    simulator: Simulator, module_tasks: ModuleTasks, bulk: dict[str, t.Any], key_file: Path
) -> None:
    write(key_file, numbered(1_000_000))
    (result,) = module_tasks.modules([{**bulk, "secret_key": "another-one", "concurrency": 64}]).results

    assert (result["object_count"], result["remaining_count"]) == (1_000_000, 1_000_000)
    assert result["remaining_object_keys"] == numbered(1000)
    assert result["remaining_truncated"]
    assert [request.status for request in simulator.requests()] == [401]


# ---- in parallel


def test_the_first_event_is_sent_alone_and_the_others_with_the_concurrency(
    simulator: Simulator, module_tasks: ModuleTasks, bulk: dict[str, t.Any], key_file: Path
) -> None:
    write(key_file, numbered(2000))
    simulator.set(latency=0.05)
    (result,) = module_tasks.modules([bulk]).results

    first, second, *others = simulator.requests()
    assert second.monotonic - first.monotonic >= 0.05
    assert result["accepted_count"] == 2000
    assert Counter(simulator.accepted_keys(SYNC_TASK_ID)) == Counter(numbered(2000))
    # 8 by default, over connections that are kept.
    assert len({request.connection for request in [first, second, *others]}) == 8


def test_after_a_failure_accepted_and_remaining_are_everything(
    simulator: Simulator, module_tasks: ModuleTasks, bulk: dict[str, t.Any], key_file: Path
) -> None:
    write(key_file, numbered(900))
    simulator.set(latency=0.005)
    simulator.fault("answer", status=400, body='{"error_code": "OMS.0064"}', skip=40)
    (result,) = module_tasks.modules([{**bulk, "concurrency": 8}]).results

    accepted = simulator.accepted_keys(SYNC_TASK_ID)
    assert result["error"]["error_code"] == "OMS.0064"
    assert result["accepted_count"] == len(accepted) >= 400
    assert sorted(accepted + result["remaining_object_keys"]) == numbered(900)
    assert result["remaining_count"] == 900 - len(accepted)
    assert set(result["error"]["object_keys"]) <= set(result["remaining_object_keys"])
    # None begins once the failure is known; on its way to being known, each of the 7 others may end and begin once.
    assert len(simulator.requests()) <= 41 + 7 + 7


@pytest.mark.slow
def test_transient_errors_are_retried_and_counted(
    simulator: Simulator, module_tasks: ModuleTasks, bulk: dict[str, t.Any], key_file: Path
) -> None:
    count = 20_000 if FULL else 4000
    write(key_file, numbered(count))
    kinds: list[dict[str, t.Any]] = [
        {"kind": "reset"},
        {"kind": "answer", "status": 502},
        {"kind": "answer", "status": 503},
        {"kind": "answer", "status": 429},
        {"kind": "hang"},
        {"kind": "reset", "after_accepting": True},
    ]
    for number, kind in enumerate(kinds):
        # Never as often in a row as one event may be retried.
        simulator.fault(**kind, times=3, skip=10 + 50 * number)
    (result,) = module_tasks.modules([{**bulk, "timeout": 1, "retry_max_delay": 0.1}]).results

    requests = simulator.requests()
    assert not result["failed"], result["msg"]
    assert result["accepted_count"] == count
    assert set(simulator.accepted_keys(SYNC_TASK_ID)) == set(numbered(count))
    assert result["retry_count"] == sum(bool(request.fault) for request in requests) == len(requests) - count / 10
    # Of the answers, one kind is counted three times for each of three statuses.
    assert Counter(request.fault for request in requests if request.fault) == {"reset": 6, "answer": 9, "hang": 3}


@pytest.mark.slow
def test_an_outage_does_not_end_a_run(
    simulator: Simulator, module_tasks: ModuleTasks, bulk: dict[str, t.Any], key_file: Path
) -> None:
    write(key_file, numbered(3000))
    seconds = 60 if FULL else 4
    simulator.fault("answer", status=503, times=None, skip=100, seconds=seconds)
    # With the default retries.
    (result,) = module_tasks.modules([bulk]).results

    assert not result["failed"], result["msg"]
    assert result["accepted_count"] == 3000
    assert result["retry_count"] > 0


# ---- the rate


def test_a_single_429_does_not_slow_a_run_down(
    simulator: Simulator, module_tasks: ModuleTasks, bulk: dict[str, t.Any], key_file: Path
) -> None:
    """At its start, when the rate is not known yet."""
    write(key_file, numbered(3000))
    simulator.set(latency=0.02)
    simulator.fault("answer", status=429, skip=10)
    (result,) = module_tasks.modules([bulk]).results

    times = [request.monotonic for request in simulator.requests()]
    assert (result["accepted_count"], result["retry_count"]) == (3000, 1)
    # With 20 ms and 8 at once it takes about a second; at the rate of the start it would take ten.
    assert times[-1] - times[0] < 5


def test_a_rate_limit_holds_in_any_second(
    simulator: Simulator, module_tasks: ModuleTasks, bulk: dict[str, t.Any], key_file: Path
) -> None:
    write(key_file, numbered(2000))
    simulator.fault("answer", status=503, times=10, skip=20)
    module_tasks.modules([{**bulk, "rate_limit": 50, "concurrency": 16, "retry_max_delay": 0.1}])

    times = [request.monotonic for request in simulator.requests()]
    assert len(times) == 210
    # They start evenly spaced. One that starts late, or is longer on its way, does not delay those behind it.
    assert max(sum(begin <= other < begin + 1 for other in times) for begin in times) <= 50 * 1.1
    # And most of it is used.
    assert times[-1] - times[0] < 210 / 50 * 1.5


# ---- resuming


def test_object_keys_after_the_checkpoint_may_be_corrected(
    simulator: Simulator, module_tasks: ModuleTasks, bulk: dict[str, t.Any], key_file: Path
) -> None:
    keys = numbered(500)
    write(key_file, keys)
    simulator.fault("answer", status=400, body='{"error_code": "OMS.0064"}', skip=20, path=SYNC_TASK_ID)
    module_tasks.modules([{**bulk, "concurrency": 1}])
    keys[450] = "corrected"
    write(key_file, keys)
    (result,) = module_tasks.modules([bulk]).results

    assert (result["resumed_count"], result["accepted_count"]) == (200, 300)
    assert Counter(simulator.accepted_keys(SYNC_TASK_ID)) == Counter(keys)


def test_unfinished_progress_of_another_run_fails_and_stays(
    simulator: Simulator, module_tasks: ModuleTasks, bulk: dict[str, t.Any], key_file: Path
) -> None:
    write(key_file, numbered(500))
    simulator.add_task("another", PROJECT_ID)
    simulator.fault("answer", status=400, body='{"error_code": "OMS.0064"}', skip=20)
    module_tasks.modules([bulk])
    before = Path(bulk["progress_file"]).read_bytes()
    sent = len(simulator.requests())
    other_file = key_file.with_name("other.txt")
    write(other_file, ["other"] * 500)
    others = module_tasks.modules(
        [
            {**bulk, "object_keys_file": str(other_file)},
            {**bulk, "sync_task_id": "another"},
            {**bulk, "project_id": "another"},
        ]
    ).results

    for result in others:
        assert result["error"]["kind"] == "file"
        assert "is of another run, which is not finished" in result["msg"]
        assert (result["accepted_count"], result["remaining_count"]) == (0, 500)
    assert Path(bulk["progress_file"]).read_bytes() == before
    assert len(simulator.requests()) == sent


def test_check_mode_reads_progress_and_writes_none(
    simulator: Simulator, module_tasks: ModuleTasks, bulk: dict[str, t.Any], key_file: Path
) -> None:
    write(key_file, numbered(30))
    progress = Path(bulk["progress_file"])
    tasks = [{MODULE: bulk, "check_mode": mode} for mode in (True, False, True)]
    before, real, after = module_tasks.playbook(tasks).results

    assert (before["changed"], before["object_count"], before["resumed_count"]) == (True, 30, 0)
    assert (real["changed"], real["accepted_count"]) == (True, 30)
    assert (after["changed"], after["resumed_count"], after["remaining_count"]) == (False, 30, 0)
    assert set(before) == set(real) == set(after)
    # A finished run does not read the sync task.
    assert [request.method for request in simulator.requests()] == ["GET", "POST", "POST", "POST"]
    assert json.loads(progress.read_text(encoding="utf-8").splitlines()[-1])["finished"] is True


def test_two_runs_can_not_use_the_same_progress(
    simulator: Simulator, module_tasks: ModuleTasks, bulk: dict[str, t.Any], key_file: Path, tmp_path: Path
) -> None:
    write(key_file, numbered(400))
    simulator.set(latency=1)
    run = InBackground(module_tasks, {**bulk, "concurrency": 1})
    wait_until(lambda: run.process() is not None)
    (tmp_path / "second").mkdir()
    (second,) = Ansible(tmp_path / "second").modules([bulk]).results
    simulator.set(latency=0)

    assert f"{bulk['progress_file']} is in use by the process {run.process()} on " in second["msg"]
    assert run.result()["accepted_count"] == 400


# ---- stop signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_stops_the_run_and_another_run_resumes(
    simulator: Simulator, module_tasks: ModuleTasks, bulk: dict[str, t.Any], key_file: Path, number: signal.Signals
) -> None:
    write(key_file, numbered(20_000))
    simulator.set(latency=0.2)
    run = InBackground(module_tasks, bulk)
    wait_until(lambda: len(simulator.requests()) > 20)
    os.kill(t.cast(int, run.process()), number)
    result = run.result()

    accepted = simulator.accepted_keys(SYNC_TASK_ID)
    assert result["failed"]
    assert f"The run was stopped by {number.name}" in result["msg"]
    assert result["error"]["kind"] is None
    # Those in flight were waited for and counted.
    assert result["accepted_count"] == len(accepted) == len(simulator.requests()) * 10
    assert result["remaining_count"] == 20_000 - len(accepted)

    simulator.set(latency=0)
    (resumed,) = module_tasks.modules([bulk]).results
    assert resumed["resumed_count"] == len(accepted)
    assert Counter(simulator.accepted_keys(SYNC_TASK_ID)) == Counter(numbered(20_000))
