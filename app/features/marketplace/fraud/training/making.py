"""A model from simulations: what is learned from, what sets the scale, what is only looked at; and the report on it."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from app.features.marketplace.fraud.trace import DAY
from app.features.marketplace.fraud.training import metrics
from app.features.marketplace.fraud.training.fitting import Known, fitted
from app.features.marketplace.fraud.training.form import untrained
from app.features.marketplace.fraud.training.metrics import Scored
from app.features.marketplace.fraud.training.model import Model
from app.features.marketplace.fraud.training.scenarios import ATTACKS, simulate
from app.features.marketplace.fraud.training.stream import Measured, stream
from app.features.marketplace.fraud.training.world import BEGIN, HELD_OUT, TRAINING, Setting

HELD_OUT_SEEDS: Final = (101, 102, 103, 104, 105)
"""Of the simulations that no model was made with."""

LEARNED: Final = (20, 85)
"""Days that weights are learned from; before them memories fill."""

SCALED: Final = (85, 115)
"""Days that set the scale."""

LOOKED_AT: Final = (115, 150)
"""Days of the simulations of training that are only looked at."""

_PPM = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A model, and the report on it."""

    model: Model
    report: dict[str, Any]


def make(say: Callable[[str], None]) -> Made:
    """Simulate, fit, and look: a few minutes. `say` is told how far it is."""
    say(f"simulate {len(TRAINING)} marketplaces to learn from")
    learned = [list(stream(simulate(setting, seed))) for seed, setting in enumerate(TRAINING, 1)]
    say("fit")
    model = _model(learned)
    say(f"simulate {len(HELD_OUT_SEEDS)} marketplaces that were held out")
    held_out = {seed: list(stream(simulate(HELD_OUT, seed)))[:] for seed in HELD_OUT_SEEDS}
    say("leave one scenario out, for each")
    unseen = {name: _unseen(name, learned) for name in ATTACKS}
    looked_at = [each for rows in learned for each in during(rows, LOOKED_AT)]
    report = {
        "simulated": True,
        "settings": {"training": [asdict(each) for each in TRAINING], "held_out": asdict(HELD_OUT)},
        "days": {"learned": LEARNED, "scaled": SCALED, "looked_at": LOOKED_AT, "held_out": [LEARNED[0], HELD_OUT.days]},
        "assumed": {"verification_stops": metrics.STOPPED, "verification_loses": metrics.LOST},
        "looked_at": metrics.report(scored(model, looked_at)),
        "held_out": {
            str(seed): metrics.report(scored(model, settled(rows, HELD_OUT))) for seed, rows in held_out.items()
        },
        "recall_of_scenarios_never_seen": unseen,
        "drift": _drift(learned, held_out[HELD_OUT_SEEDS[0]]),
    }
    return Made(model=model, report=report)


def digest(report: dict[str, Any]) -> str:
    """Return the SHA-256 of a report as `written` writes it."""
    return f"sha256:{hashlib.sha256(written(report)).hexdigest()}"


def written(report: dict[str, Any]) -> bytes:
    """Return a report as a file has it."""
    return json.dumps(report, indent=2).encode() + b"\n"


def during(rows: Sequence[Measured], days: tuple[int, int]) -> list[Measured]:
    """Return what happened from one day until before another."""
    begin, end = (BEGIN + day * DAY for day in days)
    return [row for row in rows if begin <= row.event.attempt.at < end]


def settled(rows: Sequence[Measured], setting: Setting) -> list[Measured]:
    """Return what happened once memories had filled."""
    return during(rows, (LEARNED[0], setting.days))


def scored(model: Model, rows: Sequence[Measured]) -> list[Scored]:
    """Score rows, against what they really were."""
    return [
        Scored(
            score=model.score_ppm(row.signals) / _PPM,
            fraud=row.event.fraud,
            scenario=row.event.scenario,
            amount=row.event.attempt.amount_minor / 100,
        )
        for row in rows
    ]


def _model(simulations: Sequence[Sequence[Measured]], without: str = "") -> Model:
    seen = [[row for row in rows if row.event.scenario != without] for rows in simulations]
    training = [row for rows in seen for row in during(rows, LEARNED)]
    return fitted(untrained(), _known(training), [_known(during(rows, SCALED)) for rows in seen])


def _known(rows: Sequence[Measured]) -> Known:
    """Return rows with the labels that had arrived by the end: some fraud is still unknown then."""
    end = BEGIN + LOOKED_AT[1] * DAY
    return Known(
        rows=[row.signals for row in rows],
        fraud=[row.event.told_at is not None and row.event.told_at <= end for row in rows],
    )


def _unseen(scenario: str, simulations: Sequence[Sequence[Measured]]) -> float:
    """Return the recall of a scenario by a model that never saw it."""
    model = _model(simulations, without=scenario)
    rows = [row for each in simulations for row in during(each, LOOKED_AT) if row.event.scenario == scenario]
    return metrics.by_scenario(scored(model, rows))[scenario]


def _drift(learned: Sequence[Sequence[Measured]], other: Sequence[Measured]) -> dict[str, dict[str, float]]:
    before = [row.signals for row in during(learned[0], LEARNED)]
    after = [row.signals for row in during(learned[0], LOOKED_AT)]
    elsewhere = [row.signals for row in settled(other, HELD_OUT)]
    return {"later": metrics.drifted(before, after), "held_out": metrics.drifted(before, elsewhere)}
