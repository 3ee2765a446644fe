# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Object keys arrive as they are written, or the action plugin or the module refuses them and nothing is sent."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible, Unsafe
from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID, SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.integration.module_tasks import ModuleTasks
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

# Those between them behave as one of the two.
CORES = {"oldest": "OMS_TEST_CORE_OLDEST", "newest": "OMS_TEST_CORE_NEWEST"}
QUOTES = "YAML changed it; put it in quotes."


@pytest.fixture(params=CORES)
def bin_folder(request: pytest.FixtureRequest) -> str:
    variable = CORES[request.param]
    if variable not in os.environ:
        pytest.skip(f"{variable} does not say where this ansible-core is")
    return os.environ[variable]


@pytest.fixture
def ansible(bin_folder: str, tmp_path: Path) -> Ansible:
    return Ansible(tmp_path, bin_folder)


def play(connection: dict[str, t.Any], tasks: str, **keywords: t.Any) -> str:
    """A play whose tasks are text, since YAML is what is tested; the connection is given to the action group."""
    defaults = {"group/huaweicloud.oms.oms": {**connection, "sync_task_id": SYNC_TASK_ID}}
    head = yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "module_defaults": defaults, **keywords}])
    return head + "  tasks:\n" + tasks


def row(object_keys: str, *keywords: str, encoded: bool = False) -> str:
    """A task with this YAML as its object keys, and more keywords of a task."""
    lines = [f"{MODULE}: {{object_keys: {object_keys}, object_keys_encoded: {str(encoded).lower()}}}", *keywords]
    return "    - " + "\n      ".join([*lines, "ignore_errors: true\n"])


# What is refused by the YAML in the playbook, and how the message begins: what Ansible does not pass on as it is.
REFUSED = {
    # By the action plugin.
    "[a, 2026-11-25]": f"object_keys[1] is the date 2026-11-25. {QUOTES}",
    "[2026-11-25 10:00:00]": f"object_keys[0] is the date 2026-11-25 10:00:00. {QUOTES}",
    "2026-11-25": f"object_keys is the date 2026-11-25. {QUOTES}",
    # Up to ansible-core 2.18, a template makes a text of it first.
    '"{{ dates }}"': (f"object_keys[0] is the date 2026-11-25. {QUOTES}", 'object_keys is the string "[datetime.date('),
    # By the module.
    "[{a: 2026-11-25}]": "object_keys[0] is a dictionary. ",
    "[[2026-11-25]]": "object_keys[0] is a list. ",
    "[!!binary aGk=]": "object_keys[0] is binary. Give a string.",
    "[12:30:45]": f"object_keys[0] is the number 45045. {QUOTES}",
}
# What Ansible passes on as it is.
REFUSED_BY_THE_MODULE = {
    "[1.10]": f"object_keys[0] is the number 1.1. {QUOTES}",
    "[1_000]": f"object_keys[0] is the number 1000. {QUOTES}",
    "[017]": f"object_keys[0] is the number 15. {QUOTES}",
    "[a, yes]": f"object_keys[1] is the boolean true. {QUOTES}",
    "[~]": "object_keys[0] is null. ",
    '"a\\nb"': 'object_keys is the string "a\\nb", which contains a line break. ',
    '"a,b"': 'object_keys is the string "a,b", which contains a comma. ',
    '["********/intro.mp4"]': 'object_keys[0] "********/intro.mp4" contains ********, which Ansible puts in place of ',
    '"a/VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"': "object_keys ",
    '[a, "$REDACTED$"]': "object_keys[1] ",
}


def test_values_that_are_not_object_keys_are_refused(
    simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]
) -> None:
    tasks = "".join(map(row, REFUSED)) + row("[a, 2026-11-25]", "async: 30", "poll: 1")
    run = ansible.playbook(play(connection, tasks, vars={"dates": [yaml.safe_load("2026-11-25")]}))

    expected = [*REFUSED.values(), REFUSED["[a, 2026-11-25]"]]
    assert len(run.results) == len(expected), run.output
    for begins, result in zip(expected, run.results, strict=True):
        assert result["failed"], (begins, result)
        assert result["msg"].startswith(begins), run.output
        assert not result.get("changed")
        assert "error" not in result
    assert simulator.requests() == []


