"""Pages and effects of signing in and out."""

import json
from collections.abc import Callable
from typing import Any

from flask import Response, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import sessions
from app.errors import problem
from app.features.session.entrance import entrance, leaving_for, officer, own_place
from app.features.session.feature import feature
from app.features.session.identified import Identified, LoginCode, LoginError
from app.pdp.enforce import Permit
from app.pep import RefusedError, Resource, bundle_in_force, sent


@feature.public("/")
def front() -> ResponseReturnValue:
    """Offer the ways in."""
    place = own_place(request.args.get("next", ""))
    return render_template("session/front.html", place=place, provider=entrance().provider)


@feature.public("/leave")
def leave_for_provider() -> ResponseReturnValue:
    """Send somebody to the identity provider."""
    provider = entrance().provider
    if provider is None:
        raise RefusedError(problem("not_found"))
    leaving = leaving_for(request.args.get("next", ""))
    try:
        answer = _response(redirect(provider.authorization_url(leaving), code=303))
    except LoginError as error:
        raise _refused(error) from error
    entrance().leave(answer, leaving)
    return answer


@feature.public("/link")
def link() -> ResponseReturnValue:
    """Ask whoever follows a login link to press a button: what merely looks at links must not use them up."""
    return render_template("session/link.html", token=request.args.get("token", ""))


def _came_back() -> Identified:
    provider = entrance().provider
    if provider is None:
        raise LoginError(LoginCode.NOT_BEGUN)
    if "code" not in request.args:
        raise LoginError(LoginCode.PROVIDER_REFUSED)
    g.leaving = entrance().come_back(request.args.get("state", ""))
    return provider.identified(request.args["code"], g.leaving, _known())


@feature.route("/callback", action="open", resource=lambda: _shown(_came_back))
def come_back(permit: Permit) -> ResponseReturnValue:
    """Open a session for who comes back from the provider."""
    return _let_in(permit, g.leaving.place)


def _followed() -> Identified:
    token = sent().get("token")
    if not isinstance(token, str):
        raise LoginError(LoginCode.LINK_REFUSED)
    return entrance().links.identified(token, _known())


@feature.route("/link", action="open", resource=lambda: _shown(_followed), methods=("POST",))
def follow(permit: Permit) -> ResponseReturnValue:
    """Open a session for who followed a login link."""
    return _let_in(permit, own_place(""))


def _own_session() -> Resource:
    found = officer()
    if found is None:
        raise RefusedError(problem("not_found"))
    return Resource(type="officer", id=found.id, properties={})


@feature.route("/end", action="close", resource=_own_session, methods=("POST",))
def leave(permit: Permit) -> ResponseReturnValue:
    """End a session."""
    found = officer()
    if found is not None:
        sessions.end(found, permit, entrance().now())
    answer = _response(redirect(url_for("session.front"), code=303))
    entrance().let_out(answer)
    return answer


def _known() -> frozenset[str]:
    """Return the groups that policy gives roles."""
    table = json.loads(bundle_in_force().data).get("roles", {})
    return frozenset(table.get("officer", {}))


def _shown(show: Callable[[], Identified]) -> Resource:
    """Return who somebody is, as policy sees it.

    Raises:
        RefusedError: that was not shown, and it is on record that it was not.
    """
    try:
        g.identified = found = show()
    except LoginError as error:
        raise _refused(error) from error
    return Resource(type="officer", id=found.officer, properties={"groups": list(found.groups), "verified": True})


def _let_in(permit: Permit, place: str) -> ResponseReturnValue:
    found: Identified = g.identified
    try:
        token = sessions.begin(
            permit,
            officer=found.officer,
            groups=found.groups,
            second_factor=found.second_factor,
            login=found.login,
            now=entrance().now(),
        )
    except sessions.UsedLoginError as error:
        raise _refused(LoginError(LoginCode.USED)) from error
    answer = _response(redirect(place, code=303))
    entrance().let_in(answer, token)
    return answer


def _refused(error: LoginError) -> RefusedError:
    """Record that somebody did not get in, and return what they are told."""
    entrance().note("session.refused", {"reason": error.code.value})
    return RefusedError(problem("login_refused", error.code.value))


def _response(answer: Any) -> Response:
    made: Response = make_response(answer)
    return made
