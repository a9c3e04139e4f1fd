import json
from contextlib import suppress

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from evidence import record
from evidence.errors import MalformedError, RecordTooLargeError
from evidence.record import Draft, Position, Record

CHAIN = "019ab0000000deadbeef"
BLOCK = {
    "alg": "A256GCM",
    "commit": "ab" * 32,
    "ct": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "kid": "k_" + "0" * 32,
    "nonce": "0" * 24,
    "subject": "psn_" + "1" * 32,
}
VALUE = {
    "v": 1,
    "chain": CHAIN,
    "epoch": 1,
    "seq": 7,
    "prev": "0" * 64,
    "time": "2026-11-22T10:46:23.123456Z",
    "type": "decision",
    "class": "std7y",
    "tenant": "default",
    "body": {},
    "sealed": [BLOCK],
    "orphan_of": {"chain": CHAIN, "leaf": "0" * 64, "seq": 3},
}


def test_reads_every_member():
    found = Record.parse(rfc8785.dumps(VALUE))
    assert (found.position.decision_id, found.sealed[0]["kid"], found.orphan_of["seq"]) == (
        f"{CHAIN}-7",
        BLOCK["kid"],
        3,
    )


@pytest.mark.parametrize("name", ["sealed", "orphan_of"])
def test_optional_members_may_be_absent(name):
    Record.parse(rfc8785.dumps({key: value for key, value in VALUE.items() if key != name}))


@pytest.mark.parametrize("name", sorted(VALUE.keys() - {"sealed", "orphan_of"}))
def test_required_members_may_not(name):
    with pytest.raises(MalformedError):
        Record.parse(rfc8785.dumps({key: value for key, value in VALUE.items() if key != name}))


WRONG = {
    "v": [2, True, "1"],
    "chain": ["", CHAIN.upper(), CHAIN + "0", 5],
    "epoch": [0, -1, True, "1"],
    "seq": [-1, True, None],
    "prev": ["0" * 63, "G" * 64, ""],
    "time": [
        "2026-11-22T10:46:23Z",
        "2026-02-30T10:46:23.000000Z",
        "2026-11-22T24:00:00.000000Z",
        "2026-11-22 10:46:23.123456Z",
        "2026-11-22T10:46:60.000000Z",
        None,
        "٢026-11-22T10:46:23.123456Z",
    ],
    "type": ["", "Decision", "a..b", ".a", "a" * 65, "decision\n"],
    "class": ["", "a" * 17, "std-7y"],
    "tenant": ["", "A", "-a", "a" * 65],
    "body": [[], None, "x"],
    "sealed": [
        [],
        [BLOCK] * 9,
        {},
        [{}],
        [BLOCK | {"alg": "none"}],
        [BLOCK | {"ct": "AAAA"}],
        [BLOCK | {"ct": BLOCK["ct"].replace("A=", "B=")}],
        [BLOCK | {"nonce": "0"}],
        [BLOCK | {"subject": "alice"}],
        [BLOCK | {"more": 1}],
        [BLOCK | {"ct": 5}],
    ],
    "orphan_of": [None, {}, {"chain": CHAIN, "leaf": "0", "seq": 1}, {"chain": CHAIN, "leaf": "0" * 64, "seq": -1}],
    "more": [1],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_refuses_a_member_of_another_form(name, value):
    with pytest.raises(MalformedError):
        Record.parse(rfc8785.dumps(VALUE | {name: value}))


def test_refuses_a_record_beyond_its_size():
    with pytest.raises(MalformedError):
        Record.parse(rfc8785.dumps(VALUE | {"body": {"a": "x" * record.MAX_RECORD}}))


def encode(draft, seq=7):
    position = Position(chain=CHAIN, seq=seq)
    return record.encode(draft, position, epoch=1, prev="0" * 64, time=VALUE["time"], retention_class="std7y")


def test_what_is_encoded_is_parsed_and_stamped():
    data = encode(Draft(type="decision", tenant="default", body={"a": [1, "é"]}, sealed=(BLOCK,)))
    assert Record.parse(data).body == {"a": [1, "é"]}
    assert record.stamp(data) == (7, VALUE["time"])


def test_a_record_continues_its_own_chain_and_no_other():
    body = {"chain": CHAIN, "class": "std7y", "prev": "1" * 64, "to": 1}
    data = encode(Draft(type="decision", tenant="default", body={"x": 1, **body}, sealed=(BLOCK,)))
    mark = record.mark(CHAIN, "std7y")
    assert record.continues(data, mark, "0" * 64)
    assert not record.continues(data, mark, "1" * 64)
    assert not record.continues(data, record.mark("1" * 20, "std7y"), "0" * 64)
    assert not record.continues(data, record.mark(CHAIN, "std6y"), "0" * 64)


def test_what_is_carried_over_continues_a_chain_too():
    orphan = {"chain": "1" * 20, "leaf": "2" * 64, "seq": 2**53 - 1}
    position = Position(chain=CHAIN, seq=2**53 - 1)
    draft = Draft(type="decision", tenant="default", body={}, sealed=(BLOCK,))
    data = record.encode(
        draft, position, epoch=2**53 - 1, prev="0" * 64, time=VALUE["time"], retention_class="std7y", orphan_of=orphan
    )
    assert record.continues(data, record.mark(CHAIN, "std7y"), "0" * 64)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)


