"""A client of OPA, unchanged, against the whole service: what it asks is decided and recorded, its writes are not."""

import asyncio
import json
from urllib.parse import urlsplit

import pytest
from opa_client import errors
from opa_client.opa import OpaClient
from opa_client.opa_async import AsyncOpaClient

from tests.pdp.served import ALLOWED, DENIED, SERVED, SERVERS
from tests.pdp.shop import written

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PACKAGE = "http.authz"
BOTH = {"alice": ALLOWED, "bob": DENIED}


@pytest.fixture
def service(serving, tmp_path):
    return serving(OMEGA_POLICIES=written(tmp_path / "policies", SERVED))


def connected(kind, service, subject):
    return kind(host="127.0.0.1", port=urlsplit(service.url).port, token=service.token(subject), timeout=60)


def reads(client, tmp_path):
    """Call everything that the client reads with, and return the ids of the decisions."""
    assert client.check_connection() is True
    assert client.check_health(query={"bundles": True, "plugins": True}) is True
    assert client.wait_for_ready() is True
    assert client.get_policies_list() == ["rego/http/authz.rego", "rego/lib/gates.rego"]
    info = client.get_policies_info()["rego/http/authz.rego"]
    assert info["path"].endswith("/v1/data/http/authz")
    assert client.get_policy("rego/http/authz.rego")["result"]["raw"] == SERVED["rego/http/authz.rego"]
    assert client.policy_to_file("rego/http/authz.rego", path=str(tmp_path)) is True
    assert client.get_data("servers", query_params={"pretty": True}) == {"result": SERVERS}
    assert client.get_config()["result"]["labels"] == client.get_status()["result"]["labels"]
    wanted = {"metrics": True, "provenance": True, "explain": "full", "pretty": True}
    answer = client.query_rule(ALLOWED, PACKAGE, "allow", query_params=wanted)
    assert answer["result"] is True
    assert answer.keys() == {"result", "decision_id", "metrics", "provenance", "explanation"}
    assert any(line.startswith("exit rego/http/authz.rego:") for line in answer["explanation"])
    denied = client.query_rule(DENIED, PACKAGE)
    assert denied["result"]["decision"]["failed"] == ["own"]
    query = client.ad_hoc_query("data.http.authz.allow = x", ALLOWED)
    assert query["result"] == [{"x": True}]
    assert client.bulk_query_rule(BOTH, PACKAGE, "allow") == {"alice": True, "bob": False}
    assert client.bulk_query_rule([DENIED, ALLOWED], PACKAGE, "allow") == [False, True]
    return [answer["decision_id"], denied["decision_id"], *query["decision_ids"]]


def writes(client):
    """Try everything that the client writes with."""
    with pytest.raises(errors.RegoParseError, match="policies and data come from Git"):
        client.update_policy_from_string("package x", "x")
    with pytest.raises(errors.RegoParseError, match="policies and data come from Git"):
        client.update_or_create_data({"a": 1}, "servers")
    with pytest.raises(errors.PatchDataError):
        client.patch_data("servers", [{"op": "remove", "path": "/s1"}])
    with pytest.raises(errors.DeleteDataError):
        client.delete_data("servers")
    with pytest.raises(errors.DeletePolicyError):
        client.delete_policy("rego/http/authz.rego")


async def asked_async(service):
    async with connected(AsyncOpaClient, service, "reader") as client:
        assert await client.check_connection() is True
        assert await client.bulk_query_rule(BOTH, PACKAGE, "allow") == {"alice": True, "bob": False}
        return await client.query_rule(ALLOWED, PACKAGE, "allow")


def test_a_client_of_opa_is_served_unchanged(service, tmp_path):
    with connected(OpaClient, service, "reader") as client:
        ids = reads(client, tmp_path)
        writes(client)
    with connected(OpaClient, service, "marketplace") as client:
        answer = client.query_rule(DENIED, PACKAGE, "allow")
        assert answer["result"] is False
        with pytest.raises(errors.ConnectionsError):  # it asks for the policies, which this caller may not read
            client.check_connection()
    ids += [answer["decision_id"], asyncio.run(asked_async(service))["decision_id"]]
    assert service.stop() == 0
    exported = service.omega("decision", "export", "--with-inputs")
    events = {event["decision_id"]: event for event in map(json.loads, exported.stdout.splitlines())}
    assert len(events) == 11
    assert {events[each]["path"] for each in ids} == {"http/authz/decision"}
    assert events[ids[0]]["input"]["context"] == ALLOWED
    assert service.omega("evidence", "verify").returncode == 0