def test_values_that_are_not_object_keys_are_refused_by_the_module(
    simulator: Simulator, bin_folder: str, connection: dict[str, t.Any], tmp_path: Path
) -> None:
    task = {**connection, "sync_task_id": SYNC_TASK_ID}
    rows = [{**task, "object_keys": yaml.safe_load(text)} for text in REFUSED_BY_THE_MODULE]
    run = ModuleTasks(tmp_path, bin_folder).modules(rows)

    for begins, result in zip(REFUSED_BY_THE_MODULE.values(), run.results, strict=True):
        assert result["failed"], (begins, result)
        assert result["msg"].startswith(begins), result
        assert not result["changed"]
        assert "error" not in result
    assert simulator.requests() == []


def test_other_object_keys_arrive_as_they_are_written(
    simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any], tmp_path: Path
) -> None:
    trap = tmp_path / "trap"
    hostile = "{{ lookup('pipe', 'touch " + str(trap) + "') }}"
    tasks = {
        # Of what looks like a number, a date or a boolean, YAML leaves these alone.
        "[0o17, 1e3, n, 1.1.0, 2026-11, '2026-11-25', \"1.10\"]": [],
        '"{{ hostile }}"': [],
        '["a\\nb", "c\\r\\n"]': [
            'object_keys[0] "a\\nb" and 1 more contain a line break and are submitted as they are'
        ],
        "[a%2Fb, s3://bucket/c]": [
            'object_keys[0] "a%2Fb" contains a percent escape and is submitted as it is. If the object keys are'
            ' URL-encoded already, set object_keys_encoded to true. object_keys[1] "s3://bucket/c" begins with a URL'
        ],
    }
    run = ansible.playbook(
        play(
            connection, "".join(map(row, tasks)), vars={"hostile": [Unsafe(hostile), "$(touch x)", Unsafe("{% if %}")]}
        )
    )

    assert [result["changed"] for result in run.results] == [True] * len(tasks), run.output
    sent = [["0o17", "1e3", "n", "1.1.0", "2026-11", "2026-11-25", "1.10"], [hostile, "$(touch x)", "{% if %}"]]
    sent += [["a\nb", "c\r\n"], ["a%2Fb", "s3://bucket/c"]]
    assert simulator.accepted_keys(SYNC_TASK_ID) == [key for keys in sent for key in keys]
    for expected, result in zip(tasks.values(), run.results, strict=True):
        warnings = result.get("warnings", [])
        assert len(warnings) == len(expected), warnings
        assert all(begins in warning for begins, warning in zip(expected, warnings, strict=True))
    assert not trap.exists()


def test_the_action_plugin_leaves_the_keywords_of_a_task_alone(
    simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]
) -> None:
    """Each row submits one object key, but for the first, which is in check mode."""
    tasks = [
        row("[checked]", "check_mode: true"),
        row("[async]", "async: 60", "poll: 1"),
        row("['{{ item }}']", "loop: [loop 1, loop 2]"),
        row("[delegated]", "delegate_to: elsewhere"),
        row("[become]", "become: true", "become_method: ansible.builtin.su"),
        row("[defaults]", f"module_defaults: {{{MODULE}: {{batch_size: 101}}}}"),
        # Started and left alone: it has a job, and ends by itself.
        row("[background]", "async: 60", "poll: 0", "register: begun"),
        "    - ansible.builtin.async_status: {jid: '{{ begun.ansible_job_id }}'}\n"
        "      register: ended\n      until: ended.finished\n      delay: 1\n      retries: 60\n",
        row("[short name]").replace(f"{MODULE}:", "oms_sync_event:"),
    ]
    inventory = ansible.folder / "inventory"
    here = "ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'"
    inventory.write_text(f"localhost {here}\nelsewhere {here}\n", encoding="utf-8")
    text = play(connection, "".join(tasks), collections=["huaweicloud.oms"])
    run = ansible.playbook(text, f"-i{inventory}")

    assert simulator.accepted_keys(SYNC_TASK_ID) == [
        *("async", "loop 1", "loop 2", "delegated", "become", "background", "short name"),
    ], run.output
    assert run.results[0]["changed"]
    (failed,) = [result for result in run.results if result["failed"]]
    assert failed["msg"].startswith("batch_size")


