"""`omega privacy record-of-processing`: the record of GDPR, article 30, of the policies in force and of all stores."""

import argparse
import json
import sys
import time

from app import activation
from app.cli.output import CommandError
from app.db import DatabaseUrlError
from app.features.dsr.running.opening import descriptions
from app.keys import KeyFileError
from app.objects import ObjectsError
from app.pdp.bundle import load_snapshot
from app.pdp.errors import BundleError
from app.privacy.consent import moment
from app.privacy.errors import PrivacyError
from app.privacy.processing_record import processing_record
from app.privacy.purposes import purposes
from app.settings import Settings


def add_to(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `omega privacy`."""
    command = group.add_parser("record-of-processing", help="print what is processed where and why (GDPR, article 30)")
    command.add_argument("--csv", action="store_true", help="print CSV, not JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Print the record."""
    try:
        bundle = load_snapshot(activation.active(settings.bundles))
        record = processing_record(bundle, purposes(bundle).values(), descriptions(settings), moment(int(time.time())))
    except (PrivacyError, BundleError, KeyFileError, DatabaseUrlError, ObjectsError, OSError) as error:
        raise CommandError(str(error)) from error
    if options.csv:
        sys.stdout.write(record.table().csv())
    else:
        print(json.dumps(record.document(), indent=2, ensure_ascii=False))
    return 0
