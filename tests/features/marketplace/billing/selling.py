"""Plans, coupons and subscriptions of the test marketplace, as if they had been decided on."""

from app.features.marketplace.acting import effect
from app.features.marketplace.billing.rows import CouponRow, PlanRow, SubscriptionRow
from app.features.marketplace.rows import AgentState
from tests.features.marketplace.trading import agent, keep, permit

DECIDED = "made-by-a-test-1"
OCTOBER = 1_790_812_800  # 2026-10-01T00:00:00Z
DAY = 86_400
GRADUATED = [{"up_to": 1_000, "unit": "0.10"}, {"up_to": 10_000, "unit": "0.08"}, {"up_to": None, "unit": "0.05"}]


def plan(identifier="plan-usage", kind="usage", steps=GRADUATED, **changed):
    made = {
        "id": identifier,
        "agent": "invoice-reader",
        "kind": kind,
        "currency": "USD",
        "interval": "month",
        "steps": steps,
        "created_at": OCTOBER,
        "decision_id": DECIDED,
    }
    return PlanRow(**(made | changed))


def subscription(identifier="sub-1", of="plan-usage", **changed):
    made = {
        "id": identifier,
        "tenant": "default",
        "buyer": "globex",
        "agent": "invoice-reader",
        "plan": of,
        "begins_at": OCTOBER,
        "paid_until": OCTOBER,
        "decision_id": DECIDED,
    }
    return SubscriptionRow(**(made | changed))


def coupon(code="LAUNCH10", **changed):
    made = {
        "code": code,
        "discount": "volume",
        "funding": "developer",
        "basis_points": 1_000,
        "least": 10,
        "valid_from": OCTOBER,
        "valid_until": OCTOBER + 365 * DAY,
        "created_at": OCTOBER,
        "decision_id": DECIDED,
    }
    return CouponRow(**(made | changed))


def metered(*more):
    """Keep an agent that is on sale, with a metered plan and a subscription to it."""
    keep(agent(state=AgentState.LISTED.value), plan(), subscription(), *more)


class Deciding:
    """Runs effects, each by a decision of its own."""

    def __init__(self):
        self.count = 0

    def __call__(self, do, action="marketplace.meter"):
        self.count += 1
        allowed = permit(action, decision_id=f"made-by-a-test-{self.count}")
        with effect(allowed, now=lambda: OCTOBER) as session:
            return do(session, allowed.decision_id)
