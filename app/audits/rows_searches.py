"""The table of searches that auditors keep: a name, and the query of the address that asks again."""

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from app.audits.database import PortalRow


class SavedSearchRow(PortalRow, table=True):
    """A search that all who take part in an engagement may use. `at` is in Unix seconds."""

    __tablename__ = "audit_saved_search"

    id: int | None = Field(default=None, primary_key=True)
    engagement: str = Field(foreign_key="audit_engagement.id", max_length=32, index=True)
    author: str = Field(max_length=256)
    name: str = Field(max_length=80)
    query: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)
