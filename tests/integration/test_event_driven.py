# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Notifications that ansible-rulebook receives, up to what arrives at the simulator."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import subprocess
import time
import typing as t
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from ansible_collections.huaweicloud.oms.tests.integration.ansible_runs import Ansible, Run
from ansible_collections.huaweicloud.oms.tests.integration.conftest import (
    ACCESS_KEY,
    PROJECT_ID,
    SECRET_KEY,
    SYNC_TASK_ID,
)
from ansible_collections.huaweicloud.oms.tests.integration.rulebook_runs import (
    RULEBOOK,
    WAIT_SECONDS,
    Rulebook,
    notification,
    wait_until,
)
from ansible_collections.huaweicloud.oms.tests.simulator.certificates import make_certificates
from ansible_collections.huaweicloud.oms.tests.simulator.client import Simulator

ROOT = Path(__file__).parents[2]


def what_is_missing() -> str:
    """Why ansible-rulebook can't run here; empty if it can."""
    if "OMS_TEST_EDA" not in os.environ:
        return "no environment with ansible-rulebook was named"
    found = shutil.which("java")
    java = subprocess.run([found, "-version"], capture_output=True, check=False, timeout=60) if found else None
    return "" if java and java.returncode == 0 else "ansible-rulebook needs Java 17 or newer, and there is none"


MISSING = what_is_missing()
# In CI they run all the same, and fail: no test may be left out there without a word.
needs_rulebook = pytest.mark.skipif(bool(MISSING) and "CI" not in os.environ, reason=MISSING)

StartsRulebook = t.Callable[..., Rulebook]


@pytest.fixture
def environ(simulator: Simulator) -> dict[str, str]:
    """What the playbook takes from the environment."""
    return {
        "HW_ACCESS_KEY": ACCESS_KEY,
        "HW_SECRET_KEY": SECRET_KEY,
        "HW_REGION_NAME": "cn-north-4",
        "HW_PROJECT_ID": PROJECT_ID,
        "HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4": simulator.url,
        "HUAWEICLOUD_SDK_IAM_ENDPOINT": simulator.url,
        "OMS_EDA_SYNC_TASK_ID": SYNC_TASK_ID,
    }


@pytest.fixture
def rulebook(environ: dict[str, str], tmp_path: Path) -> t.Iterator[StartsRulebook]:
    """Makes an ansible-rulebook whose playbooks reach the simulator, and ends it."""
    assert not MISSING
    made: list[Rulebook] = []

    def make(rulebook: str = RULEBOOK, authority: Path | None = None, **more: str) -> Rulebook:
        quick = {"OMS_EDA_RETRY_DELAY": "0.2", "OMS_EDA_RETRY_MAX_DELAY": "0.2"}
        bin_folder = os.environ["OMS_TEST_EDA"]
        made.append(Rulebook(tmp_path, bin_folder, {**environ, **quick, **more}, rulebook, authority))
        return made[-1]

    yield make
    for each in made:
        each.__exit__()


def numbered(count: int) -> list[str]:
    return [f"backup/2026/object {number:07}" for number in range(count)]


def arrived(simulator: Simulator) -> Counter[str]:
    return Counter(simulator.accepted_keys(SYNC_TASK_ID))


@needs_rulebook
def test_neither_runs_that_fail_nor_a_kill_lose_any(simulator: Simulator, rulebook: StartsRulebook) -> None:
    names = numbered(400)
    # A final error each time: three runs fail, and each leaves the rest for the next.
    simulator.fault("answer", status=400, body='{"error_code": "OMS.0064"}', path=SYNC_TASK_ID, times=3, skip=4)
    started = rulebook(OMS_EDA_WINDOW="1")
    started.start()
    acknowledged = started.post_object_keys(names[:150])
    wait_until(lambda: started.run_count > 0, lambda: started.output)
    with ThreadPoolExecutor(1) as caller:
        caller.submit(started.post_object_keys, names[150:], acknowledged)
        wait_until(lambda: len(acknowledged) > 160, lambda: started.output)
        started.kill()
    assert 160 < len(acknowledged) < 400
    before = set(acknowledged)
    started.start()
    # As a sender does that tries again.
    started.post_object_keys([name for name in names if name not in before], acknowledged)
    wait_until(lambda: started.is_idle, lambda: started.output)

    assert sorted(acknowledged) == names
    assert set(arrived(simulator)) == set(names)
    refused = [request for request in simulator.requests("POST") if request.fault]
    assert len(refused) == 3
    assert " failed, attempt " in started.output


