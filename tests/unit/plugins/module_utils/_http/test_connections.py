# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Single attempts over real sockets on loopback: what goes over the wire, and what is made of all that can go wrong."""

from __future__ import annotations

import base64
import gzip
import socket
import ssl
import struct
import threading
import time
import typing as t
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import pytest
import requests
import trustme
import urllib3
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ConnectionFailure
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.connections import MAX_BODY_BYTES, Connections
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.tls_context import tls_context
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.transport import open_transport
from ansible_collections.huaweicloud.oms.plugins.module_utils._version import COLLECTION_VERSION

SECRET = "Marker-0123456789"
HOST = "oms.cn-north-4.myhuaweicloud.com"
PATH = "/v2/p/sync-tasks/t/events"

# What a server does with a connection once it has read a request: the bytes of an answer, or a function that returns
# the socket to go on with, or None where it has ended the connection.
Answer: t.TypeAlias = "bytes | Callable[[socket.socket], socket.socket | None]"


@dataclass
class Seen:
    """A request as it arrived."""

    connection: int
    line: str
    headers: list[str]
    body: bytes

    def header(self, name: str) -> list[str]:
        return [line.split(": ", 1)[1] for line in self.headers if line.lower().startswith(f"{name.lower()}:")]


def answer(status: int = 200, body: bytes = b"", *headers: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status} Reason", f"Content-Length: {len(body)}", *headers, "", "")).encode() + body


def read_request(connection: socket.socket, number: int) -> Seen | None:
    with connection.makefile("rb") as lines:
        line = lines.readline().decode().strip()
        if not line:
            return None
        headers = []
        while header := lines.readline().decode("latin-1").strip():
            headers.append(header)
        seen = Seen(number, line, headers, b"")
        seen.body = lines.read(int((seen.header("Content-Length") or ["0"])[0]))
        return seen


def read_anything(connection: socket.socket, number: int) -> Seen:
    return Seen(number, "", [], connection.recv(4096))


