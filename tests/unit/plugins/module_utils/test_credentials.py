# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

import contextlib
import itertools
import typing as t

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils import _credentials
from ansible_collections.huaweicloud.oms.plugins.module_utils._credentials import (
    AccessKey,
    AuthToken,
    Credentials,
    Secrets,
    Target,
    authoriser,
    find_credentials,
    find_project_id,
    find_target,
    registrar,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    CREDENTIALS,
    Answer,
    ArgumentError,
    ConnectionFailure,
    Failure,
    OmsError,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._transport import Endpoint, Request, Response
from ansible_collections.huaweicloud.oms.tests.unit.fakes import START, Expected, FakeTransport, answer
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

PROJECT = "f697f813554a4f05bac882a183b20878"
FAMILIES = {
    "HUAWEICLOUD_SDK": ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN"),
    "HW": ("HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_SECURITY_TOKEN"),
    "CLOUD_SDK": ("CLOUD_SDK_AK", "CLOUD_SDK_SK"),
}
OPTIONS = ("access_key", "secret_key", "security_token", "auth_token")
VARIABLES = ("HW_AUTH_TOKEN", *itertools.chain(*FAMILIES.values()))


def ignored(_value: str) -> None:
    pass


def find(options: dict[str, t.Any], environ: dict[str, str]) -> Credentials:
    # As Ansible hands them over: what is not given is None.
    return find_credentials({**dict.fromkeys(OPTIONS), **options}, environ, Secrets(ignored))


def refusal(options: dict[str, t.Any], environ: dict[str, str]) -> str:
    with pytest.raises(OmsError) as caught:
        find(options, environ)
    return str(caught.value)


def values(*names: str) -> dict[str, str]:
    """A value for each name, which tells where it belongs."""
    return {name: f"value-of-{name}" for name in names}


def family(name: str) -> tuple[dict[str, t.Any], dict[str, str], Credentials]:
    variables = FAMILIES[name]
    named = ", ".join(variables[:-1]) + f" and {variables[-1]}"
    key = AccessKey(*values(*variables).values(), source=f"environment variables {named}")
    return {}, values(*variables), key


# ---- which source is taken

# In the order in which they are asked: options, environment, what comes out.
SOURCES: dict[str, tuple[dict[str, t.Any], dict[str, str], Credentials]] = {
    "auth_token": (values("auth_token"), {}, AuthToken("value-of-auth_token")),
    "access_key": (
        values("access_key", "secret_key", "security_token"),
        {},
        AccessKey("value-of-access_key", "value-of-secret_key", "value-of-security_token"),
    ),
    "HW_AUTH_TOKEN": (
        {},
        values("HW_AUTH_TOKEN"),
        AuthToken("value-of-HW_AUTH_TOKEN", "environment variable HW_AUTH_TOKEN"),
    ),
    "HUAWEICLOUD_SDK": family("HUAWEICLOUD_SDK"),
    "HW": family("HW"),
    "CLOUD_SDK": family("CLOUD_SDK"),
}


@pytest.mark.parametrize("source", SOURCES)
def test_each_source_is_enough(source: str) -> None:
    options, environ, credentials = SOURCES[source]

    assert find(options, environ) == credentials


@pytest.mark.parametrize(("first", "second"), [*itertools.combinations(SOURCES, 2)])
def test_the_first_complete_source_is_taken(first: str, second: str) -> None:
    options = SOURCES[second][0] | SOURCES[first][0]
    # The other way round as well: the order in the environment does not matter.
    environ = SOURCES[second][1] | SOURCES[first][1]

    if (first, second) == ("auth_token", "access_key"):
        assert refusal(options, environ) == (
            "auth_token and access_key, secret_key and security_token are given, which are two ways to sign in:"
            " give only one of them"
        )
    else:
        assert find(options, environ) == SOURCES[first][2]


def test_a_security_token_is_optional() -> None:
    options, environ = values("access_key", "secret_key"), values("HW_ACCESS_KEY", "HW_SECRET_KEY")

    assert find(options, {}) == AccessKey("value-of-access_key", "value-of-secret_key")
    assert find({}, environ) == AccessKey(
        "value-of-HW_ACCESS_KEY",
        "value-of-HW_SECRET_KEY",
        None,
        "environment variables HW_ACCESS_KEY and HW_SECRET_KEY",
    )


def test_an_empty_variable_is_not_set() -> None:
    environ = {**dict.fromkeys(VARIABLES, ""), **values("CLOUD_SDK_AK", "CLOUD_SDK_SK")}

    assert find({}, environ) == AccessKey(
        "value-of-CLOUD_SDK_AK",
        "value-of-CLOUD_SDK_SK",
        None,
        "environment variables CLOUD_SDK_AK and CLOUD_SDK_SK",
    )


# ---- halves


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["access_key"], "access_key is given without secret_key"),
        (["secret_key"], "secret_key is given without access_key"),
        (["security_token"], "security_token is given without access_key and secret_key"),
        (["access_key", "security_token"], "access_key and security_token are given without secret_key"),
        (["secret_key", "security_token"], "secret_key and security_token are given without access_key"),
    ],
)
def test_a_half_in_the_options_is_an_error_that_the_environment_does_not_mend(given: list[str], message: str) -> None:
    assert refusal(values(*given), values(*VARIABLES)) == (
        f"{message}: they belong together, and the environment does not fill the gap"
    )


