# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Stop signals: the first one ends a run in order, the second one ends the wait for the events in flight.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import signal
import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import Stopped


class StopSignals:
    """Handles SIGINT, SIGTERM and SIGHUP as long as it is entered.

    ``interrupts`` says whether the main thread waits for an answer, so that only an exception can end its wait. There
    is one exception at most: another one could come while the first one is handled.

    :arg stop: called with the reason.
    """

    def __init__(self, stop: t.Callable[[str], None]) -> None:
        self._stop = stop
        self._count = 0
        self._before: dict[signal.Signals, t.Any] = {}
        self.interrupts = True

    def __enter__(self) -> StopSignals:
        # What is ignored stays so: nohup ignores SIGHUP, and a shell SIGINT for what runs in its background.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def end_the_wait(self) -> bool:
        """Whether a second signal has arrived."""
        return self._count > 1

    def _receive(self, number: int, _frame: t.Any) -> None:
        self._count += 1
        why = f"The run was stopped by {signal.Signals(number).name}"
        self._stop(why)
        if self.interrupts and self.end_the_wait():
            self.interrupts = False
            raise Stopped(why)
