# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The examples of docs/signing-in.md, run as they stand."""

from __future__ import annotations

import re
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import Ansible
from ansible_collections.huaweicloud.oms.tests.integration.conftest import PROJECT_ID, SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.integration.pages import blocks, name_of
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

PAGE = Path(__file__).parents[2] / "docs" / "signing-in.md"
# As the page writes them.
ACCESS_KEY, SECRET_KEY = "your-access-key", "your-secret-key"


PLAYS = [block for block in blocks(PAGE, "yaml") if "hosts:" in block]
CREDENTIAL_TYPE, INJECTOR, EXECUTION_ENVIRONMENT = (
    yaml.safe_load(block) for block in blocks(PAGE, "yaml") if "hosts:" not in block
)
# What each of them is accepted by: a header, and how it begins.
SIGNED = {
    "Hand over with a key of the environment": ("authorization", f"SDK-HMAC-SHA256 Access={ACCESS_KEY},"),
    "Hand over with a key of a vault": ("authorization", f"SDK-HMAC-SHA256 Access={ACCESS_KEY},"),
    "Hand over with the key of a file": ("authorization", f"SDK-HMAC-SHA256 Access={ACCESS_KEY},"),
    "Hand over from an ECS host": ("x-security-token", "agency-sts-"),
    "Hand over with a password": ("x-auth-token", "token-"),
    "Hand over with a temporary key": ("x-security-token", "a-security-token"),
    "Hand over with a token": ("x-auth-token", "an-iam-token"),
}
VARIABLES = {
    "vault_oms_access_key": ACCESS_KEY,
    "vault_oms_secret_key": SECRET_KEY,
    "temporary": {"access": "TEMPORARY", "secret": "a-secret", "securitytoken": "a-security-token"},
    "iam_token": "an-iam-token",
}


def exported() -> dict[str, str]:
    """All variables that the page's commands set."""
    return dict(re.findall(r"\b([A-Z_]+)=(\S+)", "".join(blocks(PAGE, "shell"))))


@pytest.fixture
def ready(simulator: Simulator, ansible: Ansible) -> Ansible:
    """The page's reader, for whom all of it has been prepared."""
    variables = exported()
    simulator.add_access_key(ACCESS_KEY, SECRET_KEY)
    simulator.add_access_key("TEMPORARY", "a-secret", "a-security-token")
    simulator.add_token("an-iam-token")
    simulator.add_user(variables["HW_DOMAIN_NAME"], variables["HW_USER_NAME"], variables["HW_USER_PASSWORD"])
    simulator.add_agency()
    home = ansible.folder / "home"
    for name, text in {
        ".huaweicloud/credentials": blocks(PAGE, "ini")[0],
        "backup/names.txt": "test/001.txt\n",
        "variables.yml": yaml.safe_dump(VARIABLES),
        "inventory": f"migration_host ansible_connection=local ansible_python_interpreter={sys.executable}\n",
    }.items():
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")
        (home / name).chmod(0o600)
    return ansible


# Those that the environment gives credentials to.
OF_ENVIRONMENT = [name for name in SIGNED if "environment" in name or "password" in name]


@pytest.mark.parametrize("exporting", [True, False], ids=["environment", "no environment"])
def test_each_way_leads_to_a_task_that_works(
    simulator: Simulator, ready: Ansible, on_ecs: dict[str, str], exporting: bool
) -> None:
    blocks_of_run = [block for block in PLAYS if (name_of(block) in OF_ENVIRONMENT) == exporting]
    environ = {"HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4": simulator.url, "HUAWEICLOUD_SDK_IAM_ENDPOINT": simulator.url}
    if exporting:
        environ |= exported()
    home = ready.folder / "home"
    plays = yaml.safe_dump([play for block in blocks_of_run for play in yaml.safe_load(block)])
    run = ready.playbook(plays, f"-i{home}/inventory", f"-e@{home}/variables.yml", environ={**on_ecs, **environ})

    assert run.returncode == 0, run.output
    assert simulator.accepted_keys(SYNC_TASK_ID) == ["test/001.txt"] * len(blocks_of_run)
    for block, request in zip(blocks_of_run, simulator.requests("POST", "/events"), strict=True):
        header, begins = SIGNED[name_of(block)]
        assert request.headers[header].startswith(begins), name_of(block)
    assert "WARNING" not in run.output


def test_no_way_goes_by_untested() -> None:
    assert {name_of(block) for block in PLAYS} == set(SIGNED)
    assert PAGE.read_text(encoding="utf-8").count("```") == 2 * sum(
        len(blocks(PAGE, language)) for language in ("yaml", "shell", "ini")
    )


@pytest.mark.parametrize("empty", [(), ("project_id", "security_token")], ids=["all", "required"])
def test_the_credential_type_of_awx_fits_the_module(
    simulator: Simulator, ready: Ansible, empty: tuple[str, ...]
) -> None:
    fields = [field["id"] for field in CREDENTIAL_TYPE["fields"]]
    values = {
        "region": "cn-north-4",
        "project_id": PROJECT_ID,
        "access_key": "TEMPORARY",
        "secret_key": "a-secret",
        "security_token": "a-security-token",
    }
    if empty:
        values |= {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, **dict.fromkeys(empty, "")}
    # AWX fills a template in for each variable; a field that was left empty is an empty text.
    environ = {
        name: re.sub(r"\{\{ (\w+) \}\}", lambda match: values[match[1]], template)
        for name, template in INJECTOR["env"].items()
    }
    task: dict[str, t.Any] = {"endpoint": simulator.url, "iam_endpoint": simulator.url, "sync_task_id": SYNC_TASK_ID}
    run = ready.modules([{**task, "object_keys": ["a"]}], environ=environ)

    assert fields == list(values)
    assert set(CREDENTIAL_TYPE["required"]) == set(fields) - {"project_id", "security_token"}
    assert {field["id"] for field in CREDENTIAL_TYPE["fields"] if field.get("secret")} == set(fields) - {
        "region",
        "project_id",
    }
    assert run.results[0]["changed"], run.output
    assert len(simulator.requests("GET", "/v3/projects")) == bool(empty)
