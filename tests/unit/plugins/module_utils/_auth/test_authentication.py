# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

import json
import threading
import time
import typing as t
from datetime import timedelta
from email.utils import format_datetime

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.client import AuthenticatedClient, authenticate
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credential import AccessKey, AuthToken, Credential
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credentials import (
    Credentials,
    EcsAgency,
    Found,
    Password,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.target import Target
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    CREDENTIALS,
    Answer,
    ConnectionFailure,
    Failure,
    Stopped,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.retry import RetryPolicy, Transport
from ansible_collections.huaweicloud.oms.tests.unit.fakes import START, Expected, FakeClock, FakeTransport, answer
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

PROJECT = "f697f813554a4f05bac882a183b20878"


def ignored(_value: str) -> None:
    pass


# ---- the headers

OMS = Endpoint("https://oms.cn-north-4.myhuaweicloud.com", "region cn-north-4")
EVENTS = Request(
    "POST",
    OMS,
    f"/v2/{PROJECT}/sync-tasks/31e9b7e6-6ffb-452f-9842-6ce354d99d75/events",
    headers={"Content-Type": "application/json"},
    body=b'{"object_keys":["test%2F001.txt","test%2F002.txt"]}',
)


def headers(credentials: AccessKey | AuthToken, request: Request, project_id: str | None) -> dict[str, str]:
    """What a client adds to a request of its own headers."""
    expected = Expected(request.method, request.url, answer(200), request.body)
    with FakeTransport(expected) as transport:
        AuthenticatedClient(transport, Credential(credentials), project_id=project_id).send(request)
    return {name: value for name, value in transport.headers[0].items() if name not in request.headers}


def test_a_token_is_sent_as_it_is() -> None:
    assert headers(AuthToken("token"), EVENTS, PROJECT) == {"X-Auth-Token": "token"}


def test_a_key_signs_as_the_vector_of_the_api_says() -> None:
    assert headers(AccessKey("AccessKey", "SecretKey"), EVENTS, PROJECT) == {
        "X-Project-Id": PROJECT,
        "X-Sdk-Date": "20260101T000000Z",
        "Authorization": (
            "SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=content-type;host;x-project-id;x-sdk-date,"
            " Signature=4d027788f5577c6701617b16b7a84ae8f3916cfa0af2ad98c6985c94a0d8ae5d"
        ),
    }


@pytest.mark.parametrize(
    ("request_", "security_token", "project_id", "signed"),
    [
        (Request("GET", OMS, "/v3/projects", (("name", "a"),)), None, None, "host;x-sdk-date"),
        (Request("GET", OMS, "/v2", (("b", "1"), ("a", "2"))), None, PROJECT, "host;x-project-id;x-sdk-date"),
        (EVENTS, None, None, "content-type;host;x-sdk-date"),
        (EVENTS, "security", None, "content-type;host;x-sdk-date;x-security-token"),
        (EVENTS, "security", PROJECT, "content-type;host;x-project-id;x-sdk-date;x-security-token"),
        (Request("GET", Endpoint("http://127.0.0.1:8080", "option endpoint"), "/v2"), None, None, "host;x-sdk-date"),
    ],
)
def test_what_a_key_sends_is_signed_as_the_sdk_signs_it(
    request_: Request, security_token: str | None, project_id: str | None, signed: str
) -> None:
    sent = headers(AccessKey("ak", "sk", security_token), request_, project_id)
    authorization = sent.pop("Authorization")
    scheme, host = request_.endpoint.url.split("://")
    sdk_request = SdkRequest(
        method=request_.method,
        schema=scheme,
        host=host,
        resource_path=request_.path,
        query_params=list(request_.query),
        header_params={**request_.headers, **sent},
        body=request_.body,
    )

    assert sent.get("X-Security-Token") == security_token
    assert sent.get("X-Project-Id") == project_id
    assert f" SignedHeaders={signed}, " in authorization
    assert authorization == Signer(BasicCredentials("ak", "sk")).sign(sdk_request).header_params["Authorization"]


# ---- the look-up of the project

IAM = Endpoint("https://iam.cn-north-4.myhuaweicloud.com", "region cn-north-4")
TARGET = Target("cn-north-4", OMS, IAM, None, "cn-north-4")
LOOK_UP = f"GET {IAM.url}/v3/projects"
NOT_LOOKED_UP = 'The project_id of the project "cn-north-4" could not be looked up.'
REMEDY = "Give project_id (the console shows it under My Credentials)"
KEY = AccessKey("Marker-ak", "Marker-sk")


def look_up(response: Response | ConnectionFailure) -> str:
    secrets = Secrets(ignored)
    secrets.add(KEY.secret_key)
    expected = Expected("GET", "https://iam.cn-north-4.myhuaweicloud.com/v3/projects?name=cn-north-4", response)
    with FakeTransport(expected) as transport:
        return authenticate(transport, TARGET, Found(KEY), secrets).project_id or ""


def look_up_failure(response: Response | ConnectionFailure) -> Failure:
    with pytest.raises(Failure) as caught:
        look_up(response)
    return caught.value


def test_a_given_project_s_id_is_not_looked_up() -> None:
    target = Target(None, OMS, IAM, "p")
    with FakeTransport() as transport:
        assert authenticate(transport, target, Found(KEY), Secrets(ignored)).project_id == "p"


@pytest.mark.parametrize(
    ("credentials", "headers"),
    [
        (AuthToken("token"), {"X-Auth-Token"}),
        (AccessKey("ak", "sk"), {"X-Sdk-Date", "Authorization"}),
        (AccessKey("ak", "sk", "st"), {"X-Sdk-Date", "Authorization", "X-Security-Token"}),
    ],
)
def test_a_missing_project_s_id_is_looked_up(credentials: Credentials, headers: set[str]) -> None:
    found = answer(200, {"projects": [{"id": PROJECT, "name": "cn-north-4"}]})
    expected = Expected("GET", "https://iam.cn-north-4.myhuaweicloud.com/v3/projects?name=cn-north-4", found)
    with FakeTransport(expected) as transport:
        assert authenticate(transport, TARGET, Found(credentials), Secrets(ignored)).project_id == PROJECT
        assert set(transport.headers[0]) == headers


def test_the_look_up_is_signed_as_the_vector_of_the_api_says() -> None:
    request = Request("GET", IAM, "/v3/projects", (("name", "cn-north-4"),))

    assert headers(AccessKey("AccessKey", "SecretKey"), request, None)["Authorization"].endswith(
        "SignedHeaders=host;x-sdk-date, Signature=c3331032cba282cc66010e6c8ef9ec7c0973738104858e58c6d7033cbc2d5ae1"
    )


@pytest.mark.parametrize(
    ("projects", "message"),
    [
        ([], f'No project is named "cn-north-4". Check region and project_name. {REMEDY}.'),
        (["p1", "p2"], f'More than one project is named "cn-north-4": p1 and p2. {REMEDY}.'),
        (["p1", "p2", "p3"], f'More than one project is named "cn-north-4": p1, p2 and p3. {REMEDY}.'),
        (["p1", "Marker-sk"], f'More than one project is named "cn-north-4": p1 and ********. {REMEDY}.'),
        (
            ["a/b"],
            f'The answer of IAM contains the invalid project id "a/b". {REMEDY}.',
        ),
        ([".."], f'The answer of IAM contains the invalid project id "..". {REMEDY}.'),
        ([""], f'The answer of IAM contains the invalid project id "". {REMEDY}.'),
    ],
)
def test_a_project_that_is_not_found_or_ambiguous_is_a_failure(projects: list[str], message: str) -> None:
    failure = look_up_failure(
        answer(200, {"projects": [{"id": project, "name": "cn-north-4"} for project in projects]})
    )

    assert str(failure).startswith(message)
    assert str(failure).endswith(f" ({LOOK_UP}: HTTP 200)")
    assert (failure.kind, failure.answer) == (CREDENTIALS, Answer())


@pytest.mark.parametrize("others", [["other"], ["cn-north-4_team", "cn-north-40"]])
def test_a_project_with_another_name_is_not_taken(others: list[str]) -> None:
    """The filter of the request may be ignored: object keys must not go to another project."""
    failure = look_up_failure(answer(200, {"projects": [{"id": "p", "name": name} for name in others]}))
    ours = {"id": "ours", "name": "cn-north-4"}
    found = look_up(answer(200, {"projects": [*({"id": "p", "name": name} for name in others), ours]}))

    assert str(failure).startswith('No project is named "cn-north-4".')
    assert found == "ours"


def test_a_project_is_looked_up_by_the_name_that_is_given() -> None:
    target = Target("cn-north-4", OMS, IAM, None, "cn-north-4_the team")
    found = answer(200, {"projects": [{"id": PROJECT, "name": "cn-north-4_the team"}]})
    expected = Expected("GET", f"{IAM.url}/v3/projects?name=cn-north-4_the%20team", found)
    with FakeTransport(expected) as transport:
        assert authenticate(transport, target, Found(KEY), Secrets(ignored)).project_id == PROJECT


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"<html>Sign in</html>",
        b"[" * 100_000,
        b"null",
        b"[]",
        b"{}",
        b'{"projects": null}',
        b'{"projects": [null]}',
        b'{"projects": [{"name": "cn-north-4"}]}',
        b'{"projects": {"id": "p"}}',
        b'{"projects": [{"id": null}]}',
        b'{"projects": [{"id": "p"}, {"id": 1}]}',
    ],
)
def test_garbage_for_an_answer_is_a_failure(body: bytes) -> None:
    failure = look_up_failure(answer(200, body))

    assert str(failure) == (
        f"The answer of IAM contains no list of projects. Check iam_endpoint. {REMEDY}. ({LOOK_UP}: HTTP 200)"
    )
    assert failure.kind == CREDENTIALS


