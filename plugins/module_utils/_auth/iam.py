# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""IAM: an IAM token for a password, and the id of a project.

How IAM answers is documented in its API reference: KeystoneCreateUserTokenByPassword and KeystoneListProjects.

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
    new_credential,
    read_object,
    unauthenticated,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credentials import Password
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.gateway_errors import (
    evidence,
    general_advice,
    is_about_credentials,
    says,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.target import Target
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    CREDENTIALS,
    Answer,
    ArgumentError,
    ConnectionFailure,
    Failure,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.retry import Transport
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import listed, quoted

_GIVE_PROJECT_ID = "Give project_id (the console shows it under My Credentials)"


def create_token(transport: Transport, target: Target, user: Password, secrets: Secrets) -> Credential:
    """Get an IAM token for a password. Its scope is the project with the given id, or else with the given name.

    :raises Failure: IAM refuses, or answers with something else.
    """
    project = {"id": target.project_id} if target.project_id else {"name": target.project_name}
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
            f"IAM issued no token for username, password and domain_name ({user.source})."
            f" {_password_advice(answer, target)}",
            answer=answer,
            attempts=response.attempts,
            evidence=evidence(request, answer, response.gave_up),
        )
    token = response.headers.get("X-Subject-Token") or ""
    secrets.add(token)
    fields = read_object(response, "token")
    project_id = fields.get("project", {}).get("id") if isinstance(fields.get("project", {}), dict) else None
    if not can_be_sent(token) or not isinstance(project_id, str):
        raise _unusable(request, response, f"token for a project. Check {target.iam_endpoint.source}", secrets)
    value = AuthToken(token, user.source)
    project_id = _checked_project_id(project_id, request, response, secrets)
    return new_credential(value, fields.get("expires_at"), response, transport.clock, started, project_id)


def _password_advice(answer: Answer, target: Target) -> str:
    if answer.http_status == 401 and says(answer, "lock"):
        return "The user is locked, because of wrong passwords. Wait, and correct the password before the next run"
    if answer.http_status == 401:
        return (
            "The username, the password or the domain_name (the name of the account) is wrong. Correct it before the"
            " next run, because wrong passwords lock the user. A user with multi-factor authentication can't"
            " authenticate with a password"
        )
    if answer.http_status == 403:
        return "The user has no programmatic access. Allow it, or use an access key"
    if answer.http_status == 404:
        project = f"with the id {target.project_id}" if target.project_id else f"named {target.project_name}"
        return f"There may be no project {project}. Check region, project_id and project_name"
    return general_advice(answer, "to get a token")


def find_project_id(
    send: t.Callable[[Request], Response],
    advise: t.Callable[[Response, Answer, str], str],
    target: Target,
    secrets: Secrets,
) -> str:
    """The id of the project with the given name.

    :arg send: of the authenticated client, like ``advise``, which is its ``refusal_advice``.
    :raises Failure: IAM refuses the request, or the project was not found, or several have this name.
    """
    name = t.cast(str, target.project_name)
    request = Request("GET", target.iam_endpoint, "/v3/projects", (("name", name),))
    try:
        response = send(request)
    except ConnectionFailure as failure:
        raise failure.advising("IAM is not called if project_id is given") from None
    if response.status != 200:
        answer = response.answer(secrets.mask)
        advice = advise(response, answer, "iam:projects:listProjects")
        remedy = "" if is_about_credentials(answer) else f". {_GIVE_PROJECT_ID}"
        raise Failure(
            CREDENTIALS,
            f"The project_id of the project {quoted(name)} could not be looked up. {advice}{remedy}",
            answer=answer,
            attempts=response.attempts,
            evidence=evidence(request, answer, response.gave_up),
        )
    found = _read_projects(response, name)
    if found is None:
        raise _unusable(request, response, f"list of projects. Check iam_endpoint. {_GIVE_PROJECT_ID}", secrets)
    if len(found) != 1:
        count = "More than one project is" if found else "No project is"
        ids = f": {listed([secrets.mask(project_id)[:100] for project_id in found])}" if found else ""
        check = "" if found else " Check region and project_name."
        raise Failure(
            CREDENTIALS,
            f"{count} named {quoted(name)}{ids}.{check} {_GIVE_PROJECT_ID}",
            attempts=response.attempts,
            evidence=evidence(request, Answer(response.status, request_id=secrets.mask(response.request_id) or None)),
        )
    return _checked_project_id(found[0], request, response, secrets)


def _unusable(request: Request, response: Response, missing: str, secrets: Secrets) -> Failure:
    """The failure for an answer with a status of success that is not as documented.

    :arg missing: what it does not contain, and the advice.
    """
    answer = Answer(response.status, request_id=secrets.mask(response.request_id) or None)
    return Failure(
        CREDENTIALS,
        f"The answer of IAM contains no {missing}",
        attempts=response.attempts,
        evidence=evidence(request, answer),
    )


def _checked_project_id(project_id: str, request: Request, response: Response, secrets: Secrets) -> str:
    try:
        return check_path_segment("project_id", project_id)
    except ArgumentError:
        answer = Answer(response.status, request_id=secrets.mask(response.request_id) or None)
        raise Failure(
            CREDENTIALS,
            f"The answer of IAM contains the invalid project id {quoted(secrets.mask(project_id))}. {_GIVE_PROJECT_ID}",
            attempts=response.attempts,
            evidence=evidence(request, answer),
        ) from None


def _read_projects(response: Response, name: str) -> list[str] | None:
    """The ids of the projects with this name; None if the answer is not a list of projects."""
    try:
        projects = [(project["id"], project["name"]) for project in json.loads(response.body)["projects"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not all(isinstance(project_id, str) for project_id, _name in projects):
        return None
    return [project_id for project_id, project_name in projects if project_name == name]
