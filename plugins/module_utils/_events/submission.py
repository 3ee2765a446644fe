# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Handing many events over: the first one alone, the others side by side, until all are accepted or one fails for good.

Sending is handed in; what comes out says of each object whether it was accepted.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import Failure, Stopped
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.checkpoint import (
    Identity,
    Place,
    Progress,
    Span,
    find_place,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.key_file import FileBatch, KeyFile
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.object_keys import (
    MAX_BATCH_SIZE,
    Batch,
    ObjectKey,
    batches,
)

DEFAULT_CONCURRENCY = 8
# A thread and a connection each.
MAX_CONCURRENCY = 64
# How many events a result shows: enough to see what was sent, few enough for a log.
SHOWN_EVENTS = 20
# How many names of a file a result shows: there may be millions, and the file has them all.
SHOWN_NAMES = 1000
# Where progress is kept, no event starts further than so many times the concurrency past the first one that is not
# accepted (design.md, behaviour 6): one that is tried again and again must not let the record of what is behind it grow
# without bounds.
EVENTS_AHEAD = 16
# How often the main thread looks after the progress file and the time.
_TICK_SECONDS = 0.25


class Receipt(t.Protocol):
    """What sending an accepted event gives back."""

    @property
    def request_id(self) -> str:
        """By which the service knows the request."""

    @property
    def attempts(self) -> int:
        """How often the event was sent."""


class Brake(t.Protocol):
    """Ends waiting and further attempts, once it is pulled. It can be pulled from a signal handler, too."""

    @property
    def stopped(self) -> str | None:
        """Why it was pulled; None if it was not."""

    def stop(self, why: str) -> None:
        """Pull it."""


@dataclass
class Outcome:
    """What became of the objects.

    ``remaining`` are the names of those that were not accepted, in the caller's order and spelling, all of them or the
    first ones; ``remaining_count`` counts all.
    """

    accepted_count: int = 0
    event_count: int = 0
    retry_count: int = 0
    events: list[dict[str, t.Any]] = field(default_factory=list)
    remaining_count: int = 0
    remaining: list[str] = field(default_factory=list)
    failure: Failure | None = None
    failed_names: list[str] = field(default_factory=list)

    @property
    def is_truncated(self) -> bool:
        return len(self.remaining) < self.remaining_count


class ListSource:
    """Objects that are in memory."""

    resumed_count = 0
    warning: str | None = None
    keeps_progress = False

    def __init__(self, object_keys: t.Sequence[ObjectKey], duplicate_count: int) -> None:
        self.object_count = len(object_keys)
        self.duplicate_count = duplicate_count
        self._object_keys = object_keys

    @property
    def pending_count(self) -> int:
        """How many objects are to be sent."""
        return self.object_count

    def batches(self, batch_size: int) -> t.Iterator[Batch]:
        return batches(self._object_keys, batch_size)

    def names(self, begun: t.Sequence[Batch] = (), rest: t.Iterable[Batch] | None = None) -> list[str]:
        """The names of the objects in batches that were begun and in those that were not; by default, of all."""
        rest = self.batches(MAX_BATCH_SIZE) if rest is None else rest
        return [name for batch in (*begun, *rest) for name in batch.names]

    def resume(self, identity: Identity) -> None:
        """Nothing is kept of a list."""

    def begin(self) -> None:
        """Nothing is kept of a list."""

    def accepted(self, batch: Batch) -> None:
        """Nothing is kept of a list."""

    def sync(self) -> None:
        """Nothing is kept of a list."""

    def end(self, finished: bool) -> None:
        """Nothing is kept of a list."""


class FileSource:
    """Objects that are in a file, and the progress that is kept of them, if one is.

    :raises ArgumentError: a name breaks a rule.
    """

    duplicate_count = 0

    def __init__(self, key_file: KeyFile, progress: Progress | None) -> None:
        self._key_file = key_file
        self._progress = progress
        self._record = progress.record if progress else None
        ends = {span.end for span in (self._record.mark, *self._record.spans)} if self._record else set()
        end, found = key_file.check(ends)
        self.object_count = end.object_count
        self._digests = {offset: position.digest for offset, position in found.items()}
        self._place: Place | None = None

    @property
    def keeps_progress(self) -> bool:
        return self._progress is not None

    @property
    def resumed_count(self) -> int:
        return self._place.resumed_count if self._place else 0

    @property
    def warning(self) -> str | None:
        return self._place.warning if self._place else None

    @property
    def pending_count(self) -> int:
        """How many objects are to be sent."""
        return self.object_count - self.resumed_count

    def batches(self, batch_size: int) -> t.Iterator[FileBatch]:
        if self._place is None:
            return self._key_file.batches(batch_size)
        return self._key_file.batches(batch_size, self._place.start, self._place.skipped)

    def names(self, begun: t.Sequence[Batch] = (), rest: t.Iterable[Batch] | None = None) -> list[str]:
        """The first names of the objects in batches that were begun and in those that were not; by default, of all."""
        names = [name for batch in begun for name in batch.names]
        try:
            for batch in self.batches(MAX_BATCH_SIZE) if rest is None else rest:
                names += batch.names
                if len(names) >= SHOWN_NAMES:
                    break
        except Failure:
            # The file has changed: what else it held can't be told any more.
            pass
        return names[:SHOWN_NAMES]

    def resume(self, identity: Identity) -> None:
        """Find out where the run begins.

        :raises Failure: the progress is that of another run.
        """
        if self._progress:
            self._place = find_place(self._progress.path, identity, self._record, self._digests)

    def begin(self) -> None:
        """Write the progress for the first time."""
        if self._progress and self._place:
            self._progress.begin(self._place.record)

    def accepted(self, batch: Batch) -> None:
        """Note that a batch was accepted."""
        if self._progress and isinstance(batch, FileBatch):
            span = Span(batch.start, batch.end, len(batch.object_keys), batch.digest, batch.open_end)
            self._progress.add(span)

    def sync(self) -> None:
        """Have the disk keep the progress."""
        if self._progress:
            self._progress.sync()

    def end(self, finished: bool) -> None:
        """Write the progress for the last time."""
        if self._progress:
            self._progress.end(finished)


Source = t.Union[ListSource, FileSource]


@contextlib.contextmanager
def stopped_by_signals(brake: Brake) -> t.Iterator[None]:
    """Pull the brake where a signal would kill the process (design.md, behaviour 11)."""

    def stop(number: int, _frame: t.Any) -> None:
        brake.stop(f"the run was stopped by {signal.Signals(number).name}")

    # What is ignored stays so: nohup ignores SIGHUP, and a shell SIGINT for what runs in its background.
    numbers = [n for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def submit(
    source: Source,
    batch_size: int,
    send: t.Callable[[Batch], Receipt],
    brake: Brake,
    concurrency: int = 1,
    patience: float = 30.0,
) -> Outcome:
    """Send events; the first final error stops the run (design.md, behaviours 2, 3 and 11).

    :arg send: hands one event to OMS and raises a Failure if that can't be done; Stopped, once the brake is pulled.
    :arg concurrency: how many events are in flight at once.
    :arg patience: seconds to wait for the events in flight, once the brake is pulled.
    """
    run = _Run(source, batch_size, send, brake, concurrency)
    # No event runs in the main thread: it is the one that signals interrupt, and must be free to heed them.
    run.work(1, patience, first_only=True)
    run.work(concurrency, patience)
    return run.outcome()


class _Run:
    """The state of a run, which all its threads share. The lock guards all of it but what is set once."""

    def __init__(
        self,
        source: Source,
        batch_size: int,
        send: t.Callable[[Batch], Receipt],
        brake: Brake,
        concurrency: int,
    ) -> None:
        self._source = source
        self._batches = iter(source.batches(batch_size))
        self._send = send
        self._brake = brake
        self._ahead = EVENTS_AHEAD * concurrency if source.keeps_progress else sys.maxsize
        self._changed = threading.Condition()
        # Numbers of events that were begun and are not accepted, in order.
        self._begun: dict[int, Batch] = {}
        self._next_number = 0
        self._outcome = Outcome()
        self._ended = False
        self._fault: BaseException | None = None
        self._guarded(source.begin)

    def work(self, threads: int, patience: float, first_only: bool = False) -> None:
        """Let threads send what there is, and wait for them."""
        workers = [
            threading.Thread(target=self._worker, args=(first_only,), name=f"event-{number}", daemon=True)
            for number in range(threads)
        ]
        for worker in workers:
            worker.start()
        until: float | None = None
        for worker in workers:
            while worker.is_alive() and (until is None or time.monotonic() < until):
                worker.join(_TICK_SECONDS)
                with self._changed:
                    self._guarded(self._source.sync)
                    # Whoever waits for others to get on must see that the brake was pulled.
                    self._changed.notify_all()
                if self._brake.stopped is not None and until is None:
                    until = time.monotonic() + patience

    def _worker(self, first_only: bool) -> None:
        try:
            self._send_events(first_only)
        except BaseException as fault:
            # A fault of ours: nobody goes on as if nothing had happened, and it comes to light in the main thread.
            self._fault = fault
            self._brake.stop("the run broke off")

    def _send_events(self, first_only: bool) -> None:
        while True:
            with self._changed:
                begun = self._begin()
            if begun is None:
                return
            number, batch = begun
            try:
                receipt = self._send(batch)
            except Failure as failure:
                with self._changed:
                    self._fail(failure, batch)
            else:
                with self._changed:
                    self._accept(number, batch, receipt)
            if first_only:
                return

    def _begin(self) -> tuple[int, Batch] | None:
        """Take the next batch; None where no more events are to start."""
        while self._begun and self._next_number - next(iter(self._begun)) >= self._ahead and not self._is_over():
            self._changed.wait()
        if self._is_over():
            return None
        try:
            batch = next(self._batches, None)
        except Failure as failure:
            self._fail(failure)
            return None
        if batch is None:
            return None
        number = self._next_number
        self._next_number += 1
        self._begun[number] = batch
        return number, batch

    def _is_over(self) -> bool:
        return self._ended or self._brake.stopped is not None

    def _accept(self, number: int, batch: Batch, receipt: Receipt) -> None:
        outcome = self._outcome
        if self._ended:
            # The result has been made: too late to be counted.
            return
        del self._begun[number]
        outcome.accepted_count += len(batch.object_keys)
        outcome.event_count += 1
        outcome.retry_count += receipt.attempts - 1
        if len(outcome.events) < SHOWN_EVENTS:
            outcome.events.append(
                {"object_keys": batch.encoded, "request_id": receipt.request_id, "attempts": receipt.attempts}
            )
        self._guarded(self._source.accepted, batch)
        self._changed.notify_all()

    def _fail(self, failure: Failure, batch: Batch | None = None) -> None:
        outcome = self._outcome
        if self._ended and batch:
            # The result has been made: too late to be counted.
            return
        outcome.retry_count += max(0, failure.attempts - 1)
        # What was merely stopped says nothing of why.
        if outcome.failure is None and not isinstance(failure, Stopped):
            outcome.failure = failure
            outcome.failed_names = batch.names if batch else []
            self._brake.stop("another event failed")
        self._changed.notify_all()

    def _guarded(self, act: t.Callable[..., None], *arguments: t.Any) -> None:
        """Do something that may fail without an event to blame."""
        try:
            act(*arguments)
        except Failure as failure:
            self._fail(failure)

    def outcome(self) -> Outcome:
        """End the run and say what became of the objects."""
        with self._changed:
            self._ended = True
            if self._fault:
                raise self._fault
            outcome = self._outcome
            source = self._source
            outcome.remaining_count = source.pending_count - outcome.accepted_count
            if outcome.failure is None and outcome.remaining_count:
                outcome.failure = Stopped(self._brake.stopped or "the run broke off")
            self._guarded(source.end, outcome.failure is None)
            if outcome.remaining_count:
                outcome.remaining = source.names(list(self._begun.values()), self._batches)
            return outcome
