"""`omega policy promote`: what a gate would have denied, had it been blocking."""

import argparse
import re
from datetime import UTC, datetime, timedelta

from app import activation, keys, log_scan, tenants
from app.cli.output import CommandError, print_json, print_rows, printable
from app.pdp.bundle import Bundle, load_snapshot
from app.pdp.errors import BundleError
from app.promotion import Promotion, would_have_denied
from app.settings import Settings
from evidence import form
from evidence.errors import EvidenceError
from evidence.reader import Reader
from evidence.store import open_store

_SPAN = re.compile(r"([1-9][0-9]{0,3})d")


def add_to(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    command = group.add_parser(
        "promote",
        help="say what a gate would have denied, had it been blocking",
        description="Changes nothing: a gate is promoted by a change of data/enforcement.json.",
    )
    command.add_argument("action", metavar="ACTION", help="its whole name")
    command.add_argument("gate", metavar="GATE", help="of this action")
    command.add_argument("--since", metavar="DAYS", type=span, default="30d", help="as 30d (default: %(default)s)")
    command.add_argument("--tenant", metavar="T", help="whose decisions (default: everybody's)")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def span(text: str) -> timedelta:
    """Read a number of days."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"`{text}` is no number of days such as 30d")
    return timedelta(days=int(found[1]))


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Count in the log; exit code 1 where something would have been denied."""
    _verify_known(_in_force(settings, options.tenant), options.action, options.gate)
    since = form.time_text(datetime.now(UTC) - options.since)
    try:
        node = keys.load(settings.keys)
        reader = Reader(open_store(settings.store, read_only=True), node.log.verifier)
        found = would_have_denied(
            log_scan.decisions(reader, settings.journals),
            action=options.action,
            gate=options.gate,
            since=since,
            tenant=options.tenant,
        )
    except (EvidenceError, keys.KeyFileError) as error:
        raise CommandError(str(error)) from error
    if options.json:
        print_json({"since": since} | found.document())
    else:
        _print(found, since)
    return 1 if found.would_deny else 0


def _in_force(settings: Settings, tenant: str | None) -> Bundle:
    try:
        snapshot = (
            tenants.snapshot_in_force(settings.bundles, tenant) if tenant else activation.active(settings.bundles)
        )
        return load_snapshot(snapshot)
    except (BundleError, OSError) as error:
        raise CommandError("no policies are in force; start the service, or run `omega policy reload`") from error


def _verify_known(bundle: Bundle, action: str, gate: str) -> None:
    found = bundle.actions.get(action)
    if found is None or gate not in found.rules:
        raise CommandError("the policies in force have no such gate of such an action")


def _print(found: Promotion, since: str) -> None:
    print(f"{found.decisions} decisions on {printable(found.action)} since {since}")
    document = found.document()
    if found.denied:
        rows = [(each["subject"], str(each["count"]), " ".join(each["examples"])) for each in document["by_subject"]]
        print_rows([("subject", "denied", "for example"), *[tuple(map(printable, row)) for row in rows]])
    if found.anyway:
        print(f"{found.anyway} more were denied for other reasons")
    if found.blocked:
        print(f"{found.blocked} were denied by it, as it was blocking then; {found.overridden} of them were overridden")
    if found.unasked:
        print(
            f"{found.unasked} did not ask it: `omega decision replay --since ... --bundle policies` decides them again"
        )
    print(f"blocking, {printable(found.gate)} would have denied {found.would_deny} that were allowed")
