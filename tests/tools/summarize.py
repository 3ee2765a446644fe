# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Say how a run of the tests went.

    python3 tests/tools/summarize.py REPORTS_FOLDER

Reads what `make test` and `make test-thin-matrix` left there: reports of nox (sessions*.json) and one JUnit file for
each run of pytest. The last line is `N passed, M failed`, over all of pytest's runs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree


def count_tests(junit: Path) -> dict[str, int]:
    """Return how many tests of one pytest run passed, failed (errors too) and were skipped."""
    suite = ElementTree.parse(junit).getroot().find("testsuite")
    assert suite is not None, junit
    total, errors, failures, skipped = (int(suite.attrib[name]) for name in ("tests", "errors", "failures", "skipped"))
    return {"passed": total - errors - failures - skipped, "failed": errors + failures, "skipped": skipped}


def main() -> None:
    reports = Path(sys.argv[1])
    sums = {"passed": 0, "failed": 0, "skipped": 0}

    print("\nSummary")
    for report in sorted(reports.glob("sessions*.json")):
        for session in json.loads(report.read_text())["sessions"]:
            # A session of the matrix has the name of its cell.
            name = " ".join([session["name"], *filter(None, [session["args"].get("name")])])
            print(f"  {name:<36} {session['result']}")
    for junit in sorted(reports.glob("*.xml")):
        counts = count_tests(junit)
        print(f"  tests: {junit.stem:<29} " + ", ".join(f"{number} {name}" for name, number in counts.items()))
        for name, number in counts.items():
            sums[name] += number

    print(f"{sums['passed']} passed, {sums['failed']} failed")


if __name__ == "__main__":
    main()
