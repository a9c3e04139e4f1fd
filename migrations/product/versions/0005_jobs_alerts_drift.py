"""Runs of jobs, alerts and of whom they are told, scans for drift."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "job_run",
        sa.Column("job", sa.String(192), primary_key=True),
        sa.Column("scheduled_for", sa.BigInteger, primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("missed", sa.Integer, nullable=False),
        sa.Column("runner", sa.String(128), nullable=False),
        sa.Column("decision_id", sa.String(64), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=True),
        sa.Column("code", sa.String(64), nullable=True),
        sa.Column("detail", sa.String(4096), nullable=False),
    )
    op.create_index("ix_job_run_state", "job_run", ["state"])
    op.create_table(
        "alert",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("summary", sa.String(300), nullable=False),
        sa.Column("detail", sa.String, nullable=False),
        sa.Column("decision_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_alert_created_at", "alert", ["created_at"])
    op.create_table(
        "alert_delivery",
        sa.Column("alert", sa.String(40), primary_key=True),
        sa.Column("target", sa.String(320), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("code", sa.String(64), nullable=True),
    )
    op.create_index("ix_alert_delivery_state", "alert_delivery", ["state"])
    op.create_table(
        "drift_scan",
        sa.Column("node", sa.String(128), primary_key=True),
        sa.Column("scanned_at", sa.BigInteger, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("findings", sa.String, nullable=False),
        sa.Column("healed", sa.Boolean, nullable=False),
        sa.Column("decision_id", sa.String(64), nullable=False),
    )
