# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Handing many events over: one after the other, until all are accepted or one fails for good.

Sending is handed in; what comes out says of each object whether it was accepted.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._object_keys import Batch

# How many events a result shows: enough to see what was sent, few enough for a log.
SHOWN_EVENTS = 20


class Receipt(t.Protocol):
    """What sending an accepted event gives back."""

    @property
    def request_id(self) -> str: ...

    @property
    def attempts(self) -> int: ...


@dataclass
class Outcome:
    """What became of the objects.

    ``remaining`` are the names of those that were not accepted, in the caller's order and spelling.
    """

    accepted_count: int = 0
    event_count: int = 0
    retry_count: int = 0
    events: list[dict[str, t.Any]] = field(default_factory=list)
    remaining: list[str] = field(default_factory=list)
    failure: Failure | None = None
    failed_names: list[str] = field(default_factory=list)


def submit(batches: t.Iterable[Batch], send: t.Callable[[Batch], Receipt]) -> Outcome:
    """Send events in order; the first final error stops the run (design.md, behaviour 3).

    :arg send: hands one event to OMS and raises a Failure if that can't be done.
    """
    outcome = Outcome()
    waiting = iter(batches)
    for batch in waiting:
        try:
            receipt = send(batch)
        except Failure as failure:
            outcome.failure = failure
            outcome.failed_names = batch.names
            outcome.retry_count += max(0, failure.attempts - 1)
            outcome.remaining = batch.names + [name for later in waiting for name in later.names]
            break
        outcome.accepted_count += len(batch.object_keys)
        outcome.event_count += 1
        outcome.retry_count += receipt.attempts - 1
        if len(outcome.events) < SHOWN_EVENTS:
            outcome.events.append(
                {"object_keys": batch.encoded, "request_id": receipt.request_id, "attempts": receipt.attempts}
            )
    return outcome
