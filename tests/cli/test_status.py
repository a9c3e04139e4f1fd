"""`omega status`: a table for people, JSON for programs, and an exit code for both."""

import time

from app import status
from tests.test_status import CHECKS, service, worker


def test_without_a_service_it_is_one_line(omega, settings):
    ended = omega("status")
    assert (ended.code, ended.message) == (3, f"no service runs on `{settings.data}`; start it with `omega serve`")


def test_a_service_that_is_ready_is_a_table(omega, settings):
    service(settings, workers=1)
    worker(settings, 0, tenants={"acme": "b" * 64})
    (settings.data / "sealer.alive").touch()
    ended = omega("status")
    assert (ended.code, ended.errors) == (0, "")
    head, processes, bundles, chains = (part.splitlines() for part in ended.out.split("\n\n"))
    assert head[0].startswith("ready: http://127.0.0.1:1, pid ")
    assert head[0].endswith(", up 0m05s")
    assert (head[1], head[3]) == ("storage assurance: not known yet", "anchors: none")
    assert head[2].endswith(" s ago")
    assert processes[1].split()[0] == "sealer"
    assert processes[1].split()[2:] == ["1m01s", "2"]
    assert bundles[1].split() == ["0", "(node)", "a" * 12, "unversioned", "regorus/1"]
    assert bundles[2].split() == ["0", "acme", "b" * 12]
    assert chains[1].split() == ["0", "c", "std7y", "1", "2", "3", "4.0", "s", "-"]
    assert omega("status", "--json").json["ready"] is True


def test_a_service_that_is_not_ready_says_why(omega, settings):
    service(settings, workers=2, since=time.time() - 7_300)
    worker(settings, 0, checks=CHECKS | {"journal": False}, tenants={"acme": None})
    ended = omega("status")
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert lines[0].startswith("NOT READY: ")
    assert lines[0].endswith("up 2h01m")
    assert lines[1:4] == [
        "  worker 0: journal",
        "  worker 1 does not run",
        "alarm: no policies of tenant acme in force",
    ]
    assert "sealer: has not finished a round" in lines
    assert any(line.split()[:3] == ["0", "acme", "NONE"] for line in lines)
    told = omega("status", "--json")
    assert (told.code, told.json["ready"], len(told.json["lacking"])) == (1, False, 2)
    assert status.look(settings, time.time()).ready is False


RUN = {
    "scheduled_for": 1_795_356_000,
    "state": "finished",
    "attempt": 1,
    "missed": 0,
    "runner": "n1#7.1",
    "decision_id": "c-1",
    "started_at": 1_795_356_000_000,
    "ended_at": 1_795_356_001_500,
    "code": "",
    "detail": "{}",
}


def jobs(settings, **changes):
    """Have this process be the one that runs jobs."""
    runs = [RUN | {"job": "policies.scan_drift@n1"}, RUN | {"job": "jobs.forget", "state": "failed", "code": "keys"}]
    names = ["evidence.expire", "jobs.forget", "payloads.sweep", "policies.scan_drift"]
    alerts = {"waiting": 2, "dead": [["alt_1", "slack a", "refused"]]}
    stated = {"node": "n1", "leads": True, "jobs": names, "denied": {"payloads.sweep": "c-9"}, "runs": runs}
    status.say(settings, status.JOBS, stated | {"alerts": alerts} | changes)


def test_where_jobs_are_run_it_is_said_how_they_stand(omega, settings):
    service(settings, workers=1)
    worker(settings, 0)
    jobs(settings)
    told = omega("status").out.split("\n\n")[3].splitlines()
    assert told[0] == "jobs: this node leads; alerts: 2 wait, 1 could not be told"
    assert told[1].split() == ["job", "last", "for", "state", "took", "missed", "by"]
    assert told[2].split()[:3] == ["evidence.expire", "-", "never"]
    assert told[3].split() == ["jobs.forget", "2026-11-22T14:00:00Z", "keys", "1.5", "s", "0", "n1#7.1"]
    assert told[4].split()[:4] == ["payloads.sweep", "-", "denied", "by"]
    assert told[5].split()[:3] == ["policies.scan_drift", "2026-11-22T14:00:00Z", "finished"]
    found = omega("status", "--json").json["jobs"]
    assert (found["leads"], found["denied"], len(found["runs"])) == (True, {"payloads.sweep": "c-9"}, 2)


def test_where_another_node_leads_that_is_said(omega, settings):
    service(settings, workers=1)
    worker(settings, 0)
    assert omega("status", "--json").json["jobs"] is None
    jobs(settings, leads=False, alerts={"waiting": 0, "dead": []})
    assert "jobs: another node leads, or none yet; alerts: 0 wait, 0 could not be told" in omega("status").out
