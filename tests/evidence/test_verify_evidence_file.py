"""`verify_evidence.py verify`: good logs, lies about them, flipped bits."""

import base64
import itertools
import json
import os

import pytest

from tests.evidence import logs
from tests.evidence.asking import asked_of_theirs
from tests.evidence.lies import sample, tampered
from tests.evidence.lies_anchors import ANCHORS
from tests.evidence.lies_chains import CHAINS
from tests.evidence.lies_history import HISTORY
from tests.evidence.lies_receipts import RECEIPTS
from tests.evidence.lies_records import RECORDS
from tests.evidence.lies_tree import TREE
from verify_evidence import parse_key, verify_store

KEY = parse_key(logs.SIGNER.key_file)
LIES = list(tampered(TREE, CHAINS, RECORDS, HISTORY, ANCHORS, RECEIPTS))


def finding(report):
    found = report["finding"]
    assert report["ok"] is (found is None)
    return found and (found["code"], found["where"])


# ---- Good logs


def test_reports_what_was_checked_and_what_was_not(tmp_path):
    log = sample()
    report = verify_store(logs.write(log.objects, tmp_path), KEY, None)
    assert report == {
        "ok": True,
        "log": "log.example/omega",
        "checked": {"chains": 2, "seals": 6, "segments": 4, "records": 12, "checkpoints": 2},
        "up_to": {
            "tree_size": 4,
            "root": base64.b64encode(logs.root(log.leaves)).decode(),
            "max_time": max(time for chain in log.chains for time in map(_time, chain.lines)),
        },
        "keys": [{"id": log.signer.key_id.hex(), "from_leaf": 0, "reason": None}],
        "timestamped": None,
        "cosigned": None,
        "receipts": {"records": 0, "carried": 0, "expired": 0},
        "expired": 0,
        "orphans": 0,
        "uncheckpointed_seals": 2,
        "stray_segments": 0,
        "finding": None,
    }


def _time(line):
    return json.loads(line)["time"]


