# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""OMS's sync tasks and IAM's projects: state, limits and errors, as their API references have them.

What the references do not say is marked with "Guess".
"""

from __future__ import annotations

import json
import re
import typing as t
import uuid
from dataclasses import asdict, dataclass
from urllib.parse import parse_qs

from .authentication import Agency, Authentication, User
from .faults import Fault, error, gateway_error
from .gateway import Gateway
from .http_server import Reply, Request
from .signatures import AccessKey, Callers, Life, Token
from .sync_tasks import EXAMPLE, SYNCHRONIZING, SyncTask, SyncTasks, as_json, invalid

# CreateSyncEvents, tables 1 and 3.
MAX_ID = 1024
MAX_OBJECTS = 100
MAX_KEY = 16384
_TASKS = f"/v2/([^/]{{1,{MAX_ID}}})/sync-tasks"
_TASK = f"{_TASKS}/([^/]{{1,{MAX_ID}}})"
_ENCODED = re.compile(r"(?:[!-$&-~]|%[0-9A-Fa-f]{2})+")


@dataclass
class Record:
    """A request that arrived, and what became of it."""

    wall_time: float
    monotonic: float
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: str
    connection: int
    object_keys: list[str] | None = None
    status: int = 0
    # The fault that hit it, if one did.
    fault: str = ""
    # Whether an event was accepted; with a fault the caller may not know.
    accepted: bool = False


class Service:
    """All that the simulator knows."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.callers = Callers()
        self.authentication = Authentication(self.callers)
        self.projects: list[tuple[str, str]] = []
        self.faults: list[Fault] = []
        self.records: list[Record] = []
        self.gateway: Gateway | None = None
        # When the first and the last event of all arrived, for a benchmark that keeps no records.
        self.event_times: list[float] = []
        self.settings: dict[str, t.Any] = {
            "check_signatures": True,
            "clock_skew": 0.0,
            "copy_delay": 0.0,
            "copy_rate": 0.0,
            "count_repeats": True,
            "fail_keys": [],
            "keep_records": True,
            "latency": 0.0,
            "max_objects": MAX_OBJECTS,
            # The only documented code that names sync tasks; others are variants that a test may set.
            "missing_task": [400, "OMS.2002"],
            # The hours by which the time zone of the months is ahead of UTC.
            "month_zone": 0.0,
            "now_offset": 0.0,
            "object_size": 1024,
            "skip_keys": [],
            "state_delay": 0.0,
            # Guess: what an event to a stopped task is answered is not documented.
            "stopped_task": [400, "OMS.0066"],
        }
        self.sync_tasks = SyncTasks(self.settings)

    def handle(self, request: Request) -> Reply:
        """Answer a request to OMS or IAM."""
        record = Record(
            request.wall_time,
            request.monotonic,
            request.method,
            request.target,
            request.headers,
            request.body.decode("latin-1"),
            request.connection,
        )
        if self.settings["keep_records"]:
            self.records.append(record)
        reply = self._reply(request, record)
        record.status = reply.status
        reply.clock_skew = self.settings["clock_skew"]
        reply.headers.setdefault("X-Request-Id", uuid.uuid4().hex)
        reply.delay = reply.delay or self.settings["latency"]
        return reply

    def _reply(self, request: Request, record: Record) -> Reply:
        if self.gateway and self.gateway.refuses(request.monotonic):
            record.fault = "throttled"
            text = f"The throttling threshold has been reached: policy user over ratelimit,limit:{self.gateway.rate:g}"
            reply = gateway_error(429, "APIGW.0308", f"{text},time:1 second")
            if self.gateway.retry_after is not None:
                reply.headers["Retry-After"] = self.gateway.retry_after
            return reply
        fault = next((fault for fault in self.faults if fault.hits(request)), None)
        if fault is None:
            return self._serve(request, record)
        record.fault = fault.kind
        if fault.kind == "slow":
            reply = self._serve(request, record)
            reply.delay = fault.delay
            return reply
        if fault.kind == "idle":
            reply = self._serve(request, record)
            reply.idle = fault.delay
            return reply
        if fault.after_accepting:
            self._serve(request, record)
        return fault.reply(request)

    def _serve(self, request: Request, record: Record) -> Reply:
        if (request.method, request.path) in self._open_routes:
            return self._open_routes[request.method, request.path](self, request)
        if self.settings["check_signatures"]:
            refusal = self.callers.refusal(request)
            if refusal:
                return gateway_error(401, *refusal)
        for method, pattern, operation in self._routes:
            match = re.fullmatch(pattern, request.path)
            if match and method == request.method:
                if match.groups() and not self._knows_project(match[1]):
                    # Guess: which code OMS has for a project of another tenant is not documented.
                    return error(403, "OMS.0206", "No permission.")
                return operation(self, request, record, *match.groups())
        return gateway_error(404, "APIGW.0101", "The API does not exist or has not been published in the environment")

    def _create_sync_events(self, request: Request, record: Record, project_id: str, sync_task_id: str) -> Reply:
        if not (request.header("content-type") or "").startswith("application/json"):
            return invalid("Content-Type must be application/json")
        try:
            body = json.loads(request.body)
        except ValueError:
            return invalid("the body is no JSON")
        if not isinstance(body, dict) or set(body) != {"object_keys"} or not isinstance(body["object_keys"], list):
            return invalid("the body must hold object_keys and nothing else")
        keys = body["object_keys"]
        record.object_keys = [str(key) for key in keys]
        if not 1 <= len(keys) <= self.settings["max_objects"]:
            return invalid(f"object_keys: {len(keys)} items")
        for key in keys:
            if not isinstance(key, str) or not 1 <= len(key) <= MAX_KEY or not _ENCODED.fullmatch(key):
                return invalid("object_keys: an item is not URL-encoded, or too long")
        task = self.sync_tasks.find(project_id, sync_task_id)
        if task is None:
            return self._missing()
        if task.status != SYNCHRONIZING:
            status, code = self.settings["stopped_task"]
            return error(status, code, "The task is not running.")
        self.sync_tasks.accept(task, keys)
        self.event_times[1:] = [request.monotonic]
        record.accepted = True
        return Reply(200)

    def _create_sync_task(self, request: Request, _record: Record, project_id: str) -> Reply:
        return self.sync_tasks.create(request, project_id, str(uuid.uuid4()))

    def _list_sync_tasks(self, request: Request, _record: Record, project_id: str) -> Reply:
        return self.sync_tasks.page(_query(request), project_id)

    def _show_sync_task(self, request: Request, _record: Record, *ids: str) -> Reply:
        task = self.sync_tasks.find(*ids)
        return self._missing() if task is None else self.sync_tasks.show(_query(request), task)

    def _list_sync_task_statistic(self, request: Request, _record: Record, *ids: str) -> Reply:
        task = self.sync_tasks.find(*ids)
        return self._missing() if task is None else self.sync_tasks.statistics(_query(request), task)

    def _start_sync_task(self, request: Request, _record: Record, *ids: str) -> Reply:
        task = self.sync_tasks.find(*ids)
        return self._missing() if task is None else self.sync_tasks.start(request, task)

    def _stop_sync_task(self, _request: Request, _record: Record, *ids: str) -> Reply:
        task = self.sync_tasks.find(*ids)
        return self._missing() if task is None else self.sync_tasks.stop(task)

    def _delete_sync_task(self, _request: Request, _record: Record, *ids: str) -> Reply:
        task = self.sync_tasks.find(*ids)
        return self._missing() if task is None else self.sync_tasks.delete(task)

    def _list_projects(self, request: Request, _record: Record) -> Reply:
        name = parse_qs(request.target.partition("?")[2]).get("name", [None])[0]
        found = [{"id": project_id, "name": known} for known, project_id in self.projects if name in (None, known)]
        return as_json({"projects": found})

    def _missing(self) -> Reply:
        status, code = self.settings["missing_task"]
        # Guess: the text.
        return error(status, code, "The synchronization task is not found.")

    def _knows_project(self, project_id: str) -> bool:
        """Whether it is a project of the tenant: one that was added, by itself or with a sync task of it."""
        return (
            not self.settings["check_signatures"]
            or any(project_id == known for _name, known in self.projects)
            or any(project_id == task.project_id for task in self._tasks())
        )

    # For those who have no credentials yet.
    _open_routes: t.ClassVar[dict[tuple[str, str], t.Callable[[Service, Request], Reply]]] = {
        ("POST", "/v3/auth/tokens"): lambda self, request: self.authentication.create_token(request, self.projects),
        ("PUT", "/meta-data/latest/api/token"): lambda self, request: self.authentication.metadata_token(request),
        ("GET", "/openstack/latest/securitykey"): lambda self, request: self.authentication.security_key(request),
    }
    _routes = (
        ("POST", f"{_TASK}/events", _create_sync_events),
        ("GET", _TASK, _show_sync_task),
        ("GET", _TASKS, _list_sync_tasks),
        ("POST", _TASKS, _create_sync_task),
        ("GET", f"{_TASK}/statistics", _list_sync_task_statistic),
        ("POST", f"{_TASK}/start", _start_sync_task),
        ("POST", f"{_TASK}/stop", _stop_sync_task),
        ("DELETE", _TASK, _delete_sync_task),
        ("GET", "/v3/projects", _list_projects),
    )

    def control(self, request: Request) -> Reply:
        """Do what a test asks for: the path is the name, the body the arguments as JSON."""
        arguments = json.loads(request.body or b"{}")
        return as_json(getattr(self, f"control_{request.path.strip('/')}")(**arguments))

    def control_reset(self) -> None:
        self.reset()

    def control_set(self, **settings: t.Any) -> None:
        unknown = set(settings) - set(self.settings)
        if unknown:
            raise KeyError(unknown)
        self.settings.update(settings)
        self.callers.clock_skew = self.settings["clock_skew"]
        self.sync_tasks.set_policy()

    def control_add_access_key(
        self, ak: str, sk: str, security_token: str | None = None, uses: int | None = None
    ) -> None:
        self.callers.keys[ak] = AccessKey(ak, sk, security_token, life=Life(uses))

    def control_add_token(self, token: str, uses: int | None = None, project_id: str | None = None) -> None:
        self.callers.tokens[token] = Token(Life(uses), project_id)

    def control_add_user(
        self, domain_name: str, username: str, password: str, token_uses: int | None, token_seconds: float
    ) -> None:
        self.authentication.users[domain_name, username] = User(password)
        self.authentication.token_uses = token_uses
        self.authentication.token_seconds = token_seconds

    def control_add_agency(self, **agency: t.Any) -> None:
        self.authentication.agency = Agency(**agency)

    def control_add_project(self, name: str, project_id: str) -> None:
        self.projects.append((name, project_id))

    def control_add_task(self, sync_task_id: str, project_id: str, status: str, **fields: t.Any) -> None:
        self.sync_tasks.add(sync_task_id, project_id, status, {**EXAMPLE, **fields})

    def control_count(self, sync_task_id: str, counts: list[int]) -> None:
        for task in self._tasks():
            if task.sync_task_id == sync_task_id:
                task.counters.add(self.sync_tasks.now(), *counts)

    def control_statuses(self) -> dict[str, str]:
        for task in self._tasks():
            task.settle(self.sync_tasks.now())
        return {task.sync_task_id: task.status for task in self._tasks()}

    def control_fault(self, **fault: t.Any) -> None:
        self.faults.append(Fault(**fault))

    def control_clear_faults(self) -> None:
        self.faults.clear()

    def control_gateway(self, rate: float | None, **details: t.Any) -> None:
        self.gateway = None if rate is None else Gateway(rate, **details)

    def control_requests(self) -> list[dict[str, t.Any]]:
        return [asdict(record) for record in self.records]

    def control_event_times(self) -> list[float]:
        return [self.event_times[0], self.event_times[-1]] if self.event_times else []

    def control_forget_records(self) -> None:
        """Forget what arrived, and nothing else."""
        self.records.clear()
        self.event_times.clear()
        for task in self._tasks():
            task.accepted_keys.clear()

    def control_accepted_count(self, sync_task_id: str) -> int:
        return len(self.control_accepted_keys(sync_task_id))

    def control_accepted_keys(self, sync_task_id: str) -> list[str]:
        return [key for task in self._tasks() if task.sync_task_id == sync_task_id for key in task.accepted_keys]

    def _tasks(self) -> list[SyncTask]:
        return list(self.sync_tasks.tasks.values())


def _query(request: Request) -> dict[str, list[str]]:
    return parse_qs(request.target.partition("?")[2])
