# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The event filter: object keys go to the spool, what cannot be read is kept, and the event is dropped."""

from __future__ import annotations

import base64
import errno
import json
import logging
import os
import re
import time
import typing as t
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from ansible_collections.huaweicloud.oms.extensions.eda.plugins.event_filter import object_created
from ansible_collections.huaweicloud.oms.extensions.eda.plugins.plugin_utils._spool import Spool

HOSTILE = ["{{ lookup('pipe', 'id') }}", "line\nbreak", "null", "1.10", '"', "照片", "%s %d {0}", "a" * 16384]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
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


def spooled(directory: Path) -> list[str]:
    path = directory / "incoming.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()] if path.exists() else []


def unread(directory: Path) -> list[dict[str, t.Any]]:
    return [json.loads(path.read_text(encoding="ascii")) for path in sorted(directory.glob("unread/*"))]


def test_keys_are_stored_and_the_event_ends(directory: Path) -> None:
    # ansible-rulebook passes on what is in the list that a filter returns, and nothing of an empty one.
    assert object_created.main(event(*HOSTILE), str(directory)) == []
    assert object_created.main(event("another"), str(directory)) == []

    assert spooled(directory) == [*HOSTILE, "another"]
    assert unread(directory) == []


def test_arguments_come_from_the_environment(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMS_EDA_SPOOL", str(directory))
    monkeypatch.setenv("OMS_EDA_BUCKET", "source")
    monkeypatch.setenv("OMS_EDA_ENCODING", "raw")
    monkeypatch.delenv("OMS_EDA_UNSET", raising=False)
    object_created.main(event("a"), "$OMS_EDA_SPOOL", "$OMS_EDA_BUCKET")
    object_created.main(event("b", bucket="other"), "$OMS_EDA_SPOOL", "$OMS_EDA_BUCKET")
    object_created.main(event("c", bucket="other"), "$OMS_EDA_SPOOL", "$OMS_EDA_UNSET", "$OMS_EDA_UNSET")
    object_created.main(event("d+e"), "$OMS_EDA_SPOOL", encoding="$OMS_EDA_ENCODING")

    assert spooled(directory) == ["a", "c", "d%2Be"]
    assert unread(directory) == []


def test_changes_are_those_asked_for(directory: Path) -> None:
    object_created.main(event("a", change="ObjectRemoved:Delete"), str(directory))
    object_created.main(event("b", change="ObjectTagging:Put"), str(directory))
    object_created.main(event("c", change="ObjectTagging:Put"), str(directory), changes=["metadata"])

    assert spooled(directory) == ["c"]
    assert unread(directory) == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"encoding": "url"}, "encoding must be one of auto, raw, form, percent"),
        ({"changes": "created"}, "changes must be a list with any of created, restored, metadata"),
        ({"changes": []}, "changes is empty. Give at least one of created, restored, metadata"),
        ({"changes": ["deleted"]}, "changes must be a list with any of"),
        ({"bucket": 5}, "bucket is 5. It must be a string"),
    ],
)
def test_a_mistake_in_the_rulebook_puts_no_notification_aside(
    directory: Path, arguments: dict[str, t.Any], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        object_created.main(event("a"), str(directory), **arguments)
    assert unread(directory) == []


def test_without_a_spool_each_post_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMS_EDA_SPOOL", raising=False)

    with pytest.raises(
        ValueError, match=r"spool_dir is \$OMS_EDA_SPOOL, but the environment variable OMS_EDA_SPOOL is empty"
    ):
        object_created.main(event("a"), "$OMS_EDA_SPOOL")


def test_what_the_disk_does_not_take_fails(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> t.NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    Spool(directory)
    monkeypatch.setattr(os, "fsync", fail)

    # The webhook makes a 500 of it.
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        object_created.main(event("a"), str(directory))
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        object_created.main({"payload": {"who": "knows"}}, str(directory))


# What a webhook and what a queue gives; a queue also gives the text, and some services send it in Base64.
SHAPES: list[t.Callable[[t.Any], dict[str, t.Any]]] = [
    lambda message: {"payload": message, "meta": {}},
    lambda message: {"body": message, "meta": {"MessageId": "1"}},
    lambda message: {"body": json.dumps(message), "meta": {}},
    lambda message: {"body": base64.b64encode(json.dumps(message).encode()).decode(), "meta": {}},
    lambda message: {"body": [message], "meta": {}},
]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_shapes_of_webhooks_and_queues_are_read(
    directory: Path, shape: t.Callable[[t.Any], dict[str, t.Any]]
) -> None:
    message = event(*HOSTILE)["payload"]
    assert object_created.main(shape(message), str(directory)) == []
    unknown = {"who": "knows"}
    assert object_created.main(shape({"Records": [*message["Records"], unknown]}), str(directory)) == []

    assert spooled(directory) == HOSTILE * 2
    assert [entry["notification"] for entry in unread(directory)] == [unknown]


def test_both_fields_are_read(directory: Path) -> None:
    """Neither may hide the other, which the source would delete."""
    first, second = event("a")["payload"], event("b")["payload"]
    object_created.main({"payload": first, "body": second}, str(directory))
    object_created.main({"payload": None, "body": json.dumps(second)}, str(directory))
    object_created.main({"payload": first, "body": None}, str(directory))

    assert spooled(directory) == ["a", "b", "b", "a"]
    assert unread(directory) == []

    object_created.main({"payload": None, "body": None}, str(directory))
    assert [entry["notification"] for entry in unread(directory)] == [[None]]


@pytest.mark.parametrize("payload", [{"who": "knows"}, {}, None, 5, "text", {"Records": [{"eventSource": "x"}]}])
@pytest.mark.parametrize("field", ["payload", "body"])
def test_what_cannot_be_read_is_kept_and_logged(
    directory: Path, caplog: pytest.LogCaptureFixture, payload: object, field: str
) -> None:
    for _number in range(2):
        assert object_created.main({field: payload}, str(directory)) == []

    assert spooled(directory) == []
    # In a form that can be posted.
    record = payload["Records"][0] if isinstance(payload, dict) and "Records" in payload else payload
    assert [entry["notification"] for entry in unread(directory)] == [
        record if isinstance(record, dict) else [record]
    ] * 2
    assert all(entry["reason"] for entry in unread(directory))
    assert len(caplog.records) == 2
    for entry in caplog.records:
        assert entry.levelno == logging.WARNING
        assert f"A record of a notification cannot be read. It is kept in {directory}/unread/" in entry.getMessage()


@pytest.mark.parametrize("whole", [{"i": 1}, {}, {"Records": event("a")["payload"]["Records"], "meta": {}}])
def test_an_event_with_neither_field_is_kept_whole(directory: Path, whole: dict[str, t.Any]) -> None:
    assert object_created.main(whole, str(directory)) == []

    (entry,) = unread(directory)
    assert entry["notification"] == whole
    assert entry["reason"] == "The event has neither the field payload nor the field body."


@pytest.mark.parametrize("whole", [{("a", 1): "b"}, {"meta": {b"a": "b"}}])
def test_what_json_cannot_hold_is_kept_as_text(directory: Path, whole: t.Any) -> None:
    assert object_created.main(whole, str(directory)) == []

    (entry,) = unread(directory)
    assert entry["notification"] == repr(whole)


def test_one_record_keeps_no_other_from_being_stored(directory: Path) -> None:
    records = event(*"abcdefghi")["payload"]["Records"]
    unknown = {"eventSource": "aws:s3", "eventName": "ObjectInvented:Now", "s3": records[0]["s3"]}
    refused = event("b" * 16385)["payload"]["Records"][0]
    object_created.main({"payload": {"Records": [unknown, *records, refused]}}, str(directory))

    assert spooled(directory) == list("abcdefghi")
    entries = unread(directory)
    assert [entry["notification"] for entry in entries] == [unknown, refused]
    assert "ObjectInvented:Now" in entries[0]["reason"]
    assert re.match(r'The object key "bbbb.*…" has 16385 characters when URL-encoded', entries[1]["reason"])


def test_what_is_kept_can_be_posted_again(directory: Path) -> None:
    """After the cause was removed: here, the encoding of MinIO's object keys is not known."""
    records = event("a b", "c")["payload"]["Records"]
    for record in records:
        record["eventSource"] = "minio:s3"
    object_created.main({"payload": {"Records": records}}, str(directory))
    (kept,) = [entry["notification"] for entry in unread(directory)]
    object_created.main({"payload": kept}, str(directory), encoding="form")

    assert spooled(directory) == ["c", "a b"]


def test_a_notification_with_many_unread_records_is_kept_whole(directory: Path) -> None:
    payload = {"Records": [*event("a")["payload"]["Records"], *({"n": number} for number in range(21))]}
    object_created.main({"payload": payload}, str(directory))

    assert spooled(directory) == ["a"]
    (entry,) = unread(directory)
    assert entry["notification"] == payload
    assert entry["reason"].startswith("21 records cannot be read. The first reason: ")


@pytest.mark.parametrize(
    "body",
    [[[]] * 300_000, [{}] * 300_000, [1] * 500_000, [["x"]] * 200_000, [{"Records": [{}]}] * 60_000],
    ids=["lists", "dictionaries", "numbers", "texts", "records"],
)
def test_a_hostile_notification_takes_little_time_and_room(directory: Path, body: list[t.Any]) -> None:
    """Each is about 1 MiB as JSON. The webhook answers nobody meanwhile."""
    before = time.process_time()
    object_created.main({"payload": body}, str(directory))

    # Without a limit the slowest takes some ten seconds. This is for a machine that does much else.
    assert time.process_time() - before < 3
    assert sum(path.stat().st_size for path in (directory / "unread").iterdir()) < 3_000_000


def test_no_line_of_the_log_is_the_sender_s(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    object_created.main({"payload": {"eventSource": "x\nERROR forged\u2028\ud800", "b\nc": 1}}, str(directory))

    assert len(caplog.text.splitlines()) == 1
    assert len(unread(directory)) == 1


def test_it_says_when_unread_ones_are_deleted(
    directory: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_created._spool.unread, "MAX_FILES", 1)
    for _number in range(2):
        object_created.main({"payload": {}}, str(directory))

    assert len(unread(directory)) == 1
    assert f"Older records deleted from {directory}/unread to make room: 1." in caplog.text
