# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Who is calling and where: credentials and target, out of options, environment and credentials file. Sends nothing.

The sources, their order and their names are those of design.md ("How credentials are found") and oms-api.md, section 4.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import configparser
import os
import re
import stat
import typing as t
from dataclasses import dataclass, field

from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import option_or_environment
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import listed, printable, quoted, reason

# CreateSyncEvents, table 2: X-Auth-Token has 1 to 16384 characters. A security token travels the same way.
MAX_TOKEN = 16384
# The values of O(auth_method).
AUTO = "auto"
TOKEN = "token"  # noqa: S105 - the name of a method
AKSK = "aksk"
PASSWORD = "password"  # noqa: S105 - the name of a method
FILE = "file"
ECS_AGENCY = "ecs_agency"
_CREDENTIALS_FILE_VARIABLE = "HUAWEICLOUD_SDK_CREDENTIALS_FILE"
# Where the official SDK looks, below the home directory, and for what in there.
_CREDENTIALS_FILE = ".huaweicloud/credentials"
_SECTION = "basic"
# Keys and tokens of the longest kind are far below it: what is larger is another file.
_MAX_FILE_BYTES = 256 * 1024


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


@dataclass(frozen=True)
class Password:
    """A user of IAM, whose password is traded for a token."""

    username: str
    password: str = field(repr=False)
    domain_name: str
    source: str = "options"


@dataclass(frozen=True)
class EcsAgency:
    """The agency of the ECS host that the module runs on, whose metadata service hands out temporary keys."""

    source: str = "ECS agency"


Credentials = t.Union[AccessKey, AuthToken, Password, EcsAgency]


@dataclass(frozen=True)
class Found:
    """What was found of who is calling.

    ``credentials`` is None where there are none. ``project_id`` and ``iam_endpoint`` are those of the file that the
    credentials are from. ``looked_at`` and ``passed_over`` say where credentials were looked for, in order, and what
    was there and of no use.
    """

    credentials: Credentials | None
    project_id: str | None = None
    iam_endpoint: str | None = None
    warning: str | None = None
    looked_at: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Way:
    """A way to sign in: its options, and the families of variables that stand for these, in order.

    The first ``needed`` parts make it complete; ``shown`` are the options that are no secrets.
    """

    options: tuple[str, ...]
    families: tuple[tuple[str | None, ...], ...]
    needed: int
    make: t.Callable[..., Credentials]
    shown: tuple[str, ...] = ()


# In the order in which they are taken. The families of an access key are the SDK's, Terraform's and the API page's.
_WAYS = {
    TOKEN: _Way(("auth_token",), (("HW_AUTH_TOKEN",),), 1, AuthToken),
    AKSK: _Way(
        ("access_key", "secret_key", "security_token"),
        (
            ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN"),
            ("HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_SECURITY_TOKEN"),
            ("CLOUD_SDK_AK", "CLOUD_SDK_SK", None),
        ),
        2,
        AccessKey,
    ),
    PASSWORD: _Way(
        ("username", "password", "domain_name"),
        (("HW_USER_NAME", "HW_USER_PASSWORD", "HW_DOMAIN_NAME"),),
        3,
        Password,
        ("username", "domain_name"),
    ),
}


def find_credentials(options: t.Mapping[str, t.Any], environ: t.Mapping[str, str], secrets: Secrets) -> Found:
    """Take the first source that is complete: options, environment, credentials file, ECS agency.

    Within options and within the environment a token comes first, then an access key, then a password. With an
    explicit O(auth_method) only its sources are looked at.

    :arg options: the module's parameters.
    :returns: what was found. Whether there is an ECS agency, only its host's metadata service can tell.
    :raises ArgumentError: what is given contradicts itself or can't be sent.
    """
    method = options["auth_method"]
    ways = _WAYS if method == AUTO else {name: way for name, way in _WAYS.items() if name == method}
    looked_at: list[str] = []
    passed_over: list[str] = []
    if ways:
        credentials = _from_options(ways, options, secrets)
        credentials = credentials or _from_environment(ways, environ, secrets, passed_over)
        if credentials:
            return Found(credentials)
        looked_at += [
            f"the options ({'; '.join(listed(way.options[: way.needed]) for way in ways.values())})",
            "the environment of the host that the module runs on"
            f" ({'; '.join(listed(_needed(way, family)) for way in ways.values() for family in way.families)})",
        ]
    if method in (AUTO, FILE):
        found = _from_file(options, environ, secrets, looked_at, passed_over)
        if found:
            return found
    agency = EcsAgency() if method in (AUTO, ECS_AGENCY) else None
    return Found(agency, looked_at=tuple(looked_at), passed_over=tuple(passed_over))


def _needed(way: _Way, family: tuple[str | None, ...]) -> list[str]:
    return [name for name in family[: way.needed] if name]


def _from_options(ways: t.Mapping[str, _Way], options: t.Mapping[str, t.Any], secrets: Secrets) -> Credentials | None:
    given = {method: [name for name in way.options if options.get(name) is not None] for method, way in ways.items()}
    given = {method: names for method, names in given.items() if names}
    value = {
        name: _checked(name, options[name], secrets, name in ways[method].shown, method == PASSWORD)
        for method, names in given.items()
        for name in names
    }
    if len(given) > 1:
        count = {2: "two", 3: "three"}[len(given)]
        raise ArgumentError(
            f"{' and '.join(map(listed, given.values()))} are given, which are {count} ways to sign in:"
            " give only one of them"
        )
    for method, names in given.items():
        way = ways[method]
        missing = [name for name in way.options[: way.needed] if name not in value]
        if missing:
            raise ArgumentError(
                f"{listed(names)} {'is' if len(names) == 1 else 'are'} given without {listed(missing)}: they belong"
                " together, and the environment does not fill the gap"
            )
        return way.make(*(value.get(name) for name in way.options))
    return None


