# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Whatever files, names and answers hold: they are understood, or refused with a sentence. No other exception comes."""

from __future__ import annotations

import hashlib
import json
import tempfile
import typing as t
from pathlib import Path
from urllib.parse import unquote_plus

import pytest
from ansible_collections.huaweicloud.oms.plugins.module_utils._arguments import check_path_segment
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.credentials import find_credentials
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.secrets import Secrets
from ansible_collections.huaweicloud.oms.plugins.module_utils._auth.target import find_credentials_and_target
from ansible_collections.huaweicloud.oms.plugins.module_utils._errors import Failure
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.checkpoint import Checkpoint, Identity, line_of
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.checkpoint_log import CheckpointLog
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.key_file import FORMATS, KeyFile
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.object_keys import (
    MAX_ENCODED_CHARACTERS,
    read_object_keys,
)
from ansible_collections.huaweicloud.oms.plugins.module_utils._events.sources import FileSource
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.endpoint import Endpoint, read_endpoint
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.error_body import read_answer
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.message import Request, clock_skew
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.retry import RetryPolicy, Transport
from ansible_collections.huaweicloud.oms.plugins.module_utils._http.tls_context import tls_context
from ansible_collections.huaweicloud.oms.tests.unit.fakes import START, FakeClock
from ansible_collections.huaweicloud.oms.tests.unit.fuzzing import (
    ANY_TEXT,
    JSON,
    TEXT,
    answers,
    assert_readable,
    bounded,
    nearly,
    nested,
    refusal,
)
from hypothesis import given
from hypothesis import strategies as st

# Coverage would double their time; other tests cover the same code.
pytestmark = pytest.mark.no_cover

IDENTITY = Identity("https://oms.example.com", "project", "task", "lines", False)


@pytest.fixture(scope="module")
def path() -> t.Iterator[Path]:
    """A file for one example after the other."""
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory, "file")


# ---- names


@bounded(500)
@given(st.lists(TEXT, max_size=4) | JSON, st.booleans())
def test_any_names(value: t.Any, encoded: bool) -> None:
    if refusal(read_object_keys, value, encoded):
        return
    given = read_object_keys(value, encoded)
    names = [value] if isinstance(value, str) else value

    assert len(given.object_keys) + given.duplicate_count == len(names)
    assert {key.given for key in given.object_keys} <= set(names)
    for warning in given.warnings:
        assert_readable(warning)
    for key in given.object_keys:
        assert 1 <= len(key.encoded) <= MAX_ENCODED_CHARACTERS
        assert key.encoded.isascii()
        if not encoded:
            # What OMS makes of it is the very name.
            assert unquote_plus(key.encoded, errors="strict") == key.given


@bounded(200)
@given(TEXT)
def test_any_id_endpoint_and_certificate(value: str) -> None:
    refusal(check_path_segment, "sync_task_id", value)
    refusal(read_endpoint, "endpoint", value, "option endpoint")
    refusal(read_endpoint, "endpoint", f"https://{value}", "option endpoint")
    refusal(tls_context, True, value, {})
    refusal(tls_context, True, None, {"REQUESTS_CA_BUNDLE": value})


# ---- files of names


LINES = st.one_of(
    st.binary(max_size=300),
    st.lists(TEXT, max_size=5).map(lambda lines: "\n".join(lines).encode("utf-8", "surrogatepass")),
    st.lists(JSON, max_size=4).map(lambda values: b"\n".join(json.dumps(value).encode() for value in values)),
    nested(),
    st.just(b"x" * 200_000),
)


@bounded(250)
@given(LINES, st.sampled_from(FORMATS), st.booleans(), st.integers(1, 3))
def test_any_file_of_names(path: Path, content: bytes, file_format: str, encoded: bool, batch_size: int) -> None:
    path.write_bytes(content)
    key_file = KeyFile(str(path), file_format, encoded)
    try:
        if refusal(key_file.check):
            return
        checked = key_file.check()
        batches = list(key_file.batches(batch_size))
    finally:
        key_file.close()

    assert sum(len(batch.object_keys) for batch in batches) == checked.object_count == batches[-1].end.object_count
    end = batches[-1].end
    assert end.sha256 == hashlib.sha256(content[: end.offset]).hexdigest()


