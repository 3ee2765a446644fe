# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

import json
import typing as t

import ansible.template
import pytest
from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.huaweicloud.oms.plugins.filter.object_keys import FilterModule
from ansible_collections.huaweicloud.oms.tests import senders
from jinja2 import StrictUndefined, UndefinedError

object_keys = FilterModule().filters()["object_keys"]
# What it does to a string; ansible-core has it since 2.19.
trust_as_template = getattr(ansible.template, "trust_as_template", None)


def refusal(*arguments: t.Any, **options: t.Any) -> str:
    with pytest.raises(AnsibleFilterError) as caught:
        object_keys(*arguments, **options)
    return str(caught.value)


def test_object_keys_are_found() -> None:
    assert object_keys(senders.s3("a b+c")) == ["a b+c"]
    assert object_keys(json.dumps([senders.obs("a"), senders.oss("b")])) == ["a", "b"]


def test_options_reach_the_reader() -> None:
    tag = {"Records": [senders.record("aws:s3", "s3", "tagged", "ObjectTagging:Put")]}

    assert object_keys(senders.cos_silent("a+b"), encoding="percent") == ["a+b"]
    assert object_keys([tag, senders.s3("x")], changes=["metadata"]) == ["tagged"]
    assert object_keys([tag, senders.s3("x")], changes="metadata") == ["tagged"]
    assert object_keys([senders.s3("x"), senders.cos("y")], bucket="b1-1250000000") == ["y"]


UNKNOWN = senders.record("aws:s3", "s3", "x", "ObjectCreated:New")
LEAVE_OUT = "To leave out records that cannot be read, set errors='warn'."


def test_a_record_that_cannot_be_read_is_an_error() -> None:
    assert refusal({"x": 1}) == (
        f'notification: the format is unknown. It is a dictionary of "x" (a number). {LEAVE_OUT}'
    )
    assert refusal({"Records": [senders.record("aws:s3", "s3", "good"), UNKNOWN]}) == (
        f'notification.Records[1].eventName: the event "ObjectCreated:New" is unknown. {LEAVE_OUT}'
    )
    assert refusal([UNKNOWN] * 3) == (
        f'notification[0].eventName: the event "ObjectCreated:New" is unknown. 2 more cannot be read. {LEAVE_OUT}'
    )


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    shown: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, text, **_options: shown.append(text))
    return shown


def test_records_that_cannot_be_read_are_left_out_with_a_warning(warnings: list[str]) -> None:
    good = senders.record("aws:s3", "s3", "good")

    assert object_keys([good, UNKNOWN, good], errors="warn") == ["good", "good"]
    assert warnings == [
        '1 record of the notification is left out. notification[1].eventName: the event "ObjectCreated:New" is unknown.'
    ]
    assert object_keys([good, *[UNKNOWN] * 8], errors="warn") == ["good"]
    assert warnings[1].startswith("8 records of the notification are left out. notification[1].eventName: ")
    assert warnings[1].endswith('notification[5].eventName: the event "ObjectCreated:New" is unknown. 3 more.')


def test_nothing_left_out_gives_no_warning(warnings: list[str]) -> None:
    assert object_keys([senders.s3("a"), {"eventType": "Microsoft.Storage.BlobDeleted"}], errors="warn") == ["a"]
    assert warnings == []


def test_options_are_checked() -> None:
    assert refusal([], encoding="utf-8") == "encoding must be one of auto, raw, form, percent."
    assert refusal([], changes="deleted") == "changes must be a list with any of created, restored, metadata."
    assert refusal([], changes={"created": True}) == "changes must be a list with any of created, restored, metadata."
    assert refusal([], errors="ignore") == "errors must be strict or warn."


def test_options_have_names() -> None:
    with pytest.raises(TypeError):
        object_keys([], "raw")


@pytest.mark.parametrize("option", ["encoding", "changes", "bucket", "errors"])
def test_what_is_undefined_raises_what_it_always_raises(option: str) -> None:
    """ansible-core before 2.19 passes it."""
    with pytest.raises(UndefinedError, match="'gone' is undefined"):
        object_keys(StrictUndefined(name="gone"))
    with pytest.raises(UndefinedError, match="'gone' is undefined"):
        object_keys([], **{option: StrictUndefined(name="gone")})


@pytest.mark.skipif(trust_as_template is None, reason="this ansible-core marks no strings")
def test_strings_that_ansible_has_marked_give_plain_strings() -> None:
    """How whole variables get here, with all their marks, the integration tests show."""
    marked = trust_as_template("a b")
    assert type(marked).__name__ != "str"
    text = trust_as_template(json.dumps(senders.oss("a b")))

    for notification in (senders.oss(marked), senders.azure(marked), text):
        (key,) = object_keys(notification, encoding=trust_as_template("raw"), changes=[trust_as_template("created")])
        assert key == "a b"
        assert type(key).__name__ == "str"
    assert object_keys(senders.oss("x"), bucket=trust_as_template("b1")) == ["x"]


def test_before_2_19_object_keys_are_marked_as_unsafe(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the mark does there, the integration tests show."""
    monkeypatch.delattr(ansible.template, "trust_as_template", raising=False)
    monkeypatch.setattr("ansible.utils.unsafe_proxy.wrap_var", lambda value: ["marked", value])

    assert object_keys(senders.oss("{{ 7 * 7 }}")) == ["marked", ["{{ 7 * 7 }}"]]
