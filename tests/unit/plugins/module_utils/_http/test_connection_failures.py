# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What the libraries' exceptions become: the message, and whether another attempt may help."""

from __future__ import annotations

import errno
import http.client
import os
import resource
import socket
import ssl

import pytest
import requests
import urllib3
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.connection_failures import connection_failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.proxy import Proxy

SECRET = "Marker-0123456789"
HOST = "oms.cn-north-4.myhuaweicloud.com"
WHERE = f"https://{HOST} (region cn-north-4)"
REQUEST = Request("POST", Endpoint(f"https://{HOST}", "region cn-north-4"), "/v2")
PROXY = Proxy(f"http://user:{SECRET}@proxy:3128", "http://proxy:3128", "HTTPS_PROXY")
NETWORK = f"Check the network to {WHERE}"
CLOSED = f"The connection was closed before the answer was complete. {NETWORK}"

ALWAYS, ONCE_ANSWERED, NEVER = (True, True), (False, True), (False, False)


def raised_from(error: BaseException, *causes: BaseException) -> BaseException:
    """The error as a library raises it while it handles another."""
    last = error
    for cause in causes:
        last.__cause__ = cause
        last = cause
    return error


def numbered(number: int) -> OSError:
    return OSError(number, "text of the system")


def lookup(number: int) -> OSError:
    return socket.gaierror(number, "text of the system")


