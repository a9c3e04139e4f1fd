"""The decision point as callers meet it: decide, record, and only then answer.

Handed its policies, its log and what conceals persons; knows neither SQL nor HTTP nor where keys are.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from app.pdp.bundle import Bundle
from app.pdp.decide import Decided, decide
from app.pdp.errors import DeniedError, UnrecordedError
from app.pdp.evaluators import Evaluators
from app.pdp.fast_path import Asking, FastPath
from app.pdp.model import Decision, Durability, Entity, Environment, EvaluationRequest, Keeping
from app.pdp.request import document, join, split
from evidence.chain import Appended
from evidence.errors import EvidenceError
from evidence.record import Draft, Position

_DEFAULT = Keeping()
INLINE = 16_384
"""Bytes of a request that stand in the record itself; see `Pdp`."""


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


class Caller(Protocol):
    """Who asks, as their token proved: a service, which the record names."""

    @property
    def subject(self) -> str:
        """Return the service's name."""

    @property
    def tenant(self) -> str:
        """Return whose data it speaks of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """One admitted bundle, the evaluators that run it, and the short way to an answer for some of its actions."""

    bundle: Bundle
    evaluators: Evaluators
    fast: FastPath | None = None

    def asking(self) -> Asking:
        """Return the way to the answer of one decision."""
        return Asking(self.fast, self.evaluators.evaluate, self.bundle.engine)

    async def close(self) -> None:
        """Answer what was asked, and end."""
        if self.fast is not None:
            await self.fast.close()
        await self.evaluators.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A decision that is on disk, or further: `durability` says how far.

    `asked` is the document that the record seals: it holds personal data.
    """

    decision: Decision
    appended: Appended
    bundle: Bundle
    durability: Durability
    asked: bytes = field(repr=False)

    @property
    def decision_id(self) -> str:
        """Return the decision's id."""
        return self.appended.position.decision_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Proof that an action may happen: it was allowed, and that is on record. Made by `Pdp.enforce` alone."""

    request: EvaluationRequest
    recorded: Recorded

    @property
    def decision_id(self) -> str:
        """Return the id of the decision that permits."""
        return self.recorded.decision_id


class Pdp:
    """One decision point. `policies` may be replaced between two requests."""

    def __init__(  # noqa: PLR0913 - what it is handed
        self,
        policies: Policies,
        log: Log,
        concealer: Concealer,
        clock: Callable[[], datetime],
        *,
        payloads: Payloads | None = None,
        inline: int = INLINE,
    ) -> None:
        """Decide by `policies`, record in `log`.

        A request of more than `inline` bytes is kept in `payloads`, where there are any, and not in the record.
        """
        self.policies = policies
        self._log, self._concealer, self._clock = log, concealer, clock
        self._payloads, self._inline = payloads, inline

    async def evaluate(
        self, request: EvaluationRequest, caller: Caller, *, durability: Durability = Durability.JOURNAL
    ) -> Recorded:
        """Return the decision on `request`, which came from `app.pdp.request`, allow or deny, once it is on record.

        Args:
            request: what is asked.
            caller: who asks.
            durability: where the record has to be by then, at least; the policy of the action may ask for more.

        Raises:
            MalformedRequestError: code made it up, of values that JSON does not have.
            TooLargeError: code made it up, and larger than any record keeps.
            UnrecordedError: the log could not take it. No evidence, no action.
            EvaluatorsGoneError: nobody can decide any more.
        """
        policies = self.policies
        asked = document(request, self._environment(caller))
        texts = split(asked)  # first: what cannot be sealed is not worth deciding
        action = policies.bundle.actions.get(request.action)
        keeping = action.keeping if action else _DEFAULT
        durability = durability.or_more(keeping.durability)
        chain = self._chain(keeping.retention)
        asking = policies.asking()
        with chain.coming():
            decided = await decide(policies.bundle, asking.evaluate, asked)
            persons, resource = await self._conceal(request, caller, decided)
        named = {"subject": persons[0].subject, "durability": durability.value} | resource
        body = _body(request, caller, policies.bundle, decided, named)
        body["policy"]["engine"] = asking.engine
        said = list(zip(persons, texts if len(persons) == len(texts) else (join(*texts),), strict=True))
        if self._payloads is not None and sum(map(len, texts)) > self._inline:
            body["payloads"] = [await self._payloads.keep(person, text) for person, text in said]
            said = []

        def build(position: Position) -> Draft:
            place = position.decision_id
            blocks = tuple(person.seal(text, place=(place, index)) for index, (person, text) in enumerate(said))
            return Draft(type="decision", tenant=caller.tenant, body=body, sealed=blocks)

        try:
            appended = await chain.append(build)
            if durability is Durability.LOCKED:
                await chain.locked(appended)
        except EvidenceError as error:
            raise UnrecordedError(str(error)) from error
        asking.recorded(appended.position.decision_id)
        return Recorded(
            decision=decided.decision,
            appended=appended,
            bundle=policies.bundle,
            durability=durability,
            asked=join(*texts),
        )

    def _chain(self, retention_class: str | None) -> Chain:
        try:
            return self._log.chain(retention_class)
        except EvidenceError as error:
            raise UnrecordedError(str(error)) from error

    async def enforce(
        self, request: EvaluationRequest, caller: Caller, *, durability: Durability = Durability.JOURNAL
    ) -> Permit:
        """Return a permit for `request`, or raise; see `evaluate`.

        Raises:
            DeniedError: policy denies it; the denial is in the log.
            MalformedRequestError, TooLargeError: code made it up, see `evaluate`.
            UnrecordedError: the log could not take the decision. No evidence, no action.
            EvaluatorsGoneError: nobody can decide any more.
        """
        recorded = await self.evaluate(request, caller, durability=durability)
        if not recorded.decision.allow:
            raise DeniedError(recorded.decision_id)
        return Permit(request=request, recorded=recorded)

    async def refuse(self, caller: Caller, reason: str, sha256: str, suppressed: int) -> None:
        """Record that bytes of `caller` were no request. `sha256` is of the bytes, and is sealed: it could be guessed.

        Raises:
            UnrecordedError: the log could not take it.
        """
        person = await self._concealer.person(caller.tenant, "caller", caller.subject)
        body = {"caller": caller.subject, "reason": reason, "suppressed": suppressed}

        def build(position: Position) -> Draft:
            block = person.seal(sha256.encode(), place=(position.decision_id, 0))
            return Draft(type="request.refused", tenant=caller.tenant, body=body, sealed=(block,))

        try:
            await self._chain(None).append(build)
        except EvidenceError as error:
            raise UnrecordedError(str(error)) from error

    async def activate(self, policies: Policies, previous: str | None) -> None:
        """Decide under `policies` from now on, once every chain has it; `previous` is the digest of those before.

        Raises:
            UnrecordedError: the log could not take it; nothing was changed.
        """
        bundle = policies.bundle
        body = _identity(bundle) | {"previous": previous}
        try:
            for chain in self._log.chains():
                await chain.append(lambda _: Draft(type="policy.activated", tenant="system", body=body), always=True)
        except EvidenceError as error:
            raise UnrecordedError(str(error)) from error
        self.policies = policies

    async def disagreed(self, bundle: Bundle, action: str, decision_id: str) -> None:
        """Record that the virtual machine decided `decision_id` otherwise than the interpreter does.

        Raises:
            UnrecordedError: the log could not take it.
        """
        body = _identity(bundle) | {"action": action, "decision": decision_id}
        try:
            await self._chain(None).append(
                lambda _: Draft(type="engine.disagreed", tenant="system", body=body), always=True
            )
        except EvidenceError as error:
            raise UnrecordedError(str(error)) from error

    def _environment(self, caller: Caller) -> Environment:
        time = self._clock().isoformat(timespec="seconds")[:19] + "Z"
        return Environment(time=time, tenant=caller.tenant, caller=caller.subject)

    async def _conceal(
        self, request: EvaluationRequest, caller: Caller, decided: Decided
    ) -> tuple[tuple[Person, ...], dict[str, Any]]:
        """Return whom the request speaks of, the subject first, and what the record says of the resource."""
        person = self._concealer.person
        subject = await person(caller.tenant, request.subject.type, request.subject.id)
        if decided.names_resource:
            return (subject,), {"resource": {"type": request.resource.type, "id": request.resource.id}}
        resource = await person(caller.tenant, request.resource.type, request.resource.id)
        told = {"type": _known(request.resource, decided), "ref": resource.subject}
        return (subject, resource), {"resource": told}


def _known(entity: Entity, decided: Decided) -> str | None:
    """Return the type of `entity` where the contract took it; otherwise it is anybody's free text."""
    return entity.type if decided.contract_held else None


def _identity(bundle: Bundle) -> dict[str, Any]:
    """Return what a record says of the policies."""
    return {"bundle": bundle.digest, "revision": bundle.revision, "engine": bundle.engine}


def _body(
    request: EvaluationRequest, caller: Caller, bundle: Bundle, decided: Decided, named: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "caller": caller.subject,
        "action": request.action if decided.action_known else None,
        "subject": {"type": _known(request.subject, decided), "ref": named["subject"]},
        "resource": named["resource"],
        "policy": _identity(bundle),
        "result": decided.decision.document(),
        "durability": named["durability"],
    }
