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
