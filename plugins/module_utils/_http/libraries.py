# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The guarded import of requests and urllib3: the only place that imports them.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import sys
import traceback

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import OmsError

# They ignore the TLS context of an adapter: they refuse the certificates that ca_path names, and accept all that
# certifi names. See https://github.com/psf/requests/pull/6716, part of 2.32.3.
UNSUPPORTED_REQUESTS = ("2.32.0", "2.32.1", "2.32.2")

_import_error: str | None = None
try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
    from requests.certs import where
    from requests.utils import get_environ_proxies
# requests 2.32.3 reads certifi's file while it is imported.
except (ImportError, OSError):
    _import_error = traceback.format_exc()
    # The files beside this one import these names in any case; check_libraries() says what is missing.
    requests = urllib3 = where = get_environ_proxies = None  # type: ignore[assignment]
    HTTPAdapter = object  # type: ignore[assignment,misc]

__all__ = ["HTTPAdapter", "check_libraries", "get_environ_proxies", "requests", "urllib3", "where"]


def check_libraries() -> None:
    """Refuse to run without requests, or with a version of it that does not check certificates as it is told.

    :raises OmsError: says what to install.
    """
    if _import_error:
        raise OmsError(missing_required_lib("requests"), result={"exception": _import_error})
    if requests.__version__ in UNSUPPORTED_REQUESTS:
        raise OmsError(
            f"requests {requests.__version__} is not supported, because it does not use the certificates of ca_path."
            f" Install requests 2.32.3 or later for {sys.executable}."
        )
