"""What the routes of this room work with: the clock, and who bought what."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from flask import Flask, current_app, request
from sqlmodel import Session

from app.errors import problem
from app.features.marketplace.errors import SayingError
from app.features.marketplace.lifecycle.rows import LONGEST
from app.features.marketplace.parties import as_party_or_oneself, party_of
from app.features.marketplace.rows import PartyKind
from app.pdp.model import Entity
from app.pep import RefusedError, gate_of_request, sent

_EXTENSION: Final = "omega.market_life"


class Order(Protocol):
    """What somebody bought."""

    @property
    def id(self) -> str:
        """Its id."""


class Trade(Protocol):
    """What this room asks of the rooms that sell and install."""

    def bought(self, session: Session, buyer: str, agent: str) -> Order | None:
        """Return the order of a buyer for an agent that stands, if there is one."""

    def downloads(self, session: Session, agent: str) -> int:
        """Return how often an agent was installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the application is handed: Unix seconds, and who asks what was bought."""

    now: Callable[[], float]
    trade: Trade


def install(app: Flask, desk: Desk) -> None:
    """Have the routes of this room work with `desk`."""
    app.extensions[_EXTENSION] = desk


def desk() -> Desk:
    """Return what the application that answers was handed."""
    found: Desk = current_app.extensions[_EXTENSION]
    return found


def now() -> int:
    """Return the time, in Unix seconds."""
    return int(desk().now())


def moment(seconds: int) -> str:
    """Return a time as policies read it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def sender() -> Entity:
    """Return who sends the request that is being answered."""
    return gate_of_request().subject()


def in_own_name_or_party(acting: Entity) -> Entity:
    """Return for whom somebody acts: their developer, else the buyer they belong to, else themselves in their office.

    Who belongs to a developer acts for no office, so that nobody decides as an officer on what is their own.
    """
    return as_party_or_oneself(acting, PartyKind.DEVELOPER, PartyKind.BUYER)


def acts_for(session: Session, developer: str) -> bool:
    """Return whether whoever sends the request acts for this developer."""
    return party_of(session, sender(), PartyKind.DEVELOPER, developer) is not None


def written(name: str = "text", *, least: int = 8) -> str:
    """Return a text that was sent.

    Raises:
        SayingError: it is missing, too short or too long.
    """
    value = sent().get(name)
    if not isinstance(value, str) or not least <= len(value.strip()) <= LONGEST:
        raise SayingError(f"`{name}` has to be a text of {least} to {LONGEST} characters")
    return value.strip()


def number(said: Any, name: str) -> Any:
    """Return what was sent as `name`: a number, whether a form or JSON said it; else as it is, for the contract."""
    value = said.get(name)
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value


def taken(said: Any, *names: str) -> dict[str, Any]:
    """Return these members of what was sent; in a form, an empty field is none, and a time may lack seconds and zone.

    What is not there or has another form, the contract of the action refuses.
    """
    found = {name: said[name] for name in names if said.get(name) not in (None, "")}
    if request.is_json:
        return found
    short = len("2026-11-22T14:00")
    timed = {n for n in found if n in {"until", "ends_at"} or n.endswith("_until")}
    return {n: f"{v}:00Z" if n in timed and isinstance(v, str) and len(v) == short else v for n, v in found.items()}


def refused(code: str, detail: str) -> RefusedError:
    """Return the refusal of a request."""
    return RefusedError(problem(code, detail))
