# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Each state from each other one, against the simulator, and what others do in between."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.client import AuthenticatedClient
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credential import AccessKey, Credential
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ConnectionFailure, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.client import Client
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.reconcile import Change
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.sync_task import read_desired_state
from ansible_collections.huaweicloud.oms.tests.simulator.sync_tasks import EXAMPLE
from ansible_collections.huaweicloud.oms.tests.unit.simulated_oms import PATH, PROJECT, TASK, TASKS, SimulatedOms

OMS = Endpoint("https://oms.cn-north-4.myhuaweicloud.com", "region cn-north-4")

# As the simulator's tasks are.
SOURCE = {"cloud_type": "AWS", "region": "us-east-1", "bucket": "source"}
DESTINATION = {"region": "cn-north-4", "bucket": "destination"}
KEYS = {"access_key": "ak", "secret_key": "sk"}
WITH_KEYS: dict[str, t.Any] = {"source": {**SOURCE, **KEYS}, "destination": {**DESTINATION, **KEYS}}
BY_PLACE: dict[str, t.Any] = {"source": SOURCE, "destination": DESTINATION}
BY_ID: dict[str, t.Any] = {"sync_task_id": TASK}
CDN = {"domain": "cdn.example", "protocol": "https", "authentication_type": "NONE"}

# What OMS may answer for a task that does not exist: the documented code that names sync tasks, and others.
MISSING = [[400, "OMS.2002"], [404, "OMS.1009"], [400, "OMS.1009"], [400, "OMS.0054"]]

SHOW, START, STOP, DELETE = f"GET {PATH}", f"POST {PATH}/start", f"POST {PATH}/stop", f"DELETE {PATH}"
LIST, CREATE = f"GET {TASKS}", f"POST {TASKS}"


@pytest.fixture
def oms() -> SimulatedOms:
    return SimulatedOms()


def client_of(oms: SimulatedOms, retries: int = 0) -> Client:
    authenticated = AuthenticatedClient(oms.transport(retries), Credential(AccessKey("AK", "SK")))
    return Client(authenticated, OMS, PROJECT, Secrets(lambda _value: None))


def change(
    oms: SimulatedOms, state: str, options: dict[str, t.Any], wait: bool = True, retries: int = 0, timeout: float = 300
) -> Change:
    desired = read_desired_state({"state": state, "sync_task_id": None, **options})
    return Change(client_of(oms, retries), oms.clock, desired, wait, timeout, retries, 30)


def run(oms: SimulatedOms, state: str, options: dict[str, t.Any], check_mode: bool = False, **more: t.Any) -> Change:
    made = change(oms, state, options, **more)
    made.run(check_mode)
    return made


def failure(oms: SimulatedOms, state: str, options: dict[str, t.Any], **more: t.Any) -> tuple[Failure, Change]:
    made = change(oms, state, options, **more)
    with pytest.raises(Failure) as caught:
        made.run(check_mode=False)
    return caught.value, made


# ---- each state from each other one

# What there is, what is desired, and what is sent for it; None: it fails.
TRANSITIONS = [
    (None, "present", [CREATE], "SYNCHRONIZING"),
    (None, "started", [CREATE], "SYNCHRONIZING"),
    (None, "stopped", None, None),
    (None, "absent", [], None),
    ("SYNCHRONIZING", "present", [], "SYNCHRONIZING"),
    ("SYNCHRONIZING", "started", [], "SYNCHRONIZING"),
    ("SYNCHRONIZING", "stopped", [STOP], "STOPPED"),
    ("SYNCHRONIZING", "absent", [STOP, DELETE], None),
    ("STOPPED", "present", [], "STOPPED"),
    ("STOPPED", "started", [START], "SYNCHRONIZING"),
    ("STOPPED", "stopped", [], "STOPPED"),
    ("STOPPED", "absent", [DELETE], None),
]


@pytest.mark.parametrize("by", ["place", "id"])
@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize(("there", "desired", "sent", "then"), TRANSITIONS)
def test_each_state_is_reached_from_each_other_one(
    oms: SimulatedOms, by: str, wait: bool, there: str | None, desired: str, sent: list[str] | None, then: str | None
) -> None:
    options = {**WITH_KEYS, **(BY_ID if by == "id" else {})}
    if there:
        oms.add_task(there)
    if sent is None or (by == "id" and sent == [CREATE]):
        # Check mode and the real run fail alike, and send nothing.
        for check_mode in (True, False):
            with pytest.raises(Failure):
                run(oms, desired, options, check_mode=check_mode)
        assert oms.writing == []
        return
    predicted = run(oms, desired, options, check_mode=True, wait=wait)
    assert oms.writing == []
    real = run(oms, desired, options, wait=wait)
    again = run(oms, desired, options, wait=wait)
    later = run(oms, desired, options, check_mode=True)

    assert oms.writing == sent
    assert predicted.changed == real.changed == bool(sent)
    assert (predicted.before, predicted.after) == (real.before, real.after)
    assert (again.changed, later.changed) == (False, False)
    assert list(oms.statuses().values()) == ([then] if then else [])
    if then:
        assert real.task is not None
        assert again.task == real.task
        assert (real.task["status"], real.sync_task_id) == (then, next(iter(oms.statuses())))
        assert real.after == {name: real.task[name] for name in real.after}
    else:
        assert real.task is None


