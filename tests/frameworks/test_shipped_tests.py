"""The machine tests that are shipped see what they say they see, and nothing where all is as it should be."""

from datetime import timedelta

import pytest

from frameworks import control, testing
from frameworks.results import Outcome
from tests.frameworks.rows import START, YEAR, Written, decision

SHIPPED = control.load()
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
GRANT = {"failed": ["in_change_window"], "overrides": [{"gate": "in_change_window", "id": "ov-1"}]}
OVERRIDE = ("override", "ov-1")
DEPLOYED = "studio.deploy", "zoe", ("workflow", "w-1")


def outcome(test, *told):
    """Return what a shipped test says of records: bodies with their times from the start of the year, and types."""
    [chosen] = [each for each in SHIPPED.values() if each.id == test.partition("/")[0]]
    tests, written = testing.Testing([chosen], YEAR, now=YEAR.end), Written()
    for after, body, *kind in told:
        tests.take(written.row(body, START + after, kind=kind[0] if kind else "decision"))
    [result] = [each for each in tests.finish() if each.test == test]
    return result.outcome


def by(action, person, resource=OVERRIDE, **more):
    return decision(action, person, resource, **more)


APPROVED = [(HOUR, by("policies.approve_override", "ann")), (2 * HOUR, by("policies.approve_override", "bob"))]
BROKEN = (HOUR, by("policies.break_glass", "ann"))
USED = (3 * HOUR, decision(*DEPLOYED, **GRANT))
ACTIVATED = {"bundle": "b", "previous": "a", "revision": "git:1", "engine": "regorus/1"}
PROBED = {"level": "L3", "tried": 9, "accepted": []}
FOUND = {"node": "n-1", "findings": [{"kind": "edited_bundle", "blocking": True}]}
UNTRIED = {"node": "n-1", "findings": [{"kind": "unsynced", "blocking": False}]}
MERGED = ("change_request", "cr-1")
FORGOTTEN = {"subject": "psn_" + "0" * 32, "keys": [], "ground": "gdpr_17"}


