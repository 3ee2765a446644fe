# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Which layer may import which, and what may be called where."""

from __future__ import annotations

import ast
import graphlib
import re
import sys
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))
MODULE_UTILS = [
    path for path in sorted((ROOT / "plugins" / "module_utils").rglob("*.py")) if path.name != "__init__.py"
]
MODULES = sorted((ROOT / "plugins" / "modules").glob("*.py"))
PLUGIN_UTILS = sorted((ROOT / "plugins" / "plugin_utils").rglob("*.py"))
FILTERS = sorted((ROOT / "plugins" / "filter").glob("*.py"))
ACTIONS = sorted((ROOT / "plugins" / "action").glob("*.py"))

OURS = "ansible_collections.huaweicloud.oms.plugins"

# The layers of module_utils, the lowest first. What is in one may import from the layers that its row names, and from
# its own.
LAYERS = {
    "_python_version": set(),
    "_text": set(),
    "_version": set(),
    "_errors": {"_text"},
    "_arguments": {"_errors", "_text"},
    "_events": {"_errors", "_text"},
    "_http": {"_arguments", "_errors", "_text", "_version"},
    "_auth": {"_http", "_arguments", "_errors", "_text"},
    "_oms": {"_auth", "_http", "_arguments", "_errors", "_text"},
    "_session": {"_oms", "_auth", "_http", "_arguments", "_errors", "_text"},
    "_event_run": {"_session", "_events", "_oms", "_arguments", "_errors"},
}

# What a filter may import of Ansible. It runs in Ansible's own process, where module_utils are not for.
OF_ANSIBLE_FOR_FILTERS = {"ansible.errors", "ansible.template", "ansible.utils.display", "ansible.utils.unsafe_proxy"}
# What an action plugin may import: the action that runs any module, and what Ansible's own actions use.
OF_ANSIBLE_FOR_ACTIONS = (
    "ansible.module_utils.parsing.convert_bool",
    "ansible.plugins.action.normal",
    "ansible.utils.display",
)

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
    """``module_utils._http.clock`` for whatever is imported of that file."""
    ours = {name.removeprefix(f"{OURS}.") for name in imported(path) if name.startswith(f"{OURS}.")}
    return {name for name in ours if "." in name}


def module_of(path: Path) -> str:
    """``_http.clock`` for the file plugins/module_utils/_http/clock.py."""
    return ".".join(path.relative_to(ROOT / "plugins" / "module_utils").with_suffix("").parts)


def imported_modules(path: Path) -> set[str]:
    """The files of module_utils that one of them imports, each as ``_http.clock``."""
    names = {name.removeprefix("module_utils.") for name in imported_of_ours(path)}
    return names & {module_of(other) for other in MODULE_UTILS}


