#!/usr/bin/python
# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

DOCUMENTATION = r"""
module: oms_sync_event
short_description: Tell Huawei Cloud OMS which objects changed at the source of a sync task
version_added: 1.0.0
author:
  - The huaweicloud.oms contributors (!UNKNOWN)
description:
  - A sync task of the Object Storage Migration Service (OMS) copies objects from a bucket elsewhere to an OBS bucket.
    It does so for the objects that it is told of. This module tells it, with as many sync events as it takes.
  - That OMS accepts an event does not mean that the objects have been copied. OMS does that later,
    and shows how it went in the counters of the sync task and in lists in the destination bucket.
  - All names and credentials are checked before anything is sent.
extends_documentation_fragment:
  - huaweicloud.oms.connection
  - huaweicloud.oms.attributes
attributes:
  check_mode:
    support: full
    details:
      - Reads the sync task, and fails where the task is missing or stopped, or the credentials are wrong.
        Sends no event.
      - Where reading is forbidden, which is a permission of its own, it warns and predicts from the arguments alone.
  diff_mode:
    support: none
    details:
      - An event leaves nothing behind that could be compared.
  idempotent:
    support: none
    details:
      - Each run sends its events. For the objects this is harmless, since OMS compares both sides and skips what is
        there already, but the counters of the sync task grow.
options:
  sync_task_id:
    description:
      - The ID of the sync task. 1 to 1024 of C(A-Z a-z 0-9 _ . ~ -).
    type: str
    required: true
  object_keys:
    description:
      - The names of the objects, as they are called at the source. The module URL-encodes them.
      - A list of strings of any length. It is split into events of O(batch_size) objects.
        Repeated names are sent once.
      - A single string is one name, which is handy in ad-hoc commands.
        It must not hold a comma or start with V([) or V({), because it may have been meant for a list.
      - Whatever is no string is refused, because YAML has changed it already. Quote names like V(1.10) or V(12:30:45).
      - A name has up to 16384 characters after URL-encoding.
      - Write C(!unsafe) before names that hold template markers and do not come from a variable.
    type: raw
    required: true
  object_keys_encoded:
    description:
      - Whether the names are URL-encoded already, as they are in notifications from AWS S3 and OBS.
        They are sent as they are then.
      - Names that can't be the result of URL-encoding are refused.
    type: bool
    default: false
  batch_size:
    description:
      - How many objects go into one event, 1 to 100.
      - The documentation of OMS names both 10 and 100 as the limit, so more than 10 may be refused.
    type: int
    default: 10
"""

EXAMPLES = r"""
- name: Have OMS copy what the release uploaded
  huaweicloud.oms.oms_sync_event:
    region: cn-north-4
    sync_task_id: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
    object_keys:
      - releases/1.4.2/app.tar.gz
      - releases/1.4.2/notes+errata.txt
  delegate_to: localhost
  run_once: true

- name: Pass on the keys of an S3 notification, which are URL-encoded already
  huaweicloud.oms.oms_sync_event:
    region: cn-north-4
    sync_task_id: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
    object_keys: "{{ notification.Records | map(attribute='s3.object.key') | list }}"
    object_keys_encoded: true
  delegate_to: localhost
  run_once: true

- name: Use keys from a vault and tell what was not accepted
  delegate_to: localhost
  run_once: true
  block:
    - name: Hand the objects over
      huaweicloud.oms.oms_sync_event:
        region: cn-north-4
        access_key: "{{ vault_oms_access_key }}"
        secret_key: "{{ vault_oms_secret_key }}"
        sync_task_id: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
        object_keys: "{{ changed_objects }}"
  rescue:
    - name: Keep the names for another try
      ansible.builtin.copy:
        content: "{{ ansible_failed_result.remaining_object_keys | default(changed_objects) | to_nice_json }}"
        dest: remaining.json
        mode: "0600"
"""

