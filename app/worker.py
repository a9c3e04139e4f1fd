"""What one worker owns: chains, evaluators and its planes; how it comes to other policies, and when it has to end.

Knows nothing of processes, signals and sockets that are listened on: see `app.server`.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from app import activation, anchors, assurance, keys, status
from app.authentication.authenticator import Presented
from app.authentication.opening import Authentication
from app.control_plane import Application, ControlPlane, alone, beside, control_plane
from app.db import open_engine
from app.decision_plane import metrics
from app.decision_plane.asgi import DecisionPlane, Health
from app.decision_plane.http import ProblemError
from app.decision_plane.limits import Limits as CallerLimits
from app.decision_plane.refusals import Refusals
from app.errors import problem
from app.features.policies.overrides.granting import DatabaseGrants
from app.jwt_form import IdentityError
from app.kek_opening import open_keks
from app.kept_decisions import KeptDecisions
from app.loaded import loaded
from app.machine_watch import MachineWatch
from app.machine_watch import alarms as engine_alarms
from app.node_log import NodeLog, Place
from app.objects import open_objects
from app.pdp.bundle import Bundle, load_snapshot
from app.pdp.enforce import Caller, Pdp, Policies
from app.pdp.errors import BundleError, PdpError, UnrecordedError
from app.pdp.evaluators import Evaluators
from app.pdp.explaining import decide_again
from app.pdp.fast_path import FastPath
from app.privacy.concealer import KeptPayloads, KeyStoreConcealer
from app.privacy.detached import Detached
from app.privacy.keks import Keks
from app.privacy.subject_keys import SubjectKeys
from app.settings import Plane, Settings
from app.telemetry import catalogue, exposition
from app.telemetry.numbers import Numbers
from app.telemetry.publishing import Publisher, snapshots
from app.telemetry.tracing import tracer
from app.telemetry.watching import Watching
from app.tenant_policies import PolicySet, PolicySets, TenantPolicies
from app.tenants import residence
from evidence import receipt
from evidence.chain import Appended
from evidence.errors import (
    EvidenceError,
    RetentionError,
)
from evidence.writer import Limits

_LOG = logging.getLogger(__name__)
_WATCH = 0.5  # seconds between two looks at the bundle in force
_SEALER_LATE = 30.0  # seconds of silence of the sealer after which a worker is not ready


def utc_now() -> datetime:
    """Return the time of the machine's clock."""
    return datetime.now(UTC)


async def start_policies(settings: Settings, snapshot: Path) -> Policies:
    """Start evaluators for a snapshot.

    Raises:
        BundleError: the snapshot is none.
        EvaluatorsGoneError: the processes cannot be started.
    """
    bundle = await asyncio.to_thread(load_snapshot, snapshot)  # a tenth of a second and more
    fingerprint = await asyncio.to_thread(bundle.fingerprint)
    evaluators = await Evaluators.start(
        snapshot, fingerprint, count=settings.evaluators, deadline=settings.deadline, memory=settings.memory
    )
    fast = FastPath(evaluators.evaluate, share=settings.shadow) if settings.machine else None
    return Policies(bundle=bundle, evaluators=evaluators, fast=fast)


