"""The tables of redaction. None holds a value that was replaced, a person's id, or a text that nobody looked through.

Times are Unix seconds; every row names the decision that permitted it. Blocks are sealed under the subject's key.
"""

from typing import Any

from sqlalchemy import JSON, BigInteger, LargeBinary
from sqlmodel import Field

from app.db import ProductRow


class PersonRow(ProductRow, table=True):
    """Somebody whose texts were redacted: the secret of the lookups, in a sealed block."""

    __tablename__ = "privacy_person"

    subject: str = Field(primary_key=True, max_length=36)
    block: dict[str, str] = Field(sa_type=JSON)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class TokenRow(ProductRow, table=True):
    """A token, and in a sealed block what it stands for. `lookup` is a hash of that; its key dies with the person's."""

    __tablename__ = "privacy_token"

    subject: str = Field(primary_key=True, max_length=36, foreign_key="privacy_person.subject")
    scope: str = Field(primary_key=True, max_length=64)
    kind: str = Field(primary_key=True, max_length=32)
    number: int = Field(primary_key=True)
    lookup: str = Field(max_length=64, unique=True)
    block: dict[str, str] = Field(sa_type=JSON)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class DocumentRow(ProductRow, table=True):
    """A document: redacted, or as it was, `sealed` as `reference` says, until names were looked for.

    `state` is one of `app.privacy.redaction.documents.State`; `redacted` is {"text"} or {"json"}.
    """

    __tablename__ = "privacy_document"

    id: str = Field(primary_key=True, max_length=36)
    subject: str = Field(max_length=36, index=True, foreign_key="privacy_person.subject")
    scope: str = Field(max_length=64)
    purpose: str = Field(max_length=32)
    region: str = Field(max_length=8)
    language: str = Field(max_length=8)
    service: str = Field(max_length=64)
    lane: str = Field(max_length=16)
    state: str = Field(max_length=16, index=True)
    attempts: int = 0
    redacted: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    reference: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    sealed: bytes | None = Field(default=None, sa_type=LargeBinary, repr=False)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class RevealRow(ProductRow, table=True):
    """Somebody's request to see what tokens stand for: of a document, or of some tokens of a scope.

    `region` is where it is to be shown, `home` where the data belong.
    """

    __tablename__ = "privacy_reveal"

    id: str = Field(primary_key=True, max_length=36)
    subject: str = Field(max_length=36, index=True, foreign_key="privacy_person.subject")
    scope: str = Field(max_length=64)
    document: str | None = Field(default=None, max_length=36)
    tokens: list[str] = Field(sa_type=JSON)
    purpose: str = Field(max_length=32)
    region: str = Field(max_length=8)
    home: str = Field(max_length=8)
    by_type: str = Field(max_length=16)
    by: str = Field(max_length=128)
    at: int = Field(sa_type=BigInteger, index=True)
    decision_id: str = Field(max_length=48)


class RevealApprovalRow(ProductRow, table=True):
    """That an officer agreed to a request. Once each."""

    __tablename__ = "privacy_reveal_approval"

    reveal: str = Field(primary_key=True, max_length=36, foreign_key="privacy_reveal.id")
    by: str = Field(primary_key=True, max_length=128)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)
