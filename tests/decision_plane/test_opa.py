"""OPA's REST API: what its clients ask, and what they are answered."""

import json
import re
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.decision_plane.opa.endpoints import MAX_INPUTS
from evidence.errors import JournalError
from tests.decision_plane.asking import BEARER, JSON, Plane
from tests.decision_plane.asking import body as evaluation
from tests.pdp.deciding import CHAIN, GONE
from tests.pdp.served import ALLOWED, DENIED, SERVED
from tests.pdp.shop import stocked

AUTHZ = "/v1/data/http/authz"
READER = ((b"authorization", b"Bearer a-reader"), JSON)
STRANGER = ((b"authorization", b"Bearer stranger"), JSON)
SALE = json.loads(evaluation())


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    return stocked(tmp_path_factory.mktemp("served"), SERVED)


@pytest.fixture
def plane(served):
    return Plane(served)


def post(plane, path, value, **more):
    return plane.ask(json.dumps(value).encode(), path=path, **more)


def ask(plane, path, **more):
    return plane.ask(path=path, method="GET", **more)


def error(answer):
    """Return code and message, having checked their form."""
    assert answer.headers[b"content-type"] == b"application/json"
    assert answer.document.keys() == {"code", "message"}
    return answer.document["code"], answer.document["message"]


@pytest.mark.parametrize(("given", "allow"), [(ALLOWED, True), (DENIED, False)], ids=["allow", "deny"])
def test_an_arbitrary_input_is_decided_and_recorded(plane, given, allow):
    answer = post(plane, f"{AUTHZ}/allow", {"input": given})
    assert answer.status == 200
    assert answer.document == {"decision_id": f"{CHAIN}-0", "result": allow}
    (record,) = plane.log.records
    assert (record.body["action"], record.body["result"]["allow"]) == ("http.authz", allow)


def test_the_document_of_a_package_is_the_decision_that_was_recorded(plane):
    result = post(plane, AUTHZ, {"input": DENIED}).document["result"]
    (record,) = plane.log.records
    assert result == {"allow": False, "decision": record.body["result"]}
    assert result["decision"]["failed"] == ["own"]


@pytest.mark.parametrize(
    ("rest", "result"),
    [
        ("allow", {"result": False}),
        ("decision/allow", {"result": False}),
        ("decision/failed", {"result": ["own"]}),
        ("decision/failed/0", {"result": "own"}),
        ("decision/failed/7", {}),
        ("decision/violations/0/message", {"result": "the salary is one's own"}),
        ("decision/violations/x", {}),
        ("decision/allow/x", {}),
    ],
)
def test_a_path_leads_into_the_document(plane, rest, result):
    answer = post(plane, f"{AUTHZ}/{rest}", {"input": DENIED})
    assert answer.status == 200
    assert answer.document == {"decision_id": f"{CHAIN}-0"} | result


@pytest.mark.parametrize(
    "path", ["", "/", "/http", "/http/authz/deny", "/http/authz/allow/x", "/http.authz", "/lib/gates"]
)
def test_a_path_without_entrypoint_is_not_served(plane, path):
    answer = post(plane, f"/v1/data{path}", {"input": ALLOWED})
    assert answer.status == (404 if path else 405)
    assert error(answer)[0] == ("resource_not_found" if path else "invalid_operation")
    assert plane.log.data == []


def test_a_package_without_the_annotation_is_not_served(shop):
    assert post(Plane(shop), "/v1/data/shop/sell/allow", {"input": SALE}).status == 404


