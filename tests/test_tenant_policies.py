"""The policies of tenants in one worker: each follows its own, and what befalls one befalls nobody else."""

import asyncio
import errno
import json
import os
from functools import partial

import pytest

from app import activation, supervisor, tenant_policies, tenants
from app.pdp.errors import BundleError, EvaluatorsGoneError, NoPoliciesError, UnrecordedError
from app.settings import Settings
from app.tenant_policies import PolicySets
from evidence.errors import JournalError
from tests.node import node_environment
from tests.pdp.deciding import GONE, Service
from tests.pdp.shop import written
from tests.tenancy import files, listing
from tests.working import started, work

ACME, GLOBEX = Service(tenant="acme"), Service(tenant="globex")


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """Return a node with two tenants that have policies of their own, and one with a class of its own."""
    monkeypatch.setattr(activation, "admit_apart", lambda _: None)  # they would be admitted, half a second each
    file = listing(tmp_path, acme=files("acme", 10), globex=files("globex", 20), initech={"retention": "hipaa6y"})
    found = Settings.from_environment(node_environment(tmp_path, OMEGA_TENANTS=str(file)))
    supervisor.prepare(found)
    return found


@pytest.fixture
def failing():
    """Return what is to go wrong with the start of a bundle, by its digest."""
    return {}


@pytest.fixture
def working(settings, failing, monkeypatch):
    """Return a way to run something in a worker."""

    async def start(found, snapshot):
        if (error := failing.get(snapshot.stem)) is not None:
            raise error
        return await started(found, snapshot)

    monkeypatch.setattr("app.worker.start_policies", start)
    monkeypatch.setattr("app.worker._WATCH", 0.001)
    return partial(work, settings)


def digests(worker):
    """Return which bundle decides for whom."""
    pdp = worker._pdp
    found = {"acme": pdp.own["acme"], "globex": pdp.own["globex"], "node": pdp.policies_of(Service(tenant="initech"))}
    return {name: policies and policies.bundle.digest for name, policies in found.items()}


async def settled(worker):
    """Have the worker look, and wait for what it began."""
    await worker._tenants.look()
    if worker._tenants._swapping:
        await asyncio.wait(worker._tenants._swapping.values())
    await asyncio.gather(*worker._sets._retiring)


def changed(settings, name, grams):
    written(settings.tenants.parent / f"{name}-policies", files(name, grams))
    return tenants.activate(settings, name).digest


def test_each_tenant_has_its_own_from_the_start(settings, working):
    async def look(worker, _):
        kept = {each.writer._chain.retention_class for each in worker._log.chains()}
        return digests(worker), kept, dict(worker._pdp.retention), worker._health().alarms

    found, kept, retention, alarms = working(look)
    standing = tenants.standing(settings.bundles)
    assert found == {
        "acme": standing["acme"].bundle,
        "globex": standing["globex"].bundle,
        "node": activation.active(settings.bundles).stem,
    }
    assert len(set(found.values())) == 3
    assert kept == {"std7y", "hipaa6y"}
    assert (retention, alarms) == ({"initech": "hipaa6y"}, ())


def test_a_reload_of_one_leaves_all_others_as_they_are(settings, working):
    async def swap(worker, _):
        before, sets = digests(worker), dict(worker._sets._sets)
        digest = await asyncio.to_thread(changed, settings, "acme", 30)
        await settled(worker)
        closed = {name: each.policies.evaluators.closed for name, each in sets.items()}
        return before, digests(worker), digest, closed

    before, after, digest, closed = working(swap)
    assert after == before | {"acme": digest}
    assert closed == {before["acme"]: True, before["globex"]: False, before["node"]: False}


def test_a_reload_of_the_nodes_leaves_tenants_as_they_are(settings, working):
    async def swap(worker, _):
        before = digests(worker)
        written(settings.policies, {"data/notes.json": "{}"})
        await asyncio.to_thread(activation.activate, settings.policies, settings.bundles)
        await worker._reload()
        await settled(worker)
        return before, digests(worker)

    before, after = working(swap)
    assert after == before | {"node": activation.active(settings.bundles).stem}
    assert after["node"] != before["node"]


