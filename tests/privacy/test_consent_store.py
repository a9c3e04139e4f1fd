"""The ledger as a store: found, exported, never rewritten, erased with every part of every export."""

from dataclasses import replace

import pytest

from app.db import writing
from app.pdp.enforce import Permit
from app.pdp.model import Decision, Entity, EvaluationRequest
from app.privacy import consent_ledger, exports
from app.privacy.consent import Evidence, Method
from app.privacy.consent_store import ConsentStore
from app.privacy.stores.errors import UnsupportedError
from app.privacy.stores.store import Person
from tests.features.gating import product
from tests.pdp.deciding import key

NOW = 1_795_356_000
PERMIT = Permit(
    request=EvaluationRequest(
        subject=Entity(type="service", id="studio", properties={}),
        action="privacy.consent",
        resource=Entity(type="person", id="p", properties={}),
        context={},
    ),
    decision_id="01a203ec17c0f73dc8f6-1",
    decision=Decision(allow=True),
    bundle="",
    revision="",
)
ALICE, BOB = key("default", "user", "alice"), key("default", "user", "bob")
EVIDENCE = Evidence(method=Method.FORM, reference="form/1", sha256="0" * 64)


def person(of):
    return Person(tenant="default", kind="user", id="x", subject=of and of.subject, identifiers={})


@pytest.fixture
def store(sqlite_url):
    with product(sqlite_url):
        for number, each in enumerate((ALICE, BOB), 2):
            permit = replace(PERMIT, decision_id=f"01a203ec17c0f73dc8f6-{number}")
            with writing(permit) as session:
                said = {"tenant": "default", "purpose": "training", "scope": "chats", "now": NOW}
                consent_ledger.grant(
                    session,
                    permit,
                    subject=each.subject,
                    evidence=EVIDENCE,
                    notice="1" * 64,
                    expires_at=NOW + 9,
                    **said,
                )
        with writing(PERMIT) as session:
            exports.register(session, PERMIT, identifier="exp-1", manifest="a" * 64, recipient="replay", **said)
            exports.add_parts(session, "exp-1", [ALICE, BOB])
        yield ConsentStore(PERMIT, region="EU", now=lambda: NOW + 1)


def test_it_finds_and_exports_what_it_holds_of_one_person(store):
    assert store.described.region == "EU"
    assert store.find(person(ALICE)) == 2
    items = list(store.export(person(ALICE)))
    assert [each.category for each in items] == ["consents", "exports"]
    assert items[0].content["subject"] == ALICE.subject


def test_somebody_without_a_pseudonym_has_nothing_here(store):
    nobody = person(None)
    assert (store.find(nobody), list(store.export(nobody)), store.erase(nobody), store.verify(nobody)) == (0, [], 0, ())


def test_nothing_is_rewritten(store):
    with pytest.raises(UnsupportedError):
        store.rectify(person(ALICE), {"purpose": "other"})


def test_erasing_one_calls_their_parts_back_and_keeps_the_others(store):
    assert store.erase(person(ALICE)) == 2
    assert (store.verify(person(ALICE)), store.find(person(BOB))) == ((), 2)
    assert store.erase(person(ALICE)) == 0
    with writing(PERMIT) as session:
        [recall] = exports.recalls(session, "default")
    assert (recall.subject, recall.reason) == (ALICE.subject, "erased")