WRONG_KEY = (
    "The access key (options) was refused. Correct it and its secret key before the next run: more than 5 refused"
    " requests"
    " in a row lock an access key for 5 minutes. A temporary access key also requires security_token"
)


@pytest.mark.parametrize(
    ("date", "advice"),
    [
        ("Thu, 01 Jan 2026 00:00:00 GMT", WRONG_KEY),
        ("Wed, 31 Dec 2025 23:59:00 GMT", WRONG_KEY),
        ("soon", WRONG_KEY),
        (
            "Wed, 31 Dec 2025 23:58:59 GMT",
            f"{WRONG_KEY}. The clock of this host is 61 s ahead of the service's. Correct it",
        ),
        (
            "Thu, 01 Jan 2026 00:20:00 GMT",
            f"{WRONG_KEY}. The clock of this host is 1200 s behind the service's. Correct it",
        ),
    ],
)
def test_a_refused_signature_has_to_do_with_the_key_or_with_the_clock(date: str, advice: str) -> None:
    body = {"error": {"code": "APIGW.0301", "message": "bad Marker-sk"}}
    failure = look_up_failure(answer(401, body, Date=date, X_Request_Id="0a1b"))

    assert str(failure) == (
        f'{NOT_LOOKED_UP} {advice}. ({LOOK_UP}: HTTP 401 APIGW.0301 "bad ********", request id 0a1b)'
    )
    assert failure.kind == CREDENTIALS
    assert failure.answer == Answer(401, "APIGW.0301", "bad ********", None, "0a1b")


