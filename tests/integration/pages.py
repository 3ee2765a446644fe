# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Pages of Markdown, whose examples are run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import yaml


def blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of a file of Markdown."""
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def name_of(block: str) -> str:
    """The name of the first play or task of a block of YAML."""
    return str(yaml.safe_load(block)[0]["name"])
