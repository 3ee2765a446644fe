# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Rulebooks, plugins, playbook and guide agree, and no object key becomes a variable."""

from __future__ import annotations

import inspect
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.huaweicloud.oms.extensions.eda.plugins.event_filter import object_created
from ansible_collections.huaweicloud.oms.extensions.eda.plugins.event_source import spooled_keys
from ansible_collections.huaweicloud.oms.extensions.eda.plugins.plugin_utils import _spool
from ansible_collections.huaweicloud.oms.extensions.eda.plugins.plugin_utils._spool import schedule
from ansible_collections.huaweicloud.oms.plugins.modules.oms_sync_event import argument_spec

ROOT = Path(__file__).parents[4]
RULEBOOK = ROOT / "extensions" / "eda" / "rulebooks" / "sync_on_object_created.yml"
PLAYBOOK = ROOT / "playbooks" / "sync_batch.yml"
GUIDE = (ROOT / "docs" / "event-driven-ansible.md").read_text(encoding="utf-8")

QUEUE_RULEBOOK = RULEBOOK.with_name("sync_from_queue.yml")

(RULESET,) = yaml.safe_load(RULEBOOK.read_text(encoding="utf-8"))
(QUEUE_RULESET,) = yaml.safe_load(QUEUE_RULEBOOK.read_text(encoding="utf-8"))
WEBHOOK, BATCHES = RULESET["sources"]
FILTER = WEBHOOK["filters"][0]["huaweicloud.oms.object_created"]
SOURCE = BATCHES["huaweicloud.oms.spooled_keys"]


def variables(text: str) -> set[str]:
    """The rulebook's variables in a text."""
    return set(re.findall(r"\bOMS_EDA_[A-Z_]+\b", text))


def options(plugin: t.Any) -> dict[str, dict[str, t.Any]]:
    found: dict[str, dict[str, t.Any]] = yaml.safe_load(plugin.DOCUMENTATION)["options"]
    return found


def test_the_guide_lists_the_variables_that_are_read() -> None:
    rows = dict(re.findall(r"^\| `(OMS_EDA_[A-Z_]+)` \| (\S+) \|", GUIDE, re.MULTILINE))
    files = (RULEBOOK, QUEUE_RULEBOOK, PLAYBOOK)
    read = set().union(*(variables(file.read_text(encoding="utf-8")) for file in files))

    assert set(rows) == read
    assert variables(GUIDE) <= read
    # Whether the defaults are those of the plugins and the module.
    documented = {**options(spooled_keys), **options(object_created)}
    for name, variable in {**SOURCE, **FILTER}.items():
        default = documented[name].get("default")
        if default is not None:
            assert rows[variable.removeprefix("$")] == f"`{default}`", name
    assert rows["OMS_EDA_BATCH_SIZE"] == f"`{argument_spec()['batch_size']['default']}`"
    assert f"default({argument_spec()['batch_size']['default']}, true)" in PLAYBOOK.read_text(encoding="utf-8")


def test_the_rulebook_passes_options_that_exist() -> None:
    assert set(SOURCE) == set(options(spooled_keys))
    assert set(FILTER) <= set(options(object_created))
    # All of ours come from the environment: templates make numbers of texts, and are not filled in for filters.
    assert all(re.fullmatch(r"\$OMS_EDA_[A-Z_]+", value) for value in {**SOURCE, **FILTER}.values())
    assert SOURCE["spool_dir"] == FILTER["spool_dir"]


def test_the_filter_s_options_are_those_documented() -> None:
    parameters = dict(inspect.signature(object_created.main).parameters)
    del parameters["event"]
    documented = options(object_created)

    assert list(parameters) == list(documented)
    for name, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty:
            assert documented[name]["required"]
        else:
            default = documented[name].get("default")
            assert parameter.default == (tuple(default) if isinstance(default, list) else default)
    assert documented["encoding"]["choices"] == list(object_created._notifications.ENCODINGS)
    assert documented["changes"]["choices"] == list(object_created._notifications.CHANGES)


