# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What each object store sends when an object is created, given its object key: the vendors' side of the tests."""

from __future__ import annotations

import base64
import json
import typing as t
from urllib.parse import quote, quote_plus

BUCKET = "b1"
ACCOUNT = "1250000000"

Sender = t.Callable[[str], t.Any]


def form(key: str) -> str:
    return quote_plus(key, safe="")


def in_base64(content: t.Any) -> str:
    return base64.b64encode(json.dumps(content).encode()).decode()


def record(source: str, field: str, key: str, event: str = "ObjectCreated:Put", **stored: t.Any) -> dict[str, t.Any]:
    return {
        "eventSource": source,
        "eventName": event,
        field: {"bucket": {"name": BUCKET}, "object": {"key": key, **stored}},
    }


def s3(key: str) -> t.Any:
    """As AWS does it in practice, with slashes as they are."""
    return {"Records": [record("aws:s3", "s3", quote_plus(key, safe="/"))]}


def s3_sns(key: str) -> t.Any:
    return {"Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": json.dumps(s3(key))}


def s3_sqs(key: str) -> t.Any:
    """By SNS into a queue, and read from there."""
    return {"Messages": [{"Body": json.dumps(s3_sns(key)), "ReceiptHandle": "x", "MessageId": "1"}]}


def s3_lambda_sns(key: str) -> t.Any:
    return {"Records": [{"EventSource": "aws:sns", "Sns": {"TopicArn": "x", "Message": json.dumps(s3(key))}}]}


def s3_lambda_sqs(key: str) -> t.Any:
    return {"Records": [{"eventSource": "aws:sqs", "body": json.dumps(s3(key)), "messageId": "1"}]}


def s3_java(key: str) -> t.Any:
    """A Java function that serializes its typed event."""
    return {"records": [record("aws:s3", "s3", form(key), urlDecodedKey=key, versionId=None)]}


def s3_java_sqs(key: str) -> t.Any:
    return {"records": [{"eventSource": "aws:sqs", "body": json.dumps(s3(key)), "receiptHandle": "x"}]}


def s3_java_sns(key: str) -> t.Any:
    return {"records": [{"eventSource": "aws:sns", "sns": {"topicArn": "x", "message": json.dumps(s3(key))}}]}


def s3_dapr(key: str) -> t.Any:
    """In a CloudEvent of somebody else."""
    return {"specversion": "1.0", "type": "com.dapr.event.sent", "source": "x", "data": s3(key)}


def s3_localstack(key: str) -> t.Any:
    """LocalStack writes a space as %20."""
    return {"Records": [record("aws:s3", "s3", quote(key, safe="/"))]}


def s3_eventbridge(key: str) -> t.Any:
    detail = {"bucket": {"name": BUCKET}, "object": {"key": key}, "reason": "PutObject"}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}


def obs(key: str) -> t.Any:
    return {"Records": [record("OBS", "obs", form(key))]}


def obs_smn(key: str) -> t.Any:
    return {"type": "Notification", "topic_urn": "urn:smn:x", "message": json.dumps(obs(key))}


def obs_smn_functiongraph(key: str) -> t.Any:
    return {"record": [{"event_source": "smn", "smn": {"message": json.dumps(obs(key))}}]}


def obs_eventgrid(key: str) -> t.Any:
    event = {"specversion": "1.0", "source": "HC.OBS.DWR", "type": "OBS:DWR:ObjectCreated:PUT"}
    return {**event, "subject": form(key), "data": record("OBS", "obs", form(key))}


def obs_eventgrid_base64(key: str) -> t.Any:
    event = obs_eventgrid(key)
    return {**event, "data_base64": in_base64(event.pop("data"))}


def obs_eventgrid_unencoded(key: str) -> t.Any:
    """With the switch in the subscription off."""
    return {**obs_eventgrid(key), "subject": key, "data": record("OBS", "obs", key)}


