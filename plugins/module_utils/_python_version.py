# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Ends a module with a message if the Python of its host is too old for the collection.

Modules import this file before all others of the collection, which Python before 3.9 can't import. This file, and the
modules themselves, have to be readable for Python 3.6, which ansible-core 2.16 still runs modules on. It does not know
``from __future__ import annotations``.

This is private to the collection: it may change at any time.
"""

import json
import sys

if sys.version_info < (3, 9):  # noqa: UP036 - this is the check
    # AnsibleModule would check the options, which are not known yet.
    here = f"{sys.executable} is Python {sys.version_info[0]}.{sys.version_info[1]}"
    text = (
        f"The collection huaweicloud.oms requires Python 3.9 or later on the host that the module runs on, and {here}."
        " Install a later Python there, or set ansible_python_interpreter to one."
    )
    sys.stdout.write(json.dumps({"failed": True, "msg": text}))
    raise SystemExit(1)
