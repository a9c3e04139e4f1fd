"""The records of a period come out as rows: each once, in order, what was sealed as it was sealed."""

import hashlib
from datetime import UTC, datetime, timedelta
from shutil import copytree

import pytest

from app.control_testing.errors import ControlTestingError
from app.control_testing.log_rows import Log, rows
from app.control_testing.running import log_of, run
from app.node_log import record_now
from app.settings import Settings
from evidence import holding, journal
from evidence.errors import FindingError, MalformedError, NotFoundError
from evidence.reader import Reader
from evidence.record import Draft, Record
from evidence.segment import Seal
from evidence.store import open_store
from evidence.tree import leaf_hash
from frameworks.testing import Outcome, Period
from tests.decision_plane.asking import body
from tests.frameworks.rows import OneControl, machine
from tests.node import decided, node_environment, prepared, sealed

DAY = timedelta(days=1)
NOW = datetime.now(UTC) + DAY
PERIOD = Period(start=NOW - 2 * DAY, end=NOW)


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Return the directory of a node that nobody has asked anything."""
    return prepared(tmp_path_factory.mktemp("node")).data


@pytest.fixture
def settings(tmp_path, node):
    found = Settings.from_environment(node_environment(tmp_path, OMEGA_SEAL_AGE_MS="10"))
    copytree(node, found.data)
    return found


def found(settings, period=PERIOD, reach=None, log=None, **more):
    return list(rows(log or log_of(settings), period, reach or period, now=NOW, **more))


def independent(settings):
    """Return the leaf hashes of every sealed record, read without what is tested here."""
    leaves = {}
    for path in (settings.data / "store").glob("chains/*/segments/*"):
        for line in path.read_bytes().splitlines():
            record = Record.parse(line)
            leaves[record.chain, record.seq] = hashlib.sha256(b"\0" + line).digest(), record
    return [leaves[place] for place in sorted(leaves)]


def test_a_population_is_what_anybody_counts(settings):
    decided(settings, body(), body(ripe=False), body())
    sealed(settings)
    decided(settings, body(), body())
    record_now(settings, Draft(type="other", tenant="default", body={}))
    sealed(settings)
    counted = independent(settings)
    allowed = [leaf for leaf, record in counted if record.type == "decision" and record.body["result"]["allow"]]
    assert len(allowed) == 4
    test = machine(
        {"each": [{"path": "body.result.failed", "empty": True}]},
        {"types": ["decision"], "where": [{"path": "body.result.allow", "equals": True}]},
    )
    whole = machine({"unbroken": True}, {"where": [{"path": "v", "equals": 1}]})
    one, chains = run(settings, [OneControl(test, whole)], PERIOD, now=NOW)
    assert (one.outcome, one.population.count) == (Outcome.EFFECTIVE, 4)
    assert one.population.sha256 == hashlib.sha256(b"".join(allowed)).hexdigest()
    assert (chains.outcome, chains.population.count) == (Outcome.EFFECTIVE, len(counted))
    assert chains.population.sha256 == hashlib.sha256(b"".join(leaf for leaf, _ in counted)).hexdigest()
    assert one.population.revisions == (counted[2][1].body["policy"]["revision"],)


def test_what_is_not_sealed_yet_comes_from_the_journal_and_is_the_same_once_it_is(settings):
    decided(settings, body(), body())
    before = found(settings)
    assert [row.document["type"] for row in before].count("decision") == 2
    sealed(settings)
    decided(settings, body())
    mixed = found(settings)
    assert mixed[: len(before)] == before
    assert len(mixed) > len(before)
    sealed(settings)
    assert found(settings) == mixed
    for path in settings.journals.rglob("*.evj"):
        path.unlink()
    assert found(settings) == mixed


def test_of_a_chain_that_is_lost_to_another_writer_the_journal_says_nothing(settings):
    decided(settings, body())
    sealed(settings)
    before = found(settings)
    decided(settings, body())
    (chain,) = holding.chains(settings.journals)
    holding.abandon(chain, holding.Reason.FENCED)
    assert found(settings) == before


def test_a_row_is_its_record(settings):
    decided(settings, body())
    sealed(settings)
    for row, (leaf, record) in zip(found(settings), independent(settings), strict=True):
        assert (row.chain, row.seq, row.time, row.leaf) == (record.chain, record.seq, record.time, leaf.hex())
        assert row.document["body"] == record.body


def test_nothing_is_read_of_other_times(settings):
    decided(settings, body())
    sealed(settings)
    store = open_store(settings.store)

    class Counting:
        read = ()

        def keys(self, prefix):
            return store.keys(prefix)

        def get(self, key, *, limit):
            self.read = (*self.read, key)
            return store.get(key, limit=limit)

    counting = Counting()
    log = Log(reader=Reader(counting, log_of(settings).reader._key), journals=settings.data / "nowhere")
    earlier = Period(start=NOW - 9 * DAY, end=NOW - 8 * DAY)
    assert found(settings, earlier, log=log) == []
    assert not any("/segments/" in key for key in counting.read)
    later = Period(start=NOW + 8 * DAY, end=NOW + 9 * DAY)
    assert found(settings, later, log=log) == []
    assert not any("/segments/" in key for key in counting.read)


def test_whoever_waits_hears_how_far_it_is(settings):
    for _ in range(2):
        decided(settings, body())
        sealed(settings)
    heard = []
    found(settings, told=lambda done, total: heard.append((done, total)))
    total = heard[0][1]
    assert heard == [(done, total) for done in range(total + 1)]


class Fake:
    """A reader of one chain whose segments may be gone."""

    CHAIN = "018f00000000000000aa"

    def __init__(self, *seals, records=(), missing=True):
        self._seals, self._records, self._missing = list(seals), dict(records), missing

    def seals(self):
        return [(self.CHAIN, number) for number in range(len(self._seals))]

    def seal(self, _chain, number):
        return self._seals[number] if number < len(self._seals) else None

    def hashed(self, seal):
        if seal.segment not in self._records:
            raise NotFoundError("gone")
        data = self._records[seal.segment]
        return data, [leaf_hash(each) for each in data]


def seal(number=0, *, count=1, at=NOW - DAY, kept=NOW + DAY, first=None):
    time = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return Seal(
        log="x", chain=Fake.CHAIN, retention_class="std7y", segment=number, previous="0" * 64,
        first_seq=number if first is None else first, count=count, first_prev="0" * 64, head="0" * 64, root="0" * 64,
        sha256="0" * 64, size=1, min_time=time if count else None, max_time=time if count else None, sealed_at=time,
        retain_until=kept.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), checkpoint="0" * 64,
    )  # fmt: skip


def read(reader, tmp_path, reach=PERIOD):
    return list(rows(Log(reader=reader, journals=tmp_path), PERIOD, reach, now=NOW))


def test_what_has_expired_of_the_period_is_missed(tmp_path):
    with pytest.raises(ControlTestingError, match="were kept until"):
        read(Fake(seal(kept=NOW - timedelta(hours=1))), tmp_path)


def test_what_has_expired_before_the_period_is_not(tmp_path):
    earlier = Period(start=NOW - 9 * DAY, end=NOW)
    reader = Fake(seal(at=NOW - 8 * DAY, kept=NOW - 7 * DAY), seal(1, count=0))
    assert read(reader, tmp_path, earlier) == []


@pytest.mark.parametrize(
    ("reader", "code"),
    [(Fake(seal()), "missing-segment"), (Fake(None), "seal-gap")],
    ids=["a segment that should be there", "a seal that should be there"],
)
def test_what_should_be_there_and_is_not_is_a_finding(reader, code, tmp_path):
    with pytest.raises(FindingError) as finding:
        read(reader, tmp_path)
    assert finding.value.code == code


def test_what_is_no_record_is_none(tmp_path):
    with pytest.raises(MalformedError):
        read(Fake(seal(), records={0: [b"{}"]}), tmp_path)


def line(seq):
    time = (NOW - DAY).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return (
        b'{"body":{},"chain":"%b","class":"std7y","epoch":1,"prev":"%b","seq":%d,"tenant":"a","time":"%b",'
        b'"type":"t","v":1}' % (Fake.CHAIN.encode(), b"0" * 64, seq, time.encode())
    )


@pytest.mark.parametrize("late", [True, False], ids=["sealed meanwhile", "lost"])
def test_what_was_sealed_while_it_was_read_comes_from_the_store(tmp_path, late):
    """The journal begins behind what was not sealed a moment ago."""
    directory = tmp_path / Fake.CHAIN
    directory.mkdir()
    frames, durable = b"", 0
    for seq in (1, 2, 3):
        frames += journal.frame(line(seq), durable)
    (directory / journal.file_name(1)).write_bytes(frames)

    class Late(Fake):
        def seals(self):
            return [(self.CHAIN, 0)]

    seals = [seal(0, count=0, first=0), *([seal(1, count=2, first=0)] if late else [])]
    reader = Late(*seals, records={1: [line(0), line(1)]})
    assert [row.seq for row in read(reader, tmp_path)] == ([0, 1, 2, 3] if late else [1, 2, 3])
