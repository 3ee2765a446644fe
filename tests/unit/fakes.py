# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What unit tests put in the place of the network and of the time."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ConnectionFailure
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.retry import RetryPolicy, Transport

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


class FakeClock(Clock):
    """A clock on which only sleeping takes time."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=sum(self.slept))

    def monotonic(self) -> float:
        return 1000 + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@dataclass(frozen=True)
class Expected:
    """A request that has to come, and what is answered."""

    method: str
    url: str
    answer: Response | ConnectionFailure
    body: bytes = b""


class FakeTransport(Transport):
    """The real transport over a network that expects these requests in this order.

    A request too many, too few (at the end of the ``with`` block) or in the wrong order fails. ``headers`` are those of
    the attempts so far.
    """

    def __init__(self, *expected: Expected, retries: int = 0) -> None:
        self._expected = list(expected)
        self.headers: list[dict[str, str]] = []
        super().__init__(self.exchange, RetryPolicy(retries, 0), FakeClock())

    def exchange(self, request: Request, headers: t.Mapping[str, str]) -> Response:
        assert self._expected, f"a request too many: {request}"
        expected = self._expected.pop(0)
        assert (request.method, request.url, request.body) == (expected.method, expected.url, expected.body)
        self.headers.append(dict(headers))
        if isinstance(expected.answer, ConnectionFailure):
            raise expected.answer
        return expected.answer

    def __enter__(self) -> FakeTransport:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_args: object) -> None:
        if kind is None:
            assert not self._expected, f"requests too few: {self._expected}"


def answer(status: int, body: t.Any = None, **headers: str) -> Response:
    """An answer in JSON, or with the bytes that are given.

    :arg headers: with ``_`` in place of ``-``.
    """
    if not isinstance(body, bytes):
        body = b"" if body is None else json.dumps(body).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)
