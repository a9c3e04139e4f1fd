"""The S3 store when requests or replies are lost, answers are wrong, or the server stops. Slow: a real server."""

import os
import signal
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session
from urllib3.exceptions import SSLError

from evidence.errors import AlreadyWrittenError, StoreError

pytestmark = pytest.mark.slow

UNTIL = datetime.now(UTC) + timedelta(days=1)
KEY = "chains/c/seals/0.note"


def never_sent(request):
    raise ReadTimeoutError(endpoint_url=request.url)


def reply_lost(request):
    URLLib3Session().send(request)
    raise ReadTimeoutError(endpoint_url=request.url)


def answered(status):
    return lambda request: AWSResponse(request.url, status, {}, Raw(b""))


class Raw(BytesIO):
    """What urllib3 hands to boto3."""

    def stream(self):
        yield self.read()


def inject(store, fault, *operations):
    """Let each of `operations` meet `fault` once, where the request leaves for the network."""
    waiting = list(operations)

    def handler(request, event_name, **_):
        operation = event_name.rpartition(".")[2]
        if operation not in waiting:
            return None
        waiting.remove(operation)
        return fault(request)

    store._client.meta.events.register("before-send.s3", handler)


# Each row: what happens to which requests, and whether the bytes have landed.
FAULTS = {
    "never sent": (never_sent, ["PutObject"], False),
    "refused for now": (answered(503), ["PutObject"], False),
    "another write is under way": (answered(409), ["PutObject"], False),
    "taken, and both reply and reading back are lost": (reply_lost, ["PutObject", "ListObjectVersions"], True),
    "taken, and the lock cannot be read": (reply_lost, ["HeadObject"], True),
}


