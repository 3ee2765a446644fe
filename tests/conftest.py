# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Makes test runs end, and makes them the same with and without a terminal."""

from __future__ import annotations

import faulthandler
import signal
import sys
import typing as t

import pytest

# How long the process of pytest may take to end after its last test.
END_SECONDS = 30


def pytest_configure() -> None:
    # nohup starts us with SIGHUP ignored, a shell starts a background job with SIGINT ignored, and processes inherit
    # that. A handler that does nothing ignores the signals, too, but the processes that tests start have the default.
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> t.Generator[None, object, object]:
    """Run tests with the mark `no_cover` untraced: in a worker, pytest-cov starts coverage twice and stops it once."""
    if not item.get_closest_marker("no_cover"):
        return (yield)
    tracing = sys.gettrace()
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracing)


def pytest_unconfigure(config: pytest.Config) -> None:
    # A thread that a test left behind, and that never ends, would keep this process for ever. The workers of
    # pytest-xdist wait for each other, and are ended by the process that started them.
    if not hasattr(config, "workerinput"):
        faulthandler.dump_traceback_later(END_SECONDS, exit=True)
