# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The event source: one batch at a time, new batches before those that failed, and batches that fail for ever."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import os
import time
import typing as t
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from ansible_collections.huaweicloud.oms.extensions.eda.plugins.event_source import spooled_keys
from ansible_collections.huaweicloud.oms.extensions.eda.plugins.event_source.spooled_keys import (
    read_settings,
    run_playbook,
    step,
)
from ansible_collections.huaweicloud.oms.extensions.eda.plugins.plugin_utils._spool import Batch, Spool, SpoolError
from ansible_collections.huaweicloud.oms.extensions.eda.plugins.plugin_utils._spool.schedule import (
    Backoff,
    Settings,
    next_new,
    next_retry,
    next_turn,
)

# Until something has happened that a test waits for.
WAIT_SECONDS = 30
QUICK: dict[str, t.Any] = {"window": 0, "retry_delay": 0.1, "retry_max_delay": 0.1}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(directory: Path) -> Spool:
    return Spool(directory)


# ---- settings


def test_the_defaults_are_those_that_are_documented() -> None:
    options = yaml.safe_load(spooled_keys.DOCUMENTATION)["options"]
    defaults = {name: option["default"] for name, option in options.items() if name != "spool_dir"}
    settings = read_settings({"spool_dir": "/spool"})

    assert settings == Settings()
    assert {name: getattr(settings, name) for name in defaults} == defaults
    assert set(options) == {"spool_dir", *Settings.__dataclass_fields__} - {"poll"}


