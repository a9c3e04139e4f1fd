"""A decision worker: what it owns, whose decisions it shows, when it swaps policies, and when it is of no more use."""

import asyncio
import os
import signal
import sys
import time
from functools import partial

import pytest

from app import activation, identity, keys, schema, sealing_line, server
from app.assurance import Watch
from app.authentication.authenticator import Presented
from app.control_plane import NotCoveredError
from app.db import open_engine
from app.pdp.errors import BundleError, EvaluatorsGoneError
from app.pdp.lifeline import HOPELESS
from app.server import main, serve
from app.settings import Plane
from app.telemetry.publishing import Publisher
from app.worker import Worker, sealer_alive
from evidence.writer import Writer
from tests.decision_plane.asking import body
from tests.node import decided, listening, node_environment, prepared, sealed, use
from tests.pdp.deciding import GONE, NOW
from tests.pdp.shop import FILES, written
from tests.working import started, work


@pytest.fixture
def settings(tmp_path):
    return prepared(tmp_path)


@pytest.fixture
def working(settings, monkeypatch):
    """Return a way to run something in a worker."""
    monkeypatch.setattr("app.worker.start_policies", started)
    monkeypatch.setattr("app.worker._WATCH", 0.001)
    return partial(work, settings)


def test_it_is_ready_when_all_it_needs_is_there(settings, working):
    async def health(worker, _):
        before = worker._health().checks
        sealed(settings)
        alive = worker._health()
        os.utime(settings.data / "sealer.alive", (time.time() - 60, time.time() - 60))
        return before, alive, worker._health().checks

    before, alive, after = working(health)
    assert before == {"evaluators": True, "journal": True, "spool": True, "sealer": False}
    assert all(alive.checks.values())
    assert (alive.bundle, alive.revision) == (activation.active(settings.bundles).stem, "unversioned")
    assert after == {"evaluators": True, "journal": True, "spool": True, "sealer": False}


def test_it_says_what_the_store_was_shown_to_be_worth(settings, working):
    async def health(worker, _):
        before = worker._health().assurance
        Watch(settings).run(NOW)
        return before, worker._health().assurance

    assert working(health) == (None, {"level": "L1", "time": NOW.isoformat().replace("+00:00", "Z")})


def test_it_serves_the_planes_that_it_is_told_to(settings, working):
    async def serving(worker, plane):
        assert await worker.application([Plane.DECISION]) is plane
        both = await worker.application([Plane.DECISION, Plane.CONTROL])
        assert both._first is plane
        with pytest.raises(NotCoveredError):  # the policies of this test sell fruit
            await worker.application([Plane.CONTROL])

    schema.upgrade(open_engine(settings.product), schema.PRODUCT_MIGRATIONS)
    working(serving)


def test_told_to_stop_it_says_so_and_is_not_ready(working):
    async def drain(worker, _):
        before = worker._health().draining
        worker.drain()
        return before, worker._health().draining

    assert working(drain) == (False, True)


def test_it_shows_its_numbers_and_those_of_others(settings, working):
    Publisher(settings.numbers, "sealer").publish()

    async def look(worker, _):
        return (await worker._numbers()).decode()

    text = working(look)
    assert 'omega_ready{worker="worker 0"} 0.0' in text
    assert 'omega_spool_records{retention_class="std7y",worker="worker 0"} 1.0' in text
    assert 'omega_published_timestamp_seconds{worker="sealer"}' in text


def test_it_traces_where_it_is_asked_to(settings, working, monkeypatch):
    made = []
    monkeypatch.setattr("app.worker.tracer", made.append)
    object.__setattr__(settings, "otlp_traces", True)

    async def nothing(*_):
        pass

    working(nothing)
    assert made == ["worker 0"]


def test_nobody_knows_when_a_sealer_that_never_ran_was_alive(settings):
    assert sealer_alive(settings) is None


def test_without_evaluators_a_worker_ends(working, caplog):
    async def lose(worker, _):
        worker._pdp.policies.evaluators.gone.set_result(GONE)
        await worker.ended()
        return worker._health().checks["evaluators"]

    assert working(lose) is False
    assert "worker ends: its evaluators are gone" in caplog.text


