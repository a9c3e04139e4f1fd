"""The edge: who asks, for what, and which problem each failure becomes."""

import asyncio
import logging
import re
from pathlib import Path

import pytest

from app.decision_plane import asgi, http
from app.decision_plane.asgi import Health
from app.decision_plane.http import ProblemError
from app.errors import CODES, OF_PAGES, problem
from app.pdp.errors import EvaluationError
from evidence.errors import JournalError
from tests.decision_plane.asking import BEARER, CALLERS, JSON, Plane, body
from tests.pdp.deciding import GONE

PERSON = "alice@example.com"
LARGE = 32_768


def broken_log(plane):
    plane.log.failing = JournalError("the disk is full")


def no_keys(plane):
    plane.fakes.concealer.down = True


def no_evaluators(plane):
    plane.fakes.engines.error = GONE


def our_fault(plane):
    plane.fakes.engines.error = RuntimeError(f"unforeseen, about {PERSON}")


def nothing(_plane):
    pass


def no_policies(plane):
    plane.fakes.pdp.own["default"] = None


def no_store(plane):
    plane.shelf.problem = "store_unavailable"


def no_decision(plane):
    plane.shelf.problem = "not_found"


def full(plane):
    plane.app._by._places.free = 0


def too_often(plane):
    for _ in range(10):
        plane.app._by.limit(CALLERS["stranger"])


def damaged(plane):
    plane.shelf.problem = "evidence_damaged"


READ = {"method": "GET", "path": "/v1/decisions/01a203ec17c0f73dc8f6-3", "headers": [BEARER]}


def elsewhere(plane):
    plane.app._by._admits = lambda tenant: tenant != "other"


PROBLEMS = [
    pytest.param(nothing, (b"{",), {}, ("malformed_request", 400), id="no JSON"),
    pytest.param(nothing, (body(),), {"headers": [JSON]}, ("unauthenticated", 401), id="no token"),
    pytest.param(
        nothing, (body(),), {"query": b"explain=true"}, ("forbidden", 403), id="an explanation it may not have"
    ),
    pytest.param(
        elsewhere,
        (b"{", None),
        {"headers": [(b"authorization", b"Bearer another"), JSON]},
        ("wrong_region", 421),
        id="a tenant of another region",
    ),
    pytest.param(nothing, (), {"path": "/nowhere"}, ("not_found", 404), id="no such path"),
    pytest.param(nothing, (), {"path": "/v1/decision"}, ("not_found", 404), id="a path that almost is one"),
    pytest.param(no_decision, (), READ, ("not_found", 404), id="no such decision"),
    pytest.param(nothing, (), {"method": "GET"}, ("method_not_allowed", 405), id="another method"),
    pytest.param(nothing, (b"x" * LARGE, b"x"), {}, ("request_too_large", 413), id="too large"),
    pytest.param(nothing, (b"{", None), {}, ("body_timeout", 408), id="the rest does not come"),
    pytest.param(nothing, (None,), {}, ("body_timeout", 408), id="nothing comes"),
    pytest.param(
        too_often,
        (body(),),
        {"headers": [(b"authorization", b"Bearer stranger"), JSON]},
        ("too_many_requests", 429),
        id="too often",
    ),
    pytest.param(damaged, (), READ, ("evidence_damaged", 500), id="the log was altered"),
    pytest.param(our_fault, (body(),), {}, ("internal", 500), id="a fault of ours"),
    pytest.param(broken_log, (body(),), {}, ("evidence_unavailable", 503), id="the disk is full"),
    pytest.param(broken_log, (b"{",), {}, ("evidence_unavailable", 503), id="the disk is full, and it is no request"),
    pytest.param(no_keys, (body(),), {}, ("evidence_unavailable", 503), id="the key store is down"),
    pytest.param(full, (body(),), {}, ("overloaded", 503), id="too many requests"),
    pytest.param(no_evaluators, (body(),), {}, ("evaluators_gone", 503), id="no evaluator"),
    pytest.param(no_policies, (body(),), {}, ("policies_unavailable", 503), id="no policies of the tenant"),
    pytest.param(no_store, (), READ, ("store_unavailable", 503), id="the store is away"),
]


