# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Requests over HTTPS: connections, TLS, time-outs, retries. The one place that knows the library ``requests``.

:class:`Connections` makes one attempt, :class:`Transport` as many as the policy allows. Who signs is handed in, and so
are time and randomness.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import collections
import http.client
import io
import ipaddress
import math
import os
import random
import re
import socket
import ssl
import threading
import time
import traceback
import typing as t
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import check_range
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    CONNECTION,
    TIMEOUT,
    TLS,
    Answer,
    ArgumentError,
    ConnectionFailure,
    OmsError,
    Stopped,
    is_html,
    quoted,
    read_answer,
    reason,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._signing import encoded_path, encoded_query

REQUESTS_IMPORT_ERROR: str | None = None
try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
    from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies
except ImportError:
    REQUESTS_IMPORT_ERROR = traceback.format_exc()
    HTTPAdapter = object  # type: ignore[assignment,misc]

# The same as in galaxy.yml; a test holds the two together.
COLLECTION_VERSION = "1.0.0"

# CreateSyncEvents, table 1: project_id and sync_task_id have 1 to 1024 characters.
MAX_PATH_SEGMENT = 1024
# More than the longest answer documented, a list of 100 sync tasks.
MAX_BODY_BYTES = 1024 * 1024
# Answers after which another attempt may succeed (oms-api.md, section 3). A 500 is not among them: the gateway
# documents it as final for a write.
PASSING_STATUSES = (429, 502, 503, 504)
# What timeout and retry_max_delay may be: no answer is worth waiting longer for.
LONGEST_SECONDS = 3600.0
# Waiting longer than this because a service asks for it would look like a hanging task.
MAX_RETRY_AFTER_SECONDS = 300.0
# How long a service may throttle without accepting anything until the run ends.
MAX_THROTTLED_SECONDS = 600.0
# The first retry's longest delay is twice this one.
BASE_DELAY_SECONDS = 1.0
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


@dataclass(frozen=True)
class Endpoint:
    """Where a service is.

    ``url`` is ``https://host[:port]`` and nothing more, ``source`` says to the user where it comes from.
    """

    url: str
    source: str

    @property
    def host(self) -> str:
        """As it stands in the ``Host`` header."""
        return self.url.split("://", 1)[1]


@dataclass(frozen=True)
class Request:
    """What is sent. ``path`` and ``query`` are not yet percent-encoded.

    ``timeout`` is in seconds, for connecting and for an answer, where it is not to be that of all requests.
    What is not ``repeatable`` does harm when it is carried out twice: where one can't know whether it was, it is not
    sent again.
    """

    method: str
    endpoint: Endpoint
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: t.Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    timeout: tuple[float, float] | None = None
    repeatable: bool = True

    @property
    def url(self) -> str:
        """The URL as it goes over the wire, encoded as it is signed."""
        query = encoded_query(self.query)
        return f"{self.endpoint.url}{encoded_path(self.path)}{'?' if query else ''}{query}"

    def __str__(self) -> str:
        return f"{self.method} {self.path} at {self.endpoint.url}"


@dataclass(frozen=True)
class Response:
    """What came back, whatever its status.

    ``gave_up`` says why there was no further attempt where one might have helped: the end of a sentence, or nothing.
    """

    status: int
    headers: t.Mapping[str, str]
    body: bytes = b""
    attempts: int = 1
    gave_up: str = ""

    @property
    def request_id(self) -> str:
        return self.headers.get("X-Request-Id") or ""

    @property
    def is_html(self) -> bool:
        return is_html(self.body, self.headers.get("Content-Type") or "")

    def answer(self, mask: t.Callable[[str], str]) -> Answer:
        """What the service says about the error.

        :arg mask: takes secrets out of a text.
        """
        return read_answer(self.status, self.body, self.request_id, mask)


# Makes the headers that say who is calling, for one attempt at a time in UTC.
Authorise = t.Callable[[Request, datetime], t.Mapping[str, str]]


