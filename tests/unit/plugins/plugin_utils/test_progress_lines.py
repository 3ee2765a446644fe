# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""When there is a line about a run that is going on, and what it says."""

from __future__ import annotations

import json
import os
import threading
import typing as t
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.checkpoint import Checkpoint, Identity, line_of
from ansible_collections.huaweicloud.oms.plugins.plugin_utils._progress_lines import RunningLog, shown_progress

BEGINNING = datetime(2026, 11, 30, 23, 59, 50, tzinfo=timezone.utc)
IDENTITY = Identity("https://oms.example.com", "project", "task", "lines", False)
TOTAL = 1_000_000


class Log:
    """A progress file, and what is said about the run that writes it."""

    def __init__(self, path: Path, batch_size: int = 10) -> None:
        self.path = path
        self._batch_size = batch_size
        self._seconds = 0.0

    def write(self, accepted: int, at: float, total: int = TOTAL, **more: t.Any) -> None:
        """Append a line, so many seconds after the beginning."""
        checkpoint = Checkpoint(IDENTITY, accepted, total, 0, "", accepted == total)
        entry = json.loads(line_of(checkpoint, BEGINNING + timedelta(seconds=at)))
        self.append(json.dumps({**entry, **more}).encode() + b"\n")

    def append(self, text: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(text)

    def start(self) -> RunningLog:
        return RunningLog(str(self.path), self._batch_size, lambda: BEGINNING.timestamp() + self._seconds)

    def describe(self, running: RunningLog, at: float) -> str | None:
        self._seconds = at
        return running.describe()


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "progress")


def counters(success: int, failure: int, skip: int) -> dict[str, t.Any]:
    return {"counters": {"success": success, "failure": failure, "skip": skip}}


# ---- what it says


def test_it_says_how_many_objects_are_accepted_and_how_fast(log: Log) -> None:
    running = log.start()
    log.write(0, at=0)
    log.write(60_000, at=10)
    first = log.describe(running, at=10)
    log.write(120_000, at=20)
    log.write(177_000, at=40)

    assert first == "60,000 of 1,000,000 objects accepted, 600 events/s"
    # 117,000 objects in thirty seconds.
    assert log.describe(running, at=40) == "177,000 of 1,000,000 objects accepted, 390 events/s"


def test_the_rate_falls_while_nothing_is_accepted(log: Log) -> None:
    """Without progress there are no new lines."""
    running = log.start()
    log.write(0, at=0)
    log.write(1000, at=10)

    assert log.describe(running, at=20) == "1,000 of 1,000,000 objects accepted, 5.0 events/s"
    assert log.describe(running, at=41) == "1,000 of 1,000,000 objects accepted, 0.0 events/s"


def test_a_clock_that_is_set_back_gives_no_negative_rate(log: Log) -> None:
    running = log.start()
    log.write(0, at=60)
    log.write(20, at=61)

    assert log.describe(running, at=0) == "20 of 1,000,000 objects accepted, 2.0 events/s"


def test_it_says_how_many_objects_are_copied(log: Log) -> None:
    """Those of earlier runs are not waited for."""
    log.write(5, at=-60, total=30)
    running = log.start()
    log.write(5, at=0, total=30)
    log.write(30, at=1, total=30)
    log.write(30, at=2, total=30, **counters(0, 0, 0))
    beginning = log.describe(running, at=10)
    log.write(30, at=40, total=30, **counters(18, 1, 0))
    middle = log.describe(running, at=40)
    log.write(30, at=70, total=30, **counters(18, 1, 3))

    assert beginning == "0 of 25 objects copied, 0 failed"
    assert middle == "18 of 25 objects copied, 1 failed"
    assert log.describe(running, at=70) == "18 of 25 objects copied, 1 failed, 3 skipped"


