# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The plays and commands of docs/guide.md, run as they stand, and what the page says about them."""

from __future__ import annotations

import json
import re
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.huaweicloud.oms.plugins.modules import (
    oms_sync_task,
    oms_sync_task_info,
    oms_sync_task_statistics_info,
)
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible, Run
from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID, SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.integration.pages import blocks, name_of
from ansible_collections.huaweicloud.oms.tests.integration.test_secrets import core
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

PAGE = Path(__file__).parents[2] / "docs" / "guide.md"
TEXT = PAGE.read_text(encoding="utf-8")
PLAYS = {name_of(block): block for block in blocks(PAGE, "yaml")}
EXPORT, LIST, APPEND = blocks(PAGE, "shell")

TASK = "huaweicloud.oms.oms_sync_task"
BUCKETS = {
    "src_cloud_type": "AWS",
    "src_region": "us-east-1",
    "src_bucket": "photos",
    "dst_region": "cn-north-4",
    "dst_bucket": "photos-copy",
}
KEYS = {
    f"vault_{side}_{kind}_key": f"{kind}-key-of-the-{side}"
    for side in ("source", "destination")
    for kind in ("access", "secret")
}
PHOTOS = ["2026/11/harbour at night.jpg", "2026/11/harbour by day.jpg"]
NAMES = ["a/b.txt", "照片/北京 2026.jpg", "two\nlines.txt", 'quote"d.txt', "plus+%20.txt", "[x].txt"]


class Reader:
    """Someone who follows the page: OMS is the simulator, and all that the page takes for granted is there."""

    def __init__(self, simulator: Simulator, ansible: Ansible) -> None:
        self.simulator = simulator
        self.folder = ansible.folder
        self.home = ansible.folder / "home"
        exported = dict(re.findall(r"\b([A-Z_]+)=(\S+)", EXPORT))
        simulator.add_access_key(exported["HW_ACCESS_KEY"], exported["HW_SECRET_KEY"])
        self.environ = {
            **exported,
            "HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4": simulator.url,
            "HUAWEICLOUD_SDK_IAM_ENDPOINT": simulator.url,
        }
        self.ansible = ansible
        self.write("variables.yml", yaml.safe_dump(KEYS))

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def inventory(self, folders: dict[str, str]) -> str:
        """The option that names hosts, each with the folder that it uploads from."""
        python = f"ansible_connection=local ansible_python_interpreter={sys.executable}"
        lines = [f"{host} {python} upload_folder='{folder}'\n" for host, folder in folders.items()]
        return f"-i{self.write('inventory', ''.join(lines))}"

    def play(self, name: str, *options: str) -> Run:
        return self.run(PLAYS[name], *options)

    def run(self, playbook: str | list[dict[str, t.Any]], *options: str) -> Run:
        return self.ansible.playbook(playbook, f"-e@{self.folder}/variables.yml", *options, environ=self.environ)

    def list_bucket(self, command: str, names: list[str], status: int = 0) -> str:
        """Run one of the page's commands, which ends as the AWS CLI does, and give back what that was called with.

        In the CLI's place is a program that writes what the CLI 1.46 wrote for such names, a line for each of them, and
        a line for a bucket, or a page of it, that is empty.
        """
        lines = "\n".join([*(json.dumps([name]) for name in names), "None"])
        arguments = self.folder / "arguments"
        self.write("answer", f"{lines}\n")
        script = f'#!/bin/sh\necho "$@" > {arguments}\ncat {self.folder}/answer\nexit {status}\n'
        cli = self.write("bin/aws", script)
        cli.chmod(0o755)
        # Ansible's own PATH comes behind, with sed in it.
        run = self.ansible.run("bash", "-c", f'PATH="{cli.parent}:$PATH"\n{command}')
        assert run.returncode == status, run.output
        return arguments.read_text(encoding="utf-8").strip()

    def writes(self) -> list[str]:
        """What was asked for that changes something, by the end of the path; DELETE for that of a task."""
        return [
            request.method if request.method == "DELETE" else request.target.rpartition("/")[2]
            for request in self.simulator.requests()
            if request.method != "GET" and request.status < 400
        ]

    def arrived(self) -> list[str]:
        """The names in the events since the last look, in the order of the alphabet: they arrive in any."""
        names = sorted(self.simulator.accepted_keys(SYNC_TASK_ID))
        self.simulator.forget_records()
        return names


@pytest.fixture
def reader(simulator: Simulator, ansible: Ansible) -> Reader:
    simulator.add_task(SYNC_TASK_ID, PROJECT_ID, **BUCKETS)
    return Reader(simulator, ansible)


