"""Plans as they are kept: which are on sale, and how one that a developer states becomes one.

A plan is never changed, because orders and subscriptions name it; it is retired.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, select

from app.features.marketplace.billing.errors import PlanError
from app.features.marketplace.billing.plan import Interval, Kind, Plan, minor, parse_steps
from app.features.marketplace.billing.rows import PlanRow


def plan_of(row: PlanRow) -> Plan:
    """Return a plan as it is kept."""
    return Plan(
        id=row.id,
        agent=row.agent,
        kind=Kind(row.kind),
        currency=row.currency,
        interval=Interval(row.interval),
        steps=parse_steps(row.steps),
        per=row.per,
        least=row.least,
        support=row.support,
    )


def on_sale(session: Session, agent: str) -> list[PlanRow]:
    """Return the plans of an agent that can be bought, the oldest first."""
    wanted = select(PlanRow).where(PlanRow.agent == agent, col(PlanRow.retired_at).is_(None))
    return list(session.exec(wanted.order_by(col(PlanRow.created_at), PlanRow.id)).all())


def read_plan(said: Mapping[str, Any], *, identifier: str, agent: str) -> Plan:
    """Return the plan that a developer states, as JSON or as the fields of a form.

    Raises:
        PlanError: something is missing, or has another form.
    """
    try:
        return Plan(
            id=identifier,
            agent=agent,
            kind=Kind(str(said["kind"])),
            currency=_text(said["currency"]),
            interval=Interval(str(said["interval"])),
            steps=_steps(said),
            per=_number(said.get("per"), 1),
            least=_number(said.get("least"), 1),
            support=_text(said["support"]) if said.get("support") else None,
        )
    except (KeyError, ValueError):
        raise PlanError("`kind`, `currency`, `interval` and a price are said, each in its form") from None


def row_of(plan: Plan, *, now: int, decision_id: str) -> PlanRow:
    """Return a plan as it is kept."""
    return PlanRow(
        id=plan.id,
        agent=plan.agent,
        kind=plan.kind.value,
        currency=plan.currency,
        interval=plan.interval.value,
        steps=[{"up_to": each.up_to, "unit": each.unit} for each in plan.steps],
        per=plan.per,
        least=plan.least,
        support=plan.support,
        created_at=now,
        decision_id=decision_id,
    )


def document(row: PlanRow) -> dict[str, Any]:
    """Return a plan as JSON."""
    return {
        "id": row.id,
        "agent": row.agent,
        "kind": row.kind,
        "currency": row.currency,
        "interval": row.interval,
        "steps": row.steps,
        "per": row.per,
        "least": row.least,
        "support": row.support,
        "decision_id": row.decision_id,
    }


def stated(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what policy is told of a price that a developer states.

    Raises:
        PlanError: something is missing, or has another form.
    """
    plan = read_plan(said, identifier="", agent="")
    highest = max(plan.highest, minor(plan.support or "0"))
    return {"kind": plan.kind.value, "currency": plan.currency, "highest_minor": math.ceil(highest)}


def _steps(said: Mapping[str, Any]) -> tuple[Any, ...]:
    if isinstance(said.get("steps"), list):
        return parse_steps(said["steps"])
    units, ends = _several(said.get("unit")), _several(said.get("up_to"))
    ends += [""] * (len(units) - len(ends))
    rows = [(unit, end) for unit, end in zip(units, ends, strict=False) if unit]
    return parse_steps([{"unit": unit} | ({"up_to": _number(end, 0)} if end else {}) for unit, end in rows])


def _several(value: Any) -> list[str]:
    """Return the values of a field that may have come once, several times, or not."""
    found: Sequence[Any] = value if isinstance(value, list) else [] if value is None else [value]
    return [str(each).strip() for each in found]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 - what was said, not what was programmed
    return value.strip()


def _number(value: Any, unless: int) -> int:
    if value is None or value == "":
        return unless
    if type(value) is int:
        return value
    text = str(value).strip()
    if not text.isascii() or not text.isdigit() or len(text) > 10:  # noqa: PLR2004 - above every limit
        raise ValueError
    return int(text)
