# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Sending requests in the name of whoever is calling: with a token or a signature, renewed where it comes to its end.

A password is traded for a token at IAM, an ECS agency for a temporary key at the host's metadata service. How these
answer stands in oms-api.md, section 4; what is renewed and when, in design.md ("How credentials are found").

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import json
import math
import threading
import typing as t
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import check_path_segment
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credentials import (
    MAX_TOKEN,
    AccessKey,
    AuthToken,
    EcsAgency,
    Found,
    Password,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.gateway_errors import general_advice
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.signing import sign
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.target import Target
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    CREDENTIALS,
    Answer,
    ArgumentError,
    ConnectionFailure,
    Failure,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response, clock_skew
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.retry import Transport
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import listed

# Of ECS, the same in all regions (oms-api.md, section 4). The one place where plain HTTP leaves the loopback interface:
# it never leaves the host, though, and no proxy is asked.
METADATA_URL = "http://169.254.169.254"
# To connect and to answer. Where there is no ECS host, nobody answers: that has to be known soon.
_METADATA_TIMEOUT = (1.0, 3.0)
_METADATA_TOKEN_SECONDS = "21600"  # noqa: S105 - how long a token is to be valid
# With these it says that it hands out keys without a token.
_METADATA_WITHOUT_TOKEN = (404, 405, 503)
# What it says on a host that has no agency.
_NO_AGENCY = "configure cloud service agency"

# A proof is renewed when a tenth of its time is left, and not sooner than five minutes before its end. A tenth, since
# the metadata service may give out the same key until shortly before its end: then the next try comes closer to it.
_LONGEST_MARGIN_SECONDS = 300.0
_MARGIN = 0.1

# The service shows its time in whole seconds, and the answer was on its way for a while: what is less says nothing.
_MEASURED_SKEW_SECONDS = 5
# A clock that is more off than this is worth a word when a signature is refused; the gateway allows 15 minutes.
_NOTABLE_SKEW_SECONDS = 60

# "Token expired", or of another region (oms-api.md, section 3).
_TOKEN_EXPIRED = "APIGW.0307"  # noqa: S105 - a code


@dataclass(eq=False)
class Proof:
    """What is sent to prove who is calling.

    ``renew_at`` is a time of the transport's monotonic clock; ``project_id`` is that of a token which says so.
    ``accepted`` says whether a request was, with this proof.
    """

    credentials: AccessKey | AuthToken
    renew_at: float = math.inf
    project_id: str | None = None
    accepted: bool = False


class Caller:
    """Sends requests with a proof of who is calling. Many threads may do so at once.

    :arg renew: fetches another proof; None where that can't be done.
    :arg project_id: is sent and signed with an access key, once it is known.
    """

    def __init__(
        self,
        transport: Transport,
        proof: Proof,
        renew: t.Callable[[], Proof] | None = None,
        project_id: str | None = None,
    ) -> None:
        self.transport = transport
        self.project_id = project_id
        self._proof = proof
        self._renew = renew
        self._failure: Failure | None = None
        # Held while a proof is renewed: one thread does that, and the others wait.
        self._renewing = threading.Lock()

    def send(self, request: Request) -> Response:
        """Send a request until it is answered for good, with a fresh proof where one has expired.

        :returns: an answer of any status.
        :raises Failure: no answer came, or no fresh proof can be had.
        """
        attempts = 0
        while True:
            used = self._valid_proof()

            def authorise(request: Request, now: datetime) -> t.Mapping[str, str]:
                nonlocal used
                # Another thread may have renewed it since the last attempt.
                used = self._proof
                return _headers(used.credentials, request, now, self.project_id)

            try:
                response = self.transport.send(request, authorise)
            except Failure as failure:
                failure.attempts += attempts
                raise
            attempts += response.attempts
            response = replace(response, attempts=attempts)
            if response.status == 200:
                used.accepted = True
            # Whatever it says, what was good before is good no longer: what a gateway answers to a temporary key that
            # has expired is not documented.
            if not (response.status == 401 and self._renewed(used)):
                return response

    def advice(self, answer: Answer) -> str | None:
        """The next step where the answer is about this caller's credentials; None where it is about something else."""
        if answer.http_status != 401:
            return None
        if _says(answer, "lock"):
            return (
                "The access key or user is locked for a while, because it was used wrongly too often: wait 5 minutes,"
                " and correct it before the next run"
            )
        credentials = self._proof.credentials
        temporary = isinstance(credentials, AccessKey) and credentials.security_token
        if self._renew:
            return (
                f"It is fresh ({credentials.source}) and was refused all the same: check region and endpoint, for"
                " which it may not be valid"
            )
        if temporary and _is_expired(answer):
            return (
                f"The temporary access key ({credentials.source}) has expired and can't be renewed from here: get a new"
                " one and run the task again"
            )
        if temporary:
            return f"{general_advice(answer, '')}. A temporary key may also have expired, or lack its security_token"
        return None

    def _valid_proof(self) -> Proof:
        """The proof, renewed first if it is about to end."""
        if self.transport.clock.monotonic() >= self._proof.renew_at:
            with self._renewing:
                if self.transport.clock.monotonic() >= self._proof.renew_at:
                    self._fetch()
        return self._proof

    def _renewed(self, refused: Proof) -> bool:
        """Have a fresh proof in place of one that was refused.

        :returns: False where there is no sense in that: nothing was ever accepted with the refused one.
        """
        if self._renew is None:
            return False
        with self._renewing:
            # Else another thread was faster.
            if self._proof is refused:
                if not refused.accepted:
                    return False
                self._fetch()
            return True

    def _fetch(self) -> None:
        # A password that was refused once is not tried again by each of the threads: that would lock the user.
        if self._failure:
            raise self._failure
        try:
            self._proof = t.cast(t.Callable[[], Proof], self._renew)()
        except Failure as failure:
            self._failure = failure
            raise


def sign_in(transport: Transport, target: Target, found: Found, secrets: Secrets) -> Caller:
    """Get what proves who is calling, and the project's id where it is not given.

    :raises Failure: there are no credentials, they are refused, or no project id can be had.
    """
    renew = _renewal(transport, target, found, secrets)
    if renew:
        proof = renew()
    elif isinstance(found.credentials, (AccessKey, AuthToken)):
        proof = Proof(found.credentials)
    else:
        raise _nothing_found(found)
    caller = Caller(transport, proof, renew)
    caller.project_id = target.project_id or proof.project_id or _find_project_id(caller, target, secrets)
    return caller


def _renewal(transport: Transport, target: Target, found: Found, secrets: Secrets) -> t.Callable[[], Proof] | None:
    credentials = found.credentials
    if isinstance(credentials, Password):
        return lambda: _trade_password(transport, target, credentials, secrets)
    if isinstance(credentials, EcsAgency):
        return MetadataService(transport, secrets, found).fetch_key
    return None


def _nothing_found(found: Found, agency: str | None = None, answer: Answer | None = None) -> Failure:
    """Say where credentials were looked for.

    :arg agency: what came of the look at the ECS agency, where there was one.
    """
    looked_at = [*found.looked_at, *([f"the ECS agency: {agency}"] if agency else [])]
    passed_over = f". Found, but passed over: {'; '.join(found.passed_over)}" if found.passed_over else ""
    where = "; ".join(looked_at) if len(looked_at) == 1 else "in this order: " + "; ".join(looked_at)
    return Failure(
        CREDENTIALS,
        f"no credentials found. Looked at {where}{passed_over}",
        "Give one of them; with the controller's environment or file, delegate the task to localhost",
        answer or Answer(),
    )


# ---- a token for a password


def _trade_password(transport: Transport, target: Target, user: Password, secrets: Secrets) -> Proof:
    """Get a token for the project: the one that is given, or the one named like the region (oms-api.md, section 4).

    :raises Failure: IAM refuses, or answers with something else.
    """
    project = {"id": target.project_id} if target.project_id else {"name": t.cast(str, target.region)}
    identity = {"name": user.username, "password": user.password, "domain": {"name": user.domain_name}}
    body = {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": identity}},
            "scope": {"project": project},
        }
    }
    request = Request(
        "POST",
        target.iam_endpoint,
        "/v3/auth/tokens",
        headers={"Content-Type": "application/json"},
        body=json.dumps(body, separators=(",", ":")).encode(),
    )
    started = transport.clock.monotonic()
    response = transport.send(request, _nobody)
    if response.status != 201:
        answer = response.answer(secrets.mask)
        raise Failure(
            CREDENTIALS,
            f"{request}: no token was given for username, password and domain_name ({user.source}):"
            f" {answer}{response.gave_up}",
            _sign_in_advice(answer),
            answer,
            response.attempts,
        )
    token = response.headers.get("X-Subject-Token") or ""
    secrets.add(token)
    fields = _json(response, "token")
    project_id = fields.get("project", {}).get("id") if isinstance(fields.get("project", {}), dict) else None
    if not _can_be_sent(token) or not isinstance(project_id, str):
        raise Failure(
            CREDENTIALS, f"{request}: the answer holds no token for a project", f"Check {target.iam_endpoint.source}"
        )
    return Proof(
        AuthToken(token, user.source),
        _renew_at(fields.get("expires_at"), response, transport, started),
        _usable_project_id(project_id, request),
    )


