"""Who gets what of a sale: the parts are the whole, to the cent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.marketplace.billing.commission import parse_rates, rates_of, split
from app.features.marketplace.errors import MarketDataError, SayingError
from app.features.marketplace.money import CurrencyError, Money
from app.features.marketplace.rows import Tier
from tests.features.gating import POLICIES, shipped

SHIPPED = json.loads((POLICIES / "data/market_rates.json").read_text())


@pytest.fixture(scope="module")
def rates():
    return rates_of(shipped())


@pytest.mark.parametrize(
    ("tier", "fee", "reserve"),
    [(Tier.COMMUNITY, 3_000, 350), (Tier.VERIFIED, 2_000, 400), (Tier.ENTERPRISE, 1_500, 425)],
)
def test_each_tier_bears_its_commission(rates, tier, fee, reserve):
    found = split(Money("USD", 10_000), tier, rates)
    assert (found.fee.minor, found.developer.minor, found.reserve.minor) == (fee, 10_000 - fee, reserve)
    assert found.protection.minor == 0


def test_protection_comes_out_of_the_developers_share(rates):
    found = split(Money("USD", 10_000), Tier.VERIFIED, rates, protected=True)
    assert (found.fee.minor, found.protection.minor, found.developer.minor, found.reserve.minor) == (
        2_000,
        200,
        7_800,
        390,
    )


@given(st.integers(0, 10**9), st.sampled_from(list(Tier)), st.booleans())
def test_the_parts_are_the_whole(minor, tier, protected):
    found = split(Money("EUR", minor), tier, rates_of(shipped()), protected=protected)
    assert found.fee + found.developer + found.protection == Money("EUR", minor)
    assert 0 <= found.reserve.minor <= found.developer.minor
    assert found.fee.minor >= 0
    assert found.protection.minor >= 0


def test_protection_takes_no_more_than_there_is():
    greedy = parse_rates(SHIPPED | {"chargeback_protection": 10_000})
    found = split(Money("USD", 100), Tier.COMMUNITY, greedy, protected=True)
    assert (found.developer.minor, found.protection.minor) == (0, 70)


def test_the_other_charges_are_what_policy_data_say(rates):
    assert rates.support(Money("USD", 12_345)) == Money("USD", 1_234)
    assert (rates.verification, rates.referral) == (Money("USD", 500_000), Money("USD", 5_000))


@pytest.mark.parametrize("cents", [50_000, 200_000])
def test_paid_placement_has_bounds(rates, cents):
    assert rates.promoted(Money("USD", cents)).minor == cents


@pytest.mark.parametrize("wrong", [Money("USD", 49_999), Money("USD", 200_001), Money("EUR", 100_000)])
def test_paid_placement_out_of_bounds_is_refused(rates, wrong):
    with pytest.raises(SayingError):
        rates.promoted(wrong)


class Bundle:
    def __init__(self, data):
        self.data = json.dumps(data)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"market_rates": []},
        {"market_rates": SHIPPED | {"reserve": 10_001}},
        {"market_rates": SHIPPED | {"reserve": -1}},
        {"market_rates": SHIPPED | {"reserve": 5.0}},
        {"market_rates": SHIPPED | {"commission": {"community": 1}}},
        {"market_rates": SHIPPED | {"referral": {"currency": "usd", "credit": 1}}},
    ],
)
def test_rates_of_another_form_are_none(data):
    with pytest.raises(MarketDataError):
        rates_of(Bundle(data))


def test_a_currency_has_the_form_of_one():
    with pytest.raises(CurrencyError):
        parse_rates(SHIPPED | {"referral": {"currency": "usd", "credit": 1}})
