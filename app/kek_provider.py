"""The port of whoever keeps the generations of the key-encryption key (KEK), and what can go wrong with him.

Knows neither what a generation wraps nor who asks for it.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from app.keys import KeysError


class KmsError(KeysError):
    """A key management service (KMS) does not do what it was asked; the message never quotes the service's own."""


class KmsUnavailableError(KmsError):
    """It does not answer, or asks for patience: nothing is known of the key, and asking again may help."""


class KmsRefusedError(KmsError):
    """It answered no: not this identity, not in this region, not this key, or not any more. A person must look."""


class KekProvider(Protocol):
    """Makes, opens and destroys generations. Every method raises `KeysError`, and may be called again after that."""

    def load(self) -> Mapping[int, bytes]:
        """Return every generation that is whole, each 32 bytes; looking one up is what opens it, asking for it is not.

        Whoever looks a generation up that cannot be opened gets the error then, and can still have the others.
        """

    def traces(self) -> frozenset[int]:
        """Return the generations of which there is anything here, be it half destroyed."""

    def make(self, generation: int) -> None:
        """Make a generation, unless it is there; durable once this returns."""

    def destroy(self, generation: int) -> None:
        """Destroy a generation, with all that making it may have left behind. Again does no harm.

        Once this returns, no copy of what was here opens anything; what a copy opens meanwhile, a provider says.
        """

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep other rotations out; raises if one is under way."""
