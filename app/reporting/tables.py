"""A report as tables, each one file of CSV."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from app.csv_table import Table
from app.reporting.report import Report

NAMES: Final = ("report", "items", "excluded", "controls", "statements", "deviations", "samples", "chains", "months")


def tables(report: Report) -> Iterator[Table]:
    """Yield the tables, in the order of `NAMES`, each with the watermark under it, where there is one."""
    for each in _tables(report):
        yield replace(each, foot=report.mark)


def _tables(report: Report) -> Iterator[Table]:
    found = report.document
    yield _report(report)
    yield Table(
        name="items",
        head=("item", "group", "what it is about", "outcome", "controls"),
        rows=tuple(
            (each["id"], each["group"], each["summary"], each["outcome"], " ".join(each["controls"]))
            for each in found["items"]
        ),
    )
    yield Table(
        name="excluded",
        head=("item", "what it is about", "why it does not apply"),
        rows=tuple((each["id"], each["summary"], each["why"]) for each in found["excluded"]),
    )
    yield Table(
        name="controls",
        head=("control", "title", "owner", "severity", "frequency", "items", "rules", "tests", "outcome"),
        rows=tuple(
            (
                *(each[name] for name in ("id", "title", "owner", "severity", "frequency")),
                *(" ".join(each[name]) for name in ("items", "rules", "tests")),
                each["outcome"],
            )
            for each in found["controls"]
        ),
    )
    yield _statements(report)
    yield Table(
        name="deviations",
        head=("test", "position", "time", "why"),
        rows=tuple(
            (each["test"], one["position"], one["time"], one["reason"])
            for each in found["statements"]
            for one in each["deviations"]
        ),
    )
    yield Table(
        name="samples",
        head=("test", "seed", "position"),
        rows=tuple(
            (each["test"], each["sample"]["seed"], position)
            for each in found["statements"]
            if each["sample"]
            for position in each["sample"]["positions"]
        ),
    )
    chain = ("chain", "class", "first", "last", "first_time", "last_time")
    yield Table(
        name="chains",
        head=chain,
        rows=tuple(tuple(each[name] for name in chain) for each in found["log"]["chains"]),
    )
    yield Table(
        name="months",
        head=("month", "records"),
        rows=tuple((each["month"], each["records"]) for each in found["months"]),
    )


def _report(report: Report) -> Table:
    found = report.document
    newest = found["log"]["checkpoint"] or {"number": None, "size": None, "root": None}
    named = {
        "framework": found["framework"]["id"],
        "title": found["framework"]["title"],
        "version": found["framework"]["version"],
        "from": found["period"]["from"],
        "to": found["period"]["to"],
        "tenant": found["tenant"],
        "engagement": found["engagement"],
        "log": found["log"]["name"],
        "verifier key": found["log"]["verifier_key"],
        "checkpoint": newest["number"],
        "checkpoint size": newest["size"],
        "checkpoint root": newest["root"],
        "log reaches to": found["log"]["sealed"],
        "hash": report.sha256,
    }
    counted = {name: value for name, value in found["summary"].items() if isinstance(value, int)}
    return Table(name="report", head=("what", "value"), rows=tuple((named | counted).items()))


def _statements(report: Report) -> Table:
    head = ("test", "control", "kind", "title", "outcome", "conclusion", "every", "stale after days")
    more = ("query", "count", "sha256", "first", "last", "effective from", "effective to", "collected", "received")
    return Table(
        name="statements",
        head=(*head, *more, "tested at", "deviations", "policies"),
        rows=tuple(
            (
                *(each[name] for name in ("test", "control", "kind", "title", "outcome", "conclusion", "every")),
                each["stale_after_days"],
                *(each["population"][name] for name in ("query", "count", "sha256", "first", "last")),
                each["effective"]["from"],
                each["effective"]["to"],
                *(each[name] for name in ("collected", "received", "tested_at", "deviation_count")),
                " ".join(each["population"]["revisions"]),
            )
            for each in report.document["statements"]
        ),
    )
