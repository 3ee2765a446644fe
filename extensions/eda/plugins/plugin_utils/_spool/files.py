# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Write files so that they survive a kill and a power failure."""

from __future__ import annotations

import contextlib
import errno
import os
import typing as t
from pathlib import Path


class Files:
    """What changes files.

    :arg disk: the module `os`; tests pass one that fails.
    """

    def __init__(self, disk: t.Any = os) -> None:
        self.disk = disk

    def make_directory(self, path: Path) -> bool:
        """Make a directory for this user alone.

        :returns: whether it was missing.
        """
        try:
            self.disk.mkdir(path, 0o700)
        except FileExistsError:
            return False
        return True

    def store(self, path: Path, content: bytes) -> None:
        """Write a new file. Its content is on disk when this returns; its entry in the directory is not."""
        descriptor = self.disk.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            self.write(descriptor, content)
        except OSError:
            self.remove(path)
            raise
        finally:
            os.close(descriptor)

    def write(self, descriptor: int, content: bytes) -> None:
        if self.disk.write(descriptor, content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.disk.fsync(descriptor)

    def remove(self, path: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.disk.unlink(path)

    def rename(self, old: Path, new: Path) -> None:
        self.disk.rename(old, new)

    def sync(self, directory: Path) -> None:
        """Have the entries of a directory on disk."""
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.disk.fsync(descriptor)
        finally:
            os.close(descriptor)


def exists(path: Path) -> bool:
    # `Path.exists` takes any error for a no: a batch that cannot be looked at would count as accepted.
    try:
        path.stat()
    except FileNotFoundError:
        return False
    return True


def size(path: Path) -> int:
    """The size of a file in bytes; 0 if it is missing."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