def test_what_is_foreseen_of_a_new_task_is_what_comes(oms: SimulatedOms) -> None:
    options = {
        "source": {**SOURCE, **KEYS, "app_id": "1", "cdn": {**CDN, "authentication_key": "cdn-key"}},
        "destination": {**DESTINATION, **KEYS, "storage_policy": "IA"},
        "description": "photos",
        "enable_restore": True,
        "consistency_check": "crc64",
    }
    made = run(oms, "present", options)

    assert made.task is not None
    assert made.after == {name: made.task[name] for name in made.after}
    assert made.after["source_cdn"] == CDN
    assert not {"src_ak", "src_sk", "dst_ak", "dst_sk"} & set(made.after)
    assert run(oms, "present", options).changed is False


def test_the_diff_is_what_is_there_and_not_what_was_planned(oms: SimulatedOms) -> None:
    body = json.dumps({**EXAMPLE, "status": "SYNCHRONIZING", "description": "as OMS has it"})
    oms.fault("answer", method="GET", skip=1, status=200, body=body)
    made = run(oms, "present", {**WITH_KEYS, "description": "as asked for"})

    assert made.after["description"] == "as OMS has it"


def test_results_are_without_counters_and_alike_however_they_come(oms: SimulatedOms) -> None:
    created = run(oms, "started", WITH_KEYS).task
    found = run(oms, "started", WITH_KEYS).task
    stopped = run(oms, "stopped", WITH_KEYS).task

    assert created is not None
    assert stopped is not None
    assert created == found
    assert set(created) == set(stopped)
    assert not [name for name in created if name.startswith("monthly_")]


# ---- what OMS is sent


def test_a_task_is_created_with_all_that_is_given(oms: SimulatedOms) -> None:
    kms = {"crypto_type": "KMS", "kms_key_id": "k" * 36}
    source = {"cloud_type": "Tencent", "region": "ap", "bucket": "from", **KEYS, **kms, "app_id": "4711"}
    cdn = {"domain": "cdn.example", "protocol": "http", "authentication_key": "cdn-key", "crypto_type": "DEFAULT"}
    options = {
        "source": {**source, "cdn": cdn},
        "destination": {"region": "cn-north-4", "bucket": "to", **KEYS, **kms, "storage_policy": "ARCHIVE"},
        "description": "",
        "enable_metadata_migration": True,
        "enable_restore": False,
        "consistency_check": "transmission",
    }
    run(oms, "present", options)

    (body,) = [json.loads(text) for text in oms.bodies if text]
    assert body == {
        "src_cloud_type": "Tencent",
        "src_region": "ap",
        "src_bucket": "from",
        "src_ak": "ak",
        "src_sk": "sk",
        "src_crypto_type": "KMS",
        "src_kms_key_id": "k" * 36,
        "app_id": "4711",
        "source_cdn": {**cdn, "authentication_type": "NONE"},
        "dst_region": "cn-north-4",
        "dst_bucket": "to",
        "dst_ak": "ak",
        "dst_sk": "sk",
        "dst_crypto_type": "KMS",
        "dst_kms_key_id": "k" * 36,
        "dst_storage_policy": "ARCHIVE",
        "description": "",
        "enable_metadata_migration": True,
        "enable_restore": False,
        "consistency_check": "transmission",
    }


def test_a_task_is_started_with_keys_and_nothing_else(oms: SimulatedOms) -> None:
    oms.add_task("STOPPED", source_cdn=CDN)
    source = {**SOURCE, **KEYS, "cdn": {**CDN, "authentication_key": "cdn-key"}, "crypto_type": "DEFAULT"}
    run(oms, "started", {"source": source, "destination": {**DESTINATION, **KEYS}})

    (body,) = [json.loads(text) for text in oms.bodies if text]
    assert body == {
        "src_ak": "ak",
        "src_sk": "sk",
        "src_crypto_type": "DEFAULT",
        "dst_ak": "ak",
        "dst_sk": "sk",
        "source_cdn_authentication_key": "cdn-key",
    }


# ---- keys


def test_a_running_task_needs_no_keys(oms: SimulatedOms) -> None:
    oms.add_task()

    assert run(oms, "started", BY_PLACE).changed is False
    assert run(oms, "started", BY_ID).changed is False


@pytest.mark.parametrize("options", [BY_PLACE, BY_ID])
def test_a_stopped_task_is_not_started_without_keys(oms: SimulatedOms, options: dict[str, t.Any]) -> None:
    oms.add_task("STOPPED")
    failed, made = failure(oms, "started", options)

    assert str(failed) == (
        f"The sync task {TASK} is stopped, and source.access_key, source.secret_key, destination.access_key and"
        " destination.secret_key are not given. OMS needs the keys of both buckets to create and to start a sync task."
        " Give these options."
    )
    assert (failed.kind, made.changed, oms.writing) == ("state", False, [])
    assert made.task is not None
    assert made.task["status"] == "STOPPED"


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        (BY_PLACE, "source.access_key, source.secret_key, destination.access_key and destination.secret_key are"),
        ({**WITH_KEYS, "source": {**SOURCE, **KEYS, "cloud_type": "Tencent"}}, "source.app_id is"),
        ({**WITH_KEYS, "source": {**SOURCE, **KEYS, "cdn": {"protocol": "http"}}}, "source.cdn.domain is"),
        ({**WITH_KEYS, "source": {**SOURCE, **KEYS, "cdn": {"domain": "d"}}}, "source.cdn.protocol is"),
    ],
)
def test_nothing_is_created_without_all_required_options(
    oms: SimulatedOms, options: dict[str, t.Any], missing: str
) -> None:
    failed, _made = failure(oms, "present", options)

    cloud = options["source"]["cloud_type"]
    assert str(failed).startswith(
        f"There is no sync task from {cloud} us-east-1 source to cn-north-4 destination, and {missing} not given."
    )
    assert (failed.kind, oms.writing) == ("state", [])


