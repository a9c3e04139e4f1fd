"""A report as a value: made once, and every format is made of it.

Owns what a report states, its canonical bytes and their hash. Knows no format, no log and no clock.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from app.reporting.log_identity import LogIdentity
from app.reporting.watermark import Watermark
from evidence import canonical, form
from frameworks.catalog import Catalog, Item
from frameworks.control import Control
from frameworks.control_test import ControlTest, Kind
from frameworks.mapping import Crosswalk
from frameworks.testing import Outcome, Period, Population, Result
from frameworks.verdict import verdict

VERSION: Final = 1
"""Of the form of the machine-readable data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Which records of a population are to be looked at, and what they were drawn with."""

    size: int
    seed: str
    positions: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"size": self.size, "seed": self.seed, "positions": list(self.positions)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one test showed, and what it rests on.

    Attributes:
        collected: when the newest record of the population was sealed into the store, or "" where there is none.
        received: when the log that the report was made from ended.
    """

    test: ControlTest
    result: Result
    collected: str
    received: str
    sample: Sample | None = None

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        found, result = self.result.population, self.result
        return {
            "test": self.test.id,
            "control": result.control,
            "kind": self.test.kind.value,
            "title": self.test.title,
            "every": self.test.every.value,
            "stale_after_days": self.test.stale_after,
            "role": self.test.role,
            "second_role": self.test.second_role,
            "stated": self.test.statement or self.test.instruction,
            "outcome": result.outcome.value,
            "conclusion": conclusion(result),
            "population": _population(found),
            "effective": {"from": found.first_time, "to": found.last_time},
            "collected": self.collected,
            "received": self.received,
            "tested_at": result.tested_at,
            "deviation_count": result.deviation_count,
            "deviations": [
                {"position": each.position, "time": each.time, "reason": each.reason} for each in result.deviations
            ],
            "sample": None if self.sample is None else self.sample.document(),
        }


def _population(found: Population) -> dict[str, Any]:
    return {
        "query": found.query,
        "count": found.count,
        "sha256": found.sha256,
        "first": found.first,
        "last": found.last,
        "revisions": list(found.revisions),
    }


def conclusion(result: Result) -> str:
    """Return in one sentence what a test showed; a word for each outcome, so that none reads like another."""
    rows = f"{result.population.count:,} {'record' if result.population.count == 1 else 'records'}"
    match result.outcome:
        case Outcome.EFFECTIVE:
            return f"No deviation in {rows}."
        case Outcome.DEVIATIONS:
            said = "deviation" if result.deviation_count == 1 else "deviations"
            return f"{result.deviation_count:,} {said} in {rows}."
        case Outcome.DID_NOT_OCCUR:
            return "It did not occur in the period: the population is empty, and nothing is concluded."
        case Outcome.STALE:
            return "What there is is too old: it was not done again in time."
        case Outcome.NOT_TESTED:
            return "It was not tested in the period."


