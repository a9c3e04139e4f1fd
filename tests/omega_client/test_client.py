"""The clients: an allow is an allow, and everything else is none."""

import asyncio
import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.receipt import issue
from evidence.record import Position
from evidence.writer import Appended
from omega_client import (
    AsyncClient,
    Client,
    ClientError,
    DeniedError,
    Durability,
    Entity,
    Evaluation,
    ObligationError,
    Question,
    ReceiptError,
    RefusedError,
    UnavailableError,
    UnusableAnswerError,
)
from tests.decision_plane.asking import NOW
from tests.evidence.sealing import KEY
from tests.omega_client.answering import APPLE, DENIED, GROCER, UNRIPE, Blocking, Planes, answered, busy, said
from tests.pdp.deciding import CHAIN

SELL = "shop.sell"
LOG = [str(KEY.verifier)]


def test_an_allow_is_returned_with_its_evidence(kind, plane):
    found = kind(Planes(plane)).evaluate(GROCER, SELL, APPLE)
    assert (found.decision, found.decision_id, found.reasons) == (True, f"{CHAIN}-0", ())
    assert (found.evidence.chain, found.evidence.seq, found.evidence.durability) == (CHAIN, 0, Durability.JOURNAL)
    assert plane.log.records[0].body["caller"] == "marketplace"


def test_a_deny_is_returned_with_its_reasons(kind, plane):
    found = kind(Planes(plane)).evaluate(GROCER, SELL, UNRIPE)
    assert (found.decision, [each.id for each in found.reasons]) == (False, ["ripe"])
    assert found.reasons[0].controls == ("soc2/CC8.1", "iso27001/A.8.30")


def test_enforce_returns_an_allow_and_raises_a_deny(kind, plane):
    asking = kind(Planes(plane))
    assert asking.enforce(GROCER, SELL, APPLE).decision is True
    with pytest.raises(DeniedError, match=rf"denied by decision `{CHAIN}-1`: ripe") as found:
        asking.enforce(GROCER, SELL, UNRIPE)
    assert found.value.evaluation.decision_id == f"{CHAIN}-1"


def test_the_context_is_sent(kind, plane):
    asking = kind(Planes(plane), understands={"notice"})
    found = asking.enforce(GROCER, SELL, APPLE, {"gift": True})
    assert [each["id"] for each in found.obligations] == ["wrap"]


def test_an_obligation_that_nobody_understands_is_a_deny_in_the_log_too(kind, plane):
    for number, understood in enumerate(((), {"step-up"})):
        with pytest.raises(DeniedError, match="obligation_unsupported"):
            kind(Planes(plane), understands=understood).enforce(GROCER, SELL, APPLE, {"gift": True})
        assert plane.log.records[number].body["result"]["allow"] is False


@pytest.mark.parametrize("understood", [(), {"step-up"}])
def test_a_service_that_obliges_to_more_than_is_understood_allows_nothing(kind, understood):
    handle, asked = said(answered(obligations=[{"id": "wrap", "type": "notice"}]))
    with pytest.raises(ObligationError, match="notice") as found:
        kind(handle, understands=understood).evaluate(GROCER, SELL, APPLE)
    assert found.value.types == {"notice"}
    assert json.loads(asked[0].content)["context"] == {"supported_obligations": sorted(understood)}


def test_an_obligation_beside_a_deny_is_told(kind):
    handle, _ = said(answered(decision=False, obligations=[{"id": "ask", "type": "step-up"}]))
    assert kind(handle).evaluate(GROCER, SELL, APPLE).obligation_types == {"step-up"}


def test_a_receipt_is_checked_by_the_key_of_the_log(kind, plane):
    found = kind(Planes(plane), log_keys=LOG).evaluate(GROCER, SELL, APPLE, receipt=True)
    assert found.evidence.receipt.startswith("{")


def receipted(seq=3, leaf="ab" * 32, key=KEY):
    position = Position(chain="01a203ec17c0f73dc8f6", seq=seq)
    return answered(
        evidence=DENIED["context"]["evidence"]
        | {"receipt": issue([Appended(position=position, leaf=leaf)], key, NOW).decode()}
    )


OTHER = type(KEY)(origin="other.example/log", private_key=KEY.private_key)
RECEIPTS = {
    "none": (answered(), "has no receipt"),
    "of another number": (receipted(seq=4), "another record"),
    "of another hash": (receipted(leaf="cd" * 32), "another record"),
    "of another log": (receipted(key=OTHER), "does not hold"),
    "no note": (answered(evidence=DENIED["context"]["evidence"] | {"receipt": "x"}), "does not hold"),
    "no text": (answered(evidence=DENIED["context"]["evidence"] | {"receipt": "\ud800"}), "does not hold"),
}


