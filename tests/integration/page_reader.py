# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Someone who follows the pages of the documentation, with the simulator in the place of OMS."""

from __future__ import annotations

import re
import sys
import typing as t
from pathlib import Path
from urllib.parse import unquote_plus

import yaml
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import Ansible, Run
from ansible_collections.huaweicloud.oms.tests.integration.pages import BLOCKS, PLAYS
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

# As the pages write them.
ACCESS_KEY, SECRET_KEY = "your-access-key", "your-secret-key"
BUCKETS = {
    "src_cloud_type": "AWS",
    "src_region": "us-east-1",
    "src_bucket": "photos",
    "dst_region": "cn-north-4",
    "dst_bucket": "photos-copy",
}
NAME = "Photos for the web site"
KEYS = {
    f"vault_{side}_{kind}_key": f"{kind}-key-of-the-{side}"
    for side in ("source", "destination")
    for kind in ("access", "secret")
}
HOSTILE = ["a/b.txt", "照片/北京 2026.jpg", "two\nlines.txt", 'quote"d.txt', "plus+%20.txt", "[x].txt"]


class Reader:
    """Someone who follows the pages: OMS is the simulator, and the files that the pages take for granted are there."""

    def __init__(self, simulator: Simulator, ansible: Ansible) -> None:
        self.simulator, self.ansible = simulator, ansible
        self.directory = ansible.folder
        simulator.add_access_key(ACCESS_KEY, SECRET_KEY)
        self.endpoints = {
            "HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4": simulator.url,
            "HUAWEICLOUD_SDK_IAM_ENDPOINT": simulator.url,
        }
        self.environ = {**exported("getting-started"), **self.endpoints}
        local = f"ansible_connection=local ansible_python_interpreter={sys.executable}"
        self.write("inventory", f"one {local}\ntwo {local}\n")
        self.write("variables.yml", yaml.safe_dump(KEYS))

    def write(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path

    def run(self, *names: str, options: t.Sequence[str] = (), **play: t.Any) -> Run:
        """Run plays of the pages in one start of Ansible, each with more keywords."""
        return self.plays([{**part, **play} for name in names for part in PLAYS[name]], *options)

    def plays(self, plays: list[dict[str, t.Any]], *options: str, environ: dict[str, str] | None = None) -> Run:
        text = yaml.safe_dump(plays, allow_unicode=True, sort_keys=False)
        files = [f"-i{self.directory}/inventory", f"-e@{self.directory}/variables.yml"]
        return self.ansible.playbook(text, *files, *options, environ=environ or self.environ)

    def writes(self) -> list[str]:
        """The requests that change a sync task, by the end of the path; DELETE for that of a task."""
        return [
            request.method if request.method == "DELETE" else request.target.rpartition("/")[2]
            for request in self.simulator.requests()
            if request.method != "GET" and request.status < 400 and not request.target.endswith("/events")
        ]

    def accepted(self) -> list[str]:
        events = [request for request in self.simulator.requests("POST", "/events") if request.accepted]
        return [unquote_plus(key) for request in events for key in request.object_keys or ()]


def exported(page: str) -> dict[str, str]:
    """All variables that the commands of a page set."""
    texts = [each.text for each in BLOCKS if each.page == f"docs/{page}.md" and each.start.startswith("export ")]
    return dict(re.findall(r"\b([A-Z_]+)=(\S+)", "".join(texts)))
