# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.client import AuthenticatedClient
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credential import AccessKey, AuthToken, Credential
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.gateway_errors import general_advice
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
    # The signature is a vector of the official SDK, as in test_signing.py.
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

WHERE = f"in the project {PROJECT} at {OMS.url}"
START = "tart it with huaweicloud.oms.oms_sync_task and state=started, then run the task again"
NO_SUCH_TASK = f"The sync task {TASK} was not found {WHERE}. Check sync_task_id, project_id and region"
NOT_FOUND_OR_NOT_RUNNING = (
    f"The sync task {TASK} was not found {WHERE}, or it is not running. Check sync_task_id, project_id and region."
    f" If the sync task is stopped, s{START}"
)
STOPPED = f"The sync task {TASK} is not running. S{START}"
NOT_MISSING = " This error does not mean that the sync task is missing"
NO_SUCH_API = f"This API does not exist at {OMS.url} (region cn-north-4). Check region and endpoint.{NOT_MISSING}"
NO_PERMISSION = (
    f"The credentials have no permission for this request {WHERE}. Grant them the IAM action"
    " oms:synctask:createEvent, or correct project_id"
)
NO_SUCH_URL = f"The server does not know this URL. Check region, endpoint and proxy.{NOT_MISSING}"
SOMETHING_ELSE = "A proxy or a login page answered in place of OMS. Check endpoint and proxy"

# The codes that OMS documents: the status, the kind, and what the user is told.
ERRORS = [
    ("OMS.0064", 400, "service", "OMS refuses a parameter of the request. Correct it; the text of OMS may name it"),
    ("OMS.2002", 400, "state", NOT_FOUND_OR_NOT_RUNNING),
    ("OMS.0054", 400, "state", NO_SUCH_TASK),
    ("OMS.1009", 400, "state", NO_SUCH_TASK),
    ("OMS.0066", 400, "state", STOPPED),
    ("OMS.0063", 400, "state", f"The sync task {TASK} is running. Stop it before you delete it"),
    ("OMS.0065", 400, "state", f"The sync task {TASK} is running already. There is nothing to do"),
    (
        "OMS.0077",
        400,
        "service",
        "There are too many tasks. Delete one that is not needed, then run the task again",
    ),
    ("OMS.0078", 400, "service", "OMS refuses the description. Change the option description"),
    (
        "OMS.1010",
        400,
        "service",
        "OMS refuses the type of a parameter. Report this to the maintainers of huaweicloud.oms",
    ),
    ("OMS.0206", 403, "service", NO_PERMISSION),
    ("OMS.2004", 503, "service", "OMS is not available. Run the task again later"),
    ("OMS.9999", 404, "state", NO_SUCH_TASK),
    ("APIGW.0101", 404, "service", NO_SUCH_API),
    ("APIG.0101", 404, "service", NO_SUCH_API),
]
# What the gateway answers to any API: its own tests have the texts.
GATEWAY_ERRORS = [
    ("APIGW.0201", 400, "service"),
    ("APIGW.0201", 502, "service"),
    ("APIGW.0301", 401, "credentials"),
    ("APIG.0301", 401, "credentials"),
    ("APIGW.0307", 401, "credentials"),
    ("APIGW.0302", 403, "service"),
    ("APIGW.0306", 403, "service"),
    ("APIGW.0308", 429, "service"),
    ("APIGW.0601", 500, "service"),
    ("APIGW.0613", 503, "service"),
    ("OMS.9999", 400, "service"),
    ("OMS.9999", 401, "credentials"),
    ("X.1", 404, "service"),
]


def evidence(method: str, path: str, said: str) -> str:
    return f"({method} {OMS.url}{path}: {said})"


@pytest.mark.parametrize(("code", "status", "kind", "explanation"), ERRORS)
def test_each_documented_error_is_explained_with_the_next_step(
    code: str, status: int, kind: str, explanation: str
) -> None:
    failure = event_failure(answer(status, {"error_code": code, "error_msg": "No."}, X_Request_Id="0a1b"))

    shown = evidence("POST", f"{PATH}/events", f'HTTP {status} {code} "No.", request id 0a1b')
    assert str(failure) == f"{explanation}. {shown}"
    assert failure.as_error(["a b"]) == {
        "kind": kind,
        "http_status": status,
        "error_code": code,
        "error_msg": "No.",
        "error_detail": None,
        "request_id": "0a1b",
        "object_keys": ["a b"],
    }
    assert failure.attempts == 1


