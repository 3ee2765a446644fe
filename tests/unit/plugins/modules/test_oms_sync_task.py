# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The module's main(), in this process and over the simulator."""

from __future__ import annotations

import json
import runpy
import typing as t
from importlib.util import find_spec

import pytest
import yaml
from ansible_collections.huaweicloud.oms.plugins.module_utils import _session
from ansible_collections.huaweicloud.oms.plugins.modules import oms_sync_task
from ansible_collections.huaweicloud.oms.plugins.modules.oms_sync_task import main
from ansible_collections.huaweicloud.oms.tests.unit.module_runs import assert_documented
from ansible_collections.huaweicloud.oms.tests.unit.plugins.modules.conftest import Done, RunOnSimulator
from ansible_collections.huaweicloud.oms.tests.unit.simulated_oms import PATH, PROJECT, TASK, TASKS, SimulatedOms

OMS = "https://oms.cn-north-4.myhuaweicloud.com"
SOURCE = {"cloud_type": "AWS", "region": "us-east-1", "bucket": "source"}
DESTINATION = {"region": "cn-north-4", "bucket": "destination"}
SOURCE_KEYS = {"access_key": "Marker-src-ak", "secret_key": "Marker-src-sk"}
DESTINATION_KEYS = {"access_key": "Marker-dst-ak", "secret_key": "Marker-dst-sk"}
WITH_KEYS: dict[str, t.Any] = {
    "source": {**SOURCE, **SOURCE_KEYS},
    "destination": {**DESTINATION, **DESTINATION_KEYS},
}
BY_ID = {"sync_task_id": TASK}
CDN = {"domain": "cdn.example", "protocol": "https", "authentication_type": "NONE"}
DOCUMENTED = yaml.safe_load(oms_sync_task.RETURN)


def assert_as_documented(done: Done, created_beforehand: bool = False) -> None:
    """All the keys are there, and of a sync task those that OMS shows.

    :arg created_beforehand: the task is one that check mode would have created, so that less is known of it.
    """
    documented = {name: entry for name, entry in DOCUMENTED.items() if name not in ("sync_task", "diff")}
    assert_documented({name: value for name, value in done.result.items() if name in documented}, documented)
    assert set(done.result) == set(DOCUMENTED)
    assert set(done.result["diff"]) == {"before", "after"}
    for shown in (done.result["sync_task"], *done.result["diff"].values()):
        if not shown:
            continue
        of_task = DOCUMENTED["sync_task"]["contains"]
        assert set(shown) <= set(of_task)
        if shown == done.result["sync_task"] and not created_beforehand:
            # Only the list has it.
            assert set(of_task) - set(shown) <= {"source_cdn"}
        for name, value in shown.items():
            assert value is None or type(value).__name__ == of_task[name]["type"], name


def test_a_task_is_created_and_shown(run_on_simulator: RunOnSimulator, oms: SimulatedOms) -> None:
    done = run_on_simulator(main, {**WITH_KEYS, "description": "photos"})

    (sync_task_id,) = oms.statuses()
    assert (done.failed, done.msg, done.warnings) == (False, None, [])
    assert done.result["sync_task"]["last_start_time"] == done.result["sync_task"]["create_time"]
    for name in ("create_time", "last_start_time"):
        del done.result["sync_task"][name]
    way = {
        "src_cloud_type": "AWS",
        "src_region": "us-east-1",
        "src_bucket": "source",
        "dst_region": "cn-north-4",
        "dst_bucket": "destination",
        "description": "photos",
        "status": "SYNCHRONIZING",
        "source_cdn": None,
    }
    assert done.result == {
        "changed": True,
        "sync_task_id": sync_task_id,
        "sync_task": {
            "sync_task_id": sync_task_id,
            **way,
            "enable_metadata_migration": False,
            "enable_restore": False,
            "app_id": "",
            "dst_storage_policy": "STANDARD",
            "object_overwrite_mode": "SIZE_LAST_MODIFIED_COMPARISON_OVERWRITE",
            "consistency_check": "size_last_modified",
        },
        "diff": {"before": {}, "after": way},
        "project_id": PROJECT,
        "endpoint": OMS,
        "error": None,
    }


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("by", [{}, BY_ID])
@pytest.mark.parametrize("there", [None, "SYNCHRONIZING", "STOPPED"])
@pytest.mark.parametrize("state", ["present", "started", "stopped", "absent"])
def test_each_result_is_as_documented(
    run_on_simulator: RunOnSimulator,
    oms: SimulatedOms,
    state: str,
    there: str | None,
    by: dict[str, str],
    check_mode: bool,
) -> None:
    if there:
        oms.add_task(there)
    done = run_on_simulator(main, {**WITH_KEYS, **by, "state": state}, check_mode)

    assert_as_documented(done, created_beforehand=check_mode and there is None)
    assert done.failed == (there is None and (state == "stopped" or (state != "absent" and bool(by))))
    before, after = done.result["diff"].values()
    assert (before != after) == done.result["changed"]


