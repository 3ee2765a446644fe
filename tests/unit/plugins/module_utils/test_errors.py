# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

import json
import time
import typing as t

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.gateway_errors import error_kind, general_advice
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    CONNECTION,
    CREDENTIALS,
    QUOTED_CHARACTERS,
    SERVICE,
    Answer,
    ArgumentError,
    ConnectionFailure,
    Failure,
    OmsError,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.error_body import (
    HTML_CHARACTERS,
    RETURNED_CHARACTERS,
    is_html,
    read_answer,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import listed, quoted

SECRET = "Marker-0123456789"


def unmasked(text: str) -> str:
    return text


def masked(text: str) -> str:
    return text.replace(SECRET, "********")


def read(body: bytes, mask: t.Callable[[str], str] = unmasked) -> tuple[str | None, str | None, str | None]:
    answer = read_answer(400, body, None, mask)
    return answer.error_code, answer.error_msg, answer.error_detail


@pytest.mark.parametrize(
    ("body", "understood"),
    [
        (b'{"error_code": "OMS.0064", "error_msg": "bad"}', ("OMS.0064", "bad", None)),
        (b'{"error_code": "OMS.0064", "error_msg": "bad", "error_detail": "limit"}', ("OMS.0064", "bad", "limit")),
        (b'{"errorCode": "OMS.0064", "errorMsg": "bad", "errorDetail": "limit"}', ("OMS.0064", "bad", "limit")),
        (b'{"code": "OMS.0064", "message": "bad"}', ("OMS.0064", "bad", None)),
        (b'{"error": {"error_code": "OMS.0064", "error_msg": "bad"}}', ("OMS.0064", "bad", None)),
        (b'{"error": {"errorCode": "OMS.0064", "errorMsg": "bad"}}', ("OMS.0064", "bad", None)),
        (b'{"error": {"code": 401, "message": "bad", "title": "Unauthorized"}}', ("401", "bad", None)),
        # The documented spelling goes before the others, and an empty text is none.
        (b'{"code": "x", "error_code": "OMS.0064", "message": "y", "error_msg": "bad"}', ("OMS.0064", "bad", None)),
        (b'{"error_code": "", "code": "OMS.0064", "error_msg": null, "message": "bad"}', ("OMS.0064", "bad", None)),
        (b'{"error_code": 64, "error_msg": ["a", {"b": 1}]}', ("64", '["a", {"b": 1}]', None)),
        (b'{"error": "bad"}', (None, None, None)),
        (b"{}", (None, None, None)),
        ('{"error_msg": "任务不存在"}'.encode(), (None, "任务不存在", None)),
        # What is no JSON object is quoted as it is.
        (b"", (None, None, None)),
        (b" \r\n ", (None, None, None)),
        (b"backend down\n", (None, "backend down", None)),
        (b'{"error_code": "OMS.0064", "error_m', (None, '{"error_code": "OMS.0064", "error_m', None)),
        (b'["error_code"]', (None, '["error_code"]', None)),
        (b'"error"', (None, '"error"', None)),
        (b"\xff\xfebad", (None, "\ufffd\ufffdbad", None)),
        # Of a page only the words.
        (
            b"\n<!DOCTYPE html><html><head><title>502 Bad Gateway</title>\n<style>p {}</style>"
            b"<SCRIPT type='x'>alert(1 < 2)</SCRIPT ></head><body><p>nginx\n</p></body></html>",
            (None, "502 Bad Gateway nginx", None),
        ),
        (b"<p></p>", (None, None, None)),
        (b"1 < 2 and 3 > 2", (None, "1 < 2 and 3 > 2", None)),
    ],
)
def test_an_error_body_is_understood_in_any_shape(
    body: bytes, understood: tuple[str | None, str | None, str | None]
) -> None:
    assert read(body) == understood


@pytest.mark.parametrize(
    "body", [rb'{"error_msg": "a\ud800b"}', rb'{"error_code": "\udc80"}', rb'{"request_id": "\udc80"}']
)
def test_what_was_said_can_be_returned(body: bytes) -> None:
    """Else ansible-core since 2.19 refuses the whole result, with all that was accepted and what remains."""
    answer = read_answer(400, body, None, unmasked)

    assert json.dumps(vars(answer), ensure_ascii=False).encode()


@pytest.mark.parametrize("depth", [10, 100_000])
def test_a_deeply_nested_body_is_quoted(depth: int) -> None:
    body = b"[" * depth + b"]" * depth

    assert read(body) == (None, body.decode()[: min(HTML_CHARACTERS, RETURNED_CHARACTERS)], None)


@pytest.mark.parametrize("opening", [b"<", b"<script", b"<p>", b"<!--"])
def test_a_hostile_page_takes_no_long_time(opening: bytes) -> None:
    started = time.process_time()
    read(opening * 300_000)

    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    ("header", "body", "request_id"),
    [
        ("from-header", b'{"request_id": "from-body"}', "from-header"),
        (None, b'{"request_id": "from-body"}', "from-body"),
        ("", b'{"requestId": "from-body"}', "from-body"),
        (None, b"", None),
    ],
)
def test_the_request_id_comes_from_the_header_first(header: str | None, body: bytes, request_id: str | None) -> None:
    assert read_answer(400, body, header, unmasked).request_id == request_id


