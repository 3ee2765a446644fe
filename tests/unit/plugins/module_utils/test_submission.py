# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    CONNECTION,
    SERVICE,
    Answer,
    ConnectionFailure,
    Failure,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._object_keys import Batch, ObjectKey, batches
from ansible_collections.huaweicloud.oms.plugins.module_utils._submission import Outcome, submit

STOPPED = Failure(SERVICE, "stopped", "Start it", Answer(http_status=400), attempts=1)


class Receipt(t.NamedTuple):
    request_id: str
    attempts: int


def named(number: int) -> ObjectKey:
    return ObjectKey(f"a {number}", f"a+{number}")


def names(first: int, last: int) -> list[str]:
    return [named(number).name for number in range(first, last + 1)]


def events(count: int, size: int = 10) -> t.Iterator[Batch]:
    """``count`` events of ``size`` objects, which are numbered from 1."""
    return batches((named(number) for number in range(1, count * size + 1)), size)


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

    outcome = submit(batches(map(named, range(1, 26)), 10), sender)

    assert sender.sent == [names(1, 10), names(11, 20), names(21, 25)]
    assert (outcome.accepted_count, outcome.event_count, outcome.retry_count) == (25, 3, 0)
    assert (outcome.remaining, outcome.failure, outcome.failed_names) == ([], None, [])


def test_an_event_is_shown_as_it_was_sent() -> None:
    outcome = submit(events(2, size=2), Sender(attempts={2: 4}))

    assert outcome.events == [
        {"object_keys": ["a+1", "a+2"], "request_id": "request 1", "attempts": 1},
        {"object_keys": ["a+3", "a+4"], "request_id": "request 2", "attempts": 4},
    ]


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (19, 19), (20, 20), (21, 20), (45, 20)])
def test_the_first_20_events_are_shown_and_all_are_counted(count: int, shown: int) -> None:
    outcome = submit(events(count, size=1), Sender())

    assert [event["request_id"] for event in outcome.events] == [f"request {n}" for n in range(1, shown + 1)]
    assert (outcome.event_count, outcome.accepted_count) == (count, count)


def test_without_events_nothing_happens() -> None:
    assert submit([], Sender(fails_at=1)) == Outcome()


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

    outcome = submit(events(5), sender)

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
    failure = ConnectionFailure(CONNECTION, "refused", "Check it", passing=True, attempts=failed_attempts)

    outcome = submit(events(4), Sender(3, failure, attempts))

    assert outcome.retry_count == retry_count
    assert outcome.failure is failure


def test_what_is_no_failure_is_not_swallowed() -> None:
    def broken(_batch: Batch) -> Receipt:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        submit(events(1), broken)
