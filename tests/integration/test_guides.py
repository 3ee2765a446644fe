# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The plays and commands of the smaller guides, run as they stand, and what these pages say about them."""

from __future__ import annotations

import json
import re
import typing as t
from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml
from ansible_collections.huaweicloud.oms.plugins.modules import oms_sync_event
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import Ansible
from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID, SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.integration.pages import blocks, name_of
from ansible_collections.huaweicloud.oms.tests.integration.test_guide import BUCKETS, KEYS, Reader
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {name: DOCS / f"{name}.md" for name in ("first-event", "bulk", "resuming", "sync-tasks", "errors")}
PLAYS = {name_of(block): block for page in PAGES.values() for block in blocks(page, "yaml")}
INSTALL, LOOK_INTO, EXPORT, CHECK, SEND = blocks(PAGES["first-event"], "shell")
(LOOK_AT_PROGRESS,) = blocks(PAGES["bulk"], "shell")

TASK = "huaweicloud.oms.oms_sync_task"


@pytest.fixture
def reader(simulator: Simulator, ansible: Ansible) -> Reader:
    simulator.add_task(SYNC_TASK_ID, PROJECT_ID, **BUCKETS)
    return Reader(simulator, ansible)


def test_nothing_on_the_pages_goes_by_untested() -> None:
    """A block of another kind, or a play of another name, would not be run."""
    assert set(PLAYS) == {
        "Hand over two objects",
        "Hand over a whole bucket",
        "Hand over names, in as many runs as it takes",
        "Give a sync task new keys",
        "Replace a sync task",
        "Look at all sync tasks",
    }
    for page in PAGES.values():
        found = [block for language in ("yaml", "shell", "text") for block in blocks(page, language)]
        assert 2 * len(found) == page.read_text(encoding="utf-8").count("```"), page


# ---- the first event


def test_the_first_event_is_looked_at_and_sent(reader: Reader) -> None:
    environ = {name: value for name, value in reader.environ.items() if name.startswith("HUAWEICLOUD_")}

    def run(*commands: str) -> t.Any:
        return reader.ansible.run("bash", "-c", "set -e\n" + "".join(commands), environ=environ)

    described = run(LOOK_INTO)
    assert "sync_task_id" in described.stdout
    checked = run(EXPORT, CHECK)
    assert (checked.returncode, reader.arrived()) == (0, []), checked.output
    assert "| CHANGED =>" in checked.stdout
    sent = run(EXPORT, SEND)
    assert (sent.returncode, reader.arrived()) == (0, ["test/001.txt"]), sent.output

    reader.simulator.add_task(SYNC_TASK_ID, PROJECT_ID, "STOPPED")
    stopped = run(EXPORT, CHECK)
    assert stopped.returncode != 0
    assert "| FAILED! =>" in stopped.output


def test_what_is_installed_is_what_the_collection_needs() -> None:
    (packages,) = re.findall(r"pip install (.+)$", INSTALL, re.MULTILINE)

    assert packages.split() == ["ansible-core", "requests"]


def test_two_objects_are_handed_over_and_the_result_is_explained(reader: Reader) -> None:
    run = reader.run(PLAYS["Hand over two objects"])

    assert run.returncode == 0, run.output
    assert reader.arrived() == ["1.10", "test/001.txt"]
    text = PAGES["first-event"].read_text(encoding="utf-8")
    table = text[text.index("## Read the result") : text.index("## Go on")]
    rows = re.findall(r"^\| (`.+`) \|", table, re.MULTILINE)
    explained = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    documented = set(yaml.safe_load(oms_sync_event.RETURN)) | {"changed"}
    # What has pages of its own.
    assert documented - explained == {"resumed_count"}
    assert explained <= documented


# ---- files of names


def test_a_file_is_handed_over_and_its_progress_can_be_looked_at(reader: Reader) -> None:
    (names,) = blocks(PAGES["bulk"], "text")
    reader.write("home/backup/names.txt", names)

    run = reader.run(PLAYS["Hand over a whole bucket"])
    assert run.returncode == 0, run.output
    assert reader.arrived() == sorted(names.splitlines())
    looked = reader.ansible.run("bash", "-c", LOOK_AT_PROGRESS)
    assert json.loads(looked.stdout)["accepted_count"] == 3


def in_events_of(batch_size: int) -> str:
    """The play of the page on resuming, with another size of its events."""
    play = PLAYS["Hand over names, in as many runs as it takes"]
    return play.replace("progress_file:", f"batch_size: {batch_size}\n        progress_file:")


