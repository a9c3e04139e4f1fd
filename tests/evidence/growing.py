"""A log that grows in a store, and a witness that is asked without a wire: for tests of anchors."""

from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence.authority import Answer
from evidence.cosignature import WitnessSigner
from evidence.errors import AuthorityError, ForkedLogError, WitnessConflictError
from evidence.keys import VerifierKey
from evidence.note import Note
from evidence.stores.memory import MemoryStore
from evidence.witness import SIZE_TYPE, AddCheckpoint, judge, nothing_seen
from tests.evidence.logs import SIGNER, YEARS, Log, Signer

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WITNESS = WitnessSigner(name="witness.example/w1", private_key=Ed25519PrivateKey.from_private_bytes(b"\x05" * 32))


def verifier(signer: Signer = SIGNER) -> VerifierKey:
    return VerifierKey.parse(signer.key_file.decode())


class GrowingLog:
    """One chain of heartbeats; `grow` seals some and publishes a checkpoint over them."""

    def __init__(self, *sizes: int, signer: Signer = SIGNER, start: datetime = NOW) -> None:
        self.store = MemoryStore()
        self.log = Log(signer=signer, start=start)
        self.chain = self.log.chain()
        self.key = verifier(signer)
        for size in sizes:
            self.grow(size)

    def grow(self, seals: int) -> bytes:
        for _ in range(seals):
            self.chain.seal()
        note = self.log.publish()
        for key, data in self.log.objects.items():
            self.store.put(key, data, retain_until=NOW + YEARS)
        return note


class Clock:
    """The time and the ticks of a test."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def ticks(self) -> float:
        return (self.now - NOW).total_seconds()

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class FakeWitness:
    """Stands where `authority.post` would: judges as a witness does, and keeps heads in memory."""

    def __init__(self, *keys: VerifierKey, signer: WitnessSigner = WITNESS) -> None:
        self.keys, self.signer = keys, signer
        self.seen = nothing_seen(keys[0].origin)
        self.asked: list[int] = []  # the old sizes of all requests
        self.down = False

    def __call__(self, url: str, body: bytes, *, content_type: str, limit: int) -> Answer:  # noqa: ARG002
        if self.down:
            raise AuthorityError("down")
        request = AddCheckpoint.parse(body)
        self.asked.append(request.old_size)
        signed = Note.parse(request.note)
        try:
            self.seen = judge(request, self.keys, self.seen, signed)
        except WitnessConflictError as error:
            return Answer(status=409, content_type=SIZE_TYPE, body=f"{error.size}\n".encode())
        except ForkedLogError:
            return Answer(status=409, content_type="text/plain", body=b"")
        return Answer(status=200, content_type="text/plain", body=self.signer.sign(signed.text, NOW))
