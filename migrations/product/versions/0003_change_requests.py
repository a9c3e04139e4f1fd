"""Change requests: proposed, checked, approved, merged; the constraints hold what no code may break."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "change_request",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("branch", sa.String(128), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("opened_by", sa.String(128), nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("proposal", sa.JSON, nullable=False),
        sa.Column("ended", sa.String(16), nullable=True),
        sa.Column("ended_at", sa.BigInteger, nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    alive = sa.text("ended IS NULL")
    op.create_index(
        "ix_change_request_alive",
        "change_request",
        ["branch"],
        unique=True,
        sqlite_where=alive,
        postgresql_where=alive,
    )
    op.create_table(
        "change_check",
        sa.Column("number", sa.Integer, sa.ForeignKey("change_request.number"), primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("tree", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("said", sa.JSON, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_table(
        "change_approval",
        sa.Column("number", sa.Integer, sa.ForeignKey("change_request.number"), primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True),
        sa.Column("folded", sa.String(128), primary_key=True),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("tree", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False, unique=True),
    )
    op.create_table(
        "change_comment",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("number", sa.Integer, sa.ForeignKey("change_request.number"), nullable=False, index=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False, unique=True),
    )
    op.create_table(
        "change_merge",
        sa.Column("number", sa.Integer, sa.ForeignKey("change_request.number"), primary_key=True),
        sa.Column("base", sa.String(64), nullable=False, unique=True),
        sa.Column("head", sa.String(64), nullable=False, unique=True),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False, unique=True),
    )
    op.create_table(
        "change_step",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("number", sa.Integer, sa.ForeignKey("change_request.number"), nullable=False, index=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
