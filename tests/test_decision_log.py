"""Decisions found again and decided again."""

import asyncio
import json
from dataclasses import dataclass, replace

import pytest

from app import decision_log, keys
from app.decision_log import Outcome, Status, find, replay
from app.pdp.errors import EvaluationError
from app.pdp.request import join, parse_request
from app.sealing import new_sealer
from evidence import journal, record
from evidence.errors import FindingError, MalformedError, NotFoundError, StoreError
from evidence.proof import Proof
from evidence.reader import Reader
from evidence.record import Draft, Position, Record
from evidence.sealer import Limits
from evidence.store import open_store
from tests.decision_plane.asking import body
from tests.node import close_keys, decided, in_force, payloads, prepared, sealed, subject_keys
from tests.pdp.deciding import Engines

ALLOWED, DENIED = body(), body(ripe=False)


@pytest.fixture
def settings(tmp_path):
    return prepared(tmp_path, OMEGA_SEAL_AGE_MS="10")


def found(settings, position):
    reader = Reader(open_store(settings.store), keys.load(settings.keys).log.verifier)
    return find(reader, settings.journals, position)


def test_a_record_is_found_wherever_it_has_come_to(settings):
    (recorded,) = decided(settings, ALLOWED)
    position = recorded.appended.position
    in_journal = found(settings, position)
    assert (in_journal.status, in_journal.proof) == (Status.JOURNAL, None)
    assert record.leaf(in_journal.record) == recorded.appended.leaf

    sealer = new_sealer(settings)
    sealer._limits = Limits(age=0, checkpoint=3_600)
    assert sealer.step() == 3
    under_seal = found(settings, position)
    assert (under_seal.status, under_seal.proof) == (Status.SEALED, None)

    sealed(settings)
    proven = found(settings, position)
    assert proven.status == Status.PROVEN
    assert {in_journal.record, under_seal.record, proven.record} == {in_journal.record}
    proof = Proof.parse(proven.proof.encode())
    assert proof.verify(keys.load(settings.keys).log.verifier)[0] == Record.parse(proven.record)
    assert proven.document() == {
        "record": json.loads(proven.record),
        "status": "proven",
        "proof": proven.proof,
    }


@pytest.mark.parametrize("sealing", [False, True], ids=["in the journal", "in the store"])
def test_what_was_never_recorded_is_not_found(settings, sealing):
    (recorded,) = decided(settings, ALLOWED)
    if sealing:
        sealed(settings)
    chain = recorded.appended.position.chain
    for position in (Position(chain=chain, seq=3), Position(chain="0" * 20, seq=0)):
        with pytest.raises(NotFoundError):
            found(settings, position)


def test_a_record_that_was_altered_in_the_store_is_not_believed(settings):
    (recorded,) = decided(settings, ALLOWED)
    sealed(settings)
    (segment,) = settings.data.glob("store/chains/*/segments/*")
    segment.chmod(0o600)
    segment.write_bytes(segment.read_bytes().replace(b'"allow":true', b'"allow":null'))
    with pytest.raises(FindingError):
        found(settings, recorded.appended.position)


def test_a_store_that_does_not_answer_is_not_an_empty_one(settings):
    class Away:
        def get(self, _key, **_):
            raise StoreError("away")

    (recorded,) = decided(settings, ALLOWED)
    reader = Reader(Away(), keys.load(settings.keys).log.verifier)
    assert find(reader, settings.journals, recorded.appended.position).status == Status.JOURNAL
    with pytest.raises(StoreError, match="away"):
        find(reader, settings.journals, Position(chain=recorded.appended.position.chain, seq=99))


@dataclass(slots=True)
class Again:
    """What a replay has to do with: the record, the key store, and evaluators in this process."""

    settings: object
    keys: object

    def __call__(self, data):
        return asyncio.run(replay(data, self.keys, self.settings.bundles, payloads(self.settings)))


class Starting:
    """Stands for `Evaluators`: the engine of the snapshot, in this process."""

    error = None

    @classmethod
    async def start(cls, path, fingerprint, *, count):
        started = cls()
        started._engines = Engines(bundle := decision_log.load_snapshot(path))
        started._engines.error = cls.error
        assert (count, fingerprint) == (1, bundle.fingerprint())
        return started

    async def evaluate(self, query, text):
        return await self._engines.evaluate(query, text)

    async def close(self):
        pass


