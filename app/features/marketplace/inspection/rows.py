"""What is on record of what was found in a release: findings, what it is made of, which advisories were used.

Times: Unix seconds. Each row names the decision that last changed it.
"""

from typing import Any

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field

from app.db import ProductRow


class FindingRow(ProductRow, table=True):
    """Something found in a release; `rule` is what `source` calls it, an id of an advisory where that is `osv`.

    It stays on record when it is resolved (`resolved_at`), or lowered by a statement (`vex`: who, why, until).
    """

    __tablename__ = "market_inspection_finding"

    id: str = Field(primary_key=True, max_length=64)
    agent: str = Field(foreign_key="market_agent.id", max_length=64, index=True)
    version: str = Field(max_length=64)
    kind: str = Field(max_length=32)
    source: str = Field(max_length=32)
    rule: str = Field(max_length=128)
    place: str = Field(max_length=600)  # a component with its version, or a file
    severity: str = Field(max_length=16)
    title: str = Field(max_length=300)
    first_seen: int = Field(sa_type=BigInteger)
    due_at: int | None = Field(default=None, sa_type=BigInteger, index=True)  # of a known critical alone
    resolved_at: int | None = Field(default=None, sa_type=BigInteger)
    vex: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    decision_id: str = Field(max_length=48)


class ComponentRow(ProductRow, table=True):
    """A part of a release, so that it can be held against newer advisories."""

    __tablename__ = "market_component"

    agent: str = Field(primary_key=True, foreign_key="market_agent.id", max_length=64)
    version: str = Field(primary_key=True, max_length=64)
    number: int = Field(primary_key=True)
    ecosystem: str = Field(max_length=64)
    name: str = Field(max_length=300, index=True)
    installed: str = Field(max_length=128)  # "" where nobody knows
    purl: str = Field(max_length=600)
    decision_id: str = Field(max_length=48)


class SnapshotRow(ProductRow, table=True):
    """A snapshot of advisories that a release was held against."""

    __tablename__ = "market_advisories"

    digest: str = Field(primary_key=True, max_length=64)
    made_at: int = Field(sa_type=BigInteger)
    newest: int = Field(sa_type=BigInteger)
    count: int
    first_used_at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)
