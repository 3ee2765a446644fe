# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The client's operations on sync tasks, over a network that expects exactly these requests."""

from __future__ import annotations

import json
import typing as t
from datetime import datetime, timezone

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.client import AuthenticatedClient
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credential import AccessKey, Credential
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import CONNECTION, ConnectionFailure, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Response
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.answers import Statistics
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.api_errors import is_in_progress, is_missing
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.client import Client
from ansible_collections.huaweicloud.oms.tests.unit.fakes import Expected, FakeTransport, answer

PROJECT = "f697f813554a4f05bac882a183b20878"
TASK = "31e9b7e6-6ffb-452f-9842-6ce354d99d75"
OMS = Endpoint("https://oms.cn-north-4.myhuaweicloud.com", "region cn-north-4")
TASKS = f"/v2/{PROJECT}/sync-tasks"
PATH = f"{TASKS}/{TASK}"
# FakeClock's 2026-01-01T00:00:00Z
NOW = "1767225600000"
FIELDS = {"src_bucket": "b\u00fccket", "src_ak": "AK"}
BODY = b'{"src_bucket":"b\\u00fccket","src_ak":"AK"}'
START = datetime(2026, 11, 25, 8, tzinfo=timezone.utc)
END = datetime(2026, 11, 25, 10, tzinfo=timezone.utc)

Operation = t.Callable[[Client], t.Any]


class Case(t.NamedTuple):
    """An operation, its request, and the permission that it needs."""

    operation: Operation
    method: str
    target: str
    body: bytes
    iam_action: str

    def __str__(self) -> str:
        return f"{self.method} {self.target.partition('?')[0].replace(TASKS, '')}"

    def expected(self, response: Response | ConnectionFailure) -> Expected:
        return Expected(self.method, f"{OMS.url}{self.target}", response, self.body)


LIST = Case(lambda c: c.list_sync_tasks(), "GET", f"{TASKS}?limit=100&offset=0", b"", "oms:synctask:list")
CREATE = Case(lambda c: c.create_sync_task(FIELDS), "POST", TASKS, BODY, "oms:synctask:create")
SHOW = Case(lambda c: c.show_sync_task(TASK), "GET", f"{PATH}?query_time={NOW}", b"", "oms:synctask:get")
STATISTICS = Case(
    lambda c: c.show_statistics(TASK, START, END),
    "GET",
    f"{PATH}/statistics?data_type=REQUEST%2CSUCCESS%2CFAILURE%2CSKIP%2CSIZE"
    "&end_time=1795600800000&start_time=1795593600000",
    b"",
    "oms:synctask:statistics",
)
STARTING = Case(lambda c: c.start_sync_task(TASK, FIELDS), "POST", f"{PATH}/start", BODY, "oms:synctask:update")
STOPPING = Case(lambda c: c.stop_sync_task(TASK), "POST", f"{PATH}/stop", b"", "oms:synctask:update")
DELETING = Case(lambda c: c.delete_sync_task(TASK), "DELETE", PATH, b"", "oms:synctask:delete")
OF_ALL = [LIST, CREATE]
OF_ONE = [SHOW, STATISTICS, STARTING, STOPPING, DELETING]
CHANGES = [STARTING, STOPPING, DELETING]


def cases(some: list[Case]) -> t.Any:
    return pytest.mark.parametrize("case", some, ids=str)


def do(case: Case, *responses: Response | ConnectionFailure, secret: str = "", retries: int = 0) -> t.Any:
    """What comes of an operation when it is answered so."""
    secrets = Secrets(lambda _value: None)
    secrets.add(secret)
    with FakeTransport(*map(case.expected, responses), retries=retries) as transport:
        client = Client(
            AuthenticatedClient(transport, Credential(AccessKey("AccessKey", "SecretKey")), project_id=PROJECT),
            OMS,
            PROJECT,
            secrets,
        )
        return case.operation(client)


def failure_of(case: Case, *responses: Response | ConnectionFailure, secret: str = "", retries: int = 0) -> Failure:
    with pytest.raises(Failure) as caught:
        do(case, *responses, secret=secret, retries=retries)
    return caught.value


def refusal(code: str, status: int = 400) -> Response:
    return answer(status, {"error_code": code, "error_msg": "No."}, X_Request_Id="0a1b")


# ---- what is asked and answered


def test_a_task_is_shown_with_its_id() -> None:
    assert do(SHOW, answer(200, {"status": "STOPPED", "monthly_size": 3})) == {
        "sync_task_id": TASK,
        "status": "STOPPED",
        "monthly_size": 3,
    }


