"""AuthZEN requests: what must be there, what may, and what is handed on."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pdp.errors import MalformedRequestError, PdpError, TooLargeError
from app.pdp.model import Entity, Environment, EvaluationRequest
from app.pdp.request import document, parse_document, parse_request, verify_request
from app.pdp.strict_json import encode

ASKED = {
    "subject": {"type": "developer", "id": "d-1", "properties": {"country": "DE"}},
    "action": {"name": "marketplace.publish"},
    "resource": {"type": "listing", "id": "l-1", "properties": {"signed": True}},
    "context": {"gift": False},
}
REQUEST = EvaluationRequest(
    subject=Entity(type="developer", id="d-1", properties={"country": "DE"}),
    action="marketplace.publish",
    resource=Entity(type="listing", id="l-1", properties={"signed": True}),
    context={"gift": False},
)
ENVIRONMENT = Environment(time="2026-11-22T14:00:00Z", tenant="default", caller="marketplace")


def changed(path, value):
    """Return the bytes of a good request with the member at `path` set; `...` takes it out."""
    asked = json.loads(json.dumps(ASKED))
    *parents, last = path.split("/")
    place = asked
    for name in parents:
        place = place[name]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return json.dumps(asked, separators=(",", ":")).encode()


def test_a_request_is_read():
    assert parse_request(json.dumps(ASKED).encode()) == REQUEST


@pytest.mark.parametrize("path", ["subject/properties", "resource/properties", "context"])
def test_what_is_optional_is_empty_when_left_out(path):
    request = parse_request(changed(path, ...))
    assert {} in (request.subject.properties, request.resource.properties, request.context)


@pytest.mark.parametrize("path", ["options", "subject/name", "action/note", "resource/owner"])
def test_what_authzen_does_not_name_is_ignored(path):
    assert parse_request(changed(path, {"x": 1})) == REQUEST


def test_how_an_action_is_done_is_kept_beside_its_name():
    request = parse_request(changed("action/properties", {"soft": True}))
    assert request == replace(REQUEST, action_properties={"soft": True})
    assert document(request, ENVIRONMENT)["action"] == {"name": "marketplace.publish", "properties": {"soft": True}}


def test_an_action_of_which_nothing_is_said_is_a_name_alone():
    request = parse_request(changed("action/properties", {}))
    assert document(request, ENVIRONMENT)["action"] == {"name": "marketplace.publish"}


NEEDED = ["subject", "subject/type", "subject/id", "action", "action/name", "resource", "resource/type", "resource/id"]


@pytest.mark.parametrize("path", NEEDED)
def test_what_is_needed_and_missing_is_named(path):
    with pytest.raises(MalformedRequestError) as refused:
        parse_request(changed(path, ...))
    assert (refused.value.code, refused.value.detail) == ("member_missing", f"`{path}` is missing")


@pytest.mark.parametrize("path", [*NEEDED, "subject/properties", "action/properties", "resource/properties", "context"])
@pytest.mark.parametrize("value", [None, 7, True, ["x"]], ids=repr)
def test_what_has_the_wrong_type_is_named(path, value):
    with pytest.raises(MalformedRequestError) as refused:
        parse_request(changed(path, value))
    assert refused.value.code == "member_type"
    assert f"`{path}`" in refused.value.detail


@pytest.mark.parametrize(
    ("path", "longest"),
    [("subject/type", 64), ("resource/type", 64), ("action/name", 128), ("subject/id", 256), ("resource/id", 256)],
)
def test_names_have_a_length(path, longest):
    parse_request(changed(path, "x" * longest))
    for value in ("", "x" * (longest + 1)):
        with pytest.raises(MalformedRequestError) as refused:
            parse_request(changed(path, value))
        assert refused.value.code == "member_length"


@pytest.mark.parametrize("text", ["[]", "1", "null", '"x"'])
def test_a_request_is_an_object(text):
    with pytest.raises(MalformedRequestError) as refused:
        parse_request(text.encode())
    assert refused.value.code == "member_type"


def test_a_request_that_grows_too_large_when_written_again_is_refused():
    body = json.dumps(ASKED | {"context": {"n": 0}}).replace('"n": 0', '"n": [' + ",".join(["1e15"] * 6_000) + "]")
    assert len(body) < 32_768
    with pytest.raises(TooLargeError):
        parse_request(body.encode())


def test_a_document_is_the_request_and_what_the_pdp_states():
    assert document(REQUEST, ENVIRONMENT) == ASKED | {
        "environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"}
    }


def test_a_recorded_document_is_read_as_it_was():
    asked = document(REQUEST, ENVIRONMENT)
    assert parse_document(encode(asked)) == asked


def test_the_largest_request_is_read_back_from_its_record():
    room = 32_768 - len(encode(ASKED)) - len(',"c":""')
    request = parse_request(changed("context/c", "x" * room))
    asked = document(request, ENVIRONMENT)
    assert len(encode(asked)) > 32_768
    assert parse_document(encode(asked)) == asked


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({}, "member_missing"),
        ("now", "member_type"),
        ({"time": "t", "tenant": "default"}, "member_missing"),
        ({"time": "t", "tenant": "default", "caller": 7}, "member_type"),
        ({"time": "", "tenant": "default", "caller": "c"}, "member_length"),
    ],
    ids=["empty", "no object", "no caller", "a caller that is no string", "an empty time"],
)
def test_a_recorded_document_without_its_environment_is_refused(environment, code):
    with pytest.raises(MalformedRequestError) as refused:
        parse_document(changed("environment", environment))
    assert refused.value.code == code


def test_a_request_that_code_built_is_verified():
    assert verify_request(REQUEST) == REQUEST


@pytest.mark.parametrize(
    ("context", "code"),
    [
        ({"at": datetime(2026, 11, 22, tzinfo=UTC)}, "not_json"),
        ({"n": 2**60}, "number_out_of_range"),
        ({"n": 2**80}, "not_json"),
        ({"s": "\ud800"}, "not_json"),
        ({1: "x"}, "not_json"),
        ({"s": "\uffff"}, "forbidden_character"),
    ],
    ids=["a date", "a great integer", "a greater integer", "a surrogate", "a number for a name", "a noncharacter"],
)
def test_a_request_that_code_built_of_what_is_no_json_is_refused(context, code):
    request = EvaluationRequest(subject=REQUEST.subject, action="a.b", resource=REQUEST.resource, context=context)
    with pytest.raises(MalformedRequestError) as refused:
        verify_request(request)
    assert refused.value.code == code


ANY = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda i: st.lists(i, max_size=2))
NAMES = st.sampled_from(["subject", "action", "resource", "context", "environment", "type", "id", "name", "properties"])
NEARLY = st.dictionaries(NAMES, ANY | st.dictionaries(NAMES, ANY), max_size=6)


@given(st.binary(max_size=100) | NEARLY.map(lambda value: json.dumps(value).encode()))
def test_nothing_but_the_packages_errors_comes_out(data):
    for read in (parse_request, parse_document):
        try:
            read(data)
        except PdpError as error:
            assert isinstance(error, MalformedRequestError | TooLargeError)  # noqa: PT017
