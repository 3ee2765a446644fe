# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

import os
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
    ConnectionFailure,
    Failure,
    Stopped,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.checkpoint import Identity, Progress
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.key_file import LINES, KeyFile
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.object_keys import Batch, ObjectKey
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.submission import (
    EVENTS_AHEAD,
    FileSource,
    ListSource,
    Outcome,
    Source,
    submit,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock

STOPPED = Failure(SERVICE, "stopped", "Start it", Answer(http_status=400), attempts=1)


class Receipt(t.NamedTuple):
    request_id: str
    attempts: int


ACCEPTED = Receipt("", 1)


def named(number: int) -> ObjectKey:
    return ObjectKey(f"a {number}", f"a+{number}")


def names(first: int, last: int) -> list[str]:
    return [named(number).name for number in range(first, last + 1)]


def objects(count: int) -> ListSource:
    """As many objects, which are numbered from 1."""
    return ListSource([named(number) for number in range(1, count + 1)], 0)


def run(source: Source, send: t.Callable[[Batch], Receipt], batch_size: int = 10, concurrency: int = 1) -> Outcome:
    return submit(source, batch_size, send, Clock(), concurrency)


@dataclass
class Sender:
    """Accepts each event, in as many attempts as ``attempts`` says, but fails with the one that has this number."""

    fails_at: int | None = None
    failure: Failure = STOPPED
    attempts: t.Mapping[int, int] = field(default_factory=dict)
    sent: list[list[str]] = field(default_factory=list)

    def __call__(self, batch: Batch) -> Receipt:
        self.sent.append(batch.names)
        number = len(self.sent)
        if number == self.fails_at:
            raise self.failure
        return Receipt(f"request {number}", self.attempts.get(number, 1))


def test_events_go_in_order() -> None:
    sender = Sender()

    outcome = run(objects(25), sender)

    assert sender.sent == [names(1, 10), names(11, 20), names(21, 25)]
    assert (outcome.accepted_count, outcome.event_count, outcome.retry_count) == (25, 3, 0)
    assert (outcome.remaining, outcome.failure, outcome.failed_names) == ([], None, [])


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
    assert outcome.failed_names == sender.sent[-1]
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


def test_what_is_no_failure_is_not_swallowed() -> None:
    def broken(_batch: Batch) -> Receipt:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(objects(1), broken)


# ---- side by side


class Gate:
    """Events that wait until the test lets them go on: each is known by its first name."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._answers: dict[str, Receipt | Failure] = {}
        self.begun: list[str] = []

    def __call__(self, batch: Batch) -> Receipt:
        name = batch.names[0]
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


@dataclass
class Background:
    """A run in a thread of its own."""

    source: Source
    send: t.Callable[[Batch], Receipt]
    concurrency: int
    patience: float = 20.0

    def __post_init__(self) -> None:
        self.clock = Clock()
        self._outcomes: list[Outcome] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        arguments = (self.send, self.clock, self.concurrency, self.patience)
        self._outcomes.append(submit(self.source, 1, *arguments))

    def wait_for_stop(self) -> None:
        until = time.monotonic() + 20
        while self.clock.stopped is None:
            assert time.monotonic() < until
            time.sleep(0.001)

    def outcome(self) -> Outcome:
        self._thread.join(20)
        assert self._outcomes, "the run did not end"
        return self._outcomes[0]


def settled(gate: Gate, count: int) -> set[str]:
    """The events that have begun, a moment after there were so many: no more must come."""
    gate.wait_for(count)
    time.sleep(0.05)
    return set(gate.begun)


def test_the_first_event_goes_alone_and_the_others_side_by_side() -> None:
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
    # The others are told to stop: two are answered all the same, one gives up.
    gate.answer("a 2")
    gate.answer("a 4", Stopped("another event failed", 3))
    gate.answer("a 5")

    outcome = background.outcome()

    assert set(gate.begun) == set(names(1, 5))
    assert background.clock.stopped == "another event failed"
    assert (outcome.failure, outcome.failed_names) == (STOPPED, ["a 3"])
    assert outcome.accepted_count == 3
    assert outcome.remaining == ["a 3", "a 4", *names(6, 20)]
    assert outcome.remaining_count == len(outcome.remaining)
    assert outcome.retry_count == 2


class Recorded(ListSource):
    """A list of which progress is kept, as far as the run can tell."""

    keeps_progress = True


def recorded(count: int) -> ListSource:
    return Recorded([named(number) for number in range(1, count + 1)], 0)


def test_where_progress_is_kept_none_begins_too_far_ahead_of_the_first_that_is_missing() -> None:
    gate = Gate()
    count = EVENTS_AHEAD * 2
    background = Background(recorded(count + 10), gate, concurrency=2)
    for name in [*names(1, 1), *names(3, count + 10)]:
        gate.answer(name)

    # Number 2 keeps all from going on: numbers 2 to count + 1 are as many as may be under way.
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


def test_a_brake_ends_the_run_and_what_is_in_flight_is_counted() -> None:
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
    assert str(outcome.failure) == "stopped by a test. Run the task again with what remains"


def test_whoever_waits_for_its_turn_heeds_the_brake() -> None:
    gate = Gate()
    background = Background(recorded(100), gate, concurrency=2)
    for name in [*names(1, 1), *names(3, 100)]:
        gate.answer(name)
    settled(gate, EVENTS_AHEAD * 2 + 1)
    background.clock.stop("stopped by a test")
    gate.answer("a 2")

    assert background.outcome().accepted_count == EVENTS_AHEAD * 2 + 1


def test_patience_ends_before_an_answer_that_never_comes() -> None:
    gate = Gate()
    background = Background(objects(20), gate, concurrency=4, patience=0.1)
    gate.answer("a 1")
    gate.wait_for(5)
    background.clock.stop("stopped by a test")

    outcome = background.outcome()
    gate.answer("a 2")

    assert (outcome.accepted_count, outcome.remaining) == (1, names(2, 20))


def test_a_fault_of_ours_comes_to_light_from_any_thread() -> None:
    def send(batch: Batch) -> Receipt:
        if batch.names == ["a 7"]:
            raise ZeroDivisionError
        return ACCEPTED

    with pytest.raises(ZeroDivisionError):
        run(objects(20), send, 1, concurrency=4)


# ---- files


IDENTITY = Identity("https://oms.example.com", "project", "task", LINES, False)


class OpenFile(t.Protocol):
    def __call__(self, with_progress: bool = ...) -> FileSource:
        """Open it."""


@pytest.fixture
def open_file(tmp_path: Path) -> t.Iterator[OpenFile]:
    """Open a file of 25 names as another run does."""
    (tmp_path / "names").write_text("".join(f"{name}\n" for name in names(1, 25)), encoding="utf-8")
    to_close: list[KeyFile | Progress] = []

    def close() -> None:
        while to_close:
            to_close.pop().close()

    def open_file(with_progress: bool = True) -> FileSource:
        close()
        to_close.append(key_file := KeyFile(str(tmp_path / "names"), LINES, False))
        progress = Progress(str(tmp_path / "progress")) if with_progress else None
        to_close.extend([progress] if progress else [])
        source = FileSource(key_file, progress)
        source.resume(IDENTITY)
        return source

    yield open_file
    close()


def test_a_file_is_sent_as_a_list_is(open_file: OpenFile) -> None:
    sender = Sender()

    outcome = run(open_file(with_progress=False), sender)

    assert sender.sent == [names(1, 10), names(11, 20), names(21, 25)]
    assert (outcome.accepted_count, outcome.remaining_count, outcome.failure) == (25, 0, None)


def test_what_was_accepted_out_of_order_is_not_sent_again(open_file: OpenFile) -> None:
    gate = Gate()
    background = Background(open_file(), gate, concurrency=3)
    gate.answer("a 1")
    gate.wait_for(4)
    gate.answer("a 3")
    gate.wait_for(5)
    gate.answer("a 2", STOPPED)
    background.wait_for_stop()
    gate.answer("a 4", STOPPED)
    gate.answer("a 5")
    first = background.outcome()

    source = open_file()
    sender = Sender()
    second = run(source, sender)

    assert first.accepted_count == source.resumed_count == 3
    assert sender.sent == [["a 2"], ["a 4"], names(6, 15), names(16, 25)]
    assert second.accepted_count == 22
    assert open_file().pending_count == 0


def test_a_file_that_changes_ends_the_run_and_keeps_the_progress(open_file: OpenFile, tmp_path: Path) -> None:
    def send(_batch: Batch) -> Receipt:
        with (tmp_path / "names").open("a") as file:
            file.write("another\n")
        return ACCEPTED

    outcome = run(open_file(), send)

    assert "changed while it was being read" in str(outcome.failure)
    assert (outcome.accepted_count, outcome.failed_names) == (10, [])
    assert outcome.remaining_count == 15
    assert open_file().resumed_count == 10


def test_progress_that_can_not_be_written_ends_the_run(open_file: OpenFile, monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_file()

    def send(_batch: Batch) -> Receipt:
        def full(*_arguments: t.Any) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "write", full)
        return ACCEPTED

    outcome = run(source, send)
    monkeypatch.undo()

    assert "can't be written: no space left on device" in str(outcome.failure)
    # It was accepted all the same.
    assert outcome.accepted_count == 10
    assert outcome.remaining == names(11, 25)


def test_names_can_be_told_before_the_run(open_file: OpenFile) -> None:
    assert open_file().names() == names(1, 25)
    assert objects(25).names() == names(1, 25)
