"""`verify_evidence.py`, its parsers: canonical JSON, base64, trees; and that no bytes raise another error."""

import base64
import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence import logs
from tests.evidence.lies import sample
from verify_evidence import (
    FindingError,
    History,
    MalformedError,
    check_checkpoint,
    leaf_hash,
    main,
    parse_base64,
    parse_cosignature,
    parse_json,
    parse_key,
    parse_leaves,
    parse_note,
    parse_receipt,
    parse_record,
    parse_seal,
    parse_timestamp,
    root_by_proof,
    verify_proof,
    verify_store,
)

KEY = parse_key(logs.SIGNER.key_file)
LOG = sample()

# ---- Canonical JSON

CANONICAL = {
    "scalars": '[-9007199254740991,0,9007199254740991,false,null,true,""]',
    "names in order": '{"":1,"A":{},"a":[],"~":0}',
    "the shortest escapes": '"\\"\\\\\\b\\t\\n\\f\\r\\u0000\\u001f/\x7f\u2028é😀"',
    "32 levels": "[" * 32 + "]" * 32,
    "a scalar in 32 levels": '{"a":' * 32 + "1" + "}" * 32,
}
NOT_CANONICAL = {
    "nothing": "",
    "white space before": " 1",
    "white space after": "1\n",
    "white space within": '{"a": 1}',
    "a byte order mark": "\ufeff1",
    "a name twice": '{"a":1,"a":1}',
    "names out of order": '{"b":1,"a":1}',
    "a name that is not ASCII": '{"é":1}',
    "a name that is not ASCII, deep within": '[[{"é":1}]]',
    "a name as an escape": '{"\\u0061":1}',
    "a float": "1.0",
    "a float of an exponent": "1e2",
    "minus zero": "-0",
    "minus zero as a float": "-0.0",
    "a plus sign": "+1",
    "a leading zero": "01",
    "a large integer": "9007199254740992",
    "a large negative integer": "-9007199254740992",
    "a very large integer": "1" * 5000,
    "a large float": "1e400",
    "NaN": "NaN",
    "Infinity": "[Infinity]",
    "minus Infinity": "-Infinity",
    "33 levels": "[" * 33 + "]" * 33,
    "33 levels of objects": '{"a":' * 33 + "1" + "}" * 33,
    "very many levels": "[" * 50_000 + "]" * 50_000,
    "levels that do not end": "[" * 60_000,
    "half a surrogate pair": '"\\ud83d"',
    "the other half": '"\\ude00"',
    "a surrogate pair as escapes": '"\\ud83d\\ude00"',
    "a slash escaped": '"\\/"',
    "a letter escaped": '"\\u0041"',
    "an escape in upper case": '"\\u001F"',
    "an escape longer than need be": '"\\u0009"',
    "a control character": '"\t"',
    "single quotes": "'a'",
    "a comma at the end": "[1,]",
    "two values": "1 2",
    "true with a capital": "True",
}


@pytest.mark.parametrize("text", CANONICAL.values(), ids=CANONICAL)
def test_accepts_canonical_json(text):
    assert json.dumps(parse_json(text)) == json.dumps(json.loads(text))


@pytest.mark.parametrize("text", NOT_CANONICAL.values(), ids=NOT_CANONICAL)
def test_refuses_json_that_is_not_canonical(text):
    with pytest.raises(MalformedError):
        parse_json(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('aZ~\x00\n\\"', max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_agrees_with_another_implementation_of_rfc_8785(value):
    assert parse_json(logs.canonical(value).decode()) == value


# ---- Base64, trees


@pytest.mark.parametrize("text", ["", "AA==", "AAA=", "AAAA", "+/+/"])
def test_accepts_canonical_base64(text):
    assert base64.b64encode(parse_base64(text)).decode() == text


@pytest.mark.parametrize(
    "text",
    ["A", "AA", "AA=", "AAA", "AB==", "AAB=", "AA==AA==", "AA== ", " AA==", "A\nA==", "-_-_", "AAAA=", "====", "ÀA=="],
)
def test_refuses_other_base64(text):
    with pytest.raises(MalformedError):
        parse_base64(text)


def test_inclusion_proofs_of_all_small_trees_and_none_other():
    leaves = [leaf_hash(bytes([number])) for number in range(18)]
    for size in range(1, 18):
        for index in range(size):
            proof, root = logs.inclusion_proof(leaves[:size], index), logs.root(leaves[:size])
            assert root_by_proof(leaves[index], index, size, proof) == root
            for wrong in (proof[:-1], [*proof, leaves[0]], proof[1:], [leaves[17], *proof]):
                with contextlib.suppress(MalformedError):
                    assert wrong == proof or root_by_proof(leaves[index], index, size, wrong) != root


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 0), (-1, 2), (2, 2), (3, 2), (1, 1)])
def test_no_proof_is_of_a_leaf_that_is_not_there(index, size):
    leaf = leaf_hash(b"")
    for proof in ([], [leaf]):
        with pytest.raises(MalformedError, match="there is no leaf"):
            root_by_proof(leaf, index, size, proof)


