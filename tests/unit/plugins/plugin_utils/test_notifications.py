# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

import base64
import copy
import functools
import json
import runpy
import subprocess
import sys
import time
import typing as t
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.object_keys import encode
from ansible_collections.huaweicloud.oms.plugins.plugin_utils import _notifications
from ansible_collections.huaweicloud.oms.plugins.plugin_utils._notifications import (
    NotificationError,
    ObjectChange,
    object_keys,
    read_notification,
)
from ansible_collections.huaweicloud.oms.tests import senders
from ansible_collections.huaweicloud.oms.tests.senders import BUCKET, CERTAIN, UNCERTAIN, record
from hypothesis import example, given, settings
from hypothesis import strategies as st

PAYLOADS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parent / "payloads").glob("*.json"))
}
CASES = [pytest.param(case, id=f"{name}-{case['title']}") for name, cases in PAYLOADS.items() for case in cases]
SENDERS = [pytest.param(sender, id=name) for name, sender in CERTAIN.items()]
ALL_CHANGES = ["created", "restored", "metadata"]

# U+FFFD is what Event Grid makes of characters that it loses: refused there, and tested by itself.
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd"), min_size=1, max_size=60)
# What can be mistaken for an encoding comes seldom in a random text.
tricky_names = st.text(st.sampled_from("%+ 2F05aé中/"), min_size=1, max_size=12)
random_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | names,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
often = settings(derandomize=True, database=None, deadline=None, max_examples=100)


def refusal(notification: t.Any, **options: t.Any) -> str:
    with pytest.raises(NotificationError) as caught:
        object_keys(notification, **options)
    return str(caught.value)


def names_or_sentence(read: t.Callable[..., list[t.Any]], *arguments: t.Any) -> tuple[list[t.Any], str]:
    """What was read, or else what was said; any other exception fails the test."""
    try:
        return read(*arguments), ""
    except NotificationError as error:
        return [], str(error)


def one(source: str, key: t.Any, event: str = "ObjectCreated:Put", **stored: t.Any) -> dict[str, t.Any]:
    """A notification of one record."""
    return {"Records": [record(source, "obs" if source == "OBS" else "s3", key, event, **stored)]}


def of_each_family(event: str) -> list[dict[str, t.Any]]:
    return [one(source, "x", event) for source in ("aws:s3", "OBS", "minio:s3", "ceph:s3")]


# ---- formats


@pytest.mark.parametrize("case", CASES)
def test_real_shapes_are_read(case: dict[str, t.Any]) -> None:
    expected = [ObjectChange(*change) for change in case["changes"]]

    assert read_notification(case["notification"]) == expected
    assert read_notification(json.dumps(case["notification"])) == expected
    wanted = [change.name for change in expected if change.change != "metadata"]
    assert object_keys(case["notification"]) == wanted
    assert object_keys(case["notification"], changes=ALL_CHANGES) == [change.name for change in expected]


def test_each_format_has_three_shapes_at_least() -> None:
    assert {name: len(cases) for name, cases in PAYLOADS.items() if len(cases) < 3} == {}
    read = {change[3] for cases in PAYLOADS.values() for case in cases for change in case["changes"]}
    assert read == set(PAYLOADS)


@pytest.mark.parametrize("sender", SENDERS)
@often
@given(name=names | tricky_names)
@example(name="TEST/中 文+1%.jpg")
@example(name="a%20b+c")
@example(name="a%2Fb/c//d/")
@example(name="/leading")
@example(name="😀\x00\x1b\n {{ 7 * 7 }}")
def test_any_name_arrives_at_oms_as_it_is(sender: senders.Sender, name: str) -> None:
    (found,) = object_keys(sender(name), bucket=None)

    assert found == name
    assert encode(found) == quote_plus(name, safe="")


@pytest.mark.parametrize("sender", SENDERS)
def test_the_bucket_and_the_change_are_told(sender: senders.Sender) -> None:
    (change,) = read_notification(sender("x"))

    assert (change.bucket or "").startswith(BUCKET)
    assert change.change == "created"
    assert change.format in PAYLOADS


