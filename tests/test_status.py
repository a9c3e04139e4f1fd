"""How a node stands: what its processes say, who is believed, and what is lacking."""

import json
import os
import subprocess
import sys
import time

import pytest

from app import anchors, status
from app.assurance import Watch
from app.settings import Settings
from tests.node import node_environment, sealed
from tests.pdp.deciding import NOW
from tests.test_tenant_policies import settings as tenancy  # noqa: F401 - a fixture
from tests.working import started, work

CHECKS = {"evaluators": True, "journal": True, "spool": True, "sealer": True}


@pytest.fixture
def settings(tmp_path):
    found = Settings.from_environment(node_environment(tmp_path, OMEGA_WORKERS="2"))
    found.data.mkdir()
    return found


def at_least(seconds):
    """Equal what began so long before the test did."""
    return pytest.approx(seconds + 60, abs=60)


def service(settings, **changes):
    """Have this process be a service."""
    processes = [
        {"name": "sealer", "pid": os.getpid(), "since": time.time() - 61, "starts": 2},
        {"name": "indexer", "pid": ended(), "since": time.time(), "starts": 1},
    ]
    stated = {"since": time.time() - 5, "url": "http://127.0.0.1:1", "workers": 2, "processes": processes}
    status.say(settings, status.SERVICE, stated | changes)


def worker(settings, number, **changes):
    """Have this process be a worker."""
    chain = {"chain": "c", "class": "std7y", "queued": 1, "unsealed": 2, "unsealed_bytes": 3, "age": 4.0, "fault": None}
    bundle = {"bundle": "a" * 64, "revision": "unversioned", "engine": "regorus/1", "tenants": {}}
    stated = {"number": number, "since": time.time() - 3_700, "checks": CHECKS, "chains": [chain]} | bundle | changes
    status.say(settings, f"worker-{number}", stated)


def ended():
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def altered(settings, name, **changes):
    """Change what was said."""
    path = settings.status / f"{name}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_where_nobody_has_said_anything_no_service_runs(settings):
    assert status.look(settings, time.time()) is None


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"pid": None}, id="no process"),
        pytest.param({"pid": 2**22 + 1}, id="a process that cannot be"),
        pytest.param({"began": 1}, id="another process has its number"),
        pytest.param({"began": None}, id="nobody knows when it began"),
        pytest.param({"time": "now"}, id="no time"),
    ],
)
def test_what_a_dead_service_left_behind_is_no_service(settings, changes):
    service(settings)
    altered(settings, status.SERVICE, **changes)
    assert status.look(settings, time.time()) is None


def test_a_file_that_is_no_json_says_nothing(settings):
    service(settings)
    (settings.status / "service.json").write_bytes(b"{")
    assert status.look(settings, time.time()) is None


def test_who_has_ended_is_not_among_the_living(settings):
    service(settings)
    altered(settings, status.SERVICE, pid=ended())
    assert status.look(settings, time.time()) is None


def test_a_node_whose_workers_decide_and_record_is_ready(settings):
    service(settings)
    worker(settings, 0)
    worker(settings, 1, tenants={"acme": "b" * 64})
    (settings.data / "sealer.alive").touch()
    found = status.look(settings, time.time())
    assert (found.ready, found.lacking, found.alarms) == (True, (), ())
    assert [(each["name"], each["starts"], each["up"]) for each in found.processes] == [("sealer", 2, at_least(61))]
    assert [(each["number"], each["up"], each["tenants"]) for each in found.workers] == [
        (0, at_least(3_700), {}),
        (1, at_least(3_700), {"acme": "b" * 64}),
    ]
    assert found.workers[0]["chains"][0]["unsealed_bytes"] == 3
    document = found.document()
    assert document["ready"] is True
    assert document["service"] == {"pid": os.getpid(), "url": "http://127.0.0.1:1", "up": at_least(5)}
    assert document["sealer"]["silent"] < 60
    assert (document["anchors"], document["assurance"]) == ([], None)
    json.dumps(document)


def test_what_is_lacking_is_named(settings):
    service(settings, workers=4)
    worker(settings, 0, checks=CHECKS | {"spool": False, "sealer": False})
    worker(settings, 1)
    worker(settings, 2)
    now = time.time()
    altered(settings, "worker-1", time=now - 100)
    altered(settings, "worker-2", pid=ended())
    found = status.look(settings, now)
    assert found.lacking == (
        "worker 0: spool",
        "worker 0: sealer",
        "worker 1 has said nothing for 100 seconds",
        "worker 2 does not run",
        "worker 3 does not run",
    )
    assert (found.ready, found.sealer) == (False, None)
    assert [each["number"] for each in found.workers] == [0, 1]


def test_alarms_make_nothing_unready(tmp_path):
    settings = Settings.from_environment(
        node_environment(tmp_path, OMEGA_TSA_URL="http://127.0.0.1:1/?token=secret", OMEGA_WORKERS="1")
    )
    settings.data.mkdir()
    service(settings, workers=1)
    worker(settings, 0, tenants={"acme": None, "globex": "b" * 64})
    anchors.report(settings, ["time stamps"])
    Watch(settings).run(NOW)
    found = status.look(settings, time.time())
    assert found.alarms == ("anchor overdue: time stamps", "no policies of tenant acme in force")
    assert (found.ready, found.anchored, found.assurance["level"]) == (True, ("time stamps",), "L1")
    assert "secret" not in json.dumps(found.document())


def test_a_start_forgets_what_an_earlier_one_said(settings):
    service(settings)
    worker(settings, 7)
    (settings.status / "folder").mkdir()
    status.forget(settings)
    assert [path.name for path in settings.status.iterdir()] == ["folder"]


def test_a_disk_that_does_not_take_it_is_told_in_the_log_and_nothing_else(settings, caplog):
    settings.status.touch()
    status.say(settings, "worker-0", {})
    assert "cannot say how worker-0 stands: " in caplog.text


def test_a_process_that_has_ended_and_was_not_taken_leave_of_does_not_live():
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert status._began(process.pid) is None
    process.wait()


def test_a_worker_says_how_it_stands(tenancy, monkeypatch):  # noqa: F811
    monkeypatch.setattr("app.worker.start_policies", started)
    sealed(tenancy)
    service(tenancy, workers=1)

    async def say(worker, _):
        worker._say()
        saying = worker._saying
        worker._say()
        assert worker._saying is saying  # the disk has not taken it yet
        await saying
        return worker._tenants.digests

    digests = work(tenancy, say)
    found = status.look(tenancy, time.time())
    (stands,) = found.workers
    assert found.lacking == ()
    assert stands["tenants"] == digests
    assert len(set(digests.values())) == 2
    assert {(chain["class"], chain["queued"], chain["fault"]) for chain in stands["chains"]} == {
        ("std7y", 0, None),
        ("hipaa6y", 0, None),
    }
    assert all(chain["unsealed"] > 0 for chain in stands["chains"])
