#!/usr/bin/python
# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

DOCUMENTATION = r"""
module: oms_sync_event
short_description: Submit object keys to a sync task of Huawei Cloud OMS
version_added: 1.0.0
author:
  - The huaweicloud.oms contributors (!UNKNOWN)
description:
  - A sync task of the Object Storage Migration Service (OMS) copies objects from a source bucket to an OBS bucket.
    It copies the objects whose keys are submitted to it in sync events. This module submits object keys.
  - All object keys and credentials are checked before anything is sent.
  - It takes any number of object keys, millions of them from a file. The first event is sent alone, because several
    wrong signatures lock an access key. The others are sent in parallel.
  - That OMS accepts an event does not mean that the objects are copied. With O(wait) the module waits for that.
  - On SIGINT, SIGTERM and SIGHUP the module starts no more events, waits for those in flight, at most as long as
    O(timeout), and fails with a complete result. A second signal ends the wait at once.
extends_documentation_fragment:
  - huaweicloud.oms.connection
  - huaweicloud.oms.attributes
attributes:
  check_mode:
    support: full
    details:
      - Reads the sync task, and fails where the task is missing or stopped, or the credentials are wrong.
        Sends no event, waits for nothing, and returns the events that it would send.
      - Without the permission to read the sync task, it warns and predicts from the arguments alone.
  diff_mode:
    support: none
    details:
      - An event changes nothing that the module could compare.
  idempotent:
    support: partial
    details:
      - Each run sends its events. For the objects this is harmless, because OMS skips those that are copied already,
        but the counters of the sync task grow.
      - With O(progress_file) a run that finds everything accepted by earlier runs sends nothing and changes nothing.
options:
  sync_task_id:
    description:
      - The ID of the sync task. 1 to 1024 of C(A-Z a-z 0-9 _ . ~ -).
    type: str
    required: true
  object_keys:
    description:
      - The object keys at the source, unencoded. The module URL-encodes them.
      - A list of strings of any length. It is split into events of O(batch_size) objects.
        Duplicates are removed.
      - A single string is one object key, for ad-hoc commands. It must not contain a comma or a line break, or start
        with V([) or V({), because it may have been meant for a list.
      - An object key has up to 16384 characters after URL-encoding.
      - Numbers, booleans, null, dates, lists and dictionaries as items are refused, because YAML has changed what was
        written. Put object keys like V(1.10), V(1_000), V(12:30:45), V(yes) and V(2026-11-25) in quotes.
      - The module cannot detect a number that a template puts into a string. If the variable C(version) is the number
        V(1.10), C(releases/{{ version }}) is V(releases/1.1). Up to ansible-core 2.18 this is also so if the template
        is all of the string. Put the value of the variable in quotes.
      - YAML also removes spaces at both ends of a string without quotes, and a C(#) behind a space with all after it.
      - Strings that contain C(********), C($REDACTED$) or C(VALUE_SPECIFIED_IN_NO_LOG_PARAMETER) are refused, because
        Ansible puts these in place of secrets. O(object_keys_file) may contain them.
      - Items that contain a line break, begin with a URL scheme such as C(s3://), or contain a percent escape such as
        C(%2F) although O(object_keys_encoded=false), are submitted as they are, with a warning.
      - Write C(!unsafe) before object keys that contain template markers and do not come from a variable.
      - Either this or O(object_keys_file) is required.
    type: raw
  object_keys_file:
    description:
      - A file of object keys on the managed host. It is read twice as a stream, once to check all and once to submit
        them, so that it may have any size. Duplicates are not removed.
      - It must be a regular file in UTF-8 and must not change during the run. C(~) and environment variables in the
        path are expanded. A file with NUL bytes or with CR as its only line end is refused,
        and with the format V(lines) also a JSON list and a file of JSON strings.
    type: path
  object_keys_file_format:
    description:
      - V(lines) is for one object key per line. LF or CRLF ends a line and nothing else does.
        Spaces belong to the object key. Empty lines and a byte order mark are ignored.
      - V(jsonl) is for one JSON string per line, so that object keys can contain line breaks.
    type: str
    choices:
      - lines
      - jsonl
    default: lines
  object_keys_encoded:
    description:
      - Whether the object keys are URL-encoded already, as they are in notifications from AWS S3 and OBS.
        They are sent byte for byte then.
      - Object keys are refused if they are empty, or contain a C(%) without two hexadecimal digits, whitespace, control
        characters or non-ASCII characters.
    type: bool
    default: false
  batch_size:
    description:
      - How many objects go into one event, 1 to 100.
      - The documentation of OMS names both 10 and 100 as the limit, so more than 10 may be refused.
    type: int
    default: 10
  concurrency:
    description:
      - How many events are sent in parallel, 1 to 64. Each takes a connection.
      - When OMS answers HTTP 429, all of them back off, and the rate adapts.
    type: int
    default: 8
  rate_limit:
    description:
      - Attempts per second, retries included, evenly spaced. V(0) is for no limit, V(0.5) is for one in two seconds.
      - Use it to leave a part of the rate limit of OMS to other senders. Without it the rate adapts by itself when OMS
        answers HTTP 429 (throttled).
    type: float
    default: 0
  progress_file:
    description:
      - A file on the managed host, with O(object_keys_file) only. It makes the task resumable and idempotent.
        The module notes in it how many object keys of O(object_keys_file) OMS has accepted. After a run that failed or
        was killed, the next run resumes.
      - When all is accepted, another run submits nothing. Appended lines are submitted alone,
        and lines behind the accepted ones may be corrected.
      - After a run that was killed, the next run submits some object keys again, which does no harm.
      - It belongs to the endpoint, the project, the sync task, O(object_keys_file_format), O(object_keys_encoded) and
        the accepted bytes of O(object_keys_file). If one of these differs, the task fails, unless the other run is
        finished. Then the module overwrites the file, with a warning.
      - It is a log, one JSON object per line, so that C(tail -f) follows a run. A new file gets mode 0600.
      - In a directory that others can write to, an existing file must belong to the user of the task and must not be a
        symbolic link.
      - Only one process at a time can use it.
      - On a local connection without C(become) and C(async), Ansible shows how far the run is, on standard error, after
        ten seconds and then every thirty. Set the variable C(oms_progress_lines) or the environment variable
        E(OMS_PROGRESS_LINES) to V(false) to switch this off.
    type: path
  wait:
    description:
      - Wait until OMS has copied the objects. The wait ends when the counters of copied, failed and skipped objects of
        the sync task have grown by RV(accepted_count) since before the first event.
      - The counters are an indication. Other senders to the same sync task, copies that were not complete before the
        run, and repeated attempts count, too. If OMS counts a repeated object key once, the wait times out.
      - It needs the permission to read the sync task. If the counters can't be read, nothing is sent. A submission that
        failed is not waited for.
      - The task fails at once if the sync task is stopped or deleted during the wait. A poll that fails with a
        transient error is repeated until O(wait_timeout).
      - A run that submits nothing waits for nothing. With O(progress_file), it warns if an earlier run ended before its
        wait did.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds O(wait) waits after the last event, 1 to 604800, a week. The task fails then. This does not
        mean that copies failed. OMS continues without the task.
    type: int
    default: 3600
  ignore_copy_failures:
    description:
      - With O(wait), the task fails if the counter of failed objects has grown, unless this is V(true).
      - The object keys and the reasons are in the destination bucket, in
        C(oms/sync_task/<sync_task_id>/failed_object_lists/<subtask>/<time>.failed_list.txt).
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Submit the objects that the release uploaded
  huaweicloud.oms.oms_sync_event:
    region: cn-north-4
    sync_task_id: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
    object_keys:
      - releases/1.4.2/app.tar.gz
      - releases/1.4.2/notes+errata.txt
  delegate_to: localhost
  run_once: true

- name: Submit the object keys of an S3 notification, which are URL-encoded already
  huaweicloud.oms.oms_sync_event:
    region: cn-north-4
    sync_task_id: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
    object_keys: "{{ notification.Records | map(attribute='s3.object.key') | list }}"
    object_keys_encoded: true
  delegate_to: localhost
  run_once: true

- name: Submit the objects of a backup, and resume where the last run ended
  huaweicloud.oms.oms_sync_event:
    region: cn-north-4
    sync_task_id: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
    object_keys_file: ~/backup/object_keys.txt
    progress_file: ~/backup/object_keys.progress
    concurrency: 32
  delegate_to: localhost
  run_once: true

- name: Submit an object and wait until it is copied
  huaweicloud.oms.oms_sync_event:
    region: cn-north-4
    sync_task_id: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
    object_keys:
      - reports/2026-11-27.csv
    wait: true
    wait_timeout: 600
  delegate_to: localhost
  run_once: true
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
    - How many distinct objects the task was for. In a file, how many lines with an object key.
    - Outside check mode, this is the sum of RV(resumed_count), RV(accepted_count) and RV(remaining_count).
  returned: success, or failure other than that of an argument
  type: int
  sample: 2
accepted_count:
  description: How many objects OMS accepted in this run. This does not mean that they are copied.
  returned: success, or failure other than that of an argument
  type: int
  sample: 2
duplicate_count:
  description: How many duplicates in O(object_keys) were removed.
  returned: success, or failure other than that of an argument
  type: int
  sample: 0
resumed_count:
  description: How many objects were accepted in earlier runs, as O(progress_file) says.
  returned: success, or failure other than that of an argument
  type: int
  sample: 0
event_count:
  description: How many events OMS accepted. In check mode, how many would be sent.
  returned: success, or failure other than that of an argument
  type: int
  sample: 1
retry_count:
  description: How many attempts to send an event there were beyond the first ones.
  returned: success, or failure other than that of an argument
  type: int
  sample: 0
events:
  description: The first 20 events that OMS accepted. In check mode, the first 20 that would be sent.
  returned: success, or failure other than that of an argument
  type: list
  elements: dict
  contains:
    object_keys:
      description:
        - The object keys as they were sent, URL-encoded.
        - Empty if one of them contains a secret of the task, as in RV(remaining_object_keys).
      type: list
      elements: str
      sample:
        - releases%2F1.4.2%2Fapp.tar.gz
        - releases%2F1.4.2%2Fnotes%2Berrata.txt
    request_id:
      description:
        - The ID under which the support of Huawei Cloud finds the request. Empty if there was none, and in check mode.
      type: str
      sample: 7a1b7c02a3f8d0be2ba53e41fa2b8c1f
    attempts:
      description: How often the event was sent until it was accepted. V(0) in check mode.
      type: int
      sample: 1
remaining_count:
  description: How many objects OMS did not accept. V(0) in check mode if the events would be sent.
  returned: success, or failure other than that of an argument
  type: int
  sample: 0
remaining_object_keys:
  description:
    - The object keys that OMS did not accept, in order, as they were given. At most 1000.
    - Empty if one of them contains a secret of the task, for example its access key. Ansible masks secrets in results,
      and a masked object key would name another object. A warning says so.
    - Check RV(remaining_truncated) before you submit them.
  returned: success, or failure other than that of an argument
  type: list
  elements: str
  sample: []
remaining_truncated:
  description:
    - Whether RV(remaining_object_keys) lists only some of the object keys that OMS did not accept, or none of them.
      Then run the whole task again. This does no harm, since OMS skips what it has copied already.
  returned: success, or failure other than that of an argument
  type: bool
  sample: false
counters:
  description:
    - By how much the counters of the sync task have grown since before the first event, with O(wait).
      Events of other senders to the same sync task count, too. Zeros if the run submitted nothing.
    - V(null) without O(wait) and in check mode.
  returned: success, or failure other than that of an argument
  type: dict
  contains:
    success:
      description: How many objects were copied.
      type: int
      sample: 24
    failure:
      description: How many objects could not be copied.
      type: int
      sample: 0
    skip:
      description: How many objects were skipped, because their copies are up to date.
      type: int
      sample: 1
  sample: null
error:
  description: What went wrong, for a playbook to decide on. V(null) if nothing did.
  returned: success, or failure other than that of an argument
  type: dict
  contains:
    kind:
      description:
        - V(connection), V(timeout) and V(tls) if no answer came from OMS. V(timeout) also after O(wait_timeout).
        - V(service) if OMS or its gateway refused the request.
        - V(credentials) if there are none, if they were refused (HTTP 401), or if the project was not found.
        - V(state) if there is no such sync task, or it is not running.
        - V(copy) if OMS could not copy all objects, with O(wait).
        - V(file) if O(object_keys_file) changed during the run, or O(progress_file) can't be used.
        - V(null) if a stop signal ended the run, or an error of the process, such as too little memory.
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
      description:
        - The object keys in the event that failed, as they were given. Empty if it was no event.
        - Empty also if one of them contains a secret of the task, as in RV(remaining_object_keys).
      type: list
      elements: str
      sample:
        - releases/1.4.2/app.tar.gz
  sample: null
"""

