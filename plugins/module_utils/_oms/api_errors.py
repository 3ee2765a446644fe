# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What the errors of OMS's API mean: their codes, and the message for each.

Every code is documented for OMS or for the API gateway in front of it. Where the documented meaning is ambiguous, the
message names both meanings.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.gateway_errors import error_kind
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    Answer,
    ConnectionFailure,
    Failure,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.retry import TRANSIENT_STATUSES

# The kind of a failure where OMS works, but the sync task is missing, is stopped, or differs from the options.
# Documented as RV(error.kind).
STATE = "state"

START_IT = "start it with huaweicloud.oms.oms_sync_task and state=started, then run the task again"

# "The synchronization task is not found, or not ...": the only documented code that names sync tasks. Whether it also
# stands for a task that is not running is not known.
NOT_FOUND_OR_NOT_RUNNING = "OMS.2002"
# "Invalid task id" and "no resources found", both documented with the status 400.
_NOT_FOUND = ("OMS.0054", "OMS.1009")
_IN_PROGRESS = "OMS.0063"
_STARTED_ALREADY = "OMS.0065"
_NOT_RUNNING = "OMS.0066"

# What a code means and what to do, where that does not depend on the request.
_MEANINGS = {
    "OMS.0064": "OMS refuses a parameter of the request. Correct it; the text of OMS may name it",
    "OMS.0077": "There are too many tasks. Delete one that is not needed, then run the task again",
    "OMS.0078": "OMS refuses the description. Change the option description",
    "OMS.1010": "OMS refuses the type of a parameter. Report this to the maintainers of huaweicloud.oms",
    "OMS.2004": "OMS is not available. Run the task again later",
}
_NOT_ABOUT_THE_TASK = " This error does not mean that the sync task is missing"
# After these it is unknown whether the request was carried out. OMS answers a change with 200: another body than
# the documented one may come from OMS or from something in front of it.
_UNCERTAIN_STATUSES = (200, 408, 500, 502, 503, 504)


class ApiFailure(Failure):
    """An answer that is an error, or that is not as documented.

    :arg explanation: what is wrong and what to do.
    :arg evidence: the request and the answer.
    """

    def __init__(self, kind: str, explanation: str, evidence: str, answer: Answer, attempts: int) -> None:
        super().__init__(kind, explanation, answer=answer, attempts=attempts, evidence=evidence)

    def explained_as(self, explanation: str) -> ApiFailure:
        """The same failure, where more is known about its cause."""
        return ApiFailure(t.cast(str, self.kind), explanation, self.evidence, self.answer, self.attempts)


def is_missing(failure: Failure) -> bool:
    """Whether OMS itself said that the sync task does not exist. A 404 without a code of OMS does not say so."""
    answer = failure.answer
    return answer.code in (NOT_FOUND_OR_NOT_RUNNING, *_NOT_FOUND) or _is_404_of_oms(answer)


def is_in_progress(failure: Failure) -> bool:
    """Whether a sync task was not deleted because it must be stopped first."""
    return failure.answer.code == _IN_PROGRESS


def is_running_already(failure: Failure) -> bool:
    return failure.answer.code == _STARTED_ALREADY


def is_stopped_already(failure: Failure) -> bool:
    """Whether a sync task was not stopped because it may not be running. Its status has to be read then."""
    return failure.answer.code in (_NOT_RUNNING, NOT_FOUND_OR_NOT_RUNNING)


def is_uncertain(failure: Failure) -> bool:
    """Whether a request may have been carried out although it failed."""
    if isinstance(failure, ConnectionFailure):
        return failure.transient
    return failure.answer.http_status in _UNCERTAIN_STATUSES


def is_transient(failure: Failure) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(failure, ConnectionFailure):
        return failure.transient
    return failure.answer.http_status in TRANSIENT_STATUSES


def kind_of(answer: Answer, sync_task_id: str) -> str:
    """The kind of the failure, for RV(error.kind).

    :arg sync_task_id: the sync task in the request's URL, empty if there is none.
    """
    about_task = (NOT_FOUND_OR_NOT_RUNNING, *_NOT_FOUND, _IN_PROGRESS, _STARTED_ALREADY, _NOT_RUNNING)
    return STATE if sync_task_id and (answer.code in about_task or _is_404_of_oms(answer)) else error_kind(answer)


def explained(answer: Answer, request: Request, sync_task_id: str, project_id: str, iam_action: str) -> str | None:
    """What an error of OMS itself means and what to do; None for any other error.

    :arg sync_task_id: the sync task in the request's URL, empty if there is none.
    :arg iam_action: the permission that the request needs.
    """
    where = f"in the project {project_id} at {request.endpoint.url}"
    if answer.code == "APIGW.0101":
        return (
            f"This API does not exist at {request.endpoint.url} ({request.endpoint.source}). Check region and endpoint."
            f"{_NOT_ABOUT_THE_TASK if sync_task_id else ''}"
        )
    if answer.code == "OMS.0206":
        return (
            f"The credentials have no permission for this request {where}. Grant them the IAM action {iam_action},"
            " or correct project_id"
        )
    if answer.code in _MEANINGS:
        return _MEANINGS[answer.code]
    if sync_task_id:
        if answer.code == NOT_FOUND_OR_NOT_RUNNING:
            return (
                f"The sync task {sync_task_id} was not found {where}, or it is not running."
                f" Check sync_task_id, project_id and region. If the sync task is stopped, {START_IT}"
            )
        if answer.code in _NOT_FOUND or _is_404_of_oms(answer):
            return f"The sync task {sync_task_id} was not found {where}. Check sync_task_id, project_id and region"
        if answer.code == _NOT_RUNNING:
            return f"The sync task {sync_task_id} is not running. {START_IT[0].upper()}{START_IT[1:]}"
        if answer.code == _IN_PROGRESS:
            return f"The sync task {sync_task_id} is running. Stop it before you delete it"
        if answer.code == _STARTED_ALREADY:
            return f"The sync task {sync_task_id} is running already. There is nothing to do"
    if answer.http_status == 404 and not answer.code:
        about_task = _NOT_ABOUT_THE_TASK if sync_task_id else ""
        return f"The server does not know this URL. Check region, endpoint and proxy.{about_task}"
    return None


def _is_404_of_oms(answer: Answer) -> bool:
    return answer.http_status == 404 and answer.code.startswith("OMS.")


# Whether a refusal says that the change has been made already.
IsDone = t.Callable[[Failure], bool]
