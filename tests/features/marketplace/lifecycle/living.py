"""A marketplace with one listing, and what the tests of its life do with it."""

from dataclasses import dataclass, field

from sqlmodel import select

from app.db import reading
from app.features.marketplace.acting import EffectRow
from app.features.marketplace.rows import AgentRow, AgentState, ReleaseRow, ReleaseState
from tests.features.marketplace.trading import agent, keep, release

DAY, HOUR = 86_400, 3_600
SAFETY, FINANCE, SUPPORT = "omega-trust-and-safety", "omega-finance", "omega-support"
LISTING = "/marketplace/listings/invoice-reader"
WHY = "somebody reported it to us"


@dataclass(frozen=True)
class Order:
    id: str


@dataclass
class Trade:
    """What was bought and installed, as tests say."""

    orders: dict = field(default_factory=dict)
    installs: int = 0

    def bought(self, _session, buyer, agent):
        return self.orders.get((buyer, agent))

    def downloads(self, _session, _agent):
        return self.installs


def listed(**changed):
    """Put a listing on sale, with one release."""
    keep(agent(state=AgentState.LISTED.value, newest="1.0.0", **changed))
    keep(release(state=ReleaseState.LISTED.value, facts={"soak": {"hours": 30}}))


def send(browser, path, **data):
    """Send a form, and return the answer as JSON has it."""
    return browser.post(f"/marketplace/{path}", {"text": WHY} | data, accept="application/json")


def step(browser, name, of="", **data):
    return send(browser, f"listings/invoice-reader{of}/{name}", **data)


def state():
    with reading() as session:
        return session.get(AgentRow, "invoice-reader").state


def release_state(version="1.0.0"):
    with reading() as session:
        return session.get(ReleaseRow, ("invoice-reader", version)).state


def row(kind, *key):
    with reading() as session:
        return session.get(kind, key if len(key) > 1 else key[0])


def rows(kind):
    with reading() as session:
        return list(session.exec(select(kind)))


def reconciled(market):
    """Return whether every allow about the marketplace on record has its effect, and every effect its allow."""
    allowed = [
        body["action"]
        for kind, body in market.control.around.records
        if kind == "decision" and body["action"].startswith("marketplace.") and body["result"]["allow"]
    ]
    kept = [each.action for each in rows(EffectRow)]
    return sorted(each for each in allowed if each != "marketplace.follow") == sorted(kept)
