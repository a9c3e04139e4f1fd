"""Lies that receipts show, and lies about receipts and expiry: steps 6 and 8 of docs/evidence-format.md, section 8."""

from collections.abc import Callable
from typing import Any

from tests.evidence.lies import Brought, Lie, Lies
from tests.evidence.logs import SECOND_SIGNER, Log, Signer, leaf_hash

RECEIPTS = Lies()
LATER = "2090-01-01T00:00:00.000000Z"
HASH = "ab" * 32
WHERE = "--receipts"

# ---- What a receipt shows


@RECEIPTS.tell("missing-receipt")
def a_record_that_was_acknowledged_and_never_sealed(log: Log) -> tuple[str, Brought]:
    chain = log.chains[0]
    chain.append()
    return f"{chain.id}-6", Brought(receipts=(log.receipt((chain, 6)),))


@RECEIPTS.tell("missing-receipt")
def a_record_that_was_acknowledged_with_other_content(log: Log) -> tuple[str, Brought]:
    chain = log.chains[0]
    entry = {"chain": chain.id, "seq": 2, "leaf": HASH}
    return f"{chain.id}-2", Brought(receipts=(log.receipt(records=[entry]),))


@RECEIPTS.tell("missing-receipt")
def the_second_of_two_records_is_of_a_chain_nobody_has(log: Log) -> tuple[str, Brought]:
    chain = log.chains[0]
    good = {"chain": chain.id, "seq": 0, "leaf": _leaf(log, 0)}
    return f"{'0' * 20}-0", Brought(receipts=(log.receipt(records=[good, {**good, "chain": "0" * 20}]),))


@RECEIPTS.tell("missing-receipt")
def a_record_that_is_in_an_expired_segment_of_another_chain(log: Log) -> tuple[str, Brought]:
    one, other = log.chains
    other.append()
    log.expire(one.segment_key(0), one.segment_key(1))
    return f"{other.id}-6", Brought(receipts=(log.receipt((one, 1), (other, 6)),), at=LATER)


@RECEIPTS.tell("missing-receipt")
def a_record_carried_over_with_another_hash(log: Log) -> tuple[str, Brought]:
    chain, lost = log.chains[0], {"chain": "0" * 20, "seq": 5, "leaf": HASH}
    chain.append(orphan_of={**lost, "leaf": "cd" * 32})
    chain.seal()
    return f"{'0' * 20}-5", Brought(receipts=(log.receipt(records=[lost]),))


def _leaf(log: Log, seq: int) -> Any:
    return leaf_hash(log.chains[0].lines[seq]).hex()


# ---- What is no receipt


def _receipt(**members: Any) -> Lie:
    return lambda log: (WHERE, Brought(receipts=(log.receipt((log.chains[0], 0), **members),)))


def _bytes(change: Callable[[bytes], bytes]) -> Lie:
    return lambda log: (WHERE, Brought(receipts=(change(log.receipt((log.chains[0], 0))),)))


ENTRY = {"chain": "0" * 20, "seq": 0, "leaf": HASH}
FORMS: dict[str, Lie] = {
    "a receipt of version 2": _receipt(v=2),
    "a receipt whose version is true": _receipt(v=True),
    "a receipt of another type": _receipt(type="invoice"),
    "a receipt whose log is no origin": _receipt(log=""),
    "a receipt whose log is a number": _receipt(log=1),
    "a receipt of no time": _receipt(issued_at="today"),
    "a receipt for no record": _receipt(records=[]),
    "a receipt for 257 records": _receipt(records=[ENTRY] * 257),
    "a receipt whose records are an object": _receipt(records=ENTRY),
    "a receipt for a record of no chain": _receipt(records=[{**ENTRY, "chain": "x"}]),
    "a receipt for a record before the first": _receipt(records=[{**ENTRY, "seq": -1}]),
    "a receipt for a record without hash": _receipt(records=[{**ENTRY, "leaf": None}]),
    "a receipt for a record with a member more": _receipt(records=[{**ENTRY, "more": 0}]),
    "a receipt with a member more": _receipt(more=0),
    "a receipt of more than 64 KiB": _bytes(lambda data: b"x" * 65_536 + data),
    "a receipt that is no note": _bytes(lambda data: data.partition(b"\n")[0]),
    "a receipt with two signatures": _bytes(lambda data: data + data.rpartition(b"\n\n")[2]),
    "a receipt with white space": _bytes(lambda data: data.replace(b":", b": ", 1)),
    "a receipt of two lines": _bytes(lambda data: b"\n" + data),
    "nothing for a receipt": _bytes(lambda _: b""),
    "a checkpoint for a receipt": lambda log: (
        WHERE,
        Brought(receipts=(log.objects["log/checkpoints/000000000000.note"],)),
    ),
}
RECEIPTS |= {name: ("malformed-receipt", lie) for name, lie in FORMS.items()}
SIGNATURES: dict[str, Lie] = {
    "a receipt of another log": _receipt(log="log.example/other"),
    "a receipt by nobody the log knows": _receipt(signer=SECOND_SIGNER),
    "a receipt by a key of another name": _receipt(signer=Signer(origin="log.example/other")),
    "an altered receipt": _bytes(lambda data: data.replace(b'"seq":0', b'"seq":1')),
}
RECEIPTS |= {name: ("bad-signature", lie) for name, lie in SIGNATURES.items()}

# ---- Expiry


@RECEIPTS.tell("missing-segment")
def a_segment_is_gone_before_its_time(log: Log) -> tuple[str, Brought]:
    key = log.chains[0].segment_key(0)
    log.expire(key)
    return key, Brought(at="2030-01-01T00:00:00.000000Z")


@RECEIPTS.tell("missing-segment")
def a_segment_is_gone_at_the_very_moment(log: Log) -> tuple[str, Brought]:
    chain = log.chain()
    chain.seal(retain_until=LATER)
    key = chain.segment_key(0)
    log.expire(key)
    return key, Brought(at=LATER)


@RECEIPTS.tell("wrong-segment")
def a_segment_that_could_have_expired_is_altered(log: Log) -> tuple[str, Brought]:
    key = log.chains[0].segment_key(0)
    log.objects[key] += b"\n"
    return key, Brought(at=LATER)


@RECEIPTS.tell("seal-gap")
def a_seal_is_gone_with_its_expired_segment(log: Log) -> tuple[str, Brought]:
    key = log.chains[0].seal_key(0)
    log.expire(log.chains[0].segment_key(0), key)
    return key, Brought(at=LATER)


def _behind_an_expired_segment(epoch: int, kind: str = "decision") -> Lie:
    """The segment of three records with `chain.opened` is gone; the next one begins with this."""

    def tamper(log: Log) -> tuple[str, Brought]:
        chain = log.chain()
        chain.append()
        chain.append()
        chain.seal()
        chain.append(kind, epoch=epoch)
        chain.seal()
        log.expire(chain.segment_key(0))
        return f"{chain.id}-3", Brought(at=LATER)

    return tamper


RECEIPTS |= {
    "an epoch beyond what the expired records can have opened": ("wrong-epoch", _behind_an_expired_segment(4)),
    "a start beyond what the expired records can have opened": (
        "wrong-epoch",
        _behind_an_expired_segment(5, "chain.opened"),
    ),
    "a start that opens the epoch of the expired first record": (
        "wrong-epoch",
        _behind_an_expired_segment(1, "chain.opened"),
    ),
}
