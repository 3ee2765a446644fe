# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Retries, endpoints, options: all of ``_transport`` that needs no socket. test_connections.py has the rest."""

from __future__ import annotations

import importlib.util
import ssl
import sys
import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

import certifi
import pytest
import requests
import trustme
from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import check_path_segment
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    CONNECTION,
    Answer,
    ArgumentError,
    ConnectionFailure,
    OmsError,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._http import libraries
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.connections import Connections
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint, read_endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response, clock_skew
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.retry import RetryPolicy, Transport
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.tls_context import tls_context
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.transport import open_transport
from ansible_collections.huaweicloud.oms.tests.unit.fakes import START, FakeClock
from ansible_collections.huaweicloud.oms.tests.unit.plugins.module_utils._http.rate_simulation import FastClock

ENDPOINT = Endpoint("https://oms.cn-north-4.myhuaweicloud.com", "region cn-north-4")
REQUEST = Request("POST", ENDPOINT, "/v2/p/events", headers={"Content-Type": "application/json"}, body=b"{}")

TRANSIENT = ConnectionFailure(CONNECTION, "refused", "Check it", transient=True)
ONCE_ANSWERED = ConnectionFailure(CONNECTION, "unknown host", "Check it", transient=False, transient_after_answer=True)
PERMANENT = ConnectionFailure(CONNECTION, "unknown", "Check it", transient=False)


def answer(status: int, **headers: str) -> Response:
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass
class Exchange:
    """What the network answers, in this order; an attempt too many fails."""

    answers: list[Response | ConnectionFailure]
    headers: list[t.Mapping[str, str]] = field(default_factory=list)

    def __call__(self, request: Request, headers: t.Mapping[str, str]) -> Response:
        assert request is REQUEST
        assert self.answers, "an attempt too many"
        self.headers.append(headers)
        answer = self.answers.pop(0)
        if isinstance(answer, ConnectionFailure):
            raise answer
        return answer


@dataclass
class Run:
    """What came of a request."""

    outcome: Response | ConnectionFailure
    slept: list[float]
    headers: list[t.Mapping[str, str]]


def shortest(low: float, _high: float) -> float:
    return low


def longest(_low: float, high: float) -> float:
    return high


def dated(_request: Request, now: datetime) -> t.Mapping[str, str]:
    return {"X-Sdk-Date": now.isoformat()}


def send(
    *answers: Response | ConnectionFailure,
    retries: int = 8,
    max_delay: float = 30.0,
    uniform: t.Callable[[float, float], float] = longest,
) -> Run:
    """Send one request; an attempt too few fails, too."""
    clock = FakeClock()
    exchange = Exchange(list(answers))
    transport = Transport(exchange, RetryPolicy(retries, max_delay), clock, uniform)
    outcome: Response | ConnectionFailure
    try:
        outcome = transport.send(REQUEST, dated)
    except ConnectionFailure as failure:
        outcome = failure
    assert not exchange.answers, "an attempt too few"
    return Run(outcome, clock.slept, exchange.headers)


# ---- when another attempt is made


@pytest.mark.parametrize("status", [200, 201, 204, 301, 302, 307, 400, 401, 403, 404, 407, 413, 494, 500, 501, 505])
def test_an_answer_for_good_is_not_asked_for_again(status: int) -> None:
    run = send(answer(status))

    assert run.outcome == answer(status)
    assert run.slept == []


@pytest.mark.parametrize("transient", [answer(502), answer(503), answer(504), TRANSIENT])
def test_a_transient_error_is_retried(transient: Response | ConnectionFailure) -> None:
    run = send(transient, transient, answer(200))

    assert run.outcome == Response(200, {}, attempts=3)
    assert run.slept == [0.25, 0.5]


def test_after_a_429_there_is_a_short_pause() -> None:
    run = send(*[answer(429)] * 4, answer(200))

    assert run.outcome == Response(200, {}, attempts=5)
    assert 4 * 0.1 <= sum(run.slept) <= 4 * 0.15


