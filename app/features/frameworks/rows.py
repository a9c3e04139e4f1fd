"""The tables of control tests: results, findings with all that happened to them, attestations, scores.

Every row names the decision that permitted it; times are Unix milliseconds. Nothing here is ever deleted, and of what a
finding is made nothing is changed: its deviations and its steps are only added to.
"""

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from app.db import ProductRow


class ControlResultRow(ProductRow, table=True):
    """What one run of one test showed. `deviations` and `revisions` are JSON; `first` and `last` positions."""

    __tablename__ = "control_result"

    test: str = Field(primary_key=True, max_length=128)
    tested_at: int = Field(primary_key=True, sa_type=BigInteger)
    control: str = Field(max_length=64, index=True)
    kind: str = Field(max_length=16)
    outcome: str = Field(max_length=16)
    period_start: int = Field(sa_type=BigInteger)
    period_end: int = Field(sa_type=BigInteger)
    query: str = Field(sa_type=Text)
    population: int = Field(sa_type=BigInteger)
    population_sha256: str = Field(max_length=64)
    first: str = Field(max_length=64)
    last: str = Field(max_length=64)
    first_time: str = Field(max_length=32)
    last_time: str = Field(max_length=32)
    revisions: str = Field(sa_type=Text)
    deviation_count: int = Field(sa_type=BigInteger)
    deviations: str = Field(sa_type=Text)
    decision_id: str = Field(max_length=48)


class FindingRow(ProductRow, table=True):
    """Deviations of one test that belong together, and how it stands with them. `remediation` may be empty.

    `lasting`: they happened; otherwise they are so until it is right again.
    """

    __tablename__ = "finding"

    id: str = Field(primary_key=True, max_length=32)
    control: str = Field(max_length=64, index=True)
    test: str = Field(max_length=128, index=True)
    severity: str = Field(max_length=16)
    owner: str = Field(max_length=64)
    state: str = Field(max_length=16, index=True)
    opened_at: int = Field(sa_type=BigInteger, index=True)
    due_at: int = Field(sa_type=BigInteger)
    accepted_until: int | None = Field(default=None, sa_type=BigInteger)
    remediation: str = Field(max_length=64)
    lasting: bool
    deviation_count: int = Field(sa_type=BigInteger)
    changed_at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)
    changed_by_decision: str = Field(max_length=48)


class FindingDeviationRow(ProductRow, table=True):
    """One deviation. `key` tells deviations of a test apart: of a record its position, for once and for all."""

    __tablename__ = "finding_deviation"

    test: str = Field(primary_key=True, max_length=128)
    key: str = Field(primary_key=True, max_length=128)
    finding: str = Field(foreign_key="finding.id", max_length=32, index=True)
    position: str = Field(max_length=64)
    time: str = Field(max_length=32)
    reason: str = Field(sa_type=Text)
    found_at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class FindingStepRow(ProductRow, table=True):
    """One step of a finding's history: what it was from then on, who did it, and why (`code`, `note`)."""

    __tablename__ = "finding_step"

    finding: str = Field(foreign_key="finding.id", primary_key=True, max_length=32)
    number: int = Field(primary_key=True)
    state: str = Field(max_length=16)
    at: int = Field(sa_type=BigInteger)
    by: str = Field(max_length=128)
    code: str = Field(max_length=64)
    note: str = Field(sa_type=Text)
    decision_id: str = Field(max_length=48)


class FindingAcceptanceRow(ProductRow, table=True):
    """That a person would accept a finding until then. `folded` is their id in small letters: once is once."""

    __tablename__ = "finding_acceptance"

    finding: str = Field(foreign_key="finding.id", primary_key=True, max_length=32)
    until: int = Field(primary_key=True, sa_type=BigInteger)
    folded: str = Field(primary_key=True, max_length=128)
    person: str = Field(max_length=128)
    role: str = Field(max_length=64)
    reason: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class AttestationRow(ProductRow, table=True):
    """What a person stated about a test: attested, countersigned (`of` is the attestation's decision), inspected."""

    __tablename__ = "attestation"

    decision_id: str = Field(primary_key=True, max_length=48)
    test: str = Field(max_length=128, index=True)
    kind: str = Field(max_length=16)
    of: str | None = Field(default=None, max_length=48, unique=True)
    person: str = Field(max_length=128)
    role: str = Field(max_length=64)
    statement: str = Field(sa_type=Text)
    conclusion: str = Field(max_length=16)
    at: int = Field(sa_type=BigInteger)


class FrameworkScoreRow(ProductRow, table=True):
    """How many criteria of a framework were what at the end of a day, or by now (`day`: YYYY-MM-DD, UTC)."""

    __tablename__ = "framework_score"

    framework: str = Field(primary_key=True, max_length=64)
    day: str = Field(primary_key=True, max_length=10)
    criteria: int
    effective: int
    idle: int
    deviating: int
    unknown: int
    decision_id: str = Field(max_length=48)