@pytest.mark.parametrize(
    "body",
    [
        f'{{"error_code": "{SECRET}", "error_msg": "{SECRET}", "error_detail": "{SECRET}"}}',
        f'{{"error": {{"message": "headers: {SECRET}"}}, "request_id": "{SECRET}"}}',
        f'{{"error_msg": ["{SECRET}"]}}',
        # JSON has more than one way to write the same text.
        f'{{"error_msg": "\\u004d{SECRET[1:]}"}}',
        f'{{"error_code": "{SECRET}',
        f"<p>{SECRET}</p>",
        SECRET,
    ],
)
def test_an_echoed_secret_is_masked(body: str) -> None:
    answer = read_answer(400, body.encode(), f"id {SECRET}", masked)

    for text in (str(answer), repr(answer)):
        assert SECRET not in text
        assert "********" in text


@pytest.mark.parametrize("template", ['{{"error_msg": "{}"}}', "{}", "<p>{}</p>"])
@pytest.mark.parametrize("limit", [QUOTED_CHARACTERS, RETURNED_CHARACTERS, HTML_CHARACTERS])
def test_a_secret_is_masked_before_the_text_is_cut(template: str, limit: int) -> None:
    """Else the half of it that stands before the cut would show."""
    body = template.format("x" * (limit - 10) + SECRET)
    answer = read_answer(400, body.encode(), None, masked)

    assert SECRET[:4] not in str(answer)
    assert SECRET[:4] not in (answer.error_msg or "")


@pytest.mark.parametrize(
    "body",
    [
        # The tags go, so that the end of what was read of the page is shown.
        "<p></p>" * (HTML_CHARACTERS // 7) + SECRET,
        # Only the text that JSON stands for can be masked.
        json.dumps({"error_msg": "x" * (RETURNED_CHARACTERS - 10) + SECRET}).replace("M", "\\u004d"),
    ],
)
def test_a_secret_at_the_edge_is_masked_in_what_is_shown(body: str) -> None:
    assert SECRET[:2] not in (read(body.encode(), masked)[1] or "")


def test_long_texts_are_cut() -> None:
    fields = ("error_code", "error_msg", "error_detail", "request_id")
    body = json.dumps(dict.fromkeys(fields, "x" * 100_000)).encode()
    answer = read_answer(400, body, "y" * 100_000, unmasked)

    assert answer == Answer(400, *(["x" * RETURNED_CHARACTERS] * 3), "y" * RETURNED_CHARACTERS)
    assert f'"{"x" * QUOTED_CHARACTERS}…", detail "{"x" * QUOTED_CHARACTERS}…"' in str(answer)
    assert read(b"z" * 100_000) == (None, "z" * RETURNED_CHARACTERS, None)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(400), "HTTP 400"),
        (Answer(400, "OMS.0064"), "HTTP 400 OMS.0064"),
        (Answer(400, None, "bad\nline"), 'HTTP 400 "bad\\nline"'),
        (
            Answer(404, "APIGW.0101", "no such API", "GET /v2", "0a1b"),
            'HTTP 404 APIGW.0101 "no such API", detail "GET /v2", request id 0a1b',
        ),
    ],
)
def test_an_answer_reads_as_a_part_of_a_sentence(answer: Answer, said: str) -> None:
    assert str(answer) == said


def test_an_answer_stays_short_and_on_one_line() -> None:
    """Whatever answers in the service's place chooses these texts."""
    hostile = "a\nb\x1b[31m\x7f\u2028\u202e" * 1000
    said = str(Answer(400, hostile, hostile, hostile, hostile))

    assert said.isprintable()
    assert len(said) < 4 * 10 * QUOTED_CHARACTERS


