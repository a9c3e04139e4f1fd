"""Files as an auditor drops them, one or several at once, and what the page must say of each, in its order."""

import io
import json
import zipfile

from evidence.growth import format_proof
from evidence.tree import consistency_proof
from tests.auditor_portal.verifying.log_cases import encoded
from tests.evidence import logs
from tests.evidence.lies import sample

KEY = logs.SIGNER.key_file.decode()
WITNESS = logs.WITNESS.witness_file.decode()
OTHER = logs.Signer(origin="witness.example/w1", seed=b"\x0c" * 32).witness_file.decode()


def zipped(files, folder=""):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(folder + name, data)
    return file.getvalue()


def _case(name, files, said, *, key=KEY, witnesses=""):
    given = [{"name": each, "data": encoded(data)} for each, data in files.items()]
    return name, {"files": given, "key": key, "witnesses": witnesses}, [list(each) for each in said]


def _pieces():
    log = sample()
    chain = log.chains[0]
    proof, record, seal = log.proof(chain, 4), chain.lines[4], log.objects[chain.seal_key(1)]
    segment, heartbeat = log.objects[chain.segment_key(1)], log.objects[chain.seal_key(2)]
    receipt, lost = log.receipt((chain, 4)), log.receipt((chain, 1))
    lines = "".join(json.dumps(each.decode()) + "\n" for each in (receipt, lost)).encode()
    yield _case("a proof without a key", {"a": proof}, [("a", "proof", "open", None)], key="")
    yield _case("a record alone", {"a": record}, [("a", "record", "open", None)])
    yield _case("a record without a key", {"a": record}, [("a", "record", "open", None)], key="")
    damaged = {"a": record[:-1] + b" }"}
    yield _case("a record with white space", damaged, [("a", "record", "fails", "malformed-record")])
    both = {"r": record, "p": proof}
    yield _case("a record and its proof", both, [("r", "record", "holds", None), ("p", "proof", "holds", None)])
    yield _case("a seal alone", {"a": seal}, [("a", "seal", "open", None)])
    yield _case("a heartbeat", {"a": heartbeat}, [("a", "seal", "holds", None)])
    yield _case("a segment alone", {"a": segment}, [("a", "segment", "open", None)])
    crooked = {"a": segment.replace(b":", b": ", 1)}
    yield _case("a segment alone that is damaged", crooked, [("a", "segment", "fails", "malformed-record")])
    changed = {"s": seal, "x": segment.replace(b"shop", b"shob", 1)}
    wrong = [("x", "segment", "fails", "wrong-segment"), ("s", "seal", "open", None)]
    yield _case("a segment that was changed", changed, wrong)
    hidden = {"s": seal, "x": b"{" + segment}
    yield _case("a segment that cannot be read", hidden, wrong)
    other = {"s": seal, "x": log.objects[log.chains[1].segment_key(1)]}
    yield _case("the segment of another chain", other, wrong)
    signed = {"s": logs.Signer(seed=b"\x09" * 32).note(logs.note_text(seal))}
    yield _case("a seal by another", signed, [("s", "seal", "fails", "bad-signature")])
    yield _case("receipts", {"a.jsonl": lines}, [("a.jsonl", "receipts", "holds", None)])
    yield _case("receipts that are none", {"a": b'"x"\n'}, [("a", "receipts", "fails", "malformed-receipt")])
    yield _case("receipts of numbers", {"receipts": b'"x"\n1\n'}, [("receipts", "receipts", "unusable", "unusable")])
    note = logs.SIGNER.note('{"log":"x","manifest":"","type":"workpaper","v":1}\n')
    yield _case("the word of a workpaper", {"a": note}, [("a", "manifest-note", "open", None)])
    yield _case("a key that is damaged", {"a.vkey": b"x"}, [("a.vkey", "key", "unusable", "unusable")])
    yield _case("nothing", {}, [])
    yield "no key of a log", {"files": [], "key": "x", "witnesses": ""}, "malformed"
    yield "no key of a witness", {"files": [], "key": KEY, "witnesses": KEY}, "malformed"


