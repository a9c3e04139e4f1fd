"""Codes of an authenticator: the first sign-in, later ones, wrong codes, used codes, waiting."""

import html
import re
from base64 import b32decode

import pytest
from sqlmodel import select

from app.audits import authenticators, totp
from app.audits.database import portal_data
from app.audits.rows_sessions import AttemptRow, AuthenticatorRow, SessionRow
from auditor_portal.signing_in.qr_code import qr_code
from tests.auditor_portal import portal
from tests.auditor_portal.signing_in import signing as made
from tests.auditor_portal.signing_in.signing import AUDITOR, CODES, ELSEWHERE, PASSWORD, serving

PAGE = "/sign-in/code"


@pytest.fixture
def signing(portal_url, monkeypatch):
    """A portal with one firm, whose auditors give codes; it draws nothing, which takes most of a page's time."""
    monkeypatch.setattr("auditor_portal.signing_in.routes_codes.qr_code", lambda _: '<svg class="qr"></svg>')
    with serving(portal_url, made.firm(mfa=CODES), portal.auditor()) as made_:
        yield made_


def told(browser):
    """Return the secret that the page tells a new authenticator."""
    spelled = re.search(r'class="secret">([A-Z2-7 ]+)<', browser.get(PAGE).text)[1].replace(" ", "")
    return b32decode(spelled)


def begun(signing, **options):
    """Return a browser that was asked for a code."""
    browser = signing.browser(**options)
    answer = browser.sign_in(authn_class=PASSWORD)
    assert (answer.status_code, answer.location) == (303, PAGE)
    return browser


def enrolled(signing):
    """Return the secret of an auditor who has signed in once."""
    browser = begun(signing)
    secret = told(browser)
    assert browser.give(signing.code(secret)).status_code == 303
    signing.clock.seconds += 30
    return secret


def test_at_the_first_sign_in_an_authenticator_is_told_a_secret(signing):
    browser = begun(signing)
    assert browser.cookies.keys() == {"__Host-omega-audit-code"}
    assert not browser.signed_in
    page = browser.get(PAGE).text
    assert "Set up your authenticator" in page
    assert '<svg class="qr">' in page
    link = html.unescape(re.search(r'href="(otpauth:[^"]+)"', page)[1])
    assert link.startswith("otpauth://totp/Omega%20auditor%20portal:acme%2Fa.lee%40acme.example?secret=")
    answer = browser.give(signing.code(told(browser)))
    assert (answer.status_code, answer.location) == (303, "/e/soc2-2026/")
    assert browser.cookies.keys() == {"__Host-omega-audit"}
    assert browser.signed_in
    steps = [step for _, step, _, _ in signing.asked]
    assert (steps[0], steps[1], steps[-2], steps[-1]) == ("leave", "answer", "try", "code")
    assert signing.denied == []


def test_a_picture_of_the_link_stands_in_the_page_and_brings_no_style():
    drawn = qr_code("otpauth://totp/some")
    assert re.fullmatch(r'<svg [^>]*class="qr"[^>]*>.*</svg>', drawn)
    assert "style" not in drawn


def test_a_secret_is_kept_sealed_and_shown_no_more(signing):
    secret = enrolled(signing)
    browser = begun(signing)
    page = browser.get(PAGE).text
    assert ("Enter your code" in page, "otpauth" in page) == (True, False)
    with portal_data.reading() as session:
        [row] = session.exec(select(AuthenticatorRow)).all()
        [attempt] = session.exec(select(AttemptRow)).all()
        [opened] = session.exec(select(SessionRow)).all()
    assert totp.unseal(row.secret, key=signing.desk.key("totp"), auditor=AUDITOR) == secret
    assert (attempt.secret, opened.mfa_class, opened.second_factor) == (None, "totp", True)
    assert browser.give(signing.code(secret)).status_code == 303


def test_who_showed_a_second_factor_to_the_provider_is_asked_for_no_code(portal_url):
    with serving(portal_url, made.firm(mfa=CODES | made.STRONG), portal.auditor()) as signing:
        browser = signing.browser()
        assert browser.sign_in().location == "/e/soc2-2026/"
        assert browser.signed_in


