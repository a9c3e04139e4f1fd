"""Classes of systems under the EU AI Act, incidents, their steps, and of which clocks somebody was told."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "ai_act_classification",
        sa.Column("system", sa.String(128), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("description", sa.JSON, nullable=False),
        sa.Column("obligations", sa.JSON, nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False, unique=True),
        sa.Column("bundle", sa.String(64), nullable=False),
        sa.Column("revision", sa.String(256), nullable=False),
    )
    op.create_table(
        "ai_act_incident",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("system", sa.String(128), nullable=True),
        sa.Column("known_at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_ai_act_incident_system", "ai_act_incident", ["system"])
    op.create_index("ix_ai_act_incident_known_at", "ai_act_incident", ["known_at"])
    incident = sa.ForeignKey("ai_act_incident.id")
    op.create_table(
        "ai_act_incident_step",
        sa.Column("incident", sa.String(32), incident, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("facts", sa.JSON, nullable=True),
        sa.Column("recipient", sa.String(64), nullable=True),
        sa.Column("authority", sa.String(200), nullable=True),
        sa.Column("notified_at", sa.BigInteger, nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False, unique=True),
    )
    op.create_table(
        "ai_act_clock_told",
        sa.Column("incident", sa.String(32), sa.ForeignKey("ai_act_incident.id"), primary_key=True),
        sa.Column("clock", sa.String(64), primary_key=True),
        sa.Column("what", sa.String(16), primary_key=True),
        sa.Column("law", sa.String(200), nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
