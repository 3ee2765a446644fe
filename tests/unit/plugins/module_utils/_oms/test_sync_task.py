# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.sync_task import (
    missing_keys,
    read_desired_state,
    start,
    without_counters,
)

KEYS = {"access_key": "Marker-ak", "secret_key": "Marker-sk"}
OPTIONS: dict[str, t.Any] = {
    "state": "present",
    "sync_task_id": None,
    "source": {"cloud_type": "AWS", "region": "us-east-1", "bucket": "source", **KEYS, "cdn": {"domain": "d"}},
    "destination": {"region": "cn-north-4", "bucket": "destination", **KEYS},
    "description": None,
    "wait": True,
}


def changed(path: str, value: t.Any) -> dict[str, t.Any]:
    """The options with another value for one of them, or without it."""
    first, *rest = path.split(".")
    options = dict(OPTIONS)
    if not rest:
        return {**options, first: value}
    options[first] = inner = dict(options[first])
    if len(rest) > 1:
        inner["cdn"] = inner = dict(inner["cdn"])
    inner[rest[-1]] = value
    return options


# Of each option the fewest and the most characters that OMS documents (docs/oms-api.md, section 2).
LIMITS = {
    "source.region": (1, 100),
    "source.bucket": (1, 1024),
    "source.access_key": (1, 100),
    "source.secret_key": (1, 100),
    "source.app_id": (0, 255),
    "source.kms_key_id": (36, 36),
    "source.cdn.domain": (1, 1024),
    "source.cdn.authentication_key": (0, 255),
    "source.cdn.kms_key_id": (36, 36),
    "destination.region": (1, 100),
    "destination.bucket": (1, 1024),
    "destination.access_key": (1, 100),
    "destination.secret_key": (1, 100),
    "destination.kms_key_id": (36, 36),
    "description": (0, 255),
    "sync_task_id": (1, 1024),
}


@pytest.mark.parametrize(("path", "length"), [(path, length) for path, limits in LIMITS.items() for length in limits])
def test_what_keeps_a_limit_is_taken(path: str, length: int) -> None:
    read_desired_state(changed(path, "x" * length))


@pytest.mark.parametrize(("path", "most"), [(path, most) for path, (_least, most) in LIMITS.items()])
def test_what_is_too_long_is_refused(path: str, most: int) -> None:
    with pytest.raises(ArgumentError) as caught:
        read_desired_state(changed(path, "x" * (most + 1)))

    message = str(caught.value)
    assert message.startswith(path)
    assert f"has {most + 1} characters" in message
    assert str(most) in message.partition(" characters")[2]


@pytest.mark.parametrize("path", [path for path, (least, _most) in LIMITS.items() if least])
def test_what_is_empty_is_refused(path: str) -> None:
    with pytest.raises(ArgumentError, match=f"^{path}:? is empty|^{path}:? has 0 characters"):
        read_desired_state(changed(path, ""))


def test_messages_name_option_limit_and_remedy() -> None:
    def said(path: str, value: str) -> str:
        with pytest.raises(ArgumentError) as caught:
            read_desired_state(changed(path, value))
        return str(caught.value)

    assert said("description", "x" * 300) == "description has 300 characters. At most 255 are allowed; shorten it."
    assert said("source.bucket", "") == (
        "source.bucket is empty. It must have 1 to 1024 characters; correct it or omit it."
    )
    assert said("source.kms_key_id", "x") == (
        "source.kms_key_id has 1 character. It must be an id of 36 characters; correct it."
    )
    assert said("description", "a < b") == (
        'description contains "<" at character 3. OMS does not allow the characters <>()"\'&; remove it.'
    )


@pytest.mark.parametrize("sign", "<>()\"'&")
def test_a_description_is_without_signs_that_oms_refuses(sign: str) -> None:
    with pytest.raises(ArgumentError, match=r"^description contains "):
        read_desired_state(changed("description", f"a{sign}"))


@pytest.mark.parametrize("whitespace", [" ", "\n", "\t", "\r\n"])
@pytest.mark.parametrize("path", ["source.access_key", "destination.secret_key", "source.cdn.authentication_key"])
def test_a_key_is_without_whitespace_around_it(path: str, whitespace: str) -> None:
    for value in (f"Marker{whitespace}", f"{whitespace}Marker"):
        with pytest.raises(ArgumentError) as caught:
            read_desired_state(changed(path, value))
        assert str(caught.value) == f"{path} begins or ends with whitespace. Remove it."


@pytest.mark.parametrize(
    "path", ["source.cloud_type", "source.region", "source.bucket", "destination.region", "destination.bucket"]
)
@pytest.mark.parametrize("state", ["present", "started", "stopped", "absent"])
def test_without_an_id_all_of_the_way_is_needed(path: str, state: str) -> None:
    options = {**changed(path, None), "state": state}
    with pytest.raises(ArgumentError) as caught:
        read_desired_state(options)

    assert str(caught.value) == (
        f"{path} is required without sync_task_id, because a sync task is found by its source and destination. Give it,"
        " or sync_task_id."
    )
    assert read_desired_state({**options, "sync_task_id": "task"}).sync_task_id == "task"


def test_with_nothing_at_all_all_of_the_way_is_asked_for() -> None:
    with pytest.raises(ArgumentError, match=r"^source.cloud_type, .* and destination.bucket are required without"):
        read_desired_state({"state": "absent", "sync_task_id": None, "source": None, "destination": None})


@pytest.mark.parametrize(
    "path", ["source.access_key", "source.secret_key", "destination.access_key", "destination.secret_key"]
)
def test_keys_are_given_all_or_not_at_all(path: str) -> None:
    """Before OMS is asked for anything."""
    for state in ("present", "started"):
        with pytest.raises(ArgumentError) as caught:
            read_desired_state({**changed(path, None), "state": state})
        assert str(caught.value) == (
            f"{path} is missing. OMS needs the keys of source and destination together; give all four."
        )
    for state in ("stopped", "absent"):
        assert missing_keys(read_desired_state({**changed(path, None), "state": state})) == [path]


def test_no_key_is_in_a_repr() -> None:
    desired = read_desired_state(changed("source.cdn.authentication_key", "Marker-cdn"))

    assert "Marker" not in f"{desired!r} {desired} {desired.places}"
    assert desired.secrets == ["Marker-ak", "Marker-sk", "Marker-ak", "Marker-sk", "Marker-cdn"]


def test_starting_sends_nothing_that_is_not_given() -> None:
    assert start(read_desired_state({**OPTIONS, "sync_task_id": "task"})) == {
        "src_ak": "Marker-ak",
        "src_sk": "Marker-sk",
        "dst_ak": "Marker-ak",
        "dst_sk": "Marker-sk",
    }


def test_counters_are_left_out() -> None:
    assert without_counters({"status": "STOPPED", "monthly_size": 1}) == {"status": "STOPPED"}
