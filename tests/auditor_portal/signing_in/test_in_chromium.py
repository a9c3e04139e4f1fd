"""Signing in as a person meets it: Chromium, a real identity provider, codes of a real clock."""

import time
from base64 import b32decode

import pytest

from app.audits import totp
from tests.auditor_portal import nano_provider, portal
from tests.auditor_portal.nano_provider import BY_CODE, PASSWORD, PASSWORD_ONLY, WITH_CODE, name_id
from tests.auditor_portal.saml import forge
from tests.auditor_portal.signing_in.signing import serving
from tests.browser import barriers, chromium, on_a_port, overflow, shoot
from tests.features.test_pages_in_chromium import Late

pytestmark = pytest.mark.slow
WIDTHS = (320, 768, 1280)


def looked_at(page, name):
    """Find nothing on a page that keeps people out, at any width; keep pictures where they are wanted."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert not overflow(page), name
        shoot(page, f"portal-{name}-{width}")
    page.emulate_media(color_scheme="dark")
    shoot(page, f"portal-{name}-dark")
    assert barriers(page) == []
    page.emulate_media(color_scheme="light")
    assert barriers(page) == []


def goes_in(page, url, firm, person, nano):
    """Say which firm one is of, and show the provider who one is."""
    page.goto(f"{url}/sign-in?next=/")
    page.get_by_label("Your firm").fill(firm)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("link", name="Go on to your firm").click()
    page.fill("[name=username]", person)
    page.fill("[name=password]", PASSWORD)
    page.locator("button[type=submit]").first.click()
    if person == WITH_CODE:
        page.fill("[name=totp_code]", nano.code())
        page.locator("button[type=submit]").first.click()


def test_auditors_sign_in_with_a_second_factor_and_nobody_does_without(portal_url, tmp_path):
    late, key = Late(), forge.key("ours").certificate_pem
    with on_a_port(late) as url, nano_provider.running(tmp_path / "idp", key) as nano, chromium() as page:
        idp, here = nano.provider.as_json(), ["127.0.0.0/8", "::1/128"]
        strict = portal.firm("strict", idp=idp, networks=here, mfa={"accepted_classes": [BY_CODE]})
        coded = portal.firm("coded", idp=idp, networks=here, mfa={"totp": True})
        people = [
            portal.auditor(name_id(person), of=firm)
            for firm in ("strict", "coded")
            for person in (PASSWORD_ONLY, WITH_CODE)
        ]
        with serving(portal_url, strict, coded, *people, origin=url, clock=time.time) as signing:
            late.app = signing.app
            page.goto(f"{url}/sign-in")
            looked_at(page, "sign-in")

            goes_in(page, url, "Strict", WITH_CODE, nano)
            page.wait_for_url(f"{url}/")
            assert page.get_by_text(name_id(WITH_CODE)).is_visible()
            assert page.evaluate("document.cookie") == ""
            page.get_by_role("button", name="Sign out").click()
            page.get_by_role("heading", name="You are signed out").wait_for()
            looked_at(page, "signed-out")
            page.context.clear_cookies()

            goes_in(page, url, "strict", PASSWORD_ONLY, nano)
            page.get_by_role("heading", name="You are not signed in").wait_for()
            assert page.get_by_text("second_factor").is_visible()
            looked_at(page, "refused")
            page.goto(f"{url}/sign-in")
            assert page.get_by_label("Your firm").is_visible()
            page.context.clear_cookies()

            goes_in(page, url, "coded", PASSWORD_ONLY, nano)
            page.get_by_role("heading", name="Set up your authenticator").wait_for()
            looked_at(page, "authenticator")
            secret = b32decode(page.locator(".secret").inner_text().replace(" ", ""))
            page.get_by_label("Code of six digits").fill("000 000")
            page.keyboard.press("Enter")
            page.get_by_role("alert").wait_for()
            looked_at(page, "wrong-code")
            page.get_by_label("Code of six digits").fill(totp.code(secret, int(time.time()) // totp.STEP))
            page.keyboard.press("Enter")
            page.wait_for_url(f"{url}/")
            assert page.get_by_role("button", name="Sign out").is_visible()
            assert [refusal for refusal in signing.refusals if refusal] == []
            assert signing.denied == [["second_factor"], ["second_factor"]]
