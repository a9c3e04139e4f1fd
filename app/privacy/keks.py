"""The generations of the key-encryption key (KEK) that a process holds, and what they wrap: one data key at a time.

Knows neither where the generations come from nor the tables the wrapped keys lie in.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.keys import KeysError
from app.privacy.errors import KeyStoreError, SealedBlockError
from app.privacy.sealed_block import KEY_BYTES, SubjectKey

_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0  # seconds before whoever failed to load is asked again


class Keks:
    """Loaded when a generation is asked for that is not held: another process may have made it.

    Generations are kept in memory that is overwritten when they are dropped. The cipher is set up anew for each key:
    the library wipes its own copy when it lets go of it. What a provider read them from, or was sent, Python may keep
    until that memory is used again.
    """

    def __init__(self, load: Callable[[], Mapping[int, bytes]], *, clock: Callable[[], float] = time.monotonic) -> None:
        """Hold nothing yet. Several threads may use it.

        Args:
            load: returns 32 bytes under the number of each generation; looking one up may be what opens it, and is
                done for those alone that are not held (`KekProvider.load`).
            clock: seconds, monotonic.
        """
        self._load, self._clock = load, clock
        self._held: dict[int, bytearray] = {}
        self._holding = threading.Lock()  # so that nobody uses a generation that is being overwritten
        self._loading = threading.Lock()
        self._failure: KeyStoreError | None = None
        self._pause, self._again_at = 0.0, float("-inf")

    @property
    def held(self) -> frozenset[int]:
        """Return the generations that are held."""
        with self._holding:
            return frozenset(self._held)

    def reload(self) -> None:
        """Hold what there is now, and drop what is not there any more. While loading fails it is tried now and then.

        Raises:
            KeyStoreError: some of it cannot be loaded, or has not 32 bytes; all else is held.
        """
        with self._loading:
            if self._failure is None or self._clock() >= self._again_at:
                self._failure = self._loaded()
                self._pause = min(self._pause * 2 or _FIRST_PAUSE, _LONGEST_PAUSE) if self._failure else 0.0
                self._again_at = self._clock() + self._pause
            if self._failure is not None:
                raise KeyStoreError(str(self._failure)) from self._failure.__cause__

    def drop(self) -> None:
        """Overwrite and drop what is held; what is asked for later is loaded again."""
        for generation in self.held:
            self._drop(generation)

    def wrap(self, row: Mapping[Any, Any], key: bytes | bytearray, nonce: bytes) -> bytes:
        """Return `key` wrapped for `row`: bound to its `lookup`, `subject` and `kid`, under its `kek`.

        Raises:
            KeyStoreError: that generation is not to be had.
        """
        return nonce + self._cipher(row["kek"]).encrypt(nonce, key, _associated(row))

    def unwrap(self, row: Mapping[Any, Any]) -> bytearray:
        """Return the data key in `row`, for the caller to overwrite.

        Raises:
            KeyStoreError: it is damaged, was moved there from another row, or its generation is not to be had.
        """
        cipher = self._cipher(row["kek"])
        try:
            wrapped = row["wrapped"]
            key = bytearray(max(0, len(wrapped) - _NONCE_BYTES - _TAG_BYTES))
            cipher.decrypt_into(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], _associated(row), key)
        except (InvalidTag, TypeError, ValueError):
            raise KeyStoreError("a subject key is damaged, or wrapped under another key-encryption key") from None
        return key

    def subject_key(self, row: Mapping[Any, Any]) -> SubjectKey:
        """Return the data key in `row` with its names. Raises as `unwrap` does."""
        key = self.unwrap(row)
        try:
            return SubjectKey(row["subject"], row["kid"], key)
        except (SealedBlockError, TypeError):
            raise KeyStoreError("a subject key is damaged") from None
        finally:
            key[:] = bytes(len(key))

    def _cipher(self, generation: Any) -> AESGCM:
        if generation not in self._held:
            try:
                self.reload()
            except KeyStoreError:
                if generation not in self._held:
                    raise
        try:
            with self._holding:
                return AESGCM(self._held[generation])
        except KeyError:
            raise KeyStoreError(
                f"generation {generation} of the key-encryption key is not here: destroyed, or never brought here"
            ) from None

    def _loaded(self) -> KeyStoreError | None:
        """Hold what can be had, and return what went wrong with the rest."""
        try:
            there = self._load()
        except KeysError as error:
            return _failed(error)
        for generation in self.held - there.keys():
            self._drop(generation)
        failure = None
        for generation in sorted(there.keys() - self.held):
            try:
                kek = there[generation]
            except KeysError as error:
                failure = _failed(error)
                continue
            if len(kek) != KEY_BYTES:
                failure = KeyStoreError("the key-encryption key has not 32 bytes")
                continue
            with self._holding:
                self._held[generation] = bytearray(kek)
        return failure

    def _drop(self, generation: int) -> None:
        with self._holding:
            self._held.pop(generation, bytearray(KEY_BYTES))[:] = bytes(KEY_BYTES)


def _failed(error: KeysError) -> KeyStoreError:
    failure = KeyStoreError(f"the key-encryption key cannot be loaded: {error}")
    failure.__cause__ = error
    return failure


def _associated(row: Mapping[Any, Any]) -> bytes:
    return f"omega-subject-key/v1\n{row['lookup']}\n{row['subject']}\n{row['kid']}\n{row['kek']}".encode()
