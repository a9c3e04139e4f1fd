"""What Git declares: the commit that a decision put in force, its policies, and how the branch stands beside it.

Believes no row: the decision that a row names has to be in the log, and the bundle has to be that of the commit. A
remote that is away hides nothing that decides here; then the mirror is what was fetched last.
"""

import logging
from datetime import datetime
from typing import Final

from sqlalchemy import or_
from sqlmodel import col, select

from app import decision_log, keys
from app.db import reading
from app.features.policies.drift.comparing import Declared
from app.features.policies.errors import DeclaredError, RefusedCommitError, RepositoryError
from app.features.policies.git.activating import open_repository, verified_head
from app.features.policies.git.repository import Repository
from app.features.policies.git.rows_activations import ActivationRow, activations
from app.features.policies.overrides.rows_overrides import OverrideRow
from app.pdp.bundle import Bundle, parse_files
from app.pdp.errors import BundleError
from app.settings import Settings
from evidence.chain import utc_now
from evidence.errors import EvidenceError
from evidence.reader import Reader
from evidence.record import Position, Record
from evidence.store import open_store

_LOG = logging.getLogger(__name__)

_EARLIER: Final = 1_000  # activations that are known
_WINDOW: Final = "in_change_window"
_ACTIVATE: Final = "policies.activate"
_ROLL_BACK: Final = "policies.roll_back"
_MOST: Final = 100  # overrides that are told


class GitDeclaring:
    """What the repository of the settings declares. A `app.features.policies.drift.drift_job.Declaring`."""

    def __init__(self, settings: Settings, repository: Repository) -> None:
        self.repository = repository
        self._settings = settings
        self._bundle: Bundle | None = None
        self._decided: set[str] = set()  # decisions that were found to permit what they should
        self._away = ""

    def declared(self, now: datetime) -> Declared | None:
        """Return what is declared, None where nothing of Git was ever put in force.

        Raises:
            DeclaredError: the commit in force holds no policies.
            RepositoryError: Git cannot say.
        """
        self._fetch()
        rows = activations(_EARLIER)
        if not rows:
            return None
        last = rows[0]
        bundle = self._bundle_of(last.commit)
        refused = None
        try:
            verified_head(self.repository, now)
        except RefusedCommitError as error:
            refused = (error.commit, str(error.code))
        return Declared(
            commit=last.commit,
            bundle=bundle,
            head=self.repository.head(self.repository.branch),
            refused=refused,
            earlier=frozenset(row.bundle for row in rows) - {bundle.digest},
            activated=max(0.0, now.timestamp() - last.activated_at),
            decided=bundle.digest == last.bundle and self._permitted(last),
        )

    def overrides(self, now: datetime) -> tuple[str, ...]:  # noqa: ARG002 - rows say when each was used
        """See `app.features.policies.drift.drift_job.Declaring`."""
        return used_after_their_end()

    def _fetch(self) -> None:
        try:
            self.repository.fetch()
            self._away = ""
        except RepositoryError as error:
            if str(error) != self._away:
                _LOG.warning("the policy repository cannot be fetched; what was fetched last is compared: %s", error)
            self._away = str(error)

    def _bundle_of(self, commit: str) -> Bundle:
        revision = f"git:{commit}"
        if self._bundle is None or self._bundle.revision != revision:
            try:
                self._bundle = parse_files(self.repository.tree(commit), revision)
            except BundleError as error:
                raise DeclaredError(f"the commit in force holds no policies: {error}") from error
        return self._bundle

    def _permitted(self, row: ActivationRow) -> bool:
        """Tell whether the decision that a row names is in the log, and permits what the row says."""
        if row.decision_id not in self._decided and permits(self._settings, row):
            self._decided.add(row.decision_id)
        return row.decision_id in self._decided


def open_declaring(settings: Settings, repository: Repository | None = None) -> GitDeclaring:
    """Return what the repository of the settings declares.

    Raises:
        PoliciesError: there is none, or it cannot be used.
    """
    return GitDeclaring(settings, repository or open_repository(settings, utc_now))


def permits(settings: Settings, row: ActivationRow) -> bool:
    """Tell whether the decision of a row permits it, inside a change window."""
    try:
        reader = Reader(open_store(settings.store, read_only=True), keys.load_verifier(settings.keys))
        found = decision_log.locate(reader, settings.journals, Position.parse(row.decision_id))
        body = Record.parse(found.record).body
    except (EvidenceError, keys.KeyFileError) as error:
        _LOG.warning("the decision that put %s in force cannot be found: %s", row.commit[:12], error)
        return False
    match body:
        case {"action": str(action), "resource": {"id": row.commit}, "result": {"allow": True, "passed": list(passed)}}:
            return action == _ROLL_BACK or (action == _ACTIVATE and _WINDOW in passed)
        case _:
            return False


def used_after_their_end() -> tuple[str, ...]:
    """Return the ids of overrides that were used after their end or their revocation, or more often than allowed."""
    row, used = OverrideRow, col(OverrideRow.last_used)
    late = or_(used >= col(row.ends), used >= col(row.revoked), col(row.used) > col(row.uses))
    with reading() as session:
        return tuple(session.exec(select(row.id).where(late).order_by(col(row.id)).limit(_MOST)))
