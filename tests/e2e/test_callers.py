"""Callers of the whole service: two workers, a provider's keys in a file, a client that signs for itself."""

import json
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.pdp.evaluating import ROOT
from tests.providing import ISSUER, access, assertion, jwk

QUESTION = (ROOT / "examples" / "publish.json").read_bytes()


def post(url, data, kind, **headers):
    """Return status and document of the answer, on a connection of its own."""
    request = urllib.request.Request(url, data, {"content-type": kind, **headers})  # noqa: S310 - our own service
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.fixture
def service(serving, tmp_path):
    """Start a node whose marketplace is a client of a provider, and signs for itself."""
    policies = shutil.copytree(ROOT / "policies", tmp_path / "policies")
    path = policies / "data" / "callers.json"
    table = json.loads(path.read_text())
    table["marketplace"] |= {
        "oauth": {"issuer": ISSUER, "client_id": "shop-client"},
        "keys": [jwk("ES256", of="marketplace")],
        "limits": {"per_second": 1_000},
    }
    path.write_text(json.dumps(table))
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [jwk("ES256")]}))
    return serving(
        OMEGA_WORKERS=2,
        OMEGA_POLICIES=policies,
        OMEGA_IDP_ISSUERS=f"{ISSUER}={tmp_path / 'keys.json'}",
        OMEGA_IDP_AUDIENCE="omega",
    )


def asked(service, token):
    return post(f"{service.url}/access/v1/evaluation", QUESTION, "application/json", authorization=f"Bearer {token}")


@pytest.mark.slow
def test_callers_prove_themselves_to_every_worker(service):
    now = int(time.time())
    outside = access("ES256", aud="omega", iat=now, exp=now + 300)
    chains = set()
    for _ in range(200):  # until both workers have answered
        status, answer = asked(service, outside)
        assert (status, answer["decision"]) == (200, True)
        chains.add(answer["context"]["evidence"]["chain"])
        if len(chains) == 2:
            break
    assert len(chains) == 2

    text = assertion(aud=f"{service.url}/oauth2/token", iat=now, exp=now + 60)
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": text,
    }
    data = urllib.parse.urlencode(form).encode()
    given = [post(f"{service.url}/oauth2/token", data, "application/x-www-form-urlencoded") for _ in range(6)]
    assert sorted(status for status, _ in given) == [200, 401, 401, 401, 401, 401]  # once, whichever worker it was
    own = next(answer["access_token"] for status, answer in given if status == 200)
    status, answer = asked(service, own)
    assert (status, answer["decision"]) == (200, True)
    found = service.get(f"/v1/decisions/{answer['context']['decision_id']}", authorization=f"Bearer {outside}")
    assert found["record"]["body"]["caller"] == "marketplace"

    statuses = {asked(service, service.token(tenant="other"))[0] for _ in range(60)}
    assert statuses == {200, 429}  # a namesake of another tenant, which is denied or told to wait
    assert asked(service, outside)[0] == 200
