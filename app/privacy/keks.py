"""The generations of the key-encryption key (KEK) that a process holds, and what they wrap: one data key at a time.

Knows neither the files the generations come from nor the tables the wrapped keys lie in.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.keys import KeyFileError
from app.privacy.errors import KeyStoreError, SealedBlockError
from app.privacy.sealed_block import KEY_BYTES, SubjectKey

_NONCE_BYTES: Final = 12


class Keks:
    """Loaded again when a generation is asked for that is not held: another process may have made it."""

    def __init__(self, load: Callable[[], Mapping[int, bytes]]) -> None:
        """Hold what `load` returns: 32 bytes under the number of each generation. Called from one thread at a time.

        Raises:
            KeyStoreError: it cannot be loaded, or a generation has not 32 bytes.
        """
        self._load = load
        self._ciphers: dict[int, AESGCM] = {}
        self.reload()

    @property
    def held(self) -> frozenset[int]:
        """Return the generations that are held."""
        return frozenset(self._ciphers)

    def reload(self) -> None:
        """Hold what there is now, and drop what is not there any more.

        Raises:
            KeyStoreError: it cannot be loaded, or a generation has not 32 bytes.
        """
        try:
            loaded = self._load()
        except KeyFileError as error:
            raise KeyStoreError("the key-encryption key cannot be loaded") from error
        if any(len(kek) != KEY_BYTES for kek in loaded.values()):
            raise KeyStoreError("the key-encryption key has not 32 bytes")
        self._ciphers = {number: AESGCM(kek) for number, kek in loaded.items()}

    def wrap(self, row: Mapping[Any, Any], key: bytes, nonce: bytes) -> bytes:
        """Return `key` wrapped for `row`: bound to its `lookup`, `subject` and `kid`, under its `kek`.

        Raises:
            KeyStoreError: that generation is not to be had.
        """
        return nonce + self._cipher(row["kek"]).encrypt(nonce, key, _associated(row))

    def unwrap(self, row: Mapping[Any, Any]) -> bytes:
        """Return the data key in `row`.

        Raises:
            KeyStoreError: it is damaged, was moved there from another row, or its generation is not to be had.
        """
        cipher = self._cipher(row["kek"])
        try:
            wrapped = row["wrapped"]
            return cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], _associated(row))
        except (InvalidTag, TypeError, ValueError):
            raise KeyStoreError("a subject key is damaged, or wrapped under another key-encryption key") from None

    def subject_key(self, row: Mapping[Any, Any]) -> SubjectKey:
        """Return the data key in `row` with its names. Raises as `unwrap` does."""
        try:
            return SubjectKey(row["subject"], row["kid"], self.unwrap(row))
        except (SealedBlockError, TypeError):
            raise KeyStoreError("a subject key is damaged") from None

    def _cipher(self, generation: Any) -> AESGCM:
        if generation not in self._ciphers:
            self.reload()
        try:
            return self._ciphers[generation]
        except KeyError:
            raise KeyStoreError(
                f"generation {generation} of the key-encryption key is not here: destroyed, or never brought here"
            ) from None


def _associated(row: Mapping[Any, Any]) -> bytes:
    return f"omega-subject-key/v1\n{row['lookup']}\n{row['subject']}\n{row['kid']}\n{row['kek']}".encode()
