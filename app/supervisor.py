"""`omega serve`: a listening socket or two, and the processes of the planes that this node runs.

The decision plane is the workers that share the socket, the sealer of what they write, and the jobs, which record as
they do; the background plane is the indexer and the anchors, and, where nobody decides on this node, who says on the
socket how they do. The jobs plane has the jobs run where nobody is served. The portal plane is the auditor portal, on a
socket of its own: beside the others a child that they can do without, alone all there is.

Starts what dies again, and ends as a whole when something keeps dying that the log needs. Children end with it,
whatever ends it. Signals stop it; none of them does anything else (`omega policy reload` swaps policies).
"""

import asyncio
import fcntl
import logging
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from app import (
    activation,
    anchors,
    assurance,
    background,
    keys,
    portal_process,
    replacing,
    schema,
    sealing_line,
    statement,
    status,
    tenants,
)
from app.addresses import loopback_url
from app.child import PATIENCE, Child
from app.db import DatabaseUrlError, open_engine
from app.kek_opening import check_keks, open_keks
from app.objects import ObjectsError, open_objects
from app.pdp.lifeline import HOPELESS
from app.settings import Plane, Settings
from app.telemetry import catalogue
from app.telemetry.publishing import Publisher, forget
from evidence.chain import utc_now
from evidence.errors import EvidenceError
from evidence.standing import check_continued
from evidence.store import open_store

_LOG = logging.getLogger(__name__)
_BACKLOG = 4_096
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # seconds before a child is started again
_SPARE_PAUSE = 60.0  # seconds, for a child that keeps dying and that the service can do without
_LOOK = 0.05  # seconds between two looks whether the service is ready
_SHORT_PATIENCE = 5.0  # seconds, for a worker that is replaced because it is not as it should be
_REPLACING = 0.5  # seconds between two looks whether somebody wants a worker replaced


SERVING = frozenset({Plane.DECISION, Plane.CONTROL})
"""The planes that have workers."""

RECORDING = SERVING | {Plane.JOBS}
"""The planes that write a log."""

_LOCKS = {  # files below the data directory
    Plane.DECISION: "lock",
    Plane.CONTROL: "lock",
    Plane.JOBS: "lock",
    Plane.BACKGROUND: "lock.background",
    Plane.PORTAL: "lock.portal",
}


class ServeError(Exception):
    """The service cannot start; the message says why and what to do."""


