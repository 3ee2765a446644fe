# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Waiting until OMS has copied the objects that it accepted, by the counters of the sync task.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    TIMEOUT,
    ConnectionFailure,
    Failure,
    Stopped,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.answers import MonthlyCounters
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.api_errors import STATE, is_transient
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.client import STOPPED
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import counted

# The kind of a failure where OMS could not copy all that it accepted. Documented as RV(error.kind).
COPY = "copy"
# Seconds between two polls.
_FIRST_INTERVAL = 1.0
_MAX_INTERVAL = 30.0
_INTERVAL_FACTOR = 1.5
# The time zones in use. In which of them OMS's months begin is not documented (docs/oms-api.md, section 2).
_WEST = timedelta(hours=-12)
_EAST = timedelta(hours=14)

_LOOK_LATER = "Read the counters of the sync task later with huaweicloud.oms.oms_sync_task_info"


@dataclass(frozen=True)
class Copied:
    """How many objects OMS copied, failed to copy and skipped, by the counters of the sync task."""

    success: int = 0
    failure: int = 0
    skip: int = 0

    @property
    def total(self) -> int:
        return self.success + self.failure + self.skip


class Growth:
    """By how much the counters of a sync task have grown since this was made.

    The month of that moment is always read with the same time. Near the end of a month the present month is read, too,
    and added unless it is the same one.

    :arg show: reads the counters of the month in which a time is.
    :raises Failure: the counters can't be read.
    """

    def __init__(self, show: t.Callable[[datetime], MonthlyCounters], clock: Clock) -> None:
        self._show = show
        self._clock = clock
        self._start = clock.now()
        self._baseline = show(self._start)
        self._is_another_month = False

    def read(self) -> tuple[Copied, str]:
        """Read the counters.

        :returns: their growth, and the status of the sync task.
        :raises Failure: they can't be read.
        """
        counters = [self._show(self._start)]
        now = self._clock.now()
        if may_be_another_month(self._start, now):
            present = self._show(now)
            if not self._is_another_month:
                before, counters = counters[0], [self._show(self._start)]
                self._is_another_month = not _lies_between(before, present, counters[0])
            if self._is_another_month:
                counters.append(present)

        def grown(name: str) -> int:
            return max(0, sum(getattr(month, name) for month in counters) - getattr(self._baseline, name))

        return Copied(grown("success"), grown("failure"), grown("skip")), counters[0].status


def may_be_another_month(start: datetime, now: datetime) -> bool:
    """Whether two times are in different months somewhere in the world."""
    return _month(start + _WEST) != _month(now + _EAST)


def _month(when: datetime) -> tuple[int, int]:
    when = when.astimezone(timezone.utc)
    return when.year, when.month


def _lies_between(before: MonthlyCounters, present: MonthlyCounters, after: MonthlyCounters) -> bool:
    """Whether the counters of the present month can be those of the month that was read before and after them."""
    names = ("requests", "success", "failure", "skip", "size")
    return all(getattr(before, name) <= getattr(present, name) <= getattr(after, name) for name in names)


def wait_for_copies(
    growth: Growth, accepted: int, seconds: float, clock: Clock, sync_task_id: str, note: t.Callable[[Copied], object]
) -> None:
    """Poll the counters until they have grown by as much as OMS accepted.

    :arg accepted: how many objects to wait for.
    :arg seconds: how long to wait. A poll that is retried can take longer.
    :arg note: is told what each poll shows.
    :raises Failure: the time is over, the sync task is stopped or gone, or the counters can't be read any longer.
    """
    try:
        _poll(growth, accepted, seconds, clock, sync_task_id, note)
    except Stopped as stopped:
        what = f"{stopped.why} during the wait for the copies of {counted(accepted, 'object')} that OMS accepted"
        raise Failure(None, what, f"OMS continues without this task. {_LOOK_LATER}") from None


def _poll(
    growth: Growth, accepted: int, seconds: float, clock: Clock, sync_task_id: str, note: t.Callable[[Copied], object]
) -> None:
    until = clock.monotonic() + seconds
    interval = _FIRST_INTERVAL
    copied = Copied()
    while True:
        failure: Failure | None = None
        try:
            copied, status = growth.read()
        except Failure as error:
            if not _is_transient(error):
                raise
            failure = error
        else:
            note(copied)
            if copied.total >= accepted:
                return
            if status == STOPPED:
                what = f"The sync task {sync_task_id} was stopped during the wait. {_so_far(copied, accepted)}"
                raise Failure(STATE, what, "Start it with huaweicloud.oms.oms_sync_task and state=started")
        left = until - clock.monotonic()
        if left <= 0:
            raise failure or Failure(
                TIMEOUT,
                f"The wait for the copies timed out after {seconds:g} s. {_so_far(copied, accepted)}",
                f"OMS continues without this task. {_LOOK_LATER}, or increase wait_timeout",
            )
        clock.sleep(min(interval, left))
        if clock.stopped is not None:
            raise Stopped(clock.stopped)
        interval = min(interval * _INTERVAL_FACTOR, _MAX_INTERVAL)


def check_copies(copied: Copied, accepted: int, sync_task_id: str) -> None:
    """Fail if OMS could not copy all objects.

    :raises Failure: the counter of failed objects has grown.
    """
    if copied.failure:
        raise Failure(
            COPY,
            f"The sync task {sync_task_id} failed to copy {counted(copied.failure, 'object')} during the wait for"
            f" {counted(accepted, 'object')}. Objects of other senders may be among them",
            f"Find the object keys and the reasons in the destination bucket, in oms/sync_task/{sync_task_id}/"
            "failed_object_lists/<subtask>/<time>.failed_list.txt, then submit these object keys again",
        )


def _so_far(copied: Copied, accepted: int) -> str:
    return (
        f"By its counters, the sync task has copied {copied.success} of {counted(accepted, 'object')}, failed to copy"
        f" {copied.failure} and skipped {copied.skip}"
    )


def _is_transient(failure: Failure) -> bool:
    # The host has answered in this run, when the baseline was read.
    return is_transient(failure) or (isinstance(failure, ConnectionFailure) and failure.transient_after_answer)
