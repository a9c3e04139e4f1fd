"""A coupon is used as often as it was granted, by whom it was granted to, and no buyer uses one twice."""

import threading

import pytest
from sqlmodel import select

from app.db import reading
from app.features.marketplace.billing.coupon import Discount
from app.features.marketplace.billing.coupons import redeem, refer, shown, usable, withdraw
from app.features.marketplace.billing.errors import CouponError
from app.features.marketplace.billing.plans import plan_of
from app.features.marketplace.billing.pricing import quote
from app.features.marketplace.billing.rows import CouponRow, RedemptionRow, ReferralRow
from app.features.marketplace.rows import PartyKind
from tests.features.marketplace.billing.selling import DAY, OCTOBER, Deciding, coupon, plan
from tests.features.marketplace.trading import agent, keep, party

AT = OCTOBER + DAY
SEATS = plan("plan-seat", "seat", [{"up_to": None, "unit": "25.00"}])


@pytest.fixture
def deciding(market_anywhere):  # noqa: ARG001 - the database
    keep(agent(), party("initech", PartyKind.BUYER))
    return Deciding()


def held(*codes, buyer="globex", of="invoice-reader", at=AT):
    with reading() as session:
        return usable(session, codes, buyer=buyer, agent=of, at=at)


def use(deciding, order, *codes, buyer="globex"):
    def do(session, decision_id):
        found = usable(session, codes, buyer=buyer, agent="invoice-reader", at=AT)
        priced = quote(plan_of(SEATS), 10, found, at=AT)
        redeem(session, priced, order=order, buyer=buyer, now=AT, decision_id=decision_id)
        return priced.gross.minor

    return deciding(do, "marketplace.purchase")


def left(code):
    with reading() as session:
        row = session.get(CouponRow, code)
        return row.uses, row.amount


def test_a_coupon_is_used_as_often_as_it_was_granted(deciding):
    keep(coupon(uses=2))
    assert [use(deciding, "o1", "LAUNCH10"), use(deciding, "o2", "LAUNCH10", buyer="initech")] == [22_500, 22_500]
    assert left("LAUNCH10") == (0, 0)
    with pytest.raises(CouponError):
        use(deciding, "o3", "LAUNCH10")


def test_the_first_month_is_free_once_for_each_buyer(deciding):
    keep(coupon("FREEMONTH", discount="first_month", basis_points=0, least=1, uses=9))
    assert use(deciding, "o1", "FREEMONTH") == 0
    with pytest.raises(CouponError):
        use(deciding, "o2", "FREEMONTH")
    assert use(deciding, "o3", "FREEMONTH", buyer="initech") == 0


def test_a_credit_is_used_until_it_is_gone(deciding):
    credit = {"discount": "credit", "basis_points": 0, "least": 1, "currency": "USD", "funding": "platform"}
    keep(coupon("REFERRED", amount=30_000, buyer="globex", **credit))
    assert [use(deciding, order, "REFERRED") for order in ("o1", "o2", "o3")] == [0, 20_000, 25_000]
    assert left("REFERRED") == (1, 0)


UNUSABLE = {
    "unknown": ("UNKNOWN", {}),
    "used up": ("USEDUP", {"uses": 0}),
    "of another buyer": ("ANOTHER", {"buyer": "initech"}),
    "not yet": ("NOTYET", {"valid_from": AT + 1}),
    "over": ("ISOVER", {"valid_until": AT}),
}


@pytest.mark.parametrize(("code", "made"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_coupon_that_cannot_be_had_is_refused_without_a_reason(market, code, made):  # noqa: ARG001 - the database
    keep(agent(), party("initech", PartyKind.BUYER))
    if made:
        keep(coupon(code, **made))
    with pytest.raises(CouponError, match=r"^a coupon cannot be had$"):
        held(code)


def test_a_coupon_for_another_agent_is_refused(deciding):
    keep(agent("other"), coupon(agent="other"))
    assert held("LAUNCH10", of="other")[0].discount is Discount.VOLUME
    with pytest.raises(CouponError):
        held("LAUNCH10")
    assert deciding.count == 0


def test_of_two_who_ask_at_once_one_gets_the_last(deciding):
    keep(coupon(uses=1))
    both, outcomes = threading.Barrier(2), []

    def ask(order, buyer):
        held("LAUNCH10", buyer=buyer)  # both have seen that one is left
        both.wait(10)
        own = Deciding()
        own.count = int(order[1:]) * 100
        try:
            outcomes.append(use(own, order, "LAUNCH10", buyer=buyer))
        except CouponError:
            outcomes.append(None)

    threads = [threading.Thread(target=ask, args=each) for each in (("o1", "globex"), ("o2", "initech"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [22_500, None]
    with reading() as session:
        assert len(session.exec(select(RedemptionRow)).all()) == 1
    assert deciding.count == 0


def test_the_floor_holds_where_nobody_looked_first(deciding):
    keep(coupon(uses=1))
    found = held("LAUNCH10")
    priced = quote(plan_of(SEATS), 10, found, at=AT)

    def do(order):
        said = {"order": order, "buyer": "globex", "now": AT}
        return lambda session, decision_id: redeem(session, priced, decision_id=decision_id, **said)

    deciding(do("o1"))
    with pytest.raises(CouponError):
        deciding(do("o2"))
    assert left("LAUNCH10") == (0, 0)


def test_a_buyer_is_referred_once_and_not_by_themselves(deciding):
    def referred(order, referrer, whom):
        said = {"referrer": referrer, "referred": whom, "refundable_until": AT}
        return deciding(lambda session, decision_id: refer(session, order, decision_id=decision_id, **said))

    assert referred("o1", "globex", "initech")
    assert not referred("o2", "globex", "initech")
    assert not referred("o3", "globex", "globex")
    deciding(lambda session, decision_id: withdraw(session, "o1", decision_id=decision_id))
    deciding(lambda session, decision_id: withdraw(session, "o9", decision_id=decision_id))
    with reading() as session:
        assert [(row.order, row.withdrawn) for row in session.exec(select(ReferralRow)).all()] == [("o1", True)]


def test_what_names_a_coupon_does_not_show_its_code():
    assert shown("LAUNCH10") == shown("LAUNCH10") != shown("LAUNCH11")
    assert "LAUNCH10" not in shown("LAUNCH10")