def obs_functiongraph(key: str) -> t.Any:
    bucket = {"name": BUCKET, "arn": f"arn:fss:s3:::{BUCKET}"}
    return {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": bucket, "object": {"key": key}}}]}


def obs_s3(key: str) -> t.Any:
    """OBS in the format of S3, as some regions send it."""
    return {"Records": [{"eventVersion": "2.0", "awsRegion": "eu-de", **record("aws:s3", "s3", key)}]}


def oss(key: str) -> t.Any:
    return {"events": [record("acs:oss", "oss", key, "ObjectCreated:PutObject")]}


def oss_mns(key: str) -> t.Any:
    return {"TopicName": "x", "MessageMD5": "x", "MessageId": "1", "Message": in_base64(oss(key))}


def oss_eventbridge(key: str) -> t.Any:
    return {
        "specversion": "1.0",
        "source": "acs.oss",
        "type": "oss:ObjectCreated:PutObject",
        "data": oss(key)["events"][0],
    }


def cos(key: str) -> t.Any:
    stored = {
        "key": f"/{ACCOUNT}/{BUCKET}/{key}",
        "url": f"http://{BUCKET}-{ACCOUNT}.cos.x.myqcloud.com/{quote(key)}",
    }
    bucket = {"name": BUCKET, "appid": ACCOUNT}
    event = {"eventName": "cos:ObjectCreated:Put", "eventSource": "qcs::cos"}
    return {"Records": [{"cos": {"cosObject": stored, "cosBucket": bucket}, "event": event}]}


def cos_silent(key: str) -> t.Any:
    """Without the URL, that is without a proof."""
    message = cos(key)
    del message["Records"][0]["cos"]["cosObject"]["url"]
    return message


def cos_ckafka(key: str) -> t.Any:
    return {"Records": [{"Ckafka": {"topic": "x", "msgBody": json.dumps(cos(key))}}]}


def minio_silent(key: str) -> t.Any:
    """Without Key: in Redis form-encoded, from ListenNotification unencoded."""
    return {"Records": [record("minio:s3", "s3", key, "s3:ObjectCreated:Put")]}


def minio(key: str) -> t.Any:
    return {"EventName": "s3:ObjectCreated:Put", "Key": f"{BUCKET}/{key}", **minio_silent(form(key))}


def ceph(key: str) -> t.Any:
    return {"Records": [record("ceph:s3", "s3", key, eTag="x")]}


def ceph_replication(key: str) -> t.Any:
    return {"Records": [record("ceph:s3", "s3", key, "Replication:Create", eTag="x")]}


def gcs_bare(key: str) -> t.Any:
    attributes = {"eventType": "OBJECT_FINALIZE", "bucketId": BUCKET, "objectId": key, "payloadFormat": "NONE"}
    return {"attributes": attributes, "messageId": "1"}


def gcs_object(key: str) -> t.Any:
    return {"kind": "storage#object", "bucket": BUCKET, "name": key}


def gcs(key: str) -> t.Any:
    message = {**gcs_bare(key), "data": in_base64(gcs_object(key))}
    return {"message": message, "subscription": "projects/p/subscriptions/s"}


def gcs_pull(key: str) -> t.Any:
    return [{"ackId": "x", "message": gcs_bare(key)}]


def gcs_pubsub_cloudevent(key: str) -> t.Any:
    event = {"specversion": "1.0", "type": "google.cloud.pubsub.topic.v1.messagePublished", "source": "x"}
    return {**event, "data": gcs(key)}


def gcs_eventarc(key: str) -> t.Any:
    event = {"specversion": "1.0", "type": "google.cloud.storage.object.v1.finalized", "subject": f"objects/{key}"}
    return {**event, "source": "//storage.googleapis.com/x", "data": {"bucket": BUCKET, "name": key}}


def gcs_eventarc_base64(key: str) -> t.Any:
    event = gcs_eventarc(key)
    return {**event, "data_base64": in_base64(event.pop("data"))}


def gcs_function(key: str) -> t.Any:
    """A function of the first generation that passes on what it gets."""
    return {"context": {"eventId": "1", "eventType": "google.storage.object.finalize"}, "data": gcs_object(key)}


def azure(key: str) -> t.Any:
    subject = f"/blobServices/default/containers/{BUCKET}/blobs/{key}"
    return [
        {"topic": "x", "subject": subject, "eventType": "Microsoft.Storage.BlobCreated", "data": {"api": "PutBlob"}}
    ]


def azure_cloudevent(key: str) -> t.Any:
    event = {"specversion": "1.0", "source": "x", "type": "Microsoft.Storage.BlobCreated", "data": {"api": "PutBlob"}}
    return {**event, "subject": azure(key)[0]["subject"].removeprefix("/")}


def azure_queue(key: str) -> t.Any:
    return in_base64(azure(key)[0])


def azure_namespace(key: str) -> t.Any:
    return {"value": [{"brokerProperties": {"lockToken": "x"}, "event": azure_cloudevent(key)}]}


def bos(key: str) -> t.Any:
    content = {"domain": "bj.bcebos.com", "bucket": BUCKET, "object": key}
    return {"events": [{"eventOrigin": "bos:realtime", "eventType": "PutObject", "content": content}]}


def bos_bare(key: str) -> t.Any:
    return bos(key)["events"][0]


def kodo(key: str) -> t.Any:
    message = {"event": "put", "bucket": BUCKET, "key": key}
    return {"Message": json.dumps(message), "Subject": "Qiniu KODO Notification", "Timestamp": "x"}


def kodo_copy(key: str) -> t.Any:
    message = {"event": "copy", "bucket": "other", "key": "another", "dest_bucket": BUCKET, "dest_key": key}
    return {**kodo(key), "Message": json.dumps(message)}


def _named(*senders: Sender) -> dict[str, Sender]:
    return {sender.__name__: sender for sender in senders}


# These tell any object key for sure. Their argument is the object key.
CERTAIN = _named(
    s3,
    s3_sns,
    s3_sqs,
    s3_lambda_sns,
    s3_lambda_sqs,
    s3_java,
    s3_java_sqs,
    s3_java_sns,
    s3_dapr,
    s3_localstack,
    s3_eventbridge,
    obs,
    obs_smn,
    obs_smn_functiongraph,
    obs_eventgrid,
    obs_eventgrid_base64,
    oss,
    oss_mns,
    oss_eventbridge,
    cos,
    cos_ckafka,
    minio,
    ceph,
    ceph_replication,
    gcs,
    gcs_bare,
    gcs_pull,
    gcs_pubsub_cloudevent,
    gcs_eventarc,
    gcs_eventarc_base64,
    gcs_function,
    azure,
    azure_cloudevent,
    azure_queue,
    azure_namespace,
)
# These may encode object keys or not. Their argument is the object key as they encode it.
OPEN = _named(obs_functiongraph, obs_s3, cos_silent, minio_silent, bos, bos_bare, kodo, kodo_copy)