def test_a_final_connection_failure_ends_at_once() -> None:
    run = send(PERMANENT)

    assert str(run.outcome) == "unknown. Check it."
    assert t.cast(ConnectionFailure, run.outcome).attempts == 1
    assert run.slept == []


@pytest.mark.parametrize("status", [429, 503])
def test_a_failure_that_is_transient_after_an_answer_is_retried_at_a_host_that_has_answered(status: int) -> None:
    run = send(answer(status), ONCE_ANSWERED, ONCE_ANSWERED, answer(200))

    assert run.outcome == Response(200, {}, attempts=4)


def test_a_failure_that_is_transient_after_an_answer_is_permanent_at_a_host_that_has_not_answered() -> None:
    run = send(TRANSIENT, ONCE_ANSWERED)

    assert str(run.outcome) == "unknown host. Check it. (2 attempts)"


def test_the_answer_of_one_host_says_nothing_about_another() -> None:
    iam = Request("GET", Endpoint("https://iam.example.com", "a test"), "/")

    def exchange(request: Request, _headers: t.Mapping[str, str]) -> Response:
        if request is iam:
            return answer(200)
        raise ONCE_ANSWERED

    transport = Transport(exchange, RetryPolicy(8, 30.0), FakeClock(), longest)
    transport.send(iam, dated)

    with pytest.raises(ConnectionFailure, match=r"unknown host\. Check it") as caught:
        transport.send(REQUEST, dated)

    assert caught.value.attempts == 1


@pytest.mark.parametrize("retries", [1, 2, 8])
@pytest.mark.parametrize("status", [408, 502, 503, 504])
def test_the_last_answer_comes_back_when_the_retries_are_used_up(status: int, retries: int) -> None:
    attempts = retries + 1
    run = send(*[answer(status)] * attempts, retries=retries)

    assert run.outcome == Response(status, {}, attempts=attempts, gave_up=f", {attempts} attempts")


def test_the_last_failure_comes_back_when_the_retries_are_used_up() -> None:
    run = send(TRANSIENT, TRANSIENT, TRANSIENT, retries=2)

    assert str(run.outcome) == "refused. Check it. (3 attempts)"
    assert t.cast(ConnectionFailure, run.outcome).attempts == 3
    assert t.cast(ConnectionFailure, run.outcome).transient


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
@pytest.mark.parametrize("headers", [{}, {"Retry-After": "1"}, {"Retry-After": "301"}])
def test_no_retries_are_one_attempt(status: int, headers: dict[str, str]) -> None:
    run = send(Response(status, headers), retries=0)

    assert run.outcome == Response(status, headers, attempts=1, gave_up="")
    assert run.slept == []


def test_no_retries_are_one_attempt_at_a_connection() -> None:
    run = send(TRANSIENT, retries=0)

    assert str(run.outcome) == "refused. Check it."


def test_answers_and_failures_share_the_retries() -> None:
    run = send(answer(503), TRANSIENT, answer(502), retries=2)

    assert run.outcome == Response(502, {}, attempts=3, gave_up=", 3 attempts")
    assert run.slept == [0.25, 0.5]


def test_being_throttled_uses_up_no_retries() -> None:
    run = send(*[answer(429)] * 5, answer(503), *[answer(429)] * 5, TRANSIENT, answer(200), retries=2)

    assert run.outcome == Response(200, {}, attempts=13)


def test_a_429_does_not_lengthen_the_delay_of_a_retry() -> None:
    run = send(answer(503), answer(429), answer(503), answer(200))

    assert (run.slept[0], run.slept[-1]) == (0.25, 0.5)


def test_ten_minutes_of_throttling_end_the_run() -> None:
    run = send(*[answer(429, Retry_After="100")] * 7, retries=1)

    assert t.cast(Response, run.outcome).gave_up == ", 7 attempts, no request was accepted for 10 minutes"
    assert sum(run.slept) == pytest.approx(600)


