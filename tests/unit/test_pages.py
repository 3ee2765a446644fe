# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What the pages for those who carry on say is there, and so is what CI calls."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.basic import missing_required_lib
from ansible_collections.huaweicloud.oms.plugins.module_utils import _errors
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth import gateway_errors
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms import api_errors, copying

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "roles").glob("*/*.md")])
ISSUE_FORMS = [path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml"]


def read(*path: str) -> str:
    return ROOT.joinpath(*path).read_text(encoding="utf-8")


def targets() -> set[str]:
    """What make shows; the others are for itself."""
    return set(re.findall(r"^([a-z-]+):.*## ", read("Makefile"), re.MULTILINE))


def links(path: Path) -> list[str]:
    """The relative links of a page, without fragments."""
    found = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
    return [link for link in found if not re.match("[a-z]+:", link)]


def of_artifact(path: Path) -> bool:
    """Whether galaxy.yml lets it into the artifact."""
    directives = yaml.safe_load(read("galaxy.yml"))["manifest"]["directives"]
    return f"include {path.relative_to(ROOT)}" in directives


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_that_the_reader_has(path: Path) -> None:
    for link in links(path):
        target = (path.parent / link).resolve()
        assert target.exists(), link
        assert of_artifact(target) or not of_artifact(path), f"{link} is not in the artifact"


def test_the_chinese_readme_has_the_blocks_and_links_of_the_english_one() -> None:
    texts = [read(page) for page in ("README.md", "README_CN.md")]
    blocks = [re.findall(r"^```\w*\n.*?^```$", text, re.DOTALL | re.MULTILINE) for text in texts]
    targets = [set(re.findall(r"\]\(([^)\s]+)", text)) for text in texts]

    assert len(blocks[0]) > 5
    assert blocks[0] == blocks[1]
    assert targets[0] ^ targets[1] == {"README.md", "README_CN.md"}


def test_contributing_explains_each_target_of_make() -> None:
    text = read("CONTRIBUTING.md")
    table = re.findall(r"^\| `make ([a-z-]+)` \|", text, re.MULTILINE)

    assert {*table, "help"} == targets()
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets()


def test_contributing_names_directories_and_sections_that_exist() -> None:
    text = read("CONTRIBUTING.md")
    directories = re.findall(r"^\| `(tests/[a-z/]+)` \|", text, re.MULTILINE)
    files = re.findall(r"\b(tests/[\w/]+\.py)\b", text)
    sections = {name for name, _title in yaml.safe_load(read("changelogs", "config.yaml"))["sections"]} | {"trivial"}

    assert len(directories) > 5
    assert files
    assert [name for name in (*directories, *files) if not (ROOT / name).exists()] == []
    chapter = text[text.index("## Changelog fragments") : text.index("## Releasing")]
    named = {name for name in re.findall(r"`([a-z]+_[a-z]+)`|`(trivial)`", chapter) for name in name if name}
    assert named <= sections
    (example,) = re.findall(r"```yaml\n(.*?)```", chapter, re.DOTALL)
    assert set(yaml.safe_load(example)) <= sections


def test_the_architecture_names_files_that_exist() -> None:
    names = re.findall(r"`((?:tests|plugins|docs|meta)/[\w/.-]*)`", read("ARCHITECTURE.md"))

    assert names
    assert [name for name in names if not (ROOT / name).exists()] == []


def texts_of_the_collection() -> str:
    """All strings in its plugins, with a gap where something is filled in, and the role."""
    found = [path.read_text(encoding="utf-8") for path in (ROOT / "roles").rglob("*.yml")]
    # What Ansible says where requests is missing.
    found.append(missing_required_lib("requests"))
    for path in [*(ROOT / "plugins").rglob("*.py"), *(ROOT / "extensions").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            found.append(
                "".join(str(getattr(part, "value", "")) if isinstance(part, ast.Constant) else "\0" for part in parts)
            )
    return "\n".join(found)


def errors_from_a_to_z() -> dict[str, list[list[str]]]:
    """The sections of the page, and of each the words of the message in each line of its table."""
    sections = read("docs", "errors.md").split("\n## ")[2:]
    return {
        section.splitlines()[0]: [re.findall("`([^`]+)`", cell) for cell in re.findall(r"^\| (`.+?) \|", section, re.M)]
        for section in sections
    }


def test_errors_are_in_the_words_of_the_messages() -> None:
    """Nobody finds a message by words that are not in it."""
    texts = texts_of_the_collection()
    words = [word for section, rows in errors_from_a_to_z().items() for row in rows for word in row]

    assert len(words) > 60
    # The gateway has the first two for the same, and their status says it all. The others are messages of Ansible.
    assert [word for word in words if word not in texts] == [
        "APIGW.0304",
        "APIGW.0306",
        "does not support raw params",
        "has extra params",
        "Module result deserialization failed",
        "MODULE FAILURE",
    ]


def test_each_code_and_status_with_words_of_its_own_is_explained() -> None:
    text = read("docs", "errors.md")
    codes = set(re.findall(r"\b(?:OMS|APIGW)\.\d{4}\b", texts_of_the_collection()))
    statuses = re.findall(r"^\| ([\d, ]+)", text[text.index("## Statuses without a code") :], re.MULTILINE)

    assert len(codes) > 15
    assert [code for code in sorted(codes) if f"`{code}`" not in text] == []
    explained = {int(status) for row in statuses for status in row.split(",") if status.strip()}
    assert set(gateway_errors._STATUS_ADVICE) - explained == set()
    kinds = {_errors.CONNECTION, _errors.TIMEOUT, _errors.TLS, _errors.SERVICE, _errors.CREDENTIALS, _errors.FILE}
    (row,) = re.findall(r"^\| `error.kind` \| (.+) \|$", text, re.MULTILINE)
    assert set(re.findall("`(\\w+)`", row)) == kinds | {api_errors.STATE, copying.COPY}


def commands_of_ci() -> set[str]:
    """All that the jobs call, with the values of their matrix filled in."""
    found = set()
    for job in yaml.safe_load(read(".github", "workflows", "ci.yml"))["jobs"].values():
        ((name, values),) = job["strategy"]["matrix"].items()
        for command in [step["run"] for step in job["steps"] if "run" in step]:
            found |= {command.replace("${{ matrix." + name + " }}", value) for value in values}
    return found


def constants_of_nox() -> dict[str, ast.expr]:
    return {
        node.targets[0].id: node.value
        for node in ast.parse(read("noxfile.py")).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def test_ci_tests_each_session_and_each_core() -> None:
    """A job that is missing there is missed by nobody."""
    (sessions,) = re.findall(r"^nox.options.sessions = (.*)$", read("noxfile.py"), re.MULTILINE)
    called = {f"make {name}" for name in ast.literal_eval(sessions)}
    cores = {f"core-{version}" for version, *_more in ast.literal_eval(constants_of_nox()["CORES"])}
    cells = {*cores, "target", "sanity-2.18", "sanity-2.22"}

    assert commands_of_ci() == called | {f"make test-matrix CELLS={cell}" for cell in cells}
    assert called <= {f"make {target}" for target in targets()}


@pytest.mark.parametrize("form", ISSUE_FORMS, ids=lambda path: path.stem)
def test_an_issue_form_has_what_github_wants(form: Path) -> None:
    parsed = yaml.safe_load(form.read_text(encoding="utf-8"))
    fields = [field for field in parsed["body"] if field["type"] != "markdown"]

    assert parsed["name"]
    assert parsed["description"]
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["attributes"]["label"] for field in fields)
    assert {field["type"] for field in parsed["body"]} <= {"markdown", "textarea", "input", "dropdown", "checkboxes"}


def test_the_matrix_has_what_the_readme_promises() -> None:
    cores = ast.literal_eval(constants_of_nox()["CORES"])
    promised = re.search(r"ansible-core (2\.\d+) to (2\.\d+) on the controller", read("README.md"))

    assert promised
    assert promised.groups() == (cores[0][0], cores[-1][0])
    assert yaml.safe_load(read("meta", "runtime.yml"))["requires_ansible"] == f">={cores[0][0]}.0"
    for version, requirements, _pythons in cores:
        assert re.search(
            rf"^ansible-core\S*{re.escape(version)}\.", read("tests", "requirements", f"{requirements}.txt"), re.M
        )
