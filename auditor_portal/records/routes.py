"""Pages of the evidence browser: the search, as a page and as CSV, and the searches that are kept."""

import time
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine

from app.audits.errors import AuditsError
from app.audits.searches import find_search, keep_search, remove_search, searches_of
from app.csv_table import Table
from app.errors import problem
from app.index.errors import SlowQueryError
from app.index.scope import Scope
from app.index.search import Count, Entry, Page, count, search
from app.pdp.enforce import Permit
from app.pep import RefusedError, Resource, seen_other, sent
from auditor_portal.engaged import circumstances, describe, engagement_now
from auditor_portal.feature import feature
from auditor_portal.product import product
from auditor_portal.records.asking import ANY, FIELDS, TYPES, Asked, parse_search
from auditor_portal.records.seeing import scope_of
from frameworks import collection
from frameworks.collection import Collection

_BAD, _SLOW = 400, 503
_RECORDED = 256  # characters of a query that the decision has

_CSV = {
    "time": "time",
    "id": "decision_id",
    "type": "type",
    "outcome": "outcome",
    "action": "action",
    "subject type": "subject_type",
    "subject": "subject_ref",
    "resource type": "resource_type",
    "resource": "resource_ref",
    "failed": "failed",
    "caller": "caller",
    "revision": "revision",
    "bundle": "bundle",
}
"""The head of the CSV, and what stands below it."""


@cache
def frameworks_of(own: Path | None) -> Collection:
    """Return frameworks and controls, read once for each process.

    Raises:
        FrameworksError: a file of the operator's own is damaged.
    """
    return collection.load(own)


def asked_now() -> Asked:
    """Return what the address of the request that is being answered asks for."""
    return parse_search(request.args, frameworks_of(product().settings.frameworks).controls)


def looked_for(*, engagement: str) -> Resource:
    """Describe a search to policy: what is looked for goes on record with the decision."""
    return describe(engagement, {"kind": "records", "id": _given(request.args).link()[:_RECORDED]})


def _given(values: Any) -> Asked:
    """Return the fields of a search as they were written, unread."""
    found = {name: str(values[name]).strip() for name in FIELDS if str(values.get(name, "")).strip()}
    return Asked(values=found, errors={}, query=None)


@feature.route("/e/<engagement>/records", action="view", resource=looked_for, context=circumstances)
def records(_permit: Permit, engagement: str) -> ResponseReturnValue:
    """Search the records that the engagement may see."""
    asked, found = asked_now(), engagement_now()
    page, counted, status = Page(entries=(), after=None), None, 200 if asked.query else _BAD
    errors = dict(asked.errors)
    if asked.query is not None:
        try:
            page, counted = _found(product().index, asked, scope_of(found))
        except SlowQueryError:
            errors["page"] = "this takes too long to find: name an action, a subject or a resource, or a shorter time"
            status = _SLOW
    shown = render_template(
        "records/search.html",
        engagement=engagement,
        asked=asked,
        errors=errors,
        page=page,
        counted=counted,
        older=asked.link(after=page.after) if page.after else None,
        newer=asked.link(before=page.before) if page.before else None,
        this=asked.link(after=request.args.get("after"), before=request.args.get("before")),
        period=found,
        controls=_enforced(),
        types=[(each, each) for each in TYPES[1:]],
        any=ANY,
        saved=searches_of(engagement),
    )
    return shown, status


def _found(index: Engine, asked: Asked, scope: Scope) -> tuple[Page, Count]:
    assert asked.query is not None  # noqa: S101 - who asks has looked
    return search(index, asked.query, scope), count(index, asked.query, scope)


def _enforced() -> list[tuple[str, str]]:
    """Return the controls that rules enforce: id and title."""
    controls = frameworks_of(product().settings.frameworks).controls
    return [(name, each.title) for name, each in sorted(controls.items()) if each.rules]


@feature.route("/e/<engagement>/records.csv", action="view", resource=looked_for, context=circumstances)
def records_csv(_permit: Permit, engagement: str) -> ResponseReturnValue:
    """Return one page of a search as CSV."""
    asked = asked_now()
    if asked.query is None:
        raise RefusedError(problem("malformed_request"))
    try:
        page = search(product().index, asked.query, scope_of(engagement_now()))
    except SlowQueryError:
        raise RefusedError(problem("data_unavailable")) from None
    table = Table(name=f"records-{engagement}", head=tuple(_CSV), rows=tuple(map(_row, page.entries)))
    headers = {"content-disposition": f'attachment; filename="{table.name}.csv"'}
    return Response(table.csv(), content_type="text/csv; charset=utf-8; header=present", headers=headers)


def _row(entry: Entry) -> tuple[str | None, ...]:
    outcome = {True: "allow", False: "deny", None: None}[entry.allow]
    told = {"outcome": outcome, "failed": " ".join(entry.failed)}
    return tuple(told[name] if name in told else getattr(entry, name) for name in _CSV.values())


def _written(engagement: str, thing: str, author: str) -> Resource:
    return describe(engagement, {"kind": "search", "id": thing, "author": author})


def _new(*, engagement: str) -> Resource:
    return _written(engagement, "", "")


def _kept(*, engagement: str, number: int) -> Resource:
    found = find_search(engagement, number)  # one that there is not is nobody's: removing it changes nothing
    return _written(engagement, str(number), found.author if found else "")


@feature.route(
    "/e/<engagement>/records/searches", action="write", resource=_new, methods=("POST",), context=circumstances
)
def keep(permit: Permit, engagement: str) -> ResponseReturnValue:
    """Keep a search under a name."""
    asked = _given(dict(parse_qsl(str(sent().get("query", "")))))
    try:
        keep_search(permit, engagement, str(sent().get("name", "")).strip(), asked.link(), int(time.time()))
    except AuditsError as error:
        raise RefusedError(problem("malformed_request", str(error))) from error
    return seen_other("auditor_portal.records", engagement=engagement, **asked.values)


@feature.route(
    "/e/<engagement>/records/searches/<int:number>/remove",
    action="write",
    resource=_kept,
    methods=("POST",),
    context=circumstances,
)
def forget(permit: Permit, engagement: str, number: int) -> ResponseReturnValue:
    """Remove a search that whoever asks has kept."""
    remove_search(permit, engagement, number)
    return seen_other("auditor_portal.records", engagement=engagement)