def test_check_mode_tells_what_would_be(run_on_simulator: RunOnSimulator, oms: SimulatedOms) -> None:
    created = run_on_simulator(main, WITH_KEYS, check_mode=True).result
    oms.add_task("STOPPED")
    started = run_on_simulator(main, {**WITH_KEYS, "state": "started"}, check_mode=True).result
    deleted = run_on_simulator(main, {**BY_ID, "state": "absent"}, check_mode=True).result

    assert (created["sync_task_id"], created["sync_task"]) == (None, created["diff"]["after"])
    assert (started["sync_task_id"], started["sync_task"]["status"]) == (TASK, "SYNCHRONIZING")
    assert started["diff"]["before"]["status"] == "STOPPED"
    assert (deleted["sync_task_id"], deleted["sync_task"], deleted["diff"]["after"]) == (TASK, None, {})
    assert (oms.writing, oms.statuses()) == ([], {TASK: "STOPPED"})


def test_check_mode_warns_of_too_many_tasks(run_on_simulator: RunOnSimulator, oms: SimulatedOms) -> None:
    for number in range(5):
        oms.add_task(sync_task_id=f"task-{number}", src_bucket=f"bucket-{number}")
    predicted = run_on_simulator(main, WITH_KEYS, check_mode=True)
    real = run_on_simulator(main, WITH_KEYS)

    limit = "The project has 5 sync tasks. OMS documents a maximum of 5 for an account. Delete one before you create"
    (warning,) = predicted.warnings
    assert warning.startswith(limit)
    assert (predicted.failed, real.failed, real.warnings) == (False, True, [])
    assert limit in str(real.msg)


def test_a_failure_comes_with_all_that_is_known(run_on_simulator: RunOnSimulator, oms: SimulatedOms) -> None:
    oms.add_task("STOPPED")
    body = '{"error_code": "APIGW.0302", "error_msg": "No.", "error_detail": "why"}'
    oms.fault("answer", method="POST", status=403, body=body)
    done = run_on_simulator(main, {**WITH_KEYS, "state": "started"})

    assert done.failed
    assert "the IAM action oms:synctask:update" in str(done.msg)
    assert (done.result["changed"], done.result["sync_task_id"]) == (False, TASK)
    assert done.result["sync_task"]["status"] == "STOPPED"
    assert done.result["diff"]["before"] == done.result["diff"]["after"] != {}
    error = done.result["error"]
    assert error.pop("request_id")
    assert error == {
        "kind": "service",
        "http_status": 403,
        "error_code": "APIGW.0302",
        "error_msg": "No.",
        "error_detail": "why",
    }


def test_a_failure_after_a_change_is_a_change(run_on_simulator: RunOnSimulator, oms: SimulatedOms) -> None:
    oms.add_task()
    oms.fault("answer", method="DELETE", status=500)
    done = run_on_simulator(main, {**BY_ID, "state": "absent"})

    assert (done.failed, done.result["changed"], oms.statuses()) == (True, True, {TASK: "STOPPED"})
    assert "An internal error of the service. Run the task again later" in str(done.msg)
    assert_as_documented(done)


def test_without_credentials_the_failure_is_complete(run_on_simulator: RunOnSimulator) -> None:
    done = run_on_simulator(main, {**BY_ID, "auth_token": None, "state": "absent"})

    assert (done.failed, done.result["error"]["kind"], done.result["sync_task_id"]) == (True, "credentials", TASK)
    assert_as_documented(done)


def test_the_keys_of_the_buckets_are_never_the_caller_s(
    run_on_simulator: RunOnSimulator, oms: SimulatedOms, monkeypatch: pytest.MonkeyPatch
) -> None:
    oms.add_task("STOPPED")
    for name in ("HW_ACCESS_KEY", "HW_SECRET_KEY"):
        monkeypatch.setenv(name, "Marker-caller")
    done = run_on_simulator(main, {**BY_ID, "auth_token": None, "state": "started"})

    assert done.failed
    assert "source.access_key, source.secret_key, destination.access_key and destination.secret_key" in str(done.msg)
    assert oms.requests == [f"GET {PATH}"]


