# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Only the sync task that is meant is changed, and what OMS may answer on the way."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID
from ansible_collections.huaweicloud.oms.tests.integration.module_tasks import ModuleTasks
from ansible_collections.huaweicloud.oms.tests.integration.test_sync_tasks import INFO, TASK, empty, writing
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator
from ansible_collections.huaweicloud.oms.tests.simulator.sync_tasks import EXAMPLE

__all__ = ["empty"]

KEYS = {"access_key": "key-of-a-bucket", "secret_key": "secret-of-a-bucket"}
CDN = {"domain": "cdn.example", "protocol": "https", "authentication_type": "NONE"}


def places(bucket: str, **destination: str) -> dict[str, t.Any]:
    """The options for a task with a bucket of its own as source. The region of the destination is the one called."""
    source = {"cloud_type": "AWS", "region": "us-east-1", "bucket": bucket, **KEYS}
    return {"source": source, "destination": {"bucket": "destination", **KEYS, **destination}}


class Row(t.NamedTuple):
    """A task of the playbook, and what comes of it."""

    options: dict[str, t.Any]
    changed: bool = False
    kind: str | None = None
    words: str = ""
    module: str = TASK
    warning: str = ""


OTHER = {"description": "other"}
MATCHES = [
    # Two tasks with the same source and destination: the second run deletes nothing.
    Row({**places("twins"), "state": "absent"}, kind="state", words="More than one sync task"),
    Row({**places("twins"), "state": "started", **OTHER, "enable_restore": True}, changed=True),
    Row({**places("twins"), "state": "absent", "description": "nightly"}, changed=True),
    Row({**places("twins"), "state": "absent", "description": "nightly"}, warning="description is"),
    Row({**places("twins"), "state": "stopped", "description": "nightly"}, kind="state", words="none can be stopped"),
    # With an id, an option that contradicts the task.
    *(
        Row({"sync_task_id": "by-id", "state": state, **option}, kind="state", words="differs from the options")
        for state, option in (
            ("absent", OTHER),
            ("absent", {"source": {"bucket": "other"}}),
            ("stopped", {"destination": {"storage_policy": "IA"}}),
            ("started", OTHER),
        )
    ),
    Row({"sync_task_id": "by-id", "state": "absent", "source": {"cdn": CDN}}, kind="state", words="has no CDN"),
    Row({**places("by-id"), "enable_restore": True}, kind="state", words="enable_restore is false, not true"),
    # What OMS shows as no_check.
    Row({**places("transmission"), "consistency_check": "transmission"}, changed=True),
    Row({**places("transmission"), "consistency_check": "transmission"}),
    Row({**places("transmission"), "consistency_check": "crc64"}, kind="state", words='is "no_check", not "crc64"'),
]
ANSWERS = [
    # An id that does not exist.
    *(Row({"sync_task_id": f"missing-{code}", "state": "absent"}) for code in ("2002", "1009", "0054", "404")),
    *(
        Row({"sync_task_id": f"missing-{code}", "state": "stopped"}, kind="state", words="was not found")
        for code in ("2002", "404")
    ),
    Row({"sync_task_id": "missing-2002"}, module=INFO),
    *(
        Row(
            {"sync_task_id": "behind-a-proxy", "state": state},
            kind="service",
            words="This error does not mean that the sync task is missing",
        )
        for state in ("absent", "stopped")
    ),
    Row({"sync_task_id": "behind-a-proxy"}, module=INFO, kind="service", words="HTTP 404"),
    # Lists: an odd entry, and one that is too short.
    Row({"status": "STOPPED"}, module=INFO),
    Row({"status": "SYNCHRONIZING"}, module=INFO, kind="service", words="OMS listed 0 of 2"),
]


