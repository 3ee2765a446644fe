# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Say how a run of `make test` or `make test-matrix` went, and what it left out.

    python3 tests/tools/summarize.py REPORTS_DIRECTORY

Reads nox's reports (*.json), one JUnit file for each run of pytest, and notes of what was not tested. The last line is
`N passed, N failed, N skipped`, over all runs of pytest. The exit status is 1 if anything failed or nothing ran.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

OUTCOMES = ("passed", "failed", "skipped")


def read_tests(junit: Path) -> tuple[Counter[str], Counter[str]]:
    """Count the outcomes of one pytest run (errors are failures), and the reasons for which tests were skipped."""
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for case in ElementTree.parse(junit).getroot().iter("testcase"):
        skipped = case.find("skipped")
        failed = case.find("failure") is not None or case.find("error") is not None
        outcomes["failed" if failed else "passed" if skipped is None else "skipped"] += 1
        if skipped is not None:
            reasons[skipped.get("message", "")] += 1
    return outcomes, reasons


def as_text(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[name]} {name}" for name in OUTCOMES)


def main() -> int:
    reports = Path(sys.argv[1])
    sessions = [each for file in sorted(reports.glob("*.json")) for each in json.loads(file.read_text())["sessions"]]
    print("\nSummary")
    for session in sessions:
        # A cell of the matrix has a name of its own.
        name = session["args"].get("name", session["name"])
        print(f"  {name:<26} {session['result']:<8} {session['duration']:6.0f} s  {session['reason'] or ''}".rstrip())
    total: Counter[str] = Counter()
    left_out = [note.read_text(encoding="utf-8") for note in sorted(reports.glob("*.note"))]
    for junit in sorted(reports.glob("*.xml")):
        outcomes, reasons = read_tests(junit)
        total += outcomes
        print(f"  tests: {junit.stem:<30} {as_text(outcomes)}")
        left_out += [f"{count} tests of {junit.stem}: {reason}" for reason, count in reasons.items()]
    for why in left_out:
        print(f"  not tested: {why}")
    print(as_text(total))
    return int(
        not sessions or bool(total["failed"]) or any(each["result"] in ("failed", "aborted") for each in sessions)
    )


if __name__ == "__main__":
    sys.exit(main())
