"""Many processes, and what has been verified before: the same report, whoever was faster."""

import os
import signal
from functools import partial

import pytest

from evidence import segment_pool
from evidence.errors import FindingError, StoreError
from evidence.keys import VerifierKey
from evidence.segment import Seal
from evidence.segment_check import Outcome
from evidence.store import open_store
from evidence.stores.memory import MemoryStore
from evidence.verify import Asked, Verification
from tests.evidence import logs
from tests.evidence.lies import sample, tampered
from tests.evidence.lies_chains import CHAINS
from tests.evidence.lies_records import RECORDS
from tests.evidence.logs import SIGNER

KEY = VerifierKey.parse(SIGNER.key_file.decode())


def report_on(store, asked=None, earlier=None):
    verification = Verification(store, KEY, asked)
    try:
        return verification.run(earlier).document(None)
    except FindingError as error:
        return verification.report.document(error)


def stored(objects):
    store = MemoryStore()
    store._objects = dict(objects)
    return store


def in_processes(root, jobs=2, **asked):
    reopen = partial(open_store, str(root), read_only=True)
    return report_on(reopen(), Asked(jobs=jobs, reopen=reopen, **asked))


@pytest.mark.slow
def test_processes_report_what_one_would(tmp_path):
    log = logs.build(chains=3, segments=6, records=5, heartbeats=1, checkpoints=4)
    root = logs.write(log.objects, tmp_path)
    assert in_processes(root) == report_on(stored(log.objects))


def damaged():
    """A log in which two segments of each chain are wrong, and a seal behind the first."""
    log = logs.build(chains=2, segments=9, records=5)
    for chain in log.chains:
        for n in (1, 3):
            key = chain.segment_key(n)
            log.objects[key] = log.objects[key].replace(b"decision", b"decisiom", 1)
    key = log.chains[0].seal_key(2)
    log.objects[key] = log.objects[key][:-4] + b"AAA\n"
    return log


@pytest.mark.slow
def test_what_stands_first_in_the_log_is_reported_by_processes_too(tmp_path):
    log = damaged()
    root = logs.write(log.objects, tmp_path)
    one, many = report_on(stored(log.objects)), in_processes(root)
    assert one == many
    assert one["finding"]["where"] == log.chains[0].segment_key(1)


@pytest.fixture
def ahead(monkeypatch):
    """Have a pool take segments ahead as processes do, and settle them late, in this process."""

    def opened(store, wanted, *, jobs, reopen):
        def later(seal):
            return lambda: segment_pool.check(store, seal, wanted)

        class Pool:
            def __enter__(self):
                return segment_pool.SegmentPool(later, 3)

            def __exit__(self, *_):
                return None

        assert (jobs, reopen) == (1, None)
        return Pool()

    monkeypatch.setattr("evidence.verify.open_pool", opened)


@pytest.mark.usefixtures("ahead")
def test_what_stands_first_is_reported_whatever_is_on_its_way():
    log = damaged()
    report = report_on(stored(log.objects))
    assert report["finding"]["where"] == log.chains[0].segment_key(1)
    assert (report["checked"]["seals"], report["checked"]["records"]) == (1, 5)


@pytest.mark.usefixtures("ahead")
def test_a_seal_is_found_wrong_once_the_segments_before_it_hold():
    log = logs.build(chains=2, segments=5, records=5)
    key = log.chains[1].seal_key(2)
    log.objects[key] = log.objects[key][:-4] + b"AAA\n"
    report = report_on(stored(log.objects))
    assert report["finding"]["where"] == key
    assert (report["checked"]["seals"], report["checked"]["records"]) == (7, 35)


@pytest.mark.usefixtures("ahead")
@pytest.mark.parametrize("lie", list(tampered(CHAINS, RECORDS)), ids=lambda lie: lie.name)
def test_every_lie_is_found_at_its_place_whatever_is_on_its_way(lie):
    report = report_on(stored(lie.objects), earlier=lie.brought.earlier)
    assert (report["finding"]["code"], report["finding"]["where"]) == (lie.code, lie.where)


