# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The edge of the modules that ask OMS for one thing: from the options to a client, from a failure to a result.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._credentials import (
    Secrets,
    find_credentials_and_target,
    registrar,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import Failure, OmsError
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms import Client, connect
from ansible_collections.huaweicloud.oms.plugins.module_utils._transport import Clock, open_transport

Act = t.Callable[[Client, Clock, dict[str, t.Any]], None]


def ask_oms(
    module: t.Any, act: Act, result: t.Mapping[str, t.Any], secrets_of_options: t.Iterable[str] = ()
) -> dict[str, t.Any]:
    """Make a client of a module's options, do what the module is for, and give back its result.

    :arg module: the AnsibleModule.
    :arg act: does it, and fills the result as it goes on, so that a failure half way leaves nothing out.
    :arg result: the keys of the result as they are before anything is done.
    :arg secrets_of_options: what must never be shown beside the credentials.
    :raises ArgumentError: an option breaks a rule; nothing has been sent.
    :raises OmsError: it failed; the result is with it.
    """
    options = module.params
    secrets = Secrets(registrar(module))
    for value in secrets_of_options:
        secrets.add(value)
    found, target = find_credentials_and_target(options, os.environ, secrets)
    transport, tls_warning = open_transport(options, os.environ, target.endpoints(found), module.ansible_version)
    for warning in filter(None, (found.warning, tls_warning)):
        module.warn(warning)
    result = {"changed": False, **result, "project_id": target.project_id, "endpoint": target.endpoint.url}
    try:
        client = connect(transport, target, found, secrets)
        result["project_id"] = client.project_id
        act(client, transport.clock, result)
    except Failure as failure:
        # Only events have names of objects.
        error = {name: value for name, value in failure.as_error().items() if name != "object_keys"}
        raise OmsError(str(failure), {**result, "error": error}) from None
    return {**result, "error": None}
