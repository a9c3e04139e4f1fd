"""A buyer is given a token to install a release, and uses it: short-lived, once, bound to the buyer and to the bytes.

Owns tokens and their rows. A token says nothing of what it allows: that is decided when it is given, and again when it
is used.
"""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlmodel import Session, select

from app.features.marketplace.acting import effect
from app.features.marketplace.billing.rows import PlanRow
from app.features.marketplace.catalogue.drafting import found, found_release
from app.features.marketplace.catalogue.rows import InstallRow
from app.features.marketplace.errors import UnknownError
from app.pdp.enforce import Permit
from app.pep import Resource

Bought = Callable[[Session, str, str], bool]
"""Tells whether a buyer has paid for an agent and not been paid back in whole."""

_TOKEN: Final = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Till:
    """What installs are decided by.

    Attributes:
        secret: that tokens are signed with.
        bought: see `Bought`.
    """

    secret: bytes
    bought: Bought

    def entitled(self, session: Session, buyer: str, agent: str) -> bool:
        """Tell whether a buyer may have an agent: it is bought, or there is no price to it."""
        priced = select(PlanRow.id).where(PlanRow.agent == agent).limit(1)
        return session.exec(priced).first() is None or self.bought(session, buyer, agent)


def for_issue(  # noqa: PLR0913 - who wants what, and by what it is decided
    session: Session, agent: str, version: str | None, buyer: str, till: Till, *, lock: bool = False
) -> Resource:
    """Return the release that a buyer wants to install: the named one, or the one on sale.

    Raises:
        UnknownError: there is none.
    """
    of = found(session, agent, lock=lock)
    row = found_release(session, agent, version or of.newest or "", lock=lock)
    facts: dict[str, Any] = {
        "step": "issue",
        "bought": till.entitled(session, buyer, agent),
        "buyer": buyer,
        "agent_state": of.state,
        "state": row.state,
        "artifact": row.artifact,
        "expected": row.artifact,
        "age_seconds": 0,
        "redeemed": 0,
    }
    return Resource(type="release", id=f"{agent}:{row.version}", properties=facts)


def for_redemption(session: Session, install: InstallRow, till: Till, now: int, *, lock: bool = False) -> Resource:
    """Return the release that a token is for, as it stands now.

    Raises:
        UnknownError: there is none any more.
    """
    of = found(session, install.agent, lock=lock)
    row = found_release(session, install.agent, install.version, lock=lock)
    facts: dict[str, Any] = {
        "step": "redeem",
        "bought": till.entitled(session, install.buyer, install.agent),
        "buyer": install.buyer,
        "agent_state": of.state,
        "state": row.state,
        "artifact": row.artifact,
        "expected": install.artifact,
        "age_seconds": max(0, now - install.issued_at),
        "redeemed": 0 if install.redeemed_at is None else 1,
    }
    return Resource(type="release", id=f"{install.agent}:{install.version}", properties=facts)


def issue(permit: Permit, version: str | None, till: Till, *, name: str, now: int) -> tuple[InstallRow, str]:
    """Keep that a token was given, and return it.

    Args:
        permit: of `marketplace.install`.
        version: that the buyer named; None for the one on sale.
        till: what installs are decided by.
        name: of the install: 32 random hexadecimal digits.
        now: Unix seconds.

    Raises:
        ChangedError: the release is described differently by now.
    """
    resource, buyer = permit.request.resource, permit.request.subject.id
    agent, _, pinned = resource.id.partition(":")
    row = InstallRow(
        id=name,
        agent=agent,
        version=pinned,
        artifact=resource.properties["artifact"],
        buyer=buyer,
        pinned=version is not None,
        issued_at=now,
        decision_id=permit.decision_id,
    )
    with effect(
        permit, lambda session: for_issue(session, agent, version, buyer, till, lock=True), now=lambda: now
    ) as session:
        session.add(row)
    return row, f"{row.id}.{_seal(row, till.secret)}"


def redeem(permit: Permit, install: InstallRow, till: Till, now: int) -> InstallRow:
    """Keep that a token was used.

    Raises:
        ChangedError: it was used meanwhile, or the release is described differently by now.
    """
    asked_at = install.issued_at + int(permit.request.resource.properties["age_seconds"])

    def described(session: Session) -> Resource:
        row = session.get_one(InstallRow, install.id, with_for_update=True)
        return for_redemption(session, row, till, asked_at, lock=True)

    with effect(permit, described, now=lambda: now) as session:
        row = session.get_one(InstallRow, install.id)
        row.redeemed_at, row.decision_id = now, permit.decision_id
        session.add(row)
    return row


def known(session: Session, token: str, till: Till) -> InstallRow:
    """Return the install of a token.

    Raises:
        UnknownError: it is no token, or none of ours.
    """
    form = _TOKEN.fullmatch(token)
    row = session.get(InstallRow, form[1]) if form else None
    if form is None or row is None or not hmac.compare_digest(form[2], _seal(row, till.secret)):
        raise UnknownError("there is no such token")
    return row


def _seal(row: InstallRow, secret: bytes) -> str:
    return hmac.new(secret, f"install {row.id} {row.artifact} {row.buyer}".encode(), "sha256").hexdigest()
