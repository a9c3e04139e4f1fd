"""A provider's answer: from what a browser brings to an `Assertion`, or a `SamlError`. Never to anything else.

Two verifiers have to take the response and to read the same in it. They share libxml2, which parses and canonicalizes,
and neither the cryptography nor the way in which they find what was signed. What is handed on was read from the bytes
that were signed. The one that has most code comes last: nothing reaches it whose assertion the provider did not sign.
Knows no table.
"""

import copy
from typing import Any

from app.audits.identity_provider import IdentityProvider
from auditor_portal.saml.assertion import Assertion, check_meant_for, read_assertion
from auditor_portal.saml.decryption import decipher
from auditor_portal.saml.errors import SamlCode, SamlError
from auditor_portal.saml.first_verifier import Reading, verify_first
from auditor_portal.saml.names import SAML, SAMLP
from auditor_portal.saml.prechecks import decoded, parse_message
from auditor_portal.saml.second_verifier import verify_second
from auditor_portal.saml.service_provider import ServiceProvider
from auditor_portal.saml.shape import check_shape


def claimed_request(text: str) -> str | None:
    """Return which request a response says it answers, so that it can be looked up. Nothing is verified.

    Args:
        text: the form's field `SAMLResponse`.

    Raises:
        SamlError: it is no response.
    """
    said = parse_message(decoded(text), f"{SAMLP}Response").get("InResponseTo")
    return None if said is None else str(said)


def verify_response(
    text: str, *, provider: IdentityProvider, ours: ServiceProvider, request_id: str, now: float
) -> Assertion:
    """Return what `provider` asserts in answer to our request.

    Args:
        text: the form's field `SAMLResponse`, base64.
        provider: of the firm whose address it was brought to.
        ours: who is meant: the portal, as that firm's provider knows it.
        request_id: of a request of ours that is open.
        now: Unix seconds.

    Raises:
        SamlError: anything at all is not as it has to be.
    """
    data = decoded(text)
    response = parse_message(data, f"{SAMLP}Response")
    _check_envelope(response, ours, provider, request_id)
    assertion = check_shape(response)
    clear, key = response, ours.keys.current
    if assertion.tag == f"{SAML}EncryptedAssertion":
        plain, key = decipher(assertion, ours.keys)
        clear = _in_the_clear(response, plain)
        check_shape(clear)
    signed = verify_second(response, clear, provider, now)
    found = read_assertion(parse_assertion(signed))
    check_meant_for(
        found,
        issuer=provider.entity_id,
        audience=ours.entity_id,
        recipient=ours.acs_url,
        request_id=request_id,
        now=now,
    )
    first = verify_first(data, provider=provider, ours=ours, key=key, request_id=request_id, now=now)
    _check_agreement(first, found)
    return found


def parse_assertion(data: bytes) -> Any:
    """Return the root of an assertion's own bytes.

    Raises:
        SamlError: they are no assertion.
    """
    return parse_message(data, f"{SAML}Assertion")


def _check_envelope(response: Any, ours: ServiceProvider, provider: IdentityProvider, request_id: str) -> None:
    """Refuse what the response says of itself. It may not be signed, so that nothing is believed for its sake."""
    issuer = response.find(f"{SAML}Issuer")
    if response.get("InResponseTo") != request_id:
        raise SamlError(SamlCode.UNSOLICITED)
    if response.get("Destination", ours.acs_url) != ours.acs_url:
        raise SamlError(SamlCode.WRONG_DESTINATION)
    if issuer is not None and (issuer.text or "").strip() != provider.entity_id:
        raise SamlError(SamlCode.WRONG_ISSUER)


def _in_the_clear(response: Any, plain: bytes) -> Any:
    """Return the response with its one assertion deciphered, which has to pass what every message passes."""
    clear = copy.deepcopy(response)
    encrypted = clear.find(f"{SAML}EncryptedAssertion")
    clear.replace(encrypted, parse_assertion(plain))
    return clear


def _check_agreement(first: Reading, found: Assertion) -> None:
    second = Reading(
        assertion_id=found.id,
        issuers=frozenset({found.issuer}),
        name_id=found.name_id,
        attributes=found.attributes,
        classes=(found.authn_class,),
        session_index=found.session_index,
        session_ends=found.session_ends,
        audiences=first.audiences if first.audiences >= set(found.audiences) else frozenset(found.audiences),
        in_response_to=found.in_response_to,
    )
    if first != second:
        raise SamlError(SamlCode.DISAGREEMENT)
