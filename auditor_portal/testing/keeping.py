"""An auditor's work on controls as its tables have it: runs, samples, items, notes and conclusions, read and added to.

Every write is one transaction by permit. What was noted before stays: who notes again adds a version, and two who note
at once are told so.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from app.audits import workbook
from app.audits.database import portal_data
from app.audits.rows_work import AgainRow, ConclusionRow, ItemRow, NoteRow, ResultRow, RunRow, SampleRow
from app.audits.workbook import Conclusion, ItemResult, WorkState
from app.errors import problem
from app.pdp.enforce import Permit
from app.pep import RefusedError
from frameworks.results import Outcome

MOST_PICKED: Final = 25
"""How many records one sample of an auditor's own choice has."""

MOST_SAMPLES: Final = 500  # of an engagement
MOST_VERSIONS: Final = 1_000  # of what is noted about one thing
MOST_TEXT: Final = 8_000  # characters of a note


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One record of a sample, and what was noted about it, the newest last."""

    item: ItemRow
    notes: tuple[NoteRow, ...]

    @property
    def result(self) -> ItemResult | None:
        """Return what looking at it came to, or None where nobody did."""
        return ItemResult(self.notes[-1].result) if self.notes else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """A sample with its records."""

    sample: SampleRow
    items: tuple[Looked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one test showed in the newest run of it."""

    run: str
    test: str
    control: str
    outcome: Outcome
    deviations: int
    population: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What was done about one control, or about all of an engagement: oldest first, samples with their records.

    `shown` has the newest result of each test that was run again, `again` what had decisions made again.
    """

    runs: tuple[RunRow, ...]
    again: tuple[AgainRow, ...]
    shown: tuple[Shown, ...]
    samples: tuple[Looks, ...]
    notes: tuple[NoteRow, ...]
    conclusions: tuple[ConclusionRow, ...]

    def rule(self, control: str) -> Conclusion:
        """Return what the rule concludes on a control."""
        said = [(each.outcome, each.deviations, each.population) for each in self.shown if each.control == control]
        items = [item.result for each in self.samples if each.sample.control == control for item in each.items]
        return workbook.by_rule(said, [each for each in items if each is not None], items.count(None))

    def concluded(self, control: str) -> ConclusionRow | None:
        """Return the newest conclusion on a control."""
        return next((each for each in reversed(self.conclusions) if each.control == control), None)


def work(engagement: str, control: str | None = None) -> Work:
    """Return what was done in an engagement, about one control or about all of them."""
    with portal_data.reading() as session:
        runs = session.exec(_of(RunRow, engagement, None).order_by(col(RunRow.asked_at), RunRow.id)).all()
        again = session.exec(_of(AgainRow, engagement, control).order_by(col(AgainRow.asked_at), AgainRow.id)).all()
        samples = session.exec(_of(SampleRow, engagement, control).order_by(col(SampleRow.made_at), SampleRow.id)).all()
        notes = session.exec(_of(NoteRow, engagement, control).order_by(NoteRow.about, col(NoteRow.version))).all()
        concluded = session.exec(_of(ConclusionRow, engagement, control).order_by(col(ConclusionRow.version))).all()
        found = tuple(_looks(session, each, notes) for each in samples)
        shown = _shown(session, engagement, control)
    own = tuple(each for each in notes if not each.sample)
    kept = tuple(each for each in runs if control is None or each.control in {"", control})
    return Work(runs=kept, again=tuple(again), shown=shown, samples=found, notes=own, conclusions=tuple(concluded))


def _shown(session: Session, engagement: str, control: str | None) -> tuple[Shown, ...]:
    """Return the newest result of each test, without its document."""
    names = ("run", "test", "control", "outcome", "deviations", "population", "at")
    columns = [getattr(ResultRow, name) for name in names]
    asked = select(*columns).where(ResultRow.engagement == engagement).order_by(col(ResultRow.at), ResultRow.run)
    if control is not None:
        asked = asked.where(ResultRow.control == control)
    newest: dict[str, Shown] = {}
    for row in session.execute(asked).all():
        values = dict(zip(names, row, strict=True))
        newest[values["test"]] = Shown(**values | {"outcome": Outcome(values["outcome"])})
    return tuple(newest[test] for test in sorted(newest))


def results(run: str, control: str | None = None) -> list[dict[str, Any]]:
    """Return what the tests of a run showed, or those of one control, by their ids; as a report states it."""
    asked = select(ResultRow).where(ResultRow.run == run).order_by(ResultRow.test)
    with portal_data.reading() as session:
        found = session.exec(asked if control is None else asked.where(ResultRow.control == control)).all()
    return [json.loads(each.document) for each in found]


def result(run: str, test: str) -> dict[str, Any]:
    """Return what one test showed in a run.

    Raises:
        RefusedError: it is none of its tests.
    """
    with portal_data.reading() as session:
        found = session.get(ResultRow, (run, test))
    if found is None:
        raise RefusedError(problem("not_found"))
    return dict(json.loads(found.document))


def _of(row: Any, engagement: str, control: str | None) -> Any:
    found = select(row).where(row.engagement == engagement)
    return found if control is None else found.where(row.control == control)


def _looks(session: Session, sample: SampleRow, notes: Iterable[NoteRow]) -> Looks:
    items = session.exec(select(ItemRow).where(ItemRow.sample == sample.id).order_by(col(ItemRow.number))).all()
    by: dict[str, list[NoteRow]] = {}
    for each in notes:
        if each.sample == sample.id:
            by.setdefault(each.position, []).append(each)
    looked = tuple(Looked(item=each, notes=tuple(by.get(each.position, ()))) for each in items)
    return Looks(sample=sample, items=looked)


def run(engagement: str, name: str) -> RunRow:
    """Return a run of an engagement.

    Raises:
        RefusedError: this engagement has none of that name.
    """
    with portal_data.reading() as session:
        found = session.get(RunRow, name)
    if found is None or found.engagement != engagement:
        raise RefusedError(problem("not_found"))
    return found


def again(engagement: str, name: str) -> AgainRow:
    """Return what had decisions made again for an engagement.

    Raises:
        RefusedError: this engagement has nothing of that name.
    """
    with portal_data.reading() as session:
        found = session.get(AgainRow, name)
    if found is None or found.engagement != engagement:
        raise RefusedError(problem("not_found"))
    return found


def sample(engagement: str, control: str, name: str) -> Looks:
    """Return a sample of a control of an engagement, with its records.

    Raises:
        RefusedError: there is none such.
    """
    found = next((each for each in work(engagement, control).samples if each.sample.id == name), None)
    if found is None:
        raise RefusedError(problem("not_found"))
    return found


def keep_pursued(permit: Permit, row: RunRow | AgainRow) -> None:
    """Keep what is about to wait."""
    with portal_data.writing(permit) as session:
        session.add(row)


def alter(permit: Permit, kind: type[RunRow | AgainRow], name: str, **change: Any) -> None:
    """Change how far something is."""
    with portal_data.writing(permit) as session:
        row = session.get_one(kind, name)
        for member, value in change.items():
            setattr(row, member, value)
        session.add(row)


def keep_results(permit: Permit, run: str, engagement: str, found: Iterable[Mapping[str, Any]], at: int) -> None:
    """Keep what the tests of a run showed: it is done."""
    with portal_data.writing(permit) as session:
        for each in found:
            session.add(
                ResultRow(
                    run=run,
                    test=each["test"],
                    engagement=engagement,
                    control=each["control"],
                    outcome=each["outcome"],
                    deviations=each["deviation_count"],
                    population=each["population"]["count"],
                    document=json.dumps(each, sort_keys=True, separators=(",", ":")),
                    at=at,
                    decision_id=permit.decision_id,
                )
            )
        kept = session.get_one(RunRow, run)
        kept.state, kept.ended_at = WorkState.DONE, at
        session.add(kept)


def keep_sample(permit: Permit, row: SampleRow, items: Sequence[tuple[str, str]]) -> None:
    """Keep a sample with its records, position and reason of each; drawn again, it is the one that is there.

    Raises:
        RefusedError: the engagement has too many.
    """
    try:
        with portal_data.writing(permit) as session:
            if session.get(SampleRow, row.id) is not None:
                return
            count = select(func.count()).select_from(SampleRow).where(SampleRow.engagement == row.engagement)
            if session.exec(count).one() >= MOST_SAMPLES:
                raise RefusedError(problem("conflict", f"an engagement has at most {MOST_SAMPLES} samples"))
            session.add(row)
            session.flush()
            for number, (position, reason) in enumerate(items, 1):
                session.add(ItemRow(sample=row.id, position=position, number=number, reason=reason))
    except IntegrityError as error:
        raise RefusedError(problem("conflict")) from error


def keep_note(permit: Permit, row: NoteRow) -> None:
    """Keep a note, whose version is the one behind the newest that its writer saw.

    Raises:
        RefusedError: there is that version already, or it is not the next.
    """
    newest = select(func.max(NoteRow.version)).where(NoteRow.about == row.about)
    _keep_version(permit, row, newest)


def keep_conclusion(permit: Permit, row: ConclusionRow) -> None:
    """Keep a conclusion; see `keep_note`.

    Raises:
        RefusedError: see there.
    """
    newest = select(func.max(ConclusionRow.version)).where(
        ConclusionRow.engagement == row.engagement, ConclusionRow.control == row.control
    )
    _keep_version(permit, row, newest)


def _keep_version(permit: Permit, row: NoteRow | ConclusionRow, newest: Any) -> None:
    try:
        with portal_data.writing(permit) as session:
            if row.version != (session.exec(newest).one() or 0) + 1 or row.version > MOST_VERSIONS:
                raise RefusedError(problem("conflict"))
            session.add(row)
    except IntegrityError as error:
        raise RefusedError(problem("conflict")) from error
