"""Tables for single modules of the page, each with what the other verifiers, or a standard, say of it."""

import csv
import io
import json
from itertools import product
from pathlib import Path

import verify_evidence
from evidence import form
from evidence.errors import MalformedError, ProofError
from evidence.growth import format_proof
from evidence.keys import VerifierKey
from evidence.tree import consistency_proof, inclusion_proof, verify_consistency
from frameworks import sampling
from tests.auditor_portal.verifying.log_cases import encoded
from tests.evidence import logs
from tests.evidence.test_canonical import REFUSED
from tests.evidence.test_verify_evidence_file_ed25519 import (
    FORBIDDEN,
    GOOD_KEY,
    KEYS,
    RFC_8032,
    SMALL,
    key_file,
    signed_by,
)
from tests.evidence.test_verify_evidence_file_parsers import CANONICAL, NOT_CANONICAL
from tests.evidence.test_verify_evidence_file_proof import PROOFS

VECTORS = json.loads((Path(logs.__file__).parent / "vectors" / "rfc6962.json").read_text())
LEAVES = [logs.leaf_hash(bytes([number])) for number in range(18)]


def canonical():
    for name, text in (CANONICAL | NOT_CANONICAL | REFUSED).items():
        if text.isprintable() or not any(0xD800 <= ord(each) < 0xE000 for each in text):
            yield name, {"text": text}, _said(verify_evidence.parse_json, text)


def base64_texts():
    texts = ["", "AA==", "AAA=", "AAAA", "+/+/", "A", "AA", "AA=", "AAA", "AB==", "AAB=", "AA==AA==", "AA== "]
    for text in [*texts, " AA==", "A\nA==", "-_-_", "AAAA=", "====", "ÀA=="]:
        yield text, {"text": text}, _said(form.base64_bytes, text)


def _said(parse, *given):
    try:
        parse(*given)
    except (MalformedError, verify_evidence.MalformedError):
        return "malformed"
    return "ok"


def keys():
    lines = KEYS | {
        f"a key that RFC 8032 forbids: {name}": key_file(public).decode() for name, public in FORBIDDEN.items()
    }
    lines |= {
        "good": GOOD_KEY,
        "white space around": f" {GOOD_KEY}\r\n",
        "a witness": logs.WITNESS.witness_file.decode(),
    }
    for name, line in lines.items():
        for kind in (1, 4):
            said = _said(verify_evidence.parse_key, line.encode(), kind)
            assert kind != 1 or said == _said(VerifierKey.parse, line), name
            yield f"{name}, as kind {kind}", {"data": encoded(line.encode()), "kind": kind}, said


def signatures():
    for name, (public, text, signature) in RFC_8032.items():
        good = {"key": encoded(key_file(bytes.fromhex(public))), "signature": encoded(bytes.fromhex(signature))}
        yield name, good | {"text": encoded(text)}, True
        yield f"{name}, another text", good | {"text": encoded(text + b"\0")}, False
    public, signature = signed_by(b"\x07" * 32, b"text")
    s = int.from_bytes(signature[32:], "little")
    others = {
        "a second encoding of S": signature[:32] + (s + verify_evidence.L).to_bytes(32, "little"),
        "S of L": signature[:32] + verify_evidence.L.to_bytes(32, "little"),
        "a byte less": signature[:-1],
        "a byte more": signature + b"\0",
        "nothing": b"",
    }
    others |= {f"R is {name}": r + signature[32:] for name, r in FORBIDDEN.items()}
    others |= {f"R is small: {r.hex()}": r + signature[32:] for r in SMALL}
    for name, other in others.items():
        assert not verify_evidence.parse_key(key_file(public)).holds(other, b"text")
        yield name, {"key": encoded(key_file(public)), "signature": encoded(other), "text": encoded(b"text")}, False


