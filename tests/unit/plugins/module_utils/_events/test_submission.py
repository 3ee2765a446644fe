# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What becomes of many events, whatever fails, and in whatever thread."""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    CONNECTION,
    SERVICE,
    Answer,
    ArgumentError,
    ConnectionFailure,
    Failure,
    Stopped,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.checkpoint import Identity, parse_line
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.checkpoint_log import CheckpointLog, Progress
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.key_file import LINES, KeyFile, Position
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.object_keys import Batch, ObjectKey
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.sources import FileSource, ListSource
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.submission import (
    EVENTS_AHEAD,
    SHOWN_OBJECT_KEYS,
    SPARE_DESCRIPTORS,
    Outcome,
    first_object_keys,
    possible_concurrency,
    submit,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock

STOPPED = Failure(SERVICE, "stopped", "Start it", Answer(http_status=400), attempts=1)


class Receipt(t.NamedTuple):
    request_id: str
    attempts: int


ACCEPTED = Receipt("", 1)
Send = t.Callable[[Batch], Receipt]


def named(number: int) -> ObjectKey:
    return ObjectKey(f"a {number}", f"a+{number}")


def names(first: int, last: int) -> list[str]:
    return [named(number).given for number in range(first, last + 1)]


def objects(count: int) -> ListSource:
    """As many objects, which are numbered from 1."""
    return ListSource([named(number) for number in range(1, count + 1)], 0)


def run(
    source: ListSource | FileSource,
    send: Send,
    batch_size: int = 10,
    concurrency: int = 1,
    progress: Progress | None = None,
) -> Outcome:
    return submit(source.batches(batch_size), source.pending_count, send, Clock(), concurrency, progress=progress)


@dataclass
class Sender:
    """Accepts each event, in as many attempts as ``attempts`` says, but fails with the one that has this number."""

    fails_at: int | None = None
    failure: BaseException = STOPPED
    attempts: t.Mapping[int, int] = field(default_factory=dict)
    sent: list[list[str]] = field(default_factory=list)

    def __call__(self, batch: Batch) -> Receipt:
        self.sent.append(batch.given)
        number = len(self.sent)
        if number == self.fails_at:
            raise self.failure
        return Receipt(f"request {number}", self.attempts.get(number, 1))


def test_events_go_in_order() -> None:
    sender = Sender()

    outcome = run(objects(25), sender)

    assert sender.sent == [names(1, 10), names(11, 20), names(21, 25)]
    assert (outcome.accepted_count, outcome.event_count, outcome.retry_count) == (25, 3, 0)
    assert (outcome.remaining, outcome.failure, outcome.failed_object_keys) == ([], None, [])


def test_an_event_is_shown_as_it_was_sent() -> None:
    outcome = run(objects(4), Sender(attempts={2: 4}), 2)

    assert outcome.events == [
        {"object_keys": ["a+1", "a+2"], "request_id": "request 1", "attempts": 1},
        {"object_keys": ["a+3", "a+4"], "request_id": "request 2", "attempts": 4},
    ]


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (19, 19), (20, 20), (21, 20), (45, 20)])
def test_the_first_20_events_are_shown_and_all_are_counted(count: int, shown: int) -> None:
    outcome = run(objects(count), Sender(), 1)

    assert [event["request_id"] for event in outcome.events] == [f"request {n}" for n in range(1, shown + 1)]
    assert (outcome.event_count, outcome.accepted_count) == (count, count)


def test_without_events_nothing_happens() -> None:
    assert run(objects(0), Sender(fails_at=1)) == Outcome()


@pytest.mark.parametrize(
    ("fails_at", "accepted", "remaining"),
    [
        (1, 0, names(1, 50)),
        (3, 20, names(21, 50)),
        (5, 40, names(41, 50)),
    ],
)
def test_a_failure_stops_the_run_and_the_rest_remains_in_order(
    fails_at: int, accepted: int, remaining: list[str]
) -> None:
    sender = Sender(fails_at)

    outcome = run(objects(50), sender)

    assert len(sender.sent) == fails_at
    assert outcome.failure is STOPPED
    assert outcome.failed_object_keys == sender.sent[-1]
    assert (outcome.accepted_count, outcome.event_count) == (accepted, fails_at - 1)
    assert len(outcome.events) == fails_at - 1
    assert outcome.remaining == remaining


