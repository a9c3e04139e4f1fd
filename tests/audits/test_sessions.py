"""Sessions in their table: who is meant, and how many there are when two begin at once."""

import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlmodel import select

from app import schema
from app.audits import attempts, sessions
from app.audits.database import open_portal, portal_data
from app.audits.rows_firms import AuditorRow, FirmRow
from app.audits.rows_sessions import SessionRow
from app.audits.sessions import AnotherPersonError, Proved
from app.pdp.enforce import Permit
from app.pdp.model import Decision, Entity, EvaluationRequest

NOW = 1_795_356_000.0
ADA = Proved(
    firm="oak",
    name_id="ada",
    name_id_format="persistent",
    session_index="s-1",
    second_factor=False,
    mfa_class="refeds",
    ends_at=None,
)


def permit(kind="auditor", name="oak/ada"):
    asked = EvaluationRequest(
        subject=Entity(type="visitor", id="visitor", properties={}),
        action="auditor_portal.sign_in",
        resource=Entity(type=kind, id=name, properties={}),
        context={},
    )
    return Permit(request=asked, decision_id="d-1", decision=Decision(allow=True), bundle="b", revision="r")


def begin(most=3, now=NOW, agent="a"):
    with portal_data.writing(permit()) as writing:
        return sessions.begin(writing, permit(), ADA, agent=agent, most=most, now=now)


@contextmanager
def opening(url):
    """Open a portal's database with one firm and one auditor."""
    engine = open_portal(url)
    schema.upgrade(engine, schema.PORTAL_MIGRATIONS)
    with portal_data.opened(engine):
        common = {"state": "active", "decision_id": "d-1", "changed_at": 0}
        firm = {"name": "Oak", "idp": {}, "mfa": {}, "networks": [], "max_sessions": 3}
        with portal_data.writing(permit()) as writing:
            writing.add(FirmRow(id="oak", **firm, **common))
            writing.flush()
            writing.add(AuditorRow(id="oak/ada", firm="oak", name_id="ada", name="Ada", **common))
        yield


@pytest.fixture
def opened(sqlite_url):
    with opening(sqlite_url):
        yield


@pytest.mark.usefixtures("opened")
def test_a_session_is_whose_it_is():
    found = sessions.find(begin(), "a", NOW)
    assert (found.id, found.firm, found.name, found.second_factor, found.mfa_class) == (
        "oak/ada",
        "oak",
        "Ada",
        False,
        "refeds",
    )
    assert found.proved == ADA
    assert sessions.by_code(ADA) == replace(ADA, second_factor=True, mfa_class="totp")
    assert "oak/ada" not in repr(found)


def test_two_that_begin_at_once_count_each_other(database_url):
    threads = [threading.Thread(target=begin, kwargs={"most": 1}) for _ in range(6)]
    with opening(database_url):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with portal_data.reading() as session:
            rows = session.exec(select(SessionRow)).all()
    assert (len(rows), len([row for row in rows if row.closed_at is None])) == (6, 1)


@pytest.mark.usefixtures("opened")
def test_one_that_ended_by_itself_takes_no_place():
    old = begin(most=1)
    new = begin(most=1, now=NOW + sessions.IDLE)
    assert (sessions.find(old, "a", NOW + sessions.IDLE), sessions.find(new, "a", NOW + sessions.IDLE) is None) == (
        None,
        False,
    )
    with portal_data.reading() as session:
        assert [row.closed_at for row in session.exec(select(SessionRow)).all()] == [None, None]


@pytest.mark.usefixtures("opened")
def test_rows_of_yesterday_go():
    begin()
    begin(now=NOW + 90_000)
    with portal_data.reading() as session:
        assert len(session.exec(select(SessionRow)).all()) == 1


@pytest.mark.parametrize(("kind", "name"), [("auditor", "oak/bob"), ("firm", "oak/ada")])
@pytest.mark.usefixtures("opened")
def test_a_permit_about_somebody_else_opens_nothing(kind, name):
    other = permit(kind, name)
    with pytest.raises(AnotherPersonError), portal_data.writing(other) as writing:
        sessions.begin(writing, other, ADA, agent="a", most=3, now=NOW)
    with pytest.raises(AnotherPersonError), portal_data.writing(other) as writing:
        attempts.begin(writing, other, ADA, agent="a", place="/", secret=None, now=NOW)
