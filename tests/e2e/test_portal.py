"""An audit, from the officer who lets a firm in to the auditor who leaves with a workpaper, in a real browser.

The node, the portal beside it and the identity provider of `examples/` run as processes of their own. What the test
does that nobody else does: it has the engagement's period end now, as forms know whole days.
"""

import json
import re
import subprocess
import sys
import time
import urllib.request
import zipfile
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from nanoidp.services.totp import generate_totp
from playwright.sync_api import sync_playwright
from sqlalchemy import create_engine, text

from tests.browser import QUIET, chromium_path
from tests.identity_provider import free_port
from tests.pdp.evaluating import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PASSWORD = "correct-horse"  # noqa: S105 - of an example
PATIENCE = 120  # seconds, on a busy machine
RECORDS = 5
TIME_SYNC = "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken"


@contextmanager
def provider(port, omega):
    """Run the identity provider that newcomers are given; yield its metadata."""
    command = [sys.executable, "examples/identity_provider.py", "--port", str(port), "--omega", omega]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield until(lambda: httpx.get(f"http://127.0.0.1:{port}/saml/metadata", timeout=5).text)
    finally:
        process.terminate()
        process.wait(20)


def until(look):
    """Return what `look` finds, once it finds something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if found := look():
                return found
        except (httpx.TransportError, AssertionError):
            pass
        time.sleep(0.2)
    raise AssertionError("it does not come")


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, browser, home):
        self._context = browser.new_context(reduced_motion="reduce", accept_downloads=True)
        self._context.route(lambda url: not url.startswith("http://127.0.0.1"), lambda route: route.abort())
        self._context.set_default_timeout(30_000)
        self.page, self.home, self.secret = self._context.new_page(), home, ""

    def go(self, path):
        """Look at a page; return its status."""
        return self.page.goto(self.home + path).status

    def fill(self, **fields):
        for name, value in fields.items():
            self.page.fill(f"main [name={name}]", value)

    def follow(self, selector):
        """Click what leads to another page, and wait until it is there."""
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()

    def press(self, label):
        self.follow(f"main button:has-text('{label}')")

    def see(self):
        return self.page.inner_text("main")

    def show(self, name, code=None):
        """Type name and password at the identity provider, and a code where there is one."""
        self.page.fill("input[name=username]", name)
        if not self.page.locator("input[name=password]").count():
            self.page.click("button[type=submit]")
        self.page.fill("input[name=password]", PASSWORD)
        self.page.click("button[type=submit]")
        if code:
            self.page.fill("input[name=totp_code]", code())
            self.page.click("button[type=submit]")

    def download(self, label, path):
        with self.page.expect_download() as found:
            self.page.locator(f"main a:has-text('{label}')").first.click()
        found.value.save_as(path)
        return path


class Officer(Person):
    """Lets firms in."""

    def sign_in(self):
        code = [sys.executable, "examples/identity_provider.py", "--code"]
        self.go("/engagements/firms")
        self.page.locator("main :is(a, button):has-text('Sign in')").first.click()
        self.show("maria", lambda: subprocess.check_output(code, cwd=ROOT, text=True).strip())
        self.page.wait_for_url(f"{self.home}/engagements/firms")

    def let_in(self, firm, metadata, auditor):
        self.go("/engagements/firms")
        self.fill(id=firm, name=f"Firm {firm}", metadata=metadata, networks="127.0.0.1/32")
        self.page.check("main [name=totp]")
        self.page.click("main form:has([name=metadata]) button")
        self.page.fill("#name-id", auditor)
        self.page.fill("#auditor-name", "Ada Lee")
        self.press("Name an auditor")

    def open(self, engagement, firm):
        today = datetime.now(UTC).date()
        self.go("/engagements/")
        self.page.select_option("main [name=firm]", firm)
        self.fill(id=engagement, title=f"Audit {engagement}", period_first=str(today - timedelta(days=30)))
        self.fill(period_last=str(today), first=str(today), last=str(today + timedelta(days=30)))
        self.page.check("main [name=frameworks][value=soc2]")
        self.page.click("main form:has([name=period_first]) button")
        self.page.click("form[aria-label='Add an auditor'] button")

    def change(self, firm, **fields):
        """Say something else of a firm."""
        self.go(f"/engagements/firms/{firm}")
        for name, value in fields.items():
            field = self.page.locator(f"main form:has([name=metadata]) [name={name}]")
            field.set_checked(value) if isinstance(value, bool) else field.fill(value)
        self.press("Keep")


class Auditor(Person):
    """Signs in at the firm's identity provider."""

    def sign_in(self, firm="acme"):
        """Do so as far as it goes; return what the last page says."""
        self.go(f"/sign-in?firm={firm}")
        self.page.click("main a:has-text('Go on to your firm')")
        self.page.wait_for_selector(
            "input[name=username], body:not(:has(a:has-text('Go on to your firm'))) main#content"
        )
        if not self.page.url.startswith(self.home):  # who has been there already is sent back at once
            self.show("a.lee")
            self.page.wait_for_url(f"{self.home}/**")
        if self.page.locator("code.secret").count():
            self.secret = self.page.inner_text("code.secret").replace(" ", "")
        if self.page.locator("input[name=code]").count():
            self.fill(code=generate_totp(self.secret))
            self.press("Sign in")
        return self.see()


