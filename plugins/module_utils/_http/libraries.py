# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The guarded import of requests and urllib3: the only place that imports them.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import traceback

REQUESTS_IMPORT_ERROR: str | None = None
try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
    from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies
except ImportError:
    REQUESTS_IMPORT_ERROR = traceback.format_exc()
    # The files beside this one import these names all the same; transport.py says what is missing.
    requests = urllib3 = DEFAULT_CA_BUNDLE_PATH = get_environ_proxies = None  # type: ignore[assignment]
    HTTPAdapter = object  # type: ignore[assignment,misc]
