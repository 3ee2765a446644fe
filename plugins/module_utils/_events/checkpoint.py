# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The lines of the progress file: each is a checkpoint, a JSON object that is complete in itself.

The last valid line counts. Readers ignore fields that they do not know.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import json
import os
import socket
import typing as t
from dataclasses import asdict, dataclass, field
from datetime import datetime

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import FILE, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import printable, quoted

_VERSION = 1


@dataclass(frozen=True)
class Identity:
    """What makes two runs the same, apart from the bytes of the file of object keys before the offset."""

    endpoint: str
    project_id: str
    sync_task_id: str
    object_keys_file_format: str
    object_keys_encoded: bool


@dataclass(frozen=True)
class Checkpoint:
    """All objects before ``offset`` are accepted; these are ``accepted_count`` of ``object_count``.

    ``sha256`` is that of the bytes before the offset. ``finished`` says that all objects are accepted. ``waiting`` says
    that the run is to wait for the copies, and that they are not complete. While it waits, ``counters`` are what the
    sync task copied; they are for people and are not read again. ``host`` and ``pid`` say which process wrote the line.
    """

    identity: Identity
    accepted_count: int
    object_count: int
    offset: int
    sha256: str
    finished: bool
    waiting: bool = False
    counters: t.Mapping[str, int] | None = field(default=None, compare=False)
    host: str = field(default_factory=socket.gethostname, compare=False)
    pid: int = field(default_factory=os.getpid, compare=False)


_IDENTITY_TYPES = t.get_type_hints(Identity)
_CHECKPOINT_TYPES: dict[str, t.Any] = {
    **dict.fromkeys(("accepted_count", "object_count", "offset", "pid"), int),
    **dict.fromkeys(("sha256", "host"), str),
    **dict.fromkeys(("finished", "waiting"), bool),
}


def line_of(checkpoint: Checkpoint, now: datetime) -> bytes:
    """A line of the log."""
    fields = asdict(checkpoint)
    identity = fields.pop("identity")
    if checkpoint.counters is None:
        del fields["counters"]
    entry = {"oms_checkpoint": _VERSION, "time": now.isoformat(timespec="seconds"), **identity, **fields}
    return json.dumps(entry).encode() + b"\n"


def parse_line(line: bytes) -> Checkpoint | None:
    """Read a line of the log; None where it is no checkpoint."""
    try:
        entry = json.loads(line)
        if entry["oms_checkpoint"] != _VERSION:
            return None
        entry = {"waiting": False, **entry}
        return Checkpoint(Identity(**_typed(entry, _IDENTITY_TYPES)), **_typed(entry, _CHECKPOINT_TYPES))
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


def _typed(entry: t.Any, types: dict[str, t.Any]) -> dict[str, t.Any]:
    values = {name: entry[name] for name in types}
    # Not isinstance: a bool is an int for it.
    if {name: type(value) for name, value in values.items()} != types:
        raise TypeError
    return values


def last_checkpoint(tail: bytes) -> tuple[Checkpoint | None, int]:
    """Find the last valid line.

    :returns: it, and how many lines behind it are unreadable.
    """
    unreadable = 0
    for line in reversed(tail.split(b"\n")):
        if line:
            checkpoint = parse_line(line)
            if checkpoint:
                return checkpoint, unreadable
            unreadable += 1
    return None, unreadable


def is_same_run(
    path: str, checkpoint: Checkpoint | None, identity: Identity, sha256: str | None
) -> tuple[bool, str | None]:
    """Decide whether a run resumes, and give a warning if it starts the log of another run over.

    :arg sha256: that of the bytes of the file of object keys before the checkpoint's offset; None if it is shorter.
    :raises Failure: it is the log of another run that is not finished.
    """
    if checkpoint is None:
        return False, None
    theirs, ours = asdict(checkpoint.identity), asdict(identity)
    different = [
        f"{name} is {quoted(str(theirs[name]))} in the file and {quoted(str(ours[name]))} in this run"
        for name in theirs
        if theirs[name] != ours[name]
    ]
    if checkpoint.sha256 != sha256:
        different.append(f"the first {checkpoint.offset} bytes of object_keys_file, which OMS accepted, are different")
    if not different:
        return True, None
    what = f"progress_file: {path} is of another run, which is {'' if checkpoint.finished else 'not '}finished"
    what += f": {'; '.join(different)}"
    if checkpoint.finished:
        return False, printable(f"{what}. This run overwrites the file.")
    advice = (
        "To resume that run, use its options and its object_keys_file. To keep its progress, give this run another"
        f" progress_file. To discard its progress, delete {path}"
    )
    raise Failure(FILE, what, advice)
