"""Reports made up: a framework of three items, three controls, and what their tests showed."""

from dataclasses import replace
from datetime import UTC, date, datetime
from types import MappingProxyType

from app.reporting.log_identity import ChainSpan, LogIdentity
from app.reporting.report import Report, Sample, Statement
from frameworks.catalog import Catalog, Item
from frameworks.control import Control, Frequency, Severity
from frameworks.control_test import ControlTest, Every, Kind
from frameworks.mapping import Crosswalk, Related, Relation
from frameworks.testing import Deviation, Outcome, Period, Population, Result

CHAIN = "019aa00000000000beef"
PERIOD = Period(start=datetime(2025, 10, 1, tzinfo=UTC), end=datetime(2026, 10, 1, tzinfo=UTC))
DEVIATION = Deviation(position=f"{CHAIN}-17", time="2026-02-03T04:05:06.000000Z", reason="no `reviewed`")


def made_test(control, name, kind=Kind.MACHINE, **more):
    title = more.pop("title", name)
    if kind is Kind.ATTESTATION:
        more |= {"role": "security_officer", "second_role": "ciso", "statement": "the list was reviewed"}
    if kind is Kind.INSPECTION:
        more |= {"instruction": "look at the list"}
    return ControlTest(id=f"{control}/{name}", kind=kind, title=title, every=Every.DAY, stale_after=2, **more)


def control(name, *tests, criteria=(), title=None, owner="security_officer"):
    return Control(
        id=name,
        title=title or f"what `{name}` is about",
        owner=owner,
        severity=Severity.HIGH,
        frequency=Frequency.DAY,
        criteria=criteria,
        rules=("platform.keep_access/reviewed",),
        tests=tests,
    )


def population(count=3, sha256="ab" * 32):
    there = count > 0
    return Population(
        query='{"actions":["platform.keep_access"],"types":["decision"]}',
        count=count,
        sha256=sha256,
        first=f"{CHAIN}-3" if there else "",
        last=f"{CHAIN}-900" if there else "",
        first_time="2025-10-02T08:00:00.000000Z" if there else "",
        last_time="2026-09-30T17:00:00.000000Z" if there else "",
        revisions=("8f14e45fceea167a5a36dedd4bea2543e7b1c2d3",) if there else (),
    )


def result(test, outcome, count=3, deviations=(), **more):
    return Result(
        test=test.id,
        control=test.control,
        kind=test.kind,
        outcome=outcome,
        population=population(count, **more),
        deviations=deviations,
        deviation_count=len(deviations),
        tested_at="2026-10-01T00:00:00.000000Z",
        effective="2026-09-30T17:00:00.000000Z" if count else "",
        collected="2026-10-01T00:00:00.000000Z",
    )


def catalog(summary="who keeps access is reviewed", title="House rules"):
    items = [
        Item(id=f"CC6.{n}", group="CC6", kind="criterion", summary=summary, effective_from=date(2018, 12, 15))
        for n in (1, 2)
    ]
    items.append(
        Item(id="A1.1", group="A1", kind="criterion", summary="there is enough", effective_from=date(2018, 12, 15))
    )
    return Catalog(
        id="house",
        title=title,
        version="2026, first",
        publisher="Example Ltd",
        source="https://example.org/house-rules",
        licence="ours",
        effective_from=date(2018, 12, 15),
        groups=MappingProxyType({"CC6": "access", "A1": "availability"}),
        items=MappingProxyType({each.id: each for each in items}),
        profiles=MappingProxyType({}),
    )


def log():
    return LogIdentity(
        name="example.org/log",
        verifier="example.org/log+0011aabb+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
        checkpoint=(41, 1200, "q" * 43 + "="),
        sealed="2026-10-01T00:00:05.123456Z",
        chains=(
            ChainSpan(
                chain=CHAIN,
                retention_class="std7y",
                first=1,
                last=999,
                first_time="2025-10-01T00:00:01.000000Z",
                last_time="2026-09-30T23:59:59.000000Z",
            ),
        ),
    )


def crosswalk():
    """Every relation to another framework."""
    related = [
        Related(left="CC6.1", right=right, relation=relation, rationale="it is", source="ours")
        for right, relation in zip(("X1", "X2", "X3", "X4"), Relation, strict=True)
    ]
    return Crosswalk(left="house", right="other", source="ours", relations=tuple(related))


def report(  # noqa: PLR0913 - what differs between reports
    *,
    reason=None,
    summary="who keeps access is reviewed",
    title="House rules",
    sha256="ab" * 32,
    named=None,
    mapped=False,
):
    """A report; the texts are what somebody may have written who wishes us ill."""
    deviation = Deviation(position=DEVIATION.position, time=DEVIATION.time, reason=reason or DEVIATION.reason)
    reviewed = made_test("access-review", "reviewed", title=named or "nobody keeps access unreviewed")
    attested = made_test("access-review", "attested", Kind.ATTESTATION)
    inspected = made_test("capacity", "inspected", Kind.INSPECTION)
    never = made_test("capacity", "used")
    controls = (
        control("access-review", reviewed, attested, criteria=("house/CC6.1", "other/X1"), title=named),
        control("capacity", inspected, never, criteria=("house/A1.1",)),
    )
    results = [
        (reviewed, result(reviewed, Outcome.DEVIATIONS, deviations=(deviation,), sha256=sha256)),
        (attested, result(attested, Outcome.EFFECTIVE, 1)),
        (inspected, result(inspected, Outcome.STALE, 0)),
        (never, result(never, Outcome.DID_NOT_OCCUR, 0)),
    ]
    sample = Sample(size=1, seed="cd" * 32, positions=(f"{CHAIN}-17",))
    statements = {
        test.id: Statement(
            test=test,
            result=found,
            collected="2026-09-30T17:00:09.000000Z" if found.population.count else "",
            received=log().sealed,
            sample=sample if test is reviewed else None,
        )
        for test, found in results
    }
    return Report(
        catalog=catalog(summary, title),
        controls=controls,
        statements=statements,
        period=PERIOD,
        tenant=None,
        engagement=named,
        log=log(),
        months={f"2026-{month:02}": 1000 * month for month in range(1, 10)},
        excluded={"CC6.2": "others do it"} if mapped else {},
        crosswalks=(crosswalk(),) if mapped else (),
        others={"other": replace(catalog(), id="other")},
    )
