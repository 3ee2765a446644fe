# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Runs the plays of the documentation against the simulator, many of them in one start of Ansible."""

from __future__ import annotations

import json
import re
import sys
import typing as t
from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml
from ansible_collections.huaweicloud.oms.tests import senders
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible
from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID, SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.integration.page_reader import BUCKETS, HOSTILE, KEYS, NAME, Reader
from ansible_collections.huaweicloud.oms.tests.integration.pages import BLOCKS, PLAYS, ROOT, block
from ansible_collections.huaweicloud.oms.tests.integration.test_documented_commands import SIGNED
from ansible_collections.huaweicloud.oms.tests.integration.test_secrets import core
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

TASK = "huaweicloud.oms.oms_sync_task"
RELEASE = ["releases/1.4.2/app.tar.gz", "releases/1.4.2/notes+errata.txt"]
REPORTS = ["reports/2026/q1.csv", "reports/2026/q2.csv"]

# The plays and tasks that submit and succeed, run in this order, and the object keys that OMS accepts from each.
SUBMITTED = {
    "Submit object keys": ["2026/11/harbour.jpg", "1.10"],
    "Submit the object keys of a file, and resume where the last run ended": ["bucket/1", "bucket/2"],
    # All of the file was accepted by the run before.
    "Submit a large file": [],
    "Submit an object key, and wait until the object is copied": ["2026/11/lighthouse.jpg"],
    "Submit object keys, or save those that remain": REPORTS,
    "Submit the object keys of a notification, unless it has none": ["a b+c"],
    "Submit two objects": ["2026/11/harbour at night.jpg", "1.10"],
    "Upload two hosts at a time": ["one/backup.tar", "two/backup.tar"],
    "Submit a whole bucket": HOSTILE,
    "Submit what was appended": ["appended"],
    "Submit and wait": ["2026/11/harbour at night.jpg", "2026/11/harbour.jpg"],
    "Submit a release": RELEASE,
    "Submit to a sync task of Terraform": ["test/001.txt"],
    "Submit what the release uploaded": RELEASE,
    "Copy what changed in a bucket": ["bucket/1", "bucket/2"],
    "Submit the objects that the release uploaded": RELEASE,
    "Submit the object keys of an S3 notification, which are URL-encoded already": ["a/b c"],
    # It has the files of the role's play.
    "Submit the objects of a backup, and resume where the last run ended": [],
    "Submit an object and wait until it is copied": ["reports/2026-11-27.csv"],
    "Submit the object keys of a notification in a file": ["a b+c"],
    "Set the encoding where the vendor does not document it, and select one bucket": ["a b+c"],
    "Leave out records that cannot be read, with a warning": [],
    "Show the objects that changed in any way, including their tags": [],
}
# The life of a sync task, in one run, and the requests that change something.
LIFE = {
    "Create the sync task": ["sync-tasks"],
    "Stop the sync task": ["stop"],
    "Change the access keys of a sync task": ["start"],
    "Replace a sync task": ["stop", "DELETE", "sync-tasks"],
    "Delete the sync task": ["stop", "DELETE"],
}
# Plays with a test of their own below.
OTHERS = {
    "Upload from all hosts, and submit once",
    "Submit a file in as many runs as it takes",
    "Submit, and save what remains",
    "List all sync tasks",
    "Check the last day",
}
# Blocks that no test here runs or reads, by page and first line, and why.
NOT_RUN = {
    ("docs/authentication.md", "version: 3"): "test_packaging builds with it",
    ("docs/getting-started.md", "python3 -m venv ~/oms"): "downloads packages; the environments of the tests have them",
    ("docs/event-driven-ansible.md", ""): "test_event_driven runs the rulebooks; the rest is of a system with systemd",
    ("roles/sync_objects/README.md", "  module_defaults:"): "a part of a play; test_role has all of it",
}


def test_each_block_is_run() -> None:
    """A new block must not go by untested."""
    assert {*SUBMITTED, *LIFE, *SIGNED, *OTHERS} == set(PLAYS)
    known: tuple[str, ...] = (
        "- name: ",
        "export ",
        "ansible ",
        "ansible-galaxy collection install --force .",
        "ansible-doc ",
        "tail ",
    )
    # Read by the tests: an inventory, lists of object keys, a message, a credentials file.
    known += ("all:", "set -o pipefail", RELEASE[0], "The sync task ", "[basic]")
    left = [
        each
        for each in BLOCKS
        if not each.start.startswith(known) and not {(each.page, each.start), (each.page, "")} & set(NOT_RUN)
    ]
    assert left == []


