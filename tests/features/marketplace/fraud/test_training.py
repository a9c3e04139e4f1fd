"""How a model is made: the simulation, the figures, the fit, and where the model goes."""

import json
import random
from collections import Counter
from dataclasses import replace

import pytest

from app.cli import market_fraud
from app.cli.output import CommandError
from app.features.marketplace.fraud.training import making, metrics, shipping
from app.features.marketplace.fraud.training.fitting import Known, fitted
from app.features.marketplace.fraud.training.making import Made
from app.features.marketplace.fraud.training.metrics import Scored
from app.features.marketplace.fraud.training.model import Curve, Model, Term, line, parse_model
from app.features.marketplace.fraud.training.scenarios import ATTACKS, poisson, simulate
from app.features.marketplace.fraud.training.stream import stream
from app.features.marketplace.fraud.training.world import BEGIN, HELD_OUT, TRAINING

SMALL = replace(HELD_OUT, days=40, buyers=150, friendly=0.05)


def test_a_simulation_is_the_same_for_the_same_seed_and_another_for_another():
    assert simulate(SMALL, 7) == simulate(SMALL, 7) != simulate(SMALL, 8)


def test_a_simulation_has_every_scenario_in_the_order_of_time():
    events = simulate(replace(SMALL, days=60), 7)
    times = [each.attempt.at for each in events]
    assert times == sorted(times)
    assert min(times) >= BEGIN
    assert Counter(each.scenario for each in events).keys() == {*ATTACKS, "friendly", "legitimate"}
    assert all(each.told_at is None for each in events if not each.fraud)
    assert all(each.told_at > each.attempt.at for each in events if each.told_at is not None)
    assert any(each.fraud and each.told_at is None for each in events)


def test_what_becomes_known_counts_from_then_on():
    events = simulate(replace(SMALL, days=60), 7)
    cut = [replace(each, told_at=None) for each in events]
    told = min(each.told_at for each in events if each.told_at)
    found = zip(stream(events), stream(cut), strict=True)
    differing = [one.event.attempt.at for one, other in found if one.signals != other.signals]
    assert differing
    assert min(differing) >= told


def test_poisson_has_its_mean():
    drawn = random.Random(3)
    assert sum(poisson(drawn, 1.5) for _ in range(4_000)) / 4_000 == pytest.approx(1.5, rel=0.1)


def scores(*rows):
    return [Scored(score=score, fraud=fraud, scenario=kind, amount=amount) for score, fraud, kind, amount in rows]


ROWS = scores(
    (0.9, True, "takeover", 100),
    (0.8, True, "takeover", 50),
    (0.5, True, "friendly", 50),
    (0.85, False, "legitimate", 10),
    (0.51, False, "legitimate", 10),
    *[(0.0, False, "legitimate", 10)] * 5,
)


def test_figures_are_those_one_counts_by_hand():
    found = metrics.report(ROWS)
    assert found["recall"] == pytest.approx(2 / 3, abs=1e-5)
    assert found["recall_by_money"] == 0.75
    assert found["false_positive_rate"] == pytest.approx(2 / 7, abs=1e-5)
    assert found["precision"] == 0.5
    assert (found["accuracy"], found["accuracy_of_approving_everything"]) == (0.7, 0.7)
    assert found["honest_blocked"] == pytest.approx(1 / 7, abs=1e-5)
    assert found["recall_by_scenario"] == {"friendly": 0, "takeover": 1}
    # blocked: 1 of fraud, 1 of honest; verified: 1 of each
    assert found["chargebacks"] == pytest.approx(1.1 / (1.1 + 5.95), abs=1e-5)
    assert found["chargebacks_of_approving_everything"] == 0.3
    assert [band["attempts"] for band in found["calibration"]] == [5, 0, 1, 2, 2]
    assert [band["fraud"] for band in found["calibration"]] == [0, 0, 1, 0.5, 0.5]


def test_average_precision_is_that_of_scikit_learn():
    from sklearn.metrics import average_precision_score  # noqa: PLC0415 - slow to import

    drawn = random.Random(5)
    rows = scores(*((round(drawn.random(), 2), drawn.random() < 0.2, "x", 1) for _ in range(500)))
    expected = average_precision_score([each.fraud for each in rows], [each.score for each in rows])
    assert metrics.average_precision(rows) == pytest.approx(expected)


def test_a_shift_shows_in_the_stability_index():
    drawn = random.Random(5)
    one = [drawn.gauss(0, 1) for _ in range(2_000)]
    same, other = [drawn.gauss(0, 1) for _ in range(2_000)], [drawn.gauss(0.7, 1) for _ in range(2_000)]
    assert metrics.stability(one, same) < 0.05
    assert metrics.stability(one, other) > 0.25
    assert next(iter(metrics.drifted([{"a": x, "b": x} for x in one], [{"a": 0, "b": x} for x in one]))) == "a"


