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
from dataclasses import dataclass
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
      - How many object keys a batch holds at most.
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
# A batch that failed so often is divided, unless there are so many batches already. Without this limit a long outage,
# in which all batches fail, would turn them into as many batches as there are object keys.
DIVIDE_AFTER = 10
DIVIDE_BELOW = 50
# When to log an error: more bytes of object keys wait than this, or there are dead batches. And how often, in seconds.
BACKLOG_BYTES = 64 * 1024 * 1024
ALARM_SECONDS = 600
# What next_turn gives where new batches are made first.
GATHER: t.Final = "gather"
# How many seconds ansible-playbook has beyond the lease, to end its task and to say that the batch failed.
END_SECONDS = 10.0


@dataclass(frozen=True)
class Settings:
    """How to make and retry batches; times are in seconds. DOCUMENTATION says what each means."""

    window: float = 5.0
    max_keys: int = 10_000
    max_attempts: int = 100
    retry_delay: float = 5.0
    retry_max_delay: float = 300.0
    lease: float = 1800.0
    # How often to look whether something has arrived, or a playbook has ended: a few `stat` each time. No argument.
    poll: float = 0.2

    def delay(self, failures: int) -> float:
        """How long to wait after so many failures."""
        if failures < 1:
            return 0.0
        # 2.0**1024 is more than Python can count.
        return min(self.retry_max_delay, self.retry_delay * 2.0 ** min(failures - 1, 1000))

    @property
    def divide_after(self) -> int:
        return min(DIVIDE_AFTER, self.max_attempts or DIVIDE_AFTER)


@dataclass
class Backoff:
    """How long new batches, and batches that failed, have to wait because of what failed last.

    A batch that failed does not make new ones wait: the reason may be its own. While new ones fail, too, all wait.

    :ivar new_failures: how many new batches failed, since the last batch that was accepted.
    :ivar failures: how many attempts failed, since the last batch that was accepted.
    :ivar new_from: no new batch before this time.
    :ivar retry_from: no batch that failed before this time.
    :ivar last_was_new: whether the last attempt was that of a new batch.
    """

    new_failures: int = 0
    failures: int = 0
    new_from: float = 0.0
    retry_from: float = 0.0
    last_was_new: bool = False

    def note(self, accepted: bool, is_new: bool, settings: Settings, now: float) -> None:
        self.last_was_new = is_new
        if accepted:
            self.new_failures = self.failures = 0
            self.new_from = self.retry_from = now
            return
        self.failures += 1
        self.retry_from = now + settings.delay(self.failures)
        if is_new:
            self.new_failures += 1
            self.new_from = now + settings.delay(self.new_failures)


def read_settings(arguments: t.Mapping[str, t.Any]) -> Settings:
    """Read the source's arguments.

    :raises ValueError: one of them is invalid or unknown.
    """
    known = {"spool_dir", *Settings.__dataclass_fields__} - {"poll"}
    unknown = sorted(set(arguments) - known)
    if unknown:
        raise ValueError(f"Unknown arguments: {', '.join(unknown)}. The arguments are {', '.join(sorted(known))}.")
    return Settings(
        window=_rulebook_arguments.read_number(arguments, "window", Settings.window, 0),
        max_keys=_rulebook_arguments.read_count(arguments, "max_keys", Settings.max_keys, 1),
        max_attempts=_rulebook_arguments.read_count(arguments, "max_attempts", Settings.max_attempts, 0),
        retry_delay=_rulebook_arguments.read_number(arguments, "retry_delay", Settings.retry_delay, 0.1),
        retry_max_delay=_rulebook_arguments.read_number(arguments, "retry_max_delay", Settings.retry_max_delay, 0.1),
        lease=_rulebook_arguments.read_number(arguments, "lease", Settings.lease, 1),
    )


def next_new(batches: t.Iterable[_spool.Batch]) -> _spool.Batch | None:
    """The oldest batch that was not tried yet."""
    return min((batch for batch in batches if not batch.attempts), key=lambda batch: batch.path.name, default=None)


def next_retry(batches: t.Iterable[_spool.Batch], settings: Settings, now: float) -> _spool.Batch | None:
    """Of the batches that failed and whose delay is over, the one that has waited longest.

    :arg now: in seconds since the epoch. If the clock was set back, no batch waits.
    """
    due = [
        batch for batch in batches if batch.attempts and not 0 <= now - batch.tried_at < settings.delay(batch.attempts)
    ]
    return min(due, key=lambda batch: (batch.tried_at, batch.path.name), default=None)