@dataclass(frozen=True, kw_only=True)
class Report:
    """What is known of one framework in one period.

    Attributes:
        controls: those that serve the framework, in the order of their ids.
        statements: one for each of their tests, by the id of the test.
        tenant: whose records alone were looked at, or None.
        engagement: what the auditor calls the audit; samples are drawn with it.
        months: how many records each month of the period has.
        excluded: the items that do not apply, and why; nothing else is said of them.
        crosswalks: mappings from and to the framework, and `others`, the catalogs at their other ends: for OSCAL alone.
        watermark: for whom it was made, where it was made for somebody.
    """

    catalog: Catalog
    controls: tuple[Control, ...]
    statements: Mapping[str, Statement]
    period: Period
    tenant: str | None
    engagement: str | None
    log: LogIdentity
    months: Mapping[str, int]
    excluded: Mapping[str, str] = field(default_factory=dict)
    crosswalks: tuple[Crosswalk, ...] = ()
    others: Mapping[str, Catalog] = field(default_factory=dict)
    watermark: Watermark | None = None

    @property
    def mark(self) -> str:
        """Return the watermark as one line, or "" where there is none."""
        return "" if self.watermark is None else self.watermark.line

    @cached_property
    def document(self) -> dict[str, Any]:
        """Return the machine-readable data."""
        marked = {} if self.watermark is None else {"watermark": self.watermark.document()}
        return marked | {
            "v": VERSION,
            "type": "omega.report",
            "framework": _framework(self.catalog),
            "period": {"from": form.time_text(self.period.start), "to": form.time_text(self.period.end)},
            "tenant": self.tenant,
            "engagement": self.engagement,
            "log": self.log.document(),
            "summary": self._summary(),
            "groups": self._groups(),
            "items": [self._item(each) for each in self.items],
            "excluded": [
                {"id": item, "summary": self.catalog.items[item].summary, "why": why}
                for item, why in self.excluded.items()
            ],
            "controls": [self._control(each) for each in self.controls],
            "statements": [each.document() for each in self.statements.values()],
            "months": [{"month": month, "records": count} for month, count in self.months.items()],
        }

    @cached_property
    def data(self) -> bytes:
        """Return the canonical bytes of the machine-readable data (RFC 8785)."""
        return canonical.encode(self.document)

    @cached_property
    def sha256(self) -> str:
        """Return the hash of the report: that of its data, in hex."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Return the items of the framework that apply."""
        return tuple(each for each in self.catalog.items.values() if each.id not in self.excluded)

    def serving(self, item: str) -> list[Control]:
        """Return the controls that serve an item of the framework."""
        return self._serving.get(item, [])

    @cached_property
    def _serving(self) -> Mapping[str, list[Control]]:
        found: dict[str, list[Control]] = {}
        for control in self.controls:
            for item in control.items(self.catalog.id):
                found.setdefault(item, []).append(control)
        return found

    def outcome(self, control: Control) -> Outcome:
        """Return what the tests of a control come to."""
        return verdict(self.statements[test.id].result.outcome for test in control.tests)

    def item_outcome(self, item: str) -> Outcome:
        """Return what the controls of an item come to."""
        return verdict(map(self.outcome, self.serving(item)))

    def _summary(self) -> dict[str, Any]:
        results = [each.result for each in self.statements.values()]
        items = [each.id for each in self.items]
        machine = [each for each in items if any(t.kind is Kind.MACHINE for c in self.serving(each) for t in c.tests)]
        items_by = Counter(self.item_outcome(each) for each in items)
        tests_by = Counter(each.outcome for each in results)
        return {
            "items": len(items),
            "excluded": len(self.excluded),
            "covered": sum(bool(self.serving(each)) for each in items),
            "machine_tested": len(machine),
            "controls": len(self.controls),
            "tests": len(results),
            "deviations": sum(each.deviation_count for each in results),
            "records": sum(self.months.values()),
            "items_by_outcome": {each.value: items_by[each] for each in Outcome},
            "tests_by_outcome": {each.value: tests_by[each] for each in Outcome},
        }

    def _groups(self) -> list[dict[str, Any]]:
        found = []
        for group, title in self.catalog.groups.items():
            counted = Counter(self.item_outcome(each.id) for each in self.items if each.group == group)
            found.append({"id": group, "title": title, "by_outcome": {each.value: counted[each] for each in Outcome}})
        return found

    def _item(self, item: Item) -> dict[str, Any]:
        return {
            "id": item.id,
            "group": item.group,
            "summary": item.summary,
            "outcome": self.item_outcome(item.id).value,
            "controls": [each.id for each in self.serving(item.id)],
        }

    def _control(self, control: Control) -> dict[str, Any]:
        return {
            "id": control.id,
            "title": control.title,
            "owner": control.owner,
            "severity": control.severity.value,
            "frequency": control.frequency.value,
            "items": [each for each in control.items(self.catalog.id) if each not in self.excluded],
            "rules": list(control.rules),
            "outcome": self.outcome(control).value,
            "tests": [each.id for each in control.tests],
        }


def _framework(catalog: Catalog) -> dict[str, Any]:
    return {
        "id": catalog.id,
        "title": catalog.title,
        "version": catalog.version,
        "publisher": catalog.publisher,
        "source": catalog.source,
        "licence": catalog.licence,
    }