def test_a_process_of_the_pool_opens_the_store_itself(tmp_path, monkeypatch):
    log = sample()
    root = logs.write(log.objects, tmp_path)
    monkeypatch.setattr(segment_pool, "_store", None)
    monkeypatch.setattr(segment_pool, "_wanted", frozenset())
    segment_pool.start(partial(open_store, str(root), read_only=True), frozenset())
    seal = Seal.parse(logs.note_text(log.objects[log.chains[0].seal_key(0)]))
    assert segment_pool.work(seal).records == 3
    log.expire(seal.object_key)
    (root / seal.object_key).unlink()
    assert segment_pool.work(seal) == Outcome(gone=True)


def end_by_signal():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_a_process_that_is_killed_says_nothing_about_the_log(tmp_path):
    root = logs.write(logs.build(segments=16).objects, tmp_path)
    with pytest.raises(StoreError, match="ended"):
        Verification(open_store(str(root)), KEY, Asked(jobs=2, reopen=end_by_signal)).run()


class Away(MemoryStore):
    def get(self, key, *, limit=1 << 23):
        if "/segments/" in key:
            raise StoreError("no answer")
        return super().get(key, limit=limit)


def test_a_store_that_does_not_answer_is_no_finding():
    store = Away()
    store._objects = sample().objects
    with pytest.raises(StoreError, match="no answer"):
        Verification(store, KEY).run()


# ---- Since


def grown():
    """A log, its checkpoint of 4 seals as it was kept, and the log's segments behind it."""
    log = sample()
    kept = log.objects["log/checkpoints/000000000001.note"]
    for chain in log.chains:
        chain.append()
        chain.append("chain.opened")
        chain.seal()
    log.publish()
    log.chains[0].append()
    log.chains[0].seal()
    return log, kept


class Counting(MemoryStore):
    def __init__(self, objects):
        super().__init__()
        self._objects = dict(objects)
        self.read = []

    def get(self, key, *, limit=1 << 23):
        self.read.append(key)
        return super().get(key, limit=limit)


def test_segments_under_the_checkpoint_are_not_read_again():
    log, kept = grown()
    store = Counting(log.objects)
    report = report_on(store, Asked(since=kept))
    assert report["ok"], report
    assert report["since"] == {"tree_size": 4, "skipped": 4}
    assert (report["checked"]["seals"], report["checked"]["segments"], report["checked"]["records"]) == (9, 3, 5)
    read = [key for key in store.read if "/segments/" in key]
    assert len(read) == 3
    assert not any(f"/segments/{n:012}" in key for key in read for n in (0, 1))
    assert "since" not in report_on(store)


def test_an_alteration_behind_the_checkpoint_is_found():
    log, kept = grown()
    key = log.chains[1].segment_key(3)
    log.objects[key] += b"\n"
    assert report_on(stored(log.objects), Asked(since=kept))["finding"]["where"] == key


def test_a_skipped_segment_must_still_be_there():
    log, kept = grown()
    key = log.chains[1].segment_key(0)
    log.expire(key)
    report = report_on(stored(log.objects), Asked(since=kept))
    assert (report["finding"]["code"], report["finding"]["where"]) == ("missing-segment", key)


def test_an_expired_segment_may_be_gone_under_the_checkpoint():
    log, kept = grown()
    log.expire(log.chains[1].segment_key(0))
    report = report_on(stored(log.objects), Asked(since=kept, at="2090-01-01T00:00:00.000000Z"))
    assert report["ok"], report
    assert (report["expired"], report["since"]["skipped"]) == (1, 3)


def test_the_log_must_have_grown_from_the_checkpoint():
    log, _ = grown()
    forged = logs.build(chains=2, segments=2, records=4, checkpoints=2).objects["log/checkpoints/000000000001.note"]
    report = report_on(stored(log.objects), Asked(since=forged))
    assert (report["finding"]["code"], report["finding"]["where"]) == ("rollback", "--since")
    for data, code in ((b"", "malformed-checkpoint"), (kept_by_another(), "bad-signature")):
        report = report_on(stored(log.objects), Asked(since=data))
        assert (report["finding"]["code"], report["finding"]["where"]) == (code, "--since")


def kept_by_another():
    return logs.build(signer=logs.Signer(origin="log.example/other")).objects["log/checkpoints/000000000000.note"]
