"""What the routes of change requests work with in one application, and how they tell what went wrong."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import Flask, current_app

from app.errors import Problem, problem
from app.features.policies.changes.checking import Checker
from app.features.policies.changes.patching import Patcher
from app.features.policies.errors import ChangeError, PatchError, RepositoryError
from app.features.policies.git.repository import Repository
from app.pep import RefusedError

_EXTENSION: Final = "omega.changes"
_PLACE: Final = re.compile(
    r"'[^']*[/\\@.][^']*'|\S*[/\\@]\S*|\S+\.[A-Za-z0-9]\S*|(?<=host )\S+|(?<=hostname )\S+|(?<=host: )\S+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """See the module.

    Attributes:
        repository: the policy repository.
        checker: runs checks.
        patcher: makes branches of patches.
        required: returns the checks that policy asks for.
        now: the time.
    """

    repository: Repository
    checker: Checker
    patcher: Patcher
    required: Callable[[], Sequence[str]]
    now: Callable[[], datetime]

    def close(self) -> None:
        """Begin no more checks, and let go of Git."""
        self.checker.close()
        self.repository.close()


def install(app: Flask, board: Board | None) -> None:
    """Have the change requests of `app` on `board`; without one there are none."""
    app.extensions[_EXTENSION] = board


def has_board() -> bool:
    """Return whether the application that answers has a board."""
    return current_app.extensions.get(_EXTENSION) is not None


def board() -> Board:
    """Return the board of the application that answers.

    Raises:
        RefusedError: it has none.
    """
    found: Board | None = current_app.extensions.get(_EXTENSION)
    if found is None:
        raise RefusedError(problem("not_found", "policies come from a directory here: OMEGA_POLICY_REPOSITORY"))
    return found


def without_places(said: str) -> str:
    """Return what Git said without paths, addresses and hosts: where the remote is, is the operator's business."""
    return _PLACE.sub("…", said)


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what went wrong with a change request into a problem."""
    try:
        yield
    except ChangeError as error:
        raise RefusedError(_refusal(error)) from error
    except PatchError as error:
        raise RefusedError(problem("malformed_request", str(error))) from error
    except RepositoryError as error:
        raise RefusedError(problem("repository_unavailable", without_places(str(error)))) from error


def _refusal(error: ChangeError) -> Problem:
    return problem("not_found") if error.code == "unknown" else problem("conflict", f"{error.code}: {error}")