@pytest.mark.parametrize(("break_it", "chunks", "options", "expected"), PROBLEMS)
def test_every_failure_is_one_problem(plane, monkeypatch, break_it, chunks, options, expected):  # noqa: PLR0913, PLR0917
    monkeypatch.setattr(http, "_BODY_SECONDS", 0.01)
    break_it(plane)
    answer = plane.ask(*chunks, **options)
    assert (answer.code, answer.status) == expected
    assert (b"retry-after" in answer.headers) == (answer.status in (429, 503))
    assert plane.app._by._places.free in (0, 8)


def test_every_protocol_asks_for_the_policies_of_the_callers_tenant():
    """The node's own (`pdp.policies`) are nobody's by right: what they say would be told to other tenants."""
    for path in Path(asgi.__file__).parent.glob("*.py"):
        assert not re.search(r"pdp\.policies\b", path.read_text("utf-8")), path.name


def test_every_problem_there_is_can_be_met():
    of_proxies = {"denied"}  # test_ext_authz.py
    assert {case.values[3][0] for case in PROBLEMS} == CODES - OF_PAGES - of_proxies


def test_a_problem_without_detail_has_none():
    assert problem("not_found").document() == {
        "type": "urn:omega:problem:not_found",
        "title": "there is nothing here",
        "status": 404,
    }


def test_a_decision_is_answered_with_its_evidence(plane, shop):
    answer = plane.ask(body(ripe=False))
    (found,) = plane.log.records
    assert answer.status == 200
    assert answer.headers[b"content-type"] == b"application/json"
    assert answer.document == {
        "decision": False,
        "context": {
            "decision_id": found.position.decision_id,
            "reasons": [
                {
                    "id": "ripe",
                    "message": "the fruit is ripe",
                    "severity": "critical",
                    "enforcement": "blocking",
                    "controls": ["soc2/CC8.1", "iso27001/A.8.30"],
                }
            ],
            "obligations": [],
            "diagnostics": [],
            "policy": {"revision": "r1", "bundle": shop.digest},
            "evidence": {
                "chain": found.chain,
                "seq": 0,
                "leaf_hash": answer.document["context"]["evidence"]["leaf_hash"],
                "durability": "journal",
            },
        },
    }


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"Basic YTpi", id="another scheme"),
        pytest.param(b"Bearer", id="no token"),
        pytest.param(b"Bearer ", id="an empty token"),
        pytest.param(b"Bearer a-token ", id="a space behind it"),
        pytest.param(b"Bearer a-token a-token", id="two tokens"),
        pytest.param(b"Bearer wrong", id="a token of nobody"),
        pytest.param(b"Bearer " + b"a" * 4_097, id="too long"),
        pytest.param("Bearer tökén".encode(), id="not ASCII"),
        pytest.param(b"BEARER a-token", id="shouted"),
        pytest.param(b"a-token", id="a bare token"),
    ],
)
def test_whoever_does_not_prove_who_it_is_learns_no_more(plane, header):
    answer = plane.ask(body(), headers=[(b"authorization", header), JSON])
    assert (answer.status, answer.code) == (401, "unauthenticated")
    assert answer.headers[b"www-authenticate"] == b"Bearer"
    assert "detail" not in answer.document
    assert plane.log.data == []


def test_a_body_of_nobody_is_not_read(plane):
    async def receive():
        raise AssertionError("the body was read")

    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/access/v1/evaluation", "headers": [JSON]}
    asyncio.run(plane.app(scope, receive, send))
    assert sent[0]["status"] == 401


@pytest.mark.parametrize("scheme", [b"Bearer ", b"bearer ", b"Bearer   "], ids=["usual", "small", "wide"])
def test_the_scheme_may_be_written_as_http_allows(plane, scheme):
    assert plane.ask(body(), headers=[(b"authorization", scheme + b"a-token"), JSON]).status == 200


