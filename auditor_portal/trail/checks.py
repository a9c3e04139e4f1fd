"""A check that was made for a page, and how it ended. A check that fails is what the page has to show, so no error.

A store that does not answer is an error: then nothing is known.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from evidence.errors import (
    FindingError,
    MalformedError,
    NotFoundError,
    ObjectTooLargeError,
    ProofError,
    ShadowedObjectError,
    SignatureError,
)

DAMAGE: Final = (
    FindingError,
    MalformedError,
    SignatureError,
    ProofError,
    NotFoundError,
    ObjectTooLargeError,
    ShadowedObjectError,
)
"""What is wrong with the log, where the store answered."""

_T = TypeVar("_T")


class Outcome(StrEnum):
    """How a check ended."""

    HOLDS = "holds"
    BROKEN = "does not hold"
    UNCHECKED = "not checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was checked here, in words, and how that ended; `said` is why."""

    what: str
    outcome: Outcome
    said: str = ""


def worst(checks: Sequence[Check]) -> Outcome:
    """Return how a thing stands by the worst of its checks."""
    outcomes = {each.outcome for each in checks}
    return next(each for each in (Outcome.BROKEN, Outcome.UNCHECKED, Outcome.HOLDS) if each in outcomes)


def checked(what: str, take: Callable[[], _T]) -> tuple[_T | None, Check]:
    """Return what `take` returns, and the check; None where the log does not hold there.

    Raises:
        StoreError: the store does not answer.
    """
    try:
        return take(), Check(what=what, outcome=Outcome.HOLDS)
    except FindingError as error:
        return None, Check(what=what, outcome=Outcome.BROKEN, said=f"{error.code}: {error.detail}")
    except DAMAGE as error:
        return None, Check(what=what, outcome=Outcome.BROKEN, said=f"{error.code}: {error}")