class Supervisor:
    """The processes of one node."""

    def __init__(
        self,
        settings: Settings,
        listening: socket.socket,
        planes: Collection[Plane] = tuple(Plane),
        portal: socket.socket | None = None,
    ) -> None:
        """Prepare the processes of `planes`; start none yet.

        Args:
            settings: of the node.
            listening: where the node answers.
            planes: what it runs.
            portal: where the auditor portal answers, if it runs; alone, that is `listening`.
        """
        parent = str(os.getpid())
        self._settings, self._url, self._since = settings, _url(listening), time.time()
        serving, recording = sorted(SERVING & set(planes)), bool(RECORDING & set(planes))
        self._listening, self._drain = listening, settings.drain
        self._address = listening.getsockname()[:2]
        environment = {**os.environ, **settings.places}  # children start in another directory
        self._lines = [
            sealing_line.pair() for _ in range(settings.workers if serving else 0)
        ]  # kept, for children that start again
        self._more = [sealing_line.pair()] if recording and settings.jobs else []  # of who records and serves nobody
        ends = tuple(end.fileno() for _, end in (*self._lines, *self._more))
        self._sealer = Child(
            "sealer", [sys.executable, "-m", "app.sealing", parent, *map(str, ends)], environment, ends
        )
        there = listening.fileno()
        worker = [sys.executable, "-m", "app.server", str(there), parent]
        self._workers = [
            Child(
                f"worker {number}", [*worker, str(end), str(number), *serving], environment, (listening.fileno(), end)
            )
            for number, end in enumerate(end.fileno() for end, _ in self._lines)
        ]
        portals = [] if portal is None else [portal]
        self._portals = [portal_process.child(settings, environment, each, self._url, planes) for each in portals]
        if not serving and not portal_process.alone(planes):
            command = [sys.executable, "-m", "app.background", str(listening.fileno()), parent]
            self._workers = [Child("background", command, environment, (listening.fileno(),))]
        self._indexer = Child("indexer", [sys.executable, "-m", "app.indexing", parent], environment, spare=True)
        anchoring = Child("anchoring", [sys.executable, "-m", "app.anchoring", parent], environment, spare=True)
        exporting = Child("exporting", [sys.executable, "-m", "app.exporting", parent], environment, spare=True)
        background = Plane.BACKGROUND in planes
        self._spare = [anchoring] if settings.anchored and background else []
        self._spare += [exporting] if settings.otlp_metrics else []
        for end, _ in self._more:  # where decisions are recorded: jobs are no less on record
            command = [sys.executable, "-m", "app.scheduling", parent, str(end.fileno())]
            self._spare.append(Child("jobs", command, environment, (end.fileno(),), spare=True))
        self._children = [*([self._sealer] if recording else []), *([self._indexer] if background else [])]
        self._children += [*self._workers, *self._portals, *self._spare]
        self._stopping = asyncio.Event()
        self._number = signal.SIGTERM
        self._failed: str | None = None
        self._publisher = Publisher(settings.numbers, "supervisor" if recording else "supervisor background")
        for child in self._children:
            self._publisher.numbers.add(catalogue.RESTARTS, child.name, amount=0)

    def close(self) -> None:
        """Let go of the lines between the children."""
        for end in (end for line in (*self._lines, *self._more) for end in line):
            end.close()

    async def run(self, ready: Callable[[], None]) -> int:
        """Keep everything running until told to stop (0), or until something keeps dying (1)."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told, number)
        loop.add_signal_handler(signal.SIGHUP, lambda: None)
        tasks = [loop.create_task(self._keep(child)) for child in self._children]
        publishing = loop.create_task(self._publisher.keep())
        announcing = loop.create_task(self._announce(ready))
        renewing = loop.create_task(self._renew())
        await self._stopping.wait()
        announcing.cancel()
        renewing.cancel()
        answering = (*self._workers, *self._portals)
        workers = (child.stop(self._number, PATIENCE + self._drain) for child in answering)
        await asyncio.gather(*workers, *(child.stop() for child in self._spare))
        self._listening.close()  # nobody answers there any more
        await self._sealer.stop()  # after them, so that it seals what they left
        await self._indexer.stop()
        await asyncio.gather(*tasks)
        publishing.cancel()
        if self._failed:
            _LOG.error("%s: the service ends", self._failed)
        return 1 if self._failed else 0

    def _told(self, number: signal.Signals) -> None:
        """Stop; told a second time, or by SIGINT, without waiting for callers to go elsewhere."""
        if self._stopping.is_set() or number is signal.SIGINT:
            self._number = signal.SIGINT
            if self._stopping.is_set():
                for child in (*self._workers, *self._portals):
                    child.tell(self._number)
        self._stopping.set()

    async def _keep(self, child: Child) -> None:
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                process = await child.start()
            except OSError as error:  # no process to be had, or no memory: as if it had died
                _LOG.warning("%s cannot be started: %s", child.name, error.strerror)
                if child.died_too_often(started) and not child.spare:
                    self._failed = f"{child.name} cannot be started"
                    self._stopping.set()
                    return
                await self._pause(_LONGEST_PAUSE)
                continue
            self._say()
            if self._stopping.is_set():  # told while it was being started, so nobody else stops this one
                await child.stop()
            code = await process.wait()
            if self._stopping.is_set():
                return
            now = time.monotonic()
            if child.replaced:
                child.replaced = False
                continue
            if code == HOPELESS and not child.spare:
                self._failed = f"{child.name} cannot go on"
                self._stopping.set()
                return
            self._publisher.numbers.add(catalogue.RESTARTS, child.name)
            _LOG.warning("%s (%d) ended with %d; it is started again", child.name, process.pid, code)
            if child.died_too_often(now):
                if not child.spare:
                    self._failed = f"{child.name} keeps dying"
                    self._stopping.set()
                    return
                await self._pause(_SPARE_PAUSE)
            pause = _FIRST_PAUSE if now - started > _LONGEST_PAUSE else min(pause * 2, _LONGEST_PAUSE)
            await self._pause(pause)

    async def _renew(self) -> None:
        """Replace workers whenever somebody wants that, one after the other, so that the others go on deciding."""
        while not await self._pause(_REPLACING):
            for name, pid in replacing.take(self._settings):
                for child in self._workers:
                    if child.name == name and child.runs(pid):
                        _LOG.warning("%s (%d) is replaced", name, pid)
                        child.replaced = True
                        await child.stop(signal.SIGINT, _SHORT_PATIENCE)
                        await self._until_heard(child, pid)

    async def _until_heard(self, child: Child, before: int) -> None:
        """Wait for a while until a fresh process says how it stands."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while child.runs(before) or not self._heard(child):  # noqa: ASYNC110 - it says so in a file
                    await asyncio.sleep(_LOOK)

    def _heard(self, child: Child) -> bool:
        said = (status.workers(self._settings, time.time()) or {}).get(child.name)
        return said is not None and said.speaks and child.runs(said.document["pid"])

    def _say(self) -> None:
        """Say which processes there are, where there are workers: a background beside them is another's."""
        if not self._lines:
            return
        processes = [
            {"name": child.name, "pid": child.process.pid, "since": child.since, "starts": child.starts}
            for child in self._children
            if child.process is not None
        ]
        document = {"since": self._since, "url": self._url, "workers": len(self._lines), "processes": processes}
        status.say(self._settings, status.SERVICE, document)

    async def _pause(self, seconds: float) -> bool:
        """Wait; return whether it is time to stop."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
        return self._stopping.is_set()

    async def _announce(self, ready: Callable[[], None]) -> None:
        """Call `ready` once the service says that it is."""
        while not await _is_ready(self._address):  # noqa: ASYNC110 - asked over HTTP, as anybody would
            await asyncio.sleep(_LOOK)
        ready()


def serve(settings: Settings, ready: Callable[[str], None], planes: Collection[Plane] = tuple(Plane)) -> int:
    """Run `planes` of one node until it is told to stop; return the exit code.

    `ready` is called with the service's URL once it decides and records, or does what else it is for.

    Raises:
        ServeError: it cannot start.
        BundleError: the policies are not admitted.
    """
    raise_open_files()
    with ExitStack() as held:
        for lock in sorted({_LOCKS[plane] for plane in planes}):
            # First, because what `prepare` puts in force would reach one that runs.
            held.callback(os.close, hold(settings.data, lock))
        if RECORDING & set(planes):
            prepare(settings, planes)
        if not SERVING & set(planes) and not portal_process.alone(planes):
            _prepare_reading(background.prepare, settings)
        if portal_process.alone(planes):
            _prepare_reading(portal_process.prepare, settings)
        else:
            forget(settings.numbers)
        if RECORDING & set(planes):
            status.forget(settings)
        portal = held.enter_context(_listen_portal(settings)) if portal_process.runs(settings, planes) else None
        alone = portal if portal_process.alone(planes) else None
        listening = alone or held.enter_context(_listen(settings.host, settings.port, "OMEGA_HOST or OMEGA_PORT"))
        url = _url(listening)
        supervisor = held.enter_context(closing(Supervisor(settings, listening, planes, portal)))
        return asyncio.run(supervisor.run(lambda: ready(url)))


def raise_open_files() -> None:
    """Let this process and its children open as many files as they may: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _prepare_reading(prepare: Callable[[Settings], None], settings: Settings) -> None:
    """Prepare what decides nothing, and makes no keys."""
    try:
        prepare(settings)
    except keys.KeyFileError as error:
        raise ServeError(f"{error}: copy it there from a node that decides") from error
    except (OSError, EvidenceError) as error:
        raise ServeError(str(error)) from error