def test_an_input_may_be_a_request(plane):
    assert post(plane, "/v1/data/shop/sell/allow", {"input": SALE}).document["result"] is True
    answer = post(plane, "/v1/data/shop/sell/allow", {"input": SALE | {"action": {"name": "http.authz"}}})
    assert (answer.status, error(answer)[0]) == (400, "invalid_parameter")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "not_json", id="nothing"),
        pytest.param(b"{", "not_json", id="no JSON"),
        pytest.param(b"[]", "member_type", id="no object"),
        pytest.param(b"{}", "member_missing", id="no input"),
        pytest.param(b'{"input": 7}', "member_type", id="an input that is a number"),
        pytest.param(b'{"input": {"path": "x"}}', "member_missing", id="no user"),
        pytest.param(b'{"input": {"a": 1, "a": 2}}', "duplicate_name", id="a name twice"),
    ],
)
def test_what_is_no_input_is_refused_and_recorded(plane, body, reason):
    answer = plane.ask(body, path=AUTHZ)
    assert answer.status == 400
    code, message = error(answer)
    assert code == "invalid_parameter"
    assert message.startswith(f"{reason}: ")
    (record,) = plane.log.records
    assert (record.type, record.body["reason"]) == ("request.refused", reason)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ((b"content-type", b"application/x-www-form-urlencoded"), 200),
        ((b"content-type", b"application/x-yaml"), 400),
        ((b"content-encoding", b"gzip"), 400),
        ((b"content-encoding", b"identity"), 200),
    ],
)
def test_a_body_is_json_whatever_it_says_but_for_yaml(plane, header, status):
    assert post(plane, AUTHZ, {"input": ALLOWED}, headers=(BEARER, header)).status == status


def test_nobody_is_answered_without_a_token(plane):
    for path, method in [(AUTHZ, "POST"), (AUTHZ, "GET"), ("/v1/query", "POST"), ("/v1/policies", "GET")]:
        answer = plane.ask(b"{}", path=path, method=method, headers=(JSON,))
        assert (answer.status, error(answer)[0]) == (401, "unauthorized")
        assert answer.headers[b"www-authenticate"] == b"Bearer"


def test_a_caller_that_is_not_registered_is_denied_on_record(plane):
    decision = post(plane, AUTHZ, {"input": ALLOWED}, headers=STRANGER).document["result"]["decision"]
    assert [each["code"] for each in decision["diagnostics"]] == ["caller_not_registered"]
    assert len(plane.log.records) == 1


def test_a_get_has_its_input_in_the_query(plane):
    query = urlencode({"input": json.dumps(ALLOWED), "pretty": True}).encode()
    answer = ask(plane, f"{AUTHZ}/allow", query=query)
    assert answer.document["result"] is True
    assert b"\n  " in answer.body
    assert error(ask(plane, AUTHZ))[1] == "member_missing: `input` is missing"
    assert error(ask(plane, AUTHZ, query=b"input={"))[1].startswith("not_json: ")
    assert error(ask(plane, AUTHZ, query=b"input=%ff"))[1].startswith("not_a_query: ")


@pytest.mark.parametrize(
    ("query", "more"),
    [
        (b"", set()),
        (b"metrics", {"metrics"}),
        (b"metrics=True", {"metrics"}),
        (b"instrument=true", {"metrics"}),
        (b"metrics=false&provenance=true", {"provenance"}),
        (b"strict-builtin-errors=true&nobody-knows=1&explain=off", set()),
    ],
)
def test_what_stands_beside_a_result_if_asked_for(plane, query, more):
    document = post(plane, AUTHZ, {"input": ALLOWED}, query=query).document
    assert document.keys() == {"result", "decision_id"} | more
    for name, spent in document.get("metrics", {}).items():
        assert re.fullmatch(r"timer_[a-z_]+_ns", name)
        assert type(spent) is int
        assert spent >= 0
    if "provenance" in more:
        revision = {"revision": "r1", "digest": plane.bundle.digest}
        assert document["provenance"]["bundles"] == {"omega": revision}


def explained(plane, explain, **more):
    query = urlencode({"explain": explain} | more).encode()
    return post(plane, AUTHZ, {"input": DENIED}, headers=READER, query=query)


def test_an_explanation_tells_the_rules_that_fired(plane):
    events = explained(plane, "full").document["explanation"]
    rules = [(each["op"], each["node"]["head"]["key"]["value"]) for each in events if each["op"] != "note"]
    assert rules == [("fail", "own"), ("exit", "reads")]
    assert events[-1]["location"]["file"] == "rego/http/authz.rego"
    assert "bob" not in json.dumps(events)
    notes = [each["message"] for each in explained(plane, "notes").document["explanation"]]
    assert notes[0] == "own: failed: the salary is one's own"
    assert notes[-1] == "for an allow: own: the salary is one's own"
    (fail,) = explained(plane, "fails", pretty="true").document["explanation"]
    assert re.fullmatch(r"fail rego/http/authz\.rego:[0-9]+ passed\[own\]", fail)
    assert "note own: failed: the salary is one's own" in explained(plane, "debug", pretty="").document["explanation"]


