# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What each object store sends when an object is created, by the object's name: the vendors' side of the tests."""

from __future__ import annotations

import base64
import json
import typing as t
from urllib.parse import quote, quote_plus

BUCKET = "b1"
ACCOUNT = "1250000000"

Sender = t.Callable[[str], t.Any]


def form(name: str) -> str:
    return quote_plus(name, safe="")


def in_base64(content: t.Any) -> str:
    return base64.b64encode(json.dumps(content).encode()).decode()


def record(source: str, field: str, key: str, event: str = "ObjectCreated:Put", **stored: t.Any) -> dict[str, t.Any]:
    return {
        "eventSource": source,
        "eventName": event,
        field: {"bucket": {"name": BUCKET}, "object": {"key": key, **stored}},
    }


def s3(name: str) -> t.Any:
    """As AWS does it in practice, with slashes as they are."""
    return {"Records": [record("aws:s3", "s3", quote_plus(name, safe="/"))]}


def s3_sns(name: str) -> t.Any:
    return {"Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": json.dumps(s3(name))}


def s3_sqs(name: str) -> t.Any:
    """By SNS into a queue, and read from there."""
    return {"Messages": [{"Body": json.dumps(s3_sns(name)), "ReceiptHandle": "x", "MessageId": "1"}]}


def s3_lambda_sns(name: str) -> t.Any:
    return {"Records": [{"EventSource": "aws:sns", "Sns": {"TopicArn": "x", "Message": json.dumps(s3(name))}}]}


def s3_lambda_sqs(name: str) -> t.Any:
    return {"Records": [{"eventSource": "aws:sqs", "body": json.dumps(s3(name)), "messageId": "1"}]}


def s3_localstack(name: str) -> t.Any:
    """LocalStack writes a space as %20."""
    return {"Records": [record("aws:s3", "s3", quote(name, safe="/"))]}


def s3_eventbridge(name: str) -> t.Any:
    detail = {"bucket": {"name": BUCKET}, "object": {"key": name}, "reason": "PutObject"}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}


def obs(name: str) -> t.Any:
    return {"Records": [record("OBS", "obs", form(name))]}


def obs_smn(name: str) -> t.Any:
    return {"type": "Notification", "topic_urn": "urn:smn:x", "message": json.dumps(obs(name))}


def obs_smn_functiongraph(name: str) -> t.Any:
    return {"record": [{"event_source": "smn", "smn": {"message": json.dumps(obs(name))}}]}


def obs_functiongraph(name: str) -> t.Any:
    bucket = {"name": BUCKET, "arn": f"arn:fss:s3:::{BUCKET}"}
    return {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": bucket, "object": {"key": form(name)}}}]}


def obs_eventgrid(name: str) -> t.Any:
    event = {"specversion": "1.0", "source": "HC.OBS.DWR", "type": "OBS:DWR:ObjectCreated:PUT"}
    return {**event, "subject": form(name), "data": record("OBS", "obs", form(name))}


def obs_eventgrid_unencoded(name: str) -> t.Any:
    """With the switch in the subscription off."""
    return {**obs_eventgrid(name), "subject": name, "data": record("OBS", "obs", name)}


def oss(name: str) -> t.Any:
    return {"events": [record("acs:oss", "oss", name, "ObjectCreated:PutObject")]}


def oss_mns(name: str) -> t.Any:
    return {"TopicName": "x", "MessageMD5": "x", "MessageId": "1", "Message": in_base64(oss(name))}


def oss_eventbridge(name: str) -> t.Any:
    return {
        "specversion": "1.0",
        "source": "acs.oss",
        "type": "oss:ObjectCreated:PutObject",
        "data": oss(name)["events"][0],
    }


def cos(name: str) -> t.Any:
    stored = {
        "key": f"/{ACCOUNT}/{BUCKET}/{name}",
        "url": f"http://{BUCKET}-{ACCOUNT}.cos.x.myqcloud.com/{quote(name)}",
    }
    bucket = {"name": BUCKET, "appid": ACCOUNT}
    event = {"eventName": "cos:ObjectCreated:Put", "eventSource": "qcs::cos"}
    return {"Records": [{"cos": {"cosObject": stored, "cosBucket": bucket}, "event": event}]}


def cos_silent(name: str) -> t.Any:
    """Without the URL, that is without a proof."""
    message = cos(name)
    del message["Records"][0]["cos"]["cosObject"]["url"]
    return message


def cos_ckafka(name: str) -> t.Any:
    return {"Records": [{"Ckafka": {"topic": "x", "msgBody": json.dumps(cos(name))}}]}


def minio_redis(name: str) -> t.Any:
    return {"Records": [record("minio:s3", "s3", form(name), "s3:ObjectCreated:Put")]}


def minio(name: str) -> t.Any:
    return {"EventName": "s3:ObjectCreated:Put", "Key": f"{BUCKET}/{name}", **minio_redis(name)}


def ceph(name: str) -> t.Any:
    return {"Records": [record("ceph:s3", "s3", name, eTag="x")]}


def gcs_bare(name: str) -> t.Any:
    attributes = {"eventType": "OBJECT_FINALIZE", "bucketId": BUCKET, "objectId": name, "payloadFormat": "NONE"}
    return {"attributes": attributes, "messageId": "1"}


def gcs(name: str) -> t.Any:
    described = in_base64({"kind": "storage#object", "bucket": BUCKET, "name": name})
    return {"message": {**gcs_bare(name), "data": described}, "subscription": "projects/p/subscriptions/s"}


def gcs_pull(name: str) -> t.Any:
    return [{"ackId": "x", "message": gcs_bare(name)}]


def gcs_eventarc(name: str) -> t.Any:
    event = {"specversion": "1.0", "type": "google.cloud.storage.object.v1.finalized", "subject": f"objects/{name}"}
    return {**event, "source": "//storage.googleapis.com/x", "data": {"bucket": BUCKET, "name": name}}


def azure(name: str) -> t.Any:
    subject = f"/blobServices/default/containers/{BUCKET}/blobs/{name}"
    return [
        {"topic": "x", "subject": subject, "eventType": "Microsoft.Storage.BlobCreated", "data": {"api": "PutBlob"}}
    ]


def azure_cloudevent(name: str) -> t.Any:
    event = {"specversion": "1.0", "source": "x", "type": "Microsoft.Storage.BlobCreated", "data": {"api": "PutBlob"}}
    return {**event, "subject": azure(name)[0]["subject"].removeprefix("/")}


def azure_queue(name: str) -> t.Any:
    return in_base64(azure(name)[0])


# Those of which a name can be told whatever it is.
CERTAIN: dict[str, Sender] = {
    sender.__name__: sender
    for sender in (
        s3,
        s3_sns,
        s3_sqs,
        s3_lambda_sns,
        s3_lambda_sqs,
        s3_localstack,
        s3_eventbridge,
        obs,
        obs_smn,
        obs_smn_functiongraph,
        obs_functiongraph,
        obs_eventgrid,
        oss,
        oss_mns,
        oss_eventbridge,
        cos,
        cos_ckafka,
        minio,
        minio_redis,
        ceph,
        gcs,
        gcs_bare,
        gcs_pull,
        gcs_eventarc,
        azure,
        azure_cloudevent,
        azure_queue,
    )
}
# Those of which the caller has to say it.
UNCERTAIN: dict[str, Sender] = {sender.__name__: sender for sender in (cos_silent, obs_eventgrid_unencoded)}
