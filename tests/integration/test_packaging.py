# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The artifact: what is in it, that it works where there is nothing else, and that those who take it in do take it."""

from __future__ import annotations

import configparser
import importlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import typing as t
from pathlib import Path, PurePosixPath

import pytest
import yaml
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import Ansible, Run
from ansible_collections.huaweicloud.oms.tests.integration.conftest import SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.integration.pages import block
from ansible_collections.huaweicloud.oms.tests.integration.test_secrets import core
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

ROOT = Path(__file__).parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
# What stands first in the artifact. Whatever is added has to be decided on here, and in galaxy.yml.
TOP_LEVEL = {
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "COPYING",
    "FILES.json",
    "LICENSES",
    "MANIFEST.json",
    "README.md",
    "README_CN.md",
    "REUSE.toml",
    "SECURITY.md",
    "changelogs",
    "docs",
    "meta",
    "playbooks",
    "plugins",
    "roles",
}
MAY_BE_THERE = {"extensions"}
# What may be in a folder, and what each file there ends with.
ENDINGS = {
    "LICENSES": {".txt"},
    "changelogs": {".yaml"},
    "docs": {".md", ".svg", ".yml"},
    "extensions": {".py", ".yml"},
    "meta": {".txt", ".yml"},
    "playbooks": {".yml"},
    "plugins": {".py"},
    "roles": {".md", ".yml"},
}
# An environment of its own for all that reads the artifact.
PACKAGING = "OMS_TEST_PACKAGING"


def build(ansible: Ansible, source: Path, *, folder: Path) -> Path:
    """Build the artifact and return where it is."""
    run = ansible.run("ansible-galaxy", "collection", "build", "--output-path", str(folder), str(source))
    assert run.returncode == 0, run.output
    (artifact,) = folder.glob("*.tar.gz")
    return artifact


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artifact")
    return build(Ansible(folder), ROOT, folder=folder)


