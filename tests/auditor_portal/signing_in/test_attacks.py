"""Attacks on signing in and on sessions: none leads to a session, none to an error of ours, each leaves a record."""

from ipaddress import ip_network

import pytest
from lxml import etree

from app.audits import saml_tables, sessions
from auditor_portal.application import MAX_BODY
from tests.auditor_portal import portal
from tests.auditor_portal.saml import forge
from tests.auditor_portal.signing_in import signing as made
from tests.auditor_portal.signing_in.signing import ELSEWHERE, HERE, serving

NOTHING = "It was not shown that you may"
COOKIE = "__Host-omega-audit"


def refused(signing, answer, refusal):
    """Whoever sent this is told nothing, has no session, and it is on record why."""
    assert (answer.status_code, NOTHING in answer.text) == (403, True)
    assert COOKIE not in answer.headers.get("set-cookie", "")
    assert signing.refusals[-1] == refusal
    assert "verified" in signing.denied[-1]
    assert signing.asked[-1][-1].type == "firm"
    return True


def tampered(form, old, new):
    data = made.b64decode(form["SAMLResponse"])
    assert old in data
    return form | {"SAMLResponse": forge.brought(data.replace(old, new))}


def unsigned(form):
    root = etree.fromstring(made.b64decode(form["SAMLResponse"]))
    for each in root.findall(f".//{forge.DS}Signature"):
        each.getparent().remove(each)
    return form | {"SAMLResponse": forge.brought(root)}


FORGED = {
    "nothing at all": (lambda _: {}, "not_xml"),
    "no base64": (lambda form: form | {"SAMLResponse": "<Response>"}, "not_base64"),
    "another person in it": (lambda form: tampered(form, b"a.lee@", b"b.lee@"), "bad_signature"),
    "a document type": (lambda form: tampered(form, b"<samlp:Response", b"<!DOCTYPE a><samlp:Response"), None),
    "no signature": (unsigned, "unsigned"),
    "no RelayState": (lambda form: {"SAMLResponse": form["SAMLResponse"]}, "wrong_relay_state"),
    "another RelayState": (lambda form: form | {"RelayState": "A" * 43}, "wrong_relay_state"),
    "a RelayState that is a place": (lambda form: form | {"RelayState": "https://evil.example/"}, "wrong_relay_state"),
}


@pytest.mark.parametrize(("change", "refusal"), FORGED.values(), ids=FORGED)
def test_an_answer_that_was_meddled_with(signing, change, refusal):
    browser = signing.browser()
    form = change(browser.answered(*browser.leave()))
    answer = browser.come_back(form)
    assert refused(signing, answer, refusal or signing.refusals[-1])


def test_an_answer_counts_once(signing):
    browser = signing.browser()
    assert browser.sign_in().status_code == 303
    assert refused(signing, browser.come_back(browser.form), "replayed")


def test_of_an_answer_that_comes_twice_at_once_one_counts(signing, monkeypatch):
    browser = signing.browser()
    browser.form = browser.answered(*browser.leave())
    browser.client.set_cookie("__Host-omega-audit-away", browser.cookies["__Host-omega-audit-away"].value)
    found = saml_tables.find_request

    def as_if_unused(name):
        seen = found(name)
        return seen and made.replace(seen, used=False)

    away = browser.cookies["__Host-omega-audit-away"].value
    assert browser.come_back(browser.form).status_code == 303
    monkeypatch.setattr("auditor_portal.saml.receiving.find_request", as_if_unused)
    monkeypatch.setattr("auditor_portal.saml.receiving.was_used", lambda *_: False)
    browser.client.set_cookie("__Host-omega-audit-away", away)
    answer = browser.come_back(browser.form)
    assert (answer.status_code, signing.refusals) == (403, ["replayed"])
    assert COOKIE + "=" not in answer.headers.get("set-cookie", "")


def test_an_answer_that_nobody_asked_for(signing):
    browser = signing.browser()
    assert refused(signing, browser.come_back(browser.answered("_none", "A" * 43)), "unsolicited")


def test_an_answer_to_a_request_of_long_ago(signing):
    browser = signing.browser()
    asked = browser.leave()
    signing.clock.seconds += saml_tables.LIFETIME
    assert refused(signing, browser.come_back(browser.answered(*asked)), "request_expired")


