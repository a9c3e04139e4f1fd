"""The supervisor: one service per directory, children that are started again, and an end in order."""

import asyncio
import os
import signal
import time
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from types import SimpleNamespace

import pytest

from app import child as children
from app import portal_process, replacing, status, supervisor
from app.pdp.lifeline import HOPELESS
from app.settings import Settings
from app.supervisor import Plane, Supervisor
from app.telemetry.publishing import snapshots
from evidence.keys import VerifierKey
from tests.node import listening, node_environment

POLITE = "trap 'echo {name} >> ended; exit 0' TERM INT; echo {name} >> started; while :; do sleep 0.02; done"
DEAF = "trap '' TERM; echo {name} >> started; while :; do sleep 0.02; done"
SHORT = "echo {name} >> started; exit 7"
ONCE = "echo {name} >> started; test -e {name} || {{ : > {name}; exit 7; }}; while :; do sleep 0.02; done"


@pytest.fixture
def settings(tmp_path):
    return Settings.from_environment(node_environment(tmp_path, OMEGA_WORKERS="2"))


@pytest.fixture
def quick(monkeypatch):
    """Have the supervisor lose patience sooner."""
    monkeypatch.setattr(supervisor, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(supervisor, "_LONGEST_PAUSE", 0.002)
    monkeypatch.setattr(supervisor, "_LOOK", 0.001)
    monkeypatch.setattr(supervisor, "_SPARE_PAUSE", 0.001)
    monkeypatch.setattr(supervisor, "_REPLACING", 0.001)


@pytest.fixture
def supervising(settings, tmp_path, monkeypatch):
    """Return a way to make a supervisor whose children are shell scripts that write down what they do."""
    monkeypatch.setattr(children, "__file__", str(tmp_path / "app" / "supervisor.py"))  # where children start
    sockets = []

    def make(worker=POLITE, sealer=POLITE, indexer=POLITE, anchoring=None, planes=tuple(Plane)):
        sockets.append(listening())
        anchored = replace(settings, tsa="http://127.0.0.1:1" if anchoring else None)
        made = Supervisor(anchored, sockets[0], planes)
        sockets.append(made)
        scripts = (made._sealer, sealer), (made._indexer, indexer), *((each, worker) for each in made._workers)
        for child, script in (*scripts, *((each, anchoring) for each in made._spare)):
            child.command = ["sh", "-c", script.format(name=child.name.replace(" ", ""))]
        return made

    yield make
    for each in sockets:
        each.close()


def lines(path):
    return path.read_text().split() if path.exists() else []


async def until(condition):
    while not condition():  # noqa: ASYNC110  nothing tells a test
        await asyncio.sleep(0.002)


def run(made, then):
    """Run a supervisor; do `then` beside it."""

    async def main():
        running = asyncio.create_task(made.run(lambda: None))
        await then()
        return await running

    return asyncio.run(main())


def told(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_ends_the_sealer_after_the_workers_and_the_indexer_last(supervising, tmp_path, number):
    async def then():
        await until(lambda: len(lines(tmp_path / "started")) >= 4)
        told(number)

    assert run(supervising(), then) == 0
    assert sorted(lines(tmp_path / "started")) == ["indexer", "sealer", "worker0", "worker1"]
    assert sorted(lines(tmp_path / "ended")[:2]) == ["worker0", "worker1"]
    assert lines(tmp_path / "ended")[2:] == ["sealer", "indexer"]


@pytest.mark.parametrize(
    ("planes", "started"),
    [
        ([Plane.DECISION], ["sealer", "worker0", "worker1"]),
        ([Plane.CONTROL], ["sealer", "worker0", "worker1"]),
        ([Plane.BACKGROUND], ["anchoring", "background", "indexer"]),
        ([Plane.BACKGROUND, Plane.JOBS], ["anchoring", "background", "indexer", "sealer"]),
    ],
    ids=["decision", "control", "background", "background and jobs"],
)
def test_a_plane_has_its_processes_and_no_others(supervising, tmp_path, planes, started):
    async def then():
        await until(lambda: len(lines(tmp_path / "started")) >= len(started))
        told(signal.SIGTERM)

    assert run(supervising(anchoring=POLITE, planes=planes), then) == 0
    assert sorted(lines(tmp_path / "started")) == sorted(lines(tmp_path / "ended")) == started


def portal_of(settings, planes):
    with listening() as there, listening() as portals, closing(Supervisor(settings, there, planes, portals)) as made:
        (found,) = made._portals
        assert found.descriptors == (portals.fileno(),)
        assert found.command[1:5] == ["-m", "auditor_portal", str(portals.fileno()), str(os.getpid())]
        return found, made


def test_a_portal_beside_a_node_asks_that_node_and_can_be_done_without(settings):
    found, made = portal_of(settings, tuple(Plane))
    assert found.command[5] == made._url
    assert found.spare
    assert found in made._children


def test_a_portal_alone_is_all_there_is(settings):
    found, made = portal_of(replace(settings, port=8_420), [Plane.PORTAL])
    assert found.command[5] == "http://127.0.0.1:8420"
    assert not found.spare
    assert made._children == [found]


def test_a_portal_with_a_role_of_its_own_does_not_have_the_nodes(settings, monkeypatch):
    monkeypatch.setenv("OMEGA_DATABASE", "postgresql://omega:secret@db/omega")
    monkeypatch.setenv("OMEGA_PORTAL_DATABASE", "postgresql://portal@db/omega")
    shared, _ = portal_of(settings, tuple(Plane))
    assert "OMEGA_DATABASE" in shared.environment
    apart = replace(settings, portal=replace(settings.portal, database="postgresql://portal@db/omega"))
    found, made = portal_of(apart, tuple(Plane))
    assert "OMEGA_DATABASE" not in found.environment
    assert "OMEGA_DATABASE" in made._workers[0].environment


def test_a_portal_runs_where_it_has_a_url(settings):
    assert not portal_process.runs(settings, tuple(Plane))
    known = replace(settings, portal=replace(settings.portal, url="https://audit.example.org"))
    assert portal_process.runs(known, tuple(Plane))
    assert not portal_process.runs(known, [Plane.DECISION])


def test_a_portal_alone_makes_no_keys(tmp_path):
    away = Settings.from_environment(
        node_environment(tmp_path, OMEGA_PORTAL_URL="http://127.0.0.1:8430", OMEGA_PORTAL_PORT="0")
    )
    with pytest.raises(supervisor.ServeError, match="copy it there from a node that decides"):
        supervisor.serve(away, print, [Plane.PORTAL])
    assert [path.name for path in away.data.iterdir()] == ["lock.portal"]


def test_a_portal_alone_makes_no_store(tmp_path):
    away = Settings.from_environment(node_environment(tmp_path, OMEGA_PORTAL_URL="http://127.0.0.1:8430"))
    away.keys.mkdir(mode=0o700, parents=True)
    (away.keys / "log.vkey").write_text(f"{VerifierKey(origin='omega.localhost/log', public_key=bytes(32))}\n")
    with pytest.raises(supervisor.ServeError, match="store"):
        supervisor.serve(away, print, [Plane.PORTAL])
    assert sorted(path.name for path in away.data.iterdir()) == ["keys", "lock.portal"]


def test_workers_are_told_what_they_serve(settings):
    for planes in ([Plane.CONTROL], [Plane.DECISION], tuple(Plane)):
        with listening() as there, closing(Supervisor(settings, there, planes)) as made:
            assert {*made._workers[0].command[7:]} == {*planes} & supervisor.SERVING


def test_who_exports_metrics_has_a_process_for_it(settings):
    with listening() as there, closing(Supervisor(replace(settings, otlp_metrics=True), there)) as made:
        assert [child.name for child in made._spare] == ["exporting"]


@pytest.mark.parametrize(
    ("planes", "lines_"),
    [([Plane.DECISION], 3), ([Plane.BACKGROUND], 0), ([Plane.BACKGROUND, Plane.JOBS], 1)],
    ids=["decision", "background", "background and jobs"],
)
def test_jobs_are_run_where_decisions_are_recorded(settings, planes, lines_):
    with listening() as listens, closing(Supervisor(replace(settings, jobs=True), listens, planes)) as made:
        assert ("jobs" in [child.name for child in made._spare]) is bool(lines_)
        assert len(made._sealer.descriptors) == lines_


@pytest.mark.usefixtures("quick")
def test_a_worker_that_is_to_be_replaced_is_and_the_others_are_left_alone(supervising, settings, tmp_path):
    settings.data.mkdir()
    made = supervising()

    async def then():
        await until(lambda: len(lines(tmp_path / "started")) >= 4)
        before = made._workers[0].process.pid
        replacing.ask(settings, "worker 0", before)
        replacing.ask(settings, "worker 1", before)  # which is another's number
        await until(lambda: lines(tmp_path / "started").count("worker0") == 2)
        await until(lambda: made._workers[0].process.pid != before)  # which it says before it is noted
        told(signal.SIGTERM)

    assert run(made, then) == 0
    assert lines(tmp_path / "started").count("worker1") == 1
    assert [child.starts for child in made._workers] == [2, 1]
    assert not any(child.deaths or child.replaced for child in made._workers)


def test_a_fresh_worker_is_waited_for(settings):
    settings.data.mkdir()
    with listening() as there, closing(Supervisor(settings, there)) as made:
        child, process = made._workers[0], SimpleNamespace(pid=os.getpid(), returncode=None)
        assert not made._heard(child)
        status.say(settings, status.SERVICE, {"workers": 2, "processes": [], "url": "", "since": 0})
        status.say(settings, "worker-0", {})
        assert not made._heard(child)
        child.process = process
        assert made._heard(child)
        asyncio.run(made._until_heard(child, os.getpid() + 1))


DRAINING = (
    "trap 'echo {name}:asked >> ended' TERM; trap 'echo {name}:hurried >> ended; exit 0' INT;"
    " echo {name} >> started; while :; do sleep 0.02; done"
)


def test_told_a_second_time_it_does_not_wait_for_workers_that_drain(supervising, tmp_path):
    async def then():
        await until(lambda: len(lines(tmp_path / "started")) >= 4)
        told(signal.SIGTERM)
        await until(lambda: len(lines(tmp_path / "ended")) >= 2)
        told(signal.SIGTERM)

    assert run(supervising(worker=DRAINING), then) == 0
    ended = lines(tmp_path / "ended")
    assert sorted(ended[:2]) == ["worker0:asked", "worker1:asked"]
    assert sorted(ended[2:4]) == ["worker0:hurried", "worker1:hurried"]
    assert ended[4:] == ["sealer", "indexer"]


def test_nobody_listens_once_the_workers_have_ended(supervising, tmp_path):
    made = supervising()

    async def then():
        await until(lambda: len(lines(tmp_path / "started")) >= 4)
        told(signal.SIGTERM)

    assert run(made, then) == 0
    assert made._listening.fileno() == -1


@pytest.mark.usefixtures("quick")
def test_restarts_are_counted(supervising, tmp_path, settings):
    made = supervising(worker=ONCE)

    async def then():
        await until(lambda: len(lines(tmp_path / "started")) >= 6)
        told(signal.SIGTERM)

    settings.data.mkdir()
    assert run(made, then) == 0
    made._publisher.publish()
    (snapshot,) = snapshots(settings.numbers, time.time())
    counted = {labels[0]: value for (name, labels), value in snapshot.values.items() if name == "omega_restarts_total"}
    assert counted == {"sealer": 0, "indexer": 0, "worker 0": 1, "worker 1": 1}


def test_a_hangup_stops_nothing(supervising, tmp_path):
    async def then():
        await until(lambda: len(lines(tmp_path / "started")) >= 4)
        told(signal.SIGHUP)
        await asyncio.sleep(0)
        assert lines(tmp_path / "ended") == []
        told(signal.SIGTERM)

    assert run(supervising(), then) == 0


@pytest.mark.usefixtures("quick")
def test_a_child_that_dies_is_started_again(supervising, tmp_path, caplog):
    async def then():
        await until(lambda: len(lines(tmp_path / "started")) >= 6)
        told(signal.SIGTERM)

    assert run(supervising(worker=ONCE), then) == 0
    assert sorted(lines(tmp_path / "started")) == ["indexer", "sealer", "worker0", "worker0", "worker1", "worker1"]
    assert caplog.text.count("ended with 7; it is started again") == 2


@pytest.mark.usefixtures("quick")
def test_it_says_which_processes_there_are(supervising, settings):
    settings.data.mkdir()
    seen = []

    def found():
        said = status.look(settings, time.time())
        return said if said and sum(each["starts"] for each in said.processes) >= 6 else None

    async def then():
        await until(found)
        seen.append(found())
        told(signal.SIGTERM)

    assert run(supervising(worker=ONCE), then) == 0
    starts = {each["name"]: each["starts"] for each in seen[0].processes}
    assert starts == {"sealer": 1, "indexer": 1, "worker 0": 2, "worker 1": 2}
    assert seen[0].service["url"].startswith("http://127.0.0.1:")
    assert seen[0].lacking == ("worker 0 does not run", "worker 1 does not run")  # they are scripts, and say nothing


def test_a_child_that_waits_to_be_started_again_does_not_hold_up_the_end(supervising, monkeypatch, caplog):
    monkeypatch.setattr(supervisor, "_FIRST_PAUSE", 60)
    monkeypatch.setattr(supervisor, "_LONGEST_PAUSE", 60)

    async def then():
        await until(lambda: "sealer" in caplog.text)
        told(signal.SIGTERM)

    assert run(supervising(sealer=SHORT), then) == 0


@pytest.mark.usefixtures("quick")
def test_a_child_that_keeps_dying_ends_the_service(supervising, tmp_path, caplog):
    async def then():
        pass

    assert run(supervising(sealer=SHORT), then) == 1
    assert lines(tmp_path / "started").count("sealer") == children.DEATHS
    assert sorted(lines(tmp_path / "ended")) == ["indexer", "worker0", "worker1"]
    assert "sealer keeps dying: the service ends" in caplog.text


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("code", [7, HOPELESS])
def test_the_service_goes_on_without_a_child_it_can_do_without(supervising, tmp_path, code):

    async def then():
        await until(lambda: lines(tmp_path / "started").count("anchoring") > children.DEATHS + 2)
        told(signal.SIGTERM)

    assert run(supervising(anchoring=SHORT.replace("7", str(code))), then) == 0
    assert lines(tmp_path / "started").count("sealer") == 1


@pytest.mark.usefixtures("quick")
def test_a_child_it_can_do_without_that_cannot_be_started(supervising, tmp_path, caplog):
    made = supervising(anchoring=POLITE)
    made._spare[0].command = [str(tmp_path / "nothing")]

    async def then():
        await until(lambda: caplog.text.count("anchoring cannot be started") > children.DEATHS + 2)
        told(signal.SIGTERM)

    assert run(made, then) == 0


def test_only_who_is_anchored_has_a_process_for_it(supervising, tmp_path):
    assert supervising()._spare == []

    async def then():
        await until(lambda: len(lines(tmp_path / "started")) >= 5)
        told(signal.SIGTERM)

    assert run(supervising(anchoring=POLITE), then) == 0
    assert sorted(lines(tmp_path / "ended")[:3]) == ["anchoring", "worker0", "worker1"]
    assert lines(tmp_path / "ended")[3:] == ["sealer", "indexer"]


@pytest.mark.usefixtures("quick")
def test_deaths_long_ago_are_forgotten(supervising, tmp_path, monkeypatch):
    monkeypatch.setattr(children, "WITHIN", 0.0)

    async def then():
        await until(lambda: lines(tmp_path / "started").count("sealer") > 2 * children.DEATHS)
        told(signal.SIGTERM)

    assert run(supervising(sealer=SHORT), then) == 0


def test_a_child_that_cannot_go_on_ends_the_service_at_once(supervising, tmp_path, caplog):
    async def then():
        pass

    assert run(supervising(sealer=SHORT.replace("7", str(HOPELESS))), then) == 1
    assert lines(tmp_path / "started").count("sealer") == 1
    assert "sealer cannot go on: the service ends" in caplog.text


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("code", [7, HOPELESS])
def test_without_an_index_the_service_goes_on(supervising, tmp_path, code):
    async def then():
        await until(lambda: lines(tmp_path / "started").count("indexer") > children.DEATHS)
        told(signal.SIGTERM)

    assert run(supervising(indexer=SHORT.replace("7", str(code))), then) == 0
    assert lines(tmp_path / "started").count("worker0") == 1


@pytest.mark.usefixtures("quick")
def test_an_indexer_that_cannot_be_started_is_tried_again_and_again(supervising, tmp_path, caplog):
    made = supervising()
    made._indexer.command = ["./nowhere"]

    async def then():
        await until(lambda: caplog.text.count("indexer cannot be started") > children.DEATHS)
        await until(lambda: len(lines(tmp_path / "started")) >= 3)
        told(signal.SIGTERM)

    assert run(made, then) == 0


def test_a_child_that_does_not_stop_is_killed(supervising, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(supervisor, "PATIENCE", 0.05)

    async def then():
        await until(lambda: len(lines(tmp_path / "started")) >= 4)
        told(signal.SIGTERM)

    assert run(supervising(worker=DEAF), then) == 0
    assert caplog.text.count("does not stop, and is killed") == 2
    assert lines(tmp_path / "ended") == ["sealer", "indexer"]


def test_a_child_that_is_being_started_is_stopped_too(supervising, monkeypatch):
    start = supervisor.Child.start

    async def slowly(child):
        told(signal.SIGTERM)
        await asyncio.sleep(0.02)
        return await start(child)

    monkeypatch.setattr(supervisor.Child, "start", slowly)

    async def then():
        pass

    assert run(supervising(worker="exec sleep 100", sealer="exec sleep 100", indexer="exec sleep 100"), then) == 0


def test_children_find_the_node_from_where_they_start(settings, monkeypatch):
    monkeypatch.setenv("OMEGA_DATA", "relative")
    with listening() as there, closing(Supervisor(settings, there)) as made:
        pass
    for child in (made._sealer, made._indexer, *made._workers):
        assert settings.places.items() <= child.environment.items()
        assert os.environ.keys() <= child.environment.keys()


@asynccontextmanager
async def answering(there, statuses):
    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        if status := statuses.pop(0):
            writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n".encode())
        writer.close()

    server = await asyncio.start_server(answer, sock=there)
    async with server:
        yield


@pytest.mark.usefixtures("quick")
def test_it_is_ready_when_the_service_says_so(supervising):
    made = supervising()

    async def main():
        ready = asyncio.Event()
        statuses = [503, None, 503, 200]
        async with answering(listening_as(made), statuses):
            running = asyncio.create_task(made.run(ready.set))
            await ready.wait()
        told(signal.SIGTERM)
        return await running, statuses

    assert asyncio.run(main()) == (0, [])


def listening_as(made):
    """Return another socket, and have the supervisor ask there."""
    there = listening()
    made._address = there.getsockname()
    return there


def test_where_nobody_listens_nothing_is_ready():
    with listening() as there:
        address = there.getsockname()
    assert asyncio.run(supervisor._is_ready(address)) is False


@pytest.mark.usefixtures("quick")
def test_a_child_that_cannot_be_started_ends_the_service(supervising):
    made = supervising()
    made._sealer.command = ["./nowhere"]
    assert asyncio.run(asyncio.wait_for(made.run(lambda: None), 60)) == 1
