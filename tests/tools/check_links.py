# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Check the links within a site of HTML files, and that it loads nothing from elsewhere.

    python3 tests/tools/check_links.py FOLDER

Sphinx warns of most dead links, not of those in raw HTML, nor of fragments that a theme or an extension made. What
leads elsewhere is not followed.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What an HTML file links to, what it loads, and the places in it that can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            elif name == "href" and value and tag == "a":
                self.links.add(value)
            elif (name == "src" or (name == "href" and tag == "link")) and value:
                self.loads.add(value)


def problems(site: Path) -> list[str]:
    """Return what is wrong with the links of all pages below a folder."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.resolve().rglob("*.html"))}
    found = [] if pages else [f"no page below {site}"]
    for path, page in pages.items():
        for link in sorted(page.links | page.loads):
            parts = urlsplit(link)
            where = path.relative_to(site.resolve())
            if parts.scheme == "data" or (parts.scheme and link not in page.loads):
                continue
            if parts.scheme or parts.netloc:
                found.append(f"{where}: loads {link}")
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                found.append(f"{where}: no file {link}")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                found.append(f"{where}: no such place {link}")
    return found


def main() -> int:
    found = problems(Path(sys.argv[1]))
    print(*found, f"{len(found)} dead links", sep="\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
