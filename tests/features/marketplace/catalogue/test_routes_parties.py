"""People and services become developers and buyers, and accept the agreement of their side."""

import pytest

from app.db import reading
from app.features.marketplace.acting import EffectRow
from app.features.marketplace.rows import MemberRow, PartyRow

FORM = {"side": "developer", "party": "initech", "name": "Initech", "kind": "individual", "country": "DE"}


def party(name):
    with reading() as session:
        return session.get(PartyRow, name)


def test_somebody_registers_and_agrees(shop):
    browser = shop.officer("dev-9")
    assert browser.post("/marketplace/parties", FORM).location == "/marketplace/account"
    made = party("initech")
    assert (made.kind, made.country, made.tenant, made.kyc, made.agreement) == (
        "developer",
        "DE",
        "default",
        "none",
        None,
    )
    with reading() as session:
        assert session.get(MemberRow, ("dev-9", "initech")).decision_id == made.decision_id
        assert session.get(EffectRow, made.decision_id).action == "marketplace.register"
    page = browser.get("/marketplace/account").text
    assert "to be accepted" in page
    text = browser.json("/marketplace/account").json["agreements"]["developer"]
    accepted = {"side": "developer", "sha256": text["sha256"], "accepted": "yes", "ip_warranties": "yes"}
    assert browser.post("/marketplace/agreements", accepted).status_code == 303
    assert (party("initech").agreement, party("initech").ip_warranties) == (text["sha256"], True)
    assert browser.json("/marketplace/account").json["parties"][0]["agreement_in_force_accepted"] is True


def test_a_service_registers_by_json(shop):
    answer = shop.control.app.test_client().post(
        "/marketplace/parties",
        json=FORM | {"kind": "organisation", "entity": "5493001KJTIIGC8Y1R12"},
        environ_overrides=shop.service("initech-ci"),
    )
    assert (answer.status_code, answer.json["id"], answer.json["side"]) == (201, "initech", "developer")
    assert party("initech").entity == "5493001KJTIIGC8Y1R12"


def test_a_visitor_registers_nothing(shop):
    assert shop.control.visitor().post("/marketplace/parties", FORM).status_code == 403
    assert party("initech") is None


def test_a_visitor_is_told_to_sign_in(shop):
    assert "signs in" in shop.control.visitor().get("/marketplace/account").text


@pytest.mark.parametrize(
    ("changed", "gate"),
    [
        ({"country": "KP"}, "not_sanctioned"),
        ({"party": "acme"}, "unused"),
        ({"tenant": "globex"}, "own_tenant"),
    ],
)
def test_who_may_not_register_does_not(shop, changed, gate):
    answer = shop.officer("dev-9").post("/marketplace/parties", FORM | changed, accept="application/json")
    assert answer.status_code == 403
    assert [each["id"] for each in answer.json["gates"]] == [gate]


def test_nobody_registers_twice_on_one_side(shop):
    answer = shop.developer().post("/marketplace/parties", FORM, accept="application/json")
    assert [each["id"] for each in answer.json["gates"]] == ["few"]


@pytest.mark.parametrize(
    "changed",
    [
        {"party": "Initech!"},
        {"side": "seller"},
        {"name": " "},
        {"name": "x" * 201},
        {"country": "Germany"},
        {"kind": "club"},
    ],
)
def test_what_is_not_said_as_it_has_to_be_is_refused(shop, changed):
    answer = shop.officer("dev-9").post("/marketplace/parties", FORM | changed)
    assert answer.status_code == 400
    assert party("initech") is None


def test_another_text_than_the_one_in_force_is_not_accepted(shop):
    sent = {"side": "buyer", "sha256": "ab" * 32, "accepted": "yes"}
    answer = shop.buyer().post("/marketplace/agreements", sent, accept="application/json")
    assert [each["id"] for each in answer.json["gates"]] == ["shown"]


def test_a_version_that_is_not_there(shop):
    sent = {"side": "buyer", "version": "99", "accepted": "yes"}
    assert shop.buyer().post("/marketplace/agreements", sent).status_code == 404