def certificate(message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    error.verify_message = message
    return error


def alert(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] alert")
    error.reason = reason
    return error


def tunnel(status: int) -> OSError:
    return OSError(f"Tunnel connection failed: {status} Reason")


UNKNOWN = f"The host {HOST} is unknown. Check the region cn-north-4"
CASES = {
    "unknown host": (lookup(socket.EAI_NONAME), "connection", ONCE_ANSWERED, UNKNOWN),
    "no address": (lookup(socket.EAI_NODATA), "connection", ONCE_ANSWERED, UNKNOWN),
    "name service failed": (lookup(socket.EAI_FAIL), "connection", ONCE_ANSWERED, UNKNOWN),
    "name service silent": (
        lookup(socket.EAI_AGAIN),
        "connection",
        ALWAYS,
        "The name service (DNS) did not answer. Check the DNS settings of the host that the module runs on",
    ),
    "timed out": (
        TimeoutError(errno.ETIMEDOUT, "Connection timed out"),
        "timeout",
        ALWAYS,
        f"The server did not answer within 2.5 s. {NETWORK}, or raise timeout",
    ),
    **{
        errno.errorcode[number]: (
            numbered(number),
            "connection",
            ALWAYS,
            f"The connection failed: {os.strerror(number).lower()}. {NETWORK}",
        )
        for number in (
            errno.ECONNREFUSED,
            errno.ECONNRESET,
            errno.ECONNABORTED,
            errno.EPIPE,
            errno.EHOSTUNREACH,
            errno.ENETUNREACH,
            errno.ENETDOWN,
            errno.EADDRNOTAVAIL,
            errno.ENFILE,
        )
    },
    "forbidden by the host": (
        numbered(errno.EPERM),
        "connection",
        ONCE_ANSWERED,
        f"The connection failed: operation not permitted. {NETWORK}",
    ),
    "files": (
        numbered(errno.EMFILE),
        "connection",
        NEVER,
        f"No connection can be opened: the limit of {resource.getrlimit(resource.RLIMIT_NOFILE)[0]} open files is"
        " reached. Raise the limit (ulimit -n) on the host that the module runs on",
    ),
    "end of TLS": (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "connection", ALWAYS, CLOSED),
    "no answer at all": (http.client.RemoteDisconnected("no response"), "connection", ALWAYS, CLOSED),
    "half an answer": (http.client.IncompleteRead(b"half"), "connection", ALWAYS, CLOSED),
    "TLS": (
        ssl.SSLError("no reason known"),
        "tls",
        ONCE_ANSWERED,
        f"The TLS connection failed. Check that {WHERE} supports TLS 1.2 or later",
    ),
    "TLS alert": (
        alert("TLSV1_ALERT_INTERNAL_ERROR"),
        "tls",
        ONCE_ANSWERED,
        f"The TLS connection failed: TLSV1_ALERT_INTERNAL_ERROR. Check that {WHERE} supports TLS 1.2 or later",
    ),
    "certificate": (
        certificate("certificate has expired"),
        "tls",
        NEVER,
        f"The certificate of {HOST} is not trusted: certificate has expired. Check {WHERE}."
        " If its certificate authority is a private one, set ca_path",
    ),
    "proxy": (
        tunnel(502),
        "connection",
        ALWAYS,
        f"The proxy refused the connection to {HOST} (HTTP 502). Check HTTPS_PROXY and NO_PROXY, and whether the proxy"
        " allows this host",
    ),
    "proxy's credentials": (
        tunnel(407),
        "connection",
        NEVER,
        "The proxy requires a user name and a password (HTTP 407). Put them into HTTPS_PROXY:"
        " http://user:password@host:port",
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("wrap", range(5))
def test_an_error_is_known_however_it_is_wrapped(case: str, wrap: int) -> None:
    error, kind, transient, text = CASES[case]
    # A copy: what wraps an exception changes it.
    error = type(error)(*error.args) if wrap else error
    for name in ("reason", "verify_message"):
        if hasattr(CASES[case][0], name):
            setattr(error, name, getattr(CASES[case][0], name))
    pool = urllib3.HTTPSConnectionPool(HOST)
    wrapped = [
        error,
        raised_from(requests.ConnectionError(f"text with {SECRET}"), error),
        requests.ConnectionError(urllib3.exceptions.MaxRetryError(pool, "/", error)),
        raised_from(ValueError("outer"), RuntimeError("inner"), error),
        ValueError("outer"),
    ][wrap]
    if wrap == 4:
        wrapped.__context__ = error

    caught = connection_failure(wrapped, REQUEST, 2.5)

    assert (caught.transient, caught.transient_after_answer) == transient
    assert (caught.kind, str(caught)) == (kind, f"{text}. (POST https://{HOST}/v2)")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (urllib3.exceptions.LocationParseError("label empty or too long"), "The request cannot be sent"),
        (requests.exceptions.InvalidURL(f"http://user:{SECRET}@"), "The request cannot be sent"),
        (ValueError(f"Invalid header value {SECRET}"), "The request cannot be sent"),
        (UnicodeEncodeError("latin-1", SECRET, 0, 1, "ordinal not in range"), "The request cannot be sent"),
        (http.client.BadStatusLine("SSH-2.0"), "The server did not answer with HTTP"),
        (AttributeError("strip"), "The server did not answer with HTTP"),
        (requests.ConnectionError("unknown"), "The server did not answer with HTTP"),
    ],
)
def test_what_never_helps_to_repeat(error: Exception, text: str) -> None:
    caught = connection_failure(error, REQUEST, 1)

    assert (caught.kind, caught.transient, caught.transient_after_answer) == ("connection", False, False)
    assert str(caught).startswith(f"{text}. ")
    assert SECRET not in repr(caught)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (lookup(socket.EAI_NONAME), "The host of the proxy http://proxy:3128 is unknown. Check HTTPS_PROXY."),
        (
            numbered(errno.ECONNREFUSED),
            "The connection failed: connection refused. Check the proxy http://proxy:3128 (HTTPS_PROXY), and the"
            f" network from there to {WHERE}.",
        ),
        (
            tunnel(407),
            "The proxy refused the user name or the password (HTTP 407). Correct them in HTTPS_PROXY. Special"
            " characters in them must be percent-encoded.",
        ),
    ],
)
def test_the_proxy_is_named_without_its_password(error: OSError, text: str) -> None:
    caught = connection_failure(error, REQUEST, 1, PROXY).after(3)

    assert str(caught) == f"{text} (POST https://{HOST}/v2, through the proxy http://proxy:3128, 3 attempts)"
    assert SECRET not in repr(PROXY)


def test_a_reset_stays_one_where_urllib3_tried_something_else_before() -> None:
    """Version 1.26 calls getresponse with an argument that Python 3 does not know, and then without."""
    reset = ConnectionResetError(errno.ECONNRESET, "reset")
    reset.__context__ = TypeError("unexpected keyword argument 'buffering'")
    wrapped = requests.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted.", reset))

    caught = connection_failure(wrapped, REQUEST, 1)

    assert (caught.kind, caught.transient) == ("connection", True)
    assert "connection reset by peer" in str(caught)


def test_errors_in_a_ring_come_to_an_end() -> None:
    one, two = RuntimeError("one"), RuntimeError("two")
    one.__context__, two.__context__ = two, one

    assert str(connection_failure(one, REQUEST, 1)).startswith("The server did not answer with HTTP. ")