@pytest.mark.parametrize("given", ["access_key", "secret_key", "security_token"])
def test_a_token_with_any_part_of_a_key_is_an_error(given: str) -> None:
    assert refusal(values("auth_token", given), {}) == (
        f"auth_token and {given} are given, which are two ways to sign in: give only one of them"
    )


def halves() -> t.Iterator[t.Any]:
    """Each incomplete family of variables, and how it reads."""
    for variables in FAMILIES.values():
        access_key, secret_key, *security_token = variables
        for given in [(access_key,), (secret_key,)]:
            missing = ({access_key, secret_key} - set(given)).pop()
            yield pytest.param(given, f"{given[0]} without {missing}", id=given[0])
            for token in security_token:
                shown = f"{given[0]} and {token} without {missing}"
                yield pytest.param((*given, token), shown, id=f"{given[0]}-{token}")
        for token in security_token:
            yield pytest.param((token,), f"{token} without {access_key} and {secret_key}", id=token)


@pytest.mark.parametrize(("given", "named"), [*halves()])
def test_a_half_in_the_environment_is_passed_over_and_named(given: tuple[str, ...], named: str) -> None:
    assert refusal({}, values(*given)) == (
        "no credentials found: the options auth_token, access_key and secret_key are not given, and the environment of"
        " the host that the module runs on has neither HW_AUTH_TOKEN nor a pair of HUAWEICLOUD_SDK_AK and"
        " HUAWEICLOUD_SDK_SK, HW_ACCESS_KEY and HW_SECRET_KEY, CLOUD_SDK_AK and CLOUD_SDK_SK."
        f" Found, but passed over: {named}."
        " Give one of them; with the controller's environment, delegate the task to localhost"
    )


@pytest.mark.parametrize("complete", ["HW_AUTH_TOKEN", "HUAWEICLOUD_SDK", "HW", "CLOUD_SDK"])
@pytest.mark.parametrize(("given", "_named"), [*halves()])
def test_a_half_does_not_keep_another_source_from_being_taken(
    given: tuple[str, ...], _named: str, complete: str
) -> None:
    _options, environ, credentials = SOURCES[complete]

    assert find({}, {**values(*given), **environ}) == credentials


def test_all_halves_are_named() -> None:
    assert (
        " Found, but passed over: HUAWEICLOUD_SDK_AK without HUAWEICLOUD_SDK_SK; HW_SECRET_KEY without HW_ACCESS_KEY;"
        " CLOUD_SDK_AK without CLOUD_SDK_SK. Give"
    ) in refusal({}, values("HUAWEICLOUD_SDK_AK", "HW_SECRET_KEY", "CLOUD_SDK_AK"))


def test_without_credentials_the_message_names_all_places() -> None:
    with pytest.raises(Failure) as caught:
        find({}, {})

    assert caught.value.kind == CREDENTIALS
    assert str(caught.value) == (
        "no credentials found: the options auth_token, access_key and secret_key are not given, and the environment of"
        " the host that the module runs on has neither HW_AUTH_TOKEN nor a pair of HUAWEICLOUD_SDK_AK and"
        " HUAWEICLOUD_SDK_SK, HW_ACCESS_KEY and HW_SECRET_KEY, CLOUD_SDK_AK and CLOUD_SDK_SK."
        " Give one of them; with the controller's environment, delegate the task to localhost"
    )


