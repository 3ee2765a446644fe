# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Huawei Cloud's request signature, SDK-HMAC-SHA256. Pure functions: a request and a key in, headers out.

The steps are those of the public documentation of API signing ("AK/SK Signing and Authentication Algorithm"). The tests
compare with published vectors and with the signer of the official SDK.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import hashlib
import hmac
import typing as t
from datetime import datetime

from ansible_collections.huaweicloud.oms.plugins.module_utils._http.url import encoded_path, encoded_query

ALGORITHM = "SDK-HMAC-SHA256"


def sign(
    method: str,
    host: str,
    path: str,
    query: t.Iterable[tuple[str, str]],
    headers: t.Mapping[str, str],
    body: bytes,
    access_key: str,
    secret_key: str,
    when: datetime,
) -> dict[str, str]:
    """Sign a request.

    :arg host: as it stands in the ``Host`` header, with the port where it is not the default one.
    :arg path: before percent-encoding.
    :arg headers: what is sent and to be signed, beside ``Host`` and ``X-Sdk-Date``.
    :arg when: the time in UTC; the gateway refuses a clock that is more than 15 minutes off.
    :returns: the headers ``X-Sdk-Date`` and ``Authorization``, to be sent with the others.
    """
    date = when.strftime("%Y%m%dT%H%M%SZ")
    signed = {name.lower(): value.strip() for name, value in headers.items()}
    signed.update({"host": host, "x-sdk-date": date})
    names = ";".join(sorted(signed))
    # The path that is signed always ends in a slash, the one that is sent does not.
    signed_path = encoded_path(path)
    if not signed_path.endswith("/"):
        signed_path += "/"
    canonical_request = "\n".join(
        (
            method.upper(),
            signed_path,
            encoded_query(query),
            "".join(f"{name}:{signed[name]}\n" for name in sorted(signed)),
            names,
            hashlib.sha256(body).hexdigest(),
        )
    )
    digest = hashlib.sha256(canonical_request.encode()).hexdigest()
    signature = hmac.new(secret_key.encode(), f"{ALGORITHM}\n{date}\n{digest}".encode(), hashlib.sha256).hexdigest()
    return {
        "X-Sdk-Date": date,
        "Authorization": f"{ALGORITHM} Access={access_key}, SignedHeaders={names}, Signature={signature}",
    }