@pytest.mark.parametrize(
    ("attempts", "failed_attempts", "retry_count"),
    [
        ({}, 1, 0),
        ({1: 3, 2: 2}, 1, 3),
        ({1: 3}, 9, 10),
        # A failure before the first attempt takes none away.
        ({1: 3}, 0, 2),
    ],
)
def test_retries_are_counted_of_what_was_accepted_and_of_what_failed(
    attempts: dict[int, int], failed_attempts: int, retry_count: int
) -> None:
    failure = ConnectionFailure(CONNECTION, "refused", "Check it", transient=True, attempts=failed_attempts)

    outcome = run(objects(40), Sender(3, failure, attempts))

    assert outcome.retry_count == retry_count
    assert outcome.failure is failure


def test_a_result_shows_a_thousand_object_keys() -> None:
    outcome = run(objects(2500), Sender(fails_at=2), 100)

    assert outcome.remaining == names(101, 1100)
    assert (outcome.remaining_count, outcome.is_truncated) == (2400, True)
    assert first_object_keys(objects(1000).batches(100)) == names(1, 1000)
    assert len(first_object_keys(objects(1050).batches(100))) == SHOWN_OBJECT_KEYS == 1000


# ---- in parallel


class Gate:
    """Events that wait until the test lets them go on: each is known by its first name."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._answers: dict[str, Receipt | Failure] = {}
        self.begun: list[str] = []

    def __call__(self, batch: Batch) -> Receipt:
        name = batch.given[0]
        with self._changed:
            self.begun.append(name)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: name in self._answers, 20)
            answer = self._answers[name]
        if isinstance(answer, Failure):
            raise answer
        return answer

    def answer(self, name: str, answer: Receipt | Failure = ACCEPTED) -> None:
        with self._changed:
            self._answers[name] = answer
            self._changed.notify_all()

    def wait_for(self, count: int) -> set[str]:
        """The events that have begun, as soon as there are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.begun) >= count, 20), self.begun
            return set(self.begun)


class AnyProgress:
    """Takes the place of a progress file."""

    def __init__(self) -> None:
        self.is_due = True
        self.written: list[int] = []

    def begin(self) -> None:
        self.written.append(0)

    def write(self, accepted: Position) -> None:
        self.written.append(accepted.object_count)


@dataclass
class Background:
    """A run in a thread of its own."""

    source: ListSource | FileSource
    send: Send
    concurrency: int
    grace_period: float = 20.0
    progress: t.Any = None
    end_the_wait: t.Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        self.clock = Clock()
        self._outcomes: list[Outcome] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        batches, count = self.source.batches(1), self.source.pending_count
        arguments = (self.send, self.clock, self.concurrency, self.grace_period, self.progress, self.end_the_wait)
        self._outcomes.append(submit(batches, count, *arguments))

    def wait_for_stop(self) -> None:
        until = time.monotonic() + 20
        while self.clock.stopped is None:
            assert time.monotonic() < until
            time.sleep(0.001)

    @property
    def ended(self) -> bool:
        return bool(self._outcomes)

    def outcome(self) -> Outcome:
        self._thread.join(20)
        assert self._outcomes, "the run did not end"
        return self._outcomes[0]


def settled(gate: Gate, count: int) -> set[str]:
    """The events that have begun, a moment after there were so many: no more must come."""
    gate.wait_for(count)
    time.sleep(0.05)
    return set(gate.begun)


def test_the_first_event_goes_alone_and_the_others_in_parallel() -> None:
    gate = Gate()
    background = Background(objects(20), gate, concurrency=4)

    assert settled(gate, 1) == set(names(1, 1))
    gate.answer("a 1")
    assert settled(gate, 5) == set(names(1, 5))
    # Whoever has finished takes the next one.
    gate.answer("a 4")
    assert settled(gate, 6) == set(names(1, 6))
    for name in names(1, 20):
        gate.answer(name)

    outcome = background.outcome()
    assert (outcome.accepted_count, outcome.remaining_count, outcome.failure) == (20, 0, None)


def test_a_first_event_that_fails_is_the_only_one() -> None:
    gate = Gate()
    gate.answer("a 1", STOPPED)

    outcome = Background(objects(20), gate, concurrency=8).outcome()

    assert gate.begun == ["a 1"]
    assert (outcome.failure, outcome.remaining) == (STOPPED, names(1, 20))


