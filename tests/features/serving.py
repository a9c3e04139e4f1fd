"""The control plane without a socket: an application over a decision point of this process, and browsers."""

import base64
import re
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.control import Control, create_app
from app.features.policies.results.promotions import Promotions
from app.features.policies.results.results import Results
from app.features.session.links import Links
from app.promotion import would_have_denied
from tests.features.gating import gating, product

NOW = 1_795_356_000.0  # 2026-11-22T14:00:00Z
ORIGIN = "http://127.0.0.1:8420"
PAGE = {"accept": "text/html"}
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


class Clock:
    """Unix seconds that a test moves."""

    def __init__(self):
        self.seconds = NOW

    def __call__(self):
        return self.seconds


@dataclass(slots=True)
class Browser:
    """Somebody's browser: keeps cookies, and says where a form comes from as browsers do."""

    client: object

    def get(self, path, **options):
        return self.client.get(path, headers=PAGE, buffered=True, **options)

    def json(self, path):
        return self.client.get(path, headers={"accept": "application/json"})

    def csrf(self, path="/session/"):
        """Return the token of the forms on a page."""
        found = re.search(r'name="csrf" value="([^"]*)"', self.get(path).text)
        return unescape(found[1]) if found else ""

    def post(self, path, data=None, *, site="same-origin", accept="text/html", **options):
        """Send a form as a page of this session does; `csrf` is its token unless `data` has another."""
        data = {"csrf": self.csrf()} | (data or {})
        return self.client.post(path, data=data, headers={"accept": accept, "sec-fetch-site": site}, **options)


class Served:
    """A control plane: `around` is its decision point, `app` the application."""

    def __init__(self, *, bundle=None, public_url=ORIGIN, provider=None, library=None, results=None, **more):
        self.clock = Clock()
        self.around = gating(bundle)
        self.links = Links(key=KEY, issuer="omega.localhost/log", now=self.clock, random=self._random)
        self.issued = 0
        self.promotions = Promotions(self._counted, self.clock)
        self.app = create_app(
            Control(
                pdp=self.around.pdp,
                secret=bytes(32),
                public_url=public_url,
                links=self.links,
                results=results or Results(Path("nowhere")),
                promotions=self.promotions,
                provider=provider,
                library=library,
                now=self.clock,
                ticks=self.clock,
                **more,
            )
        )
        self.app.config["PROPAGATE_EXCEPTIONS"] = False

    def count(self, action, gate, since):
        """Count in an empty log; a test may put something else in its place."""
        return would_have_denied((), action=action, gate=gate, since=since)

    def _counted(self, action, gate, since):
        return self.count(action, gate, since)

    def _random(self, size):
        self.issued += 1
        return self.issued.to_bytes(size)

    def visitor(self):
        """Return the browser of somebody who has not signed in."""
        return Browser(self.app.test_client())

    def officer(self, name="ofc-51", *groups):
        """Return the browser of an officer who has signed in, by a login link."""
        browser = self.visitor()
        token = self.links.issue(name, groups or ("omega-auditors",), 300)
        assert browser.post("/session/link", {"token": token}).status_code == 303
        return browser


@contextmanager
def served(url, **options):
    """Run a control plane on an empty product database at `url`."""
    with product(url):
        yield Served(**options)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