def test_a_forbidden_look_up_names_the_permission_and_project_id() -> None:
    failure = look_up_failure(answer(403, {"error": {"code": 403, "message": "Forbidden"}}, Date="x"))

    assert str(failure) == (
        f"{NOT_LOOKED_UP} The credentials have no permission for this request. Grant them the IAM action"
        f' iam:projects:listProjects. {REMEDY}. ({LOOK_UP}: HTTP 403 "Forbidden")'
    )


def test_only_a_401_mentions_the_clock() -> None:
    assert "clock" not in str(look_up_failure(answer(403, Date="Thu, 01 Jan 2026 12:00:00 GMT")))


def test_failed_attempts_are_counted_in_the_message() -> None:
    expected = Expected("GET", "https://iam.cn-north-4.myhuaweicloud.com/v3/projects?name=cn-north-4", answer(503))
    with FakeTransport(expected, expected, retries=1) as transport, pytest.raises(Failure) as caught:
        authenticate(transport, TARGET, Found(KEY), Secrets(ignored))

    assert str(caught.value).endswith(f"({LOOK_UP}: HTTP 503, 2 attempts)")
    assert caught.value.attempts == 2


def test_without_an_answer_of_iam_the_message_says_that_project_id_avoids_the_look_up() -> None:
    given = ConnectionFailure("connection", "No way", "Check it", False, 2, True, request=LOOK_UP)

    text = f"No way. Check it. IAM is not called if project_id is given. ({LOOK_UP}"
    assert str(look_up_failure(given)) == f"{text})"
    failure = given.advising("IAM is not called if project_id is given")
    assert str(failure) == f"{text}, 2 attempts)"
    assert (failure.kind, failure.transient, failure.transient_after_answer) == ("connection", False, True)


def test_a_refused_temporary_key_may_have_expired() -> None:
    expected = Expected("GET", f"{IAM.url}/v3/projects?name=cn-north-4", answer(401, {"error_code": "APIGW.0301"}))
    with FakeTransport(expected) as transport, pytest.raises(Failure) as caught:
        authenticate(transport, TARGET, Found(AccessKey("ak", "sk", "st")), Secrets(ignored))

    assert "The temporary access key (options) was refused. Correct it" in str(caught.value)
    assert "lock an access key for 5 minutes. It may also have expired." in str(caught.value)


# ---- no credentials found

GIVE_CREDENTIALS = (
    "Give the credentials in one of these. If they are in the environment or in a file of the controller, delegate the"
    " task to localhost."
)


def test_without_credentials_nothing_is_sent_and_all_sources_are_named() -> None:
    found = Found(None, searched=("here", "there"), ignored=("HW_ACCESS_KEY without HW_SECRET_KEY", "b"))
    with FakeTransport() as transport, pytest.raises(Failure) as caught:
        authenticate(transport, TARGET, found, Secrets(ignored))

    assert caught.value.kind == CREDENTIALS
    assert str(caught.value) == (
        "No credentials were found. Searched in this order:\n- here\n- there\n"
        "Incomplete or invalid, and therefore ignored:\n- HW_ACCESS_KEY without HW_SECRET_KEY\n- b\n"
        f"{GIVE_CREDENTIALS}"
    )


# ---- a token for a password

USER = Password("me", "Marker-pass+word\"&'", "us", "options")
TOKENS = f"{IAM.url}/v3/auth/tokens"
EVENT = Request("POST", OMS, "/v2/p/sync-tasks/t/events", headers={"Content-Type": "application/json"}, body=b"{}")


def token_request(response: Response | ConnectionFailure, scope: dict[str, str]) -> Expected:
    user = {"name": USER.username, "password": USER.password, "domain": {"name": USER.domain_name}}
    body = {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": scope},
        }
    }
    return Expected("POST", TOKENS, response, json.dumps(body, separators=(",", ":")).encode())


