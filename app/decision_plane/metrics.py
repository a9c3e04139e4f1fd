"""GET /metrics: the numbers of the whole node, for whoever may see them.

Owns who that is. Everybody else learns that there is nothing here.
"""

from collections.abc import Awaitable, Callable, Iterable
from ipaddress import ip_address
from typing import Final

from app.decision_plane.http import Answer, ProblemError, Request, Route
from app.errors import problem
from app.pdp.enforce import Caller
from app.settings import MetricsFor

SCRAPER: Final = ("system", "metrics")
"""Tenant and subject that a token has to name: the numbers are of all tenants, and none of them is called so."""

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"

_PASSED_ON: Final = (b"forwarded", b"via", b"x-forwarded-for", b"x-real-ip")  # a proxy asks, for whom nobody knows


def routes(
    show: Callable[[], Awaitable[bytes]], whom: MetricsFor, caller: Callable[[Request], Caller]
) -> Iterable[Route]:
    """Return the endpoint that shows `whom` what `show` returns; `caller` says who asks, or raises `ProblemError`."""

    async def asked(request: Request) -> Answer:
        match whom:
            case MetricsFor.LOOPBACK:
                seen = _is_near(request)
            case MetricsFor.TOKEN:
                asking = caller(request)
                seen = (asking.tenant, asking.subject) == SCRAPER
            case MetricsFor.OFF:
                seen = False
        if not seen:
            raise ProblemError(problem("not_found"))
        return Answer(content_type=CONTENT_TYPE, document=await show())

    yield Route(path="/metrics", methods={"GET": asked})


def _is_near(request: Request) -> bool:
    """Tell whether this machine asks, for itself."""
    try:
        return ip_address(request.peer or "").is_loopback and not any(name in request.headers for name in _PASSED_ON)
    except ValueError:
        return False
