"""Installing over HTTP: a token for what was bought, and the bytes for a token.

`POST /marketplace/agents/<agent>/installs` gives a token; `POST /marketplace/installs` takes one, and answers with the
artifact and with what the deployer needs to know of it.
"""

import base64
import secrets
from collections.abc import Mapping
from typing import Any

from flask import jsonify, render_template
from flask.typing import ResponseReturnValue

from app.db import reading
from app.errors import problem
from app.features.marketplace import market_data
from app.features.marketplace.catalogue import drafting, installing
from app.features.marketplace.catalogue.desk import desk, now, objects
from app.features.marketplace.catalogue.moments import moment
from app.features.marketplace.errors import SayingError
from app.features.marketplace.feature import feature
from app.features.marketplace.parties import as_buyer
from app.features.marketplace.supply.artifacts import Artifacts
from app.features.marketplace.supply.errors import SupplyError
from app.objects import ObjectsError
from app.pdp.enforce import Permit
from app.pep import RefusedError, Resource, bundle_in_force, gate_of_request, sent, wants_page


def _till() -> installing.Till:
    return installing.Till(secret=desk().secret, bought=desk().bought)


def _version() -> str | None:
    version = sent().get("version")
    if version is not None and not isinstance(version, str):
        raise SayingError("`version` is a text")
    return version or None


def _wanted(agent: str) -> Resource:
    buyer = as_buyer(gate_of_request().subject()).id
    with reading() as session:
        return installing.for_issue(session, agent, _version(), buyer, _till())


def _pinned(_: Mapping[str, Any]) -> dict[str, Any]:
    return {"pinned": _version() is not None}


def _token() -> str:
    token = sent().get("token")
    if not isinstance(token, str):
        raise SayingError("`token` is missing")
    return token


def _redeemed() -> Resource:
    with reading() as session:
        return installing.for_redemption(session, installing.known(session, _token(), _till()), _till(), now())


def _as_issued(_: Mapping[str, Any]) -> dict[str, Any]:
    with reading() as session:
        return {"pinned": installing.known(session, _token(), _till()).pinned}


@feature.route(
    "/agents/<agent>/installs", action="install", resource=_wanted, methods=("POST",), context=_pinned, acting=as_buyer
)
def give_token(permit: Permit, agent: str) -> ResponseReturnValue:
    """Give a buyer a token to install an agent."""
    row, token = installing.issue(permit, _version(), _till(), name=secrets.token_hex(16), now=now())
    seconds = int(market_data.table(bundle_in_force(), "thresholds", "marketplace", "install")["token_seconds"])
    ends = row.issued_at + seconds
    if wants_page():
        with reading() as session:
            of = drafting.found(session, agent)
        return render_template("marketplace/install.html", agent=of, install=row, token=token, ends=moment(ends))
    return jsonify(_document(row) | {"token": token, "ends_at": ends}), 201


@feature.route(
    "/installs", action="install", resource=_redeemed, methods=("POST",), context=_as_issued, acting=as_buyer
)
def redeem(permit: Permit) -> ResponseReturnValue:
    """Hand out what a token is for, once."""
    with reading() as session:
        install = installing.known(session, _token(), _till())
        release = drafting.found_release(session, install.agent, install.version)
    try:
        data = Artifacts(objects()).get(install.artifact)
    except (ObjectsError, SupplyError) as error:
        raise RefusedError(problem("store_unavailable")) from error
    row = installing.redeem(permit, install, _till(), now())
    return jsonify(
        _document(row)
        | {"manifest": release.manifest, "artifact_base64": base64.b64encode(data).decode(), "files": release.files}
    )


def _document(row: Any) -> dict[str, Any]:
    return {
        "install": row.id,
        "agent": row.agent,
        "version": row.version,
        "artifact": row.artifact,
        "decision_id": row.decision_id,
    }
