# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The time, and waiting that a stop signal ends.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timezone


class Clock:
    """The time, to be replaced in tests; all waiting ends when it is stopped."""

    def __init__(self) -> None:
        self.stopped: str | None = None
        # Its lock can be taken again by the thread that has it: a signal may arrive while the main thread is in stop().
        self._woken = threading.Condition()

    def stop(self, why: str) -> None:
        """End all waiting, now and from now on.

        :arg why: a sentence for the user, without a full stop.
        """
        self.stopped = self.stopped or why
        with self._woken:
            self._woken.notify_all()

    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        with self._woken:
            self._woken.wait_for(lambda: self.stopped is not None, seconds)
