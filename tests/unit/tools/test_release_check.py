# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""`make release-check`: green on a release, and a sentence for each thing that stands against one."""

from __future__ import annotations

import re
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.huaweicloud.oms.tests.tools import release_check

ROOT = Path(__file__).parents[3]
TRANSPORT = "plugins/module_utils/_version.py"
# Later than any that a clone of today could have.
VERSION = "987.6.5"


def git(clone: Path, *arguments: str) -> None:
    who = ["-c", "user.name=tests", "-c", "user.email=tests@example.com", "-c", "commit.gpgsign=false"]
    command = ["git", *who, "-c", "init.defaultBranch=main", *arguments]
    subprocess.run(command, cwd=clone, check=True, capture_output=True, timeout=30)


def commit(clone: Path) -> None:
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--allow-empty", "--message=Release")


def replace(path: Path, pattern: str, text: str) -> None:
    before = path.read_text(encoding="utf-8")
    after = re.sub(pattern, text, before, flags=re.MULTILINE)
    assert after != before, pattern
    path.write_text(after, encoding="utf-8")


def set_versions(clone: Path, version: str) -> None:
    replace(clone / "galaxy.yml", "^version: .*$", f"version: {version}")
    replace(clone / TRANSPORT, '^COLLECTION_VERSION = ".*"$', f'COLLECTION_VERSION = "{version}"')


def add_release(clone: Path, version: str) -> None:
    """What antsibull-changelog leaves behind; tests/integration/test_packaging.py lets it do that itself."""
    file = clone / "changelogs" / "changelog.yaml"
    changelog = yaml.safe_load(file.read_text(encoding="utf-8"))
    changelog["releases"][version] = {"changes": {"release_summary": "A release."}, "release_date": "2026-11-25"}
    file.write_text(yaml.safe_dump(changelog), encoding="utf-8")
    escaped = re.sub("([.-])", r"\\\1", version)
    (clone / "CHANGELOG.md").write_text(f"# Release Notes\n\n## v{escaped}\n", encoding="utf-8")


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which a release was made and committed."""
    clone = tmp_path_factory.mktemp("released") / "oms"
    shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(".git", "output", "build", "tests"))
    set_versions(clone, VERSION)
    shutil.rmtree(clone / "changelogs" / "fragments", ignore_errors=True)
    add_release(clone, VERSION)
    git(clone, "init", "--quiet")
    commit(clone)
    return clone


@pytest.fixture
def clone(released: Path, tmp_path: Path) -> Path:
    """One of its own for a test that spoils it."""
    return Path(shutil.copytree(released, tmp_path / "oms"))


def test_a_release_is_green(
    released: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["release_check.py", str(released)])

    assert release_check.main() == 0
    assert capsys.readouterr() == ("This commit could be tagged and released.\n", "")


def test_a_release_that_is_tagged_already_is_green(clone: Path) -> None:
    git(clone, "tag", VERSION)

    assert release_check.problems(clone) == []


def pre_release(clone: Path) -> None:
    set_versions(clone, "1.0.0-dev0")
    add_release(clone, "1.0.0-dev0")


def short_version(clone: Path) -> None:
    set_versions(clone, "987.06.5")
    add_release(clone, "987.06.5")


def other_user_agent(clone: Path) -> None:
    replace(clone / TRANSPORT, f'"{VERSION}"', '"987.6.4"')


def no_user_agent(clone: Path) -> None:
    replace(clone / TRANSPORT, "^COLLECTION_VERSION = .*$", "")


def no_release(clone: Path) -> None:
    (clone / "changelogs" / "changelog.yaml").write_text("ancestor: null\nreleases: {}\n", encoding="utf-8")


def later_release(clone: Path) -> None:
    page = (clone / "CHANGELOG.md").read_text(encoding="utf-8")
    add_release(clone, "987.10.0")
    (clone / "CHANGELOG.md").write_text(page, encoding="utf-8")


def no_heading(clone: Path) -> None:
    (clone / "CHANGELOG.md").write_text(f"# Release Notes\n\n## v{VERSION}-rc1\n", encoding="utf-8")


def fragment(clone: Path) -> None:
    (clone / "changelogs" / "fragments").mkdir()
    (clone / "changelogs" / "fragments" / "late.yml").write_text("bugfixes: [late]\n", encoding="utf-8")


SPOILED: list[tuple[t.Callable[[Path], None], str]] = [
    (pre_release, "galaxy.yml: 1.0.0-dev0 is no version of a release, which is like 1.2.3"),
    (short_version, "galaxy.yml: 987.06.5 is no version of a release, which is like 1.2.3"),
    (other_user_agent, f"{TRANSPORT}: COLLECTION_VERSION is 987.6.4, galaxy.yml has {VERSION}"),
    (no_user_agent, f"{TRANSPORT}: COLLECTION_VERSION is missing, galaxy.yml has {VERSION}"),
    (no_release, f"changelogs/changelog.yaml: no release {VERSION}; antsibull-changelog release makes it"),
    (later_release, f"changelogs/changelog.yaml: 987.10.0 is later than {VERSION}"),
    (no_heading, f"CHANGELOG.md: no heading v{VERSION}; antsibull-changelog release writes it"),
    (fragment, "changelogs/fragments: not released yet: late.yml"),
]


@pytest.mark.parametrize(("spoil", "sentence"), SPOILED, ids=[spoiled[0].__name__ for spoiled in SPOILED])
def test_each_thing_that_stands_against_a_release_is_said(
    clone: Path, spoil: t.Callable[[Path], None], sentence: str
) -> None:
    spoil(clone)
    commit(clone)
    found = release_check.problems(clone)

    assert any(problem.startswith(sentence) for problem in found), found
    # A version that is none brings others with it: the one of the last release is later.
    assert len(found) == 1 or spoil in (pre_release, short_version)


def test_what_is_not_committed_is_named(clone: Path) -> None:
    (clone / "README.md").write_text("changed\n", encoding="utf-8")
    for number in range(5):
        (clone / f"new{number}.txt").touch()

    (problem,) = release_check.problems(clone)
    assert problem == "git: not committed: README.md, new0.txt, new1.txt, new2.txt, new3.txt and 1 more"


def test_a_tag_on_another_commit_is_named(clone: Path) -> None:
    git(clone, "tag", f"v{VERSION}")
    commit(clone)

    assert release_check.problems(clone) == [f"git: the tag v{VERSION} is on another commit"]


def test_all_problems_are_said_at_once(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other_user_agent(clone)
    fragment(clone)
    monkeypatch.setattr("sys.argv", ["release_check.py", str(clone)])

    assert release_check.main() == 1
    said = capsys.readouterr().err
    assert said.startswith("No release can be made of this:\n  - ")
    assert said.count("\n  - ") == 3
