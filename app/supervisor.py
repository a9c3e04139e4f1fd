"""`omega serve`: one listening socket, the workers that share it, the sealer, and the indexer.

Starts what dies again, and ends as a whole when something keeps dying that the log needs. Children end with it,
whatever ends it. Signals stop it; none of them does anything else (`omega policy reload` swaps policies).
"""

import asyncio
import fcntl
import logging
import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from app import activation, anchors, assurance, keys, schema, sealing_line, tenants
from app.db import DatabaseUrlError, open_engine
from app.objects import ObjectsError, open_objects
from app.pdp.lifeline import HOPELESS
from app.settings import Settings
from evidence.chain import utc_now
from evidence.errors import EvidenceError
from evidence.standing import check_continued
from evidence.store import open_store

_LOG = logging.getLogger(__name__)
_BACKLOG = 4_096
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # seconds before a child is started again
_SPARE_PAUSE = 60.0  # seconds, for a child that keeps dying and that the service can do without
_DEATHS, _WITHIN = 8, 60.0  # so many deaths of one child in so many seconds end the service
_LOOK = 0.05  # seconds between two looks whether the service is ready
_PATIENCE = 20.0  # seconds a child has to stop before it is killed


class ServeError(Exception):
    """The service cannot start; the message says why and what to do."""


@dataclass(slots=True)
class _Child:
    """One process that is kept running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    descriptors: tuple[int, ...] = ()
    spare: bool = False  # whether the service goes on without it
    process: asyncio.subprocess.Process | None = None
    deaths: deque[float] = field(default_factory=deque)

    async def start(self) -> asyncio.subprocess.Process:
        # Its own session: a terminal's Ctrl-C reaches the supervisor alone, which stops children in order.
        self.process = await asyncio.create_subprocess_exec(
            *self.command,
            env=self.environment,
            pass_fds=self.descriptors,
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            cwd=Path(__file__).parents[1],
        )
        return self.process

    def died_too_often(self, now: float) -> bool:
        self.deaths.append(now)
        while self.deaths[0] < now - _WITHIN:
            self.deaths.popleft()
        return len(self.deaths) >= _DEATHS

    async def stop(self) -> None:
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), _PATIENCE)
        except TimeoutError:
            _LOG.warning("%s does not stop, and is killed", self.name)
            self.process.kill()
            await self.process.wait()


class Supervisor:
    """The processes of one node."""

    def __init__(self, settings: Settings, listening: socket.socket) -> None:
        parent = str(os.getpid())
        self._address = listening.getsockname()[:2]
        environment = {**os.environ, **settings.places}  # children start in another directory
        self._lines = [sealing_line.pair() for _ in range(settings.workers)]  # kept, for children that start again
        ends = tuple(end.fileno() for _, end in self._lines)
        self._sealer = _Child(
            "sealer", [sys.executable, "-m", "app.sealing", parent, *map(str, ends)], environment, ends
        )
        worker = [sys.executable, "-m", "app.server", str(listening.fileno()), parent]
        self._workers = [
            _Child(f"worker {number}", [*worker, str(end)], environment, (listening.fileno(), end))
            for number, end in enumerate(end.fileno() for end, _ in self._lines)
        ]
        self._indexer = _Child("indexer", [sys.executable, "-m", "app.indexing", parent], environment, spare=True)
        anchoring = _Child("anchoring", [sys.executable, "-m", "app.anchoring", parent], environment, spare=True)
        self._spare = [anchoring] if settings.anchored else []
        self._stopping = asyncio.Event()
        self._failed: str | None = None

    def close(self) -> None:
        """Let go of the lines between the children."""
        for end in (end for line in self._lines for end in line):
            end.close()

    async def run(self, ready: Callable[[], None]) -> int:
        """Keep everything running until told to stop (0), or until something keeps dying (1)."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: None)
        tasks = [
            loop.create_task(self._keep(child)) for child in (self._sealer, self._indexer, *self._workers, *self._spare)
        ]
        announcing = loop.create_task(self._announce(ready))
        await self._stopping.wait()
        announcing.cancel()
        await asyncio.gather(*(child.stop() for child in (*self._workers, *self._spare)))
        await self._sealer.stop()  # after them, so that it seals what they left
        await self._indexer.stop()
        await asyncio.gather(*tasks)
        if self._failed:
            _LOG.error("%s: the service ends", self._failed)
        return 1 if self._failed else 0

    async def _keep(self, child: _Child) -> None:
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
            if self._stopping.is_set():  # told while it was being started, so nobody else stops this one
                await child.stop()
            code = await process.wait()
            if self._stopping.is_set():
                return
            now = time.monotonic()
            if code == HOPELESS and not child.spare:
                self._failed = f"{child.name} cannot go on"
                self._stopping.set()
                return
            _LOG.warning("%s (%d) ended with %d; it is started again", child.name, process.pid, code)
            if child.died_too_often(now):
                if not child.spare:
                    self._failed = f"{child.name} keeps dying"
                    self._stopping.set()
                    return
                await self._pause(_SPARE_PAUSE)
            pause = _FIRST_PAUSE if now - started > _LONGEST_PAUSE else min(pause * 2, _LONGEST_PAUSE)
            await self._pause(pause)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _announce(self, ready: Callable[[], None]) -> None:
        """Call `ready` once the service says that it is."""
        while not await _is_ready(self._address):  # noqa: ASYNC110 - asked over HTTP, as anybody would
            await asyncio.sleep(_LOOK)
        ready()


