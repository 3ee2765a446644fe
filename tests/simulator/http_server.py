# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""A small HTTP/1.1 server on asyncio: fast enough for a benchmark, and free to misbehave as the tests want it."""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
import time
import typing as t
from dataclasses import dataclass, field
from email.utils import formatdate

# More than the largest event that the API allows: 100 names of 16384 characters.
MAX_REQUEST_BYTES = 4 * 1024 * 1024


@dataclass
class Request:
    """A request as it arrived."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int
    wall_time: float = field(default_factory=time.time)
    monotonic: float = field(default_factory=time.monotonic)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        """The value of a header, whatever the case of its name; None where it was not sent."""
        for sent, value in self.headers:
            if sent.lower() == name:
                return value
        return None


@dataclass
class Reply:
    """What is answered, and how: as it should be, or not."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    # Seconds before the answer.
    delay: float = 0.0
    # "" for an orderly answer, else one of those that `Connection._misbehave` knows.
    fault: str = ""
    # Added to the time in the Date header, in seconds.
    clock_skew: float = 0.0
    # Seconds after the answer at which the connection is closed without a word, if no further request has come.
    idle: float | None = None


Handler = t.Callable[[Request], Reply]


class Connection(asyncio.Protocol):
    """One connection; requests on it are answered one after the other."""

    _numbers = itertools.count(1)

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._buffer = b""
        self._busy = False
        self._number = next(self._numbers)
        self._taken = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = t.cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's interface
        for task in self._tasks:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._next()

    def _next(self) -> None:
        while not self._busy:
            request = self._take()
            if request is None:
                return
            reply = self._handler(request)
            if reply.delay or reply.fault:
                self._busy = True
                task = asyncio.get_running_loop().create_task(self._later(reply))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
                return
            self._answer(reply)

    def _answer(self, reply: Reply) -> None:
        self._transport.write(_serialize(reply))
        if reply.idle is not None:
            asyncio.get_running_loop().call_later(reply.idle, self._close_if_idle, self._taken)

    def _close_if_idle(self, taken: int) -> None:
        """Close the connection if no request has come since.

        :arg taken: how many had come.
        """
        if self._taken == taken:
            self._transport.close()

    def _take(self) -> Request | None:
        """Take a whole request out of the buffer; None where there is none yet."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = []
        length = 0
        for line in lines:
            name, _colon, value = line.partition(":")
            headers.append((name, value.strip()))
            if name.lower() == "content-length":
                length = int(value)
        if length > MAX_REQUEST_BYTES:
            self._transport.abort()
            return None
        if len(self._buffer) < end + 4 + length:
            return None
        body = self._buffer[end + 4 : end + 4 + length]
        self._buffer = self._buffer[end + 4 + length :]
        method, target, _version = first.split(" ", 2)
        self._taken += 1
        return Request(method, target, headers, body, self._number)

    async def _later(self, reply: Reply) -> None:
        await asyncio.sleep(reply.delay)
        if reply.fault:
            await self._misbehave(reply)
            return
        self._answer(reply)
        self._busy = False
        self._next()

    async def _misbehave(self, reply: Reply) -> None:
        if reply.fault == "reset":
            # With a linger time of 0 the kernel sends RST, not FIN.
            linger = struct.pack("ii", 1, 0)
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._transport.abort()
        elif reply.fault == "close":
            self._transport.close()
        elif reply.fault == "hang":
            # Until the client gives up and `connection_lost` cancels this.
            await asyncio.sleep(3600)
        elif reply.fault == "truncate":
            self._transport.write(_serialize(reply, missing=10))
            self._transport.close()
        elif reply.fault == "drip":
            for byte in _serialize(reply):
                self._transport.write(bytes([byte]))
                await asyncio.sleep(0.01)
        elif reply.fault == "endless":
            self._transport.write(_serialize(reply, missing=10**12))
            while not self._transport.is_closing():
                self._transport.write(b"x" * 65536)
                await asyncio.sleep(0.001)
        else:
            raise ValueError(f"no such fault: {reply.fault}")


def _serialize(reply: Reply, missing: int = 0) -> bytes:
    """The bytes of an answer.

    :arg missing: bytes that are announced beyond those that are sent.
    """
    headers = {
        "Date": formatdate(time.time() + reply.clock_skew, usegmt=True),
        "Content-Length": str(len(reply.body) + missing),
        **reply.headers,
    }
    lines = [f"HTTP/1.1 {reply.status} {'OK' if reply.status == 200 else 'Not OK'}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + reply.body
