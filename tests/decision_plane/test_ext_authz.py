"""Proxies ask with headers: who may, what counts, and that everything but an allow is a no they understand."""

import json
from pathlib import Path

import pytest

import app
from app.pdp.bundle import load
from evidence.errors import JournalError
from tests.decision_plane.asking import Plane
from tests.pdp.deciding import CHAIN, key
from tests.pdp.shop import written

POLICIES = Path(app.__file__).parents[1] / "policies"
LIB = [f"rego/lib/{name}.rego" for name in ("gates", "override", "clock", "persons")]
SHIPPED = [*LIB, "rego/http/request.rego", "rego/http/request.schema.json", "data/routes.json"]
TOKEN = (b"x-omega-authorization", b"Bearer proxy")
HOST = b"portal.example.com"
OBLIGED = [{"id": "label", "type": "notice"}]


def bundle(directory, *, obligations=(), meets=()):
    """Return the shipped policy for proxies, under obligations, and a proxy that meets some."""
    files = {name: (POLICIES / name).read_text() for name in SHIPPED}
    said = json.dumps(list(obligations))
    files["rego/http/request.rego"] = files["rego/http/request.rego"].replace("passed, [])", f"passed, {said})")
    callers = json.loads((POLICIES / "data/callers.json").read_text())
    proxy = callers["proxy"] | {"proxy": callers["proxy"]["proxy"] | {"obligations": list(meets)}}
    direct = {"tenant": "default", "actions": ["http.request"], "subject_types": ["user"]}
    files["data/callers.json"] = json.dumps({"proxy": proxy, "marketplace": direct})
    files["data/thresholds.json"] = json.dumps({"http": {"request": {"schemes": ["https"]}}})
    return load(written(directory, files), "r1")


@pytest.fixture(scope="module")
def routed(tmp_path_factory):
    return bundle(tmp_path_factory.mktemp("routed"))


@pytest.fixture
def plane(routed):
    return Plane(routed)


def user(name=b"usr-31", roles=b"administrator"):
    return [(b"x-forwarded-user", name), (b"x-forwarded-groups", roles)]


def envoy(plane, uri="/admin/users", *, method="GET", who=(), token=TOKEN):
    headers = [token, (b"host", HOST), (b"x-forwarded-proto", b"https"), *who]
    return plane.ask(path=f"/authz/envoy{uri}", method=method, headers=[each for each in headers if each])


def nginx(plane, uri="/admin/users", *, method="GET", who=(), token=TOKEN):
    original = {b"method": method.encode(), b"scheme": b"https", b"host": HOST, b"uri": uri.encode()}
    headers = [token, *((b"x-original-" + name, value) for name, value in original.items()), *who]
    return plane.ask(path="/authz/nginx", method="GET", headers=[each for each in headers if each])


def forward(plane, uri="/admin/users", *, method="GET", who=(), token=TOKEN):
    original = {b"method": method.encode(), b"proto": b"https", b"host": HOST, b"uri": uri.encode()}
    headers = [token, *((b"x-forwarded-" + name, value) for name, value in original.items()), *who]
    return plane.ask(path="/authz/forward", method="GET", headers=[each for each in headers if each])


each_proxy = pytest.mark.parametrize("ask", [envoy, nginx, forward], ids=["envoy", "nginx", "forward-auth"])


def sealed(plane):
    """Return what the last record seals: the resource, and the rest."""
    (record,) = plane.log.records
    place = f"{CHAIN}-0"
    resource_id = "portal.example.com/admin/users"
    rest = key("default", "user", "usr-31").open(record.sealed[0], place=(place, 0))
    return json.loads(key("default", "route", resource_id).open(record.sealed[1], place=(place, 1))), json.loads(rest)


@each_proxy
def test_who_may_goes_through_and_the_answer_names_the_decision(plane, ask):
    answer = ask(plane, who=user())
    assert (answer.status, answer.headers[b"x-omega-decision-id"]) == (200, f"{CHAIN}-0".encode())
    assert answer.document == {"decision_id": f"{CHAIN}-0"}
    assert b"x-omega-obligations" not in answer.headers
    assert plane.log.records[0].body["result"]["allow"] is True


@each_proxy
def test_who_may_not_is_stopped_and_the_deny_is_on_record(plane, ask):
    answer = ask(plane, who=user(roles=b"support, operator"), method="POST")
    assert (answer.status, answer.code, answer.headers[b"x-omega-decision-id"]) == (
        403,
        "denied",
        f"{CHAIN}-0".encode(),
    )
    assert plane.log.records[0].body["result"]["failed"] == ["permitted"]


@each_proxy
def test_the_question_is_what_the_proxy_says_and_claims_are_what_the_user_says(plane, ask):
    claims = [(b"user-agent", b"curl/8.5"), (b"x-forwarded-for", b"192.0.2.1"), (b"x-forwarded-for", b"\xff" * 300)]
    assert ask(plane, who=[*user(roles=b"support , ,administrator"), *claims]).status == 200
    resource, rest = sealed(plane)
    facts = {"host": "portal.example.com", "method": "GET", "path": "/admin/users", "scheme": "https"}
    assert resource == {"id": "portal.example.com/admin/users", "type": "route", "properties": facts}
    assert rest["action"] == {"name": "http.request"}
    assert rest["subject"] == {"id": "usr-31", "type": "user", "properties": {"roles": ["support", "administrator"]}}
    assert rest["context"]["claims"]["user_agent"] == "curl/8.5"
    assert rest["context"]["claims"]["forwarded_for"].startswith("192.0.2.1, ")
    assert len(rest["context"]["claims"]["forwarded_for"]) == 256


