# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""A batch: the object keys that one run of the playbook submits, and the files in its directory."""

from __future__ import annotations

import json
import os
import typing as t
from dataclasses import dataclass
from pathlib import Path

from .files import exists

KEYS = "keys.jsonl"
ATTEMPTS = "attempts"
FAILED = "failed"


@dataclass(frozen=True)
class Batch:
    """The object keys that one run of the playbook submits.

    :ivar path: its directory.
    :ivar attempts: how often a playbook was started for it.
    :ivar tried_at: when last, in seconds since the epoch.
    """

    path: Path
    attempts: int = 0
    tried_at: float = 0.0

    @property
    def is_accepted(self) -> bool:
        return not exists(self.path / KEYS)

    @property
    def has_failed(self) -> bool:
        return exists(self.path / FAILED)


def read_batch(path: Path) -> Batch:
    try:
        with (path / ATTEMPTS).open(encoding="ascii") as file:
            return Batch(path, int(file.read(16)), os.fstat(file.fileno()).st_mtime)
    except (FileNotFoundError, ValueError):
        return Batch(path)


def to_lines(object_keys: t.Iterable[str]) -> bytes:
    # In ASCII: no character of an object key can end a line, and no beginning of a line is an object key.
    return b"".join(json.dumps(object_key).encode() + b"\n" for object_key in object_keys)


def from_line(line: bytes) -> str | None:
    """The object key in a line; None if the line is incomplete after a power failure."""
    try:
        object_key = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return object_key if isinstance(object_key, str) else None
