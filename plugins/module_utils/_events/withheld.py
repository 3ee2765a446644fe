# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Which lists of object keys a result may hold: not those that contain a secret.

Ansible up to 2.21 masks secrets in a result, inside longer texts, too. An object key with a mask in it names another
object, or none. A playbook that submits what remains must not get one.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._text import listed


def withhold_object_keys(result: dict[str, t.Any], holds_secret: t.Callable[[t.Iterable[str]], bool]) -> str | None:
    """Empty the lists of object keys of a result that contain a secret.

    :arg result: of the module; it is changed.
    :arg holds_secret: whether one of some texts contains a secret.
    :returns: a warning; None if all lists stay.
    """
    withheld = []
    advice = ""
    if holds_secret(result["remaining_object_keys"]):
        result.update(remaining_object_keys=[], remaining_truncated=True)
        withheld.append("remaining_object_keys")
        advice = " To submit what remains, run the whole task again."
    if result["error"] and holds_secret(result["error"]["object_keys"]):
        result["error"]["object_keys"] = []
        withheld.append("error.object_keys")
    events = [event for event in result["events"] if holds_secret(event["object_keys"])]
    for event in events:
        event["object_keys"] = []
    if events:
        withheld.append("events[].object_keys")
    if not withheld:
        return None
    why = "An object key contains a secret of this task, for example its access key. Ansible masks secrets in results."
    return f"{why} These object keys are not returned: {listed(withheld)}.{advice}"
