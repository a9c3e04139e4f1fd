"""An incident and its clocks, without a database: when each ends, what stops it, what was missed for good."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import app
from app.features.ai_act.errors import AiActError
from app.features.ai_act.incident import Incident, Standing, State, Step, Taken, moment, seconds
from app.features.ai_act.policy_data import policy_data
from tests.features.ai_act.registering import facts

POLICIES = Path(app.__file__).parents[1] / "policies"
SHIPPED = {path.stem: json.loads(path.read_text("utf-8")) for path in (POLICIES / "data").glob("*.json")}
CLOCKS = policy_data(SimpleNamespace(data=json.dumps(SHIPPED))).clocks
HOUR, DAY = 3_600, 86_400
KNOWN = seconds("2026-11-22T14:00:00Z")


def step(kind, hours, *names, **more):
    stated = facts(*names) if kind in {Step.OPEN, Step.ASSESS} else None
    return Taken(step=kind, by="ofc-1", at=KNOWN + hours * HOUR, text="told", decision_id="d", facts=stated, **more)


def told(recipient, hours):
    return step(Step.NOTIFY, hours, recipient=recipient, authority="of it", notified_at=KNOWN + hours * HOUR)


def incident(*steps, opened=()):
    return Incident(id="inc-1", system=None, known_at=KNOWN, steps=(step(Step.OPEN, 0, *opened), *steps))


def dues(found):
    return {each.clock.id: each.due and (each.due - KNOWN) // HOUR for each in found.clocks(CLOCKS)}


@pytest.mark.parametrize(
    ("names", "hours"),
    [
        ((), {}),
        (("ai_system",), {}),
        (("serious_harm",), {}),
        (("ai_system", "serious_harm"), {"ai_act_serious": 15 * 24}),
        (("ai_system", "serious_harm", "death"), {"ai_act_death": 10 * 24, "ai_act_serious": 15 * 24}),
        (("ai_system", "widespread"), {"ai_act_widespread": 48}),
        (("ai_system", "critical_infrastructure"), {"ai_act_infrastructure": 48}),
        (("personal_data",), {"gdpr_authority": 72}),
        (("personal_data", "risk_unlikely"), {}),
        (("personal_data", "high_risk"), {"gdpr_authority": 72, "gdpr_persons": None}),
        (("phi",), {"hipaa_persons": 60 * 24}),
        (("phi", "phi_500"), {"hipaa_persons": 60 * 24, "hipaa_secretary": 60 * 24}),
    ],
    ids=[
        "nothing",
        "a system alone",
        "harm without a system",
        "serious",
        "death",
        "widespread",
        "critical infrastructure",
        "personal data",
        "personal data without risk",
        "personal data at high risk",
        "health information",
        "health information of many",
    ],
)
def test_which_clocks_run_and_when_they_end(names, hours):
    assert dues(incident(opened=names)) == hours


def test_the_first_to_end_stands_first_and_what_has_no_end_last():
    found = incident(opened=("ai_system", "death", "widespread", "personal_data", "high_risk"))
    assert list(dues(found)) == ["ai_act_widespread", "gdpr_authority", "ai_act_death", "gdpr_persons"]


@pytest.mark.parametrize(
    ("hours", "standing"),
    [(47, Standing.RUNNING), (48, Standing.SOON), (72, Standing.SOON), (72.001, Standing.MISSED)],
    ids=["a day and an hour before", "a day before", "at its end", "after it"],
)
def test_how_it_stands_with_a_clock(hours, standing):
    [clock] = incident(opened=("personal_data",)).clocks(CLOCKS)
    assert clock.standing(KNOWN + int(hours * HOUR)) is standing


@pytest.mark.parametrize(
    ("hours", "standing"), [(72, Standing.MET), (73, Standing.MISSED)], ids=["at its end", "an hour later"]
)
def test_a_notification_in_time_meets_a_clock_and_a_late_one_does_not(hours, standing):
    found = incident(told("data_protection", hours), opened=("personal_data",))
    [clock] = found.clocks(CLOCKS)
    assert clock.standing(KNOWN + 30 * DAY) is standing
    assert found.waiting(CLOCKS) == 0
    assert [each.clock.id for each in found.missed(CLOCKS, KNOWN + 30 * DAY)] == ["gdpr_authority"] * (hours > 72)


def test_a_notification_stops_the_clocks_of_its_recipient_alone():
    found = incident(told("market_surveillance", 1), opened=("ai_system", "serious_harm", "death", "personal_data"))
    assert found.waiting(CLOCKS) == 1
    assert {each.clock.id for each in found.clocks(CLOCKS) if each.notified_at} == {"ai_act_death", "ai_act_serious"}


def test_what_is_to_be_told_without_delay_is_never_missed_by_itself():
    found = incident(opened=("personal_data", "high_risk"))
    undated = found.clocks(CLOCKS)[-1]
    assert undated.standing(KNOWN + 365 * DAY) is Standing.RUNNING
    assert incident(told("data_subjects", 5), opened=("personal_data", "high_risk")).waiting(CLOCKS) == 1


def test_what_was_missed_stays_missed_whatever_is_found_out_later():
    late = KNOWN + 100 * DAY
    assess = step(Step.ASSESS, 73, "personal_data", "risk_unlikely")
    found = incident(assess, told("data_protection", 80), opened=("personal_data",))
    assert found.clocks(CLOCKS) == ()
    assert [each.clock.id for each in found.missed(CLOCKS, late)] == ["gdpr_authority"]


def test_a_clock_that_was_found_not_to_run_in_time_is_not_missed():
    found = incident(step(Step.ASSESS, 71, "personal_data", "risk_unlikely"), opened=("personal_data",))
    assert found.missed(CLOCKS, KNOWN + 100 * DAY) == ()


def test_a_clock_that_is_found_to_run_later_counts_from_when_the_incident_was_known():
    found = incident(step(Step.ASSESS, 300, "ai_system", "death"))
    assert found.missed(CLOCKS, KNOWN + 299 * HOUR) == ()
    assert [each.clock.id for each in found.missed(CLOCKS, KNOWN + 301 * HOUR)] == ["ai_act_death"]


def test_the_state_is_that_of_the_last_step():
    steps = [step(Step.ASSESS, 1), told("data_protection", 2), step(Step.CLOSE, 3)]
    states = [incident(*steps[:number]).state for number in range(4)]
    assert states == [State.OPENED, State.ASSESSED, State.NOTIFIED, State.CLOSED]
    assert incident().assessor is None
    assert incident(*steps).assessor == "ofc-1"


@given(st.sets(st.sampled_from(sorted(facts()))), st.integers(0, 200 * DAY), st.integers(0, 200 * DAY))
def test_what_was_missed_is_still_missed_later(names, now, later):
    found = incident(opened=names)
    before = {each.clock.id for each in found.missed(CLOCKS, KNOWN + now)}
    assert before <= {each.clock.id for each in found.missed(CLOCKS, KNOWN + now + later)}


def test_times_are_read_as_they_are_written():
    assert moment(KNOWN) == "2026-11-22T14:00:00Z"
    assert seconds("2026-11-22") == KNOWN - 14 * HOUR


# what policy data say


def broken(table, name, **change):
    data = json.loads(json.dumps(SHIPPED))
    data[table][name] |= change
    return SimpleNamespace(data=json.dumps(data))


@pytest.mark.parametrize(
    "bundle",
    [
        SimpleNamespace(data="{}"),
        SimpleNamespace(data=json.dumps(SHIPPED | {"incident_clocks": []})),
        broken("incident_clocks", "gdpr_authority", hours="72"),
        broken("incident_clocks", "gdpr_authority", hours=-1),
        broken("incident_clocks", "gdpr_authority", all=None),
        broken("incident_clocks", "gdpr_authority", law=""),
        broken("notices", "interacts", text={"en": 7}),
    ],
    ids=["nothing", "a list", "a text", "negative", "no list", "no law", "no text"],
)
def test_policy_data_of_another_form_are_refused(bundle):
    with pytest.raises(AiActError, match="no usable") as refused:
        policy_data(bundle)
    assert refused.value.code == "data"
