# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Finds the sync task that matches the desired state, and compares its fields with the options.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import SERVICE, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.answers import is_usable
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.api_errors import STATE
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.sync_task import (
    IDENTITY,
    SHOWN,
    SHOWN_OF_CDN,
    DesiredState,
    as_shown,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.sync_task_options import ABSENT, STOPPED
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import listed, quoted

Task = dict[str, t.Any]


class SeveralMatch(Failure):
    """More than one sync task matches all options."""


def find_match(desired: DesiredState, tasks: t.Iterable[Task]) -> tuple[Task | None, list[str]]:
    """The one sync task that matches all options.

    :arg tasks: all sync tasks of the project.
    :returns: it, or None; and the differences of unchanged tasks with the same source and destination.
    :raises SeveralMatch: more than one matches.
    :raises Failure: none matches, and a sync task with the same source and destination prevents a new one; or the one
        that matches has no valid id or status.
    """
    same_places = [
        task for task in tasks if all(_is(name, task, desired.given[path]) for path, name in IDENTITY.items())
    ]
    matches = [task for task in same_places if not differences(desired, task)]
    if len(matches) == 1:
        # An option that OMS shows no value for does not distinguish it from the others.
        shown_desired = _shown_options(desired, matches[0])
        matches = [task for task in same_places if not differences(shown_desired, task)]
    if len(matches) > 1:
        ids = listed([f"{task.get('sync_task_id')} (description {_said(task.get('description'))})" for task in matches])
        raise SeveralMatch(
            STATE,
            f"More than one sync task {desired.places} matches the options: {ids}",
            "Give sync_task_id, or an option in which they differ.",
        )
    if matches:
        if not is_usable(matches[0]):
            raise Failure(
                SERVICE,
                f"OMS lists the sync task {desired.places} without a valid id or status",
                "Run the task again later, or give sync_task_id.",
            )
        return matches[0], []
    if desired.state in (ABSENT, STOPPED):
        return None, [_difference(desired, task) for task in same_places]
    # A second task with the same source and destination is created only with another description.
    described = desired.given.get("description")
    if described is not None:
        same_places = [task for task in same_places if _is("description", task, described)]
    if same_places:
        raise contradiction(desired, same_places)
    return None, []


def contradiction(desired: DesiredState, tasks: t.Sequence[Task]) -> Failure:
    """The failure for sync tasks that differ from the options."""
    return Failure(
        STATE,
        ". ".join(_difference(desired, task) for task in tasks),
        "Only the state of a sync task can be changed. Correct or omit these options; or delete the sync task"
        " (state=absent with its sync_task_id) and create another one (state=present).",
    )


def _difference(desired: DesiredState, task: Task) -> str:
    return f"The sync task {task.get('sync_task_id')} differs from the options: {'; '.join(differences(desired, task))}"


def differences(desired: DesiredState, task: t.Mapping[str, t.Any]) -> list[str]:
    """The differences between a sync task and the options, as parts of a sentence; hidden fields are not compared."""
    source_cdn = task.get("source_cdn")
    cdn: t.Mapping[str, t.Any] = source_cdn if isinstance(source_cdn, dict) else {}
    if desired.has_cdn and "source_cdn" in task and not cdn:
        found = ["source.cdn is given, but the sync task has no CDN"]
    else:
        found = _differing(desired, SHOWN_OF_CDN, cdn)
    return _differing(desired, SHOWN, task) + found


def _shown_options(desired: DesiredState, task: Task) -> DesiredState:
    """The options without those that a sync task shows no value for. A description of null is an empty one."""
    hidden = [path for path, name in SHOWN.items() if name != "description" and task.get(name) is None]
    return replace(desired, given={path: value for path, value in desired.given.items() if path not in hidden})


def _differing(desired: DesiredState, names: t.Mapping[str, str], shown: t.Mapping[str, t.Any]) -> list[str]:
    return [
        f"{path} is {_said(shown.get(name))}, not {_said(as_shown(name, desired.given[path]))}"
        for path, name in names.items()
        if path in desired.given
        # A description of null is an empty one; any other null says nothing.
        and (shown.get(name) is not None or name == "description")
        and not _is(name, shown, desired.given[path])
    ]


def _is(name: str, shown: t.Mapping[str, t.Any], value: t.Any) -> bool:
    """Whether a field has a value."""
    if name == "description":
        return (shown.get(name) or "") == value
    return bool(shown.get(name) == as_shown(name, value))


def _said(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else quoted(str(value or ""))