@dataclass
class Server:
    """A server on loopback that gives its answers in order; each request must have one, and each one a request."""

    answers: list[Answer]
    context: ssl.SSLContext | None = None
    read: Callable[[socket.socket, int], Seen | None] = read_request
    seen: list[Seen] = field(default_factory=list)
    too_many: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        self.open: list[socket.socket] = []

    @property
    def endpoint(self) -> Endpoint:
        scheme = "https" if self.context else "http"
        return Endpoint(f"{scheme}://127.0.0.1:{self.port}", "option endpoint")

    def _accept(self) -> None:
        with suppress(OSError):
            for number in range(1, 100):
                connection, _address = self._listener.accept()
                connection.settimeout(5)
                self.open.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection, number), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        # A client that does not like the certificate, or the answer, hangs up.
        with suppress(OSError):
            going_on: socket.socket | None = connection
            if self.context:
                going_on = self.context.wrap_socket(connection, server_side=True)
            while going_on and (seen := self.read(going_on, number)):
                self.seen.append(seen)
                if not self.answers:
                    self.too_many += 1
                    break
                reply = self.answers.pop(0)
                if isinstance(reply, bytes):
                    going_on.sendall(reply)
                else:
                    going_on = reply(going_on)
            if going_on:
                going_on.close()

    def close(self) -> None:
        # A listener that is only closed would leave the thread in accept().
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(6)
            assert not thread.is_alive()


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[Server] = []

    def start(*answers: Answer, **options: t.Any) -> Server:
        servers.append(Server(list(answers), **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
        assert not server.answers, "a request too few"
        assert not server.too_many, "a request too many"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests must not depend on the proxies of whoever runs them."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


# Making keys takes a while: one authority does for all.
@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_path(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def server_context(authority: trustme.CA, host: str = "127.0.0.1", **options: t.Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host, **options).configure_cert(context)
    return context


def connections(timeout: float = 2.0, ca_path: str | None = None, validate_certs: bool = True) -> Connections:
    context, _warning = tls_context(validate_certs, ca_path, {}, needed=bool(ca_path))
    return Connections(context, timeout, "agent/1.0")


def event(endpoint: Endpoint) -> Request:
    return Request("POST", endpoint, PATH, body=b'{"object_keys":["a%2Fb"]}')


def exchange(endpoint: Endpoint, **options: t.Any) -> Response:
    return connections(**options).exchange(event(endpoint), {"X-Auth-Token": SECRET})


def failure(endpoint: Endpoint, **options: t.Any) -> ConnectionFailure:
    with pytest.raises(ConnectionFailure) as caught:
        exchange(endpoint, **options)
    assert SECRET not in repr(caught.value)
    assert caught.value.__suppress_context__
    return caught.value


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port where nobody listens, held so that nobody else takes it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


# ---- what goes over the wire


def test_a_request_arrives_as_it_was_meant(serve: Serve) -> None:
    server = serve(answer(200, b'{"a": 1}', "X-Request-Id: 0a1b", "Content-Type: application/json"))
    request = Request(
        "POST", server.endpoint, "/v2/a b", (("z", "1"), ("a", "2 3")), {"Content-Type": "application/json"}, b"{}"
    )

    response = connections().exchange(request, {**request.headers, "X-Auth-Token": "token"})

    assert server.seen[0].line == "POST /v2/a%20b?a=2%203&z=1 HTTP/1.1"
    assert server.seen[0].body == b"{}"
    assert sorted(server.seen[0].headers, key=str.lower) == [
        "Accept-Encoding: identity",
        "Accept: application/json",
        "Content-Length: 2",
        "Content-Type: application/json",
        f"Host: 127.0.0.1:{server.port}",
        "User-Agent: agent/1.0",
        "X-Auth-Token: token",
    ]
    assert (response.status, response.body, response.request_id) == (200, b'{"a": 1}', "0a1b")
    assert response.headers["content-TYPE"] == "application/json"


def test_a_request_without_a_body_says_so(serve: Serve) -> None:
    server = serve(answer())
    connections().exchange(Request("GET", server.endpoint, "/v2"), {})

    assert server.seen[0].line == "GET /v2 HTTP/1.1"
    assert server.seen[0].header("Content-Length") == ["0"]
    assert server.seen[0].body == b""


def test_the_user_agent_names_all_that_matters(serve: Serve) -> None:
    server = serve(answer())
    options = {"retries": 0, "retry_max_delay": 1.0, "validate_certs": True, "ca_path": None, "timeout": 2.0}
    transport, _warning = open_transport(options, {}, [server.endpoint], "2.19.14")

    transport.send(event(server.endpoint), lambda *_: {})

    version = f"huaweicloud.oms/{COLLECTION_VERSION} ansible-core/2.19.14 requests/{requests.__version__}"
    assert server.seen[0].header("User-Agent") == [version]


def test_one_connection_serves_for_many_requests(serve: Serve) -> None:
    server = serve(
        answer(200),
        answer(400, b'{"error_code": "OMS.0064"}'),
        answer(503, b"<html></html>"),
        answer(302, b"there", "Location: /"),
        answer(204),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        answer(200, b"last"),
    )
    client = connections()

    answers = [client.exchange(event(server.endpoint), {}) for _number in range(7)]

    assert [response.status for response in answers] == [200, 400, 503, 302, 204, 200, 200]
    assert [response.body for response in answers][-2:] == [b"abc", b"last"]
    assert {seen.connection for seen in server.seen} == {1}


def test_a_connection_that_the_server_closed_in_the_meantime_is_opened_anew(serve: Serve) -> None:
    closed = threading.Event()

    def answer_and_close(connection: socket.socket) -> None:
        connection.sendall(answer())
        connection.close()
        closed.set()

    server = serve(answer_and_close, answer())
    client = connections()
    client.exchange(event(server.endpoint), {})
    assert closed.wait(2)
    time.sleep(0.05)

    assert client.exchange(event(server.endpoint), {}).status == 200
    assert [seen.connection for seen in server.seen] == [1, 2]


def test_no_credentials_come_from_netrc(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login user password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert requests.utils.get_netrc_auth("http://127.0.0.1") == ("user", "hunter2")
    server = serve(answer())

    exchange(server.endpoint)

    assert server.seen[0].header("Authorization") == []


def test_no_cookie_is_kept(serve: Serve) -> None:
    server = serve(answer(200, b"", "Set-Cookie: a=b"), answer())
    client = connections()
    for _number in range(2):
        client.exchange(event(server.endpoint), {})

    assert server.seen[1].header("Cookie") == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_returned_and_not_followed(serve: Serve, status: int) -> None:
    elsewhere = serve()
    server = serve(answer(status, b"", f"Location: {elsewhere.endpoint.url}/"))

    response = exchange(server.endpoint)

    assert response.status == status
    assert response.headers["Location"] == f"{elsewhere.endpoint.url}/"
    assert elsewhere.seen == []


# ---- bodies


@pytest.mark.parametrize("size", [0, 1, 8192, 100_000, MAX_BODY_BYTES - 1])
def test_a_body_is_read_whole(serve: Serve, size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    # With urllib3 1.26 each byte takes its time.
    assert exchange(serve(answer(200, body)).endpoint, timeout=60).body == body


@pytest.mark.parametrize("status", [200, 400])
def test_a_body_without_a_length_ends_with_the_connection(serve: Serve, status: int) -> None:
    def without_length(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 {status} Reason\r\n\r\nall of it".encode())
        connection.close()

    response = exchange(serve(without_length).endpoint)

    assert (response.status, response.body) == (status, b"all of it")


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP", "identity, gzip", "zstd"])
def test_a_compressed_answer_does_not_come_from_the_service(serve: Serve, encoding: str) -> None:
    compressed = gzip.compress(b'{"error_code": "OMS.0064"}' * 1000)
    server = serve(
        answer(200, compressed, f"Content-Encoding: {encoding}"),
        answer(401, compressed, f"Content-Encoding: {encoding}"),
        answer(200, b"plain", "Content-Encoding: Identity"),
    )

    caught = failure(server.endpoint)
    refused = exchange(server.endpoint)

    assert (caught.kind, caught.transient, caught.transient_after_answer) == ("connection", False, False)
    assert str(caught).startswith(
        f'The answer is compressed ("{encoding}"), although the request forbids that. Check that {server.endpoint.url} '
    )
    # The status of a refusal says enough.
    assert (refused.status, refused.body) == (401, b"")
    assert exchange(server.endpoint).body == b"plain"


def test_a_body_over_the_limit_is_cut_and_the_connection_closed(serve: Serve) -> None:
    closed = threading.Event()

    def endless(connection: socket.socket) -> None:
        try:
            connection.sendall(b"HTTP/1.1 400 Reason\r\nContent-Length: 1000000000\r\n\r\n")
            while True:
                connection.sendall(b"x" * 8192)
        except ConnectionError:
            closed.set()

    server = serve(endless, answer())
    client = connections(timeout=60)

    response = client.exchange(event(server.endpoint), {})

    assert (response.status, response.body) == (400, b"x" * MAX_BODY_BYTES)
    assert closed.wait(10)
    assert client.exchange(event(server.endpoint), {}).status == 200
    assert [seen.connection for seen in server.seen] == [1, 2]


def truncated(status: int) -> Answer:
    def send(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 {status} Reason\r\nContent-Length: 100\r\n\r\nonly this".encode())
        connection.close()

    return send


def truncated_chunks(status: int) -> Answer:
    def send(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 {status} Reason\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nonly this".encode())
        connection.close()

    return send


def dripping(status: int) -> Answer:
    def send(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 {status} Reason\r\nContent-Length: 200\r\n\r\n".encode())
        with suppress(OSError):
            for _number in range(200):
                connection.sendall(b"x")
                time.sleep(0.02)
        connection.close()

    return send


def stalled(status: int) -> Answer:
    def send(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 {status} Reason\r\nContent-Length: 200\r\n\r\nonly this".encode())
        until_the_client_hangs_up(connection)

    return send


def until_the_client_hangs_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.recv(1)
    connection.close()


@pytest.mark.parametrize(
    ("body", "kind", "what"),
    [
        (truncated, "connection", "The connection was closed before the answer was complete"),
        (truncated_chunks, "connection", "The connection was closed before the answer was complete"),
        (dripping, "timeout", "The server did not answer within 0.2 s"),
        (stalled, "timeout", "The server did not answer within 0.2 s"),
    ],
)
@pytest.mark.parametrize("status", [200, 201])
def test_a_success_that_is_cut_short_is_transient(
    serve: Serve, body: Callable[[int], Answer], status: int, kind: str, what: str
) -> None:
    started = time.monotonic()
    caught = failure(serve(body(status)).endpoint, timeout=0.2)

    assert (caught.kind, caught.transient) == (kind, True)
    assert str(caught).startswith(f"{what}. ")
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize("body", [truncated, truncated_chunks, dripping, stalled])
@pytest.mark.parametrize("status", [400, 401, 503])
def test_a_refusal_that_is_cut_short_keeps_its_status(serve: Serve, body: Callable[[int], Answer], status: int) -> None:
    """To send a refused request again because of its text could lock a key."""
    server = serve(body(status), answer())
    client = connections(timeout=0.2)
    response = client.exchange(event(server.endpoint), {})

    assert (response.status, response.body) == (status, b"")
    # What is left of the body must not be taken for the next answer.
    assert client.exchange(event(server.endpoint), {}).status == 200
    assert [seen.connection for seen in server.seen] == [1, 2]


# ---- what can go wrong with a connection


def test_a_refused_connection(closed_port: int) -> None:
    caught = failure(Endpoint(f"http://127.0.0.1:{closed_port}", "option endpoint"))

    assert (caught.kind, caught.transient) == ("connection", True)
    assert str(caught) == (
        f"The connection failed: connection refused. Check the network to http://127.0.0.1:{closed_port} (option"
        f" endpoint). (POST http://127.0.0.1:{closed_port}/v2/p/sync-tasks/t/events)"
    )


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hang_up(connection: socket.socket) -> None:
    connection.close()


@pytest.mark.parametrize(
    ("end", "kind", "transient", "what"),
    [
        (reset, "connection", True, "The connection failed: connection reset by peer"),
        (hang_up, "connection", True, "The connection was closed before the answer was complete"),
        (until_the_client_hangs_up, "timeout", True, "The server did not answer within 0.2 s"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "connection", False, "The server did not answer with HTTP"),
        (b"HTTP/1.1 abc\r\n\r\n", "connection", False, "The server did not answer with HTTP"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 100_000, "connection", False, "The server did not answer with HTTP"),
        (
            b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
            "connection",
            False,
            "The server did not answer with HTTP",
        ),
    ],
)
def test_an_answer_that_does_not_come(serve: Serve, end: Answer, kind: str, transient: bool, what: str) -> None:
    caught = failure(serve(end).endpoint, timeout=0.2)

    assert (caught.kind, caught.transient, caught.attempts) == (kind, transient, 0)
    assert str(caught).startswith(f"{what}. ")


def test_a_timeout_says_what_to_do(serve: Serve) -> None:
    server = serve(until_the_client_hangs_up)

    assert str(failure(server.endpoint, timeout=0.2)) == (
        f"The server did not answer within 0.2 s. Check the network to {server.endpoint.url} (option endpoint), or"
        f" raise timeout. (POST {server.endpoint.url}/v2/p/sync-tasks/t/events)"
    )


# ---- TLS


def test_a_private_authority_is_trusted_where_ca_path_names_it(
    serve: Serve, authority: trustme.CA, ca_path: str
) -> None:
    server = serve(answer(200), answer(200), context=server_context(authority))
    context, _warning = tls_context(True, ca_path, {})
    client = Connections(context, 2.0, "agent/1.0")

    statuses = [client.exchange(event(server.endpoint), {}).status for _number in range(2)]

    assert statuses == [200, 200]
    assert {seen.connection for seen in server.seen} == {1}
    # The context was used as it is: neither another one nor this one with certifi's certificates added.
    assert context.cert_store_stats()["x509_ca"] == 1
    assert context.session_stats()["connect_good"] == 1


LONG_AGO = {
    "not_before": datetime(2001, 1, 1, tzinfo=timezone.utc),
    "not_after": datetime(2002, 1, 1, tzinfo=timezone.utc),
}


@pytest.mark.parametrize(
    ("host", "options", "trusted", "what"),
    [
        ("127.0.0.1", {}, False, "unable to get local issuer certificate"),
        ("oms.example.com", {}, True, "IP address mismatch"),
        ("127.0.0.1", LONG_AGO, True, "certificate has expired"),
    ],
)
def test_a_certificate_that_is_not_valid_is_permanent(
    serve: Serve,
    authority: trustme.CA,
    ca_path: str,
    host: str,
    options: dict[str, t.Any],
    trusted: bool,
    what: str,
) -> None:
    issuer = authority if trusted else trustme.CA()
    server = serve(context=server_context(issuer, host, **options))

    caught = failure(server.endpoint, ca_path=ca_path)

    assert (caught.kind, caught.transient, caught.transient_after_answer) == ("tls", False, False)
    assert str(caught).startswith(f"The certificate of 127.0.0.1:{server.port} is not trusted")
    # urllib3 1.26 does not say in what way a certificate is not the host's.
    if what != "IP address mismatch" or urllib3.__version__ >= "2":
        assert f" is not trusted: {what}" in str(caught)
    assert (
        f". Check {server.endpoint.url} (option endpoint). If its certificate authority is a private one, set ca_path. "
        in str(caught)
    )


def test_without_validation_any_certificate_will_do_and_the_library_keeps_quiet(
    serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    server = serve(answer(), context=server_context(trustme.CA(), "oms.example.com", **LONG_AGO))

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        response = exchange(server.endpoint, validate_certs=False)

    assert response.status == 200
    assert [str(warning.message) for warning in warned if "HTTPS request" in str(warning.message)] == []
    assert capfd.readouterr() == ("", "")


def test_a_server_without_tls(serve: Serve, ca_path: str) -> None:
    def plainly(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.close()

    server = serve(plainly, read=read_anything)

    caught = failure(Endpoint(f"https://127.0.0.1:{server.port}", "option endpoint"), ca_path=ca_path)

    assert (caught.kind, caught.transient, caught.transient_after_answer) == ("tls", False, True)
    assert str(caught).startswith(
        f"The TLS connection failed: WRONG_VERSION_NUMBER. Check that https://127.0.0.1:{server.port} (option endpoint)"
        " supports TLS 1.2 or later. "
    )


@pytest.mark.parametrize(("end", "what"), [(reset, "connection reset by peer"), (hang_up, "The connection was closed")])
def test_a_connection_closed_in_the_handshake_is_a_transient_error(
    serve: Serve, ca_path: str, end: Callable[[socket.socket], None], what: str
) -> None:
    server = serve(end, read=read_anything)

    caught = failure(Endpoint(f"https://127.0.0.1:{server.port}", "option endpoint"), ca_path=ca_path)

    assert (caught.kind, caught.transient) == ("connection", True)
    assert what in str(caught)


# ---- proxies


def proxy_variables(monkeypatch: pytest.MonkeyPatch, url: str, *names: str) -> None:
    for name in names:
        monkeypatch.setenv(name, url)


def test_plain_http_goes_through_no_proxy(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve()
    server = serve(answer())
    proxy_variables(monkeypatch, proxy.endpoint.url, "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")

    assert exchange(server.endpoint).status == 200
    assert proxy.seen == []


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("credentials", ["", "user:hunter2@"])
def test_https_goes_through_the_proxy(
    serve: Serve,
    authority: trustme.CA,
    ca_path: str,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    credentials: str,
) -> None:
    """The proxy plays the service, too: nothing but its tunnel knows the name, so the request came through it."""

    def connected(connection: socket.socket) -> socket.socket:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return server_context(authority, HOST).wrap_socket(connection, server_side=True)

    proxy = serve(connected, answer(200), answer(401))
    proxy_variables(monkeypatch, f"http://{credentials}127.0.0.1:{proxy.port}", variable)
    client = connections(ca_path=ca_path)
    request = event(Endpoint(f"https://{HOST}", "region cn-north-4"))

    statuses = [client.exchange(request, {"X-Auth-Token": SECRET}).status for _number in range(2)]

    assert statuses == [200, 401]
    connect, first, second = proxy.seen
    assert connect.line.startswith(f"CONNECT {HOST}:443 HTTP/1.")
    expected = [f"Basic {base64.b64encode(b'user:hunter2').decode()}"] if credentials else []
    assert connect.header("Proxy-Authorization") == expected
    # The proxy learns nothing of the request, and the service nothing of the proxy.
    assert connect.header("X-Auth-Token") == []
    assert first.header("Proxy-Authorization") == second.header("Proxy-Authorization") == []
    assert (first.header("Host"), first.header("X-Auth-Token")) == ([HOST], [SECRET])
    assert connect.connection == second.connection == 1


WRONG = "The proxy refused the user name or the password (HTTP 407). Correct them in https_proxy. "
MISSING = (
    "The proxy requires a user name and a password (HTTP 407). Put them into https_proxy: http://user:password@host"
)
REFUSED = f"The proxy refused the connection to {HOST} (HTTP %d). Check https_proxy and NO_PROXY, "


@pytest.mark.parametrize(
    ("status", "credentials", "transient", "text"),
    [
        (407, "user:hunter2@", False, WRONG),
        (407, "", False, MISSING),
        (403, "user:hunter2@", False, REFUSED % 403),
        (408, "user:hunter2@", True, REFUSED % 408),
        (429, "user:hunter2@", True, REFUSED % 429),
        (503, "user:hunter2@", True, REFUSED % 503),
    ],
)
def test_a_proxy_refuses(
    serve: Serve,
    ca_path: str,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    credentials: str,
    transient: bool,
    text: str,
) -> None:
    proxy = serve(answer(status, b"", "Connection: close"))
    proxy_variables(monkeypatch, f"http://{credentials}127.0.0.1:{proxy.port}", "https_proxy")

    caught = failure(Endpoint(f"https://{HOST}", "region cn-north-4"), ca_path=ca_path)

    assert (caught.kind, caught.transient, caught.transient_after_answer) == ("connection", transient, transient)
    assert str(caught).startswith(text)
    assert str(caught).endswith(f" (POST https://{HOST}{PATH}, through the proxy http://127.0.0.1:{proxy.port})")
    assert "hunter2" not in repr(caught)


def test_a_proxy_that_is_not_there_is_a_refused_connection(
    ca_path: str, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    proxy_variables(monkeypatch, f"http://user:hunter2@127.0.0.1:{closed_port}", "https_proxy")

    caught = failure(Endpoint(f"https://{HOST}", "region cn-north-4"), ca_path=ca_path)

    assert (caught.kind, caught.transient) == ("connection", True)
    assert str(caught).startswith(
        f"The connection failed: connection refused. Check the proxy http://127.0.0.1:{closed_port} (https_proxy), and"
        f" the network from there to https://{HOST} (region cn-north-4). "
    )
    assert "hunter2" not in repr(caught)


def test_no_proxy_names_the_hosts_without_one(
    serve: Serve, authority: trustme.CA, ca_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve()
    server = serve(answer(), context=server_context(authority))
    proxy_variables(monkeypatch, proxy.endpoint.url, "https_proxy")
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    assert exchange(server.endpoint, ca_path=ca_path).status == 200
    assert proxy.seen == []


def test_the_environment_is_asked_for_proxies_once(
    serve: Serve, authority: trustme.CA, ca_path: str, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    server = serve(answer(), answer(), context=server_context(authority))
    client = connections(ca_path=ca_path)
    client.exchange(event(server.endpoint), {})
    proxy_variables(monkeypatch, f"http://127.0.0.1:{closed_port}", "https_proxy")

    assert client.exchange(event(server.endpoint), {}).status == 200


# ---- secrets


@pytest.mark.parametrize("value", [f"{SECRET}\n", f"{SECRET}\r\nX-Evil: 1", f"{SECRET}中", f" {SECRET}\udc80"])
def test_a_header_that_can_t_be_sent_is_not_shown(serve: Serve, value: str) -> None:
    server = serve()

    with pytest.raises(ConnectionFailure) as caught:
        connections().exchange(event(server.endpoint), {"X-Auth-Token": value})

    assert not caught.value.transient
    assert SECRET not in repr(caught.value)
    assert caught.value.__suppress_context__
    assert server.seen == []
