# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Write the list of the artifact's files into galaxy.yml, or check with --check that it is up to date.

    python3 tests/tools/list_files.py [--check] [CLONE]

The artifact contains exactly these files, so nothing gets in that git does not track. It needs no package.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What is for users. All other files are for development.
DIRECTORIES = ("LICENSES", "docs", "extensions", "meta", "playbooks", "plugins", "roles")
FILES = (
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "COPYING",
    "README.md",
    "README_CN.md",
    "REUSE.toml",
    "SECURITY.md",
    "changelogs/changelog.yaml",
    "changelogs/config.yaml",
)
# The configuration of the documentation site.
EXCLUDED = "docs/site/"
# The list is at the end of galaxy.yml.
HEAD = "manifest:\n  omit_default_directives: true\n  directives:\n"


def is_for_users(name: str) -> bool:
    hidden = any(part.startswith(".") for part in name.split("/"))
    in_directory = name.startswith(tuple(f"{directory}/" for directory in DIRECTORIES))
    return name in FILES or (in_directory and not hidden and not name.startswith(EXCLUDED))


def list_files(clone: Path) -> list[str]:
    """Return the files that git tracks and that are for users."""
    command = ["git", "ls-files", "-z", "--cached"]
    names = subprocess.run(command, cwd=clone, check=True, capture_output=True, text=True).stdout.split("\0")
    # git also lists what was deleted and not yet committed.
    return sorted(name for name in names if is_for_users(name) and (clone / name).is_file())


def with_list(galaxy: str, names: list[str]) -> str:
    """Return the text of galaxy.yml with this list of files."""
    before, head, _list = galaxy.partition(HEAD)
    if not head:
        raise SystemExit("galaxy.yml: no list of files is there. It must end with these lines:\n" + HEAD)
    return before + head + "".join(f"    - include {name}\n" for name in names)


def main() -> int:
    arguments = [argument for argument in sys.argv[1:] if argument != "--check"]
    clone = Path(arguments[0]) if arguments else ROOT
    file = clone / "galaxy.yml"
    before = file.read_text(encoding="utf-8")
    after = with_list(before, list_files(clone))
    if before == after:
        return 0
    if "--check" not in sys.argv:
        file.write_text(after, encoding="utf-8")
        return 0
    for name in sorted(set(before.splitlines()) ^ set(after.splitlines())):
        print(
            f"galaxy.yml: {'missing' if name in after else 'not tracked by git'}: {name.split()[-1]}", file=sys.stderr
        )
    print("Run git add, and then python3 tests/tools/list_files.py, which writes the list.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
