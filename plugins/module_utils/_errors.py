# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The collection's exceptions, and the form of their messages.

Below the modules every error is one of these; ``main()`` of a module turns it into ``fail_json``. The text of an
exception is the message for the user: what is wrong, what to do, and in parentheses the request that failed. It never
contains headers of a request, and the texts of a service in it are masked.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.huaweicloud.oms.plugins.module_utils._text import ended, printable, quoted

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


class OmsError(Exception):
    """The base class of the collection's exceptions.

    ``result`` is what the module returns beside the message.

    :arg lines: the message; several strings are the lines of it.
    """

    def __init__(self, *lines: str, result: t.Mapping[str, t.Any] | None = None) -> None:
        # A path may contain bytes that are not UTF-8: ansible-core since 2.19 refuses a whole result for one of them.
        self.lines = tuple(map(printable, lines))
        super().__init__("\n".join(self.lines))
        self.result: dict[str, t.Any] = dict(result or {})


class ArgumentError(OmsError):
    """An option or an environment variable is invalid. Nothing has been sent."""

    def __init__(self, text: str) -> None:
        super().__init__(ended(text))


@dataclass(frozen=True)
class Answer:
    """The error that a service answered; texts are masked, and ``None`` stands for what is not in the answer."""

    http_status: int | None = None
    error_code: str | None = None
    error_msg: str | None = None
    error_detail: str | None = None
    request_id: str | None = None

    @property
    def code(self) -> str:
        """The error code with the prefix ``APIGW.``, for which some gateways write ``APIG.``."""
        return re.sub(r"^APIG\.", "APIGW.", self.error_code or "")

    def __str__(self) -> str:
        said = f"HTTP {self.http_status}"
        # IAM repeats the status as its code.
        if self.error_code and self.error_code != str(self.http_status):
            said += f" {printable(self.error_code[:QUOTED_CHARACTERS])}"
        if self.error_msg:
            said += f" {quoted(self.error_msg, QUOTED_CHARACTERS)}"
        if self.error_detail:
            said += f", detail {quoted(self.error_detail, QUOTED_CHARACTERS)}"
        if self.request_id:
            said += f", request id {printable(self.request_id[:QUOTED_CHARACTERS])}"
        return said


class Failure(OmsError):
    """The task failed for a reason other than an invalid argument.

    A full stop at the end of a part is added where it is missing.

    :arg kind: one of the constants above; None if the run was stopped, or the process of the module failed.
    :arg what: what is wrong. Several strings are lines of the message.
    :arg advice: what to do.
    :arg answer: the answer of the service, if there is one.
    :arg attempts: how often the request was sent.
    :arg evidence: the request and its outcome, without parentheses.
    """

    def __init__(
        self,
        kind: str | None,
        what: str | t.Sequence[str],
        advice: str = "",
        answer: Answer = Answer(),
        attempts: int = 0,
        evidence: str = "",
    ) -> None:
        *lines, last = [what] if isinstance(what, str) else what
        shown = f"({evidence})" if evidence else ""
        super().__init__(*lines, " ".join(filter(None, [ended(last), ended(advice), shown])))
        self.kind = kind
        self.answer = answer
        self.attempts = attempts
        self.evidence = evidence

    def as_error(self, object_keys: t.Sequence[str] = ()) -> dict[str, t.Any]:
        """The same for programs: the return value RV(error).

        :arg object_keys: those of the event that failed.
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
    """The run was stopped before this request had an answer that counts.

    :arg why: who stopped it.
    :arg attempts: how often the request was sent until then.
    """

    def __init__(self, why: str, attempts: int = 0) -> None:
        super().__init__(None, why, "Run the task again with the remaining object keys", attempts=attempts)
        self.why = why


class ConnectionFailure(Failure):
    """No answer came.

    :arg transient: whether another attempt may succeed.
    :arg transient_after_answer: whether another attempt may succeed if the host has answered before in this run.
    :arg request: the request, for the evidence.
    """

    def __init__(
        self,
        kind: str | None,
        what: str,
        advice: str,
        transient: bool,
        attempts: int = 0,
        transient_after_answer: bool = False,
        request: str = "",
    ) -> None:
        shown = ", ".join(filter(None, [request, f"{attempts} attempts" if attempts > 1 else ""]))
        super().__init__(kind, what, advice, attempts=attempts, evidence=shown)
        self.what = what
        self.advice = advice
        self.transient = transient
        self.transient_after_answer = transient or transient_after_answer
        self.request = request

    def advising(self, more: str) -> ConnectionFailure:
        """The same failure with more advice."""
        advice = f"{ended(self.advice)} {more}"
        return ConnectionFailure(
            self.kind, self.what, advice, self.transient, self.attempts, self.transient_after_answer, self.request
        )

    def after(self, attempts: int) -> ConnectionFailure:
        """The same failure once its attempts are known."""
        return ConnectionFailure(
            self.kind, self.what, self.advice, self.transient, attempts, self.transient_after_answer, self.request
        )