def test_after_a_failure_those_in_flight_end_and_none_begins() -> None:
    gate = Gate()
    background = Background(objects(20), gate, concurrency=4)
    gate.answer("a 1")
    gate.wait_for(5)
    gate.answer("a 3", STOPPED)
    background.wait_for_stop()
    # The others are told to stop: two are answered nevertheless, one gives up.
    gate.answer("a 2")
    gate.answer("a 4", Stopped("Another event failed", 3))
    gate.answer("a 5")

    outcome = background.outcome()

    assert set(gate.begun) == set(names(1, 5))
    assert background.clock.stopped == "Another event failed"
    assert (outcome.failure, outcome.failed_object_keys) == (STOPPED, ["a 3"])
    assert outcome.accepted_count == 3
    assert outcome.remaining == ["a 3", "a 4", *names(6, 20)]
    assert outcome.remaining_count == len(outcome.remaining)
    assert outcome.retry_count == 2


def test_where_progress_is_kept_none_begins_too_far_ahead_of_the_first_that_is_missing() -> None:
    gate = Gate()
    count = EVENTS_AHEAD * 2
    background = Background(objects(count + 10), gate, concurrency=2, progress=AnyProgress())
    for name in [*names(1, 1), *names(3, count + 10)]:
        gate.answer(name)

    # Number 2 keeps all from going on: numbers 2 to count + 1 are as many as may be in flight.
    assert settled(gate, count + 1) == set(names(1, count + 1))
    gate.answer("a 2")
    assert background.outcome().accepted_count == count + 10


def test_without_progress_one_that_is_missing_holds_up_nobody() -> None:
    gate = Gate()
    count = EVENTS_AHEAD * 4
    background = Background(objects(count), gate, concurrency=2)
    for name in [*names(1, 1), *names(3, count)]:
        gate.answer(name)

    gate.wait_for(count)
    gate.answer("a 2")
    assert background.outcome().accepted_count == count


def test_a_stop_signal_ends_the_run_and_what_is_in_flight_is_counted() -> None:
    gate = Gate()
    background = Background(objects(20), gate, concurrency=4)
    gate.answer("a 1")
    gate.wait_for(5)
    background.clock.stop("stopped by a test")
    for name in names(2, 5):
        gate.answer(name)

    outcome = background.outcome()

    assert set(gate.begun) == set(names(1, 5))
    assert outcome.accepted_count == 5
    assert outcome.remaining == names(6, 20)
    assert isinstance(outcome.failure, Stopped)
    assert str(outcome.failure) == "stopped by a test. Run the task again with the remaining object keys."


def test_an_event_that_waits_for_another_heeds_the_stop_signal() -> None:
    gate = Gate()
    background = Background(objects(100), gate, concurrency=2, progress=AnyProgress())
    for name in [*names(1, 1), *names(3, 100)]:
        gate.answer(name)
    settled(gate, EVENTS_AHEAD * 2 + 1)
    background.clock.stop("stopped by a test")
    gate.answer("a 2")

    assert background.outcome().accepted_count == EVENTS_AHEAD * 2 + 1


def test_the_grace_period_ends_before_an_answer_that_never_comes() -> None:
    gate = Gate()
    background = Background(objects(20), gate, concurrency=4, grace_period=0.1)
    gate.answer("a 1")
    gate.wait_for(5)
    background.clock.stop("stopped by a test")

    outcome = background.outcome()
    # What is accepted later is not counted any more, and no other event begins.
    for name in names(2, 5):
        gate.answer(name)
    for thread in threading.enumerate():
        if thread.name.startswith("event-"):
            thread.join(20)

    assert (outcome.accepted_count, outcome.remaining) == (1, names(2, 20))
    assert set(gate.begun) == set(names(1, 5))


def test_a_second_signal_ends_the_wait_at_once() -> None:
    gate = Gate()
    signals: list[int] = []
    background = Background(objects(20), gate, concurrency=4, grace_period=600, end_the_wait=lambda: len(signals) > 1)
    gate.answer("a 1")
    gate.wait_for(5)
    gate.answer("a 3")
    gate.wait_for(6)
    signals += [1, 2]
    time.sleep(0.3)
    # That many signals alone do not end a run that goes on.
    assert not background.ended
    background.clock.stop("stopped by a test")

    started = time.monotonic()
    outcome = background.outcome()
    assert time.monotonic() - started < 5
    assert (outcome.accepted_count, outcome.remaining) == (2, ["a 2", *names(4, 20)])


# ---- whatever fails


ERRORS = [MemoryError(), OSError(24, "Too many open files"), KeyboardInterrupt(), ZeroDivisionError("Marker")]
any_error = pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)


