# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""A module's main() in this process: how it gets its arguments, and what its results have to be like."""

from __future__ import annotations

import contextlib
import json
import typing as t
from unittest import mock

from ansible.module_utils import basic

# What Ansible adds to a result by itself.
ANSIBLE_S_OWN = {"failed", "msg", "invocation", "_ansible_new_secrets"}


@contextlib.contextmanager
def module_args(args: dict[str, t.Any]) -> t.Iterator[None]:
    """Hand arguments to the next AnsibleModule, as the core at hand wants them."""
    try:
        from ansible.module_utils.testing import patch_module_args
    except ImportError:  # ansible-core before 2.17
        with mock.patch.object(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": args}).encode()):
            yield
    else:
        with patch_module_args(args):
            yield


def assert_documented(values: dict[str, t.Any], documented: dict[str, t.Any], where: str = "") -> None:
    """Each key is documented and each documented key is there, of the type that is documented."""
    assert set(values) == set(documented), where
    for name, value in values.items():
        entry, here = documented[name], f"{where}{name}"
        if value is None:
            assert "V(null)" in str(entry["description"]), here
            continue
        assert type(value).__name__ == entry["type"], here
        items = value if isinstance(value, list) else [value]
        for item in items:
            if isinstance(value, list):
                assert type(item).__name__ == entry["elements"], here
            if isinstance(item, dict):
                assert_documented(item, entry["contains"], f"{here}.")
