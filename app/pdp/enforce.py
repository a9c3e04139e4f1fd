"""The decision point as callers meet it: decide, record, and only then answer.

Handed its policies, its log and what conceals persons; knows neither SQL nor HTTP nor where keys are.
"""

from asyncio import gather
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from app.pdp.bundle import Bundle
from app.pdp.caller_directory import CallerDirectory
from app.pdp.decide import Decided, decide
from app.pdp.errors import DeniedError, NoPoliciesError, UnrecordedError
from app.pdp.evaluators import Evaluators
from app.pdp.fast_path import Asking, FastPath
from app.pdp.grants import Grants, NoGrants
from app.pdp.model import Decision, Durability, Entity, Environment, EvaluationRequest, Keeping
from app.pdp.observer import Evaluated, Observer, Unobserved
from app.pdp.overriding import decide_with_grants
from app.pdp.recording import Chain, Concealer, Entry, Log, Payloads, Person, append, canonical, say, sealed
from app.pdp.request import document, join, split
from app.pdp.searching import Found, Page, Query, find, told
from evidence.chain import Appended
from evidence.errors import EvidenceError
from evidence.record import Draft, Position

_DEFAULT = Keeping()
_ACTIVATED, _NODE = "policy.activated", "system"
INLINE = 16_384
"""Bytes of a request that stand in the record itself; see `Pdp`."""


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

    def at_once(self, action: str) -> bool:
        """Tell whether what is asked about an action is answered without waiting for an evaluator."""
        found = self.bundle.actions.get(action)
        return found is None or (self.fast is not None and self.fast.trusts(found.query))

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
class Searched:
    """One page of a search, whose record is on disk, or further."""

    found: Found
    appended: Appended
    bundle: Bundle
    durability: Durability


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sitting:
    """What all decisions of one message share: policies, who asks, when, and by type and id whom they speak of."""

    policies: Policies
    caller: Caller
    environment: Environment
    durability: Durability
    persons: dict[tuple[str, str], Person] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A decision that is to be recorded; see `Recorded`."""

    entry: Entry
    decision: Decision
    bundle: Bundle
    asked: bytes = field(repr=False)
    asking: Asking = field(repr=False)
    action: str | None = field(repr=False)
    times: tuple[int, int]  # of the observer: taken in, decided

    def recorded(self, appended: Appended) -> Recorded:
        """Return it once it is on record."""
        self.asking.recorded(appended.position.decision_id)
        return Recorded(
            decision=self.decision,
            appended=appended,
            bundle=self.bundle,
            durability=self.entry.durability,
            asked=self.asked,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Proof that an action may happen: it was allowed, and that is on record.

    Made by `Pdp.enforce`, and by those who ask a decision point over HTTP, of its answer.

    Attributes:
        request: what is permitted.
        decision_id: of the decision that permits it.
        decision: what was decided; the obligations stand in it.
        bundle: digest of the policies that decided.
        revision: of these policies.
    """

    request: EvaluationRequest
    decision_id: str
    decision: Decision
    bundle: str
    revision: str


