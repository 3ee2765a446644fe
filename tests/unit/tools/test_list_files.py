# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The list of the artifact's files in galaxy.yml: it is up to date, and the tool that writes it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.tests.tools import list_files

ROOT = Path(__file__).parents[3]
TOOL = ROOT / "tests" / "tools" / "list_files.py"
TRACKED = [
    ".gitignore",
    "ARCHITECTURE.md",
    "README.md",
    "changelogs/changelog.yaml",
    "changelogs/fragments/new.yml",
    "docs/.draft.md",
    "docs/errors.md",
    "docs/site/conf.py",
    "plugins/modules/oms_sync_event.py",
    "roles/sync_objects/tasks/main.yml",
    "tests/unit/test_pages.py",
]
FOR_USERS = [
    "README.md",
    "changelogs/changelog.yaml",
    "docs/errors.md",
    "plugins/modules/oms_sync_event.py",
    "roles/sync_objects/tasks/main.yml",
]
BEFORE = "---\nnamespace: huaweicloud\n" + list_files.HEAD


def write(clone: Path, *names: str) -> None:
    for name in names:
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_text("", encoding="utf-8")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    write(tmp_path, *TRACKED)
    (tmp_path / "galaxy.yml").write_text(f"{BEFORE}    - include gone.md\n", encoding="utf-8")
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, timeout=30)
    return tmp_path


def run(clone: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, TOOL, *options, clone], check=False, capture_output=True, text=True, timeout=30
    )


def galaxy(clone: Path) -> str:
    return (clone / "galaxy.yml").read_text(encoding="utf-8")


def test_galaxy_yml_lists_all_files_for_users() -> None:
    checked = run(ROOT, "--check")

    assert checked.returncode == 0, checked.stderr


def test_it_lists_what_git_tracks_and_users_need(clone: Path) -> None:
    write(clone, "docs/untracked.md", "plugins/modules/untracked.py")
    written = run(clone)

    assert written.returncode == 0, written.stderr
    assert galaxy(clone) == BEFORE + "".join(f"    - include {name}\n" for name in FOR_USERS)
    assert run(clone, "--check").returncode == 0


def test_a_deleted_file_is_not_listed(clone: Path) -> None:
    (clone / "docs" / "errors.md").unlink()
    run(clone)

    assert "docs/errors.md" not in galaxy(clone)


def test_check_names_the_difference_and_writes_nothing(clone: Path) -> None:
    before = galaxy(clone)
    checked = run(clone, "--check")

    assert checked.returncode == 1
    assert "galaxy.yml: not tracked by git: gone.md\n" in checked.stderr
    assert "galaxy.yml: missing: docs/errors.md\n" in checked.stderr
    assert "python3 tests/tools/list_files.py" in checked.stderr
    assert galaxy(clone) == before


def test_a_galaxy_yml_without_a_list_is_left_alone(clone: Path) -> None:
    (clone / "galaxy.yml").write_text("---\nnamespace: huaweicloud\n", encoding="utf-8")
    refused = run(clone)

    assert refused.returncode == 1
    assert "no list of files" in refused.stderr
    assert galaxy(clone) == "---\nnamespace: huaweicloud\n"