@pytest.mark.parametrize(
    ("path", "method", "allow"),
    [
        ("/access/v1/evaluation", "GET", b"POST"),
        ("/access/v1/evaluation", "HEAD", b"POST"),
        ("/healthz", "POST", b"GET"),
        ("/readyz", "DELETE", b"GET"),
        ("/v1/decisions/x", "POST", b"GET"),
    ],
)
def test_a_method_that_a_path_does_not_know(plane, path, method, allow):
    answer = plane.ask(body(), path=path, method=method)
    assert (answer.status, answer.code, answer.headers[b"allow"]) == (405, "method_not_allowed", allow)


def test_health_needs_no_token_and_says_little(plane):
    answer = plane.ask(path="/healthz", method="GET", headers=[])
    assert (answer.status, answer.document) == (200, {"status": "ok"})


def test_readiness_says_what_it_waits_for(plane, shop):
    ready = plane.ask(path="/readyz", method="GET", headers=[])
    assert (ready.status, ready.document["ready"]) == (200, True)
    plane.checks["journal"] = False
    waiting = plane.ask(path="/readyz", method="GET", headers=[])
    assert waiting.status == 503
    assert waiting.document == {
        "ready": False,
        "draining": False,
        "checks": {"evaluators": True, "journal": False},
        "alarms": [],
        "bundle": shop.digest,
        "revision": "r1",
        "assurance": None,
    }


def test_who_was_told_to_stop_is_not_ready_whatever_holds(shop):
    health = Health(checks={"journal": True}, bundle=shop.digest, revision="r1", draining=True)
    assert (health.document()["ready"], health.document()["draining"]) == (False, True)


def test_a_decision_is_looked_up_for_whoever_asks(plane):
    answer = plane.ask(path="/v1/decisions/01-2", method="GET", headers=[(b"authorization", b"Bearer another")])
    assert (answer.status, answer.document) == (200, {"id": "01-2", "tenant": "other"})
    assert plane.ask(path="/v1/decisions/01-2", method="GET", headers=[]).status == 401


def test_more_requests_than_a_worker_takes_are_turned_away(shop):
    plane = Plane(shop, in_flight=1)

    async def main():
        plane.fakes.engines.hold = asyncio.Event()
        first = asyncio.create_task(plane.asking(body()))
        await asyncio.sleep(0)
        second = await plane.asking(body())
        healthy = await plane.asking(path="/healthz", method="GET")
        plane.fakes.engines.hold.set()
        return await first, second, healthy, await plane.asking(body())

    first, second, healthy, third = asyncio.run(main())
    assert [answer.status for answer in (first, second, healthy, third)] == [200, 503, 200, 200]
    assert second.code == "overloaded"


def test_a_time_out_is_a_decision_and_no_problem(plane):
    plane.fakes.engines.error = EvaluationError("evaluation_timeout")
    answer = plane.ask(body())
    assert (answer.status, answer.document["decision"]) == (200, False)
    assert answer.document["context"]["diagnostics"] == [{"code": "evaluation_timeout", "path": ""}]


def test_the_operator_learns_where_a_fault_is_and_nobody_learns_whom_it_concerned(plane, caplog):
    our_fault(plane)
    with caplog.at_level(logging.DEBUG):
        answer = plane.ask(body())
    assert "request failed: RuntimeError" in caplog.text
    assert "in evaluate" in caplog.text
    assert PERSON not in caplog.text
    assert answer.document == problem("internal").document()


def test_the_problem_of_a_route_is_the_problem_of_its_caller(plane):
    plane.shelf.problem = "not_found"
    answer = plane.ask(**READ)
    assert answer.document == problem("not_found").document()
    assert str(ProblemError(problem("not_found"))) == "not_found"


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_other_protocols_are_a_mistake_of_the_server(plane, kind):
    with pytest.raises(TypeError, match=kind):
        asyncio.run(plane.app({"type": kind}, None, None))
