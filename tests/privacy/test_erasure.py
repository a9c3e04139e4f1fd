"""A person is erased: keys, mapping and payloads; and wherever that is cut off, asking again finishes it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.objects import DirectoryObjects, ObjectsError
from app.privacy.detached import Detached
from app.privacy.erasure import COMPLETED, REQUESTED, Erasure, Ground
from app.privacy.errors import HeldError, KeyStoreError, ReasonError, UnknownPersonError
from app.privacy.holds import HOLD, Holds
from app.privacy.key_table import DATA_KEY_LIFETIME, KeyTable, half
from app.privacy.lookup import lookup_of
from app.privacy.rows import DESTROYED_SUBJECT, ERASURE, LEGAL_HOLD, RETIRED_KEY, SUBJECT_KEY
from evidence import canonical
from evidence.errors import JournalError
from tests.privacy.crashing import Crashing
from tests.privacy.keyring import ALICE, KEK, LOOKUP, PLACE, sqlite_file
from tests.privacy.recorded import MemoryRecords

BOB = ("tenant", "user", "bob@example.com")
NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Service:
    """Everything an erasure has to do with, at a time that the test sets."""

    def __init__(self, engine, folder, log):
        self.engine = engine
        self.now = NOW
        self.log = log
        self.settled = []
        self.table = KeyTable(engine, KEK, now=lambda: self.now)
        self.detached = Detached(DirectoryObjects(folder), ("request", "voice"))
        self.holds = Holds(self.table, LOOKUP, now=lambda: self.now)

    def erase(self, who=ALICE, ground=Ground.CONSENT_WITHDRAWN):
        settle = lambda: self.settled.append(self.table.news(0)[0])  # noqa: E731
        erasure = Erasure(self.table, self.detached, LOOKUP, settle=settle)
        return erasure.erase(*who, ground, record=self.log)

    def key(self, who=ALICE):
        lookup = lookup_of(LOOKUP, *who)
        return self.table.load([lookup])[1][lookup]

    def rows(self, *tables):
        with self.engine.begin() as connection:
            return [row for table in tables for row in connection.execute(select(table)).mappings()]

    def files(self):
        """Return what the database file and its write-ahead log hold."""
        path = sqlite_file(self.engine)
        return b"".join(Path(name).read_bytes() for name in (path, f"{path}-wal")) if path else b""


@pytest.fixture
def log():
    return MemoryRecords()


@pytest.fixture
def service(engine, tmp_path, log):
    return Service(engine, tmp_path / "objects", log)


def lived(service):
    """Give Alice a retired key, a present one and payloads, and Bob a key and a payload; return keys and secrets."""
    old = service.key()
    service.now += DATA_KEY_LIFETIME + timedelta(seconds=1)
    new, bob = service.key(), service.key(BOB)
    for key, kind in ((old, "request"), (new, "request"), (new, "voice"), (bob, "request")):
        service.detached.keep(key, b"said", kind)
    secrets = [row["wrapped"] for row in service.rows(SUBJECT_KEY, RETIRED_KEY) if row["subject"] == new.subject]
    return old, new, bob, secrets


def test_after_an_erasure_nothing_opens_and_the_records_name_nobody(service, log):
    old, new, bob, secrets = lived(service)
    block = old.seal(b"text", place=PLACE)
    certificate = service.erase()
    assert service.table.find(block["subject"], block["kid"]) is None
    assert service.table.find(new.subject, new.kid) is None
    assert service.detached.of(new.subject) == []
    assert service.table.find(bob.subject, bob.kid).kid == bob.kid
    assert len(service.detached.of(bob.subject)) == 1
    assert service.rows(ERASURE) == []
    keys = sorted([old.kid, new.kid])
    assert [record.type for record in log.records] == [REQUESTED, COMPLETED]
    requested, completed = log.records
    assert dict(requested.body) == {"subject": new.subject, "keys": keys, "ground": "consent_withdrawn"}
    assert dict(completed.body) == dict(requested.body) | {
        "payloads": 3,
        "requested": requested.position.decision_id,
    }
    assert {record.tenant for record in log.records} == {"tenant"}
    for data in (*log.data, certificate.text()):
        assert b"alice" not in data
        assert lookup_of(LOOKUP, *ALICE).encode() not in data
    assert len(secrets) == 2


def test_no_file_of_the_database_holds_a_key_or_the_mapping_afterwards(service):
    *_, secrets = lived(service)
    lookup = lookup_of(LOOKUP, *ALICE).encode()
    before = service.files()
    assert all(part in before for part in (*secrets, lookup)) or sqlite_file(service.engine) is None
    service.erase()
    after = service.files()
    assert not any(part in after for part in (*secrets, lookup))


def test_a_certificate_is_canonical_and_says_what_is_gone_and_where_that_stands(service, log):
    old, new, *_ = lived(service)
    certificate = service.erase(ground=Ground.UNLAWFUL)
    requested, completed = log.appended
    assert canonical.parse(certificate.text()) == {
        "v": 1,
        "type": "erasure",
        "subject": new.subject,
        "keys": sorted([old.kid, new.kid]),
        "payloads": 3,
        "ground": "unlawful",
        "requested": requested.position.decision_id,
        "completed": completed.position.decision_id,
        "leaf": completed.leaf,
    }


def test_caches_are_waited_for_between_destroying_and_saying_that_it_is_done(service, log):
    lived(service)

    class Seen(MemoryRecords):
        def __call__(self, draft):
            self.order = [*getattr(self, "order", ()), (draft.type, len(service.settled))]
            return super().__call__(draft)

    service.log = seen = Seen()
    service.erase()
    assert seen.order == [(REQUESTED, 0), (COMPLETED, 1)]
    assert service.settled == [1]  # by then the keys were destroyed
    assert log.records == []


def test_a_payload_that_came_while_caches_were_waited_for_goes_too(service, log):
    _, new, *_ = lived(service)
    erasure = Erasure(service.table, service.detached, LOOKUP, settle=lambda: service.detached.keep(new, b"late"))
    certificate = erasure.erase(*ALICE, Ground.OBJECTION, record=log)
    assert certificate.payloads == 4
    assert service.detached.of(new.subject) == []


def test_a_person_nobody_knows_cannot_be_erased(service, log):
    with pytest.raises(UnknownPersonError):
        service.erase()
    assert log.records == []
    assert service.rows(ERASURE) == []


def test_a_person_who_comes_back_is_another_pseudonym_and_can_be_erased_again(service):
    first = service.key()
    service.erase()
    second = service.key()
    assert first.subject != second.subject
    assert service.erase().subject == second.subject
    assert [row["half"] for row in service.rows(DESTROYED_SUBJECT)] == [half(first.subject), half(second.subject)]


def test_a_person_who_comes_back_before_it_ended_is_not_mistaken_for_the_old_one(service, log):
    first = service.key()
    log.failing_at = 1
    with pytest.raises(JournalError):
        service.erase()
    second = service.key()
    certificate = service.erase()
    assert certificate.subject == first.subject
    assert service.table.find(second.subject, second.kid) is not None


@pytest.mark.parametrize("failing_at", [0, 1])
def test_without_a_record_an_erasure_has_not_ended(service, log, failing_at):
    old, new, *_ = lived(service)
    log.failing_at = failing_at
    with pytest.raises(JournalError):
        service.erase()
    assert (service.table.find(new.subject, old.kid) is None) == bool(failing_at)
    certificate = service.erase(ground=Ground.OBJECTION)
    assert (certificate.ground, certificate.payloads) == ("consent_withdrawn", 3)
    assert [record.type for record in log.records] == [REQUESTED, COMPLETED]
    assert service.rows(ERASURE, RETIRED_KEY) == []


def test_objects_that_fail_leave_the_erasure_under_way(service, log, monkeypatch):
    _, new, *_ = lived(service)

    def failing(_):
        raise ObjectsError("away")

    monkeypatch.setattr(service.detached, "delete_of", failing)
    with pytest.raises(ObjectsError):
        service.erase()
    monkeypatch.undo()
    assert len(service.detached.of(new.subject)) == 3
    assert service.erase().payloads == 3
    assert service.detached.of(new.subject) == []
    assert [record.type for record in log.records] == [REQUESTED, COMPLETED]


@pytest.mark.slow
def test_wherever_an_erasure_is_cut_off_asking_again_ends_in_the_same_state(engine, tmp_path, monkeypatch):
    crashing = Crashing(monkeypatch, engine)
    steps = 0
    while True:
        log = MemoryRecords(crashing.step)
        service = Service(engine, tmp_path / f"{steps}", log)
        service.now += steps * 3 * DATA_KEY_LIFETIME  # so that Bob's key is old as well
        old, new, bob, secrets = lived(service)
        with crashing.before(steps):
            service.erase()
        if crashing.dead:
            certificate = service.erase()
            assert certificate.subject == new.subject
            assert certificate.payloads == 3
            assert certificate.keys == tuple(sorted([old.kid, new.kid]))
        assert all(row["subject"] == bob.subject for row in service.rows(SUBJECT_KEY, RETIRED_KEY))
        assert service.rows(ERASURE) == []
        assert service.detached.of(new.subject) == []
        assert len(service.detached.of(bob.subject)) == 1
        types = [record.type for record in log.records]
        assert set(types) == {REQUESTED, COMPLETED}
        assert types[0] == REQUESTED
        assert types[-1] == COMPLETED
        assert all(record.body["subject"] == new.subject for record in log.records)
        assert not any(secret in service.files() for secret in (*secrets, lookup_of(LOOKUP, *ALICE).encode()))
        if not crashing.dead:
            break
        steps += 1
    assert steps > 12


# Legal holds


def test_a_person_under_a_hold_is_not_erased(service, log):
    _, new, *_ = lived(service)
    assert service.holds.hold(*ALICE, "litigation:2026-17", record=log) == new.subject
    with pytest.raises(HeldError, match="litigation:2026-17"):
        service.erase()
    assert service.table.find(new.subject, new.kid).kid == new.kid
    assert [record.type for record in log.records] == [HOLD]
    body = {"subject": new.subject, "reason": "litigation:2026-17", "state": "set"}
    assert dict(log.records[0].body) == body
    assert service.holds.release(*ALICE, "litigation:2026-17", record=log) is True
    assert dict(log.records[1].body) == body | {"state": "released"}
    assert service.rows(LEGAL_HOLD) == []
    assert service.erase().subject == new.subject


def test_each_reason_is_released_on_its_own(service, log):
    service.key()
    for reason in ("one", "two", "one"):
        service.holds.hold(*ALICE, reason, record=log)
    assert service.holds.release(*ALICE, "one", record=log) is True
    assert service.holds.release(*ALICE, "one", record=log) is False
    with pytest.raises(HeldError, match="two"):
        service.erase()
    assert len(log.records) == 4


def test_a_hold_that_is_set_while_an_erasure_is_under_way_stops_it_until_it_is_released(service, log):
    _, new, *_ = lived(service)

    class Meanwhile(MemoryRecords):
        def __call__(self, draft):
            appended = super().__call__(draft)
            if draft.type == REQUESTED:
                service.holds.hold(*ALICE, "litigation", record=log)
            return appended

    service.log = Meanwhile()
    for _ in range(2):
        with pytest.raises(HeldError):
            service.erase()
    assert service.table.find(new.subject, new.kid).kid == new.kid
    service.holds.release(*ALICE, "litigation", record=log)
    assert service.erase().subject == new.subject
    assert [record.type for record in service.log.records] == [REQUESTED, COMPLETED]


def test_a_hold_counts_before_it_is_recorded_and_until_its_release_is(service, log):
    service.key()
    log.failing_at = 0
    with pytest.raises(JournalError):
        service.holds.hold(*ALICE, "one", record=log)
    with pytest.raises(HeldError):
        service.erase()
    log.failing_at = 0
    with pytest.raises(JournalError):
        service.holds.release(*ALICE, "one", record=log)
    with pytest.raises(HeldError):
        service.erase()


@pytest.mark.parametrize("reason", ["", "Alice is suing us", "é", "x" * 65, "a\n"])
def test_a_reason_is_a_code_and_no_sentence(service, log, reason):
    service.key()
    with pytest.raises(ReasonError):
        service.holds.hold(*ALICE, reason, record=log)
    assert service.rows(LEGAL_HOLD) == []


def test_nobody_is_held_whom_nobody_knows(service, log):
    with pytest.raises(UnknownPersonError):
        service.holds.hold(*ALICE, "one", record=log)
    with pytest.raises(UnknownPersonError):
        service.holds.release(*ALICE, "one", record=log)


def test_a_database_that_fails_is_one_error(service, log):
    service.key()
    for table in (ERASURE, LEGAL_HOLD):
        table.drop(service.engine)
    for use in (service.erase, lambda: service.holds.hold(*ALICE, "one", record=log)):
        with pytest.raises(KeyStoreError):
            use()


def test_grounds_are_those_of_the_regulation_and_one_for_laws_without():
    assert len(Ground) == 6 + 1
    assert json.dumps([*Ground])


def test_an_erasure_that_was_announced_goes_on_from_there(service, log):
    key = service.key()
    erasure = Erasure(service.table, service.detached, LOOKUP, settle=lambda: None)
    told = erasure.announce(*ALICE, Ground.REQUEST, record=log)
    assert told == erasure.announce(*ALICE, Ground.CHILD, record=log)
    assert told == (key.subject, log.appended[0].position.decision_id)
    assert service.table.find(key.subject, key.kid) is not None
    certificate = service.erase()
    assert (certificate.requested, certificate.ground) == (told[1], "request")
    assert [record.type for record in log.records] == [REQUESTED, COMPLETED]
    with pytest.raises(UnknownPersonError):
        erasure.announce(*ALICE, Ground.REQUEST, record=log)