def test_retries_and_waits_are_handed_on(run_on_simulator: RunOnSimulator, oms: SimulatedOms) -> None:
    oms.fault("reset", method="POST", after_accepting=True)
    done = run_on_simulator(main, {**WITH_KEYS, "retries": 1, "retry_max_delay": 0})

    assert (done.failed, len(oms.statuses())) == (False, 1)
    oms.service.control_set(state_delay=3600)
    stopping = run_on_simulator(main, {**WITH_KEYS, "state": "stopped", "wait": False})
    assert (stopping.failed, stopping.result["sync_task"]["status"]) == (False, "SYNCHRONIZING")
    late = run_on_simulator(main, {**WITH_KEYS, "state": "absent", "wait_timeout": 1})
    assert "has not stopped, so it was not deleted within 1 s" in str(late.msg)


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_task_that_is_left_alone_causes_a_warning(
    run_on_simulator: RunOnSimulator, oms: SimulatedOms, check_mode: bool
) -> None:
    oms.add_task(description="production")
    deleted = run_on_simulator(main, {**WITH_KEYS, "description": "nightly", "state": "absent"}, check_mode)
    stopped = run_on_simulator(main, {**WITH_KEYS, "description": "nightly", "state": "stopped"}, check_mode)

    assert (deleted.failed, deleted.result["changed"], stopped.failed) == (False, False, True)
    for done in (deleted, stopped):
        (warning,) = done.warnings
        assert 'description is "production", not "nightly"' in warning
    assert (oms.writing, oms.statuses()) == ([], {TASK: "SYNCHRONIZING"})


@pytest.mark.parametrize("of_environment", [False, True])
def test_the_region_of_the_destination_is_the_one_that_is_called(
    run_on_simulator: RunOnSimulator, oms: SimulatedOms, monkeypatch: pytest.MonkeyPatch, of_environment: bool
) -> None:
    oms.add_task(sync_task_id="elsewhere", dst_region="cn-east-3")
    options = {**WITH_KEYS, "destination": {"bucket": "destination", **DESTINATION_KEYS}}
    if of_environment:
        monkeypatch.setenv("HW_REGION_NAME", "cn-north-4")
        options["region"] = None
    done = run_on_simulator(main, options)

    assert (done.failed, done.result["sync_task"]["dst_region"]) == (False, "cn-north-4")
    assert json.loads(oms.bodies[-2])["dst_region"] == "cn-north-4"


@pytest.mark.parametrize("missing", [[400, "OMS.2002"], [404, "OMS.1009"], [400, "OMS.0054"]])
def test_a_missing_id_is_a_failure_of_the_kind_state(
    run_on_simulator: RunOnSimulator, oms: SimulatedOms, missing: list[t.Any]
) -> None:
    oms.service.control_set(missing_task=missing)
    failed = run_on_simulator(main, {**BY_ID, "state": "stopped"})
    absent = run_on_simulator(main, {**BY_ID, "state": "absent"})

    assert (failed.failed, failed.result["error"]["kind"]) == (True, "state")
    assert (absent.failed, absent.result["changed"]) == (False, False)


def test_the_file_runs_as_ansible_runs_it(run_on_simulator: RunOnSimulator, oms: SimulatedOms) -> None:
    oms.add_task()
    done = run_on_simulator(
        lambda: t.cast(None, runpy.run_path(oms_sync_task.__file__, None, "__main__")), {**BY_ID, "state": "stopped"}
    )

    assert done.result["changed"] is True


