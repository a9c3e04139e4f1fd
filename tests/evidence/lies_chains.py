"""Lies about seals and segments: step 4 of docs/evidence-format.md, section 8."""

import json
from collections.abc import Callable
from typing import Any

from tests.evidence.lies import Lie, Lies
from tests.evidence.logs import Log, Signer, canonical, note_text, sha256

NOON = "2026-11-22T12:00:00.000000Z"
HASH = "ab" * 32
CHAINS = Lies()

# ---- Step 4: seals


@CHAINS.tell("seal-gap")
def a_seal_between_others_is_gone(log: Log) -> str:
    return _remove(log, log.chains[0].seal_key(1))


@CHAINS.tell("seal-gap")
def the_last_seal_in_the_tree_is_gone(log: Log) -> str:
    log.publish()
    return _remove(log, log.chains[1].seal_key(2))


@CHAINS.tell("seal-gap")
def a_whole_chain_that_is_in_the_tree_is_gone(log: Log) -> str:
    chain = log.chains[0]
    log.objects = {key: data for key, data in log.objects.items() if chain.id not in key}
    return chain.seal_key(0)


@CHAINS.tell("seal-gap")
def a_seal_far_behind_the_last(log: Log) -> str:
    log.objects[log.chains[0].seal_key(999_999_999_999)] = b""
    return log.chains[0].seal_key(3)


def _remove(log: Log, key: str) -> str:
    del log.objects[key]
    return key


@CHAINS.tell("misplaced-seal")
def two_seals_swapped(log: Log) -> str:
    one, two = (log.chains[0].seal_key(n) for n in (0, 1))
    log.objects[one], log.objects[two] = log.objects[two], log.objects[one]
    return one


@CHAINS.tell("misplaced-seal")
def a_seal_of_another_chain(log: Log) -> str:
    one, two = (chain.seal_key(0) for chain in log.chains)
    log.objects[one] = log.objects[two]
    return one


@CHAINS.tell("broken-seal-chain")
def a_heartbeat_sealed_again_under_a_seal_that_follows(log: Log) -> str:
    log.chains[0].seal()
    log.resign(log.chains[0].seal_key(2), sealed_at=NOON)
    return log.chains[0].seal_key(3)


@CHAINS.tell("wrong-leaf")
def a_seal_in_the_tree_signed_again_with_another_time(log: Log) -> str:
    log.publish()
    log.resign(log.chains[0].seal_key(2), sealed_at=NOON)
    return log.chains[0].seal_key(2)


@CHAINS.tell("wrong-leaf")
def a_seal_in_a_batch_without_checkpoint_signed_again(log: Log) -> str:
    log.add_leaves()
    log.resign(log.chains[1].seal_key(2), sealed_at=NOON)
    return log.chains[1].seal_key(2)


@CHAINS.tell("bad-signature")
def a_seal_by_another_key_of_the_same_name(log: Log) -> str:
    key = log.chains[0].seal_key(2)
    log.objects[key] = Signer(seed=b"\x08" * 32).note(note_text(log.objects[key]))
    return key


@CHAINS.tell("unknown-checkpoint")
def a_seal_that_names_a_checkpoint_nobody_has(log: Log) -> str:
    del log.objects["log/checkpoints/000000000001.note"]
    return log.chains[0].seal_key(2)


def _sealed(**members: Any) -> Lie:
    """One more record, and a seal that is wrong in these members and rightly signed."""

    def tamper(log: Log) -> str:
        log.chains[1].append()
        return log.chains[1].seal(**members)

    return tamper


def _seal_text(change: Callable[[str], str]) -> Lie:
    def tamper(log: Log) -> str:
        key = log.chains[1].seal()
        log.objects[key] = log.signer.note(change(note_text(log.objects[key])))
        return key

    return tamper


