# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""OMS's operations: each a method that knows its URL, its body and what its errors mean.

The service is described in oms-api.md, sections 1 to 3.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import check_path_segment
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.client import AuthenticatedClient
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.gateway_errors import general_advice, skew_note
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import SERVICE, Answer, ArgumentError, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import quoted

# The statuses of a task (oms-api.md, section 2). It takes events only in the first one.
SYNCHRONIZING = "SYNCHRONIZING"
STOPPED = "STOPPED"

# The five series of a task's statistics.
DATA_TYPES = ("REQUEST", "SUCCESS", "FAILURE", "SKIP", "SIZE")

_START_IT = "start it with huaweicloud.oms.oms_sync_task and state: started, then run the task again"

# The permission for events, which may be repeated without harm.
_CREATE_EVENT = "oms:synctask:createEvent"

# ListSyncTasks, table 2: the most that a page holds, and the last one that can be asked for.
_PAGE = 100
_MAX_OFFSET = 10000

# What reading an answer runs into that is none of those documented.
_NOT_AS_DOCUMENTED = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)

# Statistics nest 5 deep, and nothing deeper. Ansible can't return what is nested hundreds of times.
_MAX_DEPTH = 16

# What has 13 digits of milliseconds, as OMS has times.
_LAST_TIME = 10**13

# The codes with which OMS says that a sync task does not exist (oms-api.md, section 3); the status is 400 with both.
_NO_SUCH_TASK = ("OMS.0054", "OMS.1009")
_IN_PROGRESS = "OMS.0063"
_STARTED_ALREADY = "OMS.0065"
_NOT_RUNNING = "OMS.0066"
# "The API does not exist": a 404 that says nothing of the sync task.
_NO_SUCH_API = "APIGW.0101"


@dataclass(frozen=True)
class Receipt:
    """OMS accepted an event, which does not say that anything has been copied yet.

    :arg attempts: how often the event was sent.
    """

    request_id: str
    attempts: int


@dataclass(frozen=True)
class Statistics:
    """What a sync task counted in a span of time.

    :arg time_type: what a point stands for, FIVE_MINUTES or ONE_HOUR; None where OMS does not say.
    :arg points: of each data type the times in milliseconds, with what was counted then.
    """

    time_type: str | None
    points: t.Mapping[str, t.Sequence[tuple[int, int]]]


def is_missing(failure: Failure) -> bool:
    """Whether OMS itself said that there is no such sync task; a 404 of someone before it says nothing of the task."""
    answer = failure.answer
    return answer.code in _NO_SUCH_TASK or (answer.http_status == 404 and answer.code.startswith("OMS."))


def is_in_progress(failure: Failure) -> bool:
    """Whether a task was not deleted because it has to be stopped first."""
    return failure.answer.code == _IN_PROGRESS


