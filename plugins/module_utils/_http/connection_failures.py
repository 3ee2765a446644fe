# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Turns exceptions of the HTTP libraries into failures: what is wrong, and whether another attempt may succeed.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import errno
import http.client
import re
import resource
import socket
import ssl
import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    CONNECTION,
    TIMEOUT,
    TLS,
    ConnectionFailure,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.libraries import requests, urllib3
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.proxy import Proxy
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.retry import TRANSIENT_STATUSES
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import quoted, reason

# Errors of a network, a host or a service that is down for a while. Other errors of the system may come from a setting
# of this host: they are retried only if the server has answered before in this run.
_TRANSIENT_ERRNOS = frozenset(
    {
        errno.EADDRNOTAVAIL,
        errno.EAGAIN,
        errno.ECONNABORTED,
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.EINTR,
        errno.ENETDOWN,
        errno.ENETRESET,
        errno.ENETUNREACH,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.ENOTCONN,
        errno.EPIPE,
        errno.ETIMEDOUT,
    }
)


def connection_failure(
    error: BaseException, request: Request, timeout: float, proxy: Proxy | None = None
) -> ConnectionFailure:
    """Why no answer came, without the texts of the libraries, which may quote headers and passwords.

    :arg timeout: seconds, for the message.
    :arg proxy: that the request went through.
    """
    chain = list(_causes(error))

    def found(*kinds: type) -> t.Any:
        return next((cause for cause in chain if isinstance(cause, kinds)), None)

    def failed(
        kind: str, what: str, advice: str, transient: bool = False, transient_after_answer: bool = False
    ) -> ConnectionFailure:
        return ConnectionFailure(
            kind,
            what,
            advice,
            transient,
            transient_after_answer=transient_after_answer,
            request=_shown(request, proxy),
        )

    where = f"{request.endpoint.url} ({request.endpoint.source})"
    check = f"Check the network to {where}"
    if proxy:
        check = f"Check the proxy {proxy.address} ({proxy.variable}), and the network from there to {where}"
    # A closed connection is not a TLS error.
    closed = found(
        ssl.SSLEOFError,
        ssl.SSLZeroReturnError,
        http.client.RemoteDisconnected,
        http.client.IncompleteRead,
    )
    certificate, tls = found(ssl.SSLCertVerificationError), found(ssl.SSLError)
    # urllib3 1.26 compares the certificate's names itself, with an exception of its own.
    if certificate or (found(requests.exceptions.SSLError) and not tls):
        why = f": {certificate.verify_message}" if certificate else ""
        what = f"The certificate of {request.endpoint.host} is not trusted{why}"
        return failed(TLS, what, f"Check {where}. If its certificate authority is a private one, set ca_path")
    if tls and not closed:
        why = f": {tls.reason}" if getattr(tls, "reason", None) else ""
        advice = f"Check that {where} supports TLS 1.2 or later"
        return failed(TLS, f"The TLS connection failed{why}", advice, transient_after_answer=True)
    # There is no other sign of a proxy's refusal than this text of http.client's.
    tunnel = next(filter(None, (re.search(r"Tunnel connection failed: (\d{3})", str(cause)) for cause in chain)), None)
    if tunnel:
        return failed(CONNECTION, *_refused_by_proxy(int(tunnel[1]), request, proxy))
    lookup = found(socket.gaierror)
    if lookup and lookup.errno == socket.EAI_AGAIN:
        return failed(
            CONNECTION,
            "The name service (DNS) did not answer",
            "Check the DNS settings of the host that the module runs on",
            True,
        )
    if lookup:
        host, source = request.endpoint.host, f"the {request.endpoint.source}"
        if proxy:
            host, source = f"of the proxy {proxy.address}", proxy.variable
        return failed(CONNECTION, f"The host {host} is unknown", f"Check {source}", transient_after_answer=True)
    # urllib3 raises a time-out for any connection that fails; its cause shows the real error.
    timeouts = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError, socket.timeout)
    if any(isinstance(c, timeouts) and not isinstance(c, urllib3.exceptions.NewConnectionError) for c in chain):
        return failed(TIMEOUT, f"The server did not answer within {timeout:g} s", f"{check}, or raise timeout", True)
    if closed:
        return failed(CONNECTION, "The connection was closed before the answer was complete", check, True)
    numbered = next((cause for cause in chain if isinstance(cause, OSError) and cause.errno), None)
    if numbered and numbered.errno == errno.EMFILE:
        limit, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        what = f"No connection can be opened: the limit of {limit} open files is reached"
        return failed(CONNECTION, what, "Raise the limit (ulimit -n) on the host that the module runs on")
    if numbered:
        transient = numbered.errno in _TRANSIENT_ERRNOS
        return failed(CONNECTION, f"The connection failed: {reason(numbered)}", check, transient, True)
    invalid = (requests.exceptions.InvalidURL, urllib3.exceptions.LocationValueError)
    of_libraries = (requests.RequestException, urllib3.exceptions.HTTPError)
    # urllib3 1.26 has a TypeError behind each error that comes while it waits: only the outermost error counts.
    if found(*invalid) or (isinstance(error, (TypeError, ValueError)) and not isinstance(error, of_libraries)):
        return failed(CONNECTION, "The request cannot be sent", f"Check the {request.endpoint.source}")
    return failed(
        CONNECTION, "The server did not answer with HTTP", f"Check that {where} is the endpoint of the service"
    )


def compressed_answer(encoding: str, request: Request, proxy: Proxy | None) -> ConnectionFailure:
    """A compressed answer does not come from the service, which was asked for none."""
    return ConnectionFailure(
        CONNECTION,
        f"The answer is compressed ({quoted(encoding)}), although the request forbids that",
        f"Check that {request.endpoint.url} ({request.endpoint.source}) is the endpoint of the service",
        False,
        request=_shown(request, proxy),
    )


def _shown(request: Request, proxy: Proxy | None) -> str:
    return f"{request.method} {request.url}{f', through the proxy {proxy.address}' if proxy else ''}"


def _refused_by_proxy(status: int, request: Request, proxy: Proxy | None) -> tuple[str, str, bool]:
    """What is wrong, what to do, and whether another attempt may help."""
    variable = proxy.variable if proxy else "HTTPS_PROXY"
    if status == 407 and proxy and proxy.has_credentials:
        what = "The proxy refused the user name or the password (HTTP 407)"
        return what, f"Correct them in {variable}. Special characters in them must be percent-encoded", False
    if status == 407:
        what = "The proxy requires a user name and a password (HTTP 407)"
        return what, f"Put them into {variable}: http://user:password@host:port", False
    what = f"The proxy refused the connection to {request.endpoint.host} (HTTP {status})"
    return what, f"Check {variable} and NO_PROXY, and whether the proxy allows this host", status in TRANSIENT_STATUSES


def _causes(error: BaseException | None) -> t.Iterator[BaseException]:
    """An exception and all that it was raised from: requests wraps urllib3's, which wrap the system's."""
    seen: set[int] = set()
    todo: list[t.Any] = [error]
    while todo:
        cause = todo.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        todo += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