def _from_environment(
    ways: t.Mapping[str, _Way], environ: t.Mapping[str, str], secrets: Secrets, passed_over: list[str]
) -> Credentials | None:
    for method, way in ways.items():
        for family in way.families:
            given = [name for name in family if name and environ.get(name)]
            shown = [name for name, option in zip(family, way.options) if option in way.shown]
            # Also what is passed over is secret.
            for name in given:
                if name not in shown:
                    secrets.add(environ[name])
            missing = [name for name in _needed(way, family) if name not in given]
            if given and missing:
                passed_over.append(f"{listed(given)} without {listed(missing)}")
            elif given:
                for name in given:
                    _checked(name, environ[name], secrets, name in shown, method == PASSWORD)
                parts = [environ[name] if name in given else None for name in family]
                source = f"environment variable{'s' * (len(given) > 1)} {listed(given)}"
                return way.make(*parts, source=source)
    return None


def _from_file(
    options: t.Mapping[str, t.Any],
    environ: t.Mapping[str, str],
    secrets: Secrets,
    looked_at: list[str],
    passed_over: list[str],
) -> Found | None:
    """Credentials out of the official SDK's file, with the project and the endpoint of IAM that stand beside them.

    The default one may be missing or something else. One that a user named must be what it should.
    """
    option, path = option_or_environment("credentials_file", options, environ, (_CREDENTIALS_FILE_VARIABLE,))
    given = path is not None
    path = os.path.expanduser(path or os.path.join(environ.get("HOME") or "~", _CREDENTIALS_FILE))
    where = f"the credentials file {path}"
    try:
        text, mode = _read_file(path)
        entries = _read_section(text)
    except FileNotFoundError as error:
        if given:
            raise ArgumentError(f"{option}: {where} can't be read: {reason(error)}") from None
        looked_at.append(f"{where}, which does not exist")
        return None
    except (OSError, ValueError) as error:
        # What a parser says may quote the file, so only errors of the system and our own come this far.
        why = f"can't be read: {reason(error)}" if isinstance(error, OSError) else str(error)
        if given:
            raise ArgumentError(f"{option}: {where} {why}") from None
        looked_at.append(where)
        passed_over.append(f"{where} {why}")
        return None
    looked_at.append(where)
    value = {name: entries[name] for name in ("ak", "sk", "security_token") if entries.get(name)}
    for secret in value.values():
        secrets.add(secret)
    missing = [name for name in ("ak", "sk") if name not in value]
    if missing:
        has = listed(list(value)) or "an access key"
        passed_over.append(
            f"{where} has {has} without {listed(missing)}" if value else f"{where} has no {listed(missing)}"
        )
        return None
    for name, secret in value.items():
        _checked(f"{name} in {where}", secret, secrets)
    warning = None
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        warning = printable(f"{where} can be read by other users of this host: chmod 600 {path}")
    return Found(
        AccessKey(value["ak"], value["sk"], value.get("security_token"), where),
        entries.get("project_id") or None,
        entries.get("iam_endpoint") or None,
        warning,
    )


def _read_file(path: str) -> tuple[str, int]:
    """The text of a small regular file, and its mode; another kind of file is refused without waiting for anything.

    :raises OSError: it can't be read.
    :raises ValueError: it can be no file of credentials; says why.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except ValueError:
        raise ValueError("has a null byte in its path") from None
    with open(descriptor, "rb") as file:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise ValueError("is no regular file")
        content = file.read(_MAX_FILE_BYTES + 1)
    if len(content) > _MAX_FILE_BYTES:
        raise ValueError(f"has more than {_MAX_FILE_BYTES} bytes")
    try:
        return content.decode("utf-8-sig"), state.st_mode
    except UnicodeDecodeError:
        raise ValueError("is not in UTF-8") from None


def _read_section(text: str) -> dict[str, str]:
    """The entries of the section of credentials.

    :raises ValueError: it can be no file of credentials; says why, and quotes no value.
    """
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or next((number for number, _line in getattr(error, "errors", ())), None)
        raise ValueError(f"is no INI file{f', see line {line}' if line else ''}") from None
    if not parser.has_section(_SECTION):
        there = ", ".join(quoted(name) for name in parser.sections()) or "none"
        raise ValueError(f"has no section [{_SECTION}], which is the one that is read; its sections: {there}")
    return dict(parser.items(_SECTION))


def _checked(name: str, value: str, secrets: Secrets, shown: bool = False, blanks: bool = False) -> str:
    """Check what proves who is calling. The message never shows the value.

    :arg name: the option or environment variable.
    :arg shown: whether it is no secret.
    :arg blanks: whether blanks may be in it: it goes into a body, and not into a header.
    """
    if not shown:
        secrets.add(value)
    if not value:
        raise ArgumentError(f"{name}: is empty")
    if value != value.strip():
        end = "starts" if value[0].isspace() else "ends"
        blank = value[0] if value[0].isspace() else value[-1]
        what = "a line break (base64 and echo add one)" if blank in "\r\n" else "a blank"
        raise ArgumentError(f"{name}: {end} with {what}: take it away")
    bad = re.search("[^ -~]" if blanks else "[^!-~]", value)
    if bad:
        raise ArgumentError(
            f"{name}: character {bad.start() + 1} of {len(value)} is none that"
            f" {'it' if blanks else 'a key or token'} can have:"
            f" only ASCII letters, digits{', blanks' if blanks else ''} and punctuation are allowed"
        )
    if len(value) > MAX_TOKEN:
        raise ArgumentError(f"{name}: has {len(value)} characters: at most {MAX_TOKEN} are allowed")
    return value
