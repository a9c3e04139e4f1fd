"""Lies about what others say of checkpoints: step 5 of docs/evidence-format.md, section 8."""

import base64
from collections.abc import Callable
from typing import Any

from tests.evidence.lies import Brought, Lie, Lies
from tests.evidence.logs import WITNESS, Log, Signer, der, timestamp

ANCHORS = Lies()
NEWEST = 1  # checkpoint of the sample

# ---- Time stamps: their form


def _stamped(**parts: Any) -> Lie:
    return lambda log: log.stamp(NEWEST, **parts)


def _bytes(change: Callable[[bytes], bytes]) -> Lie:
    def tamper(log: Log) -> str:
        key = log.stamp(NEWEST)
        log.objects[key] = change(log.objects[key])
        return key

    return tamper


def _long_form(data: bytes) -> bytes:
    """The outermost length in more bytes than it needs."""
    content = data[3:] if data[1] == 0x81 else data[4:]
    return b"\x30\x83" + len(content).to_bytes(3, "big") + content


def _padded_length(_: bytes) -> bytes:
    inner = timestamp(b"")[3:]
    return b"\x30\x82" + len(inner).to_bytes(2, "big") + inner


STAMPS: dict[str, Lie] = {
    "a time stamp of no bytes": _bytes(lambda _: b""),
    "a time stamp of one byte": _bytes(lambda _: b"\x30"),
    "a time stamp without its length": _bytes(lambda _: b"\x30\x81"),
    "a time stamp that is cut off": _bytes(lambda data: data[:-1]),
    "a time stamp with a byte behind it": _bytes(lambda data: data + b"\0"),
    "a time stamp of another tag": _bytes(lambda data: b"\x31" + data[1:]),
    "a time stamp of indefinite length": _bytes(lambda data: b"\x30\x80" + data[3:] + b"\0\0"),
    "a time stamp whose length takes three bytes": _bytes(_long_form),
    "a time stamp whose length takes a byte too many": _bytes(_padded_length),
    "a time stamp whose short length takes two bytes": _bytes(lambda _: b"\x30\x81\x05" + bytes(5)),
    "a time stamp of more than 64 KiB": _bytes(lambda data: data + bytes(1 << 16)),
    "a time stamp without a token": _bytes(lambda _: der(0x30, der(0x30, der(2, b"\0")))),
    "a time stamp that was refused": _stamped(status=b"\2"),
    "a time stamp granted with changes": _stamped(status=b"\1"),
    "a time stamp of other content": _stamped(content_type="2a864886f70d010701"),
    "a time stamp of other signed content": _stamped(info_type="2a864886f70d010701"),
    "a time stamp of version 2": _stamped(version=b"\2"),
    "a time stamp over a SHA-512": _stamped(algorithm="608648016503040203"),
    "a time stamp over half a hash": _stamped(imprint=bytes(16)),
    "a time stamp of the 30th of February": _stamped(time=b"20260230000000Z"),
    "a time stamp with a leap second": _stamped(time=b"20261231235960Z"),
    "a time stamp of local time": _stamped(time=b"20261122104700+0100"),
    "a time stamp with no digit behind the dot": _stamped(time=b"20261122104700.Z"),
    "a time stamp of ten digits behind the dot": _stamped(time=b"20261122104700.1234567891Z"),
}
ANCHORS |= {name: ("malformed-anchor", lie) for name, lie in STAMPS.items()}
ANCHORS |= {
    "a time stamp over something else": ("bad-anchor", _stamped(imprint=bytes(32))),
    "a time stamp of a checkpoint that is not there": ("unexpected-object", lambda log: _moved(log, log.stamp(NEWEST))),
    "a cosignature of a checkpoint that is not there": (
        "unexpected-object",
        lambda log: _moved(log, log.cosign(NEWEST)),
    ),
}


def _moved(log: Log, key: str) -> str:
    """Let the object be about checkpoint 7."""
    there = key.replace("000000000001", "000000000007")
    log.objects[there] = log.objects.pop(key)
    return there


@ANCHORS.tell("unexpected-object")
def a_time_stamp_of_leaves_without_a_checkpoint(log: Log) -> str:
    key = log.stamp(NEWEST)
    log.add_leaves()
    log.objects["log/timestamps/000000000002.tsr"] = log.objects[key]
    return "log/timestamps/000000000002.tsr"


@ANCHORS.tell("unexpected-object")
def a_cosignature_with_a_key_id_in_upper_case(log: Log) -> str:
    log.objects["log/cosignatures/000000000001-ABCDEF00.txt"] = b""
    return "log/cosignatures/000000000001-ABCDEF00.txt"


