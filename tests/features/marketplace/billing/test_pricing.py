"""What so much of a plan costs: exact, the same in any order, never more for less, never below zero."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.marketplace.billing.coupon import Coupon, Discount, Funding
from app.features.marketplace.billing.errors import PlanError
from app.features.marketplace.billing.plan import Interval, Kind, Plan, Step, parse_steps
from app.features.marketplace.billing.pricing import quote
from app.features.marketplace.money import Money

AT = 1_795_356_000
GRADUATED = (Step(up_to=1_000, unit="0.10"), Step(up_to=10_000, unit="0.08"), Step(up_to=None, unit="0.05"))


def plan(kind=Kind.USAGE, interval=None, steps=GRADUATED, **more):
    chosen = interval or (Interval.ONCE if kind in {Kind.PERPETUAL, Kind.ENTERPRISE} else Interval.MONTH)
    return Plan(id="p1", agent="reader", kind=kind, currency="USD", interval=chosen, steps=steps, **more)


def seats(unit="25.00", **more):
    return plan(Kind.SEAT, steps=(Step(up_to=None, unit=unit),), **more)


def volume(code="TEN", points=1_000, least=10, **more):
    return Coupon(
        code=code, discount=Discount.VOLUME, funding=Funding.DEVELOPER, basis_points=points, least=least, **more
    )


def annual(code="YEAR", points=2_000, **more):
    return Coupon(code=code, discount=Discount.ANNUAL, funding=Funding.DEVELOPER, basis_points=points, **more)


def first_month(code="FREE", funding=Funding.PLATFORM, **more):
    return Coupon(code=code, discount=Discount.FIRST_MONTH, funding=funding, **more)


def credit(code="REF", amount=5_000, **more):
    return Coupon(
        code=code, discount=Discount.CREDIT, funding=Funding.PLATFORM, amount=amount, **({"currency": "USD"} | more)
    )


# prices


@pytest.mark.parametrize(
    ("runs", "cents"),
    [(0, 0), (1, 10), (1_000, 10_000), (1_001, 10_008), (10_000, 82_000), (10_001, 82_005), (12_000, 92_000)],
)
def test_each_run_costs_what_its_own_step_says(runs, cents):
    assert quote(plan(), runs, at=AT).gross == Money("USD", cents)


def test_a_line_is_rounded_once_and_half_to_even():
    thousandths = plan(steps=(Step(up_to=None, unit="0.005"),))
    assert [quote(thousandths, runs, at=AT).gross.minor for runs in (1, 2, 3, 5)] == [0, 1, 2, 2]


def test_a_thousand_runs_are_priced_together():
    thousand = plan(Kind.EXECUTION, steps=(Step(up_to=None, unit="12.50"),), per=1_000)
    assert quote(thousand, 1_500, at=AT).gross == Money("USD", 1_875)


def test_a_year_is_twelve_months_in_advance():
    assert quote(seats(interval=Interval.YEAR), 3, at=AT).gross == Money("USD", 12 * 3 * 2_500)


def test_an_enterprise_licence_comes_with_support():
    licence = plan(Kind.ENTERPRISE, steps=(Step(up_to=None, unit="9000"),), support="1800.50")
    found = quote(licence, 2, at=AT)
    assert [(each.text, each.amount.minor) for each in found.lines] == [
        ("enterprise licence", 1_800_000),
        ("support", 360_100),
    ]


@pytest.mark.parametrize("kind", [Kind.UNLIMITED, Kind.PERPETUAL])
def test_what_has_one_price_costs_it(kind):
    assert quote(plan(kind, steps=(Step(up_to=None, unit="499"),)), 1, at=AT).gross == Money("USD", 49_900)


def test_a_volume_licence_is_sold_from_a_number_on():
    licence = seats(least=50)
    assert quote(licence, 50, at=AT).gross == Money("USD", 125_000)
    with pytest.raises(PlanError):
        quote(licence, 49, at=AT)


def test_more_than_can_be_priced_is_refused():
    with pytest.raises(PlanError):
        quote(seats(), 1_000_000_001, at=AT)
    with pytest.raises(PlanError):
        quote(seats(), 0, at=AT)


@pytest.mark.parametrize(
    "wrong",
    [
        {"currency": "usd"},
        {"interval": Interval.ONCE},
        {"steps": ()},
        {"steps": (Step(up_to=5, unit="1"),)},
        {"steps": (Step(up_to=None, unit="1"), Step(up_to=None, unit="1"))},
        {"steps": (Step(up_to=5, unit="1"), Step(up_to=5, unit="1"), Step(up_to=None, unit="1"))},
        {"steps": tuple(Step(up_to=n or None, unit="1") for n in [*range(1, 21), 0])},
        {"per": 0},
        {"least": 0},
        {"support": "1"},
        {"kind": Kind.ENTERPRISE, "interval": Interval.ONCE},
        {"kind": Kind.ENTERPRISE, "interval": Interval.ONCE, "support": "1e3"},
        {"kind": Kind.UNLIMITED},
    ],
)
def test_a_plan_that_does_not_go_together_is_none(wrong):
    with pytest.raises(PlanError):
        replace(plan(), **wrong)


@pytest.mark.parametrize(
    "unit", ["", "-1", "1.", ".5", "01", "1e3", "0.1234567", "1234567890", "NaN", "\u0661", 1, None]
)
def test_a_price_is_a_plain_decimal(unit):
    with pytest.raises(PlanError):
        Step(up_to=None, unit=unit)


@pytest.mark.parametrize("said", [[{}], ["1"], [{"unit": "1", "up_to": True}], [{"unit": "1", "up_to": 0}], None])
def test_steps_of_another_form_are_refused(said):
    with pytest.raises(PlanError):
        parse_steps(said)


def test_steps_are_read_as_they_are_said():
    assert parse_steps([{"up_to": 10, "unit": "2"}, {"unit": "1.5"}]) == (
        Step(up_to=10, unit="2"),
        Step(up_to=None, unit="1.5"),
    )


# discounts


def test_discounts_are_taken_in_their_order():
    found = quote(seats(interval=Interval.YEAR), 10, [credit(), first_month(), annual(), volume()], at=AT)
    assert [(each.coupon, each.amount.minor) for each in found.lines if each.coupon] == [
        ("TEN", -30_000),  # of 3,000.00
        ("YEAR", -54_000),  # of 2,700.00
        ("FREE", -18_000),  # a twelfth of 2,160.00
        ("REF", -5_000),
    ]
    assert (found.list.minor, found.gross.minor, found.funded.minor) == (300_000, 193_000, 23_000)
    assert found.earned.minor == 216_000
    assert found.coupons["REF"] == Money("USD", 5_000)


def test_ten_seats_are_ten_percent_off_and_nine_are_not():
    assert quote(seats(), 9, [volume()], at=AT).discounts.minor == 0
    assert quote(seats(), 10, [volume()], at=AT).gross.minor == 22_500


def test_no_volume_discount_makes_more_cost_less():
    deep = volume(points=5_000)
    assert [quote(seats(), count, [deep], at=AT).gross.minor for count in (9, 10, 18, 20)] == [
        22_500,
        22_500,
        22_500,
        25_000,
    ]


def test_of_two_parts_the_better_one_is_taken():
    found = quote(seats(), 100, [volume("A"), volume("B", 1_500)], at=AT)
    assert list(found.coupons) == ["B"]


def test_the_first_month_of_a_monthly_plan_is_free():
    assert quote(seats(), 3, [first_month()], at=AT).gross.minor == 0


def test_a_credit_pays_no_more_than_there_is():
    found = quote(seats(), 1, [credit("A", 1_500), credit("B", 5_000)], at=AT)
    assert (found.gross.minor, found.coupons["A"].minor, found.coupons["B"].minor) == (0, 1_500, 1_000)


@pytest.mark.parametrize(
    "coupon",
    [
        credit(currency="EUR"),
        credit(agent="another"),
        credit(from_=AT + 1),
        credit(until=AT),
        annual(),
        volume(least=101),
    ],
)
def test_a_coupon_that_does_not_hold_takes_nothing_off(coupon):
    assert quote(seats(), 100, [coupon], at=AT).coupons == {}


def test_a_coupon_holds_from_its_first_second_to_its_last():
    assert credit(from_=AT, until=AT + 1).holds("reader", "USD", AT)
    assert not credit(from_=AT, until=AT + 1).holds("reader", "USD", AT + 1)


def test_nothing_of_a_single_payment_is_a_month():
    assert quote(plan(Kind.PERPETUAL, steps=(Step(up_to=None, unit="5"),)), 1, [first_month()], at=AT).coupons == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"basis_points": 0},
        {"basis_points": 10_001},
        {"least": 1},
        {"least": 0},
        {"amount": 1},
        {"currency": "USD"},
        {"discount": Discount.FIRST_MONTH},
        {"discount": Discount.CREDIT, "basis_points": 0, "least": 1},
        {"discount": Discount.CREDIT, "basis_points": 0, "least": 1, "amount": -1, "currency": "USD"},
        {"discount": Discount.ANNUAL},
    ],
)
def test_a_coupon_has_what_its_discount_needs_and_nothing_else(wrong):
    with pytest.raises(PlanError):
        replace(volume(), **wrong)


# what holds of all of them

PRICES = st.decimals(0, 5_000, places=4).map(lambda found: format(found.normalize(), "f"))


@st.composite
def plans(draw):
    kind = draw(st.sampled_from([Kind.SEAT, Kind.EXECUTION, Kind.USAGE]))
    ends = sorted(draw(st.sets(st.integers(1, 200), max_size=4)))
    steps = tuple(Step(up_to=end, unit=draw(PRICES)) for end in [*ends, None])
    interval = Interval.MONTH if kind is Kind.USAGE else draw(st.sampled_from([Interval.MONTH, Interval.YEAR]))
    return plan(kind, interval, steps, per=draw(st.sampled_from([1, 1, 7, 1_000])))


POINTS = st.integers(1, 10_000)
COUPONS = st.lists(
    st.one_of(
        st.builds(volume, st.sampled_from(["V1", "V2"]), POINTS, st.integers(2, 50)),
        st.builds(annual, st.sampled_from(["A1", "A2"]), POINTS),
        st.builds(first_month, st.sampled_from(["F1", "F2"]), st.sampled_from(list(Funding))),
        st.builds(credit, st.sampled_from(["C1", "C2", "C3"]), st.integers(0, 10**6)),
    ),
    max_size=6,
    unique_by=lambda each: each.code,
)


@given(plans(), st.integers(1, 300), COUPONS, st.randoms(use_true_random=False))
def test_the_order_of_coupons_changes_nothing(made, quantity, coupons, random):
    found = quote(made, quantity, coupons, at=AT)
    random.shuffle(coupons)
    assert quote(made, quantity, coupons + coupons, at=AT) == found


@given(plans(), st.integers(1, 300), COUPONS)
def test_the_lines_are_the_total_and_it_is_never_below_zero(made, quantity, coupons):
    found = quote(made, quantity, coupons, at=AT)
    assert sum(each.amount.minor for each in found.lines) == found.gross.minor >= 0
    assert found.list - found.discounts == found.gross
    assert 0 <= found.funded.minor <= found.discounts.minor
    assert found.earned == found.gross + found.funded


@given(plans(), st.integers(1, 300), st.integers(0, 40), COUPONS)
def test_more_never_costs_less(made, quantity, more, coupons):
    less = quote(made, quantity, coupons, at=AT)
    assert quote(made, quantity + more, coupons, at=AT).gross >= less.gross


@given(plans(), st.integers(1, 300))
def test_rounding_is_off_by_half_a_cent_a_line_at_most(made, quantity):
    months = 12 if made.interval is Interval.YEAR else 1
    units = range(1, quantity + 1)
    owns = (next(step for step in made.steps if step.up_to is None or unit <= step.up_to) for unit in units)
    exact = sum((Fraction(step.unit) * 100 * months / made.per for step in owns), Fraction(0))
    found = quote(made, quantity, at=AT)
    assert 2 * abs(found.gross.minor - exact) <= len(found.lines)
