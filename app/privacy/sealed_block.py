"""Text encrypted inside a record, or beside it, as docs/evidence-format.md fixes both in section 4.

A sealed block stands in the record; of a detached payload the record has a reference, and the bytes are an object.
Pure: knows neither where keys and objects are kept nor what the text means.
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

from app.privacy.errors import KeyDestroyedError, SealedBlockError

ALGORITHM: Final = "A256GCM"
KEY_BYTES: Final = 32

MAX_PAYLOAD: Final = 16 << 20
"""Bytes: the largest object of a detached payload."""

Cipher = AESGCM
"""What `SubjectKey.cipher` returns."""

_REFERENCE: Final = frozenset({"commit", "kid", "nonce", "object", "size", "subject"})
_OBJECT: Final = re.compile(r"[a-z0-9]{1,16}/psn_[0-9a-f]{32}/[0-9a-f]{32}", re.ASCII)
_MEMBERS: Final = frozenset({"alg", "commit", "ct", "kid", "nonce", "subject"})
_SUBJECT: Final = re.compile(r"psn_[0-9a-f]{32}", re.ASCII)
_KID: Final = re.compile(r"k_[0-9a-f]{32}", re.ASCII)
_NONCE: Final = re.compile(r"[0-9a-f]{24}", re.ASCII)
_COMMIT: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_COMMITMENT_DOMAIN: Final = b"evidence-commitment/v1\n"
_COMMITMENT: Final = hashlib.sha256(_COMMITMENT_DOMAIN)  # copied for each block: that costs less than to begin anew
_PAYLOAD_DOMAIN: Final = b"evidence-payload-commitment/v1\n"
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16


class SubjectKey:
    """One subject's data key, under the pseudonym that stands for the subject in the log.

    The cipher is set up anew for each block unless one comes along: it costs a microsecond, and a kept one holds
    2.5 KB, three times the rest of a cached key. NIST SP 800-38D, section 8.3, allows 2^32 blocks with random nonces
    under one key.
    """

    __slots__ = ("_forgotten", "_key", "_names", "kid", "subject")

    def __init__(self, subject: str, kid: str, key: bytes | bytearray) -> None:
        """Hold `key` (32 bytes) for `subject` (`psn_` and 32 hex digits) as `kid` (`k_` and 32 hex digits).

        Raises:
            SealedBlockError: one of them has another form.
        """
        if not (_SUBJECT.fullmatch(subject) and _KID.fullmatch(kid) and len(key) == KEY_BYTES):
            raise SealedBlockError("a subject key needs a pseudonym, a key id and 32 bytes")
        self.subject: Final = subject
        self.kid: Final = kid
        self._key: Final = bytearray(key)
        self._forgotten = False
        self._names: Final = f"\n{subject}\n{kid}"

    def __del__(self) -> None:
        """Overwrite the key when nobody has it any more."""
        key = getattr(self, "_key", None)
        if key is not None:
            key[:] = bytes(KEY_BYTES)

    def __repr__(self) -> str:
        """Return the names alone; the key never shows."""
        return f"SubjectKey(subject={self.subject!r}, kid={self.kid!r})"

    def __reduce__(self) -> str:
        """Refuse to be pickled: a key leaves the process wrapped or not at all."""
        raise TypeError("a subject key cannot be pickled")

    def seal(
        self,
        text: bytes,
        *,
        place: tuple[str, int],
        random: Callable[[int], bytes] = os.urandom,
        cipher: Cipher | None = None,
    ) -> dict[str, str]:
        """Return the block that hides `text` at `place`: decision id, and index in the record's `sealed`.

        `cipher` is what `cipher` returned, for who seals several blocks in a row.

        Raises:
            KeyDestroyedError: the key was destroyed meanwhile.
            SealedBlockError: the place is not ASCII, or the text is beyond what the cipher takes (2^31 bytes).
        """
        salted, nonce, ciphertext = self._encrypt(text, _associated_block(place), random, cipher)
        commitment = _COMMITMENT.copy()
        commitment.update(salted)
        return {
            "alg": ALGORITHM,
            "commit": commitment.hexdigest(),
            "ct": binascii.b2a_base64(ciphertext, newline=False).decode("ascii"),
            "kid": self.kid,
            "nonce": nonce.hex(),
            "subject": self.subject,
        }

    def seal_payload(
        self, text: bytes, *, name: str, random: Callable[[int], bytes] = os.urandom
    ) -> tuple[dict[str, Any], bytes]:
        """Return what a record says of the payload that hides `text` in the object `name`, and that object's bytes.

        Raises:
            KeyDestroyedError: the key was destroyed meanwhile.
            SealedBlockError: the name is not ASCII, or the text is beyond what the cipher takes (2^31 bytes).
        """
        salted, nonce, ciphertext = self._encrypt(text, _associated_payload(name), random)
        reference = {
            "commit": hashlib.sha256(_PAYLOAD_DOMAIN + salted).hexdigest(),
            "kid": self.kid,
            "nonce": nonce.hex(),
            "object": name,
            "size": len(ciphertext),
            "subject": self.subject,
        }
        return reference, ciphertext

    def open(self, block: Mapping[str, Any], *, place: tuple[str, int]) -> bytes:
        """Return the text that was sealed at `place`.

        Raises:
            SealedBlockError: the block has another form, belongs to another key or place, or was altered.
        """
        nonce, ciphertext, commit = _parts(block)
        return self._decrypt(block, nonce, ciphertext, _associated_block(place), _COMMITMENT_DOMAIN, commit)

    def open_payload(self, reference: Mapping[str, Any], ciphertext: bytes) -> bytes:
        """Return the text that the object of `reference`, with the bytes `ciphertext`, hides.

        Raises:
            SealedBlockError: the reference has another form, belongs to another key, or the object was altered.
        """
        verify_reference(reference)
        if reference["size"] != len(ciphertext):
            raise SealedBlockError("the payload has another size than the record says")
        nonce, commit = bytes.fromhex(reference["nonce"]), bytes.fromhex(reference["commit"])
        associated = _associated_payload(reference["object"])
        return self._decrypt(reference, nonce, ciphertext, associated, _PAYLOAD_DOMAIN, commit)

    def forget(self) -> None:
        """Overwrite the key, because it was destroyed; whoever still holds this can neither seal nor open any more."""
        self._forgotten = True
        self._key[:] = bytes(KEY_BYTES)

    def cipher(self) -> Cipher:
        """Return the cipher under this key; keep it no longer than what is being sealed.

        Raises:
            KeyDestroyedError: the key was destroyed meanwhile.
        """
        self._verify_kept()
        return AESGCM(self._key)

    def _verify_kept(self) -> None:
        if self._forgotten:
            raise KeyDestroyedError("the subject's key was destroyed")

    def _encrypt(
        self, text: bytes, associated: str, random: Callable[[int], bytes], cipher: Cipher | None = None
    ) -> tuple[bytes, bytes, bytes]:
        self._verify_kept()
        fresh = random(_SALT_BYTES + _NONCE_BYTES)
        salted, nonce = fresh[:_SALT_BYTES] + text, fresh[_SALT_BYTES:]
        try:
            ciphertext = (cipher or self.cipher()).encrypt(nonce, salted, (associated + self._names).encode("ascii"))
        except (ValueError, OverflowError):
            raise SealedBlockError("this text cannot be sealed at this place") from None
        self._verify_kept()  # a payload is sealed in a thread: the key may have been overwritten while it was in use
        return salted, nonce, ciphertext

    def _decrypt(  # noqa: PLR0913, PLR0917 - what authenticated decryption is about
        self, named: Mapping[str, Any], nonce: bytes, ciphertext: bytes, associated: str, domain: bytes, commit: bytes
    ) -> bytes:
        if named["subject"] != self.subject or named["kid"] != self.kid:
            raise SealedBlockError("the block was sealed under another key")
        try:
            salted = self.cipher().decrypt(nonce, ciphertext, (associated + self._names).encode("ascii"))
        except (InvalidTag, ValueError, OverflowError):
            raise SealedBlockError("the block was altered, or belongs to another place") from None
        if not hmac.compare_digest(hashlib.sha256(domain + salted).digest(), commit):
            raise SealedBlockError("the commitment is not that of the text")
        return salted[_SALT_BYTES:]


def verify_reference(reference: Any) -> Mapping[str, Any]:
    """Return what a record says of a detached payload, if it has the form of section 4.

    Raises:
        SealedBlockError: it has not.
    """
    if not isinstance(reference, Mapping) or reference.keys() != _REFERENCE:
        raise SealedBlockError("the reference has not the members of a detached payload")
    size = reference["size"]
    if type(size) is not int or not _SALT_BYTES + _TAG_BYTES <= size <= MAX_PAYLOAD:
        raise SealedBlockError("the reference has another size than a payload can have")
    forms = {"commit": _COMMIT, "kid": _KID, "nonce": _NONCE, "object": _OBJECT, "subject": _SUBJECT}
    if not all(isinstance(reference[name], str) and form.fullmatch(reference[name]) for name, form in forms.items()):
        raise SealedBlockError("a member of the reference has another form")
    return reference


def _associated_block(place: tuple[str, int]) -> str:
    decision_id, index = place
    return f"evidence-sealed/v1\n{decision_id}\n{index}"


def _associated_payload(name: str) -> str:
    return f"evidence-payload/v1\n{name}"


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
