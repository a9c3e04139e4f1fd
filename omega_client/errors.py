"""Why nothing may happen. Whatever is raised here, the caller does not act."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omega_client.evaluation import Evaluation


class ClientError(Exception):
    """The root of all errors of this package: do not act."""


class DeniedError(ClientError):
    """Policy denies it; the denial is on record."""

    def __init__(self, evaluation: "Evaluation") -> None:
        named = [each.id for each in evaluation.reasons] + [each.get("code", "") for each in evaluation.diagnostics]
        reasons = ", ".join(named) or "no reason given"
        super().__init__(f"denied by decision `{evaluation.decision_id}`: {reasons}")
        self.evaluation = evaluation


class ObligationError(ClientError):
    """The service allows it under an obligation that this caller said it does not understand: it may not."""

    def __init__(self, evaluation: "Evaluation", types: frozenset[str]) -> None:
        super().__init__(
            f"decision `{evaluation.decision_id}` obliges to what nobody here understands: {sorted(types)}"
        )
        self.evaluation, self.types = evaluation, types


class RefusedError(ClientError):
    """The service took the request for none, or the caller for nobody. Asking again unchanged helps nobody."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"refused with {status} `{code}`" + (f": {detail}" if detail else ""))
        self.status, self.code, self.detail = status, code, detail


class NotPermittedError(RefusedError):
    """Policy denies what was asked for; the denial is on record as `decision_id`, and `gates` are what did not pass."""

    def __init__(self, detail: str, decision_id: str, gates: tuple[str, ...]) -> None:
        super().__init__(403, "denied", detail or ", ".join(gates))
        self.decision_id, self.gates = decision_id, gates


class UnavailableError(ClientError):
    """There is no answer, in time or at all. The decision may be on record all the same."""


class UnusableAnswerError(ClientError):
    """What came back is no decision, or not as durable a one as was asked for."""


class ReceiptError(ClientError):
    """The receipt is missing, is not the log's, or is of another record."""
