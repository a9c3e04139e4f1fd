"""A reload under load: nobody notices but the policy, and old decisions stay what they were."""

import asyncio
import json
import re
import shutil

import pytest

from tests.e2e.load import DENIED, Load
from tests.e2e.verified import verified
from tests.pdp.evaluating import ROOT

pytestmark = pytest.mark.slow

OLD, NEW = "tests cover enough of the release", "tests cover as much as the officer asks for"


@pytest.fixture
def policies(tmp_path):
    return shutil.copytree(ROOT / "policies", tmp_path / "policies")


def replaced(policies, file, old, new):
    path = policies / "rego" / "marketplace" / file
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def said(answer):
    """Return the bundle that decided, and what it says of the one gate that failed."""
    (reason,) = answer.context["reasons"]
    return answer.context["policy"]["bundle"], reason["message"]


async def reloaded(service, policies):
    """Reload under load, first to other policies, then to broken ones; return the answers and what was printed."""
    async with Load(service.url, service.token(), iter(lambda: DENIED, None)) as load:
        await load.more(200)
        replaced(policies, "publish.rego", OLD, NEW)
        done = await asyncio.to_thread(service.omega, "policy", "reload", "--json")
        while said(load.answers[-1])[1] != NEW:
            await load.more(1)
        replaced(policies, "refund.rego", "decision :=", "decision :")
        refused = await asyncio.to_thread(service.omega, "policy", "reload")
        await load.more(200)
    return load, done, refused


def test_a_reload_swaps_policies_and_fails_no_request(serving, policies, say):
    service = serving(OMEGA_POLICIES=policies, OMEGA_DEADLINE_MS=10_000)
    first = service.get("/readyz")["bundle"]
    load, done, refused = asyncio.run(reloaded(service, policies))
    assert (load.refused, load.broken) == ({}, 0)
    assert (done.returncode, done.stderr) == (0, "")
    second = json.loads(done.stdout)["bundle"]
    assert {said(answer) for answer in load.answers} == {(first, OLD), (second, NEW)}
    assert (refused.returncode, refused.stdout, service.get("/readyz")["bundle"]) == (1, "", second)
    assert re.fullmatch(r"omega: rego/marketplace/refund\.rego:[0-9]+:[0-9]+: .+\n", refused.stderr)
    for answer in (load.answers[0], load.answers[-1]):
        replayed = service.omega("decision", "replay", answer.decision_id)
        assert (replayed.returncode, replayed.stderr) == (0, "")
        assert replayed.stdout.startswith(f"{answer.decision_id}: reproduced\n")
    say(f"{len(load.answers)} decisions over a reload and a refused one, none failed")
    assert service.stop() == 0
    assert verified(service.settings.store, service.settings.keys / "log.vkey").lost(load.answers) == []
