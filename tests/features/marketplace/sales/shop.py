"""Sales over a decision point of this process and a provider in memory: what a test buys, gives back and pays out."""

import atexit
import json
import shutil
import sqlite3
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from sqlmodel import select

from app import db, schema
from app.db import reading, writing
from app.features.marketplace.billing import commission
from app.features.marketplace.billing.commission import rates_of
from app.features.marketplace.money import Money
from app.features.marketplace.rows import AgentState, PartyKind, Tier
from app.features.marketplace.sales import disputes, payouts, purchasing, refunds
from app.features.marketplace.sales.ledger import BalanceRow
from app.features.marketplace.sales.orders import order_id
from app.features.marketplace.sales.rows import DisputeState, OrderRow, PayoutState
from app.features.marketplace.sales.sales_jobs import SalesJobs
from app.features.marketplace.sales.till import Price, Till, Wanted
from app.jobs.job import Run
from app.pdp.model import Entity, EvaluationRequest
from app.pep import CONTROL
from tests.features.gating import gating, shipped
from tests.features.marketplace.sales.provider import Provider
from tests.features.marketplace.trading import agent, keep, party, permit
from tests.features.serving import NOW

DAY = 86_400
OLD = 400 * DAY
THRESHOLDS = json.loads(shipped().data)["thresholds"]


def price(_session, wanted, _at):
    """Price a plan that is called by what it costs and what of it the platform bears: `9900-0`."""
    gross, promotion = (Money("USD", int(each)) for each in wanted.plan.split("-"))
    tier = Tier.COMMUNITY if wanted.agent.startswith("new") else Tier.VERIFIED
    parts = commission.split(gross + promotion, tier, rates_of(shipped()))
    return Price(
        listed=gross + promotion,
        gross=gross,
        promotion=promotion,
        fee=parts.fee,
        protection=parts.protection,
        net=parts.developer,
        reserve=parts.reserve,
    )


def job(name):
    return Entity(type="job", id=f"marketplace.{name}", properties={})


def buyer(name="globex"):
    return Entity(type="buyer", id=name, properties={"kind": "individual", "country": "DE"})


class Shop:
    """A marketplace that sells. `old` and `new` are developers, `globex` a buyer; `clock` is Unix seconds."""

    newest = None

    def __init__(self):
        Shop.newest = self
        self.clock, self.score, self.cases = int(NOW), 0.1, []
        self.provider = Provider()
        self.around = gating(clock=lambda: datetime.fromtimestamp(self.clock, UTC))
        self.till = Till(
            payments=self.provider,
            price=price,
            risk=lambda *_: {"scored": True, "score": self.score},
            denied=lambda row, error: self.cases.append((error.decision_id, row.id)),
            now=lambda: self.clock,
        )
        self.keeping = payouts.Keeping.of(THRESHOLDS)
        self.jobs = SalesJobs(self.till, self.enforce, lambda: THRESHOLDS)

    def stock(self):
        """Put in who sells and who buys."""
        for name, since in (("old", self.clock - OLD), ("new", self.clock)):
            made = party(name, PartyKind.DEVELOPER, created_at=since, account=f"acct_{name}")
            keep(made, agent(f"{name}-agent", name, state=AgentState.LISTED.value))
        keep(party("globex", PartyKind.BUYER))

    def enforce(self, request):
        return self.around.pdp.enforce(request, CONTROL)

    def buy(  # noqa: PLR0913 - what may differ
        self, key, *, of="old", plan="9900-0", coupons=(), verified=False, by="globex", attempt=None
    ):
        wanted = Wanted(
            buyer=by, agent=f"{of}-agent", plan=plan, quantity=1, coupons=tuple(coupons), source="card_visa"
        )
        name = order_id(by, key)
        row = purchasing.draft(self.till, name, wanted, account="buy-1", licence_accepted=True, attempt=attempt or {})
        with reading() as session:
            about = purchasing.facts(session, name, by)
        context = {"second_factor": True} if verified else {}
        allowed = self.enforce(
            EvaluationRequest(subject=buyer(by), action="marketplace.order", resource=about, context=context)
        )
        return purchasing.purchase(self.till, self.enforce, allowed, row, verified=verified)

    def refund(self, order, amount, key="1"):
        name = refunds.refund_id(order, key)
        with reading() as session:
            about = refunds.facts(session, order, name)
        asked = EvaluationRequest(
            subject=buyer(), action="marketplace.refund", resource=about, context={"amount_minor": amount}
        )
        return refunds.refund(self.till, self.enforce(asked), name, amount)

    def pay_out(self, developer, key="1"):
        wished = payouts.wish(developer, "USD", key)
        with reading() as session:
            about = payouts.facts(session, wished, self.keeping, self.clock)
        subject = Entity(type="developer", id=developer, properties={})
        asked = EvaluationRequest(subject=subject, action="marketplace.payout", resource=about, context={})
        return payouts.pay_out(self.till, self.enforce(asked), wished, self.keeping)

    def dispute(self, name, charge, amount, state=DisputeState.OPEN):
        """Have a webhook say something of a dispute, which costs 15 dollars."""
        with writing(permit("marketplace.receive")) as session:
            made = {"amount": amount, "fee": 1_500, "state": state, "at": self.clock, "decision_id": "made-by-a-test-1"}
            disputes.report(session, name, charge, **made)

    def payout_event(self, payout, state):
        with writing(permit("marketplace.receive")) as session:
            return payouts.report(session, payout, PayoutState(state))

    def run(self, name):
        """Run a job of sales, and return what it tells."""
        made = Run(permit=permit("policies.run_job"), scheduled_for=0, missed=0, attempt=1, stopping=lambda: False)
        return getattr(self.jobs, name)(made)

    def later(self, days=0, seconds=0):
        self.clock += days * DAY + seconds

    def order(self, order):
        with reading() as session:
            return session.get(OrderRow, order)

    def kept(self, kind=OrderRow):
        with reading() as session:
            return session.exec(select(kind)).all()

    def balances(self):
        """Return what each account holds, those that hold nothing left out."""
        with reading() as session:
            return {row.account: row.amount for row in session.exec(select(BalanceRow)) if row.amount}


@contextmanager
def shop_at(url):
    """Run a shop on an empty product database."""
    engine = db.open_engine(url)
    schema.upgrade(engine, schema.PRODUCT_MIGRATIONS)
    with db.product(engine):
        made = Shop()
        made.stock()
        yield made


@cache
def stocked():
    """Return the path of a database with a shop in it, for copies: to make one takes a second."""
    directory = Path(tempfile.mkdtemp(prefix="omega-shop-"))
    atexit.register(shutil.rmtree, directory)
    path = directory / "stocked.db"
    with shop_at(f"sqlite:///{path}"), sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@contextmanager
def shop_on(path):
    """Run a shop on a copy of `stocked`, which does not wait for the disk."""
    shutil.copyfile(stocked(), path)
    with db.product(db.open_engine(f"sqlite:///{path}", durable=False)):
        yield Shop()
