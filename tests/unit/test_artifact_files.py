# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""galaxy.yml lists the files of the artifact one by one, so that no other file gets in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
# What is for users. All other files are for development.
DIRECTORIES = ("LICENSES/", "docs/", "extensions/", "meta/", "playbooks/", "plugins/", "roles/")
FILES = {
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "COPYING",
    "README.md",
    "README_CN.md",
    "REUSE.toml",
    "SECURITY.md",
    "changelogs/changelog.yaml",
    "changelogs/config.yaml",
}
# The configuration of the documentation site.
EXCLUDED = "docs/site/"


def files_for_users() -> set[str]:
    """The files that git tracks or would track and that are for users."""
    command = ["git", "ls-files", "-z", "--cached"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=30).stdout.split("\0")
    in_directories = {
        name
        for name in names
        if name.startswith(DIRECTORIES)
        and not name.startswith(EXCLUDED)
        and not any(part.startswith(".") for part in name.split("/"))
    }
    # git also lists what was deleted and not yet committed.
    return {name for name in in_directories | FILES if (ROOT / name).is_file()}


def test_the_manifest_lists_the_files_for_users() -> None:
    manifest = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["manifest"]
    listed = manifest["directives"]
    expected = {f"include {name}" for name in files_for_users()}

    assert manifest["omit_default_directives"] is True
    assert sorted(expected - set(listed)) == [], "add these lines to galaxy.yml"
    assert sorted(set(listed) - expected) == [], "delete these lines from galaxy.yml"
    assert len(listed) > 100
