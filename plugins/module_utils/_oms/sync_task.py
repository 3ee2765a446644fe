# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Sync tasks as a playbook describes them: checked, found among those there are, and told apart from them.

Options go by their paths, ``source.region`` for example, which is also what messages call them. The fields of a task
and their limits are those of CreateSyncTask and StartSyncTask (oms-api.md, section 2).

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import check_path_segment
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import listed, quoted

PRESENT = "present"
STARTED = "started"
STOPPED = "stopped"
ABSENT = "absent"

# The kind of a failure where OMS is well, but the sync task is another one than the playbook says, or none.
# Documented as RV(error.kind).
STATE = "state"

# So many sync tasks OMS allows a tenant (CreateSyncTask, constraints).
MAX_TASKS = 5

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

# What a task is known by, as there are no names.
_IDENTITY = {
    "source.cloud_type": "src_cloud_type",
    "source.region": "src_region",
    "source.bucket": "src_bucket",
    "destination.region": "dst_region",
    "destination.bucket": "dst_bucket",
}
# What a task shows, and what can be compared.
_SHOWN = {
    **_IDENTITY,
    "source.app_id": "app_id",
    "destination.storage_policy": "dst_storage_policy",
    "description": "description",
    "enable_metadata_migration": "enable_metadata_migration",
    "enable_restore": "enable_restore",
    "consistency_check": "consistency_check",
}
_SHOWN_OF_CDN = {
    "source.cdn.domain": "domain",
    "source.cdn.protocol": "protocol",
    "source.cdn.authentication_type": "authentication_type",
}
_KEYS = {
    "source.access_key": "src_ak",
    "source.secret_key": "src_sk",
    "destination.access_key": "dst_ak",
    "destination.secret_key": "dst_sk",
}
# What goes with the keys, at creation and at each start.
_CRYPTO = {
    "source.crypto_type": "src_crypto_type",
    "source.kms_key_id": "src_kms_key_id",
    "destination.crypto_type": "dst_crypto_type",
    "destination.kms_key_id": "dst_kms_key_id",
}
_SECRET_OF_CDN = {
    "source.cdn.authentication_key": "authentication_key",
    "source.cdn.crypto_type": "crypto_type",
    "source.cdn.kms_key_id": "kms_key_id",
}
_CDN = {**_SHOWN_OF_CDN, **_SECRET_OF_CDN}
SECRETS = (*_KEYS, "source.cdn.authentication_key")

# The fewest and the most characters.
_LENGTHS = {
    "source.region": (1, 100),
    "source.bucket": (1, 1024),
    "destination.region": (1, 100),
    "destination.bucket": (1, 1024),
    **dict.fromkeys(_KEYS, (1, 100)),
    "source.app_id": (0, 255),
    # Its limit is not documented: this is that of a host's name, with room for a path.
    "source.cdn.domain": (1, 1024),
    "source.cdn.authentication_key": (0, 255),
    "source.kms_key_id": (36, 36),
    "source.cdn.kms_key_id": (36, 36),
    "destination.kms_key_id": (36, 36),
    "description": (0, 255),
}
_NEVER_IN_DESCRIPTION = "<>()\"'&"

# They grow by themselves, month by month: they are nothing that a playbook sets, or that a diff should show.
_COUNTERS = "monthly_"


@dataclass(frozen=True)
class Wanted:
    """The sync task that a playbook asks for.

    :arg given: the options that describe it, by their paths.
    """

    state: str
    sync_task_id: str | None
    given: t.Mapping[str, t.Any] = field(repr=False)

    @property
    def has_cdn(self) -> bool:
        return any(path in self.given for path in _CDN)

    @property
    def secrets(self) -> list[str]:
        return [self.given[path] for path in SECRETS if path in self.given]

    @property
    def way(self) -> str:
        """Where objects go from and to: there is no other name for a task whose id is not given."""
        source = " ".join(self.given[path] for path in ("source.cloud_type", "source.region", "source.bucket"))
        return f"from {source} to {self.given['destination.region']} {self.given['destination.bucket']}"


def read_wanted(options: t.Mapping[str, t.Any]) -> Wanted:
    """Check all that the options say of a sync task.

    :arg options: the module's parameters.
    :raises ArgumentError: names the option, the rule and the remedy; it never shows a key.
    """
    known = {**_SHOWN, **_KEYS, **_CRYPTO, **_CDN}
    given = {path: value for path, value in _flat(options) if path in known and value is not None}
    if options["sync_task_id"] is not None:
        check_path_segment("sync_task_id", options["sync_task_id"])
    for path, value in given.items():
        if path in _LENGTHS:
            _check_length(path, value, *_LENGTHS[path])
        if path in SECRETS:
            _check_key(path, value)
    bad = re.search(f"[{_NEVER_IN_DESCRIPTION}]", given.get("description", ""))
    if bad:
        raise ArgumentError(
            f"description: has {quoted(bad[0])} at character {bad.start() + 1}:"
            f" none of {_NEVER_IN_DESCRIPTION} is allowed, take it away"
        )
    wanted = Wanted(options["state"], options["sync_task_id"], given)
    missing = [path for path in _IDENTITY if path not in given]
    if wanted.sync_task_id is None and missing:
        raise ArgumentError(
            f"{listed(missing)}: without sync_task_id, a sync task is found by its source and its destination:"
            " give them all, or sync_task_id"
        )
    keys = missing_keys(wanted)
    if wanted.state in (PRESENT, STARTED) and 0 < len(keys) < len(_KEYS):
        raise ArgumentError(f"{listed(keys)}: the keys of source and destination go together: give all four")
    return wanted


