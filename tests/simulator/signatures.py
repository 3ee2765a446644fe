# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Who is calling: access keys with signatures, checked by the official SDK's own signer, and tokens."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from urllib.parse import parse_qsl

from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

from .http_server import Request

# The gateway's rules.
FAILURES_UNTIL_LOCKED = 5
LOCKED_SECONDS = 300.0
MAX_CLOCK_SKEW_SECONDS = 15 * 60
WRONG = "APIGW.0301"
_AUTHORIZATION = re.compile(r"SDK-HMAC-SHA256 Access=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})")


@dataclass
class Life:
    """How long a token or a temporary key is good for: so many requests, so many seconds; None for ever."""

    uses: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        self._until = math.inf if self.seconds is None else time.monotonic() + self.seconds

    @property
    def seconds_left(self) -> float:
        return self._until - time.monotonic()

    @property
    def is_over(self) -> bool:
        return self.seconds_left <= 0 or self.uses == 0

    def use(self) -> bool:
        """Whether it is still good; counts the use."""
        if self.is_over:
            return False
        if self.uses is not None:
            self.uses -= 1
        return True


@dataclass
class Token:
    """A token that the simulator knows, and the project that it is for; None for any."""

    life: Life
    project_id: str | None = None


@dataclass
class AccessKey:
    """A key that the simulator knows, and how often it was used wrongly in a row."""

    ak: str
    sk: str
    security_token: str | None = None
    failures: int = 0
    locked_until: float = 0.0
    life: Life = field(default_factory=Life)


@dataclass
class Callers:
    """All keys and tokens that are accepted."""

    keys: dict[str, AccessKey] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    clock_skew: float = 0.0

    def refusal(self, request: Request) -> tuple[str, str] | None:
        """Why a caller is not let in, as code and text; None if it is."""
        token = request.header("x-auth-token")
        reason = self._refusal_of_key(request) if token is None else self._refusal_of_token(request, token)
        return (WRONG, f"Incorrect IAM authentication information: {reason}") if reason else None

    def _refusal_of_token(self, request: Request, value: str) -> str | None:
        token = self.tokens.get(value)
        if token is None:
            return "decrypt token fail"
        project = re.match("/v2/([^/]+)/", request.path)
        if project and token.project_id not in (None, project[1]):
            # Guess: which code and text there are for a token of another project is not documented.
            return "the token is for another project"
        if token.life.use():
            return None
        return f"token expires, expires_at:{datetime.now(timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.000000Z')}"

    def _refusal_of_key(self, request: Request) -> str | None:
        match = _AUTHORIZATION.fullmatch(request.header("authorization") or "")
        if not match:
            return "no authentication"
        key = self.keys.get(match[1])
        if key is None:
            return f"ak {match[1]} not exist"
        if key.locked_until > time.monotonic():
            return "AK access failed to reach the limit,forbidden."
        reason = self._wrong(request, key, match[2].split(";"), match[3])
        if reason is None:
            key.failures = 0
            return None if key.life.use() else "the security token has expired"
        key.failures += 1
        if key.failures > FAILURES_UNTIL_LOCKED:
            key.locked_until = time.monotonic() + LOCKED_SECONDS
        return reason

    def _wrong(self, request: Request, key: AccessKey, names: list[str], signature: str) -> str | None:
        date = request.header("x-sdk-date") or ""
        try:
            when = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        except ValueError:
            return "no date"
        if abs(when.timestamp() - time.time() - self.clock_skew) > MAX_CLOCK_SKEW_SECONDS:
            return "the date is too far off"
        sent = {name.lower() for name, _value in request.headers}
        must = {"host", "x-sdk-date"} | (sent & {"content-type", "x-project-id", "x-security-token"})
        if not must <= set(names):
            return f"not signed: {', '.join(sorted(must - set(names)))}"
        if request.header("x-security-token") != key.security_token:
            return "the security token does not belong to the access key"
        signed = SdkRequest(
            method=request.method,
            schema="http",
            host=request.header("host"),
            resource_path=request.path,
            query_params=parse_qsl(request.target.partition("?")[2], keep_blank_values=True),
            header_params={name: request.header(name) or "" for name in names},
            body=request.body,
        )
        Signer(_Pair(key.ak, key.sk)).sign(signed)
        return None if signed.header_params["Authorization"].endswith(signature) else "verify aksk signature fail"


@dataclass
class _Pair:
    ak: str
    sk: str