def test_a_pause_that_would_end_after_the_ten_minutes_is_not_waited_for() -> None:
    run = send(*[answer(429, Retry_After="290")] * 3, retries=1)

    assert t.cast(Response, run.outcome).gave_up == ", 3 attempts, no request was accepted for 10 minutes"
    assert sum(run.slept) == pytest.approx(580)


def test_throttling_without_retry_after_ends_after_ten_minutes_too() -> None:
    """The longer it lasts the less often it asks."""
    clock = FastClock()
    transport = Transport(lambda _request, _headers: answer(429), RetryPolicy(1, 30.0), clock)
    response = transport.send(REQUEST, dated)

    assert response.gave_up == f", {response.attempts} attempts, no request was accepted for 10 minutes"
    assert 585 < clock.time <= 600
    assert 200 < response.attempts < 400


@pytest.mark.parametrize("between", [answer(200), answer(503), TRANSIENT])
def test_any_other_outcome_starts_the_ten_minutes_anew(between: Response | ConnectionFailure) -> None:
    clock = FakeClock()
    minutes_of_throttling = [answer(429, Retry_After="290")] * 2
    exchange = Exchange([*minutes_of_throttling, between, *minutes_of_throttling, answer(200), answer(200)])
    transport = Transport(exchange, RetryPolicy(1, 1), clock, longest)

    assert [transport.send(REQUEST, dated).status for _number in range(2)] == [200, 200]
    assert sum(clock.slept) == pytest.approx(4 * 290, abs=1)


@pytest.mark.parametrize("outage", [answer(503), TRANSIENT])
def test_one_429_after_an_outage_of_ten_minutes_does_not_end_the_run(outage: Response | ConnectionFailure) -> None:
    run = send(answer(429), *[outage] * 50, answer(429), answer(200), retries=50)

    assert t.cast(Response, run.outcome).status == 200
    assert sum(run.slept) > 600


def test_ten_minutes_are_counted_over_several_requests() -> None:
    clock = FakeClock()
    exchange = Exchange([answer(429, Retry_After="290")] * 4)
    transport = Transport(exchange, RetryPolicy(1, 1), clock, longest)

    attempts = [transport.send(REQUEST, dated).attempts for _number in range(2)]

    assert attempts == [3, 1]
    assert sum(clock.slept) == pytest.approx(2 * 290, abs=1)


def test_ten_minutes_without_throttling_are_limited_by_the_retries_alone() -> None:
    run = send(*[answer(503)] * 50, answer(200), retries=50)

    assert run.outcome == Response(200, {}, attempts=51)
    assert sum(run.slept) > 600


# ---- how long is waited


def test_the_first_two_delays_are_short_and_the_others_never_below_half_of_the_bound() -> None:
    errors = [answer(503)] * 9

    assert send(*errors, uniform=longest).slept == [0.25, 0.5, 8, 16, 30, 30, 30, 30]
    assert send(*errors, uniform=shortest).slept == [0, 0, 4, 8, 15, 15, 15, 15]


def test_the_defaults_outlast_an_outage_of_a_minute() -> None:
    run = send(*[TRANSIENT] * 9, uniform=shortest)

    assert sum(run.slept) >= 60


def test_the_longest_delay_is_the_caller_s() -> None:
    assert send(*[answer(503)] * 4, answer(200), max_delay=5).slept == [0.25, 0.5, 5, 5]
    assert send(*[answer(503)] * 2, answer(200), max_delay=0).slept == [0, 0]


