# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""How object keys are decoded: property tests of all senders, and what proves or contradicts an encoding."""

from __future__ import annotations

import typing as t
from urllib.parse import quote, quote_plus

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.object_keys import encode
from ansible_collections.huaweicloud.oms.plugins.plugin_utils._notifications import read
from ansible_collections.huaweicloud.oms.tests import senders
from ansible_collections.huaweicloud.oms.tests.senders import BUCKET, CERTAIN, OPEN, record
from hypothesis import example, given, settings
from hypothesis import strategies as st

# U+FFFD is what Event Grid makes of characters that it loses. A test of its own shows that it is refused there.
object_keys = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd"), min_size=1, max_size=60)
# Random texts rarely hold what can be mistaken for an encoding.
tricky_keys = st.text(st.sampled_from("%+ 2F05aé中/"), min_size=1, max_size=12)
often = settings(derandomize=True, database=None, deadline=None, max_examples=100)

# How a sender may encode an object key.
ENCODINGS: dict[str, t.Callable[[str], str]] = {
    "raw": str,
    "form": lambda key: quote_plus(key, safe=""),
    "percent": lambda key: quote(key, safe="/"),
}
ASKS_FOR_ENCODING = "Set the option encoding to raw, form or percent."


def keys(notification: t.Any, **options: t.Any) -> list[str]:
    """The object keys of a notification that has no unread record."""
    reading = read(notification, **options)
    assert reading.unread == []
    return reading.object_keys


def reason(notification: t.Any, **options: t.Any) -> str:
    """Why the only record of a notification cannot be read."""
    reading = read(notification, **options)
    assert reading.object_keys == []
    (unread,) = reading.unread
    return unread.reason


def of(source: str, key: str) -> dict[str, t.Any]:
    return {"Records": [record(source, "obs" if source == "OBS" else "s3", key)]}


@pytest.mark.parametrize("sender", [pytest.param(sender, id=name) for name, sender in CERTAIN.items()])
@often
@given(key=object_keys | tricky_keys)
@example(key="TEST/中 文+1%.jpg")
@example(key="a%20b+c")
@example(key="a%2Fb/c//d/")
@example(key="/leading")
@example(key="😀\x00\x1b\n {{ 7 * 7 }}{% raw %}%(x)s{0}$(id)")
def test_any_object_key_is_read_as_it_is_at_the_source(sender: senders.Sender, key: str) -> None:
    (found,) = keys(sender(key))

    assert found == key
    assert encode(found) == quote_plus(key, safe="")


@pytest.mark.parametrize("sender", [pytest.param(sender, id=name) for name, sender in OPEN.items()])
@often
@given(key=object_keys | tricky_keys)
@example(key="a%20b+c")
@example(key="a+b")
@example(key="dir/a.txt")
def test_an_open_encoding_gives_the_object_key_or_asks(sender: senders.Sender, key: str) -> None:
    """With the option: the object key. Without: the object key or an error, and never another object key."""
    for encoding, encoded in ENCODINGS.items():
        notification = sender(encoded(key))
        assert keys(notification, encoding=encoding) == [key]

        reading = read(notification)
        if reading.object_keys == [key]:
            assert reading.unread == []
        else:
            assert reading.object_keys == []
            assert ASKS_FOR_ENCODING in reading.unread[0].reason
            assert "%" in encoded(key) or "+" in encoded(key)


@often
@given(key=object_keys | tricky_keys)
def test_an_unencoded_subscription_of_eventgrid_is_read_with_raw(key: str) -> None:
    assert keys(senders.obs_eventgrid_unencoded(key), encoding="raw") == [key]


@pytest.mark.parametrize("sender", [pytest.param(sender, id=name) for name, sender in OPEN.items()])
@pytest.mark.parametrize("key", ["a b+c", "中%20", "1%.jpg", "a%2", "tab\t+", "reports/q1.csv"])
def test_what_only_one_encoding_gives_needs_no_option(sender: senders.Sender, key: str) -> None:
    assert keys(sender(key)) == [key]


@pytest.mark.parametrize("sender", [pytest.param(sender, id=name) for name, sender in OPEN.items()])
@pytest.mark.parametrize("key", ["a%20b", "a+b", "%D6%D0"])
def test_an_open_encoding_is_an_error(sender: senders.Sender, key: str) -> None:
    assert reason(sender(key)).endswith(
        f': "{key}" may be URL-encoded or not, and the notification does not show which. {ASKS_FOR_ENCODING}'
    )


@pytest.mark.parametrize("key", ["a%20b", "a+b"])
def test_the_same_text_in_the_url_of_cos_proves_nothing(key: str) -> None:
    notification = senders.cos_silent(key)
    notification["Records"][0]["cos"]["cosObject"]["url"] = f"http://x/{key}"

    assert ASKS_FOR_ENCODING in reason(notification)