RETURN = r"""
changed:
  description:
    - Whether OMS accepted at least one event. In check mode, whether it would have.
  returned: always
  type: bool
  sample: true
sync_task_id:
  description: The sync task that the events were for.
  returned: success, or failure other than that of an argument
  type: str
  sample: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
project_id:
  description: The project that the sync task belongs to. V(null) if it could not be found out.
  returned: success, or failure other than that of an argument
  type: str
  sample: f697f813554a4f05bac882a183b20878
endpoint:
  description: Where the events went.
  returned: success, or failure other than that of an argument
  type: str
  sample: https://oms.cn-north-4.myhuaweicloud.com
object_count:
  description:
    - How many distinct objects the task was for.
    - Outside check mode, this is the sum of RV(resumed_count), RV(accepted_count) and RV(remaining_count).
  returned: success, or failure other than that of an argument
  type: int
  sample: 2
accepted_count:
  description: How many objects OMS accepted. This does not mean that they have been copied yet.
  returned: success, or failure other than that of an argument
  type: int
  sample: 2
duplicate_count:
  description: How many repeated names were left out.
  returned: success, or failure other than that of an argument
  type: int
  sample: 0
resumed_count:
  description: How many objects had been sent by earlier runs. Always V(0) in this version, which can't resume a run.
  returned: success, or failure other than that of an argument
  type: int
  sample: 0
event_count:
  description: How many events OMS accepted.
  returned: success, or failure other than that of an argument
  type: int
  sample: 1
retry_count:
  description: How many attempts to send an event there were beyond the first ones.
  returned: success, or failure other than that of an argument
  type: int
  sample: 0
events:
  description: The first 20 events that OMS accepted.
  returned: success, or failure other than that of an argument
  type: list
  elements: dict
  contains:
    object_keys:
      description: The names as they were sent, URL-encoded.
      type: list
      elements: str
      sample:
        - releases%2F1.4.2%2Fapp.tar.gz
        - releases%2F1.4.2%2Fnotes%2Berrata.txt
    request_id:
      description: The ID under which the support of Huawei Cloud finds the request. Empty if there was none.
      type: str
      sample: 7a1b7c02a3f8d0be2ba53e41fa2b8c1f
    attempts:
      description: How often the event was sent until it was accepted.
      type: int
      sample: 1
remaining_count:
  description: How many objects OMS did not accept. V(0) in check mode if nothing stands against it.
  returned: success, or failure other than that of an argument
  type: int
  sample: 0
remaining_object_keys:
  description: The names of the objects that OMS did not accept, in order, as they were given.
  returned: success, or failure other than that of an argument
  type: list
  elements: str
  sample: []
remaining_truncated:
  description: Whether RV(remaining_object_keys) lists only some of the names.
  returned: success, or failure other than that of an argument
  type: bool
  sample: false
error:
  description: What went wrong, for a playbook to decide on. V(null) if nothing did.
  returned: success, or failure other than that of an argument
  type: dict
  contains:
    kind:
      description:
        - V(connection), V(timeout) and V(tls) if no answer came from OMS.
        - V(service) if OMS or the gateway in front of it refused.
        - V(credentials) if there are none, or IAM did not tell the project.
      type: str
      sample: service
    http_status:
      description: The HTTP status of the answer. V(null) if there was no answer.
      type: int
      sample: 400
    error_code:
      description: The code of the service. V(null) if there was none.
      type: str
      sample: OMS.0066
    error_msg:
      description: The text of the service. V(null) if there was none.
      type: str
      sample: The task is not running.
    error_detail:
      description: What the service said in addition. V(null) if there was nothing.
      type: str
      sample: null
    request_id:
      description: The ID of the request. V(null) if there was none.
      type: str
      sample: 7a1b7c02a3f8d0be2ba53e41fa2b8c1f
    object_keys:
      description: The names of the objects in the event that failed, as they were given. Empty if it was no event.
      type: list
      elements: str
      sample:
        - releases/1.4.2/app.tar.gz
  sample: null
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import connection_argument_spec
from ansible_collections.huaweicloud.oms.plugins.module_utils._credentials import Secrets, find_target, registrar
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError, Failure, OmsError
from ansible_collections.huaweicloud.oms.plugins.module_utils._object_keys import (
    DEFAULT_BATCH_SIZE,
    MAX_BATCH_SIZE,
    batches,
    read_object_keys,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms import connect
from ansible_collections.huaweicloud.oms.plugins.module_utils._submission import Outcome, submit
from ansible_collections.huaweicloud.oms.plugins.module_utils._transport import check_path_segment, open_transport


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        "sync_task_id": {"type": "str", "required": True},
        "object_keys": {"type": "raw", "required": True, "no_log": False},
        "object_keys_encoded": {"type": "bool", "default": False},
        "batch_size": {"type": "int", "default": DEFAULT_BATCH_SIZE},
        **connection_argument_spec(),
    }


def send_events(module: AnsibleModule) -> dict[str, t.Any]:
    """Do what the task asks for, and say how it went; raise an OmsError if it failed."""
    options = module.params
    sync_task_id = check_path_segment("sync_task_id", options["sync_task_id"])
    if not 1 <= options["batch_size"] <= MAX_BATCH_SIZE:
        raise ArgumentError(f"batch_size: {options['batch_size']} is out of range: 1 to {MAX_BATCH_SIZE} are allowed")
    object_keys, duplicate_count = read_object_keys(options["object_keys"], options["object_keys_encoded"])
    secrets = Secrets(registrar(module))
    target = find_target(options, os.environ)
    endpoints = (target.endpoint, target.iam_endpoint)
    transport, warning = open_transport(options, os.environ, endpoints, module.ansible_version)
    project_id = target.project_id
    outcome = Outcome()
    prediction_warning = None
    try:
        client = connect(transport, target, options, os.environ, secrets)
        project_id = client.project_id
        if module.check_mode:
            prediction_warning = client.check_sync_task(sync_task_id)
        else:
            outcome = submit(
                batches(object_keys, options["batch_size"]),
                lambda batch: client.create_sync_events(sync_task_id, batch.encoded),
            )
    except Failure as error:
        outcome = Outcome(failure=error, remaining=[key.name for key in object_keys])

    for text in filter(None, (warning, prediction_warning)):
        module.warn(text)
    failure = outcome.failure
    result = {
        "changed": failure is None if module.check_mode else outcome.event_count > 0,
        "sync_task_id": sync_task_id,
        "project_id": project_id,
        "endpoint": target.endpoint.url,
        "object_count": len(object_keys),
        "accepted_count": outcome.accepted_count,
        "duplicate_count": duplicate_count,
        "resumed_count": 0,
        "event_count": outcome.event_count,
        "retry_count": outcome.retry_count,
        "events": outcome.events,
        "remaining_count": len(outcome.remaining),
        "remaining_object_keys": outcome.remaining,
        "remaining_truncated": False,
        "error": failure.as_error(outcome.failed_names) if failure else None,
    }
    if failure:
        raise OmsError(
            f"{failure}. Objects accepted: {outcome.accepted_count} of {len(object_keys)};"
            " remaining_object_keys names the rest",
            result,
        )
    return result


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        result = send_events(module)
    except OmsError as error:
        module.fail_json(msg=str(error), **error.result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