@pytest.mark.parametrize(("answer", "message"), RECEIPTS.values(), ids=RECEIPTS)
def test_a_receipt_that_does_not_hold_is_no_allow(kind, answer, message):
    handle, _ = said(answer)
    with pytest.raises(ReceiptError, match=message):
        kind(handle, log_keys=LOG).evaluate(GROCER, SELL, APPLE, receipt=True)


def test_a_receipt_is_not_asked_for_where_nobody_could_check_it(kind):
    handle, asked = said()
    with pytest.raises(ReceiptError, match="log_keys"):
        kind(handle).evaluate(GROCER, SELL, APPLE, receipt=True)
    assert asked == []


def test_what_was_asked_for_locked_has_to_be(kind):
    locked = answered(evidence=DENIED["context"]["evidence"] | {"durability": "locked"})
    handle, asked = said(locked, answered())
    asking = kind(handle)
    assert asking.evaluate(GROCER, SELL, APPLE, durability=Durability.LOCKED).decision
    assert asked[0].url.query == b"durability=locked"
    with pytest.raises(UnusableAnswerError, match="not locked"):
        asking.evaluate(GROCER, SELL, APPLE, durability=Durability.LOCKED)


def test_a_503_that_says_when_is_asked_again_with_growing_pauses(kind):
    handle, asked = said(busy(), busy(), answered())
    asking = kind(handle, jitter=lambda: 1.0)
    assert asking.evaluate(GROCER, SELL, APPLE).decision
    assert asking.slept == [1.5, 3.0]
    assert len({each.content for each in asked}) == 1


NO_ANSWER = {
    "too often": ([busy()] * 3, {}, 2),
    "without saying when": ([busy(None)], {}, 0),
    "a date": ([busy("Wed, 21 Oct 2026 07:28:00 GMT")], {}, 0),
    "too late": ([busy("6")], {}, 0),
    "a number without end": ([busy("9" * 5_000)], {}, 0),
    "one attempt": ([busy()], {"attempts": 1}, 0),
    "no attempt": ([busy()], {"attempts": 0}, 0),
    "a fault": (
        [httpx.Response(500, json={"type": "urn:omega:problem:internal"}, headers={"retry-after": "1"})],
        {},
        0,
    ),
    "a proxy's own page": ([httpx.Response(502, content=b"<html>")], {}, 0),
    "nobody there": ([httpx.ConnectError("no")], {}, 0),
    "a time-out": ([httpx.ReadTimeout("no")], {}, 0),
    "cut off": ([httpx.RemoteProtocolError("no")], {}, 0),
}


@pytest.mark.parametrize(("answers", "options", "pauses"), NO_ANSWER.values(), ids=NO_ANSWER)
def test_no_answer_is_no_allow(kind, answers, options, pauses):
    handle, _ = said(*answers)
    asking = kind(handle, **options)
    with pytest.raises(UnavailableError):
        asking.evaluate(GROCER, SELL, APPLE)
    assert len(asking.slept) == pauses


@pytest.mark.parametrize(
    ("token", "properties", "refused"),
    [("wrong", {}, (401, "unauthenticated")), ("a-token", {"x": "\ufdd0"}, (400, "malformed_request"))],
)
def test_a_refusal_is_raised_as_what_it_is(kind, plane, token, properties, refused):
    asking = kind(Planes(plane), token=lambda: token)
    with pytest.raises(RefusedError, match=refused[1]) as found:
        asking.evaluate(GROCER, SELL, Entity(type="fruit", id="a", properties=properties))
    assert (found.value.status, found.value.code) == refused


@pytest.mark.parametrize("content", [b"", b"[]", b'{"type": 1}'])
@pytest.mark.parametrize("status", [302, 404])
def test_a_refusal_need_not_be_a_problem_document(kind, status, content):
    handle, _ = said(httpx.Response(status, content=content, headers={"location": "http://127.0.0.1/x"}))
    with pytest.raises(RefusedError, match=f"{status} `unknown`"):
        kind(handle).evaluate(GROCER, SELL, APPLE)


NO_DECISIONS = {
    "nothing": b"",
    "no JSON": b"{",
    "no text": b"\xff",
    "too deep": b"[" * 100_000,
    "too large": b" " * ((4 << 20) + 1),
    "a decision twice": b'{"decision": false, "decision": true}',
    "no object": [],
    "no decision": {"context": {}},
    "a decision that is a number": {"decision": 1},
    "an allow without evidence": {"decision": True},
    "an allow that is an error": {"decision": True, "context": {"error": {"message": "x"}}},
    "a context that is none": {"decision": True, "context": []},
    "no decision id": answered(decision_id=None),
    "no evidence": answered(evidence=None),
    "evidence of no known durability": answered(evidence=DENIED["context"]["evidence"] | {"durability": "perhaps"}),
    "evidence without a number": answered(evidence=DENIED["context"]["evidence"] | {"seq": True}),
    "a receipt that is no text": answered(evidence=DENIED["context"]["evidence"] | {"receipt": 1}),
    "no obligations": answered(obligations=None),
    "an obligation without type": answered(obligations=[{"id": "x"}]),
    "a reason that is text": answered(reasons=["x"]),
    "a diagnostic that is text": answered(diagnostics=["x"]),
}


