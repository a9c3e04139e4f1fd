"""Whether a second factor was shown, by what the provider signed and by nothing else. Pure.

Asking for a class is no proof that the answer has it: providers answer what happened, or what they are able to say.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.audits.firms import Mfa
from auditor_portal.saml.assertion import Assertion
from auditor_portal.saml.names import SKEW


class Factor(StrEnum):
    """What is known of a second factor."""

    SHOWN = "shown"  # the provider signed that one was shown
    ASK_HERE = "ask_here"  # the provider did not, and a code is asked for here
    NONE = "none"
    TOO_OLD = "too_old"  # whatever was shown, it was too long ago


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactor:
    """What is known, and the class that the provider signed."""

    factor: Factor
    mfa_class: str


def second_factor(assertion: Assertion, rule: Mfa, now: float) -> SecondFactor:
    """Return what an assertion shows under a firm's rule at `now` (Unix seconds)."""
    return SecondFactor(factor=_factor(assertion, rule, now), mfa_class=assertion.authn_class)


def _factor(assertion: Assertion, rule: Mfa, now: float) -> Factor:
    if rule.max_age_minutes is not None and now > assertion.authn_instant + 60 * rule.max_age_minutes + SKEW:
        return Factor.TOO_OLD
    by_class = assertion.authn_class in rule.accepted_classes
    by_attribute = rule.attribute is not None and rule.attribute.value in assertion.values(rule.attribute.name)
    if by_class or by_attribute:
        return Factor.SHOWN
    return Factor.ASK_HERE if rule.totp else Factor.NONE