@pytest.mark.parametrize(
    ("options", "environ"),
    [
        (["access_key", "secret_key"], ["HUAWEICLOUD_SDK_SECURITY_TOKEN", "HW_SECURITY_TOKEN"]),
        ([], ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HW_SECURITY_TOKEN"]),
        ([], ["HW_ACCESS_KEY", "HW_SECRET_KEY", "HUAWEICLOUD_SDK_SECURITY_TOKEN"]),
        ([], ["CLOUD_SDK_AK", "CLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN", "HW_SECURITY_TOKEN"]),
    ],
)
def test_a_key_never_meets_a_foreign_security_token(options: list[str], environ: list[str]) -> None:
    key = find(values(*options), values(*environ))

    assert isinstance(key, AccessKey)
    assert key.security_token is None


@pytest.mark.parametrize(("first", "second"), [*itertools.permutations(FAMILIES, 2)])
def test_a_key_never_meets_a_foreign_secret(first: str, second: str) -> None:
    message = refusal({}, values(FAMILIES[first][0], FAMILIES[second][1]))

    assert f"{FAMILIES[first][0]} without {FAMILIES[first][1]}" in message
    assert f"{FAMILIES[second][1]} without {FAMILIES[second][0]}" in message


# ---- what can't be sent

BAD_VALUES = [
    ("bad-value\n", "ends with a line break (base64 and echo add one): take it away"),
    ("bad-value\r\n", "ends with a line break (base64 and echo add one): take it away"),
    ("bad-value\r", "ends with a line break (base64 and echo add one): take it away"),
    ("\nbad-value", "starts with a line break (base64 and echo add one): take it away"),
    ("bad-value ", "ends with a blank: take it away"),
    (" bad-value", "starts with a blank: take it away"),
    ("bad-value\t", "ends with a blank: take it away"),
    ("bad-value\u00a0", "ends with a blank: take it away"),
    ("bad-v\u00e4lue", "character 6 of 9 is none that a key or token can have:"),
    ("bad value", "character 4 of 9 is none that a key or token can have:"),
    ("bad-value\x7f", "character 10 of 10 is none that a key or token can have:"),
    ("\ufeffbad-value", "character 1 of 10 is none that a key or token can have:"),
    ("bad\nvalue", "character 4 of 9 is none that a key or token can have:"),
    ("v" * 16385, "has 16385 characters: at most 16384 are allowed"),
]


def bad_value_refusal(name: str, bad: str) -> str:
    if name == "auth_token":
        return refusal({name: bad}, {})
    if name in OPTIONS:
        return refusal({**values("access_key", "secret_key"), name: bad}, {})
    if name == "HW_AUTH_TOKEN":
        return refusal({}, {name: bad})
    variables = next(variables for variables in FAMILIES.values() if name in variables)
    return refusal({}, {**values(*variables), name: bad})


@pytest.mark.parametrize(("bad", "what"), BAD_VALUES)
@pytest.mark.parametrize("name", [*OPTIONS, *VARIABLES])
def test_what_can_t_be_sent_is_named_and_never_shown(name: str, bad: str, what: str) -> None:
    message = bad_value_refusal(name, bad)

    assert message.startswith(f"{name}: {what}")
    assert "lue" not in message
    assert "vvv" not in message


def test_bytes_that_are_not_utf_8_are_refused_like_others() -> None:
    # Python reads such bytes of the environment as lone surrogates.
    assert bad_value_refusal("HW_AUTH_TOKEN", "bad-value\udcff").startswith("HW_AUTH_TOKEN: character 10 of 10 is none")


@pytest.mark.parametrize("name", OPTIONS)
def test_an_empty_option_is_an_error(name: str) -> None:
    assert bad_value_refusal(name, "") == f"{name}: is empty"


@pytest.mark.parametrize("value", ["v", "v" * 16384, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"])
def test_what_can_be_sent_is_taken_as_it_is(value: str) -> None:
    assert find({"auth_token": value}, {}) == AuthToken(value)


# ---- secrets


@pytest.mark.parametrize(
    ("options", "environ"),
    [
        *((options, environ) for options, environ, _credentials in SOURCES.values()),
        (values("auth_token", "access_key"), {}),
        (values("access_key"), {}),
        ({}, values("HUAWEICLOUD_SDK_AK", "HW_SECRET_KEY", "CLOUD_SDK_AK")),
        ({}, values("HW_SECURITY_TOKEN", "CLOUD_SDK_AK", "CLOUD_SDK_SK")),
        ({"auth_token": "bad value"}, {}),
        ({}, {"HW_ACCESS_KEY": "bad value", "HW_SECRET_KEY": "value", "HW_SECURITY_TOKEN": "value "}),
        ({"access_key": "value", "secret_key": ""}, {"HW_AUTH_TOKEN": ""}),
    ],
)
def test_all_that_is_read_is_registered(options: dict[str, str], environ: dict[str, str]) -> None:
    registered: list[str] = []
    secrets = Secrets(registered.append)
    with contextlib.suppress(OmsError):
        find_credentials(options, environ, secrets)

    read = {value for value in (*options.values(), *environ.values()) if value}
    assert read <= set(registered)
    assert "" not in registered
    assert all(value not in secrets.mask(f"<{value}>") for value in read)


def test_what_is_registered_can_be_told_to_ansible() -> None:
    registered: list[str] = []

    Secrets(registered.append).add("Marker\udcff")

    assert all(value.isascii() for value in registered)


@pytest.mark.parametrize("value", ["", " ", "\r\n"])
def test_nothing_is_no_secret(value: str) -> None:
    registered: list[str] = []
    secrets = Secrets(registered.append)

    assert secrets.add(value) == value
    assert registered == []
    assert secrets.mask("a text \r\n") == "a text \r\n"


@pytest.mark.parametrize(
    ("added", "text", "masked"),
    [
        ([], "nothing is secret", "nothing is secret"),
        (["Marker"], "Marker, a Marker", "********, a ********"),
        # As it stands in a URL, in JSON and in HTML
        (["a+b/c=d"], "a+b/c=d is a%2Bb%2Fc%3Dd", "******** is ********"),
        (['a"b\\c'], 'a"b\\c is a\\"b\\\\c', "******** is ********"),
        (["a&b<c'd"], "a&b<c'd is a&amp;b&lt;c&#x27;d", "******** is ********"),
        # With or without the line break that came along
        (["Marker\n"], "Marker and Marker\n.", "******** and ********."),
        # The longest first, or the end of it would stay, in whichever order they come
        (["Mark", "Marker", "Marker-2"], "Mark Marker Marker-2", "******** ******** ********"),
        (["Marker-2", "Marker", "Mark"], "Mark Marker Marker-2", "******** ******** ********"),
    ],
)
def test_a_text_is_masked(added: list[str], text: str, masked: str) -> None:
    secrets = Secrets(ignored)
    for value in added:
        assert secrets.add(value) == value

    assert secrets.mask(text) == masked


@pytest.mark.parametrize("credentials", [AccessKey("Marker-ak", "Marker-sk", "Marker-st"), AuthToken("Marker-token")])
def test_a_repr_shows_no_secret(credentials: Credentials) -> None:
    assert repr(credentials) == f"{type(credentials).__name__}(source='options')"


class Module:
    """As much of an AnsibleModule as registering needs."""

    def __init__(self) -> None:
        self.no_log_values: set[str] = set()


def test_before_ansible_core_2_22_secrets_go_to_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_credentials, "register_secret", None)
    module = Module()

    registrar(module)("Marker")

    assert module.no_log_values == {"Marker"}


def test_since_ansible_core_2_22_secrets_go_to_ansible(monkeypatch: pytest.MonkeyPatch) -> None:
    registered: list[str] = []
    monkeypatch.setattr(_credentials, "register_secret", registered.append)
    module = Module()

    registrar(module)("Marker")

    assert registered == ["Marker"]
    assert module.no_log_values == set()


# ---- the headers

OMS = Endpoint("https://oms.cn-north-4.myhuaweicloud.com", "region cn-north-4")
EVENTS = Request(
    "POST",
    OMS,
    f"/v2/{PROJECT}/sync-tasks/31e9b7e6-6ffb-452f-9842-6ce354d99d75/events",
    headers={"Content-Type": "application/json"},
    body=b'{"object_keys":["test%2F001.txt","test%2F002.txt"]}',
)


def test_a_token_is_sent_as_it_is() -> None:
    assert authoriser(AuthToken("token"), PROJECT)(EVENTS, START) == {"X-Auth-Token": "token"}


def test_a_key_signs_as_the_vector_of_the_api_says() -> None:
    # oms-api.md, section 5, the last but one
    assert authoriser(AccessKey("AccessKey", "SecretKey"), PROJECT)(EVENTS, START) == {
        "X-Project-Id": PROJECT,
        "X-Sdk-Date": "20260101T000000Z",
        "Authorization": (
            "SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=content-type;host;x-project-id;x-sdk-date,"
            " Signature=4d027788f5577c6701617b16b7a84ae8f3916cfa0af2ad98c6985c94a0d8ae5d"
        ),
    }


@pytest.mark.parametrize(
    ("request_", "security_token", "project_id", "signed"),
    [
        (Request("GET", OMS, "/v3/projects", (("name", "a"),)), None, None, "host;x-sdk-date"),
        (Request("GET", OMS, "/v2", (("b", "1"), ("a", "2"))), None, PROJECT, "host;x-project-id;x-sdk-date"),
        (EVENTS, None, None, "content-type;host;x-sdk-date"),
        (EVENTS, "security", None, "content-type;host;x-sdk-date;x-security-token"),
        (EVENTS, "security", PROJECT, "content-type;host;x-project-id;x-sdk-date;x-security-token"),
        (Request("GET", Endpoint("http://127.0.0.1:8080", "option endpoint"), "/v2"), None, None, "host;x-sdk-date"),
    ],
)
def test_what_a_key_sends_is_signed_as_the_sdk_signs_it(
    request_: Request, security_token: str | None, project_id: str | None, signed: str
) -> None:
    headers = dict(authoriser(AccessKey("ak", "sk", security_token), project_id)(request_, START))
    authorization = headers.pop("Authorization")
    scheme, host = request_.endpoint.url.split("://")
    sdk_request = SdkRequest(
        method=request_.method,
        schema=scheme,
        host=host,
        resource_path=request_.path,
        query_params=list(request_.query),
        header_params={**request_.headers, **headers},
        body=request_.body,
    )

    assert headers.get("X-Security-Token") == security_token
    assert headers.get("X-Project-Id") == project_id
    assert f" SignedHeaders={signed}, " in authorization
    assert authorization == Signer(BasicCredentials("ak", "sk")).sign(sdk_request).header_params["Authorization"]


# ---- where requests go


def endpoints(target: Target) -> list[tuple[str, str]]:
    return [(endpoint.url, endpoint.source) for endpoint in (target.endpoint, target.iam_endpoint) if endpoint]


def target_refusal(options: dict[str, t.Any], environ: dict[str, str]) -> str:
    with pytest.raises(ArgumentError) as caught:
        find_target(options, environ, Secrets(ignored))
    return str(caught.value)


@pytest.mark.parametrize(
    ("options", "environ", "region"),
    [
        ({"region": "cn-north-4"}, {}, "cn-north-4"),
        ({}, {"HW_REGION_NAME": "cn-north-4"}, "cn-north-4"),
        ({"region": None}, {"HW_REGION_NAME": "cn-north-4"}, "cn-north-4"),
        ({"region": "cn-east-3"}, {"HW_REGION_NAME": "cn-north-4"}, "cn-east-3"),
        ({"region": "a"}, {}, "a"),
        ({"region": "a" * 63}, {}, "a" * 63),
    ],
)
def test_a_region_is_all_that_is_needed(options: dict[str, t.Any], environ: dict[str, str], region: str) -> None:
    target = find_target(options, environ, Secrets(ignored))

    assert (target.region, target.project_id) == (region, None)
    assert endpoints(target) == [
        (f"https://oms.{region}.myhuaweicloud.com", f"region {region}"),
        (f"https://iam.{region}.myhuaweicloud.com", f"region {region}"),
    ]


@pytest.mark.parametrize("region", ["", "CN-North-4", "cn_north_4", "-a", "a-", "a.b", "a/b", "a\n", "é", "a" * 64])
@pytest.mark.parametrize("name", ["region", "HW_REGION_NAME"])
def test_a_region_that_is_no_part_of_a_host_s_name_is_refused(name: str, region: str) -> None:
    options, environ = ({"region": region}, {}) if name == "region" else ({}, {name: region})
    if environ and not region:
        # An empty variable is not set.
        name = "region"

    assert target_refusal(options, environ).startswith(f"{name}: ")


def test_the_message_on_a_bad_region_gives_an_example() -> None:
    assert target_refusal({}, {"HW_REGION_NAME": "cn north"}) == (
        "HW_REGION_NAME: must be a region's id like cn-north-4: up to 63 lower-case letters, digits and -"
    )


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({}, "the endpoint"),
        ({"project_id": "p"}, "the endpoint"),
        ({"endpoint": "https://oms.example"}, "the project's id"),
        ({"endpoint": "https://oms.example", "iam_endpoint": "https://iam.example"}, "the project's id"),
    ],
)
def test_a_missing_region_is_asked_for(options: dict[str, t.Any], missing: str) -> None:
    assert target_refusal(options, {}) == (
        f"region: is needed to find {missing}: give region (or HW_REGION_NAME), or both endpoint and project_id"
    )


