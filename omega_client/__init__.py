"""A client of the decision point: ask before you act, and act on an allow alone.

Speaks the OpenID AuthZEN Authorization API 1.0 to the service, and checks receipts. Knows nothing of policies.
"""

from omega_client.client import AsyncClient, Client
from omega_client.errors import (
    ClientError,
    DeniedError,
    ObligationError,
    ReceiptError,
    RefusedError,
    UnavailableError,
    UnusableAnswerError,
)
from omega_client.evaluation import Durability, Entity, Evaluation, Evidence, Question, Reason
from omega_client.gate import permitted_by, requires

__all__ = [
    "AsyncClient",
    "Client",
    "ClientError",
    "DeniedError",
    "Durability",
    "Entity",
    "Evaluation",
    "Evidence",
    "ObligationError",
    "Question",
    "Reason",
    "ReceiptError",
    "RefusedError",
    "UnavailableError",
    "UnusableAnswerError",
    "permitted_by",
    "requires",
]
