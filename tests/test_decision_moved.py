"""Decisions of a chain that was lost to another writer: found under their old ids, and never another's."""

import pytest

from app import log_scan
from app.decision_log import Status, locate
from evidence import carrying, holding
from evidence.errors import NotFoundError
from evidence.reader import Reader
from evidence.record import Position, Record
from tests.evidence.sealing import KEY, Node, everything
from tests.evidence.test_fencing import chain_of, copied, settle


def text(node, decision_id):
    found = locate(Reader(node.store, KEY.verifier), node.path, Position.parse(decision_id))
    return Record.parse(found.record).body.get("text"), found.status


@pytest.fixture
def copies(tmp_path):
    """Return a machine whose records were sealed, and its copy, which lost the chain and does not know it yet."""
    one = Node(tmp_path / "one")
    one.append("a")
    other = copied(one, tmp_path / "other")
    other.step()
    one.append("one says")
    one.step(flush=True)
    return one, other


def test_a_record_is_found_where_it_was_carried_to(copies):
    one, other = copies
    [decision_id] = other.append("the other says")
    settle(other)
    assert text(other, decision_id) == ("the other says", Status.SEALED)
    assert text(one, decision_id) == ("one says", Status.SEALED)


def test_a_record_that_is_not_carried_over_yet_is_read_from_the_journal(copies):
    _, other = copies
    [decision_id] = other.append("the other says")
    holding.abandon(chain_of(other), holding.Reason.FENCED)
    assert text(other, decision_id) == ("the other says", Status.JOURNAL)


def test_a_record_is_found_after_a_second_move(copies, tmp_path):
    _, other = copies
    [decision_id] = other.append("the other says")
    everything(other.restart())  # carried over on disk, and not sealed yet
    third = copied(other, tmp_path / "third")
    other.append("goes on")
    settle(other)
    third.append("third goes on")
    settle(third)
    assert text(third, decision_id)[0] == "the other says"


def test_what_was_never_carried_over_is_another_writers(copies):
    one, other = copies
    other.append("the other says")
    settle(other)
    lost = Position(chain=chain_of(one).name, seq=0)
    found = locate(Reader(other.store, KEY.verifier), other.path, lost)
    assert Record.parse(found.record).type == "chain.opened"  # it is the same on both


def test_a_map_that_leads_to_another_record_is_not_believed(copies):
    _, other = copies
    [decision_id] = other.append("the other says")
    settle(other)
    position = Position.parse(decision_id)
    there = carrying.find(other.path / position.chain, position.seq)
    (other.path / position.chain / "carried").write_text(f"{position.seq} {there.chain}-0\n")
    with pytest.raises(NotFoundError):
        text(other, decision_id)


def read_once(node):
    """Return what the decisions of the log say, as a reader of the whole log meets them."""
    return sorted(record.body["text"] for record, _ in log_scan.decisions(Reader(node.store, KEY.verifier), node.path))


def test_whoever_reads_the_whole_log_meets_each_decision_once(copies):
    one, other = copies
    one.append("not sealed yet")
    other.append("the other says")
    settle(other)
    assert read_once(one) == ["a", "not sealed yet", "one says", "the other says"]
    assert read_once(other) == ["a", "one says", "the other says"]


def test_while_a_decision_moves_it_is_met_and_so_is_the_one_in_its_place(copies):
    _, other = copies
    other.append("the other says")
    holding.abandon(chain_of(other), holding.Reason.FENCED)
    assert set(read_once(other)) == {"a", "one says", "the other says"}
