# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

DOCUMENTATION = r"""
name: object_keys
short_description: Get the object keys from a notification of an object store
version_added: 1.0.0
author:
  - The huaweicloud.oms contributors (!UNKNOWN)
description:
  - Object stores send notifications when objects change. Each vendor has the object keys in another field and in
    another encoding. This filter finds the object keys of created objects and decodes them once. Pass them to the
    option O(huaweicloud.oms.oms_sync_event#module:object_keys) of M(huaweicloud.oms.oms_sync_event).
  - "It reads notifications of these object stores: AWS S3, also by EventBridge; Huawei Cloud OBS by SMN, EventGrid or
    FunctionGraph; Aliyun OSS by Function Compute, MNS or EventBridge; Tencent COS by SCF or CKafka; MinIO; Ceph; Google
    Cloud Storage by Pub/Sub, Eventarc or Cloud Functions; Azure Blob Storage by Event Grid; Baidu BOS; Qiniu Kodo."
  - It opens the envelopes of SNS, SQS, SMN, MNS, Pub/Sub, Event Grid namespaces, and CloudEvents.
  - Each format is recognised by its own fields, and never by how an object key looks.
  - A deletion gives no object key. Neither do a multipart upload that has begun, events of buckets and directories,
    tests, and requests to confirm a subscription. So the list may be empty, which M(huaweicloud.oms.oms_sync_event)
    refuses. The examples show what to do.
  - If a notification of AWS S3 reports that an object was created and deleted later, and shows their order, the object
    gives no object key.
  - Object keys are in the order of the notification, with duplicates. M(huaweicloud.oms.oms_sync_event) removes these.
notes:
  - Everyone who may upload to the source can choose object keys. They are safe in the result of this filter, which is
    never treated as a template. The notification itself is safe if it comes from a lookup or from the result of a
    module. It is not safe in a variable on the command line, in a file of variables or in a playbook, unless it is
    marked with C(!unsafe).
  - The filter does not check who sent a notification. It checks no signature and calls no URL. Make sure that only the
    object store can send notifications to you.
  - The page C(docs/notifications.md) of the collection describes the format and the encoding of each vendor.
options:
  _input:
    description:
      - The notification. A dictionary, a list of notifications, or either as a JSON text.
    type: raw
    required: true
  encoding:
    description:
      - How the notification encodes object keys. It applies to all object keys in it. They are decoded once.
      - With V(auto), each vendor's documented or known encoding is used. Where neither exists (Tencent COS, Baidu BOS,
        Qiniu Kodo, MinIO without the field C(Key), OBS in the format of S3), an object key without C(%) and C(+) is
        used as it is. Any other object key there is an error, unless the notification itself shows the encoding.
      - Use V(raw) if object keys are not encoded.
      - Use V(form) if object keys are URL-encoded and C(+) stands for a space.
      - Use V(percent) if object keys are URL-encoded and C(+) stands for a plus.
      - If the notification shows another encoding, that is an error.
    type: str
    choices:
      - auto
      - raw
      - form
      - percent
    default: auto
  changes:
    description:
      - Which changes of an object give its object key.
      - V(created) is for objects that were created, overwritten, copied, replicated or renamed to this object key.
      - V(restored) is for objects that were restored from an archive and can be read again.
      - V(metadata) is for objects of which only tags, permissions, retention, other metadata or the storage class
        changed.
    type: list
    elements: str
    choices:
      - created
      - restored
      - metadata
    default:
      - created
      - restored
  bucket:
    description:
      - Only objects in this bucket give object keys. For Tencent COS, the name of the bucket ends in C(-) and the
        account, as in the console. For Azure, it is the container.
      - If it is not set, objects in all buckets do.
    type: str
  errors:
    description:
      - What to do with records that cannot be read, such as an event with an unknown name.
      - With V(strict), one such record is an error, so that no object is lost silently.
      - With V(warn), such records are left out with a warning that names them, and the object keys of all other records
        are returned.
    type: str
    choices:
      - strict
      - warn
    default: strict
seealso:
  - module: huaweicloud.oms.oms_sync_event
"""

