"""An old key store came back: the log says what to erase again, and whom not to."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import schema
from app.db import open_engine
from app.privacy.erasure import COMPLETED, REQUESTED
from app.privacy.erasure_replay import TYPES, replay_erasures
from app.privacy.errors import HeldError
from app.privacy.holds import HOLD
from app.privacy.rows import ERASURE, LEGAL_HOLD, RETIRED_KEY, SUBJECT_KEY
from evidence.errors import JournalError
from evidence.record import Draft
from tests.privacy.keyring import ALICE, kept
from tests.privacy.recorded import MemoryRecords
from tests.privacy.test_erasure import BOB, Service, lived

NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def log():
    return MemoryRecords()


@pytest.fixture
def service(engine, tmp_path, log):
    return Service(engine, tmp_path / "objects", log)


def replayed(service, records=None):
    found = service.log.records if records is None else records
    return replay_erasures(found, service.table, service.detached, now=NOW, record=service.log)


@pytest.fixture
def restored(engine):
    """Return a function that keeps the database as it is, and returns one that brings it back."""
    return lambda: kept(engine)


def test_what_was_erased_after_the_copy_is_erased_again_and_nobody_else(service, restored, log):
    _, new, bob, secrets = lived(service)
    bring_back = restored()
    service.erase()
    bring_back()
    service.detached.keep(new, b"a copy of the objects came back as well")
    assert service.table.find(new.subject, new.kid) is not None
    found = replayed(service)
    assert (found.erased, found.destroyed, found.payloads) == ({new.subject}, 1, 1)
    assert (found.held, found.unreadable) == (frozenset(), 0)
    assert service.table.find(new.subject, new.kid) is None
    assert [row["subject"] for row in service.rows(SUBJECT_KEY, RETIRED_KEY)] == [bob.subject]
    assert not any(secret in service.files() for secret in secrets)
    assert len(log.records) == 2
    again = replayed(service)
    assert (again.erased, again.destroyed, again.payloads) == ({new.subject}, 0, 0)


def test_an_erasure_that_was_under_way_is_carried_out_and_said_to_be_completed(service, restored, log):
    _, new, *_ = lived(service)
    bring_back = restored()
    log.failing_at = 1
    with pytest.raises(JournalError):
        service.erase()
    bring_back()
    assert replayed(service).erased == {new.subject}
    requested, completed = log.records
    assert (requested.type, completed.type, completed.tenant) == (REQUESTED, COMPLETED, "tenant")
    assert dict(completed.body) == dict(requested.body) | {
        "payloads": 0,
        "requested": requested.position.decision_id,
    }
    assert replayed(service).destroyed == 0
    assert len(log.records) == 2


def test_an_erasure_under_way_in_this_database_is_ended(service, log):
    _, new, *_ = lived(service)
    log.failing_at = 1
    with pytest.raises(JournalError):
        service.erase()
    assert replayed(service).erased == {new.subject}
    assert service.rows(ERASURE) == []


def test_a_hold_that_the_old_copy_does_not_know_stands_again_and_a_released_one_does_not(service, restored, log):
    lived(service)
    service.holds.hold(*BOB, "old", record=log)
    bring_back = restored()
    service.holds.release(*BOB, "old", record=log)
    service.holds.hold(*ALICE, "litigation", record=log)
    bring_back()
    assert replayed(service).erased == frozenset()
    assert [row["reason"] for row in service.rows(LEGAL_HOLD)] == ["litigation"]
    with pytest.raises(HeldError):
        service.erase()


def test_whoever_is_held_is_not_erased_for_a_request_alone(service, log):
    _, new, *_ = lived(service)
    log(Draft(type=REQUESTED, tenant="tenant", body={"subject": new.subject, "keys": [], "ground": "objection"}))
    service.holds.hold(*ALICE, "litigation", record=log)
    found = replayed(service)
    assert (found.erased, found.held) == (frozenset(), {new.subject})
    assert service.table.find(new.subject, new.kid) is not None


def test_a_hold_on_somebody_who_is_erased_is_not_brought_back(service, log):
    _, new, *_ = lived(service)
    service.holds.hold(*ALICE, "litigation", record=log)
    service.holds.release(*ALICE, "litigation", record=log)
    service.erase()
    first, *others = log.records
    replayed(service, [*others, first])  # whatever the order
    assert service.rows(LEGAL_HOLD) == []
    assert service.table.find(new.subject, new.kid) is None


def test_records_of_other_types_say_nothing(service, log):
    _, new, *_ = lived(service)
    log(Draft(type="decision", tenant="tenant", body={"subject": new.subject}))
    log(Draft(type=HOLD, tenant="system", body={"key": "chains/c/segments/0", "on": True}))
    found = replayed(service)
    assert (found.erased, found.unreadable) == (frozenset(), 0)
    assert service.table.find(new.subject, new.kid) is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9) | st.just(f"psn_{'0' * 32}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=6,
)
BODY = st.fixed_dictionaries(
    {},
    optional={
        "subject": st.just(f"psn_{'0' * 32}") | JSON,
        "reason": st.just("litigation") | JSON,
        "state": st.sampled_from(["set", "released"]) | JSON,
        "keys": JSON,
        "ground": JSON,
    },
)


class Memory:
    """Tables that take anything."""

    def __init__(self, engine):
        self.engine = engine
        self.destroyed = []

    def destroy(self, subject):
        self.destroyed.append(subject)
        return False

    def delete_of(self, subject):
        self.destroyed.append(subject)
        return 0


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('replay') / 'keys.db'}")
    schema.upgrade(engine)
    yield engine
    engine.dispose()


@given(bodies=st.lists(st.tuples(st.sampled_from(sorted(TYPES)), BODY), max_size=6))
def test_records_of_any_form_destroy_pseudonyms_or_nothing(tables, bodies):
    log, memory = MemoryRecords(), Memory(tables)
    log(Draft(type=HOLD, tenant="tenant", body={}))
    records = [replace(log.records[0], type=kind, body=body) for kind, body in bodies]
    found = replay_erasures(records, memory, memory, now=NOW, record=log)
    assert set(memory.destroyed) <= {f"psn_{'0' * 32}"}
    assert found.unreadable <= len(records)
