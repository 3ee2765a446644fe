# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The modules that only look, in this process and over the simulator."""

from __future__ import annotations

import json
import runpy
import typing as t
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError
from ansible_collections.huaweicloud.oms.plugins.modules import oms_sync_task_info, oms_sync_task_statistics_info
from ansible_collections.huaweicloud.oms.plugins.modules.oms_sync_task_info import read_month, within_month
from ansible_collections.huaweicloud.oms.plugins.modules.oms_sync_task_statistics_info import read_time
from ansible_collections.huaweicloud.oms.tests.unit.module_runs import assert_documented
from ansible_collections.huaweicloud.oms.tests.unit.plugins.modules.conftest import RunOnSimulator
from ansible_collections.huaweicloud.oms.tests.unit.simulated_oms import PATH, PROJECT, TASK, TASKS, SimulatedOms

OMS = "https://oms.cn-north-4.myhuaweicloud.com"
UTC = timezone.utc
info = oms_sync_task_info.main
statistics = oms_sync_task_statistics_info.main
RETURN_OF_INFO = yaml.safe_load(oms_sync_task_info.RETURN)
RETURN_OF_STATISTICS = yaml.safe_load(oms_sync_task_statistics_info.RETURN)
BY_ID = {"sync_task_id": TASK}
HOUR = {**BY_ID, "last_minutes": 60}


@pytest.fixture
def november(oms: SimulatedOms) -> SimulatedOms:
    """A simulator with a task that counted something in November 2027."""
    then = datetime(2027, 11, 25, 9, 37, tzinfo=UTC)
    now = oms.service.sync_tasks.now
    oms.add_task()
    oms.service.sync_tasks.now = then.timestamp  # type: ignore[method-assign]
    oms.service.control_count(TASK, [12, 10, 1, 1, 4096])
    oms.service.sync_tasks.now = now  # type: ignore[method-assign]
    return oms


# ---- sync tasks


def shown(tasks: list[dict[str, t.Any]]) -> list[str]:
    return [task["sync_task_id"] for task in tasks]


@pytest.mark.parametrize("check_mode", [False, True])
def test_all_tasks_are_listed(run_on_simulator: RunOnSimulator, oms: SimulatedOms, check_mode: bool) -> None:
    for number in range(120):
        oms.add_task("STOPPED" if number % 2 else "SYNCHRONIZING", sync_task_id=f"task-{number}")
    everything = run_on_simulator(info, {}, check_mode).result
    stopped = run_on_simulator(info, {"status": "STOPPED"}, check_mode).result

    assert shown(everything["sync_tasks"]) == [f"task-{number}" for number in range(120)]
    assert shown(stopped["sync_tasks"]) == [f"task-{number}" for number in range(1, 120, 2)]
    assert {name: value for name, value in everything.items() if name != "sync_tasks"} == {
        "changed": False,
        "project_id": PROJECT,
        "endpoint": OMS,
        "error": None,
    }
    assert oms.requests == [f"GET {TASKS}"] * 3


def test_one_task_is_shown_with_the_counters_of_this_month(run_on_simulator: RunOnSimulator, oms: SimulatedOms) -> None:
    oms.add_task()
    oms.service.control_count(TASK, [1, 1, 0, 0, 10])
    (task,) = run_on_simulator(info, BY_ID).result["sync_tasks"]

    assert (task["sync_task_id"], task["monthly_acceptance_request"], task["monthly_size"]) == (TASK, 1, 10)
    assert oms.requests == [f"GET {PATH}"]


