# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The argument spec of the module that manages sync tasks: states, choices and suboptions.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import typing as t

PRESENT = "present"
STARTED = "started"
STOPPED = "stopped"
ABSENT = "absent"

CLOUD_TYPES = (
    "AWS",
    "Azure",
    "Aliyun",
    "Tencent",
    "HuaweiCloud",
    "QingCloud",
    "KingsoftCloud",
    "Baidu",
    "Qiniu",
    "UCloud",
)
STORAGE_POLICIES = ("STANDARD", "IA", "ARCHIVE", "DEEP_ARCHIVE", "SRC_STORAGE_MAPPING")
CONSISTENCY_CHECKS = ("size_last_modified", "crc64", "transmission")
CRYPTO_TYPES = ("DEFAULT", "KMS")
AUTHENTICATION_TYPES = (
    "NONE",
    "QINIU_PRIVATE_AUTHENTICATION",
    "ALIYUN_OSS_A",
    "ALIYUN_OSS_B",
    "ALIYUN_OSS_C",
    "KSYUN_PRIVATE_AUTHENTICATION",
    "AZURE_SAS_TOKEN",
    "TENCENT_COS_A",
    "TENCENT_COS_B",
    "TENCENT_COS_C",
    "TENCENT_COS_D",
)

# A day. OMS documents no limit.
MAX_WAIT_SECONDS = 86400


def sync_task_argument_spec() -> dict[str, dict[str, t.Any]]:
    """The options of a sync task. They have no defaults: only given options are compared with an existing task."""
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
    }
