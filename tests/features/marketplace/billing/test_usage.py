"""Use counts once, whatever is sent again; what is owed for it is owed once, to the cent."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlmodel import select

from app.db import reading
from app.features.marketplace.billing import invoicing
from app.features.marketplace.billing.cloudevents import UsageEvent
from app.features.marketplace.billing.invoicing import Period, due, finalise, months_on
from app.features.marketplace.billing.rows import InvoiceRow, SubscriptionRow, UsageRow
from app.features.marketplace.billing.usage import keep as keep_usage
from tests.features.marketplace.billing.selling import DAY, OCTOBER, Deciding, metered, plan, subscription
from tests.features.marketplace.trading import keep

NOVEMBER = OCTOBER + 31 * DAY
DECEMBER = NOVEMBER + 30 * DAY
FIRST = Period(year=2026, month=10)


def event(identifier="run-1", quantity=1, at=OCTOBER + DAY, corrects=None, of="sub-1"):
    return UsageEvent(
        source="/runner",
        id=identifier,
        subscription=of,
        quantity=quantity,
        at=at,
        corrects=None if corrects is None else ("/runner", corrects),
        body_hash=f"{identifier} {quantity} {at} {corrects}",
    )


@pytest.fixture
def deciding(market):  # noqa: ARG001 - the database
    metered()
    return Deciding()


def report(deciding, *events, now=OCTOBER + 2 * DAY):
    done = deciding(lambda session, decided: keep_usage(session, list(events), now=now, decision_id=decided))
    return [each.status for each in done]


def invoice(deciding, now):
    """Make what is due at `now`, a month after the other, and return each month's total."""
    made = {}
    while True:
        with reading() as session:
            found = list(due(session, now))
        if not found:
            return made
        for subscribed, period in found:
            said = {"now": now}
            row = deciding(
                lambda session, decided, of=subscribed, month=period, said=said: finalise(
                    session, of, month, decision_id=decided, **said
                ),
                "marketplace.invoice",
            )
            assert sum(line["amount"] for line in row.lines) == row.total
            made[str(period)] = row.total


def test_use_is_kept_and_owed(deciding):
    assert report(deciding, event("run-1", 11_000), event("run-2", 1_000)) == [201, 201]
    assert invoice(deciding, NOVEMBER) == {"2026-10": 92_000}


def test_on_each_kind_of_database(market_anywhere):  # noqa: ARG001 - the database
    metered()
    deciding = Deciding()
    assert report(deciding, event("a", 5), event("a", 5), event("b", -2, corrects="a")) == [201, 200, 201]
    assert invoice(deciding, NOVEMBER) == {"2026-10": 30}


def test_what_is_sent_again_counts_once(deciding):
    assert report(deciding, event(), event()) == [201, 200]
    assert report(deciding, event()) == [200]
    assert invoice(deciding, NOVEMBER) == {"2026-10": 10}


def test_the_same_id_with_something_else_is_refused(deciding):
    assert report(deciding, event(), event(quantity=2)) == [201, 409]


def test_the_same_id_of_another_source_is_another_event(deciding):
    assert report(deciding, event(), replace(event(), source="/another")) == [201, 201]


def test_a_subscription_that_there_is_not_owes_nothing(deciding):
    assert report(deciding, event(of="sub-9"), event()) == [404, 201]


def test_a_subscription_that_is_not_metered_counts_nothing(deciding):
    keep(plan("plan-seat", "seat", [{"unit": "5"}]), subscription("sub-2", "plan-seat", paid_until=DECEMBER))
    assert report(deciding, event(of="sub-2")) == [422]


def test_neither_order_nor_batches_change_what_is_owed(deciding):
    events = [event(f"run-{number}", number) for number in range(1, 40)]
    keep(*(subscription(f"sub-{number}") for number in range(2, 6)))
    for number in range(2, 6):
        order = [replace(each, subscription=f"sub-{number}", source=f"/{number}") for each in events]
        random.Random(number).shuffle(order)
        for start in range(0, len(order), number * 3):
            report(deciding, *order[start : start + number * 3])
    invoice(deciding, NOVEMBER)
    with reading() as session:
        assert {row.total for row in session.exec(select(InvoiceRow)).all()} == {780 * 10}


def test_an_invoice_is_made_once_and_after_its_month(deciding):
    report(deciding, event())
    assert invoice(deciding, NOVEMBER - 1) == {}
    assert invoice(deciding, NOVEMBER) == {"2026-10": 10}
    assert invoice(deciding, NOVEMBER + DAY) == {}


def test_what_comes_late_is_on_the_next_invoice_once(deciding):
    report(deciding, event())
    invoice(deciding, NOVEMBER)
    report(deciding, event("late", 2, OCTOBER + 30 * DAY), event("late", 2, OCTOBER + 30 * DAY), now=NOVEMBER + DAY)
    assert invoice(deciding, NOVEMBER + 2 * DAY) == {}
    assert invoice(deciding, DECEMBER) == {"2026-11": 20}
    assert invoice(deciding, DECEMBER + 40 * DAY) == {}


