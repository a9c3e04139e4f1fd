"""`?explain=true`: what a caller that may know is told about its decision, beside it.

Owns who may, and that explaining takes nothing from deciding: a decision is made again in a process of its own, one at
a time for each tenant, and where several wait already the next is explained by the text of the policies alone. Tells no
values.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

from app.decision_plane.http import ProblemError
from app.decision_plane.places import Places
from app.pdp.bundle import Bundle
from app.pdp.enforce import Caller, Recorded
from app.pdp.errors import EvaluationError
from app.pdp.explain import Trace, explain
from app.pdp.explaining import Again
from app.pdp.gate_sources import GateSources
from app.pdp.request import parse_document
from app.pdp.strict_json import encode, parse

_MOST: Final = 4  # decisions that are made again, or wait for it

DecideAgain = Callable[[str, bytes], Again]
"""Decides a document once more, under the bundle of this digest; blocking. Raises EvaluationError."""


class Explainer:
    """Explains the decisions of one worker."""

    def __init__(self, decide_again: DecideAgain) -> None:
        self._decide_again = decide_again
        self._sources = GateSources()
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # of each tenant
        self._places = Places(_MOST)

    async def explanation(self, recorded: Recorded, name: str, caller: Caller) -> dict[str, Any]:
        """Return gates, rules and paths of facts: no values, and of no action the caller may not ask about."""
        bundle, trace = recorded.bundle, None
        if not may_have_explained(bundle, caller) or name not in bundle.callers[caller.subject].actions:
            return explain(recorded.decision.document(), None, {}).document()  # the bundle may be a new one
        action = bundle.actions[name]
        sources = await asyncio.to_thread(self._sources.of, bundle, action)
        if not recorded.decision.diagnostics:
            trace = await self._trace(recorded, caller.tenant)
        asked = parse_document(recorded.asked)
        explained = explain(recorded.decision.document(), action, sources, trace=trace, document=asked)
        return explained.without_values().document()

    async def _trace(self, recorded: Recorded, tenant: str) -> Trace | None:
        """Return which rules held, if the decision comes out the same when it is made again, and there is room to."""
        try:
            with self._places.taken(tenant):
                async with self._turns[tenant]:
                    again = await asyncio.to_thread(self._decide_again, recorded.bundle.digest, recorded.asked)
        except (EvaluationError, ProblemError):
            return None
        same = again.result == parse(encode(recorded.decision.document()))
        return again.trace if same else None


def may_have_explained(bundle: Bundle, caller: Caller) -> bool:
    """Tell whether the policies let a caller have its decisions explained."""
    registered = bundle.callers.get(caller.subject)
    return registered is not None and registered.tenant == caller.tenant and registered.explain
