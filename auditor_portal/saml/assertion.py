"""What a provider asserts of a person, read from the bytes that it signed and from nothing else (saml-core 2.3.3).

Owns the value, how it is read, and what has to hold for us to be meant. Knows nothing of signatures.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from auditor_portal.saml.errors import SamlCode, SamlError
from auditor_portal.saml.instants import parse_instant
from auditor_portal.saml.names import BEARER, SAML, SKEW, UNSPECIFIED

_LONGEST: Final = 1_024
_LONGEST_LIFE: Final = 24 * 3_600
_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One assertion. Times are Unix seconds; its repr does not show who it is about.

    Attributes:
        id: of the assertion, unique at its issuer.
        issuer: entity id of the provider.
        name_id: who signed in.
        name_id_format: what kind of name that is.
        attributes: names and their texts; values with elements in them are left out.
        authn_class: AuthnContextClassRef, how they signed in.
        authn_instant: when they did; a provider's session may be older than the assertion.
        session_index: the provider's session, which it names when it signs out.
        session_ends: when the provider's session ends, if it says so.
        audiences: who it is for.
        in_response_to: the request it answers.
        recipient: where it is to be brought.
        not_before: from when it holds.
        not_on_or_after: until when it may be presented; a replay is refused until then, and longer.
    """

    id: str
    issuer: str
    name_id: str = field(repr=False)
    name_id_format: str
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = field(repr=False)
    authn_class: str
    authn_instant: int
    session_index: str | None = field(repr=False)
    session_ends: int | None
    audiences: tuple[str, ...]
    in_response_to: str
    recipient: str
    not_before: int
    not_on_or_after: int

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values of one attribute."""
        return dict(self.attributes).get(name, ())


def read_assertion(signed: Any) -> Assertion:
    """Read an assertion.

    Args:
        signed: the element `saml:Assertion`, parsed from the bytes that were signed.

    Raises:
        SamlError: what has to stand once stands not once, or has not its form.
    """
    try:
        return _read(signed)
    except (ValueError, KeyError, TypeError):
        raise SamlError(SamlCode.INCOMPLETE) from None


def _read(signed: Any) -> Assertion:
    subject = _only(signed, "Subject")
    name = _only(subject, "NameID")
    confirmation = _bearer(subject)
    conditions = _only(signed, "Conditions")
    statement = _only(signed, "AuthnStatement")
    until = [parse_instant(each.attrib["NotOnOrAfter"]) for each in (conditions, confirmation)]
    since = [parse_instant(each.get("NotBefore")) for each in (conditions, confirmation) if each.get("NotBefore")]
    ends = statement.get("SessionNotOnOrAfter")
    return Assertion(
        id=_short(signed.attrib["ID"]),
        issuer=_text(_only(signed, "Issuer")),
        name_id=_text(name, longest=_LONGEST_NAME),
        name_id_format=name.get("Format", UNSPECIFIED),
        attributes=_attributes(signed),
        authn_class=_text(_only(_only(statement, "AuthnContext"), "AuthnContextClassRef")),
        authn_instant=parse_instant(statement.attrib["AuthnInstant"]),
        session_index=_short(statement.get("SessionIndex")) if statement.get("SessionIndex") else None,
        session_ends=parse_instant(ends) if ends else None,
        audiences=_audiences(conditions),
        in_response_to=_short(confirmation.attrib["InResponseTo"]),
        recipient=_short(confirmation.attrib["Recipient"]),
        not_before=max([parse_instant(signed.attrib["IssueInstant"]), *since]),
        not_on_or_after=min(until),
    )


def _only(parent: Any, name: str) -> Any:
    found = parent.findall(f"{SAML}{name}")
    if len(found) != 1:
        raise ValueError("not once")
    return found[0]


def _short(text: str, longest: int = _LONGEST) -> str:
    if not 0 < len(text) <= longest:
        raise ValueError("empty or too long")
    return text


def _text(element: Any, longest: int = _LONGEST) -> str:
    """Return an element's text. White space around it is no part of a name, and inside there is no element."""
    if len(element):
        raise ValueError("elements in a text")
    return _short((element.text or "").strip(), longest)


def _bearer(subject: Any) -> Any:
    """Return the data of the one confirmation: whoever brings the assertion is the subject (saml-profiles 4.1.4.2)."""
    confirmation = _only(subject, "SubjectConfirmation")
    if confirmation.get("Method") != BEARER:
        raise ValueError("no bearer")
    return _only(confirmation, "SubjectConfirmationData")


def _audiences(conditions: Any) -> tuple[str, ...]:
    """Return who is meant: of several restrictions, those whom each of them names (saml-core 2.5.1.4)."""
    named = [
        [_text(audience) for audience in restriction.findall(f"{SAML}Audience")]
        for restriction in conditions.findall(f"{SAML}AudienceRestriction")
    ]
    if not named:
        raise ValueError("for anybody")
    return tuple(each for each in dict.fromkeys(named[0]) if all(each in others for others in named[1:]))


def _attributes(signed: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: dict[str, list[str]] = {}
    for statement in signed.findall(f"{SAML}AttributeStatement"):
        for attribute in statement.findall(f"{SAML}Attribute"):
            values = [
                (value.text or "").strip() for value in attribute.findall(f"{SAML}AttributeValue") if not len(value)
            ]
            found.setdefault(_short(attribute.attrib["Name"]), []).extend(filter(None, values))
    return tuple((name, tuple(values)) for name, values in sorted(found.items()))


def check_meant_for(  # noqa: PLR0913 - what an assertion is held against
    assertion: Assertion, *, issuer: str, audience: str, recipient: str, request_id: str, now: float
) -> None:
    """Have an assertion be by that issuer, for that audience, brought there, in answer to that request, now.

    Raises:
        SamlError: it is not.
    """
    asked = (
        (assertion.issuer == issuer, SamlCode.WRONG_ISSUER),
        (audience in assertion.audiences, SamlCode.WRONG_AUDIENCE),
        (assertion.recipient == recipient, SamlCode.WRONG_DESTINATION),
        (assertion.in_response_to == request_id, SamlCode.UNSOLICITED),
        (now < assertion.not_on_or_after + SKEW, SamlCode.EXPIRED),
        (assertion.session_ends is None or now < assertion.session_ends + SKEW, SamlCode.EXPIRED),
        (now > assertion.not_before - SKEW, SamlCode.NOT_YET_VALID),
        (now > assertion.authn_instant - SKEW, SamlCode.NOT_YET_VALID),
        (assertion.not_on_or_after <= now + _LONGEST_LIFE, SamlCode.INCOMPLETE),
    )
    for holds, code in asked:
        if not holds:
            raise SamlError(code)