def _nobody(_request: Request, _now: datetime) -> t.Mapping[str, str]:
    """No proof of who is calling: the request gets one, or needs none."""
    return {}


def _sign_in_advice(answer: Answer) -> str:
    if answer.http_status == 401 and _says(answer, "lock"):
        return "The user is locked for a while, because of wrong passwords: wait, and correct it before the next run"
    if answer.http_status == 401:
        return (
            "The user's name, the password or the domain_name (the account's name) is wrong: correct it before the next"
            " run, because wrong passwords lock a user. A user who needs a second factor can't sign in like this"
        )
    if answer.http_status == 403:
        return "The user may not sign in with a password: allow it programmatic access, or use an access key"
    if answer.http_status == 404:
        return "There is no such project or region: check region and project_id"
    return general_advice(answer, "to get a token")


# ---- a key of the agency


class MetadataService:
    """The metadata service of the ECS host that this runs on."""

    def __init__(self, transport: Transport, secrets: Secrets, found: Found) -> None:
        self._transport = transport
        self._secrets = secrets
        self._found = found
        self._endpoint = Endpoint(METADATA_URL, "metadata service of ECS")
        self._known = False
        self._wants_token = True

    def fetch_key(self) -> Proof:
        """Get the temporary key of the agency that is bound to the host.

        :raises Failure: this is no ECS host, or it has no agency.
        """
        started = self._transport.clock.monotonic()
        headers = self._token() if self._wants_token else {}
        response = self._ask("GET", "/openstack/latest/securitykey", headers)
        if response.status != 200:
            raise self._refusal(response)
        self._known = True
        fields = _json(response, "credential")
        access, secret, security_token = (
            self._secrets.add(str(fields.get(name) or "")) for name in ("access", "secret", "securitytoken")
        )
        if not all(map(_can_be_sent, (access, secret, security_token))):
            raise Failure(
                CREDENTIALS,
                "the metadata service of ECS answered, but not with an access key",
                "Use another auth_method",
            )
        key = AccessKey(access, secret, security_token, "ECS agency")
        return Proof(key, _renew_at(fields.get("expires_at"), response, self._transport, started))

    def _token(self) -> dict[str, str]:
        response = self._ask(
            "PUT", "/meta-data/latest/api/token", {"X-Metadata-Token-Ttl-Seconds": _METADATA_TOKEN_SECONDS}
        )
        if response.status in _METADATA_WITHOUT_TOKEN and not self._known:
            self._wants_token = False
            return {}
        if response.status != 200:
            raise self._refusal(response)
        token = self._secrets.add(response.body.decode("latin-1").strip())
        if not _can_be_sent(token):
            raise self._refusal(response)
        return {"X-Metadata-Token": token}

    def _ask(self, method: str, path: str, headers: t.Mapping[str, str]) -> Response:
        request = Request(method, self._endpoint, path, headers=headers, timeout=_METADATA_TIMEOUT)
        try:
            # Until it has answered once, there may be none.
            return self._transport.send(request, _nobody, None if self._known else 0)
        except ConnectionFailure as failure:
            if self._known:
                raise Failure(
                    CREDENTIALS,
                    f"the metadata service of ECS gave no fresh key: {failure.what}",
                    "Run the task again",
                ) from None
            raise _nothing_found(self._found, "no metadata service answers, so this is no ECS host") from None

    def _refusal(self, response: Response) -> Failure:
        answer = response.answer(self._secrets.mask)
        if _says(answer, _NO_AGENCY):
            return _nothing_found(self._found, "no agency is bound to this ECS host", answer)
        if response.status == 404:
            return _nothing_found(self._found, "this is no ECS host, or no agency is bound to it", answer)
        return _nothing_found(self._found, f"its metadata service answered {answer}", answer)