# Whoever may upload chooses them. MARKER is a file that one of them would make if it were run.
HOSTILE = [
    "{{ lookup('ansible.builtin.pipe', 'touch MARKER') }}",
    "{{ lookup('ansible.builtin.pipe', 'touch MARKER') | string }} and more",
    "{% for each in lookup('ansible.builtin.pipe', 'touch MARKER') %}{% endfor %}",
    "{# a comment #}",
    "{{ 7 * 7 }}",
    "$(touch MARKER) `touch MARKER`; touch MARKER",
    "'single' \"double\" \\backslash\\",
    "line\nbreak\r\nand\ttab",
    "12345",
    "1e3",
    "null",
    "=x",
    "oms_batch=/elsewhere",
    " blanks , commas ",
    "照片/é/\u2028/\U0001f600",
    "!unsafe &a *a %s {0} - [x",
]


@needs_rulebook
def test_a_burst_of_hostile_object_keys_is_few_events_and_runs_nothing(
    simulator: Simulator, rulebook: StartsRulebook, tmp_path: Path
) -> None:
    """With TLS and a token of digits, for which users write a rulebook of their own: the guide says how.

    The playbook before hangs and is ended: it blocks no other.
    """
    certificates = make_certificates(tmp_path)
    text = (ROOT / "extensions" / "eda" / "rulebooks" / "sync_on_object_created.yml").read_text(encoding="utf-8")
    plays = yaml.safe_load(text)
    plays[0]["sources"][0]["eda.builtin.webhook"]["certfile"] = str(certificates.server)
    own = tmp_path / "own.yml"
    own.write_text(yaml.safe_dump(plays), encoding="utf-8")
    simulator.fault("hang", path=SYNC_TASK_ID, times=1)
    token = "1234567890"
    settings = {"TOKEN": token, "WINDOW": "5", "LEASE": "15", "RETRY_DELAY": "5", "RETRY_MAX_DELAY": "5"}
    started = rulebook(
        str(own), certificates.authority, **{f"OMS_EDA_{name}": value for name, value in settings.items()}
    )
    started.start()
    assert started.post(notification("hangs"), token) == 200
    wait_until(lambda: started.run_count == 1, lambda: started.output)
    marker = tmp_path / "marker"
    object_keys = [*numbered(200), *(each.replace("MARKER", str(marker)) for each in HOSTILE)]
    refused = [started.post(notification("intruder"), wrong) for wrong in ("wrong", "1234567891", None, "")]
    acknowledged = started.post_object_keys(object_keys, token=token)
    wait_until(lambda: started.is_idle, lambda: started.output)

    assert refused == [401] * 4
    assert sorted(acknowledged) == sorted(object_keys)
    # Each once, and the intruder's not at all. What hangs may have been accepted in the end.
    counts = arrived(simulator)
    assert counts.pop("hangs") >= 1
    assert counts == Counter(object_keys)
    assert len(simulator.requests("POST")) <= 25
    # Nothing but the batch that hangs has failed, and it succeeded once. The others needed one run to three.
    assert " failed, attempt 1: " in started.output
    assert len(set(re.findall("Batch (.*) failed, attempt ", started.output))) == 1, started.output
    assert 2 <= started.output.count("TASK [Record that OMS has accepted the batch]") <= 4, started.output
    assert not marker.exists()
    assert SECRET_KEY not in started.output
    assert token not in started.output


@needs_rulebook
def test_trouble_with_one_batch_or_notification_stops_no_other(simulator: Simulator, rulebook: StartsRulebook) -> None:
    started = rulebook(OMS_EDA_WINDOW="0.5", OMS_EDA_MAX_ATTEMPTS="2", OMS_EDA_BUCKET="source")
    poison = started.spool / "batches" / "poison"
    poison.mkdir(parents=True)
    started.spool.chmod(0o700)
    (poison / "keys.jsonl").write_text('"\\ud800"\n', encoding="ascii")
    started.start()
    wait_until(lambda: started.run_count > 0, lambda: started.output)
    statuses = [
        started.post(body)
        for body in (notification("good"), notification("elsewhere", bucket="other"), {"who": "knows"}, [])
    ]
    # As when the disk is full: the caller is told, and the process lives on.
    started.spool.chmod(0o755)
    statuses.append(started.post(notification("later")))
    started.spool.chmod(0o700)
    statuses.append(started.post(notification("later")))
    wait_until(lambda: started.is_idle, lambda: started.output)

    assert statuses == [200, 200, 200, 200, 500, 200]
    assert arrived(simulator) == Counter(["good", "later"])
    # It is said once it is done.
    given_up = "Batch poison failed in 2 runs and was moved to the dead-letter directory, "
    wait_until(lambda: given_up in started.output, lambda: started.output)
    (unread,) = (started.spool / "unread").iterdir()
    assert f"A record of a notification cannot be read. It is kept in {unread}: " in started.output

    # As the guide says.
    dead = started.spool / "dead" / "poison"
    (dead / "keys.jsonl").write_text('"mended"\n', encoding="ascii")
    dead.rename(poison)
    wait_until(lambda: started.is_idle, lambda: started.output)
    assert arrived(simulator) == Counter(["good", "later", "mended"])

    second = rulebook()
    process = second.launch()
    assert started.process
    assert process.wait(WAIT_SECONDS) != 0
    assert f"is in use by the process {started.process.pid}. Stop that process" in second.output
    assert started.process.poll() is None


