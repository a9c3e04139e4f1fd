"""One-time codes that show who somebody is: made, kept as hashes, tried a few times. Each runs under its permit.

Eight digits, ten minutes, five tries; a new one takes the place of the old. What is kept is a keyed hash, as so few
digits would be found again from a plain one.
"""

import hmac
import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from app.db import writing
from app.features.dsr.keeping import Move, Posting, apply, locked, step_count
from app.features.dsr.request import State, Step
from app.features.dsr.rows import CodeRow
from app.pdp.enforce import Permit

LIFETIME: Final = 600
"""Seconds that a code is good for."""

TRIES: Final = 5
DIGITS: Final = 8
METHOD: Final = "code"
"""The method of verification."""


class Entered(StrEnum):
    """What came of a code that was entered."""

    RIGHT = "right"
    WRONG = "wrong"
    SPENT = "spent"  # none is good any more: it takes another


def issue(  # noqa: PLR0913, PLR0917 - what a code is made of
    permit: Permit,
    identifier: str,
    key: bytes,
    now: int,
    random: Callable[[int], int] = secrets.randbelow,
    letter: Callable[[str], Posting] | None = None,
) -> str:
    """Return a fresh code for a request; the person was asked with it, which may stop the clock.

    `letter` writes what tells the person of it.

    Raises:
        UnknownRequestError, StepError: see `keeping.take`.
    """
    code = f"{random(10**DIGITS):0{DIGITS}}"
    posting = None if letter is None else letter(code)
    with writing(permit) as session:
        row = locked(session, identifier)
        apply(session, row, permit, Move(step=Step.ASK_IDENTITY, code=METHOD, by=permit.request.subject.id, at=now))
        found = session.get(CodeRow, identifier) or CodeRow(request=identifier, digest="", expires_at=0)
        found.digest, found.expires_at, found.tries = _digest(key, identifier, code), now + LIFETIME, 0
        session.add(found)
        if posting is not None:
            posting(session, permit, step_count(session, identifier))
    return code


def enter(permit: Permit, identifier: str, key: bytes, code: str, now: int) -> Entered:
    """Return whether `code` is the one, and if so have the request be verified. A wrong one is counted.

    Raises:
        UnknownRequestError: there is no such request.
    """
    with writing(permit) as session:
        row = locked(session, identifier)
        found = session.get(CodeRow, identifier)
        waits = row.state == State.IDENTITY_UNVERIFIED.value
        if found is None or found.tries >= TRIES or now >= found.expires_at or not waits:
            return Entered.SPENT
        found.tries += 1
        session.add(found)
        right = hmac.compare_digest(found.digest, _digest(key, identifier, code))
        if right:
            session.delete(found)
            apply(session, row, permit, Move(step=Step.VERIFY, code=METHOD, by="visitor", at=now))
            return Entered.RIGHT
        return Entered.WRONG if found.tries < TRIES else Entered.SPENT


def _digest(key: bytes, identifier: str, code: str) -> str:
    kept = "".join(code.split())
    return hmac.new(key, f"omega dsr code\n{identifier}\n{kept}".encode("utf-8", "replace"), "sha256").hexdigest()
