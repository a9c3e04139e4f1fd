"""`python -m evidence`: verify a log, show a record, prove a record or how the log grew, check a proof, probe a store.

Exit codes: 0 all holds, 1 the log or the proof does not hold, 2 the input is unusable.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from evidence import checkpoint, form, receipt, report_text, storage_commands
from evidence.anchor_check import Trust
from evidence.anchorer import newest_checkpoint
from evidence.checkpointer import checkpoint_key
from evidence.cosignature import WitnessKey
from evidence.errors import EvidenceError, FindingError, MalformedError, NotFoundError, ProofError, SignatureError
from evidence.growth import Growth, format_proof, parse_proof, verify_growth
from evidence.key_history import KeyHistory
from evidence.keys import VerifierKey
from evidence.note import MAX_NOTE
from evidence.proof import MAX_PROOF, Proof
from evidence.reader import Reader
from evidence.receipt import MAX_FILE
from evidence.record import Position
from evidence.store import WormStore, open_store
from evidence.timestamp import MAX_ROOTS, parse_roots
from evidence.verify import Asked, Verification


def main(
    arguments: Sequence[str] | None = None,
    *,
    program: str = "python -m evidence",
    node: storage_commands.Node | None = None,
) -> int:
    """Run one command and return its exit code. Of a `node`, the command need not be told store and key."""
    options = _parser(program, node).parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except FindingError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    except EvidenceError as error:
        print(f"{program}: {error.code}: {error}", file=sys.stderr)
        return 2


def _parser(program: str, node: storage_commands.Node | None) -> argparse.ArgumentParser:
    store, key = (None, None) if node is None else (node.store, node.key)
    parser = argparse.ArgumentParser(prog=program, description="Verify, show and prove records of a log.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    verify = commands.add_parser("verify", help="walk the whole log and say what is wrong first, if anything is")
    _store_options(verify, store, key)
    verify.add_argument("--checkpoint", type=Path, metavar="FILE", help="a checkpoint kept from earlier")
    verify.add_argument("--at", metavar="TIME", help="verify as of this time: what expired before may be gone")
    verify.add_argument(
        "--tsa", type=Path, metavar="FILE", help="certificates (PEM) of time-stamp authorities to trust"
    )
    verify.add_argument(
        "--witness", type=Path, metavar="FILE", action="append", default=[], help="verifier key of a witness to trust"
    )
    also = verify.add_mutually_exclusive_group()
    also.add_argument(
        "--receipts",
        type=Path,
        metavar="FILE",
        action="append",
        default=[],
        help="receipts whose records must be there",
    )
    also.add_argument(
        "--since", type=Path, metavar="FILE", help="a checkpoint: read no segment again whose seal is under it"
    )
    cores = len(os.sched_getaffinity(0))
    verify.add_argument("--jobs", type=int, default=cores, metavar="N", help="processes (default: one for each core)")
    verify.set_defaults(run=_verify)

    show = commands.add_parser("show", help="print one record, found by its decision id")
    _store_options(show, store, key)
    show.add_argument("id", metavar="ID", help="decision id: <chain>-<sequence>")
    show.set_defaults(run=_show)

    prove = commands.add_parser("prove", help="print a C2SP tlog-proof that a record is in the log")
    _store_options(prove, store, key)
    prove.add_argument("id", metavar="ID", help="decision id: <chain>-<sequence>")
    prove.set_defaults(run=_prove)

    check = commands.add_parser("check-proof", help="check a tlog-proof file; needs no store")
    check.add_argument("file", type=Path, metavar="FILE", help="the proof")
    _key_options(check, key)
    check.set_defaults(run=_check_proof)

    consistency = commands.add_parser("consistency", help="print a proof that the tree of one size continues another's")
    _store_options(consistency, store, key)
    consistency.add_argument("--old", type=_size, required=True, metavar="N", help="the older size, in seals")
    consistency.add_argument("--new", type=_size, metavar="M", help="the newer size (default: the newest checkpoint's)")
    consistency.set_defaults(run=_consistency)

    growth = commands.add_parser("check-consistency", help="check that one checkpoint continues another")
    growth.add_argument("old", type=Path, metavar="OLD", help="the older checkpoint")
    growth.add_argument("new", type=Path, metavar="NEW", help="the newer checkpoint")
    growth.add_argument("proof", type=Path, metavar="PROOF", help="the lines that `consistency` printed")
    growth.add_argument("--old-key", type=Path, metavar="FILE", help="the key that signed the older one, if another")
    _key_options(growth, key)
    growth.set_defaults(run=_check_consistency)
    storage_commands.add_to(commands, node)
    return parser


def _size(text: str) -> int:
    try:
        return checkpoint.decimal(text)
    except MalformedError as error:
        raise argparse.ArgumentTypeError(f"`{text}` is no size") from error


def _store_options(parser: argparse.ArgumentParser, store: str | None, key: Path | None) -> None:
    if store is None:
        parser.add_argument("store", metavar="STORE", help="a directory, or s3://bucket/prefix")
    else:
        parser.add_argument("--store", default=store, help="a directory, or s3://bucket/prefix (default: this node's)")
    _key_options(parser, key)


def _key_options(parser: argparse.ArgumentParser, key: Path | None) -> None:
    text = "the log's verifier key" + ("" if key is None else " (default: this node's log.vkey)")
    parser.add_argument("--key", type=Path, required=key is None, default=key, metavar="FILE", help=text)
    parser.add_argument("--json", action="store_true", help="print JSON")


def _verify(options: argparse.Namespace) -> int:
    key, store = _key(options), _store(options)
    earlier = None if options.checkpoint is None else _read(options.checkpoint, MAX_NOTE)
    verification = Verification(store, key, _asked(options))
    if sys.stderr.isatty():
        verification.progress = lambda report: _draw(report_text.bar(report, verification.total_seals))
    finding = None
    try:
        verification.run(earlier)
    except FindingError as error:
        finding = error
    finally:
        if sys.stderr.isatty():
            _draw("\r\N{ESCAPE}[K")
    if options.json:
        _print_json(verification.report.document(finding))
    else:
        print(report_text.text(verification.report, finding, earlier=earlier is not None))
    return 0 if finding is None else 1


def _draw(text: str) -> None:
    print(text, end="", file=sys.stderr)


def _asked(options: argparse.Namespace) -> Asked:
    if options.jobs < 1:
        raise MalformedError(f"`{options.jobs}` is no number of processes")
    return Asked(
        since=None if options.since is None else _read(options.since, MAX_NOTE),
        at=form.time_text(datetime.now(UTC)) if options.at is None else _time(options.at),
        trust=Trust(
            roots=None if options.tsa is None else parse_roots(_read(options.tsa, MAX_ROOTS)),
            witnesses=tuple(WitnessKey.parse(_text_of(path)) for path in options.witness),
        ),
        receipts=tuple(each for path in options.receipts for each in receipt.parse_file(_read(path, MAX_FILE))),
        jobs=options.jobs,
        reopen=partial(open_store, options.store, read_only=True),
    )


def _time(text: str) -> str:
    """Return a time in the log's form; a date alone is its midnight."""
    return form.time(f"{text}T00:00:00.000000Z" if len(text) == len("2026-11-22") else text)


