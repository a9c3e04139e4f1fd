"""Pages to read policies on: the tree at any revision, a file with what its gates say, history, and blame."""

from collections.abc import Mapping

from flask import g, render_template
from flask.typing import ResponseReturnValue

from app.errors import problem
from app.features.policies.described import beside, folders
from app.features.policies.feature import feature
from app.features.policies.library import NoRevisionError, library
from app.pdp.enforce import Permit
from app.pep import RefusedError, Resource, bundle_in_force

_MOST = 200  # changes on a page


def _newest() -> Resource:
    try:
        g.revision = library().newest()
    except NoRevisionError as error:
        raise RefusedError(problem("not_found")) from error
    return Resource(type="policies", id=g.revision, properties={})


def _revision(revision: str) -> Resource:
    g.files = _files(revision)
    return Resource(type="policies", id=revision, properties={})


def _file(revision: str, path: str) -> Resource:
    g.files = _files(revision)
    if path not in g.files:
        raise RefusedError(problem("not_found"))
    return Resource(type="policies", id=revision, properties={"path": path})


def _files(revision: str) -> Mapping[str, str]:
    try:
        return library().files(revision)
    except NoRevisionError as error:
        raise RefusedError(problem("not_found")) from error


@feature.route("/", action="view", resource=_newest)
def tree(_permit: Permit) -> ResponseReturnValue:
    """Show every file of the newest revision."""
    g.files = _files(g.revision)
    return _tree(g.revision)


@feature.route("/at/<revision>/", action="view", resource=_revision)
def tree_at(_permit: Permit, revision: str) -> ResponseReturnValue:
    """Show every file of a revision."""
    return _tree(revision)


@feature.route("/at/<revision>/file/<path:path>", action="view", resource=_file)
def file(_permit: Permit, revision: str, path: str) -> ResponseReturnValue:
    """Show a file, and of a policy what each gate demands."""
    bundle = library().bundle(revision)
    action = next((each for each in bundle.actions.values() if each.file == path), None) if bundle else None
    text = g.files[path]
    now = bundle_in_force().actions.get(action.name) if action else None
    return render_template(
        "policies/file.html",
        revision=revision,
        path=path,
        text=text,
        action=action,
        counted=now.rules if now else {},
        beside=beside(path, g.files),
    )


@feature.route("/at/<revision>/blame/<path:path>", action="view", resource=_file)
def blame(_permit: Permit, revision: str, path: str) -> ResponseReturnValue:
    """Show who wrote which line of a file."""
    lines = library().blame(revision, path)
    return render_template("policies/blame.html", revision=revision, path=path, lines=lines)


@feature.route("/history", action="view", resource=_newest)
def history(_permit: Permit) -> ResponseReturnValue:
    """Show the newest changes."""
    changes = library().history(g.revision, "", _MOST)
    return render_template("policies/history.html", revision=g.revision, path="", changes=changes)


@feature.route("/at/<revision>/history/<path:path>", action="view", resource=_file)
def file_history(_permit: Permit, revision: str, path: str) -> ResponseReturnValue:
    """Show the newest changes of a file."""
    changes = library().history(revision, path, _MOST)
    return render_template("policies/history.html", revision=revision, path=path, changes=changes)


def _tree(revision: str) -> ResponseReturnValue:
    bundle = library().bundle(revision)
    in_force = bundle_in_force()
    return render_template(
        "policies/tree.html", revision=revision, folders=folders(g.files, bundle), bundle=bundle, in_force=in_force
    )
