"""Results of control tests, findings and what happened to them, attestations, scores."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply; there is no way back."""
    _results()
    _findings()
    _steps()
    op.create_table(
        "attestation",
        sa.Column("decision_id", sa.String(48), primary_key=True),
        sa.Column("test", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("of", sa.String(48), nullable=True),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("statement", sa.Text, nullable=False),
        sa.Column("conclusion", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("of"),
    )
    op.create_index("ix_attestation_test", "attestation", ["test"])
    op.create_table(
        "framework_score",
        sa.Column("framework", sa.String(64), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("criteria", sa.Integer, nullable=False),
        sa.Column("effective", sa.Integer, nullable=False),
        sa.Column("idle", sa.Integer, nullable=False),
        sa.Column("deviating", sa.Integer, nullable=False),
        sa.Column("unknown", sa.Integer, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )


def _results() -> None:
    op.create_table(
        "control_result",
        sa.Column("test", sa.String(128), primary_key=True),
        sa.Column("tested_at", sa.BigInteger, primary_key=True),
        sa.Column("control", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("period_start", sa.BigInteger, nullable=False),
        sa.Column("period_end", sa.BigInteger, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("population", sa.BigInteger, nullable=False),
        sa.Column("population_sha256", sa.String(64), nullable=False),
        sa.Column("first", sa.String(64), nullable=False),
        sa.Column("last", sa.String(64), nullable=False),
        sa.Column("first_time", sa.String(32), nullable=False),
        sa.Column("last_time", sa.String(32), nullable=False),
        sa.Column("revisions", sa.Text, nullable=False),
        sa.Column("deviation_count", sa.BigInteger, nullable=False),
        sa.Column("deviations", sa.Text, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_control_result_control", "control_result", ["control"])


def _findings() -> None:
    op.create_table(
        "finding",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("control", sa.String(64), nullable=False),
        sa.Column("test", sa.String(128), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("accepted_until", sa.BigInteger, nullable=True),
        sa.Column("remediation", sa.String(64), nullable=False),
        sa.Column("lasting", sa.Boolean, nullable=False),
        sa.Column("deviation_count", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.Column("changed_by_decision", sa.String(48), nullable=False),
    )
    for column in ("control", "test", "state", "opened_at"):
        op.create_index(f"ix_finding_{column}", "finding", [column])
    op.create_table(
        "finding_deviation",
        sa.Column("test", sa.String(128), primary_key=True),
        sa.Column("key", sa.String(128), primary_key=True),
        sa.Column("finding", sa.String(32), sa.ForeignKey("finding.id"), nullable=False),
        sa.Column("position", sa.String(64), nullable=False),
        sa.Column("time", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("found_at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_finding_deviation_finding", "finding_deviation", ["finding"])


def _steps() -> None:
    op.create_table(
        "finding_step",
        sa.Column("finding", sa.String(32), sa.ForeignKey("finding.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_table(
        "finding_acceptance",
        sa.Column("finding", sa.String(32), sa.ForeignKey("finding.id"), primary_key=True),
        sa.Column("until", sa.BigInteger, primary_key=True),
        sa.Column("folded", sa.String(128), primary_key=True),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
