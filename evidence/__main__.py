"""`python -m evidence`: verify a log, show a record, prove a record, check a proof, probe a store.

Exit codes: 0 all holds, 1 the log or the proof does not hold, 2 the input is unusable.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from evidence import storage_commands
from evidence.errors import EvidenceError, FindingError, MalformedError, ProofError, SignatureError
from evidence.keys import VerifierKey
from evidence.note import MAX_NOTE
from evidence.proof import MAX_PROOF, Proof
from evidence.reader import Reader
from evidence.record import Position
from evidence.store import WormStore, open_store
from evidence.verify import Report, Verification

_BAR = 30  # characters


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

    storage_commands.add_to(commands, node)
    return parser


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
    verification = Verification(store, key)
    if sys.stderr.isatty():
        verification.progress = lambda report: _draw(report, verification.total_seals)
    finding = None
    try:
        verification.run(earlier)
    except FindingError as error:
        finding = error
    finally:
        if sys.stderr.isatty():
            print("\r\N{ESCAPE}[K", end="", file=sys.stderr)
    if options.json:
        _print_json(verification.report.document(finding))
    else:
        print(_text(verification.report, finding, earlier=earlier is not None))
    return 0 if finding is None else 1


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
        if options.json:
            _print_json(
                {"ok": False, "finding": {"code": error.code, "where": str(options.file), "detail": str(error)}}
            )
        else:
            print(f"does not hold: {error.code}: {error}")
        return 1
    if options.json:
        _print_json({"ok": True, "record": record.position.decision_id, "log": head.origin, "tree_size": head.size})
    else:
        print(
            f"holds: record {record.position.decision_id} is in {head.origin} under its checkpoint of {head.size} seals"
        )
    return 0


def _key(options: argparse.Namespace) -> VerifierKey:
    return VerifierKey.parse(_read(options.key, 1024).decode("ascii", errors="replace"))


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


def _draw(report: Report, total: int) -> None:
    done = _BAR * report.checked.seals // max(total, 1)
    bar = "#" * done + "." * (_BAR - done)
    print(f"\r[{bar}] {report.checked.seals}/{total} seals, {report.checked.records} records", end="", file=sys.stderr)


def _text(report: Report, finding: FindingError | None, *, earlier: bool) -> str:
    checked, up_to = report.checked, report.up_to
    lines = [
        f"log          {report.log}",
        (
            f"checked      {checked.records} records in {checked.segments} segments, {checked.seals} seals of"
            f" {checked.chains} chains, {checked.checkpoints} checkpoints"
        ),
        f"up to        {up_to.max_time or 'no record'}, tree of {up_to.tree_size} seals",
        (
            f"not covered  {report.uncheckpointed_seals} seals under no checkpoint yet,"
            f" {report.stray_segments} segments under no seal"
        ),
    ]
    if finding is not None:
        lines.append(f"DOES NOT HOLD  {_printable(finding.where)}: {finding.code}: {finding.detail}")
    else:
        lines.append(
            "all holds" + ("" if earlier else "; that nothing newer was removed, only an earlier --checkpoint can show")
        )
    return "\n".join(lines)


def _printable(text: str) -> str:
    """Return `text` with whatever a terminal might obey written out: keys are an attacker's to choose."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    sys.exit(main())
