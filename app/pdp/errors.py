"""Everything that can go wrong around a decision, as one small tree.

`code` is stable: problem documents, records and diagnostics use it; messages may change.
None of these knows a status code: `app/errors.py` translates at the edge.
"""

from app.pdp.model import Decision


class PdpError(Exception):
    """Base of every error this package raises on purpose."""

    code = "pdp"


class MalformedRequestError(PdpError):
    """The bytes are no evaluation request; nothing was decided.

    `detail` names the rule that was broken and never quotes a value.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class TooLargeError(PdpError):
    """The request, received or encoded again, is larger than the door lets in; nothing was decided."""

    code = "request_too_large"


class BundleError(PdpError):
    """The bundle is not admitted; whatever ran before goes on running.

    The message is one line: `file:line:column: what is wrong and what to write instead`.
    """

    code = "bundle_refused"


class NoInputsError(PdpError):
    """No inputs can be made up for a contract."""

    code = "no_inputs"


class EngineError(PdpError):
    """The engine refused a module, data or an input, or a rule raised while it was evaluated.

    The message is one line, `path:line:column: what` where the engine names a place. It may quote values of the input:
    good for the author of a policy, never for a log or an answer.
    """

    code = "engine"


class EnginePanicError(EngineError):
    """The engine broke down. Nothing it says afterwards is to be trusted."""

    code = "engine_panic"


class EvaluationError(PdpError):
    """The policy gave no answer to this request. It becomes a deny with `code` as its diagnostic."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class EvaluatorsGoneError(PdpError):
    """No evaluator can be had any more; this process can only end and be started again."""

    code = "evaluators_gone"


class NoPoliciesError(PdpError):
    """Nothing is in force that could decide for the caller's tenant; nothing was decided."""

    code = "policies_unavailable"


class UnrecordedError(PdpError):
    """The log could not take the decision. No evidence, no action."""

    code = "evidence_unavailable"


class DeniedError(PdpError):
    """Policy denies the request; the denial is in the log as `decision_id`, and `decision` says why."""

    code = "denied"

    def __init__(self, decision_id: str, decision: Decision) -> None:
        super().__init__(f"denied by decision {decision_id}")
        self.decision_id = decision_id
        self.decision = decision