@pytest.fixture
def newcomer(simulator_process: Simulator, ansible: Ansible) -> Reader:
    """Someone who has no sync task yet."""
    simulator_process.reset()
    simulator_process.add_project("cn-north-4", PROJECT_ID)
    return Reader(simulator_process, ansible)


def test_nothing_on_the_page_goes_by_untested() -> None:
    """A block of another kind, or a play of another name, would not be run."""
    assert set(PLAYS) == {
        "Make the sync task",
        "Send the first event",
        "Hand over the whole bucket",
        "Hand over, and wait",
        "Look at the last day",
        "Stop the sync task",
        "Delete the sync task",
        "Upload from all hosts, and tell OMS once",
        "Hand over a release",
        "Hand over what has been appended",
    }
    assert TEXT.count("```") == 2 * (len(blocks(PAGE, "yaml")) + len(blocks(PAGE, "shell")))


# ---- the life of a sync task


def test_the_sync_task_is_made_once(newcomer: Reader) -> None:
    predicted = newcomer.play("Make the sync task", "--check", "--diff")
    assert predicted.returncode == 0, predicted.output
    assert newcomer.simulator.statuses() == {}

    made = newcomer.play("Make the sync task")
    again = newcomer.play("Make the sync task")

    assert (made.returncode, again.returncode) == (0, 0), made.output + again.output
    assert [run.results[0]["changed"] for run in (predicted, made, again)] == [True, True, False]
    ((sync_task_id, status),) = newcomer.simulator.statuses().items()
    assert status == "SYNCHRONIZING"
    assert made.results[1]["msg"] == again.results[1]["msg"] == sync_task_id
    (creation,) = newcomer.simulator.requests("POST")
    assert json.loads(creation.body) == {
        **BUCKETS,
        "src_ak": KEYS["vault_source_access_key"],
        "src_sk": KEYS["vault_source_secret_key"],
        "dst_ak": KEYS["vault_destination_access_key"],
        "dst_sk": KEYS["vault_destination_secret_key"],
        "description": "Photos for the web site",
    }


def without_keys() -> list[dict[str, t.Any]]:
    """The first task of the page with `state: present`, and without what it creates a sync task with."""
    options = yaml.safe_load(PLAYS["Make the sync task"])[0]["tasks"][0][TASK]
    for side in ("source", "destination"):
        del options[side]["access_key"], options[side]["secret_key"]
    return [{TASK: {**options, "state": "present"}}]


def test_without_keys_it_finds_the_id_and_creates_nothing(newcomer: Reader) -> None:
    alone = newcomer.run(without_keys())
    newcomer.simulator.add_task("there", PROJECT_ID, "STOPPED", description="Photos for the web site", **BUCKETS)
    found = newcomer.run(without_keys())

    assert alone.returncode != 0
    assert found.results[0]["sync_task_id"] == "there", found.output
    assert newcomer.writes() == []


def test_it_is_stopped_started_again_and_deleted(newcomer: Reader) -> None:
    newcomer.simulator.add_task(SYNC_TASK_ID, PROJECT_ID, description="Photos for the web site", **BUCKETS)
    stopped = newcomer.play("Stop the sync task")
    refused = newcomer.play("Send the first event")
    assert stopped.returncode == 0, stopped.output
    assert newcomer.simulator.statuses() == {SYNC_TASK_ID: "STOPPED"}
    assert refused.returncode != 0

    started = newcomer.play("Make the sync task")
    deleted = newcomer.play("Delete the sync task")

    assert (started.returncode, deleted.returncode) == (0, 0), started.output + deleted.output
    assert newcomer.writes() == ["stop", "start", "stop", "DELETE"]
    assert newcomer.simulator.statuses() == {}


def test_the_last_day_is_told_and_fails_if_someone_has_to_look(reader: Reader) -> None:
    reader.simulator.count(SYNC_TASK_ID, request=9, success=7, skip=2)
    well = reader.play("Look at the last day")
    reader.simulator.count(SYNC_TASK_ID, request=1, failure=1)
    failures = reader.play("Look at the last day")

    assert well.returncode == 0, well.output
    assert "7 copied, 2 there already, 0 failed" in well.stdout
    assert failures.returncode != 0
    assert "7 copied, 2 there already, 1 failed" in failures.stdout

    reader.simulator.reset()
    again = Reader(reader.simulator, reader.ansible)
    again.simulator.add_project("cn-north-4", PROJECT_ID)
    again.simulator.add_task(SYNC_TASK_ID, PROJECT_ID, "STOPPED")
    stopped = again.play("Look at the last day")
    assert stopped.returncode != 0
    assert "A sync task is stopped, or objects could not be copied" in stopped.output


