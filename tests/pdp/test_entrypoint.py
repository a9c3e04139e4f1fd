"""How an arbitrary input becomes a request, as METADATA of a package says it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pdp.bundle import load
from app.pdp.entrypoint import Entrypoint
from app.pdp.errors import BundleError, MalformedRequestError, TooLargeError
from app.pdp.metadata import parse_entrypoint, parse_keeping
from app.pdp.model import Durability, Entity, EvaluationRequest
from tests.pdp.shop import FILES, SELL, stocked

MAPPED = """entrypoint: true
# custom:
#   durability: locked
#   input:
#     subject: {type: user, id: input.user, properties: input.claims}
#     resource: {type: path, id: input.path}
#     context: input"""


def entrypoint(text):
    return parse_entrypoint("x.rego", f"# METADATA\n# {text}\npackage http.authz\n", "http.authz")


def request(value, text=MAPPED):
    return entrypoint(text).request(value)


def test_a_package_without_the_annotation_is_none():
    assert parse_entrypoint("x.rego", "package http.authz\n", "http.authz") is None
    assert entrypoint("custom: {durability: locked}") is None
    assert entrypoint("entrypoint: false\n# custom: {durability: locked}") is None


def test_the_annotation_alone_takes_requests():
    assert entrypoint("entrypoint: true") == Entrypoint(action="http.authz")


def test_a_rule_may_have_the_name_that_clients_know():
    assert entrypoint("entrypoint: true\n# custom: {rule: decisions}").rule == "decisions"
    assert entrypoint(f"{MAPPED}\n#   rule: allow_request").rule == "allow_request"


def test_a_package_may_say_both_how_it_is_asked_and_how_it_is_kept():
    source = f"# METADATA\n# {MAPPED}\npackage http.authz\n"
    assert parse_keeping("x.rego", source).durability is Durability.LOCKED


def test_an_action_of_a_bundle_has_its_entrypoint(tmp_path):
    bundle = stocked(tmp_path, {"rego/shop/sell.rego": f"# METADATA\n# entrypoint: true\n{SELL}"})
    assert bundle.actions["shop.sell"].entrypoint == Entrypoint(action="shop.sell")
    assert load(tmp_path, "r1").digest == bundle.digest
    assert FILES["rego/shop/sell.rego"] == SELL


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("entrypoint: yes please", id="no boolean"),
        pytest.param("custom: {input: {}}", id="no annotation"),
        pytest.param("custom: {rule: allowed}", id="a rule without annotation"),
        pytest.param("entrypoint: true\n# custom: {rule: decision}", id="a rule that is taken"),
        pytest.param("entrypoint: true\n# custom: {rule: a-b}", id="a rule that is no name"),
        pytest.param("entrypoint: true\n# custom: {rule: 7}", id="a rule that is a number"),
        pytest.param("entrypoint: true\n# custom: {input: null}", id="an input that is null"),
        pytest.param("entrypoint: true\n# custom: {input: []}", id="no object"),
        pytest.param("entrypoint: true\n# custom: {input: {subject: {type: user, id: input.user}}}", id="no resource"),
        pytest.param(f"{MAPPED}\n#     action: input.verb", id="another action"),
        pytest.param(MAPPED.replace("id: input.path", "name: input.path"), id="no id"),
        pytest.param(MAPPED.replace("{type: path, id: input.path}", "path"), id="an entity that is text"),
        pytest.param(MAPPED.replace("type: path,", "type: 7,"), id="a type that is a number"),
        pytest.param(MAPPED.replace("id: input.path}", "id: input.path, name: x}"), id="one member too many"),
        pytest.param(MAPPED.replace("input.path", "input..path"), id="a path with a gap"),
        pytest.param(MAPPED.replace("input.path", "'a b'"), id="a text with a space"),
        pytest.param(MAPPED.replace("context: input", "context: none"), id="a context that is text"),
        pytest.param(MAPPED.replace("input.claims", "claims"), id="properties that are text"),
    ],
)
def test_an_entrypoint_has_one_form(text):
    with pytest.raises(BundleError, match=r"^x.rego:1:1: METADATA of the package: "):
        entrypoint(text)


GIVEN = {"user": "alice", "path": ["finance", "salary"], "method": "GET", "claims": {"role": "hr"}}


def test_an_arbitrary_input_becomes_a_request():
    assert request(GIVEN) == EvaluationRequest(
        subject=Entity(type="user", id="alice", properties={"role": "hr"}),
        action="http.authz",
        resource=Entity(type="path", id="finance/salary", properties={}),
        context=GIVEN,
    )


@pytest.mark.parametrize(
    ("path", "told"),
    [
        pytest.param("finance", "finance", id="text"),
        pytest.param(42, "42", id="an integer"),
        pytest.param(["a", "b"], "a/b", id="segments"),
    ],
)
def test_an_id_is_text_in_the_end(path, told):
    assert request(GIVEN | {"path": path}).resource.id == told


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"user": None}, "member_type", id="null"),
        pytest.param({"user": True}, "member_type", id="a boolean"),
        pytest.param({"user": 1.5}, "member_type", id="a fraction"),
        pytest.param({"user": ["a/b", "c"]}, "member_type", id="a segment that could be two"),
        pytest.param({"user": []}, "member_length", id="no segment"),
        pytest.param({"user": "x" * 257}, "member_length", id="too long"),
        pytest.param({"claims": "hr"}, "member_type", id="properties that are text"),
    ],
)
def test_what_no_request_can_be_made_of_is_refused(change, code):
    with pytest.raises(MalformedRequestError) as refused:
        request(GIVEN | change)
    assert refused.value.code == code
    assert "alice" not in refused.value.detail


def test_what_is_missing_is_named_by_its_path():
    with pytest.raises(MalformedRequestError, match=r"^`input/user` is missing$"):
        request({"path": "x"})
    assert request({"user": "alice", "path": "x"}).subject.properties == {}


def test_a_request_may_lack_its_parts_where_nobody_asks_for_them():
    text = "entrypoint: true\n# custom: {input: {subject: {type: user, id: input.u.0}, resource: {type: api, id: all}}}"
    assert request({"u": ["bob"]}, text).context == {}
    for wrong in ({"u": []}, {"u": {}}, {"u": "bob"}, {}):
        with pytest.raises(MalformedRequestError, match="`input/u/0` is missing"):
            request(wrong, text)


WHOLE = {"subject": {"type": "user", "id": "alice"}, "resource": {"type": "path", "id": "x"}}


@pytest.mark.parametrize("more", [{}, {"action": {"name": "http.authz"}}], ids=["without action", "with action"])
def test_an_input_may_be_a_request_already(more):
    assert request(WHOLE | more, "entrypoint: true").action == "http.authz"


def test_an_input_names_no_other_action():
    with pytest.raises(MalformedRequestError) as refused:
        request(WHOLE | {"action": {"name": "shop.steal"}}, "entrypoint: true")
    assert refused.value.code == "another_action"


ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e9, 1e9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["user", "path", "x"]), inner),
    max_leaves=8,
)


@given(value=ANY, text=st.sampled_from([MAPPED, "entrypoint: true"]))
def test_any_input_is_a_request_or_is_refused(value, text):
    try:
        assert request(value, text).action == "http.authz"
    except (MalformedRequestError, TooLargeError) as refused:
        assert refused.code  # noqa: PT017 - and no other error
