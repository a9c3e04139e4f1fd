"""Where the anchors of a log come from: a time-stamp authority, or a witness.

A source obtains an anchor for one checkpoint, checks it as an auditor would, and knows under which key of the store it
belongs. When to ask, and what to do about no answer, `evidence/anchorer.py` knows.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from cryptography import x509

from evidence import authority, cosignature, timestamp, timestamp_form, witness
from evidence.anchor_check import COSIGNATURE_KEY, TIMESTAMP_KEY
from evidence.authority import Post
from evidence.checkpoint import Checkpoint
from evidence.cosignature import WitnessKey
from evidence.errors import AuthorityError, WitnessConflictError
from evidence.growth import Growth
from evidence.witness import AddCheckpoint

_OK = 200
_ROUNDS = 3  # a witness says what it has seen, then cosigns; unless another was faster


def timestamp_key(number: int) -> str:
    """Return the key of the time stamp over checkpoint `number`."""
    return f"log/timestamps/{number:012}.tsr"


def cosignature_key(number: int, key: WitnessKey) -> str:
    """Return the key of the cosignature by `key` over checkpoint `number`."""
    return f"log/cosignatures/{number:012}-{key.id.hex()}.txt"


class Anchor(Protocol):
    """One authority that vouches for checkpoints."""

    @property
    def name(self) -> str:
        """Return what people call it; no URL, which may be nobody else's business."""
        ...

    @property
    def prefix(self) -> str:
        """Return with what the keys of its objects begin."""
        ...

    def key(self, number: int) -> str:
        """Return the key of its object for checkpoint `number`."""
        ...

    def number(self, key: str) -> int | None:
        """Return for which checkpoint the object at `key` is, or None where it is not this anchor's."""
        ...

    def obtain(self, note: bytes, head: Checkpoint) -> bytes:
        """Ask the authority about a checkpoint; return the object.

        Raises:
            EvidenceError: there is none; `AuthorityError` where asking again later may help.
        """
        ...

    def verify(self, data: bytes, note: bytes, head: Checkpoint) -> datetime:
        """Return when the object `data` was made, once it is known to vouch for the checkpoint.

        Raises:
            MalformedError: it is no such object.
            AnchorError: it is over something else, or another's.
        """
        ...


class TimestampAnchor:
    """An RFC 3161 authority over HTTP (RFC 3161, section 3.4)."""

    def __init__(self, url: str, roots: Sequence[x509.Certificate] = (), *, post: Post = authority.post) -> None:
        """Keep what is needed to ask.

        Args:
            url: where the authority answers.
            roots: certificates to trust. Without any, an answer is checked for what it is over, not for who made it.
            post: how to ask.
        """
        self._url, self._roots, self._post = url, tuple(roots), post
        self.name, self.prefix = "time stamps", "log/timestamps/"

    def key(self, number: int) -> str:
        """See `Anchor.key`."""
        return timestamp_key(number)

    def number(self, key: str) -> int | None:
        """See `Anchor.number`."""
        found = TIMESTAMP_KEY.fullmatch(key)
        return None if found is None else int(found[1])

    def obtain(self, note: bytes, head: Checkpoint) -> bytes:  # noqa: ARG002 - the port's
        """See `Anchor.obtain`."""
        wanted = timestamp.request(note)
        answer = self._post(
            self._url, wanted.der, content_type="application/timestamp-query", limit=timestamp.MAX_TIMESTAMP
        )
        if answer.status != _OK:
            raise AuthorityError(f"`{authority.shown(self._url)}` answered {answer.status}")
        self._check(answer.body, note, wanted.nonce)
        return answer.body

    def verify(self, data: bytes, note: bytes, head: Checkpoint) -> datetime:  # noqa: ARG002 - the port's
        """See `Anchor.verify`."""
        return self._check(data, note, None)

    def _check(self, data: bytes, note: bytes, nonce: int | None) -> datetime:
        timestamp_form.parse(data)  # nothing is written that a verifier without our library would refuse
        if self._roots:
            return timestamp.verify_timestamp(data, note, self._roots, nonce=nonce)
        found = timestamp.parse_timestamp(data)
        timestamp.check_imprint(found, note, nonce=nonce)
        return found.time


class WitnessAnchor:
    """A C2SP witness, which is shown how the tree grew since it last looked."""

    def __init__(self, url: str, key: WitnessKey, growth: Growth, *, post: Post = authority.post) -> None:
        """Keep what is needed to ask.

        Args:
            url: the witness's submission prefix.
            key: its public key.
            growth: proves how the tree grew; nobody else asks it.
            post: how to ask.
        """
        self._url, self._key, self._post = url, key, post
        self._growth = growth
        self._seen = 0  # the size it is known to have cosigned; it says so itself where that is wrong
        self.name, self.prefix = f"witness {key.name}", "log/cosignatures/"

    def key(self, number: int) -> str:
        """See `Anchor.key`."""
        return cosignature_key(number, self._key)

    def number(self, key: str) -> int | None:
        """See `Anchor.number`."""
        found = COSIGNATURE_KEY.fullmatch(key)
        return int(found[1]) if found is not None and found[2] == self._key.id.hex() else None

    def obtain(self, note: bytes, head: Checkpoint) -> bytes:
        """See `Anchor.obtain`."""
        for _ in range(_ROUNDS):
            proof = self._growth.prove(self._seen, head.size)
            request = AddCheckpoint(old_size=self._seen, proof=proof, note=note)
            try:
                line = witness.submit(request, self._url, self._key, self._post)
            except WitnessConflictError as error:
                if error.size > head.size:
                    raise
                self._seen = error.size
            else:
                self._seen = head.size
                self._growth.keep(head.size)
                return line
        raise AuthorityError(f"the witness {self._key.name} says after each proof that it has seen another size")

    def verify(self, data: bytes, note: bytes, head: Checkpoint) -> datetime:  # noqa: ARG002 - the port's
        """See `Anchor.verify`."""
        return cosignature.verify(data, head.text, self._key)