def test_a_list_is_read_in_order_with_repeats() -> None:
    everything = [sender(f"name {number}") for number, sender in enumerate(CERTAIN.values())]
    expected = [f"name {number}" for number in range(len(CERTAIN))]

    assert object_keys(everything) == expected
    assert object_keys([everything, json.dumps(everything)]) == expected * 2
    assert object_keys([]) == []


def test_only_what_is_asked_for_needs_a_readable_name() -> None:
    notification = [one("aws:s3", "ok"), one("aws:s3", "not encoded", "ObjectAcl:Put"), senders.cos_silent("a%20b")]

    assert object_keys(notification, bucket=BUCKET) == ["ok"]
    assert "not encoded" in refusal(notification, bucket=BUCKET, changes=["metadata"])
    assert "a%20b" in refusal(notification)


def test_only_one_bucket() -> None:
    other = one("OBS", "other")
    other["Records"][0]["obs"]["bucket"]["name"] = "b2"

    assert object_keys([other, senders.obs("x")], bucket="b2") == ["other"]
    assert object_keys([senders.cos("x"), other], bucket="b1-1250000000") == ["x"]
    assert object_keys(other, bucket="b") == []


def test_a_bucket_that_nothing_tells_can_not_be_asked_for() -> None:
    notification = one("aws:s3", "x")
    del notification["Records"][0]["s3"]["bucket"]["name"]

    assert read_notification(notification) == [ObjectChange(None, "x", "created", "s3")]
    assert refusal(notification, bucket=BUCKET) == (
        "notification.Records[0].s3.object.key: nothing says in which bucket it is: leave bucket out"
    )


# ---- what gives no name


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
    assert read_notification(notification) == []
    assert object_keys(notification, changes=ALL_CHANGES) == []


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
            id="Azure's file that is being written",
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
def test_what_is_no_whole_object_gives_nothing(notification: t.Any) -> None:
    assert read_notification(notification) == []


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
def test_a_tag_is_handed_over_only_when_asked_for(notification: t.Any) -> None:
    assert object_keys(notification) == []
    assert object_keys(notification, changes=["metadata"]) == ["x"]


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
def test_tests_and_handshakes_give_nothing(notification: t.Any) -> None:
    assert read_notification(notification) == []
    assert read_notification([notification, senders.s3("x"), json.dumps(notification)]) == read_notification(
        senders.s3("x")
    )


def test_what_looks_like_a_test_and_holds_records_is_read() -> None:
    assert object_keys({**senders.s3("x"), "Event": "s3:TestEvent"}) == ["x"]


# ---- texts


def test_a_text_may_begin_with_a_byte_order_mark_and_end_with_a_line() -> None:
    text = "\ufeff" + json.dumps(senders.s3("x")) + "\r\n"
    in_lines = base64.encodebytes(text.encode()).decode()

    assert object_keys(text) == ["x"]
    assert "\n" in in_lines
    assert object_keys(in_lines) == ["x"]
    assert object_keys(json.dumps(text)) == ["x"]


def test_base64_is_taken_at_its_word() -> None:
    text = senders.in_base64(senders.s3("x"))

    assert object_keys(text) == ["x"]
    assert "neither JSON nor JSON in Base64" in refusal(f"{text[:20]}!{text[20:]}")


# ---- created and deleted in one notification


def history(*events: tuple[str, str | None], source: str = "aws:s3", **stored: t.Any) -> dict[str, t.Any]:
    """Events of one object, each with its sequencer."""
    records = [
        record(source, "obs" if source == "OBS" else "s3", "x", event, **stored, sequencer=sequencer)
        for event, sequencer in events
    ]
    return {"Records": [*records, record("aws:s3", "s3", "other", sequencer="1")]}


CREATED, DELETED = "ObjectCreated:Put", "ObjectRemoved:Delete"