@needs_rulebook
@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({"OMS_EDA_TOKEN": ""}, "OMS_EDA_TOKEN_must_not_be_empty"),
        (
            {"OMS_EDA_SPOOL": ""},
            "spool_dir is $OMS_EDA_SPOOL, but the environment variable OMS_EDA_SPOOL is empty or not set",
        ),
    ],
    ids=["token", "spool"],
)
def test_without_what_it_needs_it_does_not_start(rulebook: StartsRulebook, environ: dict[str, str], text: str) -> None:
    started = rulebook(**environ)
    process = started.launch()

    assert process.wait(WAIT_SECONDS) != 0, started.output
    assert text in started.output


QUEUE_RULEBOOK = ROOT / "extensions" / "eda" / "rulebooks" / "sync_from_queue.yml"
UNKNOWN = {"eventSource": "aws:s3", "eventName": "ObjectInvented:Now", "s3": {}}
# OMS refuses an object key of more than 16384 characters.
REFUSED = "x" * 16385


def mixed(number: int, name: str) -> dict[str, t.Any]:
    """A notification; each tenth has a record of an unknown event, too, and each fiftieth a refused object key."""
    records = notification(name)["Records"]
    if number % 10 == 0:
        records.append({**UNKNOWN, "n": number})
    if number % 50 == 0:
        records += notification(REFUSED)["Records"]
    return {"Records": records}


@needs_rulebook
def test_webhook_and_queue_lose_nothing_when_killed(
    simulator: Simulator, rulebook: StartsRulebook, tmp_path: Path
) -> None:
    """The queue is a source of ansible-rulebook itself that gives events of the same shape, half of them with a text.

    As a queue does, it gives all of them again when the process that did not acknowledge them is started again.
    """
    names = numbered(400)
    messages = [mixed(number, name) for number, name in enumerate(names[200:])]
    bodies = [message if number % 2 else json.dumps(message) for number, message in enumerate(messages)]
    events = [*({"body": body, "meta": {"MessageId": str(number)}} for number, body in enumerate(bodies)), {"i": 1}]
    file = tmp_path / "events.json"
    file.write_text(json.dumps(events), encoding="utf-8")
    (queue,) = yaml.safe_load(QUEUE_RULEBOOK.read_text(encoding="utf-8"))
    (webhook,) = yaml.safe_load((QUEUE_RULEBOOK.parent / "sync_on_object_created.yml").read_text(encoding="utf-8"))
    (taken,) = [source for source in queue["sources"] if "ansible.eda.aws_sqs_queue" in source]
    del taken["ansible.eda.aws_sqs_queue"]
    taken["eda.builtin.generic"] = {"payload_file": str(file), "event_delay": 0.02, "shutdown_after": 10**6}
    webhook["sources"].append(taken)
    own = tmp_path / "own.yml"
    own.write_text(yaml.safe_dump([webhook]), encoding="utf-8")

    started = rulebook(str(own), OMS_EDA_WINDOW="2", OMS_EDA_BATCH_SIZE="50")
    started.start()
    acknowledged: list[int] = []

    def post(number: int) -> None:
        # It is killed meanwhile.
        with contextlib.suppress(OSError, http.client.HTTPException):
            if started.post(mixed(number, names[number])) == 200:
                acknowledged.append(number)

    with ThreadPoolExecutor(10) as callers:
        posts = [callers.submit(post, number) for number in range(200)]
        wait_until(lambda: len(acknowledged) > 60, lambda: started.output)
        started.kill()
        for each in posts:
            each.result()
    assert 60 < len(acknowledged) < 200
    started.start()
    for number in sorted(set(range(200)) - set(acknowledged)):
        post(number)
    wait_until(lambda: len(read_unread(started)) >= 49 and started.is_idle, lambda: started.output)

    assert sorted(acknowledged) == list(range(200))
    # 0 lost.
    assert set(arrived(simulator)) == set(names)
    assert len(simulator.requests("POST")) <= 25
    entries = read_unread(started)
    # One file for each, but what was given again is kept again.
    unknown = [entry["notification"] for entry in entries if "ObjectInvented:Now" in entry["reason"]]
    assert {record["n"] for record in unknown} == set(range(0, 200, 10))
    assert Counter(record["n"] for record in unknown).most_common(1)[0][1] <= 3
    assert all(record == {**UNKNOWN, "n": record["n"]} for record in unknown)
    refused = [entry for entry in entries if "has 16385 characters" in entry["reason"]]
    assert all(entry["notification"] == notification(REFUSED)["Records"][0] for entry in refused)
    assert len(refused) >= 8
    others = [entry for entry in entries if entry not in refused and entry["notification"] not in unknown]
    assert [entry["notification"] for entry in others] in ([{"i": 1}], [{"i": 1}] * 2)


