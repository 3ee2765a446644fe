# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Stop signals: what the first and the second do, and when an exception ends a wait."""

from __future__ import annotations

import os
import signal

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import Stopped
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.stop_signals import StopSignals

NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_second_signal_ends_the_wait(number: signal.Signals) -> None:
    reasons: list[str] = []
    before = signal.getsignal(number)
    signal.signal(number, signal.SIG_DFL)
    try:
        with StopSignals(reasons.append) as signals:
            os.kill(os.getpid(), number)
            assert not signals.end_the_wait()
            # The main thread is in a request of its own.
            with pytest.raises(Stopped, match=f"The run was stopped by {number.name}"):
                os.kill(os.getpid(), number)
            assert signals.end_the_wait()
            # No exception may come into the handling of the first one.
            os.kill(os.getpid(), number)
            # Nor into what the main thread does while others send the requests.
            signals.interrupts = False
            os.kill(os.getpid(), number)
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, before)
    assert reasons == [f"The run was stopped by {number.name}"] * 4


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_that_was_ignored_stays_so(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with StopSignals(pytest.fail):
            os.kill(os.getpid(), number)
            assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)
