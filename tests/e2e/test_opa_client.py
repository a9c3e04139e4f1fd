"""A client of OPA, unchanged, against the whole service: what it asks is decided and recorded, its writes are not."""

import asyncio
import json
import os
import shutil
import subprocess
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


VISITOR = {"type": "visitor", "id": "visitor", "roles": []}
ADMINISTRATOR = {"type": "user", "id": "usr-31", "roles": ["administrator"]}
ADMINISTRATION = {
    "id": "portal.example.com/admin/users",
    "host": "portal.example.com",
    "path": "/admin/users",
    "method": "POST",
    "scheme": "https",
}
MAY = {"user": ADMINISTRATOR, "request": ADMINISTRATION}
MAY_NOT = {"user": VISITOR, "request": ADMINISTRATION}


def curl(service, *arguments):
    """Ask as OPA's documentation does."""
    bearer = f"Authorization: Bearer {service.token('proxy')}"
    command = ["curl", "--silent", "--show-error", "--max-time", "60", "--noproxy", "*", "-H", bearer, *arguments]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


@pytest.mark.skipif(shutil.which("curl") is None and "CI" not in os.environ, reason="curl is not installed")
def test_a_policy_as_shipped_is_asked_by_clients_of_opa(serving, tmp_path):
    service = serving()
    with connected(OpaClient, service, "proxy") as client:
        assert client.query_rule(MAY, "http.request", "allow")["result"] is True
        assert client.query_rule(MAY_NOT, "http.request")["result"]["decision"]["failed"] == ["permitted"]
        assert client.bulk_query_rule([MAY_NOT, MAY], "http.request", "allow") == [False, True]
        assert client.ad_hoc_query("data.http.request.allow = x", MAY)["result"] == [{"x": True}]
    (tmp_path / "v1-data-input.json").write_text(json.dumps({"input": MAY}), "utf-8")
    (tmp_path / "v0-data-input.json").write_text(json.dumps(MAY_NOT), "utf-8")
    at, form, json_type = f"{service.url}/v1/data/http/request", "Content-Type: application/json", "-H"
    body = f"@{tmp_path / 'v1-data-input.json'}"
    assert curl(service, f"{at}/allow", "-d", body, json_type, form)["result"] is True
    assert curl(service, "-X", "POST", at, "--data-binary", body, json_type, form)["result"]["allow"] is True
    plain = f"@{tmp_path / 'v0-data-input.json'}"
    assert curl(service, f"{service.url}/v0/data/http/request/allow", "-d", plain, json_type, form) is False
    assert curl(service, "-G", f"{at}/allow", "--data-urlencode", f"input={json.dumps(MAY)}")["result"] is True
    query = json.dumps({"query": "data.http.request.allow == true", "input": MAY})
    assert curl(service, f"{service.url}/v1/query", "-d", query, json_type, form)["result"] == [{}]
    assert service.stop() == 0
    assert service.omega("evidence", "verify").returncode == 0
