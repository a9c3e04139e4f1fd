"""The form of the model that is trained: which signals run along which curve, and which of them together.

Owns the choice. What each weighs is found by `fitting.py`.
"""

import math
from typing import Final

from app.features.marketplace.fraud.signals import FORM, SIGNALS
from app.features.marketplace.fraud.training.model import Curve, Model, Term, line

_BENDS: Final = (0, 1, 2, 4, 8, 16, 64, 256, 2_048, 100_000)

CURVES: Final[dict[str, Curve]] = {
    "plain": Curve(base=0, hinges=((0, 1),)),
    "log": line([(at, math.log1p(at)) for at in _BENDS]),
    "none": line([(0, 1), (1, 0)]),
    "little": line([(4, 1), (8, 0)]),
    "young": line([(0, 1), (3, 0)]),
}
"""`log` is about log(1 + x); `none` is 1 where nothing is there, `little` and `young` where there is little."""

_TOGETHER: Final = (
    ("first_purchase", ("known_orders", "none")),
    ("very_small_amount", ("amount", "little")),
    ("very_young_account", ("account_days", "young")),
    ("new_device_abroad", ("new_device", "plain"), ("network_abroad", "plain")),
    ("new_device_high_amount", ("new_device", "plain"), ("amount_above_usual", "plain")),
    ("new_device_new_agent", ("new_device", "plain"), ("new_agent", "plain")),
    ("new_device_burst", ("new_device", "plain"), ("buyer_attempts_hour", "log")),
    ("new_device_new_country", ("new_device", "plain"), ("new_country", "plain")),
    ("new_device_high_new_agent", ("new_device", "plain"), ("new_agent", "plain"), ("amount_above_usual", "plain")),
    ("first_card_abroad", ("known_orders", "none"), ("card_abroad", "plain")),
    ("first_high_amount", ("known_orders", "none"), ("amount", "log")),
    ("first_young_account", ("known_orders", "none"), ("account_days", "young")),
    ("young_coupon", ("account_days", "young"), ("coupon", "plain")),
    ("young_high_amount", ("account_days", "young"), ("amount", "log")),
    ("young_shared_device", ("account_days", "young"), ("device_buyers_month", "log")),
    ("small_declined", ("amount", "little"), ("declined", "log")),
    ("first_young_agent", ("account_days", "young"), ("agent_fresh_share", "plain")),
)


def untrained() -> Model:
    """Return the model without weights: each signal by itself, then what counts together."""
    alone = (Term(id=name, factors=((name, "log" if signal.top > 1 else "plain"),)) for name, signal in SIGNALS.items())
    together = (Term(id=name, factors=tuple(factors)) for name, *factors in _TOGETHER)
    return Model(form=FORM, curves=CURVES, terms=(*alone, *together), bias=0.0, scale=Curve(base=0, hinges=()))
