"""POST /access/v1/evaluation: the OpenID AuthZEN Authorization API 1.0, section 6.

Owns the form of the answer, and what happens to bytes that are no request.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.decision_plane.explainer import Explainer, may_have_explained
from app.decision_plane.http import ProblemError, Request
from app.decision_plane.options import Options
from app.errors import problem
from app.pdp.enforce import Caller, Pdp, Recorded
from app.pdp.errors import MalformedRequestError, TooLargeError
from app.pdp.request import parse_request
from evidence.chain import Appended

_MOST_CALLERS = 1_024  # whose refusals are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """What an answer is made with: who decides, which refusals are recorded, who explains, who signs receipts."""

    pdp: Pdp
    refusals: "Refusals"
    explainer: Explainer
    sign_receipt: Callable[[Sequence[Appended]], str]


async def evaluation(request: Request, body: bytes, caller: Caller, by: Answering) -> dict[str, Any]:
    """Return the answer to one evaluation request, once the decision is on record, with what was asked for beside it.

    Raises:
        ProblemError: there is no decision.
        UnrecordedError: there is no evidence, so there is no decision.
        EvaluatorsGoneError: nobody can decide.
    """
    try:
        options = Options.parse(request.query)
    except MalformedRequestError as error:
        raise ProblemError(problem("malformed_request", f"{error.code}: {error.detail}")) from error
    if options.explain and not may_have_explained(by.pdp.policies.bundle, caller):
        raise ProblemError(problem("forbidden"))
    try:
        _verify_content_type(request)
        parsed = parse_request(body)
    except MalformedRequestError as error:
        if (suppressed := by.refusals.take(caller)) is not None:
            await by.pdp.refuse(caller, error.code, hashlib.sha256(body).hexdigest(), suppressed)
        raise ProblemError(problem("malformed_request", f"{error.code}: {error.detail}")) from error
    except TooLargeError as error:
        raise ProblemError(problem("request_too_large")) from error
    answer = _answer(recorded := await by.pdp.evaluate(parsed, caller, durability=options.durability))
    if options.receipt:
        answer["context"]["evidence"]["receipt"] = by.sign_receipt([recorded.appended])
    if options.explain:
        answer["context"]["explanation"] = await by.explainer.explanation(recorded, parsed.action, caller)
    return answer


def _verify_content_type(request: Request) -> None:
    media_type = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type != b"application/json":
        raise MalformedRequestError("unsupported_content_type", "the content type is not application/json")


def _answer(recorded: Recorded) -> dict[str, Any]:
    """Return the decision with its evidence: reasons, obligations, and where the record stands."""
    result = recorded.decision.document()
    position = recorded.appended.position
    return {
        "decision": result["allow"],
        "context": {
            "decision_id": recorded.decision_id,
            "reasons": result["violations"],
            "obligations": result["obligations"],
            "diagnostics": result["diagnostics"],
            "policy": {"revision": recorded.bundle.revision, "bundle": recorded.bundle.digest},
            "evidence": {
                "chain": position.chain,
                "seq": position.seq,
                "leaf_hash": recorded.appended.leaf,
                "durability": recorded.durability.value,
            },
        },
    }


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float
    suppressed: int = 0


class Refusals:
    """How many malformed requests of a caller are worth a record: a token bucket each."""

    def __init__(self, clock: Callable[[], float], *, per_second: float = 1.0, burst: float = 5.0) -> None:
        self._clock, self._per_second, self._burst = clock, per_second, burst
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()

    def take(self, caller: Caller) -> int | None:
        """Return how many refusals went unrecorded since the last, if this one is to be recorded; else None."""
        now = self._clock()
        name = (caller.tenant, caller.subject)
        bucket = self._buckets.pop(name, None) or _Bucket(self._burst, now)
        self._buckets[name] = bucket
        if len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.filled_at) * self._per_second)
        bucket.filled_at = now
        if bucket.tokens < 1:
            bucket.suppressed += 1
            return None
        suppressed, bucket.suppressed = bucket.suppressed, 0
        bucket.tokens -= 1
        return suppressed