def test_endpoint_and_project_make_do_without_a_region() -> None:
    target = find_target({"endpoint": "https://oms.example", "project_id": "p"}, {}, Secrets(ignored))

    assert target == Target(None, Endpoint("https://oms.example", "option endpoint"), None, "p")


SDK_OMS = "HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4"
SDK_IAM = "HUAWEICLOUD_SDK_IAM_ENDPOINT"


@pytest.mark.parametrize(
    ("options", "environ", "oms", "iam"),
    [
        (
            {"endpoint": "https://o.example", "iam_endpoint": "https://i.example:8443"},
            {SDK_OMS: "https://other", SDK_IAM: "https://other"},
            ("https://o.example", "option endpoint"),
            ("https://i.example:8443", "option iam_endpoint"),
        ),
        (
            {},
            {SDK_OMS: "https://o.example", SDK_IAM: "https://i.example"},
            ("https://o.example", f"environment variable {SDK_OMS}"),
            ("https://i.example", f"environment variable {SDK_IAM}"),
        ),
        # Each by itself, and the variable of another region is none.
        (
            {"endpoint": "https://o.example"},
            {"HUAWEICLOUD_SDK_REGION_OMS_CN_EAST_3": "https://other", SDK_IAM: ""},
            ("https://o.example", "option endpoint"),
            ("https://iam.cn-north-4.myhuaweicloud.com", "region cn-north-4"),
        ),
        (
            {"iam_endpoint": "http://localhost:8080"},
            {"HUAWEICLOUD_SDK_REGION_OMS_CN_EAST_3": "https://other", SDK_OMS: ""},
            ("https://oms.cn-north-4.myhuaweicloud.com", "region cn-north-4"),
            ("http://localhost:8080", "option iam_endpoint"),
        ),
    ],
)
def test_an_option_goes_before_a_variable_and_a_variable_before_the_region(
    options: dict[str, t.Any], environ: dict[str, str], oms: tuple[str, str], iam: tuple[str, str]
) -> None:
    target = find_target({"region": "cn-north-4", **options}, environ, Secrets(ignored))

    assert endpoints(target) == [oms, iam]


