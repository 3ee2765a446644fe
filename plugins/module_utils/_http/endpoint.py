# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The endpoint of a service: scheme, host and port.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import (
    ArgumentError,
)


@dataclass(frozen=True)
class Endpoint:
    """The endpoint of a service.

    ``url`` is ``https://host[:port]`` and nothing more, ``source`` names its origin in messages.
    """

    url: str
    source: str

    @property
    def host(self) -> str:
        """As it stands in the ``Host`` header."""
        return self.url.split("://", 1)[1]


def read_endpoint(name: str, value: str, source: str) -> Endpoint:
    """Read an endpoint that a user gave: ``https://host[:port]``, and plain ``http://`` on loopback only.

    :arg name: the option or environment variable, for the message.
    :arg source: where it comes from, for later messages.
    :raises ArgumentError: names the option and the rule.
    """
    rule = f"{name} is not a valid endpoint. It must be https://host or https://host:port, without a path."
    if not re.fullmatch(r"(?ai)https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?/?", value):
        # The value may contain a password: it is not shown.
        raise ArgumentError(rule)
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ArgumentError(rule) from None
    if port == 0:
        raise ArgumentError(rule)
    loopback = is_loopback(host)
    host = f"[{host}]" if ":" in host else host
    if parts.scheme == "http" and not loopback:
        raise ArgumentError(
            f"{name} is not encrypted: http:// is allowed on the loopback interface only. Use https://{host}."
        )
    # The default port is left out, as HTTP clients leave it out of the Host header, which is signed.
    if port == {"http": 80, "https": 443}[parts.scheme]:
        port = None
    return Endpoint(f"{parts.scheme}://{host}{'' if port is None else f':{port}'}", source)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
