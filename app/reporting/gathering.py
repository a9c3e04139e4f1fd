"""A report made of the records of a period: tests run over them once, and what is told of the log beside.

Owns what belongs to a report and where it comes from. Does not read the log itself: it is handed the rows.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from app.reporting.errors import ReportError
from app.reporting.log_identity import ChainSpan, LogIdentity
from app.reporting.recorded_runs import asked_of_records, joined, with_in_time
from app.reporting.report import Report, Statement
from app.reporting.sampling import sample
from app.reporting.spill import Spill
from app.reporting.watermark import Watermark
from evidence import form
from frameworks.applicability import EVERYTHING, Organisation
from frameworks.catalog import Catalog
from frameworks.control import Control
from frameworks.mapping import Crosswalk
from frameworks.sampling import SampleError
from frameworks.testing import SYSTEM, Period, Result, Row, Testing

_ENGAGEMENT: Final = re.compile(r"[^|\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,128}")
_TENANT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a report is about.

    With `sampled`, records are drawn of each population. `excluded` are the items that do not apply, and why;
    `watermark` says for whom it is made, where that is somebody.
    """

    catalog: Catalog
    controls: tuple[Control, ...]
    period: Period
    tenant: str | None = None
    engagement: str | None = None
    sampled: bool = False
    excluded: Mapping[str, str] = field(default_factory=dict)
    crosswalks: tuple[Crosswalk, ...] = ()
    others: Mapping[str, Catalog] = field(default_factory=dict)
    watermark: Watermark | None = None


def asked_of(  # noqa: PLR0913 - what a report is about
    catalog: Catalog,
    controls: Iterable[Control],
    period: Period,
    *,
    now: datetime,
    tenant: str | None = None,
    engagement: str | None = None,
    sampled: bool = False,
    organisation: Organisation = EVERYTHING,
    crosswalks: tuple[Crosswalk, ...] = (),
    others: Mapping[str, Catalog] | None = None,
    watermark: Watermark | None = None,
) -> Asked:
    """Return what a report is about: of `controls` those that serve the catalog.

    Raises:
        ReportError: the period is empty or not over at `now`, no control serves the catalog, a name is none, or a
            sample has no engagement to be drawn for.
    """
    if engagement is not None and not _ENGAGEMENT.fullmatch(engagement):
        raise ReportError("an engagement is named in one line of at most 128 characters, without `|`")
    if tenant is not None and not _TENANT.fullmatch(tenant):
        raise ReportError("a tenant's name has lower-case letters, digits, `_` and `-`")
    if period.start >= period.end:
        raise ReportError("the period ends before it begins")
    if period.end > now:
        ends = form.time_text(period.end)
        raise ReportError(f"the period ends in the future: populations are complete from {ends} on")
    stated = organisation.stated.get(catalog.id, {})
    excluded = {
        item: stated[item].justification for item in catalog.items if not organisation.applies(catalog.id, item)
    }
    serving = [each for each in controls if set(each.items(catalog.id)) - excluded.keys()]
    if not serving:
        raise ReportError(f"no control serves `{catalog.id}`")
    if sampled and not engagement:
        raise ReportError("a sample is drawn for an engagement: name it with `--engagement`")
    return Asked(
        catalog=catalog,
        controls=asked_of_records(sorted(serving, key=lambda each: each.id)),
        period=period,
        tenant=tenant,
        engagement=engagement,
        sampled=sampled,
        excluded=excluded,
        crosswalks=crosswalks,
        others=others or {},
        watermark=watermark,
    )


class _Span:
    """What comes of one chain."""

    __slots__ = ("first", "first_time", "last", "last_time", "retention_class")

    def __init__(self, row: Row) -> None:
        self.retention_class = str(row.document.get("class", ""))
        self.first = self.last = row.seq
        self.first_time = self.last_time = row.time

    def named(self, chain: str) -> ChainSpan:
        return ChainSpan(
            chain=chain,
            retention_class=self.retention_class,
            first=self.first,
            last=self.last,
            first_time=self.first_time,
            last_time=self.last_time,
        )


