"""A decision point of its own for a process that serves nobody: jobs, and what else acts by itself.

Has its own chain, and one evaluator: it asks a question now and then. Follows the bundle in force as workers do.
"""

import asyncio
import logging
import socket
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Self

from app import activation, keys
from app.db import open_engine
from app.kek_opening import open_keks
from app.node_log import NodeLog, Place
from app.objects import open_objects
from app.pdp.bundle import load_snapshot
from app.pdp.enforce import Pdp, Policies
from app.pdp.errors import BundleError, PdpError, UnrecordedError
from app.pdp.evaluators import Evaluators
from app.privacy.concealer import KeptPayloads, KeyStoreConcealer
from app.privacy.detached import Detached
from app.privacy.keks import Keks
from app.privacy.subject_keys import SubjectKeys
from app.settings import Settings
from evidence.chain import utc_now
from evidence.errors import EvidenceError
from evidence.writer import Limits

_LOG = logging.getLogger(__name__)


async def start_policies(settings: Settings, snapshot: Path) -> Policies:
    """Start one evaluator for a snapshot.

    Raises:
        BundleError: the snapshot is none.
        EvaluatorsGoneError: the processes cannot be started.
        OSError: it cannot be read.
    """
    bundle = await asyncio.to_thread(load_snapshot, snapshot)
    fingerprint = await asyncio.to_thread(bundle.fingerprint)
    evaluators = await Evaluators.start(
        snapshot, fingerprint, count=1, deadline=settings.deadline, memory=settings.memory
    )
    return Policies(bundle=bundle, evaluators=evaluators)


class PdpOpening:
    """An open decision point, from `open` to `close`. Belongs to one event loop, on the main thread."""

    def __init__(self, settings: Settings, line: socket.socket) -> None:
        """Prepare it; `line` is this process's end of the line to the sealer."""
        node = keys.load(settings.keys)
        self._settings = settings
        self._engine = open_engine(settings.key_store)
        self._subject_keys = SubjectKeys(self._engine, kek=Keks(open_keks(settings).load), lookup_key=node.lookup)
        limits = Limits(
            spool_size=settings.spool,
            spool_age=settings.spool_age,
            free=settings.disk_free,
            sync=settings.sync_deadline,
        )
        place = Place(journals=settings.journals, version=version("omega"), limits=limits, clock=utc_now)
        self._log = NodeLog(place, classes=settings.retention, line=line, patience=settings.locked_deadline)
        self._unusable: str | None = None
        self._watch: asyncio.Task[None] | None = None
        self.pdp: Pdp

    @classmethod
    async def open(cls, settings: Settings, line: socket.socket) -> Self:
        """Return a decision point that decides by the bundle in force.

        Raises:
            KeyFileError, DatabaseUrlError, ObjectsError, EvidenceError, PdpError, OSError: it cannot be had.
        """
        opening = cls(settings, line)
        policies = await start_policies(settings, activation.active(settings.bundles))
        await asyncio.to_thread(opening._log.open, policies.bundle.retention_classes)
        opening.pdp = Pdp(
            policies,
            opening._log,
            KeyStoreConcealer(opening._subject_keys),
            utc_now,
            payloads=KeptPayloads(Detached(open_objects(settings.objects))),
            inline=settings.inline,
        )
        await opening.pdp.activate(policies, None)
        opening._watch = asyncio.get_running_loop().create_task(opening._subject_keys.watch())
        return opening

    @property
    def failure(self) -> str | None:
        """Return why nothing can be decided or recorded here any more; None while all is well."""
        if self.pdp.policies.evaluators.gone.done():
            return "its evaluators are gone"
        return None if self._log.stuck else self._log.failure

    async def look(self) -> None:
        """Look for room in the log, and for other policies in force. To be called every half second or so."""
        self._log.look()
        try:
            snapshot = activation.active(self._settings.bundles)
        except BundleError:
            return  # workers say so
        if snapshot.stem in (self.pdp.policies.bundle.digest, self._unusable):
            return
        try:
            fresh = await start_policies(self._settings, snapshot)
        except (PdpError, OSError) as error:
            _LOG.warning("bundle in force cannot be loaded, the old one goes on: %s", error)
            self._unusable = snapshot.stem if isinstance(error, BundleError) else None
            return
        await self._swap(fresh)

    async def _swap(self, fresh: Policies) -> None:
        old = self.pdp.policies
        try:
            await self._open(fresh.bundle.retention_classes)
            await self.pdp.activate(fresh, old.bundle.digest)
        except (EvidenceError, UnrecordedError) as error:
            _LOG.warning("other policies cannot be put in force here: %s", error)
            self._unusable = fresh.bundle.digest
            await fresh.close()
            return
        await old.close()

    async def _open(self, retention_classes: Iterable[str]) -> None:
        await self.pdp.introduce(await asyncio.to_thread(self._log.open, retention_classes))

    async def close(self) -> None:
        """Put on disk what was taken in, and let go of everything."""
        if self._watch is not None:
            self._watch.cancel()
        await self.pdp.policies.close()
        await self._log.close()
        self._subject_keys.close()
        self._engine.dispose()
