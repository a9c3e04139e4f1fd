"""Where a model that was made goes: into the policy data, beside those that are there, and its report into a file."""

import json
from pathlib import Path
from typing import Any

from app.features.marketplace.fraud.training.making import Made, digest, written


def with_model(data: dict[str, Any], name: str, made: Made, *, champion: bool) -> dict[str, Any]:
    """Return the policy data `fraud_model` with one more model, which decides from now on if it is the champion."""
    model = made.model.document() | {"report": digest(made.report), "simulated": True}
    models = dict(data.get("models", {})) | {name: model}
    return {"champion": name if champion else data.get("champion", name), "models": models}


def ship(made: Made, name: str, *, data: Path, report: Path, champion: bool) -> None:
    """Write model and report.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: the policy data are no JSON.
    """
    before = json.loads(data.read_bytes()) if data.exists() else {}
    report.write_bytes(written(made.report))
    data.write_text(json.dumps(with_model(before, name, made, champion=champion), indent=2) + "\n")
