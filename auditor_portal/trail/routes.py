"""Pages of the audit trail: how the log stands, its chains, seals, checkpoints, keys and probes, and their bytes.

Each is read from the index or verified from the store, and says which. No record is shown here, and no segment handed
out: those hold what other tenants did.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from flask import make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app.errors import problem
from app.pdp.enforce import Permit
from app.pep import RefusedError, Resource
from auditor_portal import clock
from auditor_portal.engaged import circumstances, describe, engaged, engagement_now
from auditor_portal.feature import feature
from auditor_portal.period import Period
from auditor_portal.product import product
from auditor_portal.trail import days, listing, probes, verified
from auditor_portal.trail.anchored import delay
from auditor_portal.trail.checks import Outcome, worst
from auditor_portal.trail.overview import chain_state, overview, promised, proved_log
from auditor_portal.trail.reservations import span
from auditor_portal.trail.silences import SLACK, silences
from evidence import cosignature, timestamp_form
from evidence.anchor_check import COSIGNATURE_KEY, TIMESTAMP_KEY
from evidence.checkpointer import CHECKPOINT_KEY
from evidence.errors import FindingError
from evidence.inventory import AuditedStore
from evidence.key_history import STATEMENT_KEY
from evidence.note import MAX_NOTE
from evidence.segment import SEAL_KEY, seal_key

_MOST_BEYOND: Final = 1_000  # seals behind those of the index that are counted
_TONES: Final = {Outcome.HOLDS: "good", Outcome.BROKEN: "bad", Outcome.UNCHECKED: "warn"}


def _now() -> datetime:
    return datetime.fromtimestamp(clock.now(), UTC)


def _one(kind: str) -> Callable[..., Resource]:
    """Return the resource function of a page about one thing of the trail, which is named by the parts of its URL."""

    def resource(*, engagement: str, **parts: Any) -> Resource:
        return describe(engagement, {"kind": "trail", "id": "/".join([kind, *map(str, parts.values())])})

    return resource


def _period() -> Period:
    found = engagement_now()
    return Period(since=found.period_start, until=found.period_end)


def _page(template: str, **values: Any) -> str:
    return render_template(
        f"trail/{template}.html", tones=_TONES, worst=worst, span=span, delay=delay, period=_period(), **values
    )


@feature.route("/e/<engagement>/trail", action="view", resource=engaged("trail"), context=circumstances)
def trail(_permit: Permit, engagement: str) -> ResponseReturnValue:  # noqa: ARG001 - it is the one of the request
    """Show how the log stands, what it cannot prove, and its chains."""
    found, period = product(), _period()
    recorded, checkpointed = days.recorded(found.index, period), days.checkpointed(found.index, period)
    return _page(
        "overview",
        found=overview(found, period, _now()),
        verifier=str(found.verifier),
        recorded=recorded,
        checkpointed=checkpointed,
        charts=(
            ("Records", Markup(days.records_chart(recorded))),  # noqa: S704 - made here, of numbers
            ("Seconds between checkpoints", Markup(days.checkpoints_chart(checkpointed))),  # noqa: S704
        ),
        promised=promised(found.settings),
        most=listing.MOST_CHAINS,
    )


@feature.route("/e/<engagement>/trail/checkpoints", action="view", resource=_one("checkpoints"), context=circumstances)
def trail_checkpoints(_permit: Permit, engagement: str) -> ResponseReturnValue:  # noqa: ARG001
    """List checkpoints, the newest first, with what others say of them."""
    found = product()
    rows = listing.checkpoints(found.index, _below())
    anchors = proved_log(found, _now()).anchors(rows[-1]["number"], rows[0]["number"]) if rows else {}
    return _page("checkpoints", rows=rows, anchors=anchors, after=_after(rows))


@feature.route(
    "/e/<engagement>/trail/checkpoints/<int(max=999999999999):number>",
    action="view",
    resource=_one("checkpoint"),
    context=circumstances,
)
def trail_checkpoint(_permit: Permit, engagement: str, number: int) -> ResponseReturnValue:  # noqa: ARG001
    """Show a checkpoint as it stands in the store, and what was checked of it; its root, where that is asked for."""
    found = product()
    log, row = proved_log(found, _now()), listing.checkpoint(found.index, number)
    shown = log.checkpoint(number)
    if shown.data is None and row is None:
        raise RefusedError(problem("not_found"))
    root = log.root(shown.found, found.reader) if shown.found and "root" in request.args else None
    same = None
    if row is not None and shown.found is not None:
        same = (row["size"], row["root"]) == (shown.found.size, shown.found.root.hex())
    leaves, readable = log.leaves(number)
    return _page(
        "checkpoint",
        number=number,
        row=row,
        shown=shown,
        root=root,
        same=same,
        leaves=leaves,
        readable=readable,
        anchors=log.anchors(number, number).get(number, []),
    )


@feature.route("/e/<engagement>/trail/chains/<chain>", action="view", resource=_one("chain"), context=circumstances)
def trail_chain(_permit: Permit, engagement: str, chain: str) -> ResponseReturnValue:  # noqa: ARG001
    """Show a chain: its gaps, silences, and its segments, the newest first, each seal verified."""
    found, period, allowed = product(), _period(), product().settings.heartbeat + SLACK
    line = next(iter(listing.chains(found.index, period, chain)), None)
    if line is None:
        raise RefusedError(problem("not_found"))
    log, rows = proved_log(found, _now()), listing.segments(found.index, chain, _below())
    return _page(
        "chain",
        state=chain_state(found, line, period, allowed, _now()),
        allowed=allowed,
        gaps=listing.gaps(found.index, chain),
        silences=silences(found.index, chain, period),
        rows=[(row, log.seal_alone(chain, row["number"])) for row in rows],
        beyond=_beyond(log.store, chain, line.segments),
        after=_after(rows),
    )


@feature.route(
    "/e/<engagement>/trail/chains/<chain>/seals/<int(max=999999999999):number>",
    action="view",
    resource=_one("seal"),
    context=circumstances,
)
def trail_seal(_permit: Permit, engagement: str, chain: str, number: int) -> ResponseReturnValue:  # noqa: ARG001
    """Show a seal as it stands in the store, and what was checked of it and of its segment."""
    found = product()
    row = listing.segment(found.index, chain, number)
    if SEAL_KEY.fullmatch(seal_key(chain, number)) is None:
        raise RefusedError(problem("not_found"))
    shown = proved_log(found, _now()).seal(chain, number)
    if shown.data is None and row is None:
        raise RefusedError(problem("not_found"))
    same = None if row is None or shown.found is None else row["seal_hash"] == shown.found.seal_hash
    return _page("seal", chain=chain, number=number, row=row, shown=shown, same=same)


@feature.route("/e/<engagement>/trail/keys", action="view", resource=_one("keys"), context=circumstances)
def trail_keys(_permit: Permit, engagement: str) -> ResponseReturnValue:  # noqa: ARG001
    """Show which key signed what, from when on."""
    found = product()
    try:
        history, said = proved_log(found, _now()).history(), ""
    except FindingError as error:
        history, said = None, f"{error.code} at {error.where}: {error.detail}"
    return _page("keys", history=history, said=said, pinned=found.verifier)


@feature.route("/e/<engagement>/trail/probes", action="view", resource=_one("probes"), context=circumstances)
def trail_probes(_permit: Permit, engagement: str) -> ResponseReturnValue:  # noqa: ARG001
    """Show what probes of the store showed, the last one attempt by attempt, and the node's own verifications."""
    found = product()
    return _page(
        "probes",
        recorded=probes.recorded(found.index, found.reader),
        kept=probes.last(found.settings, found.index, found.reader),
        verified=verified.recorded(found.index, found.reader),
        tenant=engagement_now().tenant,
    )


