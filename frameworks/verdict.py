"""What several tests come to together: the outcome of a control, and of an item that controls serve. Pure."""

from collections.abc import Iterable
from typing import Final

from frameworks.testing import Outcome

OPEN: Final = frozenset({Outcome.DEVIATIONS, Outcome.STALE, Outcome.NOT_TESTED})
"""Outcomes that somebody has to do something about."""

_WORST: Final = (Outcome.DEVIATIONS, Outcome.STALE, Outcome.NOT_TESTED, Outcome.EFFECTIVE, Outcome.DID_NOT_OCCUR)


def verdict(outcomes: Iterable[Outcome]) -> Outcome:
    """Return what the outcomes come to: the worst of them, and `not_tested` where there is none.

    A test of what did not occur takes nothing from another one; alone, it is no success.
    """
    found = set(outcomes)
    return next((each for each in _WORST if each in found), Outcome.NOT_TESTED)