def assert_complete(outcome: Outcome, accepted: int, count: int = 200) -> None:
    """All is counted and listed."""
    assert outcome.accepted_count == accepted
    assert outcome.remaining_count == count - accepted
    assert len(outcome.remaining) <= outcome.remaining_count
    assert outcome.failure is not None


@any_error
@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("fails_at", [1, 7])
def test_an_error_while_sending(error: BaseException, concurrency: int, fails_at: int) -> None:
    sender = Sender(fails_at, error)

    outcome = run(objects(200), sender, 10, concurrency)

    assert_complete(outcome, (len(sender.sent) - 1) * 10)
    assert len(outcome.remaining) == outcome.remaining_count
    assert outcome.failed_object_keys == sender.sent[fails_at - 1]
    said = str(outcome.failure)
    what = "too many open files" if isinstance(error, OSError) else type(error).__name__
    assert said.startswith(f"The run ended with an unexpected error: {what} (test_submission.py, line ")
    assert said.endswith("). Run the task again with the remaining object keys.")
    assert "Marker" not in said
    assert outcome.failure is not None
    assert outcome.failure.kind is None


@any_error
def test_an_error_in_what_an_acceptance_says(error: BaseException) -> None:
    class Broken:
        request_id = ""

        @property
        def attempts(self) -> int:
            raise error

    outcome = run(objects(200), lambda batch: Broken() if batch.given[0] == "a 31" else ACCEPTED)

    # It was accepted nevertheless.
    assert_complete(outcome, 40)
    assert outcome.remaining == names(41, 200)


@any_error
@pytest.mark.parametrize("fails_at", [0, 1, 5])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_an_error_while_the_next_batch_is_made(error: BaseException, fails_at: int, concurrency: int) -> None:
    def batches() -> t.Iterator[Batch]:
        for number, batch in enumerate(objects(200).batches(10)):
            if number == fails_at:
                raise error
            yield batch

    outcome = submit(batches(), 200, Sender(), Clock(), concurrency)

    assert_complete(outcome, fails_at * 10)
    # What can't be read any more is not listed, and the result says so.
    assert outcome.is_truncated


@pytest.fixture
def frequent_switches() -> t.Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("frequent_switches")
def test_after_a_batch_that_was_lost_none_is_taken() -> None:
    """Or the checkpoint would move past its objects."""

    class Broken:
        def __init__(self) -> None:
            self.taken: list[str] = []
            self._batches = objects(200).batches(10)

        def __iter__(self) -> t.Iterator[Batch]:
            return self

        def __next__(self) -> Batch:
            batch = next(self._batches)
            self.taken.append(batch.given[0])
            if len(self.taken) == 6:
                # The other threads want the next one meanwhile.
                time.sleep(0.02)
                raise MemoryError
            return batch

    for _number in range(20):
        sender = Sender()
        outcome = submit(Broken(), 200, sender, Clock(), 16)

        assert_complete(outcome, 50)
        assert len(sender.sent) == 5
        assert outcome.remaining == names(61, 200)
        assert outcome.is_truncated


class BrokenProgress(AnyProgress):
    """Raises an error in the place of a line."""

    def __init__(self, error: BaseException, fails_at: int) -> None:
        super().__init__()
        self._error = error
        self._fails_at = fails_at

    def begin(self) -> None:
        self.write(Position(0, 0, ""))

    def write(self, accepted: Position) -> None:
        super().write(accepted)
        if len(self.written) == self._fails_at:
            raise self._error


@any_error
def test_an_error_while_the_first_checkpoint_is_written(error: BaseException) -> None:
    sender = Sender()
    outcome = run(objects(200), sender, progress=t.cast(Progress, BrokenProgress(error, 1)))

    assert_complete(outcome, 0)
    assert outcome.remaining == names(1, 200)
    assert sender.sent == []


@any_error
def test_an_error_while_a_checkpoint_is_written(open_file: OpenFile, error: BaseException) -> None:
    gate = Gate()
    source, _progress = open_file()
    progress = BrokenProgress(error, 2)
    progress.is_due = False
    background = Background(source, gate, 2, progress=progress)
    gate.answer("a 1")
    gate.wait_for(3)
    progress.is_due = True
    background.wait_for_stop()
    # Those in flight end, are counted, and are tried to be written.
    gate.answer("a 2")
    gate.answer("a 3")

    outcome = background.outcome()
    assert_complete(outcome, 3, 25)
    assert outcome.remaining == names(4, 25)
    assert (progress.written[:2], progress.written[-1]) == ([0, 1], 3)