@feature.route("/e/<engagement>/trail/object/<path:key>", action="view", resource=_one("object"), context=circumstances)
def trail_object(_permit: Permit, engagement: str, key: str) -> ResponseReturnValue:  # noqa: ARG001
    """Hand out a seal, a checkpoint, an anchor or a key statement, byte for byte as it stands in the store."""
    limit = _limit(key)
    if limit is None:
        raise RefusedError(problem("not_found"))
    try:
        data = AuditedStore(product().store).read(key, limit, "missing")
    except FindingError as error:
        raise RefusedError(problem("not_found" if error.code == "missing" else "evidence_damaged")) from error
    answer = make_response(data)
    answer.content_type = "application/timestamp-reply" if key.endswith(".tsr") else "text/plain; charset=utf-8"
    answer.headers["content-disposition"] = f'attachment; filename="{key.replace("/", "-")}"'
    return answer


def _limit(key: str) -> int | None:
    """Return how large the object of a key may be; None for what is not handed out."""
    forms = {
        SEAL_KEY: MAX_NOTE,
        CHECKPOINT_KEY: MAX_NOTE,
        STATEMENT_KEY: MAX_NOTE,
        TIMESTAMP_KEY: timestamp_form.MAX_TIMESTAMP,
        COSIGNATURE_KEY: cosignature.MAX_LINE,
    }
    return next((limit for form, limit in forms.items() if form.fullmatch(key)), None)


def _beyond(store: Any, chain: str, segments: int) -> tuple[int, ...]:
    """Return the numbers of the seals that stand in the store behind those of the index."""
    after = seal_key(chain, segments - 1) if segments else ""
    found: list[int] = []
    for key in store.keys(f"chains/{chain}/seals/", after=after):
        if match := SEAL_KEY.fullmatch(key):
            found.append(int(match[2]))
        if len(found) == _MOST_BEYOND:
            break
    return tuple(found)


def _below() -> int | None:
    """Return from where on a list goes on, as its last page said; None from the beginning.

    Raises:
        RefusedError: it is no number.
    """
    text = request.args.get("below", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 15:  # noqa: PLR2004 - digits of a number in the index
        raise RefusedError(problem("malformed_request"))
    return int(text)


def _after(rows: Any) -> str | None:
    """Return the URL of the page behind these rows; None where they are the last ones."""
    if len(rows) < listing.PAGE or not rows[-1]["number"]:
        return None
    arguments = {**(request.view_args or {}), "below": rows[-1]["number"]}
    return url_for(str(request.endpoint), **arguments)
