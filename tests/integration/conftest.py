# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import typing as t
import uuid
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.ecs_metadata import METADATA_URL
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import OWNER, Ansible
from ansible_collections.huaweicloud.oms.tests.integration.module_tasks import ModuleTasks
from ansible_collections.huaweicloud.oms.tests.integration.page_reader import BUCKETS, NAME, Reader
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

PROJECT_ID = "f697f813554a4f05bac882a183b20878"
SYNC_TASK_ID = "31e9b7e6-6ffb-452f-9842-6ce354d99d75"
ACCESS_KEY = "TESTACCESSKEY0001"
SECRET_KEY = "the-secret-key-of-the-tests-0001"
# A test here starts processes, on a machine that does much else.
TEST_SECONDS = 400
# Where tests with the mark `each_core` run once more: the variable that chooses it, and the one that has its path.
CELLS = {
    "oldest core": ("OMS_TEST_CORE", "OMS_TEST_CORE_OLDEST"),
    "newest core": ("OMS_TEST_CORE", "OMS_TEST_CORE_NEWEST"),
    "oldest target": ("OMS_TEST_TARGET", "OMS_TEST_TARGET_PYTHON39"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("each_core"):
        # A cell of the matrix has chosen already.
        has_chosen = os.environ.keys() & {"OMS_TEST_CORE", "OMS_TEST_TARGET"}
        metafunc.parametrize("cell", ["default", *([] if has_chosen else CELLS)], indirect=True)


@pytest.fixture(autouse=True)
def cell(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    chooses, path = CELLS.get(getattr(request, "param", ""), ("", ""))
    if chooses:
        if path not in os.environ:
            pytest.skip(f"there is no environment {path}")
        monkeypatch.setenv(chooses, os.environ[path])


@pytest.fixture(autouse=True)
def owned_processes(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[None]:
    """Kill the processes that the test started and that still run at its end, in whatever session they are."""
    owner = uuid.uuid4().hex
    monkeypatch.setenv(OWNER, owner)
    yield
    entry = f"{OWNER}={owner}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        # It may have ended meanwhile, or be another user's.
        with contextlib.suppress(OSError):
            if entry in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)


@pytest.fixture(scope="session")
def simulator_process() -> t.Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(simulator_process: Simulator) -> Simulator:
    """A simulator with a key, a project and a running sync task."""
    simulator_process.reset()
    simulator_process.add_access_key(ACCESS_KEY, SECRET_KEY)
    simulator_process.add_project("cn-north-4", PROJECT_ID)
    simulator_process.add_task(SYNC_TASK_ID, PROJECT_ID)
    return simulator_process


@pytest.fixture
def ansible(tmp_path: Path) -> Ansible:
    return Ansible(tmp_path)


@pytest.fixture
def module_tasks(tmp_path: Path) -> ModuleTasks:
    return ModuleTasks(tmp_path)


@pytest.fixture
def reader(simulator: Simulator, ansible: Ansible) -> Reader:
    simulator.add_task(SYNC_TASK_ID, PROJECT_ID, description=NAME, **BUCKETS)
    return Reader(simulator, ansible)


@pytest.fixture
def connection(simulator: Simulator) -> dict[str, t.Any]:
    """The options that every task needs to reach the simulator."""
    return {
        "region": "cn-north-4",
        "project_id": PROJECT_ID,
        "endpoint": simulator.url,
        "iam_endpoint": simulator.url,
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
    }


@pytest.fixture
def task(connection: dict[str, t.Any]) -> dict[str, t.Any]:
    """Options for events to the running sync task, which arrive in order; a test adds the names."""
    return {**connection, "sync_task_id": SYNC_TASK_ID, "concurrency": 1}


def with_metadata_service_at(url: str, folder: Path) -> dict[str, str]:
    """The environment of Ansible with a copy of the collection that takes an address for that of the metadata service.

    The address is fixed in the code, so that nothing but a change of the code can turn the keys of an ECS host to
    another place. And no test may ask the real one.
    """
    ours = Path("ansible_collections", "huaweicloud", "oms")
    collections = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"])
    for part in ("plugins", "meta"):
        shutil.copytree(collections / ours / part, folder / ours / part)
    shutil.copy(collections / ours / "galaxy.yml", folder / ours)
    code = folder / ours / "plugins" / "module_utils" / "_auth" / "ecs_metadata.py"
    before = code.read_text(encoding="utf-8")
    after = before.replace(f'"{METADATA_URL}"', f'"{url}"')
    assert before != after
    code.write_text(after, encoding="utf-8")
    return {"ANSIBLE_COLLECTIONS_PATH": str(folder)}


@pytest.fixture
def on_ecs(simulator: Simulator, tmp_path: Path) -> dict[str, str]:
    """The environment of a host whose metadata service is the simulator; it has no agency, until a test adds one."""
    return with_metadata_service_at(simulator.url, tmp_path / "collections")


@pytest.fixture
def off_ecs(tmp_path: Path) -> t.Iterator[dict[str, str]]:
    """The environment of a host on which nobody answers to the metadata service's address, not even with a refusal."""
    with socket.socket() as nobody, contextlib.ExitStack() as waiting:
        # Whoever connects while the queue is full gets no answer.
        nobody.bind(("127.0.0.1", 0))
        nobody.listen(0)
        for _number in range(4):
            other = waiting.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(nobody.getsockname())
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        yield with_metadata_service_at(address, tmp_path / "collections")
