# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Which proxy the environment names for an endpoint, and what is refused."""

from __future__ import annotations

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.proxy import Proxy, find_proxy

SECRET = "Marker-0123456789"
OMS = Endpoint("https://oms.cn-north-4.myhuaweicloud.com", "region cn-north-4")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def find(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], endpoint: Endpoint = OMS) -> Proxy | None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return find_proxy(endpoint)


@pytest.mark.parametrize(
    ("environ", "url", "address", "variable"),
    [
        ({"https_proxy": "http://p:1"}, "http://p:1", "http://p:1", "https_proxy"),
        ({"HTTPS_PROXY": "p:1", "ALL_PROXY": "http://q:1"}, "http://p:1", "http://p:1", "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "http://upper", "https_proxy": "http://lower"}, "http://lower", "http://lower", "https_proxy"),
        ({"ALL_PROXY": " https://u:p%40@[::1]:1/ "}, "https://u:p%40@[::1]:1/", "https://[::1]:1", "ALL_PROXY"),
    ],
)
def test_a_proxy_is_found(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], url: str, address: str, variable: str
) -> None:
    found = find(monkeypatch, environ)

    assert found
    assert (found.url, found.address, found.variable) == (url, address, variable)
    assert found.has_credentials == ("@" in url)


@pytest.mark.parametrize("environ", [{}, {"http_proxy": "http://p:1"}, {"https_proxy": " "}])
def test_there_is_no_proxy(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> None:
    assert find(monkeypatch, environ) is None


def test_plain_http_stays_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find(monkeypatch, {"all_proxy": "http://p:1"}, Endpoint("http://127.0.0.1:8080", "option endpoint")) is None


@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize(
    ("value", "bypassed"),
    [
        ("*.myhuaweicloud.com", True),
        ("example.com, *.cn-north-4.myhuaweicloud.com", True),
        (".myhuaweicloud.com", True),
        ("*", True),
        ("*.example.com", False),
        ("example.com", False),
    ],
)
def test_no_proxy(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, bypassed: bool) -> None:
    assert (find(monkeypatch, {"https_proxy": "http://p:1", variable: value}) is None) == bypassed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (f'"http://user:{SECRET}@p:1"', "has quotes around its value. Remove the quotes."),
        (f"'http://user:{SECRET}@p:1", "has quotes around its value. Remove the quotes."),
        (f"socks5h://user:{SECRET}@p:1", "names a SOCKS proxy, which is not supported. Use an HTTP proxy,"),
        (f"SOCKS5://user:{SECRET}@p:1", "names a SOCKS proxy, which is not supported. Use an HTTP proxy,"),
        (f"http://user:{SECRET}@", "is not a valid URL of a proxy. It must be http://host:port or "),
        (f"ftp://user:{SECRET}@127.0.0.1", "is not a valid URL of a proxy. It must be http://host:port or "),
        (f"http://user:{SECRET}@127.0.0.1:x", "is not a valid URL of a proxy. It must be http://host:port or "),
        (f"http://user:{SECRET}#@127.0.0.1:1", "is not a valid URL of a proxy. It must be http://host:port or "),
        (f"http:///{SECRET}", "is not a valid URL of a proxy. It must be http://host:port or "),
        (f"http://user:{SECRET}%E4%B8%AD@p:1", "has a user name or a password with characters that HTTP cannot send."),
    ],
)
def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, value: str, text: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        find(monkeypatch, {"HTTPS_PROXY": value})

    assert str(caught.value).startswith(f"HTTPS_PROXY {text}")
    assert SECRET not in str(caught.value)
    # Where it is not needed, it does no harm.
    assert find(monkeypatch, {"NO_PROXY": "*"}) is None
