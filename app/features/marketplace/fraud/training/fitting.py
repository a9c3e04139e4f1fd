"""Weights for a model: logistic regression, and a scale on which 0.5 and 0.8 mean a share of honest buyers.

Needs the extra `training`. Knows nothing of where rows come from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from app.features.marketplace.fraud.training.model import Curve, Model, line, short, values

Row = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Rows, and for each whether it was known to be fraud when the model was made."""

    rows: Sequence[Row]
    fraud: Sequence[bool]


def fitted(model: Model, training: Known, validations: Sequence[Known]) -> Model:
    """Return `model` with weights from `training`, on a scale from `validations`.

    On the scale, at most 1 % of those that are not known to be fraud are above 0.5, and at most 0.1 % above 0.8, in
    each of `validations`.
    """
    table = np.array(values(model, training.rows))
    mean, spread = table.mean(axis=0), table.std(axis=0)
    spread[spread == 0] = 1.0
    regression = LogisticRegression(C=0.1, max_iter=3_000)
    regression.fit((table - mean) / spread, np.array(training.fraud))
    weights = regression.coef_[0] / spread
    terms = tuple(
        replace(term, weight=short(weight), mean=short(usual))
        for term, weight, usual in zip(model.terms, weights.tolist(), mean.tolist(), strict=True)
    )
    weighed = replace(model, terms=terms, bias=short(float(regression.intercept_[0])))
    return replace(weighed, scale=_scale([_honest(weighed, each) for each in validations]))


def _honest(model: Model, known: Known) -> NDArray[np.float64]:
    return np.array([model.total(row) for row, fraud in zip(known.rows, known.fraud, strict=True) if not fraud])


def _scale(honest: Sequence[NDArray[np.float64]]) -> Curve:
    """Return the scale: the strictest limit of all; halfway to certainty lies as far above 0.8 as that above 0.5."""
    low, middle, high = np.max([np.quantile(each, [0.5, 0.99, 0.999]) for each in honest], axis=0).tolist()
    ends = [(low, 0.05), (middle, 0.5), (high, 0.8), (2 * high - middle, 1.0)]
    return line([(short(at), score) for at, score in ends])
