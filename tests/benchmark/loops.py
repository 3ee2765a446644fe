# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""What the module is measured against: loops that send the same events one after the other.

    python loops.py SIDE JSON

SIDE is one of the functions below, JSON says where to and how many. It prints the seconds that sending took.
"""

from __future__ import annotations

import json
import sys
import time
import typing as t
from datetime import datetime, timezone
from itertools import islice
from urllib.parse import urlsplit

import urllib3
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.signing import sign
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.object_keys import encode

Events = t.Iterator[list[str]]


def events(path: str, count: int) -> Events:
    """The names in a file, in tens."""
    with open(path, encoding="utf-8") as file:
        names = (line.rstrip("\n") for line in islice(file, count))
        while ten := list(islice(names, 10)):
            yield ten


def sdk(names: Events, arguments: dict[str, t.Any]) -> None:
    """The official SDK's client, as its documentation shows it."""
    from huaweicloudsdkcore.auth.credentials import BasicCredentials
    from huaweicloudsdkcore.http.http_config import HttpConfig
    from huaweicloudsdkoms.v2 import CreateSyncEventsRequest, OmsClient, SyncObjectReq

    config = HttpConfig.get_default_config()
    config.ssl_ca_cert = arguments["ca_path"]
    credentials = BasicCredentials(arguments["access_key"], arguments["secret_key"], arguments["project_id"])
    builder = OmsClient.new_builder().with_credentials(credentials).with_http_config(config)
    client = builder.with_endpoint(arguments["endpoint"]).build()
    for ten in names:
        body = SyncObjectReq(object_keys=[encode(name) for name in ten])
        client.create_sync_events(CreateSyncEventsRequest(sync_task_id=arguments["sync_task_id"], body=body))


def urllib3_bare(names: Events, arguments: dict[str, t.Any]) -> None:
    """What any Python client has to do at least: the same bytes for each event, and a token."""
    body = json.dumps({"object_keys": [encode(name) for name in next(names)]}).encode()
    headers = {"Content-Type": "application/json", "X-Auth-Token": arguments["token"]}
    _post(arguments, body, headers)
    for _ten in names:
        _post(arguments, body, headers)


def urllib3_signed(names: Events, arguments: dict[str, t.Any]) -> None:
    """The same with what the events need: encoding, JSON and a signature each."""
    url = urlsplit(_url(arguments))
    for ten in names:
        body = json.dumps({"object_keys": [encode(name) for name in ten]}, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json"}
        keys = (arguments["access_key"], arguments["secret_key"])
        signed = sign("POST", url.netloc, url.path, (), headers, body, *keys, datetime.now(timezone.utc))
        _post(arguments, body, {**headers, **signed})


def _url(arguments: dict[str, t.Any]) -> str:
    path = f"/v2/{arguments['project_id']}/sync-tasks/{arguments['sync_task_id']}/events"
    return f"{arguments['endpoint']}{path}"


_pool: list[urllib3.PoolManager] = []


def _post(arguments: dict[str, t.Any], body: bytes, headers: dict[str, str]) -> None:
    if not _pool:
        _pool.append(urllib3.PoolManager(ca_certs=arguments["ca_path"]))
    response = _pool[0].request("POST", _url(arguments), body=body, headers=headers)
    assert response.status == 200, response.data


SIDES = {side.__name__: side for side in (sdk, urllib3_bare, urllib3_signed)}

if __name__ == "__main__":
    options = json.loads(sys.argv[2])
    begun = time.monotonic()
    SIDES[sys.argv[1]](events(options["object_keys_file"], options["count"]), options)
    print(time.monotonic() - begun)