# ---- the project's id


def _find_project_id(caller: Caller, target: Target, secrets: Secrets) -> str:
    """The id of the project that bears the region's name (oms-api.md, section 4).

    :raises Failure: IAM refuses to tell, or knows no such project or more than one.
    """
    region = t.cast(str, target.region)
    request = Request("GET", target.iam_endpoint, "/v3/projects", (("name", region),))
    response = caller.send(request)
    remedy = "Give project_id (the console shows it under My Credentials)"
    if response.status != 200:
        answer = response.answer(secrets.mask)
        advice = caller.advice(answer) or general_advice(answer, "iam:projects:listProjects")
        advice += skew_note(response, caller.transport)
        raise Failure(
            CREDENTIALS,
            f"{request}: the look-up of project_id was refused: {answer}{response.gave_up}",
            f"{advice}. {remedy}" if response.status != 401 else advice,
            answer,
        )
    projects = _read_projects(response)
    if projects is None:
        raise Failure(CREDENTIALS, f"{request}: the answer is no list of projects", f"Check iam_endpoint. {remedy}")
    if not projects:
        raise Failure(CREDENTIALS, f"{request}: no project is named {region}", f"Check region. {remedy}")
    if len(projects) > 1:
        found = listed([secrets.mask(project_id)[:100] for project_id in projects])
        raise Failure(CREDENTIALS, f"{request}: more than one project is named {region}: {found}", remedy)
    return _usable_project_id(projects[0], request)


