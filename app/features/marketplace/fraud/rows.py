"""The tables of fraud detection. Times: Unix seconds. No row has a name, an address or a number of a card."""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field

from app.db import ProductRow


class Label(StrEnum):
    """What an attempt turned out to be."""

    CHARGEBACK = "chargeback"
    CONFIRMED = "confirmed"  # an investigation found fraud
    CLEARED = "cleared"  # an investigation found none


class CaseState(StrEnum):
    """How far an investigation is."""

    OPEN = "open"
    TAKEN = "taken"
    RESOLVED = "resolved"


class TraceRow(ProductRow, table=True):
    """What is remembered of one buyer, device, network address, card, agent or developer (`trace.py`)."""

    __tablename__ = "market_fraud_trace"

    of: str = Field(primary_key=True, max_length=16)
    key: str = Field(primary_key=True, max_length=128)
    trace: dict[str, Any] = Field(sa_type=JSON)


class AttemptRow(ProductRow, table=True):
    """An attempt to buy, what was measured of it and what policy said: what later models learn from."""

    __tablename__ = "market_fraud_attempt"

    decision_id: str = Field(primary_key=True, max_length=48)
    order: str = Field(max_length=64, index=True)
    at: int = Field(sa_type=BigInteger, index=True)
    attempt: dict[str, Any] = Field(sa_type=JSON)
    developer: str = Field(max_length=64)
    signals: dict[str, float] = Field(sa_type=JSON)
    verdict: str = Field(max_length=8)
    score_ppm: int | None = None
    model: str | None = Field(default=None, max_length=64)


class LabelRow(ProductRow, table=True):
    """What an order turned out to be, and when that was known. It stands for good; the last one counts."""

    __tablename__ = "market_fraud_label"

    order: str = Field(primary_key=True, max_length=64)
    label: str = Field(primary_key=True, max_length=16)
    at: int = Field(sa_type=BigInteger, index=True)
    decision_id: str = Field(max_length=48)


class CaseRow(ProductRow, table=True):
    """An investigation into an attempt that was blocked, or held."""

    __tablename__ = "market_fraud_case"

    id: str = Field(primary_key=True, max_length=64)
    order: str = Field(max_length=64, index=True)
    attempt: str = Field(max_length=48, unique=True)  # the decision about it
    verdict: str = Field(max_length=8)
    state: str = Field(default=CaseState.OPEN.value, max_length=16, index=True)
    opened_at: int = Field(sa_type=BigInteger)
    taken_by: str | None = Field(default=None, max_length=128)
    outcome: str | None = Field(default=None, max_length=16)
    resolved_by: str | None = Field(default=None, max_length=128)
    resolved_at: int | None = Field(default=None, sa_type=BigInteger)
    notes: list[dict[str, Any]] = Field(sa_type=JSON)
    decision_id: str = Field(max_length=48)