def next_turn(
    batches: t.Collection[_spool.Batch],
    has_arrivals: bool,
    backoff: Backoff,
    settings: Settings,
    now: float,
    date: float,
) -> _spool.Batch | t.Literal["gather"] | None:
    """The batch to run, GATHER to make new batches first, or None to wait.

    :arg now: the monotonic time, ``date`` the seconds since the epoch.
    """
    retry = next_retry(batches, settings, date) if now >= backoff.retry_from else None
    # New batches first. But where they come all the time, a batch that failed would never have its turn.
    if now >= backoff.new_from and not (retry and backoff.last_was_new):
        new = next_new(batches)
        if new:
            return new
        if has_arrivals:
            return GATHER
    return retry


async def run_playbook(queue: asyncio.Queue[t.Any], batch: _spool.Batch, settings: Settings) -> str:
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


async def step(spool: _spool.Spool, queue: asyncio.Queue[t.Any], settings: Settings, backoff: Backoff) -> None:
    """Do what comes next.

    :raises OSError: the disk does not do what it should. Every step can be repeated.
    """
    batches = spool.batches()
    if await set_aside(spool, batches, settings):
        return
    batch = next_turn(batches, spool.has_arrivals, backoff, settings, time.monotonic(), time.time())
    if batch is None:
        await asyncio.sleep(settings.poll)
        return
    if batch == GATHER:
        await gather(spool, settings)
        return
    accepted = await attempt(spool, queue, batch, settings)
    backoff.note(accepted, batch.attempts == 0, settings, time.monotonic())


async def gather(spool: _spool.Spool, settings: Settings) -> None:
    """Make batches of the object keys that arrive within the window."""
    await asyncio.sleep(settings.window)
    # In a thread: it may take a while, and the webhook has to answer meanwhile.
    skipped = await asyncio.to_thread(spool.gather, settings.max_keys)
    if skipped:
        LOGGER.error("%d lines of the spool %s hold no object key and were left out.", skipped, spool.directory)


async def set_aside(spool: _spool.Spool, batches: t.Sequence[_spool.Batch], settings: Settings) -> bool:
    """Divide a batch that has failed often, or give it up; at most one.

    :returns: whether there was one.
    """
    for batch in batches:
        if batch.attempts < settings.divide_after:
            continue
        # Each half has one attempt until it is divided, too.
        if len(batches) < DIVIDE_BELOW and await asyncio.to_thread(spool.halve, batch, settings.divide_after - 1):
            LOGGER.warning("Batch %s failed %d times and is divided into halves.", batch.path.name, batch.attempts)
            return True
        if 0 < settings.max_attempts <= batch.attempts:
            dead = spool.give_up(batch)
            LOGGER.error(
                "Batch %s failed %d times and is given up: its object keys are in %s. When the cause is removed, move"
                " that directory to %s.",
                batch.path.name,
                batch.attempts,
                dead,
                batch.path.parent,
            )
            return True
    return False


async def attempt(spool: _spool.Spool, queue: asyncio.Queue[t.Any], batch: _spool.Batch, settings: Settings) -> bool:
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
            LOGGER.error("Batches in %s/dead, which are not submitted: %d.", spool.directory, dead)
        if waiting > backlog_bytes:
            LOGGER.error("%d MiB of object keys wait in %s to be submitted.", waiting >> 20, spool.directory)
        await asyncio.sleep(seconds)


async def main(queue: asyncio.Queue[t.Any], args: dict[str, t.Any]) -> None:
    """Run the batches until ansible-rulebook ends.

    :raises ValueError: an argument is invalid.
    :raises SpoolError: the spool cannot be used, or another process uses it.
    """
    settings = read_settings(args)
    spool = _spool.Spool(_rulebook_arguments.read_path(args, "spool_dir"))
    backoff = Backoff()
    failures = 0
    with spool.held():
        watching = asyncio.create_task(watch(spool))
        try:
            while True:
                try:
                    await step(spool, queue, settings, backoff)
                    failures = 0
                except OSError as error:
                    LOGGER.error("The spool %s cannot be processed: %s", spool.directory, error)
                    failures += 1
                    await asyncio.sleep(settings.delay(failures))
        finally:
            watching.cancel()
