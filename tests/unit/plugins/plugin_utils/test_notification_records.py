# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Reading record by record: which records are unread and why, and which objects no longer exist."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.plugins.plugin_utils._notifications import (
    NotificationError,
    Reading,
    Unread,
    read,
)
from ansible_collections.huaweicloud.oms.tests import senders
from ansible_collections.huaweicloud.oms.tests.senders import BUCKET, record

HERE = Path(__file__).parent


CASES = [
    case for path in sorted((HERE / "cases").glob("*.json")) for case in json.loads(path.read_text(encoding="utf-8"))
]


def one(source: str, key: t.Any, event: str = "ObjectCreated:Put", **stored: t.Any) -> dict[str, t.Any]:
    """A notification of one record."""
    return {"Records": [record(source, "obs" if source == "OBS" else "s3", key, event, **stored)]}


UNKNOWN = one("aws:s3", "x", "ObjectCreated:New")["Records"][0]


# ---- records that cannot be read


def without_places(reason: str) -> str:
    return re.sub(r"notification[^ :]*", "...", reason)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["title"]) for case in CASES if case["unread"]])
def test_an_unread_record_can_be_read_again_by_itself(case: dict[str, t.Any]) -> None:
    """What is kept of it is the record alone, and it gives the same reason."""
    for unread in read(case["notification"]).unread:
        for posted in (unread.record, json.dumps(unread.record)):
            again = read(posted)

            assert again.object_keys == []
            assert [without_places(entry.reason) for entry in again.unread] == [without_places(unread.reason)]
            assert again.unread[0].record == unread.record


def test_an_unread_record_is_read_with_the_option_that_it_lacked() -> None:
    notification = [senders.cos_silent("a%20b"), senders.s3("good"), senders.minio_silent("c+d")]
    reading = read(notification)

    assert reading.object_keys == ["good"]
    assert [read(unread.record, encoding="raw").object_keys for unread in reading.unread] == [["a%20b"], ["c+d"]]


def test_a_record_keeps_its_proof_when_it_is_read_again() -> None:
    unread_message = {**senders.minio("a b"), "EventName": "s3:ObjectCreated:New"}
    unread_message["Records"][0]["eventName"] = "s3:ObjectCreated:New"
    (unread,) = read({"Messages": [{"MessageId": "1", "Body": json.dumps(unread_message)}]}).unread

    assert unread.record == unread_message


@pytest.mark.parametrize(
    ("notification", "record"),
    [
        ({"Records": [UNKNOWN, record("aws:s3", "s3", "good")]}, UNKNOWN),
        ({"Messages": [{"MessageId": "1", "Body": json.dumps({"Records": [UNKNOWN]})}]}, UNKNOWN),
        # The smallest dictionary around a text that is not JSON
        ({"Messages": [{"MessageId": "1", "Body": "prose"}]}, {"MessageId": "1", "Body": "prose"}),
        ({"Messages": [{"MessageId": "1", "Body": "5"}]}, {"MessageId": "1", "Body": "5"}),
        # A list is the envelope of what is neither a dictionary nor a list.
        ({"Records": [5]}, [5]),
        ("prose", ["prose"]),
        (None, [None]),
    ],
)
def test_only_the_record_is_unread(notification: t.Any, record: t.Any) -> None:
    (unread,) = read(notification).unread

    assert unread.record == record


def test_what_is_not_asked_for_is_not_unread() -> None:
    notification = [one("aws:s3", "ok"), one("aws:s3", "not encoded", "ObjectAcl:Put"), senders.cos_silent("a%20b")]

    assert read(notification, bucket=BUCKET) == Reading(["ok"], [])
    assert "not encoded" in read(notification, bucket=BUCKET, changes=["metadata"]).unread[0].reason
    assert "a%20b" in read(notification).unread[0].reason


