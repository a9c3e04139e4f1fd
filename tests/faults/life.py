"""One life of a small node: it asks, acknowledges, seals, checkpoints, discards and carries over, then ends.

Writer and sealer are those of the service, in one process, on a directory store; files are small, so that a short life
has everything in it. What was acknowledged is written down with a call that no fault is injected into.
"""

import asyncio
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from evidence import chain_sync, journal
from evidence.errors import EvidenceError, StoreError
from evidence.record import Draft
from evidence.sealer import Limits, Sealer
from evidence.standing import check_continued
from evidence.stores.local import LocalStore
from evidence.writer import Writer
from tests.evidence.fake_kernel import FakeKernel
from tests.evidence.sealing import CLASSES, KEY

TOGETHER = 3  # callers whose records share a sync
AT_ONCE = -60  # seconds: files are discarded as soon as they are sealed
REFUSED = 3  # exit code of a life that ended with an error of the evidence package


class Place:
    """What a node has on its disk, and what it has said."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.journals = self.folder / "journal"
        self.memory = self.folder / "tree.json"
        self.acknowledged = self.folder / "acknowledged"
        self.store = self.folder / "store"

    def acknowledgements(self):
        """Return what callers were told: decision id, leaf hash."""
        if not self.acknowledged.exists():
            return []
        return [tuple(line.split(" ")) for line in self.acknowledged.read_text().splitlines()]


@contextmanager
def small():
    """Have files begin and segments fill up early.

    What the kernel syncs beside the loop comes to `fdatasync`, so that its faults, too, are those of this call; files
    that are full are synced by the thread.
    """
    with (
        mock.patch.object(journal, "MAX_FILE", 1_500),
        mock.patch.object(journal, "SET_ASIDE", 512),
        mock.patch.object(chain_sync, "AsyncSync", lambda loop: FakeKernel().offer(loop)),
    ):
        yield


def acknowledge(place, appended):
    """Tell a caller, who does not forget."""
    line = f"{appended.position.decision_id} {appended.leaf}\n".encode()
    descriptor = os.open(place.acknowledged, os.O_WRONLY | os.O_APPEND)
    os.writev(descriptor, [line])
    os.close(descriptor)


class Life:
    """The processes of a node that lives once."""

    def __init__(self, place, *, checked=False, keep=AT_ONCE, store=None, tries=0):
        """Begin to live.

        `checked`: as `omega serve` does it, and not as a worker that is started again; `keep`: seconds journals stay;
        `tries`: how often it is borne that the store fails.
        """
        place.folder.mkdir(exist_ok=True)
        place.acknowledged.touch()
        self.place, self.checked, self.keep, self.tries = place, checked, keep, tries
        self.store = store or LocalStore(place.store)
        self.writer = self.sealer = None

    async def run(self, rounds):
        """Live for so many rounds, and end as when told to stop."""
        if self.checked:
            check_continued(self.store, self.place.journals, KEY.verifier)
        for number in range(rounds):
            await self._ask(number)
            self._seal()
        await self.writer.close()
        while self._step(flush=True):
            pass

    def _open(self):
        return Writer.open(self.place.journals, retention_class="std7y", version="0")

    def _sealer(self):
        limits = Limits(count=4, checkpoint=0, scan=0, keep_journal=self.keep)
        if self.sealer is None:
            place = self.place
            self.sealer = Sealer(self.store, place.journals, KEY, classes=CLASSES, limits=limits, memory=place.memory)
        return self.sealer

    async def _ask(self, number):
        if self.writer is None:
            self.writer = self._open()
        self.writer.look()
        if self.writer.failure is not None:  # the worker ends, and a fresh one begins
            await self.writer.close()
            self.writer = self._open()
        waiting = [self.writer.append(_draft(f"{number} {each}")) for each in range(TOGETHER)]
        for future in waiting:
            future.add_done_callback(self._answered)
        results = await asyncio.gather(*waiting, return_exceptions=True)
        for error in results:
            if isinstance(error, BaseException):
                await self.writer.close()
                raise error

    def _answered(self, future):
        if future.exception() is None:
            acknowledge(self.place, future.result())

    def _seal(self):
        self._step(now={self.writer.chain})

    def _step(self, **options):
        """Do a round of sealing; return whether there is more to do."""
        try:
            return self._sealer().step(**options)
        except StoreError:  # as `app.sealing` does it
            self.sealer = None
            self.tries -= 1
            if self.tries < 0:
                raise
            return True


def _draft(text):
    return lambda _: Draft(type="decision", tenant="default", body={"text": text})


def live(folder, *, rounds=3, **options):
    """Live once.

    Raises:
        EvidenceError: something did not work, and the processes of the service would end or try again.
    """
    with small():
        asyncio.run(Life(Place(folder), **options).run(rounds))


def main():
    """Live once as a process: `python -m tests.faults.life <folder>`."""
    try:
        live(sys.argv[1])
    except EvidenceError as error:
        sys.stderr.writelines([f"{type(error).__name__}: {error}\n"])
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
