#!/usr/bin/python
# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

DOCUMENTATION = r"""
module: oms_sync_task_info
short_description: List sync tasks of Huawei Cloud OMS and their monthly counters
version_added: 1.0.0
author:
  - The huaweicloud.oms contributors (!UNKNOWN)
description:
  - Looks up one sync task of the Object Storage Migration Service (OMS), or all of a project.
  - OMS counts by month how many objects a sync task copied, skipped and failed to copy. It reports no other result of
    sync events.
extends_documentation_fragment:
  - huaweicloud.oms.connection
  - huaweicloud.oms.attributes
attributes:
  check_mode:
    support: full
    details:
      - The module changes nothing, so it does the same in check mode.
  diff_mode:
    support: none
    details:
      - Nothing is changed.
  idempotent:
    support: full
options:
  sync_task_id:
    description:
      - The ID of the sync task to look up. 1 to 1024 of C(A-Z a-z 0-9 _ . ~ -).
      - If not given, all sync tasks of the project are listed.
    type: str
  status:
    description:
      - List only sync tasks with this status.
    type: str
    choices:
      - SYNCHRONIZING
      - STOPPED
  month:
    description:
      - The month of the counters, for example V(2026-11).
      - If not given, the counters of a single sync task are those of the current month, and a list has no counters.
      - OMS selects the month by a point in time, and does not document the time zone of months. The module sends the
        middle of the month, or the present time if that is earlier and in the same month by UTC. Objects that are
        copied within hours of the end of a month may count in either month.
    type: str
notes:
  - The credentials need the IAM action C(oms:synctask:list) to list, and C(oms:synctask:get) with O(sync_task_id) or
    O(month).
seealso:
  - module: huaweicloud.oms.oms_sync_task
  - module: huaweicloud.oms.oms_sync_task_statistics_info
"""

EXAMPLES = r"""
- name: List the sync tasks that are stopped
  huaweicloud.oms.oms_sync_task_info:
    region: cn-north-4
    status: STOPPED
  delegate_to: localhost
  run_once: true
  register: stopped

- name: Get the counters of a sync task in November
  huaweicloud.oms.oms_sync_task_info:
    region: cn-north-4
    sync_task_id: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
    month: 2026-11
  delegate_to: localhost
  run_once: true
  register: november

- name: Fail if anything could not be copied
  ansible.builtin.assert:
    that: november.sync_tasks | sum(attribute='monthly_failure_object') == 0
"""

RETURN = r"""
sync_tasks:
  description:
    - The sync tasks as OMS shows them. An empty list if none was found.
    - If OMS lists one without an ID, it has no counters.
  returned: success, or failure other than that of an argument
  type: list
  elements: dict
  contains:
    sync_task_id:
      description: The ID.
      type: str
      sample: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
    status:
      description: V(SYNCHRONIZING) if it runs, V(STOPPED) if it is stopped.
      type: str
      sample: SYNCHRONIZING
    src_cloud_type:
      description: The cloud of the source.
      type: str
      sample: AWS
    src_region:
      description: The region of the source.
      type: str
      sample: us-east-1
    src_bucket:
      description: The bucket of the source.
      type: str
      sample: photos
    dst_region:
      description: The region of the destination.
      type: str
      sample: cn-north-4
    dst_bucket:
      description: The bucket of the destination.
      type: str
      sample: photos-copy
    dst_storage_policy:
      description: The storage class of copied objects.
      type: str
      sample: IA
    description:
      description: Its description.
      type: str
      sample: Photos for the web site
    enable_metadata_migration:
      description: Whether metadata is copied.
      type: bool
      sample: false
    enable_restore:
      description: Whether archived objects are restored.
      type: bool
      sample: false
    app_id:
      description: The APPID at Tencent Cloud.
      type: str
      sample: ""
    consistency_check:
      description: How OMS checks copied objects.
      type: str
      sample: size_last_modified
    object_overwrite_mode:
      description: What OMS does with objects that exist at the destination.
      type: str
      sample: SIZE_LAST_MODIFIED_COMPARISON_OVERWRITE
    create_time:
      description: When it was created, in milliseconds since 1970.
      type: int
      sample: 1767225600000
    last_start_time:
      description: When it was last started, in milliseconds since 1970.
      type: int
      sample: 1767225600000
    source_cdn:
      description: >-
        The domain, protocol and authentication_type of the CDN. V(null) without a CDN.
        Not returned with O(sync_task_id).
      type: dict
      sample: null
    monthly_acceptance_request:
      description: How many objects were in the events that OMS accepted. Returned with O(sync_task_id) or O(month).
      type: int
      sample: 12
    monthly_success_object:
      description: How many objects were copied. Returned with O(sync_task_id) or O(month).
      type: int
      sample: 10
    monthly_failure_object:
      description: How many objects could not be copied. Returned with O(sync_task_id) or O(month).
      type: int
      sample: 1
    monthly_skip_object:
      description: How many objects OMS skipped. Returned with O(sync_task_id) or O(month).
      type: int
      sample: 1
    monthly_size:
      description: How many bytes were copied. Returned with O(sync_task_id) or O(month).
      type: int
      sample: 10485760
project_id:
  description: The ID of the project. V(null) if it is unknown.
  returned: success, or failure other than that of an argument
  type: str
  sample: f697f813554a4f05bac882a183b20878
endpoint:
  description: The endpoint of OMS.
  returned: success, or failure other than that of an argument
  type: str
  sample: https://oms.cn-north-4.myhuaweicloud.com
error:
  description: The error, for a playbook to decide on. V(null) if there was none.
  returned: success, or failure other than that of an argument
  type: dict
  contains:
    kind:
      description:
        - V(connection), V(timeout) and V(tls) if no answer came from OMS.
        - V(service) if OMS or the gateway in front of it refused the request.
        - V(credentials) if no credentials were found, if they were refused (HTTP 401), or if the project was not found.
      type: str
      sample: service
    http_status:
      description: The HTTP status of the answer. V(null) if there was no answer.
      type: int
      sample: 403
    error_code:
      description: The error code of the service. V(null) if there was none.
      type: str
      sample: APIGW.0302
    error_msg:
      description: The text of the service. V(null) if there was none.
      type: str
      sample: The caller is not authorised.
    error_detail:
      description: More text of the service. V(null) if there was none.
      type: str
      sample: null
    request_id:
      description: The request ID. V(null) if there was none.
      type: str
      sample: 7a1b7c02a3f8d0be2ba53e41fa2b8c1f
  sample: null
"""

