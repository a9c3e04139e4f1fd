"""`?explain=true`: who gets an explanation, and what is in it."""

import asyncio
import json
from dataclasses import replace
from threading import Event
from types import SimpleNamespace

import pytest

from app.decision_plane.explainer import Explainer
from app.pdp.errors import EvaluationError
from app.pdp.explain import Trace
from app.pdp.explaining import Again
from tests.decision_plane.asking import JSON, Plane, body
from tests.pdp.shop import CALLERS, FILES, SELL, stocked

EXPLAIN = b"explain=true"


def entitled(directory, changes=None, **more):
    callers = {"marketplace": CALLERS["marketplace"] | {"explain": True} | more}
    return Plane(stocked(directory, {"data/callers.json": json.dumps(callers)} | (changes or {})))


@pytest.fixture
def plane(tmp_path):
    return entitled(tmp_path)


def explanation(answer):
    assert answer.status == 200
    return answer.document["context"]["explanation"]


def test_a_deny_is_explained_without_values(plane):
    found = explanation(plane.ask(body(ripe=False, grams=77), query=EXPLAIN))
    assert [(gate["id"], gate["state"]) for gate in found["gates"]] == [
        ("ripe", "failed"),
        ("weighed", "passed"),
        ("described", "passed"),
    ]
    assert [(rule["line"], rule["held"], rule["lines"]) for rule in found["gates"][1]["rules"]] == [
        (19, True, [19]),
        (21, False, [21]),
    ]
    assert found["changes"] == [{"id": "ripe", "say": "the fruit is ripe", "facts": ["resource/properties/ripe"]}]
    told = json.dumps(found)
    assert '"value"' not in told
    assert "77" not in told


def test_facts_that_a_failed_gate_misses_are_named(plane):
    weighed = explanation(plane.ask(body(grams=1), query=EXPLAIN))["gates"][1]
    assert (weighed["id"], weighed["state"], weighed["missing"]) == ("weighed", "failed", ["context/gift"])
    assert "facts" not in weighed
    assert "missing" not in explanation(plane.ask(body(), query=EXPLAIN))["gates"][1]


def held(answer):
    """Return whether it is told which rules held."""
    return {"held" in rule for gate in explanation(answer)["gates"] for rule in gate["rules"]} == {True}


def test_what_no_policy_answered_is_not_decided_again(plane):
    answer = plane.ask(body(grams=None), query=EXPLAIN)
    assert [change["facts"] for change in explanation(answer)["changes"]] == [["resource/properties/grams"]]
    assert not held(answer)
    assert plane.again == 0


@pytest.mark.parametrize("ending", ["evaluation_timeout", "evaluation_crashed"])
def test_a_decision_that_cannot_be_made_again_is_explained_by_the_text_of_the_policies(plane, ending):
    def decide_again(*_):
        raise EvaluationError(ending)

    plane.decide_again_by = decide_again
    assert not held(plane.ask(body(ripe=False), query=EXPLAIN))
    plane.decide_again_by = None
    assert held(plane.ask(body(ripe=False), query=EXPLAIN))


def test_a_decision_that_comes_out_differently_has_no_trace(plane):
    plane.decide_again_by = lambda *_: Again(result={"allow": True}, trace=Trace(held={}, lines={}))
    assert not held(plane.ask(body(ripe=False), query=EXPLAIN))


def test_one_is_decided_again_at_a_time_and_those_beyond_a_few_not_at_all(plane):
    at_once, most = [], []

    def decide_again(digest, asked):
        at_once.append(asked)
        most.append(len(at_once))
        told = plane.traced(digest, asked)
        at_once.pop()
        return told

    async def main():
        return await asyncio.gather(*[plane.asking(body(ripe=False), query=EXPLAIN) for _ in range(6)])

    plane.decide_again_by = decide_again
    answers = asyncio.run(main())
    assert sorted(map(held, answers)) == [False] * 3 + [True] * 3
    assert most == [1] * 3


def test_a_tenant_does_not_wait_for_the_explanations_of_another(shop):
    """The first is made again for as long as it takes the other tenant's to be there."""
    theirs_is_there = Event()

    def decide_again(digest, _):
        assert digest == "hangs" or theirs_is_there.set() is None
        assert theirs_is_there.wait(10)
        raise EvaluationError("evaluation_timeout")

    async def main():
        explainer = Explainer(decide_again)
        hanging = [asyncio.create_task(explainer._trace(recorded("hangs"), "a")) for _ in range(5)]
        await asyncio.sleep(0)
        assert await explainer._trace(recorded("answers"), "b") is None
        return await asyncio.gather(*hanging), explainer._places.free

    def recorded(digest):
        return SimpleNamespace(bundle=replace(shop, digest=digest), asked=b"", decision=None)

    assert asyncio.run(main()) == ([None] * 5, 4)


def test_an_allow_is_explained_too(plane):
    assert explanation(plane.ask(body(), query=b"durability=journal&explain=true"))["changes"] == []


def test_an_explained_decision_is_recorded_like_any_other(plane):
    plane.ask(body(), query=EXPLAIN)
    plane.ask(body())
    first, second = plane.log.records
    assert first.body == second.body


@pytest.mark.parametrize("query", [b"", b"explain=false", b"durability=journal"])
def test_nobody_gets_what_was_not_asked_for(plane, query):
    answer = plane.ask(body(), query=query)
    assert answer.status == 200
    assert "explanation" not in answer.document["context"]


@pytest.mark.parametrize(
    ("changes", "token"),
    [
        pytest.param({"explain": False}, b"a-token", id="it may not"),
        pytest.param({}, b"another", id="another tenant"),
        pytest.param({}, b"stranger", id="nobody knows it"),
    ],
)
def test_a_caller_that_may_not_is_refused_and_nothing_is_decided(tmp_path, changes, token):
    plane = entitled(tmp_path, **changes)
    headers = [(b"authorization", b"Bearer " + token), JSON]
    answer = plane.ask(body(), query=EXPLAIN, headers=headers)
    assert (answer.status, answer.code) == (403, "forbidden")
    assert plane.log.records == []


def test_who_is_asked_first(plane):
    assert plane.ask(body(), query=EXPLAIN, headers=[JSON]).code == "unauthenticated"


@pytest.mark.parametrize("name", [b"shop.steal", b"shop.buy"], ids=["no action", "not its own"])
def test_gates_of_an_action_it_may_not_ask_about_are_not_told(tmp_path, name):
    files = {
        "rego/shop/buy.rego": SELL.replace("shop.sell", "shop.buy"),
        "rego/shop/buy.schema.json": FILES["rego/shop/sell.schema.json"],
    }
    plane = entitled(tmp_path, files, actions=["shop.sell"])
    found = explanation(plane.ask(body().replace(b"shop.sell", name), query=EXPLAIN))
    assert (found["allow"], found["gates"]) == (False, [])
    assert [change["id"] for change in found["changes"]] in (["unknown_action"], ["caller_not_registered"])