def test_a_record_without_a_bucket_cannot_be_selected_by_bucket() -> None:
    notification = one("aws:s3", "x")
    del notification["Records"][0]["s3"]["bucket"]["name"]

    assert read(notification).object_keys == ["x"]
    assert [unread.reason for unread in read(notification, bucket=BUCKET).unread] == [
        "notification.Records[0].s3.object.key: the record does not name its bucket. Remove the option bucket."
    ]


def test_an_object_key_that_the_caller_refuses_is_unread() -> None:
    def check(object_key: str) -> None:
        if object_key == "bad":
            raise NotificationError("It is refused.")

    bad = record("aws:s3", "s3", "bad")
    reading = read({"Records": [record("aws:s3", "s3", "good"), bad]}, check=check)

    assert reading == Reading(["good"], [Unread(bad, "It is refused.")])


def test_reading_can_stop_at_too_many_unread_records() -> None:
    good = record("aws:s3", "s3", "good")
    message = {"Records": [good, *[UNKNOWN] * 1001, good]}

    assert read(message).object_keys == ["good", "good"]
    reading = read(message, stop_early=True)
    assert reading.object_keys == ["good"]
    assert [unread.record for unread in reading.unread] == [message]


def test_a_message_with_very_many_unread_records_is_unread_as_a_whole() -> None:
    good = record("aws:s3", "s3", "good")
    many = {"Records": [good, *[UNKNOWN] * 1000]}
    more = {"Records": [good, *[UNKNOWN] * 1001]}

    assert len(read(many).unread) == 1000
    (unread,) = read(more).unread
    assert unread.record == more
    assert unread.reason.startswith("notification.Records[1].eventName: ")
    assert unread.reason.endswith(" 1000 more records cannot be read.")
    assert read(more).object_keys == ["good"]


# ---- created and deleted in one notification


def history(*events: tuple[str, str | None], source: str = "aws:s3", **stored: t.Any) -> dict[str, t.Any]:
    """Events of one object, each with its sequencer."""
    records = [
        record(source, "obs" if source == "OBS" else "s3", "x", event, **stored, sequencer=sequencer)
        for event, sequencer in events
    ]
    return {"Records": [*records, record("aws:s3", "s3", "other", sequencer="1")]}


CREATED, DELETED = "ObjectCreated:Put", "ObjectRemoved:Delete"


@pytest.mark.parametrize("source", ["OBS", "minio:s3", "ceph:s3"])
def test_other_vendors_do_not_prove_the_order(source: str) -> None:
    events = history((CREATED, "1"), (DELETED, "2"), source=source, eTag="x")

    assert read(events).object_keys == ["x", "other"]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([(CREATED, "00A1"), (DELETED, "00A2")], []),
        # They may arrive in any order.
        ([(DELETED, "00A2"), (CREATED, "00A1")], []),
        ([(DELETED, "00A1"), (CREATED, "00A2")], ["x"]),
        ([(CREATED, "00A2"), (DELETED, "00A1")], ["x"]),
        # Filled up at the end: 00A1 is 00A100 and comes after 00A0FF.
        ([(CREATED, "00a0FF"), (DELETED, "00A1")], []),
        ([(CREATED, "00A1"), (DELETED, "00A0FF")], ["x"]),
        ([(CREATED, "00A1"), (DELETED, "00A1")], ["x"]),
        ([(CREATED, "00A1"), (DELETED, "00A100")], ["x"]),
        ([(CREATED, "00A100"), (DELETED, "00A1")], ["x"]),
        ([(CREATED, "1"), (DELETED, "2"), (CREATED, "3")], ["x"]),
        ([(DELETED, "2"), (DELETED, "4"), (CREATED, "3"), (DELETED, "1")], []),
        # Without an order that is sure, OMS may find out.
        ([(CREATED, "1"), (DELETED, None)], ["x"]),
        ([(CREATED, None), (DELETED, "2")], ["x"]),
        ([(CREATED, "1"), (DELETED, "no digits")], ["x"]),
    ],
)
def test_what_was_deleted_later_is_left_out(events: list[tuple[str, str | None]], expected: list[str]) -> None:
    assert read(history(*events)).object_keys == [*expected, "other"]


