# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    CONNECTION,
    SERVICE,
    TIMEOUT,
    Answer,
    ConnectionFailure,
    Failure,
    Stopped,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.answers import (
    NOT_AS_DOCUMENTED,
    MonthlyCounters,
    read_counters,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.copying import (
    COPY,
    Copied,
    Growth,
    check_copies,
    may_be_another_month,
    wait_for_copies,
)
from ansible_collections.huaweicloud.oms.tests.unit.fakes import FakeClock
from hypothesis import given
from hypothesis import strategies as st

TASK = "31e9b7e6-6ffb-452f-9842-6ce354d99d75"
NOON = datetime(2026, 11, 15, 12, tzinfo=timezone.utc)
# Midnight in UTC, at which October ends.
MONTH_S_END = datetime(2026, 11, 1, tzinfo=timezone.utc)


class ClockAt(FakeClock):
    """A clock that starts at some time; ``acts`` are called while it sleeps."""

    def __init__(self, start: datetime) -> None:
        super().__init__()
        self._start = start
        self.acts: list[tuple[float, t.Callable[[], object]]] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=sum(self.slept))

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        for at, act in list(self.acts):
            if at <= sum(self.slept):
                self.acts.remove((at, act))
                act()


@dataclass
class SimulatedTask:
    """A sync task whose months begin at midnight of some time zone.

    ``counted`` are the names of counters and when each was increased by 1, some perhaps in the future.
    """

    clock: ClockAt
    zone: timezone = timezone.utc
    status: str = "SYNCHRONIZING"
    counted: list[tuple[datetime, str]] = field(default_factory=list)
    queries: list[datetime] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def copy(self, after: float, name: str = "success", count: int = 1) -> None:
        self.counted += [(self.clock.now() + timedelta(seconds=after), name)] * count

    def show(self, when: datetime) -> MonthlyCounters:
        self.queries.append(when)
        if self.failures:
            raise self.failures.pop(0)
        month = self._month(when)
        names = [name for at, name in self.counted if at <= self.clock.now() and self._month(at) == month]
        counts = {name: names.count(name) for name in ("requests", "success", "failure", "skip", "size")}
        return MonthlyCounters(self.status, **counts)

    def _month(self, when: datetime) -> tuple[int, int]:
        local = when.astimezone(self.zone)
        return local.year, local.month


def wait(task: SimulatedTask, accepted: int, seconds: float = 3600, growth: Growth | None = None) -> list[Copied]:
    """Wait, and return what each poll showed."""
    shown: list[Copied] = []
    wait_for_copies(growth or Growth(task.show, task.clock), accepted, seconds, task.clock, TASK, shown.append)
    return shown


# ---- waiting


def test_it_waits_until_all_objects_are_copied_skipped_or_failed() -> None:
    task = SimulatedTask(ClockAt(NOON))
    growth = Growth(task.show, task.clock)
    task.copy(2, count=3)
    task.copy(4, "skip")
    task.copy(10, "failure")

    shown = wait(task, 5, growth=growth)

    assert shown[0] == Copied()
    assert shown[-1] == Copied(success=3, failure=1, skip=1)
    assert Copied(success=3, skip=1) in shown


def test_what_was_counted_before_does_not_count() -> None:
    task = SimulatedTask(ClockAt(NOON))
    task.copy(-60, count=7)
    task.copy(-60, "failure", 7)
    growth = Growth(task.show, task.clock)
    task.copy(3, count=2)

    assert wait(task, 2, growth=growth)[-1] == Copied(success=2)


def test_the_interval_grows_up_to_30_seconds_and_the_last_poll_is_at_the_end() -> None:
    task = SimulatedTask(ClockAt(NOON))

    with pytest.raises(Failure):
        wait(task, 1, seconds=200)

    slept = task.clock.slept
    assert slept[:4] == [1, 1.5, 2.25, 3.375]
    assert max(slept) == 30
    assert sum(slept) == 200
    # The baseline, one at once, and one after each sleep.
    assert len(task.queries) == len(slept) + 2


def test_a_copy_in_the_last_second_is_seen() -> None:
    task = SimulatedTask(ClockAt(NOON))
    growth = Growth(task.show, task.clock)
    task.copy(100)

    assert wait(task, 1, 100, growth)[-1] == Copied(success=1)


def test_it_times_out_and_says_how_far_the_copies_are() -> None:
    task = SimulatedTask(ClockAt(NOON))
    growth = Growth(task.show, task.clock)
    task.copy(5, count=18)
    task.copy(5, "failure")

    with pytest.raises(Failure) as raised:
        wait(task, 25, 60, growth)

    assert raised.value.kind == TIMEOUT
    assert str(raised.value) == (
        "The wait for the copies timed out after 60 s. By its counters, the sync task has copied 18 of 25 objects,"
        " failed to copy 1 and skipped 0. OMS continues without this task. Read the counters of the sync task later"
        " with huaweicloud.oms.oms_sync_task_info, or increase wait_timeout."
    )


