"""The contract that every store keeps, and how stores are opened. Each adapter has a file of its own."""

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import (
    AlreadyWrittenError,
    InvalidKeyError,
    NotFoundError,
    ObjectTooLargeError,
    RetainedError,
    StoreError,
)
from evidence.store import S3Options, check_key, open_store
from evidence.stores.local import LocalStore
from evidence.stores.memory import MemoryStore
from evidence.stores.s3 import S3Store

UNTIL = datetime.now(UTC) + timedelta(days=1)
SEAL = "chains/0123456789abcdef0123/seals/000000000007.note"

parts = st.from_regex(r"[a-z0-9_-][a-z0-9._-]{0,20}", fullmatch=True)
valid_keys = (
    st.lists(parts, min_size=1, max_size=4)
    .map("/".join)
    .filter(lambda key: key[0] not in "_-" and ".." not in key and ".versions" not in key)  # weed's own suffix
)


@pytest.fixture(params=["memory", "local", pytest.param("s3", marks=pytest.mark.slow)])
def reopen(request, tmp_path):
    """Opens the same storage once more, as another process would."""
    if request.param == "memory":
        memory = MemoryStore()
        return lambda: memory
    if request.param == "local":
        return lambda: LocalStore(tmp_path / "store")
    return request.getfixturevalue("reopen_s3")


@pytest.fixture
def store(reopen):
    return reopen()


def together(*calls):
    """Run all calls at the same moment; return what each returned or raised."""
    start = Barrier(len(calls))

    def run(call):
        start.wait()
        try:
            return call()
        except StoreError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.parametrize("data", [b"", b"a seal", bytes(range(256)) * 1024], ids=["empty", "small", "large"])
def test_what_was_put_is_read_by_whoever_opens_the_store(store, reopen, data):
    store.put(SEAL, data, retain_until=UNTIL)
    assert store.get(SEAL) == data
    assert reopen().get(SEAL) == data


@pytest.mark.parametrize("data", [b"", b"a seal"], ids=["empty", "small"])
def test_the_same_bytes_again_succeed(store, reopen, data):
    store.put(SEAL, data, retain_until=UNTIL)
    store.put(SEAL, data, retain_until=UNTIL)
    reopen().put(SEAL, data, retain_until=UNTIL - timedelta(hours=1))
    assert reopen().get(SEAL) == data
    assert list(reopen().keys()) == [SEAL]


@pytest.mark.parametrize(
    ("first", "second"),
    [(b"seal", b"sea1"), (b"seal", b"seals"), (b"seal", b"sea"), (b"seal", b""), (b"", b"seal")],
    ids=["as long", "longer", "shorter", "nothing", "after nothing"],
)
def test_other_bytes_are_refused_and_change_nothing(store, reopen, first, second):
    store.put(SEAL, first, retain_until=UNTIL)
    for handle in (store, reopen()):
        with pytest.raises(AlreadyWrittenError, match=SEAL):
            handle.put(SEAL, second, retain_until=UNTIL)
    assert reopen().get(SEAL) == first


@pytest.mark.parametrize("missing", ["a", "a/b", "a/b/c.note", "log/checkpoints/0"])
def test_nothing_is_at_a_key_never_written(store, missing):
    store.put("a/b/c.notes", b"x", retain_until=UNTIL)
    store.put("a/b/c", b"x", retain_until=UNTIL)
    if missing not in {"a", "a/b"}:
        with pytest.raises(NotFoundError, match=missing):
            store.get(missing)
    else:
        with pytest.raises(StoreError):
            store.get(missing)


def test_get_reads_up_to_its_limit_and_no_further(store):
    store.put("k", b"12345", retain_until=UNTIL)
    store.put("empty", b"", retain_until=UNTIL)
    assert store.get("k", limit=5) == b"12345"
    assert store.get("empty", limit=0) == b""
    for limit in (4, 0):
        with pytest.raises(ObjectTooLargeError, match="k"):
            store.get("k", limit=limit)


