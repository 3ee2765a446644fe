# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""A run of oms_sync_event: from its options to its result.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import contextlib
import itertools
import typing as t
from dataclasses import asdict

from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import check_path_segment, check_range
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import ArgumentError, OmsError
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.checkpoint import Identity
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.checkpoint_log import CheckpointLog, Progress
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.key_file import KeyFile
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.object_keys import (
    MAX_BATCH_SIZE,
    read_object_keys,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.sources import FileSource, ListSource, Source
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.stop_signals import StopSignals
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.submission import (
    MAX_CONCURRENCY,
    SHOWN_EVENTS,
    SHOWN_OBJECT_KEYS,
    SPARE_DESCRIPTORS,
    Outcome,
    as_failure,
    first_object_keys,
    open_descriptors,
    submit,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.withheld import withhold_object_keys
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.client import Client
from ansible_collections.huaweicloud.oms.plugins.module_utils._oms.copying import (
    Copied,
    Growth,
    check_copies,
    wait_for_copies,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._session import Session

# A week: longer than copies should take, and shorter than a month, whose counters would be missed.
MAX_WAIT_TIMEOUT = 7 * 86400


class EventRun:
    """What a task of oms_sync_event does.

    :arg module: the AnsibleModule, which is given the warnings.
    :arg to_close: closes the files and restores the signal handlers after the result is written.
    :raises ArgumentError: an option is invalid. Nothing has been sent.
    """

    def __init__(self, module: t.Any, to_close: contextlib.ExitStack) -> None:
        self._module = module
        self._options = options = module.params
        self._sync_task_id = check_path_segment("sync_task_id", options["sync_task_id"])
        check_range("batch_size", options["batch_size"], 1, MAX_BATCH_SIZE)
        check_range("concurrency", options["concurrency"], 1, MAX_CONCURRENCY)
        check_range("wait_timeout", options["wait_timeout"], 1, MAX_WAIT_TIMEOUT, "seconds")
        self._session = Session(module, connections=options["concurrency"], rate_limit=options["rate_limit"])
        self._warnings: list[str] = []
        self._log: CheckpointLog | None = None
        self._progress: Progress | None = None
        # What became of the objects, once all that is to be submitted is.
        self._submitted: Outcome | None = None
        self._copied = Copied()
        # The files are opened before the connections, which may use up the file descriptors.
        self._source = self._open_source(to_close)
        self._signals = to_close.enter_context(StopSignals(self._session.clock.stop))
        # Ansible imports more code when it writes the result: the connections must leave it file descriptors.
        self._spare = to_close.enter_context(open_descriptors(SPARE_DESCRIPTORS)[0])

    def _open_source(self, to_close: contextlib.ExitStack) -> Source:
        options = self._options
        if options["object_keys_file"] is None:
            given = read_object_keys(options["object_keys"], options["object_keys_encoded"])
            self._warnings += given.warnings
            return ListSource(given.object_keys, given.duplicate_count)
        file_format = options["object_keys_file_format"]
        key_file = KeyFile(options["object_keys_file"], file_format, options["object_keys_encoded"])
        to_close.callback(key_file.close)
        if options["progress_file"] is not None:
            # In check mode it is not created.
            self._log = CheckpointLog(options["progress_file"], not self._module.check_mode, key_file.state)
            to_close.callback(self._log.close)
        return FileSource(key_file, self._log)

    def run(self) -> dict[str, t.Any]:
        """Submit the objects, and wait for their copies if that is asked for.

        :returns: the result.
        :raises ArgumentError: an option is invalid. Nothing has been sent.
        :raises OmsError: it failed; the result is with it.
        """
        try:
            try:
                outcome = self._predict() if self._module.check_mode else self._submit_and_wait()
            finally:
                # A second signal must not end the output of the result. Until here, it can end anything.
                self._signals.interrupts = False
        except Exception as error:
            if isinstance(error, ArgumentError) and self._submitted is None:
                raise
            outcome = self._submitted or self._nothing_submitted()
            outcome.failure = outcome.failure or as_failure(error)
        self._spare.close()
        return self._result(outcome)

    def _nothing_submitted(self) -> Outcome:
        remaining = first_object_keys(self._source.batches(MAX_BATCH_SIZE))
        return Outcome(remaining_count=self._source.pending_count, remaining=remaining)

    def _connect(self) -> Client:
        if self._log and self._log.failure:
            raise self._log.failure
        client = self._session.connect()
        if isinstance(self._source, FileSource):
            options = self._options
            file_format, encoded = options["object_keys_file_format"], options["object_keys_encoded"]
            endpoint = client.endpoint.url
            identity = Identity(endpoint, client.project_id, self._sync_task_id, file_format, encoded)
            self._progress = self._source.resume(identity, options["wait"])
        return client

    def _predict(self) -> Outcome:
        """What the real run would do, as far as the sync task tells."""
        client = self._connect()
        if not self._source.pending_count:
            return Outcome()
        self._warnings += filter(None, [client.check_sync_task(self._sync_task_id)])
        batch_size = self._options["batch_size"]
        return Outcome(
            event_count=-(-self._source.pending_count // batch_size),
            events=[
                {"object_keys": batch.encoded, "request_id": "", "attempts": 0}
                for batch in itertools.islice(self._source.batches(batch_size), SHOWN_EVENTS)
            ],
        )

    def _submit_and_wait(self) -> Outcome:
        client, options, clock = self._connect(), self._options, self._session.clock
        growth = None
        if options["wait"] and self._source.pending_count:
            growth = Growth(lambda when: client.show_counters(self._sync_task_id, when), clock)
        # From here on, requests are sent by other threads.
        self._signals.interrupts = False
        self._submitted = outcome = submit(
            self._source.batches(options["batch_size"]),
            self._source.pending_count,
            lambda batch: client.create_sync_events(self._sync_task_id, batch.encoded),
            clock,
            options["concurrency"],
            options["timeout"],
            self._progress,
            self._signals.end_the_wait,
        )
        if growth and not outcome.failure:
            self._signals.interrupts = True
            self._wait(growth, outcome.accepted_count)
        return outcome

    def _wait(self, growth: Growth, accepted: int) -> None:
        def note(copied: Copied) -> None:
            self._copied = copied
            if self._progress:
                self._progress.write_counters(asdict(copied), copied.total < accepted)

        wait_for_copies(growth, accepted, self._options["wait_timeout"], self._session.clock, self._sync_task_id, note)
        if not self._options["ignore_copy_failures"]:
            check_copies(self._copied, accepted, self._sync_task_id)

    def _result(self, outcome: Outcome) -> dict[str, t.Any]:
        for text in (*(self._log.warnings if self._log else ()), *self._warnings):
            self._module.warn(text)
        failure = outcome.failure
        result = {
            "changed": outcome.event_count > 0,
            "sync_task_id": self._sync_task_id,
            **self._session.where,
            "object_count": self._source.object_count,
            "accepted_count": outcome.accepted_count,
            "duplicate_count": self._source.duplicate_count,
            "resumed_count": self._source.resumed_count,
            "event_count": outcome.event_count,
            "retry_count": outcome.retry_count,
            "events": outcome.events,
            "remaining_count": outcome.remaining_count,
            "remaining_object_keys": outcome.remaining,
            "remaining_truncated": outcome.is_truncated,
            "counters": asdict(self._copied) if self._options["wait"] and not self._module.check_mode else None,
            "error": failure.as_error(outcome.failed_object_keys) if failure else None,
        }
        withheld = withhold_object_keys(result, self._session.secrets.occurs_in)
        if withheld:
            self._module.warn(withheld)
        if failure:
            *lines, last = failure.lines
            raise OmsError(*lines, last + what_was_accepted(result, self._log is not None), result=result)
        return result


def what_was_accepted(result: t.Mapping[str, t.Any], has_progress: bool) -> str:
    """How the message of a run that failed ends; nothing where nothing was accepted."""
    accepted = result["resumed_count"] + result["accepted_count"]
    if not accepted:
        return ""
    if not result["remaining_count"]:
        # The wait failed. Where a signal ended it, the message says so already.
        objects = "the object" if accepted == 1 else f"all {accepted} objects"
        return f" OMS accepted {objects}." if result["error"]["kind"] else ""
    text = f" OMS accepted {accepted} of {result['object_count']} objects."
    if has_progress:
        return f"{text} Another run resumes with the others."
    if not result["remaining_object_keys"]:
        return text
    which = f"the first {SHOWN_OBJECT_KEYS} of the others" if result["remaining_truncated"] else "the others"
    return f"{text} remaining_object_keys lists {which}."
