"""The fast path in a real service: opened by itself, looked at again, and left for good on a difference."""

import json
import time
import urllib.request

import pytest

from app import machine_files
from app.activation import read
from app.pdp.engine import ENGINE
from app.pdp.fast_path import MACHINE_ENGINE
from tests.e2e.verified import verified
from tests.pdp.machines import policy
from tests.pdp.shop import FILES, written

pytestmark = pytest.mark.slow

UNRIPE = {
    "subject": {"type": "grocer", "id": "g-1"},
    "action": {"name": "shop.sell"},
    "resource": {"type": "fruit", "id": "apple-1", "properties": {"ripe": False, "grams": 80, "described": True}},
}
# The machine calls a function with an undefined argument, the interpreter does not.
WRONG = 'passed contains "ripe" if f(input.resource.properties.name)\n\nf(_) := true'
OPENED = "1 of 1 actions are decided on the fast path"
_PATIENCE = 60.0


def until(condition):
    """Return once a condition holds, which takes as long as the service needs."""
    ends = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < ends, "it does not come about"
        time.sleep(0.05)


def ask(service):
    """Return whether it is allowed, and the decision's id."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {service.token()}"}
    body = json.dumps(UNRIPE).encode()
    request = urllib.request.Request(f"{service.url}/access/v1/evaluation", body, headers)  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        said = json.load(answer)
    return said["decision"], said["context"]["decision_id"]


def test_it_opens_by_itself_and_a_difference_closes_it_for_good(serving, tmp_path):
    policies = written(tmp_path / "policies", FILES)
    service = serving(OMEGA_POLICIES=policies, OMEGA_MACHINE="yes", OMEGA_SHADOW_PERMILLE=1_000)
    until(lambda: OPENED in service.log)
    [action] = json.loads(service.omega("policy", "status", "--json").stdout)["actions"]
    assert (action["engine"], action["reason"]) == (MACHINE_ENGINE, "proved equal")
    right = ask(service)

    written(policies, policy("input.resource.properties.ripe == true", WRONG))
    wrong = read(policies).digest
    machine_files.keep_verdicts(service.settings.bundles, wrong, {"shop.sell": ""})  # as if it had been proved
    assert service.omega("policy", "reload").returncode == 0
    until(lambda: service.log.count(OPENED) == 2)
    first = ask(service)
    until(lambda: service.get("/readyz")["alarms"] == ["engines differ: shop.sell"])
    second = ask(service)
    assert (right[0], first[0], second[0]) == (False, True, False)

    assert service.stop() == 0
    log = verified(tmp_path / "node" / "store", tmp_path / "node" / "keys" / "log.vkey")
    engines = [log.records[decision_id].body["policy"]["engine"] for _, decision_id in (right, first, second)]
    assert engines == [MACHINE_ENGINE, MACHINE_ENGINE, ENGINE]
    [alarm] = [record for record in log.records.values() if record.type == "engine.disagreed"]
    assert (alarm.body["action"], alarm.body["decision"], alarm.body["bundle"]) == ("shop.sell", first[1], wrong)
    assert "the engines differed" in service.omega("policy", "status").stdout
    service.start()  # and a start does not forget it
    until(lambda: "0 of 1 actions are decided on the fast path" in service.log)
    assert ask(service)[0] is False
