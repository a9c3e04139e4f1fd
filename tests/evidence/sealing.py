"""A log made as the service makes it: writer, journal, sealer, store, with a clock that tests set."""

import asyncio
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence.keys import SigningKey
from evidence.record import Draft
from evidence.sealer import Limits, Sealer
from evidence.stores.memory import MemoryStore
from evidence.verify import Verification
from evidence.writer import Writer

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
        """Append records as one start of a writer; return their decision ids."""

        async def run():
            writer = Writer.open(self.path, retention_class=retention_class, version="0", clock=self.clock)
            drafts = [Draft(type="decision", tenant="default", body={"text": text}) for text in texts]
            done = await asyncio.gather(*[writer.append(lambda _, draft=draft: draft) for draft in drafts])
            await writer.close()
            return [one.position.decision_id for one in done]

        return asyncio.run(run())

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

    def verify(self, earlier=None):
        return Verification(self.store, KEY.verifier).run(earlier)

    def keys(self, part=""):
        return [key for key in self.store.keys("") if part in key]