@pytest.mark.parametrize("source", ["aws:s3", "OBS", "minio:s3"])
@pytest.mark.parametrize(
    ("events", "names"),
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
def test_what_was_deleted_later_is_left_out(
    source: str, events: list[tuple[str, str | None]], names: list[str]
) -> None:
    assert object_keys(history(*events, source=source)) == [*names, "other"]


def test_an_older_version_or_a_marker_that_goes_does_not_take_the_object_with_it() -> None:
    deleted_marker = (CREATED, "1"), ("ObjectRemoved:DeleteMarkerCreated", "2")

    assert object_keys(history((CREATED, "1"), (DELETED, "2"), versionId="v1")) == ["x", "other"]
    assert object_keys(history(*deleted_marker)) == ["x", "other"]


def test_a_deletion_in_another_bucket_is_another_object_s() -> None:
    elsewhere = history((DELETED, "2"))
    elsewhere["Records"][0]["s3"]["bucket"]["name"] = "b2"

    assert object_keys([history((CREATED, "1")), elsewhere]) == ["x", "other", "other"]


# ---- encodings


@pytest.mark.parametrize(
    ("encoding", "name"), [("raw", "a%20b+c"), ("form", "a b c"), ("percent", "a b+c")], ids=["raw", "form", "percent"]
)
@pytest.mark.parametrize(
    "sender", [senders.cos_silent, senders.oss, senders.s3_eventbridge, senders.ceph, senders.azure]
)
def test_the_caller_may_say_how_names_are_encoded(sender: senders.Sender, encoding: str, name: str) -> None:
    """``sender`` hands over what it is given as it is, so this is a sender that encodes."""
    assert object_keys(sender("a%20b+c"), encoding=encoding) == [name]


@often
@given(name=names | tricky_names)
def test_an_unencoded_subscription_of_eventgrid_is_read_with_raw(name: str) -> None:
    assert object_keys(UNCERTAIN["obs_eventgrid_unencoded"](name), encoding="raw") == [name]


@often
@given(name=names | tricky_names)
def test_a_name_that_is_encoded_is_never_taken_for_another(name: str) -> None:
    """COS without a proof: the name comes out, or a question."""
    for spelling, encoding in ((name, "raw"), (quote_plus(name), "form"), (quote(name), "percent")):
        notification = senders.cos_silent(spelling)
        assert object_keys(notification, encoding=encoding) == [name]
        found, said = names_or_sentence(object_keys, notification)
        assert found == [name] or ("may be URL-encoded or not" in said and ("%" in spelling or "+" in spelling))


@pytest.mark.parametrize("name", ["a b+c", "中%20", "1%.jpg", "a%2", "tab\t+", "reports/q1.csv"])
def test_what_can_be_spelt_in_one_way_alone_is_no_question(name: str) -> None:
    assert object_keys(senders.cos_silent(name)) == [name]


@pytest.mark.parametrize("key", ["a%20b", "a+b", "%D6%D0"])
def test_an_open_question_is_asked(key: str) -> None:
    assert refusal(senders.cos_silent(key)) == (
        f'notification.Records[0].cos.cosObject.key: "{key}" may be URL-encoded or not, and nothing in the notification'
        " proves either: give encoding raw, form or percent"
    )


@pytest.mark.parametrize("key", ["a%20b", "a+b"])
def test_the_same_in_the_url_proves_nothing(key: str) -> None:
    notification = senders.cos_silent(key)
    notification["Records"][0]["cos"]["cosObject"]["url"] = f"http://x/{key}"

    assert "may be URL-encoded or not" in refusal(notification)


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("a b", "holds a blank"),
        ("a\nb", "holds a control character"),
        ("a\x7fb", "holds a control character"),
        ("中", "holds non-ASCII"),
        ("1%.jpg", "holds a % without two hexadecimal digits behind it"),
        ("a%2", "holds a % without two hexadecimal digits behind it"),
        # Digits of other scripts are digits to Python, but not here.
        ("%٢٢", "holds non-ASCII"),
        ("%FF", "is no UTF-8 when it is decoded"),
        ("%ED%A0%80", "is no UTF-8 when it is decoded"),
    ],
)
@pytest.mark.parametrize("source", ["aws:s3", "OBS", "minio:s3"])
def test_what_is_not_encoded_is_not_decoded(source: str, key: str, what: str) -> None:
    message = refusal(one(source, key))

    assert f" {what}, so it is not URL-encoded as form says: if the sender does not encode names" in message
    assert message.startswith("notification.Records[0].")
    assert object_keys(one(source, key), encoding="raw") == [key]
    assert "as percent says: give another encoding" in refusal(one(source, key), encoding="percent")


