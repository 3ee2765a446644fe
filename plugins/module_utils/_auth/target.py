# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The target of requests: region, project and endpoints. Sends nothing.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import (
    check_path_segment,
    option_or_environment,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credential import AuthToken
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credentials import Found, Password, find_credentials
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint, is_loopback, read_endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import quoted

_PROJECT_ID_VARIABLES = ("HUAWEICLOUD_SDK_PROJECT_ID", "HW_PROJECT_ID")
_PROJECT_NAME_VARIABLE = "HW_PROJECT_NAME"
_REGION_VARIABLE = "HW_REGION_NAME"
_IAM_ENDPOINT_VARIABLE = "HUAWEICLOUD_SDK_IAM_ENDPOINT"
# IAM if there is no region.
_WORLDWIDE_IAM = Endpoint("https://iam.myhuaweicloud.com", "address of IAM for all regions")

# IAM allows 64 for a project. A much longer text is not a name.
_MAX_PROJECT_NAME = 255
# Where Huawei Cloud is: these domains and all below them.
_HUAWEI_CLOUD = ("myhuaweicloud.com", "myhuaweicloud.eu")


@dataclass(frozen=True)
class Target:
    """Where requests go.

    A ``project_id`` of None is looked up at ``iam_endpoint`` by ``project_name``, which is given or the region's name.
    """

    region: str | None
    endpoint: Endpoint
    iam_endpoint: Endpoint
    project_id: str | None
    project_name: str | None = None

    def endpoints(self, found: Found) -> tuple[Endpoint, ...]:
        """All endpoints that requests go to: IAM is asked for a missing project id, and for a token."""
        if self.project_id is not None and not isinstance(found.credentials, Password):
            return (self.endpoint,)
        return (self.endpoint, self.iam_endpoint)


def find_credentials_and_target(
    options: t.Mapping[str, t.Any], environ: t.Mapping[str, str], secrets: Secrets
) -> tuple[Found, Target]:
    """Find the credentials, and where requests go.

    :arg options: the module's parameters.
    :raises ArgumentError: something is missing, contradicts itself or breaks a rule.
    """
    for name in ("endpoint", "iam_endpoint"):
        # A URL with a password is refused, but Ansible would still show it among the task's arguments.
        if "@" in (options.get(name) or ""):
            secrets.add(options[name])
    found = find_credentials(options, environ, secrets)
    return found, find_target(options, environ, found)


def endpoint_warnings(found: Found, target: Target) -> t.Iterator[str]:
    """Warnings if a password or a token of the environment goes to an endpoint that an option names.

    The endpoint may belong to an attacker: the author of the task may not be the owner of the credentials in the
    environment. A signature is useless to others, but a token or a password is not.
    """
    if not isinstance(found.credentials, (AuthToken, Password)) or not found.from_environment:
        return
    what = "password" if isinstance(found.credentials, Password) else "IAM token"
    for endpoint in target.endpoints(found):
        if not endpoint.source.startswith("option ") or _is_trusted(endpoint):
            continue
        # Of a password, OMS gets the token that IAM issued for it.
        sent = "IAM token for the password" if what == "password" and endpoint is target.endpoint else what
        yield (
            f"The {sent} ({found.credentials.source}) is sent to {endpoint.url} ({endpoint.source}), which is not an"
            f" endpoint of Huawei Cloud. If that is not intended, correct {endpoint.source.split()[1]} and change the"
            f" {what}."
        )


def _is_trusted(endpoint: Endpoint) -> bool:
    host = urlsplit(endpoint.url).hostname or ""
    return is_loopback(host) or any(host == domain or host.endswith(f".{domain}") for domain in _HUAWEI_CLOUD)