@pytest.fixture
def again(settings, monkeypatch):
    monkeypatch.setattr(decision_log, "Evaluators", Starting)
    monkeypatch.setattr(Starting, "error", None)
    store = subject_keys(settings)
    yield Again(settings, store)
    close_keys(store)


def record_of(settings, recorded):
    position = recorded.appended.position
    return journal.find(settings.journals / position.chain, position.seq)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(ALLOWED, id="an allow"),
        pytest.param(DENIED, id="a deny"),
        pytest.param(body(grams=None), id="a missing fact"),
        pytest.param(body(colour="red"), id="a fact that the contract does not name"),
    ],
)
def test_a_decision_comes_out_the_same(settings, again, asked):
    (recorded,) = decided(settings, asked)
    result = again(record_of(settings, recorded))
    assert (result.outcome, result.reason) == (Outcome.REPRODUCED, "")
    assert result.replayed == result.recorded
    assert json.loads(result.recorded) == recorded.decision.document()


@pytest.mark.slow
def test_real_evaluators_say_the_same(settings):
    (recorded,) = decided(settings, DENIED)
    store = subject_keys(settings)
    try:
        result = asyncio.run(replay(record_of(settings, recorded), store, settings.bundles))
    finally:
        close_keys(store)
    assert result.outcome == Outcome.REPRODUCED


def rewritten(data, **changes):
    """Return a record as a liar would write it."""
    told = json.loads(data)
    told["body"] |= changes
    draft = Draft(type=told["type"], tenant=told["tenant"], body=told["body"], sealed=tuple(told["sealed"]))
    return record.encode(
        draft,
        Position(chain=told["chain"], seq=told["seq"]),
        epoch=told["epoch"],
        prev=told["prev"],
        time=told["time"],
        retention_class=told["class"],
    )


def test_a_result_that_policy_did_not_give_differs(settings, again):
    (recorded,) = decided(settings, DENIED)
    lie = recorded.decision.document() | {"allow": True, "failed": [], "violations": []}
    result = again(rewritten(record_of(settings, recorded), result=lie))
    assert result.outcome == Outcome.DIFFERS
    assert json.loads(result.recorded)["allow"] is True
    assert json.loads(result.replayed)["allow"] is False


def test_an_evaluation_that_was_cut_off_cannot_be_repeated(settings, again):
    engines = Engines(in_force(settings))
    engines.error = EvaluationError("evaluation_timeout")
    (recorded,) = decided(settings, ALLOWED, engines=engines)
    result = again(record_of(settings, recorded))
    assert (result.outcome, result.replayed) == (Outcome.NOT_REPRODUCIBLE, b"")
    assert "cut off" in result.reason


@pytest.mark.parametrize("code", ["evaluation_timeout", "evaluation_crashed", "evaluators_busy"])
def test_a_replay_that_is_cut_off_accuses_nobody(settings, again, monkeypatch, code):
    (recorded,) = decided(settings, ALLOWED)
    monkeypatch.setattr(Starting, "error", EvaluationError(code))
    result = again(record_of(settings, recorded))
    assert (result.outcome, result.replayed) == (Outcome.NOT_REPRODUCIBLE, b"")
    assert "try again" in result.reason


BOTH = pytest.mark.parametrize(("index", "whose"), [(0, "subject"), (1, "resource")], ids=["subject", "resource"])
BESIDE = pytest.mark.parametrize("beside", [False, True], ids=["in the record", "beside the record"])


def at_once(settings, *, beside):
    return replace(settings, inline=0) if beside else settings


def parts_of(data):
    """What a record has of a request: references or blocks, each under a key of its own."""
    record = Record.parse(data)
    return record.body.get("payloads", record.sealed)


@BOTH
@BESIDE
def test_without_one_of_the_keys_nothing_can_be_repeated(settings, again, index, whose, beside):
    (recorded,) = decided(at_once(settings, beside=beside), ALLOWED)
    data = record_of(settings, recorded)
    assert len({part["subject"] for part in parts_of(data)}) == 2
    assert again(data).outcome == Outcome.REPRODUCED
    assert asyncio.run(again.keys.destroy(parts_of(data)[index]["subject"]))
    result = again(data)
    assert (result.outcome, result.reason) == (Outcome.KEY_DESTROYED, f"the {whose}'s key was destroyed")
    assert Outcome.KEY_DESTROYED.value == "sealed, key destroyed"
    assert (json.loads(result.recorded)["allow"], result.replayed) == (True, b"")


