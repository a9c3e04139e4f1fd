"""The page on which an auditor verifies evidence. What is verified never reaches the server."""

from typing import Final

from flask import Response, make_response, render_template
from flask.typing import ResponseReturnValue

from app.pdp.enforce import Permit
from auditor_portal.engaged import circumstances, engaged
from auditor_portal.feature import feature
from auditor_portal.verifying.saved_page import NAME, digest, saved_page

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'none'; worker-src 'none'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What the page may do: it opens no connection of any kind."""


@feature.route("/e/<engagement>/verify", action="view", resource=engaged("verify"), context=circumstances)
def verify(_permit: Permit, engagement: str) -> ResponseReturnValue:
    """Show the page."""
    return _strict(make_response(render_template("verifying/verify.html", engagement=engagement, digest=digest())))


@feature.route(f"/e/<engagement>/verify/{NAME}", action="view", resource=engaged("verify"), context=circumstances)
def verify_saved(_permit: Permit, engagement: str) -> ResponseReturnValue:  # noqa: ARG001 - everybody gets the same
    """Send the page as one file to keep."""
    made = make_response(saved_page())
    made.content_type = "text/html; charset=utf-8"
    made.headers["content-disposition"] = f'attachment; filename="{NAME}"'
    return _strict(made)


def _strict(made: Response) -> Response:
    made.headers["content-security-policy"] = POLICY
    return made
