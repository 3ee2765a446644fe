# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""One HTTP request and one HTTP response.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    Answer,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.error_body import is_html, read_answer
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.url import encoded_path, encoded_query


@dataclass(frozen=True)
class Request:
    """An HTTP request. ``path`` and ``query`` are not yet percent-encoded.

    ``timeout`` is in seconds, for connecting and for an answer; None for the timeout of all requests.
    A request that is not ``repeatable`` must not be carried out twice: if no answer came, it is not sent again.
    """

    method: str
    endpoint: Endpoint
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: t.Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    timeout: tuple[float, float] | None = None
    repeatable: bool = True

    @property
    def url(self) -> str:
        """The URL as it goes over the wire, encoded as it is signed."""
        query = encoded_query(self.query)
        return f"{self.endpoint.url}{encoded_path(self.path)}{'?' if query else ''}{query}"

    def __str__(self) -> str:
        return f"{self.method} {self.path} at {self.endpoint.url}"


@dataclass(frozen=True)
class Response:
    """An HTTP response with any status.

    ``gave_up`` says why a transient error had no further attempt: the end of the evidence, or nothing.
    """

    status: int
    headers: t.Mapping[str, str]
    body: bytes = b""
    attempts: int = 1
    gave_up: str = ""

    @property
    def request_id(self) -> str:
        return self.headers.get("X-Request-Id") or ""

    @property
    def is_html(self) -> bool:
        return is_html(self.body, self.headers.get("Content-Type") or "")

    def answer(self, mask: t.Callable[[str], str]) -> Answer:
        """The error in the response.

        :arg mask: takes secrets out of a text.
        """
        return read_answer(self.status, self.body, self.request_id, mask)


# Makes the headers that authenticate one attempt, at a time in UTC.
Authorise = t.Callable[[Request, datetime], t.Mapping[str, str]]


def clock_skew(response: Response, now: datetime) -> float | None:
    """Seconds by which the clock of this host is ahead of that of the service; None without a header Date."""
    date = _http_date(response.headers.get("Date") or "")
    return None if date is None else (now - date).total_seconds()


def _http_date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)