SEALS: dict[str, tuple[str, dict[str, Any]]] = {
    "a seal of version 2": ("malformed-seal", {"v": 2}),
    "a seal of version true": ("malformed-seal", {"v": True}),
    "a seal with one more member": ("malformed-seal", {"note": ""}),
    "a seal whose log is a number": ("malformed-seal", {"log": 7}),
    "a seal whose chain is in upper case": ("malformed-seal", {"chain": "A" * 20}),
    "a seal whose class is too long": ("malformed-seal", {"class": "a" * 17}),
    "a seal with a negative number": ("malformed-seal", {"segment": -1}),
    "a seal whose hash is too short": ("malformed-seal", {"previous": "a" * 63}),
    "a seal of more than 5,000 records": ("malformed-seal", {"count": 5001}),
    "a seal of a segment beyond 8 MiB": ("malformed-seal", {"bytes": 8 * 1024 * 1024 + 1}),
    "a seal with a day that does not exist": ("malformed-seal", {"sealed_at": "2026-02-30T00:00:00.000000Z"}),
    "a seal with a leap second": ("malformed-seal", {"sealed_at": "2026-12-31T23:59:60.000000Z"}),
    "a seal with hour 24": ("malformed-seal", {"retain_until": "2026-12-31T24:00:00.000000Z"}),
    "a seal in year 0": ("malformed-seal", {"retain_until": "0000-12-31T00:00:00.000000Z"}),
    "a seal with an offset": ("malformed-seal", {"retain_until": "2026-12-31T00:00:00.000000+00:00"}),
    "a seal with milliseconds": ("malformed-seal", {"retain_until": "2026-12-31T00:00:00.000Z"}),
    "a seal of records without times": ("malformed-seal", {"min_time": None, "max_time": None}),
    "a seal of records without bytes": ("malformed-seal", {"bytes": 0}),
    "a seal of segment 10^12": ("malformed-seal", {"segment": 10**12}),
    "a seal whose log has a space": ("malformed-seal", {"log": "log example"}),
    "a heartbeat with bytes": ("malformed-seal", {"count": 0}),
    "a seal of another log": ("misplaced-seal", {"log": "log.example/alpha"}),
    "a seal of another chain's name": ("misplaced-seal", {"chain": "0" * 20}),
    "a seal of another number": ("misplaced-seal", {"segment": 4}),
    "a seal of another class": ("misplaced-seal", {"class": "sec1y"}),
    "a seal that follows another seal": ("broken-seal-chain", {"previous": HASH}),
    "a seal that skips a record": ("broken-seal-chain", {"first_seq": 7}),
    "a seal that follows another record": ("broken-seal-chain", {"first_prev": HASH}),
    "a seal of an unknown checkpoint": ("unknown-checkpoint", {"checkpoint": HASH}),
    "a seal of another head": ("wrong-root", {"head": HASH}),
    "a seal of another root": ("wrong-root", {"root": HASH}),
    "a seal of an earlier time": ("wrong-root", {"min_time": "2026-11-22T10:00:00.000000Z"}),
    "a seal of a later time": ("wrong-root", {"max_time": NOON}),
}
HASHES = ("previous", "first_prev", "head", "root", "sha256", "checkpoint")
TIMES = ("min_time", "max_time", "sealed_at", "retain_until")
SEALS |= {f"a seal whose {name} is in upper case": ("malformed-seal", {name: "A" * 64}) for name in HASHES}
SEALS |= {f"a seal whose {name} is a day alone": ("malformed-seal", {name: "2026-11-22"}) for name in TIMES}
SEALS |= {
    f"a seal whose {name} is negative": ("malformed-seal", {name: -1}) for name in ("first_seq", "count", "bytes")
}
CHAINS |= {name: (code, _sealed(**members)) for name, (code, members) in SEALS.items()}
SEAL_TEXTS: dict[str, Callable[[str], str]] = {
    "a seal of two lines": lambda text: text + "\n",
    "a seal with white space": lambda text: text.replace(",", ", "),
    "a seal with a member twice": lambda text: text.replace('"v":1', '"v":1,"v":1'),
    "a seal with a float": lambda text: text.replace('"v":1', '"v":1.0'),
    "a seal with an escape that is not needed": lambda text: text.replace('"v"', '"\\u0076"'),
    "a seal without a member": lambda text: text.replace(',"v":1', ""),
    "a seal that is a list": lambda _: "[]\n",
    "a seal whose members are not in order": lambda text: '{"v":1,' + text[1:].replace(',"v":1', ""),
    "a heartbeat with a time": lambda text: text.replace('"min_time":null', f'"min_time":"{NOON}"'),
    "a heartbeat of another head": lambda text: _edit(text, head=HASH),
    "a heartbeat of another root": lambda text: _edit(text, root=HASH),
    "a heartbeat of another hash": lambda text: _edit(text, sha256=HASH),
}
CHAINS |= {name: ("malformed-seal", _seal_text(change)) for name, change in SEAL_TEXTS.items()}


def _edit(text: str, **members: Any) -> str:
    return canonical(json.loads(text) | members).decode() + "\n"


# ---- Step 4: segments


@CHAINS.tell("missing-segment")
def a_segment_is_gone(log: Log) -> str:
    return _remove(log, log.chains[0].segment_key(0))


@CHAINS.tell("missing-segment")
def a_segment_in_place_of_another(log: Log) -> str:
    key = log.chains[0].segment_key(0)
    data = log.objects.pop(key) + b"\n"
    log.objects[f"{key.rpartition('-')[0]}-{sha256(data).hex()}.jsonl"] = data
    return key


@CHAINS.tell("missing-segment")
def a_seal_of_another_hash(log: Log) -> str:
    log.chains[1].append()
    log.chains[1].seal(sha256=HASH)
    return f"chains/{log.chains[1].id}/segments/{3:012}-{HASH}.jsonl"


def _segment(change: Callable[[bytes], bytes]) -> Lie:
    def tamper(log: Log) -> str:
        key = log.chains[0].segment_key(1)
        log.objects[key] = change(log.objects[key])
        return key

    return tamper


SEGMENTS: dict[str, Callable[[bytes], bytes]] = {
    "one character of a record": lambda data: data.replace(b"shop", b"shob", 1),
    "a record dropped": lambda data: data.split(b"\n", 1)[1],
    "a record repeated": lambda data: data + data.split(b"\n", 1)[0] + b"\n",
    "a segment emptied": lambda _: b"",
    "a segment with one more newline": lambda data: data + b"\n",
    "a segment without its last newline": lambda data: data[:-1],
}
CHAINS |= {name: ("wrong-segment", _segment(change)) for name, change in SEGMENTS.items()}


@CHAINS.tell("wrong-segment")
def a_seal_of_one_byte_more(log: Log) -> str:
    log.chains[1].append()
    log.chains[1].seal(bytes=sum(len(line) + 1 for line in log.chains[1].lines[-1:]) + 1)
    return log.chains[1].segment_key(3)


@CHAINS.tell("broken-seal-chain")
def a_first_seal_that_follows_one(log: Log) -> str:
    return log.chain().seal(previous=HASH)


@CHAINS.tell("broken-seal-chain")
def a_first_seal_that_skips_records(log: Log) -> str:
    return log.chain().seal(first_seq=1)
