# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Reading the body of an error response: JSON in several shapes, HTML or plain text.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import Answer

RETURNED_CHARACTERS = 2000
# Removing the tags of a page takes quadratic time in the worst case, so the length is limited.
HTML_CHARACTERS = 8192


def read_answer(http_status: int, body: bytes, request_id: str | None, mask: t.Callable[[str], str]) -> Answer:
    """Read an error response in any of its forms.

    JSON comes as ``{error_code, error_msg}``, ``{errorCode, errorMsg}``, ``{code, message}`` or one of these inside
    ``{"error": ...}`` (docs/oms-api.md, section 3); it may also be HTML, plain text or invalid JSON, which is
    quoted unchanged.

    :arg mask: replaces secrets in a text; a server may repeat what it was sent.
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
    """Whether the response is a page for a browser. OMS answers JSON or nothing, so another server has answered."""
    return "html" in content_type.lower() or body.lstrip()[:1] == b"<"


def _without_markup(text: str) -> str:
    """The words of an HTML page; other text is returned unchanged."""
    if not text.startswith("<"):
        return text
    text = re.sub(r"(?is)<(script|style)\b.*?(?:</\1\s*>|\Z)", " ", text)
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())
