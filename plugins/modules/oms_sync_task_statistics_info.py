#!/usr/bin/python
# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

DOCUMENTATION = r"""
module: oms_sync_task_statistics_info
short_description: Get the statistics of a sync task of Huawei Cloud OMS for a time range
version_added: 1.0.0
author:
  - The huaweicloud.oms contributors (!UNKNOWN)
description:
  - Looks up the statistics of a sync task of the Object Storage Migration Service (OMS). They count over time how many
    objects OMS accepted, copied, skipped and failed to copy.
  - They are for the whole sync task. OMS has no API that reports the result of a single sync event.
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
      - The ID of the sync task. 1 to 1024 of C(A-Z a-z 0-9 _ . ~ -).
    type: str
    required: true
  start_time:
    description:
      - The start of the time range in ISO 8601 format, for example V(2026-11-25T08:00:00Z) or
        V(2026-11-25T16:00:00+08:00). A time without an offset is UTC, and a date is its midnight.
      - Either this or O(last_minutes) is required.
    type: str
  end_time:
    description:
      - The end of the time range, in the same format. If not given, it is the present time.
    type: str
  last_minutes:
    description:
      - The length of a time range that ends now, 1 to 525600 minutes.
    type: int
notes:
  - The credentials need the IAM action C(oms:synctask:statistics).
seealso:
  - module: huaweicloud.oms.oms_sync_task_info
"""

