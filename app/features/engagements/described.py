"""What officers enter of a firm and of an engagement, as values. Pure; every error names the field."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.audits import entered
from app.audits.engagements import Engagement
from app.audits.errors import AuditsError
from app.audits.firms import Mfa, MfaAttribute
from app.audits.identity_provider import IdentityProvider, ProviderError
from app.audits.provider_metadata import parse_metadata

SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)
"""The ids of firms and engagements that are made here."""

MOST_SESSIONS: Final = 10
LONGEST_AGE: Final = 7 * 24 * 60
"""Minutes."""

_NAME: Final = 200
_CLASS: Final = re.compile(r"[!-~]{1,256}", re.ASCII)
_MOST_CLASSES: Final = 16
_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_TENANT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmDescribed:
    """What is said of a firm; see `app.audits.firms.Firm`."""

    name: str
    idp: Mapping[str, Any]
    mfa: Mfa
    networks: tuple[str, ...]
    max_sessions: int

    @property
    def second_factor(self) -> bool:
        """Return whether its auditors have to show one."""
        return bool(self.mfa.accepted_classes or self.mfa.attribute or self.mfa.totp)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngagementDescribed:
    """What is said of an engagement; see `app.audits.engagements.Engagement`."""

    title: str
    tenant: str
    frameworks: tuple[str, ...]
    period_start: str
    period_end: str
    starts: str
    ends: str


def slug(name: str, value: Any) -> str:
    """Return an id that can stand in a URL.

    Raises:
        AuditsError: `invalid`.
    """
    if not isinstance(value, str) or not SLUG.fullmatch(value):
        raise AuditsError("invalid", f"`{name}` has 1 to 32 of a-z, 0-9 and -, and begins with none of these dashes")
    return value


def firm(said: Mapping[str, Any]) -> FirmDescribed:
    """Return a firm as a form describes it.

    Raises:
        AuditsError: `invalid`.
    """
    return FirmDescribed(
        name=entered.text("name", said.get("name", ""), longest=_NAME, needed=True),
        idp=_provider(said).as_json(),
        mfa=_mfa(said),
        networks=entered.networks("networks", said.get("networks", "")),
        max_sessions=entered.number("max_sessions", said.get("max_sessions", "3"), least=1, most=MOST_SESSIONS),
    )


def engagement(said: Mapping[str, Any], known: Collection[str]) -> EngagementDescribed:
    """Return an engagement as a form describes it; `known` are the frameworks there are.

    Raises:
        AuditsError: `invalid`.
    """
    tenant = said.get("tenant", "default")
    if not isinstance(tenant, str) or not _TENANT.fullmatch(tenant):
        raise AuditsError("invalid", "`tenant` is none")
    days = {name: entered.day(name, said.get(name)) for name in ("period_first", "period_last", "first", "last")}
    return EngagementDescribed(
        title=entered.text("title", said.get("title", ""), longest=_NAME, needed=True),
        tenant=tenant,
        frameworks=_frameworks(said.get("frameworks"), known),
        period_start=entered.midnight(days["period_first"]),
        period_end=entered.after(days["period_last"]),
        starts=entered.midnight(days["first"]),
        ends=entered.after(days["last"]),
    )


def as_it_is(found: Engagement) -> EngagementDescribed:
    """Return what is said of an engagement that is not changed."""
    return EngagementDescribed(
        title=found.title,
        tenant=found.tenant,
        frameworks=found.frameworks,
        period_start=found.period_start,
        period_end=found.period_end,
        starts=found.starts,
        ends=found.ends,
    )


def _provider(said: Mapping[str, Any]) -> IdentityProvider:
    """Return the identity provider: as its metadata describe it, or else as the fields do."""
    metadata = said.get("metadata", "")
    try:
        if isinstance(metadata, str) and metadata.strip():
            return parse_metadata(metadata.strip())
        certificates = said.get("certificates", "")
        return IdentityProvider.from_json(
            {
                "entity_id": said.get("entity_id"),
                "sso_url": said.get("sso_url"),
                "slo_url": said.get("slo_url") or None,
                "certificates": _PEM.findall(certificates) if isinstance(certificates, str) else certificates,
            }
        )
    except ProviderError as error:
        raise AuditsError("invalid", str(error)) from error


def _mfa(said: Mapping[str, Any]) -> Mfa:
    name = entered.text("attribute_name", said.get("attribute_name", ""), longest=256)
    value = entered.text("attribute_value", said.get("attribute_value", ""), longest=256)
    if bool(name) != bool(value):
        raise AuditsError("invalid", "`attribute_name` and `attribute_value` belong together")
    age = said.get("max_age_minutes") or None
    return Mfa(
        accepted_classes=_classes(said.get("accepted_classes", "")),
        attribute=MfaAttribute(name=name, value=value) if name else None,
        max_age_minutes=None if age is None else entered.number("max_age_minutes", age, least=1, most=LONGEST_AGE),
        totp=said.get("totp", False) not in {False, "", "no"},
    )


def _classes(value: Any) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(value.split())) if isinstance(value, str) else ("",)
    if len(words) > _MOST_CLASSES or not all(_CLASS.fullmatch(each) for each in words):
        raise AuditsError("invalid", f"`accepted_classes` are at most {_MOST_CLASSES} names, white space between two")
    return words


def _frameworks(value: Any, known: Collection[str]) -> tuple[str, ...]:
    named = [value] if isinstance(value, str) else value
    if not isinstance(named, list) or not named or not all(isinstance(each, str) and each in known for each in named):
        raise AuditsError("invalid", "`frameworks` names at least one framework, and none that there is not")
    return tuple(dict.fromkeys(named))