@given(TEXT, TEXT, st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=5), TEXT), st.booleans())
def test_what_is_put_together_is_canonical(kind, tenant, body, ready):
    position = Position(chain=CHAIN, seq=2**53 - 1)
    parts = {"epoch": 9, "prev": "a" * 64, "time": VALUE["time"], "orphan_of": VALUE["orphan_of"]}
    given_body, given_block = (rfc8785.dumps(body), rfc8785.dumps(BLOCK)) if ready else (body, BLOCK)
    draft = Draft(type=kind, tenant=tenant, body=given_body, sealed=(given_block, BLOCK))
    told = {"v": 1, "chain": CHAIN, "seq": position.seq, "type": kind, "class": "std7y", "tenant": tenant, "body": body}
    expected = rfc8785.dumps(told | parts | {"sealed": [BLOCK, BLOCK]})
    assert record.encode(draft, position, retention_class="std7y", **parts) == expected


def test_a_stamp_is_only_read_where_records_end():
    with pytest.raises(MalformedError):
        record.stamp(b'{"seq":1,"tenant":"a","time":"2026-11-22T10:46:23.123456Z","type":"a","v":1} ')


@given(st.dictionaries(st.sampled_from(["a", "body", "chain", "class"]), st.text(max_size=9) | st.integers(-9, 9)))
def test_an_excerpt_says_what_the_record_says(body):
    data = encode(Draft(type="chain.opened", tenant="a-b_c", body=body, sealed=(BLOCK,)))
    found, whole = record.excerpt(data), Record.parse(data)
    for name in ("chain", "seq", "time", "type", "tenant", "body", "position"):
        assert getattr(found, name) == getattr(whole, name)


DATA = rfc8785.dumps(VALUE)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(DATA[:-1], id="no end"),
        pytest.param(DATA[:-1] + b"\xff}", id="no text"),
        pytest.param(DATA.replace(b"{}", b"{"), id="a body that does not end"),
        pytest.param(DATA.replace(b"{}", b"[]"), id="a body that is no object"),
        pytest.param(DATA.replace(b"{}", b"[" * 50_000), id="a body nested too deep"),
        pytest.param(DATA.replace(b'"body"', b'"Body"'), id="another member first"),
        pytest.param(DATA.replace(b'"class"', b'"klass"'), id="no class behind the chain"),
    ],
)
def test_an_excerpt_is_only_taken_where_a_record_is(data):
    with pytest.raises(MalformedError):
        record.excerpt(data)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_excerpt_leaks_no_other_error(body, rest):
    with suppress(MalformedError):
        record.excerpt(b'{"body":' + body + b',"chain":"' + rest + DATA[-100:])


def test_too_large_a_draft_is_refused_before_anything_is_written():
    with pytest.raises(RecordTooLargeError):
        encode(Draft(type="decision", tenant="default", body={"a": "x" * record.MAX_RECORD}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        CHAIN,
        f"{CHAIN}-",
        f"{CHAIN}-01",
        f"{CHAIN}--1",
        f"{CHAIN}-1-2",
        "x-1",
        f"{CHAIN}-9007199254740992",
        f"{CHAIN}-" + "9" * 400,
        f"{CHAIN}-²",
    ],
)
def test_a_decision_id_has_one_form(text):
    with pytest.raises(MalformedError):
        Position.parse(text)


def test_a_decision_id_is_read_back():
    assert Position.parse(f"{CHAIN}-42").decision_id == f"{CHAIN}-42"


@given(
    st.binary(max_size=200)
    | st.builds(
        lambda value: json.dumps(value).encode(),
        st.dictionaries(st.sampled_from(sorted(VALUE)), st.sampled_from(list(VALUE.values()))),
    )
)
def test_parse_leaks_no_other_error(data):
    with suppress(MalformedError):
        Record.parse(data)


@given(st.text(max_size=40))
def test_position_leaks_no_other_error(text):
    with suppress(MalformedError):
        Position.parse(text)
