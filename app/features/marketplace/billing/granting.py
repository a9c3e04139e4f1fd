"""Granting a coupon: what somebody says of it, as policy is told and as it is kept."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlmodel import Session, select

from app.features.marketplace.billing.coupon import Discount, Funding
from app.features.marketplace.billing.coupons import CODE, coupon_of, shown
from app.features.marketplace.billing.errors import PlanError
from app.features.marketplace.billing.looking import agent_of
from app.features.marketplace.billing.rows import CouponRow, ReferralRow
from app.features.marketplace.errors import SayingError, UnknownError
from app.features.marketplace.rows import PartyKind, PartyRow
from app.pdp.model import Entity

_DAY: Final = 86_400
_LONGEST: Final = 64


def stated(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what policy is told of a discount that somebody wants to grant.

    Raises:
        SayingError: something is missing, or has another form.
    """
    currency = said.get("currency") or None
    known = {
        "discount": _word(Discount, said, "discount").value,
        "funding": _word(Funding, said, "funding").value,
        "basis_points": _number(said, "basis_points", 0),
        "amount_minor": _number(said, "amount_minor", 0),
        "uses": _number(said, "uses", 1),
        "days": _number(said, "days", 90),
    }
    if currency is not None and (not isinstance(currency, str) or len(currency) != 3):  # noqa: PLR2004 - ISO 4217
        raise SayingError("`currency` has three capital letters")
    return known if currency is None else known | {"currency": currency}


def code_of(said: Mapping[str, Any]) -> str:
    """Return the code that somebody wants, or one that nobody guesses.

    Raises:
        SayingError: it has another form.
    """
    code = said.get("code") or secrets.token_hex(8).upper()
    if not isinstance(code, str) or not CODE.fullmatch(code):
        raise SayingError("`code` has 6 to 32 capital letters, digits and hyphens")
    return code


def facts(session: Session, code: str, said: Mapping[str, Any], agent: str | None, now: int) -> Entity:
    """Return a coupon that is to be, as policy sees it.

    Raises:
        UnknownError: there is no such agent or referral.
    """
    developer = "" if agent is None else agent_of(session, agent).developer
    order = _text(said, "referral")
    referral = {"named": False, "refundable_until": _moment(now), "withdrawn": False, "granted": False}
    if order is not None:
        row = session.get(ReferralRow, order)
        if row is None:
            raise UnknownError("there is no such referral")
        granted = session.exec(select(CouponRow.code).where(CouponRow.referral == order)).first() is not None
        referral = {
            "named": True,
            "refundable_until": _moment(row.refundable_until),
            "withdrawn": row.withdrawn,
            "granted": granted,
        }
    return Entity(type="coupon", id=shown(code), properties={"developer": developer, "referral": referral})


def row_of(  # noqa: PLR0913 - what it is, for whom, by what
    session: Session, code: str, said: Mapping[str, Any], agent: str | None, *, now: int, decision_id: str
) -> CouponRow:
    """Return a coupon as it is kept: of a referral, for the buyer who referred.

    Raises:
        UnknownError: there is no such buyer.
        SayingError: it has not what its discount needs.
    """
    wanted, order, buyer = stated(said), _text(said, "referral"), _text(said, "buyer")
    if order is not None:
        buyer = session.get_one(ReferralRow, order).referrer
    if buyer is not None:
        party = session.get(PartyRow, buyer)
        if party is None or party.kind != PartyKind.BUYER.value:
            raise UnknownError("there is no such buyer")
    made = CouponRow(
        code=code,
        discount=wanted["discount"],
        funding=wanted["funding"],
        basis_points=wanted["basis_points"],
        least=_number(said, "least", 1),
        amount=wanted["amount_minor"],
        currency=wanted.get("currency"),
        agent=agent,
        buyer=buyer,
        uses=wanted["uses"],
        valid_from=now,
        valid_until=now + wanted["days"] * _DAY,
        referral=order,
        created_at=now,
        decision_id=decision_id,
    )
    try:
        coupon_of(made)
    except PlanError as error:
        raise SayingError(str(error)) from None
    return made


def _word(words: Any, said: Mapping[str, Any], name: str) -> Any:
    try:
        return words(said.get(name))
    except ValueError:
        raise SayingError(f"`{name}` is one of {', '.join(words)}") from None


def _number(said: Mapping[str, Any], name: str, unless: int) -> int:
    value = said.get(name)
    if value is None or value == "":
        return unless
    text = str(value)
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or len(text) > 15:  # noqa: PLR2004 - enough
        raise SayingError(f"`{name}` is a whole number")
    return int(text)


def _text(said: Mapping[str, Any], name: str) -> str | None:
    value = said.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise SayingError(f"`{name}` is a text")
    return value


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
