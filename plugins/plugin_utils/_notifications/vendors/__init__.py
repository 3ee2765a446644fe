# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""One module for each vendor: how its records are recognised, and how they are read."""

from __future__ import annotations

from ..event import Vendor
from .aws import AWS
from .azure import AZURE
from .bos import BOS
from .ceph import CEPH
from .cos import COS
from .gcs import GCS
from .kodo import KODO
from .minio import MINIO
from .obs import OBS
from .oss import OSS

# OBS comes before AWS: in some regions it sends records in the format of S3.
VENDORS: tuple[Vendor, ...] = (OBS, AWS, MINIO, CEPH, OSS, COS, GCS, AZURE, BOS, KODO)
