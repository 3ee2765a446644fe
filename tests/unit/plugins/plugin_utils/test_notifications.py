# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Which records give which object keys: real shapes of all vendors, and events that give none."""

from __future__ import annotations

import base64
import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.plugins.plugin_utils._notifications import CHANGES, read
from ansible_collections.huaweicloud.oms.tests import senders
from ansible_collections.huaweicloud.oms.tests.senders import BUCKET, CERTAIN, OPEN, record

HERE = Path(__file__).parent


def stored(directory: str) -> list[t.Any]:
    """The cases in the JSON files of a directory, each as a parameter with a readable name."""
    return [
        pytest.param(case, id=f"{path.stem}: {case['title']}")
        for path in sorted((HERE / directory).glob("*.json"))
        for case in json.loads(path.read_text(encoding="utf-8"))
    ]


def keys(notification: t.Any, **options: t.Any) -> list[str]:
    """The object keys of a notification that has no unread record."""
    reading = read(notification, **options)
    assert reading.unread == []
    return reading.object_keys


@pytest.mark.parametrize("case", stored("cases"))
def test_cases(case: dict[str, t.Any]) -> None:
    options = {name: case[name] for name in ("encoding", "changes", "bucket") if name in case}
    for notification in (case["notification"], json.dumps(case["notification"])):
        reading = read(notification, **options)

        assert reading.object_keys == case["object_keys"]
        assert len(reading.unread) == len(case["unread"]), reading.unread
        for unread, reason in zip(reading.unread, case["unread"], strict=True):
            assert reason in unread.reason


@pytest.mark.parametrize("case", stored("payloads"))
def test_real_shapes(case: dict[str, t.Any]) -> None:
    """``changes`` holds bucket, object key and change of each record."""
    notification, encoding = case["notification"], case.get("encoding", "auto")

    assert keys(notification, encoding=encoding, changes=CHANGES) == [key for _bucket, key, _change in case["changes"]]
    assert keys(json.dumps(notification), encoding=encoding) == [
        key for _bucket, key, change in case["changes"] if change != "metadata"
    ]
    for bucket, key, change in case["changes"]:
        assert key in keys(notification, encoding=encoding, changes=[change], bucket=bucket)


@pytest.mark.parametrize("case", [case for case in stored("payloads") if "encoding" in case.values[0]])
def test_shapes_with_an_open_encoding_ask_for_the_option(case: dict[str, t.Any]) -> None:
    reading = read(case["notification"])

    assert reading.object_keys == []
    assert "Set the option encoding to raw, form or percent." in reading.unread[0].reason


@pytest.mark.parametrize("sender", [pytest.param(send, id=name) for name, send in (CERTAIN | OPEN).items()])
def test_all_senders_name_the_bucket(sender: senders.Sender) -> None:
    bucket = f"{BUCKET}-{senders.ACCOUNT}" if sender.__name__.startswith("cos") else BUCKET

    assert keys(sender("x"), bucket=bucket) == ["x"]
    assert keys(sender("x"), bucket="another") == []


def test_a_list_is_read_in_order_with_repeats() -> None:
    everything = [sender(f"key {number}") for number, sender in enumerate(CERTAIN.values())]
    expected = [f"key {number}" for number in range(len(CERTAIN))]

    assert keys(everything) == expected
    assert keys([everything, json.dumps(everything)]) == expected * 2
    assert keys([]) == []


# ---- events that give no object key


def one(source: str, key: t.Any, event: str = "ObjectCreated:Put", **stored: t.Any) -> dict[str, t.Any]:
    """A notification of one record."""
    return {"Records": [record(source, "obs" if source == "OBS" else "s3", key, event, **stored)]}


def of_each_family(event: str) -> list[dict[str, t.Any]]:
    return [one(source, "x", event) for source in ("aws:s3", "OBS", "minio:s3", "ceph:s3")]


