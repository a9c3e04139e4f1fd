"""An override at a time: which state follows from what happened, and when it ended."""

import pytest

from app.features.policies.overrides.override_request import LAPSES, Given, Kind, Override, State, earlier_approvers

HOUR = 3_600
ONE = Given(person="per-1", role="ciso", at=1_000)
TWO = Given(person="per-2", role="trader", at=2_000)


def override(**change):
    whole = {
        "id": "ovr-1",
        "tenant": "default",
        "kind": Kind.REQUEST,
        "action": "shop.sell",
        "gate": "ripe",
        "subject": ("grocer", "g-1"),
        "resource": ("fruit", "apple-1"),
        "by": "per-8",
        "role": "clerk",
        "reason": "the harvest would rot",
        "ticket": "T-1",
        "at": 0,
        "hours": 8,
        "minutes": 15,
        "uses": 2,
    }
    return Override(**whole | change)


def glass(**change):
    return override(kind=Kind.BREAK_GLASS, **change)


@pytest.mark.parametrize(
    ("made", "now", "state", "ended"),
    [
        (override(), LAPSES - 1, State.ASKED, None),
        (override(), LAPSES, State.LAPSED, LAPSES),
        (override(approvals=(ONE,)), 1_000, State.ASKED, None),
        (override(approvals=(ONE,)), 1_000 + 8 * HOUR, State.LAPSED, 1_000 + 8 * HOUR),
        (override(approvals=(ONE, TWO)), 1_000 + 8 * HOUR - 1, State.GRANTED, None),
        (override(approvals=(ONE, TWO)), 1_000 + 8 * HOUR, State.EXPIRED, 1_000 + 8 * HOUR),
        (override(approvals=(ONE, TWO), revoked=5_000), 6_000, State.REVOKED, 5_000),
        (override(approvals=(ONE, TWO), used=2, last_used=4_000), 6_000, State.USED_UP, 4_000),
        (glass(), 15 * 60 - 1, State.UNCONFIRMED, None),
        (glass(), 15 * 60, State.CLOSED, 15 * 60),
        (glass(approvals=(Given(person="per-1", role="ciso", at=60),)), HOUR, State.GRANTED, None),
        (glass(approvals=(Given(person="per-1", role="ciso", at=60),)), 8 * HOUR, State.EXPIRED, 8 * HOUR),
    ],
    ids=[
        "asked for",
        "asked for, and nobody approved for a week",
        "approved by one",
        "approved by one, and its hours are over",
        "granted",
        "expired",
        "revoked",
        "used up",
        "broken",
        "broken, and not confirmed",
        "broken, and confirmed",
        "broken, and over",
    ],
)
def test_its_state_follows_from_what_happened_and_from_the_time(made, now, state, ended):
    assert made.state(now) is state
    assert made.ended(now) == ended


def test_only_what_is_open_is_granted():
    assert override().grant(0) is None
    assert override(approvals=(ONE,)).grant(2_000) is None
    assert override(approvals=(ONE, TWO)).grant(9 * HOUR) is None
    grant = override(approvals=(ONE, TWO)).grant(2_000)
    assert (grant.begins, grant.expires_at) == ("1970-01-01T00:00:00Z", "1970-01-01T08:16:40Z")
    assert [(each.person, each.at) for each in grant.approvals] == [
        ("per-1", "1970-01-01T00:16:40Z"),
        ("per-2", "1970-01-01T00:33:20Z"),
    ]


def test_earlier_approvers_are_those_of_what_has_ended():
    found = earlier_approvers([override(approvals=(ONE, TWO)), override(approvals=(ONE,), revoked=60)], 2_000)
    assert found == [{"person": "per-1", "ended_at": "1970-01-01T00:01:00Z"}]
