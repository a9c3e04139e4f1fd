"""Consent as it stands: what a person granted and took back, event by event, and what follows from it at a time.

Pure. Terms are those of ISO/IEC TS 27560 and of the W3C Data Privacy Vocabulary, in our words. Knows no tables and no
person: whoever is spoken of is a pseudonym. Times are Unix seconds.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from app.privacy.errors import PrivacyError
from evidence import canonical

EVERY: Final = "*"
"""The scope that has all others in it."""

SCOPE: Final = re.compile(r"\*|[a-z0-9][a-z0-9_.:-]{0,63}", re.ASCII)
PURPOSE: Final = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class ConsentError(PrivacyError):
    """What is said of a consent, a notice or an export cannot be: `code` says which part."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Act(StrEnum):
    """What happened to a consent. Withdrawing what rests on another basis is an objection (GDPR, article 21)."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


class State(StrEnum):
    """How a consent stands."""

    NONE = "none"  # nobody ever said anything
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Method(StrEnum):
    """How a person said it, as evidence can show it."""

    FORM = "form"
    PAPER = "paper"
    PHONE = "phone"
    SIGNATURE = "signature"
    VOICE = "voice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where it can be seen that a person said so. The evidence itself is kept by whoever took it in.

    Attributes:
        method: how it was said.
        reference: under which it is found there; never a name or an id of a person.
        sha256: of what is found there, hex.
    """

    method: Method
    reference: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened; it stands for good.

    Attributes:
        number: in the order of the ledger.
        tenant: whose platform.
        subject: the person's pseudonym.
        purpose: what for, a name of the policies' `purposes`.
        scope: of what: a dataset, an agent, a region; `EVERY` for all of it.
        act: what happened.
        at: when.
        expires_at: when a grant ends by itself; None of a withdrawal.
        notice: hex SHA-256 of the text that the person was shown; None of a withdrawal.
        evidence: of what the person said.
        by_type: of who recorded it: `officer`, `service`.
        by: who recorded it.
        decision_id: of the decision that permitted it.
    """

    number: int
    tenant: str
    subject: str
    purpose: str
    scope: str
    act: Act
    at: int
    expires_at: int | None
    notice: str | None
    evidence: Evidence
    by_type: str
    by: str
    decision_id: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "number": self.number,
            "subject": self.subject,
            "purpose": self.purpose,
            "scope": self.scope,
            "act": self.act.value,
            "at": moment(self.at),
            "expires_at": None if self.expires_at is None else moment(self.expires_at),
            "notice": self.notice,
            "evidence": {
                "method": self.evidence.method.value,
                "reference": self.evidence.reference,
                "sha256": self.evidence.sha256,
            },
            "recorded_by": {"type": self.by_type, "id": self.by},
            "decision_id": self.decision_id,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one person's consent to one purpose, in one scope, stands at a time.

    Attributes:
        subject: the pseudonym.
        purpose: see `Event`.
        scope: that was asked for.
        state: see `State`.
        given_at: when it was granted, if it was ever.
        expires_at: when that grant ends, or ended.
        withdrawn_at: when it was taken back, if it is.
        notice: the text that was shown when it was granted.
        decision_id: of the event that counts.
    """

    subject: str
    purpose: str
    scope: str
    state: State
    given_at: int | None = None
    expires_at: int | None = None
    withdrawn_at: int | None = None
    notice: str | None = None
    decision_id: str | None = None

    def facts(self) -> dict[str, Any]:
        """Return what policies are told: see `policies/rego/lib/consent.rego`."""
        stated: dict[str, Any] = {"purpose": self.purpose, "state": self.state.value}
        if self.given_at is not None and self.expires_at is not None:
            stated |= {"given_at": moment(self.given_at), "expires_at": moment(self.expires_at)}
        return stated

    def of_training(self) -> dict[str, Any] | None:
        """Return it as `replay.export_training` is told of consents, or None if there never was one."""
        if self.given_at is None or self.expires_at is None:
            return None
        return {
            "person": self.subject,
            "purpose": self.purpose,
            "given_at": moment(self.given_at),
            "expires_at": moment(self.expires_at),
            "revoked": self.state is State.WITHDRAWN,
        }

    def of_transfer(self, regions: Iterable[str]) -> dict[str, Any] | None:
        """Return it as policies are told of a consent to leave a region, or None if there never was one."""
        if self.given_at is None:
            return None
        return {
            "regions": sorted(regions),
            "given_at": moment(self.given_at),
            "withdrawn": self.state is not State.GRANTED,
        }

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "subject": self.subject,
            "purpose": self.purpose,
            "scope": self.scope,
            "state": self.state.value,
            "given_at": None if self.given_at is None else moment(self.given_at),
            "expires_at": None if self.expires_at is None else moment(self.expires_at),
            "withdrawn_at": None if self.withdrawn_at is None else moment(self.withdrawn_at),
            "notice": self.notice,
            "decision_id": self.decision_id,
        }