@pytest.mark.parametrize("key", ["race/0", "race/1"])
def test_of_eight_writers_of_different_bytes_one_wins(store, reopen, key):
    offers = [f"writer {number}".encode() for number in range(8)]
    results = together(*(lambda data=data: store.put(key, data, retain_until=UNTIL) for data in offers))
    winners = [offer for offer, result in zip(offers, results, strict=True) if result is None]
    assert len(winners) == 1
    assert sum(isinstance(result, AlreadyWrittenError) for result in results) == 7
    assert reopen().get(key) == winners[0]


def test_eight_writers_of_the_same_bytes_all_win(store, reopen):
    assert together(*[lambda: store.put("race", b"same", retain_until=UNTIL)] * 8) == [None] * 8
    assert list(reopen().keys()) == ["race"]


def test_keys_ascend_by_character_and_obey_the_prefix(store):
    names = ["b", "a-b", "a/c", "a.b", "a/b/x", "a0", "a_b", "a/b/c-d", "a/b/c/d"]
    for name in names:
        store.put(name, b"", retain_until=UNTIL)
    assert list(store.keys()) == sorted(names)
    for prefix in ["a", "a/", "a/b", "a/b/", "a/b/c", "b", "c", "a/b/x", "a/b/x/", "/", "A"]:
        assert list(store.keys(prefix)) == sorted(name for name in names if name.startswith(prefix)), prefix


@pytest.mark.parametrize("prefix", ["", "a", "a/", "a/b", "a/b/", "b", "c"])
def test_keys_go_on_behind_any_text(store, prefix):
    names = ["a/b/c", "a/b/d", "a/b0", "a/c", "b", "b0/x"]
    for name in names:
        store.put(name, b"", retain_until=UNTIL)
    for after in ["", "a", "a/", "a/b", "a/b/", "a/b/c", "a/b/cc", "a/b/~", "a/b0", "a/z", "b", "c", "~", "A"]:
        expected = sorted(name for name in names if name.startswith(prefix) and name > after)
        assert list(store.keys(prefix, after)) == expected, after


@settings(max_examples=25, deadline=None)
@given(keys=st.sets(valid_keys, min_size=1, max_size=8), prefix=st.text("ab/-.", max_size=3), after=valid_keys)
def test_a_directory_lists_as_a_dict_does(keys, prefix, after):
    memory = MemoryStore()
    with tempfile.TemporaryDirectory() as folder:
        store = LocalStore(Path(folder))
        for key in {key for key in keys if not any(other.startswith(f"{key}/") for other in keys)}:
            memory.put(key, b"", retain_until=UNTIL)
            store.put(key, b"", retain_until=UNTIL)
        for start in (after, min(keys), max(keys)):
            assert list(store.keys(prefix, start)) == list(memory.keys(prefix, start))


def test_an_empty_store_has_no_keys(store):
    assert list(store.keys()) == []


@pytest.mark.slow
@pytest.mark.parametrize("reopen", ["s3"], indirect=True)
def test_keys_go_on_after_the_first_page_of_a_listing(store, reopen):
    names = [f"chains/{number % 3}/seals/{number:012}.note" for number in range(1050)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: store.put(name, b"", retain_until=UNTIL), names))
    assert list(reopen().keys()) == sorted(names)


BAD_KEYS = {
    "empty": "",
    "leading slash": "/a",
    "trailing slash": "a/",
    "two slashes": "a//b",
    "parent": "a/../b",
    "two dots inside a name": "a..b",
    "hidden file": "a/.b",
    "the scratch folder": ".scratch/x",
    "leading dash": "-a",
    "leading underscore": "_a",
    "upper case": "a/B",
    "space": "a b",
    "line feed at the end": "a\n",
    "NUL": "a\0",
    "backslash": "a\\b",
    "percent": "a%2e",
    "letter outside ASCII": "ä",
    "digit outside ASCII": "a\u0663",
    "lone surrogate": "a\ud800",
    "name too long": "a" * 201,
    "key too long": "/".join(["a" * 100] * 6),
}


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS)
def test_bad_keys_are_refused(store, key):
    with pytest.raises(InvalidKeyError):
        store.put(key, b"", retain_until=UNTIL)
    with pytest.raises(InvalidKeyError):
        store.get(key)
    assert list(store.keys()) == []


