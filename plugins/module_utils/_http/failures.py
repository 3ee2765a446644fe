# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Exceptions of the HTTP libraries become ours.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import http.client
import re
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
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.retry import TRANSIENT_STATUSES
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import reason


def connection_failure(error: BaseException, request: Request, timeout: float) -> ConnectionFailure:
    """Say in our own words what kept an answer from coming: the libraries' texts may quote headers and passwords.

    :arg timeout: seconds, for the message.
    """
    chain = list(_causes(error))

    def found(*kinds: type) -> t.Any:
        return next((cause for cause in chain if isinstance(cause, kinds)), None)

    def failed(kind: str, what: str, advice: str, transient: bool) -> ConnectionFailure:
        return ConnectionFailure(kind, f"{request}: {what}", advice, transient)

    where = f"{request.endpoint.url} ({request.endpoint.source})"
    # Who hangs up does not speak TLS wrongly.
    hung_up = found(
        ssl.SSLEOFError,
        ssl.SSLZeroReturnError,
        http.client.RemoteDisconnected,
        http.client.IncompleteRead,
    )
    certificate, tls = found(ssl.SSLCertVerificationError), found(ssl.SSLError)
    # urllib3 1.26 compares the certificate's names itself, with an exception of its own.
    if certificate or (found(requests.exceptions.SSLError) and not tls):
        why = f": {certificate.verify_message}" if certificate else ""
        what = f"the certificate was not accepted{why}"
        return failed(TLS, what, f"Check {where}; for a private certificate authority give ca_path", False)
    if tls and not hung_up:
        why = f": {tls.reason}" if getattr(tls, "reason", None) else ""
        return failed(TLS, f"no TLS connection{why}", f"Check that {where} speaks TLS", False)
    # There is no other sign of a proxy's refusal than this text of http.client's.
    tunnel = next(filter(None, (re.search(r"Tunnel connection failed: (\d{3})", str(cause)) for cause in chain)), None)
    if tunnel:
        status = int(tunnel[1])
        advice = "Check HTTPS_PROXY and NO_PROXY"
        if status == 407:
            advice = "The proxy wants credentials: give them in the URL in HTTPS_PROXY"
        return failed(CONNECTION, f"the proxy answered HTTP {status}", advice, status in TRANSIENT_STATUSES)
    lookup = found(socket.gaierror)
    if lookup and lookup.errno == socket.EAI_AGAIN:
        return failed(CONNECTION, "the look-up of the host's name failed for now", "Check the name service", True)
    if lookup:
        what = f"the host name is not known: {request.endpoint.host}"
        return failed(CONNECTION, what, f"Check the {request.endpoint.source}, and the proxy where there is one", False)
    # urllib3 counts any connection that can't be made among the time-outs; its cause says which are.
    timeouts = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError, socket.timeout)
    if any(isinstance(c, timeouts) and not isinstance(c, urllib3.exceptions.NewConnectionError) for c in chain):
        what = f"no answer within {timeout:g} s"
        return failed(TIMEOUT, what, f"Check the network to {where}, or raise timeout", True)
    # Only if it is the error itself: urllib3 1.26 has a TypeError behind each error that comes while it waits.
    if found(requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) or isinstance(error, TypeError):
        what = "no request can be made to this endpoint, or through this proxy"
        return failed(CONNECTION, what, f"Check the {request.endpoint.source}, and the URL in HTTPS_PROXY", False)
    numbered = next((cause for cause in chain if isinstance(cause, OSError) and cause.errno), None)
    if hung_up:
        what = "the connection was closed before the answer was complete"
    elif numbered:
        what = reason(numbered)
    else:
        return failed(CONNECTION, "what came back is not HTTP", f"Check that {where} is the service", False)
    return failed(CONNECTION, what, f"Check {where}, and the proxy where there is one", True)


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
