"""`omega decision list`: decisions found in the index."""

import argparse
from datetime import UTC, datetime

from app.cli.output import CommandError, note, print_json, print_rows, printable
from app.index.errors import IndexingError
from app.index.query import MOST, Query
from app.index.search import Entry, Page, search
from app.indexing import opened_index
from app.settings import Settings

_DATE = len("2026-11-22")


def add_to(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    command = group.add_parser(
        "list",
        help="find recorded decisions, newest first",
        description="Looks into the index, which proves nothing: `omega evidence prove ID` does. Times are in UTC.",
    )
    command.add_argument("--tenant", default="default", help="whose decisions (default: %(default)s)")
    command.add_argument("--action", help="its whole name")
    command.add_argument("--subject", metavar="PSEUDONYM", help="psn_ and 32 hex digits, as records name a person")
    command.add_argument("--resource", metavar="ID", help="its id, or its pseudonym")
    command.add_argument("--rule", metavar="ACTION/GATE", help="a rule that failed")
    command.add_argument("--revision", help="of the policies that decided")
    command.add_argument("--bundle", metavar="DIGEST", help="of the policies that decided")
    outcome = command.add_mutually_exclusive_group()
    outcome.add_argument("--allowed", dest="allow", action="store_true", default=None, help="what was allowed alone")
    outcome.add_argument("--denied", dest="allow", action="store_false", default=None, help="what was denied alone")
    command.add_argument("--since", metavar="TIME", type=moment, help="2026-11-22, or a time with its zone")
    command.add_argument("--until", metavar="TIME", type=moment, help="the time before which it was")
    command.add_argument("--type", default="decision", help="records of another type (default: %(default)s)")
    command.add_argument("--limit", metavar="N", type=int, default=50, help=f"1 to {MOST} (default: %(default)s)")
    command.add_argument("--after", metavar="PLACE", help="go on where the list before ended")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """List decisions."""
    names = (
        "tenant",
        "action",
        "subject",
        "allow",
        "since",
        "until",
        "type",
        "limit",
        "after",
        "resource",
        "revision",
        "bundle",
    )
    rules = None if options.rule is None else (options.rule,)
    query = Query(**{name: getattr(options, name) for name in (*names, "limit", "after")} | {"rules": rules})
    try:
        with opened_index(settings) as engine:
            page = search(engine, query)
    except IndexingError as error:
        raise CommandError(str(error)) from error
    if options.json:
        print_json({"decisions": [entry.document() for entry in page.entries], "after": page.after})
    else:
        _print(page)
    return 0


def moment(text: str) -> datetime:
    """Read a time of an option; a date is its first moment in UTC."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is no time such as 2026-11-22T10:46:23Z") from None
    return value.replace(tzinfo=UTC) if len(text) == _DATE else value


def _print(page: Page) -> None:
    if page.entries:
        heads = ("TIME", "ID", "", "ACTION", "SUBJECT", "RESOURCE", "FAILED")
        print_rows([heads, *map(_row, page.entries)])
    else:
        note("nothing found")
    if page.after is not None:
        note(f"there is more: --after {page.after}")


def _row(entry: Entry) -> tuple[str, ...]:
    outcome = {True: "allow", False: "deny", None: "-"}[entry.allow]
    shown = (entry.action, entry.subject_ref, entry.resource_ref, " ".join(entry.failed))
    return (entry.time, entry.decision_id, outcome, *(printable(text or "-") for text in shown))
