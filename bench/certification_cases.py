"""The cases of the AuthZEN 1.0 certification scenario, by the ids of its sections; `bench.certification` asks them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bench.certification_checks import (
    DENY,
    EITHER,
    PERMIT,
    FailedError,
    Pdp,
    allows,
    asking,
    decided,
    expect,
    found,
    lists,
    many,
    nothing,
    refused,
)

EVALUATION = "/access/v1/evaluation"
EVALUATIONS = "/access/v1/evaluations"
SUBJECT, RESOURCE, ACTION = (f"/access/v1/search/{kind}" for kind in ("subject", "resource", "action"))
METADATA = "/.well-known/authzen-configuration"

ALICE = {"type": "user", "id": "alice"}
BOB = {"type": "user", "id": "bob"}
ADMIN = BOB | {"properties": {"role": "admin"}}
RECORD_1 = {"type": "record", "id": "record-1"}
RECORD_2 = {"type": "record", "id": "record-2"}
ACTIVE = RECORD_1 | {"properties": {"status": "active"}}
ARCHIVED = RECORD_2 | {"properties": {"status": "archived"}}
READ, WRITE = {"name": "read"}, {"name": "write"}
FIXTURE = {"subject": ALICE, "action": READ, "resource": RECORD_1}
CONTEXT = {"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}
WHO_READS = {"subject": {"type": "user"}, "action": READ, "resource": RECORD_1}
WHAT_IS_READ = {"subject": ALICE, "action": READ, "resource": {"type": "record"}}
WHAT_IS_DONE = {"subject": ALICE, "resource": RECORD_1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case: its id, the sub-level it counts for, what it shows, and what is done; that raises FailedError."""

    id: str
    level: str
    title: str
    run: Callable[[Pdp], None]


def without(document: Mapping[str, Any], *path: str) -> dict[str, Any]:
    """Return `document` without the member at `path`."""
    name, *rest = path
    kept = dict(document)
    member = kept.pop(name)
    return kept | {name: without(member, *rest)} if rest else kept


def basic() -> Iterator[tuple[str, str, str, Callable[[Pdp], None]]]:
    """Yield the cases of one evaluation."""
    core, properties = "basic core", "basic properties"
    denied = {"subject": BOB, "action": WRITE, "resource": RECORD_1}
    yield "c-2-2-1", core, "alice may read", asking(allows(PERMIT), EVALUATION, FIXTURE)
    yield "c-2-2-2", core, "bob may not write", asking(allows(DENY), EVALUATION, denied)
    with_context = FIXTURE | {"context": CONTEXT}
    yield "c-2-2-3", core, "a context is accepted", asking(allows(PERMIT), EVALUATION, with_context)
    archived = {"subject": ALICE, "action": WRITE, "resource": ARCHIVED}
    yield "c-2-2-4", properties, "what is archived", asking(allows(DENY), EVALUATION, archived)
    by_admin = archived | {"subject": ADMIN}
    yield "c-2-2-5", properties, "an administrator", asking(allows(PERMIT), EVALUATION, by_admin)
    for number, soft in ((6, True), (7, False)):
        delete = FIXTURE | {"action": {"name": "delete", "properties": {"soft": soft}}}
        yield f"c-2-2-{number}", properties, f"delete, soft: {soft}", asking(allows(soft), EVALUATION, delete)
    more = {
        "subject": ALICE | {"properties": {"department": "Sales", "role": "manager"}},
        "action": READ | {"properties": {"method": "GET"}},
        "resource": RECORD_1 | {"properties": {"status": "active", "owner": "bob"}},
    }
    yield "c-2-2-8", core, "more properties than needed", asking(allows(PERMIT), EVALUATION, more)
    unknown = FIXTURE | {"foo": "bar", "futureField": {"nested": True}}
    yield "c-2-2-9", core, "unknown members are ignored", asking(allows(PERMIT), EVALUATION, unknown)
    yield "c-2-3", core, "the form of a decision", asking(allows(EITHER), EVALUATION, denied)
    yield from basic_errors(core)
    yield "c-2-6", core, "the same answer each time", same_each_time


