# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The proxy that the environment names for an endpoint.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.libraries import get_environ_proxies

# As curl and requests read them: the name in lower case first.
_VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy.

    ``url`` may contain a password, ``address`` is the same without it. ``variable`` is where it comes from.
    """

    url: str
    address: str
    variable: str

    @property
    def has_credentials(self) -> bool:
        return "@" in self.url

    def __repr__(self) -> str:
        return f"Proxy({self.address!r}, {self.variable!r})"


def find_proxy(endpoint: Endpoint) -> Proxy | None:
    """The proxy for an endpoint, or None.

    :raises ArgumentError: the environment names one that cannot be used. Its URL is not shown, for it may contain a
        password.
    """
    # Plain http is allowed on loopback only: nothing of it leaves the machine, so it goes through no proxy.
    if endpoint.url.startswith("http://"):
        return None
    proxies = get_environ_proxies(endpoint.url, no_proxy=_no_proxy())
    url = (proxies.get("https") or proxies.get("all") or "").strip()
    if not url:
        return None
    return _read_proxy(url, next((name for name in _VARIABLES if os.environ.get(name)), "HTTPS_PROXY"))


def _no_proxy() -> str | None:
    """NO_PROXY as requests reads it: ``.example.com`` for ``*.example.com``, which requests matches with no host."""
    value = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    if not value:
        return None
    hosts = (host.strip() for host in value.split(","))
    return ",".join(host[1:] if host.startswith("*.") else host for host in hosts)


def _read_proxy(value: str, variable: str) -> Proxy:
    if value[0] in "\"'" or value[-1] in "\"'":
        raise ArgumentError(f"{variable} has quotes around its value. Remove the quotes.")
    url = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
        parts = urlsplit("")
    if parts.scheme.startswith("socks"):
        raise ArgumentError(
            f"{variable} names a SOCKS proxy, which is not supported. Use an HTTP proxy, or name the host in NO_PROXY."
        )
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise ArgumentError(
            f"{variable} is not a valid URL of a proxy. It must be http://host:port or http://user:password@host:port,"
            " with special characters in the user name and the password percent-encoded."
        )
    try:
        unquote(parts.netloc.rpartition("@")[0]).encode("latin-1")
    except UnicodeEncodeError:
        raise ArgumentError(
            f"{variable} has a user name or a password with characters that HTTP cannot send. Change them."
        ) from None
    shown = f"[{host}]" if ":" in host else host
    return Proxy(url, f"{parts.scheme}://{shown}{f':{port}' if port else ''}", variable)