EXAMPLES = r"""
- name: Submit the object keys of a notification in a file
  huaweicloud.oms.oms_sync_event:
    region: cn-north-4
    sync_task_id: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
    object_keys: "{{ created }}"
  vars:
    created: "{{ lookup('ansible.builtin.file', 'notification.json') | huaweicloud.oms.object_keys }}"
  # The list is empty for a deletion or a test.
  when: created | length > 0
  delegate_to: localhost
  run_once: true

- name: Set the encoding where the vendor does not document it, and select one bucket
  huaweicloud.oms.oms_sync_event:
    region: cn-north-4
    sync_task_id: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
    object_keys: "{{ created }}"
  vars:
    from_cos: "{{ lookup('ansible.builtin.file', 'from_cos.json') }}"
    created: "{{ from_cos | huaweicloud.oms.object_keys(encoding='percent', bucket='photos-1250000000') }}"
  when: created | length > 0
  delegate_to: localhost
  run_once: true

- name: Leave out records that cannot be read, with a warning
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.file', 'notification.json') | huaweicloud.oms.object_keys(errors='warn') }}"

- name: Show the objects that changed in any way, including their tags
  ansible.builtin.debug:
    msg: "{{ any_change }}"
  vars:
    received: "{{ lookup('ansible.builtin.file', 'notification.json') }}"
    any_change: "{{ received | huaweicloud.oms.object_keys(changes=['created', 'restored', 'metadata']) }}"
"""

RETURN = r"""
_value:
  description:
    - The unencoded object keys. An empty list if no record gives one.
  type: list
  elements: str
  sample:
    - releases/1.4.2/app.tar.gz
    - releases/1.4.2/notes+errata.txt
"""

import typing as t

import ansible.template
from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.huaweicloud.oms.plugins.plugin_utils._notifications import (
    CREATED,
    RESTORED,
    NotificationError,
    Unread,
    read,
)

STRICT = "strict"
WARN = "warn"
# How many reasons one warning contains.
SHOWN_REASONS = 5


def object_keys(
    notification: t.Any,
    *,
    encoding: str = "auto",
    changes: t.Sequence[str] = (CREATED, RESTORED),
    bucket: str | None = None,
    errors: str = STRICT,
) -> list[str]:
    """The filter, as DOCUMENTATION describes it."""
    for given in (notification, encoding, changes, bucket, errors):
        # ansible-core before 2.19 passes undefined variables on. They raise an error when they are looked at.
        bool(given)
    if errors not in (STRICT, WARN):
        raise AnsibleFilterError(f"errors must be {STRICT} or {WARN}.")
    kinds = [changes] if isinstance(changes, str) else changes
    try:
        reading = read(notification, encoding=encoding, changes=kinds, bucket=bucket)
    except NotificationError as error:
        raise AnsibleFilterError(str(error)) from None
    if reading.unread and errors == STRICT:
        raise AnsibleFilterError(error_message(reading.unread))
    if reading.unread:
        Display().warning(warning_message(reading.unread))
    return no_templates(reading.object_keys)


def error_message(unread: list[Unread]) -> str:
    """What is wrong with the first record, and how to get the object keys of the others."""
    count = f" {len(unread) - 1} more cannot be read." if len(unread) > 1 else ""
    return f"{unread[0].reason}{count} To leave out records that cannot be read, set errors='warn'."


def warning_message(unread: list[Unread]) -> str:
    """Which records are left out, and why."""
    subject = (
        "1 record of the notification is" if len(unread) == 1 else f"{len(unread)} records of the notification are"
    )
    more = f" {len(unread) - SHOWN_REASONS} more." if len(unread) > SHOWN_REASONS else ""
    return f"{subject} left out. {' '.join(record.reason for record in unread[:SHOWN_REASONS])}{more}"


def no_templates(keys: list[str]) -> list[str]:
    """The object keys, in a form that Ansible never treats as templates, wherever they go."""
    if hasattr(ansible.template, "trust_as_template"):
        # Since ansible-core 2.19 nothing is a template but what is marked as one.
        return keys
    # Deprecated in later versions.
    from ansible.utils.unsafe_proxy import wrap_var

    return t.cast("list[str]", wrap_var(keys))


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"object_keys": object_keys}
