"""What the node's own verifications of the log showed, as the log holds it: found by the index, read from the store.

Whoever would lie in the log could lie there, so they are shown as the node's word, and nothing is concluded from them.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine, select

from app.index.rows import DECISION
from app.log_verifying import VERIFIED
from auditor_portal.trail.checks import DAMAGE
from auditor_portal.trail.probes import record_at
from evidence.reader import Reader
from evidence.record import Position

MOST: Final = 20
"""Verifications of one page: for each, a segment is read from the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """One that is on record. `ok` is None where its record could not be read from the store.

    `said` is why not, or what was wrong with the log.
    """

    record: str
    tenant: str
    time: str
    ok: bool | None
    since: int = 0
    tree_size: int = 0
    records: int = 0
    said: str = ""


def recorded(index: Engine, reader: Reader, most: int = MOST) -> tuple[Verification, ...]:
    """Return the newest verifications that the log holds, the newest first.

    Raises:
        StoreError: the store does not answer.
    """
    columns = (DECISION.c.chain, DECISION.c.seq, DECISION.c.segment, DECISION.c.tenant, DECISION.c.time)
    wanted = (
        select(*columns)
        .where(DECISION.c.type == VERIFIED)
        .order_by(DECISION.c.time.desc(), DECISION.c.chain.desc(), DECISION.c.seq.desc())
        .limit(most)
    )
    with index.connect() as connection:
        rows = connection.execute(wanted).all()
    return tuple(
        _verification(reader, Position(chain=chain, seq=seq), segment, tenant, time)
        for chain, seq, segment, tenant, time in rows
    )


def _verification(reader: Reader, position: Position, segment: int, tenant: str, time: str) -> Verification:
    shown: dict[str, Any] = {"record": position.decision_id, "tenant": tenant, "time": time}
    try:
        body = record_at(reader, position, segment).body
    except DAMAGE as error:
        return Verification(**shown, ok=None, said=str(error))
    finding = body.get("finding")
    said = f"{finding.get('code')} at {finding.get('where')}" if isinstance(finding, dict) else ""
    return Verification(
        **shown,
        ok=body.get("ok") is True,
        since=_number(body.get("since")),
        tree_size=_number(body.get("tree_size")),
        records=_number(body.get("records")),
        said=said,
    )


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
