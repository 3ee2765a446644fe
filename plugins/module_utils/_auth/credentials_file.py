# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The credentials file of the official SDK: an access key, and the project and IAM endpoint that belong to it.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import configparser
import os
import re
import stat
import typing as t
from dataclasses import dataclass

from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import option_or_environment
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credential import AccessKey, check_secret
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import listed, printable, quoted, reason

_CREDENTIALS_FILE_VARIABLE = "HUAWEICLOUD_SDK_CREDENTIALS_FILE"
# Where the official SDK looks, below the home directory, and for what in there.
_CREDENTIALS_FILE = ".huaweicloud/credentials"
_SECTION = "basic"
_ENTRIES = ("ak", "sk", "security_token", "project_id", "iam_endpoint")
# Far more than the longest keys and tokens: a larger file is not a credentials file.
_MAX_FILE_BYTES = 256 * 1024


@dataclass(frozen=True)
class CredentialsFile:
    """What was found in a credentials file.

    ``searched`` names the file. ``access_key`` is None if it has no complete one; then ``ignored`` says why, unless the
    file does not exist. ``project_id`` and ``iam_endpoint`` belong to the access key; they may be empty.
    """

    searched: str
    access_key: AccessKey | None = None
    project_id: str | None = None
    iam_endpoint: str | None = None
    warnings: tuple[str, ...] = ()
    ignored: str | None = None


def read_credentials_file(
    options: t.Mapping[str, t.Any], environ: t.Mapping[str, str], secrets: Secrets
) -> CredentialsFile:
    """Read the file that is given, or else the default one, which may be absent or invalid.

    :raises ArgumentError: the file that is given can't be used, or a value in a file can't be sent.
    """
    option, path = option_or_environment("credentials_file", options, environ, (_CREDENTIALS_FILE_VARIABLE,))
    given = path is not None
    path = os.path.expanduser(path or os.path.join(environ.get("HOME") or "~", _CREDENTIALS_FILE))
    where = f"the credentials file {path}"
    try:
        text, state = _read_file(path)
        entries = _read_section(text)
    except FileNotFoundError as error:
        if given:
            raise ArgumentError(f"{option}: {where} can't be read: {reason(error)}. Check the path.") from None
        return CredentialsFile(f"{where}, which does not exist")
    except (OSError, ValueError) as error:
        # Errors of the parser, which may quote the file, do not arrive here: they were replaced.
        why = f"can't be read: {reason(error)}" if isinstance(error, OSError) else str(error)
        if given:
            raise ArgumentError(f"{option}: {where} {why}. Correct the file or the path.") from None
        return CredentialsFile(where, ignored=f"{where} {why}")
    value = {name: entries[name] for name in ("ak", "sk", "security_token") if entries.get(name)}
    for secret in value.values():
        secrets.add(secret)
    missing = [name for name in ("ak", "sk") if name not in value]
    if missing:
        has = f"has {listed(list(value))} without" if value else "has no"
        return CredentialsFile(where, ignored=f"{where} {has} {listed(missing)}")
    for name in _ENTRIES:
        if re.search(r"\s[#;]", entries.get(name) or ""):
            raise ArgumentError(
                f"{name} in {where} has a comment after the value, which would be sent as a part of it. Put the"
                " comment on its own line."
            )
    for name, secret in value.items():
        check_secret(f"{name} in {where}", secret, secrets)
    return CredentialsFile(
        where,
        AccessKey(value["ak"], value["sk"], value.get("security_token"), where),
        entries.get("project_id"),
        entries.get("iam_endpoint"),
        tuple(_warnings(path, state)),
    )


def _warnings(path: str, state: os.stat_result) -> t.Iterator[str]:
    shown = printable(path)
    can = [
        what
        for what, bits in (("read", stat.S_IRGRP | stat.S_IROTH), ("change", stat.S_IWGRP | stat.S_IWOTH))
        if state.st_mode & bits
    ]
    if can:
        yield f"Other users of this host can {' and '.join(can)} the credentials file {shown}. Run: chmod 600 {shown}."
    # root can read and change all files anyway.
    if state.st_uid not in (os.geteuid(), 0):
        yield (
            f"The credentials file {shown} belongs to another user (uid {state.st_uid}), who can read and change it."
            " Use a file that belongs to you."
        )


def _read_file(path: str) -> tuple[str, os.stat_result]:
    """The text of a small regular file, and its state; another kind of file is refused without waiting for anything.

    :raises OSError: it can't be read.
    :raises ValueError: it is not a credentials file; says why.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except ValueError:
        raise ValueError("has a null byte in its path") from None
    with open(descriptor, "rb") as file:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise ValueError("is not a regular file")
        content = file.read(_MAX_FILE_BYTES + 1)
    if len(content) > _MAX_FILE_BYTES:
        raise ValueError(f"has more than {_MAX_FILE_BYTES} bytes")
    try:
        return content.decode("utf-8-sig"), state
    except UnicodeDecodeError:
        raise ValueError("is not encoded in UTF-8") from None


def _read_section(text: str) -> dict[str, str]:
    """The entries of the section of credentials.

    :raises ValueError: the file is not valid; says why, and quotes no value.
    """
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.DuplicateOptionError as error:
        # A line that is no entry may be read as one: only names that are known are shown.
        entry = error.option if error.option in _ENTRIES else "the same entry"
        raise ValueError(f"has {entry} twice in a section, the second time in line {error.lineno}") from None
    except configparser.DuplicateSectionError as error:
        raise ValueError(f"has the same section twice, the second time in line {error.lineno}") from None
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or next((number for number, _line in getattr(error, "errors", ())), None)
        raise ValueError(f"is not a valid INI file{f', see line {line}' if line else ''}") from None
    if not parser.has_section(_SECTION):
        there = ", ".join(quoted(name) for name in parser.sections()) or "none"
        raise ValueError(f"has no section [{_SECTION}], which is required. Its sections: {there}")
    entries = dict(parser.items(_SECTION))
    for name in _ENTRIES:
        if "\n" in (entries.get(name) or ""):
            raise ValueError(f"has an indented line after {name}, which makes that line a part of the value")
    return entries
