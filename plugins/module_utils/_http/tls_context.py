# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The TLS context: which certificates are trusted.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import os
import ssl
import typing as t

from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.libraries import where
from ansible_collections.huaweicloud.oms.plugins.module_utils._text import reason

# X509_V_FLAG_PARTIAL_CHAIN of OpenSSL's x509_vfy.h: an intermediate or the server's own certificate can be trusted.
# Python has a name for it since 3.10, ssl.VERIFY_X509_PARTIAL_CHAIN.
_PARTIAL_CHAIN = ssl.VerifyFlags(0x80000)


def tls_context(
    validate_certs: bool, ca_path: str | None, environ: t.Mapping[str, str], needed: bool = True
) -> tuple[ssl.SSLContext, str | None]:
    """One TLS context for all connections of a run: each costs megabytes and milliseconds.

    The order of precedence: O(validate_certs=false), O(ca_path), E(REQUESTS_CA_BUNDLE), E(CURL_CA_BUNDLE), and last the
    certificates of the system together with those of certifi.

    :arg needed: whether any connection is to use TLS; loading hundreds of certificates takes tens of milliseconds.
    :returns: the context and a warning, if there is cause for one.
    :raises ArgumentError: a file of certificates can't be used.
    """
    if ca_path:
        # A ca_path that can't be used is a mistake even where it is not needed.
        _load_certificates(_new_context(), "ca_path", ca_path)
    context = _new_context()
    if not validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        warning = (
            "validate_certs is false, so the certificates of the servers are not checked. Anyone who intercepts the"
            " connection can read the credentials. For a private certificate authority, set ca_path instead."
        )
        return context, warning
    if not needed:
        return context, None
    sources = [("ca_path", ca_path)] + [(name, environ.get(name)) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")]
    for name, path in sources:
        if path:
            _load_certificates(context, name, path)
            return context, None
    _load_default_certificates(context)
    return context, None


def _new_context() -> ssl.SSLContext:
    """A context without trusted certificates, for TLS 1.2 or later even if the configuration of OpenSSL allows less."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
    context.verify_flags |= _PARTIAL_CHAIN
    return context


def _load_default_certificates(context: ssl.SSLContext) -> None:
    """Load the certificates of the system and of certifi; one of them may be missing."""
    context.load_default_certs()
    try:
        context.load_verify_locations(cafile=where())
    except OSError:
        # OpenSSL reads the files of a directory when it needs them; until then it counts none of them.
        directory = ssl.get_default_verify_paths().capath
        if not context.cert_store_stats()["x509"] and not (directory and os.listdir(directory)):
            raise ArgumentError(
                "This host has no trusted certificates: the certificate store of the system is empty, and the file"
                f" {where()} of certifi can't be read. Install the package of CA certificates of the system, or set"
                " ca_path."
            ) from None


def _load_certificates(context: ssl.SSLContext, name: str, path: str) -> None:
    try:
        if os.path.isdir(path) and name != "ca_path":
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except ssl.SSLError:
        raise ArgumentError(
            f"{name}: the file {path} contains no certificates in PEM format. Give a file that does."
        ) from None
    except (OSError, ValueError) as error:
        raise ArgumentError(
            f"{name}: the file {path} can't be read: {reason(error)}. Check the path and the permissions."
        ) from None
