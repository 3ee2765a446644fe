# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Sends authenticated requests, and renews the credential before it expires or when it is refused.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import threading
import typing as t
from dataclasses import replace
from datetime import datetime

from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credential import (
    AccessKey,
    AuthToken,
    Credential,
    authentication_headers,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credentials import (
    EcsAgency,
    Found,
    Password,
    nothing_found,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.ecs_metadata import MetadataService
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.gateway_errors import (
    credential_advice,
    general_advice,
    is_about_credentials,
    skew_note,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.iam import create_token, find_project_id
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.target import Target
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import Answer, Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, Response
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.retry import Transport


class AuthenticatedClient:
    """Sends requests with a credential. Many threads may do so in parallel.

    :arg renew: gets another credential; None if that is not possible.
    :arg project_id: is sent and signed with an access key, once it is known.
    """

    def __init__(
        self,
        transport: Transport,
        credential: Credential,
        renew: t.Callable[[], Credential] | None = None,
        project_id: str | None = None,
    ) -> None:
        self.transport = transport
        self.project_id = project_id
        self._credential = credential
        self._renew = renew
        self._failure: Failure | None = None
        # Held while the credential is renewed: one thread does that, and the others wait.
        self._renewing = threading.Lock()

    def send(self, request: Request) -> Response:
        """Send a request until it has a final answer, and renew the credential if it has expired.

        :returns: an answer of any status.
        :raises Failure: no answer came, or the credential could not be renewed.
        """
        attempts = 0
        while True:
            used = self._valid_credential()

            def authorise(request: Request, now: datetime) -> t.Mapping[str, str]:
                nonlocal used
                # Another thread may have renewed it since the last attempt.
                used = self._credential
                return authentication_headers(used.value, request, now, self.project_id)

            try:
                response = self.transport.send(request, authorise)
            except Failure as failure:
                failure.attempts += attempts
                raise
            attempts += response.attempts
            response = replace(response, attempts=attempts)
            if response.status == 200:
                used.accepted = True
            # Any 401 counts: a credential that was accepted before is no longer valid. The answer to an expired
            # temporary key is not documented.
            if not (response.status == 401 and self._renewed(used)):
                return response

    def refusal_advice(self, response: Response, answer: Answer, iam_action: str) -> str:
        """What is wrong and what to do, for an error that any service may answer.

        :arg answer: what the response says, masked.
        :arg iam_action: the permission that the request needs, as IAM names it.
        """
        if is_about_credentials(answer):
            advice = credential_advice(answer, self._credential, renewable=self._renew is not None)
        else:
            advice = general_advice(answer, iam_action)
        return advice + skew_note(response, self.transport.clock.now())

    def _valid_credential(self) -> Credential:
        """The credential, renewed first if it is about to expire."""
        if self.transport.clock.monotonic() >= self._credential.renew_at:
            with self._renewing:
                if self.transport.clock.monotonic() >= self._credential.renew_at:
                    self._fetch()
        return self._credential

    def _renewed(self, refused: Credential) -> bool:
        """Renew a credential that was refused.

        :returns: False if the refused one can't be renewed, or was never accepted.
        """
        if self._renew is None:
            return False
        with self._renewing:
            # Otherwise another thread has renewed it.
            if self._credential is refused:
                if not refused.accepted:
                    return False
                self._fetch()
            return True

    def _fetch(self) -> None:
        # A refused password is not sent again by every thread, because that would lock the user.
        if self._failure:
            raise self._failure
        try:
            self._credential = t.cast(t.Callable[[], Credential], self._renew)()
        except Failure as failure:
            self._failure = failure
            raise


def authenticate(transport: Transport, target: Target, found: Found, secrets: Secrets) -> AuthenticatedClient:
    """Get a credential, and the id of the project if it is not given.

    :raises Failure: there are no credentials, they are refused, or the project is not found.
    """
    renew = _renewal(transport, target, found, secrets)
    if renew:
        credential = renew()
    elif isinstance(found.credentials, (AccessKey, AuthToken)):
        credential = Credential(found.credentials)
    else:
        raise nothing_found(found)
    client = AuthenticatedClient(transport, credential, renew)
    client.project_id = (
        target.project_id
        or credential.project_id
        or find_project_id(client.send, client.refusal_advice, target, secrets)
    )
    return client


def _renewal(transport: Transport, target: Target, found: Found, secrets: Secrets) -> t.Callable[[], Credential] | None:
    credentials = found.credentials
    if isinstance(credentials, Password):
        return lambda: create_token(transport, target, credentials, secrets)
    if isinstance(credentials, EcsAgency):
        return MetadataService(transport, secrets, found).fetch_key
    return None
