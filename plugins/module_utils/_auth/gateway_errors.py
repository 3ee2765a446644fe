# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What the errors of Huawei Cloud's API gateway mean and what to do, also where it refuses the credentials.

Advice is one or more sentences without the last full stop.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

from datetime import datetime

from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credential import AuthToken, Credential
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import CREDENTIALS, SERVICE, Answer
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response, clock_skew

# A clock that is more off than this is mentioned when credentials are refused; the gateway allows 15 minutes.
_NOTABLE_SKEW_SECONDS = 60

# "Incorrect IAM authentication information": the text says which.
_REFUSED = "APIGW.0301"
# "The token has expired", or belongs to another region.
_TOKEN_EXPIRED = "APIGW.0307"  # noqa: S105 - a code
# Parts of the texts that are documented for APIGW.0301, in lower case. The one of a locked access key is
# "AK access failed to reach the limit,forbidden."
_LOCKED_TEXT = "failed to reach the limit"
_EXPIRED_TEXT = "expire"
_UNKNOWN_KEY_TEXT = "not exist"
_WRONG_SIGNATURE_TEXT = "verify aksk signature fail"

_BEFORE_LOCKED = "more than 5 refused requests in a row lock an access key for 5 minutes"
_INTERNAL_ERROR = "An internal error of the service. Run the task again later"
_NOT_REACHED = "The gateway could not reach the service. Run the task again later"
_THROTTLED = "The service limits the rate of requests. Run the task again later"
_GATEWAY_ADVICE = {
    "APIGW.0101": "This API does not exist at this endpoint. Check region and endpoint",
    "APIGW.0308": _THROTTLED,
    "APIGW.0601": _INTERNAL_ERROR,
    "APIGW.0605": _INTERNAL_ERROR,
    "APIGW.0606": _INTERNAL_ERROR,
    "APIGW.0608": _INTERNAL_ERROR,
    "APIGW.0610": _NOT_REACHED,
    "APIGW.0613": "IAM is not available. Run the task again later",
}
_STATUS_ADVICE = {
    407: "The proxy requires credentials. Add them to its URL in the environment variable HTTPS_PROXY",
    413: "The request is too large. Lower batch_size",
    414: "The URL of the request is too long. Check project_id and sync_task_id",
    429: _THROTTLED,
    494: "The headers of the request are too large. Check the length of the token",
    500: _INTERNAL_ERROR,
    502: _NOT_REACHED,
    503: "The service is not available. Run the task again later",
    504: _NOT_REACHED,
}


def general_advice(answer: Answer, iam_action: str) -> str:
    """The advice for an error that is neither about the credentials nor particular to OMS.

    :arg iam_action: the permission that the request needs, as IAM names it.
    """
    status = answer.http_status or 0
    if answer.code in _GATEWAY_ADVICE:
        return _GATEWAY_ADVICE[answer.code]
    if status == 403:
        return f"The credentials have no permission for this request. Grant them the IAM action {iam_action}"
    if status in _STATUS_ADVICE:
        return _STATUS_ADVICE[status]
    if 300 <= status < 400:
        return "The server redirects to another URL, and redirects are not followed. Give the endpoint that answers"
    if answer.code == "APIGW.0201":
        return "The gateway could not forward the request. Run the task again later"
    return "The request was refused. Check region and endpoint, and the text of the service"


def is_about_credentials(answer: Answer) -> bool:
    """Whether the credentials were refused: each 401, and the gateway's codes for them."""
    return answer.http_status == 401 or answer.code in (_REFUSED, _TOKEN_EXPIRED)


def error_kind(answer: Answer) -> str:
    """The RV(error.kind) of a refusal."""
    return CREDENTIALS if is_about_credentials(answer) else SERVICE


def credential_advice(answer: Answer, credential: Credential, renewable: bool) -> str:
    """The advice for a credential that was refused. It always names the source of the credential.

    :arg renewable: whether this module got the credential itself, for a password or from an agency.
    """
    value = credential.value
    if isinstance(value, AuthToken):
        return _token_advice(answer, value.source, renewable)
    key = f"The {'temporary ' if value.security_token else ''}access key ({value.source})"
    if says(answer, _LOCKED_TEXT):
        return (
            f"{key} is locked, because more than 5 requests in a row were refused. Wait 5 minutes, then run the task"
            " again. Check that no other host or job uses it with a wrong secret key"
        )
    if credential.expired:
        return (
            f"{key} has expired, but the metadata service of this ECS host still returns it. Check the agency and the"
            " clock of this host, then run the task again"
        )
    if renewable:
        return f"{key} is new, but was refused. Check region and endpoint: it may not be valid there"
    if value.security_token and is_expired(answer):
        return f"{key} has expired. Get a new one, then run the task again"
    temporary = (
        "It may also have expired" if value.security_token else "A temporary access key also requires security_token"
    )
    if says(answer, _UNKNOWN_KEY_TEXT):
        return f"{key} does not exist. Correct it before the next run: {_BEFORE_LOCKED}. {temporary}"
    if says(answer, _WRONG_SIGNATURE_TEXT):
        return f"{key} was refused, because the secret key is wrong. Correct it before the next run: {_BEFORE_LOCKED}"
    return f"{key} was refused. Correct it and its secret key before the next run: {_BEFORE_LOCKED}. {temporary}"


def _token_advice(answer: Answer, source: str, renewable: bool) -> str:
    if renewable:
        return (
            f"IAM issued a token for the password ({source}), but the token was refused. Check region, project and"
            " endpoint: it may not be valid there"
        )
    if answer.code == _TOKEN_EXPIRED:
        return (
            f"The IAM token ({source}) has expired, or belongs to another region. Get a new one for this region, then"
            " run the task again"
        )
    if is_expired(answer):
        return f"The IAM token ({source}) has expired. Get a new one, then run the task again"
    return (
        f"The IAM token ({source}) was refused. Check that it is complete, and that it was issued for this project and"
        " region"
    )


def is_expired(answer: Answer) -> bool:
    """Whether a request was refused because its credential has expired, according to the answer."""
    # The gateway has a code for tokens. Its answer for a temporary key is not documented, so the text is read, too.
    return answer.code == _TOKEN_EXPIRED or says(answer, _EXPIRED_TEXT)


def says(answer: Answer, text: str) -> bool:
    """Whether a text, in lower case, occurs in what the service says."""
    return text in f"{answer.error_msg} {answer.error_detail}".lower()


def skew_note(response: Response, now: datetime) -> str:
    """A sentence about the clock, if that may be why a signature was refused, with a full stop before it."""
    skew = clock_skew(response, now)
    if response.status != 401 or skew is None or abs(skew) <= _NOTABLE_SKEW_SECONDS:
        return ""
    where = "ahead of" if skew > 0 else "behind"
    return f". The clock of this host is {abs(skew):.0f} s {where} the service's. Correct it"


def evidence(request: Request, answer: Answer, gave_up: str = "") -> str:
    """The request and its answer, for the end of a message."""
    return f"{request.method} {request.endpoint.url}{request.path}: {answer}{gave_up}"
