"""Questions of proxies: Envoy's ext_authz over HTTP, nginx's auth_request, and forward-auth as Traefik and Caddy do it.

A proxy asks with headers and understands a status: 200 lets a request through, 403 does not, 5xx is a failure. Owns
which header means what. Whoever the proxy let in is named by headers that the policies register for this proxy; what a
user says of himself is a claim. Decides nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from app.decision_plane.answering import Answering
from app.decision_plane.http import Answer, Headers, ProblemError, Request, Route, as_problem
from app.decision_plane.operation import DECIDING, RECEIVING, Operation, Parameter, Token, one_object, text
from app.decision_plane.target import Target
from app.errors import Problem, problem
from app.pdp.decide import SUPPORTED
from app.pdp.enforce import Caller, Recorded
from app.pdp.errors import MalformedRequestError
from app.pdp.model import Entity, EvaluationRequest
from app.pdp.proxy import Proxy
from app.pdp.request import verify_request
from app.pdp.strict_json import encode

ENVOY: Final = "/authz/envoy/"
NGINX: Final = "/authz/nginx"
FORWARD: Final = "/authz/forward"

TOKEN: Final = b"x-omega-authorization"
"""Where the proxy's own token is; `authorization` belongs to the user."""

DECISION: Final = b"x-omega-decision-id"
OBLIGATIONS: Final = b"x-omega-obligations"

_METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_CLAIMS: Final = {b"user-agent": "user_agent", b"x-forwarded-for": "forwarded_for"}
_LONGEST_CLAIM: Final = 256
_NOBODY: Final = "visitor"

_PROBLEMS: Final = ("malformed_request", "forbidden", "denied", *RECEIVING, *DECIDING)

_Read = Callable[[Request], Target]


def routes(by: Answering) -> Iterable[Route]:
    """Return the endpoints of this protocol."""

    def asked(read: _Read) -> Callable[[Request], Any]:
        async def ask(request: Request) -> Answer:
            caller = _caller(request, by)
            proxy = _registered(by, caller)
            async with by.received(request):
                return await _answered(request, caller, proxy, read, by)

        return ask

    envoy = asked(_envoy)
    yield Route(
        path=ENVOY,
        methods=dict.fromkeys(_METHODS, envoy),
        refuse=_refuse,
        described=dict.fromkeys(_METHODS, _described("Envoy's ext_authz", "forwarded", ["proto"], behind="path")),
    )
    yield Route(
        path=NGINX,
        methods={"GET": asked(_nginx)},
        refuse=_refuse,
        described={"GET": _described("nginx's auth_request", "original", ["method", "scheme", "host", "uri"])},
    )
    yield Route(
        path=FORWARD,
        methods={"GET": asked(_forward)},
        refuse=_refuse,
        described={"GET": _described("forward-auth", "forwarded", ["method", "proto", "host", "uri"])},
    )


def _described(whose: str, kind: str, headers: Iterable[str], *, behind: str = "") -> Operation:
    said = [Parameter(name=f"x-{kind}-{name}", place="header", schema=text(), required=True) for name in headers]
    path = [Parameter(name=behind, place="path", schema=text(), says="the path that the user asked for")]
    return Operation(
        summary=f"Decide whether a request to a proxy may go through: {whose}",
        token=Token.PROXY,
        parameters=(*said, *(path if behind else [])),
        answers={200: one_object({"decision_id": text()})},
        problems=_PROBLEMS,
    )


async def _answered(request: Request, caller: Caller, proxy: Proxy, read: _Read, by: Answering) -> Answer:
    """Return the answer that lets a request through.

    Raises:
        ProblemError: it does not go through.
        UnrecordedError: there is no evidence, so there is no decision.
        EvaluatorsGoneError: nobody can decide.
    """
    async with by.refusing(caller, _said(request)):
        evaluation = _evaluation(request, read(request), proxy)
    recorded = await by.pdp.evaluate(evaluation, caller)
    named = ((DECISION, recorded.decision_id.encode()),)
    if not recorded.decision.allow:
        raise ProblemError(problem("denied"), named)
    return Answer(document={"decision_id": recorded.decision_id}, headers=(*named, *_obligations(recorded)))


def _caller(request: Request, by: Answering) -> Caller:
    """Return which proxy asks, if it says so once: of two tokens one may be the user's."""
    if sum(name == TOKEN for name, _ in request.all_headers) > 1:
        raise ProblemError(problem("unauthenticated"))
    return by.caller(request, TOKEN)