def read_unread(started: Rulebook) -> list[dict[str, t.Any]]:
    return [json.loads(path.read_text(encoding="ascii")) for path in started.spool.glob("unread/*.json")]


@needs_rulebook
def test_batches_that_fail_for_ever_keep_no_other_waiting(simulator: Simulator, rulebook: StartsRulebook) -> None:
    """The default settings, ten times as fast."""
    settings = {"WINDOW": "0.5", "RETRY_DELAY": "0.5", "RETRY_MAX_DELAY": "30", "LEASE": "180"}
    started = rulebook(**{f"OMS_EDA_{name}": value for name, value in settings.items()})
    started.spool.mkdir(mode=0o700)
    for number in range(3):
        poison = started.spool / "batches" / f"poison {number}"
        poison.mkdir(parents=True)
        (poison / "keys.jsonl").write_text('"\\ud800"\n', encoding="ascii")
    started.start()
    # Each has failed once, and one of them twice.
    wait_until(lambda: started.output.count(" failed, attempt ") > 3, lambda: started.output)
    runs = started.run_count
    began = time.monotonic()
    assert started.post(notification("good")) == 200
    wait_until(lambda: arrived(simulator) == Counter(["good"]), lambda: started.output)

    assert time.monotonic() - began < 2 * 30
    # One of those that failed may have been running, and one may have had its turn.
    assert started.run_count - runs <= 3


# ---- the playbook alone


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    """A batch as the source makes them."""
    batch = tmp_path / "batch"
    batch.mkdir(mode=0o700)
    (batch / "keys.jsonl").write_text("".join(json.dumps(name) + "\n" for name in numbered(30)), encoding="ascii")
    return batch


def run_batch(ansible: Ansible, batch: Path, environ: t.Mapping[str, str]) -> Run:
    command = ["ansible-playbook", "huaweicloud.oms.sync_batch", f"--extra-vars=oms_batch={batch}"]
    return ansible.run(*command, environ=environ)


# The rulebook's runs are those of the default core.
@pytest.mark.parametrize("core", ["OMS_TEST_CORE_OLDEST", "OMS_TEST_CORE_NEWEST"])
def test_the_playbook_leaves_word_and_goes_on(
    simulator: Simulator, tmp_path: Path, environ: dict[str, str], batch: Path, core: str
) -> None:
    if core not in os.environ:
        pytest.skip(f"{core} does not say where this ansible-core is")
    ansible = Ansible(tmp_path, os.environ[core])
    simulator.fault("answer", status=400, body='{"error_code": "OMS.0064"}', path=SYNC_TASK_ID, skip=1)
    failed = run_batch(ansible, batch, environ)
    left = sorted(path.name for path in batch.iterdir())
    resumed = run_batch(ansible, batch, environ)

    assert failed.returncode != 0
    assert f"The batch {batch} was not accepted." in failed.output
    assert left == ["failed", "keys.jsonl", "progress"]
    assert resumed.returncode == 0, resumed.output
    # The source takes word of the last attempt away before it begins another.
    assert sorted(path.name for path in batch.iterdir()) == ["failed", "progress"]
    (events,) = [result for result in resumed.results if "accepted_count" in result]
    assert events["resumed_count"] + events["accepted_count"] == 30
    assert events["resumed_count"] > 0
    # Events that were in flight when another failed may be sent again.
    assert set(arrived(simulator)) == set(numbered(30))
    assert max(arrived(simulator).values()) <= 2


def test_the_playbook_takes_a_batch_without_keys_for_done(
    simulator: Simulator, ansible: Ansible, environ: dict[str, str], batch: Path
) -> None:
    (batch / "keys.jsonl").unlink()
    run = run_batch(ansible, batch, environ)

    assert run.returncode == 0, run.output
    assert list(batch.iterdir()) == []
    assert simulator.requests() == []