class Client:
    """OMS, as one authenticated client sees it; ``endpoint`` and ``project_id`` say where requests go."""

    def __init__(self, client: AuthenticatedClient, endpoint: Endpoint, project_id: str, secrets: Secrets) -> None:
        self.endpoint = endpoint
        self.project_id = project_id
        self._client = client
        self._secrets = secrets

    def create_sync_events(self, sync_task_id: str, object_keys: t.Sequence[str]) -> Receipt:
        """Tell OMS that objects have changed at the source.

        :arg object_keys: URL-encoded, 1 to 100 of them.
        :raises Failure: OMS did not accept the event.
        """
        request = self._posting(f"{self._path(sync_task_id)}/events", {"object_keys": list(object_keys)})
        response = self._send(request, sync_task_id, _CREATE_EVENT)
        return Receipt(self._secrets.mask(response.request_id), response.attempts)

    def list_sync_tasks(self, status: str | None = None) -> t.Iterator[dict[str, t.Any]]:
        """All sync tasks of the project, page by page, without the monthly counters.

        :arg status: only those that have it.
        :raises Failure: OMS does not tell.
        """
        offset = 0
        while offset <= _MAX_OFFSET:
            query = [("limit", str(_PAGE)), ("offset", str(offset)), *([("status", status)] if status else [])]
            request = Request("GET", self.endpoint, self._path(), tuple(query))
            response = self._send(request, "", "oms:synctask:list")
            try:
                answered = _read(response)
                tasks, count = [_sync_task(task) for task in answered["tasks"]], int(answered["count"])
                for task in tasks:
                    # It is to become a part of URLs.
                    check_path_segment("sync_task_id", task["sync_task_id"])
            except (*_NOT_AS_DOCUMENTED, ArgumentError):
                raise self._unreadable(request, response, "list of sync tasks") from None
            yield from tasks
            offset += len(tasks)
            if not tasks or offset >= count:
                return

    def show_sync_task(self, sync_task_id: str, when: datetime | None = None) -> dict[str, t.Any]:
        """A sync task, with the counters of a month.

        :arg when: a time in the month, now if not given.
        :raises Failure: OMS does not tell, or there is none.
        """
        request = self._showing(sync_task_id, when)
        task = self._read_sync_task(request, self._send(request, sync_task_id, "oms:synctask:get"))
        return {**task, "sync_task_id": sync_task_id}

    def show_statistics(self, sync_task_id: str, start: datetime, end: datetime) -> Statistics:
        """What a sync task counted within a span of time.

        :raises Failure: OMS does not tell, or there is no such task.
        """
        query = (
            ("data_type", ",".join(DATA_TYPES)),
            ("start_time", _milliseconds(start)),
            ("end_time", _milliseconds(end)),
        )
        request = Request("GET", self.endpoint, f"{self._path(sync_task_id)}/statistics", query)
        response = self._send(request, sync_task_id, "oms:synctask:statistics")
        try:
            answered = _read(response)
            points = {
                str(series["data_type"]): [
                    (int(point["time_stamp"]), int(point["statistic_num"])) for point in series["data"] or []
                ]
                for series in answered["statistic_datas"] or []
            }
            if not all(0 <= time < _LAST_TIME for series in points.values() for time, _count in series):
                raise ValueError
            return Statistics(answered.get("statistic_time_type"), points)
        except _NOT_AS_DOCUMENTED:
            raise self._unreadable(request, response, "statistics of a sync task") from None

    def create_sync_task(self, fields: t.Mapping[str, t.Any]) -> str:
        """Create a sync task, which starts by itself, and give back its id.

        It is sent once, because a second try could create a second task: where the answer got lost, look for the task.

        :arg fields: the body, as OMS names the fields.
        :raises Failure: OMS did not create it, or no answer came.
        """
        request = self._posting(self._path(), fields, repeatable=False)
        response = self._send(request, "", "oms:synctask:create")
        try:
            return check_path_segment("sync_task_id", _read(response)["sync_task_id"])
        except (*_NOT_AS_DOCUMENTED, ArgumentError):
            raise self._unreadable(request, response, "id of a sync task") from None

    def start_sync_task(self, sync_task_id: str, keys: t.Mapping[str, t.Any]) -> bool:
        """Start a sync task that is stopped.

        :arg keys: the body, as OMS names the fields.
        :returns: False where it was started already.
        :raises Failure: OMS did not start it.
        """
        request = self._posting(f"{self._path(sync_task_id)}/start", keys)
        return self._change(request, sync_task_id, "oms:synctask:update", lambda f: f.answer.code == _STARTED_ALREADY)

    def stop_sync_task(self, sync_task_id: str) -> bool:
        """Stop a sync task.

        :returns: False where it was stopped already.
        :raises Failure: OMS did not stop it.
        """
        request = Request("POST", self.endpoint, f"{self._path(sync_task_id)}/stop")
        return self._change(request, sync_task_id, "oms:synctask:update", lambda f: f.answer.code == _NOT_RUNNING)

    def delete_sync_task(self, sync_task_id: str) -> bool:
        """Delete a sync task that is stopped.

        :returns: False where it was gone already.
        :raises Failure: OMS did not delete it.
        """
        request = Request("DELETE", self.endpoint, self._path(sync_task_id))
        return self._change(request, sync_task_id, "oms:synctask:delete", is_missing)

    def _change(
        self, request: Request, sync_task_id: str, iam_action: str, is_done: t.Callable[[Failure], bool]
    ) -> bool:
        """Send a request that may find its work done.

        :arg is_done: whether a refusal says so.
        :returns: whether this request did it.
        """
        try:
            self._send(request, sync_task_id, iam_action)
        except Failure as failure:
            if not is_done(failure):
                raise
            # An attempt before this one may have done it, although its answer got lost.
            return failure.attempts > 1
        return True

    def check_sync_task(self, sync_task_id: str) -> str | None:
        """Find out whether a sync task would accept an event, without sending one.

        :returns: a warning where that can't be known.
        :raises Failure: it would not, as far as one can know.
        """
        request = self._showing(sync_task_id)
        try:
            response = self._send(request, sync_task_id, "oms:synctask:get")
        except Failure as failure:
            if failure.answer.http_status != 403 or failure.answer.error_code is None:
                # Without a code it was not the gateway that refused, but something before it.
                raise
            # Reading a task is a permission of its own: without it, events may be allowed all the same.
            return f"check mode could not read the sync task and goes by the arguments alone: {failure}"
        status = self._secrets.mask(self._read_sync_task(request, response)["status"])
        if status != SYNCHRONIZING:
            raise Failure(
                SERVICE,
                f"{request}: the sync task has the status {quoted(status)} and accepts no events",
                f"The sync task is stopped: {_START_IT}" if status == STOPPED else "Look at it in the OMS console",
                Answer(http_status=200, request_id=self._secrets.mask(response.request_id) or None),
                response.attempts,
            )
        return None

    def _path(self, sync_task_id: str = "") -> str:
        return f"/v2/{self.project_id}/sync-tasks{'/' if sync_task_id else ''}{sync_task_id}"

    def _showing(self, sync_task_id: str, when: datetime | None = None) -> Request:
        # query_time is required, though it only picks the month of the counters (oms-api.md, section 2).
        query_time = _milliseconds(when or self._client.transport.clock.now())
        return Request("GET", self.endpoint, self._path(sync_task_id), (("query_time", query_time),))

    def _posting(self, path: str, fields: t.Mapping[str, t.Any], repeatable: bool = True) -> Request:
        headers = {"Content-Type": "application/json"}
        body = json.dumps(fields, separators=(",", ":")).encode("ascii")
        return Request("POST", self.endpoint, path, headers=headers, body=body, repeatable=repeatable)

    def _read_sync_task(self, request: Request, response: Response) -> dict[str, t.Any]:
        try:
            return _sync_task(_read(response))
        except _NOT_AS_DOCUMENTED:
            raise self._unreadable(request, response, "sync task") from None

    def _unreadable(self, request: Request, response: Response, what: str) -> Failure:
        return Failure(
            SERVICE,
            f"{request}: the answer is no {what}",
            f"Check {self.endpoint.url} ({self.endpoint.source})",
            Answer(http_status=200, request_id=self._secrets.mask(response.request_id) or None),
            response.attempts,
        )

    def _send(self, request: Request, sync_task_id: str, iam_action: str) -> Response:
        """Send a request of which only a 200 is a success.

        :arg iam_action: the permission it needs, for the message.
        """
        response = self._client.send(request)
        if response.status == 200 and not response.is_html:
            return response
        answer = response.answer(self._secrets.mask)
        if response.status in (200, 404) and response.is_html:
            advice = "Something else answered in OMS's place, a proxy or a login page: check endpoint and proxy"
        else:
            advice = self._advice(answer, sync_task_id, iam_action)
        raise Failure(
            SERVICE,
            f"{request}: {answer}{response.gave_up}",
            f"{advice}{skew_note(response, self._client.transport.clock.now())}",
            answer,
            response.attempts,
        )

    def _advice(self, answer: Answer, sync_task_id: str, iam_action: str) -> str:
        """The next step for an error of OMS's own; section 3 of oms-api.md has them all."""
        if answer.code == _NO_SUCH_API:
            return (
                f"This API does not exist at {self.endpoint.url} ({self.endpoint.source}): check region and endpoint."
                " The sync task may well exist"
            )
        if sync_task_id and (answer.code in _NO_SUCH_TASK or answer.http_status == 404):
            return (
                f"There is no sync task {sync_task_id} in the project {self.project_id} at {self.endpoint.url}:"
                " check sync_task_id, project_id and region"
            )
        if answer.code == "OMS.0064":
            return "OMS refuses a parameter that keeps the documented limits: the detail or the text says which"
        if answer.code == _NOT_RUNNING:
            return f"The sync task is stopped: {_START_IT}"
        if answer.code == _IN_PROGRESS:
            return "The sync task is in progress: stop it before you delete it"
        if answer.code == _STARTED_ALREADY:
            return "The sync task is started already: nothing is left to do"
        if answer.http_status == 500 and iam_action != _CREATE_EVENT:
            return "The service failed inside: run the task again, it looks at what is there before it changes anything"
        return self._client.advice(answer) or general_advice(answer, iam_action)


def _read(response: Response) -> t.Any:
    """The JSON of an answer.

    It is not masked: what is compared with it has to be what OMS has, and Ansible masks all that a module returns.

    :raises ValueError: it is none.
    """
    return _returnable(json.loads(response.body))


def _returnable(value: t.Any, depth: int = 0) -> t.Any:
    """The same without lone surrogates: JSON can write them, and ansible-core since 2.19 refuses a result for one.

    :raises ValueError: it is nested too deeply.
    """
    if depth > _MAX_DEPTH:
        raise ValueError
    if isinstance(value, dict):
        return {_returnable(name): _returnable(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_returnable(item, depth + 1) for item in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _sync_task(value: t.Any) -> dict[str, t.Any]:
    """What can be taken for a sync task.

    :raises TypeError: it can't.
    """
    if not isinstance(value["status"], str):
        raise TypeError
    return t.cast("dict[str, t.Any]", value)


def _milliseconds(when: datetime) -> str:
    """As OMS has times in URLs."""
    return str(int(when.timestamp() * 1000))
