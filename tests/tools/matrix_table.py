# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Show how the cells of the matrix are.

    python3 tests/tools/matrix_table.py REPORTS_FOLDER

Reads what `make test-matrix` left there: sessions.json (nox), and for each cell the JUnit files CELL.unit.xml and
CELL.integration.xml, as far as it came, and CELL.note, where something was left out.
"""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

from summarize import count_tests

HEADINGS = ("cell", "state", "unit tests", "integration tests", "minutes", "why")
# What nox makes of a session, in a word.
STATES = {"success": "green", "failed": "red", "aborted": "red", "skipped": "can't be"}


def tests_of(junit: Path) -> str:
    """Return how the tests of one pytest run went; a dash where there was none."""
    if not junit.exists():
        return "-"
    return ", ".join(f"{number} {name}" for name, number in count_tests(junit).items() if number)


def row(reports: Path, session: dict[str, t.Any]) -> tuple[str, ...]:
    """Return a cell's line of the table.

    :arg session: as nox reports it; among its arguments is the cell's name.
    """
    cell = session["args"]["name"]
    state = STATES[session["result"]]
    unit, integration = (tests_of(reports / f"{cell}.{kind}.xml") for kind in ("unit", "integration"))
    note = reports / f"{cell}.note"
    left_out = note.read_text(encoding="utf-8") if note.exists() else ""
    why = left_out if state == "green" else str(session["reason"] or "see above")
    return cell, state, unit, integration, f"{session['duration'] / 60:.1f}", why


def table(rows: t.Sequence[tuple[str, ...]]) -> str:
    """Return rows as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in rows)


def main() -> int:
    reports = Path(sys.argv[1])
    sessions = json.loads((reports / "sessions.json").read_text())["sessions"]
    # The others copy the collection and make environments.
    rows = [row(reports, session) for session in sessions if "name" in session["args"]]
    print("\n" + table([HEADINGS, *rows]))
    red = [cells[0] for cells in rows if cells[1] == "red"]
    print(f"\n{len(rows)} cells, {len(red)} red{': ' if red else ''}{', '.join(red)}")
    return bool(red)


if __name__ == "__main__":
    sys.exit(main())
