# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Who is calling: credentials from options and from the environment, and the project they are for.

The sources, their order and their names are those of design.md ("How credentials are found") and oms-api.md, section 4.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import html
import json
import re
import typing as t
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

try:
    from ansible.module_utils.secrets import register_secret
except ImportError:  # ansible-core before 2.22
    register_secret = None

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    CREDENTIALS,
    ArgumentError,
    Failure,
    general_advice,
    listed,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._signing import sign
from ansible_collections.huaweicloud.oms.plugins.module_utils._transport import (
    Authorise,
    Endpoint,
    Request,
    Response,
    Transport,
    check_path_segment,
    clock_skew,
    read_endpoint,
)

# CreateSyncEvents, table 2: X-Auth-Token has 1 to 16384 characters. A security token travels the same way.
MAX_TOKEN = 16384

# The variables of an access key's parts, family by family: the SDK's, Terraform's, the API page's samples.
_ACCESS_KEY_FAMILIES = (
    ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN"),
    ("HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_SECURITY_TOKEN"),
    ("CLOUD_SDK_AK", "CLOUD_SDK_SK", None),
)
_AUTH_VARIABLE = "HW_AUTH_TOKEN"
_PROJECT_ID_VARIABLES = ("HUAWEICLOUD_SDK_PROJECT_ID", "HW_PROJECT_ID")
_REGION_VARIABLE = "HW_REGION_NAME"
_IAM_ENDPOINT_VARIABLE = "HUAWEICLOUD_SDK_IAM_ENDPOINT"

# A clock that is more off than this is worth a word when a signature is refused; the gateway allows 15 minutes.
_NOTABLE_SKEW_SECONDS = 60

Register = t.Callable[[str], t.Any]


def registrar(module: t.Any) -> Register:
    """How a secret that did not come as a ``no_log`` option is made known to Ansible.

    :arg module: the AnsibleModule.
    """
    register: Register = register_secret or module.no_log_values.add
    return register


class Secrets:
    """All that must never be shown, and what hides it.

    :arg register: makes a value known to Ansible, which then masks it in all that the module returns.
    """

    def __init__(self, register: Register) -> None:
        self._register = register
        self._values: set[str] = set()

    def add(self, value: str) -> str:
        """Register a secret, as soon as it is read; the value comes back."""
        # Bytes of the environment that are not UTF-8 come as lone surrogates, which Ansible can't be told of.
        known = value.encode("utf-8", "replace").decode()
        bare = known.strip()
        # A blank, or nothing, is no secret: masking it would garble everything.
        if bare:
            # A server may echo it as a URL, JSON or HTML has it, too.
            for form in (known, bare, quote(bare, safe=""), json.dumps(bare)[1:-1], html.escape(bare)):
                self._register(form)
                self._values.add(form)
        return value

    def mask(self, text: str) -> str:
        """The text without secrets: what a server says is masked before it is cut or shown."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, "********")
        return text


@dataclass(frozen=True)
class AccessKey:
    """An access key (AK) with its secret key (SK), and the security token of a temporary one."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    security_token: str | None = field(repr=False, default=None)
    source: str = "options"


@dataclass(frozen=True)
class AuthToken:
    """An IAM token, sent as ``X-Auth-Token``."""

    auth_token: str = field(repr=False)
    source: str = "options"


Credentials = t.Union[AccessKey, AuthToken]


def find_credentials(options: t.Mapping[str, t.Any], environ: t.Mapping[str, str], secrets: Secrets) -> Credentials:
    """Take the first source that is complete: options, then environment; within each a token, then an access key.

    :arg options: the module's parameters.
    :raises ArgumentError: what is given contradicts itself or can't be sent.
    :raises Failure: there are no credentials.
    """
    return _from_options(options, secrets) or _from_environment(environ, secrets)


