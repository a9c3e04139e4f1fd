"""How well fraud is found: `python -m bench.fraud [SEED...]`, or the five seeds that were held out.

Simulates a marketplace of the held-out setting for each seed, over all of its days, scores every attempt with the model
in `policies/data/fraud_model.json` and prints the report on it as JSON. All of it is simulated.
"""

import json
import sys
from pathlib import Path

from app.features.marketplace.fraud.training import metrics
from app.features.marketplace.fraud.training.making import HELD_OUT_SEEDS, scored, settled
from app.features.marketplace.fraud.training.model import Model, parse_model
from app.features.marketplace.fraud.training.scenarios import simulate
from app.features.marketplace.fraud.training.stream import stream
from app.features.marketplace.fraud.training.world import HELD_OUT

_MODEL = Path(__file__).parents[1] / "policies/data/fraud_model.json"


def shipped() -> Model:
    """Return the model that decides."""
    data = json.loads(_MODEL.read_bytes())
    return parse_model(data["models"][data["champion"]])


def main(seeds: list[int]) -> None:
    """Print the report on each seed, as soon as it is there."""
    model = shipped()
    for seed in seeds:
        rows = settled(list(stream(simulate(HELD_OUT, seed))), HELD_OUT)
        print(json.dumps({"seed": seed} | metrics.report(scored(model, rows)), indent=2))


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]] or list(HELD_OUT_SEEDS))
