# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Lines about a run that is going on: where they appear, and where they don't.

A run takes as long as it must: OMS is slow until the line that is waited for is there.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
import typing as t
from datetime import datetime
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible, Run
from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID, SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

# After so many seconds there is the first line, in plugins/plugin_utils/_progress_lines.py.
FIRST_SECONDS = 10
# Until the line is there, whatever else the machine does.
LIMIT_SECONDS = 60
# More than OMS accepts in that time.
OBJECT_COUNT = 500
# So many of four objects are copied until then.
COPIED = {"success": 2, "failure": 1}
COPYING = "2 of 4 objects copied, 1 failed"
ACCEPTED = rf"\d+ of {OBJECT_COUNT} objects accepted, \d\.\d events/s"

CONNECTION_PLUGIN = '''
DOCUMENTATION = """
name: elsewhere
author: The tests
short_description: A connection to another host
description: It is not called local.
options: {}
"""
from ansible.plugins.connection.local import Connection as Local


class Connection(Local):
    transport = "elsewhere"
'''
BECOME_PLUGIN = '''
DOCUMENTATION = """
name: another
author: The tests
short_description: Become another user
description: It stays the same user.
options:
  become_user: {description: The user, default: root}
  become_exe: {description: The command}
  become_flags: {description: Its options}
  become_pass: {description: The password}
"""
from ansible.plugins.become import BecomeBase


class BecomeModule(BecomeBase):
    name = "another"

    def build_become_command(self, cmd, shell):
        super().build_become_command(cmd, shell)
        return cmd
'''
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
# Each host, with its variables and the line about it, if there is to be one.
HOSTS: dict[str, tuple[dict[str, t.Any], str | None]] = {
    "here": ({"oms_progress_lines": "{{ 1 == 1 }}"}, ACCEPTED),
    "delegating": ({"ansible_connection": "ssh", "delegated": "localhost", "log": "$LOGS/delegating"}, ACCEPTED),
    "waiting": ({"waits": True, "keys": "few", "sync_task": "of_waiting"}, COPYING),
    "switched_off": ({"oms_progress_lines": "{{ 1 == 2 }}"}, None),
    "elsewhere": ({"ansible_connection": "elsewhere"}, None),
    "becoming": ({"becomes": True}, None),
    "asynchronous": ({"seconds": LIMIT_SECONDS}, None),
    # It ends before the first line is due.
    "short": ({"keys": "few"}, None),
}
TASK = {
    "name": "Submit object keys",
    "delegate_to": "{{ delegated | default(omit) }}",
    "become": "{{ becomes | default(false) }}",
    "async": "{{ seconds | default(0) }}",
    "poll": 1,
}


