# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Copy the collection to where Ansible looks for it: build/collections/ansible_collections/huaweicloud/oms.

    python3 tests/tools/copy_collection.py

A copy and not a link, because ansible-test and ansible-lint resolve links. What git tracks or would track is copied;
what has gone since the last time is deleted.
"""

from __future__ import annotations

import filecmp
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPY = ROOT / "build" / "collections" / "ansible_collections" / "huaweicloud" / "oms"


def list_files(folder: Path) -> set[str]:
    """Return the names of all files in a git repository that it does not ignore, relative to its root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.split("\0")
    # git also lists what was deleted and not yet committed.
    return {name for name in names if name and (folder / name).is_file()}


def is_copied(file: Path, copy: Path) -> bool:
    return copy.is_file() and filecmp.cmp(file, copy) and file.stat().st_mode == copy.stat().st_mode


def main() -> None:
    # The copy is a repository of its own. Without one, the tools that ask git which files there are would be told about
    # the clone around it, where all of build/ is ignored: ansible-test then tests nothing at all.
    if not (COPY / ".git").is_dir():
        subprocess.run(["git", "-c", "init.defaultBranch=main", "init", "--quiet", COPY], check=True)

    names = list_files(ROOT)
    # What has not changed is left alone: tests may be running in the copy.
    changed = [name for name in names if not is_copied(ROOT / name, COPY / name)]
    deleted = list_files(COPY) - names
    for name in deleted:
        (COPY / name).unlink()
    for name in changed:
        (COPY / name).parent.mkdir(parents=True, exist_ok=True)
        # With times and modes: caches stay valid, and ansible-test looks at the executable bit.
        shutil.copy2(ROOT / name, COPY / name)
    # git names an ignored directory (ansible-test's output, which REUSE would find without a licence) only among
    # tracked files; nothing is ever committed here.
    if changed or deleted:
        subprocess.run(["git", "add", "--all"], cwd=COPY, check=True)


if __name__ == "__main__":
    main()
