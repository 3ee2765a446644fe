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

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.huaweicloud.oms.plugins.module_utils._text import printable, quoted

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
        """The error code in one spelling: some gateways write ``APIG.`` for ``APIGW.``."""
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
            said += f", request id {printable(self.request_id[:QUOTED_CHARACTERS])}"
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

    :arg transient: whether another attempt may help.
    :arg transient_after_answer: whether another attempt may help if the host has answered before in this run.
    :arg evidence: the request, for the end of the message.
    """

    def __init__(
        self,
        kind: str | None,
        what: str,
        advice: str,
        transient: bool,
        attempts: int = 0,
        transient_after_answer: bool = False,
        evidence: str = "",
    ) -> None:
        shown = ", ".join(filter(None, [evidence, f"{attempts} attempts" if attempts > 1 else ""]))
        super().__init__(
            kind, what, ". ".join(filter(None, [advice, f"({shown})" if shown else ""])), attempts=attempts
        )
        self.what = what
        self.advice = advice
        self.transient = transient
        self.transient_after_answer = transient or transient_after_answer
        self.evidence = evidence

    def after(self, attempts: int) -> ConnectionFailure:
        """The same failure once its attempts are known."""
        return ConnectionFailure(
            self.kind, self.what, self.advice, self.transient, attempts, self.transient_after_answer, self.evidence
        )