def prepare(settings: Settings, planes: Collection[Plane] = (Plane.DECISION,)) -> None:
    """Make what a node needs for `planes` and does not have yet: directories, keys, tables, a bundle in force.

    Raises:
        ServeError: it cannot be made.
        SettingsError: the authorities that time stamps have to be below cannot be read.
        BundleError: the policies are not admitted.
    """
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys.ensure(settings.keys, settings.origin, make_kek=lambda: open_keks(settings).make(1))
        check_keks(settings)
        engine = open_engine(settings.key_store)
        schema.upgrade(engine)
        engine.dispose()
        bundle = activation.begin(settings)
        if settings.policy_repository is None:
            statement.state(bundle.digest, settings)
        if unkept := sorted(bundle.retention_classes - settings.retention.keys()):
            raise ServeError(f"the policies name the retention class `{unkept[0]}`: say its days in OMEGA_RETENTION")
        tenants.prepare(settings)
        if Plane.CONTROL in planes:
            _prepare_control(settings)
        if Plane.CONTROL in planes or portal_process.runs(settings, planes):
            _prepare_audits(settings)
        store = open_store(settings.store, immutable=settings.store_immutable)
        assurance.at_start(settings, utc_now())
        open_objects(settings.objects)
        check_continued(store, settings.journals, keys.load(settings.keys).log.verifier)
        anchors.load_roots(settings)
        (settings.data / "sealer.alive").unlink(missing_ok=True)
    except (OSError, EvidenceError, ObjectsError, keys.KeysError, schema.SchemaError, DatabaseUrlError) as error:
        raise ServeError(str(error)) from error