def serve(settings: Settings, ready: Callable[[str], None]) -> int:
    """Run one node until it is told to stop; return the exit code.

    `ready` is called with the service's URL once it decides and records.

    Raises:
        ServeError: it cannot start.
        BundleError: the policies are not admitted.
    """
    lock = hold(settings.data)  # first, because what `prepare` puts in force would reach a service that runs
    try:
        prepare(settings)
        with _listen(settings) as listening, closing(Supervisor(settings, listening)) as supervisor:
            return asyncio.run(supervisor.run(lambda: ready(_url(listening))))
    finally:
        os.close(lock)


def prepare(settings: Settings) -> None:
    """Make what a node needs and does not have yet: directories, keys, tables, a bundle in force.

    Raises:
        ServeError: it cannot be made.
        SettingsError: the authorities that time stamps have to be below cannot be read.
        BundleError: the policies are not admitted.
    """
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys.ensure(settings.keys, settings.origin)
        engine = open_engine(settings.key_store)
        schema.upgrade(engine)
        engine.dispose()
        bundle = activation.activate(settings.policies, settings.bundles, activation.second(settings))
        if unkept := sorted(bundle.retention_classes - settings.retention.keys()):
            raise ServeError(f"the policies name the retention class `{unkept[0]}`: say its days in OMEGA_RETENTION")
        tenants.prepare(settings)
        store = open_store(settings.store, immutable=settings.store_immutable)
        assurance.at_start(settings, utc_now())
        open_objects(settings.objects)
        check_continued(store, settings.journals, keys.load(settings.keys).log.verifier)
        anchors.load_roots(settings)
        (settings.data / "sealer.alive").unlink(missing_ok=True)
    except (OSError, EvidenceError, ObjectsError, keys.KeyFileError, schema.SchemaError, DatabaseUrlError) as error:
        raise ServeError(str(error)) from error


def hold(data: Path) -> int:
    """Return a descriptor that keeps a second service off this directory until it is closed.

    Raises:
        ServeError: a service runs on it, or it cannot be used.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(data / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ServeError(f"`{data}` cannot be used: {error.strerror}; set OMEGA_DATA") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise ServeError(f"another service runs on `{data}`; stop it, or set OMEGA_DATA") from error
    return descriptor


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        where = f"{settings.host}:{settings.port}"
        raise ServeError(f"cannot listen on {where}: {error.strerror}; set OMEGA_HOST or OMEGA_PORT") from error
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
            return b" 200 " in await asyncio.wait_for(reader.readline(), _PATIENCE)
        finally:
            writer.close()
    except (OSError, TimeoutError):
        return False
