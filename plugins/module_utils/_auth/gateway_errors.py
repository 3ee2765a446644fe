# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What to do about an error of Huawei Cloud's API gateway.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import Answer

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
