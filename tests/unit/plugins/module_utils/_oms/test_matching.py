# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Which sync task is meant, and in what it differs, where OMS shows less than it documents, or other types."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.matching import SeveralMatch, differences, find_match
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.sync_task import read_desired_state
from ansible_collections.huaweicloud.oms.tests.unit.plugins.module_utils._oms.test_sync_task import OPTIONS

TASK: dict[str, t.Any] = {
    "sync_task_id": "task",
    "status": "STOPPED",
    "src_cloud_type": "AWS",
    "src_region": "us-east-1",
    "src_bucket": "source",
    "dst_region": "cn-north-4",
    "dst_bucket": "destination",
    "description": None,
    "monthly_size": 1,
}


def test_what_oms_does_not_show_is_no_difference() -> None:
    options = {**OPTIONS, "enable_restore": True, "consistency_check": "crc64"}
    desired = read_desired_state({**options, "destination": {**OPTIONS["destination"], "storage_policy": "IA"}})

    assert differences(desired, {**TASK, "enable_restore": None}) == []


@pytest.mark.parametrize("state", ["absent", "stopped", "started", "present"])
def test_what_oms_does_not_show_tells_no_task_from_another(state: str) -> None:
    source = {**OPTIONS["source"], "cdn": None}
    desired = read_desired_state(
        {**OPTIONS, "source": source, "state": state, "enable_restore": True, "description": "d"}
    )
    task = {**TASK, "description": "d", "enable_restore": None}
    other = {**task, "sync_task_id": "other", "enable_restore": False}

    with pytest.raises(SeveralMatch, match=r'More than one .*: task \(description "d"\) and other'):
        find_match(desired, [task, other])
    assert find_match(desired, [task]) == (task, [])
    assert find_match(desired, [{**task, "enable_restore": True}, other])[0] == {**task, "enable_restore": True}
    # The description tells them apart.
    assert find_match(desired, [task, {**other, "description": "e"}])[0] == task


def test_a_description_of_null_is_an_empty_one() -> None:
    assert differences(read_desired_state({**OPTIONS, "description": ""}), TASK) == []
    assert differences(read_desired_state({**OPTIONS, "description": "d"}), TASK) == ['description is "", not "d"']
    assert differences(read_desired_state({**OPTIONS, "description": ""}), {**TASK, "description": "d"}) == [
        'description is "d", not ""'
    ]


def test_a_task_without_its_fields_matches_nothing() -> None:
    assert find_match(read_desired_state(OPTIONS), [{"sync_task_id": "task", "status": "STOPPED"}]) == (None, [])
    assert find_match(read_desired_state(OPTIONS), [TASK]) == (TASK, [])


def test_what_oms_shows_in_another_form_is_told_apart() -> None:
    task = {**TASK, "description": 1, "source_cdn": "none"}

    assert differences(read_desired_state({**OPTIONS, "description": "d"}), task) == [
        'description is "1", not "d"',
        "source.cdn is given, but the sync task has no CDN",
    ]
    odd = {**task, "source_cdn": {"domain": "d"}}
    with pytest.raises(Failure, match=r'More than one .*: task \(description "1"\) and task \(description ""\)'):
        find_match(read_desired_state(OPTIONS), [odd, TASK])
