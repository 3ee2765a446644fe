# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What is said at the end of a run of the tests, and of the matrix."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.tests.tools import summarize


def session(name: str, result: str = "success", reason: str = "", cell: str = "") -> dict[str, t.Any]:
    """What nox reports of a session."""
    return {"name": name, "args": {"name": cell} if cell else {}, "result": result, "reason": reason, "duration": 90.4}


def write_sessions(reports: Path, name: str, *sessions: dict[str, t.Any]) -> None:
    (reports / name).write_text(json.dumps({"sessions": sessions}), encoding="utf-8")


def write_tests(reports: Path, name: str, *cases: str) -> None:
    inner = "".join(f"<testcase>{case}</testcase>" for case in cases)
    (reports / name).write_text(f"<testsuites><testsuite>{inner}</testsuite></testsuites>", encoding="utf-8")


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> t.Any:
    """The exit status and what is said, without blank lines and alignment."""

    def run() -> tuple[int, list[str]]:
        monkeypatch.setattr("sys.argv", ["summarize.py", str(tmp_path)])
        status = summarize.main()
        return status, [" ".join(line.split()) for line in capsys.readouterr().out.splitlines() if line]

    return run


def test_all_runs_are_counted_and_what_was_left_out_is_named(tmp_path: Path, say: t.Any) -> None:
    write_sessions(tmp_path, "checks.json", session("lint"))
    write_sessions(tmp_path, "tests.json", session("unit", "failed", "failed: pytest"), session("m", cell="core-2.16"))
    no_java, no_core = '<skipped message="no Java"/>', '<skipped message="no core"/>'
    write_tests(tmp_path, "unit.xml", "", "", "<failure/>", "<error/>")
    write_tests(tmp_path, "integration.xml", "", no_java, no_java, no_core)
    (tmp_path / "sanity.note").write_text("sanity on Python 3.9: there is none", encoding="utf-8")

    assert say() == (
        1,
        [
            "Summary",
            "lint success 90 s",
            "unit failed 90 s failed: pytest",
            "core-2.16 success 90 s",
            "tests: integration 1 passed, 0 failed, 3 skipped",
            "tests: unit 2 passed, 2 failed, 0 skipped",
            "not tested: sanity on Python 3.9: there is none",
            "not tested: 2 tests of integration: no Java",
            "not tested: 1 tests of integration: no core",
            "3 passed, 2 failed, 3 skipped",
        ],
    )


@pytest.mark.parametrize(
    ("result", "case", "status"),
    [("success", "", 0), ("success", "<failure/>", 1), ("failed", "", 1), ("aborted", "", 1)],
)
def test_what_is_red_is_red(tmp_path: Path, say: t.Any, result: str, case: str, status: int) -> None:
    write_sessions(tmp_path, "tests.json", session("unit", result))
    write_tests(tmp_path, "unit.xml", case)

    assert say()[0] == status


def test_nothing_that_ran_is_red(say: t.Any) -> None:
    assert say() == (1, ["Summary", "0 passed, 0 failed, 0 skipped"])
