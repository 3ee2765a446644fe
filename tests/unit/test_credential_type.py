# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The credential type for AWX: what it puts into the environment is what the modules read."""

from __future__ import annotations

import typing as t
from pathlib import Path

import jinja2
import pytest
import yaml
from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import connection_argument_spec
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credential import AccessKey
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.target import find_credentials_and_target

DIRECTORY = Path(__file__).parents[2] / "docs" / "awx-credential-type"
# What AWX accepts: "Create a new credential type" in its documentation.
KEYS_OF_A_FIELD = {"id", "type", "label", "help_text", "secret", "multiline", "choices", "default", "format"}
SPEC = connection_argument_spec()
VALUES = {
    "region": "cn-north-4",
    "project_id": "f697f813554a4f05bac882a183b20878",
    "access_key": "the-access-key",
    "secret_key": "the-secret-key",
    "security_token": "the-security-token",
}


def read(name: str) -> dict[str, t.Any]:
    parsed: dict[str, t.Any] = yaml.safe_load((DIRECTORY / name).read_text(encoding="utf-8"))
    return parsed


def environment(values: t.Mapping[str, str]) -> dict[str, str]:
    """The variables that AWX sets for a credential with these values: a field that is left empty is empty text."""
    values = {**{field["id"]: "" for field in read("inputs.yml")["fields"]}, **values}
    variables = read("injectors.yml")["env"]
    return {
        name: jinja2.Template(text, undefined=jinja2.StrictUndefined).render(values) for name, text in variables.items()
    }


def found(environ: t.Mapping[str, str]) -> tuple[t.Any, t.Any]:
    """Where a module without options finds its credentials, and what it sends requests to."""
    options = {name: argument.get("default") for name, argument in SPEC.items()}
    registered: list[str] = []
    credentials, target = find_credentials_and_target(options, environ, Secrets(registered.append))
    return credentials.credentials, target


def test_the_modules_read_what_is_injected() -> None:
    credentials, target = found(environment(VALUES))

    assert isinstance(credentials, AccessKey)
    assert (credentials.access_key, credentials.secret_key, credentials.security_token) == (
        "the-access-key",
        "the-secret-key",
        "the-security-token",
    )
    assert "oms.cn-north-4." in str(target.endpoint)
    assert target.project_id == VALUES["project_id"]


def test_fields_that_are_not_required_can_be_empty() -> None:
    required = read("inputs.yml")["required"]
    credentials, target = found(environment({name: VALUES[name] for name in required}))

    assert (credentials.access_key, credentials.secret_key) == ("the-access-key", "the-secret-key")
    assert not credentials.security_token
    assert not target.project_id
    assert target.project_name == "cn-north-4"


@pytest.mark.parametrize("field", read("inputs.yml")["fields"], ids=lambda field: field["id"])
def test_a_field_is_an_option_and_as_secret_as_it(field: dict[str, t.Any]) -> None:
    assert set(field) <= KEYS_OF_A_FIELD
    assert field["type"] == "string"
    assert field["label"]
    assert field.get("secret", False) == SPEC[field["id"]].get("no_log", False)
    # A field that no variable is made of would be lost.
    assert VALUES[field["id"]] in environment(VALUES).values()


def test_nothing_but_what_awx_knows() -> None:
    assert set(read("inputs.yml")) == {"fields", "required"}
    assert set(read("injectors.yml")) == {"env"}
