"""What policy is told of somebody who signs in, step by step: facts that were verified, and why others were not.

Owns the facts. Nothing that a message says of itself is one; where it was refused, the code of the refusal is.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, NoReturn, TypeVar

from flask import g, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.audits import authenticators
from app.audits.attempts import Attempt
from app.audits.authenticators import Authenticator
from app.audits.firms import SLUG, Firm, find_auditor, find_firm
from app.audits.identity_provider import IdentityProvider, ProviderError
from app.audits.sessions import Proved
from app.errors import problem
from app.pdp.enforce import Permit
from app.pdp.model import EvaluationRequest
from app.pep import RefusedError, Resource, gate_of_request
from auditor_portal.entrance import address
from auditor_portal.saml.assertion import Assertion
from auditor_portal.saml.errors import SamlCode, SamlError
from auditor_portal.saml.mfa import Factor, second_factor
from auditor_portal.saml.receiving import Received, receive
from auditor_portal.signing_in.desk import desk

SIGN_IN: Final = "auditor_portal.sign_in"
UNKNOWN: Final = "unknown"

_Kind = TypeVar("_Kind")
NAME_ID: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,200}")
"""The names of providers that records and policies take."""

_LONGEST_CLASS: Final = 256


class Refusal(StrEnum):
    """Why nothing was verified, beside what `SamlCode` has."""

    UNKNOWN_FIRM = "unknown_firm"
    PROVIDER_UNUSABLE = "provider_unusable"
    UNUSABLE_NAME = "unusable_name"
    NOT_A_FORM = "not_a_form"
    NO_ATTEMPT = "no_attempt"
    WAIT = "wait"
    CODE_USED = "code_used"
    TRIED_MEANWHILE = "tried_meanwhile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a provider's answer established, before anything was done about it."""

    received: Received
    proved: Proved
    firm: Firm


@dataclass(frozen=True, slots=True, kw_only=True)
class Trying:
    """Somebody who may give a code: the attempt, the firm, and what is known of the authenticator."""

    attempt: Attempt
    firm: Firm
    known: Authenticator


@dataclass(frozen=True, slots=True, kw_only=True)
class _Factors:
    """Facts about a second factor; see the contract of `auditor_portal.sign_in`."""

    asserted: bool = False
    recent: bool = False
    codes: bool = False
    code: bool = False

    def facts(self) -> dict[str, bool]:
        return {"asserted": self.asserted, "recent": self.recent, "codes": self.codes, "code": self.code}


def leaving(firm: str) -> Resource:
    """Describe somebody who would go to the provider of `firm`; part of a URL, so that it may be anything."""
    return _unknown("leave", firm, _found(firm))


def found_firm(firm: str) -> Firm:
    """Return a firm of which policy has permitted something.

    Raises:
        RefusedError: there is none, whatever policy permits.
    """
    found = _found(firm)
    if found is None:
        raise RefusedError(problem("login_refused"))
    return found


def answering(firm: str) -> Resource:
    """Describe who comes back from the provider of `firm`, by its verified answer.

    Raises:
        DeniedError: what came is no form, or too large for one; that it was refused is on record.
    """
    found = _found(firm)
    try:
        text, relay_state = request.form.get("SAMLResponse", ""), request.form.get("RelayState")
    except RequestEntityTooLarge:
        deny(_unknown("answer", firm, found, SamlCode.TOO_LARGE))
    if request.is_json:
        deny(_unknown("answer", firm, found, Refusal.NOT_A_FORM))
    if found is None:
        return _unknown("answer", firm, None, Refusal.UNKNOWN_FIRM)
    here = desk()
    try:
        provider = IdentityProvider.from_json(found.idp)
        received = receive(
            text,
            relay_state,
            provider=provider,
            ours=here.ours(found.id),
            now=here.now(),
            browser=here.browser(),
        )
    except ProviderError:
        return _unknown("answer", firm, found, Refusal.PROVIDER_UNUSABLE)
    except SamlError as error:
        return _unknown("answer", firm, found, error.code)
    if not NAME_ID.fullmatch(received.assertion.name_id):
        return _unknown("answer", firm, found, Refusal.UNUSABLE_NAME)
    shown = second_factor(received.assertion, found.mfa, here.now())
    proved = _proved(found, received.assertion, second_factor=shown.factor is Factor.SHOWN)
    g.signing_in = Answer(received=received, proved=proved, firm=found)
    factors = _Factors(asserted=proved.second_factor, recent=shown.factor is not Factor.TOO_OLD, codes=found.mfa.totp)
    return _known("answer", proved, found, factors)


