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
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.rate_limiter import RateLimiter

# Statuses after which another attempt may succeed (docs/oms-api.md, section 3). A 500 is permanent: so the gateway
# documents it for a write.
TRANSIENT_STATUSES = (408, 429, 502, 503, 504)
# A task that waits longer than this because the service asks for it would look as if it hung.
MAX_RETRY_AFTER_SECONDS = 300.0
# How long the service may answer 429, and nothing else, until the run ends.
MAX_THROTTLED_SECONDS = 600.0
# The bound of the delay before the first retry is twice this one.
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
    """Sends requests, and sends them again after transient errors.

    :arg exchange: makes one attempt: request and all its headers in, response out.
    :arg rate_limit: see :class:`RateLimiter`.
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
        self._rate_limiter = RateLimiter(self.clock, rate_limit)
        # When the first 429 came after which there was nothing but 429s.
        self._throttled_since: float | None = None
        # The hosts that have answered in this run, with any status.
        self._answered: set[str] = set()

    def send(self, request: Request, authorise: Authorise, max_retries: int | None = None) -> Response:
        """Send a request until its outcome is permanent. Many threads may do so at once.

        A POST is repeated if the request does not say otherwise: OMS compares source and destination and skips what is
        equal, so an event that was accepted although its answer was lost does no harm when it is sent again.

        :arg authorise: is called before each attempt, so that none carries an old date.
        :arg max_retries: attempts beyond the first; those of the policy if not given.
        :returns: an answer of any status.
        :raises ConnectionFailure: no answer came.
        :raises Stopped: the clock was stopped first.
        """
        allowed = self._policy.retries if max_retries is None else max_retries
        most = allowed if request.repeatable else 0
        host = request.endpoint.url
        retries = throttled = 0
        while True:
            attempts = 1 + retries + throttled
            started = self._rate_limiter.wait()
            if self.clock.stopped is not None:
                raise Stopped(self.clock.stopped, attempts - 1)
            try:
                headers = {**request.headers, **authorise(request, self.clock.now())}
                response = replace(self._exchange(request, headers), attempts=attempts)
            except ConnectionFailure as failure:
                self._throttled_since = None
                transient = failure.transient_after_answer if host in self._answered else failure.transient
                if not transient or retries >= most:
                    raise failure.after(attempts) from None
                retries += 1
                self.clock.sleep(self._delay(retries))
                continue
            self._answered.add(host)
            if response.status != 429:
                self._throttled_since = None
            if response.status == 200:
                self._rate_limiter.accepted()
            if response.status not in TRANSIENT_STATUSES:
                return response
            # A 429 does not count as a retry. But without retries there is one attempt, whatever the answer.
            is_throttled = response.status == 429 and allowed > 0
            if not is_throttled and retries >= most:
                return replace(response, gave_up=_counted(attempts))
            retry_after = self._retry_after(response)
            if retry_after > MAX_RETRY_AFTER_SECONDS:
                return replace(
                    response,
                    gave_up=f"{_counted(attempts)}, the service asks to wait {retry_after:.0f} s and the module waits"
                    f" {MAX_RETRY_AFTER_SECONDS:.0f} s at most",
                )
            if not is_throttled:
                retries += 1
                self.clock.sleep(max(retry_after, self._delay(retries)))
                continue
            throttled += 1
            throttled_seconds = self._throttled_seconds()
            # The longer nothing else comes, the less often it is tried: some 300 times in ten minutes.
            pause = max(retry_after, throttled_seconds / 60)
            if throttled_seconds + pause > MAX_THROTTLED_SECONDS:
                minutes = f"{MAX_THROTTLED_SECONDS / 60:.0f} minutes"
                return replace(response, gave_up=f"{_counted(attempts)}, no request was accepted for {minutes}")
            self._rate_limiter.refused(started, pause)

    def _throttled_seconds(self) -> float:
        """For how long there has been nothing but 429s, the one that has just come included."""
        now = self.clock.monotonic()
        since = self._throttled_since
        if since is None:
            since = self._throttled_since = now
        return now - since

    def _delay(self, number: int) -> float:
        """Seconds before the given retry, counted from 1: exponential, and random so that senders do not act in step.

        The first two are short: most errors are over at once, and an event that waits delays the following ones. The
        others are never below half of the bound, so that the default 8 retries outlast an outage of 60 s with
        certainty: 72 s at least.
        """
        # 2**1024 is no float.
        bound = min(self._policy.max_delay, BASE_DELAY_SECONDS * 2 ** min(number, 12))
        return self._uniform(0, bound / 8) if number <= 2 else self._uniform(bound / 2, bound)

    def _retry_after(self, response: Response) -> float:
        """Seconds that the service asks to wait; 0 where it does not, or not in a form of RFC 9110."""
        value = (response.headers.get("Retry-After") or "").strip()
        if re.fullmatch("[0-9]+", value):
            # There may be hundreds of digits: too long for a message.
            return min(float(value), 1e12)
        until = _http_date(value)
        if until is None:
            return 0.0
        # By the service's own clock, if the answer has a date.
        now = _http_date(response.headers.get("Date") or "") or self.clock.now()
        return max(0.0, (until - now).total_seconds())


def _counted(attempts: int) -> str:
    """The number of attempts, as evidence in a message."""
    return f", {attempts} attempts" if attempts > 1 else ""