def _prepare_control(settings: Settings) -> None:
    if settings.oidc_issuer and not (settings.public_url or loopback_url(settings.host, settings.port)):
        raise ServeError("OMEGA_OIDC_ISSUER sends people back to us: say where that is in OMEGA_PUBLIC_URL")
    product = open_engine(settings.product)
    schema.upgrade(product, schema.PRODUCT_MIGRATIONS)
    product.dispose()


def _prepare_audits(settings: Settings) -> None:
    """Bring the tables of audits to the newest version: the portal's own role could not."""
    audits = open_engine(settings.audits)
    schema.upgrade(audits, schema.PORTAL_MIGRATIONS)
    audits.dispose()


def hold(data: Path, name: str = _LOCKS[Plane.DECISION]) -> int:
    """Return a descriptor that keeps a second service of a plane off this directory until it is closed.

    Raises:
        ServeError: a service runs on it, or it cannot be used.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(data / name, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ServeError(f"`{data}` cannot be used: {error.strerror}; set OMEGA_DATA") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise ServeError(f"another service runs on `{data}`; stop it, or set OMEGA_DATA") from error
    return descriptor


def _listen_portal(settings: Settings) -> socket.socket:
    return _listen(settings.portal.host, settings.portal.port, "OMEGA_PORTAL_HOST or OMEGA_PORTAL_PORT")


def _listen(host: str, port: int, names: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise ServeError(f"cannot listen on {host}:{port}: {error.strerror}; set {names}") from error
    return listening


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _is_ready(address: tuple[str, int]) -> bool:
    """Ask /readyz as anybody would."""
    try:
        reader, writer = await asyncio.open_connection(*address)
        try:
            writer.write(b"GET /readyz HTTP/1.1\r\nhost: omega\r\nconnection: close\r\n\r\n")
            return b" 200 " in await asyncio.wait_for(reader.readline(), PATIENCE)
        finally:
            writer.close()
    except (OSError, TimeoutError):
        return False
