"""What a proof of identity was found to say, remembered until it ends: by the SHA-256 of the proof, never the proof.

Owns when a proof holds, and how many are remembered. What proves what, others know.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from app.jwt_form import CLOCK_SKEW, TokenCode, TokenError

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified(Generic[_T]):
    """What a proof says that was verified, from `not_before` until `expires` (Unix time, seconds)."""

    who: _T
    not_before: int
    expires: int


class Remembered(Generic[_T]):
    """Verifies proofs, and each of them once: those that held are remembered. For one thread."""

    def __init__(self, verify: Callable[[bytes], Verified[_T]], most: int) -> None:
        """Verify with `verify`, which raises `TokenError`; remember at most `most`, those that were seen last."""
        self._verify, self._most = verify, most
        self._held: Final[OrderedDict[bytes, Verified[_T]]] = OrderedDict()

    def find(self, proof: bytes, now: float) -> _T:
        """Return what `proof` says at `now` (Unix time, seconds).

        Raises:
            TokenError: nothing, or not at this time.
        """
        digest = hashlib.sha256(proof).digest()
        verified = self._held.get(digest)
        if verified is None:
            verified = self._verify(proof)
            self._held[digest] = verified
            if len(self._held) > self._most:
                self._held.popitem(last=False)
        else:
            self._held.move_to_end(digest)
        if verified.not_before - CLOCK_SKEW <= now < verified.expires:
            return verified.who
        if now < verified.expires:
            raise TokenError(TokenCode.NOT_YET_VALID)
        del self._held[digest]
        raise TokenError(TokenCode.EXPIRED)

    def forget(self) -> None:
        """Verify everything anew."""
        self._held.clear()