EXAMPLES = r"""
- name: Get the statistics of the last two hours
  huaweicloud.oms.oms_sync_task_statistics_info:
    region: cn-north-4
    sync_task_id: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
    last_minutes: 120
  delegate_to: localhost
  run_once: true
  register: recent

- name: Fail if anything could not be copied
  ansible.builtin.assert:
    that: recent.sums.FAILURE == 0

- name: Get the statistics of a day in the time zone of Beijing
  huaweicloud.oms.oms_sync_task_statistics_info:
    region: cn-north-4
    sync_task_id: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
    start_time: "2026-11-25T00:00:00+08:00"
    end_time: "2026-11-26T00:00:00+08:00"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
sync_task_id:
  description: The ID of the sync task.
  returned: success, or failure other than that of an argument
  type: str
  sample: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
start_time:
  description: The start of the time range, in UTC. V(null) if no request was sent.
  returned: success, or failure other than that of an argument
  type: str
  sample: "2026-11-25T08:00:00Z"
end_time:
  description: The end of the time range, in UTC. V(null) if no request was sent.
  returned: success, or failure other than that of an argument
  type: str
  sample: "2026-11-25T10:00:00Z"
statistic_time_type:
  description: The interval between two points, V(FIVE_MINUTES) or V(ONE_HOUR). V(null) if OMS does not return it.
  returned: success, or failure other than that of an argument
  type: str
  sample: FIVE_MINUTES
sums:
  description: The sums over the time range, for each type. V(0) if OMS has no data.
  returned: success, or failure other than that of an argument
  type: dict
  contains:
    REQUEST:
      description: How many objects were in the events that OMS accepted.
      type: int
      sample: 12
    SUCCESS:
      description: How many objects were copied.
      type: int
      sample: 10
    FAILURE:
      description: How many objects could not be copied.
      type: int
      sample: 1
    SKIP:
      description: How many objects OMS skipped, because the destination has them.
      type: int
      sample: 1
    SIZE:
      description: How many bytes were copied.
      type: int
      sample: 10485760
statistics:
  description: The points in time behind RV(sums), one entry for each type.
  returned: success, or failure other than that of an argument
  type: list
  elements: dict
  contains:
    data_type:
      description: V(REQUEST), V(SUCCESS), V(FAILURE), V(SKIP) or V(SIZE), as in RV(sums).
      type: str
      sample: REQUEST
    sum:
      description: The sum of all points.
      type: int
      sample: 12
    points:
      description: The points, in order of time. Empty if OMS has no data.
      type: list
      elements: dict
      contains:
        time:
          description: The time of the point, in UTC.
          type: str
          sample: "2026-11-25T09:35:00Z"
        time_stamp:
          description: The same in milliseconds since 1970, as OMS returns it.
          type: int
          sample: 1795599300000
        value:
          description: The count.
          type: int
          sample: 12
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
        - V(state) if the sync task was not found.
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

import typing as t
from datetime import datetime, timedelta, timezone

from ansible.module_utils.basic import AnsibleModule

# pylint: disable-next=unused-import
from ansible_collections.huaweicloud.oms.plugins.module_utils import _python_version  # noqa: F401 - goes first
from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import (
    check_path_segment,
    check_range,
    connection_argument_spec,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError, OmsError
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.client import DATA_TYPES, Client
from ansible_collections.huaweicloud.oms.plugins.module_utils._session import run_operation
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import quoted

# A year. OMS documents no limit; a longer time is a mistake.
MAX_LAST_MINUTES = 525600
# OMS has times in milliseconds with 13 digits.
FIRST_YEAR = 2002
LAST_YEAR = 2285


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        "sync_task_id": {"type": "str", "required": True},
        "start_time": {"type": "str"},
        "end_time": {"type": "str"},
        "last_minutes": {"type": "int"},
        **connection_argument_spec(),
    }


def read_time(name: str, value: str) -> datetime:
    """A point in time in the form of ISO 8601; without an offset it is UTC.

    :arg name: the option, for the message.
    :raises ArgumentError: it is invalid.
    """
    try:
        # Python 3.9 and 3.10 do not read the letter Z.
        when = datetime.fromisoformat(value[:-1] + "+00:00" if value[-1:] in ("Z", "z") else value)
        when = (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise ArgumentError(
            f"{name} is {quoted(value)}. It must be a time, for example 2026-11-25T08:00:00Z."
        ) from None
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        raise ArgumentError(f"{name} is {quoted(value)}. It must be in the years {FIRST_YEAR} to {LAST_YEAR}.")
    return when


def written(when: datetime) -> str:
    return when.isoformat(timespec="seconds").replace("+00:00", "Z")


def time_range(options: t.Mapping[str, t.Any], now: datetime) -> tuple[datetime, datetime]:
    """The time range from the options.

    :raises ArgumentError: they are invalid.
    """
    minutes = options["last_minutes"]
    if minutes is not None:
        check_range("last_minutes", minutes, 1, MAX_LAST_MINUTES)
        return now - timedelta(minutes=minutes), now
    if options["start_time"] is None:
        # Ansible counts null as given.
        raise ArgumentError("last_minutes is null, and start_time is not given. Give one of them.")
    start = read_time("start_time", options["start_time"])
    end = now if options["end_time"] is None else read_time("end_time", options["end_time"])
    if start >= end:
        until = "now" if options["end_time"] is None else f"end_time ({written(end)})"
        raise ArgumentError(f"start_time is {written(start)}, which is not before {until}. Give an earlier start_time.")
    return start, end


def series(data_type: str, points: t.Sequence[tuple[int, int]]) -> dict[str, t.Any]:
    return {
        "data_type": data_type,
        "sum": sum(value for _time, value in points),
        "points": [
            {"time": written(datetime.fromtimestamp(time / 1000, timezone.utc)), "time_stamp": time, "value": value}
            for time, value in sorted(points)
        ],
    }


def find_statistics(module: AnsibleModule) -> dict[str, t.Any]:
    """Do what the task asks for; raise an OmsError if it failed."""
    options = module.params
    sync_task_id = check_path_segment("sync_task_id", options["sync_task_id"])
    # The options are checked before anything is sent. The present time is read again for the request.
    time_range(options, datetime.now(timezone.utc))

    def operate(client: Client, clock: Clock, result: dict[str, t.Any]) -> None:
        start, end = time_range(options, clock.now())
        result["start_time"], result["end_time"] = written(start), written(end)
        found = client.show_statistics(sync_task_id, start, end)
        result["statistic_time_type"] = found.time_type
        result["statistics"] = [series(data_type, found.points.get(data_type, ())) for data_type in DATA_TYPES]
        result["sums"] = {entry["data_type"]: entry["sum"] for entry in result["statistics"]}

    empty = {
        "sync_task_id": sync_task_id,
        "start_time": None,
        "end_time": None,
        "statistic_time_type": None,
        "sums": dict.fromkeys(DATA_TYPES, 0),
        "statistics": [series(data_type, ()) for data_type in DATA_TYPES],
    }
    return run_operation(module, operate, empty)


def main() -> None:
    module = AnsibleModule(
        argument_spec=argument_spec(),
        mutually_exclusive=[("last_minutes", "start_time"), ("last_minutes", "end_time")],
        required_one_of=[("last_minutes", "start_time")],
        supports_check_mode=True,
    )
    try:
        result = find_statistics(module)
    except OmsError as error:
        module.fail_json(msg=str(error), **error.result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
