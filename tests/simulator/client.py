# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Starts a simulator as a process of its own, tells it what to do, and asks what it saw. Standard library only."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

START_SECONDS = 20


@dataclass(frozen=True)
class Received:
    """A request that the simulator received: service.Record says what the fields mean."""

    wall_time: float
    monotonic: float
    method: str
    target: str
    headers: dict[str, str]
    body: str
    connection: int
    object_keys: list[str] | None
    status: int
    fault: str
    accepted: bool


class Simulator:
    """A simulator on a free loopback port, for a `with` statement.

    :arg certificate: a PEM file with certificate and key, to speak TLS.
    """

    def __init__(self, certificate: str | Path | None = None, max_seconds: float = 1800.0) -> None:
        self._command = [sys.executable, str(Path(__file__).parent), f"--max-seconds={max_seconds}"]
        if certificate:
            self._command.append(f"--certificate={certificate}")

    def __enter__(self) -> Simulator:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the simulator did not start, exit status {self._process.wait(START_SECONDS)}")
        ready = json.loads(line)
        self.url: str = ready["url"]
        self.pid = self._process.pid
        self._control = urlsplit(ready["control"]).netloc
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        # It ends when its standard input does.
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        self._process.stdout.close()

    def _ask(self, _name: str, **arguments: t.Any) -> t.Any:
        connection = http.client.HTTPConnection(self._control, timeout=60)
        try:
            connection.request("POST", f"/{_name}", json.dumps(arguments))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def reset(self) -> None:
        """Forget all: tasks, keys, faults, records."""
        self._ask("reset")

    def set(self, **settings: t.Any) -> None:
        """Change settings.

        check_signatures, clock_skew, keep_records, latency, max_objects, missing_task and stopped_task (status and
        code of what is answered for them); ``now_offset`` seconds are added
        to the wall clock that tasks go by, ``state_delay`` seconds pass until a task that is started or stopped shows
        it; ``month_zone`` is by how many hours the time zone of the monthly counters is ahead of UTC; ``copy_delay``,
        ``copy_rate``, ``count_repeats``, ``fail_keys``, ``skip_keys`` and ``object_size`` are those of
        copying.Policy.
        """
        self._ask("set", **settings)

    def add_access_key(self, ak: str, sk: str, security_token: str | None = None, uses: int | None = None) -> None:
        """Know a key, which expires after so many uses."""
        self._ask("add_access_key", ak=ak, sk=sk, security_token=security_token, uses=uses)

    def add_token(self, token: str, uses: int | None = None, project_id: str | None = None) -> None:
        """Know a token, which expires after so many uses.

        :arg project_id: the project that it is for; any, if not given.
        """
        self._ask("add_token", token=token, uses=uses, project_id=project_id)

    def add_user(
        self,
        domain_name: str,
        username: str,
        password: str,
        token_uses: int | None = None,
        token_seconds: float = 86400.0,
    ) -> None:
        """Know a user; all tokens that are given for a password are good for so many uses and seconds."""
        self._ask(
            "add_user",
            domain_name=domain_name,
            username=username,
            password=password,
            token_uses=token_uses,
            token_seconds=token_seconds,
        )

    def add_agency(self, **agency: t.Any) -> None:
        """Play the metadata service of a host with an agency: see authentication.Agency for the arguments."""
        self._ask("add_agency", **agency)

    def add_project(self, name: str, project_id: str) -> None:
        self._ask("add_project", name=name, project_id=project_id)

    def add_task(self, sync_task_id: str, project_id: str, status: str = "SYNCHRONIZING", **fields: t.Any) -> None:
        """Have a sync task, however many there are.

        :arg fields: as OMS shows them, `src_bucket` for example.
        """
        self._ask("add_task", sync_task_id=sync_task_id, project_id=project_id, status=status, **fields)

    def count(
        self, sync_task_id: str, request: int = 0, success: int = 0, failure: int = 0, skip: int = 0, size: int = 0
    ) -> None:
        """Add to a task's counters, as another sender's events would."""
        self._ask("count", sync_task_id=sync_task_id, counts=[request, success, failure, skip, size])

    def statuses(self) -> dict[str, str]:
        """The sync tasks that there are, with what each of them is doing."""
        found: dict[str, str] = self._ask("statuses")
        return found

    def fault(self, kind: str, **details: t.Any) -> None:
        """Let something go wrong: faults.Fault says what there is."""
        self._ask("fault", kind=kind, **details)

    def clear_faults(self) -> None:
        self._ask("clear_faults")

    def gateway(self, rate: float | None, retry_after: str | None = None, **details: t.Any) -> None:
        """Accept so many requests in each window of one second, answer 429 to others; None for no limit.

        :arg details: as gateway.Gateway has them.
        """
        self._ask("gateway", rate=rate, retry_after=retry_after, **details)

    def requests(self, method: str | None = None, path: str = "") -> list[Received]:
        """What arrived, in order.

        :arg path: a part of the path that it must have.
        """
        return [
            Received(**{**record, "headers": {name.lower(): value for name, value in record["headers"]}})
            for record in self._ask("requests")
            if method in (None, record["method"]) and path in record["target"]
        ]

    def forget_records(self) -> None:
        """Forget what arrived, and nothing else."""
        self._ask("forget_records")

    def event_times(self) -> tuple[float, float]:
        """When the first and the last of all accepted events arrived, by the machine's monotonic clock."""
        first, last = self._ask("event_times")
        return first, last

    def accepted_count(self, sync_task_id: str) -> int:
        """How many objects were in a task's accepted events."""
        count: int = self._ask("accepted_count", sync_task_id=sync_task_id)
        return count

    def accepted_keys(self, sync_task_id: str) -> list[str]:
        """The names of the objects of a task's accepted events, decoded, in the order of their arrival."""
        keys: list[str] = self._ask("accepted_keys", sync_task_id=sync_task_id)
        return keys
