"""Persons, permits and findings for tests of redaction."""

import re
from itertools import count

from app.pdp.enforce import Permit
from app.pdp.model import Decision, Entity, EvaluationRequest
from app.privacy.detection.finding import Finding, Kind, Lane
from app.privacy.sealed_block import SubjectKey

TENANT = "default"
ALICE = Entity(type="user", id="usr-alice@example.com", properties={})
_MAIL = re.compile(r"[a-z]+@example[.]com")
_NAME = re.compile(r"\bSarah Connor\b")
_NUMBERS = count()


class Keyring:
    """Everybody's keys: made when asked for, renewed and destroyed as a test wants. `Persons`."""

    def __init__(self):
        self.keys = {}  # by tenant, kind, id: all there were, the newest last
        self.made = 0

    def key(self, tenant, kind, identifier):
        kept = self.keys.setdefault((tenant, kind, identifier), [])
        if not kept:
            kept.append(self._fresh(f"psn_{self._number():032x}"))
        return kept[-1]

    def find(self, subject, kid):
        every = (each for kept in self.keys.values() for each in kept)
        return next((each for each in every if (each.subject, each.kid) == (subject, kid)), None)

    def renew(self, person=ALICE):
        kept = self.keys[TENANT, person.type, person.id]
        kept.append(self._fresh(kept[-1].subject))

    def destroy(self, person=ALICE):
        for each in self.keys.pop((TENANT, person.type, person.id)):
            each.forget()

    def _number(self):
        self.made += 1
        return self.made

    def _fresh(self, subject):
        number = self._number()
        return SubjectKey(subject, f"k_{number:032x}", number.to_bytes(32))


class Mails:
    """Finds mail addresses of example.com. `Detector`."""

    def find(self, text, *, language="en"):  # noqa: ARG002 - one for all
        return tuple(_found(_MAIL, text, Kind.EMAIL, Lane.PATTERNS))


class Names:
    """Finds one name. `Detector`."""

    def find(self, text, *, language="en"):  # noqa: ARG002 - one for all
        return tuple(_found(_NAME, text, Kind.PERSON, Lane.NAMES))


def _found(pattern, text, kind, lane):
    for each in pattern.finditer(text):
        yield Finding(start=each.start(), end=each.end(), kind=kind, score=0.9, lane=lane)


def permit(person=ALICE, *, by=None, obligations=()):
    """Return a permit about a person."""
    return Permit(
        request=EvaluationRequest(
            subject=by or Entity(type="service", id="studio", properties={}),
            action="privacy.process",
            resource=person,
            context={},
        ),
        decision_id=f"01a203ec17c0f73dc8f6-{next(_NUMBERS)}",
        decision=Decision(allow=True, obligations=tuple(obligations)),
        bundle="b",
        revision="r",
    )
