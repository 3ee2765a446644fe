# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The options that describe a sync task: their checks, and the bodies of requests that are made of them.

Options go by their paths, ``source.region`` for example, which is also what messages call them. The fields of a task
and their limits are those of CreateSyncTask and StartSyncTask.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import check_path_segment
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.sync_task_options import PRESENT, STARTED
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import counted, listed, quoted

# CreateSyncTask, constraints: the sync tasks that a tenant may have.
MAX_TASKS = 5

# The fields that identify a task, which has no name.
IDENTITY = {
    "source.cloud_type": "src_cloud_type",
    "source.region": "src_region",
    "source.bucket": "src_bucket",
    "destination.region": "dst_region",
    "destination.bucket": "dst_bucket",
}
# The fields that OMS shows, which can be compared.
SHOWN = {
    **IDENTITY,
    "source.app_id": "app_id",
    "destination.storage_policy": "dst_storage_policy",
    "description": "description",
    "enable_metadata_migration": "enable_metadata_migration",
    "enable_restore": "enable_restore",
    "consistency_check": "consistency_check",
}
SHOWN_OF_CDN = {
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
# Sent together with the keys, to create and to start a task.
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
_CDN = {**SHOWN_OF_CDN, **_SECRET_OF_CDN}
SECRETS = (*_KEYS, "source.cdn.authentication_key")

# The fewest and the most characters.
_LENGTHS = {
    "source.region": (1, 100),
    "source.bucket": (1, 1024),
    "destination.region": (1, 100),
    "destination.bucket": (1, 1024),
    **dict.fromkeys(_KEYS, (1, 100)),
    "source.app_id": (0, 255),
    # Its limit is not documented. This one allows a host name and a path.
    "source.cdn.domain": (1, 1024),
    "source.cdn.authentication_key": (0, 255),
    "source.kms_key_id": (36, 36),
    "source.cdn.kms_key_id": (36, 36),
    "destination.kms_key_id": (36, 36),
    "description": (0, 255),
}
_NEVER_IN_DESCRIPTION = "<>()\"'&"

# The value of consistency_check that OMS accepts, and the one that it shows for it.
_TRANSMISSION = "transmission"
_TRANSMISSION_SHOWN = "no_check"

# The prefix of the monthly counters, which change by themselves.
_COUNTERS = "monthly_"
# Changes with each start, and can't be predicted.
_START_TIME = "last_start_time"


@dataclass(frozen=True)
class DesiredState:
    """The desired state of a sync task.

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
    def places(self) -> str:
        """Source and destination, which identify a task in messages if its id is not given."""
        source = " ".join(self.given[path] for path in ("source.cloud_type", "source.region", "source.bucket"))
        return f"from {source} to {self.given['destination.region']} {self.given['destination.bucket']}"


def read_desired_state(options: t.Mapping[str, t.Any], region: str | None = None) -> DesiredState:
    """Read and check the options that describe a sync task.

    :arg options: the module's parameters.
    :arg region: the region of OMS, which is that of the destination where the options name none.
    :raises ArgumentError: names the option, the rule and the remedy; it never shows a key.
    """
    known = {**SHOWN, **_KEYS, **_CRYPTO, **_CDN}
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
            f"description contains {quoted(bad[0])} at character {bad.start() + 1}."
            f" OMS does not allow the characters {_NEVER_IN_DESCRIPTION}; remove it."
        )
    if options["sync_task_id"] is None and region:
        given.setdefault("destination.region", region)
    desired = DesiredState(options["state"], options["sync_task_id"], given)
    missing = [path for path in IDENTITY if path not in given]
    if desired.sync_task_id is None and missing:
        raise ArgumentError(
            f"{are(missing)} required without sync_task_id, because a sync task is found by its source and destination."
            f" Give {'it' if len(missing) == 1 else 'them'}, or sync_task_id."
        )
    keys = missing_keys(desired)
    if desired.state in (PRESENT, STARTED) and 0 < len(keys) < len(_KEYS):
        raise ArgumentError(
            f"{are(keys)} missing. OMS needs the keys of source and destination together; give all four."
        )
    return desired


def are(paths: t.Sequence[str]) -> str:
    """``a is``, ``a and b are``."""
    return f"{listed(paths)} {'is' if len(paths) == 1 else 'are'}"


def _flat(options: t.Mapping[str, t.Any], where: str = "") -> t.Iterator[tuple[str, t.Any]]:
    for name, value in options.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{where}{name}.")
        else:
            yield f"{where}{name}", value


def _check_length(path: str, value: str, least: int, most: int) -> None:
    if least <= len(value) <= most:
        return
    if not value:
        raise ArgumentError(f"{path} is empty. It must have {least} to {most} characters; correct it or omit it.")
    count = counted(len(value), "character")
    if least == most:
        raise ArgumentError(f"{path} has {count}. It must be an id of {most} characters; correct it.")
    raise ArgumentError(f"{path} has {count}. At most {most} are allowed; shorten it.")


def _check_key(path: str, value: str) -> None:
    if value != value.strip():
        # base64 and echo add a line break, and OMS reports a wrong key only when it fails to copy.
        raise ArgumentError(f"{path} begins or ends with whitespace. Remove it.")


def missing_keys(desired: DesiredState) -> list[str]:
    """The options with keys that are not given, of the four that OMS needs to create or start a task."""
    return [path for path in _KEYS if path not in desired.given]


def missing_to_create(desired: DesiredState) -> list[str]:
    """The options that are not given and that OMS needs to create a task."""
    needed = list(_KEYS)
    if desired.given["source.cloud_type"] == "Tencent":
        needed.append("source.app_id")
    if desired.has_cdn:
        needed += ["source.cdn.domain", "source.cdn.protocol"]
    return [path for path in needed if not desired.given.get(path)]


def creation(desired: DesiredState) -> dict[str, t.Any]:
    """The body that creates the task."""
    fields = _named(desired, {**SHOWN, **_KEYS, **_CRYPTO})
    if desired.has_cdn:
        # OMS requires the field.
        fields["source_cdn"] = {"authentication_type": "NONE", **_named(desired, _CDN)}
    return fields


def start(desired: DesiredState) -> dict[str, t.Any]:
    """The body that starts the task."""
    cdn = {path: f"source_cdn_{name}" for path, name in _SECRET_OF_CDN.items()}
    return _named(desired, {**_KEYS, **_CRYPTO, **cdn})


def _named(desired: DesiredState, names: t.Mapping[str, str]) -> dict[str, t.Any]:
    return {name: desired.given[path] for path, name in names.items() if path in desired.given}


def as_shown(name: str, value: t.Any) -> t.Any:
    """The value that OMS shows for a value that it was given."""
    return _TRANSMISSION_SHOWN if (name, value) == ("consistency_check", _TRANSMISSION) else value


def planned(desired: DesiredState, status: str) -> dict[str, t.Any]:
    """A task that will be created, as far as it is known before, without keys.

    :arg status: the one that it will have.
    """
    cdn = {"authentication_type": "NONE", **_named(desired, SHOWN_OF_CDN)} if desired.has_cdn else None
    fields = {name: as_shown(name, value) for name, value in _named(desired, SHOWN).items()}
    return {**fields, "source_cdn": cdn, "status": status}


def without_start_time(task: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """A task as a diff shows it."""
    return {name: value for name, value in task.items() if name != _START_TIME}


def without_counters(task: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """A task without its monthly counters."""
    return {name: value for name, value in task.items() if not name.startswith(_COUNTERS)}
