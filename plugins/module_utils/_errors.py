# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The collection's exceptions, and how each of them reads.

Below the modules every error is one of these; a module turns it into ``fail_json`` at its edge. The text of an
exception is a sentence for the user. Nothing of a request's headers ever goes into one, and what a service said goes in
masked.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import errno
import json
import os
import re
import typing as t
from dataclasses import dataclass

# What went wrong, for a playbook to decide on. Documented as RV(error.kind).
CONNECTION = "connection"
TIMEOUT = "timeout"
TLS = "tls"
SERVICE = "service"
CREDENTIALS = "credentials"
FILE = "file"

# As much of a service's own words as a sentence can bear, and a result. Texts are masked before they are cut, or half a
# secret could slip through at the edge.
QUOTED_CHARACTERS = 500
RETURNED_CHARACTERS = 2000
# Taking the tags out of a page costs time with the square of its length in the worst case: hostile ones need a bound.
HTML_CHARACTERS = 8192


class OmsError(Exception):
    """The root of the collection's exceptions.

    ``result`` is what the module returns beside the message.
    """

    def __init__(self, text: str, result: t.Mapping[str, t.Any] | None = None) -> None:
        # A path may hold bytes that are not UTF-8: ansible-core since 2.19 refuses a whole result for one of them.
        super().__init__(printable(text))
        self.result: dict[str, t.Any] = dict(result or {})


class ArgumentError(OmsError):
    """Something the user gave breaks a rule, as an option or in the environment. Nothing has been sent."""


@dataclass(frozen=True)
class Answer:
    """What a service said about a request that it refused; texts are masked, ``None`` is what it did not say."""

    http_status: int | None = None
    error_code: str | None = None
    error_msg: str | None = None
    error_detail: str | None = None
    request_id: str | None = None

    @property
    def code(self) -> str:
        """The error code in one spelling: some gateways write ``APIG.`` for ``APIGW.`` (oms-api.md, section 3)."""
        return re.sub(r"^APIG\.", "APIGW.", self.error_code or "")

    def __str__(self) -> str:
        said = f"HTTP {self.http_status}"
        if self.error_code:
            said += f" {printable(self.error_code[:QUOTED_CHARACTERS])}"
        if self.error_msg:
            said += f" {quoted(self.error_msg, QUOTED_CHARACTERS)}"
        if self.error_detail:
            said += f", detail {quoted(self.error_detail, QUOTED_CHARACTERS)}"
        if self.request_id:
            said += f" (request id {printable(self.request_id[:QUOTED_CHARACTERS])})"
        return said


class Failure(OmsError):
    """The task can't go on, for a reason outside its arguments.

    :arg kind: one of the constants above; None where nothing went wrong and the run was told to stop.
    :arg what: what was tried and what came of it, without a full stop.
    :arg advice: the next step, a whole sentence.
    :arg answer: what the service said, where one answered.
    :arg attempts: how often the request was sent.
    """

    def __init__(
        self, kind: str | None, what: str, advice: str = "", answer: Answer = Answer(), attempts: int = 0
    ) -> None:
        super().__init__(f"{what}. {advice}".rstrip())
        self.kind = kind
        self.answer = answer
        self.attempts = attempts

    def as_error(self, object_keys: t.Sequence[str] = ()) -> dict[str, t.Any]:
        """The machine-readable twin of the sentence: the return value RV(error).

        :arg object_keys: the names of the event that failed.
        """
        return {
            "kind": self.kind,
            "http_status": self.answer.http_status,
            "error_code": self.answer.error_code,
            "error_msg": self.answer.error_msg,
            "error_detail": self.answer.error_detail,
            "request_id": self.answer.request_id,
            "object_keys": list(object_keys),
        }


class Stopped(Failure):
    """The run was told to stop before this request was answered for good.

    :arg attempts: how often the request was sent until then.
    """

    def __init__(self, why: str, attempts: int = 0) -> None:
        super().__init__(None, why, "Run the task again with what remains", attempts=attempts)
        self.why = why


class ConnectionFailure(Failure):
    """No answer came back.

    ``passing`` says whether another attempt may help (design.md, behaviour 4).
    """

    def __init__(self, kind: str | None, what: str, advice: str, passing: bool, attempts: int = 0) -> None:
        super().__init__(kind, what, advice, attempts=attempts)
        self.what = what
        self.advice = advice
        self.passing = passing

    def after(self, attempts: int) -> ConnectionFailure:
        """The same failure once its attempts are known."""
        what = self.what if attempts == 1 else f"{self.what}, {attempts} attempts"
        return ConnectionFailure(self.kind, what, self.advice, self.passing, attempts)


def quoted(text: str, limit: int = 80) -> str:
    """The text in quotes for a message: control characters escaped, what is beyond the limit left out.

    :arg limit: characters of the text that are shown.
    """
    shown = text if len(text) <= limit else text[:limit] + "…"
    # JSON's escapes are known to everyone here.
    return printable(json.dumps(shown, ensure_ascii=False))


def printable(text: str) -> str:
    """The text on one line: other scripts stay readable, lone surrogates and control characters can be printed.

    Ansible takes neither errors nor warnings with lone surrogates, which Python makes of bytes that are not UTF-8.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def reason(error: BaseException) -> str:
    """Why the system refused something, in its own words; what has no number of an error is an invalid argument."""
    return os.strerror(getattr(error, "errno", None) or errno.EINVAL).lower()


def listed(items: t.Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def read_answer(http_status: int, body: bytes, request_id: str | None, mask: t.Callable[[str], str]) -> Answer:
    """Understand an error answer, whatever its shape.

    JSON comes as ``{error_code, error_msg}``, ``{errorCode, errorMsg}``, ``{code, message}`` or one of these inside
    ``{"error": ...}`` (oms-api.md, section 3); it may be HTML, plain text or broken JSON too, which is quoted as it is.

    :arg mask: takes secrets out of a text; servers may echo what they were sent.
    """

    def said(*names: str) -> str | None:
        for name in names:
            value = fields.get(name)
            if value not in (None, ""):
                shown = mask(value if isinstance(value, str) else json.dumps(value))[:RETURNED_CHARACTERS]
                # JSON can write lone surrogates; ansible-core since 2.19 refuses a whole result for one.
                return shown.encode("utf-8", "replace").decode()
        return None

    text = mask(body.decode("utf-8-sig", "replace")).strip()
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    if isinstance(fields, dict) and isinstance(fields.get("error"), dict):
        fields = fields["error"]
    if not isinstance(fields, dict):
        fields = {"error_msg": _without_markup(text[:HTML_CHARACTERS])}
    return Answer(
        http_status=http_status,
        error_code=said("error_code", "errorCode", "code"),
        error_msg=said("error_msg", "errorMsg", "message"),
        error_detail=said("error_detail", "errorDetail"),
        request_id=mask(request_id)[:RETURNED_CHARACTERS] if request_id else said("request_id", "requestId"),
    )


def is_html(body: bytes, content_type: str) -> bool:
    """Whether a page for a browser came back: OMS answers JSON or nothing, so someone else answered in its place."""
    return "html" in content_type.lower() or body.lstrip()[:1] == b"<"


def _without_markup(text: str) -> str:
    """The words of an HTML page; other text comes back as it is."""
    if not text.startswith("<"):
        return text
    text = re.sub(r"(?is)<(script|style)\b.*?(?:</\1\s*>|\Z)", " ", text)
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


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