@pytest.mark.parametrize(
    ("error_code", "code"),
    [
        ("APIGW.0101", "APIGW.0101"),
        ("APIG.0101", "APIGW.0101"),
        ("OMS.0064", "OMS.0064"),
        ("XAPIG.0101", "XAPIG.0101"),
        ("APIGX0101", "APIGX0101"),
        (None, ""),
    ],
)
def test_a_gateway_code_has_one_prefix(error_code: str | None, code: str) -> None:
    answer = Answer(404, error_code)

    assert answer.code == code
    assert answer.error_code == error_code


FAILED_INSIDE = "An internal error of the service. Run the task again later"
NOT_REACHED = "The gateway could not reach the service. Run the task again later"
THROTTLED = "The service limits the rate of requests. Run the task again later"
NOT_AUTHORISED = (
    "The credentials have no permission for this request. Grant them the IAM action oms:synctask:createEvent"
)


@pytest.mark.parametrize(
    ("status", "error_code", "advice"),
    [
        # The gateway's codes, docs/oms-api.md, section 3
        (
            404,
            "APIGW.0101",
            "This API does not exist at this endpoint. Check region and endpoint",
        ),
        (
            404,
            "APIG.0101",
            "This API does not exist at this endpoint. Check region and endpoint",
        ),
        (429, "APIGW.0308", THROTTLED),
        (500, "APIGW.0601", FAILED_INSIDE),
        (500, "APIGW.0605", FAILED_INSIDE),
        (500, "APIGW.0606", FAILED_INSIDE),
        (500, "APIGW.0608", FAILED_INSIDE),
        (502, "APIGW.0610", NOT_REACHED),
        (503, "APIGW.0613", "IAM is not available. Run the task again later"),
        (403, "APIGW.0302", NOT_AUTHORISED),
        (403, "APIGW.0304", NOT_AUTHORISED),
        (403, "APIGW.0306", NOT_AUTHORISED),
        # One code for many reasons: the status says which.
        (400, "APIGW.0201", "The gateway could not forward the request. Run the task again later"),
        (413, "APIGW.0201", "The request is too large. Lower batch_size"),
        (414, "APIGW.0201", "The URL of the request is too long. Check project_id and sync_task_id"),
        (494, "APIGW.0201", "The headers of the request are too large. Check the length of the token"),
        (502, "APIGW.0201", NOT_REACHED),
        (504, "APIGW.0201", NOT_REACHED),
        # Statuses alone
        (403, None, NOT_AUTHORISED),
        (407, None, "The proxy requires credentials. Add them to its URL in the environment variable HTTPS_PROXY"),
        (429, None, THROTTLED),
        (500, None, FAILED_INSIDE),
        (502, None, NOT_REACHED),
        (503, None, "The service is not available. Run the task again later"),
        (504, None, NOT_REACHED),
        (
            301,
            None,
            "The server redirects to another URL, and redirects are not followed. Give the endpoint that answers",
        ),
        (
            399,
            None,
            "The server redirects to another URL, and redirects are not followed. Give the endpoint that answers",
        ),
        (200, None, "The request was refused. Check region and endpoint, and the text of the service"),
        (400, None, "The request was refused. Check region and endpoint, and the text of the service"),
        (None, None, "The request was refused. Check region and endpoint, and the text of the service"),
    ],
)
def test_each_error_has_a_next_step(status: int | None, error_code: str | None, advice: str) -> None:
    assert general_advice(Answer(status, error_code), "oms:synctask:createEvent").startswith(advice)


@pytest.mark.parametrize(
    ("status", "error_code", "kind"),
    [
        (401, None, CREDENTIALS),
        (401, "APIGW.0301", CREDENTIALS),
        (401, "OMS.0001", CREDENTIALS),
        (403, "APIG.0301", CREDENTIALS),
        (400, "APIGW.0307", CREDENTIALS),
        (403, "APIGW.0302", SERVICE),
        (400, "OMS.0064", SERVICE),
        (None, None, SERVICE),
    ],
)
def test_a_refused_credential_has_a_kind_of_its_own(status: int | None, error_code: str | None, kind: str) -> None:
    assert error_kind(Answer(status, error_code)) == kind