def answered() -> Answer:
    """Return what `answering` established for the request that is being answered.

    Raises:
        RefusedError: nothing, whatever policy permits.
    """
    return _established(Answer)


def trying() -> Resource:
    """Describe who would give a code: somebody whom the provider named a while ago, and who need not wait."""
    attempt = desk().attempt()
    if attempt is None:
        return _unknown("try", UNKNOWN, None, Refusal.NO_ATTEMPT)
    firm = find_firm(attempt.proved.firm)
    if firm is None:
        return _unknown("try", UNKNOWN, None, Refusal.UNKNOWN_FIRM)
    known = authenticators.find(attempt.proved.auditor)
    if known.secret is None and attempt.secret is None:  # it was forgotten in the meantime
        return _unknown("try", firm.id, firm, Refusal.NO_ATTEMPT)
    g.signing_in = Trying(attempt=attempt, firm=firm, known=known)
    wait = known.tries.wait(desk().now())
    return _known("try", attempt.proved, firm, _Factors(recent=True, codes=firm.mfa.totp), Refusal.WAIT if wait else "")


def tried() -> Trying:
    """Return what `trying` found for the request that is being answered.

    Raises:
        RefusedError: nothing, whatever policy permits.
    """
    return _established(Trying)


def coded(trying: Trying, *, right: bool, refusal: str = "") -> Resource:
    """Describe who gave a code, right or wrong."""
    factors = _Factors(recent=True, codes=trying.firm.mfa.totp, code=right)
    return _known("code", trying.attempt.proved, trying.firm, factors, refusal)


def deny(resource: Resource, refusal: str = "") -> NoReturn:
    """Have it on record that somebody is not signed in, and end the request.

    Args:
        resource: who, as far as that was shown.
        refusal: why what `resource` says did not hold after all, if it did not.

    Raises:
        DeniedError: always, unless policy would permit it.
        RefusedError: then.
    """
    changed = {"verified": False, "refusal": str(refusal)} if refusal else {}
    decide(replace(resource, properties=dict(resource.properties) | changed))
    raise RefusedError(problem("login_refused"))


def decide(resource: Resource) -> Permit:
    """Return a permit for a further step of the request that is being answered.

    Raises:
        DeniedError: policy denies it.
        PdpError: see `Decider.enforce`.
    """
    gate = gate_of_request()
    asked = EvaluationRequest(subject=gate.subject(), action=SIGN_IN, resource=resource, context={"address": address()})
    return gate.pdp.enforce(asked, gate.caller)


def known_auditor() -> bool:
    """Return whether it was shown that the request comes from somebody whom an officer has named."""
    return bool(g.get("audit_known"))


def _established(kind: type[_Kind]) -> _Kind:
    found = g.get("signing_in")
    if not isinstance(found, kind):
        raise RefusedError(problem("login_refused"))
    return found


def _found(firm: str) -> Firm | None:
    return find_firm(firm) if SLUG.fullmatch(firm) else None


def _proved(firm: Firm, assertion: Assertion, *, second_factor: bool) -> Proved:
    return Proved(
        firm=firm.id,
        name_id=assertion.name_id,
        name_id_format=assertion.name_id_format,
        session_index=assertion.session_index,
        second_factor=second_factor,
        mfa_class=assertion.authn_class[:_LONGEST_CLASS],
        ends_at=assertion.session_ends,
    )


def _unknown(step: str, firm: str, found: Firm | None, refusal: str = "") -> Resource:
    """Describe somebody of whom nothing was shown."""
    name = firm if SLUG.fullmatch(firm) else UNKNOWN
    facts = _facts(step, found, UNKNOWN, _Factors(), refusal, verified=False)
    return Resource(type="firm", id=name, properties=facts)


def _known(step: str, proved: Proved, firm: Firm, factors: _Factors, refusal: str = "") -> Resource:
    """Describe somebody whom the firm's provider has named."""
    auditor = find_auditor(proved.firm, proved.name_id)
    g.audit_known = auditor is not None
    state = UNKNOWN if auditor is None else auditor.state.value
    facts = _facts(step, firm, state, factors, refusal, verified=not refusal)
    return Resource(type="auditor", id=proved.auditor, properties=facts)


def _facts(  # noqa: PLR0913 - the contract has as many
    step: str, firm: Firm | None, auditor: str, factors: _Factors, refusal: str, *, verified: bool
) -> dict[str, Any]:
    return {
        "step": step,
        "verified": verified,
        "refusal": str(refusal),
        "firm": {
            "state": UNKNOWN if firm is None else firm.state.value,
            "networks": [] if firm is None else list(firm.networks),
        },
        "auditor": auditor,
        "second_factor": factors.facts(),
    }
