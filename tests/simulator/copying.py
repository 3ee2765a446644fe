# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What a sync task copies of the objects that it is given, and what it counts.

What the reference does not say is marked with "Guess".
"""

from __future__ import annotations

import collections
import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timezone
from fnmatch import fnmatchcase

# The five series of ListSyncTaskStatistic.
SERIES = ("REQUEST", "SUCCESS", "FAILURE", "SKIP", "SIZE")
# What the statistics are counted by: FIVE_MINUTES.
BUCKET_SECONDS = 300


@dataclass
class Policy:
    """What becomes of the objects of an event.

    ``fail_keys`` and ``skip_keys`` are patterns of names as a shell has them; all others succeed, with ``object_size``
    bytes each. It is known ``copy_delay`` seconds after the event. With a ``copy_rate`` a task copies so many objects
    per second, one after the other, else all of an event at once. Without ``count_repeats`` a task counts each object
    key once.
    """

    fail_keys: t.Sequence[str] = ()
    skip_keys: t.Sequence[str] = ()
    object_size: int = 1024
    copy_delay: float = 0.0
    copy_rate: float = 0.0
    count_repeats: bool = True

    def outcome(self, names: list[str]) -> tuple[int, int, int, int]:
        """How many succeed, fail and are skipped, and the bytes that are copied."""
        if not self.fail_keys and not self.skip_keys:
            return len(names), 0, 0, len(names) * self.object_size
        fates = collections.Counter(map(self._fate, names))
        return fates["success"], fates["failure"], fates["skip"], fates["success"] * self.object_size

    def _fate(self, name: str) -> str:
        if any(fnmatchcase(name, pattern) for pattern in self.fail_keys):
            return "failure"
        return "skip" if any(fnmatchcase(name, pattern) for pattern in self.skip_keys) else "success"


@dataclass
class Counters:
    """What a task counts, in buckets of five minutes: they never lie across the end of a month."""

    buckets: dict[int, list[int]] = field(default_factory=dict)
    # What copying will have come to, and when.
    coming: list[tuple[float, tuple[int, int, int, int]]] = field(default_factory=list)
    # When the last object is copied that was accepted so far.
    copied_at: float = 0.0
    # All object keys, where repeated ones are to be counted once.
    seen: set[str] = field(default_factory=set)

    def add(self, now: float, *counts: int) -> None:
        """Count at a point in time: requests, successes, failures, skipped ones, bytes."""
        bucket = self.buckets.setdefault(int(now // BUCKET_SECONDS), [0] * len(SERIES))
        for number, count in enumerate(counts):
            bucket[number] += count

    def accept(self, now: float, names: list[str], policy: Policy) -> None:
        """Count an event with these objects, and what becomes of them."""
        self.add(now, len(names))
        if not policy.count_repeats:
            names = [name for name in dict.fromkeys(names) if name not in self.seen]
            self.seen.update(names)
        if policy.copy_rate:
            for name in names:
                self.copied_at = max(self.copied_at, now + policy.copy_delay) + 1 / policy.copy_rate
                self.coming.append((self.copied_at, policy.outcome([name])))
        elif policy.copy_delay:
            self.coming.append((now + policy.copy_delay, policy.outcome(names)))
        else:
            self.add(now, 0, *policy.outcome(names))

    def settle(self, now: float) -> None:
        """Count what has been copied by now."""
        due = [entry for entry in self.coming if entry[0] <= now]
        self.coming = [entry for entry in self.coming if entry[0] > now]
        for when, outcome in due:
            self.add(when, 0, *outcome)

    def of_month(self, when: float, zone: timezone) -> list[int]:
        """The sums of the month. In which time zone the months of OMS begin is not documented."""
        month = _month(when, zone)
        found = [counts for bucket, counts in self.buckets.items() if _month(bucket * BUCKET_SECONDS, zone) == month]
        return [sum(counts) for counts in zip(*found, strict=True)] or [0] * len(SERIES)

    def series(self, number: int, start: float, end: float, seconds: int) -> list[dict[str, int]]:
        """The points of a series within a span that are not 0.

        :arg seconds: that a point stands for.
        """
        points: dict[int, int] = {}
        for bucket, counts in sorted(self.buckets.items()):
            begins = bucket * BUCKET_SECONDS
            if start - seconds < begins <= end and counts[number]:
                point = begins // seconds * seconds
                points[point] = points.get(point, 0) + counts[number]
        return [{"time_stamp": point * 1000, "statistic_num": count} for point, count in points.items()]


def _month(when: float, zone: timezone) -> tuple[int, int]:
    date = datetime.fromtimestamp(when, zone)
    return date.year, date.month