def token_answer(number: int, seconds: float = 86400, **headers: str) -> Response:
    end = (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    token = {"expires_at": end, "project": {"id": PROJECT, "name": "cn-north-4"}}
    return answer(201, {"token": token}, X_Subject_Token=f"Marker-token-{number}", **headers)


def event(response: Response | ConnectionFailure) -> Expected:
    return Expected("POST", EVENT.url, response, EVENT.body)


EXPIRED = answer(401, {"error_code": "APIGW.0307", "error_msg": "The token has expired."})


@pytest.mark.parametrize(
    ("project_id", "project_name", "scope"),
    [
        (None, "cn-north-4", {"name": "cn-north-4"}),
        (None, "cn-north-4_team", {"name": "cn-north-4_team"}),
        ("p", "cn-north-4_team", {"id": "p"}),
    ],
)
def test_a_password_is_exchanged_for_a_token_of_the_project(
    project_id: str | None, project_name: str, scope: dict[str, str]
) -> None:
    registered: list[str] = []
    target = Target("cn-north-4", OMS, IAM, project_id, project_name)
    with FakeTransport(token_request(token_answer(1), scope), event(answer(200))) as transport:
        client = authenticate(transport, target, Found(USER), Secrets(registered.append))
        client.send(EVENT)

    # The project's id stands in the answer: no second request is needed.
    assert client.project_id == (project_id or PROJECT)
    assert transport.headers == [
        {"Content-Type": "application/json"},
        {"Content-Type": "application/json", "X-Auth-Token": "Marker-token-1"},
    ]
    assert "Marker-token-1" in registered


@pytest.mark.parametrize(
    ("status", "message", "advice"),
    [
        (401, "The username or password is wrong.", "The username, the password or the domain_name"),
        (401, "The account is locked.", "The user is locked, because of wrong passwords. Wait"),
        (403, "Programmatic access is off.", "The user has no programmatic access."),
        (
            404,
            "Could not find project.",
            "There may be no project named cn-north-4. Check region, project_id and project_name",
        ),
        (400, "Request body is invalid.", "The request was refused. Check region and endpoint"),
        (503, "Later.", "The service is not available. Run the task again later"),
    ],
)
def test_a_password_that_is_refused_is_tried_once_and_says_what_to_do(status: int, message: str, advice: str) -> None:
    secrets = Secrets(ignored)
    secrets.add(USER.password)
    body = {"error": {"code": status, "message": f"{message} {USER.password}", "title": "Title"}}
    with (
        FakeTransport(token_request(answer(status, body), {"name": "cn-north-4"})) as transport,
        pytest.raises(Failure) as caught,
    ):
        authenticate(transport, TARGET, Found(USER), secrets)

    assert str(caught.value).startswith(
        f"IAM issued no token for username, password and domain_name (options). {advice}"
    )
    assert str(caught.value).endswith(f' (POST {TOKENS}: HTTP {status} "{message} ********")')
    assert (caught.value.kind, caught.value.answer.http_status) == (CREDENTIALS, status)


@pytest.mark.parametrize(
    ("body", "token"),
    [
        ({"token": {"project": {"id": PROJECT}}}, ""),
        ({"token": {"project": {"id": PROJECT}}}, "bad token"),
        ({"token": {"project": {"id": PROJECT}}}, "t" * 16385),
        ({"token": {"project": {"id": 1}}}, "token"),
        ({"token": {"project": None}}, "token"),
        ({"token": {"project": "p"}}, "token"),
        ({"token": {}}, "token"),
        ({"token": None}, "token"),
        ([], "token"),
        (b"<html>", "token"),
    ],
)
def test_an_answer_that_holds_no_token_is_a_failure(body: t.Any, token: str) -> None:
    expected = token_request(answer(201, body, X_Subject_Token=token), {"name": "cn-north-4"})
    with FakeTransport(expected) as transport, pytest.raises(Failure) as caught:
        authenticate(transport, TARGET, Found(USER), Secrets(ignored))

    assert str(caught.value) == (
        f"The answer of IAM contains no token for a project. Check region cn-north-4. (POST {TOKENS}: HTTP 201)"
    )


def test_a_project_s_id_from_a_token_is_checked() -> None:
    expected = answer(201, {"token": {"project": {"id": "a/b"}}}, X_Subject_Token="token")
    with FakeTransport(token_request(expected, {"name": "cn-north-4"})) as transport, pytest.raises(Failure) as caught:
        authenticate(transport, TARGET, Found(USER), Secrets(ignored))

    assert 'The answer of IAM contains the invalid project id "a/b".' in str(caught.value)


# ---- a key of the agency

METADATA = "http://169.254.169.254"
METADATA_TOKEN = "Marker-metadata-token"


def metadata_token(response: Response | ConnectionFailure | None = None) -> Expected:
    return Expected("PUT", f"{METADATA}/meta-data/latest/api/token", response or answer(200, METADATA_TOKEN.encode()))


def security_key(response: Response) -> Expected:
    return Expected("GET", f"{METADATA}/openstack/latest/securitykey", response)


def key_answer(number: int, seconds: float = 86400) -> Response:
    credential = {
        "access": f"Marker-ak-{number}",
        "secret": f"Marker-sk-{number}",
        "securitytoken": f"Marker-st-{number}",
        "expires_at": (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    return answer(200, {"credential": credential})


def advice_on(client: AuthenticatedClient, response: Response) -> str:
    return client.refusal_advice(response, response.answer(str), "oms:synctask:createEvent")


def authenticated(*expected: Expected, **found: t.Any) -> tuple[AuthenticatedClient, FakeTransport, list[str]]:
    """Signed in with an agency; ``found`` is what else is known of the search for it."""
    registered: list[str] = []
    transport = FakeTransport(*expected)
    client = authenticate(transport, AT_PROJECT, Found(EcsAgency(), **found), Secrets(registered.append))
    return client, transport, registered


AT_PROJECT = Target("cn-north-4", OMS, IAM, PROJECT)


def test_an_agency_s_key_is_fetched_with_a_token_of_the_metadata_service() -> None:
    client, transport, registered = authenticated(metadata_token(), security_key(key_answer(1)), event(answer(200)))
    client.send(EVENT)

    assert transport.headers[0] == {"X-Metadata-Token-Ttl-Seconds": "21600"}
    assert transport.headers[1] == {"X-Metadata-Token": METADATA_TOKEN}
    assert transport.headers[2]["X-Security-Token"] == "Marker-st-1"
    assert transport.headers[2]["X-Project-Id"] == PROJECT
    assert "Access=Marker-ak-1, " in transport.headers[2]["Authorization"]
    assert {METADATA_TOKEN, "Marker-ak-1", "Marker-sk-1", "Marker-st-1"} <= set(registered)
    transport.__exit__(None)


@pytest.mark.parametrize("status", [404, 405, 503])
def test_the_older_metadata_service_has_no_token(status: int) -> None:
    client, transport, _registered = authenticated(
        metadata_token(answer(status)),
        security_key(key_answer(1, 10)),
        # And is not asked for one again.
        security_key(key_answer(2)),
        event(answer(200)),
    )
    transport.clock.sleep(9.5)
    client.send(EVENT)

    assert transport.headers[1] == transport.headers[2] == {}
    assert "Access=Marker-ak-2, " in transport.headers[3]["Authorization"]


def test_requests_to_the_metadata_service_have_a_short_timeout() -> None:
    asked: list[Request] = []

    def exchange(request: Request, _headers: t.Mapping[str, str]) -> Response:
        asked.append(request)
        raise ConnectionFailure("connection", "no route", "", transient=True)

    transport = Transport(exchange, RetryPolicy(8, 0), FakeClock())
    with pytest.raises(Failure):
        authenticate(transport, AT_PROJECT, Found(EcsAgency()), Secrets(ignored))

    assert [request.timeout for request in asked] == [(1.0, 3.0)]


def agency_failure(*expected: Expected, **found: t.Any) -> str:
    with pytest.raises(Failure) as caught:
        authenticated(*expected, **found)
    assert caught.value.kind == CREDENTIALS
    return str(caught.value)


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        (
            [metadata_token(ConnectionFailure("timeout", "no answer within 1 s", "", transient=True))],
            "this host is not an ECS host, because no metadata service answers",
        ),
        (
            [metadata_token(), security_key(answer(401, b"Please configure Cloud Service Agency first"))],
            "no agency is bound to this ECS host",
        ),
        (
            [metadata_token(answer(404)), security_key(answer(404))],
            "this host is not an ECS host, or no agency is bound to it",
        ),
        (
            [metadata_token(), security_key(answer(401, b"no"))],
            'its metadata service answered HTTP 401 "no"',
        ),
        ([metadata_token(answer(400, b"why"))], 'its metadata service answered HTTP 400 "why"'),
        ([metadata_token(answer(200, b"a b"))], 'its metadata service answered HTTP 200 "********"'),
        ([metadata_token(answer(200, b""))], "its metadata service answered HTTP 200"),
    ],
)
def test_without_an_agency_all_sources_are_named(answers: list[Expected], why: str) -> None:
    agency = f"\n- the ECS agency: {why}\n"
    assert agency_failure(*answers) == (f"No credentials were found. Searched in this order:{agency}{GIVE_CREDENTIALS}")
    assert agency_failure(*answers, searched=("a", "b"), ignored=("c without d",)) == (
        f"No credentials were found. Searched in this order:\n- a\n- b{agency}"
        f"Incomplete or invalid, and therefore ignored:\n- c without d\n{GIVE_CREDENTIALS}"
    )


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"{}", b'{"credential": null}', b'{"credential": {"access": "a", "secret": "s"}}']
    + [
        json.dumps({"credential": {"access": "a", "secret": "s", "securitytoken": bad}}).encode()
        for bad in ("\n", "a b", "")
    ],
)
def test_an_answer_without_an_access_key_is_a_failure(body: bytes) -> None:
    message = agency_failure(metadata_token(), security_key(answer(200, body)))

    assert message.startswith("The answer of the metadata service of ECS contains no access key.")


