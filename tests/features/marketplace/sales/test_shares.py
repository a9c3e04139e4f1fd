"""Whatever parts an order goes back in, every cent has somebody who bears it, and in whole nothing is left."""

from fractions import Fraction
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from app.features.marketplace.sales.shares import Sale, Shares, between, borne, drawn


@st.composite
def sales(draw):
    gross, promotion = draw(st.integers(1, 10**9)), draw(st.integers(0, 10**6))
    fee = draw(st.integers(0, gross + promotion))
    protection = draw(st.integers(0, gross + promotion - fee))
    return Sale(
        gross=gross, promotion=promotion, fee=fee, protection=protection, net=gross + promotion - fee - protection
    )


def total(shares):
    return shares.developer + shares.protection + shares.commission - shares.promotion


@given(sales(), st.data())
def test_the_parts_of_any_sequence_of_refunds_sum_to_what_was_sold(sale, data):
    back, seen = 0, Shares(developer=0, promotion=0, protection=0, commission=0)
    while back < sale.gross:
        amount = (
            data.draw(st.integers(max(1, sale.gross // 5), sale.gross - back))
            if sale.gross - back > sale.gross // 5
            else sale.gross - back
        )
        each = between(sale, back, back + amount)
        assert total(each) == amount
        seen = Shares(**{name: getattr(seen, name) + getattr(each, name) for name in Shares.__dataclass_fields__})
        back += amount
    assert seen == Shares(developer=sale.net, promotion=sale.promotion, protection=sale.protection, commission=sale.fee)


@given(sales(), st.fractions(0, 1))
def test_a_developer_bears_their_part_of_what_is_back_rounded_down(sale, part):
    refunded = floor(part * sale.gross)
    assert borne(sale, refunded).developer == floor(Fraction(sale.net * refunded, sale.gross))


@given(sales(), st.data())
def test_what_comes_back_again_undoes_what_went(sale, data):
    first = data.draw(st.integers(0, sale.gross))
    second = data.draw(st.integers(first, sale.gross))
    there, again = between(sale, first, second), between(sale, second, first)
    assert all(getattr(there, name) == -getattr(again, name) for name in Shares.__dataclass_fields__)


def test_what_is_held_is_drawn_in_its_order():
    held = [("escrow", 5), ("available", -3), ("reserve", 4)]
    assert drawn(3, held) == ({"escrow": 3, "available": 0, "reserve": 0}, 0)
    assert drawn(7, held) == ({"escrow": 5, "available": 0, "reserve": 2}, 0)
    assert drawn(11, held) == ({"escrow": 5, "available": 0, "reserve": 4}, 2)
