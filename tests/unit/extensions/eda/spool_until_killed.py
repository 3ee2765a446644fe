# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Uses a spool as filter, source and playbook do, until it is killed: test_spool.py does that.

    python3 spool_until_killed.py SPOOL NUMBER

It prints a line for each key that was acknowledged, and for each that a playbook has submitted. Files are loaded as in
ansible-rulebook: by their paths.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import typing as t
from itertools import count
from pathlib import Path

LOAD = Path(__file__).parents[4] / "extensions" / "eda" / "plugins" / "plugin_utils" / "_load.py"


def say(word: str, keys: t.Iterable[str]) -> None:
    # In one write, so that no line is torn.
    os.write(1, "".join(f"{word} {key}\n" for key in keys).encode())


def main() -> None:
    spec = importlib.util.spec_from_file_location("_load", LOAD)
    assert spec
    assert spec.loader
    loader = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loader)
    spool = loader.load("extensions.eda.plugins.plugin_utils._spool").Spool(sys.argv[1])
    with spool.held():
        for number in count():
            keys = [f"{sys.argv[2]}/{number}/{letter}" for letter in "abc"]
            spool.add(keys)
            say("acknowledged", keys)
            if number % 4:
                continue
            spool.gather(5)
            for batch in spool.batches():
                begun = spool.begin(batch)
                file = begun.path / "keys.jsonl"
                say("submitted", map(json.loads, file.read_text(encoding="ascii").splitlines()))
                file.unlink()
                spool.finish(begun)


if __name__ == "__main__":
    main()
