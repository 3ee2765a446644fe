# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What is written in two places says the same in both.

That RETURN names the keys that really come is in the test of each module, which has real results.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import typing as t
from pathlib import Path

import jinja2
import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.huaweicloud.oms.plugins.doc_fragments.attributes import ModuleDocFragment as Attributes
from ansible_collections.huaweicloud.oms.plugins.doc_fragments.connection import ModuleDocFragment as Connection
from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import connection_argument_spec
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.object_keys import MASKS
from ansible_collections.huaweicloud.oms.plugins.module_utils._version import COLLECTION_VERSION

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "plugins"
COLLECTION = "huaweicloud.oms"
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
FILTERS = sorted(path.stem for path in (PLUGINS / "filter").glob("*.py"))

SECRETS = {"access_key", "secret_key", "security_token", "auth_token", "password"}
# Those that a module has beside the ones for its own credentials, nested ones by their paths.
MORE_SECRETS = {
    "oms_sync_task": {
        "source.access_key",
        "source.secret_key",
        "source.cdn.authentication_key",
        "destination.access_key",
        "destination.secret_key",
    }
}

FRAGMENTS = {
    "huaweicloud.oms.attributes": yaml.safe_load(Attributes.DOCUMENTATION),
    "huaweicloud.oms.connection": yaml.safe_load(Connection.DOCUMENTATION),
}

per_module = pytest.mark.parametrize("name", MODULES)
per_filter = pytest.mark.parametrize("name", FILTERS)


def module(name: str) -> t.Any:
    return importlib.import_module(f"ansible_collections.huaweicloud.oms.plugins.modules.{name}")


def filter_file(name: str) -> t.Any:
    return importlib.import_module(f"ansible_collections.huaweicloud.oms.plugins.filter.{name}")


def read_yaml(*path: str) -> t.Any:
    return yaml.safe_load(ROOT.joinpath(*path).read_text(encoding="utf-8"))


def flat(options: t.Mapping[str, t.Any], nested: str, where: str = "") -> dict[str, dict[str, t.Any]]:
    """All options and their suboptions, by paths like `source.region`.

    :arg nested: under which key the suboptions are.
    """
    found = {}
    for name, option in options.items():
        found[f"{where}{name}"] = option
        found |= flat(option.get(nested, {}), nested, f"{where}{name}.")
    return found


# ---- options


@per_module
def test_all_secrets_are_no_log(name: str) -> None:
    spec = flat(module(name).argument_spec(), "options")

    assert {path for path, entry in spec.items() if entry.get("no_log")} == SECRETS | MORE_SECRETS.get(name, set())
    # Nothing that could be taken for one is left undecided: Ansible would warn.
    likely = {path for path in spec if re.search("pass|secret|token|key(_id)?$", path.rpartition(".")[2])}
    assert [path for path in likely if "no_log" not in spec[path] and spec[path]["type"] != "dict"] == []


def test_credentials_have_no_fallback_and_no_default() -> None:
    # Or a key given as an option could meet a secret of the environment.
    for option, entry in connection_argument_spec().items():
        assert "fallback" not in entry, option
        assert option not in SECRETS or "default" not in entry, option


# ---- examples


def tasks(block: list[dict[str, t.Any]]) -> t.Iterator[dict[str, t.Any]]:
    """The tasks of a list, with those of its blocks in place of these."""
    for task in block:
        nested = [inner for part in ("block", "rescue", "always") for inner in task.get(part, [])]
        if nested:
            yield from tasks(nested)
        else:
            yield task


@per_module
def test_examples_use_what_exists(name: str) -> None:
    examples = list(tasks(yaml.safe_load(module(name).EXAMPLES)))
    validator = ArgumentSpecValidator(module(name).argument_spec())
    ours = [task[f"{COLLECTION}.{name}"] for task in examples if f"{COLLECTION}.{name}" in task]

    assert ours
    for arguments in ours:
        assert validator.validate(arguments).error_messages == []


@per_module
def test_examples_call_modules_by_their_full_names_and_have_names(name: str) -> None:
    keywords = {"name", "delegate_to", "run_once", "register", "when", "vars", "loop", "no_log", "until", "retries"}

    for task in tasks(yaml.safe_load(module(name).EXAMPLES)):
        assert task["name"][0].isupper()
        (action,) = set(task) - keywords
        assert re.fullmatch(r"(ansible\.builtin|huaweicloud\.oms)\.[a-z_]+", action)


# ---- filters


