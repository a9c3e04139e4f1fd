"""A portal where auditors sign in, and a firm's provider that says whatever a test wants."""

import zlib
from base64 import b64decode
from contextlib import contextmanager
from dataclasses import dataclass, field, replace  # noqa: F401 - for tests
from itertools import count
from urllib.parse import parse_qs, urlsplit

from lxml import etree

from app.audits import attempts, totp  # noqa: F401 - a test replaces what is in there
from app.audits.firms import auditor_id
from app.audits.rows_firms import AuditorRow, FirmRow
from auditor_portal.saml.keys import SamlKeys
from auditor_portal.saml.service_provider import ServiceProvider
from auditor_portal.signing_in.desk import Desk
from tests.auditor_portal import portal
from tests.auditor_portal.saml import forge
from tests.features.serving import NOW, Clock  # noqa: F401 - for whoever imports this

FIRM, PERSON = "acme", "a.lee@acme.example"
AUDITOR = auditor_id(FIRM, PERSON)
HERE, ELSEWHERE = "198.51.100.7", "203.0.113.9"
AGENT = "Browser/1"
STRONG = {"accepted_classes": [forge.REFEDS]}
CODES = {"totp": True}
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"  # noqa: S105 - a class


def firm(name=FIRM, mfa=None, **changed):
    """Return a firm whose provider is that of `forge`."""
    return portal.firm(name, idp=forge.provider().as_json(), mfa=STRONG if mfa is None else mfa, **changed)


def change(firm="active", auditor="active"):
    """Have officers change the firm and its auditor."""
    with portal.portal_data.writing(portal.PERMIT) as writing:
        for row, state in ((writing.get(FirmRow, FIRM), firm), (writing.get(AuditorRow, AUDITOR), auditor)):
            row.state = state
            writing.add(row)


class Spy:
    """A decision point that keeps what it was asked, and what it said."""

    def __init__(self, pdp):
        self._pdp, self.asked = pdp, []

    def enforce(self, request, caller):
        facts = request.resource.properties
        self.asked.append((request.action, facts.get("step"), facts.get("refusal"), request.resource))
        return self._pdp.enforce(request, caller)


@dataclass(slots=True)
class Browser:
    """Somebody's browser, at an address."""

    portal: "Portal"
    client: object
    agent: str = AGENT
    form: dict = field(default_factory=dict)
    message: bytes = b""

    def get(self, path, **headers):
        return self.client.get(path, headers=self._headers(headers), buffered=True)

    def post(self, path, data=None, site="same-origin", **headers):
        return self.client.post(path, data=data, headers=self._headers({"sec-fetch-site": site} | headers))

    def _headers(self, more):
        return {"accept": "text/html", "user-agent": self.agent} | more

    def leave(self, place="/e/soc2-2026/", of=FIRM):
        """Go to the provider, and return what it was asked: the id of the request and the RelayState."""
        answer = self.get(f"/saml/{of}/login?next={place}")
        assert answer.status_code == 303, answer.text
        asked = parse_qs(urlsplit(answer.location).query)
        self.message = zlib.decompress(b64decode(asked["SAMLRequest"][0]), -15)
        return etree.fromstring(self.message).get("ID"), asked["RelayState"][0]

    def answered(self, request, relay_state, of=FIRM, **said):
        """Return the form that the provider has the browser send."""
        ours = self.portal.ours(of)
        said = {"person": PERSON, "in_response_to": request, "ours": ours, "id": f"_a{request[1:]}"} | said
        signed = forge.signed(forge.assertion(**self._times() | said))
        text = forge.brought(forge.response(signed, in_response_to=request, ours=ours, issued=self.portal.clock() - 5))
        return {"SAMLResponse": text, "RelayState": relay_state}

    def _times(self):
        now = self.portal.clock()
        since = {"issued": now - 5, "since": now - 5, "signed_in": now - 30}
        return since | {"until": now + 300, "confirmed_until": now + 300, "session_ends": now + 36_000}

    def come_back(self, form, of=FIRM, **headers):
        """Bring the provider's form, as a form of another site."""
        return self.post(f"/saml/{of}/acs", form, site="cross-site", **headers)

    def sign_in(self, **said):
        """Do all of it, and return the portal's answer in the end."""
        self.form = self.answered(*self.leave(), **said)
        return self.come_back(self.form)

    def csrf(self, path):
        return self.get(path).text.partition('name="csrf" value="')[2].partition('"')[0]

    def give(self, code):
        """Give a code."""
        return self.post("/sign-in/code", {"csrf": self.csrf("/sign-in/code"), "code": code})

    def sign_out(self):
        return self.post("/sign-out", {"csrf": self.csrf("/sign-in?firm=")})

    @property
    def cookies(self):
        return {cookie.key: cookie for cookie in self.client._cookies.values()}

    @property
    def signed_in(self):
        """Whether the portal knows who this is."""
        return "You are signed in as" in self.get("/sign-in").text


class Portal:
    """A portal with a desk. `asked` is what policy was asked."""

    def __init__(self, origin, proxies, clock, ticks):
        self.clock, self.origin = clock, origin
        self.saml = SamlKeys(current=forge.key("ours"))
        self.desk = Desk(saml=self.saml, origin=origin, secret=bytes(32), proxies=proxies, now=self.clock)
        around = portal.gating(None)
        self.spy = Spy(around.pdp)
        self.around = around
        made = portal.Served(
            pdp=self.spy,
            recogniser=self.desk,
            desk=self.desk,
            public_url=origin,
            now=self.clock,
            ticks=ticks,
        )
        self.app = made.app

    @property
    def asked(self):
        return self.spy.asked

    @property
    def refusals(self):
        """Return why nobody was signed in or out, in order."""
        return [refusal for _, _, refusal, _ in self.asked if refusal]

    @property
    def denied(self):
        """Return for each decision that denied which gates failed."""
        results = [body["result"] for kind, body in self.around.records if kind == "decision"]
        return [result["failed"] for result in results if not result["allow"]]

    def ours(self, of=FIRM):
        return ServiceProvider(portal=self.origin, firm=of, keys=self.saml)

    def browser(self, address=HERE, agent=AGENT):
        client = self.app.test_client()
        client.environ_base["REMOTE_ADDR"] = address
        return Browser(self, client, agent)

    def code(self, secret):
        """Return the code of a secret that a page told."""
        return totp.code(secret, int(self.clock()) // totp.STEP)


@contextmanager
def serving(url, *rows, origin="https://portal.example", proxies=(), clock=None, ticks=None):
    """Run a portal on an empty database at `url`, with these rows or, without any, one firm with one auditor."""
    engine = portal.open_portal(url)
    portal.schema.upgrade(engine, portal.schema.PORTAL_MIGRATIONS)
    with portal.portal_data.opened(engine):
        portal.put(*(rows or (firm(), portal.auditor())))
        yield Portal(origin, proxies, clock or Clock(), ticks or count().__next__)
