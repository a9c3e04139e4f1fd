"""Places for what is done at once, shared so that no tenant can take them all.

Owns the rule alone: who has many gets another only while plenty are free. However many a few take, some are left for
somebody who has none (dynamic thresholds: Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998).
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from app.decision_plane.http import ProblemError
from app.errors import problem

SHARE: Final = 3
"""How many times as many places as are free a tenant may hold: alone it gets three quarters of all."""


class Places:
    """So many places. Belongs to one event loop."""

    def __init__(self, number: int) -> None:
        self.free = number
        self.alone = (SHARE * number + SHARE) // (SHARE + 1)  # what a tenant gets while nobody else has any
        self._held: Counter[str] = Counter()

    @property
    def held(self) -> int:
        """Return how many are taken."""
        return self._held.total()

    @contextmanager
    def taken(self, tenant: str, number: int = 1) -> Iterator[None]:
        """Hold so many places for a tenant, as if it took one after the other.

        Raises:
            ProblemError: there are not so many for it.
        """
        last = number - 1
        if number and (number > self.free or self._held[tenant] + last >= SHARE * (self.free - last)):
            raise ProblemError(problem("overloaded"))
        self.free -= number
        self._held[tenant] += number
        try:
            yield
        finally:
            self.free += number
            self._held[tenant] -= number
            if not self._held[tenant]:
                del self._held[tenant]