@pytest.fixture(scope="module")
def files(artifact: Path) -> set[PurePosixPath]:
    """What is in the artifact, but for folders."""
    with tarfile.open(artifact) as archive:
        return {PurePosixPath(member.name) for member in archive if not member.isdir()}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, artifact: Path) -> Path:
    """A folder of collections that holds this one and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    install = ["ansible-galaxy", "collection", "install", "--offline", f"--collections-path={folder}", str(artifact)]
    run = Ansible(tmp_path_factory.mktemp("home")).run(*install, environ={"ANSIBLE_COLLECTIONS_PATH": str(folder)})
    assert run.returncode == 0, run.output
    assert [path.name for path in (folder / "ansible_collections" / "huaweicloud").iterdir()] == ["oms"]
    return folder


# ---- what is in it


def test_the_artifact_holds_what_it_should(files: set[PurePosixPath]) -> None:
    top = {path.parts[0] for path in files}

    assert top - MAY_BE_THERE == TOP_LEVEL
    assert [str(path) for path in files if path.suffix not in ENDINGS.get(path.parts[0], {path.suffix})] == []


def test_the_artifact_holds_nothing_for_development(files: set[PurePosixPath]) -> None:
    parts = {part for path in files for part in path.parts}

    assert [part for part in parts if part.startswith(".")] == []
    assert parts & {"__pycache__", "build", "fragments", "site", "tests"} == set()


def test_the_artifact_holds_what_git_knows(files: set[PurePosixPath]) -> None:
    """Neither what lies about in a clone, nor less than all that a user needs."""
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=30).stdout
    known = {PurePosixPath(name) for name in listed.split("\0") if name}
    needed = {path for path in known if path.parts[0] in ("LICENSES", "extensions", "meta", "plugins", "roles")}

    assert files - known == {PurePosixPath("FILES.json"), PurePosixPath("MANIFEST.json")}
    assert needed - files == set()


def test_no_file_can_be_run_by_itself_or_leads_elsewhere(artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        members = archive.getmembers()

    assert [member.name for member in members if not (member.isfile() or member.isdir())] == []
    assert [member.name for member in members if member.isfile() and member.mode & 0o111] == []


# ---- where there is nothing else


def our_tasks(connection: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """A task for each module, of which each asks the service for something."""
    task = {**connection, "sync_task_id": SYNC_TASK_ID}
    arguments = {
        "oms_sync_event": {**task, "object_keys": ["a b"]},
        "oms_sync_task": {**task, "state": "stopped"},
        "oms_sync_task_info": task,
        "oms_sync_task_statistics_info": {**task, "last_minutes": 60},
    }
    assert sorted(arguments) == MODULES
    return [
        {f"huaweicloud.oms.{name}": of_module, "ignore_errors": True} for name, of_module in sorted(arguments.items())
    ]


def distributions(bin_folder: str) -> set[str]:
    """The Python packages of an environment."""
    code = "from importlib import metadata; print(*(each.name.lower() for each in metadata.distributions()))"
    command = [Path(bin_folder, "python"), "-c", code]
    listed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    return set(listed.stdout.split())


@pytest.mark.parametrize("version", ["OMS_TEST_CORE_OLDEST", "OMS_TEST_CORE_NEWEST"], ids=["oldest", "newest"])
def test_it_runs_with_ansible_core_and_requests_alone(
    simulator: Simulator, tmp_path: Path, connection: dict[str, t.Any], installed: Path, version: str
) -> None:
    bin_folder = core(version)
    role = {
        "ansible.builtin.import_role": {"name": "huaweicloud.oms.sync_objects"},
        "module_defaults": {"group/huaweicloud.oms.oms": connection},
        "vars": {
            "sync_objects_sync_task_id": SYNC_TASK_ID,
            "sync_objects_object_keys": ["of the role"],
        },
    }
    run = Ansible(tmp_path, bin_folder).playbook(
        [role, *our_tasks(connection)], environ={"ANSIBLE_COLLECTIONS_PATH": str(installed)}
    )

    of_ansible = {"ansible-core", "cffi", "cryptography", "jinja2", "markupsafe", "packaging", "pycparser", "pyyaml"}
    of_requests = {"certifi", "charset-normalizer", "charset_normalizer", "idna", "requests", "urllib3"}
    # cryptography requires typing_extensions before Python 3.11.
    others = {"resolvelib", "typing_extensions", "typing-extensions"}
    assert distributions(bin_folder) - of_ansible - of_requests - others == set()
    assert run.returncode == 0, run.output
    assert [result["msg"] for result in run.results if result["failed"]] == []
    assert simulator.accepted_keys(SYNC_TASK_ID) == ["of the role", "a b"]
    assert simulator.requests()[-1].status == 200


def test_without_requests_a_module_says_what_is_missing(
    simulator: Simulator, ansible: Ansible, connection: dict[str, t.Any], installed: Path
) -> None:
    bare = ansible.folder / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True, timeout=60)
    # The default core, which the bare environment does not have, runs the modules with it.
    run = ansible.playbook(
        our_tasks(connection),
        f"-eansible_python_interpreter={bare}/bin/python",
        environ={"ANSIBLE_COLLECTIONS_PATH": str(installed)},
    )

    assert len(run.results) == len(MODULES), run.output
    for result in run.results:
        assert result["failed"]
        # As ansible.module_utils.basic.missing_required_lib writes it.
        assert re.match(
            r"Failed to import the required Python library \(requests\) on \S+'s Python \S*bare/bin/python\. "
            r"Please read the module documentation and install it in the appropriate location\.",
            result["msg"],
        ), result["msg"]
    assert simulator.requests() == []


def filters() -> list[str]:
    """The names of all filters there are."""
    found: list[str] = []
    for path in (ROOT / "plugins" / "filter").glob("*.py"):
        plugin = importlib.import_module(f"ansible_collections.huaweicloud.oms.plugins.filter.{path.stem}")
        found += plugin.FilterModule().filters()
    return found


def names(kind: str) -> list[str]:
    """The full names of all plugins or roles of a kind."""
    roles = [path.name for path in (ROOT / "roles").iterdir()]
    found = {"module": MODULES, "role": roles, "filter": filters()}[kind]
    return sorted(f"huaweicloud.oms.{name}" for name in found)


@pytest.mark.parametrize("kind", ["module", "role", "filter"])
def test_ansible_doc_shows_all_there_is(ansible: Ansible, installed: Path, kind: str) -> None:
    environ = {"ANSIBLE_COLLECTIONS_PATH": str(installed)}
    listed = ansible.run("ansible-doc", "--json", "--list", "--type", kind, "huaweicloud.oms", environ=environ)

    assert listed.returncode == 0, listed.output
    assert sorted(json.loads(listed.stdout)) == names(kind)
    shown = ansible.run("ansible-doc", "--type", kind, *names(kind), environ=environ)
    assert shown.returncode == 0, shown.output
    assert [name for name in names(kind) if name not in shown.stdout] == []
    assert "WARNING" not in shown.stderr


# ---- who takes it in


def import_to_galaxy(artifact: Path, folder: Path) -> Run:
    """Have Galaxy's own importer look at an artifact, with the checks that Galaxy and Automation Hub make."""
    settings = configparser.ConfigParser()
    # No container engine. As for flake8: ruff has its say about the style, and the two don't agree on all of it.
    settings["galaxy-importer"] = {"run_ansible_test": "false", "run_flake8": "false", "check_required_tags": "true"}
    with (folder / "importer.cfg").open("w", encoding="utf-8") as file:
        settings.write(file)
    environ = {"GALAXY_IMPORTER_CONFIG": str(folder / "importer.cfg")}
    ansible = Ansible(folder, core(PACKAGING))
    return ansible.run("python", "-m", "galaxy_importer.main", str(artifact), environ=environ)