def test_objects_of_other_senders_end_the_wait_too() -> None:
    task = SimulatedTask(ClockAt(NOON))
    growth = Growth(task.show, task.clock)
    task.copy(1, count=9)

    assert wait(task, 5, growth=growth)[-1] == Copied(success=9)


def test_a_task_that_is_stopped_is_not_waited_for() -> None:
    task = SimulatedTask(ClockAt(NOON))
    growth = Growth(task.show, task.clock)
    task.copy(2, count=2)
    task.clock.acts.append((7, lambda: setattr(task, "status", "STOPPED")))

    with pytest.raises(Failure, match=f"The sync task {TASK} was stopped .* copied 2 of 5 objects") as raised:
        wait(task, 5, growth=growth)

    assert raised.value.kind == "state"
    assert sum(task.clock.slept) < 15


def test_a_task_that_is_stopped_after_its_last_copy_is_no_failure() -> None:
    task = SimulatedTask(ClockAt(NOON), status="STOPPED")
    growth = Growth(task.show, task.clock)
    task.copy(0, count=5)

    assert wait(task, 5, growth=growth) == [Copied(success=5)]


GONE = Failure("state", "There is no such sync task", answer=Answer(404, "OMS.1009"))
REFUSED = Failure("credentials", "The token has expired", answer=Answer(401))
NO_CONNECTION = ConnectionFailure(CONNECTION, "refused", "", transient=True)
NO_HOST = ConnectionFailure(CONNECTION, "unknown host", "", transient=False, transient_after_answer=True)
NO_CERTIFICATE = ConnectionFailure("tls", "certificate", "", transient=False)
OVERLOADED = Failure(SERVICE, "HTTP 503", answer=Answer(503))
THROTTLED = Failure(SERVICE, "HTTP 429", answer=Answer(429))


@pytest.mark.parametrize("failure", [NO_CONNECTION, NO_HOST, OVERLOADED, THROTTLED])
def test_polls_that_fail_for_a_while_do_not_end_the_wait(failure: Failure) -> None:
    task = SimulatedTask(ClockAt(NOON))
    growth = Growth(task.show, task.clock)
    task.failures = [failure] * 4
    task.copy(1)

    assert wait(task, 1, growth=growth) == [Copied(success=1)]


def test_where_the_last_poll_failed_that_is_what_failed() -> None:
    task = SimulatedTask(ClockAt(NOON))
    growth = Growth(task.show, task.clock)
    task.failures = [OVERLOADED] * 1000

    with pytest.raises(Failure) as raised:
        wait(task, 1, 60, growth)

    assert raised.value is OVERLOADED
    assert sum(task.clock.slept) == 60


@pytest.mark.parametrize("failure", [GONE, REFUSED, NO_CERTIFICATE])
def test_a_permanent_error_ends_the_wait_at_once(failure: Failure) -> None:
    task = SimulatedTask(ClockAt(NOON))
    growth = Growth(task.show, task.clock)
    task.failures = [failure]

    with pytest.raises(Failure) as raised:
        wait(task, 1, growth=growth)

    assert raised.value is failure
    assert task.clock.slept == []


STOPPED = (
    "The run was stopped by SIGTERM during the wait for the copies of 2 objects that OMS accepted. OMS continues"
    " without this task. Read the counters of the sync task later with huaweicloud.oms.oms_sync_task_info."
)


def test_a_stop_signal_between_two_polls_ends_the_wait() -> None:
    task = SimulatedTask(ClockAt(NOON))
    task.clock.acts.append((3, lambda: task.clock.stop("The run was stopped by SIGTERM")))

    with pytest.raises(Failure) as raised:
        wait(task, 2)

    assert (raised.value.kind, str(raised.value)) == (None, STOPPED)
    assert sum(task.clock.slept) < 6


def test_a_stop_signal_during_a_poll_ends_the_wait() -> None:
    task = SimulatedTask(ClockAt(NOON))
    growth = Growth(task.show, task.clock)
    task.failures = [Stopped("The run was stopped by SIGTERM")]

    with pytest.raises(Failure) as raised:
        wait(task, 2, growth=growth)

    assert (raised.value.kind, str(raised.value)) == (None, STOPPED)


def test_objects_that_could_not_be_copied_are_a_failure() -> None:
    check_copies(Copied(success=5, skip=1), 6, TASK)

    with pytest.raises(Failure) as raised:
        check_copies(Copied(success=5, failure=1), 6, TASK)

    assert raised.value.kind == COPY
    assert str(raised.value) == (
        f"The sync task {TASK} failed to copy 1 object during the wait for 6 objects. Objects of other senders may"
        f" be among them. Find the object keys and the reasons in the destination bucket, in oms/sync_task/{TASK}/"
        "failed_object_lists/<subtask>/<time>.failed_list.txt, then submit these object keys again."
    )


# ---- months

