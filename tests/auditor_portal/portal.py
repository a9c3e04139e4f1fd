"""The auditor portal without a socket: an application over a decision point of this process, and auditors' browsers."""

import re
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape

from app import schema
from app.audits.database import open_portal, portal_data
from app.audits.rows_firms import AuditorRow, EngagementRow, FirmRow, MemberRow
from app.pdp.enforce import Permit
from app.pdp.model import Decision
from auditor_portal import product
from auditor_portal.application import Portal, create_app
from auditor_portal.entrance import SignedIn
from tests.features.gating import gating
from tests.features.serving import NOW, PAGE, Clock

ORIGIN = "http://127.0.0.1:8430"
ADDRESS = "198.51.100.7"
FIRM, ENGAGEMENT = "acme", "soc2-2026"
PERMIT = Permit(request=None, decision_id="d-1", decision=Decision(allow=True), bundle="b", revision="r")
"""Lets a test put rows where it wants them."""


def signed_in(name_id="a.lee@acme.example", firm=FIRM, *, second_factor=True):
    """Return an auditor with a session."""
    return SignedIn(
        id=f"{firm}/{name_id}",
        firm=firm,
        name=name_id,
        second_factor=second_factor,
        mfa_class="totp" if second_factor else "",
        session=f"session of {firm}/{name_id}",
    )


class Somebody:
    """A recogniser: who sends requests, and from where, as a test says."""

    def __init__(self):
        self.who, self.where = None, ADDRESS

    def auditor(self):
        return self.who

    def address(self):
        return self.where


def firm(name=FIRM, **changed):
    row = {"name": f"Firm {name}", "idp": {}, "mfa": {"totp": True}, "networks": ["198.51.100.0/24", "2001:db8::/32"]}
    more = {"max_sessions": 3, "state": "active", "decision_id": "d-1", "changed_at": int(NOW)}
    return FirmRow(**({"id": name} | row | more | changed))


def auditor(name_id="a.lee@acme.example", of=FIRM, **changed):
    row = {"id": f"{of}/{name_id}", "firm": of, "name_id": name_id, "name": name_id, "state": "active"}
    return AuditorRow(**(row | {"decision_id": "d-1", "changed_at": int(NOW)} | changed))


def engagement(name=ENGAGEMENT, of=FIRM, **changed):
    """Return an engagement over October 2026, of which access lasts through November."""
    times = {"period_start": "2026-10-01T00:00:00.000000Z", "period_end": "2026-11-01T00:00:00.000000Z"}
    access = {"starts": "2026-11-01T00:00:00.000000Z", "ends": "2026-12-01T00:00:00.000000Z"}
    row = {"id": name, "firm": of, "title": "SOC 2, October", "tenant": "default", "frameworks": ["soc2"]}
    more = {"state": "open", "decision_id": "d-1", "changed_at": int(NOW)}
    return EngagementRow(**(row | times | access | more | changed))


def takes_part(name_id="a.lee@acme.example", of=FIRM, engagement=ENGAGEMENT, role="lead"):
    return MemberRow(engagement=engagement, auditor=f"{of}/{name_id}", role=role, decision_id="d-1")


def put(*rows):
    """Put rows into the portal's tables, those that others refer to first."""
    with portal_data.writing(PERMIT) as session:
        for row in rows:
            session.add(row)
            session.flush()


@dataclass(slots=True)
class Browser:
    """Somebody's browser: says where a form comes from as browsers do."""

    client: object

    def get(self, path, **options):
        return self.client.get(path, headers=PAGE, buffered=True, **options)

    def json(self, path):
        return self.client.get(path, headers={"accept": "application/json"})

    def csrf(self, path):
        """Return the token of the forms on a page."""
        found = re.search(r'name="csrf" value="([^"]*)"', self.get(path).text)
        return unescape(found[1]) if found else ""

    def post(self, path, data=None, *, csrf_from="/", site="same-origin", accept="text/html", **options):
        """Send a form as a page of this session does; `csrf` is its token unless `data` has another."""
        data = {"csrf": self.csrf(csrf_from)} | (data or {})
        return self.client.post(path, data=data, headers={"accept": accept, "sec-fetch-site": site}, **options)


def _nothing():
    """Have nothing to read beside the portal's own tables, unless a test brings it."""
    raise OSError("there is nothing")


class Served:
    """A portal: `around` is its decision point, `app` the application, `somebody` who sends requests to it."""

    def __init__(self, *, bundle=None, public_url=ORIGIN, **more):
        self.clock = Clock()
        self.around = gating(bundle)
        self.somebody = Somebody()
        self.app = create_app(
            Portal(
                **{
                    "pdp": self.around.pdp,
                    "recogniser": self.somebody,
                    "secret": bytes(32),
                    "public_url": public_url,
                    "now": self.clock,
                    "ticks": self.clock,
                }
                | more
            )
        )
        product.install(self.app, _nothing)
        self.app.config["PROPAGATE_EXCEPTIONS"] = False

    def visitor(self):
        """Return the browser of somebody who has not signed in."""
        self.somebody.who = None
        return Browser(self.app.test_client())

    def auditor(self, name_id="a.lee@acme.example", firm=FIRM, **more):
        """Return the browser of an auditor who has signed in. The portal sees nobody else until the next such call."""
        self.somebody.who = signed_in(name_id, firm, **more)
        return Browser(self.app.test_client())

    @property
    def decided(self):
        """Return what was decided: pairs of an action and whether it was allowed."""
        return [(body["action"], body["result"]["allow"]) for kind, body in self.around.records if kind == "decision"]


@contextmanager
def served(url, *rows, **options):
    """Run a portal on an empty database at `url`, with these rows in it or, without any, one engagement of one firm."""
    engine = open_portal(url)
    schema.upgrade(engine, schema.PORTAL_MIGRATIONS)
    with portal_data.opened(engine):
        put(*(rows or (firm(), auditor(), engagement(), takes_part())))
        yield Served(**options)