@pytest.mark.parametrize(
    ("body", "content_type", "html"),
    [
        (b"<html>", "", True),
        (b" \n<!DOCTYPE html>", "application/json", True),
        (b"Sign in", "text/HTML; charset=utf-8", True),
        (b"", "text/html", True),
        (b"", "", False),
        (b"{}", "application/json", False),
        (b'{"a": "<p>"}', "application/json", False),
    ],
)
def test_a_page_is_known_by_its_type_or_its_first_character(body: bytes, content_type: str, html: bool) -> None:
    assert is_html(body, content_type) is html


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b", '"a b"'),
        ("", '""'),
        ('"\\', '"\\"\\\\"'),
        ("中 文.jpg", '"中 文.jpg"'),
        ("\n\t\0\x1b", '"\\n\\t\\u0000\\u001b"'),
        ("\x7f\x85\u2028\u202e\udc80", '"\\x7f\\x85\\u2028\\u202e\\udc80"'),
        ("{{ x }}", '"{{ x }}"'),
        ("a" * 80, '"' + "a" * 80 + '"'),
        ("a" * 81, '"' + "a" * 80 + '…"'),
    ],
)
def test_a_quoted_text_can_be_printed(text: str, shown: str) -> None:
    assert quoted(text) == shown
    assert shown.isprintable()


def test_the_limit_of_a_quotation_can_be_set() -> None:
    assert quoted("abcdef", 3) == '"abc…"'


@pytest.mark.parametrize(
    ("items", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_a_list_reads_as_words(items: list[str], text: str) -> None:
    assert listed(items) == text


def test_a_failure_has_a_message_and_the_same_for_programs() -> None:
    answer = Answer(400, "OMS.0066", "not running", "task", "0a1b")
    failure = Failure(SERVICE, "POST /events: HTTP 400", "Start it", answer, 3)

    assert str(failure) == "POST /events: HTTP 400. Start it."
    assert failure.attempts == 3
    assert failure.as_error(("a", "b")) == {
        "kind": "service",
        "http_status": 400,
        "error_code": "OMS.0066",
        "error_msg": "not running",
        "error_detail": "task",
        "request_id": "0a1b",
        "object_keys": ["a", "b"],
    }


def test_a_failure_without_an_answer_has_the_same_keys() -> None:
    failure = Failure(CONNECTION, "refused")

    assert str(failure) == "refused."
    assert failure.attempts == 0
    assert failure.as_error() == {
        "kind": "connection",
        "http_status": None,
        "error_code": None,
        "error_msg": None,
        "error_detail": None,
        "request_id": None,
        "object_keys": [],
    }


@pytest.mark.parametrize("transient", [False, True])
@pytest.mark.parametrize(("attempts", "text"), [(1, "refused. Check it."), (9, "refused. Check it. (9 attempts)")])
def test_a_connection_failure_tells_its_attempts(transient: bool, attempts: int, text: str) -> None:
    failure = ConnectionFailure(CONNECTION, "refused", "Check it", transient).after(attempts)

    assert (str(failure), failure.attempts, failure.transient, failure.kind) == (text, attempts, transient, CONNECTION)


def test_an_error_carries_a_copy_of_its_result() -> None:
    result = {"exception": "traceback"}
    error = OmsError("text", result=result)
    result.clear()

    assert error.result == {"exception": "traceback"}
    assert OmsError("text").result == {}


@pytest.mark.parametrize(
    ("what", "advice", "evidence", "message"),
    [
        ("It failed", "", "", "It failed."),
        ("It failed.", "Mend it.", "", "It failed. Mend it."),
        ("It failed", "Mend it", "GET /: HTTP 500", "It failed. Mend it. (GET /: HTTP 500)"),
        ("It failed", "", "GET /: HTTP 500", "It failed. (GET /: HTTP 500)"),
        (["Searched in:", "- a\nb", "Give it"], "", "GET /", "Searched in:\n- a\\nb\nGive it. (GET /)"),
    ],
)
def test_a_message_has_three_parts_and_may_have_lines(
    what: str | list[str], advice: str, evidence: str, message: str
) -> None:
    failure = Failure(SERVICE, what, advice, evidence=evidence)

    assert str(failure) == message
    assert "\n".join(failure.lines) == message


def test_an_argument_error_ends_with_a_full_stop() -> None:
    assert [str(ArgumentError(text)) for text in ("a is empty", "a is empty.")] == ["a is empty."] * 2


def test_a_code_that_repeats_the_status_is_not_shown_twice() -> None:
    """IAM does so."""
    assert str(Answer(401, "401", "Wrong.")) == 'HTTP 401 "Wrong."'
    assert str(Answer(401, "403", "Wrong.")) == 'HTTP 401 403 "Wrong."'


def test_any_text_becomes_one_line_that_can_be_shown() -> None:
    """A path may hold anything, and the bytes of one that are not UTF-8 come as lone surrogates."""
    assert str(OmsError("the file /a\n\x1b[31m\udcff é中 can't be read")) == (
        "the file /a\\n\\x1b[31m\\udcff é中 can't be read"
    )
