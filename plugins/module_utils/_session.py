# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Turns the options of a module into a client of OMS, and the outcome of an operation into a result.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.client import authenticate
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets, registrar
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.target import (
    endpoint_warnings,
    find_credentials_and_target,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import Failure, OmsError
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.clock import Clock
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.transport import open_transport
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.client import Client

Operate = t.Callable[[Client, Clock, dict[str, t.Any]], None]


class Session:
    """The credentials and the target of a module, and the connections to it. Sends nothing by itself.

    ``where`` is the part of each result that names the target; the project id may be known only after connecting.
    ``secrets`` are those that Ansible masks in a result.

    :arg module: the AnsibleModule, which is given the warnings.
    :arg secrets_of_options: secrets beside the credentials.
    :arg connections: how many requests may be sent in parallel.
    :arg rate_limit: attempts in a second, 0 for any number.
    :raises ArgumentError: an option breaks a rule.
    """

    def __init__(
        self,
        module: t.Any,
        secrets_of_options: t.Iterable[str] = (),
        connections: int = 1,
        rate_limit: float = 0.0,
    ) -> None:
        options = module.params
        self.secrets = Secrets(registrar(module))
        # Ansible masks options that are not used, too.
        for value in (*secrets_of_options, *module.no_log_values):
            self.secrets.add(value)
        self._found, self._target = find_credentials_and_target(options, os.environ, self.secrets)
        endpoints = self._target.endpoints(self._found)
        self._transport, tls_warning = open_transport(
            options, os.environ, endpoints, module.ansible_version, connections, rate_limit
        )
        for warning in filter(
            None, (*self._found.warnings, *endpoint_warnings(self._found, self._target), tls_warning)
        ):
            module.warn(warning)
        self.clock = self._transport.clock
        self.where = {"project_id": self._target.project_id, "endpoint": self._target.endpoint.url}

    def connect(self) -> Client:
        """Authenticate. Sends the requests for a token, a temporary key or the project id, and nothing else.

        :raises Failure: there are no credentials, they are refused, or the project is not found.
        """
        client = authenticate(self._transport, self._target, self._found, self.secrets)
        project_id = t.cast(str, client.project_id)
        self.where["project_id"] = project_id
        return Client(client, self._target.endpoint, project_id, self.secrets)


def run_operation(
    module: t.Any, operate: Operate, result: t.Mapping[str, t.Any], secrets_of_options: t.Iterable[str] = ()
) -> dict[str, t.Any]:
    """Make a client from the options of a module, run its operation, and return its result.

    :arg module: the AnsibleModule.
    :arg operate: makes the requests, and updates the result after each, so that a failure returns what was done.
    :arg result: the keys of the result as they are before anything is done.
    :arg secrets_of_options: secrets beside the credentials.
    :raises ArgumentError: an option breaks a rule; nothing has been sent.
    :raises OmsError: it failed; the result is with it.
    """
    session = Session(module, secrets_of_options)
    result = {"changed": False, **result}
    try:
        client = session.connect()
        operate(client, session.clock, result)
    except Failure as failure:
        # Only events have object keys.
        error = {name: value for name, value in failure.as_error().items() if name != "object_keys"}
        raise OmsError(*failure.lines, result={**result, **session.where, "error": error}) from None
    return {**result, **session.where, "error": None}
