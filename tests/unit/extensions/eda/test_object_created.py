# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The event filter: keys go to the spool, and nothing travels on."""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import typing as t
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from ansible_collections.huaweicloud.oms.extensions.eda.plugins.event_filter import object_created
from ansible_collections.huaweicloud.oms.extensions.eda.plugins.plugin_utils._spool import Spool

HOSTILE = ["{{ lookup('pipe', 'id') }}", "line\nbreak", "null", "1.10", '"', "照片", "%s %d {0}", "a" * 16384]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def event(*keys: str, bucket: str = "source", change: str = "ObjectCreated:Put") -> dict[str, t.Any]:
    """What the webhook makes of an S3 notification."""
    records = [
        {
            "eventSource": "aws:s3",
            "eventName": change,
            "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/")}},
        }
        for key in keys
    ]
    return {"payload": {"Records": records}, "meta": {"endpoint": "oms", "headers": {}}}


def spooled(folder: Path) -> list[str]:
    path = folder / "incoming.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()] if path.exists() else []


def unread(folder: Path) -> list[dict[str, t.Any]]:
    return [json.loads(path.read_text(encoding="ascii")) for path in sorted((folder / "unread").iterdir())]


def test_keys_are_stored_and_the_event_ends(folder: Path) -> None:
    # ansible-rulebook passes on what is in the list that a filter returns, and nothing of an empty one.
    assert object_created.main(event(*HOSTILE), str(folder)) == []
    assert object_created.main(event("another"), str(folder)) == []

    assert spooled(folder) == [*HOSTILE, "another"]
    assert unread(folder) == []


def test_arguments_come_from_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMS_EDA_SPOOL", str(folder))
    monkeypatch.setenv("OMS_EDA_BUCKET", "source")
    monkeypatch.setenv("OMS_EDA_ENCODING", "raw")
    monkeypatch.delenv("OMS_EDA_UNSET", raising=False)
    object_created.main(event("a"), "$OMS_EDA_SPOOL", "$OMS_EDA_BUCKET")
    object_created.main(event("b", bucket="other"), "$OMS_EDA_SPOOL", "$OMS_EDA_BUCKET")
    object_created.main(event("c", bucket="other"), "$OMS_EDA_SPOOL", "$OMS_EDA_UNSET", "$OMS_EDA_UNSET")
    object_created.main(event("d+e"), "$OMS_EDA_SPOOL", encoding="$OMS_EDA_ENCODING")

    assert spooled(folder) == ["a", "c", "d%2Be"]
    assert unread(folder) == []


def test_changes_are_those_asked_for(folder: Path) -> None:
    object_created.main(event("a", change="ObjectRemoved:Delete"), str(folder))
    object_created.main(event("b", change="ObjectTagging:Put"), str(folder))
    object_created.main(event("c", change="ObjectTagging:Put"), str(folder), changes=["metadata"])

    assert spooled(folder) == ["c"]
    assert unread(folder) == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"encoding": "url"}, "encoding: 'url' is not known: give one of auto, raw, form, percent"),
        ({"changes": "created"}, "changes: 'created' is no list of some of created, restored, metadata"),
        ({"changes": []}, r"changes: \[\] is no list"),
        ({"changes": ["deleted"]}, r"changes: \['deleted'\] is no list"),
        ({"bucket": 5}, "bucket: 5 is no text: quote it"),
    ],
)
def test_a_mistake_in_the_rulebook_puts_no_notification_aside(
    folder: Path, arguments: dict[str, t.Any], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        object_created.main(event("a"), str(folder), **arguments)
    assert unread(folder) == []


def test_without_a_spool_each_post_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMS_EDA_SPOOL", raising=False)

    with pytest.raises(ValueError, match=r"spool_dir: '\$OMS_EDA_SPOOL' is not given or not set"):
        object_created.main(event("a"), "$OMS_EDA_SPOOL")


def test_what_the_disk_does_not_take_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> t.NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    Spool(folder)
    monkeypatch.setattr(os, "fsync", fail)

    # The webhook makes a 500 of it.
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        object_created.main(event("a"), str(folder))
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        object_created.main({"payload": {"who": "knows"}}, str(folder))


@pytest.mark.parametrize("payload", [{"who": "knows"}, {}, None, 5, "text", {"Records": [{"eventSource": "x"}]}])
def test_what_is_not_understood_is_kept_and_said(
    folder: Path, caplog: pytest.LogCaptureFixture, payload: object
) -> None:
    for _number in range(2):
        assert object_created.main({"payload": payload}, str(folder)) == []

    assert spooled(folder) == []
    assert [entry["notification"] for entry in unread(folder)] == [payload, payload]
    assert all(entry["reason"] for entry in unread(folder))
    assert len(caplog.records) == 2
    for record in caplog.records:
        assert record.levelno == logging.WARNING
        assert f"A notification is kept in {folder}/unread/" in record.getMessage()


def test_an_event_of_something_else_is_kept(folder: Path) -> None:
    object_created.main({"i": 1}, str(folder))

    assert [entry["notification"] for entry in unread(folder)] == [None]


def test_one_nested_too_deeply_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> t.NoReturn:
        raise RecursionError

    monkeypatch.setattr(object_created._notifications, "object_keys", fail)
    object_created.main(event("a"), str(folder))

    assert [entry["reason"] for entry in unread(folder)] == ["it is nested too deeply"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("b" * 16385, 'the key "bbbb.*…" has 16385 characters when URL-encoded. At most 16384 are allowed'),
        ("\ud800\n", r'the key "\\ud800\\n" contains bytes that are not UTF-8'),
    ],
    ids=["length", "surrogate"],
)
def test_a_key_that_oms_would_refuse_keeps_no_other_from_being_sent(
    folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, bad: str, reason: str
) -> None:
    # Whatever the recogniser lets through.
    monkeypatch.setattr(object_created._notifications, "object_keys", lambda *_: ["a", bad, bad, "c"])
    object_created.main(event("a", "c"), str(folder))

    assert spooled(folder) == ["a", "c"]
    (entry,) = unread(folder)
    assert entry["notification"] == event("a", "c")["payload"]
    assert re.match(reason, entry["reason"])
    # No line of the log is the caller's.
    assert "\n" not in caplog.text.rstrip("\n")


def test_it_says_when_unread_ones_are_deleted(
    folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_created._spool, "MAX_UNREAD_FILES", 1)
    for _number in range(2):
        object_created.main({"payload": {}}, str(folder))

    assert len(unread(folder)) == 1
    assert f"1 older notifications were deleted from {folder}/unread to make room" in caplog.text
