"""Logs as a browser is given them: good ones, every tampered one of tests/evidence, and what both verifiers report."""

import base64
from itertools import pairwise

from tests.evidence import logs
from tests.evidence.asking import asked_of_ours
from tests.evidence.lies import Brought, Tampered, sample, tampered
from tests.evidence.lies_anchors import ANCHORS
from tests.evidence.lies_chains import CHAINS
from tests.evidence.lies_history import HISTORY, rotated
from tests.evidence.lies_receipts import LATER, RECEIPTS
from tests.evidence.lies_records import RECORDS
from tests.evidence.lies_tree import TREE
from tests.evidence.test_verify import ours, small_log, verdict

SHAPES = {
    "one record": {"records": 1},
    "no checkpoint": {"checkpoints": 0, "segments": 2},
    "five segments in a tree of five": {"segments": 5, "checkpoints": 5},
    "seven chains": {"chains": 7, "segments": 2, "checkpoints": 1},
    "heartbeats in the tree": {"heartbeats": 3, "checkpoints": 4},
    "a clock that runs backwards": {"step": -logs.SECOND},
}


def _grown():
    """A log with everything: restarts, sealed blocks, rotations, anchors, what was carried over, a stray."""
    log = sample()
    chain = log.chains[0]
    chain.append("chain.opened")
    chain.append(sealed=[logs.sealed_block(chain.next_id, 0, b"{}")] * 8)
    chain.append(orphan_of={"chain": "0" * 20, "leaf": "ab" * 32, "seq": 5})
    chain.append("type.nobody_knows", body={"text": 'é😀\u2028"\\\x00\x1f'})
    chain.seal()
    rotated(log)
    log.publish()
    log.rotate(logs.THIRD_SIGNER, reason="compromised")
    chain.seal()
    log.publish()
    log.stamp(1)
    log.cosign(1)
    log.cosign(2, logs.Signer(origin="witness.example/a2", seed=b"\x0c" * 32), 1_795_344_501)
    log.cosign(2)
    log.objects["probe/anything"] = b"x"
    stray = b"half a segm"
    log.objects[f"chains/{chain.id}/segments/{9:012}-{logs.sha256(stray).hex()}.jsonl"] = stray
    return log


def _good():
    for name, shape in SHAPES.items():
        log = logs.build(**shape)
        yield Tampered(name=name, code="", where="", objects=log.objects, key_file=log.signer.key_file)
    log = _grown()
    lost = log.receipt(records=[{"chain": "0" * 20, "seq": 5, "leaf": "ab" * 32}])
    brought = {
        "nothing": Brought(),
        "a witness": Brought(witnesses=(logs.WITNESS.witness_file,)),
        "receipts": Brought(receipts=(log.receipt((log.chains[0], 1), (log.chains[1], 5)), lost)),
        "an older checkpoint": Brought(earlier=log.objects["log/checkpoints/000000000001.note"]),
    }
    for signer in (logs.SIGNER, logs.SECOND_SIGNER, logs.THIRD_SIGNER):
        for name, each in brought.items():
            said = f"everything, with {name} and key {signer.key_id.hex()}"
            key = signer.key_file
            yield Tampered(name=said, code="", where="", objects=log.objects, brought=each, key_file=key)
    log = sample()
    log.expire(log.chains[0].segment_key(0))
    gone = Brought(at=LATER, receipts=(log.receipt((log.chains[0], 1)),))
    yield Tampered(name="expired", code="", where="", objects=log.objects, brought=gone)


def _damaged(path):
    """A log of the service, with every object dropped once, and each two neighbours swapped."""
    objects, key, earlier = small_log(path)
    brought = Brought(earlier=earlier)
    for name in objects:
        left = {other: data for other, data in objects.items() if other != name}
        yield Tampered(name=f"without {name}", code="", where="", objects=left, brought=brought, key_file=key)
    for one, two in pairwise(sorted(objects)):
        swapped = objects | {one: objects[two], two: objects[one]}
        yield Tampered(name=f"{one} swapped", code="", where="", objects=swapped, brought=brought, key_file=key)


def cases(path):
    """Yield each log with the report that `python -m evidence` makes of it; verify_evidence.py says the same of all."""
    for each in (*_good(), *tampered(TREE, CHAINS, RECORDS, HISTORY, ANCHORS, RECEIPTS), *_damaged(path)):
        yield each, verdict(ours(each.objects, each.key_file, each.brought.earlier, asked_of_ours(each.brought)))


def encoded(data):
    return None if data is None else base64.b64encode(data).decode()


def as_json(case):
    return {
        "name": case.name,
        "objects": {name: encoded(data) for name, data in case.objects.items()},
        "key": encoded(case.key_file),
        "earlier": encoded(case.brought.earlier),
        "at": case.brought.at,
        "witnesses": [encoded(data) for data in case.brought.witnesses],
        "receipts": [encoded(data) for data in case.brought.receipts],
    }
