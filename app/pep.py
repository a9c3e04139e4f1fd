"""The gate of Flask applications: no view runs without a permit, no page without a decision on record.

Owns how a route is gated, of the control plane and of the auditor portal. Knows neither what a page looks like
(`app/control.py` writes errors) nor who signs in.

To add a page or an effect to a feature:

1. Write the policy `policies/rego/<feature>/<verb>.rego` with contract, tests and cases. The service `control` asks for
   it, with subjects of type `officer`, `job` or `visitor`.
2. Write a view in `app/features/<feature>/routes_<noun>.py`, and name that module in `app/control.py` (`ROUTES`):

       from app.features.policies.feature import feature

       def request_for(number: int) -> Resource:
           "Say what our own tables say of it; raise `RefusedError(problem("not_found"))` where there is nothing."
           row = found(number)
           return Resource(type="change_request", id=str(number), properties={"author": row.author})

       @feature.route("/changes/<int:number>/approve", action="approve", resource=request_for,
                      methods=("POST",), context=lambda sent: {"comment": text(sent, "comment")})
       def approve(permit: Permit, number: int) -> ResponseReturnValue:
           with writing(permit) as session:
               session.add(ApprovalRow(number=number, by=permit.request.subject.id, decision_id=permit.decision_id))
           return seen_other("policies.change", number=number)

3. A page is `render_template("<feature>/<page>.html", ...)` from `app/features/<feature>/templates/<feature>/`; it
   extends `layout.html`. Every form that posts has `{{ csrf() }}` in it. No script and no style stands in a page. What
   the menu offers stands in `app/features/<feature>/feature.py`.
4. What `context` and a view get of what was sent: `sent()`.

The path of a route is below `/<feature>`; `<feature>.<name of the view>` is what `url_for` knows it by.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Concatenate, Final, ParamSpec, Protocol

from flask import Blueprint, Flask, current_app, redirect, request, url_for  # noqa: TID251 - the one place
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from app.errors import Problem, problem
from app.identity import Caller
from app.pdp.bundle import Bundle
from app.pdp.enforce import Permit
from app.pdp.errors import MalformedRequestError
from app.pdp.model import Entity, EvaluationRequest
from app.pdp.strict_json import parse

Resource = Entity
"""What is acted on: type, id, and facts that we established ourselves."""

CONTROL: Final = Caller(subject="control", tenant="default", token_id="")
"""Who asks the decision point for the control plane; policy data name it."""

PUBLIC: Final = frozenset(
    {"dsr.front", "home", "static", "session.front", "session.leave_for_provider", "session.link"}
)
"""The endpoints that ask nobody: style sheets, an empty form, what leads elsewhere. None changes or shows anything."""

MAX_BODY: Final = 256 << 10
"""Bytes of a form or of JSON that are taken."""

_EXTENSION: Final = "omega"
_View = ParamSpec("_View")
_Ungated = Callable[..., ResponseReturnValue]


class Decider(Protocol):
    """What permits: a decision point for threads."""

    def enforce(self, request: EvaluationRequest, caller: Caller) -> Permit:
        """Return a permit for `request`, or raise; see `BlockingPdp.enforce`."""


class UngatedError(Exception):
    """The application would answer something that no policy decides on; the message names all of it."""


class RefusedError(Exception):
    """The request ends here, with this problem."""

    def __init__(self, found: Problem) -> None:
        super().__init__(found.code)
        self.problem = found


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What the gate of one application works with.

    Attributes:
        pdp: decides.
        subject: who sends the request that is being answered.
        acted: is told of each permit, before the view runs.
        caller: for whom the decision point is asked.
        bundle: returns the policies in force, where this process has them.
    """

    pdp: Decider
    subject: Callable[[], Entity]
    acted: Callable[[Permit], None] = lambda _: None
    caller: Caller = CONTROL
    bundle: Callable[[], Bundle] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatedView:
    """A view behind the gate, as Flask calls it."""

    action: str
    view: Callable[..., ResponseReturnValue]
    resource: Callable[..., Resource]
    context: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None
    largest: int = MAX_BODY
    acting: Callable[[Entity], Entity] | None = None

    def __call__(self, **arguments: Any) -> ResponseReturnValue:
        """Decide, and then answer.

        Raises:
            DeniedError: policy does not permit it.
            RefusedError: there is nothing to decide on.
            PdpError: see `BlockingPdp.enforce`.
        """
        gate = gate_of_request()
        sender = gate.subject()
        asked = EvaluationRequest(
            subject=self.acting(sender) if self.acting else sender,
            action=self.action,
            resource=self.resource(**arguments),
            context=dict(self.context(sent())) if self.context else {},
        )
        permit = gate.pdp.enforce(asked, gate.caller)
        gate.acted(permit)
        return self.view(permit, **arguments)


