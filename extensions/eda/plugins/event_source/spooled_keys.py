# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""An event source: what the filter huaweicloud.oms.object_created has stored, as batches."""

from __future__ import annotations

import asyncio
import logging
import runpy
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

DOCUMENTATION = r"""
---
short_description: Hand over stored object keys in batches, one batch at a time
description:
  - Gathers what the filter huaweicloud.oms.object_created has stored, and makes an event of each batch. The event has
    the path of the batch's folder as C(oms.batch), and no key.
  - A playbook hands over C(keys.jsonl) in that folder and deletes it when that is done. When it fails, it makes a file
    C(failed) there. The playbook C(huaweicloud.oms.sync_batch) does both.
  - The next event comes when the playbook has done one or the other. So there is never more than one run, and while
    it lasts the next batch grows.
  - A batch that failed comes again later, with more time before each attempt. Others may pass it meanwhile.
  - All this survives a kill at any moment. A key may be handed over more than once then, which is harmless.
  - An argument that is the name of an environment variable behind a dollar sign is taken from there.
    A variable that is not set counts as an argument that is not given.
version_added: 1.0.0
options:
  spool_dir:
    description:
      - The folder of the spool, on a local disk. It is made if it is missing, with access for this user alone.
      - Only one process at a time can hand over what is in it.
    type: str
    required: true
  window:
    description:
      - How many seconds to wait for more once a key has arrived.
    type: float
    default: 5
  max_keys:
    description:
      - How many keys are in one batch at most.
    type: int
    default: 10000
  max_attempts:
    description:
      - After so many attempts that failed, a batch goes to C(dead) in the spool. V(0) is for never.
      - With the other defaults, V(50) takes about seven hours.
    type: int
    default: 50
  retry_delay:
    description:
      - How many seconds pass after a run that failed before the next. They double with each further one.
    type: float
    default: 5
  retry_max_delay:
    description:
      - The longest that this may become, in seconds.
    type: float
    default: 300
  lease:
    description:
      - How many seconds a playbook may take. After that it counts as failed, for it may have been killed.
        Should it run all the same, keys are handed over twice.
    type: float
    default: 1800
"""

EXAMPLES = r"""
- huaweicloud.oms.spooled_keys:
    spool_dir: /var/lib/oms-eda/spool
    window: 10
    max_keys: 1000
"""

load = runpy.run_path(str(Path(__file__).parents[1] / "plugin_utils" / "_load.py"))["load"]

if TYPE_CHECKING:
    from ansible_collections.huaweicloud.oms.extensions.eda.plugins.plugin_utils import _arguments, _spool
else:
    _arguments = load("extensions.eda.plugins.plugin_utils._arguments")
    _spool = load("extensions.eda.plugins.plugin_utils._spool")

LOGGER = logging.getLogger("huaweicloud.oms.spooled_keys")


@dataclass(frozen=True)
class Settings:
    """How to batch; times are in seconds. DOCUMENTATION says what each means."""

    window: float = 5.0
    max_keys: int = 10_000
    max_attempts: int = 50
    retry_delay: float = 5.0
    retry_max_delay: float = 300.0
    lease: float = 1800.0
    # How often to look whether something has arrived, or a playbook has ended: a few `stat` each time. No argument.
    poll: float = 0.2

    def delay(self, failures: int) -> float:
        """How long to wait after so many failures in a row."""
        if failures < 1:
            return 0.0
        # 2.0**1024 is more than Python can count.
        return min(self.retry_max_delay, self.retry_delay * 2.0 ** min(failures - 1, 1000))


def read_settings(arguments: t.Mapping[str, t.Any]) -> Settings:
    """Read the source's arguments.

    :raises ValueError: one of them is wrong, or there is none of its name.
    """
    known = {"spool_dir", *Settings.__dataclass_fields__} - {"poll"}
    unknown = sorted(set(arguments) - known)
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: no such argument: there are {', '.join(sorted(known))}")
    return Settings(
        window=_arguments.read_number(arguments, "window", Settings.window, 0),
        max_keys=_arguments.read_count(arguments, "max_keys", Settings.max_keys, 1),
        max_attempts=_arguments.read_count(arguments, "max_attempts", Settings.max_attempts, 0),
        retry_delay=_arguments.read_number(arguments, "retry_delay", Settings.retry_delay, 0.1),
        retry_max_delay=_arguments.read_number(arguments, "retry_max_delay", Settings.retry_max_delay, 0.1),
        lease=_arguments.read_number(arguments, "lease", Settings.lease, 1),
    )