class Clock:
    """The time, to be replaced in tests; all waiting ends when it is stopped."""

    def __init__(self) -> None:
        self.stopped: str | None = None
        # Its lock can be taken again by the thread that has it: a signal may arrive while the main thread is in stop().
        self._woken = threading.Condition()

    def stop(self, why: str) -> None:
        """End all waiting, now and from now on.

        :arg why: a sentence for the user, without a full stop.
        """
        self.stopped = self.stopped or why
        with self._woken:
            self._woken.notify_all()

    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        with self._woken:
            self._woken.wait_for(lambda: self.stopped is not None, seconds)


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
                if not failure.passing or retries >= most:
                    raise failure.after(attempts) from None
            if response is None:
                retries += 1
                self.clock.sleep(self._delay(retries))
                continue
            if response.status == 200:
                self._accepted_at = self.clock.monotonic()
                self._pace.accepted()
            if response.status not in PASSING_STATUSES:
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


def clock_skew(response: Response, now: datetime) -> float | None:
    """Seconds by which our clock is ahead of the service's; None where it does not tell."""
    date = _http_date(response.headers.get("Date") or "")
    return None if date is None else (now - date).total_seconds()


def _http_date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def check_path_segment(name: str, value: str) -> str:
    """Check an id that becomes a part of the URL's path: nothing in it may change the path.

    :arg name: the option or environment variable it comes from, for the message.
    :raises ArgumentError: names the option and the rule.
    """
    if not value:
        raise ArgumentError(f"{name}: is empty: 1 to {MAX_PATH_SEGMENT} characters are needed")
    if len(value) > MAX_PATH_SEGMENT:
        raise ArgumentError(f"{name}: has {len(value)} characters: at most {MAX_PATH_SEGMENT} are allowed")
    bad = re.search("[^A-Za-z0-9_.~-]", value)
    if bad:
        raise ArgumentError(
            f"{name}: has {quoted(bad[0])} at character {bad.start() + 1}:"
            " only A-Z a-z 0-9 _ . ~ - are allowed, give the bare id and no URL"
        )
    if value in (".", ".."):
        raise ArgumentError(f"{name}: {value} is no id, it would change the path of the URL")
    return value


