# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The event source gathers in a thread: the webhook, which shares its event loop, has to answer meanwhile."""

from __future__ import annotations

import asyncio
import threading
import typing as t
from pathlib import Path

from ansible_collections.huaweicloud.oms.extensions.eda.plugins.event_source.spooled_keys import (
    step,
)
from ansible_collections.huaweicloud.oms.extensions.eda.plugins.plugin_utils._spool import Backoff, Settings, Spool


class SlowSpool(Spool):
    """A spool that gathers until somebody else has been served."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.begun = threading.Event()
        self.served = threading.Event()

    def gather(self, *arguments: t.Any) -> int:
        self.begun.set()
        assert self.served.wait(10), "the event loop served nobody"
        return super().gather(*arguments)


def test_the_event_loop_is_free_while_the_spool_gathers(tmp_path: Path) -> None:
    spool = SlowSpool(tmp_path / "spool")

    async def serve() -> None:
        while not spool.begun.is_set():
            await asyncio.sleep(0.01)
        spool.served.set()

    async def main() -> None:
        queue: asyncio.Queue[t.Any] = asyncio.Queue()
        await asyncio.wait_for(asyncio.gather(step(spool, queue, Settings(window=0), Backoff()), serve()), 20)

    with spool.held():
        spool.add(["a"])
        asyncio.run(main())
        assert len(spool.batches()) == 1
