# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

import random
import string
import typing as t
from datetime import datetime, timezone

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.signing import sign
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.url import encoded_path, encoded_query
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

PROJECT = "f697f813554a4f05bac882a183b20878"
EVENTS = f"/v2/{PROJECT}/sync-tasks/31e9b7e6-6ffb-452f-9842-6ce354d99d75/events"
VPC_PROJECT = "77b6a44cba5143ab91d13ab9a8ff44fd"
MARKER = "13551d6b-755d-4757-b956-536f674975c0"


class Vector(t.NamedTuple):
    """A request and its signature."""

    method: str
    host: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    date: str
    signed: str
    signature: str


VECTORS = [
    Vector(
        "GET",
        "service.endpoint.myhuaweicloud.com",
        "/resources",
        [("size", "1")],
        {},
        b"",
        "20200608T023900Z",
        "host;x-sdk-date",
        "cfb4171acec81de07d50e53d57eb77edd537414d66ddb1d7d780f128e12cd842",
    ),
    Vector(
        "POST",
        "service.endpoint.myhuaweicloud.com",
        "/resources",
        [("size", "1")],
        {},
        b'{"name":"test","id":1}',
        "20200608T023900Z",
        "host;x-sdk-date",
        "436b1ac0a1ae03705934bb70ef2f2e09f7bfed2117d731a38235053199323a1f",
    ),
    Vector(
        "GET",
        "service.region.example.com",
        f"/v1/{VPC_PROJECT}/vpcs",
        [("marker", MARKER), ("limit", "2")],
        {},
        b"",
        "20191115T033655Z",
        "host;x-sdk-date",
        "fd95e7da6f695cfb4cabbb9d6b0968aec155bc576b064835282473539ae9ea1d",
    ),
    Vector(
        "POST",
        "service.region.example.com",
        f"/v1/{VPC_PROJECT}/vpc/123",
        [],
        {},
        b'{"key":"value"}',
        "20191115T033655Z",
        "host;x-sdk-date",
        "b5649aa774f6cac7437631662f08815fc65c70e40e486df6db2436ce68902771",
    ),
    Vector(
        "POST",
        "oms.cn-north-4.myhuaweicloud.com",
        EVENTS,
        [],
        {},
        b'{"object_keys":["test%2F001.txt","test%2F002.txt"]}',
        "20260101T000000Z",
        "host;x-sdk-date",
        "28d4cd81074c642a860f6d4986bb00fd1de8621ec51985aa6d0cd04a78e9ec3a",
    ),
    Vector(
        "POST",
        "oms.cn-north-4.myhuaweicloud.com",
        EVENTS,
        [],
        {"X-Project-Id": PROJECT, "Content-Type": "application/json"},
        b'{"object_keys":["test%2F001.txt","test%2F002.txt"]}',
        "20260101T000000Z",
        "content-type;host;x-project-id;x-sdk-date",
        "4d027788f5577c6701617b16b7a84ae8f3916cfa0af2ad98c6985c94a0d8ae5d",
    ),
    Vector(
        "GET",
        "iam.cn-north-4.myhuaweicloud.com",
        "/v3/projects",
        [("name", "cn-north-4")],
        {},
        b"",
        "20260101T000000Z",
        "host;x-sdk-date",
        "c3331032cba282cc66010e6c8ef9ec7c0973738104858e58c6d7033cbc2d5ae1",
    ),
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector.method} {vector.path[:20]} {vector.signed}")
def test_a_known_request_has_the_known_signature(vector: Vector) -> None:
    when = datetime.strptime(vector.date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)

    headers = sign(
        vector.method,
        vector.host,
        vector.path,
        vector.query,
        vector.headers,
        vector.body,
        "AccessKey",
        "SecretKey",
        when,
    )

    assert headers == {
        "X-Sdk-Date": vector.date,
        "Authorization": (
            f"SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders={vector.signed}, Signature={vector.signature}"
        ),
    }


