"""The index of the log: chains, segments, checkpoints, and the records of a window."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _ordered(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _chain() -> sa.Column[str]:
    return sa.Column("chain", _ordered(20), primary_key=True)


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "indexed_chain",
        _chain(),
        sa.Column("log", sa.Text, nullable=False),
        sa.Column("retention_class", sa.String(16), nullable=False),
        sa.Column("segments", sa.BigInteger, nullable=False),
        sa.Column("records", sa.BigInteger, nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("sealed_at", sa.String(27), nullable=False),
    )
    op.create_table(
        "indexed_segment",
        _chain(),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("checkpoint", sa.BigInteger, nullable=False),
        sa.Column("first_seq", sa.BigInteger, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("min_time", sa.String(27)),
        sa.Column("max_time", sa.String(27)),
        sa.Column("sealed_at", _ordered(27), nullable=False),
        sa.Column("retain_until", _ordered(27), nullable=False),
        sa.Column("seal_hash", sa.String(64), nullable=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
    )
    for name in ("sealed_at", "retain_until"):
        op.create_index(f"indexed_segment_{name}", "indexed_segment", [name])
    op.create_table(
        "indexed_checkpoint",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.Column("sealed_at", _ordered(27), nullable=False),
    )
    op.create_table(
        "indexed_decision",
        _chain(),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("segment", sa.BigInteger, nullable=False),
        sa.Column("time", _ordered(27), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        *[sa.Column(name, sa.Text) for name in ("caller", "action", "subject_type", "subject_ref")],
        *[sa.Column(name, sa.Text) for name in ("resource_type", "resource_ref")],
        sa.Column("allow", sa.Boolean),
        *[sa.Column(name, sa.Text) for name in ("failed", "bundle", "revision")],
    )
    for name, columns in (
        ("time", ["tenant", "type"]),
        ("action", ["tenant", "action"]),
        ("subject", ["tenant", "subject_ref"]),
    ):
        op.create_index(f"indexed_decision_{name}", "indexed_decision", [*columns, "time", "chain", "seq"])