# ---- renewal


def test_a_credential_is_renewed_before_it_expires() -> None:
    with FakeTransport(
        token_request(token_answer(1, 86400), {"id": PROJECT}),
        event(answer(200)),
        event(answer(200)),
        token_request(token_answer(2, 2 * 86400), {"id": PROJECT}),
        event(answer(200)),
        event(answer(200)),
    ) as transport:
        client = authenticate(transport, AT_PROJECT, Found(USER), Secrets(ignored))
        client.send(EVENT)
        transport.clock.sleep(86400 - 301)
        client.send(EVENT)
        transport.clock.sleep(2)
        client.send(EVENT)
        client.send(EVENT)

    tokens = [headers.get("X-Auth-Token") for headers in transport.headers]
    assert tokens == [None, "Marker-token-1", "Marker-token-1", None, "Marker-token-2", "Marker-token-2"]


def test_of_a_short_life_a_tenth_is_left_for_renewal() -> None:
    client, transport, _registered = authenticated(
        metadata_token(),
        security_key(key_answer(1, 100)),
        event(answer(200)),
        metadata_token(),
        # The same key once more: the next try comes when a tenth of what is left is left.
        security_key(key_answer(1, 100)),
        event(answer(200)),
        event(answer(200)),
        metadata_token(),
        security_key(key_answer(2, 200)),
        event(answer(200)),
    )
    transport.clock.sleep(89)
    client.send(EVENT)
    transport.clock.sleep(2)
    client.send(EVENT)
    transport.clock.sleep(8)
    client.send(EVENT)
    transport.clock.sleep(0.5)
    client.send(EVENT)

    transport.__exit__(None)


@pytest.mark.parametrize("hours", [-20, 20])
def test_the_end_is_told_by_the_service_s_clock(hours: int) -> None:
    """With a wrong clock of this host, a token of an hour is valid for an hour nevertheless."""
    there = START + timedelta(hours=hours)
    first = token_answer(1, hours * 3600 + 3600, Date=format_datetime(there))
    with FakeTransport(
        token_request(first, {"id": PROJECT}),
        event(answer(200)),
        token_request(token_answer(2), {"id": PROJECT}),
        event(answer(200)),
    ) as transport:
        client = authenticate(transport, AT_PROJECT, Found(USER), Secrets(ignored))
        transport.clock.sleep(3600 - 301)
        client.send(EVENT)
        transport.clock.sleep(2)
        client.send(EVENT)


