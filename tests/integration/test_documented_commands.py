# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Runs the commands of the documentation, and what it says about authentication."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
import yaml
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import MODULE, Ansible
from ansible_collections.huaweicloud.oms.tests.integration.page_reader import (
    ACCESS_KEY,
    HOSTILE,
    SECRET_KEY,
    Reader,
    exported,
)
from ansible_collections.huaweicloud.oms.tests.integration.pages import BLOCKS, PLAYS, ROOT, block
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

# What each source of credentials is accepted by: a header, and how it begins.
SIGNED = {
    "Submit with an access key from the environment": ("authorization", f"SDK-HMAC-SHA256 Access={ACCESS_KEY},"),
    "Submit as another user": ("authorization", f"SDK-HMAC-SHA256 Access={ACCESS_KEY},"),
    "Submit with a password": ("x-auth-token", "token-"),
    "Submit with an access key from a vault": ("authorization", f"SDK-HMAC-SHA256 Access={ACCESS_KEY},"),
    "Submit with a credentials file": ("authorization", f"SDK-HMAC-SHA256 Access={ACCESS_KEY},"),
    "Submit from an ECS host": ("x-security-token", "agency-sts-"),
    "Submit with a temporary access key": ("x-security-token", "a-security-token"),
    "Submit with an IAM token": ("x-auth-token", "an-iam-token"),
}
OF_ENVIRONMENT = list(SIGNED)[:3]
AD_HOC = [each.text for each in BLOCKS if each.start.startswith("ansible localhost ")]
EXPORTS = [each.text for each in BLOCKS if each.start.startswith("export ") and "event-driven" not in each.page]
LISTS = [each.text for each in BLOCKS if "aws s3api" in each.text]


# ---- authentication


@pytest.mark.parametrize("exporting", [True, False], ids=["environment", "no environment"])
def test_each_credential_source_is_accepted(
    simulator: Simulator, reader: Reader, on_ecs: dict[str, str], exporting: bool
) -> None:
    variables = exported("authentication")
    simulator.add_access_key("TEMPORARY", "a-secret", "a-security-token")
    simulator.add_token("an-iam-token")
    simulator.add_user(variables["HW_DOMAIN_NAME"], variables["HW_USER_NAME"], variables["HW_USER_PASSWORD"])
    simulator.add_agency()
    reader.write("home/.huaweicloud/credentials", block("docs/authentication.md", "[basic]"))
    reader.write("home/photos/object_keys.txt", "test/001.txt\n")
    # As sudo, it drops the environment, but for where the simulator is. Ansible would not call it for the user who runs
    # the test.
    kept = " ".join(f"{name}={url}" for name, url in reader.endpoints.items())
    script = (
        f'while [ "$1" != /bin/sh ]; do shift; done\nexec env -i PATH="$PATH" HOME="{reader.directory}" {kept} "$@"\n'
    )
    become = reader.write("become", f"#!/bin/sh\n{script}")
    become.chmod(0o700)
    text = f"migration_host ansible_connection=local ansible_python_interpreter={sys.executable}\n"
    reader.write("inventory", text)
    values = {
        "vault_oms_access_key": ACCESS_KEY,
        "vault_oms_secret_key": SECRET_KEY,
        "temporary": {"access": "TEMPORARY", "secret": "a-secret", "securitytoken": "a-security-token"},
        "iam_token": "an-iam-token",
        "ansible_become_exe": str(become),
    }
    reader.write("variables.yml", yaml.safe_dump(values))
    names = [name for name in SIGNED if (name in OF_ENVIRONMENT) == exporting]
    environ = {
        **on_ecs,
        **reader.endpoints,
        **(variables if exporting else {}),
        "ANSIBLE_BECOME_ALLOW_SAME_USER": "true",
    }
    plays = [play for name in names for play in PLAYS[name]]
    if exporting:
        # `become` alone loses the environment.
        (alone,) = json.loads(json.dumps(PLAYS["Submit as another user"]))
        del alone["tasks"][0]["environment"]
        alone["tasks"][0][MODULE].update(region="cn-north-4", auth_method="aksk")
        plays.append({**alone, "ignore_errors": True})
    run = reader.plays(plays, environ=environ)

    assert run.returncode == 0, run.output
    if exporting:
        assert run.results[-1]["failed"]
        assert run.results[-1]["error"]["kind"] == "credentials"
    assert reader.accepted() == ["test/001.txt"] * len(names)
    for name, request in zip(names, simulator.requests("POST", "/events"), strict=True):
        header, begins = SIGNED[name]
        assert request.headers[header].startswith(begins), name
    assert "WARNING" not in run.output


