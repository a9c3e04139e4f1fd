"""What the log cannot prove as it stands, named, with since when: the assurance level in plain words. Pure.

Knows what was shown of store, anchors and keys, and what the settings promise; reads nothing itself. The words follow
docs/evidence-format.md, section 9.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.assurance import Kept
from auditor_portal.trail.anchored import Anchor
from auditor_portal.trail.checks import Outcome
from evidence import form
from evidence.key_history import Reason, Statement
from evidence.store import Level

STORES: Final = {
    Level.L0: (
        "The store was shown to keep nothing for certain: it gave a key other bytes, or let an object go before its "
        "time. Only checkpoints, proofs and receipts that somebody keeps elsewhere can show what it held."
    ),
    Level.L1: (
        "The store is a directory that its owner, and root on that machine, can change and delete. A change of what "
        "stands there shows; that the newest seals and checkpoints were removed together shows only against a "
        "checkpoint or a receipt that is kept elsewhere."
    ),
    Level.L1I: (
        "The files of the store carry the immutable flag, which held. Whoever may clear it (root on that machine) can "
        "change and delete them; a change shows, the removal of the newest ones only against a checkpoint that is kept "
        "elsewhere."
    ),
    Level.L2: (
        "The objects of the store are locked, and whoever may bypass governance can delete them before their time. A "
        "deletion shows as a missing object, but what was in it is gone."
    ),
}
"""What each level leaves open; the highest leaves nothing of this kind."""

_OLD: Final = timedelta(days=2)
_KEPT_ELSEWHERE: Final = "unless somebody kept a checkpoint, a proof or a receipt elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """What the settings of the node promise, in seconds."""

    seal_age: float
    spool_age: float
    heartbeat: float
    checkpoint: float
    anchor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What was found out of a log, and is said about here. Times are those of the log; None: there is none.

    Attributes:
        now: by the clock of this process.
        kept: the last probe of the store.
        first: when the log began, as far as is known.
        sealed_at: when the newest seal under a checkpoint was made.
        stamped: the newest time stamp, with when the newest seal under its checkpoint was made.
        cosigned: the newest cosignature, likewise.
        statements: of the keys.
        uncovered: chains that fell silent for longer than their heartbeat allows.
        gaps: chains in which something is missing.
    """

    now: datetime
    kept: Kept | None
    first: str | None
    sealed_at: str | None
    stamped: tuple[Anchor, str | None] | None
    cosigned: tuple[Anchor, str | None] | None
    statements: Sequence[Statement]
    uncovered: Sequence[str]
    gaps: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """One thing that cannot be proved; `serious` where it could be put right, or something is wrong.

    `command` is what an auditor can do about it by themselves, if there is such a thing.
    """

    code: str
    title: str
    said: str
    serious: bool = False
    command: str = ""


def reservations(shown: Shown, promised: Promised) -> tuple[Reservation, ...]:
    """Return what cannot be proved, what is serious first."""
    found = (*_broken(shown), *_anchors(shown, promised), *_store(shown), *_keys(shown), *_always(promised))
    return tuple(sorted(found, key=lambda each: not each.serious))


def _broken(shown: Shown) -> Iterator[Reservation]:
    if shown.gaps:
        yield Reservation(
            code="gaps",
            title="Something is missing in a chain",
            said=f"A seal does not go on where the one before it ended, in: {', '.join(shown.gaps)}. What lay between "
            "cannot be shown from this store.",
            serious=True,
        )
    if shown.uncovered:
        yield Reservation(
            code="silence",
            title="A chain was silent for longer than its heartbeat allows",
            said="For that time nothing shows that the log was there: silence and a log that was taken away look the "
            f"same. The pages of these chains say when, and what the records around it say: "
            f"{', '.join(shown.uncovered)}.",
            serious=True,
        )