@pytest.mark.parametrize("refused_too", [True, False])
def test_an_expired_key_of_the_metadata_service_is_sent_once_and_explained(refused_too: bool) -> None:
    """The clock of this host may be wrong: only the service knows."""
    client, transport, _registered = authenticated(
        metadata_token(), security_key(key_answer(1, -60)), event(answer(401 if refused_too else 200))
    )
    response = client.send(EVENT)

    assert response.status == (401 if refused_too else 200)
    if refused_too:
        assert advice_on(client, response) == (
            "The temporary access key (ECS agency) has expired, but the metadata service of this ECS host still returns"
            " it. Check the agency and the clock of this host, then run the task again"
        )
    transport.__exit__(None)


def test_a_new_key_of_the_agency_that_is_refused_is_not_called_expired() -> None:
    client, transport, _registered = authenticated(metadata_token(), security_key(key_answer(1)), event(answer(401)))

    assert advice_on(client, client.send(EVENT)) == (
        "The temporary access key (ECS agency) is new, but was refused. Check region and endpoint: it may not be valid"
        " there"
    )
    transport.__exit__(None)


@pytest.mark.parametrize("end", [None, "", "soon", 5, [], {}, "2025-12-31T00:00:00.000000Z"])
def test_an_expiry_that_is_invalid_is_ignored(end: t.Any) -> None:
    fields = {"expires_at": end, "project": {"id": PROJECT}}
    first = answer(201, {"token": fields}, X_Subject_Token="token")
    with FakeTransport(token_request(first, {"id": PROJECT}), event(answer(200)), event(answer(200))) as transport:
        client = authenticate(transport, AT_PROJECT, Found(USER), Secrets(ignored))
        client.send(EVENT)
        transport.clock.sleep(10**6)
        client.send(EVENT)


def test_what_is_refused_as_expired_is_renewed_and_the_attempts_are_counted() -> None:
    with FakeTransport(
        token_request(token_answer(1), {"id": PROJECT}),
        event(answer(200)),
        event(EXPIRED),
        token_request(token_answer(2), {"id": PROJECT}),
        event(answer(503)),
        event(answer(200)),
        retries=1,
    ) as transport:
        client = authenticate(transport, AT_PROJECT, Found(USER), Secrets(ignored))
        assert client.send(EVENT).attempts == 1
        assert client.send(EVENT).attempts == 3
    assert transport.headers[-1]["X-Auth-Token"] == "Marker-token-2"


@pytest.mark.parametrize(
    "refusal",
    [
        answer(401, {"error_code": "APIG.0307"}),
        answer(401, {"error_code": "APIGW.0301", "error_msg": "the security token has EXPIRED"}),
        answer(401, {"error_code": "APIGW.0301", "error_detail": "expired"}),
    ],
)
def test_an_agency_s_key_is_renewed_the_same_way(refusal: Response) -> None:
    client, transport, _registered = authenticated(
        metadata_token(),
        security_key(key_answer(1)),
        event(answer(200)),
        event(refusal),
        metadata_token(),
        security_key(key_answer(2)),
        event(answer(200)),
    )
    client.send(EVENT)
    assert client.send(EVENT).status == 200

    transport.__exit__(None)


def test_a_fresh_one_that_is_refused_is_final() -> None:
    with FakeTransport(
        token_request(token_answer(1), {"id": PROJECT}),
        event(answer(200)),
        event(EXPIRED),
        token_request(token_answer(2), {"id": PROJECT}),
        event(EXPIRED),
    ) as transport:
        client = authenticate(transport, AT_PROJECT, Found(USER), Secrets(ignored))
        client.send(EVENT)
        response = client.send(EVENT)

    assert (response.status, response.attempts) == (401, 2)
    assert advice_on(client, response) == (
        "IAM issued a token for the password (options), but the token was refused. Check region, project and endpoint:"
        " it may not be valid there"
    )


def test_the_first_one_that_is_refused_is_final() -> None:
    with FakeTransport(token_request(token_answer(1), {"id": PROJECT}), event(EXPIRED)) as transport:
        client = authenticate(transport, AT_PROJECT, Found(USER), Secrets(ignored))

        assert client.send(EVENT).status == 401


def refused(text: str, code: str = "APIGW.0301", status: int = 401) -> Response:
    return answer(status, {"error_code": code, "error_msg": text, "request_id": "1"})


ENVIRONMENT = "environment variables A and B"
PERMANENT, TEMPORARY = AccessKey("ak", "sk", None, ENVIRONMENT), AccessKey("ak", "sk", "st", ENVIRONMENT)
BEFORE_LOCKED = "before the next run: more than 5 refused requests in a row lock an access key for 5 minutes"
# The texts that are documented for APIGW.0301
LOCKED = refused("AK access failed to reach the limit,forbidden.")
TOKEN_EXPIRED = refused("token expires, expires_at: 2026-01-01T00:00:00.000000Z")
WRONG_SIGNATURE = refused("verify aksk signature fail")
UNKNOWN_KEY = refused("ak AKMARKER not exist")


