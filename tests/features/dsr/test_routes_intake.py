"""Asking: on the page, and by services; what is kept of it, and what is not."""

import pytest

from app.db import reading
from app.features.dsr import keeping, texts
from app.features.dsr.person import person_of
from app.features.dsr.rows import RequestRow, StepRow
from app.identity import SCOPE, Caller
from tests.features.dsr.rights import ASKED, JSON
from tests.features.serving import served


def test_the_form_asks_nobody_and_speaks_as_the_browser_does(rights):
    page = rights.control.visitor().client.get("/dsr/", headers={"accept": "text/html", "accept-language": "de-AT,de"})
    assert page.status_code == 200
    assert '<html lang="de">' in page.text
    assert "Ihre Daten, Ihre Rechte" in page.text
    assert "<script" not in page.text
    assert '<html lang="en">' in rights.control.visitor().get("/dsr/?lang=en").text
    assert '<html lang="en">' in rights.control.visitor().get("/dsr/?lang=xx").text
    assert rights.control.around.records == []


def test_every_language_says_everything():
    def places(value, at=()):
        if isinstance(value, dict):
            return {place for name, each in value.items() for place in places(each, (*at, name))}
        if isinstance(value, list):  # paragraphs, as many as in English
            return {place for number, each in enumerate(value) for place in places(each, (*at, number))}
        assert isinstance(value, str)
        assert value.strip()
        return {at}

    english, *others = (places(texts.texts(each)) for each in sorted(texts.languages(), key=lambda each: each != "en"))
    assert others
    for each in others:
        assert each == english


def test_a_request_is_kept_without_a_word_of_who_asks(rights):
    identifier, key = rights.ask(message="it is about my order 4711", language="de")
    kept = keeping.request(identifier)
    assert (kept.kind, kept.law, kept.state, kept.language) == ("access", "gdpr", "identity_unverified", "de")
    assert kept.due_at == rights.now() + 30 * 86_400
    with reading() as session:
        row, step = session.get(RequestRow, identifier), session.get(StepRow, (identifier, 1))
        everything = f"{row!r}{step!r}{rights.control.around.records}"
    for secret in ("ada@example.com", "usr-1", "Ada", "4711", key):
        assert secret not in everything
    person = person_of(identifier, rights.vault)
    assert (person.id, person.kind, person.identifiers) == (
        "usr-1",
        "user",
        {"email": "ada@example.com", "name": "Ada"},
    )
    assert person.subject == kept.subject