def test_with_versions_a_deletion_does_not_prove_that_the_object_is_gone() -> None:
    deleted_marker = (CREATED, "1"), ("ObjectRemoved:DeleteMarkerCreated", "2")

    assert read(history((CREATED, "1"), (DELETED, "2"), versionId="v1")).object_keys == ["x", "other"]
    assert read(history(*deleted_marker)).object_keys == ["x", "other"]


def test_a_deletion_in_another_bucket_is_another_object_s() -> None:
    elsewhere = history((DELETED, "2"))
    elsewhere["Records"][0]["s3"]["bucket"]["name"] = "b2"

    assert read([history((CREATED, "1")), elsewhere]).object_keys == ["x", "other", "other"]


# ---- messages


@pytest.mark.parametrize(
    ("notification", "message"),
    [
        (None, "notification: the format is unknown. It is null."),
        (1.5, "notification: the format is unknown. It is a number."),
        (True, "notification: the format is unknown. It is a boolean."),
        (b"{}", 'notification: the format is unknown. It is a value of type "bytes".'),
        ({}, "notification: the format is unknown. It is an empty dictionary."),
        ("", "notification: is a string of 0 characters that is neither JSON nor JSON in Base64."),
        ("hello", "notification: is a string of 5 characters that is neither JSON nor JSON in Base64."),
        ("aGVsbG8=", "notification: is a string of 8 characters that is neither JSON nor JSON in Base64."),
        ("WzFd", "notification[0]: the format is unknown. It is a number."),
        (" <Notification/>", "notification: is XML. Set the sender to JSON, or to the bare message."),
        (
            [{"Records": [{"eventSource": "ctyun:s3", "s3": {}, 5: None, "list": [], "secret": "s3cr3t"}]}],
            'notification[0].Records[0]: the format is unknown. It is a dictionary of "eventSource" ("ctyun:s3"), "s3"'
            ' (a dictionary), a number (null), "list" (a list), "secret" (a string).',
        ),
        (
            {f"field {number}": 0 for number in range(10)},
            'notification: the format is unknown. It is a dictionary of "field 0" (a number), "field 1" (a number),'
            ' "field 2" (a number), "field 3" (a number), "field 4" (a number), "field 5" (a number), "field 6"'
            ' (a number), "field 7" (a number) and'
            " 2 more.",
        ),
        (
            {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"object": {"key": "x"}, "bucket": {"name": "b"}}}]},
            'notification.Records[0]: the format is unknown. It is a dictionary of "eventName" (a string), "s3" (',
        ),
        (
            {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"object": {"key": "x"}}}]},
            "notification.Records[0]: the format is unknown. It is a dictionary of",
        ),
        (
            {"Records": "x"},
            "notification.Records: is a string of 1 characters that is neither JSON nor JSON in Base64.",
        ),
        ({"Records": [None]}, "notification.Records[0]: the format is unknown. It is null."),
        (one("aws:s3", 5), "notification.Records[0].s3.object.key: must be a string, but is a number."),
        (one("aws:s3", ""), "notification.Records[0].s3.object.key: the object key is empty."),
        (
            {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"object": {}}}]},
            "notification.Records[0].s3.object: the field key is missing in an empty dictionary.",
        ),
        (
            {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": "x"}]},
            "notification.Records[0].s3: the field object is missing in a string.",
        ),
        (
            one("aws:s3", "x", "ObjectCreated:Something"),
            'notification.Records[0].eventName: the event "ObjectCreated:Something" is unknown.',
        ),
        (one("aws:s3", "x", "ObjectCreated:*"), "is unknown."),
        (
            {**senders.minio("x"), "Records": [{"eventSource": "unknown:s3"}]},
            'notification.Records[0]: the format is unknown. It is a dictionary of "eventSource" ("unknown:s3").',
        ),
        (
            {"source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "detail": {}},
            'notification.detail-type: the event "AWS API Call via CloudTrail" is unknown.',
        ),
        (
            {"specversion": "1.0", "source": "HC.OBS", "type": "object:put", "subject": "xxx.jpg", "data": {}},
            "notification: events of the EventGrid source HC.OBS do not define a field for the object key. Subscribe",
        ),
        (
            {"specversion": "1.0", "source": "cos.cloud.tencent", "type": "cos:created:object", "data": {"x": 1}},
            'notification.data: the format is unknown. It is a dictionary of "x" (a number).',
        ),
        (
            {"specversion": "1.0", "source": "me", "type": "mine"},
            'notification: the format is unknown. It is a dictionary of "specversion" ("1.0"), "source" ("me"), "type"',
        ),
        (
            {"kind": "storage#object", "bucket": "b1", "name": "x"},
            "notification: describes an object of Google Cloud Storage, but not what happened to it. With Eventarc in",
        ),
        (
            {"eventType": "Microsoft.Storage.BlobCreated", "subject": "/elsewhere/x"},
            'notification.subject: "/elsewhere/x" is not the path of a blob in a container.',
        ),
        (
            senders.azure("a\ufffdb"),
            'notification[0].subject: Event Grid lost a character of "a\ufffdb". The object key is not known.',
        ),
        (senders.azure(""), "notification[0].subject: the object key is empty."),
        (senders.cos(""), "notification.Records[0].cos.cosObject.key: the object key is empty."),
        (
            {
                "Records": [
                    {
                        "cos": {"cosObject": {"key": "/1/b2/x"}, "cosBucket": {"name": "b1", "appid": "1"}},
                        "event": {"eventName": "cos:ObjectCreated:Put"},
                    }
                ]
            },
            'notification.Records[0].cos.cosObject.key: "/1/b2/x" does not start with the account and the',
        ),
        (
            {
                "Records": [
                    {
                        "cos": {"cosObject": {"key": "/1/b2/x"}, "cosBucket": {"name": "b1", "appid": True}},
                        "event": {"eventName": "cos:ObjectCreated:Put"},
                    }
                ]
            },
            "notification.Records[0].cos.cosBucket.appid: must be a string, but is a boolean.",
        ),
        (
            senders.oss("a\ud800b"),
            'notification.events[0].oss.object.key: "a\\ud800b" is not valid Unicode, as object keys are.',
        ),
        (
            one("aws:s3", "x", "e\x1b[31m\n" + "v" * 100),
            'notification.Records[0].eventName: the event "e\\u001b[31m\\n' + "v" * 73 + '…" is unknown.',
        ),
        ({"Type": "Notification", "TopicArn": "x", "Message": "prose"}, "notification.Message: is a string of 5"),
    ],
)
def test_reasons_say_what_is_wrong_and_where(notification: t.Any, message: str) -> None:
    (unread,) = read(notification).unread

    assert message in unread.reason
    assert unread.reason.startswith("notification")
    assert unread.reason.isprintable()
    assert "s3cr3t" not in unread.reason


ENCODING_MESSAGE = "encoding must be one of auto, raw, form, percent."
CHANGES_MESSAGE = "changes must be a list with any of created, restored, metadata."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "latin1"}, ENCODING_MESSAGE),
        ({"encoding": None}, ENCODING_MESSAGE),
        ({"encoding": ["raw"]}, ENCODING_MESSAGE),
        ({"encoding": "open"}, ENCODING_MESSAGE),
        ({"changes": "created"}, CHANGES_MESSAGE),
        ({"changes": ["deleted"]}, CHANGES_MESSAGE),
        ({"changes": [1]}, CHANGES_MESSAGE),
        ({"bucket": 5}, "bucket must be a string, but is a number."),
    ],
)
def test_options_are_checked(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(NotificationError) as caught:
        read([], **options)
    assert str(caught.value) == message