@pytest.mark.parametrize(
    ("credentials", "response", "advice"),
    [
        (
            AuthToken("token", "environment variable HW_AUTH_TOKEN"),
            EXPIRED,
            "The IAM token (environment variable HW_AUTH_TOKEN) has expired, or belongs to another region. Get a new"
            " one"
            " for this region, then run the task again",
        ),
        (
            AuthToken("token"),
            TOKEN_EXPIRED,
            "The IAM token (options) has expired. Get a new one, then run the task again",
        ),
        (
            AuthToken("token"),
            refused("Incorrect IAM authentication information: decrypt token fail"),
            "The IAM token (options) was refused. Check that it is complete, and that it was issued for this project"
            " and"
            " region",
        ),
        (
            TEMPORARY,
            EXPIRED,
            f"The temporary access key ({ENVIRONMENT}) has expired. Get a new one, then run the task again",
        ),
        *(
            (
                key,
                LOCKED,
                f"The {kind} ({ENVIRONMENT}) is locked, because more than 5 requests in a row were refused. Wait 5"
                " minutes, then run the task again. Check that no other host or job uses it with a wrong secret key",
            )
            for key, kind in ((PERMANENT, "access key"), (TEMPORARY, "temporary access key"))
        ),
        (
            PERMANENT,
            WRONG_SIGNATURE,
            f"The access key ({ENVIRONMENT}) was refused, because the secret key is wrong. Correct it {BEFORE_LOCKED}",
        ),
        (
            PERMANENT,
            UNKNOWN_KEY,
            f"The access key ({ENVIRONMENT}) does not exist. Correct it {BEFORE_LOCKED}. A temporary access key"
            " also requires security_token",
        ),
        (
            TEMPORARY,
            UNKNOWN_KEY,
            f"The temporary access key ({ENVIRONMENT}) does not exist. Correct it {BEFORE_LOCKED}. It may also have"
            " expired",
        ),
        (
            PERMANENT,
            refused("wrong"),
            f"The access key ({ENVIRONMENT}) was refused. Correct it and its secret key {BEFORE_LOCKED}. A temporary"
            " access key also requires security_token",
        ),
        (
            PERMANENT,
            answer(401),
            f"The access key ({ENVIRONMENT}) was refused. Correct it and its secret key {BEFORE_LOCKED}. A temporary"
            " access key also requires security_token",
        ),
        (
            TEMPORARY,
            refused("wrong"),
            f"The temporary access key ({ENVIRONMENT}) was refused. Correct it and its secret key {BEFORE_LOCKED}. It"
            f" may"
            " also have expired",
        ),
        (
            PERMANENT,
            refused("AK access failed to reach the limit, expired", "OMS.0064", 403),
            "The credentials have no permission for this request. Grant them the IAM action oms:synctask:createEvent",
        ),
        (AuthToken("token"), answer(503), "The service is not available. Run the task again later"),
    ],
)
def test_what_can_not_be_renewed_is_tried_once_and_says_what_to_do(
    credentials: Credentials, response: Response, advice: str | None
) -> None:
    with FakeTransport(event(response)) as transport:
        client = authenticate(transport, AT_PROJECT, Found(credentials), Secrets(ignored))

        assert client.send(EVENT).status == response.status
        assert advice_on(client, response) == advice


def test_a_renewal_that_fails_is_not_tried_again() -> None:
    """A password that was changed meanwhile must not be tried by each of the threads."""
    wrong = answer(401, {"error": {"message": "The username or password is wrong."}})
    with FakeTransport(
        token_request(token_answer(1), {"id": PROJECT}),
        event(answer(200)),
        event(EXPIRED),
        token_request(wrong, {"id": PROJECT}),
        event(EXPIRED),
    ) as transport:
        client = authenticate(transport, AT_PROJECT, Found(USER), Secrets(ignored))
        client.send(EVENT)
        for _attempt in range(2):
            with pytest.raises(Failure, match="IAM issued no token"):
                client.send(EVENT)


@pytest.mark.parametrize(
    "error",
    [answer(503), ConnectionFailure("timeout", "no answer within 3 s", "", transient=True)],
    ids=["503", "timeout"],
)
def test_a_metadata_service_that_has_answered_is_asked_again(error: Response | ConnectionFailure) -> None:
    """It is known to be there and to have tokens, so what fails now is transient."""
    registered: list[str] = []
    with FakeTransport(
        metadata_token(),
        security_key(key_answer(1, 100)),
        metadata_token(error),
        metadata_token(),
        security_key(key_answer(2)),
        event(answer(200)),
        retries=1,
    ) as transport:
        client = authenticate(transport, AT_PROJECT, Found(EcsAgency()), Secrets(registered.append))
        transport.clock.sleep(99)
        client.send(EVENT)

    assert transport.headers[-2] == {"X-Metadata-Token": METADATA_TOKEN}
    assert "Access=Marker-ak-2, " in transport.headers[-1]["Authorization"]


def test_a_metadata_service_that_has_given_a_token_has_no_older_mode() -> None:
    client, transport, _registered = authenticated(
        metadata_token(), security_key(key_answer(1, 100)), metadata_token(answer(404))
    )
    transport.clock.sleep(99)
    with pytest.raises(Failure) as caught:
        client.send(EVENT)

    assert str(caught.value) == (
        "The metadata service of ECS returned no new access key. Check the agency of this host, then run the task"
        " again. (http://169.254.169.254: HTTP 404)"
    )
    transport.__exit__(None)


def test_a_metadata_service_that_stops_answering_is_a_failure() -> None:
    silent = ConnectionFailure("timeout", "no answer within 3 s", "", transient=True)
    client, transport, _registered = authenticated(
        metadata_token(), security_key(key_answer(1)), event(answer(200)), event(EXPIRED), metadata_token(silent)
    )
    client.send(EVENT)
    with pytest.raises(Failure) as caught:
        client.send(EVENT)

    assert str(caught.value) == (
        "The metadata service of ECS returned no new access key: no answer within 3 s. Run the task again."
    )
    assert caught.value.kind == CREDENTIALS
    transport.__exit__(None)


