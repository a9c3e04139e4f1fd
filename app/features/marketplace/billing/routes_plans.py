"""Plans over HTTP: what an agent costs, and setting it.

`GET /marketplace/agents/<agent>/plans` shows those that are on sale; a POST there sets one, and may replace another.
"""

import secrets

from flask import jsonify, render_template
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from app.db import reading
from app.features.marketplace.acting import effect
from app.features.marketplace.billing import plans as kept
from app.features.marketplace.billing.looking import agent_of, as_developer_or_oneself, of_agent
from app.features.marketplace.billing.plan import Interval, Kind
from app.features.marketplace.billing.provider import till
from app.features.marketplace.billing.rows import PlanRow
from app.features.marketplace.errors import UnknownError
from app.features.marketplace.feature import feature
from app.features.marketplace.parties import as_developer
from app.pdp.enforce import Permit
from app.pdp.model import Entity
from app.pep import Resource, seen_other, sent, wants_page


def _shown(agent: str) -> Resource:
    return of_agent(agent, "plans")


def _priced(agent: str) -> Resource:
    with reading() as session:
        return _facts(session, agent, _replaced())


def _replaced() -> str | None:
    said = sent().get("replaces")
    return said if isinstance(said, str) and said else None


def _facts(session: Session, agent: str, replaces: str | None, *, lock: bool = False) -> Entity:
    row = agent_of(session, agent, lock=lock)
    sold = [each.id for each in kept.on_sale(session, agent) if each.id != replaces]
    return Entity(type="agent", id=agent, properties={"developer": row.developer, "plans": len(sold)})


@feature.route("/agents/<agent>/plans", action="view_billing", resource=_shown, acting=as_developer_or_oneself)
def plans(permit: Permit, agent: str) -> ResponseReturnValue:
    """Show what an agent costs."""
    with reading() as session:
        found, row = kept.on_sale(session, agent), agent_of(session, agent)
    own = permit.request.subject.type == "developer" and permit.request.subject.id == row.developer
    if wants_page():
        return render_template(
            "marketplace/plans.html",
            agent=row,
            plans=found,
            own=own,
            kinds=list(Kind),
            intervals=list(Interval),
            outside=till().provider.name == "none",
        )
    return jsonify(agent=agent, plans=[kept.document(each) for each in found])


@feature.route(
    "/agents/<agent>/plans",
    action="price",
    resource=_priced,
    methods=("POST",),
    context=kept.stated,
    acting=as_developer,
)
def price(permit: Permit, agent: str) -> ResponseReturnValue:
    """Set what an agent costs; what it replaces is retired."""
    replaces, now = _replaced(), int(till().now())
    identifier = f"plan_{secrets.token_hex(8)}"
    made = kept.row_of(
        kept.read_plan(sent(), identifier=identifier, agent=agent), now=now, decision_id=permit.decision_id
    )
    with effect(permit, lambda session: _facts(session, agent, replaces, lock=True), now=till().now) as session:
        _retire(session, agent, replaces, now, permit.decision_id)
        session.add(made)
    if wants_page():
        return seen_other("marketplace.plans", agent=agent)
    return jsonify(kept.document(made)), 201


def _retire(session: Session, agent: str, replaces: str | None, now: int, decision_id: str) -> None:
    if replaces is None:
        return
    row = session.get(PlanRow, replaces, with_for_update=True)
    if row is None or row.agent != agent or row.retired_at is not None:
        raise UnknownError("the plan that is replaced is none of this agent on sale")
    row.retired_at, row.decision_id = now, decision_id
