# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Finds every fenced block of the README, the pages of docs/ and the roles, and the EXAMPLES of plugins."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

import yaml
from ansible_collections.huaweicloud.oms.plugins.filter import object_keys
from ansible_collections.huaweicloud.oms.plugins.modules import oms_sync_event

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "roles").glob("*/README.md"))]


@dataclass(frozen=True)
class Block:
    """A fenced block: the page that it is on, its language, and its text."""

    page: str
    language: str
    text: str

    @property
    def start(self) -> str:
        """The first line, which tells it from the other blocks of the page."""
        return self.text.splitlines()[0]


def blocks_of(path: Path) -> list[Block]:
    """All fenced blocks of a page; an indented fence, or one that is not closed, is an error."""
    text = path.read_text(encoding="utf-8")
    page = str(path.relative_to(ROOT))
    found = [Block(page, *match) for match in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)]
    assert 2 * len(found) == text.count("```"), f"{page}: a fence is indented or not closed"
    return found


BLOCKS = [block for path in PAGES for block in blocks_of(path)]


def block(page: str, start: str) -> str:
    """The one block of a page whose first line starts so."""
    (text,) = [each.text for each in BLOCKS if each.page == page and each.start.startswith(start)]
    return text


def _parts() -> dict[str, list[dict[str, t.Any]]]:
    """Plays and tasks by the name of the first, as plays; each name is used once."""
    texts = [block.text for block in BLOCKS if block.language == "yaml" and block.start.startswith("- name: ")]
    # The page on notifications has the first example of the filter, too.
    texts += [*oms_sync_event.EXAMPLES.split("\n\n"), *object_keys.EXAMPLES.split("\n\n")[1:]]
    found = {}
    for text in texts:
        parts = yaml.safe_load(text)
        name = parts[0]["name"]
        assert name not in found, name
        found[name] = parts if "hosts" in parts[0] else [{"hosts": "localhost", "gather_facts": False, "tasks": parts}]
    return found


# All plays and tasks of the documentation.
PLAYS = _parts()