# ---- which task is meant

REMEDY = (
    "Only the state of a sync task can be changed. Correct or omit these options; or delete the sync task"
    " (state=absent with its sync_task_id) and create another one (state=present)."
)
# Each option that can be compared, with a value that the simulator's task has not, and how a message names both.
OTHERWISE: list[tuple[dict[str, t.Any], str]] = [
    ({"description": "photos"}, 'description is "films", not "photos"'),
    ({"description": ""}, 'description is "films", not ""'),
    ({"enable_restore": True}, "enable_restore is false, not true"),
    ({"enable_metadata_migration": True}, "enable_metadata_migration is false, not true"),
    ({"consistency_check": "crc64"}, 'consistency_check is "size_last_modified", not "crc64"'),
    ({"consistency_check": "transmission"}, 'consistency_check is "size_last_modified", not "no_check"'),
    ({"destination": {"storage_policy": "IA"}}, 'destination.storage_policy is "STANDARD", not "IA"'),
    ({"source": {"app_id": "1"}}, 'source.app_id is "", not "1"'),
    ({"source": {"cdn": CDN}}, "source.cdn is given, but the sync task has no CDN"),
]
OF_PLACE: list[tuple[dict[str, t.Any], str]] = [
    ({"source": {"cloud_type": "Azure"}}, 'source.cloud_type is "AWS", not "Azure"'),
    ({"source": {"region": "r"}}, 'source.region is "us-east-1", not "r"'),
    ({"source": {"bucket": "b"}}, 'source.bucket is "source", not "b"'),
    ({"destination": {"region": "r"}}, 'destination.region is "cn-north-4", not "r"'),
    ({"destination": {"bucket": "b"}}, 'destination.bucket is "destination", not "b"'),
]


def merged(options: dict[str, t.Any], more: dict[str, t.Any]) -> dict[str, t.Any]:
    dictionaries = {name: {**options.get(name, {}), **value} for name, value in more.items() if isinstance(value, dict)}
    return {**options, **more, **dictionaries}


@pytest.mark.parametrize("state", ["present", "started", "stopped", "absent"])
@pytest.mark.parametrize(("option", "said"), [*OTHERWISE, *OF_PLACE])
def test_with_an_id_an_option_that_contradicts_the_task_is_an_error(
    oms: SimulatedOms, state: str, option: dict[str, t.Any], said: str
) -> None:
    oms.add_task("STOPPED" if state == "started" else "SYNCHRONIZING", description="films")
    for options in (merged({**WITH_KEYS, **BY_ID}, option), {**BY_ID, **merged({}, option)}):
        if state in ("present", "started") and options.get("source", {}).get("app_id"):
            options = merged(options, WITH_KEYS)
        failed, made = failure(oms, state, options)

        assert str(failed) == f"The sync task {TASK} differs from the options: {said}. {REMEDY}"
        assert (failed.kind, made.changed, made.sync_task_id, oms.writing) == ("state", False, TASK, [])
        assert made.before == made.after != {}
        with pytest.raises(Failure):
            run(oms, state, options, check_mode=True)


@pytest.mark.parametrize("state", ["present", "started"])
@pytest.mark.parametrize(("option", "said"), OTHERWISE)
def test_without_an_id_a_difference_is_an_error_unless_it_is_the_description(
    oms: SimulatedOms, state: str, option: dict[str, t.Any], said: str
) -> None:
    oms.add_task("STOPPED", description="films")
    options = merged(WITH_KEYS, option)
    if "description" in option:
        predicted = run(oms, state, options, check_mode=True)
        made = run(oms, state, options)

        assert (predicted.changed, made.changed) == (True, True)
        assert made.sync_task_id != TASK
        assert (oms.writing, len(oms.statuses())) == ([CREATE], 2)
        # The description tells them apart from now on.
        assert run(oms, state, options).changed is False
        return
    for given in (options, {**options, "description": "films"}):
        failed, made = failure(oms, state, given)
        assert str(failed) == f"The sync task {TASK} differs from the options: {said}. {REMEDY}"
        assert (failed.kind, made.changed, oms.writing) == ("state", False, [])


@pytest.mark.parametrize("state", ["stopped", "absent"])
@pytest.mark.parametrize(("option", "said"), OTHERWISE)
def test_without_an_id_a_task_that_differs_is_left_alone_with_a_warning(
    oms: SimulatedOms, state: str, option: dict[str, t.Any], said: str
) -> None:
    oms.add_task(description="films")
    for check_mode in (True, False):
        made = change(oms, state, merged(BY_PLACE, option))
        if state == "stopped":
            with pytest.raises(Failure, match=r"There is no sync task from AWS .* that matches the options"):
                made.run(check_mode)
        else:
            made.run(check_mode)
        assert made.warnings == [
            f"The sync task {TASK} differs from the options: {said}. It has the same source and destination, and was"
            " not changed."
        ]
        assert (made.changed, made.task, oms.writing) == (False, None, [])