@pytest.mark.parametrize("error", [BundleError("no bundle"), EvaluatorsGoneError("none starts"), OSError("no memory")])
def test_policies_of_one_that_cannot_start_stop_nobody_else(settings, working, failing, caplog, error):
    standing = tenants.standing(settings.bundles)
    failing[standing["acme"].bundle] = error

    async def look(worker, _):
        with pytest.raises(NoPoliciesError):
            worker._pdp.policies_of(ACME)
        return digests(worker), worker._health()

    found, health = working(look)
    assert found["acme"] is None
    assert found["globex"] == standing["globex"].bundle
    assert health.alarms == ("tenants without policies in force: 1",)
    assert health.checks["evaluators"] is True
    assert f"bundle in force of tenant acme cannot be loaded: {error}" in caplog.text


def test_what_trying_again_may_mend_is_tried_again_and_nothing_else(settings, working, failing):
    acme, globex = (tenants.standing(settings.bundles)[name].bundle for name in ("acme", "globex"))
    failing |= {acme: EvaluatorsGoneError("none starts"), globex: BundleError("no bundle")}

    async def look(worker, _):
        failing.clear()
        await settled(worker)
        too_soon = digests(worker)
        worker._tenants._not_before.clear()
        await settled(worker)
        return too_soon, digests(worker)

    too_soon, after = working(look)
    assert (too_soon["acme"], too_soon["globex"]) == (None, None)
    assert (after["acme"], after["globex"]) == (acme, None)


def test_a_new_bundle_that_cannot_start_leaves_the_old_one(settings, working, failing):
    async def swap(worker, _):
        before = digests(worker)
        digest = await asyncio.to_thread(changed, settings, "acme", 30)
        failing[digest] = BundleError("no bundle")
        await settled(worker)
        return before, digests(worker), worker._tenants.without

    before, after, without = working(swap)
    assert (after, without) == (before, 0)


def test_a_tenant_whose_evaluators_are_gone_gets_others_and_the_worker_goes_on(working):
    async def lose(worker, _):
        lost = worker._pdp.own["acme"].evaluators
        lost.gone.set_result(GONE)
        without = worker._tenants.without
        await settled(worker)
        return lost, worker._pdp.own["acme"].evaluators, without, worker._tenants.without, worker._ended.is_set()

    lost, fresh, without, after, ended = working(lose)
    assert fresh is not lost
    assert lost.closed
    assert (without, after, ended) == (1, 0, False)


def test_a_standing_that_is_damaged_or_gone_changes_nothing(settings, working):
    async def look(worker, _):
        before = digests(worker), dict(worker._pdp.retention)
        (settings.bundles / "tenants" / "acme.json").write_bytes(b"{")
        (settings.bundles / "tenants" / "initech.json").write_bytes(b"{")
        (settings.bundles / "tenants" / "globex.json").unlink()
        await worker._tenants.look()
        return before, (digests_but(worker), dict(worker._pdp.retention)), worker._pdp.own["initech"]

    def digests_but(worker):
        worker._pdp.own.pop("initech")
        worker._pdp.own.setdefault("initech", None)
        own = worker._pdp.own
        return {name: own[name].bundle.digest for name in ("acme", "globex")}

    (before, retention), (after, kept), initech = working(look)
    assert after == {name: before[name] for name in ("acme", "globex")}
    assert kept == retention
    assert initech is None  # it may have had its own: nobody can say, so nothing decides


def test_what_cannot_be_read_while_it_runs_changes_nothing_and_stops_a_start(settings, working, monkeypatch, caplog):
    def unreadable(*_):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    async def look(worker, _):
        before = digests(worker)
        monkeypatch.setattr("app.tenants.Path.glob", unreadable)
        await worker._tenants.look()
        return before, digests(worker)

    before, after = working(look)
    assert before == after
    assert "all goes on as it is: bundles/tenants:1:1: cannot be read: Too many open files" in caplog.text
    with pytest.raises(BundleError, match="cannot be read"):
        tenants.standing(settings.bundles)


def test_a_tenants_class_that_cannot_be_opened_costs_others_nothing(settings, working, caplog):
    async def look(worker, _):
        async def fail(_):
            raise JournalError("the disk is full")

        worker._tenants._open = fail
        worker._tenants._classes.clear()
        digest = await asyncio.to_thread(changed, settings, "acme", 30)
        before = digests(worker)
        await settled(worker)
        assert digest not in digests(worker).values()
        return before, digests(worker)

    before, after = working(look)
    assert after == before
    assert "retention class of a tenant cannot be opened: the disk is full" in caplog.text