@pytest.fixture
def many(ansible: Ansible) -> str:
    """A file of more object keys than OMS accepts until there is a line; beside it one of a few."""
    path = ansible.folder / "many"
    path.write_text("".join(f"object {number}\n" for number in range(OBJECT_COUNT)), encoding="utf-8")
    (ansible.folder / "few").write_text("a\nb\nc\nd\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def options(task: dict[str, t.Any], simulator: Simulator) -> dict[str, t.Any]:
    simulator.set(latency=0.5)
    return {**task, "batch_size": 1}


def while_oms_is_slow(
    run: t.Callable[[], Run], simulator: Simulator, is_shown: t.Callable[[], bool], logs: list[Path]
) -> Run:
    """Run something; OMS is fast once a line is shown, and each of the progress files is older than that takes."""
    ended = threading.Event()

    def release() -> None:
        until = time.monotonic() + LIMIT_SECONDS
        while not (is_shown() and min(map(seconds_of, logs)) > FIRST_SECONDS) and time.monotonic() < until:
            if ended.wait(0.2):
                return
        simulator.set(latency=0)

    thread = threading.Thread(target=release, daemon=True)
    thread.start()
    try:
        return run()
    finally:
        ended.set()
        thread.join()


def seconds_of(progress: Path) -> float:
    """For how long a progress file has been written."""
    if not progress.exists():
        return 0
    times = re.findall(r'"time": "([^"]+)"', progress.read_text(encoding="utf-8"))
    return (datetime.fromisoformat(times[-1]) - datetime.fromisoformat(times[0])).total_seconds() if times else 0


def shown(text: str | Path) -> list[str]:
    """The lines about runs in a text or a file."""
    if isinstance(text, Path):
        text = text.read_text(encoding="utf-8") if text.exists() else ""
    return [line for line in text.splitlines() if re.search(" objects (accepted|copied), ", line)]


@pytest.mark.parametrize(
    ("core", "result_format"),
    [("OMS_TEST_CORE_OLDEST", "json"), ("OMS_TEST_CORE", "yaml"), ("OMS_TEST_CORE_NEWEST", "json")],
    ids=["oldest", "default", "newest"],
)
def test_they_appear_in_stderr_for_runs_on_the_controller_alone(
    simulator: Simulator, options: dict[str, t.Any], tmp_path: Path, many: str, core: str, result_format: str
) -> None:
    ansible = Ansible(tmp_path, os.environ.get(core))
    for directory, text in (
        ("connection_plugins/elsewhere.py", CONNECTION_PLUGIN),
        ("become_plugins/another.py", BECOME_PLUGIN),
    ):
        (tmp_path / directory).parent.mkdir()
        (tmp_path / directory).write_text(text, encoding="utf-8")
    inventory = tmp_path / "inventory.json"
    hosts = {name: {**LOCAL, **variables} for name, (variables, _line) in HOSTS.items()}
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    log = tmp_path / "ansible.log"
    simulator.add_task("of_waiting", PROJECT_ID)
    simulator.set(copy_delay=3600)
    task = {
        **TASK,
        MODULE: {
            **options,
            "sync_task_id": f"{{{{ sync_task | default('{SYNC_TASK_ID}') }}}}",
            "wait": "{{ waits | default(false) }}",
            "ignore_copy_failures": True,
            "object_keys_file": f"{Path(many).parent}/{{{{ keys | default('many') }}}}",
            "progress_file": "{{ log | default('~/' ~ inventory_hostname) }}",
        },
    }
    expected = {name: line for name, (_variables, line) in HOSTS.items() if line}

    copies = [{"success": 1}, COPIED]

    def is_shown() -> bool:
        """OMS copies some objects as soon as it can, and the others once all lines are there."""
        is_complete = len(shown(log)) >= len(expected)
        if copies and (is_complete or (len(copies) == 2 and simulator.accepted_count("of_waiting") == 4)):
            simulator.count("of_waiting", **copies.pop())
        return is_complete

    ended = while_oms_is_slow(
        lambda: ansible.playbook(
            # The others would keep a busy machine from ending the short run in time.
            [{**task, "when": f"inventory_hostname {operator} 'short'"} for operator in ("==", "!=")],
            f"-i{inventory}",
            f"--forks={len(HOSTS)}",
            hosts="all",
            become_method="another",
            become_user="root",
            environ={
                "ANSIBLE_CALLBACK_RESULT_FORMAT": result_format,
                "ANSIBLE_LOG_PATH": str(log),
                "LOGS": str(tmp_path / "home"),
            },
        ),
        simulator,
        is_shown,
        [tmp_path / "home" / name for name in HOSTS if name not in ("short", "waiting")],
    )

    assert ended.returncode == 0, ended.output
    assert shown(ended.stdout) == []
    lines = shown(ended.stderr)
    assert {line.partition(": ")[0] for line in lines} == set(expected), ended.stderr
    for line in lines:
        host, _colon, text = line.partition(": ")
        assert re.fullmatch(expected[host], text), line


@pytest.mark.parametrize("switched_on", [True, False])
def test_the_one_line_of_an_ad_hoc_command_stays_alone_in_stdout(
    simulator: Simulator, ansible: Ansible, options: dict[str, t.Any], many: str, switched_on: bool
) -> None:
    log = ansible.folder / "ansible.log"
    arguments = {**options, "object_keys_file": many, "progress_file": str(ansible.folder / "progress")}
    ended = while_oms_is_slow(
        lambda: ansible.ad_hoc(
            json.dumps(arguments),
            "-o",
            environ={"ANSIBLE_LOG_PATH": str(log), "OMS_PROGRESS_LINES": str(switched_on)},
        ),
        simulator,
        lambda: not switched_on or bool(shown(log)),
        [ansible.folder / "progress"],
    )

    (line,) = ended.stdout.splitlines()
    assert json.loads(line.partition(" => ")[2])["accepted_count"] == OBJECT_COUNT
    assert [line.partition(":")[0] for line in shown(ended.stderr)] == ["localhost"] * switched_on


@pytest.mark.skipif("OMS_TEST_EDA" not in os.environ, reason="no environment with ansible-runner was named")
def test_with_ansible_runner_they_are_verbose_events(
    simulator: Simulator, tmp_path: Path, options: dict[str, t.Any], many: str
) -> None:
    """AWX shows these as it shows all that a job writes."""
    ansible = Ansible(tmp_path, os.environ["OMS_TEST_EDA"])
    task = {MODULE: {**options, "object_keys_file": many, "progress_file": str(tmp_path / "progress")}}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [task]}
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "playbook.yml").write_text(json.dumps([play]), encoding="utf-8")
    events = tmp_path / "artifacts" / "run" / "job_events"

    def verbose() -> list[str]:
        read = [json.loads(path.read_text(encoding="utf-8")) for path in events.glob("*-*.json")]
        return [event["stdout"] for event in read if event["event"] == "verbose" and shown(event["stdout"])]

    ended = while_oms_is_slow(
        lambda: ansible.run("ansible-runner", "run", str(tmp_path), "-p", "playbook.yml", "-i", "run"),
        simulator,
        lambda: bool(verbose()),
        [tmp_path / "progress"],
    )

    assert ended.returncode == 0, ended.output
    (event,) = verbose()
    assert re.fullmatch(rf"localhost: {ACCEPTED}\s*", event), event
    assert len(shown(ended.stdout)) == 1