@pytest.mark.parametrize("name", ["endpoint", "iam_endpoint", SDK_OMS, SDK_IAM])
def test_a_bad_endpoint_is_named_by_where_it_was_found(name: str) -> None:
    bad = {name: "http://oms.example"}
    options, environ = (bad, {}) if name.islower() else ({}, bad)

    assert target_refusal({"region": "cn-north-4", **options}, environ).startswith(f"{name}: http:// sends in clear")


@pytest.mark.parametrize("other_mistake", [{}, {"region": "a.b"}, {"endpoint": "ftp://oms.example"}])
def test_an_endpoint_with_a_password_is_registered_before_anything_is_refused(other_mistake: dict[str, str]) -> None:
    registered: list[str] = []
    options = {"region": "cn-north-4", "iam_endpoint": "https://user:Marker@iam.example", **other_mistake}

    with pytest.raises(ArgumentError):
        find_target(options, {}, Secrets(registered.append))

    assert options["iam_endpoint"] in registered
    assert options.get("endpoint") not in registered


@pytest.mark.parametrize(
    ("options", "environ", "project_id"),
    [
        ({"project_id": "a"}, {"HUAWEICLOUD_SDK_PROJECT_ID": "b", "HW_PROJECT_ID": "c"}, "a"),
        ({}, {"HUAWEICLOUD_SDK_PROJECT_ID": "b", "HW_PROJECT_ID": "c"}, "b"),
        ({"project_id": None}, {"HUAWEICLOUD_SDK_PROJECT_ID": "", "HW_PROJECT_ID": "c"}, "c"),
        ({}, {}, None),
    ],
)
def test_the_project_s_id_is_the_first_that_is_given(
    options: dict[str, t.Any], environ: dict[str, str], project_id: str | None
) -> None:
    target = find_target({"region": "cn-north-4", **options}, environ, Secrets(ignored))

    assert target.project_id == project_id