# ---- Limits


def _record(length):
    return LOG.chains[0].lines[-1].replace(b"shop", b"s" * (4 + length - len(LOG.chains[0].lines[-1])))


def _note(length):
    note = LOG.objects[LOG.chains[0].seal_key(0)]
    return b"x" * (length - len(note)) + note


def _leaves(length):
    """Lines of 88 and 89 bytes that make the length."""
    lines = length // 88
    return b"".join(b"%s %d %s\n" % (b"0" * 20, 10 if i < length % 88 else 1, b"0" * 64) for i in range(lines))


LIMITS = {
    "record": (parse_record, _record, 65_536),
    "note": (parse_note, _note, 16 * 1024),
    "leaves": (parse_leaves, _leaves, 1024 * 1024),
}


@pytest.mark.parametrize(("parse", "make", "limit"), LIMITS.values(), ids=LIMITS)
def test_accepts_the_greatest_size_and_no_greater(parse, make, limit):
    data = make(limit)
    assert len(data) == limit
    parse(data)
    with pytest.raises(MalformedError, match="more than"):
        parse(make(limit + 1))


@pytest.mark.parametrize(("member", "most"), [("bytes", 8 * 1024 * 1024), ("count", 5000), ("segment", 10**12 - 1)])
def test_accepts_the_greatest_number_in_a_seal_and_no_greater(member, most):
    seal = json.loads(logs.note_text(LOG.objects[LOG.chains[0].seal_key(0)]))
    assert parse_seal(logs.canonical(seal | {member: most}).decode() + "\n")[member] == most
    with pytest.raises(MalformedError, match=member):
        parse_seal(logs.canonical(seal | {member: most + 1}).decode() + "\n")


# ---- No bytes raise another error

ROTATED = logs.build()
STATEMENT = ROTATED.objects[ROTATED.rotate(logs.SECOND_SIGNER)]
PARSERS = {
    "key": (parse_key, [logs.SIGNER.key_file]),
    "note": (parse_note, [LOG.objects[LOG.chains[0].seal_key(0)]]),
    "seal": (
        lambda data: parse_seal(data.decode("utf-8", "replace")),
        [logs.note_text(LOG.objects[LOG.chains[0].seal_key(0)]).encode()],
    ),
    "leaves": (parse_leaves, [LOG.objects["log/leaves/000000000000.txt"]]),
    "checkpoint": (
        lambda data: check_checkpoint(data, History(KEY), "x", stored=False),
        [LOG.objects["log/checkpoints/000000000000.note"]],
    ),
    "record": (parse_record, LOG.chains[0].lines),
    "json": (lambda data: parse_json(data.decode("utf-8", "surrogateescape")), [b'{"a":[1.5,"\\ud83d"]}', b"[" * 100]),
    "proof": (lambda data: verify_proof(data, KEY), [LOG.proof(LOG.chains[0], 3)]),
    "statement": (lambda data: History(KEY).take(data, "x", KEY), [STATEMENT]),
    "receipt": (parse_receipt, [LOG.receipt((LOG.chains[0], 0))]),
    "time stamp": (parse_timestamp, [logs.timestamp(b"x")]),
    "cosignature": (parse_cosignature, [logs.WITNESS.cosignature("x\n", 1)]),
}


@st.composite
def damaged(draw, originals):
    """Bytes of nothing, or good bytes with some replaced, cut out or put in."""
    data = draw(st.sampled_from([b"", *originals]))
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 8)))
    put = draw(
        st.binary(max_size=8)
        | st.sampled_from([b"\n\n", b"\xe2\x80\x94 ", b"[" * 3000, b"1" * 5000, b"\\ud800", b"-0"])
    )
    return data[:start] + put + data[end:]


@pytest.mark.parametrize(("parse", "originals"), PARSERS.values(), ids=PARSERS)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_no_bytes_raise_another_error(parse, originals, data):
    with contextlib.suppress(MalformedError, FindingError):
        parse(data.draw(damaged(originals)))


@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_no_store_raises_another_error(tmp_path_factory, data):
    objects = dict(LOG.objects)
    for key in data.draw(st.sets(st.sampled_from(sorted(objects)), min_size=1, max_size=3)):
        objects[key] = data.draw(damaged([objects[key]]))
    changed = objects != LOG.objects
    store = logs.write(objects, tmp_path_factory.mktemp("store"))
    assert verify_store(store, KEY, None)["ok"] is not changed


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(["verify", "check-proof", "--key", "--json", "--checkpoint", "x", "", "\0", "é", "-"])))
def test_no_command_line_raises_another_error(arguments):
    assert main(arguments) == 2
