"""Requests as runs and stores see them: what is asked, whom it is about, what is left."""

import pytest

from app import schema
from app.db import open_engine, writing
from app.features.dsr import keeping
from app.features.dsr.carrying_out import StoredRequests
from app.features.dsr.errors import UnknownRequestError, VaultError
from app.features.dsr.person import person_of
from app.features.dsr.request import State, steps_to
from app.features.dsr.running.errors import RunError
from app.features.dsr.store import NAME, RequestsStore
from app.features.dsr.vault import KeyVault
from app.privacy.errors import KeyDestroyedError, UnknownPersonError
from app.privacy.key_table import KeyTable
from app.privacy.stores.errors import StoreError, UnsupportedError
from tests.features.dsr.rights import permit


@pytest.mark.parametrize(
    ("state", "wanted", "steps"),
    [
        ("approved", "in_processing", ["begin"]),
        ("in_processing", "in_processing", []),
        ("approved", "complete", ["begin", "complete"]),
        ("pending_external", "requires_manual", ["begin", "require_manual"]),
        ("error", "in_processing", ["retry"]),
        ("requires_manual", "pending_external", ["manual_done", "await_external"]),
        ("in_processing", "legal_hold", ["hold"]),
        ("paused", "complete", ["resume", "complete"]),
        ("paused", "in_processing", []),
        ("legal_hold", "complete", ["release", "complete"]),
        ("cancelled", "complete", []),
        ("denied", "in_processing", []),
    ],
)
def test_how_a_run_gets_a_request_to_where_it_is(state, wanted, steps):
    before = State.IN_PROCESSING if state in {"paused", "legal_hold"} else None
    assert [each.value for each in steps_to(State(state), State(wanted), before)] == steps


@pytest.fixture
def stored(rights):
    return StoredRequests(rights.vault, rights.now)


def test_what_is_asked_and_of_whom(rights, officer, stored):
    identifier, _ = rights.verified(officer, kind="erase")
    rights.stepped(officer, identifier, "approve", "not_necessary")
    rights.stepped(rights.officer("ofc-72"), identifier, "approve", "consent_withdrawn")
    asked = stored.asked(identifier)
    assert (asked.kind, asked.tenant, asked.ground) == ("erase", "default", "consent_withdrawn")
    assert asked.facts == {"approvers": ["ofc-71", "ofc-72"], "held": False, "state": "approved", "verified": True}
    wanted = stored.wanted(identifier)
    assert (wanted.person.id, wanted.purposes) == ("usr-1", ("*",))
    with writing(permit()) as session:
        stored.move(session, permit(), identifier, "complete", "")
        stored.move(session, permit(), "dsr-none", "complete", "")
    found = keeping.request(identifier)
    assert [each.step.value for each in found.steps[-2:]] == ["begin", "complete"]
    with pytest.raises(RunError, match="nothing is kept"):
        stored.wanted(identifier)


def test_who_asks_without_naming_a_ground_asks(rights, officer, stored):
    identifier, _ = rights.verified(officer)
    assert stored.asked(identifier).ground == "request"


def test_what_cannot_be_read_now(rights, officer, stored):
    identifier, _ = rights.verified(officer)
    for look in (stored.asked, stored.wanted):
        with pytest.raises(RunError):
            look("dsr-none")
    rights.vault.failing = True
    for look in (stored.asked, stored.wanted):
        with pytest.raises(RunError):
            look(identifier)


def test_requests_are_a_store_of_personal_data(rights, officer):
    identifier, _ = rights.verified(officer, message="about order 4711")
    stranger, _ = rights.ask(email="stranger@example.com", message="mine")
    other, _ = rights.verified(officer, account="usr-2")
    person, store = person_of(identifier, rights.vault), RequestsStore(permit(), rights.vault)
    assert store.described.name == NAME
    assert store.find(person) == 2
    items = {each.place: each.content for each in store.export(person)}
    assert items[f"requests/{identifier}"]["message"] == "about order 4711"
    assert "message" not in items[f"requests/{stranger}"]
    with pytest.raises(UnsupportedError):
        store.rectify(person, {})
    assert store.verify(person) == tuple(sorted((f"requests/{identifier}", f"requests/{stranger}")))
    assert store.erase(person) == 2
    assert (store.erase(person), store.find(person), store.verify(person)) == (0, 0, ())
    with pytest.raises(UnknownRequestError):
        person_of(identifier, rights.vault)
    assert person_of(other, rights.vault).id == "usr-2"


def test_a_store_whose_keys_are_away(rights, officer):
    identifier, _ = rights.verified(officer)
    person, store = person_of(identifier, rights.vault), RequestsStore(permit(), rights.vault)
    rights.vault.failing = True
    with pytest.raises(StoreError):
        list(store.export(person))


@pytest.fixture
def table(sqlite_url):
    engine = open_engine(sqlite_url)
    schema.upgrade(engine)
    yield KeyTable(engine, bytes(32))
    engine.dispose()


def test_the_vault_of_a_node(table):
    vault = KeyVault(table, bytes(32))
    sealed = vault.seal("default", "user", "usr-1", b"said", ("dsr-1", 1))
    assert vault.open(sealed.subject, sealed.block, ("dsr-1", 1)) == b"said"
    with pytest.raises(VaultError):
        vault.open(sealed.subject, sealed.block, ("dsr-1", 2))
    with pytest.raises(VaultError):
        vault.seal("default", "user", "usr-1", b"said", ("dsr-ü", 1))
    records = []
    person = ("default", "user", "usr-1")
    vault.hold(person, "litigation:1", records.append)
    assert vault.held(sealed.subject) == {"litigation:1"}
    vault.release(person, "litigation:1", records.append)
    assert (vault.held(sealed.subject), len(records)) == (frozenset(), 2)
    with pytest.raises(UnknownPersonError):
        vault.hold(("default", "user", "nobody"), "litigation:1", records.append)
    table.destroy(sealed.subject)
    with pytest.raises(KeyDestroyedError):
        vault.open(sealed.subject, sealed.block, ("dsr-1", 1))


def test_a_vault_whose_database_is_away(table):
    vault = KeyVault(table, bytes(32))
    sealed = vault.seal("default", "user", "usr-1", b"said", ("dsr-1", 1))
    with table.engine.begin() as connection:
        for name in ("subject_key", "retired_key", "legal_hold"):
            connection.exec_driver_sql(f"DROP TABLE {name}")
    person = ("default", "user", "usr-1")
    for ask in (
        lambda: vault.seal(*person, b"said", ("dsr-1", 1)),
        lambda: vault.open(sealed.subject, sealed.block, ("dsr-1", 1)),
        lambda: vault.held(sealed.subject),
        lambda: vault.hold(person, "litigation:1", print),
        lambda: vault.release(person, "litigation:1", print),
    ):
        with pytest.raises(VaultError):
            ask()