@pytest.mark.parametrize("encoding", ["form", "percent"])
def test_an_encoding_that_the_name_contradicts_is_refused(encoding: str) -> None:
    assert refusal(senders.cos("中 文"), encoding=encoding) == (
        f'notification.Records[0].cos.cosObject.key: encoding {encoding} does not make "中 文" the name "中 文", which'
        " notification.Records[0].cos.cosObject.url in the same notification proves: leave encoding out"
    )
    assert refusal(senders.oss("a b"), encoding=encoding) == (
        f'notification.events[0].oss.object.key: "a b" holds a blank, so it is not URL-encoded as {encoding} says:'
        " give another encoding"
    )


@pytest.mark.parametrize(
    ("notification", "encoding", "proof"),
    [
        (senders.minio("a b+c"), "raw", "notification.Key"),
        (senders.minio("a b+c"), "percent", "notification.Key"),
        (senders.cos("a%20b"), "form", "notification.Records[0].cos.cosObject.url"),
        (senders.cos("a%20b"), "percent", "notification.Records[0].cos.cosObject.url"),
        (senders.gcs("a%20b"), "form", "notification.message.data"),
        ({**senders.obs_eventgrid("a b"), "subject": "a b"}, "raw", "notification.subject"),
    ],
)
def test_an_encoding_against_a_proof_is_refused(notification: t.Any, encoding: str, proof: str) -> None:
    message = refusal(notification, encoding=encoding)

    assert f": encoding {encoding} does not make " in message
    assert message.endswith(f" which {proof} in the same notification proves: leave encoding out")
    assert object_keys(notification)


def test_an_encoding_that_fits_a_proof_is_taken() -> None:
    assert object_keys(senders.minio("a b"), encoding="form") == ["a b"]
    assert object_keys(senders.gcs("a%20b"), encoding="raw") == ["a%20b"]
    assert object_keys(senders.cos("a%20b"), encoding="raw") == ["a%20b"]


def test_two_spellings_that_do_not_belong_together_are_refused() -> None:
    message = {**senders.minio("x"), "Key": f"{BUCKET}/y"}

    assert refusal(message) == (
        'notification.Records[0].s3.object.key: no encoding makes "x" the name "y", which notification.Key in the same'
        " notification proves: the two do not belong together"
    )
    assert refusal({**message, "Key": "elsewhere/x"}) == (
        'notification.Key: "elsewhere/x" does not begin with "b1/", the bucket'
    )
    described = {**senders.gcs_bare("x"), "data": senders.in_base64({"name": "y"})}
    assert "which notification.data in the same notification proves" in refusal(described)


def test_several_records_have_no_proof_in_common() -> None:
    message = senders.minio("a b")
    message["Records"] += senders.minio("c")["Records"]
    assert object_keys(message) == ["a b", "c"]

    event = {**senders.obs_eventgrid("a b"), "subject": "a b"}
    event["data"] = [event["data"], senders.obs_eventgrid("c")["data"]]
    assert object_keys(event) == ["a b", "c"]
    assert object_keys(event, encoding="raw") == ["a+b", "c"]


def test_a_subject_that_has_nothing_to_do_with_the_key_proves_nothing() -> None:
    assert object_keys({**senders.obs_eventgrid("a b"), "subject": "something else"}) == ["a b"]
    assert object_keys({**senders.obs_eventgrid("a b"), "subject": None}) == ["a b"]


# ---- refusals