def a_text(rng: random.Random, longest: int, without: str = "") -> str:
    """Mostly what has a meaning in a URL, and anything else that UTF-8 can write."""
    alphabet = "azAZ09-_.~ !*'();:@&=+$,/?#[]%\"<>\\^`{|}é中😀\0\n"
    drawn = (rng.choice(alphabet) if rng.random() < 0.9 else chr(rng.randrange(0xD800)) for _number in range(longest))
    return "".join(c for c in drawn if c not in without)[: rng.randint(0, longest)]


def a_request(rng: random.Random) -> dict[str, t.Any]:
    """A request within what the SDK's signer defines: no ``%`` in the path, no ``_`` in a header's name, JSON."""
    names = [a_text(rng, 8) for _number in range(4)]
    headers = {
        f"X-{''.join(rng.choices(string.ascii_letters + '-', k=8))}": f" {''.join(rng.choices('abc é;:', k=5))}\t"
        for _number in range(rng.randint(0, 4))
    }
    if rng.random() < 0.5:
        headers["Content-Type"] = rng.choice(["application/json", "application/json;charset=UTF-8"])
    return {
        "method": rng.choice(["GET", "POST", "PUT", "DELETE", "get"]),
        "host": rng.choice(["oms.cn-north-4.myhuaweicloud.com", "127.0.0.1:8080", "[::1]:443"]),
        "path": "/" + a_text(rng, 30, without="%"),
        # Four names for up to six parameters, so that some are repeated.
        "query": [(rng.choice(names), a_text(rng, 10)) for _number in range(rng.randint(0, 6))],
        "headers": headers,
        "body": rng.randbytes(rng.choice([0, 1, 1000])),
        "access_key": "".join(rng.choices(string.ascii_letters, k=20)),
        "secret_key": "".join(rng.choices(string.printable[:94], k=40)),
        "when": datetime.fromtimestamp(rng.randrange(2**31), timezone.utc),
    }


def signed_by_the_sdk(request: dict[str, t.Any]) -> dict[str, str]:
    sdk_request = SdkRequest(
        method=request["method"],
        schema="https",
        host=request["host"],
        resource_path=request["path"],
        query_params=list(request["query"]),
        header_params={**request["headers"], "X-Sdk-Date": request["when"].strftime("%Y%m%dT%H%M%SZ")},
        body=request["body"],
    )
    signed = Signer(BasicCredentials(request["access_key"], request["secret_key"])).sign(sdk_request)
    return {name: signed.header_params[name] for name in ("X-Sdk-Date", "Authorization")}


@pytest.mark.parametrize("seed", range(10))
def test_a_hundred_requests_are_signed_as_the_sdk_signs_them(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    for _number in range(100):
        request = a_request(rng)
        assert sign(**request) == signed_by_the_sdk(request), request


def test_a_temporary_key_signs_its_security_token() -> None:
    request = a_request(random.Random(1))  # noqa: S311
    request["headers"] = {"X-Security-Token": "token", "X-Project-Id": PROJECT, "Content-Type": "application/json"}

    headers = sign(**request)

    assert "SignedHeaders=content-type;host;x-project-id;x-sdk-date;x-security-token," in headers["Authorization"]
    assert headers == signed_by_the_sdk(request)


@pytest.mark.parametrize(
    ("query", "signed"),
    [
        ([], ""),
        ([("b", "2"), ("a", "1")], "a=1&b=2"),
        ([("a", "2"), ("a", "10"), ("a", "")], "a=&a=10&a=2"),
        ([("a b", "c+d/e~f*")], "a%20b=c%2Bd%2Fe~f%2A"),
    ],
)
def test_a_query_is_sorted_and_encoded(query: list[tuple[str, str]], signed: str) -> None:
    assert encoded_query(query) == signed


def test_only_unreserved_characters_stay() -> None:
    visible = "".join(map(chr, range(0x20, 0x7F)))
    unreserved = string.ascii_letters + string.digits + "-_.~"

    assert sorted(c for c in visible if encoded_query([(c, "")]) == f"{c}=") == sorted(unreserved)
    assert sorted(c for c in visible if encoded_path(c) == c) == sorted(unreserved + "/")
    assert encoded_path("中 ") == "%E4%B8%AD%20"
