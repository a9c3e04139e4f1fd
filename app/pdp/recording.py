"""What the decision point records in: chains, persons and payloads as it needs them, and how records get there.

Owns that what belongs together is appended together. Knows neither decisions nor policies.
"""

from asyncio import gather
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import orjson

from app.pdp.errors import UnrecordedError
from app.pdp.model import Durability
from evidence.chain import Appended
from evidence.errors import EvidenceError, MalformedError
from evidence.record import Draft, Position

_CANONICAL: Final = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


class Chain(Protocol):
    """Where records of one retention class go; the answer is there once they are on disk, or an `EvidenceError` is."""

    def append(self, build: Callable[[Position], Draft], *, always: bool = False) -> Awaitable[Appended]:
        """Take in the draft that `build` makes of its position, without awaiting; `always` also where room is short."""

    def coming(self) -> AbstractContextManager[None]:
        """Say that whoever is inside will append in a moment."""

    async def locked(self, appended: Appended) -> None:
        """Return once a record is in the write-once store, under a seal that was read back.

        Raises:
            EvidenceError: it is not there in time; it is on disk, and will be there.
        """


class Log(Protocol):
    """The chains of this process."""

    def chain(self, retention_class: str | None) -> Chain:
        """Return the chain of a class (None: the default).

        Raises:
            EvidenceError: there is none.
        """

    def chains(self) -> Iterable[Chain]:
        """Return all of them."""


class Person(Protocol):
    """Somebody a record speaks of, by pseudonym, with the key that seals what is said."""

    @property
    def subject(self) -> str:
        """Return the pseudonym."""

    def seal(self, text: bytes, *, place: tuple[str, int]) -> dict[str, str]:
        """Return a sealed block of `text`, bound to (decision id, index in the record).

        Raises:
            UnrecordedError: the key was destroyed since the person was named.
        """


class Payloads(Protocol):
    """Keeps what is too large for a record, sealed and deletable, outside the log."""

    async def keep(self, person: Person, text: bytes) -> dict[str, Any]:
        """Return what the record says of `text`, which is kept under the person's key and durable by now.

        Raises:
            UnrecordedError: it cannot be kept, or the key was destroyed since.
        """


class Concealer(Protocol):
    """Knows the pseudonym and the data key of everybody."""

    async def person(self, tenant: str, kind: str, identifier: str) -> Person:
        """Return somebody's pseudonym and key, durable by now.

        Raises:
            UnrecordedError: the key store cannot be reached.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be recorded: where, what `build` makes of the position, and how durable it has to be."""

    chain: Chain
    build: Callable[[Position], Draft] = field(repr=False)
    durability: Durability = Durability.JOURNAL


async def append(entries: Sequence[Entry]) -> list[Appended]:
    """Append them in one go, without awaiting in between, and return once each is as durable as it has to be.

    Raises:
        UnrecordedError: the log could not take one of them.
    """
    waiting: list[Awaitable[Appended]] = []
    try:
        for each in entries:
            waiting.append(each.chain.append(each.build))  # noqa: PERF401 - where one raises, the others are in
        appended = [await each for each in waiting]
        for each, one in zip(entries, appended, strict=True):
            if each.durability is Durability.LOCKED:
                await each.chain.locked(one)
    except Exception as error:
        await gather(*waiting, return_exceptions=True)  # nobody else hears what has become of the others
        if isinstance(error, EvidenceError):
            raise UnrecordedError(str(error)) from error
        raise
    return appended


def sealed(said: Sequence[tuple[Person, bytes]], position: Position) -> tuple[bytes, ...]:
    """Return each text under the key of whom it speaks of, bound to the place that its record gets.

    Raises:
        UnrecordedError: a key was destroyed since.
    """
    place = position.decision_id
    return tuple([canonical(person.seal(text, place=(place, index))) for index, (person, text) in enumerate(said)])


def canonical(value: Mapping[str, Any]) -> bytes:
    """Return what `evidence.canonical.encode` returns, in a tenth of the time, of an object within the profile.

    orjson sorts names by their UTF-8, which is by code point, and escapes as RFC 8785 does.

    Raises:
        MalformedError: it has a lone surrogate, or something JSON does not know.
    """
    try:
        return orjson.dumps(value, option=_CANONICAL)
    except TypeError as error:
        raise MalformedError("value has no canonical form") from error


async def say(chains: Iterable[Chain], draft: Draft) -> None:
    """Append a draft to each of these chains, even where room is short.

    Raises:
        UnrecordedError: one of them could not take it.
    """
    try:
        for chain in chains:
            await chain.append(lambda _: draft, always=True)
    except EvidenceError as error:
        raise UnrecordedError(str(error)) from error
