# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""A gateway that throttles: which requests it accepts, and which it answers with HTTP 429."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field


@dataclass
class Gateway:
    """Accepts so many requests in each fixed window of one second. Refused requests do not count.

    All times are seconds since the first request, at which the first window begins, but for ``phase``.

    :arg rate: requests in a window, the limit until the first of the changes.
    :arg retry_after: the header of that name.
    :arg changes: pairs of a time and the limit from then on, in order.
    :arg others: what other senders send: triples of a time, the time at which they stop, and requests in a second.
    :arg stray: the numbers, from 1, of the requests that are refused for no reason.
    :arg phase: how far into a window the first request comes.
    """

    rate: float
    retry_after: str | None = None
    changes: t.Sequence[tuple[float, float]] = ()
    others: t.Sequence[tuple[float, float, float]] = ()
    stray: t.Sequence[int] = ()
    phase: float = 0.0
    _first: float | None = field(default=None, init=False)
    _count: int = field(default=0, init=False)
    _window: int = field(default=-1, init=False)
    _used: float = field(default=0.0, init=False)
    # Until when the requests of the others have been counted.
    _counted_until: float = field(default=0.0, init=False)

    def refuses(self, now: float) -> bool:
        """Whether the request that comes now is refused; counts it. Requests must come in the order of time."""
        if self._first is None:
            self._first = now
        time = now - self._first
        self._count += 1
        if self._count in self.stray:
            return True
        window = int(time + self.phase)
        if window != self._window:
            self._window, self._used, self._counted_until = window, 0.0, window - self.phase
        limit = next((limit for begin, limit in reversed(self.changes) if time >= begin), self.rate)
        for begin, end, rate in self.others:
            self._used += rate * max(0.0, min(time, end) - max(self._counted_until, begin))
        self._counted_until = time
        self._used = min(self._used, limit)
        if self._used > limit - 1:
            return True
        self._used += 1
        return False
