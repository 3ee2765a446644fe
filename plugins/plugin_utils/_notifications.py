# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Notifications of object stores: which objects changed, by the names that they have at the source.

Each format is recognised by marks of its own and never by how a name looks: ``a%20b`` is a legal name. What a format
encodes is decoded once. The rules are those of docs/notifications.md.

Nothing is imported but the standard library: Event-Driven Ansible loads this file by its path.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import base64
import json
import re
import typing as t
from dataclasses import dataclass, replace
from urllib.parse import unquote_to_bytes

# What happened to an object. A deletion is none of these: OMS copies, and what is gone can't be copied.
CREATED = "created"
RESTORED = "restored"
METADATA = "metadata"
CHANGES = (CREATED, RESTORED, METADATA)
_DELETED = "deleted"
# Neither is there a new object, nor has one changed as a whole.
_NOTHING = "nothing"

# How a notification spells names: as they are, form style (a plus is a space), or percent style (a plus is a plus).
AUTO = "auto"
RAW = "raw"
FORM = "form"
PERCENT = "percent"
ENCODINGS = (AUTO, RAW, FORM, PERCENT)
# The sender neither documents it nor always does the same.
_UNSETTLED = "unsettled"

# A JSON text in Base64 in an envelope in a queue in a list is ten or so; more is no honest notification.
_MAX_DEPTH = 16
# As much of a stranger's words as a sentence can bear.
_QUOTED_CHARACTERS = 80
_SHOWN_FIELDS = 8

_NOT_VISIBLE_ASCII = re.compile("[^!-~]")
_NOT_A_PERCENT_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


class NotificationError(ValueError):
    """A notification can't be read; the text is a sentence for the user."""


@dataclass(frozen=True)
class ObjectChange:
    """One object that changed.

    ``name`` is decoded, ``change`` is one of CHANGES, and ``bucket`` is None where the notification names none.
    """

    bucket: str | None
    name: str
    change: str
    format: str


@dataclass(frozen=True)
class _Event:
    """What a notification says of one object, as it spells it.

    ``name`` is the decoded name where the notification holds a proof of it, and ``proof`` is where that is.
    ``sequencer`` is None where it could mislead about the order.
    """

    format: str
    change: str
    bucket: str | None
    key: str
    encoding: str
    where: str
    name: str | None = None
    proof: str = ""
    sequencer: str | None = None


@dataclass(frozen=True)
class _Part:
    """A value in a notification, and where it is."""

    value: object
    where: str = "notification"

    def has(self, *names: str) -> bool:
        return isinstance(self.value, dict) and all(name in self.value for name in names)

    def says(self, name: str) -> str | None:
        """The text of a field, or None if there is no such text."""
        value = self.value.get(name) if isinstance(self.value, dict) else None
        return _plain(value) if isinstance(value, str) else None

    def at(self, *names: str) -> _Part:
        """The part to which fields in fields lead."""
        part = self
        for name in names:
            if not part.has(name):
                raise part.error(f"has no {name}: it is {_seen(part.value)}")
            part = _Part(t.cast("dict[str, object]", part.value)[name], f"{part.where}.{name}")
        return part

    def items(self) -> list[_Part]:
        """The parts of a list; something else is a list of itself."""
        if not isinstance(self.value, (list, tuple)):
            return [self]
        return [_Part(item, f"{self.where}[{index}]") for index, item in enumerate(self.value)]

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.error(f"is {_kind(self.value)}, but must be a string")
        return _plain(self.value)

    def error(self, what: str) -> NotificationError:
        return NotificationError(f"{self.where}: {what}")


def read_notification(notification: object, encoding: str = AUTO) -> list[ObjectChange]:
    """Find the objects that changed.

    :arg notification: a dictionary, a list of notifications, or either as a JSON text, in whatever envelopes.
    :arg encoding: how the notification spells names: one of ENCODINGS.
    :returns: the objects in order; none for a deletion, a handshake or a test.
    :raises NotificationError: it is no notification that is known, or the encoding does not fit.
    """
    _check_encoding(encoding)
    return [
        ObjectChange(event.bucket, _name(event, encoding), event.change, event.format)
        for event in _events(notification)
    ]


