"""What few records say is found wherever they have come to."""

import hashlib
from datetime import timedelta

import pytest

from app import keys, log_scan
from app.node_log import record_now
from evidence import journal
from evidence.errors import FindingError, NotFoundError, StoreError
from evidence.reader import Reader
from evidence.record import Draft, Record
from evidence.store import open_store
from tests.decision_plane.asking import body
from tests.node import decided, payloads, prepared, sealed
from tests.test_decision_log import record_of

DRAFTS = [Draft(type=kind, tenant="default", body={"n": kind}) for kind in ("erasure.requested", "legal_hold", "other")]


@pytest.fixture
def settings(tmp_path):
    return prepared(tmp_path, OMEGA_SEAL_AGE_MS="10", OMEGA_INLINE_BYTES="0")


def written(settings, *drafts):
    return [record_now(settings, draft) for draft in drafts]


def reader(settings, store=None):
    return Reader(store or open_store(settings.store), keys.load(settings.keys).log.verifier)


def found(settings):
    return [record.type for record in log_scan.erasures(reader(settings), settings.journals)]


def test_records_of_a_command_continue_one_chain_and_are_in_order(settings):
    first, second = written(settings, DRAFTS[0]), written(settings, *DRAFTS[1:])
    assert {each.position.chain for each in (*first, *second)} == {first[0].position.chain}
    assert [each.position.seq for each in (*first, *second)] == [1, 4, 7]
    data = journal.find(settings.journals / first[0].position.chain, 1)
    assert Record.parse(data).body == {"n": "erasure.requested"}


def test_erasures_and_holds_are_found_once_in_the_journal_and_in_the_store(settings):
    written(settings, *DRAFTS)
    assert found(settings) == ["erasure.requested", "legal_hold"]
    sealed(settings)
    assert found(settings) == ["erasure.requested", "legal_hold"]
    for path in settings.journals.rglob("*.evj"):
        path.unlink()
    assert found(settings) == ["erasure.requested", "legal_hold"]
    for path in settings.journals.iterdir():
        path.rename(settings.data / path.name)
    settings.journals.rmdir()
    assert found(settings) == ["erasure.requested", "legal_hold"]


def test_what_only_looks_like_an_erasure_is_none(settings):
    written(settings, Draft(type="other", tenant="default", body={"said": {"type": "legal_hold"}}))
    assert found(settings) == []


def test_what_no_seal_names_is_not_believed(settings):
    written(settings, DRAFTS[0])
    sealed(settings)
    (segment,) = settings.data.glob("store/chains/*/segments/*")
    forged = segment.read_bytes().replace(b"erasure.requested", b"erasure.completed")
    stray = segment.with_name(f"000000000001-{hashlib.sha256(forged).hexdigest()}.jsonl")
    stray.write_bytes(forged)
    assert found(settings) == ["erasure.requested"]
    segment.chmod(0o600)
    segment.write_bytes(forged)
    with pytest.raises(FindingError):
        found(settings)


def test_a_segment_that_expired_is_passed_over_and_a_store_that_is_away_is_an_error(settings):
    written(settings, *DRAFTS)
    sealed(settings)
    store = open_store(settings.store)

    class Failing:
        def __init__(self, error):
            self.error = error

        def keys(self, prefix):
            return [*store.keys(prefix), f"chains/{'f' * 20}/seals/000000000000.note", "chains/other"]

        def get(self, key, *, limit):
            if "/segments/" in key:
                raise self.error
            return store.get(key, limit=limit)

    nowhere = settings.data / "nowhere"
    assert log_scan.erasures(reader(settings, Failing(NotFoundError("expired"))), nowhere) == []
    with pytest.raises(StoreError):
        log_scan.erasures(reader(settings, Failing(StoreError("away"))), nowhere)


def test_named_payloads_are_kept_and_others_swept(settings):
    (recorded,) = decided(settings, body())
    names = [each["object"] for each in Record.parse(record_of(settings, recorded)).body["payloads"]]
    orphan = f"{names[0][:-32]}{'0' * 32}"
    detached = payloads(settings)
    detached._objects.put(orphan, b"x")
    named = lambda asked: log_scan.named_payloads(reader(settings), settings.journals, asked)  # noqa: E731
    old = max(each.modified for each in detached._objects.list()) + timedelta(seconds=1)
    for settled in (lambda: None, lambda: sealed(settings)):
        settled()
        assert named([*names, orphan]) == frozenset(names)
    assert detached.sweep(old, named) == 1
    assert sorted(each.key for each in detached._objects.list()) == sorted(names)


@pytest.mark.parametrize("kept", [{"a": 1}, [1, {"object": 3}, {"object": {}}, {}]], ids=["an object", "anything"])
def test_payloads_of_any_form_name_what_they_name(settings, kept):
    written(settings, Draft(type="other", tenant="default", body={"payloads": kept, "more": {"payloads": []}}))
    assert log_scan.named_payloads(reader(settings), settings.journals, ["x"]) == frozenset()
