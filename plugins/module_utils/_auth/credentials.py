# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Finds credentials: in options, environment, credentials file, or at last an ECS agency. Sends nothing.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credential import AccessKey, AuthToken, check_secret
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credentials_file import read_credentials_file
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import CREDENTIALS, Answer, ArgumentError, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import listed

# The values of O(auth_method).
AUTO = "auto"
TOKEN = "token"  # noqa: S105 - the name of a method
AKSK = "aksk"
PASSWORD = "password"  # noqa: S105 - the name of a method
FILE = "file"
ECS_AGENCY = "ecs_agency"


@dataclass(frozen=True)
class Password:
    """An IAM user, whose password is exchanged for a token."""

    username: str
    password: str = field(repr=False)
    domain_name: str
    source: str = "options"


@dataclass(frozen=True)
class EcsAgency:
    """The agency of the ECS host that the module runs on, whose metadata service returns temporary access keys."""

    source: str = "ECS agency"


Credentials = t.Union[AccessKey, AuthToken, Password, EcsAgency]


@dataclass(frozen=True)
class Found:
    """The result of the search for credentials.

    ``credentials`` is None if there are none. ``project_id`` and ``iam_endpoint`` are those of the file that the
    credentials are from. ``searched`` names the sources that were read, in order; ``ignored`` what was incomplete.
    """

    credentials: Credentials | None
    project_id: str | None = None
    iam_endpoint: str | None = None
    warnings: tuple[str, ...] = ()
    from_environment: bool = False
    searched: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Method:
    """A method of authentication: its options, and the families of environment variables for these, in order.

    The first ``needed`` options make it complete; ``public`` are those that are no secrets. ``spaces`` says whether the
    values may contain spaces.
    """

    options: tuple[str, ...]
    families: tuple[tuple[str | None, ...], ...]
    needed: int
    make: t.Callable[..., Credentials]
    public: tuple[str, ...] = ()
    spaces: bool = False


# In the order of precedence. The families of an access key are the SDK's, Terraform's and those of the API's samples.
_METHODS = {
    TOKEN: _Method(("auth_token",), (("HW_AUTH_TOKEN",),), 1, AuthToken),
    AKSK: _Method(
        ("access_key", "secret_key", "security_token"),
        (
            ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN"),
            ("HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_SECURITY_TOKEN"),
            ("CLOUD_SDK_AK", "CLOUD_SDK_SK", None),
        ),
        2,
        AccessKey,
    ),
    PASSWORD: _Method(
        ("username", "password", "domain_name"),
        (("HW_USER_NAME", "HW_USER_PASSWORD", "HW_DOMAIN_NAME"),),
        3,
        Password,
        ("username", "domain_name"),
        spaces=True,
    ),
}


def find_credentials(options: t.Mapping[str, t.Any], environ: t.Mapping[str, str], secrets: Secrets) -> Found:
    """Take the first source that is complete: options, environment, credentials file, ECS agency.

    Within options and within the environment a token comes first, then an access key, then a password. With an
    explicit O(auth_method) only its sources are read.

    :arg options: the module's parameters.
    :returns: the credentials. Whether the host has an ECS agency is known only after a request to its metadata service.
    :raises ArgumentError: the options contradict each other, or a value can't be sent.
    """
    auth_method = options["auth_method"]
    methods = [method for name, method in _METHODS.items() if auth_method in (AUTO, name)]
    searched: list[str] = []
    ignored: list[str] = []
    if methods:
        credentials = _from_options(methods, options, secrets)
        if credentials:
            return Found(credentials)
        credentials = _from_environment(methods, environ, secrets, ignored)
        if credentials:
            return Found(credentials, from_environment=True)
        variables = [listed(_needed(method, family)) for method in methods for family in method.families]
        searched += [
            f"the options ({'; '.join(listed(method.options[: method.needed]) for method in methods)})",
            f"the environment of the host that the module runs on ({'; '.join(variables)})",
        ]
    if auth_method in (AUTO, FILE):
        file = read_credentials_file(options, environ, secrets)
        if file.access_key:
            return Found(file.access_key, file.project_id, file.iam_endpoint, file.warnings)
        searched.append(file.searched)
        ignored += [file.ignored] if file.ignored else []
    agency = EcsAgency() if auth_method in (AUTO, ECS_AGENCY) else None
    return Found(agency, searched=tuple(searched), ignored=tuple(ignored))


