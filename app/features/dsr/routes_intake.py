"""Where persons ask for what the law gives them: the public page, and what it sends; or a platform service, in JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import g, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.errors import problem
from app.features.dsr import keeping
from app.features.dsr.answering import data, document, found, present
from app.features.dsr.clocks import DAY
from app.features.dsr.desk import desk, limit_address
from app.features.dsr.feature import feature
from app.features.dsr.letter import LetterKind
from app.features.dsr.letters import draft, posting
from app.features.dsr.request import DsrKind, Law
from app.features.dsr.rows import RequestRow
from app.features.dsr.said import Said, is_address, parse_document, parse_form
from app.features.dsr.texts import DEFAULT, languages, texts
from app.pdp.enforce import Permit
from app.pdp.model import Entity
from app.pep import CONTROL, RefusedError, Resource, gate_of_request, seen_other, sent

_ROWS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coming:
    """A request before it is permitted: its row, and whether a platform service vouches for the person."""

    row: RequestRow
    said: Said
    vouched: bool


def language() -> str:
    """Return the language that is wanted: of the address, or else of the browser."""
    asked = request.args.get("lang", "")
    return asked if asked in languages() else request.accept_languages.best_match(languages(), DEFAULT) or DEFAULT


@feature.public("/")
def front() -> ResponseReturnValue:
    """Show the form. It shows and changes nothing, so that nobody is asked."""
    wanted = language()
    return render_template(
        "dsr/intake.html",
        t=texts(wanted),
        lang=wanted,
        languages=languages(),
        kinds=[each.value for each in DsrKind],
        laws=[Law.GDPR.value, Law.CCPA.value],
        rows=range(1, _ROWS + 1),
        place=url_for("dsr.front"),
    )


def _coming() -> Resource:
    who, said = gate_of_request().subject(), sent()
    if who.type == "visitor":
        limit_address(request.remote_addr or "", request.headers.getlist("x-forwarded-for"), data().of_address)
    parse = parse_document if request.is_json else parse_form
    wanted = found(lambda: parse(said, frozenset(languages())))
    now, vault = present(), desk().vault
    identifier = keeping.fresh_id()
    row = found(lambda: keeping.prepare(identifier, _tenant(who), wanted, vault, source=_source(who), now=now))
    vouched = _vouched(said)
    g.dsr_coming = _Coming(row=row, said=wanted.said, vouched=vouched)
    facts = {
        "kind": row.kind,
        "law": row.law,
        "recent": keeping.recent(row.subject or "", now - DAY),
        "vouched": vouched,
    }
    return Resource(type="dsr_request", id=identifier, properties=facts)


def _vouched(said: Mapping[str, Any]) -> bool:
    """Return whether it is said that the person was verified; policy says who may say so.

    Raises:
        RefusedError: neither yes nor no.
    """
    value = said.get("verified", False) if request.is_json else False
    if not isinstance(value, bool):
        raise RefusedError(problem("malformed_request", "`verified` is neither true nor false"))
    return value


def _tenant(who: Entity) -> str:
    return str(who.properties.get("tenant", CONTROL.tenant))


def _source(who: Entity) -> str:
    return who.type if who.type == "visitor" else f"{who.type} {who.id}"


@feature.route("/requests", action="submit", resource=_coming, methods=("POST",))
def submit(permit: Permit) -> ResponseReturnValue:
    """Keep a request, and show the person the way back to it."""
    coming: _Coming = g.dsr_coming
    link = keeping.fresh_link()
    address = desk().public_url + url_for("dsr.mine", identifier=coming.row.id, key=link)
    letter = found(lambda: _confirmation(coming, address))
    kept = keeping.submit(permit, coming.row, vouched=coming.vouched, link=link, letter=letter)
    if not request.is_json:
        return seen_other("dsr.mine", identifier=kept.id, key=link)
    return jsonify(document(kept, present()) | {"link": address}), 201


def _confirmation(coming: _Coming, link: str) -> keeping.Posting | None:
    """Return the letter with the way back; none where there is no mail server, or no address.

    Raises:
        VaultError: the key store fails.
    """
    to, work = coming.said.contact, desk()
    if not work.mails or not is_address(to):
        return None
    kind, account = LetterKind.CONFIRMATION, coming.said.id
    return posting(draft(coming.row, kind, to, link, vault=work.vault, account=account, now=present()))
