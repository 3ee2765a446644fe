#!/usr/bin/python
# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

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
  - Any number of names can be handed over, millions of them from a file. Then the first event goes alone, since a wrong
    key would be locked after some more, and the others follow side by side.
  - The process of the module ends in order on SIGINT, SIGTERM and SIGHUP. It starts no more events, waits for those
    that are under way, at most as long as O(timeout), and fails with what was accepted and what was not.
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
    support: partial
    details:
      - Each run sends its events. For the objects this is harmless, since OMS compares both sides and skips what is
        there already, but the counters of the sync task grow.
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
        Repeated object keys are sent once.
      - A single string is one object key, for ad-hoc commands. It must not contain a comma or a line break, or start
        with V([) or V({), because it may have been meant for a list.
      - An object key has up to 16384 characters after URL-encoding.
      - Numbers, booleans, null, dates, lists and dictionaries as items are refused, because YAML has changed what was
        written. Put object keys like V(1.10), V(1_000), V(12:30:45), V(yes) and V(2026-11-25) in quotes.
      - What becomes part of a string in a template cannot be seen. If the variable C(version) is the number V(1.10),
        C(releases/{{ version }}) is V(releases/1.1). Up to ansible-core 2.18 this is also so if the template is all of
        the string. Put the value of the variable in quotes.
      - YAML also removes spaces at both ends of a string without quotes, and a C(#) behind a space with all after it.
      - Strings that contain C(********), C($REDACTED$) or C(VALUE_SPECIFIED_IN_NO_LOG_PARAMETER) are refused, because
        Ansible puts these in place of secrets. O(object_keys_file) may contain them.
      - Items that contain a line break, begin with a URL scheme such as C(s3://), or contain a percent escape such as
        C(%2F) although O(object_keys_encoded=false), are submitted as they are, with a warning.
      - Write C(!unsafe) before object keys that contain template markers and do not come from a variable.
      - Either this or O(object_keys_file) is needed.
    type: raw
  object_keys_file:
    description:
      - A file of names on the host that the module runs on. It is read twice as a stream, once to check all names and
        once to send them, so that it may be of any size. Repeated names are sent as often as they are there.
      - It must be a regular file in UTF-8 and must not change meanwhile. C(~) and environment variables in the path are
        expanded.
    type: path
  object_keys_file_format:
    description:
      - V(lines) is for one name a line. LF or CRLF ends a line and nothing else does. Blanks belong to the name,
        empty lines are left out, and so is a byte order mark.
      - V(jsonl) is for one JSON string a line, which can hold names with line breaks.
    type: str
    choices:
      - lines
      - jsonl
    default: lines
  object_keys_encoded:
    description:
      - Whether the object keys are URL-encoded already, as they are in notifications from AWS S3 and OBS.
        They are sent byte for byte then.
      - Refused are object keys that are empty or contain a C(%) without two hexadecimal digits, whitespace, control
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
      - How many events are under way at once, 1 to 64. Each takes a connection.
      - When OMS answers that it is called too often, all of them pause and go on more slowly by themselves.
    type: int
    default: 8
  rate_limit:
    description:
      - Attempts per second, retries included, evenly spaced. V(0) is for no limit, V(0.5) is for one in two seconds.
      - Use it to leave a part of the service's limit to other senders. Without it the rate adapts by itself when the
        service answers HTTP 429.
    type: float
    default: 0
  progress_file:
    description:
      - A file on the host that the module runs on, which the module makes and keeps.
        It says what of O(object_keys_file) was accepted, so that another run goes on where one ended,
        even if that was killed. Goes together with O(object_keys_file) only.
      - When everything is accepted, another run sends nothing. Lines that are appended later are sent alone,
        and names behind what is accepted may be mended.
      - It belongs to the endpoint, the project, the sync task, O(object_keys_file_format), O(object_keys_encoded) and
        what was sent of O(object_keys_file). If one of these differs, the task fails, unless the progress is finished.
        Then a new run starts with a warning.
      - Only one process at a time can use it.
    type: path
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

- name: Hand over a backup's objects, and go on where the last run ended
  huaweicloud.oms.oms_sync_event:
    region: cn-north-4
    sync_task_id: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
    object_keys_file: ~/backup/names.txt
    progress_file: ~/backup/names.progress
    concurrency: 32
  delegate_to: localhost
  run_once: true

- name: Use an access key from a vault and keep what was not accepted
  delegate_to: localhost
  run_once: true
  block:
    - name: Submit the object keys
      huaweicloud.oms.oms_sync_event:
        region: cn-north-4
        access_key: "{{ vault_oms_access_key }}"
        secret_key: "{{ vault_oms_secret_key }}"
        sync_task_id: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
        object_keys: "{{ changed_objects }}"
  rescue:
    - name: Keep what was not accepted, or everything if the result lists only a part of it
      ansible.builtin.copy:
        content: >-
          {{ (changed_objects if ansible_failed_result.remaining_truncated | default(true)
          else ansible_failed_result.remaining_object_keys) | to_nice_json }}
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
    - How many distinct objects the task was for. In a file, how many lines with a name.
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
  description: How many repeated names of O(object_keys) were left out.
  returned: success, or failure other than that of an argument
  type: int
  sample: 0
resumed_count:
  description: How many objects had been accepted in earlier runs, as O(progress_file) says.
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
      description:
        - The object keys as they were sent, URL-encoded.
        - Empty if one of them contains a secret of the task, as in RV(remaining_object_keys).
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
  description:
    - The object keys that OMS did not accept, in order, as they were given. At most 1000.
    - Empty if one of them contains a secret of the task, for example its access key. Ansible masks secrets in results,
      and a masked object key would be another one. A warning says so.
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
error:
  description: What went wrong, for a playbook to decide on. V(null) if nothing did.
  returned: success, or failure other than that of an argument
  type: dict
  contains:
    kind:
      description:
        - V(connection), V(timeout) and V(tls) if no answer came from OMS.
        - V(service) if OMS or the gateway in front of it refused.
        - V(credentials) if there are none, if they were refused (HTTP 401), or if the project was not found.
        - V(state) if there is no such sync task, or it is not running.
        - V(file) if O(object_keys_file) changed meanwhile, or O(progress_file) can't be used.
        - V(null) if nothing went wrong and the run was told to stop.
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
from ansible_collections.huaweicloud.oms.plugins.module_utils import _python_version  # noqa: F401 - goes first
from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import (
    check_path_segment,
    check_range,
    connection_argument_spec,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import Failure, OmsError
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.checkpoint import Identity, Progress
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.key_file import FORMATS, LINES, KeyFile
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.object_keys import (
    DEFAULT_BATCH_SIZE,
    MAX_BATCH_SIZE,
    read_object_keys,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.submission import (
    DEFAULT_CONCURRENCY,
    MAX_CONCURRENCY,
    SHOWN_NAMES,
    FileSource,
    ListSource,
    Outcome,
    Source,
    stopped_by_signals,
    submit,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.withheld import withhold_object_keys
from ansible_collections.huaweicloud.oms.plugins.module_utils._session import Session


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
        **connection_argument_spec(),
    }


def open_source(module: AnsibleModule, to_close: contextlib.ExitStack) -> Source:
    """Read and check all object keys. What is open until the end of the run goes to ``to_close``."""
    options = module.params
    if options["object_keys_file"] is None:
        given = read_object_keys(options["object_keys"], options["object_keys_encoded"])
        for text in given.warnings:
            module.warn(text)
        return ListSource(given.object_keys, given.duplicate_count)
    key_file = KeyFile(options["object_keys_file"], options["object_keys_file_format"], options["object_keys_encoded"])
    to_close.callback(key_file.close)
    progress = None
    if options["progress_file"] is not None:
        progress = Progress(options["progress_file"], write=not module.check_mode)
        to_close.callback(progress.close)
    return FileSource(key_file, progress)


def send_events(module: AnsibleModule, to_close: contextlib.ExitStack) -> dict[str, t.Any]:
    """Do what the task asks for, and say how it went; raise an OmsError if it failed."""
    options = module.params
    sync_task_id = check_path_segment("sync_task_id", options["sync_task_id"])
    check_range("batch_size", options["batch_size"], 1, MAX_BATCH_SIZE)
    check_range("concurrency", options["concurrency"], 1, MAX_CONCURRENCY)
    session = Session(module, connections=options["concurrency"], rate_limit=options["rate_limit"])
    source = open_source(module, to_close)
    to_close.enter_context(stopped_by_signals(session.clock))
    prediction_warning = None
    outcome = None
    try:
        client = session.connect()
        source.resume(
            Identity(
                client.endpoint.url,
                client.project_id,
                sync_task_id,
                options["object_keys_file_format"],
                options["object_keys_encoded"],
            )
        )
        if not module.check_mode:
            outcome = submit(
                source,
                options["batch_size"],
                lambda batch: client.create_sync_events(sync_task_id, batch.encoded),
                session.clock,
                options["concurrency"],
                options["timeout"],
            )
        elif source.pending_count:
            prediction_warning = client.check_sync_task(sync_task_id)
    except Failure as error:
        outcome = Outcome(failure=error, remaining_count=source.pending_count, remaining=source.names())

    for text in filter(None, (source.warning, prediction_warning)):
        module.warn(text)
    # In check mode, nothing stands against sending all that is to be sent.
    changed = source.pending_count > 0 if outcome is None else outcome.event_count > 0
    outcome = outcome or Outcome()
    result = {"changed": changed, "sync_task_id": sync_task_id, **session.where, **what_became_of(source, outcome)}
    withheld = withhold_object_keys(result, session.secrets.occurs_in)
    if withheld:
        module.warn(withheld)
    if outcome.failure:
        raise OmsError(f"{outcome.failure}. {what_was_accepted(result, source.keeps_progress)}", result)
    return result


def what_became_of(source: Source, outcome: Outcome) -> dict[str, t.Any]:
    """The part of the result that is about the objects."""
    return {
        "object_count": source.object_count,
        "accepted_count": outcome.accepted_count,
        "duplicate_count": source.duplicate_count,
        "resumed_count": source.resumed_count,
        "event_count": outcome.event_count,
        "retry_count": outcome.retry_count,
        "events": outcome.events,
        "remaining_count": outcome.remaining_count,
        "remaining_object_keys": outcome.remaining,
        "remaining_truncated": outcome.is_truncated,
        "error": outcome.failure.as_error(outcome.failed_names) if outcome.failure else None,
    }


def what_was_accepted(result: t.Mapping[str, t.Any], has_progress: bool) -> str:
    """How the message of a run that failed ends."""
    text = f"Objects accepted: {result['resumed_count'] + result['accepted_count']} of {result['object_count']}"
    if result["remaining_object_keys"]:
        names = f"the first {SHOWN_NAMES} of the rest" if result["remaining_truncated"] else "the rest"
        text += f"; remaining_object_keys names {names}"
    return f"{text}; with progress_file, the next run goes on from there" if has_progress else text


def main() -> None:
    module = AnsibleModule(
        argument_spec=argument_spec(),
        mutually_exclusive=[("object_keys", "object_keys_file")],
        required_one_of=[("object_keys", "object_keys_file")],
        required_by={"progress_file": ["object_keys_file"]},
        supports_check_mode=True,
    )
    try:
        with contextlib.ExitStack() as to_close:
            result = send_events(module, to_close)
    except OmsError as error:
        module.fail_json(msg=str(error), **error.result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
