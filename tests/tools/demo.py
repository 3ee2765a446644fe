# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Show the collection at work, without an account: a simulator, a playbook run against it, and what it received.

`make demo` calls this with the Python of an environment that has ansible-core, requests and the official SDK's signer.
"""

from __future__ import annotations

import argparse
import itertools
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote_plus

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from simulator.client import Simulator  # noqa: E402

REGION = "cn-north-4"
PROJECT_ID = "f697f813554a4f05bac882a183b20878"
# Known to the simulator alone.
ACCESS_KEY = "DEMOACCESSKEY"
SECRET_KEY = "demo-secret-key-of-the-simulator"
# With these OMS would read the one bucket and write to the other. Nobody looks at them here.
BUCKET_KEYS = {
    "DEMO_SOURCE_ACCESS_KEY": "demo-key-of-the-source",
    "DEMO_SOURCE_SECRET_KEY": "demo-secret-key-of-the-source",
    "DEMO_DESTINATION_ACCESS_KEY": "demo-key-of-the-destination",
    "DEMO_DESTINATION_SECRET_KEY": "demo-secret-key-of-the-destination",
}
# OMS takes so long to answer, and to copy an object: long enough for a person to see what happens meanwhile.
LATENCY_SECONDS = 0.055
COPY_SECONDS = 2.5
# With eight events of ten objects at a time, they take about fifteen seconds.
FILE_OBJECTS = 20_000


def heading(text: str) -> None:
    print(f"\n=== {text}\n", flush=True)


def run_playbook(url: str, collections: Path, home: str) -> int:
    """Run the demo's playbook and return its exit status. ``url`` is the simulator's, as OMS and as IAM."""
    # Only what programs need to run: neither the caller's own credentials nor Ansible's settings have a part in this.
    environment = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TERM", "TMPDIR") if name in os.environ}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": home,
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        # Results as a person reads them.
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        # In colours where a person looks on.
        "ANSIBLE_FORCE_COLOR": str(sys.stdout.isatty()),
        "HW_ACCESS_KEY": ACCESS_KEY,
        "HW_SECRET_KEY": SECRET_KEY,
        "HW_REGION_NAME": REGION,
        "HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4": url,
        "HUAWEICLOUD_SDK_IAM_ENDPOINT": url,
        **BUCKET_KEYS,
    }
    command = ["ansible-playbook", ROOT / "playbooks" / "demo.yml"]
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collections", type=Path, default=ROOT / "build" / "collections")
    collections = parser.parse_args().collections
    # A terminal that closes, or a CI that ends the job, must not leave the simulator behind, either.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory() as home, Simulator() as simulator:
        lines = (f"backup/{number:05}.jpg\n" for number in range(FILE_OBJECTS))
        Path(home, "object_keys.txt").write_text("".join(lines), encoding="utf-8")
        simulator.add_access_key(ACCESS_KEY, SECRET_KEY)
        simulator.add_project(REGION, PROJECT_ID)
        # The destination has some objects already: OMS finds that out and skips them.
        simulator.set(latency=LATENCY_SECONDS, copy_delay=COPY_SECONDS, skip_keys=["*.pdf"])
        heading(f"A simulator of OMS listens on {simulator.url}. ansible-playbook playbooks/demo.yml")
        status = run_playbook(simulator.url, collections, home)

        requests = simulator.requests()
        heading("What the simulator received")
        for line, group in itertools.groupby(requests, key=lambda each: f"{each.status}  {each.method} {each.target}"):
            alike = list(group)
            for request in alike[:2]:
                print(line, *(request.object_keys or ()), sep="\n       ")
            if alike[2:]:
                print(f"     and {len(alike) - 2} more like these")
        accepted = [key for request in requests if request.accepted for key in request.object_keys or ()]
        heading("The first object keys, as OMS decodes what it accepted")
        for key in accepted[:-FILE_OBJECTS]:
            print(f"  {unquote_plus(key)}")
        heading(f"Sync tasks that are left: {len(simulator.statuses())}")
    print(flush=True)
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
