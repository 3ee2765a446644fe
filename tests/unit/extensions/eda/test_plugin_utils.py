# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What plugins in a rulebook make of their arguments, and how they find the collection's own files."""

from __future__ import annotations

import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.extensions.eda.plugins.plugin_utils import _load
from ansible_collections.huaweicloud.oms.extensions.eda.plugins.plugin_utils._rulebook_arguments import (
    read_count,
    read_number,
    read_path,
    read_text,
)

ROOT = Path(__file__).parents[4]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMS_EDA_TEST", "of the environment")
    monkeypatch.setenv("OMS_EDA_DIRECTORY", "/spool")
    monkeypatch.setenv("OMS_EDA_NUMBER", "7")
    monkeypatch.setenv("OMS_EDA_EMPTY", "")
    monkeypatch.delenv("OMS_EDA_UNSET", raising=False)
    monkeypatch.setenv("HOME", "/home/eda")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", "text"),
        ("$OMS_EDA_TEST", "of the environment"),
        # Only the whole of it: a bucket's or directory's name may hold a dollar sign.
        ("a$OMS_EDA_TEST", "a$OMS_EDA_TEST"),
        ("$OMS_EDA_TEST/a", "$OMS_EDA_TEST/a"),
        ("$OMS_EDA_UNSET", "default"),
        ("$OMS_EDA_EMPTY", "default"),
        ("", "default"),
        (None, "default"),
    ],
)
def test_a_text_may_come_from_the_environment(value: str | None, text: str) -> None:
    assert read_text({"name": value}, "name", "default") == text


def test_what_is_not_given_is_the_default() -> None:
    assert read_text({}, "name") is None
    assert read_number({}, "name", 1.5, 0) == 1.5
    assert read_count({"name": "$OMS_EDA_UNSET"}, "name", 3, 0) == 3


@pytest.mark.parametrize("value", [1, 1.5, True, ["a"]])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^bucket is .*\. It must be a string; put it in quotes\.$"):
        read_text({"bucket": value}, "bucket")


def test_a_path_is_absolute() -> None:
    assert read_path({"spool_dir": "$OMS_EDA_DIRECTORY"}, "spool_dir") == "/spool"
    assert read_path({"spool_dir": "~/spool"}, "spool_dir") == "/home/eda/spool"
    with pytest.raises(ValueError, match=r"spool_dir is 'spool'"):
        read_path({"spool_dir": "spool"}, "spool_dir")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "spool_dir is required. Give an absolute path."),
        ({"spool_dir": ""}, "spool_dir is required. Give an absolute path."),
        (
            {"spool_dir": "$OMS_EDA_UNSET"},
            "spool_dir is $OMS_EDA_UNSET, but the environment variable OMS_EDA_UNSET is empty or not set. Give an"
            " absolute path.",
        ),
    ],
)
def test_a_path_is_required(arguments: dict[str, t.Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_path(arguments, "spool_dir")


@pytest.mark.parametrize(("value", "number"), [(3, 3), ("3", 3), ("$OMS_EDA_NUMBER", 7), (2.5, 2.5), ("2.5", 2.5)])
def test_numbers(value: object, number: float) -> None:
    assert read_number({"window": value}, "window", 1, 0) == number


@pytest.mark.parametrize(
    "value", ["a", "nan", "inf", -1, "-0.5", True, [1], "$OMS_EDA_TEST", pytest.param(10**400, id="huge")]
)
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^window is .*\. It must be a number, 0 or more\.$"):
        read_number({"window": value}, "window", 1, 0)


def test_a_count_is_whole() -> None:
    assert read_count({"max_keys": "3.0"}, "max_keys", 1, 1) == 3
    with pytest.raises(ValueError, match=r"max_keys is 2\.5\. It must be a whole number"):
        read_count({"max_keys": 2.5}, "max_keys", 1, 1)
    with pytest.raises(ValueError, match=r"max_keys is 0. It must be a number, 1 or more."):
        read_count({"max_keys": 0}, "max_keys", 1, 1)


def test_plugins_load_without_a_loader_of_collections() -> None:
    """As ansible-rulebook runs them: by path, where nothing is known of collections."""
    script = (
        "import runpy, sys\n"
        "for path in sys.argv[1:]:\n"
        "    assert callable(runpy.run_path(path)['main'])\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('ansible', 'pytest')]\n"
    )
    plugins = sorted(map(str, ROOT.glob("extensions/eda/plugins/event_*/*.py")))
    assert len(plugins) == 2
    # Isolated: no PYTHONPATH, and not the working directory.
    subprocess.run([sys.executable, "-I", "-c", script, *plugins], check=True, cwd="/", timeout=30)


def test_a_file_is_loaded_once_and_known_by_its_full_name() -> None:
    assert _load.load("extensions.eda.plugins.plugin_utils._load") is _load


@pytest.mark.parametrize(("text", "error"), [("1 / 0", ZeroDivisionError), (None, FileNotFoundError)])
def test_what_can_not_be_loaded_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, error: type[Exception]
) -> None:
    monkeypatch.setattr(_load, "ROOT", tmp_path)
    if text:
        (tmp_path / "broken.py").write_text(text, encoding="utf-8")

    with pytest.raises(error):
        _load.load("broken")
    assert f"{_load.COLLECTION}.broken" not in sys.modules