@pytest.mark.parametrize(("code", "status", "kind"), GATEWAY_ERRORS)
def test_an_error_of_the_gateway_is_explained_by_what_is_known_of_it(code: str, status: int, kind: str) -> None:
    failure = event_failure(answer(status, {"error_code": code, "error_msg": "No."}, X_Request_Id="0a1b"))

    assert failure.kind == kind
    assert str(failure).endswith(evidence("POST", f"{PATH}/events", f'HTTP {status} {code} "No.", request id 0a1b'))
    assert "was not found" not in str(failure)
    if status != 401:
        assert str(failure).startswith(general_advice(failure.answer, "oms:synctask:createEvent"))


@pytest.mark.parametrize(
    ("response", "said", "explanation"),
    [
        (answer(404), "HTTP 404", NO_SUCH_URL),
        (answer(404, b"404 page not found"), 'HTTP 404 "404 page not found"', NO_SUCH_URL),
        (answer(403, b"<html><h1>Forbidden</h1></html>"), 'HTTP 403 "Forbidden"', None),
        (answer(502, b"<html>Bad Gateway</html>"), 'HTTP 502 "Bad Gateway"', None),
        (answer(400, b'{"error_code":'), 'HTTP 400 "{\\"error_code\\":"', None),
        (answer(418), "HTTP 418", None),
        (
            answer(400, {"error_code": "OMS.0064", "error_msg": "Bad.", "error_detail": "object_keys"}),
            'HTTP 400 OMS.0064 "Bad.", detail "object_keys"',
            "OMS refuses a parameter of the request. Correct it; the text of OMS may name it",
        ),
        # Only a 200 is a success, and a page is none.
        (answer(201), "HTTP 201", None),
        (answer(204), "HTTP 204", None),
        (
            answer(200, b"<html><title>Sign in</title></html>", Content_Type="text/html"),
            'HTTP 200 "Sign in"',
            SOMETHING_ELSE,
        ),
        (answer(200, b"", Content_Type="text/html; charset=UTF-8"), "HTTP 200", SOMETHING_ELSE),
        (answer(404, b"<!DOCTYPE html><p>Not here</p>"), 'HTTP 404 "Not here"', SOMETHING_ELSE),
        (answer(302, Location="https://elsewhere"), "HTTP 302", None),
    ],
)
def test_whatever_else_is_answered_is_explained_too(response: Response, said: str, explanation: str | None) -> None:
    failure = event_failure(response)

    explanation = explanation or general_advice(failure.answer, "oms:synctask:createEvent")
    assert str(failure) == f"{explanation}. {evidence('POST', f'{PATH}/events', said)}"
    assert (failure.kind, failure.answer.http_status) == (SERVICE, response.status)


@pytest.mark.parametrize(
    ("date", "note"),
    [
        ("Wed, 31 Dec 2025 23:59:00 GMT", ""),
        ("Thu, 01 Jan 2026 00:01:00 GMT", ""),
        ("Wed, 31 Dec 2025 23:30:00 GMT", ". The clock of this host is 1800 s ahead of the service's. Correct it"),
        ("Thu, 01 Jan 2026 00:01:01 GMT", ". The clock of this host is 61 s behind the service's. Correct it"),
    ],
)
def test_a_401_mentions_a_wrong_clock(date: str, note: str) -> None:
    message = str(event_failure(answer(401, Date=date)))

    assert ("clock" in message) == bool(note)
    assert f"{note}. (POST " in message


def test_only_a_401_mentions_the_clock() -> None:
    assert "clock" not in str(event_failure(answer(403, Date="Thu, 01 Jan 2026 12:00:00 GMT")))


def test_a_refusal_says_how_often_it_was_tried() -> None:
    with (
        FakeTransport(event(answer(503)), event(answer(503)), retries=1) as transport,
        pytest.raises(Failure) as caught,
    ):
        client(transport).create_sync_events(TASK, KEYS)

    assert str(caught.value).endswith("/events: HTTP 503, 2 attempts)")
    assert caught.value.attempts == 2


