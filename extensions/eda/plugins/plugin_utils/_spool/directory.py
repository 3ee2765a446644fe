# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Make sure that a spool's directory is safe: no other user can read it, change it, or put another in its place."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from .files import Files

SUBDIRECTORIES = ("batches", "dead", "unread", "new")


class SpoolError(Exception):
    """The spool cannot be used; the text is a message for the user."""


def prepare(path: Path, files: Files) -> None:
    """Make the directory and those in it if they are missing.

    :raises SpoolError: it cannot be made, or it is not safe. Then nothing was made in it.
    """
    try:
        _check_parent(path)
        if files.make_directory(path):
            files.sync(path.parent)
        check(path)
        made = [files.make_directory(path / name) for name in SUBDIRECTORIES]
        if any(made):
            files.sync(path)
    except OSError as error:
        reason = os.strerror(error.errno or errno.EINVAL).lower()
        raise SpoolError(
            f"The spool {path} cannot be used: {reason}. Check the path and the permissions of its parent."
        ) from None


def check(path: Path) -> None:
    """Check a directory that exists.

    :raises SpoolError: it is not safe.
    :raises OSError: it cannot be looked at.
    """
    state = path.lstat()
    if stat.S_ISLNK(state.st_mode):
        raise SpoolError(f"The spool {path} is a symbolic link. Give the path of the directory itself.")
    if not stat.S_ISDIR(state.st_mode):
        raise SpoolError(f"The spool {path} is not a directory. Give the path of a directory.")
    if state.st_uid != os.geteuid() or stat.S_IMODE(state.st_mode) & 0o077:
        raise SpoolError(
            f"The spool {path} must belong to the user that runs ansible-rulebook, and only that user may have access."
            " Change its owner with chown, and its mode to 0700 with chmod."
        )


def _check_parent(path: Path) -> None:
    # Whoever can write to the parent can put another directory in the place of the spool.
    state = path.parent.stat()
    if state.st_uid not in (0, os.geteuid()) or stat.S_IMODE(state.st_mode) & 0o022:
        raise SpoolError(
            f"Other users can write to {path.parent}, the parent of the spool {path}. Choose a directory that only root"
            " or the user that runs ansible-rulebook can write to."
        )
