# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import connection_argument_spec
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth import secrets as _secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credential import AccessKey, AuthToken
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credentials import (
    Credentials,
    EcsAgency,
    Found,
    Password,
    find_credentials,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets, registrar
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.target import (
    Target,
    endpoint_warnings,
    find_credentials_and_target,
    find_target,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError, OmsError
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from huaweicloudsdkcore.auth.provider import EnvCredentialProvider, ProfileCredentialProvider

FAMILIES = {
    "HUAWEICLOUD_SDK": ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN"),
    "HW": ("HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_SECURITY_TOKEN"),
    "CLOUD_SDK": ("CLOUD_SDK_AK", "CLOUD_SDK_SK"),
}
OPTIONS = ("access_key", "secret_key", "security_token", "auth_token")
USER = ("username", "password", "domain_name")
USER_VARIABLES = ("HW_USER_NAME", "HW_USER_PASSWORD", "HW_DOMAIN_NAME")
KEY_VARIABLES = ("HW_AUTH_TOKEN", *itertools.chain(*FAMILIES.values()))
VARIABLES = (*KEY_VARIABLES, *USER_VARIABLES)
# Nobody's home: no credentials file by accident.
NOWHERE = {"HOME": "/nonexistent"}


def ignored(_value: str) -> None:
    pass


def look(options: dict[str, t.Any], environ: dict[str, str], secrets: Secrets | None = None) -> Found:
    # As Ansible passes them: what is not given is None.
    given = {**{name: spec.get("default") for name, spec in connection_argument_spec().items()}, **options}
    return find_credentials(given, {**NOWHERE, **environ}, secrets or Secrets(ignored))


def find(options: dict[str, t.Any], environ: dict[str, str]) -> Credentials | None:
    return look(options, environ).credentials


def refusal(options: dict[str, t.Any], environ: dict[str, str]) -> str:
    with pytest.raises(OmsError) as caught:
        find(options, environ)
    return str(caught.value)


def values(*names: str) -> dict[str, str]:
    """A value for each name, which tells where it belongs."""
    return {name: f"value-of-{name}" for name in names}


# ---- which source is taken


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home directory with a credentials file in the place where the official SDK looks."""
    home = tmp_path_factory.mktemp("home")
    credentials_file(home / ".huaweicloud" / "credentials", FILE)
    return home


FILE = "[basic]\nak = value-of-ak\nsk = value-of-sk\nsecurity_token = value-of-security_token_in_file\n"


def credentials_file(path: Path, text: str, mode: int = 0o600) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return str(path)


def named(names: t.Sequence[str]) -> str:
    return f"environment variables {', '.join(names[:-1])} and {names[-1]}"


# In the order in which they are asked: options, environment, what comes out. HOME stands for a credentials file.
SOURCES: dict[str, tuple[dict[str, t.Any], dict[str, str], t.Callable[[Path], Credentials]]] = {
    "auth_token": (values("auth_token"), {}, lambda _home: AuthToken("value-of-auth_token")),
    "access_key": (
        values("access_key", "secret_key", "security_token"),
        {},
        lambda _home: AccessKey("value-of-access_key", "value-of-secret_key", "value-of-security_token"),
    ),
    "password": (values(*USER), {}, lambda _home: Password(*values(*USER).values())),
    "HW_AUTH_TOKEN": (
        {},
        values("HW_AUTH_TOKEN"),
        lambda _home: AuthToken("value-of-HW_AUTH_TOKEN", "environment variable HW_AUTH_TOKEN"),
    ),
    **{name: ({}, values(*FAMILIES[name]), lambda _home, name=name: key_of_family(name)) for name in FAMILIES},
    "HW_USER_PASSWORD": (
        {},
        values(*USER_VARIABLES),
        lambda _home: Password(*values(*USER_VARIABLES).values(), source=named(USER_VARIABLES)),
    ),
    "file": (
        {},
        {"HOME": ""},
        lambda home: AccessKey(
            "value-of-ak",
            "value-of-sk",
            "value-of-security_token_in_file",
            f"the credentials file {home}/.huaweicloud/credentials",
        ),
    ),
    "agency": ({}, {}, lambda _home: EcsAgency()),
}
METHODS = {
    "token": ("auth_token", "HW_AUTH_TOKEN"),
    "aksk": ("access_key", *FAMILIES),
    "password": ("password", "HW_USER_PASSWORD"),
    "file": ("file",),
    "ecs_agency": ("agency",),
}


def key_of_family(name: str) -> AccessKey:
    return AccessKey(*values(*FAMILIES[name]).values(), source=named(FAMILIES[name]))


def given_by(home: Path, *sources: str) -> tuple[dict[str, t.Any], dict[str, str]]:
    """Options and environment of several sources together."""
    options = {name: value for source in sources for name, value in SOURCES[source][0].items()}
    environ = {name: value or str(home) for source in sources for name, value in SOURCES[source][1].items()}
    return options, environ


@pytest.mark.parametrize("source", SOURCES)
def test_each_source_is_enough(source: str, home: Path) -> None:
    assert find(*given_by(home, source)) == SOURCES[source][2](home)


@pytest.mark.parametrize(("first", "second"), [*itertools.combinations(SOURCES, 2)])
def test_the_first_complete_source_is_taken(first: str, second: str, home: Path) -> None:
    # Given the other way round: the order in the environment does not matter.
    options, environ = given_by(home, second, first)

    if SOURCES[first][0] and SOURCES[second][0]:
        assert "which are two methods of authentication. Give only one of them." in refusal(options, environ)
    else:
        assert find(options, environ) == SOURCES[first][2](home)


@pytest.mark.parametrize("method", METHODS)
def test_with_a_method_only_its_sources_are_looked_at(method: str, home: Path) -> None:
    options, environ = given_by(home, *SOURCES)
    options["auth_method"] = method
    taken = []
    # One source after the other is taken away, until the method has none left.
    for source in METHODS[method]:
        taken.append(find(options, environ))
        options = {name: value for name, value in options.items() if name not in SOURCES[source][0]}
        environ = {name: value for name, value in environ.items() if name not in SOURCES[source][1]}

    assert taken == [SOURCES[source][2](home) for source in METHODS[method]]
    if method != "ecs_agency":
        assert find(options, environ) is None


def test_all_choices_of_a_method_are_known() -> None:
    assert set(connection_argument_spec()["auth_method"]["choices"]) == {"auto", *METHODS}


def test_three_methods_are_too_many() -> None:
    options = values("auth_token", "access_key", "secret_key", *USER)

    assert refusal(options, {}) == (
        "auth_token and access_key and secret_key and username, password and domain_name are given, which are three"
        " methods of authentication. Give only one of them."
    )


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
        (["username"], "username is given without password and domain_name"),
        (["password", "domain_name"], "password and domain_name are given without username"),
        (["username", "password"], "username and password are given without domain_name"),
    ],
)
def test_an_incomplete_pair_in_the_options_is_not_completed_from_the_environment(
    given: list[str], message: str
) -> None:
    assert refusal(values(*given), values(*VARIABLES)) == (
        f"{message}. Give them together: missing options are not taken from the environment."
    )


@pytest.mark.parametrize("given", ["access_key", "secret_key", "security_token"])
def test_a_token_with_any_part_of_a_key_is_an_error(given: str) -> None:
    assert refusal(values("auth_token", given), {}) == (
        f"auth_token and {given} are given, which are two methods of authentication. Give only one of them."
    )


def halves() -> t.Iterator[t.Any]:
    """Each incomplete family of variables, and how it reads."""
    for count in (1, 2):
        for some in itertools.combinations(USER_VARIABLES, count):
            missing = [name for name in USER_VARIABLES if name not in some]
            yield pytest.param(some, f"{' and '.join(some)} without {' and '.join(missing)}", id="-".join(some))
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
def test_an_incomplete_pair_in_the_environment_is_ignored_and_named(given: tuple[str, ...], named: str) -> None:
    found = look({}, values(*given))

    assert (found.credentials, found.ignored) == (EcsAgency(), (named,))


@pytest.mark.parametrize("complete", ["HW_AUTH_TOKEN", *FAMILIES, "HW_USER_PASSWORD", "file"])
@pytest.mark.parametrize(("given", "_named"), [*halves()])
def test_an_incomplete_source_does_not_hide_another_one(
    given: tuple[str, ...], _named: str, complete: str, home: Path
) -> None:
    _options, environ = given_by(home, complete)

    assert find({}, {**values(*given), **environ}) == SOURCES[complete][2](home)


def test_all_halves_are_named() -> None:
    found = look({}, values("HUAWEICLOUD_SDK_AK", "HW_SECRET_KEY", "CLOUD_SDK_AK", "HW_DOMAIN_NAME"))

    assert found.ignored == (
        "HUAWEICLOUD_SDK_AK without HUAWEICLOUD_SDK_SK",
        "HW_SECRET_KEY without HW_ACCESS_KEY",
        "CLOUD_SDK_AK without CLOUD_SDK_SK",
        "HW_DOMAIN_NAME without HW_USER_NAME and HW_USER_PASSWORD",
    )


LOOKED_AT = {
    "token": ["the options (auth_token)", "the environment of the host that the module runs on (HW_AUTH_TOKEN)"],
    "aksk": [
        "the options (access_key and secret_key)",
        "the environment of the host that the module runs on (HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK; HW_ACCESS_KEY"
        " and HW_SECRET_KEY; CLOUD_SDK_AK and CLOUD_SDK_SK)",
    ],
    "password": [
        "the options (username, password and domain_name)",
        "the environment of the host that the module runs on (HW_USER_NAME, HW_USER_PASSWORD and HW_DOMAIN_NAME)",
    ],
    "file": ["the credentials file /nonexistent/.huaweicloud/credentials, which does not exist"],
    "ecs_agency": [],
    "auto": [
        "the options (auth_token; access_key and secret_key; username, password and domain_name)",
        "the environment of the host that the module runs on (HW_AUTH_TOKEN; HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK;"
        " HW_ACCESS_KEY and HW_SECRET_KEY; CLOUD_SDK_AK and CLOUD_SDK_SK; HW_USER_NAME, HW_USER_PASSWORD and"
        " HW_DOMAIN_NAME)",
        "the credentials file /nonexistent/.huaweicloud/credentials, which does not exist",
    ],
}


@pytest.mark.parametrize("method", LOOKED_AT)
def test_where_credentials_were_looked_for_is_told(method: str) -> None:
    found = look({"auth_method": method}, {})

    assert list(found.searched) == LOOKED_AT[method]
    assert found.credentials == (EcsAgency() if method in ("auto", "ecs_agency") else None)


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


def test_a_key_of_the_file_is_never_combined_with_the_environment(tmp_path: Path) -> None:
    file = credentials_file(tmp_path / "f", "[basic]\nak = file-ak\nsk = file-sk\n")
    key = find(
        {"credentials_file": file},
        values("HUAWEICLOUD_SDK_AK", "HW_SECRET_KEY", "HUAWEICLOUD_SDK_SECURITY_TOKEN", "HW_SECURITY_TOKEN"),
    )

    assert key == AccessKey("file-ak", "file-sk", None, f"the credentials file {file}")
    credentials_file(tmp_path / "f", "[basic]\nak = file-ak\n")
    found = look({"credentials_file": file}, values("HW_SECRET_KEY"))
    assert found.credentials == EcsAgency()
    assert found.ignored == (
        "HW_SECRET_KEY without HW_ACCESS_KEY",
        f"the credentials file {file} has ak without sk",
    )


@pytest.mark.parametrize(("first", "second"), [*itertools.permutations(FAMILIES, 2)])
def test_a_key_never_meets_a_foreign_secret(first: str, second: str) -> None:
    found = look({}, values(FAMILIES[first][0], FAMILIES[second][1]))

    assert found.credentials == EcsAgency()
    assert set(found.ignored) == {
        f"{FAMILIES[first][0]} without {FAMILIES[first][1]}",
        f"{FAMILIES[second][1]} without {FAMILIES[second][0]}",
    }


# ---- values that can't be sent

BAD_VALUES = [
    ("bad-value\n", "ends with a line break, which base64 and echo add. Remove it"),
    ("bad-value\r\n", "ends with a line break, which base64 and echo add. Remove it"),
    ("bad-value\r", "ends with a line break, which base64 and echo add. Remove it"),
    ("\nbad-value", "starts with a line break, which base64 and echo add. Remove it"),
    ("bad-value ", "ends with whitespace. Remove it"),
    (" bad-value", "starts with whitespace. Remove it"),
    ("bad-value\t", "ends with whitespace. Remove it"),
    ("bad-value\u00a0", "ends with whitespace. Remove it"),
    ("bad-v\u00e4lue", "has an invalid character at character 6 of 9. Only ASCII letters, digits"),
    ("bad value", "has whitespace at character 4 of 9. Only ASCII letters, digits"),
    ("bad-value\x7f", "has an invalid character at character 10 of 10. Only ASCII letters, digits"),
    ("\ufeffbad-value", "has an invalid character at character 1 of 10. Only ASCII letters, digits"),
    ("bad\nvalue", "has whitespace at character 4 of 9. Only ASCII letters, digits"),
    ("v" * 16385, "has 16385 characters. At most 16384 are allowed"),
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
@pytest.mark.parametrize("name", [*OPTIONS, *KEY_VARIABLES])
def test_a_value_that_can_t_be_sent_is_named_and_never_shown(name: str, bad: str, what: str) -> None:
    message = bad_value_refusal(name, bad)

    assert message.startswith(f"{name} {what}")
    assert "lue" not in message
    assert "vvv" not in message


@pytest.mark.parametrize("bad", ["'quoted-value'", '"quoted-value"', "''", '""'])
@pytest.mark.parametrize("name", [*OPTIONS, *KEY_VARIABLES])
def test_quotes_around_a_value_are_refused(name: str, bad: str) -> None:
    assert bad_value_refusal(name, bad) == (
        f"{name} is enclosed in quotes, which would be sent as a part of it. Remove them."
    )


@pytest.mark.parametrize("quote", ["'", '"'])
def test_quotes_around_a_user_s_values_and_in_a_file_are_refused(quote: str, tmp_path: Path) -> None:
    file = file_of(tmp_path, f"[basic]\nak = ak\nsk = {quote}Marker{quote}\n")
    environ = {**values(*USER_VARIABLES), "HW_USER_PASSWORD": f"{quote}Marker{quote}"}

    assert refusal({}, environ).startswith("HW_USER_PASSWORD is enclosed in quotes")
    assert refusal({"credentials_file": file}, {}) == (
        f"sk in the credentials file {file} is enclosed in quotes, which would be sent as a part of it. Remove them."
    )


@pytest.mark.parametrize("value", ["'", '"', "'v", "v'", "\"v'", "v'v"])
def test_other_quotes_belong_to_the_value(value: str) -> None:
    assert find({"auth_token": value}, {}) == AuthToken(value)


def test_bytes_that_are_not_utf_8_are_refused_like_others() -> None:
    # Python reads such bytes of the environment as lone surrogates.
    assert bad_value_refusal("HW_AUTH_TOKEN", "bad-value\udcff").startswith(
        "HW_AUTH_TOKEN has an invalid character at character 10 of 10"
    )


@pytest.mark.parametrize("name", OPTIONS)
def test_an_empty_option_is_an_error(name: str) -> None:
    assert bad_value_refusal(name, "") == f"{name} is empty. Give a value, or remove it."


@pytest.mark.parametrize(
    ("bad", "what"),
    [(bad, what) for bad, what in BAD_VALUES if bad != "bad value"],
)
@pytest.mark.parametrize("name", [*USER, *USER_VARIABLES])
def test_the_same_holds_for_a_user_but_for_spaces_inside(name: str, bad: str, what: str) -> None:
    given = {**values(*(USER if name in USER else USER_VARIABLES)), name: bad}
    message = refusal(given, {}) if name in USER else refusal({}, given)

    assert message.startswith(f"{name} {what}")
    assert "lue" not in message


def test_a_user_may_have_spaces_inside() -> None:
    user = {"username": "a user", "password": "pass word", "domain_name": "the account"}

    assert find(user, {}) == Password("a user", "pass word", "the account")


@pytest.mark.parametrize("value", ["v", "v" * 16384, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"])
def test_what_can_be_sent_is_taken_as_it_is(value: str) -> None:
    assert find({"auth_token": value}, {}) == AuthToken(value)


# ---- secrets


@pytest.mark.parametrize(
    ("options", "environ"),
    [
        *((options, environ) for options, environ, _credentials in SOURCES.values() if "HOME" not in environ),
        (values("auth_token", "access_key"), {}),
        (values("access_key"), {}),
        ({}, values("HUAWEICLOUD_SDK_SK", "HW_SECRET_KEY", "HW_SECURITY_TOKEN", "HW_USER_PASSWORD")),
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
        look(options, environ, secrets)

    # Who someone is, is no secret: masking a name like admin would garble everything.
    shown = {"username", "domain_name", "HW_USER_NAME", "HW_DOMAIN_NAME"}
    read = {value for name, value in {**options, **environ}.items() if value and name not in shown}
    assert {value for name, value in {**options, **environ}.items() if name in shown}.isdisjoint(registered)
    assert read <= set(registered)
    assert "" not in registered
    assert all(value not in secrets.mask(f"<{value}>") for value in read)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("with_token", [True, False])
def test_the_access_key_of_an_incomplete_pair_is_not_registered(family: str, with_token: bool) -> None:
    """It is not used, and masking it would hide object keys that contain the same text."""
    access_key, _secret_key, *security_token = FAMILIES[family]
    names = [access_key, *(security_token if with_token else [])]
    registered: list[str] = []
    look({}, values(*names), Secrets(registered.append))

    assert set(registered) == {f"value-of-{name}" for name in names[1:]}


@pytest.mark.parametrize(
    ("texts", "occurs"),
    [([], False), (["a", "b"], False), (["a", "xMarkerx"], True), (["a%2Fb"], True), (["a/b", "c"], True)],
)
def test_a_secret_is_found_in_texts(texts: list[str], occurs: bool) -> None:
    secrets = Secrets(ignored)
    assert not secrets.occurs_in(texts)
    secrets.add("Marker")
    secrets.add("a/b")

    assert secrets.occurs_in(texts) is occurs
    assert secrets.occurs_in(text for text in texts) is occurs


def test_what_is_registered_can_be_told_to_ansible() -> None:
    registered: list[str] = []

    Secrets(registered.append).add("Marker\udcff")

    assert all(value.isascii() for value in registered)


@pytest.mark.parametrize("value", ["", " ", "\r\n"])
def test_an_empty_text_is_not_a_secret(value: str) -> None:
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


@pytest.mark.parametrize(
    ("credentials", "shown"),
    [
        (AccessKey("Marker-ak", "Marker-sk", "Marker-st"), "AccessKey(source='options')"),
        (AuthToken("Marker-token"), "AuthToken(source='options')"),
        (Password("me", "Marker", "us"), "Password(username='me', domain_name='us', source='options')"),
    ],
)
def test_a_repr_shows_no_secret(credentials: Credentials, shown: str) -> None:
    assert repr(credentials) == shown


def test_secrets_are_added_while_others_are_masked() -> None:
    """Renewal adds them in one thread while results are masked in others."""
    secrets = Secrets(ignored)
    texts: list[str] = []

    def mask() -> None:
        texts.extend(secrets.mask("Marker-1") for _number in range(3000))

    secrets.add("Marker-1")
    threads = [threading.Thread(target=mask) for _number in range(4)]
    for thread in threads:
        thread.start()
    for number in range(300):
        secrets.add(f"Marker-{number}")
    for thread in threads:
        thread.join()

    assert texts == ["********"] * 12000


class Module:
    """As much of an AnsibleModule as registering needs."""

    def __init__(self) -> None:
        self.no_log_values: set[str] = set()


def test_before_ansible_core_2_22_secrets_go_to_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_secrets, "register_secret", None)
    module = Module()

    registrar(module)("Marker")

    assert module.no_log_values == {"Marker"}


def test_since_ansible_core_2_22_secrets_go_to_ansible(monkeypatch: pytest.MonkeyPatch) -> None:
    registered: list[str] = []
    monkeypatch.setattr(_secrets, "register_secret", registered.append)
    module = Module()

    registrar(module)("Marker")

    assert registered == ["Marker"]
    assert module.no_log_values == set()


# ---- the credentials file


def file_of(tmp_path: Path, text: str | bytes, mode: int = 0o600) -> str:
    path = tmp_path / "credentials"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize("way", ["option", "variable", "home"])
def test_a_file_is_found(way: str, tmp_path: Path) -> None:
    file = credentials_file(tmp_path / ".huaweicloud" / "credentials", FILE)
    options = {"credentials_file": file} if way == "option" else {}
    environ = {"variable": {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": file}, "home": {"HOME": str(tmp_path)}}.get(way, {})
    found = look(options, environ)

    assert found.credentials == AccessKey(
        "value-of-ak", "value-of-sk", "value-of-security_token_in_file", f"the credentials file {file}"
    )
    assert (found.project_id, found.iam_endpoint, found.warnings) == (None, None, ())


def test_an_option_names_the_file_before_the_variable_and_that_before_home(tmp_path: Path) -> None:
    files = {
        name: credentials_file(tmp_path / name / "credentials", f"[basic]\nak = {name}\nsk = s\n")
        for name in ("option", "variable", ".huaweicloud")
    }
    environ = {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": files["variable"], "HOME": str(tmp_path)}
    taken = [find({"credentials_file": files["option"]}, environ), find({}, environ), find({}, {"HOME": str(tmp_path)})]

    assert [key.access_key for key in taken if isinstance(key, AccessKey)] == ["option", "variable", ".huaweicloud"]


def test_a_tilde_in_the_variable_is_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials_file(tmp_path / "mine", FILE)
    monkeypatch.setenv("HOME", str(tmp_path))

    assert isinstance(find({}, {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": "~/mine"}), AccessKey)


def test_what_stands_in_the_file_beside_the_keys_goes_with_them(tmp_path: Path) -> None:
    text = f"{FILE}project_id = project-of-file\niam_endpoint = https://iam.of.file\n"
    options = {"credentials_file": file_of(tmp_path, text), "region": "cn-north-4"}
    environ = {"HW_PROJECT_ID": "other", SDK_IAM: "https://other"}
    found, target = everything(options, environ)

    assert target.project_id == "project-of-file"
    assert target.iam_endpoint == Endpoint("https://iam.of.file", getattr(found.credentials, "source", ""))
    # Options come before it, and it counts for nothing where the keys are from elsewhere.
    _found, target = everything({**options, "project_id": "mine", "iam_endpoint": "https://mine"}, environ)
    assert (target.project_id, target.iam_endpoint.url) == ("mine", "https://mine")
    _found, target = everything({**options, **values("auth_token")}, environ)
    assert (target.project_id, target.iam_endpoint.url) == ("other", "https://other")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("project_id = a/b", 'project_id in the credentials file PATH has "/" at character 2'),
        ("iam_endpoint = http://iam", "iam_endpoint in the credentials file PATH is not encrypted: http://"),
    ],
)
def test_what_is_wrong_beside_the_keys_is_named(entry: str, message: str, tmp_path: Path) -> None:
    file = file_of(tmp_path, f"{FILE}{entry}\n")
    with pytest.raises(ArgumentError) as caught:
        everything({"credentials_file": file, "region": "cn-north-4"}, {})

    assert str(caught.value).startswith(message.replace("PATH", file))


@pytest.mark.parametrize(
    ("mode", "can"),
    [
        (0o600, None),
        (0o400, None),
        (0o711, None),
        (0o640, "read"),
        (0o604, "read"),
        (0o620, "change"),
        (0o602, "change"),
        (0o664, "read and change"),
        (0o606, "read and change"),
    ],
)
def test_a_file_that_others_can_read_or_change_is_warned_of(mode: int, can: str | None, tmp_path: Path) -> None:
    file = file_of(tmp_path, FILE, mode)
    warning = f"Other users of this host can {can} the credentials file {file}. Run: chmod 600 {file}."

    assert look({"credentials_file": file}, {}).warnings == ((warning,) if can else ())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize(("owner", "warned"), [(0, False), (12345, True)])
def test_a_file_of_another_user_is_warned_of(owner: int, warned: bool, tmp_path: Path) -> None:
    file = file_of(tmp_path, FILE)
    os.chown(file, owner, -1)
    warning = (
        f"The credentials file {file} belongs to another user (uid 12345), who can read and change it."
        " Use a file that belongs to you."
    )

    assert look({"credentials_file": file}, {}).warnings == ((warning,) if warned else ())


def test_the_warning_can_be_printed_whatever_the_path(tmp_path: Path) -> None:
    """Of bytes that are not UTF-8, Python makes lone surrogates, which Ansible does not take."""
    directory = tmp_path / "\udcff\n"
    directory.mkdir()
    (warning,) = look({"credentials_file": file_of(directory, FILE, 0o644)}, {}).warnings

    assert warning.isprintable()
    assert "/\\udcff\\n/" in warning


@pytest.mark.parametrize("comment", ["#", ";"])
@pytest.mark.parametrize("space", [" ", "\t"])
@pytest.mark.parametrize("name", ["ak", "sk", "security_token", "project_id", "iam_endpoint"])
def test_a_comment_behind_a_value_is_refused(name: str, space: str, comment: str, tmp_path: Path) -> None:
    entries = {"ak": "a", "sk": "s", name: f"Marker{space}{comment} Marker"}
    file = file_of(tmp_path, "[basic]\n" + "".join(f"{entry} = {value}\n" for entry, value in entries.items()))

    assert refusal({"credentials_file": file}, {}) == (
        f"{name} in the credentials file {file} has a comment after the value, which would be sent as a part of it."
        " Put the comment on its own line."
    )


def test_what_looks_like_a_comment_belongs_to_the_value_without_whitespace(tmp_path: Path) -> None:
    file = file_of(tmp_path, "# ak = x\n[basic]\nak = a#b\n; sk = x\nsk = s;t\n")
    key = find({"credentials_file": file}, {})

    assert isinstance(key, AccessKey)
    assert (key.access_key, key.secret_key) == ("a#b", "s;t")


UNUSABLE = [
    ("[other]\nak = Marker\n", 'has no section [basic], which is required. Its sections: "other"'),
    ("[global]\n[x y]\n", 'has no section [basic], which is required. Its sections: "global", "x y"'),
    ("", "has no section [basic], which is required. Its sections: none"),
    ("ak = Marker\n", "is not a valid INI file, see line 1"),
    ("[basic]\nak = a\nMarker\n", "is not a valid INI file, see line 3"),
    ("[basic]\nak = a\nak = Marker\n", "has ak twice in a section, the second time in line 3"),
    ("[basic]\nMarker = a\nmarker = b\n", "has the same entry twice in a section, the second time in line 3"),
    ("[basic]\n[basic]\n", "has the same section twice, the second time in line 2"),
    *(
        (
            f"[basic]\n{first} = Marker\n  {second} = Marker\n",
            f"has an indented line after {first}, which makes that line a part of the value",
        )
        for first, second in itertools.pairwise(("ak", "sk", "security_token", "project_id", "iam_endpoint", "x"))
    ),
    (b"[basic]\nak = Mark\xff\n", "is not encoded in UTF-8"),
    (b"x" * (256 * 1024 + 1), "has more than 262144 bytes"),
]


@pytest.mark.parametrize(("text", "why"), UNUSABLE)
def test_a_given_file_that_can_t_be_used_is_an_error_that_quotes_no_value(
    text: str | bytes, why: str, tmp_path: Path
) -> None:
    file = file_of(tmp_path, text)

    assert (
        refusal({"credentials_file": file}, {})
        == f"credentials_file: the credentials file {file} {why}. Correct the file or the path."
    )
    assert refusal({}, {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": file}) == (
        f"HUAWEICLOUD_SDK_CREDENTIALS_FILE: the credentials file {file} {why}. Correct the file or the path."
    )


@pytest.mark.parametrize(("text", "why"), UNUSABLE)
def test_a_default_file_that_can_t_be_used_is_passed_over_and_named(
    text: str | bytes, why: str, tmp_path: Path
) -> None:
    (tmp_path / ".huaweicloud").mkdir()
    file = file_of(tmp_path / ".huaweicloud", text)
    found = look({}, {"HOME": str(tmp_path)})

    assert found.credentials == EcsAgency()
    assert found.ignored == (f"the credentials file {file} {why}",)
    assert found.searched[-1] == f"the credentials file {file}"


def test_a_given_file_must_exist_and_be_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    missing = str(tmp_path / "missing")

    assert refusal({"credentials_file": missing}, {}) == (
        f"credentials_file: the credentials file {missing} can't be read: no such file or directory. Check the path."
    )
    # None of these waits for anything.
    assert refusal({"credentials_file": str(tmp_path / "fifo")}, {}).endswith(
        "is not a regular file. Correct the file or the path."
    )
    assert refusal({"credentials_file": str(tmp_path)}, {}).endswith(
        "can't be read: is a directory. Correct the file or the path."
    )
    assert refusal({"credentials_file": "a\0b"}, {}).endswith(
        "has a null byte in its path. Correct the file or the path."
    )
    assert refusal({"credentials_file": str(tmp_path / ("x" * 300))}, {}).endswith(
        "can't be read: file name too long. Correct the file or the path."
    )


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("ak = a\n", "has ak without sk"),
        ("sk = a\n", "has sk without ak"),
        ("sk = a\nsecurity_token = b\n", "has sk and security_token without ak"),
        ("security_token = b\n", "has security_token without ak and sk"),
        ("ak =\nsk =\n", "has no ak and sk"),
        ("idp_id = a\n", "has no ak and sk"),
    ],
)
def test_an_incomplete_pair_in_the_file_is_ignored_and_named(text: str, has: str, tmp_path: Path) -> None:
    file = file_of(tmp_path, f"[basic]\n{text}")

    assert look({"credentials_file": file}, {}).ignored == (f"the credentials file {file} {has}",)
    assert look({"credentials_file": file, "auth_method": "file"}, {}).credentials is None


def test_what_can_t_be_sent_is_named_by_its_place_in_the_file(tmp_path: Path) -> None:
    file = file_of(tmp_path, "[basic]\nak = a\nsk = bad value\n")

    assert refusal({"credentials_file": file}, {}).startswith(
        f"sk in the credentials file {file} has whitespace at character 4 of 9."
    )


def test_all_of_a_file_s_secrets_are_registered(tmp_path: Path) -> None:
    registered: list[str] = []
    file = file_of(tmp_path, "[basic]\nak = Marker-1\nsecurity_token = Marker-2\n")
    look({"credentials_file": file}, {}, Secrets(registered.append))

    assert {"Marker-1", "Marker-2"} <= set(registered)


# ---- the official SDK finds the same

SDK_ENVIRON = values("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK")


@pytest.mark.parametrize(
    "environ",
    [
        SDK_ENVIRON,
        {**SDK_ENVIRON, **values("HUAWEICLOUD_SDK_SECURITY_TOKEN")},
        {**SDK_ENVIRON, **values("HUAWEICLOUD_SDK_SECURITY_TOKEN", "HUAWEICLOUD_SDK_PROJECT_ID")},
    ],
)
def test_in_the_environment_the_sdk_finds_the_same(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, "HUAWEICLOUD_SDK_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert_the_sdk_finds_the_same(EnvCredentialProvider.get_basic().get_credentials(), environ)


@pytest.mark.parametrize(
    "more",
    [
        "",
        "security_token = token-of-file\n",
        "security_token: token-of-file\nproject_id = project-of-file\n",
        "PROJECT_ID = project-of-file\niam_endpoint = https://iam.of.file\n; a comment = x\n\n[global]\nak = other\n",
    ],
)
@pytest.mark.parametrize("way", ["HUAWEICLOUD_SDK_CREDENTIALS_FILE", "HOME"])
def test_in_the_file_the_sdk_finds_the_same(
    way: str, more: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = credentials_file(
        tmp_path / ".huaweicloud" / "credentials", f"[basic]\n AK = ak-of-file\nsk=sk=of=file\n{more}"
    )
    environ = {way: file if way != "HOME" else str(tmp_path), "HUAWEICLOUD_SDK_PROJECT_ID": "project-of-environment"}
    monkeypatch.delenv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    if "project" not in more.lower():
        # What the SDK looks up then, we take from the environment, as it takes it with keys from there.
        del environ["HUAWEICLOUD_SDK_PROJECT_ID"]

    assert_the_sdk_finds_the_same(ProfileCredentialProvider.get_basic().get_credentials(), environ)


def assert_the_sdk_finds_the_same(sdk: t.Any, environ: dict[str, str]) -> None:
    found, target = everything({"region": "cn-north-4"}, environ)

    assert isinstance(found.credentials, AccessKey)
    key = found.credentials
    assert (key.access_key, key.secret_key, key.security_token) == (sdk.ak, sdk.sk, sdk.security_token)
    assert target.project_id == sdk.project_id
    if sdk.iam_endpoint:
        assert target.iam_endpoint.url == sdk.iam_endpoint


# ---- where requests go


def endpoints(target: Target) -> list[tuple[str, str]]:
    return [(endpoint.url, endpoint.source) for endpoint in (target.endpoint, target.iam_endpoint) if endpoint]


def everything(options: dict[str, t.Any], environ: dict[str, str], register: t.Any = ignored) -> tuple[Found, Target]:
    given = {**{name: spec.get("default") for name, spec in connection_argument_spec().items()}, **options}
    return find_credentials_and_target(given, {**NOWHERE, **environ}, Secrets(register))


def target_refusal(options: dict[str, t.Any], environ: dict[str, str]) -> str:
    with pytest.raises(ArgumentError) as caught:
        find_target(options, environ, Found(None))
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
    target = find_target(options, environ, Found(None))

    assert (target.region, target.project_id, target.project_name) == (region, None, region)
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

    assert target_refusal(options, environ).startswith(f"{name} ")


def test_the_message_on_a_bad_region_gives_an_example() -> None:
    assert target_refusal({}, {"HW_REGION_NAME": "cn north"}) == (
        'HW_REGION_NAME is "cn north". It must be the id of a region, for example cn-north-4: up to 63 lowercase'
        " letters, digits and hyphens."
    )


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({}, "the endpoint"),
        ({"project_id": "p"}, "the endpoint"),
        ({"endpoint": "https://oms.example"}, "the project id"),
        ({"endpoint": "https://oms.example", "iam_endpoint": "https://iam.example"}, "the project id"),
    ],
)
def test_a_missing_region_is_asked_for(options: dict[str, t.Any], missing: str) -> None:
    assert target_refusal(options, {}) == (
        f"region is required to find {missing}. Give region (or HW_REGION_NAME), or both endpoint and project_id."
    )


def test_endpoint_and_project_make_do_without_a_region() -> None:
    target = find_target({"endpoint": "https://oms.example", "project_id": "p"}, {}, Found(None))

    assert target == Target(
        None,
        Endpoint("https://oms.example", "option endpoint"),
        Endpoint("https://iam.myhuaweicloud.com", "address of IAM for all regions"),
        "p",
    )


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
    target = find_target({"region": "cn-north-4", **options}, environ, Found(None))

    assert endpoints(target) == [oms, iam]


@pytest.mark.parametrize("name", ["endpoint", "iam_endpoint", SDK_OMS, SDK_IAM])
def test_a_bad_endpoint_is_named_by_where_it_was_found(name: str) -> None:
    bad = {name: "http://oms.example"}
    options, environ = (bad, {}) if name.islower() else ({}, bad)

    assert target_refusal({"region": "cn-north-4", **options}, environ).startswith(
        f"{name} is not encrypted: http:// is"
    )


@pytest.mark.parametrize(
    "other_mistake", [{}, {"region": "a.b"}, {"endpoint": "ftp://oms.example"}, {"access_key": "a"}]
)
def test_an_endpoint_with_a_password_is_registered_before_anything_is_refused(other_mistake: dict[str, str]) -> None:
    registered: list[str] = []
    options = {"region": "cn-north-4", "iam_endpoint": "https://user:Marker@iam.example", **other_mistake}

    with pytest.raises(ArgumentError):
        everything(options, {}, registered.append)

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
    target = find_target({"region": "cn-north-4", **options}, environ, Found(None))

    assert target.project_id == project_id


@pytest.mark.parametrize("bad", ["a/b", "..", "a\n", "p" * 1025, "https://a"])
@pytest.mark.parametrize("name", ["project_id", "HUAWEICLOUD_SDK_PROJECT_ID", "HW_PROJECT_ID"])
def test_a_bad_project_s_id_is_named_by_where_it_was_found(name: str, bad: str) -> None:
    options, environ = ({name: bad}, {}) if name == "project_id" else ({}, {name: bad})

    assert target_refusal({"region": "cn-north-4", **options}, environ).startswith(f"{name} ")


@pytest.mark.parametrize("option", ["region", "endpoint", "iam_endpoint", "project_id"])
def test_an_empty_option_is_given_and_wrong(option: str) -> None:
    environ = {
        "HW_REGION_NAME": "cn-north-4",
        "HW_PROJECT_ID": "p",
        SDK_OMS: "https://o.example",
        SDK_IAM: "https://i.example",
    }

    assert target_refusal({option: ""}, environ).startswith(f"{option} ")


# ---- the name of the project


@pytest.mark.parametrize(
    ("options", "environ", "project_id", "project_name"),
    [
        ({}, {}, None, "cn-north-4"),
        ({}, {"HW_PROJECT_NAME": "of-environment"}, None, "of-environment"),
        ({"project_name": "cn-north-4_team"}, {"HW_PROJECT_NAME": "of-environment"}, None, "cn-north-4_team"),
        ({"project_name": None}, {"HW_PROJECT_NAME": ""}, None, "cn-north-4"),
        # Within one source the id comes first; an option comes before the environment.
        ({}, {"HW_PROJECT_NAME": "n", "HW_PROJECT_ID": "p"}, "p", "n"),
        ({"project_name": "n", "project_id": "p"}, {}, "p", "n"),
        ({"project_name": "n"}, {"HW_PROJECT_ID": "p", "HUAWEICLOUD_SDK_PROJECT_ID": "p"}, None, "n"),
        ({"project_id": "p"}, {"HW_PROJECT_NAME": "n"}, "p", "n"),
        ({"project_name": "a" * 255}, {}, None, "a" * 255),
        ({"project_name": "MOS project"}, {}, None, "MOS project"),
    ],
)
def test_the_name_of_the_project(
    options: dict[str, t.Any], environ: dict[str, str], project_id: str | None, project_name: str
) -> None:
    target = find_target({"region": "cn-north-4", **options}, environ, Found(None))

    assert (target.project_id, target.project_name) == (project_id, project_name)


def test_the_option_project_name_comes_before_the_project_of_the_file(tmp_path: Path) -> None:
    options = {"credentials_file": file_of(tmp_path, f"{FILE}project_id = of-file\n"), "region": "cn-north-4"}

    assert everything({**options, "project_name": "n"}, {})[1].project_id is None
    assert everything(options, {"HW_PROJECT_NAME": "n"})[1].project_id == "of-file"


@pytest.mark.parametrize("bad", ["a" * 256, " a", "a\n", "a\tb", "\udcff"])
@pytest.mark.parametrize("name", ["project_name", "HW_PROJECT_NAME"])
def test_a_bad_project_name_is_refused(name: str, bad: str) -> None:
    options, environ = ({name: bad}, {}) if name == "project_name" else ({}, {name: bad})

    assert target_refusal({"region": "cn-north-4", **options}, environ).startswith(f"{name} ")


# ---- endpoints of the environment


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("oms.example", "https://oms.example"),
        ("oms.example:8443", "https://oms.example:8443"),
        ("https://oms.example", "https://oms.example"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("https://first.example,https://second.example", "https://first.example"),
        (" first.example , second.example", "https://first.example"),
    ],
)
@pytest.mark.parametrize("variable", [SDK_OMS, SDK_IAM])
def test_an_endpoint_of_the_environment_is_read_as_the_sdk_reads_it(variable: str, value: str, url: str) -> None:
    target = find_target({"region": "cn-north-4"}, {variable: value}, Found(None))

    assert (url, f"environment variable {variable}") in endpoints(target)


@pytest.mark.parametrize("value", [",", ",https://second.example", "http://oms.example,https://second", "a b"])
def test_a_bad_endpoint_of_the_environment_is_not_replaced_by_the_next(value: str) -> None:
    assert target_refusal({"region": "cn-north-4"}, {SDK_OMS: value}).startswith(f"{SDK_OMS} ")


@pytest.mark.parametrize("option", ["endpoint", "iam_endpoint"])
@pytest.mark.parametrize("value", ["oms.example", "https://a.example,https://b.example"])
def test_an_endpoint_of_an_option_is_one_url(option: str, value: str) -> None:
    assert target_refusal({"region": "cn-north-4", option: value}, {}).startswith(f"{option} is not a valid endpoint.")


# ---- a password or token of the environment, and an endpoint of an option

TRUSTED = [
    "https://oms.cn-north-4.myhuaweicloud.com",
    "https://myhuaweicloud.com",
    "https://OMS.eu-west-101.MyHuaweiCloud.eu:8443",
    "http://127.0.0.1:8080",
    "http://localhost",
    "https://[::1]",
]
FOREIGN = [
    "https://oms.example",
    "https://myhuaweicloud.com.example",
    "https://notmyhuaweicloud.com",
    "https://10.0.0.1",
    "https://myhuaweicloud.eu.example",
]
ENVIRON_TOKEN, ENVIRON_PASSWORD = values("HW_AUTH_TOKEN"), values(*USER_VARIABLES)


def warnings(options: dict[str, t.Any], environ: dict[str, str]) -> list[str]:
    return [*endpoint_warnings(*everything({"region": "cn-north-4", **options}, environ))]


@pytest.mark.parametrize("url", FOREIGN)
@pytest.mark.parametrize("environ", [ENVIRON_TOKEN, ENVIRON_PASSWORD], ids=["token", "password"])
def test_a_secret_of_the_environment_for_an_endpoint_of_an_option_is_warned_of(
    environ: dict[str, str], url: str
) -> None:
    what = "IAM token" if environ == ENVIRON_TOKEN else "password"
    source = "environment variable HW_AUTH_TOKEN" if environ == ENVIRON_TOKEN else named(USER_VARIABLES)
    sent = "IAM token for the password" if what == "password" else what

    of_oms = (
        f"The {sent} ({source}) is sent to {url} (option endpoint), which is not an endpoint of Huawei Cloud. If that"
        f" is not intended, correct endpoint and change the {what}."
    )
    of_iam = (
        f"The {what} ({source}) is sent to {url} (option iam_endpoint), which is not an endpoint of Huawei Cloud. If"
        f" that is not intended, correct iam_endpoint and change the {what}."
    )
    assert warnings({"endpoint": url}, environ) == [of_oms]
    assert warnings({"iam_endpoint": url}, environ) == [of_iam]
    assert warnings({"endpoint": url, "iam_endpoint": url}, environ) == [of_oms, of_iam]


@pytest.mark.parametrize(
    ("options", "environ"),
    [
        *(({"endpoint": url, "iam_endpoint": url}, ENVIRON_TOKEN) for url in TRUSTED),
        *(({"endpoint": url, "iam_endpoint": url}, ENVIRON_PASSWORD) for url in TRUSTED),
        # Given together by whoever wrote the task, or both of the environment
        ({"endpoint": FOREIGN[0], **values("auth_token")}, {}),
        ({"endpoint": FOREIGN[0], **values(*USER)}, ENVIRON_PASSWORD),
        ({}, {**ENVIRON_TOKEN, SDK_OMS: FOREIGN[0], SDK_IAM: FOREIGN[0]}),
        # A signature is worth nothing to others.
        ({"endpoint": FOREIGN[0], "iam_endpoint": FOREIGN[0]}, values("HW_ACCESS_KEY", "HW_SECRET_KEY")),
        # IAM is not asked for anything.
        ({"iam_endpoint": FOREIGN[0], "project_id": "p"}, ENVIRON_TOKEN),
    ],
)
def test_other_endpoints_are_not_warned_of(options: dict[str, t.Any], environ: dict[str, str]) -> None:
    assert warnings(options, environ) == []