def basic_errors(core: str) -> Iterator[tuple[str, str, str, Callable[[Pdp], None]]]:
    """Yield the cases of requests that are none."""
    for name in ("subject", "action", "resource"):
        yield f"c-2-4-1 {name}", core, f"no {name}", asking(refused, EVALUATION, without(FIXTURE, name))
    for entity, name in (
        ("subject", "type"),
        ("subject", "id"),
        ("action", "name"),
        ("resource", "type"),
        ("resource", "id"),
    ):
        lacking = without(FIXTURE, entity, name)
        yield f"c-2-4-2 {entity}.{name}", core, f"{entity} without {name}", asking(refused, EVALUATION, lacking)
    text = asking(refused, EVALUATION, FIXTURE, content_type="text/plain")
    yield "c-2-4-3", core, "another content type", text
    yield "c-2-4-4", core, "no JSON", asking(refused, EVALUATION, b"{ no json")
    yield "c-2-4-5", core, "an empty body", asking(refused, EVALUATION, b"")
    for name, value in (("subject", "alice"), ("action", {"name": 123})):
        yield f"c-2-4-6 {name}", core, f"{name} of another type", asking(refused, EVALUATION, FIXTURE | {name: value})
    yield "c-2-5-1", core, "X-Request-ID comes back", request_id(EVALUATION, FIXTURE)
    yield "c-2-5-2", core, "X-Request-ID may be left out", asking(allows(PERMIT), EVALUATION, FIXTURE)


