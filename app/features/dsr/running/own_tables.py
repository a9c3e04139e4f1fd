"""The tables of this service that name persons, described as data like those of anybody else.

Two kinds of them are in there. Officers and auditors are persons whose sessions can go at any time, and whose acts
cannot: that somebody approved, merged, attested or concluded something is what makes it evidence, and is kept for that
(GDPR, article 17(3)(b) and (e)). Of persons that platform services know, these tables hold whom an override names, and
who trades on the marketplace. Everything else of them stands in the log, which is a store of its own.
"""

from collections.abc import Mapping
from typing import Final

from app.audits.database import portal_data
from app.db import product_data
from app.pdp.enforce import Permit
from app.privacy.stores.sql_database import OwnDatabase
from app.privacy.stores.sql_store import SqlStore
from app.privacy.stores.store import Described
from app.privacy.stores.table import Erasing, Table
from app.schema import PORTAL

OFFICER: Final = "officer"
AUDITOR: Final = "auditor"

_ACTS: Final = "that this was done, and by whom, is kept as proof of it; it goes when its retention ends"
_BOOKS: Final = "it belongs to the books of account, which a law has us keep"
_FRAUD: Final = "it is kept to find fraud, as long as the orders that it is about"
_CLAIMS: Final = "it is kept to decide about claims between buyers and developers, as long as the orders are"
_SECURITY: Final = "the database of the service, which is written to by permit alone"


def _acts(name: str, /, *by: str, schema: str | None = None, **columns: str) -> Table:
    """Return a table of acts, which name who acted and keep doing so."""
    identify = dict.fromkeys(by, "id")
    return Table(name=name, schema=schema, identify=identify, columns=columns, erase=Erasing.KEEP, keep=_ACTS)


def _goes(name: str, column: str, schema: str | None = None, /, **columns: str) -> Table:
    return Table(name=name, schema=schema, identify={column: "id"}, columns=columns, erase=Erasing.DELETE)


SESSIONS: Final = (_goes("officer_session", "officer", groups="access"),)
"""What officers are signed in by."""

OFFICERS: Final = (
    _acts("change_request", "opened_by", title="work", description="work"),
    _acts("change_approval", "person", "folded", role="access"),
    _acts("change_comment", "person", text="work"),
    _acts("change_merge", "person"),
    _acts("change_step", "person"),
    _acts("override", "by", "revoked_by", "reviewed_by", reason="work", review="work"),
    _acts("override_approval", "person", "folded", role="access"),
    _acts("ai_act_classification", "by"),
    _acts("ai_act_incident_step", "by", text="work"),
    _acts("finding_step", "by", note="work"),
    _acts("finding_acceptance", "person", "folded", reason="work"),
    _acts("attestation", "person", statement="work"),
    _acts("market_step", "by", reason="work", text="work"),
    _acts("market_fraud_case", "taken_by", "resolved_by", notes="work"),
)
"""What officers have done."""

OVERRIDES: Final = (
    Table(
        name="override",
        identify={"subject_id": "id"},
        columns={"reason": "access"},
        erase=Erasing.HMAC,
        kind="subject_type",
    ),
    Table(name="override", identify={"resource_id": "id"}, columns={}, erase=Erasing.HMAC, kind="resource_type"),
)
"""Whom an override is for, and what; it serves nobody any more once the id is a hash."""

SIGN_INS: Final = (
    _goes("audit_session", "auditor", PORTAL, name_id="identifiers"),
    _goes("audit_attempt", "auditor", PORTAL, name_id="identifiers"),
    _goes("audit_authenticator", "auditor", PORTAL),
    _goes("audit_saved_search", "author", PORTAL, name="work", query="work"),
)
"""What external auditors are signed in by, and what is theirs alone."""

AUDITORS: Final = (
    Table(
        name="audit_auditor",
        schema=PORTAL,
        identify={"id": "id"},
        columns={"name": "contact", "name_id": "identifiers"},
        erase=Erasing.KEEP,
        keep=_ACTS,
        rectify={"name": "name"},
    ),
    _acts("audit_member", "auditor", schema=PORTAL, role="access"),
    _acts("audit_access", "auditor", schema=PORTAL, kind="usage", object="usage"),
    _acts("audit_request", "by", schema=PORTAL, title="work", text="work"),
    _acts("audit_message", "by", schema=PORTAL, text="work"),
    _acts("audit_evidence", "by", "actor", schema=PORTAL, name="work"),
    _acts("audit_run", "auditor", schema=PORTAL),
    _acts("audit_again", "auditor", schema=PORTAL),
    _acts("audit_sample", "auditor", schema=PORTAL),
    _acts("audit_note", "auditor", schema=PORTAL, text="work"),
    _acts("audit_conclusion", "auditor", schema=PORTAL, reason="work"),
    _acts("audit_export", "auditor", schema=PORTAL),
)
"""Who external auditors are, and what they have done."""


