"""What few records say is found wherever they have come to."""

from datetime import timedelta

import pytest

from app import log_scan
from app.cli.recording import recording
from evidence import journal
from evidence.errors import StoreError
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
    with recording(settings) as record:
        return [record(draft) for draft in drafts]


def found(settings):
    return [record.type for record in log_scan.erasures(open_store(settings.store), settings.journals)]


def test_records_of_a_command_continue_one_chain_and_are_in_order(settings):
    first, second = written(settings, DRAFTS[0]), written(settings, *DRAFTS[1:])
    assert {each.position.chain for each in (*first, *second)} == {first[0].position.chain}
    assert [each.position.seq for each in (*first, *second)] == [1, 3, 4]
    data = journal.find(settings.journals / first[0].position.chain, 1)
    assert Record.parse(data).body == {"n": "erasure.requested"}


def test_a_command_that_records_nothing_takes_no_chain(settings):
    written(settings)
    assert not settings.journals.exists() or not list(settings.journals.iterdir())


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


def test_a_segment_that_expired_is_passed_over_and_a_store_that_is_away_is_an_error(settings):
    written(settings, *DRAFTS)
    sealed(settings)
    store = open_store(settings.store)
    keys = list(store.keys("chains/"))

    class Listing:
        def keys(self, _):
            return [*keys, f"chains/{'0' * 20}/segments/000000000000-{'0' * 64}.jsonl"]

        def get(self, key, *, limit):
            return store.get(key, limit=limit)

    assert len(log_scan.erasures(Listing(), settings.data / "nowhere")) == 2

    class Away(Listing):
        def get(self, _key, *, limit):
            raise StoreError(f"away, {limit}")

    with pytest.raises(StoreError):
        log_scan.erasures(Away(), settings.journals)


def test_named_payloads_are_kept_and_others_swept(settings):
    (recorded,) = decided(settings, body())
    names = [each["object"] for each in Record.parse(record_of(settings, recorded)).body["payloads"]]
    orphan = f"{names[0][:-32]}{'0' * 32}"
    detached = payloads(settings)
    detached._objects.put(orphan, b"x")
    named = lambda asked: log_scan.named_payloads(open_store(settings.store), settings.journals, asked)  # noqa: E731
    old = max(each.modified for each in detached._objects.list()) + timedelta(seconds=1)
    for settled in (lambda: None, lambda: sealed(settings)):
        settled()
        assert named([*names, orphan]) == frozenset(names)
    assert detached.sweep(old, named) == 1
    assert sorted(each.key for each in detached._objects.list()) == sorted(names)


@pytest.mark.parametrize("kept", [{"a": 1}, [1, {"object": 3}, {"object": {}}, {}]], ids=["an object", "anything"])
def test_payloads_of_any_form_name_what_they_name(settings, kept):
    written(settings, Draft(type="other", tenant="default", body={"payloads": kept, "more": {"payloads": []}}))
    assert log_scan.named_payloads(open_store(settings.store), settings.journals, ["x"]) == frozenset()
