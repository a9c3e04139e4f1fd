"""Developers price their agents and grant discounts on them, finance for the platform; everything by a decision."""

import pytest
from sqlmodel import select

from app.db import reading
from app.features.marketplace.acting import EffectRow
from app.features.marketplace.billing.rows import CouponRow, PlanRow, ReferralRow
from app.features.marketplace.rows import AgentState, PartyKind
from tests.features.marketplace.billing.selling import coupon, plan
from tests.features.marketplace.trading import agent, keep, party

PLANS = "/marketplace/agents/invoice-reader/plans"
COUPONS = "/marketplace/agents/invoice-reader/coupons"
SEAT = {"kind": "seat", "currency": "USD", "interval": "month", "steps": [{"unit": "25.00"}]}
TEN = {"discount": "volume", "funding": "developer", "basis_points": "1000", "least": "10", "uses": "5"}
MONTH = {"discount": "first_month", "funding": "platform"}


@pytest.fixture
def selling(market):
    keep(agent(state=AgentState.LISTED.value))
    return market


def post(browser, path, said):
    """Send JSON as a page's script would, with the session's token."""
    headers = {"accept": "application/json", "sec-fetch-site": "same-origin", "x-csrf-token": browser.csrf()}
    return browser.client.post(path, json=said, headers=headers)


def rows(kind):
    with reading() as session:
        return session.exec(select(kind)).all()


def failed(answer):
    assert answer.status_code == 403
    return [gate["id"] for gate in answer.json["gates"]]


# plans


def test_a_developer_prices_their_agent(selling):
    answer = post(selling.developer(), PLANS, SEAT)
    assert answer.status_code == 201
    (row,) = rows(PlanRow)
    assert (row.id, row.kind, row.steps) == (answer.json["id"], "seat", [{"up_to": None, "unit": "25.00"}])
    (body,) = selling.decisions("marketplace.price")
    assert body["result"]["allow"]
    (effect,) = rows(EffectRow)
    assert effect.decision_id == row.decision_id == answer.json["decision_id"]


def test_a_form_prices_by_steps(selling):
    form = {"kind": "usage", "currency": "EUR", "interval": "month", "per": "1", "least": "", "support": ""}
    steps = {"unit": ["0.10", "0.08", ""], "up_to": ["1000", "", ""]}
    assert selling.developer().post(PLANS, form | steps).status_code == 303
    assert rows(PlanRow)[0].steps == [{"up_to": 1_000, "unit": "0.10"}, {"up_to": None, "unit": "0.08"}]


def test_a_plan_that_is_replaced_is_sold_no_more(selling):
    keep(plan("plan-old"))
    answer = post(selling.developer(), PLANS, SEAT | {"replaces": "plan-old"})
    shown = selling.control.visitor().json(PLANS).json
    assert [each["id"] for each in shown["plans"]] == [answer.json["id"]]


def test_only_a_plan_of_this_agent_can_be_replaced(selling):
    keep(agent("other"), plan("plan-other", agent="other"))
    assert post(selling.developer(), PLANS, SEAT | {"replaces": "plan-other"}).status_code == 404
    assert [row.id for row in rows(PlanRow)] == ["plan-other"]


def test_nobody_prices_somebody_elses_agent(selling):
    keep(party("initech", PartyKind.DEVELOPER), agent("other", developer="initech"))
    assert failed(post(selling.developer(), "/marketplace/agents/other/plans", SEAT)) == ["authorised"]
    assert rows(PlanRow) == []


def test_a_buyer_prices_nothing(selling):
    assert post(selling.buyer(), PLANS, SEAT).status_code == 403


def test_limits_hold(selling):
    answer = post(selling.developer(), PLANS, SEAT | {"currency": "JPY", "steps": [{"unit": "1000000.01"}]})
    assert failed(answer) == ["currency_taken", "in_bounds"]


@pytest.mark.parametrize(
    "wrong", [{"kind": "gift"}, {"steps": []}, {"per": "x"}, {"currency": 1}, {"interval": "once"}]
)
def test_a_plan_of_another_form_is_refused(selling, wrong):
    assert post(selling.developer(), PLANS, SEAT | wrong).status_code == 400
    assert rows(PlanRow) == []


def test_everybody_sees_what_an_agent_on_sale_costs(selling):
    keep(plan())
    page = selling.control.visitor().get(PLANS)
    assert page.status_code == 200
    assert "0.08 USD, up to 10000" in page.text
    assert "booked as paid outside" in page.text
    assert "Set a plan" not in page.text
    assert "Set a plan" in selling.developer().get(PLANS).text