@pytest.mark.parametrize("bad", ["a/b", "..", "a\n", "p" * 1025, "https://a"])
@pytest.mark.parametrize("name", ["project_id", "HUAWEICLOUD_SDK_PROJECT_ID", "HW_PROJECT_ID"])
def test_a_bad_project_s_id_is_named_by_where_it_was_found(name: str, bad: str) -> None:
    options, environ = ({name: bad}, {}) if name == "project_id" else ({}, {name: bad})

    assert target_refusal({"region": "cn-north-4", **options}, environ).startswith(f"{name}: ")


@pytest.mark.parametrize("option", ["region", "endpoint", "iam_endpoint", "project_id"])
def test_an_empty_option_is_given_and_wrong(option: str) -> None:
    environ = {
        "HW_REGION_NAME": "cn-north-4",
        "HW_PROJECT_ID": "p",
        SDK_OMS: "https://o.example",
        SDK_IAM: "https://i.example",
    }

    assert target_refusal({option: ""}, environ).startswith(f"{option}: ")


# ---- the look-up of the project

IAM = Endpoint("https://iam.cn-north-4.myhuaweicloud.com", "region cn-north-4")
TARGET = Target("cn-north-4", OMS, IAM, None)
LOOK_UP = "GET /v3/projects at https://iam.cn-north-4.myhuaweicloud.com"
REMEDY = "Give project_id (the console shows it under My Credentials)"
KEY = AccessKey("Marker-ak", "Marker-sk")


