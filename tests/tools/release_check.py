# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Check that what is checked out could be tagged and released, and name all that is wrong at once.

path/to/ansible/python tests/tools/release_check.py CLONE
"""

from __future__ import annotations

import re
import subprocess
import sys
import typing as t
from pathlib import Path

import yaml

TRANSPORT = "plugins/module_utils/_version.py"
# Semantic Versioning 2.0.0, without a pre-release and without build metadata: Galaxy installs nothing else by default.
RELEASE = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


def user_agent_version(clone: Path) -> str:
    """Return what the modules say in their User-Agent; the file is read and not run, since requests may be missing."""
    text = clone.joinpath(TRANSPORT).read_text(encoding="utf-8")
    found = re.search('^COLLECTION_VERSION = "(.*)"$', text, re.MULTILINE)
    return found[1] if found else ""


def version_problems(clone: Path, version: str) -> t.Iterator[str]:
    """Say where the version is none of a release, or another one."""
    if not RELEASE.fullmatch(version):
        yield f"galaxy.yml: {version} is no version of a release, which is like 1.2.3"
    agent = user_agent_version(clone)
    if agent != version:
        yield f"{TRANSPORT}: COLLECTION_VERSION is {agent or 'missing'}, galaxy.yml has {version}"


def changelog_problems(clone: Path, version: str) -> t.Iterator[str]:
    """Say what the changelog lacks of a release of this version."""
    changelog = yaml.safe_load(clone.joinpath("changelogs", "changelog.yaml").read_text(encoding="utf-8"))
    releases = changelog["releases"]
    if version not in releases:
        yield f"changelogs/changelog.yaml: no release {version}; antsibull-changelog release makes it"
    later = [name for name in releases if RELEASE.fullmatch(name) and parts(name) > parts(version)]
    if later:
        yield f"changelogs/changelog.yaml: {', '.join(later)} is later than {version}"
    # antsibull-changelog escapes whatever could mean something in Markdown.
    page = clone.joinpath("CHANGELOG.md").read_text(encoding="utf-8").replace("\\", "")
    if not re.search(rf"^## v{re.escape(version)}$", page, re.MULTILINE):
        yield f"CHANGELOG.md: no heading v{version}; antsibull-changelog release writes it"
    fragments = sorted(path.name for path in clone.glob("changelogs/fragments/*.y*ml"))
    if fragments:
        yield f"changelogs/fragments: not released yet: {', '.join(fragments)}"


def parts(version: str) -> tuple[int, ...]:
    """Return a version's numbers, to compare; those before the first one that is none."""
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, match[0].split("."))) if match else ()


def git(clone: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=clone, check=True, capture_output=True, text=True).stdout


def git_problems(clone: Path, version: str) -> t.Iterator[str]:
    """Say why no tag could be put on what is checked out."""
    changed = git(clone, "status", "--porcelain", "--untracked-files=all").splitlines()
    if changed:
        more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
        yield f"git: not committed: {', '.join(line[3:] for line in changed[:5])}{more}"
    # On this very commit it is the release itself, checked once more.
    tags = set(git(clone, "tag", "--list", version, f"v{version}").split())
    taken = tags - set(git(clone, "tag", "--points-at", "HEAD").split())
    if taken:
        yield f"git: the tag {', '.join(sorted(taken))} is on another commit"


def problems(clone: Path) -> list[str]:
    """Return all that stands against a release of what is checked out in this clone."""
    version = str(yaml.safe_load(clone.joinpath("galaxy.yml").read_text(encoding="utf-8"))["version"])
    checks = (version_problems, changelog_problems, git_problems)
    return [problem for check in checks for problem in check(clone, version)]


def main() -> int:
    found = problems(Path(sys.argv[1]))
    if not found:
        print("This commit could be tagged and released.")
        return 0
    print("No release can be made of this:", *found, sep="\n  - ", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
