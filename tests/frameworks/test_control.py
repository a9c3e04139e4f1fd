"""Controls are complete and true to the policies, and a file that holds none is refused by name."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pdp.bundle import load as load_bundle
from app.pdp.model import Enforcement
from frameworks import catalog, control
from frameworks.checks import Each
from frameworks.condition import Op
from frameworks.control_test import DAYS, Kind
from frameworks.errors import ControlError, FrameworksError

SHIPPED = control.load()
BUNDLE = load_bundle(Path("policies"), "test")
GATES = {f"{name}/{gate}": rule for name, action in BUNDLE.actions.items() for gate, rule in action.rules.items()}
SOURCES = "".join(path.read_text() for package in ("app", "evidence") for path in Path(package).rglob("*.py"))

GOOD = """\
controls:
  - id: own
    title: what we do
    owner: ciso
    severity: high
    frequency: day
    criteria: [soc2/CC6.2, "hipaa/164.308(a)(4)"]
    rules: [platform.keep_access/reviewed]
    tests:
      - id: own/stated
        kind: attestation
        title: somebody says so
        every: quarter
        stale_after: 100
        role: ciso
        statement: it was done
"""


def every_test():
    return [test for each in SHIPPED.values() for test in each.tests]


def machines():
    return [test for test in every_test() if test.kind is Kind.MACHINE]


def populations():
    for test in machines():
        linked = getattr(test.check, "by", None)
        yield from ((test, each) for each in (test.population, linked) if each is not None)


def test_every_test_has_a_schedule_and_is_stale_no_earlier_than_it_is_due_again():
    assert len(every_test()) > len(SHIPPED)
    assert [test.id for test in every_test() if test.stale_after < DAYS[test.every]] == []


def test_an_inspection_never_stands_alone():
    assert [each.id for each in SHIPPED.values() if each.kinds == (Kind.INSPECTION,)] == []


def test_every_rule_that_a_control_names_exists():
    assert {rule for each in SHIPPED.values() for rule in each.rules} - GATES.keys() == set()


def test_every_blocking_rule_that_names_a_criterion_is_named_by_a_control_that_serves_one_of_them():
    serving = {}
    for each in SHIPPED.values():
        for rule in each.rules:
            serving.setdefault(rule, set()).update(each.criteria)
    blocking = {name: rule for name, rule in GATES.items() if rule.enforcement is Enforcement.BLOCKING}

    assert {name for name, rule in blocking.items() if rule.controls and not serving.get(name)} == set()
    assert {name for name in blocking.keys() & serving if not serving[name] & set(GATES[name].controls)} == set()


def test_every_criterion_that_a_rule_names_is_served_by_a_control():
    served = {criterion for each in SHIPPED.values() for criterion in each.criteria}

    assert {criterion for rule in GATES.values() for criterion in rule.controls} - served == set()


def test_populations_name_actions_and_records_that_there_are():
    actions = {action for _, each in populations() for action in each.actions}
    types = {name for _, each in populations() for name in each.types}

    assert actions - BUNDLE.actions.keys() == set()
    assert {name for name in types if f'"{name}"' not in SOURCES} == set()


def test_checks_name_gates_of_the_actions_they_are_about():
    for test in machines():
        if not isinstance(test.check, Each):
            continue
        of = test.population.actions or BUNDLE.actions.keys()
        known = {gate for action in of for gate in BUNDLE.actions[action].rules}
        named = {each.value for each in test.check.conditions if each.path == "body.result.failed"}
        assert named <= known, test.id


def looks_at(test, rule):
    """Tell whether a machine's test would see that a gate failed and what it guards was done."""
    action, _, gate = rule.partition("/")
    said = (*test.population.where, *(test.check.conditions if isinstance(test.check, Each) else ()))
    failed = any(each.path == "body.result.failed" and each.value == gate for each in said)
    return failed and (not test.population.actions or action in test.population.actions)


def test_every_rule_that_a_control_names_is_looked_at_by_a_machine_test_of_it():
    unseen = {
        (each.id, rule)
        for each in SHIPPED.values()
        for rule in each.rules
        if not any(looks_at(test, rule) for test in each.tests if test.kind is Kind.MACHINE)
    }

    assert unseen == set()