def test_delays_are_random_by_default() -> None:
    clocks = [FakeClock() for _number in range(2)]
    for clock in clocks:
        Transport(Exchange([answer(503), answer(200)]), RetryPolicy(1, 30), clock).send(REQUEST, dated)

    assert clocks[0].slept != clocks[1].slept
    assert all(0 <= clock.slept[0] <= 0.25 for clock in clocks)


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
@pytest.mark.parametrize(
    ("headers", "slept"),
    [
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": " 120 "}, 120),
        ({"Retry-After": "300"}, 300),
        ({"Retry-After": "Thu, 01 Jan 2026 00:00:50 GMT"}, 50),
        ({"Retry-After": "Thursday, 01-Jan-26 00:00:50 GMT"}, 50),
        ({"Retry-After": "Thu Jan  1 00:00:50 2026"}, 50),
        # The service's own clock, where it shows it, and not ours.
        ({"Retry-After": "Fri, 02 Jan 2026 00:00:50 GMT", "Date": "Fri, 02 Jan 2026 00:00:10 GMT"}, 40),
        ({"Retry-After": "Thu, 01 Jan 2026 00:00:50 GMT", "Date": "garbage"}, 50),
        ({"Retry-After": "1"}, 1),
        # What asks for less than the usual delay, or can't be understood, changes nothing.
        ({"Retry-After": "0"}, None),
        ({"Retry-After": "Wed, 31 Dec 2025 00:00:00 GMT"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "1.5e2"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "٩٩"}, None),
        ({"Retry-After": "Thu, 99 Foo 2026 00:00:50 GMT"}, None),
    ],
)
def test_retry_after_is_a_minimum(status: int, headers: dict[str, str], slept: float | None) -> None:
    usual = 0.12 if status == 429 else 0.25

    assert send(Response(status, headers), answer(200)).slept == pytest.approx([slept or usual])


def test_a_short_retry_after_does_not_shorten_the_usual_delay() -> None:
    assert send(*[answer(503, Retry_After="1")] * 3, answer(200)).slept == [1, 1, 8]


def test_retry_after_may_go_beyond_the_longest_delay() -> None:
    assert send(answer(503, Retry_After="120"), answer(200), max_delay=1).slept == [120]


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
@pytest.mark.parametrize(
    ("retry_after", "asked"),
    [
        ("301", 301),
        ("999999999", 999999999),
        ("Thu, 01 Jan 2026 01:00:00 GMT", 3600),
        ("9" * 400, 10**12),
    ],
)
def test_a_long_retry_after_is_final_and_says_so(status: int, retry_after: str, asked: int) -> None:
    run = send(answer(status, Retry_After=retry_after))

    assert t.cast(Response, run.outcome).gave_up == (
        f", the service asks to wait {asked} s and the module waits 300 s at most"
    )
    assert run.slept == []


# ---- what is sent


def test_each_attempt_is_authorised_anew_with_the_time_it_has_then() -> None:
    run = send(answer(503), TRANSIENT, answer(429), answer(200))

    assert [headers["X-Sdk-Date"] for headers in run.headers] == [
        "2026-01-01T00:00:00+00:00",
        "2026-01-01T00:00:00.250000+00:00",
        "2026-01-01T00:00:00.750000+00:00",
        "2026-01-01T00:00:00.870000+00:00",
    ]
    assert all(headers["Content-Type"] == "application/json" for headers in run.headers)


def test_the_usual_clock_tells_the_time_and_waits() -> None:
    clock = Clock()
    before = clock.monotonic()
    clock.sleep(0.01)

    assert clock.monotonic() - before >= 0.01
    assert abs(clock.now() - datetime.now(timezone.utc)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("path", "query", "url"),
    [
        ("/v2/p/events", (), "https://oms.cn-north-4.myhuaweicloud.com/v2/p/events"),
        ("/a b/~_.-/中", (), "https://oms.cn-north-4.myhuaweicloud.com/a%20b/~_.-/%E4%B8%AD"),
        (
            "/v3/projects",
            (("name", "a b&c/~"), ("a", "2"), ("a", "1")),
            "https://oms.cn-north-4.myhuaweicloud.com/v3/projects?a=1&a=2&name=a%20b%26c%2F~",
        ),
    ],
)
def test_the_url_is_encoded(path: str, query: tuple[tuple[str, str], ...], url: str) -> None:
    assert Request("GET", ENDPOINT, path, query).url == url


