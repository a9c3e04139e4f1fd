"""What becomes of a request: who may bring it where, and what has to be said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audits.errors import AuditsError
from app.audits.request import MOVES, WAITING, Asked, Request, Side, State, check_move, state_of


def request(state, due=""):
    asked = Asked(reference="A", title="B", text="", control="", due=due)
    return Request(
        engagement="e",
        number=1,
        asked=asked,
        state=state,
        side=Side.AUDITOR,
        by="acme/a",
        at=0,
        changed_at=0,
        decision_id="d",
    )


TABLE = {
    (Side.AUDITOR, State.OPEN): "withdrawn",
    (Side.AUDITOR, State.PROVIDED): "accepted returned withdrawn",
    (Side.AUDITOR, State.ACCEPTED): "returned",
    (Side.AUDITOR, State.RETURNED): "accepted withdrawn",
    (Side.AUDITOR, State.WITHDRAWN): "",
    (Side.ENTITY, State.OPEN): "provided",
    (Side.ENTITY, State.PROVIDED): "",
    (Side.ENTITY, State.ACCEPTED): "",
    (Side.ENTITY, State.RETURNED): "provided",
    (Side.ENTITY, State.WITHDRAWN): "",
}


@pytest.mark.parametrize(("side", "state"), TABLE, ids=str)
def test_who_may_bring_it_where(side, state):
    assert " ".join(request(state).moves(side)) == TABLE[side, state]


@given(st.sampled_from(Side), st.sampled_from(State), st.sampled_from(State), st.text(max_size=3))
def test_a_move_is_allowed_or_refused_and_nothing_else(side, state, to, text):
    try:
        check_move(request(state), side, to, text)
    except AuditsError as error:
        assert error.code == ("invalid" if to in request(state).moves(side) else "changed")  # noqa: PT017
    else:
        assert text or to is State.ACCEPTED


@given(st.lists(st.tuples(st.sampled_from(Side), st.sampled_from(State)), max_size=12))
def test_only_auditors_settle_and_what_is_withdrawn_stays(steps):
    state = State.OPEN
    for side, to in steps:
        try:
            check_move(request(state), side, to, "because")
        except AuditsError:
            continue
        assert state is not State.WITHDRAWN
        assert side is Side.AUDITOR or to is State.PROVIDED
        assert side is Side.ENTITY or to is not State.PROVIDED
        state = to


def test_it_is_overdue_after_its_day_while_the_entity_has_to_answer():
    for state in State:
        assert request(state, "2026-11-20").overdue("2026-11-21") is (state in WAITING)
        assert not request(state, "2026-11-20").overdue("2026-11-20")
        assert not request(state).overdue("2026-11-21")


@given(st.text() | st.none() | st.lists(st.text()))
def test_what_is_no_state_is_refused(said):
    try:
        found = state_of(said)
    except AuditsError as error:
        assert error.code == "invalid"  # noqa: PT017
    else:
        assert found == said


def test_every_move_is_from_and_to_a_state():
    assert {state for _, state in MOVES} <= set(State)