def _show(options: argparse.Namespace) -> int:
    located = Reader(_store(options), _key(options)).locate(Position.parse(options.id))
    record = json.loads(located.record)
    if options.json:
        _print_json({"record": record, "seal": located.seal.key})
    else:
        print(json.dumps(record, indent=2, ensure_ascii=False))
    return 0


def _prove(options: argparse.Namespace) -> int:
    proof = Reader(_store(options), _key(options)).prove(Position.parse(options.id)).format()
    if options.json:
        _print_json({"proof": proof.decode()})
    else:
        sys.stdout.write(proof.decode())
    return 0


def _check_proof(options: argparse.Namespace) -> int:
    try:
        record, head = Proof.parse(_read(options.file, MAX_PROOF)).verify(_key(options))
    except (ProofError, SignatureError) as error:
        return _does_not_hold(error, options.file, as_json=options.json)
    if options.json:
        _print_json({"ok": True, "record": record.position.decision_id, "log": head.origin, "tree_size": head.size})
    else:
        print(
            f"holds: record {record.position.decision_id} is in {head.origin} under its checkpoint of {head.size} seals"
        )
    return 0


def _consistency(options: argparse.Namespace) -> int:
    store, size = _store(options), options.new
    if size is None:
        number = newest_checkpoint(store)
        if number is None:
            raise NotFoundError("there is no checkpoint yet")
        newest = store.get(checkpoint_key(number), limit=MAX_NOTE)
        size = KeyHistory.load(store, _key(options)).verify_checkpoint(newest).size
    proof = format_proof(Growth(store).prove(options.old, size))
    if options.json:
        _print_json({"old": options.old, "new": size, "proof": proof.splitlines()})
    else:
        sys.stdout.write(proof)
    return 0


def _check_consistency(options: argparse.Namespace) -> int:
    key, proof = _key(options), parse_proof(_read(options.proof, MAX_NOTE))
    old_key = key if options.old_key is None else VerifierKey.parse(_text_of(options.old_key))
    try:
        old = checkpoint.verify(_read(options.old, MAX_NOTE), old_key)
        new = checkpoint.verify(_read(options.new, MAX_NOTE), key)
        verify_growth(old, new, proof)
    except (ProofError, SignatureError) as error:
        return _does_not_hold(error, options.proof, as_json=options.json)
    if options.json:
        _print_json({"ok": True, "log": new.origin, "old": old.size, "new": new.size})
    else:
        print(f"holds: the tree of {new.size} seals of {new.origin} continues the one of {old.size}")
    return 0


def _does_not_hold(error: EvidenceError, where: Path, *, as_json: bool) -> int:
    if as_json:
        _print_json({"ok": False, "finding": {"code": error.code, "where": str(where), "detail": str(error)}})
    else:
        print(f"does not hold: {error.code}: {error}")
    return 1


def _key(options: argparse.Namespace) -> VerifierKey:
    return VerifierKey.parse(_text_of(options.key))


def _text_of(path: Path) -> str:
    return _read(path, 1024).decode("ascii", errors="replace")


def _store(options: argparse.Namespace) -> WormStore:
    return open_store(options.store, read_only=True)


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise MalformedError(f"`{path}` cannot be read: {error.strerror}") from error
    if len(data) > limit:
        raise MalformedError(f"`{path}` is larger than {limit} bytes")
    return data


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    sys.exit(main())
