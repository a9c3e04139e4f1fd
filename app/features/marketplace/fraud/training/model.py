"""A model as data, and its score in Python: what `policies/rego/lib/fraud.rego` computes, for training and its tests.

Sales never use it: there the score is the policy's. Knows nothing of how weights are found.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

_PPM = 1_000_000
_REASONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A broken line: `base`, and hinges of (at, slope): where it bends, in rising order, and by how much."""

    base: float
    hinges: tuple[tuple[float, float], ...]

    def along(self, value: float) -> float:
        """Return its height at `value`."""
        height = self.base
        for at, slope in self.hinges:
            if value <= at:
                break
            height += slope * (value - at)
        return height

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"base": self.base, "hinges": [{"at": at, "slope": slope} for at, slope in self.hinges]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One summand: a product of signals, each along a curve, above or below its mean, by its weight."""

    id: str
    factors: tuple[tuple[str, str], ...]  # signal, curve
    weight: float = 0.0
    mean: float = 0.0

    def value(self, signals: Mapping[str, float], curves: Mapping[str, Curve]) -> float:
        """Return the product."""
        return prod(curves[curve].along(signals[signal]) for signal, curve in self.factors)

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        factors = [{"signal": signal, "curve": curve} for signal, curve in self.factors]
        return {"id": self.id, "weight": self.weight, "mean": self.mean, "factors": factors}


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """An additive model: `scale` makes a score from 0 to 1 of the sum of its terms."""

    form: str
    curves: Mapping[str, Curve]
    terms: tuple[Term, ...]
    bias: float
    scale: Curve

    def points(self, signals: Mapping[str, float]) -> list[tuple[float, str]]:
        """Return what each term adds, with its id."""
        return [(term.weight * (term.value(signals, self.curves) - term.mean), term.id) for term in self.terms]

    def total(self, signals: Mapping[str, float]) -> float:
        """Return the sum of all terms."""
        return self.bias + sum(points for points, _ in self.points(signals))

    def score_ppm(self, signals: Mapping[str, float]) -> int:
        """Return the score in millionths, halves rounded up."""
        return int(_PPM * max(0.0, min(1.0, self.scale.along(self.total(signals)))) + 0.5)

    def reasons(self, signals: Mapping[str, float]) -> list[str]:
        """Return the terms that raise the score most, three at most."""
        raising = sorted((-points, name) for points, name in self.points(signals) if points > 0)
        return [name for _, name in raising[:_REASONS]]

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "form": self.form,
            "bias": self.bias,
            "scale": self.scale.document(),
            "curves": {name: curve.document() for name, curve in self.curves.items()},
            "terms": [term.document() for term in self.terms],
        }


def parse_model(document: Mapping[str, Any]) -> Model:
    """Return the model that `Model.document` wrote."""
    return Model(
        form=document["form"],
        bias=document["bias"],
        scale=_curve(document["scale"]),
        curves={name: _curve(curve) for name, curve in document["curves"].items()},
        terms=tuple(
            Term(
                id=term["id"],
                weight=term["weight"],
                mean=term["mean"],
                factors=tuple((factor["signal"], factor["curve"]) for factor in term["factors"]),
            )
            for term in document["terms"]
        ),
    )


def line(points: Sequence[tuple[float, float]]) -> Curve:
    """Return the broken line through `points`, level before the first and after the last; numbers of six digits."""
    slopes = [0.0, *((high - low) / (to - at) for (at, low), (to, high) in pairwise(points)), 0.0]
    hinges = [(at, short(after - before)) for (at, _), (before, after) in zip(points, pairwise(slopes), strict=True)]
    return Curve(base=points[0][1], hinges=tuple((at, slope) for at, slope in hinges if slope))


def short(value: float) -> float:
    """Return `value` with six digits, so that it can be read."""
    return float(f"{value:.6g}")


def values(model: Model, rows: Iterable[Mapping[str, float]]) -> list[list[float]]:
    """Return the values of all terms for each row: shape (rows, terms)."""
    return [[term.value(row, model.curves) for term in model.terms] for row in rows]


def _curve(document: Mapping[str, Any]) -> Curve:
    return Curve(base=document["base"], hinges=tuple((hinge["at"], hinge["slope"]) for hinge in document["hinges"]))
