# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""When attempts may start: the option rate_limit, and the rate that is learnt from HTTP 429.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import collections
import math
import threading

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock

# The option rate_limit: from one attempt an hour to more than a process can make.
MIN_RATE = 1 / 3600
MAX_RATE = 10000.0
# A thread may wake up late by this without a delay for the attempts behind it.
LATE_SECONDS = 0.05
# A waiting thread looks again at the rate, which may have changed, after this.
SLEEP_SECONDS = 0.05
# The numbers from here on are tuned by a simulation of the scenarios in tests/soak/rates.py.
# After a 429 all threads pause, and go on with this share of what was accepted in the last second.
PAUSE_SECONDS = 0.12
CUT = 0.9
# From there the rate grows, slowly at first: t seconds after the pause its square root is larger by GROWTH * t^4. So
# 180/s grow to 193/s in the first second and to 560/s in the second one. The square root lets a slow run catch up with
# a fast one behind the same gateway.
GROWTH = 0.4
# Acceptances within less time than this do not show the rate that the service allows. Then the rate starts with at
# least this many attempts per second, and grows faster by this factor.
KNOWN_SECONDS = 0.5
UNKNOWN_RATE = 10.0
UNKNOWN_SPEED = 2.0


class RateLimiter:
    """When attempts may start; all threads of a run ask. There is no limit until the service answers 429.

    :arg rate_limit: the most attempts per second, evenly spaced; 0 for no limit.
    """

    def __init__(self, clock: Clock, rate_limit: float = 0.0) -> None:
        if not (rate_limit == 0 or MIN_RATE <= rate_limit <= MAX_RATE):
            raise ArgumentError(
                f"rate_limit is {rate_limit:g}. It must be 0 for no limit, or {MIN_RATE:g} to {MAX_RATE:g} attempts"
                " per second."
            )
        self._clock = clock
        self._rate_limit = rate_limit or math.inf
        # One thread waits for its start, the others for this lock.
        self._turn = threading.Lock()
        # For all of the state below.
        self._lock = threading.Lock()
        self._last_start = -math.inf
        self._accepted: collections.deque[float] = collections.deque()
        self._pause_ends = -math.inf
        self._rate_after_pause = math.inf
        self._is_known = False

    def wait(self) -> float:
        """Wait until an attempt may start, or the clock is stopped.

        :returns: when it started.
        """
        with self._turn:
            while True:
                delay = self.try_start()
                if not delay or self._clock.stopped is not None:
                    return self._clock.monotonic()
                self._clock.sleep(delay)

    def try_start(self) -> float:
        """Start an attempt if it is time.

        :returns: 0 if it starts now, otherwise seconds to sleep before the next try.
        """
        now = self._clock.monotonic()
        with self._lock:
            due = max(self._pause_ends, self._last_start + 1 / self._rate(now))
            if due <= now:
                self._last_start = due if now - due <= LATE_SECONDS else now
                return 0.0
            return max(self._pause_ends - now, min(due - now, SLEEP_SECONDS))

    def _rate(self, now: float) -> float:
        """How many attempts per second may start now."""
        if self._rate_after_pause == math.inf:
            return self._rate_limit
        seconds = max(0.0, now - self._pause_ends) * (1.0 if self._is_known else UNKNOWN_SPEED)
        return min(self._rate_limit, (math.sqrt(self._rate_after_pause) + GROWTH * seconds**4) ** 2)

    def accepted(self) -> None:
        """Note that the service accepted an attempt."""
        now = self._clock.monotonic()
        with self._lock:
            self._accepted.append(now)
            self._forget_old(now)

    def refused(self, started: float, retry_after: float = 0.0) -> None:
        """Note that the service answered 429, and let all threads pause.

        :arg started: when the attempt started. One that started before the last pause is ignored.
        :arg retry_after: the shortest pause in seconds.
        """
        now = self._clock.monotonic()
        with self._lock:
            if started >= self._pause_ends:
                self._forget_old(now)
                accepted = self._accepted
                self._is_known = bool(accepted) and accepted[-1] - accepted[0] >= KNOWN_SECONDS
                self._rate_after_pause = max(CUT * len(accepted), 1.0 if self._is_known else UNKNOWN_RATE)
                self._pause_ends = now + PAUSE_SECONDS
            self._pause_ends = max(self._pause_ends, now + retry_after)

    def _forget_old(self, now: float) -> None:
        while self._accepted and self._accepted[0] < now - 1:
            self._accepted.popleft()
