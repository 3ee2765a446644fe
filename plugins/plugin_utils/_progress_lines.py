# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Lines about a run that is going on, by the end of its progress file.

The progress file is only read. What it says is a hint for people: whatever goes wrong here, there are no lines.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import typing as t
from dataclasses import dataclass
from datetime import datetime

# As Terraform does: short runs show nothing.
FIRST_SECONDS = 10.0
INTERVAL_SECONDS = 30.0
# More than a run writes in INTERVAL_SECONDS: two lines a second, of 500 bytes.
_TAIL_BYTES = 64 * 1024
# For a file system that does not answer: the task does not wait for it.
_JOIN_SECONDS = 1.0


@dataclass(frozen=True)
class _Line:
    """A line of the progress file; ``copied``, ``failed`` and ``skipped`` are None before the run waits."""

    time: float
    accepted: int
    total: int
    counters: tuple[int, int, int] | None


def _parse(raw: bytes) -> _Line | None:
    try:
        entry = json.loads(raw)
        counters = entry.get("counters")
        return _Line(
            datetime.fromisoformat(entry["time"]).timestamp(),
            int(entry["accepted_count"]),
            int(entry["object_count"]),
            (int(counters["success"]), int(counters["failure"]), int(counters["skip"])) if counters else None,
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return None


def _open_at_once(path: str, flags: int) -> int:
    # A path that is not a regular file, such as a pipe, must not block.
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def _read_tail(path: str) -> list[bytes]:
    """The last lines of a file, the first of them perhaps cut off; none where it can't be read."""
    with contextlib.suppress(OSError, ValueError), open(path, "rb", opener=_open_at_once) as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        return [line for line in file.read(_TAIL_BYTES).split(b"\n") if line]
    return []


class RunningLog:
    """The part of a progress file that is written after this is made: by the run that is about to start.

    :arg batch_size: objects in one event.
    :arg now: the time in seconds since 1970, of the host on which the progress file is written.
    """

    def __init__(self, path: str, batch_size: int, now: t.Callable[[], float] = time.time) -> None:
        self._path = path
        self._batch_size = batch_size
        self._now = now
        self._last_before = (_read_tail(path) or [b""])[-1]
        self._first: _Line | None = None

    def describe(self) -> str | None:
        """How far the run is; None as long as the progress file does not say it."""
        tail = _read_tail(self._path)
        if self._last_before in tail:
            tail = tail[tail.index(self._last_before) + 1 :]
        lines = [line for raw in tail if (line := _parse(raw))]
        if not lines:
            return None
        self._first = self._first or lines[0]
        if lines[-1].counters:
            return self._describe_copying(lines[-1], *lines[-1].counters)
        return f"{lines[-1].accepted:,} of {lines[-1].total:,} objects accepted, {self._rate(lines)} events/s"

    def _describe_copying(self, last: _Line, copied: int, failed: int, skipped: int) -> str:
        # Objects that earlier runs submitted are not waited for.
        waited_for = last.accepted - (self._first or last).accepted
        skips = f", {skipped:,} skipped" if skipped else ""
        return f"{copied:,} of {waited_for:,} objects copied, {failed:,} failed{skips}"

    def _rate(self, lines: list[_Line]) -> str:
        """Events that were accepted in the last seconds, until now: without progress there are no new lines."""
        now = self._now()
        earlier = [line for line in lines if line.time <= now - INTERVAL_SECONDS]
        base = (earlier or lines[:1])[-1]
        rate = (lines[-1].accepted - base.accepted) / self._batch_size / max(1.0, now - base.time)
        return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"


@contextlib.contextmanager
def shown_progress(
    log: RunningLog, show: t.Callable[[str], object], ended: threading.Event | None = None
) -> t.Iterator[None]:
    """Show how far a run is, from another thread, as long as the ``with`` block runs.

    :arg ended: ends the thread; to be replaced in tests.
    """
    ended = ended or threading.Event()
    thread = threading.Thread(target=_show_regularly, args=(log, show, ended), daemon=True)
    try:
        thread.start()
    except RuntimeError:
        # The process may have no more threads.
        yield
        return
    try:
        yield
    finally:
        ended.set()
        thread.join(_JOIN_SECONDS)


def _show_regularly(log: RunningLog, show: t.Callable[[str], object], ended: threading.Event) -> None:
    seconds = FIRST_SECONDS
    # Ansible's own errors included: the task must not notice them.
    with contextlib.suppress(Exception):
        while not ended.wait(seconds):
            text = log.describe()
            if text:
                show(text)
            seconds = INTERVAL_SECONDS