@pytest.mark.parametrize(
    "notification",
    [
        *of_each_family("ObjectRemoved:Delete"),
        *of_each_family("s3:ObjectRemoved:DeleteMarkerCreated"),
        one("aws:s3", "x", "LifecycleExpiration:Delete"),
        one("aws:s3", "x", "LifecycleExpiration:DeleteMarkerCreated"),
        one("minio:s3", "x", "s3:ObjectRemoved:DeleteAllVersions"),
        one("minio:s3", "x", "s3:ObjectRemoved:NoOP"),
        one("minio:s3", "x", "s3:LifecycleDelMarkerExpiration:Delete"),
        one("ceph:s3", "x", "ObjectSynced:Delete"),
        one("ceph:s3", "x", "ObjectLifecycle:Expiration:Current"),
        {"source": "aws.s3", "detail-type": "Object Deleted", "detail": {"object": {"key": "x"}}},
        {**senders.obs_eventgrid("x"), "data": record("OBS", "obs", "x", "ObjectRemoved:Delete")},
        {"events": [record("acs:oss", "oss", "x", "ObjectRemoved:DeleteObjects")]},
        {"events": [record("acs:oss", "oss", "x", "ObjectRemoved:AbortMultipartUpload")]},
        {"events": [record("acs:oss", "oss", "x", "ObjectReplication:ObjectRemoved")]},
        {"Records": [{"cos": {}, "event": {"eventName": "cos:ObjectRemove:Delete"}}]},
        {"Records": [{"cos": {}, "event": {"eventName": "cos:ObjectRemove:DeleteMarkerCreated"}}]},
        {"attributes": {"eventType": "OBJECT_DELETE", "objectId": "x"}},
        {"attributes": {"eventType": "OBJECT_ARCHIVE", "objectId": "x"}},
        {"specversion": "1.0", "type": "google.cloud.storage.object.v1.deleted", "data": {"name": "x"}},
        {"specversion": "1.0", "type": "google.cloud.storage.object.v1.archived", "data": {"name": "x"}},
        {"eventType": "Microsoft.Storage.BlobDeleted", "subject": "x"},
        {"specversion": "1.0", "type": "Microsoft.Storage.BlobDeleted", "subject": "x"},
    ],
    ids=json.dumps,
)
def test_a_deletion_is_never_a_change(notification: t.Any) -> None:
    assert keys(notification, changes=CHANGES) == []


@pytest.mark.parametrize(
    "notification",
    [
        pytest.param({"events": [record("acs:oss", "oss", "x", f"ObjectCreated:{event}")]}, id=event)
        for event in ("InitiateMultipartUpload", "UploadPart", "UploadPartCopy")
    ]
    + [
        pytest.param(one("ceph:s3", "x", "ObjectCreated:Post", eTag=""), id="Ceph's upload that begins"),
        pytest.param(one("ceph:s3", "x", "s3:ObjectCreated:Post"), id="an older Ceph's upload that begins"),
        pytest.param(
            {"eventType": "Microsoft.Storage.BlobCreated", "subject": "x", "data": {"api": "CreateFile"}},
            id="a file at Azure that has no content yet",
        ),
        pytest.param(one("aws:s3", "x", "ObjectRestore:Post"), id="S3's restoring that begins"),
        pytest.param(one("aws:s3", "x", "ObjectRestore:Delete"), id="S3's restored copy that expires"),
        pytest.param(one("minio:s3", "x", "s3:ObjectAccessed:Get"), id="MinIO's access"),
        pytest.param(
            {"EventName": "s3:BucketCreated:*", "Key": "b1", **one("minio:s3", "", "s3:BucketCreated:*")},
            id="MinIO's bucket",
        ),
        pytest.param(
            {"source": "aws.s3", "detail-type": "Object Restore Initiated", "detail": {}}, id="EventBridge's restoring"
        ),
        pytest.param(
            {"source": "aws.s3", "detail-type": "Object Restore Expired", "detail": {}}, id="EventBridge's expired copy"
        ),
        pytest.param({"events": [record("acs:oss", "oss", "x", "ObjectDownloaded:GetObject")]}, id="OSS's download"),
        pytest.param({"specversion": "1.0", "source": "acs.oss", "type": "oss:CloudMonitor:x"}, id="OSS's monitoring"),
        pytest.param(
            {"Records": [{"cos": {}, "event": {"eventName": "cos:ObjectRestore:Post"}}]}, id="COS's restoring"
        ),
        pytest.param({"eventType": "Microsoft.Storage.DirectoryCreated", "subject": "x"}, id="Azure's directory"),
    ],
)
def test_what_is_not_a_whole_object_gives_no_object_key(notification: t.Any) -> None:
    assert keys(notification, changes=CHANGES) == []


