"""A witness as a process of its own: its key, what it has seen, whom it trusts, and a port."""

import asyncio
import socket
from collections.abc import Callable
from datetime import UTC, datetime

from app import keys
from app.http_server import HttpServer
from app.settings import Settings
from app.witness.asgi import WitnessPlane
from app.witness.cosigning import Witness, load_logs
from app.witness.heads import Heads, HeadsError
from evidence.cosignature import WitnessKey

_HEADS = "heads.db"
_LOGS = "logs"


class WitnessError(Exception):
    """The witness cannot start; the message says why and what to do."""


def prepare(settings: Settings) -> WitnessKey:
    """Make what a new witness needs: an empty memory, then its key; return its verifier key.

    The key comes last: with a key and no memory a witness is spent.

    Raises:
        WitnessError: it cannot be made, or the memory of an old one is gone.
    """
    directory = settings.witness
    try:
        for needed in (settings.data, directory, directory / _LOGS):
            needed.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (directory / keys.WITNESS_VERIFIER_KEY).exists() and not (directory / _HEADS).exists():
            Heads.create(directory / _HEADS)
        Heads(directory / _HEADS)
        keys.ensure_witness(directory, settings.witness_name)
        return keys.load_witness(directory).key
    except OSError as error:
        raise WitnessError(f"`{directory}` cannot be used: {error.strerror}") from error
    except (HeadsError, keys.KeyFileError) as error:
        raise WitnessError(str(error)) from error


def application(settings: Settings) -> WitnessPlane:
    """Return the application of the witness, which `prepare` made.

    Raises:
        WitnessError: a key cannot be loaded, or what it has seen cannot be read.
    """
    try:
        signer = keys.load_witness(settings.witness)
        logs, heads = load_logs(settings.witness / _LOGS), Heads(settings.witness / _HEADS)
    except (HeadsError, keys.KeyFileError) as error:
        raise WitnessError(str(error)) from error
    return WitnessPlane(Witness(signer, logs, heads, lambda: datetime.now(UTC)))


def serve(settings: Settings, ready: Callable[[str], None]) -> None:
    """Witness until told to stop; `ready` is called with the URL once the port is open.

    Raises:
        WitnessError: it cannot start.
    """
    prepare(settings)
    plane = application(settings)
    where = (settings.witness_host, settings.witness_port)
    family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
    try:
        listening = socket.create_server(where, family=family)
    except OSError as error:
        raise WitnessError(f"cannot listen on {where[0]}:{where[1]}: {error.strerror}") from error
    with listening:
        asyncio.run(_serve(plane, listening, ready))


async def _serve(plane: WitnessPlane, listening: socket.socket, ready: Callable[[str], None]) -> None:
    server = HttpServer(plane)
    host, port = listening.getsockname()[:2]
    ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
    await server.serve(sockets=[listening])
