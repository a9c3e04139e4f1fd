"""Who may do this, to what may it be done, what may be done: the same question asked of one candidate after another.

Candidates are what the tenant has registered, and the actions that the caller may ask about. Each is decided as an
evaluation request with its facts would be; none of these answers is a decision of record. Owns which candidates there
are, how far a page goes, and what the record of a search says. Records nothing itself.
"""

from asyncio import gather
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from app.pdp.bundle import Bundle
from app.pdp.decide import BY_CHANCE, Evaluate, decide
from app.pdp.directory import Directory
from app.pdp.model import Decision, Entity, Environment, EvaluationRequest
from app.pdp.request import as_action, as_context, as_entity, document

MOST: Final = 1_000
"""Candidates that are asked about for one page."""

_AT_ONCE: Final = 8  # evaluations: a search takes turns with whoever waits for a decision


class Kind(StrEnum):
    """What is looked for."""

    SUBJECT = "subject"
    RESOURCE = "resource"
    ACTION = "action"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A search. What is looked for has no id, and no properties; an action that is looked for has no name."""

    kind: Kind
    subject: Entity
    action: str
    resource: Entity
    context: Mapping[str, Any]
    action_properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def named(self) -> dict[str, Entity]:
        """Return the entities that the query names, the subject first."""
        both = {Kind.SUBJECT.value: self.subject, Kind.RESOURCE.value: self.resource}
        return {name: entity for name, entity in both.items() if name != self.kind}

    def document(self) -> dict[str, Any]:
        """Return the query as it is sealed in the record, the resource last."""
        action = {} if self.kind is Kind.ACTION else {"action": {"name": self.action} | _some(self.action_properties)}
        subject, resource = _entity(self.subject), _entity(self.resource)
        told = {"search": self.kind.value, "subject": subject} | action | {"context": dict(self.context)}
        return told | {"resource": resource}


def _entity(entity: Entity) -> dict[str, Any]:
    if not entity.id:
        return {"type": entity.type}
    return {"type": entity.type, "id": entity.id, "properties": entity.properties}


def _some(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"properties": dict(properties)} if properties else {}


def parse_query(value: Any, kind: Kind) -> Query:
    """Return the search in a value of JSON (AuthZEN 1.0, section 8); the id of what is looked for is ignored.

    Raises:
        MalformedRequestError: a member is missing, of the wrong type, empty or too long.
    """
    subject = as_entity(value, "subject", kind_alone=kind is Kind.SUBJECT)
    action, properties = ("", {}) if kind is Kind.ACTION else as_action(value)
    resource = as_entity(value, "resource", kind_alone=kind is Kind.RESOURCE)
    return Query(
        kind=kind,
        subject=subject,
        action=action,
        action_properties=properties,
        resource=resource,
        context=as_context(value),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Where to go on, how many to find, and what tells that it has taken long enough."""

    offset: int
    limit: int
    spent: Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one page has: `going_on` is the offset of the next one, None where there is no more.

    `evaluated` candidates were asked about, of which `undecided` got no answer of a policy in time.
    """

    results: tuple[dict[str, Any], ...]
    evaluated: int
    undecided: int
    going_on: int | None


async def find(bundle: Bundle, evaluate: Evaluate, query: Query, environment: Environment, page: Page) -> Found:
    """Return those candidates from `page.offset` on that the policies allow.

    A page ends when one more than it may hold was found, when it has asked about 1,000, or when its time is spent.

    Raises:
        EvaluatorsGoneError: nobody can evaluate any more.
    """
    candidates = _candidates(bundle, query, environment)
    results: list[dict[str, Any]] = []
    offset, undecided = page.offset, 0
    end = min(len(candidates), page.offset + MOST)
    while offset < end and not (offset > page.offset and page.spent()):
        some = candidates[offset : min(end, offset + min(_AT_ONCE, page.limit + 1 - len(results)))]
        asked = [decide(bundle, evaluate, document(each, environment)) for each in some]
        for candidate, decided in zip(some, await gather(*asked), strict=True):
            if decided.decision.allow and len(results) == page.limit:
                evaluated = offset - page.offset + 1
                return Found(results=tuple(results), evaluated=evaluated, undecided=undecided, going_on=offset)
            if decided.decision.allow:
                results.append(_result(query.kind, candidate, decided.decision))
            undecided += any(each.code in BY_CHANCE for each in decided.decision.diagnostics)
            offset += 1
    going_on = offset if offset < len(candidates) else None
    return Found(results=tuple(results), evaluated=offset - page.offset, undecided=undecided, going_on=going_on)


def _candidates(bundle: Bundle, query: Query, environment: Environment) -> Sequence[EvaluationRequest]:
    """Return the questions; none where the caller may not ask any of them."""
    caller = bundle.callers.get(environment.caller)
    if caller is None or caller.tenant != environment.tenant:
        return ()
    directory = bundle.directories.get(environment.tenant, Directory())
    subject, resource = _registered(query.subject, directory.subjects), _registered(query.resource, directory.resources)
    query = replace(query, subject=subject, resource=resource)
    if query.kind is Kind.ACTION:
        return [_question(query, action=name) for name in sorted(caller.actions)]
    if query.action not in caller.actions:
        return ()
    if query.kind is Kind.SUBJECT:
        return [_question(query, subject=each) for each in directory.subjects.get(query.subject.type, ())]
    return [_question(query, resource=each) for each in directory.resources.get(query.resource.type, ())]


def _registered(entity: Entity, among: Mapping[str, Sequence[Entity]]) -> Entity:
    """Return an entity of which nothing is stated as the tenant has registered it, if it has."""
    if entity.properties:
        return entity
    return next((each for each in among.get(entity.type, ()) if each.id == entity.id), entity)


def _question(
    query: Query, *, subject: Entity | None = None, action: str | None = None, resource: Entity | None = None
) -> EvaluationRequest:
    return EvaluationRequest(
        subject=subject or query.subject,
        action=action or query.action,
        action_properties=dict(query.action_properties),
        resource=resource or query.resource,
        context=dict(query.context),
    )


def _result(kind: Kind, found: EvaluationRequest, decision: Decision) -> dict[str, Any]:
    obligations = {"obligations": list(decision.obligations)} if decision.obligations else {}
    if kind is Kind.ACTION:
        return {"name": found.action} | obligations
    entity = found.subject if kind is Kind.SUBJECT else found.resource
    return {"type": entity.type, "id": entity.id} | obligations


def told(
    bundle: Bundle, query: Query, found: Found, environment: Environment, refs: Mapping[str, str]
) -> dict[str, Any]:
    """Return what the record of a search says in the clear; `refs` are the pseudonyms of what the query names.

    A type or an action is named where the bundle has it; otherwise it is anybody's free text.
    """
    directory = bundle.directories.get(environment.tenant, Directory())
    subject = query.subject.type if query.subject.type in directory.subjects else None
    resource = query.resource.type if query.resource.type in directory.resources else None
    return {
        "caller": environment.caller,
        "kind": query.kind.value,
        "action": query.action if query.action in bundle.actions else None,
        "subject": {"type": subject, "ref": refs.get("subject")},
        "resource": {"type": resource, "ref": refs.get("resource")},
        "evaluated": found.evaluated,
        "found": len(found.results),
        "undecided": found.undecided,
        "ended": found.going_on is None,
    }