def test_of_two_tasks_the_described_one_is_deleted_and_the_other_one_stays(oms: SimulatedOms) -> None:
    """Twice: the second run deletes nothing."""
    oms.add_task(description="nightly")
    oms.add_task(sync_task_id="second", description="production")
    options = {**BY_PLACE, "description": "nightly"}
    first, second = run(oms, "absent", options), run(oms, "absent", options)

    assert (first.changed, second.changed) == (True, False)
    assert (first.warnings, len(second.warnings)) == ([], 1)
    assert oms.statuses() == {"second": "SYNCHRONIZING"}


def test_source_and_destination_alone_say_which_single_task_is_deleted(oms: SimulatedOms) -> None:
    oms.add_task(description="films", enable_restore=True)

    assert run(oms, "absent", BY_PLACE).changed
    assert oms.statuses() == {}


def test_any_option_may_tell_tasks_apart(oms: SimulatedOms) -> None:
    oms.add_task(enable_restore=True)
    oms.add_task(sync_task_id="second", enable_restore=False)
    made = run(oms, "stopped", {**BY_PLACE, "enable_restore": False})

    assert made.sync_task_id == "second"
    assert oms.statuses() == {TASK: "SYNCHRONIZING", "second": "STOPPED"}


@pytest.mark.parametrize("state", ["present", "started", "stopped", "absent"])
def test_more_than_one_match_is_always_an_error(oms: SimulatedOms, state: str) -> None:
    oms.add_task("STOPPED", description="films")
    oms.add_task("STOPPED", sync_task_id="second", description="")
    oms.add_task("STOPPED", sync_task_id="elsewhere", dst_bucket="another")
    failed, made = failure(oms, state, WITH_KEYS)

    assert str(failed) == (
        "More than one sync task from AWS us-east-1 source to cn-north-4 destination matches the options:"
        f' {TASK} (description "films") and second (description "").'
        " Give sync_task_id, or an option in which they differ."
    )
    assert (failed.kind, made.changed, oms.writing) == ("state", False, [])


def test_a_task_with_another_description_may_exist_twice(oms: SimulatedOms) -> None:
    """What does not match is no match, however many there are."""
    oms.add_task(description="films")
    oms.add_task(sync_task_id="second", description="films")
    run(oms, "present", {**WITH_KEYS, "description": "photos"})

    assert len(oms.statuses()) == 3


def test_transmission_is_what_oms_shows_as_no_check(oms: SimulatedOms) -> None:
    options = {**WITH_KEYS, "consistency_check": "transmission"}
    made = run(oms, "present", options)

    assert made.task is not None
    assert made.task["consistency_check"] == made.after["consistency_check"] == "no_check"
    assert run(oms, "present", options).changed is False
    assert run(oms, "absent", {**options, "sync_task_id": made.sync_task_id}).changed


def test_a_bucket_may_be_called_transmission(oms: SimulatedOms) -> None:
    oms.add_task(src_bucket="transmission")

    assert run(oms, "stopped", merged(BY_PLACE, {"source": {"bucket": "transmission"}})).changed


def test_the_destination_is_in_the_region_that_is_called_if_nothing_else_is_said(oms: SimulatedOms) -> None:
    oms.add_task()
    oms.add_task(sync_task_id="elsewhere", dst_region="cn-east-3")
    options = {"sync_task_id": None, "source": SOURCE, "destination": {"bucket": "destination"}, "state": "stopped"}
    desired = read_desired_state(options, "cn-north-4")
    client = client_of(oms)
    Change(client, oms.clock, desired, True, 300, 0, 30).run(check_mode=False)

    assert oms.statuses() == {TASK: "STOPPED", "elsewhere": "SYNCHRONIZING"}
    # With an id nothing is assumed, which could contradict the task.
    assert "destination.region" not in read_desired_state({**options, "sync_task_id": "elsewhere"}, "cn-north-4").given


@pytest.mark.parametrize("field", ["sync_task_id", "status"])
@pytest.mark.parametrize("state", ["present", "started", "stopped", "absent"])
def test_a_match_without_id_or_status_is_a_failure(oms: SimulatedOms, field: str, state: str) -> None:
    entry = {**EXAMPLE, "sync_task_id": TASK, "status": "STOPPED", field: None}
    oms.fault("answer", method="GET", status=200, body=json.dumps({"tasks": [entry], "count": 1}))
    failed, _made = failure(oms, state, WITH_KEYS)

    assert "without a valid id or status" in str(failed)
    assert oms.writing == []


def test_an_odd_entry_of_another_task_changes_nothing(oms: SimulatedOms) -> None:
    odd = {**EXAMPLE, "src_bucket": "another", "sync_task_id": None, "status": None}
    right = {**EXAMPLE, "sync_task_id": TASK, "status": "SYNCHRONIZING"}
    oms.add_task()
    oms.fault("answer", method="GET", status=200, body=json.dumps({"tasks": [odd, right, None], "count": 3}))

    assert run(oms, "stopped", BY_PLACE).changed
    assert oms.statuses() == {TASK: "STOPPED"}


