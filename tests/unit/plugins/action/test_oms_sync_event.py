# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What only the controller can see of object keys. The integration tests have the rest."""

from __future__ import annotations

import contextlib
import datetime
import typing as t
from types import SimpleNamespace

import pytest
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.huaweicloud.oms.plugins.action import oms_sync_event
from ansible_collections.huaweicloud.oms.plugins.action.oms_sync_event import ActionModule, find_problem

DAY = datetime.date(2026, 11, 25)
MORNING = datetime.time(10, 0)
QUOTES = "YAML changed it; put it in quotes."


class TaggedDatetime(datetime.datetime):
    """As ansible-core 2.19 and later have values with tags: of a class of their own."""


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        (DAY, f"is the date 2026-11-25. {QUOTES}"),
        (datetime.datetime.combine(DAY, MORNING), f"is the date 2026-11-25 10:00:00. {QUOTES}"),
        (TaggedDatetime(2026, 11, 25), f"is the date 2026-11-25 00:00:00. {QUOTES}"),
        (MORNING, "is the time 10:00:00. Give a string."),
        (b"a", "is binary. Give a string."),
        ({"a"}, "is a set. Give a list of strings."),
        (frozenset("a"), "is a set. Give a list of strings."),
    ],
)
def test_what_json_would_change_is_refused(item: t.Any, problem: str) -> None:
    assert find_problem(["a", "b", item, DAY]) == f"object_keys[2] {problem}"
    assert find_problem(("a", item)) == f"object_keys[1] {problem}"
    assert find_problem(item) == f"object_keys {problem}"


@pytest.mark.parametrize(
    "object_keys", [None, "2026-11-25", [], ["a", "2026-11-25"], [1.1, None, True], {"a": DAY}, [[DAY]], [{"a": b"a"}]]
)
def test_all_else_is_left_to_the_module(object_keys: t.Any) -> None:
    assert find_problem(object_keys) is None


# ---- lines about a run; what they say is tested in test_progress_lines.py


class Shown:
    """What the action plugin asks for when it runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.paths: list[str] = []
        self.batch_sizes: list[int] = []
        self.displayed: list[tuple[str, dict[str, t.Any]]] = []
        monkeypatch.setattr(NormalAction, "run", lambda *_arguments: {"changed": True})
        monkeypatch.setattr(oms_sync_event, "RunningLog", self._open)
        monkeypatch.setattr(oms_sync_event, "shown_progress", self._show)
        display = SimpleNamespace(display=lambda text, **how: self.displayed.append((text, how)))
        monkeypatch.setattr(oms_sync_event, "Display", lambda: display)

    def _open(self, path: str, batch_size: int) -> None:
        self.paths.append(path)
        self.batch_sizes.append(batch_size)

    @contextlib.contextmanager
    def _show(self, _log: None, show: t.Callable[[str], None]) -> t.Iterator[None]:
        show("half")
        yield


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    monkeypatch.delenv("OMS_PROGRESS_LINES", raising=False)
    return Shown(monkeypatch)


def run(
    args: dict[str, t.Any],
    transport: str = "local",
    become: object = None,
    async_val: int = 0,
    **task_vars: t.Any,
) -> dict[str, t.Any]:
    """Run the plugin; of the action's parts it gets the ones that it uses."""
    task = SimpleNamespace(args=args, async_val=async_val)
    connection = SimpleNamespace(transport=transport, become=become)
    templar = SimpleNamespace(template=lambda value: task_vars["facts"][value] if value == "{{ quiet }}" else value)
    action = ActionModule(task, connection, None, None, templar, None)
    result: dict[str, t.Any] = action.run(None, {"inventory_hostname": "web1", **task_vars})
    return result


PROGRESS = {"object_keys_file": "keys", "progress_file": "progress"}


def test_a_long_run_here_is_shown_with_its_host_in_stderr(shown: Shown) -> None:
    assert run(PROGRESS) == {"changed": True}
    assert shown.displayed == [("web1: half", {"stderr": True})]


@pytest.mark.parametrize(
    ("args", "how"),
    [
        ({"object_keys_file": "keys"}, {}),
        # The module refuses it.
        ({**PROGRESS, "progress_file": ["progress"]}, {}),
        (PROGRESS, {"transport": "ssh"}),
        (PROGRESS, {"become": object()}),
        (PROGRESS, {"async_val": 60}),
        (PROGRESS, {"oms_progress_lines": False}),
        (PROGRESS, {"oms_progress_lines": "no"}),
        # Whatever it is, it is not true.
        (PROGRESS, {"oms_progress_lines": "maybe"}),
        (PROGRESS, {"oms_progress_lines": "{{ quiet }}", "facts": {"{{ quiet }}": False}}),
    ],
)
def test_there_are_no_lines(shown: Shown, args: dict[str, t.Any], how: dict[str, t.Any]) -> None:
    assert run(args, **how) == {"changed": True}
    assert shown.displayed == []
    assert shown.paths == []


@pytest.mark.parametrize(
    ("of_environment", "of_ansible", "count"),
    [
        ("false", {}, 0),
        ("0", {}, 0),
        ("true", {}, 1),
        ("false", {"oms_progress_lines": True}, 1),
        ("false", {"oms_progress_lines": "{{ quiet }}", "facts": {"{{ quiet }}": "yes"}}, 1),
    ],
)
def test_the_environment_switches_lines_off_unless_a_variable_says_more(
    shown: Shown, monkeypatch: pytest.MonkeyPatch, of_environment: str, of_ansible: dict[str, t.Any], count: int
) -> None:
    monkeypatch.setenv("OMS_PROGRESS_LINES", of_environment)
    run(PROGRESS, **of_ansible)

    assert len(shown.displayed) == count


def test_the_path_is_expanded_as_the_module_expands_it(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("LOGS", "~/logs")
    run({**PROGRESS, "progress_file": "~/a"})
    run({**PROGRESS, "progress_file": "$LOGS/a"})

    assert shown.paths == ["/home/someone/a", "/home/someone/logs/a"]


@pytest.mark.parametrize(
    ("given", "batch_size"), [({}, 10), ({"batch_size": "100"}, 100), ({"batch_size": "x"}, 10), ({"batch_size": 0}, 1)]
)
def test_the_rate_is_one_of_events(shown: Shown, given: dict[str, t.Any], batch_size: int) -> None:
    run({**PROGRESS, **given})

    assert shown.batch_sizes == [batch_size]


def test_what_is_refused_is_not_run(shown: Shown) -> None:
    assert run({**PROGRESS, "object_keys": [DAY]}) == {
        "failed": True,
        "msg": f"object_keys[0] is the date 2026-11-25. {QUOTES}",
    }
    assert shown.displayed == []
