"""Pages and effects of signing out: here, and at the firm's identity provider, in both directions."""

from flask import Response, make_response, redirect, render_template
from flask.typing import ResponseReturnValue

from app.audits import saml_tables, sessions
from app.audits.database import portal_data
from app.audits.firms import find_firm
from app.audits.identity_provider import IdentityProvider, ProviderError
from app.audits.saml_tables import PendingRequest, SamlKind, UsedMessageError
from app.audits.sessions import AuditorSession
from app.errors import problem
from app.pdp.enforce import Permit
from app.pep import RefusedError
from auditor_portal.entrance import address
from auditor_portal.feature import feature
from auditor_portal.saml.errors import SamlError
from auditor_portal.saml.logout import answer_logout, ask_logout
from auditor_portal.saml.relay_state import HOME, relay_hash, relay_key
from auditor_portal.signing_in.desk import desk
from auditor_portal.signing_in.facts_of_ends import Ended, Order, own_session, told, told_by_provider


@feature.route("/sign-out", action="sign_out", resource=own_session, methods=("POST",))
def sign_out(permit: Permit) -> ResponseReturnValue:
    """End the session here, and lead to the provider, that it ends its own.

    That is no redirect: a browser follows none from a form to another site (CSP, `form-action`).
    """
    here = desk()
    found = here.session()
    if found is None:
        raise RefusedError(problem("not_found"))
    sessions.end(found, permit, here.now())
    place = _provider_place(permit, found)
    here.forget()
    answer: Response = make_response(render_template("signing_in/signed_out.html", place=place, complete=None))
    if place:
        answer.headers["refresh"] = f"0; url={place}"
    here.let_out(answer)
    return answer


@feature.route("/saml/<firm>/logout", action="sign_out", resource=told_by_provider)
def hear_of_logout(permit: Permit, firm: str) -> ResponseReturnValue:
    """Do what a provider says: end sessions and say so, or show that it ended its own."""
    del firm
    found = told()
    try:
        match found:
            case Order():
                return _obey(permit, found)
            case Ended():
                with portal_data.writing(permit) as writing:
                    saml_tables.use_request(writing, found.request.id, desk().now())
                return render_template("signing_in/signed_out.html", place="", complete=found.complete)
    except UsedMessageError as error:
        raise RefusedError(problem("conflict")) from error


def _obey(permit: Permit, found: Order) -> ResponseReturnValue:
    here, order = desk(), found.order
    with portal_data.writing(permit) as writing:
        saml_tables.use_message(
            writing, permit, issuer=order.issuer, message_id=order.id, until=order.until, now=here.now()
        )
        sessions.close(writing, firm=found.firm, name_id=order.name_id, indexes=order.session_indexes, now=here.now())
    try:
        place = answer_logout(found.provider, here.ours(found.firm), order, now=here.now())
    except SamlError:  # the provider has no place for the answer
        return render_template("signing_in/signed_out.html", place="", complete=True)
    answer: Response = make_response(redirect(place, code=303))
    here.let_out(answer)
    return answer


def _provider_place(permit: Permit, found: AuditorSession) -> str:
    """Return where the browser goes to end the provider's session, or nothing where that cannot be."""
    here, proved = desk(), found.proved
    firm = find_firm(found.firm)
    key = relay_key(here.text)
    try:
        asked = ask_logout(
            IdentityProvider.from_json(firm.idp if firm else {}),
            here.ours(found.firm),
            name_id=proved.name_id,
            name_id_format=proved.name_id_format,
            session_index=proved.session_index,
            relay_state=key,
            now=here.now(),
        )
    except (ProviderError, SamlError):
        return ""
    pending = PendingRequest(
        id=asked.id,
        kind=SamlKind.LOGOUT,
        firm=found.firm,
        created_at=int(here.now()),
        place=HOME,
        address=address(),
        relay_hash=relay_hash(key),
    )
    saml_tables.remember(permit, pending)
    return asked.url
