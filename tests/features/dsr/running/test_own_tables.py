"""The tables of this service that name persons: each is described, with columns that are there."""

import sqlite3

import pytest
from sqlalchemy import text

from app import schema
from app.audits.database import PortalRow, open_portal, portal_data
from app.audits.rows_accesses import AccessRow  # noqa: F401 - so that every table of audits is known
from app.audits.rows_firms import AuditorRow  # noqa: F401
from app.audits.rows_requests import MessageRow  # noqa: F401
from app.audits.rows_searches import SavedSearchRow  # noqa: F401
from app.audits.rows_sessions import SessionRow  # noqa: F401
from app.audits.rows_work import NoteRow  # noqa: F401
from app.db import ProductRow, writing
from app.features.dsr.running.own_tables import AUDITORS, MARKET, OFFICERS, OVERRIDES, SESSIONS, SIGN_INS, own_stores
from app.features.marketplace.fraud.rows import TraceRow
from app.features.marketplace.rows import MemberRow, PartyKind
from app.privacy.stores.errors import UnsupportedError
from app.privacy.stores.store import Person
from tests.features.dsr.running.carrying import PERMIT
from tests.features.gating import product
from tests.features.marketplace.trading import party
from tests.privacy.stores.people import KEY

NAMES = {"by", "person", "folded", "officer", "opened_by", "revoked_by", "reviewed_by", "auditor", "author", "actor"}
NAMES |= {"account", "taken_by", "resolved_by"}
"""What columns with the id of whoever signs in are called here."""
LEDGER = {"market_balance", "market_posting"}
"""Whose accounts are those of a book, and no person's."""
ALL = (*SESSIONS, *OFFICERS, *MARKET, *OVERRIDES, *SIGN_INS, *AUDITORS)
APART = ("dsr_", "privacy_", "redaction_", "consent_", "export_")
"""What the tables of requests and of privacy begin with: their features have stores of their own."""


def described():
    return {("portal." if each.schema else "") + each.name: each for each in ALL}


def known(metadata):
    return {name: set(table.columns.keys()) for name, table in metadata.tables.items()}


def test_every_column_that_is_described_is_there():
    there = known(ProductRow.metadata) | known(PortalRow.metadata)
    for each in ALL:
        name = ("portal." if each.schema else "") + each.name
        assert set(each.shown) <= there[name], name


def test_every_table_that_names_whoever_signs_in_is_described():
    there = known(ProductRow.metadata) | known(PortalRow.metadata)
    found = {name for name, columns in there.items() if columns & NAMES}
    assert {name for name in found - described().keys() - LEDGER if not name.startswith(APART)} == set()


@pytest.fixture
def stores(tmp_path):
    portal = open_portal(f"sqlite:///{tmp_path / 'portal.db'}")
    schema.upgrade(portal, schema.PORTAL_MIGRATIONS)
    with product(f"sqlite:///{tmp_path / 'product.db'}"), portal_data.opened(portal):
        yield {each.described.name: each for each in own_stores(PERMIT, "default", KEY)}


def who(name, kind):
    return Person(tenant="default", kind=kind, id=name, subject=None, identifiers={})


SESSION = "INSERT INTO officer_session VALUES ('a', 'b', :id, '[]', true, 'd', 1, 1, NULL)"


def test_sessions_go_and_acts_stay_with_the_reason(stores):
    with writing(PERMIT) as session:
        session.connection().execute(text(SESSION), {"id": "ofc-1"})
    officer = who("ofc-1", "officer")
    sessions, acts = stores["officer-sessions"], stores["officer-acts"]
    assert sessions.find(officer) == 1
    assert sessions.find(who("ofc-1", "user")) == 0
    assert acts.find(officer) == 0
    assert sessions.erase(officer) == 1
    assert sessions.verify(officer) == ()
    assert acts.erase(officer) == 0


def test_whoever_traded_acts_for_nobody_any_more_and_the_books_stay(stores):
    with writing(PERMIT) as session:
        session.add(party("buy-1", PartyKind.BUYER))
        session.flush()
        session.add(MemberRow(account="ann", party="buy-1", decision_id="d"))
        session.add(MemberRow(account="bob", party="buy-1", decision_id="d"))
        session.add(TraceRow(of="device", key="ann", trace={"seen": []}))
    market, ann = stores["marketplace"], who("ann", "officer")
    assert market.find(ann) == 2
    assert {each.category for each in market.export(ann)} == {"identifiers", "usage"}
    with pytest.raises(UnsupportedError, match="to find fraud"):
        market.erase(ann)
    assert [market.find(who(name, "officer")) for name in ("ann", "bob")] == [1, 1]


def test_a_single_person_who_is_a_party_is_found_by_its_id(stores):
    with writing(PERMIT) as session:
        session.add(party("buy-1", PartyKind.BUYER))
    known = Person(tenant="default", kind="user", id="ann", subject=None, identifiers={"party": "buy-1"})
    assert [each.content["name"] for each in stores["marketplace"].export(known)] == ["Buy-1"]
    with pytest.raises(UnsupportedError, match="books of account"):
        stores["marketplace"].erase(known)


def test_the_tables_of_audits_are_reached_by_permit_too(stores, tmp_path):
    with sqlite3.connect(tmp_path / "portal.db") as connection:  # whose foreign keys nobody checks
        connection.execute("INSERT INTO audit_auditor VALUES ('a@firm', 'f', 'a', 'Ann', 'active', 'd', 1)")
    connection.close()
    auditor = who("a@firm", "auditor")
    acts = stores["auditor-acts"]
    assert [each.content["name"] for each in acts.export(auditor)] == ["Ann"]
    assert acts.rectify(auditor, {"name": "Anna"}) == 1
    with pytest.raises(UnsupportedError, match="kept as proof"):
        acts.erase(auditor)
    assert stores["auditor-sessions"].erase(auditor) == 0
    assert {each.described.subjects for each in stores.values()} >= {("officer",), ("auditor",)}