@per_filter
def test_a_filter_s_documentation_is_the_twin_of_its_signature(name: str) -> None:
    documentation = yaml.safe_load(filter_file(name).DOCUMENTATION)
    options = documentation["options"]
    (function,) = filter_file(name).FilterModule().filters().values()
    taken = list(inspect.signature(function).parameters.values())

    assert documentation["name"] == name
    assert list(filter_file(name).FilterModule().filters()) == [name]
    assert ["_input", *(parameter.name for parameter in taken[1:])] == list(options)
    assert options["_input"]["required"]
    for parameter in taken[1:]:
        default = list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
        assert default == options[parameter.name].get("default"), parameter.name
        # Examples name each option, and so may come others between them.
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY, parameter.name


def filter_calls(examples: str, name: str) -> list[dict[str, t.Any]]:
    """The options with which examples call a filter."""
    calls = jinja2.Environment(autoescape=True).parse(examples).find_all(jinja2.nodes.Filter)
    return [
        {keyword.key: keyword.value.as_const() for keyword in call.kwargs}
        for call in calls
        if call.name == f"{COLLECTION}.{name}" and not call.args
    ]


@per_filter
def test_examples_of_a_filter_use_what_exists(name: str) -> None:
    examples = filter_file(name).EXAMPLES
    options = yaml.safe_load(filter_file(name).DOCUMENTATION)["options"]
    calls = filter_calls(examples, name)

    assert len(calls) == examples.count(f"{COLLECTION}.{name}")
    for option, value in [item for call in calls for item in call.items()]:
        given = value if isinstance(value, list) else [value]
        assert set(given) <= set(options[option].get("choices", given)), option
    for task in tasks(yaml.safe_load(examples)):
        for used in MODULES:
            if f"{COLLECTION}.{used}" in task:
                validator = ArgumentSpecValidator(module(used).argument_spec())
                assert validator.validate(task[f"{COLLECTION}.{used}"]).error_messages == []


@per_filter
def test_what_a_filter_returns_is_described_with_a_sample(name: str) -> None:
    returned = yaml.safe_load(filter_file(name).RETURN)

    assert list(returned) == ["_value"]
    assert type(returned["_value"]["sample"]).__name__ == returned["_value"]["type"]


# ---- the collection's own facts


def test_the_action_group_has_all_modules() -> None:
    assert sorted(read_yaml("meta", "runtime.yml")["action_groups"]["oms"]) == MODULES
    assert FRAGMENTS["huaweicloud.oms.attributes"]["attributes"]["action_group"]["membership"] == [f"{COLLECTION}.oms"]


def test_the_user_agent_has_the_version_of_galaxy_yml() -> None:
    galaxy = read_yaml("galaxy.yml")

    assert f"{galaxy['namespace']}.{galaxy['name']}" == COLLECTION
    assert galaxy["version"] == COLLECTION_VERSION


def test_the_documented_requirements_are_those_of_the_execution_environment() -> None:
    documented = FRAGMENTS["huaweicloud.oms.connection"]["requirements"]
    required = ROOT.joinpath("meta", "ee-requirements.txt").read_text(encoding="utf-8").split()

    assert [text.partition(", on the host")[0].replace(" ", "") for text in documented] == required
    assert read_yaml("meta", "execution-environment.yml")["dependencies"]["python"] == "meta/ee-requirements.txt"


# ---- the environment

# requests reads the first, and the action plugin the other.
READ_ELSEWHERE = {"NO_PROXY", "OMS_PROGRESS_LINES"}


def variables_in_code() -> set[str]:
    """All strings in the code that are names of environment variables; of one made with a region, its beginning."""
    files = [*(PLUGINS / "module_utils").rglob("*.py"), *(PLUGINS / "modules").glob("*.py")]
    nodes = [node for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if re.fullmatch("[A-Z]+(_[A-Z]+)+_?", text)} - values_of_options() - set(MASKS)


def values_of_options() -> set[str]:
    """What options may be, some of which look like variables."""
    specs = [flat(module(name).argument_spec(), "options") for name in MODULES]
    return {value for spec in specs for entry in spec.values() for value in entry.get("choices", [])}


def variables_in_documentation() -> set[str]:
    """All that is marked as an environment variable; of one with a region's name, the beginning."""
    documents = [module(name).DOCUMENTATION for name in MODULES] + [Attributes.DOCUMENTATION, Connection.DOCUMENTATION]
    marked = {name for document in documents for name in re.findall(r"\bE\(([^)]+)\)", document)}
    return {name.removesuffix("CN_NORTH_4") for name in marked}


def test_the_documentation_names_the_variables_that_the_code_reads() -> None:
    assert variables_in_documentation() == variables_in_code() | READ_ELSEWHERE
    assert "HUAWEICLOUD_SDK_REGION_OMS_" in variables_in_code()