class Feature:
    """The routes of one feature: of everything that stands below `/<name>`, or where else `prefix` says."""

    def __init__(
        self,
        name: str,
        *,
        menu: Mapping[str, str] | None = None,
        section: str | None = None,
        package: str | None = None,
        prefix: str | None = None,
    ) -> None:
        """Begin without a route. Templates are those of `app/features/<name>/templates`.

        Args:
            name: of the feature, its folder, its actions, its URLs.
            menu: what people find in the menu, by endpoint.
            section: of the menu, as people read it; features may share one. Its name, unless one is given.
            package: with the templates, where it is not the feature's own folder.
            prefix: of its URLs, where it is not its name.
        """
        self.name, self.menu, self.section = name, menu or {}, section or name.capitalize()
        self.blueprint = Blueprint(
            name,
            package or f"app.features.{name}",
            url_prefix=f"/{name}" if prefix is None else prefix,
            template_folder="templates",
        )

    def route(  # noqa: PLR0913 - what a route says of itself
        self,
        rule: str,
        *,
        action: str,
        resource: Callable[..., Resource],
        methods: Collection[str] = ("GET",),
        context: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
        largest: int = MAX_BODY,
        acting: Callable[[Entity], Entity] | None = None,
    ) -> Callable[
        [Callable[Concatenate[Permit, _View], ResponseReturnValue]],
        Callable[Concatenate[Permit, _View], ResponseReturnValue],
    ]:
        """Return a decorator for the view that answers `rule`, once policy permits it.

        Args:
            rule: of Flask, below the feature's prefix.
            action: the verb; the action is `<feature>.<verb>`.
            resource: says what is acted on, given the parts of the URL; its facts are ours, never the body's.
            methods: of HTTP.
            context: says the circumstances, given what was sent (`sent`).
            largest: bytes of a body that are taken; more than `MAX_BODY` where files are sent.
            acting: says for whom the sender acts, where that is not themselves; by our own tables, never by what was
                sent.
        """

        def gated(
            view: Callable[Concatenate[Permit, _View], ResponseReturnValue],
        ) -> Callable[Concatenate[Permit, _View], ResponseReturnValue]:
            found = GatedView(
                action=f"{self.name}.{action}",
                view=view,
                resource=resource,
                context=context,
                largest=largest,
                acting=acting,
            )
            self.blueprint.add_url_rule(
                rule,
                endpoint=view.__name__,
                view_func=found,
                methods=list(methods),
                provide_automatic_options=False,
            )
            return view

        return gated

    def public(self, rule: str) -> Callable[[_Ungated], _Ungated]:
        """Return a decorator for a view that asks nobody; unless `PUBLIC` names it, the application does not start."""

        def ungated(view: _Ungated) -> _Ungated:
            self.blueprint.add_url_rule(
                rule, endpoint=view.__name__, view_func=view, methods=["GET"], provide_automatic_options=False
            )
            return view

        return ungated


def install(app: Flask, gate: Gate) -> None:
    """Have the views of `app` ask `gate`."""
    app.extensions[_EXTENSION] = gate


def gate_of(app: Flask) -> Gate:
    """Return the gate of `app`."""
    gate: Gate = app.extensions[_EXTENSION]
    return gate


def gate_of_request() -> Gate:
    """Return the gate of the application that answers."""
    return gate_of(current_app)


def subject_of_request() -> Entity:
    """Return who sends the request that is being answered, before they act for anybody."""
    return gate_of_request().subject()


def bundle_in_force() -> Bundle:
    """Return the policies in force, of the application that answers.

    Raises:
        RuntimeError: it is one that has none of its own.
    """
    if (bundle := gate_of_request().bundle) is None:
        raise RuntimeError("this application asks a decision point elsewhere")
    return bundle()


def largest_body(app: Flask, path: str, method: str) -> int:
    """Return how many bytes of a body `app` takes for this path."""
    try:
        endpoint, _ = app.url_map.bind("").match(path, method)
    except HTTPException:
        return MAX_BODY
    view = app.view_functions[endpoint]
    return view.largest if isinstance(view, GatedView) else MAX_BODY


def limit_body() -> None:
    """Have the request that is being answered be no larger than its route takes; before anything reads its body."""
    view = current_app.view_functions.get(request.endpoint or "")
    if isinstance(view, GatedView):
        request.max_content_length = view.largest


def refuse_ungated(app: Flask, actions: Collection[str], public: Collection[str] = PUBLIC) -> None:
    """Return if every rule of `app` is gated by one of `actions`, those that policy lists, or is in `public`.

    Raises:
        UngatedError: some are not.
    """
    offenders = sorted(_offenders(app, actions, public))
    if offenders:
        raise UngatedError(f"no policy decides on {', '.join(offenders)}")


def _offenders(app: Flask, actions: Collection[str], public: Collection[str]) -> Iterable[str]:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if isinstance(view, GatedView):
            if view.action not in actions:
                yield f"`{rule.rule}` (action `{view.action}`)"
        elif rule.endpoint not in public:
            yield f"`{rule.rule}` (`{rule.endpoint}`)"


def sent() -> Mapping[str, Any]:
    """Return the members of the form, or of the JSON object, that came with the request.

    A field of a form is text; one that came more than once is a list of texts. A GET sends nothing, whatever its
    headers say: clients of JSON name the type of a body that they do not have.

    Raises:
        RefusedError: it is neither, or JSON that is none.
    """
    if request.method in {"GET", "HEAD"} or not request.is_json:
        form = request.form.to_dict(flat=False)
        return {name: values[0] if len(values) == 1 else values for name, values in form.items() if name != "csrf"}
    try:
        document = parse(request.get_data(), max_bytes=MAX_BODY)
    except MalformedRequestError as error:
        raise RefusedError(problem("malformed_request", f"{error.code}: {error.detail}")) from error
    if not isinstance(document, dict):
        raise RefusedError(problem("malformed_request", "the body is no object"))
    return document


def wants_page() -> bool:
    """Return whether whoever asks would rather have a page than JSON."""
    best = request.accept_mimetypes.best_match(["application/json", "text/html"], default="application/json")
    return best == "text/html"


def seen_other(endpoint: str, **arguments: Any) -> ResponseReturnValue:
    """Return the answer to a form that was taken: go and see the page of `endpoint` (RFC 9110, section 15.4.4)."""
    return redirect(url_for(endpoint, **arguments), code=303)
