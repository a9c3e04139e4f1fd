"""What the tests showed: OSCAL assessment results. An observation for each test, a finding for each item."""

from typing import Any, Final

from frameworks.control_test import Kind
from frameworks.oscal.assessment import Assessment
from frameworks.oscal.assessment_plan import PLAN_FILE, reviewed
from frameworks.oscal.form import identifier, line, metadata, properties, some, token
from frameworks.testing import Outcome, Result
from frameworks.verdict import verdict

RESULTS_FILE: Final = "assessment-results.json"

_METHODS: Final = {Kind.MACHINE: "TEST", Kind.ATTESTATION: "INTERVIEW", Kind.INSPECTION: "EXAMINE"}
_MOST: Final = 100  # deviations told of one test


def observation_uuid(found: Assessment, test: str) -> str:
    """Return the identifier of what a test showed."""
    return identifier("observation", found.version, test)


def assessment_results(found: Assessment) -> dict[str, Any]:
    """Return the results of the period."""
    title = f"Results for {found.catalog.title}"
    observations = [observation(found, result) for result in found.results.values()]
    return {
        "assessment-results": {
            "uuid": identifier("assessment-results", found.catalog.id, found.version),
            "metadata": metadata(title, modified=found.modified, version=found.version),
            "import-ap": {"href": PLAN_FILE},
            "results": [
                {
                    "uuid": identifier("result", found.catalog.id, found.version),
                    "title": line(title),
                    "description": f"tests over the records of the log {line(found.log)} in the period",
                    "start": found.period.start.isoformat(),
                    "end": found.period.end.isoformat(),
                    "reviewed-controls": reviewed(found, []),
                    **some("observations", observations),
                    **some("findings", (_finding(found, item) for item in found.items)),
                }
            ],
        }
    }


def observation(found: Assessment, result: Result) -> dict[str, Any]:
    """Return what a test showed, with the evidence: its population, and each deviation by its record."""
    told = f"{result.outcome.value}: {result.population.count} rows, {result.deviation_count} deviations"
    evidence = [_evidence(found, result), *_deviations(found, result)]
    return {
        "uuid": observation_uuid(found, result.test),
        "title": line(result.test),
        "description": told,
        **properties({"outcome": result.outcome.value, "kind": result.kind.value, "control": result.control}),
        "methods": [_METHODS[result.kind]],
        "types": ["control-objective" if result.outcome is Outcome.EFFECTIVE else "finding"],
        "relevant-evidence": evidence,
        "collected": result.tested_at or found.modified,
    }


def _evidence(found: Assessment, result: Result) -> dict[str, Any]:
    population = result.population
    said: dict[str, str | int | None] = {
        "query": population.query,
        "count": population.count,
        "sha256": population.sha256,
        "first": population.first,
        "last": population.last,
        "effective-from": population.first_time,
        "effective-to": population.last_time,
        "collected": found.collected.get(result.test),
        "received": found.modified,
    }
    revisions = {f"policy-{number}": each for number, each in enumerate(population.revisions, 1)}
    return {
        "href": f"urn:omega:log:{token(found.log)}:population:{population.sha256}",
        "description": f"population of {population.count} rows",
        **properties(said | revisions),
    }


def _deviations(found: Assessment, result: Result) -> list[dict[str, Any]]:
    return [
        {
            "href": f"urn:omega:log:{token(found.log)}:record:{each.position}",
            "description": line(each.reason),
            **properties({"position": each.position, "time": each.time}),
        }
        for each in result.deviations[:_MOST]
    ]


def _finding(found: Assessment, item: str) -> dict[str, Any]:
    results = [
        found.results[test.id] for control in found.serving(item) for test in control.tests if test.id in found.results
    ]
    reason = verdict(each.outcome for each in results)
    state = "satisfied" if reason is Outcome.EFFECTIVE else "not-satisfied"
    return {
        "uuid": identifier("finding", found.version, found.catalog.id, item),
        "title": line(f"{item}: {found.catalog.items[item].summary}"),
        "description": f"{len(found.serving(item))} controls, {len(results)} tests: {reason.value}",
        "target": {
            "type": "statement-id",
            "target-id": f"{token(found.catalog.id, item)}_smt",
            "status": {"state": state, "reason": token(reason.value)},
        },
        **some("related-observations", ({"observation-uuid": observation_uuid(found, e.test)} for e in results)),
    }