def calls(path: Path, *names: str) -> list[ast.Call]:
    """The calls of methods with these names."""
    return [
        node
        for node in parsed(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
    ]


def picture_of_layers() -> dict[str, set[str]]:
    """The picture in ARCHITECTURE.md: each layer, from the top, with its files; a file that is a layer has none."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    layers: dict[str, set[str]] = {}
    names: list[str] = []
    for line in text[text.index("```text") :].partition("\n```")[0].splitlines():
        head = re.match(r"(_\w+/?)( _\w+)*(?= {2,})", line)
        if head:
            names = [name.rstrip("/") for name in head[0].split()]
            layers |= {name: set() for name in names}
        elif names:
            layers[names[-1]] |= set(re.findall(r"[a-z]\w+", line))
    return layers


def test_the_picture_shows_each_directory_and_file() -> None:
    files: dict[str, set[str]] = {}
    for path in MODULE_UTILS:
        layer, *rest = module_of(path).split(".")
        files.setdefault(layer, set()).update(rest)

    assert picture_of_layers() == files
    assert set(files) == set(LAYERS)


def test_the_picture_has_the_layers_in_their_order() -> None:
    order = list(picture_of_layers())
    beside = {"_events", "_python_version"}

    assert [
        (layer, lower)
        for layer, may_import in LAYERS.items()
        for lower in may_import
        if layer not in beside and order.index(layer) > order.index(lower)
    ] == []


@per_file(MODULE_UTILS)
def test_imports_go_down_the_layers(path: Path) -> None:
    layer = module_of(path).partition(".")[0]
    layers = {name.split(".")[0] for name in imported_modules(path)}

    assert layers <= LAYERS[layer] | {layer}


def test_no_file_imports_itself_by_way_of_others() -> None:
    imports = {module_of(path): imported_modules(path) for path in MODULE_UTILS}

    assert list(graphlib.TopologicalSorter(imports).static_order())


@per_file(MODULES)
def test_a_module_imports_of_ours_only_module_utils(path: Path) -> None:
    assert {name.split(".")[0] for name in imported_of_ours(path)} == {"module_utils"}


@per_file([*MODULES, ROOT / "plugins" / "module_utils" / "_python_version.py"])
def test_what_an_old_python_reads_has_nothing_that_it_does_not_know(path: Path) -> None:
    """ansible-core 2.16 runs modules on Python 3.6, which has to come as far as the check of its version."""
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 6))
    annotations = [node.annotation for node in ast.walk(tree) if isinstance(node, (ast.arg, ast.AnnAssign))]
    annotations += [node.returns for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    unions = [
        ast.unparse(part)
        for annotation in filter(None, annotations)
        for part in ast.walk(annotation)
        if isinstance(part, ast.BinOp)
    ]

    assert "__future__" not in imported(path)
    # Without that import, Python 3.9 evaluates annotations: write t.Optional[...].
    assert unions == []


@per_file(MODULES)
def test_the_version_of_python_is_checked_first(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = [ast.unparse(node) for node in tree.body if isinstance(node, ast.ImportFrom)]

    assert next(each for each in imports if OURS in each) == f"from {OURS}.module_utils import _python_version"


@per_file(PLUGIN_UTILS)
def test_what_event_driven_ansible_uses_too_imports_the_standard_library_alone(path: Path) -> None:
    # It loads such a package by its path, in a process that knows of no collections: relative imports work there.
    assert {name.split(".")[0] for name in imported(path)} - {""} <= set(sys.stdlib_module_names)


@per_file(FILTERS)
def test_a_filter_imports_of_ours_only_plugin_utils(path: Path) -> None:
    assert {name.split(".")[0] for name in imported_of_ours(path)} == {"plugin_utils"}


@per_file(FILTERS)
def test_a_filter_imports_of_ansible_only_what_is_for_filters(path: Path) -> None:
    of_ansible = {name for name in imported(path) if name.split(".")[0] == "ansible"}

    assert {name for name in of_ansible if not name.startswith(tuple(OF_ANSIBLE_FOR_FILTERS))} == set()


@per_file(ACTIONS)
def test_an_action_plugin_imports_of_ours_only_plugin_utils(path: Path) -> None:
    assert {name.split(".")[0] for name in imported_of_ours(path)} == {"plugin_utils"}


@per_file(ACTIONS)
def test_an_action_plugin_imports_of_ansible_only_what_is_for_action_plugins(path: Path) -> None:
    of_ansible = {name for name in imported(path) if name.split(".")[0] == "ansible"}

    assert {name for name in of_ansible if not name.startswith(OF_ANSIBLE_FOR_ACTIONS)} == set()


@per_file(PLUGINS)
def test_an_http_library_is_imported_in_one_place(path: Path) -> None:
    known = {*sys.stdlib_module_names, "ansible", "ansible_collections"}
    others = {name.split(".")[0] for name in imported(path)} - known - {""}
    clients = {name for name in imported(path) if name.startswith(("urllib.request", "ansible.module_utils.urls"))}

    assert others == ({"requests", "urllib3"} if path.stem == "libraries" else set())
    assert clients == set()


@per_file([path for path in PLUGINS if path not in [*FILTERS, *ACTIONS]])
def test_ansible_is_used_by_its_module_utils_and_ours_by_full_names(path: Path) -> None:
    for name in imported(path):
        top, *rest = name.split(".")
        assert top != "" or path in PLUGIN_UTILS, f"relative: {name}"
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
