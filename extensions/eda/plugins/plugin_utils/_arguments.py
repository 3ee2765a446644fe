# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What the arguments of the plugins in a rulebook say.

ansible-rulebook fills in templates for sources and not for filters, and makes numbers and other things of texts when it
does. So a text that is the name of an environment variable with a dollar sign before it is taken from there, in both.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import os
import re
import typing as t

_VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


def read_text(arguments: t.Mapping[str, t.Any], name: str, default: str | None = None) -> str | None:
    """A text; what is empty, or a variable that is not set, counts as not given.

    :raises ValueError: it is something else.
    """
    value = arguments.get(name)
    if isinstance(value, str):
        variable = _VARIABLE.fullmatch(value)
        value = os.environ.get(variable[1]) if variable else value
    if value is None or value == "":
        return default
    if not isinstance(value, str):
        raise ValueError(f"{name}: {value!r} is no text: quote it")
    return value


def read_path(arguments: t.Mapping[str, t.Any], name: str) -> str:
    """A path that is needed; a tilde is the home directory.

    :raises ValueError: there is none, or it is relative.
    """
    value = read_text(arguments, name)
    if value is None:
        raise ValueError(f"{name}: {arguments.get(name)!r} is not given or not set: give the path of a folder")
    path = os.path.expanduser(value)
    if not os.path.isabs(path):
        # The playbook runs in another folder.
        raise ValueError(f"{name}: {value!r} is relative: give an absolute path")
    return path


def read_number(arguments: t.Mapping[str, t.Any], name: str, default: float, least: float) -> float:
    """A number.

    :arg default: counts where none is given.
    :raises ValueError: it is no number, or less than the least.
    """
    value = arguments.get(name)
    if isinstance(value, str):
        value = read_text(arguments, name)
    if value is None:
        return default
    try:
        # A boolean would be 0 or 1 to Python.
        number = float("nan") if isinstance(value, bool) else float(value)
    except (OverflowError, TypeError, ValueError):
        number = float("nan")
    if not least <= number < float("inf"):
        raise ValueError(f"{name}: {value!r} is no number of at least {least:g}")
    return number


def read_count(arguments: t.Mapping[str, t.Any], name: str, default: int, least: int) -> int:
    """A whole number.

    :arg default: counts where none is given.
    :raises ValueError: it is no whole number, or less than the least.
    """
    number = read_number(arguments, name, default, least)
    if number != int(number):
        raise ValueError(f"{name}: {number:g} is no whole number")
    return int(number)