def test_the_ad_hoc_command_goes_through_the_action_plugin(
    simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]
) -> None:
    options = {**connection, "sync_task_id": SYNC_TASK_ID}
    accepted = ansible.ad_hoc(
        " ".join(f"{name}={value}" for name, value in options.items()) + " object_keys=2026-11-25"
    )
    dates = ansible.folder / "dates.yml"
    dates.write_text("dates: [2026-11-25]", encoding="utf-8")
    refused = ansible.ad_hoc("region=cn-north-4 sync_task_id=a object_keys='{{ dates }}'", f"-e@{dates}")

    assert simulator.accepted_keys(SYNC_TASK_ID) == ["2026-11-25"], accepted.output
    assert refused.returncode == 2
    assert refused.results[0]["msg"].startswith(REFUSED['"{{ dates }}"']), refused.output


def test_object_keys_that_contain_a_secret_are_not_returned(
    simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any]
) -> None:
    """Ansible would mask a part of them, and a playbook that submits what remains would submit other object keys."""
    simulator.add_access_key("qa", "demo")
    simulator.add_task("stopped", PROJECT_ID, "STOPPED")
    simulator.add_task("half", PROJECT_ID)
    simulator.fault("answer", status=500, path="half/events", skip=1, times=1)
    given = ["demo/intro.mp4", "docs/qa-plan.pdf", "reports/2026/q1.csv"]
    without_key = {name: value for name, value in connection.items() if name not in ("access_key", "secret_key")}
    task = {**without_key, "sync_task_id": "stopped", "object_keys": given, "batch_size": 1, "retries": 0}
    rest = "{{ given if ansible_failed_result.remaining_truncated else ansible_failed_result.remaining_object_keys }}"
    run = ansible.playbook(
        [
            {MODULE: task, "ignore_errors": True},
            {MODULE: {**task, "object_keys": given[2:]}, "ignore_errors": True},
            # A secret that is not used: Ansible masks it, too.
            {
                MODULE: {
                    **connection,
                    **task,
                    "object_keys": ["holidays.mp4"],
                    "auth_method": "aksk",
                    "password": "holiday",
                },
                "ignore_errors": True,
            },
            {
                "block": [{MODULE: {**task, "object_keys": given[1:], "sync_task_id": "half"}}],
                # The recipe of the README.
                "rescue": [{MODULE: {**task, "object_keys": rest, "sync_task_id": "half"}}],
                "vars": {"given": given[1:]},
            },
        ],
        # The key of an incomplete pair is ignored, and no secret.
        environ={"HUAWEICLOUD_SDK_AK": "2026", "HW_ACCESS_KEY": "qa", "HW_SECRET_KEY": "demo"},
    )

    withheld, returned, not_used, half, rerun = run.results
    for result in (withheld, not_used):
        assert (result["remaining_object_keys"], result["remaining_truncated"]) == ([], True), run.output
        assert result["error"]["object_keys"] == []
        assert "remaining_object_keys" not in result["msg"]
        (warning,) = result["warnings"]
        assert "These object keys are not returned: remaining_object_keys and error.object_keys. To submit" in warning
    assert withheld["remaining_count"] == 3
    assert (returned["remaining_object_keys"], returned["remaining_truncated"]) == (["reports/2026/q1.csv"], False)
    assert "warnings" not in returned
    # What was accepted contains the access key, and what remains does not.
    assert [event["object_keys"] for event in half["events"]] == [[]]
    assert (half["remaining_object_keys"], half["remaining_truncated"]) == (["reports/2026/q1.csv"], False)
    assert "These object keys are not returned: events[].object_keys." in half["warnings"][0]
    assert [event["object_keys"] for event in rerun["events"]] == [["reports%2F2026%2Fq1.csv"]]
    assert simulator.accepted_keys("half") == given[1:]
