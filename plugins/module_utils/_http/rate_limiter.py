# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""When attempts may start: the rate limit of the user, and that of the service.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import collections
import math
import threading

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    ArgumentError,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock

# The pause after the first 429s since something was accepted. Going slower is the remedy; the pause lets all heed it.
PAUSE_SECONDS = 0.1
# What rate_limit may be: one attempt in an hour, and more than a process can make.
MIN_RATE = 1 / 3600
MAX_RATE = 10000.0
# So late an attempt may start and the next ones still make up for it.
LATE_SECONDS = 0.01
# By so much the way to the service may take longer for one attempt than for another.
TRAVEL_SECONDS = 0.1
# By so much the pace is cut after a 429, and so long it takes to be back where it was refused.
PACE_CUT = 0.05
RECOVERY_SECONDS = 20.0
# Attempts in a second: the least that 429s bring the pace to.
LEAST_PACE = 1.0
# So many 429s without an acceptance between them tell of the pace. A single one does not: gateways have them for other
# reasons, too, and to go slower for each of them would soon be to creep.
TELLING_REFUSALS = 2


class Pace:
    """When attempts may start; all threads of a run ask.

    Two things bound the pace. The option O(rate_limit) holds in any window of one second. And where the service
    answers 429, all pause together; where it does so more than once in a row, they go on a little slower than it was
    accepting. From there the pace grows again, slowly around where it was refused and faster beyond, so that most of
    what the service allows is used and little of what is sent is refused.

    :arg rate_limit: attempts in a second, 0 for any number; less than 1 for one in several seconds.
    """

    def __init__(self, clock: Clock, rate_limit: float = 0.0) -> None:
        if not (rate_limit == 0 or MIN_RATE <= rate_limit <= MAX_RATE):
            raise ArgumentError(
                f"rate_limit: {rate_limit:g} is out of range: 0 for none, or {MIN_RATE:g} to {MAX_RATE:g} attempts in a"
                " second are allowed"
            )
        self._clock = clock
        # Whoever has the turn starts next. The others wait for their turn and need not wake up to see that it is not.
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        # An attempt takes a while to the service, and not always the same: so the window is a little longer here.
        self._window = (1 / rate_limit if rate_limit < 1 else 1.0) + TRAVEL_SECONDS if rate_limit else 0.0
        self._starts: collections.deque[float] = collections.deque(maxlen=max(1, int(rate_limit)))
        self._due = -math.inf
        self._accepted: collections.deque[float] = collections.deque()
        self._refused_in_a_row = 0
        self._refused_rate = math.inf
        self._cut_at = -math.inf
        self._paused_until = -math.inf

    def wait(self) -> float:
        """Wait until an attempt may start, and give back when it did."""
        with self._turn:
            while True:
                now = self._clock.monotonic()
                delay = self._next_start() - now
                if delay <= 0 or self._clock.stopped is not None:
                    # By the time it was due at and not by the time that it was: waking up late must not add up.
                    self._due = max(self._due, now - LATE_SECONDS) + 1 / self._rate()
                    self._starts.append(now)
                    return now
                self._clock.sleep(delay)

    def _next_start(self) -> float:
        with self._lock:
            due = max(self._paused_until, self._due)
        if self._window and len(self._starts) == self._starts.maxlen:
            due = max(due, self._starts[0] + self._window)
        return due

    def _rate(self) -> float:
        """How many attempts may start in a second after the service has refused some.

        The curve is that of CUBIC, with which TCP looks for the capacity of a line (RFC 9438).
        """
        if self._refused_rate == math.inf:
            return math.inf
        x = (self._clock.monotonic() - self._cut_at) / RECOVERY_SECONDS - 1
        return self._refused_rate * (1 + PACE_CUT * x**3)

    def accepted(self) -> None:
        """Note that the service accepted an attempt."""
        now = self._clock.monotonic()
        with self._lock:
            self._refused_in_a_row = 0
            self._accepted.append(now)
            self._forget_before(now - 1)

    def pause(self, seconds: float) -> None:
        """Let nobody start an attempt for a while."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock.monotonic() + seconds)

    def refused(self, started: float) -> int:
        """Note that the service refused an attempt because there were too many, and go slower if it goes on so.

        :arg started: when it started, as `wait` said.
        :returns: how many it has refused in a row; 0 where this one started before the pace was cut, and says nothing
            of the new one.
        """
        now = self._clock.monotonic()
        with self._lock:
            if started < self._cut_at:
                return 0
            self._refused_in_a_row += 1
            if self._refused_in_a_row < TELLING_REFUSALS:
                return self._refused_in_a_row
            self._forget_before(now - 1)
            # What was accepted in the last second is what the service allows, unless a pause or a slow start was in it:
            # then the pace that was refused tells more. Where there was none, how much is allowed is not known.
            pace = self._rate()
            known = 0.0 if pace == math.inf else pace * (1 - 2 * PACE_CUT)
            accepted = float(len(self._accepted)) or pace
            self._refused_rate = max(LEAST_PACE, known, min(accepted, pace))
            self._cut_at = now
            return self._refused_in_a_row

    def _forget_before(self, time_: float) -> None:
        while self._accepted and self._accepted[0] < time_:
            self._accepted.popleft()