def _of_party(name: str, column: str, keep: str, /, **columns: str) -> Table:
    """Return a table that knows a developer or a buyer, who may be a single person."""
    return Table(name=name, identify={column: "party"}, columns=columns, erase=Erasing.KEEP, keep=keep)


MARKET: Final = (
    _goes("market_member", "account"),
    Table(
        name="market_order",
        identify={"account": "id", "buyer": "party"},
        columns={"attempt": "usage", "source": "payments", "charge": "payments"},
        erase=Erasing.KEEP,
        keep=_BOOKS,
    ),
    Table(
        name="market_fraud_trace",
        identify={"key": "id"},
        columns={"trace": "usage"},
        erase=Erasing.KEEP,
        keep=_FRAUD,
    ),
    _of_party("market_invoice", "buyer", _BOOKS, lines="payments"),
    _of_party("market_payout", "developer", _BOOKS, account="payments"),
    _of_party("market_review", "buyer", _CLAIMS, stars="messages", text="messages"),
    _of_party("market_ticket", "buyer", _CLAIMS, text="messages", answer="messages"),
    _of_party("market_install", "buyer", _CLAIMS, agent="usage"),
    _of_party("market_subscription", "buyer", _BOOKS, agent="usage"),
    _of_party("market_party", "id", _BOOKS, name="contact", country="contact", entity="contact", account="payments"),
)
"""Who acts for developers and buyers on the marketplace, and what is known of a party that is a single person.

A party is known by its own id, the identifier `party`; a person who signs in, by the id that they sign in with.
"""

_TITLES: Final[Mapping[str, tuple[str, str, str, tuple[str, ...]]]] = {
    "officer-sessions": ("sign-ins of officers", "to know who is signed in", "a day after the session", (OFFICER,)),
    "officer-acts": ("what officers have done", "to prove who decided what", "as long as the log", (OFFICER,)),
    "marketplace": ("who trades on the marketplace", "to sell, to pay and to find fraud", "as long as the books", ()),
    "overrides": ("whom an override of a rule names", "to let through what was approved", "as long as the log", ()),
    "auditor-sessions": ("sign-ins of auditors", "to know who is signed in", "a day after the session", (AUDITOR,)),
    "auditor-acts": (
        "external auditors, and their work",
        "to prove who audited what",
        "as long as the log",
        (AUDITOR,),
    ),
}

_ANYBODY: Final[Mapping[str, tuple[str, ...]]] = {
    "marketplace": ("whoever acts for a developer or a buyer, or is one",),
    "overrides": ("whoever an override is for",),
}


def own_stores(permit: Permit, tenant: str, key: bytes) -> tuple[SqlStore, ...]:
    """Return the tables of this service as stores that write under `permit`; `key` is of keyed hashes."""
    product = OwnDatabase(product_data.reading, product_data.writing, permit)
    portal = OwnDatabase(portal_data.reading, portal_data.writing, permit)
    places = {
        "officer-sessions": (SESSIONS, product),
        "officer-acts": (OFFICERS, product),
        "marketplace": (MARKET, product),
        "overrides": (OVERRIDES, product),
        "auditor-sessions": (SIGN_INS, portal),
        "auditor-acts": (AUDITORS, portal),
    }
    return tuple(
        SqlStore(_described(name, tables), tables, database, tenant=tenant, key=key, kinds=_TITLES[name][3])
        for name, (tables, database) in places.items()
    )


def _described(name: str, tables: tuple[Table, ...]) -> Described:
    title, purpose, retention, kinds = _TITLES[name]
    categories = sorted({"identifiers", *(category for each in tables for category in each.columns.values())})
    return Described(
        name=name,
        title=title,
        purposes=(purpose,),
        categories=tuple(categories),
        subjects=kinds or _ANYBODY[name],
        recipients=("auditors",),
        region="",
        retention=retention,
        security=_SECURITY,
    )
