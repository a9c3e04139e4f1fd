"""The process of the portal: `python -m auditor_portal <listening socket> <parent> <URL of the node beside it>`.

Started by `app.supervisor`; ends with it, and when it is told to.
"""

import logging
import os
import signal
import socket
import sys

from app import keys, logs
from app.core_dumps import refuse_core_dumps
from app.db import DatabaseUrlError
from app.garbage import collect_rarely
from app.http_server import HttpServer
from app.pdp.lifeline import end_with_parent
from app.schema import SchemaError
from app.settings import Settings, SettingsError
from auditor_portal.application import MAX_BODY
from auditor_portal.opening import opened
from auditor_portal.saml.keys import SamlKeyError
from auditor_portal.serving import PortalPlane

_LOG = logging.getLogger("auditor_portal")


async def serve(settings: Settings, listening: socket.socket, node: str) -> None:
    """Serve until told to stop.

    Raises:
        KeyFileError, SamlKeyError, DatabaseUrlError, SchemaError: see `opened`.
    """
    with opened(settings, node) as portal:
        plane = PortalPlane(portal.flask, most=MAX_BODY, public_url=settings.portal.url or "", checks=portal.checks)
        collect_rarely()
        await HttpServer(plane, drain=settings.drain, draining=plane.drain).serve(sockets=[listening])
        plane.close()


def main(arguments: list[str]) -> int:
    """Run the process; return its exit code."""
    refuse_core_dumps()
    end_with_parent(int(arguments[2]))
    logs.begin("portal", logs.form_of(os.environ))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    import uvloop  # noqa: PLC0415 - only where a loop is run

    with socket.socket(fileno=int(arguments[1])) as listening:
        try:
            uvloop.run(serve(Settings.from_environment(os.environ), listening, arguments[3]))
        except (SettingsError, keys.KeyFileError, SamlKeyError, DatabaseUrlError) as error:
            _LOG.error("the portal ends: %s", error)
            return 1
        except SchemaError as error:
            _LOG.error("the portal ends: %s: start a node first, and give the role its rights", error)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
