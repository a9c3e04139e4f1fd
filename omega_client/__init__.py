"""A client of the decision point: ask before you act, and act on an allow alone.

Speaks the OpenID AuthZEN Authorization API 1.0 to the service, checks receipts, has texts redacted, and records
consents. Knows no policies.
"""

from omega_client.client import AsyncClient, Client
from omega_client.consents import (
    EVERYTHING,
    ConsentRecord,
    ConsentState,
    Method,
    Recall,
    Recalls,
    Shown,
    Standing,
)
from omega_client.errors import (
    ClientError,
    DeniedError,
    NotPermittedError,
    ObligationError,
    ReceiptError,
    RefusedError,
    UnavailableError,
    UnusableAnswerError,
)
from omega_client.evaluation import Durability, Entity, Evaluation, Evidence, Policy, Question, Reason
from omega_client.gate import permitted_by, requires
from omega_client.privacy import AsyncPrivacy, Document, Lane, Privacy, Revealed, RevealRequest, State
from omega_client.subject import Subject

__all__ = [
    "EVERYTHING",
    "AsyncClient",
    "AsyncPrivacy",
    "Client",
    "ClientError",
    "ConsentRecord",
    "ConsentState",
    "DeniedError",
    "Document",
    "Durability",
    "Entity",
    "Evaluation",
    "Evidence",
    "Lane",
    "Method",
    "NotPermittedError",
    "ObligationError",
    "Policy",
    "Privacy",
    "Question",
    "Reason",
    "Recall",
    "Recalls",
    "ReceiptError",
    "RefusedError",
    "RevealRequest",
    "Revealed",
    "Shown",
    "Standing",
    "State",
    "Subject",
    "UnavailableError",
    "UnusableAnswerError",
    "permitted_by",
    "requires",
]
