# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Faults in the module's process: code that Python runs before the module.

Where Ansible starts the module, the code runs before the module is imported (sitecustomize); else, after that.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

# A thread of the submission can't be started if so many run.
FEWER_THREADS = """
import threading
_start = threading.Thread.start
def start(thread):
    if sum(each.name.startswith("event-") for each in threading.enumerate()) >= {limit}:
        raise RuntimeError("can't start new thread")
    _start(thread)
threading.Thread.start = start
"""
FEWER_FILES = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
"""
# A progress file can take so many bytes more.
FULL_DISK = """
import errno, os
_write, _room = os.write, [{room}]
def write(descriptor, content):
    if not os.readlink("/proc/self/fd/%d" % descriptor).endswith(".progress"):
        return _write(descriptor, content)
    if not _room[0]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    written = _write(descriptor, content[:_room[0]])
    _room[0] -= written
    return written
os.write = write
"""
# The request with this number can't be sent.
BROKEN_REQUEST = """
import http.client, itertools
_putrequest, _count = http.client.HTTPConnection.putrequest, itertools.count(1)
def putrequest(*arguments, **more):
    if next(_count) == {number}:
        raise {error}
    return _putrequest(*arguments, **more)
http.client.HTTPConnection.putrequest = putrequest
"""
NO_FSYNC = """
import errno, os
def fsync(_descriptor):
    raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
os.fsync = fsync
"""
NO_LOCKS = """
import errno, fcntl, os
def flock(_descriptor, _operation):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
fcntl.flock = flock
"""
UMASK = """
import os
os.umask(0o277)
"""


@pytest.fixture
def with_fault(tmp_path: Path) -> t.Callable[[str], dict[str, str]]:
    """The environment of a task in whose process a fault is made."""
    folder = tmp_path / "faults"
    folder.mkdir()
    code = 'import os\nexec(os.environ["OMS_TEST_FAULT"])\n'
    (folder / "sitecustomize.py").write_text(code, encoding="utf-8")
    return lambda fault: {"PYTHONPATH": str(folder), "OMS_TEST_FAULT": fault}
