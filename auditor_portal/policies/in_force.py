"""Which policies were in force for a tenant, and when, as the log's index and the table of activations say.

Each worker records what it takes over (`policy.activated`); the first of these records begins a time, and the first
one of other policies ends it. The index does not look back for ever: before it, the table of what was put in force from
Git says the same, without a record to look at. Knows no pages.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Engine, RowMapping, select
from sqlmodel import Session, col
from sqlmodel import select as select_row

from app.features.policies.git.rows_activations import ActivationRow
from app.index.rows import DECISION
from auditor_portal.period import Period
from evidence import form

SYSTEM: Final = "system"
"""The tenant of the records that say what is in force for everybody who has no policies of their own."""

_MOST: Final = 20_000  # records that are looked at
_ACTIVATED: Final = "policy.activated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """That a commit of Git was put in force, and which decision permitted it."""

    commit: str
    tree: str
    bundle: str
    at: str
    decision_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """Policies that were in force from `since` until before `until`; None where they still are, as far as is known.

    Attributes:
        tenant: for whom: one tenant, or `SYSTEM` for everybody who has none of their own.
        bundle: digest of the policies.
        revision: what they say of themselves: a commit, or `unversioned`.
        since: when the first worker took them over.
        until: when the first worker took over others.
        record: the record that says so; None where only the table of activations does.
        workers: how many such records there are, one for each worker and start.
        activation: how they came into force, where they came from Git.
    """

    tenant: str
    bundle: str
    revision: str
    since: str
    until: str | None
    record: str | None
    workers: int
    activation: Activation | None


def in_force(index: Engine, product: Engine, tenant: str, period: Period) -> tuple[InForce, ...]:
    """Return what was in force for a tenant at some time of a period, the newest first.

    A tenant with policies of its own is decided for by these from then on; whoever has none, by those of the system.
    """
    known = activations(product)
    rows = _recorded(index, (tenant, SYSTEM), period.until)
    by_bundle = {each.bundle: each for each in known}
    own = list(_followed([row for row in rows if row["tenant"] == tenant], by_bundle))
    begun = own[0].since if own else period.until
    shared = list(_followed([row for row in rows if row["tenant"] == SYSTEM and row["time"] < begun], by_bundle))
    before = _before(known, shared[0].since if shared else begun)
    found = [*_joined([*before, *shared]), *own]
    ended = [
        replace(each, until=own[0].since) if own and each.until is None and each is not own[-1] else each
        for each in found
    ]
    return tuple(reversed([each for each in ended if _touches(each, period)]))


def _touches(found: InForce, period: Period) -> bool:
    return found.since < period.until and (found.until is None or found.until > period.since)


def activations(product: Engine) -> tuple[Activation, ...]:
    """Return what was put in force from Git, the oldest first."""
    with Session(product) as session:
        rows = session.exec(select_row(ActivationRow).order_by(col(ActivationRow.number))).all()
    return tuple(
        Activation(
            commit=row.commit,
            tree=row.tree,
            bundle=row.bundle,
            at=form.time_text(datetime.fromtimestamp(row.activated_at, UTC)),
            decision_id=row.decision_id,
        )
        for row in rows
    )


def may_be_seen(index: Engine, product: Engine, tenant: str, bundle: str) -> bool:
    """Tell whether policies ever decided for a tenant, as far as is known: nobody is shown another tenant's own."""
    mine = DECISION.c.tenant.in_((tenant, SYSTEM))
    said = select(DECISION.c.seq).where(mine, DECISION.c.type == _ACTIVATED, DECISION.c.bundle == bundle).limit(1)
    decided = select(DECISION.c.seq).where(DECISION.c.tenant == tenant, DECISION.c.bundle == bundle).limit(1)
    with index.connect() as connection:
        if connection.execute(said).first() is not None:
            return True
        if any(each.bundle == bundle for each in activations(product)):
            return True
        return connection.execute(decided).first() is not None


def _recorded(index: Engine, tenants: Sequence[str], until: str) -> Sequence[RowMapping]:
    """Return the newest records of what workers took over before `until`, the oldest first."""
    wanted = (
        select(DECISION)
        .where(DECISION.c.tenant.in_(tenants), DECISION.c.type == _ACTIVATED, DECISION.c.time < until)
        .order_by(DECISION.c.time.desc(), DECISION.c.chain.desc(), DECISION.c.seq.desc())
        .limit(_MOST)
    )
    with index.connect() as connection:
        return list(reversed(connection.execute(wanted).mappings().all()))


def _followed(rows: Iterable[RowMapping], known: dict[str, Activation]) -> Iterator[InForce]:
    """Yield one time for all records in a row that speak of the same policies."""
    standing: InForce | None = None
    for row in rows:
        if standing is not None and standing.bundle == row["bundle"]:
            standing = replace(standing, workers=standing.workers + 1)
            continue
        if standing is not None:
            yield replace(standing, until=row["time"])
        standing = InForce(
            tenant=row["tenant"],
            bundle=row["bundle"] or "",
            revision=row["revision"] or "",
            since=row["time"],
            until=None,
            record=f"{row['chain']}-{row['seq']}",
            workers=1,
            activation=known.get(row["bundle"]),
        )
    if standing is not None:
        yield standing


def _joined(times: Sequence[InForce]) -> list[InForce]:
    """Return times with those in a row as one that speak of the same policies."""
    found: list[InForce] = []
    for each in times:
        if found and found[-1].bundle == each.bundle:
            found[-1] = replace(each, since=found[-1].since)
        else:
            found.append(each)
    return found


def _before(known: Sequence[Activation], first: str) -> Iterator[InForce]:
    """Yield what the table says of the time before the first record that the index has."""
    earlier = [each for each in known if each.at < first]
    ends = [*(each.at for each in earlier), first][1:]
    for each, following in zip(earlier, ends, strict=True):
        yield InForce(
            tenant=SYSTEM,
            bundle=each.bundle,
            revision=f"git:{each.commit}",
            since=each.at,
            until=following,
            record=None,
            workers=0,
            activation=each,
        )
