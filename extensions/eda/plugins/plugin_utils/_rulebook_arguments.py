# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Read the arguments that a rulebook gives to a filter or a source.

ansible-rulebook renders templates for sources and not for filters, and turns texts into numbers when it does. So in
both plugins a text that consists of a dollar sign and the name of an environment variable is read from that variable.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import os
import re
import typing as t

_VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


def read_text(arguments: t.Mapping[str, t.Any], name: str, default: str | None = None) -> str | None:
    """A text; an empty text, or a variable that is not set, counts as not given.

    :raises ValueError: it is not a text.
    """
    value = arguments.get(name)
    if isinstance(value, str):
        variable = _VARIABLE.fullmatch(value)
        value = os.environ.get(variable[1]) if variable else value
    if value is None or value == "":
        return default
    if not isinstance(value, str):
        raise ValueError(f"{name} is {value!r}. It must be a string; put it in quotes.")
    return value


def read_path(arguments: t.Mapping[str, t.Any], name: str) -> str:
    """A path that is required; a tilde is the home directory.

    :raises ValueError: it is not given, or it is relative.
    """
    value = read_text(arguments, name)
    if value is None:
        given = str(arguments.get(name) or "")
        is_unset = (
            f" is {given}, but the environment variable {given[1:]} is empty or not set." if given else " is required."
        )
        raise ValueError(f"{name}{is_unset} Give an absolute path.")
    path = os.path.expanduser(value)
    if not os.path.isabs(path):
        # The playbook runs in another directory.
        raise ValueError(f"{name} is {value!r}. It must be an absolute path.")
    return path


def read_number(arguments: t.Mapping[str, t.Any], name: str, default: float, least: float) -> float:
    """A number.

    :arg default: if it is not given.
    :raises ValueError: it is not a number, or less than the least.
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
        raise ValueError(f"{name} is {value!r}. It must be a number, {least:g} or more.")
    return number


def read_count(arguments: t.Mapping[str, t.Any], name: str, default: int, least: int) -> int:
    """A whole number.

    :arg default: if it is not given.
    :raises ValueError: it is not a whole number, or less than the least.
    """
    number = read_number(arguments, name, default, least)
    if number != int(number):
        raise ValueError(f"{name} is {number:g}. It must be a whole number.")
    return int(number)
