"""Pages of controls and of their tests: what is demanded, what was found, and over which population."""

from typing import Any, Final

from flask.typing import ResponseReturnValue

from app.features.frameworks import declared, in_words, standing
from app.features.frameworks.answering import answer
from app.features.frameworks.feature import feature
from app.features.frameworks.overview import (
    attestation_document,
    control_document,
    finding_document,
    looked_at,
    result_document,
    states,
    table,
    test_document,
    time_text,
)
from app.features.frameworks.shelf import collection, control_of, now, test_of
from app.pdp.enforce import Permit
from app.pep import Resource, bundle_in_force
from frameworks.control_test import ControlTest, Kind

_MOST: Final = 50  # results on a page
_CONTROLS: Final = {
    "id": "id",
    "title": "control",
    "owner": "owner",
    "severity": "severity",
    "frequency": "frequency",
    "state": "state",
    "criteria": "criteria",
    "rules": "rules",
}
_TESTS: Final = {
    "id": "test",
    "kind": "kind",
    "title": "title",
    "every": "every",
    "stale_after": "stale after days",
    "state": "state",
    "tested_at": "tested at",
    "population": "population",
    "deviations": "deviations",
}
_RESULTS: Final = {
    "tested_at": "tested at",
    "outcome": "outcome",
    "from": "period from",
    "to": "period to",
    "population": "population",
    "population_sha256": "population sha256",
    "first_record": "first record",
    "last_record": "last record",
    "revisions": "policy revisions",
    "deviation_count": "deviations",
    "decision_id": "on record as",
}


def _all() -> Resource:
    return looked_at("controls")


def seen_control(control: str) -> Resource:
    """Return a control as what is looked at."""
    return looked_at("control", control_of(control).id)


def seen_test(control: str, name: str) -> Resource:
    """Return a test of a control as what is looked at."""
    return looked_at("test", test_of(f"{control}/{name}").id)


@feature.route("/controls", action="view", resource=_all)
def controls(_permit: Permit) -> ResponseReturnValue:
    """Show every control and how it stands."""
    found = [
        control_document(each) | {"criteria": list(each.criteria), "rules": list(each.rules)}
        for each in collection().controls.values()
    ]
    return answer("controls", {"controls": found}, table("controls", found, _CONTROLS))


@feature.route("/controls/<control>", action="view", resource=seen_control)
def control(_permit: Permit, control: str) -> ResponseReturnValue:
    """Show a control: what it serves, the rules that it rests on, its tests, its findings."""
    found = control_of(control)
    shown = control_document(found) | {"criteria": list(found.criteria), "rules": [_rule(each) for each in found.rules]}
    findings = [finding_document(each) for each in standing.findings(control=control)]
    return answer("control", {"control": shown, "findings": findings}, table(control, shown["tests"], _TESTS))


@feature.route("/tests/<control>/<name>", action="view", resource=seen_test)
def test(_permit: Permit, control: str, name: str) -> ResponseReturnValue:
    """Show a test: what it demands, when, of what; its last results, what persons stated, its findings."""
    found = test_of(f"{control}/{name}")
    results = [result_document(each) for each in standing.results(test=found.id, most=_MOST)]
    document = {
        "test": test_document(found) | _demand(found) | {"stated": _stated(found)},
        "control": control_document(control_of(control)),
        "results": results,
        "statements": [attestation_document(each) for each in standing.attestations(found.id)],
        "findings": [finding_document(each) for each in standing.findings(test=found.id)],
    }
    return answer("test", document, table(f"{control}-{name}", map(_flat, results), _RESULTS))


def _rule(name: str) -> dict[str, Any]:
    """Return a rule, `<action>/<gate>`, as the policies in force have it; one that they have not demands nothing."""
    action, _, gate = name.partition("/")
    in_force = bundle_in_force().actions.get(action)
    rule = in_force.rules.get(gate) if in_force else None
    title, enforcement = (rule.title, rule.enforcement.value) if rule else (None, None)
    return {"id": name, "title": title, "enforcement": enforcement}


def _stated(test: ControlTest) -> dict[str, Any] | None:
    """Return how what persons state stands: until when it holds, and who waits for a second person."""
    if test.kind is Kind.MACHINE:
        return None
    due = declared.due(test.control, test, standing.attestations(test.id), now())
    return {
        "due": due.is_due(now()),
        "due_at": time_text(due.due_at),
        "stale_at": time_text(due.stale_at),
        "waiting": due.waiting.decision_id if due.waiting else None,
        "waiting_for": due.waiting.person if due.waiting else None,
    }


def _demand(test: ControlTest) -> dict[str, Any]:
    """Return what a test demands, as it stands in its file and in words; what its kind has none of is null."""
    return {
        "query": test.population.query if test.population else None,
        "configuration": bool(test.population and test.population.configuration),
        "population_in_words": in_words.population(test.population) if test.population else None,
        "check_in_words": in_words.check(test.check) if test.check else None,
        "remediation": test.remediation,
        "role": test.role,
        "second_role": test.second_role,
        "statement": test.statement,
        "instruction": test.instruction,
        "unsettled": test.id in states().unsettled,
    }


def _flat(result: dict[str, Any]) -> dict[str, Any]:
    return result | {
        "from": result["period"]["start"],
        "to": result["period"]["end"],
        "first_record": result["first"]["record"],
        "last_record": result["last"]["record"],
    }
