# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Profile what the module does for each event, and say which library the time goes to: a table of Markdown.

    python where_time_goes.py

A profiler makes code of many small calls look slower than it is; the shares are still good for seeing what matters.
"""

from __future__ import annotations

import cProfile
import pstats
import typing as t
from collections import Counter
from types import SimpleNamespace

from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import connection_argument_spec
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.object_keys import ObjectKey, batches, encode
from ansible_collections.huaweicloud.oms.plugins.module_utils._session import Session
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

EVENTS = 5000
# Parts of a function's place, and what they belong to; the first that fits counts.
PARTS = {
    "of '_socket.socket'": "the network, waiting for the simulator included",
    "huaweicloud/oms/plugins": "this collection",
    "/requests/": "requests",
    "/urllib3/": "urllib3",
    "http/client.py": "http.client and email: writing and parsing headers",
    "/email/": "http.client and email: writing and parsing headers",
    "urllib/parse.py": "urllib.parse: encoding object keys, parsing URLs",
    "/json/": "json",
    "hashlib": "hashlib and hmac",
    "hmac": "hashlib and hmac",
}
OTHER = "Python's own types: strings, dictionaries, locks"


def options(url: str) -> dict[str, t.Any]:
    given = {"endpoint": url, "project_id": "project", "access_key": "AK", "secret_key": "SK"}
    return {**{name: spec.get("default") for name, spec in connection_argument_spec().items()}, **given}


def profile(simulator: Simulator) -> Counter[str]:
    """Seconds by what they belong to."""
    module = SimpleNamespace(
        params=options(simulator.url), ansible_version="of the benchmark", no_log_values=set(), warn=print
    )
    client = Session(module).connect()
    names = (f"backup/2026/11/24/photo {number:07}.jpg" for number in range(EVENTS * 10))
    profiler = cProfile.Profile()
    profiler.enable()
    for batch in batches((ObjectKey(name, encode(name)) for name in names), 10):
        client.create_sync_events("task", batch.encoded)
    profiler.disable()
    seconds: Counter[str] = Counter()
    for (file, _line, function), (_calls, _all, own, _total, _callers) in pstats.Stats(profiler).stats.items():
        place = f"{file} {function}"
        seconds[next((name for part, name in PARTS.items() if part in place), OTHER)] += own
    return seconds


def table() -> str:
    with Simulator() as simulator:
        simulator.add_access_key("AK", "SK")
        simulator.add_task("task", "project")
        simulator.set(check_signatures=False, keep_records=False)
        seconds = profile(simulator)
    lines = ["| what | share of the time |", "| --- | ---: |"]
    lines += [f"| {name} | {own / seconds.total():.0%} |" for name, own in seconds.most_common()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table())
