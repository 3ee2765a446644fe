# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""An event source: run a playbook for each batch of the object keys in the spool, one batch at a time."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import time
import typing as t
from pathlib import Path
from typing import TYPE_CHECKING

DOCUMENTATION = r"""
---
short_description: Submit stored object keys in batches, one batch at a time
description:
  - Makes batches of the object keys that the filter huaweicloud.oms.object_created has stored, and an event of each
    batch. The event has the path of the batch's directory as C(oms.batch), and no object key.
  - A playbook submits C(keys.jsonl) in that directory, and deletes the file when OMS has accepted all object keys. If
    it fails, it makes a file C(failed) there. The playbook C(huaweicloud.oms.sync_batch) does both.
  - The next event comes when the playbook has done one or the other, or after O(lease) seconds. Object keys that arrive
    meanwhile become the next batch.
  - New batches come before those that failed. A batch that failed is tried again with exponential backoff, at most one
    between two new batches.
  - A batch that has failed ten times, or O(max_attempts) times if that is less, is divided into halves. So the object
    key that makes it fail is alone in its batch in the end, and the others are accepted. While there are 50 batches or
    more, none is divided.
  - A batch that has failed O(max_attempts) times goes to the dead-letter directory C(dead) of the spool.
  - All this survives a kill at any moment. An object key may be submitted more than once, which is harmless.
  - If there is a batch in the dead-letter directory, or if more than 64 MiB of object keys wait, an error is logged at
    the start and every ten minutes.
  - If an argument consists of a dollar sign and the name of an environment variable, its value is that of the variable.
    A variable that is not set counts as an argument that is not given.
version_added: 1.0.0
options:
  spool_dir:
    description:
      - The directory of the spool, on a local disk. It is made if it is missing, with access for this user alone. Its
        parent must exist, and only root or this user may be able to write to it. A symbolic link is refused.
      - Only one process at a time can run the batches of a spool.
    type: str
    required: true
  window:
    description:
      - How many seconds to wait for more object keys after one has arrived.
    type: float
    default: 5
  max_keys:
    description:
      - How many object keys a batch contains at most.
    type: int
    default: 10000
  max_attempts:
    description:
      - After so many failed attempts, a batch goes to the dead-letter directory. With V(0), none does.
      - With the other defaults, V(100) takes about eight hours.
    type: int
    default: 100
  retry_delay:
    description:
      - How many seconds pass between a failed attempt and the next one. They double with each further failure.
    type: float
    default: 5
  retry_max_delay:
    description:
      - The longest delay, in seconds.
    type: float
    default: 300
  lease:
    description:
      - How many seconds a playbook may take. After that it counts as failed, and the next batch follows. The playbook
        C(huaweicloud.oms.sync_batch) ends its task then.
    type: float
    default: 1800
"""

EXAMPLES = r"""
- huaweicloud.oms.spooled_keys:
    spool_dir: /var/lib/oms-eda/spool
    window: 10
    max_keys: 1000
"""

if TYPE_CHECKING:
    from ansible_collections.huaweicloud.oms.extensions.eda.plugins.plugin_utils import _rulebook_arguments, _spool
else:
    _spec = importlib.util.spec_from_file_location("_load", Path(__file__).parents[1] / "plugin_utils" / "_load.py")
    _loader = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(_loader)
    _rulebook_arguments = _loader.load("extensions.eda.plugins.plugin_utils._rulebook_arguments")
    _spool = _loader.load("extensions.eda.plugins.plugin_utils._spool")

LOGGER = logging.getLogger("huaweicloud.oms.spooled_keys")
# An error is logged while more bytes of object keys wait than this, or while a batch is in the dead-letter directory.
BACKLOG_BYTES = 64 * 1024 * 1024
# Between two such errors.
ALARM_SECONDS = 600
# How many seconds ansible-playbook has beyond the lease, to end its task and to say that the batch failed.
END_SECONDS = 10.0


def read_settings(arguments: t.Mapping[str, t.Any]) -> _spool.Settings:
    """Read the source's arguments.

    :raises ValueError: one of them is invalid or unknown.
    """
    known = {"spool_dir", *_spool.Settings.__dataclass_fields__} - {"poll"}
    unknown = sorted(set(arguments) - known)
    if unknown:
        raise ValueError(f"Unknown arguments: {', '.join(unknown)}. The arguments are {', '.join(sorted(known))}.")
    defaults = _spool.Settings()
    return _spool.Settings(
        window=_rulebook_arguments.read_number(arguments, "window", defaults.window, 0),
        max_keys=_rulebook_arguments.read_count(arguments, "max_keys", defaults.max_keys, 1),
        max_attempts=_rulebook_arguments.read_count(arguments, "max_attempts", defaults.max_attempts, 0),
        retry_delay=_rulebook_arguments.read_number(arguments, "retry_delay", defaults.retry_delay, 0.1),
        retry_max_delay=_rulebook_arguments.read_number(arguments, "retry_max_delay", defaults.retry_max_delay, 0.1),
        lease=_rulebook_arguments.read_number(arguments, "lease", defaults.lease, 1),
    )


