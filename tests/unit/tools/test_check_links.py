# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.tests.tools.check_links import problems

GOOD = """
<link href="style.css" rel="stylesheet"><img src="data:image/png;base64,AAAA">
<h1 id="top">x</h1><a name="old">y</a>
<a href="#top">1</a> <a href="">2</a> <a href="b/other.html">3</a> <a href="b/other.html#a%20b">4</a>
<a href="#old">5</a>
<a href="https://example.com/nothing#here">6</a> <a href="mailto:a@example.com">7</a>
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "b").mkdir()
    (tmp_path / "index.html").write_text(GOOD, encoding="utf-8")
    (tmp_path / "style.css").touch()
    (tmp_path / "b" / "other.html").write_text('<p id="a b"><a href="../index.html#top">up</a></p>', encoding="utf-8")
    return tmp_path


def test_links_that_lead_somewhere_are_good(site: Path) -> None:
    assert problems(site) == []


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ('<a href="gone.html">', "no file gone.html"),
        ('<a href="b/">', "no file b/"),
        ('<img src="gone.png">', "no file gone.png"),
        ('<a href="#nowhere">', "no such place #nowhere"),
        ('<a href="b/other.html#top">', "no such place b/other.html#top"),
        ('<script src="https://example.com/x.js"></script>', "loads https://example.com/x.js"),
        ('<link href="//example.com/x.css">', "loads //example.com/x.css"),
    ],
)
def test_a_bad_one_is_named(site: Path, html: str, problem: str) -> None:
    (site / "bad.html").write_text(html, encoding="utf-8")

    assert problems(site) == [f"bad.html: {problem}"]


def test_a_site_without_a_page_is_none(tmp_path: Path) -> None:
    assert problems(tmp_path) == [f"no page below {tmp_path}"]
