"""What tests of jobs share: a ledger on a database, a permit, somebody who is asked."""

from contextlib import contextmanager
from types import SimpleNamespace

from sqlmodel import Session

from app.db import open_engine
from app.jobs.ledger import Ledger
from app.jobs.rows import JobRunRow
from app.pdp.errors import DeniedError
from app.pdp.model import Decision


def opened(url):
    engine = open_engine(url)
    JobRunRow.__table__.create(engine, checkfirst=True)
    return engine


def sessions(engine):
    """Return `reading` and `writing` for an engine that nobody guards."""

    @contextmanager
    def reading():
        with Session(engine) as session:
            yield session

    @contextmanager
    def writing(permit):
        assert permit.decision_id
        with Session(engine) as session, session.begin():
            yield session

    return reading, writing


def ledger(engine, runner="me"):
    return Ledger(*sessions(engine), runner)


def permit(decision_id="aa-1"):
    return SimpleNamespace(decision_id=decision_id)


class Asked:
    """Permits everything, or raises what it is told to; keeps what it was asked."""

    def __init__(self):
        self.requests = []
        self.raising = None

    def enforce(self, request):
        self.requests.append(request)
        if self.raising is not None:
            raise self.raising
        return permit(f"aa-{len(self.requests)}")


DENIED = DeniedError("aa-9", Decision(allow=False, failed=("enabled",)))