@pytest.mark.parametrize("by", [{}, BY_ID])
@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({**CDN, "domain": "other.example"}, 'source.cdn.domain is "other.example", not "cdn.example"'),
        ({**CDN, "protocol": "http"}, 'source.cdn.protocol is "http", not "https"'),
        (None, "source.cdn is given, but the sync task has no CDN"),
    ],
)
def test_a_cdn_that_differs_is_found_out(
    oms: SimulatedOms, by: dict[str, t.Any], there: dict[str, str] | None, said: str
) -> None:
    oms.add_task(source_cdn=there)
    failed, _made = failure(oms, "present", {**WITH_KEYS, "source": {**SOURCE, **KEYS, "cdn": CDN}, **by})

    assert said in str(failed)


def test_a_cdn_that_is_right_is_found_out(oms: SimulatedOms) -> None:
    oms.add_task(source_cdn=CDN)
    options = {**BY_ID, "source": {"cdn": {**CDN, "authentication_key": "cdn-key"}}}

    assert run(oms, "present", options).changed is False
    assert oms.requests == [SHOW, LIST]


def test_a_cdn_that_can_not_be_compared_is_a_failure(oms: SimulatedOms) -> None:
    oms.add_task(source_cdn=CDN)
    oms.fault("answer", method="GET", skip=1, status=200, body='{"tasks": [], "count": 0}')
    failed, _made = failure(oms, "absent", {**BY_ID, "source": {"cdn": CDN}})

    assert "so its CDN can't be compared with source.cdn" in str(failed)
    assert oms.writing == []


def test_a_task_other_than_the_one_with_the_id_says_nothing_of_its_cdn(oms: SimulatedOms) -> None:
    oms.add_task(sync_task_id="another", source_cdn=None)
    oms.add_task(source_cdn=CDN)

    assert run(oms, "present", {**BY_ID, "source": {"cdn": CDN}}).changed is False


@pytest.mark.parametrize("field", ["src_cloud_type", "src_region", "src_bucket", "dst_region", "dst_bucket"])
def test_a_task_with_another_source_or_destination_does_not_match(oms: SimulatedOms, field: str) -> None:
    oms.add_task(**{field: "Azure"})

    assert run(oms, "absent", BY_PLACE).changed is False
    assert len(oms.statuses()) == 1


def test_a_missing_task_can_not_be_stopped(oms: SimulatedOms) -> None:
    failed, made = failure(oms, "stopped", BY_PLACE)

    assert str(failed) == (
        "There is no sync task from AWS us-east-1 source to cn-north-4 destination that matches the options, so none"
        " can be stopped. Check the options, or remove this task from the playbook."
    )
    assert (failed.kind, made.sync_task_id) == ("state", None)


@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize("state", ["present", "started", "stopped"])
def test_a_missing_sync_task_fails_with_the_error_of_oms(oms: SimulatedOms, missing: list[t.Any], state: str) -> None:
    oms.service.control_set(missing_task=missing)
    failed, made = failure(oms, state, {**WITH_KEYS, **BY_ID})

    assert f"The sync task {TASK} was not found in the project {PROJECT}" in str(failed)
    assert (failed.kind, failed.answer.error_code, made.sync_task_id) == ("state", missing[1], TASK)
    assert oms.writing == []


@pytest.mark.parametrize("missing", MISSING)
def test_a_missing_id_is_absent(oms: SimulatedOms, missing: list[t.Any]) -> None:
    oms.service.control_set(missing_task=missing)
    made = run(oms, "absent", BY_ID)

    assert (made.changed, made.task, made.before, made.after) == (False, None, {}, {})


def test_a_wrong_endpoint_is_not_an_absent_task(oms: SimulatedOms) -> None:
    oms.service.control_set(missing_task=[404, "APIGW.0101"])
    failed, _made = failure(oms, "absent", BY_ID)

    assert "Check region and endpoint. This error does not mean that the sync task is missing" in str(failed)


def test_a_404_that_is_not_of_oms_is_not_an_absent_task(oms: SimulatedOms) -> None:
    for body in ("", "404 page not found", '{"error_code": "X.1"}'):
        oms.fault("answer", status=404, body=body, headers={"Content-Type": "text/plain"})
        failed, _made = failure(oms, "absent", BY_ID)

        assert failed.kind == "service"


# ---- what others do in between


@pytest.mark.parametrize("options", [WITH_KEYS, {**WITH_KEYS, **BY_ID}])
def test_someone_else_starts_it_first(oms: SimulatedOms, options: dict[str, t.Any]) -> None:
    oms.add_task("STOPPED")
    keys = json.dumps({"src_ak": "a", "src_sk": "a", "dst_ak": "a", "dst_sk": "a"})
    oms.meanwhile(START, lambda: oms.handle("POST", f"{PATH}/start", keys))
    made = run(oms, "started", options)

    assert made.changed is False
    assert made.task is not None
    assert made.task["status"] == "SYNCHRONIZING"


def test_someone_else_stops_it_first(oms: SimulatedOms) -> None:
    oms.add_task()
    oms.meanwhile(STOP, lambda: oms.handle("POST", f"{PATH}/stop"))
    made = run(oms, "stopped", BY_ID)

    assert made.changed is False
    assert made.task is not None
    assert made.task["status"] == "STOPPED"


def delete(oms: SimulatedOms) -> None:
    """As somebody else does."""
    oms.handle("POST", f"{PATH}/stop")
    assert oms.handle("DELETE", PATH) == 200


