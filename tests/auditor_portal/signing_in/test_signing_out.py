"""Signing out: here, at the provider, and by its order. And how else a session ends."""

import html
import re
from urllib.parse import urlsplit

import pytest
from lxml import etree

from app.audits import sessions
from app.audits.database import portal_data
from auditor_portal.saml.instants import instant_text
from auditor_portal.saml.redirect_binding import REQUEST, RESPONSE, redirect_url
from tests.auditor_portal import portal
from tests.auditor_portal.saml import forge
from tests.auditor_portal.signing_in import signing as made
from tests.auditor_portal.signing_in.signing import AUDITOR, FIRM, PERSON, serving

LOGOUT = f"/saml/{FIRM}/logout"


def order(signing, *, by="provider", number=1, person=PERSON, index="_session-1", **said):
    """Return the query by which the provider has sessions ended."""
    attributes = {"ID": f"_order-{number}", "Version": "2.0", "IssueInstant": instant_text(signing.clock())}
    attributes |= {"Destination": signing.ours().slo_url} | said
    root = etree.Element(f"{forge.SAMLP}LogoutRequest", attributes, nsmap=forge.NAMES)
    etree.SubElement(root, f"{forge.SAML}Issuer").text = forge.provider().entity_id
    etree.SubElement(root, f"{forge.SAML}NameID").text = person
    if index:
        etree.SubElement(root, f"{forge.SAMLP}SessionIndex").text = index
    return query(root, REQUEST, "a place of theirs", by)


def report(signing, request, relay_state, *, by="provider", status="urn:oasis:names:tc:SAML:2.0:status:Success"):
    """Return the query by which the provider says that it has ended its own session."""
    attributes = {"ID": "_report-1", "Version": "2.0", "IssueInstant": instant_text(signing.clock())}
    attributes |= {"Destination": signing.ours().slo_url, "InResponseTo": request}
    root = etree.Element(f"{forge.SAMLP}LogoutResponse", attributes, nsmap=forge.NAMES)
    etree.SubElement(root, f"{forge.SAML}Issuer").text = forge.provider().entity_id
    said = etree.SubElement(root, f"{forge.SAMLP}Status")
    etree.SubElement(said, f"{forge.SAMLP}StatusCode", Value=status)
    return query(root, RESPONSE, relay_state, by)


def query(root, parameter, relay_state, by):
    return urlsplit(
        redirect_url("https://x.example/", parameter, etree.tostring(root), relay_state, forge.key(by))
    ).query


def led(answer):
    """Return what a page that leads to the provider asks it: the id of the request, and the RelayState."""
    place = html.unescape(re.search(r'class="button" href="([^"]+)"', answer.text)[1])
    assert answer.headers["refresh"] == f"0; url={place}"
    assert place.startswith("https://idp.firm.example/slo?SAMLRequest=")
    asked = made.parse_qs(urlsplit(place).query)
    message = made.zlib.decompress(made.b64decode(asked["SAMLRequest"][0]), -15)
    return etree.fromstring(message).get("ID"), asked["RelayState"][0], message


def test_signing_out_ends_the_session_here_and_leads_to_the_provider(signing):
    browser = signing.browser()
    browser.sign_in()
    cookie = browser.cookies["__Host-omega-audit"].value
    answer = browser.sign_out()
    assert (answer.status_code, browser.cookies) == (200, {})
    assert PERSON not in answer.text  # nobody is signed in on that page
    browser.client.set_cookie("__Host-omega-audit", cookie)
    assert not browser.signed_in
    request, relay_state, message = led(answer)
    assert PERSON.encode() in message
    assert b"_session-1" in message
    page = browser.get(f"{LOGOUT}?{report(signing, request, relay_state)}")
    assert (page.status_code, "So has the one at your firm" in page.text) == (200, True)
    again = browser.get(f"{LOGOUT}?{report(signing, request, relay_state)}")
    assert (again.status_code, signing.refusals) == (403, ["replayed"])


def test_a_provider_that_could_not_end_its_sessions_is_said_to(signing):
    browser = signing.browser()
    browser.sign_in()
    request, relay_state, _ = led(browser.sign_out())
    said = report(signing, request, relay_state, status="urn:oasis:names:tc:SAML:2.0:status:PartialLogout")
    assert "Close the browser" in browser.get(f"{LOGOUT}?{said}").text


def test_a_provider_without_such_a_place_is_left_alone(portal_url):
    alone = portal.firm(idp=forge.provider(slo=None).as_json(), mfa=made.STRONG)
    with serving(portal_url, alone, portal.auditor()) as signing:
        browser = signing.browser()
        browser.sign_in()
        answer = browser.sign_out()
        assert ("refresh" in answer.headers, "You are signed out" in answer.text) == (False, True)
        other = signing.browser()
        other.sign_in()
        assert "So has the one at your firm" in other.get(f"{LOGOUT}?{order(signing)}").text
        assert not other.signed_in


def test_a_visitor_has_nothing_to_sign_out_of(signing):
    answer = signing.browser().post("/sign-out", {})
    assert (answer.status_code, signing.denied) == (403, [["own"]])


