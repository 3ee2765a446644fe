# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

import copy
import typing as t

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.withheld import withhold_object_keys

WHY = "An object key contains a secret of this task, for example its access key."
RERUN = "To submit what remains, run the whole task again."


def result(remaining: list[str], failed: list[str] | None, *events: list[str]) -> dict[str, t.Any]:
    return {
        "remaining_object_keys": remaining,
        "remaining_truncated": False,
        "error": None if failed is None else {"kind": "service", "object_keys": failed},
        "events": [{"object_keys": object_keys, "attempts": 1} for object_keys in events],
    }


@pytest.fixture
def secrets() -> Secrets:
    found = Secrets(set().add)
    for value in ("qa", "demo/1"):
        found.add(value)
    return found


@pytest.mark.parametrize(
    ("before", "after", "named", "truncated"),
    [
        (result(["a", "docs/qa-plan"], ["a"]), result([], ["a"]), "remaining_object_keys", True),
        (result(["a"], ["b", "qa"], ["c"]), result(["a"], [], ["c"]), "error.object_keys", False),
        # As they are sent: URL-encoded.
        (
            result([], None, ["a"], ["demo%2F1"], ["b", "qa"]),
            result([], None, ["a"], [], []),
            "events[].object_keys",
            False,
        ),
        (
            result(["qa"], ["qa"], ["aqab"]),
            result([], [], []),
            "remaining_object_keys, error.object_keys and events[].object_keys",
            True,
        ),
    ],
)
def test_a_list_with_a_secret_is_not_returned(
    secrets: Secrets, before: dict[str, t.Any], after: dict[str, t.Any], named: str, truncated: bool
) -> None:
    warning = withhold_object_keys(before, secrets.occurs_in)

    assert before == {**after, "remaining_truncated": truncated}
    assert warning is not None
    assert warning.startswith(WHY)
    assert f"are not returned: {named}." in warning
    # Only where something is left to be done.
    assert warning.endswith(RERUN) == truncated


def test_lists_without_a_secret_stay(secrets: Secrets) -> None:
    given = result(["a", "q/a"], ["a"], ["b", "demo%2f1"])
    before = copy.deepcopy(given)

    assert withhold_object_keys(given, secrets.occurs_in) is None
    assert given == before
