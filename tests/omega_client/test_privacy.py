"""Both clients at the redaction of a control plane of this process, and at answers that are none."""

import asyncio

import httpx
import pytest

from omega_client import Lane, NotPermittedError, RefusedError, State, Subject, UnusableAnswerError
from omega_client.privacy import Document, Revealed, RevealRequest
from tests.features.privacy import asking
from tests.features.privacy.asking import COMPLIANCE, PERSON, PRIVACY, Office, Service
from tests.omega_client.answering import Blocking, said

ALICE = Subject(**PERSON)
ABOUT = {"person": ALICE, "scope": "case-7", "purpose": "support", "region": "EU"}
TEXT = "sarah@example.com <EMAIL_1>"


@pytest.fixture
def office(sqlite_url):
    with asking.office(sqlite_url) as made:
        yield made


class Asked:
    """One of the clients' `privacy`, over a service of the office."""

    def __init__(self, kind, office: Office, name="studio"):
        service = Service(office.control, name)

        def handle(request):
            assert request.headers["authorization"] == "Bearer a-token"
            answer = service.sent(request.method, request.url.raw_path.decode(), dict(request.headers), request.content)
            return httpx.Response(answer.status_code, content=answer.data, headers=dict(answer.headers))

        self._client, self._blocking = kind(handle), kind is Blocking

    def __getattr__(self, name):
        if self._blocking:
            return getattr(self._client.client.privacy, name)
        privacy = self._client.client.privacy

        async def ask(*args, **kwargs):
            return await getattr(privacy, name)(*args, **kwargs)

        return lambda *args, **kwargs: asyncio.run(ask(*args, **kwargs))


@pytest.fixture
def studio(kind, office):
    return Asked(kind, office)


def test_a_text_is_redacted_at_once(studio):
    made = studio.redact(TEXT, lane=Lane.PATTERNS, **ABOUT)
    assert (made.state, made.body, made.scope) == (State.READY, "<EMAIL_1> <=EMAIL_1>", "case-7")
    assert studio.document(made.id).body == made.body


def test_a_document_of_json_is_redacted(studio):
    made = studio.redact({"by": ["sarah@example.com", None]}, lane=Lane.PATTERNS, language="fr", **ABOUT)
    assert made.body == {"by": ["<EMAIL_1>", None]}


def test_a_document_is_sealed_until_names_were_looked_for(studio):
    made = studio.redact(TEXT, **ABOUT)
    assert (made.state, made.body) == (State.SEALED, None)


def test_policy_denies(studio):
    with pytest.raises(NotPermittedError, match="refused with 403 `denied`") as raised:
        studio.redact(TEXT, lane=Lane.PATTERNS, **ABOUT | {"purpose": "training"})
    assert "lane_permitted" in raised.value.gates
    assert raised.value.decision_id


def test_what_is_no_request_or_not_there_is_refused(studio):
    with pytest.raises(RefusedError, match="malformed_request"):
        studio.redact(TEXT, **ABOUT | {"scope": "Case 7"})
    for identifier in ("doc_none", "../policies"):
        with pytest.raises(RefusedError, match="not_found"):
            studio.document(identifier)


def test_what_tokens_stand_for_is_seen_once_two_officers_agreed(kind, office, studio):
    made = studio.redact(TEXT, lane=Lane.PATTERNS, **ABOUT)
    platform = Asked(kind, office, "platform")
    asked = [
        platform.ask_for_document(made.id, purpose="security", region="EU"),
        platform.ask_for_tokens(["<EMAIL_1>"], person=ALICE, scope="case-7", purpose="security", region="EU"),
    ]
    with pytest.raises(NotPermittedError):
        platform.reveal(asked[0].id)
    for name, group in (("ofc-1", PRIVACY), ("ofc-2", COMPLIANCE)):
        browser = office.officer(name, group)
        for each in asked:
            assert browser.post(f"/privacy/reveals/{each.id}/approve").status_code == 303
    document, tokens = (platform.reveal(each.id) for each in asked)
    assert (document.body, document.values) == (TEXT, {})
    assert (tokens.body, tokens.values) == (None, {"<EMAIL_1>": "sarah@example.com"})


def test_nothing_shows_of_a_person_or_a_text():
    shown = repr((ALICE, Document(id="d", state=State.READY, scope="s", decision_id="1", body=TEXT)))
    shown += repr(Revealed(decision_id="1", body=TEXT, values={"<EMAIL_1>": TEXT}))
    assert "sarah" not in shown
    assert "alice" not in shown


GOOD = {"id": "doc_1", "state": "ready", "scope": "s", "decision_id": "1", "text": ""}


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        *((Document, answer) for answer in ([], {}, GOOD | {"state": "lost"}, GOOD | {"id": 7})),
        *((RevealRequest, answer) for answer in ({"id": "r"}, {"approvals": [1]}, {"id": "r", "approvals": [{}]})),
        *((Revealed, answer) for answer in ({}, {"tokens": []}, {"decision_id": "1", "tokens": {"<EMAIL_1>": 7}})),
    ],
)
def test_what_is_no_answer(form, answer):
    with pytest.raises(UnusableAnswerError):
        form.parse(answer)


def test_an_agreement_is_read():
    assert RevealRequest.parse({"id": "r", "approvals": [{"by": "o"}], "decision_id": "1"}).approvals == ("o",)


def test_a_refusal_that_says_nothing_of_itself():
    handle, _ = said(httpx.Response(403, json={"type": "urn:omega:problem:denied", "gates": [7], "decision_id": 7}))
    with pytest.raises(NotPermittedError) as raised:
        Blocking(handle).client.privacy.document("doc_1")
    assert (raised.value.decision_id, raised.value.gates) == ("", ())
