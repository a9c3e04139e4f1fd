"""The tables of the signing authority's log. What is in it stands for good; times are Unix seconds."""

from sqlalchemy import JSON, BigInteger, Text
from sqlmodel import Field

from app.db import ProductRow


class LogHeadRow(ProductRow, table=True):
    """How far the log has grown: one row, which is locked while an entry is taken."""

    __tablename__ = "market_log_head"

    id: int = Field(primary_key=True)
    size: int = Field(sa_type=BigInteger)
    peaks: list[str] = Field(sa_type=JSON)  # hash of each perfect subtree, hexadecimal, left to right


class LogEntryRow(ProductRow, table=True):
    """An entry: what was signed by whom, as the log took it."""

    __tablename__ = "market_log_entry"

    number: int = Field(primary_key=True, sa_type=BigInteger)  # from 0, without a gap
    leaf: str = Field(max_length=64)  # hash of `body`, hexadecimal (RFC 6962, section 2.1)
    body: str = Field(sa_type=Text)
    digest: str = Field(max_length=71, index=True)  # of the artifact
    identity: str = Field(max_length=300)
    logged_at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)