@pytest.mark.parametrize(
    ("there", "before", "changed"),
    [("SYNCHRONIZING", STOP, False), ("SYNCHRONIZING", DELETE, True), ("STOPPED", DELETE, False)],
)
def test_someone_else_deletes_it_first(oms: SimulatedOms, there: str, before: str, changed: bool) -> None:
    oms.add_task(there)
    oms.meanwhile(before, lambda: delete(oms))
    made = run(oms, "absent", BY_PLACE)

    assert (made.changed, made.task, oms.statuses()) == (changed, None, {})


@pytest.mark.parametrize(("state", "before"), [("started", START), ("stopped", STOP)])
def test_someone_else_deletes_a_task_that_is_to_be_changed(oms: SimulatedOms, state: str, before: str) -> None:
    oms.add_task("STOPPED" if state == "started" else "SYNCHRONIZING")
    oms.meanwhile(before, lambda: delete(oms))
    failed, made = failure(oms, state, WITH_KEYS)

    assert f"The sync task {TASK} was not found in the project" in str(failed)
    assert (made.changed, failed.kind) == (False, "state")


def test_someone_else_starts_a_task_that_is_to_be_deleted(oms: SimulatedOms) -> None:
    oms.add_task("STOPPED")
    keys = json.dumps({"src_ak": "a", "src_sk": "a", "dst_ak": "a", "dst_sk": "a"})
    oms.meanwhile(DELETE, lambda: oms.handle("POST", f"{PATH}/start", keys))
    made = run(oms, "absent", BY_PLACE)

    assert (made.changed, oms.statuses()) == (True, {})
    assert oms.writing == [DELETE, STOP, DELETE]


# ---- waiting


def test_a_state_is_waited_for(oms: SimulatedOms) -> None:
    oms.service.control_set(state_delay=20)
    created = run(oms, "present", WITH_KEYS)
    slept = list(oms.clock.slept)
    stopped = run(oms, "stopped", WITH_KEYS)

    assert created.task is not None
    assert stopped.task is not None
    assert (created.task["status"], stopped.task["status"]) == ("SYNCHRONIZING", "STOPPED")
    # Seldom enough, and soon enough.
    assert slept == [0.5, 1, 2, 4, 5, 5, 5]


def test_without_waiting_the_state_is_the_one_of_now(oms: SimulatedOms) -> None:
    oms.add_task()
    oms.service.control_set(state_delay=20)
    made = run(oms, "stopped", BY_ID, wait=False)

    assert made.changed
    assert made.task is not None
    assert (made.task["status"], made.after["status"]) == ("SYNCHRONIZING", "STOPPED")
    assert oms.clock.slept == []


@pytest.mark.parametrize("wait", [True, False])
def test_a_task_that_runs_is_deleted_when_it_has_stopped(oms: SimulatedOms, wait: bool) -> None:
    oms.add_task()
    oms.service.control_set(state_delay=10)
    made = run(oms, "absent", BY_ID, wait=wait)

    assert (made.changed, oms.statuses()) == (True, {})
    assert 10 <= sum(oms.clock.slept) < 16


@pytest.mark.parametrize(
    ("there", "state", "said", "then"),
    [
        ("STOPPED", "started", "has not reached the status SYNCHRONIZING", "STOPPED"),
        ("SYNCHRONIZING", "stopped", "has not reached the status STOPPED", "SYNCHRONIZING"),
        (
            "SYNCHRONIZING",
            "absent",
            "has not stopped, so it was not deleted",
            "SYNCHRONIZING",
        ),
    ],
)
def test_waiting_has_an_end(oms: SimulatedOms, there: str, state: str, said: str, then: str) -> None:
    oms.add_task(there)
    oms.service.control_set(state_delay=3600)
    failed, made = failure(oms, state, {**WITH_KEYS, **BY_ID}, timeout=7)

    assert str(failed) == (
        f"The sync task {TASK} {said} within 7 s. It may do so later. Run the task again. If this happens often,"
        " raise wait_timeout."
    )
    assert (made.before["status"], made.after["status"]) == (there, then)
    assert (failed.kind, made.changed, sum(oms.clock.slept)) == ("timeout", True, 7)
    assert made.task is not None
    assert made.task["status"] == then


def test_a_deleted_task_is_waited_for(oms: SimulatedOms) -> None:
    """It may be shown for a while."""
    oms.add_task("STOPPED")
    body = json.dumps({"status": "STOPPED"})
    oms.meanwhile(DELETE, lambda: oms.fault("answer", method="GET", times=2, status=200, body=body))
    made = run(oms, "absent", BY_PLACE)

    assert (made.changed, made.task) == (True, None)
    assert oms.clock.slept == [0.5, 1]


def test_the_time_to_wait_is_one_for_stopping_and_deleting(oms: SimulatedOms) -> None:
    oms.add_task()
    oms.service.control_set(state_delay=5)
    body = json.dumps({"status": "STOPPED"})
    # It is deleted after 7.5 s, and then shown for ever.
    oms.meanwhile(DELETE, lambda: None)
    oms.fault("answer", method="GET", skip=1, times=None, status=200, body=body)
    failed, made = failure(oms, "absent", BY_ID, timeout=10)

    assert "was deleted, but OMS still shows it within 10 s" in str(failed)
    assert (failed.kind, made.changed, sum(oms.clock.slept)) == ("timeout", True, 10)


