"""The tables of alerts, and of whom they are told. All times are Unix milliseconds."""

from sqlalchemy import BigInteger
from sqlmodel import Field

from app.db import ProductRow


class AlertRow(ProductRow, table=True):
    """An alert: there as soon as what it tells of is. `detail` is JSON."""

    __tablename__ = "alert"

    id: str = Field(primary_key=True, max_length=40)
    kind: str = Field(max_length=64)
    severity: str = Field(max_length=16)
    summary: str = Field(max_length=300)
    detail: str
    decision_id: str = Field(max_length=64)
    created_at: int = Field(sa_type=BigInteger, index=True)


class AlertDeliveryRow(ProductRow, table=True):
    """That a target has to be told of an alert, was told, or could not be."""

    __tablename__ = "alert_delivery"

    alert: str = Field(primary_key=True, max_length=40)
    target: str = Field(primary_key=True, max_length=320)
    state: str = Field(max_length=16, index=True)
    attempts: int
    next_at: int = Field(sa_type=BigInteger)
    code: str | None = Field(default=None, max_length=64)
