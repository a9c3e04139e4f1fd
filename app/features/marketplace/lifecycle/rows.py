"""The tables of the life of a listing. Times: Unix seconds. Each row names the decision that last changed it."""

from enum import StrEnum
from typing import Final

from sqlalchemy import BigInteger
from sqlmodel import Field

from app.db import ProductRow

LONGEST: Final = 2_000
"""Characters of what somebody writes."""


class StepRow(ProductRow, table=True):
    """A step in the life of a listing, as its buyers and its developer are told of it. It stands for good."""

    __tablename__ = "market_step"

    decision_id: str = Field(primary_key=True, max_length=48)
    agent: str = Field(foreign_key="market_agent.id", max_length=64, index=True)
    number: int  # from 1, of this agent
    version: str | None = Field(default=None, max_length=64)  # of the release, where it is about one
    step: str = Field(max_length=16)
    before: str = Field(max_length=16)
    after: str = Field(max_length=16)
    reason: str = Field(max_length=64)
    text: str = Field(max_length=LONGEST)
    by: str = Field(max_length=128)
    by_type: str = Field(max_length=16)
    at: int = Field(sa_type=BigInteger)


class FindingRow(ProductRow, table=True):
    """A known critical vulnerability of a release. Its clock runs from when it was first seen, until it is resolved."""

    __tablename__ = "market_finding"

    agent: str = Field(primary_key=True, foreign_key="market_agent.id", max_length=64)
    version: str = Field(primary_key=True, max_length=64)
    advisory: str = Field(primary_key=True, max_length=128)
    first_seen: int = Field(sa_type=BigInteger)
    resolved_at: int | None = Field(default=None, sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class ScanRow(ProductRow, table=True):
    """When a release was last looked at again, and with which advisories."""

    __tablename__ = "market_scan"

    agent: str = Field(primary_key=True, foreign_key="market_agent.id", max_length=64)
    version: str = Field(primary_key=True, max_length=64)
    at: int = Field(sa_type=BigInteger)
    snapshot: str = Field(max_length=128)
    decision_id: str = Field(max_length=48)


class BadgeKind(StrEnum):
    """What a badge says."""

    FEATURED = "featured"  # an agent has earned it
    PROMOTED = "promoted"  # an agent is shown first for money, and labelled so
    VERIFIED = "verified"  # a developer has shown who they are, and proofs of security


class BadgeRow(ProductRow, table=True):
    """A badge of an agent or of a developer, until its end: it counts while `until` is in the future."""

    __tablename__ = "market_badge"

    holder: str = Field(primary_key=True, max_length=64)  # an agent; for `verified`, a developer
    kind: str = Field(primary_key=True, max_length=16)
    since: int = Field(sa_type=BigInteger)
    until: int = Field(sa_type=BigInteger, index=True)
    currency: str | None = Field(default=None, max_length=3)  # of the fee, where it is paid for
    fee_minor: int | None = Field(default=None, sa_type=BigInteger)  # of a month
    decision_id: str = Field(max_length=48)


class ProofRow(ProductRow, table=True):
    """Until when what a developer has shown of their security counts."""

    __tablename__ = "market_proof"

    developer: str = Field(primary_key=True, foreign_key="market_party.id", max_length=64)
    audit_until: int | None = Field(default=None, sa_type=BigInteger)
    soc2_until: int | None = Field(default=None, sa_type=BigInteger)
    iso27001_until: int | None = Field(default=None, sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class ReviewRow(ProductRow, table=True):
    """What a buyer says of an agent: one for each order."""

    __tablename__ = "market_review"

    order: str = Field(primary_key=True, max_length=64)
    agent: str = Field(foreign_key="market_agent.id", max_length=64, index=True)
    buyer: str = Field(foreign_key="market_party.id", max_length=64)
    stars: int
    text: str = Field(max_length=LONGEST)
    state: str = Field(default="shown", max_length=16)  # shown, hidden
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class TicketRow(ProductRow, table=True):
    """A request for support, with the times that its clocks are computed from."""

    __tablename__ = "market_ticket"

    id: str = Field(primary_key=True, max_length=64)
    agent: str = Field(foreign_key="market_agent.id", max_length=64, index=True)
    buyer: str = Field(foreign_key="market_party.id", max_length=64)
    state: str = Field(max_length=16)  # open, answered, resolved
    text: str = Field(max_length=LONGEST)
    answer: str | None = Field(default=None, max_length=LONGEST)  # the newest
    opened_at: int = Field(sa_type=BigInteger)
    answered_at: int | None = Field(default=None, sa_type=BigInteger)  # for the first time
    resolved_at: int | None = Field(default=None, sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class MeasureRow(ProductRow, table=True):
    """How an agent has served over a time, as a service of the platform measured it; `source` and `id` name it once."""

    __tablename__ = "market_measure"

    source: str = Field(primary_key=True, max_length=128)
    id: str = Field(primary_key=True, max_length=64)
    agent: str = Field(foreign_key="market_agent.id", max_length=64, index=True)
    from_at: int = Field(sa_type=BigInteger)
    to_at: int = Field(sa_type=BigInteger)
    calls: int = Field(sa_type=BigInteger)
    errors: int = Field(sa_type=BigInteger)
    p95_ms: int
    up_seconds: int
    decision_id: str = Field(max_length=48)


class SecurityReviewRow(ProductRow, table=True):
    """That trust and safety has to look at an agent, and why; one at a time for each agent."""

    __tablename__ = "market_security_review"

    id: str = Field(primary_key=True, max_length=48)  # the decision that opened it
    agent: str = Field(foreign_key="market_agent.id", max_length=64, index=True)
    why: str = Field(max_length=200)
    opened_at: int = Field(sa_type=BigInteger)
    closed_at: int | None = Field(default=None, sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class AppealRow(ProductRow, table=True):
    """A developer's appeal against what was done to a listing."""

    __tablename__ = "market_appeal"

    id: str = Field(primary_key=True, max_length=64)
    agent: str = Field(foreign_key="market_agent.id", max_length=64, index=True)
    step: str = Field(max_length=48)  # the decision that it is against
    state: str = Field(max_length=16)  # filed, upheld, dismissed
    text: str = Field(max_length=LONGEST)
    answer: str | None = Field(default=None, max_length=LONGEST)
    filed_at: int = Field(sa_type=BigInteger)
    decided_at: int | None = Field(default=None, sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class DifferenceRow(ProductRow, table=True):
    """That a decision has no effect, or an effect no decision; `settled_at` where the other was found after all."""

    __tablename__ = "market_difference"

    decision: str = Field(primary_key=True, max_length=48)
    what: str = Field(primary_key=True, max_length=24)  # no_effect, no_decision
    action: str = Field(max_length=128)
    found_at: int = Field(sa_type=BigInteger)
    settled_at: int | None = Field(default=None, sa_type=BigInteger)
    decision_id: str = Field(max_length=48)
