"""The tables of change requests. Every row names the decision that permitted it; times are Unix seconds."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Text, text
from sqlmodel import Field

from app.db import ProductRow

_ALIVE = text("ended IS NULL")


class ChangeRequestRow(ProductRow, table=True):
    """A change request. `proposal` is what its newest revision proposes; one request at a time has a branch."""

    __tablename__ = "change_request"
    __table_args__ = (
        Index("ix_change_request_alive", "branch", unique=True, sqlite_where=_ALIVE, postgresql_where=_ALIVE),
    )

    number: int | None = Field(default=None, primary_key=True)
    branch: str = Field(max_length=128)
    title: str = Field(max_length=200)
    description: str = Field(sa_type=Text)
    opened_by: str = Field(max_length=128)
    opened_at: int = Field(sa_type=BigInteger)
    revision: int
    proposal: dict[str, Any] = Field(sa_type=JSON)
    ended: str | None = Field(default=None, max_length=16)
    ended_at: int | None = Field(default=None, sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class CheckRow(ProductRow, table=True):
    """How one check of one revision stands; `said` is what it found, or how far it has come."""

    __tablename__ = "change_check"

    number: int = Field(foreign_key="change_request.number", primary_key=True)
    revision: int = Field(primary_key=True)
    name: str = Field(primary_key=True, max_length=64)
    tree: str = Field(max_length=64)
    status: str = Field(max_length=16)
    said: dict[str, Any] = Field(sa_type=JSON)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class ApprovalRow(ProductRow, table=True):
    """That a person agreed to a tree. `folded` is the first name OWNERS.yaml has for them: once is once."""

    __tablename__ = "change_approval"

    number: int = Field(foreign_key="change_request.number", primary_key=True)
    revision: int = Field(primary_key=True)
    folded: str = Field(primary_key=True, max_length=128)
    person: str = Field(max_length=128)
    role: str = Field(max_length=64)
    tree: str = Field(max_length=64)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(unique=True, max_length=48)


class CommentRow(ProductRow, table=True):
    """What a person said about a revision."""

    __tablename__ = "change_comment"

    id: int | None = Field(default=None, primary_key=True)
    number: int = Field(foreign_key="change_request.number", index=True)
    revision: int
    person: str = Field(max_length=128)
    text: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(unique=True, max_length=48)


class MergeRow(ProductRow, table=True):
    """That a request was merged. A commit of the protected branch is continued once, by one commit."""

    __tablename__ = "change_merge"

    number: int = Field(foreign_key="change_request.number", primary_key=True)
    base: str = Field(unique=True, max_length=64)
    head: str = Field(unique=True, max_length=64)
    person: str = Field(max_length=128)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(unique=True, max_length=48)


class StepRow(ProductRow, table=True):
    """One step in the life of a request, in the order they were taken; `kind` is a word of `changing.Step`."""

    __tablename__ = "change_step"

    id: int | None = Field(default=None, primary_key=True)
    number: int = Field(foreign_key="change_request.number", index=True)
    revision: int
    kind: str = Field(max_length=16)
    person: str = Field(max_length=128)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)
