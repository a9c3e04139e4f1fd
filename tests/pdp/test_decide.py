"""From a document to a decision: every way to an answer, and a deny on every other."""

import asyncio
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pdp.callers import Caller
from app.pdp.decide import decide
from app.pdp.errors import EvaluationError, EvaluatorsGoneError
from app.pdp.model import Diagnostic
from app.pdp.request import parse_document
from app.pdp.strict_json import encode
from tests.pdp.shop import asked, decided, evaluating, stocked

GATES = ["described", "ripe", "weighed"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return stocked(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def evaluate(shop):
    """The engine itself; what it answered last stays in `seen`."""
    engine = evaluating(shop)

    async def seeing(query, text):
        seeing.seen = (query, text)
        return await engine(query, text)

    return seeing


def answering(text):
    """Return an evaluator that always answers `text`."""

    async def answer(_query, _text):
        return text if isinstance(text, bytes) else json.dumps(text).encode()

    return answer


def answer(value):
    return {"result": [{"expressions": [{"value": value, "text": "data.shop.sell.decision"}]}]}


def decision(**changes):
    return {"allow": True, "passed": GATES, "failed": [], "obligations": []} | changes


def codes(found):
    return [each.code for each in found.decision.diagnostics]


def test_all_gates_passed(shop, evaluate):
    found = decided(shop, asked(), evaluate)
    assert found.decision.allow is True
    assert found.decision.passed == ("described", "ripe", "weighed")
    assert (found.decision.failed, found.decision.violations, found.decision.diagnostics) == ((), (), ())
    assert (found.action_known, found.contract_held, found.names_resource) == (True, True, False)


def test_a_blocking_gate_failed(shop, evaluate):
    found = decided(shop, asked(ripe=False, described=False), evaluate).decision
    assert found.allow is False
    assert found.passed == ("weighed",)
    assert found.failed == ("described", "ripe")
    assert [each.id for each in found.violations] == ["described", "ripe"]
    assert found.document()["violations"][1] == {
        "id": "ripe",
        "message": "the fruit is ripe",
        "severity": "critical",
        "enforcement": "blocking",
        "controls": ["soc2/CC8.1", "iso27001/A.8.30"],
    }


def test_a_monitored_gate_is_a_violation_and_no_deny(shop, evaluate):
    found = decided(shop, asked(described=False), evaluate).decision
    assert found.allow is True
    assert found.failed == ("described",)
    assert [each.id for each in found.violations] == ["described"]


def test_obligations_have_their_members_sorted(shop, evaluate):
    document = asked()
    document["context"] = {"gift": True}
    (obligation,) = decided(shop, document, evaluate).decision.obligations
    assert list(obligation.items()) == [("id", "wrap"), ("layers", 2), ("type", "notice")]


def test_the_policy_sees_what_the_contract_names_and_the_environment(shop, evaluate):
    document = asked(smell="sweet")
    document["context"] = {"claims": {"admin": True}}
    decided(shop, document, evaluate)
    query, text = evaluate.seen
    assert query == "data.shop.sell.decision"
    assert json.loads(text) == {
        "subject": {"type": "grocer", "properties": {}},
        "action": {"name": "shop.sell"},
        "resource": {"type": "fruit", "properties": {"ripe": True, "grams": 80, "described": True}},
        "context": {},
        "environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"},
    }


def test_a_recorded_document_gives_the_same_decision(shop, evaluate):
    document = asked(ripe=False)
    first = decided(shop, document, evaluate)
    again = decided(shop, parse_document(encode(document)), evaluate)
    assert encode(again.decision.document()) == encode(first.decision.document())


def test_an_unknown_action(shop):
    document = asked()
    document["action"]["name"] = "shop.steal"
    found = decided(shop, document)
    assert found.decision.diagnostics == (Diagnostic(code="unknown_action", path="action/name"),)
    assert found.decision.allow is False
    assert (found.action_known, found.contract_held, found.names_resource) == (False, False, False)


@pytest.mark.parametrize(
    ("part", "member", "value", "path"),
    [
        ("environment", "caller", "stranger", "environment/caller"),
        ("environment", "tenant", "elsewhere", "environment/caller"),
        ("subject", "type", "guest", "subject/type"),
    ],
    ids=["a stranger", "the caller of another tenant", "a subject it may not speak of"],
)
def test_a_caller_that_may_not_ask(shop, part, member, value, path):
    document = asked()
    document[part][member] = value
    found = decided(shop, document)
    assert found.decision.diagnostics == (Diagnostic(code="caller_not_registered", path=path),)
    assert (found.action_known, found.contract_held) == (True, False)


def test_a_caller_of_other_actions(shop):
    other = Caller(tenant="default", actions=frozenset({"shop.buy"}), subject_types=frozenset({"grocer"}))
    assert codes(decided(replace(shop, callers={"marketplace": other}), asked())) == ["caller_not_registered"]


def test_a_broken_contract(shop):
    found = decided(shop, asked(ripe="yes", grams=None))
    assert found.decision.diagnostics == (
        Diagnostic(code="fact_missing", path="resource/properties/grams"),
        Diagnostic(code="fact_type", path="resource/properties/ripe"),
    )
    assert found.decision.allow is False
    assert (found.action_known, found.contract_held) == (True, False)


@pytest.mark.parametrize("value", ["\ud800", 2**80, object(), {1: 2}], ids=["a surrogate", "2^80", "an object", "1:2"])
def test_what_json_cannot_say_is_a_deny(shop, value):
    document = asked()
    document["environment"]["time"] = value
    assert codes(decided(shop, document)) == ["malformed_request"]


@pytest.mark.parametrize("part", ["subject", "action", "environment"])
@pytest.mark.parametrize("value", [{}, [], None, {"name": [], "type": [], "caller": []}], ids=repr)
def test_what_is_no_document_is_a_deny(shop, part, value):
    assert codes(decided(shop, asked() | {part: value})) == ["malformed_request"]


def test_an_input_too_large_is_a_deny(shop, evaluate):
    document = asked()
    document["environment"]["time"] = "x" * 40_000
    found = decided(shop, document, evaluate)
    assert codes(found) == ["input_too_large"]


@pytest.mark.parametrize("code", ["evaluation_timeout", "evaluation_crashed", "evaluation_failed"])
def test_an_evaluation_without_an_answer_is_a_deny(shop, code):
    async def failing(_query, _text):
        raise EvaluationError(code)

    found = decided(shop, asked(), failing)
    assert codes(found) == [code]
    assert found.decision.allow is False
    assert found.contract_held is True


def test_when_nobody_can_evaluate_that_is_no_decision(shop):
    async def gone(_query, _text):
        raise EvaluatorsGoneError("none left")

    with pytest.raises(EvaluatorsGoneError):
        asyncio.run(decide(shop, gone, asked()))


UNDEFINED = {
    "no result": {},
    "an empty result": {"result": []},
    "two results": {"result": [{"expressions": [{"value": decision()}]}] * 2},
    "no expression": {"result": [{"expressions": []}]},
    "two expressions": {"result": [{"expressions": [{"value": decision()}] * 2}]},
    "no value": {"result": [{"expressions": [{}]}]},
    "a result that is no list": {"result": decision()},
    "a list": [decision()],
    "the decision alone": decision(),
    "a string": "<undefined>",
}


@pytest.mark.parametrize("text", UNDEFINED.values(), ids=UNDEFINED)
def test_is_undefined(shop, text):
    found = decided(shop, asked(), answering(text))
    assert (codes(found), found.decision.allow) == (["undefined"], False)


def obliged(**members):
    return decision(obligations=[{"id": "wrap", "type": "notice"} | members])


MALFORMED = {
    "true": True,
    "null": None,
    "a member is missing": {"allow": True, "passed": GATES, "failed": []},
    "a member too many": decision(reason="x"),
    "allow is no boolean": decision(allow=1),
    "allow is text": decision(allow="true"),
    "allow is null": decision(allow=None),
    "passed is no list": decision(passed=dict.fromkeys(GATES)),
    "failed is no list": decision(failed=None),
    "a gate is missing": decision(passed=GATES[:2]),
    "a gate too many": decision(passed=[*GATES, "extra"]),
    "a gate of another action": decision(passed=["described", "ripe", "extra"]),
    "a gate twice": decision(passed=["ripe", "ripe", "weighed"]),
    "a gate in both": decision(passed=GATES, failed=["ripe"]),
    "a gate that is no text": decision(passed=["described", "ripe", ["weighed"]]),
    "obligations are no list": decision(obligations={}),
    "an obligation is no object": decision(obligations=["wrap"]),
    "an obligation without an id": decision(obligations=[{"type": "notice"}]),
    "an obligation without a type": decision(obligations=[{"id": "wrap"}]),
    "an obligation with a number for an id": decision(obligations=[{"id": 1, "type": "notice"}]),
    "an obligation twice": decision(obligations=[{"id": "wrap", "type": "notice"}] * 2),
    "too many obligations": decision(obligations=[{"id": f"o{n}", "type": "t"} for n in range(17)]),
    "too much in all obligations": decision(
        obligations=[{"id": f"o{n}", "type": "t"} | {f"m{m}": "x" * 64 for m in range(5)} for n in range(16)]
    ),
    "too many members": obliged(**{f"m{n}": n for n in range(15)}),
    "a member with a strange name": obliged(**{"A b": 1}),
    "a sentence": obliged(note="Please wrap it"),
    "an empty text": obliged(note=""),
    "a nested value": obliged(note=["x"]),
    "null in an obligation": obliged(note=None),
}


@pytest.mark.parametrize("value", MALFORMED.values(), ids=MALFORMED)
def test_is_malformed(shop, value):
    found = decided(shop, asked(), answering(answer(value)))
    assert (codes(found), found.decision.allow) == (["malformed_decision"], False)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"no json",
        b"\xff",
        b'{"result":[{"expressions":[{"value":1.5}]}]}',
        b'{"result":[],"result":[]}',
        json.dumps(answer(decision())).replace("true", "true, " + '"allow": false').encode(),
    ],
    ids=["nothing", "no JSON", "no UTF-8", "a float", "a name twice", "allow twice"],
)
def test_an_answer_that_is_no_strict_json_is_malformed(shop, text):
    assert codes(decided(shop, asked(), answering(text))) == ["malformed_decision"]


