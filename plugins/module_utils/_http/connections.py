# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Single attempts over kept-alive connections, with the library requests.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import LONGEST_SECONDS, check_range
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.connection_failures import (
    compressed_answer,
    connection_failure,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.libraries import HTTPAdapter, requests, urllib3
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.proxy import Proxy, find_proxy

# More than the longest answer documented, a list of 100 sync tasks.
MAX_BODY_BYTES = 1024 * 1024


class _Adapter(HTTPAdapter):
    """requests' adapter with a TLS context of our own, in which it loads nothing more."""

    def __init__(self, context: ssl.SSLContext, connections: int) -> None:
        if urllib3.__version__.startswith("1."):
            # It names no host to the context where that is an address, and compares names itself if the context does
            # not. With a context that is to compare, there would be no connection to an address.
            context.check_hostname = False
        self._tls: dict[str, t.Any] = {"ssl_context": context, "cert_reqs": context.verify_mode}
        super().__init__(pool_connections=4, pool_maxsize=connections)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: t.Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **self._tls, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: t.Any) -> t.Any:
        return super().proxy_manager_for(proxy, **self._tls, **kwargs)

    def cert_verify(self, conn: t.Any, url: str, verify: t.Any, cert: t.Any) -> None:
        """Do nothing: the base class would add certifi's certificates to the context, anew for each connection."""


class Connections:
    """Makes single attempts over kept-alive connections.

    :arg context: for all the connections.
    :arg timeout: seconds, for connecting, for each wait for an answer, and for its whole body.
    :arg connections: how many are kept alive.
    """

    def __init__(self, context: ssl.SSLContext, timeout: float, user_agent: str, connections: int = 1) -> None:
        check_range("timeout", timeout, 0.001, LONGEST_SECONDS, "seconds")
        self._context = context
        self._timeout = timeout
        self._user_agent = user_agent
        self._adapter = _Adapter(context, connections)
        self._proxies: dict[str, Proxy | None] = {}
        if context.verify_mode == ssl.CERT_NONE:
            # The module warns once, in words a user can act on.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def exchange(self, request: Request, headers: t.Mapping[str, str]) -> Response:
        """Make one attempt.

        :arg headers: all but those that HTTP itself needs.
        :raises ConnectionFailure: no answer came, or only a part of one that would have been a success, or something
            that the service does not send.
        """
        # The adapter and not a session: a session adds cookies, credentials from .netrc and redirects to each request,
        # at three times the price.
        prepared = requests.PreparedRequest()
        prepared.method = request.method
        prepared.url = request.url
        prepared.headers = t.cast(
            t.Any,
            {
                **headers,
                "Host": request.endpoint.host,
                "User-Agent": self._user_agent,
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "Content-Length": str(len(request.body)),
            },
        )
        prepared.body = request.body
        timeout = request.timeout or (self._timeout, self._timeout)
        proxy = self.proxy_for(request.endpoint)
        try:
            response = self._adapter.send(
                prepared,
                stream=True,
                timeout=timeout,
                verify=self._context.verify_mode != ssl.CERT_NONE,
                proxies={"https": proxy.url} if proxy else {},
            )
        # requests 2.25 has an AttributeError for a Content-Type whose charset is no more than a word.
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
            ValueError,
            TypeError,
            AttributeError,
        ) as error:
            raise connection_failure(error, request, timeout[1], proxy) from None
        # A connection that can be used again has been given back by then.
        with contextlib.closing(response.raw):
            # The status of a refusal is enough. Another attempt because of its body could lock an access key.
            is_success = 200 <= response.status_code < 300
            encoding = response.headers.get("Content-Encoding", "").strip()
            if encoding.lower() not in ("", "identity"):
                # Never decoded: a kilobyte can become gigabytes, which old versions of urllib3 do not bound.
                if is_success:
                    raise compressed_answer(encoding, request, proxy) from None
                return Response(response.status_code, response.headers)
            try:
                body = _read_body(response.raw, timeout[1])
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                if is_success:
                    raise connection_failure(error, request, timeout[1], proxy) from None
                body = b""
            return Response(response.status_code, response.headers, body)

    def proxy_for(self, endpoint: Endpoint) -> Proxy | None:
        """The proxy that the environment names for an endpoint, looked up once.

        :raises ArgumentError: it cannot be used.
        """
        if endpoint.url not in self._proxies:
            self._proxies[endpoint.url] = find_proxy(endpoint)
        return self._proxies[endpoint.url]


def _read_body(raw: t.Any, seconds: float) -> bytes:
    """Read a body up to a limit of bytes and of seconds.

    The time-out of a socket is for each wait: a server that sends a byte now and then could block a run without end.
    """
    # Neither takes half an answer for a whole one.
    raw.enforce_content_length = True
    until = time.monotonic() + seconds
    # read1 returns with what is there. urllib3 before 2.1 has only read, which waits for all that it is asked for: one
    # byte at a time is the only way to notice that the time is over.
    read, size = (raw.read1, 8192) if hasattr(raw, "read1") else (raw.read, 1)
    body = bytearray()
    while piece := read(size, decode_content=False):
        body += piece
        if len(body) >= MAX_BODY_BYTES:
            return bytes(body[:MAX_BODY_BYTES])
        if time.monotonic() > until:
            raise socket.timeout("timed out")
    raw.release_conn()
    return bytes(body)