# ---- plays that submit


def prepare(reader: Reader) -> None:
    """The files and variables that the plays of SUBMITTED take for granted."""
    for name in ("photos/object_keys.txt", "backup/object_keys.txt"):
        reader.write(f"home/{name}", "bucket/1\nbucket/2\n")
    reader.write("home/photos/object_keys.jsonl", "".join(json.dumps(key) + "\n" for key in HOSTILE))
    reader.write("appended/object_keys.jsonl", '"appended"\n')
    reader.write("terraform-outputs.json", json.dumps({"sync_task_id": {"value": SYNC_TASK_ID}}))
    reader.write("notification.json", json.dumps(senders.s3_sqs("a b+c")))
    cos = json.loads(json.dumps(senders.cos_silent("a%20b+c")).replace(senders.BUCKET, "photos"))
    reader.write("from_cos.json", json.dumps([cos, senders.obs("other")]))
    variables = {
        **KEYS,
        "changed": REPORTS,
        "directory": str(reader.directory / "appended"),
        "release_object_keys": str(reader.write("release.txt", block("docs/object-keys.md", RELEASE[0]))),
        "notification": {"Records": [{"s3": {"object": {"key": "a/b+c"}}}]},
    }
    reader.write("release.txt", "".join(f"{key}\n" for key in RELEASE))
    reader.write("variables.yml", yaml.safe_dump(variables))


def test_plays_submit_what_they_say(reader: Reader) -> None:
    prepare(reader)
    run = reader.run(*SUBMITTED)

    assert run.returncode == 0, run.output
    accepted = [key for name in SUBMITTED for key in SUBMITTED[name]]
    # Events are sent in parallel, and in any order, but each play waits for its own.
    assert sorted(reader.accepted()) == sorted(accepted)
    assert "2 copied, 0 skipped" in run.stdout or "0 copied, 2 skipped" in run.stdout
    # The play of one of the pages says how to look at the file.
    looked = reader.ansible.run("bash", "-c", block("docs/object-keys.md", "tail "))
    assert json.loads(looked.stdout)["accepted_count"] == 2


def test_a_file_of_object_keys_has_one_a_line(reader: Reader) -> None:
    """The block of the page is such a file."""
    text = block("docs/object-keys.md", RELEASE[0])
    file = reader.write("keys.txt", text)
    run = reader.ansible.modules(
        [{"sync_task_id": SYNC_TASK_ID, "object_keys_file": str(file)}], environ=reader.environ
    )

    assert run.results[0]["changed"], run.output
    assert reader.accepted() == text.splitlines()


@pytest.mark.parametrize("version", ["", "OMS_TEST_CORE_OLDEST", "OMS_TEST_CORE_NEWEST"], ids=["", "oldest", "newest"])
def test_many_hosts_submit_once(simulator: Simulator, tmp_path: Path, version: str) -> None:
    """A host that fails is left out, and the name of a file is never a template."""
    reader = Reader(simulator, Ansible(tmp_path, core(version) if version else None))
    files = {"one": ["database.dump", "{{ 7 * 7 }}.dump"], "two": ["mail, old.dump"]}
    for host, names in files.items():
        for name in names:
            reader.write(f"{host}/{name}", "")
    hosts = {**{host: f"{tmp_path}/{host}" for host in files}, "three": "{{ nobody_knows }}"}
    local = f"ansible_connection=local ansible_python_interpreter={sys.executable}"
    reader.write("inventory", "".join(f"{host} {local} upload_directory='{path}'\n" for host, path in hosts.items()))
    run = reader.run("Upload from all hosts, and submit once")

    assert run.returncode != 0
    (event,) = simulator.requests("POST", "/events")
    assert event.accepted, run.output
    assert sorted(reader.accepted()) == ["uploads/database.dump", "uploads/mail, old.dump", "uploads/{{ 7 * 7 }}.dump"]