@pytest.mark.parametrize(("encoding", "key"), [("raw", "a%20b+c"), ("form", "a b c"), ("percent", "a b+c")])
@pytest.mark.parametrize(
    "sender", [senders.cos_silent, senders.oss, senders.s3_eventbridge, senders.ceph, senders.azure, senders.bos]
)
def test_the_option_overrides_the_encoding_of_the_vendor(sender: senders.Sender, encoding: str, key: str) -> None:
    assert keys(sender("a%20b+c"), encoding=encoding) == [key]


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("a b", "contains a space"),
        ("a\nb", "contains a control character"),
        ("a\x7fb", "contains a control character"),
        ("中", "contains a non-ASCII character"),
        ("1%.jpg", "contains a % without two hexadecimal digits after it"),
        ("a%2", "contains a % without two hexadecimal digits after it"),
        # Digits of other scripts are digits to Python, but not here.
        ("%٢٢", "contains a non-ASCII character"),
        ("%FF", "is not UTF-8 when it is decoded"),
        ("%ED%A0%80", "is not UTF-8 when it is decoded"),
    ],
)
@pytest.mark.parametrize("source", ["aws:s3", "OBS"])
def test_what_is_not_encoded_is_not_decoded(source: str, key: str, what: str) -> None:
    message = reason(of(source, key))

    assert f" {what}, so it is not URL-encoded as form. If the sender does not encode object keys, set" in message
    assert message.startswith("notification.Records[0].")
    assert keys(of(source, key), encoding="raw") == [key]
    assert "as percent. Set another encoding." in reason(of(source, key), encoding="percent")


@pytest.mark.parametrize("encoding", ["form", "percent"])
def test_an_option_that_the_object_key_contradicts_is_an_error(encoding: str) -> None:
    assert reason(senders.cos("中 文"), encoding=encoding) == (
        f'notification.Records[0].cos.cosObject.key: "中 文" is another object key than "中 文" in'
        f" notification.Records[0].cos.cosObject.url with the encoding {encoding}. Remove the option encoding."
    )
    assert reason(senders.oss("a b"), encoding=encoding) == (
        f'notification.events[0].oss.object.key: "a b" contains a space, so it is not URL-encoded as {encoding}. Set'
        " another encoding."
    )


@pytest.mark.parametrize(
    ("notification", "encoding", "proof"),
    [
        (senders.minio("a b+c"), "raw", "notification.Key"),
        (senders.minio("a b+c"), "percent", "notification.Key"),
        (senders.cos("a%20b"), "form", "notification.Records[0].cos.cosObject.url"),
        (senders.cos("a%20b"), "percent", "notification.Records[0].cos.cosObject.url"),
        (senders.gcs("a%20b"), "form", "notification.message.data"),
        (senders.s3_java("a b+c"), "raw", "notification.records[0].s3.object.urlDecodedKey"),
        ({**senders.obs_eventgrid("a b"), "subject": "a b"}, "raw", "notification.subject"),
    ],
)
def test_an_option_that_a_proof_contradicts_is_an_error(notification: t.Any, encoding: str, proof: str) -> None:
    message = reason(notification, encoding=encoding)

    assert " is another object key than " in message
    assert message.endswith(f" in {proof} with the encoding {encoding}. Remove the option encoding.")
    assert keys(notification)


def test_an_option_that_agrees_with_a_proof_is_accepted() -> None:
    assert keys(senders.minio("a b"), encoding="form") == ["a b"]
    assert keys(senders.gcs("a%20b"), encoding="raw") == ["a%20b"]
    assert keys(senders.cos("a%20b"), encoding="raw") == ["a%20b"]


def test_a_proof_that_contradicts_the_object_key_is_an_error() -> None:
    message = {**senders.minio("x"), "Key": f"{BUCKET}/y"}

    assert reason(message) == (
        'notification.Records[0].s3.object.key: "x" is another object key than "y" in notification.Key, with every'
        " encoding. Check the sender."
    )
    assert reason({**message, "Key": "elsewhere/x"}) == (
        'notification.Key: "elsewhere/x" does not start with the bucket, "b1/".'
    )
    described = {**senders.gcs_bare("x"), "data": senders.in_base64({"name": "y"})}
    assert 'than "y" in notification.data' in reason(described)


def test_the_subject_of_eventgrid_proves_nothing_for_several_records() -> None:
    event = {**senders.obs_eventgrid("a b"), "subject": "a b"}
    event["data"] = [event["data"], senders.obs_eventgrid("c")["data"]]

    assert keys(event) == ["a b", "c"]
    assert keys(event, encoding="raw") == ["a+b", "c"]


def test_a_subject_of_eventgrid_that_is_something_else_proves_nothing() -> None:
    assert keys({**senders.obs_eventgrid("a b"), "subject": "something else"}) == ["a b"]
    assert keys({**senders.obs_eventgrid("a b"), "subject": None}) == ["a b"]
