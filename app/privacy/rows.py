"""The tables of the key store. Neither holds a person's id or an unwrapped key."""

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


class SubjectKeysDestroyedRow(SQLModel, table=True):
    """One row: how many keys were destroyed so far. When it moves, caches of keys are void."""

    __tablename__ = "subject_keys_destroyed"

    id: int = Field(primary_key=True)
    count: int


SUBJECT_KEY: Final[Table] = SQLModel.metadata.tables["subject_key"]
SUBJECT_KEYS_DESTROYED: Final[Table] = SQLModel.metadata.tables["subject_keys_destroyed"]
