# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Percent-encoding of a URL's path and query: the same for what is sent and what is signed.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import typing as t
from urllib.parse import quote


def encoded_path(path: str) -> str:
    """The path as it is sent: percent-encoded, but for its slashes and RFC 3986's ``A-Za-z0-9-_.~``."""
    return quote(path, safe="/~")


def encoded_query(query: t.Iterable[tuple[str, str]]) -> str:
    """The query as it is signed and sent: sorted by name, then value, and percent-encoded but for ``A-Za-z0-9-_.~``."""
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(query))
