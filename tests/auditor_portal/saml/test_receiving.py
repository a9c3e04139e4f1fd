"""An answer counts once, for the request it answers, brought by whom we sent, with the key that we gave along."""

import pytest

from app import schema
from app.audits.database import open_portal, portal_data
from app.audits.saml_tables import LIFETIME, PendingRequest, SamlKind, remember, use_message
from auditor_portal.saml.errors import SamlCode, SamlError
from auditor_portal.saml.receiving import receive, spend
from auditor_portal.saml.relay_state import relay_hash
from tests.auditor_portal.portal import PERMIT
from tests.auditor_portal.saml import forge
from tests.auditor_portal.saml.forge import NOW, PERSON, REQUEST, brought, portal

KEY, BROWSER = "k" * 43, "b" * 43


@pytest.fixture(autouse=True)
def tables(tmp_path):
    engine = open_portal(f"sqlite:///{tmp_path}/portal.db")
    schema.upgrade(engine, schema.PORTAL_MIGRATIONS)
    with portal_data.opened(engine):
        yield


def sent(**changed):
    """Remember a request of ours that is answered by `forge.good()`."""
    said = {"id": REQUEST, "kind": SamlKind.LOGIN, "firm": "oak", "created_at": int(NOW) - 20, "place": "/e/one/"}
    hashes = {"relay_hash": relay_hash(KEY), "browser_hash": relay_hash(BROWSER)}
    remember(PERMIT, PendingRequest(**(said | hashes | {"address": "::1"} | changed)))


def received(text=None, relay=KEY, *, now=NOW, browser=BROWSER):
    text = brought(forge.good()) if text is None else text
    return receive(text, relay, provider=forge.provider(), ours=portal(), now=now, browser=browser)


def refusal(*said, **told):
    with pytest.raises(SamlError) as refused:
        received(*said, **told)
    return refused.value.code


def keep(found, now=NOW):
    with portal_data.writing(PERMIT) as session:
        spend(session, PERMIT, found, now)


def test_an_answer_is_received_and_spent():
    sent()
    found = received()
    assert (found.assertion.name_id, found.request.place) == (PERSON, "/e/one/")
    keep(found)
    assert refusal() is SamlCode.REPLAYED


def test_of_two_who_bring_one_answer_at_once_one_gets_in():
    sent()
    first, second = received(), received()
    keep(first)
    with pytest.raises(SamlError, match="replayed"):
        keep(second)


def test_an_assertion_is_good_for_one_request_alone():
    sent()
    with portal_data.writing(PERMIT) as session:
        about = {"issuer": forge.provider().entity_id, "message_id": "_assertion-1"}
        use_message(session, PERMIT, **about, until=NOW + 360, now=NOW)
    assert refusal() is SamlCode.REPLAYED


def test_a_browser_that_was_given_no_secret_needs_none():
    sent(browser_hash="")
    assert received(browser="").assertion.name_id == PERSON


@pytest.mark.parametrize(
    ("asked", "told", "code"),
    [
        ({"id": "_another"}, {}, SamlCode.UNSOLICITED),
        ({"firm": "elm"}, {}, SamlCode.UNSOLICITED),
        ({"kind": SamlKind.LOGOUT}, {}, SamlCode.UNSOLICITED),
        ({"created_at": int(NOW) - LIFETIME}, {}, SamlCode.REQUEST_EXPIRED),
        ({}, {"relay": None}, SamlCode.WRONG_RELAY_STATE),
        ({}, {"relay": "https://evil.example/"}, SamlCode.WRONG_RELAY_STATE),
        ({}, {"relay": "/e/two/"}, SamlCode.WRONG_RELAY_STATE),
        ({}, {"browser": ""}, SamlCode.OTHER_BROWSER),
        ({}, {"browser": "c" * 43}, SamlCode.OTHER_BROWSER),
        ({}, {"text": "AAAA"}, SamlCode.NOT_XML),
        ({}, {"text": brought(forge.response(None, in_response_to=None))}, SamlCode.UNSOLICITED),
        ({}, {"text": brought(forge.response(forge.assertion()))}, SamlCode.UNSIGNED),
    ],
    ids=[
        "we never asked",
        "we asked another firm's provider",
        "we asked for something else",
        "we asked more than ten minutes ago",
        "no key comes with it",
        "a place elsewhere comes with it",
        "a place here comes with it",
        "a browser without the secret brings it",
        "another browser brings it",
        "it is no answer",
        "it answers nothing",
        "nobody signed it",
    ],
)
def test_is_refused(asked, told, code):
    sent(**asked)
    assert refusal(**told) is code
