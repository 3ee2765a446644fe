# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Hostile input, limits on depth, time and memory, and how the package is loaded."""

from __future__ import annotations

import base64
import copy
import functools
import json
import subprocess
import sys
import time
import tracemalloc
import typing as t
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.object_keys import encode
from ansible_collections.huaweicloud.oms.plugins.plugin_utils import _notifications
from ansible_collections.huaweicloud.oms.plugins.plugin_utils._notifications import CHANGES, Reading, read
from ansible_collections.huaweicloud.oms.tests import senders
from ansible_collections.huaweicloud.oms.tests.senders import BUCKET, record
from hypothesis import given, settings
from hypothesis import strategies as st

# Coverage would double their time; other tests cover the same code.
pytestmark = pytest.mark.no_cover

HERE = Path(__file__).parent
REAL = [
    case["notification"]
    for directory in ("payloads", "cases")
    for path in sorted((HERE / directory).glob("*.json"))
    for case in json.loads(path.read_text(encoding="utf-8"))
]


def one(source: str, key: t.Any, event: str = "ObjectCreated:Put") -> dict[str, t.Any]:
    """A notification of one record."""
    return {"Records": [record(source, "s3", key, event)]}


random_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
often = settings(derandomize=True, database=None, deadline=None, max_examples=100)


def assert_readable(notification: t.Any) -> None:
    """Object keys and reasons, and never an exception."""
    for encoding in ("auto", "form"):
        reading = read(notification, encoding=encoding, changes=CHANGES)
        in_bucket = read(notification, encoding=encoding, changes=CHANGES, bucket=BUCKET)

        assert [key for key in reading.object_keys if not encode(key[:100])] == []
        for unread in reading.unread + in_bucket.unread:
            assert unread.reason.isprintable()
            assert len(unread.reason) < 2000


@settings(often, max_examples=300)
@given(random_json)
def test_anything_is_read_without_an_exception(notification: t.Any) -> None:
    assert_readable(notification)
    assert_readable(json.dumps(notification))


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


PLACES = [(notification, place) for notification in REAL for place in places(notification)]


@settings(often, max_examples=500)
@given(st.sampled_from(PLACES), random_json | st.sampled_from(REAL))
def test_a_changed_field_is_read_without_an_exception(where: tuple[t.Any, tuple[t.Any, ...]], by: t.Any) -> None:
    assert_readable(replaced(*where, by))


def test_a_missing_field_is_read_without_an_exception() -> None:
    for notification, place in PLACES:
        if place:
            assert_readable(without(notification, place))


def nested(depth: int, wrap: t.Callable[[t.Any], t.Any]) -> t.Any:
    return functools.reduce(lambda inner, _level: wrap(inner), range(depth), senders.s3("x"))


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda inner: [inner], id="lists"),
        pytest.param(lambda inner: {"Records": inner}, id="envelopes"),
        pytest.param(lambda inner: {"TopicArn": "x", "Type": "Notification", "Message": inner}, id="topics"),
        pytest.param(lambda inner: {"specversion": "1.0", "data": inner}, id="CloudEvents"),
    ],
)
def test_what_is_nested_too_deeply_is_unread(wrap: t.Callable[[t.Any], t.Any]) -> None:
    assert read(nested(14, wrap)) == Reading(["x"], [])
    for depth in (16, 2000):
        (unread,) = read(nested(depth, wrap)).unread
        assert unread.reason.endswith("is nested more than 16 levels deep.")


def test_text_that_is_nested_too_deeply_is_unread() -> None:
    deep = "[" * 200_000 + "]" * 200_000

    assert "nested" in read(deep).unread[0].reason
    assert "neither JSON nor JSON in Base64" in read(base64.b64encode(deep.encode()).decode()).unread[0].reason
    # Not what Google sends, and so it proves nothing.
    described = {**senders.gcs_bare("x"), "data": base64.b64encode(deep.encode()).decode()}
    assert read(described) == Reading(["x"], [])


def test_huge_numbers_are_only_numbers() -> None:
    assert "It is a number." in read({"Records": [10**5000]}).unread[0].reason
    assert "neither JSON" in read('{"Records": [' + "1" * 5000 + "]}").unread[0].reason
    huge = senders.cos("x")
    huge["Records"][0]["cos"]["cosBucket"]["appid"] = 10**5000
    assert "appid: must be a string, but is a number." in read(huge).unread[0].reason


def test_time_is_linear_in_the_length() -> None:
    """What is quadratic takes minutes here. CPU time, so that a busy machine does not matter."""
    many = 20_000
    begin = time.process_time()

    assert len(read({"Records": senders.s3("a b")["Records"] * many}).object_keys) == many
    changed_often = [
        record("aws:s3", "s3", "x", event, sequencer=f"{number:X}")
        for event in ("ObjectCreated:Put", "ObjectRemoved:Delete")
        for number in range(1, many)
    ]
    assert len(read({"Records": changed_often}).object_keys) < many
    read(one("aws:s3", "x", ":" * 1_000_000))
    read(one("aws:s3", "%" * 1_000_000))
    read({str(number): number for number in range(many)})
    read(senders.azure("/blobs/" * 100_000)[0] | {"subject": "/blobServices/default/containers/" * 50_000})

    assert time.process_time() - begin < 30


@pytest.mark.parametrize("record", [0, "", {}], ids=["numbers", "texts", "dictionaries"])
def test_memory_is_bounded_for_many_small_records(record: t.Any) -> None:
    """One POST of 1 MiB can hold half a million records that cannot be read. Each would take about 1 KB."""
    notification = {"Records": [record] * 5_000}
    tracemalloc.start()
    try:
        reading = read(notification)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert len(reading.unread) == 1
    # The first 1,000 reasons
    assert peak < 1_500_000


# ---- how the package is loaded

LOAD = """
import importlib.util, json, sys
path, name, text = sys.argv[1:]
spec = importlib.util.spec_from_file_location(name, path + "/__init__.py", submodule_search_locations=[path])
package = importlib.util.module_from_spec(spec)
sys.modules[name] = package
spec.loader.exec_module(package)
print(package.read(text).object_keys)
print(sorted({module.split(".")[0] for module in sys.modules} - set(sys.stdlib_module_names)))
"""


@pytest.mark.parametrize(
    "name", ["notifications", "ansible_collections.huaweicloud.oms.plugins.plugin_utils._notifications"]
)
def test_the_package_can_be_loaded_by_its_path_without_ansible(name: str) -> None:
    """As Event-Driven Ansible does it, in a process where nothing is installed."""
    path = str(Path(str(_notifications.__file__)).parent)
    command = [sys.executable, "-I", "-S", "-c", LOAD, path, name, json.dumps(senders.s3("a b"))]
    lines = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stdout.splitlines()

    assert lines[0] == "['a b']"
    assert lines[1] == str(sorted({"__main__", name.split(".")[0]}))
