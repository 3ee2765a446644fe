# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Invalid arguments are refused before a request is sent, and the message says what is wrong and what is allowed."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.huaweicloud.oms.tests.integration.conftest import SYNC_TASK_ID
from ansible_collections.huaweicloud.oms.tests.integration.module_tasks import ModuleTasks
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

# Characters of an object key that have to be encoded take three each.
TOO_LONG = "中" * 1820 + "a" * 5

REFUSALS = {
    "no object keys": ({"object_keys": []}, "object_keys is an empty list. Give at least 1 object key."),
    "an empty object key": (
        {"object_keys": ["a", ""]},
        "object_keys[1] is empty. An object key has at least 1 character.",
    ),
    "an empty string": ({"object_keys": ""}, "object_keys is empty. An object key has"),
    "an object key too long": (
        {"object_keys": ["a", TOO_LONG]},
        "has 16385 characters when URL-encoded. At most 16384 are allowed",
    ),
    "an encoded object key too long": (
        {"object_keys": ["a" * 16385], "object_keys_encoded": True},
        "has 16385 characters when URL-encoded. At most 16384 are allowed",
    ),
    "a number": (
        {"object_keys": ["a", "b", 1.10]},
        "object_keys[2] is the number 1.1. YAML changed it; put it in quotes.",
    ),
    "a time of day": (
        {"object_keys": [45045]},
        "object_keys[0] is the number 45045. YAML changed it; put it in quotes.",
    ),
    "a boolean": ({"object_keys": [True]}, "object_keys[0] is the boolean true. YAML changed it; put it in quotes."),
    "null": ({"object_keys": ["a", None]}, "object_keys[1] is null. Give an object key, or remove the item."),
    "a dictionary": ({"object_keys": [{"key": "a"}]}, "object_keys[0] is a dictionary. Give a string; "),
    "a nested list": ({"object_keys": [["a"]]}, "object_keys[0] is a list. Give a string."),
    "a dictionary for a list": (
        {"object_keys": {"a": 1}},
        "object_keys is a dictionary. It must be a list of strings.",
    ),
    "a comma": ({"object_keys": "a,b"}, 'object_keys is the string "a,b", which contains a comma. Give a list'),
    "a bracket": ({"object_keys": "[a"}, 'object_keys is the string "[a", which starts with [. Give a list'),
    "a brace": ({"object_keys": " {a"}, 'object_keys is the string " {a", which starts with {. Give a list'),
    "half an escape": (
        {"object_keys": ["a", "b%ZZ"], "object_keys_encoded": True},
        'object_keys[1] "b%ZZ" has a % without two hexadecimal digits at character 2',
    ),
    "a space in an encoded object key": (
        {"object_keys": ["a b"], "object_keys_encoded": True},
        'object_keys[0] "a b" has a space at character 2',
    ),
    "a tab in an encoded object key": (
        {"object_keys": ["a\tb"], "object_keys_encoded": True},
        "has a control character at character 2",
    ),
    "an encoded object key outside ASCII": (
        {"object_keys": ["é"], "object_keys_encoded": True},
        "has a non-ASCII character at character 1",
    ),
    "an empty id": ({"sync_task_id": ""}, "sync_task_id is empty. It must have 1 to 1024 characters."),
    "an id too long": ({"sync_task_id": "a" * 1025}, "sync_task_id has 1025 characters. At most 1024 are allowed."),
    "two dots": ({"sync_task_id": ".."}, "sync_task_id is .., which would change the path of the URL. Give an id."),
    "one dot": ({"sync_task_id": "."}, "sync_task_id is ., which would change"),
    "a slash": (
        {"sync_task_id": "a/b"},
        'sync_task_id has "/" at character 2. Give the id alone, without a URL. Only A-Z',
    ),
    "a percent sign": ({"sync_task_id": "a%2Fb"}, 'sync_task_id has "%" at character 2'),
    "a line break in an id": ({"sync_task_id": "a\n"}, 'sync_task_id has "\\n" at character 2'),
    "a project with a slash": ({"project_id": "a/b"}, 'project_id has "/" at character 2'),
    "too many in an event": ({"batch_size": 101}, "batch_size is 101. It must be from 1 to 100."),
    "none in an event": ({"batch_size": 0}, "batch_size is 0. It must be from 1 to 100."),
    "no event at once": ({"concurrency": 0}, "concurrency is 0. It must be from 1 to 64."),
    "too many at once": ({"concurrency": 65}, "concurrency is 65. It must be from 1 to 64."),
    "a negative rate": ({"rate_limit": -1}, "rate_limit is -1. It must be 0 for no limit, or"),
    "object keys twice": ({"object_keys_file": "keys"}, "mutually exclusive: object_keys|object_keys_file"),
    "no object keys at all": ({"object_keys": None}, "one of the following is required: object_keys, object_keys_file"),
    "progress of a list": ({"progress_file": "p"}, "required by 'progress_file': object_keys_file"),
    "a missing file": (
        {"object_keys": None, "object_keys_file": "/nonexistent/keys"},
        "object_keys_file: the file /nonexistent/keys can't be read: no such file or directory",
    ),
    "a directory for a file": (
        {"object_keys": None, "object_keys_file": "/"},
        "object_keys_file: / is not a regular file. Write the object keys to one first",
    ),
    "a missing directory": (
        {"object_keys": None, "object_keys_file": __file__, "progress_file": "/nonexistent/progress"},
        "progress_file: /nonexistent/progress can't be used: no such file or directory",
    ),
    "another file for progress": (
        {"object_keys": None, "object_keys_file": __file__, "progress_file": __file__},
        "progress_file and object_keys_file are the same file. Give progress_file another path",
    ),
    "retries below": ({"retries": -1}, "retries is -1. It must be from 0 to 100."),
    "retries above": ({"retries": 101}, "retries is 101. It must be from 0 to 100."),
    "no time": ({"timeout": 0}, "timeout is 0. It must be from "),
    "a negative delay": ({"retry_max_delay": -0.5}, "retry_max_delay is -0.5. It must be from "),
    "an invalid region": ({"region": "a.example/"}, 'region is "a.example/". It must be the id of a region'),
    "clear text": (
        {"endpoint": "http://oms.example.com"},
        "endpoint is not encrypted: http:// is allowed on the loopback interface only. Use https://oms.example.com.",
    ),
    "clear text to what looks like loopback": ({"endpoint": "http://127.0.0.1.example.com"}, "is not encrypted"),
    "an endpoint with a path": (
        {"endpoint": "https://oms.example.com/v2"},
        "endpoint is not a valid endpoint. It must be https://host or https://host:port, without a path.",
    ),
    "no such ca_path": ({"ca_path": "/nonexistent/ca.pem"}, "ca_path: the file /nonexistent/ca.pem can't be read: no "),
    "no PEM": ({"ca_path": __file__}, "contains no certificates in PEM format. Give a file that does."),
    "an incomplete pair": (
        {"secret_key": None},
        "access_key is given without secret_key. Give them together: missing options are not taken from the"
        " environment.",
    ),
    "a security token alone": (
        {"access_key": None, "secret_key": None, "security_token": "x"},
        "security_token is given without access_key and",
    ),
    "two methods of authentication": ({"auth_token": "x"}, "auth_token and access_key and secret_key are given"),
    "a token too long": (
        {"access_key": None, "secret_key": None, "auth_token": "a" * 16385},
        "auth_token has 16385 characters. At most 16384 are allowed",
    ),
    "a line break behind a token": (
        {"access_key": None, "secret_key": None, "auth_token": "MIIEow\n"},
        "auth_token ends with a line break, which base64 and echo add. Remove it.",
    ),
    "a space behind a key": ({"secret_key": "geheim "}, "secret_key ends with whitespace. Remove it."),
    "quotes around a key": ({"secret_key": "'geheim'"}, "secret_key is enclosed in quotes, which would be sent"),
    "an empty project name": ({"project_name": ""}, "project_name has 0 characters. It must have 1 to 255."),
    "a key outside ASCII": (
        {"secret_key": "geheim-ü"},
        "secret_key has an invalid character at character 8 of 8. Only",
    ),
}


