"""`omega decide`: one question to the running service, or, dry, to the policies alone."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app import tenants
from app.cli.asking import Asker, ask
from app.cli.output import CommandError, note, print_json
from app.pdp.bundle import load_snapshot
from app.pdp.decide import Decided, decide
from app.pdp.errors import PdpError
from app.pdp.evaluators import Evaluators
from app.pdp.model import Durability, Environment
from app.pdp.request import document, parse_request
from app.settings import Settings

_LARGEST = 1 << 20  # bytes read; the service refuses less


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    command = commands.add_parser(
        "decide", help="ask for a decision", description="Ask for a decision. Exit code 0 is allow, 1 is deny."
    )
    command.add_argument("file", metavar="FILE", help="an AuthZEN evaluation request in JSON; - is standard input")
    command.add_argument("--caller", default="marketplace", help="who asks (default: %(default)s)")
    command.add_argument("--tenant", default="default", help="the caller's tenant (default: %(default)s)")
    command.add_argument("--url", metavar="URL", help="the service (default: OMEGA_HOST and OMEGA_PORT)")
    command.add_argument(
        "--durability",
        choices=[level.value for level in Durability],
        default=Durability.JOURNAL.value,
        help="where the record has to be before the answer; the policy may ask for more (default: %(default)s)",
    )
    command.add_argument("--receipt", type=Path, metavar="FILE", help="write the log's signed receipt there")
    command.add_argument("--dry-run", action="store_true", help="evaluate here; nothing is asked and nothing recorded")
    command.add_argument("--json", action="store_true", help="print the whole answer as JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Ask, and print the answer."""
    data = _read(options.file)
    answer = _dry(options, settings, data) if options.dry_run else _ask(options, settings, data)
    if options.receipt and not options.dry_run:
        _keep_receipt(options, answer)
    if options.json:
        print_json(answer)
    else:
        _print(answer)
    return 0 if answer["decision"] else 1


def _read(name: str) -> bytes:
    try:
        if name == "-":
            return sys.stdin.buffer.read(_LARGEST)
        with Path(name).open("rb") as file:
            return file.read(_LARGEST)
    except OSError as error:
        raise CommandError(f"`{name}` cannot be read: {error.strerror}") from error


def _ask(options: argparse.Namespace, settings: Settings, data: bytes) -> dict[str, Any]:
    who = Asker(caller=options.caller, tenant=options.tenant, url=options.url)
    return ask(settings, who, data, _query(options))


def _query(options: argparse.Namespace) -> dict[str, str]:
    asked = {} if options.durability == Durability.JOURNAL else {"durability": str(options.durability)}
    return asked | ({"receipt": "true"} if options.receipt else {})


def _keep_receipt(options: argparse.Namespace, answer: dict[str, Any]) -> None:
    """Write the receipt of an answer where it was asked for.

    Raises:
        CommandError: there is none, or it cannot be written; the decision is on record all the same.
    """
    try:
        options.receipt.write_text(answer["context"]["evidence"]["receipt"])
    except (KeyError, TypeError) as error:
        raise CommandError("the answer has no receipt") from error
    except OSError as error:
        raise CommandError(f"`{options.receipt}` cannot be written: {error.strerror}") from error


def _dry(options: argparse.Namespace, settings: Settings, data: bytes) -> dict[str, Any]:
    note("dry run: nothing is recorded, and nobody may act on the answer")
    try:
        decided = asyncio.run(_decide(options, settings, data))
    except PdpError as error:
        raise CommandError(f"{error.code}: {error}") from error
    except OSError as error:
        raise CommandError(f"the bundle in force cannot be read: {error.strerror}") from error
    result = decided.decision.document()
    context = {"recorded": False, "reasons": result["violations"]} | {
        name: result[name] for name in ("obligations", "diagnostics")
    }
    return {"decision": result["allow"], "context": context}


async def _decide(options: argparse.Namespace, settings: Settings, data: bytes) -> Decided:
    snapshot = tenants.snapshot_in_force(settings.bundles, options.tenant)
    environment = Environment(
        time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), tenant=options.tenant, caller=options.caller
    )
    asked = document(parse_request(data), environment)
    bundle = load_snapshot(snapshot)
    evaluators = await Evaluators.start(
        snapshot, bundle.fingerprint(), count=1, deadline=settings.deadline, memory=settings.memory
    )
    try:
        return await decide(bundle, evaluators.evaluate, asked)
    finally:
        await evaluators.close()


def _print(answer: dict[str, Any]) -> None:
    context = answer["context"]
    print("allow" if answer["decision"] else "deny")
    for reason in context["reasons"]:
        tolerated = ", monitoring only" if reason["enforcement"] == "monitoring" else ""
        print(f"  failed: {reason['id']}: {reason['message']} ({reason['severity']}{tolerated})")
    for found in context["diagnostics"]:
        print(f"  problem: {found['code']} {found['path']}".rstrip())
    for obligation in context["obligations"]:
        print(f"  obligation: {obligation['id']} ({obligation['type']})")
    if "decision_id" in context:
        print(f"  recorded as {context['decision_id']}{_durability(context)}")


def _durability(context: dict[str, Any]) -> str:
    evidence = context.get("evidence")
    return ", locked in the store" if isinstance(evidence, dict) and evidence.get("durability") == "locked" else ""
