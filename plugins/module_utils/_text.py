# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""How texts appear in messages: quoted, printable, listed.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import errno
import json
import os
import typing as t


def quoted(text: str, limit: int = 80) -> str:
    """The text in quotes for a message: control characters escaped, shortened to the limit.

    :arg limit: characters of the text that are shown.
    """
    shown = text if len(text) <= limit else text[:limit] + "…"
    # With the escapes of JSON, which users know.
    return printable(json.dumps(shown, ensure_ascii=False))


def printable(text: str) -> str:
    """The text on one line: other scripts stay readable, lone surrogates and control characters can be printed.

    Ansible takes neither errors nor warnings with lone surrogates, which Python makes of bytes that are not UTF-8.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def reason(error: BaseException) -> str:
    """The text of the system for an error; an error without a number is an invalid argument."""
    return os.strerror(getattr(error, "errno", None) or errno.EINVAL).lower()


def ended(text: str) -> str:
    """The text with a full stop at its end; an empty text stays empty."""
    return text if text.endswith(".") or not text else f"{text}."


def listed(items: t.Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def counted(count: int, noun: str) -> str:
    """``1 object``, ``2 objects``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
