# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What goes wrong on command: which requests it hits, and what is answered in place of the service's own answer."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field

from .http_server import Reply, Request


@dataclass
class Fault:
    """A fault, and the requests it hits.

    ``kind`` is ``answer``, ``echo`` (an answer that repeats the request's headers and body) or one of those that
    `http_server.Connection` knows: reset, close, hang, truncate, drip, endless; ``slow`` only delays the service's own
    answer, and ``idle`` closes the connection some time after it, as servers do with those that nobody uses: ``delay``
    is the seconds of either.
    ``skip`` matching requests are let through first. Of those behind them the first and then every ``every``-th one
    is hit, ``times`` in all (None: without end), for ``seconds`` from the first hit on (None: for ever).
    With ``after_accepting`` the service does its work first, and only its answer is lost.
    """

    kind: str
    method: str | None = None
    path: str | None = None
    skip: int = 0
    times: int | None = 1
    every: int = 1
    seconds: float | None = None
    status: int = 503
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    after_accepting: bool = False

    def __post_init__(self) -> None:
        self._matching = 0
        self._until: float | None = None

    def hits(self, request: Request) -> bool:
        """Whether this request is hit; counts it."""
        if self.method not in (None, request.method) or (self.path or "") not in request.target:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self._matching += 1
        if (self._matching - 1) % self.every or self.times == 0:
            return False
        if self.seconds is not None:
            self._until = self._until or time.monotonic() + self.seconds
            if time.monotonic() > self._until:
                return False
        if self.times is not None:
            self.times -= 1
        return True

    def reply(self, request: Request) -> Reply:
        body = self.body.encode()
        if self.kind == "echo":
            lines = [f"{name}: {value}" for name, value in request.headers]
            text = "\n".join([*lines, request.body.decode("latin-1")])
            body = json.dumps({"error_code": "OMS.0064", "error_msg": f"{self.body} {text}"}).encode()
        headers = dict(self.headers)
        if body and "Content-Type" not in headers:
            headers["Content-Type"] = "application/json" if body.startswith(b"{") else "text/html"
        fault = "" if self.kind in ("answer", "echo") else self.kind
        return Reply(self.status, body, headers, self.delay, fault)


def error(status: int, code: str, text: str) -> Reply:
    """An error as OMS documents it."""
    body = json.dumps({"error_code": code, "error_msg": text}).encode()
    return Reply(status, body, {"Content-Type": "application/json"})


def gateway_error(status: int, code: str, text: str) -> Reply:
    """An error as the API gateway documents it: with the id of the request in the body."""
    request_id = uuid.uuid4().hex
    body = json.dumps({"error_code": code, "error_msg": text, "request_id": request_id}).encode()
    return Reply(status, body, {"Content-Type": "application/json", "X-Request-Id": request_id})
