# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Tests that hang are named within their time limit, and no other test is lost to them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

TESTS = """
import signal, subprocess, sys, threading, time

SLEEP = [sys.executable, "-c", "import time; time.sleep(300)"]

def test_that_hangs_in_the_main_thread():
    time.sleep(300)

def test_that_waits_for_a_thread():
    threading.Thread(target=time.sleep, args=[300]).start()
    threading.Event().wait()

def test_that_waits_for_a_process():
    subprocess.run(SLEEP)

def test_that_nothing_but_the_end_of_the_process_ends():
    while True:
        try:
            time.sleep(300)
        except BaseException:
            pass

def test_that_passes():
    # The suite is started with both of them ignored; a process that a test starts gets the default.
    code = "from signal import *; print(getsignal(SIGINT) != SIG_IGN, getsignal(SIGHUP) != SIG_IGN)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20).stdout
    assert shown == "True True\\n"
"""


@pytest.mark.timeout(120)
def test_a_test_that_hangs_is_named(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_bytes((ROOT / "tests" / "conftest.py").read_bytes())
    (tmp_path / "test_hanging.py").write_text(TESTS, encoding="utf-8")
    limits = ["-otimeout=1", "-ofaulthandler_timeout=4", f"-ocache_dir={tmp_path}/cache", "--numprocesses=2"]
    run_pytest = [sys.executable, "-m", "pytest", f"--config-file={ROOT}/pyproject.toml", *limits, str(tmp_path)]
    # As in a background job that nohup started, without a terminal.
    command = ["sh", "-c", 'trap "" INT HUP; exec "$@"', "sh", *run_pytest]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            output, _none = process.communicate(timeout=100)
        finally:
            process.kill()

    assert process.returncode == 1
    assert "4 failed, 1 passed" in output, output
    limited = ["test_that_hangs_in_the_main_thread", "test_that_waits_for_a_process", "test_that_waits_for_a_thread"]
    assert sorted(re.findall(r"^_+ (test_\w+) _+$", output, re.MULTILINE)) == limited
    assert len(re.findall(r"^E +Failed: Timeout \(>1.0s\)", output, re.MULTILINE)) == len(limited)
    assert re.search(
        r"worker '\w+' crashed while running '\S+::test_that_nothing_but_the_end_of_the_process_ends'", output
    )
