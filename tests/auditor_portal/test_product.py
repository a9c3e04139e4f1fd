"""What pages read: opened once, when it is needed, with nothing in hand that could write."""

import pytest
from flask import jsonify
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, OperationalError

from app import db
from app.db import DatabaseUrlError, open_engine
from app.errors import problem
from app.index.errors import IndexUnavailableError
from app.settings import Settings
from auditor_portal import product as reading
from auditor_portal.entrance import auditor
from auditor_portal.product import Late, Product, open_product, product
from evidence.chain import utc_now
from evidence.errors import FindingError, StoreError
from evidence.keys import VerifierKey
from evidence.reader import Reader
from tests.auditor_portal.portal import Somebody

KEY = VerifierKey(origin="omega.localhost/log", public_key=bytes(32))


@pytest.fixture
def settings(tmp_path):
    """A node's settings, with a verifier key, a store and two databases, and not one secret."""
    found = Settings.from_environment({"OMEGA_DATA": str(tmp_path / "node")})
    found.keys.mkdir(mode=0o700, parents=True)
    (found.keys / "log.vkey").write_text(f"{KEY}\n")
    (tmp_path / "node" / "store").mkdir()
    for url in (found.index, found.product):
        with open_engine(url).begin() as connection:
            connection.execute(text("CREATE TABLE thing (n INTEGER)"))
    return found


@pytest.fixture
def opened(settings):
    found = open_product(settings)
    yield found
    found.close()


def test_it_needs_no_secret(opened, settings):
    assert opened.verifier == KEY
    assert isinstance(opened.reader, Reader)
    assert (opened.bundles, opened.policy_mirror) == (settings.bundles, settings.policy_mirror)
    with opened.index.connect() as index, opened.product.connect() as tables:
        assert [each.execute(text("SELECT * FROM thing")).all() for each in (index, tables)] == [[], []]


@pytest.mark.parametrize("which", ["index", "product"])
def test_the_files_cannot_be_written_through_it(opened, which):
    engine = getattr(opened, which)
    event.remove(engine, "before_cursor_execute", db._refuse_unpermitted)  # the next wall is the database's
    with pytest.raises(DBAPIError, match="readonly"), engine.begin() as connection:
        connection.execute(text("INSERT INTO thing VALUES (1)"))


def test_the_store_refuses_to_be_written_to(opened):
    with pytest.raises(StoreError):
        opened.store.put("a", b"b", retain_until=utc_now())


def test_with_a_role_of_its_own_both_databases_are_that_roles(settings, monkeypatch):
    asked = []
    monkeypatch.setattr(reading, "open_read_only", asked.append)
    apart = Settings.from_environment(
        {"OMEGA_DATA": str(settings.data), "OMEGA_PORTAL_DATABASE": "postgresql://omega_portal@db/omega"}
    )
    open_product(apart)
    assert asked == ["postgresql://omega_portal@db/omega"] * 2


def test_it_is_opened_once_and_again_only_where_that_failed(opened):
    answers = [OSError(), opened]

    def opening():
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    late = Late(opening)
    late.close()
    with pytest.raises(OSError, match=r"^$"):
        late()
    assert late() is opened
    assert late() is opened
    late.close()


def page(portal, view):
    """Return what a page answers that reads by `view`."""
    portal.app.add_url_rule("/reads", "reads", view)
    return portal.auditor().json("/reads")


def raising(error):
    def view():
        raise error

    return view


@pytest.mark.parametrize(
    "error",
    [DatabaseUrlError("x"), StoreError("x"), OSError("x")],
    ids=["no database", "no store", "no directory"],
)
def test_a_page_says_that_there_is_nothing_to_read(portal, error, caplog):
    reading.install(portal.app, raising(error))
    answer = page(portal, lambda: jsonify(product().verifier.origin))
    assert (answer.status_code, answer.json["type"]) == (503, "urn:omega:problem:data_unavailable")
    assert answer.headers["retry-after"] == "1"
    assert "cannot be opened" in caplog.text


def test_a_page_reads_what_is_installed(portal, opened):
    reading.install(portal.app, lambda: opened)
    assert page(portal, lambda: jsonify(product().verifier.origin)).json == KEY.origin
    assert isinstance(opened, Product)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OperationalError("SELECT 'a secret'", {}, Exception("no such file")), "data_unavailable"),
        (IndexUnavailableError("the index does not answer"), "data_unavailable"),
        (StoreError("x"), "store_unavailable"),
        (FindingError("wrong-root", "chains/0/1", "x"), "evidence_damaged"),
    ],
    ids=["a database", "the index", "the store", "a log that does not hold"],
)
def test_what_fails_while_a_page_is_made_is_a_problem(portal, error, code, caplog):
    reading.install(portal.app, raising(error))
    answer = page(portal, raising(error))
    assert (answer.status_code, answer.json["type"]) == (problem(code).status, f"urn:omega:problem:{code}")
    assert "secret" not in caplog.text + answer.text


def test_where_nobody_can_be_recognised_the_page_says_so_to_anybody(portal, monkeypatch):
    def unanswered(_):
        raise OperationalError("SELECT", {}, Exception())

    monkeypatch.setattr(Somebody, "auditor", unanswered)
    reading.install(portal.app, raising(OSError()))
    portal.app.add_url_rule("/who", "who", lambda: jsonify(auditor()))
    answer = portal.visitor().get("/who")
    assert answer.status_code == 503
    assert "cannot be read now" in answer.text