TAGS = [
    *(one("aws:s3", "x", f"{event}") for event in ("ObjectTagging:Put", "ObjectTagging:Delete", "ObjectAcl:Put")),
    *(one("aws:s3", "x", f"{event}") for event in ("LifecycleTransition", "IntelligentTiering")),
    *(
        one("minio:s3", "x", f"s3:ObjectCreated:{event}")
        for event in ("PutTagging", "DeleteTagging", "PutRetention", "PutLegalHold")
    ),
    {"events": [record("acs:oss", "oss", "x", "ObjectModified:ChangeStorageClass")]},
]


@pytest.mark.parametrize("notification", TAGS, ids=json.dumps)
def test_metadata_gives_object_keys_only_when_asked_for(notification: t.Any) -> None:
    assert keys(notification) == []
    assert keys(notification, changes=["metadata"]) == ["x"]


@pytest.mark.parametrize(
    "notification",
    [
        pytest.param(
            {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "x", "Bucket": "b1", "RequestId": "x"}, id="S3"
        ),
        pytest.param(
            {"Type": "Notification", "TopicArn": "x", "Message": '{"Event": "s3:TestEvent", "Bucket": "b1"}'},
            id="S3 by SNS",
        ),
        *(
            pytest.param(
                {"Type": kind, "TopicArn": "x", "Token": "x", "Message": "You have chosen ..."}, id=f"SNS {kind}"
            )
            for kind in ("SubscriptionConfirmation", "UnsubscribeConfirmation")
        ),
        *(
            pytest.param({"type": kind, "topic_urn": "x", "message": "You are invited ..."}, id=f"SMN {kind}")
            for kind in ("SubscriptionConfirmation", "UnsubscribeConfirmation")
        ),
        pytest.param(
            [
                {
                    "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
                    "subject": "",
                    "data": {"validationCode": "512d38b6", "validationUrl": "https://eventgrid.example"},
                }
            ],
            id="Event Grid",
        ),
        pytest.param({"Records": []}, id="no records"),
        pytest.param({"events": []}, id="no events"),
        pytest.param({"Messages": []}, id="no messages"),
    ],
)
def test_tests_and_handshakes_give_no_object_key(notification: t.Any) -> None:
    assert keys(notification) == []
    assert keys([notification, senders.s3("x"), json.dumps(notification)]) == ["x"]


def test_what_looks_like_a_test_and_holds_records_is_read() -> None:
    assert keys({**senders.s3("x"), "Event": "s3:TestEvent"}) == ["x"]


# ---- texts


def test_a_text_may_begin_with_a_byte_order_mark_and_end_with_a_line() -> None:
    text = "\ufeff" + json.dumps(senders.s3("x")) + "\r\n"
    in_lines = base64.encodebytes(text.encode()).decode()

    assert keys(text) == ["x"]
    assert "\n" in in_lines
    assert keys(in_lines) == ["x"]
    assert keys(json.dumps(text)) == ["x"]


def test_base64_must_be_valid() -> None:
    text = senders.in_base64(senders.s3("x"))

    assert keys(text) == ["x"]
    (unread,) = read(f"{text[:20]}!{text[20:]}").unread
    assert "neither JSON nor JSON in Base64" in unread.reason
