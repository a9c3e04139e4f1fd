"""What the service says of itself: where to ask for what, and which obligations there are."""

import pytest

from app.decision_plane.metadata import obligation_types
from app.pdp.bundle import load
from app.pdp.enforce import Policies
from tests.decision_plane.asking import BEARER, Plane
from tests.pdp.evaluating import ROOT
from tests.pdp.shop import SELL, stocked

PATH = "/.well-known/authzen-configuration"
URL = "https://pdp.example.org"
ENDPOINTS = {
    "access_evaluation_endpoint": f"{URL}/access/v1/evaluation",
    "access_evaluations_endpoint": f"{URL}/access/v1/evaluations",
    "search_subject_endpoint": f"{URL}/access/v1/search/subject",
    "search_resource_endpoint": f"{URL}/access/v1/search/resource",
    "search_action_endpoint": f"{URL}/access/v1/search/action",
}


@pytest.fixture
def known(shop):
    return Plane(shop, public_url=URL)


def get(plane, path, headers=()):
    return plane.ask(path=path, method="GET", headers=headers)


def test_it_says_where_to_ask(known):
    answer = get(known, PATH)
    assert (answer.status, answer.headers[b"content-type"]) == (200, b"application/json")
    assert answer.document == {"policy_decision_point": URL} | ENDPOINTS


def test_for_a_tenant_it_says_the_same_under_the_name_of_the_tenant(known):
    """Of one that there is not, too: it tells nobody who the tenants are."""
    for tenant in ("default", "nobody"):
        answer = get(known, f"{PATH}/{tenant}")
        assert answer.document == {"policy_decision_point": f"{URL}/{tenant}"} | ENDPOINTS


@pytest.mark.parametrize("tenant", ["", "a/b", "De fault", "..", "a" * 65])
def test_what_cannot_be_a_tenant_has_none(known, tenant):
    assert get(known, f"{PATH}/{tenant}").code == "not_found"


def test_a_request_does_not_say_where_we_are(known):
    answer = get(known, PATH, headers=[(b"host", b"evil.example"), (b"x-forwarded-host", b"evil.example")])
    assert "evil" not in answer.body.decode()


def test_without_a_url_there_is_no_metadata(plane):
    assert get(plane, PATH).code == "not_found"


def test_every_endpoint_it_names_is_there(known):
    for url in (ENDPOINTS[name] for name in ENDPOINTS if name.endswith("_endpoint")):
        answer = known.ask(b"{}", path=url.removeprefix(URL))
        assert answer.code == "malformed_request"


def supported(plane):
    return get(plane, PATH, headers=[BEARER]).document["supported_obligations"]


def test_a_caller_is_told_the_obligations_of_the_policies_that_decide_for_it(known, tmp_path):
    other = stocked(tmp_path, {"rego/shop/sell.rego": SELL.replace('"notice"', '"review"')})
    assert supported(known) == ["notice"]
    known.fakes.pdp.own["default"] = Policies(bundle=other, evaluators=known.fakes.engines)
    assert supported(known) == ["review"]


def test_where_there_are_none_none_are_named(tmp_path):
    none = SELL.replace('[{"id": "wrap", "type": "notice", "layers": 2}]', "[]")
    assert supported(Plane(stocked(tmp_path, {"rego/shop/sell.rego": none}), public_url=URL)) == []


def test_a_token_that_is_none_is_no_way_to_be_told_less(known):
    assert get(known, PATH, headers=[(b"authorization", b"Bearer nobody")]).code == "unauthenticated"


OBLIGED = [
    "access", "classification", "duty", "execution", "hold", "limit", "notice", "notification", "reason", "redact",
    "review", "score", "step-up",
]  # fmt: skip


def test_the_types_are_those_of_obligations_alone():
    assert obligation_types(load(ROOT / "policies", "test")) == OBLIGED