def test_a_month_is_picked_by_a_time_in_it() -> None:
    show = SHOW._replace(operation=lambda c: c.show_sync_task(TASK, START), target=f"{PATH}?query_time=1795593600000")

    assert do(show, answer(200, {"status": "STOPPED"}))["status"] == "STOPPED"


def page(*numbers: int, count: t.Any) -> Response:
    tasks = [{"sync_task_id": f"task-{number}", "status": "STOPPED"} for number in numbers]
    return answer(200, {"tasks": tasks, "count": count})


def listed(*pages: tuple[int, Response], status: str | None = None) -> list[str]:
    """The ids of all the tasks, if pages with these offsets are asked for."""
    of_status = f"&status={status}" if status else ""
    expected = [
        Expected("GET", f"{OMS.url}{TASKS}?limit=100&offset={offset}{of_status}", response)
        for offset, response in pages
    ]
    with FakeTransport(*expected) as transport:
        client = Client(
            AuthenticatedClient(transport, Credential(AccessKey("ak", "sk")), project_id=PROJECT),
            OMS,
            PROJECT,
            Secrets(lambda _value: None),
        )
        return [task["sync_task_id"].removeprefix("task-") for task in client.list_sync_tasks(status)]


def test_a_list_has_all_pages() -> None:
    first, second, third = (range(start, end) for start, end in ((0, 100), (100, 200), (200, 230)))

    found = listed((0, page(*first, count=230)), (100, page(*second, count=230)), (200, page(*third, count=230)))

    assert found == [str(number) for number in range(230)]


def test_the_offset_of_a_list_is_the_number_of_entries_received() -> None:
    assert listed((0, page(1, 2, count=3)), (2, page(3, count=3))) == ["1", "2", "3"]


@pytest.mark.parametrize("tasks", [[], None])
def test_a_list_may_be_empty(tasks: list[t.Any] | None) -> None:
    assert listed((0, answer(200, {"tasks": tasks, "count": 0}))) == []


@pytest.mark.parametrize(
    "pages",
    [
        [(0, page(1, count=9)), (1, page(count=9))],
        [(0, answer(200, {"tasks": None, "count": 1}))],
        # Beyond this offset nothing can be asked for.
        [(100 * number, page(*range(100), count=10**6)) for number in range(101)],
    ],
    ids=["short", "null", "long"],
)
def test_a_list_with_fewer_tasks_than_its_count_is_a_failure(pages: list[tuple[int, Response]]) -> None:
    with pytest.raises(
        Failure, match=r"The list of sync tasks is incomplete: OMS listed .* Run the task again"
    ) as caught:
        listed(*pages)

    assert caught.value.kind == "service"


def test_a_list_is_read_up_to_the_last_offset_that_can_be_asked_for() -> None:
    pages = [(100 * number, page(*range(100), count=10100)) for number in range(101)]

    assert len(listed(*pages)) == 10100


def test_an_odd_entry_does_not_make_a_list_unusable() -> None:
    odd = [{"sync_task_id": None, "status": "STOPPED"}, {"sync_task_id": "a", "status": None}, {}, None, 1]
    right = {"sync_task_id": TASK, "status": "STOPPED"}

    found = do(LIST, answer(200, {"tasks": [*odd, right], "count": 6}))

    assert found == [{"source_cdn": None, **entry} for entry in [*odd[:3], right]]


def test_a_list_may_be_of_one_status() -> None:
    assert listed((0, page(1, count=1)), status="STOPPED") == ["1"]


def test_a_created_task_has_an_id() -> None:
    assert do(CREATE, answer(200, {"sync_task_id": TASK})) == TASK


def test_statistics_are_read() -> None:
    body = {
        "sync_task_id": TASK,
        "statistic_time_type": "FIVE_MINUTES",
        "statistic_datas": [
            {"data_type": "REQUEST", "data": [{"time_stamp": 1795593600000, "statistic_num": 3}]},
            {"data_type": "SKIP", "data": []},
            {"data_type": "SIZE", "data": None},
        ],
    }

    found = do(STATISTICS, answer(200, body))

    assert found == Statistics("FIVE_MINUTES", {"REQUEST": [(1795593600000, 3)], "SKIP": [], "SIZE": []})


def test_statistics_may_be_empty() -> None:
    assert do(STATISTICS, answer(200, {"statistic_datas": None, "statistic_time_type": None})) == Statistics(None, {})


