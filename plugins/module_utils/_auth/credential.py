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

# CreateSyncEvents, table 2: X-Auth-Token has 1 to 16384 characters. A security token is sent in a header, too.
MAX_TOKEN = 16384

# A credential is renewed when a tenth of its time is left, and not sooner than five minutes before it expires. A tenth,
# since the metadata service may return the same key until shortly before it expires: the next attempt is then closer.
_LONGEST_MARGIN_SECONDS = 300.0
_MARGIN = 0.1

# A smaller difference proves nothing: the service shows whole seconds, and the answer takes time to arrive.
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
    ``accepted`` says whether a request with this credential was answered with 200, ``expired`` whether it was expired
    when it was issued, by the clocks of both hosts.
    """

    value: AccessKey | AuthToken
    renew_at: float = math.inf
    project_id: str | None = None
    accepted: bool = False
    expired: bool = False


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


def check_secret(name: str, value: str, secrets: Secrets, public: bool = False, spaces: bool = False) -> str:
    """Check a value of credentials. The message never shows it.

    :arg name: the option or environment variable, or the entry of a credentials file.
    :arg public: whether it is no secret.
    :arg spaces: whether it may contain spaces: it is sent in a body, and not in a header.
    """
    if not public:
        secrets.add(value)
    if not value:
        raise ArgumentError(f"{name} is empty. Give a value, or remove it.")
    if value != value.strip():
        end = "starts" if value[0].isspace() else "ends"
        space = value[0] if value[0].isspace() else value[-1]
        what = "a line break, which base64 and echo add" if space in "\r\n" else "whitespace"
        raise ArgumentError(f"{name} {end} with {what}. Remove it.")
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        raise ArgumentError(f"{name} is enclosed in quotes, which would be sent as a part of it. Remove them.")
    bad = re.search("[^ -~]" if spaces else "[^!-~]", value)
    if bad:
        what = "whitespace" if bad[0].isspace() else "an invalid character"
        raise ArgumentError(
            f"{name} has {what} at character {bad.start() + 1} of {len(value)}. Only ASCII letters,"
            f" digits{', spaces' if spaces else ''} and punctuation are allowed."
        )
    if len(value) > MAX_TOKEN:
        raise ArgumentError(f"{name} has {len(value)} characters. At most {MAX_TOKEN} are allowed.")
    return value


def can_be_sent(secret: str) -> bool:
    """Whether it can be sent in a header; the answers of IAM and of the metadata service are checked, too."""
    return 1 <= len(secret) <= MAX_TOKEN and all("!" <= character <= "~" for character in secret)


def new_credential(
    value: AccessKey | AuthToken,
    expires_at: t.Any,
    response: Response,
    clock: Clock,
    started: float,
    project_id: str | None = None,
) -> Credential:
    """A credential that a service issued.

    :arg expires_at: in UTC, as services write it, like 2026-11-25T10:00:00.123456Z. Without it the time is unknown.
    :arg response: in which it was issued, for the service's clock.
    :arg started: when it was asked for, on the monotonic clock.
    """
    seconds = _seconds_left(expires_at, response, clock)
    if seconds is None:
        return Credential(value, math.inf, project_id)
    if seconds <= 0:
        # Perhaps only a clock is wrong: it is sent, and renewed or explained when it is refused.
        return Credential(value, math.inf, project_id, expired=True)
    return Credential(value, started + seconds - min(_LONGEST_MARGIN_SECONDS, seconds * _MARGIN), project_id)


def _seconds_left(expires_at: t.Any, response: Response, clock: Clock) -> float | None:
    """Seconds until a time, by the service's clock where it shows it; None if the time is not given."""
    try:
        end = datetime.strptime(expires_at[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except (KeyError, TypeError, ValueError):
        return None
    now = clock.now()
    skew = clock_skew(response, now) or 0.0
    # The clock of this host is wrong: use the service's.
    return (end - now).total_seconds() + (skew if abs(skew) > _MEASURED_SKEW_SECONDS else 0.0)


def read_object(response: Response, name: str) -> dict[str, t.Any]:
    """The JSON object of this name in the body of an answer; an empty one if there is none."""
    try:
        fields = json.loads(response.body)[name]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}