def test_a_file_is_resumed_as_the_table_says(reader: Reader) -> None:
    """In one start: the file is written, submitted, and submitted again with another batch_size."""
    name = "Submit a file in as many runs as it takes"
    file = reader.write("home/photos/object_keys.txt", "")
    plays: list[dict[str, t.Any]] = []
    for text in ("a\nb\nb b\n", "a\nb\nb b\nc\nd", "a\nb\nb b\nc\nd.txt\n", "A\nb\nb b\nc\nd.txt\n"):
        # Not `copy`, which would replace the file.
        write = {"ansible.builtin.shell": f"cat > {file}", "args": {"stdin": text, "stdin_add_newline": False}}
        plays += [{"hosts": "localhost", "gather_facts": False, "tasks": [write]}, *PLAYS[name]]
        again = json.loads(json.dumps(PLAYS[name]))
        again[0]["tasks"][0][MODULE]["batch_size"] = 3
        plays += again
    run = reader.plays(plays)

    assert run.returncode == 0, run.output
    runs = [result for result in run.results if "resumed_count" in result]
    shown = [result["msg"] for result in run.results if "in earlier ones" in str(result.get("msg"))]
    assert [result["changed"] for result in runs] == [True, False] * 4
    assert shown[::2] == [
        "3 in this run, 0 in earlier ones, of 3",
        "2 in this run, 3 in earlier ones, of 5",
        # The line had no end, and has grown.
        "1 in this run, 4 in earlier ones, of 5",
        "5 in this run, 0 in earlier ones, of 5",
    ]
    assert reader.accepted()[:6] == ["a", "b", "b b", "c", "d", "d.txt"]
    assert "is of another run, which is finished" in run.output


# ---- failures


def test_what_remains_is_saved_and_submitted_again(reader: Reader) -> None:
    reader.simulator.add_task(SYNC_TASK_ID, PROJECT_ID, "STOPPED", **BUCKETS)
    name = "Submit, and save what remains"
    failed = reader.run(name)
    saved = json.loads((reader.directory / "remaining.json").read_text(encoding="utf-8"))
    reader.simulator.add_task(SYNC_TASK_ID, PROJECT_ID, **BUCKETS)
    again = reader.run(name)

    assert failed.returncode != 0
    assert "is not running. Start it with" in failed.results[-1]["msg"]
    assert saved == REPORTS
    assert again.returncode == 0, again.output
    assert reader.accepted() == REPORTS
    assert not (reader.directory / "remaining.json").exists()


def test_the_rescue_of_the_readme_saves_shows_and_fails(reader: Reader) -> None:
    reader.simulator.add_task(SYNC_TASK_ID, PROJECT_ID, "STOPPED", **BUCKETS)
    reader.write("variables.yml", yaml.safe_dump({"changed": REPORTS}))
    failed = reader.run("Submit object keys, or save those that remain")
    saved = json.loads((reader.directory / "remaining.json").read_text(encoding="utf-8"))
    reader.simulator.add_task(SYNC_TASK_ID, PROJECT_ID, **BUCKETS)
    # As the README says, in backticks.
    (value,) = re.findall(r'`object_keys: "(\{\{ lookup.+)"`', (ROOT / "README.md").read_text(encoding="utf-8"))
    task = {MODULE: {"sync_task_id": SYNC_TASK_ID, "object_keys": value}}
    again = reader.ansible.playbook([task], environ=reader.environ)

    assert failed.returncode != 0
    assert failed.results[-1]["failed"]
    assert "is not running. Start it with" in failed.results[-1]["msg"]
    assert saved == REPORTS
    assert again.returncode == 0, again.output
    assert reader.accepted() == REPORTS