def object_keys(
    notification: object,
    encoding: str = AUTO,
    changes: t.Sequence[str] = (CREATED, RESTORED),
    bucket: str | None = None,
) -> list[str]:
    """The names of the objects that changed.

    :arg notification: as for read_notification.
    :arg encoding: as for read_notification.
    :arg changes: what happened to the objects that are wanted: some of CHANGES.
    :arg bucket: the bucket of the objects that are wanted; None for any.
    :returns: names in order, repeats with them.
    :raises NotificationError: as read_notification does; an object that is not wanted needs no readable name.
    """
    _check_encoding(encoding)
    _check_changes(changes)
    if bucket is not None and not isinstance(bucket, str):
        raise NotificationError(f"bucket: is {_kind(bucket)}, but must be a string")
    return [
        _name(event, encoding) for event in _events(notification) if event.change in changes and _is_in(event, bucket)
    ]


def _check_encoding(encoding: object) -> None:
    if not isinstance(encoding, str) or encoding not in ENCODINGS:
        shown = _quoted(encoding) if isinstance(encoding, str) else _kind(encoding)
        raise NotificationError(f"encoding: {shown} is not known: give auto, raw, form or percent")


def _check_changes(changes: object) -> None:
    if not isinstance(changes, (list, tuple, set, frozenset)):
        raise NotificationError(f"changes: is {_kind(changes)}, but must be a list of created, restored and metadata")
    for change in changes:
        if not isinstance(change, str) or change not in CHANGES:
            shown = _quoted(change) if isinstance(change, str) else _kind(change)
            raise NotificationError(f"changes: {shown} is not known: give some of created, restored and metadata")


def _is_in(event: _Event, bucket: str | None) -> bool:
    if bucket is not None and event.bucket is None:
        raise NotificationError(f"{event.where}: nothing says in which bucket it is: leave bucket out")
    return bucket is None or event.bucket == bucket


# ---- names


def _name(event: _Event, encoding: str) -> str:
    """The object's name, checked.

    :raises NotificationError: it can't be told, or ``encoding`` does not fit.
    """
    name = _proven_name(event, encoding) if event.name is not None else _decoded_name(event, encoding)
    if not name:
        raise NotificationError(f"{event.where}: is empty: a name has at least 1 character")
    try:
        name.encode()
    except UnicodeEncodeError:
        # JSON can write halves of characters; ansible-core since 2.19 refuses a whole result for one.
        raise NotificationError(f"{event.where}: {_quoted(name)} is no Unicode: objects' names are UTF-8") from None
    return name


def _decoded_name(event: _Event, encoding: str) -> str:
    """The name of which the notification holds one spelling alone."""
    style = event.encoding if encoding == AUTO else encoding
    if style == _UNSETTLED:
        if _why_not_encoded(event.key) or not re.search("[%+]", event.key):
            return event.key
        raise NotificationError(
            f"{event.where}: {_quoted(event.key)} may be URL-encoded or not, and nothing in the notification proves"
            " either: give encoding raw, form or percent"
        )
    why = _why_not_encoded(event.key) if style != RAW else ""
    name = None if why else _decoded(event.key, style)
    if name is not None:
        return name
    advice = "if the sender does not encode names, give encoding raw" if encoding == AUTO else "give another encoding"
    raise NotificationError(
        f"{event.where}: {_quoted(event.key)} {why or 'is no UTF-8 when it is decoded'}, so it is not URL-encoded as"
        f" {style} says: {advice}"
    )


def _proven_name(event: _Event, encoding: str) -> str:
    """The name that the notification holds in a second spelling, which has to agree with the first."""
    name = t.cast("str", event.name)
    styles = (RAW, FORM, PERCENT) if encoding == AUTO else (encoding,)
    if any(_decoded(event.key, style) == name for style in styles):
        return name
    by = "no encoding makes" if encoding == AUTO else f"encoding {encoding} does not make"
    advice = "the two do not belong together" if encoding == AUTO else "leave encoding out"
    raise NotificationError(
        f"{event.where}: {by} {_quoted(event.key)} the name {_quoted(name)}, which {event.proof} in the same"
        f" notification proves: {advice}"
    )