def test_attempts_before_a_failure_are_counted() -> None:
    with FakeTransport(
        token_request(token_answer(1), {"id": PROJECT}),
        event(answer(200)),
        event(EXPIRED),
        token_request(token_answer(2), {"id": PROJECT}),
        event(ConnectionFailure("connection", "reset", "", transient=False)),
    ) as transport:
        client = authenticate(transport, AT_PROJECT, Found(USER), Secrets(ignored))
        client.send(EVENT)
        with pytest.raises(ConnectionFailure) as caught:
            client.send(EVENT)

    assert caught.value.attempts == 2


def test_a_run_that_is_stopped_renews_nothing() -> None:
    with FakeTransport(token_request(token_answer(1), {"id": PROJECT})) as transport:
        client = authenticate(transport, AT_PROJECT, Found(USER), Secrets(ignored))
        transport.clock.sleep(86400)
        transport.clock.stop("stopped")
        with pytest.raises(Stopped):
            client.send(EVENT)


def test_a_retry_is_sent_with_the_renewed_credential() -> None:
    used: list[str] = []
    tokens = 0

    def exchange(request: Request, headers: t.Mapping[str, str]) -> Response:
        nonlocal tokens
        if request.path == "/v3/auth/tokens":
            tokens += 1
            return token_answer(tokens, 86400 * tokens)
        used.append(headers["X-Auth-Token"])
        if len(used) == 1:
            # Another thread finds that the token has come to its end.
            transport.clock.sleep(86400)
            client.send(EVENT)
            return answer(503)
        return answer(200)

    transport = Transport(exchange, RetryPolicy(1, 0), FakeClock())
    client = authenticate(transport, AT_PROJECT, Found(USER), Secrets(ignored))

    assert client.send(EVENT).status == 200
    assert used == ["Marker-token-1", "Marker-token-2", "Marker-token-2"]


class Crowd:
    """A service whose tokens expire together after some uses, called by many threads."""

    def __init__(self, uses: int) -> None:
        self._lock = threading.Lock()
        self._uses = uses
        self.left = uses
        self.tokens = 0
        self.accepted = self.refused = 0
        self.renewing = self.renewing_at_most = 0

    def exchange(self, request: Request, headers: t.Mapping[str, str]) -> Response:
        if request.path == "/v3/auth/tokens":
            with self._lock:
                self.renewing += 1
                self.renewing_at_most = max(self.renewing, self.renewing_at_most)
                self.tokens += 1
                self.left = self._uses
                number = self.tokens
            with self._lock:
                self.renewing -= 1
            return token_answer(number)
        with self._lock:
            if headers["X-Auth-Token"] == f"Marker-token-{self.tokens}" and self.left:
                self.left -= 1
                self.accepted += 1
                return answer(200)
            self.refused += 1
            return EXPIRED


def test_one_thread_renews_while_the_others_wait() -> None:
    crowd = Crowd(150)
    transport = Transport(crowd.exchange, RetryPolicy(0, 0), FakeClock())
    client = authenticate(transport, AT_PROJECT, Found(USER), Secrets(ignored))
    statuses: list[int] = []
    todo = iter(range(500))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if next(todo, None) is None:
                    return
            statuses.append(client.send(EVENT).status)

    threads = [threading.Thread(target=work) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 500
    # The first token, and one for each of the three that came to their end.
    assert (crowd.accepted, crowd.tokens, crowd.renewing_at_most) == (500, 4, 1)
    assert crowd.refused <= 3 * 8


def test_one_thread_renews_an_expiring_credential_while_the_others_wait() -> None:
    tokens: list[str] = []
    waiting = threading.Barrier(8)

    def exchange(request: Request, _headers: t.Mapping[str, str]) -> Response:
        if request.path == "/v3/auth/tokens":
            tokens.append(f"token {len(tokens)}")
            # Long enough for the others to find that theirs has come to its end, too.
            time.sleep(0.2 if len(tokens) > 1 else 0)
            return token_answer(len(tokens), 86400 * len(tokens))
        return answer(200)

    transport = Transport(exchange, RetryPolicy(0, 0), FakeClock())
    client = authenticate(transport, AT_PROJECT, Found(USER), Secrets(ignored))
    transport.clock.sleep(86400)

    def work() -> None:
        waiting.wait(10)
        client.send(EVENT)

    threads = [threading.Thread(target=work) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(tokens) == 2


def test_threads_that_are_refused_together_renew_once() -> None:
    tokens: list[str] = []
    refused_together = threading.Barrier(8)
    first = True

    def exchange(request: Request, headers: t.Mapping[str, str]) -> Response:
        nonlocal first
        if request.path == "/v3/auth/tokens":
            tokens.append(f"token {len(tokens)}")
            return token_answer(len(tokens))
        if first or headers["X-Auth-Token"] != "Marker-token-1":
            first = False
            return answer(200)
        # None of them has a new token before all are refused.
        refused_together.wait(10)
        return EXPIRED

    transport = Transport(exchange, RetryPolicy(0, 0), FakeClock())
    client = authenticate(transport, AT_PROJECT, Found(USER), Secrets(ignored))
    client.send(EVENT)
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(client.send(EVENT).status)) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 8
    assert len(tokens) == 2