def test_an_explanation_tells_why_no_policy_answered(plane):
    query = b"explain=notes"
    answer = post(plane, AUTHZ, {"input": {"user": "x", "path": "y"}}, headers=READER, query=query)
    assert "fact_missing context/method" in [each["message"] for each in answer.document["explanation"]]


def test_an_explanation_is_for_those_who_may_have_one(plane):
    answer = post(plane, AUTHZ, {"input": ALLOWED}, query=b"explain=full")
    assert (answer.status, error(answer)[0]) == (403, "unauthorized")
    assert plane.log.data == []


def test_a_webhook_sends_the_input_alone_and_gets_the_result_alone(plane):
    assert post(plane, "/v0/data/http/authz/allow", ALLOWED).document is True
    undefined = post(plane, "/v0/data/http/authz/decision/failed/9", ALLOWED)
    assert error(undefined) == ("resource_not_found", "the document is undefined")
    assert post(plane, "/v0/data/http/authz/allow", []).status == 400


def example(package, rule, **places):
    """Return the METADATA and a policy of one gate: the flag is set."""
    stated = json.dumps({"rule": rule, "input": places})
    gate = "# METADATA\n# title: set\n# custom: {severity: low, enforcement: blocking, controls: [soc2/CC6.3]}"
    return f"""# METADATA
# entrypoint: true
# custom: {stated}
package {package}

import rego.v1

import data.lib.gates

required := {{"flagged"}}

{gate}
passed contains "flagged" if input.context.flag == true

passed contains "flagged" if input.subject.id == "alice"

decision := gates.decision("{package}", required, passed, [])
"""


def contract(name, kind):
    entity = {"type": "object", "required": ["type"], "properties": {"type": {"const": kind}}}
    flag = {"type": "object", "properties": {"flag": {"type": "boolean"}}}
    return {
        f"rego/{name}.schema.json": json.dumps(
            {
                "type": "object",
                "required": ["subject", "resource"],
                "properties": {"subject": entity | {"properties": entity["properties"] | {"id": ID}}, "resource": ANY}
                | {"context": flag},
            }
        )
    }


ID = {"type": "string", "maxLength": 64}
ANY = {"type": "object", "required": ["type"], "properties": {"type": {"const": "any"}}}


@pytest.fixture(scope="session")
def examples(tmp_path_factory):
    """Return the policies of OPA's documentation: `allow_request` of `opa.examples`, `main` of `system`."""
    everything = {"type": "any", "id": "all"}
    flagged = {"subject": {"type": "user", "id": "nobody"}, "resource": everything, "context": "input.example"}
    greeted = {"subject": {"type": "user", "id": "input.user"}, "resource": everything}
    caller = {"tenant": "default", "actions": ["opa.examples", "system"], "subject_types": ["user"]}
    files = {
        "rego/opa/examples.rego": example("opa.examples", "allow_request", **flagged),
        "rego/system.rego": example("system", "main", **greeted),
        "data/callers.json": json.dumps({"marketplace": caller}),
    }
    files |= contract("opa/examples", "user") | contract("system", "user")
    return Plane(stocked(tmp_path_factory.mktemp("examples"), files))


@pytest.mark.parametrize(
    ("path", "sent", "answered"),
    [
        ("/v1/data/opa/examples/allow_request", {"input": {"example": {"flag": True}}}, True),
        ("/v1/data/opa/examples/allow_request", {"input": {"example": {"flag": False}}}, False),
        ("/v0/data/opa/examples/allow_request", {"example": {"flag": True}}, True),
        ("/", {"user": ["alice"]}, True),
        ("/", {"user": ["bob"]}, False),
    ],
)
def test_the_requests_of_opas_documentation(examples, path, sent, answered):
    document = post(examples, path, sent).document
    assert (document["result"] if path.startswith("/v1") else document) is answered


def test_a_rule_is_served_under_its_own_name_alone(examples):
    assert post(examples, "/v1/data/opa/examples/allow", {"input": {}}).status == 404
    whole = post(examples, "/v1/data/opa/examples", {"input": {}}).document["result"]
    assert whole.keys() == {"allow_request", "decision"}
    text = 'data.opa.examples.allow_request = x with input as {"example": {"flag": true}}'
    assert query(examples, text).document["result"] == [{"x": True}]