def test_a_code_is_good_once(signing):
    secret = enrolled(signing)
    one, other = begun(signing), begun(signing)
    code = signing.code(secret)
    assert one.give(code).status_code == 303
    answer = other.give(code)
    assert (answer.status_code, "That code does not count" in answer.text) == (403, True)
    signing.clock.seconds += 30
    assert other.give(signing.code(secret)).status_code == 303


def test_a_code_that_another_browser_uses_at_the_same_moment_is_refused(signing, monkeypatch):
    secret = enrolled(signing)
    browser = begun(signing)
    monkeypatch.setattr(authenticators, "accept", lambda *_, **__: False)
    answer = browser.give(signing.code(secret))
    assert (answer.status_code, signing.refusals) == (403, ["code_used"])
    monkeypatch.undo()
    assert browser.give(signing.code(secret)).status_code == 303


def test_an_attempt_leads_to_one_session(signing, monkeypatch):
    secret = enrolled(signing)
    browser = begun(signing)
    monkeypatch.setattr(made.attempts, "close", lambda *_: False)
    assert browser.give(signing.code(secret)).status_code == 403
    monkeypatch.undo()
    assert authenticators.find(AUDITOR).used < int(signing.clock()) // totp.STEP  # nothing of it has happened
    assert browser.give(signing.code(secret)).status_code == 303


def test_a_wrong_code_is_on_record_and_asked_for_again(signing):
    browser = begun(signing)
    form = {"csrf": browser.csrf(PAGE)}
    for left, code in zip(
        (4, 3, 2, 1), ({"code": "000000"}, {}, {"code": "\u0661" * 6}, {"code": "1" * 99}), strict=True
    ):
        answer = browser.post(PAGE, form | code)
        assert answer.status_code == 403
        assert f"After {left} more wrong" in answer.text
    assert signing.denied == [["second_factor"]] * 4
    assert not browser.signed_in
    assert browser.give(signing.code(told(browser))).status_code == 303


def test_codes_may_have_spaces(signing):
    browser = begun(signing)
    code = signing.code(told(browser))
    assert browser.give(f" {code[:3]} {code[3:]} ").status_code == 303


def test_after_five_wrong_codes_even_the_right_one_has_to_wait(signing):
    secret = enrolled(signing)
    browser = begun(signing)
    csrf = browser.csrf(PAGE)
    give = {"csrf": csrf, "code": "000000"}
    pages = [browser.post(PAGE, give).text for _ in range(5)]
    assert "After 1 more wrong code you have to wait" in pages[3]
    assert "can be given in a while" in pages[4]
    answer = browser.post(PAGE, give | {"code": signing.code(secret)})
    assert (answer.status_code, "taken in 15 minutes" in answer.text) == (403, True)
    assert signing.refusals == ["wait"]
    assert "taken in 15 minutes" in begun(signing).get(PAGE).text
    signing.clock.seconds += totp.WAIT
    late = begun(signing)
    assert late.give(signing.code(secret)).status_code == 303
    assert authenticators.find(AUDITOR).tries.failures == 0


def test_many_codes_at_once_are_no_more_than_a_few(signing):
    secret = enrolled(signing)
    browser = begun(signing)
    known = authenticators.find(AUDITOR)
    browser.give("000000")
    with pytest.raises(authenticators.TriedMeanwhileError):
        authenticators.count_try(portal.PERMIT, AUDITOR, known, signing.clock())
    once = authenticators.find(AUDITOR)
    browser.give(signing.code(secret))
    with pytest.raises(authenticators.TriedMeanwhileError):
        authenticators.count_try(portal.PERMIT, AUDITOR, once, signing.clock())


def test_a_try_that_came_in_between_is_refused_and_on_record(signing, monkeypatch):
    browser = begun(signing)

    def meanwhile(*_):
        raise authenticators.TriedMeanwhileError

    monkeypatch.setattr(authenticators, "count_try", meanwhile)
    answer = browser.give("000000")
    assert (answer.status_code, signing.refusals) == (403, ["tried_meanwhile"])


def test_of_two_first_sign_ins_one_tells_its_authenticator(signing):
    one, other = begun(signing), begun(signing)
    mine, theirs = told(one), told(other)
    assert mine != theirs
    assert one.give(signing.code(mine)).status_code == 303
    signing.clock.seconds += 30
    assert "otpauth" not in other.get(PAGE).text
    assert other.give(signing.code(theirs)).status_code == 403
    assert other.give(signing.code(mine)).status_code == 303