def test_a_request_of_60_kilobytes_is_recorded_and_comes_out_the_same(settings, again):
    asked = parse_request(ALLOWED)
    (recorded,) = decided(settings, replace(asked, context={**asked.context, "note": "x" * 60_000}))
    data = record_of(settings, recorded)
    assert len(data) < 4_096
    assert (again(data).outcome, recorded.decision.allow) == (Outcome.REPRODUCED, True)


def test_a_payload_that_was_deleted_is_a_reason(settings, again):
    (recorded,) = decided(replace(settings, inline=0), ALLOWED)
    data = record_of(settings, recorded)
    for part in parts_of(data):
        payloads(settings).delete_of(part["subject"])
    result = again(data)
    assert (result.outcome, result.reason) == (Outcome.NOT_REPRODUCIBLE, "there is no such object")


def test_where_the_payloads_are_not_at_hand_that_is_a_reason(settings, again):
    (recorded,) = decided(replace(settings, inline=0), ALLOWED)
    result = asyncio.run(replay(record_of(settings, recorded), again.keys, settings.bundles))
    assert result.outcome == Outcome.NOT_REPRODUCIBLE
    assert "not at hand" in result.reason


@pytest.mark.parametrize("kept", [[], "x", [{}], {"a": 1}], ids=["none", "text", "no reference", "an object"])
def test_payloads_of_another_form_are_a_reason(settings, again, kept):
    (recorded,) = decided(settings, ALLOWED)
    result = again(rewritten(record_of(settings, recorded), payloads=kept))
    assert result.outcome == Outcome.NOT_REPRODUCIBLE


@pytest.mark.parametrize("count", [0, 3])
def test_a_request_has_one_part_or_two(settings, again, count):
    (recorded,) = decided(settings, ALLOWED)
    told = json.loads(record_of(settings, recorded))
    told["sealed"] = (told["sealed"] * 2)[:count]
    result = again(rewritten(json.dumps(told).encode()))
    assert (result.outcome, result.reason) == (
        Outcome.NOT_REPRODUCIBLE,
        "the record has not the parts of a request",
    )


def test_a_request_that_is_whole_in_one_block_is_read_as_well(settings, again):
    (recorded,) = decided(settings, ALLOWED)
    data = record_of(settings, recorded)
    first, second = Record.parse(data).sealed
    place = Record.parse(data).position.decision_id

    async def whole():
        keys = [await again.keys.find(block["subject"], block["kid"]) for block in (first, second)]
        texts = [
            key.open(block, place=(place, index))
            for index, (key, block) in enumerate(zip(keys, (first, second), strict=True))
        ]
        return keys[0].seal(join(*texts), place=(place, 0))

    told = json.loads(data)
    told["sealed"] = [asyncio.run(whole())]
    assert again(rewritten(json.dumps(told).encode())).outcome == Outcome.REPRODUCED


def test_a_block_of_another_record_is_not_opened(settings, again):
    first, second = decided(settings, ALLOWED, DENIED)
    data = json.loads(record_of(settings, first))
    data["sealed"] = json.loads(record_of(settings, second))["sealed"]
    result = again(rewritten(json.dumps(data).encode()))
    assert result.outcome == Outcome.NOT_REPRODUCIBLE
    assert "altered, or belongs to another place" in result.reason


@pytest.mark.parametrize("content", [None, b"{}", b"\xff"], ids=["missing", "another", "damaged"])
def test_without_its_bundle_nothing_can_be_repeated(settings, again, content):
    (recorded,) = decided(settings, ALLOWED)
    (path,) = settings.bundles.glob("*.json")
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert again(record_of(settings, recorded)).outcome == Outcome.NOT_REPRODUCIBLE


def test_a_key_store_that_is_away_is_a_reason_and_no_error(settings, again):
    (recorded,) = decided(settings, ALLOWED)
    again.keys.close()
    result = again(record_of(settings, recorded))
    assert (result.outcome, result.reason) == (Outcome.NOT_REPRODUCIBLE, "the key store is closed")


def test_other_records_are_not_decisions(settings, again):
    (recorded,) = decided(settings, ALLOWED)
    opened = journal.find(settings.journals / recorded.appended.position.chain, 0)
    result = again(opened)
    assert (result.outcome, result.reason) == (Outcome.NOT_REPRODUCIBLE, "a record of type `chain.opened`")


def test_what_is_no_record_is_an_error(again):
    with pytest.raises(MalformedError):
        again(b"{}")