def test_an_answer_with_another_browser_than_the_one_that_left(signing):
    browser, victim = signing.browser(), signing.browser()
    form = browser.answered(*browser.leave())
    assert refused(signing, victim.come_back(form), "other_browser")
    victim.leave()
    assert refused(signing, victim.come_back(form), "other_browser")
    assert browser.come_back(form).status_code == 303


def test_an_answer_of_one_firm_brought_to_another(portal_url):
    other = portal.auditor(of="other")
    with serving(portal_url, made.firm(), made.firm("other"), portal.auditor(), other) as signing:
        browser = signing.browser()
        form = browser.answered(*browser.leave())
        assert refused(signing, browser.come_back(form, of="other"), "unsolicited")
        ours = signing.ours("acme")
        form = browser.answered(*browser.leave(of="other"), of="other", audiences=[[ours.entity_id]])
        assert refused(signing, browser.come_back(form, of="other"), "wrong_audience")


@pytest.mark.parametrize("firm", ["nobody", "NO FIRM"], ids=["no firm", "no name"])
def test_an_answer_brought_to_no_firm(signing, firm):
    browser = signing.browser()
    form = browser.answered(*browser.leave())
    answer = browser.come_back(form, of=firm)
    assert refused(signing, answer, "unknown_firm")


def test_a_name_that_no_record_takes(signing):
    browser = signing.browser()
    assert refused(signing, browser.sign_in(person="a\u0085b"), "unusable_name")


@pytest.mark.parametrize(
    ("body", "kind", "refusal"),
    [
        (b"SAMLResponse=" + b"A" * (9 << 20), "application/x-www-form-urlencoded", "too_large"),
        (b"{", "application/json", "not_a_form"),
        (b"SAMLResponse", "text/plain", "not_xml"),
        (b"", "multipart/form-data; boundary=x", "not_xml"),
    ],
    ids=["larger than any", "JSON that is none", "no form", "an empty form"],
)
def test_a_body_that_is_no_answer(signing, body, kind, refusal):
    headers = {"accept": "text/html", "content-type": kind}
    answer = signing.browser().client.post("/saml/acme/acs", data=body, headers=headers)
    assert refused(signing, answer, refusal)


def permits(request, _):
    """Permit anything."""
    return made.replace(portal.PERMIT, request=request)


def test_whatever_policy_would_permit_nobody_comes_in_of_whom_nothing_was_shown(signing, monkeypatch):
    monkeypatch.setattr(signing.spy, "enforce", permits)
    browser = signing.browser()
    for answer in (
        browser.come_back({"SAMLResponse": "none", "RelayState": "none"}),
        browser.come_back({}, of="nobody"),
        browser.get("/saml/nobody/login"),
        browser.get("/sign-in/code"),
        browser.post("/sign-in/code", {"code": "000000"}),
        browser.get("/saml/acme/logout?SAMLRequest=none"),
        browser.client.post("/saml/acme/acs", data=b"{", content_type="application/json"),
    ):
        assert answer.status_code == 403
    assert not browser.signed_in
    assert browser.post("/sign-out", {}).status_code == 404


# Sessions


def test_a_cookie_that_somebody_made_up(signing):
    signing.browser().sign_in()
    browser = signing.browser()
    for value in ("", "A" * 43, "A" * 200, "\u00e4", "None", "0" * 64, "'; --"):
        for name in (COOKIE, "omega-audit", "__Host-omega-audit-code", "__Host-omega"):
            browser.client.set_cookie(name, value)
        assert not browser.signed_in


def test_the_hash_that_lies_in_the_database_is_no_cookie(signing):
    browser = signing.browser()
    browser.sign_in()
    stolen = sessions.hashed(browser.cookies[COOKIE].value)
    browser.client.set_cookie(COOKIE, stolen)
    assert not browser.signed_in


def test_a_cookie_that_was_there_before_signing_in_is_never_taken_up(signing):
    victim, attacker = signing.browser(), signing.browser()
    attacker.sign_in()
    planted = attacker.cookies[COOKIE].value
    victim.client.set_cookie(COOKIE, planted)
    victim.client.set_cookie("__Host-omega-audit-code", "A" * 43)
    victim.sign_in()
    assert victim.cookies[COOKIE].value != planted
    victim.sign_out()
    assert attacker.signed_in


