"""Who sees the metrics, and that nobody else learns that there are any; and who is told of requests."""

import asyncio

import pytest

from app.decision_plane import metrics
from app.decision_plane.http import ProblemError
from app.errors import problem
from app.settings import MetricsFor
from tests.decision_plane.asking import BEARER, JSON, Plane, body
from tests.pdp.deciding import Service

METRICS = b"omega_ready 1\n"
HERE, ELSEWHERE = ("127.0.0.1", 50_000), ("192.0.2.1", 50_000)
SCRAPER = [(b"authorization", b"Bearer system/metrics")]


@pytest.fixture
def asked(shop):
    """Return a way to ask for the metrics of a plane that shows them to somebody."""

    def ask(whom, peer=HERE, headers=()):
        async def show():
            return METRICS

        def caller(request):
            if b"authorization" not in request.headers:
                raise ProblemError(problem("unauthenticated"))
            tenant, _, subject = request.headers[b"authorization"].split()[1].decode().partition("/")
            return Service(tenant=tenant, subject=subject)

        plane = Plane(shop, more=lambda _: metrics.routes(show, whom, caller))
        return plane.ask(path="/metrics", method="GET", headers=list(headers), peer=peer)

    return ask


@pytest.mark.parametrize(
    ("whom", "peer", "headers"),
    [
        pytest.param(MetricsFor.LOOPBACK, HERE, [], id="this machine"),
        pytest.param(MetricsFor.LOOPBACK, ("::1", 1, 0, 0), [], id="this machine, IPv6"),
        pytest.param(MetricsFor.TOKEN, ELSEWHERE, SCRAPER, id="a token for it"),
    ],
)
def test_who_may_sees_them(asked, whom, peer, headers):
    answer = asked(whom, peer, headers)
    assert (answer.status, answer.body) == (200, METRICS)
    assert answer.headers[b"content-type"] == b"text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize(
    ("whom", "peer", "headers", "code"),
    [
        pytest.param(MetricsFor.OFF, HERE, SCRAPER, "not_found", id="they are off"),
        pytest.param(MetricsFor.LOOPBACK, ELSEWHERE, SCRAPER, "not_found", id="another machine"),
        pytest.param(MetricsFor.LOOPBACK, None, [], "not_found", id="nobody knows where from"),
        pytest.param(MetricsFor.LOOPBACK, HERE, [(b"x-forwarded-for", b"a")], "not_found", id="a proxy"),
        pytest.param(MetricsFor.LOOPBACK, HERE, [(b"forwarded", b"for=a")], "not_found", id="another proxy"),
        pytest.param(MetricsFor.TOKEN, HERE, [], "unauthenticated", id="no token"),
        pytest.param(MetricsFor.TOKEN, HERE, [BEARER], "not_found", id="a token for something else"),
        pytest.param(
            MetricsFor.TOKEN,
            HERE,
            [(b"authorization", b"Bearer default/metrics")],
            "not_found",
            id="a tenant's service that happens to be called so",
        ),
    ],
)
def test_nobody_else_does(asked, whom, peer, headers, code):
    assert asked(whom, peer, headers).code == code


class Watcher:
    def __init__(self):
        self.seen = []

    def asked(self, headers):
        self.seen.append(headers.get(b"traceparent"))

    def refused(self, found):
        self.seen.append(found.code)


def test_whoever_watches_is_told_of_requests_and_problems(shop):
    watcher = Watcher()
    plane = Plane(shop, watcher=watcher)
    plane.ask(body(), headers=[BEARER, JSON, (b"traceparent", b"00-a")])
    plane.ask(b"{", headers=[BEARER, JSON])
    plane.ask(path="/elsewhere")
    assert watcher.seen == [b"00-a", None, "malformed_request", None, "not_found"]


def test_requests_in_flight_are_known(shop):
    async def main():
        plane = Plane(shop)
        plane.fakes.engines.hold = asyncio.Event()
        before = plane.app.in_flight
        asking = asyncio.create_task(plane.asking(body()))
        while not plane.log.expected:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
        inside = plane.app.in_flight
        plane.fakes.engines.hold.set()
        await asking
        return before, inside, plane.app.in_flight

    assert asyncio.run(main()) == (0, 1, 0)
