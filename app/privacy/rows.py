"""The tables of the key store. None holds a person's id or an unwrapped key."""

from datetime import datetime
from typing import Final

from sqlalchemy import DateTime, Table
from sqlmodel import Field, SQLModel


class SubjectKeyRow(SQLModel, table=True):
    """Links a person to a pseudonym; while it exists the pseudonym's sealed blocks can be opened.

    `lookup` is hex HMAC-SHA-256 of tenant, kind and id; `wrapped` the data key under KEK generation `kek`.
    """

    __tablename__ = "subject_key"

    lookup: str = Field(primary_key=True, max_length=64)
    subject: str = Field(unique=True, max_length=36)
    kid: str = Field(unique=True, max_length=34)
    wrapped: bytes = Field(repr=False)
    kek: int
    created_at: datetime = Field(sa_type=DateTime(timezone=True))


class RetiredKeyRow(SQLModel, table=True):
    """A data key that seals no more, because it grew old, and still opens what it sealed. As `SubjectKeyRow`."""

    __tablename__ = "retired_key"

    kid: str = Field(primary_key=True, max_length=34)
    lookup: str = Field(max_length=64)
    subject: str = Field(index=True, max_length=36)
    wrapped: bytes = Field(repr=False)
    kek: int
    created_at: datetime = Field(sa_type=DateTime(timezone=True))


class KekGenerationRow(SQLModel, table=True):
    """One row: the KEK generation under which keys are wrapped now. Who wraps holds it, so that none comes too late."""

    __tablename__ = "kek_generation"

    id: int = Field(primary_key=True)
    generation: int


class SubjectKeysDestroyedRow(SQLModel, table=True):
    """One row: how many persons' keys were destroyed so far. When it moves, caches have something to forget."""

    __tablename__ = "subject_keys_destroyed"

    id: int = Field(primary_key=True)
    count: int


class DestroyedSubjectRow(SQLModel, table=True):
    """Whose keys were destroyed, and as the how manyth: what caches have to forget.

    `half` is the first half of the hex digits of a pseudonym: enough to find it in a cache, and not the name itself.
    """

    __tablename__ = "destroyed_subject"

    number: int = Field(primary_key=True)
    half: str = Field(max_length=16)


class LegalHoldRow(SQLModel, table=True):
    """Why a pseudonym may not be erased. One reason is enough, and each is released on its own."""

    __tablename__ = "legal_hold"

    subject: str = Field(primary_key=True, max_length=36)
    reason: str = Field(primary_key=True, max_length=64)
    set_at: datetime = Field(sa_type=DateTime(timezone=True))


class ErasureRow(SQLModel, table=True):
    """An erasure that has begun and not ended, as far as it has come; gone once it has ended.

    `keys` are key ids with spaces between, `requested` the decision id of its first record.
    """

    __tablename__ = "erasure"

    subject: str = Field(primary_key=True, max_length=36)
    lookup: str = Field(unique=True, max_length=64)
    ground: str = Field(max_length=64)
    keys: str = Field(default="")
    payloads: int = Field(default=0)
    requested: str | None = Field(default=None, max_length=64)
    destroyed: bool = Field(default=False)


_TABLES = SQLModel.metadata.tables
SUBJECT_KEY: Final[Table] = _TABLES["subject_key"]
RETIRED_KEY: Final[Table] = _TABLES["retired_key"]
KEK_GENERATION: Final[Table] = _TABLES["kek_generation"]
SUBJECT_KEYS_DESTROYED: Final[Table] = _TABLES["subject_keys_destroyed"]
DESTROYED_SUBJECT: Final[Table] = _TABLES["destroyed_subject"]
LEGAL_HOLD: Final[Table] = _TABLES["legal_hold"]
ERASURE: Final[Table] = _TABLES["erasure"]
