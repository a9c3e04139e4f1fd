"""What somebody is told who is not signed in: why, if it was shown who they are, and else nothing but a number."""

from typing import Final

from flask import g, render_template, request
from flask.typing import ResponseReturnValue

from app.errors import problem
from app.pages import answer, reasons
from app.pdp.errors import DeniedError
from app.pep import wants_page
from auditor_portal.entrance import address
from auditor_portal.signing_in.desk import desk
from auditor_portal.signing_in.facts import Trying, known_auditor

ENDPOINTS: Final = frozenset(
    f"auditor_portal.{name}"
    for name in ("leave_for_provider", "come_back", "ask_for_code", "give_code", "sign_out", "hear_of_logout")
)
"""The endpoints of this package that policy decides on."""

_DENIED: Final = 403
_CODES: Final = frozenset({"auditor_portal.ask_for_code", "auditor_portal.give_code"})


def denied(error: DeniedError) -> ResponseReturnValue:
    """Answer who is not signed in, or not out."""
    known = known_auditor()
    told = reasons(error) if known else {"decision_id": error.decision_id}
    if not wants_page():
        return answer(problem("denied" if known else "login_refused"), told)
    more = {
        "late": request.endpoint in _CODES and not known,
        "minutes": _minutes() if known else 0,
        "failed": error.decision.failed if known else (),
        "address": address() if known else "",
    }
    page = render_template("signing_in/refused.html", known=known, **told, **more)
    return page, _DENIED


def _minutes() -> int:
    """Return how many minutes there are until a code is taken again, or 0."""
    found = g.get("signing_in")
    if not isinstance(found, Trying):
        return 0
    return -(-found.known.tries.wait(desk().now()) // 60)