INCONSISTENT = {
    "allowed although a blocking gate failed": decision(passed=["described", "weighed"], failed=["ripe"]),
    "denied although nothing failed": decision(allow=False),
    "denied although a monitored gate alone failed": decision(
        allow=False, passed=["ripe", "weighed"], failed=["described"]
    ),
}


@pytest.mark.parametrize("value", INCONSISTENT.values(), ids=INCONSISTENT)
def test_an_allow_that_does_not_follow_from_the_gates_is_not_believed(shop, value):
    found = decided(shop, asked(), answering(answer(value)))
    assert (codes(found), found.decision.allow) == (["inconsistent_decision"], False)


def test_the_order_of_the_answer_does_not_matter(shop):
    found = decided(shop, asked(), answering(answer(decision(passed=GATES[::-1])))).decision
    assert found.passed == ("described", "ripe", "weighed")


def test_the_same_answer_is_the_same_decision_and_not_every_answer_is_kept(shop):
    def found(number, **more):
        obligations = [{"id": f"o{number}", "type": "t"}]
        return decided(shop, asked(), answering(answer(decision(obligations=obligations)) | more)).decision

    kept = shop.actions["shop.sell"].answered
    kept.clear()
    assert found(0) is found(0)
    for number in range(200):
        assert found(number).obligations == ({"id": f"o{number}", "type": "t"},)
    assert 0 < len(kept) <= 64
    before = dict(kept)
    assert found(0, warnings="x" * 4_096).allow is True
    assert kept == before


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([*GATES, "extra", "wrap"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "allow", "passed", "result", "value"]), inner, max_size=3)
    ),
    max_leaves=8,
)
MEMBERS = st.sampled_from(["allow", "passed", "failed", "obligations"])