@pytest.mark.parametrize("options", [BY_ID, {}])
@pytest.mark.parametrize(
    ("month", "counted"), [("2027-10", (0, 0, 0, 0, 0)), ("2027-11", (12, 10, 1, 1, 4096)), ("2027-12", (0,) * 5)]
)
def test_the_counters_of_a_month(
    run_on_simulator: RunOnSimulator,
    november: SimulatedOms,
    options: dict[str, str],
    month: str,
    counted: tuple[int, ...],
) -> None:
    november.add_task("STOPPED", sync_task_id="another")
    task, *others = run_on_simulator(info, {**options, "month": month}).result["sync_tasks"]

    names = ("acceptance_request", "success_object", "failure_object", "skip_object", "size")
    assert tuple(task[f"monthly_{name}"] for name in names) == counted
    assert shown(others) == ([] if options else ["another"])
    # What only the list has is not lost.
    assert all("source_cdn" in each for each in ([] if options else [task, *others]))


@pytest.mark.parametrize("missing", [[400, "OMS.2002"], [404, "OMS.1009"], [400, "OMS.1009"], [400, "OMS.0054"]])
def test_a_missing_task_is_an_empty_list(
    run_on_simulator: RunOnSimulator, oms: SimulatedOms, missing: list[t.Any]
) -> None:
    oms.service.control_set(missing_task=missing)
    done = run_on_simulator(info, BY_ID)

    assert (done.failed, done.result["sync_tasks"], done.result["error"]) == (False, [], None)


def test_a_task_that_is_deleted_meanwhile_is_left_out(run_on_simulator: RunOnSimulator, oms: SimulatedOms) -> None:
    oms.add_task("STOPPED")
    oms.add_task("STOPPED", sync_task_id="another")
    oms.meanwhile(f"GET {PATH}", lambda: oms.handle("DELETE", PATH))
    done = run_on_simulator(info, {"month": "2026-11"})

    assert shown(done.result["sync_tasks"]) == ["another"]


@pytest.mark.parametrize(("options", "action"), [(BY_ID, "get"), ({}, "list"), ({"month": "2026-11"}, "list")])
def test_other_failures_of_a_look_up_fail(
    run_on_simulator: RunOnSimulator, oms: SimulatedOms, options: dict[str, str], action: str
) -> None:
    oms.fault("answer", status=403, body='{"error_code": "APIGW.0302"}')
    done = run_on_simulator(info, options)

    assert (done.failed, done.result["sync_tasks"], done.result["changed"]) == (True, [], False)
    assert f"the IAM action oms:synctask:{action}" in str(done.msg)
    assert done.result["error"]["error_code"] == "APIGW.0302"


def test_a_wrong_endpoint_is_no_missing_task(run_on_simulator: RunOnSimulator, oms: SimulatedOms) -> None:
    oms.service.control_set(missing_task=[404, "APIGW.0101"])

    assert "Check region and endpoint" in str(run_on_simulator(info, BY_ID).msg)


def test_a_404_without_a_code_of_oms_is_no_missing_task(run_on_simulator: RunOnSimulator, oms: SimulatedOms) -> None:
    oms.fault("answer", status=404, body="404 page not found", headers={"Content-Type": "text/plain"})
    done = run_on_simulator(info, BY_ID)

    assert (done.failed, done.result["error"]["kind"]) == (True, "service")


@pytest.mark.parametrize("month", [None, "2026-11"])
def test_an_odd_entry_of_the_list_is_shown_as_it_is(
    run_on_simulator: RunOnSimulator, oms: SimulatedOms, month: str | None
) -> None:
    oms.add_task()
    odd = {"sync_task_id": None, "status": None, "src_bucket": "b"}
    right = {"sync_task_id": TASK, "status": "SYNCHRONIZING"}
    body = json.dumps({"tasks": [odd, right], "count": 2})
    oms.fault("answer", method="GET", status=200, body=body)
    done = run_on_simulator(info, {"month": month})

    assert not done.failed
    first, second = done.result["sync_tasks"]
    assert first == {**odd, "source_cdn": None}
    assert ("monthly_size" in second) == bool(month)


def test_a_list_that_is_not_complete_is_a_failure(run_on_simulator: RunOnSimulator, oms: SimulatedOms) -> None:
    oms.fault("answer", method="GET", times=None, status=200, body='{"tasks": null, "count": 2}')
    done = run_on_simulator(info, {})

    assert (done.failed, done.result["sync_tasks"]) == (True, [])
    assert "OMS listed 0 of 2" in str(done.msg)


