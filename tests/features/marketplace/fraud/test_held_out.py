"""The shipped model on marketplaces that it was not made with: another setting, five seeds, cut to two months.

All of it is simulated. `python -m bench.fraud [SEED...]` looks at all days of it, with these seeds or others.
"""

import json
from dataclasses import replace

import pytest

from app.features.marketplace.fraud.training import metrics
from app.features.marketplace.fraud.training.making import HELD_OUT_SEEDS, digest, scored, settled, written
from app.features.marketplace.fraud.training.model import parse_model
from app.features.marketplace.fraud.training.scenarios import simulate
from app.features.marketplace.fraud.training.stream import stream
from app.features.marketplace.fraud.training.world import HELD_OUT, TRAINING
from tests.pdp.evaluating import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]
SHORT = replace(HELD_OUT, days=60)


@pytest.fixture(scope="module")
def model():
    data = json.loads((ROOT / "policies/data/fraud_model.json").read_bytes())
    return parse_model(data["models"][data["champion"]])


def test_the_setting_is_another_than_those_of_training():
    assert all(HELD_OUT.amount_mean != each.amount_mean for each in TRAINING)
    assert all(HELD_OUT.attacks != each.attacks for each in TRAINING)
    assert not {*HELD_OUT_SEEDS} & {*range(1, len(TRAINING) + 1)}


@pytest.mark.parametrize("seed", HELD_OUT_SEEDS)
def test_fraud_is_found_and_honest_buyers_are_left_alone(model, seed):
    found = metrics.report(scored(model, settled(list(stream(simulate(SHORT, seed))), SHORT)))
    assert found["attempts"] > 10_000
    assert found["auc_pr"] >= 0.85 > 10 * found["auc_pr_of_chance"]
    assert found["false_positive_rate"] <= 0.01
    assert found["recall"] >= 0.80
    assert found["honest_blocked"] <= 0.001
    assert found["chargebacks"] < 0.01 < found["chargebacks_of_approving_everything"]
    assert found["accuracy"] > found["accuracy_of_approving_everything"]
    assert found["recall_by_scenario"]["friendly"] < 0.2


def test_the_report_is_the_one_that_the_model_names():
    data = json.loads((ROOT / "policies/data/fraud_model.json").read_bytes())
    text = (ROOT / "docs/fraud-report.json").read_bytes()
    report = json.loads(text)
    assert written(report) == text
    assert digest(report) == data["models"][data["champion"]]["report"]
    for figures in report["held_out"].values():
        assert figures["auc_pr"] >= 0.85
        assert figures["recall"] >= 0.80
        assert figures["false_positive_rate"] <= 0.01
        assert figures["chargebacks"] < 0.01
