"""An invoice as others read it: JSON, CSV, PDF/A. It says what is kept, and computes nothing."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, Final

from app.csv_table import Table
from app.features.marketplace.billing.rows import InvoiceRow
from app.features.marketplace.money import Money
from app.reporting.pdf import shown, typeset

_TEMPLATE: Final = "features/marketplace/templates/invoice.typ"
_NO_TAX: Final = "amounts are without tax"


def document(row: InvoiceRow, *, buyer: str, agent: str) -> dict[str, Any]:
    """Return an invoice as JSON; amounts in minor units.

    Args:
        row: as it is kept.
        buyer: the name of whom it is for.
        agent: the title of what it is for.
    """
    return {
        "id": row.id,
        "subscription": row.subscription,
        "buyer": {"id": row.buyer, "name": buyer},
        "agent": agent,
        "period": row.period,
        "currency": row.currency,
        "lines": row.lines,
        "total": row.total,
        "units_carried_on": row.carried,
        "tax": _NO_TAX,
        "finalised": datetime.fromtimestamp(row.finalised_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "decision_id": row.decision_id,
    }


def as_csv(row: InvoiceRow) -> str:
    """Return its lines and its total as CSV; amounts in minor units."""
    head = ("text", "quantity", "unit price", "per", "months", f"amount ({row.currency}, minor units)")
    lines = [
        (each["text"], each["quantity"], each["unit"], each["per"], each["months"], each["amount"])
        for each in row.lines
    ]
    return Table(name=row.id, head=head, rows=(*lines, ("total", "", "", "", "", row.total))).csv()


def as_pdf(made: dict[str, Any]) -> bytes:
    """Return an invoice, as `document` makes it, as PDF/A-3a with that document attached.

    Raises:
        ReportError: it cannot be set.
    """
    attached = json.dumps(made, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    lines = [each | {"amount": str(Money(made["currency"], each["amount"]))} for each in made["lines"]]
    said = made | {"lines": lines, "total": str(Money(made["currency"], made["total"]))}
    inputs = {
        "attached": attached,
        "data": json.dumps(shown(said)),
        "sha256": hashlib.sha256(attached.encode()).hexdigest(),
    }
    return typeset(_TEMPLATE, inputs, datetime.fromisoformat(made["finalised"]))
