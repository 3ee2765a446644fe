# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Refuses object keys that are no longer what the playbook says by the time the module reads them.

Ansible sends a module's options as JSON. JSON has no dates, no bytes and no sets, so a module gets something else for
them and cannot tell. Only the controller can. All else is left to the module, which works the same without this plugin.
"""

from __future__ import annotations

import datetime
import typing as t

from ansible.plugins.action.normal import ActionModule as NormalAction


class ActionModule(NormalAction):
    """Checks the object keys, then runs the module as Ansible runs any module, ``async`` and check mode included."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        problem = find_problem(self._task.args.get("object_keys"))
        if problem:
            return {"failed": True, "msg": problem}
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        return result


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