def test_it_knows_the_beginning_of_a_run_whose_first_line_is_out_of_sight(log: Log) -> None:
    running = log.start()
    log.write(100, at=0)
    log.write(200, at=10)
    log.describe(running, at=10)
    for second in range(600):
        log.write(300, at=20 + second, **counters(second // 10, 0, 0))

    assert log.describe(running, at=620) == "59 of 200 objects copied, 0 failed"


# ---- which lines count


def test_lines_of_earlier_runs_do_not_count(log: Log) -> None:
    log.write(0, at=-20)
    log.write(500, at=-10)
    running = log.start()
    before = log.describe(running, at=10)
    log.write(500, at=1)
    log.write(600, at=10)

    assert before is None
    assert log.describe(running, at=11) == "600 of 1,000,000 objects accepted, 1.0 events/s"


def test_a_log_that_is_started_over_counts_from_its_first_line(log: Log) -> None:
    log.write(500, at=-10)
    running = log.start()
    log.path.write_bytes(b"")
    log.write(0, at=0)
    log.write(40, at=8)

    assert log.describe(running, at=8) == "40 of 1,000,000 objects accepted, 0.5 events/s"


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe",
        b"[1]",
        b"{}",
        b"null",
        b"[" * 50_000,
        b'{"time": 1, "accepted_count": 1, "object_count": 2}',
        b'{"time": "yesterday", "accepted_count": 1, "object_count": 2}',
        b'{"time": "2026-11-30T23:59:51+00:00", "accepted_count": Infinity, "object_count": 2}',
        b'{"time": "2026-11-30T23:59:51+00:00", "accepted_count": 1, "object_count": 2, "counters": {"success": 1}}',
        b'{"time": "2026-11-30T23:59:51+00:00", "accepted_count": 1, "object_count": 2, "counters": [1]}',
        # Cut off: it is being written.
        b'{"time": "2026-11-30T23:59:51+00:00", "accepted_count": 7',
    ],
)
def test_the_last_valid_line_counts(log: Log, line: bytes) -> None:
    running = log.start()
    log.write(0, at=0)
    log.write(20, at=1)
    log.append(line)

    assert log.describe(running, at=1) == "20 of 1,000,000 objects accepted, 2.0 events/s"


def test_it_is_silent_where_the_log_is_absent(log: Log) -> None:
    running = log.start()

    assert log.describe(running, at=10) is None


@pytest.mark.parametrize("path", ["/", "/dev/zero", "a\0b", "/proc/self/mem/x"])
def test_it_is_silent_where_it_is_no_file(path: str) -> None:
    assert RunningLog(path, 10).describe() is None


@pytest.mark.timeout(10)
def test_a_pipe_does_not_block(log: Log) -> None:
    os.mkfifo(log.path)

    assert log.start().describe() is None


def test_it_is_silent_where_the_log_can_not_be_read(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.write(0, at=0)

    def refuse(*_arguments: t.Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)

    assert log.start().describe() is None


# ---- when


class Schedule(threading.Event):
    """On it, no time passes until so many waits are over. Then the ``with`` block goes on."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self._waits = waits
        self.waited: list[float | None] = []
        self.over = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout)
        if len(self.waited) <= self._waits:
            return False
        self.over.set()
        return super().wait()


def test_the_first_line_comes_after_ten_seconds_and_then_one_in_thirty(log: Log) -> None:
    shown: list[str] = []
    running, schedule = log.start(), Schedule(3)
    log.write(0, at=0)
    with shown_progress(running, shown.append, schedule):
        assert schedule.over.wait(20)

    assert schedule.waited == [10, 30, 30, 30]
    assert len(shown) == 3


def test_a_short_run_shows_nothing_and_its_end_is_not_waited_for(log: Log) -> None:
    shown: list[str] = []
    threads = threading.active_count()
    running = log.start()
    log.write(0, at=0)
    with shown_progress(running, shown.append):
        assert threading.active_count() == threads + 1

    assert threading.active_count() == threads
    assert shown == []


def test_a_log_that_says_nothing_yet_is_looked_at_again(log: Log) -> None:
    shown: list[str] = []
    schedule = Schedule(2)
    running = log.start()
    with shown_progress(running, shown.append, schedule):
        assert schedule.over.wait(20)

    assert shown == []


def test_the_thread_ends_where_the_task_fails(log: Log) -> None:
    threads = threading.active_count()
    with pytest.raises(KeyError), shown_progress(log.start(), print):
        raise KeyError

    assert threading.active_count() == threads


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_line_that_can_not_be_shown_does_not_disturb_the_task(log: Log) -> None:
    ended = threading.Event()

    def fail(_text: str) -> None:
        ended.set()
        raise OSError

    running, schedule = log.start(), Schedule(1)
    log.write(0, at=0)
    with shown_progress(running, fail, schedule):
        assert ended.wait(20)


def test_without_another_thread_the_task_runs_all_the_same(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    ran = []
    with shown_progress(log.start(), print):
        ran.append(True)

    assert ran
