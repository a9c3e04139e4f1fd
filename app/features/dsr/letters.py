"""Letters as rows: written with what they tell of, sent when it is time, given up after days.

Address and secret are sealed under the person's key, and go once a letter was sent or given up. Owns when one is sent
again. Knows no SMTP.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlmodel import Session, col, exists, select

from app.alerts.outbox import PAUSES, Delivery
from app.db import reading, writing
from app.features.dsr.clocks import DAY
from app.features.dsr.errors import DsrError
from app.features.dsr.identity_code import LIFETIME
from app.features.dsr.keeping import Posting
from app.features.dsr.letter import Letter, LetterKind
from app.features.dsr.person import said_of
from app.features.dsr.request import Step
from app.features.dsr.rows import LetterRow, RequestRow, StepRow
from app.features.dsr.said import is_address
from app.features.dsr.vault import Vault
from app.pdp.enforce import Permit
from app.privacy.errors import PrivacyError

TOLD: Final = frozenset({Step.ASK, Step.COMPLETE, Step.DENY, Step.EXTEND})
"""The steps of which persons are told that there is news."""

_MOST: Final = 100  # letters of one round
_OLD: Final = 7 * DAY  # of news of which nobody is told any more
_PLACE: Final = "letter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A letter that is to be sent now, with the language of the person, for the `attempts` + first time."""

    letter: Letter
    language: str
    attempts: int


def draft(  # noqa: PLR0913 - what a letter is made of
    row: RequestRow, kind: LetterKind, to: str, secret: str, *, vault: Vault, account: str, now: int
) -> LetterRow:
    """Return a letter to come, with its address sealed under the key of the person, whom `account` names.

    Raises:
        VaultError: the key store fails.
    """
    text = json.dumps({"to": to, "secret": secret}).encode()
    sealed = vault.seal(row.tenant, row.person_kind, account, text, (f"{_PLACE}/{row.id}/{kind.value}", now))
    made = _row(row.id, kind, now)
    made.subject, made.sealed = sealed.subject, dict(sealed.block)
    return made


def posting(letter: LetterRow) -> Posting:
    """Return what has a letter be sent, once the transaction of the step that it tells of is committed."""

    def post(session: Session, permit: Permit, number: int) -> None:
        letter.number, letter.decision_id = number, permit.decision_id
        session.add(letter)

    return post


def empty(now: int) -> bool:
    """Tell whether there is nothing to send, and no news to write of."""
    with reading() as session:
        return session.exec(_due(now).limit(1)).first() is None and session.exec(_news(now).limit(1)).first() is None


def tell_news(permit: Permit, now: int) -> None:
    """Write of each step that persons are told of, once."""
    with writing(permit) as session:
        for step in session.exec(_news(now).limit(_MOST)).all():
            posting(_row(step.request, LetterKind.NEWS, now))(session, permit, step.number)


def waiting(now: int) -> list[tuple[str, int]]:
    """Return which letters are to be sent now: request and number, the oldest first."""
    with reading() as session:
        return [(row.request, row.number) for row in session.exec(_due(now).limit(_MOST)).all()]


def opened(request: str, number: int, vault: Vault) -> Waiting | None:
    """Return a letter; None where nobody knows any more to whom it goes.

    Raises:
        VaultError: the key store fails.
    """
    with reading() as session:
        row, asked = session.get(LetterRow, (request, number)), session.get(RequestRow, request)
    if row is None or asked is None or (row.sealed is None and row.kind != LetterKind.NEWS):
        return None
    try:
        said = _opened(row, asked, vault)
    except (PrivacyError, DsrError) as error:
        if error.code == "vault":
            raise
        return None  # the person was erased, or what they said is gone
    if not is_address(said["to"]):
        return None
    letter = Letter(
        request=request,
        number=number,
        kind=LetterKind(row.kind),
        to=said["to"],
        secret=said["secret"],
        at=datetime.fromtimestamp(row.at, UTC),
    )
    return Waiting(letter=letter, language=asked.language, attempts=row.attempts)


def sent(permit: Permit, request: str, number: int) -> None:
    """Say that a letter was taken."""
    _change(permit, request, number, lambda row: _end(row, Delivery.DELIVERED, ""))


def failed(  # noqa: PLR0913 - what is known of a failure
    permit: Permit, request: str, number: int, code: str, now: int, *, hopeless: bool = False
) -> Delivery:
    """Say that a letter was not taken; return whether it will be sent again. A code is, while it is good."""

    def change(row: LetterRow) -> None:
        over = row.attempts >= len(PAUSES) or (row.kind == LetterKind.CODE and now >= row.at + LIFETIME)
        if hopeless or over:
            _end(row, Delivery.DEAD, code)
        else:
            row.next_at, row.code = now + PAUSES[row.attempts], code
        row.attempts += 1

    return _change(permit, request, number, change)


def _end(row: LetterRow, state: Delivery, code: str) -> None:
    row.state, row.code, row.sealed = state.value, code, None


def _change(permit: Permit, request: str, number: int, change: Callable[[LetterRow], None]) -> Delivery:
    with writing(permit) as session:
        row = session.get_one(LetterRow, (request, number), with_for_update=True)
        change(row)
        session.add(row)
        return Delivery(row.state)


def _opened(row: LetterRow, asked: RequestRow, vault: Vault) -> Mapping[str, Any]:
    if row.kind == LetterKind.NEWS:
        return {"to": said_of(asked, vault).contact, "secret": ""}
    text = vault.open(row.subject or "", row.sealed or {}, (f"{_PLACE}/{row.request}/{row.kind}", row.at))
    found: dict[str, Any] = json.loads(text)
    return found


def _row(request: str, kind: LetterKind, now: int) -> LetterRow:
    return LetterRow(request=request, number=0, kind=kind.value, state=Delivery.WAITING.value, at=now, next_at=now)


def _due(now: int) -> Any:
    due = select(LetterRow).where(col(LetterRow.state) == Delivery.WAITING.value, col(LetterRow.next_at) <= now)
    return due.order_by(col(LetterRow.next_at), LetterRow.request, col(LetterRow.number))


def _news(now: int) -> Any:
    written = exists().where(
        col(LetterRow.request) == col(StepRow.request), col(LetterRow.number) == col(StepRow.number)
    )
    fresh = (col(StepRow.step).in_([each.value for each in TOLD]), col(StepRow.at) > now - _OLD)
    return select(StepRow).where(*fresh, ~written).order_by(col(StepRow.at), StepRow.request)