# ---- names


def test_the_first_event_is_looked_at_before_it_is_sent(reader: Reader) -> None:
    predicted = reader.play("Send the first event", "--check")
    assert predicted.returncode == 0, predicted.output
    assert reader.arrived() == []

    assert reader.play("Send the first event").returncode == 0
    assert reader.arrived() == PHOTOS[:1]


def test_the_whole_bucket_is_listed_and_handed_over_once(reader: Reader) -> None:
    reader.list_bucket(LIST, NAMES[:2], status=255)
    called = reader.list_bucket(LIST, NAMES)
    assert called == "s3api list-objects-v2 --bucket photos --query Contents[].[to_string([Key])] --output text"

    run = reader.play("Hand over the whole bucket")
    assert run.returncode == 0, run.output
    assert reader.arrived() == sorted(NAMES)

    assert reader.play("Hand over the whole bucket").returncode == 0
    assert reader.arrived() == []


def test_it_waits_and_fails_if_an_object_could_not_be_copied(reader: Reader) -> None:
    reader.simulator.set(copy_delay=1)
    well = reader.play("Hand over, and wait")
    reader.simulator.set(copy_delay=0, fail_keys=["*by day*"])
    failed = reader.play("Hand over, and wait")

    assert well.returncode == 0, well.output
    assert well.results[-1]["counters"] == {"success": 2, "failure": 0, "skip": 0}
    assert reader.arrived() == sorted([*PHOTOS, *PHOTOS])
    assert failed.returncode != 0
    assert failed.results[-1]["error"]["kind"] == "copy"


@pytest.mark.parametrize("version", ["", "OMS_TEST_CORE_OLDEST", "OMS_TEST_CORE_NEWEST"], ids=["", "oldest", "newest"])
def test_many_hosts_are_told_of_at_once(simulator: Simulator, tmp_path: Path, version: str) -> None:
    """A host that fails is left out, and a file that is called like a template is a file like another."""
    reader = Reader(simulator, Ansible(tmp_path, core(version) if version else None))
    files = {"one": ["database.dump", "{{ 7 * 7 }}.dump"], "two": ["mail, old.dump"]}
    for host, names in files.items():
        for name in names:
            reader.write(f"{host}/{name}", "")
    hosts = {**{host: f"{tmp_path}/{host}" for host in files}, "three": "{{ nobody_knows }}"}
    run = reader.play("Upload from all hosts, and tell OMS once", reader.inventory(hosts))

    assert run.returncode != 0
    assert reader.simulator.accepted_count(SYNC_TASK_ID) == 3, run.output
    (event,) = reader.simulator.requests("POST", "/events")
    assert event.accepted
    assert reader.arrived() == ["uploads/database.dump", "uploads/mail, old.dump", "uploads/{{ 7 * 7 }}.dump"]


def test_many_hosts_with_nothing_to_upload_are_no_failure(reader: Reader) -> None:
    reader.write("none/.hidden", "")
    run = reader.play("Upload from all hosts, and tell OMS once", reader.inventory({"one": f"{reader.folder}/none"}))

    assert run.returncode == 0, run.output
    assert reader.simulator.requests("POST") == []


def test_a_release_is_handed_over_and_fails_with_its_objects(reader: Reader) -> None:
    names = reader.write("dist/names.txt", "app.tar.gz\nnotes+errata.txt\n")
    well = reader.play("Hand over a release", f"-erelease_names={names}")
    reader.simulator.set(fail_keys=["app.*"])
    failed = reader.play("Hand over a release", f"-erelease_names={names}")

    assert well.returncode == 0, well.output
    assert reader.arrived() == ["app.tar.gz"] * 2 + ["notes+errata.txt"] * 2
    assert failed.returncode != 0
    assert failed.results[-1]["error"]["kind"] == "copy"


def test_a_schedule_sends_what_was_appended_and_nothing_twice(reader: Reader) -> None:
    folder = reader.write("kept/names.jsonl", '"first"\n').parent
    append = APPEND.replace("/var/lib/photos", str(folder))
    assert append != APPEND

    def job() -> bool:
        run = reader.play("Hand over what has been appended", f"-efolder={folder}")
        assert run.returncode == 0, run.output
        return bool(run.results[0]["changed"])

    assert job()
    assert reader.arrived() == ["first"]
    assert not job()

    reader.list_bucket(append, [], status=255)
    called = reader.list_bucket(append, NAMES)
    assert "Contents[?LastModified>='2026-11-24'].[to_string([Key])]" in called
    assert job()
    assert reader.arrived() == sorted(NAMES)
    # Nothing has changed at the source.
    reader.list_bucket(append, [])
    assert not job()
    assert reader.arrived() == []