def read_endpoint(name: str, value: str, source: str) -> Endpoint:
    """Read an endpoint that a user gave: ``https://host[:port]``, and plain ``http://`` on loopback only.

    :arg name: the option or environment variable, for the message.
    :arg source: where it comes from, for later messages.
    :raises ArgumentError: names the option and the rule.
    """
    rule = f"{name}: must be https://host or https://host:port and nothing more"
    if not re.fullmatch(r"(?ai)https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?/?", value):
        # The value may hold a password: it is not shown.
        raise ArgumentError(rule)
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ArgumentError(rule) from None
    if port == 0:
        raise ArgumentError(rule)
    loopback = _is_loopback(host)
    host = f"[{host}]" if ":" in host else host
    if parts.scheme == "http" and not loopback:
        raise ArgumentError(f"{name}: http:// sends in clear text and is allowed on loopback only: use https://{host}")
    # The default port is left out, as HTTP clients leave it out of the Host header, which is signed.
    if port == {"http": 80, "https": 443}[parts.scheme]:
        port = None
    return Endpoint(f"{parts.scheme}://{host}{'' if port is None else f':{port}'}", source)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def tls_context(
    validate_certs: bool, ca_path: str | None, environ: t.Mapping[str, str], needed: bool = True
) -> tuple[ssl.SSLContext, str | None]:
    """One TLS context for all connections of a run: each costs megabytes and milliseconds.

    O(validate_certs=false) beats all; then comes O(ca_path), then E(REQUESTS_CA_BUNDLE) and E(CURL_CA_BUNDLE), then the
    system's store together with certifi's.

    :arg needed: whether any connection is to use TLS; loading hundreds of certificates takes tens of milliseconds.
    :returns: the context and a warning, if there is cause for one.
    :raises ArgumentError: a file of certificates can't be used.
    """
    if ca_path:
        # A ca_path that can't be used is a mistake even where it is not needed.
        _load_certificates(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "ca_path", ca_path)
    if not validate_certs:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context, "validate_certs is false: whoever answers in the service's place can read what is sent"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not needed:
        return context, None
    sources = [("ca_path", ca_path)] + [(name, environ.get(name)) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")]
    for name, path in sources:
        if path:
            _load_certificates(context, name, path)
            return context, None
    context.load_default_certs()
    _load_certificates(context, "certifi", DEFAULT_CA_BUNDLE_PATH)
    return context, None


def _load_certificates(context: ssl.SSLContext, name: str, path: str) -> None:
    try:
        if os.path.isdir(path) and name != "ca_path":
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except ssl.SSLError:
        raise ArgumentError(f"{name}: the file {path} holds no certificates in PEM format") from None
    except (OSError, ValueError) as error:
        raise ArgumentError(f"{name}: the file {path} can't be read: {reason(error)}") from None


class _UntilTimeout(io.RawIOBase):
    """What a socket receives until its time-out has passed since the first byte was waited for.

    A socket's own time-out is for each wait: who sends a byte now and then could keep a run waiting for ever.
    """

    def __init__(self, received: io.RawIOBase, timeout: float | None) -> None:
        super().__init__()
        self._received = received
        self._until = math.inf if timeout is None else time.monotonic() + timeout

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int | None:
        if time.monotonic() > self._until:
            raise socket.timeout("timed out")
        return self._received.readinto(buffer)

    def close(self) -> None:
        self._received.close()
        super().close()


class _HTTPResponse(http.client.HTTPResponse):
    """An answer that has to be there, with its headers and its body, before the time is over."""

    def __init__(self, sock: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_UntilTimeout(self.fp.detach(), sock.gettimeout()))


class _Adapter(HTTPAdapter):
    """requests' adapter with a TLS context of our own, in which it loads nothing more."""

    def __init__(self, context: ssl.SSLContext, connections: int) -> None:
        if urllib3.__version__.startswith("1."):
            # It names no host to the context where that is an address, and compares names itself if the context does
            # not. With a context that is to compare, there would be no connection to an address.
            context.check_hostname = False
        self._tls: dict[str, t.Any] = {"ssl_context": context, "cert_reqs": context.verify_mode}
        super().__init__(pool_connections=4, pool_maxsize=connections)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: t.Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **self._tls, **kwargs)
        _bound_answers(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: t.Any) -> t.Any:
        is_known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **self._tls, **kwargs)
        if not is_known:
            _bound_answers(manager)
        return manager

    def cert_verify(self, conn: t.Any, url: str, verify: t.Any, cert: t.Any) -> None:
        """Do nothing: the base class would add certifi's certificates to the context, anew for each connection."""


def _bound_answers(manager: t.Any) -> None:
    """Give urllib3's pools, whichever they are, connections whose answers are bounded in time."""
    classes = {}
    for scheme, pool in manager.pool_classes_by_scheme.items():
        connection = type("_Connection", (pool.ConnectionCls,), {"response_class": _HTTPResponse})
        classes[scheme] = type("_Pool", (pool,), {"ConnectionCls": connection})
    manager.pool_classes_by_scheme = classes


