"""What persons read when something was refused: their words, not those of policies."""

import pytest

from tests.features.dsr.rights import ASKED


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"email": "nobody"}, "<strong>Your e-mail address</strong>"),
        ({"kind": "rectify", "detail_1": "email"}, "<strong>What should be corrected?</strong>"),
        ({"kind": "everything"}, "<strong>What do you want?</strong>"),
        ({"email": "nobody", "language": "de"}, "<strong>Ihre E-Mail-Adresse</strong>"),
        ({"person": "x", "email": ""}, "That did not work"),
    ],
    ids=["a wrong address", "a detail without a value", "an unknown wish", "in German", "what is missing"],
)
def test_a_form_that_cannot_be_used_names_the_field_as_the_page_does(rights, changes, said):
    answer = rights.control.visitor().post("/dsr/requests", ASKED | changes)
    assert answer.status_code == 400
    assert said in answer.text
    assert "endpoint" not in answer.text
    assert "/session/" not in answer.text


def test_an_address_without_its_secret_says_so_in_plain_words(rights):
    identifier, _ = rights.ask()
    for place in (f"/dsr/mine/{identifier}", f"/dsr/mine/{identifier}?key=no", "/dsr/mine/dsr-none?key=no"):
        answer = rights.control.visitor().get(place)
        assert answer.status_code in {403, 404}
        assert "There is nothing at this address for you now." in answer.text
        assert "policy does not permit" not in answer.text.lower()


def test_too_often_is_said_as_such(rights, monkeypatch):
    rights.limit(monkeypatch, of_address=10)
    visitor = rights.control.visitor()
    answers = [visitor.post("/dsr/requests", ASKED) for _ in range(11)]
    assert {answers[5].status_code, answers[10].status_code} == {403, 429}
    for each in (answers[5], answers[10]):
        assert "That was too often in a short time." in each.text


def test_a_key_store_that_is_away_is_no_fault_of_the_person(rights):
    rights.vault.failing = True
    answer = rights.control.visitor().post("/dsr/requests", ASKED)
    assert answer.status_code == 503
    assert "We cannot do this now." in answer.text


def test_officers_read_what_policy_says(rights):
    answer = rights.officer("ofc-1", "omega-auditors").get("/dsr/requests")
    assert answer.status_code == 403
    assert "These conditions were not met:" in answer.text
