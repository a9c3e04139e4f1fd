"""Pages of policies: what was in force in the period, any revision of it, how two differ, and how each came about."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import g, render_template, request
from flask.typing import ResponseReturnValue

from app import activation
from app.errors import problem
from app.features.policies.described import beside, folders
from app.features.policies.library import NoRevisionError
from app.features.policies.results.figures import by_subject, figures
from app.features.policies.results.results import load
from app.pdp.enforce import Permit
from app.pep import CONTROL, RefusedError, Resource
from auditor_portal.engaged import circumstances, describe, engaged, engagement_now
from auditor_portal.feature import feature
from auditor_portal.period import Period
from auditor_portal.policies.approvals import approved
from auditor_portal.policies.differences import MOST_FILES, difference
from auditor_portal.policies.in_force import activations, in_force, may_be_seen
from auditor_portal.policies.reading import Reading, reading

_MOST: Final = 200  # changes on a page
_LONGEST: Final = 256  # characters of an id that policy takes


def _one(kind: str) -> Callable[..., Resource]:
    """Return the resource function of a page about one revision, or about one file of it."""

    def resource(*, engagement: str, **parts: Any) -> Resource:
        name = "/".join([kind, *map(str, parts.values())])
        return describe(engagement, {"kind": "policies", "id": name[:_LONGEST]})

    return resource


def _files(revision: str) -> Mapping[str, str]:
    """Return the files of a revision that this engagement may see.

    Raises:
        RefusedError: there is no such revision, or it never decided for the engagement's tenant.
    """
    found = reading()
    tenant = engagement_now().tenant
    try:
        files = found.shelf.files(revision)
    except NoRevisionError as error:
        raise RefusedError(problem("not_found")) from error
    if activation.is_digest(revision) and not may_be_seen(found.product.index, found.product.product, tenant, revision):
        raise RefusedError(problem("not_found"))
    g.reading = found
    return files


def _text(revision: str, path: str) -> str:
    files = _files(revision)
    if path not in files:
        raise RefusedError(problem("not_found"))
    return files[path]


def _page(template: str, **values: Any) -> str:
    period = _period()

    def decided(at: str) -> bool:
        """Tell whether the record of an officer's decision may be seen: it is of the control plane's tenant."""
        return engagement_now().tenant == CONTROL.tenant and period.holds(at)

    return render_template(f"policies/{template}.html", period=period, decided=decided, **values)


def _period() -> Period:
    now = engagement_now()
    return Period(since=now.period_start, until=now.period_end)


def _found() -> Reading:
    found: Reading = g.reading
    return found


@feature.route("/e/<engagement>/policies", action="view", resource=engaged("policies"), context=circumstances)
def policies(_permit: Permit, engagement: str) -> ResponseReturnValue:  # noqa: ARG001 - it is the one of the request
    """List what was in force in the period, the newest first."""
    found, now = reading(), engagement_now()
    times = in_force(found.product.index, found.product.product, now.tenant, _period())
    kept = {each.bundle for each in times if activation.snapshot_path(found.product.bundles, each.bundle).is_file()}
    return _page("in_force", times=times, kept=kept, tenant=now.tenant)


@feature.route("/e/<engagement>/policies/diff", action="view", resource=_one("diff"), context=circumstances)
def policies_diff(_permit: Permit, engagement: str) -> ResponseReturnValue:  # noqa: ARG001
    """Show how one revision differs from another."""
    before, after = request.args.get("before", ""), request.args.get("after", "")
    found = difference(_files(before), _files(after))
    return _page("diff", before=before, after=after, found=found, most=MOST_FILES)


@feature.route("/e/<engagement>/policies/<revision>", action="view", resource=_one("tree"), context=circumstances)
def policies_tree(_permit: Permit, engagement: str, revision: str) -> ResponseReturnValue:  # noqa: ARG001
    """Show every file of a revision."""
    files = _files(revision)
    bundle = _found().shelf.bundle(revision)
    return _page("tree", revision=revision, folders=folders(files, bundle), bundle=bundle)


@feature.route(
    "/e/<engagement>/policies/<revision>/file/<path:path>",
    action="view",
    resource=_one("file"),
    context=circumstances,
)
def policies_file(_permit: Permit, engagement: str, revision: str, path: str) -> ResponseReturnValue:  # noqa: ARG001
    """Show a file with the numbers of its lines, and of a policy what each gate demands."""
    text = _text(revision, path)
    bundle = _found().shelf.bundle(revision)
    action = next((each for each in bundle.actions.values() if each.file == path), None) if bundle else None
    near = beside(path, _found().shelf.files(revision))
    return _page("file", revision=revision, path=path, text=text, action=action, beside=near)


@feature.route(
    "/e/<engagement>/policies/<revision>/history", action="view", resource=_one("history"), context=circumstances
)
def policies_history(_permit: Permit, engagement: str, revision: str) -> ResponseReturnValue:  # noqa: ARG001
    """Show the newest commits up to a revision, each with who signed it."""
    _files(revision)
    return _history(revision, "")


@feature.route(
    "/e/<engagement>/policies/<revision>/history/<path:path>",
    action="view",
    resource=_one("history"),
    context=circumstances,
)
def policies_file_history(
    _permit: Permit,
    engagement: str,  # noqa: ARG001
    revision: str,
    path: str,
) -> ResponseReturnValue:
    """Show the newest commits of a file, each with who signed it."""
    _text(revision, path)
    return _history(revision, path)


@feature.route(
    "/e/<engagement>/policies/<revision>/approvals", action="view", resource=_one("approvals"), context=circumstances
)
def policies_approvals(_permit: Permit, engagement: str, revision: str) -> ResponseReturnValue:  # noqa: ARG001
    """Show how a revision came into force: who agreed in which role, who signed, by which decisions."""
    _files(revision)
    found = _found()
    commit, known = found.shelf.commit(revision), activations(found.product.product)
    shown, verdict = None, found.verdict()
    if commit is not None:
        shown = approved(found.product.product, found.shelf.repository, verdict, commit, known)
    mine = [each for each in known if commit is not None and each.commit == commit]
    return _page("approvals", revision=revision, commit=commit, shown=shown, verdict=verdict, activations=mine)


@feature.route(
    "/e/<engagement>/policies/<revision>/tests", action="view", resource=_one("tests"), context=circumstances
)
def policies_tests(_permit: Permit, engagement: str, revision: str) -> ResponseReturnValue:  # noqa: ARG001
    """Show what the tests of a revision showed, as it was kept with it."""
    _files(revision)
    bundle = _found().shelf.bundle(revision)
    report = None if bundle is None else load(_found().product.bundles, bundle)
    opinion = None if bundle is None else activation.second_opinion(_found().product.bundles, bundle.digest)
    return _page(
        "tests",
        revision=revision,
        bundle=bundle,
        report=report,
        opinion=opinion,
        figures=None if report is None else figures(report),
        results=None if report is None else by_subject(report),
    )


def _history(revision: str, path: str) -> ResponseReturnValue:
    found = _found()
    changes = found.shelf.history(revision, path, _MOST)
    return _page("history", revision=revision, path=path, changes=changes, verdict=found.verdict())