@each_proxy
def test_whom_the_proxy_does_not_name_is_a_visitor_without_roles(plane, ask):
    roles_alone = [(b"x-forwarded-groups", b"administrator")]
    assert ask(plane, "/public/logo.svg", who=roles_alone).status == 200
    assert ask(plane, "/admin/users", who=roles_alone).code == "denied"
    assert [record.body["subject"]["type"] for record in plane.log.records] == ["visitor", "visitor"]


@each_proxy
def test_headers_that_are_not_registered_name_nobody(plane, ask):
    others = [(b"x-auth-request-user", b"usr-31"), (b"remote-user", b"usr-31"), (b"authorization", b"Bearer proxy")]
    assert ask(plane, "/account", who=others).code == "denied"


REFUSED = {
    "two users": (user() + user(b"usr-32"), "/admin", "repeated_header"),
    "two lists of roles": ([*user(), (b"x-forwarded-groups", b"x")], "/admin", "repeated_header"),
    "a user that is no ASCII": (user("ü".encode()), "/admin", "unreadable_header"),
    "a user with an end of line": (user(b"a\nb"), "/admin", "unreadable_header"),
    "a long user": (user(b"u" * 257), "/admin", "member_length"),
    "a path that leads elsewhere": (user(), "/public/..%2fadmin", "ambiguous_target"),
    "a long path": (user(), "/" + "a" * 256, "member_length"),
}


@each_proxy
@pytest.mark.parametrize(("who", "uri", "code"), REFUSED.values(), ids=REFUSED)
def test_what_can_be_read_in_two_ways_is_a_no_and_is_on_record(plane, ask, who, uri, code):
    answer = ask(plane, uri, who=who)
    assert (answer.status, answer.code) == (403, "malformed_request")
    assert answer.document["detail"].startswith(f"{code}: ")
    assert [(record.type, record.body["reason"]) for record in plane.log.records] == [("request.refused", code)]


@pytest.mark.parametrize("ask", [nginx, forward])
@pytest.mark.parametrize("missing", [b"method", b"host", b"uri"])
def test_what_the_proxy_does_not_say_is_not_guessed(plane, ask, missing):
    def without(**options):
        headers = [each for each in options["headers"] if not each[0].endswith(b"-" + missing)]
        return Plane.ask(plane, **options | {"headers": headers})

    plane.ask = without
    answer = ask(plane, who=user())
    assert (answer.status, answer.code) == (403, "malformed_request")
    assert answer.document["detail"].startswith("missing_header: ")


def test_envoys_prefix_is_written_in_one_way(plane):
    headers = [TOKEN, (b"host", HOST), (b"x-forwarded-proto", b"https"), *user()]
    answer = plane.ask(path="/authz/env%6Fy/public/a", method="GET", headers=headers)
    assert (answer.status, answer.code) == (403, "malformed_request")


def test_a_host_header_twice_is_a_no(plane):
    assert envoy(plane, who=[*user(), (b"host", b"other.example.com")]).code == "malformed_request"


@pytest.mark.parametrize(
    ("token", "code"),
    [
        pytest.param(None, "unauthenticated", id="no token"),
        pytest.param((b"x-omega-authorization", b"Bearer wrong"), "unauthenticated", id="a wrong token"),
        pytest.param((b"authorization", b"Bearer proxy"), "unauthenticated", id="in the header of the user"),
        pytest.param((b"x-omega-authorization", b"Bearer a-token"), "forbidden", id="a caller that is no proxy"),
        pytest.param((b"x-omega-authorization", b"Bearer stranger"), "forbidden", id="a caller that nobody registered"),
        pytest.param((b"x-omega-authorization", b"Bearer foreign-proxy"), "forbidden", id="another tenant's"),
    ],
)
@each_proxy
def test_only_a_registered_proxy_asks_and_no_user_is_shown_its_challenge(plane, ask, token, code):
    answer = ask(plane, who=user(), token=token)
    assert (answer.status, answer.code) == (403, code)
    assert b"www-authenticate" not in answer.headers
    assert plane.log.data == []


@each_proxy
def test_a_second_token_beside_the_proxys_own_is_a_no(plane, ask):
    assert ask(plane, who=[*user(), TOKEN]).code == "unauthenticated"


@each_proxy
def test_without_evidence_nothing_goes_through(plane, ask):
    plane.log.failing = JournalError("the disk is full")
    answer = ask(plane, who=user())
    assert (answer.status, answer.code) == (503, "evidence_unavailable")


def test_methods_that_no_contract_knows_are_a_no(plane):
    assert envoy(plane, method="TRACE", who=user()).code == "method_not_allowed"
    assert nginx(plane, method="TRACE", who=user()).code == "denied"
    assert forward(plane, method="get", who=user()).code == "denied"


def test_obligations_that_the_proxy_cannot_meet_are_a_no(tmp_path):
    plane = Plane(bundle(tmp_path, obligations=[*OBLIGED, {"id": "wrap", "type": "packing"}], meets=["notice"]))
    answer = nginx(plane, who=user())
    assert (answer.status, answer.code) == (403, "denied")
    assert answer.headers[b"x-omega-decision-id"] == f"{CHAIN}-0".encode()
    assert b"x-omega-obligations" not in answer.headers
    (found,) = plane.log.records[0].body["result"]["diagnostics"]
    assert (plane.log.records[0].body["result"]["allow"], found["code"]) == (False, "obligation_unsupported")


def test_obligations_that_the_proxy_can_meet_are_in_the_answer(tmp_path):
    answer = nginx(Plane(bundle(tmp_path, obligations=OBLIGED, meets=["notice", "other"])), who=user())
    assert (answer.status, json.loads(answer.headers[b"x-omega-obligations"])) == (200, OBLIGED)