@pytest.mark.parametrize("answer", NO_DECISIONS.values(), ids=NO_DECISIONS)
def test_what_is_no_decision_is_no_allow(kind, answer):
    handle, _ = said(answer)
    with pytest.raises(UnusableAnswerError):
        kind(handle).evaluate(GROCER, SELL, APPLE)


QUESTIONS = [Question(subject=GROCER, action=SELL, resource=each) for each in (APPLE, UNRIPE)]


def test_several_questions_are_asked_at_once(kind):
    error = {"decision": False, "context": {"error": {"status": 400, "message": "no subject"}}}
    handle, asked = said({"evaluations": [answered(), error]})
    allow, deny = kind(handle).evaluate_all(QUESTIONS)
    assert (allow.decision, deny.decision, deny.error, deny.decision_id) == (True, False, "no subject", "")
    assert asked[0].url.path == "/access/v1/evaluations"
    sent = json.loads(asked[0].content)["evaluations"]
    assert [each["resource"]["properties"]["ripe"] for each in sent] == [True, False]


def test_several_questions_are_decided_and_receipted_at_once(kind, plane):
    allow, deny = kind(Planes(plane), log_keys=LOG).evaluate_all(QUESTIONS, receipt=True)
    assert (allow.decision, deny.decision, deny.reasons[0].id) == (True, False, "ripe")
    assert allow.evidence.receipt == deny.evidence.receipt
    assert len(plane.log.records) == 2


def test_a_receipt_that_names_one_of_two_is_none(kind, plane):
    whole = kind(Planes(plane), log_keys=LOG).evaluate(GROCER, SELL, APPLE, receipt=True)
    handle, _ = said(
        {
            "evaluations": [answered(), answered()],
            "context": {"evidence": {"receipt": whole.evidence.receipt}},
        }
    )
    with pytest.raises(ReceiptError, match="another record"):
        kind(handle, log_keys=LOG).evaluate_all(QUESTIONS, receipt=True)


def test_no_question_needs_no_answer(kind):
    handle, asked = said()
    assert kind(handle).evaluate_all([]) == ()
    assert asked == []


@pytest.mark.parametrize("answer", [[], {}, {"evaluations": {}}, {"evaluations": []}, {"evaluations": [answered()]}])
def test_fewer_answers_than_questions_are_none(kind, answer):
    handle, _ = said(answer)
    with pytest.raises(UnusableAnswerError):
        kind(handle).evaluate_all(QUESTIONS)


@pytest.mark.parametrize("value", [object(), float("nan"), {1, 2}])
def test_what_json_does_not_have_is_not_sent(kind, value):
    handle, asked = said()
    with pytest.raises(ClientError, match="JSON"):
        kind(handle).evaluate(GROCER, SELL, Entity(type="fruit", id="a", properties={"x": value}))
    assert asked == []


@pytest.mark.parametrize("token", ["ü", "\ud800"])
def test_a_token_that_is_none_is_not_sent(kind, token):
    handle, _ = said()
    with pytest.raises(ClientError, match="token"):
        kind(handle, token=token).evaluate(GROCER, SELL, APPLE)


def test_a_key_that_is_none_is_refused_at_once(kind):
    with pytest.raises(ClientError, match="log_keys"):
        kind(said()[0], log_keys=["x"])


def test_a_service_that_has_no_address_does_not_answer():
    with Client("nowhere", "t") as client, pytest.raises(UnavailableError):
        client.evaluate(GROCER, SELL, APPLE)
    with Client("http://[::", "t") as client, pytest.raises(ClientError, match="URL"):
        client.evaluate(GROCER, SELL, APPLE)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*DENIED, *DENIED["context"]]), inner),
    max_leaves=8,
)


@given(value=JSON)
def test_any_answer_is_an_evaluation_or_unusable(value):
    try:
        found = Evaluation.parse(value)
    except UnusableAnswerError:
        return
    assert found.decision is False  # an allow has evidence, which chance does not make


@given(data=st.binary(max_size=40), status=st.integers(200, 599))
def test_any_bytes_are_no_allow(data, status):
    handle, _ = said(httpx.Response(status, content=data))
    with pytest.raises(ClientError):
        Blocking(handle, attempts=1).evaluate(GROCER, SELL, APPLE)


def test_the_clients_close_what_they_opened():
    async def closed():
        async with AsyncClient("http://127.0.0.1:1", "t") as client:
            return client

    assert asyncio.run(closed())._http.is_closed
    with Client("http://127.0.0.1:1", "t") as client:
        pass
    assert client._http.is_closed
