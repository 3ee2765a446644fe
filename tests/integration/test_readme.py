# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The examples of the READMEs, guides, module and filter, run as they stand against the simulator."""

from __future__ import annotations

import json
import re
import shutil
import typing as t
from pathlib import Path
from urllib.parse import unquote_plus

import pytest
import yaml
from ansible_collections.huaweicloud.oms.plugins.filter import object_keys
from ansible_collections.huaweicloud.oms.plugins.modules import oms_sync_event
from ansible_collections.huaweicloud.oms.tests import senders
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import Ansible
from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID, SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.integration.pages import blocks, name_of
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

ROOT = Path(__file__).parents[2]
RELEASE = ["releases/1.4.2/app.tar.gz", "releases/1.4.2/notes+errata.txt"]
# As the README writes them.
ACCESS_KEY, SECRET_KEY = "your-access-key", "your-secret-key"


README = ROOT / "README.md"
ROLE_README = ROOT / "roles" / "sync_objects" / "README.md"
PLAYS = [block for path in (README, ROLE_README) for block in blocks(path, "yaml") if "hosts:" in block]
NOTIFICATIONS = ROOT / "docs" / "notifications.md"
TASKS = [
    *(block for path in (README, NOTIFICATIONS) for block in blocks(path, "yaml") if "hosts:" not in block),
    *oms_sync_event.EXAMPLES.split("\n\n"),
    # The guide has the first of these, too.
    *object_keys.EXAMPLES.split("\n\n")[1:],
]
SHELL = blocks(README, "shell")

# What arrives, by the name of the play or task.
ARRIVES = {
    "Have OMS copy what the release uploaded": RELEASE,
    "Hand over what the release uploaded": RELEASE,
    "Submit what the release uploaded": RELEASE,
    "Hand over from all hosts": ["one/backup.tar", "two/backup.tar"],
    "Hand over a whole bucket": ["bucket/1", "bucket/2"],
    "Submit the objects of a backup, and resume where the last run ended": ["bucket/1", "bucket/2"],
    "Hand over with a key from a vault": ["test/001.txt"],
    "Copy what changed in a bucket": ["bucket/1", "bucket/2"],
    "Keep photos-copy in step with photos": ["2026/11/harbour.jpg", "2026/11/lighthouse.jpg"],
    "Hand over and keep what was not accepted": ["reports/2026/q1.csv", "reports/2026/q2.csv"],
    "Pass on the keys of an S3 notification, which are URL-encoded already": ["a/b c"],
    "Hand over what a notification is about": ["a b+c"],
    "Submit the object keys of a notification in a file": ["a b+c"],
    "Set the encoding where the vendor does not document it, and select one bucket": ["a b+c"],
    "Leave out records that cannot be read, with a warning": [],
    "Show the objects that changed in any way, including their tags": [],
}
VARIABLES = {
    "vault_oms_access_key": ACCESS_KEY,
    "vault_oms_secret_key": SECRET_KEY,
    **{f"vault_{side}_{name}": "x" for side in ("source", "destination") for name in ("access_key", "secret_key")},
    "changed_objects": ["changed/1", "changed/2"],
    "notification": {"Records": [{"s3": {"object": {"key": "a/b+c"}}}]},
}
# Files beside the playbook.
RECEIVED = {
    "notification.json": senders.s3_sqs("a b+c"),
    "from_cos.json": [
        json.loads(json.dumps(senders.cos_silent("a%20b+c")).replace(senders.BUCKET, "photos")),
        senders.obs("other"),
    ],
}


@pytest.fixture
def environ(simulator: Simulator) -> dict[str, str]:
    """The environment of a reader whose OMS is the simulator."""
    simulator.add_access_key(ACCESS_KEY, SECRET_KEY)
    return {
        "HW_ACCESS_KEY": ACCESS_KEY,
        "HW_SECRET_KEY": SECRET_KEY,
        "HW_REGION_NAME": "cn-north-4",
        "HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4": simulator.url,
        "HUAWEICLOUD_SDK_IAM_ENDPOINT": simulator.url,
    }


# One of them has a variable in its play, which an extra variable of that name would hide.
OWN_VARIABLES = [block for block in PLAYS if "changed_objects: [" in block]


