"""How long there is, to the second."""

import pytest

from app.features.dsr.clocks import DAY, Pace, Standing, clock_of


def pace(law="gdpr", kind="erase", **changes):
    facts = {"received_at": 0, "identity_asked_at": None, "verified_at": None, "extended": False, "ended_at": None}
    return Pace(limit=clock_of(law, kind), **(facts | changes))


@pytest.mark.parametrize(
    ("law", "kind", "days", "further"),
    [
        pytest.param("gdpr", "erase", 30, 60, id="GDPR: a month, and two more"),
        pytest.param("gdpr", "object", 30, 60, id="GDPR: objections as the rest"),
        pytest.param("ccpa", "access", 45, 45, id="CCPA: 45 days, and 45 more"),
        pytest.param("ccpa", "object", 21, 0, id="CCPA: opting out"),
        pytest.param("ccpa", "restrict", 21, 0, id="CCPA: limiting the use"),
    ],
)
def test_how_long_there_is(law, kind, days, further):
    assert pace(law, kind).due(0) == days * DAY
    assert pace(law, kind, extended=True).due(0) == (days + further) * DAY
    assert pace(law, kind).extensible(days * DAY) is (further > 0)
    assert not pace(law, kind).extensible(days * DAY + 1)
    assert not pace(law, kind, extended=True).extensible(0)


@pytest.mark.parametrize(
    ("facts", "now", "due"),
    [
        pytest.param({}, 9 * DAY, 30, id="nobody was asked: it runs"),
        pytest.param({"identity_asked_at": 2 * DAY}, 9 * DAY, 37, id="the person was asked: it stands still"),
        pytest.param({"identity_asked_at": 7 * DAY}, 9 * DAY, 32, id="asked on the last day that is soon enough"),
        pytest.param({"identity_asked_at": 7 * DAY + 1}, 9 * DAY, 30, id="asked too late: it runs"),
        pytest.param({"identity_asked_at": DAY, "verified_at": 3 * DAY}, 9 * DAY, 32, id="shown: it runs again"),
        pytest.param({"identity_asked_at": DAY, "ended_at": 3 * DAY}, 9 * DAY, 32, id="ended unshown"),
        pytest.param({"identity_asked_at": 2 * DAY, "law": "ccpa"}, 9 * DAY, 45, id="CCPA never stands still"),
    ],
)
def test_when_the_clock_stands_still(facts, now, due):
    assert pace(**facts).due(now) == due * DAY


@pytest.mark.parametrize(
    ("facts", "now", "standing"),
    [
        pytest.param({}, 22 * DAY, Standing.RUNNING, id="time enough"),
        pytest.param({}, 23 * DAY, Standing.SOON, id="a week before the end"),
        pytest.param({}, 30 * DAY, Standing.SOON, id="the last second"),
        pytest.param({}, 30 * DAY + 1, Standing.OVERDUE, id="one too late"),
        pytest.param({"identity_asked_at": DAY}, 300 * DAY, Standing.STILL, id="it waits for the person"),
        pytest.param({"ended_at": 30 * DAY}, 90 * DAY, Standing.MET, id="answered in time"),
        pytest.param({"ended_at": 31 * DAY}, 90 * DAY, Standing.LATE, id="answered too late"),
    ],
)
def test_how_it_stands(facts, now, standing):
    assert pace(**facts).standing(now) is standing
    assert pace(**facts).left(now) == pace(**facts).due(now) - facts.get("ended_at", now)