@given(st.dictionaries(MEMBERS, ANY, max_size=4), st.booleans())
def test_no_answer_allows_but_the_one_that_proves_every_gate(shop, changes, wrapped):
    value = decision(**changes)
    text = json.dumps(answer(value) if wrapped else value).encode()
    found = decided(shop, asked(), answering(text)).decision
    if found.allow:
        assert set(found.passed) | {"described"} == set(GATES)
        assert found.diagnostics == ()


@given(st.binary(max_size=60))
def test_no_bytes_of_an_evaluator_raise(shop, data):
    assert decided(shop, asked(), answering(data)).decision.allow is False


CORRUPT = [..., None, "", "zzz", [], {}, -1, 1.0, True, 10**15]


def places(value, path=()):
    for name in value:
        yield (*path, name)
        if isinstance(value[name], dict):
            yield from places(value[name], (*path, name))


@pytest.mark.parametrize("corrupt", CORRUPT, ids=repr)
def test_a_corrupted_fact_never_turns_a_deny_into_an_allow(shop, evaluate, corrupt):
    denied = asked(ripe=False)
    for *parents, name in places(asked()["resource"]["properties"]):
        document = json.loads(json.dumps(denied))
        place = document["resource"]["properties"]
        for parent in parents:
            place = place[parent]
        if corrupt is ...:
            del place[name]
        else:
            place[name] = corrupt
        found = decided(shop, document, evaluate).decision
        assert found.allow is (name == "ripe" and corrupt is True)


