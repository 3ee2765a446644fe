# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Keep the records that cannot be read, up to a limit of files and bytes: one file for each, with the reason."""

from __future__ import annotations

import json
import os
import secrets
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from .files import Files

# A record is cut off beyond this. The webhook accepts 1 MiB, which escapes can make three times as large.
MAX_RECORD_BYTES = 8 * 1024 * 1024
# The limits of the directory.
MAX_FILES = 5000
MAX_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True)
class UnreadRecord:
    """A record of a notification that cannot be read, in a form that can be posted again, and why."""

    notification: object
    reason: str


@dataclass(frozen=True)
class Kept:
    """The files of the records that were kept, and how many older files were deleted to make room."""

    paths: list[Path]
    deleted: int


class Unread:
    """The directory of the records that cannot be read."""

    def __init__(self, directory: Path, files: Files) -> None:
        self.directory = directory
        self._files = files
        # How much was stored since the directory was measured. Measuring is slow, and the event loop waits for it.
        self._new_files = MAX_FILES
        self._new_bytes = 0

    def keep(self, records: t.Sequence[UnreadRecord]) -> Kept:
        """Keep records for an operator to look at.

        :raises OSError: the disk does not take them.
        """
        paths = []
        for record in records:
            path = self.directory / f"{stamp()}.json"
            content = _content(record)
            # A file that ends in .json is complete, also after a kill.
            part = path.with_suffix(".part")
            self._files.store(part, content)
            self._files.rename(part, path)
            paths.append(path)
            self._new_files += 1
            self._new_bytes += len(content)
        self._files.sync(self.directory)
        return Kept(paths, self._make_room())

    def _make_room(self) -> int:
        # Measured after each percent of the limits, so they can be exceeded by that much.
        if self._new_files <= MAX_FILES // 100 and self._new_bytes <= MAX_BYTES // 100:
            return 0
        self._new_files = self._new_bytes = 0
        with os.scandir(self.directory) as entries:
            kept = {entry.name: entry.stat().st_size for entry in entries}
        surplus = sum(kept.values()) - MAX_BYTES
        deleted = []
        # The largest first, so that one large notification does not cost many small ones. The names sort by time.
        for name in sorted(kept, key=lambda name: (-kept[name], name)):
            if surplus <= 0:
                break
            surplus -= kept[name]
            deleted.append(name)
        older = sorted(kept.keys() - set(deleted))
        deleted += older[: max(0, len(older) - MAX_FILES)]
        for name in deleted:
            self._files.remove(self.directory / name)
        return len(deleted)


def stamp() -> str:
    """A unique name that sorts by time."""
    return f"{time.time_ns():020}-{secrets.token_hex(4)}"


def _content(record: UnreadRecord) -> bytes:
    reason = record.reason
    try:
        # Without indentation, which nested lists would make a hundred times as large.
        text = json.dumps(record.notification, separators=(",", ":"), default=repr)
    except TypeError:
        # JSON does not allow such field names. Without a file, the sender would send the notification again and again.
        text = json.dumps(repr(record.notification))
    except (RecursionError, ValueError):
        text = ""
        reason = f"{reason} It is nested too deeply to be kept."
    if len(text) > MAX_RECORD_BYTES:
        reason = f"{reason} Only its first {MAX_RECORD_BYTES} bytes are kept."
        return json.dumps({"reason": reason, "beginning": text[:MAX_RECORD_BYTES]}).encode() + b"\n"
    return f'{{"reason":{json.dumps(reason)},"notification":{text or "null"}}}\n'.encode()
