# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What `make demo` shows, and that no process is left when it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

import pytest

DEMO = Path(__file__).parents[1] / "tools" / "demo.py"
COMMAND = [sys.executable, str(DEMO), f"--collections={os.environ['ANSIBLE_COLLECTIONS_PATH']}"]


def test_it_shows_what_is_submitted_and_what_becomes_of_it() -> None:
    ended = subprocess.run(COMMAND, capture_output=True, text=True, timeout=300, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    playbook, received = ended.stdout.split("=== What the simulator received")
    # Ansible breaks the lines of long texts.
    playbook = " ".join(playbook.split())
    for line in (
        "8 objects accepted in 2 events: 7 copied, 1 skipped, 0 failed",
        "20000 objects accepted in 2000 events: 20000 copied",
        "is not running. Start it",
        "Remaining: late.txt",
    ):
        assert line in playbook
    # The file takes longer than ten seconds, and less than thirty more: one line, or on a slow machine some more.
    lines = [line for line in ended.stderr.splitlines() if line.startswith("localhost: ")]
    assert lines, ended.stderr
    assert re.fullmatch(r"localhost: [\d,]+ of 20,000 objects accepted, [\d.]+ events/s", lines[0])
    # Each part has a line with its heading, but for the first.
    requests, decoded, left = received.split("\n=== ")
    assert writes(requests) == [
        "200 POST sync-tasks",
        "200 POST events",
        "200 POST events",
        "200 POST events",
        "200 POST events",
        "200 POST stop",
        "400 POST events",
        "200 DELETE task",
    ]
    for line in (
        "releases%2F1.4.2%2Fnotes%2Berrata.txt",
        "%E7%85%A7%E7%89%87%2F%E5%8C%97%E4%BA%AC+2026.jpg",
        "backup%2F00010.jpg",
        "late.txt",
    ):
        assert f"       {line}\n" in requests
    assert "     and 1998 more like these\n" in requests
    assert [line for line in decoded.splitlines()[1:] if line] == [
        "  releases/1.4.2/app.tar.gz",
        "  releases/1.4.2/notes+errata.txt",
        "  reports/100% final.pdf",
        "  already%20encoded?.txt",
        "  照片/北京 2026.jpg",
        "  /leading/slash.txt",
        "  1.10",
        "  {{ lookup('pipe', 'id') }}.txt",
    ]
    assert left.strip() == "Sync tasks that are left: 0"
    for secret in ("demo-key", "demo-secret-key"):
        assert secret not in ended.stdout + ended.stderr


def writes(received: str) -> list[str]:
    """The requests that change something, in order: status, method and what it is about."""
    found = re.findall(r"^(\d+)  (POST|DELETE) \S+/(\S+)$", received, re.MULTILINE)
    return [f"{status} {method} {'task' if method == 'DELETE' else last}" for status, method, last in found]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_interrupted_it_stops_all_that_it_started(number: signal.Signals) -> None:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True, start_new_session=True) as demo:
        assert demo.stdout
        listening = next(line for line in demo.stdout if "listens on" in line)
        address = urlsplit(next(word for word in listening.split() if word.startswith("http")).rstrip("."))
        # Ctrl-C goes to all that runs in the terminal, the others to the one process.
        (os.killpg if number == signal.SIGINT else os.kill)(demo.pid, number)
        assert demo.wait(60) != 0

    assert ends(lambda: not answers(address.hostname or "", address.port or 0))
    assert ends(lambda: not is_group(demo.pid))


def ends(condition: t.Callable[[], bool], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def is_group(number: int) -> bool:
    """Whether any process is left in a process group."""
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return False
    return True
