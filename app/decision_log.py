"""Recorded decisions, found again: by id, in the store or still in the journal; decided once more, and explained.

Blocking: it reads disks and stores. The decision plane calls it from a thread.
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.objects import ObjectsError
from app.pdp.bundle import load_snapshot
from app.pdp.decide import cut_off, decide
from app.pdp.errors import BundleError, EvaluationError, PdpError
from app.pdp.evaluators import Evaluators
from app.pdp.explain import Explanation
from app.pdp.explain import explain as explanation_of
from app.pdp.explaining import Again, decide_again
from app.pdp.gate_sources import GateSources
from app.pdp.request import parse_document
from app.privacy.detached import Detached
from app.privacy.errors import KeyDestroyedError, KeyStoreError, SealedBlockError
from app.privacy.recorded_request import opened, parts
from app.privacy.subject_keys import SubjectKeys
from evidence import canonical, carrying, holding, journal
from evidence.errors import NotFoundError, StoreError
from evidence.reader import Reader
from evidence.record import Position, Record


class Status(StrEnum):
    """How far a record has come."""

    JOURNAL = "journal"  # on this node's disk
    SEALED = "sealed"  # in the store, under a seal
    PROVEN = "proven"  # under a checkpoint, so that a proof can be had


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A record's bytes, how far it has come, and its proof once there is one."""

    record: bytes
    status: Status
    proof: str | None

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"record": json.loads(self.record), "status": self.status.value, "proof": self.proof}


def find(reader: Reader, journals: Path, position: Position) -> Found:
    """Return the record at `position`, proved if it can be.

    Raises:
        NotFoundError: it is neither in the store nor in a journal of this node.
        EvidenceError: the log does not hold there, or the store does not answer.
    """
    return prove(reader, locate(reader, journals, position))


def locate(reader: Reader, journals: Path, position: Position) -> Found:
    """Return the record at `position`, without a proof. Raises as `find` does."""
    there = position
    while holding.abandoned(journals / there.chain) in holding.LOST:
        moved = carrying.find(journals / there.chain, there.seq)
        if moved is None:
            if not carrying.done(journals / there.chain):
                with suppress(NotFoundError):  # the store has another's record under this number, if it has one
                    return _journalled(journals, there)
            break
        there = moved
    found = _located(reader, journals, there)
    origin = Record.parse(found.record).orphan_of
    if there != position and (origin is None or (origin["chain"], origin["seq"]) != (position.chain, position.seq)):
        raise NotFoundError(f"no record {position.decision_id}")
    return found


def _located(reader: Reader, journals: Path, position: Position) -> Found:
    try:
        return Found(record=reader.locate(position).record, status=Status.SEALED, proof=None)
    except NotFoundError:
        return _journalled(journals, position)
    except StoreError:
        with suppress(NotFoundError):  # a store that is away says nothing of what has not reached it
            return _journalled(journals, position)
        raise


def prove(reader: Reader, found: Found) -> Found:
    """Return `found` with its proof, if it is sealed and under a checkpoint already.

    Raises:
        EvidenceError: the log does not hold there, or the store does not answer.
    """
    if found.status is not Status.SEALED:
        return found
    try:
        proof = reader.prove(Record.parse(found.record).position)
    except NotFoundError:
        return found
    return Found(record=proof.record, status=Status.PROVEN, proof=proof.format().decode())


def _journalled(journals: Path, position: Position) -> Found:
    record = journal.find(journals / position.chain, position.seq)
    return Found(record=record, status=Status.JOURNAL, proof=None)


class Outcome(StrEnum):
    """What deciding once more showed."""

    REPRODUCED = "reproduced"
    DIFFERS = "differs"
    NOT_REPRODUCIBLE = "not reproducible"
    KEY_DESTROYED = "sealed, key destroyed"  # what was asked cannot be known any more; the record verifies


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A recorded result beside the one that the same bundle gives now, both canonical."""

    outcome: Outcome
    recorded: bytes
    replayed: bytes = b""
    reason: str = ""


async def replay(data: bytes, keys: SubjectKeys, bundles: Path, payloads: Detached | None = None) -> Replay:
    """Decide the request of a record again, under the bundle that decided it, and compare byte for byte.

    Without `payloads` a request that is kept beside its record cannot be had.

    Raises:
        EvaluatorsGoneError: no evaluator can be started.
    """
    record = Record.parse(data)
    if record.type != "decision":
        return Replay(outcome=Outcome.NOT_REPRODUCIBLE, recorded=b"", reason=f"a record of type `{record.type}`")
    recorded = canonical.canonical(record.body["result"])
    if cut_off(record.body["result"]):
        reason = "the evaluation was cut off, which no rule decided"
        return Replay(outcome=Outcome.NOT_REPRODUCIBLE, recorded=recorded, reason=reason)
    try:
        document = parse_document(await open_request(record, keys, payloads))
        path = bundles / f"{record.body['policy']['bundle']}.json"
        bundle = load_snapshot(path)
    except KeyDestroyedError as error:
        return Replay(outcome=Outcome.KEY_DESTROYED, recorded=recorded, reason=str(error))
    except (KeyStoreError, SealedBlockError, ObjectsError, BundleError, PdpError, OSError) as error:
        return Replay(outcome=Outcome.NOT_REPRODUCIBLE, recorded=recorded, reason=str(error))
    evaluators = await Evaluators.start(path, bundle.fingerprint(), count=1)
    try:
        decided = await decide(bundle, evaluators.evaluate, document)
    finally:
        await evaluators.close()
    result = decided.decision.document()
    if cut_off(result):
        reason = "this evaluation was cut off; try again"
        return Replay(outcome=Outcome.NOT_REPRODUCIBLE, recorded=recorded, reason=reason)
    replayed = canonical.canonical(result)
    outcome = Outcome.REPRODUCED if replayed == recorded else Outcome.DIFFERS
    return Replay(outcome=outcome, recorded=recorded, replayed=replayed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Why a recorded decision came out as it did, and whether it comes out the same now.

    Only if it does, the explanation tells which rules held; only if the request could be opened, it has values.
    """

    explanation: Explanation
    outcome: Outcome
    reason: str = ""