@any_error
def test_an_error_in_the_last_checkpoint(open_file: OpenFile, error: BaseException) -> None:
    source, _progress = open_file()
    progress = BrokenProgress(error, 2)
    progress.is_due = False
    outcome = run(source, Sender(), 25, progress=t.cast(Progress, progress))

    assert_complete(outcome, 25, 25)


@any_error
def test_an_error_while_waiting_for_a_thread(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    join = threading.Thread.join
    joined = []

    def broken(thread: threading.Thread, timeout: float | None = None) -> None:
        if thread.name.startswith("event-"):
            joined.append(thread)
            if len(joined) == 2:
                raise error
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", broken)
    gate = Gate()
    background = Background(objects(200), gate, concurrency=2)
    gate.answer("a 1")
    gate.wait_for(3)
    background.wait_for_stop()
    gate.answer("a 2")
    gate.answer("a 3")

    assert_complete(background.outcome(), 3)


@pytest.mark.parametrize("limit", [0, 1, 4])
@pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), MemoryError(), OSError(11, "again")])
def test_with_fewer_threads_than_asked_for_the_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, open_file: OpenFile, limit: int, error: Exception
) -> None:
    start = threading.Thread.start
    running: list[threading.Thread] = []

    def limited(thread: threading.Thread) -> None:
        if thread.name.startswith("event-"):
            if len([each for each in running if each.is_alive()]) >= limit:
                raise error
            running.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    source, progress = open_file()
    outcome = run(source, Sender(), 1, concurrency=16, progress=progress)

    assert (outcome.accepted_count, outcome.remaining_count, outcome.failure) == (25, 0, None)
    assert open_file()[0].pending_count == 0


def test_the_concurrency_is_what_file_descriptors_allow() -> None:
    assert possible_concurrency(64) == 64
    opened = {int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")}
    unused = [number for number in range(1000) if number not in opened]
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    concurrencies = []
    for limit in (3, unused[SPARE_DESCRIPTORS + 1], unused[SPARE_DESCRIPTORS + 10]):
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, before[1]))
        try:
            concurrencies.append(possible_concurrency(64))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert concurrencies == [1, 1, 10]


def test_without_memory_for_file_descriptors_one_event_after_the_other_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: t.Any) -> int:
        raise MemoryError

    monkeypatch.setattr(os, "open", refuse)
    outcome = run(objects(200), Sender(), concurrency=16)

    assert (outcome.accepted_count, outcome.remaining_count, outcome.failure) == (200, 0, None)


@any_error
def test_an_error_while_the_main_thread_waits(error: BaseException) -> None:
    clock = Clock()
    answered = threading.Event()

    def send(batch: Batch) -> Receipt:
        if batch.given != names(1, 10):
            clock.stop("The run was stopped by SIGTERM")
            answered.wait(5)
        return ACCEPTED

    def end_the_wait() -> bool:
        raise error

    source = objects(200)
    outcome = submit(source.batches(10), source.pending_count, send, clock, 4, end_the_wait=end_the_wait)
    answered.set()

    assert_complete(outcome, 10)
    assert outcome.remaining[:1] == names(11, 11)


def test_in_the_main_thread_a_failure_stops_the_run_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError

    monkeypatch.setattr(threading.Thread, "start", refuse)
    sender = Sender(fails_at=3)
    outcome = run(objects(200), sender, concurrency=4)

    assert_complete(outcome, 20)
    assert outcome.failure is STOPPED
    assert len(sender.sent) == 3


