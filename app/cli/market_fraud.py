"""`omega market fraud`: a model of fraud is made from a simulation."""

import argparse
import re
from pathlib import Path
from typing import Final

from app.cli.output import CommandError, note
from app.settings import Settings

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    group = commands.add_parser("fraud", help="the model that scores purchases")
    names = group.add_subparsers(required=True, metavar="COMMAND")
    command = names.add_parser(
        "train",
        help="make a model from simulated marketplaces",
        description="Simulates, fits and reports, in a few minutes; needs the extra `training`. What it reports is "
        "simulated. The model stands beside those in the file and decides nothing unless it is the champion.",
    )
    command.add_argument("--model", required=True, metavar="NAME", help="what the model is called")
    command.add_argument("--champion", action="store_true", help="have it decide")
    command.add_argument(
        "--data", type=Path, default=Path("policies/data/fraud_model.json"), metavar="FILE", help="default: %(default)s"
    )
    command.add_argument(
        "--report", type=Path, default=Path("docs/fraud-report.json"), metavar="FILE", help="default: %(default)s"
    )
    command.set_defaults(run=train)


def train(options: argparse.Namespace, _settings: Settings) -> int:
    """Make a model, and write it and the report on it.

    Raises:
        CommandError: the extra is missing, the name is none, or a file cannot be used.
    """
    if not _NAME.fullmatch(options.model):
        raise CommandError("the name of a model is of small letters, digits, `.`, `_` and `-`")
    try:
        from app.features.marketplace.fraud.training.making import make  # noqa: PLC0415 - the extra
        from app.features.marketplace.fraud.training.shipping import ship  # noqa: PLC0415 - the extra
    except ModuleNotFoundError as error:
        raise CommandError("this needs the extra `training`: pip install 'omega[training]'") from error
    made = make(note)
    try:
        ship(made, options.model, data=options.data, report=options.report, champion=options.champion)
    except (OSError, ValueError) as error:
        raise CommandError(f"a file cannot be used: {type(error).__name__}") from error
    note(f"wrote {options.data} and {options.report}")
    return 0
