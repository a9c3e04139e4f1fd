"""What policy said about the risk of a purchase, as whoever sells acts on it: four verdicts, read off the decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.features.marketplace.fraud.signals import FORM
from app.pdp.model import Decision

_RISK: Final = frozenset({"risk_scored", "risk_tolerable", "buyer_verified"})
_BY_OBLIGATION: Final = {"verify_buyer": "verify", "alert_security": "block", "hold_for_review": "hold"}
_REASONS: Final = ("reason_1", "reason_2", "reason_3")


class Kind(StrEnum):
    """What becomes of the purchase, as far as risk goes."""

    ALLOW = "allow"
    VERIFY = "verify"  # the buyer is verified once more, then asks again
    BLOCK = "block"
    HOLD = "hold"  # a person looks at it: there is no score, or doubt about it


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A verdict.

    Attributes:
        kind: of the four.
        score_ppm: the score in millionths; None where there was none.
        model: that scored.
        reasons: terms of the model that raised the score most, the first one most.
    """

    kind: Kind
    score_ppm: int | None = None
    model: str | None = None
    reasons: tuple[str, ...] = ()


def verdict_of(decision: Decision) -> Verdict:
    """Return what a decision about `marketplace.purchase` says of risk.

    A decision that no gate made, because a fact was missing or of another type, or because evaluation failed, is a
    hold: without a score nothing is approved. A purchase may be denied for other gates although its risk is allowed.
    """
    stated = {each["id"]: each for each in decision.obligations}
    for name, kind in _BY_OBLIGATION.items():
        if name in stated:
            return _with(Kind(kind), stated[name])
    doubtful = bool(decision.diagnostics) or not _RISK.isdisjoint(decision.failed)
    return _with(Kind.HOLD if doubtful else Kind.ALLOW, stated.get("keep_score", {}))


def risk_of(measured: Mapping[str, float]) -> dict[str, Any]:
    """Return `context.risk` of `marketplace.purchase`: signals, which policy itself makes a score of."""
    return {"scored": False, "form": FORM, "signals": dict(measured)}


def _with(kind: Kind, stated: Mapping[str, Any]) -> Verdict:
    return Verdict(
        kind=kind,
        score_ppm=stated.get("score_ppm"),
        model=stated.get("model"),
        reasons=tuple(stated[name] for name in _REASONS if name in stated),
    )
