"""What change requests are made with, as the settings want it."""

import json
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from app import activation
from app.blocking_pdp import BlockingPdp
from app.features.policies.changes.board import Board
from app.features.policies.changes.checking import Checker, Means
from app.features.policies.changes.patching import Patcher
from app.features.policies.errors import RepositoryError
from app.features.policies.git.repository import Repository
from app.impact.replaying import Node
from app.pdp.bundle import Bundle
from app.pep import CONTROL
from app.settings import Settings, SettingsError


def open_board(settings: Settings, pdp: BlockingPdp, now: Callable[[], datetime]) -> Board | None:
    """Return what change requests are made with; None where policies do not come from Git.

    Raises:
        SettingsError: the repository cannot be used.
    """
    if settings.policy_repository is None:
        return None
    try:
        repository = Repository(
            settings.policy_mirror,
            settings.policy_repository,
            settings.policy_branch,
            environment=settings.git_environment,
            clock=now,
        )
    except RepositoryError as error:
        raise SettingsError(f"OMEGA_POLICY_REPOSITORY cannot be used: {error}") from error
    means = Means(
        repository=repository,
        node=Node.of(settings),
        second=activation.second(settings),
        jobs=max(1, len(os.sched_getaffinity(0)) // 2),
        note=lambda kind, body: pdp.note(kind, CONTROL, body),
        now=now,
    )
    patcher = Patcher(
        mirror=settings.policy_mirror, url=settings.policy_repository, environment=settings.git_environment
    )
    required = partial(_required, lambda: pdp.policies.bundle)
    return Board(repository=repository, checker=Checker(means), patcher=patcher, required=required, now=now)


def _required(bundle: Callable[[], Bundle]) -> Sequence[str]:
    """Return the checks that the policies in force ask for; where they ask for none, nothing is ever checked."""
    data = json.loads(bundle().data)
    try:
        names = data["thresholds"]["policies"]["change"]["required_checks"]
    except (KeyError, TypeError):
        return ()
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()