def test_what_a_draft_costs_its_developer_alone_sees(market):
    keep(agent())
    assert market.control.visitor().json(PLANS).status_code == 403
    assert market.developer().json(PLANS).json["plans"] == []
    assert market.developer().json("/marketplace/agents/nothing/plans").status_code == 404


# coupons


def test_a_developer_grants_a_discount(selling):
    answer = post(selling.developer(), COUPONS, TEN | {"code": "TENSEATS"})
    assert answer.status_code == 201
    (row,) = rows(CouponRow)
    assert (row.code, row.agent, row.basis_points, row.least, row.uses) == ("TENSEATS", "invoice-reader", 1_000, 10, 5)
    assert row.valid_until == row.valid_from + 90 * 86_400
    assert rows(EffectRow)[0].resource.startswith("coupon-")


def test_a_code_that_is_not_said_cannot_be_guessed(selling):
    developer = selling.developer()
    codes = {post(developer, COUPONS, TEN).json["code"] for _ in range(3)}
    assert len(codes) == 3
    assert all(len(code) == 16 for code in codes)


def test_a_code_is_given_once(selling):
    developer = selling.developer()
    assert post(developer, COUPONS, TEN | {"code": "TENSEATS"}).status_code == 201
    assert post(developer, COUPONS, TEN | {"code": "TENSEATS"}).status_code == 409


def test_finance_grants_for_the_platform(selling):
    finance = selling.officer("ofc-7", "omega-finance")
    assert finance.post("/marketplace/finance/coupons", MONTH | {"buyer": "globex"}).status_code == 303
    assert (rows(CouponRow)[0].buyer, rows(CouponRow)[0].agent) == ("globex", None)
    assert "first month" in finance.get("/marketplace/finance/coupons").text


def test_others_grant_nothing_for_the_platform(selling):
    path = "/marketplace/finance/coupons"
    assert failed(post(selling.officer("ofc-8", "omega-security"), path, MONTH)) == ["authorised"]
    assert failed(post(selling.developer(), COUPONS, MONTH)) == ["authorised"]
    assert rows(CouponRow) == []


WRONG = {
    "code": {"code": "short"},
    "discount": {"discount": "gift"},
    "funding": {"funding": "nobody"},
    "uses": {"uses": "many"},
    "currency": {"currency": "US"},
    "part": {"basis_points": "0"},
    "referral": {"referral": 1},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_discount_of_another_form_is_refused(selling, wrong):
    assert post(selling.developer(), COUPONS, TEN | wrong).status_code == 400
    assert rows(CouponRow) == []


@pytest.mark.parametrize("wrong", [{"buyer": "acme"}, {"buyer": "nobody"}, {"referral": "nothing"}])
def test_a_discount_for_somebody_who_is_not_there_is_refused(selling, wrong):
    finance = selling.officer("ofc-7", "omega-finance")
    assert post(finance, "/marketplace/finance/coupons", MONTH | wrong).status_code == 404


def test_a_referral_is_credited_once_it_is_settled(selling):
    keep(
        party("initech", PartyKind.BUYER),
        ReferralRow(
            order="ord-1",
            referrer="globex",
            referred="initech",
            refundable_until=selling.now() + 60,
            decision_id="made-by-a-test-1",
        ),
    )
    credit = {
        "discount": "credit",
        "funding": "platform",
        "amount_minor": 5_000,
        "currency": "USD",
        "referral": "ord-1",
    }
    finance, path = selling.officer("ofc-7", "omega-finance"), "/marketplace/finance/coupons"
    assert failed(post(finance, path, credit)) == ["referral_settled"]
    selling.later(60)
    assert post(finance, path, credit).json["buyer"] == "globex"
    assert failed(post(finance, path, credit)) == ["referral_settled"]


def test_coupons_are_seen_by_those_they_belong_to(selling):
    keep(coupon("TENSEATS", agent="invoice-reader"))
    assert "TENSEATS" in selling.developer().get(COUPONS).text
    assert selling.officer("ofc-7", "omega-finance").json(COUPONS).json["coupons"][0]["code"] == "TENSEATS"
    buyer = selling.officer("buy-1", "omega-security")
    assert buyer.json(COUPONS).status_code == 403
    assert buyer.json("/marketplace/finance/coupons").status_code == 403