def test_a_chain_that_takes_nothing_more_ends_its_worker(working, caplog):
    async def fail(worker, _):
        worker._log.chain(None).writer.failure = "the disk is full"
        await worker.ended()

    working(fail)
    assert "worker ends: the disk is full" in caplog.text


async def turns(worker, number=3):
    """Let the worker look for another bundle so many times."""
    for _ in range(number):
        await worker._reload()


def test_another_bundle_in_force_is_taken_over(settings, working):
    async def swap(worker, _):
        old = worker._pdp.policies
        written(settings.policies, {"data/notes.json": "{}"})
        bundle = await asyncio.to_thread(activation.activate, settings.policies, settings.bundles)
        await turns(worker)
        await asyncio.gather(*worker._sets._retiring)
        return old, worker._pdp.policies, bundle

    old, new, bundle = working(swap)
    assert old.evaluators.closed
    assert new.bundle.digest == bundle.digest != old.bundle.digest


def test_evaluators_that_end_after_the_swap_end_nobody(settings, working):
    async def swap(worker, _):
        old = worker._pdp.policies.evaluators
        written(settings.policies, {"data/notes.json": "{}"})
        activation.activate(settings.policies, settings.bundles)
        await turns(worker)
        old.gone.set_result(GONE)
        await asyncio.sleep(0)
        return worker._ended.is_set()

    assert working(swap) is False


@pytest.mark.parametrize("content", [b"0" * 64, b"\xff", b""], ids=["not there", "no text", "empty"])
def test_a_bundle_that_cannot_be_had_changes_nothing(settings, working, caplog, content):
    async def look(worker, _):
        before = worker._pdp.policies
        (settings.bundles / "active").write_bytes(content)
        await turns(worker, 1)
        return before is worker._pdp.policies

    assert working(look) is True
    assert "the old one goes on" in caplog.text


def test_a_token_of_this_node_is_known_and_no_other(settings, working):
    async def authenticate(_, plane):
        node = keys.load(settings.keys)
        made = [
            identity.issue(
                node.token, subject="marketplace", tenant="default", issuer=issuer, lifetime=60, now=time.time()
            )
            for issuer in (settings.origin, "somewhere.example/else")
        ]
        return [plane._by._authenticate(Presented(token=token)) for token in made]

    known, unknown = working(authenticate)
    assert (known.subject, known.tenant, unknown) == ("marketplace", "default", None)


def test_a_decision_is_made_again_under_the_snapshot_of_its_bundle(settings, working, monkeypatch):
    monkeypatch.setattr("app.worker.decide_again", lambda *given: given)

    async def decide_again(_, plane):
        return plane._by.explainer._decide_again("0a1b", b"asked")

    assert working(decide_again) == (settings.bundles / "0a1b.json", b"asked")


def test_a_worker_continues_the_chain_it_finds(settings, working):
    (recorded,) = decided(settings, body())

    async def chain(worker, _):
        writer = worker._log.chain(None).writer
        return writer.chain, writer._chain.epoch

    assert working(chain) == (recorded.appended.position.chain, 2)