def _from_options(options: t.Mapping[str, t.Any], secrets: Secrets) -> Credentials | None:
    given = [
        name for name in ("auth_token", "access_key", "secret_key", "security_token") if options.get(name) is not None
    ]
    if not given:
        return None
    value = {name: _checked(name, options[name], secrets) for name in given}
    if given == ["auth_token"]:
        return AuthToken(value["auth_token"])
    if "auth_token" in given:
        raise ArgumentError(
            f"auth_token and {listed(given[1:])} are given, which are two ways to sign in: give only one of them"
        )
    missing = [name for name in ("access_key", "secret_key") if name not in value]
    if missing:
        raise ArgumentError(
            f"{listed(given)} {'is' if len(given) == 1 else 'are'} given without {listed(missing)}: they belong"
            " together, and the environment does not fill the gap"
        )
    return AccessKey(value["access_key"], value["secret_key"], value.get("security_token"))


def _from_environment(environ: t.Mapping[str, str], secrets: Secrets) -> Credentials:
    if environ.get(_AUTH_VARIABLE):
        token = _checked(_AUTH_VARIABLE, environ[_AUTH_VARIABLE], secrets)
        return AuthToken(token, f"environment variable {_AUTH_VARIABLE}")
    half = []
    for family in _ACCESS_KEY_FAMILIES:
        given = [name for name in family if name and environ.get(name)]
        # Also what is passed over is secret.
        value = {name: secrets.add(environ[name]) for name in given}
        access_key, secret_key, security_token = family
        if access_key in value and secret_key in value:
            for name in given:
                _checked(name, value[name], secrets)
            return AccessKey(
                value[access_key],
                value[secret_key],
                value.get(security_token or ""),
                f"environment variables {listed(given)}",
            )
        if given:
            missing = [name for name in (access_key, secret_key) if name not in value]
            half.append(f"{listed(given)} without {listed(missing)}")
    found_half = f" Found, but passed over: {'; '.join(half)}." if half else ""
    raise Failure(
        CREDENTIALS,
        "no credentials found: the options auth_token, access_key and secret_key are not given, and the environment of"
        f" the host that the module runs on has neither {_AUTH_VARIABLE} nor a pair of"
        f" {', '.join(f'{family[0]} and {family[1]}' for family in _ACCESS_KEY_FAMILIES)}.{found_half}".rstrip("."),
        "Give one of them; with the controller's environment, delegate the task to localhost",
    )


def _checked(name: str, value: str, secrets: Secrets) -> str:
    """Check what goes into a header. The message never shows the value.

    :arg name: the option or environment variable.
    """
    secrets.add(value)
    if not value:
        raise ArgumentError(f"{name}: is empty")
    if value != value.strip():
        end = "starts" if value[0].isspace() else "ends"
        blank = value[0] if value[0].isspace() else value[-1]
        what = "a line break (base64 and echo add one)" if blank in "\r\n" else "a blank"
        raise ArgumentError(f"{name}: {end} with {what}: take it away")
    bad = re.search("[^!-~]", value)
    if bad:
        raise ArgumentError(
            f"{name}: character {bad.start() + 1} of {len(value)} is none that a key or token can have:"
            " only ASCII letters, digits and punctuation are allowed"
        )
    if len(value) > MAX_TOKEN:
        raise ArgumentError(f"{name}: has {len(value)} characters: at most {MAX_TOKEN} are allowed")
    return value


def authoriser(credentials: Credentials, project_id: str | None = None) -> Authorise:
    """Make the headers that prove who is calling.

    :arg project_id: is sent and signed, where it is known, with an access key.
    """

    def with_token(_request: Request, _now: datetime) -> t.Mapping[str, str]:
        return {"X-Auth-Token": t.cast(AuthToken, credentials).auth_token}

    def with_signature(request: Request, now: datetime) -> t.Mapping[str, str]:
        key = t.cast(AccessKey, credentials)
        headers = {}
        if project_id:
            headers["X-Project-Id"] = project_id
        if key.security_token:
            headers["X-Security-Token"] = key.security_token
        signature = sign(
            request.method,
            request.endpoint.host,
            request.path,
            request.query,
            {**request.headers, **headers},
            request.body,
            key.access_key,
            key.secret_key,
            now,
        )
        return {**headers, **signature}

    return with_token if isinstance(credentials, AuthToken) else with_signature