def test_a_run_is_resumed_as_the_page_says(reader: Reader) -> None:
    play = PLAYS["Hand over names, in as many runs as it takes"]
    file = reader.write("home/backup/names.txt", "a\nb\nb b\n")
    said = []
    for names in ("a\nb\nb b\n", "a\nb\nb b\nc\nd", "a\nb\nb b\nc\nd.txt\n"):
        file.write_text(names, encoding="utf-8")
        run = reader.run(play)
        assert run.returncode == 0, run.output
        again = reader.run(in_events_of(3))
        assert again.results[0]["changed"] is False
        said.append((reader.arrived(), run.results[1]["msg"]))

    assert said == [
        (["a", "b", "b b"], "3 in this run, 0 in earlier ones, of 3"),
        (["c", "d"], "2 in this run, 3 in earlier ones, of 5"),
        # The line had no end, and has grown.
        (["d.txt"], "1 in this run, 4 in earlier ones, of 5"),
    ]
    file.write_text("A\nb\nb b\nc\nd.txt\n", encoding="utf-8")
    other = reader.run(play)
    assert other.returncode == 0, other.output
    assert "is of another run, which is finished" in other.output
    assert reader.arrived() == ["A", "b", "b b", "c", "d.txt"]


def test_progress_that_is_not_finished_is_kept(reader: Reader) -> None:
    play = in_events_of(1)
    file = reader.write("home/backup/names.txt", "a\nb\n")
    reader.simulator.fault("answer", status=400, path="/events", skip=1)
    broken = reader.run(play)
    file.write_text("A\nb\n", encoding="utf-8")
    other = reader.run(play)
    file.write_text("a\nB\n", encoding="utf-8")
    mended = reader.run(play)

    assert [run.returncode == 0 for run in (broken, other, mended)] == [False, False, True], mended.output
    assert "is of another run, which is not finished" in other.output
    assert reader.arrived() == ["B", "a"]


# ---- sync tasks

# What a cell of the table of states begins with, and whether the task is changed then; None where it fails.
CELLS = {"creates": True, "starts": True, "stops": True, "deletes": True, "leaves": False, "fails": None}


def states() -> list[tuple[str, int, bool | None]]:
    """The table: a state, the number of the column, and what comes of it."""
    text = PAGES["sync-tasks"].read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(present|started|stopped|absent)` \| (.+) \| (.+) \| (.+) \|$", text, re.MULTILINE)
    return [
        (state, column, CELLS[re.split("[ :]", cell)[0]]) for state, *cells in rows for column, cell in enumerate(cells)
    ]


def test_states_do_what_the_table_says(simulator_process: Simulator, ansible: Ansible) -> None:
    simulator_process.reset()
    simulator_process.add_project("cn-north-4", PROJECT_ID)
    reader = Reader(simulator_process, ansible)
    keys = {"access_key": "x", "secret_key": "y"}
    tasks = []
    for number, (state, column, _changed) in enumerate(states()):
        buckets = {**BUCKETS, "src_bucket": f"bucket-{number}"}
        if column:
            reader.simulator.add_task(f"task-{number}", PROJECT_ID, ["STOPPED", "SYNCHRONIZING"][column - 1], **buckets)
        source = {"cloud_type": "AWS", "region": "us-east-1", "bucket": f"bucket-{number}", **keys}
        destination = {"region": "cn-north-4", "bucket": "photos-copy", **keys}
        options = {"state": state, "source": source, "destination": destination}
        tasks.append({TASK: options, "ignore_errors": True})
    # The simulator, too, has room for five: what would be created is looked at alone.
    predicted = reader.run(tasks, "--check")

    found = [None if result["failed"] else result["changed"] for result in predicted.results]
    assert len(found) == 12
    assert found == [changed for _state, _column, changed in states()], predicted.output


def test_new_keys_are_given(reader: Reader) -> None:
    run = reader.run(PLAYS["Give a sync task new keys"])

    assert run.returncode == 0, run.output
    assert reader.writes() == ["stop", "start"]
    (start,) = [request for request in reader.simulator.requests("POST") if request.target.endswith("/start")]
    assert sorted(json.loads(start.body).values()) == sorted(KEYS.values())


def test_a_sync_task_is_replaced(reader: Reader) -> None:
    run = reader.run(PLAYS["Replace a sync task"])

    assert run.returncode == 0, run.output
    assert reader.writes() == ["stop", "DELETE", "sync-tasks"]
    ((sync_task_id, status),) = reader.simulator.statuses().items()
    assert (run.results[-1]["msg"], status) == (sync_task_id, "SYNCHRONIZING")
    creation = json.loads(reader.simulator.requests("POST")[-1].body)
    assert creation["dst_storage_policy"] == "IA"
    assert BUCKETS.items() <= creation.items()


def test_all_sync_tasks_are_shown(reader: Reader) -> None:
    # In the month that the page asks for, whenever the test runs.
    there = datetime(2026, 11, 20, tzinfo=timezone.utc) - datetime.now(timezone.utc)
    reader.simulator.set(now_offset=there.total_seconds())
    reader.simulator.count(SYNC_TASK_ID, request=9, success=6, skip=2, failure=1)
    run = reader.run(PLAYS["Look at all sync tasks"])

    assert run.returncode == 0, run.output
    assert "photos to photos-copy is SYNCHRONIZING: 6 copied, 2 there already, 1 failed" in run.stdout
