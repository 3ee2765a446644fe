# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""An event filter: object keys of notifications go to a spool on disk, and no further."""

from __future__ import annotations

import logging
import runpy
import typing as t
from pathlib import Path
from typing import TYPE_CHECKING

DOCUMENTATION = r"""
---
short_description: Store the object keys of notifications, for the source huaweicloud.oms.spooled_keys
description:
  - Takes "object created" notifications of object stores from events of C(eda.builtin.webhook), and stores the keys in
    them on disk. The event itself ends here, so that no key ever becomes a variable of Ansible.
  - The webhook answers 200 when this is done. Where the disk does not take the keys, it answers 500, and a sender that
    tries again loses nothing.
  - A notification that is not understood, or has a key that OMS would refuse, is logged and kept below C(unread) in the
    spool. The webhook answers 200, because another try would end in the same way.
  - An argument that is the name of an environment variable behind a dollar sign is taken from there.
    A variable that is not set counts as an argument that is not given.
version_added: 1.0.0
options:
  spool_dir:
    description:
      - The folder of the spool, on a local disk. The same as that of the source.
    type: str
    required: true
  bucket:
    description:
      - Notifications of other buckets than this are passed over.
    type: str
  encoding:
    description:
      - How keys are spelt in notifications, as in the filter C(huaweicloud.oms.object_keys).
    type: str
    choices: [auto, raw, form, percent]
    default: auto
  changes:
    description:
      - Which changes count, as in the filter C(huaweicloud.oms.object_keys).
    type: list
    elements: str
    choices: [created, restored, metadata]
    default: [created, restored]
"""

EXAMPLES = r"""
- eda.builtin.webhook:
    host: 127.0.0.1
    port: 5000
    token: "{{ OMS_EDA_TOKEN | string | tojson }}"
  filters:
    - huaweicloud.oms.object_created:
        spool_dir: /var/lib/oms-eda/spool
        bucket: source
"""

load = runpy.run_path(str(Path(__file__).parents[1] / "plugin_utils" / "_load.py"))["load"]

if TYPE_CHECKING:
    from ansible_collections.huaweicloud.oms.extensions.eda.plugins.plugin_utils import _arguments, _spool
    from ansible_collections.huaweicloud.oms.plugins.module_utils import _errors, _text
    from ansible_collections.huaweicloud.oms.plugins.module_utils._events import object_keys as _object_keys
    from ansible_collections.huaweicloud.oms.plugins.plugin_utils import _notifications
else:
    _arguments = load("extensions.eda.plugins.plugin_utils._arguments")
    _spool = load("extensions.eda.plugins.plugin_utils._spool")
    # In this order: each imports those before it.
    _text = load("plugins.module_utils._text")
    _errors = load("plugins.module_utils._errors")
    _object_keys = load("plugins.module_utils._events.object_keys")
    _notifications = load("plugins.plugin_utils._notifications")

LOGGER = logging.getLogger("huaweicloud.oms.object_created")
# What a log line can bear of a sentence that quotes names.
SHOWN_CHARACTERS = 1000


def main(
    event: dict[str, t.Any],
    spool_dir: str,
    bucket: str | None = None,
    encoding: str = "auto",
    changes: t.Sequence[str] = ("created", "restored"),
) -> list[dict[str, t.Any]]:
    """Store the keys of an event.

    :returns: no event, which drops it.
    :raises ValueError: an argument is wrong.
    :raises SpoolError: the spool can't be used.
    :raises OSError: the disk does not take them.
    """
    arguments = {"spool_dir": spool_dir, "bucket": bucket, "encoding": encoding}
    spool = _spool.Spool(_arguments.read_path(arguments, "spool_dir"))
    bucket = _arguments.read_text(arguments, "bucket")
    encoding = _arguments.read_text(arguments, "encoding") or _notifications.AUTO
    check(encoding, changes)
    notification = event.get("payload")
    try:
        good, refused = sorted_out(_notifications.object_keys(notification, encoding, changes, bucket))
    except _notifications.NotificationError as error:
        good, refused = [], str(error)
    except RecursionError:
        good, refused = [], "it is nested too deeply"
    # First what is good: should the other fail, the sender tries again, and repeats are harmless.
    spool.add(good)
    if refused:
        path, gone = spool.keep_unread(notification, refused)
        LOGGER.warning("A notification is kept in %s: %s", path, _text.quoted(refused, SHOWN_CHARACTERS))
        if gone:
            LOGGER.error("%d older notifications were deleted from %s to make room", gone, path.parent)
    return []


def check(encoding: str, changes: t.Sequence[str]) -> None:
    """Fail where the rulebook is wrong: no notification may be put aside for that."""
    if encoding not in _notifications.ENCODINGS:
        raise ValueError(f"encoding: {encoding!r} is not known: give one of {', '.join(_notifications.ENCODINGS)}")
    if not isinstance(changes, (list, tuple)) or not changes or not set(changes) <= set(_notifications.CHANGES):
        raise ValueError(f"changes: {changes!r} is no list of some of {', '.join(_notifications.CHANGES)}")


def sorted_out(keys: t.Sequence[str]) -> tuple[list[str], str]:
    """Tell keys that OMS would refuse from the others: one of them would keep a whole batch from being sent.

    :returns: the good ones, and what is wrong with the first of the others; empty if there are none.
    """
    good = []
    refused = ""
    for key in keys:
        try:
            _object_keys.encode(key)
        except _errors.ArgumentError as error:
            refused = refused or f"the key {_text.quoted(key)} {error}"
        else:
            good.append(key)
    return good, refused