def test_nothing_is_decided_by_default_where_there_is_no_system(plane):
    assert post(plane, "/", {}).status == 404
    assert post(plane, "/nowhere", {}).code == "not_found"


def batch(plane, value, **more):
    return post(plane, "/v1/batch/data/http/authz/allow", value, **more)


def test_a_batch_is_answered_input_by_input(plane):
    answer = batch(plane, {"inputs": {"a": ALLOWED, "b": DENIED}}, query=b"metrics&provenance")
    assert answer.status == 200
    assert {name: each["result"] for name, each in answer.document["responses"].items()} == {"a": True, "b": False}
    assert all("provenance" in each for each in answer.document["responses"].values())
    assert "metrics" in answer.document
    assert len(plane.log.records) == 2


def test_what_is_no_input_in_a_batch_is_told_in_its_place(plane):
    answer = batch(plane, {"inputs": {"a": {}, "b": ALLOWED}})
    assert answer.status == 207
    assert list(answer.document["responses"]) == ["a", "b"]
    refused, decided = answer.document["responses"].values()
    assert (refused["code"], refused["http_status_code"]) == ("invalid_parameter", "400")
    assert (decided["result"], decided["http_status_code"]) == (True, "200")
    assert [record.type for record in plane.log.records] == ["request.refused", "decision"]


def test_inputs_may_share_a_part(plane):
    common = {"method": "GET", "path": ["finance", "salary", "alice"], "more": {"a": 1}}
    inputs = {"a": {"user": "alice", "more": {"b": 2}}, "b": {"user": "alice", "method": "PUT"}}
    answer = batch(plane, {"common_input": common, "inputs": inputs})
    assert [each["result"] for each in answer.document["responses"].values()] == [True, False]


@pytest.mark.parametrize(
    "value",
    [{}, {"inputs": []}, {"inputs": {str(each): {} for each in range(MAX_INPUTS + 1)}}, []],
    ids=["none", "a list", "too many", "no object"],
)
def test_what_is_no_batch_is_refused_whole(plane, value):
    assert (batch(plane, value).status, len(plane.log.records)) == (400, 1)


def test_an_empty_batch_asks_nothing(plane):
    assert batch(plane, {"inputs": {}}).document == {"responses": {}}


def test_a_batch_that_the_log_does_not_take_permits_nothing(plane):
    plane.log.refusing = JournalError("full")
    answer = batch(plane, {"inputs": {"a": ALLOWED, "b": ALLOWED}})
    assert (answer.status, error(answer)[0]) == (503, "internal_error")


def test_nobody_who_decides_is_an_error_in_opas_form(plane):
    plane.fakes.engines.error = GONE
    for answer in (post(plane, AUTHZ, {"input": ALLOWED}), batch(plane, {"inputs": {"a": ALLOWED}})):
        assert (answer.status, error(answer)[0]) == (503, "internal_error")
        assert answer.headers[b"retry-after"] == b"1"


# Queries -------------------------------------------------------------------------------------------------------------

ALLOW = "data.http.authz.allow"
SHOWN = 'data.servers[i].ports[_] = "p2"; data.servers[i].name = name'


def query(plane, text, given=None, **more):
    return post(plane, "/v1/query", {"query": text} | ({} if given is None else {"input": given}), **more)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (f"{ALLOW} = x", [{"x": True}]),
        (f"x := {ALLOW}", [{"x": True}]),
        (ALLOW, [{}]),
        (f"{ALLOW} == true", [{}]),
        (f"true == {ALLOW}", [{}]),
        (f"{ALLOW} == false", None),
        (f"{ALLOW} == 1", None),
        ('data["http"].authz["allow"] = x', [{"x": True}]),
        ("data.http.authz.decision.passed[i] = gate", [{"i": 0, "gate": "own"}, {"i": 1, "gate": "reads"}]),
        ('data.http.authz.decision.passed[_] == "reads"', [{}]),
        ("data.http.authz.decision.passed[1] = x", [{"x": "reads"}]),
        (f"{ALLOW} = x with input as {json.dumps(DENIED)}", [{"x": False}]),
        (f"{ALLOW} = x\n{ALLOW} = x", [{"x": True}]),
        (f"a := {ALLOW}; b := {ALLOW} with input as {json.dumps(DENIED)};", [{"a": True, "b": False}]),
        (f"{ALLOW} with input as {json.dumps(DENIED)}", None),
    ],
)
def test_a_query_about_an_entrypoint_is_decided_and_recorded(plane, text, result):
    document = query(plane, text, ALLOWED).document
    assert document.get("result") == result
    assert len(document["decision_ids"]) == len(plane.log.records) >= 1


