"""How the auditor portal is started: whether, beside what, and with how much of a node's environment.

The portal itself is a package of its own, which nobody imports (`auditor_portal/`).
"""

import os
import socket
import sys
from collections.abc import Collection, Mapping

from app import keys
from app.child import Child
from app.settings import Plane, Settings
from evidence.store import open_store


def runs(settings: Settings, planes: Collection[Plane]) -> bool:
    """Return whether the portal is one of the processes of `planes`."""
    return settings.portal.url is not None and Plane.PORTAL in planes


def alone(planes: Collection[Plane]) -> bool:
    """Return whether the portal is all there is, so that nobody on this node decides."""
    return set(planes) == {Plane.PORTAL}


def prepare(settings: Settings) -> None:
    """See that there is what a portal needs that has no node beside it.

    Raises:
        KeyFileError: the log's verifier key is not there: the portal makes none.
        EvidenceError: the store cannot be opened.
        OSError: the directory cannot be used.
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys.load_verifier(settings.keys)
    open_store(settings.store, read_only=True)


def child(
    settings: Settings,
    environment: Mapping[str, str],
    listening: socket.socket,
    node: str,
    planes: Collection[Plane],
) -> Child:
    """Return the process, which answers on `listening`, and asks the node at the URL `node` unless settings say whom.

    It gets no more of the environment than it needs: with the node's database password, the node's rights would be
    within its reach.
    """
    own = dict(environment)
    if settings.portal.database is not None:
        own.pop("OMEGA_DATABASE", None)
    if alone(planes):
        node = f"http://{f'[{settings.host}]' if ':' in settings.host else settings.host}:{settings.port}"
    command = [sys.executable, "-m", "auditor_portal", str(listening.fileno()), str(os.getpid()), node]
    return Child("portal", command, own, (listening.fileno(),), spare=not alone(planes))
