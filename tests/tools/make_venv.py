# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Make a virtual environment from requirement files, once.

    python3 tests/tools/make_venv.py FOLDER REQUIREMENTS_FILE...

A second call with the same files and the same Python does nothing, and takes no time over it. The Makefile uses this
for what must be there before nox is (nox itself) or must start fast (the demo); the sessions' environments are nox's.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path


def fingerprint(requirements: list[Path]) -> str:
    """Return what the environment depends on, as a digest: the Python and the requirement files."""
    digest = hashlib.sha256(f"{sys.version}\n{sys.base_prefix}\n".encode())
    for path in requirements:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def main() -> None:
    # This is the first thing to run on a fresh clone, so it says what would else fail in a less helpful way later.
    if sys.version_info < (3, 11):
        raise SystemExit("Python 3.11 or later is needed. If it has another name here: make PYTHON=python3.12 ...")
    folder = Path(sys.argv[1])
    requirements = [Path(argument) for argument in sys.argv[2:]]

    stamp = folder / "made-from"
    wanted = fingerprint(requirements)
    if stamp.exists() and stamp.read_text() == wanted:
        return

    print(f"Making {folder}, this takes a moment the first time ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    # With pip, and not with uv: pip honours whatever it was configured with here (an index, certificates, a proxy).
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for path in requirements:
        pip += ["--requirement", path]
    subprocess.run(pip, check=True)
    # Last, so that an interrupted call starts anew the next time.
    stamp.write_text(wanted)


if __name__ == "__main__":
    main()
