"""How the log stands, found out for one page: from the index what it lists, from the store what is verified here."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app import anchors
from app.assurance import Kept
from app.settings import Settings, SettingsError
from auditor_portal.period import Period
from auditor_portal.product import Product
from auditor_portal.trail import listing, probes
from auditor_portal.trail.anchored import Anchor
from auditor_portal.trail.checks import Outcome
from auditor_portal.trail.listing import ChainLine
from auditor_portal.trail.proved import ProvedCheckpoint, ProvedLog
from auditor_portal.trail.reservations import Promised, Reservation, Shown, reservations
from auditor_portal.trail.silences import SLACK, Around, Stretch, uncovered
from evidence import form
from evidence.anchor_check import Trust
from evidence.checkpointer import CHECKPOINT_KEY, checkpoint_key
from evidence.errors import FindingError
from evidence.key_history import KeyHistory

_LOG = logging.getLogger(__name__)
_MOST_BEYOND: Final = 1_000  # checkpoints behind those of the index that are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainState:
    """A chain, and the stretches without a seal that are too long and that no record explains as a stop in order."""

    line: ChainLine
    stretches: tuple[Stretch, ...]

    @property
    def unexplained(self) -> bool:
        """Tell whether the chain was silent without having stopped in order."""
        return any(each.around is not Around.STOPPED for each in self.stretches)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How the log stands. `beyond` counts checkpoints of the store that the index has not read yet."""

    kept: Kept | None
    newest: ProvedCheckpoint | None
    sealed_at: str | None
    listed: int | None
    beyond: int
    history: KeyHistory | None
    history_said: str
    stamped: Anchor | None
    cosigned: Anchor | None
    chains: tuple[ChainState, ...]
    allowed: float
    reservations: tuple[Reservation, ...]

    @property
    def sound(self) -> bool:
        """Tell whether everything that was verified for this page holds."""
        checks = () if self.newest is None else self.newest.checks
        anchored = [each.check for each in (self.stamped, self.cosigned) if each]
        return self.history is not None and Outcome.BROKEN not in {each.outcome for each in (*checks, *anchored)}


def proved_log(found: Product, now: datetime) -> ProvedLog:
    """Return the store as it is verified here: anchors by the certificates and witness keys of the settings."""
    return ProvedLog(found.store, found.verifier, trust(found.settings), at=form.time_text(now))


def trust(settings: Settings) -> Trust:
    """Return whom this portal believes about anchors: nobody, where it is not told whom."""
    try:
        roots = anchors.load_roots(settings)
    except SettingsError as error:
        _LOG.error("time stamps cannot be checked: %s", error)
        roots = ()
    return Trust(roots=roots or None, witnesses=tuple(each.key for each in settings.witnesses))


def promised(settings: Settings) -> Promised:
    """Return what the settings promise."""
    return Promised(
        seal_age=settings.seal_age,
        spool_age=settings.spool_age,
        heartbeat=settings.heartbeat,
        checkpoint=settings.checkpoint,
        anchor=settings.anchor,
    )


def overview(found: Product, period: Period, now: datetime) -> Overview:
    """Return how the log stands, for an engagement over `period`.

    Raises:
        StoreError: the store does not answer.
    """
    log, allowed = proved_log(found, now), found.settings.heartbeat + SLACK
    newest = next(iter(listing.checkpoints(found.index, most=1)), None)
    number, sealed_at = (newest["number"], newest["sealed_at"]) if newest else (-1, None)
    beyond = _beyond(log, number)
    last = number + beyond
    shown = log.checkpoint(last) if last >= 0 else None
    stamped, cosigned = log.newest_anchors(last) if last >= 0 else (None, None)
    history, said = _history(log)
    chains = tuple(chain_state(found, each, period, allowed, now) for each in listing.chains(found.index, period))
    kept = probes.last(found.settings, found.index, found.reader)
    facts = Shown(
        now=now,
        kept=kept,
        first=listing.began(found.index),
        sealed_at=sealed_at,
        stamped=_with_seal(found, stamped),
        cosigned=_with_seal(found, cosigned),
        statements=history.statements if history else (),
        uncovered=[each.line.chain for each in chains if each.unexplained],
        gaps=[each.line.chain for each in chains if each.line.gaps],
    )
    return Overview(
        kept=kept,
        newest=shown,
        sealed_at=sealed_at,
        listed=newest["number"] if newest else None,
        beyond=beyond,
        history=history,
        history_said=said,
        stamped=stamped,
        cosigned=cosigned,
        chains=chains,
        allowed=allowed,
        reservations=reservations(facts, promised(found.settings)),
    )


def chain_state(found: Product, line: ChainLine, period: Period, allowed: float, now: datetime) -> ChainState:
    """Return a chain with its stretches; those are looked for only where there must be one."""
    silent = (now - datetime.fromisoformat(line.sealed_at)).total_seconds()
    if line.longest <= allowed and silent <= allowed:
        return ChainState(line=line, stretches=())
    return ChainState(line=line, stretches=uncovered(found.index, line.chain, period, allowed, now))


def _beyond(log: ProvedLog, number: int) -> int:
    """Return how many checkpoints stand in the store behind `number`."""
    after = checkpoint_key(number) if number >= 0 else ""
    count = 0
    for key in log.store.keys("log/checkpoints/", after=after):
        count += CHECKPOINT_KEY.fullmatch(key) is not None
        if count == _MOST_BEYOND:
            break
    return count


def _history(log: ProvedLog) -> tuple[KeyHistory | None, str]:
    try:
        return log.history(), ""
    except FindingError as error:
        return None, f"{error.code}: {error.detail}"


def _with_seal(found: Product, anchor: Anchor | None) -> tuple[Anchor, str | None] | None:
    """Return an anchor with when the newest seal under its checkpoint was made, as the index says."""
    if anchor is None:
        return None
    row = listing.checkpoint(found.index, anchor.number)
    return anchor, row["sealed_at"] if row else None
