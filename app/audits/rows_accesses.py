"""The table of what auditors were shown, beside the log's records of it: these seal who it was, this says it."""

from sqlalchemy import BigInteger
from sqlmodel import Field

from app.audits.database import PortalRow


class AccessRow(PortalRow, table=True):
    """One permitted request of an auditor in an engagement: what of it was looked at or written, at `at` (Unix s)."""

    __tablename__ = "audit_access"

    decision_id: str = Field(primary_key=True, max_length=48)
    engagement: str = Field(foreign_key="audit_engagement.id", max_length=32)
    auditor: str = Field(max_length=256)
    kind: str = Field(max_length=32)
    object: str = Field(max_length=256)
    at: int = Field(sa_type=BigInteger)
