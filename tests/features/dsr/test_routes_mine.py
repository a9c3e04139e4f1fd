"""What the secret link opens, and what it does not."""

import json

import pytest

from app.features.dsr import keeping
from app.features.dsr.certificate import TYPE
from evidence.note import Note
from tests.features.dsr.rights import DAY, SIGNER, gates, receipt


def code_of(rights, officer, identifier):
    return rights.stepped(officer, identifier, "ask_identity", "code")["identity_code"]


def post(rights, identifier, what, key, **said):
    return rights.control.visitor().post(f"/dsr/mine/{identifier}/{what}", {"key": key} | said)


def test_another_link_opens_nothing(rights):
    (first, key), (second, _) = rights.ask(), rights.ask(account="usr-2")
    visitor = rights.control.visitor()
    assert gates(visitor.json(f"/dsr/mine/{second}?key={key}")) == ["linked"]
    assert visitor.json(f"/dsr/mine/{first}").status_code == 403
    assert visitor.json(f"/dsr/mine/{first}?key=%ff").status_code == 403
    assert visitor.json(f"/dsr/mine/dsr-none?key={key}").status_code == 404
    assert visitor.get(f"/dsr/mine/{first}?key={key}&lang=de").status_code == 200


def test_the_code_shows_who_it_is_and_is_good_once(rights, officer):
    identifier, key = rights.ask()
    code = code_of(rights, officer, identifier)
    assert len(code) == 8
    answer = post(rights, identifier, "code", key, code=f" {code[:4]} {code[4:]} ")
    assert answer.status_code == 303
    assert keeping.request(identifier).state == "pending"
    assert post(rights, identifier, "code", key, code=code).status_code == 403
    assert code not in str(rights.control.around.records)


@pytest.mark.parametrize("late", [599, 600])
def test_a_code_is_good_for_ten_minutes(rights, officer, late):
    identifier, key = rights.ask()
    code = code_of(rights, officer, identifier)
    rights.later(seconds=late)
    post(rights, identifier, "code", key, code=code)
    assert keeping.request(identifier).state == ("pending" if late < 600 else "identity_unverified")


def test_five_tries_and_then_another_code(rights, officer):
    identifier, key = rights.ask()
    code = code_of(rights, officer, identifier)
    came = [post(rights, identifier, "code", key, code="0000000x").location[-10:] for _ in range(5)]
    assert came == ["code=wrong"] * 4 + ["code=spent"]
    assert post(rights, identifier, "code", key, code=code).location.endswith("code=spent")
    assert keeping.request(identifier).state == "identity_unverified"
    visitor, place = rights.control.visitor(), f"/dsr/mine/{identifier}?key={key}&code="
    assert "That is not the code" in visitor.get(f"{place}wrong").text
    assert "No code is good now" in visitor.get(f"{place}spent").text
    assert 'role="alert"' not in visitor.get(f"{place}other").text
    post(rights, identifier, "code", key, code=code_of(rights, officer, identifier))
    assert keeping.request(identifier).state == "pending"


def test_what_is_entered_for_one_request_is_limited_wherever_it_comes_from(rights, monkeypatch):
    rights.limit(monkeypatch, of_request=2)
    (one, key), (other, others) = rights.ask(), rights.ask(email="bob@example.com", account="usr-2")
    assert [post(rights, one, "code", key, code="1").status_code for _ in range(3)] == [303, 303, 429]
    assert post(rights, other, "code", others, code="1").status_code == 303


def test_nobody_enters_a_code_that_was_never_made(rights):
    identifier, key = rights.ask()
    assert post(rights, identifier, "code", key, code="").location.endswith("code=spent")


def test_a_question_and_its_answer(rights, officer):
    identifier, key = rights.verified(officer)
    rights.stepped(officer, identifier, "ask", message="which order?")
    page = rights.control.visitor().get(f"/dsr/mine/{identifier}?key={key}")
    assert "which order?" in page.text
    assert post(rights, identifier, "answer", key, answer="").status_code == 400
    assert post(rights, identifier, "answer", key, answer="order 4711").status_code == 303
    assert keeping.request(identifier).state == "pending"
    assert [each.text for each in keeping.said(identifier, rights.vault).messages] == ["which order?", "order 4711"]
    assert "4711" not in str(rights.control.around.records)


def test_who_gives_up_unverified_leaves_nothing(rights, officer):
    identifier, key = rights.ask()
    assert post(rights, identifier, "withdraw", key).status_code == 303
    assert keeping.request(identifier).state == "cancelled"
    page = rights.control.visitor().get(f"/dsr/mine/{identifier}?key={key}")
    assert "Withdrawn." in page.text
    assert "Nothing of it is kept any more." in officer.get(f"/dsr/requests/{identifier}").text
    assert gates(
        rights.control.visitor().client.post(
            f"/dsr/mine/{identifier}/withdraw", data={"key": key}, headers={"sec-fetch-site": "same-origin"}
        )
    ) == ["in_order"]


