"""The decision point as the portal reaches it: over HTTP, with a token, as any service of the platform does."""

import logging
from dataclasses import replace
from typing import Final

import omega_client
from app.identity import Caller
from app.pdp.enforce import Permit
from app.pdp.errors import DeniedError, MalformedRequestError, UnrecordedError
from app.pdp.model import Decision, Diagnostic, Enforcement, EvaluationRequest, Severity, Violation
from app.pep import Resource
from omega_client import Client, Evaluation

PORTAL: Final = Caller(subject="portal", tenant="default", token_id="")
"""Who asks the decision point for the portal; policy data name it, and the portal's token says it."""

MET: Final = frozenset({"execution", "step-up"})
"""The types of obligations that the portal meets; what policy allows under any other is denied."""

_LOG = logging.getLogger(__name__)
_BAD_REQUEST: Final = 400


class RemotePdp:
    """Asks a decision endpoint; may be shared by threads. `app.pep.Decider`."""

    def __init__(self, client: Client) -> None:
        """Ask through `client`, whose token is that of `PORTAL`."""
        self._client = client

    def enforce(self, request: EvaluationRequest, caller: Caller) -> Permit:
        """Return a permit for `request`, or raise. Who `caller` is, the token says.

        Raises:
            DeniedError: policy denies it; the denial is in the log.
            MalformedRequestError: the endpoint takes it for no request.
            UnrecordedError: no answer, so nothing may happen.
        """
        del caller
        try:
            found = self._client.enforce(
                _entity(request.subject), request.action, _entity(request.resource), request.context
            )
        except omega_client.DeniedError as error:
            raise _denied(error.evaluation) from error
        except omega_client.RefusedError as error:
            if error.status == _BAD_REQUEST:
                raise MalformedRequestError(error.code, error.detail) from error
            _LOG.error("the decision point refuses the portal: %s", error.code)
            raise UnrecordedError(f"the decision point refuses the portal: `{error.code}`") from error
        except omega_client.ClientError as error:
            _LOG.warning("the decision point does not answer: %s", type(error).__name__)
            raise UnrecordedError(str(error)) from error
        return Permit(
            request=request,
            decision_id=found.decision_id,
            decision=_decision(found),
            bundle=found.policy.bundle if found.policy else "",
            revision=found.policy.revision if found.policy else "",
        )


def _entity(found: Resource) -> omega_client.Entity:
    return omega_client.Entity(type=found.type, id=found.id, properties=found.properties)


def _denied(found: Evaluation) -> DeniedError | UnrecordedError:
    try:
        return DeniedError(found.decision_id, _decision(found))
    except ValueError:
        return UnrecordedError("the decision point speaks of a severity that is none")


def _decision(found: Evaluation) -> Decision:
    """Return what the endpoint says of a decision; which gates passed, it does not."""
    violations = tuple(
        Violation(
            id=each.id,
            message=each.message,
            severity=Severity(each.severity),
            enforcement=Enforcement(each.enforcement),
            controls=each.controls,
        )
        for each in found.reasons
    )
    denied = Decision(
        allow=found.decision,
        failed=tuple(each.id for each in violations),
        violations=violations,
        obligations=tuple(dict(each) for each in found.obligations),
    )
    diagnostics = tuple(Diagnostic(code=each.get("code", ""), path=each.get("path", "")) for each in found.diagnostics)
    return replace(denied, diagnostics=diagnostics)
