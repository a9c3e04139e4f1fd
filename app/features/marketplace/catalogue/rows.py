"""The table of installs. Times: Unix seconds."""

from sqlalchemy import BigInteger, ForeignKeyConstraint
from sqlmodel import Field

from app.db import ProductRow


class InstallRow(ProductRow, table=True):
    """That a buyer was given a token to install a release, and when it was used. The token itself is nowhere."""

    __tablename__ = "market_install"
    __table_args__ = (ForeignKeyConstraint(["agent", "version"], ["market_release.agent", "market_release.version"]),)

    id: str = Field(primary_key=True, max_length=48)
    agent: str = Field(max_length=64, index=True)
    version: str = Field(max_length=64)
    artifact: str = Field(max_length=71)
    buyer: str = Field(foreign_key="market_party.id", max_length=64, index=True)
    pinned: bool = False
    issued_at: int = Field(sa_type=BigInteger)
    redeemed_at: int | None = Field(default=None, sa_type=BigInteger)
    decision_id: str = Field(max_length=48)
