# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The options that all modules share, and checks of values that several options need.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import quoted


def connection_argument_spec() -> dict[str, dict[str, t.Any]]:
    """The options that every module has. They are documented in the doc fragment ``huaweicloud.oms.connection``.

    No option has a fallback to the environment here, and no part of the credentials has a default: the code must know
    what was given as an option, because a key from one source is never combined with a secret from another.
    """
    return {
        "region": {"type": "str"},
        "project_id": {"type": "str"},
        "project_name": {"type": "str"},
        "access_key": {"type": "str", "no_log": True},
        "secret_key": {"type": "str", "no_log": True},
        "security_token": {"type": "str", "no_log": True},
        "auth_token": {"type": "str", "no_log": True},
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "domain_name": {"type": "str"},
        "credentials_file": {"type": "path"},
        "auth_method": {
            "type": "str",
            "choices": ["auto", "token", "aksk", "password", "file", "ecs_agency"],
            "default": "auto",
        },
        "endpoint": {"type": "str"},
        "iam_endpoint": {"type": "str"},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "timeout": {"type": "float", "default": 30.0},
        "retries": {"type": "int", "default": 8},
        "retry_max_delay": {"type": "float", "default": 30.0},
    }


def check_range(option: str, value: float, least: float, most: float, unit: str = "") -> None:
    """Refuse a number that is too small or too large.

    :arg unit: the unit of the limits, for the message.
    :raises ArgumentError: names the option and the limits.
    """
    # NaN fails the comparison, too.
    if not least <= value <= most:
        # A whole number may have more digits than a float can hold.
        shown = f"{value:g}" if isinstance(value, float) else value
        raise ArgumentError(f"{option} is {shown}. It must be from {least:g} to {most:g}{unit and ' '}{unit}.")


# CreateSyncEvents, table 1: project_id and sync_task_id have 1 to 1024 characters.
MAX_PATH_SEGMENT = 1024
# The maximum of timeout and retry_max_delay.
LONGEST_SECONDS = 3600.0


def check_path_segment(name: str, value: str) -> str:
    """Check an id that becomes a part of the path of a URL. No character of it may change the path.

    :arg name: the option or environment variable it comes from, for the message.
    :raises ArgumentError: names the option and the rule.
    """
    if not value:
        raise ArgumentError(f"{name} is empty. It must have 1 to {MAX_PATH_SEGMENT} characters.")
    if len(value) > MAX_PATH_SEGMENT:
        raise ArgumentError(f"{name} has {len(value)} characters. At most {MAX_PATH_SEGMENT} are allowed.")
    bad = re.search("[^A-Za-z0-9_.~-]", value)
    if bad:
        raise ArgumentError(
            f"{name} has {quoted(bad[0])} at character {bad.start() + 1}. Give the id alone, without a URL. Only"
            " A-Z a-z 0-9 _ . ~ - are allowed."
        )
    if value in (".", ".."):
        raise ArgumentError(f"{name} is {value}, which would change the path of the URL. Give an id.")
    return value


def option_or_environment(
    option: str, options: t.Mapping[str, t.Any], environ: t.Mapping[str, str], variables: t.Sequence[str]
) -> tuple[str, str | None]:
    """The name and the value of an option, or else of the first environment variable that is set."""
    if options.get(option) is not None:
        return option, options[option]
    for variable in variables:
        if environ.get(variable):
            return variable, environ[variable]
    return option, None