@bounded(50)
@given(TEXT)
def test_any_path(path: Path, value: str) -> None:
    # Whatever it is, it leads to no file.
    name = f"{path.parent}/missing/below/{value}"

    assert refusal(KeyFile, name, "lines", False)
    assert refusal(CheckpointLog, name, True, path.parent.stat())
    assert refusal(find_credentials, {"auth_method": "file", "credentials_file": name}, {}, Secrets(set().add))


# ---- progress files


NO_SUCH_SHA256 = "0" * 64


def checkpoint(accepted: int) -> Checkpoint:
    return Checkpoint(IDENTITY, accepted, 100, 2 * accepted, NO_SUCH_SHA256, finished=False)


WRITTEN = [json.loads(line_of(checkpoint(accepted), START)) for accepted in (1, 2)]


@st.composite
def progress_files(draw: st.DrawFn) -> bytes:
    lines = [json.dumps(entry).encode() for entry in WRITTEN]
    number = draw(st.integers(0, 2))
    if number == 2:
        return draw(st.binary(max_size=200) | nested().map(lambda line: line + b"\n"))
    lines[number] = draw(nearly(WRITTEN[number]))
    return b"".join(line + b"\n" for line in lines)


@bounded(400)
@given(progress_files())
def test_any_progress_file(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    names = path.with_name("names")
    names.write_bytes(b"a\nb\nc\n")

    def resume() -> None:
        key_file = KeyFile(str(names), "lines", False)
        log = None
        try:
            log = CheckpointLog(str(path), True, key_file.state)
            source = FileSource(key_file, log)
            progress = source.resume(IDENTITY)
            assert progress
            progress.begin()
            sent.extend(name for batch in source.batches(2) for name in batch.given)
        finally:
            key_file.close()
            if log:
                log.close()

    sent: list[str] = []
    if refusal(resume):
        # What is not understood is left as it is.
        assert path.read_bytes() == content
    else:
        # It vouches for nothing whose digest it does not know.
        assert sent == ["a", "b", "c"]


@bounded(100)
@given(progress_files())
def test_any_holder_of_a_progress_file(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    key_file = path.parent.stat()
    first = CheckpointLog(str(path), True, key_file)
    try:
        path.write_bytes(content)
        second = CheckpointLog(str(path), True, key_file)
        second.close()
    finally:
        first.close()

    assert "is in use" in str(second.failure)


@bounded(100)
@given(st.integers(1, 5), st.integers(0, 400))
def test_a_progress_file_may_be_torn_anywhere(path: Path, lines: int, cut: int) -> None:
    """Whatever a kill leaves of it is read as less, and never as more."""
    path.unlink(missing_ok=True)
    log = CheckpointLog(str(path), True, path.parent.stat())
    for accepted in range(lines):
        log.append(checkpoint(accepted))
    log.close()
    whole = path.read_bytes()
    content = whole[: max(len(whole.splitlines(True)[0]), len(whole) - cut)]
    path.write_bytes(content)
    again = CheckpointLog(str(path), True, path.parent.stat())
    again.close()

    # A line that lacks its line end alone is complete.
    assert again.last == checkpoint((content + b"\n").count(b"}\n") - 1)


# ---- credentials


CREDENTIALS = st.one_of(
    st.binary(max_size=200),
    TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(
        st.sampled_from(["[basic]", "[DEFAULT]", "[other]", "ak = a", "sk = s", "sk", " sk", "= x", "ak: a", "[", ";"])
        | TEXT
        | TEXT.map(lambda value: f"ak = {value}")
        | TEXT.map(lambda value: f"iam_endpoint = {value}")
        | TEXT.map(lambda value: f"project_id = {value}"),
        max_size=7,
    ).map(lambda lines: "\n".join(["[basic]", "ak = key", *lines]).encode("utf-8", "surrogatepass")),
)


@bounded(300)
@given(CREDENTIALS)
def test_any_credentials_file(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    known: set[str] = set()
    options = {"auth_method": "file", "credentials_file": str(path), "region": "cn-north-4"}
    if refusal(find_credentials_and_target, options, {}, Secrets(known.add)):
        return
    found, target = find_credentials_and_target(options, {}, Secrets(known.add))

    if found.credentials:
        assert {found.credentials.access_key, found.credentials.secret_key} <= known
    else:
        assert found.ignored
        for text in found.ignored:
            assert_readable(text)
    assert target.endpoint.url == "https://oms.cn-north-4.myhuaweicloud.com"


VARIABLES = ("HW_AUTH_TOKEN", "HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_USER_NAME", "HW_USER_PASSWORD", "HW_DOMAIN_NAME")
PLACES = ("HW_REGION_NAME", "HW_PROJECT_ID", "HUAWEICLOUD_SDK_IAM_ENDPOINT", "HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4")


@bounded(300)
@given(
    st.dictionaries(st.sampled_from(VARIABLES + PLACES), TEXT | st.sampled_from(["cn-north-4", "https://a.example"])),
    st.sampled_from(["auto", "token", "aksk", "password"]),
)
def test_any_environment(environ: dict[str, str], method: str) -> None:
    options = {"auth_method": method, "region": "cn-north-4"}
    said = refusal(find_credentials_and_target, options, {"HOME": "/nonexistent", **environ}, Secrets(set().add))

    # No secret is shown, as far as it is long enough to be told from the words around it.
    for name, value in environ.items():
        assert not (said and name in VARIABLES and len(value) > 12 and value in said)


# ---- answers


@bounded(500)
@given(answers({"error_code": "OMS.0064", "error_msg": "m", "error_detail": "d"}, {"error": {"code": 1, "message": 2}}))
def test_any_error(response: t.Any) -> None:
    answer = response.answer(lambda text: text)

    assert_readable(str(answer))
    json.dumps(Failure("service", str(answer), "", answer).as_error()).encode()
    for text in (answer.error_code, answer.error_msg, answer.error_detail, answer.request_id):
        assert text is None or text.encode("utf-8")


@pytest.mark.parametrize("before", [b'{"error_msg":', b'{"a":1,"error":{"error_detail":'])
def test_an_error_as_deep_as_the_stack(before: bytes) -> None:
    """What can just be read can perhaps not be written any more."""
    for depth in range(1, 1100):
        body = before + b"[" * depth + b"]" * depth + b"}" * before.count(b"{")
        assert_readable(str(read_answer(400, body, None, lambda text: text)))


@bounded(300)
@given(st.lists(answers(), min_size=1, max_size=4), st.booleans())
def test_any_wish_to_wait(responses: list[t.Any], repeatable: bool) -> None:
    clock = FakeClock()
    left = list(responses)
    request = Request("POST", Endpoint("https://oms.example.com", "option endpoint"), "/", repeatable=repeatable)
    transport = Transport(
        lambda _request, _headers: left.pop(0) if len(left) > 1 else left[0], RetryPolicy(2, 1.0), clock
    )
    response = transport.send(request, lambda _request, _now: {})

    assert response.status == responses[min(response.attempts, len(responses)) - 1].status
    # Nobody can make it wait for longer than the retry policy allows.
    assert all(0 <= seconds <= 300 for seconds in clock.slept)
    assert sum(clock.slept) <= 600 + 2 * 300
    skew = clock_skew(response, START)
    assert skew is None or isinstance(skew, float)
    if response.gave_up:
        assert_readable(response.gave_up)


@bounded(200)
@given(ANY_TEXT)
def test_any_secret_is_hidden(secret: str) -> None:
    registered: set[str] = set()
    secrets = Secrets(registered.add)
    secrets.add(secret)
    masked = secrets.mask(f"before {secret} after".encode("utf-8", "replace").decode())

    assert all(text.encode("utf-8") for text in registered)
    if len(secret.strip()) > 6:
        assert secret not in masked
