# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Writes each task's result, as Ansible has it, to a file as a line of JSON: tests read that and not the screen."""

from __future__ import annotations

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record_results
type: notification
short_description: Write the results of tasks to a file
description:
  - Each result becomes a line of JSON in the file that the environment variable names.
options: {}
"""


class CallbackModule(CallbackBase):
    """The results of tasks, items of loops included, in order."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record_results"

    def _record(self, result, failed):
        with open(os.environ["OMS_TEST_RESULTS"], "a", encoding="utf-8") as file:
            entry = {"task": result._task.get_name(), "failed": failed, "result": result._result}
            file.write(json.dumps(entry, default=str) + "\n")

    def v2_runner_on_ok(self, result):
        self._record(result, False)

    def v2_runner_on_failed(self, result, ignore_errors=False):  # noqa: ARG002 - Ansible names it
        self._record(result, True)

    v2_runner_item_on_ok = v2_runner_on_ok
    v2_runner_item_on_failed = v2_runner_on_failed
