# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The allow list of the artifact: no other file gets in, and its README names nothing that is not in it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import Ansible

ROOT = Path(__file__).parents[2]
# What may lie in a clone: of an editor, of a developer, of a tool, under names that belong into the artifact otherwise.
UNTRACKED = [
    ".env",
    ".venv/bin/activate",
    "credentials.txt",
    "docs/draft.md",
    "extensions/eda/rulebooks/draft.yml",
    "huaweicloud-oms-0.9.0.tar.gz",
    "meta/draft.yml",
    "playbooks/draft.yml",
    "plugins/modules/__pycache__/oms_sync_event.cpython-311.pyc",
    "plugins/modules/draft.py",
    "roles/sync_objects/files/key.pem",
    "roles/sync_objects/tasks/main.yml~",
    "tests/output/draft.txt",
]


def tracked() -> set[str]:
    """The files of the clone, of which this is a copy."""
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=30).stdout
    return {name for name in listed.split("\0") if name}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files of an artifact that was built where other files lie, too."""
    clone = tmp_path_factory.mktemp("clone")
    for name in tracked():
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    for name in UNTRACKED:
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_text("not for users", encoding="utf-8")
    folder = tmp_path_factory.mktemp("artifact")
    run = Ansible(folder).run("ansible-galaxy", "collection", "build", "--output-path", str(folder), str(clone))
    assert run.returncode == 0, run.output
    (artifact,) = folder.glob("*.tar.gz")
    with tarfile.open(artifact) as archive:
        return {member.name for member in archive if member.isfile()} - {"MANIFEST.json", "FILES.json"}


def test_no_untracked_file_is_in_the_artifact(files: set[str]) -> None:
    assert files & set(UNTRACKED) == set()
    assert files - tracked() == set()


def test_each_file_of_the_list_is_in_the_artifact(files: set[str]) -> None:
    directives = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["manifest"]["directives"]

    assert len(directives) > 100
    assert files == {directive.partition(" ")[2] for directive in directives}


@pytest.mark.parametrize("page", sorted(path.name for path in ROOT.glob("README*.md")))
def test_the_readme_names_nothing_that_is_not_in_the_artifact(files: set[str], page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = {link for link in re.findall(r"\]\(([^)#\s]+)", text) if not re.match("[a-z]+:", link)}
    # A word that is the name of a file or directory of the clone, in code or in prose.
    words = {word.strip(".,:;").removesuffix("/") for word in re.findall(r"[\w./-]+", text)}
    names = tracked()
    of_clone = {word for word in words if "." in word or "/" in word} & (names | directories(names))

    assert page in files
    assert links
    assert links - files - directories(files) == set()
    assert of_clone - files - directories(files) == set()


def directories(names: set[str]) -> set[str]:
    return {str(parent) for name in names for parent in Path(name).parents} - {"."}
