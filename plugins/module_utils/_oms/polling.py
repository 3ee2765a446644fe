# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Polls a sync task until it has reached a state, or until the time is over.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import TIMEOUT, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock

# Between two polls: the first pause, and the longest one. They double.
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0


class Polling:
    """Polls, with one time limit for all that a run waits for.

    :arg timeout: seconds, from the first poll.
    """

    def __init__(self, clock: Clock, timeout: float) -> None:
        self._clock = clock
        self._timeout = timeout
        self._until: float | None = None

    def until(self, reached: t.Callable[[], bool], otherwise: str, wait: bool) -> None:
        """Poll until a state is reached.

        :arg reached: polls once.
        :arg otherwise: what is wrong when the time is over, without a full stop.
        :arg wait: False polls once.
        :raises Failure: the time is over.
        """
        if self._until is None:
            self._until = self._clock.monotonic() + self._timeout
        pause = FIRST_PAUSE_SECONDS
        while not reached() and wait:
            left = self._until - self._clock.monotonic()
            if left <= 0:
                raise Failure(
                    TIMEOUT,
                    f"{otherwise} within {self._timeout:g} s",
                    "It may do so later. Run the task again. If this happens often, raise wait_timeout.",
                )
            self._clock.sleep(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