def _anchors(shown: Shown, promised: Promised) -> Iterator[Reservation]:
    since = _moment(shown.first) if shown.first else "its beginning"
    trusted = [each for each in (shown.stamped, shown.cosigned) if each and each[0].check.outcome is Outcome.HOLDS]
    for anchor, _ in filter(None, (shown.stamped, shown.cosigned)):
        if anchor.check.outcome is Outcome.BROKEN:
            yield Reservation(
                code="bad_anchor",
                title=f"The newest {anchor.kind} does not hold",
                said=f"{anchor.key}: {anchor.check.said}.",
                serious=True,
            )
    if shown.stamped is None and shown.cosigned is None:
        yield Reservation(
            code="no_anchor",
            title="Nobody else vouches for this log",
            said=f"Whoever has the signing key could rewrite everything since {since} unseen, {_KEPT_ELSEWHERE}.",
            serious=True,
        )
    elif not trusted:
        yield Reservation(
            code="unverified_anchor",
            title="Who vouches for this log was not checked here",
            said="There are anchors, and this portal was given neither the certificates of an authority nor the key of "
            "a witness. Check them with your own. Until you have, whoever has the signing key could have rewritten "
            f"everything since {since}.",
            serious=True,
            command="python -m evidence verify STORE --key log.vkey --tsa roots.pem --witness witness.vkey",
        )
    else:
        yield _behind_anchor(trusted, promised)
    if shown.cosigned is None:
        yield Reservation(
            code="no_witness",
            title="No witness watches that the log only grows",
            said="Two auditors could be shown two different logs, each of which holds in itself. They find out by "
            "comparing the checkpoints that they were given, or by a common witness.",
        )


def _behind_anchor(trusted: Sequence[tuple[Anchor, str | None]], promised: Promised) -> Reservation:
    anchor, sealed_at = max(trusted, key=lambda each: each[1] or "")
    until = _moment(sealed_at or anchor.time or "")
    return Reservation(
        code="behind_anchor",
        title="What came after the newest anchor",
        said=f"Everything sealed until {until} is under checkpoint {anchor.number}, for which somebody else vouches. "
        "What came later, whoever has the signing key can still leave out or rewrite unseen. Anchors are asked for "
        f"every {span(promised.anchor)}.",
    )


def _store(shown: Shown) -> Iterator[Reservation]:
    kept = shown.kept
    if kept is None:
        yield Reservation(
            code="no_probe",
            title="Nobody tried what the store refuses",
            said="No probe of the store is known here, so nothing is shown of how well it keeps what it was given. "
            "Make one with credentials of your own.",
            serious=True,
            command="python -m evidence probe --store STORE",
        )
        return
    if kept.level in STORES:
        yield Reservation(
            code=f"store_{kept.level.value}",
            title=f"The store can be changed from outside ({kept.level.value})",
            said=STORES[kept.level],
            serious=kept.level in {Level.L0, Level.L1},
        )
    age = shown.now - kept.time
    if age > _OLD:
        yield Reservation(
            code="old_probe",
            title="The last probe of the store is old",
            said=f"It was made {_moment(form.time_text(kept.time))}, {span(age.total_seconds())} ago; one is made each "
            "day.",
            serious=True,
        )
    yield Reservation(
        code="probe",
        title="What a probe does not show",
        said="It speaks of one moment, of one object, and of the credentials that it was made with: what others may "
        "do, what the provider can do, and what holds tomorrow, it does not show.",
    )


def _keys(shown: Shown) -> Iterator[Reservation]:
    for each in shown.statements:
        if each.reason is Reason.COMPROMISED:
            yield Reservation(
                code="compromised",
                title="A signing key was compromised",
                said=f"The key {each.previous_key.id.hex()} was given up at {_moment(each.time)} because it was "
                f"compromised. What it signed, the first {each.size} seals, is fixed by the statement of the key "
                "behind it: pin that key, and whoever has the old one can change nothing. Before that, they could.",
                serious=True,
            )


def _always(promised: Promised) -> Iterator[Reservation]:
    yield Reservation(
        code="unsealed",
        title="What the loss of a disk costs",
        said=f"A record may wait {span(promised.seal_age)} on the disk of its node before it is sealed into the store, "
        f"and up to {span(promised.spool_age)} while the store does not answer. If that disk is lost meanwhile, the "
        "records are gone; only the receipts of their callers show that they were taken in.",
    )
    yield Reservation(
        code="input",
        title="That the input was true",
        said="The log shows what the service was told and what it decided, not what happened in the world.",
    )
    yield Reservation(
        code="clock",
        title="That the clock was right",
        said="Beyond the order of records, times are those of the node; checkpoints and anchors around a record bound "
        "them from outside.",
    )


def _moment(time: str) -> str:
    """Return a time of the log as people read it, in UTC."""
    return time[:19].replace("T", " ")


def span(seconds: float) -> str:
    """Return a length of time as people say it: in its two largest units."""
    if seconds < 1:
        return f"{seconds * 1_000:.0f} milliseconds"
    left, said = round(seconds), list[str]()
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        count, left = divmod(left, size)
        if count:
            said.append(f"{count} {word}{'' if count == 1 else 's'}")
    return " ".join(said[:2])
