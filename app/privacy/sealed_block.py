"""The sealed block: text encrypted inside a record, as docs/evidence-format.md fixes it in section 4.

Pure: knows neither where keys are kept nor what the text means.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.privacy.errors import SealedBlockError

ALGORITHM: Final = "A256GCM"
KEY_BYTES: Final = 32

_MEMBERS: Final = frozenset({"alg", "commit", "ct", "kid", "nonce", "subject"})
_SUBJECT: Final = re.compile(r"psn_[0-9a-f]{32}", re.ASCII)
_KID: Final = re.compile(r"k_[0-9a-f]{32}", re.ASCII)
_NONCE: Final = re.compile(r"[0-9a-f]{24}", re.ASCII)
_COMMIT: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_COMMITMENT_DOMAIN: Final = b"evidence-commitment/v1\n"
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16


class SubjectKey:
    """One subject's data key, under the pseudonym that stands for the subject in the log.

    The cipher is set up anew for each block: it costs a microsecond, and a kept one holds 2.5 KB, three times
    the rest of a cached key. NIST SP 800-38D, section 8.3, allows 2^32 blocks with random nonces under one key.
    """

    __slots__ = ("_key", "_names", "kid", "subject")

    def __init__(self, subject: str, kid: str, key: bytes) -> None:
        """Hold `key` (32 bytes) for `subject` (`psn_` and 32 hex digits) as `kid` (`k_` and 32 hex digits).

        Raises:
            SealedBlockError: one of them has another form.
        """
        if not (_SUBJECT.fullmatch(subject) and _KID.fullmatch(kid) and len(key) == KEY_BYTES):
            raise SealedBlockError("a subject key needs a pseudonym, a key id and 32 bytes")
        self.subject: Final = subject
        self.kid: Final = kid
        self._key: Final = key
        self._names: Final = f"\n{subject}\n{kid}"

    def __repr__(self) -> str:
        """Return the names alone; the key never shows."""
        return f"SubjectKey(subject={self.subject!r}, kid={self.kid!r})"

    def __reduce__(self) -> str:
        """Refuse to be pickled: a key leaves the process wrapped or not at all."""
        raise TypeError("a subject key cannot be pickled")

    def seal(
        self, text: bytes, *, place: tuple[str, int], random: Callable[[int], bytes] = os.urandom
    ) -> dict[str, str]:
        """Return the block that hides `text` at `place`: decision id, and index in the record's `sealed`.

        Raises:
            SealedBlockError: the place is not ASCII, or the text is beyond what the cipher takes (2^31 bytes).
        """
        fresh = random(_SALT_BYTES + _NONCE_BYTES)
        salted = fresh[:_SALT_BYTES] + text
        nonce = fresh[_SALT_BYTES:]
        try:
            ciphertext = AESGCM(self._key).encrypt(nonce, salted, self._associated(place))
        except (ValueError, OverflowError):
            raise SealedBlockError("this text cannot be sealed at this place") from None
        return {
            "alg": ALGORITHM,
            "commit": hashlib.sha256(_COMMITMENT_DOMAIN + salted).hexdigest(),
            "ct": binascii.b2a_base64(ciphertext, newline=False).decode("ascii"),
            "kid": self.kid,
            "nonce": nonce.hex(),
            "subject": self.subject,
        }

    def open(self, block: Mapping[str, Any], *, place: tuple[str, int]) -> bytes:
        """Return the text that was sealed at `place`.

        Raises:
            SealedBlockError: the block has another form, belongs to another key or place, or was altered.
        """
        nonce, ciphertext, commit = _parts(block)
        if block["subject"] != self.subject or block["kid"] != self.kid:
            raise SealedBlockError("the block was sealed under another key")
        try:
            salted = AESGCM(self._key).decrypt(nonce, ciphertext, self._associated(place))
        except (InvalidTag, ValueError, OverflowError):
            raise SealedBlockError("the block was altered, or belongs to another place") from None
        if not hmac.compare_digest(hashlib.sha256(_COMMITMENT_DOMAIN + salted).digest(), commit):
            raise SealedBlockError("the commitment is not that of the text")
        return salted[_SALT_BYTES:]

    def _associated(self, place: tuple[str, int]) -> bytes:
        decision_id, index = place
        return f"evidence-sealed/v1\n{decision_id}\n{index}{self._names}".encode("ascii")


def _parts(block: Mapping[str, Any]) -> tuple[bytes, bytes, bytes]:
    """Return nonce, ciphertext and commitment of a block in its one form."""
    if not isinstance(block, Mapping) or block.keys() != _MEMBERS:
        raise SealedBlockError("the block has not the members of a sealed block")
    if not all(isinstance(value, str) for value in block.values()) or block["alg"] != ALGORITHM:
        raise SealedBlockError("a member of the block has another form")
    if not (_NONCE.fullmatch(block["nonce"]) and _COMMIT.fullmatch(block["commit"])):
        raise SealedBlockError("a member of the block has another form")
    try:
        ciphertext = base64.b64decode(block["ct"], validate=True)
    except ValueError:
        raise SealedBlockError("the ciphertext is not base64") from None
    if base64.b64encode(ciphertext).decode("ascii") != block["ct"] or len(ciphertext) < _SALT_BYTES + _TAG_BYTES:
        raise SealedBlockError("the ciphertext is not canonical base64 of a sealed text")
    return bytes.fromhex(block["nonce"]), ciphertext, bytes.fromhex(block["commit"])