def proofs():
    key = verify_evidence.parse_key(logs.SIGNER.key_file)
    made = {name: make() for name, (_, _, make) in PROOFS.items()}
    log = logs.build(chains=3, segments=2, records=3, checkpoints=2)
    made |= {
        f"record {seq} of chain {chain}": log.proof(log.chains[chain], seq)
        for chain, seq in product(range(3), range(6))
    }
    single = logs.build(records=1)
    made["a tree of one leaf"] = single.proof(single.chains[0], 0)
    for name, data in made.items():
        found = verify_evidence.verify_proof(data, key)["finding"]
        said = "ok" if found is None else [found["code"], found["where"]]
        yield name, {"data": encoded(data), "key": encoded(logs.SIGNER.key_file)}, said


def roots():
    leaves = [logs.leaf_hash(bytes.fromhex(text)).hex() for text in VECTORS["inputs"]]
    for size, root in enumerate(VECTORS["roots"]):
        yield f"RFC 6962, {size} leaves", {"leaves": leaves[:size]}, [root, root]


def inclusion():
    for size in range(1, 10):
        for index in (*range(size), size):
            proof = inclusion_proof(LEAVES[:size], index) if index < size else ()
            for wrong, path in enumerate(([*proof], [*proof][:-1], [*proof, LEAVES[0]], [*reversed(proof)])):
                given = {
                    "leaf": LEAVES[index].hex(),
                    "index": index,
                    "size": size,
                    "proof": [node.hex() for node in path],
                }
                try:
                    said = verify_evidence.root_by_proof(LEAVES[index], index, size, path).hex()
                except verify_evidence.MalformedError:
                    said = "malformed"
                yield f"leaf {index} of {size}, change {wrong}", given, said


def consistency():
    for size in range(10):
        for old in range(size + 2):
            roots = [logs.root(LEAVES[:old]), logs.root(LEAVES[:size])]
            proof = consistency_proof(LEAVES[:size], old) if 0 < old <= size else ()
            for wrong, path in enumerate(([*proof], [*proof][1:], [*proof, LEAVES[0]], [*reversed(proof)])):
                given = {"old": old, "oldRoot": roots[0].hex(), "size": size, "root": roots[1].hex()}
                said = _grows(old, roots[0], size, roots[1], path)
                yield f"{old} to {size}, change {wrong}", given | {"proof": format_proof(path)}, said


def _grows(old, old_root, size, root, path):
    if old == 0:  # continued by every other, without a proof
        return "malformed" if path else "ok"
    try:
        verify_consistency(old, old_root, size, root, path)
    except ProofError:
        return "malformed"
    return "ok"


def samples():
    for frequency, count in product(["event", "month", "day", "hour"], [1, 2, 10, 11, 60, 251, 1_001]):
        times = [f"2026-01-01T00:00:{number * 7 % 60:02}.000000Z" for number in range(count)]
        rows = [(f"c{number % 2}-{number}", time) for number, time in enumerate(times)]
        asked = {"engagement": "E-1", "control": "access-review", "population_sha256": "ab" * 32}
        drawn = sampling.draw(rows, size=sampling.size(frequency, count), **asked)
        given = {"rows": rows, "engagement": "E-1", "population": "ab" * 32}
        yield f"{frequency}, {count}", given | {"control": {"id": "access-review", "frequency": frequency}}, drawn


def tables():
    texts = [
        "a,b\r\n1,2\r\n",
        "a,b\n1,2\n\n3,4",
        'a,b\r\n"1,\r\n2","say ""yes"""\r\n',
        'a,b\r\n"","x"\r\n',
        "a,b\r\né😀,2\r\n",
        "a,b\r1,2\r",
        "a,b\r\n",
        "",
    ]
    for text, size in product(texts, (1, 3, 1_000)):
        yield (
            f"{text!r} in pieces of {size}",
            {"data": text, "size": size},
            [*csv.DictReader(io.StringIO(text, newline=""))],
        )


def paces():
    told = [{"done": 1, "all": 7, "what": "records"}]
    for ended in (False, True):
        yield f"ended: {ended}", {"turns": 7, "ended": ended}, [ended, told]


ALL = {
    "canonical": canonical,
    "base64": base64_texts,
    "keys": keys,
    "signatures": signatures,
    "proofs": proofs,
    "roots": roots,
    "inclusion": inclusion,
    "consistency": consistency,
    "samples": samples,
    "tables": tables,
    "paces": paces,
}