@cases(CHANGES)
def test_a_change_says_that_it_was_made(case: Case) -> None:
    assert do(case, answer(200)) is True


# ---- what finds its work done

DONE = [
    (STARTING, refusal("OMS.0065")),
    (STOPPING, refusal("OMS.0066")),
    # It says "not found" or "not running": a look at the task tells which.
    (STOPPING, refusal("OMS.2002")),
    (DELETING, refusal("OMS.2002")),
    (DELETING, refusal("OMS.1009")),
    (DELETING, refusal("OMS.0054")),
    (DELETING, refusal("OMS.1009", 404)),
]


@pytest.mark.parametrize(("case", "response"), DONE, ids=str)
def test_what_is_done_already_is_no_failure_and_no_change(case: Case, response: Response) -> None:
    assert do(case, response) is False


@pytest.mark.parametrize(("case", "response"), DONE, ids=str)
def test_it_is_a_change_where_an_earlier_attempt_may_have_done_it(case: Case, response: Response) -> None:
    lost = ConnectionFailure(CONNECTION, "reset", "Check it", transient=True)

    assert do(case, lost, response, retries=1) is True


@pytest.mark.parametrize(
    ("case", "code"),
    [
        (STARTING, "OMS.0066"),
        (STARTING, "OMS.1009"),
        (STARTING, "OMS.2002"),
        (STOPPING, "OMS.0065"),
        (STOPPING, "OMS.1009"),
        (DELETING, "OMS.0063"),
        (DELETING, "OMS.0066"),
    ],
    ids=str,
)
def test_what_another_operation_would_call_done_is_a_failure(case: Case, code: str) -> None:
    assert failure_of(case, refusal(code)).answer.error_code == code


# ---- what is refused

WHERE = f"in the project {PROJECT} at {OMS.url}"
NO_SUCH_TASK = f"The sync task {TASK} was not found {WHERE}. Check sync_task_id, project_id and region"
NOT_FOUND_OR_NOT_RUNNING = f"The sync task {TASK} was not found {WHERE}, or it is not running."
# The code, the status, the kind, and how the message begins.
ERRORS = [
    ("OMS.0064", 400, "service", "OMS refuses a parameter of the request."),
    ("OMS.0077", 400, "service", "There are too many tasks."),
    ("OMS.0206", 403, "service", f"The credentials have no permission for this request {WHERE}. Grant them the IAM"),
    ("OMS.2004", 503, "service", "OMS is not available."),
    ("APIGW.0101", 404, "service", f"This API does not exist at {OMS.url} (region cn-north-4). Check region and"),
    ("APIGW.0201", 502, "service", ""),
    ("APIGW.0301", 401, "credentials", ""),
    ("APIGW.0302", 403, "service", ""),
    (
        "APIGW.0601",
        500,
        "service",
        "An internal error of the service. Run the task again later",
    ),
]
OF_A_TASK = [
    ("OMS.2002", 400, NOT_FOUND_OR_NOT_RUNNING),
    ("OMS.0054", 400, NO_SUCH_TASK),
    ("OMS.1009", 400, NO_SUCH_TASK),
    ("OMS.9999", 404, NO_SUCH_TASK),
]


@cases([*OF_ALL, *OF_ONE])
@pytest.mark.parametrize(("code", "status", "kind", "explanation"), ERRORS)
def test_each_error_is_explained(case: Case, code: str, status: int, kind: str, explanation: str) -> None:
    failure = failure_of(case, refusal(code, status))

    shown = f"{case.method} {OMS.url}{case.target.partition('?')[0]}"
    assert str(failure).startswith(explanation)
    assert str(failure).endswith(f'({shown}: HTTP {status} {code} "No.", request id 0a1b)')
    assert (failure.kind, failure.answer.http_status, failure.answer.error_code) == (kind, status, code)
    assert (case.iam_action in str(failure)) == (status == 403)


@cases([SHOW, STATISTICS, STARTING])
@pytest.mark.parametrize(("code", "status", "explanation"), OF_A_TASK)
def test_a_missing_task_is_named(case: Case, code: str, status: int, explanation: str) -> None:
    failure = failure_of(case, refusal(code, status))

    assert explanation in str(failure)
    assert is_missing(failure)
    assert failure.kind == "state"


