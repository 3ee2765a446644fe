# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Submitting many events: the first one alone, then several in parallel, until all are accepted or one fails.

Whatever fails, in whatever thread, the outcome says what was accepted and what was not.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import threading
import time
import traceback
import typing as t
from dataclasses import dataclass, field

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import Failure, OmsError, Stopped
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.checkpoint_log import Progress
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.key_file import FileBatch
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.object_keys import Batch
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import reason

DEFAULT_CONCURRENCY = 8
# A thread and a connection each.
MAX_CONCURRENCY = 64
# How many events a result shows: enough to see what was sent, few enough for a log.
SHOWN_EVENTS = 20
# How many object keys a result shows: 50,000 would print a megabyte.
SHOWN_OBJECT_KEYS = 1000
# With a progress file, no event starts further than so many times the concurrency behind the first one that is not
# accepted: a killed run repeats them.
EVENTS_AHEAD = 16
# More than are open at once for a look-up of a host, or while Ansible imports what it needs to write the result.
SPARE_DESCRIPTORS = 4
# How often the main thread looks at the progress file and at stop signals.
_TICK_SECONDS = 0.25


class Receipt(t.Protocol):
    """What sending an accepted event gives back."""

    @property
    def request_id(self) -> str:
        """By which the service knows the request."""

    @property
    def attempts(self) -> int:
        """How often the event was sent."""


class StopSignal(t.Protocol):
    """Ends waiting and further attempts once it is given. It can be given from a signal handler, too."""

    @property
    def stopped(self) -> str | None:
        """Why it was given; None if it was not."""

    def stop(self, why: str) -> None:
        """Give it."""


@dataclass
class Outcome:
    """What became of the objects.

    ``remaining`` are the first object keys that were not accepted, in the caller's order, unencoded as they were given;
    ``remaining_count`` counts all.
    """

    accepted_count: int = 0
    event_count: int = 0
    retry_count: int = 0
    events: list[dict[str, t.Any]] = field(default_factory=list)
    remaining_count: int = 0
    remaining: list[str] = field(default_factory=list)
    failure: Failure | None = None
    failed_object_keys: list[str] = field(default_factory=list)

    @property
    def is_truncated(self) -> bool:
        return len(self.remaining) < self.remaining_count