def test_the_queries_of_opas_documentation(plane):
    servers = [{"name": "app", "ports": ["p1", "p2"]}, {"name": "db", "ports": ["p3"]}]
    text = 'input.servers[i].ports[_] = "p2"; input.servers[i].name = name'
    assert query(plane, text, {"servers": servers}).document == {"result": [{"i": 0, "name": "app"}]}
    found = ask(plane, "/v1/query", query=urlencode({"q": SHOWN}).encode(), headers=READER)
    assert found.document == {"result": [{"i": "s1", "name": "app"}, {"i": "s4", "name": "dev"}]}
    assert plane.log.data == []


def test_data_is_asked_by_those_who_may_read_it(plane):
    answer = query(plane, f"{SHOWN}; {ALLOW} = x", ALLOWED)
    assert (answer.status, error(answer)[0]) == (403, "unauthorized")
    assert plane.log.data == []
    assert query(plane, "data.callers[name]", headers=READER).document == {"result": [{"name": "reader"}]}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(" ;\n ", id="no expression"),
        pytest.param("x", id="a variable alone"),
        pytest.param("x = y", id="two variables"),
        pytest.param("1 = 1", id="two scalars"),
        pytest.param("true", id="a scalar"),
        pytest.param('http.send({"url": "http://127.0.0.1"})', id="a call"),
        pytest.param("count(data.servers) = x", id="a call compared"),
        pytest.param(f"not {ALLOW}", id="a negation"),
        pytest.param("some x in data.servers", id="a keyword"),
        pytest.param("x := [y | y := data.servers[_]]", id="a comprehension"),
        pytest.param("data.servers[x", id="an open bracket"),
        pytest.param("input.a[" * 3_000, id="brackets without end"),
        pytest.param("data.servers[1.5] = x", id="a fraction as index"),
        pytest.param("data.servers[input.x] = x", id="a reference as index"),
        pytest.param("input = input", id="two objects"),
        pytest.param(f"{ALLOW} = data.shop.sell.allow", id="two entrypoints"),
        pytest.param(f"{ALLOW} = x with input as", id="no input"),
        pytest.param(f"{ALLOW} = x with input as {{'a'}}", id="an input that is none"),
        pytest.param(f"{ALLOW} = x with input as {'[' * 9000}", id="an input without end"),
        pytest.param(f"{ALLOW} = x with data.x as 1", id="other data"),
        pytest.param(f"{ALLOW}; " * 101, id="too many expressions"),
        pytest.param('input.a[_] = x; input.a[_] = y; input.a[_] = z; x == "none"', id="too long"),
        pytest.param("input.a[_] = x; input.a[_] = y", id="too many solutions"),
        pytest.param('x = "\\ud800"', id="half a character"),
    ],
)
def test_a_query_that_is_not_safe_is_refused(plane, text):
    given = ALLOWED | {"a": list(range(60))}
    answer = query(plane, text, given)
    assert (answer.status, error(answer)[0]) == (400, "invalid_parameter")
    assert "127.0.0.1" not in error(answer)[1]
    assert [record.type for record in plane.log.records] == ["request.refused"]


def test_a_query_without_what_it_needs_is_refused(plane):
    assert error(ask(plane, "/v1/query"))[1] == "member_missing: `query` is missing"
    assert error(query(plane, ALLOW))[1] == "member_missing: `input` is missing"
    assert error(post(plane, "/v1/query", {"query": 7}))[1] == "member_type: `query` must be a string"


def test_a_query_that_cannot_be_recorded_has_no_answer(plane):
    plane.log.refusing = JournalError("full")
    answer = query(plane, ALLOW, ALLOWED)
    assert (answer.status, error(answer)[0]) == (503, "internal_error")
    plane.log.refusing, plane.fakes.concealer.down = None, True
    assert query(plane, ALLOW, ALLOWED).status == 503


# What may be read ----------------------------------------------------------------------------------------------------


