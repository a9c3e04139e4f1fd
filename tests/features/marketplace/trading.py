"""A marketplace over a decision point of this process: developers, buyers, agents, and a clock that tests move.

Rows are put in as if they had been decided on; what a test is about goes through routes and `effect`.
"""

import json
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import text

from app import db
from app.db import writing
from app.features.marketplace.rows import AgentRow, AgentState, Kyc, MemberRow, PartyKind, PartyRow, ReleaseRow
from app.identity import SCOPE, Caller
from app.pdp.enforce import Permit
from app.pdp.model import Entity, EvaluationRequest
from tests.features.gating import POLICIES
from tests.features.serving import NOW, Served, product

DIGEST = "sha256:" + "ab" * 32
AGREEMENT = json.loads((POLICIES / "data/agreements.json").read_text())["developer"]["versions"]["1"]["sha256"]


def permit(action="marketplace.view", resource=None, decision_id="made-by-a-test-1"):
    """Return a permit as if policy had allowed it."""
    asked = EvaluationRequest(
        subject=Entity(type="officer", id="ofc-51", properties={}),
        action=action,
        resource=resource or Entity(type="agent", id="invoice-reader", properties={}),
        context={},
    )
    return Permit(request=asked, decision_id=decision_id, decision=None, bundle="", revision="r1")


def party(name, kind, **changed):
    """Return a row of a party whose identity is established."""
    made = {
        "id": name,
        "kind": kind.value,
        "name": name.title(),
        "tenant": "default",
        "legal_form": "individual",
        "country": "DE",
        "kyc": Kyc.COMPLETE.value,
        "agreement": AGREEMENT,
        "ip_warranties": True,
        "created_at": int(NOW),
        "decision_id": "made-by-a-test-1",
    }
    return PartyRow(**(made | changed))


def agent(name="invoice-reader", developer="acme", **changed):
    """Return a row of an agent."""
    made = {
        "id": name,
        "developer": developer,
        "title": "Invoice reader",
        "summary": "reads invoices",
        "category": "finance",
        "repository": "https://github.com/acme/invoice-reader",
        "state": AgentState.DRAFT.value,
        "created_at": int(NOW),
        "decision_id": "made-by-a-test-1",
    }
    return AgentRow(**(made | changed))


def release(version="1.0.0", of="invoice-reader", **changed):
    """Return a row of a release."""
    made = {
        "agent": of,
        "version": version,
        "artifact": DIGEST,
        "manifest": {},
        "files": {},
        "facts": {},
        "created_at": int(NOW),
        "decision_id": "made-by-a-test-1",
    }
    return ReleaseRow(**(made | changed))


def keep(*rows):
    """Keep rows, each group in the order that their keys need."""
    with writing(permit()) as session:
        for row in rows:
            session.add(row)
            session.flush()


class Market:
    """A control plane with a marketplace. `acme` is a developer, `globex` a buyer."""

    def __init__(self, url, **handed):
        self.control, self._engine = Served(**handed), db.open_engine(url)
        self.control.around.pdp._pdp._clock = lambda: datetime.fromtimestamp(self.now(), UTC)
        keep(
            party("acme", PartyKind.DEVELOPER),
            MemberRow(account="dev-1", party="acme", decision_id="made-by-a-test-1"),
            MemberRow(account="service acme-ci", party="acme", decision_id="made-by-a-test-1"),
            party("globex", PartyKind.BUYER),
            MemberRow(account="buy-1", party="globex", decision_id="made-by-a-test-1"),
        )

    def now(self):
        return int(self.control.clock.seconds)

    def later(self, seconds):
        self.control.clock.seconds += seconds

    def officer(self, name, *groups):
        """Return the browser of somebody whose identity provider saw a second factor."""
        browser = self.control.officer(name, *groups)
        with self._engine.begin() as connection:
            connection.execute(text("UPDATE officer_session SET second_factor = true"))
        return browser

    def developer(self):
        return self.officer("dev-1")

    def buyer(self):
        return self.officer("buy-1")

    def service(self, name="acme-ci"):
        """Return what a service with a proved token sends with."""
        return {"asgi.scope": {SCOPE: Caller(subject=name, tenant="default", token_id="t1")}}  # noqa: S106 - no secret

    def decisions(self, action):
        """Return the bodies of the decisions on record about `action`."""
        return [body for kind, body in self.control.around.records if kind == "decision" and body["action"] == action]

    def close(self):
        self._engine.dispose()


@contextmanager
def market_at(url, **handed):
    """Run a marketplace on an empty product database."""
    with product(url):
        made = Market(url, **handed)
        try:
            yield made
        finally:
            made.close()
