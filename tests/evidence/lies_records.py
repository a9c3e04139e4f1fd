"""Lies about records and stray segments: steps 4 and 5 of docs/evidence-format.md, section 8."""

import base64
import json
from collections.abc import Callable
from typing import Any

from tests.evidence.lies import Lie, Lies
from tests.evidence.logs import ZEROS, Log, sealed_block, sha256

NOON = "2026-11-22T12:00:00.000000Z"
HASH = "ab" * 32
BLOCK = sealed_block("x-0", 0, b"{}")
RECORDS = Lies()

# ---- Step 4: records. Sealed and signed rightly over what is wrong, as whoever holds the key could


def _resealed(change: Callable[[bytes], bytes], place: int) -> Lie:
    """Two more records, their segment changed before it was sealed; `place` counts from the first of the two."""

    def tamper(log: Log) -> str:
        chain = log.chains[0]
        where = f"{chain.id}-{chain.seq + place}"
        data = b"".join(chain.append() + b"\n" for _ in range(2))
        chain.seal(data=change(data))
        return where

    return tamper


RESEALED: dict[str, tuple[str, int, Callable[[bytes], bytes]]] = {
    "a sealed segment lacks its last record": ("wrong-count", 1, lambda data: data.split(b"\n")[0] + b"\n"),
    "a sealed segment is one newline": ("malformed-record", 0, lambda _: b"\n"),
    "a sealed segment is one byte": ("wrong-count", 0, lambda _: b"{"),
    "a sealed segment lacks its last newline": ("wrong-count", 1, lambda data: data[:-1]),
    "a sealed segment has one more record": ("wrong-count", 2, lambda data: data + data),
    "a sealed segment has one more empty line": ("wrong-count", 2, lambda data: data + b"\n"),
    "a sealed segment has one more byte": ("wrong-count", 2, lambda data: data + b" "),
    "a sealed segment starts with an empty line": ("malformed-record", 0, lambda data: b"\n" + data),
    "a sealed segment has CR": ("malformed-record", 0, lambda data: data.replace(b"\n", b"\r\n")),
    "two records swapped": ("misplaced-record", 0, lambda data: b"\n".join([*data.split(b"\n")[1::-1], b""])),
}
RECORDS |= {name: (code, _resealed(change, place)) for name, (code, place, change) in RESEALED.items()}


def _recorded(kind: str = "decision", **members: Any) -> Lie:
    """One more record with these members, rightly sealed."""

    def tamper(log: Log) -> str:
        where = log.chains[0].next_id
        log.chains[0].append(kind, **members)
        log.chains[0].seal(min_time=NOON, max_time=NOON)
        return where

    return tamper


def _recorded_line(change: Callable[[bytes], bytes]) -> Lie:
    def tamper(log: Log) -> str:
        chain = log.chains[0]
        where, line = chain.next_id, chain.append("request.refused")
        chain.pending, chain.seq = [], chain.seq - 1
        chain.append_line(change(line))
        chain.seal()
        return where

    return tamper


