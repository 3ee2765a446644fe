# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Reads the successful answers of OMS: sync tasks, lists of them, and statistics.

Nothing is masked here: what is compared with an option must be what OMS has, and Ansible masks what a module returns.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import check_path_segment
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError

# The exceptions of reading an answer that is not as documented.
NOT_AS_DOCUMENTED = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, ArgumentError)

# Statistics have 5 levels, other answers fewer. Ansible can't return hundreds of levels.
_MAX_DEPTH = 16

# Times of OMS are milliseconds with 13 digits.
_LAST_TIME = 10**13


@dataclass(frozen=True)
class Statistics:
    """The statistics of a sync task for a time range.

    :arg time_type: the interval between two points, FIVE_MINUTES or ONE_HOUR; None if OMS does not return it.
    :arg points: for each data type the times in milliseconds and the counts.
    """

    time_type: str | None
    points: t.Mapping[str, t.Sequence[tuple[int, int]]]


@dataclass(frozen=True)
class MonthlyCounters:
    """What a sync task counted in a month, and its status.

    :arg requests: sync events that OMS accepted.
    :arg success: objects that it copied. ``failure`` and ``skip`` are those that it could not copy and those that it
        skipped, because their copy is up to date.
    :arg size: bytes that it copied.
    """

    status: str
    requests: int
    success: int
    failure: int
    skip: int
    size: int


def read_counters(body: bytes) -> MonthlyCounters:
    """The counters of the sync task that OMS shows. A counter that is null or left out is 0, but not all of them.

    :raises NOT_AS_DOCUMENTED: it is not a sync task with counters.
    """
    task = read_sync_task(body)
    names = ("acceptance_request", "success_object", "failure_object", "skip_object", "size")
    found = [task.get(f"monthly_{name}") for name in names]
    counts = [0 if count is None else count for count in found]
    # A bool is an int, too.
    if found == [None] * len(names) or not all(
        isinstance(count, int) and not isinstance(count, bool) for count in counts
    ):
        raise TypeError
    return MonthlyCounters(task["status"], *counts)


def read_sync_task(body: bytes) -> dict[str, t.Any]:
    """The sync task that OMS shows.

    :raises NOT_AS_DOCUMENTED: it is not a sync task.
    """
    task = _read(body)
    if not isinstance(task["status"], str):
        raise TypeError
    return t.cast("dict[str, t.Any]", task)


def read_page(body: bytes) -> tuple[list[t.Any], int]:
    """A page of a list of sync tasks, and how many the whole list has. An entry may be anything: see `is_usable`.

    :raises NOT_AS_DOCUMENTED: it is not a list of sync tasks.
    """
    answered = _read(body)
    tasks = answered["tasks"]
    if not isinstance(tasks, list) and tasks is not None:
        raise TypeError
    return tasks or [], int(answered["count"])


def is_usable(task: t.Mapping[str, t.Any]) -> bool:
    """Whether a sync task of a list has the id and the status that it takes to do something with it."""
    try:
        # It is to become a part of URLs.
        check_path_segment("sync_task_id", task["sync_task_id"])
    except NOT_AS_DOCUMENTED:
        return False
    return isinstance(task.get("status"), str)


def read_created(body: bytes) -> str:
    """The id of a new sync task.

    :raises NOT_AS_DOCUMENTED: there is no id that can become a part of URLs.
    """
    return check_path_segment("sync_task_id", _read(body)["sync_task_id"])


def read_statistics(body: bytes) -> Statistics:
    """The statistics of a sync task.

    :raises NOT_AS_DOCUMENTED: the answer contains no statistics.
    """
    answered = _read(body)
    points = {
        str(series["data_type"]): [
            (int(point["time_stamp"]), int(point["statistic_num"])) for point in series["data"] or []
        ]
        for series in answered["statistic_datas"] or []
    }
    if not all(0 <= time < _LAST_TIME for series in points.values() for time, _count in series):
        raise ValueError
    return Statistics(answered.get("statistic_time_type"), points)


def _read(body: bytes) -> t.Any:
    """The JSON of an answer.

    :raises ValueError: it is not JSON, or nested too deeply.
    """
    return _returnable(json.loads(body))


def _returnable(value: t.Any, depth: int = 0) -> t.Any:
    """The same without lone surrogates: JSON can write them, and ansible-core since 2.19 refuses a result for one.

    :raises ValueError: it is nested too deeply.
    """
    if depth > _MAX_DEPTH:
        raise ValueError
    if isinstance(value, dict):
        return {_returnable(name): _returnable(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_returnable(item, depth + 1) for item in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
