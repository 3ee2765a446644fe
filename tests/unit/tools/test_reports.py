# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What is said at the end of a run of the tests, and of the matrix."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

TOOLS = Path(__file__).parents[2] / "tools"


def session(name: str, result: str, reason: str = "") -> dict[str, t.Any]:
    """What nox reports of a session; of one of the matrix, with its cell behind a space."""
    name, _blank, cell = name.partition(" ")
    return {"name": name, "args": {"name": cell} if cell else {}, "result": result, "reason": reason, "duration": 90.0}


def write_sessions(path: Path, *sessions: dict[str, t.Any]) -> None:
    path.write_text(json.dumps({"sessions": sessions}), encoding="utf-8")


def write_tests(path: Path, tests: int, errors: int = 0, failures: int = 0, skipped: int = 0) -> None:
    counts = f'tests="{tests}" errors="{errors}" failures="{failures}" skipped="{skipped}"'
    path.write_text(f"<testsuites><testsuite {counts}/></testsuites>", encoding="utf-8")


def say(tool: str, reports: Path) -> tuple[int, list[str]]:
    """A tool's exit status and what it says, without blank lines and alignment."""
    run = subprocess.run([sys.executable, TOOLS / tool, reports], capture_output=True, text=True, check=False)
    assert run.stderr == ""
    return run.returncode, [" ".join(line.split()) for line in run.stdout.splitlines() if line]


def test_the_matrix_shows_each_cell(tmp_path: Path) -> None:
    write_sessions(
        tmp_path / "sessions.json",
        session("copy", "success"),
        session("matrix_tests", "success"),
        session("matrix_core core-2.16-python-3.10", "success"),
        session("matrix_core core-2.22-python-3.13", "aborted", "failed: unit tests"),
        session("matrix_core core-2.22-python-3.14", "skipped", "Python interpreter 3.14 not found"),
        session("matrix_target target-python-3.9", "success"),
        session("matrix_sanity sanity-2.18", "failed"),
    )
    write_tests(tmp_path / "core-2.16-python-3.10.unit.xml", 9)
    write_tests(tmp_path / "core-2.16-python-3.10.integration.xml", 5, skipped=1)
    write_tests(tmp_path / "core-2.22-python-3.13.unit.xml", 9, errors=1, failures=1)
    write_tests(tmp_path / "core-2.22-python-3.13.integration.xml", 5)
    write_tests(tmp_path / "target-python-3.9.integration.xml", 5)

    status, lines = say("matrix_table.py", tmp_path)

    assert lines == [
        "cell state unit tests integration tests minutes why",
        "core-2.16-python-3.10 green 9 passed 4 passed, 1 skipped 1.5",
        "core-2.22-python-3.13 red 7 passed, 2 failed 5 passed 1.5 failed: unit tests",
        "core-2.22-python-3.14 can't be - - 1.5 Python interpreter 3.14 not found",
        "target-python-3.9 green - 5 passed 1.5",
        "sanity-2.18 red - - 1.5 see above",
        "5 cells, 2 red: core-2.22-python-3.13, sanity-2.18",
    ]
    assert status == 1


def test_a_green_matrix_is_green(tmp_path: Path) -> None:
    write_sessions(tmp_path / "sessions.json", session("matrix_target target-python-3.9", "success"))

    status, lines = say("matrix_table.py", tmp_path)

    assert (status, lines[-1]) == (0, "1 cells, 0 red")


def test_what_a_green_cell_left_out_is_said(tmp_path: Path) -> None:
    write_sessions(tmp_path / "sessions.json", session("matrix_sanity sanity-2.22", "success"))
    (tmp_path / "sanity-2.22.note").write_text("without pylint", encoding="utf-8")

    status, lines = say("matrix_table.py", tmp_path)

    assert (status, lines[1]) == (0, "sanity-2.22 green - - 1.5 without pylint")


def test_the_summary_counts_the_thin_matrix_in(tmp_path: Path) -> None:
    write_sessions(tmp_path / "sessions.json", session("lint", "success"), session("unit", "failed"))
    write_sessions(tmp_path / "sessions-thin.json", session("matrix_target target-python-3.9", "success"))
    write_tests(tmp_path / "unit.xml", 10, failures=1)
    write_tests(tmp_path / "thin-target-python-3.9.xml", 5, errors=1, skipped=1)

    status, lines = say("summarize.py", tmp_path)

    assert status == 0
    assert {"lint success", "unit failed", "matrix_target target-python-3.9 success"} <= set(lines)
    assert "tests: thin-target-python-3.9 3 passed, 1 failed, 1 skipped" in lines
    assert lines[-1] == "12 passed, 2 failed"