@pytest.mark.parametrize(
    ("notification", "message"),
    [
        (None, "notification: is null, which is no notification that is known"),
        (1.5, "notification: is a number, which is no notification that is known"),
        (True, "notification: is a boolean, which is no notification that is known"),
        (b"{}", 'notification: is a value of type "bytes", which is no notification that is known'),
        ({}, "notification: is an empty dictionary, which is no notification that is known"),
        ("", "notification: is a string of 0 characters that is neither JSON nor JSON in Base64"),
        ("hello", "notification: is a string of 5 characters that is neither JSON nor JSON in Base64"),
        ("aGVsbG8=", "notification: is a string of 8 characters that is neither JSON nor JSON in Base64"),
        ("WzFd", "notification[0]: is a number, which is no notification that is known"),
        (" <Notification/>", "notification: is XML: have the sender send JSON or the bare message"),
        (
            [{"Records": [{"eventSource": "ctyun:s3", "s3": {}, 5: None, "list": [], "secret": "s3cr3t"}]}],
            'notification[0].Records[0]: is a dictionary of "eventSource" ("ctyun:s3"), "s3" (a dictionary),'
            ' a number (null), "list" (a list), "secret" (a string), which is no notification that is known',
        ),
        (
            {f"field {number}": 0 for number in range(10)},
            'notification: is a dictionary of "field 0" (a number), "field 1" (a number), "field 2" (a number), "field'
            ' 3" (a number), "field 4" (a number), "field 5" (a number), "field 6" (a number), "field 7" (a number) and'
            " 2 more, which is no notification that is known",
        ),
        # Baidu's, which has the same top as OSS and EventGrid
        (
            {"events": [{"eventOrigin": "bos:realtime", "eventType": "PutObject", "content": {"object": "x"}}]},
            'notification.events[0]: is a dictionary of "eventOrigin" (a string), "eventType" ("PutObject"), "content"'
            " (a dictionary), which is no notification that is known",
        ),
        (
            {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"object": {"key": "x"}, "bucket": {"name": "b"}}}]},
            'notification.Records[0]: is a dictionary of "eventName" (a string), "s3" (a dictionary), which is no',
        ),
        (
            {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"object": {"key": "x"}}}]},
            "notification.Records[0]: is a dictionary of",
        ),
        ({"Records": "x"}, "notification.Records: is a string of 1 characters that is neither JSON nor JSON in Base64"),
        ({"Records": [None]}, "notification.Records[0]: is null, which is no notification that is known"),
        (one("aws:s3", 5), "notification.Records[0].s3.object.key: is a number, but must be a string"),
        (one("aws:s3", ""), "notification.Records[0].s3.object.key: is empty: a name has at least 1 character"),
        (
            {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"object": {}}}]},
            "notification.Records[0].s3.object: has no key: it is an empty dictionary",
        ),
        (
            {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": "x"}]},
            "notification.Records[0].s3: has no object: it is a string",
        ),
        (
            one("aws:s3", "x", "ObjectCreated:Something"),
            'notification.Records[0].eventName: "ObjectCreated:Something" is no event that is known',
        ),
        (one("aws:s3", "x", "ObjectCreated:*"), "is no event that is known"),
        (
            {**senders.minio("x"), "Records": [{"eventSource": "unknown:s3"}]},
            'notification.Records[0]: is a dictionary of "eventSource" ("unknown:s3"), which is no notification',
        ),
        (
            {"source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "detail": {}},
            'notification.detail-type: "AWS API Call via CloudTrail" is no event that is known',
        ),
        (
            {"specversion": "1.0", "source": "HC.OBS", "type": "object:put", "subject": "xxx.jpg", "data": {}},
            "notification: comes from the EventGrid source HC.OBS, which does not promise where the name is: use its",
        ),
        (
            {"specversion": "1.0", "source": "cos.cloud.tencent", "type": "cos:created:object", "data": {"x": 1}},
            'notification.data: has no Records: it is a dictionary of "x" (a number)',
        ),
        (
            {"specversion": "1.0", "source": "me", "type": "mine"},
            'notification: is a dictionary of "specversion" ("1.0"), "source" ("me"), "type" ("mine"), which is no',
        ),
        (
            {"kind": "storage#object", "bucket": "b1", "name": "x"},
            "notification: describes an object of Google Cloud Storage, but not whether it was created or deleted:"
            " switch payload unwrapping off in the subscription",
        ),
        (
            {"eventType": "Microsoft.Storage.BlobCreated", "subject": "/elsewhere/x"},
            'notification.subject: "/elsewhere/x" is not the path of a blob in a container',
        ),
        (
            senders.azure("a\ufffdb"),
            'notification[0].subject: "a\ufffdb" has lost a character on its way: Event Grid can\'t tell this name',
        ),
        (senders.azure(""), "notification[0].subject: is empty: a name has at least 1 character"),
        (senders.cos(""), "notification.Records[0].cos.cosObject.key: is empty: a name has at least 1 character"),
        (
            {
                "Records": [
                    {
                        "cos": {"cosObject": {"key": "/1/b2/x"}, "cosBucket": {"name": "b1", "appid": "1"}},
                        "event": {"eventName": "cos:ObjectCreated:Put"},
                    }
                ]
            },
            'notification.Records[0].cos.cosObject.key: "/1/b2/x" does not begin with "/1/b1/", the account and the',
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
            "notification.Records[0].cos.cosBucket.appid: is a boolean, but must be a string",
        ),
        (
            senders.oss("a\ud800b"),
            'notification.events[0].oss.object.key: "a\\ud800b" is no Unicode: objects\' names are UTF-8',
        ),
        (
            one("aws:s3", "x", "e\x1b[31m\n" + "v" * 100),
            'notification.Records[0].eventName: "e\\u001b[31m\\n' + "v" * 73 + '…" is no event that is known',
        ),
        ({"Type": "Notification", "TopicArn": "x", "Message": "prose"}, "notification.Message: is a string of 5"),
    ],
)
def test_refusals_say_what_was_seen_and_where(notification: t.Any, message: str) -> None:
    said = refusal(notification)

    assert message in said
    assert said.startswith("notification")
    assert said.isprintable()
    assert "s3cr3t" not in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "latin1"}, 'encoding: "latin1" is not known: give auto, raw, form or percent'),
        ({"encoding": None}, "encoding: null is not known: give auto, raw, form or percent"),
        ({"encoding": ["raw"]}, "encoding: a list is not known: give auto, raw, form or percent"),
        ({"changes": "created"}, "changes: is a string, but must be a list of created, restored and metadata"),
        ({"changes": ["deleted"]}, 'changes: "deleted" is not known: give some of created, restored and metadata'),
        ({"changes": [1]}, "changes: a number is not known: give some of created, restored and metadata"),
        ({"bucket": 5}, "bucket: is a number, but must be a string"),
    ],
)
def test_options_are_checked(options: dict[str, t.Any], message: str) -> None:
    assert refusal([], **options) == message


