# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The simulator in the place of the network, in the process of a test and by the clock of a test."""

from __future__ import annotations

import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import CONNECTION, ConnectionFailure
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.retry import RetryPolicy, Transport
from ansible_collections.huaweicloud.oms.tests.simulator import http_server
from ansible_collections.huaweicloud.oms.tests.simulator.service import Service
from ansible_collections.huaweicloud.oms.tests.unit.fakes import FakeClock

PROJECT = "f697f813554a4f05bac882a183b20878"
TASK = "31e9b7e6-6ffb-452f-9842-6ce354d99d75"
TASKS = f"/v2/{PROJECT}/sync-tasks"
PATH = f"{TASKS}/{TASK}"


class SimulatedOms:
    """The simulator's service without its server, which lets in whoever asks.

    ``requests`` are those that arrived, as texts like ``POST /v2/...``, without their queries.

    :arg clock: that both sides go by.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.service = Service()
        self.service.control_set(check_signatures=False)
        self.clock = clock or FakeClock()
        self.service.sync_tasks.now = lambda: self.clock.now().timestamp()  # type: ignore[method-assign]
        self.requests: list[str] = []
        self.bodies: list[str] = []
        self._meanwhile: list[tuple[str, t.Callable[[], object]]] = []

    def transport(self, retries: int = 0) -> Transport:
        return Transport(self.exchange, RetryPolicy(retries, 0), self.clock)

    def add_task(self, status: str = "SYNCHRONIZING", sync_task_id: str = TASK, **fields: t.Any) -> None:
        self.service.control_add_task(sync_task_id, PROJECT, status, **fields)

    def fault(self, kind: str, **details: t.Any) -> None:
        self.service.control_fault(kind=kind, **details)

    def statuses(self) -> dict[str, str]:
        return self.service.control_statuses()

    def meanwhile(self, before: str, act: t.Callable[[], object]) -> None:
        """Let somebody else do something, once, right before a request like ``POST .../stop`` arrives."""
        self._meanwhile.append((before, act))

    def handle(self, method: str, path: str, body: str = "") -> int:
        """Do what somebody else asks for, and say how it went."""
        headers = [("Content-Type", "application/json")]
        return self.service.handle(http_server.Request(method, path, headers, body.encode(), 2)).status

    def exchange(self, request: Request, headers: t.Mapping[str, str]) -> Response:
        """Take the place of `Connections.exchange`."""
        text = f"{request.method} {request.path}"
        for entry in [entry for entry in self._meanwhile if entry[0] == text]:
            self._meanwhile.remove(entry)
            entry[1]()
        self.requests.append(text)
        self.bodies.append(request.body.decode())
        target = request.url.removeprefix(request.endpoint.url)
        reply = self.service.handle(http_server.Request(request.method, target, list(headers.items()), request.body, 1))
        if reply.fault:
            raise ConnectionFailure(CONNECTION, f"{request}: connection reset by peer", "Try again", transient=True)
        return Response(reply.status, reply.headers, reply.body)

    @property
    def writing(self) -> list[str]:
        """The requests that may change something."""
        return [text for text in self.requests if not text.startswith("GET ")]
