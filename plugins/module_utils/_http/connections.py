# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Single attempts over kept-alive connections, with the library requests.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import http.client
import io
import math
import socket
import ssl
import time
import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import LONGEST_SECONDS, check_range
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.failures import connection_failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.libraries import (
    HTTPAdapter,
    get_environ_proxies,
    requests,
    urllib3,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response

# More than the longest answer documented, a list of 100 sync tasks.
MAX_BODY_BYTES = 1024 * 1024


class _UntilTimeout(io.RawIOBase):
    """What a socket receives until its time-out has passed since the first byte was waited for.

    A socket's own time-out is for each wait: who sends a byte now and then could keep a run waiting for ever.
    """

    def __init__(self, received: io.RawIOBase, timeout: float | None) -> None:
        super().__init__()
        self._received = received
        self._until = math.inf if timeout is None else time.monotonic() + timeout

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int | None:
        if time.monotonic() > self._until:
            raise socket.timeout("timed out")
        return self._received.readinto(buffer)

    def close(self) -> None:
        self._received.close()
        super().close()


class _HTTPResponse(http.client.HTTPResponse):
    """An answer that has to be there, with its headers and its body, before the time is over."""

    def __init__(self, sock: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_UntilTimeout(self.fp.detach(), sock.gettimeout()))


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
        _bound_answers(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: t.Any) -> t.Any:
        is_known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **self._tls, **kwargs)
        if not is_known:
            _bound_answers(manager)
        return manager

    def cert_verify(self, conn: t.Any, url: str, verify: t.Any, cert: t.Any) -> None:
        """Do nothing: the base class would add certifi's certificates to the context, anew for each connection."""


def _bound_answers(manager: t.Any) -> None:
    """Give urllib3's pools, whichever they are, connections whose answers are bounded in time."""
    classes = {}
    for scheme, pool in manager.pool_classes_by_scheme.items():
        connection = type("_Connection", (pool.ConnectionCls,), {"response_class": _HTTPResponse})
        classes[scheme] = type("_Pool", (pool,), {"ConnectionCls": connection})
    manager.pool_classes_by_scheme = classes


class Connections:
    """Makes single attempts over kept-alive connections.

    :arg context: for all the connections.
    :arg timeout: seconds, for connecting and for each wait for an answer.
    :arg connections: how many are kept alive.
    """

    def __init__(self, context: ssl.SSLContext, timeout: float, user_agent: str, connections: int = 1) -> None:
        check_range("timeout", timeout, 0.001, LONGEST_SECONDS, "seconds")
        self._context = context
        self._timeout = timeout
        self._user_agent = user_agent
        self._adapter = _Adapter(context, connections)
        self._proxies: dict[str, dict[str, str]] = {}
        if context.verify_mode == ssl.CERT_NONE:
            # The module warns once, in words a user can act on.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def exchange(self, request: Request, headers: t.Mapping[str, str]) -> Response:
        """Make one attempt.

        :arg headers: all but those that HTTP itself needs.
        :raises ConnectionFailure: no answer came, or only a part of one that would have been a success.
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
        try:
            response = self._adapter.send(
                prepared,
                stream=True,
                timeout=timeout,
                verify=self._context.verify_mode != ssl.CERT_NONE,
                proxies=self._proxies_for(request.endpoint),
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
            raise connection_failure(error, request, timeout[1]) from None
        try:
            body = self._read_body(response.raw)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            response.raw.close()
            # The status of a refusal says enough: to send it again because of its text could lock a key.
            if response.status_code == 200:
                raise connection_failure(error, request, timeout[1]) from None
            body = b""
        return Response(response.status_code, response.headers, body)

    @staticmethod
    def _read_body(raw: t.Any) -> bytes:
        """Read up to a limit."""
        # read1 returns with what is there; urllib3 1.26 has only the one that waits for all it is asked for. Neither
        # takes half an answer for a whole one.
        read = raw.read1 if hasattr(raw, "read1") else raw.read
        raw.enforce_content_length = True
        # What was compressed again and again grows a thousandfold with each layer, and old versions of urllib3 do not
        # bound that. None was asked for.
        decode = "," not in raw.headers.get("Content-Encoding", "")
        body = bytearray()
        while piece := read(8192, decode_content=decode):
            body += piece
            if len(body) >= MAX_BODY_BYTES:
                raw.close()
                return bytes(body[:MAX_BODY_BYTES])
        raw.release_conn()
        return bytes(body)

    def _proxies_for(self, endpoint: Endpoint) -> dict[str, str]:
        """The proxies that the environment names for an endpoint, looked up once."""
        if endpoint.url not in self._proxies:
            # Plain http is allowed on loopback only, since nothing of it leaves the machine: so it goes to no proxy.
            plain = endpoint.url.startswith("http://")
            self._proxies[endpoint.url] = {} if plain else get_environ_proxies(endpoint.url, no_proxy=None)
        return self._proxies[endpoint.url]
