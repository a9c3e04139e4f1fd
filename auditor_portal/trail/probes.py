"""What probes of the store showed: the last one, and those that the log holds a record of.

A record is found by the index and read from the store, where it is checked. Knows no pages.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, select

from app import assurance
from app.assurance import Kept
from app.index.rows import DECISION
from app.settings import Settings
from auditor_portal.trail.checks import DAMAGE
from evidence.errors import NotFoundError
from evidence.probe import MEANINGS
from evidence.reader import Reader
from evidence.record import Position, Record
from evidence.store import Level

MOST: Final = 20
"""Probes of one page: for each, a segment is read from the store."""

_TYPE: Final = "storage.probe"
_SYSTEM: Final = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One recorded probe. `level` is None where its record could not be read from the store; `said` is why."""

    record: str
    time: str
    level: Level | None
    tried: int
    accepted: tuple[str, ...]
    said: str = ""

    @property
    def meaning(self) -> str:
        """Return in words what its level says."""
        return "" if self.level is None else MEANINGS[self.level]


def recorded(index: Engine, reader: Reader, most: int = MOST) -> tuple[Probe, ...]:
    """Return the newest probes that the log holds, the newest first, each read from the store.

    Raises:
        StoreError: the store does not answer.
    """
    wanted = (
        select(DECISION.c.chain, DECISION.c.seq, DECISION.c.segment, DECISION.c.time)
        .where(DECISION.c.tenant == _SYSTEM, DECISION.c.type == _TYPE)
        .order_by(DECISION.c.time.desc(), DECISION.c.chain.desc(), DECISION.c.seq.desc())
        .limit(most)
    )
    with index.connect() as connection:
        rows = connection.execute(wanted).all()
    return tuple(_probe(reader, Position(chain=chain, seq=seq), number, time) for chain, seq, number, time in rows)


def last(settings: Settings, index: Engine, reader: Reader) -> Kept | None:
    """Return the last probe that is known: as this node kept it, or, on another machine, as the log holds it.

    Raises:
        StoreError: the store does not answer.
    """
    if (kept := assurance.kept(settings)) is not None:
        return kept
    for newest in recorded(index, reader, 1):
        if newest.level is not None:
            return Kept(level=newest.level, label=newest.level.value, time=datetime.fromisoformat(newest.time))
    return None


def _probe(reader: Reader, position: Position, segment: int, time: str) -> Probe:
    try:
        body = record_at(reader, position, segment).body
    except DAMAGE as error:
        return Probe(record=position.decision_id, time=time, level=None, tried=0, accepted=(), said=str(error))
    level, tried, accepted = body.get("level"), body.get("tried"), body.get("accepted")
    return Probe(
        record=position.decision_id,
        time=time,
        level=Level(level) if level in set(Level) else None,
        tried=tried if isinstance(tried, int) else 0,
        accepted=_texts(accepted),
    )


def record_at(reader: Reader, position: Position, segment: int) -> Record:
    """Return the record at a position, which the index says lies in this segment.

    Raises:
        EvidenceError: it is not there, or what stands there is not what was sealed.
    """
    seal = reader.seal(position.chain, segment)
    if seal is None or not seal.first_seq <= position.seq < seal.first_seq + seal.count:
        raise NotFoundError(f"seal {segment} of its chain has it not")
    return Record.parse(reader.records(seal)[position.seq - seal.first_seq])


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