class Pdp:
    """One decision point. `policies` may be replaced between two requests, and so may what tenants have of their own.

    `own` has the policies of each tenant that does not take the node's; None where nothing of them is in force.
    `retention` has the retention class of each tenant whose decisions do not go into the node's default.
    """

    def __init__(  # noqa: PLR0913 - what it is handed
        self,
        policies: Policies,
        log: Log,
        concealer: Concealer,
        clock: Callable[[], datetime],
        *,
        payloads: Payloads | None = None,
        inline: int = INLINE,
        observer: Observer | None = None,
        grants: Grants | None = None,
    ) -> None:
        """Decide by `policies`, record in `log`.

        A request of more than `inline` bytes is kept in `payloads`, where there are any, and not in the record.
        `observer` is told of each decision. `grants` has the overrides that policies are shown; without it, none.
        """
        self.policies = policies
        self.own: dict[str, Policies | None] = {}
        self.retention: Mapping[str, str] = {}
        self._directory: CallerDirectory | None = None
        self._log, self._concealer, self._clock = log, concealer, clock
        self._payloads, self._inline = payloads, inline
        self._observer: Observer = observer or Unobserved()
        self._grants: Grants = grants or NoGrants()

    @property
    def directory(self) -> CallerDirectory:
        """Return who is known by which credentials, by the policies in force."""
        if self._directory is None:
            own = {tenant: each.bundle.callers for tenant, each in self.own.items() if each is not None}
            self._directory = CallerDirectory(self.policies.bundle.callers, own)
        return self._directory

    def policies_of(self, caller: Caller) -> Policies:
        """Return what decides for the tenant of `caller`: its own policies, or else the node's.

        Raises:
            NoPoliciesError: it has its own, and none of them is in force. The node's never stand in for them.
        """
        policies = self.own.get(caller.tenant, self.policies)
        if policies is None:
            raise NoPoliciesError("no policies of this tenant are in force")
        return policies

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
            NoPoliciesError: see `policies_of`.
        """
        prepared = await self._prepare(self._sitting(caller, durability), request)
        [recorded] = await self._record([prepared])
        return recorded

    async def preview(self, request: EvaluationRequest, caller: Caller) -> Decision:
        """Return what policy would decide on `request` by now. Nothing is recorded, so nobody may act on it.

        Overrides do not count: using one is an act.

        Raises:
            MalformedRequestError, TooLargeError, EvaluatorsGoneError, NoPoliciesError: see `evaluate`.
        """
        policies = self.policies_of(caller)
        asked = document(request, self._environment(caller))
        return (await decide(policies.bundle, policies.asking().evaluate, asked)).decision

    async def evaluate_all(
        self,
        requests: Sequence[EvaluationRequest],
        caller: Caller,
        *,
        durability: Durability = Durability.JOURNAL,
        until: bool | None = None,
    ) -> list[Recorded]:
        """Return the decisions on `requests`, in their order and by one bundle, once all of them are on record.

        They are appended together, so that one sync does for all. With `until` the first of this value is the last:
        what comes after it is neither decided nor recorded.

        Raises:
            MalformedRequestError, TooLargeError, EvaluatorsGoneError: see `evaluate`; nothing is recorded.
            UnrecordedError: the log could not take all of them; those that it took are not to be acted on either.
        """
        sitting = self._sitting(caller, durability)
        if until is None and not all(sitting.policies.at_once(each.action) for each in requests):
            return await self._record(await gather(*[self._prepare(sitting, each) for each in requests]))
        if until is None:
            await self._meet(sitting, requests)
        prepared: list[_Prepared] = []
        for each in requests:
            prepared.append(await self._prepare(sitting, each))
            if prepared[-1].decision.allow is until:
                break
        return await self._record(prepared)

    async def _record(self, prepared: Sequence[_Prepared]) -> list[Recorded]:
        """Append decisions in one go, and return them once all are as durable as each asks for."""
        handed = self._observer.now()
        appended = await append([each.entry for each in prepared])
        ended = self._observer.now()
        recorded = [each.recorded(one) for each, one in zip(prepared, appended, strict=True)]
        for each, one in zip(prepared, recorded, strict=True):
            self._observer.evaluated(_evaluated(each, one.decision_id, handed, ended))
        return recorded

    async def search(
        self, query: Query, caller: Caller, page: Page, *, durability: Durability = Durability.JOURNAL
    ) -> Searched:
        """Return one page of what `query` finds, once it is on record that `caller` looked for it.

        Raises:
            UnrecordedError: the log could not take it. No evidence, no answer.
            EvaluatorsGoneError: nobody can decide any more.
            NoPoliciesError: see `policies_of`.
        """
        policies, environment = self.policies_of(caller), self._environment(caller)
        keeping = self._keeping(policies, query.action)
        durability = durability.or_more(keeping.durability)
        chain = self._chain(keeping.retention or self.retention.get(caller.tenant))
        person = self._concealer.person
        persons = {name: await person(caller.tenant, each.type, each.id) for name, each in query.named.items()}
        rest, resource = split(query.document() | {"environment": environment.document()})
        texts = (rest, resource) if len(persons) > 1 else (join(rest, resource),)
        with chain.coming():
            found = await find(policies.bundle, policies.evaluators.evaluate, query, environment, page)
        refs = {name: each.subject for name, each in persons.items()}
        body = told(policies.bundle, query, found, environment, refs)
        body |= {"policy": _identity(policies.bundle), "durability": durability.value}

        def build(position: Position) -> Draft:
            said = list(zip(persons.values(), texts, strict=True))
            return Draft(type="search", tenant=caller.tenant, body=canonical(body), sealed=sealed(said, position))

        [appended] = await append([Entry(chain=chain, build=build, durability=durability)])
        return Searched(found=found, appended=appended, bundle=policies.bundle, durability=durability)

    def _sitting(self, caller: Caller, durability: Durability) -> _Sitting:
        policies = self.policies_of(caller)
        return _Sitting(policies=policies, caller=caller, environment=self._environment(caller), durability=durability)

    async def _meet(self, sitting: _Sitting, requests: Sequence[EvaluationRequest]) -> None:
        """Name all subjects side by side: who is new to this worker has to be waited for."""
        subjects = {(each.subject.type, each.subject.id): each.subject for each in requests}
        if len(subjects) > 1:
            await gather(*[self._person(sitting, each) for each in subjects.values()])

    async def _person(self, sitting: _Sitting, entity: Entity) -> Person:
        name = entity.type, entity.id
        known = sitting.persons.get(name)
        if known is None:
            known = sitting.persons[name] = await self._concealer.person(sitting.caller.tenant, *name)
        return known

    async def _prepare(self, sitting: _Sitting, request: EvaluationRequest) -> "_Prepared":
        """Decide, and have everything at hand that its record needs."""
        started = self._observer.now()
        policies, caller = sitting.policies, sitting.caller
        asked = document(request, sitting.environment)
        texts = split(asked)  # first: what cannot be sealed is not worth deciding
        grants = self._grants.of(caller.tenant, request)
        keeping = self._keeping(policies, request.action)
        durability = sitting.durability.or_more(keeping.durability)
        asking = policies.asking()
        chain = self._chain(keeping.retention or self.retention.get(caller.tenant))
        with chain.coming():
            if grants:
                deciding = partial(decide, policies.bundle, asking.evaluate)
                found = await decide_with_grants(deciding, asked, grants, self._grants.use)
                decided, texts = found.decided, split(found.asked)
                durability = durability.or_more(found.durability)
            else:
                decided = await decide(policies.bundle, asking.evaluate, asked)
            spoken = self._observer.now()
            persons, resource = await self._conceal(sitting, request, decided)
        named = {"subject": persons[0].subject, "durability": durability.value} | resource
        body = _body(request, caller, policies.bundle, decided, named)
        body["policy"]["engine"] = asking.engine
        said = list(zip(persons, texts if len(persons) == len(texts) else (join(*texts),), strict=True))
        if self._payloads is not None and sum(map(len, texts)) > self._inline:
            body["payloads"] = [await self._payloads.keep(person, text) for person, text in said]
            said = []
        text = canonical(body)  # now: who waits together holds less memory than with the values

        def build(position: Position) -> Draft:
            return Draft(type="decision", tenant=caller.tenant, body=text, sealed=sealed(said, position))

        return _Prepared(
            decision=decided.decision,
            bundle=policies.bundle,
            entry=Entry(chain=chain, build=build, durability=durability),
            asked=join(*texts),
            asking=asking,
            action=request.action if decided.action_known else None,
            times=(started, spoken),
        )

    def _keeping(self, policies: Policies, action: str) -> Keeping:
        found = policies.bundle.actions.get(action)
        return found.keeping if found else _DEFAULT

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
            NoPoliciesError: see `policies_of`.
        """
        recorded = await self.evaluate(request, caller, durability=durability)
        if not recorded.decision.allow:
            raise DeniedError(recorded.decision_id, recorded.decision)
        return Permit(
            request=request,
            decision_id=recorded.decision_id,
            decision=recorded.decision,
            bundle=recorded.bundle.digest,
            revision=recorded.bundle.revision,
        )

    async def refuse(self, caller: Caller, reason: str, sha256: str, suppressed: int) -> None:
        """Record that bytes of `caller` were no request. `sha256` is of the bytes, and is sealed: it could be guessed.

        Raises:
            UnrecordedError: the log could not take it.
        """
        person = await self._concealer.person(caller.tenant, "caller", caller.subject)
        body = {"caller": caller.subject, "reason": reason, "suppressed": suppressed}

        def build(position: Position) -> Draft:
            blocks = sealed([(person, sha256.encode())], position)
            return Draft(type="request.refused", tenant=caller.tenant, body=body, sealed=blocks)

        await append([Entry(chain=self._chain(self.retention.get(caller.tenant)), build=build)])

    async def note(self, kind: str, caller: Caller, body: Mapping[str, Any]) -> None:
        """Record something about `caller` that is no decision, as a record of type `kind`; nothing in `body` is secret.

        Raises:
            UnrecordedError: the log could not take it.
        """
        said = {"caller": caller.subject, **body}
        chain = self._chain(self.retention.get(caller.tenant))
        await append([Entry(chain=chain, build=lambda _: Draft(type=kind, tenant=caller.tenant, body=said))])

    async def activate(self, policies: Policies, previous: str | None, *, tenant: str | None = None) -> None:
        """Decide under `policies` from now on, once every chain has it; `previous` is the digest of those before.

        They are those of `tenant` alone, or (None) of everybody who has none of their own.

        Raises:
            UnrecordedError: the log could not take it; nothing was changed.
        """
        bundle = policies.bundle
        body = _identity(bundle) | {"previous": previous}
        await say(self._log.chains(), Draft(type=_ACTIVATED, tenant=tenant or _NODE, body=body))
        self._directory = None
        if tenant is None:
            self.policies = policies
        else:
            self.own[tenant] = policies

    async def introduce(self, chains: Sequence[Chain]) -> None:
        """Say in fresh chains which policies are in force, so that each chain says what decided its decisions.

        Raises:
            UnrecordedError: the log could not take it.
        """
        for tenant, policies in ((_NODE, self.policies), *self.own.items()):
            if policies is not None:
                body = _identity(policies.bundle) | {"previous": None}
                await say(chains, Draft(type=_ACTIVATED, tenant=tenant, body=body))

    async def disagreed(self, bundle: Bundle, action: str, decision_id: str) -> None:
        """Record that the virtual machine decided `decision_id` otherwise than the interpreter does.

        Raises:
            UnrecordedError: the log could not take it.
        """
        body = _identity(bundle) | {"action": action, "decision": decision_id}
        await say([self._chain(None)], Draft(type="engine.disagreed", tenant=_NODE, body=body))

    def _environment(self, caller: Caller) -> Environment:
        time = self._clock().isoformat(timespec="seconds")[:19] + "Z"
        return Environment(time=time, tenant=caller.tenant, caller=caller.subject)

    async def _conceal(
        self, sitting: _Sitting, request: EvaluationRequest, decided: Decided
    ) -> tuple[tuple[Person, ...], dict[str, Any]]:
        """Return whom the request speaks of, the subject first, and what the record says of the resource."""
        subject = await self._person(sitting, request.subject)
        if decided.names_resource:
            return (subject,), {"resource": {"type": request.resource.type, "id": request.resource.id}}
        resource = await self._person(sitting, request.resource)
        told = {"type": _known(request.resource, decided), "ref": resource.subject}
        return (subject, resource), {"resource": told}


def _evaluated(prepared: _Prepared, decision_id: str, handed: int, recorded: int) -> Evaluated:
    return Evaluated(
        action=prepared.action,
        decision=prepared.decision,
        decision_id=decision_id,
        durability=prepared.entry.durability,
        started=prepared.times[0],
        decided=prepared.times[1],
        handed=handed,
        recorded=recorded,
    )


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