@pytest.fixture
def world(serving):
    """A node with a portal, an identity provider, a browser: the service, its metadata, an officer and an auditor."""
    ports = {"OMEGA_PORT": free_port(), "OMEGA_PORTAL_PORT": free_port()}
    issuer, node, portal = free_port(), *(f"http://127.0.0.1:{port}" for port in ports.values())
    told = {"OMEGA_PORTAL_URL": portal, "OMEGA_OIDC_ISSUER": f"http://127.0.0.1:{issuer}", "OMEGA_OPA": "none"}
    with (
        provider(issuer, node) as metadata,
        sync_playwright() as playwright,
        closing(playwright.chromium.launch(executable_path=chromium_path(), args=list(QUIET))) as browser,
    ):
        service = serving(**ports, **told)
        until(lambda: httpx.get(f"{portal}/readyz").status_code == 200)
        yield service, metadata, Officer(browser, node), Auditor(browser, portal)


def publish(service):
    """Have decisions on record."""
    headers = {"authorization": f"Bearer {service.token()}", "content-type": "application/json"}
    body = (ROOT / "examples" / "publish.json").read_bytes()
    for _ in range(RECORDS):
        request = urllib.request.Request(f"{service.url}/access/v1/evaluation", body, headers)  # noqa: S310 - ours
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            assert json.load(answer)["decision"] is True


def end_the_period(service):
    engine = create_engine(service.settings.audits)
    with engine.begin() as connection:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.999999Z")
        connection.execute(text("UPDATE audit_engagement SET period_end = :now"), {"now": now})
    engine.dispose()


