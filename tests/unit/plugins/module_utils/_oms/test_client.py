# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.client import AuthenticatedClient
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credential import AccessKey, AuthToken, Credential
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    SERVICE,
    TIMEOUT,
    Answer,
    ConnectionFailure,
    Failure,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Response
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.client import Client, Receipt
from ansible_collections.huaweicloud.oms.tests.unit.fakes import Expected, FakeTransport, answer

PROJECT = "f697f813554a4f05bac882a183b20878"
TASK = "31e9b7e6-6ffb-452f-9842-6ce354d99d75"
OMS = Endpoint("https://oms.cn-north-4.myhuaweicloud.com", "region cn-north-4")
PATH = f"/v2/{PROJECT}/sync-tasks/{TASK}"
BODY = b'{"object_keys":["test%2F001.txt","test%2F002.txt"]}'
KEYS = ["test%2F001.txt", "test%2F002.txt"]
KEY = AccessKey("AccessKey", "SecretKey")

# FakeClock's 2026-01-01T00:00:00Z, in the 13 digits that query_time has
NOW_IN_MILLISECONDS = "1767225600000"


def ignored(_value: str) -> None:
    pass


def client(transport: FakeTransport, credentials: AccessKey | AuthToken = KEY, *secret: str) -> Client:
    secrets = Secrets(ignored)
    for value in secret:
        secrets.add(value)
    return Client(AuthenticatedClient(transport, Credential(credentials), project_id=PROJECT), OMS, PROJECT, secrets)


def event(response: Response | ConnectionFailure) -> Expected:
    return Expected("POST", f"{OMS.url}{PATH}/events", response, BODY)


def reading(response: Response | ConnectionFailure) -> Expected:
    return Expected("GET", f"{OMS.url}{PATH}?query_time={NOW_IN_MILLISECONDS}", response)


def event_failure(response: Response | ConnectionFailure, *secret: str) -> Failure:
    """What becomes of an event that is answered so."""
    with FakeTransport(event(response)) as transport, pytest.raises(Failure) as caught:
        client(transport, KEY, *secret).create_sync_events(TASK, KEYS)
    return caught.value


def check(response: Response | ConnectionFailure, *secret: str) -> str | None:
    """What becomes of a check when the sync task reads so."""
    with FakeTransport(reading(response)) as transport:
        return client(transport, KEY, *secret).check_sync_task(TASK)


def check_failure(response: Response | ConnectionFailure, *secret: str) -> Failure:
    with pytest.raises(Failure) as caught:
        check(response, *secret)
    return caught.value


# ---- an event that is accepted


def test_an_event_is_sent_as_the_api_says() -> None:
    with FakeTransport(event(answer(200, X_Request_Id="0a1b"))) as transport:
        assert client(transport).create_sync_events(TASK, KEYS) == Receipt("0a1b", 1)
    # The signature is the one of oms-api.md, section 5, the last row but one.
    assert transport.headers == [
        {
            "Content-Type": "application/json",
            "X-Project-Id": PROJECT,
            "X-Sdk-Date": "20260101T000000Z",
            "Authorization": (
                "SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=content-type;host;x-project-id;x-sdk-date,"
                " Signature=4d027788f5577c6701617b16b7a84ae8f3916cfa0af2ad98c6985c94a0d8ae5d"
            ),
        }
    ]


def test_an_event_is_sent_with_a_token_in_place_of_a_signature() -> None:
    with FakeTransport(event(answer(200))) as transport:
        client(transport, AuthToken("token")).create_sync_events(TASK, KEYS)
    assert transport.headers == [{"Content-Type": "application/json", "X-Auth-Token": "token"}]


@pytest.mark.parametrize(
    ("object_keys", "body"),
    [
        (["test%2B001.txt"], b'{"object_keys":["test%2B001.txt"]}'),
        (["test+001.txt"], b'{"object_keys":["test+001.txt"]}'),
        (["AWSLogs/1/a+b.gz", "a*b~c!'()"], b'{"object_keys":["AWSLogs/1/a+b.gz","a*b~c!\'()"]}'),
        (['"', "\\", "{{", "&<>"], b'{"object_keys":["\\"","\\\\","{{","&<>"]}'),
    ],
)
def test_object_keys_arrive_byte_for_byte(object_keys: list[str], body: bytes) -> None:
    with FakeTransport(Expected("POST", f"{OMS.url}{PATH}/events", answer(200), body)) as transport:
        client(transport).create_sync_events(TASK, object_keys)