def about_a_gift(**context):
    return asked(grams=1) | {"context": {"gift": True} | context}


@pytest.mark.parametrize("supported", [["notice"], ["step-up", "notice"]], ids=["just this", "this and another"])
def test_an_allow_whose_obligations_the_caller_can_meet_stays_one(shop, evaluate, supported):
    found = decided(shop, about_a_gift(supported_obligations=supported), evaluate).decision
    assert (found.allow, [each["id"] for each in found.obligations]) == (True, ["wrap"])


@pytest.mark.parametrize("supported", [[], ["step-up"]], ids=["nothing", "something else"])
def test_an_allow_whose_obligations_the_caller_cannot_meet_is_a_deny(shop, evaluate, supported):
    found = decided(shop, about_a_gift(supported_obligations=supported), evaluate)
    assert (found.decision.allow, found.decision.obligations) == (False, ())
    assert found.decision.passed == ("described", "ripe", "weighed")
    assert found.decision.diagnostics == (
        Diagnostic(code="obligation_unsupported", path="context/supported_obligations"),
    )
    assert (found.action_known, found.contract_held) == (True, True)


def test_a_caller_that_can_meet_nothing_is_allowed_what_obliges_to_nothing(shop, evaluate):
    document = asked() | {"context": {"supported_obligations": []}}
    assert decided(shop, document, evaluate).decision.allow is True


def test_what_is_denied_anyway_stays_as_it_is(shop, evaluate):
    document = asked(ripe=False) | {"context": {"gift": True, "supported_obligations": []}}
    found = decided(shop, document, evaluate).decision
    assert (found.allow, found.diagnostics) == (False, ())


@pytest.mark.parametrize("supported", [None, "notice", {"notice": True}, [1]], ids=repr)
def test_a_list_of_obligations_that_is_none_is_a_deny_and_no_policy_is_asked(shop, supported):
    found = decided(shop, about_a_gift(supported_obligations=supported), answering(b"never asked")).decision
    assert found.diagnostics == (Diagnostic(code="fact_type", path="context/supported_obligations"),)


def test_no_policy_sees_which_obligations_a_caller_can_meet(shop, evaluate):
    decided(shop, about_a_gift(supported_obligations=["notice"]), evaluate)
    assert json.loads(evaluate.seen[1])["context"] == {"gift": True}
