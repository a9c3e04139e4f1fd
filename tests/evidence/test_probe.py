"""The probe: what it shows of each store, and that it notices every single thing a store does not refuse."""

import errno
import os
from datetime import UTC, datetime, timedelta

import pytest

from evidence.errors import AssuranceError, StoreError
from evidence.probe import MEANINGS, PREFIX, Assurance, Tried, probe
from evidence.store import Attempt, Level, S3Options
from evidence.stores import immutable
from evidence.stores.local import LocalStore
from evidence.stores.memory import MemoryStore
from evidence.stores.s3 import S3Store, ensure_bucket
from evidence.stores.s3_attempts import ATTEMPTS
from tests.evidence.fake_s3 import FakeS3, fake_store, refusal
from tests.evidence.sealing import KEY, Node
from tests.evidence.unlocked import unlocked
from verify_evidence import parse_key, verify_store

NOW = datetime(2026, 11, 22, 10, 46, 23, 123456, tzinfo=UTC)
OWN = ["give the key other bytes", "keep for a shorter time", "let expire before the date"]
LEAVES = {name: leaves for name, leaves, _ in ATTEMPTS}


@pytest.fixture
def service():
    return FakeS3(now=NOW)


@pytest.fixture
def store(service, monkeypatch):
    return fake_store(service, monkeypatch)


def names(assurance):
    return [each.name for each in assurance.tried]


def test_memory_keeps_nothing_for_certain():
    found = probe(MemoryStore(), NOW, "0a")
    assert (found.level, found.accepted, names(found)) == (Level.L0, (), OWN)


def test_a_directory_holds_against_nobody_who_owns_it(tmp_path):
    found = probe(LocalStore(tmp_path / "store"), NOW, "0a")
    assert (found.level, found.accepted, names(found)) == (Level.L1, (), OWN)


def test_a_flag_that_holds_is_one_level_more(tmp_path):
    with unlocked(tmp_path / "store") as folder:
        found = probe(LocalStore(folder, immutable=True), NOW, "0a")
    assert (found.level, found.accepted, len(found.tried)) == (Level.L1I, (), 8)


def test_a_flag_that_does_not_hold_is_no_level_more(tmp_path, monkeypatch):
    monkeypatch.setattr("evidence.stores.immutable.set_flag", lambda *_, **__: None)
    store = LocalStore(tmp_path / "store", immutable=True)
    found = probe(store, NOW, "0a")
    assert found.level is Level.L1
    assert {"change its mode and write", "truncate the file", "rename the file", "remove the file"} & {*found.accepted}
    probe(store, NOW + timedelta(days=1), "0b")
    assert [key for key in store.keys(PREFIX) if "-0a-" in key and not key.endswith("-moved")] == []


def test_what_the_system_permits_nobody_is_refused(tmp_path):
    def change(_file):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    assert immutable.attempt(change, tmp_path) == "Operation not permitted"


def test_a_locked_bucket_that_refuses_everything_is_the_highest_level(store):
    found = probe(store, NOW, "0a")
    assert (found.level, found.accepted) == (Level.L3, ())
    assert names(found) == OWN + list(LEAVES)
    assert len(list(store.keys())) == 1


@pytest.mark.slow
def test_a_real_server_with_object_lock_refuses_everything(s3_store):
    s3_store.put("chains/0", b"of the log", retain_until=datetime.now(UTC) + timedelta(days=1))
    found = probe(s3_store, datetime.now(UTC), "0a")
    assert (found.level, found.accepted) == (Level.L3, ())
    assert s3_store.get("chains/0") == b"of the log"
    canary, *others = s3_store.keys(PREFIX)
    assert others == []
    assert s3_store.get(canary).startswith(b"canary")