def test_an_accepted_event_says_how_often_it_was_sent() -> None:
    with FakeTransport(event(answer(503)), event(answer(504)), event(answer(200)), retries=2) as transport:
        assert client(transport).create_sync_events(TASK, KEYS) == Receipt("", 3)


# ---- an event that is refused

NO_SUCH_TASK = (
    f"There is no sync task {TASK} in the project {PROJECT} at https://oms.cn-north-4.myhuaweicloud.com:"
    " check sync_task_id, project_id and region"
)
STOPPED = (
    "The sync task is stopped: start it with huaweicloud.oms.oms_sync_task and state: started, then run the task again"
)
NO_SUCH_API = (
    "This API does not exist at https://oms.cn-north-4.myhuaweicloud.com (region cn-north-4):"
    " check region and endpoint. The sync task may well exist"
)
WRONG_KEY = (
    "The access key, secret key, signature or token is wrong: correct it before the next run, because more than"
    " 5 failures in a row lock an access key for 5 minutes"
)
FORBIDDEN = "The caller is not authorised: grant it the IAM action oms:synctask:createEvent"
THROTTLED = "The service is being called too often: run the task again later"
FAILED_INSIDE = "The service failed inside: run the task again, sending an object twice is harmless"
NOT_REACHED = "The service behind the gateway could not be reached: run the task again later"
SEE_TEXT = "Check region, endpoint and what the service said"
SOMETHING_ELSE = "Something else answered in OMS's place, a proxy or a login page: check endpoint and proxy"

# oms-api.md, section 3: the code, the status, and the next step that the user is told.
ERRORS = [
    ("OMS.0064", 400, "OMS refuses a parameter that keeps the documented limits: the detail or the text says which"),
    ("OMS.0054", 400, NO_SUCH_TASK),
    ("OMS.1009", 400, NO_SUCH_TASK),
    ("OMS.0066", 400, STOPPED),
    ("OMS.0063", 400, "The sync task is in progress: stop it before you delete it"),
    ("OMS.0065", 400, "The sync task is started already: nothing is left to do"),
    ("OMS.9999", 400, SEE_TEXT),
    ("OMS.9999", 404, NO_SUCH_TASK),
    ("OMS.9999", 503, "The service is not available: run the task again later"),
    ("APIGW.0101", 404, NO_SUCH_API),
    ("APIGW.0201", 400, "The gateway could not pass the request on: run the task again later"),
    ("APIGW.0201", 413, "The request is too large: lower batch_size"),
    ("APIGW.0201", 414, "The request's URL is too long: check project_id and sync_task_id"),
    ("APIGW.0201", 494, "The request's headers are too large: check the length of the token"),
    ("APIGW.0201", 502, NOT_REACHED),
    ("APIGW.0201", 504, NOT_REACHED),
    ("APIGW.0301", 401, WRONG_KEY),
    ("APIGW.0302", 403, FORBIDDEN),
    ("APIGW.0304", 403, FORBIDDEN),
    ("APIGW.0306", 403, FORBIDDEN),
    ("APIGW.0307", 401, "The token has expired or belongs to another region: get a new one for this region"),
    ("APIGW.0308", 429, THROTTLED),
    ("APIGW.0601", 500, FAILED_INSIDE),
    ("APIGW.0605", 500, FAILED_INSIDE),
    ("APIGW.0606", 500, FAILED_INSIDE),
    ("APIGW.0608", 500, FAILED_INSIDE),
    ("APIGW.0610", 502, NOT_REACHED),
    ("APIGW.0613", 503, "IAM is not available: run the task again later"),
]
OTHER_SPELLING = [(code.replace("APIGW.", "APIG."), *row) for code, *row in ERRORS if code.startswith("APIGW.")]


