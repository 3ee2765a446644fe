# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What only the controller can see of object keys. The integration tests have the rest."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.huaweicloud.oms.plugins.action.oms_sync_event import find_problem

DAY = datetime.date(2026, 11, 25)
MORNING = datetime.time(10, 0)
QUOTES = "YAML changed it; put it in quotes."


class TaggedDatetime(datetime.datetime):
    """As ansible-core 2.19 and later have values with tags: of a class of their own."""


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        (DAY, f"is the date 2026-11-25. {QUOTES}"),
        (datetime.datetime.combine(DAY, MORNING), f"is the date 2026-11-25 10:00:00. {QUOTES}"),
        (TaggedDatetime(2026, 11, 25), f"is the date 2026-11-25 00:00:00. {QUOTES}"),
        (MORNING, "is the time 10:00:00. Give a string."),
        (b"a", "is binary. Give a string."),
        ({"a"}, "is a set. Give a list of strings."),
        (frozenset("a"), "is a set. Give a list of strings."),
    ],
)
def test_what_json_would_change_is_refused(item: t.Any, problem: str) -> None:
    assert find_problem(["a", "b", item, DAY]) == f"object_keys[2] {problem}"
    assert find_problem(("a", item)) == f"object_keys[1] {problem}"
    assert find_problem(item) == f"object_keys {problem}"


@pytest.mark.parametrize(
    "object_keys", [None, "2026-11-25", [], ["a", "2026-11-25"], [1.1, None, True], {"a": DAY}, [[DAY]], [{"a": b"a"}]]
)
def test_all_else_is_left_to_the_module(object_keys: t.Any) -> None:
    assert find_problem(object_keys) is None