@pytest.mark.slow
def test_a_server_that_only_pretends_is_found_out(monkeypatch):
    """The S3 of moto takes locks and credentials, and holds few to them."""
    from moto import mock_aws  # noqa: PLC0415  # half a second, and it puts itself into every client made after it

    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        options = S3Options(region="us-east-1", credentials=("known", "secret"))
        ensure_bucket("evidence", options=options)
        store = S3Store("evidence", "log", options=options)
        store._client.meta.events.register("before-call.s3.PutObject", _named)
        found = probe(store, datetime.now(UTC), "0a")
    assert found.level is Level.L1
    assert {"shorten the retention", "turn COMPLIANCE into GOVERNANCE", "write without credentials"} < {*found.accepted}
    assert "delete the version" not in found.accepted


def _named(params, **_):
    """Name the checksum's algorithm once more: moto takes no locked object without that, other services do."""
    params["headers"]["x-amz-sdk-checksum-algorithm"] = "SHA256"


@pytest.mark.slow
def test_with_credentials_that_nobody_knows_nothing_is_shown(reopen_s3):
    store = reopen_s3(credentials=("nobody", "nothing"))
    with pytest.raises(StoreError, match="InvalidAccessKeyId"):
        probe(store, datetime.now(UTC), "0a")


@pytest.mark.parametrize("name", LEAVES)
def test_whatever_a_service_does_not_refuse_lowers_the_level(service, store, name):
    service.lax.add(name)
    found = probe(store, NOW, "0a")
    assert found.accepted == (name,)
    assert found.level is LEAVES[name] is not Level.L3
    assert len(found.tried) == len(OWN) + len(LEAVES)


@pytest.mark.parametrize("name", [name for name in LEAVES if "delete" in name or "retention" in name or "turn" in name])
def test_a_service_that_says_no_and_does_it_is_found_out(service, store, name):
    service.lying.add(name)
    assert probe(store, NOW, "0a").accepted == (name,)


def test_a_service_that_ignores_conditions_keeps_nothing_for_certain(service, store):
    service.lax.add("give the key other bytes")
    found = probe(store, NOW, "0a")
    assert (found.level, found.accepted) == (Level.L0, ("give the key other bytes",))


def test_a_service_that_refuses_nothing_at_all(service, store):
    service.lax.update(LEAVES)
    found = probe(store, NOW, "0a")
    assert (found.level, found.accepted) == (Level.L1, tuple(LEAVES))


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_may_be_refused_for_now_says_nothing(service, store, status):
    service.failing["shorten the retention"] = refusal("NotNow", status)
    with pytest.raises(StoreError, match="NotNow"):
        probe(store, NOW, "0a")


def test_what_is_not_built_is_refused(service, store):
    service.failing["suspend versioning"] = refusal("NotImplemented", 501)
    found = probe(store, NOW, "0a")
    assert found.level is Level.L3
    assert Tried(name="suspend versioning", refused=True, said="501 NotImplemented") in found.tried


def test_an_object_that_cannot_be_deleted_for_now_says_nothing(service, store):
    service.failing["delete the version in a list"] = refusal("SlowDown")
    with pytest.raises(StoreError, match="SlowDown"):
        probe(store, NOW, "0a")


# Versioning is the bucket's, not the canary's


def test_versions_that_were_suspended_are_kept_again_at_once(service, store):
    service.lax.add("suspend versioning")
    probe(store, NOW, "0a")
    assert service.versioning == ["Suspended", "Enabled"]


def test_versions_that_may_be_suspended_are_kept_again_too(service, store):
    service.failing["suspend versioning"] = refusal("InternalError", 500)
    with pytest.raises(StoreError, match="InternalError"):
        probe(store, NOW, "0a")
    assert service.versioning == ["Enabled"]


def test_versions_that_stay_suspended_are_loud(service, store):
    service.lax.add("suspend versioning")
    service.failing["resume"] = refusal("InternalError", 500)
    with pytest.raises(StoreError, match="suspended versioning of `bucket`: enable it again at once"):
        probe(store, NOW, "0a")


# Canaries


def test_canaries_are_removed_once_they_may_be(service, store):
    store.put("log", b"", retain_until=NOW + timedelta(seconds=1))
    probe(store, NOW, "0a")
    service.now += timedelta(minutes=5)
    probe(store, service.now, "0b")
    assert list(store.keys()) == ["log", f"{PREFIX}20261122t105123-0b-0"]