def _flat(options: t.Mapping[str, t.Any], where: str = "") -> t.Iterator[tuple[str, t.Any]]:
    for name, value in options.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{where}{name}.")
        else:
            yield f"{where}{name}", value


def _check_length(path: str, value: str, least: int, most: int) -> None:
    if least <= len(value) <= most:
        return
    if least == most:
        raise ArgumentError(f"{path}: has {len(value)} characters: it is an id of {most} characters")
    if not value:
        raise ArgumentError(f"{path}: is empty: {least} to {most} characters are needed, give it or leave it out")
    raise ArgumentError(f"{path}: has {len(value)} characters: at most {most} are allowed, shorten it")


def _check_key(path: str, value: str) -> None:
    if value != value.strip():
        # base64 and echo add a line break, and a wrong key is found out only when copying fails.
        raise ArgumentError(f"{path}: starts or ends with a blank or a line break: take it away")


def missing_keys(wanted: Wanted) -> list[str]:
    """The options with keys that are not given, of the four that OMS needs to create or start a task."""
    return [path for path in _KEYS if path not in wanted.given]


def missing_to_create(wanted: Wanted) -> list[str]:
    """The options that are not given and that OMS needs to create a task."""
    needed = list(_KEYS)
    if wanted.given["source.cloud_type"] == "Tencent":
        needed.append("source.app_id")
    if wanted.has_cdn:
        needed += ["source.cdn.domain", "source.cdn.protocol"]
    return [path for path in needed if not wanted.given.get(path)]


def matching(wanted: Wanted, tasks: t.Iterable[dict[str, t.Any]]) -> dict[str, t.Any] | None:
    """The one task with the wanted source and destination, or None.

    Where several have them, the description says which one is meant.

    :raises Failure: several are left.
    """
    found = [task for task in tasks if all(task.get(name) == wanted.given[path] for path, name in _IDENTITY.items())]
    if len(found) > 1 and "description" in wanted.given:
        described = [task for task in found if _is("description", task, wanted.given["description"])]
        found = described or found
    if len(found) > 1:
        ids = listed([f"{task['sync_task_id']} ({_said(task.get('description'))})" for task in found])
        raise Failure(
            STATE,
            f"more than one sync task goes {wanted.way}: {ids}",
            "Give sync_task_id, or the description of one of them",
        )
    return found[0] if found else None


def differences(wanted: Wanted, task: t.Mapping[str, t.Any]) -> list[str]:
    """What a task has otherwise than is wanted, each as a part of a sentence; what it does not show is left out."""
    source_cdn = task.get("source_cdn")
    cdn: t.Mapping[str, t.Any] = source_cdn if isinstance(source_cdn, dict) else {}
    places = [(path, name, task) for path, name in _SHOWN.items()]
    places += [(path, name, cdn) for path, name in _SHOWN_OF_CDN.items()]
    found = [
        f"{path} is {_said(shown.get(name))} and not {_said(wanted.given[path])}"
        for path, name, shown in places
        if path in wanted.given and not _is(name, shown, wanted.given[path])
    ]
    if wanted.has_cdn and "source_cdn" in task and not cdn:
        found.append("source.cdn is given and the task has none")
    return found


def _is(name: str, shown: t.Mapping[str, t.Any], value: t.Any) -> bool:
    """Whether a field has a value, as far as one can see."""
    if name == "description":
        return bool((shown.get(name) or "") == value)
    return shown.get(name) is None or bool(shown[name] == value)


def _said(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else quoted(str(value or ""))


def creation(wanted: Wanted) -> dict[str, t.Any]:
    """The body that creates the task."""
    fields = _named(wanted, {**_SHOWN, **_KEYS, **_CRYPTO})
    if wanted.has_cdn:
        # OMS wants it to be said.
        fields["source_cdn"] = {"authentication_type": "NONE", **_named(wanted, _CDN)}
    return fields


def start(wanted: Wanted) -> dict[str, t.Any]:
    """The body that starts the task."""
    cdn = {path: f"source_cdn_{name}" for path, name in _SECRET_OF_CDN.items()}
    return _named(wanted, {**_KEYS, **_CRYPTO, **cdn})


def _named(wanted: Wanted, names: t.Mapping[str, str]) -> dict[str, t.Any]:
    return {name: wanted.given[path] for path, name in names.items() if path in wanted.given}


def planned(wanted: Wanted, status: str) -> dict[str, t.Any]:
    """What is known beforehand of a task that is created, without keys.

    :arg status: the one that it will have.
    """
    cdn = {"authentication_type": "NONE", **_named(wanted, _SHOWN_OF_CDN)} if wanted.has_cdn else None
    return {**_named(wanted, _SHOWN), "source_cdn": cdn, "status": status}


def without_counters(task: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """A task without what it counts month by month."""
    return {name: value for name, value in task.items() if not name.startswith(_COUNTERS)}