SHAPES = {
    "one record": {"records": 1},
    "no checkpoint": {"checkpoints": 0},
    "five segments in a tree of five": {"segments": 5, "checkpoints": 5},
    "seven chains": {"chains": 7, "segments": 2, "checkpoints": 1},
    "heartbeats in the tree": {"heartbeats": 3, "checkpoints": 4},
    "records of one time": {"step": logs.SECOND * 0},
    "a clock that runs backwards": {"step": -logs.SECOND},
    "another key and name": {"signer": logs.Signer(origin="other.example/" + "a" * 114, seed=bytes(32))},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_accepts_good_logs(shape, tmp_path):
    log = logs.build(**shape)
    key = parse_key(log.signer.key_file)
    assert finding(verify_store(logs.write(log.objects, tmp_path), key, None)) is None


def _restarted(log):
    chain = log.chains[0]
    chain.append("recovery")
    chain.append("chain.opened")
    chain.append("type.nobody_knows", body={}, tenant="a" * 64, **{"class": "std7y"})
    chain.seal()


def _sealed_again_after_only_heartbeats(log):
    chain = log.chain(opened=False)
    chain.seal()
    chain.append("chain.opened")
    chain.seal()


def _orphan(log):
    log.chains[0].append(orphan_of={"chain": "0" * 20, "leaf": "0" * 64, "seq": 0})
    log.chains[0].seal()


def _eight_sealed_blocks_of_nothing(log):
    block = logs.sealed_block(log.chains[0].next_id, 0, b"")
    assert len(base64.b64decode(block["ct"])) == 32
    log.chains[0].append(sealed=[block] * 8)
    log.chains[0].seal()


def _nested_to_the_limit(log):
    log.chains[0].append(body={"deep": json.loads("[" * 30 + "]" * 30)})
    log.chains[0].seal()


def _record_of_exactly_64_kib(log):
    length = 65_536 - len(log.chains[0].append(body={"a": ""}))
    log.chains[0].append(body={"a": "x" * length})
    assert len(log.chains[0].lines[-1]) == 65_536
    log.chains[0].seal()


def _leaves_without_checkpoint(log):
    log.add_leaves()


def _seal_that_knew_an_older_checkpoint(log):
    log.chains[0].seal(checkpoint=logs.ZEROS)


GOOD = [
    _restarted,
    _sealed_again_after_only_heartbeats,
    _orphan,
    _eight_sealed_blocks_of_nothing,
    _nested_to_the_limit,
    _record_of_exactly_64_kib,
    _leaves_without_checkpoint,
    _seal_that_knew_an_older_checkpoint,
]


@pytest.mark.parametrize("grow", GOOD, ids=[grow.__name__.strip("_").replace("_", " ") for grow in GOOD])
def test_accepts_whatever_a_log_may_hold(grow, tmp_path):
    log = sample()
    grow(log)
    assert finding(verify_store(logs.write(log.objects, tmp_path), KEY, None)) is None


def test_counts_stray_segments_and_the_empty_object_of_a_heartbeat_among_them(tmp_path):
    log = sample()
    for chain, data in ((log.chains[0].id, b""), (log.chains[0].id, b"half a segm"), ("0" * 20, b"another chain")):
        log.objects[f"chains/{chain}/segments/{2:012}-{logs.sha256(data).hex()}.jsonl"] = data
    report = verify_store(logs.write(log.objects, tmp_path), KEY, None)
    assert (report["ok"], report["stray_segments"], report["checked"]["chains"]) == (True, 3, 2)


@pytest.mark.parametrize("size", [0, 1, 2, 4])
def test_accepts_every_earlier_checkpoint(size, tmp_path):
    log = logs.build(segments=4, checkpoints=4)
    root = base64.b64encode(logs.root(log.leaves[:size])).decode()
    earlier = log.signer.note(f"{log.signer.origin}\n{size}\n{root}\n")
    assert finding(verify_store(logs.write(log.objects, tmp_path), KEY, earlier)) is None


def test_accepts_an_earlier_checkpoint_with_cosignatures(tmp_path):
    log = sample()
    text = log.checkpoint_text()
    witness = logs.Signer(origin="witness.example", seed=b"\x0a" * 32).signature_line("another text")
    earlier = (text + "\n" + witness + log.signer.signature_line(text)).encode()
    assert finding(verify_store(logs.write(log.objects, tmp_path), KEY, earlier)) is None


# ---- Lies


@pytest.mark.parametrize("case", LIES, ids=[case.name for case in LIES])
def test_finds_every_lie(case, tmp_path):
    root, asked = logs.write(case.objects, tmp_path), asked_of_theirs(case.brought)
    report = verify_store(root, parse_key(case.key_file), case.brought.earlier, asked)
    assert finding(report) == (case.code, case.where)
    assert report["finding"]["detail"]


def test_there_is_a_lie_for_every_code():
    codes = (
        "unexpected-object empty-log checkpoint-gap malformed-leaves malformed-checkpoint bad-signature wrong-root "
        "rollback seal-gap malformed-seal misplaced-seal broken-seal-chain unknown-checkpoint wrong-leaf "
        "missing-segment wrong-segment wrong-count malformed-record misplaced-record broken-chain wrong-epoch "
        "key-gap malformed-statement broken-key-history malformed-anchor bad-anchor malformed-receipt missing-receipt"
    )
    assert {case.code for case in LIES} == set(codes.split())


@pytest.mark.parametrize("key", ["link.txt", "chains", "log/leaves/000000000002.txt", "fifo", ".hidden", ".link"])
def test_finds_what_is_no_plain_file(key, tmp_path):
    log = sample()
    objects = {name: data for name, data in log.objects.items() if not name.startswith(key + "/")}
    logs.write(objects, tmp_path)
    if key == "fifo":
        os.mkfifo(tmp_path / key)
    elif key == ".hidden":
        (tmp_path / key).write_bytes(b"")
    else:
        (tmp_path / key).symlink_to(tmp_path)
    assert finding(verify_store(tmp_path, KEY, None)) == ("unexpected-object", key)


def test_leaves_out_scratch_directories_at_the_root_alone(tmp_path):
    logs.write(sample().objects | {".tmp/half": b"", ".tmp/.x/y": b""}, tmp_path)
    (tmp_path / "chains" / "empty").mkdir()
    assert finding(verify_store(tmp_path, KEY, None)) is None
    logs.write({"log/.tmp/half": b""}, tmp_path)
    assert finding(verify_store(tmp_path, KEY, None)) == ("unexpected-object", "log/.tmp/half")


EVERY_BYTE = pytest.param(1, range(8), marks=pytest.mark.slow, id="every bit of every byte")


@pytest.mark.parametrize(("stride", "bits"), [pytest.param(7, [0], id="one bit of each seventh byte"), EVERY_BYTE])
@pytest.mark.parametrize("part", ["segments", "seals", "leaves", "checkpoints"])
def test_finds_a_flipped_bit_given_the_newest_checkpoint(part, stride, bits, tmp_path):
    log = logs.build(records=1)
    logs.write(log.objects, tmp_path)
    earlier = log.objects["log/checkpoints/000000000000.note"]
    (key,) = (key for key in log.objects if f"/{part}/" in key)
    data = log.objects[key]
    for place, bit in itertools.product(range(0, len(data), stride), bits):
        flipped = data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]
        (tmp_path / key).write_bytes(flipped)
        assert not verify_store(tmp_path, KEY, earlier)["ok"], (key, place, bit)
