# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Where requests go: region, project and endpoints.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import (
    check_path_segment,
    option_or_environment,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credentials import Found, Password, find_credentials
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint, read_endpoint

_PROJECT_ID_VARIABLES = ("HUAWEICLOUD_SDK_PROJECT_ID", "HW_PROJECT_ID")
_REGION_VARIABLE = "HW_REGION_NAME"
_IAM_ENDPOINT_VARIABLE = "HUAWEICLOUD_SDK_IAM_ENDPOINT"
# IAM where no region says which one to ask (oms-api.md, section 4).
_WORLDWIDE_IAM = Endpoint("https://iam.myhuaweicloud.com", "address of IAM for all regions")


@dataclass(frozen=True)
class Target:
    """Where requests go.

    A ``project_id`` of None is to be found out at ``iam_endpoint``; then there is a region.
    """

    region: str | None
    endpoint: Endpoint
    iam_endpoint: Endpoint
    project_id: str | None

    def endpoints(self, found: Found) -> tuple[Endpoint, ...]:
        """All of them that requests go to: IAM is asked for a missing project's id, and for a token."""
        if self.project_id is not None and not isinstance(found.credentials, Password):
            return (self.endpoint,)
        return (self.endpoint, self.iam_endpoint)


def find_credentials_and_target(
    options: t.Mapping[str, t.Any], environ: t.Mapping[str, str], secrets: Secrets
) -> tuple[Found, Target]:
    """Find out who is calling, and where requests go.

    :arg options: the module's parameters.
    :raises ArgumentError: something is missing, contradicts itself or breaks a rule.
    """
    for name in ("endpoint", "iam_endpoint"):
        # A URL with a password is refused, but Ansible would still show it among the task's arguments.
        if "@" in (options.get(name) or ""):
            secrets.add(options[name])
    found = find_credentials(options, environ, secrets)
    return found, find_target(options, environ, found)


def find_target(options: t.Mapping[str, t.Any], environ: t.Mapping[str, str], found: Found) -> Target:
    """Find out where requests go: from options, from the file that the credentials are from, from the environment.

    What stands in a credentials file beside the keys goes with them, as with the official SDK.

    :arg options: the module's parameters.
    :raises ArgumentError: something is missing or breaks a rule.
    """
    region = _find_region(options, environ)
    endpoint = _find_endpoint("oms", region, options, environ)
    beside_keys = getattr(found.credentials, "source", "")
    iam_endpoint = _find_endpoint("iam", region, options, environ) or _WORLDWIDE_IAM
    if found.iam_endpoint and options.get("iam_endpoint") is None:
        iam_endpoint = read_endpoint(f"iam_endpoint in {beside_keys}", found.iam_endpoint, beside_keys)
    name, project_id = option_or_environment("project_id", options, environ, _PROJECT_ID_VARIABLES)
    if found.project_id and options.get("project_id") is None:
        name, project_id = f"project_id in {beside_keys}", found.project_id
    if project_id is not None:
        check_path_segment(name, project_id)
    if endpoint is None or (project_id is None and region is None):
        missing = "the endpoint" if endpoint is None else "the project's id"
        raise ArgumentError(
            f"region: is needed to find {missing}: give region (or {_REGION_VARIABLE}), or both endpoint and project_id"
        )
    return Target(region, endpoint, iam_endpoint, project_id)


def _find_region(options: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> str | None:
    """The region, from the option or the environment.

    :raises ArgumentError: it can't be part of a host's name.
    """
    name, value = option_or_environment("region", options, environ, (_REGION_VARIABLE,))
    if value is None:
        return None
    if not re.fullmatch("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", value):
        raise ArgumentError(f"{name}: must be a region's id like cn-north-4: up to 63 lower-case letters, digits and -")
    return value


def _find_endpoint(
    service: str, region: str | None, options: t.Mapping[str, t.Any], environ: t.Mapping[str, str]
) -> Endpoint | None:
    """Where a service is: as given, else made from the region; None where there is neither.

    :arg service: ``oms`` or ``iam``.
    :raises ArgumentError: what is given is no endpoint.
    """
    if service == "iam":
        option, variables = "iam_endpoint", [_IAM_ENDPOINT_VARIABLE]
    else:
        option = "endpoint"
        # HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4: the SDK has a variable for each region.
        variables = [f"HUAWEICLOUD_SDK_REGION_OMS_{region.upper().replace('-', '_')}"] if region else []
    name, value = option_or_environment(option, options, environ, variables)
    if value is not None:
        return read_endpoint(name, value, f"option {name}" if name == option else f"environment variable {name}")
    if region is None:
        return None
    return Endpoint(f"https://{service}.{region}.myhuaweicloud.com", f"region {region}")
