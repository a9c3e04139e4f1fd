"""Counts that add up in any order, and which rules made a difference."""

import itertools
import random

import pytest

from app.impact import tally as tallying
from app.impact.approvals import Approvals
from app.impact.report import Report
from app.impact.tally import EXAMPLES, Apart, Change, Example, Flip, Tally, change_of, rules_of


def result(*, allow, failed=(), monitored=(), codes=(), obligations=()):
    """Return a result as a record has it."""
    gates = [{"id": gate, "enforcement": "blocking"} for gate in failed]
    gates += [{"id": gate, "enforcement": "monitoring"} for gate in monitored]
    found = [{"code": code, "path": ""} for code in codes]
    return {
        "allow": allow,
        "failed": [*failed, *monitored],
        "violations": gates,
        "diagnostics": found,
        "obligations": list(obligations),
    }


YES, NO = result(allow=True, monitored=["described"]), result(allow=False, failed=["ripe"], monitored=["described"])


@pytest.mark.parametrize(
    ("recorded", "again", "change", "rules"),
    [
        pytest.param(NO, YES, Change.ALLOWED, ("ripe",), id="the gate that denied is what no longer denies"),
        pytest.param(YES, NO, Change.DENIED, ("ripe",), id="the gate that denies now"),
        pytest.param(YES, result(allow=False, codes=["b", "a", "a"]), Change.DENIED, ("a", "b"), id="codes, each once"),
        pytest.param(
            NO,
            result(allow=False, failed=["weighed"]),
            Change.OTHER,
            ("described", "ripe", "weighed"),
            id="other gates",
        ),
        pytest.param(YES, YES | {"obligations": [1]}, Change.OTHER, ("(obligations or wording)",), id="the same gates"),
    ],
)
def test_what_made_a_difference(recorded, again, change, rules):
    assert change_of(recorded, again) is change
    assert rules_of(change, recorded, again) == rules


def test_tallies_add_up_in_any_order():
    parts = []
    for number in range(6):
        part = Tally(same=number, reasons=1)
        part.flip(Flip(Change.ALLOWED, "a.b", "user", ("x",)), Example(f"t{number}", f"c-{number}"))
        part.put_apart(Apart.ERASED, Example(f"t{number}", f"e-{number}"))
        part.put_apart(Apart.EXPIRED, count=10)
        parts.append(part)
    sums = []
    for order in itertools.islice(itertools.permutations(parts), 0, 720, 97):
        whole = Tally()
        for part in order:
            whole.merge(part)
        sums.append(whole)
    assert all(each == sums[0] for each in sums)
    assert sums[0].decisions == 15 + 6 + 6 + 6 + 60
    (counted,) = sums[0].flips.values()
    assert (counted.count, [each.decision_id for each in counted.examples]) == (6, [f"c-{n}" for n in range(EXAMPLES)])


def test_kinds_of_differences_are_bounded(monkeypatch):
    monkeypatch.setattr(tallying, "_MOST_FLIPS", 3)
    tally = Tally()
    for number in random.Random(1).sample(range(50), 50):
        tally.flip(Flip(Change.ALLOWED, "a.b", "user", (f"r{number}",)), Example("t", f"c-{number}"))
    assert len(tally.flips) == 4
    assert tally.of(Change.ALLOWED) == 50
    report = Report(bundle=("d", "r"), asked={}, tally=tally, approvals=Approvals())
    assert (report.ok, report.unapproved) == (False, 50)
