"""The process of one worker, with a listening socket that it is handed.

Started by `app.supervisor`; ends when its worker can no longer decide or record, so that a fresh one takes over.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Collection
from dataclasses import replace

from app import keys, logs
from app.addresses import loopback_url
from app.control_plane import NotCoveredError
from app.core_dumps import refuse_core_dumps
from app.db import DatabaseUrlError
from app.garbage import collect_rarely
from app.http_server import HttpServer
from app.objects import ObjectsError
from app.pdp.errors import PdpError
from app.pdp.lifeline import HOPELESS, end_with_parent
from app.privacy.errors import PrivacyError
from app.settings import Plane, Settings, SettingsError
from app.worker import Worker
from evidence.errors import (
    DamagedJournalError,
    EvidenceError,
)

_LOG = logging.getLogger(__name__)


async def serve(
    settings: Settings,
    listening: socket.socket,
    line: socket.socket,
    number: int = 0,
    planes: Collection[Plane] = (Plane.DECISION,),
) -> int:
    """Serve until told to stop (exit code 0) or until this worker is of no more use (1)."""
    if settings.public_url is None:
        settings = replace(settings, public_url=loopback_url(*listening.getsockname()[:2]))
    worker = Worker(settings, keys.load(settings.keys), line, number)
    await worker.start()
    application = await worker.application(planes)
    collect_rarely()
    server = HttpServer(application, drain=settings.drain, draining=worker.drain)
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    ended = asyncio.ensure_future(worker.ended())
    done, _ = await asyncio.wait({serving, ended}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()
    ended.cancel()
    await serving
    await worker.close()
    return 1 if ended in done else 0


def main() -> int:
    """Run one worker: `python -m app.server <listening socket> <parent> <end of sealing line> <number> <planes>`."""
    refuse_core_dumps()
    end_with_parent(int(sys.argv[2]))
    name = f"worker {sys.argv[4]}"
    logs.begin(name, logs.form_of(os.environ))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    import uvloop  # noqa: PLC0415 - only where a loop is run

    with socket.socket(fileno=int(sys.argv[1])) as listening, socket.socket(fileno=int(sys.argv[3])) as line:
        try:
            planes = {Plane(name) for name in sys.argv[5:]}
            return uvloop.run(serve(Settings.from_environment(os.environ), listening, line, int(sys.argv[4]), planes))
        except DamagedJournalError as error:
            _LOG.error("worker ends, and a person must look: %s", error)
            return HOPELESS
        except (
            SettingsError,
            keys.KeyFileError,
            DatabaseUrlError,
            PrivacyError,
            PdpError,
            ObjectsError,
            EvidenceError,
            NotCoveredError,
        ) as error:
            _LOG.error("worker ends: %s", error)
            return 1


if __name__ == "__main__":
    sys.exit(main())