def _needed(method: _Method, family: tuple[str | None, ...]) -> list[str]:
    return [name for name in family[: method.needed] if name]


def _from_options(methods: t.Sequence[_Method], options: t.Mapping[str, t.Any], secrets: Secrets) -> Credentials | None:
    given = [(method, [name for name in method.options if options.get(name) is not None]) for method in methods]
    given = [(method, names) for method, names in given if names]
    value = {
        name: check_secret(name, options[name], secrets, name in method.public, method.spaces)
        for method, names in given
        for name in names
    }
    if len(given) > 1:
        count = {2: "two", 3: "three"}[len(given)]
        raise ArgumentError(
            f"{' and '.join(listed(names) for _method, names in given)} are given, which are {count} methods of"
            " authentication. Give only one of them."
        )
    for method, names in given:
        missing = [name for name in method.options[: method.needed] if name not in value]
        if missing:
            raise ArgumentError(
                f"{listed(names)} {'is' if len(names) == 1 else 'are'} given without {listed(missing)}. Give them"
                " together: missing options are not taken from the environment."
            )
        return method.make(*(value.get(name) for name in method.options))
    return None


def _from_environment(
    methods: t.Sequence[_Method], environ: t.Mapping[str, str], secrets: Secrets, ignored: list[str]
) -> Credentials | None:
    """The first complete family of variables.

    :arg ignored: is extended by the families that are incomplete.
    """
    for method in methods:
        for family in method.families:
            given = {option: name for option, name in zip(method.options, family) if name and environ.get(name)}
            missing = [name for name in _needed(method, family) if name not in given.values()]
            _register_variables(method, given, environ, secrets, complete=not missing)
            if given and missing:
                ignored.append(f"{listed(list(given.values()))} without {listed(missing)}")
            elif given:
                for option, name in given.items():
                    check_secret(name, environ[name], secrets, option in method.public, method.spaces)
                parts = [environ[given[option]] if option in given else None for option in method.options]
                source = f"environment variable{'s' * (len(given) > 1)} {listed(list(given.values()))}"
                return method.make(*parts, source=source)
    return None


def _register_variables(
    method: _Method, given: t.Mapping[str, str], environ: t.Mapping[str, str], secrets: Secrets, complete: bool
) -> None:
    """Register the secrets of a family of variables, also of an incomplete one.

    The access key of an incomplete pair is not registered: it is not used, it is no secret without its secret key, and
    masking it would hide object keys that contain the same text.

    :arg given: the name of the variable for each option.
    """
    for option, name in given.items():
        if option not in method.public and (complete or option != "access_key"):
            secrets.add(environ[name])


def nothing_found(found: Found, agency: str | None = None, answer: Answer | None = None) -> Failure:
    """The failure that names the sources that were read.

    :arg agency: the outcome for the ECS agency, if it was asked.
    """
    searched = [*found.searched, *([f"the ECS agency: {agency}"] if agency else [])]
    lines = ["No credentials were found. Searched in this order:", *_items(searched)]
    if found.ignored:
        lines += ["Incomplete or invalid, and therefore ignored:", *_items(found.ignored)]
    return Failure(
        CREDENTIALS,
        [
            *lines,
            "Give the credentials in one of these. If they are in the environment or in a file of the controller,"
            " delegate the task to localhost.",
        ],
        answer=answer or Answer(),
    )


def _items(texts: t.Iterable[str]) -> list[str]:
    return [f"- {text}" for text in texts]