def _usable_project_id(project_id: str, request: Request) -> str:
    try:
        return check_path_segment("project_id", project_id)
    except ArgumentError as error:
        raise Failure(
            CREDENTIALS,
            f"{request}: IAM answered with an id that can't be used, {error}",
            "Give project_id (the console shows it under My Credentials)",
        ) from None


def _read_projects(response: Response) -> list[str] | None:
    try:
        ids = [project["id"] for project in json.loads(response.body)["projects"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return ids if all(isinstance(project_id, str) for project_id in ids) else None


# ---- proofs


def _headers(
    credentials: AccessKey | AuthToken, request: Request, now: datetime, project_id: str | None
) -> t.Mapping[str, str]:
    """The headers that prove who is calling.

    :arg project_id: is sent and signed, where it is known, with an access key.
    """
    if isinstance(credentials, AuthToken):
        return {"X-Auth-Token": credentials.auth_token}
    headers = {}
    if project_id:
        headers["X-Project-Id"] = project_id
    if credentials.security_token:
        headers["X-Security-Token"] = credentials.security_token
    signature = sign(
        request.method,
        request.endpoint.host,
        request.path,
        request.query,
        {**request.headers, **headers},
        request.body,
        credentials.access_key,
        credentials.secret_key,
        now,
    )
    return {**headers, **signature}


def _can_be_sent(secret: str) -> bool:
    """Whether it can stand in a header; what IAM and the metadata service hand out is checked, too."""
    return 1 <= len(secret) <= MAX_TOKEN and all("!" <= character <= "~" for character in secret)


def _is_expired(answer: Answer) -> bool:
    """Whether a request was refused because its proof has expired, as far as the answer says so."""
    # The gateway has a code for tokens. What it says of a temporary key is not documented, so its words count, too.
    return answer.code == _TOKEN_EXPIRED or _says(answer, "expire")


def _says(answer: Answer, word: str) -> bool:
    return word in f"{answer.error_msg} {answer.error_detail}".lower()


def _renew_at(expires_at: t.Any, response: Response, transport: Transport, started: float) -> float:
    """When to renew what ends at a time, on the transport's monotonic clock; never, where the time is not known.

    :arg expires_at: in UTC, as services write it, like 2026-11-25T10:00:00.123456Z.
    :arg started: when it was asked for.
    """
    try:
        end = datetime.strptime(expires_at[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except (KeyError, TypeError, ValueError):
        return math.inf
    now = transport.clock.now()
    seconds = (end - now).total_seconds()
    skew = clock_skew(response, now) or 0.0
    if abs(skew) > _MEASURED_SKEW_SECONDS:
        # This host's clock is wrong: by the service's.
        seconds += skew
    if seconds <= 0:
        # Nobody hands out what is over: a clock is wrong. Then the service has to tell when it refuses it.
        return math.inf
    return started + seconds - min(_LONGEST_MARGIN_SECONDS, seconds * _MARGIN)


def _json(response: Response, name: str) -> dict[str, t.Any]:
    """An object in the answer's body; an empty one, where there is none."""
    try:
        fields = json.loads(response.body)[name]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def skew_note(response: Response, transport: Transport) -> str:
    """A part of a sentence on the clock, where that may be why a signature was refused; else nothing."""
    skew = clock_skew(response, transport.clock.now())
    if response.status != 401 or skew is None or abs(skew) <= _NOTABLE_SKEW_SECONDS:
        return ""
    where = "ahead of" if skew > 0 else "behind"
    return f". The clock of this host is {abs(skew):.0f} s {where} the service's: set it right"
