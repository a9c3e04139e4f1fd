"""Each decision has its effect once, on the facts it was made on, or none."""

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from app.db import reading
from app.features.marketplace.acting import EffectRow, GivenUpRow, effect, give_up
from app.features.marketplace.errors import ChangedError
from app.features.marketplace.rows import AgentRow, AgentState
from app.pdp.model import Entity
from tests.features.marketplace.trading import agent, keep, permit


def facts(session, *, lock=True):
    row = session.get(AgentRow, "invoice-reader", with_for_update=lock or None)
    return Entity(type="agent", id=row.id, properties={"state": row.state})


@pytest.fixture
def permitted(market_anywhere):  # noqa: ARG001 - what it decides on
    """A permit that was decided on the agent as it stands."""
    keep(agent())
    with reading() as session:
        return permit("marketplace.delist", facts(session, lock=False))


def kept():
    with reading() as session:
        return session.get(AgentRow, "invoice-reader").state, len(session.exec(select(EffectRow)).all())


def test_an_effect_is_kept_with_the_decision_that_had_it(permitted):
    with effect(permitted, facts, now=lambda: 7.9) as session:
        session.get(AgentRow, "invoice-reader").state = AgentState.DELISTED.value
    with reading() as session:
        row = session.get(EffectRow, permitted.decision_id)
    assert (row.action, row.resource_type, row.resource, row.at) == ("marketplace.delist", "agent", "invoice-reader", 7)
    assert kept() == ("delisted", 1)


def test_a_decision_has_one_effect_at_most(permitted):
    with effect(permitted):
        pass
    with pytest.raises(IntegrityError), effect(permitted) as session:
        session.get(AgentRow, "invoice-reader").state = AgentState.DELISTED.value
    assert kept() == ("draft", 1)


def test_what_has_changed_since_has_no_effect(permitted):
    with effect(permit("marketplace.publish", decision_id="made-by-a-test-2")) as session:
        session.get(AgentRow, "invoice-reader").state = AgentState.LISTED.value
    with pytest.raises(ChangedError), effect(permitted, facts):
        pytest.fail("the effect was begun")
    assert kept() == ("listed", 1)
    with reading() as session:
        assert session.get(GivenUpRow, permitted.decision_id).action == "marketplace.delist"


def test_what_was_done_before_is_kept_as_changing_nothing(permitted):
    give_up(permitted, now=lambda: 7.9)
    give_up(permitted, now=lambda: 8.9)
    with reading() as session:
        assert session.get(GivenUpRow, permitted.decision_id).at == 8
    assert kept() == ("draft", 0)


def test_an_effect_that_breaks_off_leaves_nothing(permitted):
    with pytest.raises(IntegrityError), effect(permitted, facts) as session:
        session.add_all([agent(title="Another"), agent("other", developer="nobody")])
    assert kept() == ("draft", 0)
