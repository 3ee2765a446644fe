# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""How object keys are decoded: once, and never by guessing from how a key looks."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from .event import FORM, OPEN, PERCENT, RAW, Event
from .part import NotificationError, quoted

AUTO = "auto"
ENCODINGS = (AUTO, RAW, FORM, PERCENT)

_NOT_VISIBLE_ASCII = re.compile("[^!-~]")
_NOT_A_PERCENT_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


def object_key(event: Event, encoding: str) -> str:
    """The decoded object key.

    :arg encoding: one of ENCODINGS.
    :raises NotificationError: nothing tells how the key is encoded, or ``encoding`` contradicts the record.
    """
    key = _decode(event, encoding) if event.decoded_key is None else _checked(event, event.decoded_key, encoding)
    if not key:
        raise event.key.error("the object key is empty.")
    try:
        key.encode()
    except UnicodeEncodeError:
        # JSON can contain lone surrogates. ansible-core 2.19 and later refuse a result that has one.
        raise event.key.error(f"{quoted(key)} is not valid Unicode, as object keys are.") from None
    return key


def _decode(event: Event, encoding: str) -> str:
    """The object key, of which the record contains only the encoded form."""
    key = event.key.text()
    style = event.encoding if encoding == AUTO else encoding
    if style == OPEN:
        # Without "%" and "+" all encodings agree, and a key that no encoding can give is unencoded.
        if why_not_encoded(key) or not re.search("[%+]", key):
            return key
        raise event.key.error(
            f"{quoted(key)} may be URL-encoded or not, and the notification does not show which. Set the option"
            " encoding to raw, form or percent."
        )
    why = why_not_encoded(key) if style != RAW else ""
    decoded_key = None if why else decoded(key, style)
    if decoded_key is not None:
        return decoded_key
    advice = "If the sender does not encode object keys, set encoding to raw."
    if encoding != AUTO:
        advice = "Set another encoding."
    raise event.key.error(
        f"{quoted(key)} {why or 'is not UTF-8 when it is decoded'}, so it is not URL-encoded as {style}. {advice}"
    )


def _checked(event: Event, key: str, encoding: str) -> str:
    """The decoded object key that the notification also contains. The two must agree."""
    styles = (RAW, FORM, PERCENT) if encoding == AUTO else (encoding,)
    if any(decoded(event.key.text(), style) == key for style in styles):
        return key
    differs = f"{quoted(event.key.text())} is another object key than {quoted(key)} in {event.decoded_where}"
    if encoding == AUTO:
        raise event.key.error(f"{differs}, with every encoding. Check the sender.")
    raise event.key.error(f"{differs} with the encoding {encoding}. Remove the option encoding.")


def why_not_encoded(key: str) -> str:
    """Why a text cannot be URL-encoded; empty if it can."""
    bad = _NOT_VISIBLE_ASCII.search(key)
    if bad:
        control = bad[0] < " " or bad[0] == "\x7f"
        what = "a space" if bad[0] == " " else "a control character" if control else "a non-ASCII character"
        return f"contains {what}"
    return "contains a % without two hexadecimal digits after it" if _NOT_A_PERCENT_ESCAPE.search(key) else ""


def decoded(key: str, style: str) -> str | None:
    """Decode once; None if no UTF-8 text is encoded like this in this style."""
    if style == RAW:
        return key
    if why_not_encoded(key):
        return None
    try:
        return unquote_to_bytes(key.replace("+", " ") if style == FORM else key).decode()
    except UnicodeDecodeError:
        return None


def check_encoding(encoding: object) -> None:
    """
    :raises NotificationError: it is not one of ENCODINGS.
    """
    if not isinstance(encoding, str) or encoding not in ENCODINGS:
        raise NotificationError(f"encoding must be one of {', '.join(ENCODINGS)}.")
