# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Load the collection's own files by their paths.

ansible-rulebook runs a plugin by its path, without Ansible's loader of collections. So a plugin cannot import the file
beside it by its full name. It loads this file by its path, and the others with it.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

COLLECTION = "ansible_collections.huaweicloud.oms"
ROOT = Path(__file__).resolve().parents[4]


def load(name: str) -> ModuleType:
    """Load a file or package of this copy of the collection, and never of another copy that is installed, too.

    It is known by its full name from then on: files that are loaded later can import it, and a package finds its own
    files.

    :arg name: its path in the collection, with dots and without the suffix.
    """
    full_name = f"{COLLECTION}.{name}"
    if full_name in sys.modules:
        return sys.modules[full_name]
    path = ROOT.joinpath(*name.split("."))
    is_package = path.is_dir()
    spec = importlib.util.spec_from_file_location(
        full_name,
        path / "__init__.py" if is_package else path.with_suffix(".py"),
        submodule_search_locations=[str(path)] if is_package else None,
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    # Before it runs: dataclasses look themselves up here.
    sys.modules[full_name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[full_name]
        raise
    return module