class Worker:
    """Everything one worker owns, opened in the order it depends on, closed in the other."""

    def __init__(self, settings: Settings, node: keys.NodeKeys, line: socket.socket, number: int = 0) -> None:
        self._number, self._since, name = number, time.time(), f"worker {number}"
        self._saying: asyncio.Task[None] | None = None
        self._told: tuple[str, Mapping[str, Any]] | None = None  # what is loaded, and under which digest
        self._settings, self._node, self._line = settings, node, line
        self.draining = False  # told to stop, and still answering
        self._engine = open_engine(settings.key_store)
        self._subject_keys = SubjectKeys(self._engine, kek=Keks(open_keks(settings).load), lookup_key=node.lookup)
        self._authentication = Authentication(settings, node.token)
        self._residence = residence(settings)
        self._machine = MachineWatch(settings.bundles)
        self._product = open_engine(settings.product)  # for counting uses of overrides alone, so it needs no guard
        self._grants = DatabaseGrants(self._product, utc_now)
        self._ended = asyncio.Event()
        self._opening = asyncio.Lock()
        self._sets = PolicySets(lambda snapshot: start_policies(settings, snapshot))
        self._set: PolicySet  # the node's
        self._tenants: TenantPolicies
        self._unusable: str | None = None  # a bundle in force that cannot be loaded: not tried again and again
        self._pdp: Pdp
        self._log: NodeLog
        self._plane: DecisionPlane
        self._control: ControlPlane | None = None
        self._keeping: tuple[asyncio.Task[None], ...] = ()
        self._publisher = Publisher(settings.numbers, name, look=self._look)
        self._watching = Watching(self._publisher.numbers, tracer(name) if settings.otlp_traces else None)

    async def start(self) -> DecisionPlane:
        """Open the chain and start the evaluators; return the application."""
        settings = self._settings
        self._set = await self._sets.take(activation.active(settings.bundles))
        policies = self._set.policies
        limits = Limits(
            spool_size=settings.spool,
            spool_age=settings.spool_age,
            free=settings.disk_free,
            sync=settings.sync_deadline,
        )
        place = Place(journals=settings.journals, version=version("omega"), limits=limits, clock=utc_now)
        self._log = NodeLog(place, classes=settings.retention, line=self._line, patience=settings.locked_deadline)
        await asyncio.to_thread(self._log.open, policies.bundle.retention_classes)
        self._log.look()
        self._pdp = Pdp(
            policies,
            self._log,
            KeyStoreConcealer(self._subject_keys),
            utc_now,
            payloads=KeptPayloads(Detached(open_objects(settings.objects))),
            inline=settings.inline,
            observer=self._watching,
            grants=self._grants,
        )
        await self._pdp.activate(policies, None)
        self._watch_gone(policies)
        self._tenants = TenantPolicies(self._pdp, self._sets, settings.bundles, self._open)
        await self._tenants.start()
        self._say()
        await self._authentication.start()

        def authenticate(presented: Presented) -> Caller | None:
            try:
                return self._authentication.authenticate(presented, self._pdp.directory, time.time())
            except IdentityError:
                return None

        self._plane = DecisionPlane(
            self._pdp,
            authenticate=authenticate,
            limits=CallerLimits(time.monotonic, workers=settings.workers),
            tokens=self._authentication.tokens,
            decisions=KeptDecisions(settings, self._node.log.verifier, self._subject_keys),
            health=self._health,
            refusals=Refusals(time.monotonic),
            sign_receipt=self._receipt,
            decide_again=lambda digest, asked: decide_again(activation.snapshot_path(settings.bundles, digest), asked),
            in_flight=settings.in_flight,
            admits=self._admits,
            watcher=self._watching,
            more=lambda by: metrics.routes(self._numbers, settings.metrics_for, by.caller),
            page_secret=self._node.lookup,
            public_url=settings.public_url,
        )
        loop = asyncio.get_running_loop()
        watched = (self._subject_keys.watch(), self._publisher.keep(), self._grants.watch())
        self._keeping = tuple(map(loop.create_task, watched))
        return self._plane

    async def application(self, planes: Collection[Plane]) -> Application:
        """Return what answers for `planes`, once started. A control plane alone is made at once, else when it is asked.

        Raises:
            NotCoveredError: it is alone, and the policies in force do not cover it.
        """
        if Plane.CONTROL not in planes:
            return self._plane
        self._control = control_plane(self._settings, self._node, self._pdp, self._plane.caller, self._admitted)
        if Plane.DECISION in planes:
            return beside(self._plane, self._control)
        await self._control.open()
        return alone(self._plane, self._control)

    def _admits(self, tenant: str) -> bool:
        return self._residence.admits(tenant, self._pdp.policies.bundle.data, time.time())

    def _admitted(self, tenant: str) -> None:
        """Refuse requests of people to the control plane whose tenant's data have their home elsewhere, and count it.

        Raises:
            ProblemError: they have.
        """
        if not self._admits(tenant):
            self._watching.refused(problem("wrong_region"))
            raise ProblemError(problem("wrong_region"))

    async def ended(self) -> None:
        """Return when this worker can no longer do its work: no evaluator, or a chain that takes nothing more."""
        while not self._ended.is_set() and (self._log.failure is None or self._log.stuck):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), _WATCH)
            self._log.look()
            self._say()
            if self._log.failure is None:  # else it answers that nothing can be recorded, until the disk is back
                await self._reload()
                await self._tenants.look()
                await self._machine.look(self._pdp)
        _LOG.error("worker ends: %s", self._log.failure or "its evaluators are gone")

    async def close(self) -> None:
        """Answer what is in flight, put it on disk, and let go of everything."""
        if self._control is not None:
            await self._control.close()
        await self._machine.close()
        self._tenants.close()
        await self._sets.close()
        await self._log.close()
        for task in self._keeping:
            task.cancel()
        self._authentication.close()
        self._subject_keys.close()
        self._product.dispose()
        self._engine.dispose()

    def _receipt(self, records: Sequence[Appended]) -> str:
        return receipt.issue(records, self._node.log, utc_now()).decode()

    def _say(self) -> None:
        """Say beside the loop how this worker stands, unless the disk has not taken what it said before."""
        if self._saying is None or self._saying.done():
            saying = asyncio.to_thread(status.say, self._settings, f"worker-{self._number}", self._standing())
            self._saying = asyncio.get_running_loop().create_task(saying)

    def _standing(self) -> dict[str, Any]:
        bundle = self._set.policies.bundle
        return {
            "number": self._number,
            "since": self._since,
            "checks": self._health().checks,
            "bundle": bundle.digest,
            "revision": bundle.revision,
            "engine": bundle.engine,
            "loaded": self._loaded(bundle),
            "tenants": self._tenants.digests,
            "chains": self._log.standing(),
        }

    def _loaded(self, bundle: Bundle) -> Mapping[str, Any]:
        """Return what is loaded, worked out once for each bundle."""
        if self._told is None or self._told[0] != bundle.digest:
            self._told = bundle.digest, loaded(bundle, time.time())
        return self._told[1]

    def _health(self) -> Health:
        bundle = self._pdp.policies.bundle
        store = assurance.kept(self._settings)
        alive = sealer_alive(self._settings)
        checks = {
            "evaluators": not self._pdp.policies.evaluators.gone.done(),
            "journal": self._log.failure is None,
            "spool": self._log.full is None,
            "sealer": alive is not None and time.time() - alive < _SEALER_LATE,
        }
        alarms = (*anchors.alarms(self._settings, time.time()), *self._authentication.alarms)
        if without := self._tenants.without:  # whose they are is nobody's business who may ask here
            alarms = (*alarms, f"tenants without policies in force: {without}")
        alarms += engine_alarms(self._settings.bundles, bundle.digest)
        return Health(
            checks=checks,
            alarms=alarms,
            bundle=bundle.digest,
            revision=bundle.revision,
            assurance=None if store is None else store.document(),
            draining=self.draining,
        )

    def drain(self) -> None:
        """Say from now on that this worker takes nothing new, though it does."""
        self.draining = True

    async def _numbers(self) -> bytes:
        """Return the metrics of the node, those of this worker as they are now."""
        await self._publisher.publish_beside()
        return await asyncio.to_thread(lambda: exposition.text(snapshots(self._settings.numbers, time.time())))

    def _look(self, numbers: Numbers) -> None:
        """Bring up to date what is not counted."""
        numbers.set(catalogue.IN_FLIGHT, self._plane.in_flight)
        numbers.set(catalogue.WAITING, self._sets.waiting)
        numbers.set(catalogue.READY, float(self._health().document()["ready"]))
        for chain in self._log.chains():
            writer = chain.writer
            numbers.set(catalogue.SPOOL_BYTES, writer.spool.size, writer.retention_class)
            numbers.set(catalogue.SPOOL_RECORDS, writer.unsealed, writer.retention_class)
            numbers.set(catalogue.SPOOL_SECONDS, writer.age, writer.retention_class)

    async def _open(self, retention_classes: Iterable[str]) -> None:
        """Open chains of these classes, one call after the other: two would begin two chains of one class.

        Raises:
            EvidenceError: see `NodeLog.open`.
            UnrecordedError: a chain did not take what is in force.
        """
        async with self._opening:
            await self._pdp.introduce(await asyncio.to_thread(self._log.open, retention_classes))

    async def _start(self, snapshot: Path) -> PolicySet:
        """Start a bundle, and chains of the classes that it asks for."""
        fresh = await self._sets.take(snapshot)
        try:
            await self._open(fresh.policies.bundle.retention_classes)
        except (EvidenceError, UnrecordedError):
            self._sets.release(fresh)
            raise
        return fresh

    def _watch_gone(self, policies: Policies) -> None:
        def gone(_: object) -> None:
            if policies is self._pdp.policies:  # the others are on their way out
                self._ended.set()

        policies.evaluators.gone.add_done_callback(gone)

    async def _reload(self) -> None:
        """Swap to the bundle in force, if it is another: the old one answers what it was asked."""
        snapshot = None
        try:
            snapshot = activation.active(self._settings.bundles)
            if snapshot.stem in (self._pdp.policies.bundle.digest, self._unusable):
                return
            fresh = await self._start(snapshot)
        except (PdpError, OSError, EvidenceError) as error:
            _LOG.warning("bundle in force cannot be loaded, the old one goes on: %s", error)
            if isinstance(error, (BundleError, RetentionError)):  # which trying again does not mend
                self._unusable = snapshot.stem if snapshot else None
            return
        old = self._set
        try:
            await self._pdp.activate(fresh.policies, old.digest)
        except UnrecordedError:
            self._sets.release(fresh)  # the chain failed, and so this worker ends
            return
        self._set = fresh
        self._watch_gone(fresh.policies)
        self._sets.release(old)


def sealer_alive(settings: Settings) -> float | None:
    """Return when the sealer last did its round (Unix seconds), or None where it never did."""
    try:
        return (settings.data / "sealer.alive").stat().st_mtime
    except OSError:
        return None
