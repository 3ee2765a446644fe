# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Runs tasks that only call modules as `Ansible.playbook` does, but at a tenth of the CPU time: without a playbook.

With OMS_TEST_ANSIBLE in the environment they run in a playbook, too. So they do in CI, for each pull request.
"""

from __future__ import annotations

import os
import sys
import time
import typing as t
from pathlib import Path

from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible, Run
from ansible_collections.huaweicloud.oms.tests.integration.module_calls import Call, call_modules

KEYWORDS = {"check_mode", "environment", "ignore_errors"}


class ModuleTasks:
    """In place of an `Ansible`, for what a module does whether a playbook or somebody else starts it.

    The action plugin does not run. A task does not end the run when it fails.

    :arg folder: holds the home directory.
    :arg bin_folder: as that of an `Ansible`.
    """

    def __init__(self, folder: Path, bin_folder: str | None = None) -> None:
        self.folder = folder
        self._home = folder / "home"
        self._home.mkdir(exist_ok=True)
        self._bin_folder = bin_folder or os.environ.get("OMS_TEST_CORE") or str(Path(sys.executable).parent)

    def playbook(
        self, tasks: t.Iterable[dict[str, t.Any]], environ: t.Mapping[str, str] | None = None, parallel: int = 1
    ) -> Run:
        """Run tasks, each with a module and at most the keywords above.

        :arg environ: may have another ANSIBLE_COLLECTIONS_PATH.
        :arg parallel: how many may run at the same time; with 1, they run in order.
        """
        if os.environ.keys() & {"OMS_TEST_TARGET", "OMS_TEST_ANSIBLE"}:
            # A target's Python need not have an ansible-core: Ansible sends it what it needs.
            return Ansible(self.folder).playbook([{**task, "ignore_errors": True} for task in tasks], environ=environ)
        variables = environ or {}
        begun = time.monotonic()
        printed = call_modules(
            self._bin_folder,
            variables.get("ANSIBLE_COLLECTIONS_PATH", os.environ["ANSIBLE_COLLECTIONS_PATH"]),
            [self._call(task, variables) for task in tasks],
            parallel,
        )
        results = [_result(each.result) for each in printed]
        return Run(0, "\n".join(each.output for each in printed), "", results, time.monotonic() - begun)

    def modules(self, arguments: t.Iterable[dict[str, t.Any]], **run: t.Any) -> Run:
        """Call the module for each set of arguments."""
        return self.playbook([{MODULE: each} for each in arguments], **run)

    def _call(self, task: dict[str, t.Any], environ: t.Mapping[str, str]) -> Call:
        ((module, arguments),) = ((key, value) for key, value in task.items() if key not in KEYWORDS)
        return {
            "module": module,
            "args": {**arguments, "_ansible_check_mode": task.get("check_mode", False)},
            "environ": {
                "PATH": os.environ["PATH"],
                "HOME": str(self._home),
                "LANG": "C.UTF-8",
                **environ,
                **task.get("environment", {}),
            },
        }


def _result(printed: dict[str, t.Any]) -> dict[str, t.Any]:
    """The result as a task has it; a module that was killed printed none."""
    result = {"failed": not printed, "changed": False, **printed}
    if "warnings" in printed:
        # From ansible-core 2.19 on, a warning is a dictionary.
        result["warnings"] = [each if isinstance(each, str) else each["event"]["msg"] for each in printed["warnings"]]
    return result
