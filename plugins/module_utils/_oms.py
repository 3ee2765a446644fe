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

from ansible_collections.huaweicloud.oms.plugins.module_utils._credentials import Found, Secrets, Target
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    SERVICE,
    Answer,
    Failure,
    general_advice,
    quoted,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._sign_in import Caller, sign_in, skew_note
from ansible_collections.huaweicloud.oms.plugins.module_utils._transport import (
    Endpoint,
    Request,
    Response,
    Transport,
)

# The statuses of a task (oms-api.md, section 2). It takes events only in the first one.
SYNCHRONIZING = "SYNCHRONIZING"
STOPPED = "STOPPED"

_START_IT = "start it in the OMS console or with OMS's API (StartSyncTask), then run the task again"

# The codes with which OMS says that a sync task does not exist (oms-api.md, section 3); the status is 400 with both.
_NO_SUCH_TASK = ("OMS.0054", "OMS.1009")
# "The API does not exist": a 404 that says nothing of the sync task.
_NO_SUCH_API = "APIGW.0101"


@dataclass(frozen=True)
class Receipt:
    """OMS accepted an event, which does not say that anything has been copied yet.

    :arg attempts: how often the event was sent.
    """

    request_id: str
    attempts: int


class Client:
    """OMS, as one caller sees it; ``endpoint`` and ``project_id`` say where requests go."""

    def __init__(self, caller: Caller, endpoint: Endpoint, project_id: str, secrets: Secrets) -> None:
        self.endpoint = endpoint
        self.project_id = project_id
        self._caller = caller
        self._secrets = secrets

    def create_sync_events(self, sync_task_id: str, object_keys: t.Sequence[str]) -> Receipt:
        """Tell OMS that objects have changed at the source.

        :arg object_keys: URL-encoded, 1 to 100 of them.
        :raises Failure: OMS did not accept the event.
        """
        body = json.dumps({"object_keys": list(object_keys)}, separators=(",", ":")).encode("ascii")
        request = Request(
            "POST",
            self.endpoint,
            f"{self._path(sync_task_id)}/events",
            headers={"Content-Type": "application/json"},
            body=body,
        )
        response = self._send(request, sync_task_id, "oms:synctask:createEvent")
        return Receipt(self._secrets.mask(response.request_id), response.attempts)

    def check_sync_task(self, sync_task_id: str) -> str | None:
        """Find out whether a sync task would accept an event, without sending one.

        :returns: a warning where that can't be known.
        :raises Failure: it would not, as far as one can know.
        """
        # query_time is required, though it only picks the month of the counters (oms-api.md, section 2).
        milliseconds = int(self._caller.transport.clock.now().timestamp() * 1000)
        request = Request("GET", self.endpoint, self._path(sync_task_id), (("query_time", str(milliseconds)),))
        try:
            response = self._send(request, sync_task_id, "oms:synctask:get")
        except Failure as failure:
            if failure.answer.http_status != 403 or failure.answer.error_code is None:
                # Without a code it was not the gateway that refused, but something before it.
                raise
            # Reading a task is a permission of its own: without it, events may be allowed all the same.
            return f"check mode could not read the sync task and goes by the arguments alone: {failure}"
        status = self._status(response)
        if status is None:
            raise Failure(
                SERVICE,
                f"{request}: the answer is no sync task",
                f"Check {self.endpoint.url} ({self.endpoint.source})",
                Answer(http_status=200, request_id=self._secrets.mask(response.request_id) or None),
                response.attempts,
            )
        if status != SYNCHRONIZING:
            raise Failure(
                SERVICE,
                f"{request}: the sync task has the status {quoted(self._secrets.mask(status))} and accepts no events",
                f"The sync task is stopped: {_START_IT}" if status == STOPPED else "Look at it in the OMS console",
                Answer(http_status=200, request_id=self._secrets.mask(response.request_id) or None),
                response.attempts,
            )
        return None

    @staticmethod
    def _status(response: Response) -> str | None:
        try:
            status = json.loads(response.body)["status"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        return status if isinstance(status, str) else None

    def _path(self, sync_task_id: str) -> str:
        return f"/v2/{self.project_id}/sync-tasks/{sync_task_id}"

    def _send(self, request: Request, sync_task_id: str, iam_action: str) -> Response:
        """Send a request of which only a 200 is a success.

        :arg iam_action: the permission it needs, for the message.
        """
        response = self._caller.send(request)
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
            f"{advice}{skew_note(response, self._caller.transport)}",
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
        if answer.code in _NO_SUCH_TASK or answer.http_status == 404:
            return (
                f"There is no sync task {sync_task_id} in the project {self.project_id} at {self.endpoint.url}:"
                " check sync_task_id, project_id and region"
            )
        if answer.code == "OMS.0064":
            return "OMS refuses a parameter that keeps the documented limits: the detail or the text says which"
        if answer.code == "OMS.0066":
            return f"The sync task is stopped: {_START_IT}"
        if answer.code == "OMS.0063":
            return "The sync task is in progress: stop it before you delete it"
        if answer.code == "OMS.0065":
            return "The sync task is started already: nothing is left to do"
        return self._caller.advice(answer) or general_advice(answer, iam_action)


def connect(transport: Transport, target: Target, found: Found, secrets: Secrets) -> Client:
    """Sign in, and make a client. Sends what it takes to get a token, a key or the project's id, and nothing else.

    :arg found: who is calling.
    :raises Failure: there are no credentials, they are refused, or no project id can be had.
    """
    caller = sign_in(transport, target, found, secrets)
    return Client(caller, target.endpoint, t.cast(str, caller.project_id), secrets)
