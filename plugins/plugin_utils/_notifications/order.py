# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Objects that one notification reports as created and then as deleted."""

from __future__ import annotations

import typing as t

from .event import DELETED, Event


def deleted_later(events: t.Iterable[Event]) -> t.Callable[[Event], bool]:
    """A test for events of objects that no longer exist at the end of the notification.

    Only events with a sequencer count: without one, nothing proves the order.
    """
    deletions: dict[tuple[str | None, str], str] = {}
    for event in events:
        if event.change == DELETED and event.sequencer is not None:
            last = deletions.setdefault(_identity(event), event.sequencer)
            if _is_before(last, event.sequencer):
                deletions[_identity(event)] = event.sequencer

    def test(event: Event) -> bool:
        if event.sequencer is None:
            return False
        deletion = deletions.get(_identity(event))
        return deletion is not None and _is_before(event.sequencer, deletion)

    return test


def _identity(event: Event) -> tuple[str | None, str]:
    return event.bucket, event.key.text()


def _is_before(one: str, other: str) -> bool:
    """Whether one sequencer of an object comes before another: hexadecimal digits, padded at the end."""
    length = max(len(one), len(other))
    return one.upper().ljust(length, "0") < other.upper().ljust(length, "0")