def look_up(response: Response | ConnectionFailure) -> str:
    secrets = Secrets(ignored)
    secrets.add(KEY.secret_key)
    expected = Expected("GET", "https://iam.cn-north-4.myhuaweicloud.com/v3/projects?name=cn-north-4", response)
    with FakeTransport(expected) as transport:
        return find_project_id(transport, TARGET, KEY, secrets)


def look_up_failure(response: Response | ConnectionFailure) -> Failure:
    with pytest.raises(Failure) as caught:
        look_up(response)
    return caught.value


def test_a_given_project_s_id_is_not_looked_up() -> None:
    target = Target(None, OMS, None, "p")
    with FakeTransport() as transport:
        assert find_project_id(transport, target, KEY, Secrets(ignored)) == "p"


@pytest.mark.parametrize(
    ("credentials", "headers"),
    [
        (AuthToken("token"), {"X-Auth-Token"}),
        (AccessKey("ak", "sk"), {"X-Sdk-Date", "Authorization"}),
        (AccessKey("ak", "sk", "st"), {"X-Sdk-Date", "Authorization", "X-Security-Token"}),
    ],
)
def test_a_missing_project_s_id_is_looked_up(credentials: Credentials, headers: set[str]) -> None:
    found = answer(200, {"projects": [{"id": PROJECT, "name": "cn-north-4"}]})
    expected = Expected("GET", "https://iam.cn-north-4.myhuaweicloud.com/v3/projects?name=cn-north-4", found)
    with FakeTransport(expected) as transport:
        assert find_project_id(transport, TARGET, credentials, Secrets(ignored)) == PROJECT
        assert set(transport.headers[0]) == headers


def test_the_look_up_is_signed_as_the_vector_of_the_api_says() -> None:
    # oms-api.md, section 5, the last one
    request = Request("GET", IAM, "/v3/projects", (("name", "cn-north-4"),))

    assert authoriser(AccessKey("AccessKey", "SecretKey"))(request, START)["Authorization"].endswith(
        "SignedHeaders=host;x-sdk-date, Signature=c3331032cba282cc66010e6c8ef9ec7c0973738104858e58c6d7033cbc2d5ae1"
    )


