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


def test_names_are_found() -> None:
    assert object_keys(senders.s3("a b+c")) == ["a b+c"]
    assert object_keys(json.dumps([senders.obs("a"), senders.oss("b")])) == ["a", "b"]


def test_options_are_handed_on() -> None:
    tag = {"Records": [senders.record("aws:s3", "s3", "tagged", "ObjectTagging:Put")]}

    assert object_keys(senders.cos_silent("a+b"), encoding="percent") == ["a+b"]
    assert object_keys([tag, senders.s3("x")], changes=["metadata"]) == ["tagged"]
    assert object_keys([tag, senders.s3("x")], changes="metadata") == ["tagged"]
    assert object_keys([senders.s3("x"), senders.cos("y")], bucket="b1-1250000000") == ["y"]


def test_a_refusal_is_the_sentence_for_the_user() -> None:
    assert refusal({"x": 1}) == (
        'notification: is a dictionary of "x" (a number), which is no notification that is known'
    )
    assert refusal([], encoding="utf-8") == 'encoding: "utf-8" is not known: give auto, raw, form or percent'
    assert refusal([], changes="deleted").startswith('changes: "deleted" is not known')
    assert refusal([], changes={"created": True}) == (
        "changes: is a dictionary, but must be a list of created, restored and metadata"
    )


def test_options_have_names() -> None:
    with pytest.raises(TypeError):
        object_keys([], "raw")


@pytest.mark.parametrize("option", ["encoding", "changes", "bucket"])
def test_what_is_undefined_raises_what_it_always_raises(option: str) -> None:
    """ansible-core before 2.19 hands it over."""
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
        (name,) = object_keys(notification, encoding=trust_as_template("raw"), changes=[trust_as_template("created")])
        assert name == "a b"
        assert type(name).__name__ == "str"
    assert object_keys(senders.oss("x"), bucket=trust_as_template("b1")) == ["x"]


def test_before_2_19_names_are_marked_as_what_is_no_template(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the mark does there, the integration tests show."""
    monkeypatch.delattr(ansible.template, "trust_as_template", raising=False)
    monkeypatch.setattr("ansible.utils.unsafe_proxy.wrap_var", lambda value: ["marked", value])

    assert object_keys(senders.oss("{{ 7 * 7 }}")) == ["marked", ["{{ 7 * 7 }}"]]