@ANCHORS.tell("bad-anchor")
def a_time_stamp_of_an_older_checkpoint(log: Log) -> str:
    data = log.objects[log.stamp(0)]
    key = log.stamp(NEWEST)
    log.objects[key] = data
    return key


# ---- Cosignatures: their form


def _line(change: Callable[[str], str]) -> Lie:
    def tamper(log: Log) -> str:
        key = log.cosign(NEWEST)
        log.objects[key] = change(log.objects[key].decode()).encode("utf-8", "surrogateescape")
        return key

    return tamper


def _data(change: Callable[[bytes], bytes]) -> Lie:
    def changed(line: str) -> str:
        dash, name, data = line[:-1].split(" ")
        return f"{dash} {name} {base64.b64encode(change(base64.b64decode(data))).decode()}\n"

    return _line(changed)


COSIGNATURES: dict[str, Lie] = {
    "a cosignature of nothing": _line(lambda _: ""),
    "a cosignature without its newline": _line(lambda line: line[:-1]),
    "a cosignature twice": _line(lambda line: line + line),
    "a cosignature with CR": _line(lambda line: line[:-1] + "\r\n"),
    "a cosignature with a hyphen": _line(lambda line: line.replace("—", "-")),
    "a cosignature with two spaces": _line(lambda line: line.replace(" ", "  ", 1)),
    "a cosignature without a name": _line(lambda line: line.replace(WITNESS.origin, "")),
    "a cosignature whose name has a plus": _line(lambda line: line.replace("w1", "w+1")),
    "a cosignature whose name is not ASCII": _line(lambda line: line.replace("w1", "wä")),
    "a cosignature whose name is too long": _line(lambda line: line.replace("w1", "w" * 128)),
    "a cosignature that is not UTF-8": _line(lambda line: line.replace("w1", "w\udcff")),
    "a cosignature of more than 512 bytes": _line(lambda line: "x" * 512 + line),
    "a cosignature without padding": _line(lambda line: line.replace("=", "")),
    "a cosignature that is not base64": _line(lambda line: line[:-4] + "**=\n"),
    "a cosignature of a byte less": _data(lambda data: data[:-1]),
    "a cosignature of a byte more": _data(lambda data: data + b"\0"),
    "a cosignature after the year 9999": _data(lambda data: data[:4] + b"\xff" * 8 + data[12:]),
    "a cosignature by another key than its name says": _data(lambda data: bytes(4) + data[4:]),
}
ANCHORS |= {name: ("malformed-anchor", lie) for name, lie in COSIGNATURES.items()}

# ---- Cosignatures: by a witness whom the auditor knows


def _known(lie: Lie) -> Lie:
    def tamper(log: Log) -> tuple[str, Brought]:
        where = lie(log)
        assert isinstance(where, str)
        return where, Brought(witnesses=(WITNESS.witness_file,))

    return tamper


def _of_another_time(data: bytes) -> bytes:
    return data[:11] + bytes([data[11] ^ 1]) + data[12:]


def _of_an_older_checkpoint(log: Log) -> str:
    data = log.objects[log.cosign(0)]
    key = log.cosign(NEWEST)
    log.objects[key] = data
    return key


KNOWN: dict[str, Lie] = {
    "a cosignature of another time": _data(_of_another_time),
    "a cosignature with another R": _data(lambda data: data[:12] + bytes([data[12] ^ 1]) + data[13:]),
    "a cosignature with another S": _data(lambda data: data[:44] + bytes([data[44] ^ 1]) + data[45:]),
    "a cosignature of an older checkpoint": _of_an_older_checkpoint,
}
ANCHORS |= {name: ("bad-anchor", _known(lie)) for name, lie in KNOWN.items()}


@ANCHORS.tell("bad-anchor")
def a_cosignature_in_the_name_of_a_witness(log: Log) -> tuple[str, Brought]:
    forger = Signer(origin=WITNESS.origin, seed=b"\x0b" * 32)
    key = log.cosign(NEWEST, forger)
    data = base64.b64decode(log.objects.pop(key).split(b" ")[2])
    line = f"— {WITNESS.origin} {base64.b64encode(WITNESS.witness_id + data[4:]).decode()}\n".encode()
    key = f"log/cosignatures/{NEWEST:012}-{WITNESS.witness_id.hex()}.txt"
    log.objects[key] = line
    return key, Brought(witnesses=(WITNESS.witness_file,))


@ANCHORS.tell("malformed-anchor")
def the_form_of_a_stranger_s_cosignature_counts_too(log: Log) -> tuple[str, Brought]:
    key = log.cosign(NEWEST, Signer(origin="witness.example/w2", seed=b"\x0b" * 32))
    log.objects[key] += b"\n"
    return key, Brought(witnesses=(WITNESS.witness_file,))