def test_the_encoding_is_checked_when_changes_are_read() -> None:
    with pytest.raises(NotificationError, match=r"^encoding: "):
        read_notification([], encoding="utf-8")


# ---- strangers


def assert_no_traceback(notification: t.Any) -> None:
    """Names or a sentence."""
    for encoding in ("auto", "raw", "form", "percent"):
        changes, said = names_or_sentence(read_notification, notification, encoding)
        also_said = names_or_sentence(object_keys, notification, encoding, ALL_CHANGES, BUCKET)[1]

        assert [change for change in changes if not encode(change.name[:100])] == []
        assert (said + also_said).isprintable()
        assert len(said) < 2000


@settings(often, max_examples=300)
@given(random_json)
def test_anything_gives_names_or_a_sentence(notification: t.Any) -> None:
    assert_no_traceback(notification)
    assert_no_traceback(json.dumps(notification))


def places(value: t.Any, here: tuple[t.Any, ...] = ()) -> t.Iterator[tuple[t.Any, ...]]:
    yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from places(inner, (*here, name))


def replaced(value: t.Any, place: tuple[t.Any, ...], by: t.Any) -> t.Any:
    if not place:
        return by
    value = copy.copy(value)
    value[place[0]] = replaced(value[place[0]], place[1:], by)
    return value


def without(value: t.Any, place: tuple[t.Any, ...]) -> t.Any:
    value = copy.deepcopy(value)
    inner = value
    for name in place[:-1]:
        inner = inner[name]
    del inner[place[-1]]
    return value


