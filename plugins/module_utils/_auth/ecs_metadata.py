# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The metadata service of an ECS host, which issues temporary access keys of the agency of the host.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credential import (
    AccessKey,
    Credential,
    can_be_sent,
    new_credential,
    read_object,
    unauthenticated,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credentials import Found, nothing_found
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.gateway_errors import says
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import CREDENTIALS, ConnectionFailure, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.retry import Transport

# The same on all ECS hosts of all regions. The only plain HTTP outside the loopback interface: it does not leave the
# host, and is never sent through a proxy.
METADATA_URL = "http://169.254.169.254"
# To connect, and to answer. Outside of ECS there is no answer, and the module should find that out soon.
_METADATA_TIMEOUT = (1.0, 3.0)
_METADATA_TOKEN_SECONDS = "21600"  # noqa: S105 - how long a token is to be valid
# Statuses of a metadata service that returns keys without a token.
_METADATA_WITHOUT_TOKEN = (404, 405, 503)
# Its text on a host without an agency.
_NO_AGENCY = "configure cloud service agency"


class MetadataService:
    """The metadata service of the ECS host that this runs on."""

    def __init__(self, transport: Transport, secrets: Secrets, found: Found) -> None:
        self._transport = transport
        self._secrets = secrets
        self._found = found
        self._endpoint = Endpoint(METADATA_URL, "metadata service of ECS")
        self._known = False
        self._wants_token = True

    def fetch_key(self) -> Credential:
        """Get the temporary key of the agency that is bound to the host.

        :raises Failure: this is not an ECS host, or it has no agency.
        """
        started = self._transport.clock.monotonic()
        headers = self._token() if self._wants_token else {}
        response = self._ask("GET", "/openstack/latest/securitykey", headers)
        if response.status != 200:
            raise self._refusal(response)
        self._known = True
        fields = read_object(response, "credential")
        access, secret, security_token = (
            self._secrets.add(str(fields.get(name) or "")) for name in ("access", "secret", "securitytoken")
        )
        if not all(map(can_be_sent, (access, secret, security_token))):
            raise Failure(
                CREDENTIALS,
                "The answer of the metadata service of ECS contains no access key",
                "Use another auth_method",
            )
        key = AccessKey(access, secret, security_token, "ECS agency")
        return new_credential(key, fields.get("expires_at"), response, self._transport.clock, started)

    def _token(self) -> dict[str, str]:
        response = self._ask(
            "PUT", "/meta-data/latest/api/token", {"X-Metadata-Token-Ttl-Seconds": _METADATA_TOKEN_SECONDS}
        )
        if response.status in _METADATA_WITHOUT_TOKEN and not self._known:
            self._wants_token = False
            return {}
        if response.status != 200:
            raise self._refusal(response)
        token = self._secrets.add(response.body.decode("latin-1").strip())
        if not can_be_sent(token):
            raise self._refusal(response)
        return {"X-Metadata-Token": token}

    def _ask(self, method: str, path: str, headers: t.Mapping[str, str]) -> Response:
        request = Request(method, self._endpoint, path, headers=headers, timeout=_METADATA_TIMEOUT)
        try:
            # Until it has answered once, the host may have no metadata service.
            return self._transport.send(request, unauthenticated, None if self._known else 0)
        except ConnectionFailure as failure:
            if self._known:
                raise Failure(
                    CREDENTIALS,
                    f"The metadata service of ECS returned no new access key: {failure.what}",
                    "Run the task again",
                ) from None
            raise nothing_found(
                self._found, "this host is not an ECS host, because no metadata service answers"
            ) from None

    def _refusal(self, response: Response) -> Failure:
        answer = response.answer(self._secrets.mask)
        if self._known:
            return Failure(
                CREDENTIALS,
                "The metadata service of ECS returned no new access key",
                "Check the agency of this host, then run the task again",
                answer,
                evidence=f"{METADATA_URL}: {answer}",
            )
        if says(answer, _NO_AGENCY):
            return nothing_found(self._found, "no agency is bound to this ECS host", answer)
        if response.status == 404:
            return nothing_found(self._found, "this host is not an ECS host, or no agency is bound to it", answer)
        return nothing_found(self._found, f"its metadata service answered {answer}", answer)