@pytest.mark.parametrize(
    "month", ["2026-13", "2026-00", "2026-1", "26-11", "2026-11-01", "November", "", "2001-12", "2100-01"]
)
def test_a_month_has_a_form(run_on_simulator: RunOnSimulator, oms: SimulatedOms, month: str) -> None:
    done = run_on_simulator(info, {"month": month})

    assert done.msg == f'month is "{month}". It must be from 2002-01 to 2099-12, for example 2026-11.'
    assert (done.result, oms.requests) == ({}, [])


def test_a_month_is_asked_for_by_a_time_that_is_in_it_everywhere() -> None:
    for month in ("2024-02", "2026-12", "2027-01"):
        middle = read_month(month)
        for offset in (-12, 14):
            assert middle.astimezone(timezone(timedelta(hours=offset))).strftime("%Y-%m") == month


@pytest.mark.parametrize(
    ("now", "asked"),
    [
        (datetime(2026, 11, 3, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)),
        (datetime(2026, 11, 30, 23, tzinfo=UTC), datetime(2026, 11, 15, 12, tzinfo=UTC)),
        (datetime(2026, 10, 31, tzinfo=UTC), datetime(2026, 11, 15, 12, tzinfo=UTC)),
        (datetime(2027, 11, 3, tzinfo=UTC), datetime(2026, 11, 15, 12, tzinfo=UTC)),
    ],
)
def test_the_current_month_is_not_asked_for_by_a_time_to_come(now: datetime, asked: datetime) -> None:
    assert within_month(read_month("2026-11"), now) == asked


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sync_task_id": "a/b"}, 'sync_task_id has "/" at character 2'),
        ({"sync_task_id": "a", "status": "STOPPED"}, "parameters are mutually exclusive: sync_task_id|status"),
        ({"status": "PAUSED"}, "value of status must be one of: SYNCHRONIZING, STOPPED, got: PAUSED"),
    ],
)
def test_options_of_a_look_up_have_to_fit(
    run_on_simulator: RunOnSimulator, oms: SimulatedOms, options: dict[str, str], said: str
) -> None:
    done = run_on_simulator(info, options)

    assert str(done.msg).startswith(said)
    assert (done.result, oms.requests) == ({}, [])


@pytest.mark.parametrize("options", [BY_ID, {}, {"month": "2026-11"}, {"sync_task_id": "missing"}])
@pytest.mark.parametrize("auth_token", ["token", None])
def test_the_result_of_a_look_up_is_as_documented(
    run_on_simulator: RunOnSimulator, oms: SimulatedOms, options: dict[str, str], auth_token: str | None
) -> None:
    oms.add_task()
    result = run_on_simulator(info, {**options, "auth_token": auth_token}).result
    tasks = result.pop("sync_tasks")
    documented = dict(RETURN_OF_INFO)
    of_task = documented.pop("sync_tasks")["contains"]

    assert result.pop("changed") is False
    assert_documented(result, documented)
    for task in tasks:
        left_out = {"source_cdn"} if "sync_task_id" in options else set()
        left_out |= set() if options else {name for name in of_task if name.startswith("monthly_")}
        assert_documented(task, {name: entry for name, entry in of_task.items() if name not in left_out})


# ---- statistics