@pytest.mark.parametrize(
    ("test", "told", "wanted"),
    [
        ("overrides/two-persons", [*APPROVED, USED], Outcome.EFFECTIVE),
        ("overrides/two-persons", [APPROVED[0], USED], Outcome.DEVIATIONS),
        ("overrides/two-persons", [APPROVED[0], (2 * HOUR, APPROVED[0][1]), USED], Outcome.DEVIATIONS),
        ("overrides/two-persons", [*APPROVED, (4 * DAY, USED[1])], Outcome.DEVIATIONS),
        ("overrides/two-persons", [(HOUR, decision(*DEPLOYED))], Outcome.DID_NOT_OCCUR),
        ("overrides/not-the-user", [(HOUR, by("policies.approve_override", "zoe")), USED], Outcome.DEVIATIONS),
        ("overrides/few", [(number * HOUR, USED[1]) for number in range(11)], Outcome.DEVIATIONS),
        ("workflow-deployment/window", [USED], Outcome.EFFECTIVE),
        ("workflow-deployment/window", [(HOUR, decision(*DEPLOYED, failed=["in_change_window"]))], Outcome.DEVIATIONS),
        (
            "emergency-access/confirmed",
            [BROKEN, (HOUR + 9 * MINUTE, by("policies.confirm_break_glass", "bob"))],
            Outcome.EFFECTIVE,
        ),
        (
            "emergency-access/confirmed",
            [BROKEN, (HOUR + 16 * MINUTE, by("policies.confirm_break_glass", "bob"))],
            Outcome.DEVIATIONS,
        ),
        (
            "emergency-access/reviewed",
            [BROKEN, (DAY, by("policies.review_break_glass", "ann"))],
            Outcome.DEVIATIONS,
        ),
        ("emergency-access/reviewed", [BROKEN, (DAY, by("policies.review_break_glass", "bob"))], Outcome.EFFECTIVE),
        (
            "policy-changes/approved",
            [(HOUR, by("policies.approve", "bob", MERGED)), (DAY, by("policies.merge", "ann", MERGED))],
            Outcome.EFFECTIVE,
        ),
        (
            "policy-changes/approved",
            [(HOUR, by("policies.approve", "bob", MERGED, allow=False)), (DAY, by("policies.merge", "ann", MERGED))],
            Outcome.DEVIATIONS,
        ),
        (
            "policy-activation/decided",
            [(HOUR, by("policies.activate", "ann", ("commit", "1"))), (HOUR, ACTIVATED, "policy.activated")],
            Outcome.EFFECTIVE,
        ),
        ("policy-activation/decided", [(HOUR, ACTIVATED, "policy.activated")], Outcome.DEVIATIONS),
        (
            "policy-activation/decided",
            [(HOUR, ACTIVATED | {"previous": None}, "policy.activated")],
            Outcome.DID_NOT_OCCUR,
        ),
        ("second-factor/verified", [(HOUR, by("policies.merge", "ann", failed=["second_factor"]))], Outcome.DEVIATIONS),
        ("second-factor/verified", [(HOUR, decision("studio.view"))], Outcome.DID_NOT_OCCUR),
        ("drift-detection/mended", [(HOUR, FOUND, "policy.drift_found")], Outcome.DEVIATIONS),
        (
            "drift-detection/mended",
            [(HOUR, FOUND, "policy.drift_found"), (HOUR + MINUTE, {"node": "n-1"}, "policy.drift_clean")],
            Outcome.EFFECTIVE,
        ),
        ("drift-detection/none-blocking", [(HOUR, FOUND, "policy.drift_found")], Outcome.DEVIATIONS),
        ("drift-detection/none-blocking", [(HOUR, UNTRIED, "policy.drift_found")], Outcome.EFFECTIVE),
        ("signed-commits/none-refused", [(HOUR, {"commit": "1"}, "policy.commit_refused")], Outcome.DEVIATIONS),
        ("write-once-storage/refuses", [(HOUR, PROBED, "storage.probe")], Outcome.EFFECTIVE),
        ("write-once-storage/refuses", [(HOUR, PROBED | {"level": "L1"}, "storage.probe")], Outcome.DEVIATIONS),
        ("write-once-storage/refuses", [(HOUR, PROBED | {"accepted": ["put"]}, "storage.probe")], Outcome.DEVIATIONS),
        ("write-once-storage/probed", [(HOUR, PROBED, "storage.probe")], Outcome.DEVIATIONS),
        ("erasure/completed", [(HOUR, FORGOTTEN, "erasure.requested")], Outcome.DEVIATIONS),
        (
            "erasure/completed",
            [(HOUR, FORGOTTEN, "erasure.requested"), (DAY, FORGOTTEN, "erasure.completed")],
            Outcome.EFFECTIVE,
        ),
        ("key-rotation/none-compromised", [(HOUR, {"reason": "compromised"}, "key.rotated")], Outcome.DEVIATIONS),
        ("role-based-access/unknown-denied", [(HOUR, by(None, "ann", allow=False))], Outcome.EFFECTIVE),
        ("log-review/denials", [(HOUR, by("studio.view", "ann", allow=False))] * 201, Outcome.DEVIATIONS),
        ("log-review/denials", [(HOUR, by("studio.view", "ann", allow=False))] * 200, Outcome.EFFECTIVE),
        ("sign-in/refused", [(HOUR, {"reason": "expired"}, "session.refused")] * 21, Outcome.DEVIATIONS),
        ("rules-in-force/never-watched", [(HOUR, decision("studio.view"))], Outcome.DID_NOT_OCCUR),
        ("complete-log/not-abandoned", [(HOUR, {"reason": "disk"}, "chain.abandoned")], Outcome.DEVIATIONS),
    ],
    ids=[
        "an override that two persons agreed to",
        "an override that one person agreed to",
        "an override that one person agreed to twice",
        "an override that was agreed to long before",
        "no override was used",
        "an override that its user alone agreed to",
        "more overrides than a week may have",
        "outside the window under an override",
        "outside the window without one",
        "glass confirmed in time",
        "glass confirmed too late",
        "glass reviewed by who broke it",
        "glass reviewed by another person",
        "a merge that was approved",
        "a merge whose approval was denied",
        "policies in force by a decision",
        "policies in force without one",
        "policies that a start brought back",
        "a merge without a second factor",
        "nothing that asks for a second factor",
        "a difference that stays",
        "a difference that ends within the hour",
        "a difference that could let something through",
        "a difference that could not",
        "a commit that cannot be trusted",
        "a store that refused everything",
        "a store of too low a level",
        "a store that took what it should refuse",
        "a store that was tried once in a year",
        "an erasure that was not completed",
        "an erasure that was",
        "a key that was compromised",
        "an action that nobody knows",
        "one denial too many within an hour",
        "as many denials as there may be",
        "sign-ins refused in a burst",
        "no critical rule failed",
        "a chain that was given up",
    ],
)
def test_what_a_shipped_test_says(test, told, wanted):
    assert outcome(test, *told) is wanted


def test_what_a_critical_rule_let_through_without_an_override_is_seen():
    body = decision("studio.view")
    body["result"]["violations"] = [{"id": "authorised", "severity": "critical", "enforcement": "monitoring"}]

    assert outcome("rules-in-force/never-watched", (HOUR, body)) is Outcome.DEVIATIONS