def test_whoever_lost_their_authenticator_is_told_another_secret(signing):
    secret = enrolled(signing)
    waiting = begun(signing)
    with portal_data.writing(portal.PERMIT) as writing:
        authenticators.forget(writing, AUDITOR)
    assert waiting.get(PAGE).status_code == 403  # nothing was told to this one
    browser = begun(signing)
    assert told(browser) != secret
    assert browser.give(signing.code(told(browser))).status_code == 303


def test_a_secret_under_another_key_of_the_portal_lets_nobody_in(signing):
    browser = begun(signing)
    with portal_data.writing(portal.PERMIT) as writing:
        [row] = writing.exec(select(AttemptRow)).all()
        row.secret = totp.seal(bytes(20), key=bytes([1] * 32), auditor=AUDITOR, random=bytes)
        writing.add(row)
    answer = browser.get(PAGE)
    assert (answer.status_code, "It was not shown" in answer.text or "who signs in" in answer.text) == (403, True)


STRANGERS = {
    "nobody who was asked": lambda signing: signing.browser(),
    "another browser": lambda signing: with_cookies(signing.browser(agent="Browser/2"), begun(signing)),
    "too late": lambda signing: later(signing, begun(signing), 600),
}


def with_cookies(browser, other):
    for cookie in other.cookies.values():
        browser.client.set_cookie(cookie.key, cookie.value)
    return browser


def later(signing, browser, seconds):
    signing.clock.seconds += seconds
    return browser


@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS)
def test_a_code_is_taken_of_whom_the_provider_named_just_now(signing, stranger):
    browser = stranger(signing)
    for answer in (browser.get(PAGE), browser.post(PAGE, {"code": "000000"})):
        assert (answer.status_code, "Nobody is waiting for a code" in answer.text) == (403, True)
    assert signing.refusals == ["no_attempt", "no_attempt"]


def test_an_attempt_is_no_session(signing):
    browser = begun(signing)
    token = browser.cookies["__Host-omega-audit-code"].value
    browser.client.set_cookie("__Host-omega-audit", token)
    assert not browser.signed_in


def test_a_session_is_no_attempt(signing):
    browser = begun(signing)
    browser.give(signing.code(told(browser)))
    browser.client.set_cookie("__Host-omega-audit-code", browser.cookies["__Host-omega-audit"].value)
    assert "Nobody is waiting" in browser.get(PAGE).text


@pytest.mark.parametrize(
    ("changed", "failed"),
    [({"firm": "suspended"}, "firm_active"), ({"auditor": "revoked"}, "auditor_active")],
    ids=["a firm that was suspended", "an auditor who was revoked"],
)
def test_who_was_shut_out_while_they_were_asked_gives_no_code(signing, changed, failed):
    browser = begun(signing)
    code, csrf = signing.code(told(browser)), browser.csrf(PAGE)
    made.change(**changed)
    answer = browser.post(PAGE, {"csrf": csrf, "code": code})
    assert (answer.status_code, failed in answer.text, signing.denied) == (403, True, [[failed]])


def test_a_firm_that_is_no_more_has_no_codes(signing, monkeypatch):
    browser = begun(signing)
    monkeypatch.setattr("auditor_portal.signing_in.facts.find_firm", lambda _: None)
    assert browser.get(PAGE).status_code == 403
    assert signing.refusals == ["unknown_firm"]


def test_a_code_from_elsewhere_is_not_looked_at(signing):
    browser = begun(signing)
    browser.client.environ_base["REMOTE_ADDR"] = ELSEWHERE
    assert browser.get(PAGE).status_code == 403
    assert signing.denied == [["address"]]
    assert authenticators.find(AUDITOR).tries.failures == 0


def test_forms_for_codes_come_from_a_page_of_this_attempt(signing):
    browser, other = begun(signing), begun(signing)
    code = {"code": signing.code(told(browser))}
    theirs = other.csrf(PAGE)
    for data, site in ((code, "same-origin"), (code | {"csrf": theirs}, "same-origin"), (code, "cross-site")):
        answer = browser.post(PAGE, data, site=site)
        assert (answer.status_code, "does not come from a page" in answer.text) == (403, True)
    assert authenticators.find(AUDITOR).tries.failures == 0
