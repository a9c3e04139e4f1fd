"""Invoices over HTTP: a buyer's own, and all of them for finance; as a page, JSON, CSV, PDF."""

from typing import Any

from flask import Response, jsonify, make_response, render_template
from flask.typing import ResponseReturnValue
from sqlmodel import Session, col, select

from app.db import reading
from app.features.marketplace.billing.invoice_document import as_csv, as_pdf, document
from app.features.marketplace.billing.looking import as_buyer_or_oneself, looked_at
from app.features.marketplace.billing.provider import till
from app.features.marketplace.billing.rows import InvoiceRow, SubscriptionRow
from app.features.marketplace.errors import UnknownError
from app.features.marketplace.feature import feature
from app.features.marketplace.money import Money
from app.features.marketplace.parties import as_buyer
from app.features.marketplace.rows import AgentRow, PartyRow
from app.pdp.enforce import Permit
from app.pep import Resource, subject_of_request, wants_page

_MOST = 1_000  # invoices of one list


def _everybodys() -> Resource:
    return looked_at("invoices", "invoices")


def _own() -> Resource:
    """Describe the invoices of the buyer that whoever asks acts for: nobody else's are listed."""
    return looked_at("invoices", "invoices", of=as_buyer(subject_of_request()).id)


def _one(identifier: str) -> Resource:
    with reading() as session:
        return looked_at(f"invoices/{identifier}", "invoices", of=_found(session, identifier).buyer)


def _found(session: Session, identifier: str) -> InvoiceRow:
    row = session.get(InvoiceRow, identifier)
    if row is None:
        raise UnknownError("there is no such invoice")
    return row


def _made(identifier: str) -> dict[str, Any]:
    with reading() as session:
        row = _found(session, identifier)
        agent = session.get_one(AgentRow, session.get_one(SubscriptionRow, row.subscription).agent)
        return document(row, buyer=session.get_one(PartyRow, row.buyer).name, agent=agent.title)


@feature.route("/invoices/<identifier>", action="view_billing", resource=_one, acting=as_buyer_or_oneself)
def invoice(_permit: Permit, identifier: str) -> ResponseReturnValue:
    """Show an invoice."""
    found = _made(identifier)
    if wants_page():
        outside = till().provider.name == "none"
        return render_template("marketplace/invoice.html", invoice=found, money=Money, outside=outside)
    return jsonify(found)


@feature.route("/invoices/<identifier>/csv", action="view_billing", resource=_one, acting=as_buyer_or_oneself)
def invoice_as_csv(_permit: Permit, identifier: str) -> ResponseReturnValue:
    """Hand over an invoice as CSV."""
    with reading() as session:
        text = as_csv(_found(session, identifier))
    return _file(text.encode(), "text/csv; charset=utf-8", f"{identifier}.csv")


@feature.route("/invoices/<identifier>/pdf", action="view_billing", resource=_one, acting=as_buyer_or_oneself)
def invoice_as_pdf(_permit: Permit, identifier: str) -> ResponseReturnValue:
    """Hand over an invoice as PDF/A."""
    return _file(as_pdf(_made(identifier)), "application/pdf", f"{identifier}.pdf")


@feature.route("/invoices", action="view_billing", resource=_own, acting=as_buyer)
def invoices(permit: Permit) -> ResponseReturnValue:
    """Show a buyer their invoices."""
    return _listed(permit.request.subject.id)


@feature.route("/finance/invoices", action="view_billing", resource=_everybodys)
def all_invoices(_permit: Permit) -> ResponseReturnValue:
    """Show every invoice to finance."""
    return _listed(None)


def _listed(buyer: str | None) -> ResponseReturnValue:
    wanted = select(InvoiceRow).order_by(col(InvoiceRow.period).desc(), InvoiceRow.id).limit(_MOST)
    with reading() as session:
        found = session.exec(wanted if buyer is None else wanted.where(InvoiceRow.buyer == buyer)).all()
    if wants_page():
        return render_template("marketplace/invoices.html", invoices=found, money=Money, own=buyer is not None)
    listed = [
        {"id": row.id, "buyer": row.buyer, "period": row.period, "currency": row.currency, "total": row.total}
        for row in found
    ]
    return jsonify(invoices=listed)


def _file(content: bytes, kind: str, name: str) -> Response:
    made = make_response(content)
    made.headers["content-type"] = kind
    made.headers["content-disposition"] = f'attachment; filename="{name}"'
    return made
