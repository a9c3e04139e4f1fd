"""What a gate would have denied, had it been blocking: before it is promoted, over HTTP."""

from flask import render_template
from flask.typing import ResponseReturnValue

from app.errors import problem
from app.features.policies.feature import feature
from app.features.policies.results.promotions import DAYS, promotions
from app.pdp.enforce import Permit
from app.pep import RefusedError, Resource, bundle_in_force, wants_page


def _gate(action: str, gate: str) -> Resource:
    bundle = bundle_in_force()
    if action not in bundle.actions or gate not in bundle.actions[action].rules:
        raise RefusedError(problem("not_found"))
    return Resource(type="policies", id=bundle.digest, properties={"path": bundle.actions[action].file})


@feature.route("/promotion/<action>/<gate>", action="view", resource=_gate)
def promotion(_permit: Permit, action: str, gate: str) -> ResponseReturnValue:
    """Show what a gate of the policies in force would have denied; where nobody has counted, have it counted."""
    bundle, counted = bundle_in_force(), promotions().look(action, gate)
    if not wants_page():
        return {"action": action, "gate": gate} | counted.document()
    return render_template(
        "policies/promotion.html",
        action=bundle.actions[action],
        rule=bundle.actions[action].rules[gate],
        counted=counted,
        found=counted.document(),
        days=DAYS,
    )
