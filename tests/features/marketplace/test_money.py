"""Money is whole, of one currency, and rounded once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.marketplace.money import CurrencyError, Money

MINOR = st.integers(-(10**12), 10**12)


@given(MINOR, st.integers(0, 10_000))
def test_a_part_and_the_rest_are_the_whole(minor, points):
    whole = Money("EUR", minor)
    part = whole.part(points)
    assert part + (whole - part) == whole
    assert abs(2 * (part.minor * 10_000 - minor * points)) <= 10_000


@pytest.mark.parametrize(("minor", "points", "part"), [(25, 1_000, 2), (35, 1_000, 4), (-25, 1_000, -2), (1, 4_999, 0)])
def test_a_half_goes_to_the_even_one(minor, points, part):
    assert Money("EUR", minor).part(points).minor == part


def test_currencies_do_not_mix():
    with pytest.raises(CurrencyError):
        Money("EUR", 1) + Money("USD", 1)
    with pytest.raises(CurrencyError):
        Money("eur", 1)


@pytest.mark.parametrize(("minor", "text"), [(0, "0.00 EUR"), (5, "0.05 EUR"), (-12_345, "-123.45 EUR")])
def test_money_is_written_with_its_currency(minor, text):
    assert str(Money("EUR", minor)) == text


def test_money_owed_is_below_zero():
    assert -Money("EUR", 3) == Money("EUR", -3)
