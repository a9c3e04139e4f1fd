"""What is named as not provable, for each state that a log can be in."""

from datetime import UTC, datetime, timedelta

import pytest

from app.assurance import Kept
from auditor_portal.trail.anchored import Anchor
from auditor_portal.trail.checks import Check, Outcome
from auditor_portal.trail.reservations import Promised, Shown, reservations, span
from evidence.key_history import Reason, Statement
from evidence.keys import VerifierKey
from evidence.store import Level

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PROMISED = Promised(seal_age=2.0, spool_age=900.0, heartbeat=600.0, checkpoint=10.0, anchor=600.0)
ALWAYS = {"probe", "unsealed", "input", "clock"}
SEALED = "2026-11-23T11:50:00.000000Z"


def anchor(kind="time stamp", outcome=Outcome.HOLDS, number=4):
    check = Check(what="x", outcome=outcome, said="bad-anchor: x")
    return Anchor(kind=kind, number=number, key="log/x", name="", time=SEALED, check=check), SEALED


def told(**changes):
    usual = {
        "now": NOW,
        "kept": Kept(level=Level.L3, label="L3", time=NOW),
        "first": "2026-01-01T00:00:00.000000Z",
        "sealed_at": SEALED,
        "stamped": anchor(),
        "cosigned": anchor("cosignature", number=5),
        "statements": (),
        "uncovered": (),
        "gaps": (),
    }
    return reservations(Shown(**(usual | changes)), PROMISED)


def codes(**changes):
    return {each.code for each in told(**changes)}


def test_of_the_best_log_there_is_little_to_say():
    assert codes() == ALWAYS | {"behind_anchor"}
    assert not any(each.serious for each in told())
    behind = next(each for each in told() if each.code == "behind_anchor")
    assert "sealed until 2026-11-23 11:50:00" in behind.said
    assert "every 10 minutes" in behind.said


@pytest.mark.parametrize(
    ("changes", "code", "serious"),
    [
        ({"stamped": None, "cosigned": None}, "no_anchor", True),
        ({"cosigned": None}, "no_witness", False),
        (
            {"stamped": anchor(outcome=Outcome.UNCHECKED), "cosigned": None},
            "unverified_anchor",
            True,
        ),
        ({"stamped": anchor(outcome=Outcome.BROKEN)}, "bad_anchor", True),
        ({"kept": None}, "no_probe", True),
        ({"kept": Kept(level=Level.L0, label="L0", time=NOW)}, "store_L0", True),
        ({"kept": Kept(level=Level.L1, label="L1", time=NOW)}, "store_L1", True),
        ({"kept": Kept(level=Level.L1I, label="L1i", time=NOW)}, "store_L1i", False),
        ({"kept": Kept(level=Level.L2, label="L2", time=NOW)}, "store_L2", False),
        ({"kept": Kept(level=Level.L3, label="L3", time=NOW - timedelta(days=3))}, "old_probe", True),
        ({"uncovered": ["c1"]}, "silence", True),
        ({"gaps": ["c1"]}, "gaps", True),
    ],
)
def test_each_thing_that_cannot_be_proved_is_named(changes, code, serious):
    found = {each.code: each for each in told(**changes)}
    assert found[code].serious is serious
    assert [each.serious for each in told(**changes)] == sorted(
        (each.serious for each in told(**changes)), reverse=True
    )


def test_a_log_that_nobody_vouches_for_says_since_when():
    found = next(each for each in told(stamped=None, cosigned=None) if each.code == "no_anchor")
    assert "everything since 2026-01-01 00:00:00 unseen" in found.said
    found = next(each for each in told(stamped=None, cosigned=None, first=None) if each.code == "no_anchor")
    assert "everything since its beginning unseen" in found.said


@pytest.mark.parametrize(("reason", "named"), [(Reason.COMPROMISED, True), (Reason.ROTATED, False)])
def test_a_key_that_was_compromised_is_named(reason, named):
    key = VerifierKey(origin="log.example/omega", public_key=bytes(32))
    statement = Statement(
        number=1, previous="0" * 64, previous_key=key, key=key, size=7, root="0" * 64, reason=reason, time=SEALED
    )
    assert ("compromised" in codes(statements=(statement,))) is named


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.25, "250 milliseconds"),
        (1, "1 second"),
        (61, "1 minute 1 second"),
        (600, "10 minutes"),
        (90_061, "1 day 1 hour"),
        (172_800, "2 days"),
    ],
)
def test_lengths_of_time_are_said_as_people_say_them(seconds, said):
    assert span(seconds) == said