def find_target(options: t.Mapping[str, t.Any], environ: t.Mapping[str, str], found: Found) -> Target:
    """Find where requests go: in options, in the file that the credentials are from, in the environment.

    The project and the endpoint of IAM in a credentials file belong to its access key, as with the official SDK.

    :arg options: the module's parameters.
    :raises ArgumentError: something is missing or breaks a rule.
    """
    region = _find_region(options, environ)
    endpoint = _find_endpoint("oms", region, options, environ)
    beside_keys = getattr(found.credentials, "source", "")
    iam_endpoint = _find_endpoint("iam", region, options, environ) or _WORLDWIDE_IAM
    if found.iam_endpoint and options.get("iam_endpoint") is None:
        iam_endpoint = read_endpoint(f"iam_endpoint in {beside_keys}", found.iam_endpoint, beside_keys)
    project_id, project_name = _find_project(options, environ, found)
    if endpoint is None or (project_id is None and region is None):
        missing = "the endpoint" if endpoint is None else "the project id"
        raise ArgumentError(
            f"region is required to find {missing}. Give region (or {_REGION_VARIABLE}), or both endpoint and"
            " project_id."
        )
    return Target(region, endpoint, iam_endpoint, project_id, project_name or region)


def _find_project(
    options: t.Mapping[str, t.Any], environ: t.Mapping[str, str], found: Found
) -> tuple[str | None, str | None]:
    """The id of the project and its name, as far as they are given.

    Options come first: with the option project_name, the ids in a file and in the environment are ignored.

    :raises ArgumentError: one of them is not valid.
    """
    name, project_id = option_or_environment("project_id", options, environ, _PROJECT_ID_VARIABLES)
    if options.get("project_id") is None:
        if options.get("project_name") is not None:
            project_id = None
        elif found.project_id:
            name, project_id = f"project_id in {getattr(found.credentials, 'source', '')}", found.project_id
    if project_id is not None:
        check_path_segment(name, project_id)
    name, project_name = option_or_environment("project_name", options, environ, (_PROJECT_NAME_VARIABLE,))
    if project_name is not None:
        if not 1 <= len(project_name) <= _MAX_PROJECT_NAME:
            raise ArgumentError(f"{name} has {len(project_name)} characters. It must have 1 to {_MAX_PROJECT_NAME}.")
        if not project_name.isprintable() or project_name != project_name.strip():
            raise ArgumentError(f"{name} contains a control character, or whitespace at its start or end. Remove it.")
    return project_id, project_name


def _find_region(options: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> str | None:
    """The region, from the option or the environment.

    :raises ArgumentError: it can't be a part of a host name.
    """
    name, value = option_or_environment("region", options, environ, (_REGION_VARIABLE,))
    if value is None:
        return None
    if not re.fullmatch("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", value):
        raise ArgumentError(
            f"{name} is {quoted(value)}. It must be the id of a region, for example cn-north-4: up to 63 lowercase"
            " letters, digits and hyphens."
        )
    return value


def _find_endpoint(
    service: str, region: str | None, options: t.Mapping[str, t.Any], environ: t.Mapping[str, str]
) -> Endpoint | None:
    """The endpoint of a service: as given, else made from the region; None if there is neither.

    :arg service: ``oms`` or ``iam``.
    :raises ArgumentError: the given value is not an endpoint.
    """
    if service == "iam":
        option, variables = "iam_endpoint", [_IAM_ENDPOINT_VARIABLE]
    else:
        option = "endpoint"
        # HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4: the SDK has a variable for each region.
        variables = [f"HUAWEICLOUD_SDK_REGION_OMS_{region.upper().replace('-', '_')}"] if region else []
    name, value = option_or_environment(option, options, environ, variables)
    if value is not None and name == option:
        return read_endpoint(name, value, f"option {name}")
    if value is not None:
        # The SDK takes a host without a scheme, and several endpoints, of which it tries the first one first.
        first = value.split(",")[0].strip()
        return read_endpoint(name, first if "://" in first else f"https://{first}", f"environment variable {name}")
    if region is None:
        return None
    return Endpoint(f"https://{service}.{region}.myhuaweicloud.com", f"region {region}")