def test_what_happened_after_the_month_is_not_on_its_invoice(deciding):
    report(deciding, event("last", 1, NOVEMBER - 1), event("next", 1, NOVEMBER))
    assert invoice(deciding, NOVEMBER) == {"2026-10": 10}
    assert invoice(deciding, DECEMBER) == {"2026-11": 10}


def test_months_that_nobody_looked_at_are_made_up_for(deciding):
    report(deciding, event("a", 1), event("b", 2, NOVEMBER + DAY))
    assert invoice(deciding, DECEMBER) == {"2026-10": 10, "2026-11": 20}


def test_a_month_without_anything_has_no_invoice(deciding):
    assert invoice(deciding, DECEMBER) == {}


# corrections


def test_a_correction_takes_back_what_was_used_and_no_more(deciding):
    assert report(deciding, event("a", 10), event("b", -4, corrects="a"), event("c", -6, corrects="a")) == [201] * 3
    assert report(deciding, event("d", -1, corrects="a")) == [422]
    assert invoice(deciding, NOVEMBER) == {"2026-10": 0}


@pytest.mark.parametrize("corrects", ["unknown", "b"])
def test_nothing_else_can_be_corrected(deciding, corrects):
    report(deciding, event("a", 10), event("b", -4, corrects="a"))
    assert report(deciding, event("c", -1, corrects=corrects)) == [422]


def test_another_subscriptions_use_cannot_be_taken_back(deciding):
    keep(subscription("sub-2"))
    report(deciding, event("a", 10))
    assert report(deciding, event("b", -1, corrects="a", of="sub-2")) == [422]


def test_what_is_taken_back_after_its_invoice_is_carried_on(deciding):
    report(deciding, event("a", 100))
    invoice(deciding, NOVEMBER)
    report(deciding, event("b", -60, NOVEMBER + 1, "a"), event("c", 20, NOVEMBER + 1), now=NOVEMBER + DAY)
    report(deciding, event("d", 50, DECEMBER + 1), now=DECEMBER + DAY)
    assert invoice(deciding, DECEMBER) == {"2026-11": 0}
    assert invoice(deciding, DECEMBER + 31 * DAY) == {"2026-12": 100}


# renewals


def test_a_subscription_is_renewed_from_when_its_order_ends(deciding):
    seats = plan("plan-seat", "seat", [{"unit": "25.00"}])
    keep(seats, subscription("sub-2", "plan-seat", quantity=3, paid_until=NOVEMBER + 14 * DAY))
    assert invoice(deciding, NOVEMBER) == {}
    assert invoice(deciding, DECEMBER) == {"2026-11": 7_500}
    assert invoice(deciding, DECEMBER + 31 * DAY) == {"2026-12": 7_500}


def test_a_year_is_renewed_by_the_year(deciding):
    keep(plan("plan-year", "unlimited", [{"unit": "10"}], interval="year"), subscription("sub-2", "plan-year"))
    assert invoice(deciding, DECEMBER + 300 * DAY) == {"2026-10": 12_000}
    assert invoice(deciding, DECEMBER + 360 * DAY) == {"2027-10": 12_000}


def test_what_has_ended_is_not_renewed(deciding):
    ended = {"paid_until": NOVEMBER, "ends_at": NOVEMBER}
    keep(plan("plan-seat", "seat", [{"unit": "25.00"}]), subscription("sub-2", "plan-seat", **ended))
    assert invoice(deciding, DECEMBER) == {}


def test_what_was_bought_for_good_is_not_renewed(deciding):
    keep(plan("plan-good", "perpetual", [{"unit": "9"}], interval="once"), subscription("sub-2", "plan-good"))
    assert invoice(deciding, DECEMBER) == {}


@pytest.mark.parametrize(
    ("begun", "months", "then"),
    [("2026-01-31", 1, "2026-02-28"), ("2027-12-15", 1, "2028-01-15"), ("2028-02-29", 12, "2029-02-28")],
)
def test_a_month_on_is_the_same_day_or_the_last(begun, months, then):
    def seconds(day):
        return int(datetime.fromisoformat(f"{day}T10:30:00").replace(tzinfo=UTC).timestamp())

    assert months_on(seconds(begun), months) == seconds(then)


def test_december_is_followed_by_january():
    assert Period(year=2026, month=12).next() == Period(year=2027, month=1)
    assert FIRST.ends_at == NOVEMBER


def test_whoever_collects_is_told_in_the_same_transaction(deciding, monkeypatch):
    told = []
    monkeypatch.setattr(invoicing, "FINALISED", [lambda _, row: told.append((row.id, row.total))])
    report(deciding, event())
    invoice(deciding, NOVEMBER)
    assert told == [("sub-1.2026-10", 10)]


def test_every_event_names_the_invoice_that_it_is_on(deciding):
    report(deciding, event("a"), event("b", 1, NOVEMBER))
    invoice(deciding, NOVEMBER)
    with reading() as session:
        assert {row.event: row.invoice for row in session.exec(select(UsageRow)).all()} == {
            "a": "sub-1.2026-10",
            "b": None,
        }
        assert session.get(SubscriptionRow, "sub-1").paid_until == OCTOBER