def test_the_link_leads_to_the_request_in_its_language(rights):
    identifier, key = rights.ask(language="de")
    page = rights.control.visitor().get(f"/dsr/mine/{identifier}?key={key}")
    assert page.status_code == 200
    assert "Wir müssen prüfen, ob Sie es sind." in page.text
    assert identifier in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"email": ""}, "`email` is missing"),
        ({"email": "nobody"}, "`email` is no e-mail address"),
        ({"email": f"{'a' * 250}@example.com"}, "`email` is longer than 254 characters"),
        ({"kind": "everything"}, "`kind` is missing"),
        ({"law": ""}, "`law` is missing"),
        ({"message": "a\x00b"}, "`message` has characters that no text has"),
        ({"message": ["a", "b"]}, "`message` is no text"),
        ({"kind": "rectify"}, "`message` has to say what is wrong"),
        ({"kind": "rectify", "detail_1": "No Name", "value_1": "x"}, "`changes` names something"),
        ({"kind": "rectify", "detail_1": "email"}, "`value` is missing"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_missing_is_named_and_nothing_is_quoted(rights, changes, said):
    answer = rights.control.visitor().post("/dsr/requests", ASKED | changes, accept="application/json")
    assert answer.status_code == 400
    assert said in answer.json["detail"]
    assert rights.control.around.records == []


def test_what_is_to_be_corrected(rights):
    identifier, _ = rights.ask(
        kind="rectify", detail_1="email", value_1="new@example.com", detail_3="name", value_3="Ada L"
    )
    assert keeping.said(identifier, rights.vault).changes == {"email": "new@example.com", "name": "Ada L"}


def test_an_address_asks_so_often_at_once_and_a_proxy_of_ours_says_which(rights, monkeypatch):
    rights.limit(monkeypatch, of_address=10)
    rights.vault.failing = True
    visitor = rights.control.visitor()
    answers = [visitor.post("/dsr/requests", ASKED).status_code for _ in range(11)]
    assert answers == [503] * 10 + [429]
    headers = JSON | {"x-forwarded-for": "203.0.113.9, 198.51.100.7"}
    asked = {"data": ASKED, "headers": headers}
    assert visitor.client.post("/dsr/requests", **asked).status_code == 429
    through = {"environ_base": {"REMOTE_ADDR": "10.0.0.1"}}
    assert visitor.client.post("/dsr/requests", **asked, **through).status_code == 503


def test_an_office_behind_one_address_asks_thirty_times_at_once(rights):
    rights.vault.failing = True
    visitor = rights.control.visitor()
    answers = [visitor.post("/dsr/requests", ASKED).status_code for _ in range(31)]
    assert answers == [503] * 30 + [429]


def test_a_person_is_asked_for_five_times_a_day(rights):
    for _ in range(5):
        rights.ask()
    answer = rights.control.visitor().post("/dsr/requests", ASKED, accept="application/json")
    assert answer.status_code == 403
    rights.ask(account="usr-2")
    rights.later(days=1, seconds=1)
    rights.ask()


def test_a_visitor_vouches_for_nobody(rights):
    said = {"kind": "access", "law": "gdpr", "person": {"kind": "user", "id": "usr-1"}}
    client = rights.control.visitor().client
    assert client.post("/dsr/requests", json=said | {"verified": "yes"}, headers=JSON).status_code == 400
    assert client.post("/dsr/requests", json=said | {"verified": True}, headers=JSON).status_code == 403
    answer = client.post("/dsr/requests", json=said, headers=JSON)
    assert answer.status_code == 201
    assert answer.json["state"] == "identity_unverified"
    assert answer.json["link"].startswith(f"http://127.0.0.1:8420/dsr/mine/{answer.json['id']}?key=")


def test_a_platform_service_vouches_for_whom_it_has_signed_in(rights):
    studio = Caller(subject="studio", tenant="acme", token_id="")
    said = {"kind": "object", "law": "ccpa", "person": {"kind": "member", "id": "m-1"}, "verified": True}

    def ask(**changes):
        scope = {"asgi.scope": {SCOPE: studio}}
        headers = {"accept": "application/json"}
        client = rights.control.visitor().client
        return client.post("/dsr/requests", json=said | changes, headers=headers, environ_overrides=scope)

    first, second = ask(purposes=["marketing"]), ask()
    assert (first.status_code, first.json["state"], first.json["verified"]) == (201, "pending", True)
    assert (second.json["state"], second.json["duplicate_of"]) == ("duplicate", first.json["id"])
    kept = keeping.request(first.json["id"])
    assert (kept.tenant, kept.person_kind, kept.steps[1].by) == ("acme", "member", "service studio")
    assert keeping.said(kept.id, rights.vault).purposes == ("marketing",)
    assert ask(verified=False).json["state"] == "identity_unverified"


@pytest.mark.parametrize(
    "changes",
    [
        {"person": None},
        {"person": {"kind": "A User", "id": "x"}},
        {"person": {"kind": "user"}},
        {"person": {"kind": "user", "id": 7}},
        {"purposes": []},
        {"purposes": ["no purpose"]},
        {"changes": []},
        {"changes": {"email": 7}},
    ],
    ids=str,
)
def test_documents_that_are_none(rights, changes):
    said = {"kind": "rectify", "law": "gdpr", "person": {"kind": "user", "id": "usr-1"}} | changes
    answer = rights.control.visitor().client.post("/dsr/requests", json=said, headers=JSON)
    assert answer.status_code == 400


def test_an_officer_passes_on_a_letter(officer):
    answer = officer.post("/dsr/requests", ASKED)
    assert answer.status_code == 303
    identifier = answer.location.rpartition("/")[2].partition("?")[0]
    assert keeping.request(identifier).steps[0].by == "officer ofc-71"


def test_without_a_node_nobody_asks(sqlite_url):
    with served(sqlite_url) as control:
        answer = control.visitor().post("/dsr/requests", ASKED, accept="application/json")
        assert answer.status_code == 503