@pytest.mark.parametrize("check_mode", [False, True])
def test_statistics_come_as_points_and_sums(
    run_on_simulator: RunOnSimulator, november: SimulatedOms, check_mode: bool
) -> None:
    options = {**BY_ID, "start_time": "2027-11-25T17:00:00+08:00", "end_time": "2027-11-25T10:00:00Z"}
    result = run_on_simulator(statistics, options, check_mode).result

    def series(data_type: str, value: int) -> dict[str, t.Any]:
        point = {"time": "2027-11-25T09:35:00Z", "time_stamp": 1827135300000, "value": value}
        return {"data_type": data_type, "sum": value, "points": [point]}

    assert result == {
        "changed": False,
        "sync_task_id": TASK,
        "start_time": "2027-11-25T09:00:00Z",
        "end_time": "2027-11-25T10:00:00Z",
        "statistic_time_type": "FIVE_MINUTES",
        "sums": {"REQUEST": 12, "SUCCESS": 10, "FAILURE": 1, "SKIP": 1, "SIZE": 4096},
        "statistics": [
            series("REQUEST", 12),
            series("SUCCESS", 10),
            series("FAILURE", 1),
            series("SKIP", 1),
            series("SIZE", 4096),
        ],
        "project_id": PROJECT,
        "endpoint": OMS,
        "error": None,
    }
    assert november.requests == [f"GET {PATH}/statistics"]


def test_points_are_in_the_order_of_time_and_summed_up(run_on_simulator: RunOnSimulator, oms: SimulatedOms) -> None:
    data = [{"time_stamp": 1795600800000, "statistic_num": 2}, {"time_stamp": 1795593600000, "statistic_num": 3}]
    body = str({"statistic_time_type": "ONE_HOUR", "statistic_datas": [{"data_type": "SKIP", "data": data}]})
    oms.fault("answer", status=200, body=body.replace("'", '"'))
    result = run_on_simulator(statistics, HOUR).result

    (skipped,) = [entry for entry in result["statistics"] if entry["data_type"] == "SKIP"]
    assert [(point["time"], point["value"]) for point in skipped["points"]] == [
        ("2026-11-25T08:00:00Z", 3),
        ("2026-11-25T10:00:00Z", 2),
    ]
    assert (skipped["sum"], result["sums"]) == (5, {"REQUEST": 0, "SUCCESS": 0, "FAILURE": 0, "SKIP": 5, "SIZE": 0})


def test_nothing_is_empty_lists_and_zeros(run_on_simulator: RunOnSimulator, oms: SimulatedOms) -> None:
    oms.add_task()
    result = run_on_simulator(statistics, HOUR).result

    assert set(result["sums"].values()) == {0}
    assert [entry["points"] for entry in result["statistics"]] == [[]] * 5
    assert_documented({name: value for name, value in result.items() if name != "changed"}, RETURN_OF_STATISTICS)


def test_the_last_minutes_end_now(run_on_simulator: RunOnSimulator, oms: SimulatedOms) -> None:
    oms.add_task()
    before = datetime.now(UTC).replace(microsecond=0)
    result = run_on_simulator(statistics, {**BY_ID, "last_minutes": 90}).result
    start, end = (read_time(name, result[name]) for name in ("start_time", "end_time"))

    assert end - start == timedelta(minutes=90)
    assert before <= end <= datetime.now(UTC)


def test_without_an_end_it_is_now(run_on_simulator: RunOnSimulator, oms: SimulatedOms) -> None:
    oms.add_task()
    result = run_on_simulator(statistics, {**BY_ID, "start_time": "2025-11-25"}).result

    assert result["start_time"] == "2025-11-25T00:00:00Z"
    assert datetime.now(UTC) - read_time("end_time", result["end_time"]) < timedelta(minutes=5)
    assert result["statistic_time_type"] == "ONE_HOUR"


@pytest.mark.parametrize("missing", [[400, "OMS.2002"], [404, "OMS.1009"], [400, "OMS.1009"], [400, "OMS.0054"]])
def test_statistics_of_a_missing_task_fail(
    run_on_simulator: RunOnSimulator, oms: SimulatedOms, missing: list[t.Any]
) -> None:
    oms.service.control_set(missing_task=missing)
    done = run_on_simulator(statistics, HOUR)

    assert done.failed
    assert f"The sync task {TASK} was not found in the project {PROJECT}" in str(done.msg)
    assert (done.result["error"]["kind"], done.result["error"]["error_code"]) == ("state", missing[1])
    assert (done.result["statistic_time_type"], len(done.result["statistics"])) == (None, 5)
    assert_documented({name: value for name, value in done.result.items() if name != "changed"}, RETURN_OF_STATISTICS)