ZONES = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))


@given(
    zone=ZONES,
    begins=st.integers(-30 * 60, 30 * 60),
    before=st.lists(st.sampled_from(["requests", "success", "failure", "skip", "size"]), max_size=8),
    copies=st.lists(
        st.tuples(st.integers(0, 40 * 60), st.sampled_from(["requests", "success", "failure", "skip"])), max_size=12
    ),
    polls=st.lists(st.integers(1, 10 * 60), min_size=1, max_size=10),
)
def test_the_growth_is_exact_over_the_end_of_a_month_in_any_time_zone(
    zone: timezone, begins: int, before: list[str], copies: list[tuple[int, str]], polls: list[int]
) -> None:
    """Minutes all of them; each copy has a size, so that the counters of two months are hardly ever the same."""
    clock = ClockAt(MONTH_S_END + timedelta(minutes=begins))
    task = SimulatedTask(clock, zone)
    for name in before:
        task.copy(-600, name)
    # Of the month before, and different from all that comes.
    task.copy(-600, "size", 100)
    growth = Growth(task.show, clock)
    for minutes, name in copies:
        task.copy(60 * minutes, name)
        task.copy(60 * minutes, "size")
    for minutes in polls:
        clock.sleep(60 * minutes)
        copied, _status = growth.read()
        done = [name for at, name in task.counted if clock._start < at <= clock.now()]
        done += [name for minute, name in copies if minute == 0]
        assert copied == Copied(done.count("success"), done.count("failure"), done.count("skip"))


def test_in_the_middle_of_a_month_there_is_one_request_for_each_poll() -> None:
    task = SimulatedTask(ClockAt(NOON))
    growth = Growth(task.show, task.clock)
    task.clock.sleep(3600)
    growth.read()

    assert task.queries == [NOON, NOON]


def test_where_it_is_known_to_be_another_month_the_first_one_is_read_once() -> None:
    clock = ClockAt(MONTH_S_END - timedelta(minutes=1))
    task = SimulatedTask(clock)
    task.copy(-10, count=3)
    growth = Growth(task.show, clock)
    clock.sleep(120)
    growth.read()
    queries = len(task.queries)
    growth.read()

    assert queries == 4
    assert task.queries[queries:] == [clock._start, clock.now()]


@pytest.mark.parametrize(
    ("start", "now", "expected"),
    [
        (NOON, NOON + timedelta(days=10), False),
        (MONTH_S_END - timedelta(hours=15), MONTH_S_END - timedelta(hours=14, minutes=1), False),
        (MONTH_S_END - timedelta(hours=15), MONTH_S_END - timedelta(hours=14), True),
        (MONTH_S_END + timedelta(hours=11, minutes=59), MONTH_S_END + timedelta(hours=13), True),
        (MONTH_S_END + timedelta(hours=12), MONTH_S_END + timedelta(hours=13), False),
        (MONTH_S_END - timedelta(days=1), MONTH_S_END + timedelta(days=1), True),
        # By the time in UTC, whatever zone a time is given in.
        (NOON.astimezone(timezone(timedelta(hours=14))), NOON, False),
    ],
)
def test_when_it_may_be_another_month_somewhere(start: datetime, now: datetime, expected: bool) -> None:
    assert may_be_another_month(start, now) is expected


def test_counters_that_shrink_are_no_copies() -> None:
    task = SimulatedTask(ClockAt(NOON))
    task.copy(-5, count=7)
    growth = Growth(task.show, task.clock)
    task.counted.clear()

    assert growth.read() == (Copied(), "SYNCHRONIZING")


# ---- answers


def shown(**counters: t.Any) -> bytes:
    return json.dumps({"status": "SYNCHRONIZING", **counters}).encode()


COUNTERS = {
    "monthly_acceptance_request": 1,
    "monthly_success_object": 2,
    "monthly_failure_object": 3,
    "monthly_skip_object": 4,
    "monthly_size": 5,
}


def test_the_counters_of_a_month_are_read() -> None:
    assert read_counters(shown(**COUNTERS)) == MonthlyCounters("SYNCHRONIZING", 1, 2, 3, 4, 5)


def test_a_counter_that_is_null_or_left_out_is_0() -> None:
    counters = {**COUNTERS, "monthly_failure_object": None}
    del counters["monthly_size"]

    assert read_counters(shown(**counters)) == MonthlyCounters("SYNCHRONIZING", 1, 2, 0, 4, 0)


@pytest.mark.parametrize(
    "counters",
    [
        {},
        dict.fromkeys(COUNTERS),
        {**COUNTERS, "monthly_success_object": "2"},
        {**COUNTERS, "monthly_success_object": True},
        {**COUNTERS, "monthly_success_object": 2.0},
    ],
)
def test_what_has_no_counters_is_not_as_documented(counters: dict[str, t.Any]) -> None:
    with pytest.raises(NOT_AS_DOCUMENTED):
        read_counters(shown(**counters))
