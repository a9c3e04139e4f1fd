"""What tenants with policies of their own are told by every protocol: each of its own, and nothing of the other's."""

import json

import pytest

from app.pdp.enforce import Policies
from tests.decision_plane.asking import JSON, Plane, body
from tests.pdp.deciding import Engines
from tests.pdp.served import ALLOWED, SERVED
from tests.pdp.shop import stocked

NODE, OTHER = "word-of-the-node", "word-of-the-other"
UNRIPE = json.loads(body(ripe=False))


def posted(path, value, query=b""):
    return {"chunks": (json.dumps(value).encode(),), "path": path, "method": "POST", "query": query}


def got(path):
    return {"chunks": (), "path": path, "method": "GET"}


SHOWN = {
    "an evaluation": posted("/access/v1/evaluation", UNRIPE, b"explain=true"),
    "a batch": posted("/access/v1/evaluations", {"evaluations": [UNRIPE, UNRIPE]}),
    "OPA's question": posted("/v1/data/http/authz", {"input": ALLOWED}, b"provenance=true"),
    "OPA's query": posted("/v1/query", {"query": "x := data.servers"}),
    "OPA's data": got("/v1/data/servers"),
    "all of OPA's data": got("/v1/data"),
    "OPA's policies": got("/v1/policies"),
    "OPA's status": got("/v1/status"),
}


def bundle(path, tenant, word):
    """Return policies of a tenant that say `word` in data, in a module and in the title of a gate."""
    callers = {
        "marketplace": {
            "tenant": tenant,
            "actions": ["shop.*", "http.*"],
            "subject_types": ["grocer", "user"],
            "explain": True,
        }
    }
    sell = SERVED["rego/shop/sell.rego"].replace("the fruit is ripe", word)
    changes = {"data/servers.json": json.dumps({"word": word}), "data/callers.json": json.dumps(callers)}
    return stocked(path, SERVED | changes | {"rego/shop/sell.rego": sell})


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    return bundle(tmp_path_factory.mktemp("a"), "default", NODE), bundle(tmp_path_factory.mktemp("b"), "other", OTHER)


@pytest.fixture
def plane(bundles):
    """Return a plane that decides for the tenant `other` by policies of its own."""
    nodes, others = bundles
    made = Plane(nodes)
    made.fakes.pdp.own["other"] = Policies(bundle=others, evaluators=Engines(others))
    made.app._by.explainer._decide_again = lambda digest, asked: Plane(
        {each.digest: each for each in bundles}[digest]
    ).traced(digest, asked)
    return made


def told(plane, token, chunks, **asked):
    answer = plane.ask(*chunks, headers=[(b"authorization", b"Bearer " + token), JSON], **asked)
    assert answer.status == 200
    return answer.body.decode()


@pytest.mark.parametrize("asked", SHOWN.values(), ids=SHOWN)
def test_a_tenant_is_told_of_its_own_policies_alone(plane, bundles, asked):
    nodes, others = bundles
    ours, theirs = (told(plane, token, **asked) for token in (b"a-token", b"another"))
    assert not any(secret in theirs for secret in (NODE, nodes.digest))
    assert not any(secret in ours for secret in (OTHER, others.digest))
    assert any(said in ours for said in (NODE, nodes.digest))
    assert any(said in theirs for said in (OTHER, others.digest))
    recorded = {(each.tenant, each.body["policy"]["bundle"]) for each in plane.log.records}
    assert recorded <= {("default", nodes.digest), ("other", others.digest)}