# ---- what the page says beside


def refusal(simulator: Simulator, code: str, status: int, headers: dict[str, str] | None = None) -> dict[str, t.Any]:
    """A task whose event is answered with an error."""
    body = json.dumps({"error_code": code, "error_msg": "no"})
    simulator.fault("answer", status=status, body=body, path=f"/{code}/", headers=headers or {})
    return {MODULE: {"sync_task_id": code, "object_keys": ["a"]}}


def test_messages_are_those_of_the_table(reader: Reader) -> None:
    simulator = reader.simulator
    # With the reader's own they are five.
    for name, status in {"stopped": "STOPPED", "half": "SYNCHRONIZING", "4": "STOPPED", "5": "STOPPED"}.items():
        simulator.add_task(name, PROJECT_ID, status)
    event = {"sync_task_id": SYNC_TASK_ID, "object_keys": ["a"]}
    names = reader.write("names", "a\nb\n")
    in_file = {
        "object_keys_file": str(names),
        "progress_file": str(reader.folder / "progress"),
        "batch_size": 1,
        "concurrency": 1,
    }
    # The second event is refused, so that the run is left unfinished.
    simulator.fault("answer", status=400, path="/half/", skip=1)
    wrong_key = {"access_key": "wrong", "secret_key": "wrong"}
    keys = {"access_key": "key-1", "secret_key": "key-2"}
    other_buckets = {
        "source": {"cloud_type": "AWS", "region": "us-east-1", "bucket": "other", **keys},
        "destination": {"region": "cn-north-4", "bucket": "other", **keys},
    }
    tasks: dict[str, dict[str, t.Any]] = {
        "OMS.0066": {MODULE: {**event, "sync_task_id": "stopped"}},
        "was not found": {MODULE: {**event, "sync_task_id": "missing"}},
        "APIGW.0101": refusal(simulator, "APIGW.0101", 404),
        "APIGW.0301": {MODULE: {**event, "project_id": PROJECT_ID, **wrong_key}},
        "APIGW.0302": refusal(simulator, "APIGW.0302", 403),
        "APIGW.0307": refusal(simulator, "APIGW.0307", 401),
        # More than the module waits for.
        "APIGW.0308": refusal(simulator, "APIGW.0308", 429, {"Retry-After": "3600"}),
        "OMS.0064": refusal(simulator, "OMS.0064", 400),
        "as the most for a tenant": {TASK: {"state": "present", **other_buckets}},
        "differs from the options": {TASK: {"sync_task_id": SYNC_TASK_ID, "description": "Other photos"}},
        "": {MODULE: {**in_file, "sync_task_id": "half"}},
        "is of another run, which is not finished": {MODULE: {**in_file, "sync_task_id": SYNC_TASK_ID}},
        "put it in quotes": {MODULE: {**event, "object_keys": [1.1]}},
    }
    run = reader.run([{**task, "ignore_errors": True} for task in tasks.values()])

    assert len(run.results) == len(tasks), run.output
    for said, result in zip(tasks, run.results, strict=True):
        assert result["failed"]
        assert said in result["msg"]
    assert first_cells("What goes wrong") == set(tasks) - {""}


def section(heading: str) -> str:
    return TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def first_cells(heading: str) -> set[str]:
    """What is in backticks in the first column of a section's table."""
    return set(re.findall(r"^\| `([^`]+)` \|", section(heading), re.MULTILINE))


def test_permissions_are_those_that_the_modules_document() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", section("What you need"), re.MULTILINE))
    granted = {name: set(re.findall(r"oms:synctask:\w+", row)) for name, row in rows.items()}

    assert granted.pop("oms_sync_event") == {"oms:synctask:createEvent", "oms:synctask:get"}
    assert granted == {
        module.__name__.rpartition(".")[2]: set(re.findall(r"oms:synctask:\w+", module.DOCUMENTATION))
        for module in (oms_sync_task, oms_sync_task_info, oms_sync_task_statistics_info)
    }


def anchors(page: Path) -> set[str]:
    """What a link into a page may name: its headings, as they are spelt there."""
    headings = re.findall("^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub("[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_end_at_a_page_and_a_heading() -> None:
    links = re.findall(r"\]\(([^):#]*)(?:#([^)]+))?\)", TEXT)

    assert len(links) >= 14
    for file, anchor in links:
        page = PAGE.parent / file if file else PAGE
        assert page.exists(), file
        assert not anchor or anchor in anchors(page), (file, anchor)
