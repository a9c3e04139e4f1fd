"""A log made as the service makes it: writer, journal, sealer, store, with a clock that tests set."""

from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence.chain import Chain
from evidence.keys import SigningKey
from evidence.note import Note
from evidence.record import Draft, Record
from evidence.sealer import Limits, Sealer
from evidence.segment import Seal
from evidence.stores.memory import MemoryStore
from evidence.verify import Verification

KEY = SigningKey(origin="log.example/omega", private_key=Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
CLASSES = {"std7y": timedelta(days=2555), "sec1y": timedelta(days=365)}


class Clock:
    def __init__(self):
        self.now = datetime(2026, 11, 22, 10, 46, 23, 123456, tzinfo=UTC)

    def __call__(self):
        return self.now

    def ticks(self):
        return self.now.timestamp()

    def forward(self, seconds):
        self.now += timedelta(seconds=seconds)


def everything(sealer, **options):
    """Step until nothing is left to do now; return the records sealed."""
    sealed = 0
    while step := sealer.step(**options):
        sealed += step
    return sealed


class Node:
    """One node's journals, store and sealer."""

    def __init__(self, path, *, store=None, **limits):
        self.path, self.store, self.clock = path, store or MemoryStore(), Clock()
        self.limits = Limits(**limits)
        self.sealer = None

    def append(self, *texts, retention_class="std7y"):
        """Append records as one start of a chain that ends without a word; return their decision ids."""
        bodies = [{"text": text} for text in texts]
        return [each.decision_id for each in self.write(*bodies, retention_class=retention_class)]

    def write(self, *bodies, retention_class="std7y"):
        """Append decisions with these bodies like that; return their positions."""
        chain = self._open(retention_class)
        done = chain.append(*[Draft(type="decision", tenant="default", body=body) for body in bodies])
        chain.close()
        return [one.position for one in done]

    def spread(self, drafts, start, end):
        """Append drafts on two chains, spread over the time from `start` to `end`, and seal them a day later."""
        found = list(drafts)
        self.clock.now = start
        chains = [self._open(), self._open()]
        for number, draft in enumerate(found):
            self.clock.forward((end - start) / timedelta(seconds=1) / (len(found) + 1))
            chains[number % 2].append(draft)
        for chain in chains:
            chain.close()
        self.clock.now = end + timedelta(days=1)
        self.step(flush=True)

    def _open(self, retention_class="std7y"):
        return Chain.open(self.path, retention_class=retention_class, version="0", clock=self.clock)

    def restart(self):
        self.sealer = Sealer(
            self.store,
            self.path,
            KEY,
            classes=CLASSES,
            limits=self.limits,
            clock=self.clock,
            ticks=self.clock.ticks,
        )
        return self.sealer

    def step(self, **options):
        """Step until nothing is left to do now; return the records sealed."""
        return everything(self.sealer or self.restart(), **options)

    def records(self):
        """Return the records that are sealed."""
        segments = [self.store.get(seal.object_key) for seal in self.seals() if seal.count]
        return [Record.parse(line) for data in segments for line in data.split(b"\n")[:-1]]

    def seals(self):
        """Return the seals in the store."""
        return [Seal.parse(Note.parse(self.store.get(key)).text) for key in self.keys("/seals/")]

    def verify(self, earlier=None):
        return Verification(self.store, KEY.verifier).run(earlier)

    def keys(self, part=""):
        return [key for key in self.store.keys("") if part in key]
