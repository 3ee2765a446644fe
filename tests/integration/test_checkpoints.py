# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The progress file on real file systems, and with other files in its place."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import stat
import subprocess
import threading
import time
import typing as t
from collections import Counter
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible, Run, wait_until
from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID
from ansible_collections.huaweicloud.oms.tests.integration.module_tasks import ModuleTasks
from ansible_collections.huaweicloud.oms.tests.integration.process_faults import (
    FULL_DISK,
    NO_FSYNC,
    NO_LOCKS,
    UMASK,
    with_fault,
)
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

__all__ = ["with_fault"]

OBJECT_KEYS = [f"object {number}" for number in range(25)]
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")


class Case:
    """A run with files in a directory of its own, for a sync task of its own."""

    def __init__(self, name: str, folder: Path, task: dict[str, t.Any], simulator: Simulator) -> None:
        self.name = name
        self.folder = folder / name
        self.folder.mkdir()
        self.folder.chmod(0o755)
        self.key_file = self.folder / "object_keys"
        self.key_file.write_text("".join(f"{key}\n" for key in OBJECT_KEYS), encoding="ascii")
        self.progress = self.folder / "a.progress"
        self._task = task
        self._simulator = simulator
        simulator.add_task(name, PROJECT_ID)

    def play(self, environment: dict[str, str] | None = None, **options: t.Any) -> dict[str, t.Any]:
        """The task of a playbook."""
        arguments = {
            **self._task,
            "sync_task_id": self.name,
            "object_keys_file": str(self.key_file),
            "progress_file": str(self.progress),
            **options,
        }
        return {MODULE: arguments, "environment": environment or {}, "ignore_errors": True}

    @property
    def accepted(self) -> list[str]:
        return self._simulator.accepted_keys(self.name)

    @property
    def process(self) -> int | None:
        """What has written the last line; None before the first one."""
        try:
            return t.cast(int, self.last_line["pid"])
        except (FileNotFoundError, IndexError, ValueError):
            return None

    @property
    def last_line(self) -> dict[str, t.Any]:
        return t.cast(dict[str, t.Any], json.loads(self.progress.read_bytes().splitlines()[-1]))


@pytest.fixture
def new_case(simulator: Simulator, task: dict[str, t.Any], tmp_path: Path) -> t.Callable[[str], Case]:
    return lambda name: Case(name, tmp_path, task, simulator)


# ---- file systems that a run works on

Prepare = t.Callable[[Case], object]


def foreign_names(case: Case) -> None:
    (case.folder / "a.progress.new").mkdir()
    (case.folder / "a.progress.tmp").write_text("foreign", encoding="ascii")


def log_of_an_owner(case: Case) -> None:
    case.progress.touch()
    case.progress.chmod(0o664)
    os.chown(case.progress, 12345, 54321)


SURVIVED: dict[str, tuple[Prepare, str]] = {
    "foreign-names": (foreign_names, ""),
    "no-fsync": (lambda _case: None, NO_FSYNC),
    "no-locks": (lambda _case: None, NO_LOCKS),
    "umask": (lambda _case: None, UMASK),
    "write-only-directory": (lambda case: case.folder.chmod(0o300), ""),
    "other-owner": (log_of_an_owner, ""),
    "empty": (lambda case: case.progress.touch(), ""),
}


@AS_ROOT
def test_file_systems_that_a_run_works_on(
    ansible: Ansible,
    module_tasks: ModuleTasks,
    new_case: t.Callable[[str], Case],
    with_fault: t.Callable[[str], dict[str, str]],
) -> None:
    cases = {name: new_case(name) for name in SURVIVED}
    for name, (prepare, _fault) in SURVIVED.items():
        prepare(cases[name])
    before = {name: sorted({*case.folder.iterdir(), case.progress}) for name, case in cases.items()}
    tasks = {name: [cases[name].play(with_fault(fault))] * 2 for name, (_prepare, fault) in SURVIVED.items()}
    # The function that locks has to be replaced before the module is imported.
    by_ansible = ansible.playbook(tasks.pop("no-locks")).results
    results = module_tasks.playbook(task for pair in tasks.values() for task in pair).results
    pairs = {"no-locks": by_ansible, **dict(zip(tasks, zip(results[::2], results[1::2], strict=True), strict=True))}

    for name, case in cases.items():
        first, second = pairs[name]
        assert first.get("accepted_count") == 25, f"{name}: {first}"
        assert (second["changed"], second.get("resumed_count")) == (False, 25), f"{name}: {second}"
        assert case.accepted == OBJECT_KEYS, name
        assert case.last_line["finished"] is True, name
        assert sorted(case.folder.iterdir()) == before[name], name
        mode = 0o664 if name == "other-owner" else 0o600
        expected = mode if name != "empty" else stat.S_IMODE(case.key_file.stat().st_mode)
        assert stat.S_IMODE(case.progress.stat().st_mode) == expected, name
        is_warned = any("can't be locked: no locks available" in text for text in first.get("warnings", []))
        assert is_warned == (name == "no-locks"), first
    state = cases["other-owner"].progress.stat()
    assert (state.st_uid, state.st_gid) == (12345, 54321)