def as_failure(error: BaseException) -> Failure:
    """An error of any kind as ours. What it says may contain a secret: its type and its place are enough to find it."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, OmsError):
        return Failure(None, str(error))
    what = reason(error) if isinstance(error, OSError) and error.errno else type(error).__name__
    # Without source lines: there may be no memory or no file descriptor to read them.
    *_callers, (frame, line) = [(None, 0), *traceback.walk_tb(error.__traceback__)]
    where = f" ({os.path.basename(frame.f_code.co_filename)}, line {line})" if frame else ""
    return Failure(
        None,
        f"The run ended with an unexpected error: {what}{where}",
        "Run the task again with the remaining object keys",
    )


def open_descriptors(count: int) -> tuple[contextlib.ExitStack, int]:
    """Open so many file descriptors, or as many as the process may have; closing the stack closes them."""
    opened = contextlib.ExitStack()
    for number in range(count):
        try:
            opened.callback(os.close, os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except (OSError, MemoryError):
            return opened, number
    return opened, count


def possible_concurrency(asked: int) -> int:
    """As many connections as asked for, or as the process has file descriptors for."""
    opened, count = open_descriptors(asked + SPARE_DESCRIPTORS)
    opened.close()
    return max(1, min(asked, count - SPARE_DESCRIPTORS))


def first_object_keys(batches: t.Iterable[Batch]) -> list[str]:
    """As many object keys as a result shows, or fewer if no more can be read."""
    object_keys: list[str] = []
    try:
        for batch in batches:
            object_keys += batch.given
            if len(object_keys) >= SHOWN_OBJECT_KEYS:
                break
    except Exception:
        # The file has changed, or there is no memory for more: the count tells that some are missing.
        return object_keys[:SHOWN_OBJECT_KEYS]
    return object_keys[:SHOWN_OBJECT_KEYS]


def submit(
    batches: t.Iterator[Batch],
    pending_count: int,
    send: t.Callable[[Batch], Receipt],
    stop: StopSignal,
    concurrency: int = 1,
    grace_period: float = 30.0,
    progress: Progress | None = None,
    end_the_wait: t.Callable[[], bool] = lambda: False,
) -> Outcome:
    """Send events; the first permanent error stops the run. Raises nothing.

    :arg batches: the objects of each event.
    :arg pending_count: how many objects there are in them.
    :arg send: sends one event to OMS and raises a Failure if that can't be done; Stopped, once it is told to stop.
    :arg concurrency: how many events are in flight at once.
    :arg grace_period: seconds to wait for the events in flight, once the run is told to stop.
    :arg progress: writes checkpoints, if there is a progress file.
    :arg end_the_wait: whether not to wait for the events in flight any longer.
    """
    ahead = EVENTS_AHEAD * concurrency if progress else sys.maxsize
    run = _Run(batches, pending_count, send, stop, ahead, progress)
    run.guard(run.begin)
    run.guard(run.work, 1, grace_period, end_the_wait, True)
    run.guard(lambda: run.work(possible_concurrency(concurrency), grace_period, end_the_wait))
    return run.outcome()


class _Run:
    """The state of a run, which all its threads share. The lock guards all of it but what is set once."""

    def __init__(
        self,
        batches: t.Iterator[Batch],
        pending_count: int,
        send: t.Callable[[Batch], Receipt],
        stop: StopSignal,
        ahead: int,
        progress: Progress | None,
    ) -> None:
        self._batches = batches
        self._pending_count = pending_count
        self._send = send
        self._stop = stop
        self._ahead = ahead
        self._progress = progress
        self._changed = threading.Condition()
        # Events that have begun and are not accepted, by number, in order.
        self._begun: dict[int, Batch] = {}
        self._next_number = 0
        # Events that are accepted and behind one that is not; with a progress file only.
        self._accepted_ahead: dict[int, FileBatch] = {}
        self._next_in_order = 0
        self._last_in_order: FileBatch | None = None
        self._outcome = Outcome()
        self._ended = False

    def begin(self) -> None:
        """Write the first checkpoint: nothing is sent if there is no room for it."""
        if self._progress:
            self._progress.begin()

    def guard(self, act: t.Callable[..., object], *arguments: t.Any) -> None:
        """Do something; an error of any kind stops the run."""
        try:
            act(*arguments)
        except BaseException as error:
            self._fail(error)

    def work(
        self, threads: int, grace_period: float, end_the_wait: t.Callable[[], bool], first_only: bool = False
    ) -> None:
        """Send what there is in so many threads, or in fewer if there can't be more, and wait for them."""
        workers: list[threading.Thread] = []
        self.guard(self._start, threads, first_only, workers)
        while not workers and not self._is_over():
            # Not even one: this thread has to do it.
            if not self._send_next() or first_only:
                return
            self.guard(self._write_checkpoint)
        until: float | None = None
        while alive := [worker for worker in workers if worker.is_alive()]:
            if self._stop.stopped is not None:
                until = until or time.monotonic() + grace_period
                if end_the_wait() or time.monotonic() >= until:
                    return
            self.guard(self._wait, alive[0])

    def _start(self, threads: int, first_only: bool, workers: list[threading.Thread]) -> None:
        for number in range(threads):
            try:
                # No event runs in the main thread: it is the one that signals interrupt.
                worker = threading.Thread(
                    target=self.guard, args=(self._send_all, first_only), name=f"event-{number}", daemon=True
                )
                workers.append(worker)
                worker.start()
            except Exception:
                # The system has no more threads, or no memory for one.
                del workers[number:]
                return

    def _wait(self, worker: threading.Thread) -> None:
        worker.join(_TICK_SECONDS)
        self._write_checkpoint()

    def _write_checkpoint(self) -> None:
        if self._progress and self._progress.is_due:
            with self._changed:
                last = self._last_in_order
            if last:
                self._progress.write(last.end)

    def _send_all(self, first_only: bool) -> None:
        while self._send_next() and not first_only:
            pass

    def _send_next(self) -> bool:
        """Send the next event; false where no more are to start."""
        with self._changed:
            number, batch = self._begin()
        if batch is None:
            return False
        try:
            receipt = self._send(batch)
        except BaseException as error:
            self._fail(error, batch)
        else:
            with self._changed:
                self._accept(number, batch, receipt)
        return True

    def _begin(self) -> tuple[int, Batch | None]:
        """Take the next batch, if another event is to start."""
        number = 0
        batch = None
        try:
            while self._begun and self._next_number - next(iter(self._begun)) >= self._ahead and not self._is_over():
                self._changed.wait(_TICK_SECONDS)
            if not self._is_over():
                batch = next(self._batches, None)
            if batch is not None:
                number = self._next_number
                self._begun[number] = batch
                self._next_number += 1
        except BaseException as error:
            # With the lock held: a batch may be lost, and no other thread may take the next one and its number.
            self._fail(error)
            return 0, None
        return number, batch

    def _is_over(self) -> bool:
        return self._ended or self._stop.stopped is not None

    def _accept(self, number: int, batch: Batch, receipt: Receipt) -> None:
        if self._ended:
            # The outcome is known already: too late to be counted.
            return
        outcome = self._outcome
        # What may fail comes after what counts.
        del self._begun[number]
        outcome.accepted_count += len(batch.object_keys)
        outcome.event_count += 1
        self._changed.notify_all()
        if self._progress and isinstance(batch, FileBatch):
            self._accepted_ahead[number] = batch
            first_missing = next(iter(self._begun), self._next_number)
            while self._next_in_order < first_missing:
                self._last_in_order = self._accepted_ahead.pop(self._next_in_order)
                self._next_in_order += 1
        outcome.retry_count += receipt.attempts - 1
        if len(outcome.events) < SHOWN_EVENTS:
            outcome.events.append(
                {"object_keys": batch.encoded, "request_id": receipt.request_id, "attempts": receipt.attempts}
            )

    def _fail(self, error: BaseException, batch: Batch | None = None) -> None:
        with self._changed:
            if self._ended and batch:
                # The outcome is known already: too late to be counted.
                return
            outcome = self._outcome
            # Those that were merely stopped do not say why.
            if not isinstance(error, Stopped):
                self._stop.stop("Another event failed")
            failure = as_failure(error)
            outcome.retry_count += max(0, failure.attempts - 1)
            if outcome.failure is None and not isinstance(failure, Stopped):
                outcome.failure = failure
                outcome.failed_object_keys = batch.given if batch else []
            self._changed.notify_all()

    def outcome(self) -> Outcome:
        """End the run and say what became of the objects."""
        with self._changed:
            self._ended = True
        outcome = self._outcome
        outcome.remaining_count = self._pending_count - outcome.accepted_count
        if outcome.failure is None and outcome.remaining_count:
            outcome.failure = Stopped(self._stop.stopped or "The run ended early")
        if self._progress and self._last_in_order:
            self.guard(self._progress.write, self._last_in_order.end)
        if outcome.remaining_count:
            outcome.remaining = first_object_keys(itertools.chain(self._begun.values(), self._batches))
        return outcome