class Connections:
    """Makes single attempts over kept-alive connections.

    :arg context: for all the connections.
    :arg timeout: seconds, for connecting and for each wait for an answer.
    :arg connections: how many are kept alive.
    """

    def __init__(self, context: ssl.SSLContext, timeout: float, user_agent: str, connections: int = 1) -> None:
        check_range("timeout", timeout, 0.001, LONGEST_SECONDS, "seconds")
        self._context = context
        self._timeout = timeout
        self._user_agent = user_agent
        self._adapter = _Adapter(context, connections)
        self._proxies: dict[str, dict[str, str]] = {}
        if context.verify_mode == ssl.CERT_NONE:
            # The module warns once, in words a user can act on.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def exchange(self, request: Request, headers: t.Mapping[str, str]) -> Response:
        """Make one attempt.

        :arg headers: all but those that HTTP itself needs.
        :raises ConnectionFailure: no answer came, or only a part of one that would have been a success.
        """
        # The adapter and not a session: a session adds cookies, credentials from .netrc and redirects to each request,
        # at three times the price.
        prepared = requests.PreparedRequest()
        prepared.method = request.method
        prepared.url = request.url
        prepared.headers = t.cast(
            t.Any,
            {
                **headers,
                "Host": request.endpoint.host,
                "User-Agent": self._user_agent,
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "Content-Length": str(len(request.body)),
            },
        )
        prepared.body = request.body
        timeout = request.timeout or (self._timeout, self._timeout)
        try:
            response = self._adapter.send(
                prepared,
                stream=True,
                timeout=timeout,
                verify=self._context.verify_mode != ssl.CERT_NONE,
                proxies=self._proxies_for(request.endpoint),
            )
        # requests 2.25 has an AttributeError for a Content-Type whose charset is no more than a word.
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
            ValueError,
            TypeError,
            AttributeError,
        ) as error:
            raise connection_failure(error, request, timeout[1]) from None
        try:
            body = self._read_body(response.raw)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            response.raw.close()
            # The status of a refusal says enough: to send it again because of its text could lock a key.
            if response.status_code == 200:
                raise connection_failure(error, request, timeout[1]) from None
            body = b""
        return Response(response.status_code, response.headers, body)

    @staticmethod
    def _read_body(raw: t.Any) -> bytes:
        """Read up to a limit."""
        # read1 returns with what is there; urllib3 1.26 has only the one that waits for all it is asked for. Neither
        # takes half an answer for a whole one.
        read = raw.read1 if hasattr(raw, "read1") else raw.read
        raw.enforce_content_length = True
        # What was compressed again and again grows a thousandfold with each layer, and old versions of urllib3 do not
        # bound that. None was asked for.
        decode = "," not in raw.headers.get("Content-Encoding", "")
        body = bytearray()
        while piece := read(8192, decode_content=decode):
            body += piece
            if len(body) >= MAX_BODY_BYTES:
                raw.close()
                return bytes(body[:MAX_BODY_BYTES])
        raw.release_conn()
        return bytes(body)

    def _proxies_for(self, endpoint: Endpoint) -> dict[str, str]:
        """The proxies that the environment names for an endpoint, looked up once."""
        if endpoint.url not in self._proxies:
            # Plain http is allowed on loopback only, since nothing of it leaves the machine: so it goes to no proxy.
            plain = endpoint.url.startswith("http://")
            self._proxies[endpoint.url] = {} if plain else get_environ_proxies(endpoint.url, no_proxy=None)
        return self._proxies[endpoint.url]


def open_transport(
    options: t.Mapping[str, t.Any],
    environ: t.Mapping[str, str],
    endpoints: t.Iterable[Endpoint | None],
    core_version: str,
    connections: int = 1,
    rate_limit: float = 0.0,
) -> tuple[Transport, str | None]:
    """The transport as the options O(timeout), O(retries), O(ca_path) and their kin want it. Sends nothing.

    :arg options: the module's parameters.
    :arg endpoints: all that requests may go to.
    :arg core_version: ansible-core's, for the User-Agent.
    :arg connections: how many requests may be under way at once.
    :arg rate_limit: the option, see :class:`Pace`.
    :returns: the transport and a warning, if there is cause for one.
    :raises OmsError: requests is missing, or an option breaks a rule.
    """
    if REQUESTS_IMPORT_ERROR:
        raise OmsError(missing_required_lib("requests"), {"exception": REQUESTS_IMPORT_ERROR})
    policy = RetryPolicy(options["retries"], options["retry_max_delay"])
    secure = any(endpoint and endpoint.url.startswith("https:") for endpoint in endpoints)
    context, warning = tls_context(options["validate_certs"], options["ca_path"], environ, secure)
    user_agent = f"huaweicloud.oms/{COLLECTION_VERSION} ansible-core/{core_version} requests/{requests.__version__}"
    exchange = Connections(context, options["timeout"], user_agent, connections).exchange
    return Transport(exchange, policy, rate_limit=rate_limit), warning


