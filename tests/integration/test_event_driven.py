# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Notifications that ansible-rulebook receives, up to what arrives at the simulator."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
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
    TOKEN,
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
def test_a_burst_is_few_events_of_few_runs(simulator: Simulator, rulebook: StartsRulebook) -> None:
    names = numbered(200)
    started = rulebook(OMS_EDA_WINDOW="5")
    started.start()
    statuses = [started.post(notification("intruder"), token) for token in ("wrong", None, "")]
    acknowledged = started.post_names(names)
    wait_until(lambda: started.is_idle, lambda: started.output)

    assert statuses == [401, 401, 401]
    assert sorted(acknowledged) == names
    # Each once, and the intruder's not at all.
    assert arrived(simulator) == Counter(names)
    assert len(simulator.requests("POST")) <= 25
    assert 1 <= started.run_count <= 3
    assert SECRET_KEY not in started.output
    assert TOKEN not in started.output


@needs_rulebook
def test_neither_runs_that_fail_nor_a_kill_lose_any(simulator: Simulator, rulebook: StartsRulebook) -> None:
    names = numbered(400)
    # A final error each time: three runs fail, and each leaves the rest for the next.
    simulator.fault("answer", status=400, body='{"error_code": "OMS.0064"}', path=SYNC_TASK_ID, times=3, skip=4)
    started = rulebook(OMS_EDA_WINDOW="1")
    started.start()
    acknowledged = started.post_names(names[:150])
    wait_until(lambda: started.run_count > 0, lambda: started.output)
    with ThreadPoolExecutor(1) as caller:
        caller.submit(started.post_names, names[150:], acknowledged)
        wait_until(lambda: len(acknowledged) > 160, lambda: started.output)
        started.kill()
    assert 160 < len(acknowledged) < 400
    before = set(acknowledged)
    started.start()
    # As a sender does that tries again.
    started.post_names([name for name in names if name not in before], acknowledged)
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
def test_hostile_names_arrive_and_run_nothing(simulator: Simulator, rulebook: StartsRulebook, tmp_path: Path) -> None:
    """With TLS and a token of digits, which take a rulebook of one's own: the guide says how."""
    certificates = make_certificates(tmp_path)
    text = (ROOT / "extensions" / "eda" / "rulebooks" / "sync_on_object_created.yml").read_text(encoding="utf-8")
    plays = yaml.safe_load(text)
    plays[0]["sources"][0]["eda.builtin.webhook"]["certfile"] = str(certificates.server)
    own = tmp_path / "own.yml"
    own.write_text(yaml.safe_dump(plays), encoding="utf-8")

    started = rulebook(str(own), certificates.authority, OMS_EDA_TOKEN="1234567890", OMS_EDA_WINDOW="0.5")
    started.start()
    marker = tmp_path / "marker"
    names = [name.replace("MARKER", str(marker)) for name in HOSTILE]
    statuses = [started.post(notification(name), "1234567890") for name in names]
    refused = started.post(notification("intruder"), "1234567891")
    wait_until(lambda: started.is_idle, lambda: started.output)

    assert (set(statuses), refused) == ({200}, 401)
    assert arrived(simulator) == Counter(names)
    assert not marker.exists()


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
    given_up = "Batch poison failed 2 times and is given up: its keys are in "
    wait_until(lambda: given_up in started.output, lambda: started.output)
    (unread,) = (started.spool / "unread").iterdir()
    assert f"A notification is kept in {unread}: " in started.output

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
    assert f"is in use by the process {started.process.pid}: stop that one" in second.output
    assert started.process.poll() is None


@needs_rulebook
@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({"OMS_EDA_TOKEN": ""}, "OMS_EDA_TOKEN_must_not_be_empty"),
        ({"OMS_EDA_SPOOL": ""}, "spool_dir: '$OMS_EDA_SPOOL' is not given or not set"),
    ],
    ids=["token", "spool"],
)
def test_without_what_it_needs_it_does_not_start(rulebook: StartsRulebook, environ: dict[str, str], text: str) -> None:
    started = rulebook(**environ)
    process = started.launch()

    assert process.wait(WAIT_SECONDS) != 0, started.output
    assert text in started.output


# ---- the playbook alone


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    """A batch as the source makes them."""
    batch = tmp_path / "batch"
    batch.mkdir(mode=0o700)
    (batch / "keys.jsonl").write_text("".join(json.dumps(name) + "\n" for name in numbered(30)), encoding="ascii")
    return batch


def hand_over(ansible: Ansible, batch: Path, environ: t.Mapping[str, str]) -> Run:
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
    failed = hand_over(ansible, batch, environ)
    left = sorted(path.name for path in batch.iterdir())
    resumed = hand_over(ansible, batch, environ)

    assert failed.returncode != 0
    assert f"{batch} was not handed over" in failed.output
    assert left == ["failed", "keys.jsonl", "progress"]
    assert resumed.returncode == 0, resumed.output
    # The source takes word of the last attempt away before it begins another.
    assert sorted(path.name for path in batch.iterdir()) == ["failed", "progress"]
    (events,) = [result for result in resumed.results if "accepted_count" in result]
    assert events["resumed_count"] + events["accepted_count"] == 30
    assert events["resumed_count"] > 0
    assert arrived(simulator) == Counter(numbered(30))


def test_the_playbook_takes_a_batch_without_keys_for_done(
    simulator: Simulator, ansible: Ansible, environ: dict[str, str], batch: Path
) -> None:
    (batch / "keys.jsonl").unlink()
    run = hand_over(ansible, batch, environ)

    assert run.returncode == 0, run.output
    assert list(batch.iterdir()) == []
    assert simulator.requests() == []