@pytest.mark.parametrize(("code", "status", "advice"), [*ERRORS, *OTHER_SPELLING])
def test_each_error_of_the_table_is_a_sentence_with_the_next_step(code: str, status: int, advice: str) -> None:
    failure = event_failure(answer(status, {"error_code": code, "error_msg": "No."}, X_Request_Id="0a1b"))

    assert str(failure) == f'POST {PATH}/events at {OMS.url}: HTTP {status} {code} "No." (request id 0a1b). {advice}'
    assert failure.as_error(["a b"]) == {
        "kind": "service",
        "http_status": status,
        "error_code": code,
        "error_msg": "No.",
        "error_detail": None,
        "request_id": "0a1b",
        "object_keys": ["a b"],
    }
    assert failure.attempts == 1


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (
            answer(400, {"error_code": "OMS.0064", "error_msg": "Bad.", "error_detail": "object_keys"}),
            'HTTP 400 OMS.0064 "Bad.", detail "object_keys". OMS refuses a parameter that keeps the documented limits:'
            " the detail or the text says which",
        ),
        (answer(404), f"HTTP 404. {NO_SUCH_TASK}"),
        (answer(404, b"404 page not found"), f'HTTP 404 "404 page not found". {NO_SUCH_TASK}'),
        (answer(401), f"HTTP 401. {WRONG_KEY}"),
        (answer(403, b"<html><h1>Forbidden</h1></html>"), f'HTTP 403 "Forbidden". {FORBIDDEN}'),
        (answer(502, b"<html>Bad Gateway</html>"), f'HTTP 502 "Bad Gateway". {NOT_REACHED}'),
        (answer(400, b'{"error_code":'), f'HTTP 400 "{{\\"error_code\\":". {SEE_TEXT}'),
        (answer(418), f"HTTP 418. {SEE_TEXT}"),
        # Only a 200 is a success, and a page is none.
        (answer(201), f"HTTP 201. {SEE_TEXT}"),
        (answer(204), f"HTTP 204. {SEE_TEXT}"),
        (
            answer(200, b"<html><title>Sign in</title></html>", Content_Type="text/html"),
            f'HTTP 200 "Sign in". {SOMETHING_ELSE}',
        ),
        (answer(200, b"", Content_Type="text/html; charset=UTF-8"), f"HTTP 200. {SOMETHING_ELSE}"),
        (answer(404, b"<!DOCTYPE html><p>Not here</p>"), f'HTTP 404 "Not here". {SOMETHING_ELSE}'),
        (
            answer(302, Location="https://elsewhere"),
            "HTTP 302. Redirects are never followed: give the endpoint that answers by itself",
        ),
    ],
)
def test_whatever_else_is_answered_is_a_sentence_too(response: Response, said: str) -> None:
    failure = event_failure(response)

    assert str(failure) == f"POST {PATH}/events at {OMS.url}: {said}"
    assert (failure.kind, failure.answer.http_status) == (SERVICE, response.status)


@pytest.mark.parametrize(
    ("date", "note"),
    [
        ("Wed, 31 Dec 2025 23:59:00 GMT", ""),
        ("Thu, 01 Jan 2026 00:01:00 GMT", ""),
        ("Wed, 31 Dec 2025 23:30:00 GMT", ". The clock of this host is 1800 s ahead of the service's: set it right"),
        ("Thu, 01 Jan 2026 00:01:01 GMT", ". The clock of this host is 61 s behind the service's: set it right"),
    ],
)
def test_a_401_speaks_of_a_clock_that_is_off(date: str, note: str) -> None:
    assert str(event_failure(answer(401, Date=date))).endswith(f"for 5 minutes{note}")


def test_only_a_401_speaks_of_the_clock() -> None:
    assert "clock" not in str(event_failure(answer(403, Date="Thu, 01 Jan 2026 12:00:00 GMT")))


def test_a_refusal_says_how_often_it_was_tried() -> None:
    with (
        FakeTransport(event(answer(503)), event(answer(503)), retries=1) as transport,
        pytest.raises(Failure) as caught,
    ):
        client(transport).create_sync_events(TASK, KEYS)

    assert ": HTTP 503, given up after 2 attempts. The service is not available" in str(caught.value)
    assert caught.value.attempts == 2


def test_no_answer_is_passed_on_with_its_attempts() -> None:
    failure = event_failure(ConnectionFailure(TIMEOUT, "no answer", "Check it", transient=True))

    assert (str(failure), failure.kind, failure.attempts) == ("no answer. Check it", TIMEOUT, 1)


# ---- what a server echoes


def test_a_refusal_that_echoes_secrets_is_masked() -> None:
    body = {
        "error_code": "Marker-code",
        "error_msg": "Access=Marker-ak, not Marker-sk%2B",
        "error_detail": ["Marker-ak"],
    }
    secrets = ("Marker-code", "Marker-ak", "Marker-sk+", "Marker-request")

    failure = event_failure(answer(400, body, X_Request_Id="id Marker-request"), *secrets)

    assert str(failure).startswith(
        f"POST {PATH}/events at {OMS.url}: HTTP 400 ********"
        ' "Access=********, not ********", detail "[\\"********\\"]" (request id id ********). '
    )
    assert failure.answer == Answer(400, "********", "Access=********, not ********", '["********"]', "id ********")