@pytest.mark.parametrize(
    ("value", "when"),
    [
        ("2026-11-25T08:00:00Z", datetime(2026, 11, 25, 8, tzinfo=UTC)),
        ("2026-11-25T08:00:00z", datetime(2026, 11, 25, 8, tzinfo=UTC)),
        ("2026-11-25T08:00:00", datetime(2026, 11, 25, 8, tzinfo=UTC)),
        ("2026-11-25T08:00", datetime(2026, 11, 25, 8, tzinfo=UTC)),
        ("2026-11-25", datetime(2026, 11, 25, tzinfo=UTC)),
        ("2026-11-25T16:00:00+08:00", datetime(2026, 11, 25, 8, tzinfo=UTC)),
        ("2026-11-25T08:00:00.250000+00:00", datetime(2026, 11, 25, 8, 0, 0, 250000, tzinfo=UTC)),
        # What YAML makes of one without quotes
        ("2026-11-25 08:00:00+00:00", datetime(2026, 11, 25, 8, tzinfo=UTC)),
    ],
)
def test_times_are_read(value: str, when: datetime) -> None:
    assert read_time("start_time", value) == when


@pytest.mark.parametrize("value", ["", "now", "Z", "2026-13-01", "1795593600000", "0001-01-01T00:00:00+14:00"])
def test_an_invalid_time_is_refused(value: str) -> None:
    with pytest.raises(ArgumentError, match=r"^end_time is .*It must be (a time|in the years)"):
        read_time("end_time", value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"start_time": "2026-11-25T08:00:00Z", "end_time": "2026-11-25T08:00:00Z"},
            "start_time is 2026-11-25T08:00:00Z",
        ),
        ({"start_time": "2099-11-25"}, "start_time is 2099-11-25T00:00:00Z, which is not before now. Give an earlier"),
        ({"start_time": "2001-11-25"}, 'start_time is "2001-11-25". It must be in the years 2002 to 2285.'),
        ({"start_time": "2300-01-01"}, 'start_time is "2300-01-01". It must be in the years'),
        (
            {"start_time": "yesterday"},
            'start_time is "yesterday". It must be a time, for example 2026-11-25T08:00:00Z.',
        ),
        ({"last_minutes": 0}, "last_minutes is 0. It must be from 1 to 525600."),
        ({"last_minutes": 525601}, "last_minutes is 525601. It must be from "),
        ({"last_minutes": 1, "start_time": "2026-11-25"}, "parameters are mutually exclusive: last_minutes|start_time"),
        ({"last_minutes": 1, "end_time": "2026-11-25"}, "parameters are mutually exclusive: last_minutes|end_time"),
        ({"end_time": "2026-11-25"}, "one of the following is required: last_minutes, start_time"),
        ({"last_minutes": 1, "sync_task_id": "a b"}, 'sync_task_id has " " at character 2'),
        ({"last_minutes": 1, "sync_task_id": None}, "missing required arguments: sync_task_id"),
    ],
)
def test_options_of_statistics_have_to_fit(
    run_on_simulator: RunOnSimulator, oms: SimulatedOms, options: dict[str, t.Any], said: str
) -> None:
    done = run_on_simulator(statistics, {**BY_ID, **options})

    assert str(done.msg).startswith(said)
    assert (done.result, oms.requests) == ({}, [])


@pytest.mark.parametrize(("module", "options"), [(oms_sync_task_info, {}), (oms_sync_task_statistics_info, HOUR)])
def test_the_files_run_as_ansible_runs_them(
    run_on_simulator: RunOnSimulator, oms: SimulatedOms, module: t.Any, options: dict[str, t.Any]
) -> None:
    oms.add_task()
    path = str(Path(module.__file__))
    done = run_on_simulator(lambda: t.cast(None, runpy.run_path(path, None, "__main__")), options)

    assert (done.failed, done.result["changed"]) == (False, False)
