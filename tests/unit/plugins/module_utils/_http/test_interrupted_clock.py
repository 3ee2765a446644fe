# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""A signal may arrive while the main thread is in Clock.stop(): its handler calls stop() again."""

from __future__ import annotations

import sys
import threading
import types
import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock


def test_stop_may_interrupt_itself() -> None:
    clock = Clock()
    interrupted: list[str] = []

    def interrupt(frame: types.FrameType, event: str, _argument: t.Any) -> None:
        """Do what the handler of a signal does, between any two steps of stop()."""
        if event == "call" and frame.f_code.co_name == "notify_all" and not interrupted:
            interrupted.append(frame.f_code.co_name)
            clock.stop("the second signal")

    def stop() -> None:
        sys.setprofile(interrupt)
        try:
            clock.stop("the first signal")
        finally:
            sys.setprofile(None)

    # In a thread of its own, since with a lock that can be taken only once it waits for itself.
    thread = threading.Thread(target=stop, daemon=True)
    thread.start()
    thread.join(10)

    assert interrupted
    assert not thread.is_alive()
    assert clock.stopped == "the first signal"