def test_a_refusal_says_why_and_where_to_complain(rights, officer):
    identifier, key = rights.verified(officer, kind="erase")
    rights.stepped(officer, identifier, "deny", "legal_obligation", message="for ten years")
    page = rights.control.visitor().get(f"/dsr/mine/{identifier}?key={key}")
    assert "A law obliges us to keep the data." in page.text
    assert "data protection authority" in page.text
    assert "for ten years" in page.text


def test_an_extension_is_told_with_its_reason(rights, officer):
    identifier, key = rights.verified(officer)
    rights.stepped(officer, identifier, "extend", "complexity")
    page = rights.control.visitor().get(f"/dsr/mine/{identifier}?key={key}")
    assert "your request is complex." in page.text
    assert "2027-02-20" in page.text


def test_the_export_is_there_for_seven_days(rights, officer):
    identifier, key = rights.verified(officer)
    rights.stepped(officer, identifier, "approve")
    rights.move(identifier, "begin", "complete")
    visitor = rights.control.visitor()
    assert visitor.get(f"/dsr/mine/{identifier}/export?key={key}").status_code == 404
    rights.runs.archives[identifier] = b"PK"
    taken = visitor.get(f"/dsr/mine/{identifier}/export?key={key}")
    assert (taken.status_code, taken.data) == (200, b"PK")
    [opened] = [body for kind, body in rights.control.around.records if kind == "dsr.opened"]
    assert opened["request"] == identifier
    assert opened["resource"] == {"type": "person", "id": keeping.request(identifier).subject}
    assert "attachment" in taken.headers["content-disposition"]
    assert "Download your data" in visitor.get(f"/dsr/mine/{identifier}?key={key}").text
    rights.later(days=7)
    assert visitor.get(f"/dsr/mine/{identifier}/export?key={key}").status_code == 200
    rights.later(seconds=1)
    assert gates(visitor.json(f"/dsr/mine/{identifier}/export?key={key}")) == ["in_time"]
    assert "has ended" in visitor.get(f"/dsr/mine/{identifier}?key={key}").text


def test_the_certificate_names_nobody_and_its_signature_is_the_logs(rights, officer):
    identifier, key = rights.verified(officer, kind="erase", language="de")
    rights.stepped(officer, identifier, "approve")
    rights.stepped(rights.officer("ofc-72"), identifier, "approve")
    rights.move(identifier, "begin")
    rights.runs.done[identifier] = (receipt("product", reason="ten years"), receipt("sealed-blocks", count=12))
    visitor = rights.control.visitor()
    assert visitor.get(f"/dsr/mine/{identifier}/certificate.txt?key={key}").status_code == 403
    rights.move(identifier, "complete")
    statement = visitor.get(f"/dsr/mine/{identifier}/certificate.txt?key={key}").data
    said = Note.parse(statement).verify(SIGNER.verifier)
    first, document, _ = said.split("\n")
    assert first == TYPE
    made = json.loads(document)
    assert (made["request"], made["kind"], made["law"]) == (identifier, "erase", "gdpr")
    assert [each["step"] for each in made["steps"]] == ["submit", "verify", "agree", "approve", "begin", "complete"]
    assert [(each["store"], each["count"], each["reason"], each["receipt"]) for each in made["stores"]] == [
        ("product", 3, "ten years", "c-1-9"),
        ("sealed-blocks", 12, "", "c-1-9"),
    ]
    for secret in (b"ada@example.com", b"usr-1", b"Ada"):
        assert secret not in statement
    paper = visitor.get(f"/dsr/mine/{identifier}/certificate.pdf?key={key}")
    assert paper.status_code == 200
    assert paper.data.startswith(b"%PDF-")
    assert b"pdfaid" in paper.data
    assert paper.data == visitor.get(f"/dsr/mine/{identifier}/certificate.pdf?key={key}").data


def test_what_is_erased_is_not_kept_with_the_request(rights, officer):
    identifier, key = rights.verified(officer, kind="erase")
    rights.stepped(officer, identifier, "approve")
    rights.stepped(rights.officer("ofc-72"), identifier, "approve")
    rights.vault.destroy("default", "user", "usr-1")
    assert rights.control.visitor().get(f"/dsr/mine/{identifier}?key={key}").status_code == 200
    rights.move(identifier, "begin", "complete")
    assert "Done." in rights.control.visitor().get(f"/dsr/mine/{identifier}?key={key}").text


def test_a_key_store_that_is_away(rights):
    identifier, key = rights.ask()
    rights.vault.failing = True
    assert rights.control.visitor().json(f"/dsr/mine/{identifier}?key={key}").status_code == 503


def test_the_clock_stands_still_while_the_person_has_to_show_who_they_are(rights, officer):
    identifier, key = rights.ask()
    code_of(rights, officer, identifier)
    rights.later(days=40)
    page = rights.control.visitor().get(f"/dsr/mine/{identifier}?key={key}")
    assert "The time stands still" in page.text
    officer = rights.officer("ofc-71")
    assert rights.stepped(officer, identifier, "verify", "documents")["days_left"] == 30
    assert keeping.request(identifier).due_at == keeping.request(identifier).received_at + 70 * DAY