def _why_not_encoded(key: str) -> str:
    """What in a text no URL-encoding gives; empty if there is nothing."""
    bad = _NOT_VISIBLE_ASCII.search(key)
    if bad:
        control = bad[0] < " " or bad[0] == "\x7f"
        return f"holds {'a blank' if bad[0] == ' ' else 'a control character' if control else 'non-ASCII'}"
    return "holds a % without two hexadecimal digits behind it" if _NOT_A_PERCENT_ESCAPE.search(key) else ""


def _decoded(key: str, style: str) -> str | None:
    """Decode once; None if no name in UTF-8 is spelt like that in this style."""
    if style == RAW:
        return key
    if _why_not_encoded(key):
        return None
    try:
        return unquote_to_bytes(key.replace("+", " ") if style == FORM else key).decode()
    except UnicodeDecodeError:
        return None


# ---- events in order


def _events(notification: object) -> list[_Event]:
    """All that is no deletion, without the objects that are deleted by the end of the notification."""
    events = list(_read(_Part(notification), 0))
    deletions: dict[tuple[str, str | None, str], str] = {}
    for event in events:
        if event.change == _DELETED and event.sequencer is not None:
            last = deletions.setdefault(_identity(event), event.sequencer)
            if _is_before(last, event.sequencer):
                deletions[_identity(event)] = event.sequencer
    return [event for event in events if event.change != _DELETED and not _is_deleted(event, deletions)]


def _identity(event: _Event) -> tuple[str, str | None, str]:
    return event.format, event.bucket, event.key


def _is_deleted(event: _Event, deletions: t.Mapping[tuple[str, str | None, str], str]) -> bool:
    deletion = deletions.get(_identity(event))
    return deletion is not None and event.sequencer is not None and _is_before(event.sequencer, deletion)


def _is_before(one: str, other: str) -> bool:
    """Whether one sequencer of an object comes before another: hexadecimal digits, filled up with zeros at the end."""
    length = max(len(one), len(other))
    return one.upper().ljust(length, "0") < other.upper().ljust(length, "0")


# ---- envelopes

# What is around a notification: the fields by which it is known, and those that lead to what is in it.
_ENVELOPES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    # AWS SNS over HTTP or in SQS; Huawei Cloud SMN over HTTP; Aliyun MNS
    (("TopicArn", "Type", "Message"), ("Message",)),
    (("topic_urn", "type", "message"), ("message",)),
    (("TopicName", "MessageMD5", "Message"), ("Message",)),
    # AWS SQS: an answer of ReceiveMessage, and one message of it
    (("Messages",), ("Messages",)),
    (("Body", "ReceiptHandle"), ("Body",)),
    (("Body", "MessageId"), ("Body",)),
    # Huawei Cloud FunctionGraph's SMN trigger, and one record of it
    (("record",), ("record",)),
    (("smn", "event_source"), ("smn", "message")),
    # Tencent Cloud CKafka
    (("Ckafka",), ("Ckafka", "msgBody")),
    # Google Pub/Sub's pull
    (("receivedMessages",), ("receivedMessages",)),
    # MinIO's access format for Redis
    (("Event", "EventTime"), ("Event",)),
    (("Records",), ("Records",)),
    (("events",), ("events",)),
)

# Topics ask with these whether they may send, and their text is prose. Whoever runs the endpoint has to answer.
_HANDSHAKES = ("SubscriptionConfirmation", "UnsubscribeConfirmation")


def _read(part: _Part, depth: int) -> t.Iterator[_Event]:
    """Unwrap, and start again with what was inside."""
    if depth > _MAX_DEPTH:
        raise part.error(f"is nested more than {_MAX_DEPTH} deep, as no notification is")
    if isinstance(part.value, str):
        yield from _read(_Part(_parsed(part), part.where), depth + 1)
    elif isinstance(part.value, (list, tuple)):
        for item in part.items():
            yield from _read(item, depth + 1)
    elif part.has("EventName", "Key", "Records"):
        yield from _minio_message(part)
    elif not _is_no_news(part):
        inner = _unwrapped(part)
        yield from _read_change(part) if inner is None else _read(inner, depth + 1)


