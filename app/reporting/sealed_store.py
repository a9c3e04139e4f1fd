"""The store of a log as a report needs it beside its records: how far it came, when a record was sealed, and proofs.

Checks signatures and hashes of what it reads; whether the log as a whole holds is the verifier's business.
"""

from collections.abc import Iterable, Iterator

from evidence import form, note
from evidence.checkpointer import CHECKPOINT_KEY, checkpoint_key
from evidence.errors import NotFoundError
from evidence.key_history import KeyHistory
from evidence.keys import VerifierKey
from evidence.proof import Proof
from evidence.reader import Reader
from evidence.record import Position
from evidence.store import WormStore


class SealedStore:
    """One store, under any one key of the log. Every method raises `EvidenceError` where the log does not hold."""

    def __init__(self, store: WormStore, key: VerifierKey) -> None:
        self._store, self.key = store, key
        self.reader = Reader(store, key)
        self._sealed_at: dict[str, str] = {}

    def newest_checkpoint(self) -> tuple[tuple[int, int, str], bytes] | None:
        """Return number, size and base64 root of the newest checkpoint, and the note itself, or None without one."""
        listed = filter(CHECKPOINT_KEY.fullmatch, self._store.keys("log/checkpoints/"))
        last = max(listed, default=None)
        if last is None:
            return None
        number = int(last.rpartition("/")[2].partition(".")[0])
        data = self._store.get(checkpoint_key(number), limit=note.MAX_NOTE)
        found = KeyHistory.load(self._store, self.key).verify_checkpoint(data)
        return (number, found.size, form.base64_text(found.root)), data

    def sealed(self) -> str:
        """Return the newest time at which anything was sealed, or "" where nothing is."""
        newest: dict[str, int] = {}
        for chain, number in self.reader.seals():
            newest[chain] = max(number, newest.get(chain, 0))
        seals = (self.reader.seal(chain, number) for chain, number in newest.items())
        return max((each.sealed_at for each in seals if each is not None), default="")

    def sealed_at(self, position: str) -> str:
        """Return when the record at a position was sealed, or "" where it is not, or not there any more."""
        if position not in self._sealed_at:
            try:
                self._sealed_at[position] = self.reader.locate(Position.parse(position)).seal.sealed_at
            except NotFoundError:
                return ""
        return self._sealed_at[position]

    def proofs(self, positions: Iterable[str]) -> Iterator[Proof]:
        """Yield the proof of each record that can be proved yet, in the order of chain and number."""
        ordered = sorted({(each.chain, each.seq): each for each in map(Position.parse, positions)}.items())
        return self.reader.prove_all(each for _, each in ordered)
