"""The control plane's database: nothing is written without a permit."""

import pytest
from sqlalchemy import delete, select, text, update
from sqlmodel import Session

from app import db, schema
from app.db import UnpermittedError, open_engine, reading, writing
from app.pdp.model import Entity, EvaluationRequest
from app.pep import CONTROL
from app.sessions import SessionRow
from tests.features.gating import gating, officer


def permit():
    resource = Entity(type="policies", id="abc", properties={})
    asked = EvaluationRequest(
        subject=officer("ofc-51", "omega-ciso"), action="policies.view", resource=resource, context={}
    )
    return gating().pdp.enforce(asked, CONTROL)


PERMIT = permit()


@pytest.fixture
def product(database_url):
    engine = open_engine(database_url)
    schema.upgrade(engine, schema.PRODUCT_MIGRATIONS)
    with db.product(engine):
        yield engine


def row(name="a" * 64):
    return SessionRow(
        token_hash=name,
        login_hash=name,
        officer="ofc-51",
        groups=["omega-ciso"],
        second_factor=True,
        decision_id=PERMIT.decision_id,
        opened_at=0,
        seen_at=0,
    )


def kept():
    with reading() as session:
        return session.scalars(select(SessionRow.token_hash)).all()


@pytest.mark.usefixtures("product")
def test_a_permit_writes():
    with writing(PERMIT) as session:
        session.add(row())
    assert kept() == ["a" * 64]
    with writing(PERMIT) as session:
        session.execute(update(SessionRow).values(seen_at=1))
        session.execute(delete(SessionRow))
    assert kept() == []


@pytest.mark.usefixtures("product")
def test_an_exception_leaves_nothing():
    with pytest.raises(RuntimeError), writing(PERMIT) as session:  # noqa: PT012 - the point
        session.add(row())
        session.flush()
        raise RuntimeError
    assert kept() == []


WRITES = [
    pytest.param("INSERT INTO officer_session (token_hash) VALUES ('b')", id="insert"),
    pytest.param("  update officer_session SET seen_at = 1", id="update in small letters"),
    pytest.param("DELETE FROM officer_session", id="delete"),
    pytest.param("DROP TABLE officer_session", id="another definition"),
    pytest.param("SELECT 1; DELETE FROM officer_session", id="a second statement"),
    pytest.param("WITH gone AS (DELETE FROM officer_session RETURNING 1) SELECT * FROM gone", id="inside a query"),
    pytest.param("SELECT * INTO other FROM officer_session", id="a query that makes a table"),
    pytest.param("/* SELECT */ DELETE FROM officer_session", id="behind a comment"),
    pytest.param("EXPLAIN ANALYZE DELETE FROM officer_session", id="explained while it is done"),
    pytest.param("PRAGMA user_version = 7", id="a setting of the file"),
    pytest.param("VACUUM", id="anything unknown"),
]


@pytest.mark.parametrize("statement", WRITES)
def test_text_that_is_no_read_is_refused(product, statement):
    with writing(PERMIT) as session:
        session.add(row())
    with pytest.raises(UnpermittedError), product.begin() as connection:
        connection.execute(text(statement))
    with pytest.raises(UnpermittedError), reading() as session:
        session.execute(text(statement))
    assert kept() == ["a" * 64]


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("SELECT count(*) FROM officer_session", id="a query"),
        pytest.param("WITH found AS (SELECT 1 AS one) SELECT one FROM found", id="a query over a query"),
        pytest.param("SELECT 1;", id="with its semicolon"),
    ],
)
@pytest.mark.usefixtures("product")
def test_reads_go_through(statement):
    with reading() as session:
        assert len(session.execute(text(statement)).all()) == 1


def test_rows_and_bulk_statements_are_refused_as_well(product):
    with Session(product) as session:
        session.add(row())
        with pytest.raises(UnpermittedError):
            session.commit()
    with Session(product) as session, pytest.raises(UnpermittedError):
        session.execute(delete(SessionRow))


@pytest.mark.parametrize("forged", [None, "yes", object()], ids=["none", "a word", "anything"])
@pytest.mark.usefixtures("product")
def test_nothing_but_a_permit_is_one(forged):
    with pytest.raises(UnpermittedError), writing(forged) as session:  # noqa: PT012 - where it is refused is no matter
        session.add(row())
        session.flush()
    assert kept() == []


def test_a_permit_ends_with_its_transaction(product):
    with writing(PERMIT) as session:
        session.add(row())
    with pytest.raises(UnpermittedError), product.begin() as connection:
        connection.execute(delete(SessionRow))


def test_without_a_database_there_is_nothing_to_read():
    with pytest.raises(RuntimeError, match="no product database"), reading():
        pass  # pragma: no cover