def test_the_provider_ends_the_sessions_that_its_own_began(signing):
    mine, other = signing.browser(), signing.browser()
    mine.sign_in()
    other.sign_in(session="_session-2")
    answer = signing.browser().get(f"{LOGOUT}?{order(signing)}")
    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "https://idp.firm.example/slo")
    assert (mine.signed_in, other.signed_in) == (False, True)
    assert signing.asked[-1][-1].id == AUDITOR
    signing.browser().get(f"{LOGOUT}?{order(signing, number=2, index=None)}")
    assert not other.signed_in


UNSOUND = {
    "nobody signed it": (lambda s: order(s).partition("&SigAlg")[0], "unsigned"),
    "somebody else signed it": (lambda s: order(s, by="stranger"), "bad_signature"),
    "for somebody else": (lambda s: order(s, Destination="https://elsewhere.example/"), "wrong_destination"),
    "of yesterday": (lambda s: order(s, IssueInstant=instant_text(s.clock() - 86_400)), "expired"),
    "nothing at all": (lambda _: "", "wrong_message"),
    "other letters": (lambda _: "SAMLRequest=%FF&SigAlg=x&Signature=x\u00e4", None),
    "a name that no record takes": (lambda s: order(s, person="a\u0085b"), "unusable_name"),
    "an answer that nobody asked for": (lambda s: report(s, "_none", "A" * 43), "unsolicited"),
}


@pytest.mark.parametrize(("said", "refusal"), UNSOUND.values(), ids=UNSOUND)
def test_what_is_no_word_of_the_provider_ends_nothing(signing, said, refusal):
    browser = signing.browser()
    browser.sign_in()
    answer = signing.browser().get(f"{LOGOUT}?{said(signing)}")
    assert (answer.status_code, signing.denied) == (403, [["own"]])
    assert refusal is None or signing.refusals == [refusal]
    assert browser.signed_in


def test_an_order_counts_once(signing):
    said = order(signing)
    signing.browser().get(f"{LOGOUT}?{said}")
    browser = signing.browser()
    browser.sign_in()
    assert signing.browser().get(f"{LOGOUT}?{said}").status_code == 403
    assert (signing.refusals, browser.signed_in) == (["replayed"], True)


def test_of_an_order_that_comes_twice_at_once_one_counts(signing, monkeypatch):
    said = order(signing)
    signing.browser().get(f"{LOGOUT}?{said}")
    monkeypatch.setattr("auditor_portal.signing_in.facts_of_ends.was_used", lambda *_: False)
    assert signing.browser().get(f"{LOGOUT}?{said}").status_code == 409


def test_of_no_firm_and_of_one_without_a_provider_nothing_is_heard(portal_url):
    with serving(portal_url, portal.firm(), portal.auditor()) as signing:
        for path in ("/saml/nobody/logout", "/saml/NO FIRM/logout", LOGOUT):
            assert signing.browser().get(f"{path}?SAMLRequest=x").status_code == 403
        assert signing.refusals == ["unknown_firm", "unknown_firm", "provider_unusable"]


# How else a session ends


def test_a_session_ends_after_a_quarter_of_an_hour_without_a_request(signing):
    browser = signing.browser()
    browser.sign_in()
    signing.clock.seconds += sessions.IDLE - 1
    assert browser.signed_in
    signing.clock.seconds += 1
    assert not browser.signed_in


def test_a_session_ends_after_eight_hours_however_busy(signing):
    browser = signing.browser()
    browser.sign_in()
    for _ in range(0, sessions.LONGEST - 720, 720):
        signing.clock.seconds += 720
        assert browser.get("/saml/acme/login").status_code == 303  # an action, so that it counts as seen
    signing.clock.seconds += 719
    assert browser.signed_in
    signing.clock.seconds += 1
    assert not browser.signed_in


def test_a_session_ends_no_later_than_the_providers(signing):
    browser = signing.browser()
    browser.sign_in(session_ends=signing.clock() + 120)
    signing.clock.seconds += 119
    assert browser.signed_in
    signing.clock.seconds += 1
    assert not browser.signed_in


def test_one_auditor_has_so_many_sessions_and_the_oldest_ends(signing):
    browsers = []
    for _ in range(4):
        browsers.append(signing.browser())
        browsers[-1].sign_in()
        signing.clock.seconds += 1
    assert [browser.signed_in for browser in browsers] == [False, True, True, True]


@pytest.mark.parametrize("changed", [{"firm": "suspended"}, {"auditor": "revoked"}], ids=["suspended", "revoked"])
def test_who_is_shut_out_is_out_with_the_next_request(signing, changed):
    browser = signing.browser()
    browser.sign_in()
    assert browser.signed_in
    made.change(**changed)
    assert not browser.signed_in


def test_the_sessions_of_a_firm_can_be_ended_at_once(signing):
    browser = signing.browser()
    browser.sign_in()
    with portal_data.writing(portal.PERMIT) as writing:
        assert sessions.close(writing, firm="other", now=signing.clock()) == 0
        assert sessions.close(writing, firm=FIRM, now=signing.clock()) == 1
    assert not browser.signed_in


def test_a_firm_that_is_no_more_lets_nobody_stay(signing, monkeypatch):
    browser = signing.browser()
    browser.sign_in()
    monkeypatch.setattr(sessions, "find_firm", lambda _: None)
    assert not browser.signed_in
    monkeypatch.undo()
    monkeypatch.setattr(sessions, "find_auditor", lambda *_: None)
    assert not browser.signed_in