def request_id(path: str, body: Any) -> Callable[[Pdp], None]:
    """Return what looks whether the id of a request comes back."""

    def run(pdp: Pdp) -> None:
        for value in ("bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "any text: 1"):
            answer = pdp.post(path, body, x_request_id=value)
            expect(answer.status == 200, f"status {answer.status}, want 200")
            expect(answer.headers.get("x-request-id") == value, "another X-Request-ID, or none")

    return run


def same_each_time(pdp: Pdp) -> None:
    """See c-2-6."""
    for _ in range(5):
        decided(pdp.post(EVALUATION, FIXTURE), PERMIT)


def batch() -> Iterator[tuple[str, str, str, Callable[[Pdp], None]]]:
    """Yield the cases of many evaluations at once."""
    core, properties = "batch core", "batch properties"
    reads: dict[str, Any] = {"subject": ALICE, "action": READ}
    both = [{"resource": RECORD_1}, {"resource": RECORD_2}]
    two = reads | {"evaluations": both}
    yield "c-3-2-1", core, "two resources", asking(many(PERMIT, EITHER), EVALUATIONS, two)
    by_bob = {"subject": BOB, "resource": RECORD_1, "evaluations": [{"action": READ}, {"action": WRITE}]}
    yield "c-3-2-2", core, "two actions, in order", asking(many(PERMIT, DENY), EVALUATIONS, by_bob)
    writes = {"subject": ALICE, "action": WRITE, "evaluations": [{"resource": ACTIVE}, {"resource": ARCHIVED}]}
    yield "c-3-2-3", properties, "properties of resources", asking(many(PERMIT, DENY), EVALUATIONS, writes)
    who = {"action": WRITE, "resource": ARCHIVED, "evaluations": [{"subject": ALICE}, {"subject": ADMIN}]}
    yield "c-3-2-4", properties, "properties of subjects", asking(many(DENY, PERMIT), EVALUATIONS, who)
    whole = [FIXTURE, {"subject": BOB, "action": WRITE, "resource": RECORD_1}]
    yield "c-3-2-5", core, "no defaults", asking(many(PERMIT, DENY), EVALUATIONS, {"evaluations": whole})
    other = {"time": "2025-06-27T19:00-07:00", "source": "batch-override"}
    contexts = two | {"context": {"time": CONTEXT["time"]}, "evaluations": [both[0], both[1] | {"context": other}]}
    yield "c-3-2-6", core, "a context for all", asking(many(PERMIT, EITHER), EVALUATIONS, contexts)
    of_type = writes | {
        "resource": {"type": "record"},
        "evaluations": [{"resource": without(ACTIVE, "type")}, {"resource": ARCHIVED}],
    }
    yield "c-3-2-7", properties, "an entity replaces the default", asking(many(PERMIT, DENY), EVALUATIONS, of_type)
    three = two | {"evaluations": [*both, {"resource": RECORD_1}]}
    yield "c-3-3", core, "as many answers as questions", asking(many(PERMIT, EITHER, PERMIT), EVALUATIONS, three)
    lacking = reads | {"evaluations": [{"resource": RECORD_1}, {}]}
    yield "c-3-4-1", core, "an item without a resource", asking(many(PERMIT, DENY), EVALUATIONS, lacking)
    yield "c-3-4-2", core, "no evaluations", asking(allows(PERMIT), EVALUATIONS, FIXTURE)
    empty: dict[str, Any] = FIXTURE | {"evaluations": []}
    yield "c-3-4-3", core, "empty evaluations", asking(allows(PERMIT), EVALUATIONS, empty)
    yield "c-2-4-3 batch", core, "another content type", asking(refused, EVALUATIONS, two, content_type="text/plain")
    yield "c-2-4-4 batch", core, "no JSON", asking(refused, EVALUATIONS, b"{ no json")
    yield "c-2-4-5 batch", core, "an empty body", asking(refused, EVALUATIONS, b"")
    yield "c-2-5-1 batch", core, "X-Request-ID comes back", request_id(EVALUATIONS, two)


def search() -> Iterator[tuple[str, str, str, Callable[[Pdp], None]]]:
    """Yield the cases of searches."""
    core, properties = "search core", "search properties"
    users = lists(ALICE, BOB, kind="user")
    yield "c-4-2-1", core, "who may read", asking(users, SUBJECT, WHO_READS)
    yield "c-4-2-2", core, "who, in a context", asking(users, SUBJECT, WHO_READS | {"context": CONTEXT})
    archived = {"subject": {"type": "user"}, "action": WRITE, "resource": ARCHIVED}
    yield "c-4-2-4", properties, "who may write what is archived", asking(lists(BOB, kind="user"), SUBJECT, archived)
    yield "c-4-3-1", core, "what alice may read", asking(lists(RECORD_1, kind="record"), RESOURCE, WHAT_IS_READ)
    by_admin = {"subject": ADMIN, "action": WRITE, "resource": {"type": "record"}}
    yield (
        "c-4-3-3",
        properties,
        "what an administrator writes",
        asking(lists(RECORD_2, kind="record"), RESOURCE, by_admin),
    )
    yield "c-4-4-1", core, "what alice may do", asking(lists(READ, WRITE), ACTION, WHAT_IS_DONE)
    in_context = WHAT_IS_DONE | {"context": CONTEXT}
    yield "c-4-4-2", core, "what, in a context", asking(lists(READ, WRITE), ACTION, in_context)
    admin = {"subject": ADMIN, "resource": ARCHIVED}
    yield "c-4-4-3", properties, "what an administrator may do", asking(lists(WRITE), ACTION, admin)
    yield (
        "c-4-5-1",
        core,
        "a page with a limit",
        asking(lists(kind="user"), SUBJECT, WHO_READS | {"page": {"limit": 1}}),
    )
    yield "c-4-5-2", core, "page after page", page_after_page
    nobody = WHAT_IS_DONE | {"subject": {"type": "user", "id": "nonexistent-user"}}
    yield "c-4-6-1", core, "an unknown id", asking(nothing, ACTION, nobody)
    ships = WHO_READS | {"subject": {"type": "spaceship"}}
    yield "c-4-6-2", core, "an unknown type", asking(nothing, SUBJECT, ships)
    yield "c-4-7-1 subject", core, "no action", asking(refused, SUBJECT, without(WHO_READS, "action"))
    yield "c-4-7-1 resource", core, "no subject", asking(refused, RESOURCE, without(WHAT_IS_READ, "subject"))
    yield "c-4-7-1 action", core, "no resource", asking(refused, ACTION, without(WHAT_IS_DONE, "resource"))
    yield (
        "c-4-7-2 subject",
        core,
        "a resource without id",
        asking(refused, SUBJECT, without(WHO_READS, "resource", "id")),
    )
    yield (
        "c-4-7-2 resource",
        core,
        "a subject without id",
        asking(refused, RESOURCE, without(WHAT_IS_READ, "subject", "id")),
    )
    for path, body in ((SUBJECT, WHO_READS), (RESOURCE, WHAT_IS_READ), (ACTION, WHAT_IS_DONE)):
        kind = path.rpartition("/")[2]
        yield f"c-2-4-3 {kind}", core, "another content type", asking(refused, path, body, content_type="text/plain")
        yield f"c-2-5-1 {kind}", core, "X-Request-ID comes back", request_id(path, body)


def page_after_page(pdp: Pdp) -> None:
    """See c-4-5-2: follow the tokens, if there are any, to the end."""
    answer = pdp.post(SUBJECT, WHO_READS | {"page": {"limit": 1}})
    names: list[str] = []
    for _ in range(100):
        found(answer, (), "user")
        document = answer.document()
        names += [each["id"] for each in document["results"]]
        token = document.get("page", {}).get("next_token", "")
        if not token:
            expect({"alice", "bob"} <= set(names), f"{names} on all pages")
            return
        answer = pdp.post(SUBJECT, WHO_READS | {"page": {"token": token}})
        expect("page" in answer.document(), "no `page` in the answer to a token")
    raise FailedError("pages without end")


def discovery() -> Iterator[tuple[str, str, str, Callable[[Pdp], None]]]:
    """Yield the cases of metadata."""
    yield "c-6-2", "discovery", "metadata are JSON", lambda pdp: expect(bool(pdp.get(METADATA).document()), "empty")
    yield "c-6-3", "discovery", "it names itself, and where to ask", metadata_required
    yield "c-6-4", "discovery", "what else it names has its form", metadata_optional


def metadata_required(pdp: Pdp) -> None:
    """See c-6-3 and c-6-5."""
    document = pdp.get(METADATA).document()
    said = document.get("policy_decision_point")
    expect(said == pdp.url, f"`policy_decision_point` is `{said}`, asked at `{pdp.url}`")
    verify_url(document.get("access_evaluation_endpoint"), pdp)


def metadata_optional(pdp: Pdp) -> None:
    """See c-6-4 and c-6-5."""
    document = pdp.get(METADATA).document()
    optional = ("access_evaluations", "search_subject", "search_resource", "search_action")
    for name in (f"{each}_endpoint" for each in optional):
        if name in document:
            verify_url(document[name], pdp)
    capabilities = document.get("capabilities", [])
    texts = isinstance(capabilities, list) and all(isinstance(each, str) for each in capabilities)
    expect(texts, "`capabilities` are no list of strings")
    signed = document.get("signed_metadata", "a.b.c")
    expect(isinstance(signed, str) and signed.count(".") == 2, "`signed_metadata` is no JWT")


def verify_url(value: Any, pdp: Pdp) -> None:
    """Hold an endpoint to being a URL of https, or of loopback if the PDP was asked there."""
    at = urlsplit(value) if isinstance(value, str) else None
    loopback = urlsplit(pdp.url).hostname in {"127.0.0.1", "::1", "localhost"}
    expect(at is not None and bool(at.netloc), f"`{value}` is no URL")
    expect(at is not None and at.scheme in ({"https", "http"} if loopback else {"https"}), f"`{value}` is not https")


def cases() -> list[Case]:
    """Return every case of the scenario, in its order."""
    parts = (basic(), batch(), search(), discovery())
    return [Case(id=name, level=level, title=title, run=run) for part in parts for name, level, title, run in part]
