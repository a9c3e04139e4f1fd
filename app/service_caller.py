"""The service that sends a request to the control plane, as its token or its certificate has shown.

Owns where a request says so, which no client can write: `app/control_plane.py` puts it there, once it is proved. Who
sends such a request is a service, whatever cookies come with it.
"""

from flask import request

from app.identity import SCOPE, Caller
from app.pdp.model import Entity


def service_caller() -> Caller | None:
    """Return the service that sends the request that is being answered; None where somebody else does."""
    found: Caller | None = request.environ.get("asgi.scope", {}).get(SCOPE)
    return found


def service_subject(caller: Caller) -> Entity:
    """Return a service as policies see it."""
    return Entity(type="service", id=caller.subject, properties={"tenant": caller.tenant})