def _registered(by: Answering, caller: Caller) -> Proxy:
    found = by.pdp.policies_of(caller).bundle.callers.get(caller.subject)
    if found is None or found.tenant != caller.tenant or found.proxy is None:
        raise ProblemError(problem("forbidden"))
    return found.proxy


def _obligations(recorded: Recorded) -> Headers:
    """Return the header with what the proxy has to do beside letting it through: it said that it can."""
    obligations = recorded.decision.obligations
    return ((OBLIGATIONS, encode(list(obligations))),) if obligations else ()


def _evaluation(request: Request, target: Target, proxy: Proxy) -> EvaluationRequest:
    """Return the question: may this user send this request?"""
    user = _one(request, proxy.user.encode())
    roles = _one(request, proxy.roles.encode()) if user else ""
    subject = Entity(
        type="user" if user else _NOBODY,
        id=user or _NOBODY,
        properties={"roles": [role.strip() for role in roles.split(",") if role.strip()]},
    )
    facts = {"method": target.method, "scheme": target.scheme, "host": target.host, "path": target.path}
    resource = Entity(type="route", id=target.host + target.path, properties=facts)
    claims = {name: _claim(request, header) for header, name in _CLAIMS.items()}
    context = {
        "claims": {name: said for name, said in claims.items() if said},
        SUPPORTED: sorted(proxy.obligations),  # a policy that obliges to anything else denies
    }
    return verify_request(EvaluationRequest(subject=subject, action=proxy.action, resource=resource, context=context))


def _envoy(request: Request) -> Target:
    """Read the request itself: Envoy repeats method, host and path, and puts a prefix before the path."""
    prefix = ENVOY.encode()
    if not request.raw_path.startswith(prefix):
        raise MalformedRequestError("ambiguous_target", "the prefix is written in another way")
    return Target.parse(
        method=request.method,
        scheme=_needed(request, b"x-forwarded-proto"),
        host=_needed(request, b"host"),
        uri=request.raw_path[len(prefix) - 1 :],
    )


def _nginx(request: Request) -> Target:
    return _in_headers(request, {"method": b"method", "scheme": b"scheme", "host": b"host", "uri": b"uri"}, b"original")


def _forward(request: Request) -> Target:
    names = {"method": b"method", "scheme": b"proto", "host": b"host", "uri": b"uri"}
    return _in_headers(request, names, b"forwarded")


def _in_headers(request: Request, names: Mapping[str, bytes], kind: bytes) -> Target:
    said = {name: _needed(request, b"x-" + kind + b"-" + header) for name, header in names.items()}
    return Target.parse(method=said["method"], scheme=said["scheme"], host=said["host"], uri=said["uri"].encode())


def _one(request: Request, name: bytes) -> str:
    """Return a header that may be there once, or nothing.

    Raises:
        MalformedRequestError: it is there twice, or not in printable ASCII. Codes: `repeated_header`,
            `unreadable_header`.
    """
    values = [value for found, value in request.all_headers if found == name]
    if len(values) > 1:
        raise MalformedRequestError("repeated_header", f"`{name.decode()}` stands there more than once")
    value = values[0].decode("latin-1") if values else ""
    if not value.isascii() or not value.isprintable():
        raise MalformedRequestError("unreadable_header", f"`{name.decode()}` is not printable ASCII")
    return value.strip()


def _needed(request: Request, name: bytes) -> str:
    if value := _one(request, name):
        return value
    raise MalformedRequestError("missing_header", f"`{name.decode()}` is missing: the proxy has to set it")


def _claim(request: Request, name: bytes) -> str:
    values = [value for found, value in request.all_headers if found == name]
    return b", ".join(values).decode("ascii", "replace")[:_LONGEST_CLAIM]


def _said(request: Request) -> bytes:
    """Return the bytes that a refusal is about."""
    return request.method.encode() + b" " + request.raw_path


def _refuse(found: Problem) -> Answer:
    """Write a problem so that every proxy takes it for a no: of all 4xx, some would be shown to the user as they are.

    A 401 above all: it would ask the user for what the proxy lacks.
    """
    return as_problem(replace(found, status=403) if found.status < 500 else found)  # noqa: PLR2004 - ours
