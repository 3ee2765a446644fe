# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Run the simulator: `python tests/simulator`. It prints where it listens as a line of JSON, and ends by itself.

With `--examples`, for `make simulator`, it has the account and the sync task of the README, and prints shell commands.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import ssl
import sys
from pathlib import Path

if not __package__:
    # Started by its path: make the directory a package again.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    __package__ = "simulator"

from .http_server import Connection
from .service import Service

REGION = "cn-north-4"
PROJECT_ID = "f697f813554a4f05bac882a183b20878"
SYNC_TASK_ID = "31e9b7e6-6ffb-452f-9842-6ce354d99d75"
ACCESS_KEY = "your-access-key"
SECRET_KEY = "your-secret-key"
EXAMPLES = f"""The simulator of OMS listens on {{url}} until Ctrl-C, with the sync task of the README's examples.
Set these variables in another terminal, then run the examples there:

export HW_REGION_NAME={REGION} HW_ACCESS_KEY={ACCESS_KEY} HW_SECRET_KEY={SECRET_KEY}
export HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4={{url}} HUAWEICLOUD_SDK_IAM_ENDPOINT={{url}}
"""


def add_examples(service: Service) -> None:
    service.control_add_access_key(ACCESS_KEY, SECRET_KEY)
    service.control_add_project(REGION, PROJECT_ID)
    service.control_add_task(SYNC_TASK_ID, PROJECT_ID, "SYNCHRONIZING")


async def serve(arguments: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    service = Service()
    context = None
    if arguments.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(arguments.certificate)
    # The control has a port of its own, so that no fault hits it.
    server = await loop.create_server(
        lambda: Connection(service.handle), "127.0.0.1", arguments.port, ssl=context, backlog=512
    )
    control = await loop.create_server(lambda: Connection(service.control), "127.0.0.1", 0)
    port, control_port = (each.sockets[0].getsockname()[1] for each in (server, control))
    scheme = "https" if context else "http"
    ready = {"url": f"{scheme}://127.0.0.1:{port}", "control": f"http://127.0.0.1:{control_port}"}
    if arguments.examples:
        add_examples(service)
        print(EXAMPLES.format(url=ready["url"]), flush=True)
    else:
        print(json.dumps(ready), flush=True)
    finished = asyncio.Event()

    def read() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            finished.set()

    # A program that started this has the other end of standard input. If it dies, this ends, too.
    if not arguments.examples:
        loop.add_reader(sys.stdin, read)
    # Ctrl-C ends it without a traceback.
    loop.add_signal_handler(signal.SIGINT, finished.set)
    try:
        await asyncio.wait_for(finished.wait(), arguments.max_seconds)
    except asyncio.TimeoutError:  # Before Python 3.11 it is not the built-in one.
        print("the simulator ran for as long as it may", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(prog="simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="a free one, if not given")
    parser.add_argument("--certificate", help="a PEM file with certificate and key: speak TLS")
    parser.add_argument("--examples", action="store_true", help="have the account and the sync task of the README")
    parser.add_argument("--max-seconds", type=float, default=1800.0)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
