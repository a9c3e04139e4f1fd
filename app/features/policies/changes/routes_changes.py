"""Change requests over HTTP: the same routes answer programs with JSON and people with pages, whichever they accept.

A session's cookie says who acts, for programs too: its forms' token goes into `x-csrf-token`. What is opened stands in
the URL, so that policy is told of it by Git and by our rows, and never by the body.
"""

import secrets
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from flask import render_template
from flask.typing import ResponseReturnValue

from app.db import reading
from app.errors import problem
from app.features.policies.changes import change_shown, changing
from app.features.policies.changes.board import board, has_board, refusing
from app.features.policies.changes.changing import MAX_TEXT, MAX_TITLE
from app.features.policies.changes.finding import facts, find
from app.features.policies.errors import RepositoryError
from app.features.policies.feature import feature
from app.pdp.enforce import Permit
from app.pep import RefusedError, Resource, seen_other, sent, wants_page
from app.pep import gate_of_request as gate

_LIST, _ONE = "policies.changes", "policies.change"
_MOST_FILES: Final = 100_000  # what the contract takes


def _all() -> Resource:
    return Resource(type="policies", id="changes", properties={})


def _shown(number: int) -> Resource:
    with refusing(), reading() as session:
        find(session, number, ())
    return Resource(type="policies", id=f"changes/{number}", properties={})


def _request(number: int) -> Resource:
    with refusing():
        board().repository.fetch()
        found = facts(board().repository, number, board().required(), gate().subject().id)
    return Resource(type="change_request", id=f"cr-{number}", properties=found)


def _branch(branch: str) -> Resource:
    with refusing():
        repository = board().repository
        repository.fetch()
        head, tip = repository.branches().get(branch), repository.head(repository.branch)
        continues = head is not None and repository.is_ancestor(tip, head)
        files = min(len(repository.diff(tip, head)), _MOST_FILES) if head is not None and continues else 0
    facts = {
        "source": "branch",
        "protected": branch == repository.branch,
        "exists": head is not None,
        "continues": continues,
        "files": files,
    }
    return Resource(type="branch", id=branch, properties=facts)


def _patch(branch: str) -> Resource:
    found = _branch(branch)
    return Resource(type="branch", id=branch, properties=found.properties | {"source": "patch"})


def _tree(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"tree": _text(found, "tree", 64)}


def _tree_and_role(found: Mapping[str, Any]) -> dict[str, Any]:
    return _tree(found) | {"role": _text(found, "role", 64)}


@feature.route("/changes", action="view", resource=_all)
def changes(_permit: Permit) -> ResponseReturnValue:
    """List the change requests, and the branches that could become one; or say how there could be any."""
    if wants_page() and not has_board():
        return render_template("policies/no_repository.html"), 404
    repository, fresh = board().repository, True
    with reading() as session:
        found = change_shown.listed(session)
    with refusing():
        try:
            repository.fetch()
        except RepositoryError:
            fresh = False  # what was fetched before can be read without the remote
        heads = repository.branches()
    taken = {each["branch"] for each in found if each["ended"] is None} | {repository.branch}
    merged = heads.get(repository.branch)
    free = sorted(name for name, head in heads.items() if name not in taken and head != merged)
    if not wants_page():
        return {"changes": found, "branches": free, "fresh": fresh}
    name = f"patch/{secrets.token_hex(4)}"
    return render_template("policies/changes.html", changes=found, branches=free, fresh=fresh, name=name)


@feature.route("/changes/<int:number>", action="view", resource=_shown)
def change(_permit: Permit, number: int) -> ResponseReturnValue:
    """Show one request: what it changes, what was found, who has agreed and who has yet to."""
    with refusing(), reading() as session:
        found = change_shown.document(session, number, board().required())
    with refusing():
        files = board().repository.diff(found["base"], found["head"])
    rules, diffs = change_shown.rules(files), change_shown.file_diffs(files)
    if wants_page():
        return render_template("policies/change.html", change=found, rules=rules, diffs=diffs)
    shown = {"rules": [asdict(each) for each in rules], "files": [asdict(each) for each in diffs]}
    return found | shown