def _is_no_news(part: _Part) -> bool:
    """Whether it is a handshake, or the test that S3 sends when notifications are switched on."""
    if part.has("TopicArn", "Type"):
        return part.says("Type") in _HANDSHAKES
    if part.has("topic_urn", "type"):
        return part.says("type") in _HANDSHAKES
    return part.says("Event") == "s3:TestEvent" and not part.has("Records")


def _unwrapped(part: _Part) -> _Part | None:
    """What is in an envelope; None if it is none."""
    for marks, inner in _ENVELOPES:
        if part.has(*marks):
            return part.at(*inner)
    if part.says("EventSource") == "aws:sns":
        return part.at("Sns", "Message")
    if part.says("eventSource") == "aws:sqs":
        return part.at("body")
    if part.has("message") and part.at("message").has("attributes"):
        return part.at("message")
    if part.says("source") == "cos.cloud.tencent" and part.has("specversion"):
        # What its data look like is documented nowhere: only a message of the other kind is taken.
        return part.at("data", "Records")
    return None


def _parsed(part: _Part) -> object:
    """What a JSON text says, or one in Base64, which Aliyun MNS and Azure's queues send."""
    text = part.text().strip().lstrip("\ufeff")
    if text.startswith("<"):
        raise part.error("is XML: have the sender send JSON or the bare message")
    try:
        return json.loads(text)
    except ValueError:
        pass
    except RecursionError:
        raise part.error("is nested too deeply") from None
    try:
        return json.loads(base64.b64decode("".join(text.split()), validate=True).decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise part.error(f"is a string of {len(text)} characters that is neither JSON nor JSON in Base64") from None


# ---- formats


def _read_change(part: _Part) -> t.Iterable[_Event]:
    """What one message, or one record of one, says of an object."""
    source = part.says("eventSource") or ""
    if source in _S3_FAMILY:
        return _events_of(_s3_event(part, _S3_FAMILY[source]))
    if _is_of_function_graph(part):
        return _events_of(_s3_event(part, _FUNCTION_GRAPH))
    if source == "acs:oss":
        return _oss(part, "oss")
    if part.has("cos", "event"):
        return _cos(part)
    if part.says("source") == "aws.s3" and part.has("detail-type"):
        return _s3_eventbridge(part)
    if part.has("specversion"):
        return _cloud_event(part)
    if (part.says("eventType") or "").startswith("Microsoft."):
        return _azure(part, "eventType")
    if part.has("attributes") and part.at("attributes").has("eventType", "objectId"):
        return _gcs(part)
    if part.says("kind") == "storage#object":
        raise part.error(
            "describes an object of Google Cloud Storage, but not whether it was created or deleted:"
            " switch payload unwrapping off in the subscription"
        )
    raise _unknown(part)


def _unknown(part: _Part) -> NotificationError:
    return part.error(f"is {_seen(part.value)}, which is no notification that is known")


def _change(event_name: _Part, changes: t.Mapping[str, str], prefix: str = "") -> str:
    """What an event means, by its full name or by the first words of it.

    Only names that are listed are known: some that begin like a created object mean something else.

    :arg changes: full names, or beginnings that end where a colon is.
    :arg prefix: what the name may begin with.
    """
    # No name has more than four words; a stranger's may.
    words = event_name.text().removeprefix(prefix).split(":", 3)
    for length in range(len(words), 0, -1):
        change = changes.get(":".join(words[:length]))
        if change:
            return change
    raise event_name.error(f"{_quoted(event_name.text())} is no event that is known")


@dataclass(frozen=True)
class _S3Like:
    """How a member of S3's family differs: its field in a record, and how it spells names."""

    format: str
    field: str
    encoding: str


_S3_FAMILY = {
    "aws:s3": _S3Like("s3", "s3", FORM),
    "minio:s3": _S3Like("minio", "s3", FORM),
    "ceph:s3": _S3Like("ceph", "s3", RAW),
    "OBS": _S3Like("obs", "obs", FORM),
}
_FUNCTION_GRAPH = _S3Like("obs_functiongraph", "s3", FORM)
_OBS_EVENTGRID = _S3Like("obs_eventgrid", "obs", FORM)

_S3_EVENTS = {
    "ObjectCreated:Put": CREATED,
    "ObjectCreated:Post": CREATED,
    "ObjectCreated:Copy": CREATED,
    "ObjectCreated:CompleteMultipartUpload": CREATED,
    "ObjectRestore:Completed": RESTORED,
    # Requested, and the restored copy has expired
    "ObjectRestore:Post": _NOTHING,
    "ObjectRestore:Delete": _NOTHING,
    "ObjectTagging": METADATA,
    "ObjectAcl": METADATA,
    "LifecycleTransition": METADATA,
    "IntelligentTiering": METADATA,
    "ObjectRemoved": _DELETED,
    "LifecycleExpiration": _DELETED,
    "ReducedRedundancyLostObject": _NOTHING,
    "Replication": _NOTHING,
    # MinIO
    "ObjectCreated:PutTagging": METADATA,
    "ObjectCreated:DeleteTagging": METADATA,
    "ObjectCreated:PutRetention": METADATA,
    "ObjectCreated:PutLegalHold": METADATA,
    "LifecycleDelMarkerExpiration": _DELETED,
    "ObjectAccessed": _NOTHING,
    "ObjectTransition": _NOTHING,
    "BucketCreated": _NOTHING,
    "BucketRemoved": _NOTHING,
    "Scanner": _NOTHING,
    # Ceph
    "ObjectSynced:Create": CREATED,
    "ObjectSynced": _DELETED,
    "ObjectLifecycle:Transition": METADATA,
    "ObjectLifecycle:Expiration": _DELETED,
}


def _is_of_function_graph(part: _Part) -> bool:
    """Whether FunctionGraph's OBS trigger sent it, which in its older form names no source."""
    if part.has("eventSource") or not part.has("s3") or not part.at("s3").has("bucket"):
        return False
    return (part.at("s3", "bucket").says("arn") or "").startswith("arn:fss:")


def _s3_event(record: _Part, like: _S3Like) -> _Event | None:
    """What one record of AWS S3, or of those that send the same, says; None if it is nothing of interest."""
    change = _change(record.at("eventName"), _S3_EVENTS, "s3:")
    stored = record.at(like.field)
    if change == _NOTHING or (like.format == "ceph" and _is_initiated(record, stored)):
        return None
    key = stored.at("object", "key")
    bucket = stored.at("bucket")
    return _Event(
        like.format,
        change,
        bucket.says("name") or bucket.says("bucket"),
        key.text(),
        like.encoding,
        key.where,
        sequencer=_sequencer(record, stored.at("object")),
    )


def _events_of(event: _Event | None) -> list[_Event]:
    return [] if event is None else [event]


def _is_initiated(record: _Part, stored: _Part) -> bool:
    """Whether Ceph tells that a multipart upload began: in the words for an HTML form's upload, but without an ETag."""
    return record.at("eventName").text().endswith("ObjectCreated:Post") and not stored.at("object").says("eTag")


def _sequencer(record: _Part, stored: _Part) -> str | None:
    """Where in its object's history an event belongs, if that can tell whether the object is still there.

    With versions it can't: an older one may be deleted, and a delete marker taken away again without an event.
    """
    sequencer = stored.says("sequencer") or ""
    name = record.at("eventName").text()
    if stored.says("versionId") or name.endswith("DeleteMarkerCreated") or not re.fullmatch("[0-9A-Fa-f]+", sequencer):
        return None
    return sequencer


def _minio_message(part: _Part) -> t.Iterator[_Event]:
    """MinIO's message, which holds the name of its one object a second time: unencoded, behind that of the bucket."""
    records = part.at("Records").items()
    for record in records:
        source = record.says("eventSource")
        if source not in _S3_FAMILY:
            raise _unknown(record)
        for event in _events_of(_s3_event(record, _S3_FAMILY[source])):
            yield _proven_by_path(event, part.at("Key")) if len(records) == 1 else event


def _proven_by_path(event: _Event, path: _Part) -> _Event:
    prefix = f"{event.bucket or ''}/"
    if not path.text().startswith(prefix):
        raise path.error(f"{_quoted(path.text())} does not begin with {_quoted(prefix)}, the bucket")
    return replace(event, name=path.text()[len(prefix) :], proof=path.where)


_S3_EVENTBRIDGE_EVENTS = {
    "Object Created": CREATED,
    "Object Restore Completed": RESTORED,
    "Object Restore Initiated": _NOTHING,
    "Object Restore Expired": _NOTHING,
    "Object Deleted": _DELETED,
    "Object Storage Class Changed": METADATA,
    "Object Access Tier Changed": METADATA,
    "Object ACL Updated": METADATA,
    "Object Tags Added": METADATA,
    "Object Tags Deleted": METADATA,
}


def _s3_eventbridge(part: _Part) -> t.Iterator[_Event]:
    change = _change(part.at("detail-type"), _S3_EVENTBRIDGE_EVENTS)
    if change in CHANGES:
        key = part.at("detail", "object", "key")
        yield _Event("s3_eventbridge", change, part.at("detail", "bucket").says("name"), key.text(), RAW, key.where)


def _cloud_event(part: _Part) -> t.Iterable[_Event]:
    """A CloudEvent, of which ``source`` or ``type`` tells the sender."""
    source = part.says("source") or ""
    event_type = part.says("type") or ""
    if source == "HC.OBS.DWR" or event_type.startswith("OBS:DWR:"):
        return _obs_eventgrid(part)
    if source == "HC.OBS":
        raise part.error(
            'comes from the EventGrid source HC.OBS, which does not promise where the name is: use its "OBS application'
            ' service", HC.OBS.DWR'
        )
    if source == "acs.oss":
        # What EventBridge hands on of the account's audit and monitoring is not about objects' contents.
        return [] if event_type.startswith(_NOT_OF_OBJECTS) else _oss(part.at("data"), "oss_eventbridge")
    if event_type.startswith("Microsoft."):
        return _azure(part, "type")
    if event_type.startswith(_GCS_TYPE):
        return _gcs_eventarc(part)
    raise _unknown(part)


def _obs_eventgrid(part: _Part) -> t.Iterator[_Event]:
    entries = part.at("data").items()
    for entry in entries:
        for event in _events_of(_s3_event(entry, _OBS_EVENTGRID)):
            yield _proven_by_subject(event, part) if len(entries) == 1 else event


def _proven_by_subject(event: _Event, part: _Part) -> _Event:
    """The subject is the name, too. If one is the other decoded, that is the name and no question is left."""
    subject = part.says("subject")
    if subject is not None and subject != event.key:
        where = f"{part.where}.subject"
        if _decoded(event.key, FORM) == subject:
            return replace(event, name=subject, proof=where)
        if _decoded(subject, FORM) == event.key:
            return replace(event, name=event.key, proof=where)
    return event


_NOT_OF_OBJECTS = ("oss:ActionTrail:", "oss:CloudMonitor:")

_OSS_EVENTS = {
    "ObjectCreated:PutObject": CREATED,
    "ObjectCreated:PostObject": CREATED,
    "ObjectCreated:CopyObject": CREATED,
    "ObjectCreated:AppendObject": CREATED,
    "ObjectCreated:CompleteMultipartUpload": CREATED,
    "ObjectCreated:PutSymlink": CREATED,
    # An upload that has begun is no object yet.
    "ObjectCreated:InitiateMultipartUpload": _NOTHING,
    "ObjectCreated:UploadPart": _NOTHING,
    "ObjectCreated:UploadPartCopy": _NOTHING,
    "ObjectReplication:ObjectCreated": CREATED,
    "ObjectReplication:ObjectModified": CREATED,
    "ObjectReplication:ObjectRemoved": _DELETED,
    "ObjectModified": METADATA,
    "ObjectRestore:FinishRestore": RESTORED,
    "ObjectRemoved": _DELETED,
    "ObjectDownloaded": _NOTHING,
}


def _oss(record: _Part, name: str) -> t.Iterator[_Event]:
    """One event of Aliyun OSS.

    :arg name: of the format, which differs with the way that the event took.
    """
    change = _change(record.at("eventName"), _OSS_EVENTS, "oss:")
    if change in CHANGES:
        key = record.at("oss", "object", "key")
        yield _Event(name, change, record.at("oss", "bucket").says("name"), key.text(), RAW, key.where)


_COS_EVENTS = {
    "ObjectCreated:Put": CREATED,
    "ObjectCreated:Post": CREATED,
    "ObjectCreated:Copy": CREATED,
    "ObjectCreated:CompleteMultipartUpload": CREATED,
    "ObjectCreated:Origin": CREATED,
    "ObjectCreated:Replication": CREATED,
    # Not a pattern: it stands like this in a message.
    "ObjectCreated:*": CREATED,
    "ObjectRestore:Completed": RESTORED,
    "ObjectRestore:Post": _NOTHING,
    "ObjectRemove": _DELETED,
    "InventoryReportCreated": _NOTHING,
}


def _cos(record: _Part) -> t.Iterator[_Event]:
    """One record of Tencent COS, whose key begins with the account and the bucket."""
    change = _change(record.at("event", "eventName"), _COS_EVENTS, "cos:")
    if change not in CHANGES:
        return
    bucket = record.at("cos", "cosBucket")
    account = _digits(bucket.at("appid"))
    short_name = bucket.at("name").text()
    key = record.at("cos", "cosObject", "key")
    prefix = f"/{account}/{short_name}/"
    if not key.text().startswith(prefix):
        raise key.error(f"{_quoted(key.text())} does not begin with {_quoted(prefix)}, the account and the bucket")
    event = _Event("cos", change, f"{short_name}-{account}", key.text()[len(prefix) :], _UNSETTLED, key.where)
    yield _proven_by_url(event, record.at("cos", "cosObject"))


def _digits(part: _Part) -> str:
    """An account's number, which may be written as a number or as a text."""
    if isinstance(part.value, int) and not isinstance(part.value, bool) and 0 <= part.value < 10**18:
        return str(part.value)
    return part.text()


def _proven_by_url(event: _Event, stored: _Part) -> _Event:
    """If the path of the object's URL is the key and an encoding, then the key itself has none."""
    path = (stored.says("url") or "").partition("://")[2].partition("/")[2]
    if path != event.key and _decoded(path, PERCENT) == event.key:
        return replace(event, name=event.key, proof=f"{stored.where}.url")
    return event


_GCS_EVENTS = {
    "OBJECT_FINALIZE": CREATED,
    "OBJECT_METADATA_UPDATE": METADATA,
    "OBJECT_DELETE": _DELETED,
    # The live version is none any more. If something took its place, that has an event of its own.
    "OBJECT_ARCHIVE": _DELETED,
}
_GCS_TYPE = "google.cloud.storage.object.v1."
_GCS_TYPES = {
    f"{_GCS_TYPE}finalized": CREATED,
    f"{_GCS_TYPE}metadataUpdated": METADATA,
    f"{_GCS_TYPE}deleted": _DELETED,
    f"{_GCS_TYPE}archived": _DELETED,
}


def _gcs(message: _Part) -> t.Iterator[_Event]:
    """A message of Google Pub/Sub, whose data may describe the object once more."""
    change = _change(message.at("attributes", "eventType"), _GCS_EVENTS)
    if change in CHANGES:
        key = message.at("attributes", "objectId")
        bucket = message.at("attributes").says("bucketId")
        event = _Event("gcs", change, bucket, key.text(), RAW, key.where)
        name = _described_name(message.says("data"))
        yield event if name is None else replace(event, name=name, proof=f"{message.where}.data")


def _described_name(described: str | None) -> str | None:
    """The name in a description of an object; None if there is none, or it is no longer what Google sent."""
    try:
        return _Part(json.loads(base64.b64decode(described or "", validate=True))).says("name")
    except (ValueError, RecursionError):
        return None


def _gcs_eventarc(part: _Part) -> t.Iterator[_Event]:
    change = _change(part.at("type"), _GCS_TYPES)
    if change in CHANGES:
        key = part.at("data", "name")
        yield _Event("gcs_eventarc", change, part.at("data").says("bucket"), key.text(), RAW, key.where)


_AZURE_EVENTS = {
    "Microsoft.Storage.BlobCreated": CREATED,
    # The subject has the new name.
    "Microsoft.Storage.BlobRenamed": CREATED,
    "Microsoft.Storage.BlobTierChanged": METADATA,
    "Microsoft.Storage.BlobDeleted": _DELETED,
    "Microsoft.Storage.AsyncOperationInitiated": _NOTHING,
    "Microsoft.Storage.BlobInventoryPolicyCompleted": _NOTHING,
    "Microsoft.Storage.LifecyclePolicyCompleted": _NOTHING,
    "Microsoft.Storage.DirectoryCreated": _NOTHING,
    "Microsoft.Storage.DirectoryRenamed": _NOTHING,
    "Microsoft.Storage.DirectoryDeleted": _NOTHING,
    # Event Grid asks whether it may send. Whoever runs the endpoint has to answer.
    "Microsoft.EventGrid.SubscriptionValidationEvent": _NOTHING,
    "Microsoft.EventGrid.SubscriptionDeletedEvent": _NOTHING,
}
# These make an empty file, and another event follows when it has been written.
_AZURE_EARLY = ("CreateFile", "SftpCreate")
# Containers have no slash in their names, blobs may have "/blobs/" in theirs.
_AZURE_SUBJECT = re.compile("/?blobServices/default/containers/([^/]+)/blobs/(.*)", re.DOTALL)


def _azure(part: _Part, type_field: str) -> t.Iterator[_Event]:
    """An event of Azure's Event Grid, in its own schema or in that of CloudEvents."""
    change = _change(part.at(type_field), _AZURE_EVENTS)
    if change not in CHANGES or (part.has("data") and part.at("data").says("api") in _AZURE_EARLY):
        return
    subject = part.at("subject")
    found = _AZURE_SUBJECT.fullmatch(subject.text())
    if not found:
        raise subject.error(f"{_quoted(subject.text())} is not the path of a blob in a container")
    if "\ufffd" in found[2]:
        raise subject.error(f"{_quoted(found[2])} has lost a character on its way: Event Grid can't tell this name")
    yield _Event("azure", change, found[1], found[2], RAW, subject.where)


# ---- what was seen

# Fields that say who sent something; the others may hold what is none of a message's business.
_TELLING_FIELDS = ("eventSource", "EventSource", "source", "type", "eventType", "specversion", "kind")

_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (int, "a number"),
    (float, "a number"),
    (str, "a string"),
    (dict, "a dictionary"),
    (list, "a list"),
    (tuple, "a list"),
)