async def explain(data: bytes, keys: SubjectKeys, bundles: Path, payloads: Detached | None = None) -> Explained:
    """Explain a record of a decision, by the bundle that decided it. What it returns holds personal data.

    Raises:
        NotFoundError: the record is no decision.
        BundleError: the bundle that decided is not there any more.
    """
    record = Record.parse(data)
    if record.type != "decision":
        raise NotFoundError(f"a record of type `{record.type}` is no decision")
    result, path = record.body["result"], bundles / f"{record.body['policy']['bundle']}.json"
    try:
        bundle = load_snapshot(path)
    except OSError as error:
        raise BundleError(f"cannot read the bundle that decided: {error.strerror}") from None
    action = bundle.actions.get(record.body["action"] or "")
    sources = GateSources().of(bundle, action) if action else {}
    try:
        text = await open_request(record, keys, payloads)
        document = parse_document(text)
    except (KeyStoreError, SealedBlockError, ObjectsError, PdpError) as error:
        explanation = explanation_of(result, action, sources)
        outcome = Outcome.KEY_DESTROYED if isinstance(error, KeyDestroyedError) else Outcome.NOT_REPRODUCIBLE
        return Explained(explanation=explanation, outcome=outcome, reason=str(error))
    again, outcome, reason = await _again(result, path, text)
    trace = again.trace if again and outcome is Outcome.REPRODUCED else None
    explanation = explanation_of(result, action, sources, trace=trace, document=document)
    return Explained(explanation=explanation, outcome=outcome, reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How a decision came out when it was made again: `differences` names the members of its result that differ."""

    outcome: Outcome
    differences: tuple[str, ...] = ()


async def compare(record: Record, keys: SubjectKeys, bundles: Path, payloads: Detached | None = None) -> Compared:
    """Make a recorded decision again in a process of its own, under the bundle that made it; tells no fact of it."""
    result, path = record.body["result"], bundles / f"{record.body['policy']['bundle']}.json"
    try:
        text = await open_request(record, keys, payloads)
    except (KeyStoreError, SealedBlockError, ObjectsError, PdpError) as error:
        gone = isinstance(error, KeyDestroyedError)
        return Compared(outcome=Outcome.KEY_DESTROYED if gone else Outcome.NOT_REPRODUCIBLE)
    again, outcome, _ = await _again(result, path, text)
    if again is None or cut_off(again.result):
        return Compared(outcome=Outcome.NOT_REPRODUCIBLE)
    names = sorted(name for name in result.keys() | again.result.keys() if result.get(name) != again.result.get(name))
    return Compared(outcome=outcome, differences=tuple(names))


async def _again(result: Mapping[str, Any], snapshot: Path, text: bytes) -> tuple[Again | None, Outcome, str]:
    """Return what deciding in a process of its own gave, and how it compares."""
    if cut_off(result):
        return None, Outcome.NOT_REPRODUCIBLE, "the evaluation was cut off, which no rule decided"
    try:
        again = await asyncio.to_thread(decide_again, snapshot, text)
    except EvaluationError as error:
        return None, Outcome.NOT_REPRODUCIBLE, f"evaluating again ended with `{error.code}`"
    same = canonical.canonical(again.result) == canonical.canonical(result)
    return again, Outcome.REPRODUCED if same else Outcome.DIFFERS, ""


async def open_request(record: Record, keys: SubjectKeys, payloads: Detached | None) -> bytes:
    """Return the request of the record; see `recorded_request.opened`."""
    found = [await keys.find(part["subject"], part["kid"]) for part in parts(record)]
    return await asyncio.to_thread(opened, record, found, payloads)
