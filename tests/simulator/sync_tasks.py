# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Sync tasks: their fields, how their states change and what they count, as the API reference of OMS has it.

What the reference does not say is marked with "Guess".
"""

from __future__ import annotations

import json
import re
import time
import typing as t
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from urllib.parse import unquote_plus

from .copying import BUCKET_SECONDS, SERIES, Counters, Policy
from .faults import error
from .http_server import Reply, Request

SYNCHRONIZING = "SYNCHRONIZING"
STOPPED = "STOPPED"
# CreateSyncTask, constraints: so many a tenant may create.
MAX_TASKS = 5
# ListSyncTasks, table 2.
MAX_LIMIT = 100
MAX_OFFSET = 10000

# Guess: from which time range on they come by the hour is not documented.
MAX_FINE_SECONDS = 86400

_CLOUDS = (
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
_POLICIES = ("STANDARD", "IA", "ARCHIVE", "DEEP_ARCHIVE", "SRC_STORAGE_MAPPING")
_CHECKS = ("size_last_modified", "crc64", "transmission")
_CRYPTO = ("DEFAULT", "KMS")
_AUTHENTICATION = (
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

Check = t.Callable[[t.Any], bool]


def _text(least: int, most: int, never: str = "") -> Check:
    return lambda value: isinstance(value, str) and least <= len(value) <= most and not set(value) & set(never)


def _one_of(*values: str) -> Check:
    return lambda value: value in values


def _boolean(value: t.Any) -> bool:
    return isinstance(value, bool)


# Of each field of a request whether it must be there, and what it may hold.
_KEYS: dict[str, tuple[bool, Check]] = {
    **{name: (True, _text(1, 100)) for name in ("src_ak", "src_sk", "dst_ak", "dst_sk")},
    **{name: (False, _one_of(*_CRYPTO)) for name in ("src_crypto_type", "dst_crypto_type")},
    **{name: (False, _text(36, 36)) for name in ("src_kms_key_id", "dst_kms_key_id")},
}
START: dict[str, tuple[bool, Check]] = {
    **_KEYS,
    "source_cdn_authentication_key": (False, _text(0, 255)),
    "source_cdn_crypto_type": (False, _one_of(*_CRYPTO)),
    "source_cdn_kms_key_id": (False, _text(36, 36)),
}
CDN: dict[str, tuple[bool, Check]] = {
    "domain": (True, _text(1, 1024)),
    "protocol": (True, _one_of("http", "https")),
    "authentication_type": (True, _one_of(*_AUTHENTICATION)),
    "authentication_key": (False, _text(0, 255)),
    "crypto_type": (False, _one_of(*_CRYPTO)),
    "kms_key_id": (False, _text(36, 36)),
}
CREATE: dict[str, tuple[bool, Check]] = {
    **_KEYS,
    "src_cloud_type": (False, _one_of(*_CLOUDS)),
    "src_region": (True, _text(1, 100)),
    "src_bucket": (True, _text(1, 1024)),
    "dst_region": (True, _text(1, 100)),
    "dst_bucket": (True, _text(1, 1024)),
    "description": (False, _text(0, 255, "<>()\"'&")),
    "enable_metadata_migration": (False, _boolean),
    "enable_restore": (False, _boolean),
    "dst_storage_policy": (False, _one_of(*_POLICIES)),
    "app_id": (False, _text(0, 255)),
    "source_cdn": (False, lambda value: _broken(value, CDN) is None),
    "consistency_check": (False, _one_of(*_CHECKS)),
}
# Answers never say "transmission": the reference lists size_last_modified, crc64 and no_check.
_CHECK_SHOWN = {"transmission": "no_check"}
# What a task has where its creator did not say.
DEFAULTS: dict[str, t.Any] = {
    "src_cloud_type": "Aliyun",
    "description": "",
    "enable_metadata_migration": False,
    "enable_restore": False,
    "app_id": "",
    "dst_storage_policy": "STANDARD",
    "consistency_check": "size_last_modified",
}
# What a task has that a test merely says to exist.
EXAMPLE: dict[str, t.Any] = {
    "src_cloud_type": "AWS",
    "src_region": "us-east-1",
    "src_bucket": "source",
    "dst_region": "cn-north-4",
    "dst_bucket": "destination",
}
# What never comes back.
_SECRET = {*_KEYS, "source_cdn"}


def _broken(value: t.Any, rules: dict[str, tuple[bool, Check]]) -> str | None:
    """What is wrong with a JSON object; None where nothing is."""
    if not isinstance(value, dict):
        return "no object"
    unknown = sorted(set(value) - set(rules))
    missing = sorted(name for name, (required, _check) in rules.items() if required and name not in value)
    # Guess: a null stands for a field that is left out.
    wrong = sorted(
        name
        for name, given in value.items()
        if name in rules and not (rules[name][1](given) or (given is None and not rules[name][0]))
    )
    return ", ".join([*unknown, *missing, *wrong]) or None


@dataclass
class SyncTask:
    """A sync task; ``status`` is what it shows, and the time at which it becomes another one."""

    sync_task_id: str
    project_id: str
    status: str = SYNCHRONIZING
    fields: dict[str, t.Any] = field(default_factory=lambda: dict(EXAMPLE))
    create_time: int = 0
    last_start_time: int = 0
    source_cdn: dict[str, t.Any] | None = None
    accepted_keys: list[str] = field(default_factory=list)
    counters: Counters = field(default_factory=Counters)
    changes: tuple[float, str] | None = None

    def shown(self) -> dict[str, t.Any]:
        return {
            "sync_task_id": self.sync_task_id,
            **DEFAULTS,
            **self.fields,
            "create_time": self.create_time,
            "last_start_time": self.last_start_time,
            "status": self.status,
            "object_overwrite_mode": "SIZE_LAST_MODIFIED_COMPARISON_OVERWRITE",
        }

    def become(self, status: str, at: float) -> None:
        self.changes = (at, status)

    def settle(self, now: float) -> None:
        """Become what it is by now."""
        if self.changes and self.changes[0] <= now:
            self.status, self.changes = self.changes[1], None
        self.counters.settle(now)


class SyncTasks:
    """All sync tasks of a tenant, and what can be done with them."""

    def __init__(self, settings: dict[str, t.Any]) -> None:
        self.tasks: dict[tuple[str, str], SyncTask] = {}
        self._settings = settings
        self._policy = Policy()

    def set_policy(self) -> None:
        """Take over what the settings say of copying."""
        names = Policy.__dataclass_fields__
        self._policy = Policy(**{name: self._settings[name] for name in names})

    def now(self) -> float:
        """The simulated wall clock, in seconds."""
        return time.time() + float(self._settings["now_offset"])

    def _zone(self) -> timezone:
        return timezone(timedelta(hours=self._settings["month_zone"]))

    def add(self, sync_task_id: str, project_id: str, status: str, fields: dict[str, t.Any]) -> SyncTask:
        milliseconds = int(self.now() * 1000)
        cdn = fields.pop("source_cdn", None)
        task = SyncTask(sync_task_id, project_id, status, fields, milliseconds, milliseconds, cdn)
        self.tasks[project_id, sync_task_id] = task
        return task

    def find(self, project_id: str, sync_task_id: str) -> SyncTask | None:
        task = self.tasks.get((project_id, sync_task_id))
        # Events come by the thousand, and a state changes seldom: only then the clock is read.
        if task is not None and task.changes:
            task.settle(self.now())
        return task

    def accept(self, task: SyncTask, keys: list[str]) -> None:
        """Take over an event's objects; OMS decodes each key once."""
        names = list(map(unquote_plus, keys))
        task.accepted_keys += names
        task.counters.accept(self.now(), names, self._policy)

    # ---- operations

    def create(self, request: Request, project_id: str, sync_task_id: str) -> Reply:
        body = _body(request)
        wrong = _broken(body, CREATE)
        if wrong:
            return invalid(wrong)
        if body.get("src_cloud_type") == "Tencent" and not body.get("app_id"):
            return invalid("app_id")
        if len(self.tasks) >= MAX_TASKS:
            # Guess: the code is documented for migration tasks. Whether stopped tasks count is not documented, either.
            return error(400, "OMS.0077", "The number of tasks has reached the upper limit.")
        cdn = body.get("source_cdn")
        shown = {name: value for name, value in body.items() if name not in _SECRET and value is not None}
        if "consistency_check" in shown:
            shown["consistency_check"] = _CHECK_SHOWN.get(shown["consistency_check"], shown["consistency_check"])
        if cdn:
            shown["source_cdn"] = {name: cdn[name] for name in ("domain", "protocol", "authentication_type")}
        task = self.add(sync_task_id, project_id, SYNCHRONIZING, shown)
        if self._settings["state_delay"]:
            task.status = STOPPED
            self._become(task, SYNCHRONIZING)
        return as_json({"sync_task_id": sync_task_id})

    def page(self, query: dict[str, list[str]], project_id: str) -> Reply:
        try:
            limit, offset = int(query.get("limit", ["10"])[0]), int(query.get("offset", ["0"])[0])
        except ValueError:
            return invalid("limit, offset")
        status = query.get("status", [None])[0]
        if not 1 <= limit <= MAX_LIMIT or not 0 <= offset <= MAX_OFFSET or status not in (None, SYNCHRONIZING, STOPPED):
            return invalid("limit, offset, status")
        now = self.now()
        for task in self.tasks.values():
            task.settle(now)
        found = [
            task for task in self.tasks.values() if task.project_id == project_id and status in (None, task.status)
        ]
        shown = [{**task.shown(), "source_cdn": task.source_cdn} for task in found[offset : offset + limit]]
        return as_json({"tasks": shown, "count": len(found)})

    def show(self, query: dict[str, list[str]], task: SyncTask) -> Reply:
        at = _milliseconds(query, "query_time")
        if at is None:
            return invalid("query_time")
        task.settle(self.now())
        requests, successes, failures, skips, size = task.counters.of_month(at, self._zone())
        counters = {
            "monthly_acceptance_request": requests,
            "monthly_success_object": successes,
            "monthly_failure_object": failures,
            "monthly_skip_object": skips,
            "monthly_size": size,
        }
        return as_json({**task.shown(), **counters})

    def statistics(self, query: dict[str, list[str]], task: SyncTask) -> Reply:
        wanted = query.get("data_type", [""])[0].split(",")
        start, end = _milliseconds(query, "start_time"), _milliseconds(query, "end_time")
        if not set(wanted) <= set(SERIES) or start is None or end is None or start > end:
            return invalid("data_type, start_time, end_time")
        task.settle(self.now())
        fine = end - start <= MAX_FINE_SECONDS
        seconds = BUCKET_SECONDS if fine else 3600
        series = [
            {"data_type": name, "data": task.counters.series(SERIES.index(name), start, end, seconds)}
            for name in wanted
        ]
        return as_json(
            {
                "sync_task_id": task.sync_task_id,
                "statistic_time_type": "FIVE_MINUTES" if fine else "ONE_HOUR",
                "statistic_datas": series,
            }
        )

    def start(self, request: Request, task: SyncTask) -> Reply:
        wrong = _broken(_body(request), START)
        if wrong:
            return invalid(wrong)
        if SYNCHRONIZING in (task.status, *(task.changes or ())):
            return error(400, "OMS.0065", "The task has already been started.")
        task.last_start_time = int(self.now() * 1000)
        self._become(task, SYNCHRONIZING)
        return Reply(200)

    def stop(self, task: SyncTask) -> Reply:
        if STOPPED in (task.status, *(task.changes or ())):
            return error(400, "OMS.0066", "The task is not running.")
        self._become(task, STOPPED)
        return Reply(200)

    def delete(self, task: SyncTask) -> Reply:
        if task.status == SYNCHRONIZING:
            return error(400, "OMS.0063", "The task is in progress. Stop it before you delete it.")
        del self.tasks[task.project_id, task.sync_task_id]
        return Reply(200)

    def _become(self, task: SyncTask, status: str) -> None:
        now = self.now()
        task.become(status, now + float(self._settings["state_delay"]))
        task.settle(now)


def _body(request: Request) -> t.Any:
    """The body as JSON; None where it is none."""
    if not (request.header("content-type") or "").startswith("application/json"):
        return None
    try:
        return json.loads(request.body)
    except ValueError:
        return None


def _milliseconds(query: dict[str, list[str]], name: str) -> float | None:
    """A time of the query in seconds; None where it is missing or not a number of milliseconds."""
    value = query.get(name, [""])[0]
    # More digits are beyond the years that Python knows.
    return int(value) / 1000 if re.fullmatch("[0-9]{1,14}", value) else None


def invalid(detail: str) -> Reply:
    """A refused parameter. Guess: that the text names it."""
    return error(400, "OMS.0064", f"Invalid request parameters: {detail}.")


def as_json(value: t.Any) -> Reply:
    return Reply(200, json.dumps(value).encode(), {"Content-Type": "application/json"})
