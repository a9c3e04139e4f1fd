"""The requests as runs see them: what is asked, whom it is about, and the steps that a run has a request take."""

import time
from collections.abc import Callable

from sqlmodel import Session

from app.db import reading
from app.features.dsr import keeping
from app.features.dsr.errors import DsrError, UnknownRequestError
from app.features.dsr.keeping import Move
from app.features.dsr.person import person, said_of
from app.features.dsr.request import Request, State, Step, steps_to
from app.features.dsr.rows import RequestRow
from app.features.dsr.running.acting import Means
from app.features.dsr.running.errors import RunError
from app.features.dsr.running.opening import Node, means
from app.features.dsr.running.run import JOB, Asked, Wanted
from app.features.dsr.vault import KeyVault, Vault
from app.pdp.enforce import Permit
from app.privacy.erasure import Ground
from app.settings import Settings


class StoredRequests:
    """See `app.features.dsr.running.run.Requests`."""

    def __init__(self, vault: Vault, clock: Callable[[], float] = time.time) -> None:
        """Open what is sealed with `vault`; `clock` returns Unix seconds."""
        self._vault, self._clock = vault, clock

    def asked(self, request_id: str) -> Asked:
        """See `Requests`.

        Raises:
            RunError: `unknown`, there is no such request; `failed`, whether a hold stands cannot be seen now.
        """
        try:
            found = keeping.request(request_id)
            held = bool(found.subject) and bool(self._vault.held(found.subject or ""))
        except UnknownRequestError as error:
            raise RunError("unknown", "there is no such request") from error
        except DsrError as error:
            raise RunError("failed", str(error)) from error
        facts = {
            "approvers": list(found.approvers),
            "held": held,
            "state": found.state.value,
            "verified": found.verified_at is not None,
        }
        return Asked(id=found.id, tenant=found.tenant, kind=found.kind.value, facts=facts, ground=_ground(found))

    def wanted(self, request_id: str) -> Wanted:
        """See `Requests`.

        Raises:
            RunError: `unknown`, nothing is kept of what it said; `failed`, it cannot be opened now.
            KeyDestroyedError: the person was erased.
        """
        with reading() as session:
            row = session.get(RequestRow, request_id)
        try:
            said = said_of(row, self._vault)
        except UnknownRequestError as error:
            raise RunError("unknown", "nothing is kept of what the request said") from error
        except DsrError as error:
            raise RunError("failed", str(error)) from error
        assert row is not None  # noqa: S101 - said_of has refused it
        return Wanted(person=person(row, said), purposes=said.purposes, changes=dict(said.changes))

    def move(self, session: Session, permit: Permit, request_id: str, state: str, code: str) -> None:
        """See `Requests`. What an officer has set aside or ended meanwhile stays so, unless all is done by then."""
        row = session.get(RequestRow, request_id, with_for_update=True)
        if row is None:
            return
        before = None if row.before is None else State(row.before)
        for step in steps_to(State(row.state), State(state), before):
            keeping.apply(session, row, permit, Move(step=step, code=code, by=JOB, at=int(self._clock())))


def _ground(found: Request) -> str:
    """Return why the person is erased: as the officer who approved it has named it, or else because they asked."""
    named = next((each.code for each in reversed(found.steps) if each.step is Step.APPROVE), "")
    return named if named in set(Ground) else Ground.REQUEST.value


def means_of(settings: Settings) -> Means:
    """Return what runs on this node are carried out with; what it opens stays open as long as the process lives.

    Raises:
        KeyFileError, DatabaseUrlError, ObjectsError, RecogniserError: it cannot be opened.
    """
    node = Node(settings)
    return means(node, StoredRequests(KeyVault(node.table, node.lookup)))