def test_a_date_without_time_zone_is_refused(store):
    with pytest.raises(ValueError, match="time zone"):
        store.put("k", b"", retain_until=datetime(2999, 1, 1))  # noqa: DTZ001  # the point of this test
    assert list(store.keys()) == []


@given(st.text(max_size=300) | valid_keys)
def test_checking_a_key_returns_it_or_raises_one_error(key):
    try:
        assert check_key(key) == key
    except InvalidKeyError:
        pass
    else:
        assert not set(key.split("/")) & {"", ".", ".."}


@settings(max_examples=15, deadline=None)
@given(keys=st.sets(valid_keys, min_size=1, max_size=6))
def test_every_valid_key_holds_its_own_bytes_on_disk(keys):
    with tempfile.TemporaryDirectory() as folder:
        check_each_key_has_its_own_bytes(LocalStore(Path(folder)), keys)


@pytest.mark.slow
def test_every_valid_key_holds_its_own_bytes_on_s3(s3_server, s3_prefix):
    number = iter(range(1000))

    @settings(max_examples=10, deadline=None, database=None)
    @given(keys=st.sets(valid_keys, min_size=1, max_size=4))
    def check(keys):
        store = S3Store(s3_server.bucket, f"{s3_prefix}/{next(number)}", options=s3_server.options)
        check_each_key_has_its_own_bytes(store, keys)

    check()


def check_each_key_has_its_own_bytes(store, keys):
    keys = {key for key in keys if not any(other.startswith(f"{key}/") for other in keys)}
    for key in keys:
        store.put(key, key.encode(), retain_until=UNTIL)
    assert list(store.keys()) == sorted(keys)
    assert all(store.get(key) == key.encode() for key in keys)


# Dates and holds


def test_an_object_is_kept_as_long_as_was_asked(store, reopen):
    until = UNTIL.replace(microsecond=0)
    store.put("k", b"x", retain_until=until)
    assert store.retained("k") == reopen().retained("k") == until
    store.put("k", b"x", retain_until=until - timedelta(hours=1))
    assert store.retained("k") == until
    store.put("k", b"x", retain_until=until + timedelta(hours=1))
    assert reopen().retained("k") == until + timedelta(hours=1)


def test_a_fraction_of_a_second_is_never_lost(store):
    until = UNTIL.replace(microsecond=1)
    store.put("k", b"x", retain_until=until)
    assert timedelta() <= store.retained("k") - until < timedelta(seconds=1)
    store.retain("k", until + timedelta(hours=1))
    assert timedelta(hours=1) <= store.retained("k") - until < timedelta(hours=1, seconds=1)


def test_refused_bytes_prolong_nothing(store):
    until = UNTIL.replace(microsecond=0)
    store.put("k", b"x", retain_until=until)
    with pytest.raises(AlreadyWrittenError):
        store.put("k", b"y", retain_until=until + timedelta(days=1))
    assert store.retained("k") == until


def test_an_object_can_be_kept_longer_and_not_shorter(store, reopen):
    until = UNTIL.replace(microsecond=0)
    store.put("k", b"x", retain_until=until)
    store.retain("k", until)
    store.retain("k", until + timedelta(days=2))
    for earlier in (until, until + timedelta(days=1)):
        with pytest.raises(RetainedError, match="kept longer already"):
            reopen().retain("k", earlier)
    assert reopen().retained("k") == until + timedelta(days=2)


def test_a_hold_is_put_on_and_lifted(store, reopen):
    store.put("k", b"x", retain_until=UNTIL)
    assert not store.held("k")
    for on in (True, True, False, False, True):
        store.hold("k", on=on)
        assert store.held("k") == reopen().held("k") == on


def test_nothing_expires_before_its_date(store, reopen):
    store.put("k", b"x", retain_until=UNTIL)
    with pytest.raises(RetainedError, match="kept until"):
        store.expire("k", UNTIL - timedelta(seconds=1))
    assert reopen().get("k") == b"x"


def soon(store):
    """Put `k` until a moment that has come when this returns."""
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
    store.put("k", b"x", retain_until=until)
    while datetime.now(UTC) < until + timedelta(seconds=0.1):
        time.sleep(0.05)
    return until