REAL = [case["notification"] for cases in PAYLOADS.values() for case in cases]
PLACES = [(notification, place) for notification in REAL for place in places(notification)]


@settings(often, max_examples=1500)
@given(st.sampled_from(PLACES), random_json | st.sampled_from(REAL))
def test_a_strange_field_gives_names_or_a_sentence(where: tuple[t.Any, tuple[t.Any, ...]], by: t.Any) -> None:
    assert_no_traceback(replaced(*where, by))


def test_a_missing_field_gives_names_or_a_sentence() -> None:
    for notification, place in PLACES:
        if place:
            assert_no_traceback(without(notification, place))


def nested(depth: int, wrap: t.Callable[[t.Any], t.Any]) -> t.Any:
    return functools.reduce(lambda inner, _level: wrap(inner), range(depth), senders.s3("x"))


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda inner: [inner], id="lists"),
        pytest.param(lambda inner: {"Records": inner}, id="envelopes"),
        pytest.param(lambda inner: {"TopicArn": "x", "Type": "Notification", "Message": inner}, id="topics"),
    ],
)
def test_what_is_nested_too_deeply_is_refused(wrap: t.Callable[[t.Any], t.Any]) -> None:
    assert object_keys(nested(14, wrap)) == ["x"]
    assert "is nested more than 16 deep" in refusal(nested(16, wrap))
    assert "is nested more than 16 deep" in refusal(nested(2000, wrap))


def test_text_that_is_nested_too_deeply_is_refused() -> None:
    deep = "[" * 200_000 + "]" * 200_000

    assert "nested" in refusal(deep)
    assert "neither JSON nor JSON in Base64" in refusal(base64.b64encode(deep.encode()).decode())
    # Not what Google sends, and so no proof of anything.
    described = {**senders.gcs_bare("x"), "data": base64.b64encode(deep.encode()).decode()}
    assert object_keys(described) == ["x"]


def test_huge_numbers_are_only_numbers() -> None:
    assert "is a number" in refusal({"Records": [10**5000]})
    assert "neither JSON" in refusal('{"Records": [' + "1" * 5000 + "]}")
    huge = senders.cos("x")
    huge["Records"][0]["cos"]["cosBucket"]["appid"] = 10**5000
    assert "appid: is a number, but must be a string" in refusal(huge)


def test_time_grows_with_the_length_and_not_faster() -> None:
    """What grows with the square takes minutes here. Of the processor's time, so that a loaded machine does no harm."""
    many = 20_000
    begin = time.process_time()

    assert len(object_keys({"Records": senders.s3("a b")["Records"] * many})) == many
    changed_often = [(event, f"{number:X}") for event in (CREATED, DELETED) for number in range(1, many)]
    assert object_keys(history(*changed_often)).count("x") < many
    refusal(one("aws:s3", "x", ":" * 1_000_000))
    refusal(one("aws:s3", "%" * 1_000_000))
    refusal({str(number): number for number in range(many)})
    refusal(senders.azure("/blobs/" * 100_000)[0] | {"subject": "/blobServices/default/containers/" * 50_000})

    assert time.process_time() - begin < 30


def test_names_with_templates_are_only_names() -> None:
    name = "{{ lookup('pipe', 'id') }}{% raw %}%(x)s{0}$(id)"

    for sender in CERTAIN.values():
        assert object_keys(sender(name)) == [name]


# ---- the file by itself


def test_the_file_can_be_loaded_by_its_path_and_imports_the_standard_library_alone() -> None:
    path = str(_notifications.__file__)
    loaded = runpy.run_path(path)

    assert loaded["object_keys"](senders.s3("a b")) == ["a b"]
    # With nothing installed, in a process without Ansible.
    code = "import sys; sys.path.insert(0, sys.argv[1]); import _notifications as n; print(n.object_keys(sys.argv[2]))"
    command = [sys.executable, "-I", "-S", "-c", code, str(Path(path).parent), json.dumps(senders.s3("a b"))]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert ended.stdout == "['a b']\n"
