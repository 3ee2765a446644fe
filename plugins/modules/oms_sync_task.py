#!/usr/bin/python
# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

DOCUMENTATION = r"""
module: oms_sync_task
short_description: Create, start, stop and delete sync tasks of Huawei Cloud OMS
version_added: 1.0.0
author:
  - The huaweicloud.oms contributors (!UNKNOWN)
description:
  - A sync task of the Object Storage Migration Service (OMS) copies objects from a bucket elsewhere to an OBS bucket.
    It accepts events while it runs, which M(huaweicloud.oms.oms_sync_event) sends.
  - A sync task has no name. It is found by O(sync_task_id), or else by the cloud, the region and the bucket of its
    source and the region and the bucket of its destination, and by every other option that is given and that OMS shows.
    More than one match is always an error.
  - Only the state of a sync task can be changed. With O(sync_task_id), an option that differs from the sync task is an
    error in every state, and nothing is changed.
  - Without O(sync_task_id), O(state=present) and O(state=started) fail if a sync task with the same source and
    destination differs in another option. A second one is only created if O(description) is given and differs.
    O(state=stopped) and O(state=absent) leave such a sync task alone and warn.
  - OMS allows a tenant five sync tasks.
extends_documentation_fragment:
  - huaweicloud.oms.connection
  - huaweicloud.oms.attributes
attributes:
  check_mode:
    support: full
    details:
      - Looks for the sync task, and fails where the real run would fail for what is there. Changes nothing.
  diff_mode:
    support: full
    details:
      - Shows the sync task without its keys and its counters.
  idempotent:
    support: full
options:
  state:
    description:
      - V(present) creates the sync task if there is none. It starts by itself then.
        The state of one that exists is not changed.
      - V(started) does the same, and starts a sync task that is stopped.
      - V(stopped) stops the sync task, which must exist.
      - V(absent) stops the sync task and deletes it. What it copied stays.
    type: str
    choices:
      - present
      - started
      - stopped
      - absent
    default: present
  sync_task_id:
    description:
      - The ID of a sync task that exists. 1 to 1024 of C(A-Z a-z 0-9 _ . ~ -).
      - If not given, O(source.cloud_type), O(source.region), O(source.bucket) and O(destination.bucket) are required.
      - OMS makes up the ID of a new task, so none is created if this is given.
    type: str
  source:
    description:
      - Where the objects come from.
    type: dict
    suboptions:
      cloud_type:
        description:
          - The cloud that the bucket is in.
        type: str
        choices:
          - AWS
          - Azure
          - Aliyun
          - Tencent
          - HuaweiCloud
          - QingCloud
          - KingsoftCloud
          - Baidu
          - Qiniu
          - UCloud
      region:
        description:
          - The region of the bucket, as its cloud calls it. 1 to 100 characters.
        type: str
      bucket:
        description:
          - The name of the bucket. 1 to 1024 characters.
        type: str
      access_key:
        description:
          - The access key with which OMS reads the bucket. 1 to 100 characters.
          - It is needed with O(source.secret_key), O(destination.access_key) and O(destination.secret_key) to create a
            sync task, and again to start one that is stopped.
          - It is never taken from the environment, or from the credentials of the caller.
        type: str
      secret_key:
        description:
          - The secret key that belongs to O(source.access_key). 1 to 100 characters.
        type: str
      crypto_type:
        description:
          - The type of encryption that goes with the keys of the source. V(KMS) takes O(source.kms_key_id).
            OMS uses V(DEFAULT) if not given.
          - OMS does not show it, so it is not compared. It is sent whenever the keys are.
        type: str
        choices:
          - DEFAULT
          - KMS
      kms_key_id:
        description:
          - The ID of the KMS key, with its 36 characters. Needed if O(source.crypto_type=KMS).
        type: str
      app_id:
        description:
          - The APPID of the account at Tencent. Needed to create a sync task if O(source.cloud_type=Tencent).
            Up to 255 characters.
        type: str
      cdn:
        description:
          - Where OMS gets the objects from if not from the bucket itself.
          - To compare it with an existing sync task, all sync tasks are listed.
        type: dict
        suboptions:
          domain:
            description:
              - The domain name of the CDN. Needed to create a sync task with a CDN.
            type: str
          protocol:
            description:
              - The protocol that the CDN speaks. Needed to create a sync task with a CDN.
            type: str
            choices:
              - http
              - https
          authentication_type:
            description:
              - How the CDN knows who may read. A sync task is created with V(NONE) if not given.
            type: str
            choices:
              - NONE
              - QINIU_PRIVATE_AUTHENTICATION
              - ALIYUN_OSS_A
              - ALIYUN_OSS_B
              - ALIYUN_OSS_C
              - KSYUN_PRIVATE_AUTHENTICATION
              - AZURE_SAS_TOKEN
              - TENCENT_COS_A
              - TENCENT_COS_B
              - TENCENT_COS_C
              - TENCENT_COS_D
          authentication_key:
            description:
              - The key for the CDN. Up to 255 characters. OMS wants it again when a sync task is started.
            type: str
          crypto_type:
            description:
              - The same as O(source.crypto_type), for O(source.cdn.authentication_key).
            type: str
            choices:
              - DEFAULT
              - KMS
          kms_key_id:
            description:
              - The ID of the KMS key, with its 36 characters. Needed if O(source.cdn.crypto_type=KMS).
            type: str
  destination:
    description:
      - Where the objects go, a bucket of OBS.
    type: dict
    suboptions:
      region:
        description:
          - The region of the bucket. 1 to 100 characters.
          - If neither this nor O(sync_task_id) is given, it is the region whose OMS is called, O(region) or
            E(HW_REGION_NAME).
        type: str
      bucket:
        description:
          - The name of the bucket. 1 to 1024 characters.
        type: str
      access_key:
        description:
          - The access key with which OMS writes to the bucket. 1 to 100 characters.
          - It is never taken from the environment, or from the credentials of the caller.
        type: str
      secret_key:
        description:
          - The secret key that belongs to O(destination.access_key). 1 to 100 characters.
        type: str
      crypto_type:
        description:
          - The same as O(source.crypto_type), for the keys of the destination.
        type: str
        choices:
          - DEFAULT
          - KMS
      kms_key_id:
        description:
          - The ID of the KMS key, with its 36 characters. Needed if O(destination.crypto_type=KMS).
        type: str
      storage_policy:
        description:
          - The storage class that copied objects get. V(SRC_STORAGE_MAPPING) is for the one that corresponds to theirs
            at the source. OMS uses V(STANDARD) if not given.
        type: str
        choices:
          - STANDARD
          - IA
          - ARCHIVE
          - DEEP_ARCHIVE
          - SRC_STORAGE_MAPPING
  description:
    description:
      - What the sync task is for. Up to 255 characters, and none of C(<>()"'&).
      - It tells sync tasks with the same source and destination apart.
    type: str
  enable_metadata_migration:
    description:
      - Whether the metadata of the objects is copied, too. OMS does not if not given, but for the content type.
    type: bool
  enable_restore:
    description:
      - Whether objects that are archived at the source are restored to be copied. OMS does not if not given.
    type: bool
  consistency_check:
    description:
      - How OMS finds out whether an object has been copied well. V(crc64) is for the clouds V(HuaweiCloud), V(Aliyun)
        and V(Tencent). OMS uses V(size_last_modified) if not given, and shows V(transmission) as C(no_check).
    type: str
    choices:
      - size_last_modified
      - crc64
      - transmission
  wait:
    description:
      - Whether to wait until the sync task has reached the state.
      - A sync task that runs has to stop before it can be deleted, and this is waited for in any case.
    type: bool
    default: true
  wait_timeout:
    description:
      - For how many seconds to wait at most, 1 to 86400, in all.
    type: int
    default: 300
notes:
  - The caller needs the IAM actions C(oms:synctask:list) to find a sync task by source and destination, or with
    O(source.cdn), and C(oms:synctask:get) otherwise and after each change. C(oms:synctask:create) is needed to create,
    C(oms:synctask:update) to start and to stop, and C(oms:synctask:delete) to delete.
  - If the answer to the creation is lost, the module looks for the sync task before it tries again, so that there are
    not two of them in the end.
seealso:
  - module: huaweicloud.oms.oms_sync_task_info
  - module: huaweicloud.oms.oms_sync_event
"""

