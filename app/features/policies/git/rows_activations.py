"""The table of what was put in force from Git, and how far its history is verified.

The log says the same: each row's decision, and `policy.activated`. So the table can be made again from it.
"""

from typing import Final

from sqlalchemy import BigInteger
from sqlmodel import Field, Session, col, select

from app.db import ProductRow, reading

FIRST: Final = 1
"""The number of the first row."""


class ActivationRow(ProductRow, table=True):
    """One commit put in force, or put back. `verified` is the newest commit whose history was verified by then."""

    __tablename__ = "policy_activation"

    number: int = Field(primary_key=True)
    commit: str = Field(max_length=40, index=True)
    tree: str = Field(max_length=40)
    bundle: str = Field(max_length=64)
    verified: str = Field(max_length=40)
    activated_at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48, unique=True)


def newest(session: Session) -> ActivationRow | None:
    """Return the last row; None where nothing of Git was ever put in force."""
    return session.exec(select(ActivationRow).order_by(col(ActivationRow.number).desc()).limit(1)).first()


def in_force() -> ActivationRow | None:
    """Return the last row, read in a transaction of its own."""
    with reading() as session:
        return newest(session)


def was_in_force(commit: str) -> bool:
    """Tell whether a commit was ever put in force."""
    with reading() as session:
        return session.exec(select(ActivationRow).where(ActivationRow.commit == commit).limit(1)).first() is not None


def activations(most: int = 100) -> list[ActivationRow]:
    """Return the newest rows, the newest first."""
    with reading() as session:
        return list(session.exec(select(ActivationRow).order_by(col(ActivationRow.number).desc()).limit(most)))
