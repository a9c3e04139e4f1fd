"""Somebody acts for the developer or the buyer they belong to, and policy is told what we know of it."""

import pytest

from app.db import reading
from app.features.marketplace.parties import (
    account_of,
    as_buyer,
    as_developer,
    as_party_or_oneself,
    party_of,
    service_of,
)
from app.features.marketplace.rows import MemberRow, PartyKind, PartyRow
from app.pdp.model import Entity
from app.pep import RefusedError
from tests.features.marketplace.trading import AGREEMENT, keep, party

pytestmark = pytest.mark.usefixtures("market")


def acting(name, kind="officer"):
    return Entity(type=kind, id=name, properties={"groups": ["omega-auditors"]})


def test_a_person_acts_for_their_developer():
    found = as_developer(acting("dev-1"))
    assert (found.type, found.id) == ("developer", "acme")
    assert found.properties == {
        "kind": "individual",
        "country": "DE",
        "agreement": {"accepted": True, "ip_warranties": True, "sha256": AGREEMENT},
        "kyc_complete": True,
        "tier": "community",
    }


def test_a_service_acts_for_its_developer():
    assert as_developer(acting("acme-ci", "service")).id == "acme"


def test_nobody_acts_for_a_service_by_having_its_name():
    with pytest.raises(RefusedError):
        as_developer(acting("acme-ci"))
    with pytest.raises(RefusedError):
        as_developer(acting("dev-1", "service"))
    assert service_of(account_of(acting("acme-ci", "service"))) == "acme-ci"
    assert service_of(account_of(acting("service", "officer"))) == ""


def test_who_acts_for_nobody_is_themselves():
    assert as_party_or_oneself(acting("ofc-51"), PartyKind.BUYER) == acting("ofc-51")
    assert as_party_or_oneself(acting("dev-1"), PartyKind.BUYER, PartyKind.DEVELOPER).id == "acme"


def test_an_organisation_is_named_by_its_legal_entity():
    with reading() as session:
        assert session.get(PartyRow, "acme").entity is None
    keep(
        party("initech", PartyKind.BUYER, legal_form="organisation", entity="5493001KJTIIGC8Y1R12"),
        MemberRow(account="buy-2", party="initech", decision_id="made-by-a-test-1"),
    )
    assert as_buyer(acting("buy-2")).properties["entity"] == "5493001KJTIIGC8Y1R12"


@pytest.mark.parametrize(("name", "side"), [("dev-1", as_buyer), ("buy-1", as_developer), ("ofc-51", as_developer)])
def test_nobody_acts_for_whom_they_do_not_belong_to(name, side):
    with pytest.raises(RefusedError) as refused:
        side(acting(name))
    assert refused.value.problem.code == "forbidden"


def test_who_acts_for_several_names_one():
    keep(
        party("umbrella", PartyKind.DEVELOPER),
        MemberRow(account="dev-1", party="umbrella", decision_id="made-by-a-test-1"),
    )
    with reading() as session:
        assert party_of(session, acting("dev-1"), PartyKind.DEVELOPER, "umbrella").id == "umbrella"
        assert party_of(session, acting("dev-1"), PartyKind.DEVELOPER).id == "acme"
        assert party_of(session, acting("dev-1"), PartyKind.BUYER, "globex") is None