@any_error
def test_an_error_while_threads_start(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    start = threading.Thread.start
    started = []

    def broken(thread: threading.Thread) -> None:
        start(thread)
        if thread.name.startswith("event-"):
            started.append(thread)
            if len(started) == 3:
                raise error

    monkeypatch.setattr(threading.Thread, "start", broken)
    sender = Sender()
    outcome = run(objects(200), sender, concurrency=4)

    assert outcome.accepted_count == len(sender.sent) * 10
    assert outcome.accepted_count + outcome.remaining_count == 200


def test_an_error_of_ours_of_another_kind_keeps_its_text() -> None:
    outcome = run(objects(20), Sender(2, ArgumentError("HW_AUTH_TOKEN: is invalid")))

    assert_complete(outcome, 10, 20)
    assert str(outcome.failure) == "HW_AUTH_TOKEN: is invalid."


# ---- files


IDENTITY = Identity("https://oms.example.com", "project", "task", LINES, False)


class OpenFile(t.Protocol):
    def __call__(self) -> tuple[FileSource, Progress]:
        """Open it."""


@pytest.fixture
def open_file(tmp_path: Path) -> t.Iterator[OpenFile]:
    """Open a file of 25 object keys and a progress file as another run does."""
    tmp_path.chmod(0o755)
    (tmp_path / "object_keys").write_text("".join(f"{name}\n" for name in names(1, 25)), encoding="utf-8")
    to_close: list[KeyFile | CheckpointLog] = []

    def close() -> None:
        while to_close:
            to_close.pop().close()

    def open_file() -> tuple[FileSource, Progress]:
        close()
        to_close.append(key_file := KeyFile(str(tmp_path / "object_keys"), LINES, False))
        to_close.append(log := CheckpointLog(str(tmp_path / "progress"), True, key_file.state))
        source = FileSource(key_file, log)
        progress = source.resume(IDENTITY)
        assert progress
        return source, progress

    yield open_file
    close()


def logged(tmp_path: Path) -> list[tuple[int, bool]]:
    lines = [json.loads(line) for line in (tmp_path / "progress").read_bytes().splitlines()]
    return [(line["accepted_count"], line["finished"]) for line in lines]


def test_a_file_is_submitted_as_a_list_is(open_file: OpenFile, tmp_path: Path) -> None:
    sender = Sender()
    source, progress = open_file()

    outcome = run(source, sender, progress=progress)

    assert sender.sent == [names(1, 10), names(11, 20), names(21, 25)]
    assert (outcome.accepted_count, outcome.remaining_count, outcome.failure) == (25, 0, None)
    assert logged(tmp_path) == [(0, False), (25, True)]


def test_without_a_progress_file_there_is_nothing_to_resume(tmp_path: Path) -> None:
    (tmp_path / "object_keys").write_text("a\n", encoding="utf-8")
    key_file = KeyFile(str(tmp_path / "object_keys"), LINES, False)
    source = FileSource(key_file, None)

    assert source.resume(IDENTITY) is None
    assert (source.object_count, source.pending_count, source.resumed_count) == (1, 1, 0)
    key_file.close()


def test_the_checkpoint_is_before_the_first_event_that_is_not_accepted(open_file: OpenFile, tmp_path: Path) -> None:
    gate = Gate()
    source, progress = open_file()
    background = Background(source, gate, concurrency=3, progress=progress)
    for number in (1, 3, 2, 5):
        gate.answer(f"a {number}")
    gate.wait_for(7)
    gate.answer("a 4", STOPPED)
    background.wait_for_stop()
    gate.answer("a 6", STOPPED)
    gate.answer("a 7")
    first = background.outcome()
    checkpoint = parse_line((tmp_path / "progress").read_bytes().splitlines()[-1])

    source, progress = open_file()
    sender = Sender()
    second = run(source, sender, progress=progress)

    assert first.accepted_count == 5
    assert first.remaining == ["a 4", "a 6", *names(8, 25)]
    assert checkpoint
    assert (checkpoint.accepted_count, checkpoint.finished) == (3, False)
    # 5 and 7 are repeated.
    assert source.resumed_count == 3
    assert sender.sent == [names(4, 13), names(14, 23), names(24, 25)]
    assert second.accepted_count == 22
    assert open_file()[0].pending_count == 0


def test_a_file_that_changes_ends_the_run_and_keeps_the_progress(open_file: OpenFile, tmp_path: Path) -> None:
    def send(_batch: Batch) -> Receipt:
        with (tmp_path / "object_keys").open("a") as file:
            file.write("another\n")
        return ACCEPTED

    source, progress = open_file()
    outcome = run(source, send, progress=progress)

    assert "changed while it was being read" in str(outcome.failure)
    assert (outcome.accepted_count, outcome.failed_object_keys) == (10, [])
    assert (outcome.remaining_count, outcome.is_truncated) == (15, True)
    assert open_file()[0].resumed_count == 10


def test_checkpoints_are_written_while_events_are_in_flight(open_file: OpenFile) -> None:
    gate = Gate()
    source, _progress = open_file()
    progress = AnyProgress()
    background = Background(source, gate, 2, progress=progress)
    gate.answer("a 1")
    gate.answer("a 3")
    gate.wait_for(4)
    until = time.monotonic() + 20
    while 1 not in progress.written:
        assert time.monotonic() < until
        time.sleep(0.01)
    for name in names(2, 25):
        gate.answer(name)

    background.outcome()
    assert progress.written[-1] == 25
    assert 3 not in progress.written[:2]
