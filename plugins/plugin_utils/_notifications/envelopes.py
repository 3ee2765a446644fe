# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The envelopes around the records of a notification: queues, topics, functions, JSON texts and CloudEvents."""

from __future__ import annotations

import base64
import json
import typing as t

from .part import Part

# Fields that identify an envelope, and the fields that lead to what is in it.
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
    # Google Pub/Sub: an answer of pull
    (("receivedMessages",), ("receivedMessages",)),
    # Azure Event Grid namespaces: an answer of receive, and one event of it
    (("value",), ("value",)),
    (("brokerProperties", "event"), ("event",)),
    # MinIO in Redis, format "access"
    (("Event", "EventTime"), ("Event",)),
    # "records": a Java function that serializes its typed event
    (("Records",), ("Records",)),
    (("records",), ("records",)),
    (("events",), ("events",)),
)

# Requests of a topic to confirm a subscription. They contain no record, and the operator of the endpoint answers.
_HANDSHAKES = ("SubscriptionConfirmation", "UnsubscribeConfirmation")


def opened(part: Part) -> Part | None:
    """The content of an envelope; None if the part is not an envelope.

    :raises NotificationError: the envelope does not contain what it should, or a text is not JSON.
    """
    if isinstance(part.value, str):
        return Part(_parsed(part), part.where)
    for fields, inner in _ENVELOPES:
        if part.has(*fields):
            return part.at(*inner)
    return _opened_function_event(part) or _opened_pubsub(part) or (data_of(part) if is_cloud_event(part) else None)


def _opened_function_event(part: Part) -> Part | None:
    """A message of a queue or topic, as functions of AWS get it; Java's typed events are in lower case."""
    source = part.text_at("EventSource") or part.text_at("eventSource")
    if source == "aws:sqs":
        return part.at("body")
    if source == "aws:sns":
        message = part.at("Sns") if part.has("Sns") else part.at("sns")
        return message.at("Message") if message.has("Message") else message.at("message")
    return None


def _opened_pubsub(part: Part) -> Part | None:
    """A Pub/Sub message: as pushed or pulled, or as functions of the first generation get it."""
    if part.has("message") and part.at("message").has("attributes"):
        return part.at("message")
    holder = part.at("context") if part.has("context") else part
    event_type = holder.text_at("eventType") or holder.text_at("event_type") or ""
    if part.has("data") and event_type.startswith(("google.pubsub.topic.", "providers/cloud.pubsub/")):
        return part.at("data")
    return None


def is_cloud_event(part: Part) -> bool:
    return part.has("specversion") and (part.has("data") or part.has("data_base64"))


def data_of(event: Part) -> Part:
    """The data of a CloudEvent, which may be JSON, a JSON text, or either in Base64.

    :raises NotificationError: there is no data, or it is not JSON.
    """
    # Some senders write null in the one of the two fields that they do not use.
    has_data = event.has("data") and event.at("data").value is not None
    data = event.at("data_base64") if event.has("data_base64") and not has_data else event.at("data")
    return Part(_parsed(data), data.where) if isinstance(data.value, str) else data


def holds_no_record(part: Part) -> bool:
    """Whether it is a handshake, or the test that S3 sends when notifications are switched on."""
    if part.has("TopicArn", "Type"):
        return part.text_at("Type") in _HANDSHAKES
    if part.has("topic_urn", "type"):
        return part.text_at("type") in _HANDSHAKES
    return part.text_at("Event") == "s3:TestEvent" and not part.has("Records")


def _parsed(part: Part) -> object:
    """The value of a JSON text, which may be in Base64, as Aliyun MNS and Azure's queues send it."""
    text = part.text().strip().lstrip("\ufeff")
    if text.startswith("<"):
        raise part.error("is XML. Set the sender to JSON, or to the bare message.")
    try:
        return json.loads(text)
    except ValueError:
        pass
    except RecursionError:
        raise part.error("is nested too deeply.") from None
    try:
        return json.loads(base64.b64decode("".join(text.split()), validate=True).decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise part.error(f"is a string of {len(text)} characters that is neither JSON nor JSON in Base64.") from None


def described_object(text: str | None) -> t.Mapping[str, object]:
    """The JSON object that a Base64 text contains; empty if it contains none."""
    try:
        value = json.loads(base64.b64decode(text or "", validate=True))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
