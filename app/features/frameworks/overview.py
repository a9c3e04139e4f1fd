"""How everything stands now, for one page: what stands in files, and what our tables say of it.

Owns the shapes that several pages show alike: a test with its last result, a control with its tests, a finding.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from flask import g

from app.csv_table import Table
from app.features.frameworks import standing
from app.features.frameworks.shelf import collection, now
from app.features.frameworks.standing import UNSETTLED, AttestationShown, FindingShown, ResultShown
from app.features.frameworks.states import States
from app.pep import Resource
from frameworks.control import Control
from frameworks.control_test import ControlTest


def states() -> States:
    """Return how everything stands, read once for each request."""
    if "states" not in g:
        open_ = standing.findings(states=UNSETTLED, most=100_000)
        g.states = States(
            controls=collection().controls,
            latest=standing.latest(),
            unsettled=frozenset(each.test for each in open_),
            now=now(),
            organisation=collection().organisation,
        )
    made: States = g.states
    return made


def looked_at(*place: str) -> Resource:
    """Return what is looked at: the page, and of which framework, control, test or finding.

    Ids of criteria have parentheses, which ids of resources do not: `164.308(a)(4)` is `164.308:a:4` on record.
    """
    name = "/".join(place).replace("(", ":").replace(")", "")
    return Resource(type="frameworks", id=name, properties={})


def time_text(at: datetime | None) -> str | None:
    """Return a time as text (RFC 3339, UTC, whole seconds)."""
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_document(test: ControlTest) -> dict[str, Any]:
    """Return a test and how it stands, as JSON values."""
    result = states().latest.get(test.id)
    return {
        "id": test.id,
        "control": test.control,
        "kind": test.kind.value,
        "title": test.title,
        "every": test.every.value,
        "stale_after": test.stale_after,
        "state": states().of_test(test).value,
        "tested_at": time_text(result.tested_at) if result else None,
        "population": result.population if result else None,
        "deviations": result.deviation_count if result else None,
    }


def control_document(control: Control) -> dict[str, Any]:
    """Return a control and how it stands, as JSON values."""
    return {
        "id": control.id,
        "title": control.title,
        "owner": control.owner,
        "severity": str(control.severity),
        "frequency": str(control.frequency),
        "state": states().of_control(control).value,
        "tests": [test_document(each) for each in control.tests],
    }


def finding_document(finding: FindingShown) -> dict[str, Any]:
    """Return a finding without its history, as JSON values."""
    return {
        "id": finding.id,
        "control": finding.control,
        "test": finding.test,
        "severity": finding.severity,
        "owner": finding.owner,
        "state": finding.state.value,
        "opened_at": time_text(finding.opened_at),
        "due_at": time_text(finding.due_at),
        "overdue": finding.overdue(now()),
        "accepted_until": time_text(finding.accepted_until),
        "remediation": finding.remediation or None,
        "deviations": finding.deviation_count,
        "changed_at": time_text(finding.changed_at),
        "decision_id": finding.decision_id,
    }


def result_document(result: ResultShown) -> dict[str, Any]:
    """Return a result as JSON values, with the first of its deviations."""
    return {
        "outcome": result.outcome,
        "tested_at": time_text(result.tested_at),
        "period": {"start": time_text(result.period_start), "end": time_text(result.period_end)},
        "query": result.query,
        "population": result.population,
        "population_sha256": result.population_sha256,
        "first": {"record": result.first, "time": result.first_time},
        "last": {"record": result.last, "time": result.last_time},
        "revisions": list(result.revisions),
        "deviation_count": result.deviation_count,
        "deviations": [
            {"record": each.position, "time": each.time, "reason": each.reason} for each in result.deviations
        ],
        "decision_id": result.decision_id,
    }


def table(name: str, rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> Table:
    """Return rows as a table: the members that `columns` names, under its words; a list in one cell."""
    return Table(
        name=name,
        head=tuple(columns.values()),
        rows=tuple(tuple(_cell(row[member]) for member in columns) for row in rows),
    )


def _cell(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else value


def attestation_document(statement: AttestationShown) -> dict[str, Any]:
    """Return what a person stated as JSON values."""
    return {
        "kind": statement.kind.value,
        "of": statement.of,
        "person": statement.person,
        "role": statement.role,
        "statement": statement.statement,
        "conclusion": statement.conclusion,
        "at": time_text(statement.at),
        "decision_id": statement.decision_id,
    }