def test_data_is_shown_to_who_may_read_it(plane):
    assert ask(plane, "/v1/data/servers/s1/ports/1", headers=READER).document == {"result": "p2"}
    assert ask(plane, "/v1/data/servers/s9", headers=READER).document == {}
    whole = ask(plane, "/v1/data", headers=READER).document["result"]
    assert whole["thresholds"]["shop"]["min_grams"] == 50
    assert (list(whole["callers"]), list(whole["rules"])) == (["reader"], ["http.authz"])


def test_policies_are_shown_to_who_may_read_them(plane):
    listed = ask(plane, "/v1/policies/", headers=READER).document["result"]
    assert [each["id"] for each in listed] == ["rego/http/authz.rego", "rego/lib/gates.rego"]
    one = ask(plane, "/v1/policies/rego/http/authz.rego", headers=READER, query=b"pretty").document["result"]
    assert one["raw"] == SERVED["rego/http/authz.rego"]
    assert [each["value"] for each in one["ast"]["package"]["path"]] == ["data", "http", "authz"]
    assert [rule["head"]["name"] for rule in one["ast"]["rules"]] == ["decision", "passed", "required"]
    other = ask(plane, "/v1/policies/rego/shop/sell.rego", headers=READER)
    assert (other.status, error(other)[0]) == (404, "resource_not_found")


@pytest.mark.parametrize("path", ["/v1/data", "/v1/data/servers", "/v1/policies", "/v1/policies/rego/lib/gates.rego"])
@pytest.mark.parametrize("token", [b"a-token", b"stranger", b"another"])
def test_policies_and_data_are_shown_to_nobody_else(plane, path, token):
    answer = ask(plane, path, headers=((b"authorization", b"Bearer " + token),))
    assert (answer.status, error(answer)[0]) == (403, "unauthorized")


@pytest.mark.parametrize("path", ["/v1/data", "/v1/data/servers", "/v1/policies/x"])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_writes_are_refused_with_the_reason(plane, path, method):
    answer = plane.ask(b"package x", path=path, method=method, headers=READER)
    assert answer.status == 403
    assert error(answer)[0] == "unauthorized"
    assert "come from Git" in error(answer)[1]


def test_another_method_is_refused_in_opas_form(plane):
    answer = plane.ask(path=AUTHZ, method="HEAD")
    assert (answer.status, error(answer)[0]) == (405, "invalid_operation")


def test_labels_and_the_bundle_in_force_are_told(plane):
    labels = ask(plane, "/v1/config").document["result"]["labels"]
    status = ask(plane, "/v1/status").document["result"]
    assert status["labels"] == labels
    assert status["bundles"]["omega"]["active_revision"] == "r1"


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/health/live"])
def test_health_is_told_to_anybody(plane, path):
    healthy = ask(plane, path, headers=(), query=b"bundles&plugins=true&exclude-plugin=status")
    assert (healthy.status, healthy.document) == (200, {})
    plane.checks["journal"] = False
    answer = ask(plane, path, headers=())
    assert answer.status == (200 if path.endswith("live") else 500)
    assert ("error" in answer.document) is not path.endswith("live")


WORDS = [
    "data",
    "input",
    ".http.authz.allow",
    ".a",
    "[",
    "]",
    "=",
    ":=",
    ";",
    '"x"',
    "_",
    " ",
    "\n",
    "x",
    "0",
    "with input as {}",
]
TEXT = st.lists(st.sampled_from(WORDS), max_size=20).map("".join)


@settings(max_examples=300, deadline=None)
@given(text=TEXT | st.text(max_size=20))
def test_any_query_is_answered_or_refused(served, text):
    assert query(Plane(served), text, ALLOWED).status in {200, 400, 403}


@settings(max_examples=150, deadline=None)
@given(path=st.lists(st.sampled_from(["http", "authz", "allow", "decision", "failed", "0", "", "é"]), max_size=6))
def test_any_path_is_a_decision_or_not_served(served, path):
    assert post(Plane(served), "/v1/data/" + "/".join(path), {"input": ALLOWED}).status in {200, 404, 405}


@settings(max_examples=150, deadline=None)
@given(query=st.binary(max_size=40))
def test_any_options_are_read_or_refused(served, query):
    assert post(Plane(served), AUTHZ, {"input": ALLOWED}, query=query).status in {200, 400, 403}
