"""The first verifier: python3-saml over libxmlsec, strict. It reads the response as it came, and deciphers it itself.

Owns what it is told and what it is believed to have read, for comparison alone. No exception of it leaves this module.
It asks a function of its own for the time; that one is replaced here, so that both verifiers go by one clock.
"""

import base64
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from app.audits.identity_provider import IdentityProvider
from auditor_portal.saml.errors import SamlCode, SamlError
from auditor_portal.saml.keys import SamlKey
from auditor_portal.saml.names import HTTP_POST, HTTP_REDIRECT, PERSISTENT
from auditor_portal.saml.service_provider import ServiceProvider

_SECURITY: Final = {
    "authnRequestsSigned": True,
    "wantAssertionsSigned": True,
    "wantNameId": True,
    "wantAttributeStatement": False,
    "rejectUnsolicitedResponsesWithInResponseTo": True,
    "rejectDeprecatedAlgorithm": True,
    "allowRepeatAttributeName": True,
    "requestedAuthnContext": False,  # what counts as a second factor is checked in what was signed; see `mfa`
}

_now: ContextVar[int] = ContextVar("now of the first verifier")  # without one it refuses
OneLogin_Saml2_Utils.now = staticmethod(_now.get)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a verifier read: whatever decides who somebody is and what they may do. Its repr shows nothing of it."""

    assertion_id: str = field(repr=False)
    issuers: frozenset[str] = field(repr=False)
    name_id: str = field(repr=False)
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = field(repr=False)
    classes: tuple[str, ...] = field(repr=False)
    session_index: str | None = field(repr=False)
    session_ends: int | None = field(repr=False)
    audiences: frozenset[str] = field(repr=False)
    in_response_to: str | None = field(repr=False)


def verify_first(  # noqa: PLR0913 - what it is told
    data: bytes, *, provider: IdentityProvider, ours: ServiceProvider, key: SamlKey, request_id: str, now: float
) -> Reading:
    """Return what python3-saml reads in a response that it takes.

    Args:
        data: the response, as it came.
        provider: whose it has to be.
        ours: who is meant.
        key: ours, which the assertion was encrypted for, if it was.
        request_id: what it answers.
        now: Unix seconds.

    Raises:
        SamlError: it does not take it, whatever the reason.
    """
    asked = _now.set(int(now))
    try:
        settings = OneLogin_Saml2_Settings(_told(provider, ours, key))
        response = OneLogin_Saml2_Response(settings, base64.b64encode(data).decode())
        response.is_valid(_request(ours.acs_url), request_id=request_id, raise_exceptions=True)
        return _read(response)
    except Exception:  # noqa: BLE001 - a library's surprise is a refusal, and never an error of ours
        raise SamlError(SamlCode.REFUSED) from None
    finally:
        _now.reset(asked)


def _read(response: Any) -> Reading:
    attributes = {
        name: tuple(value for value in values if isinstance(value, str))
        for name, values in response.get_attributes().items()
    }
    return Reading(
        assertion_id=response.get_assertion_id(),
        issuers=frozenset(response.get_issuers()),
        name_id=response.get_nameid().strip(),
        attributes=tuple(sorted(attributes.items())),
        classes=tuple(each.strip() for each in response.get_authn_contexts()),
        session_index=response.get_session_index(),
        session_ends=response.get_session_not_on_or_after(),
        audiences=frozenset(each.strip() for each in response.get_audiences()),
        in_response_to=response.get_in_response_to(),
    )


def _told(provider: IdentityProvider, ours: ServiceProvider, key: SamlKey) -> dict[str, Any]:
    said: dict[str, Any] = {
        "entityId": provider.entity_id,
        "singleSignOnService": {"url": provider.sso_url, "binding": HTTP_REDIRECT},
        "x509certMulti": {"signing": list(provider.certificates)},
    }
    return {
        "strict": True,
        "debug": False,
        "idp": said,
        "sp": {
            "entityId": ours.entity_id,
            "assertionConsumerService": {"url": ours.acs_url, "binding": HTTP_POST},
            "NameIDFormat": PERSISTENT,
            "x509cert": key.certificate_pem,
            "privateKey": key.private_pem,
        },
        "security": _SECURITY,
    }


def _request(url: str) -> dict[str, Any]:
    """Return the request that it believes to answer: ours, and not what the client says of itself."""
    parts = urlsplit(url)
    return {
        "https": "on" if parts.scheme == "https" else "off",
        "http_host": parts.netloc,
        "script_name": parts.path,
        "get_data": {},
        "post_data": {},
    }
