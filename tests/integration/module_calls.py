# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Calls modules with a given ansible-core but without a playbook: what a module itself prints, for many rows.

A task of a playbook takes 0.4 s of CPU time, most of it for the compilation of the module; a call takes a tenth of it.
As a script it runs with the Python of that core. It imports the modules once and forks for each call.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
import typing as t
from pathlib import Path
from unittest import mock

CALL_SECONDS = 120
# Of ansible_runs, which a script can't import.
OWNER = "OMS_TEST_OWNER"


class Call(t.TypedDict):
    """A module by its FQCN, its arguments (with those of Ansible, `_ansible_check_mode` for example), environment."""

    module: str
    args: dict[str, t.Any]
    environ: dict[str, str]


class Printed(t.NamedTuple):
    """What a module printed; ``result`` is its JSON, with what the controller would mask masked."""

    result: dict[str, t.Any]
    output: str


def call_modules(bin_folder: str, collections: str, calls: t.Sequence[Call], parallel: int = 4) -> list[Printed]:
    """Call modules with the ansible-core of this folder.

    :arg collections: the directory with `ansible_collections`.
    :arg parallel: how many calls may run at the same time; with 1, they run in order.
    """
    ended = subprocess.run(
        [str(Path(bin_folder, "python")), __file__, str(parallel)],
        input=json.dumps(list(calls)),
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": collections,
            "LANG": "C.UTF-8",
            OWNER: os.environ.get(OWNER, ""),
        },
        capture_output=True,
        text=True,
        timeout=CALL_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    printed = [Printed(*each) for each in json.loads(ended.stdout)]
    assert len(printed) == len(calls)
    return printed


def main() -> None:
    """Read the calls from standard input, print a list of pairs: the result, and all that was printed, both masked."""
    calls, parallel = json.load(sys.stdin), int(sys.argv[1])
    modules = {name: _import(name) for name in {call["module"] for call in calls}}
    with tempfile.TemporaryDirectory() as directory:
        files = [Path(directory, str(number)) for number in range(len(calls))]
        for number, call in enumerate(calls):
            if number >= parallel:
                os.wait()
            if not os.fork():
                _run(modules[call["module"]], call, files[number])
        for _process in calls[:parallel]:
            os.wait()
        json.dump([_mask(file.read_text(encoding="utf-8")) for file in files], sys.stdout)


def _import(name: str) -> t.Any:
    namespace, collection, module = name.split(".")
    return importlib.import_module(f"ansible_collections.{namespace}.{collection}.plugins.modules.{module}")


def _run(module: t.Any, call: Call, output: Path) -> t.NoReturn:
    """Be the process of a module."""
    file = os.open(output, os.O_WRONLY | os.O_CREAT)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    os.environ.clear()
    os.environ.update(call["environ"])
    # As sitecustomize does it where Python starts (process_faults).
    exec(os.environ.get("OMS_TEST_FAULT", ""), {})  # noqa: S102
    try:
        with _args(call["args"]):
            module.main()
    except SystemExit:
        pass
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _args(args: dict[str, t.Any]) -> t.Any:
    try:
        from ansible.module_utils.testing import patch_module_args
    except ImportError:  # ansible-core before 2.17
        from ansible.module_utils import basic

        return mock.patch.object(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": args}).encode())
    return patch_module_args(args)


def _mask(output: str) -> tuple[dict[str, t.Any], str]:
    """What the controller makes of an output: from ansible-core 2.22 on it masks what a module names as secrets."""
    if not output:
        # It was killed.
        return {}, ""
    result = json.loads(output.strip().splitlines()[-1])
    secrets = result.pop("_ansible_new_secrets", [])
    rest = "\n".join([*output.strip().splitlines()[:-1], json.dumps(result)])
    if secrets:
        from ansible.module_utils.secrets import mask_secrets, register_secrets

        register_secrets(secrets)
        rest = mask_secrets(rest)
        result = json.loads(mask_secrets(json.dumps(result)))
    return result, rest


if __name__ == "__main__":
    main()
