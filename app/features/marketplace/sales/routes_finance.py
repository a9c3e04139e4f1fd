"""Money over HTTP: a developer's statement and payouts, and the queue of finance."""

import csv
import io
import json
from typing import Any

from flask import Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from sqlmodel import Session, col, select

from app.db import reading
from app.features.marketplace.errors import SayingError
from app.features.marketplace.feature import feature
from app.features.marketplace.money import Money
from app.features.marketplace.parties import as_developer
from app.features.marketplace.sales import payouts
from app.features.marketplace.sales.ledger import BalanceRow, PostingRow, TxnRow
from app.features.marketplace.sales.orders import moment
from app.features.marketplace.sales.routes_orders import as_party, document, key
from app.features.marketplace.sales.rows import DisputeRow, DisputeState, OrderRow, OrderState, PayoutRow, PayoutState
from app.features.marketplace.sales.till import till
from app.pdp.enforce import Permit
from app.pep import Resource, bundle_in_force, sent, wants_page

_MOST = 1_000


def statement_of(session: Session, developer: str, currency: str) -> list[dict[str, Any]]:
    """Return what moved on the accounts of a developer, the newest first, a thousand postings at most."""
    names = [f"dev:{developer}:{each}" for each in ("escrow", "available", "reserve", "in_transit")]
    statement = (
        select(PostingRow, TxnRow)
        .join(TxnRow, col(TxnRow.id) == col(PostingRow.txn))
        .where(
            col(PostingRow.account).in_([*names, f"receivable:{developer}"]),
            PostingRow.currency == currency,
        )
        .order_by(col(PostingRow.id).desc())
        .limit(_MOST)
    )
    return [
        {
            "at": moment(txn.at),
            "kind": txn.kind,
            "of": txn.key,
            "account": posting.account.rpartition(":")[2] if posting.account.startswith("dev:") else "owed",
            "amount_minor": posting.amount,
            "currency": posting.currency,
            "amount": str(Money(posting.currency, posting.amount)),
            "decision_id": txn.decision_id,
        }
        for posting, txn in session.exec(statement)
    ]


def queue(session: Session) -> dict[str, list[dict[str, Any]]]:
    """Return what finance has to look at: held orders, disputes that wait, debts, payouts that failed."""
    held = session.exec(
        select(OrderRow).where(OrderRow.state == OrderState.HELD.value).order_by(OrderRow.id).limit(_MOST)
    )
    waiting = session.exec(
        select(DisputeRow, OrderRow.currency)
        .join(OrderRow, col(OrderRow.id) == col(DisputeRow.order))
        .where(DisputeRow.state == DisputeState.REPORTED.value)
        .order_by(DisputeRow.id)
        .limit(_MOST)
    )
    debts = session.exec(
        select(BalanceRow).where(col(BalanceRow.account).like("receivable:%"), col(BalanceRow.amount) < 0)
    )
    failed = session.exec(
        select(PayoutRow)
        .where((PayoutRow.state == PayoutState.FAILED.value) | (PayoutRow.reported == PayoutState.FAILED.value))
        .order_by(PayoutRow.id)
        .limit(_MOST)
    )
    return {
        "held": [document(row) for row in held],
        "disputes": [
            {"id": row.id, "order": row.order, "amount": str(Money(currency, row.amount))} for row, currency in waiting
        ],
        "debts": [
            {"developer": row.account.removeprefix("receivable:"), "owed": str(Money(row.currency, -row.amount))}
            for row in debts
        ],
        "payouts": [
            {"id": row.id, "developer": row.developer, "amount": str(Money(row.currency, row.amount))} for row in failed
        ],
    }


def _currency() -> str:
    said = request.args.get("currency") or (sent().get("currency") if request.method == "POST" else None) or "USD"
    if not isinstance(said, str) or len(said) != 3 or not said.isalpha() or not said.isupper():  # noqa: PLR2004 - ISO 4217
        raise SayingError("`currency` has three capital letters")
    return said


def _statement(developer: str) -> Resource:
    return Resource(type="statement", id=developer, properties={"owners": [developer]})


def _finance() -> Resource:
    return Resource(type="finance_queue", id="finance", properties={"owners": []})


def _keeping() -> payouts.Keeping:
    return payouts.Keeping.of(json.loads(bundle_in_force().data)["thresholds"])


def _payout(developer: str) -> Resource:
    made = till()
    with reading() as session:
        return payouts.facts(session, payouts.wish(developer, _currency(), key()), _keeping(), made.at())


@feature.route("/developers/<developer>/statement", action="view_sales", resource=_statement, acting=as_party)
def statement(permit: Permit, developer: str) -> ResponseReturnValue:  # noqa: ARG001 - that it is permitted is enough
    """Show what moved on a developer's accounts: as a page, JSON, or CSV where `format=csv` is asked for."""
    with reading() as session:
        lines = statement_of(session, developer, _currency())
    if request.args.get("format") == "csv":
        return Response(_csv(lines), mimetype="text/csv")
    if wants_page():
        return render_template("marketplace/statement.html", developer=developer, lines=lines)
    return jsonify(developer=developer, lines=lines)


@feature.route(
    "/developers/<developer>/payouts", action="payout", resource=_payout, methods=("POST",), acting=as_developer
)
def pay_out(permit: Permit, developer: str) -> ResponseReturnValue:
    """Pay a developer out what may be paid."""
    row = payouts.pay_out(till(), permit, payouts.wish(developer, _currency(), key()), _keeping())
    return jsonify(id=row.id, state=row.state, amount_minor=row.amount, decision_id=row.decision_id), 201


@feature.route("/finance", action="view_sales", resource=_finance)
def finance(permit: Permit) -> ResponseReturnValue:  # noqa: ARG001 - that it is permitted is enough
    """Show what finance has to look at."""
    with reading() as session:
        found = queue(session)
    return render_template("marketplace/finance.html", **found) if wants_page() else jsonify(found)


def _csv(lines: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    names = ("at", "kind", "of", "account", "amount_minor", "currency", "decision_id")
    writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()
