"""Many questions in one message: defaults, semantics, errors of one of them, and one record for each that was asked."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.decision_plane.batch import MAX_BATCH_BYTES, MOST, Semantic, parse_batch
from app.pdp.errors import MalformedRequestError, TooLargeError
from evidence.errors import JournalError
from tests.decision_plane.asking import BEARER, JSON, Plane, body

PATH = "/access/v1/evaluations"
WHOLE = json.loads(body())
RIPE = WHOLE["resource"]
UNRIPE = json.loads(body(ripe=False))["resource"]
NOTHING = {name: value for name, value in WHOLE.items() if name != "resource"}


def message(*resources, semantic=None, **members):
    """Return a message about resources, everything else by default; None is an item that has none."""
    items = [{} if each is None else {"resource": each} for each in resources]
    options = {"options": {"evaluations_semantic": semantic}} if semantic else {}
    return json.dumps(NOTHING | {"evaluations": items} | options | members).encode()


def ask(plane, data, **options):
    return plane.ask(data, path=PATH, **options)


def decisions(answer):
    assert answer.status == 200
    return [each["decision"] for each in answer.document["evaluations"]]


def test_each_question_is_answered_in_its_place_and_recorded(plane):
    answer = ask(plane, message(RIPE, UNRIPE, RIPE))
    assert decisions(answer) == [True, False, True]
    assert answer.document.keys() == {"evaluations"}
    contexts = [each["context"] for each in answer.document["evaluations"]]
    assert [each["evidence"]["seq"] for each in contexts] == [0, 1, 2]
    assert [each["reasons"][0]["id"] for each in contexts if each["reasons"]] == ["ripe"]
    assert [record.body["result"]["allow"] for record in plane.log.records] == [True, False, True]


@pytest.mark.parametrize("evaluations", [..., []], ids=["no list", "an empty list"])
def test_without_questions_in_a_list_the_message_is_one(plane, evaluations):
    data = WHOLE if evaluations is ... else WHOLE | {"evaluations": evaluations}
    answer = ask(plane, json.dumps(data).encode())
    assert (answer.status, answer.document["decision"]) == (200, True)
    assert len(plane.log.records) == 1


def test_the_one_question_stays_within_the_size_of_a_request(plane):
    answer = ask(plane, json.dumps(WHOLE | {"note": "x" * 32_768}).encode())
    assert (answer.status, answer.code) == (413, "request_too_large")


@pytest.mark.parametrize(
    ("semantic", "resources", "expected"),
    [
        pytest.param("execute_all", [UNRIPE, RIPE], [False, True], id="all of them"),
        pytest.param("deny_on_first_deny", [RIPE, UNRIPE, RIPE], [True, False], id="up to the first deny"),
        pytest.param("deny_on_first_deny", [RIPE, RIPE], [True, True], id="no deny"),
        pytest.param("permit_on_first_permit", [UNRIPE, RIPE, UNRIPE], [False, True], id="up to the first permit"),
        pytest.param("permit_on_first_permit", [UNRIPE], [False], id="no permit"),
    ],
)
def test_what_comes_after_the_question_that_settles_it_is_not_asked(plane, semantic, resources, expected):
    assert decisions(ask(plane, message(*resources, semantic=semantic))) == expected
    assert [record.body["result"]["allow"] for record in plane.log.records] == expected


@pytest.mark.parametrize(
    ("semantic", "resources", "expected", "kinds"),
    [
        pytest.param(
            "execute_all", [RIPE, None, RIPE], [True, False, True], ["decision"] * 2 + ["request.refused"], id="all"
        ),
        pytest.param(
            "deny_on_first_deny", [RIPE, None, UNRIPE, None], [True, False], ["decision", "request.refused"], id="deny"
        ),
        pytest.param(
            "permit_on_first_permit", [None, RIPE, None], [False, True], ["decision", "request.refused"], id="permit"
        ),
        pytest.param("deny_on_first_deny", [UNRIPE, None], [False], ["decision"], id="a deny before"),
        pytest.param("deny_on_first_deny", [None, RIPE], [False], ["request.refused"], id="at once"),
    ],
)
def test_an_item_that_is_no_question_is_a_deny_of_its_own(plane, semantic, resources, expected, kinds):
    answer = ask(plane, message(*resources, semantic=semantic))
    assert decisions(answer) == expected
    assert [record.type for record in plane.log.records] == kinds
    errors = [each["context"]["error"] for each in answer.document["evaluations"] if "error" in each["context"]]
    missing = {"status": 400, "message": "member_missing: `resource` is missing"}
    assert errors == [missing] * kinds.count("request.refused")


def test_an_item_that_is_no_object_is_a_deny_of_its_own(plane):
    answer = ask(plane, message(evaluations=[7]))
    assert decisions(answer) == [False]
    assert answer.document["evaluations"][0]["context"]["error"]["status"] == 400


def test_refusals_of_items_are_recorded_as_often_as_those_of_requests(plane):
    ask(plane, message(*[None] * 9))
    assert len(plane.log.records) == 5


def test_an_item_that_is_too_large_is_a_deny_of_its_own(plane):
    large = RIPE | {"properties": {"note": "x" * 32_768}}
    answer = ask(plane, message(RIPE, large))
    assert decisions(answer) == [True, False]
    assert answer.document["evaluations"][1]["context"]["error"]["status"] == 413
    assert len(plane.log.records) == 1


DEFAULTS = [
    pytest.param({"resource": {"type": "a", "id": "1"}}, {}, {"type": "a", "id": "1", "properties": {}}, id="taken"),
    pytest.param(
        {"resource": {"type": "a", "id": "1", "properties": {"x": 1}}},
        {"resource": {"type": "b", "id": "2"}},
        {"type": "b", "id": "2", "properties": {}},
        id="replaced as a whole",
    ),
    pytest.param(
        {"resource": {"type": "a", "id": "1", "properties": {"x": 1}}},
        {"resource": {"id": "2", "properties": {"y": 2}}},
        {"type": "a", "id": "2", "properties": {"y": 2}},
        id="what it cannot do without is filled in, properties are not",
    ),
    pytest.param(
        {"resource": 7}, {"resource": {"type": "b", "id": "2"}}, {"type": "b", "id": "2", "properties": {}}, id="no use"
    ),
]


@pytest.mark.parametrize(("defaults", "item", "expected"), DEFAULTS)
def test_defaults(defaults, item, expected):
    data = NOTHING | defaults | {"evaluations": [item]}
    (found,) = parse_batch(json.dumps(data).encode()).items
    assert {"type": found.resource.type, "id": found.resource.id, "properties": found.resource.properties} == expected


def test_a_context_is_replaced_as_a_whole():
    data = WHOLE | {"context": {"a": 1}, "evaluations": [{}, {"context": {"b": 2}}]}
    assert [each.context for each in parse_batch(json.dumps(data).encode()).items] == [{"a": 1}, {"b": 2}]


WRONG = [
    pytest.param(b"[]", "member_type", id="no object"),
    pytest.param(b"{", "not_json", id="no JSON"),
    pytest.param(message(evaluations={}), "member_type", id="evaluations that are no list"),
    pytest.param(message(*[RIPE] * (MOST + 1)), "too_many_evaluations", id="too many"),
    pytest.param(message(RIPE, options=[]), "member_type", id="options that are no object"),
    pytest.param(message(RIPE, semantic="first"), "unknown_semantic", id="a semantic that there is not"),
    pytest.param(message(RIPE, options={"evaluations_semantic": []}), "unknown_semantic", id="a semantic of no type"),
]


@pytest.mark.parametrize(("data", "code"), WRONG)
def test_a_message_that_is_wrong_as_a_whole_is_refused_and_recorded(plane, data, code):
    answer = ask(plane, data)
    assert (answer.status, answer.code) == (400, "malformed_request")
    assert answer.document["detail"].startswith(f"{code}: ")
    assert [record.body["reason"] for record in plane.log.records] == [code]


def test_a_message_of_another_type_is_refused(plane):
    assert ask(plane, message(RIPE), headers=[BEARER]).status == 400


def test_a_message_that_is_too_large_is_refused(plane):
    assert ask(plane, message(RIPE) + b" " * MAX_BATCH_BYTES).code == "request_too_large"


def test_nobody_asks_without_a_token(plane):
    assert ask(plane, message(RIPE), headers=[JSON]).code == "unauthenticated"


def test_options_that_the_message_names_and_nobody_knows_are_ignored(plane):
    assert decisions(ask(plane, message(RIPE, options={"another": 1}))) == [True]


def test_one_receipt_is_for_all(plane):
    answer = ask(plane, message(RIPE, None, UNRIPE), query=b"receipt=true")
    note = answer.document["context"]["evidence"]["receipt"]
    for each in (answer.document["evaluations"][0], answer.document["evaluations"][2]):
        assert each["context"]["evidence"]["leaf_hash"] in note


def test_of_what_was_not_asked_there_is_no_receipt(plane):
    assert "context" not in ask(plane, message(None), query=b"receipt=true").document


def test_every_record_is_as_safe_as_was_asked(plane):
    answer = ask(plane, message(RIPE, UNRIPE), query=b"durability=locked")
    assert {each["context"]["evidence"]["durability"] for each in answer.document["evaluations"]} == {"locked"}
    assert plane.log.locked_to == 1


@pytest.mark.parametrize("query", [b"explain=true", b"what=ever"])
def test_what_a_batch_has_not_is_refused(plane, query):
    answer = ask(plane, message(RIPE), query=query)
    assert (answer.status, answer.code) == (400, "malformed_request")
    assert plane.log.data == []


def test_no_evidence_no_answer_to_any(plane):
    plane.log.failing = JournalError("no disk")
    assert ask(plane, message(RIPE, UNRIPE)).code == "evidence_unavailable"


def test_a_batch_takes_as_many_places_as_it_has_questions(shop):
    plane = Plane(shop, in_flight=4)
    by = plane.app._by
    with by.places("default", 2):
        assert by._places.free == 3
    by._places.free = 2
    assert ask(plane, message(RIPE, RIPE, RIPE)).code == "overloaded"
    assert by._places.free == 2
    assert decisions(ask(plane, message(RIPE, RIPE))) == [True, True]
    by._places.free = 4
    assert decisions(ask(plane, message(*[RIPE] * 9))) == [True] * 9
    assert by._places.free == 4


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["evaluations", "subject", "resource", "type", "id", "options", "evaluations_semantic"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=40)
)
def test_bytes_are_a_batch_or_no_batch_or_one_of_two_errors(data):
    try:
        found = parse_batch(data)
    except (MalformedRequestError, TooLargeError):
        return
    assert found is None or found.semantic in Semantic