def standing_of(subject: str, purpose: str, scope: str, events: Iterable[Event], now: int) -> Standing:
    """Return how a consent stands at `now`, given the events of this person, in any order.

    What was said of `EVERY` scope holds for each; of all that concerns this one, the newest counts.
    """
    concerned = sorted(
        (each for each in events if _concerns(each, subject, purpose, scope) and each.at <= now),
        key=lambda each: each.number,
    )
    if not concerned:
        return Standing(subject=subject, purpose=purpose, scope=scope, state=State.NONE)
    last = concerned[-1]
    granted = next((each for each in reversed(concerned) if each.act is Act.GRANTED), None)
    expires = None if granted is None else granted.expires_at
    match last.act:
        case Act.WITHDRAWN:
            state = State.WITHDRAWN
        case Act.GRANTED:
            state = State.GRANTED if expires is not None and now < expires else State.EXPIRED
    return Standing(
        subject=subject,
        purpose=purpose,
        scope=scope,
        state=state,
        given_at=None if granted is None else granted.at,
        expires_at=expires,
        withdrawn_at=last.at if state is State.WITHDRAWN else None,
        notice=None if granted is None else granted.notice,
        decision_id=last.decision_id,
    )


def standings(subject: str, events: Iterable[Event], now: int) -> tuple[Standing, ...]:
    """Return how each consent that a person was ever asked for stands, by purpose and scope."""
    found = list(events)
    named = sorted({(each.purpose, each.scope) for each in found if each.subject == subject})
    return tuple(standing_of(subject, purpose, scope, found, now) for purpose, scope in named)


def _concerns(event: Event, subject: str, purpose: str, scope: str) -> bool:
    return (event.subject, event.purpose) == (subject, purpose) and event.scope in {scope, EVERY}


def receipt(event: Event, log: str, issued_at: int) -> str:
    """Return the text of a receipt for the person: what the ledger holds, and since when. One line, for a note.

    Names no person: `subject` is a pseudonym, and dies with the person's key.
    """
    stated = {"v": 1, "type": "consent-receipt", "log": log, "issued_at": moment(issued_at), "event": event.document()}
    return canonical.encode(stated).decode() + "\n"


def parse_evidence(value: Any) -> Evidence:
    """Return the evidence that a request describes: `{"method", "reference", "sha256"}`.

    Raises:
        ConsentError: `evidence`, it has another form.
    """
    wrong = ConsentError("evidence", "`evidence` has a `method`, a `reference` that names nobody, and a `sha256`")
    if not isinstance(value, Mapping) or value.keys() != {"method", "reference", "sha256"}:
        raise wrong
    method, reference, digest = value["method"], value["reference"], value["sha256"]
    if not isinstance(method, str) or method not in set(Method) or not isinstance(digest, str):
        raise wrong
    if not DIGEST.fullmatch(digest) or not isinstance(reference, str):
        raise wrong
    if not re.fullmatch(r"[a-z0-9][A-Za-z0-9._:/+-]{0,127}", reference, re.ASCII):
        raise wrong
    return Evidence(method=Method(method), reference=reference, sha256=digest)


def moment(seconds: int) -> str:
    """Return Unix seconds as policies and people read them: RFC 3339, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
