"""Revealing over HTTP: asked for, agreed to by others, seen by whoever asked; and who is refused."""

import pytest

from tests.features.privacy import asking
from tests.features.privacy.asking import AUDITORS, COMPLIANCE, PERSON, PRIVACY, TEXT


@pytest.fixture
def office(sqlite_url):
    with asking.office(sqlite_url) as made:
        yield made


@pytest.fixture
def document(office):
    return office.service().redact().get_json()["id"]


@pytest.fixture
def officers(office):
    return office.officer("ofc-1", PRIVACY), office.officer("ofc-2", COMPLIANCE), office.officer("ofc-3", PRIVACY)


def post(browser, path, body=None):
    headers = {"sec-fetch-site": "same-origin", "x-csrf-token": browser.csrf(), "accept": "application/json"}
    return browser.client.post(path, json=body or {}, headers=headers)


def code(answer):
    return answer.get_json()["type"].removeprefix("urn:omega:problem:")


def ask(browser, **what):
    answer = post(browser, "/privacy/reveals", {"purpose": "support", "region": "EU"} | what)
    assert answer.status_code == 202, answer.text
    return answer.get_json()["id"]


def reveal(browser, asked):
    return post(browser, "/privacy/reveal", {"request": asked})


def test_an_officer_sees_a_document_once_another_agreed(office, document, officers):
    first, second, third = officers
    asked = ask(first, document=document)
    denied = reveal(first, asked)
    assert [gate["id"] for gate in denied.get_json()["gates"]] == ["second_person"]
    assert code(post(first, f"/privacy/reveals/{asked}/approve")) == "denied"
    agreed = post(second, f"/privacy/reveals/{asked}/approve")
    assert [each["by"] for each in agreed.get_json()["approvals"]] == ["ofc-2"]
    assert code(post(second, f"/privacy/reveals/{asked}/approve")) == "conflict"
    seen = reveal(first, asked)
    assert (seen.status_code, seen.get_json()["text"]) == (200, TEXT)
    assert code(reveal(third, asked)) == "denied"
    subject = office.keyring.key("default", "user", PERSON["id"]).subject
    said = [body for _, body in office.control.around.records if body.get("action") == "privacy.reveal"]
    assert {each["resource"]["id"] for each in said} == {subject}
    shown = [body["result"]["obligations"] for body in said if body["result"]["allow"]][-1]
    assert shown == [{"by": "officer", "id": "access", "purpose": "support", "step": "reveal", "type": "access"}]


def test_no_record_has_a_clear_value(office, document, officers):
    first, second, _ = officers
    asked = ask(first, document=document)
    post(second, f"/privacy/reveals/{asked}/approve")
    assert "sarah" in reveal(first, asked).text
    assert b"sarah" not in b"".join(office.control.around.log.data)


def test_tokens_of_a_scope(document, officers):  # noqa: ARG001 - it has them
    first, second, _ = officers
    asked = ask(first, person=PERSON, scope="case-7", tokens=["<EMAIL_1>", "<EMAIL_9>"])
    post(second, f"/privacy/reveals/{asked}/approve")
    assert reveal(first, asked).get_json()["tokens"] == {"<EMAIL_1>": "sarah@example.com"}


def test_for_a_service_two_officers_agree(office, document, officers):
    platform = office.service("platform")
    body = {"document": document, "purpose": "security", "region": "EU"}
    asked = platform.post("/privacy/reveals", body).get_json()["id"]
    for browser, status in zip(officers[:2], (403, 200), strict=True):
        post(browser, f"/privacy/reveals/{asked}/approve")
        seen = platform.post("/privacy/reveal", {"request": asked})
        assert seen.status_code == status
    assert seen.get_json()["text"] == TEXT
    assert code(office.service("studio").post("/privacy/reveals", body)) == "denied"


def test_a_sealed_document_is_shown_as_it_is(office, officers):
    first, second, _ = officers
    document = office.service().redact(lane="names").get_json()["id"]
    asked = ask(first, document=document)
    post(second, f"/privacy/reveals/{asked}/approve")
    assert reveal(first, asked).get_json()["text"] == TEXT


def test_nothing_is_shown_of_somebody_who_was_erased(office, document, officers):
    first, second, _ = officers
    asked = ask(first, document=document)
    post(second, f"/privacy/reveals/{asked}/approve")
    office.keyring.destroy()
    assert code(reveal(first, asked)) == "not_found"


def test_a_scope_in_two_regions_is_asked_for_by_document(office, document, officers):  # noqa: ARG001 - one of two
    office.service().redact(region="UK")
    body = {"person": PERSON, "scope": "case-7", "tokens": ["<EMAIL_1>"], "purpose": "support", "region": "EU"}
    assert code(post(officers[0], "/privacy/reveals", body)) == "malformed_request"
    assert code(post(officers[0], "/privacy/reveals", body | {"scope": "case-8"})) == "not_found"


@pytest.mark.parametrize(
    ("path", "body", "wanted"),
    [
        pytest.param("/privacy/reveals", {"document": 7}, "malformed_request", id="a document that is no id"),
        pytest.param("/privacy/reveals", {"document": "doc_none"}, "not_found", id="a document that is none"),
        pytest.param("/privacy/reveals", {"tokens": ["EMAIL"]}, "malformed_request", id="tokens that are none"),
        pytest.param("/privacy/reveal", {}, "malformed_request", id="no request"),
        pytest.param("/privacy/reveal", {"request": "rvl_none"}, "not_found", id="a request that is none"),
        pytest.param("/privacy/reveals/rvl_none/approve", {}, "not_found", id="agreeing to nothing"),
    ],
)
def test_what_cannot_be_asked(officers, path, body, wanted):
    assert code(post(officers[0], path, {"purpose": "support", "region": "EU"} | body)) == wanted


def test_the_page_lists_requests_and_takes_agreement(office, document, officers):
    first, second, _ = officers
    assert "There are none" in first.get("/privacy/reveals").text
    asked = ask(first, document=document)
    page = second.get("/privacy/reveals").text
    assert asked in page
    assert "sarah" not in page
    assert "alice" not in page
    agreed = second.post(f"/privacy/reveals/{asked}/approve")
    assert (agreed.status_code, agreed.headers["location"]) == (303, "/privacy/reveals")
    [listed] = office.officer("ofc-9", AUDITORS).json("/privacy/reveals").get_json()["reveals"]
    assert (listed["id"], [each["by"] for each in listed["approvals"]]) == (asked, ["ofc-2"])
    assert code(office.service().get("/privacy/reveals")) == "denied"
