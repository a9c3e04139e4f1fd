"""Which policies decide for whom in one worker: a set of evaluators for each bundle, and who decides by which.

Owns when a set starts and when it ends: the node's and each tenant's, one set for all that have the same bundle. What
goes wrong with the policies of one tenant costs that tenant its answers, and nobody else.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from app import activation, tenants
from app.pdp.enforce import Pdp, Policies
from app.pdp.errors import BundleError, PdpError, UnrecordedError
from evidence.errors import EvidenceError, RetentionError

_LOG = logging.getLogger(__name__)
_PAUSE = 5.0  # seconds until what could not be started is tried again
_PATIENCE = 10.0  # seconds that a start waits for the policies of tenants

Start = Callable[[Path], Awaitable[Policies]]
"""Starts the policies of a snapshot. Raises PdpError or OSError."""

OpenChains = Callable[[Iterable[str]], Awaitable[None]]
"""Opens a chain of each of these retention classes. Raises EvidenceError or UnrecordedError."""


class PolicySet:
    """The policies of one bundle, running or about to, and how many decide by them."""

    def __init__(self, digest: str, starting: "asyncio.Future[Policies]") -> None:
        self.digest, self.starting = digest, starting
        self.users = 0

    @property
    def policies(self) -> Policies:
        """Return them; they have started."""
        return self.starting.result()

    @property
    def gone(self) -> bool:
        """Return whether they could not be started, or no evaluator can be had any more."""
        if not self.starting.done():
            return False
        return not _started(self) or self.policies.evaluators.gone.done()


class PolicySets:
    """One set for each bundle, for as long as somebody decides by it. Belongs to one event loop."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._sets: dict[str, PolicySet] = {}
        self._retiring: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """Return how many requests wait for an evaluator, whoever's policies it runs."""
        running = (each for each in self._sets.values() if each.starting.done() and _started(each))
        return sum(each.policies.evaluators.waiting for each in running)

    async def take(self, snapshot: Path) -> PolicySet:
        """Return the set of a snapshot, started by now; `release` gives it back.

        Raises:
            PdpError, OSError: it cannot be started.
        """
        found = self._sets.get(snapshot.stem)
        if found is None or found.gone:
            starting = asyncio.ensure_future(self._start(snapshot))
            found = self._sets[snapshot.stem] = PolicySet(snapshot.stem, starting)
        found.users += 1
        try:
            await asyncio.shield(found.starting)
        except BaseException:
            self.release(found)
            raise
        return found

    def release(self, taken: PolicySet) -> None:
        """Give a set back: the last one to do so ends it, once what it was asked is answered."""
        taken.users -= 1
        if taken.users:
            return
        if self._sets.get(taken.digest) is taken:
            del self._sets[taken.digest]
        task = asyncio.get_running_loop().create_task(_end(taken))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def close(self) -> None:
        """End every set, once what it was asked is answered."""
        await asyncio.gather(*self._retiring, *map(_end, self._sets.values()))
        self._sets.clear()


async def _end(ending: PolicySet) -> None:
    if not ending.starting.done():
        ending.starting.cancel()
        await asyncio.wait([ending.starting])
    if _started(ending):
        await ending.policies.close()


def _started(done: PolicySet) -> bool:
    return not done.starting.cancelled() and done.starting.exception() is None


class TenantPolicies:
    """The policies of the tenants that have their own, kept at what is in force. Belongs to one event loop."""

    def __init__(self, pdp: Pdp, sets: PolicySets, bundles: Path, open_chains: OpenChains) -> None:
        self._pdp, self._sets, self._bundles, self._open = pdp, sets, bundles, open_chains
        self._running: dict[str, PolicySet] = {}
        self._swapping: dict[str, asyncio.Task[None]] = {}
        self._refused: dict[str, str] = {}  # digests that trying again does not mend
        self._not_before: dict[str, float] = {}  # the loop's time
        self._classes: set[str] = set()

    @property
    def without(self) -> int:
        """Return how many tenants nothing decides for."""
        return sum(policies is None or policies.evaluators.gone.done() for policies in self._pdp.own.values())

    @property
    def digests(self) -> dict[str, str | None]:
        """Return which bundle decides for each tenant that has its own; None where none does."""
        own = sorted(self._pdp.own.items())
        return {name: None if policies is None else policies.bundle.digest for name, policies in own}

    async def start(self) -> None:
        """Return once the policies of all tenants run; of those that are slow, later ones will.

        Raises:
            BundleError: nobody can say which tenants there are, so the node's policies would decide for all.
        """
        await self._look()
        if self._swapping:
            await asyncio.wait(self._swapping.values(), timeout=_PATIENCE)

    async def look(self) -> None:
        """Begin to take over what is in force now, of each tenant apart from the others."""
        try:
            await self._look()
        except BundleError as error:
            _LOG.warning("what is in force for tenants cannot be read, all goes on as it is: %s", error)

    async def _look(self) -> None:
        found = await asyncio.to_thread(tenants.standing, self._bundles)
        known = {name: each.retention for name, each in found.items() if each.bundle is not None or not each.own}
        await self._keep_apart({name: retention for name, retention in known.items() if retention})
        for name, standing in found.items():
            if standing.own:
                self._pdp.own.setdefault(name, None)  # never the node's from here on
            if standing.bundle is not None:
                self._follow(name, standing.bundle)

    def close(self) -> None:
        """Take over nothing more."""
        for task in self._swapping.values():
            task.cancel()

    async def _keep_apart(self, retention: dict[str, str]) -> None:
        """Have decisions of these tenants go into these classes, whatever can be opened of them."""
        classes = set(retention.values())
        if classes - self._classes:
            try:
                await self._open(classes)
                self._classes |= classes
            except (EvidenceError, UnrecordedError) as error:
                _LOG.warning("retention class of a tenant cannot be opened: %s", error)
        self._pdp.retention = {**self._pdp.retention, **retention}  # where there is no chain, there is no decision

    def _follow(self, name: str, digest: str) -> None:
        running, now = self._running.get(name), asyncio.get_running_loop().time()
        if name in self._swapping or self._refused.get(name) == digest or now < self._not_before.get(name, now):
            return
        if running is None or running.digest != digest or running.gone:
            self._swapping[name] = task = asyncio.get_running_loop().create_task(self._swap(name, digest))
            task.add_done_callback(lambda _: self._swapping.pop(name))

    async def _swap(self, name: str, digest: str) -> None:
        fresh, old = None, self._running.get(name)
        try:
            fresh = await self._sets.take(activation.snapshot_path(self._bundles, digest))
            await self._open(fresh.policies.bundle.retention_classes)
            await self._pdp.activate(fresh.policies, old.digest if old else None, tenant=name)
        except (PdpError, OSError, EvidenceError) as error:
            _LOG.warning("bundle in force of tenant %s cannot be loaded: %s", name, error)
            if isinstance(error, (BundleError, RetentionError)):
                self._refused[name] = digest
            self._not_before[name] = asyncio.get_running_loop().time() + _PAUSE
            old = fresh
        else:
            self._running[name] = fresh
        if old is not None:
            self._sets.release(old)