def _plain(text: str) -> str:
    """The text without what Ansible attaches to it."""
    return str.__str__(text)


def _seen(value: object) -> str:
    """The kind of a value, in a user's words, and of a dictionary what it has."""
    if not isinstance(value, dict):
        return _kind(value)
    if not value:
        return "an empty dictionary"
    fields = [_seen_field(name, field) for name, field in list(value.items())[:_SHOWN_FIELDS]]
    more = f" and {len(value) - _SHOWN_FIELDS} more" if len(value) > _SHOWN_FIELDS else ""
    return f"a dictionary of {', '.join(fields)}{more}"


def _seen_field(name: object, value: object) -> str:
    if not isinstance(name, str):
        return f"{_kind(name)} ({_kind(value)})"
    told = name in _TELLING_FIELDS and isinstance(value, str)
    return f"{_quoted(name)} ({_quoted(t.cast('str', value)) if told else _kind(value)})"


def _kind(value: object) -> str:
    if value is None:
        return "null"
    # A boolean is a number to Python.
    for type_, kind in _KINDS:
        if isinstance(value, type_):
            return kind
    return f"a value of type {_quoted(type(value).__name__)}"


def _quoted(text: str) -> str:
    """The text in quotes on one line: shortened, with other scripts readable, and all else escaped."""
    shown = text if len(text) <= _QUOTED_CHARACTERS else text[:_QUOTED_CHARACTERS] + "…"
    escaped = json.dumps(_plain(shown), ensure_ascii=False)
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in escaped)
