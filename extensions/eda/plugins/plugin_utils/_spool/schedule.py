# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Which batch is next, how long a batch that failed waits, and when it is divided."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .batch import Batch

# A batch that failed so often is divided, unless there are so many batches already. Without this limit a long outage,
# in which all batches fail, would turn them into as many batches as there are object keys.
DIVIDE_AFTER = 10
DIVIDE_BELOW = 50
# The result of next_turn if new batches are to be made first.
GATHER: t.Final = "gather"


@dataclass(frozen=True)
class Settings:
    """How to make and retry batches; times are in seconds. DOCUMENTATION says what each means."""

    window: float = 5.0
    max_keys: int = 10_000
    max_attempts: int = 100
    retry_delay: float = 5.0
    retry_max_delay: float = 300.0
    lease: float = 1800.0
    # How often to look whether something has arrived, or a playbook has ended: a few `stat` each time. No argument.
    poll: float = 0.2

    def delay(self, failures: int) -> float:
        """How long to wait after so many failures."""
        if failures < 1:
            return 0.0
        # 2.0**1024 is more than Python can count.
        return min(self.retry_max_delay, self.retry_delay * 2.0 ** min(failures - 1, 1000))

    @property
    def divide_after(self) -> int:
        return min(DIVIDE_AFTER, self.max_attempts or DIVIDE_AFTER)


@dataclass
class Backoff:
    """How long new batches, and batches that failed, have to wait because of what failed last.

    A batch that failed does not make new ones wait: the reason may be its own. While new ones fail, too, all wait.

    :ivar new_failures: how many new batches failed, since the last batch that was accepted.
    :ivar failures: how many attempts failed, since the last batch that was accepted.
    :ivar new_from: no new batch before this time.
    :ivar retry_from: no batch that failed before this time.
    :ivar last_was_new: whether the last attempt was that of a new batch.
    """

    new_failures: int = 0
    failures: int = 0
    new_from: float = 0.0
    retry_from: float = 0.0
    last_was_new: bool = False

    def note(self, accepted: bool, is_new: bool, settings: Settings, now: float) -> None:
        self.last_was_new = is_new
        if accepted:
            self.new_failures = self.failures = 0
            self.new_from = self.retry_from = now
            return
        self.failures += 1
        self.retry_from = now + settings.delay(self.failures)
        if is_new:
            self.new_failures += 1
            self.new_from = now + settings.delay(self.new_failures)


def next_new(batches: t.Iterable[Batch]) -> Batch | None:
    """The oldest batch that was not tried yet."""
    return min((batch for batch in batches if not batch.attempts), key=lambda batch: batch.path.name, default=None)


def next_retry(batches: t.Iterable[Batch], settings: Settings, now: float) -> Batch | None:
    """Of the batches that failed and whose delay is over, the one that has waited longest.

    :arg now: in seconds since the epoch. If the clock was set back, no batch waits.
    """
    due = [
        batch for batch in batches if batch.attempts and not 0 <= now - batch.tried_at < settings.delay(batch.attempts)
    ]
    return min(due, key=lambda batch: (batch.tried_at, batch.path.name), default=None)


def next_turn(
    batches: t.Collection[Batch],
    has_arrivals: bool,
    backoff: Backoff,
    settings: Settings,
    now: float,
    date: float,
) -> Batch | t.Literal["gather"] | None:
    """The batch to run, GATHER to make new batches first, or None to wait.

    :arg now: the monotonic time, ``date`` the seconds since the epoch.
    """
    retry = next_retry(batches, settings, date) if now >= backoff.retry_from else None
    # New batches first. But where they come all the time, a batch that failed would never have its turn.
    if now >= backoff.new_from and not (retry and backoff.last_was_new):
        new = next_new(batches)
        if new:
            return new
        if has_arrivals:
            return GATHER
    return retry
