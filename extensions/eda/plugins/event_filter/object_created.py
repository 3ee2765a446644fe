# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""An event filter: store the object keys of notifications in the spool, and drop the event."""

from __future__ import annotations

import importlib.util
import logging
import typing as t
from pathlib import Path
from typing import TYPE_CHECKING

DOCUMENTATION = r"""
---
short_description: Store the object keys of notifications, for the source huaweicloud.oms.spooled_keys
description:
  - Reads "object created" notifications of object stores, and stores their object keys on disk. The event is dropped,
    so that no object key ever becomes a variable of Ansible.
  - It reads the field C(payload) of an event, which C(eda.builtin.webhook) gives, and the field C(body), which sources
    for queues give (C(ansible.eda.aws_sqs_queue), C(ansible.eda.kafka), C(ansible.eda.azure_service_bus)). Each may
    contain a dictionary, a list of notifications, or either as a JSON text, also in Base64.
  - When the source goes on (the webhook answers with 200, a source for a queue acknowledges the message), the object
    keys are on disk. If the disk does not take them, the filter raises an error, and nothing is acknowledged.
  - A record that cannot be read, or whose object key OMS would refuse, is kept in the directory C(unread) of the spool
    with the reason, and logged. The other records of its notification are stored. Another attempt would end in the same
    way, so this is no error. An event with neither C(payload) nor C(body) is kept whole.
  - If an argument consists of a dollar sign and the name of an environment variable, its value is that of the variable.
    A variable that is not set counts as an argument that is not given.
version_added: 1.0.0
options:
  spool_dir:
    description:
      - The directory of the spool, on a local disk. It must be the same as that of the source.
      - It is made if it is missing, with access for this user alone. Its parent must exist, and only root or this user
        may be able to write to it. A symbolic link is refused.
    type: str
    required: true
  bucket:
    description:
      - Only objects in this bucket are submitted. If it is not set, objects in all buckets are.
    type: str
  encoding:
    description:
      - How notifications encode object keys, as in the filter C(huaweicloud.oms.object_keys).
    type: str
    choices: [auto, raw, form, percent]
    default: auto
  changes:
    description:
      - Which changes of an object give its object key, as in the filter C(huaweicloud.oms.object_keys).
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

if TYPE_CHECKING:
    from ansible_collections.huaweicloud.oms.extensions.eda.plugins.plugin_utils import _rulebook_arguments, _spool
    from ansible_collections.huaweicloud.oms.plugins.module_utils import _errors, _text
    from ansible_collections.huaweicloud.oms.plugins.module_utils._events import object_keys as _object_keys
    from ansible_collections.huaweicloud.oms.plugins.plugin_utils import _notifications
else:
    _spec = importlib.util.spec_from_file_location("_load", Path(__file__).parents[1] / "plugin_utils" / "_load.py")
    _loader = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(_loader)
    _rulebook_arguments = _loader.load("extensions.eda.plugins.plugin_utils._rulebook_arguments")
    _spool = _loader.load("extensions.eda.plugins.plugin_utils._spool")
    # In this order: each imports those before it.
    _text = _loader.load("plugins.module_utils._text")
    _errors = _loader.load("plugins.module_utils._errors")
    _object_keys = _loader.load("plugins.module_utils._events.object_keys")
    _notifications = _loader.load("plugins.plugin_utils._notifications")

LOGGER = logging.getLogger("huaweicloud.oms.object_created")
# Where sources put what they received: the webhook, and queues.
FIELDS = ("payload", "body")
# How many records of one notification are kept in files of their own. A notification with more is kept whole.
MAX_RECORDS = 20
# How much of a reason a log line shows.
SHOWN_CHARACTERS = 1000


def main(
    event: dict[str, t.Any],
    spool_dir: str,
    bucket: str | None = None,
    encoding: str = "auto",
    changes: t.Sequence[str] = ("created", "restored"),
) -> list[dict[str, t.Any]]:
    """Store the object keys of an event.

    :returns: no event: this one is dropped.
    :raises ValueError: an argument is invalid.
    :raises SpoolError: the spool cannot be used.
    :raises OSError: the disk does not take the object keys.
    """
    arguments = {"spool_dir": spool_dir, "bucket": bucket, "encoding": encoding}
    path = _rulebook_arguments.read_path(arguments, "spool_dir")
    bucket = _rulebook_arguments.read_text(arguments, "bucket")
    encoding = _rulebook_arguments.read_text(arguments, "encoding") or _notifications.AUTO
    if not changes:
        raise ValueError(f"changes is empty. Give at least one of {', '.join(_notifications.CHANGES)}.")
    spool = _spool.opened(path)
    contents = [event[field] for field in FIELDS if field in event]
    if not contents:
        what = f"The event has neither the field {' nor the field '.join(FIELDS)}."
        keep(spool, [_spool.UnreadRecord(event, what)])
        return []
    # If both fields are present, either can be the notification. Both are read.
    given = [content for content in contents if content is not None]
    notification = given if len(given) > 1 else next(iter(given), None)
    # First of all the arguments are checked: a mistake in the rulebook keeps no notification from being read later.
    reading = _notifications.read(
        notification, encoding=encoding, changes=changes, bucket=bucket, check=check_object_key, stop_early=True
    )
    # First the object keys: if the rest fails, the sender tries again, and repeats are harmless.
    spool.add(reading.object_keys)
    unread = [_spool.UnreadRecord(each.record, each.reason) for each in reading.unread]
    if len(unread) > MAX_RECORDS:
        what = f"{len(unread)} records cannot be read. The first reason: {unread[0].reason}"
        unread = [_spool.UnreadRecord(notification, what)]
    if unread:
        keep(spool, unread)
    return []


def check_object_key(object_key: str) -> None:
    """Check an object key: one that OMS refuses would keep its whole batch from being submitted.

    :raises NotificationError: OMS would refuse it.
    """
    try:
        _object_keys.encode(object_key)
    except _errors.ArgumentError as error:
        raise _notifications.NotificationError(f"The object key {_text.quoted(object_key)} {error}") from None


def keep(spool: _spool.Spool, records: t.Sequence[_spool.UnreadRecord]) -> None:
    kept = spool.keep_unread(records)
    for path, record in zip(kept.paths, records):
        reason = _text.printable(record.reason[:SHOWN_CHARACTERS])
        LOGGER.warning("A record of a notification cannot be read. It is kept in %s: %s", path, reason)
    if kept.deleted:
        LOGGER.error(
            "Older records deleted from %s to make room: %d. Correct the sender of the records that cannot be read.",
            kept.paths[0].parent,
            kept.deleted,
        )
