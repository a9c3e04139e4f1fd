"""Signing in by a firm's provider: what a browser keeps, what is on record, and who is told what."""

import re

import pytest
from sqlmodel import select

from app.audits.database import portal_data
from app.audits.rows_sessions import SessionRow
from tests.auditor_portal import portal
from tests.auditor_portal.signing_in import signing as made
from tests.auditor_portal.signing_in.signing import (
    AUDITOR,
    CODES,
    ELSEWHERE,
    NOW,
    PASSWORD,
    STRONG,
    change,
    serving,
)

WHY = "identity provider has named you"
NOTHING = "It was not shown that you may"


def gates(answer):
    return sorted(re.findall(r"<code>([a-z_]+)</code></li>", answer.text))


def test_an_auditor_signs_in_and_comes_to_the_page_that_they_wanted(signing):
    browser = signing.browser()
    answer = browser.sign_in()
    assert (answer.status_code, answer.location) == (303, "/e/soc2-2026/")
    assert browser.signed_in
    assert [asked[:3] for asked in signing.asked] == [
        ("auditor_portal.sign_in", "leave", ""),
        ("auditor_portal.sign_in", "answer", ""),
    ]
    assert signing.asked[-1][-1].id == AUDITOR
    assert signing.denied == []


def test_its_cookie_is_for_this_host_and_https_and_out_of_reach_of_scripts(signing):
    browser = signing.browser()
    browser.leave()
    away = browser.cookies["__Host-omega-audit-away"]
    assert (away.secure, away.http_only, away.same_site) == (True, True, "None")
    browser.sign_in()
    assert browser.cookies.keys() == {"__Host-omega-audit"}
    cookie = browser.cookies["__Host-omega-audit"]
    assert (cookie.secure, cookie.http_only, cookie.same_site, cookie.path) == (True, True, "Lax", "/")
    with portal_data.reading() as session:
        [row] = session.exec(select(SessionRow)).all()
    assert cookie.value not in row.model_dump().values()
    assert (row.auditor, row.second_factor, len(row.token_hash), len(row.agent_hash)) == (AUDITOR, True, 64, 64)


def test_over_plain_http_a_cookie_is_for_plain_http(portal_url):
    with serving(portal_url, origin="http://127.0.0.1:8430") as signing:
        browser = signing.browser()
        browser.sign_in()
        assert (browser.cookies.keys(), browser.signed_in) == ({"omega-audit"}, True)


def test_firms_are_not_listed_and_any_name_leads_on(signing):
    pages = {}
    for name, slug in {"ACME": "acme", "North & Partners, LLP": "north-partners-llp"}.items():
        page = signing.browser().client.get("/sign-in", query_string={"firm": name, "next": "/e/x/"}).text
        assert f'href="/saml/{slug}/login?next=/e/x/"' in page
        pages[name] = page.replace(slug, "").replace(name.replace("&", "&amp;"), "")
    assert len(set(pages.values())) == 1
    assert "Firm acme" not in signing.browser().get("/sign-in").text
    assert signing.asked == []


@pytest.mark.parametrize("name", ["", "!!!", "\u00e4", "../.."], ids=ascii)
def test_what_is_no_name_is_asked_for_again(signing, name):
    page = signing.browser().client.get("/sign-in", query_string={"firm": name}).text
    assert ("Continue" in page, "/saml/" in page) == (True, False)


@pytest.mark.parametrize(
    "place", ["//evil.example/", "https://evil.example", "/\\evil.example", "/a\nb", "javascript:1", "/%2e%2e//x", ""]
)
def test_nobody_is_led_to_another_site(signing, place):
    browser = signing.browser()
    answer = browser.client.get("/sign-in", query_string={"next": place})
    assert 'name="next" value="/"' in answer.text
    answer = browser.client.get("/saml/acme/login", query_string={"next": place}, headers={"user-agent": made.AGENT})
    request, relay_state = browser.leave(place="/")
    assert browser.come_back(browser.answered(request, relay_state)).location == "/"


def test_the_answer_of_a_page_is_not_kept(signing):
    answer = signing.browser().get("/sign-in")
    assert answer.headers["cache-control"] == "no-store"
    assert "form-action 'self'" in answer.headers["content-security-policy"]


def test_a_provider_is_told_who_we_are_whether_there_is_such_a_firm_or_not(signing):
    for firm in ("acme", "nobody"):
        answer = signing.browser().get(f"/saml/{firm}/metadata")
        assert (answer.status_code, answer.mimetype) == (200, "application/samlmetadata+xml")
        assert f'entityID="https://portal.example/saml/{firm}/metadata"' in answer.text
    assert signing.browser().get("/saml/NO FIRM/metadata").status_code == 404
    assert signing.asked == []