def test_an_echo_in_json_s_or_html_s_clothes_is_masked() -> None:
    page = event_failure(answer(403, b"<html>token=Marker-\xe4\xb8\xad&Marker</html>"), "Marker").answer
    escaped = event_failure(answer(403, b'{"error_msg": "\\u004darker"}'), "Marker").answer

    assert (page.error_msg, escaped.error_msg) == ("token=********-中&********", "********")


def test_a_receipt_that_echoes_secrets_is_masked() -> None:
    with FakeTransport(event(answer(200, X_Request_Id="Marker-1"))) as transport:
        assert client(transport, KEY, "Marker").create_sync_events(TASK, KEYS).request_id == "********-1"


# ---- whether a sync task takes events


def test_a_synchronizing_task_takes_events() -> None:
    assert check(answer(200, {"sync_task_id": TASK, "status": "SYNCHRONIZING"})) is None


def test_reading_a_task_is_signed_with_the_project() -> None:
    with FakeTransport(reading(answer(200, {"status": "SYNCHRONIZING"}))) as transport:
        client(transport).check_sync_task(TASK)
    assert set(transport.headers[0]) == {"X-Project-Id", "X-Sdk-Date", "Authorization"}


def test_a_stopped_task_fails_and_says_how_to_start_it() -> None:
    failure = check_failure(answer(200, {"status": "STOPPED"}, X_Request_Id="0a1b"))

    assert str(failure) == (
        f'GET {PATH} at {OMS.url}: the sync task has the status "STOPPED" and accepts no events. {STOPPED}'
    )
    assert (failure.kind, failure.answer, failure.attempts) == (SERVICE, Answer(200, request_id="0a1b"), 1)


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (answer(404), f"HTTP 404. {NO_SUCH_TASK}"),
        (answer(400, {"error_code": "OMS.1009"}), f"HTTP 400 OMS.1009. {NO_SUCH_TASK}"),
        (answer(400, {"error_code": "OMS.0054"}), f"HTTP 400 OMS.0054. {NO_SUCH_TASK}"),
        (answer(404, {"error_code": "APIGW.0101"}), f"HTTP 404 APIGW.0101. {NO_SUCH_API}"),
        (answer(401, {"error_code": "APIGW.0301"}), f"HTTP 401 APIGW.0301. {WRONG_KEY}"),
        (answer(200, b"<html>Sign in</html>"), f'HTTP 200 "Sign in". {SOMETHING_ELSE}'),
    ],
)
def test_what_fails_a_run_fails_a_check(response: Response, said: str) -> None:
    failure = check_failure(response)

    assert str(failure) == f"GET {PATH} at {OMS.url}: {said}"
    assert failure.kind == SERVICE


def test_where_reading_is_forbidden_a_check_warns() -> None:
    warning = check(answer(403, {"error_code": "APIGW.0302", "error_msg": "no Marker"}, X_Request_Id="0a1b"), "Marker")

    assert warning == (
        "check mode could not read the sync task and goes by the arguments alone:"
        f' GET {PATH} at {OMS.url}: HTTP 403 APIGW.0302 "no ********" (request id 0a1b).'
        " The caller is not authorised: grant it the IAM action oms:synctask:get"
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"null",
        b"[]",
        b'"SYNCHRONIZING"',
        b"{}",
        b"[" * 100_000,
        b'{"status": null}',
        b'{"status": 1}',
    ],
)
def test_an_answer_that_is_no_task_fails_a_check(body: bytes) -> None:
    failure = check_failure(answer(200, body, X_Request_Id="Marker-1"), "Marker")

    assert str(failure) == (
        f"GET {PATH} at {OMS.url}: the answer is no sync task."
        " Check https://oms.cn-north-4.myhuaweicloud.com (region cn-north-4)"
    )
    assert (failure.kind, failure.answer, failure.attempts) == (SERVICE, Answer(200, request_id="********-1"), 1)


def test_a_status_that_echoes_secrets_is_masked() -> None:
    failure = check_failure(answer(200, {"status": "Marker\n"}, X_Request_Id="Marker-1"), "Marker")

    assert 'has the status "********\\n" and' in str(failure)
    assert failure.answer.request_id == "********-1"


def test_without_a_request_id_there_is_none() -> None:
    assert check_failure(answer(200, {"status": "STOPPED"})).answer.request_id is None
    assert check_failure(answer(200, {})).answer.request_id is None
