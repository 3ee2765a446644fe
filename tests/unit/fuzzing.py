# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What comes from outside, in all the shapes that it may have: hypothesis draws it, and this checks it."""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import OmsError
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Response
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st


def bounded(examples: int) -> settings:
    """The same examples in each run, and no more of them than so many: what fails once fails always.

    With OMS_TEST_FULL set there are twenty times as many, for who goes out to look for more.
    """
    return settings(
        derandomize=True,
        database=None,
        deadline=None,
        max_examples=examples * (20 if "OMS_TEST_FULL" in os.environ else 1),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


# Any at all: control characters, lone surrogates and what lies beyond the first plane among them.
ANY_TEXT = st.text(st.characters(), max_size=30)
# What ends lines and sentences somewhere, and what is special to Python, shells, templates and headers.
SPECIAL_TEXT = st.sampled_from(
    [
        "",
        " ",
        "\0",
        "a\0b",
        "\n",
        "\r\nX-Evil: 1",
        "\x85\u2028",
        "\ud800",
        "\udcff\udc80",
        "{{ 7 * 7 }}",
        "%(a)s %s {0}",
        "$(id)`id`",
        "../..",
        "-",
        "\ufeff",
        "0",
        "1.10",
        "nan",
        "inf",
        "x" * 20_000,
    ]
)
TEXT = ANY_TEXT | SPECIAL_TEXT
NUMBERS = st.integers() | st.floats() | st.sampled_from([2**63, 10**400, -1, 0, 1e308, float("inf"), float("nan")])
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT
JSON: st.SearchStrategy[t.Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def nested(draw: st.DrawFn) -> bytes:
    """Lists in lists or objects in objects, on both sides of what JSON's reader and Python's stack can bear."""
    depth = draw(st.integers(1, 1200))
    start, end = draw(st.sampled_from([("[", "]"), ('{"a":', "}"), ('[{"status":', "}]")]))
    return f"{start * depth}1{end * depth}".encode()


def places(document: t.Any) -> t.Iterator[tuple[t.Any, ...]]:
    """The ways to all the values of a document, and to itself."""
    yield ()
    items: t.Iterable[tuple[t.Any, t.Any]] = ()
    if isinstance(document, dict):
        items = document.items()
    elif isinstance(document, list):
        items = enumerate(document)
    for name, value in items:
        for place in places(value):
            yield (name, *place)


def replaced(document: t.Any, place: tuple[t.Any, ...], value: t.Any) -> t.Any:
    if not place:
        return value
    name, *rest = place
    if isinstance(document, dict):
        return {**document, name: replaced(document[name], tuple(rest), value)}
    return [replaced(item, tuple(rest), value) if n == name else item for n, item in enumerate(document)]


@st.composite
def nearly(draw: st.DrawFn, document: t.Any) -> bytes:
    """A document as it should be, in JSON, with one of its values replaced by any other, or something cut off."""
    place = draw(st.sampled_from(list(places(document))))
    if draw(st.booleans()):
        written = json.dumps(replaced(document, place, "HERE")).encode()
        return written.replace(b'"HERE"', draw(nested()), 1)
    written = json.dumps(replaced(document, place, draw(JSON))).encode()
    return written[: draw(st.integers(0, len(written)))] if draw(st.integers(0, 9)) == 0 else written


def bodies(*documents: t.Any) -> st.SearchStrategy[bytes]:
    """What may be in an answer's body where one of these documents should be."""
    whole = [st.just(json.dumps(document).encode()) for document in documents]
    return st.one_of(
        st.binary(max_size=200),
        JSON.map(lambda value: json.dumps(value).encode()),
        nested(),
        ANY_TEXT.map(lambda text: f"<html>{text}</html>".encode("utf-8", "surrogatepass")),
        *whole,
        *(nearly(document) for document in documents for _weight in range(3)),
    )


DATES = st.sampled_from(
    [
        "Thu, 01 Jan 2026 00:00:00 GMT",
        "Thu, 01 Jan 0001 00:00:00 +2359",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Thu, 01 Jan 2026 00:00:00 +99999999999",
        "Thu, 99 Jan 99999999999999 99:99:99 GMT",
        "01 Jan 2026",
        ", ,",
    ]
)
# As they come out of http.client: any of latin-1, without the ends of lines.
HEADER_VALUES = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=30)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Retry-After": HEADER_VALUES | DATES | st.integers(-(10**30), 10**400).map(str) | st.just("9" * 5000),
        "Date": HEADER_VALUES | DATES,
        "Content-Type": HEADER_VALUES | st.sampled_from(["application/json", "text/html", "TEXT/HTML; charset=\0"]),
        "X-Request-Id": HEADER_VALUES | st.just("x" * 20_000),
        "X-Subject-Token": HEADER_VALUES | st.just("token"),
        "Location": HEADER_VALUES,
    },
)
STATUSES = st.sampled_from([200] * 6 + [201, 201, 204, 301, 400, 401, 403, 404, 405, 429, 500, 502, 503, 504, 599])


def answers(*documents: t.Any) -> st.SearchStrategy[Response]:
    """What a service may answer where one of these documents should come."""
    return st.builds(Response, STATUSES, HEADERS, bodies(*documents))


def assert_readable(text: str) -> None:
    """A user can read it: one line, or a list with an item a line, which terminals and Ansible's JSON can take."""
    assert text
    is_list = "\n- " in text
    assert all(line.isprintable() for line in (text.split("\n") if is_list else [text])), repr(text)
    assert "Traceback" not in text


def refusal(act: t.Callable[..., t.Any], *arguments: t.Any) -> str | None:
    """What is said of what can't be used; None where it can. Any exception but ours fails the test."""
    try:
        act(*arguments)
    except OmsError as error:
        assert_readable(str(error))
        json.dumps(error.result).encode()
        return str(error)
    return None