REFUSED = {
    "a password alone": ({}, {}, {"authn_class": PASSWORD}, ["second_factor"]),
    "a second factor of long ago": (STRONG | {"max_age_minutes": 5}, {}, {"signed_in": NOW - 900}, ["second_factor"]),
    "a firm that was suspended meanwhile": (STRONG, {"firm": "suspended"}, {}, ["firm_active"]),
    "an auditor who was revoked meanwhile": (STRONG, {"auditor": "revoked"}, {}, ["auditor_active"]),
}


@pytest.mark.parametrize(("mfa", "changed", "said", "failed"), REFUSED.values(), ids=REFUSED)
def test_a_known_auditor_is_told_why(portal_url, mfa, changed, said, failed):
    with serving(portal_url, made.firm(mfa=mfa), portal.auditor()) as signing:
        browser = signing.browser()
        form = browser.answered(*browser.leave(), **said)
        change(**changed)
        answer = browser.come_back(form)
        assert (answer.status_code, WHY in answer.text, gates(answer)) == (403, True, failed)
        assert signing.denied == [failed]
        assert "is on record as decision" in answer.text
        assert not browser.signed_in


def test_a_known_auditor_elsewhere_is_told_why(signing):
    browser = signing.browser()
    form = browser.answered(*browser.leave())
    browser.client.environ_base["REMOTE_ADDR"] = ELSEWHERE
    answer = browser.come_back(form)
    assert (answer.status_code, gates(answer), ELSEWHERE in answer.text) == (403, ["address"], True)


def test_whom_nobody_named_is_told_nothing(signing):
    browser = signing.browser()
    answer = browser.sign_in(person="stranger@acme.example")
    assert (answer.status_code, NOTHING in answer.text, gates(answer)) == (403, True, [])
    assert signing.denied == [["auditor_active"]]
    assert "auditor_active" not in answer.text


def test_for_a_program_the_same_is_a_document(signing):
    browser = signing.browser()
    form = browser.answered(*browser.leave(), authn_class=PASSWORD)
    answer = browser.come_back(form, accept="application/json")
    assert (answer.status_code, [gate["id"] for gate in answer.json["gates"]]) == (403, ["second_factor"])
    answer = browser.come_back(form | {"SAMLResponse": "none"}, accept="application/json")
    assert answer.json.keys() == {"type", "title", "status", "decision_id"}


@pytest.mark.parametrize("firm", ["nobody", "NO FIRM", "a" * 40], ids=["no firm", "no name", "too long a name"])
def test_to_the_provider_of_no_firm_nobody_is_sent(signing, firm):
    answer = signing.browser().get(f"/saml/{firm}/login")
    assert (answer.status_code, NOTHING in answer.text, gates(answer)) == (403, True, [])
    assert signing.denied == [["address", "firm_active"]]


def test_from_elsewhere_nobody_is_sent_to_a_provider(signing):
    answer = signing.browser(address=ELSEWHERE).get("/saml/acme/login")
    assert (answer.status_code, NOTHING in answer.text, signing.denied) == (403, True, [["address"]])


def test_a_firm_whose_provider_cannot_be_used_signs_nobody_in(portal_url):
    with serving(portal_url, portal.firm(), portal.auditor()) as signing:
        assert signing.browser().get("/saml/acme/login").status_code == 403
        browser = signing.browser()
        assert browser.come_back({"SAMLResponse": "x", "RelayState": "y"}).status_code == 403
        assert signing.refusals == ["provider_unusable"]


@pytest.mark.parametrize(
    ("mfa", "asked"),
    [
        (STRONG, True),
        (CODES | STRONG, False),
        (STRONG | {"attribute": {"name": "mfa", "value": "yes"}}, False),
    ],
    ids=["a class is wanted", "a code would do", "an attribute would do"],
)
def test_a_provider_is_asked_for_a_class_where_nothing_else_will_do(portal_url, mfa, asked):
    with serving(portal_url, made.firm(mfa=mfa), portal.auditor()) as signing:
        browser = signing.browser()
        browser.leave()
        assert (b"RequestedAuthnContext" in browser.message) is asked


def test_a_portal_without_a_desk_signs_nobody_in(portal):
    browser = portal.visitor()
    assert browser.get("/sign-in").status_code == 200
    assert browser.get("/saml/acme/metadata").status_code == 404
    assert browser.get("/sign-in/code").status_code == 404
