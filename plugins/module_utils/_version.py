# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The version of the collection, as the User-Agent shows it.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

# The same as in galaxy.yml; a test holds the two together.
COLLECTION_VERSION = "1.0.0"
