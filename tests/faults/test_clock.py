"""A clock that steps: order is by number and not by time, and nothing is kept for less than its class."""

from datetime import datetime, timedelta
from itertools import product

import pytest

from evidence.record import Record
from evidence.stores.local import LocalStore
from tests.evidence.sealing import CLASSES, Node
from tests.faults.aftermath import held

STEPS = {
    "a day back": -timedelta(days=1),
    "a year ahead": timedelta(days=365),
    "ten years back": -timedelta(days=3_650),
    "a second back": -timedelta(seconds=1),
    "a microsecond back": -timedelta(microseconds=1),
    "not at all": timedelta(0),
}


@pytest.mark.parametrize("then", STEPS)
@pytest.mark.parametrize("first", STEPS)
def test_a_clock_that_steps_loses_nothing_and_shortens_nothing(tmp_path, tally, first, then):
    node = Node(tmp_path / "journal", store=LocalStore(tmp_path / "store"), checkpoint=0, keep_journal=0, age=0)
    said = []
    for step, text in zip((timedelta(0), STEPS[first], STEPS[then]), "abc", strict=True):
        node.clock.now += step
        said += node.append(text)
        for sealer in (node.sealer, None):  # one that has lived through the step, and a fresh one
            node.sealer = sealer
            node.step(flush=True)
            node.clock.forward(1)
    records = {one.position.decision_id: one for one in node.records()}
    tally("a clock that steps", held(tmp_path / "store", leaves(node, said)))
    assert [records[each].seq for each in said] == sorted(records[each].seq for each in said)
    for seal in node.seals():
        kept = datetime.fromisoformat(seal.retain_until)
        assert kept >= datetime.fromisoformat(seal.max_time) + CLASSES["std7y"]
        assert kept >= datetime.fromisoformat(seal.sealed_at) + CLASSES["std7y"]
        assert node.keys(seal.object_key)


def leaves(node, said):
    """Return what the callers of these records were told."""
    follows = {}
    for one, following in product(node.records(), repeat=2):
        if (one.chain, one.seq + 1) == (following.chain, following.seq):
            follows[one.position.decision_id] = following.prev
    heads = {f"{seal.chain}-{seal.first_seq + seal.count - 1}": seal.head for seal in node.seals() if seal.count}
    return [(each, (follows | heads)[each]) for each in said]


def test_records_of_one_chain_may_go_back_in_time(tmp_path):
    node = Node(tmp_path)
    node.append("later")
    node.clock.forward(-86_400)
    node.append("earlier")
    node.step(flush=True)
    times = {one.body["text"]: one.time for one in node.records() if one.type == "decision"}
    assert times["earlier"] < times["later"]
    assert all(isinstance(one, Record) for one in node.records())
    node.verify()
