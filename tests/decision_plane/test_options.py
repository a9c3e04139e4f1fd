"""What may be asked for in the query, and what is made of a decision that cannot be as durable as it should."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.decision_plane.options import Options
from app.pdp.errors import MalformedRequestError
from app.pdp.model import Durability
from evidence.errors import NotLockedError
from evidence.key_history import KeyHistory
from evidence.receipt import Receipt
from tests.decision_plane.asking import Plane, body
from tests.evidence.sealing import KEY
from tests.pdp.shop import SELL, stocked


@pytest.mark.parametrize(
    ("query", "options"),
    [
        (b"", Options()),
        (b"explain=true", Options(explain=True)),
        (b"receipt=true&explain=false", Options(receipt=True)),
        (b"durability=locked", Options(durability=Durability.LOCKED)),
        (b"durability=journal", Options()),
    ],
)
def test_options_are_read(query, options):
    assert Options.parse(query) == options


@pytest.mark.parametrize(
    "query",
    [
        b"explain",
        b"explain=1",
        b"explain=true&explain=true",
        b"durabilty=locked",
        b"durability=async",
        b"durability=",
        b"&",
        b"receipt=yes",
        b"\xff",
        b"a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8&i=9",
    ],
)
def test_what_a_caller_meant_is_not_guessed_at(query):
    with pytest.raises(MalformedRequestError) as caught:
        Options.parse(query)
    assert caught.value.code == "unknown_option"


@given(query=st.binary(max_size=60))
def test_no_query_leaks_another_error(query):
    with suppress(MalformedRequestError):
        assert isinstance(Options.parse(query), Options)


@pytest.fixture
def plane(tmp_path):
    return Plane(stocked(tmp_path))


LOCKED = "# METADATA\n# custom: {durability: locked, retention: aiact1y}\n"


def test_a_caller_may_ask_for_more_and_the_record_says_so(plane):
    answer = plane.ask(body(), query=b"durability=locked")
    assert answer.document["context"]["evidence"]["durability"] == "locked"
    [record] = plane.log.records
    assert record.body["durability"] == "locked"
    assert plane.log.locked_to == record.seq


def test_without_a_word_a_record_on_disk_will_do(plane):
    assert plane.ask(body()).document["context"]["evidence"]["durability"] == "journal"
    assert (plane.log.locked_to, plane.log.asked_class) == (None, None)


@pytest.mark.parametrize("query", [b"", b"durability=journal"])
def test_a_caller_never_gets_less_than_the_policy_asks_for(tmp_path, query):
    plane = Plane(stocked(tmp_path, {"rego/shop/sell.rego": LOCKED + SELL}))
    answer = plane.ask(body(), query=query)
    assert answer.document["context"]["evidence"]["durability"] == "locked"
    assert plane.log.asked_class == "aiact1y"


def test_what_is_not_in_the_store_in_time_is_no_evidence(plane):
    plane.log.unlocked = NotLockedError("not yet")
    answer = plane.ask(body(), query=b"durability=locked")
    assert (answer.status, answer.document["type"]) == (503, "urn:omega:problem:evidence_unavailable")


def test_an_unknown_option_decides_nothing(plane):
    answer = plane.ask(body(), query=b"durabilty=locked")
    assert (answer.status, answer.document["detail"].split(":")[0]) == (400, "unknown_option")
    assert plane.log.records == []


def test_a_receipt_is_the_logs_word_for_the_record(plane):
    evidence = plane.ask(body(), query=b"receipt=true").document["context"]["evidence"]
    receipt = Receipt.verify(evidence["receipt"].encode(), KeyHistory(keys=(KEY.verifier,)))
    [entry] = receipt.records
    assert (entry.position.chain, entry.position.seq, entry.leaf) == (
        evidence["chain"],
        evidence["seq"],
        evidence["leaf_hash"],
    )


def test_nobody_gets_a_receipt_that_did_not_ask(plane):
    assert "receipt" not in plane.ask(body()).document["context"]["evidence"]