@dataclass(slots=True)
class _Counted:
    """What is counted of the records of a period beside the tests."""

    since: str
    until: str
    tenants: frozenset[str] | None
    months: dict[str, int] = field(default_factory=dict)
    chains: dict[str, "_Span"] = field(default_factory=dict)
    newest: dict[str, tuple[str, str]] = field(default_factory=dict)  # by test: time and position

    def take(self, row: Row) -> None:
        """Count a record."""
        time = row.time
        if not self.since <= time < self.until:
            return
        span = self.chains.get(row.chain)
        if span is None:
            span = self.chains[row.chain] = _Span(row)
        span.last = row.seq
        span.first_time, span.last_time = min(span.first_time, time), max(span.last_time, time)
        if self.tenants is None or row.document.get("tenant") in self.tenants:
            month = time[:7]
            self.months[month] = self.months.get(month, 0) + 1

    def newer(self, test: str, row: Row) -> None:
        """Remember the newest record of a test's population."""
        if row.time >= self.newest.get(test, ("", ""))[0]:
            self.newest[test] = (row.time, row.position)


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The log that the rows are of: as `LogIdentity`, whose chains are seen in the rows alone.

    `sealed_at` returns when the record at a position was sealed, or "".
    """

    name: str
    verifier: str
    checkpoint: tuple[int, int, str] | None
    sealed: str
    sealed_at: Callable[[str], str]


def gather(asked: Asked, log: Log, rows: Callable[[Period], Iterable[Row]], spill: Spill | None = None) -> Report:
    """Return the report.

    Args:
        asked: what it is about.
        log: which log.
        rows: yields the records of a span of time, chains in the order of their names; it is called once.
        spill: where populations are kept; needed for samples.

    Raises:
        ReportError: a sample cannot be drawn.
        EvidenceError: the log does not hold.
    """
    end = asked.period.end
    at = max(datetime.fromisoformat(log.sealed).astimezone(UTC), end) if log.sealed else end
    tenants = None if asked.tenant is None else frozenset({asked.tenant, SYSTEM})
    since, until = form.time_text(asked.period.start), form.time_text(end)
    counted = _Counted(since=since, until=until, tenants=tenants)

    def sink(test: str, row: Row) -> None:
        counted.newer(test, row)
        if spill is not None:
            spill.take(test, row)

    testing = Testing(with_in_time(asked.controls), asked.period, now=at, sink=sink, tenant=asked.tenant)
    for row in rows(testing.reach):
        counted.take(row)
        testing.take(row)
    return _report(asked, log, counted, joined(testing.finish()), spill)


def _report(asked: Asked, log: Log, counted: _Counted, results: list[Result], spill: Spill | None) -> Report:
    tests = {test.id: (control, test) for control in asked.controls for test in control.tests}
    statements = {}
    for result in sorted(results, key=lambda each: each.test):
        control, test = tests[result.test]
        newest = counted.newest.get(test.id)
        statement = Statement(
            test=test,
            result=result,
            collected=log.sealed_at(newest[1]) if newest else "",
            received=log.sealed,
        )
        if asked.sampled and spill is not None and test.population is not None:
            spill.flush()
            try:
                drawn = sample(spill.path(test.id), result.population, control, asked.engagement or "")
            except SampleError as error:
                raise ReportError(f"no sample can be drawn: {error}") from None
            statement = replace(statement, sample=drawn)
        statements[test.id] = statement
    return Report(
        catalog=asked.catalog,
        controls=asked.controls,
        statements=statements,
        period=asked.period,
        tenant=asked.tenant,
        engagement=asked.engagement,
        log=LogIdentity(
            name=log.name,
            verifier=log.verifier,
            checkpoint=log.checkpoint,
            sealed=log.sealed,
            chains=tuple(counted.chains[name].named(name) for name in sorted(counted.chains)),
        ),
        months=dict(sorted(counted.months.items())),
        excluded=asked.excluded,
        crosswalks=asked.crosswalks,
        others=asked.others,
        watermark=asked.watermark,
    )