@pytest.mark.parametrize(
    ("there", "state", "request_", "then"),
    [
        ("STOPPED", "started", START, "SYNCHRONIZING"),
        ("SYNCHRONIZING", "stopped", STOP, "STOPPED"),
        ("SYNCHRONIZING", "absent", STOP, None),
        ("STOPPED", "absent", DELETE, None),
    ],
)
def test_a_change_whose_answer_is_lost_is_read(
    oms: SimulatedOms, there: str, state: str, request_: str, then: str | None
) -> None:
    oms.add_task(there)
    method, _space, path = request_.partition(" ")
    for kind in ({"kind": "reset"}, {"kind": "answer", "status": 503}, {"kind": "answer", "status": 500}):
        oms.fault(**kind, method=method, path=path, after_accepting=True)
        made = run(oms, state, {**WITH_KEYS, **BY_ID})

        assert made.changed
        assert oms.statuses() == ({TASK: then} if then else {})
        oms.service.control_clear_faults()
        oms.service.sync_tasks.tasks.clear()
        oms.add_task(there)


@pytest.mark.parametrize(("there", "state"), [("STOPPED", "started"), ("SYNCHRONIZING", "stopped")])
def test_a_change_that_was_not_made_fails_as_it_did(oms: SimulatedOms, there: str, state: str) -> None:
    oms.add_task(there)
    oms.fault("answer", method="POST", status=503)
    failed, made = failure(oms, state, {**WITH_KEYS, **BY_ID})

    assert (failed.answer.http_status, made.changed) == (503, False)
    assert made.before == made.after != {}


@pytest.mark.parametrize("state", ["stopped", "absent"])
def test_a_failure_after_a_change_is_a_change(oms: SimulatedOms, state: str) -> None:
    oms.add_task()
    after = {"stopped": "GET", "absent": "DELETE"}[state]
    oms.meanwhile(STOP, lambda: oms.fault("answer", method=after, status=500))
    failed, made = failure(oms, state, BY_PLACE)

    assert failed.answer.http_status == 500
    assert made.changed
    assert oms.statuses() == {TASK: "STOPPED"}
    # What is there, and not what was planned.
    assert made.after["status"] == "STOPPED"


def test_what_goes_wrong_after_deleting_is_said(oms: SimulatedOms) -> None:
    oms.add_task("STOPPED")
    oms.meanwhile(DELETE, lambda: oms.fault("answer", method="GET", status=403))
    failed, made = failure(oms, "absent", BY_PLACE)

    assert "oms:synctask:get" in str(failed)
    assert (made.changed, made.task, made.after) == (True, None, {})


# ---- creating


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset"},
        # A proxy's page; an answer without an id; an error after the work was done.
        *({"kind": "answer", "status": status} for status in (200, 408, 500, 502, 503, 504)),
    ],
)
@pytest.mark.parametrize("retries", [0, 3])
def test_a_lost_answer_does_not_make_two_tasks(oms: SimulatedOms, fault: dict[str, t.Any], retries: int) -> None:
    oms.fault(**fault, method="POST", after_accepting=True)
    made = run(oms, "present", WITH_KEYS, retries=retries)

    assert (made.changed, oms.writing, len(oms.statuses())) == (True, [CREATE], 1)
    assert made.sync_task_id in oms.statuses()


def test_a_creation_that_did_not_happen_is_tried_again(oms: SimulatedOms) -> None:
    oms.fault("answer", method="POST", status=503, times=2)
    made = run(oms, "present", WITH_KEYS, retries=3)

    assert (made.changed, oms.writing, len(oms.statuses())) == (True, [CREATE] * 3, 1)
    assert oms.clock.slept == [1, 2]


@pytest.mark.parametrize("retries", [0, 2])
def test_a_creation_that_never_happens_fails(oms: SimulatedOms, retries: int) -> None:
    oms.fault("reset", method="POST", times=None)
    failed, made = failure(oms, "present", WITH_KEYS, retries=retries)

    assert isinstance(failed, ConnectionFailure)
    assert (made.changed, made.sync_task_id, oms.writing) == (False, None, [CREATE] * (retries + 1))


@pytest.mark.parametrize("status", [200, 500])
def test_a_creation_is_not_repeated_after_an_answer_that_is_not_transient(oms: SimulatedOms, status: int) -> None:
    oms.fault("answer", method="POST", status=status)
    failed, made = failure(oms, "present", WITH_KEYS, retries=3)

    assert (failed.answer.http_status, made.changed, oms.writing) == (status, False, [CREATE])


def create(oms: SimulatedOms, **fields: t.Any) -> None:
    """As somebody else does."""
    keys = {"src_ak": "a", "src_sk": "a", "dst_ak": "a", "dst_sk": "a"}
    assert oms.handle("POST", TASKS, json.dumps({**EXAMPLE, **keys, **fields})) == 200


@pytest.mark.parametrize("retries", [0, 3])
def test_a_task_of_somebody_else_is_not_taken_for_one_s_own(oms: SimulatedOms, retries: int) -> None:
    """The creation is answered with 503 and was not carried out, and somebody creates another task meanwhile."""
    oms.meanwhile(CREATE, lambda: create(oms, dst_storage_policy="IA"))
    oms.fault("answer", method="POST", status=503, skip=1)
    options = merged(WITH_KEYS, {"destination": {"storage_policy": "STANDARD"}})
    failed, made = failure(oms, "present", options, retries=retries)

    assert 'destination.storage_policy is "IA", not "STANDARD"' in str(failed)
    assert (failed.kind, made.changed, made.before, made.after) == ("state", False, {}, {})
    assert (oms.writing, len(oms.statuses())) == ([CREATE], 1)