@pytest.mark.parametrize(
    ("projects", "message"),
    [
        ([], f"no project is named cn-north-4. Check region. {REMEDY}"),
        (["p1", "p2"], f"more than one project is named cn-north-4: p1 and p2. {REMEDY}"),
        (["p1", "p2", "p3"], f"more than one project is named cn-north-4: p1, p2 and p3. {REMEDY}"),
        (["p1", "Marker-sk"], f"more than one project is named cn-north-4: p1 and ********. {REMEDY}"),
        (
            ["a/b"],
            'IAM answered with an id that can\'t be used, project_id: has "/" at character 2:'
            f" only A-Z a-z 0-9 _ . ~ - are allowed, give the bare id and no URL. {REMEDY}",
        ),
        ([".."], "IAM answered with an id that can't be used, project_id: .. is no id, it would change the path"),
        ([""], "IAM answered with an id that can't be used, project_id: is empty"),
    ],
)
def test_a_project_that_can_t_be_told_is_a_failure(projects: list[str], message: str) -> None:
    failure = look_up_failure(answer(200, {"projects": [{"id": project, "name": "n"} for project in projects]}))

    assert str(failure).startswith(f"{LOOK_UP}: {message}")
    assert (failure.kind, failure.answer) == (CREDENTIALS, Answer())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"<html>Sign in</html>",
        b"[" * 100_000,
        b"null",
        b"[]",
        b"{}",
        b'{"projects": null}',
        b'{"projects": [null]}',
        b'{"projects": [{"name": "cn-north-4"}]}',
        b'{"projects": {"id": "p"}}',
        b'{"projects": [{"id": null}]}',
        b'{"projects": [{"id": "p"}, {"id": 1}]}',
    ],
)
def test_garbage_for_an_answer_is_a_failure(body: bytes) -> None:
    failure = look_up_failure(answer(200, body))

    assert str(failure) == f"{LOOK_UP}: the answer is no list of projects. Check iam_endpoint. {REMEDY}"
    assert failure.kind == CREDENTIALS


WRONG_KEY = (
    "The access key, secret key, signature or token is wrong: correct it before the next run, because more than"
    " 5 failures in a row lock an access key for 5 minutes"
)


@pytest.mark.parametrize(
    ("date", "advice"),
    [
        ("Thu, 01 Jan 2026 00:00:00 GMT", WRONG_KEY),
        ("Wed, 31 Dec 2025 23:59:00 GMT", WRONG_KEY),
        ("soon", WRONG_KEY),
        (
            "Wed, 31 Dec 2025 23:58:59 GMT",
            f"{WRONG_KEY}. The clock of this host is 61 s ahead of the service's: set it right",
        ),
        (
            "Thu, 01 Jan 2026 00:20:00 GMT",
            f"{WRONG_KEY}. The clock of this host is 1200 s behind the service's: set it right",
        ),
    ],
)
def test_a_refused_signature_has_to_do_with_the_key_or_with_the_clock(date: str, advice: str) -> None:
    body = {"error": {"code": "APIGW.0301", "message": "bad Marker-sk"}}
    failure = look_up_failure(answer(401, body, Date=date, X_Request_Id="0a1b"))

    assert str(failure) == (
        f"{LOOK_UP}: the look-up of project_id was refused: HTTP 401 APIGW.0301"
        f' "bad ********" (request id 0a1b). {advice}'
    )
    assert failure.kind == CREDENTIALS
    assert failure.answer == Answer(401, "APIGW.0301", "bad ********", None, "0a1b")


def test_a_forbidden_look_up_names_the_permission_and_the_way_round() -> None:
    failure = look_up_failure(answer(403, {"error": {"code": 403, "message": "Forbidden"}}, Date="x"))

    assert str(failure) == (
        f'{LOOK_UP}: the look-up of project_id was refused: HTTP 403 403 "Forbidden".'
        f" The caller is not authorised: grant it the IAM action iam:projects:listProjects. {REMEDY}"
    )


def test_only_a_401_speaks_of_the_clock() -> None:
    assert "clock" not in str(look_up_failure(answer(403, Date="Thu, 01 Jan 2026 12:00:00 GMT")))


def test_attempts_that_came_to_nothing_are_told() -> None:
    expected = Expected("GET", "https://iam.cn-north-4.myhuaweicloud.com/v3/projects?name=cn-north-4", answer(503))
    with FakeTransport(expected, expected, retries=1) as transport, pytest.raises(Failure) as caught:
        find_project_id(transport, TARGET, KEY, Secrets(ignored))

    assert "refused: HTTP 503, given up after 2 attempts. The service is not available" in str(caught.value)


def test_no_answer_is_passed_on_as_it_is() -> None:
    failure = ConnectionFailure("connection", "no way", "Check it", passing=False)

    assert look_up_failure(failure).kind == "connection"