@dataclass(frozen=True)
class Target:
    """Where requests go.

    A ``project_id`` of None is to be looked up at ``iam_endpoint``; then there is a region.
    """

    region: str | None
    endpoint: Endpoint
    iam_endpoint: Endpoint | None
    project_id: str | None


def find_target(options: t.Mapping[str, t.Any], environ: t.Mapping[str, str], secrets: Secrets) -> Target:
    """Find out from options and environment where requests go; sends nothing.

    :arg options: the module's parameters.
    :raises ArgumentError: something is missing or breaks a rule.
    """
    for name in ("endpoint", "iam_endpoint"):
        # A URL with a password is refused, but Ansible would still show it among the task's arguments.
        if "@" in (options.get(name) or ""):
            secrets.add(options[name])
    region = _find_region(options, environ)
    endpoint = _find_endpoint("oms", region, options, environ)
    iam_endpoint = _find_endpoint("iam", region, options, environ)
    name, project_id = _given("project_id", options, environ, _PROJECT_ID_VARIABLES)
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
    name, value = _given("region", options, environ, (_REGION_VARIABLE,))
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
    name, value = _given(option, options, environ, variables)
    if value is not None:
        return read_endpoint(name, value, f"option {name}" if name == option else f"environment variable {name}")
    if region is None:
        return None
    return Endpoint(f"https://{service}.{region}.myhuaweicloud.com", f"region {region}")


def _given(
    option: str, options: t.Mapping[str, t.Any], environ: t.Mapping[str, str], variables: t.Sequence[str]
) -> tuple[str, str | None]:
    """An option's value or that of the first variable that is set, with the name of where it was found."""
    if options.get(option) is not None:
        return option, options[option]
    for variable in variables:
        if environ.get(variable):
            return variable, environ[variable]
    return option, None


def find_project_id(transport: Transport, target: Target, credentials: Credentials, secrets: Secrets) -> str:
    """The project's id as given, else the id of the project that bears the region's name (oms-api.md, section 4).

    :raises Failure: IAM refuses to tell, or knows no such project or more than one.
    """
    if target.project_id is not None:
        return target.project_id
    region, endpoint = t.cast(str, target.region), t.cast(Endpoint, target.iam_endpoint)
    request = Request("GET", endpoint, "/v3/projects", (("name", region),))
    response = transport.send(request, authoriser(credentials))
    remedy = "Give project_id (the console shows it under My Credentials)"
    if response.status != 200:
        answer = response.answer(secrets.mask)
        advice = f"{general_advice(answer, 'iam:projects:listProjects')}{skew_note(response, transport)}"
        raise Failure(
            CREDENTIALS,
            f"{request}: the look-up of project_id was refused: {answer}{response.gave_up}",
            f"{advice}. {remedy}" if response.status != 401 else advice,
            answer,
        )
    projects = _read_projects(response)
    if projects is None:
        raise Failure(CREDENTIALS, f"{request}: the answer is no list of projects", f"Check iam_endpoint. {remedy}")
    if not projects:
        raise Failure(CREDENTIALS, f"{request}: no project is named {region}", f"Check region. {remedy}")
    if len(projects) > 1:
        found = listed([secrets.mask(project_id)[:100] for project_id in projects])
        raise Failure(CREDENTIALS, f"{request}: more than one project is named {region}: {found}", remedy)
    try:
        return check_path_segment("project_id", projects[0])
    except ArgumentError as error:
        raise Failure(CREDENTIALS, f"{request}: IAM answered with an id that can't be used, {error}", remedy) from None


def _read_projects(response: Response) -> list[str] | None:
    try:
        ids = [project["id"] for project in json.loads(response.body)["projects"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return ids if all(isinstance(project_id, str) for project_id in ids) else None


def skew_note(response: Response, transport: Transport) -> str:
    """A part of a sentence on the clock, where that may be why a signature was refused; else nothing."""
    skew = clock_skew(response, transport.clock.now())
    if response.status != 401 or skew is None or abs(skew) <= _NOTABLE_SKEW_SECONDS:
        return ""
    where = "ahead of" if skew > 0 else "behind"
    return f". The clock of this host is {abs(skew):.0f} s {where} the service's: set it right"