def _heads():
    log = logs.build(chains=2, segments=3, checkpoints=3)
    heads = [log.objects[f"log/checkpoints/{number:012}.note"] for number in range(3)]
    grown = format_proof(consistency_proof(log.leaves, 2)).encode()
    old, new = ("1", "checkpoint", "holds", None), ("2", "checkpoint", "holds", None)
    two = {"1": heads[0], "2": heads[2], "p": grown}
    yield _case("two checkpoints and how one grew", two, [old, new, ("p", "growth", "holds", None)])
    short = two | {"2": heads[1]}
    yield _case("a proof of other growth", short, [("p", "growth", "fails", "bad-proof"), old, new])
    yield _case("growth of one checkpoint", {"p": grown}, [("p", "growth", "open", None)])
    forged = {"1": heads[0].replace(b"\n2\n", b"\n3\n")}
    yield _case("a checkpoint that was changed", forged, [("1", "checkpoint", "fails", "bad-signature")])
    stamp, line = log.objects[log.stamp(2)], log.objects[log.cosign(2)]
    stamped, cosigned = {"1": heads[2], "t.tsr": stamp}, {"1": heads[2], "c": line}
    yield _case("a time stamp", stamped, [old, ("t.tsr", "timestamp", "holds", None)])
    yield _case("a time stamp alone", {"t.tsr": stamp}, [("t.tsr", "timestamp", "open", None)])
    moved = stamped | {"1": heads[1]}
    yield _case("a time stamp over another", moved, [("t.tsr", "timestamp", "fails", "bad-anchor"), old])
    cut = stamped | {"t.tsr": stamp[:-1]}
    yield _case("a time stamp that is cut off", cut, [("t.tsr", "timestamp", "fails", "malformed-anchor"), old])
    held, open_ = ("c", "cosignature", "holds", None), ("c", "cosignature", "open", None)
    yield _case("a cosignature", cosigned, [old, held], witnesses=f"{WITNESS}\n{OTHER}")
    yield _case("a cosignature of a stranger", cosigned, [open_, old], witnesses=OTHER)
    moved = cosigned | {"1": heads[1]}
    bad = ("c", "cosignature", "fails", "bad-anchor")
    yield _case("a cosignature of another", moved, [bad, old], witnesses=WITNESS)
    inside = {"1": heads[2] + line}
    yield _case("a checkpoint with its cosignature", inside, [old], witnesses=WITNESS)
    crooked = {"1": heads[1] + line}
    fails = ("1", "checkpoint", "fails", "bad-anchor")
    yield _case("a checkpoint with another's cosignature", crooked, [fails], witnesses=WITNESS)


def _histories():
    log = sample()
    log.publish()
    statement = log.objects[log.rotate(logs.SECOND_SIGNER)]
    log.chains[0].append()
    log.chains[0].seal()
    log.publish()
    proof = log.proof(log.chains[0], 6)
    yield _case("a proof by a newer key", {"p": proof}, [("p", "proof", "fails", "bad-signature")])
    both, holds = {"p": proof, "k": statement}, ("k", "statement", "holds", None)
    yield _case("a proof by a newer key that follows", both, [("p", "proof", "holds", None), holds])
    newer = logs.SECOND_SIGNER.key_file.decode()
    yield _case("with the newer key", both, [("p", "proof", "holds", None), holds], key=newer)
    foreign = [("k", "statement", "fails", "bad-signature"), ("p", "proof", "fails", "bad-signature")]
    said = sorted(foreign, key=lambda each: each[0], reverse=True)
    yield _case("statements without the given key", both, said, key=logs.THIRD_SIGNER.key_file.decode())
    changed = both | {"k": statement.replace(b'"rotated"', b'"compromised"')}
    yield _case("a statement that was changed", changed, said)
    third = log.objects[log.rotate(logs.THIRD_SIGNER)]
    alone = [("k", "statement", "fails", "broken-key-history")]
    yield _case("a statement without the first", {"k": third}, alone)


def _archives():
    log = sample()
    objects, kept = log.objects, log.objects["log/checkpoints/000000000000.note"]
    receipt = log.receipt((log.chains[0], 1))
    held = ("l.zip", "log", "holds", None)
    yield _case("a log", {"l.zip": zipped(objects)}, [held])
    yield _case("a log in a folder", {"l.zip": zipped(objects, "copy/")}, [held])
    yield _case("a log without a key", {"l.zip": zipped(objects)}, [("l.zip", "zip", "open", None)], key="")
    more = {"l.zip": zipped(objects), "c": kept, "r": receipt}
    said = [held, ("c", "checkpoint", "holds", None), ("r", "receipts", "holds", None)]
    yield _case("a log with what was kept", more, said)
    later = {
        "l.zip": zipped(logs.build(chains=2, segments=1).objects),
        "c": objects["log/checkpoints/000000000001.note"],
    }
    rolled = [("l.zip", "log", "fails", "rollback"), ("c", "checkpoint", "holds", None)]
    yield _case("a log that was cut", later, rolled)
    lost = sample()
    lost.chains[0].append()
    missing = {"l.zip": zipped(objects), "r": lost.receipt((lost.chains[0], 6))}
    said = [("l.zip", "log", "fails", "missing-receipt"), ("r", "receipts", "holds", None)]
    yield _case("a receipt that the log does not honour", missing, said)
    yield _case("a zip of something", {"l.zip": zipped({"a": b"x"})}, [("l.zip", "zip", "unusable", "unusable")])
    yield _case("an empty zip", {"l.zip": zipped({})}, [("l.zip", "zip", "unusable", "unusable")])
    yield _case("a zip that is cut off", {"l.zip": zipped(objects)[:-9]}, [("l.zip", "zip", "unusable", "unusable")])


def cases():
    for make in (_pieces, _heads, _histories, _archives):
        yield from make()
