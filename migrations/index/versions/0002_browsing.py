"""Questions of auditors: rules that failed, resources, policies, denials."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ORDER = ("time", "chain", "seq")
_GATES = {"sqlite": "json_each(d.failed)", "postgresql": "json_array_elements_text(d.failed::json) AS gate(value)"}


def _ordered(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Apply; there is no way back. What failed in the records that are there stands in their rows."""
    op.create_table(
        "indexed_failure",
        sa.Column("chain", _ordered(20), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("rule", sa.Text, primary_key=True),
        sa.Column("time", _ordered(27), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
    )
    gates = _GATES[op.get_bind().dialect.name]
    op.execute(
        "INSERT INTO indexed_failure (chain, seq, rule, time, tenant)"  # noqa: S608 - our own words
        " SELECT DISTINCT d.chain, d.seq, d.action || '/' || value, d.time, d.tenant"
        f" FROM indexed_decision AS d, {gates} WHERE d.action IS NOT NULL AND d.failed IS NOT NULL AND d.failed <> '[]'"
    )
    op.create_index("indexed_failure_rule", "indexed_failure", ["tenant", "rule", *_ORDER])
    for name, columns in (("resource", ["resource_ref"]), ("policy", ["revision", "bundle"])):
        op.create_index(f"indexed_decision_{name}", "indexed_decision", ["tenant", *columns, *_ORDER])
    for name, column in (("denied", "type"), ("denied_action", "action")):
        op.create_index(
            f"indexed_decision_{name}",
            "indexed_decision",
            ["tenant", column, *_ORDER],
            sqlite_where=sa.text("allow IS 0"),
            postgresql_where=sa.text("allow IS false"),
        )