def test_no_answer_is_passed_on_with_its_attempts() -> None:
    failure = event_failure(ConnectionFailure(TIMEOUT, "no answer", "Check it", transient=True))

    assert (str(failure), failure.kind, failure.attempts) == ("no answer. Check it.", TIMEOUT, 1)


# ---- what a server echoes


def test_a_refusal_that_echoes_secrets_is_masked() -> None:
    body = {
        "error_code": "Marker-code",
        "error_msg": "Access=Marker-ak, not Marker-sk%2B",
        "error_detail": ["Marker-ak"],
    }
    secrets = ("Marker-code", "Marker-ak", "Marker-sk+", "Marker-request")

    failure = event_failure(answer(400, body, X_Request_Id="id Marker-request"), *secrets)

    said = 'HTTP 400 ******** "Access=********, not ********", detail "[\\"********\\"]", request id id ********'
    assert str(failure).endswith(evidence("POST", f"{PATH}/events", said))
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

    shown = evidence("GET", PATH, "HTTP 200, request id 0a1b")
    assert str(failure) == f'The sync task {TASK} has the status "STOPPED". S{START}. {shown}'
    assert (failure.kind, failure.answer, failure.attempts) == ("state", Answer(200, request_id="0a1b"), 1)


def test_a_status_that_is_not_documented_fails_a_check() -> None:
    failure = check_failure(answer(200, {"status": "PAUSING"}))

    said = f'The sync task {TASK} has the status "PAUSING". Events are accepted in the status SYNCHRONIZING only.'
    assert str(failure).startswith(f"{said} See the OMS console.")
    assert failure.kind == "state"


@pytest.mark.parametrize(
    ("response", "kind", "explanation"),
    [
        (answer(404), SERVICE, NO_SUCH_URL),
        (answer(400, {"error_code": "OMS.2002"}), "state", NOT_FOUND_OR_NOT_RUNNING),
        (answer(400, {"error_code": "OMS.1009"}), "state", NO_SUCH_TASK),
        (answer(400, {"error_code": "OMS.0054"}), "state", NO_SUCH_TASK),
        (answer(404, {"error_code": "APIGW.0101"}), SERVICE, NO_SUCH_API),
        (answer(401, {"error_code": "APIGW.0301"}), "credentials", ""),
        (answer(403), SERVICE, ""),
        (answer(200, b"<html>Sign in</html>"), SERVICE, SOMETHING_ELSE),
    ],
)
def test_what_fails_a_run_fails_a_check(response: Response, kind: str, explanation: str) -> None:
    failure = check_failure(response)

    assert str(failure).startswith(explanation)
    assert f"(GET {OMS.url}{PATH}: HTTP {response.status}" in str(failure)
    assert failure.kind == kind


def test_where_reading_is_forbidden_a_check_warns() -> None:
    warning = check(answer(403, {"error_code": "APIGW.0302", "error_msg": "no Marker"}, X_Request_Id="0a1b"), "Marker")

    assert warning is not None
    assert warning.startswith("Check mode could not read the sync task, so it checked only the arguments. ")
    assert "oms:synctask:get" in warning
    assert warning.endswith(evidence("GET", PATH, 'HTTP 403 APIGW.0302 "no ********", request id 0a1b'))


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
        f"The answer does not contain the documented sync task. Check that {OMS.url} (region cn-north-4) is the"
        f" endpoint of OMS. {evidence('GET', PATH, 'HTTP 200, request id ********-1')}"
    )
    assert (failure.kind, failure.answer, failure.attempts) == (SERVICE, Answer(200, request_id="********-1"), 1)


def test_a_status_that_echoes_secrets_is_masked() -> None:
    failure = check_failure(answer(200, {"status": "Marker\n"}, X_Request_Id="Marker-1"), "Marker")

    assert 'has the status "********\\n". Events' in str(failure)
    assert failure.answer.request_id == "********-1"


def test_without_a_request_id_there_is_none() -> None:
    assert check_failure(answer(200, {"status": "STOPPED"})).answer.request_id is None
    assert check_failure(answer(200, {})).answer.request_id is None
