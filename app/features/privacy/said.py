"""What is said about persons, consents and exports in a request, read into values."""

import re
from collections.abc import Mapping
from typing import Any, Final

from app.features.privacy import office
from app.pep import Resource
from app.privacy.consent import EVERY, PURPOSE, SCOPE, Evidence, parse_evidence
from app.privacy.sealed_block import SubjectKey

PSEUDONYM: Final = re.compile(r"psn_[0-9a-f]{32}", re.ASCII)

_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_LONGEST_ID: Final = 1_024
_EVIDENCE: Final = ("method", "reference", "sha256")


def person(said: Mapping[str, Any]) -> SubjectKey:
    """Return the key of the person of a request, who is named by `{"person": {"type", "id"}}`, or by the two in a form.

    The id stands in the body, never in a URL: addresses are kept in histories and in the logs of proxies.

    Raises:
        RefusedError: nobody is named (400), or the key store fails (503).
    """
    named = said.get("person", said)
    if not isinstance(named, Mapping):
        raise office.malformed("person")
    kind, identifier = named.get("type"), named.get("id")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        raise office.malformed("type")
    if not isinstance(identifier, str) or not 0 < len(identifier) <= _LONGEST_ID:
        raise office.malformed("id")
    return office.found(lambda: office.office().persons.key(office.tenant(), kind, identifier))


def subject(said: Mapping[str, Any]) -> str:
    """Return the pseudonym of the person of a request: `subject`, or else see `person`."""
    given = said.get("subject")
    if given is None:
        return person(said).subject
    if not isinstance(given, str) or not PSEUDONYM.fullmatch(given):
        raise office.malformed("subject")
    return given


def purpose(said: Mapping[str, Any]) -> str:
    """Return what for."""
    found = office.text(said, "purpose")
    if not PURPOSE.fullmatch(found):
        raise office.malformed("purpose")
    return found


def scope(said: Mapping[str, Any]) -> str:
    """Return of what; all of it where nothing is said."""
    found = office.text(said, "scope", EVERY)
    if not SCOPE.fullmatch(found):
        raise office.malformed("scope")
    return found


def evidence(said: Mapping[str, Any]) -> Evidence:
    """Return the evidence of what a person said: an object, or the fields of a form."""
    given = said.get("evidence") or {name: said.get(name) for name in _EVIDENCE}
    return office.found(lambda: parse_evidence(given))


def looked_at(place: str) -> Resource:
    """Return a page, as policies see it."""
    return Resource(type="privacy_page", id=place, properties={})


def somebody(subject: str) -> Resource:
    """Return a person, as policies see one."""
    if not PSEUDONYM.fullmatch(subject):
        raise office.malformed("subject")
    return Resource(type="person", id=subject, properties={})
