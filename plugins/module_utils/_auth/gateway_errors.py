# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What to do about an error of Huawei Cloud's API gateway.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

from datetime import datetime

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import CREDENTIALS, SERVICE, Answer
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Response, clock_skew

# A clock that is more off than this is worth a word when a signature is refused; the gateway allows 15 minutes.
_NOTABLE_SKEW_SECONDS = 60

# "Token expired", or of another region (oms-api.md, section 3).
_TOKEN_EXPIRED = "APIGW.0307"  # noqa: S105 - a code

_WRONG_KEY = (
    "The access key, secret key, signature or token is wrong: correct it before the next run, because more than"
    " 5 failures in a row lock an access key for 5 minutes"
)
_FAILED_INSIDE = "The service failed inside: run the task again, sending an object twice is harmless"
_NOT_REACHED = "The service behind the gateway could not be reached: run the task again later"
_THROTTLED = "The service is being called too often: run the task again later"
# The next step for what any API behind Huawei Cloud's gateway may answer: oms-api.md, section 3.
_GATEWAY_ADVICE = {
    "APIGW.0101": "This API does not exist there: check region and endpoint (this is not about the sync task)",
    "APIGW.0301": _WRONG_KEY,
    "APIGW.0307": "The token has expired or belongs to another region: get a new one for this region",
    "APIGW.0308": _THROTTLED,
    "APIGW.0601": _FAILED_INSIDE,
    "APIGW.0605": _FAILED_INSIDE,
    "APIGW.0606": _FAILED_INSIDE,
    "APIGW.0608": _FAILED_INSIDE,
    "APIGW.0610": _NOT_REACHED,
    "APIGW.0613": "IAM is not available: run the task again later",
}
_STATUS_ADVICE = {
    401: _WRONG_KEY,
    407: "The proxy wants credentials: give them in the URL of the proxy's environment variable",
    413: "The request is too large: lower batch_size",
    414: "The request's URL is too long: check project_id and sync_task_id",
    429: _THROTTLED,
    494: "The request's headers are too large: check the length of the token",
    500: _FAILED_INSIDE,
    502: _NOT_REACHED,
    503: "The service is not available: run the task again later",
    504: _NOT_REACHED,
}


def general_advice(answer: Answer, iam_action: str) -> str:
    """The next step for an error that is not particular to OMS.

    :arg iam_action: the permission that the request needs, as IAM names it.
    """
    status = answer.http_status or 0
    if answer.code in _GATEWAY_ADVICE:
        return _GATEWAY_ADVICE[answer.code]
    if status == 403:
        return f"The caller is not authorised: grant it the IAM action {iam_action}"
    if status in _STATUS_ADVICE:
        return _STATUS_ADVICE[status]
    if 300 <= status < 400:
        return "Redirects are never followed: give the endpoint that answers by itself"
    if answer.code == "APIGW.0201":
        return "The gateway could not pass the request on: run the task again later"
    return "Check region, endpoint and what the service said"


def error_kind(answer: Answer) -> str:
    """The RV(error.kind) of a refusal: each 401 is about the credentials."""
    return CREDENTIALS if answer.http_status == 401 else SERVICE


def is_expired(answer: Answer) -> bool:
    """Whether a request was refused because its proof has expired, as far as the answer says so."""
    # The gateway has a code for tokens. What it says of a temporary key is not documented, so its words count, too.
    return answer.code == _TOKEN_EXPIRED or says(answer, "expire")


def says(answer: Answer, word: str) -> bool:
    return word in f"{answer.error_msg} {answer.error_detail}".lower()


def skew_note(response: Response, now: datetime) -> str:
    """A part of a sentence on the clock, where that may be why a signature was refused; else nothing."""
    skew = clock_skew(response, now)
    if response.status != 401 or skew is None or abs(skew) <= _NOTABLE_SKEW_SECONDS:
        return ""
    where = "ahead of" if skew > 0 else "behind"
    return f". The clock of this host is {abs(skew):.0f} s {where} the service's: set it right"