def test_a_canary_that_is_shadowed_or_kept_is_in_nobodys_way(service, store):
    service.lax.add("give the key other bytes")
    probe(store, NOW, "0a")
    service.lax.clear()
    service.now += timedelta(minutes=5)
    probe(store, service.now, "0b")
    assert len(list(store.keys())) == 2  # the shadowed one, and the new one


def test_who_may_not_delete_leaves_them(service, store, monkeypatch):
    probe(store, NOW, "0a")
    service.now += timedelta(minutes=5)
    monkeypatch.setattr(service, "_kept", lambda *_: True)  # as where the credentials have not the right
    assert probe(store, service.now, "0b").level is Level.L3
    assert len(list(store.keys())) == 2


def test_an_attempt_that_removes_the_canary_is_done_whatever_is_said(monkeypatch):
    store = MemoryStore()

    def attempts():
        def run(canary):
            del store._objects[canary.key]
            return "refused"

        yield Attempt(name="pretend", leaves=Level.L0, run=run)

    monkeypatch.setattr(store, "attempts", attempts)
    assert probe(store, NOW, "0a").accepted == ("pretend",)


def test_canaries_are_no_part_of_the_log(tmp_path):
    node = Node(tmp_path / "journal", store=LocalStore(tmp_path / "store"))
    node.append("a")
    node.step(flush=True)
    probe(node.store, NOW, "0a")
    assert node.verify().checked.records == 2
    assert verify_store(tmp_path / "store", parse_key(str(KEY.verifier).encode()), None)["ok"]


# What it says


def assurance(level=Level.L1, **more):
    given = {"time": "2026-11-22T10:46:23.123456Z", "timestamped": False, "witnessed": False, "tried": ()}
    return Assurance(level=level, **{**given, **more})


@pytest.mark.parametrize(
    ("timestamped", "witnessed", "label"), [(0, 0, "L3"), (1, 0, "L3+T"), (0, 1, "L3+W"), (1, 1, "L3+T+W")]
)
def test_what_stands_beside_the_store_is_added_by_the_caller(store, timestamped, witnessed, label):
    found = probe(store, NOW, "0a", timestamped=bool(timestamped), witnessed=bool(witnessed))
    assert found.label == label


def test_it_is_told_as_json_and_as_a_record():
    tried = (Tried(name="a", refused=True, said="403 No"), Tried(name="b", refused=False, said="done"))
    found = assurance(tried=tried)
    assert found.document() == {
        "time": "2026-11-22T10:46:23.123456Z",
        "level": "L1",
        "label": "L1",
        "meaning": MEANINGS[Level.L1],
        "timestamped": False,
        "witnessed": False,
        "attempts": [
            {"attempt": "a", "refused": True, "said": "403 No"},
            {"attempt": "b", "refused": False, "said": "done"},
        ],
    }
    assert found.draft().body == {"level": "L1", "tried": 2, "accepted": ["b"]}
    assert (found.draft().type, found.draft().tenant) == ("storage.probe", "system")


@pytest.mark.parametrize("required", Level)
@pytest.mark.parametrize("level", Level)
def test_less_than_required_is_an_error_and_no_more(level, required):
    order = ["L0", "L1", "L1i", "L2", "L3"]
    if order.index(level) < order.index(required):
        with pytest.raises(AssuranceError, match=f"is of level {level}, and {required} is required"):
            assurance(level).require(required)
    else:
        assurance(level).require(required)


def test_the_error_says_what_was_not_refused():
    tried = (Tried(name="delete it", refused=False, said="done"),)
    with pytest.raises(AssuranceError, match=r"it did not refuse to delete it$"):
        assurance(tried=tried).require(Level.L3)


def test_a_plain_directory_is_never_called_more_than_it_is():
    assert "immutable" not in " ".join(MEANINGS.values())
    assert set(MEANINGS) == set(Level)