@cases(OF_ALL)
@pytest.mark.parametrize("status", [400, 404])
def test_where_there_is_no_task_in_the_request_none_is_missing(case: Case, status: int) -> None:
    failure = failure_of(case, refusal("OMS.1009", status))

    assert "The sync task" not in str(failure)
    assert failure.kind == "service"


@pytest.mark.parametrize(
    "response",
    [
        refusal("APIGW.0101", 404),
        refusal("OMS.0064"),
        refusal("OMS.9999", 403),
        answer(404),
        answer(404, b"<html>Not here</html>"),
    ],
)
def test_only_oms_itself_can_say_that_a_task_is_missing(response: Response) -> None:
    """Or a wrong endpoint would pass for a task that has been deleted."""
    assert not is_missing(failure_of(SHOW, response))
    assert not is_missing(failure_of(DELETING, response))


def test_a_task_in_progress_is_known() -> None:
    failure = failure_of(DELETING, refusal("OMS.0063"))

    assert is_in_progress(failure)
    assert f"The sync task {TASK} is running. Stop it before you delete it" in str(failure)
    assert not is_in_progress(failure_of(DELETING, refusal("OMS.0064")))


# ---- creating once


@pytest.mark.parametrize(
    "response",
    [refusal("APIGW.0201", 504), answer(503), answer(502), ConnectionFailure(CONNECTION, "reset", "", transient=True)],
)
def test_a_creation_is_not_repeated_where_it_may_have_happened(response: Response | ConnectionFailure) -> None:
    assert failure_of(CREATE, response, retries=8).attempts == 1


def test_a_creation_is_repeated_after_http_429() -> None:
    assert do(CREATE, answer(429), answer(200, {"sync_task_id": TASK}), retries=8) == TASK


# ---- answers that are not as documented

# Ansible would break off when it returns it.
NESTED = b'{"status": "STOPPED", "description": ' + b"[" * 300 + b"]" * 300 + b"}"
NO_JSON = [b"", b"{", b"null", b"[]", b'"x"', b"{}", b"[" * 100_000]


@pytest.mark.parametrize(
    ("case", "what", "body"),
    [
        *((SHOW, "sync task", body) for body in [*NO_JSON, b'{"status": 1}', NESTED]),
        *((LIST, "list of sync tasks", body) for body in NO_JSON),
        (LIST, "list of sync tasks", b'{"tasks": [], "count": "many"}'),
        (LIST, "list of sync tasks", b'{"tasks": [], "count": 1e999}'),
        (LIST, "list of sync tasks", b'{"tasks": {}, "count": 0}'),
        (LIST, "list of sync tasks", b'{"tasks": [], "count": null}'),
        *((CREATE, "id of a sync task", body) for body in NO_JSON),
        (CREATE, "id of a sync task", b'{"sync_task_id": 1}'),
        (CREATE, "id of a sync task", b'{"sync_task_id": "a/b"}'),
        *((STATISTICS, "statistics of a sync task", body) for body in NO_JSON),
        (STATISTICS, "statistics of a sync task", b'{"statistic_datas": [{"data_type": "SIZE"}]}'),
        *(
            (
                STATISTICS,
                "statistics of a sync task",
                json.dumps(
                    {"statistic_datas": [{"data_type": "SIZE", "data": [{"time_stamp": time, "statistic_num": 1}]}]}
                ).encode(),
            )
            for time in (-1, 10**13, "soon", None)
        ),
    ],
)
def test_an_answer_that_can_not_be_read_is_a_failure(case: Case, what: str, body: bytes) -> None:
    failure = failure_of(case, answer(200, body, X_Request_Id="Marker-1"), secret="Marker")

    shown = f"{case.method} {OMS.url}{case.target.partition('?')[0]}: HTTP 200, request id ********-1"
    assert str(failure) == (
        f"The answer does not contain the documented {what}. Check that {OMS.url} (region cn-north-4) is the"
        f" endpoint of OMS. ({shown})"
    )
    assert (failure.answer.http_status, failure.answer.request_id) == (200, "********-1")


def test_results_are_those_of_oms_and_can_be_printed() -> None:
    """Not masked: a bucket that is called like a key would not be found again."""
    body = (
        b'{"status": "STOPPED", "src_bucket": "Marker", "description": "a \\ud800", "more": [{"\\ud800": "b", "n": 1}]}'
    )

    task = do(SHOW, answer(200, body), secret="Marker")

    assert (task["src_bucket"], task["description"], task["more"]) == ("Marker", "a ?", [{"?": "b", "n": 1}])
