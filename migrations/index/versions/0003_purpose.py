"""For what personal data are read, where a decision says so."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = ("failure", "decision", "segment", "checkpoint", "chain")


def upgrade() -> None:
    """Apply; there is no way back. The log alone knows the purposes of what was indexed: all of it is read again."""
    op.add_column("indexed_decision", sa.Column("purpose", sa.Text))
    for name in _TABLES:
        op.execute(f"DELETE FROM indexed_{name}")  # noqa: S608 - our own words
