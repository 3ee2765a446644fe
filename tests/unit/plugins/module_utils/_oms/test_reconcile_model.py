# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Random sequences of states, options, lost answers and changes by others, against the simulator.

A model that knows nothing of the code holds what a run may do; each sequence is made from its number.
"""

from __future__ import annotations

import json
import random
import typing as t

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.reconcile import Change
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.sync_task import read_desired_state
from ansible_collections.huaweicloud.oms.tests.simulator.sync_tasks import EXAMPLE, SyncTask
from ansible_collections.huaweicloud.oms.tests.unit.plugins.module_utils._oms.test_reconcile import (
    DESTINATION,
    KEYS,
    SOURCE,
    client_of,
)
from ansible_collections.huaweicloud.oms.tests.unit.simulated_oms import TASKS, SimulatedOms

SEQUENCES = 240
STEPS = 6
OF_CREATION = {"src_ak": "a", "src_sk": "a", "dst_ak": "a", "dst_sk": "a"}
# Options with their values, as OMS shows them.
VALUES: dict[str, tuple[str, list[t.Any]]] = {
    "description": ("description", ["", "nightly", "production"]),
    "enable_restore": ("enable_restore", [False, True]),
    "consistency_check": ("consistency_check", ["size_last_modified", "transmission"]),
    "storage_policy": ("dst_storage_policy", ["STANDARD", "IA"]),
}
SHOWN = {"transmission": "no_check"}


def fields_of(chosen: dict[str, t.Any]) -> dict[str, t.Any]:
    return {VALUES[name][0]: SHOWN.get(value, value) for name, value in chosen.items()}


def options_of(chosen: dict[str, t.Any]) -> dict[str, t.Any]:
    policy = {"storage_policy": chosen["storage_policy"]} if "storage_policy" in chosen else {}
    others = {name: value for name, value in chosen.items() if name != "storage_policy"}
    return {"source": {**SOURCE, **KEYS}, "destination": {**DESTINATION, **KEYS, **policy}, **others}


def differs(task: SyncTask, chosen: dict[str, t.Any]) -> bool:
    shown = task.shown()
    return any(shown[name] != value for name, value in fields_of(chosen).items())


class Sequence:
    """A tenant's sync tasks, and runs of the module on them."""

    def __init__(self, number: int) -> None:
        self.random = random.Random(number)  # noqa: S311 - a test is no secret
        self.oms = SimulatedOms()
        for _number in range(self.random.randrange(3)):
            self.create(self.choose())

    def choose(self) -> dict[str, t.Any]:
        """Some options, with values."""
        return {
            name: self.random.choice(values) for name, (_field, values) in VALUES.items() if self.random.random() < 0.4
        }

    def tasks(self) -> dict[str, SyncTask]:
        self.oms.statuses()
        return {task.sync_task_id: task for task in self.oms.service.sync_tasks.tasks.values()}

    def statuses(self) -> dict[str, str]:
        return self.oms.statuses()

    # ---- what others do

    def create(self, chosen: dict[str, t.Any]) -> None:
        if len(self.tasks()) < 4:
            self.oms.handle("POST", TASKS, json.dumps({**EXAMPLE, **OF_CREATION, **fields_created(chosen)}))

    def interfere(self) -> None:
        """Let somebody create, start, stop or delete a task."""
        tasks = list(self.tasks())
        kind = self.random.choice(["create", "start", "stop", "delete"])
        if kind == "create" or not tasks:
            self.create(self.choose())
            return
        path = f"{TASKS}/{self.random.choice(tasks)}"
        if kind == "delete":
            self.oms.handle("POST", f"{path}/stop")
            self.oms.handle("DELETE", path)
        else:
            self.oms.handle("POST", f"{path}/{kind}", json.dumps(OF_CREATION) if kind == "start" else "")

    # ---- a run

    def step(self) -> None:
        state = self.random.choice(["present", "started", "stopped", "absent"])
        chosen = self.choose()
        options = {**options_of(chosen), "sync_task_id": None, "state": state}
        if self.tasks() and self.random.random() < 0.3:
            options["sync_task_id"] = self.random.choice(list(self.tasks()))
        retries = self.random.choice([0, 2])
        # Only lost answers that are transient; each one, alone or with somebody's change before the request.
        interference = self.random.random() < 0.3
        before_others = self.statuses()
        if self.random.random() < 0.5:
            fault = self.random.choice([{"kind": "reset"}, *({"kind": "answer", "status": s} for s in (408, 503, 504))])
            accepted = self.random.random() < 0.5
            method = self.random.choice(["POST", "DELETE"])
            self.oms.fault(**fault, method=method, times=self.random.choice([1, 2]), after_accepting=accepted)
        recorder = Recorder(self, interference)
        made, failure = recorder.run(options, retries)
        self.oms.service.control_clear_faults()
        check(self, recorder, made, failure, state, chosen, options["sync_task_id"], before_others)
        if failure is None and not recorder.interfered:
            again, failed = Recorder(self, interference=False).run(options, 0)
            assert failed is None, failed
            assert not again.changed
            assert again.before == again.after


