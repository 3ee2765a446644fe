# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""OMS's operations: each is a method that knows its URL and its body.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.client import AuthenticatedClient
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.gateway_errors import evidence
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import SERVICE, Answer, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms import answers
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.api_errors import (
    START_IT,
    STATE,
    ApiFailure,
    IsDone,
    explained,
    is_missing,
    is_running_already,
    is_stopped_already,
    kind_of,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import quoted

# The two documented statuses of a sync task. It accepts events in the first one.
SYNCHRONIZING = "SYNCHRONIZING"
STOPPED = "STOPPED"

# The five series of a task's statistics.
DATA_TYPES = ("REQUEST", "SUCCESS", "FAILURE", "SKIP", "SIZE")

# The permission for events, which may be repeated without harm.
_CREATE_EVENT = "oms:synctask:createEvent"

# ListSyncTasks, table 2: the most that a page contains, and the last offset that can be asked for.
_PAGE = 100
_MAX_OFFSET = 10000

_T = t.TypeVar("_T")


@dataclass(frozen=True)
class Receipt:
    """OMS accepted an event, which does not say that anything has been copied yet.

    :arg attempts: how often the event was sent.
    """

    request_id: str
    attempts: int


class Client:
    """OMS, as one authenticated client sees it; ``endpoint`` and ``project_id`` say where requests go."""

    def __init__(self, client: AuthenticatedClient, endpoint: Endpoint, project_id: str, secrets: Secrets) -> None:
        self.endpoint = endpoint
        self.project_id = project_id
        self._client = client
        self._secrets = secrets

    def create_sync_events(self, sync_task_id: str, object_keys: t.Sequence[str]) -> Receipt:
        """Submit objects that have changed at the source.

        :arg object_keys: URL-encoded, 1 to 100 of them.
        :raises Failure: OMS did not accept the event.
        """
        request = self._post(f"{self._path(sync_task_id)}/events", {"object_keys": list(object_keys)})
        response = self._send(request, sync_task_id, _CREATE_EVENT)
        return Receipt(self._secrets.mask(response.request_id), response.attempts)

    def list_sync_tasks(self, status: str | None = None) -> list[dict[str, t.Any]]:
        """All sync tasks of the project, without the monthly counters.

        An entry may lack its id or its status: ``answers.is_usable`` tells. What is not an object is left out.

        :arg status: only those that have it.
        :raises Failure: the list can't be read, or not all of it.
        """
        found: list[dict[str, t.Any]] = []
        offset = 0
        while True:
            query = [("limit", str(_PAGE)), ("offset", str(offset)), *([("status", status)] if status else [])]
            request = Request("GET", self.endpoint, self._path(), tuple(query))
            response = self._send(request, "", "oms:synctask:list")
            page, count = self._read(request, response, answers.read_page, "list of sync tasks")
            # Without a CDN OMS may leave the field out.
            found += [{"source_cdn": None, **task} for task in page if isinstance(task, dict)]
            offset += len(page)
            if offset >= count:
                return found
            if not page or offset > _MAX_OFFSET:
                raise self._unusable(
                    request,
                    response,
                    f"The list of sync tasks is incomplete: OMS listed {offset} of {count}. Run the task again",
                )

    def show_sync_task(self, sync_task_id: str, when: datetime | None = None) -> dict[str, t.Any]:
        """A sync task, with the counters of a month.

        :arg when: a time in the month, now if not given.
        :raises Failure: it can't be read, or there is none.
        """
        request = self._show(sync_task_id, when)
        response = self._send(request, sync_task_id, "oms:synctask:get")
        task = self._read(request, response, answers.read_sync_task, "sync task")
        return {**task, "sync_task_id": sync_task_id}

    def show_counters(self, sync_task_id: str, when: datetime) -> answers.MonthlyCounters:
        """The status of a sync task, and what it counted in a month.

        :arg when: a time in the month.
        :raises Failure: it can't be read, or there is no such task.
        """
        request = self._show(sync_task_id, when)
        response = self._send(request, sync_task_id, "oms:synctask:get")
        return self._read(request, response, answers.read_counters, "sync task with monthly counters")

    def show_statistics(self, sync_task_id: str, start: datetime, end: datetime) -> answers.Statistics:
        """What a sync task counted in a time range.

        :raises Failure: it can't be read, or there is no such task.
        """
        query = (
            ("data_type", ",".join(DATA_TYPES)),
            ("start_time", _milliseconds(start)),
            ("end_time", _milliseconds(end)),
        )
        request = Request("GET", self.endpoint, f"{self._path(sync_task_id)}/statistics", query)
        response = self._send(request, sync_task_id, "oms:synctask:statistics")
        return self._read(request, response, answers.read_statistics, "statistics of a sync task")

    def create_sync_task(self, fields: t.Mapping[str, t.Any]) -> str:
        """Create a sync task, which starts by itself, and return its id.

        It is sent once, because a second attempt could create a second task: where the answer is lost, look for the
        task.

        :arg fields: the body, as OMS names the fields.
        :raises Failure: OMS did not create it, or no answer came.
        """
        request = self._post(self._path(), fields, repeatable=False)
        response = self._send(request, "", "oms:synctask:create")
        return self._read(request, response, answers.read_created, "id of a sync task")

    def start_sync_task(self, sync_task_id: str, keys: t.Mapping[str, t.Any]) -> bool:
        """Start a sync task that is stopped.

        :arg keys: the body, as OMS names the fields.
        :returns: False where it was started already.
        :raises Failure: OMS did not start it.
        """
        request = self._post(f"{self._path(sync_task_id)}/start", keys)
        return self._change(request, sync_task_id, "oms:synctask:update", is_running_already)

    def stop_sync_task(self, sync_task_id: str) -> bool:
        """Stop a sync task.

        :returns: False where it was stopped already, or where OMS leaves open whether there is one.
        :raises Failure: OMS did not stop it.
        """
        request = Request("POST", self.endpoint, f"{self._path(sync_task_id)}/stop")
        return self._change(request, sync_task_id, "oms:synctask:update", is_stopped_already)

    def delete_sync_task(self, sync_task_id: str) -> bool:
        """Delete a sync task that is stopped.

        :returns: False where it was deleted already.
        :raises Failure: OMS did not delete it.
        """
        request = Request("DELETE", self.endpoint, self._path(sync_task_id))
        return self._change(request, sync_task_id, "oms:synctask:delete", is_missing)

    def _change(self, request: Request, sync_task_id: str, iam_action: str, is_done: IsDone) -> bool:
        """Send a request whose change may have been made already.

        :arg is_done: whether a refusal says so.
        :returns: whether this request made the change.
        """
        try:
            self._send(request, sync_task_id, iam_action)
        except Failure as failure:
            if not is_done(failure):
                raise
            # An attempt before this one may have made it, although its answer was lost.
            return failure.attempts > 1
        return True

    def check_sync_task(self, sync_task_id: str) -> str | None:
        """Find out whether a sync task would accept an event, without sending one.

        :returns: a warning where that can't be known.
        :raises Failure: it would not, as far as one can know.
        """
        request = self._show(sync_task_id)
        try:
            response = self._send(request, sync_task_id, "oms:synctask:get")
        except Failure as failure:
            if failure.answer.http_status != 403 or failure.answer.error_code is None:
                # Without a code it was not the gateway that refused, but something in front of it.
                raise
            # Reading a task is a permission of its own: without it, events may be allowed all the same.
            return f"Check mode could not read the sync task, so it checked only the arguments. {failure}"
        status = self._secrets.mask(self._read(request, response, answers.read_sync_task, "sync task")["status"])
        if status == SYNCHRONIZING:
            return None
        what = f"The sync task {sync_task_id} has the status {quoted(status)}"
        if status == STOPPED:
            explanation = f"{what}. {START_IT[0].upper()}{START_IT[1:]}"
        else:
            explanation = f"{what}. Events are accepted in the status {SYNCHRONIZING} only. See the OMS console"
        raise self._unusable(request, response, explanation, STATE)

    def _path(self, sync_task_id: str = "") -> str:
        return f"/v2/{self.project_id}/sync-tasks{'/' if sync_task_id else ''}{sync_task_id}"

    def _show(self, sync_task_id: str, when: datetime | None = None) -> Request:
        # ShowSyncTask: query_time is required, though it only picks the month of the counters.
        query_time = _milliseconds(when or self._client.transport.clock.now())
        return Request("GET", self.endpoint, self._path(sync_task_id), (("query_time", query_time),))

    def _post(self, path: str, fields: t.Mapping[str, t.Any], repeatable: bool = True) -> Request:
        headers = {"Content-Type": "application/json"}
        body = json.dumps(fields, separators=(",", ":")).encode("ascii")
        return Request("POST", self.endpoint, path, headers=headers, body=body, repeatable=repeatable)

    def _read(self, request: Request, response: Response, reader: t.Callable[[bytes], _T], what: str) -> _T:
        try:
            return reader(response.body)
        except answers.NOT_AS_DOCUMENTED:
            where = f"{self.endpoint.url} ({self.endpoint.source})"
            explanation = (
                f"The answer does not contain the documented {what}. Check that {where} is the endpoint of OMS"
            )
            raise self._unusable(request, response, explanation) from None

    def _unusable(self, request: Request, response: Response, explanation: str, kind: str = SERVICE) -> Failure:
        """The failure for a 200 with which nothing can be done."""
        answer = Answer(http_status=200, request_id=self._secrets.mask(response.request_id) or None)
        return ApiFailure(kind, explanation, evidence(request, answer), answer, response.attempts)

    def _send(self, request: Request, sync_task_id: str, iam_action: str) -> Response:
        """Send a request of which only a 200 is a success.

        :arg sync_task_id: the sync task in its URL, empty if there is none.
        :arg iam_action: the permission it needs, for the message.
        """
        response = self._client.send(request)
        if response.status == 200 and not response.is_html:
            return response
        answer = response.answer(self._secrets.mask)
        if response.status in (200, 404) and response.is_html:
            explanation = "A proxy or a login page answered in place of OMS. Check endpoint and proxy"
        else:
            explanation = explained(
                answer, request, sync_task_id, self.project_id, iam_action
            ) or self._client.refusal_advice(response, answer, iam_action)
        kind = kind_of(answer, sync_task_id)
        shown = evidence(request, answer, response.gave_up)
        raise ApiFailure(kind, explanation, shown, answer, response.attempts)


def _milliseconds(when: datetime) -> str:
    """As OMS has times in URLs."""
    return str(int(when.timestamp() * 1000))
