# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Authentication services: tokens of IAM for passwords, and the metadata service of an ECS host with an agency."""

from __future__ import annotations

import itertools
import json
import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from .http_server import Reply, Request
from .signatures import AccessKey, Callers, Life, Token

# So many wrong passwords lock a user.
WRONG_PASSWORDS_UNTIL_LOCKED = 5
TOKEN_SECONDS = 24 * 3600.0
AGENCY_SECONDS = 6 * 3600.0


@dataclass
class User:
    """A user that IAM knows, and how often its password was wrong in a row."""

    password: str
    failures: int = 0


@dataclass
class Agency:
    """The agency that is bound to the host; ``uses`` and ``seconds`` are how long a key of it lives."""

    with_token: bool = True
    uses: int | None = None
    seconds: float = AGENCY_SECONDS
    key: AccessKey | None = None
    expires_at: str = ""


@dataclass
class Authentication:
    """Issues tokens and temporary access keys."""

    callers: Callers
    users: dict[tuple[str, str], User] = field(default_factory=dict)
    token_uses: int | None = None
    token_seconds: float = TOKEN_SECONDS
    agency: Agency | None = None

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._metadata_tokens: set[str] = set()

    def create_token(self, request: Request, projects: t.Sequence[tuple[str, str]]) -> Reply:
        """A token for a user's password, for one project: KeystoneCreateUserTokenByPassword."""
        try:
            auth = json.loads(request.body)["auth"]
            user, scope = auth["identity"]["password"]["user"], auth["scope"]["project"]
            methods, domain = auth["identity"]["methods"], user["domain"]["name"]
            name, password = user["name"], user["password"]
        except (ValueError, KeyError, TypeError):
            return _error(400, "Request body is invalid.")
        if methods != ["password"] or set(scope) not in ({"id"}, {"name"}):
            return _error(400, "Request body is invalid.")
        known = self.users.get((domain, name))
        if known and known.failures >= WRONG_PASSWORDS_UNTIL_LOCKED:
            return _error(401, "The account is locked.")
        if known is None or known.password != password:
            if known:
                known.failures += 1
            return _error(401, "The username or password is wrong.")
        known.failures = 0
        found = [(each, project_id) for each, project_id in projects if scope in ({"id": project_id}, {"name": each})]
        if not found:
            return _error(404, "Could not find project.")
        token = f"token-{next(self._numbers)}-of-{name}"
        project_name, project_id = found[0]
        self.callers.tokens[token] = Token(Life(self.token_uses, self.token_seconds), project_id)
        shown = {"expires_at": _in(self.token_seconds), "project": {"id": project_id, "name": project_name}}
        headers = {"Content-Type": "application/json", "X-Subject-Token": token}
        return Reply(201, json.dumps({"token": shown}).encode(), headers)

    def metadata_token(self, request: Request) -> Reply:
        """A token for the metadata service; the older mode needs none."""
        if not self.agency or not self.agency.with_token:
            return Reply(404)
        if not (request.header("x-metadata-token-ttl-seconds") or "").isdigit():
            return Reply(400)
        token = f"metadata-token-{next(self._numbers)}"
        self._metadata_tokens.add(token)
        return Reply(200, token.encode())

    def security_key(self, request: Request) -> Reply:
        """The agency's temporary key: the same one until it is spent, or half of its time is over."""
        agency = self.agency
        if agency is None:
            return Reply(401, b"Please configure Cloud Service Agency first")
        if agency.with_token and request.header("x-metadata-token") not in self._metadata_tokens:
            return Reply(401, b"Unauthorized")
        if agency.key is None or agency.key.life.is_over or agency.key.life.seconds_left < agency.seconds / 2:
            number = next(self._numbers)
            life = Life(agency.uses, agency.seconds)
            agency.key = AccessKey(f"AGENCY{number:04}", f"agency-sk-{number}", f"agency-sts-{number}", life=life)
            agency.expires_at = _in(agency.seconds)
            self.callers.keys[agency.key.ak] = agency.key
        key = agency.key
        credential = {
            "access": key.ak,
            "secret": key.sk,
            "securitytoken": key.security_token,
            "expires_at": agency.expires_at,
        }
        return Reply(200, json.dumps({"credential": credential}).encode(), {"Content-Type": "application/json"})


def _in(seconds: float) -> str:
    """The time after so many seconds, as IAM writes it."""
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _error(status: int, text: str) -> Reply:
    """An error as IAM writes it."""
    body = json.dumps({"error": {"code": status, "message": text, "title": "Error"}}).encode()
    return Reply(status, body, {"Content-Type": "application/json"})
