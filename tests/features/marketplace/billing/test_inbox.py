"""What a provider told comes to the same, however often and in whatever order it comes."""

import random
from collections import defaultdict
from dataclasses import replace

import pytest
from sqlmodel import select

from app.db import reading
from app.features.marketplace.acting import effect
from app.features.marketplace.billing import inbox
from app.features.marketplace.billing.errors import ReusedKeyError
from app.features.marketplace.billing.event import About, Event, Status
from app.features.marketplace.billing.inbox import hash_of, take_in
from app.features.marketplace.billing.rows import InboxRow, StandingRow
from app.features.marketplace.money import Money
from tests.features.marketplace.trading import permit

AT = 1_795_356_000


def event(name="evt_1", about=About.DISPUTE, status=Status.OPEN, at=AT, subject="dp_1"):
    return Event(
        provider="stripe",
        id=name,
        about=about,
        subject=subject,
        status=status,
        amount=Money("USD", 900),
        charge="pi_1",
        account=None,
        reason=None,
        at=at,
    )


STORY = [
    event("evt_1", About.PAYMENT, Status.FAILED, AT, "pi_1"),
    event("evt_2", About.PAYMENT, Status.SUCCEEDED, AT + 1, "pi_1"),
    event("evt_3", status=Status.OPEN, at=AT + 5),
    event("evt_4", status=Status.LOST, at=AT + 5),  # in the same second
    event("evt_5", About.PAYOUT, Status.PENDING, AT + 7, "po_1"),
    event("evt_6", About.PAYOUT, Status.SUCCEEDED, AT + 8, "po_1"),
    event("evt_7", About.PAYOUT, Status.FAILED, AT + 8, "po_1"),
]
"""A payment that succeeds at last, a dispute that is lost, a payout that comes back."""

END = {"pi_1": Status.SUCCEEDED, "dp_1": Status.LOST, "po_1": Status.FAILED}


@pytest.fixture
def books(monkeypatch):
    """How our books say that everything stands, and how often they were told."""
    kept = defaultdict(list)
    handlers = dict.fromkeys(About, lambda _, told: kept[told.subject].append(told.status))
    monkeypatch.setattr(inbox, "HANDLERS", handlers)
    return kept


class Taking:
    """Takes events in, each by a decision of its own."""

    def __init__(self):
        self.count = 0

    def __call__(self, told, body=b"body"):
        return self.all([told], body)[0]

    def all(self, told, body=b"body"):
        """Take several in by one decision, for speed."""
        self.count += 1
        allowed = permit("marketplace.receive", decision_id=f"made-by-a-test-{self.count}")
        with effect(allowed, now=lambda: AT) as session:
            said = {"decision_id": allowed.decision_id, "now": AT}
            return [take_in(session, each, hash_of(body), **said) for each in told]


def test_events_are_handled_as_they_come(market_anywhere, books):  # noqa: ARG001 - the database
    take = Taking()
    assert [take(each) for each in STORY] == [True] * 7
    assert {subject: found[-1] for subject, found in books.items()} == END
    with reading() as session:
        assert len(session.exec(select(InboxRow)).all()) == 7
        assert session.get(StandingRow, ("stripe", "po_1")).event == "evt_7"


@pytest.mark.parametrize("seed", range(4))
def test_in_any_order_and_doubled_it_comes_to_the_same(market, books, seed):  # noqa: ARG001 - the database
    take, order = Taking(), random.Random(seed)
    for shuffle in range(30):
        told = [replace(each, subject=f"{each.subject}_{shuffle}", id=f"{each.id}_{shuffle}") for each in STORY]
        doubled = told + order.sample(told, 4)
        order.shuffle(doubled)
        take.all(doubled)
        assert {subject: books[f"{subject}_{shuffle}"][-1] for subject in END} == END


def test_what_comes_again_is_handled_once(market, books):  # noqa: ARG001 - the database
    take = Taking()
    assert [take(event()) for _ in range(3)] == [True, False, False]
    assert books["dp_1"] == [Status.OPEN]


def test_the_same_id_with_another_body_is_refused(market, books):  # noqa: ARG001 - the database
    take = Taking()
    take(event())
    with pytest.raises(ReusedKeyError):
        take(event(), b"another")


def test_what_is_older_is_kept_and_changes_nothing(market, books):  # noqa: ARG001 - the database
    take = Taking()
    assert [take(event("evt_2", status=Status.WON, at=AT + 1)), take(event("evt_1"))] == [True, False]
    assert books["dp_1"] == [Status.WON]
    with reading() as session:
        assert not session.get(InboxRow, ("stripe", "evt_1")).applied


def test_what_a_handler_cannot_do_is_not_taken_in(market, monkeypatch):  # noqa: ARG001 - the database
    def broken(*_):
        raise RuntimeError

    monkeypatch.setattr(inbox, "HANDLERS", {About.DISPUTE: broken})
    with pytest.raises(RuntimeError):
        Taking()(event())
    with reading() as session:
        assert session.exec(select(InboxRow)).all() == session.exec(select(StandingRow)).all() == []


def test_what_nobody_asks_for_is_kept(market, books):  # noqa: ARG001 - the database
    assert Taking()(replace(event(), about=None, status=None, amount=None)) is False
    with reading() as session:
        assert session.get(InboxRow, ("stripe", "evt_1")).kind == "other"
    assert books == {}


def test_there_is_one_handler_of_each_kind(monkeypatch):
    monkeypatch.setattr(inbox, "HANDLERS", {})

    @inbox.handles(About.REFUND)
    def handler(session, told):
        """Do nothing."""

    assert {About.REFUND: handler} == inbox.HANDLERS
