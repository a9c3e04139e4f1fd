"""`verify_evidence.py check-proof`: the proof of one record."""

import itertools
import json

import pytest

from tests.evidence import logs
from tests.evidence.lies import sample
from verify_evidence import parse_key, verify_proof

KEY = parse_key(logs.SIGNER.key_file)


def finding(report):
    found = report["finding"]
    assert report["ok"] is (found is None)
    return found and (found["code"], found["where"])


@pytest.mark.parametrize(("chain", "seq"), list(itertools.product(range(3), range(6))))
def test_accepts_the_proof_of_every_record(chain, seq):
    log = logs.build(chains=3, segments=2, records=3, checkpoints=2)
    report = verify_proof(log.proof(log.chains[chain], seq), KEY)
    line = json.loads(log.chains[chain].lines[seq])
    assert finding(report) is None
    assert report["record"] == {"id": f"{log.chains[chain].id}-{seq}", "type": line["type"], "time": line["time"]}
    assert report["up_to"]["tree_size"] == 6


def test_accepts_a_proof_in_a_tree_of_one_leaf():
    log = logs.build(records=1)
    assert finding(verify_proof(log.proof(log.chains[0], 0), KEY)) is None


def _proof(change=None, **members):
    log = sample()
    proof = log.proof(log.chains[0], 4, **members).decode()
    return (change(proof) if change else proof).encode()


def _line(n, new):
    return lambda proof: "".join(new if i == n else line for i, line in enumerate(proof.splitlines(keepends=True)))


def _other(kind, **members):
    """The text of a record or seal of the sample, changed."""
    log = sample()
    chain = log.chains[0]
    if kind == "record":
        return {"record": logs.canonical(json.loads(chain.lines[4]) | members).decode()}
    text = json.loads(logs.note_text(log.objects[chain.seal_key(1)]))
    return {"seal": logs.canonical(text | members).decode() + "\n"}


def _heartbeat():
    log = sample()
    return logs.note_text(log.objects[log.chains[0].seal_key(2)])


PROOFS = {
    "not a proof": ("malformed-proof", "proof", lambda: b"hello"),
    "not UTF-8": ("malformed-proof", "proof", lambda: b"\xff"),
    "too long": ("malformed-proof", "proof", lambda: b" " * (256 * 1024 + 1)),
    "another version": ("malformed-proof", "proof", lambda: _proof(_line(0, "c2sp.org/tlog-proof@v2\n"))),
    "no extra line": ("malformed-proof", "proof", lambda: _proof(_line(1, ""))),
    "extra is not base64": ("malformed-proof", "proof", lambda: _proof(_line(1, "extra x\n"))),
    "extra is not an object": ("malformed-proof", "proof", lambda: _proof(_line(1, "extra W10=\n"))),
    "one more member": ("malformed-proof", "proof", lambda: _proof(more=1)),
    "another version of extra": ("malformed-proof", "proof", lambda: _proof(v=2)),
    "a hash in upper case": ("malformed-proof", "proof", lambda: _proof(proof=["A" * 64])),
    "an index with a leading zero": ("malformed-proof", "proof", lambda: _proof(_line(2, "index 02\n"))),
    "a negative index": ("malformed-proof", "proof", lambda: _proof(_line(2, "index -1\n"))),
    "a short hash": ("malformed-proof", "proof", lambda: _proof(_line(3, "AAAA\n"))),
    "a record with white space": ("malformed-record", "record", lambda: _proof(record="{ }")),
    "a record with a newline": (
        "malformed-record",
        "record",
        lambda: _proof(record=sample().chains[0].lines[4].decode() + "\n"),
    ),
    "a seal without its newline": (
        "malformed-seal",
        "seal",
        lambda: _proof(seal=logs.note_text(sample().objects[sample().chains[0].seal_key(1)])[:-1] + " "),
    ),
    "a seal that is none": ("malformed-seal", "seal", lambda: _proof(seal="\n")),
    "a seal of another log": ("misplaced-seal", "seal", lambda: _proof(**_other("seal", log="x"))),
    "a record of another chain": ("misplaced-record", "record", lambda: _proof(**_other("record", chain="0" * 20))),
    "a record of another class": ("misplaced-record", "record", lambda: _proof(**_other("record", **{"class": "x"}))),
    "a record of another segment": ("wrong-proof", "record", lambda: _proof(**_other("record", seq=6))),
    "a record before the segment": ("wrong-proof", "record", lambda: _proof(**_other("record", seq=2))),
    "a record of another place": ("wrong-proof", "record", lambda: _proof(**_other("record", seq=3))),
    "a record that was changed": ("wrong-proof", "record", lambda: _proof(**_other("record", tenant="shop"))),
    "a record of a heartbeat": ("wrong-proof", "record", lambda: _proof(seal=_heartbeat(), proof=[])),
    "no proof of the record": ("wrong-proof", "record", lambda: _proof(proof=[])),
    "a proof of the record too long": ("wrong-proof", "record", lambda: _proof(proof=["0" * 64] * 3)),
    "a seal that was changed": (
        "wrong-proof",
        "seal",
        lambda: _proof(**_other("seal", sealed_at=logs.time_text(logs.START))),
    ),
    "a seal of another place": ("wrong-proof", "seal", lambda: _proof(_line(2, "index 1\n"))),
    "a seal beyond the tree": ("wrong-proof", "seal", lambda: _proof(_line(2, "index 4\n"))),
    "no proof of the seal": ("wrong-proof", "seal", lambda: _proof(lambda proof: _line(3, "")(_line(4, "")(proof)))),
    "no checkpoint": (
        "malformed-checkpoint",
        "checkpoint",
        lambda: _proof(lambda proof: proof.split("\n\n")[0] + "\n\n"),
    ),
    "another key's checkpoint": (
        "bad-signature",
        "checkpoint",
        lambda: _proof(lambda proof: proof.replace("log.example/omega\n4", "log.example/omega\n5")),
    ),
}


@pytest.mark.parametrize(("code", "where", "make"), PROOFS.values(), ids=PROOFS)
def test_refuses_wrong_proofs(code, where, make):
    assert finding(verify_proof(make(), KEY)) == (code, where)
