# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Runs ansible-rulebook as a user does, and posts notifications to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote_plus

from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import OWNER

RULEBOOK = "huaweicloud.oms.sync_on_object_created"
TOKEN = "the-token-of-the-tests"
# Until a process has done what a test waits for, on a machine that does much else.
WAIT_SECONDS = 120
# As many callers post at once.
CALLERS = 10


def notification(*names: str, bucket: str = "source") -> dict[str, t.Any]:
    """A notification as S3 sends it, of the size that it has there."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": "us-east-1",
                "eventTime": "2026-11-25T12:00:00.000Z",
                "eventName": "ObjectCreated:Put",
                "userIdentity": {"principalId": "AWS:EXAMPLE"},
                "requestParameters": {"sourceIPAddress": "192.0.2.1"},
                "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "example" * 10},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "oms",
                    "bucket": {"name": bucket, "ownerIdentity": {"principalId": "EXAMPLE"}, "arn": "arn:aws:s3:::b"},
                    "object": {"key": quote_plus(name, safe="/"), "size": 1024, "eTag": "0" * 32, "sequencer": "00A1"},
                },
            }
            for name in names
        ]
    }


def wait_until(condition: t.Callable[[], bool], what: t.Callable[[], str] = lambda: "") -> None:
    until = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < until, what()
        time.sleep(0.02)


class Rulebook:
    """An ansible-rulebook in a folder of its own, for a `with` statement, which ends it.

    :arg folder: for all that it writes; the spool is in there.
    :arg bin_folder: of the environment that it is installed in.
    :arg environ: beside what it needs to run at all.
    :arg rulebook: its full name or its path.
    :arg authority: who signed the webhook's certificate; None if it has none.
    """

    def __init__(
        self,
        folder: Path,
        bin_folder: str,
        environ: t.Mapping[str, str],
        rulebook: str = RULEBOOK,
        authority: Path | None = None,
    ) -> None:
        self.folder = folder
        self.spool = folder / "spool"
        self.authority = authority
        self._output = folder / "output"
        self._inventory = folder / "inventory.yml"
        self._inventory.write_text("all:\n  hosts:\n    localhost:\n", encoding="utf-8")
        self._rulebook = rulebook
        for name in ("home", "tmp"):
            (folder / name).mkdir(exist_ok=True)
        self.environ = {
            "PATH": os.pathsep.join([bin_folder, os.environ["PATH"]]),
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "LANG": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"],
            **{name: os.environ[name] for name in ("JAVA_HOME",) if name in os.environ},
            "OMS_EDA_TOKEN": TOKEN,
            "OMS_EDA_SPOOL": str(self.spool),
            OWNER: os.environ.get(OWNER, ""),
            **environ,
        }
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self) -> subprocess.Popen[bytes]:
        """Start it and wait for nothing."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    "ansible-rulebook",
                    f"--rulebook={self._rulebook}",
                    f"--inventory={self._inventory}",
                    "--env-vars=OMS_EDA_TOKEN,OMS_EDA_PORT",
                ],
                cwd=self.folder,
                env={**self.environ, "OMS_EDA_PORT": str(self.port)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return self.process

    def start(self) -> None:
        """Start it and wait until it answers."""
        process = self.launch()
        wait_until(lambda: process.poll() is not None or self._answers(), lambda: self.output)
        assert process.poll() is None, self.output

    def _answers(self) -> bool:
        try:
            return self.post({}, token=None) == 401
        except OSError:
            return False

    def kill(self) -> None:
        """End it as a machine that goes down does."""
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(WAIT_SECONDS)

    def __enter__(self) -> Rulebook:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self.process and self.process.poll() is None:
            self.kill()

    @property
    def output(self) -> str:
        """What it and its playbooks have said."""
        return self._output.read_text(encoding="utf-8", errors="replace") if self._output.exists() else ""

    @property
    def run_count(self) -> int:
        """How many playbooks have begun."""
        return self.output.count("PLAY [Submit a batch of object keys]")

    def post(self, body: t.Any, token: str | None = TOKEN) -> int:
        """Post a notification.

        :returns: the status of the answer.
        """
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        if self.authority:
            context = ssl.create_default_context(cafile=str(self.authority))
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=WAIT_SECONDS, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_SECONDS)
        try:
            connection.request("POST", "/oms", json.dumps(body), headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def post_object_keys(
        self, object_keys: list[str], acknowledged: list[str] | None = None, token: str = TOKEN
    ) -> list[str]:
        """Post a notification for each object key, some in parallel.

        :arg acknowledged: grows by the object keys whose notification was answered with 200.
        :returns: it.
        """
        acknowledged = [] if acknowledged is None else acknowledged

        def post(object_key: str) -> None:
            # It may be killed meanwhile.
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.post(notification(object_key), token) == 200:
                    acknowledged.append(object_key)

        with ThreadPoolExecutor(CALLERS) as callers:
            list(callers.map(post, object_keys))
        return acknowledged

    @property
    def is_idle(self) -> bool:
        """Whether OMS has accepted all that has arrived."""
        waiting = [*self.spool.glob("incoming.jsonl"), *self.spool.glob("gathered-*"), *self.spool.glob("batches/*")]
        return not waiting