@feature.route("/changes/branches/<path:branch>", action="open_change", resource=_branch, methods=("POST",))
def open_branch(permit: Permit, branch: str) -> ResponseReturnValue:
    """Open a request for a branch, or have the one it has looked at anew."""
    return _opened(permit, branch)


@feature.route("/changes/patches/<path:branch>", action="open_change", resource=_patch, methods=("POST",))
def open_patch(permit: Permit, branch: str) -> ResponseReturnValue:
    """Make a branch of a patch, and open a request for it."""
    title, text = _title(branch), _text(sent(), "description", MAX_TEXT, least=0)
    patch = _text(sent(), "patch", 1 << 18).replace("\r\n", "\n").encode()
    with refusing():
        board().patcher.branch(
            board().repository,
            patch,
            branch,
            person=permit.request.subject.id,
            message=f"{title}\n\n{text}\n",
            now=board().now(),
        )
    return _opened(permit, branch)


@feature.route("/changes/<int:number>/comments", action="comment", resource=_request, methods=("POST",))
def comment(permit: Permit, number: int) -> ResponseReturnValue:
    """Keep what somebody says about a request."""
    text = _text(sent(), "text", MAX_TEXT)
    with refusing():
        changing.comment(permit, number, text, board().now())
    return _done(permit, number, 201)


@feature.route(
    "/changes/<int:number>/approve",
    action="approve",
    resource=_request,
    methods=("POST",),
    context=_tree_and_role,
)
def approve(permit: Permit, number: int) -> ResponseReturnValue:
    """Keep that somebody agrees to the tree that they were shown."""
    said = permit.request.context
    with refusing():
        changing.approve(
            permit,
            board().repository,
            number,
            tree=said["tree"],
            role=said["role"],
            required=board().required(),
            now=board().now(),
        )
    return _done(permit, number, 201)


@feature.route("/changes/<int:number>/withdraw", action="withdraw", resource=_request, methods=("POST",))
def withdraw(permit: Permit, number: int) -> ResponseReturnValue:
    """Take a request back."""
    with refusing():
        changing.withdraw(permit, number, board().now())
    return _done(permit, number, 200)


@feature.route("/changes/<int:number>/merge", action="merge", resource=_request, methods=("POST",), context=_tree)
def merge(permit: Permit, number: int) -> ResponseReturnValue:
    """Move the protected branch on to what was approved."""
    with refusing():
        tree = permit.request.context["tree"]
        required, now = board().required(), board().now()
        changing.merge(permit, board().repository, number, tree=tree, required=required, now=now)
    return _done(permit, number, 200)


def _opened(permit: Permit, branch: str) -> ResponseReturnValue:
    title, text = _title(branch), _text(sent(), "description", MAX_TEXT, least=0)
    with refusing():
        opened = changing.open_change(
            permit,
            board().repository,
            branch,
            title=title,
            description=text,
            checks=board().checker.means.names,
            now=board().now(),
        )
    board().checker.begin(permit, opened)
    if wants_page():
        return seen_other(_ONE, number=opened.number)
    return asdict(opened) | {"decision_id": permit.decision_id}, 201


def _done(permit: Permit, number: int, status: int) -> ResponseReturnValue:
    if wants_page():
        return seen_other(_ONE, number=number)
    return {"number": number, "decision_id": permit.decision_id}, status


def _title(branch: str) -> str:
    return _text(sent(), "title", MAX_TITLE, least=0).strip() or branch


def _text(found: Mapping[str, Any], name: str, most: int, *, least: int = 1) -> str:
    value = found.get(name, "")
    if not isinstance(value, str) or not least <= len(value) <= most or "\0" in value:
        raise RefusedError(problem("malformed_request", f"`{name}` is a text of {least} to {most} characters"))
    return value