# ---- commands


def test_the_command_of_the_readme_works_with_make_simulator(reader: Reader) -> None:
    command = [sys.executable, str(ROOT / "tests" / "simulator"), "--examples", "--max-seconds=120"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            # Five lines: what it is, what to do, an empty one, and two commands.
            exports = [line for line in islice(process.stdout, 5) if line.startswith("export ")]
            script = "".join(["set -e\n", *exports, block("README.md", "ansible localhost ")])
            run = reader.ansible.run("bash", "-c", script)
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0

    assert EXPORTS[0].strip() in exports[0]
    assert run.returncode == 0, run.output
    assert "| CHANGED =>" in run.stdout


def test_ad_hoc_commands_submit_what_they_say(reader: Reader) -> None:
    commands = list(dict.fromkeys("".join(AD_HOC).replace(" \\\n", " ").splitlines()))
    script = "set -e\n" + EXPORTS[0] + "\n".join(commands)
    run = reader.ansible.run("bash", "-c", script, environ=reader.endpoints)

    assert run.returncode == 0, run.output
    # One command is in check mode.
    assert len(commands) == 4
    assert run.stdout.count("| CHANGED =>") == 4
    assert sorted(reader.accepted()) == [
        "2026/11/harbour at night.jpg",
        "2026/11/harbour.jpg",
        "test/001.txt",
        "test/002.txt",
    ]


@pytest.mark.parametrize("command", LISTS, ids=["all", "appended"])
def test_a_bucket_is_listed_as_json(reader: Reader, command: str) -> None:
    """In the place of the AWS CLI is a program that writes what version 1.46 wrote for such object keys."""
    home = reader.directory / "home"
    command = command.replace("/var/lib/photos", str(home / "photos"))
    file = reader.write("home/photos/object_keys.jsonl", "")
    # A line for each object key, and a line for a bucket, or a page of it, that is empty.
    reader.write("answer", "\n".join([*(json.dumps([key]) for key in HOSTILE), "None\n"]))
    cli = reader.write("bin/aws", f'#!/bin/sh\necho "$@" > {home}/arguments\ncat {reader.directory}/answer\n')
    cli.chmod(0o700)
    # Ansible's own PATH comes behind, with sed in it.
    run = reader.ansible.run("bash", "-c", f'PATH="{cli.parent}:$PATH"\n{command}')
    listed = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    cli.write_text("#!/bin/sh\nexit 255\n", encoding="utf-8")
    broken = reader.ansible.run("bash", "-c", f'PATH="{cli.parent}:$PATH"\n{command}')

    assert (run.returncode, broken.returncode) == (0, 255), run.output
    assert listed == HOSTILE
    called = (home / "arguments").read_text(encoding="utf-8")
    assert called.startswith("s3api list-objects-v2 --bucket photos ")
    assert ".[to_string([Key])]" in called


def test_the_collection_is_installed_over_an_older_one(ansible: Ansible) -> None:
    checkout = ansible.folder / "checkout"
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(".*", "build", "output", "tests"))
    install = block("README.md", "ansible-galaxy ")
    installed = ansible.folder / "home/.ansible/ansible_collections/huaweicloud/oms"
    installed.mkdir(parents=True)
    (installed / "MANIFEST.json").write_text(
        json.dumps({"collection_info": {"namespace": "huaweicloud", "name": "oms", "version": "1.0.0"}}),
        encoding="utf-8",
    )
    described = block("docs/getting-started.md", "ansible-doc ")
    script = f"set -e\ncd checkout\n{install}\n{described}"
    run = ansible.run("bash", "-c", script, environ={"ANSIBLE_COLLECTIONS_PATH": str(ansible.folder / "home/.ansible")})

    assert run.returncode == 0, run.output
    assert "sync_task_id" in run.stdout
    names = {path.name for path in installed.iterdir()}
    assert {"plugins", "roles", "extensions", "playbooks", "meta", "README.md", "CHANGELOG.md", "LICENSES"} <= names
    # What is for development only stays out.
    assert not {"tests", "Makefile", "noxfile.py", "pyproject.toml", ".ci", "build"} & names


def test_localhost_of_an_inventory_gets_the_python_of_ansible(reader: Reader) -> None:
    inventory = reader.write("hosts.yml", block("docs/getting-started.md", "all:"))
    task = {"ansible.builtin.debug": {"msg": "{{ ansible_python_interpreter }}"}}
    run = reader.ansible.playbook([task], f"-i{inventory}")

    python = Path(run.results[0]["msg"])
    assert python.parent == Path(shutil.which("ansible-playbook", path=reader.ansible._path) or "").parent