def test_failures_are_told_as_the_pages_say(reader: Reader) -> None:
    """The message of the page on errors, the counters of a month, and a day with failures, in one start."""
    simulator = reader.simulator
    # In the month that the page asks for, whenever the test runs.
    there = datetime(2026, 11, 20, tzinfo=timezone.utc) - datetime.now(timezone.utc)
    simulator.set(now_offset=there.total_seconds())
    simulator.add_task("month", PROJECT_ID, **{**BUCKETS, "src_bucket": "archive"})
    simulator.count("month", request=9, success=6, skip=2, failure=1)
    simulator.set(now_offset=0)
    simulator.count(SYNC_TASK_ID, request=10, success=7, skip=2, failure=1)
    body = json.dumps({"error_code": "OMS.0066", "error_msg": "The task is not running."})
    simulator.add_task("stops", PROJECT_ID)
    simulator.fault("answer", status=400, body=body, path="/stops/", skip=4)
    keys = [str(number) for number in range(65)]
    module = {MODULE: {"sync_task_id": "stops", "object_keys": keys, "concurrency": 1}}
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": [module]}, *PLAYS["List all sync tasks"]]
    run = reader.plays([{**play, "ignore_errors": True} for play in [*plays, *PLAYS["Check the last day"]]])

    message = run.results[0]["msg"].replace(simulator.url, "https://oms.cn-north-4.myhuaweicloud.com")
    page = " ".join(block("docs/errors.md", "The sync task ").split())
    pattern = re.escape(page).replace("<sync_task_id>", "stops").replace("<project_id>", PROJECT_ID)
    assert re.fullmatch(pattern.replace(re.escape("7a1b7c02..."), "[0-9a-f-]+"), " ".join(message.split())), message
    assert "archive to photos-copy is SYNCHRONIZING: 6 copied, 2 skipped, 1 failed" in run.stdout
    assert "7 copied, 2 skipped, 1 failed" in run.results[-2]["msg"]
    assert run.results[-1]["failed"]
    assert run.results[-1]["msg"] == "A sync task is stopped, or objects could not be copied"


# ---- sync tasks


def test_the_life_of_a_sync_task(simulator_process: Simulator, ansible: Ansible) -> None:
    simulator_process.reset()
    simulator_process.add_project("cn-north-4", PROJECT_ID)
    reader = Reader(simulator_process, ansible)
    plays = json.loads(json.dumps([PLAYS[name] for name in LIFE]))
    create, stop, change, replace, delete = plays
    # The simulator chooses the ID; the pages say to put it in.
    for task in (stop[0]["tasks"][0], *change[0]["tasks"]):
        task[TASK]["sync_task_id"] = "{{ hostvars.localhost.created.sync_task_id }}"
    run = reader.plays([*create, *create, *stop, *change, *replace, *delete], "--diff")

    assert run.returncode == 0, run.output
    assert reader.writes() == [end for ends in LIFE.values() for end in ends]
    assert simulator_process.statuses() == {}
    changes = [result["changed"] for result in run.results if "sync_task_id" in result]
    # The second creation changes nothing, and neither does the second stop.
    assert changes == [True, False, True, False, True, True, True, True]
    first, start, second = [json.loads(request.body) for request in simulator_process.requests("POST") if request.body]
    keys = dict(zip(("src_ak", "src_sk", "dst_ak", "dst_sk"), KEYS.values(), strict=True))
    assert first == {**BUCKETS, **keys, "description": NAME}
    assert start == keys
    assert second == {**BUCKETS, **keys, "dst_storage_policy": "IA"}


# What a cell of the table of states begins with, and whether the task is changed then; None where it fails.
CELLS = {"creates": True, "starts": True, "stops": True, "deletes": True, "leaves": False, "fails": None}


def test_states_do_what_the_table_says(simulator_process: Simulator, ansible: Ansible) -> None:
    simulator_process.reset()
    simulator_process.add_project("cn-north-4", PROJECT_ID)
    reader = Reader(simulator_process, ansible)
    text = (ROOT / "docs" / "sync-tasks.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(present|started|stopped|absent)` \| (.+) \| (.+) \| (.+) \|$", text, re.MULTILINE)
    keys = {"access_key": "x", "secret_key": "y"}
    tasks: list[dict[str, t.Any]] = []
    expected = []
    for state, *cells in rows:
        for column, cell in enumerate(cells):
            number = len(tasks)
            if column:
                buckets = {**BUCKETS, "src_bucket": f"bucket-{number}"}
                simulator_process.add_task(
                    f"task-{number}", PROJECT_ID, ["STOPPED", "SYNCHRONIZING"][column - 1], **buckets
                )
            source = {"cloud_type": "AWS", "region": "us-east-1", "bucket": f"bucket-{number}", **keys}
            destination = {"region": "cn-north-4", "bucket": "photos-copy", **keys}
            tasks.append({TASK: {"state": state, "source": source, "destination": destination}})
            expected.append(CELLS[re.split("[ :]", cell)[0]])
    play = {"hosts": "localhost", "gather_facts": False, "ignore_errors": True, "tasks": tasks}
    # What would be created is predicted alone: the simulator has room for five sync tasks.
    run = reader.plays([play], "--check")

    assert len(expected) == 12
    assert [None if result["failed"] else result["changed"] for result in run.results] == expected, run.output