@pytest.mark.parametrize("retry", [b"same", b"other"], ids=["retry same", "retry other"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_after_a_failed_write_a_retry_settles_it(reopen_s3, fault, retry):
    store = reopen_s3(attempts=1)
    what, operations, landed = fault
    inject(store, what, *operations)
    with pytest.raises(StoreError) as caught:
        store.put(KEY, b"same", retain_until=UNTIL)
    assert type(caught.value) is StoreError
    assert list(reopen_s3().keys()) == [KEY] * landed
    if landed and retry == b"other":
        with pytest.raises(AlreadyWrittenError):
            store.put(KEY, retry, retain_until=UNTIL)
        assert reopen_s3().get(KEY) == b"same"
    else:
        store.put(KEY, retry, retain_until=UNTIL)
        assert reopen_s3().get(KEY) == retry


@pytest.mark.parametrize("attempts", [1, 2], ids=["read back after the time-out", "412 after a retry by boto3"])
def test_a_lost_reply_to_a_write_that_landed_is_a_success(reopen_s3, attempts):
    store = reopen_s3(attempts=attempts)
    inject(store, reply_lost, "PutObject")
    store.put(KEY, b"x", retain_until=UNTIL)
    assert list(reopen_s3().keys()) == [KEY]
    assert store.get(KEY) == b"x"


@pytest.mark.parametrize("fault", [never_sent, answered(409)], ids=["time-out", "conflict"])
def test_a_write_without_answer_that_came_too_late_is_settled_by_what_is_there(reopen_s3, fault):
    reopen_s3().put(KEY, b"first", retain_until=UNTIL)
    store = reopen_s3(attempts=1)
    inject(store, fault, "PutObject", "PutObject")
    with pytest.raises(AlreadyWrittenError):
        store.put(KEY, b"other", retain_until=UNTIL)
    store.put(KEY, b"first", retain_until=UNTIL)


@pytest.mark.parametrize("operation", ["GetObject", "ListObjectVersions"])
@pytest.mark.parametrize(
    ("fault", "message"), [(never_sent, "ReadTimeoutError"), (answered(503), "503")], ids=["no answer", "503"]
)
def test_a_read_that_fails_says_nothing(reopen_s3, operation, fault, message):
    reopen_s3().put(KEY, b"x", retain_until=UNTIL)
    store = reopen_s3(attempts=1)
    inject(store, fault, operation)
    with pytest.raises(StoreError, match=message) as caught:
        store.get(KEY)
    assert type(caught.value) is StoreError


def changing(store, operation, **changes):
    """Let the server's answers to `operation` have `changes`; None removes a member."""

    def handler(parsed, **_):
        for name, value in changes.items():
            parsed.pop(name, None)
            if value is not None:
                parsed[name] = value

    store._client.meta.events.register(f"after-call.s3.{operation}", handler)


@pytest.mark.parametrize(
    ("operation", "changes", "message"),
    [
        ("HeadObject", {"ObjectLockMode": None}, "not locked"),
        ("HeadObject", {"ObjectLockMode": "GOVERNANCE"}, "not locked"),
        ("HeadObject", {"ObjectLockRetainUntilDate": None}, "not locked"),
        ("HeadObject", {"ObjectLockRetainUntilDate": UNTIL - timedelta(seconds=2)}, "not locked"),
        ("HeadObject", {"ChecksumSHA256": None}, "another checksum"),
        ("HeadObject", {"ChecksumSHA256": "AAAA"}, "another checksum"),
        ("PutObject", {"VersionId": None}, "keeps no versions"),
    ],
)
def test_a_write_that_is_not_locked_as_asked_is_no_success(s3_store, operation, changes, message):
    changing(s3_store, operation, **changes)
    with pytest.raises(StoreError, match=message):
        s3_store.put(KEY, b"x", retain_until=UNTIL)


def test_a_listing_out_of_order_is_refused(s3_store):
    changing(s3_store, "ListObjectVersions", Versions=[{"Key": key, "VersionId": "v"} for key in "ba"])
    with pytest.raises(StoreError, match="lists `a` after `b`"):
        list(s3_store.keys())


SOMEBODY = {
    "an object": ("GetObject", "VersionId", lambda store: store.get(KEY)),
    "a listing": ("ListObjectVersions", "IsTruncated", lambda store: list(store.keys())),
}


@pytest.mark.parametrize("asked", SOMEBODY.values(), ids=SOMEBODY)
def test_an_answer_of_somebody_else_says_nothing(s3_store, asked):
    """A proxy on the way that answers by itself, with status 200."""
    operation, member, ask = asked
    s3_store.put(KEY, b"x", retain_until=UNTIL)
    changing(s3_store, operation, **{member: None})
    with pytest.raises(StoreError, match="something else"):
        ask(s3_store)


class TornBody:
    def read(self, _limit=None):
        raise SSLError("the connection broke")

    def close(self):
        pass


def test_a_body_that_breaks_off_says_nothing(s3_store):
    s3_store.put(KEY, b"x", retain_until=UNTIL)
    changing(s3_store, "GetObject", Body=TornBody())
    with pytest.raises(StoreError, match="SSLError"):
        s3_store.get(KEY)


def test_a_stopped_server_fails_a_write_in_time_and_the_retry_succeeds(s3_server, reopen_s3):
    store = reopen_s3(attempts=1, connect_timeout=0.5, read_timeout=0.5)
    store.put("before", b"x", retain_until=UNTIL)
    os.kill(s3_server.process_id, signal.SIGSTOP)
    try:
        for call in (
            lambda: store.put(KEY, b"x", retain_until=UNTIL),
            lambda: store.get(KEY),
            lambda: list(store.keys()),
        ):
            with pytest.raises(StoreError, match=r"Timeout|Closed"):
                call()
    finally:
        os.kill(s3_server.process_id, signal.SIGCONT)
    reopen_s3().put(KEY, b"x", retain_until=UNTIL)
    assert reopen_s3().get(KEY) == b"x"
    assert list(reopen_s3().keys()) == ["before", KEY]