@pytest.fixture
def mounted() -> t.Iterator[t.Callable[..., None]]:
    """Mount something until the end of the test."""
    mounts: list[str] = []

    def mount(target: Path, *arguments: str) -> None:
        command = ["mount", *arguments, str(target)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if ended.returncode:
            pytest.skip(f"mounting is not allowed here: {ended.stderr}")
        mounts.append(str(target))

    yield mount
    for target in mounts:
        subprocess.run(["umount", target], timeout=60, check=True)


@AS_ROOT
def test_a_file_that_is_mounted_by_itself(
    module_tasks: ModuleTasks, new_case: t.Callable[[str], Case], mounted: t.Callable[..., None]
) -> None:
    case = new_case("bound")
    source = case.folder.parent / "bound.source"
    source.touch()
    case.progress.touch()
    mounted(case.progress, "--bind", str(source))
    first, second = module_tasks.playbook([case.play(), case.play()]).results

    assert (first["accepted_count"], second["resumed_count"]) == (25, 25)
    assert case.accepted == OBJECT_KEYS
    assert json.loads(source.read_bytes().splitlines()[-1])["finished"] is True


@AS_ROOT
def test_a_disk_that_is_full(
    module_tasks: ModuleTasks, new_case: t.Callable[[str], Case], mounted: t.Callable[..., None]
) -> None:
    case = new_case("full")
    disk = case.folder / "disk"
    disk.mkdir()
    mounted(disk, "-t", "tmpfs", "-o", "size=64k,mode=0755", "tmpfs")
    case.progress = disk / "a.progress"
    with contextlib.suppress(OSError), open(disk / "filler", "wb", buffering=0) as filler:
        while filler.write(bytes(1024)):
            pass
    (full,) = module_tasks.playbook([case.play()]).results
    (disk / "filler").unlink()
    (room,) = module_tasks.playbook([case.play()]).results

    assert "can't be written: no space left on device. Make room on its file system" in full["msg"]
    assert (full["changed"], full["accepted_count"], full["remaining_count"]) == (False, 0, 25)
    assert full["error"]["kind"] == "file"
    assert (room["failed"], room["accepted_count"]) == (False, 25)
    assert case.accepted == OBJECT_KEYS


def test_room_again_in_between(
    module_tasks: ModuleTasks,
    new_case: t.Callable[[str], Case],
    with_fault: t.Callable[[str], dict[str, str]],
) -> None:
    """The disk is full in the middle of each line of a run, once; the next run resumes."""
    cases = [new_case(f"room-{room}") for room in (10, 500, 700)]
    rooms = [int(case.name.partition("-")[2]) for case in cases]
    tasks = [
        task
        for case, room in zip(cases, rooms, strict=True)
        for task in (case.play(with_fault(FULL_DISK.format(room=room))), case.play(), case.play())
    ]
    results = module_tasks.playbook(tasks).results

    for number, case in enumerate(cases):
        full, room, again = results[3 * number : 3 * number + 3]
        assert full["error"]["kind"] == "file", full
        assert full["accepted_count"] + room["accepted_count"] >= 25
        assert not room["failed"], room["msg"]
        assert set(case.accepted) == set(OBJECT_KEYS)
        assert (again["changed"], again["resumed_count"]) == (False, 25)
        # At most one line, the one that met the full disk, is no JSON.
        for line in case.progress.read_bytes().splitlines()[1:]:
            assert line.startswith(b"{")


def append(path: Path, content: bytes) -> str:
    """Code that appends to a file, for with_fault: it runs before the module."""
    return f"with open({str(path)!r}, 'ab') as file: file.write({content!r})"


def test_a_damaged_log(
    module_tasks: ModuleTasks, new_case: t.Callable[[str], Case], with_fault: t.Callable[[str], dict[str, str]]
) -> None:
    case = new_case("damaged")
    tasks = [
        case.play(),
        case.play(
            with_fault(append(case.progress, bytes(40) + b'{"oms') + "\n" + append(case.key_file, b"appended\n"))
        ),
        case.play(with_fault(append(case.progress, bytes(40)))),
    ]
    first, second, third = module_tasks.playbook(tasks).results

    assert (first["accepted_count"], second["accepted_count"], third["accepted_count"]) == (25, 1, 0)
    assert case.accepted == [*OBJECT_KEYS, "appended"]
    for result in (second, third):
        assert [text for text in result["warnings"] if "the last line is unreadable and ignored" in text]


# ---- files that are refused and not changed


def other_keys(case: Case) -> None:
    case.progress.write_text("other object\n", encoding="ascii")


def shared(case: Case) -> None:
    case.folder.chmod(0o1777)


def finished_log(case: Case) -> bytes:
    """Of this run, as another user can write it."""
    identity = {
        "endpoint": case.play()[MODULE]["endpoint"],
        "project_id": PROJECT_ID,
        "sync_task_id": case.name,
        "object_keys_file_format": "lines",
        "object_keys_encoded": False,
    }
    content = case.key_file.read_bytes()
    digest = subprocess.run(["sha256sum"], input=content, capture_output=True, check=True, timeout=60).stdout.split()[0]
    counts = {"accepted_count": 25, "object_count": 25, "offset": len(content), "sha256": digest.decode()}
    entry = {"oms_checkpoint": 1, **identity, **counts, "finished": True, "host": "here", "pid": 1}
    return json.dumps(entry).encode() + b"\n"


def forged(case: Case) -> None:
    shared(case)
    case.progress.write_bytes(finished_log(case))
    os.chown(case.progress, 12345, -1)


def dangling(case: Case) -> None:
    shared(case)
    case.progress.symlink_to(case.folder / "target")


def fifo(case: Case) -> None:
    shared(case)
    os.mkfifo(case.progress)


REFUSED: dict[str, tuple[Prepare, str]] = {
    "other-keys": (other_keys, "is not a progress file of this module, and was not changed"),
    "same-file": (lambda case: case.progress.symlink_to("object_keys"), "object_keys_file are the same file"),
    "hard-link": (lambda case: os.link(case.key_file, case.progress), "object_keys_file are the same file"),
    "forged": (forged, "belongs to another user, and other users can write to its directory"),
    "dangling": (dangling, "is a symbolic link, and other users can write to its directory"),
    "fifo": (fifo, "is not a regular file"),
}


@AS_ROOT
def test_a_refused_file_is_not_changed_and_nothing_is_sent(
    simulator: Simulator, module_tasks: ModuleTasks, new_case: t.Callable[[str], Case]
) -> None:
    cases = {name: new_case(name) for name in REFUSED}
    for name, (prepare, _said) in REFUSED.items():
        prepare(cases[name])
    before = {name: sorted(case.folder.iterdir()) for name, case in cases.items()}
    contents = {name: case.progress.read_bytes() for name, case in cases.items() if case.progress.is_file()}
    # The log that another user wrote is a good one: where nobody else can write, it is believed.
    private = new_case("private")
    private.progress.write_bytes(finished_log(private))
    results = module_tasks.playbook([case.play() for case in (*cases.values(), private)]).results

    for (name, (_prepare, said)), result in zip(REFUSED.items(), results, strict=False):
        assert said in result["msg"], name
        assert result["failed"], name
        assert "error" not in result, name
        assert sorted(cases[name].folder.iterdir()) == before[name], name
    for name, content in contents.items():
        assert cases[name].progress.read_bytes() == content, name
    assert results[-1]["resumed_count"] == 25
    assert simulator.requests() == []


def test_a_file_of_object_keys_is_not_taken_for_a_temporary_file(
    module_tasks: ModuleTasks, new_case: t.Callable[[str], Case]
) -> None:
    case = new_case("names")
    case.key_file = case.key_file.rename(case.folder / "names.new")
    case.progress = case.folder / "names"
    (result,) = module_tasks.playbook([case.play()]).results

    assert result["accepted_count"] == 25
    assert case.accepted == OBJECT_KEYS == (case.folder / "names.new").read_text(encoding="ascii").splitlines()


# ---- the end of the file of object keys


def test_a_last_line_without_a_line_end(
    module_tasks: ModuleTasks, new_case: t.Callable[[str], Case], with_fault: t.Callable[[str], dict[str, str]]
) -> None:
    case = new_case("line-ends")
    case.key_file.write_bytes(b"a\nb")
    steps = [
        (b"", 2),
        (b"", 0),
        (b"\n", 0),
        (b"c", 1),
        (b"d", 1),
        (b"\r", 1),
        (b"\n", 1),
        (b"e", 1),
        (b"\r\n", 0),
        (b"", 0),
    ]
    tasks = [case.play(with_fault(append(case.key_file, appended))) for appended, _accepted in steps]
    results = module_tasks.playbook(tasks).results

    assert [result["accepted_count"] for result in results] == [accepted for _appended, accepted in steps]
    assert [result["changed"] for result in results] == [accepted > 0 for _appended, accepted in steps]
    assert case.accepted == ["a", "b", "c", "cd", "cd\r", "cd", "e"]
    for result in results:
        assert result["object_count"] == result["accepted_count"] + result["resumed_count"]


# ---- files of object keys that are refused


def test_files_that_are_not_lines_of_object_keys(
    simulator: Simulator, module_tasks: ModuleTasks, new_case: t.Callable[[str], Case]
) -> None:
    case = new_case("refused")
    contents = {
        b"a\0b\0": "contains a NUL byte or UTF-16",
        "a\nb\n".encode("utf-16"): "contains a NUL byte or UTF-16",
        b"a\rb\r": "has CR as its only line end",
        b'[\n"a",\n"b"\n]\n': "is a JSON list",
        b'["a", "b"]': "is a JSON list",
        b'"a"\n"b"\n': "is a file of JSON strings",
    }
    tasks = []
    for number, content in enumerate(contents):
        path = case.folder / str(number)
        path.write_bytes(content)
        tasks.append(case.play(object_keys_file=str(path)))
    (case.folder / "shadow").write_bytes(b"root:$6$Marker:19000::::::\n")
    tasks.append(case.play(object_keys_file=str(case.folder / "shadow"), object_keys_file_format="jsonl"))
    run = module_tasks.playbook(tasks)

    for said, result in zip([*contents.values(), "line 1 of "], run.results, strict=False):
        assert said in result["msg"]
    assert len(run.results) == len(contents) + 1
    assert "Marker" not in run.output
    assert simulator.requests() == []


# ---- kill -9


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_no_object_key_is_lost_when_runs_are_killed_at_20_random_times(
    simulator: Simulator, module_tasks: ModuleTasks, new_case: t.Callable[[str], Case]
) -> None:
    case = new_case("killed")
    object_keys = [f"backup/2026/object {number:07}" for number in range(20_000)]
    case.key_file.write_text("".join(f"{key}\n" for key in object_keys), encoding="ascii")
    concurrency, kills = 8, 20
    simulator.set(latency=0.1)
    randomly = random.Random(20261125)  # noqa: S311 - times are not secrets
    runs: list[Run] = []
    tasks = [case.play(concurrency=concurrency) for _number in range(kills + 2)]
    thread = threading.Thread(target=lambda: runs.append(module_tasks.playbook(tasks)), daemon=True)
    thread.start()
    process = None
    allowed = 0
    for _number in range(kills):
        wait_until(lambda process=process: case.process not in (None, process))
        process = case.process
        time.sleep(randomly.uniform(0, 1.6))
        os.kill(t.cast(int, process), signal.SIGKILL)
        wait_until(lambda process=process: not Path(f"/proc/{process}").exists())
        # What was accepted since the last line, and the events in flight.
        allowed += len(set(case.accepted)) - case.last_line["accepted_count"] + concurrency * 10
    simulator.set(latency=0)
    thread.join(200)
    *killed, last, again = runs[0].results
    accepted = Counter(case.accepted)

    assert len(killed) == kills == sum("accepted_count" not in result for result in killed)
    assert not last["failed"], last["msg"]
    assert last["resumed_count"] > 0
    assert set(accepted) == set(object_keys)
    assert 0 < sum(accepted.values()) - len(object_keys) <= allowed
    assert (again["changed"], again["accepted_count"], again["resumed_count"]) == (False, 0, 20_000)
