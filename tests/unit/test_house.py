# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Who may import whom, and what may be called where: "The house" in design.md."""

from __future__ import annotations

import ast
import sys
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))
MODULE_UTILS = sorted((ROOT / "plugins" / "module_utils").glob("*.py"))
MODULES = sorted((ROOT / "plugins" / "modules").glob("*.py"))
PLUGIN_UTILS = sorted((ROOT / "plugins" / "plugin_utils").glob("*.py"))
FILTERS = sorted((ROOT / "plugins" / "filter").glob("*.py"))

OURS = "ansible_collections.huaweicloud.oms.plugins"

# What a file of module_utils may import of ours. Data flows one way, so no row names one that stands below it.
MAY_IMPORT = {
    "_errors": set(),
    "_arguments": {"_errors"},
    "_object_keys": {"_errors"},
    "_signing": set(),
    "_key_file": {"_errors", "_object_keys"},
    "_progress": {"_errors"},
    "_transport": {"_errors", "_arguments", "_signing"},
    "_credentials": {"_errors", "_transport"},
    "_sign_in": {"_errors", "_signing", "_transport", "_credentials"},
    "_oms": {"_errors", "_transport", "_credentials", "_sign_in"},
    "_submission": {"_errors", "_object_keys", "_key_file", "_progress"},
    "_sync_task": {"_errors", "_transport"},
    "_lifecycle": {"_errors", "_oms", "_sync_task", "_transport"},
    "_session": {"_errors", "_transport", "_credentials", "_sign_in", "_oms"},
}

# What a filter may import of Ansible. It runs in Ansible's own process, where module_utils are not for.
OF_ANSIBLE_FOR_FILTERS = {"ansible.errors", "ansible.template", "ansible.utils.unsafe_proxy"}

# What ansible-core deprecates, or never meant for others.
DEPRECATED_IMPORTS = ("ansible.module_utils.six", "ansible.module_utils._text", "ansible.module_utils._internal")
DEPRECATED_NAMES = {"jsonify"}
DEPRECATED_KEYWORDS = {"warnings", "deprecations"}


def per_file(paths: list[Path]) -> t.Any:
    return pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in paths])


def parsed(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def imported(path: Path) -> set[str]:
    """The full names of all that a file imports; of ``from a import b`` both ``a`` and ``a.b``."""
    found = set()
    for node in parsed(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


def imported_of_ours(path: Path) -> set[str]:
    """``module_utils._errors`` for whatever is imported of that file."""
    ours = {name.removeprefix(f"{OURS}.") for name in imported(path) if name.startswith(f"{OURS}.")}
    return {".".join(name.split(".")[:2]) for name in ours}


def calls(path: Path, *names: str) -> list[ast.Call]:
    """The calls of methods with these names."""
    return [
        node
        for node in parsed(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
    ]


def test_each_room_of_the_house_is_known() -> None:
    assert {path.stem for path in MODULE_UTILS} == set(MAY_IMPORT)


def test_what_is_private_says_so() -> None:
    assert [path.name for path in MODULE_UTILS + PLUGIN_UTILS if not path.name.startswith("_")] == []


@per_file(MODULE_UTILS)
def test_a_room_opens_only_the_doors_of_the_table(path: Path) -> None:
    allowed = {f"module_utils.{name}" for name in MAY_IMPORT[path.stem]}

    assert imported_of_ours(path) <= allowed


def test_the_table_has_no_circle() -> None:
    rooms = list(MAY_IMPORT)

    for name, doors in MAY_IMPORT.items():
        assert doors <= set(rooms) - {name}
        assert not any(name in MAY_IMPORT[door] for door in doors)


@per_file(MODULES)
def test_a_module_imports_of_ours_only_module_utils(path: Path) -> None:
    assert {name.split(".")[0] for name in imported_of_ours(path)} == {"module_utils"}


@per_file(PLUGIN_UTILS)
def test_what_event_driven_ansible_uses_too_imports_the_standard_library_alone(path: Path) -> None:
    # It loads such a file by its path, in a process that knows of no collections.
    assert {name.split(".")[0] for name in imported(path)} <= set(sys.stdlib_module_names)


@per_file(FILTERS)
def test_a_filter_imports_of_ours_only_plugin_utils(path: Path) -> None:
    assert {name.split(".")[0] for name in imported_of_ours(path)} == {"plugin_utils"}


@per_file(FILTERS)
def test_a_filter_imports_of_ansible_only_what_is_for_filters(path: Path) -> None:
    of_ansible = {name for name in imported(path) if name.split(".")[0] == "ansible"}

    assert {name for name in of_ansible if not name.startswith(tuple(OF_ANSIBLE_FOR_FILTERS))} == set()


@per_file(PLUGINS)
def test_only_the_transport_knows_an_http_library(path: Path) -> None:
    known = {*sys.stdlib_module_names, "ansible", "ansible_collections"}
    others = {name.split(".")[0] for name in imported(path)} - known
    clients = {name for name in imported(path) if name.startswith(("urllib.request", "ansible.module_utils.urls"))}

    assert others == ({"requests", "urllib3"} if path.stem == "_transport" else set())
    assert clients == set()


@per_file([path for path in PLUGINS if path not in FILTERS])
def test_ansible_is_used_by_its_module_utils_and_ours_by_full_names(path: Path) -> None:
    for name in imported(path):
        top, *rest = name.split(".")
        assert top != "", f"relative: {name}"
        if top == "ansible":
            assert rest[:1] == ["module_utils"], name
        if top == "ansible_collections":
            assert name.startswith(f"{OURS}.module_utils"), name


@per_file(MODULES)
@pytest.mark.parametrize("name", ["exit_json", "fail_json"])
def test_a_module_ends_in_one_place_each(path: Path, name: str) -> None:
    assert len(calls(path, name)) == 1


@per_file([path for path in PLUGINS if path not in MODULES])
def test_only_modules_end_the_run(path: Path) -> None:
    ends = {"exit_json", "fail_json", "exit", "_exit"}

    assert [ast.unparse(node) for node in parsed(path) if isinstance(node, ast.Attribute) and node.attr in ends] == []


@per_file(PLUGINS)
def test_nothing_deprecated_is_used(path: Path) -> None:
    nodes = parsed(path)
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    keywords = {keyword.arg for call in calls(path, "exit_json", "fail_json") for keyword in call.keywords}

    assert [name for name in imported(path) if name.startswith(DEPRECATED_IMPORTS)] == []
    assert names & DEPRECATED_NAMES == set()
    assert keywords & DEPRECATED_KEYWORDS == set()