@pytest.mark.parametrize("plugin", [object_created, spooled_keys])
def test_examples_use_options_that_exist(plugin: t.Any) -> None:
    (example,) = yaml.safe_load(plugin.EXAMPLES)
    name = f"huaweicloud.oms.{Path(plugin.__file__).stem}"
    given = example[name] if name in example else example["filters"][0][name]

    assert set(given) <= set(options(plugin))
    assert {option for option, entry in options(plugin).items() if entry.get("required")} <= set(given)


def test_the_rulebooks_differ_in_their_source_alone() -> None:
    def without_source(ruleset: dict[str, t.Any]) -> dict[str, t.Any]:
        received, batches = ruleset["sources"]
        kept = {name: value for name, value in received.items() if name in ("name", "filters")}
        return {**ruleset, "sources": [kept, batches]}

    assert without_source(QUEUE_RULESET) == without_source(RULESET)
    assert "ansible.eda.aws_sqs_queue" in QUEUE_RULESET["sources"][0]


def test_the_event_holds_only_the_path_of_a_directory() -> None:
    (rule,) = RULESET["rules"]
    run = rule["action"]["run_playbook"]

    assert rule["condition"] == "event.oms.batch is defined"
    assert run == {"name": "huaweicloud.oms.sync_batch", "extra_vars": {"oms_batch": "{{ event.oms.batch }}"}}
    # One that hangs keeps no other from running.
    assert RULESET["execution_strategy"] == "parallel"
    assert WEBHOOK["eda.builtin.webhook"]["token"]


def test_the_playbook_and_the_spool_mean_the_same_files() -> None:
    text = PLAYBOOK.read_text(encoding="utf-8")
    files = set(re.findall(r"\{\{ oms_batch \}\}/([a-z.]+)", text))

    assert files == {_spool.KEYS, _spool.FAILED, "progress"}
    # No key becomes a variable: neither of a file nor of a result.
    assert set(re.findall(r"lookup\('([a-z.]+)'", text)) == {"ansible.builtin.env"}
    assert "object_keys:" not in text
    assert "ansible_failed_result" not in text


def test_the_playbook_ends_its_task_when_the_lease_ends() -> None:
    (play,) = yaml.safe_load(PLAYBOOK.read_text(encoding="utf-8"))
    task = play["tasks"][1]["block"][0]

    assert SOURCE["lease"] == "$OMS_EDA_LEASE"
    assert "'OMS_EDA_LEASE'" in task["timeout"]
    assert f"default({options(spooled_keys)['lease']['default']}, true)" in task["timeout"]


def test_the_guide_shows_what_is_in_the_spool() -> None:
    layout = _spool.__doc__ or ""

    for name in ("incoming.jsonl", "gathered-", "batches/", "keys.jsonl", "progress", "attempts", "failed", "dead/"):
        assert name in layout
        assert name in GUIDE


def test_bounds_in_documentation_and_code_are_equal() -> None:
    unread = _spool.unread
    bounds = " ".join(GUIDE.split())

    assert f"at most {unread.MAX_FILES} files and {unread.MAX_BYTES >> 20} MiB" in bounds
    assert f"A file is cut off after {unread.MAX_RECORD_BYTES >> 20} MiB" in bounds
    assert f"more than {object_created.MAX_RECORDS} records that cannot be read is kept whole" in bounds
    assert f"more than {spooled_keys.BACKLOG_BYTES >> 20} MiB of object keys wait" in bounds
    assert f"After {schedule.DIVIDE_AFTER} failed runs it is divided" in bounds
    assert f"With {schedule.DIVIDE_BELOW} batches or more" in bounds
    documented = " ".join(spooled_keys.DOCUMENTATION.split())
    assert f"more than {spooled_keys.BACKLOG_BYTES >> 20} MiB" in documented
    assert f"While there are {schedule.DIVIDE_BELOW} batches or more" in documented
