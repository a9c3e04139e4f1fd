"""Places for what is done at once, shared so that no tenant can take them all.

Owns the rule alone: who has many gets another only while plenty are free. However many a few take, some are left for
somebody who has none (dynamic thresholds: Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998).
"""

from contextlib import AbstractContextManager
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
        self._held: dict[str, int] = {}

    @property
    def held(self) -> int:
        """Return how many are taken."""
        return sum(self._held.values())

    def take(self, tenant: str, number: int = 1) -> None:
        """Take so many places for a tenant, as if it took one after the other.

        Raises:
            ProblemError: there are not so many for it.
        """
        last, held = number - 1, self._held.get(tenant, 0)
        if number and (number > self.free or held + last >= SHARE * (self.free - last)):
            raise ProblemError(problem("overloaded"))
        self.free -= number
        self._held[tenant] = held + number

    def give_back(self, tenant: str, number: int = 1) -> None:
        """Give back so many places that a tenant took."""
        self.free += number
        self._held[tenant] -= number
        if not self._held[tenant]:
            del self._held[tenant]

    def taken(self, tenant: str, number: int = 1) -> AbstractContextManager[None]:
        """Hold so many places for a tenant; see `take`."""
        return _Taken(self, tenant, number)


class _Taken:
    """Places, while somebody is inside."""

    __slots__ = ("_number", "_places", "_tenant")

    def __init__(self, places: Places, tenant: str, number: int) -> None:
        self._places, self._tenant, self._number = places, tenant, number

    def __enter__(self) -> None:
        self._places.take(self._tenant, self._number)

    def __exit__(self, *_: object) -> None:
        self._places.give_back(self._tenant, self._number)