MEMBERS: dict[str, tuple[str, dict[str, Any]]] = {
    "a record of version 2": ("malformed-record", {"v": 2}),
    "a record of version true": ("malformed-record", {"v": True}),
    "a record with one more member": ("malformed-record", {"id": 1}),
    "a record of epoch 0": ("malformed-record", {"epoch": 0}),
    "a record with a negative seq": ("malformed-record", {"seq": -1}),
    "a record whose chain is too short": ("malformed-record", {"chain": "0" * 19}),
    "a record whose prev is in upper case": ("malformed-record", {"prev": "A" * 64}),
    "a record in month 13": ("malformed-record", {"time": "2026-13-01T00:00:00.000000Z"}),
    "a record with a line end in its time": ("malformed-record", {"time": NOON + "\n"}),
    "a record with digits of another script": ("malformed-record", {"time": NOON.replace("2", "٢")}),
    "a type with a capital": ("malformed-record", {"type": "Decision"}),
    "a type with an empty part": ("malformed-record", {"type": "a..b"}),
    "a type that ends in a newline": ("malformed-record", {"type": "decision\n"}),
    "a type of 65 characters": ("malformed-record", {"type": "a" * 65}),
    "an empty class": ("malformed-record", {"class": ""}),
    "a tenant that starts with a hyphen": ("malformed-record", {"tenant": "-acme"}),
    "a tenant of 65 characters": ("malformed-record", {"tenant": "a" * 65}),
    "a body that is a list": ("malformed-record", {"body": []}),
    "a body nested too deep": ("malformed-record", {"body": {"a": json.loads("[" * 31 + "]" * 31)}}),
    "a record of 65,537 bytes": ("malformed-record", {"body": {"a": "x" * 65_536}}),
    "no sealed blocks in sealed": ("malformed-record", {"sealed": []}),
    "nine sealed blocks": ("malformed-record", {"sealed": [BLOCK] * 9}),
    "sealed is one block": ("malformed-record", {"sealed": BLOCK}),
    "a block of another cipher": ("malformed-record", {"sealed": [BLOCK | {"alg": "A128GCM"}]}),
    "a block with one more member": ("malformed-record", {"sealed": [BLOCK | {"tag": ""}]}),
    "a block whose commitment is in upper case": ("malformed-record", {"sealed": [BLOCK | {"commit": "A" * 64}]}),
    "a block whose key is a number": ("malformed-record", {"sealed": [BLOCK | {"kid": 7}]}),
    "a block whose nonce is too short": ("malformed-record", {"sealed": [BLOCK | {"nonce": "0" * 22}]}),
    "a block without nonce": ("malformed-record", {"sealed": [{k: v for k, v in BLOCK.items() if k != "nonce"}]}),
    "a block whose ciphertext has loose bits": ("malformed-record", {"sealed": [BLOCK | {"ct": "A" * 42 + "B="}]}),
    "a block whose ciphertext is shorter than salt and tag": (
        "malformed-record",
        {"sealed": [BLOCK | {"ct": base64.b64encode(bytes(31)).decode()}]},
    ),
    "a block whose ciphertext is not base64": ("malformed-record", {"sealed": [BLOCK | {"ct": "é"}]}),
    "a block whose subject is a name": ("malformed-record", {"sealed": [BLOCK | {"subject": "psn_zoe"}]}),
    "an orphan without leaf": ("malformed-record", {"orphan_of": {"chain": "0" * 20, "seq": 1}}),
    "a record of another chain": ("misplaced-record", {"chain": "0" * 20}),
    "a record of another number": ("misplaced-record", {"seq": 7}),
    "a record of another class": ("misplaced-record", {"class": "sec1y"}),
    "a record that follows another": ("broken-chain", {"prev": HASH}),
    "an epoch that rises without a start": ("wrong-epoch", {"epoch": 2}),
    "an epoch that stays at a start": ("wrong-epoch", {"kind": "chain.opened", "epoch": 1}),
    "an epoch that jumps at a start": ("wrong-epoch", {"kind": "chain.opened", "epoch": 3}),
}
RECORDS |= {name: (code, _recorded(**members)) for name, (code, members) in MEMBERS.items()}
LINES: dict[str, Callable[[bytes], bytes]] = {
    "a record that is not JSON": lambda _: b"hello",
    "an empty record": lambda _: b"",
    "a record that is not UTF-8": lambda line: line.replace(b"1.0", b"1\xff0"),
    "a record with a float": lambda line: line.replace(b'"1.0"', b"1.0"),
    "a record with white space": lambda line: line.replace(b":", b": "),
    "a record with a member twice": lambda line: line.replace(b'"v":1', b'"v":1,"v":1'),
    "a record without a member": lambda line: line.replace(b'"tenant":"system",', b""),
    "a record with half a surrogate pair": lambda line: line.replace(b'"1.0"', b'"\\ud83d"'),
    "a record with a name that is not ASCII": lambda line: line.replace(b'"version"', '"versiön"'.encode()),
}
RECORDS |= {name: ("malformed-record", _recorded_line(change)) for name, change in LINES.items()}


@RECORDS.tell("broken-chain")
def a_first_record_that_follows_one(log: Log) -> str:
    chain = log.chain(opened=False)
    chain.append("chain.opened", prev=HASH)
    chain.seal()
    return f"{chain.id}-0"


@RECORDS.tell("wrong-epoch")
def a_first_record_that_is_no_start(log: Log) -> str:
    chain = log.chain(opened=False)
    chain.append(epoch=1)
    chain.seal()
    return f"{chain.id}-0"


def _within_a_segment(kind: str, epoch: int) -> Lie:
    """The second of two records, so that the first is not to blame."""

    def tamper(log: Log) -> str:
        chain = log.chains[0]
        chain.append()
        where = chain.next_id
        chain.append(kind, epoch=epoch)
        chain.seal()
        return where

    return tamper


RECORDS |= {
    "an epoch that rises within a segment": ("wrong-epoch", _within_a_segment("decision", 2)),
    "a start within a segment that opens nothing": ("wrong-epoch", _within_a_segment("chain.opened", 1)),
    "a start within a segment that opens too much": ("wrong-epoch", _within_a_segment("chain.opened", 3)),
}


@RECORDS.tell("wrong-epoch")
def a_first_record_of_epoch_2(log: Log) -> str:
    chain = log.chain(opened=False)
    chain.append("chain.opened", epoch=2)
    chain.seal()
    return f"{chain.id}-0"


# ---- Step 5


@RECORDS.tell("wrong-segment")
def a_stray_segment_of_another_hash(log: Log) -> str:
    key = f"chains/{log.chains[0].id}/segments/{9:012}-{HASH}.jsonl"
    log.objects[key] = b""
    return key


@RECORDS.tell("wrong-segment")
def a_stray_segment_of_a_chain_without_seals(log: Log) -> str:
    key = f"chains/{'0' * 20}/segments/{0:012}-{ZEROS}.jsonl"
    log.objects[key] = b"x"
    return key


@RECORDS.tell("wrong-segment")
def a_stray_segment_of_more_than_8_mib(log: Log) -> str:
    data = bytes(8 * 1024 * 1024 + 1)
    key = f"chains/{log.chains[0].id}/segments/{9:012}-{sha256(data).hex()}.jsonl"
    log.objects[key] = data
    return key
