# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The credential that requests are sent with: an access key or an IAM token, its headers, and when it is renewed.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import json
import math
import re
import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.signing import sign
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response, clock_skew

# CreateSyncEvents, table 2: X-Auth-Token has 1 to 16384 characters. A security token travels the same way.
MAX_TOKEN = 16384

# A credential is renewed when a tenth of its time is left, and not sooner than five minutes before it expires. A tenth,
# since the metadata service may return the same key until shortly before it expires: the next attempt is then closer.
_LONGEST_MARGIN_SECONDS = 300.0
_MARGIN = 0.1

# The service shows its time in whole seconds, and the answer was on its way for a while: what is less says nothing.
_MEASURED_SKEW_SECONDS = 5


@dataclass(frozen=True)
class AccessKey:
    """An access key (AK) with its secret key (SK), and the security token of a temporary one."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    security_token: str | None = field(repr=False, default=None)
    source: str = "options"


@dataclass(frozen=True)
class AuthToken:
    """An IAM token, sent as ``X-Auth-Token``."""

    auth_token: str = field(repr=False)
    source: str = "options"


@dataclass(eq=False)
class Credential:
    """What requests are authenticated with at present.

    ``renew_at`` is a time of the transport's monotonic clock; ``project_id`` is that of a token which names it.
    ``accepted`` says whether a request with this credential was answered with 200.
    """

    value: AccessKey | AuthToken
    renew_at: float = math.inf
    project_id: str | None = None
    accepted: bool = False


def authentication_headers(
    value: AccessKey | AuthToken, request: Request, now: datetime, project_id: str | None
) -> t.Mapping[str, str]:
    """The headers that authenticate a request.

    :arg project_id: is sent and signed with an access key, once it is known.
    """
    if isinstance(value, AuthToken):
        return {"X-Auth-Token": value.auth_token}
    headers = {}
    if project_id:
        headers["X-Project-Id"] = project_id
    if value.security_token:
        headers["X-Security-Token"] = value.security_token
    signature = sign(
        request.method,
        request.endpoint.host,
        request.path,
        request.query,
        {**request.headers, **headers},
        request.body,
        value.access_key,
        value.secret_key,
        now,
    )
    return {**headers, **signature}


def unauthenticated(_request: Request, _now: datetime) -> t.Mapping[str, str]:
    """No authentication headers: the request asks for a credential."""
    return {}


def check_secret(name: str, value: str, secrets: Secrets, shown: bool = False, spaces: bool = False) -> str:
    """Check a value of credentials. The message never shows it.

    :arg name: the option or environment variable.
    :arg shown: whether it is no secret.
    :arg spaces: whether it may contain spaces: it is sent in a body, and not in a header.
    """
    if not shown:
        secrets.add(value)
    if not value:
        raise ArgumentError(f"{name}: is empty")
    if value != value.strip():
        end = "starts" if value[0].isspace() else "ends"
        blank = value[0] if value[0].isspace() else value[-1]
        what = "a line break (base64 and echo add one)" if blank in "\r\n" else "a blank"
        raise ArgumentError(f"{name}: {end} with {what}: take it away")
    bad = re.search("[^ -~]" if spaces else "[^!-~]", value)
    if bad:
        raise ArgumentError(
            f"{name}: character {bad.start() + 1} of {len(value)} is none that"
            f" {'it' if spaces else 'a key or token'} can have:"
            f" only ASCII letters, digits{', blanks' if spaces else ''} and punctuation are allowed"
        )
    if len(value) > MAX_TOKEN:
        raise ArgumentError(f"{name}: has {len(value)} characters: at most {MAX_TOKEN} are allowed")
    return value


def can_be_sent(secret: str) -> bool:
    """Whether it can be sent in a header; the answers of IAM and of the metadata service are checked, too."""
    return 1 <= len(secret) <= MAX_TOKEN and all("!" <= character <= "~" for character in secret)


def renewal_time(expires_at: t.Any, response: Response, clock: Clock, started: float) -> float:
    """When to renew what expires at a time, on the transport's monotonic clock; never, where that time is unknown.

    :arg expires_at: in UTC, as services write it, like 2026-11-25T10:00:00.123456Z.
    :arg started: when it was asked for.
    """
    try:
        end = datetime.strptime(expires_at[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except (KeyError, TypeError, ValueError):
        return math.inf
    now = clock.now()
    seconds = (end - now).total_seconds()
    skew = clock_skew(response, now) or 0.0
    if abs(skew) > _MEASURED_SKEW_SECONDS:
        # The clock of this host is wrong: use the service's.
        seconds += skew
    if seconds <= 0:
        # A clock is wrong, and none can be trusted: it is renewed when it is refused.
        return math.inf
    return started + seconds - min(_LONGEST_MARGIN_SECONDS, seconds * _MARGIN)


def read_object(response: Response, name: str) -> dict[str, t.Any]:
    """The JSON object of this name in the body of an answer; an empty one if there is none."""
    try:
        fields = json.loads(response.body)[name]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}