def test_a_line_goes_through_its_points_and_is_level_outside():
    curve = line([(0, 0.05), (2, 0.5), (4, 0.8), (6, 1.0)])
    assert [round(curve.along(at), 6) for at in (-9, 0, 1, 2, 3, 4, 6, 99)] == [0.05, 0.05, 0.275, 0.5, 0.65, 0.8, 1, 1]


def test_a_fit_finds_what_tells_fraud_and_sets_the_scale_by_honest_buyers():
    drawn = random.Random(5)
    form = Model(
        form="f",
        curves={"plain": Curve(base=0, hinges=((0, 1),))},
        terms=tuple(Term(id=name, factors=((name, "plain"),)) for name in ("tells", "noise", "still")),
        bias=0,
        scale=Curve(base=0, hinges=()),
    )

    def known(count):
        fraud = [drawn.random() < 0.2 for _ in range(count)]
        rows = [{"tells": abs(drawn.gauss(3 * bad, 1)), "noise": drawn.random(), "still": 0} for bad in fraud]
        return Known(rows=rows, fraud=fraud)

    window = known(4_000)
    model = fitted(form, known(2_000), [window])
    weights = {term.id: term.weight for term in model.terms}
    assert weights["tells"] > 5 * abs(weights["noise"])
    assert weights["still"] == 0
    honest = [model.score_ppm(row) for row, fraud in zip(window.rows, window.fraud, strict=True) if not fraud]
    assert sum(ppm > 500_000 for ppm in honest) / len(honest) == pytest.approx(0.01, abs=0.001)
    assert sum(ppm > 800_000 for ppm in honest) / len(honest) == pytest.approx(0.001, abs=0.0005)
    assert parse_model(model.document()) == model


MADE = Made(
    model=Model(form="f", curves={}, terms=(), bias=0.5, scale=Curve(base=0.1, hinges=())), report={"simulated": True}
)


def test_a_new_model_stands_beside_the_champion_until_it_is_one(tmp_path):
    data, report = tmp_path / "model.json", tmp_path / "report.json"
    for name, champion in (("one", True), ("two", False)):
        shipping.ship(MADE, name, data=data, report=report, champion=champion)
    found = json.loads(data.read_text())
    assert (found["champion"], [*found["models"]]) == ("one", ["one", "two"])
    assert parse_model(found["models"]["two"]) == MADE.model
    assert found["models"]["two"]["report"] == making.digest(json.loads(report.read_text()))


@pytest.fixture
def options(tmp_path):
    def made(**changed):
        given = {"model": "one", "champion": True, "data": tmp_path / "model.json", "report": tmp_path / "report.json"}
        return market_fraud.argparse.Namespace(**(given | changed))

    return made


def test_the_command_writes_model_and_report(options, monkeypatch, capsys):
    monkeypatch.setattr(making, "make", lambda say: say("simulate") or MADE)
    assert market_fraud.train(options(), None) == 0
    assert json.loads(options().data.read_text())["champion"] == "one"
    assert "simulate" in capsys.readouterr().err


def test_the_command_says_what_it_cannot_do(options, monkeypatch, tmp_path):
    monkeypatch.setattr(making, "make", lambda _: MADE)
    with pytest.raises(CommandError, match="the name of a model"):
        market_fraud.train(options(model="A B"), None)
    with pytest.raises(CommandError, match="IsADirectoryError"):
        market_fraud.train(options(report=tmp_path), None)
    options().data.write_text("{")
    with pytest.raises(CommandError, match="JSONDecodeError"):
        market_fraud.train(options(), None)


@pytest.mark.slow
def test_making_goes_all_the_way(monkeypatch):
    """On marketplaces far too small, so that the figures mean nothing."""
    monkeypatch.setattr(making, "TRAINING", (replace(TRAINING[0], days=45, buyers=400, friendly=0.05),) * 2)
    monkeypatch.setattr(making, "HELD_OUT", SMALL)
    monkeypatch.setattr(making, "HELD_OUT_SEEDS", (9,))
    for name, days in (("LEARNED", (5, 25)), ("SCALED", (25, 35)), ("LOOKED_AT", (20, 45))):
        monkeypatch.setattr(making, name, days)
    said = []
    made = making.make(said.append)
    assert len(said) == 4
    assert made.report["simulated"] is True
    assert made.report["held_out"].keys() == {"9"}
    assert made.report["recall_of_scenarios_never_seen"].keys() == ATTACKS.keys()
    assert all(0 <= share <= 1 for share in made.report["recall_of_scenarios_never_seen"].values())
    assert made.report["drift"]["later"].keys() == made.report["drift"]["held_out"].keys()