async def get(address):
    """Return the status line of /readyz."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET /readyz HTTP/1.1\r\nhost: omega\r\nconnection: close\r\n\r\n")
    line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return line


def test_it_serves_until_a_signal_and_then_lets_go_of_its_chain(settings, monkeypatch):
    monkeypatch.setattr("app.worker.start_policies", started)
    sealed(settings)

    async def run():
        mine, theirs = sealing_line.pair()
        with listening() as there, theirs:
            address = there.getsockname()
            serving = asyncio.create_task(serve(settings, there, mine))
            line = await get(address)
            os.kill(os.getpid(), signal.SIGTERM)
            return line, await serving

    line, code = asyncio.run(run())
    assert (line.split()[1], code) == (b"200", 0)
    (chain,) = settings.journals.iterdir()
    writer = Writer.open(settings.journals, retention_class="std7y", version="0")
    assert writer.chain == chain.name
    asyncio.run(writer.close())


def test_it_serves_until_it_is_of_no_more_use(settings, monkeypatch):
    pools = []

    async def starting(found, snapshot):
        pools.append(await started(found, snapshot))
        return pools[0]

    monkeypatch.setattr("app.worker.start_policies", starting)
    monkeypatch.setattr("app.worker._WATCH", 0.001)

    async def run():
        mine, theirs = sealing_line.pair()
        with listening() as there, theirs:
            address = there.getsockname()
            serving = asyncio.create_task(serve(settings, there, mine))
            await get(address)
            pools[0].evaluators.gone.set_result(GONE)
            return await serving

    assert asyncio.run(run()) == 1


@pytest.fixture
def process(monkeypatch):
    """Let `main` believe that this is its process, on a socket it was handed."""
    handler = signal.getsignal(signal.SIGHUP)
    handed = listening()
    mine, theirs = sealing_line.pair()
    monkeypatch.setattr(server, "end_with_parent", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["server", str(handed.detach()), "1", str(mine.detach()), "0"])
    with theirs:
        yield
    signal.signal(signal.SIGHUP, handler)


@pytest.mark.usefixtures("process")
@pytest.mark.parametrize(
    ("environment", "message"),
    [
        pytest.param({"OMEGA_WORKERS": "many"}, "OMEGA_WORKERS cannot be `many`", id="a setting"),
        pytest.param({}, "keys", id="no keys"),
    ],
)
def test_a_worker_that_cannot_start_says_why_in_one_line(tmp_path, monkeypatch, caplog, environment, message):
    use(monkeypatch, node_environment(tmp_path, **environment))
    assert main() == 1
    (entry,) = [entry for entry in caplog.records if entry.name == "app.server"]
    assert entry.getMessage().startswith("worker ends: ")
    assert message in entry.getMessage()
    assert entry.exc_info is None


@pytest.mark.usefixtures("process")
def test_a_worker_whose_journal_was_altered_is_not_started_again(settings, tmp_path, monkeypatch, caplog):
    use(monkeypatch, {**node_environment(tmp_path), **settings.places})
    monkeypatch.setattr("app.worker.start_policies", started)
    decided(settings, body())
    (file,) = settings.journals.glob("*/*.evj")
    data = bytearray(file.read_bytes())
    data[40] ^= 1
    file.write_bytes(data)
    assert main() == HOPELESS
    assert "worker ends, and a person must look: " in caplog.text


@pytest.mark.usefixtures("process")
@pytest.mark.parametrize("error", [BundleError("active:1:1: none"), EvaluatorsGoneError("none start")])
def test_a_worker_without_policies_says_why_in_one_line(settings, tmp_path, monkeypatch, caplog, error):
    use(monkeypatch, {**node_environment(tmp_path), **settings.places})

    async def fail(*_):
        raise error

    monkeypatch.setattr("app.worker.start_policies", fail)
    assert main() == 1
    assert f"worker ends: {error}" in caplog.text


@pytest.mark.slow
def test_real_evaluators_start_and_end_with_it(settings):
    async def run():
        mine, theirs = sealing_line.pair()
        worker = Worker(settings, keys.load(settings.keys), mine)
        await worker.start()
        digest = worker._pdp.policies.evaluators.digest
        await worker.close()
        theirs.close()
        worker._subject_keys._thread.shutdown()
        return digest

    assert asyncio.run(run()) == activation.active(settings.bundles).stem


def test_a_bundle_whose_records_cannot_be_kept_is_not_taken_over(settings, working, caplog):
    """It names a retention class that this node does not keep."""

    async def swap(worker, _):
        before = worker._pdp.policies
        sell = FILES["rego/shop/sell.rego"]
        written(settings.policies, {"rego/shop/sell.rego": "# METADATA\n# custom: {retention: forever}\n" + sell})
        await asyncio.to_thread(activation.activate, settings.policies, settings.bundles)
        await turns(worker)
        return before is worker._pdp.policies, worker._unusable

    same, unusable = working(swap)
    assert same
    assert unusable == activation.active(settings.bundles).stem
    assert "the old one goes on: retention class `forever` has no days in OMEGA_RETENTION" in caplog.text
