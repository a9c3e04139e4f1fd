"""The tables of consents and of what was exported under them. Events and recalls are added and never changed.

A person is a pseudonym here. Times are Unix seconds.
"""

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from app.db import ProductRow


class NoticeRow(ProductRow, table=True):
    """A text that persons are shown when they are asked, under the hash of its bytes: it never changes."""

    __tablename__ = "consent_notice"

    sha256: str = Field(primary_key=True, max_length=64)
    tenant: str = Field(primary_key=True, max_length=64)
    purpose: str = Field(max_length=32, index=True)
    version: str = Field(max_length=32)
    language: str = Field(max_length=8)
    text: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    by: str = Field(max_length=128)
    decision_id: str = Field(max_length=48)


class ConsentEventRow(ProductRow, table=True):
    """What happened to a consent; see `app.privacy.consent.Event`."""

    __tablename__ = "consent_event"
    __table_args__ = (Index("ix_consent_event_person", "tenant", "subject", "purpose"),)

    number: int | None = Field(default=None, primary_key=True)
    tenant: str = Field(max_length=64)
    subject: str = Field(max_length=36)
    purpose: str = Field(max_length=32)
    scope: str = Field(max_length=64)
    act: str = Field(max_length=16)
    at: int = Field(sa_type=BigInteger)
    expires_at: int | None = Field(default=None, sa_type=BigInteger)
    notice: str | None = Field(default=None, max_length=64)
    method: str = Field(max_length=16)
    reference: str = Field(max_length=128)
    evidence: str = Field(max_length=64)
    by_type: str = Field(max_length=16)
    by: str = Field(max_length=128)
    decision_id: str = Field(max_length=48, unique=True)


class PrivacyExportRow(ProductRow, table=True):
    """Data that left under consents: what for, and the hash of the manifest of what left."""

    __tablename__ = "privacy_export"

    id: str = Field(primary_key=True, max_length=32)
    tenant: str = Field(max_length=64)
    purpose: str = Field(max_length=32)
    scope: str = Field(max_length=64)
    manifest: str = Field(max_length=64)
    recipient: str = Field(max_length=64)
    by: str = Field(max_length=128)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48, unique=True)


class ExportPartRow(ProductRow, table=True):
    """One person's part of an export. `sealed` is its data key as a sealed block, gone once the part is recalled."""

    __tablename__ = "privacy_export_part"
    __table_args__ = (Index("ix_privacy_export_part_subject", "subject"),)

    export: str = Field(foreign_key="privacy_export.id", primary_key=True, max_length=32)
    subject: str = Field(primary_key=True, max_length=36)
    sealed: str | None = Field(default=None, sa_type=Text, repr=False)


class RecallRow(ProductRow, table=True):
    """That one person's part of an export is called back; consumers read these in the order of `number`."""

    __tablename__ = "privacy_recall"
    __table_args__ = (Index("ix_privacy_recall_part", "export", "subject", unique=True),)

    number: int | None = Field(default=None, primary_key=True)
    tenant: str = Field(max_length=64)
    export: str = Field(foreign_key="privacy_export.id", max_length=32)
    subject: str = Field(max_length=36)
    reason: str = Field(max_length=16)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)