def test_settings_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMS_EDA_WINDOW", "2.5")
    monkeypatch.delenv("OMS_EDA_UNSET", raising=False)
    read = read_settings({"window": "$OMS_EDA_WINDOW", "max_keys": 7, "max_attempts": 0, "lease": "$OMS_EDA_UNSET"})

    assert read == Settings(window=2.5, max_keys=7, max_attempts=0)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"windwo": 1}, "Unknown arguments: windwo. The arguments are lease, max_attempts, max_keys"),
        ({"window": -1}, "window is -1. It must be a number, 0 or more."),
        ({"max_keys": 0}, "max_keys is 0. It must be a number, 1 or more."),
        ({"max_attempts": 1.5}, "max_attempts is 1.5. It must be a whole number"),
        ({"retry_delay": 0}, "retry_delay is 0. It must be a number, 0.1 or more."),
        ({"retry_max_delay": "x"}, "retry_max_delay is 'x'. It must be a number, 0.1 or more."),
        ({"lease": 0}, "lease is 0. It must be a number, 1 or more."),
    ],
)
def test_wrong_settings_are_refused(arguments: dict[str, t.Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        read_settings(arguments)


def test_delays_double_up_to_the_longest() -> None:
    settings = Settings(retry_delay=5, retry_max_delay=300)

    assert [settings.delay(failures) for failures in (0, 1, 2, 3, 6, 7, 10**6)] == [0, 5, 10, 20, 160, 300, 300]


# ---- which batch is next


def batch(name: str, attempts: int = 0, tried_at: float = 0.0) -> Batch:
    return Batch(Path(name), attempts, tried_at)


SETTINGS = Settings(retry_delay=5, retry_max_delay=300)


def test_the_oldest_new_batch_is_first() -> None:
    assert next_new([batch("b"), batch("a"), batch("c"), batch("0", attempts=1)]) == batch("a")
    assert next_new([batch("a", attempts=1)]) is None


def test_a_batch_that_failed_waits_for_its_delay() -> None:
    failed = batch("a", attempts=3, tried_at=1000)

    assert next_retry([failed, batch("b")], SETTINGS, 1019.9) is None
    assert next_retry([failed], SETTINGS, 1020) == failed


def test_the_one_that_waited_longest_is_first_of_those_that_failed() -> None:
    first, second = batch("b", 1, 100), batch("a", 1, 200)

    assert next_retry([first, second], SETTINGS, 1000) == first


def test_a_clock_that_was_set_back_delays_no_batch() -> None:
    failed = batch("a", attempts=10, tried_at=5000)

    assert next_retry([failed], SETTINGS, 1000) == failed


def test_batches_that_failed_before_do_not_delay_new_ones() -> None:
    backoff = Backoff()
    backoff.note(False, True, SETTINGS, 100)
    assert (backoff.new_from, backoff.retry_from) == (105, 105)
    for _number in range(10):
        backoff.note(False, False, SETTINGS, 200)
    assert (backoff.new_from, backoff.retry_from) == (105, 500)
    # A new one fails, too.
    backoff.note(False, True, SETTINGS, 300)
    assert (backoff.new_from, backoff.retry_from) == (310, 600)
    backoff.note(True, False, SETTINGS, 400)
    assert backoff == Backoff(new_from=400, retry_from=400)
    backoff.note(True, True, SETTINGS, 400)
    assert backoff.last_was_new


class Hour:
    """An hour of a source whose playbooks take two seconds, without waiting. Object keys arrive all the time."""

    def __init__(self, poison: t.Collection[str] = (), outage: bool = False) -> None:
        self.runs: list[str] = []
        self.batches = {name: batch(name) for name in poison}
        self.made = 0
        now = 0.0
        backoff = Backoff()
        while now < 3600:
            due = next_turn(self.batches.values(), True, backoff, SETTINGS, now, now)
            if due is None:
                now += 1
                continue
            if due == "gather":
                now += SETTINGS.window
                self.made += 1
                self.batches[f"{now:09}"] = batch(f"{now:09}")
                continue
            name = due.path.name
            self.runs.append(name)
            now += 2
            accepted = not outage and name not in poison
            backoff.note(accepted, due.attempts == 0, SETTINGS, now)
            if accepted:
                del self.batches[name]
            else:
                self.batches[name] = replace(due, attempts=due.attempts + 1, tried_at=now)


def test_an_outage_makes_few_runs_and_few_batches() -> None:
    hour = Hour(outage=True)

    assert 10 < hour.made < 25
    assert len(hour.runs) < 50


def test_batches_that_always_fail_delay_the_others_little() -> None:
    hour = Hour(poison=["poison 1", "poison 2", "poison 3"])

    assert {name for name in hour.batches if hour.runs.count(name)} == {"poison 1", "poison 2", "poison 3"}
    # Each 5 s, 10 s, ... 300 s after it failed.
    assert 30 < sum(hour.runs.count(name) for name in hour.batches) < 60
    assert len(hour.runs) > 400


# ---- at work


class Playbooks:
    """What ansible-rulebook and its playbooks are to the source: a queue, and what becomes of each batch.

    :arg outcomes: what each run does, in order: `done`, `failed` or `nothing`; later ones do the last.
    :arg poison: a batch with this key fails as often as its number says, and takes no outcome.
    """

    def __init__(self, *outcomes: str, poison: tuple[str, int] = ("", 0)) -> None:
        self.queue: asyncio.Queue[t.Any] = asyncio.Queue(1)
        self.runs: list[list[str]] = []
        self._outcomes = list(outcomes)
        self._poison, self._failures = poison

    async def run(self) -> None:
        while True:
            event = await self.queue.get()
            assert set(event) == {"oms"}
            assert set(event["oms"]) == {"batch"}
            path = Path(event["oms"]["batch"])
            file = path / "keys.jsonl"
            self.runs.append([json.loads(line) for line in file.read_text(encoding="ascii").splitlines()])
            await asyncio.sleep(0.01)
            if self._poison in self.runs[-1] and self._failures:
                self._failures -= 1
                outcome = "failed"
            else:
                outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
            if outcome == "done":
                file.unlink()
            if outcome == "failed":
                (path / "failed").touch()


async def until(condition: t.Callable[[], bool]) -> None:
    async def wait() -> None:
        while not condition():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(wait(), WAIT_SECONDS)


@contextlib.asynccontextmanager
async def source(directory: Path, playbooks: Playbooks, **arguments: t.Any) -> t.AsyncIterator[None]:
    """The source at work, until the block ends."""
    working = asyncio.create_task(
        spooled_keys.main(playbooks.queue, {"spool_dir": str(directory), **QUICK, **arguments})
    )
    running = asyncio.create_task(playbooks.run())
    try:
        yield
    finally:
        for task in (working, running):
            task.cancel()
        results = await asyncio.gather(working, running, return_exceptions=True)
        for result in results:
            assert isinstance(result, asyncio.CancelledError), result


def is_empty(directory: Path) -> bool:
    return not [*directory.glob("*.jsonl"), *directory.glob("batches/*")]


def test_what_arrives_is_handed_over(directory: Path, spool: Spool) -> None:
    async def scenario() -> None:
        playbooks = Playbooks("done")
        spool.add(["a", "b", "a", "c"])
        async with source(directory, playbooks, max_keys=2):
            await until(lambda: is_empty(directory))
            spool.add(["d"])
            await until(lambda: is_empty(directory))
        assert playbooks.runs == [["a", "b"], ["a", "c"], ["d"]]

    asyncio.run(scenario())


def test_it_waits_for_more(spool: Spool) -> None:
    async def scenario() -> None:
        spool.add(["a"])
        began = time.monotonic()
        waiting = asyncio.create_task(step(spool, asyncio.Queue(), Settings(window=0.3), Backoff()))
        # It goes as far as it can without waiting.
        await asyncio.sleep(0)
        spool.add(["b"])
        await waiting
        assert time.monotonic() - began >= 0.3

    asyncio.run(scenario())
    (batch,) = spool.batches()
    assert (batch.path / "keys.jsonl").read_text(encoding="ascii") == '"a"\n"b"\n'


def test_one_run_at_a_time(directory: Path, spool: Spool) -> None:
    async def scenario() -> None:
        playbooks = Playbooks("nothing")
        spool.add(["a", "b"])
        async with source(directory, playbooks, max_keys=1):
            await until(lambda: bool(playbooks.runs))
            await asyncio.sleep(0.5)
            assert playbooks.runs == [["a"]]
            next(directory.glob("batches/*-000000/keys.jsonl")).unlink()
            await until(lambda: playbooks.runs == [["a"], ["b"]])

    asyncio.run(scenario())


def test_a_batch_that_failed_is_tried_again(directory: Path, spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        playbooks = Playbooks("failed", "failed", "done")
        spool.add(["a"])
        async with source(directory, playbooks):
            await until(lambda: is_empty(directory))
        assert playbooks.runs == [["a"]] * 3

    asyncio.run(scenario())
    texts = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [text.partition(" failed, ")[2] for text in texts] == [
        "attempt 1: its playbook failed.",
        "attempt 2: its playbook failed.",
    ]


def test_a_playbook_without_a_result_has_failed_when_its_lease_ends(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        spool.add(["a"])
        spool.gather(1)
        queue: asyncio.Queue[t.Any] = asyncio.Queue(1)
        settings = Settings(lease=0.05, poll=0.01)
        monkeypatch.setattr(spooled_keys, "END_SECONDS", 0.01)
        failure = await run_playbook(queue, spool.batches()[0], settings)
        assert failure == "its playbook did not end within 0.05 seconds"

    asyncio.run(scenario())


def test_a_batch_that_always_fails_goes_to_the_dead_letter_directory(
    directory: Path, spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        playbooks = Playbooks("done", poison=("poison", 2))
        spool.add(["poison"])
        async with source(directory, playbooks, max_attempts=2, max_keys=1):
            await until(lambda: len(playbooks.runs) == 1)
            spool.add(["good"])
            await until(lambda: bool(list(directory.glob("dead/*"))))
            (dead,) = directory.glob("dead/*")
            dead.rename(directory / "batches" / dead.name)
            await until(lambda: is_empty(directory))
        assert sorted(playbooks.runs) == [["good"], ["poison"], ["poison"], ["poison"]]

    asyncio.run(scenario())
    (error,) = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert " failed in 2 runs and was moved to the dead-letter directory, " in error
    assert f"move that directory to {directory}/batches" in error


def test_a_batch_is_divided_until_the_key_that_fails_is_alone(directory: Path, spool: Spool) -> None:
    async def scenario() -> None:
        playbooks = Playbooks("done", poison=("poison", 1000))
        spool.add([*map(str, range(5)), "poison", *map(str, range(5, 20))])
        async with source(directory, playbooks, max_attempts=3):
            await until(lambda: is_empty(directory))
        accepted = [key for run in playbooks.runs if "poison" not in run for key in run]
        assert sorted(accepted, key=int) == list(map(str, range(20)))
        (dead,) = directory.glob("dead/*/keys.jsonl")
        assert dead.read_text(encoding="ascii") == '"poison"\n'
        # It failed three times in the whole batch, then once in each half.
        assert [len(run) for run in playbooks.runs if "poison" in run] == [21, 21, 21, 10, 5, 2, 1]

    asyncio.run(scenario())


def test_many_batches_are_not_divided(spool: Spool) -> None:
    """In an outage all of them fail often."""

    async def scenario() -> None:
        spool.add([str(number) for number in range(94)])
        spool.gather(2)
        for batch in spool.batches():
            (batch.path / "attempts").write_text("10\n", encoding="ascii")
        divided = [
            await spooled_keys.divide_or_move_to_dead_letter(spool, spool.batches(), Settings()) for _number in range(5)
        ]
        assert divided == [True, True, True, False, False]

    asyncio.run(scenario())
    assert len(spool.batches()) == 50


def test_without_a_limit_none_is_given_up(directory: Path, spool: Spool) -> None:
    async def scenario() -> None:
        playbooks = Playbooks("failed", "failed", "failed", "failed", "done")
        spool.add(["a"])
        async with source(directory, playbooks, max_attempts=0):
            await until(lambda: is_empty(directory))
        assert len(playbooks.runs) == 5

    asyncio.run(scenario())


def test_after_a_restart_it_continues_with_the_stored_batches(directory: Path, spool: Spool) -> None:
    async def scenario() -> None:
        spool.add(["a", "b"])
        first = Playbooks("nothing")
        async with source(directory, first, max_keys=1):
            await until(lambda: bool(first.runs))
        spool.add(["c"])
        second = Playbooks("done")
        async with source(directory, second):
            await until(lambda: is_empty(directory))
        assert first.runs == [["a"]]
        assert sorted(second.runs) == [["a"], ["b"], ["c"]]

    asyncio.run(scenario())


def test_attempts_of_earlier_processes_count(directory: Path, spool: Spool) -> None:
    """Or a batch that ends the process would do so for ever."""

    async def scenario() -> None:
        spool.add(["a"])
        for _number in range(2):
            playbooks = Playbooks("nothing")
            async with source(directory, playbooks, max_attempts=2):
                await until(lambda playbooks=playbooks: bool(playbooks.runs))
        playbooks = Playbooks("done")
        async with source(directory, playbooks, max_attempts=2):
            await until(lambda: bool(list(directory.glob("dead/*"))))
        assert playbooks.runs == []

    asyncio.run(scenario())


def test_an_error_of_the_disk_is_transient(
    directory: Path, spool: Spool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather = Spool.gather
    errors = [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))] * 2

    def sometimes(self: Spool, max_keys: int) -> int:
        if errors:
            raise errors.pop()
        return gather(self, max_keys)

    # The source has this very class, loaded under its full name.
    monkeypatch.setattr(spooled_keys._spool.Spool, "gather", sometimes)

    async def scenario() -> None:
        playbooks = Playbooks("done")
        spool.add(["a"])
        async with source(directory, playbooks):
            await until(lambda: is_empty(directory))
        assert playbooks.runs == [["a"]]

    asyncio.run(scenario())
    assert caplog.text.count(f"The spool {directory} cannot be used now: [Errno 28]") == 2


def test_lines_without_an_object_key_are_logged(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    Spool(directory)

    async def scenario() -> None:
        playbooks = Playbooks("done")
        (directory / "incoming.jsonl").write_bytes(b'5\n"a"\n')
        async with source(directory, playbooks):
            await until(lambda: is_empty(directory))
        assert playbooks.runs == [["a"]]

    asyncio.run(scenario())
    assert f"Lines of the spool {directory} that do not contain an object key were ignored: 1." in caplog.text


def test_errors_are_logged_while_object_keys_need_an_operator(
    directory: Path, spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    async def logged(count: int) -> list[str]:
        caplog.clear()
        watching = asyncio.create_task(spooled_keys.watch(spool, 2**20, 0.01))
        await until(lambda: len(caplog.records) >= count)
        await asyncio.sleep(0.1)
        watching.cancel()
        return sorted({record.getMessage() for record in caplog.records if record.levelno == logging.ERROR})

    assert asyncio.run(logged(0)) == []
    (directory / "dead" / "one").mkdir()
    spool.add(["a" * 2**19])
    spool.gather(1)
    dead = (
        f"Batches in the dead-letter directory {directory}/dead: 1. Their object keys are not submitted. Remove the"
        f" cause, then move the directories of the batches to {directory}/batches."
    )
    # Again and again.
    assert asyncio.run(logged(2)) == [dead]
    spool.add(["b" * 2**19])
    assert asyncio.run(logged(2)) == [
        f"1 MiB of object keys wait in {directory} to be submitted. The output of the playbook says why batches fail.",
        dead,
    ]


def test_a_second_process_ends_and_the_first_goes_on(directory: Path, spool: Spool) -> None:
    async def scenario() -> None:
        playbooks = Playbooks("done")
        async with source(directory, playbooks):
            await until(lambda: (directory / "lock").exists() and (directory / "lock").stat().st_size > 0)
            with pytest.raises(SpoolError, match=f"is in use by the process {os.getpid()}. Stop that process"):
                await spooled_keys.main(asyncio.Queue(), {"spool_dir": str(directory)})
            spool.add(["a"])
            await until(lambda: playbooks.runs == [["a"]])

    asyncio.run(scenario())


def test_without_a_spool_it_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMS_EDA_SPOOL", raising=False)

    with pytest.raises(
        ValueError, match=r"spool_dir is \$OMS_EDA_SPOOL, but the environment variable OMS_EDA_SPOOL is empty"
    ):
        asyncio.run(spooled_keys.main(asyncio.Queue(), {"spool_dir": "$OMS_EDA_SPOOL"}))