@pytest.fixture(scope="module")
def refused(
    tmp_path_factory: pytest.TempPathFactory, simulator_process: Simulator
) -> tuple[dict[str, dict[str, t.Any]], int]:
    """The result of each case, and how many requests arrived at all."""
    simulator_process.reset()
    task = {
        "region": "cn-north-4",
        "project_id": "a-project",
        "endpoint": simulator_process.url,
        "iam_endpoint": simulator_process.url,
        "access_key": "AN-ACCESS-KEY",
        "secret_key": "a-secret-key",
        "sync_task_id": SYNC_TASK_ID,
        "object_keys": ["a"],
    }
    cases = [{**task, **options} for options, _message in REFUSALS.values()]
    given = [{name: value for name, value in case.items() if value is not None} for case in cases]
    run = ModuleTasks(tmp_path_factory.mktemp("refused")).modules(given)
    assert len(run.results) == len(REFUSALS), run.output
    return dict(zip(REFUSALS, run.results, strict=True)), len(simulator_process.requests())


@pytest.mark.parametrize("case", REFUSALS)
def test_what_breaks_a_rule_is_refused(refused: tuple[dict[str, dict[str, t.Any]], int], case: str) -> None:
    _options, message = REFUSALS[case]
    result = refused[0][case]

    assert result["failed"]
    assert message in result["msg"]
    # An argument error gives the message alone.
    assert not {"error", "object_count", "remaining_object_keys"} & set(result)
    # The secret is not in it.
    assert "a-secret-key" not in str(result)


def test_nothing_is_sent(refused: tuple[dict[str, dict[str, t.Any]], int]) -> None:
    assert refused[1] == 0


def test_without_credentials_the_object_keys_remain(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any], off_ecs: dict[str, str]
) -> None:
    del task["access_key"], task["secret_key"]
    environ = {"HW_ACCESS_KEY": "half", "CLOUD_SDK_SK": "the-other-half", **off_ecs}
    run = module_tasks.modules([{**task, "object_keys": ["a", "b"]}], environ=environ)

    (result,) = run.results
    assert result["failed"]
    assert "No credentials were found" in result["msg"]
    # An incomplete pair in the environment is ignored, and named.
    assert "HW_ACCESS_KEY" in result["msg"]
    assert "CLOUD_SDK_SK" in result["msg"]
    assert result["error"]["kind"] == "credentials"
    assert (result["changed"], result["accepted_count"]) == (False, 0)
    assert result["remaining_object_keys"] == ["a", "b"]
    assert simulator.requests() == []


def test_an_object_key_of_the_maximum_length_is_sent(
    simulator: Simulator, module_tasks: ModuleTasks, task: dict[str, t.Any]
) -> None:
    module_tasks.modules([{**task, "object_keys": [TOO_LONG[:-1]]}])

    (request,) = simulator.requests()
    assert request.accepted
    assert len((request.object_keys or [""])[0]) == 16384
