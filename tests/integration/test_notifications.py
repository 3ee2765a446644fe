# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""From a notification to what OMS gets: filter and module through Ansible, on its default, oldest and newest core."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from ansible_collections.huaweicloud.oms.tests import senders
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible, Unsafe
from ansible_collections.huaweicloud.oms.tests.integration.conftest import SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.integration.test_secrets import core
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

ROOT = Path(__file__).parents[2]
FILTER = "huaweicloud.oms.object_keys"
CASES = [
    case
    for path in sorted((ROOT / "tests/unit/plugins/plugin_utils/cases").glob("*.json"))
    for case in json.loads(path.read_text(encoding="utf-8"))
]
KEYS = ["TEST/中 文+1%.jpg", "a%20b.txt", "a%2Fb/c//d/", "1.10", "quotes '\" and \\ 🚀"]


# Of templates, the oldest core knows nothing of what marks them today.
@pytest.fixture(params=["OMS_TEST_CORE_OLDEST", "OMS_TEST_CORE_NEWEST"], ids=["oldest", "newest"])
def ansible(request: pytest.FixtureRequest, tmp_path: Path) -> Ansible:
    return Ansible(tmp_path, core(request.param))


def written(folder: Path, name: str, content: t.Any) -> str:
    """A file with a JSON text; returns the template of its content."""
    (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return f"lookup('ansible.builtin.file', '{folder / name}')"


def test_object_keys_of_all_senders_are_submitted(
    simulator: Simulator, ansible: Ansible, task: dict[str, t.Any]
) -> None:
    by_name = {f"{vendor}/{name}": sender for vendor, sender in senders.CERTAIN.items() for name in KEYS}
    file = written(ansible.folder, "all.json", [sender(name) for name, sender in by_name.items()])
    tasks = [{MODULE: {**task, "batch_size": 100, "object_keys": "{{ " + f"{file} | {FILTER}" + " }}"}}]

    run = ansible.playbook(tasks)

    assert [result["changed"] for result in run.results] == [True], run.output
    assert simulator.accepted_keys(SYNC_TASK_ID) == list(by_name)
    sent = [key for request in simulator.requests("POST") for key in json.loads(request.body)["object_keys"]]
    assert sent == [quote_plus(name, safe="") for name in by_name]


def test_cases(simulator: Simulator, ansible: Ansible, task: dict[str, t.Any]) -> None:
    """The cases of the unit tests that need no option: each gives its object keys, with a warning about the others."""
    cases = [case for case in CASES if not {"encoding", "changes", "bucket"} & set(case)]
    file = written(ansible.folder, "cases.json", [case["notification"] for case in cases])
    found = f"{file} | from_json | map('{FILTER}', errors='warn') | list"
    run = ansible.playbook(
        [
            {"ansible.builtin.debug": {"msg": "{{ " + found + " }}"}},
            {MODULE: {**task, "object_keys": "{{ " + found + " | flatten }}"}},
        ]
    )

    assert run.returncode == 0, run.output
    assert run.results[0]["msg"] == [case["object_keys"] for case in cases]
    expected = list(dict.fromkeys(key for case in cases for key in case["object_keys"]))
    assert simulator.accepted_keys(SYNC_TASK_ID) == expected
    output = " ".join(run.output.split())
    assert 'left out. notification.Records[5].eventName: the event "ObjectCreated:New" is unknown.' in output


def test_nothing_is_submitted_if_a_record_cannot_be_read(
    simulator: Simulator, ansible: Ansible, task: dict[str, t.Any]
) -> None:
    cases = [case for case in CASES if case["unread"] and not {"encoding", "changes", "bucket"} & set(case)]
    files = [written(ansible.folder, f"{number}.json", case["notification"]) for number, case in enumerate(cases[:6])]
    run = ansible.modules([{**task, "object_keys": "{{ " + f"{file} | {FILTER}" + " }}"} for file in files])

    assert [result["failed"] for result in run.results] == [True] * len(files), run.output
    for result, case in zip(run.results, cases, strict=False):
        assert case["unread"][0] in result["msg"]
        assert "To leave out records that cannot be read, set errors='warn'." in result["msg"]
    assert simulator.accepted_keys(SYNC_TASK_ID) == []


def test_options_reach_the_filter(simulator: Simulator, ansible: Ansible, task: dict[str, t.Any]) -> None:
    tagged = {"Records": [senders.record("aws:s3", "s3", "tagged", "ObjectTagging:Put")]}
    file = written(ansible.folder, "cos.json", [senders.cos_silent("a%20b+c"), senders.obs("other")])
    tags = written(ansible.folder, "tags.json", [tagged, senders.obs("created")])
    expressions = [
        f"{file} | {FILTER}(encoding='raw', bucket='b1-1250000000')",
        f"{file} | {FILTER}(encoding='form', bucket='b1-1250000000')",
        f"{file} | {FILTER}(encoding='percent', bucket='b1-1250000000')",
        f"{tags} | {FILTER}(changes=['metadata'])",
        f"{tags} | {FILTER}",
    ]
    run = ansible.modules([{**task, "object_keys": "{{ " + expression + " }}"} for expression in expressions])

    assert [result["failed"] for result in run.results] == [False] * 5, run.output
    assert simulator.accepted_keys(SYNC_TASK_ID) == ["a%20b+c", "a b c", "a b+c", "tagged", "created"]


def test_object_keys_with_templates_run_nothing_wherever_they_go(
    simulator: Simulator, ansible: Ansible, task: dict[str, t.Any]
) -> None:
    trap = ansible.folder / "trap"
    name = "{{ lookup('pipe', 'touch " + str(trap) + "') }}"
    file = written(ansible.folder, "hostile.json", senders.oss(name))
    # A template that Ansible does not see before the filter has decoded it.
    hidden = "{{ " + f"hidden | {FILTER}" + " }}"
    read = [
        "{{ " + f"{file} | {FILTER}" + " }}",
        "{{ " + f"{file} | from_json | {FILTER}" + " }}",
        "{{ " + f"slurped.content | b64decode | {FILTER}" + " }}",
        "{{ " + f"marked | {FILTER}" + " }}",
        hidden,
        "{{ of_play }}",
        "{{ of_fact }}",
        ["{{ first }}"],
    ]
    run = ansible.playbook(
        [
            {"ansible.builtin.slurp": {"src": str(ansible.folder / "hostile.json")}, "register": "slurped"},
            {
                "ansible.builtin.set_fact": {
                    "of_fact": hidden,
                    "first": "{{ " + f"hidden | {FILTER} | first" + " }}",
                }
            },
            *({MODULE: {**task, "object_keys": names}} for names in read),
            {MODULE: {**task, "object_keys": ["{{ item }}"]}, "loop": hidden},
            {"ansible.builtin.debug": {"msg": "{{ of_fact }}"}},
        ],
        vars={
            "of_play": hidden,
            "hidden": senders.in_base64(senders.oss(name)),
            "marked": Unsafe(json.dumps(senders.oss(name))),
        },
    )

    assert run.returncode == 0, run.output
    assert simulator.accepted_keys(SYNC_TASK_ID) == [name] * (len(read) + 1)
    assert run.results[-1]["msg"] == [name]
    assert not trap.exists()


def test_variables_come_as_ansible_marks_them(ansible: Ansible) -> None:
    """Dictionaries that are templated when they are read, strings that know their origin, undefined variables."""
    expressions = [
        f"notification | {FILTER}(encoding=encoding)",
        f"[notification, notification] | {FILTER}",
        f"notification | to_json | {FILTER} | map('type_debug') | unique",
    ]
    undefined = [
        f"gone | {FILTER}",
        f"[] | {FILTER}(encoding=gone)",
        f"[] | {FILTER}(changes=gone)",
        f"[] | {FILTER}(bucket=gone)",
        f"[] | {FILTER}(errors=gone)",
        f"of_undefined | {FILTER}",
    ]
    run = ansible.playbook(
        [
            {"ansible.builtin.debug": {"msg": "{{ " + expression + " }}"}, "ignore_errors": True}
            for expression in (*expressions, *undefined)
        ],
        vars={
            "notification": senders.oss("{{ prefix }}/a b"),
            "prefix": "中",
            "encoding": "{{ 'raw' }}",
            "of_undefined": senders.oss("{{ gone }}"),
        },
    )

    assert [result["failed"] for result in run.results] == [False] * 3 + [True] * len(undefined), run.output
    assert [result["msg"] for result in run.results[:2]] == [["中/a b"], ["中/a b"] * 2]
    assert run.results[2]["msg"] in (["str"], ["AnsibleUnsafeText"])
    for result in run.results[3:]:
        assert "'gone' is undefined" in result["msg"]


def test_errors_say_what_is_wrong(ansible: Ansible) -> None:
    cases = [
        (
            {"a": {"b": [1]}, "secret": "s3cr3t"},
            'notification: the format is unknown. It is a dictionary of "a" (a dictionary), "secret" (a string)',
        ),
        (
            senders.cos_silent("a%20b"),
            '"a%20b" may be URL-encoded or not, and the notification does not show which',
        ),
        (
            senders.s3("x")["Records"][0] | {"eventName": "ObjectCreated:New"},
            'the event "ObjectCreated:New" is unknown.',
        ),
    ]
    files = [written(ansible.folder, f"{number}.json", case[0]) for number, case in enumerate(cases)]
    run = ansible.playbook(
        [
            {"ansible.builtin.debug": {"msg": "{{ " + f"{file} | {FILTER}" + " }}"}, "ignore_errors": True}
            for file in files
        ]
    )

    assert [result["failed"] for result in run.results] == [True] * len(cases), run.output
    for result, case in zip(run.results, cases, strict=True):
        assert case[1] in result["msg"]
    assert "Traceback" not in run.output
    assert "s3cr3t" not in run.output