async def run_playbook(queue: asyncio.Queue[t.Any], batch: _spool.Batch, settings: _spool.Settings) -> str:
    """Have a playbook run for a batch.

    :returns: why it failed; empty if OMS has accepted the batch.
    """
    await queue.put({"oms": {"batch": str(batch.path)}})
    until = time.monotonic() + settings.lease + END_SECONDS
    while time.monotonic() < until:
        if batch.is_accepted:
            return ""
        if batch.has_failed:
            return "its playbook failed"
        await asyncio.sleep(settings.poll)
    return f"its playbook did not end within {settings.lease:g} seconds"


async def step(
    spool: _spool.Spool, queue: asyncio.Queue[t.Any], settings: _spool.Settings, backoff: _spool.Backoff
) -> None:
    """Run the next batch, make batches, or wait.

    :raises OSError: the file system refused an operation. Every step can be repeated.
    """
    batches = spool.batches()
    if await divide_or_move_to_dead_letter(spool, batches, settings):
        return
    batch = _spool.next_turn(batches, spool.has_arrivals, backoff, settings, time.monotonic(), time.time())
    if batch is None:
        await asyncio.sleep(settings.poll)
        return
    if batch == _spool.GATHER:
        await gather(spool, settings)
        return
    accepted = await attempt(spool, queue, batch, settings)
    backoff.note(accepted, batch.attempts == 0, settings, time.monotonic())


async def gather(spool: _spool.Spool, settings: _spool.Settings) -> None:
    """Make batches of the object keys that arrive within the window."""
    await asyncio.sleep(settings.window)
    # In a thread: it may take a while, and the webhook has to answer meanwhile.
    skipped = await asyncio.to_thread(spool.gather, settings.max_keys)
    if skipped:
        LOGGER.error(
            "Lines of the spool %s that do not contain an object key were ignored: %d.", spool.directory, skipped
        )


async def divide_or_move_to_dead_letter(
    spool: _spool.Spool, batches: t.Sequence[_spool.Batch], settings: _spool.Settings
) -> bool:
    """Divide a batch that has failed often, or move it to the dead-letter directory; at most one.

    :returns: whether there was one.
    """
    for batch in batches:
        if batch.attempts < settings.divide_after:
            continue
        # Each half has one attempt until it is divided, too.
        if len(batches) < _spool.DIVIDE_BELOW and await asyncio.to_thread(
            spool.halve, batch, settings.divide_after - 1
        ):
            LOGGER.warning("Batch %s failed in %s and is divided into halves.", batch.path.name, runs(batch))
            return True
        if 0 < settings.max_attempts <= batch.attempts:
            dead = spool.move_to_dead_letter(batch)
            LOGGER.error(
                "Batch %s failed in %s and was moved to the dead-letter directory, %s. Its object keys are not"
                " submitted. Remove the cause, then move that directory to %s.",
                batch.path.name,
                runs(batch),
                dead,
                batch.path.parent,
            )
            return True
    return False


def runs(batch: _spool.Batch) -> str:
    """How often a batch was tried, for a log line."""
    return f"{batch.attempts} {'run' if batch.attempts == 1 else 'runs'}"


async def attempt(
    spool: _spool.Spool, queue: asyncio.Queue[t.Any], batch: _spool.Batch, settings: _spool.Settings
) -> bool:
    """Run the playbook for a batch once, and note the result.

    :returns: whether OMS has accepted the batch.
    """
    begun = spool.begin(batch)
    failure = await run_playbook(queue, begun, settings)
    if failure:
        LOGGER.warning("Batch %s failed, attempt %d: %s.", begun.path.name, begun.attempts, failure)
        spool.note_failure(begun)
        return False
    LOGGER.info("Batch %s is accepted.", begun.path.name)
    spool.finish(begun)
    return True


async def watch(spool: _spool.Spool, backlog_bytes: int = BACKLOG_BYTES, seconds: float = ALARM_SECONDS) -> None:
    """Log an error while object keys wait that may need an operator, every so many seconds."""
    while True:
        waiting = dead = 0
        # What cannot be counted now is counted next time.
        with contextlib.suppress(OSError):
            waiting, dead = await asyncio.to_thread(spool.backlog)
        if dead:
            LOGGER.error(
                "Batches in the dead-letter directory %s/dead: %d. Their object keys are not submitted. Remove the"
                " cause, then move the directories of the batches to %s/batches.",
                spool.directory,
                dead,
                spool.directory,
            )
        if waiting > backlog_bytes:
            LOGGER.error(
                "%d MiB of object keys wait in %s to be submitted. The output of the playbook says why batches fail.",
                waiting >> 20,
                spool.directory,
            )
        await asyncio.sleep(seconds)


async def main(queue: asyncio.Queue[t.Any], args: dict[str, t.Any]) -> None:
    """Run the batches until ansible-rulebook ends.

    :raises ValueError: an argument is invalid.
    :raises SpoolError: the spool cannot be used, or another process uses it.
    """
    settings = read_settings(args)
    spool = _spool.Spool(_rulebook_arguments.read_path(args, "spool_dir"))
    backoff = _spool.Backoff()
    failures = 0
    with spool.held():
        watching = asyncio.create_task(watch(spool))
        try:
            while True:
                try:
                    await step(spool, queue, settings, backoff)
                    failures = 0
                except OSError as error:
                    LOGGER.error("The spool %s cannot be used now: %s. The source tries again.", spool.directory, error)
                    failures += 1
                    await asyncio.sleep(settings.delay(failures))
        finally:
            watching.cancel()