@pytest.mark.slow
def test_what_is_past_its_date_expires_and_nothing_is_left_of_it(store, reopen):
    store.put("k2", b"x", retain_until=UNTIL)
    until = soon(store)
    store.expire("k", until)
    for handle in (store, reopen()):
        for call in (handle.get, handle.retained, handle.held, lambda key, handle=handle: handle.expire(key, until)):
            with pytest.raises(NotFoundError):
                call("k")
        assert list(handle.keys()) == ["k2"]
    store.put("k", b"another", retain_until=UNTIL)
    assert store.get("k") == b"another"


@pytest.mark.slow
def test_what_is_held_does_not_expire(store, reopen):
    until = soon(store)
    store.hold("k", on=True)
    with pytest.raises(RetainedError, match="legal hold"):
        reopen().expire("k", until)
    assert reopen().get("k") == b"x"
    store.hold("k", on=False)
    reopen().expire("k", until)
    assert list(reopen().keys()) == []


LOCKS = {
    "retained": lambda store, key: store.retained(key),
    "retain": lambda store, key: store.retain(key, UNTIL),
    "held": lambda store, key: store.held(key),
    "hold": lambda store, key: store.hold(key, on=True),
    "expire": lambda store, key: store.expire(key, UNTIL),
}


@pytest.mark.parametrize("call", LOCKS.values(), ids=LOCKS)
def test_what_is_not_there_cannot_be_kept(store, call):
    store.put("k2", b"x", retain_until=UNTIL)
    with pytest.raises(NotFoundError, match="k"):
        call(store, "k")
    for key in ("../k", "K", ""):
        with pytest.raises(InvalidKeyError):
            call(store, key)
    assert list(store.keys()) == ["k2"]


def test_a_new_date_needs_a_time_zone(store):
    store.put("k", b"x", retain_until=UNTIL)
    with pytest.raises(ValueError, match="time zone"):
        store.retain("k", datetime(2999, 1, 1))  # noqa: DTZ001  # the point of this test


def test_memory_remembers_the_latest_date_asked_for():
    store = MemoryStore()
    for days in (2, 3, 1):
        store.put("k", b"", retain_until=UNTIL + timedelta(days=days))
    assert store.retained_until == {"k": UNTIL + timedelta(days=3)}


@pytest.mark.parametrize("form", ["{}", "file:{}", "file://{}", "file://localhost{}"])
def test_a_path_or_file_url_opens_a_directory(tmp_path, form):
    folder = tmp_path / "a store"
    open_store(form.format(folder)).put("k", b"x", retain_until=UNTIL)
    assert (folder / "k").read_bytes() == b"x"


def test_percent_signs_of_a_file_url_are_decoded(tmp_path):
    open_store(f"file://{tmp_path}/a%20b")
    assert (tmp_path / "a b").is_dir()


def test_an_s3_url_opens_a_bucket():
    options = S3Options(endpoint="http://127.0.0.1:1", credentials=("a", "b"), attempts=1)
    store = open_store("s3://bucket/some/prefix/", s3=options)
    assert isinstance(store, S3Store)
    with pytest.raises(StoreError, match="EndpointConnectionError"):
        store.get("k")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "s3://",
        "s3:///prefix",
        "s3://bucket/p?x=1",
        "s3://bucket/p#x",
        "file:",
        "file://host/x",
        "ftp://x/y",
        "mem:",
    ],
)
def test_other_urls_open_nothing(url):
    with pytest.raises(StoreError):
        open_store(url)


def test_a_prefix_has_to_be_a_key():
    with pytest.raises(InvalidKeyError):
        open_store("s3://bucket/a/../b")


def test_secrets_are_not_shown():
    assert "hidden" not in repr(S3Options(credentials=("hidden", "hidden")))


def test_evidence_does_not_import_boto3(tmp_path):
    program = f"""
import sys, evidence, evidence.stores.memory
from evidence.store import open_store
open_store({str(tmp_path)!r})
print(sorted(set(sys.modules) & {{"boto3", "botocore", "urllib3", "flask", "sqlmodel", "regorus"}}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