# ---- arguments


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sync_task_id": "a/b"}, 'sync_task_id has "/" at character 2'),
        ({"sync_task_id": ""}, "sync_task_id is empty"),
        ({}, "source.cloud_type, source.region, source.bucket and destination.bucket are required without"),
        ({"source": SOURCE}, "destination.bucket is required without sync_task_id"),
        ({**WITH_KEYS, "description": "x" * 256}, "description has 256 characters. At most 255 are allowed; shorten"),
        (
            {**WITH_KEYS, "description": "a&b"},
            'description contains "&" at character 2. OMS does not allow the characters <>()"\'&; remove',
        ),
        (
            {**WITH_KEYS, "source": {**SOURCE, "access_key": "Marker"}},
            "source.secret_key is missing. OMS needs the keys",
        ),
        (
            {**WITH_KEYS, "destination": {**DESTINATION}},
            "destination.access_key and destination.secret_key are missing.",
        ),
        ({**WITH_KEYS, "source": {**SOURCE, **SOURCE_KEYS, "secret_key": "Marker" * 17}}, "source.secret_key has 102"),
        ({**BY_ID, "wait_timeout": 0}, "wait_timeout is 0. It must be from 1 to 86400 seconds."),
        ({**BY_ID, "wait_timeout": 86401}, "wait_timeout is 86401. It must be from "),
        ({**BY_ID, "state": "paused"}, "value of state must be one of: present, started, stopped, absent, got: paused"),
        ({**BY_ID, "source": {"cloud_type": "Elsewhere"}}, "value of cloud_type must be one of: AWS, Azure, Aliyun"),
        ({**BY_ID, "source": {"crypto_type": "KMS"}}, "crypto_type is KMS but all of the following are missing: kms_"),
        (
            {**BY_ID, "source": {"cdn": {"crypto_type": "KMS"}}},
            "crypto_type is KMS but all of the following are missing: kms_key_id found in source -> cdn",
        ),
        ({**BY_ID, "destination": {"name": "x"}}, "Unsupported parameters for "),
        ({**BY_ID, "region": None}, "region is required to find the endpoint"),
        ({**BY_ID, "timeout": 0}, "timeout is 0. It must be from "),
    ],
)
def test_an_argument_error_sends_nothing_and_gives_msg_alone(
    run_on_simulator: RunOnSimulator, oms: SimulatedOms, options: dict[str, t.Any], said: str, check_mode: bool
) -> None:
    done = run_on_simulator(main, options, check_mode)

    assert done.failed
    assert str(done.msg).startswith(said)
    assert (done.result, oms.requests) == ({}, [])
    assert "Marker" not in str(done.msg)


# ---- secrets


def test_unchecked_certificates_cause_a_warning(run_on_simulator: RunOnSimulator, oms: SimulatedOms) -> None:
    oms.add_task()
    done = run_on_simulator(main, {**BY_ID, "validate_certs": False})

    assert done.warnings == [
        "validate_certs is false, so the certificates of the servers are not checked. Anyone who intercepts the"
        " connection can read the credentials. For a private certificate authority, set ca_path instead."
    ]


@pytest.mark.parametrize("state", ["started", "present"])
def test_what_a_service_echoes_is_masked(run_on_simulator: RunOnSimulator, oms: SimulatedOms, state: str) -> None:
    """Ansible masks the values, too, but not what JSON or a URL makes of them."""
    secret = 'Marker"\\&+'
    keys = {"access_key": secret, "secret_key": secret}
    source = {**SOURCE, **keys, "cdn": {**CDN, "authentication_key": secret}}
    if state == "started":
        oms.add_task("STOPPED", source_cdn=CDN)
    oms.fault("echo", method="POST", status=400, times=None)
    done = run_on_simulator(main, {"source": source, "destination": {**DESTINATION, **keys}, "state": state})

    assert done.failed
    assert done.result["error"]["error_msg"].count("********") >= 5
    assert "Marker" not in f"{done.msg} {done.result}"
    assert oms.requests[-1] == (f"POST {PATH}/start" if state == "started" else f"POST {TASKS}")


def test_a_bucket_may_be_called_like_a_key(run_on_simulator: RunOnSimulator, oms: SimulatedOms) -> None:
    """Ansible masks it in the result; it is found again nevertheless."""
    oms.add_task(src_bucket="Marker-src-ak", description="Marker-src-sk%2B")
    source = {**SOURCE, "bucket": "Marker-src-ak", "access_key": "Marker-src-ak", "secret_key": "Marker-src-sk+"}
    done = run_on_simulator(main, {**WITH_KEYS, "source": source, "state": "started"})

    assert (done.failed, done.result["changed"], list(oms.statuses())) == (False, False, [TASK])
    # Since ansible-core 2.22 the controller masks it, which tests/integration/test_sync_tasks.py sees.
    if not find_spec("ansible.module_utils.secrets"):
        assert "Marker" not in str(done.result)


def test_the_keys_are_registered_before_anything_is_sent(
    run_on_simulator: RunOnSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered: set[str] = set()
    monkeypatch.setattr(_session, "registrar", lambda _module: registered.add)
    source = {**SOURCE, **SOURCE_KEYS, "cdn": {**CDN, "authentication_key": "Marker-cdn"}}

    run_on_simulator(main, {**WITH_KEYS, "source": source})

    assert registered >= {"Marker-src-ak", "Marker-src-sk", "Marker-dst-ak", "Marker-dst-sk", "Marker-cdn"}