@pytest.mark.parametrize(
    "examples",
    [[block for block in PLAYS if block not in OWN_VARIABLES], OWN_VARIABLES, TASKS],
    ids=["plays", "plays with variables", "tasks"],
)
def test_examples_do_what_they_say(
    simulator: Simulator, ansible: Ansible, environ: dict[str, str], examples: list[str]
) -> None:
    inventory = ansible.folder / "inventory"
    inventory.write_text("one ansible_connection=local\ntwo ansible_connection=local\n", encoding="utf-8")
    backup = ansible.folder / "home" / "backup"
    backup.mkdir()
    for file in ("names.txt", "object_keys.txt"):
        (backup / file).write_text("bucket/1\nbucket/2\n", encoding="utf-8")
    for file, notification in RECEIVED.items():
        (ansible.folder / file).write_text(json.dumps(notification), encoding="utf-8")
    variables = ansible.folder / "variables.yml"
    variables.write_text(yaml.safe_dump(VARIABLES), encoding="utf-8")
    parts = [part for block in examples for part in yaml.safe_load(block)]
    playbook = parts if examples == TASKS else yaml.safe_dump(parts, allow_unicode=True)
    options = [f"-i{inventory}", *([] if examples == OWN_VARIABLES else [f"-e@{variables}"])]

    run = ansible.playbook(playbook, *options, environ=environ)

    assert run.returncode == 0, run.output
    # Some make a sync task of their own.
    events = [request for request in simulator.requests("POST", "/events") if request.accepted]
    arrived = [unquote_plus(key) for request in events for key in request.object_keys or ()]
    assert arrived == [key for block in examples for key in ARRIVES[name_of(block)]]


def test_the_rescue_keeps_what_was_not_accepted(
    simulator: Simulator, ansible: Ansible, environ: dict[str, str]
) -> None:
    simulator.add_task(SYNC_TASK_ID, PROJECT_ID, "STOPPED")
    (play,) = [block for block in PLAYS if "remaining.json" in block]
    run = ansible.playbook(play, environ=environ)

    assert run.returncode == 0, run.output
    assert "(OMS.0066, request " in run.stdout
    kept = yaml.safe_load((ansible.folder / "remaining.json").read_text(encoding="utf-8"))
    assert kept == ARRIVES["Hand over and keep what was not accepted"]


def test_commands_do_what_they_say(simulator: Simulator, ansible: Ansible, environ: dict[str, str]) -> None:
    script = "set -e\n" + "".join(block for block in SHELL if re.match("(?m)^(export|ansible localhost) ", block))
    endpoints = {name: value for name, value in environ.items() if name.startswith("HUAWEICLOUD_SDK_")}
    run = ansible.run("bash", "-c", script, environ=endpoints)

    assert run.returncode == 0, run.output
    assert simulator.accepted_keys(SYNC_TASK_ID) == ["test/001.txt", "test/001.txt", "test/002.txt"]


@pytest.mark.parametrize("block", [block for block in SHELL if block.startswith("ansible-galaxy ")])
def test_the_collection_is_installed_as_told(ansible: Ansible, block: str) -> None:
    checkout = ansible.folder / "checkout"
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(".*", "build", "output"))
    script = f"set -e\ncd checkout\n{block}\nansible-doc huaweicloud.oms.oms_sync_event\n"
    run = ansible.run("bash", "-c", script, environ={"ANSIBLE_COLLECTIONS_PATH": str(ansible.folder / "home/.ansible")})

    assert run.returncode == 0, run.output
    assert "This module tells it, with as many sync events" in " ".join(run.stdout.split())
    installed = ansible.folder / "home/.ansible/ansible_collections/huaweicloud/oms"
    names = {path.name for path in installed.iterdir()}
    assert {"plugins", "roles", "extensions", "playbooks", "meta", "README.md", "CHANGELOG.md", "LICENSES"} <= names
    # What is for development only stays out.
    assert not {"tests", "Makefile", "noxfile.py", "pyproject.toml", ".ci", "build"} & names


def test_each_command_is_tried() -> None:
    """A new block must not go by untested; the targets of make are what CI runs."""
    known = ("export ", "ansible localhost ", "ansible-galaxy ", "make ")

    assert [block for block in SHELL if not block.startswith(known)] == []
    targets = [word for block in SHELL for word in re.findall("^make (.+)$", block, re.MULTILINE)]
    for target in targets:
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_each_example_is_yaml_that_is_run() -> None:
    assert {name_of(block) for block in PLAYS + TASKS} == set(ARRIVES)


def test_all_blocks_are_found() -> None:
    """Blocks of another language, or indented ones, would not be run."""
    for path in (README, ROLE_README, NOTIFICATIONS):
        text = path.read_text(encoding="utf-8")
        found: list[t.Any] = [*blocks(path, "yaml"), *blocks(path, "shell")]
        assert len(found) * 2 == text.count("```"), path