import contextlib
import typing as t

from ansible.module_utils.basic import AnsibleModule

# pylint: disable-next=unused-import
from ansible_collections.huaweicloud.oms.plugins.module_utils import _python_version  # noqa: F401 - goes first
from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import connection_argument_spec
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import OmsError
from ansible_collections.huaweicloud.oms.plugins.module_utils._event_run import EventRun
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.key_file import FORMATS, LINES
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.object_keys import DEFAULT_BATCH_SIZE
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.submission import DEFAULT_CONCURRENCY


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        "sync_task_id": {"type": "str", "required": True},
        "object_keys": {"type": "raw", "no_log": False},
        "object_keys_file": {"type": "path", "no_log": False},
        "object_keys_file_format": {"type": "str", "choices": list(FORMATS), "default": LINES, "no_log": False},
        "object_keys_encoded": {"type": "bool", "default": False},
        "batch_size": {"type": "int", "default": DEFAULT_BATCH_SIZE},
        "concurrency": {"type": "int", "default": DEFAULT_CONCURRENCY},
        "rate_limit": {"type": "float", "default": 0.0},
        "progress_file": {"type": "path"},
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 3600},
        "ignore_copy_failures": {"type": "bool", "default": False},
        **connection_argument_spec(),
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec=argument_spec(),
        mutually_exclusive=[("object_keys", "object_keys_file")],
        required_one_of=[("object_keys", "object_keys_file")],
        required_by={"progress_file": ["object_keys_file"]},
        supports_check_mode=True,
    )
    # A stop signal must not end the process before the result is written.
    with contextlib.ExitStack() as to_close:
        try:
            result = EventRun(module, to_close).run()
        except OmsError as error:
            module.fail_json(msg=str(error), **error.result)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