import re
import typing as t
from datetime import datetime, timezone

from ansible.module_utils.basic import AnsibleModule

# pylint: disable-next=unused-import
from ansible_collections.huaweicloud.oms.plugins.module_utils import _python_version  # noqa: F401 - goes first
from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import (
    check_path_segment,
    connection_argument_spec,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError, Failure, OmsError
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.answers import is_usable
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.api_errors import is_missing
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.client import STOPPED, SYNCHRONIZING, Client
from ansible_collections.huaweicloud.oms.plugins.module_utils._session import run_operation
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import quoted


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        "sync_task_id": {"type": "str"},
        "status": {"type": "str", "choices": [SYNCHRONIZING, STOPPED]},
        "month": {"type": "str"},
        **connection_argument_spec(),
    }


def read_month(value: str) -> datetime:
    """The middle of a month: it is in this month in every time zone, and OMS does not document by which one it counts.

    :raises ArgumentError: it is invalid.
    """
    # query_time has 13 digits, which begin in September 2001 and end in 2286.
    if not re.fullmatch("20(0[2-9]|[1-9][0-9])-(0[1-9]|1[0-2])", value):
        raise ArgumentError(f"month is {quoted(value)}. It must be from 2002-01 to 2099-12, for example 2026-11.")
    year, month = value.split("-")
    return datetime(int(year), int(month), 15, 12, tzinfo=timezone.utc)


def within_month(middle: datetime, now: datetime) -> datetime:
    """A point in time in a month that is not yet to come, if the month has begun."""
    return min(middle, now) if (middle.year, middle.month) == (now.year, now.month) else middle


def show(client: Client, sync_task_id: str, when: t.Optional[datetime]) -> list[dict[str, t.Any]]:
    """A list with the sync task; an empty list if it was not found."""
    try:
        return [client.show_sync_task(sync_task_id, when)]
    except Failure as failure:
        if is_missing(failure):
            return []
        raise


def with_counters(client: Client, task: dict[str, t.Any], when: datetime) -> list[dict[str, t.Any]]:
    """A list with a sync task and its counters; an empty list if the task was deleted meanwhile."""
    if not is_usable(task):
        # The counters are read by the id.
        return [task]
    return [{**task, **shown} for shown in show(client, task["sync_task_id"], when)]


def find_sync_tasks(module: AnsibleModule) -> dict[str, t.Any]:
    """Do what the task asks for; raise an OmsError if it failed."""
    options = module.params
    middle = None if options["month"] is None else read_month(options["month"])
    sync_task_id = options["sync_task_id"]
    if sync_task_id is not None:
        check_path_segment("sync_task_id", sync_task_id)

    def operate(client: Client, clock: Clock, result: dict[str, t.Any]) -> None:
        when = None if middle is None else within_month(middle, clock.now())
        if sync_task_id is not None:
            result["sync_tasks"] = show(client, sync_task_id, when)
            return
        tasks = client.list_sync_tasks(options["status"])
        if when is not None:
            tasks = [task for listed in tasks for task in with_counters(client, listed, when)]
        result["sync_tasks"] = tasks

    return run_operation(module, operate, {"sync_tasks": []})


def main() -> None:
    module = AnsibleModule(
        argument_spec=argument_spec(),
        mutually_exclusive=[("sync_task_id", "status")],
        supports_check_mode=True,
    )
    try:
        result = find_sync_tasks(module)
    except OmsError as error:
        module.fail_json(msg=str(error), **error.result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
