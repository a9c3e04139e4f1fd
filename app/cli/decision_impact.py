"""`omega decision replay --since`: what other policies would have made of recorded decisions."""

import argparse
import io
import os
import secrets
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

from app import activation, keys
from app.cli.output import CommandError, note, print_json, print_rows, printable, progress
from app.db import DatabaseUrlError
from app.impact.approvals import MAX_BYTES, Approvals, ApprovalsError, parse_approvals
from app.impact.html_page import html_page
from app.impact.log_replay import ReplayError, replay_log
from app.impact.replaying import Asked, Node
from app.impact.report import Report
from app.pdp.admission_process import admit_apart
from app.pdp.bundle import Bundle
from app.pdp.errors import BundleError
from app.settings import Settings
from evidence import form

FORMATS = ("table", "json", "html")
_DATE = len("2026-11-22")


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options."""
    many = command.add_argument_group("of many decisions")
    many.add_argument("--since", metavar="TIME", type=moment, help="2026-11-22, or a time with its zone")
    many.add_argument("--until", metavar="TIME", type=moment, help="the time before which it was")
    many.add_argument("--bundle", metavar="DIR", type=Path, help="policies to decide by, if not those of the record")
    many.add_argument("--tenant", help="whose decisions (default: everybody's)")
    many.add_argument("--action", metavar="GLOB", default="*", help="its name; * is anything (default: %(default)s)")
    many.add_argument("--jobs", metavar="N", type=_jobs, help="processes (default: one for each core)")
    many.add_argument("--format", choices=FORMATS, default="table", help="of the report (default: %(default)s)")
    many.add_argument("-o", "--output", metavar="FILE", type=Path, help="write the report there")
    many.add_argument("--approved", metavar="FILE", type=Path, help="YAML or JSON: new allows that were approved")
    many.add_argument("--show-inputs", action="store_true", help="show what was asked: personal data")


def moment(text: str) -> datetime:
    """Read a time; a date is its first moment in UTC."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        value = None
    if value is None or (len(text) != _DATE and value.tzinfo is None):
        raise argparse.ArgumentTypeError(f"`{text}` is no time such as 2026-11-22T10:46:23Z")
    return value.replace(tzinfo=UTC) if len(text) == _DATE else value


def _jobs(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 256:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"`{text}` is no number of processes")
    return int(text)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Decide many decisions again."""
    approvals = _approvals(options.approved) if options.approved else Approvals()
    candidate = _admitted(options.bundle) if options.bundle else None
    asked = Asked(
        since=form.time_text(options.since.astimezone(UTC)),
        until=form.time_text(options.until.astimezone(UTC)) if options.until else "",
        tenant=options.tenant,
        action=options.action,
        snapshot=candidate.snapshot() if candidate else None,
        shown=options.show_inputs,
    )
    try:
        with progress("deciding again") as told:
            tally = replay_log(Node.of(settings), asked, jobs=options.jobs or _cores(), told=told)
    except (ReplayError, keys.KeyFileError, DatabaseUrlError) as error:
        raise CommandError(str(error)) from error
    bundle = (candidate.digest, candidate.revision) if candidate else None
    report = Report(bundle=bundle, asked=_words(asked), tally=tally, approvals=approvals)
    _write(report, "json" if options.json else options.format, options.output)
    for each in approvals.expired:
        note(f"expired on {each.expires}: the approval of `{printable(each.rule)}` for `{printable(each.action)}`")
    return 0 if report.ok else 1


def _approvals(path: Path) -> Approvals:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        return parse_approvals(path.name, data, datetime.now(UTC).date())
    except OSError as error:
        raise CommandError(f"`{path}` cannot be read: {error.strerror}") from error
    except ApprovalsError as error:
        raise CommandError(str(error)) from error


def _admitted(directory: Path) -> Bundle:
    try:
        bundle = activation.read(directory)
        admit_apart(bundle)
    except BundleError as error:
        raise CommandError(str(error)) from error
    return bundle


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _words(asked: Asked) -> dict[str, str]:
    named = {"since": asked.since, "until": asked.until, "tenant": asked.tenant, "action": asked.action}
    return {name: text for name, text in named.items() if text}


def _write(report: Report, form_: str, output: Path | None) -> None:
    if output is None:
        _print(report, form_)
        return
    scratch = output.with_name(f".{output.name}.{secrets.token_hex(4)}")  # whole or not at all
    said = io.StringIO()
    with redirect_stdout(said):
        _print(report, form_)
    try:
        try:
            scratch.write_text(said.getvalue(), "utf-8")
            scratch.replace(output)
        finally:
            scratch.unlink(missing_ok=True)
    except OSError as error:
        raise CommandError(f"`{output}` cannot be written: {error.strerror}") from error
    print(report.verdict)


def _print(report: Report, form_: str) -> None:
    match form_:
        case "json":
            print_json(report.document())
        case "html":
            print(html_page(report), end="")
        case _:
            for line in report.lines():
                print(line)
            if report.rows:
                print()
                print_rows([tuple(map(printable, row)) for row in report.table()])
                print()
                for line in report.examples():
                    print(printable(line))
            print(report.verdict)
