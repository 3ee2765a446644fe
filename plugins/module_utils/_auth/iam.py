# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""IAM: an IAM token for a password, and the id of a project.

How IAM answers stands in oms-api.md, section 4.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import check_path_segment
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credential import (
    AuthToken,
    Credential,
    can_be_sent,
    read_object,
    renewal_time,
    unauthenticated,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credentials import Password
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.gateway_errors import general_advice, says
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.target import Target
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import CREDENTIALS, Answer, ArgumentError, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.retry import Transport
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import listed


def create_token(transport: Transport, target: Target, user: Password, secrets: Secrets) -> Credential:
    """Get an IAM token for a password. Its scope is the project that is given, or the one with the region's name.

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
    response = transport.send(request, unauthenticated)
    if response.status != 201:
        answer = response.answer(secrets.mask)
        raise Failure(
            CREDENTIALS,
            f"{request}: no token was given for username, password and domain_name ({user.source}):"
            f" {answer}{response.gave_up}",
            _password_advice(answer),
            answer,
            response.attempts,
        )
    token = response.headers.get("X-Subject-Token") or ""
    secrets.add(token)
    fields = read_object(response, "token")
    project_id = fields.get("project", {}).get("id") if isinstance(fields.get("project", {}), dict) else None
    if not can_be_sent(token) or not isinstance(project_id, str):
        raise Failure(
            CREDENTIALS, f"{request}: the answer holds no token for a project", f"Check {target.iam_endpoint.source}"
        )
    return Credential(
        AuthToken(token, user.source),
        renewal_time(fields.get("expires_at"), response, transport.clock, started),
        _usable_project_id(project_id, request),
    )


def _password_advice(answer: Answer) -> str:
    if answer.http_status == 401 and says(answer, "lock"):
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


def find_project_id(
    send: t.Callable[[Request], Response],
    advise: t.Callable[[Response, Answer, str], str],
    target: Target,
    secrets: Secrets,
) -> str:
    """The id of the project with the region's name.

    :arg send: of the authenticated client, like ``advise``, which is its ``refusal_advice``.
    :raises Failure: IAM refuses to tell, or knows no such project or more than one.
    """
    region = t.cast(str, target.region)
    request = Request("GET", target.iam_endpoint, "/v3/projects", (("name", region),))
    response = send(request)
    remedy = "Give project_id (the console shows it under My Credentials)"
    if response.status != 200:
        answer = response.answer(secrets.mask)
        advice = advise(response, answer, "iam:projects:listProjects")
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
