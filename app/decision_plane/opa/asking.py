"""How a client of OPA is answered: who asks and for what beside the result, decisions, and what stands in an answer.

Owns the members of an answer (`result`, `decision_id`, `provenance`, `metrics`, `explanation`). Knows no path.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from app.decision_plane.answering import Answering
from app.decision_plane.explainer import may_have_explained
from app.decision_plane.http import ProblemError, Request
from app.decision_plane.opa.options import OpaOptions
from app.decision_plane.opa.trace import events
from app.errors import problem
from app.pdp.bundle import Bundle
from app.pdp.enforce import Caller, Recorded
from app.pdp.errors import MalformedRequestError
from app.pdp.model import EvaluationRequest

NAME: Final = "omega"
"""Of the one bundle there is, in provenance and status."""

Clock = Callable[[], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks, under which policies, how to answer, and when it began (nanoseconds of the clock)."""

    caller: Caller
    bundle: Bundle
    options: OpaOptions
    began: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A decision on record, and when its request was parsed and it was made (nanoseconds of the clock)."""

    recorded: Recorded
    parsed: int
    decided: int


class Asking:
    """Decides for clients of OPA. `clock` counts nanoseconds."""

    def __init__(self, by: Answering, clock: Clock) -> None:
        self._by, self._clock = by, clock

    def begun(self, request: Request) -> Asked:
        """Return who asks and for what.

        Raises:
            ProblemError: nobody that is known, a query that is none, or an explanation for somebody who may have none.
        """
        began = self._clock()
        caller = self._by.caller(request)
        try:
            options = OpaOptions.parse(request.query)
        except MalformedRequestError as error:
            raise ProblemError(problem("malformed_request", f"{error.code}: {error.detail}")) from error
        bundle = self._by.pdp.policies_of(caller).bundle
        if options.explain and not may_have_explained(bundle, caller):
            raise ProblemError(problem("forbidden"))
        return Asked(caller=caller, bundle=bundle, options=options, began=began)

    async def decided(self, asked: Asked, question: EvaluationRequest) -> Timed:
        """Return the decision on one request, on record. Raises as `Pdp.evaluate`."""
        parsed = self._clock()
        recorded = await self._by.pdp.evaluate(question, asked.caller)
        return Timed(recorded=recorded, parsed=parsed, decided=self._clock())

    async def all_decided(self, asked: Asked, questions: Sequence[EvaluationRequest]) -> list[Timed]:
        """Return the decisions on several requests, in their order, all of them on record. As `Pdp.evaluate_all`."""
        parsed = self._clock()
        self._by.charge(asked.caller, len(questions) - 1)
        recorded = await self._by.pdp.evaluate_all(questions, asked.caller)
        decided = self._clock()
        return [Timed(recorded=each, parsed=parsed, decided=decided) for each in recorded]

    async def told(self, asked: Asked, timed: Timed, action: str, result: tuple[Any, ...]) -> dict[str, Any]:
        """Return an answer with everything that was asked for; no `result` where it is undefined."""
        options, recorded = asked.options, timed.recorded
        answer = described(recorded, result, provenance=options.provenance)
        if options.explain:
            explanation = await self._by.explainer.explanation(recorded, action, asked.caller)
            answer["explanation"] = events(explanation, options.explain, pretty=options.pretty)
        return answer | self.metrics(asked, [timed])

    def metrics(self, asked: Asked, timed: Sequence[Timed]) -> dict[str, Any]:
        """Return `metrics`, if they were asked for: nanoseconds. What was decided together took one time."""
        if not asked.options.metrics:
            return {}
        spent = {
            "timer_rego_input_parse_ns": max((each.parsed - asked.began for each in timed), default=0),
            "timer_rego_query_eval_ns": max((each.decided - each.parsed for each in timed), default=0),
            "timer_server_handler_ns": self._clock() - asked.began,
        }
        return {"metrics": spent}


def described(recorded: Recorded, result: tuple[Any, ...], *, provenance: bool) -> dict[str, Any]:
    """Return what an answer says of one decision."""
    answer: dict[str, Any] = {"decision_id": recorded.decision_id}
    if result:
        answer["result"] = result[0]
    if provenance:
        bundle = recorded.bundle
        revisions = {NAME: {"revision": bundle.revision, "digest": bundle.digest}}
        answer["provenance"] = {"version": version("omega"), "bundles": revisions}
    return answer


def verify_media(request: Request) -> None:
    """Raise unless the body can be JSON: OPA takes it for JSON whatever its type says, and so do we, but for YAML.

    Raises:
        MalformedRequestError: it says that it is YAML, or compressed.
    """
    if b"yaml" in request.headers.get(b"content-type", b"").lower():
        raise MalformedRequestError("unsupported_content_type", "the content type is not application/json")
    if request.headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise MalformedRequestError("unsupported_content_type", "a compressed body is not taken")


def stated(value: Any, name: str) -> Any:
    """Return a member of a body.

    Raises:
        MalformedRequestError: the body is no object, or has none of this name.
    """
    if not isinstance(value, dict):
        raise MalformedRequestError("member_type", "the request must be an object")
    if name not in value:
        raise MalformedRequestError("member_missing", f"`{name}` is missing")
    return value[name]


def merged(common: Any, own: Any) -> Any:
    """Return `own` with what `common` has beside it, object by object; where both have a value, `own` counts."""
    if not isinstance(common, dict) or not isinstance(own, dict):
        return own
    return common | {name: merged(common.get(name), value) for name, value in own.items()}
