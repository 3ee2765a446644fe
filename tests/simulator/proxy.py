# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""A CONNECT proxy on loopback that records whom it was asked for, and by whom."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import threading
import typing as t
from dataclasses import dataclass, field

# More than any request for a tunnel has.
MAX_HEAD_BYTES = 64 * 1024
START_SECONDS = 20


@dataclass(frozen=True)
class Asked:
    """A request that the proxy got: ``target`` is host and port, ``headers`` are by their names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    status: int


@dataclass
class Proxy:
    """A proxy on a free loopback port, in a thread of its own, for a `with` statement.

    :arg routes: where the tunnels really lead to, by what is asked for, both as host:port; what is not among them is
        forbidden. So a name can be asked for that no name service knows.
    :arg credentials: ``user:password``, to be sent with each request for a tunnel; none are needed, if not given.
    """

    routes: t.Mapping[str, str]
    credentials: str | None = None
    asked: list[Asked] = field(default_factory=list)

    def __enter__(self) -> Proxy:
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(started)), daemon=True)
        self._thread.start()
        if not started.wait(START_SECONDS):
            raise RuntimeError("the proxy did not start")
        return self

    def __exit__(self, *_exception: object) -> None:
        self._loop.call_soon_threadsafe(self._finished.set)
        self._thread.join(START_SECONDS)

    def url(self, credentials: str = "") -> str:
        """What HTTPS_PROXY has to say.

        :arg credentials: as they stand in a URL.
        """
        return f"http://{credentials}{'@' if credentials else ''}127.0.0.1:{self._port}"

    async def _serve(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._finished = asyncio.Event()
        self._tunnels: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=MAX_HEAD_BYTES)
        self._port = server.sockets[0].getsockname()[1]
        started.set()
        await self._finished.wait()
        server.close()
        for tunnel in self._tunnels:
            tunnel.cancel()
        await asyncio.gather(*self._tunnels, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tunnel = t.cast("asyncio.Task[None]", asyncio.current_task())
        self._tunnels.add(tunnel)
        tunnel.add_done_callback(self._tunnels.discard)
        with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
            method, target, _version = first.split(" ", 2)
            headers = {name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines)}
            status = self._status(method, target, headers)
            self.asked.append(Asked(method, target, headers, status))
            if status != 200:
                challenge = 'Proxy-Authenticate: Basic realm="proxy"\r\n' if status == 407 else ""
                writer.write(f"HTTP/1.1 {status} No\r\n{challenge}Content-Length: 0\r\n\r\n".encode())
                await writer.drain()
                return
            host, _colon, port = self.routes[target].rpartition(":")
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
            with contextlib.closing(far_writer):
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer))

    def _status(self, method: str, target: str, headers: dict[str, str]) -> int:
        if self.credentials is not None:
            expected = base64.b64encode(self.credentials.encode()).decode()
            if headers.get("proxy-authorization") != f"Basic {expected}":
                return 407
        if method != "CONNECT":
            return 405
        return 200 if target in self.routes else 403


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, until it ends; then end the other way, too."""
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    finally:
        writer.close()
