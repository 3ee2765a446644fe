# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Run Python as this process was told to, and write what that took: a line of JSON with the time it begun (of the
monotonic clock), seconds, CPU seconds and bytes.

Ansible is given a script that calls this as its `ansible_python_interpreter`, so that the module's process is measured
and not Ansible's own.
"""

from __future__ import annotations

import json
import os
import sys
import time

out, *arguments = sys.argv[1:]
begun = time.monotonic()
child = os.posix_spawn(sys.executable, [sys.executable, *arguments], os.environ)
_child, status, usage = os.wait4(child, 0)
measured = {
    "begun": begun,
    "seconds": time.monotonic() - begun,
    "cpu_seconds": usage.ru_utime + usage.ru_stime,
    # Linux counts it in kilobytes.
    "peak_bytes": usage.ru_maxrss * 1024,
}
with open(out, "a", encoding="utf-8") as file:
    file.write(json.dumps(measured) + "\n")
sys.exit(os.waitstatus_to_exitcode(status))
