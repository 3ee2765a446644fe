# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Sending a request again after a transient error.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import random
import re
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import LONGEST_SECONDS, check_range
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    ConnectionFailure,
    Stopped,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import (
    Authorise,
    Request,
    Response,
    _http_date,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.rate_limiter import (
    PAUSE_SECONDS,
    TELLING_REFUSALS,
    Pace,
)

# Answers after which another attempt may succeed (oms-api.md, section 3). A 500 is not among them: the gateway
# documents it as final for a write.
TRANSIENT_STATUSES = (408, 429, 502, 503, 504)
# Waiting longer than this because a service asks for it would look like a hanging task.
MAX_RETRY_AFTER_SECONDS = 300.0
# How long a service may throttle without accepting anything until the run ends.
MAX_THROTTLED_SECONDS = 600.0
# The first retry's longest delay is twice this one.
BASE_DELAY_SECONDS = 1.0


@dataclass(frozen=True)
class RetryPolicy:
    """When to try again.

    :arg retries: attempts beyond the first, 0 to 100.
    :arg max_delay: the longest delay between two attempts in seconds, if the service asks for none.
    """

    retries: int
    max_delay: float

    def __post_init__(self) -> None:
        check_range("retries", self.retries, 0, 100)
        check_range("retry_max_delay", self.max_delay, 0, LONGEST_SECONDS, "seconds")


class Transport:
    """Sends requests, and sends them again where that may help (design.md, behaviour 4).

    :arg exchange: makes one attempt: request and all its headers in, response out.
    :arg rate_limit: see :class:`Pace`.
    :arg uniform: a random number between two others.
    """

    def __init__(
        self,
        exchange: t.Callable[[Request, t.Mapping[str, str]], Response],
        policy: RetryPolicy,
        clock: Clock | None = None,
        uniform: t.Callable[[float, float], float] = random.uniform,
        rate_limit: float = 0.0,
    ) -> None:
        self._exchange = exchange
        self._policy = policy
        self.clock = clock or Clock()
        self._uniform = uniform
        self._pace = Pace(self.clock, rate_limit)
        self._accepted_at: float | None = None
        # The hosts that have answered in this run, with any status.
        self._answered: set[str] = set()

    def send(self, request: Request, authorise: Authorise, max_retries: int | None = None) -> Response:
        """Send a request until it is answered for good. Many threads may do so at once.

        A POST is repeated like anything else, if nothing else is said: OMS compares source and destination and skips
        what is there already, so an event that was accepted although its answer got lost does no harm when it is sent
        again.

        :arg authorise: is asked before each attempt, so that none carries an old date.
        :arg max_retries: attempts beyond the first; as the policy has it, if not given.
        :returns: an answer of any status.
        :raises ConnectionFailure: no answer came.
        :raises Stopped: the clock was stopped first.
        """
        allowed = self._policy.retries if max_retries is None else max_retries
        retries = throttled = 0
        most = allowed if request.repeatable else 0
        host = request.endpoint.url
        if self._accepted_at is None:
            self._accepted_at = self.clock.monotonic()
        while True:
            attempts = 1 + retries + throttled
            started = self._pace.wait()
            if self.clock.stopped is not None:
                raise Stopped(self.clock.stopped, attempts - 1)
            response: Response | None = None
            try:
                headers = {**request.headers, **authorise(request, self.clock.now())}
                response = replace(self._exchange(request, headers), attempts=attempts)
            except ConnectionFailure as failure:
                transient = failure.transient_after_answer if host in self._answered else failure.transient
                if not transient or retries >= most:
                    raise failure.after(attempts) from None
            if response is None:
                retries += 1
                self.clock.sleep(self._delay(retries))
                continue
            self._answered.add(host)
            if response.status == 200:
                self._accepted_at = self.clock.monotonic()
                self._pace.accepted()
            if response.status not in TRANSIENT_STATUSES:
                return response
            # Being throttled is no fault of the service: it does not use up the retries. Without any retries there is
            # one attempt, whatever comes.
            is_throttled = response.status == 429 and allowed > 0
            if not is_throttled and retries >= most:
                return replace(response, gave_up=f", given up after {attempts} attempts" if attempts > 1 else "")
            asked = self._retry_after(response)
            if asked > MAX_RETRY_AFTER_SECONDS:
                return replace(
                    response,
                    gave_up=f", the service asks to wait {asked:.0f} s, which is more than the"
                    f" {MAX_RETRY_AFTER_SECONDS:.0f} s that this module waits",
                )
            if not is_throttled:
                retries += 1
                self.clock.sleep(max(asked, self._delay(retries)))
                continue
            throttled += 1
            pause = max(asked, self._pause(self._pace.refused(started)))
            if self.clock.monotonic() + pause - self._accepted_at > MAX_THROTTLED_SECONDS:
                minutes = f"{MAX_THROTTLED_SECONDS / 60:.0f} minutes"
                return replace(response, gave_up=f", nothing was accepted for {minutes}")
            self._pace.pause(pause)

    def _pause(self, refusals: int) -> float:
        """Seconds for which all pause after a 429: longer, the more of them there were in a row."""
        if refusals > TELLING_REFUSALS:
            return self._backoff(refusals - TELLING_REFUSALS)
        return min(self._policy.max_delay, PAUSE_SECONDS) if refusals else 0.0

    def _delay(self, number: int) -> float:
        """Seconds before the given retry, counted from 1.

        The first two come soon: most troubles are over at once, and an event that waits holds up those behind it. From
        then on delays are never below half of the bound, so that the default 8 retries outlast an outage of 60 s with
        certainty: 72 s at least.
        """
        return self._uniform(0, self._bound(number) / 8) if number <= 2 else self._backoff(number)

    def _backoff(self, number: int) -> float:
        # Random, so that many senders do not come back in step.
        return self._uniform(self._bound(number) / 2, self._bound(number))

    def _bound(self, number: int) -> float:
        # 2**1024 is no float, and throttling may go on that long where max_delay is short.
        return min(self._policy.max_delay, BASE_DELAY_SECONDS * 2 ** min(number, 12))

    def _retry_after(self, response: Response) -> float:
        """Seconds that the service asks to wait: 0 where it does not, or not in a form that RFC 9110 knows."""
        value = (response.headers.get("Retry-After") or "").strip()
        if re.fullmatch("[0-9]+", value):
            # There may be hundreds of digits, which no sentence can bear.
            return min(float(value), 1e12)
        until = _http_date(value)
        if until is None:
            return 0.0
        # By the service's own clock where it shows it.
        now = _http_date(response.headers.get("Date") or "") or self.clock.now()
        return max(0.0, (until - now).total_seconds())
