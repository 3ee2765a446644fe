# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Let `ansible-test --venv` get its pip without a download.

    path/to/ansible/python tests/tools/prepare_ansible_test.py

ansible-test fetches a get-pip script from a server of the Ansible project and keeps it below ~/.ansible/test/cache. Who
sits behind a firewall may reach a package index and not that server, and then no sanity test runs. Python has all that
is needed: the stand-in that is put there makes pip with ensurepip and then installs the version that ansible-test
wants. A script that is there already is left alone.
"""

from __future__ import annotations

import re
from pathlib import Path

import ansible_test._internal

# ansible-test runs this with the Python of the environment that is to get its pip, with the arguments of the real
# get-pip: the packages and some options, of which pip's own `install` does not know the last two.
STAND_IN = '''\
"""A stand-in for get-pip, made by the tests of huaweicloud.oms. Delete it to have ansible-test fetch the real one."""

import subprocess
import sys

arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "ensurepip", "--default-pip"], stdout=subprocess.DEVNULL)
subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", *arguments])
'''


def wanted_pip_versions() -> set[str]:
    """Return the pip versions that the installed ansible-test may ask for; each release of it has its own."""
    source = Path(ansible_test._internal.__path__[0], "python_requirements.py").read_text()
    return set(re.findall(r"""pip=["']([0-9.]+)["']""", source))


def main() -> None:
    cache = Path("~/.ansible/test/cache").expanduser()
    cache.mkdir(parents=True, exist_ok=True)
    versions = wanted_pip_versions()
    if not versions:
        raise SystemExit("This ansible-test does not say which pip it wants: has python_requirements.py changed?")
    for version in versions:
        script = cache / f"get_pip_{version.replace('.', '_')}.py"
        if not script.exists():
            script.write_text(STAND_IN)


if __name__ == "__main__":
    main()