def test_an_audit_from_the_firms_first_day_to_its_last(world, serving, tmp_path):
    service, metadata, officer, auditor = world
    officer.sign_in()
    for firm, engagement in (("acme", "soc2"), ("other", "theirs")):
        officer.let_in(firm, metadata, "a.lee@firm.example")
        officer.open(engagement, firm)
    publish(service)

    # the auditor comes in, with a second factor that they set up now
    assert "Audit soc2" in auditor.sign_in()
    assert "Audit theirs" not in auditor.see()
    assert (auditor.go("/e/theirs/"), auditor.see()) == (404, seen := auditor.see())
    assert (auditor.go("/e/nothing/"), without_ids(auditor.see())) == (404, without_ids(seen))

    # they open a record, and verify it in their browser, which asks nobody
    until(lambda: auditor.go("/e/soc2/records?action=marketplace.publish") and rows(auditor) == RECORDS)
    end_the_period(service)
    auditor.follow("main table a")
    assert "marketplace.publish" in auditor.see()
    proof = until(lambda: auditor.page.reload() and offered(auditor, "Proof that it is in the log"))
    auditor.download(proof, tmp_path / "a.tlog-proof")
    auditor.follow("main form[action$='/replay'] button")
    assert "gives the recorded result, member by member" in auditor.see()
    verify(auditor, service, tmp_path / "a.tlog-proof")

    # they test a control again, draw a sample, and write down what they saw
    auditor.go("/e/soc2/controls")
    auditor.press("Run all tests again")
    until(lambda: auditor.page.reload() and "running" not in auditor.see().lower())
    auditor.follow("form[action$='/controls/capacity/again'] button")
    until(lambda: auditor.page.reload() and auditor.page.locator("#policies").count())
    assert auditor.page.locator("main tbody tr td").all_inner_texts()[1:] == [str(RECORDS), "0", "0", "0", "0"]
    auditor.go("/e/soc2/controls/capacity")
    auditor.press(f"Draw {RECORDS} of its records")
    auditor.page.locator("main [name=result]").first.check()
    auditor.press("Keep the result")
    assert "How anybody draws it again" in auditor.see()

    # they leave with a workpaper that needs no trust in us
    auditor.go("/e/soc2/reports")
    auditor.page.select_option("main [name=format]", label="workpaper, with evidence (zip)")
    auditor.press("Make the report")
    name = until(lambda: auditor.page.reload() and offered(auditor, "Download"))
    with zipfile.ZipFile(auditor.download(name, tmp_path / "workpaper.zip")) as archive:
        archive.extractall(tmp_path / "workpaper")
    verifier = [
        sys.executable,
        "verify_workpaper.py",
        tmp_path / "workpaper",
        "--key",
        service.settings.keys / "log.vkey",
    ]
    said = subprocess.run(verifier, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (said.returncode, "1 samples of the auditor" in said.stdout) == (0, True), said.stdout + said.stderr

    verify(auditor, service, tmp_path / "workpaper.zip")
    refusals(officer, auditor)
    elsewhere(serving, service, tmp_path)
    assert service.stop() == 0
    assert service.omega("evidence", "verify").returncode == 0
    assert "Traceback" not in service.log


def verify(auditor, service, path):
    """Have the browser verify a file, on the page that opens no connection."""
    auditor.go("/e/soc2/verify")
    auditor.page.fill("#verify-key", (service.settings.keys / "log.vkey").read_text())
    auditor.page.set_input_files("#verify-choose", [path])
    auditor.page.wait_for_selector(".verify-result")
    assert auditor.page.locator(".verify-result.verify-holds").count() == 1, auditor.see()


def refusals(officer, auditor):
    """What is over, from elsewhere, or without a second factor: told to who may know, and to nobody else."""
    officer.change("acme", networks="192.0.2.0/24")
    assert auditor.go("/e/soc2/") == 403
    assert "network" in auditor.see()
    officer.change("acme", networks="127.0.0.1/32")
    assert auditor.go("/e/soc2/") == 200
    officer.go("/engagements/e/soc2")
    officer.press("End")
    assert auditor.go("/e/soc2/") == 403
    assert "ended" in auditor.see()
    auditor.page.click("header button:has-text('Sign out')")
    assert auditor.go("/e/soc2/") == 200
    assert "/sign-in" in auditor.page.url
    officer.change("acme", totp=False, accepted_classes=TIME_SYNC)
    assert "second factor" in auditor.sign_in()
    officer.change("acme", networks="192.0.2.0/24")
    assert "It was not shown that you may" in auditor.sign_in()  # from elsewhere nobody is told what is missing
    assert auditor.go("/") == 200
    assert "/sign-in" in auditor.page.url


def elsewhere(serving, service, tmp_path):
    """A portal on a host of its own has the log's verifier key and a token, and asks that node."""
    data = tmp_path / "apart"
    (data / "keys").mkdir(mode=0o700, parents=True)
    (data / "keys" / "log.vkey").write_text((service.settings.keys / "log.vkey").read_text())
    (tmp_path / "token").write_text(service.token("portal"))
    told = {"OMEGA_DECISION_URL": service.url, "OMEGA_STORE": service.settings.store}
    told |= {"OMEGA_PORTAL_URL": "https://audit.example.org", "OMEGA_PORTAL_PORT": 0}
    portal = serving("apart", planes=["portal"], OMEGA_PORTAL_TOKEN_FILE=tmp_path / "token", **told)
    answer = httpx.get(f"{portal.url}/e/soc2/", headers={"accept": "application/json"})
    assert (answer.status_code, "decision_id" in answer.json()) == (404, True)
    assert answer.headers["strict-transport-security"]
    assert portal.stop() == 0
    assert sorted(path.name for path in (data / "keys").iterdir()) == ["log.vkey", "portal.key", "saml.pem"]
    assert not (data / "journal").exists()


def rows(person):
    return person.page.locator("main table tbody tr").count()


def offered(person, label):
    """Return the label of a link that begins so, if there is one."""
    found = person.page.locator(f"main a:has-text('{label}')")
    return found.first.inner_text() if found.count() else ""


def without_ids(said):
    return re.sub(r"[0-9a-f]{20}-[0-9]+", "", said)
