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
  - A sync task of the Object Storage Migration Service (OMS) copies objects from a source bucket to an OBS bucket.
    While it runs, it accepts the sync events that M(huaweicloud.oms.oms_sync_event) sends.
  - A sync task has no name. It is found by O(sync_task_id), or by the cloud, the region and the bucket of its source,
    the region and the bucket of its destination, and every other option that is given and that OMS shows.
    More than one match is always an error.
  - Only the state of a sync task can be changed. With O(sync_task_id), an option that differs from the sync task is an
    error in every state, and nothing is changed.
  - Without O(sync_task_id), O(state=present) and O(state=started) fail if a sync task with the same source and
    destination differs in another option. A second one is created only if O(description) is given and differs.
    O(state=stopped) and O(state=absent) do not change such a sync task, and warn.
  - OMS allows five sync tasks for an account (tenant).
extends_documentation_fragment:
  - huaweicloud.oms.connection
  - huaweicloud.oms.attributes
attributes:
  check_mode:
    support: full
    details: Looks for the sync task, and fails where the real run would fail. Changes nothing.
  diff_mode:
    support: full
    details: Shows the sync task without its keys and its counters.
  idempotent:
    support: full
options:
  state:
    description:
      - V(present) creates the sync task if it does not exist. OMS starts a new sync task by itself.
        The state of an existing one is not changed.
      - V(started) does the same, and starts a stopped sync task.
      - V(stopped) stops the sync task, which must exist.
      - V(absent) stops the sync task and deletes it. The copied objects stay.
    type: str
    choices: [present, started, stopped, absent]
    default: present
  sync_task_id:
    description:
      - The ID of an existing sync task. 1 to 1024 of C(A-Z a-z 0-9 _ . ~ -).
      - If not given, O(source.cloud_type), O(source.region), O(source.bucket) and O(destination.bucket) are required.
      - OMS chooses the ID of a new sync task, so none is created if this is given.
    type: str
  source:
    description: The bucket that objects are copied from.
    type: dict
    suboptions:
      cloud_type:
        description: The cloud of the bucket.
        type: str
        choices: [AWS, Azure, Aliyun, Tencent, HuaweiCloud, QingCloud, KingsoftCloud, Baidu, Qiniu, UCloud]
      region:
        description: The region of the bucket, as its cloud calls it. 1 to 100 characters.
        type: str
      bucket:
        description: The name of the bucket. 1 to 1024 characters.
        type: str
      access_key:
        description:
          - The access key with which OMS reads the bucket. 1 to 100 characters.
          - Required with O(source.secret_key), O(destination.access_key) and O(destination.secret_key) to create a
            sync task, and again to start a stopped one.
          - It is never taken from the environment, or from the credentials of the module.
        type: str
      secret_key:
        description: The secret key that belongs to O(source.access_key). 1 to 100 characters.
        type: str
      crypto_type:
        description:
          - How the keys of the source are encrypted. V(KMS) requires O(source.kms_key_id).
            If not given, OMS uses V(DEFAULT).
          - OMS does not show it, so it is not compared. It is sent together with the keys.
        type: str
        choices: [DEFAULT, KMS]
      kms_key_id:
        description: The ID of the KMS key, 36 characters. Required if O(source.crypto_type=KMS).
        type: str
      app_id:
        description:
          - The APPID of the account at Tencent Cloud. Up to 255 characters.
            Required to create a sync task if O(source.cloud_type=Tencent).
        type: str
      cdn:
        description:
          - The CDN that OMS reads the objects from, instead of the bucket itself.
          - To compare it with an existing sync task, the module lists all sync tasks.
        type: dict
        suboptions:
          domain:
            description: The domain name of the CDN. Required to create a sync task with a CDN.
            type: str
          protocol:
            description: The protocol of the CDN. Required to create a sync task with a CDN.
            type: str
            choices: [http, https]
          authentication_type:
            description: How the CDN authenticates requests. A sync task is created with V(NONE) if not given.
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
            description: The key for the CDN. Up to 255 characters. Required again to start a sync task.
            type: str
          crypto_type:
            description: The same as O(source.crypto_type), for O(source.cdn.authentication_key).
            type: str
            choices: [DEFAULT, KMS]
          kms_key_id:
            description: The ID of the KMS key, 36 characters. Required if O(source.cdn.crypto_type=KMS).
            type: str
  destination:
    description: The OBS bucket that objects are copied to.
    type: dict
    suboptions:
      region:
        description:
          - The region of the bucket. 1 to 100 characters.
          - If neither this nor O(sync_task_id) is given, it is O(region) or E(HW_REGION_NAME).
        type: str
      bucket:
        description: The name of the bucket. 1 to 1024 characters.
        type: str
      access_key:
        description:
          - The access key with which OMS writes to the bucket. 1 to 100 characters.
          - It is never taken from the environment, or from the credentials of the module.
        type: str
      secret_key:
        description: The secret key that belongs to O(destination.access_key). 1 to 100 characters.
        type: str
      crypto_type:
        description: The same as O(source.crypto_type), for the keys of the destination.
        type: str
        choices: [DEFAULT, KMS]
      kms_key_id:
        description: The ID of the KMS key, 36 characters. Required if O(destination.crypto_type=KMS).
        type: str
      storage_policy:
        description:
          - The storage class of copied objects. V(SRC_STORAGE_MAPPING) uses the class that corresponds to the one at
            the source. If not given, OMS uses V(STANDARD).
        type: str
        choices: [STANDARD, IA, ARCHIVE, DEEP_ARCHIVE, SRC_STORAGE_MAPPING]
  description:
    description:
      - A description of the sync task. Up to 255 characters, and none of C(<>()"'&).
      - It distinguishes sync tasks with the same source and destination.
    type: str
  enable_metadata_migration:
    description: Whether the metadata of the objects is copied. If not given, OMS copies only the content type.
    type: bool
  enable_restore:
    description: Whether archived objects are restored, so that they can be copied. If not given, OMS does not.
    type: bool
  consistency_check:
    description:
      - How OMS checks a copied object. V(crc64) is for the clouds V(HuaweiCloud), V(Aliyun) and V(Tencent).
        If not given, OMS uses V(size_last_modified). It shows V(transmission) as C(no_check).
    type: str
    choices: [size_last_modified, crc64, transmission]
  wait:
    description:
      - Whether to wait until the sync task has reached the state.
      - A running sync task must stop before it can be deleted. The module always waits for that.
    type: bool
    default: true
  wait_timeout:
    description: The longest time to wait in all, 1 to 86400 seconds.
    type: int
    default: 300
notes:
  - The credentials need the IAM actions C(oms:synctask:list) to find a sync task by source and destination, or with
    O(source.cdn), and C(oms:synctask:get) otherwise and after each change. C(oms:synctask:create) is needed to create,
    C(oms:synctask:update) to start and to stop, and C(oms:synctask:delete) to delete.
  - If the answer to the creation is lost, the module looks for the sync task before it tries again, so that it does not
    create two.
seealso:
  - module: huaweicloud.oms.oms_sync_task_info
  - module: huaweicloud.oms.oms_sync_event
"""

EXAMPLES = r"""
- name: Create a sync task, or start it if it is stopped
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

- name: Submit an object key to it
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

- name: Start it again, for which OMS requires the keys
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
    - Whether this task created, started, stopped or deleted the sync task. In check mode, whether it would.
    - V(false) if someone else made the change, and V(true) for a task that failed after a change.
    - If the answer to a request is lost, the module reads the sync task. If it has the desired state, this is V(true),
      even if someone else made the same change.
  returned: always
  type: bool
  sample: true
sync_task_id:
  description: The ID of the sync task. V(null) if it does not exist, and in check mode if it would be created.
  returned: success, or failure other than that of an argument
  type: str
  sample: 31e9b7e6-6ffb-452f-9842-6ce354d99d75
sync_task:
  description:
    - The sync task as OMS shows it, without its counters. V(null) if it does not exist.
      M(huaweicloud.oms.oms_sync_task_info) returns the counters.
    - In check mode, what is known before the change; also with O(wait=false), if OMS does not show a new one yet.
  returned: success, or failure other than that of an argument
  type: dict
  contains:
    sync_task_id: {type: str, sample: 31e9b7e6-6ffb-452f-9842-6ce354d99d75, description: The ID.}
    status: {type: str, sample: SYNCHRONIZING, description: "V(SYNCHRONIZING) if it runs, V(STOPPED) if it is stopped."}
    src_cloud_type: {type: str, sample: AWS, description: The cloud of the source.}
    src_region: {type: str, sample: us-east-1, description: The region of the source.}
    src_bucket: {type: str, sample: photos, description: The bucket of the source.}
    dst_region: {type: str, sample: cn-north-4, description: The region of the destination.}
    dst_bucket: {type: str, sample: photos-copy, description: The bucket of the destination.}
    dst_storage_policy: {type: str, sample: IA, description: The storage class of copied objects.}
    description: {type: str, sample: Photos for the web site, description: Its description.}
    enable_metadata_migration: {type: bool, sample: false, description: Whether metadata is copied.}
    enable_restore: {type: bool, sample: false, description: Whether archived objects are restored.}
    app_id: {type: str, sample: "", description: The APPID at Tencent Cloud.}
    consistency_check:
      description: How OMS checks copied objects. C(no_check) stands for V(transmission).
      type: str
      sample: size_last_modified
    object_overwrite_mode:
      description: What OMS does with objects that exist at the destination.
      type: str
      sample: SIZE_LAST_MODIFIED_COMPARISON_OVERWRITE
    create_time: {type: int, sample: 1767225600000, description: "When it was created, in milliseconds since 1970."}
    last_start_time: {type: int, sample: 1767225600000, description: "Its last start, in milliseconds since 1970."}
    source_cdn:
      description: >-
        The domain, protocol and authentication_type of the CDN. V(null) without a CDN.
        Not returned if the sync task was found by O(sync_task_id), unless O(source.cdn) is given.
      type: dict
      sample: null
  sample: null
diff:
  description:
    - The sync task before and after, without keys, counters and C(last_start_time). Empty if it does not exist.
  returned: success, or failure other than that of an argument
  type: dict
  contains:
    before: {type: dict, sample: {}, description: The sync task before the run.}
    after:
      description: The sync task after the run. In check mode, and its status with O(wait=false), as it will be.
      type: dict
      sample: {src_bucket: photos, dst_bucket: photos-copy, status: SYNCHRONIZING}
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
        - V(timeout) also if the state was not reached within O(wait_timeout).
        - V(service) if OMS or the gateway in front of it refused the request.
        - V(credentials) if no credentials were found, if they were refused (HTTP 401), or if the project was not found.
        - V(state) if the sync task was not found, if several match, if it differs from the options, or if keys are
          missing.
      type: str
      sample: service
    http_status: {type: int, sample: 400, description: The HTTP status of the answer. V(null) if there was no answer.}
    error_code: {type: str, sample: OMS.2002, description: The error code of the service. V(null) if there was none.}
    error_msg:
      description: The text of the service. V(null) if there was none.
      type: str
      sample: The synchronization task is not found.
    error_detail: {type: str, sample: null, description: More text of the service. V(null) if there was none.}
    request_id:
      description: The request ID. V(null) if there was none.
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
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.sync_task import read_desired_state
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.sync_task_options import (
    MAX_WAIT_SECONDS,
    sync_task_argument_spec,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._session import run_operation


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {**sync_task_argument_spec(), **connection_argument_spec()}


def set_state(module: AnsibleModule) -> dict[str, t.Any]:
    """Do what the task asks for, and say how it went; raise an OmsError if it failed."""
    options = module.params
    _source, region = option_or_environment("region", options, os.environ, ("HW_REGION_NAME",))
    desired = read_desired_state(options, region)
    check_range("wait_timeout", options["wait_timeout"], 1, MAX_WAIT_SECONDS, "seconds")

    def operate(client: Client, clock: Clock, result: dict[str, t.Any]) -> None:
        waiting = options["wait"], options["wait_timeout"]
        change = Change(client, clock, desired, *waiting, options["retries"], options["retry_max_delay"])
        try:
            change.run(module.check_mode)
        finally:
            result["changed"] = change.changed
            result["sync_task_id"] = change.sync_task_id
            result["sync_task"] = change.task
            result["diff"] = {"before": change.before, "after": change.after}
            for text in change.warnings:
                module.warn(text)

    unchanged: dict[str, t.Any] = {
        "sync_task_id": desired.sync_task_id,
        "sync_task": None,
        "diff": {"before": {}, "after": {}},
    }
    return run_operation(module, operate, unchanged, desired.secrets)


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        result = set_state(module)
    except OmsError as error:
        module.fail_json(msg=str(error), **error.result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
