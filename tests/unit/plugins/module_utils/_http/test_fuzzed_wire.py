# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Any bytes as an answer, over a socket and through the real libraries: a response, or one of our failures."""

from __future__ import annotations

import socket
import threading
import typing as t
from contextlib import suppress

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ConnectionFailure
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.connections import MAX_BODY_BYTES, Connections
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.tls_context import tls_context
from ansible_collections.huaweicloud.oms.tests.unit.fuzzing import assert_readable, bounded
from hypothesis import example, given
from hypothesis import strategies as st

# Coverage would double their time; other tests cover the same code.
pytestmark = pytest.mark.no_cover

SECRET = "Marker-0123456789"


class Answering:
    """A server on loopback that reads a request and sends whatever it was told, and hangs up."""

    def __init__(self) -> None:
        self.says = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = Endpoint(f"http://127.0.0.1:{self._listener.getsockname()[1]}", "option endpoint")
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _address = self._listener.accept()
                with connection, suppress(OSError):
                    connection.settimeout(5)
                    connection.recv(65536)
                    connection.sendall(self.says)

    def close(self) -> None:
        # A listener that is only closed would leave the thread in accept().
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(6)
        assert not self._thread.is_alive()


@pytest.fixture(scope="module")
def server() -> t.Iterator[Answering]:
    answering = Answering()
    yield answering
    answering.close()


VALUES = st.one_of(
    st.binary(max_size=30).filter(lambda value: b"\n" not in value),
    st.sampled_from([b"", b"0", b"-1", b"1, 2", b"5", b"99999999999999999999", b"\xb2", b"x" * 70_000, b"a\r\n b"]),
)
NAMES = st.sampled_from(
    [
        b"Content-Length",
        b"Transfer-Encoding",
        b"Content-Encoding",
        b"Content-Type",
        b"Set-Cookie",
        b"Connection",
        b"Location",
        b"Retry-After",
        b"X-Request-Id",
        b"",
        b" ",
        b"a b",
        b"\xff",
    ]
)
HEADERS = st.one_of(
    st.builds(lambda name, value: name + b": " + value, NAMES, VALUES),
    st.sampled_from(
        [
            b"Transfer-Encoding: chunked",
            b"Content-Encoding: gzip",
            b"Content-Encoding: deflate",
            b"Content-Encoding: br, zstd",
            b'Set-Cookie: a=b; expires=Thu, 99 Jan 99999 99:99:99 GMT; max-age=x; port="y"; version=z',
            b"Content-Type: text/html; charset",
            b"Content-Type: multipart/mixed; boundary=",
            b"no colon",
            b" folded",
        ]
    ),
)
STARTS = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [
            b"HTTP/1.1 200 OK",
            b"HTTP/1.1 200",
            b"HTTP/1.0 400 ",
            b"HTTP/1.1 204 x",
            b"HTTP/1.1 304 x",
            b"HTTP/1.1 101 x",
            b"HTTP/2 200",
            b"HTTP/1.1 99 x",
            b"HTTP/1.1 1000 x",
            b"HTTP/1.1 -20 x",
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"",
        ]
    ),
)
CHUNKS = st.sampled_from(
    [b"5\r\nabcde\r\n0\r\n\r\n", b"5;a=b\r\nabcde\r\n", b"-5\r\nabcde", b"zz\r\n", b"f" * 200, b"0\r\nA: b"]
)


@bounded(500)
@given(STARTS, st.lists(HEADERS, max_size=4), CHUNKS | st.binary(max_size=60))
@example(b"HTTP/1.1 400 Bad", [b"Content-Type: text/html; charset"], b"")
@example(b"HTTP/1.1 200 OK", [b"X-Request-Id: a\r\n\tb"], b"")
@example(b"HTTP/1.1 200 OK", [b"Content-Length: 5", b"Content-Length: 6"], b"abcdef")
@example(b"HTTP/1.1 200 OK", [b"Transfer-Encoding: chunked", b"Content-Length: 3"], b"5\r\nabcde\r\n0\r\n\r\n")
@example(b"HTTP/1.1 200 OK", [b"Content-Encoding: gzip"], b"\x1f\x8b\x08" + b"\0" * 20)
def test_any_bytes(server: Answering, start: bytes, headers: list[bytes], body: bytes) -> None:
    server.says = b"\r\n".join([start, *headers, b"", body])
    context, _warning = tls_context(True, None, {}, needed=False)
    request = Request("POST", server.endpoint, "/v2/p/sync-tasks/t/events", body=b"{}")
    connections = Connections(context, 2.0, "agent/1.0")
    try:
        response = connections.exchange(request, {"X-Auth-Token": SECRET})
    except ConnectionFailure as failure:
        said = repr(failure)
        assert_readable(said)
        assert SECRET not in said
        return
    assert isinstance(response, Response)
    assert len(response.body) <= MAX_BODY_BYTES
    assert_readable(str(response.answer(lambda text: text)))
    assert isinstance(response.request_id, str)
