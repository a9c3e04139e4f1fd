"""The tables of the index. Every column says again what the log says; none is known to the index alone.

They stand in one database with the key store where that is PostgreSQL, so their names say what they are. Times are
those of the log, as text: they sort as they follow each other.
"""

from typing import ClassVar, Final

from sqlalchemy import BigInteger, Column, Index, MetaData, String, Table, Text, text
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel


def _ordered(length: int) -> TypeEngine[str]:
    """Return text that sorts by its bytes, whatever the database sorts like elsewhere."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


_ORDER: Final = ("time", "chain", "seq")


def _denied(name: str, column: str) -> Index:
    """Return an index of what was denied alone, by one column."""
    where = {"sqlite_where": text("allow IS 0"), "postgresql_where": text("allow IS false")}
    return Index(name, "tenant", column, *_ORDER, **where)  # type: ignore[arg-type]


class IndexRow(SQLModel):
    """Keeps the tables of the index apart from those with primary data: they have migrations of their own."""

    metadata: ClassVar[MetaData] = MetaData()


class ChainRow(IndexRow, table=True):
    """One chain, and how far the index has read it."""

    __tablename__ = "indexed_chain"

    chain: str = Field(sa_column=Column(_ordered(20), primary_key=True))
    log: str = Field(sa_type=Text)
    retention_class: str = Field(max_length=16)
    segments: int = Field(sa_type=BigInteger)
    records: int = Field(sa_type=BigInteger)
    head: str = Field(max_length=64)
    sealed_at: str = Field(sa_type=String(27))


class SegmentRow(IndexRow, table=True):
    """One sealed segment, or heartbeat, of the window."""

    __tablename__ = "indexed_segment"
    __table_args__ = (
        Index("indexed_segment_sealed_at", "sealed_at"),
        Index("indexed_segment_retain_until", "retain_until"),
    )

    chain: str = Field(sa_column=Column(_ordered(20), primary_key=True))
    number: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    checkpoint: int = Field(sa_type=BigInteger)
    first_seq: int = Field(sa_type=BigInteger)
    count: int
    size: int
    min_time: str | None = Field(sa_type=String(27))
    max_time: str | None = Field(sa_type=String(27))
    sealed_at: str = Field(sa_type=_ordered(27))
    retain_until: str = Field(sa_type=_ordered(27))
    seal_hash: str = Field(max_length=64)
    root: str = Field(max_length=64)
    sha256: str = Field(max_length=64)


class CheckpointRow(IndexRow, table=True):
    """One checkpoint. The newest says how far the index goes: everything under it is in."""

    __tablename__ = "indexed_checkpoint"

    number: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    size: int = Field(sa_type=BigInteger)
    root: str = Field(max_length=64)
    sealed_at: str = Field(sa_type=_ordered(27))


class DecisionRow(IndexRow, table=True):
    """One record of the window: a decision most often, `type` says what else. Its id is `<chain>-<seq>`.

    Each index serves one question in the order of time; those of denials hold nothing else, and so cost little.
    """

    __tablename__ = "indexed_decision"
    __table_args__ = (
        Index("indexed_decision_time", "tenant", "type", *_ORDER),
        Index("indexed_decision_action", "tenant", "action", *_ORDER),
        Index("indexed_decision_subject", "tenant", "subject_ref", *_ORDER),
        Index("indexed_decision_resource", "tenant", "resource_ref", *_ORDER),
        Index("indexed_decision_policy", "tenant", "revision", "bundle", *_ORDER),
        _denied("indexed_decision_denied", "type"),
        _denied("indexed_decision_denied_action", "action"),
    )

    chain: str = Field(sa_column=Column(_ordered(20), primary_key=True))
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    segment: int = Field(sa_type=BigInteger)
    time: str = Field(sa_type=_ordered(27))
    tenant: str = Field(max_length=64)
    type: str = Field(max_length=64)
    caller: str | None = Field(sa_type=Text)
    action: str | None = Field(sa_type=Text)
    subject_type: str | None = Field(sa_type=Text)
    subject_ref: str | None = Field(sa_type=Text)
    resource_type: str | None = Field(sa_type=Text)
    resource_ref: str | None = Field(sa_type=Text)
    allow: bool | None
    failed: str | None = Field(sa_type=Text)
    bundle: str | None = Field(sa_type=Text)
    revision: str | None = Field(sa_type=Text)
    purpose: str | None = Field(sa_type=Text)


class FailureRow(IndexRow, table=True):
    """One rule, `<action>/<gate>`, that failed in a decision of the window."""

    __tablename__ = "indexed_failure"
    __table_args__ = (Index("indexed_failure_rule", "tenant", "rule", *_ORDER),)

    chain: str = Field(sa_column=Column(_ordered(20), primary_key=True))
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    rule: str = Field(sa_column=Column(Text, primary_key=True))
    time: str = Field(sa_type=_ordered(27))
    tenant: str = Field(max_length=64)


CHAIN: Final[Table] = IndexRow.metadata.tables["indexed_chain"]
SEGMENT: Final[Table] = IndexRow.metadata.tables["indexed_segment"]
CHECKPOINT: Final[Table] = IndexRow.metadata.tables["indexed_checkpoint"]
DECISION: Final[Table] = IndexRow.metadata.tables["indexed_decision"]
FAILURE: Final[Table] = IndexRow.metadata.tables["indexed_failure"]
