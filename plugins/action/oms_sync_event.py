# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The part of oms_sync_event that runs on the controller: it checks the object keys and shows how far a long run is.

Ansible sends a module's options as JSON. JSON has no dates, no bytes and no sets, so a module gets something else for
them and cannot tell. Only the controller can. And only the controller can show something while a module runs.
All else is left to the module, which works the same without this plugin.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import typing as t

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display
from ansible_collections.huaweicloud.oms.plugins.plugin_utils._progress_lines import RunningLog, shown_progress

# Switches the lines off: a variable of Ansible, or else of the environment.
_SWITCH = "oms_progress_lines"
# The module's default, as the action plugin sees only what the playbook gives.
_DEFAULT_BATCH_SIZE = 10


class ActionModule(NormalAction):
    """Runs the module as Ansible runs any module, ``async`` and check mode included."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        problem = find_problem(self._task.args.get("object_keys"))
        if problem:
            return {"failed": True, "msg": problem}
        with self._progress(task_vars or {}):
            result: dict[str, t.Any] = super().run(tmp, task_vars)
        return result

    def _progress(self, task_vars: t.Mapping[str, t.Any]) -> contextlib.AbstractContextManager[None]:
        """Show how far the run is, if its progress file is on this host and this user may read it."""
        path = self._task.args.get("progress_file")
        is_here = self._connection.transport == "local" and not self._connection.become and not self._task.async_val
        if not is_here or not isinstance(path, str) or not self._is_switched_on(task_vars):
            return contextlib.nullcontext()
        # As the module expands it.
        log = RunningLog(os.path.expanduser(os.path.expandvars(path)), _batch_size(self._task.args.get("batch_size")))
        host = task_vars.get("inventory_hostname")
        # Display sends it to Ansible's main process, which alone writes to the terminal. Results stay alone in stdout.
        return shown_progress(log, lambda text: Display().display(f"{host}: {text}", stderr=True))

    def _is_switched_on(self, task_vars: t.Mapping[str, t.Any]) -> bool:
        if _SWITCH in task_vars:
            value = self._templar.template(task_vars[_SWITCH])
        else:
            value = os.environ.get(_SWITCH.upper(), True)
        return bool(boolean(value, strict=False))


def _batch_size(value: t.Any) -> int:
    """The option of the task; the default where the module will refuse it."""
    try:
        return max(1, int(value))
    except (TypeError, ValueError):
        return _DEFAULT_BATCH_SIZE


def find_problem(object_keys: t.Any) -> str | None:
    """What is wrong with the option O(object_keys); None if the module can tell.

    What is deeper than an item of the list needs no look: the module refuses lists and dictionaries as items.
    """
    items = {"object_keys": object_keys}
    if isinstance(object_keys, (list, tuple)):
        items = {f"object_keys[{index}]": item for index, item in enumerate(object_keys)}
    return next((f"{position} {problem}" for position, item in items.items() if (problem := _problem(item))), None)


def _problem(item: t.Any) -> str | None:
    # A datetime is a date, too.
    if isinstance(item, datetime.date):
        return f"is the date {item}. YAML changed it; put it in quotes."
    if isinstance(item, datetime.time):
        return f"is the time {item}. Give a string."
    if isinstance(item, bytes):
        return "is binary. Give a string."
    if isinstance(item, (set, frozenset)):
        return "is a set. Give a list of strings."
    return None