def fields_created(chosen: dict[str, t.Any]) -> dict[str, t.Any]:
    return {VALUES[name][0]: value for name, value in chosen.items()}


class Recorder:
    """Runs a change, and records what it did to which task, apart from what others did."""

    def __init__(self, sequence: Sequence, interference: bool) -> None:
        self.sequence = sequence
        self.interference = interference
        self.created: list[str] = []
        # What the run did to a task as it was then.
        self.done: list[tuple[str, SyncTask]] = []
        self.interfered = False

    def run(self, options: dict[str, t.Any], retries: int) -> tuple[Change, Failure | None]:
        oms = self.sequence.oms
        client = client_of(oms, retries)
        made = Change(client, oms.clock, read_desired_state(options), True, 60, retries, 0)
        handle = oms.service.handle

        def recorded(request: t.Any) -> t.Any:
            if request.connection == 1 and self.interference and self.sequence.random.random() < 0.3:
                self.interference, self.interfered = False, True
                self.sequence.interfere()
            before = {name: (task, task.status) for name, task in self.sequence.tasks().items()}
            reply = handle(request)
            after = self.sequence.tasks()
            if request.connection == 1:
                self.created += [name for name in after if name not in before]
                for name, (task, status) in before.items():
                    if name not in after:
                        self.done.append(("deleted", task))
                    elif after[name].status != status:
                        self.done.append((after[name].status, task))
            return reply

        oms.service.handle = recorded  # type: ignore[method-assign]
        try:
            made.run(check_mode=False)
        except Failure as failure:
            return made, failure
        finally:
            oms.service.handle = handle  # type: ignore[method-assign]
        return made, None


def check(
    sequence: Sequence,
    recorder: Recorder,
    made: Change,
    failure: Failure | None,
    state: str,
    chosen: dict[str, t.Any],
    sync_task_id: str | None,
    before: dict[str, str],
) -> None:
    """What holds after each run."""
    # Only the task that is meant: none that differs in an option, and none but the one with the id.
    for what, task in recorder.done:
        assert not differs(task, chosen), what
        assert sync_task_id in (None, task.sync_task_id)
    assert len({task.sync_task_id for _what, task in recorder.done}) <= 1
    # Never two, and none beside one that has the same source and destination, unless the description differs.
    assert len(recorder.created) <= 1
    if recorder.created and not recorder.interfered:
        described = chosen.get("description")
        others = [task for name, task in sequence.tasks().items() if name not in recorder.created]
        assert not others or described is not None
        assert all(task.shown()["description"] != described for task in others)
    # A change is reported, and nothing else is. Whose change it was can't be told where the answer is lost and somebody
    # else does the same.
    if not recorder.interfered:
        assert made.changed == bool(recorder.created or recorder.done), failure
    elif recorder.created or recorder.done:
        assert made.changed, failure
    if failure is None or not recorder.interfered:
        check_diff(sequence, made)
    if failure is None and not recorder.interfered:
        tasks = sequence.tasks()
        if state == "absent":
            assert made.task is None
            assert made.sync_task_id not in tasks or not made.changed
        else:
            assert made.sync_task_id is not None
            assert not differs(tasks[made.sync_task_id], chosen)
            desired = {"started": "SYNCHRONIZING", "stopped": "STOPPED"}.get(state)
            assert desired in (None, tasks[made.sync_task_id].status)
    if not made.changed and not recorder.interfered:
        assert sequence.statuses() == before


def check_diff(sequence: Sequence, made: Change) -> None:
    task = sequence.tasks().get(made.sync_task_id or "")
    if task is None or made.task is None:
        if made.task is None and made.changed:
            assert made.after == {}
        return
    shown = task.shown()
    assert made.after == {name: shown.get(name, made.after[name]) for name in made.after}
    assert made.after["status"] == task.status


@pytest.mark.parametrize("first", range(0, SEQUENCES, 40))
def test_no_sequence_breaks_a_promise(first: int) -> None:
    for number in range(first, first + 40):
        sequence = Sequence(number)
        for step in range(STEPS):
            try:
                sequence.step()
            except AssertionError as error:
                raise AssertionError(f"sequence {number}, step {step}: {error}") from error