def source_with(folder: Path, **galaxy: t.Any) -> Path:
    """A copy of the collection whose galaxy.yml says something else."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*", "tests"))
    file = folder / "galaxy.yml"
    described = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump({**described, **galaxy}), encoding="utf-8")
    return folder


def test_galaxy_refuses_it_only_because_it_is_published_nowhere(artifact: Path, tmp_path: Path) -> None:
    run = import_to_galaxy(artifact, tmp_path)

    # When it is, this test goes, and the next one takes the artifact as it is.
    assert "Invalid collection metadata. 'repository' is required" in run.output


def test_galaxy_takes_it_with_a_repository(ansible: Ansible, tmp_path: Path) -> None:
    source = source_with(tmp_path / "source", repository="https://example.com/oms")
    run = import_to_galaxy(build(ansible, source, folder=tmp_path), tmp_path)

    assert "Importer processing completed successfully" in run.output
    assert re.findall("(?:WARNING|ERROR).*", run.output) == []
    imported = json.loads((tmp_path / "importer_result.json").read_text(encoding="utf-8"))
    contents = {(each["content_type"], each["name"]) for each in imported["contents"]}
    assert {("module", name) for name in MODULES} | {("role", "sync_objects")} <= contents
    assert {(kind, name) for kind, name in contents if kind.startswith("eda/")} == {
        ("eda/plugins/event_filter", "object_created"),
        ("eda/plugins/event_source", "spooled_keys"),
    }
    assert imported["requires_ansible"] == ">=2.16.0"


DECISION_ENVIRONMENT = yaml.safe_load(
    (ROOT / "extensions" / "eda" / "decision-environment.yml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(
    "definition",
    [yaml.safe_load(block("docs/authentication.md", "version: 3")), DECISION_ENVIRONMENT],
    ids=["execution", "decision"],
)
def test_an_environment_is_made_of_it(artifact: Path, tmp_path: Path, definition: dict[str, t.Any]) -> None:
    """With those of docs/authentication.md and for Event-Driven Ansible, up to what a container engine does."""
    ansible = Ansible(tmp_path, core(PACKAGING))
    (tmp_path / "execution-environment.yml").write_text(yaml.safe_dump(definition), encoding="utf-8")
    (file,) = definition["additional_build_files"]
    assert re.fullmatch(r"huaweicloud-oms-[0-9.]+\.tar\.gz", file["src"])
    shutil.copy(artifact, tmp_path / file["src"])
    made = ansible.run("ansible-builder", "create", "--context", "context", "--output-filename", "Containerfile")
    assert made.returncode == 0, made.output
    # The first stage runs in the folder that these files become.
    steps = (tmp_path / "context" / "Containerfile").read_text(encoding="utf-8")
    assert "COPY _build /build" in steps or "ADD _build /build" in steps
    assert "WORKDIR /build" in steps
    assert "ansible-galaxy collection install" in steps
    dependencies = definition["dependencies"]
    for name, kind in (("requirements.txt", "python"), ("bindep.txt", "system")):
        if kind in dependencies:
            lines = (tmp_path / "context" / "_build" / name).read_text(encoding="utf-8").splitlines()
            assert set(dependencies[kind]) <= set(lines)

    collections = tmp_path / "collections"
    install = f"cd context/_build && ansible-galaxy collection install -r requirements.yml -p {collections}"
    installed = ansible.run("bash", "-c", install, environ={"ANSIBLE_COLLECTIONS_PATH": str(collections)})
    assert installed.returncode == 0, installed.output
    introspect = ["context/_build/scripts/introspect.py", "introspect", str(collections), "--write-pip=pip.txt"]
    found = ansible.run("python", *introspect)

    assert found.returncode == 0, found.output
    needed = [
        line.partition("#")[0].strip() for line in (tmp_path / "pip.txt").read_text(encoding="utf-8").splitlines()
    ]
    assert needed == (ROOT / "meta" / "ee-requirements.txt").read_text(encoding="utf-8").split()


# ---- a release


def test_a_release_is_made_as_contributing_says(tmp_path: Path) -> None:
    """With antsibull-changelog itself; tests/unit/tools/test_release_check.py has the rest of `make release-check`."""
    clone = tmp_path / "ansible_collections" / "huaweicloud" / "oms"
    shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(".*", "output"))
    before = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    version = before.partition("-")[0]
    for name in ("galaxy.yml", "plugins/module_utils/_version.py"):
        text = (clone / name).read_text(encoding="utf-8")
        assert text.count(before) == 1, name
        (clone / name).write_text(text.replace(before, version), encoding="utf-8")
    ansible = Ansible(tmp_path, core(PACKAGING))
    # Where what is checked out has the version of a release, it has been made already, and gets what came since.
    options = ["--update-existing"] if version == before else []
    has_fragments = any((clone / "changelogs" / "fragments").glob("*.y*ml"))
    make = " ".join(["antsibull-changelog", "release", *options]) if has_fragments or version != before else ":"
    steps = f"""
        set -e
        cd ansible_collections/huaweicloud/oms
        {make}
        git -c init.defaultBranch=main init --quiet
        git add --all
        git -c user.name=tests -c user.email=tests@example.com -c commit.gpgsign=false commit --quiet --message Release
        python tests/tools/release_check.py .
    """
    run = ansible.run("bash", "-c", steps, environ={"ANSIBLE_COLLECTIONS_PATH": str(tmp_path)})

    assert run.returncode == 0, run.output
    assert "This commit could be tagged and released." in run.stdout
    page = (clone / "CHANGELOG.md").read_text(encoding="utf-8").replace("\\", "")
    assert [name for name in MODULES if f"huaweicloud.oms.{name}" not in page] == []
    assert list((clone / "changelogs" / "fragments").glob("*.y*ml")) == []