EXAMPLES = r"""
- name: Have a sync task that runs
  huaweicloud.oms.oms_sync_task:
    region: cn-north-4
    state: started
    source:
      cloud_type: AWS
      region: us-east-1
      bucket: photos
      access_key: "{{ vault_aws_access_key }}"
      secret_key: "{{ vault_aws_secret_key }}"
    destination:
      region: cn-north-4
      bucket: photos-copy
      access_key: "{{ vault_obs_access_key }}"
      secret_key: "{{ vault_obs_secret_key }}"
      storage_policy: IA
    description: Photos for the web site
  delegate_to: localhost
  run_once: true
  register: photos

- name: Tell it what changed
  huaweicloud.oms.oms_sync_event:
    region: cn-north-4
    sync_task_id: "{{ photos.sync_task_id }}"
    object_keys:
      - 2026/11/harbour.jpg
  delegate_to: localhost
  run_once: true

- name: Stop a sync task
  huaweicloud.oms.oms_sync_task:
    region: cn-north-4
    state: stopped
    sync_task_id: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
  delegate_to: localhost
  run_once: true

- name: Start it again, for which OMS wants the keys
  huaweicloud.oms.oms_sync_task:
    region: cn-north-4
    state: started
    sync_task_id: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
    source:
      access_key: "{{ vault_aws_access_key }}"
      secret_key: "{{ vault_aws_secret_key }}"
    destination:
      access_key: "{{ vault_obs_access_key }}"
      secret_key: "{{ vault_obs_secret_key }}"
  delegate_to: localhost
  run_once: true

- name: Delete the sync task between two buckets
  huaweicloud.oms.oms_sync_task:
    region: cn-north-4
    state: absent
    source:
      cloud_type: AWS
      region: us-east-1
      bucket: photos
    destination:
      region: cn-north-4
      bucket: photos-copy
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
changed:
  description:
    - Whether the sync task was created, started, stopped or deleted by this task. In check mode, whether it would be.
    - This is V(false) if someone else did it meanwhile, and V(true) for a task that failed half way.
    - If the answer to a request is lost, the module looks at the sync task. If it is as it was asked for, this is
      V(true), even if someone else did the same at that moment.
  returned: always
  type: bool
  sample: true
sync_task_id:
  description:
    - The ID of the sync task. V(null) if there is none, and in check mode for one that would be created.
  returned: success, or failure other than that of an argument
  type: str
  sample: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
sync_task:
  description:
    - The sync task as OMS shows it, but for its counters. V(null) if there is none.
      M(huaweicloud.oms.oms_sync_task_info) has the counters.
    - In check mode, what is known of it beforehand; also with O(wait=false), if OMS does not show a new one yet.
  returned: success, or failure other than that of an argument
  type: dict
  contains:
    sync_task_id:
      description: The ID.
      type: str
      sample: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
    status:
      description: V(SYNCHRONIZING) if it runs and accepts events, V(STOPPED) if not.
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
      description: The storage class that copied objects get.
      type: str
      sample: IA
    description:
      description: What it is for.
      type: str
      sample: Photos for the web site
    enable_metadata_migration:
      description: Whether metadata is copied.
      type: bool
      sample: false
    enable_restore:
      description: Whether archived objects are restored to be copied.
      type: bool
      sample: false
    app_id:
      description: The APPID at Tencent.
      type: str
      sample: ""
    consistency_check:
      description: How OMS verifies copied objects. C(no_check) stands for V(transmission).
      type: str
      sample: size_last_modified
    object_overwrite_mode:
      description: What OMS does with objects that the destination has already.
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
        The domain, protocol and authentication_type of the CDN. V(null) if there is none.
        Not returned if the sync task was found by O(sync_task_id), unless O(source.cdn) is given.
      type: dict
      sample: null
  sample: null
diff:
  description:
    - The sync task before and after, without keys, counters and C(last_start_time).
      An empty dictionary stands for none.
  returned: success, or failure other than that of an argument
  type: dict
  contains:
    before:
      description: The sync task as it was.
      type: dict
      sample: {}
    after:
      description: >-
        The sync task as it is after the run; in check mode, and for the status with O(wait=false), as it will be.
      type: dict
      sample:
        src_bucket: photos
        dst_bucket: photos-copy
        status: SYNCHRONIZING
project_id:
  description: The project that the sync task belongs to. V(null) if it could not be found out.
  returned: success, or failure other than that of an argument
  type: str
  sample: f697f813554a4f05bac882a183b20878
endpoint:
  description: Where OMS was asked.
  returned: success, or failure other than that of an argument
  type: str
  sample: https://oms.cn-north-4.myhuaweicloud.com
error:
  description: What went wrong, for a playbook to decide on. V(null) if nothing did.
  returned: success, or failure other than that of an argument
  type: dict
  contains:
    kind:
      description:
        - V(connection), V(timeout) and V(tls) if no answer came from OMS.
        - V(timeout) also if the state was not reached within O(wait_timeout).
        - V(service) if OMS or the gateway in front of it refused.
        - V(credentials) if there are none, if they were refused (HTTP 401), or if the project was not found.
        - V(state) if there is no such sync task, or several, or one that differs from the options, or if keys are
          missing that are needed for what is to be done.
      type: str
      sample: service
    http_status:
      description: The HTTP status of the answer. V(null) if there was no answer.
      type: int
      sample: 400
    error_code:
      description: The code of the service. V(null) if there was none.
      type: str
      sample: OMS.2002
    error_msg:
      description: The text of the service. V(null) if there was none.
      type: str
      sample: The synchronization task is not found.
    error_detail:
      description: What the service said in addition. V(null) if there was nothing.
      type: str
      sample: null
    request_id:
      description: The ID of the request. V(null) if there was none.
      type: str
      sample: 7a1b7c02a3f8d0be2ba53e41fa2b8c1f
  sample: null
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

# pylint: disable-next=unused-import
from ansible_collections.huaweicloud.oms.plugins.module_utils import _python_version  # noqa: F401 - goes first
from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import (
    check_range,
    connection_argument_spec,
    option_or_environment,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import OmsError
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.client import Client
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.reconcile import Change
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.sync_task import (
    ABSENT,
    AUTHENTICATION_TYPES,
    CLOUD_TYPES,
    CONSISTENCY_CHECKS,
    CRYPTO_TYPES,
    PRESENT,
    STARTED,
    STOPPED,
    STORAGE_POLICIES,
    read_desired_state,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._session import ask_oms

# A day: nothing that is still to come after that is worth waiting for.
MAX_WAIT_SECONDS = 86400


def argument_spec() -> dict[str, dict[str, t.Any]]:
    # None has a default: only what is given is compared with a task that exists.
    crypto: dict[str, t.Any] = {
        "crypto_type": {"type": "str", "choices": list(CRYPTO_TYPES)},
        "kms_key_id": {"type": "str", "no_log": False},
    }
    keys: dict[str, t.Any] = {
        "access_key": {"type": "str", "no_log": True},
        "secret_key": {"type": "str", "no_log": True},
        **crypto,
    }
    with_kms = [("crypto_type", "KMS", ["kms_key_id"])]
    cdn = {
        "domain": {"type": "str"},
        "protocol": {"type": "str", "choices": ["http", "https"]},
        "authentication_type": {"type": "str", "choices": list(AUTHENTICATION_TYPES)},
        "authentication_key": {"type": "str", "no_log": True},
        **crypto,
    }
    source = {
        "cloud_type": {"type": "str", "choices": list(CLOUD_TYPES)},
        "region": {"type": "str"},
        "bucket": {"type": "str"},
        **keys,
        "app_id": {"type": "str"},
        "cdn": {"type": "dict", "options": cdn, "required_if": with_kms},
    }
    destination = {
        "region": {"type": "str"},
        "bucket": {"type": "str"},
        **keys,
        "storage_policy": {"type": "str", "choices": list(STORAGE_POLICIES)},
    }
    return {
        "state": {"type": "str", "choices": [PRESENT, STARTED, STOPPED, ABSENT], "default": PRESENT},
        "sync_task_id": {"type": "str"},
        "source": {"type": "dict", "options": source, "required_if": with_kms},
        "destination": {"type": "dict", "options": destination, "required_if": with_kms},
        "description": {"type": "str"},
        "enable_metadata_migration": {"type": "bool"},
        "enable_restore": {"type": "bool"},
        "consistency_check": {"type": "str", "choices": list(CONSISTENCY_CHECKS)},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 300},
        **connection_argument_spec(),
    }


def set_state(module: AnsibleModule) -> dict[str, t.Any]:
    """Do what the task asks for, and say how it went; raise an OmsError if it failed."""
    options = module.params
    _source, region = option_or_environment("region", options, os.environ, ("HW_REGION_NAME",))
    desired = read_desired_state(options, region)
    check_range("wait_timeout", options["wait_timeout"], 1, MAX_WAIT_SECONDS, "seconds")

    def act(client: Client, clock: Clock, result: dict[str, t.Any]) -> None:
        change = Change(
            client,
            clock,
            desired,
            options["wait"],
            options["wait_timeout"],
            options["retries"],
            options["retry_max_delay"],
        )
        try:
            change.run(module.check_mode)
        finally:
            result["changed"] = change.changed
            result["sync_task_id"] = change.sync_task_id
            result["sync_task"] = change.task
            result["diff"] = {"before": change.before, "after": change.after}
            for text in change.warnings:
                module.warn(text)

    nothing: dict[str, t.Any] = {
        "sync_task_id": desired.sync_task_id,
        "sync_task": None,
        "diff": {"before": {}, "after": {}},
    }
    return ask_oms(module, act, nothing, desired.secrets)


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        result = set_state(module)
    except OmsError as error:
        module.fail_json(msg=str(error), **error.result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