def test_a_request_reads_without_its_query_and_headers() -> None:
    request = Request("GET", ENDPOINT, "/v2", (("a", "b"),), {"X-Auth-Token": "token"})

    assert str(request) == "GET /v2 at https://oms.cn-north-4.myhuaweicloud.com"


# ---- answers


def test_a_response_reads_the_error_of_the_service() -> None:
    response = Response(400, {"X-Request-Id": "0a1b"}, b'{"error_code": "OMS.0064", "error_msg": "a secret"}')

    assert response.request_id == "0a1b"
    assert response.answer(lambda text: text.replace("secret", "***")) == Answer(400, "OMS.0064", "a ***", None, "0a1b")


def test_a_response_need_not_say_anything() -> None:
    assert Response(200, {}).request_id == ""
    assert Response(503, {}).answer(str) == Answer(503)


@pytest.mark.parametrize(
    ("headers", "body", "html"),
    [
        ({"Content-Type": "text/html"}, b"Sign in", True),
        ({}, b"<html>", True),
        ({}, b"", False),
        ({"Content-Type": "application/json"}, b"{}", False),
    ],
)
def test_a_response_knows_whether_it_is_a_page(headers: dict[str, str], body: bytes, html: bool) -> None:
    assert Response(200, headers, body).is_html is html


@pytest.mark.parametrize(
    ("date", "skew"),
    [
        ("Thu, 01 Jan 2026 00:00:00 GMT", 0),
        ("Thu, 01 Jan 2026 00:02:00 GMT", -120),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 3600),
        # No time zone at all means UTC.
        ("Thu, 01 Jan 2026 00:00:10", -10),
        ("Thu, 01 Jan 2026 08:00:00 +0800", 0),
        ("yesterday", None),
        ("", None),
    ],
)
def test_the_skew_of_our_clock(date: str, skew: float | None) -> None:
    assert clock_skew(Response(401, {"Date": date}), START) == skew


def test_the_skew_of_our_clock_is_unknown_without_a_date() -> None:
    assert clock_skew(Response(401, {}), START) is None


# ---- ids and endpoints