def test_slow_policies_hold_up_the_start_no_longer_than_the_worker_is_patient(settings, monkeypatch):
    acme, slow = tenants.standing(settings.bundles)["acme"].bundle, []
    monkeypatch.setattr(tenant_policies, "_PATIENCE", 3.0)

    async def start(found, snapshot):
        if snapshot.stem == acme:
            slow.append(asyncio.current_task())
            await asyncio.Event().wait()
        return await started(found, snapshot)

    monkeypatch.setattr("app.worker.start_policies", start)

    async def look(worker, _):
        return digests(worker)

    found = work(settings, look)
    assert (found["acme"], found["globex"]) == (None, tenants.standing(settings.bundles)["globex"].bundle)
    assert slow[0].cancelled()


class Started:
    """Starts fakes, and counts."""

    def __init__(self, error=None):
        self.number, self.error = 0, error

    async def __call__(self, snapshot):
        self.number += 1
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return await started(None, snapshot)


def test_who_has_the_same_bundle_shares_one_set_until_the_last_has_left(settings):
    async def main():
        start = Started()
        sets = PolicySets(start)
        snapshot = activation.active(settings.bundles)
        one, two = await asyncio.gather(sets.take(snapshot), sets.take(snapshot))
        three = await sets.take(snapshot)
        assert one is two is three
        pool, seen = one.policies.evaluators, []
        for each in (one, two, three):
            sets.release(each)
            await asyncio.gather(*sets._retiring)
            seen.append(pool.closed)
        again = await sets.take(snapshot)
        await sets.close()
        return start.number, seen, again is one, again.policies.evaluators.closed

    assert asyncio.run(main()) == (2, [False, False, True], False, True)


def test_a_set_that_does_not_start_is_nobodys(settings):
    async def main():
        start = Started(EvaluatorsGoneError("none starts"))
        sets = PolicySets(start)
        snapshot = activation.active(settings.bundles)
        failed = await asyncio.gather(sets.take(snapshot), sets.take(snapshot), return_exceptions=True)
        start.error = None
        taken = await sets.take(snapshot)
        await sets.close()
        return [type(each) for each in failed], start.number, taken.gone

    assert asyncio.run(main()) == ([EvaluatorsGoneError] * 2, 2, False)


def test_a_set_that_failed_for_one_and_is_still_held_is_started_anew_for_the_next(settings):
    async def main():
        sets, snapshot = PolicySets(Started()), activation.active(settings.bundles)
        first = await sets.take(snapshot)
        first.policies.evaluators.gone.set_result(GONE)
        second = await sets.take(snapshot)
        sets.release(first)
        third = await sets.take(snapshot)
        await sets.close()
        return first.gone, second is first, third is second, first.policies.evaluators.closed

    assert asyncio.run(main()) == (True, False, True, True)


def test_activation_of_a_tenant_is_recorded_as_its_own(settings, working):
    async def recorded(worker, _):
        digest = await asyncio.to_thread(changed, settings, "acme", 30)
        await settled(worker)
        return digest, [each.writer.directory for each in worker._log.chains()]

    digest, directories = working(recorded)
    for directory in directories:
        found = list(activations(directory))
        told = [(each["tenant"], each["body"]["previous"] is None) for each in found]
        assert sorted(told) == [("acme", False), ("acme", True), ("globex", True), ("system", True)]
        assert found[-1]["body"]["bundle"] == digest


def activations(directory):
    """Yield what a journal says of policies in force."""
    for path in sorted(directory.glob("*.evj")):
        for text in path.read_bytes().decode("latin-1").split('{"body":')[1:]:
            record, _ = json.JSONDecoder().raw_decode('{"body":' + text)
            if record["type"] == "policy.activated":
                yield record


def test_a_failing_chain_leaves_a_tenant_with_what_it_had(settings, working):
    async def swap(worker, _):
        before = digests(worker)
        await asyncio.to_thread(changed, settings, "acme", 30)

        async def fail(*_, **__):
            raise UnrecordedError("the disk is full")

        worker._pdp.activate = fail
        await settled(worker)
        return before, digests(worker)

    before, after = working(swap)
    assert after == before
