"""The table of the last scan of each node."""

from sqlalchemy import BigInteger
from sqlmodel import Field

from app.db import ProductRow


class DriftScanRow(ProductRow, table=True):
    """What the last scan of a node found. `findings` is JSON; `scanned_at` Unix milliseconds."""

    __tablename__ = "drift_scan"

    node: str = Field(primary_key=True, max_length=128)
    scanned_at: int = Field(sa_type=BigInteger)
    fingerprint: str = Field(max_length=64)
    findings: str
    healed: bool
    decision_id: str = Field(max_length=64)
