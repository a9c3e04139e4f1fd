"""`omega dsr`: list, show, status, submit, and the steps that officers take.

The commands run on the node, with its keys. They ask the running service, as the caller `control`, for a job called
`node`: what is not permitted, or not on record, does not happen. What names a person comes on standard input.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from app import activation, keys
from app.cli.asking import Asker, enforce
from app.cli.dsr_stores import run_stores
from app.cli.output import CommandError, counted, note, print_json, print_rows
from app.control_plane import control_secret
from app.db import DatabaseUrlError, reading
from app.features.dsr import identity_code, keeping, rows
from app.features.dsr.answering import document, moment
from app.features.dsr.clocks import DAY, Standing
from app.features.dsr.desk import PolicyData, code_key, policy_data
from app.features.dsr.errors import DsrError, SayingError, UnknownRequestError
from app.features.dsr.handling import handled, officers_step
from app.features.dsr.opening import Opened
from app.features.dsr.request import Step
from app.features.dsr.said import parse_document
from app.features.dsr.texts import languages
from app.node_log import record_now
from app.objects import ObjectsError
from app.pdp.bundle import load_snapshot
from app.pdp.enforce import Permit
from app.pdp.errors import BundleError, MalformedRequestError, TooLargeError
from app.pdp.model import Entity, EvaluationRequest
from app.pdp.strict_json import parse
from app.pep import CONTROL
from app.privacy.errors import PrivacyError
from app.scheduling import opened_product
from app.schema import SchemaError
from app.settings import Settings
from evidence.errors import EvidenceError

NODE: Final = Entity(type="job", id="node", properties={"groups": [], "second_factor": False})
"""Whoever works on the node with its keys, as policy knows them."""

_MOST: Final = 64 << 10  # bytes on standard input
_OPEN: Final = (Standing.OVERDUE, Standing.SOON, Standing.RUNNING, Standing.STILL)
_STEPS: Final = {
    "verify": (Step.VERIFY, "method", "say that it was shown who the person is, and how"),
    "documents": (Step.ASK_IDENTITY, "", "say that the person was asked for documents"),
    "approve": (Step.APPROVE, "", "approve; what takes two persons, once each"),
    "deny": (Step.DENY, "ground", "refuse, on a ground of the law"),
    "extend": (Step.EXTEND, "reason", "have more time, once"),
    "pause": (Step.PAUSE, "reason", "pause; the clock goes on"),
    "resume": (Step.RESUME, "", "take up again"),
    "hold": (Step.HOLD, "reason", "put a legal hold on the person"),
    "release": (Step.RELEASE, "reason", "release a legal hold"),
    "done": (Step.MANUAL_DONE, "", "say that what had to be done by hand is done"),
    "retry": (Step.RETRY, "", "try again what failed"),
    "cancel": (Step.CANCEL, "", "say that the person has withdrawn it"),
}
"""Commands that take a step: which, and what it has to name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What a command works with."""

    settings: Settings
    asker: Asker
    opened: Opened
    law: PolicyData
    secret: bytes
    now: int

    def permit(self, action: str, resource: Entity, context: dict[str, Any] | None = None) -> Permit:
        """Return a permit, or end the command."""
        asked = EvaluationRequest(subject=NODE, action=action, resource=resource, context=context or {})
        return enforce(self.settings, self.asker, asked)


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    group = commands.add_parser("dsr", help="requests of data subjects").add_subparsers(
        required=True, metavar="COMMAND"
    )
    listing = _command(group, "list", "list the requests, those that are due first on top", run_list)
    listing.add_argument("--ended", action="store_true", help="those that have ended")
    _command(group, "status", "count the open ones by their clocks: exit code 1 where one is overdue", run_status)
    _command(group, "stores", "list the places with personal data, and what each is for", run_stores)
    submit = _command(
        group, "submit", "keep a request that is read from standard input, as JSON: `kind`, `law`, `person`", run_submit
    )
    submit.set_defaults(identifier=None)
    shown = _command(group, "show", "show a request, its clock and its history", run_show)
    shown.add_argument("--said", action="store_true", help="and what the person says: personal data")
    code = _command(group, "code", "make a one-time code, for the contact on file of the person", run_code)
    for command in (shown, code):
        command.add_argument("identifier", metavar="REQUEST", help="as `omega dsr list` has it")
    for name, (_, named, text) in _STEPS.items():
        command = _command(group, name, text, run_step)
        command.add_argument("identifier", metavar="REQUEST", help="as `omega dsr list` has it")
        command.set_defaults(step=name, code="")
        if named:
            command.add_argument(f"--{named}", dest="code", required=True, metavar="CODE", help="it is recorded")


def run_list(options: argparse.Namespace, settings: Settings) -> int:
    """List requests."""
    with _work(options, settings) as work:
        work.permit("dsr.view", Entity(type="dsr_queue", id="requests", properties={}))
        with reading() as session:
            found = rows.requests(session, ended=options.ended)
        listed = [document(each, work.now) for each in found]
    if options.json:
        print_json(listed)
    elif listed:
        shown = [(each["id"], each["kind"], each["law"], each["state"], each["clock"], each["due"]) for each in listed]
        print_rows([("request", "kind", "law", "state", "clock", "due"), *shown])
    else:
        print("there are none")
    return 0


def run_status(options: argparse.Namespace, settings: Settings) -> int:
    """Count open requests by their clocks."""
    with _work(options, settings) as work:
        work.permit("dsr.view", Entity(type="dsr_queue", id="requests", properties={}))
        with reading() as session:
            found = [each.pace.standing(work.now) for each in rows.requests(session)]
    told = {
        each.value: found.count(each) for each in (Standing.OVERDUE, Standing.SOON, Standing.RUNNING, Standing.STILL)
    }
    if options.json:
        print_json(told)
    else:
        print_rows([(name, str(number)) for name, number in told.items()])
    return 1 if told[Standing.OVERDUE] else 0


def run_show(options: argparse.Namespace, settings: Settings) -> int:
    """Show one request."""
    with _work(options, settings) as work:
        found = keeping.request(options.identifier)
        work.permit("dsr.view", Entity(type="dsr_request", id=found.id, properties={}))
        shown = document(found, work.now)
        shown["progress"] = [
            {"store": each.store, "step": each.step, "state": each.state, "count": each.count, "receipt": each.receipt}
            for each in work.opened.runs.progress(found.id)
        ]
        if options.said:
            said = keeping.said(found.id, work.opened.vault)
            shown["said"] = {
                "account": said.id,
                "identifiers": dict(said.identifiers),
                "message": said.message,
                "changes": dict(said.changes),
                "messages": [
                    {"by": "us" if each.asked else "person", "at": moment(each.at), "text": each.text}
                    for each in said.messages
                ],
            }
    print_json(shown) if options.json else _print(shown)
    return 0


def run_submit(options: argparse.Namespace, settings: Settings) -> int:
    """Keep a request."""
    data = sys.stdin.buffer.read(_MOST + 1)
    try:
        sent = parse(data, max_bytes=_MOST)
    except (MalformedRequestError, TooLargeError) as error:
        raise CommandError(f"standard input holds no request: {error}") from error
    if not isinstance(sent, dict):
        raise CommandError("standard input holds no request: it is no JSON object with `kind`, `law` and `person`")
    with _work(options, settings) as work:
        try:
            wanted = parse_document(sent, frozenset(languages()))
        except SayingError as error:
            raise CommandError(f"standard input holds no request: {error}") from error
        row = keeping.prepare(
            keeping.fresh_id(), CONTROL.tenant, wanted, work.opened.vault, source="job node", now=work.now
        )
        facts = {
            "kind": row.kind,
            "law": row.law,
            "recent": keeping.recent(row.subject or "", work.now - DAY),
            "vouched": False,
        }
        permit = work.permit("dsr.submit", Entity(type="dsr_request", id=row.id, properties=facts))
        link = keeping.fresh_link()
        kept = keeping.submit(permit, row, vouched=False, link=link)
        address = f"{settings.public_url or ''}/dsr/mine/{kept.id}?key={link}"
    if options.json:
        print_json(document(kept, work.now) | {"link": address})
    else:
        print(f"{kept.id}: due {moment(kept.due_at)}")
        print(f"  the person's way back, shown once: {address}")
    return 0


def run_code(options: argparse.Namespace, settings: Settings) -> int:
    """Make a one-time code."""
    with _work(options, settings) as work:
        permit = _permit(work, options.identifier, Step.ASK_IDENTITY.value, identity_code.METHOD)[0]
        code = identity_code.issue(permit, options.identifier, work.secret, work.now)
    if options.json:
        print_json({"code": code, "seconds": identity_code.LIFETIME})
    else:
        print(code)
        note("for the contact that is on file, not for one that the request names; good for 10 minutes")
    return 0


def run_step(options: argparse.Namespace, settings: Settings) -> int:
    """Take a step."""
    step, _, _ = _STEPS[options.step]
    with _work(options, settings) as work:
        permit, taken = _permit(work, options.identifier, step.value, options.code)
        _hold(work, options.identifier, step, options.code)
        move = keeping.Move(step=taken, code=options.code, by=NODE.id, at=work.now)
        found = keeping.take(permit, options.identifier, move, work.opened.vault, work.opened.runs)
        with suppress(OSError):  # the job runs within a minute all the same
            work.opened.runs.wake()
    if options.json:
        print_json(document(found, work.now))
    else:
        print(f"{found.id}: {found.state.value.replace('_', ' ')}, {counted(len(found.steps), 'step')}")
    return 0


def _permit(work: _Work, identifier: str, named: str, code: str) -> tuple[Permit, Step]:
    """Return the permit for a step, and the step that is meant by it."""
    found, vault, two = keeping.request(identifier), work.opened.vault, work.law.second_person
    step = officers_step(found, named, two)
    try:
        said = keeping.said(identifier, vault)
    except (UnknownRequestError, PrivacyError):
        said = None
    resource = handled(found, said, vault, two, NODE.id, work.now)
    return work.permit("dsr.handle", resource, {"step": step.value, "code": code}), step


def _hold(work: _Work, identifier: str, step: Step, reason: str) -> None:
    """Set or release the legal hold on the person, before the step says so."""
    if step not in {Step.HOLD, Step.RELEASE}:
        return
    found, said = keeping.request(identifier), keeping.said(identifier, work.opened.vault)
    change = work.opened.vault.hold if step is Step.HOLD else work.opened.vault.release
    change((found.tenant, found.person_kind, said.id), reason, partial(record_now, work.settings))


def _print(shown: dict[str, Any]) -> None:
    for name in ("id", "kind", "law", "state", "clock", "due", "verified", "extended"):
        print(f"{name}: {shown[name]}")
    for each in shown["steps"]:
        code = f" ({each['code']})" if each["code"] else ""
        print(f"  {each['at']}  {each['step']}{code}  {each['by']}  {each['decision_id']}")
    for each in shown["progress"]:
        print(f"  {each['store']}: {each['step']} {each['state']}, {each['count']}, {each['receipt'] or 'no receipt'}")
    for name, value in shown.get("said", {}).items():
        print(f"{name}: {value}")


def _command(
    group: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str, run: Any
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = group.add_parser(name, help=text)
    command.add_argument("--url", metavar="URL", help="the service (default: OMEGA_HOST and OMEGA_PORT)")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)
    return command


@contextmanager
def _work(options: argparse.Namespace, settings: Settings) -> Iterator[_Work]:
    """Yield what a command works with, and turn what goes wrong with it into one line."""
    try:
        node = keys.load(settings.keys)  # before a database is made where there is no node
        law = policy_data(load_snapshot(activation.active(settings.bundles)))
        with opened_product(settings):
            opened = Opened.of(settings)
            try:
                yield _Work(
                    settings=settings,
                    asker=Asker(caller=CONTROL.subject, url=options.url),
                    opened=opened,
                    law=law,
                    secret=code_key(control_secret(node.lookup)),
                    now=int(time.time()),
                )
            finally:
                opened.close()
    except UnknownRequestError as error:
        raise CommandError(str(error), 1) from error
    except (DsrError, PrivacyError, ObjectsError, EvidenceError) as error:
        raise CommandError(f"{error.code}: {error}") from error
    except (keys.KeyFileError, BundleError, DatabaseUrlError, SchemaError) as error:
        raise CommandError(str(error)) from error