def connection_failure(error: BaseException, request: Request, timeout: float) -> ConnectionFailure:
    """Say in our own words what kept an answer from coming: the libraries' texts may quote headers and passwords.

    :arg timeout: seconds, for the message.
    """
    chain = list(_causes(error))

    def found(*kinds: type) -> t.Any:
        return next((cause for cause in chain if isinstance(cause, kinds)), None)

    def failed(kind: str, what: str, advice: str, passing: bool) -> ConnectionFailure:
        return ConnectionFailure(kind, f"{request}: {what}", advice, passing)

    where = f"{request.endpoint.url} ({request.endpoint.source})"
    # Who hangs up does not speak TLS wrongly.
    hung_up = found(
        ssl.SSLEOFError,
        ssl.SSLZeroReturnError,
        http.client.RemoteDisconnected,
        http.client.IncompleteRead,
    )
    certificate, tls = found(ssl.SSLCertVerificationError), found(ssl.SSLError)
    # urllib3 1.26 compares the certificate's names itself, with an exception of its own.
    if certificate or (found(requests.exceptions.SSLError) and not tls):
        why = f": {certificate.verify_message}" if certificate else ""
        what = f"the certificate was not accepted{why}"
        return failed(TLS, what, f"Check {where}; for a private certificate authority give ca_path", False)
    if tls and not hung_up:
        why = f": {tls.reason}" if getattr(tls, "reason", None) else ""
        return failed(TLS, f"no TLS connection{why}", f"Check that {where} speaks TLS", False)
    # There is no other sign of a proxy's refusal than this text of http.client's.
    tunnel = next(filter(None, (re.search(r"Tunnel connection failed: (\d{3})", str(cause)) for cause in chain)), None)
    if tunnel:
        status = int(tunnel[1])
        advice = "Check HTTPS_PROXY and NO_PROXY"
        if status == 407:
            advice = "The proxy wants credentials: give them in the URL in HTTPS_PROXY"
        return failed(CONNECTION, f"the proxy answered HTTP {status}", advice, status in PASSING_STATUSES)
    lookup = found(socket.gaierror)
    if lookup and lookup.errno == socket.EAI_AGAIN:
        return failed(CONNECTION, "the look-up of the host's name failed for now", "Check the name service", True)
    if lookup:
        what = f"the host name is not known: {request.endpoint.host}"
        return failed(CONNECTION, what, f"Check the {request.endpoint.source}, and the proxy where there is one", False)
    # urllib3 counts any connection that can't be made among the time-outs; its cause says which are.
    timeouts = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError, socket.timeout)
    if any(isinstance(c, timeouts) and not isinstance(c, urllib3.exceptions.NewConnectionError) for c in chain):
        what = f"no answer within {timeout:g} s"
        return failed(TIMEOUT, what, f"Check the network to {where}, or raise timeout", True)
    # Only if it is the error itself: urllib3 1.26 has a TypeError behind each error that comes while it waits.
    if found(requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) or isinstance(error, TypeError):
        what = "no request can be made to this endpoint, or through this proxy"
        return failed(CONNECTION, what, f"Check the {request.endpoint.source}, and the URL in HTTPS_PROXY", False)
    numbered = next((cause for cause in chain if isinstance(cause, OSError) and cause.errno), None)
    if hung_up:
        what = "the connection was closed before the answer was complete"
    elif numbered:
        what = reason(numbered)
    else:
        return failed(CONNECTION, "what came back is not HTTP", f"Check that {where} is the service", False)
    return failed(CONNECTION, what, f"Check {where}, and the proxy where there is one", True)


def _causes(error: BaseException | None) -> t.Iterator[BaseException]:
    """An exception and all that it was raised from: requests wraps urllib3's, which wrap the system's."""
    seen: set[int] = set()
    todo: list[t.Any] = [error]
    while todo:
        cause = todo.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        todo += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
