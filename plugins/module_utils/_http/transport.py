# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Makes the transport from the options of a module.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._http.connections import Connections
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.libraries import check_libraries, requests
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.retry import RetryPolicy, Transport
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.tls_context import tls_context
from ansible_collections.huaweicloud.oms.plugins.module_utils._version import COLLECTION_VERSION


def open_transport(
    options: t.Mapping[str, t.Any],
    environ: t.Mapping[str, str],
    endpoints: t.Iterable[Endpoint | None],
    core_version: str,
    connections: int = 1,
    rate_limit: float = 0.0,
) -> tuple[Transport, str | None]:
    """Make the transport from the options, such as O(timeout), O(retries) and O(ca_path). Sends nothing.

    :arg options: the module's parameters.
    :arg endpoints: all that requests may go to.
    :arg core_version: ansible-core's, for the User-Agent.
    :arg connections: how many requests may be sent in parallel.
    :arg rate_limit: the option, see :class:`RateLimiter`.
    :returns: the transport and a warning, if there is cause for one.
    :raises OmsError: requests is missing or not supported, an option breaks a rule, or a proxy cannot be used.
    """
    check_libraries()
    policy = RetryPolicy(options["retries"], options["retry_max_delay"])
    known = [endpoint for endpoint in endpoints if endpoint]
    secure = any(endpoint.url.startswith("https:") for endpoint in known)
    context, warning = tls_context(options["validate_certs"], options["ca_path"], environ, secure)
    user_agent = f"huaweicloud.oms/{COLLECTION_VERSION} ansible-core/{core_version} requests/{requests.__version__}"
    client = Connections(context, options["timeout"], user_agent, connections)
    for endpoint in known:
        client.proxy_for(endpoint)
    return Transport(client.exchange, policy, rate_limit=rate_limit), warning
