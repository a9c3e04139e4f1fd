"""How well scores tell fraud from honest purchases. Pure; every figure stands beside that of approving everything."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

STOPPED: Final = 0.9
"""Assumed: the share of fraud that an additional verification stops."""

LOST: Final = 0.05
"""Assumed: the share of honest buyers that an additional verification loses."""

_VERIFY, _BLOCK = 0.5, 0.8
_PLACES = 5
_FLOOR = 1e-4  # share of an empty bin


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A scored attempt: what it really was, its score from 0 to 1, and the amount."""

    score: float
    fraud: bool
    scenario: str
    amount: float


def report(scored: Sequence[Scored]) -> dict[str, Any]:
    """Return all figures about `scored`."""
    fraud = [each for each in scored if each.fraud]
    honest = [each for each in scored if not each.fraud]
    caught = [each for each in fraud if each.score > _VERIFY]
    alarms = [each for each in honest if each.score > _VERIFY]
    found = {
        "attempts": len(scored),
        "fraud": len(fraud),
        "auc_pr": average_precision(scored),
        "auc_pr_of_chance": len(fraud) / len(scored),
        "recall": len(caught) / len(fraud),
        "recall_of_approving_everything": 0.0,
        "recall_by_money": sum(each.amount for each in caught) / sum(each.amount for each in fraud),
        "false_positive_rate": len(alarms) / len(honest),
        "precision": len(caught) / max(len(caught) + len(alarms), 1),
        "accuracy": (len(caught) + len(honest) - len(alarms)) / len(scored),
        "accuracy_of_approving_everything": len(honest) / len(scored),
        "honest_blocked": sum(each.score > _BLOCK for each in honest) / len(honest),
        "chargebacks": left_over(scored),
        "chargebacks_of_approving_everything": len(fraud) / len(scored),
    }
    rounded: dict[str, Any] = {name: round(value, _PLACES) for name, value in found.items()}
    return rounded | {"recall_by_scenario": by_scenario(scored), "calibration": calibration(scored)}


def average_precision(scored: Sequence[Scored]) -> float:
    """Return the area under precision and recall, each threshold weighed by the recall it adds."""
    caught, area, seen = 0, 0.0, 0
    total = sum(each.fraud for each in scored)
    ranked = sorted(scored, key=lambda each: -each.score)
    while seen < len(ranked):
        ties, here = seen, 0
        while ties < len(ranked) and ranked[ties].score == ranked[seen].score:
            here += ranked[ties].fraud
            ties += 1
        seen, caught = ties, caught + here
        area += here / total * caught / seen
    return area


def left_over(scored: Sequence[Scored]) -> float:
    """Return the share of completed purchases that is charged back, under the assumptions `STOPPED` and `LOST`."""
    bad = sum(_completed(each.score, 1 - STOPPED) for each in scored if each.fraud)
    good = sum(_completed(each.score, 1 - LOST) for each in scored if not each.fraud)
    return bad / (bad + good)


def _completed(score: float, verified: float) -> float:
    return 0.0 if score > _BLOCK else verified if score > _VERIFY else 1.0


def by_scenario(scored: Sequence[Scored]) -> dict[str, float]:
    """Return for each scenario the share that is at least verified."""
    found: dict[str, list[bool]] = {}
    for each in scored:
        if each.fraud:
            found.setdefault(each.scenario, []).append(each.score > _VERIFY)
    return {name: round(sum(hits) / len(hits), _PLACES) for name, hits in sorted(found.items())}


def calibration(scored: Sequence[Scored]) -> list[dict[str, float]]:
    """Return for each band of scores how many there are, and which share of them is fraud."""
    bands = ((0.0, 0.1), (0.1, 0.3), (0.3, _VERIFY), (_VERIFY, _BLOCK), (_BLOCK, 1.0))
    rows = []
    for above, upto in bands:
        inside = [each.fraud for each in scored if above < each.score <= upto or (above == each.score == 0)]
        share = round(sum(inside) / len(inside), _PLACES) if inside else 0.0
        rows.append({"above": above, "up_to": upto, "attempts": len(inside), "fraud": share})
    return rows


def stability(before: Sequence[float], after: Sequence[float], bins: int = 10) -> float:
    """Return the population stability index of two samples, by the quantiles of the first.

    0.1 is little, 0.25 much (Siddiqi, Credit Risk Scorecards, 2006).
    """
    ordered = sorted(before)
    cuts = sorted({ordered[len(ordered) * place // bins] for place in range(1, bins)})
    one, two = _shares(before, cuts), _shares(after, cuts)
    return sum((now - then) * math.log(now / then) for then, now in zip(one, two, strict=True))


def _shares(sample: Sequence[float], cuts: Sequence[float]) -> list[float]:
    counts = [0] * (len(cuts) + 1)
    for value in sample:
        counts[sum(value > cut for cut in cuts)] += 1
    return [count / len(sample) + _FLOOR for count in counts]


def drifted(before: Sequence[Mapping[str, float]], after: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the stability index of each signal, the most shifted first."""
    found = {
        name: round(stability([row[name] for row in before], [row[name] for row in after]), 4) for name in before[0]
    }
    return dict(sorted(found.items(), key=lambda each: -each[1]))
