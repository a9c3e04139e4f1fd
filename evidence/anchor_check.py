"""What others say of a log's checkpoints: docs/evidence-format.md, section 8, step 5.

Owns the keys of both kinds. Without trust from outside, their form alone is checked, and what they are over.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from evidence import cosignature, form, timestamp_form
from evidence.cosignature import Cosignature, WitnessKey
from evidence.errors import AnchorError, FindingError, MalformedError
from evidence.note import Note
from evidence.report import Cosigned, Timestamped

if TYPE_CHECKING:
    from cryptography import x509


TIMESTAMP_KEY: Final = re.compile(r"log/timestamps/([0-9]{12})\.tsr")
COSIGNATURE_KEY: Final = re.compile(r"log/cosignatures/([0-9]{12})-([0-9a-f]{8})\.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom the auditor believes: authorities by their roots (None: not asked), witnesses by their keys."""

    roots: "Sequence[x509.Certificate] | None" = None
    witnesses: Sequence[WitnessKey] = ()


@dataclass(slots=True, kw_only=True)
class AnchorCheck:
    """Takes the anchors of one log in the order of their keys, and keeps the newest of each kind.

    Attributes:
        trust: whom to believe.
        read: gives the bytes of a checkpoint by its number.
        sizes: the leaves under each checkpoint.
    """

    trust: Trust
    read: Callable[[int], bytes]
    sizes: dict[int, int]
    timestamped: Timestamped | None = None
    cosigned: Cosigned | None = None
    _times: list[str] = field(default_factory=list)  # of the cosignatures of the newest cosigned checkpoint

    def take_timestamp(self, key: str, number: int, data: bytes) -> None:
        """Check a time stamp over checkpoint `number`.

        Raises:
            FindingError: it has not its form, is over something else, or not by an authority that is trusted.
        """
        try:
            found = timestamp_form.parse(data)
        except MalformedError as error:
            raise FindingError("malformed-anchor", key, str(error)) from error
        over = self.read(number)
        if found.imprint != hashlib.sha256(over).digest():
            raise FindingError("bad-anchor", key, "is over other bytes than the checkpoint's")
        if self.trust.roots is not None:
            _verify_timestamp(key, data, over, self.trust.roots)
        self.timestamped = Timestamped(
            checkpoint=number,
            tree_size=self.sizes[number],
            time=found.time,
            verified=self.trust.roots is not None,
        )

    def take_cosignature(self, key: str, number: int, key_id: str, data: bytes) -> None:
        """Check a cosignature of checkpoint `number`, by the key that the object's key names.

        Raises:
            FindingError: it has not its form, or its witness, whom the auditor knows, did not make it.
        """
        try:
            found = cosignature.parse(data)
        except MalformedError as error:
            raise FindingError("malformed-anchor", key, str(error)) from error
        if found.key_id.hex() != key_id:
            raise FindingError("malformed-anchor", key, "is by another key than its name says")
        verified = False
        for witness in self.trust.witnesses:
            if (witness.name, witness.id) == (found.name, found.key_id):
                _verify_cosignature(key, data, Note.parse(self.read(number)).text, witness)
                verified = True
        if verified or not self.trust.witnesses:
            self._keep(number, found, verified=verified)

    def _keep(self, number: int, found: Cosignature, *, verified: bool) -> None:
        names: set[str] = set()
        if self.cosigned is not None and self.cosigned.checkpoint == number:
            names |= {*self.cosigned.witnesses}
        else:
            self._times = []
        self._times.append(form.time_text(found.time))
        self.cosigned = Cosigned(
            checkpoint=number,
            tree_size=self.sizes[number],
            time=min(self._times),
            witnesses=sorted(names | {found.name}),
            verified=verified,
        )


def _verify_timestamp(key: str, data: bytes, over: bytes, roots: "Sequence[x509.Certificate]") -> None:
    from evidence import timestamp  # noqa: PLC0415 - its library is for those who have roots

    try:
        timestamp.verify_timestamp(data, over, roots)
    except (MalformedError, AnchorError) as error:
        raise FindingError("bad-anchor", key, str(error)) from error


def _verify_cosignature(key: str, data: bytes, text: str, witness: WitnessKey) -> None:
    try:
        cosignature.verify(data, text, witness)
    except AnchorError as error:
        raise FindingError("bad-anchor", key, str(error)) from error