def test_a_gate_is_asked_of_what_was_allowed_alone():
    for test in machines():
        if isinstance(test.check, Each) and any(each.path == "body.result.failed" for each in test.check.conditions):
            said = {(each.path, each.op, each.value) for each in test.population.where}
            assert ("body.result.allow", Op.EQUALS, True) in said, test.id


def test_a_control_says_its_kinds_and_its_items():
    one = SHIPPED["access-review"]

    assert one.kinds == (Kind.MACHINE, Kind.ATTESTATION)
    assert one.items("iso27001") == ("A.5.18", "A.5.3")


def test_controls_of_ones_own_are_one_file_more(tmp_path):
    (tmp_path / "own.yaml").write_text(GOOD)

    assert list(control.load(tmp_path)) == ["own"]


def test_criteria_have_to_be_in_the_catalogs_that_are_given(tmp_path):
    (tmp_path / "own.yaml").write_text(GOOD)
    soc2 = {"soc2": catalog.load()["soc2"]}

    with pytest.raises(ControlError, match=r"own\.yaml: `own`: no framework `hipaa`"):
        control.load(tmp_path, catalogs=soc2)


def test_a_criterion_that_no_catalog_has_is_refused(tmp_path):
    (tmp_path / "own.yaml").write_text(GOOD.replace("CC6.2", "CC6.9"))

    with pytest.raises(ControlError, match=r"own\.yaml: `own`: `soc2` has no `CC6\.9`"):
        control.load(tmp_path)


def test_two_files_with_one_control_are_refused(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD)

    with pytest.raises(ControlError, match="`own` stands twice"):
        control.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("controls:", "things:"), "own.yaml: no member `things`"),
        (("id: own\n", "id: Own\n"), "own.yaml: controls: `id` has not its form"),
        (("    owner: ciso\n", ""), "own.yaml: `own`: `owner` is a line of text, at most 400 characters"),
        (("high", "grave"), "own.yaml: `own`: `severity` is one of low, medium, high, critical"),
        (
            ("frequency: day", "frequency: often"),
            "own.yaml: `own`: `frequency` is one of event, hour, day, week, month, quarter, year",
        ),
        (("soc2/CC6.2,", "CC6.2,"), "own.yaml: `own`: `criteria` has an entry without its form"),
        (("platform.keep_access/", ""), "own.yaml: `own`: `rules` has an entry without its form"),
        (("id: own/stated", "id: other/stated"), "own.yaml: `own`: the id of the test `other/stated` does not begin"),
        (("every: quarter", "every: often"), "own.yaml: `own`: `own/stated`: `every` is one of hour, day,"),
        (("stale_after: 100", "stale_after: 10"), "own.yaml: `own`: `own/stated`: `stale_after` is a whole number"),
        (("        stale_after: 100\n", ""), "own.yaml: `own`: `own/stated`: `stale_after` is a whole number"),
        ((GOOD[GOOD.index("    tests:") :], "    tests: []\n"), "own.yaml: `own`: `tests` is a list of 1"),
        ((GOOD[GOOD.index("  - id: own\n") :], "  - 5\n"), "own.yaml: controls: an object is wanted"),
        (("id: own\n", "id: own\n    id: own\n"), "own.yaml:3:5: this name stands twice"),
    ],
    ids=lambda each: each if isinstance(each, str) else None,
)
def test_what_holds_no_controls_is_refused_by_name(change, why):
    with pytest.raises(ControlError) as refused:
        control.parse("own.yaml", GOOD.replace(*change))

    assert str(refused.value).startswith(why)


def test_a_test_that_stands_twice_is_refused():
    one = GOOD[GOOD.index("      - id: own/stated") :]

    with pytest.raises(ControlError, match="`own/stated` stands twice"):
        control.parse("own.yaml", GOOD + one)


@given(st.text(max_size=200) | st.text(max_size=20).map(lambda each: GOOD.replace("what we do", each)))
def test_a_text_holds_controls_or_is_refused(text):
    with suppress(FrameworksError):
        control.parse("own.yaml", text)
