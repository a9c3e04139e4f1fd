"""What persons stated, judged as a report judges it: `frameworks.testing` over the decisions that permitted it.

The rows stand for records: their places are those of the decisions. What else stands in the records is not read here,
so that a result has no hash of its population; a report, which is made of the log, has.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from app.features.frameworks.standing import AttestationShown, Said
from evidence import form
from evidence.record import Position
from frameworks.control_test import ControlTest
from frameworks.statements import ATTEST, COUNTERSIGN, INSPECT, RESOURCE
from frameworks.testing import Period, Result, Row, Testing

_ACTIONS: Final = {Said.ATTESTED: ATTEST, Said.COUNTERSIGNED: COUNTERSIGN, Said.INSPECTED: INSPECT}
_NO_HASH: Final = "00" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class _One:
    """A control as far as one of its tests needs it."""

    id: str
    tests: tuple[ControlTest, ...]


def result(test: ControlTest, said: Sequence[AttestationShown], since: datetime, now: datetime) -> Result:
    """Return the result of an attestation or an inspection.

    Args:
        test: whose result it is.
        said: what persons stated about it.
        since: from when on it can have been stated: the log's beginning.
        now: the time.
    """
    start = min(max(since, now - timedelta(days=test.stale_after, seconds=1)), now - timedelta(microseconds=1))
    testing = Testing([_One(id=test.control, tests=(test,))], Period(start=start, end=now), now=now)
    for each in sorted(said, key=lambda each: Position.parse(each.decision_id).seq):
        testing.take(_row(each))
    found = testing.finish()[0]
    return replace(found, population=replace(found.population, sha256=""))


def _row(said: AttestationShown) -> Row:
    position, time = Position.parse(said.decision_id), form.time_text(said.at)
    body = {
        "action": _ACTIONS[said.kind],
        "subject": {"type": "officer", "id": said.person.lower()},
        "resource": {"type": RESOURCE, "id": said.test},
        "result": {"allow": True, "failed": ["without_exception"] if said.conclusion == "exceptions" else []},
    }
    document = {"type": "decision", "time": time, "chain": position.chain, "seq": position.seq, "body": body}
    return Row(chain=position.chain, seq=position.seq, time=time, leaf=_NO_HASH, document=document)
