"""Where steps lead, for any order of steps; and what requests are after them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.features.dsr.errors import StepError
from app.features.dsr.request import (
    ENDED,
    TABLE,
    DsrKind,
    Law,
    Request,
    State,
    Step,
    Taken,
    before_after,
    state_after,
    steps_from,
)


def test_every_state_is_in_the_table():
    assert TABLE.keys() == set(State)
    assert {state for state in State if not steps_from(state)} == ENDED


@pytest.mark.parametrize(
    ("what", "steps", "state"),
    [
        ("an honest request", ["verify", "approve", "begin", "complete"], "complete"),
        ("one that two approve", ["verify", "agree", "approve"], "approved"),
        ("somebody who is not shown to be the person", ["ask_identity", "deny"], "denied"),
        ("more is needed and given", ["verify", "ask", "answer"], "pending"),
        ("a pause goes back to where it was", ["verify", "approve", "begin", "pause", "resume"], "in_processing"),
        ("a hold goes back to where it was", ["verify", "hold", "release"], "pending"),
        ("a hold on what is paused", ["verify", "approve", "pause", "hold", "release"], "approved"),
        ("a hold outlives an extension", ["verify", "hold", "extend", "release"], "pending"),
        ("a duplicate stands for itself again", ["verify", "link", "unlink"], "pending"),
        ("a duplicate ends with the other", ["verify", "link", "complete"], "complete"),
        ("a processor is waited for", ["verify", "approve", "begin", "await_external", "begin"], "in_processing"),
        ("something is done by hand", ["verify", "approve", "begin", "require_manual", "manual_done"], "in_processing"),
        ("a failure is tried again", ["verify", "approve", "begin", "fail", "retry", "complete"], "complete"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_where_steps_lead(what, steps, state):
    assert _after(steps) == state, what


@pytest.mark.parametrize(
    "steps",
    [
        ["approve"],
        ["link"],
        ["verify", "verify"],
        ["verify", "release"],
        ["verify", "approve", "deny"],
        ["verify", "pause", "release"],
        ["verify", "hold", "approve"],
        ["verify", "approve", "begin", "complete", "cancel"],
    ],
    ids="-".join,
)
def test_steps_that_are_none(steps):
    with pytest.raises(StepError, match="is no step of a request that is"):
        _after(steps)


def _after(steps):
    state, before = State.IDENTITY_UNVERIFIED, None
    for name in steps:
        step = Step(name)
        state, before = state_after(state, step, before), before_after(state, step, before)
    return state


class Walk(RuleBasedStateMachine):
    """A request that takes any steps, allowed or not."""

    def __init__(self):
        super().__init__()
        self.state, self.before, self.taken = State.IDENTITY_UNVERIFIED, None, [Step.SUBMIT]

    @rule(step=st.sampled_from(Step))
    def step(self, step):
        """A refused step changes nothing."""
        try:
            after = state_after(self.state, step, self.before)
        except StepError:
            return
        self.state, self.before = after, before_after(self.state, step, self.before)
        self.taken.append(step)

    @precondition(lambda self: self.state not in ENDED)
    @rule(data=st.data())
    def one_that_there_is(self, data):
        self.step(data.draw(st.sampled_from(steps_from(self.state))))

    @invariant()
    def nothing_is_carried_out_unapproved(self):
        if self.state in {State.IN_PROCESSING, State.PENDING_EXTERNAL, State.REQUIRES_MANUAL, State.ERROR}:
            assert Step.APPROVE in self.taken
            assert Step.VERIFY in self.taken

    @invariant()
    def nobody_unverified_is_answered(self):
        if self.state in {State.APPROVED, State.COMPLETE}:
            assert Step.VERIFY in self.taken

    @invariant()
    def what_is_set_aside_can_be_taken_up(self):
        aside = self.state in {State.PAUSED, State.LEGAL_HOLD, State.DUPLICATE}
        assert (self.before is not None) is aside
        assert self.before not in ENDED | {State.PAUSED, State.LEGAL_HOLD, State.DUPLICATE}

    @invariant()
    def an_end_is_an_end(self):
        assert (not steps_from(self.state)) is (self.state in ENDED)


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=40, stateful_step_count=20)


def taken(step, by="ofc-1", at=0, state=State.PENDING):
    return Taken(step=Step(step), by=by, at=at, state=state, code="", decision_id="d-1")


def request(*steps, **changes):
    return Request(
        **{
            "id": "dsr-1",
            "kind": DsrKind.ERASE,
            "law": Law.GDPR,
            "state": State.PENDING,
            "tenant": "default",
            "person_kind": "user",
            "subject": "psn_1",
            "language": "en",
            "received_at": 0,
            "steps": steps,
        }
        | changes
    )


def test_who_agreed_to_what_it_is_now():
    assert request(taken("agree", "a"), taken("approve", "b")).approvers == ("a", "b")
    assert request(taken("agree", "a"), taken("ask"), taken("answer", "visitor")).approvers == ()


@given(at=st.integers(0, 10**6))
def test_what_ended_is_not_open(at):
    found = request(taken("complete", at=at), state=State.COMPLETE)
    assert not found.open
    assert found.pace.ended_at == at
    assert request().open
    assert request().due_at == 30 * 86_400
