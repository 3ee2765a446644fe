# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

DOCUMENTATION = r"""
name: object_keys
short_description: The names of the objects that a notification of an object store is about
version_added: 1.0.0
author:
  - The huaweicloud.oms contributors (!UNKNOWN)
description:
  - Object stores send notifications when objects change. Each has the names in another place and in another spelling.
    This filter finds them and decodes what the sender encoded, once. They can go as they are to the option
    O(huaweicloud.oms.oms_sync_event#module:object_keys) of M(huaweicloud.oms.oms_sync_event).
  - It reads notifications of AWS S3, as they are or by way of EventBridge, of Huawei Cloud OBS by way of SMN, EventGrid
    or FunctionGraph, of Aliyun OSS by way of Function Compute, MNS or EventBridge, of Tencent COS by way of SCF or
    CKafka, of MinIO, of Ceph, of Google Cloud Storage by way of Pub/Sub or Eventarc, and of Azure Blob Storage by way
    of Event Grid. It takes them out of the envelopes of SNS, SQS, SMN, MNS and Pub/Sub.
  - Each format is recognised by marks of its own, and never by how a name looks. What is no notification that is known
    is an error, and so is an event of an unknown name, because objects must not get lost without a word.
  - A deletion gives no names. Neither does what is no whole object, such as an upload in parts that has only begun, and
    neither does a message that is not about objects, such as a test or the request to confirm a subscription.
    So the list may be empty, which M(huaweicloud.oms.oms_sync_event) refuses. The examples show what to do.
  - If a notification tells that an object was created and that it was deleted later, and tells the order for sure, then
    it gives no name either.
  - Names come in the order of the notification and as often as they are in it.
    M(huaweicloud.oms.oms_sync_event) sends each once.
notes:
  - Whoever may upload to the source chooses the names. They are safe in what this filter returns, which is never
    taken for a template. Before it, they are only safe if Ansible takes none of the notification for a template.
    It does not for what a lookup or a module read. It does for variables on the command line, in files of variables and
    in a playbook, unless they are marked with C(!unsafe).
  - Nothing proves who sent a notification. The filter checks no signature and calls no URL. See that only the object
    store can reach whatever accepts its notifications.
  - The guide C(docs/notifications.md) of the collection says for each vendor where the name is and how it is encoded.
options:
  _input:
    description:
      - The notification. A dictionary, a list of notifications, or either as a JSON text.
    type: raw
    required: true
  encoding:
    description:
      - How the notification spells names. It holds for all names in it, and decoding is done once.
      - V(auto) is what each vendor documents, or is known to do where it documents nothing. For Tencent COS neither is
        the case. There names that may be encoded or not are an error, unless the notification proves how they are.
      - V(raw) is for names as they are.
      - V(form) is for URL-encoded names in which a plus is a space.
      - V(percent) is for URL-encoded names in which a plus is a plus.
      - If it does not fit what the notification itself proves, that is an error.
    type: str
    choices:
      - auto
      - raw
      - form
      - percent
    default: auto
  changes:
    description:
      - What has to have happened to an object for its name to be wanted.
      - V(created) is for objects that were created, overwritten, copied, replicated or renamed to this name.
      - V(restored) is for objects that were restored from an archive and can be read again.
      - V(metadata) is for objects of which only tags, permissions, other metadata or the storage class have changed.
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
      - Only objects in this bucket are wanted. For Tencent COS, its name ends in C(-) and the account, as it does in
        the console. For Azure, it is the container.
      - If this is not given, objects in all buckets are wanted.
    type: str
seealso:
  - module: huaweicloud.oms.oms_sync_event
"""

EXAMPLES = r"""
- name: Have OMS copy the objects that a notification in a file is about
  huaweicloud.oms.oms_sync_event:
    region: cn-north-4
    sync_task_id: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
    object_keys: "{{ names }}"
  vars:
    names: "{{ lookup('ansible.builtin.file', 'notification.json') | huaweicloud.oms.object_keys }}"
  # There may be none: it is about a deletion, or it is a test.
  when: names | length > 0
  delegate_to: localhost
  run_once: true

- name: Say how names are encoded where the vendor leaves it open, and take those of one bucket alone
  huaweicloud.oms.oms_sync_event:
    region: cn-north-4
    sync_task_id: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
    object_keys: "{{ names }}"
  vars:
    from_cos: "{{ lookup('ansible.builtin.file', 'from_cos.json') }}"
    names: "{{ from_cos | huaweicloud.oms.object_keys(encoding='percent', bucket='photos-1250000000') }}"
  when: names | length > 0
  delegate_to: localhost
  run_once: true

- name: Show which objects have changed in any way, those with other tags as well
  ansible.builtin.debug:
    msg: "{{ any_change }}"
  vars:
    received: "{{ lookup('ansible.builtin.file', 'notification.json') }}"
    any_change: "{{ received | huaweicloud.oms.object_keys(changes=['created', 'restored', 'metadata']) }}"
"""

RETURN = r"""
_value:
  description:
    - The names of the objects, as they are called at the source. Empty if it is about none that is wanted.
  type: list
  elements: str
  sample:
    - releases/1.4.2/app.tar.gz
    - releases/1.4.2/notes+errata.txt
"""

import typing as t

import ansible.template
from ansible.errors import AnsibleFilterError
from ansible_collections.huaweicloud.oms.plugins.plugin_utils._notifications import (
    CREATED,
    RESTORED,
    NotificationError,
    object_keys,
)


def names_of(
    notification: t.Any,
    *,
    encoding: str = "auto",
    changes: t.Sequence[str] = (CREATED, RESTORED),
    bucket: str | None = None,
) -> list[str]:
    """The filter: what DOCUMENTATION says."""
    for given in (notification, encoding, changes, bucket):
        # ansible-core before 2.19 hands undefined variables over, and they raise when they are looked at.
        bool(given)
    try:
        names = object_keys(notification, encoding, [changes] if isinstance(changes, str) else changes, bucket)
    except NotificationError as error:
        raise AnsibleFilterError(str(error)) from None
    return no_templates(names)


def no_templates(names: list[str]) -> list[str]:
    """The names, in a form in which Ansible runs nothing that is in them, wherever they go."""
    if hasattr(ansible.template, "trust_as_template"):
        # Since ansible-core 2.19 nothing is a template but what is marked as one.
        return names
    # Deprecated in later ones.
    from ansible.utils.unsafe_proxy import wrap_var

    return t.cast("list[str]", wrap_var(names))


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"object_keys": names_of}