@pytest.mark.parametrize("value", ["a", "31e9b7e6-6ffb-452f-9842-6ce354d99d75", "A_z.~-9", "...", "a..b", "x" * 1024])
def test_an_id_that_changes_no_path(value: str) -> None:
    assert check_path_segment("sync_task_id", value) == value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "sync_task_id is empty. It must have 1 to 1024 characters."),
        ("x" * 1025, "sync_task_id has 1025 characters. At most 1024 are allowed."),
        (".", "sync_task_id is ., which would change the path of the URL. Give an id."),
        ("..", "sync_task_id is .., which would change the path of the URL. Give an id."),
        ("a/b", 'sync_task_id has "/" at character 2. Give the id alone, without a URL. Only A-Z'),
        ("https://x", 'sync_task_id has ":" at character 6. '),
        ("a%2Fb", 'sync_task_id has "%" at character 2. '),
        ("a?b", 'sync_task_id has "?" at character 2. '),
        ("a#b", 'sync_task_id has "#" at character 2. '),
        (" a", 'sync_task_id has " " at character 1. '),
        ("a@b", 'sync_task_id has "@" at character 2. '),
        ("é", "sync_task_id has "),
        ("\uff11", "sync_task_id has "),
        ("\udc80", "sync_task_id has "),
        ("a\n", "sync_task_id has "),
        ("a\0", "sync_task_id has "),
    ],
)
def test_an_id_that_might_change_the_path_is_refused(value: str, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        check_path_segment("sync_task_id", value)

    assert str(caught.value).startswith(message)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("https://oms.cn-north-4.myhuaweicloud.com", "https://oms.cn-north-4.myhuaweicloud.com"),
        ("https://OMS.Example.com/", "https://oms.example.com"),
        ("HTTPS://oms.example.com", "https://oms.example.com"),
        ("https://oms.example.com:8443", "https://oms.example.com:8443"),
        ("https://10.0.0.1:8443", "https://10.0.0.1:8443"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("https://[2001:DB8::1]:8443/", "https://[2001:db8::1]:8443"),
        # The default port is no part of the Host header.
        ("https://oms.example.com:443", "https://oms.example.com"),
        ("https://oms.example.com:80", "https://oms.example.com:80"),
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:443", "http://localhost:443"),
        # Plain http on loopback
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://LOCALHOST", "http://localhost"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        ("http://127.255.255.254", "http://127.255.255.254"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://[0:0:0:0:0:0:0:1]", "http://[0:0:0:0:0:0:0:1]"),
    ],
)
def test_an_endpoint(value: str, url: str) -> None:
    endpoint = read_endpoint("endpoint", value, "option endpoint")

    assert endpoint == Endpoint(url, "option endpoint")
    assert endpoint.host == url.partition("://")[2]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "oms.example.com",
        "//oms.example.com",
        "ftp://oms.example.com",
        "https://",
        "https:///",
        "https://user@oms.example.com",
        "https://user:hunter2@oms.example.com",
        "http://user:hunter2@127.0.0.1",
        "https://oms.example.com/v2",
        "https://oms.example.com//",
        "https://oms.example.com?a=hunter2",
        "https://oms.example.com/?a",
        "https://oms.example.com#a",
        "https://oms.example.com:",
        "https://oms.example.com:x",
        "https://oms.example.com:65536",
        "https://oms.example.com:100000",
        "https://oms.example.com\\@evil.com",
        " https://oms.example.com",
        "https://oms.example.com\n",
        "https://oms example.com",
        "https://[::1",
        "https://[fe80::1%25eth0]",
        "https://2001:db8::1",
        "https://例.com",
        "http\u017f://oms.example.com",
        "https://oms.\u212aexample.com",
    ],
)
def test_what_is_more_or_less_than_an_endpoint_is_refused(value: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        read_endpoint("iam_endpoint", value, "")

    # Such a value may hold a password: it is not shown.
    assert (
        str(caught.value)
        == "iam_endpoint is not a valid endpoint. It must be https://host or https://host:port, without a path."
    )


@pytest.mark.parametrize(
    "host",
    [
        "oms.example.com",
        "127.0.0.1.evil.com",
        "localhost.evil",
        "localhost.localdomain",
        "evil-localhost",
        "128.0.0.1",
        "0.0.0.0",  # noqa: S104
        "10.0.0.1",
        "169.254.169.254",
        # Some resolvers would take these for addresses.
        "127.1",
        "2130706433",
        "0177.0.0.1",
    ],
)
def test_plain_http_is_refused_elsewhere(host: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        read_endpoint("endpoint", f"http://{host}:8080", "")

    assert str(caught.value) == (
        f"endpoint is not encrypted: http:// is allowed on the loopback interface only. Use https://{host}."
    )


@pytest.mark.parametrize("address", ["::", "::2", "2001:db8::1", "::ffff:10.0.0.1"])
def test_plain_http_is_refused_elsewhere_with_ipv6(address: str) -> None:
    with pytest.raises(ArgumentError, match="is allowed on the loopback interface only"):
        read_endpoint("endpoint", f"http://[{address}]:8080", "")


# ---- options


@pytest.mark.parametrize("retries", [0, 100])
@pytest.mark.parametrize("max_delay", [0.0, 0.5, 3600.0])
def test_a_policy_within_its_limits(retries: int, max_delay: float) -> None:
    assert RetryPolicy(retries, max_delay).retries == retries


@pytest.mark.parametrize(
    ("retries", "max_delay", "message"),
    [
        (-1, 1, "retries is -1. It must be from 0 to 100."),
        (101, 1, "retries is 101. It must be from 0 to 100."),
        (0, -0.1, "retry_max_delay is -0.1. It must be from 0 to 3600 seconds."),
        (0, 3601, "retry_max_delay is 3601. It must be from 0 to 3600 seconds."),
        (0, float("nan"), "retry_max_delay is nan. It must be from 0 to 3600 seconds."),
        (0, float("inf"), "retry_max_delay is inf. It must be from 0 to 3600 seconds."),
    ],
)
def test_a_policy_beyond_its_limits_is_refused(retries: int, max_delay: float, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        RetryPolicy(retries, max_delay)

    assert str(caught.value) == message


@pytest.mark.parametrize("timeout", [0, 0.0009, -1, 3600.5, float("nan"), float("inf")])
def test_a_timeout_beyond_its_limits_is_refused(timeout: float) -> None:
    with pytest.raises(ArgumentError) as caught:
        Connections(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), timeout, "agent")

    assert str(caught.value) == f"timeout is {timeout:g}. It must be from 0.001 to 3600 seconds."


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    """A file with one certificate."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def certificates(context: ssl.SSLContext) -> int:
    return context.cert_store_stats()["x509_ca"]


def test_the_system_s_certificates_are_loaded_together_with_certifi_s(
    bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where OpenSSL looks for the system's store.
    monkeypatch.setenv("SSL_CERT_FILE", bundle)
    context, warning = tls_context(True, None, {})

    only_certifi_s = ssl.create_default_context(cafile=certifi.where())
    assert certificates(context) == certificates(only_certifi_s) + 1 > 50
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert warning is None


@pytest.mark.parametrize(
    ("ca_path", "environ"),
    [
        ("{bundle}", {}),
        ("{bundle}", {"REQUESTS_CA_BUNDLE": "/missing", "CURL_CA_BUNDLE": "/missing"}),
        (None, {"REQUESTS_CA_BUNDLE": "{bundle}"}),
        (None, {"REQUESTS_CA_BUNDLE": "{bundle}", "CURL_CA_BUNDLE": "/missing"}),
        (None, {"CURL_CA_BUNDLE": "{bundle}"}),
        ("", {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "{bundle}"}),
    ],
)
def test_the_first_file_of_certificates_is_the_only_one(
    ca_path: str | None, environ: dict[str, str], bundle: str
) -> None:
    context, warning = tls_context(
        True,
        ca_path and ca_path.format(bundle=bundle),
        {name: value.format(bundle=bundle) for name, value in environ.items()},
    )

    assert certificates(context) == 1
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert warning is None


def test_a_context_that_is_not_needed_loads_no_certificates(bundle: str) -> None:
    for ca_path in (None, bundle):
        context, warning = tls_context(True, ca_path, {"CURL_CA_BUNDLE": "/missing"}, needed=False)

        assert certificates(context) == 0
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert warning is None


def test_the_environment_may_name_a_directory_of_certificates(tmp_path: Path) -> None:
    context, _warning = tls_context(True, None, {"REQUESTS_CA_BUNDLE": str(tmp_path)})

    assert certificates(context) == 0


NO_CERTIFICATES = "contains no certificates in PEM format. Give a file that does."


@pytest.mark.parametrize("validate_certs", [True, False])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "can't be read: no such file or directory. Check the path and the permissions."),
        (b"", NO_CERTIFICATES),
        (b"no certificate", NO_CERTIFICATES),
        (b"\x30\x82\x01\x0a", NO_CERTIFICATES),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", NO_CERTIFICATES),
    ],
)
def test_an_invalid_ca_path_fails_even_if_it_is_not_needed(
    content: bytes | None, message: str, validate_certs: bool, tmp_path: Path
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ArgumentError) as caught:
        tls_context(validate_certs, str(path), {})

    assert str(caught.value) == f"ca_path: the file {path} {message}"


def test_a_directory_is_no_ca_path(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError) as caught:
        tls_context(True, str(tmp_path), {})

    assert (
        str(caught.value)
        == f"ca_path: the file {tmp_path} can't be read: is a directory. Check the path and the permissions."
    )


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_missing_file_of_the_environment_is_named(variable: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        tls_context(True, None, {variable: "/missing"})

    assert str(caught.value) == (
        f"{variable}: the file /missing can't be read: no such file or directory. Check the path and the permissions."
    )


def test_validate_certs_false_takes_precedence_and_warns(bundle: str) -> None:
    context, warning = tls_context(False, bundle, {"REQUESTS_CA_BUNDLE": "/missing"})

    assert context.verify_mode == ssl.CERT_NONE
    assert not context.check_hostname
    assert warning == (
        "validate_certs is false, so the certificates of the servers are not checked. Anyone who intercepts the"
        " connection can read the credentials. For a private certificate authority, set ca_path instead."
    )


OPTIONS = {"retries": 8, "retry_max_delay": 30.0, "validate_certs": True, "ca_path": None, "timeout": 30.0}


def test_a_transport_is_opened_without_sending() -> None:
    transport, warning = open_transport(OPTIONS, {}, [ENDPOINT], "2.19.0")

    assert isinstance(transport, Transport)
    assert isinstance(transport.clock, Clock)
    assert warning is None


def test_opening_a_transport_passes_the_warning_on() -> None:
    _transport, warning = open_transport({**OPTIONS, "validate_certs": False}, {}, [ENDPOINT], "2.19.0")

    assert warning
    assert "validate_certs" in warning


@pytest.mark.parametrize(
    ("option", "value"),
    [("retries", 101), ("retry_max_delay", 3601.0), ("timeout", 0.0), ("ca_path", "/missing")],
)
def test_opening_a_transport_checks_the_option(option: str, value: t.Any) -> None:
    with pytest.raises(ArgumentError, match=f"^{option}(:| is) "):
        open_transport({**OPTIONS, option: value}, {}, [ENDPOINT], "2.19.0")


PLAIN = Endpoint("http://127.0.0.1:8080", "option endpoint")


@pytest.mark.parametrize("endpoints", [[ENDPOINT], [ENDPOINT, None], [PLAIN, ENDPOINT]])
def test_the_environment_s_certificates_are_loaded_for_https(endpoints: list[Endpoint | None]) -> None:
    with pytest.raises(ArgumentError, match=r"^CURL_CA_BUNDLE: "):
        open_transport(OPTIONS, {"CURL_CA_BUNDLE": "/missing"}, endpoints, "2.19.0")


@pytest.mark.parametrize("endpoints", [[], [PLAIN], [PLAIN, None]])
def test_the_environment_s_certificates_are_not_loaded_for_http_alone(endpoints: list[Endpoint | None]) -> None:
    open_transport(OPTIONS, {"CURL_CA_BUNDLE": "/missing"}, endpoints, "2.19.0")


def test_without_requests_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second copy of the guarded import, made where there is no requests."""
    monkeypatch.setitem(sys.modules, "requests", None)
    spec = importlib.util.spec_from_file_location(libraries.__name__, libraries.__file__)
    assert spec
    assert spec.loader
    alone = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(alone)

    with pytest.raises(OmsError) as caught:
        alone.check_libraries()

    assert "the required Python library (requests)" in str(caught.value)
    assert "import of requests halted" in caught.value.result["exception"]


@pytest.mark.parametrize(
    ("version", "supported"),
    [("2.25.1", True), ("2.31.0", True), ("2.32.0", False), ("2.32.1", False), ("2.32.2", False), ("2.32.3", True)],
)
def test_versions_of_requests_that_ignore_ca_path_are_refused(
    monkeypatch: pytest.MonkeyPatch, version: str, supported: bool
) -> None:
    monkeypatch.setattr(requests, "__version__", version)
    if supported:
        open_transport(OPTIONS, {}, [PLAIN], "2.19.0")
        return

    with pytest.raises(OmsError, match=f"^requests {version} is not supported, .* Install requests 2.32.3 or later"):
        open_transport(OPTIONS, {}, [PLAIN], "2.19.0")