def run_rows(rows: list[Row], module_tasks: ModuleTasks, connection: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """The results of a playbook, each as its row says."""
    run = module_tasks.playbook([{row.module: {**connection, **row.options}} for row in rows])
    assert len(run.results) == len(rows), run.output
    for row, result in zip(rows, run.results, strict=True):
        assert (result["failed"], result["changed"]) == (row.kind is not None, row.changed), (row, result)
        assert (result["error"] or {}).get("kind") == row.kind, (row, result)
        assert row.words in result.get("msg", ""), (row, result)
        assert row.warning in str(result.get("warnings")), (row, result)
    return run.results


def test_only_the_task_that_is_meant_is_changed(
    empty: Simulator, module_tasks: ModuleTasks, connection: dict[str, t.Any]
) -> None:
    empty.add_task("nightly", PROJECT_ID, "STOPPED", src_bucket="twins", description="nightly")
    empty.add_task("production", PROJECT_ID, src_bucket="twins", description="production")
    empty.add_task("by-id", PROJECT_ID, src_bucket="by-id")
    results = run_rows(MATCHES, module_tasks, connection)

    twin, transmission = (each["sync_task_id"] for each in results if each["changed"] and each["sync_task"])
    assert writing(empty) == ["POST ", "DELETE nightly", "POST "]
    assert empty.statuses() == dict.fromkeys(("production", "by-id", twin, transmission), "SYNCHRONIZING")


def test_what_oms_may_answer(empty: Simulator, module_tasks: ModuleTasks, connection: dict[str, t.Any]) -> None:
    for name, status, code in (
        ("missing-1009", 400, "OMS.1009"),
        ("missing-0054", 400, "OMS.0054"),
        ("missing-404", 404, "OMS.1009"),
    ):
        body = json.dumps({"error_code": code, "error_msg": "m"})
        empty.fault("answer", path=name, status=status, body=body, times=None)
    plain = {"Content-Type": "text/plain"}
    empty.fault("answer", path="behind-a-proxy", status=404, body="not found", headers=plain, times=None)
    odd = [{"sync_task_id": None, "status": None}, {**EXAMPLE, "sync_task_id": "right", "status": "STOPPED"}]
    empty.fault("answer", path="status=STOPPED", status=200, body=json.dumps({"tasks": odd, "count": 2}))
    empty.fault("answer", path="status=SYNCHRONIZING", status=200, body='{"tasks": null, "count": 2}')
    results = run_rows(ANSWERS, module_tasks, connection)

    lists = [result["sync_tasks"] for row, result in zip(ANSWERS, results, strict=True) if row.module == INFO]
    assert [[task["sync_task_id"] for task in tasks] for tasks in lists] == [[], [], [None, "right"], []]
    assert writing(empty) == []


def test_what_happens_to_a_creation(empty: Simulator, module_tasks: ModuleTasks, connection: dict[str, t.Any]) -> None:
    """It is answered with 503 and somebody else creates another task; it is not shown at once."""
    others = [{**EXAMPLE, "src_bucket": "photos", "sync_task_id": "other", "status": "SYNCHRONIZING"}]
    body = json.dumps({"tasks": [{**others[0], "dst_storage_policy": "IA"}], "count": 1})
    empty.fault("answer", method="POST", status=503)
    empty.fault("answer", method="GET", path="offset=0", skip=1, status=200, body=body)
    missing = json.dumps({"error_code": "OMS.2002", "error_msg": "m"})
    empty.fault("answer", method="GET", path="query_time", times=2, status=400, body=missing)
    options = {**places("photos", storage_policy="STANDARD"), "retry_max_delay": 0}
    run = module_tasks.playbook([{TASK: {**connection, **options}}] * 3)

    refused, created, again = run.results
    assert (refused["failed"], refused["changed"], refused["error"]["kind"]) == (True, False, "state")
    assert 'destination.storage_policy is "IA", not "STANDARD"' in refused["msg"]
    assert refused["diff"] == {"before": {}, "after": {}}
    assert (created["failed"], created["changed"], again["changed"]) == (False, True, False)
    assert created["sync_task"]["status"] == "SYNCHRONIZING"
    assert writing(empty) == ["POST "] * 2
    assert list(empty.statuses()) == [created["sync_task_id"]]