def test_a_task_with_another_description_does_not_prevent_a_creation(oms: SimulatedOms) -> None:
    oms.meanwhile(CREATE, lambda: create(oms, description="films"))
    oms.fault("answer", method="POST", status=503, skip=1)
    made = run(oms, "present", {**WITH_KEYS, "description": "photos"}, retries=3)

    assert made.changed
    assert made.task is not None
    assert (made.task["description"], oms.writing, len(oms.statuses())) == ("photos", [CREATE] * 2, 2)


def test_where_one_of_two_new_tasks_is_one_s_own_that_is_a_change(oms: SimulatedOms) -> None:
    oms.meanwhile(CREATE, lambda: create(oms))
    oms.fault("answer", method="POST", status=503, skip=1, after_accepting=True)
    failed, made = failure(oms, "present", WITH_KEYS)

    assert "More than one sync task" in str(failed)
    assert (made.changed, made.sync_task_id, len(oms.statuses())) == (True, None, 2)
    assert made.after["status"] == "SYNCHRONIZING"


@pytest.mark.parametrize("missing", MISSING)
def test_a_new_task_may_not_be_shown_at_once(oms: SimulatedOms, missing: list[t.Any]) -> None:
    body = json.dumps({"error_code": missing[1], "error_msg": "m"})
    oms.fault("answer", method="GET", skip=1, times=3, status=missing[0], body=body)
    made = run(oms, "present", WITH_KEYS)

    assert (made.changed, oms.clock.slept) == (True, [0.5, 1, 2])
    assert made.task is not None
    assert made.task["create_time"]


def test_a_new_task_that_is_never_shown_fails_after_wait_timeout(oms: SimulatedOms) -> None:
    body = json.dumps({"error_code": "OMS.2002", "error_msg": "m"})
    oms.fault("answer", method="GET", skip=1, times=None, status=400, body=body)
    failed, made = failure(oms, "present", WITH_KEYS, timeout=7)

    assert (failed.kind, made.changed, sum(oms.clock.slept)) == ("timeout", True, 7)
    assert made.sync_task_id in oms.statuses()


def test_without_waiting_a_new_task_that_is_not_shown_is_as_it_was_asked_for(oms: SimulatedOms) -> None:
    body = json.dumps({"error_code": "OMS.2002", "error_msg": "m"})
    oms.fault("answer", method="GET", skip=1, status=400, body=body)
    made = run(oms, "present", WITH_KEYS, wait=False)

    assert made.changed
    assert made.task == {**made.after, "sync_task_id": next(iter(oms.statuses()))}


def test_where_one_can_not_look_the_first_failure_is_told(oms: SimulatedOms) -> None:
    oms.fault("answer", method="POST", status=504)
    oms.fault("answer", method="GET", skip=1, status=401, times=None)
    failed, made = failure(oms, "present", WITH_KEYS, retries=3)

    assert (failed.answer.http_status, made.changed) == (504, False)
    assert oms.requests == [LIST, CREATE, LIST]


def test_a_connection_that_can_not_be_is_tried_once(oms: SimulatedOms) -> None:
    def no_connection() -> None:
        raise ConnectionFailure("tls", "certificate", "Check it", transient=False)

    oms.meanwhile(CREATE, no_connection)
    failed, _made = failure(oms, "present", WITH_KEYS, retries=3)

    assert failed.kind == "tls"
    assert oms.writing == []


def five(oms: SimulatedOms) -> None:
    for number in range(5):
        oms.add_task(sync_task_id=f"task-{number}", src_bucket=f"bucket-{number}")


LIMIT = (
    "The project has 5 sync tasks. OMS documents a maximum of 5 for an account. Delete one before you create another."
)


def test_the_sixth_task_is_refused_with_the_reason(oms: SimulatedOms) -> None:
    five(oms)
    failed, made = failure(oms, "present", WITH_KEYS)

    assert str(failed).startswith(f"{LIMIT} (POST ")
    assert 'HTTP 400 OMS.0077 "The number of tasks has reached the upper limit."' in str(failed)
    assert (failed.kind, failed.answer.http_status, made.changed) == ("service", 400, False)


def test_check_mode_warns_of_the_sixth_task(oms: SimulatedOms) -> None:
    """The limit is documented, but some may have been granted more."""
    five(oms)
    made = run(oms, "present", WITH_KEYS, check_mode=True)

    assert (made.changed, made.warnings) == (True, [LIMIT])


def test_with_fewer_tasks_a_refusal_is_not_about_their_number(oms: SimulatedOms) -> None:
    oms.fault("answer", method="POST", status=400, body='{"error_code": "OMS.0064"}')
    failed, made = failure(oms, "present", WITH_KEYS)

    assert "The project has" not in str(failed)
    assert made.warnings == []


def test_an_unknown_status_does_not_accept_events(oms: SimulatedOms) -> None:
    oms.add_task("PAUSING")
    made = change(oms, "started", {**WITH_KEYS, **BY_ID})
    made.run(check_mode=True)

    assert made.changed