def test_a_stolen_cookie_in_another_browser(signing):
    browser = signing.browser()
    browser.sign_in()
    thief = signing.browser(agent="Browser/2")
    thief.client.set_cookie(COOKIE, browser.cookies[COOKIE].value)
    assert not thief.signed_in
    assert browser.signed_in


def test_a_form_without_the_token_of_the_session_or_of_another_site(signing):
    browser = signing.browser()
    browser.sign_in()
    own = {"csrf": browser.csrf("/sign-in")}
    wrong = [(data, "same-origin") for data in ({}, {"csrf": ""}, {"csrf": "0" * 64})]
    for data, site in (*wrong, (own, "cross-site"), (own, "same-site")):
        answer = browser.post("/sign-out", data, site=site)
        assert (answer.status_code, "does not come from a page" in answer.text) == (403, True)
    assert browser.signed_in


def test_a_stranger_says_that_he_comes_from_the_firm(signing):
    stranger = signing.browser(address=ELSEWHERE)
    for name in ("x-forwarded-for", "x-real-ip", "forwarded", "client-ip", "true-client-ip", "x-client-ip"):
        value = f"for={HERE}" if name == "forwarded" else HERE
        assert stranger.get("/saml/acme/login", **{name: value}).status_code == 403
    assert signing.denied == [["address"]] * 6


def test_a_proxy_of_ours_says_where_somebody_comes_from(portal_url):
    with serving(portal_url, proxies=(ip_network("10.0.0.0/24"),)) as signing:
        browser = signing.browser(address="10.0.0.7")
        assert browser.get("/saml/acme/login", **{"x-forwarded-for": f"{ELSEWHERE}, {HERE}"}).status_code == 303
        assert browser.get("/saml/acme/login", **{"x-forwarded-for": f"{HERE}, {ELSEWHERE}"}).status_code == 403
        assert browser.get("/saml/acme/login", **{"x-forwarded-for": "rubbish"}).status_code == 403
        assert browser.get("/saml/acme/login").status_code == 403


def test_no_other_method_does_anything(signing):
    client = signing.browser().client
    for path in ("/saml/acme/acs", "/sign-out", "/sign-in/code"):
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD"):
            answer = client.open(path, method=method, headers={"sec-fetch-site": "same-origin"})
            assert answer.status_code in {403, 405}
            assert COOKIE not in answer.headers.get("set-cookie", "")


def test_whatever_policy_would_permit_no_second_factor_is_claimed_that_was_not_shown(signing, monkeypatch):
    monkeypatch.setattr(signing.spy, "enforce", permits)
    browser = signing.browser()
    assert browser.sign_in(authn_class=made.PASSWORD).status_code == 303
    token = browser.cookies[COOKIE].value
    with signing.app.test_request_context(headers={"user-agent": made.AGENT}):
        found = sessions.find(token, signing.desk.agent(), signing.clock())
    assert (found.second_factor, found.mfa_class) == (False, made.PASSWORD)


def test_one_address_that_asks_without_end_leaves_something_to_the_others(portal_url):
    now = [0.0]
    with serving(portal_url, ticks=lambda: now[0]) as signing:
        stranger, auditor = signing.browser(address=ELSEWHERE), signing.browser()
        answers = [stranger.get("/sign-in").status_code for _ in range(60)]
        assert (answers.count(200), answers.count(429)) == (40, 20)
        assert auditor.sign_in().status_code == 303
        now[0] += 1
        assert [stranger.get("/sign-in").status_code for _ in range(3)] == [200, 200, 429]
        assert auditor.signed_in


def test_answers_too_large_to_read_leave_no_more_records_than_one_address_may_make(portal_url):
    now = [0.0]
    with serving(portal_url, ticks=lambda: now[0]) as signing:
        stranger, auditor = signing.browser(address=ELSEWHERE), signing.browser()
        large, form = b"A" * (MAX_BODY + 1), {"content-type": "application/x-www-form-urlencoded"}
        answers = [stranger.come_back(large, **form) for _ in range(60)]
        assert [each.status_code for each in answers] == [403] * 40 + [429] * 20
        assert refused(signing, answers[39], "too_large")
        assert signing.refusals == ["too_large"] * 40
        assert len(signing.denied) == 40
        assert auditor.sign_in().status_code == 303
        now[0] += 1
        assert [stranger.come_back(large, **form).status_code for _ in range(3)] == [403, 403, 429]
        assert signing.refusals == ["too_large"] * 42