def due_batch(batches: t.Iterable[_spool.Batch], settings: Settings, now: float) -> _spool.Batch | None:
    """The batch whose turn it is; None if there is none or all of them have to wait.

    One that has failed waits twice as long as the source itself does. So what has arrived meanwhile is tried before it,
    and a batch that fails for ever blocks no other; and while all fail, two take turns and the rest piles up.
    """
    due = [batch for batch in batches if not 0 <= now - batch.tried_at < 2 * settings.delay(batch.attempts)]
    return min(due, key=lambda batch: (batch.tried_at, batch.path.name), default=None)


async def hand_over(queue: asyncio.Queue[t.Any], batch: _spool.Batch, settings: Settings) -> str:
    """Have a playbook run for a batch.

    :returns: why it failed; empty if it did not.
    """
    await queue.put({"oms": {"batch": str(batch.path)}})
    until = time.monotonic() + settings.lease
    while time.monotonic() < until:
        if batch.is_done:
            return ""
        if batch.has_failed:
            return "its playbook failed"
        await asyncio.sleep(settings.poll)
    return f"its playbook did not end within {settings.lease:g} seconds"


async def step(spool: _spool.Spool, queue: asyncio.Queue[t.Any], settings: Settings) -> bool | None:
    """Do what comes next.

    :returns: whether a batch is done; None if none was handed over.
    :raises OSError: the disk does not do what it should. Every step can be repeated.
    """
    batches = spool.batches()
    for batch in batches:
        if 0 < settings.max_attempts <= batch.attempts:
            give_up(spool, batch)
            return None
    due = due_batch(batches, settings, time.time())
    if due:
        return await attempt(spool, queue, due, settings)
    if not spool.has_arrivals:
        await asyncio.sleep(settings.poll)
        return None
    await asyncio.sleep(settings.window)
    # In a thread: it may take a while, and the webhook has to answer meanwhile.
    skipped = await asyncio.to_thread(spool.gather, settings.max_keys)
    if skipped:
        LOGGER.error("%d lines of the spool %s hold no key and were left out", skipped, spool.folder)
    return None


async def attempt(spool: _spool.Spool, queue: asyncio.Queue[t.Any], batch: _spool.Batch, settings: Settings) -> bool:
    """Hand a batch over once, and note what came of it."""
    begun = spool.begin(batch)
    failure = await hand_over(queue, begun, settings)
    if failure:
        LOGGER.warning("Batch %s failed, attempt %d: %s", begun.path.name, begun.attempts, failure)
        spool.note_failure(begun)
        return False
    LOGGER.info("Batch %s is done", begun.path.name)
    spool.finish(begun)
    return True


def give_up(spool: _spool.Spool, batch: _spool.Batch) -> None:
    """Put a batch aside, and say what to do with it."""
    grave = spool.bury(batch)
    LOGGER.error(
        "Batch %s failed %d times and is given up: its keys are in %s. When the cause is gone, move that folder to %s",
        batch.path.name,
        batch.attempts,
        grave,
        batch.path.parent,
    )


async def main(queue: asyncio.Queue[t.Any], args: dict[str, t.Any]) -> None:
    """Hand over batches until ansible-rulebook ends.

    :raises ValueError: an argument is wrong.
    :raises SpoolError: the spool can't be used, or another process uses it.
    """
    settings = read_settings(args)
    spool = _spool.Spool(_arguments.read_path(args, "spool_dir"))
    failures = 0
    with spool.held():
        while True:
            try:
                succeeded = await step(spool, queue, settings)
            except OSError as error:
                LOGGER.error("The spool %s can't be worked on: %s", spool.folder, error)
                succeeded = False
            if succeeded is not None:
                failures = 0 if succeeded else failures + 1
                await asyncio.sleep(settings.delay(failures))
