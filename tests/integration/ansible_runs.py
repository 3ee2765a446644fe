# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Runs Ansible as a user does, as a command, and reads what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

import yaml

MODULE = "huaweicloud.oms.oms_sync_event"
# How long a run may take: less than a test may, so that the test can say which command it was.
RUN_SECONDS = 300
# A variable in the environment of each process that a test starts; its value says which test (owned_processes).
OWNER = "OMS_TEST_OWNER"
# Until a process has done what is waited for.
WAIT_SECONDS = 60


class Unsafe(str):
    """A text that a playbook marks with `!unsafe`, so that Ansible takes no braces in it for a template.

    Not for what looks like a number: Ansible reads `!unsafe "1.10"` as one, quotes or not.
    """


yaml.SafeDumper.add_representer(Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style='"'))


@dataclass(frozen=True)
class Run:
    """A command that has ended; ``results`` are those of its tasks, in order, with ``failed`` and ``task`` beside."""

    returncode: int
    stdout: str
    stderr: str
    results: list[dict[str, t.Any]]
    seconds: float = 0.0

    @property
    def output(self) -> str:
        return f"{self.stdout}\n{self.stderr}"


class Ansible:
    """Ansible in a folder of its own, with an environment that holds nothing of the caller's but its PATH.

    :arg folder: for playbooks, results and the home directory.
    :arg bin_folder: of the environment to take `ansible` from; if not given, that of the matrix's cell, or else the
        default core's.
    """

    def __init__(self, folder: Path, bin_folder: str | None = None) -> None:
        self.folder = folder
        bin_folder = bin_folder or os.environ.get("OMS_TEST_CORE")
        self._path = os.pathsep.join([*([bin_folder] if bin_folder else []), os.environ["PATH"]])
        self._home = folder / "home"
        self._home.mkdir(exist_ok=True)

    def playbook(
        self,
        tasks: list[dict[str, t.Any]] | str,
        *options: str,
        environ: t.Mapping[str, str] | None = None,
        **play: t.Any,
    ) -> Run:
        """Run tasks on localhost.

        :arg tasks: as a playbook has them, or the text of a whole playbook.
        :arg options: of the command line.
        :arg play: more keywords of the play, `vars` for example.
        """
        file = self.folder / "playbook.yml"
        if isinstance(tasks, str):
            file.write_text(tasks, encoding="utf-8")
        else:
            text = yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, **play, "tasks": tasks}])
            file.write_text(text, encoding="utf-8")
        return self.run("ansible-playbook", str(file), *options, environ=environ)

    def modules(self, arguments: t.Iterable[dict[str, t.Any]], *options: str, **run: t.Any) -> Run:
        """Run the module for each set of arguments, after failures, too: one start of Ansible serves many cases."""
        return self.playbook([{MODULE: each, "ignore_errors": True} for each in arguments], *options, **run)

    def ad_hoc(self, arguments: str, *options: str, environ: t.Mapping[str, str] | None = None) -> Run:
        """Run the module by an ad-hoc command."""
        return self.run("ansible", "localhost", "-m", MODULE, "-a", arguments, *options, environ=environ)

    def run(self, *command: str, environ: t.Mapping[str, str] | None = None) -> Run:
        """Run a command."""
        if "OMS_TEST_TARGET" in os.environ and command[0] in ("ansible", "ansible-playbook"):
            # A cell of the matrix. As an extra variable, since the implicit localhost has one of its own.
            command = (command[0], "-e", f"ansible_python_interpreter={os.environ['OMS_TEST_TARGET']}", *command[1:])
        results = self.folder / "results.jsonl"
        results.unlink(missing_ok=True)
        environment = {
            "PATH": self._path,
            "HOME": str(self._home),
            "LANG": "C.UTF-8",
            # Ansible looks for it in the home directory that the system knows, the module in the one it is told of.
            "ANSIBLE_ASYNC_DIR": str(self._home / ".ansible_async"),
            "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"],
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "record_results",
            # Ad-hoc commands run callbacks only when told to.
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "true",
            "OMS_TEST_RESULTS": str(results),
            OWNER: os.environ.get(OWNER, ""),
            **(environ or {}),
        }
        begun = time.monotonic()
        ended = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            # The terminal's signals are for pytest alone.
            start_new_session=True,
        )
        seconds = time.monotonic() - begun
        entries = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
        found = [_result(json.loads(entry)) for entry in entries]
        return Run(ended.returncode, ended.stdout, ended.stderr, found, seconds)


def wait_until(condition: t.Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.002)


class InBackground:
    """The module, run by Ansible while the test does something else."""

    def __init__(self, ansible: Ansible, options: dict[str, t.Any]) -> None:
        self._runs: list[Run] = []
        self._progress = Path(options["progress_file"])
        self._thread = threading.Thread(target=lambda: self._runs.append(ansible.modules([options])), daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    def process(self, not_this: int | None = None) -> int | None:
        """The module's process, by the last line of the progress file; None until it has written that."""
        try:
            last = json.loads(self._progress.read_text(encoding="utf-8").splitlines()[-1])
        except (FileNotFoundError, IndexError, ValueError):
            return None
        return None if last["pid"] == not_this else int(last["pid"])

    def result(self) -> dict[str, t.Any]:
        self._thread.join(WAIT_SECONDS)
        assert self._runs, "the run did not end"
        assert self._runs[0].results, self._runs[0].output
        return self._runs[0].results[0]


def _result(entry: dict[str, t.Any]) -> dict[str, t.Any]:
    return {**entry["result"], "failed": entry["failed"], "task": entry["task"]}
